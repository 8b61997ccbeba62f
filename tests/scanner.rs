//! A bar-code scanner: a keyboard that types digits and Enter, anywhere and at any pace.
//!
//! In full: `TROLLEY_CODES=10000 cargo test --release --test suite scanner::`

use crate::harness;

use harness::load::Random;
use harness::screens::{TestScreen, demo_products, id, typed};
use harness::{Server, TROLLEY, Terminal, ok, order_screens, shop, shop_sized, until};
use std::collections::BTreeMap;
use std::time::Duration;
use trolley::model::{Cart, Catalog, Product};
use trolley::store::live::LiveEvent;
use trolley::store::{Shop, Trouble};
use trolley::tui::message::Message;
use trolley::tui::state::{Connectivity, Mode};

/// The codes of some products: EAN-13, UPC-A, EAN-8, one of the shop's own, and one of two products.
const CODES: [(&str, &str); 6] = [
    ("espresso", "4006381333931"),
    ("croissant", "012345678905 40000000000007"),
    ("cappuccino", "96385074"),
    ("baguette", "1000000007"),
    ("focaccia", "40063812"),
    ("rye-bread", "40063812"),
];

/// The demo's products with codes; one of them has no price.
fn products() -> Vec<Product> {
    let mut products = demo_products();
    for (product, codes) in CODES {
        let product = products.iter_mut().find(|known| known.id == id(product));
        product.unwrap().barcode = codes.into();
    }
    let odd = products.iter_mut().find(|known| known.id == id("basil"));
    let odd = odd.unwrap();
    odd.barcode = "4006381333948".into();
    odd.price = None;
    products
}

fn screen() -> TestScreen {
    let mut screen = TestScreen::filled(120, 36);
    let catalog = Catalog::new(products());
    screen.take_in(Message::Catalog(Ok((catalog, Some(Shop::default()))), 0));
    screen.pass(60_000);
    screen
}

/// What the cart holds of each product.
fn quantities(screen: &TestScreen) -> BTreeMap<String, u32> {
    let lines = screen.state.cart.shown.lines.iter();
    let quantities = lines.map(|line| (line.product.to_string(), line.quantity.whole().unwrap()));
    quantities.collect()
}

/// Types digits and Enter as a scanner does; returns what the cart holds more of.
fn scan(screen: &mut TestScreen, digits: &str) -> Vec<(String, u32)> {
    let before = quantities(screen);
    screen.keys(&typed(digits));
    screen.keys("enter");
    more_than(&before, screen)
}

/// What the cart holds more of than before.
fn more_than(before: &BTreeMap<String, u32>, screen: &TestScreen) -> Vec<(String, u32)> {
    let now = quantities(screen);
    // Nothing is ever taken out.
    for (product, quantity) in before {
        assert!(now.get(product) >= Some(quantity), "{product}");
    }
    now.into_iter()
        .map(|(product, now)| {
            let before = before.get(&product).copied().unwrap_or(0);
            (product, now - before)
        })
        .filter(|(_, more)| *more > 0)
        .collect()
}

/// The keys that open each list, from the catalog.
const LISTS: [&str; 6] = ["down", "tab down", "w", "v tab", "/", "/ c o space"];

#[test]
fn a_code_adds_its_product_wherever_the_lists_show() {
    for open in LISTS {
        for (digits, product, pieces) in [
            ("4006381333931", "espresso", 1),
            ("34006381333931", "espresso", 3),
            ("124006381333931", "espresso", 12),
            ("30*4006381333931", "espresso", 30),
            ("04006381333931", "espresso", 1),
            ("012345678905", "croissant", 1),
            ("0012345678905", "croissant", 1),
            ("40000000000007", "croissant", 1),
            ("96385074", "cappuccino", 1),
            ("996385074", "cappuccino", 9),
            ("1000000007", "baguette", 1),
        ] {
            let mut screen = screen();
            screen.keys(open);
            let added = scan(&mut screen, digits);
            assert_eq!(added, [(product.to_owned(), pieces)], "{open}: {digits}");
            assert!(
                screen.notice().starts_with(&format!("Added {pieces} × ")),
                "{open}: {}",
                screen.notice()
            );
            assert!(screen.state.digits.is_empty() && screen.state.catalog.words.value() == "");
            assert!(matches!(screen.state.mode, Mode::Browse), "{open}");
        }
    }
}

#[test]
fn what_is_no_code_of_one_product_is_told_and_changes_nothing() {
    for open in LISTS {
        for (digits, told) in [
            ("4006381333900", "No product has the code 4006381333900"),
            ("34006381333900", "No product has the code 4006381333900"),
            (
                "304006381333931",
                "This is 3 × 04006381333931 or 30 × 4006381333931: type 3* or 30*, then scan",
            ),
            (
                "17012345678905",
                "This is 17 × 012345678905 or 17012345678905: type 17* or 1*, then scan",
            ),
            ("4006381333948", "“Potted Basil” has no valid price"),
            ("40063812", "matches several products"),
        ] {
            let mut screen = screen();
            screen.keys(open);
            assert_eq!(scan(&mut screen, digits), [], "{open}: {digits}");
            let notice = screen.notice();
            assert!(notice.contains(told), "{open}: {digits}: {notice}");
            assert!(screen.state.digits.is_empty());
        }
    }

    // A wrong digit is told where nothing is searched, and may be a word to search for elsewhere.
    let mut stage = screen();
    assert_eq!(scan(&mut stage, "4006381333930"), []);
    assert_eq!(
        stage.notice(),
        "No product has the code 4006381333930; check its digits"
    );
    stage.keys("/");
    assert_eq!(scan(&mut stage, "12345678"), []);
    assert_eq!(stage.state.catalog.words.value(), "12345678");
    assert!(matches!(stage.state.mode, Mode::Browse));
}

#[test]
fn codes_do_nothing_on_pages_and_questions() {
    // "o enter" is the receipt of the newest order.
    for open in ["c", "o", "o enter", "b", "?", "C"] {
        let mut screen = screen();
        for key in open.split(' ') {
            screen.keys(key);
            screen.link(order_screens::preview(104, true));
            screen.link(order_screens::list(order_screens::orders()));
        }
        let page = format!("{:?}", screen.state.mode);

        for digits in ["4006381333931", "34006381333931", "96385074", "1234567890"] {
            let keys = format!("{} enter", typed(digits));
            assert!(screen.requests(&keys).is_empty(), "{open}");
            assert_eq!(screen.notice(), "Scanned codes do nothing here", "{open}");
            assert_eq!(format!("{:?}", screen.state.mode), page, "{open}");
        }
    }
}

#[test]
fn the_palette_takes_a_code_for_a_product() {
    for (command, product, pieces) in [
        ("4006381333931", "espresso", 1),
        ("34006381333931", "espresso", 3),
        ("012345678905 4", "croissant", 4),
        ("add 96385074 2", "cappuccino", 2),
    ] {
        let mut screen = screen();
        screen.keys(":");
        let added = scan(&mut screen, command);
        assert_eq!(added, [(product.to_owned(), pieces)], "{command}");
    }

    // Neither an unknown code nor one that may be two adds what has such digits in its name.
    let mut named = products();
    named[0].name = "Battery 4006381333900".into();
    for command in ["4006381333900", "304006381333931", "40063812"] {
        let mut screen = screen();
        let catalog = Catalog::new(named.clone());
        screen.take_in(Message::Catalog(Ok((catalog, Some(Shop::default()))), 0));
        screen.keys(":");
        assert_eq!(scan(&mut screen, command), [], "{command}");
        assert!(matches!(screen.state.mode, Mode::Palette { .. }));
    }
}

#[test]
fn digits_are_a_number_only_before_another_key() {
    let mut stage = screen();
    stage.keys("1 2");
    assert!(stage.picture().contains("12 × …"));
    stage.keys(&typed("34567"));
    assert!(stage.picture().contains("1234567 …"));

    for key in ["a", "+", "=", ".", "c", "tab", "/"] {
        for digits in ["1234567", "4006381333931", "4006381333931400638133393140"] {
            let mut screen = screen();
            let before = quantities(&screen);
            screen.keys(&typed(digits));
            screen.keys(key);
            assert_eq!(more_than(&before, &screen), [], "{digits} {key}");
            assert!(matches!(screen.state.mode, Mode::Browse), "{digits} {key}");
            assert!(screen.notice().contains("is too long for a number"));
            assert!(screen.state.digits.is_empty());
        }
    }

    // Nor is a code one at the prompt for a quantity, be it a small number by its zeros.
    for digits in ["4006381333931", "00012348"] {
        let mut screen = screen();
        screen.keys("=");
        assert_eq!(scan(&mut screen, digits), [], "{digits}");
        assert_eq!(screen.notice(), "Scanned codes do nothing here");
        assert!(matches!(screen.state.mode, Mode::Browse));
    }

    // A number of six digits is one, and so are seven digits no code.
    let mut stage = screen();
    let selected = stage.state.target().unwrap().to_string();
    assert_eq!(scan(&mut stage, "123456"), [(selected, 123_456)]);
    assert_eq!(scan(&mut stage, "1234567"), []);
    // Esc drops them, and what is scanned next is whole.
    stage.keys(&typed("40063813"));
    stage.keys("esc");
    assert_eq!(scan(&mut stage, "96385074"), [("cappuccino".to_owned(), 1)]);
}

#[test]
fn a_code_waits_for_the_catalog() {
    let mut stage = TestScreen::new(120, 36);
    stage.link(LiveEvent::Cart(Cart::default()));
    stage.state.connectivity = Connectivity::Live;
    let few = Catalog::new(products().drain(..3).collect());
    stage.take_in(Message::CatalogBegun(few, Some(Shop::default())));
    assert_eq!(scan(&mut stage, "4006381333931"), []);
    assert_eq!(scan(&mut stage, "2012345678905"), []);

    let before = quantities(&stage);
    let catalog = Catalog::new(products());
    stage.take_in(Message::Catalog(Ok((catalog, Some(Shop::default()))), 0));
    assert_eq!(
        more_than(&before, &stage),
        [("croissant".to_owned(), 2), ("espresso".to_owned(), 1)]
    );

    // Where it can't be read, that is told.
    let mut stage = TestScreen::new(120, 36);
    stage.state.connectivity = Connectivity::Live;
    stage.take_in(Message::Catalog(Err(Trouble::Lost), 0));
    assert_eq!(scan(&mut stage, "4006381333931"), []);
    assert!(
        stage
            .notice()
            .starts_with("The catalog has not been read yet")
    );
}

#[test]
fn pasted_codes_are_one_change() {
    let mut stage = screen();
    let paste = |stage: &mut TestScreen, text: &str| {
        let before = quantities(stage);
        let waiting = stage.state.cart.unconfirmed.len();
        stage.take_in(Message::Paste(text.to_owned()));
        let changes = stage.state.cart.unconfirmed.len() - waiting;
        (more_than(&before, stage), changes)
    };

    let several = "4006381333931\r\n3012345678905\n\n 4006381333931 \n96385074\n";
    let added = [("cappuccino", 1), ("croissant", 3), ("espresso", 2)];
    let added = added.map(|(product, pieces)| (product.to_owned(), pieces));
    assert_eq!(paste(&mut stage, several), (added.to_vec(), 1));
    assert_eq!(stage.notice(), "Added 6 pieces of 3 products");

    let one = (vec![("cappuccino".to_owned(), 1)], 1);
    assert_eq!(paste(&mut stage, "96385074"), one);
    stage.keys("/");
    assert_eq!(paste(&mut stage, "96385074\r"), one);
    assert!(matches!(stage.state.mode, Mode::Browse));

    // All or none.
    assert_eq!(
        paste(&mut stage, "96385074\n4006381333900\n"),
        (Vec::new(), 0)
    );
    assert_eq!(
        stage.notice(),
        "Line 2: No product has the code 4006381333900; nothing was added"
    );
    for other in ["hello", "96385074\nhello", "123\n456", "\n", ""] {
        assert_eq!(paste(&mut stage, other), (Vec::new(), 0), "{other:?}");
    }

    // Without its Enter it is a word to search for.
    stage.keys("/");
    assert_eq!(paste(&mut stage, "96385074"), (Vec::new(), 0));
    assert_eq!(stage.state.catalog.words.value(), "96385074");

    let mut stage = screen();
    stage.keys("c");
    assert_eq!(paste(&mut stage, several), (Vec::new(), 0));
    assert!(stage.notice().starts_with("Pasted text orders nothing"));
}

fn one_of<'a, T>(all: &'a [T], random: &mut Random) -> &'a T {
    &all[usize::try_from(random.below(all.len() as u64)).unwrap()]
}

/// A code with its check digit.
fn random_code(random: &mut Random) -> String {
    let length = *one_of(&[8, 12, 13, 14], random);
    let digits: String = (1..length).map(|_| random.below(10).to_string()).collect();
    let sum: u32 = (digits.bytes().rev().map(|digit| u32::from(digit - b'0')))
        .zip([3, 1].into_iter().cycle())
        .map(|(digit, weight)| digit * weight)
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

/// Whatever is scanned where, no other product than that with the code becomes more, by no other
/// number than the one typed before it.
#[test]
fn random_codes_never_change_another_product() {
    let mut random = Random(7);
    let mut products = demo_products();
    for product in &mut products {
        product.barcode = random_code(&mut random).into();
    }
    let mut stage = TestScreen::filled(120, 36);
    let catalog = Catalog::new(products.clone());
    stage.take_in(Message::Catalog(Ok((catalog, Some(Shop::default()))), 0));

    let mut known = 0;
    for _ in 0..1_000 {
        stage.state.cart.unconfirmed.clear();
        let confirmed = stage.state.cart.confirmed.clone();
        stage.link(LiveEvent::Cart(confirmed));
        stage.keys("esc esc esc esc");
        let open: &&str = one_of(&LISTS, &mut random);
        stage.keys(open);
        let product = one_of(&products, &mut random).clone();
        let code = match random.below(2) {
            0 => product.barcode.to_string(),
            _ => random_code(&mut random),
        };
        let count = match random.below(2) {
            0 => None,
            _ => Some(1 + u32::try_from(random.below(99)).unwrap()),
        };
        let digits = count.map_or_else(String::new, |count| count.to_string()) + &code;

        let added = scan(&mut stage, &digits);
        let meant = vec![(product.id.to_string(), count.unwrap_or(1))];
        let is_known = *code == *product.barcode;
        assert!(
            added.is_empty() || is_known && added == meant,
            "{digits}: {added:?}"
        );
        assert!(!stage.notice().is_empty(), "{digits}");
        known += added.len();
    }
    assert!(known > 300, "{known}");
}

/// A server with the demo's products, each with a random code.
fn till_of_random_codes(random: &mut Random) -> (Server, Vec<(String, String)>) {
    let server = Server::with_demo();
    let mut codes = Vec::new();
    for product in demo_products() {
        let code = random_code(random);
        let product = product.id.to_string();
        server.raw(&["HSET", &format!("product:{product}"), "barcode", &code]);
        // Else a code may rightly be refused.
        server.raw(&["HDEL", &format!("product:{product}"), "stock"]);
        codes.push((product, code));
    }
    (server, codes)
}

/// The keys that open pages on which a code does nothing, and what each shows.
const PAGES: [(&str, &str); 4] = [
    ("c", "╭ Checkout"),
    ("o", "╭ Orders"),
    ("b", "╭ Carts"),
    ("?", "╭ Keys"),
];

/// One that scans random codes into a cart of its own, on any page and at any pace.
struct Scanner<'a> {
    till: Terminal,
    cart: String,
    server: &'a Server,
    codes: &'a [(String, String)],
    in_cart: BTreeMap<String, u32>,
    random: Random,
}

impl Scanner<'_> {
    /// Opens a list or a page, scans a known code or any other there, and goes back.
    fn scan(&mut self) {
        let page = match self.random.below(4) {
            0 => Some(*one_of(&PAGES, &mut self.random)),
            _ => None,
        };
        match page {
            Some((keys, title)) => {
                self.till.keys(keys);
                self.till.wait(title);
            }
            None => {
                let open: &&str = one_of(&LISTS, &mut self.random);
                self.till.keys(open);
            }
        }

        let (product, known) = one_of(self.codes, &mut self.random);
        let code = match self.random.below(2) {
            0 => known.clone(),
            _ => random_code(&mut self.random),
        };
        let count = match self.random.below(2) {
            0 => None,
            _ => Some(1 + u32::try_from(self.random.below(99)).unwrap()),
        };
        let digits = count.map_or_else(String::new, |count| count.to_string()) + &code;
        self.type_at_some_pace(&digits);

        let told = self.told(&digits);
        if told.starts_with("Added ") {
            let meant = count.unwrap_or(1);
            assert!(page.is_none() && code == *known, "{digits}: {told}");
            assert!(told.starts_with(&format!("Added {meant} × ")), "{told}");
            *self.in_cart.entry(product.clone()).or_default() += meant;
        }
        until("the cart holds what was scanned, and nothing else", || {
            self.holds() == self.in_cart
        });

        self.till.keys("esc esc esc");
        self.till.wait("╭ Catalog 64 products");
        self.till
            .gone("Added |No product has|This is |Scanned codes");
    }

    /// Types digits and Enter with pauses of up to 50 ms, of which each code has its own most.
    fn type_at_some_pace(&mut self, digits: &str) {
        let most = self.random.below(51);
        for key in digits.bytes().chain([b'\r']) {
            self.till.send(&[key]);
            std::thread::sleep(Duration::from_millis(self.random.below(most + 1)));
        }
    }

    /// What the screen says of a code.
    fn told(&self, digits: &str) -> String {
        let is_told = |line: &&str| {
            let starts = ["Added ", "No product has", "This is ", "Scanned codes"];
            starts
                .iter()
                .any(|start| line.trim_start().starts_with(start))
        };
        self.till
            .wait_until(&format!("nothing is said of {digits}"), |screen| {
                screen.contents().lines().any(|line| is_told(&line))
            });
        let text = self.till.text();
        let told = text.lines().find(is_told).unwrap();
        told.trim().to_owned()
    }

    fn holds(&self) -> BTreeMap<String, u32> {
        let all = self
            .server
            .get_list(&format!("ZRANGE cart:{} 0 -1 WITHSCORES", self.cart));
        let pairs = all.chunks_exact(2);
        pairs
            .map(|pair| (pair[0].clone(), pair[1].parse().unwrap()))
            .collect()
    }
}

#[test]
fn random_codes_at_any_pace_are_never_a_number() {
    const TILLS: u64 = 6;
    let codes = std::env::var("TROLLEY_CODES").map_or(60, |codes| codes.parse().unwrap());

    let mut random = Random(11);
    let (server, known) = till_of_random_codes(&mut random);
    let tills = (0..TILLS).map(|number| {
        let cart = format!("till-{number}");
        // Else it has no checkout.
        ok(&server, &["--user", &cart, "add", "espresso"]);
        let till = Terminal::builder(TROLLEY)
            .args(&["--redis", server.url(), "--user", &cart, "--name", "ann"])
            // More pieces than all scans add up to.
            .args(&["--line-limit", "999999"])
            .home(server.dir())
            .open();
        Scanner {
            till,
            cart,
            server: &server,
            codes: &known,
            in_cart: BTreeMap::from([("espresso".to_owned(), 1)]),
            random: Random(100 + number),
        }
    });
    let mut tills: Vec<Scanner<'_>> = tills.collect();

    std::thread::scope(|scope| {
        for scanner in &mut tills {
            scope.spawn(|| {
                scanner.till.wait("64 products");
                for _ in 0..u64::div_ceil(codes, TILLS) {
                    scanner.scan();
                }
            });
        }
    });
    let added: usize = tills.iter().map(|scanner| scanner.in_cart.len()).sum();
    assert!(added as u64 > codes / 20 || added > 100, "{added}");
}

/// A shop whose products have codes.
fn till() -> Server {
    let server = Server::with_demo();
    for (product, codes) in CODES {
        server.raw(&["HSET", &format!("product:{product}"), "barcode", codes]);
    }
    server
}

/// Scans a code, char by char or in one burst.
fn type_code(till: &mut Terminal, digits: &str, in_one_burst: bool) {
    if in_one_burst {
        till.send(format!("{digits}\r").as_bytes());
    } else {
        for digit in digits.bytes().chain([b'\r']) {
            till.send(&[digit]);
        }
    }
}

#[test]
fn a_real_terminal_takes_codes_at_any_pace() {
    let server = till();
    let in_cart = |product: &str| server.get(&format!("ZSCORE cart:till {product}"));
    let mut till = shop(&server, "till", "ann");
    till.wait("64 products");
    // A row that would grow, if digits were a number.
    till.keys("a");
    till.wait("1 item ");
    until("the row is in the cart", || in_cart("baguette") == "1");

    let mut scanned = 0;
    for open in ["down", "tab", "/", "w", "v"] {
        for in_one_burst in [false, true] {
            till.keys(open);
            type_code(&mut till, "4006381333931", in_one_burst);
            type_code(&mut till, "34006381333931", in_one_burst);
            till.wait("Added 3 × .* \\(4006381333931\\)");
            scanned += 4;
            until("the codes are in the cart", || {
                in_cart("espresso") == scanned.to_string()
            });
            type_code(&mut till, "4006381333900", in_one_burst);
            till.wait("No product has the code 4006381333900");
            till.keys("esc esc esc");
        }
    }
    assert_eq!(in_cart("baguette"), "1");

    // A whole box in one burst: each counts.
    till.send("96385074\r012345678905\r".repeat(20).as_bytes());
    until("all of them are in the cart", || {
        in_cart("cappuccino") == "20" && in_cart("croissant") == "20"
    });
    till.paste("96385074\n2012345678905\n");
    till.wait("Added 3 pieces of 2 products");
    until("the pasted ones, too", || {
        in_cart("cappuccino") == "21" && in_cart("croissant") == "22"
    });

    till.keys(":");
    type_code(&mut till, "34006381333931", true);
    scanned += 3;
    until("the palette adds it", || {
        in_cart("espresso") == scanned.to_string()
    });
    assert_eq!(in_cart("baguette"), "1");
}

#[test]
fn scanning_orders_nothing_in_the_checkout() {
    let server = till();
    ok(&server, &["--user", "till", "add", "croissant", "2"]);
    let mut till = shop_sized(&server, "till", "ann", 80, 24);
    till.keys("c");
    till.wait("Press Y to place the order");
    for in_one_burst in [false, true] {
        type_code(&mut till, "4006381333931", in_one_burst);
        type_code(&mut till, "3012345678905", in_one_burst);
        till.wait("Scanned codes do nothing here");
    }
    // This is read after all of it.
    till.keys("?");
    till.wait("╭ Keys");
    assert_eq!(server.get("EXISTS orders"), "0");
    assert_eq!(server.get("ZCARD cart:till"), "1");
    assert_eq!(server.get("ZSCORE cart:till croissant"), "2");
}
