//! A catalog as large as one likes, the same each time.

use std::io::Write;
use std::process::{Command, Stdio};
use trolley::model::product::Decoded;
use trolley::model::{Catalog, Product, ProductId};

const FIRST: [&str; 20] = [
    "Dark", "Organic", "Crisp", "Golden", "Smoked", "Fresh", "Wild", "Roasted", "Sweet", "Salted",
    "Mild", "Aged", "Whole", "Ground", "Dried", "Frozen", "Spicy", "Creamy", "Light", "Classic",
];
const SECOND: [&str; 25] = [
    "Espresso",
    "Bread",
    "Apple",
    "Cheddar",
    "Olive Oil",
    "Almond",
    "Salmon",
    "Tomato",
    "Pasta",
    "Honey",
    "Chocolate",
    "Yoghurt",
    "Lentil",
    "Pepper",
    "Mustard",
    "Green Tea",
    "Rice",
    "Butter",
    "Walnut",
    "Basil",
    "Oat Milk",
    "Sausage",
    "Mushroom",
    "Biscuit",
    "Soap",
];
const THIRD: [&str; 12] = [
    "Bag", "Box", "Jar", "Tin", "Pack", "Bottle", "Tray", "Loaf", "Tube", "Crate", "Bundle", "Cup",
];

/// The fields of product `n`: name, price, category, description.
pub fn fields(n: u32) -> [String; 4] {
    // Mixed up, so that the order of the index is not that of the names.
    let mixed = (n.wrapping_mul(2_654_435_761) >> 3) as usize;
    let (a, b, c) = (
        FIRST[mixed % 20],
        SECOND[mixed / 20 % 25],
        THIRD[mixed / 500 % 12],
    );
    [
        format!("{a} {b} {c} {}", mixed % 100_000),
        format!("{}.{:02}", 1 + mixed % 90, mixed % 100),
        format!("Aisle {}", 1 + mixed % 60),
        format!(
            "{b}, {} and good, by the {}",
            a.to_lowercase(),
            c.to_lowercase()
        ),
    ]
}

pub fn id(n: u32) -> String {
    format!("p{n:07}")
}

/// The bar code of product `n`, an EAN-13.
pub fn code(n: u32) -> String {
    let digits = format!("40{n:010}");
    let weights = [1, 3].into_iter().cycle();
    let sum: u32 = (digits.bytes().zip(weights))
        .map(|(digit, weight)| u32::from(digit - b'0') * weight)
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

/// The catalog in memory.
pub fn catalog(size: u32) -> Catalog {
    made(size, |_| None)
}

/// The same with a bar code for each product.
pub fn coded_catalog(size: u32) -> Catalog {
    made(size, |n| Some(code(n)))
}

fn made(size: u32, code: impl Fn(u32) -> Option<String>) -> Catalog {
    let mut catalog = Catalog::default();
    for n in 0..size {
        let fields = fields(n);
        let [name, price, category, description] =
            fields.each_ref().map(|text| Some(text.as_bytes()));
        let code = code(n);
        let code = code.as_ref().map(|text| text.as_bytes());
        let product =
            Decoded::read(b"", [name, price, category, None, None, description, code]).unwrap();
        catalog.push(id(n).as_bytes(), &product);
    }
    catalog.sort();
    catalog
}

/// One product of it.
pub fn product(n: u32) -> Product {
    let fields = fields(n);
    let [name, price, category, description] = fields.each_ref().map(|text| Some(text.as_bytes()));
    let id = ProductId::stored(id(n).as_bytes());
    Product::decode(id, [name, price, category, None, None, description, None]).unwrap()
}

/// Fills a server with it.
pub fn fill(socket: &std::path::Path, size: u32) {
    fill_with(socket, size, |_| None);
}

/// The same with a bar code for each product.
pub fn fill_coded(socket: &std::path::Path, size: u32) {
    fill_with(socket, size, |n| Some(code(n)));
}

fn fill_with(socket: &std::path::Path, size: u32, code: impl Fn(u32) -> Option<String>) {
    let mut cli = Command::new("redis-cli");
    cli.arg("-s")
        .arg(socket)
        .arg("--pipe")
        .stdin(Stdio::piped())
        .stdout(Stdio::null());
    let mut child = cli.spawn().unwrap();
    let mut pipe = std::io::BufWriter::with_capacity(1 << 20, child.stdin.take().unwrap());
    let mut command = |words: &[&str]| {
        write!(pipe, "*{}\r\n", words.len()).unwrap();
        for word in words {
            write!(pipe, "${}\r\n{word}\r\n", word.len()).unwrap();
        }
    };
    command(&["HSET", "shop", "name", "Megastore", "currency", "€"]);
    for n in 0..size {
        let (id, [name, price, category, description]) = (id(n), fields(n));
        let key = format!("product:{id}");
        let mut hash = vec!["HSET", &key, "name", &name, "price", &price];
        hash.extend(["category", &category, "description", &description]);
        let code = code(n);
        if let Some(code) = &code {
            hash.extend(["barcode", code]);
        }
        command(&hash);
        command(&["ZADD", "catalog", "0", &id]);
    }
    drop(pipe);
    assert!(child.wait().unwrap().success());
}
