//! What scripts build on: watching a cart, completions, the manual page, the JSON documents.

use crate::harness;

use harness::child::Lines;
use harness::patience::Pending;
use harness::{
    Finish, Proxy, Running, Server, TROLLEY, Terminal, command, ok, ok_as, run, server, trolley,
    until,
};
use regex::Regex;
use rustix::process::Signal;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::sync::atomic::Ordering;

/// A `trolley watch --json` under way.
struct Watch(Running);

impl Watch {
    fn start(server: &Server, url: &str) -> Watch {
        let args = ["--redis", url, "--user", "office", "watch", "--json"];
        Watch(Running::start(&mut trolley(server.dir(), &args)))
    }

    fn next(&mut self) -> Value {
        self.0.json()
    }
}

/// The first lines of a `trolley watch` for people, who then read no more.
fn watch_lines(server: &Server, count: usize) -> Running {
    let line = format!(
        "{TROLLEY} --redis {} --user office watch 2>&1 | for n in $(seq {count}); do read -r line; echo \"$line\"; done",
        server.url()
    );
    Running::start(command("bash").args(["-c", &line]).env("TZ", "UTC"))
}

fn add(server: &Server, quantity: &str) {
    ok(
        server,
        &[
            "--user", "office", "--name", "ann", "add", "espresso", quantity,
        ],
    );
}

#[test]
fn watch_tells_each_update_at_once_and_nobody_sees_it() {
    let server = Server::with_demo();
    add(&server, "1");
    let mut watch = Watch::start(&server, server.url());
    let up = watch.next();
    assert_eq!(up["event"], "up");
    add(&server, "2");
    let first = watch.next();
    let version = up["version"].as_u64().unwrap();
    assert_eq!(
        (&first["event"], &first["by"], &first["kind"]),
        (&"update".into(), &"ann".into(), &"edit".into())
    );
    assert_eq!(first["version"], version + 1);
    assert_eq!(
        first["changes"],
        serde_json::json!([{ "product": "espresso", "quantity": 3, "delta": 2 }])
    );
    ok(&server, &["--user", "office", "clear"]);
    let second = watch.next();
    assert_eq!(
        (&second["kind"], &second["version"], &second["lines"]),
        (&"clear".into(), &(version + 2).into(), &0.into())
    );
    assert_eq!(server.get("EXISTS {cart:office}:watchers"), "0");
    // A signal ends it without a word.
    for signal in [Signal::INT, Signal::TERM] {
        let mut watch = Watch::start(&server, server.url());
        watch.next();
        watch.0.signal(signal);
        let output = watch.0.finish();
        assert!(output.stdout.is_empty(), "{output:?}");
        assert_eq!(output.status.signal(), Some(signal.as_raw()));
    }
}

#[test]
fn watch_for_people() {
    let server = Server::with_demo();
    let mut watch = watch_lines(&server, 3);
    assert_eq!(watch.line(), "trolley: watching the cart of office");
    add(&server, "2");
    let line = watch.line();
    assert!(
        regex::Regex::new(r"^\d\d:\d\d:\d\d  ann added 2 × Espresso \(now 2\)$")
            .unwrap()
            .is_match(&line),
        "{line}"
    );
    ok(&server, &["--user", "office", "--name", "ann", "clear"]);
    assert!(
        watch
            .line()
            .ends_with("  ann cleared the cart: 2 × Espresso")
    );
    // The reader has seen enough, and no further update is needed to end it.
    assert!(watch.finish().status.success());
}

#[test]
fn watch_tells_people_every_kind_of_event_in_a_sentence() {
    let server = Server::with_demo();
    let mut watch = watch_lines(&server, 14);
    watch.line();
    let mut expect = |told: &str| {
        let line = watch.line();
        assert!(line.ends_with(&format!("  {told}")), "{line}, not {told}");
    };
    let office = |args: &[&str]| {
        ok(
            &server,
            &[&["--user", "office", "--name", "ann"], args].concat(),
        )
    };

    office(&["add", "espresso", "3"]);
    expect("ann added 3 × Espresso (now 3)");
    office(&["set", "espresso", "2"]);
    expect("ann took out 1 × Espresso (now 2)");
    office(&["set", "espresso", "2"]);
    expect("ann kept 2 × Espresso");
    server.cmd("ZADD cart:office 7 espresso 1 croissant");
    server.cmd("PUBLISH cart-updates:office anything");
    expect(
        "another program added 1 × Butter Croissant (now 1), added 5 × Espresso (now 7: ann 2, nobody 5)",
    );
    office(&["remove", "croissant"]);
    expect("ann removed Butter Croissant");
    office(&["rules", "--budget", "80"]);
    expect("ann set the budget to €80.00");
    office(&["checkout", "--yes", "--op-id", "20261124-7KQ2-M8XD"]);
    expect("ann is ordering the cart (order 20261124-7KQ2-M8XD)");
    expect("ann ordered 7 × Espresso (order 20261124-7KQ2-M8XD)");

    // A product that has another name now, and one that is gone.
    office(&["product", "set", "espresso", "name=Ristretto"]);
    office(&["add", "espresso"]);
    expect("ann added 1 × Ristretto (now 1)");
    office(&["product", "delete", "espresso"]);
    office(&["remove", "espresso"]);
    expect("ann removed espresso");
    // Versions without a word in the log, as no client of ours leaves them.
    server.cmd("DEL {cart:office}:log");
    server.cmd("HINCRBY {cart:office}:meta version 3");
    office(&["add", "flat-white"]);
    assert_eq!(
        watch.line(),
        "3 changes can't be told: the cart's log no longer goes back that far"
    );
    assert!(watch.line().ends_with("  ann added 1 × Flat White (now 1)"));
    server.cmd("HINCRBY {cart:office}:meta version -2");
    server.cmd("PUBLISH cart-updates:office anything");
    assert!(
        watch
            .line()
            .ends_with("  the server fell back to an earlier cart: its lines are the same")
    );
    assert!(watch.finish().status.success());
}

#[test]
fn watch_ends_by_itself_when_nobody_reads_any_more() {
    let server = Server::with_demo();
    let mut watch = Watch::start(&server, server.url());
    watch.next();
    let (reader, writer) = std::io::pipe().unwrap();
    let args = ["--redis", server.url(), "watch", "--json"];
    let child = Running::spawn(
        trolley(server.dir(), &args)
            .stdin(Stdio::null())
            .stdout(writer)
            .stderr(Stdio::piped()),
    );
    let read = Pending::begin(move || {
        let mut lines = BufReader::new(reader);
        lines.read_line(&mut String::new()).unwrap();
        lines
    });
    drop(read.wait("its first line"));
    let output = child.finish();
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{output:?}"
    );
}

#[test]
fn watch_tells_that_the_cart_has_expired() {
    let server = Server::with_demo();
    let office = |args: &[&str]| {
        ok(
            &server,
            &[
                &[
                    "--user",
                    "office",
                    "--name",
                    "ann",
                    "--session-timeout",
                    "1s",
                ],
                args,
            ]
            .concat(),
        )
    };
    let mut watch = Watch::start(&server, server.url());
    watch.next();
    office(&["add", "espresso"]);
    let update = watch.next();
    // Nobody asks: it is told at the deadline, of the version that was the last.
    let expired = serde_json::json!(
        { "event": "expired", "version": update["version"], "at": update["expires_at"] }
    );
    assert_eq!(watch.next(), expired);
    assert_eq!(server.get("EXISTS cart:office"), "0");
    // The next change is the next version.
    office(&["add", "espresso", "--session-timeout", "never"]);
    let next = watch.next();
    assert_eq!(
        (&next["event"], next["version"].as_u64(), &next["lines"]),
        (
            &"update".into(),
            Some(update["version"].as_u64().unwrap() + 1),
            &1.into()
        )
    );
    // The same for people.
    let mut people = watch_lines(&server, 3);
    people.line();
    office(&["add", "espresso"]);
    watch.next();
    assert!(people.line().ends_with("  ann added 1 × Espresso (now 2)"));
    let line = people.line();
    assert!(
        line.ends_with("  the cart has expired: it is empty now"),
        "{line}"
    );
    assert!(people.finish().status.success());
    assert_eq!(watch.next()["event"], "expired");
}

#[test]
fn watch_tells_later_what_expired_while_it_was_apart() {
    let mut server = Server::with_demo();
    let args = [
        "--user",
        "office",
        "--name",
        "ann",
        "--session-timeout",
        // Long enough that the server falls before.
        "5s",
        "add",
        "espresso",
    ];
    let mut watch = Watch::start(&server, server.url());
    watch.next();
    ok(&server, &args);
    let update = watch.next();
    server.kill();
    let down = watch.next();
    let message = down["message"].as_str().unwrap();
    assert_eq!(down["event"], "down");
    assert!(
        message.starts_with(&format!("{}: ", server.url())),
        "{message}"
    );
    let gone = update["expires_at"].as_u64().unwrap();
    let now = || {
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_millis()
    };
    until("the deadline has passed", || now() > gone.into());
    server.restart();
    assert_eq!(watch.next()["event"], "up");
    let told = watch.next();
    assert_eq!(
        (&told["event"], &told["version"]),
        (&"expired".into(), &update["version"])
    );
}

/// Reads updates until one has this version; they must be contiguous from `last` on.
fn contiguous(watch: &mut Watch, last: &mut u64, until: u64) -> Vec<String> {
    let mut events = Vec::new();
    while *last < until {
        let told = watch.next();
        let event = told["event"].as_str().unwrap();
        events.push(event.to_owned());
        let (from, to) = match event {
            "update" => (
                told["version"].as_u64().unwrap(),
                told["version"].as_u64().unwrap(),
            ),
            "gap" => (told["from"].as_u64().unwrap(), told["to"].as_u64().unwrap()),
            _ => continue,
        };
        assert_eq!(from, *last + 1, "{told}");
        *last = to;
    }
    events.dedup();
    events
}

fn version(server: &Server) -> u64 {
    server
        .get("HGET {cart:office}:meta version")
        .parse()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn watch_is_contiguous_through_reconnects() {
    let server = Server::with_demo();
    let proxy = Proxy::start(&server.socket(), "flaky");
    add(&server, "1");
    let mut watch = Watch::start(&server, &proxy.url());
    let mut last = watch.next()["version"].as_u64().unwrap();
    // Links are cut again and again while the cart changes.
    proxy.faults.on.store(true, Ordering::Relaxed);
    proxy.faults.drop_every.store(7, Ordering::Relaxed);
    for _ in 0..60 {
        add(&server, "1");
    }
    proxy.faults.on.store(false, Ordering::Relaxed);
    let events = contiguous(&mut watch, &mut last, version(&server));
    assert!(
        !events.contains(&"gap".to_owned()) && events.contains(&"down".to_owned()),
        "{events:?}"
    );
}

#[test]
fn watch_fills_from_the_log_and_names_what_even_that_lacks() {
    let mut server = Server::with_demo();
    add(&server, "1");
    let mut watch = Watch::start(&server, server.url());
    let mut last = watch.next()["version"].as_u64().unwrap();
    // A message that is none of ours makes it look again.
    let apart = |server: &Server, quantity: &str| {
        server.cmd("CLIENT KILL TYPE pubsub");
        add(server, quantity);
    };
    apart(&server, "1");
    contiguous(&mut watch, &mut last, version(&server));
    server.freeze();
    server.thaw();
    // While it is away the log loses its start.
    server.kill();
    assert_eq!(watch.next()["event"], "down");
    // It tries again several times a second: all is done in one step when the server is back.
    server.restart();
    for _ in 0..5 {
        add(&server, "1");
    }
    let now = version(&server);
    let events = contiguous(&mut watch, &mut last, now);
    assert!(
        events.contains(&"up".to_owned()) && !events.contains(&"gap".to_owned()),
        "{events:?}"
    );
    // The counter moves without a word in the log: no client of ours does that.
    server.cmd("DEL {cart:office}:log");
    server.cmd("HINCRBY {cart:office}:meta version 3");
    add(&server, "1");
    let events = contiguous(&mut watch, &mut last, now + 4);
    assert_eq!(events, ["gap", "update"]);
}

#[test]
fn set_and_clear() {
    let server = Server::with_demo();
    let office = |args: &[&str]| ok(&server, &[&["--user", "office"], args].concat());
    assert_eq!(
        office(&["set", "espresso", "5"]),
        "5 × Espresso in the cart of office\n"
    );
    assert_eq!(
        office(&["set", "Flat White", "2"]),
        "2 × Flat White in the cart of office\n"
    );
    assert_eq!(
        office(&["set", "espresso", "3"]),
        "3 × Espresso in the cart of office\n"
    );
    assert_eq!(server.get("ZSCORE cart:office espresso"), "3");
    for (status, args, sentence) in [
        (2, &["set", "espresso", "-1"][..], "negative"),
        (1, &["set", "espresso", "1000"], "the limit is 999"),
        (1, &["set", "nothing", "1"], "There is no product “nothing”"),
    ] {
        let output = run(&server, args);
        assert_eq!(output.status.code(), Some(status));
        assert!(String::from_utf8_lossy(&output.stderr).contains(sentence));
    }
    let cleared = office(&["clear", "--op-id", "night-1"]);
    assert_eq!(cleared, "Cleared 2 lines from the cart of office\n");
    office(&["add", "espresso"]);
    // The same again is the same change, and clears nothing.
    assert!(office(&["clear", "--op-id", "night-1"]).ends_with(&cleared));
    assert_eq!(server.get("ZCARD cart:office"), "1");
    office(&["clear"]);
    let output = run(&server, &["--user", "office", "clear", "--json"]);
    let refused: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (output.status.code(), &refused["error"]["code"]),
        (Some(1), &"already_empty".into())
    );
}

/// What bash offers for a line that is being typed.
fn bash(server: &Server, line: &str) -> Vec<String> {
    let script = format!(
        "source <({TROLLEY} completions bash); read -ra COMP_WORDS <<<'{line}'
         [[ '{line}' == *' ' ]] && COMP_WORDS+=('')
         COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 )); COMP_TYPE=9
         complete -p trolley | grep -o -- '-F [^ ]*' | {{ read -r _ f; $f trolley \"${{COMP_WORDS[COMP_CWORD]}}\"; printf '%s\\n' \"${{COMPREPLY[@]}}\"; }}"
    );
    let output = command("bash")
        .args(["--norc", "-c", &script])
        .env("HOME", server.dir())
        .env("TROLLEY_REDIS", server.url())
        .finish();
    assert!(
        output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .filter(|line| !line.is_empty())
        .map(|word| word.trim_end().to_owned())
        .collect()
}

/// Waits until bash offers these words: the shop has half a second, and on a busy machine it may
/// take longer.
fn bash_offers(server: &Server, line: &str, offered: &[&str]) {
    until(&format!("{line} offers {offered:?}"), || {
        bash(server, line) == offered
    });
}

#[test]
fn bash_completes_commands_and_products() {
    let mut server = Server::with_demo();
    assert_eq!(bash(&server, "trolley exp"), ["export"]);
    assert_eq!(bash(&server, "trolley --theme c"), ["contrast"]);
    assert_eq!(bash(&server, "trolley --log-level d"), ["debug"]);
    bash_offers(&server, "trolley add esp", &["espresso", "espresso-beans"]);
    assert_eq!(bash(&server, "trolley product set espresso pr"), ["price="]);
    assert!(bash(&server, "trolley remove flat").is_empty());
    ok(&server, &["add", "flat-white"]);
    bash_offers(&server, "trolley --json remove flat", &["flat-white"]);
    // A shop that is named on the line is the one that is asked.
    assert!(bash(&server, "trolley --redis unix:///no/such.sock add esp").is_empty());
    // Orders of any cart, the newest first.
    ok(&server, &["--user", "office", "add", "flat-white"]);
    let ids = ["20261124-7KQ2-M8XD", "20261125-7KQ2-M8XD"];
    ok(&server, &["checkout", "--yes", "--op-id", ids[0]]);
    let args = ["--user", "office", "checkout", "--yes", "--op-id", ids[1]];
    ok(&server, &args);
    bash_offers(&server, "trolley order 2026112", &[ids[1], ids[0]]);
    bash_offers(&server, "trolley order 20261124", &[ids[0]]);
    bash_offers(&server, "trolley split 20261124", &[ids[0]]);
    until("the numbers come first", || {
        bash(&server, "trolley order ").starts_with(&["2".to_owned(), "1".to_owned()])
    });
    bash_offers(&server, "trolley again 2", &["2"]);
    bash_offers(&server, &format!("trolley order {} re", ids[0]), &["ready"]);
    // A million products: still few and quick, from the index alone.
    server.cmd("ZADD catalog 0 esp\u{1b}x");
    bash_offers(&server, "trolley add esp", &["espresso", "espresso-beans"]);
    server.kill();
    assert!(bash(&server, "trolley add esp").is_empty());
}

/// Each shell: how it starts without anybody's settings, and a `trolley` that shows its words.
const SHELLS: [(&str, &[&str], &str); 3] = [
    (
        "bash",
        &["--norc", "--noprofile"],
        "trolley() { printf '<%s>' \"$@\"; echo; }; PS1='ready> '",
    ),
    (
        "zsh",
        &["-f"],
        "trolley() { printf '<%s>' \"$@\"; echo; }; PROMPT='ready> '; autoload -U compinit; compinit -D -u",
    ),
    (
        "fish",
        &["--no-config"],
        "function trolley; printf '<%s>' $argv; echo; end; function fish_prompt; echo -n 'ready> '; end; \
         set -g fish_autosuggestion_enabled 0",
    ),
];

/// Whether there is a program of this name that says its version.
fn is_installed(name: &str) -> bool {
    let asked = command(name)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    asked.is_ok_and(|mut child| {
        let said = Lines::of(child.stdout.take().unwrap()).next("its version");
        child.wait().unwrap().success()
            && said.is_some_and(|said| String::from_utf8_lossy(&said).contains(name))
    })
}

#[test]
fn what_a_real_shell_completes_is_what_the_command_gets() {
    let server = Server::with_demo();
    for product in [
        "qq two words",
        "rr:green",
        "ss'it\"",
        "tt$(ls)`ls`",
        "uu;ls|ls>x",
        "vv\\w*",
    ] {
        server.raw(&["ZADD", "catalog", "0", product]);
    }
    let url = server.url();
    ok(&server, &["add", "flat-white"]);
    let order = "20261124-7KQ2-M8XD";
    ok_as(&server, "office", "ann hill", &["add", "espresso"]);
    ok_as(
        &server,
        "office",
        "bob",
        &["checkout", "--yes", "--op-id", order],
    );
    for (name, args, setup) in SHELLS {
        if !is_installed(name) {
            println!("skipped: {name} is not installed");
            continue;
        }
        let script = server.dir().join(name);
        std::fs::write(&script, ok(&server, &["completions", name])).unwrap();
        let builder = Terminal::builder(name).args(args).home(server.dir());
        let mut shell = builder.env("TROLLEY_REDIS", server.url()).open();
        shell.send(format!("{setup}; source {}\r", script.display()).as_bytes());
        shell.wait("^ready> *$");
        for (typed, got) in [
            ("exp\t", "<export>"),
            ("--json remove flat\t", "<--json><remove><flat-white>"),
            (
                "product set espresso pr\t3",
                "<product><set><espresso><price=3>",
            ),
            // A shop that is named on the line is the one that is asked.
            (
                "--redis unix:///no/such.sock add esp\t",
                "<--redis><unix:///no/such.sock><add><esp>",
            ),
            // Ids that would mean something to a shell.
            ("add qq\t", "<add><qq two words>"),
            ("add qq\\ t\t", "<add><qq two words>"),
            ("add rr\t", "<add><rr:green>"),
            ("add rr:g\t", "<add><rr:green>"),
            ("order 2026\t ready", &format!("<order><{order}><ready>")),
            // Who has a part in that order.
            (
                "split 1 --settled an\t --open=x",
                "<split><1><--settled><ann hill><--open=x>",
            ),
            // Where bash splits words.
            (
                &format!("--redis {url} add flat\t"),
                &format!("<--redis><{url}><add><flat-white>"),
            ),
            (
                &format!("--redis={url} add flat\t"),
                &format!("<--redis={url}><add><flat-white>"),
            ),
            ("export --format=c\t", "<export><--format=csv>"),
            ("add ss\t", "<add><ss'it\">"),
            ("add tt\t", "<add><tt$(ls)`ls`>"),
            ("add uu\t", "<add><uu;ls|ls>x>"),
            ("add vv\t", "<add><vv\\w*>"),
        ] {
            println!("{name}: {typed:?}");
            // The shop has half a second, and on a busy machine it may take longer.
            until("the words are completed", || {
                shell.send(b"clear\r");
                shell.wait_until("an empty screen", |screen| {
                    screen.contents().trim() == "ready>"
                });
                shell.send(format!("trolley {typed}\r").as_bytes());
                shell.wait(r"^<.*> *\nready> *$");
                shell.text().lines().any(|line| line.trim_end() == got)
            });
        }
    }
}

#[test]
fn completions_for_each_shell() {
    let server = Server::start();
    for (shell, words) in [
        ("bash", "complete "),
        ("zsh", "compdef"),
        ("fish", "complete "),
    ] {
        let script = ok(&server, &["completions", shell]);
        assert!(
            script.contains(words) && script.contains("TROLLEY_COMPLETE"),
            "{script}"
        );
    }
    assert_eq!(run(&server, &["completions", "csh"]).status.code(), Some(2));
}

#[test]
fn the_manual_page_names_every_command() {
    let server = Server::start();
    let page = ok(&server, &["man"]);
    assert!(page.contains(".TH trolley 1"), "{page}");
    // As it is written: a line that begins with a dot is an order to the formatter, and a hyphen
    // that must stay one is escaped.
    let mut texts = vec![page.replace("\\-", "-")];
    if is_installed("man") {
        let file = server.dir().join("trolley.1");
        std::fs::write(&file, &page).unwrap();
        let shown = command("man")
            .arg("-l")
            .arg(&file)
            .env("MANWIDTH", "100")
            .env("LC_ALL", "C.UTF-8")
            .finish();
        assert!(
            shown.status.success() && shown.stderr.is_empty(),
            "{shown:?}"
        );
        texts.push(String::from_utf8(shown.stdout).unwrap());
    } else {
        println!("skipped: man is not installed, and the page is not shown by it");
    }
    for word in [
        "SYNOPSIS",
        "COMMANDS",
        "trolley import",
        "trolley product set",
        "--strict",
        "--session-timeout",
        "TROLLEY_REDIS",
        "config.toml",
        "jsonl",
        "Exit status",
        "trolley guide",
        "SHARING A CART",
        "Fill the cart",
    ] {
        for text in &texts {
            assert!(text.contains(word), "{word} in\n{text}");
        }
    }
}

#[test]
fn the_guide_is_plain_text_in_a_pipe_and_json_for_programs() {
    let server = Server::start();

    let topics = ok(&server, &["guide"]);
    let page = ok(&server, &["guide", "sharing"]);
    assert!(topics.contains("sharing ") && topics.contains("ordering "));
    assert!(page.starts_with("SHARING A CART\n"), "{page}");
    assert!(!topics.contains('\x1b') && !page.contains('\x1b'));

    let topics: Value = serde_json::from_str(&ok(&server, &["--json", "guide"])).unwrap();
    assert_eq!(topics["topics"][0]["topic"], "keys");
    assert!(topics["topics"][0]["about"].is_string());

    let page: Value = serde_json::from_str(&ok(&server, &["--json", "guide", "limits"])).unwrap();
    assert_eq!(page["topic"], "limits");
    assert!(page["text"].as_str().unwrap().starts_with("# Limits\n"));

    let unknown = run(&server, &["guide", "shareing"]);
    let message = String::from_utf8(unknown.stderr).unwrap();
    assert_eq!(unknown.status.code(), Some(2));
    assert!(
        message.contains("a similar value exists: 'sharing'"),
        "{message}"
    );
}

#[test]
fn the_guide_is_paged_in_a_terminal() {
    let server = Server::start();
    let guide = |variables: &[(&str, &str)]| {
        let mut builder = Terminal::builder(TROLLEY)
            .args(&["guide", "limits"])
            .home(server.dir());
        for (name, value) in variables {
            builder = builder.env(name, value);
        }
        builder.open()
    };
    let title = |terminal: &Terminal, row| {
        terminal.screen(|screen| {
            let cell = screen.cell(row, 0).unwrap();
            (cell.contents().to_owned(), cell.bold())
        })
    };

    // The pager that the person has chosen may have arguments.
    let mut terminal = guide(&[("PAGER", "sed 's/^/> /'")]);
    terminal.wait("> LIMITS");
    assert!(terminal.wait_exit().success());

    // Without any pager the page is printed.
    for variables in [
        &[("PATH", "/nowhere")][..],
        &[("PAGER", "no-such-pager")],
        &[("PAGER", "")],
    ] {
        let mut terminal = guide(variables);
        terminal.wait("^LIMITS");
        assert!(terminal.wait_exit().success());
    }

    let mut terminal = guide(&[("PAGER", "cat"), ("NO_COLOR", "1")]);
    terminal.wait("Valkey 9.1");
    assert!(terminal.wait_exit().success());
    assert_eq!(title(&terminal, 0), ("L".to_owned(), true));
    assert!(!String::from_utf8_lossy(&terminal.raw()).contains("\x1b[3"));
}

/// The document with what differs from run to run made equal.
fn steady(document: &str) -> String {
    let mut value: Value = serde_json::from_str(document).unwrap();
    settle(&mut value);
    serde_json::to_string_pretty(&value).unwrap()
}

fn settle(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                match name.as_str() {
                    "version" | "expires_in_ms" | "expires_at" | "at" | "pid" | "utc_offset"
                        if value.is_number() =>
                    {
                        *value = "(number)".into()
                    }
                    // A time; an import counts by the same name.
                    "changed" if value.as_u64() > Some(1_000_000) => *value = "(number)".into(),
                    "reached" => {
                        let times = value.as_object_mut().unwrap();
                        times
                            .values_mut()
                            .for_each(|time| *time = "(number)".into());
                    }
                    // The rights depend on the server's version.
                    "op_id" | "file" | "socket" | "data" | "rules" if value.is_string() => {
                        *value = "(text)".into()
                    }
                    _ => settle(value),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(settle),
        _ => {}
    }
}

/// Writes down what a command prints, with its exit status.
fn write(book: &mut String, server: &Server, args: &[&str]) {
    let output = run(
        server,
        &[&["--json", "--user", "office", "--name", "ann"], args].concat(),
    );
    let shown = args
        .join(" ")
        .replace(&format!("{}/", server.dir().display()), "");
    book.push_str(&format!(
        "$ trolley --json {shown}   # {}\n",
        output.status.code().unwrap()
    ));
    for stream in [output.stdout, output.stderr] {
        for line in String::from_utf8(stream).unwrap().lines() {
            // What is said to people goes by itself.
            if line.starts_with('{') {
                book.push_str(&steady(line));
                book.push('\n');
            }
        }
    }
}

#[test]
fn json_documents_are_stable() {
    let server = Server::start();
    let path = server.dir().join("teas.csv");
    std::fs::write(
        &path,
        "id,name,price,category,unit,stock,description\ngreen,Green Tea,2.40,Tea,cup,4,Mild\nbad,,1,,,,\n",
    )
    .unwrap();
    let path = path.to_str().unwrap();
    let mut book = String::new();
    let mut note = |args: &[&str]| write(&mut book, &server, args);
    note(&["import", path]);
    note(&["import", path, "--strict"]);
    note(&["products"]);
    note(&["product", "set", "green", "price=2.50"]);
    note(&["product", "show", "green"]);
    note(&["add", "green", "2"]);
    note(&["set", "green", "5"]);
    note(&["cart"]);
    note(&["remove", "green", "1"]);
    note(&["clear"]);
    note(&["add", "green", "3", "Green Tea", "2"]);
    note(&["add", "green", "1", "black", "2"]);
    note(&["product", "delete", "green"]);
    note(&["export", path]);
    note(&["shop", "name=Teas", "currency=€"]);
    let server = Server::start();
    let order = "20261124-7KQ2-M8XD";
    let mut note = |args: &[&str]| write(&mut book, &server, args);
    let backup = server.dir().join("orders.jsonl");
    let backup = backup.to_str().unwrap();
    for args in [
        &["demo"][..],
        &["add", "espresso", "2"],
        &["note", "espresso", "no", "sugar"],
        &["note", "--order", "12:30, back door"],
        &["ready"],
        &["cart"],
        &["checkout"],
        &["checkout", "--yes", "--op-id", order],
        &["orders"],
        &["order", order],
        &["split", order, "--settled", "ann"],
        &["order", order, "accept"],
        &["export", "--orders"],
        &["again", order],
        &["again", order, "--yes"],
        &["clear"],
        &["rules", "--budget", "80", "--lock", "--expect", "ann,bob"],
        &["rules"],
        &["acl", "shopper"],
        &["export", "--orders", backup],
        &["import", "--orders", backup],
    ] {
        note(args);
    }
    note(&["add", "green"]);
    note(&["product", "set", "green", "colour=red"]);
    note(&["product", "set", "green", "colour"]);
    note(&["import", "/no/such/file"]);
    note(&["add"]);
    note(&["frobnicate"]);
    note(&["--session-timeout", "soon", "cart"]);
    insta::assert_snapshot!(book);
}

#[test]
fn documents_that_differ_from_machine_to_machine_are_documents() {
    // That the guide describes them is checked wherever a test reads one.
    let server = Server::with_demo();
    for args in [&["config"][..], &["doctor"], &["guide"], &["guide", "json"]] {
        let printed = run(&server, &[args, &["--json"]].concat()).stdout;
        let document: Value = serde_json::from_slice(&printed).unwrap();
        assert!(document.as_object().is_some_and(|map| !map.is_empty()));
    }
}

#[test]
fn the_rights_as_json_are_those_of_the_servers_version() {
    for binary in server::binaries() {
        let server = Server::start_with(&binary, &[]);
        let args = ["acl", "shopper", "--user", "office", "--as", "ann"];
        let plain = ok(&server, &args);
        let told: Value =
            serde_json::from_str(&ok(&server, &[&args[..], &["--json"]].concat())).unwrap();
        assert_eq!(
            told,
            serde_json::json!({ "user": "ann", "rules": plain.trim() })
        );
        server.cmd(plain.trim());
        // Servers before Redis 7.2 know no such command, and refuse a rule about it.
        let knows: redis::Value = server.insist("COMMAND INFO client|setinfo");
        let known = !matches!(&knows, redis::Value::Array(all) if all[0] == redis::Value::Nil);
        assert_eq!(
            plain.contains("+client|setinfo"),
            known,
            "{binary}: {plain}"
        );
    }
}

#[test]
fn watch_tells_what_other_clients_write() {
    let server = Server::with_demo();
    add(&server, "1");
    let mut watch = Watch::start(&server, server.url());
    let up = watch.next();
    server.cmd("ZADD cart:office 3 bun 7 espresso");
    server.cmd("PUBLISH cart-updates:office anything");
    let foreign = watch.next();
    assert_eq!(
        (&foreign["event"], &foreign["version"]),
        (&"foreign".into(), &up["version"])
    );
    assert_eq!(
        foreign["changes"],
        serde_json::json!([
            { "product": "bun", "quantity": 3, "delta": 3 },
            { "product": "espresso", "quantity": 7, "delta": 6 },
        ])
    );
    server.cmd("DEL cart:office");
    server.cmd("PUBLISH cart-updates:office anything");
    assert_eq!(watch.next()["changes"][1]["quantity"], 0);
    add(&server, "2");
    let update = watch.next();
    assert_eq!(
        (&update["event"], &update["changes"][0]["quantity"]),
        (&"update".into(), &2.into())
    );
}

#[test]
fn watch_ends_where_it_may_not_look() {
    let server = Server::with_demo();
    let rules = ok(
        &server,
        &["acl", "shopper", "--user", "alice", "--as", "ann"],
    );
    server.cmd(rules.trim());
    server.cmd("ACL SETUSER ann >pw");
    let url = format!("{}?user=ann", server.url());
    let args = ["--redis", &url, "--user", "bob", "watch"];
    let output = trolley(server.dir(), &args)
        .env("TROLLEY_PASSWORD", "pw")
        .finish();
    assert_eq!(output.status.code(), Some(3));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("no permission"),
        "{output:?}"
    );
}

/// The codes in the source of a function that tells them.
fn codes_in(source: &str) -> BTreeSet<String> {
    let start = source.find("fn code(&self) -> &'static str").unwrap();
    let body = &source[start..];
    let body = &body[..body.find("\n    }\n").unwrap()];
    let code = Regex::new(r#"=> "([a-z_]+)""#).unwrap();
    code.captures_iter(body)
        .map(|found| found[1].to_owned())
        .collect()
}

#[test]
fn the_guide_lists_every_code() {
    let guide = include_str!("../assets/guide/json.md");
    let listed = guide.split("## Codes").nth(1).unwrap();
    let mut lists = listed.split("```text").skip(1).map(|list| {
        let list = list.split("```").next().unwrap();
        list.split_whitespace()
            .map(str::to_owned)
            .collect::<BTreeSet<String>>()
    });
    let [refusals, troubles, commands] = std::array::from_fn(|_| lists.next().unwrap());

    assert_eq!(refusals, codes_in(include_str!("../src/model/refusal.rs")));
    assert_eq!(troubles, codes_in(include_str!("../src/store/error.rs")));
    let told = codes_in(include_str!("../src/cli/error.rs"));
    assert!(told.is_subset(&commands), "{told:?}");
}
