//! The screens of the staff without their terminal: what brings messages to their core, and carries
//! out its effects.

use crate::config::alerts::AlertWays;
use crate::config::colours::OwnColours;
use crate::config::theme::Theme;
use crate::engine::Engine;
use crate::model::{Order, receipt};
use crate::order_command::{CommandError, CommandOutput, OrderCommand, OrderFacts};
use crate::store::board::{self, BoardLink};
use crate::store::{Address, Policy};
use crate::tui::error::ScreenError;
use crate::tui::message::{Freshness, Message, Now};
use crate::tui::runtime::event_loop::{App, EventLoop, Shell};
use crate::tui::runtime::services::first_line;
use crate::tui::staff::figures::{self, Reading};
use crate::tui::staff::message::{StaffEffect, StaffMessage};
use crate::tui::staff::products_worker::ProductsWorker;
use crate::tui::staff::state::today::ShownTime;
use crate::tui::staff::state::{Page, StaffEnv, StaffState};
use crate::tui::staff::update::update;
use crate::tui::staff::view::picture;
use crate::tui::state::Notice;
use crate::tui::terminal::alert;
use crate::tui::terminal::driver::TerminalDriver;
use crate::tui::terminal::port::Port;
use crate::tui::view::Picture;
use crate::tui::workers::catalog::CatalogReader;
use crate::tui::workers::results::Results;
use crate::tui::workers::search::SearchWorker;
use crate::tui::workers::{in_background, with_store_in_background};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::sync::mpsc;

/// The capacity of the channel of results.
const CHANNEL_CAPACITY: usize = 64;
/// The time that the command for printing may take.
const PRINT_TIMEOUT: Duration = Duration::from_secs(30);
/// The columns of a printed receipt.
const RECEIPT_COLUMNS: usize = 40;

/// All that the screens of the staff have to be told.
pub(super) struct StaffVisit {
    pub(super) env: StaffEnv,
    pub(super) theme: Theme,
    /// The own colours for when the terminal tells its background; `None` where they are known.
    pub(super) late_colours: Option<OwnColours>,
    /// True where clicks go to the screen, not to the terminal.
    pub(super) mouse: bool,
    /// Columns and rows of the terminal.
    pub(super) size: (u16, u16),
    /// The warning that shows at the start; `None` where there is none.
    pub(super) warning: Option<String>,
    /// The page that shows first.
    pub(super) page: Page,
    /// The time whose figures show.
    pub(super) time: ShownTime,
    pub(super) address: Address,
    /// The private server, where that holds the shop.
    pub(super) engine: Option<Engine>,
    /// The name under which steps are made, and the rules for them.
    pub(super) policy: Policy,
}

/// Runs the screens of the staff on a terminal that was taken for this already, until the end;
/// returns the exit status. To be called within a runtime.
pub(super) async fn run(port: impl Port, visit: StaffVisit) -> Result<u8, ScreenError> {
    let (results_sender, results) = mpsc::channel(CHANNEL_CAPACITY);
    let need_focus = visit.env.alerts.need_focus();
    let terminal = TerminalDriver::new(port, visit.mouse, need_focus);
    let mut state = StaffState::new(visit.env, visit.theme, visit.mouse, visit.size, visit.page);
    state.today.time = visit.time;
    state.late_colours = visit.late_colours;
    state.notice = visit.warning.map(Notice::warning);

    let (found_sender, found) = Results::with_room_for(CHANNEL_CAPACITY);
    let address = visit.address;
    let is_private = visit.engine.is_some();
    let app = StaffApp {
        state,
        catalog: Arc::new(CatalogReader::new(address.clone(), is_private)),
        searches: SearchWorker::new(Arc::default(), found_sender.clone()),
        found,
        found_sender,
        products_worker: ProductsWorker::open(address.clone(), results_sender.clone())?,
        board: board::open(address.clone(), visit.policy),
        address,
        engine: visit.engine,
        newest_figures: Arc::default(),
        results,
        results_sender,
    };
    let (status, _) = EventLoop::new(terminal, app).run().await?;
    Ok(status)
}

/// The screens of the staff without their terminal.
struct StaffApp {
    state: StaffState,
    board: BoardLink,
    address: Address,
    engine: Option<Engine>,
    /// The number of the newest reading of figures.
    newest_figures: Arc<AtomicU64>,
    /// Reads the catalog.
    catalog: Arc<CatalogReader>,
    /// Searches it.
    searches: SearchWorker,
    /// The messages of both of them.
    found: mpsc::Receiver<Box<Message>>,
    found_sender: Results,
    /// Reads and changes products.
    products_worker: ProductsWorker,
    results: mpsc::Receiver<StaffMessage>,
    results_sender: mpsc::Sender<StaffMessage>,
}

impl App for StaffApp {
    type Message = StaffMessage;

    fn address(&self) -> &Address {
        &self.address
    }

    async fn next(&mut self) -> StaffMessage {
        tokio::select! {
            biased;
            Some(event) = self.board.next() => StaffMessage::Board(event),
            Some(result) = self.results.recv() => result,
            Some(found) = self.found.recv() => StaffMessage::Catalog(found),
            else => std::future::pending().await,
        }
    }

    fn try_next(&mut self) -> Option<StaffMessage> {
        self.board.try_next().map(StaffMessage::Board)
    }

    fn next_moment(&self) -> Option<u64> {
        self.state.next_moment()
    }

    fn picture(&self) -> Picture {
        picture(&self.state)
    }

    fn once_shown(&self) -> Vec<StaffMessage> {
        let shown = self.state.to_be_seen();
        let is_news = shown != self.state.seen;
        is_news
            .then_some(StaffMessage::Seen(shown))
            .into_iter()
            .collect()
    }

    fn changes_picture(&self, message: &StaffMessage) -> bool {
        !matches!(message, StaffMessage::Seen(_))
    }

    fn take_in<P: Port>(
        &mut self,
        message: StaffMessage,
        now: Now,
        shell: &mut Shell<P>,
    ) -> Result<(), ScreenError> {
        for effect in update(&mut self.state, message, now) {
            self.carry_out(effect, shell)?;
        }
        Ok(())
    }

    fn is_settled(&self) -> bool {
        // A step that is on its way is made, or is not, whoever waits for the answer.
        true
    }
}

impl StaffApp {
    fn carry_out<P: Port>(
        &mut self,
        effect: StaffEffect,
        shell: &mut Shell<P>,
    ) -> Result<(), ScreenError> {
        match effect {
            StaffEffect::Board(request) => self.board.request(request),
            StaffEffect::Print(order, command) => self.print(*order, command),
            StaffEffect::ReadFigures { number, time } => {
                let address = self.address.clone();
                let results = self.results_sender.clone();
                let reading = Reading::begin(number, &self.newest_figures, results);
                with_store_in_background(figures::read(address, time, reading))?;
            }
            StaffEffect::Products(job) => self.products_worker.ask(job),
            StaffEffect::LoadCatalog => {
                let results = self.found_sender.clone();
                self.catalog.read(results, Freshness::ReadAnew)?;
            }
            StaffEffect::Search(search) => {
                let catalog = &self.state.products.list.catalog;
                self.searches.search(search, catalog)?;
            }
            StaffEffect::Replaced(old) => {
                let catalog = &self.state.products.list.catalog;
                self.searches.prepare(catalog, old)?;
            }
            StaffEffect::Alert(words) => shell.terminal.renderer.alert(self.alert(&words)),
            StaffEffect::Mouse(captured) => shell.terminal.capture_mouse(captured),
            StaffEffect::Revive => self.revive_server()?,
            StaffEffect::Suspend => shell.terminal.port.suspend(),
            StaffEffect::Quit => shell.exit = Some(Ok(0)),
            StaffEffect::GiveUp(trouble) => shell.exit = Some(Err(trouble)),
        }
        Ok(())
    }

    /// The bytes that ring, and show a notification where the person looks elsewhere.
    fn alert(&self, words: &str) -> Vec<u8> {
        let env = &self.state.env;
        let notification = env.alerts.notification;
        let ways = AlertWays {
            notification: notification.filter(|_| self.state.missed.is_some()),
            ..env.alerts
        };
        alert::bytes(ways, env.display, "board", words)
    }

    /// Gives the receipt of an order to a command.
    fn print(&self, order: Order, line: String) {
        let shop = self.state.shop.clone();
        let clock = self.state.clock();
        let results = self.results_sender.clone();

        tokio::spawn(async move {
            let lines = receipt::receipt(&order, shop.letterhead(), &clock, RECEIPT_COLUMNS);
            let facts = OrderFacts {
                id: &order.id,
                number: order.number,
                state: Some(order.state),
                cart: &order.user,
            };
            let command = OrderCommand::new(line.clone(), PRINT_TIMEOUT);
            let document = lines.join("\n") + "\n";
            let printed = command.run(&facts, document.as_bytes(), CommandOutput::Dropped);
            let printed = printed
                .await
                .map_err(|error| why_not_printed(&line, &error));
            let _ = results
                .send(StaffMessage::Printed(order.name(), printed))
                .await;
        });
    }

    fn revive_server(&self) -> std::io::Result<()> {
        let Some(engine) = self.engine.clone() else {
            return Ok(());
        };
        let results = self.results_sender.clone();

        in_background(move || {
            let revived = engine.revive().map(|_| ());
            let revived = revived.map_err(|error| first_line(&error));
            let _ = results.blocking_send(StaffMessage::Revived(revived));
        })
    }
}

/// Why a command has not printed, for people.
fn why_not_printed(line: &str, error: &CommandError) -> String {
    match error {
        CommandError::Failed(status) => match status.code() {
            Some(code) => format!("{line} ended with status {code}"),
            None => format!("{line} was ended ({status})"),
        },
        CommandError::Start(_) | CommandError::Wait(_) | CommandError::TimedOut(_) => {
            error.to_string()
        }
    }
}
