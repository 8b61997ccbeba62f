//! `trolley acl ROLE`: prints the narrowest rules of the server for a role.

use super::error::CliError;
use super::output::Output;
use crate::config::Settings;
use crate::model::UserName;
use crate::store::{self, acl};
use clap::{Args, ValueEnum};
use serde_json::json;

#[derive(Debug, Args)]
pub(super) struct AclArgs {
    /// Their role in the shop
    role: RoleName,
    /// The server's name for them [default: the cart's for a shopper or buyer, else the role's]
    #[arg(long = "as", value_name = "NAME")]
    name: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleName {
    /// Fills the cart of --cart, and orders nothing
    Shopper,
    /// Fills the cart of --cart and orders it; without trolley, they could also change products and orders
    Buyer,
    /// Manages every cart and every order, and changes products and the shop
    Clerk,
    /// Imports products
    Importer,
    /// Runs trolley serve: a clerk who also keeps invitations
    Server,
}

/// Prints the rules; they are not put in force.
pub(super) async fn run(
    args: &AclArgs,
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    let (role, usual_name) = match args.role {
        RoleName::Shopper => (acl::Role::Shopper, settings.user.as_str()),
        RoleName::Buyer => (acl::Role::Buyer, settings.user.as_str()),
        RoleName::Clerk => (acl::Role::Clerk, "clerk"),
        RoleName::Importer => (acl::Role::Importer, "importer"),
        RoleName::Server => (acl::Role::Server, "server"),
    };
    let name = UserName::parse(args.name.as_deref().unwrap_or(usual_name))?;

    let mut connection = store::connect(&settings.server.open()?).await?;
    let rules = acl::rules(&mut connection, role, &name, &settings.user).await?;

    output.result(
        || json!({ "user": name.as_str(), "rules": rules }),
        |out| writeln!(out, "{rules}"),
    )?;
    output.warn(&format!(
        "give this to redis-cli on every server, then a password: ACL SETUSER {name} >…; keep both with ACL SAVE"
    ));
    Ok(())
}
