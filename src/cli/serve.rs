//! `trolley serve`: lets people into the shop by SSH.

mod control;

use super::args::time;
use super::connect;
use super::error::{CliError, usage_error};
use super::output::Output;
use super::visitor;
use crate::config::Settings;
use crate::serve::door::{self, Proxies};
use crate::serve::identity::Open;
use crate::serve::{Options, ServeError, Server, Sockets};
use clap::{Args, ValueEnum};
use control::{ControlAction, ControlArgs};
use ipnet::IpNet;
use serde_json::json;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::path::PathBuf;
use std::time::Duration;

/// The port of SSH, which nobody has to name.
const SSH_PORT: u16 = 22;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct ServeArgs {
    #[command(subcommand)]
    action: Option<ControlAction>,

    /// Listen here; 0.0.0.0:2222 lets in people from other machines. A socket of systemd's goes
    /// before
    #[arg(
        long,
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:2222",
        value_parser = listen_address
    )]
    listen: SocketAddr,

    /// Believe the proxies in these networks who a visitor is: they speak the PROXY protocol
    #[arg(long, value_name = "NETWORK", value_delimiter = ',', value_parser = network)]
    proxy_protocol: Vec<IpNet>,

    /// Let in the owners of the keys in this file: lines as in OpenSSH's authorized_keys
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,

    /// What the owner of any other key gets
    #[arg(long, value_name = "CART", default_value = "none")]
    open: OpenTo,

    /// Let people in who have no key: to the shared cart, else each to a cart for this visit
    #[arg(long)]
    guests: bool,

    /// Let in who has an invitation (trolley invite), and the keys that came by one before
    #[arg(long)]
    invites: bool,

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

    /// The time to log in [default: 20s; with --invites 2m, to type a code]
    #[arg(long, value_name = "TIME")]
    login_grace: Option<String>,

    /// The time for changes to be confirmed when the server ends
    #[arg(long, value_name = "TIME", default_value = "30s")]
    drain: String,

    #[command(flatten)]
    control: ControlArgs,
}

/// The carts that people may get whose key is not listed.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum OpenTo {
    /// None: they are not let in
    None,
    /// Each a cart of their own, the same at each visit
    Own,
    /// All of them the cart of --cart
    Shared,
}

impl ServeArgs {
    /// Tells whether a server is to run, and not only to be asked something.
    pub(super) fn serves(&self) -> bool {
        self.action.is_none()
    }

    fn login_grace(&self) -> &str {
        let usual = if self.invites { "2m" } else { "20s" };
        self.login_grace.as_deref().unwrap_or(usual)
    }

    fn options(&self) -> Result<Options, CliError> {
        Ok(Options {
            listen: self.listen,
            proxies: Proxies::new(self.proxy_protocol.clone()),
            host_key: self.host_key.clone(),
            keys: self.keys.clone(),
            open: match self.open {
                OpenTo::None => Open::Nobody,
                OpenTo::Own => Open::Own,
                OpenTo::Shared => Open::Shared,
            },
            guests: self.guests,
            invites: self.invites,
            most: self.max,
            most_from_network: self.per_ip,
            idle: time("idle", &self.idle)?,
            login_grace: limited_time("login-grace", self.login_grace())?,
            drain: limited_time("drain", &self.drain)?,
        })
    }
}

/// Reads an address to listen on. Its host may be a name.
fn listen_address(typed: &str) -> Result<SocketAddr, String> {
    let mut found = typed.to_socket_addrs().map_err(|_| {
        "an address and a port, like 0.0.0.0:2222 or localhost:2222, are needed".to_owned()
    })?;
    found
        .next()
        .ok_or_else(|| "no address has this name".to_owned())
}

/// Reads a network, or one address of which it consists.
fn network(typed: &str) -> Result<IpNet, String> {
    if let Ok(address) = typed.parse::<IpAddr>() {
        return Ok(address.into());
    }
    let network = typed.parse();
    network.map_err(|_| "an address, or a network like 10.0.0.0/8, is needed".to_owned())
}

/// Reads a time that can't be never.
fn limited_time(argument: &'static str, typed: &str) -> Result<Duration, CliError> {
    time(argument, typed)?.ok_or_else(|| usage_error(argument, "a time, like 20s"))
}

/// Serves the shop until a signal ends it, or asks a server something.
pub(super) async fn run(
    args: &ServeArgs,
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    match &args.action {
        None => serve(args, settings, output).await,
        Some(action) => control::run(action, output).await,
    }
}

/// Serves the shop until a signal ends it.
async fn serve(args: &ServeArgs, settings: &Settings, output: &Output) -> Result<(), CliError> {
    let options = args.options()?;
    let sockets = Sockets {
        // Before a private server is started, which would inherit it.
        listener: door::passed_socket().map_err(ServeError::System)?,
        control: args.control.listen(output).await?,
    };
    let address = connect::find_shop(settings).await?;

    let commands = visitor::prepare;
    let server = Server::open(options, sockets, settings.clone(), address, commands).await?;
    let listening = server.address();
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

    server.run().await;
    Ok(())
}

/// The command that visitors of this user's server type; `None` where none runs.
pub(super) async fn command_of_running_server() -> Option<String> {
    control::address().await.map(visitors_command)
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
