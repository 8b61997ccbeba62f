//! Rights on the server (ACL): the narrowest ones that trolley works with, for each role.
//!
//! One table says which commands trolley runs, for whom, and on which keys. `trolley acl` prints
//! it as rules, `trolley doctor` tries it out. A server checks the commands inside scripts
//! against the caller, so whoever may change a cart by a script may also do so directly: this
//! keeps people to their own carts, but not to the rules of the shop.

use crate::model::UserName;
use crate::store::connection::{Connection, answer};
use crate::store::error::{Error, Trouble};
use redis::Value;
use redis::aio::ConnectionLike;
use strum::VariantArray;

/// The role of a person, which decides their rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Fills one cart.
    Shopper,
    /// Fills one cart and orders what is in it.
    Buyer,
    /// Handles every cart and every order, and changes products and the shop.
    Clerk,
    /// Brings products in, and sees no cart.
    Importer,
    /// Serves the shop by SSH: a clerk who follows no orders, and keeps the invitations and the
    /// keys that came by them.
    Server,
}

use Role::{Buyer, Clerk, Importer, Server, Shopper};

/// A group of rights that becomes one rule of the server, with keys of its own. So a command that
/// is right on the orders, say, can't be used on the stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, VariantArray)]
enum Area {
    /// The role's main keys: those of carts, or of products.
    Home,
    /// Channels.
    News,
    /// The stock of products, which orders take and give back.
    Stock,
    /// The orders.
    Orders,
    /// The settings of the shop.
    Settings,
    /// The invitations, and the keys that came by them.
    Door,
}

use Area::{Door, Home, News, Orders, Settings, Stock};

/// The right to one command.
struct Right {
    area: Area,
    command: &'static str,
    roles: &'static [Role],
    /// Arguments to try the command with; `@` stands for the name of a cart, `#` for the number of
    /// the shop's database.
    example: &'static str,
}

const ALL: &[Role] = &[Shopper, Buyer, Clerk, Importer, Server];
const CARTS: &[Role] = &[Shopper, Buyer, Clerk, Server];
const BUYERS: &[Role] = &[Buyer, Clerk, Server];
const CLERKS: &[Role] = &[Clerk, Server];
/// No visitor follows orders, nor has a board.
const FOLLOWERS: &[Role] = &[Clerk];
/// No visitor changes products or the shop.
const STAFF: &[Role] = &[Clerk];
const PRODUCTS: &[Role] = &[Importer];
const SERVERS: &[Role] = &[Server];

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

/// Every command that a script or a function runs. Everybody may run HELLO and AUTH.
const RIGHTS: &[Right] = &[
    right(Home, "ping", ALL, ""),
    right(Home, "select", ALL, "#"),
    right(Home, "client|setinfo", ALL, "lib-name trolley"),
    right(Home, "cluster|slots", ALL, ""),
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
    right(Home, "script|exists", CARTS, "0"),
    right(Home, "time", CARTS, ""),
    right(Home, "type", CARTS, "product:x"),
    right(Home, "hget", CARTS, "{cart:@}:meta version"),
    right(Home, "hset", CARTS, "{cart:@}:meta version 1"),
    right(Home, "hdel", CARTS, "{cart:@}:lines x"),
    right(Home, "hlen", CARTS, "{cart:@}:lines"),
    right(Home, "hexists", CARTS, "{cart:@}:order id"),
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
    right(Stock, "hkeys", CLERKS, "{product:x}:orders"),
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
    right(Stock, "eval", STAFF, "return 1 product:x"),
    right(Settings, "eval", STAFF, "return 1 shop"),
    right(Settings, "hset", STAFF, "shop name x"),
    right(Settings, "hdel", STAFF, "shop name"),
    right(
        Orders,
        "evalsha",
        BUYERS,
        "0000000000000000000000000000000000000000 4 {orders}:x orders {orders}:all {orders}:of:@",
    ),
    right(Orders, "exists", BUYERS, "{orders}:x"),
    right(Orders, "get", FOLLOWERS, "{orders}:version"),
    right(Orders, "incr", BUYERS, "{orders}:version"),
    right(Orders, "hget", BUYERS, "{orders}:x state"),
    right(Orders, "hset", BUYERS, "{orders}:x state placed"),
    right(Orders, "hdel", CLERKS, "{orders}:x ready_at"),
    right(Orders, "hexists", BUYERS, "{orders}:x returned"),
    right(Orders, "hmget", BUYERS, "{orders}:x state"),
    right(Orders, "pexpire", BUYERS, "{orders}:x 1"),
    right(Orders, "zcard", BUYERS, "{orders}:all"),
    right(Orders, "zscore", BUYERS, "{orders}:all x"),
    right(Orders, "zadd", BUYERS, "{orders}:all 1 x"),
    right(Orders, "zrem", BUYERS, "{orders}:due x"),
    right(Orders, "zrangebyscore", BUYERS, "{orders}:due 0 1"),
    right(Orders, "zrevrange", BUYERS, "{orders}:of:@ 0 1"),
    right(Orders, "zrevrangebyscore", BUYERS, "{orders}:all 1 0"),
    right(Orders, "xlen", BUYERS, "orders"),
    right(Orders, "xadd", BUYERS, "orders * id x"),
    right(Orders, "xgroup|create", FOLLOWERS, "orders x $"),
    right(
        Orders,
        "xreadgroup",
        FOLLOWERS,
        "group x y streams orders >",
    ),
    right(Orders, "xautoclaim", FOLLOWERS, "orders x y 1 0"),
    right(Orders, "xack", FOLLOWERS, "orders x 0-1"),
    right(Orders, "xclaim", FOLLOWERS, "{orders}:cancelled x y 0 0-1"),
    right(Orders, "publish", BUYERS, "order-updates x"),
    right(Orders, "subscribe", FOLLOWERS, "order-updates"),
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
    right(
        Door,
        "evalsha",
        SERVERS,
        "0000000000000000000000000000000000000000 1 {serve}:keys",
    ),
    right(Door, "hget", SERVERS, "{serve}:keys x"),
    right(Door, "hmget", SERVERS, "{serve}:invite:x cart"),
    right(Door, "hscan", SERVERS, "{serve}:keys 0"),
    right(Door, "hset", SERVERS, "{serve}:keys x y"),
    right(Door, "hdel", SERVERS, "{serve}:keys x"),
    right(Door, "hincrby", SERVERS, "{serve}:invite:x uses -1"),
    right(Door, "hstrlen", SERVERS, "{serve}:keys x"),
    right(Door, "zadd", SERVERS, "{serve}:invites 1 x"),
    right(Door, "zrem", SERVERS, "{serve}:invites x"),
    right(Door, "zrange", SERVERS, "{serve}:invites 0 1"),
    right(Door, "zremrangebyscore", SERVERS, "{serve}:invites 0 1"),
    right(Door, "unlink", SERVERS, "{serve}:invite:x"),
    right(Door, "pexpireat", SERVERS, "{serve}:invite:x 1"),
];

impl Role {
    /// The keys (`~`, `%R~` for reading alone) and channels (`&`) of an area, as the server's
    /// rules name them; `@` stands for the name of a cart.
    fn keys_and_channels(self, area: Area) -> &'static str {
        match (area, self) {
            (Home, Importer) => "~product:* ~catalog ~{catalog}:import:* ~shop &catalog-updates",
            (Home, Clerk | Server) => {
                "~cart:* ~{cart:*}:* %R~product:* %R~catalog %R~shop &cart-updates:*"
            }
            (Home, _) => "~cart:@ ~{cart:@}:* %R~product:* %R~catalog %R~shop &cart-updates:@",
            (News, Clerk | Server) => "&cart-updates:* &catalog-updates",
            (News, _) => "&cart-updates:@ &catalog-updates",
            // No server tells the stock of a product from its price.
            (Stock, _) => "~product:* ~{product:*}:* ~stock-of:product:* &catalog-updates",
            (Orders, _) => "~orders ~{orders}:* &order-updates",
            (Settings, _) => "~shop",
            (Door, _) => "~{serve}:*",
        }
    }

    fn rights(self) -> impl Iterator<Item = &'static Right> {
        RIGHTS
            .iter()
            .filter(move |right| right.roles.contains(&self))
    }

    fn commands(self, area: Area) -> impl Iterator<Item = &'static str> {
        self.rights()
            .filter(move |right| right.area == area)
            .map(|right| right.command)
    }
}

/// Returns the command that makes the user `name` of the server a shopper or buyer of `cart`, a
/// clerk, an importer or the server of the shop, for this server's version. It gives no password.
///
/// # Errors
/// [`Trouble::TooOld`] where the server can't grant reading alone, and those of the connection.
pub async fn rules(
    connection: &mut Connection,
    role: Role,
    name: &UserName,
    cart: &UserName,
) -> Result<String, Error> {
    let known = known_commands(connection, role).await?;
    let database = connection.conn.get_db();
    let mut rules = format!("ACL SETUSER {name} reset on");

    for &area in Area::VARIANTS {
        let commands: Vec<String> = role
            .commands(area)
            .filter(|command| known.contains(command))
            .filter_map(|command| grant(command, database))
            .collect();
        if commands.is_empty() {
            continue;
        }

        let commands = commands.join(" ");
        let keys = role.keys_and_channels(area).replace('@', cart.as_str());
        match area {
            Home => rules.push_str(&format!(" {commands} {keys}")),
            News | Stock | Orders | Settings | Door => {
                rules.push_str(&format!(" ({commands} {keys})"))
            }
        }
    }
    Ok(rules)
}

/// The rule that grants a command. Only the shop's own database may be selected, for a server's
/// rights to keys hold in all of them; nobody needs to select the first one.
fn grant(command: &str, database: i64) -> Option<String> {
    match (command, database) {
        ("select", 0) => None,
        ("select", _) => Some(format!("+select|{database}")),
        _ => Some(format!("+{command}")),
    }
}

/// The commands of a role that this server has: an older one would refuse rules with others.
async fn known_commands(
    connection: &mut Connection,
    role: Role,
) -> Result<Vec<&'static str>, Error> {
    let mut names: Vec<&str> = role.rights().map(|right| right.command).collect();
    names.push("acl|dryrun");
    let mut ask = redis::cmd("COMMAND");
    ask.arg("INFO").arg(&names);
    let infos: Vec<Value> = ask.query_async(&mut connection.conn).await?;

    // ACL DRYRUN came together with rights to read alone, and with rules in brackets.
    if infos.last().is_none_or(|info| *info == Value::Nil) {
        return Err(Trouble::TooOld.into());
    }
    Ok(names
        .into_iter()
        .zip(infos)
        .filter(|(_, info)| *info != Value::Nil)
        .map(|(name, _)| name)
        .collect())
}

/// The rights that a user lacks for a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Gaps {
    /// These commands; none where the user has all rights.
    Commands(Vec<&'static str>),
    /// They can't be found out: the server is too old, or the user may not ask.
    Unknown,
}

/// Tries out what the server's user `name` lacks for being of this role.
pub(crate) async fn gaps(
    connection: &mut Connection,
    role: Role,
    name: &str,
    cart: &UserName,
) -> Result<Gaps, Trouble> {
    let mut gaps = Vec::new();
    let database = connection.conn.get_db();

    for right in role.rights() {
        if grant(right.command, database).is_none() {
            continue;
        }
        match dry_run(connection, right, name, cart).await {
            Ok(Value::Okay) => {}
            Ok(_) if gaps.contains(&right.command) => {}
            Ok(_) => gaps.push(right.command),
            // This version has no such command, so nobody needs the right to it.
            Err(Trouble::Other(said)) if said.contains("not found") => {}
            Err(Trouble::NoPermission(_) | Trouble::Other(_)) => return Ok(Gaps::Unknown),
            Err(trouble) => return Err(trouble),
        }
    }
    Ok(Gaps::Commands(gaps))
}

/// Asks whether a user may run the example of a right: OK, or the reason why not.
async fn dry_run(
    connection: &mut Connection,
    right: &Right,
    name: &str,
    cart: &UserName,
) -> Result<Value, Trouble> {
    let database = connection.conn.get_db().to_string();
    let example = right.example.replace('@', cart.as_str());
    let example = example.replace('#', &database);
    let mut ask = redis::cmd("ACL");
    ask.arg("DRYRUN").arg(name);
    for word in right.command.split('|').chain(example.split_whitespace()) {
        ask.arg(word);
    }
    answer(&ask, &mut connection.conn).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_gets_a_command_twice() {
        for role in [Shopper, Buyer, Clerk, Importer, Server] {
            for &area in Area::VARIANTS {
                let mut names: Vec<_> = role.commands(area).collect();
                let all = names.len();
                names.sort_unstable();
                names.dedup();
                assert_eq!(names.len(), all, "{role:?} {area:?}");
            }
        }
    }
}
