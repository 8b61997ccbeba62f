//! Makes the moving picture of the README from two running programs, at the pace of people:
//! `cargo test --test suite pictures:: -- --ignored`

use crate::harness;

use harness::terminal::emulator;
use harness::{Server, TROLLEY, Terminal};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::thread::sleep;
use std::time::{Duration, Instant};
use vt100::{Cell, Color, Screen};

/// The size of each terminal, in cells.
const COLUMNS: u16 = 80;
const ROWS: u16 = 16;

/// The size of a cell in the picture.
const CELL_WIDTH: f32 = 8.4;
const CELL_HEIGHT: f32 = 17.0;

/// The distance from the foot of a letter to the top of its cell.
const BASELINE: f32 = 12.8;

const BACKGROUND: &str = "#1e2128";
const TITLE_BACKGROUND: &str = "#323846";
const TEXT: &str = "#d8dee9";
const FAINT_TEXT: &str = "#97a0b4";

/// The edge around the text of a terminal, the height of its title, the gap between two of them.
const MARGIN: f32 = 10.0;
const TITLE_HEIGHT: f32 = 30.0;
const GAP: f32 = 14.0;

/// What comes within so short a time is one frame.
const ONE_FRAME: Duration = Duration::from_millis(25);

/// How long somebody takes from key to key.
const TYPING: Duration = Duration::from_millis(230);

/// How long somebody looks at what has happened.
const LOOKING: Duration = Duration::from_millis(1500);

/// What the picture shows at one place, with all times at which it does: from, until, in seconds.
type Film = BTreeMap<String, Vec<(f32, f32)>>;

/// The colours and the weight of a cell.
#[derive(PartialEq)]
struct Look {
    text: String,
    background: String,
    bold: bool,
    italic: bool,
}

impl Look {
    fn of(cell: &Cell) -> Look {
        Look {
            text: hex(cell.fgcolor(), TEXT),
            background: hex(cell.bgcolor(), BACKGROUND),
            bold: cell.bold(),
            italic: cell.italic(),
        }
    }
}

fn hex(color: Color, default: &str) -> String {
    match color {
        Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
        _ => default.to_owned(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// One row of a terminal as SVG: runs of cells that look alike, and the cursor.
fn row_picture(screen: &Screen, row: u16) -> String {
    let mut out = String::new();
    let mut column = 0;

    while column < COLUMNS {
        let start = column;
        let look = Look::of(screen.cell(row, column).unwrap());
        let mut text = String::new();

        while let Some(cell) = screen
            .cell(row, column)
            .filter(|cell| column < COLUMNS && Look::of(cell) == look)
        {
            let is_blank = !cell.has_contents();
            text.push_str(if is_blank { " " } else { cell.contents() });

            // Wide characters get a run of their own, so that they stay in their cells.
            let is_wide = cell.is_wide();
            column += if is_wide { 2 } else { 1 };
            if is_wide || screen.cell(row, column).is_some_and(Cell::is_wide) {
                break;
            }
        }

        write_run(&mut out, start, column, &look, &text);
    }

    let (cursor_row, cursor_column) = screen.cursor_position();
    if cursor_row == row && !screen.hide_cursor() {
        let x = f32::from(cursor_column) * CELL_WIDTH;
        write!(
            out,
            r#"<rect x="{x:.1}" width="2" height="{CELL_HEIGHT}" fill="{TEXT}"/>"#
        )
        .unwrap();
    }

    out
}

fn write_run(out: &mut String, start: u16, end: u16, look: &Look, text: &str) {
    let x = f32::from(start) * CELL_WIDTH;
    if look.background != BACKGROUND {
        let width = f32::from(end - start) * CELL_WIDTH;
        let fill = &look.background;
        write!(
            out,
            r#"<rect x="{x:.1}" width="{width:.1}" height="{CELL_HEIGHT}" fill="{fill}"/>"#
        )
        .unwrap();
    }

    // Each word gets its own place, so that no font can move the columns of a table.
    let mut column = start;
    for word in text.split_inclusive(' ') {
        let letters = word.trim_end();
        let is_wide = text.chars().count() == 1 && end - start == 2;
        let cells = if is_wide { 2 } else { count(letters) };
        if cells > 0 {
            write_word(out, column, cells, look, letters);
        }
        column += count(word);
    }
}

fn count(letters: &str) -> u16 {
    u16::try_from(letters.chars().count()).unwrap()
}

fn write_word(out: &mut String, column: u16, cells: u16, look: &Look, letters: &str) {
    let x = f32::from(column) * CELL_WIDTH;
    let width = f32::from(cells) * CELL_WIDTH;
    write!(
        out,
        r#"<text x="{x:.1}" y="{BASELINE}" textLength="{width:.1}""#
    )
    .unwrap();

    if look.text != TEXT {
        write!(out, r#" fill="{}""#, look.text).unwrap();
    }
    if look.bold {
        out.push_str(r#" font-weight="bold""#);
    }
    if look.italic {
        out.push_str(r#" font-style="italic""#);
    }
    write!(out, ">{}</text>", escaped(letters)).unwrap();
}

/// What each row of a terminal showed between two moments.
fn rows_over_time(terminal: &Terminal, begin: Instant, end: Instant) -> Vec<Film> {
    let mut parser = emulator(COLUMNS, ROWS);
    let mut films = vec![Film::new(); usize::from(ROWS)];
    let mut shown: Vec<(String, f32)> = vec![(String::new(), 0.0); usize::from(ROWS)];

    let recording = terminal.recording();
    for (index, (came, piece)) in recording.iter().enumerate() {
        parser.process(piece);

        let next = recording.get(index + 1).map(|(next, _)| *next);
        if next.is_some_and(|next| next < begin || next - *came < ONE_FRAME) {
            continue;
        }

        let now = came.saturating_duration_since(begin).as_secs_f32();
        for (row, (picture, since)) in (0..ROWS).zip(&mut shown) {
            let changed = row_picture(parser.screen(), row);
            if *picture != changed {
                keep(&mut films[usize::from(row)], picture, *since, now);
                *picture = changed;
                *since = now;
            }
        }
    }

    let length = (end - begin).as_secs_f32();
    for (film, (picture, since)) in films.iter_mut().zip(&shown) {
        keep(film, picture, *since, length);
    }
    films
}

/// Notes what was shown from one second to another, unless it was nothing.
fn keep(film: &mut Film, picture: &str, since: f32, until: f32) {
    if !picture.is_empty() && until > since {
        film.entry(picture.to_owned())
            .or_default()
            .push((since, until));
    }
}

/// A window of the picture: a terminal and who sits before it.
struct Window<'a> {
    name: &'a str,
    command: &'a str,
    /// What the person is doing, by the second at which it begins.
    doing: Vec<(f32, &'a str)>,
    rows: Vec<Film>,
}

impl Window<'_> {
    /// What stands in the title, by time.
    fn doing_over_time(&self, length: f32) -> Film {
        let mut film = Film::new();
        let ends = self.doing.iter().skip(1).map(|(begin, _)| *begin);
        let x = f32::from(COLUMNS) * CELL_WIDTH;

        for ((begin, words), end) in self.doing.iter().zip(ends.chain([length])) {
            let words = escaped(words);
            let picture =
                format!(r#"<text x="{x:.1}" y="{BASELINE}" text-anchor="end">{words}</text>"#);
            if !words.is_empty() {
                keep(&mut film, &picture, *begin, end);
            }
        }

        film
    }
}

/// The animated picture under construction: the style sheet, and what it moves.
struct Picture {
    /// How long it takes until it begins again, in seconds.
    length: f32,
    body: String,
    /// The names of the animations, by their steps.
    animations: BTreeMap<String, usize>,
}

impl Picture {
    /// Adds what shows by turns at one place.
    fn add_film(&mut self, film: &Film, x: f32, y: f32) {
        for (picture, times) in film {
            let at = format!(r#"transform="translate({x:.1} {y:.1})""#);

            let is_still = times.as_slice() == [(0.0, self.length)];
            if is_still {
                writeln!(self.body, "<g {at}>{picture}</g>").unwrap();
                continue;
            }

            // The last frame is what shows where nothing may move.
            let is_last = times.iter().any(|(_, until)| *until == self.length);
            let hidden = if is_last {
                ""
            } else {
                r#" visibility="hidden""#
            };
            let name = self.animation(times);
            writeln!(
                self.body,
                r#"<g class="m" style="animation-name:a{name}" {at}{hidden}>{picture}</g>"#
            )
            .unwrap();
        }
    }

    /// The name of the animation that shows something at these times.
    fn animation(&mut self, times: &[(f32, f32)]) -> usize {
        let percent = |seconds: f32| seconds / self.length * 100.0;
        let mut steps = String::new();

        if times.first().is_some_and(|(since, _)| *since > 0.0) {
            steps.push_str("0%{visibility:hidden}");
        }
        for (since, until) in times {
            write!(steps, "{:.2}%{{visibility:visible}}", percent(*since)).unwrap();
            if *until < self.length {
                write!(steps, "{:.2}%{{visibility:hidden}}", percent(*until)).unwrap();
            }
        }

        let next = self.animations.len();
        *self.animations.entry(steps).or_insert(next)
    }

    /// Adds a window whose upper edge is at `top`.
    fn add_window(&mut self, window: &Window<'_>, top: f32) {
        let width = window_width();
        let height = window_height();
        let name = escaped(window.name);
        let command = escaped(window.command);
        let baseline = top + TITLE_HEIGHT - 10.0;

        writeln!(
            self.body,
            r#"<rect y="{top}" width="{width}" height="{height}" rx="8" fill="{BACKGROUND}"/>
<path d="M0 {bar}v-22a8 8 0 0 1 8 -8h{edge}a8 8 0 0 1 8 8v22z" fill="{TITLE_BACKGROUND}"/>
<text x="{MARGIN}" y="{baseline}"><tspan font-weight="bold">{name}</tspan><tspan dx="14" fill="{FAINT_TEXT}">{command}</tspan></text>"#,
            bar = top + TITLE_HEIGHT,
            edge = width - 16.0,
        )
        .unwrap();

        let doing = window.doing_over_time(self.length);
        self.add_film(&doing, MARGIN, baseline - BASELINE);

        for (row, film) in window.rows.iter().enumerate() {
            let y = top + TITLE_HEIGHT + MARGIN / 2.0 + row as f32 * CELL_HEIGHT;
            self.add_film(film, MARGIN, y);
        }
    }

    /// The whole file.
    fn finish(self, height: f32) -> String {
        let width = window_width();
        let mut sheet = format!(".m{{animation:{:.2}s step-end infinite}}\n", self.length);
        for (steps, name) in &self.animations {
            writeln!(sheet, "@keyframes a{name}{{{steps}}}").unwrap();
        }
        sheet.push_str("@media (prefers-reduced-motion:reduce){.m{animation:none}}\n");

        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14" fill="{TEXT}">
<style>
{sheet}</style>
{body}</svg>
"#,
            body = self.body,
        )
    }
}

fn window_width() -> f32 {
    f32::from(COLUMNS) * CELL_WIDTH + 2.0 * MARGIN
}

fn window_height() -> f32 {
    f32::from(ROWS) * CELL_HEIGHT + TITLE_HEIGHT + MARGIN
}

/// Types as somebody does who knows the keys.
fn type_slowly(terminal: &mut Terminal, keys: &str) {
    for key in keys.split_whitespace() {
        terminal.keys(key);
        sleep(TYPING);
    }
}

#[test]
#[ignore = "it writes the picture into assets/"]
fn make() {
    let server = Server::with_demo();
    let open = |name: &str| {
        let arguments = [
            "--redis",
            server.url(),
            "--user",
            "family",
            "--name",
            name,
            "--theme",
            "dark",
        ];
        let terminal = Terminal::builder(TROLLEY)
            .args(&arguments)
            .size(COLUMNS, ROWS)
            .home(server.dir())
            .open();
        terminal.wait("64 products");
        terminal
    };
    let mut ann = open("ann");
    let mut ben = open("ben");

    // There is something in the cart already, and nothing is news any more.
    ann.send(b":add espresso-beans\r");
    ann.wait("1 item ");
    ben.send(b":add bananas 6\r");
    ann.wait("7 items ");
    ann.wait("with ben");
    sleep(Duration::from_secs(6));

    let begin = Instant::now();
    let mut ann_is = vec![(0.0, "")];
    let mut ben_is = vec![(0.0, "")];
    let seconds = || begin.elapsed().as_secs_f32();
    sleep(LOOKING);

    ann_is.push((seconds(), "/sour finds the loaf"));
    type_slowly(&mut ann, "/ s o u r");
    sleep(TYPING);
    ann.keys("enter");
    sleep(TYPING * 2);

    ann_is.push((seconds(), "a adds it"));
    ann.keys("a");
    ben.wait("ann added 1 × Sourdough Loaf");
    sleep(LOOKING);

    ann_is.push((seconds(), "+ makes it two"));
    ann.keys("+");
    ben.wait("9 items ");
    sleep(LOOKING);
    ann_is.push((seconds(), ""));
    ann.keys("esc");
    sleep(TYPING * 2);

    ben_is.push((seconds(), ":oat 3 adds three"));
    type_slowly(&mut ben, ": o a t space 3");
    sleep(TYPING * 2);
    ben.keys("enter");
    ann.wait("ben added 3 × Oat Milk");
    sleep(LOOKING);
    ben_is.push((seconds(), ""));
    sleep(LOOKING * 2);

    let end = Instant::now();
    let length = (end - begin).as_secs_f32();
    let windows = [
        Window {
            name: "Ann",
            command: "$ trolley --cart family --name ann",
            doing: ann_is,
            rows: rows_over_time(&ann, begin, end),
        },
        Window {
            name: "Ben",
            command: "$ trolley --cart family --name ben",
            doing: ben_is,
            rows: rows_over_time(&ben, begin, end),
        },
    ];

    let mut picture = Picture {
        length,
        body: String::new(),
        animations: BTreeMap::new(),
    };
    picture.add_window(&windows[0], 0.0);
    picture.add_window(&windows[1], window_height() + GAP);

    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/two-terminals.svg");
    std::fs::write(path, picture.finish(2.0 * window_height() + GAP)).unwrap();
}
