//! The fields of products as a server answers them, over either kind of connection.

use super::decode;
use crate::model::product::{Decoded, FIELDS};
use crate::store::catalog::resp::Reply;
use crate::store::error::Trouble;
use crate::store::keys;
use redis::Cmd;

/// Product ids as Redis holds them.
pub(crate) type Ids = Vec<Vec<u8>>;
/// Product ids, each with the fields that the server answered.
pub(crate) type Batch = Vec<(Vec<u8>, ProductFields)>;

/// The server's answer to [`fetch_command`].
pub(crate) enum ProductFields {
    /// The answer as the usual connection reads it.
    Value(redis::Value),
    /// The answer as a bulk connection reads it.
    Reply(Reply),
    /// No answer: the server that has the product can't be asked now.
    Unread(Trouble),
}

impl ProductFields {
    /// Decodes the product; `None` where the shop has none with this id.
    pub(crate) fn decode(&self, id: &[u8]) -> Option<Decoded<'_>> {
        match self {
            ProductFields::Value(value) => decode::decoded(id, value),
            ProductFields::Reply(reply) => Decoded::read(id, reply.texts()?),
            ProductFields::Unread(_) => None,
        }
    }
}

/// The command that reads the fields of the product with this id.
pub(crate) fn fetch_command(id: &[u8]) -> Cmd {
    /// Room for the command's bytes beside the id.
    const COMMAND_BYTES: usize = 64;

    let mut command = Cmd::with_capacity(FIELDS.len() + 2, id.len() + COMMAND_BYTES);
    command
        .arg("HMGET")
        .arg([keys::PRODUCT.as_bytes(), id].concat())
        .arg(&FIELDS);
    command
}
