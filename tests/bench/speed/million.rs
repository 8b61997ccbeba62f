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

/// The catalog in memory.
pub fn catalog(size: u32) -> Catalog {
    let mut catalog = Catalog::default();
    for n in 0..size {
        let fields = fields(n);
        let [name, price, category, description] =
            fields.each_ref().map(|text| Some(text.as_bytes()));
        let product =
            Decoded::read(b"", [name, price, category, None, None, description, None]).unwrap();
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
        command(&[
            "HSET",
            &key,
            "name",
            &name,
            "price",
            &price,
            "category",
            &category,
            "description",
            &description,
        ]);
        command(&["ZADD", "catalog", "0", &id]);
    }
    drop(pipe);
    assert!(child.wait().unwrap().success());
}
