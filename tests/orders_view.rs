//! The past orders and their receipts on the screens.

use crate::harness;

use harness::order_screens::{list, order_id, orders};
use harness::screens::{TestScreen, id, typed};
use harness::{Server, ok, ok_as, shop_sized};
use trolley::model::order::OrderLine;
use trolley::model::shares::Share;
use trolley::model::{ChangeKind, Edit, Money, Note, Order, OrderBrief, OrderState, ProductId};
use trolley::store::live::{LiveEvent, LiveRequest, OrderEvent, OrderQuestion, OrderRequest};
use trolley::store::order::OrdersPage;
use trolley::store::{Error, Trouble};
use trolley::tui::message::{Effect, Message, MouseKind};
use trolley::tui::state::Mode;
use trolley::tui::update::update;

fn listed(width: u16, height: u16, orders: Vec<Order>) -> TestScreen {
    let mut stage = TestScreen::filled(width, height);
    stage.keys("o");
    stage.link(list(orders));
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
    stage.link(list(orders()));
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
        let corner = shown.lines().nth(1).unwrap().chars().rev();
        let corner = corner.skip(1).position(|c| c == '╭').unwrap();
        let lines: Vec<String> = shown
            .lines()
            .filter(|line| line.trim_matches('"').ends_with(['│', '┃']))
            .map(|line| {
                let inside = line.chars().rev().skip(2).take(corner - 1);
                let inside: Vec<char> = inside.collect();
                let inside = inside.iter().rev().collect::<String>();
                inside.replace('▸', " ")
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
        (placed, "placed 11:06 → accepted → ready → done "),
        (
            ready.clone(),
            "placed 10:06 → accepted 10:07 → ready 10:16 → done ",
        ),
        (done, "placed 09:06 → accepted 09:07 → done 09:16 "),
        (cancelled, "placed 08:06 → cancelled 08:16 "),
        // Of an older order only the last change is known, which was on another day.
        (
            Order {
                reached: Vec::new(),
                changed: ready.at + 86_400_000,
                ..ready
            },
            "placed 10:06 → ready 2026-11-19 10:06 → done ",
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
    ok_as(&server, "office", "ann", &["add", "baguette", "3"]);
    ok_as(&server, "office", "ann", &["checkout", "--yes"]);
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
    shop.wait(r"placed \d\d:\d\d → accepted \d\d:\d\d → ready \d\d:\d\d → done \d\d:\d\d");
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
    assert!(row(OrderState::Placed).contains("▸  "));
}

/// The requests of one sort that some keys lead to.
fn asked<T>(
    stage: &mut TestScreen,
    keys: &str,
    of_sort: impl FnMut(LiveRequest) -> Option<T>,
) -> Vec<T> {
    let requests = stage.requests(keys).into_iter();
    requests.filter_map(of_sort).collect()
}

/// The requests about orders that some keys lead to.
fn requests(stage: &mut TestScreen, keys: &str) -> Vec<OrderRequest> {
    asked(stage, keys, |request| match request {
        LiveRequest::Order(request) => Some(request),
        _ => None,
    })
}

/// The questions about orders that some keys lead to.
fn questions(stage: &mut TestScreen, keys: &str) -> Vec<OrderQuestion> {
    asked(stage, keys, |request| match request {
        LiveRequest::Orders(question) => Some(question),
        _ => None,
    })
}

#[test]
fn whoever_ordered_marks_who_has_settled() {
    let mut stage = listed(120, 36, orders());
    stage.keys("tab");
    assert_eq!(requests(&mut stage, "s"), []);
    assert_eq!(stage.notice(), "Select a person below the total first");
    // The people come after the two products.
    stage.keys("down down down");
    assert!(stage.picture().contains("s open"));
    let mark = |settled| OrderRequest::Settle {
        order: order_id(1),
        name: "bob@kitchen".to_owned(),
        settled,
    };
    assert_eq!(requests(&mut stage, "s"), [mark(false)]);
    assert_eq!(requests(&mut stage, "s s"), [], "it is on its way");
    assert!(
        stage.picture().contains("settled ✓"),
        "nothing is marked before the shop says so"
    );

    let mut order = orders().remove(0);
    order.settled.clear();
    let settled = |outcome| LiveEvent::Order(OrderEvent::Settled(Box::new(outcome)));
    stage.link(settled(Ok(order)));
    let shown = stage.picture();
    assert!(
        shown.contains("bob@kitchen 8") && shown.contains(" open "),
        "{shown}"
    );
    assert!(shown.contains("s settled"), "{shown}");
    assert_eq!(requests(&mut stage, "s"), [mark(true)]);
    let cart = stage.state.cart.confirmed.clone();
    stage.link(LiveEvent::Stale);
    stage.link(LiveEvent::Cart(cart));
    assert_eq!(
        requests(&mut stage, "s"),
        [mark(true)],
        "the answer may be lost"
    );
    stage.link(settled(Err(Error::Trouble(Trouble::Lost))));
    assert_ne!(stage.notice(), "");

    // Nobody has what nobody asked for.
    assert_eq!(requests(&mut stage, "down s"), []);
    let cart = stage.state.cart.confirmed.clone();
    stage.link(LiveEvent::Down(Trouble::Lost));
    assert_eq!(requests(&mut stage, "up s"), []);
    assert_eq!(stage.notice(), "Nothing was marked: the server is away");
    stage.link(LiveEvent::Cart(cart));
    assert_eq!(stage.notice(), "", "the server is back");
}

#[test]
fn others_are_told_who_can_mark_who_has_settled() {
    let mut order = orders().remove(0);
    order.who = "bob@kitchen".to_owned();
    let mut stage = listed(120, 36, vec![order]);
    assert_eq!(requests(&mut stage, "tab down down s"), []);
    assert_eq!(
        stage.notice(),
        "Only bob@kitchen, who ordered, can mark who has settled"
    );
}

/// The rows of the receipt that show, without the frame.
fn receipt_rows(stage: &TestScreen) -> Vec<String> {
    let shown = stage.picture();
    let rows = shown.lines().filter_map(|line| {
        let line = line.trim_matches('"').strip_prefix(['│', '▸'])?;
        Some(line.trim_end_matches(['│', '┃']).replace('▸', " "))
    });
    rows.collect()
}

#[test]
fn every_row_of_a_receipt_can_be_read_and_each_entry_selected() {
    for (width, height) in [(80, 24), (50, 15), (36, 9), (24, 7)] {
        let all = {
            let mut stage = listed(width, 400, vec![long_order()]);
            stage.keys("enter");
            let mut rows = receipt_rows(&stage);
            rows.retain(|row| !row.trim().is_empty());
            rows
        };
        for (there, start) in [
            ("down", "g"),
            ("up", "G"),
            ("pagedown", "g"),
            ("pageup", "G"),
        ] {
            let mut stage = listed(width, height, vec![long_order()]);
            stage.keys("enter");
            stage.keys(start);
            let mut seen = receipt_rows(&stage);
            let mut selected = Vec::new();
            let mut before = None;
            loop {
                let Mode::Receipt { scroll, .. } = stage.state.mode else {
                    panic!("not on the receipt");
                };
                if before.replace(scroll) == Some(scroll) {
                    break;
                }
                selected.push(scroll.cursor);
                stage.keys(there);
                seen.extend(receipt_rows(&stage));
            }
            let unread: Vec<&String> = all.iter().filter(|row| !seen.contains(row)).collect();
            assert!(unread.is_empty(), "{width}x{height} {there} {unread:#?}");
            // Three products, ten people, and what is nobody's.
            selected.dedup();
            assert!(
                selected.len() == 14 || there.starts_with("page"),
                "{selected:?}"
            );
            let last = if there.ends_with("down") { 13 } else { 0 };
            assert_eq!(selected.last(), Some(&last), "{width}x{height} {there}");
        }
    }
}

#[test]
fn a_mark_of_who_has_settled_shows_on_all_screens() {
    let server = Server::with_demo();
    for (name, product) in [("ann", "baguette"), ("bob", "espresso")] {
        ok_as(&server, "office", name, &["add", product]);
    }
    ok_as(&server, "office", "ann", &["checkout", "--yes"]);
    let mut ann = shop_sized(&server, "office", "ann", 120, 36);
    let mut bob = shop_sized(&server, "office", "bob", 80, 24);
    for shop in [&mut ann, &mut bob] {
        shop.wait("64 products");
        shop.keys("o");
        shop.wait("placed .* ann .* 4\\.50");
        shop.keys("tab down down down");
        shop.wait("bob 1 +open +2\\.40");
    }
    ann.wait("s settled");
    ann.keys("s");
    ann.wait("bob 1 +settled ✓ +2\\.40");
    bob.wait("bob 1 +settled ✓ +2\\.40");
    bob.keys("s");
    bob.wait("Only ann, who ordered, can mark who has settled");
    ann.keys("s");
    bob.wait("bob 1 +open +2\\.40");
    let id = server.get_list("ZRANGE {orders}:all 0 -1").remove(0);
    assert_eq!(server.get(&format!("HGET {{orders}}:{id} settled")), "");
}

/// What the orders of the list are called that show.
fn found(stage: &TestScreen) -> Vec<String> {
    let names = orders().into_iter().map(|order| order.name());
    let shown = stage.picture();
    names.filter(|name| shown.contains(name.as_str())).collect()
}

#[test]
fn orders_are_found_by_what_is_in_them_while_one_types() {
    let mut listed_orders = orders();
    listed_orders[1].lines.truncate(1);
    listed_orders[2].who = "Zoë".to_owned();
    let name = |n: usize| orders()[n - 1].name();
    for (words, orders) in [
        ("matcha", vec![1, 3, 4]),
        ("MATCHA espresso", vec![1, 3, 4]),
        ("bob", vec![1, 2, 3, 4]),
        ("zoe", vec![3]),
        ("zoë done", vec![3]),
        ("ready bob", vec![2]),
        ("today", vec![1, 2, 3, 4]),
        ("2026-11-18 09", vec![3]),
        ("wed 18", vec![1, 2, 3, 4]),
        ("4000-0000", vec![4]),
    ] {
        let mut stage = listed(80, 24, listed_orders.clone());
        stage.keys(&format!("/ {}", typed(words)));
        let orders: Vec<String> = orders.into_iter().map(name).collect();
        assert_eq!(found(&stage), orders, "{words} {}", stage.picture());
        assert!(
            stage
                .picture()
                .contains(&format!("Orders /{words} {} of 4", orders.len()))
        );
        // Kept by Enter, dropped by Esc, which leaves only then.
        stage.keys("enter");
        assert_eq!(found(&stage), orders);
        stage.keys("esc");
        assert_eq!(found(&stage).len(), 4);
        assert!(matches!(stage.state.mode, Mode::Orders));
        stage.keys("esc");
        assert!(matches!(stage.state.mode, Mode::Browse));
    }

    let mut stage = listed(80, 24, listed_orders);
    stage.keys("/ c o l a");
    assert!(stage.picture().contains("No order matches “cola”."));
    stage.keys("esc");
    assert!(matches!(stage.state.mode, Mode::Orders));
    assert_eq!(found(&stage).len(), 4);
}

#[test]
fn two_keys_go_through_the_states_of_orders() {
    let mut stage = listed(80, 24, orders());
    stage.keys("down down");
    for (title, places) in [
        ("open 2 of 4", vec![0, 1]),
        ("done 1 of 4", vec![2]),
        ("cancelled 1 of 4", vec![3]),
        ("Orders 4", vec![0, 1, 2, 3]),
    ] {
        stage.keys("]");
        assert!(stage.picture().contains(title), "{}", stage.picture());
        assert_eq!(stage.state.orders.shown, places);
    }
    stage.keys("[");
    assert_eq!(stage.state.orders.shown, [3]);
    // The keys act on what shows.
    stage.keys("enter");
    assert!(stage.picture().contains(order_id(4).as_str()));
    stage.keys("esc ] [ [ [");
    assert!(stage.picture().contains("open 2 of 4"));
    let cancelled = OrderEvent::State(OrderBrief::in_state(order_id(1), OrderState::Cancelled));
    stage.link(LiveEvent::Order(cancelled));
    assert_eq!(stage.state.orders.shown, [1]);
}

/// So many orders from the newest on, of as many as `total`.
fn page(from: usize, count: usize, total: usize) -> OrdersPage {
    let order = |n: usize| Order {
        id: order_id(100_000 + n as u64),
        at: 1_795_000_000_000 - n as u64 * 60_000,
        ..orders().remove(2)
    };
    OrdersPage {
        orders: (from..from + count).map(order).collect(),
        from,
        next: from + count,
        total,
    }
}

#[test]
fn older_orders_are_read_before_they_are_wanted() {
    let mut stage = TestScreen::filled(80, 24);
    stage.keys("o");
    let told = |stage: &mut TestScreen, page: OrdersPage| {
        let event = LiveEvent::Order(OrderEvent::List(page));
        let effects = update(&mut stage.state, Message::Live(event), stage.now);
        let mut older = effects.into_iter().filter_map(|effect| match effect {
            Effect::Live(LiveRequest::Orders(OrderQuestion::Older(from))) => Some(from),
            _ => None,
        });
        older.next()
    };
    assert_eq!(told(&mut stage, page(0, 200, 450)), None);
    assert!(stage.picture().contains("Orders 450") && stage.picture().contains("1 of 450"));
    assert_eq!(questions(&mut stage, "down"), []);
    assert_eq!(questions(&mut stage, "G"), [OrderQuestion::Older(200)]);
    assert_eq!(questions(&mut stage, "up down"), [], "once is enough");
    let selected = stage.state.orders.scroll.cursor;
    assert_eq!(told(&mut stage, page(200, 200, 450)), None);
    assert_eq!(stage.state.orders.scroll.cursor, selected);
    assert_eq!(stage.state.orders.shown.len(), 400);

    // One that came meanwhile has moved the others by one place.
    let newer = Order {
        id: order_id(7),
        at: 1_795_000_060_000,
        ..orders().remove(0)
    };
    let mut first = page(0, 199, 451);
    first.orders.insert(0, newer);
    first.next = 200;
    assert_eq!(told(&mut stage, first), None);
    assert_eq!(stage.state.orders.scroll.cursor, selected + 1);
    assert_eq!(stage.state.orders.shown.len(), 401);

    // A search reads on until all are read.
    assert_eq!(questions(&mut stage, "/ u u"), [OrderQuestion::Older(400)]);
    assert!(stage.picture().contains("Reading older orders …"));
    let last = page(399, 51, 451);
    assert_eq!(
        told(
            &mut stage,
            OrdersPage {
                from: 400,
                next: 451,
                ..last
            }
        ),
        None
    );
    assert!(stage.picture().contains("No order matches “uu”."));
    stage.keys("esc");
    assert!(stage.picture().contains("of 451"));
    assert_eq!(stage.state.orders.shown.len(), 451);

    // After a break all of them may be old.
    stage.keys("G");
    stage.link(LiveEvent::Down(Trouble::Lost));
    let cart = stage.state.cart.confirmed.clone();
    stage.link(LiveEvent::Cart(cart));
    assert_eq!(told(&mut stage, page(0, 200, 450)), Some(200));
}

#[test]
fn five_thousand_orders_are_paged_and_searched() {
    let server = Server::with_demo();
    for product in ["baguette", "espresso"] {
        ok_as(&server, "office", "ann", &["add", product]);
        ok_as(&server, "office", "ann", &["checkout", "--yes"]);
    }
    let [first, second] =
        <[String; 2]>::try_from(server.get_list("ZRANGE {orders}:all 0 -1")).unwrap();
    let script = "local fields = redis.call('HGETALL', KEYS[1]) for n = 1, 4998 do \
        local id = string.format('20250101-0000-%04d', n) \
        redis.call('HSET', '{orders}:' .. id, unpack(fields)) \
        redis.call('HSET', '{orders}:' .. id, 'id', id, 'at', 1735689600000 + n * 60000, 'state', 'done') \
        redis.call('ZADD', KEYS[2], 1735689600000 + n * 60000, id) end";
    let record = format!("{{orders}}:{first}");
    server.raw(&["EVAL", script, "2", &record, "{orders}:of:office"]);

    let mut shop = shop_sized(&server, "office", "bob", 120, 36);
    shop.wait("64 products");
    shop.keys("o");
    shop.wait("Orders 5000 ");
    shop.wait("1 of 5000");
    shop.keys_until("G", "5000 of 5000");
    shop.wait("20250101-0000-0001");
    // The oldest one is found by its id, and the only one with an espresso by that.
    shop.keys("g / 0 0 0 0 - 0 0 0 1");
    shop.wait("/0000-0001 1 of 5000");
    shop.keys("esc / e s p");
    shop.wait("/esp 1 of 5000");
    shop.wait(&second);
    shop.keys("enter esc ]");
    shop.wait("open 2 of 5000");
}

/// What the cart orders most, as the server tells it.
fn usual(products: &[&str]) -> LiveEvent {
    let products = products.iter().map(|product| id(product)).collect();
    LiveEvent::Order(OrderEvent::Usual(products))
}

/// The selected product, and the line of the catalog's rows in which it stands.
fn selected(stage: &TestScreen) -> (String, usize) {
    let pane = &stage.state.catalog;
    let product = pane.selected().unwrap().product_id().to_string();
    (product, pane.scroll.cursor - pane.scroll.top)
}

#[test]
fn the_usual_stands_first_and_moves_nothing_under_the_cursor() {
    // Nobody has touched a key yet: the first row is the first of the usual ones.
    let mut stage = TestScreen::filled(80, 24);
    stage.link(usual(&["espresso", "discontinued", "sourdough"]));
    assert_eq!(selected(&stage), ("espresso".to_owned(), 0));
    let shown = stage.picture();
    for row in [
        "▸Espresso +Usual +€2.40 ",
        "│Sourdough Loaf +€5.20 ",
        "│Baguette +Bakery +€2.10 ",
        "╰─+ 1 of 2 ╯",
    ] {
        let found = regex::Regex::new(row).unwrap().is_match(&shown);
        assert!(found, "{row} {shown}");
    }

    // Who has moved keeps their product, at its place on the screen.
    let mut stage = TestScreen::filled(80, 24);
    stage.keys("down down down");
    let before = selected(&stage);
    stage.link(usual(&["espresso", "sourdough"]));
    assert_eq!(selected(&stage), before);
    stage.link(usual(&["sourdough"]));
    assert_eq!(selected(&stage), before);
    assert_eq!(stage.state.catalog.scroll.cursor, 4);
    stage.link(usual(&[]));
    assert_eq!(selected(&stage), before);

    // So do they among the usual ones, whichever is ordered more since.
    stage.link(usual(&["sourdough", "espresso", "baguette"]));
    stage.keys("g down");
    assert_eq!(selected(&stage), ("espresso".to_owned(), 1));
    stage.link(usual(&["espresso", "sourdough"]));
    assert_eq!(stage.state.catalog.scroll.cursor, 0);
    assert_eq!(selected(&stage).0, "espresso");
    stage.keys("a");
    assert_eq!(stage.state.cart.shown.quantity(&id("espresso")), 13);

    // At most eight, of those that are sold, and each once more where it belongs.
    let many = [
        "gone",
        "baguette",
        "banana-bread",
        "croissant",
        "cinnamon-bun",
        "rye-bread",
        "focaccia",
        "sesame-bagels",
        "sourdough",
        "espresso",
        "cappuccino",
    ];
    stage.link(usual(&many));
    let leading = stage.state.catalog.leading.len();
    assert_eq!(leading, 8);
    assert_eq!(stage.state.catalog.shown.len(), 64);
    stage.keys("G");
    assert_eq!(stage.state.catalog.scroll.cursor, leading + 63);
}

#[test]
fn the_usual_is_the_first_category_and_not_searched() {
    let mut stage = TestScreen::filled(80, 24);
    // There is nothing of it where there is nothing to show.
    stage.keys("]");
    assert!(stage.picture().contains("╭ Catalog Bakery 8 of 64 "));
    stage.keys("[");
    stage.link(usual(&["gone"]));
    stage.keys("]");
    assert!(stage.picture().contains("╭ Catalog Bakery 8 of 64 "));

    stage.link(usual(&["gone", "sourdough", "espresso"]));
    stage.keys("[");
    let shown = stage.picture();
    assert!(shown.contains("╭ Catalog Usual 2 of 64 "), "{shown}");
    assert_eq!(selected(&stage), ("sourdough".to_owned(), 0));
    // Sorted as one asks: by name, then by price.
    stage.keys("s");
    assert_eq!(selected(&stage), ("espresso".to_owned(), 0));
    stage.keys("s s s s s s s [");
    assert!(stage.picture().contains("╭ Catalog 64 products "));
    stage.keys("[");
    assert!(!stage.picture().contains(" Usual "));
    stage.keys("esc :");
    stage.keys(&typed("category usual"));
    stage.keys("enter");
    assert!(stage.picture().contains("╭ Catalog Usual 2 of 64 "));

    // Words are looked for in all that is sold, each product once.
    stage.keys("/");
    stage.keys(&typed("espresso"));
    let shown = stage.picture();
    assert!(shown.contains("╭ Catalog /espresso 4 of 64 "), "{shown}");
    assert_eq!(stage.state.catalog.leading, [0; 0]);
    stage.keys("enter esc");
    assert_eq!(stage.state.catalog.leading.len(), 2);
    // The last of the usual ones is gone.
    stage.keys("g [ ]");
    for product in ["sourdough", "espresso"] {
        stage.link(LiveEvent::Products(vec![(id(product), None)]));
    }
    assert!(!stage.picture().contains("Usual"));
}

#[test]
fn the_usual_is_read_when_the_shop_is_there_and_with_each_order() {
    let server = Server::with_demo();
    let order = |lines: &[&str]| {
        ok_as(&server, "office", "ann", &[&["add"], lines].concat());
        ok_as(&server, "office", "ann", &["checkout", "--yes"]);
    };
    let mut bob = shop_sized(&server, "office", "bob", 120, 36);
    bob.wait("64 products");
    bob.keys("down");
    order(&["espresso", "3", "sourdough"]);
    bob.wait("ann ordered 2 lines");
    // What bob has selected stays; the usual ones stand above it.
    bob.keys_until(
        "g",
        "Espresso +Usual .*\n.*Sourdough Loaf .*\n.*Baguette +Bakery ",
    );

    // A new screen begins with them. A cancelled order does not count.
    order(&["sourdough", "4"]);
    order(&["baguette", "9"]);
    ok_as(&server, "office", "ann", &["order", "3", "cancel"]);
    let cai = shop_sized(&server, "office", "cai", 80, 24);
    cai.wait("Sourdough Loaf +Usual .*\n.*Espresso .*\n.*Baguette +Bakery ");
    // What bob has selected stays where it is, though another one stands above it now.
    bob.wait(r"^│Product .*\n▸Espresso +Usual .*\n.*Baguette +Bakery [\s\S]* 2 of 2 ");
    bob.keys_until(
        "g",
        "Sourdough Loaf +Usual .*\n.*Espresso .*\n.*Baguette +Bakery ",
    );

    // A cart without orders has nothing of it.
    let lone = shop_sized(&server, "home", "dee", 80, 24);
    lone.wait("Baguette +Bakery ");
}

/// An order by Bob: espresso of his and Ann's, with notes, and bread that is hers alone.
fn noted_order() -> Order {
    let line = |product: &str, name: &str, price: &str, quantity: u32| OrderLine {
        product: id(product),
        name: name.to_owned(),
        unit: String::new(),
        quantity,
        price: Money::parse(price).unwrap(),
        shares: vec![Share {
            by: "ann@till".to_owned(),
            pieces: quantity,
        }],
        notes: Vec::new(),
    };
    let mut order = Order {
        lines: vec![
            line("espresso", "Espresso", "2.20", 4),
            line("sourdough", "Sourdough Loaf", "5.00", 1),
            line("focaccia", "Rosemary Focaccia", "4.20", 5),
            line("croissant", "Butter Croissant", "1.80", 2),
            line("left-behind", "Left Behind", "1.00", 1),
        ],
        ..orders().remove(0)
    };
    order.lines[0].shares = ["ann@till", "bob"]
        .map(|by| Share {
            by: by.to_owned(),
            pieces: 2,
        })
        .to_vec();
    for (line, by, text) in [(0, "bob", "no sugar"), (1, "ann@till", "sliced")] {
        order.lines[line].notes.push(Note {
            by: by.to_owned(),
            text: text.to_owned(),
        });
    }
    order
}

#[test]
fn an_order_that_comes_back_says_all_that_is_not_as_it_was() {
    let told = "Put 4 lines of #42 into the cart as yours; u undoes that. Short: 3 of 5 Rosemary Focaccia. \
                Dearer: Espresso €2.40, was €2.20; Sourdough Loaf €5.20, was €5.00; Butter \
                Croissant €1.90, was €1.80. Gone: Left Behind. Without the notes of: bob.";
    for (width, height) in [(200, 60), (120, 36), (80, 24)] {
        let mut stage = listed(width, height, vec![noted_order()]);
        let requests = stage.requests("r");
        assert_eq!(stage.notice(), told);
        // All of it is read, in several lines where there is no room in one.
        let shown = stage.picture();
        let words: Vec<&str> = shown.split([' ', '"', '\n']).collect();
        let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        let told: Vec<&str> = told.split(' ').collect();
        assert!(
            words.windows(told.len()).any(|part| part == told),
            "{shown}"
        );

        // Notes come back that are one's own, in the same change.
        let [LiveRequest::Change(change)] = &requests[..] else {
            panic!("{requests:?}");
        };
        let notes = change.edits.iter().filter_map(|edit| match edit {
            Edit::Restore { product, notes, .. } => Some((product.to_string(), notes[0].told())),
            _ => None,
        });
        assert_eq!(
            notes.collect::<Vec<_>>(),
            [("sourdough".to_owned(), "ann@till: sliced".to_owned())]
        );
        let notes = &stage.state.cart.shown.notes;
        assert_eq!(notes.text(Some(&id("sourdough")), "ann@till"), "sliced");
    }
    // Where there is hardly any room, as much as fits, and the list above it.
    let mut stage = listed(50, 15, vec![noted_order()]);
    stage.keys("r");
    let shown = stage.picture();
    assert!(
        shown.contains("\" Put 4 lines of #42 into the cart as"),
        "{shown}"
    );
    assert!(
        shown.contains("╭ Orders 1 ") && shown.contains("… \""),
        "{shown}"
    );
}

#[test]
fn an_order_is_not_doubled_without_a_word() {
    let mut stage = listed(80, 24, vec![noted_order()]);
    assert_eq!(stage.requests("r").len(), 1);
    let asked = "You have 3 lines of #42 in the cart already: r adds the same once more";
    // Pressed twice it asks; any other key is no answer to that.
    assert_eq!(stage.requests("r").len(), 0);
    assert_eq!(stage.notice(), asked);
    assert_eq!(stage.requests("j r").len(), 0);
    assert_eq!(stage.notice(), asked);
    assert_eq!(stage.requests("r").len(), 1);
    assert!(
        stage
            .notice()
            .starts_with("Put 3 lines of #42 into the cart")
    );
    assert_eq!(stage.requests("r").len(), 0);
    assert_eq!(stage.state.cart.shown.quantity(&id("espresso")), 12 + 4 + 4);
}

#[test]
fn an_order_over_one_s_own_limit_is_refused_before_anything_is_sent() {
    // All of it would be Ann's, who ordered only a part of it; her two baguettes count, too.
    for (limit, is_refused) in [("35.40", false), ("35.39", true)] {
        let mut stage = listed(80, 24, vec![noted_order()]);
        let mut cart = stage.state.cart.confirmed.clone();
        cart.rules.owner = Some("bob".to_owned());
        cart.rules.budget_each = Money::parse(limit);
        stage.link(LiveEvent::Cart(cart.clone()));
        let requests = stage.requests("r");
        assert_eq!(requests.is_empty(), is_refused, "{}", stage.notice());
        if is_refused {
            assert_eq!(
                stage.notice(),
                "Over your budget of €35.39: €31.19 left. All of #42 would be yours: €31.20. \
                 r again adds only your part, €26.40"
            );
        }

        cart.rules.locked = true;
        stage.link(LiveEvent::Cart(cart));
        assert!(stage.requests("r").is_empty());
        assert!(
            stage.notice().starts_with("The cart is locked"),
            "{}",
            stage.notice()
        );
    }
}

#[test]
fn the_activity_says_which_order_was_put_back() {
    let mut stage = listed(120, 36, vec![noted_order()]);
    let requests = stage.requests("r");
    let [LiveRequest::Change(change)] = &requests[..] else {
        panic!("{requests:?}");
    };
    // Whoever else watches the cart reads it, too.
    let lines = [("espresso", 16, 4), ("sourdough", 1, 1)];
    let mut update = stage.update("bob", ChangeKind::Edit, &lines);
    update.op = change.op.clone();
    stage.link(LiveEvent::Update(update));
    stage.keys("esc");
    let picture = stage.picture();
    assert!(
        picture.contains("bob         put 2 lines of #42 back"),
        "{picture}"
    );
}

#[test]
fn one_s_own_part_comes_back_where_the_whole_is_refused() {
    let mut stage = listed(80, 24, vec![noted_order()]);
    let mut cart = stage.state.cart.confirmed.clone();
    cart.rules.owner = Some("bob".to_owned());
    cart.rules.budget_each = Money::parse("35.39");
    stage.link(LiveEvent::Cart(cart.clone()));

    // Any other key is no answer to what is offered.
    assert!(stage.requests("r j r").is_empty());
    let requests = stage.requests("r");
    let told = "Put your 4 lines of #42 into the cart; u undoes that. ";
    assert!(stage.notice().starts_with(told), "{}", stage.notice());
    let [LiveRequest::Change(change)] = &requests[..] else {
        panic!("{requests:?}");
    };
    let quantities = change.edits.iter().map(|edit| match edit {
        Edit::Add { quantity, .. } | Edit::Restore { quantity, .. } => *quantity,
        edit => panic!("{edit:?}"),
    });
    assert_eq!(quantities.collect::<Vec<_>>(), [2, 1, 3, 2]);

    // What remains of the limit does not do for either.
    assert!(stage.requests("r").is_empty());
    assert_eq!(
        stage.notice(),
        "Over your budget of €35.39: €4.79 left. All of #42 would be yours: €18.60"
    );
    assert!(stage.requests("r").is_empty());

    // It is not doubled without a word.
    cart.rules.budget_each = Money::parse("45.60");
    stage.link(LiveEvent::Cart(cart));
    assert!(stage.requests("r r").is_empty());
    assert_eq!(
        stage.notice(),
        "You have your 3 lines of #42 in the cart already: r adds the same once more"
    );
    assert_eq!(stage.requests("r").len(), 1);
}
