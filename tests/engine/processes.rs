//! Processes: stale, frozen, killed, left behind, or not ours.

use crate::harness::{self, Deadline, Home, Running, TROLLEY, Terminal, command};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::os::unix::net::UnixListener;

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
