//! What is written down: one line per change, links that break and come back, nothing else.

use crate::harness;

use harness::{Finish, Server, TROLLEY, Terminal, ok};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

#[test]
fn a_terminal_writes_its_log_and_shows_none_of_it() {
    let mut server = Server::with_demo();
    let log = server.dir().join("trolley.log");
    let args = [
        "--redis",
        server.url(),
        "--user",
        "alice",
        "--log",
        log.to_str().unwrap(),
        "--log-level",
        "info",
    ];
    let mut ann = Terminal::builder(TROLLEY)
        .args(&args)
        .home(server.dir())
        .open();
    ann.wait("64 products");
    ann.keys("/ espresso enter 3 a");
    ann.wait(r"3 Espresso .* 7\.20");
    ann.keys("9 9 9 a");
    ann.wait("Too many");
    server.kill();
    ann.wait("offline since");
    server.restart();
    ann.wait("● live");
    ann.keys("q");
    ann.wait_exit();
    let raw = ann.raw();
    let shown = String::from_utf8_lossy(&raw);
    assert!(!shown.contains("outcome") && !shown.contains("INFO"));
    let text = std::fs::read_to_string(&log).unwrap();
    let changes: Vec<&str> = text
        .lines()
        .filter(|line| line.contains(" change "))
        .collect();
    assert_eq!(changes.len(), 2, "{text}");
    let version = server.get("HGET {cart:alice}:meta version");
    for part in [
        "cart=\"alice\"",
        "op=\"",
        &format!("version={version}"),
        "outcome=\"applied\"",
        "ms=",
    ] {
        assert!(changes[0].contains(part), "{part}: {text}");
    }
    assert!(changes[1].contains("outcome=\"too_many\""), "{text}");
    assert!(
        text.contains("link down") && text.matches("link up").count() >= 2,
        "{text}"
    );
    assert_eq!(
        std::fs::metadata(&log).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let ordered = ok(
        &server,
        &[
            "checkout",
            "--yes",
            "--user",
            "alice",
            "--log",
            log.to_str().unwrap(),
        ],
    );
    let text = std::fs::read_to_string(&log).unwrap();
    let line = text.lines().last().unwrap();
    assert!(
        line.contains("cart=\"alice\"") && line.contains("outcome=\"placed\""),
        "{text}"
    );
    let id = line
        .split("order=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    assert!(ordered.contains(id), "{id}: {ordered}");
}

/// A named pipe in the server's folder.
fn named_pipe(server: &Server) -> PathBuf {
    let pipe = server.dir().join("pipe");
    let mut make = harness::command("mkfifo");
    let made = make.args(["-m", "600"]).arg(&pipe).finish();
    assert!(made.status.success());
    pipe
}

#[test]
fn a_pipe_that_nobody_opens_is_told() {
    let server = Server::with_demo();
    let pipe = named_pipe(&server);
    let pipe = pipe.to_str().unwrap();

    for (flag, said) in [
        ("--log", "nobody reads this pipe"),
        ("--config", "nobody writes to this pipe"),
        ("--password-file", "nobody writes to this pipe"),
    ] {
        let output = harness::run(&server, &[flag, pipe, "cart"]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && stderr.contains(said),
            "{flag}: {stderr}"
        );
    }
}

#[test]
fn what_is_written_to_a_pipe_is_read() {
    let server = Server::with_demo();
    let pipe = named_pipe(&server);
    let path = pipe.to_str().unwrap();

    // Written late and in two parts.
    let writer = std::thread::spawn({
        let pipe = pipe.clone();
        move || {
            let mut pipe = std::fs::OpenOptions::new().write(true).open(pipe).unwrap();
            pipe.write_all(b"user = ").unwrap();
            pipe.write_all(b"'from-pipe'\n").unwrap();
        }
    });
    let shown = harness::ok(&server, &["--config", path, "config"]);
    writer.join().unwrap();
    assert!(shown.contains("from-pipe"), "{shown}");
}
