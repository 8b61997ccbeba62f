//! Commands that a visitor's client sends in place of asking for the screen: `ssh HOST cart --json`.
//!
//! Here a line becomes words, and a command gets its turn, a way to print, and an end. The commands
//! themselves are those of the layer above, which the server is given as [`Commands`].

use super::ServedShop;
use super::connections::{Connection, Farewell, LEAVING_TIMEOUT};
use super::identity::{Grant, Role};
use super::journal;
use super::printer::Printer;
use super::received::Received;
use super::session::{RESTORE_TIMEOUT, STATUS_CRASHED, close};
use crate::config::{Server, Settings};
use crate::model::time::Hours;
use crate::store::Policy;
use crate::tui::runtime::alarm;
use crate::tui::runtime::hub::Hub;
use crate::tui::terminal::port::{INTERRUPT, STATUS_UNCONFIRMED};
use futures::future::{BoxFuture, LocalBoxFuture};
use russh::ChannelWriteHalf;
use russh::keys::PublicKey;
use russh::server::Msg;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::info;

/// The commands that work at the same time. Those that watch are not counted.
pub(super) const TURNS: usize = 8;
/// The longest line of a command, in bytes.
const LONGEST_LINE: usize = 4096;

/// The exit status of a client that asks for what there is not, or can't be understood.
pub(super) const STATUS_USAGE: u8 = 2;
/// The exit status of a command that the server has ended where it watches, or has not begun.
const STATUS_ENDED: u8 = 3;
/// The exit status of a command whose client has gone, or has pressed Ctrl-C.
const STATUS_INTERRUPTED: u8 = 130;

/// The sentence after a crash.
const CRASHED: &str =
    "This command has crashed; that is a bug in the program. All confirmed changes are saved.";

/// What is said of a command that was not begun when the visitor had to leave.
const NOT_DONE: &str = "the command was not done";

/// The sentence after a command that has not ended when the server did.
const UNCONFIRMED: &str =
    "it is not known whether the command was done: check before you try again";

/// Makes a command from a visitor's words. A mistake in them becomes a task, too, that tells it.
pub(crate) type Commands = fn(Call) -> Task;

/// A command that a visitor has sent.
pub(crate) struct Call {
    pub(crate) words: Vec<String>,
    pub(crate) caller: Caller,
    pub(crate) printer: Arc<Printer>,
    pub(crate) received: Arc<Received>,
}

/// A command that can be run.
pub(crate) struct Task {
    /// Its name for the log; `None` where there is no such command.
    pub(crate) name: Option<&'static str>,
    /// Set where it reads what the client sends. It has its turn once that is whole.
    pub(crate) reads: bool,
    pub(crate) work: Work,
}

/// The work of a command. It ends with its exit status.
pub(crate) enum Work {
    /// The command was not understood, and that is told.
    Told(u8),
    /// It comes to its end by itself, on a thread of its own.
    Once(Box<dyn FnOnce() -> LocalBoxFuture<'static, u8> + Send>),
    /// It goes on until somebody ends it.
    Watch(BoxFuture<'static, u8>),
}

/// The visitor who has sent a command, and what they may do.
pub(crate) struct Caller {
    shop: Arc<ServedShop>,
    /// The key that was proven; none of a guest.
    key: Option<PublicKey>,
    grant: Grant,
    /// The hours in which the visitor reads times; `None` where they chose none.
    hours: Option<Hours>,
}

impl Caller {
    pub(super) fn new(
        shop: &Arc<ServedShop>,
        key: Option<PublicKey>,
        grant: Grant,
        hours: Option<Hours>,
    ) -> Caller {
        Caller {
            shop: shop.clone(),
            key,
            grant,
            hours,
        }
    }

    pub(crate) fn role(&self) -> Role {
        self.grant.role
    }

    /// Tells whether the visitor may come to every cart.
    pub(crate) fn has_every_cart(&self) -> bool {
        self.grant.every_cart
    }

    /// Tells whether the visitor may come to this cart.
    pub(crate) fn may_use(&self, cart: &str) -> bool {
        self.granted(cart).is_some()
    }

    pub(crate) fn hub(&self) -> &Hub {
        &self.shop.hub
    }

    /// The settings for a command on this cart, or on the usual one of the visit; `None` where it
    /// is not granted.
    pub(crate) fn settings(&self, cart: Option<&str>) -> Option<Settings> {
        let grant = match cart {
            Some(cart) => self.granted(cart)?,
            None => self.grant.clone(),
        };
        let settings = &self.shop.settings;
        Some(Settings {
            server: Server::External(Box::new(self.shop.hub.address.clone())),
            user: grant.cart,
            policy: Policy {
                by: grant.name,
                ..settings.policy.clone()
            },
            hours: self.hours,
            ..settings.clone()
        })
    }

    /// The visitor's grant for this cart.
    fn granted(&self, cart: &str) -> Option<Grant> {
        if cart == self.grant.cart.as_str() {
            return Some(self.grant.clone());
        }
        let grant = self.shop.grant(self.key.as_ref()?, cart)?;
        (grant.cart.as_str() == cart).then_some(grant)
    }
}

/// The way to a running command, for the handler of the connection. Its client takes no more once this
/// is gone.
#[derive(Debug)]
pub(super) struct CommandInput {
    printer: Weak<Printer>,
    /// Set where the command reads.
    received: Option<Arc<Received>>,
    _here: DropGuard,
}

impl CommandInput {
    /// Takes in what the visitor sends. On a terminal a command reads nothing, but Ctrl-C ends it.
    pub(super) fn take_in(&self, bytes: &[u8]) {
        if let Some(received) = &self.received {
            received.take_in(bytes);
        }
        if let Some(printer) = self.printer.upgrade()
            && printer.is_terminal()
            && bytes.contains(&INTERRUPT)
        {
            printer.refused.cancel();
        }
    }

    /// Takes in that the visitor sends no more.
    pub(super) fn end(&self) {
        if let Some(received) = &self.received {
            received.end();
        }
    }

    /// Tells whether the command has ended, and all that it printed is sent.
    pub(super) fn is_over(&self) -> bool {
        self.printer.strong_count() == 0
    }
}

/// The words of a line, as a shell splits them: quotes and backslashes keep spaces, and what stands
/// behind a `#` is a comment.
///
/// # Errors
/// A sentence on what is wrong with it.
pub(super) fn words(line: &[u8]) -> Result<Vec<String>, String> {
    if line.len() > LONGEST_LINE {
        return Err(format!(
            "the command is too long: {LONGEST_LINE} bytes at most"
        ));
    }
    let line = std::str::from_utf8(line).map_err(|_| "the command is not UTF-8 text".to_owned())?;
    shlex::split(line).ok_or_else(|| "a quotation mark has no partner".to_owned())
}

/// Starts a command on a channel.
pub(super) fn start(
    connection: &Arc<Connection>,
    caller: Caller,
    line: &[u8],
    words: Result<Vec<String>, String>,
    is_terminal: bool,
    output: ChannelWriteHalf<Msg>,
) -> CommandInput {
    let printer = Printer::new(is_terminal, connection.held_output());
    let shop = caller.shop.clone();
    let received = Arc::<Received>::default();
    if is_terminal {
        // On a terminal somebody types, and no end of a file would come.
        received.end();
    }

    let task = task_of(caller, words, &printer, &received);
    log_start(connection.id, &output, line, &task);
    let input = CommandInput {
        printer: Arc::downgrade(&printer),
        received: task.reads.then(|| received.clone()),
        _here: printer.refused.clone().drop_guard(),
    };

    let running = connection.clone();
    connection.run(async move {
        let working = async {
            let status = run(task, &received, &shop, &running, &printer).await;
            printer.end();
            status
        };
        let leaving = async {
            running.wait_for_farewell().await;
            sleep(LEAVING_TIMEOUT).await;
        };
        let (status, ()) = tokio::join!(working, printer.send_all(&output, leaving));

        info!(session = running.id, channel = %output.id(), status, "close");
        let _ = timeout(RESTORE_TIMEOUT, close(&output, status)).await;
    });
    input
}

/// The command of these words, or one that tells what is wrong with them.
fn task_of(
    caller: Caller,
    words: Result<Vec<String>, String>,
    printer: &Arc<Printer>,
    received: &Arc<Received>,
) -> Task {
    match words {
        Ok(words) => (caller.shop.commands)(Call {
            words,
            caller,
            printer: printer.clone(),
            received: received.clone(),
        }),
        Err(why) => {
            printer.tell(&why);
            Task {
                name: None,
                reads: false,
                work: Work::Told(STATUS_USAGE),
            }
        }
    }
}

/// Writes down that a command begins. Of what is none only the first word is written, and of the
/// others the name: the rest is the visitor's own matter.
fn log_start(session: u64, output: &ChannelWriteHalf<Msg>, line: &[u8], task: &Task) {
    let first = line.split(u8::is_ascii_whitespace).next();
    let first = String::from_utf8_lossy(first.unwrap_or_default());
    let name = task
        .name
        .map_or_else(|| journal::word(&first), str::to_owned);
    info!(session, channel = %output.id(), command = name, "exec");
}

/// Waits until all is there that a command reads, no longer than a visitor may be idle: it must not
/// build on a part of that.
///
/// # Errors
/// The exit status of a command that was not begun.
async fn wait_for_input(
    received: &Received,
    connection: &Connection,
    printer: &Printer,
    patience: Option<Duration>,
) -> Result<(), u8> {
    let deadline = patience.map(|patience| Instant::now() + patience);
    tokio::select! {
        biased;
        () = received.wait_for_end() => Ok(()),
        () = printer.refused.cancelled() => Err(STATUS_INTERRUPTED),
        status = leave_undone(connection, printer) => Err(status),
        () = alarm::at(deadline) => {
            printer.tell(&format!("{NOT_DONE}: its input did not end in time"));
            Err(STATUS_ENDED)
        }
    }
}

/// Waits until the visitor has to leave, and tells that the command was not done; returns its exit
/// status.
async fn leave_undone(connection: &Connection, printer: &Printer) -> u8 {
    let farewell = connection.wait_for_farewell().await;
    printer.tell(&format!("{NOT_DONE}: {}", words_of(farewell)));
    STATUS_ENDED
}

/// Runs a command to its end; returns its exit status. One that was begun is not broken off because
/// its client has gone: only that it is then told nothing.
async fn run(
    task: Task,
    received: &Received,
    shop: &ServedShop,
    connection: &Arc<Connection>,
    printer: &Arc<Printer>,
) -> u8 {
    if task.reads
        && let Err(status) = wait_for_input(received, connection, printer, shop.options.idle).await
    {
        return status;
    }

    let (mut running, watches) = match task.work {
        Work::Told(status) => return status,
        Work::Once(work) => match wait_for_turn(shop, connection, printer).await {
            Ok(turns) => (work_on_thread(work, turns, connection.kill.clone()), false),
            Err(status) => return status,
        },
        Work::Watch(work) => (tokio::spawn(work), true),
    };

    tokio::select! {
        ended = &mut running => ended.unwrap_or_else(|_| {
            printer.tell(CRASHED);
            STATUS_CRASHED
        }),
        () = printer.refused.cancelled() => {
            running.abort();
            STATUS_INTERRUPTED
        }
        farewell = connection.wait_for_farewell(), if watches => {
            running.abort();
            printer.tell(words_of(farewell));
            STATUS_ENDED
        }
        farewell = end_of_drain(connection, shop.options.drain), if !watches => {
            running.abort();
            printer.tell(&format!("{}; {UNCONFIRMED}", words_of(farewell)));
            STATUS_UNCONFIRMED
        }
    }
}

/// Waits until the visitor has to leave, and the time for what is under way is over, too.
async fn end_of_drain(connection: &Connection, drain: Duration) -> Farewell {
    let farewell = connection.wait_for_farewell().await;
    sleep(drain).await;
    farewell
}

/// The turns that a command has while it works: one of its visitor's, and one of all.
struct Turns {
    _own: Option<OwnedSemaphorePermit>,
    _shared: Option<OwnedSemaphorePermit>,
}

/// Waits until it is a command's turn. Nobody has more than some of all turns.
async fn next_turn(shop: &ServedShop, connection: &Connection) -> Turns {
    let limits = connection.visitor_limits();
    while let Err(wait) = limits.changes.take() {
        sleep(wait).await;
    }
    // Neither semaphore is ever closed, so both give a turn.
    let own = limits.turns.clone().acquire_owned().await;
    let shared = shop.turns.clone().acquire_owned().await;
    Turns {
        _own: own.ok(),
        _shared: shared.ok(),
    }
}

/// [`next_turn`], where nothing comes before it. Who has to leave gets none.
///
/// # Errors
/// The exit status of a command that was not begun.
async fn wait_for_turn(
    shop: &ServedShop,
    connection: &Connection,
    printer: &Printer,
) -> Result<Turns, u8> {
    tokio::select! {
        biased;
        status = leave_undone(connection, printer) => Err(status),
        () = printer.refused.cancelled() => Err(STATUS_INTERRUPTED),
        turns = next_turn(shop, connection) => Ok(turns),
    }
}

/// Lets a command work on a thread of its own: what it does takes no time from those who draw.
fn work_on_thread(
    work: Box<dyn FnOnce() -> LocalBoxFuture<'static, u8> + Send>,
    turns: Turns,
    kill: CancellationToken,
) -> JoinHandle<u8> {
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        let _turns = turns;
        runtime.block_on(async {
            tokio::select! {
                status = work() => status,
                () = kill.cancelled() => STATUS_INTERRUPTED,
            }
        })
    })
}

/// Why a command has ended, or was not begun.
fn words_of(farewell: Farewell) -> &'static str {
    match farewell {
        Farewell::Closing => "the shop restarts; come again in a moment",
        // Only screens are closed for that, and connections on which nothing runs.
        Farewell::Idle | Farewell::Unused => "nobody is there",
        Farewell::Ended => "whoever runs the shop has ended your visit",
        Farewell::KeyChanged => "what your key may do in this shop has changed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_are_split_as_a_shell_does_it() {
        let split = |line: &str| words(line.as_bytes());
        let expected = ["add", "Flat white", "$HOME", "*", ";", "2"].map(str::to_owned);
        let line = r#"  add 'Flat white' $HOME "*" \; 2 "#;
        assert_eq!(split(line).unwrap(), expected);
        assert_eq!(split(" ").unwrap(), Vec::<String>::new());
        assert!(split("add 'x").unwrap_err().contains("partner"));
        assert!(words(b"add \xff").unwrap_err().contains("UTF-8"));
        assert!(split(&"x".repeat(4096)).is_ok());
        assert!(split(&"x".repeat(4097)).unwrap_err().contains("4096"));
    }

    proptest! {
        #[test]
        fn any_line_is_split_or_refused(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(words) = words(&line) {
                prop_assert!(words.iter().map(String::len).sum::<usize>() <= line.len());
            }
        }
    }
}
