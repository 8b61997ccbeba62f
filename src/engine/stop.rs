//! Stops the private server.

use super::error::{EngineError, system_error};
use super::{Engine, POLL, folder, lock, peer};
use rustix::process::Signal;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

/// The time limit for a server to stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

impl Engine {
    /// Stops the server and waits until it has ended. Returns whether one ran.
    ///
    /// # Errors
    /// [`EngineError::NotStopped`] where it does not end, [`EngineError::Folder`] where the data
    /// folder is not this user's own.
    pub fn stop(&self) -> Result<bool, EngineError> {
        if !self.data.is_dir() {
            return Ok(false);
        }
        folder::check_own(&self.data).map_err(|fault| folder::folder_error(&self.data, fault))?;

        // Open terminals must not start it again.
        let _turn = self.take_turn()?;
        let note = self.stop_note();
        fs::write(&note, "").map_err(|source| system_error("write", &note, source))?;

        let lock = self.lock_file();
        if !lock::is_held(&lock) {
            return Ok(false);
        }
        self.ask_to_end();

        // The lock is free as soon as the server has ended.
        let started = Instant::now();
        while lock::is_held(&lock) {
            self.end_unreachable(started);
            if started.elapsed() > STOP_TIMEOUT {
                return Err(EngineError::NotStopped(self.log()));
            }
            thread::sleep(POLL);
        }
        Ok(true)
    }

    /// Asks the server to save and end; one that does not answer gets a signal, which it heeds as
    /// soon as it can.
    fn ask_to_end(&self) {
        match self.running() {
            Some(socket) => peer::shut_down(&socket),
            None => lock::signal_holders(&self.lock_file(), Signal::TERM),
        }
    }
}
