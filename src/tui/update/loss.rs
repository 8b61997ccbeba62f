//! A selected product that goes: no key that was meant for it changes its neighbour.

use super::Updater;
use crate::config::keymap::Context;
use crate::model::ProductId;
use crate::tui::state::{LostTarget, Mode};

impl Updater<'_> {
    /// Notes where the product that was selected has gone from its list, so that its neighbour is
    /// selected instead: nobody has seen that yet.
    pub(super) fn note_loss(&mut self, product: ProductId, is_press: bool) {
        let state = &mut *self.state;
        // Words name what they mean, and nothing tells when their answer was read.
        let is_in_words = state.env.keymap.is_in_words();
        if is_in_words || state.target().as_ref() == Some(&product) {
            return;
        }

        let is_lost = if matches!(state.mode, Mode::Checkout(_)) {
            !state.checkout.previews(&product)
        } else if state.list_context() == Context::Cart {
            state.cart.row_of(&product).is_none()
        } else {
            // Whoever searches or moves has another one selected, which they mean.
            !is_press && state.catalog.select_after_search.as_ref() == Some(&product)
        };
        if is_lost {
            state.lost_target = Some(LostTarget {
                is_expected: is_press || state.cart.was_taken_out_here(&product),
                is_shown: false,
                product,
            });
        }
    }

    /// Takes in that the terminal shows what is selected in place of a product that has gone.
    pub(super) fn on_loss_shown(&mut self, product: &ProductId) {
        let lost_target = &mut self.state.lost_target;
        if let Some(lost) = lost_target
            && lost.product == *product
        {
            lost.is_shown = true;
        }
        lost_target.take_if(|lost| lost.is_expected && lost.is_shown);
    }

    /// Forgets a loss where its product is selected again: the list was only searched anew.
    pub(super) fn forget_found_loss(&mut self) {
        let target = self.state.target();
        let lost_target = &mut self.state.lost_target;
        lost_target.take_if(|lost| target.as_ref() == Some(&lost.product));
    }

    /// Ends the guard behind a product that others took out, once the terminal has shown what is
    /// selected instead: whoever has pressed something since knows.
    pub(super) fn end_seen_loss(&mut self) {
        self.state.lost_target.take_if(|lost| lost.is_shown);
    }

    /// Refuses a key behind a product that has gone: returns the words for whoever pressed it, who
    /// knows of the loss from then on. `None` where nothing is lost, and the key may act.
    pub(super) fn refuse_lost(&mut self) -> Option<String> {
        let lost = self.state.lost_target.as_mut()?;
        lost.is_expected = true;
        let product = lost.product.clone();
        let name = self.state.name_of(&product);
        Some(format!("{name} has gone: that key did nothing"))
    }
}
