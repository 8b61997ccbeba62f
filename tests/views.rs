//! Every screen at every size: pictures in text, and no size that breaks.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::collections::BTreeMap;
use trolley::model::{
    Cart, Catalog, Deadline, Edit, Kind, LineChange, Money, OpId, Product, ProductId, Update, UserName,
};
use trolley::store::decode::CatalogNews;
use trolley::store::link::Event;
use trolley::store::{Error, Shop, Trouble, Watcher, demo};
use trolley::tui::key::Key;
use trolley::tui::keymap::Keymap;
use trolley::tui::message::{Found, Message, Mouse, MouseKind, Now, Purpose};
use trolley::tui::state::{Session, State};
use trolley::tui::theme::Theme;
use trolley::tui::update::update;
use trolley::tui::view::view;

/// The screen's core with a clock of its own.
struct Stage {
    state: State,
    now: Now,
    version: u64,
}

fn demo_products() -> Vec<Product> {
    let rows = demo::rows(include_bytes!("../assets/demo.csv")).unwrap();
    let product = |row: &trolley::catalog_file::Row| {
        Product::decode(
            row.id.clone(),
            row.fields.each_ref().map(|field| field.as_deref().map(str::as_bytes)),
        )
    };
    rows.iter().filter_map(product).collect()
}

fn id(name: &str) -> ProductId {
    ProductId::stored(name.as_bytes())
}

impl Stage {
    /// A screen that has not heard of anything yet.
    fn new(width: u16, height: u16) -> Stage {
        let session = Session {
            user: UserName::parse("office").unwrap(),
            me: "ann@till".to_owned(),
            address: "unix:///shop.sock".to_owned(),
            private: false,
            item_timeout: None,
            ops: "0123456789abcdef".to_owned(),
            zone: jiff::tz::TimeZone::UTC,
            keymap: Keymap::with(&BTreeMap::new()).unwrap(),
        };
        let state = State::new(session, Theme::DARK, true, (width, height));
        Stage { state, now: Now { steady: 1_000, wall: 1_795_000_000_000 }, version: 100 }
    }

    fn take_in(&mut self, message: Message) {
        update(&mut self.state, message, self.now);
    }

    fn link(&mut self, event: Event) {
        self.take_in(Message::Link(event));
    }

    fn keys(&mut self, keys: &str) {
        for key in keys.split(' ') {
            self.take_in(Message::Key(Key::parse(key).unwrap()));
        }
    }

    /// One more update by `by`.
    fn change(&mut self, by: &str, product: &str, quantity: u32, delta: i64, price: &str) {
        self.version += 1;
        let line = LineChange { product: id(product), quantity, delta, price: Money::parse(price) };
        let known = self.state.cart.confirmed.lines.iter().filter(|l| l.product != line.product).count();
        self.link(Event::Update(Update {
            version: self.version,
            op: OpId::parse(&format!("op-{}", self.version)).unwrap(),
            by: by.to_owned(),
            kind: Kind::Edit,
            count: known + usize::from(quantity > 0),
            lines: vec![line],
            deadline: Deadline { told_at: 1_795_000_000_000, at: Some(1_795_001_680_000) },
        }));
    }

    /// A shop with a filled cart.
    fn filled(width: u16, height: u16) -> Stage {
        let mut stage = Stage::new(width, height);
        stage.link(Event::Cart(Cart { version: 100, ..Cart::default() }));
        let shop = Shop { name: "Corner Shop".to_owned(), currency: "€".to_owned() };
        stage.take_in(Message::Catalog(Ok((Catalog::new(demo_products()), shop)), 0));
        stage.change("ann@till", "baguette", 2, 2, "1.90");
        stage.change("bob@kitchen", "espresso", 12, 12, "2.40");
        stage.change("bob@kitchen", "matcha-powder", 1, 1, "18.00");
        stage.change("old till", "discontinued", 3, 3, "1.00");
        stage.link(Event::Products(vec![(id("discontinued"), None)]));
        stage.link(Event::Watchers(vec![Watcher { id: "x".to_owned(), name: "bob@kitchen".to_owned() }]));
        // The highlights are over.
        stage.now.steady += 10_000;
        stage.take_in(Message::Clock);
        stage
    }

    fn draw(&self) -> Terminal<TestBackend> {
        let (width, height) = self.state.size;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| view(&self.state, frame)).unwrap();
        terminal
    }

    fn picture(&self) -> String {
        self.draw().backend().to_string()
    }
}

const SIZES: [(u16, u16); 5] = [(160, 48), (120, 36), (80, 24), (50, 15), (80, 12)];

/// Every screen by name.
fn screens(width: u16, height: u16) -> Vec<(&'static str, Stage)> {
    let filled = |keys: &str| {
        let mut stage = Stage::filled(width, height);
        if !keys.is_empty() {
            stage.keys(keys);
        }
        stage
    };
    let mut connected = Stage::new(width, height);
    connected.link(Event::Cart(Cart::default()));
    let mut empty = Stage::new(width, height);
    empty.link(Event::Cart(Cart::default()));
    empty.take_in(Message::Catalog(Ok((Catalog::default(), Shop::default())), 0));
    let mut offline = filled("3 a");
    offline.link(Event::Down(Trouble::Refused));
    let mut unreadable = Stage::new(width, height);
    unreadable.link(Event::Unreadable(Trouble::WrongType));
    vec![
        ("browsing", filled("")),
        ("cart", filled("tab")),
        ("search", filled("/ c o f f e e")),
        ("nothing-found", filled("/ x y z q")),
        ("category", filled("] ]")),
        ("quantity", filled("tab =")),
        ("palette", filled(":")),
        ("palette-add", filled(": a d d space e s p space 3")),
        ("help", filled("?")),
        ("clearing", filled("C")),
        ("activity", filled("v")),
        ("loading", Stage::new(width, height)),
        ("reading-catalog", connected),
        ("empty", empty),
        ("offline", offline),
        ("unreadable", unreadable),
    ]
}

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
    // All sizes for the fullest screen; the others at the sizes where layouts change.
    let all = |widths: std::iter::StepBy<std::ops::RangeInclusive<u16>>| {
        let mut stage = Stage::filled(120, 36);
        for width in widths {
            for height in 1..=100 {
                stage.take_in(Message::Resize(width, height));
                stage.draw();
            }
        }
    };
    std::thread::scope(|threads| {
        threads.spawn(|| all((1..=300).step_by(2)));
        all((2..=300).step_by(2));
    });
    for width in [1, 2, 5, 23, 24, 25, 39, 40, 54, 75, 76, 77, 130, 200] {
        for height in [1, 2, 5, 6, 7, 8, 9, 11, 13, 14, 15, 26, 27, 30, 60] {
            for (_, stage) in screens(width, height) {
                stage.draw();
            }
        }
    }
}

#[test]
fn wide_and_combining_names_line_up() {
    let mut stage = Stage::filled(120, 36);
    let names = ["抹茶", "e\u{301}clair", "👩‍🍳 pie", "한국어", "a\u{300}\u{301}\u{302}\u{303}"];
    let product = |(n, name): (usize, &&str)| {
        let raw = [name, "1.005", "Odd", "each", "3", ""].map(|text| Some(text.as_bytes()));
        Product::decode(id(&format!("odd-{n}")), raw).unwrap()
    };
    let odd: Vec<Product> = names.iter().enumerate().map(product).collect();
    stage.take_in(Message::Catalog(Ok((Catalog::new(odd), Shop::default())), 0));
    let mut terminal = Terminal::new(TestBackend::new(120, 36)).unwrap();
    terminal.draw(|frame| view(&stage.state, frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let points: Vec<u16> = (3..8)
        .map(|y| {
            (0..66).find(|x| buffer[(*x, y)].symbol() == ".").unwrap_or_else(|| panic!("no price in row {y}"))
        })
        .collect();
    assert!(points.iter().all(|x| *x == points[0]), "{points:?}");
    for y in 3..8 {
        assert_eq!(buffer[(65, y)].symbol(), "│");
    }
}

#[test]
fn the_selected_rows_stay_where_they_are_when_others_change_the_cart() {
    let mut stage = Stage::filled(120, 36);
    stage.keys("tab down down");
    let row = |stage: &Stage| {
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
    products.push(Product { name: "Aaa".into(), id: id("aaa"), ..products[0].clone() });
    stage.take_in(Message::Catalog(Ok((Catalog::new(products), Shop::default())), 0));
    assert_eq!(stage.state.target(), selected);
}

#[test]
fn unconfirmed_changes_never_look_saved() {
    let mut stage = Stage::filled(120, 36);
    stage.keys("3 a");
    assert!(stage.picture().contains("5… Baguette"), "{}", stage.picture());
    let op = stage.state.cart.unconfirmed[0].op.clone();
    let refused = trolley::model::Refusal::TooMany { limit: 4, already: 2 };
    stage.link(Event::Settled(op, Err(Error::Refused(refused))));
    assert!(stage.picture().contains(" 2 Baguette"));
    assert!(stage.picture().contains("Too many: the limit is 4"));
}

#[test]
fn clicks_and_the_wheel() {
    let mut stage = Stage::filled(120, 36);
    let click = |stage: &mut Stage, column, row| {
        stage.take_in(Message::Mouse(Mouse { kind: MouseKind::Press, column, row }));
    };
    click(&mut stage, 5, 6);
    assert_eq!(stage.state.catalog.scroll.cursor, 3);
    assert!(stage.state.cart.unconfirmed.is_empty());
    click(&mut stage, 5, 6);
    assert_eq!(stage.state.cart.unconfirmed.len(), 1, "a double click adds");
    click(&mut stage, 80, 4);
    assert_eq!(stage.state.target(), Some(id("espresso")));
    stage.take_in(Message::Mouse(Mouse { kind: MouseKind::WheelDown, column: 5, row: 10 }));
    assert_eq!(stage.state.catalog.scroll.cursor, 6);
    // Column heads order; the footer's keys work.
    click(&mut stage, 50, 2);
    assert_eq!(stage.state.catalog.sort, trolley::model::Sort::Price);
    let footer = stage.picture().lines().last().unwrap().to_owned();
    let help = footer.chars().position(|c| c == '?').unwrap();
    click(&mut stage, u16::try_from(help).unwrap(), 35);
    assert!(stage.picture().contains(" Keys "));
}

#[test]
fn a_pasted_newline_orders_nothing() {
    let mut stage = Stage::filled(120, 36);
    stage.take_in(Message::Paste("a\na\nq\n".to_owned()));
    assert!(stage.state.cart.unconfirmed.is_empty());
    stage.keys("/");
    stage.take_in(Message::Paste("cof\nfee".to_owned()));
    assert_eq!(stage.state.catalog.words.value(), "cof fee");
}

#[test]
fn repeating_the_last_change() {
    let mut stage = Stage::filled(120, 36);
    stage.keys("4 a down .");
    let edits: Vec<&Edit> = stage.state.cart.unconfirmed.iter().map(|change| &change.edits[0]).collect();
    assert!(matches!(edits[..], [Edit::Add { quantity: 4, .. }, Edit::Add { quantity: 4, .. }]));
    assert_ne!(edits[0].product(), edits[1].product());
}

#[test]
fn large_catalogs_are_searched_elsewhere_and_late_answers_are_dropped() {
    let mut stage = Stage::filled(120, 36);
    let raw = |n: usize| [format!("Thing {n}"), "1.00".to_owned(), "Things".to_owned()];
    let product = |n: usize| {
        let [name, price, category] = raw(n);
        let fields =
            [Some(name.as_bytes()), Some(price.as_bytes()), Some(category.as_bytes()), None, None, None];
        Product::decode(id(&format!("t{n}")), fields).unwrap()
    };
    let catalog = Catalog::new((0..5_000).map(product).collect());
    let number = |name: &str| catalog.number(&id(name)).unwrap();
    let (four, forty_nine) = (number("t4"), number("t49"));
    stage.take_in(Message::Catalog(Ok((catalog, Shop::default())), 0));
    stage.keys("/ 4");
    let first = stage.state.catalog.asked;
    stage.keys("9");
    assert_eq!(stage.state.catalog.shown.len(), 5_000, "typing never waits");
    let found = |number: u64, products: &[u32], done: bool| {
        let (products, count) = (products.to_vec(), if done { products.len() } else { 700 });
        Message::Found(Found { purpose: Purpose::Catalog, number, products, count, done })
    };
    stage.take_in(found(first, &[four, forty_nine], true));
    assert_eq!(stage.state.catalog.shown.len(), 5_000, "a late answer");
    // The best so far shows, and what is typed ahead waits for the last word.
    stage.take_in(found(first + 1, &[four], false));
    assert!(stage.picture().contains("700 of 5,000 …"), "{}", stage.picture());
    stage.keys("enter 3 a");
    assert!(stage.state.cart.unconfirmed.is_empty());
    stage.take_in(found(first + 1, &[forty_nine, four], true));
    assert_eq!(**stage.state.catalog.shown, [forty_nine, four]);
    let [change] = stage.state.cart.unconfirmed.make_contiguous() else { panic!("not one change") };
    assert!(matches!(&change.edits[..], [Edit::Add { product, quantity: 3, .. }] if *product == id("t49")));
    // The palette waits likewise.
    stage.keys(": a d d space 7 enter");
    assert_eq!(stage.state.cart.unconfirmed.len(), 1);
    let (number, products) = (stage.state.offers.asked, vec![four]);
    stage.take_in(Message::Found(Found {
        purpose: Purpose::Palette,
        number,
        products,
        count: 1,
        done: true,
    }));
    let last = stage.state.cart.unconfirmed.back().unwrap();
    assert!(matches!(&last.edits[..], [Edit::Add { product, .. }] if *product == id("t4")));
    assert_eq!(Catalog::new(vec![product(3)]).categories(), ["Things"]);
}

#[test]
fn nothing_is_waited_for_that_can_not_come_about() {
    // Asked to read the catalog while it is being read, and offline: no clock brings it on.
    let mut stage = Stage::filled(80, 24);
    stage.link(Event::Catalog(CatalogNews::Everything));
    stage.link(Event::Catalog(CatalogNews::Everything));
    assert!(stage.state.catalog.loading && stage.state.catalog.again);
    let now = stage.now.steady;
    assert!(stage.state.next_moment().is_none_or(|at| at > now));
    stage.link(Event::Down(Trouble::Refused));
    stage.take_in(Message::Catalog(Err(Trouble::Refused), 0));
    stage.now.steady += 100_000;
    stage.take_in(Message::Clock);
    assert!(stage.state.next_moment().is_none_or(|at| at > now + 100_000));
}
