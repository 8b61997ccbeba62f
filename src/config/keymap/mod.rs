//! The key map: the keys in force, which settings can rebind.
//!
//! Sentences that name a key take it from here, so that they stay right when the key is rebound.

mod action;
mod bindings;
mod near;
mod presets;

pub use action::{Action, Context, GROUPS, HelpGroup, HelpScope, Motion, ScreenKind};

use crate::config::display::Charset;
use crate::config::key::Key;
use bindings::{ALL, BINDINGS, HelpSentence, KEY};
use presets::Preset;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A row of the table with the keys in force.
#[derive(Debug, Clone)]
pub struct KeymapEntry {
    /// The action that the keys trigger.
    pub action: Action,
    keys: Vec<Key>,
    contexts: &'static [Context],
    footer_word: Option<&'static str>,
    sentence: Option<&'static HelpSentence>,
    /// A sentence for help and palette; empty where they don't list this row.
    pub help: String,
}

impl KeymapEntry {
    /// Returns whether its keys work in `context`.
    #[must_use]
    pub(crate) fn works_in(&self, context: Context) -> bool {
        self.contexts.contains(&context)
    }

    /// Returns whether its keys work somewhere on screens of this kind.
    fn works_on(&self, screen: ScreenKind) -> bool {
        let mut contexts = self.contexts.iter();
        contexts.any(|context| context.screen() == Some(screen))
    }

    /// The section of the help that lists the entry.
    #[must_use]
    pub(crate) fn group(&self) -> HelpGroup {
        match self.action.group() {
            HelpGroup::Cart if self.works_in(Context::Products) => HelpGroup::Products,
            // What buyers do to a cart, the staff do to tickets.
            HelpGroup::Cart if self.works_on(ScreenKind::Staff) => HelpGroup::Board,
            group => group,
        }
    }
}

/// The way in which a person asks for an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Input {
    /// By its key.
    Keys,
    /// By its name, as a command: in plain mode.
    Words,
}

/// The keys in force.
#[derive(Debug, Clone)]
pub struct Keymap {
    /// The rows, which screens share.
    entries: Arc<Vec<KeymapEntry>>,
    input: Input,
    /// The characters that the labels of keys may have.
    charset: Charset,
}

/// A mistake in the key settings: the action in question, and the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeymapError {
    /// The name of the action, as the settings have it.
    pub action: String,
    /// The reason, for people.
    pub why: String,
}

impl Default for Keymap {
    fn default() -> Keymap {
        Keymap::build(Preset::Default, &BTreeMap::new())
    }
}

impl Keymap {
    /// The table with other keys for some actions.
    ///
    /// # Errors
    /// [`KeymapError`] for an unknown action, an unknown key, or a key with two meanings.
    pub fn with(settings: &BTreeMap<String, Vec<String>>) -> Result<Keymap, KeymapError> {
        let mut preset = Preset::Default;
        let mut rebound = BTreeMap::new();
        for (name, keys) in settings {
            if name == presets::SETTING {
                preset = chosen_preset(keys)?;
                continue;
            }
            let keys = parse_rebinding(name, keys).map_err(|why| KeymapError {
                action: name.clone(),
                why,
            })?;
            rebound.insert(name.as_str(), keys);
        }

        let keymap = Keymap::build(preset, &rebound);
        keymap.check_meanings(settings)?;
        Ok(keymap)
    }

    /// The table without some actions, which can't be done: nothing speaks of them.
    #[must_use]
    pub fn without(mut self, actions: &[Action]) -> Keymap {
        let entries = Arc::make_mut(&mut self.entries);
        entries.retain(|entry| !actions.contains(&entry.action));

        // Sentences about other actions name none of these.
        for entry in entries {
            if let Some(sentence) = entry.sentence
                && actions.contains(&sentence.named)
            {
                entry.help = sentence.alone.to_owned();
            }
        }
        self
    }

    /// The table for somebody who types words: sentences name the command, not the key.
    #[must_use]
    pub(crate) fn in_words(self) -> Keymap {
        Keymap {
            input: Input::Words,
            ..self
        }
    }

    /// The table for a terminal that shows these characters.
    #[must_use]
    pub fn shown_in(self, charset: Charset) -> Keymap {
        Keymap { charset, ..self }
    }

    /// Tells whether actions are asked for by words, and nothing shows but what is said: in plain
    /// mode.
    #[must_use]
    pub(crate) fn is_in_words(&self) -> bool {
        self.input == Input::Words
    }

    /// Applies a preset to the table, and then rebound keys, by the names of their actions.
    fn build(preset: Preset, rebound: &BTreeMap<&str, Vec<Key>>) -> Keymap {
        let entries = BINDINGS.iter().map(|binding| KeymapEntry {
            action: binding.action,
            keys: match rebound.get(binding.action.name()) {
                Some(keys) => keys.clone(),
                None => preset.keys(binding, BINDINGS),
            },
            contexts: binding.contexts,
            footer_word: binding.footer_word,
            sentence: binding.help.as_ref(),
            help: String::new(),
        });
        let mut keymap = Keymap {
            entries: Arc::new(entries.collect()),
            input: Input::Keys,
            charset: Charset::Unicode,
        };

        // Sentences may name keys of any row, so they are written once all keys are known.
        let sentences = keymap.entries.iter().map(|entry| match entry.sentence {
            Some(sentence) => keymap.with_key(sentence),
            None => String::new(),
        });
        let sentences: Vec<String> = sentences.collect();
        let entries = Arc::make_mut(&mut keymap.entries);
        for (entry, sentence) in entries.iter_mut().zip(sentences) {
            entry.help = sentence;
        }
        keymap
    }

    /// Writes a sentence with the key that it names.
    fn with_key(&self, sentence: &HelpSentence) -> String {
        let key = self.typed_key_of(sentence.named);
        sentence.text.replace(KEY, &key)
    }

    /// Finds a key with two meanings, and blames the action that the settings rebound.
    fn check_meanings(&self, settings: &BTreeMap<String, Vec<String>>) -> Result<(), KeymapError> {
        for context in ALL {
            let mut seen: Vec<(Key, Action)> = Vec::new();

            for entry in self.entries_of(*context) {
                for key in &entry.keys {
                    let clash = seen
                        .iter()
                        .find(|(known, action)| known == key && *action != entry.action);
                    if let Some((_, other)) = clash {
                        return Err(two_meanings(*key, entry.action, *other, settings));
                    }
                    seen.push((*key, entry.action));
                }
            }
        }
        Ok(())
    }

    fn entries_of(&self, context: Context) -> impl Iterator<Item = &KeymapEntry> {
        self.entries
            .iter()
            .filter(move |entry| entry.contexts.contains(&context))
    }

    /// The action of `key` in `context`.
    #[must_use]
    pub(crate) fn dispatch(&self, context: Context, key: Key) -> Option<Action> {
        self.entries_of(context)
            .find(|entry| entry.keys.contains(&key))
            .map(|entry| entry.action)
    }

    /// The footer of `context`: action, key and word.
    pub fn footer(&self, context: Context) -> impl Iterator<Item = (Action, String, &'static str)> {
        self.entries_of(context).filter_map(|entry| {
            let word = entry.footer_word?;
            let key = entry.keys.first()?;
            Some((entry.action, key.label(self.charset), word))
        })
    }

    /// All keys of an entry, as shown.
    #[must_use]
    pub(crate) fn labels(&self, entry: &KeymapEntry) -> String {
        let labels = entry.keys.iter().map(|key| key.label(self.charset));
        labels.collect::<Vec<_>>().join(" ")
    }

    /// The entries that the palette of screens of this kind offers.
    pub fn explained(&self, screen: ScreenKind) -> impl Iterator<Item = &KeymapEntry> {
        self.with_help().filter(move |entry| entry.works_on(screen))
    }

    /// The entries that a help lists.
    pub(crate) fn helped(&self, scope: HelpScope) -> impl Iterator<Item = &KeymapEntry> {
        self.with_help().filter(move |entry| match scope {
            HelpScope::Shop => entry.works_on(ScreenKind::Shop),
            HelpScope::Page(context) => entry.works_in(context),
        })
    }

    /// The entries with a sentence for people.
    fn with_help(&self) -> impl Iterator<Item = &KeymapEntry> {
        self.entries.iter().filter(|entry| !entry.help.is_empty())
    }

    /// The first key of an action, as shown, or its word; empty where it can't be done.
    #[must_use]
    pub(crate) fn key_of(&self, action: Action) -> String {
        let key = self.keys_of(action).next();
        match (key, self.input) {
            (None, _) => String::new(),
            (Some(key), Input::Keys) => key.label(self.charset),
            (Some(_), Input::Words) => action.name().replace('-', " "),
        }
    }

    /// True where any key is bound to an action.
    #[must_use]
    pub(crate) fn has_key(&self, action: Action) -> bool {
        self.keys_of(action).next().is_some()
    }

    /// The key of an action for the middle of a sentence: one that types a character where there
    /// is one, as it is the shortest, and the action's name where no key is bound.
    #[must_use]
    pub(crate) fn typed_key_of(&self, action: Action) -> String {
        self.keys_of(action)
            .find(|key| key.typed().is_some())
            .or_else(|| self.keys_of(action).next())
            .map_or_else(|| action.name().to_owned(), |key| key.label(self.charset))
    }

    fn keys_of(&self, action: Action) -> impl Iterator<Item = &Key> {
        self.entries
            .iter()
            .filter(move |entry| entry.action == action)
            .flat_map(|entry| &entry.keys)
    }
}

/// The preset that the settings name.
fn chosen_preset(names: &[String]) -> Result<Preset, KeymapError> {
    let preset = match names {
        [name] => Preset::named(name),
        _ => None,
    };
    preset.ok_or_else(|| {
        let names: Vec<&str> = Preset::NAMED.iter().map(|(name, _)| *name).collect();
        KeymapError {
            action: presets::SETTING.to_owned(),
            why: format!("one of {} is expected", names.join(", ")),
        }
    })
}

/// The refusal of a key that places an order, and that words are typed with.
const ORDERS_BY_WORDS: &str = "a small letter, a digit or a space could order while somebody types: \
    take a capital letter like Y, or ctrl-y";

/// The keys that the settings give to an action, or what is wrong with them.
fn parse_rebinding(action: &str, keys: &[String]) -> Result<Vec<Key>, String> {
    let keys: Vec<Key> = keys
        .iter()
        .map(|name| Key::parse(name).ok_or_else(|| format!("no key is called {name:?}")))
        .collect::<Result<_, _>>()?;
    if action == Action::PlaceOrder.name() && keys.iter().any(Key::is_of_words) {
        return Err(ORDERS_BY_WORDS.to_owned());
    }

    let names: Vec<&str> = BINDINGS.iter().map(|row| row.action.name()).collect();
    if names.contains(&action) {
        return Ok(keys);
    }

    let nearest = names
        .iter()
        .max_by(|a, b| strsim::jaro_winkler(a, action).total_cmp(&strsim::jaro_winkler(b, action)));
    let hint = nearest
        .map(|nearest| format!("; did you mean {nearest}?"))
        .unwrap_or_default();
    Err(format!("there is no such action{hint}"))
}

/// The error for a key of both actions. It names the one that the settings rebound first.
fn two_meanings(
    key: Key,
    action: Action,
    other: Action,
    settings: &BTreeMap<String, Vec<String>>,
) -> KeymapError {
    let (blamed, other) = if settings.contains_key(action.name()) {
        (action, other)
    } else {
        (other, action)
    };
    KeymapError {
        action: blamed.name().to_owned(),
        why: format!("{key} is already a key of {}", other.name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Key {
        Key::parse(name).unwrap()
    }

    #[test]
    fn a_word_begins_wherever_letters_are_keys() {
        let keymap = Keymap::default();
        for context in ALL {
            let action = |name| keymap.dispatch(*context, key(name));
            if matches!(
                context,
                Context::Search | Context::Prompt | Context::Palette
            ) {
                continue;
            }
            assert_eq!(action(":"), Some(Action::Palette), "{context:?}");
            assert_eq!(action("/"), Some(Action::Search), "{context:?}");
            // The help itself is closed by its key.
            let helps = matches!(action("?"), Some(Action::Help | Action::Back));
            assert!(helps, "{context:?}");
        }
    }

    #[test]
    fn every_key_has_a_name_and_one_meaning_in_each_context() {
        for binding in BINDINGS {
            assert!(
                binding.keys.iter().all(|name| Key::parse(name).is_some()),
                "{:?}",
                binding.keys
            );
        }
        assert!(Keymap::with(&BTreeMap::new()).is_ok());
    }

    #[test]
    fn escape_never_quits_and_ctrl_c_always_does() {
        let keymap = Keymap::default();
        for context in ALL {
            assert_eq!(
                keymap.dispatch(*context, key("esc")),
                Some(Action::Back),
                "{context:?}"
            );
            assert_eq!(
                keymap.dispatch(*context, key("ctrl-c")),
                Some(Action::Quit),
                "{context:?}"
            );
        }
    }

    #[test]
    fn each_preset_is_whole_and_gives_way_to_other_keys() {
        let with = |preset: &str| {
            let settings = BTreeMap::from([("preset".to_owned(), vec![preset.to_owned()])]);
            Keymap::with(&settings)
        };
        for (name, _) in Preset::NAMED {
            let keymap = with(name).unwrap();
            for binding in BINDINGS {
                let has_key = keymap.has_key(binding.action);
                assert!(has_key, "{name}: {:?}", binding.action);
            }
            for context in ALL {
                let back = keymap.dispatch(*context, key("esc"));
                let quit = keymap.dispatch(*context, key("ctrl-c"));
                assert_eq!(
                    (back, quit),
                    (Some(Action::Back), Some(Action::Quit)),
                    "{name}"
                );
            }
        }

        let emacs = with("emacs").unwrap();
        let in_cart = |name| emacs.dispatch(Context::Cart, key(name));
        assert_eq!(in_cart("ctrl-n"), Some(Action::Move(Motion::Down)));
        assert_eq!(in_cart("ctrl-f"), Some(Action::ToCart));
        assert_eq!(in_cart("alt-x"), Some(Action::Palette));
        assert_eq!(in_cart(":"), Some(Action::Palette));
        assert_eq!(
            emacs.dispatch(Context::Prompt, key("ctrl-g")),
            Some(Action::Back)
        );
        let vim = with("vim").unwrap();
        assert_eq!(vim.dispatch(Context::Cart, key("x")), Some(Action::Remove));
        assert_eq!(
            vim.dispatch(Context::Orders, key("x")),
            Some(Action::AskCancel)
        );
        let arrows = with("arrows").unwrap();
        assert_eq!(arrows.dispatch(Context::Cart, key("j")), None);
        assert_eq!(arrows.dispatch(Context::Cart, key("a")), None);

        let error = with("nano").unwrap_err();
        assert_eq!(error.why, "one of default, vim, emacs, arrows is expected");
        let both = BTreeMap::from([
            ("preset".to_owned(), vec!["emacs".to_owned()]),
            ("add".to_owned(), vec!["ctrl-n".to_owned()]),
        ]);
        let error = Keymap::with(&both).unwrap_err();
        assert_eq!(error.why, "Ctrl-N is already a key of down");
    }

    #[test]
    fn other_keys_for_actions() {
        let with = |name: &str, keys: &[&str]| {
            Keymap::with(&BTreeMap::from([(
                name.to_owned(),
                keys.iter().map(|key| (*key).to_owned()).collect(),
            )]))
        };
        let keymap = with("add", &["x", "ctrl-a"]).unwrap();
        assert_eq!(
            keymap.dispatch(Context::Catalog, key("x")),
            Some(Action::Add)
        );
        assert_eq!(keymap.dispatch(Context::Catalog, key("a")), None);
        assert!(
            keymap
                .footer(Context::Catalog)
                .any(|(action, key, _)| action == Action::Add && key == "x")
        );
        let why = |name, keys| with(name, keys).unwrap_err().why;
        assert_eq!(
            why("ad", &["x"]),
            "there is no such action; did you mean add?"
        );
        assert_eq!(why("add", &["ctrl-"]), "no key is called \"ctrl-\"");
        assert_eq!(why("add", &["q"]), "q is already a key of quit");
        assert_eq!(why("place-order", &["Y", "y"]), ORDERS_BY_WORDS);
        assert_eq!(why("place-order", &["7"]), ORDERS_BY_WORDS);
        assert_eq!(why("place-order", &["space"]), ORDERS_BY_WORDS);
        assert!(with("place-order", &["ctrl-y", "O"]).is_ok());
    }

    #[test]
    fn nothing_speaks_of_what_cannot_be_done() {
        let keymap = Keymap::default().without(&[Action::Suspend, Action::LoadDemo]);
        for context in ALL {
            assert_eq!(keymap.dispatch(*context, key("ctrl-z")), None);
            assert_eq!(keymap.dispatch(*context, key("ctrl-c")), Some(Action::Quit));
        }
        assert_eq!(keymap.dispatch(Context::EmptyCatalog, key("D")), None);
        assert_eq!(keymap.key_of(Action::LoadDemo), "");
        assert!(
            keymap
                .explained(ScreenKind::Shop)
                .all(|entry| !entry.help.contains("demo") && !entry.help.contains("Suspend"))
        );

        let keymap = keymap.without(&[Action::PlaceOrder]);
        let mut sentences = keymap
            .explained(ScreenKind::Shop)
            .map(|entry| entry.help.as_str());
        assert!(sentences.any(|help| help == "Check out: shows the total"));
    }

    #[test]
    fn every_sentence_can_do_without_the_key_that_it_names() {
        for binding in BINDINGS {
            let Some(sentence) = &binding.help else {
                continue;
            };
            let keymap = Keymap::default().without(&[sentence.named]);
            let about_it = keymap
                .explained(ScreenKind::Shop)
                .filter(|entry| entry.action == binding.action);
            let left: Vec<&str> = about_it.map(|entry| entry.help.as_str()).collect();

            if sentence.named == binding.action {
                assert!(left.is_empty(), "{left:?}");
            } else {
                assert_eq!(left, [sentence.alone]);
            }
            assert!(
                keymap
                    .explained(ScreenKind::Shop)
                    .all(|entry| !entry.help.contains('{'))
            );
        }

        let keymap = Keymap::default().without(&[Action::Undo]);
        let mut sentences = keymap
            .explained(ScreenKind::Shop)
            .map(|entry| entry.help.as_str());
        assert!(sentences.any(|help| help == "Clear the cart (asks first)"));
    }

    #[test]
    fn names_in_settings_never_change() {
        let mut names: Vec<&str> = BINDINGS.iter().map(|b| b.action.name()).collect();
        names.sort_unstable();
        names.dedup();
        // The guide has them all. None goes: it stands in people's settings.
        let guide = include_str!("../../../assets/guide/settings.md");
        let list = guide.split("All names of actions").nth(1).unwrap();
        let list = list.split("```").nth(1).unwrap();
        assert_eq!(names, list.split_whitespace().skip(1).collect::<Vec<_>>());
    }

    #[test]
    fn sentences_name_the_keys_in_force() {
        let help_of = |keymap: &Keymap, action: Action| {
            let mut entries = keymap.explained(ScreenKind::Shop);
            entries
                .find(|entry| entry.action == action)
                .map(|entry| entry.help.clone())
                .unwrap()
        };
        let rebound = |name: &str, keys: &[&str]| {
            let keys = keys.iter().map(|key| (*key).to_owned()).collect();
            Keymap::with(&BTreeMap::from([(name.to_owned(), keys)])).unwrap()
        };

        let usual = Keymap::default();
        assert_eq!(
            help_of(&usual, Action::AskClear),
            "Clear the cart (asks first; u brings it back)"
        );
        assert!(help_of(&usual, Action::Add).ends_with("12a adds twelve"));
        assert!(
            usual
                .explained(ScreenKind::Shop)
                .all(|entry| !entry.help.contains(KEY))
        );

        let with_other_keys = rebound("undo", &["ctrl-x", "z"]);
        assert!(help_of(&with_other_keys, Action::AskClear).contains("; z brings"));
        let without_keys = rebound("undo", &[]);
        assert!(help_of(&without_keys, Action::AskClear).contains("; undo brings"));
    }
}
