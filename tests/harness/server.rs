//! A real Redis (or Valkey) of the test's own.

use redis::{Connection, Value};
use rustix::process::{Pid, Signal, kill_process};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A server on a private Unix socket; killed and removed when dropped.
pub struct Server {
    folder: TempDir,
    binary: String,
    extra: Vec<String>,
    url: String,
    child: Option<Child>,
}

/// The servers to test with: those on PATH, or those in TROLLEY_TEST_SERVERS.
pub fn binaries() -> Vec<String> {
    if let Ok(named) = std::env::var("TROLLEY_TEST_SERVERS") {
        return named.split(',').map(str::to_owned).collect();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there =
        |name: &&str| std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
    let found: Vec<String> = ["redis-server", "valkey-server"]
        .iter()
        .filter(|n| is_there(n))
        .map(|n| (*n).to_owned())
        .collect();
    assert!(
        !found.is_empty(),
        "the tests need redis-server or valkey-server on PATH"
    );
    found
}

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    // From below the range that outgoing connections take theirs from.
    use std::sync::atomic::{AtomicU16, Ordering};
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 1000).unwrap() * 20;
    loop {
        let port = 10_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 20_000;
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

impl Server {
    /// The first server that is installed.
    pub fn start() -> Server {
        Server::start_with(&binaries()[0], &[])
    }

    /// This server, with more of its settings.
    pub fn start_with(binary: &str, extra: &[&str]) -> Server {
        let folder = tempfile::Builder::new()
            .prefix("trolley-")
            .tempdir_in("/tmp")
            .unwrap();
        let url = format!("unix://{}/redis.sock", folder.path().display());
        let extra = extra.iter().map(|arg| (*arg).to_owned()).collect();
        let mut server = Server {
            folder,
            binary: binary.to_owned(),
            extra,
            url,
            child: None,
        };
        server.launch();
        server
    }

    /// [`Server::start`] with the demo catalog.
    pub fn with_demo() -> Server {
        let server = Server::start();
        super::ok(&server, &["demo"]);
        server
    }

    fn launch(&mut self) {
        let child = Command::new(&self.binary)
            .args([
                "--port",
                "0",
                "--appendonly",
                "yes",
                "--save",
                "",
                "--maxmemory-policy",
                "noeviction",
            ])
            .args(["--enable-debug-command", "yes", "--appendfsync", "always"])
            .arg("--unixsocket")
            .arg(self.socket())
            .arg("--dir")
            .arg(self.dir())
            .args(&self.extra)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.child = Some(child);
        // Readiness is no event that a server tells: ask until it answers.
        let until = Instant::now() + Duration::from_secs(15);
        while !self.answers() {
            assert!(Instant::now() < until, "{} does not answer", self.binary);
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn answers(&self) -> bool {
        let client = redis::Client::open(self.url.as_str()).unwrap();
        client.get_connection().is_ok_and(|mut c| {
            // A server that wants a password answers, too.
            redis::cmd("PING")
                .query::<String>(&mut c)
                .map_or_else(|error| error.code() == Some("NOAUTH"), |_| true)
        })
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its socket.
    pub fn socket(&self) -> PathBuf {
        self.dir().join("redis.sock")
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        self.folder.path()
    }

    /// Whether it has been started and not killed.
    pub fn runs(&self) -> bool {
        self.child.is_some()
    }

    fn signal(&self, signal: Signal) {
        let pid = self.child.as_ref().expect("the server runs").id();
        kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), signal).unwrap();
    }

    /// Kills it as a crash would.
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.child.take().unwrap().wait().unwrap();
    }

    /// Starts it again on its data.
    pub fn restart(&mut self) {
        self.launch();
    }

    /// Stops it in its tracks.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// A connection of the test's own.
    pub fn connection(&self) -> Connection {
        redis::Client::open(self.url.as_str())
            .unwrap()
            .get_connection()
            .unwrap()
    }

    /// Runs one command, words split at spaces.
    pub fn cmd(&self, line: &str) -> Value {
        let words: Vec<&str> = line.split(' ').collect();
        self.raw(&words)
    }

    /// Runs one command; whether the server did it.
    pub fn try_cmd(&self, line: &str) -> bool {
        let words: Vec<&str> = line.split(' ').collect();
        redis::cmd(words[0])
            .arg(&words[1..])
            .query::<Value>(&mut self.connection())
            .is_ok()
    }

    /// Runs one command with any bytes.
    pub fn raw<T: AsRef<[u8]>>(&self, words: &[T]) -> Value {
        let mut command = redis::Cmd::new();
        for word in words {
            command.arg(word.as_ref());
        }
        command.query(&mut self.connection()).unwrap()
    }

    /// Runs one command that answers with a text or a number.
    pub fn get(&self, line: &str) -> String {
        match self.cmd(line) {
            Value::Nil => String::new(),
            value => redis::from_redis_value(value).unwrap(),
        }
    }

    /// Runs one command that answers with a list of texts.
    pub fn get_list(&self, line: &str) -> Vec<String> {
        redis::from_redis_value(self.cmd(line)).unwrap()
    }

    /// The commands that the server has refused somebody for want of a right.
    pub fn denied(&self) -> Vec<String> {
        let log: Vec<std::collections::HashMap<String, Value>> =
            redis::from_redis_value(self.cmd("ACL LOG")).unwrap();
        log.iter()
            .map(|entry| redis::from_redis_value_ref(&entry["object"]).unwrap())
            .collect()
    }

    /// Plays another program: `redis-cli` (or `valkey-cli`) with this line.
    pub fn cli(&self, line: &str) -> String {
        let cli = if self.binary.contains("valkey") {
            "valkey-cli"
        } else {
            "redis-cli"
        };
        let output = Command::new(cli)
            .arg("-s")
            .arg(self.socket())
            .args(line.split(' '))
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{line}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// The whole database in short: the server's own digest of all keys and values (`DUMP`
    /// depends on the inner order of a hash, which moves by itself), and every expiry time.
    pub fn digest(&self) -> String {
        let mut link = self.connection();
        let mut keys: Vec<Vec<u8>> = redis::cmd("KEYS").arg("*").query(&mut link).unwrap();
        keys.sort();
        let mut digest: String = redis::cmd("DEBUG").arg("DIGEST").query(&mut link).unwrap();
        for key in keys {
            let expiry: i64 = redis::cmd("PEXPIRETIME")
                .arg(&key)
                .query(&mut link)
                .unwrap();
            if expiry >= 0 {
                digest.push_str(&format!("\n{} {expiry}", String::from_utf8_lossy(&key)));
            }
        }
        digest
    }
}

impl Server {
    /// The server's own digest of one value.
    pub fn digest_of(&self, key: &str) -> String {
        self.get_list(&format!("DEBUG DIGEST-VALUE {key}"))
            .remove(0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
