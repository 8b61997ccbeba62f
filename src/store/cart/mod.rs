//! Carts on the server: what is sent, and what it answers.

pub(crate) mod budget;
pub(crate) mod commands;
pub mod decode;
pub(crate) mod rules;

use super::keys;
use crate::model::change::sanitize_actor;
use crate::model::order::Share;
use crate::model::{Cart, Change, Edit, Money, OpId, ProductId, Refusal, Update, UserName};
use crate::store::connection::pipeline;
use crate::store::connection::{Conn, Connection};
use crate::store::error::{Error, Trouble};
use crate::store::keys::CartKeys;
use crate::store::policy::Policy;
use decode::Watcher;
use futures::future::join_all;
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{RedisError, Script, Value};
use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::Instant;

/// The most lines that a cart may get.
pub const MOST_LINES: u32 = 1_000;
/// The most lines that are read; another client may put in more.
const MOST_READ: usize = 10_000;

static CHANGE: LazyLock<Script> = LazyLock::new(|| {
    let limit = format!("local MOST_LINES = {MOST_LINES}\n");
    Script::new(
        &[
            &limit,
            include_str!("../scripts/shares.lua"),
            include_str!("../scripts/change.lua"),
        ]
        .concat(),
    )
});
static WATCH: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("../scripts/heartbeat.lua")));
static SNAPSHOT: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("../scripts/snapshot.lua")));

/// A fresh op id.
#[must_use]
pub fn new_op() -> OpId {
    let id = uuid::Uuid::new_v4().simple().to_string();
    OpId::parse(&id).unwrap_or_else(|| unreachable!("32 hexadecimal digits are an op id"))
}

/// Loads the scripts, so that changes sent one behind the other are applied in that order:
/// one that first had to load its script would fall behind.
pub(crate) async fn prepare(conn: &MultiplexedConnection) -> Result<(), Trouble> {
    let loading = [&*CHANGE, &*SNAPSHOT, &*WATCH].map(|script| {
        let mut conn = conn.clone();
        async move { script.load_async(&mut conn).await.map_err(Trouble::from) }
    });
    for loaded in join_all(loading).await {
        match loaded {
            // A user without this right still has EVALSHA of what others have loaded.
            Ok(_) | Err(Trouble::NoPermission(_)) => {}
            Err(trouble) => return Err(trouble),
        }
    }
    Ok(())
}

/// How often, and since when, a change has been sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attempt {
    /// Whether it may have reached the server before.
    pub again: bool,
    /// The cart's version known when it was first sent.
    pub known: u64,
    /// Milliseconds since it was first sent.
    pub age: u64,
    /// The cart's version on which its budget was checked.
    pub checked: Option<u64>,
}

impl Attempt {
    /// The same for the script.
    fn words(self) -> String {
        let checked = self.checked.map(|version| version.to_string());
        match (self.again, checked) {
            (false, None) => String::new(),
            (false, Some(checked)) => format!("- - {checked}"),
            (true, checked) => format!(
                "{} {} {}",
                self.known,
                self.age,
                checked.as_deref().unwrap_or("-")
            ),
        }
    }
}

/// What is known of the products that a change adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProductCheck<'a> {
    /// They are on the cart's own server, where the script looks.
    Here,
    /// They are on other nodes, which were asked: these are not there.
    Missing(&'a [ProductId]),
}

/// Sends `change` once.
///
/// # Errors
/// [`Error::Refused`] by the rules, [`Error::Trouble`] by the link; where the trouble
/// [leaves doubt](Trouble::is_ambiguous), sending the same change again is safe.
pub async fn send(
    conn: &mut impl ConnectionLike,
    keys: &CartKeys,
    policy: &Policy,
    change: &Change,
    attempt: Attempt,
    known: ProductCheck<'_>,
) -> Result<Update, Error> {
    let mut call = CHANGE.prepare_invoke();
    call.key(&keys.cart)
        .key(&keys.meta)
        .key(&keys.lines)
        .key(&keys.ops)
        .key(&keys.log)
        .key(&keys.touched);
    call.key(&keys.by).key(&keys.order);
    let mut there = String::with_capacity(change.edits.len());
    for edit in &change.edits {
        there.push(match (edit.adds(), known) {
            (Some(_), ProductCheck::Here) => '?',
            (Some(product), ProductCheck::Missing(missing)) if missing.contains(product) => '0',
            _ => '1',
        });
    }
    call.arg(change.op.as_str())
        .arg(&policy.by)
        .arg(change.kind.name());
    call.arg(policy.session_timeout.as_millis())
        .arg(policy.line_limit)
        .arg(&keys.updates);
    call.arg(policy.item_timeout.as_millis())
        .arg(attempt.words())
        .arg(there);
    for edit in &change.edits {
        let (verb, quantity, price) = match edit {
            Edit::Add {
                quantity, price, ..
            } => ("add", *quantity, *price),
            Edit::Restore {
                quantity, price, ..
            } => ("restore", *quantity, *price),
            Edit::Set {
                quantity, price, ..
            } => ("set", *quantity, *price),
            Edit::Take { quantity, .. } => ("take", *quantity, None),
            Edit::Remove { .. } => ("remove", 0, None),
            Edit::Clear => ("clear", 0, None),
            Edit::Expire => ("expire", 0, None),
        };
        let id = edit.product().map_or(&b""[..], ProductId::as_bytes);
        let mut price = price.as_ref().map(Money::to_string).unwrap_or_default();
        if let Edit::Restore { shares, .. } = edit {
            for Share { by, pieces } in shares {
                price.push_str(&format!("\n{pieces} {by}"));
            }
        }
        call.arg(verb).arg(id).arg(quantity).arg(price);
    }
    let answer: Result<Vec<u8>, RedisError> = call.invoke_async(conn).await;
    match answer {
        Ok(message) => match decode::update(&message) {
            // An id of other bytes than UTF-8 can't be compared.
            Some(update) if std::str::from_utf8(&message).is_err() || update.answers(change) => {
                Ok(update)
            }
            Some(_) => Err(Refusal::OpReused.into()),
            None => Err(Trouble::not_understood().into()),
        },
        Err(error) => {
            Err(refusal(change, policy, &error).map_or_else(|| error.into(), Error::Refused))
        }
    }
}

/// The rule behind an error of the scripts that the owner's rules are part of.
pub(crate) fn owners_refusal(error: &RedisError) -> Option<Refusal> {
    let owner = || sanitize_actor(error.detail().unwrap_or_default().as_bytes());
    Some(match error.code()? {
        "LOCKED" => Refusal::Locked(owner()),
        "CLOSED" => Refusal::Closed(owner()),
        "NOTOWNER" => Refusal::NotOwner(owner()),
        "CHECKBUDGET" => Refusal::Busy,
        "EMPTYCART" => Refusal::EmptyCart,
        "CARTCHANGED" => Refusal::CartChanged,
        _ => return None,
    })
}

/// The rule behind an error of the script.
fn refusal(change: &Change, policy: &Policy, error: &RedisError) -> Option<Refusal> {
    let mut words = error.detail().unwrap_or_default().split(' ');
    let (value, place) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let product = || {
        let edit = place
            .parse::<usize>()
            .ok()
            .and_then(|place| change.edits.get(place));
        edit.and_then(Edit::product)
            .map(ToString::to_string)
            .unwrap_or_default()
    };
    Some(match error.code()? {
        "UNKNOWNPRODUCT" => Refusal::UnknownProduct(product()),
        "NOTINCART" => Refusal::NotInCart(product()),
        "TOOMANY" => Refusal::TooMany {
            limit: policy.line_limit,
            already: value.parse().unwrap_or(0),
        },
        "DAMAGEDLINE" => Refusal::DamagedLine(product()),
        "CARTFULL" => Refusal::CartFull(value.parse().unwrap_or(MOST_LINES)),
        "ALREADYEMPTY" => Refusal::AlreadyEmpty,
        "NOTHINGEXPIRED" => Refusal::NothingExpired,
        "FORGOTTEN" => Refusal::Forgotten,
        "BEINGORDERED" if product().is_empty() => Refusal::BeingOrdered("The cart".to_owned()),
        "BEINGORDERED" => Refusal::BeingOrdered(product()),
        _ => return owners_refusal(error),
    })
}

/// Reads a cart as of one instant, and which of these changes it has.
pub(crate) async fn read(
    conn: &mut impl ConnectionLike,
    keys: &CartKeys,
    ops: &[OpId],
) -> Result<(Cart, Vec<OpId>), Trouble> {
    let answer = snapshot(conn, keys, ops).await?;
    Ok((cart(&answer)?, decode::applied(&answer)))
}

/// Reads a cart as of one instant, and who asked for how many.
pub(crate) async fn read_with_shares(
    conn: &mut impl ConnectionLike,
    keys: &CartKeys,
) -> Result<(Cart, HashMap<ProductId, Vec<Share>>), Trouble> {
    let answer = snapshot(conn, keys, &[]).await?;
    Ok((cart(&answer)?, decode::shares(&answer)))
}

async fn snapshot(
    conn: &mut impl ConnectionLike,
    keys: &CartKeys,
    ops: &[OpId],
) -> Result<Vec<Vec<u8>>, Trouble> {
    let mut call = SNAPSHOT.prepare_invoke();
    call.key(&keys.cart)
        .key(&keys.meta)
        .key(&keys.lines)
        .key(&keys.touched)
        .key(&keys.by)
        .key(&keys.order);
    call.key(&keys.ops).arg(MOST_READ);
    for op in ops {
        call.arg(op.as_str());
    }
    call.invoke_async(conn).await.map_err(Trouble::from)
}

fn cart(answer: &[Vec<u8>]) -> Result<Cart, Trouble> {
    decode::snapshot(answer).ok_or_else(Trouble::not_understood)
}

/// The cart's version, cheaply; 0 where it has none.
pub(crate) async fn version(
    conn: &mut impl ConnectionLike,
    keys: &CartKeys,
) -> Result<u64, Trouble> {
    let raw: Option<String> = redis::cmd("HGET")
        .arg(&keys.meta)
        .arg("version")
        .query_async(conn)
        .await
        .map_err(Trouble::from)?;
    Ok(raw.and_then(|raw| raw.parse().ok()).unwrap_or(0))
}

/// How long a terminal counts as watching after it was last heard of, in milliseconds.
const WATCHING: u64 = 10_000;
/// The most watchers that are told.
const MOST_WATCHERS: usize = 64;
/// The newest updates that are read from the log.
const MOST_ACTIVITY: usize = 100;
/// More than a log ever holds.
const MOST_LOGGED: usize = 1_000;

/// What a terminal says of itself while it feels for the cart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    /// Still here.
    Here,
    /// Nothing: it only looks.
    Silent,
    /// It leaves.
    Leaves,
}

/// The cart's version, and who watches it.
pub(crate) async fn watch(
    conn: &mut impl ConnectionLike,
    keys: &CartKeys,
    me: &str,
    presence: Presence,
) -> Result<(u64, Vec<Watcher>), Trouble> {
    let counts = match presence {
        Presence::Here => WATCHING.to_string(),
        Presence::Silent => String::new(),
        Presence::Leaves => "0".to_owned(),
    };
    let mut call = WATCH.prepare_invoke();
    call.key(&keys.meta)
        .key(&keys.watchers)
        .arg(me)
        .arg(counts)
        .arg(&keys.updates)
        .arg(MOST_WATCHERS);
    let (version, list): (String, Vec<u8>) =
        call.invoke_async(conn).await.map_err(Trouble::from)?;
    Ok((
        version.parse().unwrap_or(0),
        decode::watchers(&list).unwrap_or_default(),
    ))
}

/// The newest updates of a cart, oldest first.
pub(crate) async fn activity(
    conn: &mut impl ConnectionLike,
    keys: &CartKeys,
) -> Result<Vec<Update>, Trouble> {
    log(conn, keys, MOST_ACTIVITY).await
}

/// All updates that the log of a cart still holds, oldest first.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn get_log(connection: &mut Connection, user: &UserName) -> Result<Vec<Update>, Error> {
    Ok(log(&mut connection.conn, &CartKeys::of(user), MOST_LOGGED).await?)
}

async fn log(
    conn: &mut impl ConnectionLike,
    keys: &CartKeys,
    most: usize,
) -> Result<Vec<Update>, Trouble> {
    type Entries = Vec<(redis::Value, Vec<(Vec<u8>, Vec<u8>)>)>;
    let mut command = redis::cmd("XREVRANGE");
    command
        .arg(&keys.log)
        .arg("+")
        .arg("-")
        .arg("COUNT")
        .arg(most);
    let entries: Entries = command.query_async(conn).await.map_err(Trouble::from)?;
    let fields = entries.iter().rev().flat_map(|(_, fields)| fields);
    Ok(fields
        .filter(|(name, _)| name == b"u")
        .filter_map(|(_, update)| decode::update(update))
        .collect())
}

/// Writes down how a change ended.
pub(crate) fn note(cart: &str, op: &OpId, sent: Instant, outcome: &Result<Update, Error>) {
    let (version, ended) = match outcome {
        Ok(update) => (update.version, "applied"),
        Err(Error::Refused(refusal)) => (0, refusal.code()),
        Err(Error::Trouble(trouble)) => (0, trouble.code()),
        Err(Error::Unknown { .. }) => (0, "unknown"),
    };
    let ms = u64::try_from(sent.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(
        cart,
        op = op.as_str(),
        version,
        outcome = ended,
        ms,
        "change"
    );
}

/// Which of the products that these changes add are no products.
pub(crate) async fn missing(
    conn: &Conn,
    changes: impl IntoIterator<Item = &Change>,
) -> Result<Vec<ProductId>, Trouble> {
    let edits = changes.into_iter().flat_map(|change| &change.edits);
    let mut added: Vec<ProductId> = edits.filter_map(Edit::adds).cloned().collect();
    added.sort();
    added.dedup();
    let ask = |id| redis::cmd("TYPE").arg(keys::product(id)).to_owned();
    let types = pipeline::run_all(conn, added.iter().map(ask).collect()).await?;
    let is_hash = |answer: Result<Value, Trouble>| {
        answer.map(|name| name == Value::SimpleString("hash".into()))
    };
    let mut missing = Vec::new();
    for (id, answer) in added.into_iter().zip(types) {
        if !is_hash(answer)? {
            missing.push(id);
        }
    }
    Ok(missing)
}
