//! The page with the figures of a day: how it shows, and that it stays what the orders come to.

use crate::harness;
use crate::looks::rows_in_ascii;

use harness::board::{name_in_ascii, picture, staff_env};
use harness::screens::demo_products;
use harness::{Server, TROLLEY, Terminal, keep_day, ok, ok_as, staff};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;
use trolley::config::display::Charset;
use trolley::config::key::Key;
use trolley::config::theme::Theme;
use trolley::model::order::OrderLine;
use trolley::model::{
    Catalog, Currency, Daybook, Order, OrderId, OrderState, Period, Product, Ticket,
};
use trolley::store::board::BoardEvent;
use trolley::store::{NamedHours, Shop};
use trolley::tui::message::{Now, ShellEvent, TerminalEvent};
use trolley::tui::staff::message::{ProductsJob, StaffEffect, StaffMessage};
use trolley::tui::staff::state::today::{Figured, ShownTime};
use trolley::tui::staff::state::{Page, StaffState};
use trolley::tui::staff::update::update;

/// 2026-11-26 15:20 UTC, a Thursday.
const NOW: u64 = 1_795_706_400_000;
const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// The midnight before.
const MIDNIGHT: u64 = NOW - 15 * HOUR - 20 * MINUTE;

/// A screen of the staff, with what it asks for.
struct Stage {
    state: StaffState,
    now: Now,
    effects: Vec<StaffEffect>,
}

impl Stage {
    /// A screen whose link is up, and that asks for the figures of today.
    fn new(size: (u16, u16)) -> Stage {
        let mut stage = Stage {
            state: StaffState::new(staff_env(), Theme::DARK, true, size, Page::Today),
            now: Now {
                steady: 1_000,
                wall: i64::try_from(NOW).unwrap(),
            },
            effects: Vec::new(),
        };
        stage.reread();
        stage
    }

    /// The same with its figures.
    fn read(size: (u16, u16)) -> Stage {
        let mut stage = Stage::new(size);
        assert_eq!(stage.asked(), [(1, ShownTime::Today)]);
        stage.answer(1, &orders());
        stage
    }

    fn take_in(&mut self, message: StaffMessage) {
        self.effects
            .extend(update(&mut self.state, message, self.now));
    }

    fn reread(&mut self) {
        self.take_in(StaffMessage::Board(BoardEvent::Tickets {
            tickets: Vec::new(),
            shop: Some(Shop {
                name: "Corner Shop".to_owned(),
                currency: Currency::with_sign("€"),
                ..Shop::default()
            }),
            server_now: NOW,
            more: 0,
            unread: 0,
        }));
    }

    fn keys(&mut self, keys: &str) {
        for key in keys.split(' ') {
            let key = TerminalEvent::Key(Key::parse(key).unwrap());
            self.take_in(StaffMessage::Shell(ShellEvent::Terminal(key)));
        }
    }

    /// The figures that were asked for since the last time, by number.
    fn asked(&mut self) -> Vec<(u64, ShownTime)> {
        let effects = std::mem::take(&mut self.effects).into_iter();
        effects
            .filter_map(|effect| match effect {
                StaffEffect::ReadFigures { number, time } => Some((number, time)),
                _ => None,
            })
            .collect()
    }

    /// Answers with the figures of a day, today's unless another is asked for.
    fn answer(&mut self, number: u64, orders: &[Order]) {
        let day = match self.state.today.time {
            ShownTime::Day(day) => day,
            ShownTime::Today | ShownTime::Typed { .. } => Date::constant(2026, 11, 26),
        };
        let period = Period::of_day(day, &TimeZone::UTC);
        let mut book = Daybook::new(period, &Currency::with_sign("€"), TimeZone::UTC);
        for order in orders {
            book.count(order);
        }
        let catalog = Catalog::new(demo_products());
        let figured = Box::new(Figured { book, catalog });
        self.take_in(StaffMessage::Figures(number, Ok(figured)));
    }

    fn change(&mut self, order: &Order) {
        self.take_in(StaffMessage::Board(BoardEvent::Ticket(Box::new(Ticket {
            order: order.clone(),
            ticked: Vec::new(),
            moved_by: None,
            categories: Vec::new(),
        }))));
    }

    fn picture(&self) -> String {
        picture(&self.state)
    }
}

fn order(number: u64, at: u64, state: OrderState, products: &[(&Product, u32)]) -> Order {
    let ready = at + (4 + number % 5) * MINUTE;
    Order {
        id: OrderId::new(at, number),
        number: u32::try_from(number).ok(),
        user: "table-1".to_owned(),
        who: "ann".to_owned(),
        at,
        state,
        changed: at,
        reached: match state {
            OrderState::Ready | OrderState::Done => vec![(OrderState::Ready, ready)],
            OrderState::Placed | OrderState::Accepted | OrderState::Cancelled => Vec::new(),
        },
        currency: Currency::with_sign("€"),
        lines: products
            .iter()
            .map(|(product, quantity)| OrderLine {
                product: product.id.clone(),
                name: product.name.to_string(),
                unit: product.unit.to_string(),
                quantity: *quantity,
                price: product.price.unwrap(),
                shares: Vec::new(),
                notes: Vec::new(),
            })
            .collect(),
        settled: Vec::new(),
        note: String::new(),
    }
}

/// The orders of a day and of the same day of the week before, in each hour so many.
fn orders() -> Vec<Order> {
    let products = demo_products();
    let mut orders = Vec::new();
    for (midnight, hours) in [
        (MIDNIGHT, &[2, 5, 6, 4, 9, 8, 3, 2, 1][..]),
        (
            MIDNIGHT - 7 * DAY,
            &[1, 4, 5, 4, 9, 7, 3, 3, 2, 2, 1, 1][..],
        ),
    ] {
        for (hour, count) in (7..).zip(hours) {
            for nth in 0..*count {
                let number = orders.len() as u64 + 1;
                let at = midnight + hour * HOUR + nth * MINUTE;
                let state = if at + 40 * MINUTE > NOW && midnight == MIDNIGHT {
                    OrderState::Accepted
                } else {
                    OrderState::Done
                };
                let first = &products[usize::try_from(number * number % 11).unwrap()];
                let second = &products[usize::try_from(number % 14).unwrap()];
                let pieces = u32::try_from(1 + number % 3).unwrap();
                orders.push(order(number, at, state, &[(first, pieces), (second, 1)]));
            }
        }
    }
    orders
}

#[test]
fn the_figures_show_at_every_size() {
    for (width, height) in [(200, 50), (120, 36), (80, 24), (50, 15)] {
        let stage = Stage::read((width, height));
        insta::assert_snapshot!(format!("today_{width}x{height}"), stage.picture());
    }
    for (width, height) in [(120, 36), (80, 24)] {
        let mut stage = Stage::read((width, height));
        stage.state.shop.hours = Some(NamedHours::new("12".to_owned()));
        insta::assert_snapshot!(format!("today_twelve_{width}x{height}"), stage.picture());
    }
}

#[test]
fn a_terminal_of_ascii_gets_figures_in_ascii() {
    for size in [(200, 50), (80, 24), (50, 15)] {
        let mut stage = Stage::read(size);
        name_in_ascii(&mut stage.state);
        let unicode = stage.picture();
        stage.state.env.display.charset = Charset::Ascii;
        let rows = rows_in_ascii(&unicode, &stage.picture());
        rows.unwrap_or_else(|why| panic!("{size:?}: {why}"));
    }
}

#[test]
fn a_phone_says_why_it_shows_no_chart() {
    let mut stage = Stage::read((40, 12));
    stage.keys("tab");
    let picture = stage.picture();
    assert!(picture.contains("The chart needs more rows."), "{picture}");
}

#[test]
fn nothing_is_too_small_or_too_much() {
    let mut long = orders();
    let name = "Sourdough loaf with sunflower seeds from the mill in the valley 抹茶";
    for (index, order) in long.iter_mut().enumerate() {
        order.lines[0].name = format!("{name} {index}");
        order.lines[0].quantity = 999_999;
    }
    for orders in [Vec::new(), orders(), long] {
        for width in [24, 40, 75, 76, 77, 100, 240] {
            for height in 7..40 {
                let mut stage = Stage::new((width, height));
                stage.answer(1, &orders);
                for keys in ["s", "pagedown pagedown down up", "pageup", "left"] {
                    stage.keys(keys);
                    assert!(stage.picture().contains("Sold"), "{width}x{height}");
                }
                stage.keys("tab");
                stage.picture();
            }
        }
    }
}

#[test]
fn keys_lead_to_other_days_and_never_beyond_today() {
    let mut stage = Stage::read((120, 36));
    stage.keys("right");
    stage.keys("]");
    assert_eq!(stage.asked(), []);

    let day = |day| ShownTime::Day(Date::constant(2026, 11, day));
    for (number, (key, time)) in (2..).zip([
        ("left", day(25)),
        ("[", day(18)),
        ("l", day(19)),
        ("]", ShownTime::Today),
        ("h", day(25)),
        ("G", ShownTime::Today),
    ]) {
        stage.keys(key);
        assert_eq!(stage.asked(), [(number, time)], "{key}");
        stage.answer(number, &orders());
    }

    stage.keys("[");
    stage.answer(8, &orders());
    let shown = stage.picture();
    assert!(shown.contains("╭ Thu 19 Nov "), "{shown}");
    assert!(shown.contains("compared with Thu 12 Nov "), "{shown}");
    assert!(shown.contains("G today"), "{shown}");
    // An answer that nobody waits for any more.
    stage.keys("left");
    stage.keys("left");
    stage.answer(9, &[]);
    assert!(stage.picture().contains("Thu 19 Nov"));
    stage.answer(10, &[]);
    let shown = stage.picture();
    assert!(shown.contains("Nothing was sold on Tue 17 Nov."), "{shown}");
}

#[test]
fn what_was_sold_is_sorted_by_items_or_by_money() {
    let mut stage = Stage::read((120, 36));
    let by_items = stage.picture();
    assert!(by_items.contains("╭ Best sold by items "));
    stage.keys("s");
    let by_money = stage.picture();
    assert!(by_money.contains("╭ Best sold by money "));
    assert!(by_money.contains("s by items"));
    stage.keys("s");
    assert_eq!(stage.picture(), by_items);
}

#[test]
fn where_there_is_little_room_the_hours_are_a_page_of_their_own() {
    let mut stage = Stage::read((70, 24));
    assert!(stage.picture().contains("Best sold"));
    assert!(!stage.picture().contains("By the hour"));
    stage.keys("tab");
    assert!(!stage.picture().contains("Best sold"));
    assert!(stage.picture().contains("By the hour"));
    stage.keys("tab");
    assert_eq!(stage.state.page, Page::Products);
    stage.keys("tab tab");
    assert!(stage.picture().contains("Best sold"));
    // Nothing was missed meanwhile.
    assert_eq!(stage.asked(), []);
}

#[test]
fn an_order_that_comes_or_changes_is_counted_at_once() {
    let products = demo_products();
    let mut stage = Stage::new((120, 36));
    let early = order(900, NOW - MINUTE, OrderState::Placed, &[(&products[0], 1)]);
    // It comes while the figures are read, which may or may not have it already.
    stage.change(&early);
    stage.asked();
    let mut read = orders();
    stage.answer(1, &read);
    read.push(early.clone());
    let mut other = Stage::new((120, 36));
    other.change(&early);
    other.answer(1, &read);
    assert_eq!(stage.picture(), other.picture());

    let before = stage.picture();
    let next = order(901, NOW, OrderState::Placed, &[(&products[1], 3)]);
    stage.change(&next);
    assert_ne!(stage.picture(), before);
    let asks_stock = stage.effects.iter().any(|effect| {
        matches!(effect, StaffEffect::Products(ProductsJob::Read(asked)) if *asked == [products[1].id.clone()])
    });
    assert!(asks_stock);
    stage.change(&Order {
        state: OrderState::Cancelled,
        ..next
    });
    let shown = stage.picture();
    assert!(shown.contains("1 cancelled"), "{shown}");
    assert_eq!(shown.replace("1 cancelled ", "────────────"), before);
}

#[test]
fn what_may_have_been_missed_is_read_again() {
    let mut stage = Stage::read((120, 36));
    stage.take_in(StaffMessage::Board(BoardEvent::Stale));
    assert!(stage.picture().contains("may be old"));
    assert_eq!(stage.asked(), []);
    stage.reread();
    assert_eq!(stage.asked(), [(2, ShownTime::Today)]);

    // Something is missed while they are read.
    stage.take_in(StaffMessage::FiguresProgress(2, 500));
    assert!(stage.picture().contains("reading, 500 orders so far"));
    stage.take_in(StaffMessage::Board(BoardEvent::Stale));
    stage.reread();
    stage.answer(2, &orders());
    assert_eq!(stage.asked(), [(3, ShownTime::Today)]);
    let why = "the server is busy".to_owned();
    stage.take_in(StaffMessage::Figures(3, Err(why)));
    assert!(stage.picture().contains("can't be read"));
    // With the next minute.
    stage.take_in(StaffMessage::Shell(ShellEvent::Clock));
    assert_eq!(stage.asked(), [(4, ShownTime::Today)]);
    stage.answer(4, &orders());
    assert!(!stage.picture().contains("can't be read"));

    // An order of the week before is no part of the figures that are known one by one.
    let mut old = orders().pop().unwrap();
    old.state = OrderState::Cancelled;
    stage.change(&old);
    stage.take_in(StaffMessage::Shell(ShellEvent::Clock));
    assert_eq!(stage.asked(), [(5, ShownTime::Today)]);
}

#[test]
fn today_turns_at_midnight_and_another_day_stays() {
    let mut stage = Stage::read((120, 36));
    let to_midnight = 8 * HOUR + 40 * MINUTE;
    let later = |stage: &mut Stage, ms: u64| {
        stage.now.steady += ms;
        stage.now.wall += i64::try_from(ms).unwrap();
        stage.take_in(StaffMessage::Shell(ShellEvent::Clock));
    };
    later(&mut stage, to_midnight - 1);
    assert_eq!(stage.asked(), []);
    assert!(stage.picture().contains("Thu 26 Nov, until 23:59"));
    later(&mut stage, 1);
    assert_eq!(stage.asked(), [(2, ShownTime::Today)]);
    stage.answer(2, &orders());

    let mut stage = Stage::read((120, 36));
    stage.keys("left");
    stage.answer(2, &orders());
    stage.asked();
    later(&mut stage, to_midnight);
    assert_eq!(stage.asked(), []);
}

/// The figures of a shop on a screen.
fn open(server: &Server, args: &[&str]) -> Terminal {
    staff(server, "mia", &[&["today"], args].concat())
}

/// The price of all orders that count, as their list tells it.
fn sum_of_orders(server: &Server) -> String {
    let listed = ok(server, &["orders", "--all", "--most", "10000", "--json"]);
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let orders = listed["orders"].as_array().unwrap().iter();
    let cents = orders
        .filter(|order| order["state"] != "cancelled")
        .map(|order| order["total"].as_str().unwrap().replace('.', ""))
        .map(|cents| cents.parse::<u64>().unwrap());
    let cents: u64 = cents.sum();
    format!("€{}\\.{:02}", cents / 100, cents % 100)
}

#[test]
fn an_order_placed_elsewhere_raises_what_was_sold() {
    let server = Server::with_demo();
    keep_day(&server);
    let mut terminal = open(&server, &[]);
    terminal.wait("Nothing was sold on");
    for (who, product, pieces) in [("ann", "espresso", "3"), ("bob", "focaccia", "2")] {
        ok_as(&server, who, who, &["add", product, pieces]);
        ok_as(&server, who, who, &["checkout", "--yes"]);
        terminal.wait(&sum_of_orders(&server));
    }
    terminal.wait("1 left +Rosemary Focaccia, 2 sold");

    // It is called off: its money goes, and its stock comes back with the next minute.
    ok(&server, &["order", "2", "cancel"]);
    terminal.wait(&sum_of_orders(&server));
    terminal.wait("1 cancelled");

    terminal.keys("left");
    terminal.wait("Nothing was sold on");
    terminal.keys("G");
    terminal.wait(&sum_of_orders(&server));
    terminal.keys("tab tab");
    terminal.wait(r"\[Board\]");
    terminal.keys("q");
    assert!(terminal.wait_exit().success());
    terminal.assert_restored();
}

#[test]
fn a_week_shows_by_the_day_and_what_is_no_day_is_refused() {
    let server = Server::start();
    ok(&server, &["demo", "--orders"]);
    let terminal = open(&server, &["--since", "2020-01-01"]);
    terminal.wait("By the day, €");
    terminal.wait(&sum_of_orders(&server));

    let args = ["--redis", server.url(), "today", "--since", "soon"];
    let mut refused = Terminal::builder(TROLLEY)
        .args(&args)
        .home(server.dir())
        .open();
    refused.wait("“soon” is not a valid day");
    assert_eq!(refused.wait_exit().exit_code(), 2);
}
