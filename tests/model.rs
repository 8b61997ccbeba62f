//! Random programs of changes by several clients, checked step by step against a pure model.
//!
//! A failure prints its program, and proptest keeps its seed; more programs:
//! `PROPTEST_CASES=2000 cargo test --release --test suite model::`

use crate::harness;

use harness::shopping::{change, connect};
use harness::{Server, until};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeMap;
use trolley::model::shares::Share;
use trolley::model::{
    Cart, Change, ChangeKind, Edit, Notes, ProductId, Refusal, Update, UpdateFit, UserName,
};
use trolley::store;
use trolley::store::{Address, Connection, Error, Policy};

const CLIENTS: usize = 3;
const LIMIT: u32 = 20;

#[derive(Debug, Clone)]
enum Step {
    Add(usize, u8, u32),
    Take(usize, u8, u32),
    Set(usize, u8, u32),
    Remove(usize, u8),
    Clear(usize),
    Touch(usize),
    /// Notes something on a product, or for the whole order.
    Note(usize, Option<u8>, &'static str),
    Ready(usize),
    Unready(usize),
    Undo(usize),
    Redo(usize),
    /// The same change sent again.
    Repeat(usize),
    /// The cart expires.
    Expire,
}

fn step() -> impl Strategy<Value = Step> {
    let client = 0..CLIENTS;
    // Product 4 does not exist.
    let product = 0u8..5;
    prop_oneof![
        6 => (client.clone(), product.clone(), 1u32..12).prop_map(|(c, p, n)| Step::Add(c, p, n)),
        3 => (client.clone(), product.clone(), 1u32..12).prop_map(|(c, p, n)| Step::Take(c, p, n)),
        2 => (client.clone(), product.clone(), 1u32..25).prop_map(|(c, p, n)| Step::Set(c, p, n)),
        2 => (client.clone(), product.clone()).prop_map(|(c, p)| Step::Remove(c, p)),
        1 => client.clone().prop_map(Step::Clear),
        1 => client.clone().prop_map(Step::Touch),
        5 => (client.clone(), option::of(product.clone()), select(vec!["", "hot", "3 sugars"]))
            .prop_map(|(c, p, text)| Step::Note(c, p, text)),
        3 => client.clone().prop_map(Step::Ready),
        1 => client.clone().prop_map(Step::Unready),
        3 => client.clone().prop_map(Step::Undo),
        2 => client.clone().prop_map(Step::Redo),
        2 => client.prop_map(Step::Repeat),
        1 => Just(Step::Expire),
    ]
}

/// The cart as a plain map, with the rules written a second time and in another way.
#[derive(Default)]
struct Model {
    lines: BTreeMap<ProductId, u32>,
    /// The notes that the server had before this change.
    notes: Notes,
    /// Whose the pieces were before this change, by the server.
    shares: BTreeMap<ProductId, Vec<Share>>,
    /// Who is ready.
    ready: Vec<usize>,
}

impl Model {
    fn edit(&mut self, client: usize, edit: &Edit) -> Result<(), Refusal> {
        let sold = |product: &ProductId| product.as_bytes() != b"p4";
        let not_there = |product: &ProductId| Refusal::NotInCart(product.to_string());
        match edit {
            Edit::Add { product, .. } | Edit::Restore { product, .. } if !sold(product) => {
                return Err(Refusal::UnknownProduct(product.to_string()));
            }
            Edit::Add {
                product, quantity, ..
            }
            | Edit::Restore {
                product, quantity, ..
            } => {
                let already = self.lines.get(product).copied().unwrap_or(0);
                if already + quantity > LIMIT {
                    return Err(Refusal::TooMany {
                        limit: LIMIT,
                        already,
                    });
                }
                self.lines.insert(product.clone(), already + quantity);
            }
            Edit::Set { product, .. } if !sold(product) && !self.lines.contains_key(product) => {
                return Err(Refusal::UnknownProduct(product.to_string()));
            }
            Edit::Set { quantity, .. } if *quantity > LIMIT => {
                return Err(Refusal::TooMany {
                    limit: LIMIT,
                    already: 0,
                });
            }
            Edit::Set {
                product, quantity, ..
            } => drop(self.lines.insert(product.clone(), *quantity)),
            Edit::Withdraw { product, shares } => {
                let line = self
                    .lines
                    .get_mut(product)
                    .ok_or_else(|| not_there(product))?;
                let held = self.shares.get(product).map_or(&[][..], Vec::as_slice);
                let theirs = |share: &Share| {
                    let mut held = held.iter().filter(|held| held.by == share.by);
                    held.next().map_or(0, |held| held.pieces.min(share.pieces))
                };
                match shares.iter().map(theirs).sum() {
                    0 => return Err(Refusal::NoneLeft(product.to_string())),
                    held => *line -= held,
                }
                self.lines.retain(|_, quantity| *quantity > 0);
            }
            Edit::Take { product, quantity } => {
                let line = self
                    .lines
                    .get_mut(product)
                    .ok_or_else(|| not_there(product))?;
                *line = line.saturating_sub(*quantity);
                self.lines.retain(|_, quantity| *quantity > 0);
            }
            Edit::Remove { product } => drop(
                self.lines
                    .remove(product)
                    .ok_or_else(|| not_there(product))?,
            ),
            Edit::Note { product: None, .. } if self.lines.is_empty() => {
                return Err(Refusal::EmptyCart);
            }
            Edit::Note {
                product: Some(product),
                ..
            } if !self.lines.contains_key(product) => return Err(not_there(product)),
            Edit::Note {
                product,
                replaced: Some(text),
                ..
            } if self.notes.text(product.as_ref(), &name(&client)) != text => {
                return Err(Refusal::NoteChanged);
            }
            Edit::Note { .. } => {}
            Edit::Clear if self.lines.is_empty() => return Err(Refusal::AlreadyEmpty),
            Edit::Clear => self.lines.clear(),
            Edit::Expire => {}
        }
        Ok(())
    }

    fn change(&mut self, client: usize, change: &Change) -> Result<(), Refusal> {
        if change.kind == ChangeKind::Ready && self.lines.is_empty() {
            return Err(Refusal::EmptyCart);
        }
        let lenient = matches!(change.kind, ChangeKind::Undo | ChangeKind::Redo);
        let outcomes: Vec<_> = change
            .edits
            .iter()
            .map(|edit| self.edit(client, edit))
            .collect();
        let refusal = outcomes.iter().find_map(|outcome| outcome.clone().err());
        match refusal {
            Some(refusal) if !lenient || outcomes.iter().all(Result::is_err) => Err(refusal),
            _ => {
                if change.kind != ChangeKind::Touch {
                    self.ready.retain(|other| *other != client);
                }
                if change.kind == ChangeKind::Ready {
                    self.ready.push(client);
                }
                if self.lines.is_empty() {
                    self.ready.clear();
                }
                Ok(())
            }
        }
    }
}

#[derive(Default)]
struct Client {
    done: Vec<Update>,
    undone: Vec<Update>,
    last: Option<(Change, Result<Update, Error>)>,
}

struct Shop {
    links: Vec<Connection>,
    /// The cart as it follows from updates alone.
    told: Cart,
    model: Model,
    clients: [Client; CLIENTS],
    version: u64,
}

impl Shop {
    async fn run(&mut self, server: &Server, step: &Step) {
        let product = |n: &u8| ProductId::stored(format!("p{n}").as_bytes());
        let (client, kind, edits) = match step {
            Step::Add(c, p, n) => (
                *c,
                ChangeKind::Edit,
                vec![Edit::Add {
                    product: product(p),
                    quantity: *n,
                    price: None,
                }],
            ),
            Step::Set(c, p, n) => (
                *c,
                ChangeKind::Edit,
                vec![Edit::Set {
                    product: product(p),
                    quantity: *n,
                    price: None,
                }],
            ),
            Step::Take(c, p, n) => (
                *c,
                ChangeKind::Edit,
                vec![Edit::Take {
                    product: product(p),
                    quantity: *n,
                }],
            ),
            Step::Remove(c, p) => (
                *c,
                ChangeKind::Edit,
                vec![Edit::Remove {
                    product: product(p),
                }],
            ),
            Step::Clear(c) => (*c, ChangeKind::Clear, vec![Edit::Clear]),
            Step::Touch(c) => (*c, ChangeKind::Touch, Vec::new()),
            Step::Note(c, p, text) => (
                *c,
                ChangeKind::Edit,
                vec![Edit::Note {
                    product: p.as_ref().map(product),
                    text: (*text).to_owned(),
                    replaced: None,
                }],
            ),
            Step::Ready(c) => (*c, ChangeKind::Ready, Vec::new()),
            Step::Unready(c) => (*c, ChangeKind::Unready, Vec::new()),
            Step::Undo(c) => match self.clients[*c].done.pop() {
                Some(update) => (*c, ChangeKind::Undo, update.inverse()),
                None => return,
            },
            Step::Redo(c) => match self.clients[*c].undone.pop() {
                Some(update) => (*c, ChangeKind::Redo, update.inverse()),
                None => return,
            },
            Step::Repeat(c) => return self.repeat(*c).await,
            Step::Expire => return self.expire(server),
        };
        let change = change(kind, edits);
        let outcome = self.links[client].apply(&alice(), &change).await;
        match (&outcome, self.model.change(client, &change)) {
            (Ok(update), Ok(())) => {
                if self.told.apply(update) == UpdateFit::Next {
                    let read = store::get_cart_items(&mut self.links[0], &alice()).await;
                    let read = read.unwrap();
                    assert_eq!(self.told.ready, read.ready);
                    assert_eq!(self.told.notes, read.notes);
                }
                assert_eq!(
                    update.version,
                    if self.version == 0 {
                        update.version
                    } else {
                        self.version + 1
                    }
                );
                assert_eq!(update.count, self.model.lines.len());
                self.version = update.version;
                let client = &mut self.clients[client];
                match kind {
                    ChangeKind::Undo => client.undone.push(update.clone()),
                    ChangeKind::Touch | ChangeKind::Ready | ChangeKind::Unready => {}
                    _ => client.done.push(update.clone()),
                }
                if matches!(kind, ChangeKind::Edit | ChangeKind::Clear) {
                    client.undone.clear();
                }
            }
            (Err(Error::Refused(refusal)), Err(expected)) => {
                assert_eq!(*refusal, expected, "{step:?}")
            }
            (real, expected) => panic!("{step:?}: {real:?}, the model says {expected:?}"),
        }
        self.clients[client].last = Some((change, outcome));
    }

    async fn repeat(&mut self, client: usize) {
        if let Some((change, Ok(first))) = &self.clients[client].last {
            let link = &mut self.links[client];
            assert_eq!(link.apply(&alice(), change).await.as_ref(), Ok(first));
        }
    }

    fn expire(&mut self, server: &Server) {
        server.cmd("PEXPIRE cart:alice 1");
        server.cmd("PEXPIRE {cart:alice}:lines 1");
        until("the cart is gone", || {
            server.get("EXISTS cart:alice {cart:alice}:lines") == "0"
        });
        self.model.lines.clear();
        self.model.ready.clear();
    }

    async fn check(&mut self) {
        let cart = store::get_cart_items(&mut self.links[0], &alice())
            .await
            .unwrap();
        let mut ready: Vec<String> = self.model.ready.iter().map(name).collect();
        let mut held: Vec<String> = cart.ready.clone();
        ready.sort();
        held.sort();
        assert_eq!(held, ready);
        if cart.lines.is_empty() {
            assert_eq!(cart.notes, Notes::default());
        }
        self.model.notes = cart.notes.clone();
        let lines = cart.lines.iter();
        let shares = lines.map(|line| (line.product.clone(), line.shares.clone()));
        self.model.shares = shares.collect();
        self.told = cart.clone();

        let held: BTreeMap<_, _> = cart
            .lines
            .iter()
            .map(|line| (line.product.clone(), line.quantity.whole().unwrap()))
            .collect();
        assert_eq!(held, self.model.lines);
        assert_eq!(cart.version, self.version);
        assert_eq!(
            cart.deadline.at.is_some(),
            !held.is_empty(),
            "an immortal cart"
        );
    }
}

fn name(client: &usize) -> String {
    format!("client {client}")
}

fn alice() -> UserName {
    UserName::parse("alice").unwrap()
}

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
fn random_programs_agree_with_the_model() {
    let server = Server::start();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    proptest!(cases(), |(program in proptest::collection::vec(step(), 1..60))| {
        server.cmd("FLUSHALL");
        for n in 0..4 {
            server.cmd(&format!("HSET product:p{n} name P{n} price 1.00"));
        }
        runtime.block_on(async {
            let mut links = Vec::new();
            for client in 0..CLIENTS {
                let link = connect(&Address::parse(server.url()).unwrap()).await;
                let policy = Policy { line_limit: LIMIT, by: name(&client), ..Policy::default() };
                links.push(link.with_policy(policy));
            }
            let mut shop = Shop {
                links,
                told: Cart::default(),
                model: Model::default(),
                clients: Default::default(),
                version: 0,
            };
            for step in &program {
                shop.run(&server, step).await;
                shop.check().await;
            }
        });
    });
}
