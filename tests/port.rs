//! Screens at other terminals than the process's own, several in one process.

use crate::harness;

use harness::terminal::emulator;
use harness::{Server, in_time, ok};
use regex::Regex;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use trolley::config::alerts::AlertWays;
use trolley::config::display::{AsciiMode, Display};
use trolley::config::keymap::{Action, Keymap};
use trolley::config::theme::Theme;
use trolley::model::UserName;
use trolley::model::time::PersonalClock;
use trolley::store::{Address, Policy};
use trolley::tui::ScreenError;
use trolley::tui::runtime::hub::Hub;
use trolley::tui::runtime::screen::{Ended, Screen};
use trolley::tui::terminal::port::{Arrival, Frames, Outlet, Port, STATUS_HANGUP};
use trolley::tui::visit::Visit;

/// A port to a terminal that the test plays.
struct FarPort {
    arrivals: mpsc::UnboundedReceiver<Arrival>,
    outlet: Outlet,
}

impl Port for FarPort {
    async fn next(&mut self) -> Arrival {
        let arrival = self.arrivals.recv().await;
        arrival.unwrap_or(Arrival::End(STATUS_HANGUP))
    }

    fn take_waiting(&mut self) -> Vec<Arrival> {
        std::iter::from_fn(|| self.arrivals.try_recv().ok()).collect()
    }

    fn outlet(&self) -> &Outlet {
        &self.outlet
    }
}

fn hub(server: &Server) -> Arc<Hub> {
    Hub::new(Address::parse(server.url()).unwrap(), None)
}

/// The terminal behind the port, and its screen's task.
struct FarTerminal {
    arrivals: mpsc::UnboundedSender<Arrival>,
    frames: Frames,
    parser: vt100::Parser,
    screen: JoinHandle<Result<Ended, ScreenError>>,
}

impl FarTerminal {
    fn open(hub: &Arc<Hub>, name: &str) -> FarTerminal {
        let (arrivals, incoming) = mpsc::unbounded_channel();
        let (outlet, frames) = Outlet::new();
        let port = FarPort {
            arrivals: incoming,
            outlet,
        };

        let visit = Visit {
            user: UserName::parse("office").unwrap(),
            policy: Policy {
                by: name.to_owned(),
                ..Policy::default()
            },
            keymap: Keymap::default().without(&[Action::Suspend, Action::LoadDemo]),
            display: Display::told_by(AsciiMode::Auto, |_| String::new()),
            alerts: AlertWays::NONE,
            late_colours: None,
            theme: Theme::DARK,
            mouse: true,
            clock: PersonalClock {
                zone: jiff::tz::TimeZone::UTC,
                hours: None,
            },
            size: (120, 36),
            warning: None,
            used_carts: None,
            changes: None,
        };
        FarTerminal {
            arrivals,
            frames,
            parser: emulator(120, 36),
            // Only what may go from thread to thread can be spawned here.
            screen: tokio::spawn(Screen::start(port, visit, hub.clone()).run()),
        }
    }

    fn send(&self, arrival: Arrival) {
        self.arrivals.send(arrival).unwrap();
    }

    fn keys(&self, keys: &str) {
        self.send(Arrival::Bytes(keys.as_bytes().to_vec()));
    }

    fn shows(&self, pattern: &str) -> bool {
        let pattern = Regex::new(&format!("(?m){pattern}")).unwrap();
        pattern.is_match(&self.parser.screen().contents())
    }

    /// Takes the next frame, and does not say that it has been written; returns how long it is.
    async fn take_frame(&mut self) -> usize {
        let frame = in_time("a frame", self.frames.next()).await.unwrap();
        self.parser.process(&frame);
        frame.len()
    }

    /// Takes frames until one shows this regex; that one is not said to be written.
    async fn hold_at(&mut self, pattern: &str) {
        self.take_frame().await;
        while !self.shows(pattern) {
            self.frames.written();
            self.take_frame().await;
        }
    }

    async fn wait(&mut self, pattern: &str) {
        self.hold_at(pattern).await;
        self.frames.written();
    }

    /// Takes frames until one does not show this regex.
    async fn gone(&mut self, pattern: &str) {
        self.take_frame().await;
        while self.shows(pattern) {
            self.frames.written();
            self.take_frame().await;
        }
        self.frames.written();
    }

    /// Waits for the end; returns the exit status.
    async fn end(mut self) -> u8 {
        // Nobody need take the last frames.
        while in_time("the end", self.frames.next()).await.is_some() {
            self.frames.written();
        }
        let ended = in_time("the end", self.screen).await.unwrap().unwrap();
        in_time("the farewell", ended.live.leave()).await;
        ended.status
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn screens_of_one_process_share_a_cart() {
    let server = Server::with_demo();
    let hub = hub(&server);
    let mut ann = FarTerminal::open(&hub, "ann@ssh");
    let mut bob = FarTerminal::open(&hub, "bob@ssh");
    // The catalog may be there before the link is.
    ann.wait(r"● live[\s\S]*64 products").await;
    bob.wait(r"● live[\s\S]*64 products").await;

    let listeners = server.get_list("PUBSUB NUMSUB cart-updates:office");
    assert_eq!(listeners, ["cart-updates:office", "1"], "they share a link");

    ann.keys("/espresso\r12a");
    bob.wait(r"12 Espresso .* 28\.80").await;
    ok(&server, &["product", "set", "espresso", "price=2.50"]);
    ann.wait(r"12 Espresso .* 30\.00").await;
    bob.wait(r"12 Espresso .* 30\.00").await;
    assert!(bob.parser.screen().mouse_protocol_mode() != vt100::MouseProtocolMode::None);

    // A new size begins a new frame, whatever shows meanwhile.
    bob.parser = emulator(80, 24);
    bob.send(Arrival::Resize(80, 24));
    bob.wait(r"12 Espresso").await;

    // An escape on its own is a key, once nothing follows.
    ann.keys("\x1b");
    ann.wait("64 products").await;

    ann.keys("q");
    assert_eq!(ann.end().await, 0);
    bob.send(Arrival::End(7));
    assert_eq!(bob.end().await, 7);
    assert_eq!(server.get("ZSCORE cart:office espresso"), "12");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_done_at_a_terminal_is_not_offered() {
    let server = Server::start();
    let hub = hub(&server);
    let mut ann = FarTerminal::open(&hub, "ann@ssh");
    ann.wait("The catalog is empty").await;
    assert!(!ann.shows("load the demo"));

    ann.keys("D\x1a?G");
    ann.wait("Quit, from anywhere").await;
    assert!(!ann.shows("Suspend"));
    assert_eq!(server.get("EXISTS catalog"), "0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notice_shows_until_a_key_does_something() {
    let server = Server::with_demo();
    let hub = hub(&server);
    let mut ann = FarTerminal::open(&hub, "ann@ssh");
    ann.wait(r"64 products[\s\S]* Activity ").await;

    ann.send(Arrival::Notice(
        "the shop closes in five minutes".to_owned(),
    ));
    ann.wait("the shop closes in five minutes").await;
    ann.keys("v");
    ann.gone(" Activity ").await;
    // The first key may come before the screen has heard that the notice was written.
    if ann.shows("the shop closes") {
        ann.keys("v");
        ann.wait(" Activity ").await;
    }
    assert!(!ann.shows("the shop closes"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_key_orders_that_comes_before_the_total_is_written() {
    let server = Server::with_demo();
    let hub = hub(&server);
    harness::ok(&server, &["add", "espresso", "--user", "office"]);
    let mut ann = FarTerminal::open(&hub, "ann@ssh");
    ann.wait(r"64 products[\s\S]*1 Espresso").await;

    ann.keys("c");
    ann.hold_at("To pay .*[0-9]").await;
    ann.keys("Y");
    ann.frames.written();
    ann.wait("Nothing was ordered").await;

    ann.keys("Y");
    ann.wait("Receipt #1").await;
    assert_eq!(server.get("ZSCORE cart:office espresso"), "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_asked_to_leave_goes_once_changes_are_settled() {
    let server = Server::with_demo();
    let mut ann = FarTerminal::open(&hub(&server), "ann@ssh");
    ann.wait("64 products").await;

    server.freeze();
    ann.keys("/espresso\ra");
    ann.wait("1…").await;
    ann.send(Arrival::Leave);
    // It still answers meanwhile.
    ann.send(Arrival::Notice("the shop closes".to_owned()));
    ann.wait("the shop closes").await;

    server.thaw();
    assert_eq!(ann.end().await, 0);
    assert_eq!(server.get("ZSCORE cart:office espresso"), "1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_held_queues_one_frame() {
    let server = Server::with_demo();
    let hub = hub(&server);
    let mut ann = FarTerminal::open(&hub, "ann@ssh");
    ann.hold_at("64 products").await;

    // The link takes nothing while the key is held for a while, and then another is pressed.
    for _ in 0..40 {
        ann.keys("j");
    }
    ann.keys("a");
    let added = || server.get("ZCARD cart:office") == "1";
    harness::until("the keys have been taken in", added);

    ann.frames.written();
    ann.take_frame().await;
    assert!(
        ann.shows(r" 41 of 64 "),
        "{}",
        ann.parser.screen().contents()
    );
}

/// A line of 9,600 baud, which takes 32 bytes between two presses of a key that repeats 30 times a
/// second.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_line_is_one_frame_behind_a_key_that_is_held() {
    const BETWEEN_PRESSES: usize = 960 / 30;
    let server = Server::with_demo();
    let hub = hub(&server);
    let mut ann = FarTerminal::open(&hub, "ann@ssh");
    ann.wait("64 products").await;
    ann.keys("j");
    let mut on_the_line = ann.take_frame().await;

    let (mut taken, mut frames, mut bytes) = (0, 1, on_the_line);
    for _ in 0..60 {
        ann.keys("j");
        taken += BETWEEN_PRESSES;
        if taken >= on_the_line {
            taken -= on_the_line;
            ann.frames.written();
            on_the_line = ann.take_frame().await;
            frames += 1;
            bytes += on_the_line;
        }
    }
    println!("{frames} frames, {bytes} bytes of 61 keys");
    assert!(frames < 61 / 2, "most keys have no frame of their own");

    // All keys have been taken in before the line is through with the frame that is on it.
    ann.keys("a");
    let added = || server.get("ZCARD cart:office") == "1";
    harness::until("the keys have been taken in", added);
    ann.frames.written();
    ann.take_frame().await;
    let screen = ann.parser.screen().contents();
    assert!(ann.shows(r" 62 of 64 "), "{screen}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_key_acts_on_a_row_that_came_before_it_was_seen() {
    let server = Server::with_demo();
    let hub = hub(&server);
    for product in ["espresso", "ginger-beer"] {
        ok(&server, &["add", product, "--user", "office"]);
    }
    let mut ann = FarTerminal::open(&hub, "ann@ssh");
    ann.wait(r"64 products[\s\S]*1 Espresso").await;
    ann.keys("\t");
    ann.wait("1 of 2").await;

    // Somebody takes the selected line out, and the key for it comes before that has been seen.
    ok(&server, &["remove", "espresso", "--user", "office"]);
    ann.hold_at("1 of 1").await;
    ann.keys("d");
    ann.frames.written();
    ann.wait("Espresso has gone: that key did nothing").await;
    assert_eq!(server.get("ZSCORE cart:office ginger-beer"), "1");

    ann.keys("d");
    ann.wait("The cart is empty").await;
}
