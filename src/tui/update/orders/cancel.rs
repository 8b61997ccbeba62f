//! Cancelling an order.

use crate::model::OrderId;
use crate::store::Error;
use crate::store::live::OrderRequest;
use crate::tui::state::{Connectivity, Mode};
use crate::tui::update::Updater;

impl Updater<'_> {
    /// Asks whether to cancel the order that shows, where whoever ordered may still do so.
    pub(in crate::tui::update) fn ask_cancel(&mut self) {
        let Some(order) = self.state.shown_order() else {
            return;
        };
        let refusal = order.refuse_cancel_by(self.state.is_me(&order.who));
        let id = order.id.clone();

        if let Some(refusal) = refusal {
            self.notify_error(refusal.to_string());
        } else if self.state.connectivity != Connectivity::Live {
            let name = self.state.orders.name_of(&id);
            self.refuse_as_offline(format!("Offline: {name} was not cancelled"));
        } else {
            self.cover(Mode::ConfirmCancel(id));
        }
    }

    /// Cancels the order that was asked about.
    pub(in crate::tui::update) fn cancel_order(&mut self) {
        let Mode::ConfirmCancel(id) = &self.state.mode else {
            return;
        };
        let id = id.clone();
        self.uncover();
        self.state.orders.cancelling = Some(id.clone());
        self.request_order(OrderRequest::Cancel(id));
    }

    /// Takes in what became of a cancellation that was asked for here.
    pub(super) fn on_cancelled(&mut self, id: &OrderId, outcome: Result<(), Error>) {
        self.state.orders.cancelling = None;
        let name = self.state.orders.name_of(id);
        match outcome {
            Ok(()) => {
                self.notify_info(format!("{name} is cancelled"));
                self.reread_order(id);
            }
            Err(Error::Refused(refusal)) => self.notify_error(self.told(refusal)),
            Err(Error::Trouble(trouble) | Error::Unknown { trouble, .. }) => {
                self.notify_error(format!(
                    "It is not known whether {name} was cancelled: {trouble}"
                ));
            }
        }
    }
}
