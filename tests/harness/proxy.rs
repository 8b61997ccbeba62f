//! A proxy between a client and its server that causes faults.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

/// The pause before it is looked again whether a request may go on.
const PAUSE: Duration = Duration::from_millis(5);

/// What the proxy may do to what the server says.
#[derive(Default)]
pub struct Faults {
    /// Whether any fault happens at all.
    pub on: AtomicBool,
    /// Every so many chunks the reply is dropped, after execution, and the link cut; 0: never.
    pub drop_every: AtomicU64,
    /// Every so many chunks the server's side falls silent while the link stays open.
    pub mute_every: AtomicU64,
    /// Every so many chunks the client sees an end of the stream, but can still write.
    pub half_close_every: AtomicU64,
    /// Every so many chunks the answer comes 200 ms late.
    pub delay_every: AtomicU64,
    /// The next so many published messages are swallowed, and nothing else.
    pub swallow: AtomicU64,
    /// The next so many answers to changes are lost, and the link with them.
    pub lose_answers: AtomicU64,
    /// Which requests count as changes: those with these bytes; empty: changes of carts.
    pub change: Mutex<Vec<u8>>,
    /// The next so many answers to changes say that the cart has moved.
    pub moved: AtomicU64,
    /// Where it has moved.
    pub moved_to: Mutex<String>,
    /// Requests with these bytes, and all after them on their link, wait until this is empty again.
    pub hold_on: Mutex<Vec<u8>>,
    /// The requests that have waited so.
    pub held: AtomicU64,
    /// The request of this number is the last one that is passed on, counted from 1; 0: none is.
    pub hang_after: AtomicU64,
    /// Requests with these bytes, and all after them, are not passed on; empty: none.
    pub hang_on: Mutex<Vec<u8>>,
    /// Whether the answer to the last one passed on is lost, too.
    pub hang_answer: AtomicBool,
    /// Told when it hangs.
    pub hung: tokio::sync::Notify,
    requests: AtomicU64,
    /// Faults caused.
    pub caused: AtomicU64,
    seen: AtomicU64,
}

impl Faults {
    fn due(&self, every: &AtomicU64, seen: u64) -> bool {
        let every = every.load(Ordering::Relaxed);
        let due = self.on.load(Ordering::Relaxed) && every > 0 && seen.is_multiple_of(every);
        if due {
            self.caused.fetch_add(1, Ordering::Relaxed);
        }
        due
    }

    fn is_change(&self, request: &[u8]) -> bool {
        let change = self.change.lock().unwrap();
        if change.is_empty() {
            has(request, b"edit")
        } else {
            has(request, &change)
        }
    }

    /// Keeps a request for as long as it is to wait.
    async fn hold(&self, request: &[u8]) {
        let is_held = || has(request, &self.hold_on.lock().unwrap());
        if is_held() {
            self.held.fetch_add(1, Ordering::Relaxed);
        }
        while is_held() {
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Whether this request is not passed on any more.
    fn hangs(&self, request: &[u8]) -> bool {
        if has(request, &self.hang_on.lock().unwrap()) {
            return true;
        }
        let last = self.hang_after.load(Ordering::Relaxed);
        last > 0 && self.requests.fetch_add(1, Ordering::Relaxed) >= last
    }

    /// Whether the answers are lost from here on.
    fn is_mute(&self) -> bool {
        let last = self.hang_after.load(Ordering::Relaxed);
        last > 0
            && self.hang_answer.load(Ordering::Relaxed)
            && self.requests.load(Ordering::Relaxed) >= last
    }

    fn take(&self, left: &AtomicU64) -> bool {
        let took = left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1))
            .is_ok();
        if took {
            self.caused.fetch_add(1, Ordering::Relaxed);
        }
        took
    }
}

/// Where a server listens, or its proxy.
#[derive(Clone)]
pub enum Door {
    /// On this Unix socket.
    Socket(PathBuf),
    /// On this port of this machine.
    Port(u16),
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl Door {
    async fn enter(&self) -> std::io::Result<Box<dyn Stream>> {
        Ok(match self {
            Door::Socket(path) => Box::new(UnixStream::connect(path).await?),
            Door::Port(port) => {
                let stream = TcpStream::connect(("127.0.0.1", *port)).await?;
                stream.set_nodelay(true)?;
                Box::new(stream)
            }
        })
    }
}

/// A proxy; it ends with its runtime.
pub struct Proxy {
    door: Door,
    /// Where it leads whoever comes.
    server: Arc<Mutex<Door>>,
    /// Its faults.
    pub faults: Arc<Faults>,
}

impl Proxy {
    /// A proxy on a Unix socket named `name` beside that of the server on `server`.
    pub fn start(server: &Path, name: &str) -> Proxy {
        let socket = server.with_file_name(format!("{name}.sock"));
        let listener = UnixListener::bind(&socket).unwrap();
        let faults = Arc::new(Faults::default());
        let server = Arc::new(Mutex::new(Door::Socket(server.to_owned())));
        let (leads_to, shared) = (server.clone(), faults.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = leads_to.lock().unwrap().clone();
                tokio::spawn(serve(Box::new(client), server, shared.clone()));
            }
        });
        Proxy {
            door: Door::Socket(socket),
            server,
            faults,
        }
    }

    /// A proxy on a port of its own.
    pub fn by_port(server: Door) -> Proxy {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        listener.set_nonblocking(true).unwrap();
        let listener = TcpListener::from_std(listener).unwrap();
        let faults = Arc::new(Faults::default());
        let server = Arc::new(Mutex::new(server));
        let (leads_to, shared) = (server.clone(), faults.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                client.set_nodelay(true).unwrap();
                let server = leads_to.lock().unwrap().clone();
                tokio::spawn(serve(Box::new(client), server, shared.clone()));
            }
        });
        Proxy {
            door: Door::Port(port),
            server,
            faults,
        }
    }

    /// Leads whoever comes from now on to another server.
    pub fn lead_to(&self, server: &Path) {
        *self.server.lock().unwrap() = Door::Socket(server.to_owned());
    }

    /// The address to give to a client.
    pub fn url(&self) -> String {
        match &self.door {
            Door::Socket(socket) => format!("unix://{}", socket.display()),
            Door::Port(port) => format!("redis://localhost:{port}"),
        }
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        let Door::Port(port) = self.door else {
            panic!("it has a socket")
        };
        port
    }
}

async fn serve(client: Box<dyn Stream>, server: Door, faults: Arc<Faults>) {
    let Ok(upstream) = server.enter().await else {
        return;
    };
    let (mut from_client, mut to_client) = tokio::io::split(client);
    let (mut from_server, mut to_server) = tokio::io::split(upstream);
    let asked = faults.clone();
    let lose = Arc::new(AtomicBool::new(false));
    let lost = lose.clone();
    let up = async move {
        let mut buffer = vec![0; 65536];
        while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
            // A change: it is not passed on, as by a node that has lost the slot.
            let change = asked.is_change(&buffer[..read]);
            if change && asked.take(&asked.moved) {
                return Some(asked.moved_to.lock().unwrap().clone());
            }
            if change && asked.take(&asked.lose_answers) {
                lost.store(true, Ordering::Relaxed);
            }
            asked.hold(&buffer[..read]).await;
            if asked.hangs(&buffer[..read]) {
                asked.hung.notify_one();
                std::future::pending::<()>().await;
            }
            if to_server.write_all(&buffer[..read]).await.is_err() {
                return None;
            }
        }
        None
    };
    let mut up = std::pin::pin!(up);
    let mut buffer = vec![0; 65536];
    loop {
        let read = tokio::select! {
            moved = &mut up => {
                if let Some(to) = moved {
                    let _ = to_client.write_all(format!("-MOVED 1 {to}\r\n").as_bytes()).await;
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                return;
            }
            read = from_server.read(&mut buffer) => match read {
                Ok(read @ 1..) => read,
                _ => return,
            },
        };
        let seen = faults.seen.fetch_add(1, Ordering::Relaxed) + 1;
        if faults.due(&faults.drop_every, seen) || lose.load(Ordering::Relaxed) {
            return;
        }
        if faults.due(&faults.mute_every, seen) {
            let _ = (&mut up).await;
            return;
        }
        if faults.due(&faults.half_close_every, seen) {
            let _ = to_client.shutdown().await;
            let _ = tokio::time::timeout(Duration::from_millis(300), &mut up).await;
            return;
        }
        if faults.due(&faults.delay_every, seen) {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        if faults.is_mute() {
            faults.hung.notify_one();
            let _ = (&mut up).await;
            return;
        }
        if is_one_message(&buffer[..read]) && faults.take(&faults.swallow) {
            continue;
        }
        if to_client.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

/// Whether `part`, where it is not empty, stands in these bytes.
fn has(bytes: &[u8], part: &[u8]) -> bool {
    !part.is_empty() && bytes.windows(part.len()).any(|window| window == part)
}

/// Whether these bytes are just one published message, and of no watcher.
fn is_one_message(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.starts_with(">3\r\n$7\r\nmessage\r\n")
        && text.matches('>').count() == 1
        && (text.contains("\"v\"") || text.contains("\"version\""))
}
