//! A terminal at the end of a slow line, whose system takes far more than it passes on: only the
//! terminal itself tells what has arrived.

use crate::harness;

use harness::terminal::{Builder, emulator};
use harness::{Server, TROLLEY, Terminal, until};
use memchr::memmem::{find, find_iter};
use std::time::{Duration, Instant};

/// What begins and ends a frame, and the question behind it.
const FRAME_BEGINS: &[u8] = b"\x1b[?2026h";
const FRAME_ENDS: &[u8] = b"\x1b[?2026l";
const ASK_STATUS: &[u8] = b"\x1b[5n";
const STATUS: &[u8] = b"\x1b[0n";

/// The bytes that may be on their way when the next frame goes.
const WINDOW: usize = 500;
/// The time between two presses of a key that is held.
const PRESS: Duration = Duration::from_millis(33);
/// The bytes that a line of 9,600 baud takes in a second.
const BYTES_A_SECOND: usize = 960;
/// A time after which an answer is no quick one.
const LATE: Duration = Duration::from_millis(400);

fn builder(server: &Server) -> Builder {
    Terminal::builder(TROLLEY)
        .args(&["--redis", server.url(), "--user", "alice"])
        .home(server.dir())
}

/// The shop of `builder`, in a terminal that has told what it has read.
fn shop_of(builder: Builder) -> Terminal {
    let shop = builder.open();
    shop.wait("64 products");
    shop.wait("● live");
    shop
}

fn count(bytes: &[u8], sequence: &[u8]) -> usize {
    find_iter(bytes, sequence).count()
}

fn frames(bytes: &[u8]) -> usize {
    count(bytes, FRAME_BEGINS)
}

/// The length of the longest frame.
fn longest_frame(bytes: &[u8]) -> usize {
    let begins = find_iter(bytes, FRAME_BEGINS);
    let ends: Vec<usize> = begins.chain([bytes.len()]).collect();
    let lengths = ends.windows(2).map(|pair| pair[1] - pair[0]);
    lengths.max().unwrap()
}

/// What shows once the first frame behind so many bytes has ended; `None` before.
fn shown_by_frame_after(shop: &Terminal, bytes: usize) -> Option<String> {
    let raw = shop.raw();
    let end = bytes + find(&raw[bytes..], FRAME_ENDS)? + FRAME_ENDS.len();
    let mut parser = emulator(120, 36);
    parser.process(&raw[..end]);
    Some(parser.screen().contents())
}

/// Presses a key while the line is stopped, and waits for its frame.
fn press_unanswered(shop: &mut Terminal, key: &[u8]) {
    shop.stop_line();
    shop.send(key);
    until("a frame with a question", || {
        count(&shop.on_the_way(), ASK_STATUS) > 0
    });
}

/// Lets a frame be answered late, so that at most [`WINDOW`] bytes and a frame are on their way. The
/// line is stopped then, with that frame answered.
fn shrink_window(shop: &mut Terminal) {
    press_unanswered(shop, b"j");
    std::thread::sleep(LATE);
    shop.let_arrive(usize::MAX);
    until("the answer is read", || shop.unread_keys() == 0);
}

#[test]
fn a_key_that_is_held_has_few_frames_on_their_way() {
    let server = Server::with_demo();
    let mut shop = shop_of(builder(&server));
    shrink_window(&mut shop);
    let held_from = shop.raw().len();
    press_unanswered(&mut shop, b"jj");
    std::thread::sleep(LATE);

    let mut most = (0, 0);
    let mut last = Instant::now();
    for _ in 2..60 {
        shop.send(b"j");
        std::thread::sleep(PRESS);
        // However long it took: the line never waits for this test.
        let passed = last.elapsed();
        last += passed;
        shop.let_arrive(BYTES_A_SECOND * passed.as_millis() as usize / 1_000);
        let waiting = shop.on_the_way();
        most = most.max((frames(&waiting), waiting.len()));
    }
    let (most_frames, most_bytes) = most;
    let sent = &shop.raw()[held_from..];
    println!("{} frames, {} bytes of 60 keys", frames(sent), sent.len());
    println!("at most {most_frames} frames, {most_bytes} bytes on their way");
    let longest = longest_frame(sent);
    assert!(most_bytes <= WINDOW + longest, "{most_bytes} of {longest}");
    assert!(frames(sent) < 60 / 2, "{} frames", frames(sent));

    // The first frame after all keys have been taken in shows what they did.
    shop.send(b"a");
    let added = || server.get("ZCARD cart:alice") == "1";
    until("the keys have been taken in", added);
    let sent = shop.raw().len();
    shop.open_line();
    let mut shown = None;
    until("one more frame", || {
        shown = shown_by_frame_after(&shop, sent);
        shown.is_some()
    });
    let shown = shown.unwrap();
    assert!(shown.contains(" 62 of 64 "), "{shown}");
}

#[test]
fn a_terminal_that_never_answers_is_asked_once() {
    let server = Server::with_demo();
    let mut shop = shop_of(builder(&server).without_status());
    for row in 2..20 {
        shop.keys("j");
        shop.wait(&format!(" {row} of 64 "));
    }
    shop.keys("?");
    shop.wait("Space more");
    shop.keys("esc q");
    assert!(shop.wait_exit().success());
    shop.assert_restored();
    assert_eq!(count(&shop.raw(), ASK_STATUS), 1);
}

#[test]
fn a_terminal_that_answers_late_is_not_waited_for_meanwhile() {
    let server = Server::with_demo();
    let mut shop = shop_of(builder(&server));
    shrink_window(&mut shop);
    // More than the window.
    press_unanswered(&mut shop, b"?");
    shop.keys("esc");
    // They go on, unasked, although nothing has arrived.
    shop.keys("j j j");
    shop.wait(" 5 of 64 ");
    let asked = count(&shop.raw(), ASK_STATUS);
    shop.keys("j");
    shop.wait(" 6 of 64 ");
    assert_eq!(count(&shop.raw(), ASK_STATUS), asked);

    // It answers after all.
    shop.open_line();
    until("it is asked again", || {
        shop.keys("j");
        count(&shop.raw(), ASK_STATUS) > asked
    });
}

#[test]
fn answers_that_nobody_asked_for_do_nothing() {
    let server = Server::with_demo();
    let mut shop = shop_of(builder(&server));
    shop.send(&[&STATUS.repeat(1_000)[..], b"a"].concat());
    shop.wait("1 item");
    shop.send(b"\x1b[\x1b[0\x1b[0n\x1b[00n\x1b[0;n\x1b[-0na");
    shop.wait("2 items");
    shop.keys("/ tea");
    shop.wait("/tea [0-9]+ of 64");
    // Escape is a key, whatever comes behind it.
    shop.send(&[b"\x1b", STATUS].concat());
    shop.wait("64 products");
    until("one product was added twice", || {
        server.get_list("ZRANGE cart:alice 0 -1 WITHSCORES").len() == 2
            && server.get("ZCOUNT cart:alice 2 2") == "1"
    });
}

/// A shell that says what it gets once the shop has gone.
fn shell(server: &Server) -> Terminal {
    let mut shell = Terminal::builder("bash")
        .args(&["--norc", "--noediting", "-i"])
        .home(server.dir())
        .env("PS1", "prompt> ")
        .open();
    shell.wait("prompt> ");
    let line = format!("{TROLLEY} --redis {} --user alice\r", server.url());
    shell.send(line.as_bytes());
    shell.wait("64 products");
    shell.wait("● live");
    shell
}

/// Asks the shell what it has got.
fn assert_nothing_leaked(shell: &mut Terminal) {
    shell.wait("prompt> $");
    shell.send(b"echo got$((40 + 2))\r");
    shell.wait("^got42$");
    let text = shell.text();
    assert!(!text.contains("[0n"), "{text}");
    assert!(!text.contains("not found"), "{text}");
}

#[test]
fn a_window_that_gets_another_size_ends_no_wait_for_answers() {
    let server = Server::with_demo();
    let mut shell = shell(&server);
    press_unanswered(&mut shell, b"j");
    shell.send(b"q");
    until("the key is read", || shell.unread_keys() == 0);
    // Nothing tells when the wait begins: some of these come within it.
    for columns in 100..110 {
        shell.resize(columns, 36);
        std::thread::sleep(PRESS);
    }
    shell.open_line();
    assert_nothing_leaked(&mut shell);
}

#[test]
fn no_answer_comes_out_behind_the_screen() {
    let server = Server::with_demo();
    for key in [&b"q"[..], b"\x1a"] {
        let mut shell = shell(&server);
        press_unanswered(&mut shell, b"j");
        shell.send(key);
        until("the key is read", || shell.unread_keys() == 0);
        shell.open_line();
        assert_nothing_leaked(&mut shell);
    }
}
