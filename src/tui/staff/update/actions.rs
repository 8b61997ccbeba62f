//! Actions: what a key, a click or an entry of the palette does.

use super::Updater;
use crate::config::keymap::{Action, HelpScope, Motion};
use crate::model::product::StockStep;
use crate::tui::staff::layout::board::shows_list;
use crate::tui::staff::layout::palette;
use crate::tui::staff::message::StaffEffect;
use crate::tui::staff::state::board::{BoardForm, BoardPane};
use crate::tui::staff::state::products::ProductsPane;
use crate::tui::staff::state::prompt::StaffAsked;
use crate::tui::staff::state::{Page, StaffMode};
use crate::tui::state::help::HelpPage;
use crate::tui::update::motion::{moved, scroll_help};
use crate::tui::update::mouse::mouse_told;
use tui_input::Input;

impl Updater<'_> {
    /// Performs an action. Digits typed before it are over.
    pub(super) fn act(&mut self, action: Action) {
        let digits = std::mem::take(&mut self.state.board.digits);
        if !digits.is_empty() {
            let before = self.state.board.before_digits.take();
            match action {
                Action::Step => return self.end_digits(&digits, before),
                Action::Back => {
                    self.state.board.selected = before;
                    return;
                }
                // They have selected their ticket.
                _ => {}
            }
        }

        if !self.refuse_unseen_change(action) {
            self.perform(action);
        }
        self.state.products.digits.clear();
    }

    fn perform(&mut self, action: Action) {
        match action {
            Action::Move(motion) => self.move_cursor(motion),
            Action::Left if self.state.page == Page::Today => self.step_days(-1),
            Action::Right if self.state.page == Page::Today => self.step_days(1),
            Action::PreviousCategory if self.state.page == Page::Today => self.step_days(-7),
            Action::NextCategory if self.state.page == Page::Today => self.step_days(7),
            Action::Live => self.show_today(),
            Action::Sort if self.state.page == Page::Today => self.toggle_ranking(),

            Action::Products | Action::Edit if self.state.page == Page::Today => {
                self.edit_best_sold();
            }
            Action::Products => self.show(Page::Products),
            Action::Left if self.state.page == Page::Products => self.go_to(ProductsPane::List),
            Action::Right if self.state.page == Page::Products => self.go_to(ProductsPane::Form),
            Action::PreviousCategory => self.show_previous_category(),
            Action::NextCategory => self.show_next_category(),
            Action::Sort => self.sort_products(),
            Action::Filter => self.filter_products(),
            Action::Edit if self.state.page == Page::Shop => self.ask_setting(),
            Action::Edit => self.edit(),
            Action::More => self.add_to_stock(StockStep::Up),
            Action::Less => self.add_to_stock(StockStep::Down),
            Action::SetQuantity => self.ask_stock(),
            Action::SellOut => self.sell_out(),

            Action::Left => self.move_sideways(BoardPane::List),
            Action::Right => self.move_sideways(BoardPane::Ticket),

            Action::Step => self.step(),
            Action::Tick => self.tick(),
            Action::Undo => self.undo(),
            Action::AskCancel => self.ask_cancel(),
            Action::CancelOrder => self.cancel_order(),
            Action::Print => self.print(),
            Action::Totals => self.state.board.shows_totals = !self.state.board.shows_totals,
            Action::List => self.toggle_form(),
            Action::Station => self.open_palette(palette::station_typed()),
            Action::Search if let StaffMode::Help(page) = &mut self.state.mode => page.find(),
            Action::Search if self.state.page == Page::Products => self.start_search(),
            Action::Search => {
                self.state.page = Page::Board;
                // What is found stands in the list, which an opened ticket may cover.
                self.state.board.pane = BoardPane::List;
                self.open(StaffMode::Find);
            }

            Action::SwitchPane => match self.state.page {
                Page::Board => self.show(Page::Today),
                Page::Ready => self.show(Page::Board),
                Page::Today => self.leave_figures(),
                Page::Products | Page::Shop => self.show(Page::Board),
            },
            Action::Palette => self.open_palette(String::new()),
            Action::Complete => self.complete_command(),
            Action::Accept => self.accept(),
            Action::Back => self.go_back(),
            Action::Help => self.open(StaffMode::Help(HelpPage::default())),
            Action::Mouse => self.toggle_mouse(),
            Action::Suspend => self.effects.push(StaffEffect::Suspend),
            Action::Quit => self.effects.push(StaffEffect::Quit),

            // No key of these works here.
            Action::Add
            | Action::Remove
            | Action::Note
            | Action::Repeat
            | Action::ToCatalog
            | Action::ToCart
            | Action::Redo
            | Action::AskClear
            | Action::Clear
            | Action::KeepAlive
            | Action::People
            | Action::PersonLines
            | Action::Ready
            | Action::Lock
            | Action::AskRule(_)
            | Action::Activity
            | Action::Checkout
            | Action::PlaceOrder
            | Action::Fix
            | Action::FixAll
            | Action::Orders
            | Action::Receipt
            | Action::Again
            | Action::Settle
            | Action::Carts
            | Action::GoToCart
            | Action::ForgetCart
            | Action::LoadDemo
            | Action::QuitAnyway => {}
        }
    }

    /// Shows a page.
    pub(super) fn show(&mut self, page: Page) {
        self.state.page = page;
        self.state.mode = StaffMode::Browse;
        self.look_at_figures();
        self.look_at_products();
    }

    pub(super) fn open_palette(&mut self, typed: String) {
        self.open(StaffMode::Palette {
            input: Input::new(typed),
            cursor: 0,
        });
    }

    fn toggle_form(&mut self) {
        self.state.board.form = if shows_list(self.state) {
            BoardForm::Columns
        } else {
            BoardForm::List
        };
        if self.state.board.form == BoardForm::Columns && shows_list(self.state) {
            self.refuse("Too narrow for tickets side by side");
        }
    }

    fn toggle_mouse(&mut self) {
        let captured = !self.state.mouse;
        self.state.mouse = captured;
        self.effects.push(StaffEffect::Mouse(captured));
        self.notify_info(mouse_told(captured));
    }

    /// Goes back by one thing: what covers the page, the message, what was looked for, the station.
    fn go_back(&mut self) {
        let board = &mut self.state.board;
        match &mut self.state.mode {
            StaffMode::Help(page) if page.is_searched() => *page = HelpPage::default(),
            StaffMode::Help(_)
            | StaffMode::Palette { .. }
            | StaffMode::Prompt { .. }
            | StaffMode::ConfirmSave(_)
            | StaffMode::ConfirmCancel(..) => {
                self.state.mode = StaffMode::Browse;
            }
            StaffMode::Find if self.state.page == Page::Products => {
                self.state.mode = StaffMode::Browse;
                self.show_all_products();
            }
            StaffMode::Find => {
                self.state.mode = StaffMode::Browse;
                board.words = Input::default();
                board.refresh();
            }
            StaffMode::Browse if self.state.notice.is_some() => self.drop_passing_notice(),
            StaffMode::Browse if matches!(self.state.page, Page::Ready | Page::Shop) => {
                self.show(Page::Board);
            }
            StaffMode::Browse if self.state.page == Page::Products => self.go_back_in_products(),
            StaffMode::Browse if board.pane == BoardPane::Ticket => board.pane = BoardPane::List,
            StaffMode::Browse if !board.words.value().is_empty() => {
                board.words = Input::default();
                board.refresh();
            }
            StaffMode::Browse => {
                board.station = None;
                board.refresh();
            }
        }
    }

    fn accept(&mut self) {
        if let StaffMode::Help(page) = &mut self.state.mode {
            page.is_typing = false;
            return;
        }

        match self.state.mode.clone() {
            StaffMode::Find => self.end_find(),
            StaffMode::Palette { .. } => self.run_selected_command(),
            StaffMode::Prompt { asked, input } => {
                self.state.mode = StaffMode::Browse;
                match asked {
                    StaffAsked::Field(asked) => self.answer_field(asked, input.value()),
                    StaffAsked::Setting(field, seen) => {
                        self.answer_setting(field, &seen, input.value());
                    }
                }
            }
            StaffMode::ConfirmSave(unsaved) => self.save_unsaved(unsaved),
            StaffMode::Browse | StaffMode::Help(_) | StaffMode::ConfirmCancel(..) => {}
        }
    }

    /// Moves within whatever has the keyboard.
    pub(super) fn move_cursor(&mut self, motion: Motion) {
        let size = self.state.size;
        match &mut self.state.mode {
            StaffMode::Help(page) => {
                let keymap = &self.state.env.keymap;
                let scope = HelpScope::Page(self.state.page.context());
                scroll_help(page, keymap, scope, size, motion);
            }
            StaffMode::Palette { input, .. } => {
                let typed = input.value().to_owned();
                let entries = palette::entries(self.state, &typed).len();
                if let StaffMode::Palette { cursor, .. } = &mut self.state.mode {
                    *cursor = moved(*cursor, entries, 1, motion, 1);
                }
            }
            StaffMode::Browse | StaffMode::Find if self.state.page == Page::Board => {
                self.move_on_board(motion);
            }
            StaffMode::Browse if self.state.page == Page::Today => self.move_in_best_sold(motion),
            StaffMode::Browse | StaffMode::Find if self.state.page == Page::Products => {
                self.move_in_products(motion);
            }
            StaffMode::Browse if self.state.page == Page::Shop => self.move_in_settings(motion),
            StaffMode::Browse
            | StaffMode::Find
            | StaffMode::Prompt { .. }
            | StaffMode::ConfirmSave(_)
            | StaffMode::ConfirmCancel(..) => {}
        }
    }
}
