//! `trolley invite`: makes an invitation for somebody who will come by SSH.

use super::error::{CliError, usage_error};
use super::output::Output;
use super::{args, connect, now, serve};
use crate::config::Settings;
use crate::model::invitation::{Access, InvitationCode};
use crate::model::name::typed_name;
use crate::model::time::{Clock, millis};
use crate::model::{Role, UserName, text};
use crate::store::invitations::{self, MOST_USES};
use clap::{Args, ValueEnum};
use rustix::rand::{GetRandomFlags, getrandom};
use serde_json::json;
use std::io;

#[derive(Debug, Args)]
pub(super) struct InviteArgs {
    // This and the next replace options of every command, which would be about whoever invites.
    /// The cart that they come to
    #[arg(id = "user", long = "cart", alias = "user", value_name = "CART")]
    cart: String,

    /// Their name: what the others see beside their changes; give no two people the same
    #[arg(long, value_name = "NAME")]
    name: String,

    /// Their role
    #[arg(long, default_value = "buyer")]
    role: RoleName,

    /// How many keys may come by it: 2 for somebody's laptop and desk
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_USES)))]
    uses: u32,

    /// The time for which it is good: 2h, 7d
    #[arg(long = "for", value_name = "TIME", default_value = "2d")]
    valid: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleName {
    /// Fills the cart, orders nothing
    Shopper,
    /// Also orders the cart
    Buyer,
    /// Also accepts, finishes and cancels the cart's orders
    Clerk,
}

impl InviteArgs {
    fn access(&self) -> Result<Access, CliError> {
        let name = typed_name(self.name.as_bytes())
            .map_err(|error| usage_error("name", error.to_string()))?;
        Ok(Access {
            cart: UserName::parse(&self.cart)?,
            name,
            role: match self.role {
                RoleName::Shopper => Role::Shopper,
                RoleName::Buyer => Role::Buyer,
                RoleName::Clerk => Role::Clerk,
            },
        })
    }
}

/// Makes the invitation, and prints its code, which nobody sees again.
pub(super) async fn run(
    args: &InviteArgs,
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    let access = args.access()?;
    let valid = args::time("for", &args.valid)?
        .ok_or_else(|| usage_error("for", "an invitation has an end, like 2d"))?;
    let code = InvitationCode::new(random()?);

    let mut connection = connect::open_shop(settings).await?;
    let shop = connect::shop_or_usual(&mut connection).await;
    let clock = shop.clock(&settings.personal_clock());
    let inviting = connection.repeat(async |connection, _| {
        invitations::invite(connection, &code, &access, args.uses, millis(valid)).await
    });
    let until = inviting
        .await
        .map_err(|error| CliError::of_repeated(error, "the invitation is made"))?;
    let command = serve::command_of_running_server().await;

    output.result(
        || {
            json!({
                "code": code.to_string(),
                "invitation": invitations::id(&code),
                "cart": access.cart.as_str(),
                "name": access.name,
                "role": access.role.to_string(),
                "uses": args.uses,
                "until": until,
                "command": command,
            })
        },
        |out| {
            let keys = text::count(args.uses, "key");
            let until = until_when(until, &clock);
            let command = command.as_deref().unwrap_or("ssh -p PORT HOST");
            writeln!(
                out,
                "{} may come to the cart {} with {keys} until {until}.\nFor the chat:\n",
                access.name, access.cart
            )?;
            writeln!(out, "    {command}   and, when it asks, {code}\n")?;
            writeln!(out, "The code is not shown again.")
        },
    )?;
    if command.is_none() {
        output.warn("no server runs here: replace PORT and HOST by those that trolley serve --invites prints");
    }
    if serve::running_server_takes_invitations().await == Some(false) {
        output.warn("the server that runs here lets nobody in by an invitation: start it again as trolley serve --invites, with its other options but --open and --guests");
    }
    Ok(())
}

/// The end of an invitation, for people.
pub(super) fn until_when(until: u64, clock: &Clock) -> String {
    clock.day_and_minute(until, now())
}

fn random() -> io::Result<[u8; 16]> {
    let mut bytes = [0; 16];
    getrandom(&mut bytes, GetRandomFlags::empty())?;
    Ok(bytes)
}
