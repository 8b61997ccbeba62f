//! Candidates that the shop knows: ids of products and orders, and the fields of products.

use super::words_on_line;
use crate::catalog_file::COLUMNS;
use crate::config::{Flags, Server, Settings};
use crate::model::order::OrderRef;
use crate::model::{Order, People, ProductId, UserName};
use crate::store::{self, Address, Connection, order};
use clap::{Args, Command, FromArgMatches};
use clap_complete::CompletionCandidate;
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::time::Duration;

/// The most ids that are offered.
const MOST_IDS: usize = 200;
/// The longest that the shop may take to find them.
const SHOP_TIMEOUT: Duration = Duration::from_millis(500);

/// The options that decide which shop and which cart are asked, by their ids.
const SHOP_OPTIONS: [&str; 7] = [
    "redis",
    "user",
    "config",
    "password_file",
    "tls_ca",
    "tls_cert",
    "tls_key",
];

/// Completes the ids of products.
pub(in crate::cli) fn product_ids(typed: &OsStr) -> Vec<CompletionCandidate> {
    ask_shop(typed, async |connection, _, prefix| {
        store::ids_from(connection, prefix, MOST_IDS).await.ok()
    })
}

/// Completes the ids of the products that are in the cart.
pub(in crate::cli) fn product_ids_in_cart(typed: &OsStr) -> Vec<CompletionCandidate> {
    ask_shop(typed, async |connection, user, prefix| {
        let cart = store::get_cart_items(connection, user).await.ok()?;
        let ids = cart
            .lines
            .into_iter()
            .map(|line| line.product)
            .filter(|id| id.as_bytes().starts_with(prefix.as_bytes()))
            .take(MOST_IDS)
            .collect();
        Some(ids)
    })
}

/// The newest orders whose people are offered where no order is named yet.
const NEWEST_ORDERS: usize = 20;

/// The length of the year with which an order's id begins.
const YEAR: usize = 4;

/// Completes the numbers of the newest orders, or their ids: of all carts where one may see them, else of this one.
pub(in crate::cli) fn order_ids(typed: &OsStr) -> Vec<CompletionCandidate> {
    let Some(prefix) = typed.to_str() else {
        return Vec::new();
    };

    let orders = find_in_shop(
        prefix,
        async |connection, user, _| match order::list_orders(connection, None, MOST_IDS).await {
            Ok(orders) => Some(orders),
            Err(_) => order::list_orders(connection, Some(user), MOST_IDS)
                .await
                .ok(),
        },
    );
    let mut numbers = HashSet::new();
    orders
        .unwrap_or_default()
        .iter()
        .filter_map(|order| {
            // A number means the newest order that has it. All ids begin with the year.
            let number = order.number.filter(|number| numbers.insert(*number));
            let by_number = number
                .map(|number| number.to_string())
                .filter(|number| number.starts_with(prefix));
            let takes_id = number.is_none() || prefix.len() >= YEAR;
            let by_id =
                (takes_id && order.id.as_str().starts_with(prefix)).then(|| order.id.to_string());
            Some(CompletionCandidate::new(by_number.or(by_id)?).help(Some(about(order).into())))
        })
        .collect()
}

/// Completes the names of those who have a part in the order that stands on the line; where none
/// does, of those who had one in the newest orders.
pub(in crate::cli) fn people_of_order(typed: &OsStr) -> Vec<CompletionCandidate> {
    let Some(prefix) = typed.to_str() else {
        return Vec::new();
    };
    let meant = order_on_line(&words_on_line());

    let orders = find_in_shop(prefix, async |connection, user, _| {
        let Some(meant) = &meant else {
            return order::list_orders(connection, Some(user), NEWEST_ORDERS)
                .await
                .ok();
        };
        // As the command finds it: among the orders of all carts, where one may see them.
        let id = order::find_order(connection, None, meant).await.ok()?;
        let order = order::get_order(connection, &id).await.ok()?;
        Some(vec![order])
    });

    let orders = orders.unwrap_or_default();
    let people = orders.iter().map(People::of_order);
    let mut names: Vec<String> = people
        .flat_map(|people| people.parts.into_keys())
        .filter(|name| name.starts_with(prefix) && !name.starts_with('-'))
        .collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(CompletionCandidate::new).collect()
}

/// The order that is named behind the command `split`.
fn order_on_line(words: &[OsString]) -> Option<OrderRef> {
    let words = words.iter().filter_map(|word| word.to_str());
    let mut behind = words.skip_while(|word| *word != "split").skip(1);
    while let Some(word) = behind.next() {
        if word.starts_with('-') {
            // The value of an option is no order.
            if !word.contains('=') {
                behind.next();
            }
        } else if let Some(meant) = OrderRef::parse(word) {
            return Some(meant);
        }
    }
    None
}

/// An order in a few words: its state, its cart and its total.
fn about(order: &Order) -> String {
    let total = order.total().in_currency(&order.currency);
    format!("{}, {}, {total}", order.state.name(), order.user)
}

/// Completes the fields of a product, with the `=` that follows them.
pub(in crate::cli) fn product_fields(typed: &OsStr) -> Vec<CompletionCandidate> {
    // The first column is the id, which is no field.
    fields(&COLUMNS[1..], typed)
}

/// Offers the fields of the shop, as `name=`.
pub(in crate::cli) fn shop_fields(typed: &OsStr) -> Vec<CompletionCandidate> {
    fields(&store::SHOP_FIELDS, typed)
}

/// Offers those of `names` that begin as what is typed, each with its `=`.
fn fields(names: &[&str], typed: &OsStr) -> Vec<CompletionCandidate> {
    let Some(prefix) = typed.to_str() else {
        return Vec::new();
    };
    names
        .iter()
        .map(|name| format!("{name}="))
        .filter(|field| field.starts_with(prefix))
        .map(CompletionCandidate::new)
        .collect()
}

/// Offers the ids that `find` finds in the shop.
fn ask_shop(
    typed: &OsStr,
    find: impl AsyncFnOnce(&mut Connection, &UserName, &str) -> Option<Vec<ProductId>>,
) -> Vec<CompletionCandidate> {
    let Some(prefix) = typed.to_str() else {
        return Vec::new();
    };

    find_in_shop(prefix, find)
        .unwrap_or_default()
        .iter()
        .filter_map(|id| std::str::from_utf8(id.as_bytes()).ok())
        // An id that can't be typed on a line, or is taken for an option there, is no help.
        .filter(|id| !id.contains(char::is_control) && !id.starts_with('-'))
        .map(CompletionCandidate::new)
        .collect()
}

fn find_in_shop<T>(
    prefix: &str,
    find: impl AsyncFnOnce(&mut Connection, &UserName, &str) -> Option<T>,
) -> Option<T> {
    let settings = Settings::load(shop_flags(&words_on_line())?).ok()?;
    let address = match settings.server {
        Server::External(address) => *address,
        // It is asked only where it runs already: nobody wants a server started by the Tab key.
        Server::Private(engine) => Address::socket(&engine.running()?).ok()?,
    };

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .ok()?;
    runtime.block_on(async {
        let asking = async {
            let mut connection = store::connect(&address).await.ok()?;
            find(&mut connection, &settings.user, prefix).await
        };
        tokio::time::timeout(SHOP_TIMEOUT, asking)
            .await
            .ok()
            .flatten()
    })
}

/// The settings on an unfinished line, and in the environment, that decide which shop is asked.
fn shop_flags(words: &[OsString]) -> Option<Flags> {
    let words: Vec<String> = words
        .iter()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let command = Flags::augment_args(Command::new("trolley").no_binary_name(true));

    let given: Vec<String> = command
        .get_arguments()
        .filter(|option| SHOP_OPTIONS.contains(&option.get_id().as_str()))
        .filter_map(|option| {
            let name = option.get_long()?;
            let older = option.get_all_aliases().unwrap_or_default();
            let mut names = std::iter::once(name).chain(older);
            let value = names.find_map(|name| value_on_line(&words, &format!("--{name}")))?;
            Some(format!("--{name}={value}"))
        })
        .collect();
    let mut matches = command.try_get_matches_from(given).ok()?;
    Flags::from_arg_matches_mut(&mut matches).ok()
}

/// The last value of an option on the line.
fn value_on_line(words: &[String], flag: &str) -> Option<String> {
    words
        .iter()
        .enumerate()
        .rev()
        .find_map(|(index, word)| match word.split_once('=') {
            Some((name, value)) if name == flag => Some(value.to_owned()),
            _ if word == flag => words.get(index + 1).cloned(),
            _ => None,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_which_shop_is_asked() {
        for cart in ["--cart", "--user"] {
            let words = [
                "trolley",
                "--redis=redis://a",
                cart,
                "ann",
                "--theme",
                "--redis",
                "redis://b",
            ];
            let words = words.map(OsString::from);
            let flags = shop_flags(&words).unwrap();
            assert_eq!(flags.layer.user.as_deref(), Some("ann"), "{cart}");
            assert_eq!(flags.layer.redis.as_deref(), Some("redis://b"));
        }
    }
}
