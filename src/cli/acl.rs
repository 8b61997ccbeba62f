//! `trolley acl ROLE`

use super::CliError;
use crate::cli::output::Output;
use crate::config::Settings;
use crate::model::UserName;
use crate::store;
use crate::store::acl;
use clap::{Args, ValueEnum};
use serde_json::json;

/// For whom.
#[derive(Debug, Args)]
pub struct Acl {
    /// What they are to the shop
    role: Role,
    /// The server's name for them [default: the cart's for a shopper or buyer, else the role's]
    #[arg(long = "as", value_name = "NAME")]
    name: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Role {
    /// Fills the cart of --user, and orders nothing
    Shopper,
    /// Fills the cart of --user and orders it; without trolley, they could also change products and orders
    Buyer,
    /// Sees to every cart and every order; without trolley, they could also change products
    Clerk,
    /// Brings products in
    Importer,
}

/// Prints the rule for the server; it is not put in force.
pub async fn run(args: &Acl, settings: &Settings, output: &Output) -> Result<(), CliError> {
    let (role, usual) = match args.role {
        Role::Shopper => (acl::Role::Shopper, settings.user.as_str()),
        Role::Buyer => (acl::Role::Buyer, settings.user.as_str()),
        Role::Clerk => (acl::Role::Clerk, "clerk"),
        Role::Importer => (acl::Role::Importer, "importer"),
    };
    let name = UserName::parse(args.name.as_deref().unwrap_or(usual))?;
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
