//! Coming into the served shop by an invitation, with real OpenSSH clients.

use crate::harness;

use harness::ssh::{Folder, launch};
use harness::{Finish, Running, Served, Server, until};
use rustix::process::Signal;
use serde_json::Value;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

/// A program that answers OpenSSH's questions with the next line of the file `codes`, and keeps the
/// questions in the file `questions`. After the last line it gives up, and OpenSSH with it.
const ASKPASS: &str = r#"#!/bin/sh
cd "${0%/*}" || exit 1
echo "$1" >>questions
[ -s codes ] || exec kill $PPID
head -n 1 codes
sed -i 1d codes
"#;

/// The shop of a keys file with Ann's key, and of invitations.
fn invited() -> Served {
    Served::start(&[("ann", r#"cart="office""#)], &["--invites"])
}

/// Runs a command of whoever runs the server.
fn run(served: &Served, args: &[&str]) -> Output {
    harness::run_at(served.folder.path(), served.redis.url(), args)
}

fn document(served: &Served, args: &[&str]) -> Value {
    let output = run(served, &[args, &["--json"]].concat());
    assert!(output.status.success(), "{args:?}: {output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Invites somebody to the office; returns the code.
fn invite(served: &Served, name: &str, more: &[&str]) -> String {
    let args = ["invite", "--cart", "office", "--name", name];
    let made = document(served, &[&args, more].concat());
    made["code"].as_str().unwrap().to_owned()
}

/// Has somebody's client answer the question for a code with these, one after the other.
fn answer(folder: &Folder, who: &str, client: &mut Command, codes: &[&str]) {
    let own = folder.file(&format!("asked-{who}"));
    let _ = std::fs::remove_dir_all(&own);
    std::fs::create_dir(&own).unwrap();
    let lines: String = codes.iter().map(|code| format!("{code}\n")).collect();
    std::fs::write(own.join("codes"), lines).unwrap();

    let askpass = own.join("askpass");
    std::fs::write(&askpass, ASKPASS).unwrap();
    std::fs::set_permissions(&askpass, Permissions::from_mode(0o755)).unwrap();
    client
        .env("SSH_ASKPASS", askpass)
        .env("SSH_ASKPASS_REQUIRE", "force");
}

/// The client of somebody who has codes and asks for the cart.
fn client(served: &Served, who: &str, codes: &[&str]) -> Command {
    let key = (who != "nobody").then_some(who);
    let mut client = served.ssh(key, &["-T"], &["cart", "--json"]);
    answer(&served.folder, who, &mut client, codes);
    client
}

/// Somebody's attempt to come in with these codes.
fn come(served: &Served, who: &str, codes: &[&str]) -> Output {
    client(served, who, codes).finish()
}

/// The questions that somebody's last client was asked.
fn questions(served: &Served, who: &str) -> usize {
    let asked = served.folder.file(&format!("asked-{who}/questions"));
    let asked = std::fs::read_to_string(asked).unwrap_or_default();
    asked.matches("Invitation code:").count()
}

/// The cart that somebody came to.
fn cart(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    let cart: Value = serde_json::from_slice(&output.stdout).unwrap();
    cart["user"].as_str().unwrap().to_owned()
}

/// What somebody reads who is not let in.
fn refused(output: &Output) -> String {
    // It was told so, or has given up.
    assert!(
        matches!(output.status.code(), Some(255) | None),
        "{output:?}"
    );
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The fingerprint of somebody's key.
fn fingerprint(served: &Served, who: &str) -> String {
    let shown = harness::command("ssh-keygen")
        .arg("-lf")
        .arg(served.folder.file(who))
        .finish();
    let shown = String::from_utf8(shown.stdout).unwrap();
    shown.split(' ').nth(1).unwrap().to_owned()
}

#[test]
fn a_code_lets_a_key_in_for_good() {
    let served = invited();
    let made = document(
        &served,
        &[
            "invite", "--cart", "office", "--name", "Cleo", "--role", "shopper", "--for", "1h",
        ],
    );
    let port = served.address().port();
    assert_eq!(made["command"], format!("ssh -p {port} localhost"));
    let code = made["code"].as_str().unwrap();

    // Typed on a terminal, as people type.
    let mut cleo = served.builder("visitor", Some("cleo"), &[]).open();
    cleo.wait("does not know your key SHA256:");
    cleo.wait("Invitation code:");
    cleo.send(format!(" {} \r", code.to_lowercase().replace('-', " ")).as_bytes());
    cleo.wait("cart of office");
    cleo.wait("64 products");
    cleo.keys("/ espresso enter a");
    cleo.wait("1 Espresso");
    cleo.keys("q");
    assert_eq!(cleo.wait_exit().exit_code(), 0);

    // The key alone is enough the next time, under the same name and in the same role.
    let again = come(&served, "cleo", &[]);
    assert_eq!(cart(&again), "office");
    assert_eq!(questions(&served, "cleo"), 0);
    let ordering = ["checkout", "--yes"];
    let ordering = served.ssh(Some("cleo"), &["-T"], &ordering).finish();
    assert_eq!(ordering.status.code(), Some(1), "{ordering:?}");
    let ann = served.visit("ann");
    ann.wait("Cleo added 1 × Espresso");

    // Nobody else has the code now, and another cart is not granted.
    refused(&come(&served, "ben", &[code]));
    assert_eq!(questions(&served, "ben"), 2);
    let other = ["cart", "--cart", "party"];
    let other = served
        .ssh_as("party", Some("cleo"), &["-T"], &other)
        .finish();
    assert_eq!(other.status.code(), Some(1), "{other:?}");

    let listed = document(&served, &["keys"]);
    assert_eq!(listed["invitations"], serde_json::json!([]));
    let key = &listed["keys"][0];
    assert_eq!(key["key"], fingerprint(&served, "cleo"));
    assert_eq!(key["invitation"], made["invitation"]);
    assert_eq!(
        (&key["name"], &key["role"]),
        (&"Cleo".into(), &"shopper".into())
    );

    // Neither the log nor Redis has the code.
    assert!(served.log().contains("INFO bound "), "{}", served.log());
    let plain = code.replace('-', "");
    assert!(!served.log().contains(code) && !served.log().contains(&plain));
    for key in served.redis.get_list("KEYS *") {
        assert!(!key.to_uppercase().contains(&plain), "{key}");
    }
}

#[test]
fn a_code_that_is_used_twice_at_once_lets_one_in() {
    let served = Served::start(&[], &["--invites"]);
    for (uses, let_in) in [("1", 1), ("2", 2)] {
        let code = invite(&served, "Guest", &["--uses", uses]);
        let codes = [&*code; 9];
        let clients = ["ann", "ben", "cleo"].map(|who| {
            let mut client = client(&served, who, &codes);
            Running::start(&mut client)
        });
        let outputs = clients.map(Running::finish);
        let are_in = outputs.iter().filter(|output| output.status.success());
        assert_eq!(are_in.count(), let_in, "{outputs:?}");
        assert_eq!(served.redis.get("HLEN {serve}:keys"), uses);
        assert_eq!(served.redis.get("ZCARD {serve}:invites"), "0");
        served.redis.cmd("DEL {serve}:keys");
    }
}

#[test]
fn an_invitation_ends() {
    let served = invited();
    let code = invite(&served, "Cleo", &["--for", "1s"]);
    until("the invitation is over", || {
        document(&served, &["keys"])["invitations"] == serde_json::json!([])
    });
    let said = refused(&come(&served, "cleo", &[&code]));
    assert!(
        said.contains("not the code of an open invitation"),
        "{said}"
    );
    assert_eq!(served.redis.get("EXISTS {serve}:keys"), "0");
    // What is left of it is swept away.
    invite(&served, "Ben", &[]);
    assert_eq!(served.redis.get("ZCARD {serve}:invites"), "1");

    // One that is withdrawn is over as well.
    let withdrawn = document(&served, &["keys"])["invitations"][0]["invitation"].clone();
    let withdrawn = withdrawn.as_str().unwrap();
    assert_eq!(
        document(&served, &["keys", "remove", withdrawn])["removed"],
        withdrawn
    );
    assert_eq!(
        served.redis.get_list("KEYS {serve}:*"),
        Vec::<String>::new()
    );
    let gone = run(&served, &["keys", "remove", withdrawn]);
    assert_eq!(gone.status.code(), Some(1), "{gone:?}");
}

#[test]
fn a_wrong_code_says_nothing_and_three_are_enough() {
    let served = invited();
    let good = invite(&served, "Cleo", &[]);
    // No code at all, one of the right form, a part of the right one; then it is too late.
    let wrong = ["hello\u{1b}[31m", "0000-0000-0000-0000", &good[..14], &good];
    let said = refused(&come(&served, "cleo", &wrong));
    assert_eq!(questions(&served, "cleo"), 3);
    assert_eq!(
        said.matches("not the code of an open invitation").count(),
        2,
        "{said}"
    );
    assert!(said.contains("Ask whoever has invited you"), "{said}");
    let log = served.log();
    let refusals = log.lines().filter(|line| line.contains("INFO refused "));
    let wrong = refusals.filter(|line| line.contains("a wrong invitation code"));
    let wrong: Vec<&str> = wrong.collect();
    assert_eq!(wrong.len(), 3, "{log}");
    assert!(
        wrong.iter().all(|line| line.contains("ip=127.0.0.1")),
        "{log}"
    );
    assert!(!log.contains("hello"), "{log}");

    // The code is still good.
    assert_eq!(cart(&come(&served, "cleo", &["x", &good])), "office");
}

#[test]
fn without_a_key_no_code_is_asked_for() {
    let served = invited();
    let code = invite(&served, "Cleo", &[]);
    let said = refused(&come(&served, "nobody", &[&code]));
    assert_eq!(questions(&served, "nobody"), 0);
    assert!(
        said.contains("ssh-keygen") && said.contains("invitation"),
        "{said}"
    );

    // Nor where the server takes no invitations.
    let closed = Served::office();
    let said = refused(&come(&closed, "cleo", &[&code]));
    assert_eq!(questions(&closed, "cleo"), 0);
    assert!(said.contains("does not know your key"), "{said}");
}

#[test]
fn a_key_that_is_removed_has_to_go() {
    let served = invited();
    let code = invite(&served, "Cleo", &["--uses", "2"]);
    for who in ["ben", "cleo"] {
        assert_eq!(cart(&come(&served, who, &[&code])), "office");
    }
    let mut cleo = served.visit("cleo");
    let ben = served.visit("ben");
    let ann = served.visit("ann");

    // To read the keys file again changes nothing for them.
    served.signal(Signal::HUP);
    until("the keys are read", || served.log().contains("INFO keys "));
    let removed = run(&served, &["keys", "remove", &fingerprint(&served, "cleo")]);
    assert!(removed.status.success(), "{removed:?}");
    cleo.wait("has changed");
    cleo.wait_exit();
    cleo.assert_restored();
    refused(&come(&served, "cleo", &[&code]));
    ben.wait("64 products");
    ann.wait("64 products");
    assert_eq!(cart(&come(&served, "ben", &[])), "office");
}

#[test]
fn a_listed_key_is_what_its_line_says() {
    let served = invited();
    let code = invite(&served, "Cleo", &[]);
    assert_eq!(cart(&come(&served, "cleo", &[&code])), "office");
    let mut cleo = served.visit("cleo");

    let people = [("ann", r#"cart="office""#), ("cleo", r#"cart="party""#)];
    served.folder.list(&people);
    served.signal(Signal::HUP);
    cleo.wait("has changed");
    cleo.wait_exit();
    assert_eq!(cart(&come(&served, "cleo", &[])), "party");

    // Once its line is gone, what it came by counts again.
    served.folder.list(&people[..1]);
    served.signal(Signal::HUP);
    until("the keys are read twice", || {
        served.log().matches("INFO keys ").count() == 2
    });
    assert_eq!(cart(&come(&served, "cleo", &[])), "office");
}

#[test]
fn what_is_forged_in_redis_lets_nobody_in() {
    let served = invited();
    let key = fingerprint(&served, "cleo");
    let record = |cart: &str, name: &str, role: &str| {
        serde_json::json!({
            "cart": cart, "name": name, "role": role, "since": 1, "invitation": "0a1b2c3d",
        })
        .to_string()
    };
    let long = "n".repeat(3_000_000);
    for forged in [
        "",
        "x",
        "[[[[",
        "\u{ff}",
        &record("an office", "Cleo", "buyer"),
        &record("office", "", "buyer"),
        &record("office", "Cleo", "importer"),
        &record("office", &long, "buyer"),
    ] {
        served.redis.raw(&["HSET", "{serve}:keys", &key, forged]);
        let said = refused(&come(&served, "cleo", &[]));
        assert!(said.contains("does not know your key"), "{said}");
        let listed = document(&served, &["keys"]);
        assert_eq!(listed["keys"][0]["name"], Value::Null, "{listed}");
    }

    // A name is clean wherever it shows.
    let loud = record("office", "Cl\u{1b}[31meo\u{202e}\n", "clerk");
    served.redis.raw(&["HSET", "{serve}:keys", &key, &loud]);
    assert_eq!(cart(&come(&served, "cleo", &[])), "office");
    let shown = run(&served, &["keys"]);
    assert!(!shown.stdout.contains(&0x1b), "{shown:?}");
    assert!(!served.log().contains('\x1b'), "{}", served.log());

    // An invitation that makes no sense lets nobody in, and nor does what came of it.
    served.redis.cmd("DEL {serve}:keys");
    for field in [
        "uses 0",
        "uses -1",
        "uses 1e3",
        "uses nan",
        "cart {x}",
        "role king",
    ] {
        let code = invite(&served, "Cleo", &[]);
        let forged = served.redis.get_list("KEYS {serve}:invite:*").remove(0);
        served.redis.cmd(&format!("HSET {forged} {field}"));
        refused(&come(&served, "cleo", &[&code]));
        refused(&come(&served, "cleo", &[]));
        served
            .redis
            .cmd(&format!("DEL {forged} {{serve}}:invites {{serve}}:keys"));
    }

    // Another program's keys are told, and keep out nobody who is listed.
    served.redis.cmd("SET {serve}:keys x");
    let said = refused(&come(&served, "cleo", &[]));
    assert!(said.contains("can't look up"), "{said}");
    assert_eq!(cart(&come(&served, "ann", &[])), "office");
    assert_eq!(run(&served, &["keys"]).status.code(), Some(3));
}

#[test]
fn listed_keys_are_let_in_while_redis_is_away() {
    let mut served = invited();
    let code = invite(&served, "Cleo", &[]);
    assert_eq!(cart(&come(&served, "cleo", &[&code])), "office");
    // A visit without terminal or command needs no Redis.
    let plain = |served: &Served, who| served.ssh(Some(who), &["-T"], &[]).finish();
    assert_eq!(plain(&served, "cleo").status.code(), Some(2));

    served.redis.freeze();
    assert_eq!(plain(&served, "ann").status.code(), Some(2));
    let said = refused(&plain(&served, "cleo"));
    assert!(said.contains("can't look up"), "{said}");
    served.redis.thaw();
    served.redis.kill();
    assert_eq!(plain(&served, "ann").status.code(), Some(2));
    let said = refused(&plain(&served, "cleo"));
    assert!(said.contains("can't look up"), "{said}");
    served.redis.restart();
    assert_eq!(plain(&served, "cleo").status.code(), Some(2));
}

#[test]
fn the_server_needs_no_more_rights_than_its_own_role() {
    let redis = Server::with_demo();
    let rules = harness::ok(&redis, &["acl", "server", "--as", "door"]);
    redis.cmd(&format!("{} >pw", rules.trim()));
    let folder = Folder::new();
    let url = format!("{}?user=door", redis.url());
    let door = |args: &[&str]| {
        let mut command = harness::trolley(folder.path(), &["--redis", &url]);
        command.args(args).env("TROLLEY_PASSWORD", "pw");
        command
    };
    let (_server, address, _) = launch(&mut door(&[]), &["--invites"]);
    let made = door(&[
        "--json", "invite", "--cart", "office", "--name", "Cleo", "--uses", "2",
    ]);
    let made = { made }.finish();
    assert!(made.status.success(), "{made:?}");
    let made: Value = serde_json::from_slice(&made.stdout).unwrap();

    let come = |who: &str| {
        let mut client = harness::command("ssh");
        client
            .args(folder.client(Some(who), address.port()))
            .args(["-T", "-l", who, "127.0.0.1", "add", "espresso"])
            .env_remove("SSH_AUTH_SOCK");
        answer(&folder, who, &mut client, &[made["code"].as_str().unwrap()]);
        client.finish()
    };
    for who in ["ben", "cleo", "cleo"] {
        let output = come(who);
        assert!(output.status.success(), "{output:?}");
    }
    let listed = door(&["--json", "keys"]).finish();
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed["keys"].as_array().unwrap().len(), 2, "{listed}");
    let key = listed["keys"][0]["key"].as_str().unwrap();
    assert!(door(&["keys", "remove", key]).finish().status.success());
    let denied = redis.denied();
    let known = |what: &String| ["scan", "dbsize"].contains(&what.as_str());
    assert!(denied.iter().all(known), "{denied:?}");
}

#[test]
fn mistakes_about_invitations_are_told() {
    let redis = Server::with_demo();
    let folder = Folder::new();
    for (args, what) in [
        (&["serve", "--invites", "--open", "own"][..], "--open"),
        (&["serve", "--invites", "--guests"], "--guests"),
        (&["invite", "--cart", "office"], "--name"),
        (&["invite", "--name", "Ann"], "--cart"),
        (&["invite", "--cart", "a b", "--name", "Ann"], "a b"),
        (&["invite", "--cart", "x", "--name", " "], "name"),
        (
            &["invite", "--cart", "x", "--name", "Ann", "--for", "never"],
            "2d",
        ),
        (
            &["invite", "--cart", "x", "--name", "Ann", "--uses", "0"],
            "uses",
        ),
        (
            &["invite", "--cart", "x", "--name", "Ann", "--role", "king"],
            "king",
        ),
    ] {
        let output = harness::run_at(folder.path(), redis.url(), args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {output:?}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(what), "{args:?}: {said}");
    }
    let unknown = ["keys", "remove", "SHA256:x"];
    let unknown = harness::run_at(folder.path(), redis.url(), &unknown);
    assert_eq!(unknown.status.code(), Some(1), "{unknown:?}");

    // Where no server runs, somebody has to say where it is.
    let made = ["invite", "--cart", "office", "--name", "Ann"];
    let made = harness::run_at(folder.path(), redis.url(), &made);
    let shown = String::from_utf8_lossy(&made.stdout).into_owned();
    assert!(
        shown.starts_with("Ann may come to the cart office with 1 key until "),
        "{shown}"
    );
    assert!(shown.contains("ssh -p PORT HOST"), "{shown}");
}
