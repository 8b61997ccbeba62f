//! The way to the shop: the given Redis or the private server.

use super::error::CliError;
use super::output::Output;
use crate::config::{Server, Settings};
use crate::model::Currency;
use crate::store::{self, Address, Connection, Error, Shop, Trouble};
use std::time::{Duration, Instant};

/// The longest wait for a private server that reads its data.
const LOADING_TIMEOUT: Duration = Duration::from_secs(60);
/// The pause between two attempts meanwhile.
const LOADING_PAUSE: Duration = Duration::from_millis(20);

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

/// The shop, for amounts and times in a sentence; the usual one where it can't be read, as the
/// sentence matters more.
pub(super) async fn shop_or_usual(connection: &mut Connection) -> Shop {
    store::get_shop(connection).await.unwrap_or_default()
}

/// The shop, for what is shown of other things. `None`, with a warning, where the server that has
/// its settings is away: what is to be shown may be on another one.
pub(super) async fn shop_if_reachable(
    connection: &mut Connection,
    output: &Output,
) -> Result<Option<Shop>, CliError> {
    match store::get_shop(connection).await {
        Ok(shop) => Ok(Some(shop)),
        Err(Error::Trouble(trouble)) if trouble.is_elsewhere() => {
            output.warn(&format!("the shop's settings can't be read: {trouble}"));
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
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
