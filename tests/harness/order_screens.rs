//! What the screens of checkout and orders are shown with.

use super::screens::{TestScreen, demo_products, id};
use std::collections::HashMap;
use trolley::model::Currency;
use trolley::model::checkout::{Preview, PreviewLine};
use trolley::model::order::OrderLine;
use trolley::model::shares::Share;
use trolley::model::total::LineStatus;
use trolley::model::{Money, Order, OrderId, OrderState, Product, ProductId, Quantity, Rules};
use trolley::store::Trouble;
use trolley::store::live::{LiveEvent, OrderEvent};

fn line(name: &str, quantity: u32, price: &str, shares: &[(&str, u32)]) -> OrderLine {
    let share = |(by, pieces): &(&str, u32)| Share {
        by: (*by).to_owned(),
        pieces: *pieces,
    };
    OrderLine {
        product: ProductId::stored(name.as_bytes()),
        name: name.to_owned(),
        unit: "each".to_owned(),
        quantity,
        price: Money::parse(price).unwrap(),
        shares: shares.iter().map(share).collect(),
        notes: Vec::new(),
    }
}

/// The id of an order.
pub fn order_id(n: u64) -> OrderId {
    OrderId::new(1_795_000_000_000, n)
}

/// What would be ordered of a cart of this version; `possible` or with all that can be wrong.
pub fn preview(version: u64, possible: bool) -> LiveEvent {
    let good = |order_line: OrderLine| {
        let quantity_in_cart = Quantity::Whole(order_line.quantity);
        PreviewLine {
            order_line,
            quantity_in_cart,
            status: LineStatus::Good,
            price_when_added: None,
            short: None,
        }
    };
    let mut lines = vec![
        good(line("Baguette", 2, "2.10", &[])),
        PreviewLine {
            price_when_added: Money::parse("2.40"),
            ..good(line("Espresso", 12, "2.50", &[]))
        },
        good(line("抹茶 Matcha Powder", 1, "16.50", &[])),
    ];
    if !possible {
        lines[2].short = Some(0);
        lines.push(PreviewLine {
            status: LineStatus::Gone,
            ..good(line("discontinued", 3, "0", &[]))
        });
    }
    let currency = Currency::with_sign("€");
    let preview = Preview {
        version,
        at: 1_795_000_000_000,
        lines,
        currency,
        budget: Money::parse("80"),
        budget_each: None,
        note: String::new(),
        hidden: 0,
    };
    LiveEvent::Order(OrderEvent::Preview(Box::new(preview)))
}

/// The checkout of the cart that many people fill, under rules that somebody else set.
pub fn shared_checkout(width: u16, height: u16) -> TestScreen {
    let mut stage = TestScreen::with_rules(width, height, "bob");
    stage.keys("c");
    stage.link(shared_preview(&stage));
    stage
}

/// What would be ordered of the cart at hand, at the prices of the demo catalog.
pub fn shared_preview(stage: &TestScreen) -> LiveEvent {
    let products: HashMap<ProductId, Product> = demo_products()
        .into_iter()
        .map(|product| (product.id.clone(), product))
        .collect();
    let cart = &stage.state.cart.confirmed;
    let preview = Preview::of(cart, &products, Currency::with_sign("€"));
    LiveEvent::Order(OrderEvent::Preview(Box::new(preview)))
}

/// Past orders, newest first.
pub fn orders() -> Vec<Order> {
    let states = [
        OrderState::Placed,
        OrderState::Ready,
        OrderState::Done,
        OrderState::Cancelled,
    ];
    let order = |(n, state): (u64, OrderState)| Order {
        id: order_id(n + 1),
        // Older orders have none.
        number: (n % 2 == 0).then(|| 42 - u32::try_from(n).unwrap()),
        user: "office".to_owned(),
        who: "ann@till".to_owned(),
        at: 1_795_000_000_000 - n * 3_600_000,
        state,
        changed: 1_795_000_600_000 - n * 3_600_000,
        reached: if n == 1 || n == 2 {
            vec![(OrderState::Accepted, 1_795_000_030_000 - n * 3_600_000)]
        } else {
            Vec::new()
        },
        note: String::new(),
        currency: Currency::with_sign("€"),
        lines: vec![
            line(
                "Espresso",
                12,
                "2.40",
                &[("ann@till", 4), ("bob@kitchen", 8)],
            ),
            line("抹茶 Matcha Powder", 1, "1234567.50", &[]),
        ],
        settled: vec!["bob@kitchen".to_owned()],
    };
    (0..).zip(states).map(order).collect()
}

/// The list of these orders, as the server tells it.
pub fn list(orders: Vec<Order>) -> LiveEvent {
    LiveEvent::Order(OrderEvent::List(orders.into()))
}

/// The screens of ordering, by name; `filled` is the shop with a cart of version 104 after some keys.
pub fn screens(filled: &impl Fn(&str) -> TestScreen) -> Vec<(&'static str, TestScreen)> {
    let mut receipt = told(filled("o"), list(orders()));
    receipt.keys("enter");
    // Confirmed, and then the link broke.
    let mut ordering = told(filled("c"), preview(104, true));
    ordering.keys("Y");
    ordering.state.orders.placing = Some(order_id(7));
    let mut ruled = filled("").state.cart.confirmed.clone();
    ruled.rules = Rules {
        owner: Some("bob@kitchen".to_owned()),
        locked: false,
        closes: Some(1_795_003_600_000),
        budget: Money::parse("80"),
        budget_each: Money::parse("12"),
        ..Rules::default()
    };
    let usual = [
        "espresso",
        "sourdough",
        "cold-brew",
        "discontinued",
        "flat-white",
    ]
    .map(id);
    let usual = LiveEvent::Order(OrderEvent::Usual(usual.to_vec()));
    vec![
        ("usual", told(filled(""), usual)),
        ("checkout", told(filled("c"), preview(104, true))),
        ("checkout-short", told(filled("c"), preview(104, false))),
        ("ordering", told(ordering, LiveEvent::Down(Trouble::Lost))),
        ("orders", told(filled("o"), list(orders()))),
        ("receipt", receipt),
        ("rules", told(filled(""), LiveEvent::Cart(ruled))),
    ]
}

fn told(mut stage: TestScreen, event: LiveEvent) -> TestScreen {
    stage.link(event);
    stage
}
