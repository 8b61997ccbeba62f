//! Clients that keep changing one cart, and the sums that must agree whatever breaks.

use super::Headless;
use super::patience::{Deadline, answered};
use super::shopping::{connect, named};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::runtime::{Builder, Handle};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, block_in_place};
use trolley::model::shares::Share;
use trolley::model::{
    Cart, Change, ChangeKind, Edit, Notes, OpId, Product, Refusal, Update, UserName,
};
use trolley::store;
use trolley::store::{Address, Connection, Error, Policy, Trouble};
use trolley::tui::state::State;

/// The pause between two readings of a log that is read again and again.
const READING_PAUSE: Duration = Duration::from_millis(20);

/// How many products there must be: p00, p01 ...
pub const PRODUCTS: u64 = 12;

/// All products of the shop.
pub async fn products(address: &Address) -> Vec<Product> {
    let mut direct = connect(address).await;
    answered("the catalog", async || {
        store::get_catalog(&mut direct).await
    })
    .await
    .iter()
    .map(|item| item.to_product())
    .collect()
}

/// A small generator with a seed, so that a failure can be replayed.
pub struct Random(pub u64);

impl Random {
    /// A number below `most`.
    pub fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}

/// What one client did, and how it ended.
#[derive(Default)]
struct Account {
    /// Changes that were confirmed.
    answers: HashMap<OpId, Update>,
    /// Changes that a rule refused.
    refused: Vec<(OpId, Refusal)>,
    /// Changes that were given up before they could be sent: the server of their product stayed
    /// away.
    given_up: Vec<(OpId, Trouble)>,
    /// Updates that came in.
    seen: Vec<Update>,
    unsettled: Vec<Change>,
}

/// Clients at work on the cart of alice.
pub struct Load {
    tasks: Vec<JoinHandle<(Account, Headless)>>,
    counts: Arc<Counts>,
    /// Those who change nothing and look on, until this is notified.
    onlookers: Vec<JoinHandle<(Account, Headless)>>,
    /// What reads the cart's own log all the time, where that is wanted.
    log: Option<LogReader>,
    is_over: Arc<Notify>,
}

/// What clients have done.
#[derive(Default)]
struct Counts {
    changes: AtomicU64,
    kills: AtomicU64,
}

impl Load {
    /// A client at each address, each with a seed of its own and so many changes to make.
    pub fn start(
        addresses: Vec<Address>,
        policy: &Policy,
        seed: u64,
        changes: u64,
        products: Vec<Product>,
    ) -> Load {
        let (counts, products) = (Arc::<Counts>::default(), Arc::new(products));
        let tasks = addresses.into_iter().zip(seed..).map(|(address, seed)| {
            tokio::spawn(client(
                address,
                policy.clone(),
                seed,
                changes,
                products.clone(),
                counts.clone(),
            ))
        });
        Load {
            tasks: tasks.collect(),
            counts,
            onlookers: Vec::new(),
            log: None,
            is_over: Arc::default(),
        }
    }

    /// Has somebody look on who changes nothing, so that others may who keep no account.
    pub fn look_on(&mut self, address: Address, products: Vec<Product>) {
        let is_over = self.is_over.clone();
        self.onlookers.push(tokio::spawn(async move {
            let policy = named("an onlooker");
            let terminal = Headless::at(&address, "alice", policy, &products);
            let mut terminal = terminal.opened().await;
            let over = is_over.notified();
            tokio::pin!(over);
            loop {
                tokio::select! {
                    () = &mut over => return (Account::default(), terminal),
                    () = terminal.step() => {}
                }
            }
        }));
    }

    /// Has the cart's log read from now on. Whoever comes back after a fault of the server is told only
    /// of the last hundred changes, and those who keep no account may have made more before that.
    pub fn read_log(&mut self, address: Address) {
        self.log = Some(LogReader::start(address));
    }

    /// How many changes have been made.
    pub fn changes(&self) -> u64 {
        self.counts.changes.load(Ordering::Relaxed)
    }

    /// Waits until all have made their changes.
    pub async fn made(self) -> Made {
        let mut made = Made {
            accounts: Vec::new(),
            terminals: Vec::new(),
            kills: 0,
        };
        let mut ended = Vec::new();
        for task in self.tasks {
            ended.push(task.await.unwrap());
        }
        for onlooker in self.onlookers {
            self.is_over.notify_one();
            ended.push(onlooker.await.unwrap());
        }
        for (account, terminal) in ended {
            made.accounts.push(account);
            made.terminals.push(terminal);
        }
        // It has no terminal, and so comes behind all that have one.
        made.accounts.push(Account {
            seen: self.log.map(LogReader::end).unwrap_or_default(),
            ..Account::default()
        });
        made.kills = self.counts.kills.load(Ordering::Relaxed);
        made
    }
}

/// Reads the cart's log again and again. That has a thread of its own: a log is short, and on a busy
/// machine many clients may have their turn before.
struct LogReader {
    thread: std::thread::JoinHandle<BTreeMap<u64, Update>>,
    is_over: Arc<AtomicBool>,
}

impl LogReader {
    fn start(address: Address) -> LogReader {
        let is_over = Arc::<AtomicBool>::default();
        let over = is_over.clone();
        let thread = std::thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(read_log(&address, &over))
        });
        LogReader { thread, is_over }
    }

    /// All changes that the log has told of.
    fn end(self) -> Vec<Update> {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap().into_values().collect()
    }
}

async fn read_log(address: &Address, is_over: &AtomicBool) -> BTreeMap<u64, Update> {
    let mut told = BTreeMap::new();
    let mut direct = connect(address).await;
    while !is_over.load(Ordering::Relaxed) {
        match store::get_log(&mut direct, &alice()).await {
            Ok(log) => told.extend(log.into_iter().map(|update| (update.version, update))),
            // The server has fallen.
            Err(_) => direct = connect(address).await,
        }
        tokio::time::sleep(READING_PAUSE).await;
    }
    told
}

/// What clients have made.
pub struct Made {
    accounts: Vec<Account>,
    /// Those that were not killed.
    pub terminals: Vec<Headless>,
    /// How many were.
    pub kills: u64,
}

impl Made {
    /// Waits until all is calm, asks again for what is still open, and checks the sums; returns
    /// them, and the cart.
    pub async fn settle(&mut self, address: &Address, seen: Seen) -> (Sums, Cart) {
        let mut direct = connect(address).await;
        for (account, terminal) in self.accounts.iter_mut().zip(&mut self.terminals) {
            terminal.calm().await;
            account.settle(terminal);
            // What one notes is theirs, whoever asks for it.
            let own = named(&terminal.state.env.me);
            let mut own = connect(address).await.with_policy(own);
            account.ask_again(&mut own).await;
        }
        // What others did last may still wait to be heard by those who are done, or even be made: a
        // shop by SSH ends what somebody began whose link was cut.
        let deadline = Deadline::start();
        let truth = loop {
            let truth = cart_of(&mut direct, &alice()).await;
            for (account, terminal) in self.accounts.iter_mut().zip(&mut self.terminals) {
                hear_last(terminal, &truth).await;
                account.settle(terminal);
            }
            if cart_of(&mut direct, &alice()).await.version == truth.version {
                break truth;
            }
            deadline.check("a cart that nobody changes any more");
        };
        (agree(&self.accounts, &truth, seen), truth)
    }
}

/// Whose cart it is.
fn alice() -> UserName {
    UserName::parse("alice").unwrap()
}

/// Keeps changing the cart; every now and then it is killed, and another takes its place and asks
/// again for what it left open.
async fn client(
    address: Address,
    policy: Policy,
    seed: u64,
    changes: u64,
    products: Arc<Vec<Product>>,
    counts: Arc<Counts>,
) -> (Account, Headless) {
    let mut random = Random(seed);
    let mut account = Account::default();
    let policy = || Policy {
        by: format!("client {seed}"),
        ..policy.clone()
    };
    let terminal = Headless::at(&address, "alice", policy(), &products);
    let mut terminal = terminal.opened().await;
    // Who has a user of their own may use one cart alone.
    let may_switch = !address.to_string().contains("user=");
    for made in 0..changes {
        terminal.select(usize::try_from(random.below(PRODUCTS)).unwrap());
        let key = [
            "a", "a", "a", "+", "-", "d", "u", "ctrl-r", "note", "ready", "take", "again",
        ][usize::try_from(random.below(12)).unwrap()];
        match key {
            "again" => {
                let first = usize::try_from(random.below(PRODUCTS)).unwrap();
                let edits = (first..first + 3)
                    .map(|n| &products[n % usize::try_from(PRODUCTS).unwrap()])
                    .map(|product| Edit::Add {
                        product: product.id.clone(),
                        quantity: 2,
                        price: product.price,
                    });
                terminal.submit(ChangeKind::Edit, edits.collect());
            }
            "take" => {
                let product = usize::try_from(random.below(PRODUCTS)).unwrap();
                let edits = [product, (product + 1) % usize::try_from(PRODUCTS).unwrap()]
                    .map(|product| taken_from_friends(&products[product], &mut random));
                terminal.submit(ChangeKind::Edit, edits.into());
            }
            "note" => {
                let product = usize::try_from(random.below(PRODUCTS)).unwrap();
                let product = products[product].id.clone();
                let text = match random.below(4) {
                    0 => String::new(),
                    _ => format!("{made} by client {seed}"),
                };
                let edit = Edit::Note {
                    product: Some(product).filter(|_| random.below(4) > 0),
                    text,
                    replaced: None,
                };
                terminal.submit(ChangeKind::Edit, vec![edit]);
            }
            "ready" => {
                let kinds = [ChangeKind::Ready, ChangeKind::Ready, ChangeKind::Unready];
                let kind = kinds[usize::try_from(random.below(3)).unwrap()];
                terminal.submit(kind, Vec::new());
            }
            key => {
                if matches!(key, "a" | "-") {
                    terminal.key(&(1 + random.below(9)).to_string());
                }
                terminal.key(key);
            }
        }
        counts.changes.fetch_add(1, Ordering::Relaxed);
        terminal
            .until("the answers to what was asked", |state| {
                state.cart.unconfirmed.len() <= 6
            })
            .await;
        if may_switch && random.below(changes) < 2 {
            terminal.calm().await;
            account.settle(&mut terminal);
            terminal.go_to("elsewhere").await;
            terminal.key("a");
            terminal.calm().await;
            terminal.go_to("alice").await;
            // What was done there is of no account here.
            terminal.sent.clear();
            terminal.settled.clear();
            terminal.seen.clear();
        }
        if random.below(changes) == 0 && made + 1 < changes {
            counts.kills.fetch_add(1, Ordering::Relaxed);
            account.settle(&mut terminal);
            let new = Headless::at(&address, "alice", policy(), &products);
            terminal = new.opened().await;
            // A cart does not remember changes for ever. This asking stays on its thread.
            let mut own = connect(&address).await.with_policy(policy());
            let asking = account.ask_again(&mut own);
            block_in_place(|| Handle::current().block_on(asking));
        }
    }
    (account, terminal)
}

/// A line that comes from another cart, with some pieces of a friend's.
fn taken_from_friends(product: &Product, random: &mut Random) -> Edit {
    let pieces = 1 + u32::try_from(random.below(4)).unwrap();
    Edit::Restore {
        product: product.id.clone(),
        quantity: pieces + u32::try_from(random.below(3)).unwrap(),
        price: product.price,
        shares: vec![Share {
            by: format!("friend {}", random.below(3)),
            pieces,
        }],
        place: None,
        notes: Vec::new(),
    }
}

impl Account {
    /// Takes over what a terminal knows.
    fn settle(&mut self, terminal: &mut Headless) {
        let mut open: Vec<Change> = std::mem::take(&mut terminal.sent);
        for (op, outcome) in terminal.settled.drain(..) {
            if matches!(outcome, Err(Error::Unknown { .. })) {
                continue;
            }
            open.retain(|change| change.op != op);
            match outcome {
                Ok(update) => drop(self.answers.insert(op, update)),
                Err(Error::Refused(refusal)) => self.refused.push((op, refusal)),
                Err(Error::Trouble(trouble)) => self.given_up.push((op, trouble)),
                Err(other) => panic!("{op}: {other}"),
            }
        }
        self.seen.append(&mut terminal.seen);
        self.unsettled.append(&mut open);
    }

    /// Asks again, by its op id, for what was left open.
    async fn ask_again(&mut self, own: &mut Connection) {
        let alice = alice();
        for change in std::mem::take(&mut self.unsettled) {
            match apply(own, &alice, &change).await {
                Ok(update) => drop(self.answers.insert(change.op, update)),
                Err(refusal) => self.refused.push((change.op, refusal)),
            }
        }
    }
}

/// The cart as the server has it, once the server has got over all faults.
async fn cart_of(direct: &mut Connection, user: &UserName) -> Cart {
    answered("the cart", async || {
        store::get_cart_items(direct, user).await
    })
    .await
}

/// Applies a change until it is known how that ended: its op id makes it one change.
async fn apply(
    direct: &mut Connection,
    user: &UserName,
    change: &Change,
) -> Result<Update, Refusal> {
    answered("the outcome of a change", async || {
        match direct.apply(user, change).await {
            Ok(update) => Ok(Ok(update)),
            Err(Error::Refused(refusal)) => Ok(Err(refusal)),
            Err(error) => Err(error),
        }
    })
    .await
}

/// What the sums say.
pub struct Sums {
    confirmed: usize,
    refused: usize,
    /// Changes of others, of whom no account is kept.
    of_others: usize,
    /// Versions of which neither a screen nor, after a fault, the cart's log told.
    pub lost: usize,
    /// Changes applied more than once.
    pub doubled: usize,
}

impl Sums {
    /// Prints the table of a torture.
    pub fn print(&self, faults: u64, stale: usize, screens: usize) {
        println!("changes tried      {:>6}", self.confirmed + self.refused);
        println!("  applied          {:>6}", self.confirmed);
        println!("  refused by rule  {:>6}", self.refused);
        println!("changes of others  {:>6}", self.of_others);
        println!("faults caused      {faults:>6}");
        println!("changes lost       {:>6}", self.lost);
        println!("changes doubled    {:>6}", self.doubled);
        println!("stale screens      {stale:>6}  of {screens}");
    }
}

/// Whether what a terminal was told of others' changes counts as history. It does not where
/// a master fell: some of them may have gone with it before anybody's was confirmed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    Counts,
    MayBeLost,
}

/// Checks that each version is one change of one op, and that together they are the cart.
fn agree(accounts: &[Account], truth: &Cart, seen: Seen) -> Sums {
    let mut history: BTreeMap<u64, Update> = BTreeMap::new();
    let answers = accounts.iter().flat_map(|account| account.answers.values());
    let seen = accounts
        .iter()
        .flat_map(|account| &account.seen)
        .filter(|_| seen == Seen::Counts);
    for update in answers.chain(seen) {
        let known = history
            .entry(update.version)
            .or_insert_with(|| update.clone());
        assert_eq!(known, update, "two changes of one version");
    }
    let (first, last) = (
        *history.keys().next().unwrap(),
        *history.keys().last().unwrap(),
    );
    assert_eq!(last, truth.version);
    let untold: Vec<u64> = (first..=last)
        .filter(|version| !history.contains_key(version))
        .collect();
    for version in &untold {
        tell_of_untold(accounts, *version);
    }
    let lost = untold.len();
    assert_eq!(lost, 0, "versions that nobody was told of: {untold:?}");
    let mut ops: HashMap<&OpId, u32> = HashMap::new();
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    let mut shares = PersonPieces::new();
    let mut notes = Notes::default();
    let mut ready: Vec<String> = Vec::new();
    for update in history.values() {
        follow_shares(&mut shares, update);
        follow_notes(&mut notes, update);
        follow_ready(&mut ready, update);
        *ops.entry(&update.op).or_default() += 1;
        for line in &update.lines {
            let sum = sums.entry(line.product.to_string()).or_default();
            *sum += line.delta;
            assert_eq!(
                *sum,
                i64::from(line.quantity),
                "version {} is not explained",
                update.version
            );
        }
    }
    let doubled = ops.values().filter(|times| **times > 1).count();
    for (op, refusal) in accounts.iter().flat_map(|account| &account.refused) {
        let mut applied = history.values().filter(|update| update.op == *op);
        if let Some(update) = applied.next() {
            let version = update.version;
            panic!("{op} was applied as {version} of {first} to {last}, and refused: {refusal}");
        }
        assert_ne!(*refusal, Refusal::Forgotten);
    }
    for (op, trouble) in accounts.iter().flat_map(|account| &account.given_up) {
        assert!(
            !ops.contains_key(op),
            "{op} was applied and given up: {trouble}"
        );
    }
    assert!(
        accounts
            .iter()
            .flat_map(|account| account.answers.keys())
            .all(|op| ops.contains_key(op))
    );
    sums.retain(|_, sum| *sum != 0);
    let held: BTreeMap<String, i64> = truth
        .lines
        .iter()
        .map(|line| {
            (
                line.product.to_string(),
                i64::from(line.quantity.whole().unwrap()),
            )
        })
        .collect();
    assert_eq!(sums, held);
    let of_lines = truth.lines.iter().flat_map(|line| {
        let shares = line.shares.iter();
        shares.map(|share| {
            let of = (line.product.to_string(), share.by.clone());
            (of, i64::from(share.pieces))
        })
    });
    assert_eq!(shares, of_lines.collect());
    assert_eq!(notes, truth.notes);
    assert_eq!(ready, truth.ready);
    let confirmed: usize = accounts.iter().map(|account| account.answers.len()).sum();
    let known = accounts.iter().flat_map(|account| account.answers.values());
    let known: HashSet<u64> = known.map(|update| update.version).collect();
    let refused = accounts.iter().map(|account| account.refused.len()).sum();
    Sums {
        confirmed,
        refused,
        of_others: history.len() - known.len(),
        lost,
        doubled,
    }
}

/// Prints what anybody saw of a version that nobody was told of, and how those changes ended.
fn tell_of_untold(accounts: &[Account], version: u64) {
    let seen = accounts.iter().flat_map(|account| &account.seen);
    let seen: HashSet<_> = seen
        .filter(|update| update.version == version)
        .map(|update| (&update.op, format!("{update:?}")))
        .collect();
    println!("version {version}: {} seen", seen.len());
    for (op, update) in seen {
        println!("  {update}");
        for account in accounts {
            let answer = account.answers.get(op);
            let refusal = account.refused.iter().find(|(refused, _)| refused == op);
            let given_up = account.given_up.iter().find(|(given, _)| given == op);
            if answer.is_some() || refusal.is_some() || given_up.is_some() {
                println!("  its end: {answer:?}, {refusal:?}, {given_up:?}");
            }
        }
    }
}

/// The pieces of each product that a person has.
type PersonPieces = BTreeMap<(String, String), i64>;

/// Follows whose the pieces are from one update to the next.
fn follow_shares(pieces: &mut PersonPieces, update: &Update) {
    for line in &update.lines {
        let product = line.product.to_string();
        let sign = line.delta.signum();
        let mut own = line.delta;
        for share in &line.taken {
            let of_other = sign * i64::from(share.pieces);
            *pieces
                .entry((product.clone(), share.by.clone()))
                .or_default() += of_other;
            own -= of_other;
        }
        *pieces.entry((product, update.by.clone())).or_default() += own;
    }
    let version = update.version;
    assert!(pieces.values().all(|pieces| *pieces >= 0), "{version}");
    pieces.retain(|_, pieces| *pieces > 0);
}

/// Follows what is noted from one update to the next, and checks that each note is its author's.
fn follow_notes(notes: &mut Notes, update: &Update) {
    for note in &update.notes {
        let product = note.product.as_ref();
        let known = notes.text(product, &note.by);
        assert_eq!(known, note.before, "version {}", update.version);
        let is_authors = note.text.is_empty() || note.text.ends_with(&format!(" by {}", note.by));
        assert!(product.is_none() || is_authors, "{note:?}");
        notes.set(product, &note.by, &note.text);
    }
    if update.count == 0 {
        assert_eq!(*notes, Notes::default(), "version {}", update.version);
    }
}

/// Follows who is ready from one update to the next.
fn follow_ready(ready: &mut Vec<String>, update: &Update) {
    match update.kind {
        ChangeKind::Ready if !ready.contains(&update.by) => ready.push(update.by.clone()),
        ChangeKind::Ready | ChangeKind::Touch | ChangeKind::Expire => {}
        _ => ready.retain(|name| *name != update.by),
    }
    if update.count == 0 {
        ready.clear();
    }
}

/// Has a terminal hear all up to this cart's version.
async fn hear_last(terminal: &mut Headless, truth: &Cart) {
    let what = format!("the last version, {}", truth.version);
    let test = |state: &State| state.cart.confirmed.version >= truth.version;
    terminal.until(&what, test).await;
}

/// How many terminals don't come to hold this cart.
pub async fn stale(terminals: &mut [Headless], truth: &Cart) -> usize {
    let lines = |cart: &Cart| {
        let lines = cart.lines.iter();
        let lines: Vec<_> = lines
            .map(|l| (l.product.clone(), l.quantity.clone(), l.shares.clone()))
            .collect();
        (lines, cart.ready.clone(), cart.notes.clone())
    };
    let mut stale = 0;
    for terminal in terminals {
        hear_last(terminal, truth).await;
        stale += usize::from(lines(terminal.cart()) != lines(truth));
    }
    stale
}

/// Adds one piece again and again, while `goes_on` says so of how often it was done; returns the
/// terminal when all are settled.
pub async fn adder(
    url: String,
    number: usize,
    goes_on: impl Fn(usize) -> bool,
    products: Arc<Vec<Product>>,
    confirm_replicas: u32,
) -> Headless {
    let policy = Policy {
        by: format!("client {number}"),
        confirm_replicas,
        ..roomy()
    };
    let terminal = Headless::open(&url, "alice", policy, &products);
    let mut terminal = terminal.opened().await;
    for made in (0..).take_while(|&made| goes_on(made)) {
        terminal.select((number + made) % products.len());
        terminal.key("a");
        terminal
            .until("the answers to what was asked", |state| {
                state.cart.unconfirmed.len() <= 4
            })
            .await;
    }
    terminal.calm().await;
    terminal
}

fn roomy() -> Policy {
    Policy {
        line_limit: 999_999,
        ..Policy::default()
    }
}

/// After a master fell under adders: no screen may be stale, no change may be there twice.
/// Returns how many confirmed changes fell with the master.
pub async fn fallen(address: &str, terminals: &mut [Headless]) -> u64 {
    let alice = alice();
    let address = Address::parse(address).unwrap();
    let mut direct = connect(&address).await.with_policy(roomy());
    let truth = cart_of(&mut direct, &alice).await;
    assert_eq!(stale(terminals, &truth).await, 0);
    // Asked again, what is there changes nothing, and what has fallen is done now.
    let mut confirmed = 0;
    for terminal in terminals {
        assert!(terminal.downs > 0, "the master fell when all was done");
        assert!(terminal.settled.iter().all(|(_, outcome)| outcome.is_ok()));
        for change in &terminal.sent {
            apply(&mut direct, &alice, change).await.unwrap();
            confirmed += 1;
        }
    }
    let whole = cart_of(&mut direct, &alice).await;
    assert_eq!(whole.pieces(), confirmed, "changes were applied twice");
    let fell = confirmed - truth.pieces();
    println!("confirmed changes  {confirmed}");
    println!("  that fell        {fell:>4}");
    fell
}
