//! The rules of shared carts, and who asked for what.

use crate::harness;

use harness::shopping::{
    add, change, check_out, connect_as, id, money, on_many_threads, quick_server, sell, user,
};
use harness::{
    Deadline, Finish, Running, Server, TROLLEY, command, keep_day, ok, run, trolley, until,
};
use trolley::model::shares::Share;
use trolley::model::{Change, ChangeKind, Edit, Refusal, RuleChange, Update};
use trolley::store;
use trolley::store::Error;
use trolley::store::order;

#[test]
fn what_is_restored_to_others_must_be_a_part_of_what_comes() {
    let server = quick_server();
    on_many_threads().block_on(async {
        sell(&server, "tea", "2.00", "");
        let cart = user("office");
        let mut ann = connect_as(server.url(), "ann").await;
        let mut bob = connect_as(server.url(), "bob").await;
        let share = |by: &str, pieces| Share {
            by: by.to_owned(),
            pieces,
        };
        let restore = |quantity, shares: &[Share]| Change {
            op: store::new_op(),
            kind: ChangeKind::Undo,
            edits: vec![Edit::Restore {
                product: id("tea"),
                quantity,
                price: None,
                shares: shares.to_vec(),
                place: None,
                notes: Vec::new(),
            }],
        };
        let by = || server.get("HGET {cart:office}:by tea");
        // More than comes is nonsense, and then it is all one's own.
        ann.apply(&cart, &restore(3, &[share("bob", 2), share("cy", 2)]))
            .await
            .unwrap();
        assert_eq!(by(), "3 ann");
        ann.apply(&cart, &restore(3, &[share("bob", u32::MAX)]))
            .await
            .unwrap();
        assert_eq!(by(), "6 ann");
        // The rest is one's own; a repeat changes nothing.
        let good = restore(4, &[share("bob", 2), share("cy", 1)]);
        let first = ann.apply(&cart, &good).await.unwrap();
        assert_eq!(ann.apply(&cart, &good).await.unwrap(), first);
        assert_eq!(by(), "7 ann\n2 bob\n1 cy");
        // What others lose is told to who takes it, and to nobody what was one's own.
        let taken = store::remove_from_cart(&mut bob, &cart, &id("tea"), None)
            .await
            .unwrap();
        assert_eq!(taken.lines[0].taken, [share("ann", 7), share("cy", 1)]);
        assert_eq!(by(), "");
        let back = Change {
            op: store::new_op(),
            kind: ChangeKind::Undo,
            edits: taken.inverse(),
        };
        // It counts on nobody's budget but one's own.
        server.cmd("HSET {cart:office}:meta owner ann budget_each 4.00");
        bob.apply(&cart, &back).await.unwrap();
        assert_eq!(by(), "7 ann\n1 cy\n2 bob");
        let more = store::add_to_cart(&mut bob, &cart, &id("tea"), 1).await;
        assert!(
            matches!(more, Err(Error::Refused(Refusal::OverOwnBudget { .. }))),
            "{more:?}"
        );
    });
}

#[test]
fn undo_takes_nobody_elses_pieces() {
    let server = quick_server();
    on_many_threads().block_on(async {
        sell(&server, "tea", "2.00", "");
        let cart = user("office");
        let mut ann = connect_as(server.url(), "ann").await;
        let mut bob = connect_as(server.url(), "bob").await;
        let mut cai = connect_as(server.url(), "cai").await;
        let by = || server.get("HGET {cart:office}:by tea");
        let tea = id("tea");
        let undo = |kind, update: &Update| change(kind, update.inverse());

        let added = store::add_to_cart(&mut ann, &cart, &tea, 2).await.unwrap();
        add(&mut bob, &cart, "tea", 1).await;
        let undone = ann.apply(&cart, &undo(ChangeKind::Undo, &added)).await;
        let undone = undone.unwrap();
        assert_eq!(
            (by().as_str(), &undone.lines[0].taken[..]),
            ("1 bob", &[][..])
        );
        let redone = ann.apply(&cart, &undo(ChangeKind::Redo, &undone)).await;
        assert_eq!(by(), "1 bob\n2 ann");

        // One of hers was taken, and others have added since: only the other one goes.
        store::remove_from_cart(&mut cai, &cart, &tea, Some(1))
            .await
            .unwrap();
        assert_eq!(by(), "1 bob\n1 ann");
        add(&mut cai, &cart, "tea", 3).await;
        server.cmd("ZINCRBY cart:office 2 tea");
        let change = undo(ChangeKind::Undo, &redone.unwrap());
        let undone = ann.apply(&cart, &change).await.unwrap();
        assert_eq!((by().as_str(), undone.lines[0].delta), ("1 bob\n3 cai", -1));
        let short: Vec<_> = undone.withdrawn_short(&change).collect();
        assert_eq!(short, [(&tea, 1, 2)]);

        // None is left, though there are six of others.
        let change = undo(ChangeKind::Undo, &added);
        let refused = ann.apply(&cart, &change).await;
        assert_eq!(refused, Err(Refusal::NoneLeft("tea".to_owned()).into()));
        assert_eq!(server.get("ZSCORE cart:office tea"), "6");

        // Whoever goes by another name now takes out what they added by the old one.
        let added = store::add_to_cart(&mut ann, &cart, &tea, 2).await.unwrap();
        let mut anna = connect_as(server.url(), "anna").await;
        let change = undo(ChangeKind::Undo, &added);
        anna.apply(&cart, &change).await.unwrap();
        assert_eq!(by(), "1 bob\n3 cai");
    });
}

#[test]
fn after_a_lock_no_change_succeeds() {
    let server = quick_server();
    on_many_threads().block_on(async {
        let cart = user("office");
        sell(&server, "tea", "2.40", "100000");
        let mut owner = connect_as(server.url(), "ann").await;
        for _ in 0..20 {
            let writers: Vec<_> = (0..8)
                .map(|n| {
                    let (url, cart) = (server.url().to_owned(), cart.clone());
                    tokio::spawn(async move {
                        let mut link = connect_as(&url, &format!("client {n}")).await;
                        let mut last = 0;
                        let deadline = Deadline::start();
                        loop {
                            deadline.check("the lock");
                            match store::add_to_cart(&mut link, &cart, &id("tea"), 1).await {
                                Ok(update) => last = update.version,
                                Err(Error::Refused(Refusal::Locked(by))) => {
                                    assert_eq!(by, "ann");
                                    return last;
                                }
                                Err(Error::Refused(Refusal::TooMany { .. })) => {}
                                Err(other) => panic!("{other:?}"),
                            }
                        }
                    })
                })
                .collect();
            store::set_rules(&mut owner, &cart, &[RuleChange::Locked(true)])
                .await
                .unwrap();
            let locked = store::get_cart_items(&mut owner, &cart).await.unwrap();
            for writer in writers {
                assert!(
                    writer.await.unwrap() < locked.version,
                    "a change after the lock"
                );
            }
            let after = store::get_cart_items(&mut owner, &cart).await.unwrap();
            assert_eq!(after.version, locked.version);
            let mut bob = connect_as(server.url(), "bob").await;
            let refused = store::set_rules(&mut bob, &cart, &[RuleChange::Locked(false)]).await;
            assert_eq!(refused, Err(Refusal::NotOwner("ann".into()).into()));
            store::set_rules(&mut owner, &cart, &[RuleChange::Locked(false)])
                .await
                .unwrap();
        }
        store::set_rules(&mut owner, &cart, &[RuleChange::Closes(Some(1))])
            .await
            .unwrap();
        let late = store::add_to_cart(&mut owner, &cart, &id("tea"), 1).await;
        assert_eq!(late, Err(Refusal::Closed("ann".into()).into()));
    });
}

#[test]
fn budgets_hold_however_many_add_at_once() {
    let server = quick_server();
    on_many_threads().block_on(async {
        let cart = user("office");
        sell(&server, "tea", "2.40", "100000");
        sell(&server, "cake", "0.10", "100000");
        let mut owner = connect_as(server.url(), "ann").await;
        let rules = [
            RuleChange::Budget(Some(money("20.00"))),
            RuleChange::BudgetEach(Some(money("7.30"))),
        ];
        store::set_rules(&mut owner, &cart, &rules).await.unwrap();
        let eaters: Vec<_> = (0..4)
            .map(|n| {
                let (url, cart) = (server.url().to_owned(), cart.clone());
                tokio::spawn(async move {
                    let mut link = connect_as(&url, &format!("client {n}")).await;
                    let mut refused = 0;
                    let deadline = Deadline::start();
                    while refused < 3 {
                        deadline.check("three refusals");
                        match store::add_to_cart(&mut link, &cart, &id("tea"), 1).await {
                            Ok(_) => {}
                            Err(Error::Refused(
                                Refusal::OverBudget { left, .. }
                                | Refusal::OverOwnBudget { left, .. },
                            )) => {
                                assert!(left < money("2.40"));
                                refused += 1;
                            }
                            Err(Error::Refused(Refusal::Busy)) => {}
                            Err(other) => panic!("{other:?}"),
                        }
                    }
                })
            })
            .collect();
        for eater in eaters {
            eater.await.unwrap();
        }
        let preview = order::preview(&mut owner, &cart).await.unwrap();
        assert_eq!(preview.total(), money("19.20"));
        assert!(
            preview.lines[0]
                .order_line
                .shares
                .iter()
                .all(|share| share.pieces <= 3),
            "{preview:?}"
        );
        let dear = store::add_to_cart(&mut owner, &cart, &id("tea"), 1).await;
        let over = Refusal::OverBudget {
            budget: money("20.00"),
            left: money("0.80"),
        };
        assert_eq!(dear, Err(over.into()));
        add(&mut owner, &cart, "cake", 8).await;
        // Prices rise: the checkout says so, and taking out is still possible.
        server.cmd("HSET product:tea price 3.00");
        let dearer = check_out(&mut owner, &cart).await;
        let over = Refusal::DearerThanBudget {
            budget: money("20.00"),
            total: money("24.80"),
        };
        assert_eq!(dearer, Err(over.into()));
        // Each is over their own limit now, too.
        let unlimited = [RuleChange::BudgetEach(None)];
        store::set_rules(&mut owner, &cart, &unlimited)
            .await
            .unwrap();
        store::remove_from_cart(&mut owner, &cart, &id("tea"), Some(2))
            .await
            .unwrap();
        check_out(&mut owner, &cart).await.unwrap();
    });
}

#[test]
fn nobody_orders_more_than_the_limit_for_each_person() {
    let server = quick_server();
    on_many_threads().block_on(async {
        sell(&server, "tea", "2.00", "");
        let cart = user("office");
        let mut ann = connect_as(server.url(), "ann").await;
        let mut bob = connect_as(server.url(), "bob").await;
        add(&mut ann, &cart, "tea", 2).await;
        add(&mut bob, &cart, "tea", 3).await;
        let limit = |amount| [RuleChange::BudgetEach(Some(money(amount)))];

        // It is set below what is in the cart, and whoever has agreed before has not seen it.
        let agreed = order::preview(&mut ann, &cart).await.unwrap();
        let set = limit("5.00");
        store::set_rules(&mut ann, &cart, &set).await.unwrap();
        let order_id = order::new_order_id(agreed.at);
        let unseen = order::place(&mut ann, &cart, order_id, agreed).await;
        assert_eq!(unseen, Err(Refusal::CartChanged.into()));

        let dearer = Refusal::DearerThanBudgetOf {
            name: "bob".to_owned(),
            budget: money("5.00"),
            sum: money("6.00"),
        };
        let refused = check_out(&mut ann, &cart).await;
        assert_eq!(refused, Err(dearer.clone().into()));
        assert_eq!(
            dearer.to_string(),
            "What bob asked for costs 6.00, and the limit for each person is 5.00: nothing was \
             ordered"
        );
        assert_eq!(server.get("EXISTS orders"), "0");
        assert_eq!(server.get("ZSCORE cart:office tea"), "5");

        let set = limit("6.00");
        store::set_rules(&mut ann, &cart, &set).await.unwrap();
        check_out(&mut ann, &cart).await.unwrap();
    });
}

#[test]
fn the_command_of_rules() {
    let server = Server::with_demo();
    keep_day(&server);
    let by = |name: &'static str, args: &[&'static str]| {
        [&["--user", "office", "--name", name], args].concat()
    };
    assert_eq!(
        ok(&server, &by("ann", &["rules"])),
        "This cart has no rules\n"
    );
    let rules = ok(
        &server,
        &by("ann", &["rules", "--budget", "10", "--deadline", "23:59"]),
    );
    assert!(
        rules.contains("owner        ann") && rules.contains("budget       €10.00"),
        "{rules}"
    );
    let output = run(&server, &by("bob", &["rules", "--lock"]));
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("Only ann can change the rules"));
    ok(&server, &by("bob", &["add", "espresso", "4"]));
    let output = run(&server, &by("bob", &["add", "espresso"]));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("Over the budget of €10.00: €0.40 left"),
        "{output:?}"
    );
    ok(
        &server,
        &by("ann", &["rules", "--lock", "--budget", "none"]),
    );
    let output = run(&server, &by("ann", &["remove", "espresso"]));
    assert!(String::from_utf8_lossy(&output.stderr).contains(
        "The cart is locked; ann can reopen it: trolley rules --cart office --name ann --unlock\n"
    ));
    // What is over a limit can't be ordered, and a preview says why.
    ok(&server, &by("ann", &["rules", "--budget-each", "9"]));
    let preview = run(&server, &by("bob", &["checkout"]));
    assert_eq!(preview.status.code(), Some(1));
    let said = String::from_utf8_lossy(&preview.stderr);
    let why = "what bob asked for costs €9.60, and the limit for each person is €9.00";
    assert!(said.contains(&format!("Can't be ordered: {why}")), "{said}");
    ok(&server, &by("ann", &["rules", "--budget-each", "none"]));
    // What is locked can still be ordered.
    ok(&server, &by("bob", &["checkout", "--yes"]));
    ok(&server, &by("ann", &["rules", "--owner", "bob"]));
    ok(&server, &by("bob", &["rules", "--unlock"]));
    for wrong in [
        &["rules", "--budget", "-1"][..],
        &["rules", "--deadline", "soon"],
    ] {
        assert_eq!(
            run(&server, &by("bob", wrong)).status.code(),
            Some(2),
            "{wrong:?}"
        );
    }
}

/// Runs a command line as somebody pastes it into a shell.
fn paste(server: &Server, line: &str) -> std::process::Output {
    let script = format!(
        "trolley() {{ '{TROLLEY}' --redis '{}' \"$@\"; }}; {line}",
        server.url()
    );
    command("bash")
        .args(["--norc", "-c", &script])
        .env("HOME", server.dir())
        .finish()
}

#[test]
fn the_command_that_reopens_a_cart_can_be_pasted() {
    let server = Server::with_demo();
    let owner = "ann o'brien $(ls) pts/1";
    let office = |args: &[&'static str]| {
        run(
            &server,
            &[&["--user", "office", "--name", owner], args].concat(),
        )
    };

    for rule in [&["rules", "--lock"][..], &["rules", "--deadline", "1s"]] {
        assert!(office(rule).status.success());
        let mut told = String::new();
        until("the cart is closed", || {
            told = String::from_utf8(office(&["add", "espresso"]).stderr).unwrap();
            !told.is_empty()
        });

        let (_, line) = told.split_once("can reopen it: ").unwrap();
        let pasted = paste(&server, line);
        assert!(pasted.status.success(), "{line}: {pasted:?}");
        assert!(office(&["add", "espresso"]).status.success());
    }
}

#[test]
fn a_deadline_is_told_with_its_day() {
    let server = Server::with_demo();
    keep_day(&server);
    let args = ["--user", "office", "--name", "ann", "rules", "--deadline"];
    // This has always passed.
    let midnight = run(&server, &[&args[..], &["00:00"]].concat());
    let [rules, note] =
        [midnight.stdout, midnight.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(rules.contains("deadline     tomorrow, 20"), "{rules}");
    assert!(
        note.starts_with("trolley: 00:00 has passed today: the deadline is tomorrow, 20"),
        "{note}"
    );
    for _ in 0..2 {
        let cart = ok(&server, &["--user", "office", "cart"]);
        assert!(cart.contains("\n        closes tomorrow, 20"), "{cart}");
        ok(&server, &["--user", "office", "add", "espresso"]);
    }

    // What is given as a time from now is no surprise.
    let later = run(&server, &[&args[..], &["3 days", "--lock"]].concat());
    assert!(later.stderr.is_empty(), "{later:?}");
    let cart = ok(&server, &["--user", "office", "cart"]);
    assert!(
        cart.contains("\n        locked: nobody can change it\n        closes 20"),
        "{cart}"
    );
}

#[test]
fn commands_tell_amounts_in_the_shops_currency() {
    let server = Server::with_demo();
    let said = |args: &[&str]| {
        let office = ["--user", "office", "--name", "ann"];
        let output = run(&server, &[&office[..], args].concat());
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    said(&["shop", "currency=€"]);
    server.cmd("CONFIG RESETSTAT");
    let mut watch = Running::start(&mut trolley(
        server.dir(),
        &["--redis", server.url(), "--user", "office", "watch"],
    ));
    // What is in the cart that it reads first is no news: it asks for that behind a heartbeat.
    until("it has read the cart", || server.calls("evalsha") >= 2);
    let rules = said(&["rules", "--budget", "12", "--budget-each", "11"]);
    assert!(
        rules.ends_with("budget       €12.00\nbudget each  €11.00\n"),
        "{rules}"
    );
    let line = watch.line();
    assert!(
        line.ends_with("  ann set the budget to €12.00, set the budget of each to €11.00"),
        "{line}"
    );

    assert_eq!(
        said(&["add", "espresso", "9"]),
        "trolley: Over the budget of €12.00: €12.00 left\n"
    );
    said(&["add", "espresso", "2"]);
    assert_eq!(
        said(&["checkout", "--expect-total", "9"]),
        "trolley: The total is €4.80, not €9.00: nothing was ordered\n"
    );
    said(&["rules", "--budget", "3"]);
    assert_eq!(
        said(&["checkout", "--yes"]),
        "trolley: The cart costs €4.80, and its budget is €3.00: nothing was ordered\n"
    );
}

/// What each asked for, by the same rules as the script's, written in another way.
#[derive(Default)]
struct Wishes(Vec<(usize, u32)>);

impl Wishes {
    fn add(&mut self, who: usize, pieces: u32) {
        match self.0.iter_mut().find(|(name, _)| *name == who) {
            Some((_, has)) => *has += pieces,
            None => self.0.push((who, pieces)),
        }
    }

    fn take(&mut self, who: usize, pieces: u32) {
        for _ in 0..pieces {
            let own = self.0.iter().position(|(name, _)| *name == who);
            let Some(place) = own.or(self.0.len().checked_sub(1)) else {
                return;
            };
            self.0[place].1 -= 1;
            self.0.retain(|(_, pieces)| *pieces > 0);
        }
    }
}

mod wishes {
    use super::*;
    use proptest::prelude::*;

    fn cases() -> ProptestConfig {
        let cases = std::env::var("PROPTEST_CASES")
            .ok()
            .and_then(|n| n.parse().ok())
            .unwrap_or(40);
        ProptestConfig {
            cases,
            failure_persistence: None,
            ..ProptestConfig::default()
        }
    }

    #[test]
    fn an_order_says_who_asked_for_what() {
        let server = quick_server();
        let runtime = on_many_threads();
        let steps = proptest::collection::vec((0usize..3, 0u8..4, 1u32..6), 1..25);
        proptest!(cases(), |(program in steps)| {
            server.cmd("FLUSHALL");
            server.cmd("HSET product:tea name tea price 1.00");
            let cart = user("office");
            runtime.block_on(async {
                let mut links = Vec::new();
                for name in ["ann", "bob", "cid"] {
                    links.push(connect_as(server.url(), name).await);
                }
                let (mut wishes, mut quantity) = (Wishes::default(), 0);
                for (who, verb, n) in program {
                    let edit = match verb {
                        0 | 1 => Edit::Add { product: id("tea"), quantity: n, price: None },
                        2 => Edit::Take { product: id("tea"), quantity: n },
                        _ => Edit::Set { product: id("tea"), quantity: n, price: None },
                    };
                    let change = Change { op: store::new_op(), kind: ChangeKind::Edit, edits: vec![edit] };
                    let Ok(update) = links[who].apply(&cart, &change).await else { continue };
                    let now = update.lines[0].quantity;
                    if now > quantity {
                        wishes.add(who, now - quantity);
                    } else {
                        wishes.take(who, quantity - now);
                    }
                    quantity = now;
                    let preview = order::preview(&mut links[0], &cart).await.unwrap();
                    let mut shares: Vec<(usize, u32)> = preview.lines.iter().flat_map(|line| &line.order_line.shares)
                        .map(|share| (["ann", "bob", "cid"].iter().position(|n| *n == share.by).unwrap(), share.pieces))
                        .collect();
                    let mut wished: Vec<(usize, u32)> = wishes.0.iter().filter(|(_, n)| *n > 0).copied().collect();
                    shares.sort_unstable();
                    wished.sort_unstable();
                    assert_eq!(shares, wished);
                    assert_eq!(shares.iter().map(|(_, n)| n).sum::<u32>(), quantity);
                }
            });
        });
    }
}
