//! `trolley serve`: lets people into the shop by SSH.

use super::args::time;
use super::connect;
use super::error::{CliError, usage_error};
use super::output::Output;
use super::visitor;
use crate::config::Settings;
use crate::serve::identity::Open;
use crate::serve::{Options, Server};
use clap::{Args, ValueEnum};
use serde_json::json;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::time::Duration;

/// The port of SSH, which nobody has to name.
const SSH_PORT: u16 = 22;

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Listen here; 0.0.0.0:2222 lets in people from other machines
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:2222")]
    listen: SocketAddr,

    /// Let in the owners of the keys in this file: lines as in OpenSSH's authorized_keys
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,

    /// What the owner of any other key gets
    #[arg(long, value_name = "CART", default_value = "none")]
    open: OpenTo,

    /// Let people in who have no key: to the shared cart, else each to a cart for this visit
    #[arg(long)]
    guests: bool,

    /// Use the host key in this file [default: one that is made at the first start, and kept]
    #[arg(long, value_name = "FILE")]
    host_key: Option<PathBuf>,

    /// The most visitors at a time
    #[arg(long, value_name = "N", default_value = "1000")]
    max: usize,

    /// The most connections from one address
    #[arg(long, value_name = "N", default_value = "20")]
    per_ip: usize,

    /// Close a screen on which nobody has pressed a key for this long: 30m, 2h, never
    #[arg(long, value_name = "TIME", default_value = "30m")]
    idle: String,

    /// The time to log in
    #[arg(long, value_name = "TIME", default_value = "20s")]
    login_grace: String,

    /// The time for changes to be confirmed when the server ends
    #[arg(long, value_name = "TIME", default_value = "30s")]
    drain: String,
}

/// The carts that people may get whose key is not listed.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum OpenTo {
    /// None: they are not let in
    None,
    /// Each a cart of their own, the same at each visit
    Own,
    /// All of them the cart of --user
    Shared,
}

impl ServeArgs {
    fn options(&self) -> Result<Options, CliError> {
        Ok(Options {
            listen: self.listen,
            host_key: self.host_key.clone(),
            keys: self.keys.clone(),
            open: match self.open {
                OpenTo::None => Open::Nobody,
                OpenTo::Own => Open::Own,
                OpenTo::Shared => Open::Shared,
            },
            guests: self.guests,
            most: self.max,
            most_from_network: self.per_ip,
            idle: time("idle", &self.idle)?,
            login_grace: limited_time("login-grace", &self.login_grace)?,
            drain: limited_time("drain", &self.drain)?,
        })
    }
}

/// Reads a time that can't be never.
fn limited_time(argument: &'static str, typed: &str) -> Result<Duration, CliError> {
    time(argument, typed)?.ok_or_else(|| usage_error(argument, "a time, like 20s"))
}

/// Serves the shop until a signal ends it.
pub(super) async fn run(
    args: &ServeArgs,
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    let options = args.options()?;
    let address = connect::find_shop(settings).await?;

    let server = Server::open(options, settings.clone(), address, visitor::prepare).await?;
    let listening = server.address()?;
    let fingerprint = server.fingerprint();
    let command = visitors_command(listening);
    output.result(
        || json!({ "address": listening.to_string(), "command": command, "fingerprint": fingerprint }),
        |out| {
            writeln!(out, "The shop is open on {listening}. To come in:\n")?;
            writeln!(out, "    {command}\n")?;
            writeln!(out, "At the first visit, ssh shows this fingerprint:\n")?;
            writeln!(out, "    {fingerprint}")
        },
    )?;

    Ok(server.run().await?)
}

/// The command that a visitor types.
fn visitors_command(listening: SocketAddr) -> String {
    let host = visitors_host(listening.ip());
    match listening.port() {
        SSH_PORT => format!("ssh {host}"),
        port => format!("ssh -p {port} {host}"),
    }
}

/// The host that a visitor names for a server on this address.
fn visitors_host(address: IpAddr) -> String {
    if address.is_loopback() {
        return "localhost".to_owned();
    }
    if !address.is_unspecified() {
        return address.to_string();
    }
    match outgoing_address(address) {
        Some(address) => address.to_string(),
        None => rustix::system::uname().nodename().to_string_lossy().into(),
    }
}

/// This machine's address in the network, as others see it. Nothing is sent for that: the system
/// only looks up from where it would send something to an address that is kept for examples.
fn outgoing_address(unspecified: IpAddr) -> Option<IpAddr> {
    let elsewhere: IpAddr = match unspecified {
        IpAddr::V4(_) => Ipv4Addr::new(192, 0, 2, 1).into(),
        IpAddr::V6(_) => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
    };

    let socket = UdpSocket::bind((unspecified, 0)).ok()?;
    socket.connect((elsewhere, SSH_PORT)).ok()?;
    let own = socket.local_addr().ok()?.ip();
    (!own.is_unspecified()).then_some(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn visitors_are_told_what_to_type() {
        for (listening, command) in [
            ("127.0.0.1:2222", "ssh -p 2222 localhost"),
            ("[::1]:2222", "ssh -p 2222 localhost"),
            ("10.1.2.3:22", "ssh 10.1.2.3"),
        ] {
            assert_eq!(visitors_command(listening.parse().unwrap()), command);
        }
        let anywhere = visitors_command("0.0.0.0:2222".parse().unwrap());
        assert!(!anywhere.contains("0.0.0.0"), "{anywhere}");
    }
}
