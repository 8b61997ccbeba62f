//! Whatever Redis, files and people send, decoding it neither panics nor lets harm through.
//!
//! Longer: `PROPTEST_CASES=200000 cargo test --release --test suite fuzz:: -- --skip damage_fuzz`

use proptest::prelude::*;
use std::ops::ControlFlow;
use trolley::catalog_file;
use trolley::catalog_file::{ColumnRules, Format, ParsedRow, ProductRow};
use trolley::config::key::Key;
use trolley::config::{Flags, Settings};
use trolley::model::{Catalog, Product, ProductId, Timeout, quantity, text};
use trolley::store::Address;
use trolley::store::cart::decode;
use trolley::store::catalog::decode::catalog_news;
use trolley::store::catalog::demo;

fn cases() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(2_000);
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// A good text with some of its bytes replaced, dropped and doubled.
fn mangled(good: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
    let wounds = proptest::collection::vec((0..good.len(), any::<u8>(), 0u8..4), 0..12);
    wounds.prop_map(move |wounds| {
        let mut bytes = good.to_vec();
        for (place, byte, wound) in wounds {
            let place = place.min(bytes.len().saturating_sub(1));
            match wound {
                _ if bytes.is_empty() => {}
                0 => bytes[place] = byte,
                1 => drop(bytes.remove(place)),
                2 => bytes.insert(place, byte),
                _ => bytes.extend_from_within(place..),
            }
            bytes.truncate(4096);
        }
        bytes
    })
}

/// Text that has entered has no control characters; what else is harmful stays out of terminals.
fn is_harmless(text: &str) -> bool {
    let is_hidden = |c| ('\u{202a}'..='\u{202e}').contains(&c) || c == '\u{200b}';
    !text.contains(char::is_control) && !text::shown(text).contains(is_hidden)
}

const UPDATE: &[u8] = br#"{"v":"1790000000000001","op":"a-1","by":"ann","kind":"edit","at":5,"until":9,"count":2,"lines":[["tea",3,-1],["cake",1,1,"2.40"]]}"#;
const WATCHERS: &[u8] = br#"{"watchers":["0123 ann@till","4567 bob"]}"#;
const CONFIG: &[u8] = b"redis = 'redis://h:1/0'\nuser = 'alice'\nname = 'ann'\nsession_timeout = '30m'\nitem_timeout = 'never'\nline_limit = 99\n";
const CSV: &[u8] = b"id,name,category,price,unit,stock,description\ntea,\"Tea, green\",Drinks,2.40,cup,,Hot\ncake,Cake,Food,3.10,slice,4,\"Sweet \"\"and\"\" soft\"\n";

const JSON: &[u8] = b"[{\"id\":\"tea\",\"name\":\"Tea\",\"price\":2.40},\n{\"id\":\"cake\",\"name\":\"Cake\",\"price\":\"3.10\",\"stock\":4,\"unit\":null}]";

const EXPORT: &[u8] = b"Handle,Title,Body (HTML),Product Category,Option1 Value,Variant SKU,Variant Inventory Tracker,Variant Inventory Qty,Variant Price,Status\ntea,Tea,<p>A &amp; <b>b</b><!-- c --></p>,Food > Tea,L,'1,shopify,4,2.40,active\ntea,,,,M,,,,3,\n";

const DOCUMENT: &[u8] = b"{\"page\":{\"of\":[1]},\"products\":[{\"code\":\"1\",\"product_name\":\"Tea &amp; <i>cake</i>\",\"price\":2.40,\"categories\":\"Food, Teas\"},\n{\"code\":2,\"product_name\":\"Cake\"}]}";

/// Text that matches a pattern, which is parsed once (a bare pattern is parsed for every text).
fn matching(pattern: &str) -> impl Strategy<Value = String> + use<> {
    proptest::string::string_regex(pattern).unwrap()
}

/// A good product with any text.
fn row() -> impl Strategy<Value = ProductRow> {
    // One that shows as it is.
    let shows = |id: &String| id.trim() == id && text::is_shown_exactly(id);
    let id = matching("[^{}\\pC]{1,40}").prop_filter("it can't be shown", shows);
    let words = || matching("\\PC{0,20}|(?s).{0,40}|[\",;'\r\n\t \\\\]{0,10}");
    (
        id,
        matching("(?s).{1,40}"),
        matching("[0-9]{1,12}(\\.[0-9]{1,6})?"),
        words(),
        words(),
        matching("[0-9]{0,15}"),
        words(),
        matching("([0-9]{8,14}( [0-9]{8,14}){0,2})?"),
    )
        .prop_map(
            |(id, name, price, category, unit, stock, description, barcode)| ProductRow {
                line: 0,
                id: ProductId::stored(id.as_bytes()),
                fields: [name, price, category, unit, stock, description, barcode].map(Some),
            },
        )
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn updates(message in mangled(UPDATE)) {
        if let Some(update) = decode::update(&message) {
            prop_assert!(is_harmless(&update.by));
            // What it undoes can be written again.
            prop_assert!(update.inverse().len() <= update.lines.len());
        }
        let _ = catalog_news(&message);
    }

    #[test]
    fn watchers(message in mangled(WATCHERS)) {
        for watcher in decode::watchers(&message).unwrap_or_default() {
            prop_assert!(is_harmless(&watcher.name));
        }
    }

    #[test]
    fn snapshots(answer in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..16)) {
        if let Some(cart) = decode::snapshot(&answer) {
            prop_assert!(cart.pieces() < u64::MAX);
        }
    }

    #[test]
    fn products(id in any::<Vec<u8>>(), fields in proptest::array::uniform7(proptest::option::of(any::<Vec<u8>>()))) {
        let raw = fields.each_ref().map(Option::as_deref);
        if let Some(product) = Product::decode(ProductId::stored(&id), raw) {
            for shown in [&*product.name, &*product.category, &*product.unit, &*product.description, &*product.barcode, &product.id.to_string()] {
                prop_assert!(is_harmless(shown));
            }
            let catalog = Catalog::new(vec![product]);
            let words = String::from_utf8_lossy(&id).into_owned();
            let _ = trolley::model::search::marks(&words, "Espresso");
            let query = trolley::model::Query { words, ..Default::default() };
            let _ = trolley::model::Searcher::default().search(&catalog.view(), &query, &Default::default(), &mut ());
            let _ = catalog.resolve(&String::from_utf8_lossy(&id));
        }
    }

    #[test]
    fn settings(file in mangled(CONFIG)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, &file).unwrap();
        if let Err(error) = Settings::load(Flags::with_file(path)) {
            prop_assert!(error.to_string().lines().all(is_harmless), "{error:?}");
        }
    }

    #[test]
    fn catalog_files(file in mangled(CSV)) {
        for row in demo::rows(&file).unwrap_or_default() {
            let _ = Product::decode(row.id.clone(), row.fields.each_ref().map(|field| field.as_deref().map(str::as_bytes)));
        }
    }

    #[test]
    fn files_of_json(file in mangled(JSON), lines in any::<bool>()) {
        let format = if lines { Format::Jsonl } else { Format::Json };
        let said = catalog_file::read(&file[..], Some(format), &ColumnRules::default(), |item| {
            if let ParsedRow::Bad(bad) = item {
                assert!(is_harmless(&bad.flaw.to_string()), "{bad:?}");
            }
            ControlFlow::Continue(())
        });
        if let Err(error) = said {
            prop_assert!(is_harmless(&error.to_string()), "{error:?}");
        }
    }

    #[test]
    fn exports_of_other_programs(export in mangled(EXPORT), document in mangled(DOCUMENT)) {
        let rules = ColumnRules::new(&["Vendor=category".to_owned()], true).unwrap();
        for (file, rules) in [(&export, &ColumnRules::default()), (&export, &rules), (&document, &rules)] {
            let said = catalog_file::read(&file[..], None, rules, |item| {
                match item {
                    ParsedRow::Product(row) => {
                        let id = std::str::from_utf8(row.id.as_bytes()).unwrap();
                        assert!(text::is_shown_exactly(id) && !id.contains(['{', '}']), "{row:?}");
                    }
                    ParsedRow::Bad(bad) => assert!(is_harmless(&bad.flaw.to_string()), "{bad:?}"),
                    ParsedRow::Columns(facts) => {
                        assert!(facts.passed_over.iter().all(|name| is_harmless(name)), "{facts:?}");
                    }
                    ParsedRow::PassedOver => {}
                }
                ControlFlow::Continue(())
            });
            if let Err(error) = said {
                prop_assert!(is_harmless(&error.to_string()), "{error:?}");
            }
        }
    }

    /// What is exported is imported again, to the byte.
    #[test]
    fn export_and_import(rows in proptest::collection::vec(row(), 0..6)) {
        for format in [Format::Csv, Format::Json, Format::Jsonl] {
            let mut writer = catalog_file::Writer::new(Vec::new(), format).unwrap();
            for row in &rows {
                let fields = row.fields.clone().map(|field| field.filter(|text| !text.is_empty()).map(String::into_bytes));
                writer.write(&row.id, &fields).unwrap();
            }
            prop_assert_eq!(writer.inexact, 0);
            let file = writer.finish().unwrap();
            let mut read = Vec::new();
            // Without its name, the first byte tells what it is; an empty one is nothing.
            let named = rows.is_empty().then_some(format);
            catalog_file::read(&file[..], named, &ColumnRules::default(), |item| {
                read.push(item);
                ControlFlow::Continue(())
            }).unwrap();
            let lines = |item: ParsedRow| match item {
                ParsedRow::Product(row) => ParsedRow::Product(ProductRow { line: 0, ..row }),
                bad => bad,
            };
            let read: Vec<ParsedRow> = read.into_iter().map(lines).collect();
            let expected: Vec<ParsedRow> = rows.iter().cloned().map(ParsedRow::Product).collect();
            prop_assert_eq!(read, expected, "{}", String::from_utf8_lossy(&file));
        }
    }

    #[test]
    fn what_people_type(typed in matching(".{0,80}")) {
        if let Err(refusal) = quantity::parse(&typed, 999) {
            prop_assert!(is_harmless(&refusal.to_string()), "{refusal}");
        }
        if let Err(why) = Timeout::parse(&typed) {
            prop_assert!(is_harmless(&why), "{why}");
        }
        if let Err(trouble) = Address::parse(&typed) {
            prop_assert!(is_harmless(&trouble.to_string()), "{trouble}");
        }
        let _ = Key::parse(&typed);
        prop_assert!(is_harmless(&text::truncate(&text::sanitize(typed.as_bytes()), 20)));
    }
}
