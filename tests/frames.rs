//! Frames as bytes: what goes to the terminal from one screen to the next.

use crate::harness;

use crossterm::{queue, terminal};
use harness::screens::{SIZES, TestScreen, screens};
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use regex::bytes::Regex;
use trolley::tui::terminal::renderer::Renderer;
use trolley::tui::view::view;

/// The end of a frame as ratatui itself makes it: the cells that differ, then the cursor.
fn usual_frame(stage: &TestScreen, before: &mut Buffer) -> Vec<u8> {
    let area = Rect::new(0, 0, stage.state.size.0, stage.state.size.1);
    if before.area != area {
        *before = Buffer::empty(area);
    }
    let mut after = Buffer::empty(area);
    let cursor = view(&stage.state, &mut after);

    let mut frame = Vec::new();
    let mut backend = CrosstermBackend::new(&mut frame);
    backend.draw(before.diff_iter(&after)).unwrap();
    match cursor {
        Some(position) => {
            backend.show_cursor().unwrap();
            backend.set_cursor_position(position).unwrap();
        }
        None => backend.hide_cursor().unwrap(),
    }
    queue!(backend, terminal::EndSynchronizedUpdate).unwrap();
    *before = after;
    frame
}

#[test]
fn frames_are_those_of_the_library_from_any_screen_to_any_other() {
    // The synchronized update begins; a new size clears the terminal; the title may change.
    let start = Regex::new(r"^(\x1b\[\?[0-9;]*h)*\x1b\[\?2026h(\x1b\[2J)?(\x1b\]0;[^\x07]*\x07)?$")
        .unwrap();
    let mut all: Vec<TestScreen> = SIZES
        .into_iter()
        .flat_map(|(width, height)| screens(width, height))
        .map(|(_, stage)| stage)
        .collect();

    let mut renderer = Renderer::new(true);
    let mut before = Buffer::default();
    for _ in 0..2 {
        for stage in &all {
            let frame = renderer.draw(&stage.state).unwrap();
            let usual = usual_frame(stage, &mut before);
            assert!(frame.ends_with(&usual));
            assert!(start.is_match(&frame[..frame.len() - usual.len()]));
        }
        all.reverse();
    }
}
