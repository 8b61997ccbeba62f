//! A slow way to a server: few bytes a second, and each of them late.

use super::proxy::Door;
use super::server::Server;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::{Duration, Instant};

/// The bytes that travel together.
const PACKET: usize = 512;
/// The packets that may be on their way.
const PACKETS_UNDER_WAY: usize = 256;

/// A port of this machine from which a slow way leads to a server.
pub struct SlowWay {
    port: u16,
    bytes: Arc<AtomicU64>,
}

impl SlowWay {
    /// A way to `server` on which so many bytes travel in a second, in either direction, each for
    /// so long.
    pub fn start(server: &Server, bytes_per_second: u32, travel: Duration) -> SlowWay {
        SlowWay::to(Door::Socket(server.socket()), bytes_per_second, travel)
    }

    /// [`SlowWay::start`] to where a server listens.
    pub fn to(server: Door, bytes_per_second: u32, travel: Duration) -> SlowWay {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let bytes = Arc::new(AtomicU64::new(0));

        let shape = Shape {
            for_a_byte: Duration::from_secs(1) / bytes_per_second,
            travel,
        };
        let counted = bytes.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                lead(client, &server, shape, &counted);
            }
        });
        SlowWay { port, bytes }
    }

    /// The address to give to a client.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The bytes that clients have sent on it so far.
    pub fn sent(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

#[derive(Clone, Copy)]
struct Shape {
    for_a_byte: Duration,
    travel: Duration,
}

fn lead(client: TcpStream, server: &Door, shape: Shape, sent: &Arc<AtomicU64>) {
    // What can be read, written and shut down by either kind is the same.
    let server = match server {
        Door::Socket(path) => UnixStream::connect(path).map(OwnedFd::from),
        Door::Port(port) => TcpStream::connect(("127.0.0.1", *port)).map(OwnedFd::from),
    };
    let Ok(server) = server.map(TcpStream::from) else {
        return;
    };

    let from_client = client.try_clone().unwrap();
    let from_server = server.try_clone().unwrap();
    let ends = [client.try_clone().unwrap(), server.try_clone().unwrap()];
    let close = move || {
        for end in ends {
            let _ = end.shutdown(Shutdown::Both);
        }
    };

    travel(from_client, server, shape, sent.clone(), close);
    travel(from_server, client, shape, Arc::default(), || ());
}

/// Takes what comes from one end to the other, one packet after the other.
fn travel(
    mut from: impl Read + Send + 'static,
    mut to: impl Write + Send + 'static,
    shape: Shape,
    counted: Arc<AtomicU64>,
    close: impl FnOnce() + Send + 'static,
) {
    let (sender, packets) = sync_channel::<(Instant, Vec<u8>)>(PACKETS_UNDER_WAY);
    thread::spawn(move || {
        let mut packet = [0; PACKET];
        while let Ok(length @ 1..) = from.read(&mut packet) {
            counted.fetch_add(length as u64, Ordering::Relaxed);
            thread::sleep(shape.for_a_byte * u32::try_from(length).unwrap());
            let arrives = Instant::now() + shape.travel;
            if sender.send((arrives, packet[..length].to_vec())).is_err() {
                return;
            }
        }
        close();
    });
    thread::spawn(move || {
        for (arrives, packet) in packets {
            thread::sleep(arrives.saturating_duration_since(Instant::now()));
            if to.write_all(&packet).is_err() {
                return;
            }
        }
    });
}
