//! The private server: found, started once, joined, revived, stopped.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod harness;

use harness::home::refusal;
use harness::{Deadline, Finish, Home, Running, TROLLEY, Terminal, command, trolley};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;

#[test]
fn the_first_start_brings_the_demo_catalog_and_the_data_outlive_the_server() {
    let home = Home::new();
    assert_eq!(home.run(&["engine", "status"]).status.code(), Some(3));
    home.ok(&["--user", "alice", "add", "espresso", "3"]);
    let status = home.status();
    assert_eq!(status["running"], true);
    let socket = Path::new(status["socket"].as_str().unwrap()).to_owned();
    let mode = socket
        .parent()
        .unwrap()
        .metadata()
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
    home.ok(&["engine", "stop"]);
    assert_eq!(home.status()["running"], false);
    assert!(!socket.exists());
    assert!(
        home.ok(&["--user", "alice", "cart"])
            .contains("3  Espresso")
    );
    // Killed: the stale socket is recovered, and nothing confirmed is lost.
    home.ok(&["--user", "alice", "add", "espresso", "2"]);
    home.kill_server();
    assert!(
        home.ok(&["--user", "alice", "cart"])
            .contains("5  Espresso")
    );
    // A catalog that was emptied on purpose stays empty.
    let mut link = harness::server::open(&format!("unix://{}", socket.display())).unwrap();
    let keys: Vec<String> = redis::cmd("KEYS")
        .arg("product:*")
        .query(&mut link)
        .unwrap();
    redis::cmd("DEL")
        .arg(keys)
        .arg("catalog")
        .exec(&mut link)
        .unwrap();
    assert_eq!(home.ok(&["products"]), "");
}

#[test]
fn ten_started_at_the_same_instant_share_one_server() {
    for _ in 0..5 {
        let home = Home::new();
        let starts: Vec<_> = (0..10)
            .map(|_| {
                Running::start(&mut trolley(
                    home.path(),
                    &["--user", "alice", "add", "espresso"],
                ))
            })
            .collect();
        for start in starts {
            let output = start.finish();
            assert!(output.status.success(), "{output:?}");
        }
        assert!(
            home.ok(&["--user", "alice", "cart"])
                .contains("10  Espresso")
        );
        assert_eq!(
            home.ok(&["products"]).lines().count(),
            65,
            "a head and 64 products"
        );
    }
}

#[test]
fn another_runtime_folder_joins_the_same_server() {
    let home = Home::new();
    home.ok(&["--user", "alice", "add", "espresso"]);
    let before = home.status();
    let other = home.path().join("run");
    let output = trolley(home.path(), &["--user", "alice", "cart"])
        .env("XDG_RUNTIME_DIR", &other)
        .finish();
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("1  Espresso"),
        "{output:?}"
    );
    assert_eq!(home.status(), before);
    // Its socket's folder is removed, as by a log-out: a new server takes over its data.
    std::fs::remove_dir_all(
        Path::new(before["socket"].as_str().unwrap())
            .parent()
            .unwrap(),
    )
    .unwrap();
    assert!(
        home.ok(&["--user", "alice", "cart"])
            .contains("1  Espresso")
    );
    assert_ne!(home.status()["pid"], before["pid"]);
}

#[test]
fn open_terminals_bring_a_killed_server_back_but_not_a_stopped_one() {
    let home = Home::new();
    let open = |name| {
        Terminal::builder(TROLLEY)
            .args(&["--user", "alice", "--name", name])
            .home(home.path())
            .open()
    };
    let (mut ann, bob) = (open("ann"), open("bob"));
    ann.wait("64 products");
    bob.wait("64 products");
    ann.keys("a");
    bob.wait("1 item ");
    home.kill_server();
    ann.wait("offline");
    ann.keys("a");
    bob.wait("2 items");
    ann.wait("● live");
    home.ok(&["engine", "stop"]);
    ann.wait("offline");
    ann.wait("was stopped");
    assert_eq!(home.status()["running"], false);
    home.ok(&["engine", "start"]);
    ann.wait("● live");
    bob.wait("● live");
    bob.wait("2 items");
}

#[test]
fn the_screen_says_that_nobody_with_another_login_reaches_this_shop() {
    let home = Home::new();
    let screen = Terminal::builder(TROLLEY)
        .args(&["--user", "office", "--name", "ann"])
        .home(home.path())
        .open();
    screen.wait("cart of office \\(your login only\\)");
    screen.wait("This shop is on this computer, for your login only");
    assert!(
        home.ok(&["config"])
            .contains("private server of your login")
    );
}

#[test]
fn only_the_process_that_holds_the_lock_is_named_and_stopped() {
    let home = Home::new();
    home.ok(&["--user", "alice", "add", "espresso"]);
    let server = home.server();
    let pid_file = home.data().join("redis.pid");

    // A server that runs is found whatever a file says of its process.
    for said in ["", "1", "-1", "x", "99999999999999999999"] {
        fs::write(&pid_file, said).unwrap();
        assert_eq!(home.server(), server, "{said:?}");
    }
    assert_eq!(
        home.ok(&["engine", "stop"]),
        "The private server has stopped; its data is saved\n"
    );
    assert!(has_ended(server));

    // The number is another program's now.
    let mut bystander = Running::start(command("sleep").arg("1000"));
    fs::write(&pid_file, bystander.id().to_string()).unwrap();
    assert_eq!(home.status()["pid"], serde_json::Value::Null);
    assert_eq!(
        home.ok(&["engine", "stop"]),
        "The private server is not running\n"
    );
    home.ok(&["engine", "start"]);
    assert_ne!(home.status()["pid"], bystander.id());
    home.ok(&["engine", "stop"]);
    assert!(bystander.is_alive());
}

#[test]
fn a_child_that_a_killed_server_leaves_behind_does_not_keep_the_next_from_starting() {
    let home = Home::new();
    home.ok(&["--user", "alice", "add", "espresso"]);
    let server = home.server();
    let url = format!("unix://{}/redis.sock", home.state().display());
    let mut link = harness::server::open(&url).unwrap();

    // It writes one key in ten seconds.
    for line in ["CONFIG SET rdb-key-save-delay 10000000", "BGREWRITEAOF"] {
        let words: Vec<&str> = line.split(' ').collect();
        redis::cmd(words[0])
            .arg(&words[1..])
            .exec(&mut link)
            .unwrap();
    }
    let child = harness::patience::answer("the child", || child_of(server).ok_or("none"));
    home.kill_server();

    assert_eq!(home.status()["running"], false);
    assert!(
        home.ok(&["--user", "alice", "cart"])
            .contains("1  Espresso")
    );
    assert!(has_ended(child), "it still writes");
}

#[test]
fn a_server_whose_data_folder_is_removed_makes_room_for_another() {
    let home = Home::new();
    let open = || {
        Terminal::builder(TROLLEY)
            .args(&["--user", "alice"])
            .home(home.path())
            .open()
    };
    let screen = open();
    screen.wait("64 products");
    home.ok(&["--user", "alice", "add", "espresso", "5"]);
    screen.wait("5 items");
    let forgotten = home.server();
    fs::remove_dir_all(home.data()).unwrap();

    // All terminals are in the new shop, none in the old one.
    home.ok(&["--user", "alice", "add", "espresso", "2"]);
    screen.wait("2 items");
    assert!(has_ended(forgotten));
    assert_eq!(home.status()["running"], true);
}

#[test]
fn a_frozen_server_is_left_alone() {
    let home = Home::new();
    home.ok(&["--user", "alice", "add", "espresso"]);
    let server = home.server();

    kill_process(server, Signal::STOP).unwrap();
    let starts: Vec<_> = (0..10)
        .map(|_| Running::start(&mut home.command(&["--user", "alice", "cart"])))
        .collect();
    for start in starts {
        let output = start.finish();
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("does not answer"), "{said}");
    }
    assert_eq!(home.status()["running"], false);
    assert_eq!(home.server(), server);

    kill_process(server, Signal::CONT).unwrap();
    home.ok(&["--user", "alice", "add", "espresso"]);
    assert_eq!(home.server(), server);
}

/// Whether a process has ended, though nobody may have asked how.
fn has_ended(process: Pid) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/status", process.as_raw_nonzero()));
    status.map_or(true, |status| status.contains("State:\tZ"))
}

/// A child process of this one.
fn child_of(parent: Pid) -> Option<Pid> {
    let pid = parent.as_raw_nonzero();
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    Pid::from_raw(children.split_whitespace().next()?.parse().unwrap())
}

#[test]
fn a_starter_that_is_killed_at_any_moment_keeps_nobody_from_starting() {
    for name in ["lock", "turn", "room", "socket", "redis.log", "redis.pid"] {
        let home = Home::new();
        let seen = home.data().join(name);
        let mut starter = Running::start(&mut home.command(&["engine", "start"]));
        let deadline = Deadline::start();
        while !seen.exists() && starter.is_alive() {
            deadline.check(name);
        }
        starter.kill();

        home.ok(&["--user", "alice", "add", "espresso"]);
        assert_eq!(home.status()["running"], true, "{name}");
    }
}

#[test]
fn a_socket_that_something_else_listens_on_is_replaced() {
    let home = Home::new();
    fs::create_dir_all(home.state()).unwrap();
    let socket = home.state().join("redis.sock");
    let _listener = UnixListener::bind(&socket).unwrap();
    fs::create_dir_all(home.data()).unwrap();
    fs::write(home.data().join("socket"), socket.to_str().unwrap()).unwrap();

    assert_eq!(home.status()["running"], false);
    home.ok(&["--user", "alice", "add", "espresso"]);
}

#[test]
fn a_home_of_any_name_will_do() {
    use std::os::unix::ffi::OsStrExt;
    let odd = std::ffi::OsStr::from_bytes(b"not \xff text");
    for name in ["a b".as_ref(), "it's \"quoted\" #1 $x \\".as_ref(), odd] {
        let home = Home::named(name);
        home.ok(&["--user", "alice", "add", "espresso"]);
        assert_eq!(home.status()["running"], true, "{name:?}");
        home.ok(&["engine", "stop"]);
        assert!(
            home.ok(&["--user", "alice", "cart"])
                .contains("1  Espresso")
        );
    }
}

#[test]
fn a_home_that_can_not_be_used_is_named() {
    let home = Home::new();
    let in_system = refusal(home.command(&["cart"]).env("HOME", "/proc"));
    assert!(
        in_system.contains("can't make the folder /proc/.local/share/trolley"),
        "{in_system}"
    );
    let relative = refusal(home.command(&["cart"]).env("HOME", "home"));
    assert!(relative.contains("leads to no folder"), "{relative}");
}

#[test]
fn without_a_server_program_the_message_says_what_to_install() {
    let home = Home::new();
    let output = trolley(home.path(), &["cart"])
        .env("PATH", "/nowhere")
        .finish();
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("neither redis-server nor valkey-server is installed")
            && said.contains("--redis"),
        "{said}"
    );
}

/// A program in place of the server's, which does what this script says.
fn with_program(home: &Home, script: &str) -> String {
    let program = home.path().join("redis-server");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    refusal(home.command(&["cart"]).env("PATH", home.path()))
}

#[test]
fn a_server_program_that_fails_has_the_last_word() {
    let home = Home::new();
    for (script, word) in [
        (
            "echo \"Bad directive 'appendonly'\" >&2; exit 1",
            "did not start: Bad directive 'appendonly'",
        ),
        ("exit 7", "it ended without a message (exit status: 7)"),
        ("exit 0", "it ended without a message (exit status: 0)"),
        ("kill -9 $$", "signal: 9"),
    ] {
        let said = with_program(&home, script);
        assert!(said.contains(word), "{script}: {said}");
    }
}

#[test]
fn a_damaged_file_is_repaired_by_the_command_that_the_message_names() {
    let home = Home::named("it's home");
    home.ok(&["--user", "alice", "add", "espresso"]);
    home.ok(&["engine", "stop"]);
    let folder = home.data().join("appendonlydir");
    let file = folder.join("appendonly.aof.1.incr.aof");
    let mut data = fs::read(&file).unwrap();
    let last = data.len() - 40;
    data[last..last + 20].fill(b'x');
    fs::write(&file, data).unwrap();

    let said = home.refused(&["cart"]);
    assert!(said.contains(file.to_str().unwrap()), "{said}");
    let repair = said.lines().last().unwrap().trim();
    let shell = Running::start_fed(command("sh").args(["-c", repair]));
    shell.feed(b"y\n");
    let repaired = shell.finish();
    assert!(repaired.status.success(), "{repair}: {repaired:?}");
    assert_eq!(home.ok(&["products"]).lines().count(), 65);
}

#[test]
fn a_socket_path_that_is_too_long_is_told() {
    let home = Home::named("x".repeat(200));
    let said = home.refused(&["cart"]);
    assert!(
        said.contains("XDG_RUNTIME_DIR to a shorter folder"),
        "{said}"
    );

    // What it says helps.
    let short = home.path().parent().unwrap();
    let output = home
        .command(&["engine", "start"])
        .env("XDG_RUNTIME_DIR", short)
        .finish();
    assert!(output.status.success(), "{output:?}");
}
