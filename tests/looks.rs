//! How it looks, checked cell by cell on every screen: contrast, and colours where there are
//! to be none.

use crate::harness;

use harness::board::{self, TestBoard};
use harness::screens::{self, SIZES, TestScreen, demo_products, name_in_ascii, screens};
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};
use std::collections::BTreeMap;
use trolley::config::display::{Charset, Colours, Display};
use trolley::config::theme::Theme;
use trolley::model::{Cart, Catalog, Currency, Money, OrderBrief, OrderState};
use trolley::store::board::BoardEvent;
use trolley::store::live::{LiveEvent, OrderEvent};
use trolley::store::{Shop, Trouble};
use trolley::tui::message::Message;
use trolley::tui::state::State;

/// The relative luminance of WCAG 2.
fn luminance(color: Color) -> f64 {
    let (r, g, b) = match color {
        Color::Rgb(r, g, b) => (r, g, b),
        Color::Indexed(index @ 232..) => {
            let grey = 8 + 10 * (index - 232);
            (grey, grey, grey)
        }
        Color::Indexed(index @ 16..) => {
            let step = |place: u8| [0, 95, 135, 175, 215, 255][usize::from(place % 6)];
            let place = index - 16;
            (step(place / 36), step(place / 6), step(place))
        }
        _ => panic!("{color:?} is another in every terminal"),
    };
    let part = |value: u8| {
        let value = f64::from(value) / 255.0;
        if value <= 0.03928 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b)
}

fn contrast(a: Color, b: Color) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Frames, rules and the thumb of a scroll bar carry no text.
fn is_chrome(symbol: &str) -> bool {
    symbol
        .chars()
        .all(|c| c.is_whitespace() || matches!(c, '\u{2500}'..='\u{257F}'))
}

/// Every pair of text and ground that the screens show, with a place where it does.
fn pairs(theme: Theme) -> BTreeMap<(String, String), (Color, Color, String)> {
    let mut pairs = BTreeMap::new();
    let look = |name: &str, stage: &TestScreen, pairs: &mut BTreeMap<_, _>| {
        let terminal = stage.draw();
        let buffer = terminal.backend().buffer();
        for (at, cell) in buffer
            .content
            .iter()
            .enumerate()
            .filter(|(_, cell)| !is_chrome(cell.symbol()))
        {
            let (fg, bg) = match cell.modifier.contains(Modifier::REVERSED) {
                true => (cell.bg, cell.fg),
                false => (cell.fg, cell.bg),
            };
            let (x, y) = buffer.pos_of(at);
            let place = format!(
                "{:?} in {name} of {:?} at {x},{y}",
                cell.symbol(),
                stage.state.size
            );
            pairs
                .entry((format!("{fg:?}"), format!("{bg:?}")))
                .or_insert((fg, bg, place));
        }
    };
    for (width, height) in SIZES.into_iter().chain([(20, 5)]) {
        for (name, mut stage) in screens(width, height) {
            stage.state.theme = theme;
            look(name, &stage, &mut pairs);
        }
    }
    pairs
}

#[test]
fn all_text_is_readable_on_its_ground() {
    // The grounds that terminals usually have, where the theme leaves them theirs.
    let dark = [0x00_0000, 0x1e_1e2e, 0x28_2c34].map(Color::from_u32);
    let light = [0xff_ffff, 0xf6_f8fa, 0xf0_f0f0].map(Color::from_u32);
    for (name, theme, grounds) in [
        ("dark", Theme::DARK, dark),
        ("light", Theme::LIGHT, light),
        ("contrast", Theme::CONTRAST, dark),
    ] {
        let palette = Display {
            colours: Colours::Palette,
            charset: Charset::Unicode,
        };
        let themes = [theme, theme.on_terminal_background()];
        let all = themes
            .into_iter()
            .flat_map(|theme| [theme, palette.theme(theme)]);
        let (mut seen, mut bad) = (0, Vec::new());
        for (fg, bg, place) in all.flat_map(|theme| pairs(theme).into_values()) {
            let on = if bg == Color::Reset {
                grounds.to_vec()
            } else {
                vec![bg]
            };
            for ground in on {
                seen += 1;
                if fg == Color::Reset {
                    bad.push(format!("no colour for text on {ground:?}: {place}"));
                } else if contrast(fg, ground) < 4.5 {
                    bad.push(format!(
                        "{fg:?} on {ground:?}, {:.2}: {place}",
                        contrast(fg, ground)
                    ));
                }
            }
        }
        assert!(bad.is_empty(), "{name}:\n{}", bad.join("\n"));
        assert!(seen > 30, "{name}: only {seen} pairs were seen");
    }
}

#[test]
fn our_own_signs_are_as_wide_in_every_terminal() {
    for (width, height) in SIZES {
        for (name, stage) in screens(width, height) {
            let picture = stage.picture();
            // Emoji variants and joined glyphs are one or two columns, as a terminal likes.
            let doubtful = picture
                .chars()
                .find(|c| matches!(c, '\u{FE0F}' | '\u{200D}'));
            assert_eq!(doubtful, None, "{name}");
        }
    }
}

#[test]
fn there_is_one_copy_of_the_terminal_library() {
    // Two would share the terminal's modes and its input.
    let lock = include_str!("../Cargo.lock");
    assert_eq!(lock.matches("name = \"crossterm\"").count(), 1);
}

#[test]
fn without_colours_there_are_none_and_sixteen_are_the_terminals_own() {
    for (fg, bg, place) in pairs(Theme::NONE).into_values() {
        assert_eq!((fg, bg), (Color::Reset, Color::Reset), "{place}");
    }
    for (fg, bg, place) in pairs(Theme::SIXTEEN).into_values() {
        for color in [fg, bg] {
            assert!(
                !matches!(color, Color::Rgb(..) | Color::Indexed(_)),
                "{place}: {color:?}"
            );
        }
        // Only black text is known to be readable on a colour.
        assert!(
            bg == Color::Reset || fg == Color::Black,
            "{place}: {fg:?} on {bg:?}"
        );
    }
}

/// The rows of a picture in ASCII, where it has nothing else and none of our own signs is missing.
pub fn rows_in_ascii(unicode: &str, ascii: &str) -> Result<Vec<String>, String> {
    let rows: Vec<String> = ascii.lines().map(str::to_owned).collect();
    let is_printable = |row: &String| row.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if let Some(row) = rows.iter().find(|row| !is_printable(row)) {
        return Err(format!("not ASCII: {row}"));
    }
    if let Some(row) = rows.iter().find(|row| row.len() != rows[0].len()) {
        return Err(format!("not as wide as others: {row}"));
    }

    // Only letters of names have no sign of their own: both columns of each tell so.
    let unknown = unicode.matches(['抹', '茶']).count();
    if ascii.matches('?').count() != unicode.matches('?').count() + 2 * unknown {
        return Err(format!("a sign is missing:\n{unicode}\n{ascii}"));
    }
    Ok(rows)
}

#[test]
fn a_terminal_of_ascii_gets_nothing_else() {
    let mut amounts = 0;
    for (width, height) in SIZES.into_iter().chain([(40, 12), (20, 5)]) {
        for (name, mut stage) in screens(width, height) {
            name_in_ascii(&mut stage.state);
            let unicode = stage.picture();
            stage.state.env.display.charset = Charset::Ascii;
            let rows = rows_in_ascii(&unicode, &stage.picture());
            let rows = rows.unwrap_or_else(|why| panic!("{name} of {width}x{height}: {why}"));
            assert_eq!(rows.len(), usize::from(height));
            amounts += rows.join("\n").matches("EUR ").count();
        }

        for (name, mut board) in board::screens(width, height) {
            board::name_in_ascii(&mut board.state);
            let unicode = board.picture();
            board.state.env.display.charset = Charset::Ascii;
            let rows = rows_in_ascii(&unicode, &board.picture());
            let rows = rows.unwrap_or_else(|why| panic!("{name} of {width}x{height}: {why}"));
            assert_eq!(rows.len(), usize::from(height));
        }
    }
    assert!(amounts > 100, "only {amounts} amounts were seen");
}

/// A filled shop on a terminal that shows ASCII alone from its first moment on.
fn shop_in_ascii() -> TestScreen {
    let mut stage = TestScreen::filled(120, 36);
    let mut env = screens::env();
    env.display.charset = Charset::Ascii;
    stage.state.env = State::new(env, Theme::DARK, true, (120, 36)).env;
    let shop = Shop {
        currency: Currency::with_sign("€"),
        ..Shop::default()
    };
    let read = Ok((Catalog::new(demo_products()), Some(shop)));
    stage.take_in(Message::Catalog(read, 0));
    stage
}

#[test]
fn keys_and_currencies_are_words_in_ascii() {
    let mut stage = shop_in_ascii();
    let cart = stage.picture();
    assert!(cart.contains("EUR ") && !cart.contains("E2.40"), "{cart}");
    stage.keys("? end");
    let help = stage.picture();
    assert!(
        help.contains("Right l") && help.contains("Down j"),
        "{help}"
    );

    // So is the total of an order that is heard of in short.
    let mut stage = shop_in_ascii();
    let brief = OrderBrief {
        number: Some(42),
        total: Money::parse("77.10").map(|total| (total, Currency::with_sign("€"))),
        ..OrderBrief::in_state(board::numbered(42), OrderState::Placed)
    };
    let id = brief.id.clone();
    stage.link(LiveEvent::Order(OrderEvent::Newest(vec![brief])));
    let known = stage.state.orders.followed.iter().find(|it| it.id == id);
    let (total, currency) = known.and_then(|it| it.total.clone()).unwrap();
    assert_eq!(total.in_currency(&currency), "EUR\u{a0}77.10");
}

/// The signs beside rows of this background on a screen, or the place of one without.
fn signs_beside(buffer: &Buffer, background: Color, sign: &str) -> Result<usize, (u16, u16)> {
    let has_background = |x: u16, y: u16| buffer[(x, y)].bg == background;
    let mut signs = 0;
    for y in 0..buffer.area.height {
        for x in 1..buffer.area.width {
            // Lines that belong to the row follow it.
            let is_left = |gap: u16| x >= gap && has_background(x - gap, y);
            // The second column of a wide letter is hidden, and has no style.
            let begins = has_background(x, y) && !is_left(1) && !is_left(2);
            if begins && buffer[(x - 1, y)].symbol() == sign {
                signs += 1;
            } else if begins && (y == 0 || !has_background(x, y - 1)) {
                return Err((x, y));
            }
        }
    }
    Ok(signs)
}

#[test]
fn what_is_selected_or_just_changed_has_a_sign() {
    let backgrounds = [
        (Theme::DARK.selected, "▸"),
        (Theme::DARK.selected_unfocused, "▹"),
        (Theme::DARK.changed, "*"),
    ];
    let mut seen = [0; 3];
    let mut look = |name: &str, buffer: &Buffer| {
        for (seen, (style, sign)) in seen.iter_mut().zip(backgrounds) {
            let signs = signs_beside(buffer, style.bg.unwrap(), sign);
            *seen += signs.unwrap_or_else(|place| {
                panic!("no {sign} in {name} of {:?} beside {place:?}", buffer.area)
            });
        }
    };
    for (width, height) in SIZES {
        for (name, stage) in screens(width, height) {
            look(name, stage.draw().backend().buffer());
        }
        for (name, mut board) in board::screens(width, height) {
            look(name, board.draw().backend().buffer());
            // In the other pane, on a line further down, and on what is ready.
            board.keys("esc esc down left 3 6");
            look(name, board.draw().backend().buffer());
        }
    }
    assert!(seen.iter().all(|seen| *seen > 5), "{seen:?}");
}

/// States that differ by more than what is written elsewhere: without any colour or other
/// attribute, the screen still tells one from the other.
#[test]
fn every_state_can_be_told_without_attributes() {
    let filled = |keys: &str| {
        let mut stage = TestScreen::filled(80, 24);
        stage.keys(keys);
        stage
    };
    let empty = |keys: &str| {
        let mut stage = filled(keys);
        stage.link(LiveEvent::Cart(Cart::default()));
        stage
    };
    let changed = |wait: u64| {
        let mut stage = filled("esc");
        stage.change("bob@kitchen", "espresso", 13, 1, "2.40");
        stage.pass(wait);
        stage.keys("esc");
        stage
    };
    let offline = {
        let mut stage = filled("esc");
        stage.link(LiveEvent::Down(Trouble::ConnectionRefused));
        stage.keys("esc");
        stage
    };
    let people = |ready: bool, limit: &str| {
        let mut stage = TestScreen::with_rules(120, 36, "ann@till");
        let mut cart = stage.state.cart.confirmed.clone();
        cart.rules.budget_each = Money::parse(limit);
        if !ready {
            cart.ready.clear();
        }
        stage.link(LiveEvent::Cart(cart));
        stage.keys("w");
        stage
    };

    for (state, one, other) in [
        ("focus", filled("esc"), filled("tab")),
        ("focus on nothing", empty("esc"), empty("tab")),
        ("selection", filled("esc"), filled("down")),
        ("just changed", changed(0), changed(20_000)),
        ("unconfirmed", filled("tab +"), {
            let mut stage = filled("tab");
            stage.change("ann@till", "baguette", 3, 1, "1.90");
            stage.pass(20_000);
            stage
        }),
        ("offline", filled("esc"), offline),
        ("sorting", filled("s s"), filled("s s s")),
        ("ready", people(true, "12"), people(false, "12")),
        ("over the limit", people(true, "12"), people(true, "11")),
    ] {
        assert_ne!(one.picture(), other.picture(), "{state}");
    }

    // Of tickets: fresh, to be looked at, late, cancelled, new, ticked.
    let board = TestBoard::busy(120, 36);
    let picture = board.picture();
    for words in [
        "#38 table-3",
        "!! 12 min",
        "#39 family",
        " ! 8 min",
        "CANCELLED",
        "✓  2 Capp",
    ] {
        assert!(picture.contains(words), "{words}: {picture}");
    }
    let mut new = TestBoard::with(120, 36, board::tickets());
    let (seen, unseen) = (new.picture(), {
        let lines = [(1, "Espresso", "Coffee", "2.40", false, "")];
        let ticket = board::ticket(48, "office", 0, &lines);
        new.link(BoardEvent::Ticket(Box::new(ticket)));
        new.picture()
    });
    assert!(
        !seen.contains("* #") && unseen.contains("* #48 office"),
        "{unseen}"
    );

    // What is sold out, and what there is little of.
    for width in [30, 50, 80] {
        let mut stage = TestScreen::filled(width, 24);
        stage.keys("/ b a s i l enter");
        let picture = stage.picture();
        assert!(
            picture.contains("sold out") || picture.contains(" 0 "),
            "{picture}"
        );
    }
}
