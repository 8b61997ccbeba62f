//! What is said where no server can be started, and what helps.

use crate::harness::home::refusal;
use crate::harness::{Finish, Home, Running, TROLLEY, Terminal, command, trolley};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

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
        ("exit 0", "it ended without a message\n"),
        ("kill -9 $$", "signal: 9"),
    ] {
        let said = with_program(&home, script);
        assert!(said.contains(word), "{script}: {said}");
    }
}

#[test]
fn a_damaged_file_is_repaired_by_the_command_that_the_message_names() {
    let home = Home::named("it's home");
    let screen = Terminal::builder(TROLLEY)
        .args(&["--user", "alice"])
        .home(home.path())
        .open();
    screen.wait("64 products");
    home.ok(&["--user", "alice", "add", "espresso"]);
    let folder = home.data().join("appendonlydir");
    let file = folder.join("appendonly.aof.1.incr.aof");
    let mut data = fs::read(&file).unwrap();
    let last = data.len() - 40;
    data[last..last + 20].fill(b'x');
    fs::write(&file, data).unwrap();
    home.kill_server();
    screen.wait("data file is damaged");

    let said = home.refused(&["cart"]);
    assert!(said.contains(file.to_str().unwrap()), "{said}");
    let repair = said.lines().last().unwrap().trim();
    let shell = Running::start_fed(command("sh").args(["-c", repair]));
    shell.feed(b"y\n");
    let repaired = shell.finish();
    assert!(repaired.status.success(), "{repair}: {repaired:?}");
    assert_eq!(home.ok(&["products"]).lines().count(), 65);
    screen.wait("● live");
}

/// Does one kind of damage to the folder with the data.
type Damage = fn(&Path);

/// The file in this folder whose name ends so.
fn file_of(folder: &Path, end: &str) -> PathBuf {
    let names = fs::read_dir(folder).unwrap();
    let mut names = names.map(|entry| entry.unwrap().path());
    names
        .find(|path| path.to_str().unwrap().ends_with(end))
        .unwrap()
}

#[test]
fn data_that_can_not_be_repaired_is_named_with_what_can_be_done() {
    let damages: [Damage; 7] = [
        |folder| fs::remove_file(file_of(folder, ".manifest")).unwrap(),
        |folder| fs::write(file_of(folder, ".manifest"), "").unwrap(),
        |folder| {
            let base = file_of(folder, ".base.rdb");
            let mut data = fs::read(&base).unwrap();
            data[..5].fill(b'x');
            fs::write(&base, data).unwrap();
        },
        |folder| fs::write(file_of(folder, ".manifest"), "garbage\n").unwrap(),
        |folder| fs::remove_file(file_of(folder, ".incr.aof")).unwrap(),
        |folder| fs::remove_file(file_of(folder, ".base.rdb")).unwrap(),
        |folder| {
            let base = file_of(folder, ".base.rdb");
            let data = fs::read(&base).unwrap();
            fs::write(&base, &data[..data.len() - 4]).unwrap();
        },
    ];
    for damage in damages {
        let home = Home::new();
        home.ok(&["--user", "alice", "add", "espresso"]);
        home.ok(&["engine", "stop"]);
        let folder = home.data().join("appendonlydir");
        damage(&folder);

        let said = home.refused(&["engine", "start"]);
        let named = format!("can't read its data in {}: ", folder.display());
        assert!(said.contains(&named), "{said}");
        let mut lines = said.lines();
        let set_aside = lines.find(|line| line.trim().starts_with("mv ")).unwrap();
        assert!(!said.contains("--fix"), "{said}");
        let moved = command("sh").args(["-c", set_aside]).status().unwrap();
        assert!(moved.success(), "{set_aside}");
        // It begins with the demo products again.
        home.ok(&["engine", "start"]);
        assert_eq!(home.ok(&["products"]).lines().count(), 65);
    }
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
