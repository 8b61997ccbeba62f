//! `trolley serve`: lets people into the shop by SSH.

mod control;

use super::args::time;
use super::connect;
use super::error::{CliError, invalid_argument, usage_error};
use super::output::Output;
use super::visitor;
use crate::config::Settings;
use crate::config::serving::{OpenTo, ServeSettings};
use crate::serve::door::{self, Proxies};
use crate::serve::identity::Open;
use crate::serve::{Options, ServeError, Server, Sockets};
use clap::Args;
use control::{ControlAction, ControlArgs};
use ipnet::IpNet;
use serde_json::json;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::time::Duration;

/// The port of SSH, which nobody has to name.
const SSH_PORT: u16 = 22;

/// Where a server listens that is not told otherwise.
const LISTEN: &str = "127.0.0.1:2222";

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct ServeArgs {
    #[command(subcommand)]
    action: Option<ControlAction>,

    #[command(flatten)]
    settings: ServeSettings,

    #[command(flatten)]
    control: ControlArgs,
}

impl ServeArgs {
    /// Tells whether a server is to run, and not only to be asked something.
    pub(super) fn serves(&self) -> bool {
        self.action.is_none()
    }
}

/// Checks the settings, and fills in the defaults.
fn options(settings: ServeSettings) -> Result<Options, CliError> {
    let listen = settings.listen.as_deref().unwrap_or(LISTEN);
    let proxies = settings.proxy_protocol.unwrap_or_default();
    let proxies: Result<Vec<IpNet>, CliError> =
        proxies.iter().map(|typed| network(typed)).collect();
    let invites = settings.invites.unwrap_or(false);
    let usual_grace = if invites { "2m" } else { "20s" };
    let login_grace = settings.login_grace.as_deref().unwrap_or(usual_grace);

    Ok(Options {
        listen: listen_address(listen)?,
        proxies: Proxies::new(proxies?),
        host_key: settings.host_key,
        keys: settings.keys,
        open: match settings.open {
            None | Some(OpenTo::None) => Open::Nobody,
            Some(OpenTo::Own) => Open::Own,
            Some(OpenTo::Shared) => Open::Shared,
        },
        guests: settings.guests.unwrap_or(false),
        invites,
        most: settings.max.unwrap_or(1000),
        most_from_network: settings.per_ip.unwrap_or(20),
        idle: time("idle", settings.idle.as_deref().unwrap_or("30m"))?,
        login_grace: limited_time("login_grace", login_grace)?,
        drain: limited_time("drain", settings.drain.as_deref().unwrap_or("30s"))?,
    })
}

/// Reads an address to listen on. Its host may be a name.
fn listen_address(typed: &str) -> Result<SocketAddr, CliError> {
    let mut found = typed.to_socket_addrs().map_err(|_| {
        let expected = "an address and a port, like 0.0.0.0:2222 or localhost:2222, are needed";
        invalid_argument("listen", typed, expected)
    })?;
    found
        .next()
        .ok_or_else(|| invalid_argument("listen", typed, "no address has this name"))
}

/// Reads a network, or one address of which it consists.
fn network(typed: &str) -> Result<IpNet, CliError> {
    if let Ok(address) = typed.parse::<IpAddr>() {
        return Ok(address.into());
    }
    typed.parse().map_err(|_| {
        let expected = "an address, or a network like 10.0.0.0/8, is needed";
        invalid_argument("proxy_protocol", typed, expected)
    })
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
    let options = options(args.settings.clone().or(settings.serve.clone()))?;
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

/// Whether this user's server lets in people with an invitation; `None` where that is not known.
pub(super) async fn running_server_takes_invitations() -> Option<bool> {
    control::takes_invitations().await
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
