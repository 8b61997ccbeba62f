//! Every screen without a server: the core with a clock of its own, brought to the states
//! that a shopper sees.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::collections::BTreeMap;
use trolley::config::alerts::AlertWays;
use trolley::config::display::{Charset, Colours, Display};
use trolley::config::key::Key;
use trolley::config::keymap::Keymap;
use trolley::config::theme::Theme;
use trolley::model::time::PersonalClock;
use trolley::model::{
    Cart, Catalog, ChangeKind, Currency, Deadline, LineChange, Money, NoteChange, OpId, Product,
    ProductId, Rules, Update, UserName,
};
use trolley::store::catalog::demo;
use trolley::store::live::{LiveEvent, LiveRequest};
use trolley::store::{Shop, Trouble, Watcher};
use trolley::tui::layout::checkout::shown_total;
use trolley::tui::layout::footer::unseen_news;
use trolley::tui::message::{Effect, Message, Mouse, MouseKind, Now};
use trolley::tui::state::carts::CartGlance;
use trolley::tui::state::{Env, State};
use trolley::tui::update::update;
use trolley::tui::view::view;

/// The screen's core with a clock of its own.
pub struct TestScreen {
    pub state: State,
    pub now: Now,
    pub version: u64,
    /// The server's clock.
    pub server: u64,
    /// Every update that was told.
    pub told: Vec<Update>,
}

pub fn demo_products() -> Vec<Product> {
    let rows = demo::rows(include_bytes!("../../assets/demo.csv")).unwrap();
    let product = |row: &trolley::catalog_file::ProductRow| {
        Product::decode(
            row.id.clone(),
            row.fields
                .each_ref()
                .map(|field| field.as_deref().map(str::as_bytes)),
        )
    };
    rows.iter().filter_map(product).collect()
}

pub fn id(name: &str) -> ProductId {
    ProductId::stored(name.as_bytes())
}

/// The keys that type a text.
pub fn typed(text: &str) -> String {
    let key = |letter: char| match letter {
        ' ' => "space".to_owned(),
        letter => letter.to_string(),
    };
    let keys: Vec<String> = text.chars().map(key).collect();
    keys.join(" ")
}

/// A product, its price when it was added, and the pieces that people asked for.
type SharedLine<'a> = (&'a str, &'a str, &'a [(&'a str, u32)]);

/// Ann at the office's cart, with a terminal that can show everything.
pub fn env() -> Env {
    Env {
        user: UserName::parse("office").unwrap(),
        me: "ann@till".to_owned(),
        address: "unix:///shop.sock".to_owned(),
        private: false,
        item_timeout: None,
        ops: "0123456789abcdef".to_owned(),
        id_key: std::hash::RandomState::new(),
        clock: PersonalClock {
            zone: jiff::tz::TimeZone::UTC,
            hours: None,
        },
        keymap: Keymap::with(&BTreeMap::new()).unwrap(),
        display: Display {
            colours: Colours::All,
            charset: Charset::Unicode,
        },
        alerts: AlertWays {
            title: true,
            bell: true,
            notification: None,
        },
    }
}

impl TestScreen {
    /// A screen that has not heard of anything yet.
    pub fn new(width: u16, height: u16) -> TestScreen {
        let state = State::new(env(), Theme::DARK, true, (width, height));
        TestScreen {
            state,
            now: Now {
                steady: 1_000,
                wall: 1_795_000_000_000,
            },
            version: 100,
            server: 1_795_000_000_000,
            told: Vec::new(),
        }
    }

    pub fn take_in(&mut self, message: Message) {
        update(&mut self.state, message, self.now);
        // A total that shows is seen at once, and so are news.
        if let Some(total) = shown_total(&self.state) {
            update(&mut self.state, Message::TotalShown(total), self.now);
        }
        if let Some(news) = unseen_news(&self.state) {
            let shown = Message::NewsShown(news.to_owned());
            update(&mut self.state, shown, self.now);
        }
        if let Some(lost) = self.state.unseen_loss().cloned() {
            update(&mut self.state, Message::LossShown(lost), self.now);
        }
    }

    pub fn link(&mut self, event: LiveEvent) {
        self.take_in(Message::Live(event));
    }

    pub fn keys(&mut self, keys: &str) {
        for key in keys.split(' ') {
            self.take_in(Message::Key(Key::parse(key).unwrap()));
        }
    }

    /// Presses keys; returns what that asks of the live link.
    pub fn requests(&mut self, keys: &str) -> Vec<LiveRequest> {
        let keys = keys.split(' ').map(|key| Key::parse(key).unwrap());
        keys.flat_map(|key| update(&mut self.state, Message::Key(key), self.now))
            .filter_map(|effect| match effect {
                Effect::Live(request) => Some(request),
                _ => None,
            })
            .collect()
    }

    /// Lets this much time pass, in milliseconds.
    pub fn pass(&mut self, time: u64) {
        self.now.steady += time;
        self.now.wall += i64::try_from(time).unwrap();
        self.server += time;
        self.take_in(Message::Clock);
    }

    /// What a notice says; empty where there is none.
    pub fn notice(&self) -> &str {
        let notice = self.state.notice.as_ref();
        notice.map_or("", |notice| notice.text.as_str())
    }

    pub fn mouse(&mut self, kind: MouseKind, column: u16, row: u16) {
        self.take_in(Message::Mouse(Mouse { kind, column, row }));
    }

    pub fn click(&mut self, column: u16, row: u16) {
        self.mouse(MouseKind::Press, column, row);
    }

    /// The next update, of `kind` by `by`, which changes these lines: product, quantity, pieces
    /// more.
    pub fn update(&mut self, by: &str, kind: ChangeKind, lines: &[(&str, u32, i64)]) -> Update {
        self.version += 1;
        let lines: Vec<LineChange> = lines
            .iter()
            .map(|(product, quantity, delta)| LineChange {
                product: id(product),
                quantity: *quantity,
                delta: *delta,
                price: None,
                taken: Vec::new(),
            })
            .collect();
        let confirmed = self.state.cart.confirmed.lines.iter();
        let kept =
            confirmed.filter(|line| !lines.iter().any(|other| other.product == line.product));
        Update {
            version: self.version,
            op: OpId::parse(&format!("op-{}", self.version)).unwrap(),
            by: by.to_owned(),
            kind,
            notes: Vec::new(),
            rules: Vec::new(),
            count: kept.count() + lines.iter().filter(|line| line.quantity > 0).count(),
            lines,
            deadline: Deadline {
                told_at: self.server,
                at: Some(self.server + 1_680_000),
            },
        }
    }

    /// One more update by `by`, told to the screen.
    pub fn change(&mut self, by: &str, product: &str, quantity: u32, delta: i64, price: &str) {
        let mut update = self.update(by, ChangeKind::Edit, &[(product, quantity, delta)]);
        update.lines[0].price = Money::parse(price);
        self.told.push(update.clone());
        self.link(LiveEvent::Update(update));
    }

    /// Something that `by` notes on a product, or for the whole order where that is "", told to
    /// the screen.
    pub fn note(&mut self, by: &str, product: &str, text: &str) {
        let mut update = self.update(by, ChangeKind::Edit, &[]);
        let product = Some(id(product)).filter(|_| !product.is_empty());
        let whose = if product.is_some() { by } else { "" };
        let before = self
            .state
            .cart
            .confirmed
            .notes
            .text(product.as_ref(), whose);
        update.notes.push(NoteChange {
            before: before.to_owned(),
            by: whose.to_owned(),
            product,
            text: text.to_owned(),
        });
        self.told.push(update.clone());
        self.link(LiveEvent::Update(update));
    }

    /// A cart that many people fill, with notes; one of one's own is not confirmed yet.
    pub fn with_notes(width: u16, height: u16) -> TestScreen {
        let mut stage = TestScreen::with_people(width, height);
        stage.note("bob", "espresso", "no sugar");
        stage.note(
            "lee",
            "espresso",
            "one of them in a large cup, please, with the milk apart",
        );
        stage.note("bob", "croissant", "warm");
        stage.pass(10_000);
        stage.keys("tab down n");
        stage.keys(&typed("oat milk"));
        stage.keys("enter");
        stage
    }

    /// A cart that many people fill, some lines together.
    pub fn with_people(width: u16, height: u16) -> TestScreen {
        let mut stage = TestScreen::filled(width, height);
        stage.version = 200;
        stage.link(LiveEvent::Cart(Cart {
            version: 200,
            ..Cart::default()
        }));

        let lines: [SharedLine<'_>; 8] = [
            ("espresso", "2.40", &[("lee", 2), ("bob", 4)]),
            (
                "flat-white",
                "3.60",
                &[("ann@till", 2), ("cai", 2), ("dee", 1)],
            ),
            (
                "croissant",
                "1.80",
                &[("ann@till", 1), ("bob", 1), ("eve", 2)],
            ),
            ("focaccia", "4.20", &[("cai", 1), ("hal", 2), ("gus", 1)]),
            (
                "banana-bread",
                "2.80",
                &[("dee", 1), ("ira", 1), ("lee", 1)],
            ),
            ("orange-juice", "3.80", &[("fay", 2), ("gus", 1)]),
            ("ginger-beer", "2.35", &[("ira", 2)]),
            ("basil", "2.20", &[("fay", 1)]),
        ];
        for (product, price, people) in lines {
            let mut quantity = 0;
            for (by, pieces) in people {
                quantity += pieces;
                let delta = i64::from(*pieces);
                stage.change(by, product, quantity, delta, price);
                stage.server += 60_000;
            }
        }
        stage.link(LiveEvent::Watchers(Vec::new()));
        stage.now.steady += 10_000;
        stage.take_in(Message::Clock);
        stage
    }

    /// The same cart with rules, which this person set, and with those who look at it.
    pub fn with_rules(width: u16, height: u16, owner: &str) -> TestScreen {
        let mut stage = TestScreen::with_people(width, height);
        let mut cart = stage.state.cart.confirmed.clone();
        cart.deadline.told_at = stage.server;
        cart.rules = Rules {
            owner: Some(owner.to_owned()),
            locked: false,
            closes: Some(stage.server + 720_000),
            budget: Money::parse("120"),
            budget_each: Money::parse("12"),
            expected: [
                "ann@till", "bob", "cai", "dee", "eve", "fay", "gus", "hal", "ira", "jon", "kim",
                "lee",
            ]
            .map(str::to_owned)
            .to_vec(),
        };
        cart.ready = ["cai", "gus", "dee", "ira"].map(str::to_owned).to_vec();
        // Another client put in a piece that is nobody's.
        for line in &mut cart.lines {
            if line.product == id("ginger-beer") {
                line.shares[0].pieces = 1;
            }
        }
        stage.link(LiveEvent::Cart(cart));

        let here = ["bob", "cai", "eve", "fay", "gus", "ira", "kim", "lee"];
        let watcher = |name: &&str| Watcher {
            id: (*name).to_owned(),
            name: (*name).to_owned(),
        };
        stage.link(LiveEvent::Watchers(here.iter().map(watcher).collect()));
        stage.now.steady += 10_000;
        stage.take_in(Message::Clock);
        stage
    }

    /// The list of the carts that Ann has used: her own, one that is sound, one with nothing that
    /// counts, one that is locked and one that can't be read.
    pub fn with_carts(width: u16, height: u16) -> TestScreen {
        let mut stage = TestScreen::filled(width, height);
        let name = |name: &str| UserName::parse(name).unwrap();
        let watcher = |name: &str| Watcher {
            id: name.to_owned(),
            name: name.to_owned(),
        };
        let office = CartGlance {
            cart: stage.state.cart.confirmed.clone(),
            watchers: vec![watcher("0123456789abcdef"), watcher("bob@kitchen")],
        };
        let of_lines = |products: &[&str]| {
            let lines = office.cart.lines.iter();
            let lines = lines.filter(|line| products.contains(&line.product.to_string().as_str()));
            Cart {
                lines: lines.cloned().collect(),
                deadline: office.cart.deadline,
                ..Cart::default()
            }
        };
        let family = CartGlance {
            cart: of_lines(&["espresso", "baguette"]),
            watchers: vec![watcher("cai"), watcher("tom")],
        };
        let gone = CartGlance {
            cart: of_lines(&["discontinued"]),
            watchers: Vec::new(),
        };
        let mut table = CartGlance {
            cart: of_lines(&[]),
            watchers: Vec::new(),
        };
        table.cart.rules.locked = true;

        stage.state.carts.may_switch = true;
        stage.state.carts.used = ["office", "family", "old", "table-3", "walk-in", "new"]
            .map(name)
            .into();
        stage.keys("b down");
        stage.take_in(Message::Carts(vec![
            (name("office"), Ok(office)),
            (name("family"), Ok(family)),
            (name("old"), Ok(gone)),
            (name("table-3"), Ok(table)),
            (name("walk-in"), Err(Trouble::WrongType)),
        ]));
        stage
    }

    /// A shop with a filled cart.
    pub fn filled(width: u16, height: u16) -> TestScreen {
        let mut stage = TestScreen::new(width, height);
        stage.link(LiveEvent::Cart(Cart {
            version: 100,
            ..Cart::default()
        }));
        let shop = Shop {
            name: "Corner Shop".to_owned(),
            currency: Currency::with_sign("€"),
            ..Shop::default()
        };
        stage.take_in(Message::Catalog(
            Ok((Catalog::new(demo_products()), Some(shop))),
            0,
        ));
        stage.change("ann@till", "baguette", 2, 2, "1.90");
        stage.change("bob@kitchen", "espresso", 12, 12, "2.40");
        stage.change("bob@kitchen", "matcha-powder", 1, 1, "18.00");
        stage.change("old till", "discontinued", 3, 3, "1.00");
        stage.link(LiveEvent::Products(vec![(id("discontinued"), None)]));
        stage.link(LiveEvent::Watchers(vec![Watcher {
            id: "x".to_owned(),
            name: "bob@kitchen".to_owned(),
        }]));
        // The highlights are over.
        stage.now.steady += 10_000;
        stage.take_in(Message::Clock);
        stage
    }

    pub fn draw(&self) -> Terminal<TestBackend> {
        let (width, height) = self.state.size;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal
            .draw(|frame| {
                if let Some(cursor) = view(&self.state, frame.buffer_mut()) {
                    frame.set_cursor_position(cursor);
                }
            })
            .unwrap();
        terminal
    }

    pub fn picture(&self) -> String {
        self.draw().backend().to_string()
    }
}

/// Names keys and currencies as a terminal is told that shows ASCII alone.
pub fn name_in_ascii(state: &mut State) {
    state.env.keymap = state.env.keymap.clone().shown_in(Charset::Ascii);
    state.shop.currency.show_letters();
    for order in state.orders.list.iter_mut().flatten() {
        order.currency.show_letters();
    }
    for order in &mut state.orders.followed {
        if let Some((_, currency)) = &mut order.total {
            currency.show_letters();
        }
    }
    if let Some(preview) = &mut state.checkout.preview {
        preview.currency.show_letters();
    }
}

/// The usual sizes.
pub const SIZES: [(u16, u16); 5] = [(160, 48), (120, 36), (80, 24), (50, 15), (80, 12)];

/// Every screen by name.
pub fn screens(width: u16, height: u16) -> Vec<(&'static str, TestScreen)> {
    let filled = |keys: &str| {
        let mut stage = TestScreen::filled(width, height);
        if !keys.is_empty() {
            stage.keys(keys);
        }
        stage
    };
    let mut connected = TestScreen::new(width, height);
    connected.link(LiveEvent::Cart(Cart::default()));
    let mut empty = TestScreen::new(width, height);
    empty.link(LiveEvent::Cart(Cart::default()));
    empty.take_in(Message::Catalog(
        Ok((Catalog::default(), Some(Shop::default()))),
        0,
    ));
    let mut offline = filled("3 a");
    offline.link(LiveEvent::Down(Trouble::ConnectionRefused));
    let mut just_changed = filled("/ e s enter");
    just_changed.change("bob@kitchen", "espresso", 13, 1, "2.40");
    just_changed.change("ann@till", "baguette", 1, -1, "1.90");
    let mut leaving = filled("3 a");
    leaving.keys("q");
    // A minute before the cart expires, with a message about a key that did nothing.
    let mut ending = filled("");
    ending.now.steady += 1_600_000;
    ending.keys(".");
    let mut unreadable = TestScreen::new(width, height);
    unreadable.link(LiveEvent::Unreadable(Trouble::WrongType));
    let mut all = super::order_screens::screens(&filled);
    all.push(("carts", TestScreen::with_carts(width, height)));
    let mut people = TestScreen::with_people(width, height);
    people.keys("tab");
    all.push((
        "checkout-people",
        super::order_screens::shared_checkout(width, height),
    ));
    let mut owner = TestScreen::with_rules(width, height, "ann@till");
    owner.keys("w");
    let mut guest = TestScreen::with_rules(width, height, "bob");
    guest.keys("w down down enter");
    let noted = |keys: &str| {
        let mut stage = TestScreen::with_notes(width, height);
        stage.keys(keys);
        stage
    };
    let mut asked = TestScreen::with_rules(width, height, "ann@till");
    asked.keys("w r T 1 1 : 4");
    let mut locked = TestScreen::with_rules(width, height, "bob");
    let mut cart = locked.state.cart.confirmed.clone();
    cart.rules = Rules {
        locked: true,
        ..cart.rules
    };
    locked.link(LiveEvent::Cart(cart));
    locked.keys("w L");
    let mut without_rules = TestScreen::filled(width, height);
    without_rules.keys("3 a w");
    all.extend([
        ("people", people),
        ("people-owner", owner),
        ("people-lines", guest),
        ("people-no-rules", without_rules),
        ("notes", noted("up")),
        ("notes-catalog", noted("tab / e s p r enter")),
        ("notes-people", noted("w down enter")),
        ("note-prompt", noted("n")),
        ("people-deadline", asked),
        ("people-locked", locked),
        ("sorted", filled("s s s s s")),
        ("palette-typo", filled(": c r o i s a n t space 2")),
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
        ("loading", TestScreen::new(width, height)),
        ("reading-catalog", connected),
        ("empty", empty),
        ("offline", offline),
        ("just-changed", just_changed),
        ("kept-search", filled("/ e s enter tab")),
        ("leaving", leaving),
        ("ending", ending),
        ("unreadable", unreadable),
    ]);
    all
}
