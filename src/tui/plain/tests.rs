//! Tests of what plain mode says and when, without a terminal and a server.

use super::lines::Typed;
use super::state::Plain;
use super::update::{PlainEvent, update};
use crate::config::keymap::Keymap;
use crate::model::{
    Cart, Catalog, Change, ChangeKind, Currency, Deadline, LineChange, Money, OpId, Order,
    OrderBrief, OrderId, OrderLine, OrderState, Product, ProductId, Refusal, Ticket, Update,
    UserName,
};
use crate::store::live::{LiveEvent, LiveRequest, OrderEvent, OrderQuestion};
use crate::store::order::OrdersPage;
use crate::store::{Error, Shop, Trouble};
use crate::tui::message::{Effect, Message, Now};
use crate::tui::state::catalog::Unread;
use crate::tui::state::tests::state;

/// Plain mode with a clock of its own, and what was sent to the server.
struct Talk {
    plain: Plain,
    now: Now,
    sent: Vec<Change>,
    /// From which on older orders were asked for.
    older: Vec<usize>,
}

impl Talk {
    /// Somebody who has been greeted, and may type.
    fn begun() -> Talk {
        let mut state = state();
        state.env.keymap = Keymap::default().in_words();
        state.size = (1_000, 60);
        let mut talk = Talk {
            plain: Plain::new(state),
            now: Now::default(),
            sent: Vec::new(),
            older: Vec::new(),
        };

        talk.shop(Message::Live(LiveEvent::Cart(Cart::default())));
        let products = [product("espresso", "Espresso"), product("oats", "Oat Milk")];
        let catalog = Catalog::new(products.to_vec());
        talk.shop(Message::Catalog(Ok((catalog, Some(Shop::default()))), 0));
        talk.shop(Message::Live(LiveEvent::Watchers(Vec::new())));

        assert!(talk.said()[0].contains("Cart office, you are ann."));
        assert!(talk.plain.take_prompt());
        talk
    }

    fn event(&mut self, event: PlainEvent) {
        for effect in update(&mut self.plain, event, self.now) {
            match effect {
                Effect::Live(LiveRequest::Change(change)) => self.sent.push(change),
                Effect::Live(LiveRequest::Orders(OrderQuestion::Older(from))) => {
                    self.older.push(from);
                }
                _ => {}
            }
        }
    }

    fn shop(&mut self, message: Message) {
        self.event(PlainEvent::Shop(Box::new(message)));
    }

    fn types(&mut self, line: &str) {
        self.event(PlainEvent::Typed(Typed::Line(line.to_owned())));
    }

    fn said(&mut self) -> Vec<String> {
        self.plain.take_answers()
    }

    /// Somebody adds espressos; the change is the one sent last where it is ours.
    fn update(&self, by: &str, version: u64, quantity: u32, delta: i64) -> Update {
        let own = self.sent.last().filter(|_| by == "ann");
        let other = OpId::parse(&format!("other-{version}")).unwrap();

        Update {
            version,
            op: own.map_or(other, |change| change.op.clone()),
            by: by.to_owned(),
            kind: ChangeKind::Edit,
            lines: vec![LineChange {
                product: ProductId::stored(b"espresso"),
                quantity,
                delta,
                price: None,
                taken: Vec::new(),
            }],
            notes: Vec::new(),
            rules: Vec::new(),
            count: 1,
            deadline: Deadline::default(),
        }
    }
}

/// The orders of these numbers, the newest first, of so many in all.
fn page(numbers: std::ops::RangeInclusive<u32>, total: usize) -> Message {
    let orders = numbers.clone().rev().map(order);
    let first = usize::try_from(*numbers.start()).unwrap();
    let page = OrdersPage {
        orders: orders.collect(),
        from: 0,
        total,
        next: total + 1 - first,
    };
    Message::Live(LiveEvent::Order(OrderEvent::List(page)))
}

/// An order of this number, which is done.
fn order(number: u32) -> Order {
    Order {
        id: OrderId::new(u64::from(number), u64::from(number)),
        number: Some(number),
        user: "office".to_owned(),
        who: "ann".to_owned(),
        at: u64::from(number),
        state: OrderState::Done,
        changed: u64::from(number),
        reached: Vec::new(),
        currency: Currency::default(),
        lines: vec![OrderLine {
            product: ProductId::stored(b"espresso"),
            name: "Espresso".to_owned(),
            unit: String::new(),
            quantity: 1,
            price: Money::parse("2.40").unwrap(),
            shares: Vec::new(),
            notes: Vec::new(),
        }],
        settled: Vec::new(),
        note: String::new(),
    }
}

fn product(id: &str, name: &str) -> Product {
    let fields = [name, "2.40", "", "", "", "", ""];
    let mut fields = fields
        .iter()
        .map(|field| Some(field.as_bytes()).filter(|it| !it.is_empty()));
    let id = ProductId::stored(id.as_bytes());
    Product::decode(id, std::array::from_fn(|_| fields.next().flatten())).unwrap()
}

#[test]
fn a_change_is_told_once_it_is_confirmed() {
    let mut talk = Talk::begun();
    talk.types("add espresso 2");
    assert_eq!(talk.said(), [""; 0]);
    assert!(!talk.plain.take_prompt(), "the answer is still to come");

    let update = talk.update("ann", 1, 2, 2);
    talk.shop(Message::Live(LiveEvent::Update(update.clone())));
    assert_eq!(talk.said(), [""; 0], "it may still wait for replicas");
    let settled = LiveEvent::Settled(update.op.clone(), Ok(update));
    talk.shop(Message::Live(settled));
    assert_eq!(
        talk.said(),
        ["Added 2 Espresso. The cart has 1 line, 4.80."]
    );
    assert!(talk.plain.take_prompt());
}

#[test]
fn what_takes_long_is_said_and_told_later() {
    let mut talk = Talk::begun();
    talk.types("add espresso");
    talk.now.steady += 2_000;
    talk.shop(Message::Clock);
    assert_eq!(talk.said(), ["Waiting for the server …"]);
    assert!(talk.plain.take_prompt(), "one may go on");

    talk.shop(Message::Live(LiveEvent::Down(Trouble::Lost)));
    let op = talk.sent[0].op.clone();
    let refused = Error::Refused(Refusal::Locked("bob".to_owned()));
    talk.shop(Message::Live(LiveEvent::Settled(op, Err(refused))));
    assert_eq!(
        talk.said(),
        [""; 0],
        "nothing is said while one may be typing"
    );
    talk.types("");
    let said = talk.said();
    assert_eq!(said[0], "The connection is lost. Your changes wait.");
    assert!(said[1].contains("bob"), "{said:?}");
    assert_eq!(said.len(), 2);
}

#[test]
fn what_only_tells_is_answered_while_a_change_waits() {
    let mut talk = Talk::begun();
    talk.plain.prompts = false;
    let line = |typed: &str| Typed::Line(typed.to_owned());
    talk.types("add espresso");
    assert!(!talk.plain.is_answered_meanwhile(&line("status")));
    talk.now.steady += 2_000;
    talk.shop(Message::Clock);
    assert_eq!(talk.said(), ["Waiting for the server …"]);

    // The cart is told once it is certain, and what is typed behind a change waits for it.
    assert!(talk.plain.is_busy());
    for waits in ["cart", "add oats", "rules", "quit", "1", ""] {
        assert!(!talk.plain.is_answered_meanwhile(&line(waits)), "{waits}");
    }
    for answered in ["status", "help cart", "history"] {
        assert!(talk.plain.is_answered_meanwhile(&line(answered)));
        talk.types(answered);
        assert!(!talk.said().is_empty());
        assert!(talk.plain.is_busy(), "the change still waits");
    }

    // What came of it is told before the next line is taken.
    let update = talk.update("ann", 1, 1, 1);
    talk.shop(Message::Live(LiveEvent::Update(update.clone())));
    let settled = LiveEvent::Settled(update.op.clone(), Ok(update));
    talk.shop(Message::Live(settled));
    assert_eq!(
        talk.said(),
        ["Added 1 Espresso. The cart has 1 line, 2.40."]
    );
    assert!(!talk.plain.is_busy());
}

#[test]
fn who_moved_an_order_is_told_though_it_is_read_before_that_news_comes() {
    let mut talk = Talk::begun();
    let placed = Order {
        state: OrderState::Placed,
        ..order(1)
    };
    let brief = OrderEvent::Newest(vec![OrderBrief::from(&placed)]);
    talk.shop(Message::Live(LiveEvent::Order(brief)));
    talk.plain.news.take();

    let ticket = Ticket {
        order: Order {
            state: OrderState::Accepted,
            ..placed
        },
        ticked: Vec::new(),
        moved_by: Some("kim".to_owned()),
        categories: Vec::new(),
    };
    let read = OrderEvent::Read(Box::new(ticket));
    talk.shop(Message::Live(LiveEvent::Order(read)));
    assert_eq!(talk.plain.news.take(), ["kim accepted #1."]);
}

#[test]
fn what_can_not_be_read_is_told_once() {
    let mut talk = Talk::begun();
    for _ in 0..3 {
        let some = Catalog::new(vec![product("oats", "Oat Milk")]);
        talk.shop(Message::Catalog(Ok((some, Some(Shop::default()))), 0));
        talk.shop(Message::CatalogUnread(Unread::Products(2), Trouble::Lost));
    }
    let news = talk.plain.news.take();
    assert_eq!(
        news,
        ["2 products can't be read: the connection to the server was lost."]
    );
}

#[test]
fn a_list_ends_with_the_cart_that_it_was_told_in() {
    let mut talk = Talk::begun();
    let products = (1..=20).map(|number| product(&format!("tea{number}"), "Tea"));
    let catalog = Catalog::new(products.collect());
    talk.shop(Message::Catalog(Ok((catalog, Some(Shop::default()))), 0));
    talk.types("search tea");
    assert!(talk.said()[15].starts_with("5 more: type more. "));

    talk.plain.take_prompt();
    let family = UserName::parse("family").unwrap();
    talk.plain.state.carts.used.push(family);
    talk.plain.state.carts.may_switch = true;
    talk.types("cart family");
    talk.shop(Message::Live(LiveEvent::Cart(Cart::default())));
    talk.shop(Message::Live(LiveEvent::Watchers(Vec::new())));
    assert!(talk.said().join(" ").contains("Cart family, you are ann."));
    for (typed, answer) in [
        ("more", "There is no more of the list."),
        (
            "1",
            "There is no list to choose from: type help for the commands.",
        ),
    ] {
        talk.plain.take_prompt();
        talk.types(typed);
        assert_eq!(talk.said(), [answer]);
    }
}

#[test]
fn a_line_keeps_the_number_that_it_was_told_with() {
    let mut talk = Talk::begun();
    for number in 1..=150 {
        talk.types(&format!("help zz{number}"));
        talk.plain.take_prompt();
    }
    talk.said();

    talk.types("history");
    let said = talk.said();
    assert_eq!(said[0], "132. help zz132");
    assert_eq!(said.last().unwrap(), "151. history");
    for (typed, done) in [("!150", "“zz150”"), ("!60", "“zz60”"), ("!!", "“zz60”")] {
        talk.plain.take_prompt();
        talk.types(typed);
        let said = talk.said().join(" ");
        assert!(said.contains(done), "{typed}: {said}");
    }
    talk.types("!20");
    let gone = "There is no line “20” in what you typed: see history.";
    assert_eq!(talk.said(), [gone]);
}

#[test]
fn others_are_told_before_the_next_prompt_and_once() {
    let mut talk = Talk::begun();
    let update = talk.update("bob", 1, 2, 2);
    talk.shop(Message::Live(LiveEvent::Update(update.clone())));
    assert_eq!(talk.said(), [""; 0]);
    talk.shop(Message::Live(LiveEvent::Activity(vec![update])));

    talk.types("people bob");
    let said = talk.said();
    assert!(said[0].starts_with("bob: 2 items, 4.80"), "{said:?}");
    assert_eq!(said.last().unwrap(), "bob added 2 Espresso.");
    assert!(talk.plain.take_prompt());
    talk.types("");
    assert_eq!(talk.said(), ["Nothing new."]);

    // Of those who were away for long, the newest is told.
    talk.plain.take_prompt();
    for version in 2..50 {
        let update = talk.update("bob", version, u32::try_from(version).unwrap() + 1, 1);
        talk.shop(Message::Live(LiveEvent::Update(update)));
    }
    talk.types("");
    let said = talk.said();
    assert_eq!(said[0], "18 earlier messages left out.");
    assert_eq!(said.last().unwrap(), "bob added 1 Espresso, now 50.");
}

#[test]
fn a_number_of_the_last_list_names_its_product() {
    let mut talk = Talk::begun();
    // Without a list it names none, and nothing hangs.
    for typed in ["set 1 5", "add 1 2", "remove 1"] {
        talk.types(typed);
        let said = talk.said().join("\n");
        assert!(
            said.contains("matches") || said.contains("not in the cart"),
            "{typed}: {said}"
        );
    }

    talk.types("search e");
    talk.said();
    talk.types("1 0");
    assert_eq!(talk.said(), ["Nothing was added: type how many, from 1."]);
    assert!(talk.sent.is_empty());

    talk.types("add 1 2");
    assert_eq!(talk.sent.len(), 1);
    talk.types("note");
    assert!(talk.said().iter().any(|told| told.starts_with("note ")));
}

#[test]
fn words_that_are_not_sure_do_nothing() {
    let mut talk = Talk::begun();
    for (typed, answer) in [
        (
            "place order",
            "Nothing was ordered: type place order and the total",
        ),
        ("add", "Type add and a product: add espresso."),
        ("3", "There is no list to choose from"),
        ("xyzzy", "No product or command matches “xyzzy”."),
        ("undo", "There is nothing to undo."),
        (
            "ready",
            "The cart is empty: there is nothing to be ready for yet.",
        ),
        ("cancel", "Say which order"),
    ] {
        talk.types(typed);
        let said = talk.said().join("\n");
        assert!(said.contains(answer), "{typed}: {said}");
        talk.plain.take_prompt();
    }

    assert_eq!(talk.sent, []);
}

#[test]
fn a_list_of_orders_goes_on_as_far_as_there_are_any() {
    let mut talk = Talk::begun();
    talk.types("orders");
    talk.shop(page(31..=50, 50));
    let said = talk.said();
    assert_eq!(said.len(), 16);
    assert!(said[0].starts_with("1. Order 50, "), "{said:?}");
    let more = "35 more: type more. Type a number to hear the receipt.";
    assert_eq!(said[15], more);

    // An order that comes meanwhile moves none.
    talk.plain.take_prompt();
    talk.shop(page(32..=51, 51));
    talk.types("more");
    let said = talk.said();
    assert!(said[0].starts_with("16. Order 35, "), "{said:?}");
    assert!(said[5].starts_with("31 more: "), "{said:?}");

    let asked = talk.older.len();
    talk.plain.take_prompt();
    talk.types("more");
    assert_eq!(talk.said(), [""; 0], "older ones are being read");
    assert_eq!(talk.older[asked..], [20]);
    talk.shop(page(1..=31, 51));
    let said = talk.said();
    assert!(said[0].starts_with("21. Order 30, "), "{said:?}");
    assert!(said[15].starts_with("15 more: "), "{said:?}");
    for end in ["Type a number to hear", "There is no more of the list."] {
        talk.plain.take_prompt();
        talk.types("more");
        let said = talk.said();
        assert!(said.last().unwrap().starts_with(end), "{said:?}");
    }
}

#[test]
fn sentences_end_with_a_stop_and_entries_do_not() {
    let mut talk = Talk::begun();
    let update = talk.update("bob", 1, 2, 2);
    talk.shop(Message::Live(LiveEvent::Update(update)));
    for typed in [
        "cart",
        "1",
        "people",
        "list",
        "search e",
        "espresso beans",
        "note",
        "status",
        "rules",
        "help",
        "help zzz",
        "news",
        "history",
        "orders",
        "order",
        "espreso",
        "more",
    ] {
        talk.types(typed);
        if typed == "orders" {
            talk.shop(page(1..=3, 3));
        }
        for told in talk.said() {
            let is_entry = told
                .split_once(". ")
                .is_some_and(|(number, _)| number.parse::<u32>().is_ok());
            let ends = told.ends_with(['.', '?', ':']);
            assert_eq!(ends, !is_entry, "{typed}: {told}");
        }
        talk.plain.take_prompt();
    }
}

#[test]
fn a_long_name_is_cut_in_lists_and_told_where_it_is_alone() {
    let mut talk = Talk::begun();
    let long = format!("Espresso {}", "very ".repeat(40));
    let products = [product("espresso", long.trim())];
    let catalog = Catalog::new(products.to_vec());
    talk.shop(Message::Catalog(Ok((catalog, Some(Shop::default()))), 0));
    let update = talk.update("bob", 1, 2, 2);
    talk.shop(Message::Live(LiveEvent::Update(update)));
    talk.types("");
    talk.said();
    talk.plain.take_prompt();

    talk.types("cart");
    let said = talk.said();
    assert!(said[0].contains("very …, 2, 4.80"), "{said:?}");
    assert!(said[0].chars().count() < 100, "{said:?}");
    talk.plain.take_prompt();
    talk.types("1");
    let said = talk.said();
    assert!(said[0].starts_with(long.trim()), "{said:?}");
    assert!(said.last().unwrap().contains("set espresso 3"), "{said:?}");
}
