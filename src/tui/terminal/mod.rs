//! Everything that touches the terminal: reading keys, drawing frames, signals, giving it back, and
//! how often a frame is drawn.

mod decoder;
pub(crate) mod frame_limit;
pub(crate) mod input;
pub(crate) mod renderer;
pub(crate) mod signals;
mod splitter;
pub(crate) mod tty;
