//! A disk that is full.

use crate::harness::{Deadline, Finish, Home, TROLLEY, Terminal, command};
use std::fs;
use std::path::PathBuf;

/// A small disk of its own for the data of a private server; `None`, and said so, where none can
/// be made.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(home: &Home, test: &str) -> Option<SmallDisk> {
        let folder = home.data();
        fs::create_dir_all(&folder).unwrap();
        let mut mount = command("mount");
        let mounted = mount
            .args(["-t", "tmpfs", "-o", "size=4m", "trolley-test"])
            .arg(&folder)
            .finish();

        if mounted.status.success() {
            Some(SmallDisk(folder))
        } else {
            println!("skipped: {test} needs a small disk, and may not mount one");
            None
        }
    }

    /// Fills it to the last byte.
    fn fill(&self) {
        use std::io::Write;
        let mut file = fs::File::create(self.filling()).unwrap();
        while file.write_all(&[1; 64]).is_ok() {}
    }

    fn make_room(&self) {
        fs::remove_file(self.filling()).unwrap();
    }

    fn filling(&self) -> PathBuf {
        self.0.join("filling")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        command("umount").arg("-l").arg(&self.0).finish();
    }
}

#[test]
fn a_full_disk_is_named_and_the_shop_goes_on_once_there_is_room() {
    let home = Home::new();
    let test = "a_full_disk_is_named_and_the_shop_goes_on_once_there_is_room";
    let Some(disk) = SmallDisk::mount(&home, test) else {
        return;
    };
    let log = home.data().join("redis.log");
    let starts = || {
        let log = fs::read_to_string(&log).unwrap();
        log.matches("is starting").count()
    };
    let screen = Terminal::builder(TROLLEY)
        .args(&["--user", "alice"])
        .home(home.path())
        .open();
    screen.wait("64 products");

    home.ok(&["--user", "alice", "add", "espresso"]);
    // The server ends as soon as it can't write a change.
    disk.fill();
    let before = starts();
    let deadline = Deadline::start();
    let mut added = 1;
    let said = loop {
        deadline.check("a change that the disk has no room for");
        let output = home.run(&["--user", "alice", "add", "espresso"]);
        if !output.status.success() {
            break String::from_utf8(output.stderr).unwrap();
        }
        added += 1;
    };
    assert!(said.contains("the disk is full"), "{said}");
    assert!(said.contains(home.data().to_str().unwrap()), "{said}");
    screen.wait("the disk is full");
    for _ in 0..3 {
        let said = home.refused(&["--user", "alice", "add", "espresso"]);
        assert!(said.starts_with("trolley: the disk is full"), "{said}");
    }
    assert_eq!(starts(), before, "it was started in vain");
    assert_eq!(home.status()["running"], false);

    disk.make_room();
    screen.wait("● live");
    let cart = home.ok(&["--user", "alice", "cart"]);
    assert!(cart.contains(&format!("{added}  Espresso")), "{cart}");
    home.ok(&["--user", "alice", "add", "espresso"]);
    home.ok(&["engine", "stop"]);
}
