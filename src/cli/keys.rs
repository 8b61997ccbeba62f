//! `trolley keys`: shows who may come by SSH without standing in the keys file: the keys that came
//! by an invitation, and the invitations that are open.

use super::connect;
use super::error::CliError;
use super::invite::until_when;
use super::output::{Output, pad};
use crate::config::Settings;
use crate::model::invitation::Access;
use crate::model::text;
use crate::model::time::Clock;
use crate::serve::ServeError;
use crate::store::Connection;
use crate::store::invitations::{self, ListedInvitation, ListedKey};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::io::{self, Write};

/// What is said of a record that is damaged.
const UNREADABLE: &str = "unreadable: it lets nobody in";

#[derive(Debug, Args)]
pub(super) struct KeysArgs {
    #[command(subcommand)]
    action: Option<KeysAction>,
}

#[derive(Debug, Subcommand)]
enum KeysAction {
    /// Keep a key out from now on: its visits end. Or withdraw an invitation
    Remove {
        /// The key's fingerprint, SHA256:…, or the invitation's id, as the list has them
        #[arg(value_name = "KEY")]
        named: String,
    },
}

/// Lists keys and invitations, or removes one.
pub(super) async fn run(
    args: &KeysArgs,
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    match &args.action {
        None => list(settings, output).await,
        Some(KeysAction::Remove { named }) => remove(named, settings, output).await,
    }
}

async fn list(settings: &Settings, output: &Output) -> Result<(), CliError> {
    let mut connection = connect::open_shop(settings).await?;
    let keys = invitations::list_keys(&mut connection).await?;
    let open = invitations::list_invitations(&mut connection).await?;
    let shop = connect::shop_or_usual(&mut connection).await;
    let clock = shop.clock(&settings.personal_clock());

    output.result(
        || {
            let keys: Vec<Value> = keys.iter().map(key_json).collect();
            let open: Vec<Value> = open.iter().map(invitation_json).collect();
            json!({ "keys": keys, "invitations": open })
        },
        |out| print_all(out, &keys, &open, &clock),
    )?;
    Ok(())
}

/// A key; what makes no sense of it is null.
fn key_json(key: &ListedKey) -> Value {
    let bound = key.bound.as_ref();
    json!({
        "key": key.fingerprint,
        "cart": bound.map(|bound| bound.access.cart.as_str()),
        "name": bound.map(|bound| bound.access.name.as_str()),
        "role": bound.map(|bound| bound.access.role.to_string()),
        "since": bound.map(|bound| bound.since),
        "invitation": bound.map(|bound| bound.invitation.as_str()),
    })
}

/// An invitation; what makes no sense of it is null.
fn invitation_json(listed: &ListedInvitation) -> Value {
    let invitation = listed.invitation.as_ref();
    json!({
        "invitation": listed.id,
        "cart": invitation.map(|invitation| invitation.access.cart.as_str()),
        "name": invitation.map(|invitation| invitation.access.name.as_str()),
        "role": invitation.map(|invitation| invitation.access.role.to_string()),
        "uses": invitation.map(|invitation| invitation.uses),
        "until": listed.until,
    })
}

fn print_all(
    out: &mut dyn Write,
    keys: &[ListedKey],
    open: &[ListedInvitation],
    clock: &Clock,
) -> io::Result<()> {
    writeln!(out, "{} by invitation", text::count(keys.len(), "key"))?;
    for key in keys {
        match &key.bound {
            Some(bound) => {
                let since = clock.date_and_minute(bound.since);
                let access = columns(&bound.access);
                let invitation = &bound.invitation;
                writeln!(
                    out,
                    "{}  {access} {invitation}  since {since}",
                    key.fingerprint
                )?;
            }
            None => writeln!(out, "{}  {UNREADABLE}", key.fingerprint)?,
        }
    }

    writeln!(out, "{}", text::count(open.len(), "open invitation"))?;
    for ListedInvitation {
        id,
        until,
        invitation,
    } in open
    {
        match invitation {
            Some(invitation) => {
                let access = columns(&invitation.access);
                let uses = text::count(invitation.uses, "key");
                let until = until_when(*until, clock);
                writeln!(out, "{id}  {access} {uses}, until {until}")?;
            }
            None => writeln!(out, "{id}  {UNREADABLE}")?,
        }
    }
    Ok(())
}

/// The columns of a grant: name, cart, role.
fn columns(access: &Access) -> String {
    format!(
        "{} {} {}",
        pad(&access.name, 20),
        pad(access.cart.as_str(), 16),
        pad(&access.role.to_string(), 8)
    )
}

async fn remove(named: &str, settings: &Settings, output: &Output) -> Result<(), CliError> {
    let mut connection = connect::open_shop(settings).await?;
    let is_key = named.contains(':');
    let open_invitation = if is_key {
        open_invitation_of(&mut connection, named).await?
    } else {
        None
    };
    let removing = connection.repeat(async |connection, may_be_done| {
        let is_removed = if is_key {
            invitations::unbind(connection, named).await?
        } else {
            invitations::withdraw(connection, named).await?
        };
        Ok(is_removed || may_be_done)
    });
    let is_removed = removing
        .await
        .map_err(|error| CliError::of_repeated(error, "it is removed"))?;
    if !is_removed {
        let named = text::sanitize_to(named.as_bytes(), 80);
        return Err(ServeError::NoKey(named).into());
    }

    output.result(
        || json!({ "removed": named, "open_invitation": open_invitation }),
        |out| match is_key {
            true => writeln!(out, "The key {named} is no longer let in"),
            false => writeln!(out, "The invitation {named} is withdrawn"),
        },
    )?;
    if let Some(id) = open_invitation {
        output.warn(&format!(
            "its invitation is still open and would let this key in again; to withdraw it: trolley keys remove {id}"
        ));
    }
    Ok(())
}

/// The id of the invitation that a key has come by, where others may still come by it, or the key
/// once more.
async fn open_invitation_of(
    connection: &mut Connection,
    key: &str,
) -> Result<Option<String>, CliError> {
    let bound = invitations::find_keys(connection, &[key]).await?;
    let Some(bound) = bound.into_iter().next().flatten() else {
        return Ok(None);
    };
    let open = invitations::list_invitations(connection).await?;
    let id = bound.invitation;
    Ok(open.iter().any(|open| open.id == id).then_some(id))
}
