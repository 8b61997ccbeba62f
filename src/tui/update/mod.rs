//! (state, message, now) -> effects. Pure: the time is an argument, and whatever must be
//! done comes back as plain data.

mod actions;
mod cart;
mod catalog;
mod keys;
mod mouse;
mod orders;
mod typing;

pub use actions::MOST_UNCONFIRMED;
pub use cart::describe;
pub use catalog::{AT_ONCE, search_now};
pub use keys::context;

use crate::tui::message::{Effect, Message, Now};
use crate::tui::state::{Notice, State, Tone};

/// How long a message stays, in milliseconds, and how long for each of its characters.
const NOTICE: (u64, u64) = (3_000, 40);

/// Said of a cart of which nothing is known: it may be empty, and may not.
const UNREAD: &str = "The cart has not been read yet";

/// Takes in what has happened.
pub fn update(state: &mut State, message: Message, now: Now) -> Vec<Effect> {
    state.now = now.steady;
    let mut effects = Vec::new();
    state.catalog.touched |= matches!(message, Message::Key(_) | Message::Mouse(_));
    match message {
        Message::Key(key) => keys::press(state, key, &mut effects),
        Message::Paste(text) => typing::paste(state, &text, &mut effects),
        Message::Mouse(mouse) => mouse::on_mouse(state, mouse, &mut effects),
        Message::Found(found) => {
            if catalog::on_found(state, found) {
                keys::go_on(state, &mut effects);
            }
        }
        Message::Resize(width, height) => state.size = (width, height),
        Message::Live(event) => cart::on_link(state, event, now, &mut effects),
        Message::CatalogBegun(begun, shop) => catalog::on_begun(state, begun, shop, &mut effects),
        Message::CatalogCount(read, all) => state.catalog.progress = Some((read, all)),
        Message::Products(read) => catalog::on_products(state, read, &mut effects),
        Message::Catalog(read, took) => catalog::on_read(state, read, took, &mut effects),
        Message::Demo(Ok(loaded)) => tell(state, loaded.to_string()),
        Message::Demo(Err(trouble)) => {
            complain(state, format!("The demo catalog was not loaded: {trouble}"))
        }
        Message::Revived(outcome) => {
            state.reviving = false;
            if let Err(why) = outcome {
                complain(state, why);
            }
        }
        Message::Clock => {}
    }
    pass_time(state, &mut effects);
    settle(state);
    effects
}

/// What comes by itself when its time has come.
fn pass_time(state: &mut State, effects: &mut Vec<Effect>) {
    let now = state.now;
    state.marks.retain(|mark| mark.until > now);
    if state
        .notice
        .as_ref()
        .is_some_and(|notice| notice.until <= now)
    {
        state.notice = None;
    }
    cart::watch_deadline(state, effects);
    cart::expire_lines(state, effects);
    catalog::read_again(state, effects);
    orders::pass_time(state, effects);
}

/// Keeps the selections on the screen.
fn settle(state: &mut State) {
    let Some(areas) = state.areas() else { return };
    orders::settle(state);
    let catalog_page = usize::from(areas.catalog_rows.height);
    state
        .catalog
        .scroll
        .settle(state.catalog.shown.len(), catalog_page);
    state.cart.scroll.settle(
        state.cart.shown.lines.len(),
        usize::from(areas.cart_rows.height),
    );
    state.cart.selected = state.cart.selected().map(|line| line.product.clone());
}

/// Shows a message.
fn tell(state: &mut State, text: String) {
    say(state, text, Tone::Info);
}

/// Shows that something was done that needs a second look.
fn warn(state: &mut State, text: String) {
    say(state, text, Tone::Warn);
}

/// Shows that something was refused or failed.
fn complain(state: &mut State, text: String) {
    say(state, text, Tone::Bad);
}

fn say(state: &mut State, text: String, tone: Tone) {
    let until = state.now + NOTICE.0 + NOTICE.1 * text.chars().count() as u64;
    state.notice = Some(Notice { text, tone, until });
}
