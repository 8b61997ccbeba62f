//! Past orders: their list with its search and filter, and opening a receipt.

use crate::model::OrderId;
use crate::store::live::{NEWEST_LISTED, OrderQuestion};
use crate::tui::layout::orders::{Extent, extent};
use crate::tui::state::areas::SIDE_BY_SIDE;
use crate::tui::state::orders::KeptStates;
use crate::tui::state::scroll::Scroll;
use crate::tui::state::{Connectivity, Mode};
use crate::tui::update::Updater;
use tui_input::Input;

impl Updater<'_> {
    /// Opens the past orders. Where a receipt would not show beside them, that of an order which
    /// nobody has looked at here comes first.
    pub(in crate::tui::update) fn open_orders(&mut self) {
        self.ask_orders(OrderQuestion::List);
        let is_narrow = self.state.size.0 < SIDE_BY_SIDE;
        let unread = self.state.orders.unread().filter(|_| is_narrow);
        self.state.mode = match unread {
            Some(order) => receipt_of(order.id.clone(), false),
            None => Mode::Orders,
        };
    }

    /// Opens the receipt of the order that the header shows.
    pub(in crate::tui::update) fn open_open_order(&mut self) {
        let now = self.state.server_now();
        let Some((order, _)) = self.state.orders.open(now) else {
            return;
        };
        let id = order.id.clone();
        self.state.notice = None;
        self.state.covered = None;
        self.state.mode = receipt_of(id, false);
        self.ask_orders(OrderQuestion::List);
    }

    /// Opens the receipt of the selected order.
    pub(in crate::tui::update) fn open_receipt(&mut self) {
        if let Some(order) = self.state.orders.selected() {
            self.state.mode = receipt_of(order.id.clone(), true);
        }
    }

    /// Keeps the rows of these views on the screen, whatever its size and however many there are.
    pub(in crate::tui::update) fn clamp_orders_scroll(&mut self) {
        self.clamp_receipt();
        self.read_older_orders();
        let Some(Extent { rows, page }) = extent(self.state) else {
            return;
        };

        if let Some(scroll) = self.state.page_scroll() {
            scroll.keep_within(rows, page);
        }
    }

    /// Looks again for the orders that show, as they are told otherwise now.
    pub(in crate::tui::update) fn refilter_orders(&mut self) {
        let selected = self.state.orders.selected().map(|order| order.id.clone());
        self.filter_in_place(selected.as_ref());
    }

    /// Shows the orders that are found now; the selected one stays selected.
    pub(super) fn filter_in_place(&mut self, selected: Option<&OrderId>) {
        self.state.filter_orders(selected);
        if matches!(self.state.mode, Mode::Orders | Mode::OrderSearch)
            && let Some(Extent { rows, page }) = extent(self.state)
        {
            self.state.orders.scroll.keep_within(rows, page);
        }
    }

    /// Notes that the user sees the newest orders, where these show.
    pub(in crate::tui::update) fn see_orders(&mut self) {
        if self.state.shows_orders()
            && self.state.areas().is_some()
            && let Some(placed) = &mut self.state.orders.placed_by_other
        {
            placed.is_seen = true;
        }
    }

    /// Reads an order again of which there was news: with the newest, or alone.
    pub(super) fn reread_order(&mut self, id: &OrderId) {
        let mut known = self.state.orders.list.iter().flatten();
        let place = known.position(|order| order.id == *id);
        self.ask_orders(if place.is_some_and(|place| place >= NEWEST_LISTED) {
            OrderQuestion::One(id.clone())
        } else {
            OrderQuestion::List
        });
    }

    /// Reads older orders before they are wanted.
    fn read_older_orders(&mut self) {
        let is_live = self.state.connectivity == Connectivity::Live;
        if !is_live || !self.state.shows_orders() {
            return;
        }
        let page = usize::from(self.state.body().height);
        let top = self.state.orders.scroll.top;
        if let Some(from) = self.state.orders.older_due(top, page) {
            self.state.orders.reading_older = true;
            self.ask_orders(OrderQuestion::Older(from));
        }
    }

    /// Tells whether the keys of the list of orders are those of its search and its states.
    pub(in crate::tui::update) fn is_among_orders(&self) -> bool {
        matches!(
            self.state.mode,
            Mode::Orders | Mode::Receipt { .. } | Mode::ConfirmCancel(_)
        )
    }

    /// Begins a search among the orders.
    pub(in crate::tui::update) fn start_order_search(&mut self) {
        self.state.mode = Mode::OrderSearch;
        self.state.covered = None;
        self.state.orders.words = Input::default();
        self.show_found_orders();
    }

    /// Shows the orders that are searched for now. The selected one stays selected among them.
    pub(in crate::tui::update) fn show_found_orders(&mut self) {
        let selected = self.state.orders.selected().map(|order| order.id.clone());
        self.state.orders.scroll = Scroll::default();
        self.state.filter_orders(selected.as_ref());
    }

    /// Shows all orders again.
    pub(in crate::tui::update) fn show_all_orders(&mut self) {
        self.state.orders.words = Input::default();
        self.state.orders.kept = KeptStates::All;
        self.show_found_orders();
    }

    /// Shows the orders in other states.
    pub(in crate::tui::update) fn show_next_states(&mut self, forward: bool) {
        self.state.mode = Mode::Orders;
        self.state.orders.kept = self.state.orders.kept.next(forward);
        self.show_found_orders();
    }

    /// Gives up on answers that a broken connection does not bring. An order on its way goes on.
    pub(in crate::tui::update) fn interrupt_orders(&mut self) {
        self.state.checkout.reading = false;
        self.state.checkout.outdated = true;
        if let Some(id) = self.state.orders.cancelling.take() {
            let name = self.state.orders.name_of(&id);
            self.notify_error(format!("It is not known whether {name} was cancelled"));
        }
        // What was read may have changed since.
        self.state.orders.read = 0;
        self.state.catalog.usual.is_old = true;
        self.state.orders.reading_older = false;
        if self.state.orders.marking.take().is_some() {
            self.notify_error("It is not known whether that is marked");
        }
        // Another server, or other rights, may do better.
        self.state.orders.stuck = None;
    }

    /// Reads the orders that show when the connection is up: for the first time, or again. A
    /// preview is read by [`Updater::refresh_preview`].
    pub(in crate::tui::update) fn reread_shown_orders(&mut self) {
        if self.state.shows_orders() {
            self.ask_orders(OrderQuestion::List);
        }
    }

    /// Reads the newest orders in short: which of them are open, and what news were missed.
    pub(in crate::tui::update) fn read_newest_orders(&mut self) {
        self.ask_orders(OrderQuestion::Newest);
    }
}

/// The receipt of an order, which was opened from the list or not.
pub(super) fn receipt_of(order: OrderId, from_list: bool) -> Mode {
    Mode::Receipt {
        order,
        scroll: Scroll::default(),
        from_list,
    }
}
