//! A private server from its first start to its end.

use crate::harness::{self, Finish, Home, Running, TROLLEY, Terminal, trolley, until};
use memchr::memmem;
use std::os::unix::fs::PermissionsExt;
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
    let before = ann.raw().len();
    home.kill_server();
    // It may be back before anybody looks.
    until("ann was offline", || {
        memmem::find(&ann.raw()[before..], b"offline").is_some()
    });
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
    screen.wait("▌office as ann \\(your login only\\)");
    screen.wait("This shop is on this computer, for your login only");
    screen.wait("trolley --cart office --name bob +│");
    assert!(
        home.ok(&["config"])
            .contains("private server of your login")
    );
}
