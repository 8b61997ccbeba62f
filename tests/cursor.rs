//! The terminal's own cursor: it stands at the selected row or where one types, so that magnifiers
//! and lines of braille follow it, and it is there again at the end.

use crate::harness;

use harness::board::TestBoard;
use harness::screens::{SIZES, TestScreen, screens};
use harness::{Server, Terminal, ok_as, shop_sized, staff_sized};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use regex::Regex;
use trolley::config::theme::Theme;
use trolley::tui::staff::view::view as staff_view;
use trolley::tui::view::view;

/// Waits until the cursor shows, and what stands from it on matches.
fn points_at(terminal: &Terminal, pattern: &str) {
    let regex = Regex::new(&format!("^{pattern}")).unwrap();
    terminal.wait_until(&format!("the cursor is not at {pattern:?}"), |screen| {
        let (row, column) = screen.cursor_position();
        let (_, columns) = screen.size();
        let line = screen
            .rows(column, columns.get() - column)
            .nth(row.into())
            .unwrap();
        !screen.hide_cursor() && regex.is_match(&line)
    });
}

#[test]
fn the_cursor_is_where_one_looks_on_every_page_of_the_shop() {
    let server = Server::with_demo();
    for size in [(120, 36), (80, 24)] {
        let name = format!("ann{}", size.0);
        ok_as(&server, &name, "bob", &["add", "ginger-beer", "2"]);
        ok_as(&server, &name, "bob", &["checkout", "--yes"]);
        ok_as(&server, &name, "bob", &["add", "espresso", "2"]);
        ok_as(&server, &name, "bob", &["add", "flat-white"]);
        let mut shop = shop_sized(&server, &name, "ann", size.0, size.1);
        shop.wait("2 Espresso");

        // What this cart has ordered before stands first.
        shop.wait("Ginger Beer .*Usual");
        shop.keys("home");
        points_at(&shop, "Ginger Beer ");
        shop.keys("j j");
        points_at(&shop, "Banana Bread Slice ");
        shop.keys("k");
        points_at(&shop, "Baguette ");
        shop.keys("/ flat");
        points_at(&shop, " *[0-9]+ of 64");
        shop.keys("esc");
        points_at(&shop, "Flat White ");

        shop.keys("tab");
        points_at(&shop, " +2 Espresso ");
        shop.keys("j");
        points_at(&shop, " +1 Flat White ");
        shop.keys("= 12");
        points_at(&shop, " *$");
        shop.keys("esc c");
        shop.wait("Checkout 2 lines");
        points_at(&shop, " +2 Espresso ");
        shop.keys("j");
        points_at(&shop, " +1 Flat White ");
        shop.keys("esc w");
        points_at(&shop, "[●○] .*(ann|bob) ");
        shop.keys("w o");
        points_at(&shop, " *#[0-9]+ ");
        shop.keys("enter");
        points_at(&shop, " +2 +.*Ginger Beer");
        shop.keys("esc esc b");
        points_at(&shop, &format!("● ▌{name} "));
        shop.keys("esc ?");
        shop.wait(" Keys ");
        points_at(&shop, "Move|Moving|Lists|[A-Z]");
        shop.keys("esc : he");
        points_at(&shop, " *$");
        shop.keys("esc q");
        assert!(shop.wait_exit().success());
        shop.assert_restored();
    }
}

#[test]
fn the_cursor_is_where_one_looks_on_the_pages_of_the_staff() {
    let server = Server::with_demo();
    for cart in ["till", "office"] {
        ok_as(&server, cart, "bob", &["add", "espresso", "2"]);
        ok_as(&server, cart, "bob", &["add", "ginger-beer"]);
        ok_as(&server, cart, "bob", &["checkout", "--yes"]);
    }
    for size in [(120, 36), (80, 24)] {
        let mut board = staff_sized(&server, "mia", &["board"], size);
        board.wait("#2 +office");
        // A narrow board is a list at first.
        if size.0 > 100 {
            points_at(&board, " +2 Espresso");
            board.keys("j");
            points_at(&board, " +1 .*Ginger Beer");
            board.keys("v");
        }
        points_at(&board, "#1 ");
        board.keys("j");
        points_at(&board, "#2 ");
        board.keys("/ of");
        points_at(&board, " *$");
        board.keys("esc tab");
        board.wait("Best sold");
        points_at(&board, "Espresso ");
        board.keys("q");
        assert!(board.wait_exit().success());
        board.assert_restored();
    }
}

/// Where something is selected, the cursor stands on a row of its colours.
#[test]
fn the_cursor_stands_on_what_is_selected_at_every_size() {
    let mut seen = 0;
    for (width, height) in SIZES {
        for (name, stage) in screens(width, height) {
            let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
            let cursor = view(&stage.state, &mut buffer);
            let selected = Theme::DARK.selected.bg.unwrap();
            let changed = Theme::DARK.changed.bg.unwrap();
            let is_drawn = buffer.content.iter().any(|cell| cell.bg == selected);
            if !is_drawn {
                continue;
            }
            let cursor = cursor.unwrap_or_else(|| panic!("{name} at {width}x{height}"));
            let ground = buffer[cursor].bg;
            let is_typing = cursor.y == height - 2 || buffer[(0, cursor.y)].symbol() == "╭";
            assert!(
                ground == selected || ground == changed || is_typing,
                "{name} at {width}x{height}: {cursor}"
            );
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn no_cursor_shows_where_nothing_is_selected() {
    let mut buffer = Buffer::empty(Rect::new(0, 0, 120, 36));
    let stage = TestScreen::new(120, 36);
    assert_eq!(view(&stage.state, &mut buffer), None);

    let board = TestBoard::with(120, 36, Vec::new());
    assert_eq!(staff_view(&board.state, &mut buffer), None);
}
