//! Scanned codes: a bar-code scanner is a keyboard that types digits and Enter.
//!
//! However fast or slow they come, enough digits with an Enter behind them are a code, and never a
//! number of pieces. A code acts on the product that has it, and on no row that is selected.

use super::Updater;
use crate::config::key::{Code, Key};
use crate::config::keymap::{Action, Context};
use crate::model::barcode::{Reading, TIMES};
use crate::model::{ChangeKind, Edit, ProductId, Refusal, text};
use crate::store::MOST_LINES;
use crate::tui::state::digits::are_scanned;
use crate::tui::state::{Asked, Connectivity, Mode};
use indexmap::IndexMap;

/// The key at the end of a code, which no setting changes in a scanner.
const END: Key = Key::plain(Code::Named("enter"));

/// The refusal of a code where it could act on nothing that shows.
pub(in crate::tui) const NOT_HERE: &str = "Scanned codes do nothing here";

/// A product whose code was read.
struct ScannedProduct {
    product: ProductId,
    name: String,
    code: String,
    pieces: u32,
}

/// The sentence about a code that no product has.
pub(in crate::tui) fn no_product_of(code: &str) -> String {
    format!("No product has the code {code}")
}

impl Updater<'_> {
    /// The digits that `key` ends as a code; `None` where it ends none.
    pub(super) fn code_ended_by(&self, key: Key) -> Option<String> {
        if key != END {
            return None;
        }

        let digits = if let Mode::Search = self.state.mode {
            last_digits(self.state.catalog.words.value())
        } else if let Mode::Prompt {
            asked: Asked::Quantity(_),
            input,
        } = &self.state.mode
        {
            input.value()
        } else {
            // Where anything else is typed, there are none of these.
            self.state.digits.as_str()
        };
        are_scanned(digits).then(|| digits.to_owned())
    }

    /// Returns whether a code must wait, as the products are still being read.
    pub(super) fn is_catalog_coming(&self) -> bool {
        match self.state.connectivity {
            Connectivity::Connecting => true,
            Connectivity::Live | Connectivity::Syncing => {
                !self.state.catalog.loaded && self.state.catalog.load_trouble.is_none()
            }
            Connectivity::Offline { .. } | Connectivity::Unreadable(_) => false,
        }
    }

    /// Takes in a code where lists or a search show, and refuses it elsewhere.
    pub(super) fn take_code(&mut self, context: Context, digits: &str) {
        self.state.digits.clear();
        self.state.notice = None;
        self.state.orders.asked_again = None;

        match context {
            Context::Catalog
            | Context::EmptyCatalog
            | Context::Cart
            | Context::People
            | Context::Activity => self.add_scanned(digits),

            // What is no code by any sign may be a word to search for.
            Context::Search if self.read_code(digits) == Reading::NotACode => {
                self.act(Action::Accept);
            }
            Context::Search => {
                self.state.mode = Mode::Browse;
                self.clear_search();
                self.add_scanned(digits);
            }

            Context::Prompt => {
                self.uncover();
                self.notify_warn(NOT_HERE);
            }
            Context::Palette
            | Context::Help
            | Context::Checkout
            | Context::Orders
            | Context::Receipt
            | Context::Carts
            | Context::ConfirmQuit
            | Context::ConfirmCancel
            | Context::ConfirmClear
            | Context::Board
            | Context::Ready
            | Context::Today
            | Context::Products
            | Context::Shop => self.notify_warn(NOT_HERE),
        }
    }

    /// Refuses digits before a command that are too many for a number, or nothing but zeros where
    /// pieces are counted; returns whether they are.
    pub(super) fn refuse_digits(&mut self, action: Action) -> bool {
        let leaves = matches!(
            action,
            Action::Back | Action::Quit | Action::QuitAnyway | Action::Suspend
        );
        if self.state.digits.are_zero() && counts_pieces(action) {
            self.notify_error(Refusal::Zero.to_string());
            self.state.digits.clear();
            return true;
        }
        if leaves || !self.state.digits.are_no_number() {
            return false;
        }

        let digits = self.state.digits.as_str();
        self.notify_error(format!(
            "{digits} is too long for a number; Enter ends a scanned code"
        ));
        self.state.digits.clear();
        true
    }

    /// Adds the product of a code.
    fn add_scanned(&mut self, digits: &str) {
        match self.scanned_product(digits) {
            Ok(scanned) => {
                self.add(scanned.product, scanned.pieces);
                // A warning of the product counts more.
                if self.state.notice.is_none() {
                    let ScannedProduct {
                        name, code, pieces, ..
                    } = scanned;
                    self.notify_info(format!("Added {pieces} × {name} ({code})"));
                }
            }
            Err(why) => self.notify_error(why),
        }
    }

    /// Takes in pasted text where it is codes, one a line; returns whether it is.
    pub(super) fn paste_codes(&mut self, pasted: &str) -> bool {
        let lines = pasted
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty());
        let lines: Vec<&str> = lines.collect();
        // A code alone may be looked for: its Enter comes later.
        let is_entered = pasted.contains(['\n', '\r']);
        let is_asked = matches!(self.state.mode, Mode::Browse)
            || matches!(self.state.mode, Mode::Search) && is_entered;
        let are_codes = lines.iter().all(|line| are_scanned(line));
        if !is_asked || !are_codes || lines.is_empty() {
            return false;
        }

        if matches!(self.state.mode, Mode::Search) {
            self.state.mode = Mode::Browse;
            self.clear_search();
        }
        self.state.digits.clear();
        self.state.notice = None;
        match lines[..] {
            [digits] => self.add_scanned(digits),
            _ => {
                if let Err(why) = self.add_all_scanned(&lines) {
                    self.notify_error(format!("{why}; nothing was added"));
                }
            }
        }
        true
    }

    /// Adds the products of several codes as one change, all or none.
    fn add_all_scanned(&mut self, codes: &[&str]) -> Result<(), String> {
        let mut wanted: IndexMap<ProductId, u32> = IndexMap::new();
        for (digits, line) in codes.iter().zip(1..) {
            let scanned = self.scanned_product(digits);
            let scanned = scanned.map_err(|why| format!("Line {line}: {why}"))?;
            let pieces = wanted.entry(scanned.product).or_default();
            *pieces = pieces.saturating_add(scanned.pieces);
        }
        if wanted.len() > MOST_LINES as usize {
            return Err(format!("That is more than {MOST_LINES} products"));
        }

        let products = text::count(wanted.len(), "product");
        let pieces: u64 = wanted.values().map(|pieces| u64::from(*pieces)).sum();
        let mut edits = Vec::with_capacity(wanted.len());
        for (product, quantity) in &wanted {
            let price = self.price_to_note(product);
            edits.push(Edit::Add {
                product: product.clone(),
                quantity: *quantity,
                price: price.map_err(|refusal| refusal.to_string())?,
            });
        }

        if self.submit(ChangeKind::Edit, edits) {
            self.notify_info(format!("Added {pieces} pieces of {products}"));
            for product in wanted.keys() {
                self.warn_if_sold_out(product);
            }
        }
        Ok(())
    }

    /// The product of a code, with the number before it, or the reason why there is none.
    fn scanned_product(&self, digits: &str) -> Result<ScannedProduct, String> {
        let catalog = &self.state.catalog;
        if !catalog.loaded {
            return Err(
                "The catalog has not been read yet: scan the code again in a moment".to_owned(),
            );
        }

        let split = match self.read_code(digits) {
            Reading::Code(split) => split,
            Reading::Ambiguous(one, other) => {
                let (first, second) = (one.pieces(), other.pieces());
                return Err(format!(
                    "This is {one} or {other}: type {first}{TIMES} or {second}{TIMES}, then scan"
                ));
            }
            Reading::Unknown(code) => return Err(no_product_of(code)),
            Reading::NotACode => {
                return Err(format!("{}; check its digits", no_product_of(digits)));
            }
        };
        let found = catalog.catalog.of_code(split.code);
        let found = found.map_err(|refusal| refusal.to_string())?;
        let item = found.ok_or_else(|| no_product_of(split.code))?;

        Ok(ScannedProduct {
            product: item.product_id(),
            name: item.name.to_owned(),
            code: split.code.to_owned(),
            pieces: split.pieces(),
        })
    }

    fn read_code<'a>(&self, digits: &'a str) -> Reading<'a> {
        self.state.catalog.catalog.read_code(digits)
    }
}

/// The digits at the end of a text, with the sign between a number and a code.
fn last_digits(text: &str) -> &str {
    let text = text.trim_end();
    let before = text.trim_end_matches(|c: char| c.is_ascii_digit() || c == TIMES);
    &text[before.len()..]
}

/// Tells whether a number before an action says how many pieces are meant.
fn counts_pieces(action: Action) -> bool {
    matches!(
        action,
        Action::Add | Action::More | Action::Less | Action::Repeat
    )
}
