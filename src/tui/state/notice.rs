//! Messages to the user: their importance, how long they stay, and what ends them.

use crate::config::theme::Theme;
use crate::model::product::ProductField;
use crate::model::{OrderId, ProductId};
use crate::store::ShopField;
use ratatui::style::Style;

/// Milliseconds that a message stays, whatever its length.
const NOTICE_TIME: u64 = 3_000;
/// Milliseconds that it stays longer for each of its characters.
const NOTICE_TIME_PER_CHARACTER: u64 = 40;

/// The importance of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// News.
    Info,
    /// Something was done, and deserves a second look.
    Warn,
    /// Something was refused or failed.
    Bad,
}

impl Tone {
    /// The style of a message of this importance.
    #[must_use]
    pub(in crate::tui) fn style(self, theme: &Theme) -> Style {
        match self {
            Tone::Info => theme.info,
            Tone::Warn => theme.warn,
            Tone::Bad => theme.bad,
        }
    }
}

/// The subject of a message, which may end it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoticeTopic {
    /// Something that has happened.
    Event,
    /// The connection that is down: the message ends when it is back.
    Connection,
    /// A setting of the shop: the message says how it is, and ends when it is otherwise.
    Setting(ShopField),
    /// A change that may have been made: the message stays until that is known, or a key drops it.
    Unknown(UnknownChange),
}

/// A change of the staff of which nobody knows whether it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnknownChange {
    /// A change of a field of a product.
    Field(ProductId, ProductField),
    /// A change of a setting of the shop.
    Setting(ShopField),
    /// A step of an order.
    Order(OrderId),
}

/// A message to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The text.
    pub text: String,
    /// The importance.
    pub tone: Tone,
    /// The moment when it disappears; `None` where it waits for the next key.
    pub until: Option<u64>,
    /// It waits for a key and has been on the terminal, so that the next key drops it.
    pub is_seen: bool,
    /// It refuses a prompt: what is typed before it is seen was meant for that, and does nothing.
    pub holds_keys: bool,
    /// The subject.
    pub topic: NoticeTopic,
}

impl Notice {
    /// A message that disappears by itself, once there was time to read it.
    #[must_use]
    pub(in crate::tui) fn timed(text: String, tone: Tone, now: u64) -> Notice {
        let reading_time = NOTICE_TIME_PER_CHARACTER * text.chars().count() as u64;
        Notice {
            until: Some(now + NOTICE_TIME + reading_time),
            ..Notice::until_key(text, tone)
        }
    }

    /// A message that waits for the next key.
    #[must_use]
    pub(in crate::tui) fn until_key(text: String, tone: Tone) -> Notice {
        Notice {
            text,
            tone,
            until: None,
            is_seen: false,
            holds_keys: false,
            topic: NoticeTopic::Event,
        }
    }

    /// A message that refuses something because there is no connection: it ends when that is back.
    #[must_use]
    pub(in crate::tui) fn offline(text: String, now: u64) -> Notice {
        Notice {
            topic: NoticeTopic::Connection,
            ..Notice::timed(text, Tone::Bad, now)
        }
    }

    /// The same message where it says why a prompt does not open: it waits for a key, and the text
    /// that was typed for the prompt does nothing.
    #[must_use]
    pub(in crate::tui) fn of_prompt(self) -> Notice {
        Notice {
            until: None,
            holds_keys: true,
            ..self
        }
    }

    /// A message about what deserves a second look, which waits for the next key.
    #[must_use]
    pub(in crate::tui) fn warning(text: String) -> Notice {
        Notice::until_key(text, Tone::Warn)
    }

    /// The change that may have been made, where the message is about one.
    #[must_use]
    pub(in crate::tui) fn unknown(&self) -> Option<&UnknownChange> {
        match &self.topic {
            NoticeTopic::Unknown(change) => Some(change),
            NoticeTopic::Event | NoticeTopic::Connection | NoticeTopic::Setting(_) => None,
        }
    }

    /// The setting of the shop of which the message says how it is.
    #[must_use]
    pub(in crate::tui) fn setting(&self) -> Option<ShopField> {
        match self.topic {
            NoticeTopic::Setting(field) => Some(field),
            NoticeTopic::Event | NoticeTopic::Connection | NoticeTopic::Unknown(_) => None,
        }
    }
}
