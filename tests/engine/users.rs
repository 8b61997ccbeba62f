//! Folders and servers of other users, who share the machine.

use crate::harness::{Deadline, Finish, Home, Running, TROLLEY, command};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, lchown, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

/// Another user, who needs no name.
const SOMEBODY: u32 = 61_234;

/// Tells whether another user can run programs here; says which test is skipped where not. In a
/// system of its own (chroot) the top folder may be closed to all but root.
fn others_run_programs(test: &str) -> bool {
    let is_possible = is_root(test)
        && command("setpriv")
            .arg(format!("--reuid={SOMEBODY}"))
            .args(["--clear-groups", "redis-server", "--version"])
            .output()
            .is_ok_and(|output| output.status.success());
    if !is_possible {
        println!("skipped: {test}, since other users can't run programs here");
    }
    is_possible
}

/// Tells whether the tests may act as other users; says which test is skipped where not.
fn is_root(test: &str) -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        println!("skipped: {test} needs root, to act as another user");
    }
    root
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o7777
}

/// Starts a server with this runtime folder; returns what is said of it on stderr.
fn started_with(home: &Home, runtime: &Path) -> String {
    let mut start = home.command(&["engine", "start"]);
    let output = start.env("XDG_RUNTIME_DIR", runtime).finish();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// Asserts that the server's socket is in the state folder, and why.
fn assert_falls_back(home: &Home, runtime: &Path, why: &str) {
    let said = started_with(home, runtime);
    assert!(
        said.contains("XDG_RUNTIME_DIR is not used") && said.contains(why),
        "{why}: {said}"
    );
    let socket = home.status()["socket"].as_str().unwrap().to_owned();
    assert_eq!(Path::new(&socket), home.state().join("redis.sock"));
    home.ok(&["engine", "stop"]);
}

#[test]
fn a_usable_runtime_folder_has_the_socket() {
    let home = Home::new();
    let runtime = home.path().join("run");
    fs::create_dir(&runtime).unwrap();

    assert_eq!(started_with(&home, &runtime), "");
    assert_eq!(mode(&runtime.join("trolley")), 0o700);
    assert!(runtime.join("trolley/redis.sock").exists());
}

#[test]
fn a_runtime_folder_that_is_no_safe_place_is_left_alone() {
    let home = Home::new();
    let runtime = home.path().join("run");
    assert_falls_back(&home, &runtime, "No such file");

    // Anybody could put another folder in its place.
    fs::create_dir(&runtime).unwrap();
    set_mode(&runtime, 0o777);
    assert_falls_back(&home, &runtime, "others can write to");
    assert!(!runtime.join("trolley").exists());

    // A link would have the folder behind it closed to others.
    set_mode(&runtime, 0o700);
    let target = home.path().join("target");
    fs::create_dir(&target).unwrap();
    set_mode(&target, 0o755);
    symlink(&target, runtime.join("trolley")).unwrap();
    assert_falls_back(&home, &runtime, "is not a folder");
    assert_eq!(mode(&target), 0o755);

    fs::remove_file(runtime.join("trolley")).unwrap();
    fs::write(runtime.join("trolley"), "").unwrap();
    assert_falls_back(&home, &runtime, "is not a folder");

    symlink("a", home.path().join("b")).unwrap();
    symlink("b", home.path().join("a")).unwrap();
    assert_falls_back(&home, &home.path().join("a"), "leads to no folder");
}

#[test]
fn what_belongs_to_another_user_is_neither_changed_nor_spoken_to() {
    if !is_root("what_belongs_to_another_user_is_neither_changed_nor_spoken_to") {
        return;
    }
    let home = Home::new();

    // As `su` and `sudo -E` leave it: the runtime folder of who was here before.
    let runtime = home.path().join("run");
    let theirs = runtime.join("trolley");
    fs::create_dir_all(&theirs).unwrap();
    set_mode(&theirs, 0o755);
    let listener = UnixListener::bind(theirs.join("redis.sock")).unwrap();
    listener.set_nonblocking(true).unwrap();
    for path in [&runtime, &theirs] {
        chown(path, Some(SOMEBODY), None).unwrap();
    }
    assert_falls_back(&home, &runtime, "belongs to another user (number 61234)");
    assert_eq!(mode(&theirs), 0o755);
    assert!(listener.accept().is_err(), "it was spoken to");

    // Only what is in our folder is theirs.
    chown(&runtime, Some(0), None).unwrap();
    assert_falls_back(&home, &runtime, "belongs to another user");
    assert!(listener.accept().is_err(), "it was spoken to");

    // Their link, in a folder where anybody may lay one, to a folder of ours.
    let shared = home.path().join("shared");
    let target = home.path().join("target");
    fs::create_dir(&shared).unwrap();
    set_mode(&shared, 0o1777);
    fs::create_dir_all(target.join("trolley")).unwrap();
    set_mode(&target.join("trolley"), 0o755);
    let link = shared.join("run");
    symlink(&target, &link).unwrap();
    lchown(&link, Some(SOMEBODY), None).unwrap();
    assert_falls_back(&home, &link, "belongs to another user");
    assert_eq!(mode(&target.join("trolley")), 0o755);

    // Our own link leads where we want.
    lchown(&link, Some(0), None).unwrap();
    assert_eq!(started_with(&home, &link), "");
    assert!(target.join("trolley/redis.sock").exists());
}

#[test]
fn a_server_of_another_user_is_not_taken_for_ours() {
    if !others_run_programs("a_server_of_another_user_is_not_taken_for_ours") {
        return;
    }
    let home = Home::new();
    home.ok(&["--user", "alice", "add", "espresso"]);
    home.ok(&["engine", "stop"]);

    // Somebody's server answers where ours did, though in a folder of ours.
    let theirs = home.path().join("theirs");
    fs::create_dir(&theirs).unwrap();
    set_mode(&theirs, 0o777);
    set_mode(home.path().parent().unwrap(), 0o755);
    let socket = theirs.join("redis.sock");
    let mut server = Running::start(
        command("setpriv")
            .arg(format!("--reuid={SOMEBODY}"))
            .args([
                "--clear-groups",
                "redis-server",
                "--port",
                "0",
                "--save",
                "",
            ])
            .args(["--unixsocketperm", "777", "--dir", "/tmp", "--unixsocket"])
            .arg(&socket),
    );
    let deadline = Deadline::start();
    while !socket.exists() {
        deadline.check("their server");
        assert!(server.is_alive());
    }
    set_mode(&theirs, 0o700);
    fs::write(home.data().join("socket"), socket.to_str().unwrap()).unwrap();
    let lock = fs::File::open(home.data().join("lock")).unwrap();
    lock.try_lock().unwrap();

    assert_eq!(home.status()["running"], false);
    drop(lock);
    assert!(
        home.ok(&["--user", "alice", "cart"])
            .contains("1  Espresso")
    );
    assert!(server.is_alive());
}

#[test]
fn the_home_of_another_user_is_not_used() {
    if !is_root("the_home_of_another_user_is_not_used") {
        return;
    }
    let home = Home::new();
    chown(home.path(), Some(SOMEBODY), None).unwrap();

    for args in [&["cart"][..], &["engine", "status"], &["engine", "start"]] {
        let said = home.refused(args);
        assert!(
            said.contains("belongs to another user") && said.contains("sudo -H"),
            "{args:?}: {said}"
        );
    }
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    assert_eq!(home.path().metadata().unwrap().uid(), SOMEBODY);
}

/// Runs a program as a user and a group that need no names.
fn as_user(user: u32, group: u32, program: &str) -> std::process::Command {
    let mut command = command("setpriv");
    command
        .args([format!("--reuid={user}"), format!("--regid={group}")])
        .args(["--clear-groups", program])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap());
    command
}

#[test]
fn logins_of_a_group_share_a_server_as_the_guide_says_and_others_do_not() {
    if !others_run_programs("logins_of_a_group_share_a_server_as_the_guide_says_and_others_do_not")
    {
        return;
    }
    let (ann, ben, eve) = (SOMEBODY, SOMEBODY + 1, SOMEBODY + 2);
    let (group, elsewhere) = (SOMEBODY, SOMEBODY + 9);
    let folder = Home::new();
    set_mode(folder.path().parent().unwrap(), 0o755);

    // What the guide has them do.
    let shop = folder.path().join("shop");
    let data = folder.path().join("data");
    for (path, mode) in [(&shop, 0o2750), (&data, 0o700)] {
        fs::create_dir(path).unwrap();
        chown(path, Some(ann), Some(group)).unwrap();
        set_mode(path, mode);
    }
    let socket = shop.join("redis.sock");
    let mut server = Running::start(
        as_user(ann, elsewhere, "redis-server")
            .args(["--port", "0", "--unixsocketperm", "770", "--unixsocket"])
            .arg(&socket)
            .arg("--dir")
            .arg(&data)
            .args(["--appendonly", "yes", "--appendfsync", "always"]),
    );
    let deadline = Deadline::start();
    while fs::symlink_metadata(&socket).map_or(true, |socket| socket.mode() & 0o777 != 0o770) {
        deadline.check("the shared server");
        assert!(server.is_alive());
    }

    let program = folder.path().join("trolley");
    // Not by this process: a program can't be run while a child that another test starts still has
    // the file open for writing.
    let copied = command("cp").arg(TROLLEY).arg(&program).status();
    assert!(copied.unwrap().success());
    let url = format!("unix://{}", socket.display());
    let run = |user, group, args: &[&str]| {
        as_user(user, group, program.to_str().unwrap())
            .env("HOME", "/nonexistent")
            .args(["--redis", &url, "--user", "office"])
            .args(args)
            .finish()
    };
    for (user, args) in [
        (ann, &["demo"][..]),
        (ann, &["add", "espresso", "2"]),
        (ben, &["add", "espresso"]),
    ] {
        let output = run(user, group, args);
        assert!(output.status.success(), "{user} {args:?}: {output:?}");
    }
    let cart = run(ben, group, &["cart"]).stdout;
    let cart = String::from_utf8(cart).unwrap();
    assert!(cart.contains("3  Espresso"), "{cart}");

    let refused = run(eve, elsewhere, &["cart"]);
    assert_eq!(refused.status.code(), Some(3), "{refused:?}");
    assert!(
        String::from_utf8_lossy(&refused.stderr)
            .contains("your login may not use the server's socket"),
        "{refused:?}"
    );
}
