//! The areas of the screen, from its size: drawing, paging and the mouse all read them.

use ratatui::layout::{Margin, Rect};

/// From this width on both panes stand side by side.
pub(crate) const SIDE_BY_SIDE: u16 = 76;
/// The smallest screen that can be used.
const SMALLEST: (u16, u16) = (24, 7);
/// From this width on the cart shows who added a line.
const ROOMY: u16 = 100;
/// The part of that width, in percent, for the list at the left.
const ROOMY_LIST: u32 = 52;
/// From this width on people have a pane of their own; else they stand in the cart's place.
pub(crate) const THREE_PANES: u16 = 150;
/// The part of that width, in percent, for the catalog; the others share the rest.
const CATALOG_OF_THREE: u32 = 40;
/// The lines of details about the selected product, by the height from which on they show.
const DETAILS: [(u16, u16); 3] = [(30, 5), (20, 4), (14, 2)];
/// From this height on the cart leaves room for the activity below it.
const WITH_ACTIVITY: u16 = 24;
/// The most rows of the palette, with its frame.
const PALETTE: u16 = 10;

/// A pane that can have the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pane {
    /// The products.
    Catalog,
    /// The cart.
    Cart,
    /// The people who fill the cart.
    People,
}

/// The conditions under which the activity shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ActivityVisibility {
    /// Wherever there is room below the cart.
    #[default]
    Automatic,
    /// Always: where there is no room below the cart, in its place.
    Shown,
    /// Never.
    Hidden,
}

/// The conditions under which people show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PeopleVisibility {
    /// Always: in the cart's place, or beside it.
    Shown,
    /// Never.
    #[default]
    Hidden,
}

/// The areas of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Areas {
    /// The first line: shop, user, connection, countdown.
    pub header: Rect,
    /// The catalog's frame, where it shows.
    pub catalog: Option<Rect>,
    /// The catalog's rows.
    pub catalog_rows: Rect,
    /// The details of the selected product; may be empty.
    pub details: Rect,
    /// The cart's frame, where it shows.
    pub cart: Option<Rect>,
    /// The cart's rows.
    pub cart_rows: Rect,
    /// The cart's sums.
    pub sums: Rect,
    /// The activity's frame, where it shows.
    pub activity: Option<Rect>,
    /// The people's frame, where it shows.
    pub people: Option<Rect>,
    /// The palette's entries, above the message line.
    pub palette: Rect,
    /// The line for messages and prompts.
    pub message: Rect,
    /// The line for the keys that work here.
    pub footer: Rect,
}

impl Areas {
    /// The areas on a screen of `size`, columns and rows; `None` where it is too small.
    #[must_use]
    pub(crate) fn of(
        size: (u16, u16),
        focus: Pane,
        visibility: ActivityVisibility,
        people: PeopleVisibility,
    ) -> Option<Areas> {
        if !has_room(size) {
            return None;
        }
        let (width, height) = size;

        let body = body(size);
        let Panes {
            catalog,
            cart_side,
            people,
        } = Panes::of(body, focus, people);
        let (cart, activity) = split_activity(cart_side, visibility);

        let (catalog_rows, details) = split_foot(catalog, details_height(height));
        let (cart_rows, sums) = split_foot(cart, sums_height(cart));

        Some(Areas {
            header: Rect::new(0, 0, width, 1),
            catalog,
            catalog_rows,
            details,
            cart,
            cart_rows,
            sums,
            activity,
            people,
            palette: palette(body),
            message: message_line(size),
            footer: footer_line(size),
        })
    }

    /// The number of entries that the activity shows.
    #[must_use]
    pub(crate) fn activity_page(&self) -> usize {
        let height = self.activity.map_or(0, |frame| frame.height);
        usize::from(height.saturating_sub(2))
    }
}

/// The frames of the panes that show.
struct Panes {
    catalog: Option<Rect>,
    /// The frame that cart and activity share.
    cart_side: Option<Rect>,
    people: Option<Rect>,
}

impl Panes {
    /// The frames side by side, or the focused one alone.
    fn of(body: Rect, focus: Pane, people: PeopleVisibility) -> Panes {
        let is_shown = people == PeopleVisibility::Shown;
        if body.width < SIDE_BY_SIDE {
            return Panes::alone(body, focus);
        }
        if is_shown && body.width >= THREE_PANES {
            return Panes::three(body);
        }

        let (catalog, side) = split_lists(body);
        Panes {
            catalog: Some(catalog),
            cart_side: (!is_shown).then_some(side),
            people: is_shown.then_some(side),
        }
    }

    fn alone(body: Rect, focus: Pane) -> Panes {
        Panes {
            catalog: (focus == Pane::Catalog).then_some(body),
            cart_side: (focus == Pane::Cart).then_some(body),
            people: (focus == Pane::People).then_some(body),
        }
    }

    fn three(body: Rect) -> Panes {
        let (catalog, others) = split_at_percent(body, CATALOG_OF_THREE);
        let (cart_side, people) = split_at_percent(others, 50);
        Panes {
            catalog: Some(catalog),
            cart_side: Some(cart_side),
            people: Some(people),
        }
    }
}

/// The frames of a list and of what belongs to its rows, side by side.
#[must_use]
fn split_lists(body: Rect) -> (Rect, Rect) {
    // On a roomy screen the other side gets more of it, as its rows say more there.
    let percent = if body.width >= ROOMY { ROOMY_LIST } else { 55 };
    split_at_percent(body, percent)
}

/// The same; `None` where one of them alone has room.
#[must_use]
pub(crate) fn side_by_side(body: Rect) -> Option<(Rect, Rect)> {
    (body.width >= SIDE_BY_SIDE).then(|| split_lists(body))
}

/// The entries of the palette, at the foot of the body.
#[must_use]
pub(crate) fn palette(body: Rect) -> Rect {
    let height = body.height.min(PALETTE);
    Rect {
        y: body.bottom() - height,
        height,
        ..body
    }
}

/// The area between the header and the last two lines, on a screen of this size.
#[must_use]
pub(crate) fn body((width, height): (u16, u16)) -> Rect {
    Rect::new(0, 1, width, height.saturating_sub(3))
}

/// The line of messages and prompts.
#[must_use]
pub(crate) fn message_line((width, height): (u16, u16)) -> Rect {
    Rect::new(0, height.saturating_sub(2), width, 1)
}

/// The line of keys.
#[must_use]
pub(crate) fn footer_line((width, height): (u16, u16)) -> Rect {
    Rect::new(0, height.saturating_sub(1), width, 1)
}

/// Returns whether a screen of this size, columns and rows, has room for anything.
#[must_use]
pub(crate) fn has_room((width, height): (u16, u16)) -> bool {
    width >= SMALLEST.0 && height >= SMALLEST.1
}

/// The frames of a list and of what belongs to its selected row: side by side where both have room
/// for their amounts, else the one with the keyboard alone.
#[must_use]
pub(crate) fn list_and_selected(
    body: Rect,
    list_has_keyboard: bool,
) -> (Option<Rect>, Option<Rect>) {
    if body.width >= ROOMY {
        let (list, selected) = split_at_percent(body, ROOMY_LIST);
        (Some(list), Some(selected))
    } else if list_has_keyboard {
        (Some(body), None)
    } else {
        (None, Some(body))
    }
}

/// The part of an area that has so many percent of its width, and the rest.
pub(crate) fn split_at_percent(area: Rect, percent: u32) -> (Rect, Rect) {
    let width = u32::from(area.width) * percent / 100;
    let width = u16::try_from(width).unwrap_or(area.width);

    let left = Rect { width, ..area };
    let right = Rect {
        x: area.x + width,
        width: area.width - width,
        ..area
    };
    (left, right)
}

/// The frames of the cart and of the activity, which share the cart's side of the screen.
fn split_activity(
    side: Option<Rect>,
    visibility: ActivityVisibility,
) -> (Option<Rect>, Option<Rect>) {
    let Some(side) = side else {
        return (None, None);
    };

    let has_room = side.height >= WITH_ACTIVITY;
    match visibility {
        ActivityVisibility::Automatic | ActivityVisibility::Shown if has_room => {
            let below = side.height / 3;
            let cart = Rect {
                height: side.height - below,
                ..side
            };
            let activity = Rect {
                y: cart.bottom(),
                height: below,
                ..side
            };
            (Some(cart), Some(activity))
        }
        ActivityVisibility::Shown => (None, Some(side)),
        ActivityVisibility::Automatic | ActivityVisibility::Hidden => (Some(side), None),
    }
}

/// The lines for the details of the selected product.
fn details_height(screen_height: u16) -> u16 {
    DETAILS
        .iter()
        .find(|(from, _)| screen_height >= *from)
        .map_or(0, |(_, lines)| *lines)
}

/// The lines for the cart's sums.
fn sums_height(cart: Option<Rect>) -> u16 {
    match cart {
        Some(cart) if cart.height >= 16 => 4,
        Some(cart) if cart.height >= 8 => 2,
        _ => 1,
    }
}

/// The rows inside a frame, below the column headings, and `foot` lines below them, as far as one
/// row is left for keys to act on.
fn split_foot(frame: Option<Rect>, foot: u16) -> (Rect, Rect) {
    let Some(frame) = frame else {
        return (Rect::ZERO, Rect::ZERO);
    };

    let inner = frame.inner(Margin::new(1, 1));
    let foot = foot.min(inner.height.saturating_sub(2));
    let height = inner.height.saturating_sub(1 + foot);

    let rows = Rect {
        y: inner.y + 1,
        height,
        ..inner
    };
    let foot = Rect {
        y: rows.bottom(),
        height: foot,
        ..inner
    };
    (rows, foot)
}

/// The rows of a list in a frame, below the headings of its columns.
#[must_use]
pub(crate) fn list_rows(frame: Rect) -> Rect {
    let inner = frame.inner(Margin::new(1, 1));
    Rect {
        y: inner.y + 1,
        height: inner.height.saturating_sub(1),
        ..inner
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_stays_on_the_screen_at_any_size() {
        let visibilities = [
            ActivityVisibility::Automatic,
            ActivityVisibility::Shown,
            ActivityVisibility::Hidden,
        ];
        for width in 1..=300 {
            for height in 1..=100 {
                for (focus, people) in [
                    (Pane::Catalog, PeopleVisibility::Hidden),
                    (Pane::Cart, PeopleVisibility::Hidden),
                    (Pane::Catalog, PeopleVisibility::Shown),
                    (Pane::People, PeopleVisibility::Shown),
                ] {
                    for visibility in visibilities {
                        if let Some(areas) = Areas::of((width, height), focus, visibility, people) {
                            check(&areas, width, height);
                        }
                    }
                }
            }
        }
    }

    fn check(areas: &Areas, width: u16, height: u16) {
        let always = [
            areas.header,
            areas.catalog_rows,
            areas.details,
            areas.cart_rows,
            areas.sums,
            areas.palette,
            areas.message,
            areas.footer,
        ];
        let frames = [areas.catalog, areas.cart, areas.activity, areas.people];

        let screen = Rect::new(0, 0, width, height);
        for area in frames.into_iter().flatten().chain(always) {
            assert_eq!(area.intersection(screen), area, "{width}x{height}");
        }

        // A list that shows has a row at least, and something always shows.
        for (frame, rows) in [
            (areas.catalog, areas.catalog_rows),
            (areas.cart, areas.cart_rows),
        ] {
            assert!(frame.is_none() || rows.height > 0, "{width}x{height}");
        }
        assert!(frames.iter().any(Option::is_some), "{width}x{height}");
    }
}
