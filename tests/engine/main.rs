//! The private server: found, started once, joined, revived, stopped; among other processes and
//! other users, and on a full disk.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

#[path = "../harness/mod.rs"]
mod harness;

mod disk;
mod life;
mod messages;
mod processes;
mod users;
