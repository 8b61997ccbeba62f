//! The parts of the shop that the lines of `trolley watch` for people need: the names of products,
//! the currency, and the clock.

use crate::model::timeline::TimelineEvent;
use crate::model::{LineChange, ProductId};
use crate::store::catalog::decode::CatalogNews;
use crate::store::{self, Address, Error, Shop};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// The longest that an event waits for them. After that it is told with the ids.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// The time after which settings that could not be read are read again.
const READ_AGAIN_AFTER: Duration = Duration::from_secs(30);

/// The names of the products that were changed so far, and the shop's settings.
pub(super) struct ShopNames {
    address: Address,
    known: HashMap<ProductId, String>,
    /// The settings as they were read last.
    shop: Shop,
    /// The moment from which they are read again; `None` while they are current.
    read_at: Option<Instant>,
}

impl ShopNames {
    pub(super) fn new(address: &Address) -> ShopNames {
        ShopNames {
            address: address.clone(),
            known: HashMap::new(),
            shop: Shop::default(),
            read_at: Some(Instant::now()),
        }
    }

    /// Forgets the names of products that have changed, and the settings where those may have.
    pub(super) fn forget(&mut self, news: &CatalogNews) {
        match news {
            CatalogNews::Products(ids) => {
                for id in ids {
                    self.known.remove(id);
                }
            }
            CatalogNews::Everything => {
                self.known.clear();
                self.read_at = Some(Instant::now());
            }
        }
    }

    /// The name of a product; its id where the name is not known.
    pub(super) fn of(&self, id: &ProductId) -> String {
        self.known
            .get(id)
            .cloned()
            .unwrap_or_else(|| id.to_string())
    }

    /// The shop's settings as they were read last; the usual ones before.
    pub(super) fn shop(&self) -> &Shop {
        &self.shop
    }

    /// Reads what is not known: the shop's settings, and the names that an event needs.
    pub(super) async fn learn(&mut self, event: &TimelineEvent) {
        if self.read_at.is_some_and(|at| at <= Instant::now()) {
            match tokio::time::timeout(LONGEST_WAIT, self.read_shop()).await {
                Ok(Ok(shop)) => {
                    self.shop = shop;
                    self.read_at = None;
                }
                // Not each event waits for a shop that can't be read.
                Ok(Err(_)) | Err(_) => self.read_at = Some(Instant::now() + READ_AGAIN_AFTER),
            }
        }

        let noted = if let TimelineEvent::Update(update) = event {
            update.noted()
        } else {
            None
        };
        let unknown: Vec<ProductId> = changed_lines(event)
            .iter()
            .map(|line| line.product.clone())
            .chain(noted.and_then(|note| note.product.clone()))
            .filter(|id| !self.known.contains_key(id))
            .collect();
        if unknown.is_empty() {
            return;
        }

        // An event is told in time, with names or without.
        if let Ok(Ok(read)) = tokio::time::timeout(LONGEST_WAIT, self.read(&unknown)).await {
            self.known.extend(read);
        }
    }

    async fn read_shop(&self) -> Result<Shop, Error> {
        let mut connection = store::connect(&self.address).await?;
        store::get_shop(&mut connection).await
    }

    async fn read(&self, ids: &[ProductId]) -> Result<Vec<(ProductId, String)>, Error> {
        let mut connection = store::connect(&self.address).await?;
        let (read, _) = store::get_reachable_products(&mut connection, ids).await?;
        let named = read
            .into_iter()
            .filter_map(|(id, product)| Some((id, product?.name.to_string())));
        Ok(named.collect())
    }
}

/// The lines that an event changed.
fn changed_lines(event: &TimelineEvent) -> &[LineChange] {
    match event {
        TimelineEvent::Update(update) => &update.lines,
        TimelineEvent::Foreign { lines, .. } | TimelineEvent::Rewound { lines, .. } => lines,
        TimelineEvent::Gap { .. } | TimelineEvent::Expired { .. } => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changed_products_lose_their_names() {
        let ids = [ProductId::stored(b"a"), ProductId::stored(b"b")];
        let mut names = ShopNames::new(&Address::parse("redis://localhost").unwrap());
        let known = ids.clone().map(|id| (id.clone(), format!("the {id}")));
        names.known.extend(known);

        names.forget(&CatalogNews::Products(vec![ids[0].clone()]));
        assert_eq!(ids.each_ref().map(|id| names.of(id)), ["a", "the b"]);
        names.forget(&CatalogNews::Everything);
        assert_eq!(ids.each_ref().map(|id| names.of(id)), ["a", "b"]);
    }
}
