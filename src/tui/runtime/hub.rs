//! The parts that all screens of one program share: the live link of each cart, the reader of the
//! catalog, and the threads that search.

use super::cart_link::{CartLink, Rota};
use super::lock::lock;
use crate::engine::Engine;
use crate::model::UserName;
use crate::store::live::{self, Link};
use crate::store::{Address, Policy};
use crate::tui::workers::catalog::CatalogReader;
use crate::tui::workers::search::SearchPool;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// One shop, as all screens of this program share it.
pub struct Hub {
    /// The server that holds the shop.
    pub(crate) address: Address,
    /// The private server, where it is that, and this person's own: a screen starts it again should
    /// it be gone, and gives it the demo catalog as long as nobody has used it.
    pub(crate) engine: Option<Engine>,
    pub(crate) catalog: Arc<CatalogReader>,
    pub(crate) searches: Arc<SearchPool>,
    /// The live link of each cart that is watched, and the rota of its screens.
    links: Mutex<HashMap<UserName, (Link, Rota)>>,
}

impl Hub {
    /// A hub for the shop at `address`, which may be the person's own private server.
    #[must_use]
    pub fn new(address: Address, engine: Option<Engine>) -> Arc<Hub> {
        let catalog = CatalogReader::new(address.clone(), engine.is_some());
        Hub::with_catalog(address, engine, catalog)
    }

    /// A hub for the visitors of the shop at `address`.
    #[must_use]
    pub fn for_visitors(address: Address) -> Arc<Hub> {
        let catalog = CatalogReader::for_visitors(address.clone());
        Hub::with_catalog(address, None, catalog)
    }

    fn with_catalog(address: Address, engine: Option<Engine>, catalog: CatalogReader) -> Arc<Hub> {
        Arc::new(Hub {
            address,
            engine,
            catalog: Arc::new(catalog),
            searches: Arc::default(),
            links: Mutex::default(),
        })
    }

    /// Joins the live link of a cart, as [`live::open`] does; it is opened for the first who comes.
    pub(crate) fn join(&self, cart: &UserName, policy: Policy, id: Option<&str>) -> CartLink {
        let mut links = lock(&self.links);
        if let Some((link, rota)) = links.get(cart)
            && let Some(joined) = link.join(&policy, id)
        {
            return CartLink::new(joined, rota.clone());
        }

        links.retain(|_, (link, _)| link.is_open());
        let (link, opened) = live::open(self.address.clone(), cart, policy, id);
        let rota = Rota::new();
        links.insert(cart.clone(), (link, rota.clone()));
        CartLink::new(opened, rota)
    }
}
