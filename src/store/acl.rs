//! What the server lets whom do: the narrowest rights that trolley works with.
//!
//! One table says which commands trolley runs, for whom, and on what: `trolley acl` prints
//! it as rules, `trolley doctor` tries it out. A server checks the commands inside scripts
//! against the caller, so whoever may change a cart by a script may also do so directly: this
//! keeps people to their own carts, but not to the rules of the shop.

use crate::model::UserName;
use crate::store::connection::Connection;
use crate::store::error::{Error, Trouble};
use redis::Value;

/// What somebody is to the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Fills one cart.
    Shopper,
    /// Fills one cart and orders what is in it.
    Buyer,
    /// Sees to every cart and every order.
    Clerk,
    /// Brings products in, and sees no cart.
    Importer,
}

use Role::{Buyer, Clerk, Importer, Shopper};

/// What belongs together: a rule of its own for the server, so that a command which is right in
/// one place can't be used in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Area {
    /// Where a role is at home: the carts, or the products.
    Home,
    /// What is listened to.
    News,
    /// Taking and giving back stock.
    Stock,
    /// The orders.
    Orders,
}

use Area::{Home, News, Orders, Stock};

/// A command that trolley runs.
struct Right {
    area: Area,
    command: &'static str,
    roles: &'static [Role],
    /// What it is run on, as words: `@` stands for the name of a cart.
    example: &'static str,
}

const ALL: &[Role] = &[Shopper, Buyer, Clerk, Importer];
const CARTS: &[Role] = &[Shopper, Buyer, Clerk];
const BUYERS: &[Role] = &[Buyer, Clerk];
const CLERKS: &[Role] = &[Clerk];
const PRODUCTS: &[Role] = &[Importer];

const fn right(
    area: Area,
    command: &'static str,
    roles: &'static [Role],
    example: &'static str,
) -> Right {
    Right {
        area,
        command,
        roles,
        example,
    }
}

/// Every command of every script and function. HELLO and AUTH are everybody's.
const RIGHTS: &[Right] = &[
    right(Home, "ping", ALL, ""),
    right(Home, "select", ALL, "0"),
    right(Home, "client|setinfo", ALL, "lib-name trolley"),
    right(Home, "cluster|slots", ALL, ""),
    right(Home, "cluster|keyslot", ALL, "cart:@"),
    right(Home, "hmget", ALL, "product:x name"),
    right(Home, "zrange", ALL, "catalog 0 -1"),
    right(Home, "zcard", ALL, "catalog"),
    right(Home, "zrank", ALL, "catalog x"),
    right(
        Home,
        "evalsha",
        CARTS,
        "0000000000000000000000000000000000000000 2 cart:@ {cart:@}:meta",
    ),
    right(Home, "script|load", CARTS, "return"),
    right(Home, "time", CARTS, ""),
    right(Home, "type", CARTS, "product:x"),
    right(Home, "hget", CARTS, "{cart:@}:meta version"),
    right(Home, "hset", CARTS, "{cart:@}:meta version 1"),
    right(Home, "hdel", CARTS, "{cart:@}:lines x"),
    right(Home, "hlen", CARTS, "{cart:@}:lines"),
    right(Home, "hexists", CARTS, "{cart:@}:order id"),
    right(Home, "hgetall", BUYERS, "{cart:@}:order"),
    right(Home, "zscore", CARTS, "cart:@ x"),
    right(Home, "zadd", CARTS, "cart:@ 1 x"),
    right(Home, "zrem", CARTS, "cart:@ x"),
    right(Home, "zrangebyscore", CARTS, "{cart:@}:watchers 0 1"),
    right(Home, "zremrangebyscore", CARTS, "{cart:@}:watchers 0 1"),
    right(Home, "xadd", CARTS, "{cart:@}:log * u x"),
    right(Home, "xlen", CARTS, "{cart:@}:log"),
    right(Home, "xrevrange", CARTS, "{cart:@}:log + -"),
    right(Home, "unlink", CARTS, "{cart:@}:ops0"),
    right(Home, "pttl", CARTS, "cart:@"),
    right(Home, "pexpire", CARTS, "{cart:@}:watchers 1"),
    right(Home, "pexpireat", CARTS, "cart:@ 1"),
    right(Home, "persist", CARTS, "cart:@"),
    right(Home, "wait", CARTS, "0 1"),
    right(Home, "publish", CARTS, "cart-updates:@ x"),
    right(News, "subscribe", CARTS, "cart-updates:@ catalog-updates"),
    right(
        Stock,
        "evalsha",
        BUYERS,
        "0000000000000000000000000000000000000000 3 product:x {product:x}:orders {product:x}:released",
    ),
    right(Stock, "hget", BUYERS, "{product:x}:orders x"),
    right(Stock, "hset", BUYERS, "product:x stock 1"),
    right(Stock, "hdel", BUYERS, "{product:x}:orders x"),
    right(Stock, "zscore", BUYERS, "{product:x}:released x"),
    right(Stock, "zcard", BUYERS, "{product:x}:released"),
    right(Stock, "zadd", BUYERS, "{product:x}:released 1 x"),
    right(
        Stock,
        "zremrangebyscore",
        BUYERS,
        "{product:x}:released 0 1",
    ),
    right(Stock, "pexpire", BUYERS, "{product:x}:released 1"),
    right(Stock, "publish", BUYERS, "catalog-updates x"),
    right(
        Orders,
        "evalsha",
        BUYERS,
        "0000000000000000000000000000000000000000 4 orders {orders}:x {orders}:all {orders}:of:@",
    ),
    right(Orders, "exists", BUYERS, "{orders}:x"),
    right(Orders, "hget", BUYERS, "{orders}:open x"),
    right(Orders, "hset", BUYERS, "{orders}:x state placed"),
    right(Orders, "hdel", BUYERS, "{orders}:open x"),
    right(Orders, "hexists", BUYERS, "{orders}:x returned"),
    right(Orders, "hmget", BUYERS, "{orders}:x state"),
    right(Orders, "hgetall", BUYERS, "{orders}:open"),
    right(Orders, "zcard", BUYERS, "{orders}:all"),
    right(Orders, "zadd", BUYERS, "{orders}:all 1 x"),
    right(Orders, "zrevrange", BUYERS, "{orders}:of:@ 0 1"),
    right(Orders, "xlen", BUYERS, "orders"),
    right(Orders, "xadd", BUYERS, "orders * id x"),
    right(Orders, "xgroup|create", CLERKS, "orders x $"),
    right(Orders, "xreadgroup", CLERKS, "group x y streams orders >"),
    right(Orders, "xautoclaim", CLERKS, "orders x y 1 0"),
    right(Orders, "xack", CLERKS, "orders x 0-1"),
    right(Orders, "xclaim", CLERKS, "{orders}:cancelled x y 0 0-1"),
    right(Home, "eval", PRODUCTS, "return 1 product:x"),
    right(Home, "hset", PRODUCTS, "product:x name x"),
    right(Home, "hsetnx", PRODUCTS, "shop name x"),
    right(Home, "hdel", PRODUCTS, "product:x stock"),
    right(Home, "unlink", PRODUCTS, "product:x"),
    right(Home, "zadd", PRODUCTS, "catalog 0 x"),
    right(Home, "zrem", PRODUCTS, "catalog x"),
    right(Home, "zmscore", PRODUCTS, "{catalog}:import:x x"),
    right(Home, "expire", PRODUCTS, "{catalog}:import:x 1"),
    right(Home, "publish", PRODUCTS, "catalog-updates x"),
    right(Home, "scan", PRODUCTS, "0"),
    right(Home, "dbsize", PRODUCTS, ""),
];

impl Role {
    /// Keys and channels, in the server's words: `@` stands for the name of a cart.
    fn places(self, area: Area) -> &'static str {
        match (area, self) {
            (Home, Importer) => "~product:* ~catalog ~{catalog}:import:* ~shop &catalog-updates",
            (Home, Clerk) => "~cart:* ~{cart:*}:* %R~product:* %R~catalog %R~shop &cart-updates:*",
            (Home, _) => "~cart:@ ~{cart:@}:* %R~product:* %R~catalog %R~shop &cart-updates:@",
            (News, Clerk) => "&cart-updates:* &catalog-updates",
            (News, _) => "&cart-updates:@ &catalog-updates",
            // No server tells the stock of a product from its price.
            (Stock, _) => "~product:* ~{product:*}:* ~stock-of:product:* &catalog-updates",
            (Orders, _) => "~orders ~{orders}:*",
        }
    }

    fn commands(self, area: Area) -> impl Iterator<Item = &'static str> {
        let has = move |right: &&Right| right.area == area && right.roles.contains(&self);
        RIGHTS.iter().filter(has).map(|right| right.command)
    }
}

/// The command that makes the user `name` of the server a shopper or buyer of `cart`, a clerk
/// or an importer, in the words of this server's version. It gives no password.
///
/// # Errors
/// [`Trouble::TooOld`] where the server can't grant reading alone, and those of the link.
pub async fn rules(
    connection: &mut Connection,
    role: Role,
    name: &UserName,
    cart: &UserName,
) -> Result<String, Error> {
    let mut names: Vec<&str> = RIGHTS
        .iter()
        .filter(|right| right.roles.contains(&role))
        .map(|right| right.command)
        .collect();
    names.push("acl|dryrun");
    let mut ask = redis::cmd("COMMAND");
    ask.arg("INFO").arg(&names);
    let known: Vec<Value> = ask.query_async(&mut connection.conn).await?;
    // It came together with rights to read alone, and with rules in brackets.
    if known.last().is_none_or(|info| *info == Value::Nil) {
        return Err(Trouble::TooOld.into());
    }
    let known = |command: &&str| {
        names
            .iter()
            .zip(&known)
            .any(|(name, info)| name == command && *info != Value::Nil)
    };
    let mut rules = format!("ACL SETUSER {name} reset on");
    for area in [Home, News, Stock, Orders] {
        let commands: Vec<String> = role
            .commands(area)
            .filter(known)
            .map(|command| format!("+{command}"))
            .collect();
        if commands.is_empty() {
            continue;
        }
        let rule = format!(
            "{} {}",
            commands.join(" "),
            role.places(area).replace('@', cart.as_str())
        );
        let (open, close) = if area == Home { ("", "") } else { ("(", ")") };
        rules.push_str(&format!(" {open}{rule}{close}"));
    }
    Ok(rules)
}

/// What the server's user `name` may not do and a person of this role must, in short;
/// `None` where this can't be asked.
pub(crate) async fn gaps(
    connection: &mut Connection,
    role: Role,
    name: &str,
    cart: &UserName,
) -> Result<Option<Vec<&'static str>>, Trouble> {
    let mut gaps = Vec::new();
    for right in RIGHTS.iter().filter(|right| right.roles.contains(&role)) {
        let mut ask = redis::cmd("ACL");
        ask.arg("DRYRUN").arg(name);
        let example = right.example.replace('@', cart.as_str());
        for word in right.command.split('|').chain(example.split_whitespace()) {
            ask.arg(word);
        }
        match ask
            .query_async::<Value>(&mut connection.conn)
            .await
            .map_err(Trouble::from)
        {
            Ok(Value::Okay) => {}
            Ok(_) if gaps.contains(&right.command) => {}
            Ok(_) => gaps.push(right.command),
            // No such command in this version, or no right to ask.
            Err(Trouble::Other(said)) if said.contains("not found") => {}
            Err(Trouble::NoPermission(_) | Trouble::Other(_)) => return Ok(None),
            Err(trouble) => return Err(trouble),
        }
    }
    Ok(Some(gaps))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_gets_a_command_twice() {
        for role in [Shopper, Buyer, Clerk, Importer] {
            for area in [Home, News, Stock, Orders] {
                let mut names: Vec<_> = role.commands(area).collect();
                let all = names.len();
                names.sort_unstable();
                names.dedup();
                assert_eq!(names.len(), all, "{role:?} {area:?}");
            }
        }
    }
}
