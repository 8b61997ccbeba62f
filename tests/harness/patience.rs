//! Waiting with an end: whoever waits has a deadline, and says what never came.
//!
//! Nothing here measures how fast something is. The deadline is far beyond what even a busy
//! machine needs, so that only what would never come about fails.

use std::fmt::Debug;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How long anything may take to come about.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The pause before somebody is asked again who tells nobody by himself.
const PAUSE: Duration = Duration::from_millis(10);

/// The moment at which a wait is over.
pub struct Deadline(Instant);

impl Deadline {
    /// One that is as far away as [`PATIENCE`] goes.
    pub fn start() -> Deadline {
        Deadline(Instant::now() + PATIENCE)
    }

    /// The time that is left; none where the deadline has passed.
    pub fn left(&self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Fails where the deadline has passed: for loops that take steps of their own.
    pub fn check(&self, what: &str) {
        assert!(!self.left().is_zero(), "{what}: not within {PATIENCE:?}");
    }
}

/// Asks again and again until there is an answer, and returns it. This is the way to ask
/// whom the test itself has killed, frozen or given another role.
pub fn answer<T, E: Debug>(what: &str, mut ask: impl FnMut() -> Result<T, E>) -> T {
    let deadline = Deadline::start();
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(error) => assert!(
                !deadline.left().is_zero(),
                "{what}: not within {PATIENCE:?}: {error:?}"
            ),
        }

        std::thread::sleep(PAUSE);
    }
}

/// [`answer`] for what is asked over the shop's own links.
pub async fn answered<T, E: Debug>(what: &str, mut ask: impl AsyncFnMut() -> Result<T, E>) -> T {
    let deadline = Deadline::start();
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(error) => assert!(
                !deadline.left().is_zero(),
                "{what}: not within {PATIENCE:?}: {error:?}"
            ),
        }

        tokio::time::sleep(PAUSE).await;
    }
}

/// Waits until `test` holds.
pub fn until(what: &str, mut test: impl FnMut() -> bool) {
    answer(what, || {
        if test() {
            Ok(())
        } else {
            Err("it does not hold")
        }
    });
}

/// Waits until `count` has come to `goal`, for as long as it goes on growing.
pub fn counted(what: &str, goal: u64, count: impl Fn() -> u64) {
    let mut reached = count();
    while reached < goal {
        until(&format!("{what}, beyond {reached} of {goal}"), || {
            count() > reached
        });
        reached = count();
    }
}

/// Waits for a future.
pub async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what}: not within {PATIENCE:?}"),
    }
}

/// Receives what another thread sends; `None` where it has ended.
pub fn receive<T>(what: &str, receiver: &Receiver<T>) -> Option<T> {
    match receiver.recv_timeout(PATIENCE) {
        Ok(value) => Some(value),
        Err(RecvTimeoutError::Disconnected) => None,
        Err(RecvTimeoutError::Timeout) => panic!("{what}: not within {PATIENCE:?}"),
    }
}

/// Work on another thread that may block for ever.
pub struct Pending<T>(Receiver<T>);

impl<T: Send + 'static> Pending<T> {
    /// Begins it.
    pub fn begin(work: impl FnOnce() -> T + Send + 'static) -> Pending<T> {
        let (sender, receiver) = channel();
        std::thread::spawn(move || drop(sender.send(work())));
        Pending(receiver)
    }

    /// Waits for its result.
    pub fn wait(self, what: &str) -> T {
        receive(what, &self.0).unwrap_or_else(|| panic!("{what}: it has failed"))
    }
}
