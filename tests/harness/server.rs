//! A real Redis (or Valkey) of the test's own.

use super::child::{Finish, command};
use super::patience::{Deadline, PATIENCE, answer};
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Connection, FromRedisValue, RedisError, RedisResult, RetryMethod, Value,
};
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::net::{TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::Mutex;
use std::time::Duration;
use tempfile::TempDir;

/// A server on a private Unix socket; killed and removed when dropped.
pub struct Server {
    folder: TempDir,
    binary: String,
    extra: Vec<String>,
    env: Vec<(String, OsString)>,
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

/// A port that nobody listens on, and that no other test takes: not even while its server is
/// down.
pub fn free_port() -> u16 {
    // From below the range that outgoing connections take theirs from.
    use std::sync::atomic::{AtomicU16, Ordering};
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // No server here talks UDP: that port of the same number says that this one is taken, also
    // to tests in other processes.
    static TAKEN: Mutex<Vec<UdpSocket>> = Mutex::new(Vec::new());

    let first = u16::try_from(std::process::id() % 1000).unwrap() * 20;
    loop {
        let port = 10_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 20_000;
        let Ok(mark) = UdpSocket::bind(("127.0.0.1", port)) else {
            continue;
        };
        // A listener to try it would live on for a moment in a process that is just being started.
        if TcpStream::connect(("127.0.0.1", port)).is_err() {
            TAKEN.lock().unwrap().push(mark);
            return port;
        }
    }
}

/// A connection to a server; whoever is asked over it has a deadline.
pub fn open(url: &str) -> RedisResult<Connection> {
    let link = redis::Client::open(url)?.get_connection_with_timeout(PATIENCE)?;
    link.set_read_timeout(Some(PATIENCE))?;
    link.set_write_timeout(Some(PATIENCE))?;
    Ok(link)
}

/// [`open`] for what is asked by other tasks meanwhile.
pub async fn open_shared(url: &str) -> MultiplexedConnection {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(PATIENCE));
    redis::Client::open(url)
        .unwrap()
        .get_multiplexed_async_connection_with_config(&config)
        .await
        .unwrap()
}

/// Whether the same server may answer when it is asked again: it is starting, or changing its
/// role, or has closed the connection.
fn may_pass(error: &RedisError) -> bool {
    !matches!(
        error.retry_method(),
        RetryMethod::NoRetry | RetryMethod::MovedRedirect | RetryMethod::AskRedirect
    )
}

impl Server {
    /// The first server that is installed.
    pub fn start() -> Server {
        Server::start_with(&binaries()[0], &[])
    }

    /// This server, with more of its settings.
    pub fn start_with(binary: &str, extra: &[&str]) -> Server {
        Server::start_in(binary, extra, &[])
    }

    /// The same in an environment of its own.
    pub fn start_in(binary: &str, extra: &[&str], env: &[(&str, &OsStr)]) -> Server {
        let folder = tempfile::Builder::new()
            .prefix("trolley-")
            .tempdir_in("/tmp")
            .unwrap();
        let url = format!("unix://{}/redis.sock", folder.path().display());
        let extra = extra.iter().map(|arg| (*arg).to_owned()).collect();
        let env = env
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let mut server = Server {
            folder,
            binary: binary.to_owned(),
            extra,
            env,
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
        // What it says is shown where it does not start.
        let said = self.dir().join("server.log");
        let log = File::options()
            .create(true)
            .append(true)
            .open(&said)
            .unwrap();
        let child = command(&self.binary)
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
            // What is written outlives a process that is killed; nothing here cuts the power.
            .args(["--enable-debug-command", "yes", "--appendfsync", "no"])
            .arg("--unixsocket")
            .arg(self.socket())
            .arg("--dir")
            .arg(self.dir())
            .args(&self.extra)
            .envs(self.env.iter().cloned())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", self.binary));
        self.child = Some(child);

        // Readiness is no event that a server tells: ask until it answers.
        let deadline = Deadline::start();
        while !self.answers() {
            let ended = self.child.as_mut().unwrap().try_wait().unwrap();
            assert!(
                ended.is_none() && !deadline.left().is_zero(),
                "{} does not answer; its end: {ended:?}\n{}",
                self.binary,
                std::fs::read_to_string(&said).unwrap_or_default()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn answers(&self) -> bool {
        open(&self.url).is_ok_and(|mut link| {
            // A server that wants a password answers, too.
            redis::cmd("PING")
                .query::<String>(&mut link)
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
        answer("a connection to the server", || open(&self.url))
    }

    /// Runs one command, words split at spaces.
    pub fn cmd(&self, line: &str) -> Value {
        let words: Vec<&str> = line.split(' ').collect();
        self.raw(&words)
    }

    /// Runs one command once; it fails where the server is down, or changes its role.
    pub fn ask<T: FromRedisValue>(&self, line: &str) -> RedisResult<T> {
        let words: Vec<&str> = line.split(' ').collect();
        redis::cmd(words[0])
            .arg(&words[1..])
            .query(&mut open(&self.url)?)
    }

    /// Runs one command that does no harm when it is run twice, and again while the server is
    /// getting over what the test has done to it.
    pub fn insist<T: FromRedisValue>(&self, line: &str) -> T {
        let asked = answer(line, || match self.ask(line) {
            Err(error) if may_pass(&error) => Err(error),
            asked => Ok(asked),
        });
        asked.unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    /// Runs one command with any bytes.
    pub fn raw<T: AsRef<[u8]>>(&self, words: &[T]) -> Value {
        let mut command = redis::Cmd::new();
        for word in words {
            command.arg(word.as_ref());
        }
        command.query(&mut self.connection()).unwrap()
    }

    /// The calls of a command since the statistics were reset, also by scripts.
    pub fn calls(&self, command: &str) -> usize {
        let stats = self.get("INFO commandstats");
        let start = format!("cmdstat_{command}:calls=");
        let line = stats.lines().find_map(|line| line.strip_prefix(&start));
        let calls = line.and_then(|line| line.split(',').next());
        calls.map_or(0, |calls| calls.parse().unwrap())
    }

    /// [`Server::insist`] on a command that answers with a text or a number.
    pub fn get(&self, line: &str) -> String {
        self.insist::<Option<String>>(line).unwrap_or_default()
    }

    /// [`Server::insist`] on a command that answers with a list of texts.
    pub fn get_list(&self, line: &str) -> Vec<String> {
        self.insist(line)
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
        let output = command(cli)
            .arg("-s")
            .arg(self.socket())
            .args(line.split(' '))
            .finish();
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
    /// A value as DUMP gives it; nothing where there is no such key.
    pub fn dump(&self, key: &str) -> Option<Vec<u8>> {
        match self.raw(&["DUMP", key]) {
            Value::BulkString(value) => Some(value),
            _ => None,
        }
    }

    /// Gives a key the value that it had.
    pub fn restore(&self, key: &str, value: Option<&[u8]>) {
        match value {
            Some(value) => self.raw(&[b"RESTORE", key.as_bytes(), b"0", value, b"REPLACE"]),
            None => self.raw(&["DEL", key]),
        };
    }

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
