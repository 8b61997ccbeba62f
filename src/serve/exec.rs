//! Commands that a visitor's client sends in place of asking for the screen: `ssh HOST cart --json`.
//!
//! Here a line becomes words, and a command gets its turn, a way to print, and an end. The commands
//! themselves are those of the layer above, which the server is given as [`Commands`].

use super::ServedShop;
use super::connections::{Connection, Farewell};
use super::identity::{Grant, Role};
use super::session::{RESTORE_TIMEOUT, STATUS_CRASHED, close};
use crate::config::{Server, Settings};
use crate::model::text;
use crate::store::Policy;
use crate::tui::hub::Hub;
use crate::tui::lock::lock;
use futures::future::{BoxFuture, LocalBoxFuture};
use russh::ChannelWriteHalf;
use russh::keys::PublicKey;
use russh::server::Msg;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::info;

/// The commands that work at the same time. Those that watch are not counted.
pub(super) const TURNS: usize = 8;
/// The longest line of a command, in bytes.
const LONGEST_LINE: usize = 4096;
/// The longest name of a command in the log, in bytes.
const LONGEST_NAME: usize = 40;

/// The most bytes that a command prints at once, which is also the most that may wait for one
/// connection's client to read them; and what errors have beside.
const MOST_HELD: usize = 8 << 20;
const ROOM_FOR_ERRORS: usize = 64 << 10;
/// The most bytes that are sent at once.
const PIECE: usize = 32 << 10;
/// The time for a client to take a piece.
const STALL_TIMEOUT: Duration = Duration::from_secs(300);

/// The exit status of a line that can't be understood.
const STATUS_USAGE: u8 = 2;
/// The exit status of a watching command that the server has ended.
const STATUS_ENDED: u8 = 3;
/// The exit status of a command whose client has gone, or has pressed Ctrl-C.
const STATUS_INTERRUPTED: u8 = 130;
/// What Ctrl-C sends on a terminal that does not interpret it.
const INTERRUPT: u8 = 0x03;

/// The kind of output that is for errors.
pub(super) const STDERR: u32 = 1;

/// The sentence after a crash.
const CRASHED: &str =
    "This command has crashed; that is a bug in the program. All confirmed changes are saved.";

/// Makes a command from a visitor's words. A mistake in them becomes a task, too, that tells it.
pub(crate) type Commands = fn(Call) -> Task;

/// A command that a visitor has sent.
pub(crate) struct Call {
    pub(crate) words: Vec<String>,
    pub(crate) caller: Caller,
    pub(crate) printer: Arc<Printer>,
}

/// A command that can be run.
pub(crate) struct Task {
    /// Its name for the log; `None` where there is no such command.
    pub(crate) name: Option<&'static str>,
    pub(crate) work: Work,
}

/// What a command does. It ends with its exit status.
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
}

impl Caller {
    pub(super) fn new(shop: &Arc<ServedShop>, key: Option<PublicKey>, grant: Grant) -> Caller {
        Caller {
            shop: shop.clone(),
            key,
            grant,
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
            ..settings.clone()
        })
    }

    /// What the visitor is granted for this cart.
    fn granted(&self, cart: &str) -> Option<Grant> {
        if cart == self.grant.cart.as_str() {
            return Some(self.grant.clone());
        }
        let grant = self.shop.grant(self.key.as_ref()?, cart)?;
        (grant.cart.as_str() == cart).then_some(grant)
    }
}

/// One of the two streams that a command prints to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stream {
    Out,
    Err,
}

/// What a command prints, until the client has taken it.
#[derive(Debug)]
pub(crate) struct Printer {
    waiting: Mutex<Waiting>,
    /// Notified when something was printed, or nothing more comes.
    printed: Notify,
    /// Notified when nothing waits any more.
    emptied: Notify,
    /// Cancelled where the client takes no more, has gone, or wants the command to end.
    refused: CancellationToken,
    is_terminal: bool,
    /// The bytes that wait for the client, of all commands of its connection.
    held: Arc<AtomicUsize>,
}

#[derive(Debug, Default)]
struct Waiting {
    pieces: VecDeque<(Stream, Vec<u8>)>,
    /// The bytes that were printed since the command has last waited for its reader.
    printed: usize,
    /// The command has ended.
    is_over: bool,
}

impl Printer {
    fn new(is_terminal: bool, held: &Arc<AtomicUsize>) -> Arc<Printer> {
        Arc::new(Printer {
            waiting: Mutex::default(),
            printed: Notify::new(),
            emptied: Notify::new(),
            refused: CancellationToken::new(),
            is_terminal,
            held: held.clone(),
        })
    }

    pub(crate) fn stdout(&self) -> PrinterStream<'_> {
        PrinterStream {
            printer: self,
            stream: Stream::Out,
        }
    }

    pub(crate) fn stderr(&self) -> PrinterStream<'_> {
        PrinterStream {
            printer: self,
            stream: Stream::Err,
        }
    }

    /// Tells whether a terminal shows what is printed.
    pub(crate) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Waits until all that was printed is on its way.
    pub(crate) async fn wait_until_sent(&self) {
        loop {
            let emptied = self.emptied.notified();
            {
                let mut waiting = lock(&self.waiting);
                if waiting.pieces.is_empty() {
                    waiting.printed = 0;
                    return;
                }
            }
            emptied.await;
        }
    }

    /// Prints a line for errors.
    fn tell(&self, sentence: &str) {
        // Nobody is told where nobody reads.
        let _ = writeln!(self.stderr(), "trolley: {sentence}");
    }

    fn print(&self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        if self.refused.is_cancelled() {
            return Err(ErrorKind::BrokenPipe.into());
        }
        // On a terminal that interprets nothing, a new line begins below the end of the last one.
        let bytes = if self.is_terminal {
            let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
            lines.join(&b"\r\n"[..])
        } else {
            bytes.to_vec()
        };

        let most = match stream {
            Stream::Out => MOST_HELD,
            Stream::Err => MOST_HELD + ROOM_FOR_ERRORS,
        };
        let mut waiting = lock(&self.waiting);
        let held = self.held.load(Ordering::Relaxed).max(waiting.printed);
        if held + bytes.len() > most {
            // Behind what is cut off, nothing comes on this stream.
            waiting.printed = waiting.printed.max(MOST_HELD);
            let megabytes = MOST_HELD >> 20;
            let why = format!("it is more than {megabytes} MB, or those wait to be read");
            return Err(io::Error::other(why));
        }

        self.held.fetch_add(bytes.len(), Ordering::Relaxed);
        waiting.printed += bytes.len();
        waiting.push(stream, bytes);
        drop(waiting);
        self.printed.notify_one();
        Ok(())
    }

    /// Nothing more is printed.
    fn end(&self) {
        lock(&self.waiting).is_over = true;
        self.printed.notify_one();
    }

    /// What comes next; `None` after all.
    async fn next(&self) -> Option<(Stream, Vec<u8>)> {
        loop {
            let printed = self.printed.notified();
            {
                let mut waiting = lock(&self.waiting);
                if let Some(piece) = waiting.pieces.pop_front() {
                    return Some(piece);
                }
                if waiting.is_over {
                    return None;
                }
            }
            printed.await;
        }
    }

    /// Sends all that is printed, until the command has ended or the client takes no more.
    async fn send_all(&self, output: &ChannelWriteHalf<Msg>) {
        while let Some((stream, piece)) = self.next().await {
            let length = piece.len();
            let sending = async {
                match stream {
                    Stream::Out => output.data_bytes(piece).await,
                    Stream::Err => output.extended_data_bytes(STDERR, piece).await,
                }
            };
            let sent = tokio::select! {
                sent = timeout(STALL_TIMEOUT, sending) => matches!(sent, Ok(Ok(()))),
                () = self.refused.cancelled() => false,
            };

            self.held.fetch_sub(length, Ordering::Relaxed);
            if !sent {
                self.refused.cancel();
                return;
            }
            if lock(&self.waiting).pieces.is_empty() {
                self.emptied.notify_one();
            }
        }
    }
}

impl Waiting {
    /// Adds what was printed, in pieces of a bounded length.
    fn push(&mut self, stream: Stream, mut bytes: Vec<u8>) {
        if let Some((last, piece)) = self.pieces.back_mut()
            && *last == stream
            && piece.len() + bytes.len() <= PIECE
        {
            piece.append(&mut bytes);
            return;
        }
        let pieces = bytes.chunks(PIECE).map(|piece| (stream, piece.to_vec()));
        self.pieces.extend(pieces);
    }
}

impl Drop for Printer {
    fn drop(&mut self) {
        let waiting = lock(&self.waiting);
        let unread: usize = waiting.pieces.iter().map(|(_, piece)| piece.len()).sum();
        self.held.fetch_sub(unread, Ordering::Relaxed);
    }
}

/// A stream of a command.
pub(crate) struct PrinterStream<'a> {
    printer: &'a Printer,
    stream: Stream,
}

impl Write for PrinterStream<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.printer.print(self.stream, bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The way to a running command, for the handler of the connection. Its client takes no more once this
/// is gone.
#[derive(Debug)]
pub(super) struct CommandInput {
    printer: Weak<Printer>,
    _here: DropGuard,
}

impl CommandInput {
    /// Takes in what the visitor types: a command reads nothing, but Ctrl-C ends it.
    pub(super) fn take_in(&self, bytes: &[u8]) {
        if let Some(printer) = self.printer.upgrade()
            && printer.is_terminal
            && bytes.contains(&INTERRUPT)
        {
            printer.refused.cancel();
        }
    }

    /// Tells whether the command has ended, and all that it printed is sent.
    pub(super) fn is_over(&self) -> bool {
        self.printer.strong_count() == 0
    }
}

/// The words of a line, as a shell splits them: quotes keep spaces, and nothing else is special.
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
    let printer = Printer::new(is_terminal, &connection.held_output);
    let shop = caller.shop.clone();
    let task = match words {
        Ok(words) => (shop.commands)(Call {
            words,
            caller,
            printer: printer.clone(),
        }),
        Err(why) => {
            printer.tell(&why);
            Task {
                name: None,
                work: Work::Told(STATUS_USAGE),
            }
        }
    };

    // Of what is no command only the first word is written down, and of the others the name: the
    // rest is the visitor's own matter.
    let session = connection.id;
    let channel = output.id();
    let first = line.split(u8::is_ascii_whitespace).next();
    let first = text::sanitize_to(first.unwrap_or_default(), LONGEST_NAME);
    let name = task.name.unwrap_or(&first);
    info!(session, channel = %channel, command = name, "exec");

    let input = CommandInput {
        printer: Arc::downgrade(&printer),
        _here: printer.refused.clone().drop_guard(),
    };
    let running = connection.clone();
    connection.screens.spawn(async move {
        let working = async {
            let status = run(task.work, &shop, &running, &printer).await;
            printer.end();
            status
        };
        let (status, ()) = tokio::join!(working, printer.send_all(&output));
        info!(session, channel = %channel, status, "close");
        let _ = timeout(RESTORE_TIMEOUT, close(&output, status)).await;
    });
    input
}

/// Runs a command to its end; returns its exit status. One that was begun is not broken off because
/// its client has gone: only that it is then told nothing.
async fn run(work: Work, shop: &ServedShop, connection: &Connection, printer: &Printer) -> u8 {
    let (mut running, watches) = match work {
        Work::Told(status) => return status,
        Work::Once(work) => (work_in_turn(work, shop, connection.kill.clone()), false),
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
    }
}

/// Lets a command work once it is its turn, on a thread of its own: what it does takes no time from
/// those who draw.
fn work_in_turn(
    work: Box<dyn FnOnce() -> LocalBoxFuture<'static, u8> + Send>,
    shop: &ServedShop,
    kill: CancellationToken,
) -> JoinHandle<u8> {
    let turns = shop.turns.clone();
    tokio::spawn(async move {
        // Nobody closes the turns.
        let turn = turns.acquire_owned().await;
        let runtime = Handle::current();
        let working = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            runtime.block_on(async {
                tokio::select! {
                    status = work() => status,
                    () = kill.cancelled() => STATUS_INTERRUPTED,
                }
            })
        });
        match working.await {
            Ok(status) => status,
            Err(crashed) => match crashed.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => STATUS_INTERRUPTED,
            },
        }
    })
}

/// Why a command that watches has ended.
fn words_of(farewell: Farewell) -> &'static str {
    match farewell {
        Farewell::Closing => "the shop restarts; come again in a moment",
        // Only screens are closed for that.
        Farewell::Idle => "nobody is there",
        Farewell::Ended => "whoever runs the shop has ended your visit",
        Farewell::KeyChanged => "your key's line in this shop has changed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn printer(is_terminal: bool) -> Arc<Printer> {
        Printer::new(is_terminal, &Arc::default())
    }

    async fn all_of(printer: &Printer) -> Vec<(Stream, String)> {
        printer.end();
        let mut all = Vec::new();
        while let Some((stream, piece)) = printer.next().await {
            all.push((stream, String::from_utf8(piece).unwrap()));
        }
        all
    }

    #[test]
    fn quotes_keep_spaces_and_nothing_else_is_special() {
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

    #[tokio::test]
    async fn what_is_printed_keeps_its_order() {
        let printer = printer(false);
        write!(printer.stdout(), "a").unwrap();
        writeln!(printer.stdout(), "b").unwrap();
        printer.tell("c");
        write!(printer.stdout(), "d").unwrap();
        let all = all_of(&printer).await;
        let expected = [
            (Stream::Out, "ab\n"),
            (Stream::Err, "trolley: c\n"),
            (Stream::Out, "d"),
        ];
        assert_eq!(
            all,
            expected.map(|(stream, text)| (stream, text.to_owned()))
        );
    }

    #[tokio::test]
    async fn a_terminal_gets_whole_new_lines() {
        let printer = printer(true);
        write!(printer.stdout(), "a\n\nb\n").unwrap();
        let all = all_of(&printer).await;
        assert_eq!(all, [(Stream::Out, "a\r\n\r\nb\r\n".to_owned())]);
    }

    #[test]
    fn what_nobody_reads_is_bounded_and_given_back() {
        let held = Arc::<AtomicUsize>::default();
        let first = Printer::new(false, &held);
        let second = Printer::new(false, &held);
        first.stdout().write_all(&vec![0; MOST_HELD / 2]).unwrap();
        second.stdout().write_all(&vec![0; MOST_HELD / 2]).unwrap();
        let error = second.stdout().write_all(b"x").unwrap_err();
        assert!(error.to_string().contains("8 MB"), "{error}");
        // Why it failed can still be said, beside it.
        assert!(second.stdout().write_all(b"x").is_err());
        second.tell("no more");
        assert!(
            lock(&first.waiting)
                .pieces
                .iter()
                .all(|(_, piece)| piece.len() <= PIECE)
        );

        drop(first);
        drop(second);
        assert_eq!(held.load(Ordering::Relaxed), 0);
        let third = Printer::new(false, &held);
        third.stdout().write_all(&vec![0; MOST_HELD]).unwrap();
        assert!(third.stdout().write_all(b"x").is_err());
        drop(third);
        assert_eq!(held.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn who_takes_no_more_gets_no_more() {
        let printer = printer(false);
        printer.refused.cancel();
        let error = printer.stdout().write_all(b"x").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
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
