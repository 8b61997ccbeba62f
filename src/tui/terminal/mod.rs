//! Everything that touches the terminal: the port through which a screen has one, reading keys,
//! drawing frames, signals, giving it back, and how often a frame is drawn.

pub(crate) mod alert;
pub(crate) mod background;
mod decoder;
pub(crate) mod driver;
mod encoder;
mod frame_flow;
pub(crate) mod frame_limit;
pub(crate) mod input;
pub(crate) mod line_port;
pub(crate) mod local;
mod pen;
pub mod port;
pub mod renderer;
mod scroll;
pub(crate) mod sequences;
mod shown;
pub(crate) mod signals;
mod splitter;
pub(crate) mod tty;
