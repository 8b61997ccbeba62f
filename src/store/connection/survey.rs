//! Asks several candidates the same, and judges what they answer.

use super::address::Address;
use super::nodes::Node;
use crate::store::error::Trouble;
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::sleep;

/// The time that a candidate has for its answer before the next one is asked, too.
const STAGGER: Duration = Duration::from_millis(150);

/// The answer of one candidate.
pub(super) type Answer<T> = (Address, Result<T, Trouble>);

/// Asks several candidates the same, one after the other. It does not wait long for a silent one:
/// the next is asked meanwhile, and whoever answers first is heard first.
pub(super) struct Survey<T, Q> {
    waiting: VecDeque<Address>,
    asked: FuturesUnordered<BoxFuture<'static, Answer<T>>>,
    question: Q,
}

impl<T, Q, F> Survey<T, Q>
where
    T: Send + 'static,
    Q: Fn(Address) -> F,
    F: Future<Output = Result<T, Trouble>> + Send + 'static,
{
    pub(super) fn of(candidates: &VecDeque<Address>, question: Q) -> Survey<T, Q> {
        Survey {
            waiting: candidates.clone(),
            asked: FuturesUnordered::new(),
            question,
        }
    }

    /// The next answer; `None` when all have answered.
    pub(super) async fn next(&mut self) -> Option<Answer<T>> {
        loop {
            if self.asked.is_empty() {
                let candidate = self.waiting.pop_front()?;
                self.ask(candidate);
            }
            tokio::select! {
                biased;
                Some(answer) = self.asked.next() => return Some(answer),
                () = sleep(STAGGER), if !self.waiting.is_empty() => {
                    let candidate = self.waiting.pop_front()?;
                    self.ask(candidate);
                }
            }
        }
    }

    fn ask(&mut self, candidate: Address) {
        let asking = (self.question)(candidate.clone());
        self.asked.push(Box::pin(async move {
            let answer = asking.await;
            let named = answer.map_err(|trouble| match candidate.shown_node() {
                Some(node) => trouble.at(&node),
                None => trouble,
            });
            (candidate, named)
        }));
    }
}

/// The trouble with the candidates so far.
#[derive(Default)]
pub(super) struct Verdict {
    /// The trouble with a server that was named, which matters most.
    of_server: Option<Trouble>,
    /// The trouble of a candidate that does not pass by itself.
    lasting: Option<Trouble>,
    transient: Option<Trouble>,
    /// The servers that can't be had.
    ruled_out: Vec<Node>,
}

impl Verdict {
    /// Notes that a candidate has no answer.
    pub(super) fn note(&mut self, trouble: Trouble) {
        if trouble.is_transient() {
            self.transient = Some(trouble);
        } else {
            self.lasting = Some(trouble);
        }
    }

    pub(super) fn is_new(&self, server: &Node) -> bool {
        !self.ruled_out.contains(server)
    }

    /// Notes that a server which was named can't be had.
    pub(super) fn rule_out(&mut self, server: &Node, trouble: Trouble) {
        self.ruled_out.push(server.clone());
        self.of_server = Some(trouble.at(server));
    }

    pub(super) fn trouble(self) -> Trouble {
        self.of_server
            .or(self.lasting)
            .or(self.transient)
            .unwrap_or(Trouble::Changing)
    }
}
