//! What a process costs, as the system tells it.

use std::path::PathBuf;
use std::time::Duration;

/// A process that is watched.
pub struct Process(PathBuf);

impl Process {
    pub fn of(id: u32) -> Process {
        Process(format!("/proc/{id}").into())
    }

    /// The memory that is its own alone, in kB.
    pub fn memory(&self) -> u64 {
        self.status("RssAnon:")
    }

    pub fn threads(&self) -> u64 {
        self.status("Threads:")
    }

    fn status(&self, field: &str) -> u64 {
        let status = std::fs::read_to_string(self.0.join("status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let number = line.unwrap().split_whitespace().next().unwrap();
        number.parse().unwrap()
    }

    /// The processor's time that its threads of now have had.
    pub fn spent(&self) -> Duration {
        let tasks = std::fs::read_dir(self.0.join("task")).unwrap();
        // A thread may end at any moment.
        let told = tasks
            .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok());
        let nanoseconds = told.map(|told| {
            let first = told.split_whitespace().next().unwrap();
            first.parse::<u64>().unwrap()
        });
        Duration::from_nanos(nanoseconds.sum())
    }
}
