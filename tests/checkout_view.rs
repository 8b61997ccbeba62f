//! The checkout on the screen: its lines, the people and their sums, what stands in the way.

use crate::harness;

use harness::order_screens::{preview, shared_checkout, shared_preview};
use harness::screens::{TestScreen, id};
use trolley::model::{Currency, Edit, Money};
use trolley::store::Shop;
use trolley::store::live::{LiveEvent, LiveRequest, OrderEvent, OrderQuestion};
use trolley::tui::layout::checkout::shown_total;
use trolley::tui::message::{Effect, Message, MouseKind};
use trolley::tui::state::Mode;
use trolley::tui::state::checkout::{CheckoutPage, CheckoutPane};
use trolley::tui::update::update;

/// The positions in the checkout that shows.
fn page(stage: &TestScreen) -> CheckoutPage {
    match &stage.state.mode {
        Mode::Checkout(page) => *page,
        other => panic!("no checkout: {other:?}"),
    }
}

/// The name of the selected line.
fn selected(stage: &TestScreen) -> String {
    let preview = stage.state.checkout.preview.as_ref().unwrap();
    let line = &preview.lines[page(stage).scroll.cursor];
    line.order_line.name.clone()
}

/// The rows of the picture, without the spaces and frames at their ends.
fn rows(stage: &TestScreen) -> Vec<String> {
    stage
        .picture()
        .lines()
        .map(|row| row.trim_matches(['"', '│', '┃', '▸', '▹', ' ']).to_owned())
        .collect()
}

#[test]
fn a_total_in_the_currency_of_before_can_not_be_ordered() {
    let mut stage = shared_checkout(120, 36);
    let catalog = stage.state.catalog.catalog.clone();
    let shop = Shop {
        currency: Currency::from_example("¥1,234").unwrap(),
        ..stage.state.shop.clone()
    };
    let read = Message::Catalog(Ok((catalog, Some(shop))), 0);
    let effects = update(&mut stage.state, read, stage.now);
    let asks = effects.iter().any(|effect| {
        matches!(
            effect,
            Effect::Live(LiveRequest::Orders(OrderQuestion::Preview(currency))) if currency.sign() == "¥"
        )
    });
    assert!(asks, "{effects:?}");
}

#[test]
fn lines_and_people_stand_side_by_side_or_one_at_a_time() {
    insta::assert_snapshot!("checkout-people-200x60", shared_checkout(200, 60).picture());
    for (width, height) in [(200, 60), (120, 36), (80, 24), (50, 15)] {
        let mut stage = shared_checkout(width, height);
        let is_wide = width >= 100;
        for _ in 0..2 {
            let picture = stage.picture();
            assert!(
                picture.contains(" Checkout 8 lines · 2 need fixing "),
                "{picture}"
            );
            assert_eq!(picture.contains(" People 10 "), is_wide, "{picture}");
            assert_eq!(
                picture.contains("bob 11.50 · cai 11.40"),
                width == 80,
                "{picture}"
            );
            assert!(picture.contains("Total €83.50"), "{picture}");

            stage.keys("tab");
            let picture = stage.picture();
            assert_eq!(page(&stage).pane, CheckoutPane::People);
            assert!(
                picture.contains(" People 10 · 4 ready · 2 missing: jon, kim "),
                "{picture}"
            );
            assert_eq!(picture.contains(" Checkout 8 lines "), is_wide, "{picture}");
            assert!(picture.contains("Total €83.50"), "{picture}");
            stage.keys("tab");
        }
    }
}

#[test]
fn all_problems_show_and_the_first_is_selected() {
    let mut stage = shared_checkout(120, 36);
    assert_eq!(selected(&stage), "Rosemary Focaccia");
    let picture = stage.picture();
    for words in [
        "▸!    4 Rosemary Focaccia ",
        "│       ! only 3 left ",
        "│!    1 Potted Basil ",
        "│       ! none left ",
        "│       ▲ dearer: was 1.80 when it was added ",
        " ▲1.90     7.60│",
        "! 2 lines can't be ordered yet.",
        "4 of 8 ",
    ] {
        assert!(picture.contains(words), "{words}\n{picture}");
    }

    let event = shared_preview(&stage);
    let LiveEvent::Order(OrderEvent::Preview(mut costs)) = event else {
        panic!("no preview")
    };
    for line in &mut costs.lines {
        line.short = None;
        if line.order_line.product == id("espresso") {
            line.price_when_added = Money::parse("3");
        }
    }
    costs.budget = Money::parse("79.30");
    stage.link(LiveEvent::Order(OrderEvent::Preview(costs)));
    let picture = stage.picture();
    assert!(picture.contains("▼ cheaper: was 3.00 when"), "{picture}");
    assert!(
        picture.contains("! Over the budget by €4.20: take something out"),
        "{picture}"
    );
    assert!(picture.contains("Budget  €79.30, €4.20 over"), "{picture}");
    assert_eq!(
        selected(&stage),
        "Rosemary Focaccia",
        "nothing moves by itself"
    );
}

#[test]
fn people_owe_together_what_is_charged() {
    let mut stage = shared_checkout(120, 36);
    let sum_of = |row: &str| {
        let sum = row.rsplit(' ').find(|word| !word.is_empty()).unwrap();
        Money::parse(sum)
    };
    let sums = rows(&stage)[3..16].to_vec();
    let sums: Vec<Money> = sums.iter().filter_map(|row| sum_of(row)).collect();
    assert_eq!(sums.len(), 11, "{}", stage.picture());
    assert_eq!(
        sums.into_iter().sum::<Money>(),
        Money::parse("83.50").unwrap()
    );
    let picture = stage.picture();
    assert!(
        picture.contains("│          bob                         5    0.50    11.50│"),
        "{picture}"
    );
    assert!(picture.contains("│          ann@till (you) "), "{picture}");
    // Who is ready, and who is missing, stands among them; nobody's pieces come last.
    assert!(
        picture.contains("│✓ ready   cai                         3 "),
        "{picture}"
    );
    let last = [
        "– missing jon",
        "– missing kim",
        "nobody's                    1             2.35",
    ];
    let shown = rows(&stage)[13..16].to_vec();
    for (row, words) in shown.iter().zip(last) {
        assert!(row.ends_with(words), "{picture}");
    }

    // What is all one's own says nothing of that beside the lines.
    stage = TestScreen::filled(80, 24);
    stage.keys("c");
    stage.link(preview(104, true));
    assert!(!stage.picture().contains("From"));
}

#[test]
fn a_line_is_selected_and_scrolled_with_all_that_belongs_to_it() {
    let mut stage = shared_checkout(50, 15);
    stage.keys("g");
    let top = rows(&stage);
    assert_eq!(top[3], "6 Espresso                            14.40");
    assert_eq!(top[4], "bob 4, lee 2");
    assert_eq!(selected(&stage), "Espresso");
    let foot = top[7..12].to_vec();
    assert_eq!(foot[1], "closes 11:36 · budget €36.50 left · 4 ready");
    assert!(foot[2].ends_with("Total €83.50"), "{}", stage.picture());

    // The foot stays, and the last line shows whole.
    stage.keys("G");
    let end = rows(&stage);
    assert_eq!(selected(&stage), "Potted Basil");
    assert_eq!(end[7..10], foot[..3], "{}", stage.picture());
    assert_eq!(
        end[4..6],
        ["fay", "! none left · Enter removes it"],
        "{}",
        stage.picture()
    );

    // Another preview leaves the selection where it is; a click selects.
    stage.link(shared_preview(&stage));
    assert_eq!(selected(&stage), "Potted Basil");
    stage.mouse(MouseKind::Press, 10, 3);
    assert_eq!(page(&stage).scroll.cursor, page(&stage).scroll.top);
    let mut wide = shared_checkout(120, 36);
    wide.mouse(MouseKind::Press, 10, 4);
    assert_eq!(selected(&wide), "Flat White");
    wide.mouse(MouseKind::Press, 100, 5);
    assert_eq!(page(&wide).pane, CheckoutPane::People);
}

#[test]
fn the_note_for_the_order_and_the_closing_time_stand_above_a_narrow_total() {
    let mut stage = shared_checkout(50, 15);
    let note = "12:30, at the back door, ring twice";
    let told = |stage: &mut TestScreen, note: &str| {
        let mut cart = stage.state.cart.confirmed.clone();
        cart.notes.set(None, "bob", note);
        stage.link(LiveEvent::Cart(cart));
        stage.link(shared_preview(stage));
        rows(stage)[8].clone()
    };
    assert_eq!(
        told(&mut stage, "12:30"),
        "Note: 12:30 · closes 11:36 · budget €36.50 left"
    );
    assert_eq!(
        told(&mut stage, note),
        "Note: 12:30, at the back door, r… · closes 11:36"
    );
    // A lower screen needs its rows for the lines.
    stage.take_in(Message::Resize(50, 14));
    assert!(!stage.picture().contains("closes 11:36"));
}

#[test]
fn an_order_can_only_be_placed_where_its_whole_total_shows() {
    let total = "Total €83.50";
    let mut stage = shared_checkout(120, 36);
    for width in 1..=130 {
        for height in 1..=40 {
            stage.take_in(Message::Resize(width, height));
            let is_shown = shown_total(&stage.state).is_some();
            let is_large = width >= 24 && height >= 7;
            assert_eq!(is_shown, is_large, "{width}x{height}");
            if is_shown && (height < 12 || width % 9 == 0) {
                assert!(stage.picture().contains(total), "{}", stage.picture());
            }
        }
    }
    // Beside the people, too; not where something else covers it.
    stage.take_in(Message::Resize(50, 15));
    stage.keys("tab");
    assert!(shown_total(&stage.state).is_some() && stage.picture().contains(total));
    for key in ["?", ":"] {
        stage.keys(key);
        stage.keys("esc");
    }
}

/// The changes that some keys ask for: their edits.
fn changes(stage: &mut TestScreen, keys: &str) -> Vec<Vec<Edit>> {
    let requests = stage.requests(keys).into_iter();
    let changes = requests.filter_map(|request| match request {
        LiveRequest::Change(change) => Some(change.edits),
        _ => None,
    });
    changes.collect()
}

fn take(product: &str, quantity: u32) -> Edit {
    let product = id(product);
    Edit::Take { product, quantity }
}

fn remove(product: &str) -> Edit {
    Edit::Remove {
        product: id(product),
    }
}

/// The same cart and checkout where all changes are confirmed.
fn confirm(stage: &mut TestScreen) {
    let mut cart = stage.state.cart.shown.clone();
    stage.version += 1;
    cart.version = stage.version;
    stage.state.cart.unconfirmed.clear();
    stage.link(LiveEvent::Cart(cart));
    stage.link(shared_preview(stage));
}

#[test]
fn a_key_fixes_the_selected_line_and_goes_to_the_next_problem() {
    let mut stage = shared_checkout(120, 36);
    let picture = stage.picture();
    assert!(
        picture.contains("! only 3 left · Enter takes 3, gus keeps none"),
        "{picture}"
    );
    assert!(
        picture.contains("! none left · Enter removes it"),
        "{picture}"
    );
    assert!(
        picture.contains("! 2 lines can't be ordered yet. Enter fixes this one, F │"),
        "{picture}"
    );
    assert!(
        picture.contains(" Enter fix  F fix all  Tab people  n note  u undo "),
        "{picture}"
    );

    assert_eq!(changes(&mut stage, "enter"), [[take("focaccia", 1)]]);
    assert_eq!(selected(&stage), "Potted Basil");
    let picture = stage.picture();
    assert!(picture.contains("! only 3 left …"), "{picture}");
    assert!(picture.contains("3… Rosemary Focaccia"), "{picture}");
    assert!(
        picture.contains("Took 3 × Rosemary Focaccia; u undoes it"),
        "{picture}"
    );
    // Pressed again there, before the server has answered, it takes nothing twice.
    stage.keys("up up up up");
    assert_eq!(selected(&stage), "Rosemary Focaccia");
    assert!(changes(&mut stage, "enter").is_empty());
    assert!(stage.picture().contains("The cart has just changed"));

    stage.keys("G");
    assert_eq!(changes(&mut stage, "enter"), [[remove("basil")]]);
    confirm(&mut stage);
    let picture = stage.picture();
    assert!(picture.contains("To pay €77.10"), "{picture}");
    assert!(
        picture.contains("hal 2, cai 1") && !picture.contains("1 Potted Basil"),
        "{picture}"
    );
    assert!(picture.contains("Press Y to place the order"), "{picture}");
    assert!(!picture.contains("Enter fix"), "{picture}");
    assert!(changes(&mut stage, "enter F enter").is_empty());
}

#[test]
fn one_key_fixes_all_as_one_change() {
    for (width, height) in [(120, 36), (80, 24), (50, 15)] {
        let mut stage = shared_checkout(width, height);
        let both = [[take("focaccia", 1), remove("basil")]];
        assert_eq!(changes(&mut stage, "F"), both);
        assert!(changes(&mut stage, "F").is_empty(), "not twice");
        stage = shared_checkout(width, height);
        stage.keys("F");
        let told = "Took 3 × Rosemary Focaccia and removed ";
        assert!(stage.picture().contains(told), "{}", stage.picture());
        confirm(&mut stage);
        insta::assert_snapshot!(format!("fixed-{width}x{height}"), stage.picture());
    }
}

#[test]
fn whoever_fixes_a_line_loses_their_own_pieces_first() {
    let mut stage = shared_checkout(120, 36);
    stage.state.env.me = "hal".to_owned();
    let picture = stage.picture();
    assert!(
        picture.contains("! only 3 left · Enter takes 3, you keep 1"),
        "{picture}"
    );
}

#[test]
fn a_number_before_a_key_of_the_checkout_is_no_answer_to_it() {
    let mut stage = shared_checkout(120, 36);
    assert!(changes(&mut stage, "3 enter 4 F").is_empty());
    confirm(&mut stage);
    let mut stage = shared_checkout(120, 36);
    stage.keys("F");
    confirm(&mut stage);
    stage.keys("4 Y");
    assert_eq!(stage.state.orders.placing, None);
    assert!(
        stage
            .picture()
            .contains("Nothing was ordered: you typed a number first")
    );
    stage.keys("Y");
    assert!(stage.state.orders.placing.is_some());
}

#[test]
fn the_selected_line_is_changed_as_in_the_cart() {
    let mut stage = shared_checkout(120, 36);
    stage.keys("g");
    let espresso = Edit::Add {
        product: id("espresso"),
        quantity: 3,
        price: Money::parse("2.40"),
    };
    assert_eq!(changes(&mut stage, "3 +"), [[espresso]]);
    assert_eq!(changes(&mut stage, "-"), [[take("espresso", 1)]]);
    assert!(
        stage.picture().contains("8… Espresso"),
        "{}",
        stage.picture()
    );

    // The prompt stands over the checkout, and leads back to it; no key there orders.
    stage.keys("=");
    let picture = stage.picture();
    assert!(
        picture.contains(" Quantity of Espresso (now 8): "),
        "{picture}"
    );
    assert!(picture.contains(" Checkout 8 lines "), "{picture}");
    stage.keys("esc");
    assert!(matches!(stage.state.mode, Mode::Checkout(_)));
    stage.keys("= Y enter");
    assert_eq!(stage.state.orders.placing, None);
    assert!(matches!(stage.state.mode, Mode::Checkout(_)));
    stage.keys("= 2");
    let set = Edit::Set {
        product: id("espresso"),
        quantity: 2,
        price: Money::parse("2.40"),
    };
    assert_eq!(changes(&mut stage, "enter"), [[set]]);
    assert_eq!(changes(&mut stage, "d"), [[remove("espresso")]]);

    // Beside the people no line is selected.
    stage.keys("tab");
    assert!(changes(&mut stage, "+ - d enter").is_empty());
}

#[test]
fn nothing_is_fixed_in_a_cart_that_is_closed() {
    let mut stage = shared_checkout(120, 36);
    let mut cart = stage.state.cart.confirmed.clone();
    cart.rules.locked = true;
    cart.version = stage.version;
    stage.link(LiveEvent::Cart(cart));
    let picture = stage.picture();
    assert!(!picture.contains("Enter takes 3"), "{picture}");
    assert!(picture.contains("Locked  by bob"), "{picture}");
    assert!(
        picture.contains("! 2 lines can't be ordered yet. The cart is locked; bob"),
        "{picture}"
    );
    for key in ["enter", "F"] {
        assert!(changes(&mut stage, key).is_empty());
        assert!(
            stage
                .picture()
                .contains(" The cart is locked; bob can reopen it ")
        );
    }
}
