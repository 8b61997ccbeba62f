//! Invitations to the served shop, and the keys that have come in by one.
//!
//! Redis holds the hash of a code, never the code itself. Whoever may write these keys decides who
//! comes in, so no role has a right to them but the server's own ([`super::acl`]). What is read
//! there is checked all the same.

use crate::model::invitation::{Access, InvitationCode};
use crate::model::name::sanitize_actor;
use crate::model::{Role, UserName, text};
use crate::store::connection::{Connection, answer, pipeline};
use crate::store::error::{Error, Trouble};
use crate::store::keys;
pub use crate::store::scripts::MOST_USES;
use crate::store::scripts::{BOUND_KEYS, INVITE, LONGEST_RECORD, REDEEM};
use redis::FromRedisValue;
use russh::keys::HashAlg;
use russh::keys::ssh_key::Fingerprint;
use serde::Deserialize;
use std::fmt::Display;
use std::str::FromStr;

/// The most keys, and the most invitations, that are listed.
const MOST_LISTED: usize = 10_000;
/// The entries that one look into a hash returns, roughly.
const PAGE: usize = 1_000;
/// The length of an invitation's id.
const ID_LENGTH: usize = 8;

/// A key that has come in by an invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundKey {
    /// The access that its owner is granted.
    pub access: Access,
    /// When it was bound, by the server's clock, in Unix milliseconds.
    pub since: u64,
    /// The id of the invitation; clean text.
    pub invitation: String,
}

/// An invitation that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The access that it grants.
    pub access: Access,
    /// The number of keys that may still come by it.
    pub uses: u32,
}

/// A field of a hash, and its value.
type StoredPair = (Vec<u8>, Vec<u8>);

/// A key in the list of bound ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedKey {
    /// Its fingerprint; clean text.
    pub fingerprint: String,
    /// The access that it is bound to; `None` where that makes no sense: nobody is let in by it.
    pub bound: Option<BoundKey>,
}

/// An invitation in the list of open ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedInvitation {
    /// Its id, which tells nobody the code.
    pub id: String,
    /// Until when it is good, by the server's clock, in Unix milliseconds.
    pub until: u64,
    /// The invitation itself; `None` where it makes no sense, and nobody is let in by it.
    pub invitation: Option<Invitation>,
}

/// The hash of a code, as it is stored. The code is random and long, so nobody finds it by trying.
fn hash_of(code: &InvitationCode) -> String {
    let hash = HashAlg::Sha256.digest(code.as_str().as_bytes());
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The id of the invitation with this hash.
fn id_of(hash: &str) -> String {
    hash.chars().take(ID_LENGTH).collect()
}

/// The id of the invitation with this code.
#[must_use]
pub fn id(code: &InvitationCode) -> String {
    id_of(&hash_of(code))
}

/// Keeps an invitation for `valid_ms` and this many keys; returns until when it is good. It may be
/// done twice.
///
/// # Errors
/// The [`Trouble`] of the link.
pub async fn invite(
    connection: &mut Connection,
    code: &InvitationCode,
    access: &Access,
    uses: u32,
    valid_ms: u64,
) -> Result<u64, Error> {
    let hash = hash_of(code);
    let until: u64 = INVITE
        .key(keys::INVITATIONS)
        .key(keys::invitation(&hash))
        .arg(&hash)
        .arg(valid_ms)
        .arg(uses)
        .arg(access.cart.as_str())
        .arg(&access.name)
        .arg(access.role.to_string())
        .invoke_async(&mut connection.conn)
        .await
        .map_err(|error| Trouble::from(error).for_invitations())?;
    Ok(until)
}

/// Binds a key to what a code grants, and returns that; `None` where no open invitation has the
/// code. One that the key has taken before counts: its answer may have been lost.
///
/// # Errors
/// The [`Trouble`] of the link.
pub(crate) async fn redeem(
    connection: &Connection,
    code: &InvitationCode,
    key: Fingerprint,
) -> Result<Option<Access>, Trouble> {
    let hash = hash_of(code);
    let record: Option<Vec<u8>> = REDEEM
        .key(keys::INVITATIONS)
        .key(keys::invitation(&hash))
        .key(keys::BOUND_KEYS)
        .arg(&hash)
        .arg(key.to_string())
        .arg(id_of(&hash))
        .invoke_async(&mut connection.conn.clone())
        .await
        .map_err(|error| Trouble::from(error).for_invitations())?;

    let bound = record.and_then(|record| read_key(&record));
    Ok(bound.map(|bound| bound.access))
}

/// The access that keys are bound to, in the sequence of the keys.
///
/// # Errors
/// The [`Trouble`] of the link.
pub(crate) async fn find_keys(
    connection: &Connection,
    fingerprints: &[impl Display],
) -> Result<Vec<Option<BoundKey>>, Trouble> {
    let mut call = BOUND_KEYS.prepare_invoke();
    call.key(keys::BOUND_KEYS);
    for fingerprint in fingerprints {
        call.arg(fingerprint.to_string());
    }

    let records: Vec<Option<Vec<u8>>> = call
        .invoke_async(&mut connection.conn.clone())
        .await
        .map_err(|error| Trouble::from(error).for_invitations())?;
    let bound = records.into_iter().map(|record| read_key(&record?));
    Ok(bound.collect())
}

/// Lists the keys that are bound.
///
/// # Errors
/// The [`Trouble`] of the link.
pub(crate) async fn list_keys(connection: &mut Connection) -> Result<Vec<ListedKey>, Error> {
    let mut listed = Vec::new();
    let mut cursor = 0_u64;
    loop {
        let mut scan = redis::cmd("HSCAN");
        scan.arg(keys::BOUND_KEYS)
            .arg(cursor)
            .arg("COUNT")
            .arg(PAGE);
        let (next, page): (u64, Vec<StoredPair>) = answer(&scan, &mut connection.conn)
            .await
            .map_err(Trouble::for_invitations)?;

        listed.extend(page.iter().map(|(fingerprint, record)| ListedKey {
            fingerprint: text::sanitize_to(fingerprint, 100),
            bound: read_key(record),
        }));
        if next == 0 || listed.len() >= MOST_LISTED {
            break;
        }
        cursor = next;
    }

    // A page may list some twice.
    listed.sort_by(|one, other| one.fingerprint.cmp(&other.fingerprint));
    listed.dedup_by(|one, other| one.fingerprint == other.fingerprint);
    Ok(listed)
}

/// Lists the open invitations, the one that ends first before others.
///
/// # Errors
/// The [`Trouble`] of the link.
pub(crate) async fn list_invitations(
    connection: &mut Connection,
) -> Result<Vec<ListedInvitation>, Error> {
    let hashes = stored_hashes(connection).await?;
    let reads = hashes
        .iter()
        .map(|(hash, _)| {
            let mut read = redis::cmd("HMGET");
            read.arg(keys::invitation(hash))
                .arg(&["uses", "cart", "name", "role"]);
            read
        })
        .collect();
    let answers = pipeline::run_all(&connection.conn, reads).await?;

    let mut open = Vec::new();
    for ((hash, until), fields) in hashes.iter().zip(answers) {
        let fields = match fields {
            Ok(fields) => Vec::<Option<Vec<u8>>>::from_redis_value(fields).unwrap_or_default(),
            Err(Trouble::WrongType) => Vec::new(),
            Err(trouble) => return Err(trouble.into()),
        };
        // It has just ended.
        if !fields.is_empty() && fields.iter().all(Option::is_none) {
            continue;
        }
        open.push(ListedInvitation {
            id: id_of(hash),
            until: *until,
            invitation: read_invitation(&fields),
        });
    }
    Ok(open)
}

/// The hashes of the invitations' codes, and until when each is good.
async fn stored_hashes(connection: &mut Connection) -> Result<Vec<(String, u64)>, Error> {
    let mut range = redis::cmd("ZRANGE");
    range
        .arg(keys::INVITATIONS)
        .arg(0)
        .arg(MOST_LISTED - 1)
        .arg("WITHSCORES");
    let stored: Vec<(Vec<u8>, f64)> = answer(&range, &mut connection.conn)
        .await
        .map_err(Trouble::for_invitations)?;

    let read = |(hash, until): (Vec<u8>, f64)| {
        let hash = String::from_utf8(hash).ok()?;
        let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hash.then_some((hash, until as u64))
    };
    Ok(stored.into_iter().filter_map(read).collect())
}

/// Unbinds a key; returns whether it was bound.
///
/// # Errors
/// The [`Trouble`] of the link.
pub(crate) async fn unbind(connection: &mut Connection, fingerprint: &str) -> Result<bool, Error> {
    let mut remove = redis::cmd("HDEL");
    remove.arg(keys::BOUND_KEYS).arg(fingerprint);
    let removed: u64 = answer(&remove, &mut connection.conn)
        .await
        .map_err(Trouble::for_invitations)?;
    Ok(removed > 0)
}

/// Withdraws the invitation with this id; returns whether there was one.
///
/// # Errors
/// The [`Trouble`] of the link.
pub(crate) async fn withdraw(connection: &mut Connection, id: &str) -> Result<bool, Error> {
    let mut was_open = false;
    for (hash, _) in stored_hashes(connection).await? {
        if id_of(&hash) != id {
            continue;
        }
        let mut remove = redis::cmd("UNLINK");
        remove.arg(keys::invitation(&hash));
        let removed: u64 = answer(&remove, &mut connection.conn).await?;
        was_open |= removed > 0;

        let mut forget = redis::cmd("ZREM");
        forget.arg(keys::INVITATIONS).arg(&hash);
        let _: u64 = answer(&forget, &mut connection.conn).await?;
    }
    Ok(was_open)
}

/// The record of a bound key, as `redeem.lua` writes it.
#[derive(Deserialize)]
struct StoredKey {
    cart: String,
    name: String,
    role: String,
    since: u64,
    invitation: String,
}

/// Reads the record of a bound key; `None` where it makes no sense.
fn read_key(record: &[u8]) -> Option<BoundKey> {
    if record.len() > LONGEST_RECORD {
        return None;
    }
    let stored: StoredKey = serde_json::from_slice(record).ok()?;
    let [cart, name, role] = [&stored.cart, &stored.name, &stored.role].map(|word| word.as_bytes());
    Some(BoundKey {
        access: read_access(cart, name, role)?,
        since: stored.since,
        invitation: text::sanitize_to(stored.invitation.as_bytes(), ID_LENGTH),
    })
}

/// Reads the fields of an invitation; `None` where they make no sense.
fn read_invitation(fields: &[Option<Vec<u8>>]) -> Option<Invitation> {
    let [Some(uses), Some(cart), Some(name), Some(role)] = fields else {
        return None;
    };
    let uses = std::str::from_utf8(uses).ok()?.parse().ok()?;
    let access = read_access(cart, name, role)?;
    (1..=MOST_USES)
        .contains(&uses)
        .then_some(Invitation { access, uses })
}

/// Reads what is granted; `None` where there is no such cart, name or role.
fn read_access(cart: &[u8], name: &[u8], role: &[u8]) -> Option<Access> {
    let name = sanitize_actor(name);
    Some(Access {
        cart: UserName::parse(std::str::from_utf8(cart).ok()?).ok()?,
        name: (!name.is_empty()).then_some(name)?,
        role: Role::from_str(std::str::from_utf8(role).ok()?).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RECORD: &str = r#"{"cart":"office","name":"Ann","role":"buyer","since":1764230400000,"invitation":"0a1b2c3d"}"#;

    #[test]
    fn a_record_says_who_comes() {
        let bound = read_key(RECORD.as_bytes()).unwrap();
        assert_eq!(bound.access.cart.as_str(), "office");
        assert_eq!(bound.access.name, "Ann");
        assert_eq!(bound.access.role, Role::Buyer);
        assert_eq!(bound.since, 1_764_230_400_000);
        assert_eq!(bound.invitation, "0a1b2c3d");
    }

    #[test]
    fn what_makes_no_sense_lets_nobody_in() {
        for (part, forged) in [
            ("office", "an office"),
            ("office", "{orders}"),
            ("office", ""),
            ("Ann", ""),
            ("Ann", "  "),
            ("buyer", "importer"),
            ("buyer", "Buyer"),
            ("1764230400000", "-1"),
            ("1764230400000", "1e400"),
            ("{", "[{"),
            ("Ann", &"n".repeat(LONGEST_RECORD)),
        ] {
            let record = RECORD.replacen(part, forged, 1);
            assert_eq!(read_key(record.as_bytes()), None, "{record}");
        }
        let loud = RECORD.replace("Ann", "A\\u001b[31mnn\\u202e");
        let name = read_key(loud.as_bytes()).unwrap().access.name;
        assert_eq!(name, sanitize_actor(name.as_bytes()));
    }

    proptest! {
        #[test]
        fn no_record_breaks_the_reader(
            record in proptest::collection::vec(any::<u8>(), 0..200),
            cart: Vec<u8>,
            name: Vec<u8>,
        ) {
            let _ = read_key(&record);
            let access = read_access(&cart, &name, b"clerk");
            prop_assert!(access.is_none_or(|access| !access.name.is_empty()));
        }
    }
}
