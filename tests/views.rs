//! Every screen at every size: pictures in text, and no size that breaks.

use crate::harness;

use harness::order_screens;
use harness::screens::{SIZES, TestScreen, demo_products, id, screens, typed};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Rect;
use trolley::config::key::Key;
use trolley::model::{
    Cart, Catalog, ChangeKind, Currency, Edit, LineChange, Money, Product, Refusal, Update,
};
use trolley::store::catalog::decode::CatalogNews;
use trolley::store::live::{LiveEvent, LiveRequest};
use trolley::store::live::{OrderEvent, OrderRequest};
use trolley::store::order::Outcome;
use trolley::store::{Error, Shop, Trouble};
use trolley::tui::layout::palette;
use trolley::tui::message::{Effect, Message, MouseKind};
use trolley::tui::state::Mode;
use trolley::tui::state::areas::Pane;
use trolley::tui::state::catalog::{CatalogLoad, RunningLoad};
use trolley::tui::state::catalog::{SearchPurpose, SearchResults};
use trolley::tui::state::scroll::Scroll;
use trolley::tui::update::update;
use trolley::tui::view::view;

#[test]
fn every_screen_at_the_usual_sizes() {
    for (width, height) in SIZES {
        for (name, stage) in screens(width, height) {
            insta::assert_snapshot!(format!("{name}-{width}x{height}"), stage.picture());
        }
    }
}

#[test]
fn no_size_breaks_any_screen() {
    // All sizes at which layouts change for the fullest screen, and larger ones along two sides,
    // in one terminal, as a window is drawn larger; the others at the edges of the layouts.
    let render = |stage: &mut TestScreen, terminal: &mut Terminal<TestBackend>, width, height| {
        stage.take_in(Message::Resize(width, height));
        terminal.backend_mut().resize(width, height);
        terminal.resize(Rect::new(0, 0, width, height)).unwrap();
        view(&stage.state, terminal.get_frame().buffer_mut());
    };
    let mut fullest = TestScreen::filled(120, 36);
    let mut terminal = Terminal::new(TestBackend::new(1, 1)).unwrap();
    let sizes = (1..=160)
        .flat_map(|width| (1..=50).map(move |height| (width, height)))
        .chain((161..=300).map(|width| (width, 100)))
        .chain((51..=100).map(|height| (300, height)));
    for (width, height) in sizes {
        render(&mut fullest, &mut terminal, width, height);
    }

    for (_, mut stage) in screens(120, 36) {
        for width in [
            1, 2, 5, 23, 24, 25, 39, 40, 47, 48, 54, 75, 76, 77, 99, 100, 130, 200,
        ] {
            for height in [1, 2, 5, 6, 7, 8, 9, 11, 13, 14, 15, 19, 20, 26, 27, 30, 60] {
                render(&mut stage, &mut terminal, width, height);
            }
        }
    }
}

#[test]
fn wide_and_combining_names_line_up() {
    let mut stage = TestScreen::filled(120, 36);
    let names = [
        "抹茶",
        "e\u{301}clair",
        "👩‍🍳 pie",
        "한국어",
        "a\u{300}\u{301}\u{302}\u{303}",
        "سلام لالا",
        "हिन्दी क्षेत्र",
        "ชาเย็น น้ำ",
        "👨‍👩‍👧‍👦 family",
        "❤\u{fe0f} tea 1\u{fe0f}\u{20e3}",
    ];
    let product = |(n, name): (usize, &&str)| {
        let raw = [name, "1.005", "Odd", "each", "3", "", ""].map(|text| Some(text.as_bytes()));
        Product::decode(id(&format!("odd-{n}")), raw).unwrap()
    };
    let odd: Vec<Product> = names.iter().enumerate().map(product).collect();
    stage.take_in(Message::Catalog(
        Ok((Catalog::new(odd), Some(Shop::default()))),
        0,
    ));
    let terminal = stage.draw();
    let buffer = terminal.backend().buffer();
    let rows = 3..3 + u16::try_from(names.len()).unwrap();
    let points: Vec<u16> = rows
        .clone()
        .map(|y| {
            (0..62)
                .find(|x| buffer[(*x, y)].symbol() == ".")
                .unwrap_or_else(|| panic!("no price in row {y}"))
        })
        .collect();
    assert!(points.iter().all(|x| *x == points[0]), "{points:?}");
    for y in rows {
        assert_eq!(buffer[(61, y)].symbol(), "│");
    }
}

#[test]
fn the_selected_rows_stay_where_they_are_when_others_change_the_cart() {
    let mut stage = TestScreen::filled(120, 36);
    stage.keys("tab down down");
    let row = |stage: &TestScreen| {
        stage
            .picture()
            .lines()
            .position(|line| line.contains("Matcha Powder") && line.contains("16.50 "))
            .unwrap()
    };
    let selected = stage.state.target();
    let before = row(&stage);
    // A line above goes, one below comes: the selection stays on its line.
    stage.change("bob", "baguette", 0, -2, "");
    stage.change("bob", "milk", 4, 4, "1.45");
    assert_eq!(stage.state.target(), selected);
    assert!(row(&stage) <= before);
    // The catalog is read again with a product more: what is selected stays selected.
    stage.keys("tab down down down");
    let selected = stage.state.target();
    let mut products = demo_products();
    products.push(Product {
        name: "Aaa".into(),
        id: id("aaa"),
        ..products[0].clone()
    });
    stage.take_in(Message::Catalog(
        Ok((Catalog::new(products), Some(Shop::default()))),
        0,
    ));
    assert_eq!(stage.state.target(), selected);
}

#[test]
fn unconfirmed_changes_never_look_saved() {
    let mut stage = TestScreen::filled(120, 36);
    stage.keys("3 a");
    assert!(
        stage.picture().contains("5… Baguette"),
        "{}",
        stage.picture()
    );
    let op = stage.state.cart.unconfirmed[0].op.clone();
    let refused = trolley::model::Refusal::TooMany {
        limit: 4,
        already: 2,
    };
    stage.link(LiveEvent::Settled(op, Err(Error::Refused(refused))));
    assert!(stage.picture().contains(" 2 Baguette"));
    assert!(stage.picture().contains("Too many: the limit is 4"));
}

/// A change whose answer got lost may have been applied: nobody is told that it was not.
#[test]
fn an_unknown_outcome_is_not_called_a_failure() {
    let mut screen = TestScreen::filled(120, 36);
    screen.keys("3 a");
    let op = screen.state.cart.unconfirmed[0].op.clone();

    let unknown = Error::Unknown {
        op: op.clone(),
        trouble: Trouble::ReadOnly,
    };
    let effects = update(
        &mut screen.state,
        Message::Live(LiveEvent::Settled(op, Err(unknown))),
        screen.now,
    );

    assert!(screen.picture().contains("It is not known whether"));
    assert!(!screen.picture().contains("was not made"));
    assert!(matches!(effects[..], [Effect::Live(LiveRequest::Reread)]));
}

#[test]
fn clicks_and_the_wheel() {
    let mut stage = TestScreen::filled(120, 36);
    stage.click(5, 6);
    assert_eq!(stage.state.catalog.scroll.cursor, 3);
    assert!(stage.state.cart.unconfirmed.is_empty());
    stage.click(5, 6);
    assert_eq!(stage.state.cart.unconfirmed.len(), 1, "a double click adds");
    stage.click(80, 4);
    assert_eq!(stage.state.target(), Some(id("espresso")));
    stage.mouse(MouseKind::WheelDown, 5, 10);
    let scroll = stage.state.catalog.scroll;
    assert_eq!(
        (scroll.top, scroll.cursor),
        (3, 3),
        "the wheel leaves the selection while it shows"
    );
    stage.mouse(MouseKind::WheelDown, 5, 10);
    assert_eq!(stage.state.catalog.scroll.cursor, 6);
    // In the palette a click does what the entry under it says, scrolled or not.
    stage.keys(": down down down down down down down down");
    let shown = stage.picture();
    let row = shown
        .lines()
        .position(|line| line.contains("Show one category"))
        .unwrap();
    stage.click(5, u16::try_from(row).unwrap());
    assert!(stage.picture().contains(" : category "));
    stage.keys("esc");
    // Column heads order; the footer's keys work.
    stage.click(46, 2);
    assert_eq!(stage.state.catalog.sorting.by, trolley::model::Sort::Price);
    let footer = stage.picture().lines().last().unwrap().to_owned();
    let help = footer.chars().position(|c| c == '?').unwrap();
    stage.click(u16::try_from(help).unwrap(), 35);
    assert!(stage.picture().contains(" Keys "));
}

#[test]
fn a_pasted_newline_orders_nothing() {
    let mut stage = TestScreen::filled(120, 36);
    stage.take_in(Message::Paste("a\na\nq\n".to_owned()));
    assert!(stage.state.cart.unconfirmed.is_empty());
    stage.keys("/");
    stage.take_in(Message::Paste("cof\nfee".to_owned()));
    assert_eq!(stage.state.catalog.words.value(), "cof fee");
}

#[test]
fn an_escape_and_a_key_that_came_together_are_both() {
    let mut stage = TestScreen::filled(120, 36);
    stage.keys("/ e s p alt-:");
    assert!(stage.picture().contains(" Commands ") && stage.state.catalog.words.value().is_empty());
    // Alt keys that edit what is typed keep doing so.
    stage.keys("o n e space t w o alt-b x");
    assert!(stage.picture().contains(" : one xtwo"));
}

#[test]
fn repeating_the_last_change() {
    let mut stage = TestScreen::filled(120, 36);
    stage.keys("4 a down .");
    let edits: Vec<&Edit> = stage
        .state
        .cart
        .unconfirmed
        .iter()
        .map(|change| &change.edits[0])
        .collect();
    assert!(matches!(
        edits[..],
        [Edit::Add { quantity: 4, .. }, Edit::Add { quantity: 4, .. }]
    ));
    assert_ne!(edits[0].product(), edits[1].product());
}

#[test]
fn a_long_reason_takes_a_second_line_on_a_phone() {
    let mut stage = TestScreen::filled(40, 12);
    stage.keys("tab down v d");
    let picture = stage.picture();
    let mut lines = picture
        .lines()
        .skip_while(|line| !line.contains("The Activity"));
    assert!(
        lines
            .next()
            .unwrap()
            .contains("The Activity panel covers the cart: v"),
        "{picture}"
    );
    assert!(lines.next().unwrap().contains(" hides it "), "{picture}");
    assert!(lines.next().unwrap().contains(" v hide "), "{picture}");
}

#[test]
fn nobody_changes_a_line_that_the_activity_covers() {
    let mut stage = TestScreen::filled(50, 15);
    stage.keys("tab down v");
    assert!(
        stage.picture().contains(" Activity "),
        "{}",
        stage.picture()
    );
    assert!(
        stage.picture().contains(" v hide  Tab shop "),
        "{}",
        stage.picture()
    );
    let lines = stage.state.cart.shown.clone();
    for key in ["d", "delete", "+", "-", "=", "enter", "."] {
        stage.keys("3");
        stage.keys(key);
        assert!(
            stage.state.cart.unconfirmed.is_empty() && stage.state.cart.shown == lines,
            "{key}"
        );
        assert!(matches!(stage.state.mode, Mode::Browse), "{key}");
        assert!(
            stage
                .picture()
                .contains("The Activity panel covers the cart: v hides it"),
            "{key}"
        );
    }
    // The palette offers none of it there, and no click does it.
    stage.keys(": l i n e");
    assert!(
        !stage.picture().contains("Remove the line"),
        "{}",
        stage.picture()
    );
    stage.keys("esc");
    for column in 0..50 {
        for row in 1..13 {
            stage.click(column, row);
            stage.click(column, row);
        }
    }
    assert!(stage.state.cart.unconfirmed.is_empty() && matches!(stage.state.mode, Mode::Browse));
    // Once the cart shows, and in a window that shows both, the keys are those of its line.
    stage.keys("v +");
    assert_eq!(stage.state.cart.unconfirmed.len(), 1);
    stage.keys("v");
    stage.take_in(Message::Resize(50, 40));
    stage.keys("d");
    assert_eq!(stage.state.cart.unconfirmed.len(), 2);
    // A window that is too small shows nothing.
    stage.take_in(Message::Resize(23, 40));
    stage.keys("d + = tab a + d =");
    assert!(stage.state.cart.unconfirmed.len() == 2 && matches!(stage.state.mode, Mode::Browse));
}

#[test]
fn a_screen_that_is_too_small_takes_no_key_but_those_that_leave() {
    let all = [
        "a", "enter", "d", "+", "-", "=", ".", "c", "y", "Y", "C", "y", "u", "ctrl-r", "K", "v",
        "s", "m",
    ];
    let typed = [
        ":",
        "/",
        "tab",
        "o",
        "?",
        "D",
        "3",
        "space",
        "esc",
        "n",
        "alt-y",
        "backspace",
    ];
    for (width, height) in [(5, 3), (20, 5), (1, 1), (23, 40), (80, 6)] {
        // With nothing open, and with what asks for a key or takes text.
        for open in ["esc", "c", "C", "o", "?", "/", ":", "tab =", "tab v"] {
            let mut stage = TestScreen::filled(120, 36);
            stage.change("ann@till", "milk", 1, 1, "1.45");
            let shown = stage.state.cart.shown.clone();
            stage.keys(open);
            stage.link(order_screens::preview(105, true));
            stage.take_in(Message::Resize(width, height));
            let before = format!(
                "{:?}",
                (
                    &stage.state.mode,
                    stage.state.focus,
                    &stage.state.catalog.words
                )
            );
            for key in all.iter().chain(&typed) {
                let effects = update(
                    &mut stage.state,
                    Message::Key(Key::parse(key).unwrap()),
                    stage.now,
                );
                assert!(
                    effects.is_empty(),
                    "{width}x{height} {open} {key}: {effects:?}"
                );
            }
            stage.take_in(Message::Paste("Y".to_owned()));
            for kind in [MouseKind::Press, MouseKind::Press, MouseKind::WheelDown] {
                stage.mouse(kind, 0, height - 1);
            }
            let after = format!(
                "{:?}",
                (
                    &stage.state.mode,
                    stage.state.focus,
                    &stage.state.catalog.words
                )
            );
            assert_eq!(before, after, "{width}x{height} {open}");
            assert_eq!(stage.state.cart.shown, shown, "{width}x{height} {open}");
            for (key, leaves) in [("q", "Quit"), ("ctrl-c", "Quit"), ("ctrl-z", "Suspend")] {
                let effects = update(
                    &mut stage.state,
                    Message::Key(Key::parse(key).unwrap()),
                    stage.now,
                );
                assert_eq!(
                    format!("{effects:?}"),
                    format!("[{leaves}]"),
                    "{width}x{height} {open}"
                );
            }
        }
    }
}

#[test]
fn a_screen_that_is_too_small_asks_before_it_loses_a_change() {
    let mut stage = TestScreen::filled(120, 36);
    stage.keys("a");
    stage.take_in(Message::Resize(22, 6));
    let mut press = |key: &str| {
        update(
            &mut stage.state,
            Message::Key(Key::parse(key).unwrap()),
            stage.now,
        )
    };
    assert!(press("q").is_empty() && press("y").is_empty() && press("q").is_empty());
    assert!(press("ctrl-c").is_empty());
    let picture = stage.picture().replace(['"', '\n'], " ");
    let words = picture.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(words, "Quit with 1 change not confirmed? Ctrl-C quits");
    stage.keys("esc");
    assert!(stage.picture().contains("too small"));
    stage.keys("ctrl-c");
    let effects = update(
        &mut stage.state,
        Message::Key(Key::parse("ctrl-c").unwrap()),
        stage.now,
    );
    assert!(matches!(effects[..], [Effect::Quit]));
}

#[test]
fn the_activity_is_brought_up_where_one_pane_shows_at_a_time() {
    // Too low for cart and activity together, and high enough.
    for height in [15, 50] {
        let mut stage = TestScreen::filled(50, height);
        let shows = |stage: &TestScreen, what: &str| stage.picture().contains(what);
        stage.keys("down v");
        assert!(
            shows(&stage, " Activity ") && !shows(&stage, " Catalog "),
            "{}",
            stage.picture()
        );
        let lines = stage.state.cart.shown.clone();
        if height == 15 {
            stage.keys("d");
            assert!(
                stage.state.cart.shown == lines && shows(&stage, "covers the cart: v hides it")
            );
        }
        // Again, and one is where one was; the same a second time.
        stage.keys("v");
        assert!(shows(&stage, " Catalog ") && !shows(&stage, " Activity "));
        stage.keys("v v");
        assert!(shows(&stage, " Catalog ") && !shows(&stage, " Activity "));
        assert_eq!(stage.state.catalog.scroll.cursor, 1);
        // Who has gone to another pane meanwhile stays there.
        stage.keys("v tab");
        assert!(shows(&stage, " Catalog "));
        stage.keys("tab");
        assert!(shows(&stage, " Activity "));
        stage.keys("v");
        assert!(
            shows(&stage, " Cart ") && !shows(&stage, " Activity "),
            "{}",
            stage.picture()
        );
        stage.keys("v v");
        assert!(shows(&stage, " Cart ") && !shows(&stage, " Catalog "));
    }
    // Side by side, the keyboard stays where it is.
    let mut stage = TestScreen::filled(80, 24);
    stage.keys("v");
    assert!(stage.picture().contains(" Activity ") && stage.state.focus == Pane::Catalog);
}

#[test]
fn narrow_footers_keep_the_way_between_the_panes_and_to_the_checkout() {
    for (width, keys, footer) in [
        (30, "esc", " Enter add  Tab cart  ? help"),
        (30, "tab", " Tab shop  c checkout  ? help"),
        (30, "tab v", " v hide  Tab shop  ? help"),
        (30, "c", " Y place the order  Esc back"),
        (24, "tab", " Tab shop  ? help"),
        (37, "tab", " Tab shop  c checkout  ? help  q quit"),
        (38, "tab v", " v hide  Tab shop  ? help  q quit"),
        (40, ":", " Enter take it  Tab complete  Esc cancel"),
        (30, ":", " Enter take it  Esc cancel"),
    ] {
        let mut stage = TestScreen::filled(width, 12);
        stage.keys(keys);
        let picture = stage.picture();
        let last = picture.lines().last().unwrap().trim_matches('"').trim_end();
        assert_eq!(last, footer, "{width} {keys}");
    }
}

#[test]
fn the_quantity_prompt_begins_empty_and_nothing_typed_changes_nothing() {
    let mut stage = TestScreen::filled(120, 36);
    stage.keys("tab =");
    assert!(stage.picture().contains("Quantity of Baguette (now 2): "));
    stage.keys("enter");
    assert!(stage.state.cart.unconfirmed.is_empty() && stage.state.notice.is_none());
    stage.keys("= 7 enter");
    assert!(matches!(
        stage.state.cart.unconfirmed[0].edits[..],
        [Edit::Set { quantity: 7, .. }]
    ));
}

#[test]
fn the_quantity_prompt_names_its_product_at_any_width() {
    for (width, label) in [
        (120, " Quantity of 抹茶 Matcha Powder (now 1): "),
        (60, " Quantity of 抹茶 Matcha Powder (now 1): "),
        (46, " Quantity of 抹茶 Matcha Po… (now 1): "),
        (37, " 抹茶 Matcha Powder (now 1): "),
        (34, " 抹茶 Matcha Po… (now 1): "),
        (30, " 抹茶 Matcha Powder: "),
        (24, " 抹茶 Matcha …: "),
    ] {
        let mut stage = TestScreen::filled(width, 8);
        stage.keys("tab G up =");
        assert_eq!(
            stage.state.cart.selected().map(|line| &line.product),
            Some(&id("matcha-powder"))
        );
        stage.keys("9 9 9 9 9 9");
        let terminal = stage.draw();
        let buffer = terminal.backend().buffer();
        // A wide glyph is followed by a cell that does not show.
        let mut said = String::new();
        let mut x = 0;
        while x < width {
            let symbol = buffer[(x, 6)].symbol();
            said.push_str(symbol);
            x += u16::try_from(trolley::model::text::width(symbol).max(1)).unwrap();
        }
        assert_eq!(said.trim_end(), format!("{label}999999"), "{width}");
    }
}

#[test]
fn another_order_leaves_no_product_out() {
    let mut stage = TestScreen::filled(120, 36);
    for _ in 0..4 {
        assert!(
            stage.picture().contains(" Catalog 64 products "),
            "{}",
            stage.picture()
        );
        stage.keys("s");
    }
    stage.keys("s ]");
    assert!(stage.picture().contains(" 8 of 64 "), "{}", stage.picture());
}

#[test]
fn the_help_says_where_enter_does_what() {
    let mut stage = TestScreen::filled(120, 36);
    stage.keys("?");
    let rows: Vec<String> = stage
        .picture()
        .lines()
        .filter(|row| row.contains("Enter "))
        .map(str::to_owned)
        .collect();
    assert_eq!(rows.len(), 4);
    assert!(
        rows[0].contains("Add the product (in the catalog)")
            && rows[1].contains("quantity (in the cart")
            && rows[2].contains("Fix the selected line (in the checkout)")
            && rows[3].contains("what a person asked for (in the people)"),
        "{rows:?}"
    );
}

#[test]
fn what_is_added_is_what_the_cart_has_selected() {
    let mut stage = TestScreen::filled(120, 36);
    stage.keys("/ o a t enter a");
    assert_eq!(
        stage.state.cart.selected().map(|line| &line.product),
        Some(&id("oat-milk"))
    );
    // Others change what they like: the selection stays.
    stage.change("bob", "baguette", 3, 1, "1.90");
    assert_eq!(
        stage.state.cart.selected().map(|line| &line.product),
        Some(&id("oat-milk"))
    );
}

#[test]
fn the_palette_offers_what_works_here_and_products_by_name() {
    let mut stage = TestScreen::filled(120, 36);
    stage.keys(": l o a d");
    assert!(
        !stage.picture().contains("Load the demo catalog"),
        "not over a filled catalog"
    );
    stage.keys("esc : e s p space 2");
    assert!(stage.picture().contains("Add 2 × Espresso"));
    stage.keys("enter");
    assert!(matches!(&stage.state.cart.unconfirmed[0].edits[..],
        [Edit::Add { product, quantity: 2, .. }] if *product == id("espresso")));
    // A command comes before products, and one letter stands for commands alone.
    stage.keys(": s o r t");
    let picture = stage.picture();
    let first = picture
        .lines()
        .skip_while(|line| !line.contains(" Commands "))
        .nth(1)
        .unwrap();
    assert!(first.contains("Sort the catalog"), "{first}");
    stage.keys("esc : e");
    assert!(!stage.picture().contains("Add 1 × E"));
}

#[test]
fn the_palette_takes_nothing_that_only_looks_like_what_was_typed() {
    let first = |stage: &TestScreen| {
        let picture = stage.picture();
        let row = picture
            .lines()
            .skip_while(|line| !line.contains(" Commands "))
            .nth(1)
            .unwrap();
        row.trim_matches(['"', '│', ' ', '┃', '▸'])
            .split("  ")
            .next()
            .unwrap()
            .trim()
            .to_owned()
    };
    let mut stage = TestScreen::filled(120, 36);
    let bread = demo_products()
        .into_iter()
        .filter(|product| !product.name.starts_with("Sourdough"));
    let shop = Shop {
        name: "Corner Shop".to_owned(),
        currency: Currency::with_sign("€"),
        ..Shop::default()
    };
    stage.take_in(Message::Catalog(
        Ok((Catalog::new(bread.collect()), Some(shop))),
        0,
    ));
    // All its letters are in “Set a quantity: set PRODUCT N”.
    stage.keys(": s o u enter enter");
    assert_eq!(first(&stage), "No product or command matches “sou”");
    assert!(stage.picture().contains(" : sou ") && stage.state.cart.unconfirmed.is_empty());
    // What was typed can be mended; each verb says what it looked for.
    stage.keys("backspace backspace backspace e s p");
    assert_eq!(first(&stage), "Add 1 × Espresso");
    for (typed, said) in [
        ("s e t space x y z q space 3", "No product matches “xyzq”"),
        (
            "r e m o v e space m i l k",
            "No line of the cart matches “milk”",
        ),
        ("t h e m e space p i n k", "No theme matches “pink”"),
        ("c a t e g o r y space x", "No category matches “x”"),
        ("s o r t space x", "No column matches “x”"),
        ("%", "No command matches “%”"),
    ] {
        stage.keys(&format!("ctrl-u {typed} enter enter"));
        assert_eq!(first(&stage), said);
        assert!(matches!(stage.state.mode, Mode::Palette { .. }));
    }
    assert!(stage.state.cart.unconfirmed.is_empty());
}

#[test]
fn the_beginning_of_a_commands_words_finds_it_first() {
    let mut stage = TestScreen::filled(120, 36);
    // Products that begin so stand behind it.
    let mut products = demo_products();
    for name in ["Thyme", "Cat Food", "Clear Honey", "Quinoa", "Price Tags"] {
        products.push(Product {
            name: name.into(),
            id: id(name),
            ..products[0].clone()
        });
    }
    stage.take_in(Message::Catalog(
        Ok((Catalog::new(products), Some(Shop::default()))),
        0,
    ));
    for (words, said) in [
        ("th", "Change the theme"),
        ("cat", "Show one category"),
        ("Cat", "Show one category"),
        ("clear", "Clear the cart"),
        ("quantity", "Set a quantity"),
        ("qui", "Quit"),
        ("checkout", "Check out"),
        ("check out", "Check out"),
        ("und", "Undo your own last change"),
        ("activ", "Show or hide who changed what"),
        // A word somewhere in what is said of a command is behind the products.
        ("pri", "Add 1 × Price Tags"),
        ("search na", "Search name"),
    ] {
        stage.keys(&format!(": {}", typed(words)));
        let entries = palette::entries(&stage.state, words);
        assert!(entries[0].label.starts_with(said), "{words}: {entries:#?}");
        stage.keys("esc");
    }
}

#[test]
fn what_is_short_in_the_cart_stands_behind_the_name_and_leaves_who_it_is_from() {
    let mut stage = TestScreen::filled(160, 48);
    let short = |name: &str, stock: &str| {
        let fields = [name, "2.10", "Bakery", "each", stock, "", ""];
        Product::decode(id("baguette"), fields.map(|text| Some(text.as_bytes()))).unwrap()
    };
    let row = |stage: &TestScreen| {
        let picture = stage.picture();
        let cart = |line: &&str| line.contains("!2 Bag");
        let row = picture
            .lines()
            .find(cart)
            .unwrap_or_else(|| panic!("{picture}"))
            .to_owned();
        row[row.find("!2 Bag").unwrap()..]
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let tell = |stage: &mut TestScreen, product: Product| {
        stage.link(LiveEvent::Products(vec![(id("baguette"), Some(product))]));
    };
    tell(&mut stage, short("Baguette", "1"));
    assert!(
        row(&stage).starts_with("!2 Baguette (only 1 left) ann@till ▲2.10"),
        "{}",
        row(&stage)
    );
    tell(&mut stage, short("Baguette", "0"));
    assert!(
        row(&stage).starts_with("!2 Baguette (none left) ann@till ▲2.10"),
        "{}",
        row(&stage)
    );
    // With less room fewer words, or none: then a sign at the quantity says it.
    stage.take_in(Message::Resize(120, 36));
    tell(&mut stage, short("Baguette", "1"));
    assert!(
        row(&stage).starts_with("!2 Baguette (1 left) ann@till ▲2.10"),
        "{}",
        row(&stage)
    );
    tell(&mut stage, short("Bag of Long Baguettes", "1"));
    assert!(
        row(&stage).starts_with("!2 Bag of Long Bague… ann@till ▲2.10"),
        "{}",
        row(&stage)
    );
    let terminal = stage.draw();
    let buffer = terminal.backend().buffer();
    let quantity = (63..120).find(|x| buffer[(*x, 3)].symbol() == "2").unwrap();
    assert_eq!(Some(buffer[(quantity, 3)].fg), stage.state.theme.warn.fg);
}

#[test]
fn very_long_amounts_are_shown_whole() {
    let fields = [
        "Yacht",
        "123456789012.123456",
        "Boats",
        "each",
        "98765432",
        "Sails.",
        "",
    ];
    let yacht = Product::decode(id("yacht"), fields.map(|text| Some(text.as_bytes()))).unwrap();
    let small = ["Buoy", "3.5", "Boats", "each", "", "", ""].map(|text| Some(text.as_bytes()));
    let buoy = Product::decode(id("buoy"), small).unwrap();
    let mut stage = TestScreen::filled(180, 36);
    stage.take_in(Message::Catalog(
        Ok((Catalog::new(vec![yacht, buoy]), Some(Shop::default()))),
        0,
    ));
    stage.change("ann@till", "yacht", 999, 999, "123456789012.123456");
    stage.change("ann@till", "buoy", 2, 2, "3.5");
    let picture = stage.picture();
    for amount in [
        "€123456789012.123456",
        "€3.50    ",
        "98765432",
        "123333332223111.332544",
        "7.00    ",
    ] {
        let amount = amount.replace('€', stage.state.shop.currency.sign());
        assert!(picture.contains(&amount), "{amount}\n{picture}");
    }
    // Points stand under points, in each column and in the sum.
    let points = |line: &str| {
        line.chars()
            .enumerate()
            .filter(|(_, c)| *c == '.')
            .map(|(x, _)| x)
            .collect::<Vec<_>>()
    };
    let rows: Vec<_> = picture
        .lines()
        .filter(|line| line.contains(" 999 Yacht ") || line.contains("   2 Buoy "))
        .map(points)
        .collect();
    assert_eq!((rows[0].len(), &rows[0]), (2, &rows[1]), "{picture}");
    let sum = picture
        .lines()
        .find(|line| line.contains("Subtotal"))
        .map(points)
        .unwrap();
    assert_eq!(sum.last(), rows[0].last());
    // Where the columns have no room, the details have.
    stage.take_in(Message::Resize(80, 24));
    stage.keys("down");
    assert!(stage.picture().contains(&format!(
        "{}123456789012.123456 ·",
        stage.state.shop.currency
    )));
}

#[test]
fn the_list_of_orders_never_cuts_an_amount() {
    let amount = "1234596.30";
    for width in 24..=200 {
        let mut stage = TestScreen::filled(width, 12);
        stage.keys("o");
        stage.link(order_screens::list(order_screens::orders()));
        let picture = stage.picture();
        assert!(
            picture.contains(&format!("{amount} ")) || picture.contains(&format!("{amount}│")),
            "{picture}"
        );
        // The end of the id and the state as long as there is room.
        assert!(picture.contains("2000-0000"), "{picture}");
        assert_eq!(picture.contains(" ready "), width >= 34, "{picture}");
    }
    // Small amounts leave more room for the rest.
    let mut small = order_screens::orders();
    small.iter_mut().for_each(|order| order.lines.truncate(1));
    let mut stage = TestScreen::filled(37, 12);
    stage.keys("o");
    stage.link(order_screens::list(small));
    let said = stage.picture();
    assert!(said.contains("ready             28.80│"), "{said}");
}

#[test]
fn large_catalogs_are_searched_elsewhere_and_late_answers_are_dropped() {
    let mut stage = TestScreen::filled(120, 36);
    let raw = |n: usize| [format!("Thing {n}"), "1.00".to_owned(), "Things".to_owned()];
    let product = |n: usize| {
        let [name, price, category] = raw(n);
        let fields = [
            Some(name.as_bytes()),
            Some(price.as_bytes()),
            Some(category.as_bytes()),
            None,
            None,
            None,
            None,
        ];
        Product::decode(id(&format!("t{n}")), fields).unwrap()
    };
    let catalog = Catalog::new((0..5_000).map(product).collect());
    let number = |name: &str| catalog.number(&id(name)).unwrap();
    let (four, forty_nine) = (number("t4"), number("t49"));
    stage.take_in(Message::Catalog(Ok((catalog, Some(Shop::default()))), 0));
    stage.keys("/ 4");
    let first = stage.state.catalog.search_sent;
    stage.keys("9");
    assert_eq!(stage.state.catalog.shown.len(), 5_000, "typing never waits");
    let found = |number: u64, products: &[u32], done: bool| {
        let (products, count) = (products.to_vec(), if done { products.len() } else { 700 });
        Message::Found(SearchResults {
            purpose: SearchPurpose::Catalog,
            number,
            products,
            count,
            done,
        })
    };
    stage.take_in(found(first, &[four, forty_nine], true));
    assert_eq!(stage.state.catalog.shown.len(), 5_000, "a late answer");
    // The best so far shows, and what is typed ahead waits for the last word.
    stage.take_in(found(first + 1, &[four], false));
    assert!(
        stage.picture().contains("700 of 5,000 …"),
        "{}",
        stage.picture()
    );
    stage.keys("enter 3 a");
    assert!(stage.state.cart.unconfirmed.is_empty());
    stage.take_in(found(first + 1, &[forty_nine, four], true));
    assert_eq!(**stage.state.catalog.shown, [forty_nine, four]);
    let [change] = stage.state.cart.unconfirmed.make_contiguous() else {
        panic!("not one change")
    };
    assert!(
        matches!(&change.edits[..], [Edit::Add { product, quantity: 3, .. }] if *product == id("t49"))
    );
    // The palette waits likewise.
    stage.keys(": a d d space 7 enter");
    assert_eq!(stage.state.cart.unconfirmed.len(), 1);
    let (number, products) = (stage.state.matches.search_sent, vec![four]);
    stage.take_in(Message::Found(SearchResults {
        purpose: SearchPurpose::Palette,
        number,
        products,
        count: 1,
        done: true,
    }));
    let last = stage.state.cart.unconfirmed.back().unwrap();
    assert!(matches!(&last.edits[..], [Edit::Add { product, .. }] if *product == id("t4")));
    assert_eq!(Catalog::new(vec![product(3)]).categories(), ["Things"]);
    // A product is not gone where its list is only searched again.
    let read = Catalog::new((0..5_000).map(product).collect());
    stage.take_in(Message::Catalog(Ok((read, Some(Shop::default()))), 0));
    let again = stage.state.catalog.search_sent;
    stage.take_in(found(again, &[forty_nine, four], true));
    stage.keys("a");
    let last = stage.state.cart.unconfirmed.back().unwrap();
    assert!(matches!(&last.edits[..], [Edit::Add { product, .. }] if *product == id("t49")));
}

#[test]
fn nothing_is_waited_for_that_can_not_come_about() {
    // Asked to read the catalog while it is being read, and offline: no clock brings it on.
    let mut stage = TestScreen::filled(80, 24);
    stage.link(LiveEvent::Catalog(CatalogNews::Everything));
    stage.link(LiveEvent::Catalog(CatalogNews::Everything));
    assert!(matches!(
        stage.state.catalog.load,
        CatalogLoad::Running(RunningLoad { again: true, .. })
    ));
    let now = stage.now.steady;
    assert!(stage.state.next_moment().is_none_or(|at| at > now));
    stage.link(LiveEvent::Down(Trouble::ConnectionRefused));
    stage.take_in(Message::Catalog(Err(Trouble::ConnectionRefused), 0));
    stage.now.steady += 100_000;
    stage.take_in(Message::Clock);
    assert!(
        stage
            .state
            .next_moment()
            .is_none_or(|at| at > now + 100_000)
    );
}

#[test]
fn refusals_of_a_budget_name_the_currency() {
    let money = |amount: &str| Money::parse(amount).unwrap();
    let (budget, left, total) = (money("80"), money("1.5"), money("84.3"));
    for (refusal, said) in [
        (
            Refusal::OverBudget { budget, left },
            "Over the budget of €80.00: €1.50 left",
        ),
        (
            Refusal::OverOwnBudget { budget, left },
            "Over your budget of €80.00: €1.50 left",
        ),
    ] {
        let mut stage = TestScreen::filled(120, 36);
        stage.keys("a");
        let op = stage.state.cart.unconfirmed[0].op.clone();
        // Programs read the amounts alone.
        assert_eq!(refusal.to_string(), said.replace('€', ""));
        stage.link(LiveEvent::Settled(op, Err(Error::Refused(refusal))));
        assert!(stage.picture().contains(said), "{}", stage.picture());
    }
    let mut stage = TestScreen::filled(120, 36);
    stage.keys("c");
    let LiveEvent::Order(OrderEvent::Preview(mut preview)) = order_screens::preview(104, true)
    else {
        panic!("no preview")
    };
    preview.budget = Some(money("20"));
    stage.link(LiveEvent::Order(OrderEvent::Preview(preview)));
    assert!(
        stage
            .picture()
            .contains("Over the budget by €30.70: take something out first."),
        "{}",
        stage.picture()
    );
    stage.keys("Y");
    stage.state.orders.placing = Some(order_screens::order_id(7));
    let refusal = Refusal::DearerThanBudget { budget, total };
    stage.link(LiveEvent::Order(OrderEvent::Ended(
        order_screens::order_id(7),
        Err(Error::Refused(refusal)),
    )));
    assert!(
        stage
            .picture()
            .contains("The cart costs €84.30, and its budget is €80.00"),
        "{}",
        stage.picture()
    );
}

#[test]
fn an_order_is_confirmed_once_and_never_by_accident() {
    let mut stage = TestScreen::filled(120, 36);
    let placed = |stage: &mut TestScreen, key: &str| {
        let effects = update(
            &mut stage.state,
            Message::Key(Key::parse(key).unwrap()),
            stage.now,
        );
        effects
            .iter()
            .filter(|effect| {
                matches!(
                    effect,
                    Effect::Live(LiveRequest::Order(OrderRequest::Place(..)))
                )
            })
            .count()
    };
    // Not before the prices were read, not with prices of an older cart.
    assert_eq!(placed(&mut stage, "c") + placed(&mut stage, "Y"), 0);
    stage.link(order_screens::preview(103, true));
    assert_eq!(placed(&mut stage, "Y"), 0);
    stage.link(order_screens::preview(104, true));
    assert_eq!(
        placed(&mut stage, "c") + placed(&mut stage, "enter") + placed(&mut stage, "space"),
        0
    );
    // Not while a change of ours is not confirmed, and not while the server is away.
    stage.link(LiveEvent::Down(Trouble::Lost));
    assert_eq!(placed(&mut stage, "Y"), 0);
    assert!(
        stage
            .picture()
            .contains("Nothing was ordered: the server is away")
    );
    let cart = stage.state.cart.confirmed.clone();
    stage.link(LiveEvent::Cart(cart));
    assert_eq!(stage.notice(), "", "the server is back");
    stage.link(order_screens::preview(104, true));
    assert_eq!(placed(&mut stage, "Y"), 1);
    assert_eq!(placed(&mut stage, "Y") + placed(&mut stage, "Y"), 0);
    assert!(stage.picture().contains("not confirmed yet") && !stage.picture().contains("Ordered"));
    // Leaving asks first.
    stage.keys("ctrl-c");
    assert!(stage.picture().contains("The order is not confirmed yet"));
}

#[test]
fn a_receipt_goes_back_to_where_it_came_from() {
    let placed = || {
        let mut stage = TestScreen::filled(120, 36);
        stage.keys("tab c");
        stage.link(order_screens::preview(104, true));
        stage.keys("Y");
        let id = stage.state.orders.placing.clone().unwrap();
        stage.link(LiveEvent::Order(OrderEvent::Ended(
            id.clone(),
            Ok(Outcome::Placed(id)),
        )));
        assert!(matches!(stage.state.mode, Mode::Receipt { .. }));
        stage.link(order_screens::list(order_screens::orders()));
        stage
    };
    for key in ["esc", "q"] {
        // Of the order that was just placed: the shop.
        let mut stage = placed();
        stage.keys(key);
        assert!(matches!(stage.state.mode, Mode::Browse), "{key}");
        // Of one that was picked from the list: that list, also if the list was opened from there.
        stage.keys("o down enter");
        assert!(matches!(stage.state.mode, Mode::Receipt { .. }));
        stage.keys(key);
        assert!(matches!(stage.state.mode, Mode::Orders), "{key}");
        let mut stage = placed();
        stage.keys("o enter");
        stage.keys(key);
        assert!(matches!(stage.state.mode, Mode::Orders), "{key}");
        stage.keys(key);
        assert!(matches!(stage.state.mode, Mode::Browse), "{key}");
    }
}

#[test]
fn nothing_is_said_of_a_cart_that_was_never_read() {
    let said = |stage: &TestScreen| {
        stage
            .state
            .notice
            .as_ref()
            .map(|notice| notice.text.clone())
            .unwrap_or_default()
    };
    let mut stage = TestScreen::new(80, 24);
    // While the shop is being opened, a key waits for the cart.
    stage.keys("c");
    assert_eq!(said(&stage), "");
    stage.link(LiveEvent::Down(Trouble::ConnectionRefused));
    assert_eq!(said(&stage), "The cart has not been read yet");
    for key in ["c", "C", "K"] {
        stage.keys(key);
        assert_eq!(said(&stage), "The cart has not been read yet", "{key}");
        assert!(matches!(stage.state.mode, Mode::Browse));
    }
    // Not even with a change of ours over it: there may be more.
    stage.take_in(Message::Catalog(
        Ok((Catalog::new(demo_products()), Some(Shop::default()))),
        0,
    ));
    stage.keys("a c");
    assert_eq!(said(&stage), "The cart has not been read yet");
    stage.link(LiveEvent::Cart(Cart::default()));
    stage.keys("C");
    assert!(matches!(stage.state.mode, Mode::ConfirmClear(_)));
    let mut stage = TestScreen::new(80, 24);
    stage.link(LiveEvent::Cart(Cart::default()));
    stage.keys("c");
    assert_eq!(said(&stage), "The cart is empty: there is nothing to order");
}

#[test]
fn the_first_row_is_kept_only_for_somebody_who_is_at_work() {
    let begun = || Catalog::new(demo_products().into_iter().skip(20).take(5).collect());
    let whole = || {
        Message::Catalog(
            Ok((Catalog::new(demo_products()), Some(Shop::default()))),
            0,
        )
    };
    let mut stage = TestScreen::new(80, 24);
    stage.take_in(Message::CatalogBegun(begun(), Some(Shop::default())));
    stage.take_in(whole());
    assert_eq!(stage.state.catalog.scroll, Scroll::default());
    let mut stage = TestScreen::new(80, 24);
    stage.take_in(Message::CatalogBegun(begun(), Some(Shop::default())));
    let selected = stage.state.catalog.selected().unwrap().product_id();
    stage.keys("v");
    stage.take_in(whole());
    assert_eq!(
        stage.state.catalog.selected().unwrap().product_id(),
        selected
    );
    assert_ne!(stage.state.catalog.scroll, Scroll::default());
}

#[test]
fn only_what_others_change_lights_up() {
    let mut stage = TestScreen::filled(120, 36);
    stage.state.highlights.clear();
    stage.keys("a");
    let change = stage.state.cart.unconfirmed[0].clone();
    let product = change.edits[0].product().unwrap().clone();
    let cart = &stage.state.cart.confirmed;
    let (had, here) = (cart.quantity(&product), cart.line(&product).is_some());
    let line = LineChange {
        product: product.clone(),
        quantity: had + 1,
        delta: 1,
        price: None,
        taken: Vec::new(),
    };
    stage.link(LiveEvent::Update(Update {
        version: cart.version + 1,
        op: change.op,
        by: "ann@till".to_owned(),
        kind: ChangeKind::Edit,
        lines: vec![line],
        notes: Vec::new(),
        rules: Vec::new(),
        count: cart.lines.len() + usize::from(!here),
        deadline: cart.deadline,
    }));
    assert_eq!(stage.state.cart.confirmed.quantity(&product), had + 1);
    assert!(stage.state.highlights.is_empty());
    stage.version += 1;
    stage.change("bob", &product.to_string(), had + 2, 1, "");
    assert_eq!(stage.state.highlights.len(), 1);
}

#[test]
fn what_is_in_the_cart_is_read_where_the_catalog_can_not_be() {
    let mut stage = TestScreen::new(80, 24);
    stage.link(LiveEvent::Cart(Cart::default()));
    stage.change("bob", "espresso", 2, 2, "");
    let failed = Message::Catalog(Err(Trouble::Lost), 0);
    let effects = update(&mut stage.state, failed, stage.now);
    let is_read = effects
        .iter()
        .any(|e| matches!(e, Effect::Live(LiveRequest::Products(ids)) if *ids == [id("espresso")]));
    assert!(is_read, "{effects:?}");
}

#[test]
fn what_changes_while_the_catalog_is_read_is_read_again() {
    let mut stage = TestScreen::new(80, 24);
    let whole = || {
        Message::Catalog(
            Ok((Catalog::new(demo_products()), Some(Shop::default()))),
            0,
        )
    };
    let news = || {
        Message::Live(LiveEvent::Catalog(CatalogNews::Products(vec![id(
            "espresso",
        )])))
    };
    stage.link(LiveEvent::Cart(Cart::default()));
    assert!(matches!(stage.state.catalog.load, CatalogLoad::Running(_)));
    stage.take_in(news());
    let effects = update(&mut stage.state, whole(), stage.now);
    let again = effects
        .iter()
        .any(|e| matches!(e, Effect::Live(LiveRequest::Products(ids)) if *ids == [id("espresso")]));
    assert!(again, "{effects:?}");
    // Once is enough, and what changes later is read at once.
    let effects = update(&mut stage.state, whole(), stage.now);
    assert!(
        !effects
            .iter()
            .any(|e| matches!(e, Effect::Live(LiveRequest::Products(_)))),
        "{effects:?}"
    );
}
