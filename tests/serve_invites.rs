//! Coming into the served shop by an invitation, with real OpenSSH clients.

use crate::{acl, harness};

use harness::ssh::{AnyHost, Folder, launch};
use harness::{Cluster, Finish, Running, Served, Server, Terminal, in_time, server, until};
use russh::client::{self, AuthResult, Handle, KeyboardInteractiveAuthResponse};
use russh::keys::{PrivateKeyWithHashAlg, load_secret_key};
use rustix::process::Signal;
use serde_json::Value;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};
use std::sync::Arc;

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
    harness::document_at(served.folder.path(), served.redis.url(), args)
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

/// Somebody's terminal, where a code is asked for.
fn asked(served: &Served, who: &str) -> Terminal {
    let terminal = served.builder("visitor", Some(who), &[]).open();
    terminal.wait("Invitation code:");
    terminal
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
    cleo.wait("▌office");
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
    refused(&come(&served, "ben", &[code; 3]));
    assert_eq!(questions(&served, "ben"), 3);
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
fn a_code_that_many_use_at_once_lets_in_as_many_as_it_says() {
    let served = Served::start(&[], &["--invites"]);
    let people: Vec<String> = (0..6).map(|n| format!("guest-{n}")).collect();
    for who in &people {
        served.folder.make_key(who, "ed25519");
    }

    for uses in [1, 2] {
        let code = invite(&served, "Guest", &["--uses", &uses.to_string()]);
        let mut terminals: Vec<Terminal> = people.iter().map(|who| asked(&served, who)).collect();
        for terminal in &mut terminals {
            terminal.send(format!("{code}\r").as_bytes());
        }
        let is_in = |terminal: &Terminal| terminal.text().contains("64 products");
        until("everybody is in or is told", || {
            let is_told = |terminal: &Terminal| terminal.text().contains("not the code");
            terminals
                .iter()
                .all(|terminal| is_in(terminal) || is_told(terminal))
        });
        assert_eq!(terminals.iter().filter(|one| is_in(one)).count(), uses);
        assert_eq!(served.redis.get("HLEN {serve}:keys"), uses.to_string());
        assert_eq!(served.redis.get("ZCARD {serve}:invites"), "0");
        served.redis.cmd("DEL {serve}:keys");
    }
}

#[test]
fn a_key_takes_an_invitation_once() {
    let served = invited();
    let code = invite(&served, "Cleo", &["--uses", "2"]);
    let mut terminals = [asked(&served, "cleo"), asked(&served, "cleo")];
    for terminal in &mut terminals {
        terminal.send(format!("{code}\r").as_bytes());
    }
    for terminal in &terminals {
        terminal.wait("64 products");
    }
    let listed = document(&served, &["keys"]);
    assert_eq!(listed["keys"].as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(listed["invitations"][0]["uses"], 1, "{listed}");
}

#[test]
fn whoever_has_several_keys_comes_by_a_known_one() {
    let served = invited();
    let both = |first: &str, second: &str| {
        let second = served.folder.text(second);
        let mut client = served.ssh(Some(first), &["-T", "-i", &second], &["cart", "--json"]);
        answer(&served.folder, first, &mut client, &[]);
        client.finish()
    };
    // A listed key lets its owner in, whatever was shown before it, and nothing is asked.
    assert_eq!(cart(&both("cleo", "ann")), "office");
    assert_eq!(questions(&served, "cleo"), 0);

    let code = invite(&served, "Cleo", &[]);
    assert_eq!(cart(&come(&served, "cleo", &[&code])), "office");
    assert_eq!(cart(&both("ben", "cleo")), "office");
    assert_eq!(questions(&served, "ben"), 0);
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

    // One that ends between the question and the answer is over.
    let mut cleo = asked(&served, "cleo");
    let code = invite(&served, "Cleo", &["--for", "1s"]);
    until("the invitation is over", || {
        document(&served, &["keys"])["invitations"] == serde_json::json!([])
    });
    cleo.send(format!("{code}\r").as_bytes());
    cleo.wait("not the code of an open invitation");
    assert_eq!(served.redis.get("EXISTS {serve}:keys"), "0");
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
    // This command needs no Redis.
    let plain = |served: &Served, who| served.ssh(Some(who), &["-T"], &["help"]).finish();
    assert_eq!(plain(&served, "cleo").status.code(), Some(0));

    served.redis.freeze();
    assert_eq!(plain(&served, "ann").status.code(), Some(0));
    let said = refused(&plain(&served, "cleo"));
    assert!(said.contains("can't look up"), "{said}");
    served.redis.thaw();
    served.redis.kill();
    assert_eq!(plain(&served, "ann").status.code(), Some(0));
    let said = refused(&plain(&served, "cleo"));
    assert!(said.contains("can't look up"), "{said}");
    served.redis.restart();
    assert_eq!(plain(&served, "cleo").status.code(), Some(0));
}

#[test]
fn the_server_needs_no_more_rights_than_its_own_role() {
    for binary in server::binaries() {
        let redis = acl::admitted(&binary, "server");
        let folder = Folder::new();
        folder.list(&[("ann", r#"role="clerk""#)]);
        let keys = folder.text("keys");
        let url = format!("{}?user=ann", redis.url());
        let door = |args: &[&str]| {
            let mut command = harness::trolley(folder.path(), &["--redis", &url]);
            command.args(args).env("TROLLEY_PASSWORD", "pw");
            command
        };
        let document = |args: &[&str]| -> Value {
            let output = { door(&[&["--json"], args].concat()) }.finish();
            assert!(output.status.success(), "{output:?}");
            serde_json::from_slice(&output.stdout).unwrap()
        };
        let (_server, address, _) = launch(&mut door(&[]), &["--invites", "--keys", &keys]);
        let made = document(&[
            "invite", "--cart", "office", "--name", "Guest", "--uses", "3",
        ]);
        let code = made["code"].as_str().unwrap();
        let send = |who: &str, words: &[&str]| {
            let mut client = folder.ssh(address.port(), "office", Some(who), &["-T"], words);
            answer(&folder, who, &mut client, &[code]);
            let output = client.finish();
            assert!(output.status.success(), "{words:?}: {output:?}");
            String::from_utf8(output.stdout).unwrap()
        };

        // Whatever visitors may do, a clerk above all.
        send("ben", &["add", "espresso", "3"]);
        send("cleo", &["rules", "--budget", "90"]);
        send("ann", &["remove", "espresso"]);
        for step in ["cancel", "accept"] {
            send("ben", &["set", "espresso", "2"]);
            let placed = send("ben", &["checkout", "--yes", "--json"]);
            let placed: Value = serde_json::from_str(&placed).unwrap();
            send("ann", &["order", placed["order"].as_str().unwrap(), step]);
        }
        send("ann", &["orders", "--all"]);
        let ben = folder.builder(address.port(), "visitor", Some("ben"), &[]);
        let mut screen = ben.open();
        screen.wait("64 products");
        screen.keys("/ espresso enter a");
        screen.wait("1 Espresso");
        screen.keys("u q");
        screen.wait_exit();

        let listed = document(&["keys"]);
        assert_eq!(listed["keys"].as_array().unwrap().len(), 2, "{listed}");
        let key = listed["keys"][0]["key"].as_str().unwrap();
        document(&["keys", "remove", key]);
        document(&["keys", "remove", made["invitation"].as_str().unwrap()]);
        let denied = redis.denied();
        let known = |what: &String| ["scan", "dbsize"].contains(&what.as_str());
        assert!(denied.iter().all(known), "{denied:?}");

        acl::forbidden(
            &redis,
            &[
                "CONFIG GET maxmemory",
                "FLUSHALL",
                "FLUSHDB",
                "KEYS *",
                "SCAN 0",
                "ACL LIST",
                "CLIENT LIST",
                "MONITOR",
                "SHUTDOWN NOSAVE",
                "DEBUG SLEEP 0",
                "SCRIPT FLUSH",
                "FUNCTION LIST",
                "EVAL return 0",
                "GET {serve}:keys",
                "DEL {serve}:keys",
                "RENAME {serve}:keys x",
                "COPY {serve}:keys x",
                "HGETALL {serve}:keys",
                "HSET {serve}x y z",
                "HSET other x y",
                "UNLINK product:espresso",
                "ZADD catalog 0 x",
                "HSET shop name x",
                "XREADGROUP GROUP x y STREAMS orders >",
                "XACK orders x 0-1",
                "SUBSCRIBE other",
                "PSUBSCRIBE *",
                "PUBLISH other x",
            ],
        );
        acl::nothing_is_spare(&redis);
    }
}

#[test]
fn others_may_not_invite_and_are_told_who_may() {
    for role in ["shopper", "buyer", "clerk", "importer"] {
        let redis = acl::admitted(&server::binaries()[0], role);
        for args in [
            &["invite", "--cart", "alice", "--name", "Eve"][..],
            &["keys"],
            &["keys", "remove", "SHA256:x"],
            &["keys", "remove", "0a1b2c3d"],
        ] {
            let refused = acl::run(&redis, args);
            assert_eq!(refused.status.code(), Some(3), "{role}: {args:?}");
            let said = String::from_utf8_lossy(&refused.stderr).into_owned();
            assert!(
                said.contains("trolley acl server"),
                "{role}: {args:?}: {said}"
            );
        }
        assert_eq!(redis.get_list("KEYS {serve}:*"), Vec::<String>::new());
    }
}

/// What a client of the SSH library is asked.
async fn question(connection: &mut Handle<AnyHost>) -> KeyboardInteractiveAuthResponse {
    let asking = connection.authenticate_keyboard_interactive_start("visitor", None);
    in_time("a question", asking).await.unwrap()
}

#[tokio::test]
async fn a_client_that_begins_anew_has_no_more_tries() {
    let served = invited();
    let code = invite(&served, "Cleo", &[]);
    let config = Arc::new(client::Config::default());
    let connecting = client::connect(config, served.address(), AnyHost);
    let mut connection = in_time("a connection", connecting).await.unwrap();
    let is_asked = |response: &KeyboardInteractiveAuthResponse| match response {
        KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. } => prompts.len() == 1,
        KeyboardInteractiveAuthResponse::Success
        | KeyboardInteractiveAuthResponse::Failure { .. } => false,
    };

    // Without a proven key there is no question, and an answer is worth nothing.
    assert!(!is_asked(&question(&mut connection).await));
    let answering = connection.authenticate_keyboard_interactive_respond(vec![code.clone()]);
    let answered = in_time("an answer", answering).await.unwrap();
    assert!(matches!(
        answered,
        KeyboardInteractiveAuthResponse::Failure { .. }
    ));

    let prove = |who: &str| {
        let key = load_secret_key(served.folder.file(who), None).unwrap();
        PrivateKeyWithHashAlg::new(Arc::new(key), None)
    };
    let login = connection.authenticate_publickey("visitor", prove("cleo"));
    let login = in_time("the proof", login).await.unwrap();
    assert!(
        matches!(
            login,
            AuthResult::Failure {
                partial_success: true,
                ..
            }
        ),
        "{login:?}"
    );

    // No answer is as wrong as any, and only the first of several counts.
    assert!(is_asked(&question(&mut connection).await));
    let wrong = "0000-0000-0000-0000".to_owned();
    for (answers, is_asked_again) in [
        (vec![wrong.clone(), code.clone()], true),
        (Vec::new(), true),
        (vec![wrong], false),
    ] {
        let answering = connection.authenticate_keyboard_interactive_respond(answers);
        let answered = in_time("an answer", answering).await.unwrap();
        assert_eq!(is_asked(&answered), is_asked_again, "{answered:?}");
    }
    let reading = connection.authenticate_keyboard_interactive_respond(Vec::new());
    in_time("the end of the questions", reading).await.unwrap();

    // Neither another key nor another question helps.
    let login = connection.authenticate_publickey("visitor", prove("ben"));
    assert!(!in_time("a refusal", login).await.unwrap().success());
    assert!(!is_asked(&question(&mut connection).await));
    let answering = connection.authenticate_keyboard_interactive_respond(vec![code]);
    let answered = in_time("an answer", answering).await.unwrap();
    assert!(
        matches!(answered, KeyboardInteractiveAuthResponse::Failure { .. }),
        "{answered:?}"
    );
    assert_eq!(served.redis.get("EXISTS {serve}:keys"), "0");
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

#[test]
fn who_came_by_an_invitation_gets_its_cart_alone() {
    let people = [("ann", r#"cart="party",name="Ann""#)];
    let served = Served::start(&people, &["--invites"]);
    let send = |who, command: &str| served.ssh(Some(who), &["-qT"], &[command]).finish();
    let document = |who, command: &str| -> Value {
        let output = send(who, &format!("{command} --json"));
        assert!(output.status.success(), "{command}: {output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    };
    document("ann", "add espresso 2");
    let placed = document("ann", "checkout --yes");
    let id = placed["order"].as_str().unwrap();
    document("ann", "add cappuccino 3");
    for (who, role) in [("ben", "shopper"), ("cleo", "clerk")] {
        let code = invite(&served, who, &["--role", role]);
        assert_eq!(cart(&come(&served, who, &[&code])), "office");
    }
    let before = served.redis.digest();

    for who in ["ben", "cleo"] {
        for command in [
            "cart",
            "add lemon",
            "set lemon 2",
            "remove cappuccino",
            "clear",
            "watch",
            "note 'for eve'",
            "ready",
            "checkout",
            "checkout --yes",
            "orders",
            "rules --lock",
            "products",
        ] {
            let said = send(who, &format!("{command} --cart party"));
            assert_eq!(said.status.code(), Some(1), "{who}: {command}: {said:?}");
            assert_eq!(said.stdout, b"", "{who}: {command}");
        }
        for command in [
            format!("order {id}"),
            format!("order {id} cancel"),
            format!("checkout --yes --op-id {id}"),
            "orders --all".to_owned(),
        ] {
            let said = send(who, &command);
            assert_eq!(said.status.code(), Some(1), "{who}: {command}: {said:?}");
        }
        // Whom it lets in is the matter of whoever runs the server.
        for command in ["invite --cart party --name Eve", "keys", "keys remove x"] {
            let said = send(who, command);
            assert_eq!(said.status.code(), Some(2), "{who}: {command}: {said:?}");
        }
        // Nor does a user name grant anything.
        let named = served.ssh_as("party", Some(who), &["-T"], &["cart", "--json"]);
        assert_eq!(cart(&{ named }.finish()), "office");
    }
    assert_eq!(served.redis.digest(), before);
}

#[test]
fn a_removed_key_can_do_nothing_more_on_its_connection() {
    let served = invited();
    let code = invite(&served, "Cleo", &["--uses", "3"]);
    assert_eq!(cart(&come(&served, "cleo", &[&code])), "office");
    let watching = served.ssh(Some("cleo"), &["-T"], &["watch", "--json"]);
    let mut watching = Running::start(&mut { watching });
    watching.line();
    let idle = served.ssh(Some("cleo"), &["-N"], &[]);
    let idle = Running::start(&mut { idle });
    until("both are there", || {
        served.log().matches("INFO auth ").count() == 3
    });

    let key = fingerprint(&served, "cleo");
    let removed = run(&served, &["keys", "remove", &key]);
    let said = String::from_utf8_lossy(&removed.stderr).into_owned();
    let id = document(&served, &["keys"])["invitations"][0]["invitation"].clone();
    let advice = format!("trolley keys remove {}", id.as_str().unwrap());
    assert!(
        said.contains("still open") && said.contains(&advice),
        "{said}"
    );
    let watching = watching.finish();
    assert_eq!(watching.status.code(), Some(3), "{watching:?}");
    let idle = idle.finish();
    assert_eq!(idle.status.code(), Some(255), "{idle:?}");

    // The invitation would let the same person in again, so that is told, also to programs.
    assert_eq!(cart(&come(&served, "cleo", &[&code])), "office");
    let removed = document(&served, &["keys", "remove", &key]);
    assert_eq!(removed["open_invitation"], id);
    document(&served, &["keys", "remove", id.as_str().unwrap()]);
    refused(&come(&served, "cleo", &[&code]));
}

#[test]
fn a_code_is_not_lost_while_redis_is_away() {
    let mut served = invited();
    let code = invite(&served, "Cleo", &["--uses", "2"]);
    let uses = |served: &Served| document(served, &["keys"])["invitations"][0]["uses"].clone();

    // The server has stopped: nothing is bound.
    let mut cleo = asked(&served, "cleo");
    served.redis.kill();
    cleo.send(format!("{code}\r").as_bytes());
    cleo.wait("can't look up invitations and keys now; come again in a moment");
    cleo.wait_exit();
    served.redis.restart();
    assert_eq!(served.redis.get("EXISTS {serve}:keys"), "0");
    assert_eq!(uses(&served), 2);

    // It does not answer, and takes the code later: that counts once.
    let mut cleo = asked(&served, "cleo");
    served.redis.freeze();
    cleo.send(format!("{code}\r").as_bytes());
    cleo.wait("can't look up invitations and keys now; come again in a moment");
    cleo.wait_exit();
    served.redis.thaw();
    assert_eq!(cart(&come(&served, "cleo", &[&code])), "office");
    assert_eq!(uses(&served), 1);
    assert!(!served.log().contains(&code), "{}", served.log());
}

#[test]
fn names_are_clean_and_short_wherever_they_come_from() {
    let served = invited();
    for name in [
        "\u{1b}[31mAnn\u{7}\n\r",
        "A\u{202e}nn\u{200b}",
        &"n".repeat(4096),
        &"𝄞".repeat(1024),
        &"\"\\/\u{7f}".repeat(1024),
        &"日".repeat(64),
    ] {
        let code = invite(&served, name, &[]);
        assert_eq!(cart(&come(&served, "cleo", &[&code])), "office", "{name}");
        let listed = document(&served, &["keys"]);
        let key = &listed["keys"][0];
        let shown = key["name"].as_str().unwrap();
        assert!(shown.chars().count() <= 65, "{shown}");
        assert!(!shown.chars().any(char::is_control), "{shown:?}");
        let output = run(&served, &["keys"]);
        assert!(!output.stdout.contains(&0x1b), "{output:?}");
        document(&served, &["keys", "remove", key["key"].as_str().unwrap()]);
    }
    assert!(!served.log().contains('\x1b'), "{}", served.log());
}

#[test]
fn other_programs_keys_are_told_and_break_nothing() {
    let served = invited();
    let code = invite(&served, "Cleo", &[]);
    let open = served.redis.get_list("KEYS {serve}:invite:*").remove(0);
    let commands = [
        &["keys"][..],
        &["invite", "--cart", "office", "--name", "Ben"],
        &["keys", "remove", "0a1b2c3d"],
        &["keys", "remove", "SHA256:x"],
    ];
    let told = |fails: &[bool]| {
        for (args, fails) in commands.iter().zip(fails) {
            let output = run(&served, args);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let is_told = output.status.code() == Some(3) && said.contains("trolley doctor");
            assert_eq!(is_told, *fails, "{args:?}: {output:?}");
            assert!(!said.contains("panicked"), "{said}");
        }
    };
    let doctor = || String::from_utf8(run(&served, &["doctor"]).stdout).unwrap();

    // In place of the list of invitations: a code binds nothing, and is still good.
    served.redis.cmd("RENAME {serve}:invites aside");
    served.redis.cmd("SET {serve}:invites x");
    told(&[true, true, true, false]);
    assert!(doctor().contains("{serve}:invites is a string and should be a zset"));
    let said = refused(&come(&served, "cleo", &[&code]));
    assert!(said.contains("can't look up"), "{said}");
    assert_eq!(served.redis.get("EXISTS {serve}:keys"), "0");
    served.redis.cmd("RENAME aside {serve}:invites");

    // In place of the keys.
    served.redis.cmd("RPUSH {serve}:keys x");
    told(&[true, false, false, true]);
    assert!(doctor().contains("{serve}:keys is a list and should be a hash"));
    let said = refused(&come(&served, "cleo", &[&code]));
    assert!(said.contains("can't look up"), "{said}");
    served.redis.cmd("DEL {serve}:keys");

    // In place of one invitation: the others are listed, and it can be removed.
    served.redis.cmd(&format!("RENAME {open} aside"));
    served.redis.cmd(&format!("SET {open} x"));
    let listed = document(&served, &["keys"]);
    let invitations = listed["invitations"].as_array().unwrap();
    let unreadable = invitations.iter().find(|one| one["name"].is_null());
    let id = unreadable.unwrap()["invitation"].as_str().unwrap();
    assert_eq!(invitations.len(), 2, "{listed}");
    let shown = String::from_utf8(run(&served, &["keys"]).stdout).unwrap();
    assert!(shown.contains(&format!("{id}  unreadable")), "{shown}");
    let said = refused(&come(&served, "cleo", &[&code]));
    assert!(said.contains("can't look up"), "{said}");
    document(&served, &["keys", "remove", id]);
    assert_eq!(served.redis.get(&format!("EXISTS {open}")), "0");

    // In place of its index entry, and with numbers out of all bounds.
    served.redis.cmd("DEL {serve}:invites");
    for hash in ["x".to_owned(), "\u{1b}[2J".to_owned(), "b".repeat(64)] {
        served.redis.raw(&["ZADD", "{serve}:invites", "inf", &hash]);
    }
    let endless = format!("{{serve}}:invite:{}", "b".repeat(64));
    served.redis.cmd(&format!(
        "HSET {endless} uses 1 cart office name Ann role buyer"
    ));
    let since = u64::MAX;
    let record = format!(
        r#"{{"cart":"office","name":"Ann","role":"buyer","since":{since},"invitation":"\u001b[2J"}}"#
    );
    served
        .redis
        .raw(&["HSET", "{serve}:keys", "\u{1b}[2J:", &record]);
    let shown = run(&served, &["keys"]);
    assert!(shown.status.success(), "{shown:?}");
    assert!(!shown.stdout.contains(&0x1b), "{shown:?}");
    assert_eq!(
        document(&served, &["keys"])["invitations"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn no_log_has_a_code() {
    let everything = [("TROLLEY_LOG_LEVEL", "trace")];
    let people = [("ann", r#"cart="office""#)];
    let served = Served::at(Server::with_demo(), &people, &["--invites"], &everything);
    let log = served.folder.text("invite-log");
    let made = document(
        &served,
        &[
            "--log",
            &log,
            "--log-level",
            "trace",
            "invite",
            "--cart",
            "office",
            "--name",
            "Cleo",
        ],
    );
    let code = made["code"].as_str().unwrap();
    let wrong = "7KQ2-M8XD-4RT9-PWVN";
    assert_eq!(cart(&come(&served, "cleo", &[wrong, code])), "office");

    for log in [served.log(), std::fs::read_to_string(log).unwrap()] {
        let log = log.to_uppercase();
        for code in [code, wrong] {
            for written in [code.to_owned(), code.replace('-', "")] {
                assert!(!log.contains(&written), "{log}");
            }
        }
    }
    assert!(served.log().contains("INFO bound "), "{}", served.log());
}

#[test]
fn invitations_work_on_a_cluster() {
    let cluster = Cluster::start(3, 0);
    let url = cluster.url();
    let folder = Folder::new();
    harness::ok_at(folder.path(), &url, &["demo"]);
    let mut command = harness::trolley(folder.path(), &["--redis", &url]);
    let (_server, address, _) = launch(&mut command, &["--invites"]);
    let document = |args: &[&str]| harness::document_at(folder.path(), &url, args);
    let come = |who: &str, code: &str| {
        let words = ["cart", "--json"];
        let mut client = folder.ssh(address.port(), who, Some(who), &["-T"], &words);
        answer(&folder, who, &mut client, &[code]);
        client.finish()
    };

    let invite = ["invite", "--cart", "office", "--name", "Guest"];
    let code = document(&invite)["code"].clone();
    let code = code.as_str().unwrap();
    assert_eq!(cart(&come("cleo", code)), "office");
    refused(&come("ben", code));

    // The keys of the door go to another node, all at once.
    let to = (cluster.owner("{serve}:keys") + 1) % 3;
    cluster.move_slot("{serve}:keys", to);
    assert_eq!(cart(&come("cleo", "x")), "office");
    let code = document(&invite)["code"].clone();
    assert_eq!(cart(&come("ben", code.as_str().unwrap())), "office");
    let listed = document(&["keys"]);
    assert_eq!(listed["keys"].as_array().unwrap().len(), 2, "{listed}");
    let key = listed["keys"][0]["key"].as_str().unwrap();
    document(&["keys", "remove", key]);
}

#[test]
fn who_invites_is_told_where_the_server_takes_no_invitations() {
    let args = ["invite", "--cart", "office", "--name", "ben"];
    let said = |served: &Served| {
        let output = run(served, &args);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };

    let served = Served::start(&[("ann", r#"cart="office""#)], &[]);
    let told = said(&served);
    assert!(told.contains("lets nobody in by an invitation"), "{told}");
    assert!(told.contains("trolley serve --invites"), "{told}");
    assert_eq!(said(&invited()), "");
}
