//! The people pane: who asked for what, and the rules of the cart.

use crate::harness;

use harness::screens::{TestScreen, id, typed};
use harness::{Server, keep_day, ok, ok_as, shop_sized};
use trolley::model::{ChangeKind, Money, Refusal, RuleChange, Rules};
use trolley::store::live::{LiveEvent, LiveRequest};
use trolley::store::{Error, Trouble};
use trolley::tui::message::{Message, MouseKind};
use trolley::tui::state::Mode;
use trolley::tui::state::areas::Pane;
use trolley::tui::state::catalog::Unread;
use trolley::tui::state::people::Person;
use trolley::tui::update::update;

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
                assert!(stage.picture().contains(" People 10 of 12 "));
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
    assert!(shown.contains(" People 10 of 12 ") && shown.contains("╭ Cart "));
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
        "●           ann@till (you)",
        "●           bob · owner",
        "● ✓ ready   cai",
        "○ ✓ ready   dee",
        "●           eve",
        "●           fay",
        "● ✓ ready   gus",
        "○   away    hal",
        "● ✓ ready   ira",
        "○ – missing jon",
        "● – missing kim",
        "●           lee",
        "            nobody's",
    ]
    .map(|words| shown.lines().position(|line| line.contains(words)));
    assert_eq!(places, std::array::from_fn(|index| Some(3 + index)));
    assert!(row(&shown, "○ ✓ ready   dee").contains(" 2     6.40   5.60 "));
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
            .position(|line| line.contains("●– kim"))
            .unwrap()
    };
    let before = place(&stage);
    stage.change("abe", "baguette", 1, 1, "2.10");
    assert_eq!(selected(&stage), "kim");
    assert_eq!(place(&stage), before);

    // Who goes leaves the selection at its place.
    let mut cart = stage.state.cart.confirmed.clone();
    cart.rules.expected.retain(|name| name != "kim");
    stage.link(LiveEvent::Cart(cart));
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
            .contains("The People panel covers the cart: w hides it")
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
    assert!(stage.picture().contains("closes   11:36, in 12 min"));
    assert!(stage.state.next_moment() <= Some(stage.now.steady + 60_000));
    stage.now.steady += 60_000;
    stage.take_in(Message::Clock);
    assert!(stage.picture().contains("closes   11:36, in 11 min"));
    stage.now.steady += 660_000;
    stage.take_in(Message::Clock);
    assert!(stage.picture().contains("closes   today 11:36, closed"));
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

/// The rules that the keys ask for.
fn rules_asked(stage: &mut TestScreen, keys: &str) -> Vec<RuleChange> {
    let asked = stage
        .requests(keys)
        .into_iter()
        .flat_map(|request| match request {
            LiveRequest::Rules(changes) => changes,
            other => panic!("{other:?}"),
        });
    asked.collect()
}

/// The message line.
fn message(stage: &TestScreen) -> String {
    let shown = stage.picture();
    let line = shown.lines().rev().nth(1).unwrap();
    line.trim_matches('"').trim().to_owned()
}

#[test]
fn the_owner_sets_the_rules_by_keys() {
    let mut stage = TestScreen::with_rules(80, 24, "ann@till");
    stage.keys("w");
    let now = stage.server + 10_000;
    assert_eq!(rules_asked(&mut stage, "L"), [RuleChange::Locked(true)]);

    let asked = rules_asked(&mut stage, &format!("T {} enter", typed("45m")));
    assert_eq!(asked, [RuleChange::Closes(Some(now + 2_700_000))]);
    let asked = rules_asked(&mut stage, &format!("T {} enter", typed("none")));
    assert_eq!(asked, [RuleChange::Closes(None)]);
    let asked = rules_asked(&mut stage, &format!("B {} enter", typed("99.5")));
    assert_eq!(asked, [RuleChange::Budget(Money::parse("99.5"))]);
    let asked = rules_asked(&mut stage, &format!("E {} enter", typed("€9")));
    assert_eq!(asked, [RuleChange::BudgetEach(Money::parse("9"))]);

    // The names stand in the prompt already; one more is typed behind them.
    let asked = rules_asked(&mut stage, &format!("X {} enter", typed(", zoe")));
    let mut names = stage.state.cart.confirmed.rules.expected.clone();
    names.push("zoe".to_owned());
    assert_eq!(asked, [RuleChange::Expected(names)]);

    // Nothing is typed, or nothing that could be read.
    assert_eq!(rules_asked(&mut stage, "T enter"), []);
    let asked = rules_asked(&mut stage, &format!("T {} enter", typed("half past")));
    assert_eq!(asked, []);
    let refused = "“half past” is not a time: type 11:30, 45m or none";
    assert_eq!(message(&stage), refused);
    assert_eq!(rules_asked(&mut stage, "B 1 2 , 5 enter"), []);
    assert_eq!(
        message(&stage),
        "“12,5” is not an amount: type 12.40 or none"
    );
    // Esc drops what was typed.
    assert_eq!(rules_asked(&mut stage, "E 5 esc enter enter"), []);

    // No amount is understood before the shop was read.
    stage.state.catalog.knows_shop = false;
    for asked in [
        "B 5 enter".to_owned(),
        format!("T {} enter", typed("18:00")),
        format!(": {} enter", typed("budget 9.00")),
    ] {
        assert_eq!(rules_asked(&mut stage, &asked), [], "{asked}");
        assert_eq!(
            message(&stage),
            "The rule was not set: the shop was not read yet"
        );
    }
}

#[test]
fn the_prompts_say_what_a_rule_is_now() {
    for (owner, key, prompt) in [
        ("ann@till", "T", "Closes at (11:36, 45m, none):"),
        ("ann@till", "B", "Budget for everybody (€120.00, none):"),
        ("ann@till", "E", "Limit for each person (€12.00, none):"),
        (
            "ann@till",
            "X",
            "Expected names, with commas (empty: nobody): ann@till, bob, cai",
        ),
    ] {
        for (width, height) in [(120, 36), (80, 24)] {
            let mut stage = TestScreen::with_rules(width, height, owner);
            stage.keys(&format!("w {key}"));
            let shown = message(&stage);
            let beginning = prompt.get(..20).unwrap();
            assert!(shown.starts_with(beginning), "{shown}");
            if width == 120 {
                assert!(shown.starts_with(prompt), "{shown}");
            }
        }
    }
}

#[test]
fn what_became_of_a_rule_is_told() {
    let mut stage = TestScreen::with_rules(120, 36, "ann@till");
    stage.keys("w L");
    stage.link(LiveEvent::RulesSet(Ok(())));
    assert_eq!(message(&stage), "You locked the cart");

    stage.keys("L");
    let refused = Error::Refused(Refusal::NotOwner("bob".to_owned()));
    stage.link(LiveEvent::RulesSet(Err(refused)));
    assert_eq!(
        message(&stage),
        "Only bob can change the rules of this cart"
    );

    // It is set, though a replica lacks it.
    stage.keys("L");
    let few = Trouble::TooFewReplicas { have: 1, wanted: 2 };
    stage.link(LiveEvent::RulesSet(Err(Error::Trouble(few))));
    let shown = message(&stage);
    assert!(shown.starts_with("The rule is set, but only 1 of 2 replicas have this"));

    // Whoever leaves is asked to wait for it.
    stage.keys("L q");
    assert!(message(&stage).starts_with("Quit with 1 change not confirmed"));
    stage.link(LiveEvent::RulesSet(Err(Error::Trouble(Trouble::ReadOnly))));
    assert!(message(&stage).starts_with("The rule was not set: "));
    let settled = update(
        &mut stage.state,
        Message::Live(LiveEvent::RulesSet(Ok(()))),
        stage.now,
    );
    assert!(settled.is_empty(), "nothing was asked for");
}

#[test]
fn a_held_key_sends_no_rules_without_end() {
    let mut stage = TestScreen::with_rules(120, 36, "ann@till");
    stage.keys("w");
    for n in 1..=20 {
        assert_eq!(stage.requests("L").len(), 1, "{n}");
    }
    for _ in 0..3 {
        assert!(stage.requests("L").is_empty());
        let refusal = "Rules wait for the server already: this one was not set";
        assert_eq!(message(&stage), refusal);
    }

    stage.link(LiveEvent::RulesSet(Ok(())));
    assert_eq!(stage.requests("L").len(), 1);
    assert!(stage.requests("L").is_empty());
}

#[test]
fn what_is_said_of_a_server_that_is_away_ends_when_it_is_back() {
    let mut stage = TestScreen::with_rules(120, 36, "ann@till");
    let cart = stage.state.cart.confirmed.clone();
    stage.keys("w");
    for key in ["T", "L"] {
        stage.link(LiveEvent::Down(Trouble::Lost));
        stage.keys(key);
        let away = "The rules can't be changed while the server is away";
        assert_eq!(message(&stage), away, "{key}");
        stage.take_in(Message::CatalogUnread(Unread::Products(2), Trouble::Lost));
        stage.link(LiveEvent::Cart(cart.clone()));
        assert_eq!(message(&stage), "", "{key}");
    }

    // Not what has another reason.
    let mut stage = TestScreen::with_rules(120, 36, "bob");
    let cart = stage.state.cart.confirmed.clone();
    stage.link(LiveEvent::Down(Trouble::Lost));
    stage.keys("w L");
    let refusal = "Only bob can change the rules of this cart";
    assert_eq!(message(&stage), refusal);
    stage.link(LiveEvent::Cart(cart));
    assert_eq!(message(&stage), refusal);
}

#[test]
fn others_see_who_may_change_the_rules() {
    for (width, height) in [(120, 36), (80, 24)] {
        let mut stage = TestScreen::with_rules(width, height, "bob");
        stage.keys("w");
        assert!(stage.picture().contains("Only bob can change these."));
        assert!(!stage.picture().contains("L lock") && !stage.picture().contains("T closes"));
        for key in ["L", "T", "B", "E", "X"] {
            assert!(stage.requests(key).is_empty());
            assert_eq!(
                message(&stage),
                "Only bob can change the rules of this cart"
            );
        }
    }

    // Whoever sets the first rule owns them.
    let mut stage = TestScreen::filled(80, 24);
    stage.keys("w");
    assert!(stage.picture().contains("No rules yet."));
    assert_eq!(rules_asked(&mut stage, "L"), [RuleChange::Locked(true)]);

    // Nobody knows what rules would meet once the server is back.
    stage.link(LiveEvent::Down(Trouble::ConnectionRefused));
    for key in ["L", "T"] {
        assert!(stage.requests(key).is_empty());
        let refused = "The rules can't be changed while the server is away";
        assert_eq!(message(&stage), refused);
    }
}

#[test]
fn a_click_on_a_rule_is_its_key() {
    let mut stage = TestScreen::with_rules(80, 24, "ann@till");
    stage.keys("w");
    let place = |stage: &TestScreen, words: &str| {
        let shown = stage.picture();
        let row = shown.lines().position(|line| line.contains(words)).unwrap();
        u16::try_from(row).unwrap()
    };
    let row = place(&stage, "E each");
    stage.click(60, row);
    assert!(message(&stage).starts_with("Limit for each person"));
    stage.keys("esc");
    let row = place(&stage, "28 items");
    stage.click(60, row);
    assert!(matches!(stage.state.mode, Mode::Browse));
}

#[test]
fn rules_are_set_by_name_from_anywhere() {
    for (words, change) in [
        ("deadline none", RuleChange::Closes(None)),
        ("budget 120", RuleChange::Budget(Money::parse("120"))),
        ("each €12", RuleChange::BudgetEach(Money::parse("12"))),
        (
            "expect ann, bob",
            RuleChange::Expected(vec!["ann".to_owned(), "bob".to_owned()]),
        ),
        ("lock", RuleChange::Locked(true)),
    ] {
        for page in ["tab", "tab tab", "w", "o", "?"] {
            let mut stage = TestScreen::with_rules(80, 24, "ann@till");
            stage.keys(page);
            let asked = rules_or_others(&mut stage, &format!(": {} enter", typed(words)));
            assert_eq!(asked, std::slice::from_ref(&change), "{words} on {page}");
        }
    }

    let mut stage = TestScreen::with_rules(80, 24, "ann@till");
    stage.keys(&format!(": {}", typed("deadline half past")));
    assert!(
        stage
            .picture()
            .contains("“half past” is not a time: type 11:30, 45m or none")
    );
    stage.keys(&format!("esc : {}", typed("deadline ")));
    assert!(stage.picture().contains("Type 11:30, 45m or none"));
    stage.keys("1 1 : 4 5");
    assert!(
        stage
            .picture()
            .contains("Set when the cart closes: today 11:45")
    );
    let mut stage = TestScreen::with_rules(80, 24, "bob");
    stage.keys(&format!(": {} enter", typed("lock")));
    assert_eq!(
        message(&stage),
        "Only bob can change the rules of this cart"
    );
}

/// The rules that the keys ask for, whatever else they do.
fn rules_or_others(stage: &mut TestScreen, keys: &str) -> Vec<RuleChange> {
    let asked = stage
        .requests(keys)
        .into_iter()
        .filter_map(|request| match request {
            LiveRequest::Rules(changes) => Some(changes),
            _ => None,
        });
    asked.flatten().collect()
}

#[test]
fn one_says_to_be_ready_and_ones_next_change_takes_it_back() {
    let mut stage = TestScreen::with_rules(120, 36, "bob");
    stage.keys("r");
    assert_eq!(
        message(&stage),
        "Press w, then r, to say that you are ready"
    );
    stage.keys("w r");
    // Until it is confirmed, it does not look so.
    assert!(row(&stage.picture(), "ann@till (you)").contains("● ✓ ready"));
    assert!(row(&stage.picture(), "ann@till (you)").contains(" 3… "));
    settle(&mut stage, ChangeKind::Ready);
    assert_eq!(
        message(&stage),
        "You are ready. Your next change takes that back."
    );
    assert!(
        stage
            .picture()
            .contains(" People 10 of 12 · 5 ready · 2 missing ")
    );

    // Others change what they like.
    stage.change("eve", "baguette", 1, 1, "2.10");
    assert!(row(&stage.picture(), "ann@till (you)").contains("● ✓ ready"));
    stage.change("ann@till", "baguette", 2, 1, "2.10");
    assert!(!row(&stage.picture(), "ann@till (you)").contains("ready"));

    stage.keys("r");
    settle(&mut stage, ChangeKind::Ready);
    assert!(stage.picture().contains(" r not ready "));
    stage.keys("r");
    settle(&mut stage, ChangeKind::Unready);
    assert_eq!(message(&stage), "You are not ready any more.");
    assert!(stage.picture().contains(" People 10 of 12 · 4 ready "));

    // From anywhere, by its name.
    stage.keys(&format!("esc : {} enter", typed("ready")));
    settle(&mut stage, ChangeKind::Ready);
    assert!(message(&stage).starts_with("You are ready."));

    let mut stage = TestScreen::filled(80, 24);
    stage.link(LiveEvent::Cart(trolley::model::Cart::default()));
    stage.keys("w r");
    assert!(stage.state.cart.unconfirmed.is_empty());
    assert!(message(&stage).starts_with("The cart is empty"));
}

/// Confirms our one change, of this kind.
fn settle(stage: &mut TestScreen, kind: ChangeKind) {
    let op = stage.state.cart.unconfirmed[0].op.clone();
    stage.version = stage.state.cart.confirmed.version;
    let mut update = stage.update("ann@till", kind, &[]);
    update.op = op.clone();
    stage.link(LiveEvent::Update(update.clone()));
    stage.link(LiveEvent::Settled(op, Ok(update)));
}

/// The title of the cart's pane.
fn cart_title(stage: &TestScreen) -> String {
    let shown = stage.picture();
    let title = row(&shown, "╭ Cart ").rsplit("╭ ").next().unwrap();
    title.trim_end_matches(['"', '╮', '─', ' ']).to_owned()
}

#[test]
fn the_title_of_the_cart_says_until_when_and_what_is_left_for_me() {
    for (width, title) in [
        (160, "Cart 8 lines · closes 11:36 · €2.90 left for you"),
        (120, "Cart 8 lines · closes 11:36 · €2.90 left for you"),
        (80, "Cart closes 11:36 · €2.90 left"),
        (50, "Cart closes 11:36 · €2.90 left for you"),
        (32, "Cart 11:36 · €2.90 left"),
        (24, "Cart 11:36"),
    ] {
        let mut stage = TestScreen::with_rules(width, 24, "bob");
        stage.keys("tab");
        assert_eq!(cart_title(&stage), title, "{width}");
    }

    let with = |rules: &dyn Fn(&mut Rules)| {
        let mut stage = TestScreen::with_rules(120, 36, "bob");
        let mut cart = stage.state.cart.confirmed.clone();
        rules(&mut cart.rules);
        stage.link(LiveEvent::Cart(cart));
        cart_title(&stage)
    };
    let title = with(&|rules| rules.locked = true);
    assert_eq!(title, "Cart 8 lines · locked by bob · €2.90 left for you");
    let title = with(&|rules| rules.closes = Some(1_000));
    assert_eq!(title, "Cart closed 1970-01-01 00:00 · €2.90 left for you");
    let title = with(&|rules| rules.closes = rules.closes.map(|at| at + 24 * 60 * 60_000));
    assert_eq!(title, "Cart closes tomorrow 11:36 · €2.90 left for you");
    let title = with(&|rules| rules.budget_each = Money::parse("9.10"));
    assert_eq!(title, "Cart 8 lines · closes 11:36 · nothing left for you");
    let title = with(&|rules| rules.budget_each = Money::parse("9"));
    assert_eq!(title, "Cart 8 lines · closes 11:36 · €0.10 over your limit");
    let title = with(&|rules| rules.budget_each = None);
    assert_eq!(title, "Cart closes 11:36 · €36.50 of the budget left");
    let title = with(&|rules| *rules = Rules::default());
    assert_eq!(title, "Cart 8 lines");
}

#[test]
fn what_is_left_stands_above_the_total() {
    let mut stage = TestScreen::with_rules(120, 36, "bob");
    let both = "€2.90 of €12.00 left for you · €36.50 of the budget left";
    assert!(stage.picture().contains(both));
    assert!(stage.picture().contains("Tea\u{a0}€32.40"));
    stage.take_in(Message::Resize(80, 24));
    assert!(stage.picture().contains("│€2.90 of €12.00 left for you "));
    assert!(stage.picture().contains("│€36.50 of the budget left "));
    // Where the cart is hidden, the catalog says what matters of it.
    stage.take_in(Message::Resize(50, 15));
    assert!(
        stage
            .picture()
            .contains("╰ Cart: 28 items, €83.50 · closes 11:36 ")
    );
}

#[test]
fn whoever_is_not_ready_is_reminded_before_the_cart_closes() {
    // The cart closes in twelve minutes, of which ten seconds have passed.
    let mut stage = TestScreen::with_rules(120, 36, "bob");
    stage.pass(409_000);
    assert_eq!(message(&stage), "");
    assert_eq!(stage.state.next_moment(), Some(stage.now.steady + 1_000));
    stage.pass(1_000);
    let reminder = "5 minutes until the cart closes: press w, then r, when you are ready";
    assert_eq!(message(&stage), reminder);

    // It waits for a key, and comes once.
    stage.pass(120_000);
    assert_eq!(message(&stage), reminder);
    stage.keys("down");
    assert_eq!(message(&stage), "");
    stage.pass(119_000);
    assert_eq!(message(&stage), "");
    stage.keys("w");
    stage.pass(1_000);
    let reminder = "1 minute until the cart closes: press r when you are ready";
    assert_eq!(message(&stage), reminder);

    // Everybody hears that it has closed.
    stage.pass(60_000);
    assert!(message(&stage).starts_with("The deadline has passed"));
    stage.keys("w");
    assert!(
        stage.picture().contains("the deadline passed"),
        "{}",
        stage.picture()
    );
}

#[test]
fn nobody_is_reminded_without_need() {
    // Who is ready is not, but hears of the end.
    let mut stage = TestScreen::with_rules(120, 36, "bob");
    let mut cart = stage.state.cart.confirmed.clone();
    cart.ready.push("ann@till".to_owned());
    stage.link(LiveEvent::Cart(cart.clone()));
    for seconds in [410, 240] {
        stage.pass(seconds * 1_000);
        assert_eq!(message(&stage), "");
    }
    stage.pass(70_000);
    assert!(message(&stage).starts_with("The deadline has passed"));

    // A program that starts late says nothing of what has passed, nor one whose deadline is moved.
    let mut stage = TestScreen::with_rules(120, 36, "bob");
    cart.ready.clear();
    cart.rules.closes = Some(stage.server + 200_000);
    cart.deadline.told_at = stage.server;
    stage.link(LiveEvent::Cart(cart.clone()));
    stage.pass(139_000);
    assert_eq!(message(&stage), "");
    stage.pass(1_000);
    assert!(message(&stage).starts_with("1 minute until"));

    // A locked cart takes nothing any more.
    let mut stage = TestScreen::with_rules(120, 36, "bob");
    cart.rules.locked = true;
    cart.rules.closes = Some(stage.server + 400_000);
    cart.deadline.told_at = stage.server;
    stage.link(LiveEvent::Cart(cart));
    stage.pass(100_000);
    assert_eq!(message(&stage), "");
}

#[test]
fn the_owner_reads_who_is_not_ready() {
    let mut stage = TestScreen::with_rules(120, 36, "ann@till");
    stage.pass(410_000);
    let reminder = "5 minutes left: you, bob, eve, fay, hal, jon, kim and lee are not ready";
    assert_eq!(message(&stage), reminder);

    let mut stage = TestScreen::with_rules(50, 15, "ann@till");
    stage.pass(410_000);
    assert_eq!(message(&stage), "5 minutes left: 8 people are not ready");

    // After a sleep through both reminders, the later one counts.
    let mut stage = TestScreen::with_rules(120, 36, "ann@till");
    stage.pass(680_000);
    assert!(message(&stage).starts_with("1 minute left: you, bob, "));
    stage.pass(1_000);
    assert!(stage.state.next_moment() <= Some(stage.now.steady + 29_000));
}

#[test]
fn who_is_expected_and_has_nothing_is_reminded_too() {
    // The owner is among those who are not ready, and reads so.
    let with_me = |owner: &str| {
        let mut stage = TestScreen::with_rules(120, 36, owner);
        let mut cart = stage.state.cart.confirmed.clone();
        cart.ready.retain(|name| name != "ann@till");
        for line in &mut cart.lines {
            line.shares.retain(|share| share.by != "ann@till");
        }
        cart.rules.closes = Some(stage.server + 310_000);
        cart.deadline.told_at = stage.server;
        stage.link(LiveEvent::Cart(cart));
        stage.pass(10_000);
        stage
    };
    let names = "you, bob, eve, fay, hal, jon, kim and lee";
    assert_eq!(
        message(&with_me("ann@till")),
        format!("5 minutes left: {names} are not ready")
    );
    let reminder = "5 minutes until the cart closes: you are expected, and have nothing in it yet";
    assert_eq!(message(&with_me("bob")), reminder);
}

/// Fifteen people at lunch: thirteen by commands, the owner and one more at terminals of their own.
#[test]
fn fifteen_people_fill_a_cart_whose_owner_sets_its_rules() {
    let server = Server::with_demo();
    keep_day(&server);
    let mut ann = shop_sized(&server, "office", "ann", 80, 24);
    let mut bob = shop_sized(&server, "office", "bob", 120, 36);
    ann.keys("/ e s p r enter a");
    bob.keys("/ e s p r enter 2 a");
    let others = [
        "cai", "dee", "eve", "fay", "gus", "hal", "ira", "jon", "kim", "lee", "mia", "ned", "ola",
    ];
    for name in others {
        ok_as(&server, "office", name, &["add", "flat-white"]);
    }

    // Everybody's row scrolls, and the sums are the total: 3 x 2.40 and 13 x 3.60.
    ann.keys("w");
    ann.wait("People 15 ");
    ann.wait(r"●  ann \(you\) +1 +2\.40 ");
    ann.wait(r"●  bob +2 +4\.80 ");
    ann.wait(r"○  cai +1 +3\.60 ");
    ann.wait(r"16 items +€54\.00");
    ann.keys("G");
    ann.wait(r"○  ola +1 +3\.60 ");
    ann.wait("15 of 15 ");
    ann.keys("enter");
    ann.wait("1 Flat White +3.60");

    // The first rule makes its setter the owner. Everybody hears of each, and sees it.
    bob.keys("w");
    bob.wait("No rules yet");
    ann.keys("E 1 2 enter");
    ann.wait(r"You set the budget of each to €12\.00");
    bob.wait(r"each +€12\.00");
    bob.wait(r"bob \(you\) +2 +4\.80 +7\.20 ");
    bob.wait("Only ann can change these");
    bob.keys("L");
    bob.wait("Only ann can change the rules of this cart");

    ann.keys("B 6 0 enter");
    bob.wait(r"budget +€60\.00, €6\.00 left");
    ann.keys("X a n n , b o b , z o e enter");
    bob.wait("People 2 of 3 · 1 missing");
    bob.wait("○ – missing zoe");
    ann.keys("L");
    bob.wait("ann locked the cart");
    bob.wait("People 2 of 3 · locked");
    ann.wait("People 2 of 3 · locked");
    bob.keys("tab 2 a");
    bob.wait("The cart is locked; ann can reopen it");
    ann.keys("L");
    bob.wait("ann unlocked the cart");

    // Bob is ready until his next change.
    bob.keys("tab r");
    bob.wait("You are ready");
    ann.wait("1 ready");
    ann.keys("g j");
    ann.wait(r"●✓ bob ");
    bob.keys("tab a");
    ann.gone("1 ready");
    bob.wait(r"bob \(you\) +3 +7\.20 +4\.80 ");

    // The deadline passes: everybody is told, and nothing goes into the cart any more.
    ann.keys("T 9 s enter");
    bob.wait("closes +[0-9:]+, in 0:0[0-9]");
    for terminal in [&ann, &bob] {
        terminal.wait("The deadline has passed");
        terminal.wait("closes +today [0-9:]+, closed");
    }
    bob.keys("v");
    bob.wait("the deadline passed: closed");
    // Each key puts away what was said before.
    bob.keys("left");
    bob.gone("The deadline has passed");
    bob.keys("a");
    bob.wait("The deadline has passed; ann can reopen it");
    let cart = ok(&server, &["--cart", "office", "cart", "--json"]);
    let cart: serde_json::Value = serde_json::from_str(&cart).unwrap();
    assert_eq!(cart["items"], 17, "{cart}");
}
