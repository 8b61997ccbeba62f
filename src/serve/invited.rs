//! What Redis says of visitors who come by an invitation, and of the keys that have come so before.

use super::ServedShop;
use super::identity::{Grant, fingerprint};
use crate::model::invitation::{Access, InvitationCode};
use crate::store::invitations::{self, BoundKey};
use crate::store::{self, Address, Connection, Error, Trouble};
use russh::keys::PublicKey;
use russh::keys::ssh_key::Fingerprint;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};

/// The time for an answer, so that nobody who logs in waits longer.
const PATIENCE: Duration = Duration::from_secs(2);
/// The pause between two looks at the keys of those who are in the shop.
const REVIEW_PAUSE: Duration = Duration::from_secs(1);

/// The way to the invitations and the bound keys.
pub(super) struct Invited {
    address: Address,
    /// The connection that is used for all; `None` where it has broken, and before the first use.
    connection: Mutex<Option<Connection>>,
}

impl Invited {
    pub(super) fn new(address: Address) -> Invited {
        Invited {
            address,
            connection: Mutex::new(None),
        }
    }

    /// The grant of a key's owner; `None` where the key is not bound.
    pub(super) async fn grant(&self, key: &PublicKey) -> Result<Option<Grant>, Error> {
        let found = self.grants(vec![fingerprint(key)]).await?;
        Ok(found.into_values().next().flatten())
    }

    /// The grants of these keys' owners.
    async fn grants(
        &self,
        keys: Vec<Fingerprint>,
    ) -> Result<HashMap<Fingerprint, Option<Grant>>, Error> {
        let fingerprints = &keys;
        let bound = self
            .ask(|mut connection| async move {
                let answer = invitations::find_keys(&mut connection, fingerprints).await;
                (connection, answer)
            })
            .await?;
        let grants = bound.into_iter().map(|bound| bound.map(grant_of_key));
        Ok(keys.into_iter().zip(grants).collect())
    }

    /// Binds a key that was proven to what a code grants; `None` where the code is taken or over.
    pub(super) async fn redeem(
        &self,
        code: &InvitationCode,
        key: &PublicKey,
    ) -> Result<Option<Grant>, Error> {
        let key = fingerprint(key);
        let access = self
            .ask(|mut connection| async move {
                let answer = invitations::redeem(&mut connection, code, key).await;
                (connection, answer)
            })
            .await?;
        Ok(access.map(grant))
    }

    /// Asks a question that may be asked twice, and does so where the connection has broken since
    /// it was used last. A question gives the connection back; one that is waited for in vain
    /// does not, so that it is not used again.
    async fn ask<T, Q>(&self, question: impl Fn(Connection) -> Q) -> Result<T, Error>
    where
        Q: Future<Output = (Connection, Result<T, Error>)>,
    {
        let asking = async {
            let mut held = self.connection.lock().await;
            if let Some(connection) = held.take()
                && let (connection, Ok(answer)) = question(connection).await
            {
                *held = Some(connection);
                return Ok(answer);
            }

            let connection = store::connect(&self.address).await?;
            let (connection, answer) = question(connection).await;
            if answer.is_ok() {
                *held = Some(connection);
            }
            answer
        };
        let answer = timeout(PATIENCE, asking).await;
        answer.unwrap_or_else(|_| Err(Trouble::Timeout.into()))
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
        // While Redis is away, nobody can change anything, and nobody has to go.
        let Ok(grants) = invited.grants(keys).await else {
            continue;
        };
        shop.connections
            .review(|key, visitor| match grants.get(&fingerprint(key)) {
                Some(grant) if visitor.grant.is_bound => grant.clone(),
                // They are none of these, or have come since.
                Some(_) | None => Some(visitor.grant.clone()),
            });
    }
}
