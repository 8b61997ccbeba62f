//! The last two lines: the message or prompt, and the keys that work here.

use super::sketch::Sketch;
use super::typed::TypedText;
use crate::config::keymap::Action;
use crate::config::theme::Theme;
use crate::model::notes::LONGEST_NOTE;
use crate::model::typed_rule::{NONE, TypedRule};
use crate::model::{Currency, Money, ProductId, Refusal, text};
use crate::tui::layout::footer::KeyHint;
use crate::tui::state::help::HelpPage;
use crate::tui::state::timers::SECONDS_BELOW;
use crate::tui::state::{Asked, AskedNote, Connectivity, Mode, State};
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use tui_input::Input;

/// The most lines that a message takes which goes by itself.
pub(in crate::tui) const USUAL_LINES: u16 = 2;
/// The most lines that news take which wait for a key.
const MOST_LINES: u16 = 4;
/// The lines above a message that it leaves in sight.
const LEAST_ABOVE: u16 = 6;
/// The columns that a prompt leaves for the quantity that is typed, with the cursor behind it.
const QUANTITY_ROOM: usize = 8;
/// The least columns that a prompt leaves for a note that is typed.
const NOTE_ROOM: usize = 24;
/// The columns that a name keeps where it is cut to make room for other words.
const LEAST_NAME: usize = 12;

/// Draws the prompt where something is typed, else the message or what is wrong with the
/// connection.
pub(super) fn draw_message(state: &State, area: Rect, sketch: &mut Sketch) {
    if let Some(prompt) = Prompt::of(state, area.width) {
        return prompt.draw(&state.theme, area, sketch);
    }

    let (message, style) = message(state);
    let waits = state.notice.as_ref();
    let waits = waits.is_some_and(|notice| notice.until.is_none() && notice.text == message);
    let most = if matches!(state.mode, Mode::Checkout(_)) {
        // On the checkout a message takes one line, so that the total stays in sight.
        1
    } else if waits {
        MOST_LINES
    } else {
        USUAL_LINES
    };
    draw_lines(&state.theme, (&message, style), most, area, sketch);
}

/// Draws a message in this line. A long one covers lines above, rather than being cut.
pub(in crate::tui) fn draw_lines(
    theme: &Theme,
    (message, style): (&str, Style),
    most: u16,
    area: Rect,
    sketch: &mut Sketch,
) {
    let room = usize::from(area.width.saturating_sub(2));
    let most = most.min(area.y.saturating_sub(LEAST_ABOVE)).max(1);
    let lines = if most > 1 {
        text::wrap(message, room, usize::from(most))
    } else {
        vec![text::truncate(message, room)]
    };

    let above = u16::try_from(lines.len().saturating_sub(1)).unwrap_or(0);
    let covered = Rect {
        y: area.y - above,
        height: above,
        ..area
    };
    sketch.clear_lines(covered, theme.text.patch(theme.background));
    for (y, line) in (covered.y..).zip(lines) {
        sketch.write(area.x + 1, y, &line, area.width - 1, style);
    }
}

/// Draws the keys that work here, as many as fit.
pub(in crate::tui) fn draw_keys(
    theme: &Theme,
    hints: Vec<KeyHint>,
    area: Rect,
    sketch: &mut Sketch,
) {
    for hint in hints {
        let spans = [
            Span::styled(hint.key, theme.accent),
            Span::raw(" "),
            Span::styled(hint.word, theme.dim),
        ];
        let area = Rect {
            x: area.x + hint.x,
            width: area.width.saturating_sub(hint.x),
            ..area
        };
        sketch.write_line(&Line::from_iter(spans), area);
    }
}

/// The question that is asked before quitting with unconfirmed changes.
pub(super) fn quit_question(state: &State) -> String {
    let waiting = state.unsettled_changes();
    if waiting == 0 {
        // Only an order is on its way.
        return "The order is not confirmed yet: quit anyway?".to_owned();
    }

    format!(
        "Quit with {} not confirmed?",
        text::count(waiting, "change")
    )
}

/// A label and the text that is typed behind it.
pub(in crate::tui) struct Prompt<'a> {
    pub(in crate::tui) label: String,
    pub(in crate::tui) input: &'a Input,
}

impl<'a> Prompt<'a> {
    /// The prompt for what to find in the help, while it is typed.
    pub(in crate::tui) fn of_help(page: &'a HelpPage) -> Option<Prompt<'a>> {
        page.is_typing.then(|| Prompt {
            label: " Find: ".to_owned(),
            input: &page.words,
        })
    }
}

impl Prompt<'_> {
    /// The prompt in a line of `width` columns; `None` where nothing is typed there.
    fn of(state: &State, width: u16) -> Option<Prompt<'_>> {
        match &state.mode {
            Mode::Prompt { asked, input } => {
                let room = usize::from(width).saturating_sub(QUANTITY_ROOM);
                let label = match asked {
                    Asked::Quantity(product) => quantity_label(state, product, room),
                    Asked::Rule(rule) => rule_label(state, *rule, room),
                    Asked::Note(note) => {
                        let room = usize::from(width).saturating_sub(NOTE_ROOM);
                        note_label(state, note, input, room)
                    }
                };
                Some(Prompt { label, input })
            }
            Mode::Palette { input, .. } => Some(Prompt {
                label: " : ".to_owned(),
                input,
            }),

            Mode::Help(page) => Prompt::of_help(page),
            Mode::Browse
            | Mode::Search
            | Mode::OrderSearch
            | Mode::Checkout(_)
            | Mode::Orders
            | Mode::Receipt { .. }
            | Mode::Carts
            | Mode::ConfirmQuit
            | Mode::ConfirmCancel(_)
            | Mode::ConfirmClear(_) => None,
        }
    }

    /// Draws the prompt, with the terminal's cursor where one types.
    pub(in crate::tui) fn draw(&self, theme: &Theme, area: Rect, sketch: &mut Sketch) {
        let typed = TypedText::fitting(self.input, self.room(area));
        let x = u16::try_from(text::width(&self.label) + typed.cursor).unwrap_or(u16::MAX);
        let x = area.x + x.min(area.width.saturating_sub(1));
        sketch.set_cursor(Position::new(x, area.y));

        let label = Span::styled(&self.label, theme.accent);
        let typed = Span::styled(typed.shown, theme.text);
        sketch.write_line(&Line::from_iter([label, typed]), area);
    }

    /// The columns for what is typed.
    fn room(&self, area: Rect) -> usize {
        usize::from(area.width).saturating_sub(text::width(&self.label) + 1)
    }
}

/// The label before a quantity that is typed, in at most `columns`: above all the product's
/// name, then how many the cart holds now.
fn quantity_label(state: &State, product: &ProductId, columns: usize) -> String {
    let name = state.name_of(product);
    let now = match state.cart.shown.quantity(product) {
        0 => String::new(),
        n => format!(" (now {n})"),
    };

    for before in [" Quantity of ", " "] {
        let room = columns.saturating_sub(text::width(before) + text::width(&now) + 2);
        if room >= text::width(&name).min(LEAST_NAME) {
            return format!("{before}{}{now}: ", text::truncate(&name, room));
        }
    }
    format!(" {}: ", text::truncate(&name, columns.saturating_sub(3)))
}

/// The label before the value of a rule that is typed, in at most `columns`: its value now, and what
/// else may be typed.
fn rule_label(state: &State, rule: TypedRule, columns: usize) -> String {
    let rules = &state.cart.confirmed.rules;
    let currency = &state.shop.currency;
    let (question, choices) = match rule {
        TypedRule::Deadline => {
            let choices = match rules.closes {
                Some(at) => {
                    let time = state.clock().minute(at);
                    format!("{time}, 45m, {NONE}")
                }
                None => format!("{}, 45m", state.clock().hours.sample()),
            };
            ("Closes at", choices)
        }
        TypedRule::Budget => (
            "Budget for everybody",
            amount_choices(rules.budget, currency),
        ),
        TypedRule::Each => (
            "Limit for each person",
            amount_choices(rules.budget_each, currency),
        ),
        TypedRule::Expect => ("Expected names, with commas", "empty: nobody".to_owned()),
    };

    let full = format!(" {question} ({choices}): ");
    if text::width(&full) <= columns {
        full
    } else {
        format!(" {}: ", text::truncate(question, columns.saturating_sub(3)))
    }
}

/// The label before a note that is typed, in at most `columns`: on what it is, whose note for the
/// order is there, and how it is removed. Where no more can be typed, it says so.
fn note_label(state: &State, note: &AskedNote, input: &Input, columns: usize) -> String {
    if input.value().chars().count() >= LONGEST_NOTE {
        let full = format!(" {}: ", Refusal::NoteTooLong);
        return if text::width(&full) <= columns {
            full
        } else {
            format!(" {LONGEST_NOTE} at most: ")
        };
    }

    let subject = match &note.product {
        Some(product) => state.name_of(product),
        None => "the order".to_owned(),
    };
    let author = state.author_of_order_note();
    let author = match author.filter(|author| note.product.is_none() && !state.is_me(author)) {
        Some(author) if !note.before.is_empty() => format!(" by {author}"),
        Some(_) | None => String::new(),
    };
    let labels = [
        format!(" Note for {subject}{author} (empty removes it): "),
        format!(" Note for {subject}{author}: "),
        format!(" Note for {subject}: "),
    ];
    labels
        .into_iter()
        .find(|label| text::width(label) <= columns)
        .unwrap_or_else(|| {
            // The name has what the words leave, where that is enough to tell products apart.
            match columns.saturating_sub(text::width(" Note for : ")) {
                room @ LEAST_NAME.. => format!(" Note for {}: ", text::truncate(&subject, room)),
                _ => " Note: ".to_owned(),
            }
        })
}

/// The values that may be typed for an amount: its value now, or an example.
fn amount_choices(amount: Option<Money>, currency: &Currency) -> String {
    match amount {
        Some(amount) => format!("{}, {NONE}", amount.in_currency(currency)),
        None => currency.small_sample(),
    }
}

/// The message: a question that is asked, else the digits typed so far, else the last notice,
/// else what is wrong with the connection or the session.
fn message(state: &State) -> (String, Style) {
    let theme = &state.theme;
    if let Some(question) = question(state) {
        return (question, theme.warn);
    }

    if let Some(count) = state.digits.count() {
        return (format!("{count} × …"), theme.accent);
    } else if !state.digits.is_empty() {
        return (format!("{} …", state.digits.as_str()), theme.accent);
    }

    if let Some(notice) = &state.notice {
        return (notice.text.clone(), notice.tone.style(theme));
    }

    match &state.connectivity {
        Connectivity::Offline { trouble, .. } => {
            let sentence = match state.cart.unconfirmed.len() {
                0 => format!("Trying again: {trouble}"),
                n => format!(
                    "{} waiting; trying again: {trouble}",
                    text::count(n, "change")
                ),
            };
            (sentence, theme.bad)
        }
        Connectivity::Unreadable(trouble) => {
            (format!("The cart can't be read: {trouble}"), theme.bad)
        }
        Connectivity::Connecting | Connectivity::Live | Connectivity::Syncing => {
            match &state.catalog.unread {
                Some(unread) => (unread.clone(), theme.bad),
                None => (session_warning(state).unwrap_or_default(), theme.warn),
            }
        }
    }
}

/// The question that yes answers; `None` where none is asked.
pub(in crate::tui) fn question(state: &State) -> Option<String> {
    match &state.mode {
        Mode::ConfirmQuit => Some(quit_question(state)),
        Mode::ConfirmCancel(id) => {
            let order = state.orders.order(id);
            let total = order.map(|order| order.total().in_currency(&order.currency));
            let name = state.orders.name_of(id);
            let total = total.map_or_else(String::new, |total| format!(", {total}"));
            Some(format!("Cancel {name}{total}? Its stock goes back."))
        }
        Mode::ConfirmClear(Some(cart)) => Some(format!(
            "Clear all of {cart}? You can't undo that from here."
        )),
        Mode::ConfirmClear(None) => {
            let lines = text::count(state.cart.shown.lines.len(), "line");
            Some(format!("Clear the whole cart, {lines}?"))
        }
        Mode::Browse
        | Mode::Search
        | Mode::Palette { .. }
        | Mode::Prompt { .. }
        | Mode::Help(_)
        | Mode::Checkout(_)
        | Mode::Orders
        | Mode::OrderSearch
        | Mode::Receipt { .. }
        | Mode::Carts => None,
    }
}

/// The label before what is typed; `None` where nothing is asked for.
pub(in crate::tui) fn prompt_label(state: &State) -> Option<String> {
    let prompt = Prompt::of(state, u16::MAX)?;
    Some(prompt.label.trim().trim_end_matches(':').to_owned())
}

/// The message on a session that ends soon; `None` where it does not.
pub(in crate::tui) fn session_warning(state: &State) -> Option<String> {
    state.time_left().filter(|left| *left <= SECONDS_BELOW)?;
    let key = state.env.keymap.key_of(Action::KeepAlive);
    Some(format!("The cart expires soon: {key} keeps it"))
}
