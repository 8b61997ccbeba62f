//! Size to rectangles, once: drawing, paging and the mouse all read it.

use ratatui::layout::{Margin, Rect};

/// From this width on both panes stand side by side.
const SIDE_BY_SIDE: u16 = 76;
/// The smallest screen that can be used.
const SMALLEST: (u16, u16) = (24, 7);
/// From this width on the cart says who added a line.
const ROOMY: u16 = 100;
/// From these heights on the catalog shows so many lines about the selected product.
const DETAILS: [(u16, u16); 3] = [(30, 5), (20, 4), (14, 2)];
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
    /// The palette's entries, above the message line.
    pub palette: Rect,
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
        // Where there is room, the cart gets more of it: its rows say more.
        let share = if width >= ROOMY { 52 } else { 55 };
        let left = u16::try_from(u32::from(width) * share / 100).unwrap_or(width);
        (
            Some(Rect {
                width: left,
                ..body
            }),
            Some(Rect {
                x: left,
                width: width - left,
                ..body
            }),
        )
    } else if focus == Pane::Catalog {
        (Some(body), None)
    } else {
        (None, Some(body))
    };
    let roomy = cart.is_some_and(|cart| cart.height >= WITH_ACTIVITY);
    let (cart, activity) = match cart {
        Some(cart) if roomy && activity != Some(false) => {
            let below = cart.height / 3;
            let top = Rect {
                height: cart.height - below,
                ..cart
            };
            (
                Some(top),
                Some(Rect {
                    y: top.bottom(),
                    height: below,
                    ..cart
                }),
            )
        }
        // Asked for where there is no room for both: it takes the cart's place.
        Some(cart) if activity == Some(true) => (None, Some(cart)),
        cart => (cart, None),
    };
    let details = DETAILS
        .iter()
        .find(|(from, _)| height >= *from)
        .map_or(0, |(_, lines)| *lines);
    let (catalog_rows, details) = inside(catalog, details);
    let sums = match cart {
        Some(cart) if cart.height >= 16 => 4,
        Some(cart) if cart.height >= 8 => 2,
        _ => 1,
    };
    let (cart_rows, sums) = inside(cart, sums);
    let entries = body.height.min(10);
    let palette = Rect {
        y: body.bottom() - entries,
        height: entries,
        ..body
    };
    Some(Areas {
        header,
        catalog,
        catalog_rows,
        details,
        cart,
        cart_rows,
        sums,
        activity,
        palette,
        message,
        footer,
    })
}

impl Areas {
    /// How many rows of the activity show.
    #[must_use]
    pub fn activity_page(&self) -> usize {
        usize::from(
            self.activity
                .map_or(0, |frame| frame.height.saturating_sub(2)),
        )
    }
}

/// The rows inside a frame, below the column heads, and `foot` lines below them as far as one
/// row is left: keys act on it.
fn inside(frame: Option<Rect>, foot: u16) -> (Rect, Rect) {
    let Some(frame) = frame else {
        return (Rect::ZERO, Rect::ZERO);
    };
    let inner = frame.inner(Margin::new(1, 1));
    let foot = foot.min(inner.height.saturating_sub(2));
    let rows = inner.height.saturating_sub(1 + foot);
    (
        Rect {
            y: inner.y + 1,
            height: rows,
            ..inner
        },
        Rect {
            y: inner.y + 1 + rows,
            height: foot,
            ..inner
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_stays_on_the_screen_at_any_size() {
        let panes = [Pane::Catalog, Pane::Cart].into_iter();
        let cases: Vec<_> = panes
            .flat_map(|focus| [None, Some(true), Some(false)].map(|activity| (focus, activity)))
            .collect();
        for width in 1..=300 {
            for height in 1..=100 {
                for (focus, activity) in &cases {
                    let Some(areas) = areas(width, height, *focus, *activity) else {
                        continue;
                    };
                    let screen = Rect::new(0, 0, width, height);
                    let always = [
                        areas.catalog_rows,
                        areas.details,
                        areas.cart_rows,
                        areas.sums,
                        areas.palette,
                    ];
                    let frames = [
                        Some(areas.header),
                        areas.catalog,
                        areas.cart,
                        areas.activity,
                        Some(areas.message),
                        Some(areas.footer),
                    ];
                    for area in frames.into_iter().flatten().chain(always) {
                        assert_eq!(area.intersection(screen), area, "{width}x{height}");
                    }
                    let shows =
                        |frame: Option<Rect>, rows: Rect| frame.is_none() || rows.height > 0;
                    assert!(
                        shows(areas.catalog, areas.catalog_rows)
                            && shows(areas.cart, areas.cart_rows),
                        "{width}x{height}"
                    );
                    assert!(
                        areas.catalog.is_some() || areas.cart.is_some() || areas.activity.is_some()
                    );
                }
            }
        }
    }
}
