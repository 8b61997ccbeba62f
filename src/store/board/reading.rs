//! Reads open orders as tickets, and does what is asked of them, over one connection.

use super::{BoardRequest, MOST_TICKETS};
use crate::model::{OrderId, ProductId, Ticket, text};
use crate::store::catalog::{Shop, get_shop};
use crate::store::connection::discovery::Locator;
use crate::store::connection::raw::ServerConn;
use crate::store::connection::{Conn, Connection, pipeline};
use crate::store::error::{Error, Trouble};
use crate::store::keys;
use crate::store::live::products::ProductRoute;
use crate::store::order;
use crate::store::order::open::{list, look_through};
use crate::store::order::records::read_tickets;
use crate::store::policy::Policy;
use crate::store::scripts::BOARD;
use redis::FromRedisValue;
use std::collections::HashMap;

/// The most open orders that are looked at to find the oldest.
const MOST_LISTED: usize = 20_000;

/// The open orders as they are listed, as of one instant.
#[derive(Debug, Clone)]
pub(super) struct OpenOrders {
    /// The number of changes that all orders have had; `None` where it is damaged.
    pub(super) version: Option<u64>,
    /// The number of orders that are listed.
    pub(super) listed: usize,
    /// The server's clock, in Unix milliseconds.
    pub(super) server_now: u64,
    /// Their ids with their numbers.
    entries: Vec<(OrderId, u64)>,
}

impl OpenOrders {
    /// The ids of the oldest, and how many others there are.
    fn oldest(mut self) -> (Vec<String>, usize) {
        let unread = self.listed.saturating_sub(MOST_LISTED);
        let others = self.entries.len().saturating_sub(MOST_TICKETS);
        // An id begins with the day, and numbers count up within it.
        if others > 0 {
            self.entries.sort_by(|(id, number), (other, others)| {
                id.day().cmp(other.day()).then(number.cmp(others))
            });
            self.entries.truncate(MOST_TICKETS);
        }
        let ids = self.entries.iter().map(|(id, _)| id.to_string());
        (ids.collect(), unread + others)
    }
}

/// Reads which orders are open, or only how many.
pub(super) async fn read_open(
    conn: &mut ServerConn,
    with_ids: bool,
) -> Result<OpenOrders, Trouble> {
    let most = if with_ids { MOST_LISTED } else { 0 };
    let answer: (String, usize, u64, Vec<Vec<u8>>) = BOARD
        .key(keys::ORDERS_OPEN)
        .key(keys::ORDERS_VERSION)
        .arg(most)
        .invoke_async(conn)
        .await
        .map_err(|error| match Trouble::from(error) {
            Trouble::WrongType => Trouble::ForeignKey(keys::ORDERS_OPEN.to_owned()),
            trouble => trouble.for_orders(),
        })?;

    let (version, listed, server_now, entries) = answer;
    let entries = entries.chunks_exact(2).filter_map(|entry| {
        let id = OrderId::parse(&String::from_utf8_lossy(&entry[0]))?;
        let number = String::from_utf8_lossy(&entry[1]).parse().unwrap_or(0);
        Some((id, number))
    });
    Ok(OpenOrders {
        version: version.parse().ok(),
        listed,
        server_now,
        entries: entries.collect(),
    })
}

/// Everything that a board shows, as it was read.
#[derive(Debug)]
pub(super) struct Board {
    pub(super) version: Option<u64>,
    pub(super) listed: usize,
    pub(super) tickets: Vec<Ticket>,
    pub(super) shop: Option<Shop>,
    pub(super) server_now: u64,
    pub(super) more: usize,
    /// The number of those whose records can't be read.
    pub(super) unread: usize,
    /// Orders that are over, and that their products have not forgotten, as far as they were found.
    pub(super) unforgotten: Vec<String>,
}

/// The extent of a look at the open orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Look {
    /// The open orders as they are listed.
    AtList,
    /// Before that, the newest orders are looked through for open ones that are not listed.
    AtOrders,
}

/// Reads and writes orders over one connection, one thing after the other.
pub(super) struct Worker {
    /// The server that has the orders.
    pub(super) conn: ServerConn,
    /// The way to the products, which may be on other servers.
    pub(super) products: ProductRoute,
    pub(super) locator: Locator,
    pub(super) policy: Policy,
    /// The shop as it was read last, if it ever was.
    pub(super) shop: Option<Shop>,
    /// The categories of products, as far as they were read.
    pub(super) categories: HashMap<ProductId, String>,
}

impl Worker {
    /// The connection to the orders, for the functions of orders.
    fn orders(&self) -> Connection {
        let conn = Conn::One(self.conn.clone());
        Connection::over(self.locator.clone(), conn, self.policy.clone())
    }

    /// The connection to what is not an order: it may be on other nodes.
    async fn everything(&self) -> Result<Connection, Trouble> {
        let conn = self.products.clone().conn().await?;
        Ok(Connection::over(
            self.locator.clone(),
            conn,
            self.policy.clone(),
        ))
    }

    /// Reads everything that a board shows.
    pub(super) async fn read_all(&mut self, look: Look) -> Result<Board, Trouble> {
        let unforgotten = match look {
            Look::AtOrders => self.mend_list().await?,
            Look::AtList => Vec::new(),
        };

        // The count is read before the orders: what changes meanwhile is told by a message.
        let open = read_open(&mut self.conn, true).await?;
        let (version, listed, server_now) = (open.version, open.listed, open.server_now);
        let (ids, more) = open.oldest();
        let conn = Conn::One(self.conn.clone());
        let mut tickets = read_tickets(&conn, &ids)
            .await
            .map_err(Trouble::for_orders)?;
        let unread = ids.len().saturating_sub(tickets.len());
        tickets.retain(|ticket| !ticket.order.state.is_over());
        tickets.sort_by(|one, other| {
            let key = |ticket: &Ticket| (ticket.order.at, ticket.order.id.clone());
            key(one).cmp(&key(other))
        });
        tickets.dedup_by(|one, other| one.order.id == other.order.id);

        self.categories.clear();
        self.add_categories(&mut tickets).await;
        // It may be on another server, which is no reason to show no orders.
        if let Ok(mut everything) = self.everything().await
            && let Ok(shop) = get_shop(&mut everything).await
        {
            self.shop = Some(shop);
        }
        Ok(Board {
            version,
            listed,
            tickets,
            shop: self.shop.clone(),
            server_now,
            more,
            unread,
            unforgotten,
        })
    }

    /// Lists the open orders that are not listed as such; returns those that are over, and that
    /// their products have not forgotten.
    async fn mend_list(&mut self) -> Result<Vec<String>, Trouble> {
        let mut conn = Conn::One(self.conn.clone());
        let leftovers = match look_through(&mut conn).await {
            Ok(leftovers) => leftovers,
            Err(trouble) if trouble.is_transient() => return Err(trouble),
            // Then those show that are listed.
            Err(trouble) => {
                tracing::warn!(%trouble, "open orders that are not listed");
                return Ok(Vec::new());
            }
        };

        match list(&mut conn, &leftovers.unlisted).await {
            Err(Error::Trouble(trouble)) if trouble.is_transient() => return Err(trouble),
            Err(error) => tracing::warn!(%error, "open orders that are not listed"),
            Ok(()) => {}
        }
        Ok(leftovers.unforgotten)
    }

    /// Reads some orders; those that are no longer stored are left out.
    pub(super) async fn read_some(&mut self, ids: &[OrderId]) -> Result<Vec<Ticket>, Trouble> {
        let ids: Vec<String> = ids.iter().map(OrderId::to_string).collect();
        let conn = Conn::One(self.conn.clone());
        let mut tickets = read_tickets(&conn, &ids)
            .await
            .map_err(Trouble::for_orders)?;
        self.add_categories(&mut tickets).await;
        Ok(tickets)
    }

    /// Does what is asked of an order; returns how it is afterwards. `None` where nothing is.
    pub(super) async fn answer(&mut self, request: &BoardRequest) -> Option<Result<Ticket, Error>> {
        let mut orders = self.orders();
        let answer = match request {
            BoardRequest::Step { id, from, to } => order::step(&mut orders, id, *from, *to).await,
            BoardRequest::Undo { id, from } => order::undo_step(&mut orders, id, *from).await,
            BoardRequest::Tick {
                id,
                product,
                ticked,
            } => order::tick(&mut orders, id, product, *ticked).await,
            BoardRequest::Reread => return None,
        };

        Some(match answer {
            Ok(ticket) => {
                let mut tickets = [ticket];
                self.add_categories(&mut tickets).await;
                let [ticket] = tickets;
                Ok(ticket)
            }
            Err(error) => Err(error),
        })
    }

    /// Adds the categories of all lines. Those that can't be read now are left empty.
    async fn add_categories(&mut self, tickets: &mut [Ticket]) {
        let lines = tickets.iter().flat_map(|ticket| &ticket.order.lines);
        let mut unknown: Vec<ProductId> = lines
            .map(|line| &line.product)
            .filter(|product| !self.categories.contains_key(*product))
            .cloned()
            .collect();
        unknown.sort();
        unknown.dedup();
        self.read_categories(unknown).await;

        for ticket in tickets {
            let lines = ticket.order.lines.iter();
            let categories = lines.map(|line| self.categories.get(&line.product).cloned());
            ticket.categories = categories.map(Option::unwrap_or_default).collect();
        }
    }

    async fn read_categories(&mut self, products: Vec<ProductId>) {
        if products.is_empty() {
            return;
        }
        let Ok(conn) = self.products.clone().conn().await else {
            return;
        };
        let commands = products.iter().map(|product| {
            let mut command = redis::cmd("HGET");
            command.arg(keys::product(product)).arg("category");
            command
        });
        let answers = pipeline::run_each(&conn, commands.collect()).await;

        for (product, answer) in products.into_iter().zip(answers.unwrap_or_default()) {
            let category = match answer {
                Ok(category) => Option::<Vec<u8>>::from_redis_value(category).unwrap_or_default(),
                Err(trouble) if trouble.is_transient() => continue,
                // A key of the wrong type is no product.
                Err(_) => None,
            };
            let category = text::sanitize_to(&category.unwrap_or_default(), text::LONGEST);
            self.categories.insert(product, category);
        }
    }
}

/// Has the products forget those of some orders that are over, and gives the stock of cancelled ones
/// back.
pub(super) async fn wind_up(
    locator: Locator,
    products: ProductRoute,
    policy: Policy,
    ids: &[String],
) -> Result<(), Error> {
    let mut everything = Connection::over(locator, products.conn().await?, policy);
    let tickets = read_tickets(&everything.conn, ids).await?;
    order::wind_up_all(&mut everything, &tickets).await
}
