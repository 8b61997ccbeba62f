//! Actions: what a key, a click or an entry of the palette does.

use super::{CART_UNREAD, Updater};
use crate::config::keymap::Action;
use crate::model::{ChangeKind, Edit, Refusal};
use crate::tui::message::Effect;
use crate::tui::state::areas::{ActivityVisibility, Pane};
use crate::tui::state::help::HelpPage;
use crate::tui::state::{Asked, Mode, RepeatableEdit};
use crate::tui::update::mouse::mouse_told;

impl Updater<'_> {
    /// Performs an action. The message of the one before disappears, and the number typed before
    /// it is used up.
    pub(super) fn act(&mut self, action: Action) {
        if self.refuse_digits(action) {
            return;
        }
        self.dismiss_notice(action);
        self.stay_in_cart(action);
        self.perform(action);
        self.end_seen_loss();
        self.state.digits.clear();
    }

    /// Performs an action and nothing else.
    pub(super) fn perform(&mut self, action: Action) {
        // Whatever else is done answers whether to put an order back once more: no. The palette only
        // names the action.
        if !matches!(
            action,
            Action::Again | Action::Palette | Action::Complete | Action::Accept
        ) {
            self.state.orders.asked_again = None;
        }

        match action {
            Action::Move(motion) => self.move_cursor(motion),
            Action::SwitchPane if matches!(self.state.mode, Mode::Checkout(_)) => {
                self.switch_checkout_pane();
            }
            Action::SwitchPane => self.focus_pane(self.state.next_pane()),
            Action::ToCatalog => self.focus_pane(self.state.pane_at_left()),
            Action::ToCart => self.focus_pane(self.state.pane_at_right()),

            Action::Add | Action::More => self.edit_target(RepeatableEdit::Add(self.pieces())),
            Action::Less => self.edit_target(RepeatableEdit::Take(self.pieces())),
            Action::Remove => self.edit_target(RepeatableEdit::Remove),
            Action::Repeat => self.repeat_last_edit(),
            Action::SetQuantity => self.ask_quantity(),
            Action::Note => self.ask_note(),
            Action::Undo => self.undo(),
            Action::Redo => self.redo(),
            Action::AskClear => self.ask_clear(),
            Action::Clear => {
                let question = std::mem::replace(&mut self.state.mode, Mode::Browse);
                if let Mode::ConfirmClear(Some(cart)) = question {
                    self.clear_other_cart(cart);
                } else {
                    self.submit(ChangeKind::Clear, vec![Edit::Clear]);
                }
            }
            Action::KeepAlive => self.keep_cart_alive(),

            Action::Search if let Mode::Help(page) = &mut self.state.mode => page.find(),
            Action::Search if self.is_among_orders() => self.start_order_search(),
            Action::Search => self.start_search(),
            Action::NextCategory if self.is_among_orders() => self.show_next_states(true),
            Action::PreviousCategory if self.is_among_orders() => self.show_next_states(false),
            Action::NextCategory => self.show_next_category(),
            Action::PreviousCategory => self.show_previous_category(),
            Action::Sort => self.sort_catalog(self.state.catalog.sorting.next()),
            Action::LoadDemo => self.effects.push(Effect::LoadDemo),

            Action::Palette => self.open_palette(String::new()),
            Action::Complete => self.complete_command(),
            Action::Accept => self.accept(),
            Action::Back => self.go_back(),

            Action::Checkout => self.open_checkout(),
            Action::PlaceOrder => self.place_order(),
            Action::Fix => self.fix_line(),
            Action::FixAll => self.fix_all(),
            Action::Orders => self.open_orders(),
            Action::Receipt => self.open_receipt(),
            Action::Again => self.order_again(),
            Action::AskCancel => self.ask_cancel(),
            Action::CancelOrder => self.cancel_order(),
            Action::Settle => self.toggle_settled(),

            Action::Carts => self.open_carts(),
            Action::GoToCart => self.go_to_selected_cart(),
            Action::ForgetCart => self.forget_selected_cart(),

            Action::People => self.toggle_people(),
            Action::PersonLines => self.toggle_person_lines(),
            Action::Ready => self.toggle_ready(),
            Action::Lock => self.toggle_lock(),
            Action::AskRule(rule) => self.ask_rule(rule),
            Action::Activity => self.toggle_activity(),
            Action::Mouse => self.toggle_mouse(),
            Action::Help => self.cover(Mode::Help(HelpPage::default())),
            // No key of these works here.
            Action::Step
            | Action::Tick
            | Action::Totals
            | Action::Station
            | Action::Print
            | Action::List
            | Action::Live
            | Action::Products
            | Action::Filter
            | Action::Edit
            | Action::SellOut
            | Action::Left
            | Action::Right => {}
            Action::Suspend => self.effects.push(Effect::Suspend),
            Action::Quit => self.quit(),
            Action::QuitAnyway => self.effects.push(Effect::Quit),
        }
    }

    /// Drops the message that shows, unless the action only moves within a list. In the lists,
    /// going back drops one thing at a time, the message among them.
    fn dismiss_notice(&mut self, action: Action) {
        let keeps = match action {
            Action::Move(_) => true,
            Action::Back => matches!(self.state.mode, Mode::Browse),
            // Whatever else an action does, the message is about what was before it.
            _ => false,
        };
        if !keeps {
            self.state.notice = None;
        }
    }

    /// The number typed before the action; one without.
    fn pieces(&self) -> u32 {
        self.state.digits.count().unwrap_or(1)
    }

    /// Focuses a pane on purpose: hiding the activity or the people does not return to another one
    /// then.
    pub(super) fn focus_pane(&mut self, pane: Pane) {
        self.state.focus = pane;
        self.state.activity.return_to = None;
        self.state.people.return_to = None;
    }

    /// Hides the activity and returns to the pane before, or shows it, be it in the cart's place.
    fn toggle_activity(&mut self) {
        let was_covered = self.state.people_cover_cart();
        if was_covered {
            self.hide_people();
        }

        if self.shows_activity() {
            // It shows again where the people covered it.
            if was_covered {
                return;
            }
            self.state.activity.visibility = ActivityVisibility::Hidden;
            if let Some(pane) = self.state.activity.return_to.take() {
                self.state.focus = pane;
            }
            return;
        }

        self.state.activity.visibility = ActivityVisibility::Shown;
        if !self.shows_activity() {
            // Only the catalog shows: the activity is on the cart's side.
            self.state.activity.return_to = Some(self.state.focus);
            self.state.focus = Pane::Cart;
        }
    }

    fn shows_activity(&self) -> bool {
        let areas = self.state.areas();
        areas.is_some_and(|areas| areas.activity.is_some())
    }

    fn toggle_mouse(&mut self) {
        let captured = !self.state.mouse;
        self.state.mouse = captured;
        self.effects.push(Effect::Mouse(captured));

        self.notify_info(mouse_told(captured));
    }

    /// Quits, or asks first where changes are unconfirmed. Pressed once more, the key means it.
    fn quit(&mut self) {
        if self.state.is_settled() || matches!(self.state.mode, Mode::ConfirmQuit) {
            self.effects.push(Effect::Quit);
        } else {
            self.state.mode = Mode::ConfirmQuit;
        }
    }

    /// Opens the palette, the help or a prompt. Closing it returns to the page that it covers.
    pub(super) fn cover(&mut self, mode: Mode) {
        let before = std::mem::replace(&mut self.state.mode, mode);
        match before {
            Mode::Checkout(_) | Mode::Orders | Mode::Receipt { .. } | Mode::Carts => {
                self.state.covered = Some(before);
            }
            // One that opens another leaves the page below it as it is.
            Mode::Palette { .. } | Mode::Help(_) | Mode::ConfirmCancel(_) => {}
            Mode::Browse
            | Mode::Search
            | Mode::OrderSearch
            | Mode::Prompt { .. }
            | Mode::ConfirmQuit
            | Mode::ConfirmClear(_) => self.state.covered = None,
        }
    }

    /// Closes the palette, the help, a prompt or the question about an order.
    pub(super) fn uncover(&mut self) {
        self.state.mode = self.state.covered.take().unwrap_or(Mode::Browse);
    }

    fn ask_clear(&mut self) {
        if !self.state.cart.loaded {
            self.notify_error(CART_UNREAD);
        } else if self.state.cart.shown.lines.is_empty() {
            self.notify_error(Refusal::AlreadyEmpty.to_string());
        } else {
            self.state.mode = Mode::ConfirmClear(None);
        }
    }

    fn keep_cart_alive(&mut self) {
        if !self.state.cart.loaded {
            self.notify_error(CART_UNREAD);
        } else if self.state.cart.confirmed.lines.is_empty() {
            self.notify_error("The cart is empty: there is nothing to keep alive");
        } else {
            self.submit(ChangeKind::Touch, Vec::new());
        }
    }

    /// Goes back by one thing: the view, the prompt, the number, the message or the search.
    fn go_back(&mut self) {
        self.state.catalog.typed_ahead.clear();

        match &mut self.state.mode {
            Mode::Help(page) if page.is_searched() => *page = HelpPage::default(),
            Mode::Search => {
                self.state.mode = Mode::Browse;
                self.clear_search();
            }
            // The number is dropped after every action.
            Mode::Browse if !self.state.digits.is_empty() => {}
            Mode::Browse if self.state.notice.is_some() => self.state.notice = None,
            Mode::Browse if self.state.focus == Pane::People => self.hide_people(),
            Mode::Browse => self.clear_search(),
            Mode::Receipt {
                from_list: true, ..
            } => self.state.mode = Mode::Orders,
            Mode::OrderSearch => {
                self.state.mode = Mode::Orders;
                self.show_all_orders();
            }
            Mode::Orders if self.state.orders.is_filtered() => self.show_all_orders(),
            Mode::Help(_) | Mode::Palette { .. } | Mode::Prompt { .. } | Mode::ConfirmCancel(_) => {
                self.uncover()
            }
            Mode::Receipt { .. }
            | Mode::Checkout(_)
            | Mode::Orders
            | Mode::Carts
            | Mode::ConfirmQuit
            | Mode::ConfirmClear(_) => self.state.mode = Mode::Browse,
        }
    }

    /// Accepts what was typed at a prompt.
    fn accept(&mut self) {
        match &mut self.state.mode {
            Mode::Search => self.state.mode = Mode::Browse,
            Mode::OrderSearch => self.state.mode = Mode::Orders,
            Mode::Prompt { asked, input } => {
                let asked = asked.clone();
                let typed = input.value().to_owned();
                self.uncover();
                match asked {
                    Asked::Quantity(product) => self.set_quantity(product, &typed),
                    Asked::Rule(rule) => self.set_rule(rule, &typed),
                    Asked::Note(asked) => self.set_note(asked, &typed),
                }
            }
            Mode::Palette { .. } => self.run_selected_command(),
            Mode::Help(page) => page.is_typing = false,

            Mode::Browse
            | Mode::Checkout(_)
            | Mode::Orders
            | Mode::Receipt { .. }
            | Mode::Carts
            | Mode::ConfirmQuit
            | Mode::ConfirmCancel(_)
            | Mode::ConfirmClear(_) => {}
        }
    }
}
