//! A server whose clock is put forward and back, as a laptop's sleep or a wrong time server does.

use super::Server;
use super::child::{Finish, command};
use super::server::binaries;
use std::fs::File;
use std::os::unix::fs::FileExt;
use tempfile::TempDir;

/// What stands between the server and the system's clock.
const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/harness/moved_clock.c");

/// A server, and its clock.
pub struct MovedClock {
    /// The server.
    pub server: Server,
    ahead: File,
    _folder: TempDir,
}

impl MovedClock {
    /// Starts the first server that is installed, at the right time.
    pub fn start() -> MovedClock {
        let folder = tempfile::tempdir().unwrap();
        let (library, ahead) = (folder.path().join("clock.so"), folder.path().join("ahead"));
        std::fs::write(&ahead, 0_i64.to_ne_bytes()).unwrap();

        let built = command("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(&library)
            .arg(SOURCE)
            .finish();
        assert!(built.status.success(), "{built:?}");

        let env = [
            ("LD_PRELOAD", library.as_os_str()),
            ("CLOCK_AHEAD", ahead.as_os_str()),
        ];
        let server = Server::start_in(&binaries()[0], &[], &env);
        let clock = MovedClock {
            server,
            ahead: File::options().write(true).open(&ahead).unwrap(),
            _folder: folder,
        };
        clock.put(3_600);
        clock.put(0);
        clock
    }

    /// Has the server's clock go so many seconds ahead of the system's.
    pub fn put(&self, ahead: i64) {
        self.ahead.write_all_at(&ahead.to_ne_bytes(), 0).unwrap();

        let told: i64 = self.server.get_list("TIME")[0].parse().unwrap();
        let off = told - jiff::Timestamp::now().as_second() - ahead;
        // A minute is more than the answer can take.
        assert!(off.abs() < 60, "the server's clock does not move: {off} s");
    }
}
