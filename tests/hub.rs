//! Several who share one live link to a cart: what each hears, and that none holds up another.

use crate::harness;

use harness::patience::answered;
use harness::shopping::{change, hear, named};
use harness::{Server, in_time};
use std::time::Duration;
use trolley::model::{Cart, Change, ChangeKind, Edit, ProductId, Refusal, RuleChange, UserName};
use trolley::store::live::{
    self, Link, LiveEvent, LiveRequest, OrderEvent, OrderQuestion, Subscription,
};
use trolley::store::{Address, Error, Policy};

fn open(url: &str, by: &str) -> (Link, Subscription) {
    let user = UserName::parse("office").unwrap();
    let policy = Policy {
        line_limit: 99_999,
        ..named(by)
    };
    live::open(Address::parse(url).unwrap(), &user, policy, Some(by))
}

fn add_espresso() -> Change {
    let edit = Edit::Add {
        product: ProductId::stored(b"espresso"),
        quantity: 1,
        price: None,
    };
    change(ChangeKind::Edit, vec![edit])
}

async fn hear_cart(live: &mut Subscription) -> Cart {
    hear(live, "the cart", |event| match event {
        LiveEvent::Cart(cart) => Some(cart),
        _ => None,
    })
    .await
}

/// Who made the next update; each is heard once.
async fn hear_author(live: &mut Subscription) -> String {
    hear(live, "an update", |event| match event {
        LiveEvent::Update(update) => Some(update.by),
        _ => None,
    })
    .await
}

async fn hear_settled(live: &mut Subscription, change: &Change) {
    hear(live, "a settled change", |event| match event {
        LiveEvent::Settled(op, outcome) => {
            assert_eq!(op, change.op, "nobody hears of another's");
            Some(outcome.unwrap())
        }
        _ => None,
    })
    .await;
}

/// Sets a rule, and hears what became of it.
async fn set_rule(live: &mut Subscription, rule: RuleChange) -> Result<(), Error> {
    live.request(LiveRequest::Rules(vec![rule]));
    hear(live, "what became of the rules", |event| match event {
        LiveEvent::RulesSet(outcome) => Some(outcome),
        _ => None,
    })
    .await
}

/// Waits until these watch, and no others.
async fn hear_watchers(live: &mut Subscription, names: &[&str]) {
    hear(live, "the watchers", |event| match event {
        LiveEvent::Watchers(mut watchers) => {
            watchers.sort_by(|one, other| one.name.cmp(&other.name));
            let present: Vec<&str> = watchers.iter().map(|one| one.name.as_str()).collect();
            (present == names).then_some(())
        }
        _ => None,
    })
    .await;
}

#[tokio::test]
async fn all_on_a_link_hear_each_other_and_none_hears_anothers_answers() {
    let server = Server::with_demo();
    let (link, mut ann) = open(server.url(), "ann");
    hear_cart(&mut ann).await;
    let mut bob = link.join(&named("bob"), Some("bob")).unwrap();
    assert!(hear_cart(&mut bob).await.lines.is_empty());
    hear_watchers(&mut ann, &["ann", "bob"]).await;
    let listeners = server.get_list("PUBSUB NUMSUB cart-updates:office");
    assert_eq!(listeners, ["cart-updates:office", "1"], "they share one");

    for turn in 0..2 {
        let (asks, hears) = if turn == 0 {
            (&mut ann, &mut bob)
        } else {
            (&mut bob, &mut ann)
        };
        let change = add_espresso();
        asks.request(LiveRequest::Change(change.clone()));
        let by = hear_author(asks).await;
        assert_eq!(hear_author(hears).await, by);
        hear_settled(asks, &change).await;
    }
    let mut cleo = link.join(&named("cleo"), Some("cleo")).unwrap();
    assert_eq!(hear_cart(&mut cleo).await.pieces(), 2);
    let authors = hear(&mut cleo, "the activity", |event| match event {
        LiveEvent::Activity(updates) => Some(updates),
        _ => None,
    })
    .await;
    let authors: Vec<&str> = authors.iter().map(|update| update.by.as_str()).collect();
    assert_eq!(authors, ["ann", "bob"]);
}

#[tokio::test]
async fn those_who_leave_a_link_are_not_watched_any_more() {
    let server = Server::with_demo();
    let (link, mut ann) = open(server.url(), "ann");
    let bob = link.join(&named("bob"), Some("bob")).unwrap();
    let unseen = link.join(&named("cleo"), None).unwrap();
    hear_watchers(&mut ann, &["ann", "bob"]).await;

    drop(bob);
    hear_watchers(&mut ann, &["ann"]).await;
    drop(unseen);
    in_time("the good-bye", ann.leave()).await;
    // Nobody waits long for the answer to it.
    answered("nobody watches", async || {
        match server.get("ZCARD {cart:office}:watchers").as_str() {
            "0" => Ok(()),
            watchers => Err(watchers.to_owned()),
        }
    })
    .await;
    assert!(link.join(&named("dee"), None).is_none(), "it has ended");
}

#[tokio::test]
async fn a_crowd_that_comes_is_told_of_together() {
    let server = Server::with_demo();
    let (link, mut ann) = open(server.url(), "ann");
    hear_watchers(&mut ann, &["ann"]).await;

    let mut crowd = Vec::new();
    for n in 0..40 {
        let name = format!("visitor {n}");
        let mut newcomer = link.join(&named(&name), Some(&name)).unwrap();
        // In that time each could have been told of alone.
        tokio::time::sleep(Duration::from_millis(10)).await;
        hear_cart(&mut newcomer).await;
        crowd.push(newcomer);
    }

    let mut lists = 0;
    hear(&mut ann, "all of the crowd", |event| match event {
        LiveEvent::Watchers(watchers) => {
            lists += 1;
            (watchers.len() == 41).then_some(())
        }
        _ => None,
    })
    .await;
    assert!(lists <= 20, "{lists} lists for 40 newcomers");
}

/// A key that is held down opens the orders faster than a server answers.
#[tokio::test]
async fn orders_that_several_ask_for_are_read_together() {
    let server = Server::with_demo();
    let (link, mut ann) = open(server.url(), "ann");
    hear_cart(&mut ann).await;
    let mut bob = link.join(&named("bob"), Some("bob")).unwrap();
    hear_cart(&mut bob).await;

    server.cmd("CONFIG RESETSTAT");
    server.freeze();
    for _ in 0..100 {
        for live in [&ann, &bob] {
            live.request(LiveRequest::Orders(OrderQuestion::List));
        }
    }
    let last = add_espresso();
    ann.request(LiveRequest::Change(last.clone()));
    server.thaw();
    hear(&mut bob, "the orders", |event| match event {
        LiveEvent::Order(OrderEvent::List(_)) => Some(()),
        _ => None,
    })
    .await;
    hear_settled(&mut ann, &last).await;
    // Two, where all had asked before the first answer came.
    let reads = server.calls("zcard");
    assert!(reads < 20, "{reads}");
}

#[tokio::test]
async fn who_takes_nothing_in_holds_nobody_up_and_hears_the_present_later() {
    let server = Server::with_demo();
    let (link, mut ann) = open(server.url(), "ann");
    hear_cart(&mut ann).await;
    let mut bob = link.join(&named("bob"), None).unwrap();
    hear_cart(&mut bob).await;

    for _ in 0..2_000 {
        let change = add_espresso();
        ann.request(LiveRequest::Change(change.clone()));
        hear_settled(&mut ann, &change).await;
    }

    let mut updates = 0;
    let mut last = None;
    hear(&mut bob, "that news was left out", |event| {
        if let LiveEvent::Update(update) = &event {
            updates += 1;
            last = Some(update.version);
        }
        matches!(event, LiveEvent::Stale).then_some(())
    })
    .await;
    assert!((1..2_000).contains(&updates), "{updates}");

    let cart = hear_cart(&mut bob).await;
    assert_eq!(cart.pieces(), 2_000);
    assert!(Some(cart.version) > last);
    // From now on nothing is left out again.
    let change = add_espresso();
    ann.request(LiveRequest::Change(change));
    hear_author(&mut bob).await;
}

#[tokio::test]
async fn who_joins_while_the_link_is_down_hears_so() {
    let mut server = Server::with_demo();
    let (link, mut ann) = open(server.url(), "ann");
    hear_cart(&mut ann).await;
    server.kill();
    let is_down = |event| matches!(event, LiveEvent::Down(_)).then_some(());
    hear(&mut ann, "the break", is_down).await;

    let mut bob = link.join(&named("bob"), None).unwrap();
    hear(&mut bob, "the break", is_down).await;
    let change = add_espresso();
    bob.request(LiveRequest::Change(change.clone()));
    server.restart();
    hear_settled(&mut bob, &change).await;
    assert_eq!(hear_author(&mut ann).await, "bob");
}

#[tokio::test]
async fn changes_are_made_in_the_order_in_which_they_are_asked_for() {
    let server = Server::with_demo();
    let (_, mut ann) = open(server.url(), "ann");
    hear_cart(&mut ann).await;

    let espresso = ProductId::stored(b"espresso");
    let remove = || Change {
        edits: vec![Edit::Remove {
            product: espresso.clone(),
        }],
        ..add_espresso()
    };
    // What is removed has to be there: one that overtook another would be refused.
    let changes: Vec<Change> = (0..200).flat_map(|_| [add_espresso(), remove()]).collect();
    for change in &changes {
        ann.request(LiveRequest::Change(change.clone()));
    }
    for change in &changes {
        hear_settled(&mut ann, change).await;
    }
}

#[tokio::test]
async fn who_has_set_a_rule_hears_so_after_the_cart_that_has_it() {
    let server = Server::with_demo();
    let (_, mut ann) = open(server.url(), "ann");
    let mut rules = hear_cart(&mut ann).await.rules;

    // Others change the cart meanwhile, so that it is being read when the rule is set.
    let (_, bob) = open(server.url(), "bob");
    for locked in [true, false, true, false] {
        bob.request(LiveRequest::Change(add_espresso()));
        ann.request(LiveRequest::Reread);
        ann.request(LiveRequest::Rules(vec![RuleChange::Locked(locked)]));
        hear(&mut ann, "that the rule is set", |event| match event {
            LiveEvent::Cart(cart) => {
                rules = cart.rules;
                None
            }
            LiveEvent::RulesSet(outcome) => Some(outcome),
            _ => None,
        })
        .await
        .unwrap();
        assert_eq!(rules.locked, locked);
    }
}

#[tokio::test]
async fn rules_are_set_at_once_or_refused_to_who_asked() {
    let mut server = Server::with_demo();
    let (link, mut ann) = open(server.url(), "ann");
    hear_cart(&mut ann).await;
    let mut bob = link.join(&named("bob"), Some("bob")).unwrap();
    hear_cart(&mut bob).await;

    assert_eq!(set_rule(&mut ann, RuleChange::Locked(true)).await, Ok(()));
    let locked = hear_cart(&mut bob).await.rules;
    assert_eq!(
        (locked.owner.as_deref(), locked.locked),
        (Some("ann"), true)
    );
    let refused = set_rule(&mut bob, RuleChange::Locked(false)).await;
    assert_eq!(refused, Err(Refusal::NotOwner("ann".to_owned()).into()));

    // Rules on their way when the link breaks may be set.
    server.freeze();
    let unknown = set_rule(&mut ann, RuleChange::Locked(false)).await;
    assert!(matches!(unknown, Err(Error::Unknown { .. })), "{unknown:?}");
    server.thaw();
    hear_cart(&mut ann).await;

    // Rules never wait: nobody knows what they would meet later.
    server.kill();
    for live in [&mut ann, &mut bob] {
        hear(live, "the end of the link", |event| {
            matches!(event, LiveEvent::Down(_)).then_some(())
        })
        .await;
    }
    let down = set_rule(&mut ann, RuleChange::Locked(false)).await;
    assert!(matches!(down, Err(Error::Trouble(_))), "{down:?}");
    server.restart();
    assert!(
        hear_cart(&mut ann)
            .await
            .rules
            .owner
            .is_none_or(|owner| owner == "ann")
    );
    assert_eq!(set_rule(&mut ann, RuleChange::Locked(true)).await, Ok(()));
}

#[tokio::test]
async fn a_refusal_is_not_heard_before_the_rule_that_was_sent_first() {
    let server = Server::with_demo();
    let (_, mut ann) = open(server.url(), "ann");
    hear_cart(&mut ann).await;

    ann.request(LiveRequest::Rules(vec![RuleChange::Owner(
        "bob".to_owned(),
    )]));
    let second = set_rule(&mut ann, RuleChange::Locked(true));
    assert_eq!(second.await, Ok(()), "it is the answer to the first");
    let refused = hear(&mut ann, "the refusal", |event| match event {
        LiveEvent::RulesSet(outcome) => Some(outcome),
        _ => None,
    });
    let not_owner = Refusal::NotOwner("bob".to_owned());
    assert_eq!(refused.await, Err(not_owner.into()));
}
