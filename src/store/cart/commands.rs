//! The plain functions of a cart: add, remove, set, clear, get.
//!
//! Each change goes over one connection and is tried until its outcome is known.

use super::budget;
use super::new_op;
use super::reading::{read_cart, read_version};
use super::sending::{
    Applied, Attempt, FirstSent, ProductCheck, SendError, find_missing_products, log_outcome, send,
};
use crate::model::notes::typed_note;
use crate::model::{
    Cart, Change, ChangeKind, Edit, Money, OpId, ProductId, Refusal, Timeout, Update, UserName,
};
use crate::store::clock::Moment;
use crate::store::connection::replicas::ReplicaWait;
use crate::store::connection::retry::RetryPolicy;
use crate::store::connection::{Conn, Connection};
use crate::store::error::Error;
use crate::store::get_product;
use crate::store::key_types;
use crate::store::keys::CartKeys;

impl Connection {
    /// Applies `change` to the cart of `user` exactly once, connecting and sending again
    /// with the same op id where the link breaks, for up to five seconds.
    ///
    /// # Errors
    /// [`Error::Refused`] and [`Error::Trouble`] where nothing has changed;
    /// [`Error::Unknown`] where that can't be told.
    pub async fn apply(&mut self, user: &UserName, change: &Change) -> Result<Update, Error> {
        let applied = self.apply_or_repeat(user, change).await?;
        Ok(applied.update)
    }

    /// [`Connection::apply`] that also tells whether the change was applied before.
    ///
    /// # Errors
    /// The errors of [`Connection::apply`].
    pub(crate) async fn apply_or_repeat(
        &mut self,
        user: &UserName,
        change: &Change,
    ) -> Result<Applied, Error> {
        self.expire_lines(user).await?;
        self.apply_once(user, change).await
    }

    /// Removes the lines that nobody touched for longer than the item timeout. Open terminals
    /// do so by themselves, but there may be none.
    async fn expire_lines(&mut self, user: &UserName) -> Result<(), Error> {
        if self.policy.item_timeout == Timeout::Never {
            return Ok(());
        }

        let change = Change {
            op: new_op(),
            kind: ChangeKind::Expire,
            edits: vec![Edit::Expire],
        };
        match self.apply_once(user, &change).await {
            Ok(_) | Err(Error::Refused(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn apply_once(&mut self, user: &UserName, change: &Change) -> Result<Applied, Error> {
        let started = Moment::now();
        let outcome = match self.insist(user, change).await {
            Err(error) => Err(self.name_wrong_types(user, error).await),
            applied => applied,
        };
        let update = outcome.as_ref().map(|applied| &applied.update);
        log_outcome(user.as_str(), &change.op, started, update);
        outcome
    }

    /// Names the keys of the cart that are behind an error, where it says that they are of the
    /// wrong type.
    pub(crate) async fn name_wrong_types(&mut self, user: &UserName, error: Error) -> Error {
        match error {
            Error::Trouble(trouble) => key_types::name_wrong_types(&self.conn, user, trouble)
                .await
                .into(),
            Error::Refused(_) | Error::Unknown { .. } => error,
        }
    }

    /// Sends a change until it is settled, or the time for retrying is over.
    async fn insist(&mut self, user: &UserName, change: &Change) -> Result<Applied, Error> {
        let keys = CartKeys::of(user);
        let first_version = self
            .read(async |mut conn| read_version(&mut conn, &keys).await)
            .await?;
        let first_sent = FirstSent::now(first_version);
        let mut attempt = Attempt {
            first_version,
            ..Attempt::default()
        };

        // The first trouble after which the change may have been applied.
        let mut doubt = None;
        let mut retry = RetryPolicy::CHANGE.start();

        loop {
            attempt.age = first_sent.at.age();
            let error = match self.send(&keys, change, attempt).await {
                Ok(mut applied) => {
                    // An earlier attempt of ours is no earlier command.
                    applied.is_repeat &= !attempt.is_retry;
                    return Ok(applied);
                }
                Err(error) => error,
            };

            if let Error::Trouble(trouble) = &error
                && self.is_transient(trouble)
                && (trouble.is_ambiguous() || self.policy.confirm_replicas > 0)
            {
                attempt.is_retry = true;
                doubt.get_or_insert_with(|| trouble.clone());
            }

            if let Err(last) = retry.again(self, error).await {
                return Err(match (last, doubt) {
                    (Error::Trouble(last), Some(doubt)) => Error::Unknown {
                        op: change.op.clone(),
                        trouble: if self.is_transient(&last) {
                            doubt
                        } else {
                            last
                        },
                    },
                    (last, _) => last,
                });
            }
        }
    }

    /// Sends a change once, and waits for replicas where the policy asks for it.
    async fn send(
        &mut self,
        keys: &CartKeys,
        change: &Change,
        attempt: Attempt,
    ) -> Result<Applied, Error> {
        let missing = match &self.conn {
            Conn::One(_) => None,
            Conn::Cluster(_) => Some(find_missing_products(&self.conn, change).await?),
        };
        let check = missing
            .as_deref()
            .map_or(ProductCheck::Here, ProductCheck::Missing);

        let products = self.conn.clone();
        let mut conn = ReplicaWait::new(&mut self.conn, self.policy.confirm_replicas);
        let outcome = match send(&mut conn, keys, &self.policy, change, attempt, check).await {
            Ok(applied) => Ok(applied),
            Err(SendError::Failed(error)) => Err(error),
            Err(SendError::NeedsBudgetCheck) => {
                let route = budget::Route {
                    cart: &mut conn,
                    products: &products,
                    check,
                };
                budget::send(route, keys, &self.policy, change, attempt).await
            }
        };
        // Whether lines have expired already matters to nobody.
        if attempt.is_retry && change.kind != ChangeKind::Expire {
            conn.require_replicas_of_retry(outcome)
        } else {
            conn.require_replicas(outcome)
        }
    }

    /// Applies one edit as a change of its own.
    async fn apply_edit(
        &mut self,
        user: &UserName,
        op: OpId,
        kind: ChangeKind,
        edit: Edit,
    ) -> Result<Applied, Error> {
        let change = Change {
            op,
            kind,
            edits: vec![edit],
        };
        self.apply_or_repeat(user, &change).await
    }
}

/// Adds `quantity` pieces of a product to the cart of `user`, in one atomic step.
///
/// # Errors
/// [`Refusal::UnknownProduct`], [`Refusal::NoPrice`], [`Refusal::Zero`],
/// [`Refusal::TooMany`], [`Refusal::DamagedLine`], [`Refusal::CartFull`]; and those of
/// [`Connection::apply`].
pub async fn add_to_cart(
    connection: &mut Connection,
    user: &UserName,
    product: &ProductId,
    quantity: u32,
) -> Result<Update, Error> {
    let applied = add_as(connection, user, product, quantity, new_op()).await?;
    Ok(applied.update)
}

/// Adds pieces like [`add_to_cart`], under an op id of the caller's: repeated with the same id,
/// it is applied once.
///
/// # Errors
/// The errors of [`add_to_cart`].
pub async fn add_as(
    connection: &mut Connection,
    user: &UserName,
    product: &ProductId,
    quantity: u32,
    op: OpId,
) -> Result<Applied, Error> {
    let price = check_and_price(connection, product, quantity).await?;
    let edit = Edit::Add {
        product: product.clone(),
        quantity,
        price: Some(price),
    };
    connection
        .apply_edit(user, op, ChangeKind::Edit, edit)
        .await
}

/// Checks that so many pieces of a product can be put into a cart; returns the product's price,
/// which the line will note.
async fn check_and_price(
    connection: &mut Connection,
    id: &ProductId,
    quantity: u32,
) -> Result<Money, Error> {
    if quantity == 0 {
        return Err(Refusal::Zero.into());
    }
    let product = get_product(connection, id)
        .await?
        .ok_or_else(|| Refusal::UnknownProduct(id.to_string()))?;
    let price = product
        .price
        .ok_or_else(|| Refusal::NoPrice(product.name.to_string()))?;
    Ok(price)
}

/// Takes `quantity` pieces of a product out of the cart of `user`, or the whole line where
/// it is `None`, in one atomic step. Taking more than there are removes the line.
///
/// # Errors
/// [`Refusal::NotInCart`], [`Refusal::Zero`], [`Refusal::DamagedLine`]; and those of
/// [`Connection::apply`].
pub async fn remove_from_cart(
    connection: &mut Connection,
    user: &UserName,
    product: &ProductId,
    quantity: Option<u32>,
) -> Result<Update, Error> {
    let applied = remove_as(connection, user, product, quantity, new_op()).await?;
    Ok(applied.update)
}

/// Takes pieces out like [`remove_from_cart`], under an op id of the caller's.
///
/// # Errors
/// The errors of [`remove_from_cart`].
pub async fn remove_as(
    connection: &mut Connection,
    user: &UserName,
    product: &ProductId,
    quantity: Option<u32>,
    op: OpId,
) -> Result<Applied, Error> {
    let product = product.clone();
    let edit = match quantity {
        Some(0) => return Err(Refusal::Zero.into()),
        Some(quantity) => Edit::Take { product, quantity },
        None => Edit::Remove { product },
    };
    connection
        .apply_edit(user, op, ChangeKind::Edit, edit)
        .await
}

/// Sets the quantity of a product in the cart of `user`, in one atomic step; the line appears
/// where it is missing.
///
/// # Errors
/// The errors of [`add_to_cart`].
pub async fn set_as(
    connection: &mut Connection,
    user: &UserName,
    product: &ProductId,
    quantity: u32,
    op: OpId,
) -> Result<Applied, Error> {
    let price = check_and_price(connection, product, quantity).await?;
    let edit = Edit::Set {
        product: product.clone(),
        quantity,
        price: Some(price),
    };
    connection
        .apply_edit(user, op, ChangeKind::Edit, edit)
        .await
}

/// Notes something on a product in the cart of `user`, or for the whole order where there is none;
/// an empty text removes the note.
///
/// # Errors
/// [`Refusal::NoteTooLong`], [`Refusal::NotInCart`], [`Refusal::EmptyCart`], [`Refusal::CantNote`];
/// and those of [`Connection::apply`].
pub async fn note_as(
    connection: &mut Connection,
    user: &UserName,
    product: Option<&ProductId>,
    text: &str,
    op: OpId,
) -> Result<Applied, Error> {
    let edit = Edit::Note {
        product: product.cloned(),
        text: typed_note(text)?,
        replaced: None,
    };
    connection
        .apply_edit(user, op, ChangeKind::Edit, edit)
        .await
}

/// Takes everything out of the cart of `user`, in one atomic step.
///
/// # Errors
/// [`Refusal::AlreadyEmpty`], and those of [`Connection::apply`].
pub async fn clear_as(
    connection: &mut Connection,
    user: &UserName,
    op: OpId,
) -> Result<Applied, Error> {
    connection
        .apply_edit(user, op, ChangeKind::Clear, Edit::Clear)
        .await
}

/// Says that whoever changes the cart of `user` over this connection is ready, or is not any more.
///
/// # Errors
/// [`Refusal::EmptyCart`], and those of [`Connection::apply`].
pub async fn ready_as(
    connection: &mut Connection,
    user: &UserName,
    is_ready: bool,
    op: OpId,
) -> Result<Applied, Error> {
    let kind = if is_ready {
        ChangeKind::Ready
    } else {
        ChangeKind::Unready
    };
    let change = Change {
        op,
        kind,
        edits: Vec::new(),
    };
    connection.apply_or_repeat(user, &change).await
}

/// Reads the cart of `user`: its lines in the order in which they came, its version and
/// its deadline. A user without a cart has an empty one.
///
/// # Errors
/// [`Error::Trouble`]: that of the link, or that the key holds something else.
pub async fn get_cart_items(connection: &mut Connection, user: &UserName) -> Result<Cart, Error> {
    let (cart, _) = read_with(connection, user, &[]).await?;
    Ok(cart)
}

/// Reads the cart of `user` like [`get_cart_items`], and whether the change `op` is in it already.
///
/// # Errors
/// The errors of [`get_cart_items`].
pub async fn get_cart_with(
    connection: &mut Connection,
    user: &UserName,
    op: &OpId,
) -> Result<(Cart, bool), Error> {
    let (cart, applied) = read_with(connection, user, std::slice::from_ref(op)).await?;
    Ok((cart, !applied.is_empty()))
}

/// Reads a cart, and which of the changes `ops` are in it.
async fn read_with(
    connection: &mut Connection,
    user: &UserName,
    ops: &[OpId],
) -> Result<(Cart, Vec<OpId>), Error> {
    connection.expire_lines(user).await?;
    let keys = CartKeys::of(user);
    let read = connection
        .read(async |mut conn| read_cart(&mut conn, &keys, ops).await)
        .await;
    match read {
        Ok(read) => Ok(read),
        Err(trouble) => Err(connection.name_wrong_types(user, trouble.into()).await),
    }
}
