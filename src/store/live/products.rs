//! The connection to the products, which may be on other servers than the cart.

use crate::store::connection;
use crate::store::connection::Conn;
use crate::store::connection::discovery::Locator;
use crate::store::connection::raw::ServerConn;
use crate::store::error::Trouble;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// Where the products are, seen from the cart.
#[derive(Clone)]
pub(in crate::store) enum ProductRoute {
    /// They are on the cart's server.
    Here(ServerConn),
    /// They are on all nodes of a cluster. The connection is opened when it is first needed.
    Spread(Locator, Arc<OnceCell<Conn>>),
}

impl ProductRoute {
    pub(in crate::store) async fn conn(mut self) -> Result<Conn, Trouble> {
        match &mut self {
            ProductRoute::Here(server) => Ok(Conn::One(server.clone())),
            ProductRoute::Spread(locator, conn) => conn
                .get_or_try_init(|| connection::open_all(locator))
                .await
                .cloned(),
        }
    }
}
