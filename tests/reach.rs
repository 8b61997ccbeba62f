//! Servers that can't be reached: what is told, and what goes on.

use crate::harness;

use harness::{Finish, TROLLEY, Terminal, trolley};

#[test]
fn a_terminal_whose_host_does_not_exist_ends_and_names_it() {
    let home = tempfile::tempdir().unwrap();
    // A name of more letters than one may have needs no network to be unknown.
    let host = format!("redis://{}.invalid", "x".repeat(64));
    let mut screen = Terminal::builder(TROLLEY)
        .args(&["--redis", &host])
        .home(home.path())
        .open();
    screen.wait("x.invalid: no such host");
    assert_eq!(screen.wait_exit().exit_code(), 3);
}

#[test]
fn a_command_names_the_server_that_it_does_not_reach() {
    let home = tempfile::tempdir().unwrap();
    let url = "redis://ann:s3cret@127.0.0.1:1/3";
    let failed = trolley(home.path(), &["cart"])
        .env("TROLLEY_REDIS", url)
        .finish();
    let said = String::from_utf8_lossy(&failed.stderr);
    assert_eq!(failed.status.code(), Some(3), "{said}");
    assert!(
        said.contains("ann@127.0.0.1:1/3: nothing answers"),
        "{said}"
    );
    assert!(!said.contains("s3cret"), "{said}");
}
