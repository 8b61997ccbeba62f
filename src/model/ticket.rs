//! Tickets: orders as a board shows them to those who make them.

use super::{Order, OrderBrief, ProductId};

/// An order as a board shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// The order.
    pub order: Order,
    /// The products whose lines are ticked: somebody has made them.
    pub ticked: Vec<ProductId>,
    /// Who brought it into its present state; clean text, `None` while it is placed.
    pub moved_by: Option<String>,
    /// The category of each line as the catalog has it today; empty where there is none.
    pub categories: Vec<String>,
}

impl Ticket {
    /// Tells whether the line of this product is ticked.
    #[must_use]
    pub(crate) fn is_ticked(&self, product: &ProductId) -> bool {
        self.ticked.contains(product)
    }

    /// The number of its lines that are ticked.
    #[must_use]
    pub(crate) fn ticked_lines(&self) -> usize {
        let lines = self.order.lines.iter();
        lines.filter(|line| self.is_ticked(&line.product)).count()
    }
}

impl From<&Ticket> for OrderBrief {
    fn from(ticket: &Ticket) -> OrderBrief {
        OrderBrief {
            changed_by: ticket.moved_by.clone(),
            ..OrderBrief::from(&ticket.order)
        }
    }
}
