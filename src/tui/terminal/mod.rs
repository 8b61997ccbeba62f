//! Everything that touches the terminal: reading keys, drawing frames, signals, and how often is drawn.

pub(crate) mod frame_limit;
pub mod input;
pub(crate) mod renderer;
pub(crate) mod signals;
