//! One screen on one channel, or the shop in plain mode: how it begins, what it is given, and how it
//! ends.
//!
//! `terminal` is what the client tells of itself, and `visit` what the screen is told of the visitor.
//! `port` brings what is typed, and `idleness` warns who types nothing. `frames` writes as fast as
//! the client reads, and `last_words` gives the terminal back.

mod frames;
mod idleness;
mod last_words;
mod port;
mod terminal;
mod visit;

use super::ServedShop;
use super::connections::{Connection, Farewell};
use super::identity::Grant;
use crate::tui::ScreenError;
use crate::tui::plain::shell::PlainShop;
use crate::tui::runtime::screen::{Ended, Screen};
use crate::tui::terminal::background::is_known_as_silent;
use crate::tui::terminal::port::{Arrival, END, Outlet, STATUS_HANGUP};
use frames::FrameWriter;
pub(super) use frames::Lag;
use futures::FutureExt;
use futures::future::BoxFuture;
use last_words::LastWords;
pub(super) use last_words::{RESTORE_TIMEOUT, STATUS_CRASHED, close};
use port::{ARRIVALS, ChannelPort};
use russh::ChannelWriteHalf;
use russh::server::Msg;
use std::sync::{Arc, OnceLock};
pub(super) use terminal::{Environment, Terminal};
use terminal::{Showing, bounded};
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;
use tracing::info;
pub(super) use visit::VisitorKeymaps;
use visit::visit;

/// The way in to a screen, for the handler of the connection. The screen ends once this is gone.
#[derive(Debug)]
pub(super) struct SessionInput {
    arrivals: mpsc::Sender<Arrival>,
    size: (u16, u16),
    showing: Showing,
    /// Notified when the client has read more.
    reading: Arc<Notify>,
}

impl SessionInput {
    /// Gives the screen an arrival, once it takes one. A screen that has ended takes none.
    pub(super) async fn give(&self, arrival: Arrival) {
        let _ = self.arrivals.send(arrival).await;
    }

    /// The client sends nothing more. What a screen shows is of no use then; of plain mode all that
    /// was typed is answered.
    pub(super) async fn end(&self) {
        match self.showing {
            Showing::Screen => self.give(Arrival::End(STATUS_HANGUP)).await,
            Showing::Plain(_) => {
                self.give(Arrival::Bytes(vec![END])).await;
                self.give(Arrival::Leave).await;
            }
        }
    }

    /// The client has another size.
    pub(super) async fn resize(&mut self, size: (u32, u32)) {
        self.size = bounded(size, self.size);
        let (columns, rows) = self.size;
        self.give(Arrival::Resize(columns, rows)).await;
    }

    /// Tells whether the screen has ended.
    pub(super) fn is_over(&self) -> bool {
        self.arrivals.is_closed()
    }

    /// The client has read more.
    pub(super) fn note_reading(&self) {
        self.reading.notify_one();
    }
}

/// Starts the shop on a channel: a screen on a terminal that can show one, else plain mode.
pub(super) fn start(
    shop: &ServedShop,
    connection: &Arc<Connection>,
    grant: Grant,
    terminal: Option<Terminal>,
    environment: &Environment,
    output: ChannelWriteHalf<Msg>,
    lag: Lag,
) -> SessionInput {
    let showing = Showing::of(terminal.as_ref());
    let terminal = terminal.unwrap_or_else(|| Terminal::new("", (0, 0)));
    let (arrivals, incoming) = mpsc::channel(ARRIVALS);
    let (outlet, frames) = Outlet::new();
    let reading = Arc::<Notify>::default();
    let reason = Arc::<OnceLock<Farewell>>::default();

    let counts_down = showing == Showing::Screen;
    let port = ChannelPort::new(
        &shop.options,
        connection.clone(),
        incoming,
        outlet,
        counts_down,
        reason.clone(),
    );
    let input = SessionInput {
        arrivals,
        size: terminal.size,
        showing,
        reading: reading.clone(),
    };
    let frames = FrameWriter {
        frames,
        reading,
        lag,
    };
    let is_silent = is_known_as_silent(&terminal.term);
    let visit = visit(shop, connection, grant, terminal, environment);
    let asks_background = visit.late_colours.is_some() && !is_silent;
    let entering = showing.entering(asks_background);
    let hub = shop.hub.clone();
    let opened = match showing {
        Showing::Screen => Screen::start(port, visit, hub).run().boxed(),
        Showing::Plain(manner) => PlainShop::start(port, visit, hub, manner).run().boxed(),
    };

    let session = connection.id;
    connection.run(async move {
        let words = run(opened, entering, frames, &output, showing, &reason).await;
        info!(session, channel = %output.id(), status = words.status, "close");
        words.say(&output).await;
    });
    input
}

/// Runs a screen to its end, or plain mode, in a task of its own: a panic in it ends nothing else.
async fn run(
    opened: BoxFuture<'static, Result<Ended, ScreenError>>,
    entering: Vec<u8>,
    mut frames: FrameWriter,
    output: &ChannelWriteHalf<Msg>,
    showing: Showing,
    reason: &OnceLock<Farewell>,
) -> LastWords {
    let mut screen = tokio::spawn(opened);
    let writing = frames.write_all(output, entering);
    tokio::pin!(writing);

    let (ended, is_whole) = tokio::select! {
        // Nothing comes after the last frame, which is still to be taken.
        ended = &mut screen => (ended, timeout(RESTORE_TIMEOUT, writing).await.is_ok()),
        // The client takes no more: then nothing comes from it either, and that ends the screen.
        () = &mut writing => (screen.await, true),
    };
    LastWords::new(ended, reason.get().copied(), showing, is_whole)
}
