//! Getting to the shop: the given Redis, or the private server with its demo catalog.

use super::CliError;
use crate::config::{Server, Settings};
use crate::model::{Product, ProductId};
use crate::store;
use crate::store::{Connection, Trouble};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// How long to wait for a private server that reads its data.
const LOADING: Duration = Duration::from_secs(60);
/// The pause between two looks at it.
const LOOK: Duration = Duration::from_millis(20);

/// How often a password may be mistyped.
const TRIES: usize = 3;

/// Asks for the password where the server wants one, none is given, and somebody is there.
pub async fn ask_password(settings: &mut Settings) -> Result<(), CliError> {
    let Server::External(address) = &settings.server else {
        return Ok(());
    };
    if address.has_password() || !std::io::stdin().is_terminal() {
        return Ok(());
    }
    let mut address = address.as_ref().clone();
    for _ in 0..TRIES {
        // What else is wrong, the command tells.
        let Err(Trouble::NeedsPassword | Trouble::WrongPassword) = store::connect(&address).await
        else {
            break;
        };
        let again = if address.has_password() {
            "That was not it. "
        } else {
            ""
        };
        address = address
            .clone()
            .with_password(&ask(&format!("{again}Password for {address}: "))?);
    }
    settings.server = Server::External(Box::new(address));
    Ok(())
}

/// Asks for what may not show. The terminal is told so before the question stands there, or
/// what is typed at once would show.
fn ask(question: &str) -> std::io::Result<String> {
    let terminal = std::io::stdin();
    let usual = tcgetattr(&terminal)?;
    let mut hidden = usual.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&terminal, OptionalActions::Now, &hidden)?;
    let answer = rpassword::prompt_password(question);
    tcsetattr(&terminal, OptionalActions::Now, &usual)?;
    answer
}

/// Connects to the shop; starts the private server where it is not running, with the demo
/// catalog where it holds nothing yet.
pub async fn open_shop(settings: &Settings) -> Result<Connection, CliError> {
    arrive(settings, true).await
}

/// [`enter`] for those who bring products of their own: without the demo catalog.
pub async fn enter_bare(settings: &Settings) -> Result<Connection, CliError> {
    arrive(settings, false).await
}

async fn arrive(settings: &Settings, demo: bool) -> Result<Connection, CliError> {
    let address = settings.server.open()?;
    let mut connection = store::connect(&address)
        .await?
        .with_policy(settings.policy.clone());
    if matches!(settings.server, Server::Private(_)) {
        let started = Instant::now();
        while let Err(error) = match demo {
            true => store::catalog::demo::load_if_untouched(&mut connection).await,
            false => store::get_shop(&mut connection).await.map(drop),
        } {
            let loading = error == Trouble::Loading.into();
            if !loading || started.elapsed() > LOADING {
                return Err(error.into());
            }
            tokio::time::sleep(LOOK).await;
        }
    }
    Ok(connection)
}

/// The product that somebody means: by id at once, else by name through the catalog.
pub async fn product(connection: &mut Connection, typed: &str) -> Result<Product, CliError> {
    let id = ProductId::asked(typed)?;
    match store::get_product(connection, &id).await {
        Ok(Some(product)) => return Ok(product),
        Ok(None) | Err(store::Error::Trouble(store::Trouble::WrongType)) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(store::get_catalog(connection)
        .await?
        .resolve(typed)?
        .to_product())
}

/// The op id that somebody gives, or a fresh one.
pub fn op(typed: Option<&str>) -> Result<crate::model::OpId, CliError> {
    let Some(typed) = typed else {
        return Ok(store::new_op());
    };
    crate::model::OpId::parse(typed).ok_or_else(|| {
        let why = "1 to 64 of A-Z a-z 0-9 . _ : -".to_owned();
        CliError::Config(crate::config::ConfigError::Value {
            setting: "op-id",
            why,
        })
    })
}
