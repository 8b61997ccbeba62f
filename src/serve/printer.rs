//! The output of a visitor's command, until the client has taken it: in order, and bounded.

use crate::tui::runtime::lock::lock;
use russh::ChannelWriteHalf;
use russh::server::Msg;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// The most bytes that a command prints at once, which is also the most that may wait for one
/// connection's client to read them; and what errors have beside.
const MOST_HELD: usize = 8 << 20;
const ROOM_FOR_ERRORS: usize = 64 << 10;
/// The most bytes that are sent at once.
const PIECE: usize = 32 << 10;
/// The time for a client to take a piece.
const STALL_TIMEOUT: Duration = Duration::from_secs(300);

/// The kind of output that is for errors.
pub(super) const STDERR: u32 = 1;

/// One of the two streams that a command prints to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stream {
    Out,
    Err,
}

/// The output of a command, until the client has taken it.
#[derive(Debug)]
pub(crate) struct Printer {
    waiting: Mutex<Waiting>,
    /// Notified when something was printed, or nothing more comes.
    printed: Notify,
    /// Notified when nothing waits any more.
    emptied: Notify,
    /// Cancelled where the client takes no more, has gone, or wants the command to end.
    pub(super) refused: CancellationToken,
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
    pub(super) fn new(is_terminal: bool, held: &Arc<AtomicUsize>) -> Arc<Printer> {
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
    pub(super) fn tell(&self, sentence: &str) {
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
    pub(super) fn end(&self) {
        lock(&self.waiting).is_over = true;
        self.printed.notify_one();
    }

    /// The next piece; `None` after all.
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

    /// Sends all that is printed, until the command has ended, the client takes no more, or it has
    /// not taken a piece though it is `leaving`.
    pub(super) async fn send_all(
        &self,
        output: &ChannelWriteHalf<Msg>,
        leaving: impl Future<Output = ()>,
    ) {
        tokio::pin!(leaving);
        while let Some((stream, piece)) = self.next().await {
            let length = piece.len();
            let sending = async {
                match stream {
                    Stream::Out => output.data_bytes(piece).await,
                    Stream::Err => output.extended_data_bytes(STDERR, piece).await,
                }
            };
            let sent = tokio::select! {
                // What a client takes at once, it gets.
                biased;
                sent = timeout(STALL_TIMEOUT, sending) => matches!(sent, Ok(Ok(()))),
                () = self.refused.cancelled() => false,
                () = &mut leaving => false,
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
