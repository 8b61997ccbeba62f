//! The board without a server: its core with a clock of its own.

use super::screens::{env, id};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use trolley::config::display::Charset;
use trolley::config::key::Key;
use trolley::config::theme::Theme;
use trolley::model::order::OrderLine;
use trolley::model::{Currency, Money, Note, Order, OrderId, OrderState, Ticket};
use trolley::store::Shop;
use trolley::store::board::{BoardEvent, BoardRequest};
use trolley::tui::message::{Mouse, MouseKind, Now, ShellEvent, TerminalEvent};
use trolley::tui::staff::message::{StaffEffect, StaffMessage};
use trolley::tui::staff::state::{Page, StaffEnv, StaffState};
use trolley::tui::staff::update::update;
use trolley::tui::staff::view::view;

/// The server's clock when a board is opened.
const SERVER: u64 = 1_795_000_000_000;
const MINUTE: u64 = 60_000;

/// A board with a clock of its own, at which mia works.
pub struct TestBoard {
    pub state: StaffState,
    pub now: Now,
    /// What was asked of the link.
    pub requests: Vec<BoardRequest>,
    /// What was told to the person.
    pub alerts: Vec<String>,
    /// Everything else that was asked for.
    pub others: Vec<StaffEffect>,
}

/// The id of the order of this number.
pub fn numbered(number: u32) -> OrderId {
    OrderId::new(SERVER, number.into())
}

/// The lines of a ticket: pieces, name, category, price, whether it is ticked, and a note.
type Line<'a> = (u32, &'a str, &'a str, &'a str, bool, &'a str);

/// A ticket of the order of this number, which was placed so many minutes ago.
pub fn ticket(number: u32, cart: &str, minutes: u64, lines: &[Line<'_>]) -> Ticket {
    let at = SERVER - minutes * MINUTE;
    let order_line = |(quantity, name, _, price, _, note): &Line<'_>| OrderLine {
        product: id(name),
        name: (*name).to_owned(),
        unit: "each".to_owned(),
        quantity: *quantity,
        price: Money::parse(price).unwrap(),
        shares: Vec::new(),
        notes: note
            .split_once(": ")
            .map(|(by, text)| Note {
                by: by.to_owned(),
                text: text.to_owned(),
            })
            .into_iter()
            .collect(),
    };
    let ticked = lines.iter().filter(|line| line.4);
    Ticket {
        order: Order {
            id: numbered(number),
            number: Some(number),
            user: cart.to_owned(),
            who: cart.to_owned(),
            at,
            state: OrderState::Placed,
            changed: at,
            reached: Vec::new(),
            currency: Currency::with_sign("€"),
            lines: lines.iter().map(order_line).collect(),
            settled: Vec::new(),
            note: String::new(),
        },
        ticked: ticked.map(|line| id(line.1)).collect(),
        moved_by: None,
        categories: lines.iter().map(|line| line.2.to_owned()).collect(),
    }
}

/// A ticket in this state, into which somebody brought it so many minutes ago.
pub fn moved(ticket: Ticket, state: OrderState, by: &str, minutes: u64) -> Ticket {
    Ticket {
        moved_by: Some(by.to_owned()),
        order: Order {
            state,
            changed: SERVER - minutes * MINUTE,
            ..ticket.order
        },
        ..ticket
    }
}

/// The tickets of a busy morning, without the one that is cancelled later.
pub fn tickets() -> Vec<Ticket> {
    const COFFEE: &str = "Coffee & Tea";
    const BAKERY: &str = "Bakery";
    const DRINKS: &str = "Drinks";
    use OrderState::{Accepted, Ready};

    let mut office = ticket(
        42,
        "office",
        6,
        &[
            (6, "Espresso", COFFEE, "2.40", false, "bob: no sugar"),
            (5, "Flat White", COFFEE, "3.60", true, ""),
            (4, "Butter Croissant", BAKERY, "1.90", false, ""),
            (3, "Rosemary Focaccia", BAKERY, "4.20", false, ""),
            (3, "Banana Bread Slice", BAKERY, "2.80", false, ""),
            (
                3,
                "Orange Juice",
                DRINKS,
                "3.80",
                false,
                "fay: one without ice",
            ),
            (2, "Ginger Beer", DRINKS, "2.35", false, ""),
        ],
    );
    office.order.note = "12:30, back door".to_owned();
    let one = |number, cart, minutes, name| {
        ticket(
            number,
            cart,
            minutes,
            &[(1, name, COFFEE, "3.20", true, "")],
        )
    };

    vec![
        moved(one(36, "table-2", 14, "Cappuccino"), Ready, "sam", 2),
        moved(
            ticket(
                38,
                "table-3",
                12,
                &[
                    (2, "Cappuccino", COFFEE, "3.50", true, ""),
                    (1, "Banana Bread Slice", BAKERY, "2.80", true, ""),
                    (2, "Sesame Bagels", BAKERY, "3.40", false, "tom: toasted"),
                ],
            ),
            Accepted,
            "mia",
            8,
        ),
        moved(
            ticket(
                39,
                "family",
                8,
                &[
                    (3, "Filter Coffee", COFFEE, "2.90", true, ""),
                    (1, "Sourdough Loaf", BAKERY, "5.20", false, ""),
                ],
            ),
            Accepted,
            "sam",
            5,
        ),
        moved(one(40, "office", 9, "Espresso"), Ready, "mia", 1),
        moved(one(41, "lee", 7, "Espresso"), Ready, "mia", 0),
        moved(office, Accepted, "mia", 4),
        ticket(
            43,
            "table-1",
            4,
            &[
                (1, "Flat White", COFFEE, "3.60", false, ""),
                (1, "Cinnamon Bun", BAKERY, "2.60", false, ""),
            ],
        ),
        ticket(
            44,
            "kim",
            3,
            &[
                (
                    2,
                    "Fresh Mint Tea",
                    COFFEE,
                    "3.10",
                    false,
                    "kim: one, no sugar",
                ),
                (2, "Sesame Bagels", BAKERY, "3.40", false, ""),
                (1, "Espresso", COFFEE, "2.40", false, ""),
            ],
        ),
        ticket(
            45,
            "table-5",
            2,
            &[
                (1, "Cappuccino", COFFEE, "3.50", false, ""),
                (1, "Butter Croissant", BAKERY, "1.90", false, ""),
            ],
        ),
        ticket(
            46,
            "walk-in",
            1,
            &[
                (4, "Espresso", COFFEE, "2.40", false, ""),
                (2, "Butter Croissant", BAKERY, "1.90", false, ""),
            ],
        ),
        ticket(
            47,
            "bob",
            0,
            &[(1, "Bottled Cold Brew", DRINKS, "4.50", false, "")],
        ),
    ]
}

impl TestBoard {
    /// A board that has not heard of anything yet.
    pub fn new(width: u16, height: u16, page: Page) -> TestBoard {
        TestBoard {
            state: StaffState::new(staff_env(), Theme::DARK, true, (width, height), page),
            now: Now {
                steady: 10_000,
                wall: i64::try_from(SERVER).unwrap(),
            },
            requests: Vec::new(),
            alerts: Vec::new(),
            others: Vec::new(),
        }
    }

    /// A board with these tickets, which are on the terminal.
    pub fn with(width: u16, height: u16, tickets: Vec<Ticket>) -> TestBoard {
        let mut board = TestBoard::new(width, height, Page::Board);
        board.told(tickets);
        board
    }

    /// The board of a busy morning; an order was cancelled since it was opened.
    pub fn busy(width: u16, height: u16) -> TestBoard {
        let mut board = TestBoard::with(width, height, tickets());
        let cancelled = tickets().into_iter().find(|it| it.order.number == Some(45));
        let cancelled = moved(cancelled.unwrap(), OrderState::Cancelled, "kim", 0);
        board.link(BoardEvent::Ticket(Box::new(cancelled)));
        board.pass(4_000);
        board
    }

    /// All open orders are read.
    pub fn told(&mut self, tickets: Vec<Ticket>) {
        let shop = Shop {
            name: "Corner Shop".to_owned(),
            ..Shop::default()
        };
        self.told_in(shop, tickets);
    }

    /// All open orders are read, of a shop with these settings.
    pub fn told_in(&mut self, shop: Shop, tickets: Vec<Ticket>) {
        self.told_with(Some(shop), tickets);
    }

    /// All open orders are read, and the shop's settings, where these can be.
    pub fn told_with(&mut self, shop: Option<Shop>, tickets: Vec<Ticket>) {
        self.link(BoardEvent::Tickets {
            tickets,
            shop,
            server_now: SERVER + self.now.steady - 10_000,
            more: 0,
            unread: 0,
        });
    }

    /// Takes in a message, and what then shows.
    pub fn take_in(&mut self, message: StaffMessage) {
        self.take_in_unseen(message);
        let seen = self.state.to_be_seen();
        self.take_in_unseen(StaffMessage::Seen(seen));
    }

    /// Takes in a message before anything of it is on the terminal.
    pub fn take_in_unseen(&mut self, message: StaffMessage) {
        for effect in update(&mut self.state, message, self.now) {
            match effect {
                StaffEffect::Board(request) => self.requests.push(request),
                StaffEffect::Alert(words) => self.alerts.push(words),
                other => self.others.push(other),
            }
        }
    }

    pub fn link(&mut self, event: BoardEvent) {
        self.take_in(StaffMessage::Board(event));
    }

    /// Presses keys one after the other, each once what the one before did is on the terminal.
    pub fn keys(&mut self, keys: &str) {
        for key in keys.split(' ') {
            let key = TerminalEvent::Key(Key::parse(key).unwrap());
            self.take_in(StaffMessage::Shell(ShellEvent::Terminal(key)));
        }
    }

    /// Presses keys that come at once, before anything shows.
    pub fn keys_together(&mut self, keys: &str) {
        self.take_in_unseen(StaffMessage::Shell(ShellEvent::Terminal(
            TerminalEvent::KeysTogether,
        )));
        for key in keys.split(' ') {
            let key = TerminalEvent::Key(Key::parse(key).unwrap());
            self.take_in_unseen(StaffMessage::Shell(ShellEvent::Terminal(key)));
        }
        let seen = self.state.to_be_seen();
        self.take_in_unseen(StaffMessage::Seen(seen));
    }

    pub fn click(&mut self, column: u16, row: u16) {
        let kind = MouseKind::Press;
        let mouse = Mouse { kind, column, row };
        self.take_in(StaffMessage::Shell(ShellEvent::Terminal(
            TerminalEvent::Mouse(mouse),
        )));
    }

    /// Lets this much time pass, in milliseconds.
    pub fn pass(&mut self, time: u64) {
        self.now.steady += time;
        self.now.wall += i64::try_from(time).unwrap();
        self.take_in(StaffMessage::Shell(ShellEvent::Clock));
    }

    /// Answers the oldest request as a server does that finds nothing wrong.
    pub fn answer(&mut self) {
        let request = self.requests.remove(0);
        let (id, to) = match &request {
            BoardRequest::Step { id, to, .. } => (id, Some(*to)),
            BoardRequest::Undo { id, .. } => (id, Some(OrderState::Accepted)),
            BoardRequest::Tick { id, .. } => (id, None),
            BoardRequest::Reread => return,
        };
        let mut ticket = self.state.board.ticket(id).unwrap().ticket.clone();
        if let Some(to) = to {
            ticket.order.state = to;
            ticket.order.changed = SERVER + self.now.steady - 10_000;
            ticket.moved_by = Some("mia".to_owned());
        }
        if let BoardRequest::Tick {
            product, ticked, ..
        } = &request
        {
            ticket.ticked.retain(|other| other != product);
            ticket.ticked.extend(ticked.then(|| product.clone()));
        }
        let outcome = Ok(Box::new(ticket));
        self.link(BoardEvent::Answered { request, outcome });
    }

    /// The number of the selected ticket.
    pub fn selected(&self) -> Option<u32> {
        self.state.board.selected()?.order().number
    }

    /// What a notice says; empty where there is none.
    pub fn notice(&self) -> &str {
        let notice = self.state.notice.as_ref();
        notice.map_or("", |notice| notice.text.as_str())
    }

    pub fn draw(&self) -> Terminal<TestBackend> {
        draw(&self.state)
    }

    /// The screen as text.
    pub fn picture(&self) -> String {
        picture(&self.state)
    }
}

/// What stays the same on a screen of mia, of the staff.
pub fn staff_env() -> StaffEnv {
    let shopper = env();
    StaffEnv {
        me: "mia".to_owned(),
        private: shopper.private,
        clock: shopper.clock,
        keymap: shopper.keymap,
        display: shopper.display,
        alerts: shopper.alerts,
        warn_after: 5 * MINUTE,
        late_after: 10 * MINUTE,
        print: Some("lp".to_owned()),
    }
}

/// Names keys and currencies as a terminal is told that shows ASCII alone.
pub fn name_in_ascii(state: &mut StaffState) {
    state.env.keymap = state.env.keymap.clone().shown_in(Charset::Ascii);
    state.shop.currency.show_letters();
    if let Some(figured) = &mut state.today.figured {
        figured.book.currency.show_letters();
    }
}

/// A screen of the staff as text.
pub fn picture(state: &StaffState) -> String {
    draw(state).backend().to_string()
}

fn draw(state: &StaffState) -> Terminal<TestBackend> {
    let (width, height) = state.size;
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal
        .draw(|frame| {
            view(state, frame.buffer_mut());
        })
        .unwrap();
    terminal
}

/// Every page of the board, with a name for its pictures.
pub fn screens(width: u16, height: u16) -> Vec<(&'static str, TestBoard)> {
    let busy = |keys: &str| {
        let mut board = TestBoard::busy(width, height);
        board.keys(keys);
        board
    };
    vec![
        ("board", busy("4 2 right left")),
        ("totals", busy("4 2 right left t")),
        ("board-v", busy("4 2 right left v")),
        ("board-help", busy("4 2 right left v ?")),
        ("board-ready", busy(": r e a d y enter")),
        ("board-empty", TestBoard::with(width, height, Vec::new())),
    ]
}
