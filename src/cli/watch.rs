//! `trolley watch`

use super::{CliError, connect};
use crate::cli::output::Output;
use crate::config::Settings;
use crate::model::timeline::{Timeline, TimelineEvent};
use crate::model::{ChangeKind, Deadline, LineChange, Update};
use crate::store;
use crate::store::live;
use crate::store::live::{LiveEvent, LiveRequest};
use crate::store::{Address, Trouble};
use crate::tui::alarm;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rustix::event::{PollFd, PollFlags, poll};
use serde_json::{Value, json};
use std::io::{self, Write};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// How often the log is tried again where the link breaks, and the pause before that.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(50);

/// Events that wait to be written.
const WAITING: usize = 64;

/// Writes one line for each update of the cart, until it is ended or nobody reads any more.
pub async fn run(settings: &Settings, output: &Output) -> Result<(), CliError> {
    // Says at once where there is no shop.
    connect::open_shop(settings).await?;
    let address = settings.server.open()?;
    let (requests, asked) = mpsc::channel(1);
    let (told, mut events) = mpsc::channel(WAITING);
    tokio::spawn(live::run(
        address.clone(),
        settings.user.clone(),
        settings.policy.clone(),
        // A script that looks on is nobody who shops.
        None,
        asked,
        told,
    ));
    let mut watch = Watch {
        address,
        settings,
        json: output.is_json(),
        timeline: Timeline::default(),
        is_up: false,
        has_been_up: false,
        over: None,
    };
    let mut unread = unread();
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Some(event) => watch.take(event).await?,
                None => break,
            },
            () = alarm::at(watch.over) => {
                watch.over = None;
                // At zero the cart is read again: the server alone says that it has expired.
                // Where the link is full or down, it is read without being asked.
                let _ = requests.try_send(LiveRequest::Reread);
            }
            _ = &mut unread => break,
        }
    }
    drop(requests);
    Ok(())
}

/// Ends when nobody can read our output any more: a pipe's other end shows that by itself,
/// while writing would find it at the next update only.
fn unread() -> oneshot::Receiver<()> {
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        let out = io::stdout();
        // Asked for nothing, it still tells of an error.
        while poll(&mut [PollFd::new(&out, PollFlags::empty())], None)
            .is_err_and(|e| e == rustix::io::Errno::INTR)
        {}
        let _ = sender.send(());
    });
    receiver
}

struct Watch<'a> {
    address: Address,
    settings: &'a Settings,
    json: bool,
    timeline: Timeline,
    is_up: bool,
    has_been_up: bool,
    /// When the cart expires.
    over: Option<Instant>,
}

impl Watch<'_> {
    async fn take(&mut self, event: LiveEvent) -> Result<(), CliError> {
        match event {
            LiveEvent::Cart(cart) => {
                self.has_been_up = true;
                if !std::mem::replace(&mut self.is_up, true) {
                    self.up(cart.version)?;
                }
                if self.timeline.found(cart.version) {
                    self.fill(cart.version).await?;
                }
                if let Some(told) = self.timeline.read(&cart) {
                    self.tell(&told)?;
                }
                self.wait_for(cart.deadline);
            }
            LiveEvent::Update(update) => {
                if self.timeline.misses(&update) {
                    self.fill(update.version - 1).await?;
                }
                self.wait_for(update.deadline);
                for told in self.timeline.next(update) {
                    self.tell(&told)?;
                }
            }
            // Waiting mends neither an address nor a right.
            LiveEvent::Down(trouble) if !self.has_been_up && trouble.is_access_error() => {
                return Err(trouble.into());
            }
            LiveEvent::Unreadable(trouble) if !self.has_been_up => return Err(trouble.into()),
            LiveEvent::Down(trouble) if self.is_up => {
                self.is_up = false;
                self.down(&trouble)?;
            }
            LiveEvent::Unreadable(trouble) => self.down(&trouble)?,
            _ => {}
        }
        Ok(())
    }

    /// Notes when the cart expires: a moment later it is gone.
    fn wait_for(&mut self, deadline: Deadline) {
        self.over = deadline
            .left_when_told()
            .map(|left| Instant::now() + Duration::from_millis(left + 1));
    }

    /// Tells from the cart's log what was missed.
    async fn fill(&mut self, until: u64) -> Result<(), CliError> {
        let read = || async {
            let mut connection = store::connect(&self.address).await?;
            store::get_log(&mut connection, &self.settings.user).await
        };
        let mut log = read().await;
        for _ in 0..TRIES {
            if log.is_ok() {
                break;
            }
            tokio::time::sleep(PAUSE).await;
            log = read().await;
        }
        // Where the link stays broken, the hole is named, not hidden.
        for told in self.timeline.log(log.unwrap_or_default(), until) {
            self.tell(&told)?;
        }
        Ok(())
    }

    fn tell(&self, told: &TimelineEvent) -> io::Result<()> {
        let line = match (told, self.json) {
            (TimelineEvent::Update(update), true) => update_json(update).to_string(),
            (TimelineEvent::Update(update), false) => update_line(update),
            (TimelineEvent::Gap { from, to, harmless }, true) => {
                json!({ "event": "gap", "from": from, "to": to, "harmless": harmless }).to_string()
            }
            (TimelineEvent::Foreign { version, at, lines }, true) => {
                json!({ "event": "foreign", "version": version, "at": at, "changes": changes_json(lines) })
                    .to_string()
            }
            (TimelineEvent::Foreign { version, at, lines }, false) => {
                format!("{} #{version} another client: {}", clock(*at), changes(lines))
            }
            (TimelineEvent::Expired { version, at }, true) => {
                json!({ "event": "expired", "version": version, "at": at }).to_string()
            }
            (TimelineEvent::Expired { version, at }, false) => {
                format!("{} #{version} the session timed out: the cart is empty", clock(*at))
            }
            (TimelineEvent::Gap { from, to, harmless: true }, false) => format!("#{from} to #{to} changed no line"),
            (TimelineEvent::Gap { from, to, .. }, false) => {
                format!("#{from} to #{to} were missed, and the log no longer has them")
            }
        };
        print(&line)
    }

    fn up(&self, version: u64) -> io::Result<()> {
        if self.json {
            return print(&json!({ "event": "up", "version": version }).to_string());
        }
        complain(&format!("watching the cart of {}", self.settings.user))
    }

    fn down(&self, trouble: &Trouble) -> io::Result<()> {
        let said = trouble.to_string();
        if self.json {
            return print(
                &json!({ "event": "down", "code": trouble.code(), "message": said }).to_string(),
            );
        }
        complain(&format!("{said}; trying again"))
    }
}

/// One line, at once.
fn print(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// News of the link, for people.
fn complain(line: &str) -> io::Result<()> {
    writeln!(io::stderr(), "trolley: {line}")
}

fn update_json(update: &Update) -> Value {
    json!({
        "event": "update",
        "version": update.version,
        "at": update.deadline.told_at,
        "by": update.by,
        "kind": update.kind.name(),
        "op_id": update.op.as_str(),
        "changes": changes_json(&update.lines),
        "lines": update.count,
        "expires_at": update.deadline.at,
    })
}

fn changes_json(lines: &[LineChange]) -> Value {
    let lines = lines.iter().map(
        |line| json!({ "product": line.product.to_string(), "quantity": line.quantity, "delta": line.delta }),
    );
    lines.collect()
}

fn changes(lines: &[LineChange]) -> String {
    let lines = lines.iter().map(|line| match line.quantity {
        0 => format!("{} gone", line.product),
        now => format!("{} {:+}, now {now}", line.product, line.delta),
    });
    lines.collect::<Vec<_>>().join("; ")
}

/// A time of the day, to the second.
fn clock(ms: u64) -> String {
    let at = i64::try_from(ms)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok());
    TimeZone::system()
        .to_datetime(at.unwrap_or_default())
        .strftime("%H:%M:%S")
        .to_string()
}

fn update_line(update: &Update) -> String {
    let at = clock(update.deadline.told_at);
    let changes = changes(&update.lines);
    let kind = match update.kind {
        ChangeKind::Edit => String::new(),
        kind => format!("{}: ", kind.name()),
    };
    format!("{at} #{} {}  {kind}{changes}", update.version, update.by)
        .trim_end()
        .to_owned()
}
