//! The tabs of the header, with their places.

use crate::model::text;
use crate::tui::staff::state::{Page, StaffState};

/// The most columns for the shop's name.
const WIDEST_SHOP: usize = 24;
/// The columns that the state of the connection keeps behind them.
const LINK: u16 = 10;
/// The columns between two tabs.
const GAP: u16 = 2;

/// The name of a page in the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tui) struct Tab {
    pub(in crate::tui) page: Page,
    /// Its first column.
    pub(in crate::tui) x: u16,
    /// The word that shows, in brackets where it is the present page.
    pub(in crate::tui) word: String,
    pub(in crate::tui) is_present: bool,
}

impl Tab {
    /// The column behind it.
    #[must_use]
    pub(in crate::tui) fn end(&self) -> u16 {
        self.x + u16::try_from(text::width(&self.word)).unwrap_or(0)
    }
}

/// The name of the shop, as the header shows it.
#[must_use]
pub(in crate::tui) fn shop_name(state: &StaffState) -> String {
    text::truncate(&state.shop.name, WIDEST_SHOP)
}

/// The tabs of the header; none on the page for those who collect.
#[must_use]
pub(in crate::tui) fn tabs(state: &StaffState) -> Vec<Tab> {
    if state.page == Page::Ready {
        return Vec::new();
    }

    let mut x = 1 + u16::try_from(text::width(&shop_name(state))).unwrap_or(0) + GAP;
    let mut tabs = Vec::new();
    let pages = [
        (Page::Board, "Board"),
        (Page::Today, "Today"),
        (Page::Products, "Products"),
    ];

    // The shop's settings have a tab only while they are open.
    let shop = (state.page == Page::Shop).then_some((Page::Shop, "Shop"));
    for (page, word) in pages.into_iter().chain(shop) {
        let is_present = page == state.page;
        let word = if is_present {
            format!("[{word}]")
        } else {
            word.to_owned()
        };
        let tab = Tab {
            page,
            x,
            word,
            is_present,
        };
        x = tab.end() + GAP;
        tabs.push(tab);
    }

    // Where not all have room, the present one alone says where one is.
    let first = tabs.first().map_or(0, |tab| tab.x);
    let end = tabs.last().map_or(0, Tab::end);
    if end + LINK > state.size.0 {
        tabs.retain(|tab| tab.is_present);
        for tab in &mut tabs {
            tab.x = first;
        }
    }
    tabs
}
