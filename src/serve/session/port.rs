//! The port of a screen at the other end of a channel.

use super::idleness::{IdleStep, Idleness};
use crate::model::text;
use crate::serve::Options;
use crate::serve::connections::{Connection, Farewell};
use crate::serve::input_pace::InputHold;
use crate::tui::runtime::alarm;
use crate::tui::terminal::port::{Arrival, Outlet, Port, STATUS_HANGUP, STATUS_UNCONFIRMED};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// The arrivals that may wait for a screen. Who sends more waits, too.
pub(super) const ARRIVALS: usize = 64;

/// The time between two words about how long is left.
const SECOND: Duration = Duration::from_secs(1);

/// The port of a screen at the other end of a channel.
pub(super) struct ChannelPort {
    arrivals: mpsc::Receiver<Arrival>,
    outlet: Outlet,
    connection: Arc<Connection>,
    hold: InputHold,
    /// Something that was typed has just been taken in. Screens that are sent keys without end must
    /// not keep the processor from others.
    lets_others_go_first: bool,
    idleness: Idleness,
    /// The time for changes to be settled once the visitor has to go.
    drain: Duration,
    /// The moment when that is over.
    leaves_by: Option<Instant>,
    /// The time that is left is told anew each second; in plain mode it is said once.
    counts_down: bool,
    /// The moment to tell the visitor what the screen waits for.
    next_countdown_at: Option<Instant>,
    /// Why the screen ends, where that is not the visitor's own doing.
    reason: Arc<OnceLock<Farewell>>,
}

impl ChannelPort {
    /// The port of a screen of this connection; `reason` is told why the screen ends.
    pub(super) fn new(
        options: &Options,
        connection: Arc<Connection>,
        arrivals: mpsc::Receiver<Arrival>,
        outlet: Outlet,
        counts_down: bool,
        reason: Arc<OnceLock<Farewell>>,
    ) -> ChannelPort {
        ChannelPort {
            arrivals,
            outlet,
            hold: InputHold::new(connection.pace.clone()),
            connection,
            lets_others_go_first: false,
            idleness: Idleness::new(options.idle),
            drain: options.drain,
            leaves_by: None,
            counts_down,
            next_countdown_at: None,
            reason,
        }
    }

    /// The end of the screen for this reason.
    fn leave(&mut self, farewell: Farewell) -> Arrival {
        // A reason that was given before stays.
        let _ = self.reason.set(farewell);
        let now = Instant::now();
        self.leaves_by = Some(now + self.drain);
        self.next_countdown_at = Some(now);
        Arrival::Leave
    }

    /// The word for a visitor whose changes are still unconfirmed, or the screen would have ended.
    fn tell_of_leaving(&mut self) -> Arrival {
        let now = Instant::now();
        self.next_countdown_at = self.counts_down.then(|| now + SECOND);

        let left = self.leaves_by.unwrap_or(now).saturating_duration_since(now);
        let seconds = text::count(left.as_millis().div_ceil(1000), "second");
        Arrival::Notice(format!(
            "This screen closes in {seconds}: what you asked for is still being done"
        ))
    }
}

impl ChannelPort {
    /// Tells whether something that arrives comes too late: who has to leave does nothing more.
    fn is_too_late(&self, arrival: &Arrival) -> bool {
        matches!(arrival, Arrival::Bytes(_)) && self.reason.get().is_some()
    }

    async fn next_of_any(&mut self) -> Arrival {
        if std::mem::take(&mut self.lets_others_go_first) {
            tokio::task::yield_now().await;
        }
        let is_staying = self.leaves_by.is_none();

        tokio::select! {
            biased;
            farewell = self.connection.wait_for_farewell(), if is_staying => self.leave(farewell),
            // Changes are still unconfirmed, or the screen would have ended.
            () = alarm::at(self.leaves_by) => Arrival::End(STATUS_UNCONFIRMED),
            () = alarm::at(self.next_countdown_at), if !is_staying => self.tell_of_leaving(),
            arrival = self.arrivals.recv() => match arrival {
                // Nothing more is typed.
                Some(Arrival::Leave) => {
                    self.leaves_by = Some(Instant::now() + self.drain);
                    Arrival::Leave
                }
                Some(arrival) => {
                    if matches!(arrival, Arrival::Bytes(_)) {
                        self.idleness.end();
                        self.lets_others_go_first = true;
                    }
                    arrival
                }
                None => Arrival::End(STATUS_HANGUP),
            },
            step = self.idleness.next_step(), if is_staying => match step {
                IdleStep::Warn(text) => Arrival::Notice(text),
                IdleStep::Leave => self.leave(Farewell::Idle),
            },
        }
    }
}

impl Port for ChannelPort {
    async fn next(&mut self) -> Arrival {
        loop {
            let arrival = self.next_of_any().await;
            if !self.is_too_late(&arrival) {
                return arrival;
            }
        }
    }

    fn take_waiting(&mut self) -> Vec<Arrival> {
        let waiting = std::iter::from_fn(|| self.arrivals.try_recv().ok());
        // What comes while these are taken was not there before.
        let mut waiting: Vec<Arrival> = waiting.take(ARRIVALS).collect();
        waiting.retain(|arrival| !self.is_too_late(arrival));
        waiting
    }

    fn outlet(&self) -> &Outlet {
        &self.outlet
    }

    fn hold_input(&mut self, is_held: bool) {
        // While a frame is on its way, the client must be heard: it says that it has read others.
        self.hold.set(is_held && self.outlet.is_idle());
    }
}
