//! Random damage to every companion of a cart, and then every command: nothing hangs, nothing is
//! half written, and what stands in the way is named.
//!
//! Longer: `PROPTEST_CASES=6000 cargo test --release --test suite damage_fuzz::`

use crate::harness;

use harness::Server;
use harness::shopping::{connect_as, id, on_many_threads, quick_server, sell, user};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use redis::Value;
use trolley::model::RuleChange;
use trolley::store;
use trolley::store::{Connection, Error, Trouble};

/// The highest version that a cart can have.
const HIGHEST_VERSION: u64 = 9_000_000_000_000_000;

/// A value that somebody may have put into a key.
fn value() -> impl Strategy<Value = String> {
    let numbers = [
        "0",
        "-1",
        "1.5",
        "nan",
        "-nan",
        "inf",
        "-inf",
        "1e300",
        "1e15",
        "0x10",
        "9007199254740993",
        "18446744073709551615",
        "99999999999999999999999999",
        "",
        " ",
        "x",
        "1 1 2.40 ann",
        "1e300 1e300 nan \n",
        "3 ann\n99999999999999999999 bob\n-1 cy",
        "place",
        "{\"v\":1}",
    ];
    prop_oneof![
        proptest::sample::select(numbers.to_vec()).prop_map(str::to_owned),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_map(|n| n.to_string()),
        "[ -~]{0,20}",
    ]
}

/// A command that damages a key of eve's cart.
fn damage() -> impl Strategy<Value = Vec<String>> {
    let hashes = proptest::sample::select(vec![
        ("meta", "version"),
        ("meta", "start"),
        ("meta", "kept"),
        ("meta", "life"),
        ("meta", "lost"),
        ("meta", "frozen"),
        ("meta", "owner"),
        ("meta", "closes"),
        ("meta", "locked"),
        ("meta", "budget"),
        ("meta", "budget_each"),
        ("meta", "expected"),
        ("meta", "ready"),
        ("lines", "tea"),
        ("by", "tea"),
        ("notes", "tea"),
        ("notes", ""),
        ("ops0", ""),
        ("ops1", ""),
        ("ops0", "used"),
        ("order", "q:tea"),
        ("order", "s:tea"),
    ]);
    let key = |name: &str| match name {
        "cart" => "cart:eve".to_owned(),
        companion => format!("{{cart:eve}}:{companion}"),
    };
    let keys = [
        "cart", "meta", "lines", "by", "ops0", "ops1", "log", "touched", "order", "notes",
    ];
    let words = |words: &[&str]| {
        words
            .iter()
            .map(|word| (*word).to_owned())
            .collect::<Vec<_>>()
    };
    prop_oneof![
        8 => (hashes, value()).prop_map(move |((name, field), value)| words(&["HSET", &key(name), field, &value])),
        2 => (proptest::sample::select(vec!["1.5", "-3", "inf", "-inf", "1e300", "0", "7"]), any::<bool>()).prop_map(
            move |(score, is_cart)| words(&["ZADD", &key(if is_cart { "cart" } else { "touched" }), score, "tea"])
        ),
        1 => proptest::sample::select(keys.to_vec()).prop_map(move |name| words(&["SET", &key(name), "text"])),
        1 => proptest::sample::select(keys.to_vec()).prop_map(move |name| words(&["UNLINK", &key(name)])),
    ]
}

/// A command of the store that changes or reads a cart.
#[derive(Debug, Clone, Copy)]
enum Command {
    Add,
    Set,
    Take,
    Read,
    Rules,
    Note,
    Ready,
    Clear,
}

impl Command {
    const ALL: [Command; 8] = [
        Command::Add,
        Command::Set,
        Command::Take,
        Command::Read,
        Command::Rules,
        Command::Note,
        Command::Ready,
        Command::Clear,
    ];

    async fn run(self, link: &mut Connection) -> Result<(), Error> {
        let (eve, tea, cake) = (user("eve"), id("tea"), id("cake"));
        let unlock = [RuleChange::Locked(false)];
        match self {
            Command::Add => store::add_to_cart(link, &eve, &tea, 1).await.map(drop),
            Command::Set => {
                let op = store::new_op();
                store::set_as(link, &eve, &cake, 2, op).await.map(drop)
            }
            Command::Take => {
                let taken = store::remove_from_cart(link, &eve, &tea, Some(1)).await;
                taken.map(drop)
            }
            Command::Read => store::get_cart_items(link, &eve).await.map(drop),
            Command::Rules => store::set_rules(link, &eve, &unlock).await,
            Command::Note => {
                let op = store::new_op();
                store::note_as(link, &eve, Some(&tea), "hot", op)
                    .await
                    .map(drop)
            }
            Command::Ready => {
                let op = store::new_op();
                store::ready_as(link, &eve, true, op).await.map(drop)
            }
            Command::Clear => store::clear_as(link, &eve, store::new_op()).await.map(drop),
        }
    }
}

/// Checks that a command on a damaged cart does all or nothing, and says what stands in its way.
async fn check(
    server: &Server,
    link: &mut Connection,
    command: Command,
) -> Result<(), TestCaseError> {
    let before = server.get("DEBUG DIGEST");
    let outcome = command.run(link).await;
    if outcome.is_err() {
        prop_assert_eq!(
            server.get("DEBUG DIGEST"),
            before,
            "{:?}: {:?}",
            command,
            outcome
        );
    }

    match outcome {
        Ok(()) if !matches!(command, Command::Read) => {
            let version = server.get("HGET {cart:eve}:meta version").parse::<u64>();
            prop_assert!(
                version.is_ok_and(|version| version <= HIGHEST_VERSION),
                "{command:?}"
            );
        }
        Ok(()) | Err(Error::Refused(_)) => {}
        Err(Error::Trouble(Trouble::WrongTypeOf(keys))) => {
            prop_assert!(keys.contains("cart:eve"), "{command:?}: {keys}");
        }
        Err(other) => prop_assert!(false, "{command:?}: {other}"),
    }
    Ok(())
}

fn cases() -> u32 {
    let cases = std::env::var("PROPTEST_CASES").ok();
    cases.and_then(|n| n.parse().ok()).unwrap_or(300)
}

#[test]
fn no_damage_hangs_the_server_or_leaves_a_change_half_written() {
    let server = quick_server();
    // A script that runs for longer is told as BUSY to everybody, and fails the test.
    server.cmd("CONFIG SET busy-reply-threshold 1000");
    let runtime = on_many_threads();
    let mut runner = TestRunner::new(ProptestConfig {
        cases: cases(),
        failure_persistence: None,
        ..ProptestConfig::default()
    });

    let damages = proptest::collection::vec(damage(), 1..5);
    let result = runner.run(&damages, |damages| {
        server.cmd("FLUSHALL");
        sell(&server, "tea", "2.40", "100000");
        sell(&server, "cake", "3.10", "100000");
        runtime.block_on(async {
            let mut link = connect_as(server.url(), "eve").await;
            store::add_to_cart(&mut link, &user("eve"), &id("tea"), 3)
                .await
                .unwrap();
            for words in &damages {
                // What is of another type already stays so.
                let mut damage = redis::cmd(&words[0]);
                damage.arg(&words[1..]);
                let _ = damage.query::<Value>(&mut server.connection());
            }
            for command in Command::ALL {
                check(&server, &mut link, command).await?;
            }
            Ok(())
        })
    });
    result.unwrap();
}
