//! The rows of the cart: each line, who asked for its pieces beside or below it, and below that
//! what people noted on it. Drawing, scrolling and the mouse all read them.

use super::columns::CartColumns;
use super::notes::{NoteRow, note_rows};
use crate::config::theme::SHORT;
use crate::model::product::only_left;
use crate::model::shares::are_shared;
use crate::model::total::LineStatus;
use crate::model::{CartLine, text, total};
use crate::tui::state::State;
use crate::tui::state::scroll::fitting;
use ratatui::layout::Rect;

/// Where the names of who asked for a line's pieces stand, in the line's area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FromPlace {
    /// In their column, whose first row is that of the line.
    Column,
    /// In rows of their own below the line.
    Below,
}

/// The texts beside and below a line of the cart, and behind its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AroundLine {
    /// Where the names stand.
    pub(crate) place: FromPlace,
    /// The names in their column, in the row of the line.
    pub(crate) beside: String,
    /// The words behind the line's name: how few are left, where there is room for that.
    pub(crate) behind_name: Option<String>,
    /// The rows below it.
    pub(crate) below: Vec<RowBelow>,
}

impl AroundLine {
    /// The rows that it takes with the line.
    #[must_use]
    pub(crate) fn height(&self) -> usize {
        1 + self.below.len()
    }
}

/// A row below a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RowBelow {
    /// A problem, or some of those who asked for the pieces.
    Names {
        /// The reason why the line can't be ordered, or nothing.
        problem: String,
        /// Some of the names, or none.
        from: String,
    },
    /// A note that somebody left on it, or a part of that.
    Note(NoteRow),
}

/// The rows of the cart that shows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CartRows<'a> {
    state: &'a State,
    rows: Rect,
    /// The columns of each line.
    pub(crate) columns: CartColumns,
    /// Not only whoever looks at it has filled the cart.
    is_shared: bool,
}

impl<'a> CartRows<'a> {
    /// The rows in this area.
    #[must_use]
    pub(crate) fn of(state: &'a State, rows: Rect) -> CartRows<'a> {
        let lines = state.cart.shown.lines.iter();
        let lines = lines.map(|line| (&line.shares[..], line.quantity.whole()));
        CartRows {
            state,
            rows,
            columns: CartColumns::of(state, rows),
            is_shared: are_shared(lines, &state.env.me),
        }
    }

    /// The texts around a line.
    #[must_use]
    pub(crate) fn around(&self, line: &CartLine) -> AroundLine {
        let product = self.state.lookup(&line.product);
        let (status, _) = total::line(line, product);
        let place = self.place_of_names(status);
        let mut names = self.names(line, place).into_iter();

        // How few are left stands below the line where it has no room behind the name.
        let left = total::short(line, product).filter(|_| status.may_count());
        let behind_name = left.and_then(|left| {
            let name = self.state.name_of(&line.product);
            short_behind_name(left, &name, self.columns.name)
        });
        let left_below = left.filter(|_| behind_name.is_none());

        let beside = match place {
            FromPlace::Column => names.next().unwrap_or_default(),
            FromPlace::Below => String::new(),
        };
        let mut below = Vec::new();
        if let Some(left) = left_below {
            let problem = format!("{SHORT} {}", only_left(left));
            let from = match place {
                FromPlace::Column => names.next().unwrap_or_default(),
                FromPlace::Below => String::new(),
            };
            below.push(RowBelow::Names { problem, from });
        }
        below.extend(names.map(|from| RowBelow::Names {
            problem: String::new(),
            from,
        }));

        // A line that is higher than the pane could never show whole.
        let room = usize::from(self.rows.height).saturating_sub(1 + below.len());
        let columns = self.room_below().into();
        let notes = note_rows(self.state, &line.product, columns, room);
        below.extend(notes.into_iter().map(RowBelow::Note));

        AroundLine {
            place,
            beside,
            behind_name,
            below,
        }
    }

    /// Who asked for a line's pieces, in rows as wide as there is room.
    fn names(&self, line: &CartLine, place: FromPlace) -> Vec<String> {
        let width = match place {
            FromPlace::Column => self.columns.by,
            // Where all is one's own, that needs no rows.
            FromPlace::Below if !self.is_shared => return Vec::new(),
            FromPlace::Below => self.room_below(),
        };

        line.portions().wrapped(width.into())
    }

    /// The columns for what stands below a line.
    fn room_below(&self) -> u16 {
        self.rows.width.saturating_sub(self.columns.quantity + 1)
    }

    /// A line that does not count has its name in the place of the column.
    fn place_of_names(&self, status: LineStatus) -> FromPlace {
        if status.may_count() && self.columns.by > 0 {
            FromPlace::Column
        } else {
            FromPlace::Below
        }
    }

    /// The texts around the lines that show, from the top.
    #[must_use]
    pub(crate) fn around_visible(&self) -> Vec<AroundLine> {
        let mut room = usize::from(self.rows.height);
        let lines = self.state.cart.shown.lines.iter();
        let below_top = lines.skip(self.state.cart.scroll.top);
        below_top
            .map_while(|line| {
                let around = (room > 0).then(|| self.around(line))?;
                room = room.saturating_sub(around.height());
                Some(around)
            })
            .collect()
    }

    /// The rows that the line with this index takes.
    #[must_use]
    pub(crate) fn height(&self, index: usize) -> usize {
        let Some(line) = self.state.cart.shown.lines.get(index) else {
            return 1;
        };
        self.around(line).height()
    }

    /// The number of lines that show whole.
    #[must_use]
    pub(crate) fn page(&self) -> usize {
        let lines = self.state.cart.shown.lines.len();
        let top = self.state.cart.scroll.top;
        fitting(top, lines, self.rows.height.into(), |row| self.height(row))
    }

    /// The index of the line in this row of the area.
    #[must_use]
    pub(crate) fn line_at(&self, row: usize) -> Option<usize> {
        let mut below = 0;
        (self.state.cart.scroll.top..self.state.cart.shown.lines.len()).find(|index| {
            below += self.height(*index);
            row < below
        })
    }
}

/// The words for how many are left, behind a name in a column of this width; `None` where there is
/// no room for them.
fn short_behind_name(left: u64, name: &str, width: u16) -> Option<String> {
    let sentence = only_left(left);
    let in_full = format!("({sentence})");
    let in_short = format!("({})", sentence.trim_start_matches("only "));

    let room = usize::from(width).saturating_sub(text::width(name) + 1);
    [in_full, in_short]
        .into_iter()
        .find(|words| text::width(words) <= room)
}
