//! The connections that are open, and how many there may be: together, from one network, with one
//! key, and before anybody has logged in.

use super::identity::{Grant, fingerprint};
use super::input_pace::InputPace;
use crate::tui::runtime::allowance::ChangeAllowance;
use russh::keys::PublicKey;
use russh::keys::ssh_key::Fingerprint;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// The commands that work at the same time for those who share their limits.
const TURNS_OF_ONE: usize = 2;
/// The time for the client of a visitor who has to leave to take what is said, and to go.
pub(super) const LEAVING_TIMEOUT: Duration = Duration::from_secs(2);
/// The most connections with one key.
const MOST_WITH_KEY: usize = 20;
/// The bits of an IPv6 address that one visitor's addresses have in common.
const NETWORK_BITS: u32 = 64;

/// The most connections that may be open.
#[derive(Debug, Clone, Copy)]
pub(super) struct ConnectionLimits {
    /// All that have logged in, and again as many that have not yet.
    pub(super) total: usize,
    /// All from one network that have logged in, and again as many that have not yet.
    pub(super) from_network: usize,
}

/// A limit that a visitor has met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Full {
    /// The shop is closing.
    #[error("the shop is closing; come again in a moment")]
    Closing,
    /// Too many come from this network.
    #[error("too many connections come from your network")]
    Network,
    /// Too many come with this key.
    #[error("too many connections use your key")]
    Key,
    /// All places are taken.
    #[error("the shop is full; try again later")]
    Shop,
}

/// The reason why somebody who is in the shop has to go. Its text is for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Farewell {
    /// The server stops.
    #[error("The shop restarts; come again in a moment. Your cart is kept.")]
    Closing,
    /// They have pressed no key for too long.
    #[error(
        "Nobody has pressed a key for a while, so the shop has closed this screen. Your cart is kept."
    )]
    Idle,
    /// They have opened no screen and sent no command for too long.
    #[error("Nothing has run on this connection for a while, so the shop has closed it.")]
    Unused,
    /// Whoever runs the server has ended their visit.
    #[error("Whoever runs the shop has ended your visit. Your cart is kept.")]
    Ended,
    /// Their key is granted something else than before, or nothing.
    #[error("What your key may do in this shop has changed. Come again if you still may.")]
    KeyChanged,
}

/// Somebody who has logged in over a connection: their key, their user name and their grant.
#[derive(Debug, Clone)]
pub(super) struct Visitor {
    /// The key that was proven; none of a guest.
    pub(super) key: Option<PublicKey>,
    /// The user name of the login.
    pub(super) user: String,
    pub(super) grant: Grant,
}

/// The state of a server, for whoever runs it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Status {
    /// The visits, in the order in which they began.
    pub(crate) sessions: Vec<VisitStatus>,
    /// The connections on which nobody has logged in yet.
    pub(crate) logging_in: usize,
    /// The most visitors at a time.
    pub(crate) most: usize,
    /// The connections that a limit has kept out so far.
    pub(crate) refused: u64,
}

/// A visit, for whoever runs the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct VisitStatus {
    /// The number of the connection, as in the log.
    pub(crate) session: u64,
    /// The visitor's name.
    pub(crate) name: String,
    /// Their cart.
    pub(crate) cart: String,
    /// Their role.
    pub(crate) role: String,
    /// The address that they come from.
    pub(crate) address: IpAddr,
    /// The fingerprint of their key; none of a guest.
    pub(crate) key: Option<String>,
    /// The number of their screens and commands that have not ended.
    pub(crate) screens: usize,
    /// The time since they connected, in seconds.
    pub(crate) seconds: u64,
}

/// The addresses that count as one visitor's: an IPv4 address, or an IPv6 network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Network(IpAddr);

impl Network {
    fn of(address: IpAddr) -> Network {
        match address.to_canonical() {
            IpAddr::V4(address) => Network(address.into()),
            IpAddr::V6(address) => {
                let bits = address.to_bits() >> NETWORK_BITS << NETWORK_BITS;
                Network(Ipv6Addr::from_bits(bits).into())
            }
        }
    }
}

/// Those who share their limits.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Sharers {
    /// All who come with one key.
    Key(Fingerprint),
    /// The guests from one network. They have no key.
    Guests(Network),
}

impl Sharers {
    /// The people with whom a visitor shares their limits.
    fn of(visitor: &Visitor, address: IpAddr) -> Sharers {
        match &visitor.key {
            Some(key) => Sharers::Key(fingerprint(key)),
            None => Sharers::Guests(Network::of(address)),
        }
    }
}

/// The limits of what visitors do, on however many connections.
#[derive(Debug)]
pub(super) struct VisitorLimits {
    /// The changes that they may make.
    pub(super) changes: Arc<ChangeAllowance>,
    /// The turns that their commands may have at the same time.
    pub(super) turns: Arc<Semaphore>,
    /// The bytes that commands have printed and they have not taken.
    held_output: Arc<AtomicUsize>,
}

impl Default for VisitorLimits {
    fn default() -> VisitorLimits {
        VisitorLimits {
            changes: Arc::default(),
            turns: Arc::new(Semaphore::new(TURNS_OF_ONE)),
            held_output: Arc::default(),
        }
    }
}

impl VisitorLimits {
    /// Tells whether nothing was done for a while, and nothing is under way.
    fn are_whole(&self) -> bool {
        let has_turns = self.turns.available_permits() == TURNS_OF_ONE;
        self.changes.is_whole() && has_turns && self.held_output.load(Ordering::Relaxed) == 0
    }
}

/// All open connections.
#[derive(Debug)]
pub(super) struct Connections {
    limits: ConnectionLimits,
    entries: Mutex<Entries>,
    /// Has a token of each open connection.
    open: TaskTracker,
}

#[derive(Debug, Default)]
struct Entries {
    by_id: BTreeMap<u64, Entry>,
    last_id: u64,
    is_closing: bool,
    /// The connections that a limit has kept out.
    refused: u64,
    /// The limits of visitors, also of those who have just left.
    visitor_limits: HashMap<Sharers, Arc<VisitorLimits>>,
}

#[derive(Debug)]
struct Entry {
    address: IpAddr,
    since: Instant,
    visitor: Option<Visitor>,
    screens: TaskTracker,
    kill: CancellationToken,
    farewell: watch::Sender<Option<Farewell>>,
}

impl Entries {
    /// Tells whether there is room for a connection from this network. Who is refused here reads
    /// nothing of it: clients show only what they are told at the login.
    fn room_from(&self, network: Network, limits: ConnectionLimits) -> Result<(), Full> {
        let logging_in = self.by_id.values().filter(|entry| entry.visitor.is_none());
        let from_network = logging_in.filter(|entry| Network::of(entry.address) == network);

        if self.is_closing {
            Err(Full::Closing)
        } else if from_network.count() >= limits.from_network {
            Err(Full::Network)
        } else {
            Ok(())
        }
    }

    /// Tells whether there is room for a visitor from this network.
    fn room_for(
        &self,
        visitor: &Visitor,
        network: Network,
        limits: ConnectionLimits,
    ) -> Result<(), Full> {
        let mut total = 0;
        let mut with_key = 0;
        let mut from_network = 0;
        for entry in self.by_id.values() {
            let Some(other) = &entry.visitor else {
                continue;
            };
            total += 1;
            with_key += usize::from(visitor.key.is_some() && other.key == visitor.key);
            from_network += usize::from(Network::of(entry.address) == network);
        }

        if self.is_closing {
            Err(Full::Closing)
        } else if from_network >= limits.from_network {
            Err(Full::Network)
        } else if total >= limits.total {
            Err(Full::Shop)
        } else if with_key >= MOST_WITH_KEY {
            Err(Full::Key)
        } else {
            Ok(())
        }
    }

    /// Notes a connection that there is no room for.
    fn note_refusal(&mut self, room: Result<(), Full>) -> Result<(), Full> {
        self.refused += u64::from(room.is_err());
        room
    }

    /// The limits that these share.
    fn limits_of(&mut self, sharers: Sharers) -> Arc<VisitorLimits> {
        self.visitor_limits
            .retain(|_, limits| Arc::strong_count(limits) > 1 || !limits.are_whole());
        self.visitor_limits.entry(sharers).or_default().clone()
    }

    /// The connections on which somebody may still log in, the one that came first before others.
    fn logging_in(&self) -> impl Iterator<Item = &Entry> {
        self.by_id.values().filter(|entry| entry.is_logging_in())
    }
}

impl Entry {
    /// Tells whether somebody may still log in.
    fn is_logging_in(&self) -> bool {
        self.visitor.is_none() && !self.kill.is_cancelled()
    }

    /// The visit on this connection, where somebody has logged in.
    fn status(&self, session: u64) -> Option<VisitStatus> {
        let visitor = self.visitor.as_ref()?;
        Some(VisitStatus {
            session,
            name: visitor.grant.name.clone(),
            cart: visitor.grant.cart.to_string(),
            role: visitor.grant.role.to_string(),
            address: self.address,
            key: visitor.key.as_ref().map(|key| fingerprint(key).to_string()),
            screens: self.screens.len(),
            seconds: self.since.elapsed().as_secs(),
        })
    }
}

/// One open connection. It is counted until it is dropped.
#[derive(Debug)]
pub(super) struct Connection {
    all: Arc<Connections>,
    /// The number of the connection, for the log.
    pub(super) id: u64,
    /// The address that it comes from.
    pub(super) address: IpAddr,
    /// Ends the connection at once.
    pub(super) kill: CancellationToken,
    /// The screens and commands that run on it.
    pub(super) screens: TaskTracker,
    /// The number of screens and commands that have begun on it.
    begun: AtomicUsize,
    /// The pace at which its input is read.
    pub(super) pace: Arc<InputPace>,
    /// The limits of its visitor, once somebody has logged in.
    visitor_limits: OnceLock<Arc<VisitorLimits>>,
    /// The bytes that commands have printed and the visitor has not taken. All connections of one
    /// key share them, and guests none: one who reads nothing would keep the others from printing.
    held_output: OnceLock<Arc<AtomicUsize>>,
    farewell: watch::Receiver<Option<Farewell>>,
    _open: TaskTrackerToken,
}

impl Connections {
    pub(super) fn new(limits: ConnectionLimits) -> Arc<Connections> {
        Arc::new(Connections {
            limits,
            entries: Mutex::default(),
            open: TaskTracker::new(),
        })
    }

    /// Counts a new connection, where there is room for it. Those who never log in leave room:
    /// where too many have not yet, the one that has had the longest time is cut.
    pub(super) fn admit(self: &Arc<Connections>, address: IpAddr) -> Result<Arc<Connection>, Full> {
        let mut entries = self.lock();
        let room = entries.room_from(Network::of(address), self.limits);
        entries.note_refusal(room)?;

        if entries.logging_in().count() >= self.limits.total
            && let Some(slowest) = entries.logging_in().next()
        {
            slowest.kill.cancel();
        }

        let kill = CancellationToken::new();
        let screens = TaskTracker::new();
        let (farewell, farewells) = watch::channel(None);
        entries.last_id += 1;
        let id = entries.last_id;
        let entry = Entry {
            address,
            since: Instant::now(),
            visitor: None,
            screens: screens.clone(),
            kill: kill.clone(),
            farewell,
        };
        entries.by_id.insert(id, entry);

        Ok(Arc::new(Connection {
            all: self.clone(),
            id,
            address,
            kill,
            screens,
            begun: AtomicUsize::new(0),
            pace: Arc::default(),
            visitor_limits: OnceLock::new(),
            held_output: OnceLock::new(),
            farewell: farewells,
            _open: self.open.token(),
        }))
    }

    /// Takes no more connections, and asks everybody to leave. Who has not logged in yet is not
    /// asked.
    pub(super) fn close(&self) {
        let mut entries = self.lock();
        entries.is_closing = true;
        for entry in entries.by_id.values() {
            match entry.visitor {
                Some(_) => drop(entry.farewell.send_replace(Some(Farewell::Closing))),
                None => entry.kill.cancel(),
            }
        }
    }

    /// The keys of those who came by an invitation.
    pub(super) fn bound_keys(&self) -> Vec<Fingerprint> {
        let entries = self.lock();
        let visitors = entries
            .by_id
            .values()
            .filter_map(|entry| entry.visitor.as_ref());
        let bound = visitors.filter(|visitor| visitor.grant.is_bound);
        let keys: HashSet<Fingerprint> = bound
            .filter_map(|visitor| visitor.key.as_ref().map(fingerprint))
            .collect();
        keys.into_iter().collect()
    }

    /// Asks those to leave who are granted something else now than when they came.
    pub(super) fn review(&self, grant: impl Fn(&PublicKey, &Visitor) -> Option<Grant>) {
        let entries = self.lock();
        for entry in entries.by_id.values() {
            let Some(visitor) = &entry.visitor else {
                continue;
            };
            // Nothing about guests stands in a file.
            let Some(key) = &visitor.key else {
                continue;
            };
            if grant(key, visitor).as_ref() != Some(&visitor.grant) {
                entry.farewell.send_replace(Some(Farewell::KeyChanged));
            }
        }
    }

    /// The state of all, for whoever runs the server.
    pub(super) fn status(&self) -> Status {
        let entries = self.lock();
        let sessions = entries.by_id.iter();
        Status {
            sessions: sessions
                .filter_map(|(id, entry)| entry.status(*id))
                .collect(),
            logging_in: entries.logging_in().count(),
            most: self.limits.total,
            refused: entries.refused,
        }
    }

    /// Asks the visitor of this session to leave; returns whether there is one.
    pub(super) fn end(&self, session: u64) -> bool {
        let entries = self.lock();
        let entry = entries.by_id.get(&session);
        let Some(entry) = entry.filter(|entry| entry.visitor.is_some()) else {
            return false;
        };
        entry.farewell.send_replace(Some(Farewell::Ended));
        true
    }

    /// Ends all connections at once.
    pub(super) fn kill(&self) {
        for entry in self.lock().by_id.values() {
            entry.kill.cancel();
        }
    }

    /// Waits until no connection is open, after [`Connections::close`].
    pub(super) async fn all_gone(&self) {
        self.open.close();
        self.open.wait().await;
    }

    /// The lock is also good after a panic: none is held while anything is done that could panic.
    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    /// Notes who has logged in, where there is room for them.
    pub(super) fn log_in(&self, visitor: Visitor) -> Result<(), Full> {
        let mut entries = self.all.lock();
        let network = Network::of(self.address);
        let room = entries.room_for(&visitor, network, self.all.limits);
        entries.note_refusal(room)?;

        let limits = entries.limits_of(Sharers::of(&visitor, self.address));
        if visitor.key.is_some() {
            self.held_output.get_or_init(|| limits.held_output.clone());
        }
        self.visitor_limits.get_or_init(|| limits);
        if let Some(entry) = entries.by_id.get_mut(&self.id) {
            entry.visitor = Some(visitor);
        }
        Ok(())
    }

    /// Runs a screen or a command to its end.
    pub(super) fn run(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.screens.spawn(work);
    }

    /// The number of screens and commands that have begun, where somebody has logged in and none of
    /// them runs any more.
    pub(super) fn idle_after(&self) -> Option<usize> {
        let is_idle = self.screens.is_empty() && self.is_logged_in();
        is_idle.then(|| self.begun.load(Ordering::Relaxed))
    }

    /// The bytes that its commands have printed and nobody has taken.
    pub(super) fn held_output(&self) -> &Arc<AtomicUsize> {
        self.held_output.get_or_init(Arc::default)
    }

    /// The limits of its visitor.
    pub(super) fn visitor_limits(&self) -> &VisitorLimits {
        self.visitor_limits.get_or_init(Arc::default)
    }

    /// Tells whether somebody has logged in.
    pub(super) fn is_logged_in(&self) -> bool {
        let entries = self.all.lock();
        let entry = entries.by_id.get(&self.id);
        entry.is_some_and(|entry| entry.visitor.is_some())
    }

    /// Asks the visitor to leave.
    pub(super) fn ask_to_leave(&self, farewell: Farewell) {
        let entries = self.all.lock();
        if let Some(entry) = entries.by_id.get(&self.id) {
            entry.farewell.send_replace(Some(farewell));
        }
    }

    /// Why the visitor has to go, where that is so.
    pub(super) fn farewell(&self) -> Option<Farewell> {
        *self.farewell.borrow()
    }

    /// Waits until the visitor has to go.
    pub(super) async fn wait_for_farewell(&self) -> Farewell {
        let mut farewell = self.farewell.clone();
        let told = farewell.wait_for(Option::is_some).await;
        match told.map(|told| *told) {
            Ok(Some(farewell)) => farewell,
            // The sender lives as long as the connection.
            Ok(None) | Err(_) => std::future::pending().await,
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.all.lock().by_id.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::UserName;
    use crate::serve::identity::Role;

    const LIMITS: ConnectionLimits = ConnectionLimits {
        total: 30,
        from_network: 3,
    };

    fn from(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn visitor(key: Option<u8>) -> Visitor {
        let public = |byte| {
            let bytes = russh::keys::ssh_key::public::Ed25519PublicKey([byte; 32]);
            PublicKey::new(bytes.into(), "")
        };
        Visitor {
            key: key.map(public),
            user: "ann".to_owned(),
            grant: Grant {
                cart: UserName::parse("office").unwrap(),
                name: "ann".to_owned(),
                role: Role::Buyer,
                every_cart: false,
                is_bound: false,
            },
        }
    }

    #[test]
    fn a_network_has_its_share_and_no_more() {
        let all = Connections::new(LIMITS);
        for addresses in [
            ["10.0.0.1", "10.0.0.1", "::ffff:10.0.0.1", "10.0.0.1"],
            [
                "2001:db8::1",
                "2001:db8::2",
                "2001:db8:0:0:1::",
                "2001:db8::9",
            ],
        ] {
            let [first, second, third, one_too_many] = addresses.map(from);
            let held = [first, second, third].map(|address| all.admit(address).unwrap());
            assert_eq!(all.admit(one_too_many).unwrap_err(), Full::Network);
            drop(held);
            all.admit(one_too_many).unwrap();
        }
        let _near = all.admit(from("2001:db8:0:1::1")).unwrap();
        assert_eq!(all.open.len(), 1);
    }

    #[test]
    fn those_who_never_log_in_leave_room_for_others() {
        let all = Connections::new(LIMITS);
        let address = |n: usize| IpAddr::from([10, 0, 0, u8::try_from(n).unwrap()]);
        let silent: Vec<_> = (0..LIMITS.total)
            .map(|n| all.admit(address(n)).unwrap())
            .collect();
        silent[0].log_in(visitor(Some(1))).unwrap();

        let _last_with_room = all.admit(from("10.1.0.1")).unwrap();
        assert!(silent.iter().all(|one| !one.kill.is_cancelled()));
        let late = [2, 3].map(|n| all.admit(IpAddr::from([10, 1, 0, n])).unwrap());
        let are_cut: Vec<bool> = silent.iter().map(|one| one.kill.is_cancelled()).collect();
        assert_eq!(are_cut[..4], [false, true, true, false]);
        assert!(late.iter().all(|one| !one.kill.is_cancelled()));
    }

    #[test]
    fn a_key_and_the_shop_have_their_limits() {
        let all = Connections::new(LIMITS);
        let mut held = Vec::new();
        for n in 0..=u8::try_from(LIMITS.total).unwrap() {
            held.push(all.admit(IpAddr::from([10, 0, 0, n])).unwrap());
        }
        for connection in &held[..MOST_WITH_KEY] {
            connection.log_in(visitor(Some(1))).unwrap();
        }
        let next = &held[MOST_WITH_KEY];
        assert_eq!(next.log_in(visitor(Some(1))), Err(Full::Key));
        // Guests have no key that they could share.
        for connection in &held[MOST_WITH_KEY..LIMITS.total] {
            connection.log_in(visitor(None)).unwrap();
        }
        let last = held.last().unwrap();
        assert_eq!(last.log_in(visitor(Some(2))), Err(Full::Shop));
    }

    #[test]
    fn limits_go_by_the_key_and_those_of_guests_by_their_network() {
        let all = Connections::new(LIMITS);
        let visit = |address: &str, key: Option<u8>| {
            let connection = all.admit(from(address)).unwrap();
            connection.log_in(visitor(key)).unwrap();
            connection
        };
        let may_change =
            |connection: &Connection| connection.visitor_limits().changes.take().is_ok();
        let use_up = |connection: &Connection| while may_change(connection) {};

        let guest = visit("2001:db8::1", None);
        use_up(&guest);
        assert!(!may_change(&visit("2001:db8::2", None)));
        drop(guest);
        assert!(!may_change(&visit("2001:db8::3", None)));
        assert!(may_change(&visit("2001:db8:0:1::1", None)));

        // Keys count for themselves.
        let ann = visit("2001:db8::1", Some(1));
        assert!(may_change(&ann));
        use_up(&ann);
        let elsewhere = visit("10.0.0.1", Some(1));
        assert!(!may_change(&elsewhere));
        let turns = |connection: &Connection| {
            let turns = &connection.visitor_limits().turns;
            turns.clone().try_acquire_owned()
        };
        let taken = [turns(&ann).unwrap(), turns(&elsewhere).unwrap()];
        assert!(turns(&ann).is_err() && turns(&elsewhere).is_err());
        drop(taken);
        assert!(may_change(&visit("2001:db8::2", Some(2))));
        assert!(may_change(&visit("10.0.0.1", None)));
    }

    #[test]
    fn who_is_granted_something_else_has_to_go() {
        let all = Connections::new(LIMITS);
        let [kept, changed, removed, guest] = [1, 2, 3, 4].map(|n| {
            let connection = all.admit(IpAddr::from([10, 0, 0, n])).unwrap();
            let key = (n < 4).then_some(n);
            connection.log_in(visitor(key)).unwrap();
            connection
        });
        all.review(|key, visitor| {
            assert_eq!(visitor.user, "ann");
            let grant = visitor.grant.clone();
            match key.key_data().ed25519().unwrap().0[0] {
                1 => Some(grant),
                2 => Some(Grant {
                    role: Role::Shopper,
                    ..grant
                }),
                _ => None,
            }
        });
        let told = |connection: &Connection| connection.farewell();
        assert_eq!(told(&kept), None);
        assert_eq!(told(&guest), None);
        assert_eq!(told(&changed), Some(Farewell::KeyChanged));
        assert_eq!(told(&removed), Some(Farewell::KeyChanged));

        all.close();
        assert_eq!(told(&kept), Some(Farewell::Closing));
        assert_eq!(all.admit(from("10.0.1.1")).unwrap_err(), Full::Closing);
    }
}
