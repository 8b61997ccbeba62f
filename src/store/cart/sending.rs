//! Sends a change to the cart's script, and reads its answer or its refusal.

use super::decode;
use super::push_cart_keys;
use crate::model::name::sanitize_actor;
use crate::model::shares::Share;
use crate::model::{Change, ChangeKind, Edit, Money, Note, OpId, ProductId, Refusal, Update};
use crate::store::clock::Moment;
use crate::store::connection::Conn;
use crate::store::connection::pipeline;
use crate::store::error::{Error, Trouble};
use crate::store::keys;
use crate::store::keys::CartKeys;
use crate::store::policy::Policy;
use crate::store::scripts::{CHANGE, MOST_LINES};
use redis::aio::ConnectionLike;
use redis::{RedisError, ScriptInvocation, Value};
use std::fmt::Write;

/// The earlier attempts at one change, which the script takes into account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attempt {
    /// Set where the change may have reached the server before.
    pub is_retry: bool,
    /// The cart's version that was known when the change was first sent.
    pub first_version: u64,
    /// Milliseconds since the change was first sent.
    pub age: u64,
    /// The cart's version on which the change was checked against the budget.
    pub budget_checked_at: Option<u64>,
}

impl Attempt {
    /// The argument of `change.lua` that stands for it: empty, or three words.
    fn argument(self) -> String {
        match (self.is_retry, self.budget_checked_at) {
            (false, None) => String::new(),
            (false, Some(checked)) => format!("- - {checked}"),
            (true, None) => format!("{} {} -", self.first_version, self.age),
            (true, Some(checked)) => format!("{} {} {checked}", self.first_version, self.age),
        }
    }
}

/// The moment when a change was first sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FirstSent {
    /// The cart's version that was known then.
    pub version: u64,
    /// The moment.
    pub at: Moment,
}

impl FirstSent {
    /// A change that is sent now.
    pub(crate) fn now(version: u64) -> FirstSent {
        FirstSent {
            version,
            at: Moment::now(),
        }
    }
}

/// A change that is applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The update that it made.
    pub update: Update,
    /// Set where its op id was known: it was applied before, and not once more.
    pub is_repeat: bool,
}

/// Where it is checked that the products of a change exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProductCheck<'a> {
    /// The products are on the cart's own server, where the script looks.
    Here,
    /// The products are on other nodes, which were asked: these do not exist.
    Missing(&'a [ProductId]),
}

/// The reason why a change that was sent once was not applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendError {
    /// The cart has a budget, and the change was not checked against it on the cart's present
    /// version: it must be checked, and sent again.
    NeedsBudgetCheck,
    /// The change was refused, or the link failed.
    Failed(Error),
}

impl From<Error> for SendError {
    fn from(error: Error) -> SendError {
        SendError::Failed(error)
    }
}

/// Sends `change` once.
///
/// # Errors
/// [`SendError::NeedsBudgetCheck`], which [`crate::store::Connection::apply`] sees to by itself;
/// [`Error::Refused`] by the rules, [`Error::Trouble`] by the link; where the trouble
/// leaves doubt, sending the same change again is safe.
pub async fn send(
    conn: &mut impl ConnectionLike,
    keys: &CartKeys,
    policy: &Policy,
    change: &Change,
    attempt: Attempt,
    products: ProductCheck<'_>,
) -> Result<Applied, SendError> {
    let mut call = CHANGE.prepare_invoke();
    push_cart_keys(&mut call, keys);
    call.arg(change.op.as_str())
        .arg(&policy.by)
        .arg(change.kind.name())
        .arg(policy.session_timeout.as_millis())
        .arg(policy.line_limit)
        .arg(keys::channel_in(&keys.updates, conn.get_db()))
        .arg(policy.item_timeout.as_millis())
        .arg(attempt.argument())
        .arg(product_letters(&change.edits, products));
    for edit in &change.edits {
        push_edit(&mut call, edit);
    }

    let answer: Result<Value, RedisError> = call.invoke_async(conn).await;
    match answer {
        Ok(answer) => Ok(read_answer(answer, change)?),
        Err(error) if error.code() == Some("CHECKBUDGET") => Err(SendError::NeedsBudgetCheck),
        Err(error) => Err(SendError::Failed(
            refusal(change, policy, &error).map_or_else(|| error.into(), Error::Refused),
        )),
    }
}

/// The argument of `change.lua` that says of each edit's product whether it exists: `1` yes,
/// `0` no, `?` the script must look.
fn product_letters(edits: &[Edit], products: ProductCheck<'_>) -> String {
    edits
        .iter()
        .map(|edit| match (edit.adds(), products) {
            (Some(_), ProductCheck::Here) => '?',
            (Some(product), ProductCheck::Missing(missing)) if missing.contains(product) => '0',
            (Some(_), ProductCheck::Missing(_)) | (None, _) => '1',
        })
        .collect()
}

/// Adds an edit to the arguments of `change.lua`: verb, product, quantity, price.
fn push_edit(call: &mut ScriptInvocation<'_>, edit: &Edit) {
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
        // The shares tell how many.
        Edit::Withdraw { .. } => ("take", 0, None),
        Edit::Remove { .. } => ("remove", 0, None),
        Edit::Note {
            product,
            text,
            replaced,
        } => {
            let id = product.as_ref().map_or(&b""[..], ProductId::as_bytes);
            let replaced = replaced.as_ref().map(|text| format!("={text}"));
            let replaced = replaced.unwrap_or_else(|| "0".to_owned());
            call.arg("note").arg(id).arg(replaced).arg(text);
            return;
        }
        Edit::Clear => ("clear", 0, None),
        Edit::Expire => ("expire", 0, None),
    };

    let id = edit.product().map_or(&b""[..], ProductId::as_bytes);
    let mut price = price.as_ref().map(Money::to_string).unwrap_or_default();
    if let Edit::Withdraw { shares, .. } = edit {
        push_shares(&mut price, shares);
    }
    if let Edit::Restore {
        shares,
        place,
        notes,
        ..
    } = edit
    {
        // Writing to a string can't fail.
        if let Some(place) = place {
            let _ = write!(price, " {place}");
        }
        push_shares(&mut price, shares);
        for (index, Note { by, text }) in notes.iter().enumerate() {
            let mark = if index == 0 { '\t' } else { '\n' };
            let _ = write!(price, "{mark}{by}\t{text}");
        }
    }

    call.arg(verb).arg(id).arg(quantity).arg(price);
}

/// Adds shares to a text, each on a line of its own.
fn push_shares(text: &mut String, shares: &[Share]) {
    for Share { by, pieces } in shares {
        // Writing to a string can't fail.
        let _ = write!(text, "\n{pieces} {by}");
    }
}

/// Reads the script's answer: the update that the change made, as a list of one where that was
/// when the change was first sent.
fn read_answer(answer: Value, change: &Change) -> Result<Applied, Error> {
    let (message, is_repeat) = match answer {
        Value::BulkString(message) => (message, false),
        Value::Array(messages) => match <[Value; 1]>::try_from(messages) {
            Ok([Value::BulkString(message)]) => (message, true),
            _ => return Err(Trouble::not_understood().into()),
        },
        _ => return Err(Trouble::not_understood().into()),
    };

    let update = decode::update(&message).ok_or_else(Trouble::not_understood)?;
    // A product id that is not UTF-8 can't be compared.
    if std::str::from_utf8(&message).is_err() || update.answers(change) {
        Ok(Applied { update, is_repeat })
    } else {
        Err(Refusal::OpReused.into())
    }
}

/// The refusal behind an error that `change.lua` returned, if it is one.
fn refusal(change: &Change, policy: &Policy, error: &RedisError) -> Option<Refusal> {
    // After the code stand a value and the index of the edit that was refused.
    let mut words = error.detail().unwrap_or_default().split(' ');
    let value = words.next().unwrap_or_default();
    let index = words.next().and_then(|index| index.parse::<usize>().ok());
    let product = index
        .and_then(|index| change.edits.get(index))
        .and_then(Edit::product)
        .map(ToString::to_string)
        .unwrap_or_default();

    let refusal = match error.code()? {
        "UNKNOWNPRODUCT" => Refusal::UnknownProduct(product.clone()),
        "NOTINCART" => Refusal::NotInCart(product.clone()),
        "NONELEFT" => Refusal::NoneLeft(product.clone()),
        "TOOMANY" => Refusal::TooMany {
            limit: policy.line_limit,
            already: value.parse().unwrap_or(0),
        },
        "DAMAGEDLINE" => Refusal::DamagedLine(product.clone()),
        "CARTFULL" => Refusal::CartFull(value.parse().unwrap_or(MOST_LINES)),
        "ALREADYEMPTY" => Refusal::AlreadyEmpty,
        "NOTHINGEXPIRED" => Refusal::NothingExpired,
        "NOTECHANGED" => Refusal::NoteChanged,
        "CANTNOTE" => Refusal::CantNote,
        "NOMOREREADY" => Refusal::NoMoreReady,
        "FORGOTTEN" => Refusal::Forgotten,
        "BEINGORDERED" if product.is_empty() => Refusal::BeingOrdered("The cart".to_owned()),
        "BEINGORDERED" => Refusal::BeingOrdered(product.clone()),
        _ => return common_refusal(error),
    };

    let is_list = change.kind == ChangeKind::Edit && change.edits.len() > 1;
    Some(match index.filter(|_| is_list) {
        Some(index) => Refusal::OfLine {
            index,
            product,
            refusal: Box::new(refusal),
        },
        None => refusal,
    })
}

/// The refusal behind an error that any script which writes to a cart may return.
pub(crate) fn common_refusal(error: &RedisError) -> Option<Refusal> {
    let owner = || sanitize_actor(error.detail().unwrap_or_default().as_bytes());
    Some(match error.code()? {
        "LOCKED" => Refusal::Locked(owner()),
        "CLOSED" => Refusal::Closed(owner()),
        "NOTOWNER" => Refusal::NotOwner(owner()),
        "EMPTYCART" => Refusal::EmptyCart,
        "CARTCHANGED" => Refusal::CartChanged,
        _ => return None,
    })
}

/// The answers of a cluster's nodes about the products that changes add.
#[derive(Debug, Default)]
pub(crate) struct ProductAnswers {
    /// The products that do not exist.
    pub(crate) missing: Vec<ProductId>,
    /// The products that could not be asked for.
    pub(crate) unknown: Vec<(ProductId, Trouble)>,
}

impl ProductAnswers {
    /// The trouble that keeps a change from being checked.
    pub(crate) fn trouble(&self, change: &Change) -> Option<&Trouble> {
        let mut added = change.edits.iter().filter_map(Edit::adds);
        added.find_map(|id| {
            let unknown = self.unknown.iter().find(|(unknown, _)| unknown == id);
            unknown.map(|(_, trouble)| trouble)
        })
    }
}

/// Asks the nodes of a cluster which of the products that `change` adds do not exist.
///
/// # Errors
/// The trouble with a node that has one of them.
pub(crate) async fn find_missing_products(
    conn: &Conn,
    change: &Change,
) -> Result<Vec<ProductId>, Trouble> {
    let answers = ask_for_products(conn, [change]).await?;
    match answers.trouble(change) {
        Some(trouble) => Err(trouble.clone()),
        None => Ok(answers.missing),
    }
}

/// Asks the nodes of a cluster for the products that `changes` add.
///
/// # Errors
/// The trouble of a single server.
pub(crate) async fn ask_for_products(
    conn: &Conn,
    changes: impl IntoIterator<Item = &Change>,
) -> Result<ProductAnswers, Trouble> {
    let mut added: Vec<ProductId> = changes
        .into_iter()
        .flat_map(|change| &change.edits)
        .filter_map(Edit::adds)
        .cloned()
        .collect();
    added.sort();
    added.dedup();

    let questions = added
        .iter()
        .map(|id| redis::cmd("TYPE").arg(keys::product(id)).to_owned())
        .collect();
    let types = pipeline::run_each(conn, questions).await?;

    let hash = Value::SimpleString("hash".into());
    let mut answers = ProductAnswers::default();
    for (id, found) in added.into_iter().zip(types) {
        match found {
            Ok(found) if found == hash => {}
            Ok(_) => answers.missing.push(id),
            Err(trouble) => answers.unknown.push((id, trouble)),
        }
    }
    Ok(answers)
}

/// Writes the outcome of a change to the log file.
pub(crate) fn log_outcome(cart: &str, op: &OpId, sent: Moment, outcome: Result<&Update, &Error>) {
    let (version, ended) = match outcome {
        Ok(update) => (update.version, "applied"),
        Err(Error::Refused(refusal)) => (0, refusal.code()),
        Err(Error::Trouble(trouble)) => (0, trouble.code()),
        Err(Error::Unknown { .. }) => (0, "unknown"),
    };
    let ms = sent.age();

    tracing::info!(
        cart,
        op = op.as_str(),
        version,
        outcome = ended,
        ms,
        "change"
    );
}
