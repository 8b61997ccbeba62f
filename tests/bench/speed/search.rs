//! A keystroke in the search to the first results, at 1,000,000 products.

use super::{million, ms, percentile, row};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use trolley::model::search::{Go, Listener, Ranks};
use trolley::model::{Query, Searcher};

const TYPED: [&str; 8] = [
    "espresso",
    "dark choc",
    "olive oil jar",
    "rst almond",
    "xyz",
    "smoked sal 77",
    "wild basil",
    "tea",
];
const ROUNDS: usize = 5;

struct First {
    began: Instant,
    at: Option<Duration>,
}

impl Listener for First {
    fn go(&mut self) -> Go {
        if self.at.is_none() && self.began.elapsed() >= Duration::from_millis(5) {
            Go::Show
        } else {
            Go::On
        }
    }
    fn first(&mut self, _: Vec<u32>, _: usize) {
        self.at.get_or_insert(self.began.elapsed());
    }
}

pub fn run() {
    let catalog = million::catalog(1_000_000);
    let (mut first, mut whole) = (Vec::new(), Vec::new());
    let mut searcher = Searcher::default();
    let view = catalog.view();
    searcher.share_ranks(&view, || Arc::new(Ranks::of(&view)));
    for typed in TYPED.iter().cycle().take(TYPED.len() * ROUNDS) {
        for end in 1..=typed.len() {
            let query = Query {
                words: typed[..end].to_owned(),
                ..Query::default()
            };
            let mut listener = First {
                began: Instant::now(),
                at: None,
            };
            let began = listener.began;
            searcher
                .search(&view, &query, &HashSet::new(), &mut listener)
                .unwrap();
            whole.push(began.elapsed());
            if std::env::var_os("DETAIL").is_some() {
                println!(
                    "{:?} first {:?} all {:?}",
                    &typed[..end],
                    listener.at,
                    began.elapsed()
                );
            }
            first.push(listener.at.unwrap_or(began.elapsed()));
        }
    }
    row(
        "keystroke to the first results, 1,000,000 products",
        &format!(
            "p50 {}, p95 {}",
            ms(percentile(&first, 0.5)),
            ms(percentile(&first, 0.95))
        ),
    );
    row(
        "keystroke to all results",
        &format!(
            "p50 {}, p95 {}",
            ms(percentile(&whole, 0.5)),
            ms(percentile(&whole, 0.95))
        ),
    );
}
