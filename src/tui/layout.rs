//! Size to rectangles, once: drawing, paging and the mouse all read it.

use ratatui::layout::{Margin, Rect};

/// From this width on both panes stand side by side.
const SIDE_BY_SIDE: u16 = 76;
/// The smallest screen that can be used.
const SMALLEST: (u16, u16) = (24, 6);
/// From this height on the catalog shows the selected product's details.
const WITH_DETAILS: u16 = 16;

/// From this height on the cart leaves room for the activity below it.
const WITH_ACTIVITY: u16 = 24;

/// A pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pane {
    /// The products.
    Catalog,
    /// The cart.
    Cart,
}

impl Pane {
    /// The other one.
    #[must_use]
    pub fn other(self) -> Pane {
        match self {
            Pane::Catalog => Pane::Cart,
            Pane::Cart => Pane::Catalog,
        }
    }
}

/// Where everything stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Areas {
    /// Shop, user, link, session.
    pub header: Rect,
    /// The catalog's frame, where it shows.
    pub catalog: Option<Rect>,
    /// The catalog's rows.
    pub catalog_rows: Rect,
    /// The selected product's details; may be empty.
    pub details: Rect,
    /// The cart's frame, where it shows.
    pub cart: Option<Rect>,
    /// The cart's rows.
    pub cart_rows: Rect,
    /// The cart's sums.
    pub sums: Rect,
    /// Who changed what, where it shows.
    pub activity: Option<Rect>,
    /// Messages and prompts.
    pub message: Rect,
    /// The keys that work here.
    pub footer: Rect,
}

/// The areas on a screen of `width` by `height`; `None` where it is too small.
#[must_use]
pub fn areas(width: u16, height: u16, focus: Pane, activity: Option<bool>) -> Option<Areas> {
    if width < SMALLEST.0 || height < SMALLEST.1 {
        return None;
    }
    let line = |y: u16| Rect::new(0, y, width, 1);
    let (header, message, footer) = (line(0), line(height - 2), line(height - 1));
    let body = Rect::new(0, 1, width, height - 3);
    let (catalog, cart) = if width >= SIDE_BY_SIDE {
        let left = width / 20 * 11 + width % 20 / 2;
        (Some(Rect { width: left, ..body }), Some(Rect { x: left, width: width - left, ..body }))
    } else if focus == Pane::Catalog {
        (Some(body), None)
    } else {
        (None, Some(body))
    };
    let roomy = cart.is_some_and(|cart| cart.height >= WITH_ACTIVITY);
    let (cart, activity) = match cart {
        Some(cart) if roomy && activity != Some(false) => {
            let below = cart.height / 3;
            let top = Rect { height: cart.height - below, ..cart };
            (Some(top), Some(Rect { y: top.bottom(), height: below, ..cart }))
        }
        // Asked for where there is no room for both: it takes the cart's place.
        Some(cart) if activity == Some(true) => (None, Some(cart)),
        cart => (cart, None),
    };
    let details = if height >= WITH_DETAILS { 2 } else { 0 };
    let (catalog_rows, details) = inside(catalog, details);
    let (cart_rows, sums) = inside(cart, if height >= 9 { 2 } else { 1 });
    Some(Areas { header, catalog, catalog_rows, details, cart, cart_rows, sums, activity, message, footer })
}

/// The rows inside a frame, below the column heads, and `foot` lines below them.
fn inside(frame: Option<Rect>, foot: u16) -> (Rect, Rect) {
    let Some(frame) = frame else { return (Rect::ZERO, Rect::ZERO) };
    let inner = frame.inner(Margin::new(1, 1));
    let foot = foot.min(inner.height.saturating_sub(1));
    let rows = inner.height.saturating_sub(1 + foot);
    (Rect { y: inner.y + 1, height: rows, ..inner }, Rect { y: inner.y + 1 + rows, height: foot, ..inner })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_stays_on_the_screen_at_any_size() {
        for width in 1..=300 {
            for height in 1..=100 {
                let shown = [Pane::Catalog, Pane::Cart]
                    .into_iter()
                    .flat_map(|focus| [None, Some(true), Some(false)].map(|activity| (focus, activity)));
                for (focus, activity) in shown {
                    let Some(areas) = areas(width, height, focus, activity) else { continue };
                    let screen = Rect::new(0, 0, width, height);
                    let shown = [
                        Some(areas.header),
                        areas.catalog,
                        areas.cart,
                        areas.activity,
                        Some(areas.message),
                        Some(areas.footer),
                    ];
                    for area in shown.into_iter().flatten().chain([
                        areas.catalog_rows,
                        areas.details,
                        areas.cart_rows,
                        areas.sums,
                    ]) {
                        assert_eq!(area.intersection(screen), area, "{width}x{height}");
                    }
                    assert!(areas.catalog.is_some() || areas.cart.is_some() || areas.activity.is_some());
                }
            }
        }
    }
}
