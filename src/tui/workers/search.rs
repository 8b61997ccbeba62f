//! Searches the catalog on a thread of its own, so that typing never waits.

use crate::model::catalog::View;
use crate::model::search::{Go, Listener};
use crate::model::{Catalog, Searcher};
use crate::tui::message::{Message, SearchRequest, SearchResults};
use crate::tui::state::catalog::SEARCHED_AT_ONCE;
use std::io;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// The time after which a search that goes on shows its first results.
const FIRST_RESULTS_AFTER: Duration = Duration::from_millis(5);

/// A job for the thread.
enum Job {
    /// Search the catalog as it was when this was asked for.
    Search(SearchRequest, View),
    /// Get ready for this catalog, and drop the one that it has replaced.
    Prepare(View, Box<Catalog>),
}

/// Hands searches to a thread, which is started with the first of them.
pub(crate) struct SearchWorker {
    jobs: Option<Sender<Job>>,
    results: mpsc::Sender<Message>,
}

impl SearchWorker {
    /// A worker that sends what it finds to `results`.
    pub(crate) fn new(results: mpsc::Sender<Message>) -> SearchWorker {
        SearchWorker {
            jobs: None,
            results,
        }
    }

    /// Searches `catalog`. A newer search for the same purpose stops this one.
    ///
    /// # Errors
    /// The system's, where it gives no thread.
    pub(crate) fn search(&mut self, search: SearchRequest, catalog: &Catalog) -> io::Result<()> {
        self.send(Job::Search(search, catalog.view()))
    }

    /// Gets ready for `catalog`, which has replaced `old`.
    ///
    /// # Errors
    /// The system's, where it gives no thread.
    pub(crate) fn prepare(&mut self, catalog: &Catalog, old: Box<Catalog>) -> io::Result<()> {
        // Small catalogs are searched on the screen's own task.
        if catalog.len().max(old.len()) <= SEARCHED_AT_ONCE {
            return Ok(());
        }
        self.send(Job::Prepare(catalog.view(), old))
    }

    fn send(&mut self, job: Job) -> io::Result<()> {
        let jobs = match &self.jobs {
            Some(jobs) => jobs,
            None => self.jobs.insert(start_thread(self.results.clone())?),
        };
        // The thread ends only after the program has.
        let _ = jobs.send(job);
        Ok(())
    }
}

/// Starts the thread; it takes jobs from the returned channel.
fn start_thread(results: mpsc::Sender<Message>) -> io::Result<Sender<Job>> {
    let (sender, jobs) = channel();
    let thread = SearchThread {
        jobs,
        next: None,
        results,
        searcher: Searcher::default(),
    };
    std::thread::Builder::new()
        .name("search".to_owned())
        .spawn(move || thread.run())?;
    Ok(sender)
}

/// The thread that searches.
struct SearchThread {
    jobs: Receiver<Job>,
    /// A job that came while a search went on.
    next: Option<Job>,
    results: mpsc::Sender<Message>,
    searcher: Searcher,
}

impl SearchThread {
    fn run(mut self) {
        while let Some(job) = self.next.take().or_else(|| self.jobs.recv().ok()) {
            match job {
                Job::Search(search, view) => self.search(&search, view),
                Job::Prepare(view, old) => {
                    drop(old);
                    self.searcher.prepare(&view);
                }
            }
        }
    }

    /// Searches, and sends what was found; nothing where a newer search stopped it.
    fn search(&mut self, search: &SearchRequest, view: View) {
        let mut progress = SearchProgress {
            search,
            started: Instant::now(),
            has_shown: false,
            jobs: &self.jobs,
            next: &mut self.next,
            results: &self.results,
        };
        let found = self
            .searcher
            .search(&view, &search.query, &search.in_cart, &mut progress);

        // The screen changes its catalog without a copy once this view is gone.
        drop(view);

        if let Some(products) = found {
            let count = products.len();
            let found = SearchResults {
                purpose: search.purpose,
                number: search.number,
                products,
                count,
                done: true,
            };
            // Nobody listens any more when the program has ended; then no job comes, either.
            let _ = self.results.blocking_send(Message::Found(found));
        }
    }
}

/// Decides between the steps of a search whether it goes on: it is stopped by a newer one for
/// the same purpose, and shows its first results where it takes long.
struct SearchProgress<'a> {
    search: &'a SearchRequest,
    started: Instant,
    /// True once the first results were shown.
    has_shown: bool,
    jobs: &'a Receiver<Job>,
    next: &'a mut Option<Job>,
    results: &'a mpsc::Sender<Message>,
}

impl Listener for SearchProgress<'_> {
    fn go(&mut self) -> Go {
        if self.next.is_none() {
            match self.jobs.try_recv() {
                Ok(job) => *self.next = Some(job),
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => return Go::Stop,
            }
        }

        match self.next {
            Some(Job::Search(newer, _)) if newer.purpose == self.search.purpose => Go::Stop,
            _ if !self.has_shown && self.started.elapsed() >= FIRST_RESULTS_AFTER => Go::Show,
            _ => Go::On,
        }
    }

    fn first(&mut self, best: Vec<u32>, so_far: usize) {
        self.has_shown = true;
        let found = SearchResults {
            purpose: self.search.purpose,
            number: self.search.number,
            products: best,
            count: so_far,
            done: false,
        };
        // Where the screen is busy, the final results will do.
        let _ = self.results.try_send(Message::Found(found));
    }
}
