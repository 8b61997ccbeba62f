//! The board on the screen: tickets at every size, and what keys do to them.

use crate::harness;

use harness::board::{TestBoard, moved, numbered, screens, ticket, tickets};
use trolley::model::order::OrderLine;
use trolley::model::{Money, Note, OpId, OrderState, Refusal, Ticket};
use trolley::store::board::{BoardEvent, BoardRequest};
use trolley::store::{Error, Trouble};
use trolley::tui::message::{ShellEvent, TerminalEvent};
use trolley::tui::staff::message::{StaffEffect, StaffMessage};
use trolley::tui::staff::state::Page;

use OrderState::{Accepted, Cancelled, Done, Placed, Ready};

const SIZES: [(u16, u16); 4] = [(200, 50), (120, 36), (80, 24), (50, 15)];

fn step(number: u32, from: OrderState, to: OrderState) -> BoardRequest {
    let id = numbered(number);
    BoardRequest::Step { id, from, to }
}

/// A board with one ticket that is only placed and selected.
fn one_ticket() -> TestBoard {
    let lines = [
        (1, "Flat White", "Coffee & Tea", "3.60", false, ""),
        (1, "Cinnamon Bun", "Bakery", "2.60", false, ""),
    ];
    let mut board = TestBoard::with(120, 36, vec![ticket(42, "office", 4, &lines)]);
    board.pass(2_000);
    board
}

#[test]
fn the_board_at_the_usual_sizes() {
    for (width, height) in SIZES {
        for (name, board) in screens(width, height) {
            insta::assert_snapshot!(format!("{name}-{width}x{height}"), board.picture());
        }
    }
}

#[test]
fn no_size_breaks_a_board() {
    for keys in [
        "4 2",
        "t",
        "v",
        "v t",
        "/ b a",
        ":",
        "?",
        ": r e a d y enter",
    ] {
        let mut board = TestBoard::busy(120, 36);
        board.keys(keys);
        for width in [
            1, 2, 5, 23, 24, 25, 32, 33, 39, 59, 60, 65, 66, 75, 76, 77, 98, 99, 100, 131, 132, 300,
        ] {
            for height in [1, 2, 5, 6, 7, 8, 9, 11, 13, 14, 15, 16, 19, 24, 30, 60] {
                board.take_in(StaffMessage::Shell(ShellEvent::Resize(width, height)));
                board.picture();
            }
        }
    }
}

#[test]
fn enter_moves_a_ticket_on_from_the_state_in_which_it_was_seen() {
    let mut board = one_ticket();
    board.keys("enter");
    assert_eq!(board.requests, [step(42, Placed, Accepted)]);
    // Until that is answered, the key does nothing more.
    board.keys("enter");
    assert_eq!(board.requests.len(), 1);
    assert!(board.picture().contains("placed …"), "{}", board.picture());

    board.answer();
    assert!(board.picture().contains("accepted · mia"));
    board.keys("enter");
    assert_eq!(board.requests, []);
    assert_eq!(
        board.notice(),
        "#42 was accepted just now: press Enter again for ready"
    );
    // Whoever holds the key down moves nothing either.
    for _ in 0..20 {
        board.pass(400);
        board.keys("enter");
    }
    assert_eq!(board.requests, []);
    board.pass(1_000);
    board.keys("enter");
    assert_eq!(board.requests, [step(42, Accepted, Ready)]);

    board.answer();
    assert_eq!(
        board.notice(),
        "#42 is ready; 2 lines were not ticked. u undoes that."
    );
    // Nothing is selected until the next arrow or digit.
    assert_eq!(board.selected(), None);
    board.pass(1_000);
    board.keys("enter");
    assert_eq!(board.requests, []);
    board.keys("right enter");
    assert_eq!(board.requests, [step(42, Ready, Done)]);
    board.answer();
    assert!(board.state.board.tickets.is_empty());
}

#[test]
fn keys_that_come_at_once_move_nothing_on() {
    for keys in [
        "enter",
        "enter enter enter",
        "down enter",
        "4 2 enter enter",
    ] {
        let mut board = one_ticket();
        board.keys_together(keys);
        assert_eq!(board.requests, [], "{keys}");
        // The next one does, as all of that is on the terminal by then.
        board.keys("enter");
        assert_eq!(board.requests, [step(42, Placed, Accepted)], "{keys}");
    }

    // What another board did at the same moment was not seen either.
    let mut board = one_ticket();
    let accepted = board.state.board.tickets[0].ticket.clone();
    let accepted = moved(accepted, Accepted, "sam", 0);
    let event = BoardEvent::Ticket(Box::new(accepted));
    board.take_in_unseen(StaffMessage::Board(event));
    board.keys("enter");
    assert_eq!(board.requests, []);

    // Pasted text does nothing at all.
    let pasted = TerminalEvent::Paste("42\n\n\n".to_owned());
    board.take_in(StaffMessage::Shell(ShellEvent::Terminal(pasted)));
    assert_eq!(board.requests, []);
}

#[test]
fn digits_select_and_move_nothing() {
    for (digits, selected, shown) in [
        ("4", Some(40), "Ticket 4"),
        ("4 2", Some(42), "Ticket 42"),
        ("3", Some(36), "Ticket 3"),
        ("9", Some(38), "Ticket 9"),
        ("4 2 backspace", Some(40), "Ticket 4"),
    ] {
        let mut board = TestBoard::busy(120, 36);
        board.keys(digits);
        let picture = board.picture();
        assert_eq!(board.selected(), selected, "{digits}");
        assert!(picture.contains(shown), "{picture}");
        board.keys("enter");
        assert_eq!(board.requests, [], "{digits}");
    }

    let mut board = TestBoard::busy(120, 36);
    board.keys("4 2 enter enter");
    assert_eq!(board.requests, [step(42, Accepted, Ready)]);

    let mut board = TestBoard::busy(120, 36);
    let before = board.selected();
    board.keys("4 0 0 6 3 8 1 3 3 3 9 3 1 enter");
    assert_eq!(board.notice(), "Scanned codes do nothing here");
    assert_eq!(board.selected(), before);
    board.keys("9 9 enter");
    assert_eq!(board.notice(), "There is no ticket 99");
    board.keys("4 2 esc");
    assert_eq!(board.selected(), before);
    assert_eq!(board.requests, []);
}

#[test]
fn arrows_go_through_lines_and_tickets() {
    let mut board = TestBoard::busy(120, 36);
    let mut seen = Vec::new();
    board.keys("g");
    for _ in 0..40 {
        let at = (board.selected().unwrap(), board.state.board.line);
        if seen.last() != Some(&at) {
            seen.push(at);
        }
        board.keys("down");
    }
    let mut numbers: Vec<u32> = seen.iter().map(|(number, _)| *number).collect();
    numbers.dedup();
    assert_eq!(numbers, [38, 39, 42, 43, 44, 45, 46, 47, 36, 40, 41]);
    assert_eq!(seen.iter().filter(|(number, _)| *number == 42).count(), 7);

    let mut back = vec![(board.selected().unwrap(), board.state.board.line)];
    for _ in 0..40 {
        board.keys("up");
        let at = (board.selected().unwrap(), board.state.board.line);
        if back.last() != Some(&at) {
            back.push(at);
        }
    }
    back.reverse();
    assert_eq!(back, seen);

    // Right and left keep the height.
    let mut board = TestBoard::busy(120, 36);
    board.keys("g right");
    let right = board.selected();
    board.keys("left");
    assert_eq!(board.selected(), Some(38));
    assert!(right.is_some_and(|number| number > 38), "{right:?}");
}

#[test]
fn a_line_is_ticked_at_once_and_marked_until_that_is_confirmed() {
    let mut board = one_ticket();
    board.keys("down space");
    let product = board.state.board.tickets[0].order().lines[1]
        .product
        .clone();
    let id = numbered(42);
    let tick = |ticked| BoardRequest::Tick {
        id: id.clone(),
        product: product.clone(),
        ticked,
    };
    assert_eq!(board.requests, [tick(true)]);
    assert!(board.picture().contains("…  1 Cinnamon Bun"));
    // A second press takes it away again, whatever is answered meanwhile.
    board.keys("space");
    assert_eq!(board.requests, [tick(true), tick(false)]);
    board.answer();
    board.answer();
    assert!(!board.picture().contains('✓'));
    board.keys("space");
    board.answer();
    assert!(board.picture().contains("✓  1 Cinnamon Bun"));
    assert!(board.picture().contains("1/2"));
}

#[test]
fn nobody_ticks_a_line_that_does_not_show() {
    let mut board = TestBoard::busy(50, 15);
    board.keys("4 2 space");
    assert_eq!(board.requests, []);
    assert!(board.picture().contains("6 Espresso"));
    board.keys("space");
    assert_eq!(board.requests.len(), 1);

    // Of those that are ready, and below the totals, none shows.
    for (keys, name) in [("4 0 space", "#40"), ("v t 4 2 space", "#42")] {
        let mut board = TestBoard::busy(120, 36);
        board.keys(keys);
        assert_eq!(board.requests, [], "{keys}");
        let told = format!("The lines of {name} do not show here");
        assert_eq!(board.notice(), told);
    }
}

#[test]
fn u_undoes_ones_last_step_wherever_one_is() {
    let mut board = TestBoard::busy(120, 36);
    board.keys("4 2 enter enter");
    board.answer();
    board.keys("4 3 u");
    let id = numbered(42);
    assert_eq!(board.requests, [BoardRequest::Undo { id, from: Ready }]);
    board.answer();
    assert_eq!(board.notice(), "#42 is back to accepted");
    assert_eq!(board.selected(), Some(42));

    // Without a step of one's own, that of the selected ticket is meant.
    board.keys("3 9 u");
    let refused = Refusal::NotLastMover {
        order: "#39".to_owned(),
        by: "sam".to_owned(),
    };
    let request = board.requests.remove(0);
    assert!(matches!(&request, BoardRequest::Undo { id, .. } if *id == numbered(39)));
    let outcome = Err(Error::Refused(refused));
    board.link(BoardEvent::Answered { request, outcome });
    assert_eq!(board.notice(), "sam moved #39 last: only sam can undo that");
    // It stays until the next key.
    board.pass(60_000);
    assert_ne!(board.notice(), "");
    board.keys("left");
    assert_eq!(board.notice(), "");
}

#[test]
fn a_ticket_is_cancelled_only_after_a_question() {
    let question = "Cancel #42 of office, €77.10? Its stock goes back and office is told.";
    for (keys, cancels) in [
        ("y", true),
        ("n", false),
        ("esc", false),
        ("enter", false),
        ("4", false),
    ] {
        let mut board = TestBoard::busy(120, 36);
        board.keys("4 2 x");
        assert!(board.picture().contains(question), "{}", board.picture());
        board.keys(keys);
        let asked = [step(42, Accepted, Cancelled)];
        assert_eq!(
            board.requests,
            if cancels { &asked[..] } else { &[] },
            "{keys}"
        );
        assert!(!board.picture().contains(question));
    }
    // What comes together with the question does not answer it.
    let mut board = TestBoard::busy(120, 36);
    board.keys("4 2");
    board.keys_together("x y");
    assert_eq!(board.requests, []);
    assert!(board.picture().contains(question), "{}", board.picture());

    let mut board = TestBoard::busy(120, 36);
    board.keys("4 2 x y");
    board.answer();
    assert_eq!(board.notice(), "#42 is cancelled");
    assert!(!board.picture().contains("#42 office"));
    assert_eq!(board.alerts, ["#45 was cancelled by kim"]);
}

#[test]
fn what_others_cancel_stays_until_enter() {
    let mut board = TestBoard::busy(120, 36);
    assert!(board.picture().contains("CANCELLED"));
    // Even where everything is read again.
    let open = tickets()
        .into_iter()
        .filter(|it| it.order.number != Some(45));
    board.told(open.collect());
    board.keys("4 5");
    assert!(board.picture().contains("by kim · Enter clears it"));
    board.keys("left right 4 5 enter enter");
    assert!(!board.picture().contains("CANCELLED"));
    assert_eq!(board.requests, []);
}

#[test]
fn a_new_ticket_rings_once_and_nobodys_own() {
    let mut board = TestBoard::with(120, 36, tickets());
    assert_eq!(board.alerts, [""; 0]);
    let new = |number, cart| ticket(number, cart, 0, &[(1, "Espresso", "", "2.40", false, "")]);
    let came = new(48, "table-9");
    board.link(BoardEvent::Ticket(Box::new(came.clone())));
    board.link(BoardEvent::Ticket(Box::new(came.clone())));
    assert_eq!(board.alerts, ["New order #48 of table-9"]);
    // Those that follow at once ring once together.
    for number in 49..60 {
        let came = new(number, "table-9");
        board.link(BoardEvent::Ticket(Box::new(came)));
    }
    assert_eq!(board.alerts.len(), 1);
    board.pass(3_000);
    assert_eq!(board.alerts.len(), 2);
    board.pass(60_000);
    assert_eq!(board.alerts.len(), 2);
    // What mia orders herself is no news to her, nor what is only accepted.
    board.link(BoardEvent::Ticket(Box::new(new(60, "mia"))));
    board.link(BoardEvent::Ticket(Box::new(moved(
        came, Accepted, "sam", 0,
    ))));
    assert_eq!(board.alerts.len(), 2);

    // Those that came while the link was down ring, too, once.
    let mut board = TestBoard::with(120, 36, tickets());
    board.link(BoardEvent::Down(Trouble::Lost));
    let mut all = tickets();
    all.extend([new(50, "table-1"), new(51, "table-2")]);
    board.told(all);
    assert_eq!(board.alerts, ["2 new orders"]);

    // Who looks elsewhere reads the number in the title.
    board.take_in(StaffMessage::Shell(ShellEvent::Terminal(
        TerminalEvent::Focus(false),
    )));
    board.pass(60_000);
    board.link(BoardEvent::Ticket(Box::new(new(52, "table-9"))));
    assert_eq!(board.state.missed, Some(1));
}

#[test]
fn offline_nothing_is_moved_and_it_says_so() {
    let mut board = TestBoard::busy(120, 36);
    board.keys("4 2");
    board.link(BoardEvent::Down(Trouble::Lost));
    let picture = board.picture();
    assert!(picture.contains("may be old"), "{picture}");
    assert!(picture.contains("offline since"), "{picture}");
    for (keys, changed) in [
        ("enter enter", "moved"),
        ("space", "ticked"),
        ("x", "cancelled"),
    ] {
        board.keys(keys);
        assert_eq!(board.notice(), format!("Offline: #42 was not {changed}"));
    }
    assert_eq!(board.requests, []);
    board.told(tickets());
    assert_eq!(board.notice(), "");

    // A step that was not sent before the link broke is not made either.
    let mut board = TestBoard::busy(120, 36);
    board.keys("4 2 right left 4 2 enter enter");
    let request = board.requests.remove(0);
    board.link(BoardEvent::Down(Trouble::Lost));
    let outcome = Err(Error::Trouble(Trouble::Lost));
    board.link(BoardEvent::Answered { request, outcome });
    assert_eq!(board.notice(), "Offline: #42 was not moved");
    assert!(!board.picture().contains("accepted · mia …"));
}

#[test]
fn a_step_that_may_be_made_is_told_until_it_is_known() {
    let mut board = TestBoard::busy(120, 36);
    board.keys("4 2 right left 4 2 enter enter");
    let request = board.requests.remove(0);
    let outcome = || {
        Err(Error::Unknown {
            op: OpId::parse("x").unwrap(),
            trouble: Trouble::Lost,
        })
    };
    let unknown = "It is not known whether #42 was moved: the connection to the server was lost";
    board.link(BoardEvent::Answered {
        request: request.clone(),
        outcome: outcome(),
    });
    assert_eq!(board.notice(), unknown);
    assert_eq!(board.requests, [BoardRequest::Reread]);
    board.take_in(StaffMessage::Printed("#41".to_owned(), Ok(())));
    assert_eq!(board.notice(), unknown);

    let office = tickets().into_iter().find(|it| it.order.number == Some(42));
    let ready = moved(office.unwrap(), OrderState::Ready, "mia", 0);
    board.link(BoardEvent::Ticket(Box::new(ready)));
    assert_eq!(board.notice(), "#42 is ready");

    board.link(BoardEvent::Answered {
        request,
        outcome: outcome(),
    });
    board.told(tickets());
    assert_eq!(board.notice(), "#42 is accepted");
}

#[test]
fn what_is_looked_for_and_a_station_keep_the_others_away() {
    for (words, found) in [
        ("k i m", vec![44]),
        ("t o a s t e d", vec![38]),
        ("b a c k space d o o r", vec![42]),
        ("# 4 3", vec![43]),
        ("c a p p u c c i n o", vec![38, 45, 36]),
        ("z z z", vec![]),
    ] {
        let mut board = TestBoard::busy(120, 36);
        board.keys("/");
        board.keys(words);
        board.keys("enter");
        let shown = board.state.board.shown.iter();
        let shown: Vec<u32> = shown
            .filter_map(|place| board.state.board.tickets[*place].order().number)
            .collect();
        assert_eq!(shown, found, "{words}");
        board.keys("esc");
        assert_eq!(board.state.board.shown.len(), 11);
    }

    let mut board = TestBoard::busy(120, 36);
    board.keys("f");
    assert!(board.picture().contains("Coffee & Tea"));
    board.keys("b a k enter");
    let picture = board.picture();
    assert!(picture.contains("Bakery · 6 open"), "{picture}");
    assert!(picture.contains("… 4 lines elsewhere"), "{picture}");
    assert!(!picture.contains("Espresso"), "{picture}");
    // Space ticks the line that shows.
    board.keys("4 2 space");
    let product = harness::screens::id("Butter Croissant");
    assert!(
        matches!(&board.requests[..], [BoardRequest::Tick { product: it, .. }] if *it == product)
    );
    board.keys("f enter");
    assert_eq!(board.state.board.station, None);
}

#[test]
fn the_mouse_selects_and_moves_on() {
    let mut board = TestBoard::busy(120, 36);
    board.pass(1_000);
    // A line of the ticket #39, below #38.
    board.click(5, 9);
    assert_eq!((board.selected(), board.state.board.line), (Some(39), 1));
    board.click(5, 9);
    assert_eq!(board.requests, [step(39, Accepted, Ready)]);
    // One of those that are ready.
    board.click(5, 32);
    assert_eq!(board.selected(), Some(36));
    // The pages in the header.
    board.click(25, 0);
    assert_eq!(board.state.page, Page::Today);
    board.click(15, 0);
    assert_eq!(board.state.page, Page::Board);

    let mut list = TestBoard::busy(80, 24);
    list.click(5, 5);
    assert_eq!(list.selected(), Some(42));
}

#[test]
fn ages_turn_with_the_minute_and_idle_costs_nothing() {
    let mut board = one_ticket();
    assert!(board.picture().contains(" 4 min "));
    let mut wakes = 0;
    for _ in 0..10 {
        let next = board.state.next_moment().unwrap();
        board.pass(next - board.now.steady);
        wakes += 1;
        if board.picture().contains(" ! 5 min ") {
            break;
        }
    }
    assert!(wakes <= 2, "{wakes} to the next minute");
    board.pass(5 * 60_000);
    assert!(board.picture().contains(" !! 10 min "));
}

#[test]
fn printing_says_what_came_of_it() {
    let mut board = TestBoard::busy(120, 36);
    board.keys("4 2 p");
    let printed = board.others.iter().any(|effect| match effect {
        StaffEffect::Print(order, command) => order.number == Some(42) && command == "lp",
        _ => false,
    });
    assert!(printed, "{:?}", board.others);
    let failed = Err("lp ended with status 1".to_owned());
    board.take_in(StaffMessage::Printed("#42".to_owned(), failed));
    assert_eq!(
        board.notice(),
        "Printing #42 failed: lp ended with status 1"
    );
    board.state.env.print = None;
    board.keys("p");
    assert_eq!(
        board.notice(),
        "Set print = \"COMMAND\" in the settings to print"
    );
}

/// A thousand tickets of three hundred hostile lines.
fn flood() -> Vec<Ticket> {
    let flooded = |number: u32| {
        let mut flooded = ticket(
            number,
            "table\u{202e}9 抹茶 👩‍🍳 and a long, long name",
            1,
            &[],
        );
        let line = |line: usize| OrderLine {
            product: harness::screens::id(&format!("product {line}")),
            name: format!(
                "Line {line} \u{1b}[2J of 抹茶 {}",
                "with a long name ".repeat(9)
            ),
            unit: String::new(),
            quantity: 999_999,
            price: Money::parse("1").unwrap(),
            shares: Vec::new(),
            notes: vec![Note {
                by: "somebody\u{7}".to_owned(),
                text: "x".repeat(200),
            }],
        };
        flooded.order.lines = (0..300).map(line).collect();
        flooded.categories = vec![String::new(); 300];
        flooded
    };
    (1..=1_000).map(flooded).collect()
}

#[test]
fn a_thousand_hostile_tickets_are_walked_through() {
    let flood = flood();
    for (width, height) in SIZES {
        let mut board = TestBoard::with(width, height, flood.clone());
        for keys in [
            "G",
            "up up up",
            "g",
            "9 9 9",
            "down down",
            "pageup",
            "left",
            "right",
            "t",
        ] {
            board.keys(keys);
            let picture = board.picture();
            assert!(!picture.contains('\u{1b}') && !picture.contains('\u{202e}'));
        }
        let began = std::time::Instant::now();
        for _ in 0..5 {
            board.keys("down");
            board.picture();
        }
        println!(
            "{width}x{height}: {:?} a key and its frame",
            began.elapsed() / 5
        );
    }
}

#[test]
fn what_is_found_shows_also_where_a_ticket_was_opened() {
    for (width, height) in SIZES {
        let mut board = TestBoard::new(width, height, Page::Board);
        board.told(tickets());
        board.keys("down right /");
        let picture = board.picture();
        assert!(
            picture.contains("#42 office"),
            "{width}x{height}: {picture}"
        );

        board.keys("o f f");
        let picture = board.picture();
        assert!(picture.contains("“off”"), "{width}x{height}: {picture}");
        assert!(
            picture.contains("#42 office"),
            "{width}x{height}: {picture}"
        );
        assert!(
            !picture.contains("#43 table-1"),
            "{width}x{height}: {picture}"
        );
        board.keys("enter");
        assert_eq!(board.picture().matches("“off”").count(), 1, "{width}");
    }
}
