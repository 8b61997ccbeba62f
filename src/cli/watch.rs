//! `trolley watch`

mod names;
mod printer;

use super::connect;
use super::error::CliError;
use super::output::Output;
use crate::config::Settings;
use crate::model::timeline::{Timeline, TimelineEvent};
use crate::model::{Cart, Deadline, Update, UpdateFit};
use crate::store::live::{self, LiveEvent, LiveRequest, Subscription};
use crate::store::{self, Address, Error};
use crate::tui::runtime::alarm;
use names::ShopNames;
use printer::EventPrinter;
use rustix::event::{PollFd, PollFlags, poll};
use std::io;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// The attempts to read the cart's log while the connection keeps breaking.
const LOG_ATTEMPTS: u32 = 21;
/// The pause between two of them.
const LOG_PAUSE: Duration = Duration::from_millis(50);

/// Prints a line for each update of the cart, until it is ended or nobody reads any more.
pub(super) async fn run(settings: &Settings, output: &Output) -> Result<(), CliError> {
    let address = connect::find_shop(settings).await?;

    // A script that watches is not shown among those who shop.
    let policy = settings.policy.clone();
    let (_, live) = live::open(address.clone(), &settings.user, policy, None);
    tokio::select! {
        ended = follow(address, live, settings, output) => ended,
        _ = reader_gone() => Ok(()),
    }
}

/// Prints a line for each update that is told.
pub(super) async fn follow(
    address: Address,
    mut live: Subscription,
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    let mut watch = CartWatch::new(address, settings, output);
    loop {
        // What nobody reads is not kept: the cart is read again then.
        output.wait_until_sent().await;
        tokio::select! {
            event = live.next() => match event {
                Some(event) => watch.handle(event).await?,
                None => break,
            },
            () = alarm::at(watch.expires) => {
                watch.expires = None;
                // At zero the cart is read again: only the server says that it has expired.
                // Where the connection is down, it is read anyway.
                live.request(LiveRequest::Reread);
            }
        }
    }
    Ok(())
}

/// Ends when nobody can read our output any more. Polling a pipe shows that at once, while
/// writing would find it only at the next update.
fn reader_gone() -> oneshot::Receiver<()> {
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        let out = io::stdout();
        // Without any flag, it waits for an error alone.
        while poll(&mut [PollFd::new(&out, PollFlags::empty())], None)
            .is_err_and(|error| error == rustix::io::Errno::INTR)
        {}
        let _ = sender.send(());
    });
    receiver
}

/// A cart that is watched.
struct CartWatch<'a> {
    address: Address,
    settings: &'a Settings,
    printer: EventPrinter,
    names: ShopNames,
    timeline: Timeline,
    /// The cart as it was told last; `None` where an update did not tell all that it changed, until
    /// the cart is read again.
    cart: Option<Cart>,
    is_up: bool,
    has_been_up: bool,
    /// The moment at which the cart expires.
    expires: Option<Instant>,
}

impl<'a> CartWatch<'a> {
    fn new(address: Address, settings: &'a Settings, output: &Output) -> CartWatch<'a> {
        CartWatch {
            names: ShopNames::new(&address),
            address,
            settings,
            printer: EventPrinter::new(settings, output),
            timeline: Timeline::default(),
            cart: None,
            is_up: false,
            has_been_up: false,
            expires: None,
        }
    }

    async fn handle(&mut self, event: LiveEvent) -> Result<(), CliError> {
        match event {
            LiveEvent::Cart(cart) => self.handle_cart(&cart).await?,
            LiveEvent::Update(update) => self.handle_update(update).await?,

            // Neither a wrong address nor a missing right goes away by waiting.
            LiveEvent::Down(trouble) if !self.has_been_up && trouble.is_access_error() => {
                return Err(trouble.into());
            }
            LiveEvent::Unreadable(trouble) if !self.has_been_up => return Err(trouble.into()),
            LiveEvent::Down(trouble) | LiveEvent::Unreadable(trouble) => {
                if std::mem::replace(&mut self.is_up, false) {
                    self.printer.down(&trouble.at(&self.address))?;
                }
            }

            LiveEvent::Deadline(deadline) => {
                self.timeline.set_deadline(deadline);
                self.expire_at(deadline);
            }

            LiveEvent::Catalog(news) => self.names.forget(&news),

            // These matter to those who shop.
            LiveEvent::Stale
            | LiveEvent::Applied(_)
            | LiveEvent::Waits(_)
            | LiveEvent::Settled(..)
            | LiveEvent::RulesSet(_)
            | LiveEvent::Pace(_)
            | LiveEvent::Products(_)
            | LiveEvent::Watchers(_)
            | LiveEvent::Activity(_)
            | LiveEvent::Order(_) => {}
        }
        Ok(())
    }

    /// Takes in the cart as it was read, which also shows that the connection works.
    async fn handle_cart(&mut self, cart: &Cart) -> Result<(), CliError> {
        self.has_been_up = true;
        if !std::mem::replace(&mut self.is_up, true) {
            self.printer.up(cart.version)?;
        }

        if self.timeline.found(cart.version) {
            self.cart = None;
            self.print_missed(cart.version).await?;
        }
        self.cart = Some(cart.clone());
        if let Some(event) = self.timeline.read(cart) {
            self.print(&event).await?;
        }
        self.expire_at(cart.deadline);
        Ok(())
    }

    async fn handle_update(&mut self, update: Update) -> Result<(), CliError> {
        // The cart is being read again, and only that tells whether there is such a version.
        if self.timeline.misses(&update) {
            return Ok(());
        }

        if let Some(cart) = &mut self.cart
            && cart.apply(&update) == UpdateFit::Gap
        {
            self.cart = None;
        }
        self.expire_at(update.deadline);
        for event in self.timeline.next(update) {
            self.print(&event).await?;
        }
        Ok(())
    }

    async fn print(&mut self, event: &TimelineEvent) -> io::Result<()> {
        if !self.printer.is_json() {
            self.names.learn(event).await;
        }
        self.printer.event(event, &self.names, self.cart.as_ref())
    }

    /// Notes when the cart expires: a moment later it is gone.
    fn expire_at(&mut self, deadline: Deadline) {
        self.expires = deadline
            .left_when_told()
            .map(|left| Instant::now() + Duration::from_millis(left + 1));
    }

    /// Prints from the cart's log the updates that were missed, up to this version. Where the
    /// log can't be read, the gap is printed, not hidden.
    async fn print_missed(&mut self, until: u64) -> Result<(), CliError> {
        let log = self.read_log().await.unwrap_or_default();
        for event in self.timeline.log(log, until) {
            self.print(&event).await?;
        }
        Ok(())
    }

    /// Reads the cart's log; tries again where the connection breaks.
    async fn read_log(&self) -> Result<Vec<Update>, Error> {
        let mut attempt = 1;
        loop {
            match self.read_log_once().await {
                Err(_) if attempt < LOG_ATTEMPTS => {
                    attempt += 1;
                    tokio::time::sleep(LOG_PAUSE).await;
                }
                result => return result,
            }
        }
    }

    async fn read_log_once(&self) -> Result<Vec<Update>, Error> {
        let mut connection = store::connect(&self.address).await?;
        store::get_log(&mut connection, &self.settings.user).await
    }
}
