//! Importing what other programs export: recognised by its columns, or mapped by hand.

use crate::harness::{Server, ok};
use crate::import::{hash, pairs, piped, says, write};
use serde_json::{Value, json};

/// A file as Shopify exports it: variants below their product, rows of pictures, a draft.
const SHOPIFY: &str = "\
Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU,Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,Variant Price,Variant Compare At Price,Image Src,Gift Card,Status
green-tea,Green Tea,\"<p>Mild &amp; <b>fresh</b></p>
<ul><li>Organic</li></ul>\",Ann,Food > Drinks > Tea,Tea,\"tea, green\",TRUE,Size,100 g,,,GT-100,100,shopify,12,deny,2.40,3.00,https://shop.example/a.jpg,FALSE,active
green-tea,,,,,,,,,250 g,,,GT-250,250,shopify,0,continue,5.10,,,,
green-tea,,,,,,,,,,,,,,,,,,,https://shop.example/b.jpg,,
mug,Mug,,Ann,Home > Kitchen > Mugs,,,TRUE,Title,Default Title,,,'0042,300,,0,deny,9,,,FALSE,active
shirt,Shirt,,Ann,,Clothes,,TRUE,Size,L,Colour,Dark Red,,200,shopify,3,deny,19.90,,,FALSE,active
shirt,,,,,,,,,XL,,Dark Red,,200,shopify,-2,deny,19.90,,,,
secret,Secret,,Ann,,Tea,,FALSE,Title,Default Title,,,SEC,1,shopify,1,deny,1.00,,,FALSE,draft
";

#[test]
fn a_shopify_export_comes_in_as_it_is() {
    let server = Server::start();
    let path = write(&server, "products_export.csv", SHOPIFY);
    let (status, said, complaint) = says(&server, &["import", &path]);
    assert_eq!(
        (status, &*complaint),
        (
            1,
            "line 8: “-2” is not a valid stock: write a whole number of at most 15 digits, or \
             nothing for unlimited\n"
        )
    );
    assert_eq!(
        said,
        "4 added, 0 changed, 0 unchanged, 1 bad\n\
         The file was read as a product export of Shopify\n\
         Passed over: 1 row that only heads its variants, or isn't for sale\n\
         Passed over: 9 columns (“Vendor”, “Tags”, “Published”, “Option1 Name”, “Option2 Name”, \
         “Variant Grams”, “Variant Compare At Price”, “Image Src”, “Gift Card”)\n"
    );

    let tea = [
        ("name", "Green Tea, 100 g"),
        ("price", "2.40"),
        ("category", "Tea"),
        ("stock", "12"),
        ("description", "Mild & fresh Organic"),
    ];
    assert_eq!(hash(&server, "GT-100"), pairs(&tea));
    let more_tea = [
        ("name", "Green Tea, 250 g"),
        ("price", "5.10"),
        ("category", "Tea"),
        ("description", "Mild & fresh Organic"),
    ];
    assert_eq!(hash(&server, "GT-250"), pairs(&more_tea));
    let mug = [("name", "Mug"), ("price", "9"), ("category", "Mugs")];
    assert_eq!(hash(&server, "0042"), pairs(&mug));
    let shirt = [
        ("name", "Shirt, L, Dark Red"),
        ("price", "19.90"),
        ("category", "Clothes"),
        ("stock", "3"),
    ];
    assert_eq!(hash(&server, "shirt-l-dark-red"), pairs(&shirt));
    assert_eq!(server.get("ZCARD catalog"), "4");

    // Once more, it changes nothing.
    let before = server.digest();
    let (_, said, _) = says(&server, &["import", &path, "--json"]);
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (
            &said["unchanged"],
            &said["format"],
            &said["rows_passed_over"],
            &said["columns_passed_over"][8]
        ),
        (&json!(4), &json!("shopify"), &json!(1), &json!("Gift Card"))
    );
    assert_eq!(server.digest(), before);
}

/// A file as WooCommerce exports it: a product of two variations, one that is not public.
const WOOCOMMERCE: &str = "\u{feff}\
ID,Type,SKU,Name,Published,\"Is featured?\",\"Short description\",Description,\"In stock?\",Stock,\"Sale price\",\"Regular price\",Categories,Parent,\"Attribute 1 name\",\"Attribute 1 value(s)\",\"Attribute 2 name\",\"Attribute 2 value(s)\"
44,simple,tea-1,\"Green Tea\",1,0,,\"<p>Mild</p>\\n<p>and green</p>\",1,12,,2.4,\"Drinks > Tea, Offers\",,Origin,Japan,,
45,variable,hoodie,Hoodie,1,0,,\"<p>Warm</p>\",1,,,,\"Tops\\, warm > Hoodies\",,Colour,\"Blue, Red\",Logo,\"Yes, No\"
46,variation,hoodie-b,\"Hoodie - Blue, No\",1,0,,,1,,40,45.00,,hoodie,Colour,Blue,Logo,No
47,variation,,Hoodie,1,0,,,0,,,42,,id:45,Colour,Red,Logo,Yes
48,\"simple, virtual\",,\"Tea &amp; talk\",1,0,Once,,1,,,5,Events,,,,,
49,simple,old,\"Old tea\",-1,0,,,1,,,1,Drinks,,,,,
50,variation,lost,\"Lost - Small\",1,0,,,1,,,1,,gone,Size,Small,,
";

#[test]
fn a_woocommerce_export_comes_in_as_it_is() {
    let server = Server::start();
    let path = write(&server, "wc-product-export.csv", WOOCOMMERCE);
    let (status, said, complaint) = says(&server, &["import", &path]);
    assert_eq!(
        (status, &*complaint),
        (
            1,
            "line 8: it is a variant of “gone”, which must come before it in the file\n"
        )
    );
    assert!(
        said.starts_with(
            "4 added, 0 changed, 0 unchanged, 1 bad\n\
             The file was read as a product export of WooCommerce\n\
             Passed over: 2 rows that only head their variants, or aren't for sale\n"
        ),
        "{said}"
    );

    for (id, fields) in [
        (
            "tea-1",
            &[
                ("name", "Green Tea"),
                ("price", "2.4"),
                ("category", "Tea"),
                ("stock", "12"),
                ("description", "Mild and green"),
            ][..],
        ),
        (
            "hoodie-b",
            &[
                ("name", "Hoodie - Blue, No"),
                ("price", "45.00"),
                ("category", "Hoodies"),
                ("description", "Warm"),
            ],
        ),
        (
            "47",
            &[
                ("name", "Hoodie, Red, Yes"),
                ("price", "42"),
                ("category", "Hoodies"),
                ("stock", "0"),
                ("description", "Warm"),
            ],
        ),
        (
            "48",
            &[
                ("name", "Tea & talk"),
                ("price", "5"),
                ("category", "Events"),
                ("description", "Once"),
            ],
        ),
    ] {
        assert_eq!(hash(&server, id), pairs(fields), "{id}");
    }
    let before = server.digest();
    let (_, said, _) = says(&server, &["import", &path]);
    assert!(
        said.starts_with("0 added, 0 changed, 4 unchanged"),
        "{said}"
    );
    assert_eq!(server.digest(), before);
}

#[test]
fn other_programs_are_recognised_too() {
    let server = Server::start();
    for (file, code, id, fields) in [
        (
            "Token,Item Name,Variation Name,SKU,Description,Categories,Price,Current Quantity Main St,Archived\n\
             T1,Coffee,Regular,C-R,Hot,Food > Drinks,3.50,7,N\n\
             T2,Coffee,Large,,Hot,Food > Drinks,4.50,,N\n\
             T3,Tea,Regular,,,,1,,Y\n",
            "square",
            "T2",
            &[
                ("name", "Coffee, Large"),
                ("price", "4.50"),
                ("category", "Drinks"),
                ("description", "Hot"),
            ][..],
        ),
        (
            "id,default_code,name,list_price,categ_id,qty_available,product_template_variant_value_ids\n\
             __export__.p_1,FURN-1,Desk,120.5,All / Saleable / Office,4.0,\"Legs: Steel,Color: White\"\n\
             __export__.p_2,,Lamp,20.0,All,0.0,\n",
            "odoo",
            "FURN-1",
            &[
                ("name", "Desk, Steel, White"),
                ("price", "120.5"),
                ("category", "Office"),
                ("stock", "4"),
            ],
        ),
        (
            "code\tproduct_name\tquantity\tcategories\tnutriscore_grade\tprice\n\
             4006381333931\tGr\u{fc}ner Tee\t250 g\tBeverages, Teas, Green teas\ta\t2.40\n\
             3017620422003\tSpread\t400 g\tSpreads\te\t3.10\n",
            "openfoodfacts",
            "4006381333931",
            &[
                ("name", "Gr\u{fc}ner Tee"),
                ("price", "2.40"),
                ("category", "Green teas"),
                ("unit", "250 g"),
            ],
        ),
    ] {
        server.cmd("FLUSHALL");
        let (status, said, complaint) = piped(&server, &["import", "-", "--json"], file.as_bytes());
        assert_eq!((status, &*complaint), (0, ""), "{code}");
        let said: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(
            (&said["format"], &said["added"]),
            (&json!(code), &json!(2)),
            "{said}"
        );
        assert_eq!(hash(&server, id), pairs(fields), "{code}");
    }

    // A product without a price is none: nothing makes one up.
    let file = "code\tproduct_name\n4006381333931\tTea\n1\tCake\n";
    let (status, _, complaint) = piped(&server, &["import", "-"], file.as_bytes());
    assert_eq!(status, 1);
    assert!(
        complaint
            .contains("line 3: there is no product “1” yet: a new one needs a name and a price"),
        "{complaint}"
    );
    assert_eq!(server.get("HGET product:4006381333931 name"), "Tea");
}

/// A program's own column of bar codes, with what such columns hold in practice.
#[test]
fn bar_codes_come_along() {
    let server = Server::start();
    for (file, id, codes) in [
        (
            "Handle,Title,Option1 Value,Variant SKU,Variant Price,Variant Barcode\n\
             tea,Tea,100 g,T-1,2.40,'4006381333931\n\
             tea,,250 g,T-2,5.40,\"012345678905, 96385074\"\n",
            "T-2",
            Some("012345678905 96385074"),
        ),
        (
            "ID,Type,SKU,Name,Regular price,\"GTIN, UPC, EAN, or ISBN\"\n\
             1,simple,W-1,Book,12,978-3-16-148410-0\n\
             2,simple,W-2,Pen,1,none\n",
            "W-1",
            Some("9783161484100"),
        ),
        (
            "Token,Item Name,Variation Name,SKU,GTIN,Price\n\
             T1,Coffee,Regular,C-R,00012345678905,3.50\n\
             T2,Coffee,Large,C-L,1.23457E+11,4.50\n",
            "C-R",
            Some("00012345678905"),
        ),
        (
            "id,default_code,barcode,name,list_price\n\
             x.1,FURN-1,4006381333931,Desk,120.5\n\
             x.2,,96385074,Lamp,20.0\n",
            "FURN-1",
            Some("4006381333931"),
        ),
        // What is the id already is no second code.
        (
            "code\tproduct_name\tprice\n4006381333931\tTea\t2.40\n96385074\tSpread\t3.10\n",
            "96385074",
            None,
        ),
        (
            "id,name,price,barcode\ntea,Tea,2.40,4006381333931 96385074 \ncake,Cake,3,\n",
            "tea",
            Some("4006381333931 96385074"),
        ),
    ] {
        server.cmd("FLUSHALL");
        let (status, said, complaint) = piped(&server, &["import", "-"], file.as_bytes());
        assert_eq!((status, &*complaint), (0, ""), "{file}");
        assert!(said.starts_with("2 added"), "{said}");
        let stored = hash(&server, id).remove("barcode");
        assert_eq!(stored.as_deref(), codes, "{file}");
    }

    let (_, exported, _) = piped(&server, &["export", "-"], b"");
    assert!(
        exported.contains("tea,Tea,2.40,,,,,4006381333931 96385074\n"),
        "{exported}"
    );

    // One's own column is taken at its word.
    let file = "id,name,price,barcode\ntea,Tea,2.40,4.00638E+12\n";
    let (status, _, complaint) = piped(&server, &["import", "-"], file.as_bytes());
    assert_eq!(status, 1);
    assert!(
        complaint.contains(
            "“4.00638E+12” is not a bar code: write 8 to 14 digits, or several codes with blanks"
        ),
        "{complaint}"
    );
}

#[test]
fn columns_are_mapped_by_hand() {
    let server = Server::start();
    let file = "Ref;title;Colour;Cost price;note\nT1;Tea;green;2.40;x\nT2;Cake;;3;\n";
    let path = write(&server, "other.csv", file);
    let map = [
        "import",
        &*path,
        "--map",
        "Ref=id",
        "--map",
        "TITLE=name",
        "--map",
        "Cost price=price",
    ];

    let (status, _, said) = says(&server, &["import", &path]);
    assert_eq!(status, 2);
    assert_eq!(
        said,
        "trolley: the first line must name the columns: there are no columns “Ref”, “title”, \
         “Colour”, “Cost price”, “note”; --map COLUMN=FIELD says what one is, --ignore-unknown \
         passes over them\n"
    );
    let (status, _, said) = says(&server, &map);
    assert!(
        status == 2 && said.contains("there are no columns “Colour”, “note”"),
        "{said}"
    );
    assert_eq!(server.get("DBSIZE"), "0");

    let with_rest = [&map[..], &["--ignore-unknown"]].concat();
    assert_eq!(
        ok(&server, &with_rest),
        "2 added, 0 changed, 0 unchanged\nPassed over: 2 columns (“Colour”, “note”)\n"
    );
    assert_eq!(
        hash(&server, "T1"),
        pairs(&[("name", "Tea"), ("price", "2.40")])
    );

    for (args, words) in [
        (
            &["--map", "title"][..],
            "“title” maps no column: write it like title=name",
        ),
        (
            &["--map", "title=nam"],
            "there is no column “nam”: did you mean “name”?",
        ),
        (
            &["--map", "Size=unit"],
            "the file has no column “size” to map",
        ),
        (
            &["--map", "title=name", "--ignore-unknown"],
            "the id is missing; --map COLUMN=id says which column it is",
        ),
    ] {
        let args = [&["import", &path][..], args].concat();
        let (status, _, said) = says(&server, &args);
        assert!(status == 2 && said.contains(words), "{args:?}: {said}");
    }

    // What is mapped counts more than what is recognised; where it is empty, that counts.
    let args = ["import", "-", "--map", "Sale price=price"];
    let (_, said, _) = piped(&server, &args, WOOCOMMERCE.as_bytes());
    assert!(said.contains("product export of WooCommerce"), "{said}");
    assert_eq!(server.get("HGET product:hoodie-b price"), "40");
    assert_eq!(server.get("HGET product:tea-1 price"), "2.4");

    // In JSON, too, where columns may be missing.
    let lines = "{\"Ref\":\"T1\",\"title\":\"Black tea\",\"more\":[1]}\n{\"Ref\":\"T9\",\"title\":\"Pie\",\"Cost price\":4.10}\n";
    let args = [&["import", "-"][..], &with_rest[2..]].concat();
    assert_eq!(
        piped(&server, &args, lines.as_bytes()),
        (
            0,
            "1 added, 1 changed, 0 unchanged\nPassed over: 1 column (“more”)\n".into(),
            String::new()
        )
    );
    assert_eq!(server.get("HGET product:T9 price"), "4.10");
}

#[test]
fn json_is_read_however_its_objects_stand() {
    let server = Server::start();
    let tea = r#"{"id":"tea","name":"Tea","price":2.40}"#;
    let bun = r#"{"id":"bun","name":"Bun [1]","price":1}"#;
    let pretty = |object: &str| object.replace(',', ",\n  ").replace('{', "{\n  ");
    for (name, file) in [
        ("a", format!("{{\"products\":[{tea},{bun}]}}")),
        (
            "b",
            format!(
                "{{\n \"name\": \"Ann's\",\n \"items\": [\n{},\n{}\n ], \"count\": 2\n}}\n",
                pretty(tea),
                bun
            ),
        ),
        (
            "c",
            format!(
                "{{\"page\":{{\"size\":2,\"tags\":[\"{{\"]}},\"data\":{{\"rows\":[ {tea} ,{bun}]}}}}"
            ),
        ),
        ("d", format!("{}\n{}\n", pretty(tea), pretty(bun))),
        ("e.json", format!("{tea}\n{bun}")),
        ("f.json", format!("{}{}", pretty(tea), pretty(bun))),
    ] {
        server.cmd("FLUSHALL");
        let path = write(&server, name, file);
        let (status, said, complaint) = says(&server, &["import", &path]);
        assert_eq!(
            (status, &*said, &*complaint),
            (0, "2 added, 0 changed, 0 unchanged\n", ""),
            "{name}"
        );
        assert_eq!(server.get("HGET product:tea price"), "2.40");
    }

    // A bad one is named by the line on which it begins.
    let file = format!("{{\n\"items\": [\n{},\n{{\"id\":\"x\"}}]}}", pretty(tea));
    let (status, _, complaint) = piped(&server, &["import", "-"], file.as_bytes());
    assert_eq!(status, 1);
    assert!(complaint.starts_with("line 7: "), "{complaint}");
    let cut = format!("{{\"items\":[{bun},");
    let (status, _, complaint) = piped(&server, &["import", "-"], cut.as_bytes());
    assert!(
        status == 1 && complaint.contains("it can't be read as JSON"),
        "{complaint}"
    );
}

#[test]
fn what_must_be_unpacked_is_named() {
    let server = Server::start();
    for (file, words) in [
        (
            &b"PK\x03\x04\x14\x00\x08\x00\x08\x00xxxxxxxxxxxxxxxx[Content_Types].xml"[..],
            "the file is a workbook: save its sheet as CSV (UTF-8)",
        ),
        (
            b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1",
            "the file is a workbook: save its sheet as CSV (UTF-8)",
        ),
        (
            b"PK\x03\x04\x14\x00\x08\x00products.csv",
            "the file is an archive: unpack it first",
        ),
        (
            b"\x1F\x8B\x08\x00",
            "the file is compressed: unpack it first",
        ),
    ] {
        let path = write(&server, "products.csv", file);
        let (status, _, said) = says(&server, &["import", &path]);
        assert_eq!((status, said), (2, format!("trolley: {words}\n")));
    }
}

#[test]
fn a_dry_run_says_what_would_change() {
    let file = "id,name,price\nespresso,Espresso,9.90\nnew,New,1\n";
    for options in [&[][..], &["--replace"], &["--replace", "--strict"]] {
        let server = Server::with_demo();
        server.cmd("HSET product:unlisted name Unlisted price 1");
        server.cmd("HSET product:42 views 3");
        let before = server.digest();
        let path = write(&server, "new.csv", file);
        let args = [&["import", &path][..], options].concat();

        let dry = ok(&server, &[&args[..], &["--dry-run"]].concat());
        assert_eq!(server.digest(), before);
        let told = dry.strip_prefix("Nothing was changed. Without --dry-run: ");
        assert_eq!(told, Some(&*ok(&server, &args)), "{args:?}");
        assert_ne!(server.digest(), before);
    }

    let server = Server::with_demo();
    let before = server.digest();
    let (status, said, complaint) = piped(
        &server,
        &["import", "-", "--dry-run", "--json"],
        b"id,name,price\nespresso,Espresso,9.90\nbad,Bad,x\n",
    );
    assert!(
        status == 1 && complaint.contains("not a valid price"),
        "{complaint}"
    );
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (&said["dry_run"], &said["changed"], &said["bad"]),
        (&json!(true), &json!(1), &json!(1))
    );
    assert_eq!(server.digest(), before);
}

#[test]
fn hostile_exports_are_told_and_harm_nothing() {
    let server = Server::start();

    // Thousands of columns, most of them unknown and many of one name.
    let names: Vec<String> = (0..10_000)
        .map(|n| format!("Column {}", n % 9_000))
        .collect();
    let header = format!("Handle,Title,Variant Price,{}", names.join(","));
    let row = format!("tea,Tea,2.40{}", ",x".repeat(10_000));
    let file = format!("{header}\n{row}\n");
    assert_eq!(
        piped(&server, &["import", "-"], file.as_bytes()),
        (
            0,
            "1 added, 0 changed, 0 unchanged\n\
             The file was read as a product export of Shopify\n\
             Passed over: 9000 columns (“Column 0”, “Column 1”, “Column 2”, “Column 3”, \
             “Column 4”, “Column 5”, “Column 6”, “Column 7”, “Column 8”, “Column 9” and 8990 more)\n"
                .into(),
            String::new()
        )
    );
    let (status, _, said) = piped(&server, &["import", "-"], names.join(",").as_bytes());
    assert!(
        status == 2 && said.contains("“Column 9” and 9990 more; --map"),
        "{said}"
    );

    // Huge cells, HTML without end, ids that can't be, variants of nothing, one id for two.
    let huge = "<p>".repeat(60_000) + "Mild<b";
    let file = format!(
        "Handle,Title,Body (HTML),Option1 Value,Variant SKU,Variant Price\n\
         a,A,\"{huge}\",,S1,1\n\
         b,B,{},,S2,1\n\
         c,C,,,\"{{x}}\u{202e}\u{1b}[31m\",1\n\
         d,,,L,S4,1\n\
         e,E,,,S1,1\n\
         f,F,,,{},1\n\
         g,G\x1b[31m,,\u{1b}]0;x\u{7},,1\n\
         h,H,,,,\"1,50\"\n\
         !!,I,,,,1\n",
        "x".repeat(10_001),
        "S".repeat(300),
    );
    let (status, said, complaint) = piped(&server, &["import", "-"], file.as_bytes());
    assert!(
        !complaint.contains('\u{1b}') && !said.contains('\u{1b}'),
        "{complaint}"
    );
    assert!(
        said.starts_with("3 added, 0 changed, 0 unchanged, 6 bad\n"),
        "{said}"
    );
    assert_eq!(status, 1);
    assert_eq!(
        complaint.lines().collect::<Vec<_>>(),
        [
            "line 3: the description is too long: 10001 bytes, the limit is 10000",
            "line 5: the name is empty",
            "line 6: the product on line 2 has the id “S1”, too",
            "line 7: the id is too long: 300 bytes, the limit is 256",
            "line 9: “1,50” is not a valid price: write 1.50, with a point",
            "line 10: the id is missing",
        ]
    );
    assert_eq!(server.get("HGET product:S1 description"), "Mild<b");
    assert_eq!(server.get("EXISTS product:-x--[31m"), "1");
}
