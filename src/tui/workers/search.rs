//! The thread that searches the catalog, so that typing never waits.

use crate::model::catalog::View;
use crate::model::search::{Go, Listener};
use crate::model::{Catalog, Searcher};
use crate::tui::message::{Message, SearchPurpose, SearchRequest, SearchResults};
use crate::tui::state::catalog::SEARCHED_AT_ONCE;
use std::io;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// After this long, what was found so far is shown.
const SOON: Duration = Duration::from_millis(5);

/// What the thread is asked for.
enum Job {
    /// Search, in the catalog as it was then.
    Search(SearchRequest, View),
    /// Get ready for this catalog, and drop the one that it has replaced.
    Prepare(View, Box<Catalog>),
}

/// The thread, once there is something to do for it.
pub struct SearchWorker {
    jobs: Option<Sender<Job>>,
    results: mpsc::Sender<Message>,
}

impl SearchWorker {
    /// A finder that sends what it finds to `results`.
    pub fn new(results: mpsc::Sender<Message>) -> SearchWorker {
        SearchWorker {
            jobs: None,
            results,
        }
    }

    /// Searches `catalog`. Of the searches that wait, only the last of each purpose is done.
    ///
    /// # Errors
    /// The system's, where it gives no thread.
    pub fn search(&mut self, search: SearchRequest, catalog: &Catalog) -> io::Result<()> {
        self.ask(Job::Search(search, catalog.view()))
    }

    /// Gets ready for `catalog`, which has replaced `old`.
    ///
    /// # Errors
    /// The system's, where it gives no thread.
    pub fn prepare(&mut self, catalog: &Catalog, old: Box<Catalog>) -> io::Result<()> {
        if catalog.len().max(old.len()) <= SEARCHED_AT_ONCE {
            return Ok(());
        }
        self.ask(Job::Prepare(catalog.view(), old))
    }

    fn ask(&mut self, job: Job) -> io::Result<()> {
        let jobs = match &self.jobs {
            Some(jobs) => jobs,
            None => {
                let (jobs, asked) = channel();
                let results = self.results.clone();
                let work = move || {
                    Worker {
                        asked,
                        results,
                        next: None,
                        searcher: Searcher::default(),
                    }
                    .run()
                };
                std::thread::Builder::new()
                    .name("search".to_owned())
                    .spawn(work)?;
                self.jobs.insert(jobs)
            }
        };
        // The thread ends only after the program has.
        let _ = jobs.send(job);
        Ok(())
    }
}

struct Worker {
    asked: Receiver<Job>,
    results: mpsc::Sender<Message>,
    /// What came while a search went on.
    next: Option<Job>,
    searcher: Searcher,
}

impl Worker {
    fn run(mut self) {
        while let Some(job) = self.next.take().or_else(|| self.asked.recv().ok()) {
            match job {
                Job::Prepare(view, old) => {
                    drop(old);
                    self.searcher.prepare(&view);
                }
                Job::Search(search, view) => {
                    let mut audience = Audience {
                        started: Instant::now(),
                        shown: false,
                        search: &search,
                        asked: &self.asked,
                        next: &mut self.next,
                        results: &self.results,
                    };
                    let found =
                        self.searcher
                            .search(&view, &search.query, &search.in_cart, &mut audience);
                    // Its chunks are the screen's alone again before it hears of the result.
                    drop(view);
                    let Some(products) = found else { continue };
                    let count = products.len();
                    let (purpose, number) = (search.purpose, search.number);
                    let found = SearchResults {
                        purpose,
                        number,
                        products,
                        count,
                        done: true,
                    };
                    if self.results.blocking_send(Message::Found(found)).is_err() {
                        return;
                    }
                }
            }
        }
    }
}

/// Who waits for a search: it is told soon, and has it stopped by asking for another.
struct Audience<'a> {
    started: Instant,
    shown: bool,
    search: &'a SearchRequest,
    asked: &'a Receiver<Job>,
    next: &'a mut Option<Job>,
    results: &'a mpsc::Sender<Message>,
}

impl Listener for Audience<'_> {
    fn go(&mut self) -> Go {
        if self.next.is_none() {
            match self.asked.try_recv() {
                Ok(job) => *self.next = Some(job),
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => return Go::Stop,
            }
        }
        let overtaken = |purpose: SearchPurpose| purpose == self.search.purpose;
        match self.next {
            Some(Job::Search(newer, _)) if overtaken(newer.purpose) => Go::Stop,
            _ if !self.shown && self.started.elapsed() >= SOON => Go::Show,
            _ => Go::On,
        }
    }

    fn first(&mut self, best: Vec<u32>, so_far: usize) {
        self.shown = true;
        let (purpose, number) = (self.search.purpose, self.search.number);
        let found = SearchResults {
            purpose,
            number,
            products: best,
            count: so_far,
            done: false,
        };
        // The end follows in any case.
        let _ = self.results.try_send(Message::Found(found));
    }
}
