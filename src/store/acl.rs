//! What the server lets whom do: the narrowest rights that trolley works with.
//!
//! One table says which commands trolley runs, for whom, and on what: `trolley acl` prints
//! it as rules, `trolley doctor` tries it out. A server checks the commands inside scripts
//! against the caller, so whoever may change a cart by a script may also do so directly: this
//! keeps people to their own carts, but not to the rules of the shop.

use super::connection::Connection;
use super::error::{Error, Trouble};
use crate::model::UserName;
use redis::Value;

/// What somebody is to the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Fills one cart.
    Shopper,
    /// Sees to every cart, and changes no product.
    Clerk,
    /// Brings products in, and sees no cart.
    Importer,
}

use Role::{Clerk, Importer, Shopper};

/// A command that trolley runs.
struct Right {
    command: &'static str,
    roles: &'static [Role],
    /// What it is run on, as words: `@` stands for the name of a cart.
    example: &'static str,
}

const ALL: &[Role] = &[Shopper, Clerk, Importer];
const CARTS: &[Role] = &[Shopper, Clerk];
const PRODUCTS: &[Role] = &[Importer];

const fn right(command: &'static str, roles: &'static [Role], example: &'static str) -> Right {
    Right { command, roles, example }
}

/// Every command of every script and function. HELLO and AUTH are everybody's.
const RIGHTS: &[Right] = &[
    right("ping", ALL, ""),
    right("select", ALL, "0"),
    right("client|setinfo", ALL, "lib-name trolley"),
    right("cluster|slots", ALL, ""),
    right("cluster|keyslot", ALL, "cart:@"),
    right("hmget", ALL, "product:x name"),
    right("zrange", ALL, "catalog 0 -1"),
    right("zcard", ALL, "catalog"),
    right("zrank", ALL, "catalog x"),
    right("evalsha", CARTS, "0000000000000000000000000000000000000000 2 cart:@ {cart:@}:meta"),
    right("script|load", CARTS, "return"),
    right("time", CARTS, ""),
    right("type", CARTS, "product:x"),
    right("hget", CARTS, "{cart:@}:meta version"),
    right("hset", CARTS, "{cart:@}:meta version 1"),
    right("hdel", CARTS, "{cart:@}:lines x"),
    right("hlen", CARTS, "{cart:@}:lines"),
    right("zscore", CARTS, "cart:@ x"),
    right("zadd", CARTS, "cart:@ 1 x"),
    right("zrem", CARTS, "cart:@ x"),
    right("zrangebyscore", CARTS, "{cart:@}:watchers 0 1"),
    right("zremrangebyscore", CARTS, "{cart:@}:watchers 0 1"),
    right("xadd", CARTS, "{cart:@}:log * u x"),
    right("xrevrange", CARTS, "{cart:@}:log + -"),
    right("unlink", CARTS, "{cart:@}:ops0"),
    right("pttl", CARTS, "cart:@"),
    right("pexpire", CARTS, "{cart:@}:watchers 1"),
    right("pexpireat", CARTS, "cart:@ 1"),
    right("persist", CARTS, "cart:@"),
    right("wait", CARTS, "0 1"),
    right("publish", CARTS, "cart-updates:@ x"),
    right("subscribe", CARTS, "cart-updates:@ catalog-updates"),
    right("eval", PRODUCTS, "return 1 product:x"),
    right("hset", PRODUCTS, "product:x name x"),
    right("hdel", PRODUCTS, "product:x stock"),
    right("unlink", PRODUCTS, "product:x"),
    right("zadd", PRODUCTS, "catalog 0 x"),
    right("zrem", PRODUCTS, "catalog x"),
    right("zmscore", PRODUCTS, "{catalog}:import:x x"),
    right("expire", PRODUCTS, "{catalog}:import:x 1"),
    right("publish", PRODUCTS, "catalog-updates x"),
    right("scan", PRODUCTS, "0"),
    right("dbsize", PRODUCTS, ""),
];

impl Role {
    /// Keys and channels, in the server's words: `@` stands for the name of a cart.
    fn places(self) -> &'static str {
        match self {
            // They must hear of products, but are not to tell of any.
            Shopper => {
                "~cart:@ ~{cart:@}:* %R~product:* %R~catalog %R~shop &cart-updates:@ \
                 (+subscribe &cart-updates:@ &catalog-updates)"
            }
            Clerk => {
                "~cart:* ~{cart:*}:* %R~product:* %R~catalog %R~shop &cart-updates:* \
                 (+subscribe &cart-updates:* &catalog-updates)"
            }
            Importer => "~product:* ~catalog ~{catalog}:import:* ~shop &catalog-updates",
        }
    }

    fn commands(self) -> impl Iterator<Item = &'static str> {
        RIGHTS.iter().filter(move |right| right.roles.contains(&self)).map(|right| right.command)
    }
}

/// The command that makes the user `name` of the server a shopper of `cart`, a clerk or an
/// importer, in the words of this server's version. It gives no password.
///
/// # Errors
/// [`Trouble::TooOld`] where the server can't grant reading alone, and those of the link.
pub async fn rules(
    connection: &mut Connection,
    role: Role,
    name: &UserName,
    cart: &UserName,
) -> Result<String, Error> {
    let mut names: Vec<&str> = role.commands().collect();
    names.push("acl|dryrun");
    let mut ask = redis::cmd("COMMAND");
    ask.arg("INFO").arg(&names);
    let known: Vec<Value> = ask.query_async(&mut connection.link).await?;
    // It came together with rights to read alone, and with rules in brackets.
    if known.last().is_none_or(|info| *info == Value::Nil) {
        return Err(Trouble::TooOld.into());
    }
    let commands =
        names.iter().zip(&known).filter(|(name, info)| **info != Value::Nil && **name != "acl|dryrun");
    let commands: Vec<String> = commands.map(|(name, _)| format!("+{name}")).collect();
    let places = role.places().replace('@', cart.as_str());
    Ok(format!("ACL SETUSER {name} reset on {} {places}", commands.join(" ")))
}

/// What the server's user `name` may not do and a person of this role must, in short;
/// `None` where this can't be asked.
pub(super) async fn gaps(
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
        match ask.query_async::<Value>(&mut connection.link).await.map_err(Trouble::from) {
            Ok(Value::Okay) => {}
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
        for role in [Shopper, Clerk, Importer] {
            let mut names: Vec<_> = role.commands().collect();
            let all = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), all, "{role:?}");
        }
    }
}
