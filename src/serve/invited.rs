//! Asks Redis about visitors who come by an invitation, and about the keys that have come so
//! before.

use super::ServedShop;
use super::identity::{Grant, fingerprint};
use crate::model::invitation::{Access, InvitationCode};
use crate::store::invitations::{self, BoundKey};
use crate::store::{self, Address, Connection, Trouble};
use russh::keys::PublicKey;
use russh::keys::ssh_key::Fingerprint;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout_at};

/// The time for an answer, so that nobody who logs in waits longer.
const PATIENCE: Duration = Duration::from_secs(2);
/// The pause between two looks at the keys of those who are in the shop.
const REVIEW_PAUSE: Duration = Duration::from_secs(1);

/// The way to the invitations and the bound keys.
pub(super) struct Invited {
    address: Address,
    /// The connection of all questions, which don't wait for each other; `None` where it has
    /// broken, and before the first use.
    shared: Mutex<Option<Arc<Connection>>>,
}

impl Invited {
    pub(super) fn new(address: Address) -> Invited {
        Invited {
            address,
            shared: Mutex::default(),
        }
    }

    /// The grant of a key's owner; `None` where the key is not bound.
    pub(super) async fn grant(&self, key: &PublicKey) -> Result<Option<Grant>, Trouble> {
        let found = self.grants(vec![fingerprint(key)]).await?;
        Ok(found.into_values().next().flatten())
    }

    /// The grants of these keys' owners.
    async fn grants(
        &self,
        keys: Vec<Fingerprint>,
    ) -> Result<HashMap<Fingerprint, Option<Grant>>, Trouble> {
        let fingerprints = &keys;
        let bound = self
            .ask(
                |connection| async move { invitations::find_keys(&connection, fingerprints).await },
            )
            .await?;
        let grants = bound.into_iter().map(|bound| bound.map(grant_of_key));
        Ok(keys.into_iter().zip(grants).collect())
    }

    /// Binds a key that was proven to what a code grants; `None` where the code is taken or over.
    pub(super) async fn redeem(
        &self,
        code: &InvitationCode,
        key: &PublicKey,
    ) -> Result<Option<Grant>, Trouble> {
        let key = fingerprint(key);
        let access = self
            .ask(|connection| async move { invitations::redeem(&connection, code, key).await })
            .await?;
        Ok(access.map(grant))
    }

    /// Asks a question that may be asked twice, and does so where the connection has broken since
    /// it was used last.
    async fn ask<T, Q>(&self, question: impl Fn(Arc<Connection>) -> Q) -> Result<T, Trouble>
    where
        Q: Future<Output = Result<T, Trouble>>,
    {
        let deadline = Instant::now() + PATIENCE;
        match self.ask_once(deadline, &question).await {
            Err(_) if Instant::now() < deadline => self.ask_once(deadline, &question).await,
            answer => answer,
        }
    }

    async fn ask_once<T, Q>(
        &self,
        deadline: Instant,
        question: impl Fn(Arc<Connection>) -> Q,
    ) -> Result<T, Trouble>
    where
        Q: Future<Output = Result<T, Trouble>>,
    {
        let connection = timeout_at(deadline, self.connect()).await;
        let connection = connection.unwrap_or(Err(Trouble::Timeout))?;

        let answer = timeout_at(deadline, question(connection.clone())).await;
        let answer = answer.unwrap_or(Err(Trouble::Timeout));
        if answer.is_err() {
            self.forget(&connection);
        }
        answer
    }

    /// Returns the connection that all share. While somebody opens it, the others wait for it.
    async fn connect(&self) -> Result<Arc<Connection>, Trouble> {
        let mut shared = self.shared.lock().await;
        if let Some(connection) = &*shared {
            return Ok(connection.clone());
        }
        let connection = Arc::new(store::connect(&self.address).await?);
        *shared = Some(connection.clone());
        Ok(connection)
    }

    /// Uses a connection no more that has not answered. Where it is locked, somebody opens
    /// another one.
    fn forget(&self, broken: &Arc<Connection>) {
        if let Ok(mut shared) = self.shared.try_lock() {
            shared.take_if(|shared| Arc::ptr_eq(shared, broken));
        }
    }
}

fn grant_of_key(key: BoundKey) -> Grant {
    grant(key.access)
}

fn grant(access: Access) -> Grant {
    Grant {
        cart: access.cart,
        name: access.name,
        role: access.role,
        every_cart: false,
        is_bound: true,
    }
}

/// Asks those to leave whose keys are bound no more, or to something else: for ever, where people
/// come by invitations. It looks again and again, since news of that could be lost.
pub(super) async fn watch(shop: Arc<ServedShop>) {
    let Some(invited) = &shop.invited else {
        return;
    };

    loop {
        sleep(REVIEW_PAUSE).await;
        let keys = shop.connections.bound_keys();
        if keys.is_empty() {
            continue;
        }

        // Nobody has to go because Redis can't be asked. While it is away, no key is removed.
        let Ok(grants) = invited.grants(keys).await else {
            continue;
        };

        shop.connections
            .review(|key, visitor| match grants.get(&fingerprint(key)) {
                Some(grant) if visitor.grant.is_bound => grant.clone(),
                // Those whose key stands in the file, or who have come since the grants were read.
                Some(_) | None => Some(visitor.grant.clone()),
            });
    }
}
