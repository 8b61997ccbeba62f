//! The command palette: the entries for what is typed, and what each of them does.

use crate::config::keymap::{Action, Context, KeymapEntry, ScreenKind};
use crate::config::theme::Theme;
use crate::model::barcode::Reading;
use crate::model::catalog::{name_similarity, nearest_of};
use crate::model::name::{NameError, typed_name};
use crate::model::product::SOLD_OUT;
use crate::model::search;
use crate::model::search::Sorting;
use crate::model::typed_rule::TypedRule;
use crate::model::{Item, ProductId, RuleChange, UserName, text};
use crate::tui::state::catalog::{SEARCHED_AT_ONCE, ShownCategory};
use crate::tui::state::digits::are_scanned;
use crate::tui::state::{AskedNote, State};

/// The most columns of a note that an entry replaces.
const LONGEST_HINT: usize = 24;
/// The most entries that are offered.
pub(crate) const MOST: usize = 9;

/// The effect of an entry.
#[derive(Debug, Clone, PartialEq)]
pub enum Run {
    /// Does the same as a key.
    Action(Action),
    /// Goes on with this typed.
    Type(String),
    /// Adds pieces of a product.
    Add(ProductId, u32),
    /// Sets a quantity.
    Set(ProductId, u32),
    /// Removes a line.
    Remove(ProductId),
    /// Asks for one's own note on a product, or for that for the whole order.
    AskNote(Option<ProductId>),
    /// Notes this.
    Note(AskedNote, String),
    /// Goes to another cart.
    GoToCart(UserName),
    /// Brings the lines of another cart here.
    TakeCart(UserName),
    /// Clears another cart.
    ClearCart(UserName),
    /// Goes on under another name.
    TakeName(String),
    /// Shows one category, or all.
    Category(ShownCategory),
    /// Sorts the catalog.
    Sort(Sorting),
    /// Takes another theme.
    Theme(&'static Theme),
    /// Sets a rule of the cart.
    Rule(RuleChange),
    /// Marks that this person has settled their part of the order that shows, or takes that back.
    Settle(String),
}

/// One entry of the palette.
#[derive(Debug, Clone, PartialEq)]
pub struct PaletteEntry {
    /// The text of its row.
    pub label: String,
    /// Its keys, or how many the cart holds; at the right of its row.
    pub hint: String,
    /// The text that it completes the typed one to.
    pub completed: String,
    /// Its effect.
    pub run: Run,
}

/// A command that takes words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Product(ProductVerb),
    Note,
    Rule(TypedRule),
    Cart(CartVerb),
    Name,
    Category,
    Sort,
    Theme,
}

/// A command that takes a cart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CartVerb {
    Go,
    Take,
    Clear,
}

/// A command that takes a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ProductVerb {
    Add,
    Set,
    Remove,
}

impl Verb {
    const ALL: [Verb; 15] = [
        Verb::Product(ProductVerb::Add),
        Verb::Product(ProductVerb::Set),
        Verb::Product(ProductVerb::Remove),
        Verb::Note,
        Verb::Cart(CartVerb::Go),
        Verb::Cart(CartVerb::Take),
        Verb::Cart(CartVerb::Clear),
        Verb::Name,
        Verb::Category,
        Verb::Sort,
        Verb::Theme,
        Verb::Rule(TypedRule::Deadline),
        Verb::Rule(TypedRule::Budget),
        Verb::Rule(TypedRule::Each),
        Verb::Rule(TypedRule::Expect),
    ];

    /// The word that is typed.
    fn name(self) -> &'static str {
        match self {
            Verb::Product(verb) => verb.name(),
            Verb::Note => "note",
            Verb::Cart(CartVerb::Go) => "cart",
            Verb::Cart(CartVerb::Take) => "take",
            Verb::Cart(CartVerb::Clear) => "clear",
            Verb::Name => "name",
            Verb::Rule(rule) => rule.name(),
            Verb::Category => "category",
            Verb::Sort => "sort",
            Verb::Theme => "theme",
        }
    }

    /// A sentence on its effect, and the words that it takes.
    fn help(self) -> (&'static str, &'static str) {
        match self {
            Verb::Product(ProductVerb::Add) => ("Add a product", "PRODUCT [N]"),
            Verb::Product(ProductVerb::Set) => ("Set a quantity", "PRODUCT N"),
            Verb::Product(ProductVerb::Remove) => ("Remove a line", "PRODUCT"),
            Verb::Note => ("Note something on a line", "PRODUCT TEXT"),
            Verb::Cart(CartVerb::Go) => ("Go to another cart", "NAME"),
            Verb::Cart(CartVerb::Take) => ("Bring another cart's lines here", "NAME"),
            Verb::Cart(CartVerb::Clear) => ("Clear another cart", "NAME"),
            Verb::Name => ("Change who you are", "NAME"),
            Verb::Rule(TypedRule::Deadline) => ("Set when the cart closes", "TIME"),
            Verb::Rule(TypedRule::Budget) => ("Set what the cart may cost", "AMOUNT"),
            Verb::Rule(TypedRule::Each) => ("Set what each may spend", "AMOUNT"),
            Verb::Rule(TypedRule::Expect) => ("Name who is expected", "NAMES"),
            Verb::Category => ("Show one category, or all", "[NAME]"),
            Verb::Sort => ("Sort the catalog", "COLUMN"),
            Verb::Theme => ("Change the theme", "NAME"),
        }
    }

    /// The verb that `typed` begins with, and the words behind it.
    fn split(typed: &str) -> Option<(Verb, &str)> {
        let (name, words) = typed.split_once(' ')?;
        let verb = Verb::ALL.into_iter().find(|verb| verb.name() == name)?;
        Some((verb, words))
    }
}

impl ProductVerb {
    /// The word that is typed.
    fn name(self) -> &'static str {
        match self {
            ProductVerb::Add => "add",
            ProductVerb::Set => "set",
            ProductVerb::Remove => "remove",
        }
    }
}

/// The words that a command takes, and a sentence on its effect; `None` where this person may not
/// give it.
#[must_use]
pub(crate) fn help_of(state: &State, name: &str) -> Option<(&'static str, &'static str)> {
    let verb = verbs(state).find(|verb| verb.name() == name)?;
    let (help, words) = verb.help();
    Some((words, help))
}

/// True where each typed word is the beginning of a word of a product's name.
#[must_use]
pub(crate) fn begins_words(typed: &str, name: &str) -> bool {
    let typed = text::folded(typed);
    typed.split_whitespace().all(|typed| {
        let name = text::folded_for(typed, name);
        name.split_whitespace().any(|word| word.starts_with(typed))
    })
}

/// The first entry that shows in so many rows, so that the selected one does.
#[must_use]
pub(crate) fn first_row(cursor: usize, rows: u16) -> usize {
    (cursor + 1).saturating_sub(usize::from(rows))
}

/// The entries for what is typed, best first.
#[must_use]
pub fn entries(state: &State, typed: &str) -> Vec<PaletteEntry> {
    let typed = without_colon(typed);
    let mut entries = match Verb::split(typed) {
        Some((verb, words)) => argument_entries(state, typed, verb, words),
        None => command_entries(state, typed),
    };
    entries.truncate(MOST);
    if entries.is_empty() {
        entries.extend(suggestion(state, typed));
    }
    entries
}

/// The entry for what was probably meant, where nothing matches what is typed. It only types that:
/// Enter must not do something nobody asked for.
pub(crate) fn suggestion(state: &State, typed: &str) -> Option<PaletteEntry> {
    if state.matches.is_searching() {
        return None;
    }

    let verb = Verb::split(typed);
    let meant = match verb {
        Some((Verb::Cart(_) | Verb::Name | Verb::Note, _)) => None,
        Some((Verb::Category, words)) => {
            let categories = state.catalog.catalog.categories();
            nearest(words, categories.into_iter()).map(str::to_owned)
        }
        Some((Verb::Sort, words)) => {
            nearest(words, Sorting::all().map(Sorting::name)).map(str::to_owned)
        }
        Some((Verb::Theme, words)) => {
            let themes = Theme::NAMED.iter().map(|(name, _)| *name);
            nearest(words, themes).map(str::to_owned)
        }
        Some((Verb::Product(_), _)) => nearest_product(state, typed),
        Some((Verb::Rule(_), _)) => None,
        None => nearest_command(state, typed).or_else(|| nearest_product(state, typed)),
    }?;

    let completed = match verb {
        Some((verb, _)) => format!("{} {meant}", verb.name()),
        None => meant,
    };
    Some(PaletteEntry {
        label: format!("Did you mean “{completed}”?"),
        hint: String::new(),
        completed: completed.clone(),
        run: Run::Type(completed),
    })
}

/// The command whose name is most like what is typed.
fn nearest_command(state: &State, typed: &str) -> Option<String> {
    let verbs = verbs(state).map(Verb::name);
    let names = verbs.chain(offered(state).map(|entry| entry.action.name()));
    nearest(typed, names).map(str::to_owned)
}

/// The product whose name is most like what is typed, with the quantity behind it.
fn nearest_product(state: &State, typed: &str) -> Option<String> {
    let wanted = wanted(typed).filter(|wanted| !wanted.words.is_empty())?;
    let catalog = &state.catalog.catalog;

    let name = if wanted.verb == ProductVerb::Remove {
        let lines = state.cart.shown.lines.iter();
        let known = lines.filter_map(|line| catalog.get(&line.product));
        nearest(wanted.words, known.map(|product| product.name))
    } else if catalog.len() <= SEARCHED_AT_ONCE {
        catalog.nearest(wanted.words).map(|product| product.name)
    } else {
        // A large catalog was searched elsewhere, and loosely.
        let found = state.matches.found.first();
        let product = found.and_then(|number| catalog.at(*number));
        product.map(|product| product.name)
    }?;

    Some(match wanted.quantity {
        Some(quantity) => format!("{name} {quantity}"),
        None => name.to_owned(),
    })
}

/// The name that is most like what is typed, or has a word that is; `None` where none is near.
pub(crate) fn nearest<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = text::folded(typed.trim());
    nearest_of(names.map(|name| (name_similarity(name, &wanted), name)))
}

/// Strips the colon that some type before a command.
pub(in crate::tui) fn without_colon(typed: &str) -> &str {
    typed.trim_start().trim_start_matches(':')
}

/// The actions that are offered: those of the list and of the page that the palette covers, and
/// those that are done from everywhere. Verbs stand for those that ask for a rule or a note.
fn offered(state: &State) -> impl Iterator<Item = &KeymapEntry> {
    let here = [state.list_context(), state.covered_context()];
    let explained = state.env.keymap.explained(ScreenKind::Shop);
    explained.filter(move |entry| {
        let is_everywhere = matches!(entry.action, Action::Ready | Action::Lock);
        let has_verb = matches!(entry.action, Action::AskRule(_) | Action::Note);
        let works_here = here.iter().any(|context| entry.works_in(*context));
        (is_everywhere || works_here) && !has_verb
    })
}

/// The entries while the command itself is typed: verbs, actions, and products to add.
fn command_entries(state: &State, typed: &str) -> Vec<PaletteEntry> {
    let verbs = verbs(state).map(|verb| {
        let name = verb.name();
        if verb == Verb::Note && is_about_order(state) {
            return order_note_entry(state, "");
        }
        let (help, words) = verb.help();
        PaletteEntry {
            label: format!("{help}: {name} {words}"),
            hint: String::new(),
            completed: format!("{name} "),
            run: Run::Type(format!("{name} ")),
        }
    });
    let actions = offered(state).map(|entry| PaletteEntry {
        label: entry.help.clone(),
        hint: state.env.keymap.labels(entry),
        completed: entry.action.name().to_owned(),
        run: Run::Action(entry.action),
    });

    let products = named_products(state, typed.trim_end());
    let typed = typed.trim_end().to_lowercase();
    let mut ranked: Vec<(CommandMatch, PaletteEntry)> = verbs
        .chain(actions)
        .filter_map(|entry| {
            let quality = match_command(&entry.completed, &entry.label, &typed)?;
            Some((quality, entry))
        })
        .collect();
    ranked.sort_by_key(|(quality, _)| *quality);

    // A product by its name alone stands behind the commands that begin so.
    let place = ranked.partition_point(|(quality, _)| *quality <= CommandMatch::HelpStart);
    let mut entries: Vec<PaletteEntry> = ranked.into_iter().map(|(_, entry)| entry).collect();
    entries.splice(place..place, products);
    entries
}

/// The commands that take words, and that this person may give. To clear another cart is not
/// offered: without a name, the word means the present one.
fn verbs(state: &State) -> impl Iterator<Item = Verb> {
    let may_switch = state.carts.may_switch;
    Verb::ALL.into_iter().filter(move |verb| match verb {
        Verb::Cart(CartVerb::Clear) => false,
        Verb::Cart(CartVerb::Go | CartVerb::Take) | Verb::Name => may_switch,
        Verb::Product(_)
        | Verb::Note
        | Verb::Rule(_)
        | Verb::Category
        | Verb::Sort
        | Verb::Theme => true,
    })
}

/// The quality of a match between a command and what is typed, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::tui) enum CommandMatch {
    /// Its name begins with it.
    NameStart,
    /// Its sentence begins with it.
    HelpStart,
    /// Words of its name begin with the typed words.
    NameWords,
    /// Words of its name or sentence do.
    AnyWords,
}

/// Matches a command with what is typed, in lower case. Letters scattered over its words are
/// no match: Enter would do something nobody asked for.
pub(in crate::tui) fn match_command(
    name: &str,
    sentence: &str,
    typed: &str,
) -> Option<CommandMatch> {
    let name = name.trim_end();
    let help = sentence.to_lowercase();
    if name.starts_with(typed) {
        Some(CommandMatch::NameStart)
    } else if help.starts_with(typed) {
        Some(CommandMatch::HelpStart)
    } else if words_begin_with(name, typed) {
        Some(CommandMatch::NameWords)
    } else if words_begin_with(&format!("{name} {help}"), typed) {
        Some(CommandMatch::AnyWords)
    } else {
        None
    }
}

/// True where each typed word is the beginning of a word of `text`.
fn words_begin_with(text: &str, typed: &str) -> bool {
    let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).collect();
    typed
        .split_whitespace()
        .all(|typed| words.iter().any(|word| word.starts_with(typed)))
}

/// The sentence in place of the entries, where there are none.
#[must_use]
pub(crate) fn no_match_message(state: &State, typed: &str) -> String {
    let typed = without_colon(typed);
    let wanted = wanted(typed);
    if wanted.is_some() && state.matches.is_searching() {
        return "Searching …".to_owned();
    }

    let product_words = wanted.as_ref().map_or("", |wanted| wanted.words);
    let (thing, words) = match Verb::split(typed) {
        Some((Verb::Cart(_), words)) => ("cart", words),
        Some((Verb::Name, words)) => match typed_name(words.as_bytes()) {
            Err(error @ NameError::OwnWord(_)) => return error.to_string(),
            Err(NameError::Empty) => return "Type your name".to_owned(),
            Ok(_) => ("name", words),
        },
        Some((Verb::Note, words)) => ("line of the cart", words),
        Some((Verb::Rule(rule), words)) if words.trim().is_empty() => {
            return format!(
                "Type {}",
                rule.usage(&state.shop.currency, state.clock().hours)
            );
        }
        Some((Verb::Rule(rule), words)) => {
            return rule.refusal(words, &state.shop.currency, state.clock().hours);
        }
        Some((Verb::Category, words)) => ("category", words),
        Some((Verb::Sort, words)) => ("column", words),
        Some((Verb::Theme, words)) => ("theme", words),
        Some((Verb::Product(ProductVerb::Remove), _)) => ("line of the cart", product_words),
        Some((Verb::Product(ProductVerb::Add | ProductVerb::Set), _)) => ("product", product_words),
        None if wanted.is_none() => ("command", typed),
        None => ("product or command", typed),
    };
    match words.trim() {
        // Without a word, everything there is would match.
        "" => format!("There is no {thing}"),
        words => format!("No {thing} matches “{words}”"),
    }
}

/// The entries behind a verb.
fn argument_entries(state: &State, typed: &str, verb: Verb, words: &str) -> Vec<PaletteEntry> {
    match verb {
        Verb::Cart(verb) => cart_entries(state, verb, words),
        Verb::Name => name_entry(state, words).into_iter().collect(),
        Verb::Note if is_about_order(state) => vec![order_note_entry(state, words)],
        Verb::Note => note_entries(state, words),
        Verb::Category => category_entries(state, words),
        Verb::Sort => sort_entries(words),
        Verb::Theme => theme_entries(words),
        Verb::Rule(rule) => rule_entry(state, rule, words).into_iter().collect(),
        Verb::Product(_) => wanted(typed)
            .map(|wanted| product_entries(state, &wanted, |_| true))
            .unwrap_or_default(),
    }
}

/// The entries for categories; that for all of them where none is typed.
fn category_entries(state: &State, words: &str) -> Vec<PaletteEntry> {
    let mut entries = Vec::new();
    if words.trim().is_empty() {
        let label = "All categories".to_owned();
        entries.push(argument_entry(
            Verb::Category,
            label,
            "",
            Run::Category(ShownCategory::All),
        ));
    }

    for category in state.catalog.categories() {
        let name = category.name().unwrap_or_default().to_owned();
        if contains(&name, words) {
            let run = Run::Category(category);
            entries.push(argument_entry(Verb::Category, name.clone(), &name, run));
        }
    }
    entries
}

/// The entries for the carts that this person has used, and for the one whose name is typed.
fn cart_entries(state: &State, verb: CartVerb, words: &str) -> Vec<PaletteEntry> {
    if !state.carts.may_switch {
        return Vec::new();
    }
    let typed = UserName::parse(words.trim()).ok();
    let used = &state.carts.used;
    let matching = used.iter().filter(|cart| contains(cart.as_str(), words));

    let mut entries: Vec<PaletteEntry> = Vec::new();
    for cart in typed
        .iter()
        .chain(matching.filter(|cart| typed.as_ref() != Some(*cart)))
    {
        let (label, run) = match verb {
            CartVerb::Go => (format!("Go to {cart}"), Run::GoToCart(cart.clone())),
            CartVerb::Take => (
                format!("Bring the lines of {cart} here"),
                Run::TakeCart(cart.clone()),
            ),
            CartVerb::Clear if typed.as_ref() == Some(cart) => {
                (format!("Clear {cart}"), Run::ClearCart(cart.clone()))
            }
            // The name must be typed: a cart that only resembles it may be another's.
            CartVerb::Clear => (format!("Clear {cart}"), Run::Type(format!("clear {cart}"))),
        };
        let mut entry = argument_entry(Verb::Cart(verb), label, cart.as_str(), run);
        if !used.contains(cart) {
            "not used from here yet".clone_into(&mut entry.hint);
        }
        entries.push(entry);
    }
    entries
}

/// The entry that takes the name that is typed; `None` where that is none, or one's own is proven.
fn name_entry(state: &State, words: &str) -> Option<PaletteEntry> {
    let name = typed_name(words.as_bytes()).ok()?;
    let label = format!("Be {name} from now on");
    let entry = argument_entry(Verb::Name, label, &name, Run::TakeName(name.clone()));
    state.carts.may_switch.then_some(entry)
}

/// The entries for the ways to sort the catalog.
fn sort_entries(words: &str) -> Vec<PaletteEntry> {
    Sorting::all()
        .filter(|sorting| contains(sorting.name(), words))
        .map(|sorting| {
            let label = sorting.sentence().to_owned();
            argument_entry(Verb::Sort, label, sorting.name(), Run::Sort(sorting))
        })
        .collect()
}

/// The entries for the themes.
fn theme_entries(words: &str) -> Vec<PaletteEntry> {
    Theme::NAMED
        .iter()
        .filter(|(name, _)| contains(name, words))
        .map(|(name, theme)| {
            argument_entry(Verb::Theme, (*name).to_owned(), name, Run::Theme(theme))
        })
        .collect()
}

/// The entry that sets a rule to what is typed; `None` where that is none of its values.
fn rule_entry(state: &State, rule: TypedRule, words: &str) -> Option<PaletteEntry> {
    let change = state.typed_rule(rule, words)?;
    let verb = Verb::Rule(rule);
    let value = match &change {
        RuleChange::Closes(Some(at)) => state.clock().day_and_minute(*at, state.server_now()),
        RuleChange::Closes(None)
        | RuleChange::Budget(_)
        | RuleChange::BudgetEach(_)
        | RuleChange::Expected(_)
        | RuleChange::Locked(_)
        | RuleChange::Owner(_) => words.trim().to_owned(),
    };
    let (help, _) = verb.help();
    let label = format!("{help}: {value}");
    Some(argument_entry(verb, label, words, Run::Rule(change)))
}

/// True where a note that is typed is one for the whole order: in the checkout.
fn is_about_order(state: &State) -> bool {
    state.covered_context() == Context::Checkout
}

/// The entry for the note for the whole order. Without words it is asked for, so that what stands
/// there can be edited.
fn order_note_entry(state: &State, words: &str) -> PaletteEntry {
    note_entry(state, None, "", words)
}

/// The entries for notes on the lines of the cart that the first words name, those first of whose
/// name the most are typed; the other words are the note.
fn note_entries(state: &State, words: &str) -> Vec<PaletteEntry> {
    let typed: Vec<&str> = words.split_whitespace().collect();
    let lines = state.cart.shown.lines.iter();
    let mut named: Vec<(usize, &ProductId, String)> = lines
        .map(|line| (&line.product, state.name_of(&line.product)))
        .map(|(id, name)| (words_naming(id, &name, &typed), id, name))
        .filter(|(naming, ..)| *naming > 0 || typed.is_empty())
        .collect();
    named.sort_by_cached_key(|(naming, id, name)| {
        let is_whole = is_name(id, name, &typed[..*naming]);
        (std::cmp::Reverse(*naming), !is_whole)
    });

    let entries = named.into_iter().map(|(naming, id, name)| {
        let note = typed[naming..].join(" ");
        note_entry(state, Some(id), &name, &note)
    });
    entries.collect()
}

/// The number of the first typed words that name a product: each begins a word of its name, or
/// they are its id.
fn words_naming(id: &ProductId, name: &str, typed: &[&str]) -> usize {
    let naming = (1..=typed.len()).rev().find(|naming| {
        let typed = &typed[..*naming];
        is_name(id, name, typed) || words_begin_with(&text::folded(name), &folded(typed))
    });
    naming.unwrap_or(0)
}

/// True where the typed words are a product's whole name, or its id.
fn is_name(id: &ProductId, name: &str, typed: &[&str]) -> bool {
    id.to_string() == typed.join(" ") || text::folded(name) == folded(typed)
}

fn folded(typed: &[&str]) -> String {
    text::folded(&typed.join(" "))
}

/// The entry that notes something on a product, or for the whole order. The note that it replaces
/// stands at the right.
fn note_entry(state: &State, id: Option<&ProductId>, name: &str, note: &str) -> PaletteEntry {
    let subject = if id.is_some() { name } else { "the order" };
    let before = state.own_note(id);
    let note = note.trim();
    let (label, run) = match note {
        "" => (
            format!("Note something for {subject}"),
            Run::AskNote(id.cloned()),
        ),
        note => {
            let asked = AskedNote {
                product: id.cloned(),
                before: before.to_owned(),
            };
            (
                format!("Note for {subject}: {note}"),
                Run::Note(asked, note.to_owned()),
            )
        }
    };

    let hint = match before {
        "" => String::new(),
        before => format!("now: {}", text::truncate(before, LONGEST_HINT)),
    };
    let typed = [Verb::Note.name(), name, note].into_iter();
    let typed: Vec<&str> = typed.filter(|word| !word.is_empty()).collect();
    PaletteEntry {
        label,
        hint,
        completed: format!("{} ", typed.join(" ")),
        run,
    }
}

/// The entry for one word behind a verb.
fn argument_entry(verb: Verb, label: String, word: &str, run: Run) -> PaletteEntry {
    PaletteEntry {
        label,
        hint: String::new(),
        completed: format!("{} {word}", verb.name()),
        run,
    }
}

/// True where `name` contains what is typed, in upper or lower case, with or without accents.
fn contains(name: &str, typed: &str) -> bool {
    let typed = text::folded(typed.trim());
    text::folded_for(&typed, name).contains(&typed)
}

/// A product that is typed: behind a verb or, to be added, by its name alone.
struct Wanted<'a> {
    verb: ProductVerb,
    /// The words to find the product by.
    words: &'a str,
    quantity: Option<u32>,
}

/// Reads the product in what is typed: `set milk 3`, or `milk 3` to add it. `None` where a
/// command is typed that takes no product.
fn wanted(typed: &str) -> Option<Wanted<'_>> {
    let typed = without_colon(typed);
    let (verb, rest) = match Verb::split(typed) {
        Some((Verb::Product(verb), rest)) => (Some(verb), rest),
        Some((
            Verb::Rule(_)
            | Verb::Note
            | Verb::Cart(_)
            | Verb::Name
            | Verb::Category
            | Verb::Sort
            | Verb::Theme,
            _,
        )) => return None,
        None => (None, typed),
    };

    let rest = rest.trim();
    let (words, quantity) = match rest.rsplit_once(' ') {
        Some((words, last)) if let Ok(quantity) = last.parse() => (words, Some(quantity)),
        _ => (rest, None),
    };

    // One letter alone is rather the beginning of a command.
    if verb.is_none() && words.chars().nth(1).is_none() {
        return None;
    }
    Some(Wanted {
        verb: verb.unwrap_or(ProductVerb::Add),
        words,
        quantity,
    })
}

/// The words to search the catalog for; `None` where that needs no search: for a command, or
/// for lines of the cart, which are few.
pub(crate) fn searched_words(typed: &str) -> Option<&str> {
    wanted(typed)
        .filter(|wanted| wanted.verb != ProductVerb::Remove)
        .map(|wanted| wanted.words)
}

/// The entries that add a product by its name alone: `esp 2`. Each typed word is the beginning
/// of a word of the name.
fn named_products(state: &State, typed: &str) -> Vec<PaletteEntry> {
    let Some(wanted) = wanted(typed) else {
        return Vec::new();
    };
    product_entries(state, &wanted, |product| {
        begins_words(wanted.words, product.name)
    })
}

/// The entries for the products that were found and that `matches` accepts.
fn product_entries(
    state: &State,
    wanted: &Wanted<'_>,
    matches: impl Fn(&Item<'_>) -> bool,
) -> Vec<PaletteEntry> {
    if are_scanned(wanted.words) {
        return scanned_entry(state, wanted).into_iter().collect();
    }

    let catalog = &state.catalog.catalog;
    let in_cart: Vec<u32>;
    let found = match wanted.verb {
        // Only what is in the cart can be removed.
        ProductVerb::Remove => {
            in_cart = products_in_cart(state, wanted.words);
            &in_cart
        }
        ProductVerb::Add | ProductVerb::Set => &state.matches.found,
    };

    // Whose id is typed is meant, then whose whole name is, whatever matches better.
    let in_small_letters = wanted.words.to_lowercase();
    let typed_ids = [wanted.words, &in_small_letters].map(ProductId::asked);
    let of_id = typed_ids
        .iter()
        .flatten()
        .filter(|id| wanted.verb != ProductVerb::Remove || state.cart.shown.line(id).is_some())
        .find_map(|id| catalog.number(id));
    let typed_name = text::folded(wanted.words.trim());
    let is_named = |number: &u32| {
        let name = catalog
            .at(*number)
            .map(|product| text::folded(product.name));
        name.is_some_and(|name| name == typed_name)
    };
    let named = found.iter().copied().filter(is_named);
    let others = found.iter().copied().filter(|number| !is_named(number));
    let rest = named.chain(others).filter(|number| of_id != Some(*number));
    let rest = rest.filter_map(|number| catalog.at(number)).filter(matches);

    of_id
        .and_then(|number| catalog.at(number))
        .into_iter()
        .chain(rest)
        .take(MOST)
        .map(|product| product_entry(state, wanted, &product))
        .collect()
}

/// The entry for a code that was scanned, maybe with a number before it; `None` where no product is
/// sure to have it. A part of a name or an id that has such digits is not meant.
fn scanned_entry(state: &State, wanted: &Wanted<'_>) -> Option<PaletteEntry> {
    let catalog = &state.catalog.catalog;
    let split = match catalog.read_code(wanted.words) {
        Reading::Code(split) => split,
        Reading::Ambiguous(..) | Reading::Unknown(_) | Reading::NotACode => return None,
    };
    let product = catalog.of_code(split.code).ok()??;

    let is_in_cart = state.cart.shown.line(&product.product_id()).is_some();
    let wanted = Wanted {
        quantity: wanted.quantity.or(split.count),
        ..*wanted
    };
    match wanted.verb {
        ProductVerb::Remove if !is_in_cart => None,
        ProductVerb::Add | ProductVerb::Set | ProductVerb::Remove => {
            Some(product_entry(state, &wanted, &product))
        }
    }
}

/// The numbers of the products in the cart whose names have all the typed words.
fn products_in_cart(state: &State, words: &str) -> Vec<u32> {
    let catalog = &state.catalog.catalog;
    let lines = state.cart.shown.lines.iter();
    lines
        .filter_map(|line| catalog.number(&line.product))
        .filter(|number| {
            catalog.at(*number).is_some_and(|product| {
                words
                    .split_whitespace()
                    .all(|word| !search::marks(word, product.name).is_empty())
            })
        })
        .collect()
}

/// The entry for one product.
fn product_entry(state: &State, wanted: &Wanted<'_>, product: &Item<'_>) -> PaletteEntry {
    let name = product.name;
    let id = product.product_id();
    let quantity = wanted.quantity.unwrap_or(1);

    let in_cart = match state.cart.shown.quantity(&id) {
        0 => None,
        n => Some(format!("{n} in the cart")),
    };
    let sold_out = product.stock.is_sold_out().then(|| SOLD_OUT.to_owned());
    let hints: Vec<String> = sold_out.into_iter().chain(in_cart).collect();
    let hint = hints.join(" · ");
    let (label, run) = match wanted.verb {
        ProductVerb::Add => (format!("Add {quantity} × {name}"), Run::Add(id, quantity)),
        ProductVerb::Set => (format!("Set {name} to {quantity}"), Run::Set(id, quantity)),
        ProductVerb::Remove => (format!("Remove {name}"), Run::Remove(id)),
    };

    let mut completed = format!("{} {name}", wanted.verb.name());
    if let Some(quantity) = wanted.quantity {
        completed.push_str(&format!(" {quantity}"));
    }
    PaletteEntry {
        label,
        hint,
        completed: text::sanitize(completed.as_bytes()),
        run,
    }
}
