//! Somebody who shops in plain mode, at a terminal that can't even move its cursor.

use super::TROLLEY;
use super::patience::{Deadline, PATIENCE};
use super::server::Server;
use super::terminal::{Builder, Terminal};
use std::path::Path;

/// The words with which the program says that one may type.
const PROMPT: &str = "> ";

/// A terminal in plain mode, and how much of it was heard.
pub struct Plain {
    pub terminal: Terminal,
    heard: usize,
}

impl Plain {
    /// Opens the shop on a dumb terminal; returns it, and what it says first.
    pub fn open(server: &Server, cart: &str, name: &str) -> (Plain, String) {
        Plain::open_at(server.dir(), server.url(), cart, name)
    }

    /// [`Plain::open`] at an address.
    pub fn open_at(home: &Path, url: &str, cart: &str, name: &str) -> (Plain, String) {
        let args = ["--redis", url, "--cart", cart, "--name", name];
        Plain::of(Terminal::builder(TROLLEY).args(&args).home(home))
    }

    /// Opens what this builds on a dumb terminal.
    pub fn of(builder: Builder) -> (Plain, String) {
        let terminal = builder
            .env("TERM", "dumb")
            .env("COLORTERM", "")
            .env("TZ", "UTC")
            .open();
        let mut plain = Plain { terminal, heard: 0 };
        let greeting = plain.hear();
        (plain, greeting)
    }

    /// Everything that was written, without the returns that the terminal's line adds.
    pub fn all(&self) -> String {
        let raw = String::from_utf8(self.terminal.raw()).unwrap();
        raw.replace("\r\n", "\n")
    }

    /// What was said since it was heard last, up to where one may type again.
    fn hear(&mut self) -> String {
        let deadline = Deadline::start();
        loop {
            let raw = self.terminal.raw();
            // Of the last letter only a part may have come.
            let all = String::from_utf8_lossy(&raw).replace("\r\n", "\n");
            let new = &all[self.heard..];
            if new.ends_with(&format!("\n{PROMPT}")) || new == PROMPT {
                let said = new.trim_end_matches(PROMPT).to_owned();
                self.heard = all.len();
                return said;
            }
            assert!(
                !deadline.left().is_zero(),
                "no prompt within {PATIENCE:?}:\n{all}"
            );
            self.terminal.wait_raw(raw.len());
        }
    }

    /// Types a line; returns the answer, with what is new.
    pub fn ask(&mut self, line: &str) -> String {
        self.terminal.send(format!("{line}\n").as_bytes());
        let said = self.hear();
        let echoed = said.split_once('\n').map(|(_, answer)| answer.to_owned());
        echoed.unwrap_or_default()
    }

    /// Types a line whose answer must have this in it, at once or after a word that it takes long.
    #[track_caller]
    pub fn says(&mut self, line: &str, answer: &str) -> String {
        let mut said = self.ask(line);
        if said.contains("Waiting for the server …") && !said.contains(answer) {
            said.push_str(&self.hears(answer));
        }
        assert!(said.contains(answer), "{line}: {said}");
        said
    }

    /// Presses Enter until this is news.
    pub fn hears(&mut self, news: &str) -> String {
        let deadline = Deadline::start();
        let mut heard = String::new();
        while !heard.contains(news) {
            assert!(
                !deadline.left().is_zero(),
                "{news:?} is not among:\n{heard}"
            );
            heard.push_str(&self.ask(""));
        }
        heard
    }

    /// Checks that no byte was written that moves a cursor, colours or rings.
    #[track_caller]
    pub fn assert_plain(&self) {
        assert_plain(&self.terminal.raw());
    }

    /// Leaves.
    pub fn quit(mut self) {
        self.terminal.send(b"quit\n");
        assert_eq!(self.terminal.wait_exit().exit_code(), 0);
        self.assert_plain();
        assert!(self.terminal.is_cooked());
    }
}

/// Checks that bytes are text in lines: nothing that moves a cursor, colours or rings.
#[track_caller]
pub fn assert_plain(bytes: &[u8]) {
    let text = String::from_utf8(bytes.to_vec()).expect("it is text");
    // The terminal's line makes a return and a new line of each line's end; ssh adds another return.
    let lines = text.replace("\r\r\n", "\n").replace("\r\n", "\n");
    let other = lines
        .chars()
        .find(|it| it.is_control() && !matches!(it, '\n' | '\t'));
    assert_eq!(other, None, "{text:?}");
}
