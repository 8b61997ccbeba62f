//! Makes the pictures of the README from the running program:
//! `cargo test --test pictures -- --ignored`
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod harness;

use harness::{Server, TROLLEY, Terminal, ok};
use std::fmt::Write;
use vt100::{Cell, Color, Screen};

/// A cell's size in the picture.
const CELL: (f32, f32) = (8.4, 18.0);
const GROUND: &str = "#1e2128";
const TEXT: &str = "#d8dee9";

fn hex(color: Color, default: &str) -> String {
    match color {
        Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
        _ => default.to_owned(),
    }
}

/// How a cell looks, where it is not as usual.
fn look(cell: &Cell) -> (String, String, bool, bool) {
    (
        hex(cell.fgcolor(), TEXT),
        hex(cell.bgcolor(), GROUND),
        cell.bold(),
        cell.italic(),
    )
}

/// The screen as SVG: runs of cells that look alike.
fn svg(screen: &Screen) -> String {
    let (rows, columns) = screen.size();
    let (width, height) = (
        f32::from(columns.get()) * CELL.0,
        f32::from(rows.get()) * CELL.1,
    );
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"-12 -8 {} {}\" font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"14\">\n<rect x=\"-12\" y=\"-8\" width=\"{}\" height=\"{}\" rx=\"8\" fill=\"{GROUND}\"/>\n",
        width + 24.0,
        height + 16.0,
        width + 24.0,
        height + 16.0
    );
    for row in 0..rows.get() {
        let mut column = 0;
        while column < columns.get() {
            let first = screen.cell(row, column).unwrap();
            let (start, style) = (column, look(first));
            let mut text = String::new();
            while let Some(cell) = screen
                .cell(row, column)
                .filter(|cell| look(cell) == style && column < columns.get())
            {
                text.push_str(if cell.has_contents() {
                    cell.contents()
                } else {
                    " "
                });
                // Wide characters get a run of their own, so that they stay in their cells.
                let wide = cell.is_wide();
                column += if wide { 2 } else { 1 };
                if wide || screen.cell(row, column).is_some_and(Cell::is_wide) {
                    break;
                }
            }
            let (x, y, w) = (
                f32::from(start) * CELL.0,
                f32::from(row) * CELL.1,
                f32::from(column - start) * CELL.0,
            );
            let (fill, ground, bold, italic) = style;
            if ground != GROUND {
                writeln!(
                    out,
                    "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{w:.1}\" height=\"{}\" fill=\"{ground}\"/>",
                    CELL.1
                )
                .unwrap();
            }
            if text.trim().is_empty() {
                continue;
            }
            let text = text.replace('&', "&amp;").replace('<', "&lt;");
            let weight = if bold { " font-weight=\"bold\"" } else { "" };
            let slant = if italic { " font-style=\"italic\"" } else { "" };
            writeln!(
                out,
                "<text x=\"{x:.1}\" y=\"{:.1}\" textLength=\"{w:.1}\" lengthAdjust=\"spacingAndGlyphs\" fill=\"{fill}\"{weight}{slant} xml:space=\"preserve\">{text}</text>",
                y + 13.5
            )
            .unwrap();
        }
    }
    out + "</svg>\n"
}

fn save(terminal: &Terminal, name: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("assets")
        .join(name);
    std::fs::write(path, terminal.screen(svg)).unwrap();
}

#[test]
#[ignore = "it writes the pictures into assets/"]
fn make() {
    let server = Server::with_demo();
    let open = |name: &str, theme: &str, columns, rows| {
        let args = [
            "--redis",
            server.url(),
            "--user",
            "office",
            "--name",
            name,
            "--theme",
            theme,
        ];
        let terminal = Terminal::builder(TROLLEY)
            .args(&args)
            .size(columns, rows)
            .home(server.dir())
            .open();
        terminal.wait("64 products");
        terminal
    };
    let mut ann = open("ann@till", "dark", 120, 32);
    let mut bob = open("bob@kitchen", "dark", 80, 24);
    ann.wait("with bob@kitchen");
    ann.send(b":add croissant 6\r:add espresso 2\r:add oat milk 3\r");
    ann.wait("11 items ");
    ok(
        &server,
        &[
            "--user",
            "office",
            "--name",
            "cleo@phone",
            "add",
            "matcha-powder",
        ],
    );
    server.cmd("HSET product:croissant price 2.10");
    server.cmd("PUBLISH catalog-updates croissant");
    ann.wait("▲2.10");
    bob.send(b":add sourdough 2\r");
    ann.wait("bob@kitchen added 2 × Sourdough Loaf");
    // The highlights fade.
    ann.wait_until("the highlight stays", |screen| {
        let ground = |column| screen.cell(7, column).unwrap().bgcolor();
        ground(72) == ground(2)
    });
    save(&ann, "screen.svg");
    bob.keys("/ c o f");
    bob.wait("/cof");
    save(&bob, "search.svg");
}
