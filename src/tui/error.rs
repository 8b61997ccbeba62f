//! The reasons for which the screen can't be shown.

use crate::config::ServerError;
use crate::store::Trouble;

/// The reason why there is no screen.
#[derive(Debug, thiserror::Error)]
pub enum ScreenError {
    /// There is no terminal, or one that can't move its cursor.
    #[error(
        "the shop needs a terminal. Without one, use: trolley products, trolley add, trolley remove, trolley cart (see trolley --help)"
    )]
    NoTerminal,
    /// The same for the screens of the staff.
    #[error(
        "the board needs a terminal. Without one, use: trolley orders --follow, trolley order, trolley today (see trolley --help)"
    )]
    NoTerminalForBoard,
    /// The shop's server can't be started or found.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The shop's server does not let us in.
    #[error(transparent)]
    Access(Trouble),
    /// The system refused.
    #[error("the terminal failed: {0}")]
    System(#[from] std::io::Error),
}
