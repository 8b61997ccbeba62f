//! The bytes of the frames that follow what people do.

use super::screens::TestScreen;
use trolley::tui::terminal::renderer::Renderer;
use trolley::tui::view::picture;

/// What is done, and the bytes of the frame that follows.
pub type FrameBytes = (&'static str, usize);

/// The bytes of one frame after each of several things that happen to a screen with a full list
/// and a full cart beside it, on a terminal that knows margins at the sides, or does not.
pub fn frame_bytes(stage: &mut TestScreen, has_side_margins: bool) -> Vec<FrameBytes> {
    let mut renderer = Renderer::new(true, false);
    renderer.set_side_margins(has_side_margins);
    let mut bytes = Vec::new();
    let mut measure = |what, stage: &TestScreen| {
        let frame = renderer.draw(picture(&stage.state)).unwrap();
        bytes.push((what, frame.len()));
    };
    measure("the whole screen", stage);

    stage.pass(10_000);
    measure("", stage);
    stage.change("bob", "espresso", 7, 1, "2.40");
    measure("a quantity that somebody changed", stage);
    stage.pass(10_000);
    measure("its highlight ends", stage);
    stage.keys("a");
    measure("a: a piece that is not confirmed", stage);

    stage.keys("down");
    measure("j: the next row", stage);
    stage.keys("pagedown");
    measure("a page down", stage);
    stage.keys("pagedown");
    stage.keys("pageup");
    measure("two pages and back", stage);
    stage.keys("home");
    measure("home", stage);
    while stage.state.catalog.scroll.top == 0 {
        measure("", stage);
        stage.keys("down");
    }
    measure("j: the list scrolls by a row", stage);
    stage.keys("down");
    measure("j: and by another", stage);
    stage.keys("pageup");
    measure("", stage);
    stage.keys("tab");
    measure("tab: the other pane", stage);
    stage.keys("down");
    measure("j: the next row of the cart", stage);
    stage.keys("tab / e s");
    measure("a search of two letters", stage);
    stage.keys("p");
    measure("its third letter", stage);
    stage.keys("esc");
    measure("", stage);
    stage.keys("?");
    measure("the help", stage);
    stage.keys("down");
    measure("j: the help scrolls by a row", stage);
    stage.keys("esc");
    measure("back", stage);

    bytes.retain(|(what, _)| !what.is_empty());
    bytes
}
