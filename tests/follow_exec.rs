//! Orders go to a command: each at least once, none kept back by another, and no name in them is
//! ever a piece of the command.

use crate::harness;

use harness::{Running, Server, ok, ok_as, trolley, until};
use rustix::process::{Pid, Signal, test_kill_process};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

/// A `trolley orders --follow --exec` under way.
fn following(server: &Server, command: &str, more: &[&str]) -> Running {
    let follow = ["--redis", server.url(), "orders", "--follow", "--exec"];
    let args = [&follow[..], &[command], more].concat();
    Running::start(trolley(server.dir(), &args).env("TZ", "UTC"))
}

/// A server that sells tea.
fn tea_shop() -> Server {
    let server = Server::start();
    server.cmd("HSET product:tea name Tea price 2.40");
    server
}

/// Orders a tea; returns the order's id.
fn order(server: &Server, cart: &str) -> String {
    ok_as(server, cart, "ann", &["add", "tea"]);
    let told = ok_as(server, cart, "ann", &["checkout", "--yes", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    told["order"].as_str().unwrap().to_owned()
}

/// Waits until no order is delivered and not acknowledged.
fn wait_acknowledged(server: &Server) {
    until("all orders are acknowledged", || pending(server).is_empty());
}

/// The orders that are delivered and not acknowledged, a line for each value.
fn pending(server: &Server) -> String {
    server
        .cli("XPENDING orders trolley - + 99")
        .trim()
        .to_owned()
}

/// Waits until a process has ended: it is gone, or nobody has asked for its status yet.
fn wait_ended(process: &str) {
    let id = Pid::from_raw(process.parse().unwrap()).unwrap();
    until("the process ends", || {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        test_kill_process(id).is_err() || stat.contains(") Z ")
    });
}

fn wait_exists(file: &Path) {
    until("the command is at work", || file.exists());
}

#[test]
fn a_command_is_given_the_receipt() {
    let server = tea_shop();
    let tell = r#"cat; echo "$TROLLEY_ORDER $TROLLEY_NUMBER $TROLLEY_STATE $TROLLEY_CART""#;
    let mut follower = following(&server, tell, &["--group", "kitchen"]);
    let id = order(&server, "office");

    // It is the same as what is printed without a command.
    let follow = ["--redis", server.url(), "orders", "--follow"];
    let mut printer = Running::start(trolley(server.dir(), &follow).env("TZ", "UTC"));
    for _ in 0..3 {
        assert_eq!(follower.line(), printer.line());
    }
    assert_eq!(follower.line(), format!("{id} 1 placed office"));

    ok(&server, &["order", "1", "cancel"]);
    for _ in 0..3 {
        assert_eq!(follower.line(), printer.line());
    }
    assert_eq!(follower.line(), format!("{id} 1 cancelled office"));

    let mut programs = following(
        &server,
        "cat",
        &["--json", "--from-start", "--group", "bar"],
    );
    let document = programs.json();
    assert_eq!(document["order"], id.as_str());
    assert_eq!(document["state"], "cancelled");
}

#[test]
fn a_command_that_fails_is_repeated_and_keeps_no_other_order() {
    let server = tea_shop();
    let paper = server.dir().join("paper");
    let print = format!(
        r#"echo "$TROLLEY_CART"; test "$TROLLEY_CART" = office || test -e '{}'"#,
        paper.display()
    );
    let mut follower = following(&server, &print, &[]);
    order(&server, "kitchen");
    order(&server, "bar");
    order(&server, "office");

    // The first two fail, again and again, and the third one comes all the same.
    let mut came = Vec::new();
    let count = |came: &[String], cart: &str| came.iter().filter(|came| *came == cart).count();
    while count(&came, "kitchen") < 2 || count(&came, "bar") < 2 || count(&came, "office") < 1 {
        came.push(follower.line());
    }
    assert_eq!(came[0], "kitchen");
    until("the third one is acknowledged", || {
        pending(&server).lines().count() == 8
    });

    std::fs::write(&paper, "").unwrap();
    wait_acknowledged(&server);
    order(&server, "office");
    until("the other order comes", || {
        came.push(follower.line());
        came.last().unwrap() == "office"
    });
    wait_acknowledged(&server);
    follower.signal(Signal::TERM);
    let output = follower.finish();
    assert_eq!(output.status.signal(), Some(15));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        came.iter().filter(|cart| *cart == "office").count() + printed.matches("office").count(),
        2
    );

    let said = String::from_utf8(output.stderr).unwrap();
    let words = r"(?m)^trolley: order #1 \(\S+\): the command has failed \(exit status: 1\); trying it again in 1 second$";
    assert!(regex::Regex::new(words).unwrap().is_match(&said), "{said}");
}

#[test]
fn a_cancelled_order_whose_command_failed_is_tried_no_more() {
    let server = tea_shop();
    let mut follower = following(
        &server,
        "echo $TROLLEY_STATE $TROLLEY_CART; test $TROLLEY_CART = office || test $TROLLEY_STATE = cancelled",
        &[],
    );
    order(&server, "kitchen");
    assert_eq!(follower.line(), "placed kitchen");
    ok(&server, &["order", "1", "cancel"]);
    until("the command hears of it", || {
        follower.line() == "cancelled kitchen"
    });
    wait_acknowledged(&server);
    order(&server, "office");
    assert_eq!(follower.line(), "placed office");
}

#[test]
fn a_cancellation_whose_command_fails_keeps_no_order() {
    let server = tea_shop();
    let paper = server.dir().join("paper");
    let tell = format!(
        "echo $TROLLEY_STATE $TROLLEY_CART; test $TROLLEY_STATE = placed || test -e {}",
        paper.display()
    );
    let mut follower = following(&server, &tell, &[]);
    order(&server, "kitchen");
    assert_eq!(follower.line(), "placed kitchen");
    wait_acknowledged(&server);

    ok(&server, &["order", "1", "cancel"]);
    assert_eq!(follower.line(), "cancelled kitchen");
    order(&server, "bar");
    until("the next order comes", || follower.line() == "placed bar");

    let cancelled = || server.cli("XPENDING {orders}:cancelled trolley - + 9");
    assert_ne!(cancelled().trim(), "");
    std::fs::write(&paper, "").unwrap();
    until("the cancellation is told", || cancelled().trim().is_empty());
}

#[test]
fn a_command_runs_once_though_the_link_breaks_meanwhile() {
    let server = tea_shop();
    let go = server.dir().join("go");
    let began = server.dir().join("began");
    let wait = format!(
        "touch {}; until test -e {}; do sleep 0.05; done; echo $TROLLEY_CART",
        began.display(),
        go.display()
    );
    let mut follower = following(&server, &wait, &[]);
    order(&server, "kitchen");
    wait_exists(&began);

    server.cmd("CLIENT KILL TYPE normal");
    std::fs::write(&go, "").unwrap();
    assert_eq!(follower.line(), "kitchen");
    wait_acknowledged(&server);
    order(&server, "bar");
    assert_eq!(follower.line(), "bar");
}

#[test]
fn a_command_that_hangs_is_ended_with_all_its_processes() {
    let server = tea_shop();
    // One process ends when it is asked to, another has to be killed.
    let hang =
        r#"sh -c 'trap "" TERM; echo $$; while :; do sleep 1; done' & sleep 1000 & echo $!; wait"#;
    let mut follower = following(&server, hang, &["--exec-timeout", "1s"]);
    let id = order(&server, "office");
    let processes = [follower.line(), follower.line()];
    for process in processes {
        wait_ended(&process);
    }
    // It runs again.
    follower.line();
    assert!(!pending(&server).is_empty());
    follower.signal(Signal::INT);
    let output = follower.finish();
    assert_eq!(output.status.signal(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    let words = format!("order #1 ({id}): the command was ended after 1 second; trying it again");
    assert!(said.contains(&words), "{said}");
}

#[test]
fn who_is_told_to_end_ends_the_command_and_the_order_comes_again() {
    let server = tea_shop();
    let id = order(&server, "office");
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let mut follower = following(
            &server,
            "sleep 1000 & echo $!; wait",
            &["--claim-after", "1s"],
        );
        let process = follower.line();
        follower.signal(signal);
        assert_eq!(follower.wait().signal(), Some(signal.as_raw()));
        wait_ended(&process);
        assert!(!pending(&server).is_empty());
    }

    // Killed, it can end nothing.
    let mut follower = following(&server, "echo; sleep 1", &["--claim-after", "1s"]);
    follower.line();
    follower.kill();
    let count = ["--claim-after", "1s", "--count", "1"];
    let mut follower = following(&server, "echo $TROLLEY_ORDER", &count);
    assert_eq!(follower.line(), id);
    assert!(follower.wait().success());
    wait_acknowledged(&server);
}

#[test]
fn no_other_follower_takes_an_order_whose_command_runs() {
    let server = tea_shop();
    let go = server.dir().join("go");
    let began = server.dir().join("began");
    let wait = format!(
        "touch {}; until test -e {}; do sleep 0.05; done; echo one",
        began.display(),
        go.display()
    );
    let claim = ["--claim-after", "3s"];
    let mut one = following(
        &server,
        &wait,
        &[&claim[..], &["--consumer", "one"]].concat(),
    );
    order(&server, "office");
    wait_exists(&began);

    let mut two = following(&server, "echo two $TROLLEY_CART", &claim);
    let searches = || {
        let stats = server.get("INFO commandstats");
        let calls = regex::Regex::new(r"cmdstat_xautoclaim:calls=(\d+)").unwrap();
        calls.captures(&stats).unwrap()[1].parse::<u64>().unwrap()
    };
    // It searches both streams once a second for what was left.
    let before = searches();
    until("the other follower searches", || searches() >= before + 12);
    assert!(pending(&server).contains("one"), "{}", pending(&server));
    std::fs::write(&go, "").unwrap();
    assert_eq!(one.line(), "one");
    wait_acknowledged(&server);

    one.kill();
    order(&server, "bar");
    assert_eq!(two.line(), "two bar");
}

#[test]
fn names_are_never_a_piece_of_the_command() {
    let server = tea_shop();
    let line = r#"{"product":"tea","name":"$(touch pwned) `touch pwned`; touch pwned","quantity":1,"price":"2.40","total":"2.40"}"#;
    // More than a pipe holds.
    let lines = format!("[{}]", vec![line; 2_000].join(","));
    let name = b"a\0b'; touch pwned; '\"$(touch pwned)\x1b[31m\nTROLLEY_ORDER=x";
    let id = "20261124-7KQ2-M8XD";
    let entry: [&[u8]; 15] = [
        b"XADD",
        b"orders",
        b"*",
        b"id",
        id.as_bytes(),
        b"user",
        name,
        b"who",
        name,
        b"at",
        b"1",
        b"total",
        b"2.40\0",
        b"lines",
        lines.as_bytes(),
    ];
    server.raw(&entry);

    let tell = "cat >receipt; printf '%s|%s|%s|%s\n' \"$TROLLEY_ORDER\" \"$TROLLEY_NUMBER\" \"$TROLLEY_STATE\" \"$TROLLEY_CART\"";
    let follow = [
        "--redis",
        server.url(),
        "orders",
        "--follow",
        "--exec",
        tell,
        "--count",
        "1",
    ];
    let mut command = trolley(server.dir(), &follow);
    let mut follower = Running::start(command.current_dir(server.dir()).env("TROLLEY_NUMBER", "7"));
    let told = follower.line();
    assert!(told.starts_with(&format!("{id}|||")), "{told}");
    assert!(told.contains("$(touch pwned)"), "{told}");
    assert!(!told.contains(char::is_control), "{told}");
    assert!(follower.wait().success());
    let receipt = std::fs::read_to_string(server.dir().join("receipt")).unwrap();
    assert_eq!(receipt.matches("`touch pwned`").count(), 2_000);
    assert!(!server.dir().join("pwned").exists());

    // A command may leave all of that unread.
    for command in ["true", "exec <&-; sleep 0.1"] {
        let count = [
            "--group",
            command.split(' ').next().unwrap(),
            "--count",
            "1",
        ];
        let output = following(&server, command, &count).finish();
        assert!(output.status.success(), "{output:?}");
    }
}

#[test]
fn a_command_that_is_not_there_is_told() {
    let server = tea_shop();
    order(&server, "office");
    let mut follower = following(&server, "echo tried; nowhere-to-be-found", &[]);
    assert_eq!(follower.line(), "tried");
    assert_eq!(follower.line(), "tried");
    assert!(!pending(&server).is_empty());
    follower.signal(Signal::TERM);
    let said = String::from_utf8(follower.finish().stderr).unwrap();
    assert!(
        said.contains("the command has failed (exit status: 127)"),
        "{said}"
    );

    for args in [
        &["orders", "--exec", "cat"][..],
        &["orders", "--follow", "--exec-timeout", "1s"],
        &[
            "orders",
            "--follow",
            "--exec",
            "cat",
            "--exec-timeout",
            "soon",
        ],
    ] {
        let output = harness::run(&server, args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
    }
}
