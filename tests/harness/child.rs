//! Child processes: they start with default signals, and are waited for with a deadline.

use super::documents;
use super::patience::{Deadline, receive};
use nix::sys::signal::SigSet;
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Once};
use std::time::Duration;

/// The pause before a child is looked at again.
const PAUSE: Duration = Duration::from_millis(2);

/// A command whose child starts with default signals.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    default_signals();
    Command::new(program)
}

/// Has the children of this thread start with default signals, whatever it was started with
/// itself. A shell, for one, starts a job in the background with SIGINT ignored, and what is
/// ignored or blocked stays so in every child.
pub fn default_signals() {
    static CAUGHT: Once = Once::new();
    // A signal that is caught is none that is ignored: it has its default in a child. To this
    // process nothing happens by it, as before.
    CAUGHT.call_once(|| {
        for signal in ignored() {
            let _ = signal_hook::flag::register(signal, Arc::default());
        }
    });

    SigSet::empty().thread_set_mask().unwrap();
}

/// The signals that this process ignores.
fn ignored() -> impl Iterator<Item = i32> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or_default();
    (1..=64)
        .filter(move |signal| mask >> (signal - 1) & 1 == 1)
        .filter(|signal| !signal_hook::consts::FORBIDDEN.contains(signal))
}

/// A command that is run to its end.
pub trait Finish {
    /// Runs it without input; returns what it printed.
    fn finish(&mut self) -> Output;
}

impl Finish for Command {
    fn finish(&mut self) -> Output {
        Running::start(self).finish()
    }
}

/// A child under way; killed when dropped.
pub struct Running {
    name: String,
    /// The command whose documents it prints.
    documents: Option<&'static str>,
    child: Child,
    input: Option<Feeder>,
    out: Option<Lines>,
    err: Option<Lines>,
}

impl Running {
    /// Starts it without input; what it prints on both streams is kept.
    pub fn start(command: &mut Command) -> Running {
        Running::spawn(
            command
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped()),
        )
    }

    /// [`Running::start`] with an input, for [`Running::feed`].
    pub fn start_fed(command: &mut Command) -> Running {
        Running::spawn(
            command
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped()),
        )
    }

    /// Starts it with the streams that the command says.
    pub fn spawn(command: &mut Command) -> Running {
        default_signals();
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));

        Running {
            name: command.get_program().display().to_string(),
            documents: documents::command_of(command),
            input: child.stdin.take().map(Feeder::start),
            out: child.stdout.take().map(Lines::of),
            err: child.stderr.take().map(Lines::of),
            child,
        }
    }

    /// Gives it more input, without waiting until it has read that.
    pub fn feed(&self, bytes: &[u8]) {
        let feeder = self.input.as_ref().expect("it has an input");
        // It may end before it has read all.
        drop(feeder.give(bytes));
    }

    /// Ends its input.
    pub fn end_input(&mut self) {
        self.input = None;
    }

    /// The next line that it prints.
    pub fn line(&mut self) -> String {
        let out = self.out.as_ref().expect("what it prints is kept");
        let Some(line) = out.next(&format!("a line of {}", self.name)) else {
            let said = self.err.as_ref().map(|err| err.rest(&self.name));
            let said = said.unwrap_or_default();
            panic!(
                "{} prints no more: {}",
                self.name,
                String::from_utf8_lossy(&said)
            );
        };

        let line = String::from_utf8(line).unwrap();
        self.check_documents(line.as_bytes());
        line.trim_end_matches('\n').to_owned()
    }

    /// The next line that it prints, as JSON.
    pub fn json(&mut self) -> serde_json::Value {
        let line = self.line();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has not ended yet.
    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits until it has ended. It is looked at, as the runtime would catch SIGCHLD: each end of a
    /// child would then interrupt what other tests read with a deadline.
    pub async fn ended(&mut self) {
        while self.is_alive() {
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let id = self.child.id().cast_signed();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    /// Kills it as a crash would.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it ends.
    pub fn wait(&mut self) -> ExitStatus {
        let deadline = Deadline::start();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }

            deadline.check(&format!("the end of {}", self.name));
            std::thread::sleep(PAUSE);
        }
    }

    /// Ends its input and waits until it ends; returns what it has printed and nobody has read.
    pub fn finish(mut self) -> Output {
        self.end_input();
        let rest = |lines: &Option<Lines>| {
            let what = format!("the last word of {}", self.name);
            lines.as_ref().map(|lines| lines.rest(&what))
        };
        let stdout = rest(&self.out).unwrap_or_default();
        let stderr = rest(&self.err).unwrap_or_default();
        self.check_documents(&stdout);
        self.check_documents(&stderr);

        Output {
            status: self.wait(),
            stdout,
            stderr,
        }
    }
}

impl Running {
    /// The guide must describe every document.
    fn check_documents(&self, printed: &[u8]) {
        if let Some(command) = self.documents {
            for line in String::from_utf8_lossy(printed).lines() {
                documents::check(command, line);
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A thread that reads a pipe to its end, so that nobody waits for it without a deadline.
pub struct Lines(Receiver<Vec<u8>>);

impl Lines {
    /// The lines of this pipe.
    pub fn of(pipe: impl Read + Send + 'static) -> Lines {
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            let mut pipe = BufReader::new(pipe);
            loop {
                let mut line = Vec::new();
                if !matches!(pipe.read_until(b'\n', &mut line), Ok(1..)) {
                    return;
                }
                // Whoever listened may have gone, and the pipe must be emptied all the same.
                let _ = sender.send(line);
            }
        });
        Lines(receiver)
    }

    /// The next line with its end; `None` where the pipe is closed.
    pub fn next(&self, what: &str) -> Option<Vec<u8>> {
        receive(what, &self.0)
    }

    /// All that comes until the pipe is closed.
    pub fn rest(&self, what: &str) -> Vec<u8> {
        let deadline = Deadline::start();
        let mut rest = Vec::new();
        while let Some(line) = self.next(what) {
            deadline.check(what);
            rest.extend(line);
        }
        rest
    }
}

/// A thread that writes what it is given, so that nobody waits for the reader without a deadline.
pub struct Feeder(Sender<Portion>);

struct Portion {
    bytes: Vec<u8>,
    written: Sender<()>,
}

impl Feeder {
    /// One that writes to this pipe, and closes it when dropped.
    pub fn start(mut pipe: impl Write + Send + 'static) -> Feeder {
        let (sender, receiver) = channel::<Portion>();
        std::thread::spawn(move || {
            for portion in receiver {
                if pipe.write_all(&portion.bytes).is_err() || pipe.flush().is_err() {
                    return;
                }
                let _ = portion.written.send(());
            }
        });
        Feeder(sender)
    }

    /// Gives it more to write; the receiver hears when that is written, or that it can't be.
    pub fn give(&self, bytes: &[u8]) -> Receiver<()> {
        let (written, receiver) = channel();
        let bytes = bytes.to_vec();
        let _ = self.0.send(Portion { bytes, written });
        receiver
    }
}
