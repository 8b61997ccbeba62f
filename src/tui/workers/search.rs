//! Searches the catalog on threads of their own, so that typing never waits. A few threads serve all
//! screens of the program.

use crate::model::catalog::View;
use crate::model::search::{Go, Listener, Ranks};
use crate::model::{Catalog, Searcher};
use crate::tui::message::Message;
use crate::tui::runtime::lock::lock;
use crate::tui::state::catalog::SEARCHED_AT_ONCE;
use crate::tui::state::catalog::{SearchRequest, SearchResults};
use crate::tui::workers::results::Results;
use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The time after which a search that goes on shows its first results.
const FIRST_RESULTS_AFTER: Duration = Duration::from_millis(5);
/// The most threads that search. Each search uses all cores by itself.
const MOST_THREADS: usize = 2;

/// A job for a thread.
enum Job {
    /// Search the catalog as it was when this was asked for.
    Search(SearchRequest, View),
    /// Get ready for this catalog, and drop the one that it has replaced.
    Prepare(View, Box<Catalog>),
}

/// The threads that search for all screens. They are started when they are needed.
#[derive(Default)]
pub(crate) struct SearchPool {
    queue: Mutex<Queue>,
    /// Notified when a screen has a job, and when the pool is closed.
    wake: Condvar,
    /// The ranks in the catalog that was searched last.
    ranks: Mutex<Arc<Ranks>>,
}

#[derive(Default)]
struct Queue {
    /// The screens that have jobs; none is here twice, nor while a thread works for it.
    waiting: VecDeque<Arc<ScreenSearches>>,
    threads: usize,
    /// The threads that wait for a job.
    idle: usize,
}

/// The searches of one screen.
struct ScreenSearches {
    jobs: Mutex<Jobs>,
    results: Results,
    /// Only one thread at a time works for a screen.
    searcher: Mutex<Searcher>,
}

#[derive(Default)]
struct Jobs {
    waiting: VecDeque<Job>,
    /// A thread works for this screen, or will.
    is_queued: bool,
    /// The screen has ended.
    is_closed: bool,
}

/// Hands the searches of one screen to the pool.
pub(crate) struct SearchWorker {
    pool: Arc<SearchPool>,
    screen: Arc<ScreenSearches>,
}

impl SearchWorker {
    /// A worker that sends what it finds to `results`.
    pub(crate) fn new(pool: Arc<SearchPool>, results: Results) -> SearchWorker {
        let screen = ScreenSearches {
            jobs: Mutex::default(),
            results,
            searcher: Mutex::default(),
        };
        SearchWorker {
            pool,
            screen: Arc::new(screen),
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
        let mut jobs = lock(&self.screen.jobs);
        if let Job::Search(newer, _) = &job {
            jobs.drop_searches_for(newer);
        }
        jobs.waiting.push_back(job);

        if std::mem::replace(&mut jobs.is_queued, true) {
            return Ok(());
        }
        drop(jobs);
        self.pool.enqueue(self.screen.clone())
    }
}

impl Drop for SearchWorker {
    fn drop(&mut self) {
        let mut jobs = lock(&self.screen.jobs);
        jobs.is_closed = true;
        jobs.waiting.clear();
    }
}

impl Jobs {
    /// Drops the searches that wait for the purpose of a newer one.
    fn drop_searches_for(&mut self, newer: &SearchRequest) {
        self.waiting.retain(|job| match job {
            Job::Search(older, _) => older.purpose != newer.purpose,
            Job::Prepare(..) => true,
        });
    }

    /// Returns whether a search is to stop: the screen has ended, or a newer one waits.
    fn stop(&self, search: &SearchRequest) -> bool {
        let has_newer = self.waiting.iter().any(|job| match job {
            Job::Search(newer, _) => newer.purpose == search.purpose,
            Job::Prepare(..) => false,
        });
        self.is_closed || has_newer
    }
}

impl SearchPool {
    /// Has a thread work for a screen.
    fn enqueue(self: &Arc<SearchPool>, screen: Arc<ScreenSearches>) -> io::Result<()> {
        let mut queue = lock(&self.queue);
        queue.waiting.push_back(screen);

        if queue.idle == 0 && queue.threads < MOST_THREADS {
            let pool = self.clone();
            std::thread::Builder::new()
                .name("search".to_owned())
                .spawn(move || pool.work())?;
            queue.threads += 1;
        }
        drop(queue);
        self.wake.notify_one();
        Ok(())
    }

    /// Does one job after the other. A screen that has more waits behind the others: somebody who
    /// types without end keeps nobody from searching.
    fn work(&self) {
        loop {
            let screen = self.next_screen();
            if self.do_job_of(&screen) {
                lock(&self.queue).waiting.push_back(screen);
            }
        }
    }

    fn next_screen(&self) -> Arc<ScreenSearches> {
        let mut queue = lock(&self.queue);
        loop {
            if let Some(screen) = queue.waiting.pop_front() {
                return screen;
            }
            queue.idle += 1;
            queue = self
                .wake
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
            queue.idle -= 1;
        }
    }

    /// Does the next job of a screen; returns whether it has more. A job that panics is lost.
    fn do_job_of(&self, screen: &ScreenSearches) -> bool {
        let _ = catch_unwind(AssertUnwindSafe(|| {
            let mut searcher = lock(&screen.searcher);
            match screen.next_job() {
                Some(Job::Search(search, view)) => {
                    searcher.share_ranks(&view, || self.ranks_in(&view));
                    screen.search(&mut searcher, &search, view);
                }
                Some(Job::Prepare(view, old)) => {
                    drop(old);
                    searcher.share_ranks(&view, || self.ranks_in(&view));
                }
                None => {}
            }
        }));
        screen.stay_queued()
    }

    /// The ranks in this catalog, made anew where another was searched last.
    fn ranks_in(&self, view: &View) -> Arc<Ranks> {
        let mut ranks = lock(&self.ranks);
        if !ranks.fit(view) {
            *ranks = Arc::new(Ranks::of(view));
        }
        ranks.clone()
    }
}

impl ScreenSearches {
    fn next_job(&self) -> Option<Job> {
        lock(&self.jobs).waiting.pop_front()
    }

    /// Returns whether there are more jobs; where there are none, the screen leaves the queue.
    fn stay_queued(&self) -> bool {
        let mut jobs = lock(&self.jobs);
        jobs.is_queued = !jobs.waiting.is_empty();
        jobs.is_queued
    }

    /// Searches, and sends what was found; nothing where a newer search stopped it.
    fn search(&self, searcher: &mut Searcher, search: &SearchRequest, view: View) {
        let mut progress = SearchProgress {
            screen: self,
            search,
            started: Instant::now(),
            // The first results are of all products.
            has_shown: search.among.is_some(),
        };
        let among = search.among.as_ref().unwrap_or(&view.sorted);
        let found =
            searcher.search_among(&view, among, &search.query, &search.in_cart, &mut progress);

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
            // Where the screen has ended no job comes any more, either.
            self.results.blocking_send(Message::Found(found));
        }
    }
}

/// Decides between the steps of a search whether it goes on: it is stopped by a newer one for
/// the same purpose, and shows its first results where it takes long.
struct SearchProgress<'a> {
    screen: &'a ScreenSearches,
    search: &'a SearchRequest,
    started: Instant,
    /// True once the first results were shown.
    has_shown: bool,
}

impl Listener for SearchProgress<'_> {
    fn go(&mut self) -> Go {
        if lock(&self.screen.jobs).stop(self.search) {
            Go::Stop
        } else if !self.has_shown && self.started.elapsed() >= FIRST_RESULTS_AFTER {
            Go::Show
        } else {
            Go::On
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
        self.screen.results.try_send(Message::Found(found));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Query;
    use crate::tui::state::catalog::SearchPurpose;

    /// Within a runtime, sending what was found panics: the screen then has its turn for the next
    /// job, and leaves the queue after the last.
    #[tokio::test]
    async fn a_screen_whose_searches_panic_can_search_again() {
        let catalog = Catalog::default();
        let (results, _heard) = Results::with_room_for(1);
        let mut worker = SearchWorker::new(Arc::default(), results);
        let screen = worker.screen.clone();
        lock(&screen.jobs).is_queued = true;

        for purpose in [SearchPurpose::Catalog, SearchPurpose::Palette] {
            let search = SearchRequest {
                purpose,
                number: 1,
                query: Query::default(),
                among: None,
                in_cart: Default::default(),
            };
            worker.search(search, &catalog).unwrap();
        }
        assert!(worker.pool.do_job_of(&screen), "one job at a time");
        assert!(!worker.pool.do_job_of(&screen));

        let jobs = lock(&screen.jobs);
        assert!(jobs.waiting.is_empty() && !jobs.is_queued);
    }
}
