//! The shop served by SSH, and real OpenSSH clients with keys of their own.

use super::child::{Finish, Running, command};
use super::server::Server;
use super::terminal::{Builder, Terminal};
use super::trolley;
use rustix::process::Signal;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// The people who have a key.
pub const PEOPLE: [&str; 3] = ["ann", "ben", "cleo"];

/// A client of the SSH library that believes any host key.
#[cfg(feature = "serve")]
pub struct AnyHost;

#[cfg(feature = "serve")]
impl russh::client::Handler for AnyHost {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        _key: &russh::keys::PublicKeyOrCertificate,
    ) -> Result<bool, russh::Error> {
        Ok(true)
    }
}

/// A served shop; it is killed when dropped.
pub struct Served {
    process: Running,
    address: SocketAddr,
    pub folder: Folder,
    pub redis: Server,
}

/// The keys of people, the keys file, and what clients remember.
pub struct Folder(TempDir);

impl Folder {
    /// One with a key for everybody.
    pub fn new() -> Folder {
        let folder = tempfile::Builder::new()
            .prefix("trolley-ssh-")
            .tempdir_in("/tmp")
            .unwrap();
        let folder = Folder(folder);
        for who in PEOPLE {
            folder.make_key(who, "ed25519");
        }
        folder
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// A file in it, as an argument.
    pub fn text(&self, name: &str) -> String {
        self.file(name).to_str().unwrap().to_owned()
    }

    /// Makes somebody a key.
    pub fn make_key(&self, who: &str, kind: &str) {
        let made = command("ssh-keygen")
            .args(["-q", "-t", kind, "-N", "", "-C", who, "-f"])
            .arg(self.file(who))
            .finish();
        assert!(made.status.success(), "{made:?}");
    }

    /// Somebody's line of a keys file, behind these options.
    pub fn line(&self, options: &str, who: &str) -> String {
        let public = std::fs::read_to_string(self.file(&format!("{who}.pub"))).unwrap();
        format!("{options} {public}")
    }

    /// Writes the keys file: for everybody their options.
    pub fn list(&self, people: &[(&str, &str)]) {
        let lines = people.iter().map(|(who, options)| self.line(options, who));
        std::fs::write(self.file("keys"), lines.collect::<String>()).unwrap();
    }

    /// The options of a client that knows nothing but this folder.
    pub fn client(&self, who: Option<&str>, port: u16) -> Vec<String> {
        let known = format!("UserKnownHostsFile={}", self.text("known"));
        let port = port.to_string();
        let options = [
            "-F",
            "none",
            "-p",
            &port,
            "-o",
            &known,
            "-o",
            "GlobalKnownHostsFile=none",
            "-o",
            "StrictHostKeyChecking=accept-new",
            "-o",
            "IdentityAgent=none",
            "-o",
            "IdentitiesOnly=yes",
            "-i",
        ];
        let mut options: Vec<String> = options.map(str::to_owned).into();
        options.push(self.text(who.unwrap_or("nobody's key")));
        options
    }

    /// The command of somebody's client, or of one without a key, to a server on this port; `args`
    /// follow the host.
    pub fn ssh(
        &self,
        port: u16,
        user: &str,
        who: Option<&str>,
        options: &[&str],
        args: &[&str],
    ) -> Command {
        let mut ssh = command("ssh");
        ssh.args(self.client(who, port))
            .args(options)
            .args(["-l", user, "127.0.0.1"])
            .args(args)
            .env_remove("SSH_AUTH_SOCK");
        ssh
    }

    /// Somebody's client in a terminal, to be opened.
    pub fn builder(&self, port: u16, user: &str, who: Option<&str>, options: &[&str]) -> Builder {
        let mut args = self.client(who, port);
        args.extend(options.iter().map(|option| (*option).to_owned()));
        args.extend(["-l", user, "127.0.0.1"].map(str::to_owned));
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        Terminal::builder("/usr/bin/ssh")
            .args(&args)
            .home(self.path())
    }
}

impl Served {
    /// The demo shop, where Ann and Ben share the office's cart.
    pub fn office() -> Served {
        let people = [("ann", r#"cart="office""#), ("ben", r#"cart="office""#)];
        Served::start(&people, &[])
    }

    /// The demo shop for these people, with more arguments.
    pub fn start(people: &[(&str, &str)], args: &[&str]) -> Served {
        Served::at(Server::with_demo(), people, args, &[])
    }

    /// The shop on this server, with variables of the environment.
    pub fn at(
        redis: Server,
        people: &[(&str, &str)],
        args: &[&str],
        environment: &[(&str, &str)],
    ) -> Served {
        let folder = Folder::new();
        folder.list(people);
        let keys = folder.text("keys");
        let log = folder.text("log");
        let url = redis.url().to_owned();
        let mut command = trolley(folder.path(), &["--redis", &url, "--log", &log]);
        command.envs(environment.iter().copied());
        let mut all = args.to_vec();
        if !people.is_empty() {
            all.extend(["--keys", &keys]);
        }

        let (process, address, _) = launch(&mut command, &all);
        Served {
            process,
            address,
            folder,
            redis,
        }
    }

    /// What it says of its visits.
    pub fn status(&self) -> serde_json::Value {
        let args = ["--redis", self.redis.url(), "serve", "status", "--json"];
        let output = trolley(self.folder.path(), &args).finish();
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The command of somebody's client, or of one without a key; `args` follow the host.
    pub fn ssh(&self, who: Option<&str>, options: &[&str], args: &[&str]) -> Command {
        self.ssh_as("visitor", who, options, args)
    }

    /// [`Served::ssh`] with this user name.
    pub fn ssh_as(
        &self,
        user: &str,
        who: Option<&str>,
        options: &[&str],
        args: &[&str],
    ) -> Command {
        let port = self.address.port();
        self.folder.ssh(port, user, who, options, args)
    }

    /// Somebody's client in a terminal, to be opened.
    pub fn builder(&self, user: &str, who: Option<&str>, options: &[&str]) -> Builder {
        let port = self.address.port();
        self.folder.builder(port, user, who, options)
    }

    /// Somebody's visit, once the shop shows.
    pub fn visit(&self, who: &str) -> Terminal {
        self.visit_as("visitor", Some(who))
    }

    /// [`Served::visit`] with this user name.
    pub fn visit_as(&self, user: &str, who: Option<&str>) -> Terminal {
        let terminal = self.builder(user, who, &[]).open();
        terminal.wait("● live");
        terminal.wait("64 products");
        terminal
    }

    /// What it has written down.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.file("log")).unwrap_or_default()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Running {
        &mut self.process
    }
}

/// Serves the shop of a command on a free port, with more arguments; returns its address and
/// fingerprint, too.
pub fn launch(command: &mut Command, args: &[&str]) -> (Running, SocketAddr, String) {
    command.args(["--json", "serve", "--listen", "127.0.0.1:0"]);
    let mut process = Running::start(command.args(args));
    let told = process.json();
    let address = told["address"].as_str().unwrap().parse().unwrap();
    let fingerprint = told["fingerprint"].as_str().unwrap().to_owned();
    (process, address, fingerprint)
}
