//! The options of `trolley serve`, which the table `[serve]` of the settings file can give, too.

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The rules by which people are let in, from the command line or the settings file; `None` where
/// it says nothing. Values are checked when a server starts.
#[derive(Debug, Clone, Default, Args, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ServeSettings {
    /// Listen here; 0.0.0.0:2222 lets in people from other machines. A socket passed by
    /// systemd is used instead [default: 127.0.0.1:2222]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,

    /// Let proxies in these networks say where a visitor comes from (PROXY protocol)
    #[arg(long, value_name = "NETWORK", value_delimiter = ',')]
    pub proxy_protocol: Option<Vec<String>>,

    /// Let in the owners of the keys in this file: lines as in OpenSSH's authorized_keys
    #[arg(long, value_name = "FILE")]
    pub keys: Option<PathBuf>,

    /// What the owner of any other key gets [default: none]
    #[arg(long, value_name = "CART")]
    pub open: Option<OpenTo>,

    /// Let people in who have no key: to the shared cart, else each to a cart for this visit
    #[arg(long, num_args = 0, default_missing_value = "true")]
    pub guests: Option<bool>,

    /// Let in people with an invitation (trolley invite), and keys that have used one before
    #[arg(long, num_args = 0, default_missing_value = "true")]
    pub invites: Option<bool>,

    /// Use the host key in this file [default: one that is made at the first start, and kept]
    #[arg(long, value_name = "FILE")]
    pub host_key: Option<PathBuf>,

    /// The most visitors at a time [default: 1000]
    #[arg(long, value_name = "N")]
    pub max: Option<usize>,

    /// The most connections from one address that are logged in [default: 20]
    #[arg(long, value_name = "N")]
    pub per_ip: Option<usize>,

    /// Close a screen on which nobody has pressed a key for this long, and a connection on which
    /// nothing runs: 30m, 2h, never [default: 30m]
    #[arg(long, value_name = "TIME")]
    pub idle: Option<String>,

    /// The time to log in [default: 20s; with --invites 2m, to type a code]
    #[arg(long, value_name = "TIME")]
    pub login_grace: Option<String>,

    /// The time for changes to be confirmed when the server ends [default: 30s]
    #[arg(long, value_name = "TIME")]
    pub drain: Option<String>,
}

/// The carts that people may get whose key is not listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OpenTo {
    /// None: they are not let in
    None,
    /// Each a cart of their own, the same at each visit
    Own,
    /// All of them the cart of --cart
    Shared,
}

impl ServeSettings {
    /// These, and `weaker` where these say nothing.
    #[must_use]
    pub fn or(self, weaker: ServeSettings) -> ServeSettings {
        ServeSettings {
            listen: self.listen.or(weaker.listen),
            proxy_protocol: self.proxy_protocol.or(weaker.proxy_protocol),
            keys: self.keys.or(weaker.keys),
            open: self.open.or(weaker.open),
            guests: self.guests.or(weaker.guests),
            invites: self.invites.or(weaker.invites),
            host_key: self.host_key.or(weaker.host_key),
            max: self.max.or(weaker.max),
            per_ip: self.per_ip.or(weaker.per_ip),
            idle: self.idle.or(weaker.idle),
            login_grace: self.login_grace.or(weaker.login_grace),
            drain: self.drain.or(weaker.drain),
        }
    }
}
