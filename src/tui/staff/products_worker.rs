//! Reads and changes products and the shop for the screens of the staff: one thing after the other,
//! so that no answer is older than the one before it.

use crate::model::product::StockStep;
use crate::model::{Product, ProductId};
use crate::store::{
    self, Address, Connection, Edited, Error, FieldEdit, RepeatError, ShopEdit, ShopEdited, Trouble,
};
use crate::tui::message::Message;
use crate::tui::staff::message::{ProductsJob, StaffMessage};
use crate::tui::state::catalog::Unread;
use crate::tui::workers::catalog::into_trouble;
use crate::tui::workers::in_background;
use std::io;
use tokio::runtime::Builder;
use tokio::sync::mpsc;

/// Hands jobs to the thread that does them. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct ProductsWorker {
    jobs: mpsc::UnboundedSender<ProductsJob>,
}

impl ProductsWorker {
    /// A worker with a thread of its own, which sends what comes of its jobs to `results`.
    ///
    /// # Errors
    /// The system's, where it gives no thread.
    pub(crate) fn open(
        address: Address,
        results: mpsc::Sender<StaffMessage>,
    ) -> io::Result<ProductsWorker> {
        let (jobs, waiting) = mpsc::unbounded_channel();
        let clerk = Clerk {
            address,
            connection: None,
            results,
        };
        let runtime = Builder::new_current_thread().enable_all().build()?;
        in_background(move || runtime.block_on(clerk.work(waiting)))?;
        Ok(ProductsWorker { jobs })
    }

    /// Hands a job to the thread; its result comes as a message.
    pub(crate) fn ask(&self, job: ProductsJob) {
        // It fails only where the thread has ended, with the program.
        let _ = self.jobs.send(job);
    }
}

/// Adds what the next jobs read, as all of it is read at once; returns the first job that does
/// something else.
fn join_reads(
    products: &mut Vec<ProductId>,
    jobs: &mut mpsc::UnboundedReceiver<ProductsJob>,
) -> Option<ProductsJob> {
    let mut next = None;
    while next.is_none()
        && let Ok(job) = jobs.try_recv()
    {
        match job {
            ProductsJob::Read(more) => products.extend(more),
            other @ (ProductsJob::Edit(_) | ProductsJob::Shop(_) | ProductsJob::Step(..)) => {
                next = Some(other);
            }
        }
    }

    products.sort();
    products.dedup();
    next
}

/// Does the jobs over a connection of its own, which is opened with the first of them.
struct Clerk {
    address: Address,
    connection: Option<Connection>,
    results: mpsc::Sender<StaffMessage>,
}

impl Clerk {
    async fn work(mut self, mut jobs: mpsc::UnboundedReceiver<ProductsJob>) {
        let mut next = None;
        loop {
            let job = match next.take() {
                Some(job) => job,
                None => match jobs.recv().await {
                    Some(job) => job,
                    None => return,
                },
            };

            let told = match job {
                ProductsJob::Read(mut products) => {
                    next = join_reads(&mut products, &mut jobs);
                    self.read(products).await
                }
                ProductsJob::Edit(edit) => {
                    let edited = self.edit(&edit).await;
                    StaffMessage::Edited(edit, edited)
                }
                ProductsJob::Shop(edit) => {
                    let edited = self.edit_shop(&edit).await;
                    StaffMessage::ShopSet(edit, edited)
                }
                ProductsJob::Step(product, step) => {
                    let stepped = self.step(&product, step).await;
                    StaffMessage::SteppedStock(product, step, stepped)
                }
            };

            // Nobody listens any more where the screen has ended.
            let _ = self.results.send(told).await;
        }
    }

    /// Reads products. Where they can't be read, all of them are to be read later.
    async fn read(&mut self, products: Vec<ProductId>) -> StaffMessage {
        let read = async {
            let connection = self.connection().await?;
            store::get_products(connection, &products).await
        };
        match read.await {
            Ok(read) => StaffMessage::Products(read),
            Err(error) => {
                self.connection = None;
                let products = Unread::Products(products.len());
                let unread = Message::CatalogUnread(products, into_trouble(error));
                StaffMessage::Catalog(Box::new(unread))
            }
        }
    }

    async fn edit(&mut self, edit: &FieldEdit) -> Result<Edited, RepeatError> {
        let connection = self.connection().await.map_err(not_done)?;
        let edited = store::edit_product(connection, edit).await;
        self.keep_if_well(edited)
    }

    async fn step(&mut self, product: &Product, step: StockStep) -> Result<u64, RepeatError> {
        let connection = self.connection().await.map_err(not_done)?;
        let stepped = store::step_stock(connection, product, step).await;
        self.keep_if_well(stepped)
    }

    async fn edit_shop(&mut self, edit: &ShopEdit) -> Result<ShopEdited, RepeatError> {
        let connection = self.connection().await.map_err(not_done)?;
        let seen = Some((edit.field, edit.seen.as_str()));
        let edited = store::change_shop(connection, &edit.change, seen).await;
        self.keep_if_well(edited)
    }

    /// Drops a connection that has met trouble: the next job opens another one.
    fn keep_if_well<T>(&mut self, outcome: Result<T, RepeatError>) -> Result<T, RepeatError> {
        let is_well = matches!(outcome, Ok(_) | Err(RepeatError::Failed(Error::Refused(_))));
        if !is_well {
            self.connection = None;
        }
        outcome
    }

    async fn connection(&mut self) -> Result<&mut Connection, Trouble> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => store::connect(&self.address).await?,
        };
        Ok(self.connection.insert(connection))
    }
}

/// The error of what was not even begun.
fn not_done(trouble: Trouble) -> RepeatError {
    RepeatError::Failed(trouble.into())
}
