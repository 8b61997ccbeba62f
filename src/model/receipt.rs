//! Receipts: an order as plain text, to read and to print.

use super::{Currency, text};
use crate::model::People;
use crate::model::order::{Order, OrderLine, OrderState};
use crate::model::people::Part;
use crate::model::shares::{NOBODY, are_shared};
use crate::model::time::Clock;

/// The narrowest receipt, in columns: what small printers hold.
pub const NARROWEST: usize = 32;

/// The space before what belongs to the line above.
const INDENT: &str = "    ";

/// The mark of a note on the line above.
const NOTE_MARK: &str = "    › ";

/// The words of the shop on its receipts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Letterhead<'a> {
    /// Its name.
    pub shop: &'a str,
    /// The words at the top.
    pub head: &'a str,
    /// The words at the bottom.
    pub foot: &'a str,
}

/// The separator between the lines of the head and of the foot.
const BETWEEN_LINES: &str = " · ";

/// The words at the top or at the bottom of a receipt, in lines; none where there are none.
#[must_use]
pub(crate) fn lines_of_shop(words: &str, columns: usize) -> Vec<String> {
    let shown = text::shown(words);
    let lines = shown.split(BETWEEN_LINES).map(str::trim);
    lines
        .filter(|line| !line.is_empty())
        .flat_map(|line| text::wrap(line, columns, usize::MAX))
        .collect()
}

/// The receipt of `order`, `columns` wide (at least [`NARROWEST`]), amounts aligned, times
/// by `clock`. What is too long for a line goes on in the next: nothing is left out.
#[must_use]
pub fn receipt(
    order: &Order,
    letterhead: Letterhead<'_>,
    clock: &Clock,
    columns: usize,
) -> Vec<String> {
    let columns = columns.max(NARROWEST);
    let rule = "-".repeat(columns);

    // An order is placed since the time that stands above.
    let since = match order.state {
        OrderState::Placed => String::new(),
        OrderState::Accepted | OrderState::Ready | OrderState::Done | OrderState::Cancelled => {
            format!(" since {}", clock.date_and_minute(order.changed))
        }
    };
    let head = [
        match order.number {
            Some(number) => format!("Order #{number}, {}", order.id),
            None => format!("Order {}", order.id),
        },
        format!("{}, for {}", clock.date_and_minute(order.at), order.user),
        format!("ordered by {}", order.who),
        format!("state: {}{since}", order.state.name()),
    ];

    let pieces = text::count(order.pieces(), "item");
    let total = format!("Total {}", order.total().in_currency(&order.currency));

    let mut out = text::wrap(letterhead.shop, columns, usize::MAX);
    out.extend(lines_of_shop(letterhead.head, columns));
    let head = head.iter();
    out.extend(head.flat_map(|line| text::wrap(line, columns, usize::MAX)));
    out.push(rule.clone());
    out.extend(lines(&order.lines, &order.who, &order.currency, columns));
    out.extend(order_note(&order.note, columns));
    out.push(rule.clone());
    out.extend(spread("", &pieces, &total, columns));

    let people = People::of_order(order);
    if people.are_several(&order.who) {
        out.push(rule.clone());
        for (name, part) in people.iter() {
            out.extend(part_of(order, name, part, columns));
        }
    }

    let foot = lines_of_shop(letterhead.foot, columns);
    if !foot.is_empty() {
        out.push(rule);
        out.extend(foot);
    }
    out
}

/// The rows of one person's part of an order: `bob 5`, and at the other end `11.50`.
fn part_of(order: &Order, name: Option<&str>, part: &Part, columns: usize) -> Vec<String> {
    let settled = match name {
        Some(name) if order.is_settled(name) => "  settled",
        Some(_) | None => "",
    };
    let left = format!("{} {}{settled}", name.unwrap_or(NOBODY), part.pieces);
    let sum = order.currency.number(part.sum);
    spread("", &left, &sum, columns)
}

/// The lines of a receipt, for an order by `who`, amounts as in this currency.
#[must_use]
pub fn lines(lines: &[OrderLine], who: &str, currency: &Currency, columns: usize) -> Vec<String> {
    // Where whoever ordered asked for everything, the head of the receipt says so.
    let shares = lines
        .iter()
        .map(|line| (&line.shares[..], Some(line.quantity)));
    let is_shared = are_shared(shares, who);

    let mut out = Vec::new();
    for line in lines {
        let quantity = format!("{:>3} ", line.quantity);
        let total = currency.number(line.total());
        out.extend(spread(&quantity, &name_and_unit(line), &total, columns));
        if line.quantity > 1 {
            out.push(format!("{INDENT}{} each", currency.number(line.price)));
        }
        if is_shared {
            let room = columns.saturating_sub(INDENT.len());
            let names = line.portions().wrapped(room);
            out.extend(names.iter().map(|part| format!("{INDENT}{part}")));
        }
        for note in &line.notes {
            out.extend(marked(NOTE_MARK, &note.told(), columns));
        }
    }
    out
}

/// The note for a whole order, in lines of the receipt; none where there is no note.
#[must_use]
pub(crate) fn order_note(note: &str, columns: usize) -> Vec<String> {
    if note.is_empty() {
        return Vec::new();
    }
    text::wrap(&format!("Note: {note}"), columns, usize::MAX)
}

/// `Baguette`, `Espresso beans, 250 g`.
#[must_use]
pub(crate) fn name_and_unit(line: &OrderLine) -> String {
    match line.unit.as_str() {
        // “3 Baguette, each” says nothing.
        "" | "each" => line.name.clone(),
        unit => format!("{}, {unit}", line.name),
    }
}

/// `left` behind its `mark`, and `right` at the other end of the line. Where `left` is too long
/// for that it goes on below.
fn spread(mark: &str, left: &str, right: &str, columns: usize) -> Vec<String> {
    let room = columns.saturating_sub(text::width(mark) + text::width(right) + 1);
    let parts = text::wrap(left, room, usize::MAX);
    let (first, rest) = match parts.split_first() {
        Some((first, rest)) => (first.as_str(), rest),
        None => ("", &[][..]),
    };

    let first = format!("{mark}{first}");
    let gap = columns.saturating_sub(text::width(&first) + text::width(right));
    let indent = " ".repeat(text::width(mark));

    let mut out = vec![format!("{first}{}{right}", " ".repeat(gap))];
    out.extend(rest.iter().map(|part| format!("{indent}{part}")));
    out
}

/// `words` behind their `mark`; what is too long for a line goes on below.
pub(crate) fn marked(mark: &str, words: &str, columns: usize) -> Vec<String> {
    marked_within(mark, words, columns, usize::MAX)
}

/// The same in at most `most` lines.
pub(crate) fn marked_within(mark: &str, words: &str, columns: usize, most: usize) -> Vec<String> {
    let room = columns.saturating_sub(text::width(mark));
    let indent = " ".repeat(text::width(mark));
    let parts = text::wrap(words, room, most);

    let marks = std::iter::once(mark).chain(std::iter::repeat(indent.as_str()));
    let lines = marks.zip(parts);
    lines.map(|(mark, part)| format!("{mark}{part}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::order::OrderId;
    use crate::model::shares::Share;
    use crate::model::{Currency, Money, Note, ProductId};
    use unicode_segmentation::UnicodeSegmentation;

    /// An order of nothing yet.
    fn order() -> Order {
        Order {
            id: OrderId::parse("20261124-7KQ2-M8XD").unwrap(),
            number: None,
            user: "office".to_owned(),
            who: "ann".to_owned(),
            at: 1_795_500_000_000,
            state: OrderState::Placed,
            changed: 1_795_500_000_000,
            reached: Vec::new(),
            currency: Currency::with_sign("€"),
            lines: Vec::new(),
            settled: Vec::new(),
            note: String::new(),
        }
    }

    #[test]
    fn amounts_stand_one_below_the_other() {
        let line = |name: &str, quantity, price| OrderLine {
            product: ProductId::stored(b"x"),
            name: name.to_owned(),
            unit: String::new(),
            quantity,
            price: Money::parse(price).unwrap(),
            shares: vec![Share {
                by: name[..1].to_owned(),
                pieces: quantity,
            }],
            notes: Vec::new(),
        };
        let order = Order {
            lines: vec![
                line("Espresso", 3, "2.40"),
                line("M抹茶 with a long, long name", 1, "1234.50"),
            ],
            settled: vec!["M".to_owned()],
            ..order()
        };
        let letterhead = Letterhead {
            shop: "Corner Shop",
            ..Letterhead::default()
        };
        let receipt = receipt(&order, letterhead, &Clock::utc(), 36);
        assert_eq!(
            receipt.join("\n"),
            "Corner Shop\nOrder 20261124-7KQ2-M8XD\n2026-11-24 06:00, for office\nordered by ann\nstate: placed\n------------------------------------\n  3 Espresso                    7.20\n    2.40 each\n    E\n  1 M抹茶 with a long, long  1234.50\n    name\n    M\n------------------------------------\n4 items               Total €1241.70\n------------------------------------\nE 3                             7.20\nM 1  settled                 1234.50"
        );
    }

    #[test]
    fn names_of_all_scripts_stay_within_the_paper() {
        let scripts = [
            "سلام لا إله كلام ",
            "👨‍👩‍👧‍👦👩🏽‍🚀❤\u{FE0F}1\u{FE0F}\u{20E3} ",
            "क्षत्रिय श्री हिन्दी ",
            "각\u{1112}\u{1161}\u{11ab}글 한국어 ",
            "น้ำดื่มภาษาไทย ",
            "e\u{301}\u{323}o\u{308}a\u{200d}b ",
            "Z\u{334}\u{335}\u{336}\u{337}\u{338}algo ",
        ];
        let names = scripts.iter().flat_map(|script| {
            // With places to break at, and without.
            let words = script.repeat(8).trim().to_owned();
            [words.replace(' ', ""), words]
        });
        for name in names {
            let line = OrderLine {
                product: ProductId::stored(b"x"),
                name: name.clone(),
                unit: name.clone(),
                quantity: 2,
                price: Money::parse("1234.50").unwrap(),
                shares: vec![Share {
                    by: name.clone(),
                    pieces: 2,
                }],
                notes: vec![Note {
                    by: "bob".to_owned(),
                    text: name.clone(),
                }],
            };
            let order = Order {
                lines: vec![line],
                note: name.clone(),
                ..order()
            };
            let letterhead = Letterhead {
                shop: &name,
                head: &name,
                foot: &name,
            };
            let printed = receipt(&order, letterhead, &Clock::utc(), 40);
            for line in &printed {
                assert!(text::width(line) <= 40, "{line:?} of {printed:#?}");
            }

            // No grapheme is lost or taken apart.
            let wrapped = text::wrap(&name, 40, usize::MAX);
            assert_eq!(wrapped.concat().replace(' ', ""), name.replace(' ', ""));
            let counts = wrapped.iter().map(|line| count_graphemes(line));
            assert_eq!(counts.sum::<usize>(), count_graphemes(&name), "{wrapped:?}");
        }
    }

    fn count_graphemes(text: &str) -> usize {
        let graphemes = text.graphemes(true);
        graphemes
            .filter(|grapheme| !grapheme.trim().is_empty())
            .count()
    }

    #[test]
    fn everybody_who_asked_for_something_is_named() {
        let names: Vec<String> = (1..=15)
            .map(|number| format!("guest {number} of the long table"))
            .collect();
        let shares = names.iter().map(|by| Share {
            by: by.clone(),
            pieces: 2,
        });
        let line = OrderLine {
            product: ProductId::stored(b"x"),
            name: "Espresso ".repeat(9).trim().to_owned(),
            unit: String::new(),
            quantity: 30,
            price: Money::parse("2.40").unwrap(),
            shares: shares.collect(),
            notes: Vec::new(),
        };

        for columns in [NARROWEST, 40, 60] {
            let printed = lines(
                std::slice::from_ref(&line),
                "ann",
                &Currency::default(),
                columns,
            );
            assert!(
                printed.iter().all(|line| text::width(line) <= columns),
                "{printed:#?}"
            );
            let words = printed.join(" ");
            let words: Vec<&str> = words.split_whitespace().collect();
            let words = words.join(" ");
            assert_eq!(words.matches("Espresso").count(), 9);
            for name in &names {
                assert!(words.contains(&format!("{name} 2")), "{printed:#?}");
            }
        }
    }
}
