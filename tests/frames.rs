//! Frames as bytes: what goes to the terminal from one screen to the next.

use crate::harness;

use harness::cells::CellTerminal;
use harness::frame_bytes::frame_bytes;
use harness::order_screens;
use harness::screens::{SIZES, TestScreen, demo_products, screens};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use trolley::config::display::{Charset, Colours, Display};
use trolley::config::theme::Theme;
use trolley::model::{Cart, Catalog, Currency, Money, Product, Refusal, Stock};
use trolley::store::live::LiveEvent;
use trolley::store::{Error, Pace, Shop, Trouble, Watcher};
use trolley::tui::message::{Message, MouseKind};
use trolley::tui::terminal::renderer::Renderer;
use trolley::tui::view::picture;
use trolley::tui::view::view;

/// A terminal and what draws its frames.
struct Drawn {
    renderer: Renderer,
    terminal: CellTerminal,
    has_side_margins: bool,
}

impl Drawn {
    fn new(has_side_margins: bool) -> Drawn {
        let mut renderer = Renderer::new(true, false);
        renderer.set_side_margins(has_side_margins);
        Drawn {
            renderer,
            terminal: CellTerminal::new(0, 0, has_side_margins),
            has_side_margins,
        }
    }

    /// Draws the next frame, and asserts that the terminal shows all of it and nothing else.
    fn draw(&mut self, stage: &mut TestScreen) {
        let (width, height) = stage.state.size;
        let mut whole = Buffer::empty(Rect::new(0, 0, width, height));
        let cursor = view(&stage.state, &mut whole);
        // The frame after another size is a whole one, whatever shows before.
        if self.terminal.size() != stage.state.size {
            self.terminal = CellTerminal::new(width, height, self.has_side_margins);
        }

        let frame = self.renderer.draw(picture(&stage.state)).unwrap();
        self.terminal.take(&frame);
        self.terminal.assert_shows(&whole);
        assert_eq!(self.terminal.cursor(), cursor);
    }
}

#[test]
fn frames_show_the_whole_of_any_screen_after_any_other() {
    let mut all: Vec<TestScreen> = SIZES
        .into_iter()
        .flat_map(|(width, height)| screens(width, height))
        .map(|(_, stage)| stage)
        .collect();

    let palette = Display {
        colours: Colours::Palette,
        charset: Charset::Unicode,
    };
    let named = Theme::NAMED.map(|(_, theme)| theme);
    let themes = [&named[..], &[palette.theme(Theme::DARK)]].concat();
    for (number, theme) in themes.into_iter().enumerate() {
        let mut drawn = Drawn::new(number % 2 == 0);
        for stage in &mut all {
            stage.state.theme = theme;
            drawn.draw(stage);
        }
        all.reverse();
    }
}

/// Something that happens to a screen.
#[derive(Debug, Clone)]
enum Step {
    /// Keys are pressed, by their names.
    Keys(&'static str),
    /// The mouse is used in this column and row.
    Mouse(MouseKind, u16, u16),
    Paste(&'static str),
    /// This much time passes, in milliseconds.
    Time(u64),
    Resize(u16, u16),
    /// Somebody sets a product to this quantity.
    Change(&'static str, usize, u32),
    /// A product has another name, price and stock, or is gone.
    Product(usize, Option<(&'static str, u16, u64)>),
    /// The catalog is read again, with so many products.
    Catalog(usize),
    /// So many others watch.
    Watchers(usize),
    /// The server answers our first unconfirmed change by a refusal.
    Refuse,
    /// The server reports this.
    Link(Box<LiveEvent>),
}

const KEYS: [&str; 55] = [
    "a",
    "3 a",
    "1 2 +",
    "+",
    "-",
    "d",
    "D",
    "u",
    "U",
    "r",
    ".",
    "=",
    "= 7 enter",
    "tab",
    "enter",
    "esc",
    "esc esc",
    "down",
    "up",
    "pagedown",
    "pageup",
    "home",
    "end",
    "G",
    "s",
    "S",
    "]",
    "[",
    "/",
    "/ c o f enter",
    "/ e s",
    "space",
    "e",
    "1",
    "backspace",
    "left",
    ":",
    ": a d d space e s p",
    ": t h e m e space l i g h t enter",
    ": t h e m e space d a r k enter",
    ": x y z q",
    "?",
    "v",
    "c",
    "Y",
    "o",
    "w",
    "w enter",
    "w r",
    "w L",
    "w T 4 5 m enter",
    "X",
    "right",
    "C",
    "q",
];
const PEOPLE: [&str; 3] = ["bob@kitchen", "ann@till", "抹茶 ☕\u{fe0f}"];
const NAMES: [&str; 4] = [
    "Espresso",
    "抹茶 Matcha",
    "☕\u{fe0f} e\u{301}clair \u{200d}",
    "A very long name of a product that nobody could want in any shop",
];

fn steps() -> impl Strategy<Value = Step> {
    let size = select(vec![
        (160, 48),
        (120, 36),
        (80, 24),
        (75, 30),
        (50, 15),
        (24, 7),
        (20, 5),
    ]);
    let product = (select(&NAMES[..]), 0..900_u16, 0..9_u64);
    let events = vec![
        LiveEvent::Down(Trouble::ConnectionRefused),
        LiveEvent::Stale,
        LiveEvent::Unreadable(Trouble::WrongType),
        LiveEvent::Cart(TestScreen::filled(80, 24).state.cart.confirmed),
        LiveEvent::Cart(TestScreen::with_people(80, 24).state.cart.confirmed),
        LiveEvent::Cart(TestScreen::with_rules(80, 24, "bob").state.cart.confirmed),
        LiveEvent::Cart(Cart::default()),
        LiveEvent::Pace(Pace::Slow),
        LiveEvent::Pace(Pace::Silent),
        LiveEvent::Pace(Pace::Usual),
        order_screens::preview(104, true),
        order_screens::preview(208, false),
        order_screens::list(order_screens::orders()),
    ];
    let kinds = vec![MouseKind::Press, MouseKind::WheelUp, MouseKind::WheelDown];

    prop_oneof![
        8 => select(&KEYS[..]).prop_map(Step::Keys),
        2 => (select(kinds), 0..170_u16, 0..50_u16)
            .prop_map(|(kind, x, y)| Step::Mouse(kind, x, y)),
        1 => select(&NAMES[..]).prop_map(Step::Paste),
        2 => select(vec![10, 1_000, 61_000, 1_700_000]).prop_map(Step::Time),
        1 => size.prop_map(|(width, height)| Step::Resize(width, height)),
        4 => (select(&PEOPLE[..]), 0..60_usize, 0..30_u32)
            .prop_map(|(by, product, quantity)| Step::Change(by, product, quantity)),
        2 => (0..60_usize, proptest::option::weighted(0.8, product))
            .prop_map(|(product, fields)| Step::Product(product, fields)),
        1 => select(vec![0, 1, 30, 60]).prop_map(Step::Catalog),
        1 => (0..5_usize).prop_map(Step::Watchers),
        1 => Just(Step::Refuse),
        3 => select(events).prop_map(|event| Step::Link(Box::new(event))),
    ]
}

impl Step {
    fn happen(self, stage: &mut TestScreen, products: &[Product]) {
        match self {
            Step::Keys(keys) => stage.keys(keys),
            Step::Mouse(kind, x, y) => stage.mouse(kind, x, y),
            Step::Paste(text) => stage.take_in(Message::Paste(text.to_owned())),
            Step::Time(time) => stage.pass(time),
            Step::Resize(width, height) => stage.take_in(Message::Resize(width, height)),
            Step::Change(by, product, quantity) => {
                let id = products[product % products.len()].id.to_string();
                stage.version = stage.state.cart.confirmed.version;
                stage.change(by, &id, quantity, 1, "2.40");
            }
            Step::Product(product, fields) => {
                let mut product = products[product % products.len()].clone();
                let id = product.id.clone();
                let changed = fields.map(|(name, cents, stock)| {
                    product.name = name.into();
                    product.price = Money::parse(&format!("{cents}.5"));
                    product.stock = Stock::Left(stock);
                    product
                });
                stage.link(LiveEvent::Products(vec![(id, changed)]));
            }
            Step::Catalog(count) => {
                let catalog = Catalog::new(products[..count.min(products.len())].to_vec());
                let shop = Shop {
                    name: format!("Shop of {count}"),
                    currency: Currency::with_sign("€"),
                    ..Shop::default()
                };
                stage.take_in(Message::Catalog(Ok((catalog, Some(shop))), 0));
            }
            Step::Watchers(count) => {
                let watcher = |n: usize| Watcher {
                    id: n.to_string(),
                    name: PEOPLE[n % PEOPLE.len()].to_owned(),
                };
                stage.link(LiveEvent::Watchers((0..count).map(watcher).collect()));
            }
            Step::Refuse => {
                if let Some(change) = stage.state.cart.unconfirmed.front() {
                    let refused = Err(Error::Refused(Refusal::AlreadyEmpty));
                    let event = LiveEvent::Settled(change.op.clone(), refused);
                    stage.link(event);
                }
            }
            Step::Link(event) => stage.link(*event),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(100)
    })]

    /// Nothing of an earlier frame is left, whatever happened since.
    #[test]
    fn frames_show_what_a_whole_drawing_shows(
        steps in vec(steps(), 100),
        has_side_margins in any::<bool>(),
    ) {
        let products = demo_products();
        let mut stage = TestScreen::with_people(120, 36);
        let mut drawn = Drawn::new(has_side_margins);
        for step in steps {
            step.happen(&mut stage, &products);
            drawn.draw(&mut stage);
        }
    }
}

/// The most bytes of the frames after some keys, on any terminal and on one that knows margins at
/// the sides.
const MOST_BYTES: [(&str, [usize; 2]); 7] = [
    ("a quantity that somebody changed", [650, 450]),
    ("j: the next row", [550, 550]),
    ("a page down", [1_800, 700]),
    ("j: the list scrolls by a row", [1_700, 700]),
    ("j: and by another", [1_700, 700]),
    ("j: the next row of the cart", [30, 30]),
    ("j: the help scrolls by a row", [300, 300]),
];

#[test]
fn few_bytes_go_out() {
    for has_side_margins in [false, true] {
        let mut stage = TestScreen::with_people(120, 36);
        stage.state.theme = Theme::DARK.on_terminal_background();
        let frames = frame_bytes(&mut stage, has_side_margins);
        for (what, most) in MOST_BYTES {
            let frame = frames.iter().find(|frame| frame.0 == what);
            let bytes = frame.unwrap_or_else(|| panic!("{what}")).1;
            let most = most[usize::from(has_side_margins)];
            assert!(bytes <= most, "{what}: {bytes} bytes, at most {most}");
        }
    }
}
