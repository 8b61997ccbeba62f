//! The pure core: a message changes the state and asks for effects.
//!
//! The time is an argument, and everything else that must be done comes back as plain data, so
//! that neither terminal nor server nor clock is needed here.

mod actions;
mod alerts;
mod cart;
mod carts;
mod catalog;
mod checkout;
mod keys;
mod live;
mod loss;
pub(in crate::tui) mod motion;
pub(in crate::tui) mod mouse;
mod notes;
mod orders;
mod palette;
mod people;
mod ready;
mod receipt;
mod rules;
pub(in crate::tui) mod scanner;
pub(in crate::tui) mod typing;

use crate::model::Refusal;
use crate::store::Trouble;
use crate::tui::layout::cart::CartRows;
use crate::tui::message::{Effect, Message, Mouse, MouseKind, Now};
use crate::tui::state::background::suit_theme;
use crate::tui::state::catalog::LoadProgress;
use crate::tui::state::{Notice, NoticeTopic, State, Tone};
use ratatui::layout::Rect;

/// The refusal to act on a cart of which nothing is known: it may be empty, and may not.
const CART_UNREAD: &str = "The cart has not been read yet";

/// Applies a message to the state, and returns the effects that it asks for.
pub fn update(state: &mut State, message: Message, now: Now) -> Vec<Effect> {
    let mut updater = Updater {
        state,
        now,
        effects: Vec::new(),
    };
    updater.take_in(message);
    updater.effects
}

/// One update: the state that it changes, and the effects that it has asked for so far.
struct Updater<'a> {
    state: &'a mut State,
    now: Now,
    effects: Vec<Effect>,
}

impl Updater<'_> {
    fn take_in(&mut self, message: Message) {
        let closes_at = self.state.closes_at();
        let was_open = closes_at.is_some_and(|at| at > self.state.now);
        self.state.now = self.now.steady;
        if self.now.is_after_sleep(&mut self.state.wall_ahead) {
            self.reread_cart();
        }
        let target = self.state.target();
        let context = self.state.context();
        self.state.catalog.touched |= matches!(message, Message::Key(_) | Message::Mouse(_));

        // Whatever a key or a click does, it drops the news that were on the screen before.
        let is_press = matches!(
            message,
            Message::Key(_)
                | Message::Paste(_)
                | Message::Mouse(Mouse {
                    kind: MouseKind::Press,
                    ..
                })
        );
        let news = self.state.notice.as_ref();
        let seen_news = news.filter(|news| is_press && news.is_seen).cloned();

        match message {
            Message::Key(key) => self.press_key(key),
            Message::KeysTogether => self.on_keys_together(),
            Message::TotalShown(number) => self.on_total_shown(number),
            Message::NewsShown(text) => self.on_news_shown(&text),
            Message::LossShown(product) => self.on_loss_shown(&product),
            Message::Focus(has_focus) => self.on_focus(has_focus),
            Message::Background { is_light } => self.on_background(is_light),
            Message::Paste(text) => self.paste(&text),
            Message::Mouse(mouse) => self.on_mouse(mouse),
            Message::Continued => {
                // Whoever resumes the program is looking at it.
                self.on_focus(true);
                self.reread_cart();
            }
            Message::Resize(width, height) => self.state.size = (width, height),
            Message::Live(event) => self.on_live(event),
            Message::LinkEnded => self.effects.push(Effect::GiveUp(Trouble::own_fault())),
            Message::CatalogBegun(begun, shop) => self.on_catalog_begun(begun, shop),
            Message::CatalogCount(read, total) => {
                let progress = LoadProgress { read, total };
                self.state.catalog.load.note_progress(progress);
            }
            Message::Catalog(Ok((catalog, shop)), took) => {
                self.on_catalog_read(catalog, shop, took);
            }
            Message::Catalog(Err(trouble), _) => self.on_catalog_failed(trouble),
            Message::CatalogUnread(unread, trouble) => {
                self.on_catalog_unread(unread, &trouble);
            }
            Message::Products(read) => self.on_products(read),
            Message::Demo(Ok(loaded)) => self.notify_info(loaded.to_string()),
            Message::Demo(Err(trouble)) => {
                self.notify_error(format!("The demo catalog was not loaded: {trouble}"));
            }
            Message::Revived(outcome) => {
                self.state.reviving = false;
                if let Err(why) = outcome {
                    self.notify_error(why);
                }
            }
            Message::Carts(read) => self.on_carts(read),
            Message::CartToTake(cart, read) => self.on_cart_to_take(cart, read),
            Message::Cleared(cart, outcome) => self.on_other_cleared(&cart, outcome),
            Message::Found(results) => self.on_search_results(results),
            Message::Match(typed) => self.search_palette(&typed),
            Message::Act(action) => self.act(action),
            Message::Run(run) => self.run_directly(*run),
            Message::Notice(text) => self.notify_until_key(text, Tone::Warn),
            Message::Clock => {}
        }

        self.replay_typed_early();

        if seen_news.is_some() && self.state.notice == seen_news {
            self.state.notice = None;
        }
        self.leave_settled_cart();
        self.end_first_start();
        self.pass_time();
        if was_open {
            self.tell_of_closing();
        }
        self.settle_focus();
        self.clamp_scrolls();
        if let Some(product) = target.filter(|_| self.state.context() == context) {
            self.note_loss(product, is_press);
        }
        self.forget_found_loss();
        self.forget_unseen_total();
        self.see_orders();
    }

    /// Takes in that the terminal has told its background: the theme suits it, unless somebody has
    /// chosen one.
    fn on_background(&mut self, is_light: bool) {
        let state = &mut self.state;
        let warning = suit_theme(
            &mut state.theme,
            state.late_colours.take(),
            state.env.display,
            is_light,
            state.notice.as_ref(),
        );
        if let Some(warning) = warning {
            self.show(warning);
        }
    }

    /// Does whatever is due by now.
    fn pass_time(&mut self) {
        let now = self.state.now;

        self.state.highlights.retain(|line| line.until > now);
        let notice = &mut self.state.notice;
        notice.take_if(|notice| notice.until.is_some_and(|until| until <= now));

        self.alert_if_due();
        self.reread_at_deadline();
        self.reread_unreadable();
        self.note_closing();
        self.remind_of_closing();
        self.expire_lines();
        self.load_catalog_if_due();
        self.refresh_preview();
        self.refresh_usual();
        self.resume_order();
    }

    /// Keeps the selections on the screen, whatever its size and however long the lists are.
    fn clamp_scrolls(&mut self) {
        let Some(areas) = self.state.areas() else {
            return;
        };

        self.clamp_orders_scroll();
        self.clamp_checkout();

        let catalog = &mut self.state.catalog;
        let catalog_page = usize::from(areas.catalog_rows.height);
        catalog.scroll.keep_within(catalog.rows(), catalog_page);

        self.clamp_people_scroll();
        self.clamp_cart_scroll(areas.cart_rows);
        let cart = &mut self.state.cart;
        cart.selected = cart.selected().map(|line| line.product.clone());
    }

    fn clamp_cart_scroll(&mut self, area: Rect) {
        let rows = CartRows::of(self.state, area);
        let lines = self.state.cart.shown.lines.len();

        let mut scroll = self.state.cart.scroll;
        scroll.keep_tall_within(lines, area.height.into(), |row| rows.height(row));
        self.state.cart.scroll = scroll;
    }

    /// The sentence for a refusal, to whoever sits at this screen.
    fn told(&self, refusal: Refusal) -> String {
        let refusal = refusal.for_reader(&self.state.env.me);
        refusal.told_in(&self.state.shop.currency)
    }

    /// Shows news.
    fn notify_info(&mut self, text: impl Into<String>) {
        self.notify(text.into(), Tone::Info);
    }

    /// Shows what nobody should miss who was away from the keyboard: it waits for a key.
    fn notify_until_key(&mut self, text: String, tone: Tone) {
        self.show(Notice::until_key(text, tone));
    }

    /// Shows a message; whoever types words is told at once, so that none takes another's place.
    fn show(&mut self, notice: Notice) {
        if self.state.env.keymap.is_in_words() {
            self.effects.push(Effect::Say(notice.text));
        } else {
            self.state.notice = Some(notice);
        }
    }

    /// Shows why a prompt does not open. The text that was typed for it must not act as keys.
    fn refuse_prompt(&mut self, why: String) {
        self.show(Notice::until_key(why, Tone::Bad).of_prompt());
    }

    /// Refuses something because there is no live connection; the message ends when that is back,
    /// unless it is there and only the cart is still to come.
    fn refuse_as_offline(&mut self, why: impl Into<String>) {
        let (why, now) = (why.into(), self.state.now);
        self.show(if self.is_down() {
            Notice::offline(why, now)
        } else {
            Notice::timed(why, Tone::Bad, now)
        });
    }

    /// Ends a message about the connection, which is back.
    fn end_connection_notice(&mut self) {
        let notice = &mut self.state.notice;
        notice.take_if(|notice| notice.topic == NoticeTopic::Connection);
    }

    /// Takes in that news have reached the terminal.
    fn on_news_shown(&mut self, text: &str) {
        if let Some(notice) = &mut self.state.notice
            && notice.until.is_none()
            && notice.text == text
        {
            notice.is_seen = true;
        }
    }

    /// Shows that something was done which deserves a second look.
    fn notify_warn(&mut self, text: impl Into<String>) {
        self.notify(text.into(), Tone::Warn);
    }

    /// Shows that something was refused or failed.
    fn notify_error(&mut self, text: impl Into<String>) {
        self.notify(text.into(), Tone::Bad);
    }

    fn notify(&mut self, text: String, tone: Tone) {
        self.show(Notice::timed(text, tone, self.state.now));
    }
}
