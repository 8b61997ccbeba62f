//! A real program in a real pseudo-terminal, with a terminal emulator for its screen.

use super::child::{Feeder, default_signals};
use super::patience::{Deadline, PATIENCE, receive, until};
use memchr::memmem;
use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use regex::{Regex, RegexBuilder};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::ioctl_fionread;
use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::{OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};
use std::io::Read;
use std::num::NonZeroU16;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};
use vt100::{Parser, Screen};

/// A lone escape must stay alone for a moment after it has been read, or it begins another key:
/// more than the program's 150 ms, as those may begin late.
const ALONE: Duration = Duration::from_millis(250);
/// How long an answer to a key may take before the key is pressed again.
const SOON: Duration = Duration::from_secs(1);
/// The local flags of a terminal in its usual mode: ICANON and ECHO.
const COOKED: u64 = 0o2 | 0o10;

fn whole(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).expect("a terminal has a size")
}

/// What begins and ends a frame that a terminal shows only as a whole.
const FRAME_BEGINS: &[u8] = b"\x1b[?2026h";
const FRAME_ENDS: &[u8] = b"\x1b[?2026l";
/// What asks a terminal for its status, and its answer.
const ASK_STATUS: &[u8] = b"\x1b[5n";
const STATUS: &[u8] = b"\x1b[0n";

/// A terminal emulator of this size.
pub fn emulator(columns: u16, rows: u16) -> Parser {
    Parser::new(whole(rows), whole(columns), 0)
}

struct Shown {
    parser: Parser,
    raw: Vec<u8>,
    /// How many of the bytes show. Of a frame that has begun, none does before its end.
    showing: usize,
    /// What has shown in the last line but one, where messages stand; the last one last.
    messages: Vec<String>,
    /// When so many bytes were there.
    times: Vec<(usize, Instant)>,
    hung_up: bool,
    /// How many of the bytes have got to the terminal; `None` where all have.
    arrived: Option<usize>,
    /// How many of the bytes have been searched for questions about the status.
    answered: usize,
    /// It answers them.
    tells_status: bool,
}

impl Shown {
    /// Takes in what the program wrote, and shows what is whole.
    fn take(&mut self, bytes: &[u8]) {
        self.raw.extend_from_slice(bytes);
        self.show(self.whole());
    }

    /// Shows so many of the bytes.
    fn show(&mut self, until: usize) {
        // A message may go with the next frame.
        while let Some(ends) = memmem::find(&self.raw[self.showing..until], FRAME_ENDS) {
            self.show_frame(self.showing + ends + FRAME_ENDS.len());
        }
        self.show_frame(until);
    }

    fn show_frame(&mut self, until: usize) {
        self.parser.process(&self.raw[self.showing..until]);
        self.showing = until;

        let screen = self.parser.screen();
        let (rows, columns) = screen.size();
        let above_keys = rows.get().saturating_sub(2);
        // Cell by cell: the text of a row is made of those of all rows before it, too.
        let cells = (0..columns.get()).filter_map(|column| screen.cell(above_keys, column));
        let texts = cells.map(|cell| match cell.contents() {
            "" if cell.is_wide_continuation() => "",
            "" => " ",
            text => text,
        });
        let message: String = texts.collect();
        if self.messages.last() != Some(&message) {
            self.messages.push(message);
        }
    }

    /// How many bytes may show: all of them, or those before a frame that has not ended.
    fn whole(&self) -> usize {
        // The beginning itself may have come in two parts, of which the first has no effect.
        let from = self.showing.saturating_sub(FRAME_BEGINS.len() - 1);
        let last = |sequence| memmem::rfind(&self.raw[from..], sequence).map(|at| from + at);
        match (last(FRAME_BEGINS), last(FRAME_ENDS)) {
            (Some(begins), ends) if ends.is_none_or(|ends| ends < begins) => {
                begins.max(self.showing)
            }
            _ => self.raw.len(),
        }
    }

    /// Answers each question about the status that has got there.
    fn answer_status(&mut self, keyboard: &Keyboard) {
        let arrived = self.arrived.unwrap_or(self.raw.len());
        let keyboard = keyboard.lock().unwrap();
        while let Some(at) = memmem::find(&self.raw[self.answered..arrived], ASK_STATUS) {
            self.answered += at + ASK_STATUS.len();
            if let Some(keyboard) = keyboard.as_ref().filter(|_| self.tells_status) {
                drop(keyboard.give(STATUS));
            }
        }
    }
}

/// What is typed; none once the window is closed.
type Keyboard = Arc<Mutex<Option<Feeder>>>;

/// Answers what terminals are asked: their ground, and what they are.
fn answer(asked: &[u8], ground: Option<&str>, keyboard: &Keyboard) {
    let asks = |query: &[u8]| asked.windows(query.len()).any(|bytes| bytes == query);
    let mut said = String::new();
    // It knows its ground alone, not the colour of its text.
    if let Some(rgb) = ground
        && asks(b"\x1b]11;?")
    {
        said.push_str(&format!("\x1b]11;rgb:{rgb}\x1b\\"));
    }
    if asks(b"\x1b[c") {
        said.push_str("\x1b[?62;22c");
    }
    if !said.is_empty()
        && let Some(keyboard) = keyboard.lock().unwrap().as_ref()
    {
        drop(keyboard.give(said.as_bytes()));
    }
}

/// The program and its terminal; killed when dropped.
pub struct Terminal {
    master: Option<Box<dyn MasterPty + Send>>,
    keyboard: Keyboard,
    child: Box<dyn Child + Send + Sync>,
    shown: Arc<(Mutex<Shown>, Condvar)>,
}

/// What to open.
pub struct Builder {
    ground: Option<&'static str>,
    command: CommandBuilder,
    size: (u16, u16),
    tells_size: bool,
    tells_status: bool,
}

impl Builder {
    /// The program's arguments.
    pub fn args(mut self, args: &[&str]) -> Builder {
        self.command.args(args);
        self
    }

    /// Columns and rows.
    pub fn size(mut self, columns: u16, rows: u16) -> Builder {
        self.size = (columns, rows);
        self
    }

    /// One more variable of the environment.
    pub fn env(mut self, name: &str, value: &str) -> Builder {
        self.command.env(name, value);
        self
    }

    /// The home folder.
    pub fn home(self, home: &Path) -> Builder {
        self.env("HOME", home.to_str().unwrap())
    }

    /// A terminal that tells its ground, as `rrrr/gggg/bbbb`, when asked.
    pub fn ground(mut self, rgb: &'static str) -> Builder {
        self.ground = Some(rgb);
        self
    }

    /// A terminal that does not tell its size.
    pub fn without_size(mut self) -> Builder {
        self.tells_size = false;
        self
    }

    /// A terminal that does not answer when it is asked for its status.
    pub fn without_status(mut self) -> Builder {
        self.tells_status = false;
        self
    }

    /// Starts the program.
    pub fn open(self) -> Terminal {
        let (cols, rows) = self.size;
        let (told_cols, told_rows) = if self.tells_size { self.size } else { (0, 0) };
        let pair = native_pty_system()
            .openpty(PtySize {
                rows: told_rows,
                cols: told_cols,
                ..PtySize::default()
            })
            .unwrap();
        default_signals();
        let child = pair.slave.spawn_command(self.command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let parser = emulator(cols, rows);
        let shown = Arc::new((
            Mutex::new(Shown {
                parser,
                raw: Vec::new(),
                showing: 0,
                messages: Vec::new(),
                times: Vec::new(),
                hung_up: false,
                arrived: None,
                answered: 0,
                tells_status: self.tells_status,
            }),
            Condvar::new(),
        ));
        let seen = shown.clone();
        let keyboard = Feeder::start(pair.master.take_writer().unwrap());
        let keyboard = Arc::new(Mutex::new(Some(keyboard)));
        let (answers, ground) = (keyboard.clone(), self.ground);
        std::thread::spawn(move || {
            let mut buffer = [0; 65536];
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                let came = Instant::now();
                // Poisoned: the test has failed already.
                let Ok(mut shown) = seen.0.lock() else { return };
                shown.take(&buffer[..read]);
                let there = (shown.raw.len(), came);
                shown.times.push(there);
                seen.1.notify_all();
                answer(&buffer[..read], ground, &answers);
                shown.answer_status(&answers);
                if shown.hung_up {
                    return;
                }
            }
            // A program that ended in the middle of a frame writes the rest of it no more.
            if let Ok(mut shown) = seen.0.lock() {
                let all = shown.raw.len();
                shown.show(all);
                seen.1.notify_all();
            }
        });
        Terminal {
            master: Some(pair.master),
            keyboard,
            child,
            shown,
        }
    }
}

impl Terminal {
    /// A terminal of 120x36 with a clean environment.
    pub fn builder(program: &str) -> Builder {
        let mut command = CommandBuilder::new(program);
        command.env_clear();
        for (name, value) in [
            ("TERM", "xterm-256color"),
            ("COLORTERM", "truecolor"),
            ("LANG", "C.UTF-8"),
        ] {
            command.env(name, value);
        }
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        Builder {
            ground: None,
            command,
            size: (120, 36),
            tells_size: true,
            tells_status: true,
        }
    }

    /// Waits until `test` holds for the screen.
    pub fn wait_until(&self, what: &str, test: impl Fn(&Screen) -> bool) {
        let deadline = Deadline::start();
        let mut shown = self.shown.0.lock().unwrap();
        while !test(shown.parser.screen()) {
            let left = deadline.left();
            assert!(
                !left.is_zero(),
                "{what} within {PATIENCE:?}; the screen is:\n{}\nwhat was said: {:?}",
                shown.parser.screen().contents(),
                shown.messages
            );
            shown = self.shown.1.wait_timeout(shown, left).unwrap().0;
        }
    }

    /// Waits until the screen shows this regex.
    pub fn wait(&self, pattern: &str) {
        let regex = RegexBuilder::new(pattern).multi_line(true).build().unwrap();
        self.wait_until(&format!("{pattern:?} did not show"), |screen| {
            regex.is_match(&screen.contents())
        });
    }

    /// Waits until a message that matches this regex has shown since the program began. It may have
    /// gone again by itself.
    pub fn wait_message(&self, pattern: &str) {
        let regex = RegexBuilder::new(pattern).build().unwrap();
        let shown = self.shown.0.lock().unwrap();
        let not_yet = |shown: &mut Shown| !shown.messages.iter().any(|told| regex.is_match(told));
        let (shown, waited) = self
            .shown
            .1
            .wait_timeout_while(shown, PATIENCE, not_yet)
            .unwrap();
        assert!(
            !waited.timed_out(),
            "{pattern:?} was not said within {PATIENCE:?}, but: {:?}",
            shown.messages
        );
    }

    /// Waits until the screen shows this regex no longer.
    pub fn gone(&self, pattern: &str) {
        let regex = RegexBuilder::new(pattern).multi_line(true).build().unwrap();
        self.wait_until(&format!("{pattern:?} still shows"), |screen| {
            !regex.is_match(&screen.contents())
        });
    }

    /// Presses keys, and again every now and then, until the screen shows this regex: where the
    /// program may rightly say that it has not heard of something yet.
    pub fn keys_until(&mut self, keys: &str, pattern: &str) {
        let regex = RegexBuilder::new(pattern).multi_line(true).build().unwrap();
        let deadline = Deadline::start();
        loop {
            self.keys(keys);
            if self.shows_soon(&regex) {
                return;
            }
            assert!(
                !deadline.left().is_zero(),
                "{pattern:?} did not show within {PATIENCE:?}; the screen is:\n{}",
                self.text()
            );
        }
    }

    /// Whether the screen shows this regex within a moment.
    fn shows_soon(&self, regex: &Regex) -> bool {
        let shown = self.shown.0.lock().unwrap();
        let not_yet = |shown: &mut Shown| !regex.is_match(&shown.parser.screen().contents());
        let (_shown, waited) = self
            .shown
            .1
            .wait_timeout_while(shown, SOON, not_yet)
            .unwrap();
        !waited.timed_out()
    }

    /// Looks at the screen.
    pub fn screen<T>(&self, look: impl FnOnce(&Screen) -> T) -> T {
        look(self.shown.0.lock().unwrap().parser.screen())
    }

    /// The screen as text.
    pub fn text(&self) -> String {
        self.screen(Screen::contents)
    }

    /// Everything that the program ever wrote.
    pub fn raw(&self) -> Vec<u8> {
        self.shown.0.lock().unwrap().raw.clone()
    }

    /// Everything that the program ever wrote, in the pieces in which it came, and when.
    pub fn recording(&self) -> Vec<(Instant, Vec<u8>)> {
        let shown = self.shown.0.lock().unwrap();
        let mut begin = 0;

        shown
            .times
            .iter()
            .map(|(end, came)| {
                let piece = shown.raw[begin..*end].to_vec();
                begin = *end;
                (*came, piece)
            })
            .collect()
    }

    /// From now on nothing gets to the terminal but by [`Terminal::let_arrive`].
    pub fn stop_line(&self) {
        let mut shown = self.shown.0.lock().unwrap();
        shown.arrived = Some(shown.raw.len());
    }

    /// Lets so many bytes more get to the terminal, which answers what it is asked by them.
    pub fn let_arrive(&self, bytes: usize) {
        let mut shown = self.shown.0.lock().unwrap();
        let there = shown.raw.len();
        let arrived = shown.arrived.expect("the line was stopped");
        shown.arrived = Some(there.min(arrived.saturating_add(bytes)));
        shown.answer_status(&self.keyboard);
    }

    /// Lets everything get to the terminal again, at once.
    pub fn open_line(&self) {
        let mut shown = self.shown.0.lock().unwrap();
        shown.arrived = None;
        shown.answer_status(&self.keyboard);
    }

    /// What was written and has not got to the terminal: whole frames but for the first.
    pub fn on_the_way(&self) -> Vec<u8> {
        let shown = self.shown.0.lock().unwrap();
        shown.raw[shown.arrived.unwrap_or(shown.raw.len())..].to_vec()
    }

    /// When the first byte came after so many.
    pub fn first_after(&self, bytes: usize) -> Option<Instant> {
        let shown = self.shown.0.lock().unwrap();
        let place = shown.times.partition_point(|(there, _)| *there <= bytes);
        shown.times.get(place).map(|(_, at)| *at)
    }

    /// Waits until more than so many bytes have come.
    pub fn wait_raw(&self, bytes: usize) {
        let deadline = Deadline::start();
        let mut shown = self.shown.0.lock().unwrap();
        while shown.raw.len() <= bytes {
            let left = deadline.left();
            assert!(
                !left.is_zero(),
                "nothing came within {PATIENCE:?}; the screen is:\n{}",
                shown.parser.screen().contents()
            );
            shown = self.shown.1.wait_timeout(shown, left).unwrap().0;
        }
    }

    /// Writes bytes as the keyboard does.
    pub fn send(&mut self, bytes: &[u8]) {
        let keyboard = self.keyboard.lock().unwrap();
        let typed = keyboard.as_ref().expect("not hung up").give(bytes);
        drop(keyboard);
        receive("the terminal takes what is typed", &typed).expect("the terminal is open");
    }

    /// Presses keys: names (`down`, `ctrl-c`, `esc`) or text.
    pub fn keys(&mut self, keys: &str) {
        for key in keys.split_whitespace() {
            let bytes: &[u8] = match key {
                "up" => b"\x1b[A",
                "down" => b"\x1b[B",
                "right" => b"\x1b[C",
                "left" => b"\x1b[D",
                "home" => b"\x1b[H",
                "end" => b"\x1b[F",
                "pageup" => b"\x1b[5~",
                "pagedown" => b"\x1b[6~",
                "delete" => b"\x1b[3~",
                "enter" => b"\r",
                "tab" => b"\t",
                "backspace" => b"\x7f",
                "space" => b" ",
                "esc" => b"\x1b",
                _ => match key.strip_prefix("ctrl-") {
                    Some(letter) => &[letter.as_bytes()[0] & 0x1f],
                    None => key.as_bytes(),
                },
            };
            self.send(bytes);
            if key == "esc" {
                until("the program reads the escape", || self.unread_keys() == 0);
                std::thread::sleep(ALONE);
            }
        }
    }

    /// The bytes that have been typed and not been read.
    pub fn unread_keys(&self) -> u64 {
        ioctl_fionread(self.tty(OFlags::RDONLY)).unwrap()
    }

    /// Returns whether the system takes more of what the program writes, though nobody reads it.
    pub fn takes_output(&self) -> bool {
        let tty = self.tty(OFlags::WRONLY);
        let mut writing = [PollFd::new(&tty, PollFlags::OUT)];
        poll(&mut writing, Some(&Timespec::default())).unwrap() > 0
    }

    /// The program's side of the terminal.
    fn tty(&self, flags: OFlags) -> OwnedFd {
        let path = self.master.as_ref().unwrap().tty_name().unwrap();
        open(path, flags | OFlags::NOCTTY, Mode::empty()).unwrap()
    }

    /// Pastes a text, bracketed as terminals do.
    pub fn paste(&mut self, text: &str) {
        self.send(format!("\x1b[200~{text}\x1b[201~").as_bytes());
    }

    /// Stops reading what the program writes, until the guard is dropped.
    pub fn unread(&self) -> std::sync::MutexGuard<'_, impl Sized> {
        self.shown.0.lock().unwrap()
    }

    /// Does something while nobody reads what the program writes.
    pub fn while_unread<T>(&mut self, act: impl FnOnce(&mut Terminal) -> T) -> T {
        let shown = self.shown.clone();
        let _unread = shown.0.lock().unwrap();
        act(self)
    }

    /// Clicks at a column and a row, from 1.
    pub fn click(&mut self, column: u16, row: u16) {
        self.send(format!("\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m").as_bytes());
    }

    /// Gives the window another size.
    pub fn resize(&self, cols: u16, rows: u16) {
        self.shown
            .0
            .lock()
            .unwrap()
            .parser
            .screen_mut()
            .set_size(whole(rows), whole(cols));
        self.master
            .as_ref()
            .unwrap()
            .resize(PtySize {
                rows,
                cols,
                ..PtySize::default()
            })
            .unwrap();
    }

    /// Sends a signal to the program.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// The program's process.
    pub fn pid(&self) -> Pid {
        Pid::from_raw(self.child.process_id().unwrap().cast_signed()).unwrap()
    }

    /// Whether the program's process is stopped.
    pub fn is_stopped(&self) -> bool {
        let stat = format!("/proc/{}/stat", self.pid().as_raw_nonzero());
        std::fs::read_to_string(stat).unwrap().contains(") T ")
    }

    /// Closes the window: the program gets SIGHUP, and its terminal is gone.
    pub fn hang_up(&mut self) {
        let path = self.master.as_ref().unwrap().tty_name().unwrap();
        // Not as the terminal of the test itself.
        let tty = open(path, OFlags::WRONLY | OFlags::NOCTTY, Mode::empty()).unwrap();
        // portable-pty types Enter and the end-of-file character as it lets go of the
        // keyboard, unless the terminal has none.
        let mut termios = tcgetattr(&tty).unwrap();
        termios.special_codes[SpecialCodeIndex::VEOF] = 0;
        tcsetattr(&tty, OptionalActions::Now, &termios).unwrap();
        self.shown.0.lock().unwrap().hung_up = true;
        *self.keyboard.lock().unwrap() = None;
        self.master = None;
        // The reader holds the terminal open until something comes: wake it, unless it has
        // gone already.
        let _ = rustix::io::write(&tty, b"\0");
    }

    /// Waits for the program to end.
    pub fn wait_exit(&mut self) -> ExitStatus {
        let deadline = Deadline::start();
        loop {
            if let Some(status) = self.exit_status() {
                return status;
            }
            assert!(
                !deadline.left().is_zero(),
                "the program goes on after {PATIENCE:?}:\n{}",
                self.text()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Checks that the program has left the terminal as it was.
    pub fn assert_restored(&self) {
        self.assert_restored_screen();
        assert!(
            !self.screen(Screen::bracketed_paste),
            "bracketed paste is still on"
        );
        assert!(self.is_cooked(), "the terminal is still raw");
    }

    /// Whether the terminal's line is in its usual mode. It may be asked while nobody reads.
    pub fn is_cooked(&self) -> bool {
        let termios = self.master.as_ref().unwrap().get_termios().unwrap();
        u64::from(termios.local_flags.bits()) & COOKED == COOKED
    }

    /// How the program has ended; `None` where it goes on. It may be asked while nobody reads.
    pub fn exit_status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }
    /// Checks the screen alone: a shell has modes of its own.
    pub fn assert_restored_screen(&self) {
        self.wait_until("the main screen is not back", |screen| {
            !screen.alternate_screen()
                && !screen.hide_cursor()
                && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
        });
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
