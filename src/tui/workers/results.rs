//! The way of what workers find out to the screen that has asked.

use crate::tui::message::Message;
use tokio::sync::mpsc;

/// Where workers send what they have found out for a screen. Nobody listens any more where the
/// screen has ended.
///
/// Messages travel in boxes: every screen keeps room for some, of which few ever come.
#[derive(Debug, Clone)]
pub(crate) struct Results(mpsc::Sender<Box<Message>>);

impl Results {
    /// A way with room for so many, and its end.
    pub(crate) fn with_room_for(count: usize) -> (Results, mpsc::Receiver<Box<Message>>) {
        let (sender, receiver) = mpsc::channel(count);
        (Results(sender), receiver)
    }

    /// Sends a message once there is room for it.
    pub(super) async fn send(&self, message: Message) {
        let _ = self.0.send(Box::new(message)).await;
    }

    /// Sends a message where there is room for it: else the next one will do.
    pub(super) fn try_send(&self, message: Message) {
        let _ = self.0.try_send(Box::new(message));
    }

    /// Sends a message from a thread that may wait.
    pub(crate) fn blocking_send(&self, message: Message) {
        let _ = self.0.blocking_send(Box::new(message));
    }
}
