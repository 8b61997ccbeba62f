//! The staff's products and settings without a server: every size, what keys do, what is refused.

use crate::harness;
use crate::looks::rows_in_ascii;

use harness::board::{TestBoard, name_in_ascii};
use harness::screens::{demo_products, id};
use jiff::tz::TimeZone;
use trolley::config::display::Charset;
use trolley::model::product::{ProductField, StockStep};
use trolley::model::{Catalog, Currency, Daybook, OrderState, Period, Product, Refusal, Stock};
use trolley::store::board::{BoardEvent, BoardRequest};
use trolley::store::catalog::decode::CatalogNews;
use trolley::store::{
    Edited, Error, FieldEdit, RepeatError, Shop, ShopChange, ShopEdit, ShopEdited, ShopField,
    Trouble,
};
use trolley::tui::message::Message;
use trolley::tui::staff::message::{ProductsJob, StaffEffect, StaffMessage};
use trolley::tui::staff::state::products::ProductsPane;
use trolley::tui::staff::state::today::Figured;
use trolley::tui::staff::state::{Page, StaffMode};
use trolley::tui::state::catalog::Unread;

const SIZES: [(u16, u16); 5] = [(200, 60), (120, 36), (80, 24), (50, 15), (24, 7)];

/// The shop of all tests.
fn shop() -> Shop {
    Shop {
        name: "Corner Shop".to_owned(),
        currency: Currency::with_sign("€"),
        receipt_head: "12 Mill Lane · VAT GB 123 4567 89".to_owned(),
        receipt_foot: "Thank you. Wifi: crumbs".to_owned(),
        ..Shop::default()
    }
}

/// The demo's products, one of them with a bar code.
fn products() -> Vec<Product> {
    let mut products = demo_products();
    for product in &mut products {
        if product.id == id("espresso-beans") {
            product.barcode = "4006381333931".into();
            product.stock = Stock::Left(6);
        }
    }
    products
}

/// The page with its products, before anything was sold.
fn opened(width: u16, height: u16) -> TestBoard {
    let mut board = TestBoard::new(width, height, Page::Products);
    board.told_in(shop(), Vec::new());
    assert!(asks(&board.others, |effect| matches!(
        effect,
        StaffEffect::LoadCatalog
    )));
    let read = Ok((Catalog::new(products()), Some(shop())));
    board.take_in(StaffMessage::Catalog(Box::new(Message::Catalog(read, 0))));
    board.others.clear();
    board
}

fn asks(effects: &[StaffEffect], is_it: impl Fn(&StaffEffect) -> bool) -> bool {
    effects.iter().any(is_it)
}

/// What was asked about products since the last time.
fn jobs(board: &mut TestBoard) -> Vec<ProductsJob> {
    let effects = std::mem::take(&mut board.others).into_iter();
    let jobs = effects.filter_map(|effect| match effect {
        StaffEffect::Products(job) => Some(job),
        _ => None,
    });
    jobs.collect()
}

fn product(board: &TestBoard, name: &str) -> Product {
    let item = board.state.products.list.catalog.get(&id(name));
    item.unwrap().to_product()
}

fn selected(board: &TestBoard) -> String {
    let selected = board.state.products.list.selected();
    selected.map_or_else(String::new, |item| item.product_id().to_string())
}

fn typed(text: &str) -> String {
    let keys: Vec<String> = text
        .chars()
        .map(|c| match c {
            ' ' => "space".to_owned(),
            c => c.to_string(),
        })
        .collect();
    keys.join(" ")
}

/// Answers the only change that was asked for, as a server does that finds nothing wrong.
fn answer(board: &mut TestBoard) -> ProductsJob {
    let asked = jobs(board);
    let [job] = &asked[..] else {
        panic!("{asked:?}");
    };
    match job {
        ProductsJob::Edit(edit) => {
            let item = board.state.products.list.catalog.get(&edit.product);
            let was = item.unwrap().to_product();
            let now = Box::new(with(&was, edit));
            let was = Box::new(was);
            let saved = Ok(Edited::Saved { was, now });
            board.take_in(StaffMessage::Edited(edit.clone(), saved));
        }
        ProductsJob::Step(product, step) => {
            let Stock::Left(left) = product.stock else {
                panic!("{product:?}");
            };
            let now = match step {
                StockStep::Up(pieces) => left + pieces,
                StockStep::Down(pieces) => left - pieces,
            };
            let message = StaffMessage::SteppedStock(product.clone(), *step, Ok(now));
            board.take_in(message);
        }
        ProductsJob::Read(_) | ProductsJob::Shop(..) => panic!("{job:?}"),
    }
    board.others.clear();
    job.clone()
}

/// The only edit that was asked for.
fn asked_edit(board: &mut TestBoard) -> FieldEdit {
    let asked = jobs(board);
    let [ProductsJob::Edit(edit)] = &asked[..] else {
        panic!("{asked:?}");
    };
    edit.clone()
}

/// [`answer`] where an edit was asked for.
fn answer_edit(board: &mut TestBoard) -> FieldEdit {
    match answer(board) {
        ProductsJob::Edit(edit) => edit,
        other => panic!("{other:?}"),
    }
}

/// The product after an edit of its price or its stock.
fn with(was: &Product, edit: &FieldEdit) -> Product {
    let mut now = was.clone();
    match edit.field {
        ProductField::Price => now.price = trolley::model::Money::parse(&edit.value),
        ProductField::Stock => {
            now.stock = edit.value.parse().map_or(Stock::Unlimited, Stock::Left);
        }
        ProductField::Name => now.name = edit.value.as_str().into(),
        _ => panic!("{edit:?}"),
    }
    now
}

/// The figures of a day on which seven bags of beans were sold.
fn figures() -> StaffMessage {
    let period = Period::of_day("2026-11-18".parse().unwrap(), &TimeZone::UTC);
    let mut book = Daybook::new(period, &Currency::with_sign("€"), TimeZone::UTC);
    let lines = [
        (7, "espresso-beans", "", "8.90", false, ""),
        (12, "baguette", "", "2.10", false, ""),
    ];
    let mut order = harness::board::ticket(1, "office", 0, &lines).order;
    order.at = period.since.unwrap() + 1_000;
    order.state = OrderState::Done;
    book.count(&order);
    let figured = Figured {
        book,
        catalog: Catalog::new(products()),
    };
    StaffMessage::Figures(1, Ok(Box::new(figured)))
}

#[test]
fn products_and_settings_at_every_size() {
    for (width, height) in SIZES {
        let mut board = opened(width, height);
        board.take_in(figures());
        insta::assert_snapshot!(format!("products-low-{width}x{height}"), board.picture());
        board.keys("f f end");
        insta::assert_snapshot!(format!("products-all-{width}x{height}"), board.picture());
        board.keys("f down down enter down down down down enter");
        insta::assert_snapshot!(format!("products-form-{width}x{height}"), board.picture());
        board.keys("esc : s h o p enter down");
        assert_eq!(board.state.page, Page::Shop);
        insta::assert_snapshot!(format!("shop-settings-{width}x{height}"), board.picture());
        board.keys("down down down enter");
        insta::assert_snapshot!(format!("shop-prompt-{width}x{height}"), board.picture());
    }
}

#[test]
fn a_terminal_of_ascii_gets_products_in_ascii() {
    for (width, height) in SIZES {
        for keys in ["f f end", "f f enter enter", ": s h o p enter down", "?"] {
            let mut board = opened(width, height);
            board.take_in(figures());
            board.keys(keys);
            name_in_ascii(&mut board.state);
            let unicode = board.picture();
            board.state.env.display.charset = Charset::Ascii;
            let rows = rows_in_ascii(&unicode, &board.picture());
            rows.unwrap_or_else(|why| panic!("{keys} of {width}x{height}: {why}"));
        }
    }
}

#[test]
fn a_phone_shows_whole_sentences() {
    let mut board = opened(40, 15);
    board.keys(": s h o p enter");
    let picture = board.picture();
    assert!(
        picture.contains("Prices look like €0.45 and €1234.50 on"),
        "{picture}"
    );
    assert!(!picture.contains("a sam"), "a hint in part: {picture}");
}

#[test]
fn no_size_breaks_the_page() {
    for keys in [
        "f f",
        "f",
        "enter",
        "enter enter",
        "= + 1",
        "/ e s",
        ": s h o p enter enter",
        "?",
    ] {
        for width in (1..140).step_by(17) {
            for height in (1..40).step_by(3) {
                let mut board = opened(120, 36);
                board.keys(keys);
                board.state.size = (width, height);
                board.pass(1);
                board.picture();
            }
        }
    }
}

#[test]
fn the_list_is_what_is_low_and_keeps_what_is_being_changed() {
    let mut board = opened(120, 36);
    let low = board.state.products.list.shown.len();
    assert_eq!(selected(&board), "basil", "the fewest come first");

    // Today sold more than there is: it is low, too, however many are left.
    assert!(!board.picture().contains("Sourdough"));
    board.take_in(figures());
    assert!(
        board.picture().contains("! Espresso Beans"),
        "{}",
        board.picture()
    );
    assert_eq!(board.state.products.list.shown.len(), low);

    // Stock that comes makes no row vanish under whoever brings it in.
    board.keys("3 0 +");
    answer_unlimited_free(&mut board);
    assert_eq!(selected(&board), "basil");
    assert_eq!(product(&board, "basil").stock, Stock::Left(30));
    assert_eq!(board.state.products.list.shown.len(), low);
    assert_eq!(board.notice(), "Potted Basil: stock 30, was none");

    // What becomes low meanwhile comes to it, and the selected row stays selected.
    let mut baguette = product(&board, "baguette");
    baguette.stock = Stock::Left(2);
    board.take_in(StaffMessage::Products(vec![(
        id("baguette"),
        Some(baguette),
    )]));
    assert_eq!(board.state.products.list.shown.len(), low + 1);
    assert_eq!(selected(&board), "basil");

    // The next look leaves out what is not low any more.
    board.keys("f f f");
    assert_eq!(board.state.products.list.shown.len(), low);
    assert!(!board.picture().contains("Potted Basil  "));
}

/// Answers a step of a stock that was zero.
fn answer_unlimited_free(board: &mut TestBoard) {
    let job = answer(board);
    assert!(
        matches!(job, ProductsJob::Step(_, StockStep::Up(30))),
        "{job:?}"
    );
}

#[test]
fn no_price_is_understood_before_the_shop_was_read() {
    let mut board = TestBoard::new(120, 36, Page::Products);
    board.told_with(None, Vec::new());
    let read = Ok((Catalog::new(products()), None));
    board.take_in(StaffMessage::Catalog(Box::new(Message::Catalog(read, 0))));
    let unread = Message::CatalogUnread(Unread::Shop, Trouble::Lost);
    board.take_in(StaffMessage::Catalog(Box::new(unread)));
    assert!(
        board
            .picture()
            .contains("The shop's settings can't be read: the connection"),
        "{}",
        board.picture()
    );

    board.keys(&format!("/ {} enter", typed("espresso beans")));
    board.keys(&format!(
        "enter down down down enter {} enter",
        typed("4.50")
    ));
    assert_eq!(
        board.notice(),
        "The price was not changed: the shop, and so its currency, was not read yet"
    );
    assert!(jobs(&mut board).is_empty());
}

#[test]
fn nothing_low_says_so_and_the_next_key_shows_all() {
    let mut board = TestBoard::new(120, 36, Page::Products);
    board.told(Vec::new());
    let mut tea = products().swap_remove(0);
    tea.stock = Stock::Unlimited;
    let read = Ok((Catalog::new(vec![tea]), Some(shop())));
    board.take_in(StaffMessage::Catalog(Box::new(Message::Catalog(read, 0))));
    assert!(board.picture().contains("No product is low in stock."));
    board.keys("f");
    assert!(board.picture().contains("Nothing is sold out."));
    board.keys("f");
    assert_eq!(board.state.products.list.shown.len(), 1);
}

#[test]
fn a_field_is_changed_and_what_is_wrong_is_refused() {
    let mut board = opened(120, 36);
    board.keys(&format!("/ {} enter", typed("espresso beans")));
    assert_eq!(selected(&board), "espresso-beans");
    board.keys("enter down down down enter");
    assert!(
        board
            .picture()
            .contains("Price of Espresso Beans, now €8.90: ")
    );
    board.keys(&format!("{} enter", typed("4,50.0")));
    assert_eq!(
        board.notice(),
        "“4,50.0” is not a valid price: type it like 12.40"
    );
    assert!(jobs(&mut board).is_empty());

    board.keys(&format!("enter {} enter", typed("9.2")));
    let edit = answer_edit(&mut board);
    assert_eq!(edit.value, "9.20");
    assert_eq!(edit.seen.as_deref(), Some("8.90"));
    assert_eq!(board.notice(), "Espresso Beans: price €9.20, was €8.90");

    // Nothing typed, or the same, changes nothing.
    board.keys("enter enter");
    board.keys(&format!("enter {} enter", typed("9.20")));
    assert!(jobs(&mut board).is_empty());

    for (typed_stock, refused) in [
        (
            "many",
            "“many” is not a valid stock: write a whole number of at most 15 digits, or nothing for unlimited",
        ),
        ("4006381333931", "Scanned codes do nothing here"),
    ] {
        board.keys(&format!("= {} enter", typed(typed_stock)));
        assert_eq!(board.notice(), refused);
        assert!(jobs(&mut board).is_empty());
    }
    for (typed_stock, wanted) in [("40", "40"), ("=12", "12"), ("unlimited", "")] {
        board.keys(&format!("= {} enter", typed(typed_stock)));
        assert_eq!(answer_edit(&mut board).value, wanted);
    }
    assert_eq!(board.notice(), "Espresso Beans: stock unlimited, was 12");

    // The name is there to be changed; an empty one is none.
    board.keys("up up up enter");
    board.keys("! enter");
    answer(&mut board);
    assert_eq!(
        board.notice(),
        "Espresso Beans!: name Espresso Beans!, was Espresso Beans"
    );
    board.keys("enter ctrl-u enter");
    assert_eq!(board.notice(), "The name is empty");
}

#[test]
fn what_is_not_confirmed_is_marked() {
    let mut board = opened(120, 36);
    board.keys("down 5 +");
    assert!(board.picture().contains("2…"), "{}", board.picture());
    answer(&mut board);
    assert!(
        !board.picture().contains('…') || board.picture().contains("7"),
        "{}",
        board.picture()
    );
    assert_eq!(board.notice(), "Stovetop Moka Pot: stock 7, was 2");
    board.keys("-");
    assert!(matches!(
        answer(&mut board),
        ProductsJob::Step(_, StockStep::Down(1))
    ));
}

#[test]
fn the_same_key_sells_out_and_puts_back() {
    let mut board = opened(120, 36);
    board.keys("down x");
    // The second press of a doubled key does nothing.
    board.keys("x");
    let edit = answer_edit(&mut board);
    assert_eq!((edit.value.as_str(), edit.seen), ("0", None));
    assert_eq!(
        board.notice(),
        "Stovetop Moka Pot is sold out; x puts 2 back"
    );
    assert!(
        board.picture().contains("x put back"),
        "{}",
        board.picture()
    );

    board.keys("x");
    let edit = answer_edit(&mut board);
    assert_eq!(
        (edit.value.as_str(), edit.seen.as_deref()),
        ("2", Some("0"))
    );
    assert_eq!(board.notice(), "Stovetop Moka Pot: stock 2, was none");

    // What nobody here has sold out has nothing to be put back.
    board.keys("up x");
    assert_eq!(
        board.notice(),
        "Potted Basil is sold out already: = sets its stock"
    );
    assert!(jobs(&mut board).is_empty());
}

/// Takes in that a product has so many pieces now.
fn stocked(board: &mut TestBoard, name: &str, left: u64) {
    let mut product = product(board, name);
    product.stock = Stock::Left(left);
    board.take_in(StaffMessage::Products(vec![(id(name), Some(product))]));
}

#[test]
fn what_was_sold_after_it_was_put_back_is_not_put_back_again() {
    let mut board = opened(120, 36);
    board.keys("down x");
    answer(&mut board);
    board.keys("x");
    answer(&mut board);
    assert_eq!(product(&board, "moka-pot").stock, Stock::Left(2));

    stocked(&mut board, "moka-pot", 0);
    board.keys("x");
    assert!(jobs(&mut board).is_empty());
    assert!(board.notice().ends_with("= sets its stock"));
}

#[test]
fn the_selected_product_stays_in_the_list_whatever_else_is_read() {
    let mut board = opened(120, 36);
    board.keys("3 0 +");
    answer_unlimited_free(&mut board);
    let read = Ok((Catalog::new(products()), Some(shop())));
    board.take_in(StaffMessage::Catalog(Box::new(Message::Catalog(read, 0))));
    stocked(&mut board, "basil", 30);

    // The figures make the list look through all products again.
    board.take_in(figures());
    assert_eq!(selected(&board), "basil");
}

#[test]
fn whoever_was_slower_is_asked_before_they_overwrite() {
    let mut board = opened(120, 36);
    board.keys(&format!(
        "/ {} enter enter down down down enter {}",
        typed("espresso beans"),
        typed("8.80")
    ));
    board.keys("enter");
    let edit = asked_edit(&mut board);
    let mut theirs = product(&board, "espresso-beans");
    theirs.price = trolley::model::Money::parse("9.20");
    let otherwise = || Ok(Edited::Otherwise(Box::new(theirs.clone())));

    // An Enter that was typed before the question was there answers something else.
    board.take_in_unseen(StaffMessage::Edited(edit.clone(), otherwise()));
    board.keys_together("enter");
    assert!(jobs(&mut board).is_empty());
    assert!(board.picture().contains(
        "Somebody has just set this price to €9.20: Enter saves €8.80 instead, Esc keeps €9.20"
    ));
    assert_eq!(product(&board, "espresso-beans").price, theirs.price);

    board.keys("enter");
    let again = asked_edit(&mut board);
    assert_eq!(again.value, "8.80");
    assert_eq!(
        again.seen.as_deref(),
        Some("9.20"),
        "as it was told in the question"
    );

    // Any other key keeps theirs, and what is being typed is not taken away.
    board.take_in(StaffMessage::Edited(again.clone(), otherwise()));
    board.keys("q");
    assert!(matches!(board.state.mode, StaffMode::Browse));
    // Nor does a word that is typed act on anything.
    board.take_in(StaffMessage::Edited(again.clone(), otherwise()));
    board.keys(&format!(": {}", typed("extra")));
    assert!(
        matches!(&board.state.mode, StaffMode::Palette { input, .. } if input.value() == "extra")
    );
    assert!(jobs(&mut board).is_empty());
    board.keys("esc enter");
    board.take_in(StaffMessage::Edited(again.clone(), otherwise()));
    assert!(matches!(board.state.mode, StaffMode::Prompt { .. }));
    assert!(jobs(&mut board).is_empty());
}

#[test]
fn a_scanned_code_selects_its_product() {
    let mut board = opened(120, 36);
    board.keys(&format!("{} enter", typed("4006381333931")));
    assert_eq!(selected(&board), "espresso-beans");
    assert_eq!(board.state.products.pane, ProductsPane::List);
    // Though it is in no list that shows.
    board.keys("f");
    assert!(selected(&board) != "espresso-beans");
    board.keys(&format!("/ {} enter", typed("4006381333931")));
    assert_eq!(selected(&board), "espresso-beans");
    board.keys(&format!("{} enter", typed("96385074")));
    assert_eq!(board.notice(), "No product has the code 96385074");
    board.keys("1 2 enter");
    assert_eq!(
        board.notice(),
        "12 is not a bar code; 12+ adds that many to the stock"
    );
    assert!(jobs(&mut board).is_empty());
}

#[test]
fn refusals_and_breaks_change_nothing_and_say_so() {
    let mut board = opened(120, 36);
    let edit = FieldEdit {
        product: id("baguette"),
        field: ProductField::Price,
        value: "3.00".to_owned(),
        seen: Some("2.10".to_owned()),
    };
    let no_right = Trouble::NoPermission("x".to_owned());
    for (error, told) in [
        (
            RepeatError::Failed(no_right.into()),
            "Only a clerk can change products",
        ),
        (
            RepeatError::Failed(Refusal::UnknownProduct("baguette".to_owned()).into()),
            "There is no product “baguette”",
        ),
        (
            RepeatError::Failed(Error::Trouble(Trouble::OutOfMemory)),
            "The price of Baguette was not changed: the server is out of memory: it takes no changes",
        ),
        (
            RepeatError::Failed(Trouble::TooFewReplicas { have: 1, wanted: 2 }.into()),
            "The price of Baguette was changed, but only 1 of 2 replicas have this change: if the server fails now, it may be lost",
        ),
        (
            RepeatError::Unknown(Trouble::Lost),
            "It is not known whether the price of Baguette was changed: the connection to the server was lost",
        ),
    ] {
        board.take_in(StaffMessage::Edited(edit.clone(), Err(error)));
        assert_eq!(board.notice(), told);
        // What it is now is read.
        assert_eq!(jobs(&mut board), [ProductsJob::Read(vec![id("baguette")])]);
    }

    board.link(BoardEvent::Down(Trouble::Lost));
    assert!(board.picture().contains("may be old"));
    for keys in ["5 +", "x", "=", "enter enter"] {
        board.keys(keys);
        assert_eq!(
            board.notice(),
            "Offline: Potted Basil was not changed",
            "{keys}"
        );
    }
    board.keys(": s h o p enter enter");
    assert_eq!(board.notice(), "Offline: the shop was not changed");
    assert!(jobs(&mut board).is_empty());

    // What is said of a link that is down ends when it is back.
    let unread = Message::CatalogUnread(Unread::Products(2), Trouble::Lost);
    board.take_in(StaffMessage::Catalog(Box::new(unread)));
    board.told(Vec::new());
    assert_eq!(board.notice(), "");
    board.keys("tab tab tab");
    let picture = board.picture();
    assert!(!picture.contains("can't be read"), "{picture}");
}

/// The answer to a change of Baguette's price of which none knows whether it was made.
fn unknown_price() -> StaffMessage {
    let edit = FieldEdit {
        product: id("baguette"),
        field: ProductField::Price,
        value: "3.00".to_owned(),
        seen: Some("2.10".to_owned()),
    };
    StaffMessage::Edited(edit, Err(RepeatError::Unknown(Trouble::Lost)))
}

#[test]
fn what_is_unknown_stays_until_it_is_known() {
    let unknown = "It is not known whether the price of Baguette was changed: the connection to the server was lost";
    let mut board = opened(120, 36);
    let baguette = product(&board, "baguette");
    let basil = product(&board, "basil");
    board.take_in(unknown_price());
    assert_eq!(board.notice(), unknown);

    // News of others is not said before that, and a failure is said behind it.
    let step = StockStep::Up(5);
    let stepped = StaffMessage::SteppedStock(Box::new(basil.clone()), step, Ok(5));
    board.take_in(stepped);
    assert_eq!(board.notice(), unknown);
    let lost = RepeatError::Failed(Trouble::Lost.into());
    let failed = StaffMessage::SteppedStock(Box::new(basil.clone()), step, Err(lost));
    board.take_in(failed.clone());
    board.take_in(StaffMessage::Products(vec![(
        basil.id.clone(),
        Some(basil),
    )]));
    assert_eq!(board.notice(), unknown);

    let price = trolley::model::Money::parse("3.00");
    let known = Product {
        price,
        ..baguette.clone()
    };
    let read = StaffMessage::Products(vec![(known.id.clone(), Some(known.clone()))]);
    board.take_in(read.clone());
    let failure =
        "The stock of Potted Basil was not changed: the connection to the server was lost";
    assert_eq!(board.notice(), failure);

    // It says how it is now, or that nothing is left of it.
    board.take_in(unknown_price());
    board.take_in(read);
    assert_eq!(board.notice(), "Baguette: price €3.00");
    board.take_in(unknown_price());
    board.take_in(StaffMessage::Products(vec![(known.id.clone(), None)]));
    assert_eq!(board.notice(), "baguette was taken out of the shop");

    // A key drops it, and what waits behind it is there.
    let mut board = opened(120, 36);
    board.take_in(unknown_price());
    board.take_in(failed);
    board.keys("j");
    assert_eq!(board.notice(), failure);
    board.keys("j");
    assert_eq!(board.notice(), "");

    // Where all is read anew, that may have been read before it was changed.
    board.take_in(unknown_price());
    board.others.clear();
    let read = Ok((Catalog::new(products()), Some(shop())));
    board.take_in(StaffMessage::Catalog(Box::new(Message::Catalog(read, 0))));
    assert_eq!(jobs(&mut board), [ProductsJob::Read(vec![id("baguette")])]);
    assert_eq!(board.notice(), unknown);
}

#[test]
fn no_key_changes_the_neighbour_of_a_product_that_has_gone() {
    for keys in ["+", "5 +", "-", "x", "=", "enter"] {
        let mut board = opened(120, 36);
        board.keys("f f home");
        let gone = selected(&board);
        let gone = products()
            .into_iter()
            .find(|it| it.id == id(&gone))
            .unwrap();
        board.take_in(StaffMessage::Products(vec![(gone.id.clone(), None)]));
        assert!(
            board.notice().contains("was taken out of the shop"),
            "{keys}"
        );
        assert_ne!(id(&selected(&board)), gone.id);

        board.keys(keys);
        if keys != "enter" {
            assert!(
                board.notice().ends_with("has gone: that key did nothing"),
                "{keys}"
            );
        }
        assert!(jobs(&mut board).is_empty(), "{keys}");

        // Nor do those that come before the refusal shows.
        board.take_in(StaffMessage::Products(vec![(
            gone.id.clone(),
            Some(gone.clone()),
        )]));
        board.keys("home");
        let next = selected(&board);
        board.take_in(StaffMessage::Products(vec![(id(&next), None)]));
        board.keys_together(&[keys; 3].join(" "));
        assert!(jobs(&mut board).is_empty(), "{keys}");
        board.pass(1);

        // From then on keys act on what is selected.
        board.keys("esc x");
        assert!(
            matches!(jobs(&mut board)[..], [ProductsJob::Edit(_)]),
            "{keys}"
        );
    }
}

#[test]
fn what_others_change_is_read_and_what_may_be_missed_is_read_again() {
    let mut board = opened(120, 36);
    let ids = vec![id("baguette")];
    board.link(BoardEvent::Catalog(CatalogNews::Products(ids.clone())));
    assert_eq!(jobs(&mut board), [ProductsJob::Read(ids)]);

    board.link(BoardEvent::Catalog(CatalogNews::Everything));
    assert!(asks(&board.others, |effect| matches!(
        effect,
        StaffEffect::LoadCatalog
    )));
    let read = Ok((Catalog::new(products()), Some(shop())));
    board.take_in(StaffMessage::Catalog(Box::new(Message::Catalog(read, 0))));
    board.others.clear();

    board.link(BoardEvent::Stale);
    board.told(Vec::new());
    assert!(asks(&board.others, |effect| matches!(
        effect,
        StaffEffect::LoadCatalog
    )));

    // Who never looks at the products reads none.
    let mut other = TestBoard::with(120, 36, Vec::new());
    other.link(BoardEvent::Catalog(CatalogNews::Everything));
    assert!(other.others.is_empty(), "{:?}", other.others);
}

#[test]
fn tab_goes_round_and_the_mouse_selects_and_edits() {
    let mut board = opened(120, 36);
    board.keys("tab");
    assert_eq!(board.state.page, Page::Board);
    board.keys("tab tab");
    assert_eq!(board.state.page, Page::Products);
    board.keys("tab e");
    assert_eq!(board.state.page, Page::Products);

    // The third row of the list, then the fourth field of the form, twice.
    board.click(5, 5);
    assert_eq!(board.state.products.list.scroll.cursor, 2);
    board.click(80, 5);
    assert_eq!(board.state.products.field, ProductField::Price);
    assert_eq!(board.state.products.pane, ProductsPane::Form);
    board.click(80, 5);
    assert!(matches!(board.state.mode, StaffMode::Prompt { .. }));
}

#[test]
fn the_figures_lead_to_the_product_that_is_selected() {
    let mut board = opened(120, 36);
    board.take_in(figures());
    board.keys("tab tab down enter");
    assert_eq!(board.state.page, Page::Products);
    assert_eq!(selected(&board), "espresso-beans");
    assert_eq!(board.state.products.pane, ProductsPane::Form);
    assert!(
        board.picture().contains("7 sold today"),
        "{}",
        board.picture()
    );

    // It works, too, where the products are still to be read.
    let mut fresh = TestBoard::new(120, 36, Page::Today);
    fresh.told(Vec::new());
    fresh.take_in(figures());
    fresh.keys("e");
    let read = Ok((Catalog::new(products()), Some(shop())));
    fresh.take_in(StaffMessage::Catalog(Box::new(Message::Catalog(read, 0))));
    assert_eq!(selected(&fresh), "baguette");
}

#[test]
fn settings_are_asked_for_checked_and_saved() {
    let mut board = opened(120, 36);
    board.keys(": s h o p enter down enter");
    assert!(board.picture().contains("€1234.50"));
    board.keys(&format!("ctrl-u {} enter", typed("money")));
    assert_eq!(
        board.notice(),
        "“money” is not an amount: type one like 1,234.50"
    );
    board.keys(&format!("enter ctrl-u {} enter", typed("€1,234")));
    assert!(
        board.notice().contains("may mean thousands"),
        "{}",
        board.notice()
    );
    assert!(jobs(&mut board).is_empty());

    board.keys(&format!("enter ctrl-u {} enter", typed("1.234,50 €")));
    let mut change = ShopChange::default();
    change.set("money", "1.234,50 €").unwrap();
    let edit = ShopEdit {
        field: ShopField::Money,
        change,
        seen: "€1234.50".to_owned(),
    };
    assert_eq!(jobs(&mut board), [ProductsJob::Shop(edit.clone())]);
    assert!(board.picture().contains("€1234.50…"), "{}", board.picture());
    let now = Shop {
        currency: Currency::from_example("1.234,50 €").unwrap(),
        ..shop()
    };
    let saved = Ok(ShopEdited::Saved(now.clone()));
    board.take_in(StaffMessage::ShopSet(edit.clone(), saved));
    assert_eq!(board.notice(), "Money set to 1.234,50 €");
    assert!(
        board.picture().contains("Prices look like 0,45"),
        "{}",
        board.picture()
    );

    let refused = RepeatError::Failed(Trouble::NoPermission("x".to_owned()).into());
    board.take_in(StaffMessage::ShopSet(edit.clone(), Err(refused)));
    assert_eq!(board.notice(), "Only a clerk can change the shop");

    // It was changed by somebody else since it was seen.
    let theirs = Shop {
        currency: Currency::from_example("$1,234.50").unwrap(),
        ..now
    };
    let otherwise = StaffMessage::ShopSet(edit.clone(), Ok(ShopEdited::Otherwise(theirs)));
    board.take_in(otherwise.clone());
    let question = "Somebody has just set “Money” to $1,234.50: Enter saves 1.234,50 € instead, Esc keeps $1,234.50";
    assert!(board.picture().contains(question), "{}", board.picture());
    board.keys("esc");
    assert!(jobs(&mut board).is_empty());
    board.take_in(otherwise.clone());
    board.keys("enter");
    let anew = ShopEdit {
        seen: "$1,234.50".to_owned(),
        ..edit.clone()
    };
    assert_eq!(jobs(&mut board), [ProductsJob::Shop(anew)]);
    board.keys("enter");
    board.take_in(otherwise);
    assert_eq!(
        board.notice(),
        "Yours was not saved: somebody has just set “Money” to $1,234.50"
    );
    board.keys("esc");

    let unknown = RepeatError::Unknown(Trouble::Lost);
    board.requests.clear();
    board.take_in(StaffMessage::ShopSet(edit, Err(unknown)));
    assert!(
        board
            .notice()
            .starts_with("It is not known whether Money was changed")
    );
    assert_eq!(board.requests, [BoardRequest::Reread]);
    board.told(Vec::new());
    assert_eq!(board.notice(), "Money set to 1234.50");

    // The last one says yes or no.
    board.keys("end enter ctrl-u m a y b e enter");
    assert_eq!(board.notice(), "“maybe” is not valid: write yes or no");
    // Long words are refused, never cut.
    board.keys("up enter");
    let long = "x ".repeat(101).trim().to_owned();
    board.take_in(StaffMessage::Shell(
        trolley::tui::message::ShellEvent::Terminal(trolley::tui::message::TerminalEvent::Paste(
            long,
        )),
    ));
    board.keys("enter");
    assert!(
        board.notice().contains("the limit is 200"),
        "{}",
        board.notice()
    );
    assert!(jobs(&mut board).is_empty());
}

/// The settings of the shop on the screen, and a change of its name to `name`.
fn naming(name: &str, width: u16, height: u16) -> (TestBoard, ShopEdit) {
    let mut board = opened(width, height);
    board.keys(&format!(
        ": s h o p enter enter ctrl-u {} enter",
        typed(name)
    ));
    let Some(ProductsJob::Shop(edit)) = jobs(&mut board).pop() else {
        panic!("{}", board.picture());
    };
    (board, edit)
}

#[test]
fn a_terminal_of_ascii_has_one_way_to_write_money() {
    let (mut board, edit) = naming("Mill", 120, 36);
    board.state.env.display.charset = Charset::Ascii;
    let mut change = ShopChange::default();
    change.set("money", "1 234,50 zł").unwrap();
    let money = ShopEdit {
        field: ShopField::Money,
        seen: "€1234.50".to_owned(),
        change,
    };
    let zloty = Shop {
        currency: Currency::from_example("1 234,50 zł").unwrap(),
        ..shop()
    };
    let saved = ShopEdited::Saved(zloty.clone());
    board.take_in(StaffMessage::ShopSet(money.clone(), Ok(saved)));
    assert_eq!(board.notice(), "Money set to 1 234,50 PLN");
    let picture = board.picture();
    assert_eq!(picture.matches("1 234,50 PLN").count(), 3, "{picture}");
    assert!(!picture.contains("zl"), "{picture}");

    // Questions have it, too.
    let otherwise = ShopEdited::Otherwise(zloty);
    board.take_in(StaffMessage::ShopSet(money, Ok(otherwise.clone())));
    board.keys("esc");
    let mut euro = ShopChange::default();
    euro.set("money", "1 234,50 €").unwrap();
    let euro = ShopEdit {
        field: ShopField::Money,
        change: euro,
        ..edit
    };
    board.take_in(StaffMessage::ShopSet(euro, Ok(otherwise)));
    let question = "to 1 234,50 PLN: Enter saves 1 234,50 EUR instead, Esc keeps 1 234,50 PLN";
    assert!(board.picture().contains(question), "{}", board.picture());
}

#[test]
fn what_is_said_of_a_setting_follows_who_overwrites_it() {
    let (mut board, edit) = naming("A1", 120, 36);
    let named = Shop {
        name: "A1".to_owned(),
        ..shop()
    };
    board.take_in(StaffMessage::ShopSet(edit, Ok(ShopEdited::Saved(named))));
    assert_eq!(board.notice(), "Name set to A1");
    // The other clerk gives it back the name that it had.
    board.told(Vec::new());
    assert_eq!(board.notice(), "Name set to Corner Shop");
    board.told(Vec::new());
    assert_eq!(board.notice(), "Name set to Corner Shop");
}

#[test]
fn of_a_question_the_values_are_cut_and_never_the_question() {
    for (width, height) in [(200, 60), (120, 36), (100, 30), (80, 24), (50, 15)] {
        let (mut board, edit) = naming(&"n".repeat(40), width, height);
        let theirs = Shop {
            name: "W".repeat(40),
            ..shop()
        };
        let otherwise = ShopEdited::Otherwise(theirs);
        board.take_in(StaffMessage::ShopSet(edit.clone(), Ok(otherwise)));
        let picture = board.picture();
        let question = picture.lines().find(|line| line.contains("Enter saves"));
        let question = question.unwrap_or_else(|| panic!("{width}: {picture}"));
        assert!(question.contains(", Esc keeps "), "{question}");
        if width > 50 {
            assert!(question.contains("WWWWW") && question.contains("nnnnn"));
        }

        board.keys("esc");
        let lost = RepeatError::Failed(Trouble::Lost.into());
        board.take_in(StaffMessage::ShopSet(edit, Err(lost)));
        let picture = board.picture();
        let question = picture.lines().find(|line| line.contains("Enter tries"));
        let question = question.unwrap_or_else(|| panic!("{width}: {picture}"));
        assert!(question.contains(" again"), "{question}");
        assert!(question.contains(", Esc drops it"), "{question}");
    }
}

/// Clicks the tab of the board.
fn click_board(board: &mut TestBoard) {
    let picture = board.picture();
    let column = picture.lines().next().and_then(|row| row.find("Board"));
    board.click(column.unwrap().try_into().unwrap(), 0);
}

#[test]
fn what_was_never_sent_is_kept_and_enter_tries_again() {
    let mut board = opened(120, 36);
    board.keys(&format!(": s h o p enter enter ctrl-u {}", typed("Mill")));
    board.link(BoardEvent::Down(Trouble::Lost));
    board.keys("enter");
    let question = "Name was not saved: the connection was down. Enter tries again to set it to Mill, Esc drops it";
    assert!(board.picture().contains(question), "{}", board.picture());
    // As long as it is down, the question stays, whatever is pressed: Enter is refused aloud.
    board.keys("enter");
    let refused = "Offline: Name was not saved";
    assert!(board.picture().contains(refused), "{}", board.picture());
    board.keys("q");
    assert!(board.picture().contains(question), "{}", board.picture());
    click_board(&mut board);
    assert!(board.picture().contains(question), "{}", board.picture());
    board.keys("enter");
    assert!(board.picture().contains(refused), "{}", board.picture());
    assert!(jobs(&mut board).is_empty());
    board.told(Vec::new());
    assert!(board.picture().contains(question), "{}", board.picture());
    board.keys("enter");
    let Some(ProductsJob::Shop(edit)) = jobs(&mut board).pop() else {
        panic!("{}", board.picture());
    };
    assert_eq!(edit.change.shop().name, "Mill");

    let lost = || RepeatError::Failed(Trouble::Lost.into());
    board.take_in(StaffMessage::ShopSet(edit.clone(), Err(lost())));
    let question = "Name was not saved: the connection to the server was lost. Enter tries again to set it to Mill, Esc drops it";
    assert!(board.picture().contains(question), "{}", board.picture());
    board.keys("esc");
    assert!(jobs(&mut board).is_empty());

    // A price is kept in the same way; who does something else meanwhile is told.
    let price = FieldEdit {
        product: id("baguette"),
        field: ProductField::Price,
        value: "3.00".to_owned(),
        seen: Some("2.10".to_owned()),
    };
    board.take_in(StaffMessage::Edited(price.clone(), Err(lost())));
    let question =
        "The price of Baguette was not saved: Enter tries again to set it to 3.00, Esc drops it";
    assert!(board.picture().contains(question), "{}", board.picture());
    jobs(&mut board);
    board.keys("enter");
    assert_eq!(jobs(&mut board), [ProductsJob::Edit(price.clone())]);
    board.keys(":");
    board.take_in(StaffMessage::Edited(price, Err(lost())));
    assert_eq!(
        board.notice(),
        "The price of Baguette was not changed: the connection to the server was lost"
    );
}

#[test]
fn a_step_that_was_typed_is_kept_and_made_once_the_link_is_back() {
    let mut board = opened(120, 36);
    let selected = selected(&board);
    board.keys(&format!("= {}", typed("+12")));
    board.link(BoardEvent::Down(Trouble::Lost));
    board.keys("enter");
    let question = "was not saved: the connection was down. Enter tries again to add 12";
    assert!(board.picture().contains(question), "{}", board.picture());
    assert!(jobs(&mut board).is_empty());

    board.told(Vec::new());
    board.keys("enter");
    let asked = jobs(&mut board);
    let [ProductsJob::Step(product, StockStep::Up(12))] = &asked[..] else {
        panic!("{asked:?}");
    };
    assert_eq!(product.id.to_string(), selected);
    click_board(&mut board);
    assert_eq!(board.state.page, Page::Board);
}

#[test]
fn no_question_opens_over_digits_nor_about_what_has_gone() {
    let lost = || RepeatError::Failed(Trouble::Lost.into());
    let price = FieldEdit {
        product: id("baguette"),
        field: ProductField::Price,
        value: "3.00".to_owned(),
        seen: Some("2.10".to_owned()),
    };
    let mut board = opened(120, 36);
    board.keys("4");
    board.take_in(StaffMessage::Edited(price.clone(), Err(lost())));
    assert!(matches!(board.state.mode, StaffMode::Browse));
    assert_eq!(board.state.products.digits.as_str(), "4");

    board.keys("esc esc");
    let gone = vec![(id("baguette"), None)];
    board.take_in(StaffMessage::Products(gone));
    board.take_in(StaffMessage::Edited(price, Err(lost())));
    assert!(matches!(board.state.mode, StaffMode::Browse));
    assert_eq!(
        board.notice(),
        "baguette was taken out of the shop: nothing was changed"
    );
}
