//! The people pane: who asked for what, and the rules of the cart.

use crate::harness;

use harness::screens::{TestScreen, id};
use trolley::model::Money;
use trolley::store::live::LiveEvent;
use trolley::tui::message::{Message, MouseKind};
use trolley::tui::state::areas::Pane;
use trolley::tui::state::people::Person;

/// The person of the selected row.
fn selected(stage: &TestScreen) -> &str {
    match stage.state.people.selected.as_ref().map(|row| &row.person) {
        Some(Person::Named(name)) => name,
        Some(Person::Nobody) => "nobody",
        None => "",
    }
}

/// The row of the picture that has these words.
fn row<'a>(picture: &'a str, words: &str) -> &'a str {
    picture
        .lines()
        .find(|line| line.contains(words))
        .unwrap_or_else(|| panic!("no {words:?} in {picture}"))
}

#[test]
fn one_key_shows_the_people_in_place_of_the_cart_and_hides_them() {
    for (width, height) in [(120, 36), (80, 24), (50, 15)] {
        let mut stage = TestScreen::with_rules(width, height, "bob");
        for back in ["w", "esc"] {
            for (keys, focus) in [("left", Pane::Catalog), ("right", Pane::Cart)] {
                stage.keys(keys);
                stage.keys("w");
                assert!(stage.picture().contains(" People 10 "));
                assert!(!stage.picture().contains(" Cart 8 lines "));
                assert_eq!(stage.state.focus, Pane::People);
                stage.keys(back);
                assert!(!stage.picture().contains(" People "));
                assert_eq!(stage.state.focus, focus);
            }
        }
    }
}

#[test]
fn a_wide_screen_has_a_pane_for_the_people_alone() {
    let mut stage = TestScreen::with_rules(160, 48, "bob");
    stage.keys("w");
    let shown = stage.picture();
    assert!(shown.contains(" People 10 ") && shown.contains(" Cart 8 lines "));
    assert!(shown.contains(" Activity "));

    // The panes stand in a row, and Tab comes back to the first.
    for (key, focus) in [
        ("tab", Pane::Catalog),
        ("tab", Pane::Cart),
        ("right", Pane::People),
        ("right", Pane::People),
        ("left", Pane::Cart),
        ("left", Pane::Catalog),
        ("left", Pane::Catalog),
        ("right", Pane::Cart),
    ] {
        stage.keys(key);
        assert_eq!(stage.state.focus, focus, "{key}");
    }

    // In a narrower window the people cover the cart, and have its keys.
    stage.take_in(Message::Resize(120, 36));
    assert_eq!(stage.state.focus, Pane::People);
    stage.keys("esc");
    assert!(stage.picture().contains(" Cart 8 lines "));
}

#[test]
fn everybody_has_a_row_with_what_they_owe() {
    let mut stage = TestScreen::with_rules(120, 36, "bob");
    stage.keys("w");
    let shown = stage.picture();
    let places = [
        "ann@till (you)",
        "●           bob · owner",
        "●           cai",
        "○   away    dee",
        "●           eve",
        "●           fay",
        "●           gus",
        "○   away    hal",
        "●           ira",
        "●           kim",
        "●           lee",
        "            nobody's",
    ]
    .map(|words| shown.lines().position(|line| line.contains(words)));
    assert_eq!(places, std::array::from_fn(|index| Some(3 + index)));
    assert!(row(&shown, "○   away    dee").contains(" 2     6.40   5.60 "));
    assert!(row(&shown, "●           bob").contains(" 5    11.50   0.50 "));
    assert!(row(&shown, "nobody's").contains(" 1     2.35 "));
    assert!(row(&shown, "28 items").contains("€83.50"));

    // A dearer product takes somebody over their limit.
    let mut products = harness::screens::demo_products();
    let espresso = products
        .iter_mut()
        .find(|it| it.id == id("espresso"))
        .unwrap();
    espresso.price = Money::parse("2.60");
    let espresso = espresso.clone();
    stage.link(LiveEvent::Products(vec![(id("espresso"), Some(espresso))]));
    assert!(row(&stage.picture(), "bob · owner").contains(" 5    12.30  -0.30 over"));
}

#[test]
fn the_selected_person_stays_selected_when_others_come() {
    let mut stage = TestScreen::with_rules(80, 24, "bob");
    stage.keys("w G k k");
    assert_eq!(selected(&stage), "kim");
    let place = |stage: &TestScreen| {
        let shown = stage.picture();
        shown
            .lines()
            .position(|line| line.contains("●  kim"))
            .unwrap()
    };
    let before = place(&stage);
    stage.change("abe", "baguette", 1, 1, "2.10");
    assert_eq!(selected(&stage), "kim");
    assert_eq!(place(&stage), before);

    // Who goes leaves the selection at its place.
    stage.link(LiveEvent::Watchers(Vec::new()));
    assert_eq!(selected(&stage), "lee");
}

#[test]
fn a_persons_lines_open_below_them() {
    let mut stage = TestScreen::with_rules(80, 24, "bob");
    stage.keys("w j j enter");
    let shown = stage.picture();
    assert!(row(&shown, "2 Flat White").contains(" 7.20┃"));
    assert!(row(&shown, "1 Rosemary Focaccia").contains(" 4.20┃"));
    // Their rows can be walked through, and close what they belong to.
    stage.keys("j j");
    assert_eq!(selected(&stage), "cai");
    stage.keys("enter");
    assert!(!stage.picture().contains("2 Flat White"));
    assert_eq!(selected(&stage), "cai");

    // At the foot of the list, as many of them show as there is room for.
    stage.keys("G enter");
    assert_eq!(selected(&stage), "nobody");
    assert!(stage.picture().contains("1 Ginger Beer"));
}

#[test]
fn the_mouse_works_among_the_people() {
    let mut stage = TestScreen::with_rules(80, 24, "bob");
    stage.keys("w tab");
    stage.click(60, 5);
    assert_eq!((stage.state.focus, selected(&stage)), (Pane::People, "cai"));
    stage.click(60, 5);
    assert!(stage.picture().contains("2 Flat White"));
    stage.mouse(MouseKind::WheelDown, 60, 5);
    assert!(!stage.picture().contains("ann@till (you)"));
    assert_eq!(selected(&stage), "cai");
    stage.mouse(MouseKind::WheelUp, 60, 5);
    assert!(stage.picture().contains("ann@till (you)"));

    // Below the last row there is nobody.
    let mut stage = TestScreen::filled(80, 24);
    stage.keys("w");
    stage.click(60, 8);
    assert_eq!(selected(&stage), "ann@till");
}

#[test]
fn no_key_changes_a_cart_that_the_people_cover() {
    let mut stage = TestScreen::with_rules(80, 24, "bob");
    stage.keys("w + - d =");
    assert!(stage.state.cart.unconfirmed.is_empty());
    assert!(
        stage
            .picture()
            .contains("The people cover the cart: w hides them")
    );
    stage.keys("esc C");
    assert!(!stage.picture().contains("Clear the whole cart"));
    // What is done in the catalog shows at once.
    stage.keys("tab 2 a");
    assert!(row(&stage.picture(), "ann@till (you)").contains(" 5…  13.30 -1.30"));
    // The activity is in the place of the cart, too.
    stage.keys("tab v");
    assert!(stage.picture().contains(" Activity ") && !stage.picture().contains(" People "));
    stage.keys("w");
    assert!(stage.picture().contains(" People ") && !stage.picture().contains(" Activity "));
}

#[test]
fn the_time_to_the_deadline_goes_on_by_itself() {
    let mut stage = TestScreen::with_rules(120, 36, "bob");
    stage.keys("w");
    assert!(stage.picture().contains("closes  11:36, in 12 min"));
    assert!(stage.state.next_moment() <= Some(stage.now.steady + 60_000));
    stage.now.steady += 60_000;
    stage.take_in(Message::Clock);
    assert!(stage.picture().contains("closes  11:36, in 11 min"));
    stage.now.steady += 660_000;
    stage.take_in(Message::Clock);
    assert!(stage.picture().contains("closes  today 11:36, closed"));
}

#[test]
fn an_empty_cart_has_no_people() {
    let mut stage = TestScreen::filled(80, 24);
    stage.link(LiveEvent::Cart(trolley::model::Cart::default()));
    stage.keys("w enter j G");
    assert!(stage.picture().contains("Nobody has anything in the cart"));
    let mut stage = TestScreen::new(80, 24);
    stage.keys("w");
    assert!(stage.picture().contains("Reading the cart …"));
}
