//! One frame after one quantity changed.

use super::harness::frame_bytes::frame_bytes;
use super::harness::screens::{TestScreen, env};
use super::{million, ms, percentile, row};
use std::time::{Duration, Instant};
use trolley::config::theme::Theme;
use trolley::model::{Cart, ChangeKind, Deadline, LineChange, OpId, ProductId, Update};
use trolley::store::Shop;
use trolley::store::live::LiveEvent;
use trolley::tui::message::{Message, Now};
use trolley::tui::state::State;
use trolley::tui::terminal::renderer::Renderer;
use trolley::tui::update::update;
use trolley::tui::view::picture;

const FRAMES: u64 = 1_000;

/// A screen with a full catalog and some lines, in the colours of a terminal that tells its ground.
pub fn screen(products: u32, size: (u16, u16)) -> State {
    let mut state = State::new(env(), Theme::DARK.on_terminal_background(), true, size);
    let now = Now::default();
    update(
        &mut state,
        Message::Live(LiveEvent::Cart(Cart {
            version: 1,
            ..Cart::default()
        })),
        now,
    );
    update(
        &mut state,
        Message::Catalog(Ok((million::catalog(products), Some(Shop::default()))), 0),
        now,
    );
    for n in 0..20 {
        change(&mut state, 2 + n, u32::try_from(n).unwrap() * 7, 1, now);
    }
    state
}

fn change(state: &mut State, version: u64, product: u32, quantity: u32, now: Now) {
    let line = LineChange {
        product: ProductId::stored(million::id(product).as_bytes()),
        quantity,
        delta: 1,
        price: million::product(product).price,
        taken: Vec::new(),
    };
    let update_ = Update {
        version,
        op: OpId::parse(&format!("op-{version}")).unwrap(),
        by: "bob@kitchen".to_owned(),
        kind: ChangeKind::Edit,
        lines: vec![line],
        notes: Vec::new(),
        rules: Vec::new(),
        count: state.cart.confirmed.lines.len() + usize::from(version < 22),
        deadline: Deadline {
            told_at: 1 + now.steady,
            at: Some(1_800_001 + now.steady),
        },
    };
    update(state, Message::Live(LiveEvent::Update(update_)), now);
}

struct Stage {
    state: State,
    renderer: Renderer,
    version: u64,
    now: Now,
    spans: Vec<Duration>,
    bytes: Vec<usize>,
}

impl Stage {
    fn new(products: u32, size: (u16, u16)) -> Stage {
        let mut renderer = Renderer::new(true, false);
        let state = screen(products, size);
        renderer.draw(picture(&state)).unwrap();
        Stage {
            state,
            renderer,
            version: 22,
            now: Now::default(),
            spans: Vec::new(),
            bytes: Vec::new(),
        }
    }

    fn step(&mut self) {
        // The highlight of the last change is over, as when people shop.
        self.now.steady += 10_000;
        update(&mut self.state, Message::Clock, self.now);
        self.renderer.draw(picture(&self.state)).unwrap();
        let began = Instant::now();
        let quantity = 1 + u32::try_from(self.version % 800).unwrap();
        change(&mut self.state, self.version, 70, quantity, self.now);
        let frame = self.renderer.draw(picture(&self.state)).unwrap();
        self.spans.push(began.elapsed());
        self.bytes.push(frame.len());
        self.version += 1;
    }
}

pub fn run() {
    let large = (200, 50);
    let mut usual = Stage::new(1_000, (120, 36));
    let (mut few, mut many) = (Stage::new(1_000, large), Stage::new(1_000_000, large));
    for _ in 0..FRAMES {
        usual.step();
        few.step();
        many.step();
    }

    let half = |stage: &Stage| percentile(&stage.spans, 0.5);
    let (one, other) = (half(&few), half(&many));
    let mut bytes = many.bytes.clone();
    bytes.sort_unstable();
    row(
        "frame at 120x36, one quantity changed, 1,000 products",
        &ms(half(&usual)),
    );
    row("the same at 200x50", &ms(one));
    row(
        "the same, 1,000,000 products",
        &format!(
            "{} (ratio {:.2}), {} bytes",
            ms(other),
            super::ratio(other, one),
            bytes[bytes.len() / 2]
        ),
    );

    for has_side_margins in [false, true] {
        let mut stage = TestScreen::with_people(120, 36);
        stage.state.theme = Theme::DARK.on_terminal_background();
        let terminal = if has_side_margins {
            "a terminal with margins at the sides"
        } else {
            "any terminal"
        };
        for (what, bytes) in frame_bytes(&mut stage, has_side_margins) {
            row(
                &format!("{what}, 120x36, {terminal}"),
                &format!("{bytes} bytes"),
            );
        }
    }
}
