//! The private server: found, started once, joined, revived, stopped; among other processes and
//! other users, and on a full disk.

mod disk;
mod life;
mod messages;
mod processes;
mod users;
