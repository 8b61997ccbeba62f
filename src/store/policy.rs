//! Who makes a change, and the shop's rules that apply to it.

use crate::model::{Timeout, quantity};

/// Who makes changes, and by which rules: expiry, the most pieces on a line, replicas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The name that others see beside a change.
    pub by: String,
    /// The time after its last change when a cart expires.
    pub session_timeout: Timeout,
    /// The time after which a line leaves that nobody touches.
    pub item_timeout: Timeout,
    /// The replicas that must have a change before it counts as confirmed.
    pub confirm_replicas: u32,
    /// The most pieces on one line, from 1 to [`quantity::HIGHEST_LIMIT`].
    pub line_limit: u32,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            by: "trolley".to_owned(),
            session_timeout: Timeout::After(30 * 60 * 1000),
            item_timeout: Timeout::Never,
            confirm_replicas: 0,
            line_limit: quantity::DEFAULT_LIMIT,
        }
    }
}
