//! The past orders and their receipts on the screens.

use crate::harness;

use harness::order_screens::{order_id, orders};
use harness::screens::TestScreen;
use harness::{Server, ok, shop_sized};
use trolley::model::order::{OrderLine, Share};
use trolley::model::{Money, Order, OrderState, ProductId};
use trolley::store::live::{LiveEvent, OrderEvent};
use trolley::tui::message::MouseKind;
use trolley::tui::state::Mode;

fn listed(width: u16, height: u16, orders: Vec<Order>) -> TestScreen {
    let mut stage = TestScreen::filled(width, height);
    stage.keys("o");
    stage.link(LiveEvent::Order(OrderEvent::List(orders)));
    stage
}

#[test]
fn the_receipt_of_the_selected_order_stands_beside_the_list_where_there_is_room() {
    for (width, is_beside) in [(99, false), (100, true), (160, true)] {
        let mut stage = listed(width, 36, orders());
        for (keys, order) in [("down", 2), ("down", 3)] {
            stage.keys(keys);
            let shown = stage.picture();
            assert!(shown.contains("╭ Orders "));
            let id = order_id(order).to_string();
            assert_eq!(shown.contains(&id), is_beside, "{shown}");
        }
        // Each of these goes into the receipt, and back.
        for (there, back) in [("enter", "esc"), ("tab", "tab"), ("right", "left")] {
            stage.keys(there);
            assert!(matches!(stage.state.mode, Mode::Receipt { .. }));
            let shown = stage.picture();
            assert!(shown.contains(order_id(3).as_str()), "{shown}");
            assert_eq!(shown.contains("╭ Orders "), is_beside, "{shown}");
            stage.keys(back);
            assert!(matches!(stage.state.mode, Mode::Orders));
        }
        assert_eq!(stage.state.orders.scroll.cursor, 2);
    }
}

#[test]
fn the_selected_order_stays_selected_when_another_one_comes() {
    let mut stage = listed(120, 36, orders()[1..].to_vec());
    stage.keys("down");
    stage.link(LiveEvent::Order(OrderEvent::List(orders())));
    assert_eq!(stage.state.orders.scroll.cursor, 2);
    assert!(stage.picture().contains(order_id(3).as_str()));
}

#[test]
fn the_mouse_selects_an_order_and_goes_into_its_receipt() {
    let mut stage = listed(120, 36, orders());
    stage.click(10, 5);
    assert_eq!(stage.state.orders.scroll.cursor, 2);
    stage.click(10, 5);
    assert!(matches!(stage.state.mode, Mode::Receipt { .. }));
    // The list is still there, and so is the receipt.
    stage.click(10, 3);
    assert!(matches!(stage.state.mode, Mode::Orders));
    assert_eq!(stage.state.orders.scroll.cursor, 0);
    stage.click(90, 5);
    assert!(matches!(stage.state.mode, Mode::Receipt { .. }));
    stage.keys("esc");
    stage.mouse(MouseKind::WheelDown, 10, 5);
    assert_eq!(stage.state.orders.scroll.cursor, 1);
    // Below the last one there is nothing.
    stage.click(10, 12);
    assert_eq!(stage.state.orders.scroll.cursor, 1);
}

/// An order by Ann with long names, prices of different precision, and many people.
fn long_order() -> Order {
    let name = "Sourdough loaf with sunflower seeds from the mill in the valley";
    let line = |number: u32| OrderLine {
        product: ProductId::stored(name.as_bytes()),
        name: format!("{name} {number}"),
        unit: "1 kg".to_owned(),
        quantity: 12 * number,
        price: Money::parse(["5.20", "12345.005"][number as usize % 2]).unwrap(),
        shares: (1..=10)
            .map(|guest| Share {
                by: format!("guest {guest} of the long table"),
                pieces: number,
            })
            .collect(),
        notes: Vec::new(),
    };
    Order {
        lines: (1..=3).map(line).collect(),
        ..orders().remove(0)
    }
}

#[test]
fn nothing_is_left_out_of_a_receipt_at_any_width() {
    for width in 24..=130 {
        let mut stage = listed(width, 400, vec![long_order()]);
        stage.keys("enter");
        let shown = stage.picture();
        // What is in the frame of the receipt, without the list beside it.
        let lines: Vec<String> = shown
            .lines()
            .filter_map(|line| {
                let mut parts = line.trim_matches('"').rsplit('│');
                parts.nth(1).map(str::to_owned)
            })
            .collect();
        let words: String = lines
            .iter()
            .flat_map(|line| line.split_whitespace())
            .collect();

        assert_eq!(words.matches("sunflower").count(), 3, "{width} {shown}");
        for guest in 1..=10 {
            let name = format!("guest{guest}ofthelongtable");
            // In three lines, and once with what they owe.
            assert!(words.matches(&name).count() >= 3, "{name} {shown}");
        }
        for amount in ["148140.06", "124.80", "444420.18", "592685.04"] {
            assert!(words.contains(amount), "{amount} {shown}");
        }

        // All sums have their points in one column.
        let point = |line: &String| {
            let is_sum = line
                .trim_end()
                .ends_with(|last: char| last.is_ascii_digit());
            let end = line.rsplit(' ').find(|word| !word.is_empty())?;
            (is_sum && end.contains('.')).then(|| {
                let before = line.rfind('.').unwrap();
                line[..before].chars().count()
            })
        };
        let points: Vec<usize> = lines.iter().filter_map(point).collect();
        assert!(points.len() >= 4, "{shown}");
        assert!(
            points.iter().all(|at| *at == points[0]),
            "{points:?} {shown}"
        );
    }
}

#[test]
fn the_steps_of_an_order_tell_when_each_was_reached() {
    let shown = |order: Order| {
        let mut stage = listed(120, 36, vec![order]);
        stage.keys("enter");
        stage.picture()
    };
    let [placed, ready, done, cancelled] = <[Order; 4]>::try_from(orders()).unwrap();
    let steps = [
        (placed, "placed 11:06 › accepted › ready › done "),
        (
            ready.clone(),
            "placed 10:06 › accepted 10:07 › ready 10:16 › done ",
        ),
        (done, "placed 09:06 › accepted 09:07 › done 09:16 "),
        (cancelled, "placed 08:06 › cancelled 08:16 "),
        // Of an older order only the last change is known, which was on another day.
        (
            Order {
                reached: Vec::new(),
                changed: ready.at + 86_400_000,
                ..ready
            },
            "placed 10:06 › ready 2026-11-19 10:06 › done ",
        ),
    ];
    for (order, steps) in steps {
        let shown = shown(order);
        assert!(shown.contains(steps), "{steps} {shown}");
    }
}

#[test]
fn the_shop_remembers_when_an_order_came_into_each_state() {
    let server = Server::with_demo();
    let office = ["--user", "office", "--name", "ann"];
    ok(&server, &[&office[..], &["add", "baguette", "3"]].concat());
    ok(&server, &[&office[..], &["checkout", "--yes"]].concat());
    let id = server.get_list("ZRANGE {orders}:all 0 -1").remove(0);
    for state in ["accept", "ready", "ready", "done"] {
        ok(&server, &["order", &id, state]);
    }
    let fields = server.get_list(&format!(
        "HMGET {{orders}}:{id} at accepted_at ready_at done_at changed"
    ));
    assert!(fields.is_sorted(), "{fields:?}");
    assert_eq!(fields[3], fields[4]);

    let mut shop = shop_sized(&server, "office", "bob", 120, 36);
    shop.wait("64 products");
    shop.keys("o");
    shop.wait(r"placed \d\d:\d\d › accepted \d\d:\d\d › ready \d\d:\d\d › done \d\d:\d\d");
    shop.wait(r"done .* ann .* 6\.30");
    shop.keys("tab");
    shop.wait("all orders");
    shop.keys("tab q q");
    shop.wait_exit();
}

/// Orders as they stand on the screens: one that was placed just now has no state but that.
#[test]
fn the_signs_of_states_come_with_their_words() {
    let shown = listed(80, 24, orders()).picture();
    let row = |state: OrderState| {
        let word = format!(" {} ", state.name());
        shown.lines().find(|line| line.contains(&word)).unwrap()
    };
    assert!(row(OrderState::Ready).contains("│✓ "));
    assert!(row(OrderState::Cancelled).contains("│✗ "));
    assert!(row(OrderState::Placed).contains("│  "));
}
