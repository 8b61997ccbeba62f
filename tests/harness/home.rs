//! A home folder with a private server of its own.

use super::child::Finish;
use super::trolley;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A home folder of its own; its private server is stopped when dropped.
pub struct Home {
    // Dropped last.
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Home {
    pub fn new() -> Home {
        Home::named("home")
    }

    /// One whose folder has this name.
    pub fn named(name: impl AsRef<OsStr>) -> Home {
        let folder = tempfile::Builder::new()
            .prefix("trolley-")
            .tempdir_in("/tmp")
            .unwrap();
        let path = folder.path().join(name.as_ref());
        std::fs::create_dir(&path).unwrap();
        Home {
            path,
            _folder: folder,
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder of the server's data.
    pub fn data(&self) -> PathBuf {
        self.path.join(".local/share/trolley")
    }

    /// The folder of its socket where the system names none for that.
    pub fn state(&self) -> PathBuf {
        self.path.join(".local/state/trolley")
    }

    pub fn command(&self, args: &[&str]) -> Command {
        trolley(&self.path, args)
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).finish()
    }

    /// Runs a command that must succeed; returns what it prints.
    pub fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a command that finds no server; returns what it says.
    pub fn refused(&self, args: &[&str]) -> String {
        refusal(&mut self.command(args))
    }

    pub fn status(&self) -> Value {
        serde_json::from_slice(&self.run(&["engine", "status", "--json"]).stdout).unwrap()
    }

    /// The process of the server that runs.
    pub fn server(&self) -> Pid {
        let pid = self.status()["pid"].as_i64().unwrap();
        Pid::from_raw(i32::try_from(pid).unwrap()).unwrap()
    }

    pub fn kill_server(&self) {
        kill_process(self.server(), Signal::KILL).unwrap();
    }
}

/// Runs a command that finds no server; returns what it says.
pub fn refusal(command: &mut Command) -> String {
    let output = command.finish();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = self.run(&["engine", "stop"]);
    }
}
