//! What the screens say, without a server: who asked for what, what happened, news of orders,
//! how the catalog is sorted, what was probably meant.

use crate::harness;

use harness::order_screens::{self, orders};
use harness::screens::{TestScreen, id, typed};
use trolley::config::display::Charset;
use trolley::config::key::Key;
use trolley::model::order::OrderFailure;
use trolley::model::shares::Share;
use trolley::model::{
    Cart, ChangeKind, Edit, Money, OpId, OrderBrief, OrderState, Product, Refusal, RuleChange,
    Rules, Sort,
};
use trolley::store::live::{LiveEvent, OrderEvent};
use trolley::store::{Error, Trouble, Watcher};
use trolley::tui::layout::footer::unseen_news;
use trolley::tui::message::{Message, MouseKind};
use trolley::tui::state::Mode;
use trolley::tui::update::update;

/// The lines of a picture from the column `left` on, without the spaces around them.
fn side(stage: &TestScreen, left: usize) -> Vec<String> {
    let terminal = stage.draw();
    let buffer = terminal.backend().buffer();
    let area = buffer.area;
    (0..area.height)
        .map(|y| {
            let cells = (u16::try_from(left).unwrap()..area.width).map(|x| buffer[(x, y)].symbol());
            cells
                .collect::<String>()
                .trim_matches(['│', '┃', '▸', '▹'])
                .to_owned()
        })
        .collect()
}

#[test]
fn all_who_asked_for_a_line_show_most_pieces_first_and_never_cut() {
    let stage = TestScreen::with_people(80, 24);
    let cart = side(&stage, 44);
    for (row, words) in [
        (3, "   6 Espresso                14.40"),
        (4, "     bob 4, lee 2                 "),
        (6, "     ann@till 2, cai 2, dee 1     "),
        (8, "     eve 2, ann@till 1, bob 1     "),
        (9, "  !4 Rosemary Focaccia       16.80"),
        (10, "     ! only 3 left                "),
        (11, "     hal 2, cai 1, gus 1          "),
    ] {
        assert_eq!(cart[row], words, "{}", stage.picture());
    }

    // In a column of its own it wraps at the commas.
    let wide = TestScreen::with_people(120, 36);
    let words: Vec<String> = side(&wide, 62);
    assert!(
        words[4].contains("5 Flat White         ann@till 2,"),
        "{words:?}"
    );
    assert_eq!(words[5].trim(), "cai 2, dee 1");

    // One person alone has no number, and pieces that another client put in are nobody's.
    let mut cart = wide.state.cart.confirmed.clone();
    cart.version += 1;
    let ginger_beer = &mut cart.lines[6];
    assert_eq!(ginger_beer.product, id("ginger-beer"));
    ginger_beer.shares[0].pieces = 1;
    let mut wide = wide;
    wide.link(LiveEvent::Cart(cart));
    let picture = wide.picture();
    assert!(picture.contains("2 Ginger Beer        ira 1,"), "{picture}");
    assert!(picture.contains("nobody 1"), "{picture}");
    assert!(picture.contains("1 Potted Basil       fay  "), "{picture}");
}

#[test]
fn the_details_name_everybody_in_one_sentence() {
    let mut stage = TestScreen::with_people(120, 36);
    stage.keys("tab down");
    let picture = stage.picture();
    assert!(
        picture.contains("5 in the cart from ann@till (2), cai (2) and dee (1), €18.00"),
        "{picture}"
    );
    stage.keys("g G");
    assert!(stage.picture().contains("1 in the cart from fay, €2.20"));
}

#[test]
fn a_cart_of_ones_own_says_nothing_of_who_asked_for_it() {
    let mut stage = TestScreen::new(80, 24);
    stage.link(LiveEvent::Cart(Cart {
        version: 100,
        ..Cart::default()
    }));
    stage.change("ann@till", "tea", 2, 2, "");
    stage.change("ann@till", "espresso", 1, 1, "");
    let cart = side(&stage, 44);
    assert!(
        cart[3].contains("2 tea") && cart[4].contains("1 espresso"),
        "{cart:?}"
    );

    // Once somebody else is in it, each line says it.
    stage.change("bob", "espresso", 3, 2, "");
    let cart = side(&stage, 44);
    assert_eq!(cart[4].trim(), "ann@till");
    assert_eq!(cart[6].trim(), "bob 2, ann@till 1");
}

#[test]
fn a_line_and_who_asked_for_it_are_selected_and_scrolled_as_one() {
    let mut stage = TestScreen::with_people(80, 24);
    // A click on the names selects the line above them.
    stage.click(50, 6);
    assert_eq!(stage.state.target(), Some(id("flat-white")));
    stage.click(50, 7);
    assert_eq!(stage.state.target(), Some(id("croissant")));

    // The last line shows with its names when it is selected.
    stage.keys("G");
    let cart = side(&stage, 44);
    assert_eq!(
        cart[14],
        "  !1 Potted Basil             2.20",
        "{}",
        stage.picture()
    );
    assert_eq!(cart[15].trim(), "! none left");
    assert_eq!(cart[16].trim(), "fay");
    // What is drawn is what a click meets, scrolled as well.
    stage.click(50, 3);
    let first = stage.state.target().unwrap();
    assert_eq!(first, id("croissant"));
    assert!(cart[3].contains("Butter Croissant"));

    stage.mouse(MouseKind::WheelUp, 50, 5);
    assert_eq!(stage.state.cart.scroll.top, 0);
    assert_eq!(stage.state.target(), Some(id("croissant")));
}

#[test]
fn ones_own_changes_count_for_oneself_before_they_are_confirmed() {
    let mut stage = TestScreen::with_people(80, 24);
    stage.keys("tab 3 +");
    assert_eq!(side(&stage, 44)[4].trim(), "bob 4, ann@till 3, lee 2");
    // One's own pieces go first, then those of who came last.
    stage.keys("5 -");
    assert_eq!(side(&stage, 44)[4].trim(), "bob 2, lee 2");
}

/// The rows of the activity, newest first.
fn activity(stage: &TestScreen) -> Vec<String> {
    let rows = side(stage, 62);
    let title = rows
        .iter()
        .position(|row| row.contains(" Activity "))
        .unwrap();
    rows[title + 1..]
        .iter()
        .take_while(|row| !row.starts_with('╰'))
        .map(|row| row.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|row| !row.is_empty())
        .collect()
}

/// An empty cart, read now.
fn empty_cart(stage: &TestScreen) -> Cart {
    let mut cart = Cart {
        version: stage.version,
        ..Cart::default()
    };
    cart.deadline.told_at = stage.server;
    cart
}

fn quiet() -> TestScreen {
    let mut stage = TestScreen::new(120, 36);
    stage.link(LiveEvent::Cart(empty_cart(&stage)));
    stage
}

#[test]
fn the_activity_says_what_was_done_when_it_was_done() {
    let mut stage = quiet();
    stage.change("bob", "tea", 2, 2, "");
    // Somebody has read that by now: it stays true.
    stage.server += 40_000;
    stage.change("bob", "tea", 9, 7, "");
    assert_eq!(
        activity(&stage),
        ["11:07 bob added 7 × tea", "11:06 bob added 2 × tea"],
        "{}",
        stage.picture()
    );

    // A key held down is one run.
    stage.server += 10_000;
    for quantity in 10..=30 {
        stage.server += 100;
        stage.change("bob", "tea", quantity, 1, "");
    }
    assert_eq!(activity(&stage)[0], "11:07 bob added 21 × tea");
    assert_eq!(activity(&stage).len(), 3);
    // It ends with another's change, another direction, and when the line goes.
    stage.change("ann", "tea", 31, 1, "");
    stage.change("bob", "tea", 30, -1, "");
    stage.change("bob", "tea", 29, -1, "");
    stage.change("bob", "tea", 0, -29, "");
    assert_eq!(
        activity(&stage)[..3],
        [
            "11:07 bob removed tea",
            "11:07 bob took out 2 × tea",
            "11:07 ann added 1 × tea"
        ]
    );
}

#[test]
fn what_is_taken_from_others_says_from_whom() {
    let mut stage = quiet();
    stage.change("cai", "tea", 4, 4, "");
    let mut taken = stage.update("hal", ChangeKind::Edit, &[("tea", 3, -1)]);
    taken.lines[0].taken = vec![Share {
        by: "cai".to_owned(),
        pieces: 1,
    }];
    stage.link(LiveEvent::Update(taken));
    assert_eq!(activity(&stage)[0], "11:06 hal took out 1 × tea of cai's");
}

#[test]
fn what_changes_no_line_is_told_as_it_is() {
    let mut stage = quiet();
    stage.change("cai", "tea", 4, 4, "");
    stage.change("cai", "tea", 4, 0, "");
    let mut rules = stage.update("hal", ChangeKind::Rules, &[]);
    rules.rules = vec![RuleChange::Locked(true)];
    // The cart is read again for it, and with it the activity.
    stage.link(LiveEvent::Activity(vec![rules]));
    assert_eq!(
        activity(&stage),
        [
            "11:06 hal locked the cart",
            "11:06 cai kept 4 × tea",
            "11:06 cai added 4 × tea",
        ]
    );
}

#[test]
fn an_order_is_told_once_and_its_states_as_they_come() {
    let mut stage = quiet();
    stage.change("bob", "tea", 2, 2, "");
    let order = &orders()[1];
    let mut freeze = stage.update("bob", ChangeKind::Freeze, &[]);
    freeze.op = OpId::parse(order.id.as_str()).unwrap();
    let mut placed = stage.update("bob", ChangeKind::Order, &[("tea", 0, -2)]);
    placed.op = freeze.op.clone();
    stage.link(LiveEvent::Update(freeze.clone()));
    stage.link(LiveEvent::Update(placed.clone()));
    assert!(
        stage.notice().starts_with("bob ordered 1 line: "),
        "{}",
        stage.notice()
    );
    stage.link(LiveEvent::Cart(empty_cart(&stage)));
    stage.link(LiveEvent::Activity(vec![freeze, placed]));

    let (_, short) = order.id.as_str().split_once('-').unwrap();
    let news = |state| {
        LiveEvent::Order(OrderEvent::State(OrderBrief::in_state(
            order.id.clone(),
            state,
        )))
    };
    for state in [OrderState::Accepted, OrderState::Ready, OrderState::Ready] {
        stage.link(news(state));
    }
    assert_eq!(
        activity(&stage),
        [
            format!("11:06 {short} is ready"),
            format!("11:06 {short} is accepted"),
            format!("11:06 bob ordered 1 line: {short}"),
            "11:06 bob added 2 × tea".to_owned(),
        ]
    );

    // It stays until a key, and in the header until the order is over.
    stage.now.steady += 3_600_000;
    stage.take_in(Message::Clock);
    assert_eq!(stage.notice(), format!("Order {short} is ready"));
    stage.keys("esc");
    assert_eq!(stage.notice(), "");
    let header = |stage: &TestScreen| stage.picture().lines().next().unwrap().to_owned();
    assert!(
        header(&stage).contains(&format!("✓ {short} ready")),
        "{}",
        header(&stage)
    );
    stage.take_in(Message::Resize(50, 15));
    assert!(
        header(&stage).contains(&format!("✓ {short} ready")),
        "{}",
        header(&stage)
    );
    stage.link(news(OrderState::Done));
    assert!(!header(&stage).contains(short), "{}", header(&stage));
}

/// A screen of 80 columns with the activity in the cart's place, and its rows.
fn narrow_activity(events: impl FnOnce(&mut TestScreen)) -> Vec<String> {
    let mut stage = TestScreen::new(80, 24);
    stage.link(LiveEvent::Cart(empty_cart(&stage)));
    stage.keys("v");
    events(&mut stage);
    let rows = side(&stage, 44);
    let rows = rows.iter().skip(2).map(|row| row.trim_end().to_owned());
    rows.take_while(|row| !row.is_empty()).collect()
}

#[test]
fn what_became_of_an_order_is_never_cut_off() {
    let id = orders()[1].id.clone();
    let (_, short) = id.as_str().split_once('-').unwrap();
    for state in [
        OrderState::Accepted,
        OrderState::Ready,
        OrderState::Done,
        OrderState::Cancelled,
    ] {
        let rows = narrow_activity(|stage| {
            let told = OrderBrief::in_state(id.clone(), state);
            stage.link(LiveEvent::Order(OrderEvent::State(told)));
        });
        assert_eq!(rows, [format!("11:06 {short} is {}", state.name())]);
    }

    let rows = narrow_activity(|stage| {
        let mut placed = stage.update("bob@kitchen", ChangeKind::Order, &[("tea", 0, -2)]);
        placed.op = OpId::parse(id.as_str()).unwrap();
        stage.link(LiveEvent::Activity(vec![placed]));
    });
    assert_eq!(rows, [format!("11:06 bob@kit… ordered {short}")]);
}

#[test]
fn where_it_is_narrow_the_product_is_shortened_and_not_what_became_of_it() {
    let long = "a-very-long-name-of-a-product";
    let rows = narrow_activity(|stage| {
        stage.change("hal", long, 4, 4, "");
        let mut taken = stage.update("bob", ChangeKind::Edit, &[(long, 3, -1)]);
        taken.lines[0].taken = vec![Share {
            by: "hal".to_owned(),
            pieces: 1,
        }];
        stage.link(LiveEvent::Update(taken));
        let expired = stage.update("", ChangeKind::Expire, &[(long, 0, -3)]);
        stage.link(LiveEvent::Update(expired));
    });
    assert_eq!(
        rows,
        [
            "11:06 a-very-long-name-of… expired",
            "11:06 bob took 1 × a-ver… of hal's",
            "11:06 hal added 4 × a-very-long-n…",
        ]
    );
}

#[test]
fn ones_own_changes_are_told_as_ones_own() {
    let mut stage = quiet();
    stage.change("bob", "tea", 2, 2, "");
    let mut taken = stage.update("bob", ChangeKind::Edit, &[("tea", 1, -2)]);
    taken.lines[0].taken = vec![Share {
        by: "ann@till".to_owned(),
        pieces: 1,
    }];
    stage.link(LiveEvent::Update(taken));
    let undone = stage.update("ann@till", ChangeKind::Undo, &[("tea", 0, -1)]);
    stage.link(LiveEvent::Update(undone));
    assert_eq!(stage.notice(), "You undid adding 1 × tea");
    assert_eq!(
        activity(&stage),
        [
            "11:06 you undid adding 1 × tea",
            "11:06 bob took out 2 × tea, 1 of yours",
            "11:06 bob added 2 × tea",
        ]
    );
    // The others read the name.
    let undone = stage.update("bob", ChangeKind::Undo, &[("tea", 1, 1)]);
    stage.link(LiveEvent::Update(undone));
    assert_eq!(stage.notice(), "bob brought back 1 × tea");
}

#[test]
fn news_wait_for_the_next_key_of_any_kind_once_they_were_on_the_screen() {
    let id = orders()[1].id.clone();
    let told = OrderBrief::in_state(id.clone(), OrderState::Ready);
    let ready = || LiveEvent::Order(OrderEvent::State(told.clone()));
    let news = format!("Order {} is ready", id.without_day());
    for key in ["down", "3", "s", "m", "tab", "x", "esc", "?", "/", "a"] {
        let mut stage = TestScreen::filled(80, 24);
        stage.keys("/ t e a enter");
        stage.link(ready());
        assert!(stage.picture().contains(&news));
        stage.keys(key);
        assert_ne!(stage.notice(), news, "{key}");
        // Esc does nothing else then.
        let words = stage.state.catalog.words.value();
        assert!(key != "esc" || words == "tea", "{words}");
    }
    let mut stage = TestScreen::filled(80, 24);
    stage.link(ready());
    // Neither what somebody else does nor the wheel takes it away.
    stage.change("bob", "tea", 2, 2, "");
    stage.mouse(MouseKind::WheelDown, 5, 5);
    assert_eq!(stage.notice(), news);
    stage.click(5, 5);
    assert_eq!(stage.notice(), "");

    // Keys that come before the news are on the screen don't drop them.
    let mut stage = TestScreen::filled(80, 24);
    update(&mut stage.state, Message::Live(ready()), stage.now);
    let down = Message::Key(Key::parse("down").unwrap());
    update(&mut stage.state, down, stage.now);
    assert_eq!(stage.notice(), news);
    // Where something else stands in their place, they are not seen either.
    update(
        &mut stage.state,
        Message::Key(Key::parse("2").unwrap()),
        stage.now,
    );
    assert_eq!(unseen_news(&stage.state), None);
    stage.keys("esc");
    assert_eq!(stage.notice(), news);
    stage.keys("down");
    assert_eq!(stage.notice(), "");
}

#[test]
fn an_order_that_got_ready_while_the_server_was_away_is_told() {
    let mut stage = quiet();
    let order = orders()[1].clone();
    assert_eq!(order.state, OrderState::Ready);
    stage.link(LiveEvent::Order(OrderEvent::State(OrderBrief::in_state(
        order.id.clone(),
        OrderState::Accepted,
    ))));
    stage.link(LiveEvent::Down(Trouble::Lost));
    stage.link(order_screens::list(vec![order.clone()]));
    assert_eq!(
        stage.notice(),
        format!("Order {} is ready", order.id.without_day())
    );
}

#[test]
fn expiry_and_the_deadline_are_in_the_activity() {
    let mut stage = quiet();
    stage.change("bob", "tea", 2, 2, "");
    stage.server += 2_000_000;
    let mut empty = empty_cart(&stage);
    stage.link(LiveEvent::Cart(empty.clone()));
    assert_eq!(
        activity(&stage),
        ["11:34 the cart expired: emptied", "11:06 bob added 2 × tea"],
        "{}",
        stage.picture()
    );

    empty.version += 1;
    empty.rules = Rules {
        owner: Some("bob".to_owned()),
        closes: Some(stage.server + 60_000),
        ..Rules::default()
    };
    stage.link(LiveEvent::Cart(empty));
    assert_eq!(activity(&stage).len(), 2);
    stage.now.steady += 60_001;
    stage.take_in(Message::Clock);
    stage.take_in(Message::Clock);
    assert_eq!(activity(&stage)[0], "11:41 the deadline passed: closed");
    assert_eq!(activity(&stage).len(), 3);
}

#[test]
fn that_the_deadline_passes_is_said_to_whoever_looks_once() {
    let said = "The deadline has passed; bob can reopen it";
    let closing_in = |stage: &TestScreen, left: u64, owner: &str| {
        let mut cart = stage.state.cart.confirmed.clone();
        cart.version += 1;
        cart.rules = Rules {
            owner: Some(owner.to_owned()),
            closes: Some(stage.server + left),
            ..Rules::default()
        };
        LiveEvent::Cart(cart)
    };
    let mut stage = TestScreen::filled(80, 24);
    stage.link(closing_in(&stage, 60_000, "bob"));
    stage.now.steady += 59_000;
    stage.take_in(Message::Clock);
    assert_eq!(stage.notice(), "");
    stage.now.steady += 1_001;
    stage.take_in(Message::Clock);
    assert!(stage.picture().contains(said), "{}", stage.picture());
    stage.now.steady += 600_000;
    stage.take_in(Message::Clock);
    assert_eq!(stage.notice(), said);
    stage.keys("down");
    stage.now.steady += 60_000;
    stage.take_in(Message::Clock);
    assert_eq!(stage.notice(), "");

    // A change after it is refused in the same words.
    stage.keys("a");
    let op = stage.state.cart.unconfirmed[0].op.clone();
    let refused = Refusal::Closed("bob".to_owned());
    stage.link(LiveEvent::Settled(op, Err(Error::Refused(refused))));
    assert_eq!(stage.notice(), said);

    // The owner is not told of somebody else.
    let mut stage = TestScreen::filled(80, 24);
    stage.link(closing_in(&stage, 1_000, "ann@till"));
    stage.now.steady += 1_001;
    stage.take_in(Message::Clock);
    assert_eq!(stage.notice(), "The deadline has passed; you can reopen it");

    // Who comes later finds it closed: that is no news.
    let mut stage = TestScreen::filled(80, 24);
    stage.server += 60_000;
    stage.link(closing_in(&stage, 0, "bob"));
    stage.now.steady += 1_000;
    stage.take_in(Message::Clock);
    assert_eq!(stage.notice(), "");
}

#[test]
fn a_lock_is_told_alike_after_a_change_and_after_an_order() {
    let locked = || Error::Refused(Refusal::Locked("bob".to_owned()));
    let mut stage = TestScreen::filled(80, 24);
    stage.keys("a");
    let op = stage.state.cart.unconfirmed[0].op.clone();
    stage.link(LiveEvent::Settled(op, Err(locked())));
    let after_a_change = stage.notice().to_owned();
    assert_eq!(after_a_change, "The cart is locked; bob can reopen it");
    stage.state.orders.placing = Some(orders()[0].id.clone());
    let ended = OrderEvent::Ended(orders()[0].id.clone(), Err(locked()));
    stage.link(LiveEvent::Order(ended));
    assert_eq!(stage.notice(), after_a_change);
}

#[test]
fn what_costs_something_is_told_in_the_shops_currency() {
    let money = |amount: &str| Money::parse(amount).unwrap();
    let refusals = [
        (
            Refusal::OtherTotal {
                expected: money("8"),
                total: money("9.5"),
            },
            "The total is €9.50, not €8.00: nothing was ordered",
        ),
        (
            Refusal::NotOrdered(OrderFailure::Repriced {
                name: "Tea".to_owned(),
                now: "2.50".to_owned(),
            }),
            "The price of “Tea” is €2.50 now: nothing was ordered; check the total, then order again",
        ),
    ];
    for (refusal, told) in refusals {
        let mut stage = TestScreen::filled(120, 36);
        stage.state.orders.placing = Some(orders()[0].id.clone());
        let refused = Err(Error::Refused(refusal));
        let ended = OrderEvent::Ended(orders()[0].id.clone(), refused);
        stage.link(LiveEvent::Order(ended));
        assert_eq!(stage.notice(), told);
    }
}

#[test]
fn the_header_says_what_it_counts() {
    let mut stage = TestScreen::filled(80, 24);
    let names = ["bob", "cai", "dee", "eve@the-long-corridor", "fay"];
    stage.link(LiveEvent::Watchers(
        names
            .iter()
            .map(|name| Watcher {
                id: (*name).to_owned(),
                name: (*name).to_owned(),
            })
            .collect(),
    ));
    for (width, said) in [
        (
            120,
            "Corner Shop  ▌office as ann@till  with bob, cai, dee, eve@the-long-corridor, fay  ",
        ),
        (
            80,
            "  ▌office as ann@till  with bob, cai, dee +2    ● live  28 min left ",
        ),
        (64, "  ▌office as ann@till  with 5   ● live  28 min left "),
        (60, "  ▌office as ann@till  with 5    ● live  28 min "),
        (54, "  ▌office as ann@till  with 5      ● live "),
        (44, "  ▌office as ann@till    ● live "),
        (40, "  ▌office            ● live "),
    ] {
        stage.take_in(Message::Resize(width, 24));
        let picture = stage.picture();
        let header = picture.lines().next().unwrap();
        assert!(header.contains(said), "{width}: {header}");
    }

    // Whoever has a cart of their own name reads it once.
    stage.take_in(Message::Resize(120, 24));
    stage.state.env.me = "office".to_owned();
    stage.link(LiveEvent::Watchers(Vec::new()));
    assert!(stage.picture().contains(" Corner Shop  ▌office  "));
}

#[test]
fn accents_need_not_be_typed_in_the_palette_either() {
    for typed in [
        "c r e m e",
        "c r è m e",
        "a d d space c r e m e",
        "f r a i c h e",
    ] {
        let mut stage = TestScreen::filled(80, 24);
        stage.keys(&format!(": {typed}"));
        let picture = stage.picture();
        assert!(
            picture.contains("Add 1 × Crème Fraîche"),
            "{typed}: {picture}"
        );
        stage.keys("enter");
        assert_eq!(stage.state.cart.unconfirmed.len(), 1, "{typed}");
    }
    // An accent that is typed is meant.
    let mut stage = TestScreen::filled(80, 24);
    stage.keys(": b à n a n a");
    assert!(!stage.picture().contains("Add 1 × Banana"));
    // A slip is found without its accents, too.
    let mut stage = TestScreen::filled(80, 24);
    stage.keys(": j a l a p e n n o s");
    assert!(
        stage.picture().contains("Did you mean “Jalapeños”?"),
        "{}",
        stage.picture()
    );
}

#[test]
fn whose_id_or_whole_name_is_typed_is_meant() {
    let first = |typed_words: &str| {
        let mut stage = TestScreen::filled(80, 24);
        stage.change("bob@kitchen", "lemonade", 1, 1, "2.20");
        stage.change("bob@kitchen", "lemon", 1, 1, "0.45");
        stage.keys(&format!(": {}", typed(typed_words)));
        stage.keys("enter");
        let change = stage.state.cart.unconfirmed.pop_front().unwrap();
        change.edits[0].product().unwrap().to_string()
    };
    // “Elderflower Lemonade” begins so, too, and is as good a match.
    for words in [
        "lemon",
        "Lemon",
        "lemon 3",
        "add lemon",
        "set lemon 4",
        "remove lemon",
    ] {
        assert_eq!(first(words), "lemon", "{words}");
    }
    assert_eq!(first("lemonad"), "lemonade");
    assert_eq!(first("add espresso beans"), "espresso-beans");
    assert_eq!(first("Espresso"), "espresso");
    assert_eq!(first("unwaxed lemon"), "lemon");
}

#[test]
fn the_last_line_says_what_enter_does_just_now() {
    for (keys, hint) in [
        (": u n d o", " Enter do it  Tab complete  Esc cancel"),
        (
            ": c r o i s a n t",
            " Enter take it  Tab complete  Esc cancel",
        ),
        (": a d d", " Enter take it  Tab complete  Esc cancel"),
        (
            ": a d d space e s p",
            " Enter do it  Tab complete  Esc cancel",
        ),
        (": x y z q", " Esc cancel"),
        ("o", " Esc close"),
        (
            "/ x y z q enter",
            " Tab cart  c checkout  / search  u undo  ",
        ),
        ("esc", " Enter add  Tab cart  c checkout  / search  "),
        ("tab", " Tab shop  c checkout  Enter qty  + more  "),
    ] {
        let mut stage = TestScreen::filled(80, 24);
        stage.keys(keys);
        let picture = stage.picture();
        let last = picture.lines().last().unwrap().trim_matches('"');
        assert!(last.starts_with(hint), "{keys}: {last}");
        if !hint.ends_with(' ') {
            assert_eq!(last.trim_end(), hint);
        }
    }
}

#[test]
fn an_empty_cart_says_what_to_do_on_every_screen() {
    for (width, height) in [(120, 36), (80, 24), (50, 15), (80, 12), (40, 12), (30, 9)] {
        let mut stage = TestScreen::filled(width, height);
        stage.link(LiveEvent::Cart(empty_cart(&stage)));
        stage.state.env.private = true;
        stage.keys("tab");
        let left = match width {
            120 => 62,
            80 => 44,
            _ => 1,
        };
        let picture = stage.picture();
        let rows = side(&stage, left);
        let words: Vec<&str> = rows.iter().flat_map(|row| row.split_whitespace()).collect();
        let words = words.join(" ");
        assert!(words.contains("The cart is empty."), "{picture}");
        assert!(
            words.contains("shows the products.") || words.contains("to add it."),
            "{picture}"
        );
        // The rest is there whole, or not at all.
        assert_eq!(
            words.contains("This shop is on"),
            words.contains("guide sharing"),
            "{picture}"
        );
        assert!(height < 15 || words.contains("guide sharing"), "{picture}");
    }
}

#[test]
fn what_is_undone_asks_for_the_places_of_the_lines() {
    let mut stage = TestScreen::with_people(120, 36);
    let places: Vec<(_, u64)> = stage
        .state
        .cart
        .confirmed
        .lines
        .iter()
        .map(|line| (line.product.clone(), line.added.as_ref().unwrap().version))
        .collect();
    stage.keys("C y");
    let change = stage.state.cart.unconfirmed[0].clone();
    let gone: Vec<(String, u32)> = stage
        .state
        .cart
        .confirmed
        .lines
        .iter()
        .map(|line| (line.product.to_string(), line.quantity.whole().unwrap()))
        .collect();
    let gone: Vec<(&str, u32, i64)> = gone
        .iter()
        .map(|(product, quantity)| (product.as_str(), 0, -i64::from(*quantity)))
        .collect();
    let mut cleared = stage.update("ann@till", ChangeKind::Clear, &gone);
    cleared.op = change.op.clone();
    stage.link(LiveEvent::Update(cleared.clone()));
    stage.link(LiveEvent::Settled(change.op, Ok(cleared)));
    stage.keys("u");
    let undo = &stage.state.cart.unconfirmed[0];
    let asked: Vec<(_, u64)> = undo
        .edits
        .iter()
        .map(|edit| match edit {
            Edit::Restore {
                product,
                place: Some(place),
                ..
            } => (product.clone(), *place),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(asked, places);
    // It shows so at once.
    let shown: Vec<_> = stage
        .state
        .cart
        .shown
        .lines
        .iter()
        .map(|line| &line.product)
        .collect();
    assert_eq!(
        shown,
        places
            .iter()
            .map(|(product, _)| product)
            .collect::<Vec<_>>()
    );
}

#[test]
fn a_sold_out_product_says_so_before_it_is_added_and_when_it_is() {
    for (width, height) in [(200, 60), (120, 36), (80, 24), (50, 15), (30, 12)] {
        let mut stage = TestScreen::filled(width, height);
        stage.keys("/ b a s i l enter");
        let row = stage.picture().lines().nth(3).unwrap().to_owned();
        let says_so = row.contains("none") || row.contains("sold out");
        assert!(
            row.contains("Potted Basil") && says_so,
            "{}",
            stage.picture()
        );
        if height >= 14 {
            assert!(stage.picture().contains("sold out"), "{}", stage.picture());
        }
        stage.keys("a");
        assert!(
            stage.notice().starts_with("Potted Basil is sold out"),
            "{}",
            stage.notice()
        );
        assert_eq!(stage.state.cart.unconfirmed.len(), 1);
    }
    let mut stage = TestScreen::filled(80, 24);
    stage.keys(": b a s i l");
    let picture = stage.picture();
    let entry = picture
        .lines()
        .find(|line| line.contains("Add 1 × Potted Basil"));
    assert!(entry.unwrap().contains("sold out"), "{picture}");
}

#[test]
fn the_sorted_column_is_marked_and_reversed_by_the_same_key_or_click() {
    let mut stage = TestScreen::filled(80, 24);
    let heads = |stage: &TestScreen| stage.picture().lines().nth(2).unwrap().to_owned();
    assert!(!heads(&stage).contains(['▲', '▼']));
    let unsorted = heads(&stage);
    stage.keys("s");
    assert!(stage.picture().contains("category reversed"));
    // One sign has one meaning: `▲` where the least comes first.
    for head in ["Product▲", "Product▼", "▲Price", "▼Price", "▼Cart", "▲Cart"] {
        stage.keys("s");
        assert!(heads(&stage).contains(head), "{}", heads(&stage));
        assert_eq!(heads(&stage).matches(['▲', '▼']).count(), 1);
        // No heading moves when the sign comes.
        let without = heads(&stage).replace(['▲', '▼'], " ");
        assert_eq!(without, unsorted, "{head}");
    }
    stage.keys("s");
    assert_eq!(heads(&stage), unsorted);
    // Where the sorted column has no room, the title says it.
    stage.keys(": s o r t space c a t e g o r y space r enter");
    assert!(stage.picture().contains("64 products category reversed"));
    stage.take_in(Message::Resize(200, 60));
    assert!(heads(&stage).contains("Category▼"));
    stage.take_in(Message::Resize(80, 24));

    // The dearest first, by a second click.
    stage.click(30, 2);
    stage.click(30, 2);
    assert!(heads(&stage).contains("▼Price"));
    let prices: Vec<_> = (0..64)
        .map(|row| stage.state.catalog.shown[row])
        .map(|number| {
            stage
                .state
                .catalog
                .catalog
                .at(number)
                .unwrap()
                .price
                .unwrap()
        })
        .collect();
    assert!(prices.is_sorted_by(|a, b| a >= b), "{prices:?}");
    // A third one returns to the usual sorting.
    stage.click(30, 2);
    assert_eq!(stage.state.catalog.sorting.by, Sort::Category);

    stage.keys(": s o r t space p r i c e space r enter");
    assert!(heads(&stage).contains("▼Price"), "{}", stage.picture());
    // With words the best match comes first, whatever the sorting.
    stage.keys("/ t e a");
    assert!(!heads(&stage).contains(['▲', '▼']), "{}", heads(&stage));

    stage.state.env.display.charset = Charset::Ascii;
    stage.keys("esc");
    assert!(heads(&stage).contains("vPrice"), "{}", heads(&stage));
}

#[test]
fn a_slip_in_the_palette_offers_what_was_meant_and_does_nothing_by_itself() {
    for (typed, meant) in [
        ("c r o i s a n t", "Butter Croissant"),
        ("e x p r e s s o space 3", "Espresso 3"),
        ("s e t space e x p r e s s o", "set Espresso"),
        ("r e m o v e space b a g u e t e s", "remove Baguette"),
        ("c a t e g o r y space B a k r y", "category Bakery"),
        ("t h e m e space d r a k", "theme dark"),
        ("s o r t space p r c i e", "sort price"),
        ("u n d i", "undo"),
        ("r y w", "Dark Rye Bread"),
        ("c h e k c o u t", "checkout"),
    ] {
        let mut stage = TestScreen::filled(80, 24);
        stage.keys(&format!(": {typed}"));
        let question = format!("Did you mean “{meant}”?");
        assert!(
            stage.picture().contains(&question),
            "{meant}: {}",
            stage.picture()
        );
        stage.keys("enter");
        assert!(stage.state.cart.unconfirmed.is_empty());
        assert!(matches!(&stage.state.mode, Mode::Palette { input, .. } if input.value() == meant));
        assert!(
            !stage.picture().contains("Did you mean"),
            "{}",
            stage.picture()
        );
    }
    // Nothing is near that.
    let mut stage = TestScreen::filled(80, 24);
    stage.keys(": x y z q");
    assert!(
        stage
            .picture()
            .contains("No product or command matches “xyzq”")
    );
}

#[test]
fn products_are_called_by_their_names() {
    let mut stage = TestScreen::filled(120, 36);
    stage.keys("tab d");
    let op = stage.state.cart.unconfirmed[0].op.clone();
    let refused = Refusal::NotInCart("baguette".to_owned());
    stage.link(LiveEvent::Settled(op, Err(Error::Refused(refused))));
    assert_eq!(stage.notice(), "“Baguette” is not in the cart");

    // Its name is remembered when it is not sold any more.
    let gone: Option<Product> = None;
    stage.link(LiveEvent::Products(vec![(id("baguette"), gone)]));
    stage.keys("g");
    assert!(
        stage
            .picture()
            .contains("Baguette is no longer sold and not counted")
    );
    stage.keys("+");
    assert_eq!(stage.notice(), "There is no product “Baguette”");
    stage.keys("c");
    let LiveEvent::Order(OrderEvent::Preview(mut preview)) = order_screens::preview(104, false)
    else {
        panic!("no preview");
    };
    preview.lines[3].order_line.product = id("baguette");
    preview.lines[3].order_line.name = "baguette".to_owned();
    stage.link(LiveEvent::Order(OrderEvent::Preview(preview)));
    assert!(
        stage.picture().contains("3 Baguette"),
        "{}",
        stage.picture()
    );
}

#[test]
fn an_unlimited_stock_is_a_word_where_there_is_no_sign() {
    let mut stage = TestScreen::filled(80, 24);
    stage.state.env.display.charset = Charset::Ascii;
    let picture = stage.picture();
    let row = picture
        .lines()
        .find(|line| line.contains("Flat White"))
        .unwrap();
    assert!(row.contains("E3.60  many"), "{row}");
}
