//! Reads a page of Markdown and writes it as text for a terminal or as a manual section.
//!
//! It knows what the pages of the guide use: headings, paragraphs, flat lists, code and tables.

use clap::builder::styling::{AnsiColor, Style};
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use textwrap::core::display_width;
use textwrap::{WordSplitter, WrapAlgorithm};

/// The empty columns between two columns of a table.
const GAP: &str = "  ";

/// The empty columns before a line of code.
const CODE_INDENT: &str = "    ";

/// A part of a page, with an empty line before and after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Block {
    /// The name of the page.
    Title(Vec<Span>),
    /// The heading of a section.
    Heading(Vec<Span>),
    Paragraph(Vec<Span>),
    List(Vec<Vec<Span>>),
    /// Lines to be shown as they are.
    Code(String),
    /// Rows of cells; the first row is the heading, whose cells may be empty.
    Table(Vec<Vec<Vec<Span>>>),
}

/// A piece of text that looks alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) text: String,
    pub(crate) emphasis: Emphasis,
}

/// The emphasis of a piece of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Emphasis {
    None,
    Italic,
    Bold,
    /// Text that is typed or printed literally.
    Code,
}

/// The means that a terminal has to show a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Text without any escape sequence.
    Plain,
    /// Bold and italic letters, but no colour.
    Colourless,
    Coloured,
}

impl Look {
    /// The style of text that stands out in this way.
    fn style(self, emphasis: Emphasis) -> Style {
        match (self, emphasis) {
            (Look::Plain, _) | (_, Emphasis::None) => Style::new(),
            (_, Emphasis::Italic) => Style::new().italic(),
            (_, Emphasis::Bold) | (Look::Colourless, Emphasis::Code) => Style::new().bold(),
            (Look::Coloured, Emphasis::Code) => AnsiColor::Cyan.on_default(),
        }
    }
}

/// Reads the parts of a page of Markdown.
pub(crate) fn parse(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();

    // What has been read of the part that is not yet complete.
    let mut emphasis = Emphasis::None;
    let mut spans: Vec<Span> = Vec::new();
    let mut items = Vec::new();
    let mut cells = Vec::new();
    let mut rows = Vec::new();

    for event in Parser::new_ext(page, Options::ENABLE_TABLES) {
        match event {
            Event::Text(text) => spans.push(Span {
                text: text.into_string(),
                emphasis,
            }),
            Event::Code(text) => spans.push(Span {
                text: text.into_string(),
                emphasis: Emphasis::Code,
            }),
            Event::SoftBreak | Event::HardBreak => spans.push(Span {
                text: " ".to_owned(),
                emphasis: Emphasis::None,
            }),

            Event::Start(Tag::Strong) => emphasis = Emphasis::Bold,
            Event::Start(Tag::Emphasis) => emphasis = Emphasis::Italic,
            Event::End(TagEnd::Strong | TagEnd::Emphasis) => emphasis = Emphasis::None,

            Event::End(TagEnd::Heading(HeadingLevel::H1)) => {
                blocks.push(Block::Title(std::mem::take(&mut spans)));
            }
            Event::End(TagEnd::Heading(_)) => {
                blocks.push(Block::Heading(std::mem::take(&mut spans)));
            }
            Event::End(TagEnd::Paragraph) => {
                blocks.push(Block::Paragraph(std::mem::take(&mut spans)));
            }
            Event::End(TagEnd::CodeBlock) => {
                let lines = spans.drain(..).map(|span| span.text);
                blocks.push(Block::Code(lines.collect()));
            }

            Event::End(TagEnd::Item) => items.push(std::mem::take(&mut spans)),
            Event::End(TagEnd::List(_)) => blocks.push(Block::List(std::mem::take(&mut items))),

            Event::End(TagEnd::TableCell) => cells.push(std::mem::take(&mut spans)),
            Event::End(TagEnd::TableHead | TagEnd::TableRow) => {
                rows.push(std::mem::take(&mut cells));
            }
            Event::End(TagEnd::Table) => blocks.push(Block::Table(std::mem::take(&mut rows))),

            // Links show their text alone; the rest of Markdown is not used.
            _ => {}
        }
    }

    blocks
}

/// The page as lines of at most `columns` columns; code is not wrapped.
pub(crate) fn to_text(blocks: &[Block], look: Look, columns: usize) -> String {
    let mut text = String::new();

    for block in blocks {
        if !text.is_empty() {
            text.push('\n');
        }

        for line in lines(block, look, columns) {
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }

    text
}

fn lines(block: &Block, look: Look, columns: usize) -> Vec<String> {
    match block {
        Block::Title(spans) => {
            let title = plain(spans).to_uppercase();
            wrap(&[emphasized(&title, Emphasis::Bold)], look, columns)
        }
        Block::Heading(spans) => {
            let heading = plain(spans);
            wrap(&[emphasized(&heading, Emphasis::Bold)], look, columns)
        }
        Block::Paragraph(spans) => wrap(spans, look, columns),
        Block::List(items) => items
            .iter()
            .flat_map(|item| list_item(item, look, columns))
            .collect(),
        Block::Code(code) => code
            .lines()
            .map(|line| format!("{CODE_INDENT}{line}"))
            .collect(),
        Block::Table(rows) => table(rows, look, columns),
    }
}

/// The lines of one entry of a list: a bullet, and the rest indented as far.
fn list_item(item: &[Span], look: Look, columns: usize) -> Vec<String> {
    let bullets = std::iter::once("- ").chain(std::iter::repeat("  "));

    wrap(item, look, columns.saturating_sub(2))
        .into_iter()
        .zip(bullets)
        .map(|(line, bullet)| format!("{bullet}{line}"))
        .collect()
}

/// The lines of a table whose columns are as wide as their text, or narrower where the terminal is.
fn table(rows: &[Vec<Vec<Span>>], look: Look, columns: usize) -> Vec<String> {
    let widths = column_widths(rows, columns);
    let mut lines = Vec::new();

    for (index, row) in rows.iter().enumerate() {
        let is_heading = index == 0;
        if is_heading && row.iter().all(Vec::is_empty) {
            continue;
        }

        let cells: Vec<Vec<String>> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| match is_heading {
                true => wrap(&[emphasized(&plain(cell), Emphasis::Bold)], look, *width),
                false => wrap(cell, look, *width),
            })
            .collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or_default();

        for line in 0..height {
            let shown = cells.iter().zip(&widths).map(|(cell, width)| {
                let text = cell.get(line).map_or("", String::as_str);
                let padding = width.saturating_sub(display_width(text));
                format!("{text}{}", " ".repeat(padding))
            });
            lines.push(shown.collect::<Vec<_>>().join(GAP));
        }

        if is_heading {
            let rules = widths.iter().map(|width| "─".repeat(*width));
            lines.push(rules.collect::<Vec<_>>().join(GAP));
        }
    }

    lines
}

/// The widths of a table's columns, so that all of them fit into `columns`.
fn column_widths(rows: &[Vec<Vec<Span>>], columns: usize) -> Vec<usize> {
    let count = rows.first().map_or(0, Vec::len);
    let gaps = GAP.len() * count.saturating_sub(1);
    let room = columns.saturating_sub(gaps).max(count);

    let mut widths: Vec<usize> = (0..count)
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| display_width(&plain(cell))).max()
        })
        .map(Option::unwrap_or_default)
        .collect();

    // The widest column gives way, so that narrow ones stay whole.
    while widths.iter().sum::<usize>() > room {
        let Some(widest) = widths.iter_mut().max() else {
            break;
        };
        *widest -= 1;
    }

    widths
}

/// Wraps text at its spaces, each word with its style, so that a pager can begin at any line.
fn wrap(spans: &[Span], look: Look, columns: usize) -> Vec<String> {
    let styled: String = spans
        .iter()
        .map(|span| {
            let style = look.style(span.emphasis);
            let words = span.text.split(' ').map(|word| match word {
                "" => String::new(),
                word => format!("{style}{word}{style:#}"),
            });
            words.collect::<Vec<_>>().join(" ")
        })
        .collect();

    // An option such as --session-timeout stays whole.
    let options = textwrap::Options::new(columns.max(1))
        .wrap_algorithm(WrapAlgorithm::FirstFit)
        .word_splitter(WordSplitter::NoHyphenation);

    textwrap::wrap(&styled, options)
        .into_iter()
        .map(|line| line.into_owned())
        .collect()
}

fn emphasized(text: &str, emphasis: Emphasis) -> Span {
    Span {
        text: text.to_owned(),
        emphasis,
    }
}

/// The letters alone.
fn plain(spans: &[Span]) -> String {
    spans.iter().map(|span| span.text.as_str()).collect()
}

/// Adds the page to a manual page as a section of its own.
pub(crate) fn to_roff(blocks: &[Block], roff: &mut Roff) {
    for block in blocks {
        match block {
            Block::Title(spans) => {
                roff.control("SH", [plain(spans).to_uppercase().as_str()]);
            }
            Block::Heading(spans) => {
                roff.control("SS", [plain(spans).as_str()]);
            }
            Block::Paragraph(spans) => {
                roff.control("PP", []);
                roff.text(inlines(spans));
            }
            Block::List(items) => {
                for item in items {
                    roff.control("IP", ["\\(bu", "2"]);
                    roff.text(inlines(item));
                }
            }
            Block::Code(code) => {
                roff.control("PP", []);
                roff.control("RS", ["4"]);
                roff.control("nf", []);
                for line in code.lines() {
                    roff.text([roman(line)]);
                }
                roff.control("fi", []);
                roff.control("RE", []);
            }
            Block::Table(rows) => table_to_roff(rows, roff),
        }
    }
}

/// Adds a table as a list of terms: its first column, and below it the others with their headings.
fn table_to_roff(rows: &[Vec<Vec<Span>>], roff: &mut Roff) {
    let Some((headings, rows)) = rows.split_first() else {
        return;
    };
    let is_wide = headings.len() > 2;

    for row in rows {
        let Some((term, cells)) = row.split_first() else {
            continue;
        };

        let mut text = Vec::new();
        for (cell, heading) in cells.iter().zip(&headings[1..]) {
            if cell.is_empty() {
                continue;
            }
            if !text.is_empty() {
                text.push(roman("; "));
            }
            if is_wide && !heading.is_empty() {
                text.push(italic(plain(heading)));
                text.push(roman(": "));
            }
            text.extend(inlines(cell));
        }

        roff.control("TP", []);
        roff.text([bold(plain(term))]);
        roff.text(text);
    }
}

fn inlines(spans: &[Span]) -> Vec<Inline> {
    spans
        .iter()
        .map(|span| match span.emphasis {
            Emphasis::None => roman(&span.text),
            Emphasis::Italic => italic(&span.text),
            Emphasis::Bold | Emphasis::Code => bold(&span.text),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# Tea\n\nPress `a` to **add** one,\nor see [more](more.md).\n\n\
        ## Prices\n\n```sh\ntrolley add tea   # one\n```\n\n- hot\n- with `--session-timeout 2h` or so\n\n\
        | tea | costs |\n| --- | --- |\n| green | 2.40 in the morning and 2.60 at night |\n| mint | 2 |\n";

    #[test]
    fn plain_text_is_wrapped_and_has_no_escape_sequences() {
        let text = to_text(&parse(PAGE), Look::Plain, 24);

        assert!(!text.contains('\x1b'));
        assert_eq!(
            text,
            "TEA\n\nPress a to add one, or\nsee more.\n\nPrices\n\n    trolley add tea   # one\n\n\
             - hot\n- with --session-timeout\n  2h or so\n\n\
             tea    costs\n─────  ─────────────────\ngreen  2.40 in the\n       morning and 2.60\n\
             \u{20}      at night\nmint   2\n"
        );
    }

    #[test]
    fn a_terminal_gets_styles_that_end_with_each_word() {
        let coloured = to_text(&parse(PAGE), Look::Coloured, 80);
        assert!(coloured.contains("Press \x1b[36ma\x1b[0m to \x1b[1madd\x1b[0m one"));

        let colourless = to_text(&parse(PAGE), Look::Colourless, 80);
        assert!(colourless.contains("Press \x1b[1ma\x1b[0m to \x1b[1madd\x1b[0m one"));
    }

    #[test]
    fn a_table_without_headings_has_no_rule() {
        let text = to_text(&parse("| | |\n| --- | --- |\n| a | b |\n"), Look::Plain, 80);

        assert_eq!(text, "a  b\n");
    }

    #[test]
    fn a_manual_gets_sections_code_and_terms() {
        let mut roff = Roff::new();
        to_roff(&parse(PAGE), &mut roff);
        let manual = roff.to_roff();

        assert!(
            manual.contains(".SH TEA\n.PP\nPress \\fBa\\fR to \\fBadd\\fR one, or see more.\n")
        );
        assert!(manual.contains(".nf\ntrolley add tea   # one\n.fi\n"));
        assert!(manual.contains(".TP\n\\fBgreen\\fR\n2.40 in the morning"));
    }
}
