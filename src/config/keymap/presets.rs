//! Presets: the keys that people know from elsewhere, on top of the table of default keys.

use super::action::{Action, Motion};
use super::bindings::Binding;
use crate::config::key::{Code, Key};

/// The name in the settings under which a preset is chosen, among the actions.
pub(super) const SETTING: &str = "preset";

/// A set of keys to begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Preset {
    /// The keys of the table.
    #[default]
    Default,
    /// With more of Vim's.
    Vim,
    /// With those of Emacs and of shells.
    Emacs,
    /// No letters to move, and none with Ctrl: arrows and named keys alone.
    Arrows,
}

/// A key more for an action. It loses any other meaning that it has in the same places.
type Added = (Action, &'static str);

const VIM: &[Added] = &[
    (Action::More, "ctrl-a"),
    (Action::Less, "ctrl-x"),
    (Action::Remove, "x"),
    (Action::Move(Motion::Down), "ctrl-e"),
    (Action::Move(Motion::Up), "ctrl-y"),
];

const EMACS: &[Added] = &[
    (Action::Move(Motion::Down), "ctrl-n"),
    (Action::Move(Motion::Up), "ctrl-p"),
    (Action::Move(Motion::PageDown), "ctrl-v"),
    (Action::Move(Motion::PageUp), "alt-v"),
    (Action::Move(Motion::Top), "alt-<"),
    (Action::Move(Motion::Bottom), "alt->"),
    (Action::ToCatalog, "ctrl-b"),
    (Action::ToCart, "ctrl-f"),
    (Action::Left, "ctrl-b"),
    (Action::Right, "ctrl-f"),
    (Action::Search, "ctrl-s"),
    (Action::Palette, "alt-x"),
    (Action::Remove, "ctrl-d"),
    (Action::Back, "ctrl-g"),
];

impl Preset {
    /// All presets with their names.
    pub(super) const NAMED: [(&str, Preset); 4] = [
        ("default", Preset::Default),
        ("vim", Preset::Vim),
        ("emacs", Preset::Emacs),
        ("arrows", Preset::Arrows),
    ];

    /// The preset with this name.
    pub(super) fn named(name: &str) -> Option<Preset> {
        let named = Preset::NAMED.iter().find(|(known, _)| *known == name);
        named.map(|(_, preset)| *preset)
    }

    fn added(self) -> &'static [Added] {
        match self {
            Preset::Default | Preset::Arrows => &[],
            Preset::Vim => VIM,
            Preset::Emacs => EMACS,
        }
    }

    /// The keys of a row of the table.
    pub(super) fn keys(self, row: &Binding, rows: &[Binding]) -> Vec<Key> {
        let mut keys = row.default_keys();
        if self == Preset::Arrows && moves(row.action) {
            keys.retain(|key| matches!(key.code, Code::Named(_)));
        }

        for (action, name) in self.added() {
            let Some(key) = Key::parse(name) else {
                continue;
            };
            if *action == row.action {
                keys.push(key);
            } else if shares_context(row, *action, rows) {
                keys.retain(|other| *other != key);
            }
        }
        keys
    }
}

/// Tells whether a row works where another action does, too.
fn shares_context(row: &Binding, action: Action, rows: &[Binding]) -> bool {
    let mut others = rows.iter().filter(|other| other.action == action);
    others.any(|other| {
        let mut contexts = other.contexts.iter();
        contexts.any(|context| row.contexts.contains(context))
    })
}

/// Tells whether an action does nothing but move.
fn moves(action: Action) -> bool {
    matches!(
        action,
        Action::Move(_) | Action::ToCatalog | Action::ToCart | Action::Left | Action::Right
    )
}
