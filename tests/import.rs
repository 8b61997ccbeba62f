//! Importing and exporting: files of every kind, hostile ones too, into a real server.

use crate::harness;

use harness::patience::Pending;
use harness::{
    Deadline, Finish, PATIENCE, Proxy, Running, Server, command, in_time, ok, run, shop, trolley,
    until,
};
use rustix::process::Signal;
use serde_json::Value;
use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::Ordering;

pub(crate) fn write(server: &Server, name: &str, content: impl AsRef<[u8]>) -> String {
    let path = server.dir().join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Runs a command; its exit status, and what it says on both streams.
pub(crate) fn says(server: &Server, args: &[&str]) -> (i32, String, String) {
    let output = run(server, args);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

pub(crate) fn piped(server: &Server, args: &[&str], input: &[u8]) -> (i32, String, String) {
    let args = [&["--redis", server.url()], args].concat();
    let child = Running::start_fed(&mut trolley(server.dir(), &args));
    child.feed(input);
    let output = child.finish();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

pub(crate) fn hash(server: &Server, id: &str) -> BTreeMap<String, String> {
    let words = server.raw(&[b"HGETALL", format!("product:{id}").as_bytes()]);
    redis::from_redis_value(words).unwrap()
}

pub(crate) fn pairs(fields: &[(&str, &str)]) -> BTreeMap<String, String> {
    fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

const TEAS: &str =
    "id,name,price,unit\ngreen,Green Tea,2.40,cup\nblack,\"Black, strong\",2.10,cup\n";

#[test]
fn every_format_gives_the_same_products() {
    let json = r#"[{"id":"green","name":"Green Tea","price":2.40,"unit":"cup"},
        {"unit":"cup","price":"2.10","name":"Black, strong","id":"black"}]"#;
    let lines = "{\"id\":\"green\",\"name\":\"Green Tea\",\"price\":2.40,\"unit\":\"cup\"}\n\n\
        {\"id\":\"black\",\"name\":\"Black, strong\",\"price\":\"2.10\",\"unit\":\"cup\"}";
    let semicolons = "\u{feff}ID;Name;Price;Unit\r\ngreen;Green Tea;2.40;cup\r\nblack;Black, strong;2.10;cup\r\n";
    let server = Server::start();
    let mut digests = Vec::new();
    for (name, content) in [
        ("a.csv", TEAS),
        ("a.json", json),
        ("a.jsonl", lines),
        ("a.txt", semicolons),
    ] {
        for args in [
            &["import", &write(&server, name, content)][..],
            &["import", "-"],
        ] {
            server.cmd("FLUSHALL");
            let (status, said, complaint) = piped(&server, args, content.as_bytes());
            assert_eq!(
                (status, &*said, &*complaint),
                (0, "2 added, 0 changed, 0 unchanged\n", ""),
                "{name}"
            );
            digests.push(server.digest());
        }
    }
    digests.dedup();
    assert_eq!(digests.len(), 1);
    // The price is exactly as it was written, and never a float.
    let fields = [("name", "Green Tea"), ("price", "2.40"), ("unit", "cup")];
    assert_eq!(hash(&server, "green"), pairs(&fields));
}

#[test]
fn bad_rows_are_named_by_their_line_whatever_ends_the_lines() {
    let lines = [
        "id,name,price",
        "tea,Tea,2.40",
        "",
        "cake,Cake,free",
        "two,\"One",
        "two\",1.00",
        ",,",
        "bun,\"Bun\" x,1",
        "jam,Jam,dear",
        "nut,\"Nut,1",
    ];
    let server = Server::start();

    for end in ["\n", "\r\n"] {
        let file = write(&server, "lines.csv", &(lines.join(end) + end));
        let (status, _, complaint) = says(&server, &["import", &file]);
        let named: Vec<&str> = complaint
            .lines()
            .filter_map(|line| Some(line.split_once("line ")?.1.split_once(':')?.0))
            .collect();
        assert_eq!(
            (status, named),
            (1, vec!["4", "8", "9", "10"]),
            "{complaint}"
        );
    }
}

#[test]
fn spreadsheets_write_their_own_kind_of_csv() {
    // The separator named in front, rows of separators alone, and whole numbers with a fraction.
    let file = "sep=;\r\nid;name;price;stock\r\ntea;Tea;2.40;10.0\r\n;;;\r\n ; ;;\r\nbun;Bun;1;\r\nx;;;.0\r\n";
    let server = Server::start();

    let (status, said, complaint) = piped(&server, &["import", "-"], file.as_bytes());
    assert_eq!(status, 1);
    assert!(
        said.starts_with("2 added, 0 changed, 0 unchanged, 1 bad"),
        "{said}"
    );
    assert!(
        complaint.contains("line 7: the name is empty"),
        "{complaint}"
    );
    assert_eq!(server.get("HGET product:tea stock"), "10");

    let quoted = file.replace("sep=;", "\"sep=;\"");
    assert!(
        piped(&server, &["import", "-"], quoted.as_bytes())
            .1
            .contains("2 unchanged")
    );

    let without_bad = file.replace("x;;;.0\r\n", "");
    let args = &["import", "-", "--strict", "--replace"];
    let (status, said, complaint) = piped(&server, args, without_bad.as_bytes());
    assert_eq!(
        (status, &*said, &*complaint),
        (0, "0 added, 0 changed, 2 unchanged, 0 removed\n", "")
    );
}

#[test]
fn counts_and_what_an_import_leaves_alone() {
    let server = Server::start();
    ok(&server, &["import", &write(&server, "a.csv", TEAS)]);
    // Other programs keep their own things here, and the index its order.
    server.cmd("HSET product:green supplier acme stock 7");
    server.cmd("ZADD catalog 5 green");
    let again = "id,name,price,unit,category\ngreen,Green Tea,2.50,,Tea\nblack,\"Black, strong\",2.10,cup,\nwhite,White,3,,\n";
    let said = ok(
        &server,
        &["import", &write(&server, "b.csv", again), "--json"],
    );
    let said: Value = serde_json::from_str(&said).unwrap();
    let count = |name: &str| said[name].as_u64().unwrap();
    assert_eq!(
        (
            count("added"),
            count("changed"),
            count("unchanged"),
            count("removed"),
            count("bad")
        ),
        (1, 1, 1, 0, 0)
    );
    let fields = [
        ("name", "Green Tea"),
        ("price", "2.50"),
        ("category", "Tea"),
        ("stock", "7"),
        ("supplier", "acme"),
    ];
    assert_eq!(hash(&server, "green"), pairs(&fields));
    assert_eq!(server.get("ZSCORE catalog green"), "5");
    assert_eq!(
        hash(&server, "white"),
        pairs(&[("name", "White"), ("price", "3")])
    );
    // One column alone, for products that are there.
    let stock = write(&server, "c.csv", "id,stock\ngreen,5\nred,5\n");
    let (status, said, complaint) = says(&server, &["import", &stock]);
    assert_eq!(
        (status, &*said),
        (1, "0 added, 1 changed, 0 unchanged, 1 bad\n")
    );
    assert_eq!(
        complaint,
        "line 3: there is no product “red” yet: a new one needs a name and a price\n"
    );
    assert_eq!(server.get("EXISTS product:red"), "0");
    assert_eq!(server.get("HGET product:green stock"), "5");
}

#[test]
fn all_bad_rows_are_told_and_the_others_come_in() {
    let server = Server::start();
    server.cmd("SET product:taken text");
    let file = b"id,name,price,stock\n\
        good,Good,1,\n\
        ,Nobody,1,\n\
        a{b},Brace,1,\n\
        b\x1b[31m,Escape,1,\n\
        c,C,1e3,\n\
        d,D,-1,\n\
        e,E,1,many\n\
        f,,1,\n\
        g,G,1\n\
        h,\xff,1,\n\
        taken,Taken,1,\n\
        last,Last,2.5,3\n";
    let path = write(&server, "bad.csv", file);
    let (status, said, complaint) = says(&server, &["import", &path]);
    assert_eq!(
        (status, &*said),
        (1, "2 added, 0 changed, 0 unchanged, 10 bad\n"),
        "{complaint}"
    );
    let lines: Vec<u64> = complaint
        .lines()
        .map(|line| {
            line.strip_prefix("line ")
                .unwrap()
                .split_once(": ")
                .unwrap()
                .0
                .parse()
                .unwrap()
        })
        .collect();
    assert_eq!(lines, [3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    assert!(!complaint.contains('\u{1b}'), "{complaint}");
    assert_eq!(server.get_list("ZRANGE catalog 0 -1"), ["good", "last"]);
    // The same for programs: one document on stdout, and one line for each bad row.
    let (status, said, complaint) = says(&server, &["import", &path, "--json"]);
    assert_eq!(
        (status, said.lines().count(), complaint.lines().count()),
        (1, 1, 10)
    );
    let first: Value = serde_json::from_str(complaint.lines().next().unwrap()).unwrap();
    assert_eq!(
        first,
        serde_json::json!({ "bad": { "line": 3, "reason": "the id is missing" } })
    );
}

#[test]
fn strict_changes_nothing_where_anything_is_bad() {
    let server = Server::with_demo();
    let before = server.digest();
    server.cmd("SET product:taken text");
    let bad = format!("{TEAS}bad,Bad,x,\n");
    for input in [
        &*bad,
        "id,name,price\ngreen,Green,1\ntaken,Taken,1\n",
        "id,stock\nnothing,3\n",
    ] {
        server.cmd("DEL product:taken");
        if input.contains("taken") {
            server.cmd("SET product:taken text");
        }
        let before = server.digest();
        let (status, said, complaint) = piped(
            &server,
            &["import", "-", "--strict", "--replace"],
            input.as_bytes(),
        );
        assert_eq!(
            (status, &*said),
            (1, "1 bad: nothing was changed\n"),
            "{complaint}"
        );
        assert_eq!(server.digest(), before);
    }
    server.cmd("DEL product:taken");
    assert_eq!(server.digest(), before);
    let (status, said, _) = piped(&server, &["import", "-", "--strict"], TEAS.as_bytes());
    assert_eq!((status, &*said), (0, "2 added, 0 changed, 0 unchanged\n"));
}

#[test]
fn strict_reads_a_pipe_of_any_format_once() {
    let server = Server::start();
    let json_lines = r#"{"id":"green","name":"Green Tea","price":2.40}"#;
    for (name, content) in [
        ("a.csv", TEAS),
        ("b.jsonl", json_lines),
        ("c.pipe", json_lines),
    ] {
        server.cmd("FLUSHALL");
        let fifo = server.dir().join(name);
        assert!(command("mkfifo").arg(&fifo).finish().status.success());
        let args = [
            "--redis",
            server.url(),
            "import",
            "--strict",
            fifo.to_str().unwrap(),
        ];
        let import = Running::start(&mut trolley(server.dir(), &args));
        std::fs::write(&fifo, content).unwrap();
        let output = import.finish();
        assert!(output.status.success(), "{name}: {output:?}");
        assert_eq!(server.get("HGET product:green price"), "2.40", "{name}");
    }
    // The standard input by its name.
    server.cmd("FLUSHALL");
    let args = ["import", "--strict", "/dev/stdin"];
    let (status, said, _) = piped(&server, &args, json_lines.as_bytes());
    assert_eq!((status, &*said), (0, "1 added, 0 changed, 0 unchanged\n"));
}

#[test]
fn files_that_cannot_be_read_say_why() {
    let server = Server::with_demo();
    let before = server.digest();
    let deep = format!("[{}", "[".repeat(100_000));
    for (name, content, status, words) in [
        (
            "a.csv",
            &b"id,nam,price\na,A,1\n"[..],
            2,
            "there is no column “nam”: did you mean “name”?",
        ),
        (
            "b.csv",
            b"id,name,Name\na,A,1\n",
            2,
            "the column “name” appears twice",
        ),
        ("c.csv", b"name,price\nA,1\n", 2, "the id is missing"),
        (
            "c1.csv",
            b"id,name,price,\na,A,1,\n",
            2,
            "a column has no name",
        ),
        (
            "c2.csv",
            b"id,colour\na,red\n",
            2,
            "there is no column “colour” (id, name",
        ),
        (
            "c3.csv",
            b"\"id,name,price\na,A,1\n",
            2,
            "a quotation mark is opened and never closed",
        ),
        ("d.csv", b"", 2, "the id is missing"),
        ("e.csv", b"\xff\xfei\0d\0", 2, "save it as UTF-8"),
        ("f.json", deep.as_bytes(), 1, "it can't be read as JSON"),
        ("g.json", b"[{\"id\":\"a\"", 1, "it can't be read as JSON"),
        (
            "g1.json",
            b"[{\"id\":\"a\"},{\"id\":\"\"}]",
            1,
            "product 2 of the array: the id is missing",
        ),
        (
            "h.jsonl",
            b"{\"id\":\"a\",\"prise\":1}\n",
            1,
            "did you mean “price”?",
        ),
        (
            "i.jsonl",
            b"{\"id\":\"a\",\"id\":\"b\"}\n",
            1,
            "the column “id” appears twice",
        ),
        (
            "j.jsonl",
            b"{\"id\":[],\"name\":\"x\"}\n",
            1,
            "the id is neither text nor a number",
        ),
        (
            "k.jsonl",
            b"{\"id\":\"\\ud800\"}\n",
            1,
            "it can't be read as JSON",
        ),
    ] {
        let (code, _, said) = says(&server, &["import", &write(&server, name, content)]);
        assert!(
            code == status && said.contains(words),
            "{name}: {code} {said}"
        );
    }
    let (code, _, said) = says(&server, &["import", "/no/such/file"]);
    assert!(
        code == 2 && said.contains("can't read “/no/such/file”: No such file"),
        "{said}"
    );
    let (code, _, said) = says(&server, &["import", "/"]);
    assert!(
        code == 2 && said.contains("can't read “/”: Is a directory"),
        "{said}"
    );
    let (code, _, said) = says(&server, &["export", "/no/such/file"]);
    assert!(
        code == 2 && said == "trolley: can't write “/no/such/file”: No such file or directory\n",
        "{said}"
    );
    let whole: serde_json::Value =
        serde_json::from_str(&harness::ok(&server, &["export", "--json"])).unwrap();
    assert!(whole.is_array());
    let line = format!(
        "{} --redis {} export >/dev/full",
        harness::TROLLEY,
        server.url()
    );
    let output = command("bash")
        .args(["-c", &line])
        .env("HOME", server.dir())
        .finish();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert_eq!(server.digest(), before);
}

#[test]
fn a_record_without_end_does_not_fill_the_memory() {
    let server = Server::start();
    let start = "id,name,price\ngood,Good,1\nbad,\"never closed";
    let flood = "x".repeat(60_000_000);
    for (name, start) in [
        ("a.csv", start),
        (
            "a.json",
            "[{\"id\":\"good\",\"name\":\"Good\",\"price\":1},{\"id\":\"",
        ),
        (
            "a.jsonl",
            "{\"id\":\"good\",\"name\":\"Good\",\"price\":1}\n{\"id\":\"",
        ),
    ] {
        server.cmd("FLUSHALL");
        let path = write(&server, name, [start, &flood].concat());
        let output = run(&server, &["import", &path]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("longer than 256 KiB"), "{name}: {said}");
        assert_eq!(server.get_list("ZRANGE catalog 0 -1"), ["good"]);
    }
}

fn rows(count: usize, price: &str) -> String {
    let row = |n: usize| {
        format!("p{n:06},Product {n},{price},A description of product {n} of some length\n")
    };
    std::iter::once("id,name,price,description\n".to_owned())
        .chain((0..count).map(row))
        .collect()
}

#[test]
fn memory_is_flat_over_the_size_of_the_file() {
    let server = Server::start_with(&harness::server::binaries()[0], &["--appendfsync", "no"]);
    let peak = |rows: String, args: &[&str]| {
        let path = write(&server, "rows.csv", rows);
        let all = [&["--redis", server.url(), "import", &path], args].concat();
        harness::peak(
            trolley(server.dir(), &all)
                .stdout(Stdio::null())
                .spawn()
                .unwrap(),
        )
    };
    let small = peak(rows(10_000, "1"), &[]);
    let big = peak(rows(100_000, "1"), &["--replace"]);
    assert_eq!(server.get("ZCARD catalog"), "100000");
    let changed = peak(rows(100_000, "2"), &["--strict"]);
    assert!(
        big.max(changed) < small * 3 / 2,
        "10,000: {small} kB, 100,000: {big} and {changed} kB"
    );
    let export = trolley(server.dir(), &["--redis", server.url(), "export"])
        .stdout(Stdio::null())
        .spawn();
    let out = harness::peak(export.unwrap());
    assert!(out < small * 3 / 2, "import {small} kB, export {out} kB");
}

#[test]
fn the_last_row_of_a_product_wins() {
    let server = Server::start();
    let mut file = rows(3_000, "1");
    file.push_str(
        "p000007,Seven,7,\np000007,Product 7,1,A description of product 7 of some length\np002999,Last,9,\n",
    );
    let said = ok(&server, &["import", &write(&server, "twice.csv", file)]);
    assert_eq!(said, "3000 added, 3 changed, 0 unchanged\n");
    assert_eq!(server.get("HGET product:p000007 price"), "1");
    assert_eq!(server.get("HGET product:p002999 name"), "Last");
}

#[test]
fn replacing_removes_what_the_file_lacks() {
    let server = Server::with_demo();
    // Put in by another client without listing it, and listed without being there.
    server.cmd("HSET product:stray name Stray price 1");
    server.cmd("ZADD catalog 0 ghost");
    server.raw(&[&b"HSET"[..], b"product:\xff", b"name", b"Odd"]);
    server.raw(&[&b"HSET"[..], b"shop:other", b"name", b"Not ours"]);
    let path = write(&server, "teas.csv", TEAS);
    // Not where anything is bad.
    let (status, said, _) = says(
        &server,
        &[
            "import",
            "--replace",
            &write(&server, "bad.csv", format!("{TEAS}x,,,\n")),
        ],
    );
    assert_eq!(status, 1);
    assert!(said.contains("Nothing was removed"), "{said}");
    assert_eq!(server.get("ZCARD catalog"), "67");
    // And an empty file doesn't empty the shop.
    let empty = ok(
        &server,
        &[
            "import",
            "--replace",
            &write(&server, "empty.csv", "id,name\n"),
        ],
    );
    assert!(
        empty.starts_with("0 added, 0 changed, 0 unchanged, 0 removed\n"),
        "{empty}"
    );
    assert_eq!(
        ok(&server, &["import", "--replace", &path]),
        "0 added, 0 changed, 2 unchanged, 66 removed\n"
    );
    assert_eq!(server.get_list("ZRANGE catalog 0 -1"), ["black", "green"]);
    let mut keys = server.get_list("KEYS *");
    keys.sort();
    assert_eq!(
        keys,
        [
            "catalog",
            "product:black",
            "product:green",
            "shop",
            "shop:other"
        ]
    );
    assert_eq!(
        ok(&server, &["import", "--replace", &path]),
        "0 added, 0 changed, 2 unchanged, 0 removed\n"
    );
}

#[test]
fn an_import_that_was_killed_is_mended_by_running_it_again() {
    let server = Server::with_demo();
    let file = rows(30_000, "4");
    let half: String = file
        .lines()
        .take(15_000)
        .map(|line| format!("{line}\n"))
        .collect();
    let args = ["--redis", server.url(), "import", "-", "--replace"];
    let mut child = Running::start_fed(&mut trolley(server.dir(), &args));
    // It has taken in some and waits for more.
    child.feed(half.as_bytes());
    until("some are taken in", || {
        server.get("ZCARD catalog").parse::<u64>().unwrap() >= 5_000
    });
    child.kill();
    let there: u64 = server.get("ZCARD catalog").parse().unwrap();
    assert!((5_000..30_000).contains(&there) && server.get("EXISTS product:espresso") == "1");
    ok(
        &server,
        &["import", "--replace", &write(&server, "rows.csv", &file)],
    );
    assert_eq!(server.get("ZCARD catalog"), "30000");
    assert_eq!(server.get("EXISTS product:espresso"), "0");
    assert_eq!(
        ok(&server, &["import", &write(&server, "rows.csv", &file)]),
        "0 added, 0 changed, 30000 unchanged\n"
    );
}

#[test]
fn a_broken_link_is_mended_and_nothing_is_lost() {
    let mut server = Server::start();
    let file = rows(20_000, "4");
    let (half, rest) = file.split_at(file.len() / 2);
    let args = ["--redis", server.url(), "import", "-"];
    let child = Running::start_fed(&mut trolley(server.dir(), &args));
    child.feed(half.as_bytes());
    until("some are taken in", || {
        server.get("ZCARD catalog").parse::<u64>().unwrap() >= 2_000
    });
    server.kill();
    server.restart();
    child.feed(rest.as_bytes());
    let output = child.finish();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(server.get("ZCARD catalog"), "20000");
    assert_eq!(
        ok(&server, &["import", &write(&server, "rows.csv", &file)]),
        "0 added, 0 changed, 20000 unchanged\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_breaks_again_and_again_does_not_stop_the_replacing() {
    let server = Server::start();
    ok(
        &server,
        &["import", &write(&server, "rows.csv", rows(20_000, "4"))],
    );
    // Some stand in no index.
    for n in 0..50 {
        server.cmd(&format!("HSET product:stray{n} name Stray price 1"));
    }
    let proxy = Proxy::start(&server.socket(), "flaky");
    proxy.faults.on.store(true, Ordering::Relaxed);
    proxy.faults.drop_every.store(29, Ordering::Relaxed);
    let path = write(&server, "teas.csv", TEAS);
    let output = harness::run_at(server.dir(), &proxy.url(), &["import", "--replace", &path]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(said, "2 added, 0 changed, 0 unchanged, 20050 removed\n");
    assert!(proxy.faults.caused.load(Ordering::Relaxed) > 2);
    assert_eq!(server.get_list("ZRANGE catalog 0 -1"), ["black", "green"]);
    assert!(server.get_list("KEYS product:[^bg]*").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_more_is_removed_once_the_server_has_lost_what_was_noted() {
    let server = Server::start();
    ok(
        &server,
        &["import", &write(&server, "rows.csv", rows(5_000, "4"))],
    );
    let proxy = Proxy::start(&server.socket(), "forgetful");
    *proxy.faults.hang_on.lock().unwrap() = b"UNLINK".to_vec();
    let path = write(&server, "teas.csv", TEAS);
    let args = ["--redis", &proxy.url(), "import", "--replace", &path];
    let child = Running::start(&mut trolley(server.dir(), &args));
    // The link breaks within the first page, and the server has forgotten the notes when it is back.
    in_time("it removes a page", proxy.faults.hung.notified()).await;
    let notes = server.get_list("KEYS {catalog}:import:*");
    assert_eq!(notes.len(), 1);
    server.cmd(&format!("DEL {}", notes[0]));
    proxy.faults.hang_on.lock().unwrap().clear();
    let output = child.finish();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.code() == Some(3) && said.contains("import again"),
        "{said}"
    );
    // The first page had both teas.
    assert_eq!(server.get("ZCARD catalog"), "4004");
}

#[test]
fn open_terminals_see_it_live_and_are_not_drowned() {
    let server = Server::with_demo();
    let terminal = shop(&server, "office", "ann");
    let mut link = server.connection();
    let mut news = link.as_pubsub();
    news.set_read_timeout(Some(PATIENCE)).unwrap();
    news.subscribe("catalog-updates").unwrap();
    let mut next = || news.get_message().unwrap().get_payload::<String>().unwrap();
    ok(&server, &["product", "set", "espresso", "price=9.99"]);
    assert_eq!(next(), "[\"espresso\"]");
    terminal.wait("9.99");
    ok(
        &server,
        &[
            "product",
            "set",
            "a-new-one",
            "name=Brand New",
            "price=1",
            "category=Bakery",
        ],
    );
    assert_eq!(next(), "[\"a-new-one\"]");
    terminal.wait("Brand New");
    ok(&server, &["product", "delete", "a-new-one"]);
    assert_eq!(next(), "[\"a-new-one\"]");
    terminal.wait_until("it is gone", |screen| {
        !screen.contents().contains("Brand New")
    });
    // What is so already is no news.
    ok(&server, &["product", "set", "espresso", "price=9.99"]);
    ok(
        &server,
        &["import", &write(&server, "rows.csv", rows(1_500, "3"))],
    );
    // How they are spread over messages is up to how long the import takes.
    let mut named = 0;
    while named < 1_500 {
        let ids: Vec<String> = serde_json::from_str(&next()).unwrap();
        assert!((1..=1_000).contains(&ids.len()), "{} ids", ids.len());
        named += ids.len();
    }
    assert_eq!(named, 1_500);
    ok(
        &server,
        &["import", &write(&server, "rows.csv", rows(40_000, "4"))],
    );
    ok(&server, &["product", "set", "espresso", "price=5.55"]);
    let mut messages = 0;
    let deadline = Deadline::start();
    while next() != "[\"espresso\"]" {
        messages += 1;
        deadline.check("the news of one product");
    }
    assert!((1..40).contains(&messages), "{messages} messages");
    terminal.wait("5.55");
}

#[test]
fn export_and_import_are_a_round_trip() {
    let server = Server::with_demo();
    let hostile = "\u{1b}[31m\r\n\"quoted\", 'x' ;\t\u{202e}\u{0}=1+1 é抹茶\\";
    let other = "  spaces \u{feff}";
    for (id, name, price, stock, description) in [
        ("one", hostile, "0.000001", "0", hostile),
        ("two ,\"'", other, "007.50", "999999999999999", "\n"),
        ("é抹茶", "x", "999999999999.999999", "", " "),
    ] {
        let mut words = vec!["HSET".to_owned(), format!("product:{id}")];
        for (field, value) in [
            ("name", name),
            ("price", price),
            ("stock", stock),
            ("description", description),
        ] {
            if !value.is_empty() {
                words.extend([field.to_owned(), value.to_owned()]);
            }
        }
        server.raw(&words);
    }
    // The first one puts them into the index; they came last.
    assert!(ok(&server, &["export"]).ends_with("é抹茶,x,999999999999.999999,,,, ,\n"));
    for format in ["csv", "json", "jsonl"] {
        let path = server.dir().join(format!("out.{format}"));
        let path = path.to_str().unwrap();
        assert_eq!(
            ok(&server, &["export", path]),
            format!("Exported 67 products to {path}\n")
        );
        assert_eq!(
            ok(&server, &["export", "--format", format]),
            std::fs::read_to_string(path).unwrap()
        );
        let before = server.digest();
        // Into a shop that has other values, and one that has none.
        server.cmd("HSET product:one unit other stock 5");
        let said = ok(&server, &["import", path]);
        assert_eq!(said, "0 added, 1 changed, 66 unchanged\n", "{format}");
        assert_eq!(server.digest(), before);
        server.cmd("FLUSHALL");
        ok(&server, &["demo"]);
        ok(&server, &["import", path, "--replace"]);
        assert_eq!(server.digest(), before, "{format}");
    }
    // CSV keeps even what is no text; JSON says that it can't.
    server.raw(&[
        &b"HSET"[..],
        b"product:odd",
        b"name",
        b"caf\xe9",
        b"price",
        b"1",
    ]);
    let (status, out, said) = says(&server, &["export", "--format", "jsonl"]);
    assert!(
        status == 0 && out.contains("caf\u{fffd}") && said.contains("not UTF-8: 1 value, marked"),
        "{said}"
    );
    let output = run(&server, &["export"]);
    let out = output.stdout;
    assert!(out.windows(4).any(|bytes| bytes == b"caf\xe9"));
    assert!(String::from_utf8_lossy(&output.stderr).contains("an import refuses them"));
    let (status, _, said) = says(&server, &["import", &write(&server, "odd.csv", &out)]);
    assert!(
        status == 1 && said.contains("the name is not UTF-8"),
        "{said}"
    );
}

#[test]
fn an_export_names_what_an_import_refuses() {
    let server = Server::with_demo();
    for id in [&b"t{ea"[..], b" tea", b"t\x1ba", b"\xff"] {
        let key = [b"product:", id].concat();
        server.raw(&[&b"HSET"[..], &key, b"name", b"Tea", b"price", b"1"]);
    }
    server.cmd("HSET product:comma name Comma price 2,40 stock 5");
    server.cmd("HSET product:free name Free");

    for format in ["csv", "json", "jsonl"] {
        let path = server.dir().join(format!("all.{format}"));
        let path = path.to_str().unwrap();
        let (status, out, said) = says(&server, &["export", path]);
        assert_eq!(status, 0);
        assert!(out.starts_with("Exported 66 products to "), "{out}");
        let lines: Vec<&str> = said.lines().collect();
        assert!(
            lines[0].starts_with(
                "trolley: left out: 4 products with an id that an import refuses, such as “"
            ) && lines[0].ends_with(" (import --replace of this file would delete them)"),
            "{said}"
        );
        assert!(
            lines[1].starts_with(
                "trolley: written as stored: 2 products that an import refuses until they are mended, such as “"
            ),
            "{said}"
        );
        assert_eq!(lines.len(), 2, "{said}");

        // All the others come in, and those two are told once more.
        let other = Server::start();
        let (status, out, _) = says(&other, &["import", path]);
        assert_eq!(
            (status, &*out),
            (1, "64 added, 0 changed, 0 unchanged, 2 bad\n")
        );
        let told: Value = serde_json::from_str(&ok(&server, &["--json", "export", path])).unwrap();
        assert_eq!(
            (&told["products"], &told["left_out"]),
            (&66.into(), &4.into())
        );
    }
}

#[test]
fn a_failed_export_leaves_the_old_file() {
    let mut server = Server::with_demo();
    let path = write(&server, "old.csv", "old");
    server.kill();
    let (status, _, _) = says(&server, &["export", &path]);
    assert_eq!(status, 3);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(unfinished(&server), Vec::<PathBuf>::new());
}

/// The files that an export has begun and not finished.
fn unfinished(server: &Server) -> Vec<PathBuf> {
    let files = std::fs::read_dir(server.dir())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    files
        .filter(|path| {
            path.file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .starts_with(".tmp")
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_export_leaves_the_old_file_and_nothing_else() {
    let server = Server::with_demo();
    let path = write(&server, "old.csv", "old");
    for (signal, ignores) in [
        (Signal::INT, ""),
        (Signal::TERM, ""),
        (Signal::HUP, ""),
        (Signal::TERM, "trap '' HUP INT;"),
    ] {
        // The shop falls silent in the middle of the export.
        let proxy = Proxy::start(
            &server.socket(),
            &format!("{}{}", signal.as_raw(), ignores.len()),
        );
        *proxy.faults.hang_on.lock().unwrap() = b"product:".to_vec();
        let line = format!(
            "{ignores} exec {} --redis {} export {path}",
            harness::TROLLEY,
            proxy.url()
        );
        let mut child = Running::start(
            command("bash")
                .args(["-c", &line])
                .env("HOME", server.dir()),
        );
        in_time("it asks for products", proxy.faults.hung.notified()).await;
        assert_eq!(unfinished(&server).len(), 1);
        if !ignores.is_empty() {
            // What it was started to ignore, it ignores.
            child.signal(Signal::HUP);
            child.signal(Signal::INT);
        }
        child.signal(signal);
        assert_eq!(child.wait().signal(), Some(signal.as_raw()));
        assert_eq!(unfinished(&server), Vec::<PathBuf>::new());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
    }
}

#[test]
fn an_export_that_nobody_reads_ends_quietly() {
    let server = Server::start();
    ok(
        &server,
        &["import", &write(&server, "rows.csv", rows(5_000, "4"))],
    );
    for format in ["csv", "json", "jsonl"] {
        let line = format!(
            "{} --redis {} export --format {format} | head -n 1 | wc -l",
            harness::TROLLEY,
            server.url()
        );
        let output = command("bash")
            .args(["-o", "pipefail", "-c", &line])
            .env("HOME", server.dir())
            .finish();
        assert!(
            output.status.success() && output.stderr.is_empty(),
            "{format}: {output:?}"
        );
        assert_eq!(output.stdout, b"1\n");
    }
}

#[test]
fn one_product() {
    let server = Server::start();
    let json = |args: &[&str]| serde_json::from_str::<Value>(&ok(&server, args)).unwrap();
    let (status, _, said) = says(&server, &["product", "set", "tea", "name=Tea"]);
    assert!(
        status == 1 && said.contains("a new one needs a name and a price"),
        "{said}"
    );
    assert_eq!(
        ok(
            &server,
            &[
                "product",
                "set",
                "tea",
                "name=Green Tea",
                "price=2.40",
                "stock=4"
            ]
        ),
        "Added: Green Tea (tea)\n"
    );
    assert_eq!(
        ok(&server, &["product", "set", "tea", "stock="]),
        "Changed: Green Tea (tea)\n"
    );
    let told = json(&["--json", "product", "set", "tea", "price=2.40"]);
    assert_eq!(
        (&told["change"], &told["stock"], &told["price"]),
        (&"unchanged".into(), &Value::Null, &"2.40".into())
    );
    let shown = ok(&server, &["product", "show", "green"]);
    assert_eq!(
        shown,
        "id           tea\nname         Green Tea\nprice        2.40\nstock        unlimited\n"
    );

    // A product is found by any of its bar codes.
    let codes = "barcode=4006381333931 012345678905";
    ok(&server, &["product", "set", "tea", codes]);
    let told = json(&["--json", "product", "show", "0012345678905"]);
    assert_eq!(
        (&told["id"], &told["barcode"]),
        (&"tea".into(), &"4006381333931 012345678905".into())
    );
    let said = ok(&server, &["--user", "ann", "add", "4006381333931", "3"]);
    assert!(said.starts_with("Added 3 × Green Tea"), "{said}");

    for (expected, args, words) in [
        (
            2,
            &["product", "set", "tea", "prise=1"][..],
            "did you mean “price”?",
        ),
        (
            2,
            &["product", "set", "tea", "price=x"],
            "“x” is not a valid price",
        ),
        (
            2,
            &["product", "set", "tea", "barcode=4006381333931 x"],
            "“x” is not a bar code: write 8 to 14 digits",
        ),
        (
            2,
            &["product", "set", "t{ea", "price=1"],
            "the id “t{ea” has a brace",
        ),
        (
            1,
            &["product", "delete", "green"],
            "There is no product “green”",
        ),
        (
            1,
            &["product", "show", "coffee"],
            "There is no product “coffee”",
        ),
    ] {
        let (status, _, said) = says(&server, args);
        assert!(
            status == expected && said.contains(words),
            "{args:?}: {said}"
        );
    }
    assert_eq!(says(&server, &["product", "set", "tea", "price"]).0, 2);
    assert_eq!(
        ok(&server, &["product", "delete", "tea"]),
        "Deleted Green Tea (tea)\n"
    );
    assert_eq!(server.get("EXISTS product:tea catalog"), "0");
}

#[test]
fn progress_shows_on_a_terminal_only() {
    let server = Server::start();
    let path = write(&server, "rows.csv", rows(30_000, "4"));
    let args = ["--redis", server.url(), "import", &path];
    let terminal = harness::Terminal::builder(harness::TROLLEY)
        .args(&args)
        .home(server.dir())
        .open();
    terminal.wait("30000 added, 0 changed, 0 unchanged");
    assert!(
        String::from_utf8_lossy(&terminal.raw()).contains(" products"),
        "no progress was shown"
    );
    let output = run(&server, &["import", &path]);
    assert!(output.stderr.is_empty());
}

#[test]
fn a_quote_that_swallows_rows_removes_nothing() {
    let server = Server::start();
    let three = "id,price,name\nf1,1,A\nf2,2,B\nf3,3,C\n";
    assert_eq!(piped(&server, &["import", "-"], three.as_bytes()).0, 0);
    let before = server.digest();
    for (file, line, flaw) in [
        (
            "id,price,name\nf1,1,\"A\nf2,2,B\nf3,3,C\n",
            2,
            "a quotation mark is opened and never closed",
        ),
        (
            "id,price,name\nf1,1,\"A\nf2,2,\"B\"\nf3,3,C\n",
            2,
            "there is text after a closing quote",
        ),
        (
            "id,price,name\nf1,1,A\nf2,2,\"B\" 3\nf3,3,C\n",
            3,
            "there is text after a closing quote",
        ),
    ] {
        let (status, _, said) = piped(
            &server,
            &["import", "-", "--replace", "--strict"],
            file.as_bytes(),
        );
        assert!(
            status == 1 && said.contains(&format!("line {line}: {flaw}")),
            "{said}"
        );
        assert_eq!(server.digest(), before);
    }
    // One within a plain value is a part of it.
    let inches = "id,price,name\nf1,1,5\" pipe\n";
    assert_eq!(
        piped(&server, &["import", "-", "--strict"], inches.as_bytes()).0,
        0
    );
    assert_eq!(server.get("HGET product:f1 name"), "5\" pipe");
    let (status, said, _) = piped(&server, &["import", "-", "--replace"], b"id,price,name\n");
    assert_eq!(status, 0);
    assert!(
        said.contains("Nothing was removed, since the file has no products"),
        "{said}"
    );
    assert_eq!(server.get_list("ZRANGE catalog 0 -1"), ["f1", "f2", "f3"]);
}

#[test]
fn an_export_writes_to_what_is_there() {
    let server = Server::with_demo();
    let whole = ok(&server, &["export"]);
    let path = |name: &str| server.dir().join(name);
    // A link stays one.
    std::fs::write(path("target.csv"), "old").unwrap();
    std::os::unix::fs::symlink("target.csv", path("link.csv")).unwrap();
    ok(&server, &["export", path("link.csv").to_str().unwrap()]);
    assert!(
        std::fs::symlink_metadata(path("link.csv"))
            .unwrap()
            .is_symlink()
    );
    assert_eq!(std::fs::read_to_string(path("target.csv")).unwrap(), whole);
    // So does a pipe.
    let fifo = path("fifo");
    assert!(command("mkfifo").arg(&fifo).finish().status.success());
    let reader = Pending::begin({
        let fifo = fifo.clone();
        move || std::fs::read_to_string(fifo).unwrap()
    });
    ok(&server, &["export", fifo.to_str().unwrap()]);
    assert_eq!(reader.wait("what comes through the pipe"), whole);
    let line = format!(
        "{} --redis {} export >(cat) | cat",
        harness::TROLLEY,
        server.url()
    );
    let output = command("bash")
        .args(["-c", &line])
        .env("HOME", server.dir())
        .finish();
    assert!(
        String::from_utf8(output.stdout).unwrap().contains(&whole),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_demo_leaves_what_is_there() {
    let server = Server::start();
    ok(
        &server,
        &[
            "product",
            "set",
            "espresso",
            "name=Mine",
            "price=9",
            "stock=1",
        ],
    );
    server.cmd("HSET shop name Ann's");
    assert!(ok(&server, &["demo"]).contains("63 products; 1 of yours with the same id stayed"));
    assert_eq!(server.get("HGET product:espresso name"), "Mine");
    assert_eq!(server.get("HGET shop name"), "Ann's");
    assert_eq!(server.get("HGET shop currency"), "€");
}

#[test]
fn in_a_large_database_only_what_the_shop_lists_is_replaced() {
    let server = Server::with_demo();
    server.cmd("DEBUG POPULATE 100200 other");
    server.cmd("HSET product:theirs name X price 1");
    assert!(!ok(&server, &["products"]).contains("theirs"));
    let path = write(&server, "teas.csv", TEAS);
    ok(&server, &["import", "--replace", &path]);
    assert_eq!(server.get("EXISTS product:theirs"), "1");
    assert_eq!(server.get("EXISTS product:espresso"), "0");
}

#[test]
fn what_is_no_product_is_not_deleted() {
    let server = Server::with_demo();
    server.cmd("SET product:taken text");
    let (status, _, said) = says(&server, &["product", "delete", "taken"]);
    assert!(status == 3 && said.contains("wrong type"), "{said}");
    assert_eq!(server.get("GET product:taken"), "text");

    // Hashes that no list of products shows are another program's.
    server.cmd("HSET product:42 title x cents 240");
    server.cmd("HSET product:tea:stats views 3");
    server.cmd("ZADD catalog 0 42 0 taken");
    assert!(!ok(&server, &["products"]).contains("\n42 "));
    let (status, _, said) = says(&server, &["product", "delete", "42"]);
    assert!(
        status == 1 && said.contains("There is no product “42”"),
        "{said}"
    );

    let path = write(&server, "teas.csv", TEAS);
    assert_eq!(
        ok(&server, &["import", "--replace", &path]),
        "2 added, 0 changed, 0 unchanged, 64 removed\n\
         Left as they are: 2 keys under product: that other programs use\n"
    );
    let mut keys = server.get_list("KEYS product:*");
    keys.sort();
    let kept = [
        "product:42",
        "product:black",
        "product:green",
        "product:taken",
        "product:tea:stats",
    ];
    assert_eq!(keys, kept);
    assert_eq!(server.get_list("ZRANGE catalog 0 -1"), ["black", "green"]);
    ok(&server, &["export", &write(&server, "out.csv", "")]);
    ok(&server, &["products"]);
    assert_eq!(server.get_list("ZRANGE catalog 0 -1"), ["black", "green"]);
    let told = ok(&server, &["import", "--replace", "--json", &path]);
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&told["removed"], &told["left"]), (&0.into(), &2.into()));
}
