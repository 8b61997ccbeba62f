//! The record of an order, as the steps of the order read it.
//!
//! It is the hash `{orders}:<id>`, which is written before anything else is done for an order,
//! and where the decision about it is made. Only those who may order can write it. Whoever may
//! fill a cart can write what is stored beside that cart, so nothing but an id is read from
//! there, and that id counts only where its record says that it is an order of that cart.

use super::document;
use crate::model::name::sanitize_actor;
use crate::model::order::OrderFailure;
use crate::model::{Currency, Money, OrderId, OrderLine, Preview, UserName, order};
use crate::store::connection::{Conn, pipeline};
use crate::store::error::Trouble;
use crate::store::keys;
use crate::store::scripts::RECORD_FIELDS;
use redis::{Cmd, FromRedisValue, RedisError, Value};

/// The decision about an order. The first one stands, whoever made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is placed.
    Place,
    /// It is undone, for this reason.
    Undo(OrderFailure),
}

impl Decision {
    /// Its name in the scripts.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Decision::Place => "place",
            Decision::Undo(_) => "undo",
        }
    }

    /// The reason as it is stored; empty where the order is placed.
    pub(crate) fn reason(&self) -> String {
        match self {
            Decision::Place => String::new(),
            Decision::Undo(failure) => serde_json::to_string(failure).unwrap_or_default(),
        }
    }

    /// Reads the decision from the state of a record; `None` where it is not made yet.
    fn of_state(state: &[u8], reason: &[u8]) -> Option<Decision> {
        match state {
            b"pending" => None,
            b"undone" => Some(Decision::Undo(read_reason(reason))),
            // Placed, or on its way through the shop after that.
            _ => Some(Decision::Place),
        }
    }
}

/// Reads why an order was undone.
pub(crate) fn read_reason(reason: &[u8]) -> OrderFailure {
    let failure: OrderFailure = serde_json::from_slice(reason).unwrap_or(OrderFailure::Late);
    failure.sanitized()
}

/// An order that was announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BegunOrder {
    /// Its id.
    pub(crate) id: OrderId,
    /// The user whose cart is ordered.
    pub(crate) user: UserName,
    /// Who orders; clean text.
    pub(crate) who: String,
    /// When it was announced, by the server's clock, in Unix milliseconds.
    pub(crate) begun: u64,
    /// The version of the cart that was confirmed.
    pub(crate) version: u64,
    /// The currency, as far as its sign goes.
    pub(crate) currency: Currency,
    /// The lines.
    pub(crate) lines: Vec<OrderLine>,
    /// The decision, if there is one yet.
    pub(crate) decision: Option<Decision>,
    /// True where nothing is left to do for it.
    pub(crate) is_closed: bool,
}

impl BegunOrder {
    /// The command that reads the record of an order, by its id as it is stored.
    pub(crate) fn fetch(id: &str) -> Cmd {
        let mut command = redis::cmd("HMGET");
        command.arg(keys::order_named(id)).arg(&RECORD_FIELDS);
        command
    }

    /// Reads the records of the orders with these ids, as these are stored; `None` for what is no order,
    /// or has no record that can be read.
    ///
    /// # Errors
    /// The [`Trouble`] of the link.
    pub(crate) async fn read_each(
        conn: &Conn,
        ids: &[String],
    ) -> Result<Vec<Option<BegunOrder>>, Trouble> {
        let records = ids.iter().map(|id| BegunOrder::fetch(id)).collect();
        let records = pipeline::run_all(conn, records).await?;

        let begun = ids.iter().zip(records).map(|(id, record)| {
            let id = OrderId::parse(id)?;
            BegunOrder::parse(&id, record.ok()?).ok()?
        });
        Ok(begun.collect())
    }

    /// Reads the fields of a record; `None` where there is no record.
    ///
    /// # Errors
    /// [`Trouble::Unexpected`] where the record is damaged.
    pub(crate) fn parse(id: &OrderId, answer: Value) -> Result<Option<BegunOrder>, Trouble> {
        let fields = Vec::<Option<Vec<u8>>>::from_redis_value(answer)
            .map_err(|error| Trouble::from(RedisError::from(error)))?;
        if fields.iter().all(Option::is_none) {
            return Ok(None);
        }

        parse_fields(id, &fields)
            .map(Some)
            .ok_or_else(|| Trouble::Unexpected(format!("the record of order {id} is damaged")))
    }

    /// Tells whether it buys what was agreed to, at the same prices.
    pub(crate) fn buys_the_same(&self, agreed: &Preview) -> bool {
        let agreed = agreed.lines.iter().map(|line| bought(&line.order_line));
        self.lines.iter().map(bought).eq(agreed)
    }

    /// Tells whether the cart of `user` may be frozen for it: it is an order of that cart, and is
    /// not over.
    pub(crate) fn may_freeze(&self, user: &UserName) -> bool {
        self.user == *user && !self.is_closed
    }

    /// The sum of its lines.
    pub(crate) fn total(&self) -> Money {
        order::total(&self.lines)
    }

    /// The time from its beginning to `now`, in milliseconds. A beginning in the future comes
    /// from a clock that was wrong, and is as far away as one in the past.
    pub(crate) fn age(&self, now: u64) -> u64 {
        now.abs_diff(self.begun)
    }
}

/// The purchase of a line.
fn bought(line: &OrderLine) -> (&[u8], u32, Money) {
    (line.product.as_bytes(), line.quantity, line.price)
}

fn parse_fields(id: &OrderId, fields: &[Option<Vec<u8>>]) -> Option<BegunOrder> {
    let [
        user,
        who,
        begun,
        version,
        currency,
        lines,
        state,
        reason,
        closed,
    ] = fields
    else {
        return None;
    };

    Some(BegunOrder {
        id: id.clone(),
        user: UserName::parse(utf8(user)?).ok()?,
        who: sanitize_actor(who.as_deref()?),
        // Orders of an older version lack these two.
        begun: number(begun).unwrap_or(0),
        version: number(version).unwrap_or(0),
        currency: Currency::stored(currency.as_deref(), None),
        lines: document::lines_from_json(lines.as_deref()?)?,
        decision: Decision::of_state(state.as_deref()?, reason.as_deref().unwrap_or_default()),
        is_closed: closed.is_some(),
    })
}

fn utf8(field: &Option<Vec<u8>>) -> Option<&str> {
    std::str::from_utf8(field.as_deref()?).ok()
}

fn number(field: &Option<Vec<u8>>) -> Option<u64> {
    utf8(field)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LINES: &str =
        r#"[{"product":"tea","name":"Tea","quantity":3,"price":"2.40","total":"7.20"}]"#;

    fn record(state: &str, begun: &str, lines: &str) -> Value {
        let fields = ["alice", "ann", begun, "7", "€", lines, state, "", ""];
        Value::Array(
            fields
                .iter()
                .map(|field| match *field {
                    "" => Value::Nil,
                    field => Value::BulkString(field.as_bytes().to_vec()),
                })
                .collect(),
        )
    }

    fn parse(record: Value) -> Result<Option<BegunOrder>, Trouble> {
        let id = OrderId::parse("20261124-7KQ2-M8XD").unwrap();
        BegunOrder::parse(&id, record)
    }

    #[test]
    fn a_record_is_read_whole_or_not_at_all() {
        let begun = parse(record("pending", "1000", LINES)).unwrap().unwrap();
        assert_eq!(begun.total(), Money::parse("7.20").unwrap());
        assert_eq!((begun.begun, begun.version), (1000, 7));
        assert_eq!(begun.decision, None);
        assert_eq!((begun.age(4000), begun.age(0)), (3000, 1000));

        // A time that is no number is one long ago: nothing is taken for that order any more.
        for at in ["1e300", "-5", "nan", "99999999999999999999"] {
            let begun = parse(record("pending", at, LINES)).unwrap().unwrap();
            assert_eq!(begun.begun, 0, "{at}");
        }
        let too_many = LINES.replace(":3,", ":9999999,");
        for lines in ["", "x", "[{}]", &too_many] {
            assert!(parse(record("pending", "1", lines)).is_err(), "{lines}");
        }
        assert_eq!(parse(Value::Array(vec![Value::Nil; 9])), Ok(None));

        let state = |state| parse(record(state, "1", LINES)).unwrap().unwrap().decision;
        assert_eq!(
            state("undone"),
            Some(Decision::Undo(OrderFailure::Late)),
            "a reason that can't be read"
        );
        assert_eq!(state("accepted"), Some(Decision::Place));
    }

    proptest! {
        #[test]
        fn nothing_panics(fields in proptest::collection::vec(proptest::option::of(proptest::collection::vec(any::<u8>(), 0..40)), 0..11)) {
            let fields = fields.into_iter().map(|field| field.map_or(Value::Nil, Value::BulkString));
            let _ = parse(Value::Array(fields.collect()));
        }
    }
}
