//! The way to the shop: the given Redis or the private server, and the product that is meant.

use super::args;
use super::error::CliError;
use crate::config::{Server, Settings};
use crate::model::{Catalog, Currency, OrderId, Product, ProductId, Refusal};
use crate::store::order;
use crate::store::{self, Address, Connection, Error, Shop, Trouble};
use crate::tui::terminal::{signals, tty};
use jiff::Timestamp;
use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// The longest wait for a private server that reads its data.
const LOADING_TIMEOUT: Duration = Duration::from_secs(60);
/// The pause between two attempts meanwhile.
const LOADING_PAUSE: Duration = Duration::from_millis(20);

/// The number of passwords that may be typed.
const PASSWORD_ATTEMPTS: usize = 3;

/// Asks for the password where the server wants one, none is given, and somebody is there.
pub(super) async fn ask_password(settings: &mut Settings) -> Result<(), CliError> {
    let Server::External(address) = &settings.server else {
        return Ok(());
    };
    if address.has_password() || !io::stdin().is_terminal() {
        return Ok(());
    }

    let mut address = Address::clone(address);
    for _ in 0..PASSWORD_ATTEMPTS {
        let question = match store::connect(&address).await {
            Err(Trouble::NeedsPassword | Trouble::WrongPassword) if address.has_password() => {
                format!("Wrong password. Password for {address}: ")
            }
            Err(Trouble::NeedsPassword | Trouble::WrongPassword) => {
                format!("Password for {address}: ")
            }
            // The command itself reports any other trouble.
            Ok(_) | Err(_) => break,
        };
        address = address.with_password(&prompt_password(&question)?);
    }

    settings.server = Server::External(Box::new(address));
    Ok(())
}

/// Asks for a password. What is typed is hidden before the question is printed, or what somebody
/// types at once would show. A signal that ends the program shows it again.
fn prompt_password(question: &str) -> io::Result<String> {
    signals::guard_line()?;
    tty::hide_typing()?;
    let typed = ask(question);
    tty::release_line();
    typed
}

/// Prints a question on the terminal, wherever stderr goes, and reads a line.
fn ask(question: &str) -> io::Result<String> {
    match OpenOptions::new().write(true).open("/dev/tty") {
        Ok(mut terminal) => terminal.write_all(question.as_bytes())?,
        Err(_) => io::stderr().write_all(question.as_bytes())?,
    }

    let mut line = String::new();
    if io::stdin().read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let line = line.strip_suffix('\n').unwrap_or(&line);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}

/// The products of a private shop that nobody has used yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FirstCatalog {
    /// The demo catalog.
    Demo,
    /// None: the command brings its own.
    Empty,
}

/// Connects to the shop. The private server is started where it does not run, and given the demo
/// catalog where it holds nothing yet.
pub(super) async fn open_shop(settings: &Settings) -> Result<Connection, CliError> {
    open(settings, FirstCatalog::Demo).await
}

/// [`open_shop`] without the demo catalog.
pub(super) async fn open_empty_shop(settings: &Settings) -> Result<Connection, CliError> {
    open(settings, FirstCatalog::Empty).await
}

/// Finds the address of the shop, for a command that connects by itself. It fails at once where
/// there is no shop; the private one is prepared as by [`open_shop`].
pub(super) async fn find_shop(settings: &Settings) -> Result<Address, CliError> {
    let address = settings.server.open()?;
    connect(settings, &address, FirstCatalog::Demo).await?;
    Ok(address)
}

async fn open(settings: &Settings, catalog: FirstCatalog) -> Result<Connection, CliError> {
    let address = settings.server.open()?;
    connect(settings, &address, catalog).await
}

async fn connect(
    settings: &Settings,
    address: &Address,
    catalog: FirstCatalog,
) -> Result<Connection, CliError> {
    let mut connection = store::connect(address)
        .await
        .map_err(|trouble| trouble.at(address))?
        .with_policy(settings.policy.clone());

    match settings.server {
        Server::External(_) => {}
        Server::Private(_) => prepare_private(&mut connection, catalog).await?,
    }
    Ok(connection)
}

/// Waits until the private server has read its data, and gives it its first catalog.
async fn prepare_private(
    connection: &mut Connection,
    catalog: FirstCatalog,
) -> Result<(), CliError> {
    let started = Instant::now();
    loop {
        let result = match catalog {
            FirstCatalog::Demo => store::catalog::demo::load_if_untouched(connection).await,
            FirstCatalog::Empty => store::get_shop(connection).await.map(drop),
        };
        match result {
            Ok(()) => return Ok(()),
            Err(Error::Trouble(Trouble::Loading)) if started.elapsed() <= LOADING_TIMEOUT => {
                tokio::time::sleep(LOADING_PAUSE).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// This computer's clock, in Unix milliseconds.
pub(super) fn now() -> u64 {
    u64::try_from(Timestamp::now().as_millisecond()).unwrap_or(0)
}

/// The shop, for amounts and times in a sentence; the usual one where it can't be read, as the
/// sentence matters more.
pub(super) async fn shop_or_usual(connection: &mut Connection) -> Shop {
    store::get_shop(connection).await.unwrap_or_default()
}

/// Why a command failed, told with the cart that was meant, the shop's currency and the server
/// that was asked.
pub(super) async fn explained(
    failure: CliError,
    settings: &Settings,
    server: Option<&Address>,
) -> CliError {
    let currency = if failure.tells_amount()
        && let Ok(mut connection) = open_empty_shop(settings).await
    {
        shop_or_usual(&mut connection).await.currency
    } else {
        Currency::default()
    };
    failure.of_shop(&settings.user, currency, server)
}

/// Finds the product that somebody means: by its id, else by its name in the catalog.
pub(super) async fn product(connection: &mut Connection, typed: &str) -> Result<Product, CliError> {
    let id = ProductId::asked(typed)?;
    match store::get_product(connection, &id).await {
        Ok(Some(product)) => return Ok(product),
        Ok(None) | Err(Error::Trouble(Trouble::WrongType)) => {}
        Err(error) => return Err(error.into()),
    }

    let catalog = store::get_catalog(connection).await?;
    match catalog.resolve(typed) {
        Ok(found) => Ok(found.to_product()),
        Err(refusal) if catalog.is_empty() => Err(CliError::EmptyCatalog(refusal)),
        Err(refusal) => Err(refusal.into()),
    }
}

/// Finds the order that somebody means, by its number, the end of its id, or the whole id.
pub(super) async fn order_id(
    connection: &mut Connection,
    typed: &str,
) -> Result<OrderId, CliError> {
    let meant = args::order_ref(typed)?;
    Ok(order::find_order(connection, None, &meant).await?)
}

/// Finds several products, each by its id or its whole name; each comes as itself, or as the reason
/// why it is none.
pub(super) async fn whole_products(
    connection: &mut Connection,
    typed: &[&str],
) -> Result<Vec<Result<Product, CliError>>, CliError> {
    let asked: Vec<Option<ProductId>> = typed
        .iter()
        .map(|typed| ProductId::asked(typed).ok())
        .collect();
    let ids: Vec<ProductId> = asked.iter().flatten().cloned().collect();
    let read = store::get_products(connection, &ids).await?;
    let read: HashMap<ProductId, Option<Product>> = read.into_iter().collect();

    // The catalog is read only for those that are named.
    let by_id = asked.iter().map(|id| read.get(id.as_ref()?)?.clone());
    let by_id: Vec<Option<Product>> = by_id.collect();
    let catalog = if by_id.iter().any(Option::is_none) {
        store::get_catalog(connection).await?
    } else {
        Catalog::default()
    };

    let find = |(found, typed): (Option<Product>, &&str)| match found {
        Some(product) => Ok(product),
        None => match catalog.resolve_whole(typed) {
            Ok(found) => Ok(found.to_product()),
            Err(refusal) if catalog.is_empty() => Err(CliError::EmptyCatalog(refusal)),
            Err(refusal) => Err(refusal.into()),
        },
    };
    Ok(by_id.into_iter().zip(typed).map(find).collect())
}

/// Finds the product of a cart's line that somebody means: by its id, else by its name among
/// those in the cart. A product that is gone can still be in there.
pub(super) async fn product_in_cart(
    connection: &mut Connection,
    settings: &Settings,
    typed: &str,
) -> Result<Product, CliError> {
    let id = ProductId::asked(typed)?;
    let cart = store::get_cart_items(connection, &settings.user).await?;
    let ids: Vec<ProductId> = cart.lines.into_iter().map(|line| line.product).collect();

    // One that can't be read now can be named by its id.
    let (read, _) = store::get_reachable_products(connection, &ids).await?;
    let mut read: HashMap<_, _> = read.into_iter().collect();
    let products = ids
        .iter()
        .filter_map(|id| {
            let product = read.remove(id).flatten();
            product.or_else(|| Product::nameless(id.clone()))
        })
        .collect();
    match Catalog::new(products).resolve(typed) {
        Ok(found) => Ok(found.to_product()),
        // It may be a product that is not in the cart, which the change then says.
        Err(Refusal::UnknownProduct(_) | Refusal::Misspelt { .. }) if !ids.contains(&id) => {
            product(connection, typed).await
        }
        Err(refusal) => Err(refusal.into()),
    }
}
