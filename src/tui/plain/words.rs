//! The words of plain mode: the table of its commands, and what is typed of them.

/// A command of plain mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// One of the palette, which takes words.
    Palette,
    Search,
    List,
    More,
    Cart,
    Clear,
    Undo,
    Redo,
    Note,
    People,
    Rules,
    Ready,
    Lock,
    Checkout,
    Fix,
    PlaceOrder,
    Orders,
    Order,
    Again,
    Cancel,
    Settle,
    Carts,
    News,
    Status,
    KeepAlive,
    History,
    Help,
    Quit,
}

impl Word {
    /// Tells whether the command may be answered while a change waits: it changes nothing, and what
    /// it tells of the cart, it tells with what is not confirmed.
    pub(super) fn tells_meanwhile(self) -> bool {
        matches!(self, Word::Status | Word::Help | Word::History)
    }
}

/// A row of the table.
#[derive(Debug)]
pub(super) struct Command {
    /// The word that is typed.
    pub(super) name: &'static str,
    pub(super) word: Word,
    /// The words that may follow it, and a sentence on its effect; `None` where the palette has
    /// both.
    pub(super) help: Option<(&'static str, &'static str)>,
}

const fn own(
    name: &'static str,
    word: Word,
    words: &'static str,
    sentence: &'static str,
) -> Command {
    Command {
        name,
        word,
        help: Some((words, sentence)),
    }
}

const fn of_palette(name: &'static str, word: Word) -> Command {
    Command {
        name,
        word,
        help: None,
    }
}

/// The commands, in the order of the help.
pub(super) const COMMANDS: &[Command] = &[
    of_palette("add", Word::Palette),
    of_palette("set", Word::Palette),
    of_palette("remove", Word::Palette),
    own("undo", Word::Undo, "", "Undo your own last change"),
    own("redo", Word::Redo, "", "Redo what you have undone"),
    own(
        "cart",
        Word::Cart,
        "",
        "Hear the cart; with a name, go to that cart",
    ),
    own("clear", Word::Clear, "", "Clear the cart; it asks first"),
    own("search", Word::Search, "WORDS", "Search the products"),
    own(
        "list",
        Word::List,
        "[CATEGORY]",
        "Hear the categories, or the products of one",
    ),
    own("more", Word::More, "", "Hear more of the list"),
    own(
        "note",
        Word::Note,
        "PRODUCT TEXT, or note order TEXT",
        "Note something on a line of the cart, or on the whole order",
    ),
    own(
        "people",
        Word::People,
        "[NAME]",
        "Hear who asked for how much, or for what",
    ),
    own(
        "ready",
        Word::Ready,
        "",
        "Say that you are ready, or not any more",
    ),
    own("rules", Word::Rules, "", "Hear the rules of the cart"),
    own("lock", Word::Lock, "", "Lock the cart, or unlock it"),
    of_palette("deadline", Word::Palette),
    of_palette("budget", Word::Palette),
    of_palette("each", Word::Palette),
    of_palette("expect", Word::Palette),
    own(
        "checkout",
        Word::Checkout,
        "",
        "Hear what the cart costs today, and what is in the way",
    ),
    own(
        "fix",
        Word::Fix,
        "[N]",
        "Fix what can't be ordered: all, or one by its number",
    ),
    own(
        "place order",
        Word::PlaceOrder,
        "TOTAL",
        "Order the cart, at the total that checkout says",
    ),
    own(
        "orders",
        Word::Orders,
        "[WORDS]",
        "Hear the past orders, or those with these words",
    ),
    own(
        "order",
        Word::Order,
        "NUMBER",
        "Hear the receipt of an order",
    ),
    own(
        "again",
        Word::Again,
        "[NUMBER]",
        "Put the lines of an order back into the cart; without a number, of the last one",
    ),
    own(
        "cancel",
        Word::Cancel,
        "[NUMBER]",
        "Cancel your own order, without a number the last one; it asks first",
    ),
    own(
        "settle",
        Word::Settle,
        "NAME",
        "Mark who has settled the last order that you placed or heard, or not",
    ),
    own(
        "carts",
        Word::Carts,
        "",
        "Hear the carts that you have used",
    ),
    of_palette("take", Word::Palette),
    of_palette("name", Word::Palette),
    own(
        "keep alive",
        Word::KeepAlive,
        "",
        "Restart the countdown of the cart",
    ),
    own("news", Word::News, "", "Hear what happened last"),
    own(
        "status",
        Word::Status,
        "",
        "Hear where you are, with whom, and whether all is saved",
    ),
    own(
        "history",
        Word::History,
        "",
        "Hear what you typed; !3 does the third again, !! the last",
    ),
    own("help", Word::Help, "[COMMAND]", "Hear the commands"),
    own("quit", Word::Quit, "", "Leave the shop"),
];

/// The command that a line begins with, and the words behind it.
pub(super) fn read(typed: &str) -> Option<(&'static Command, &str)> {
    let typed = typed.trim();
    let small = typed.to_ascii_lowercase();

    let named = COMMANDS.iter().filter(|command| {
        let rest = small.strip_prefix(command.name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
    });
    let command = named.max_by_key(|command| command.name.len())?;
    let words = typed.get(command.name.len()..).unwrap_or_default();
    Some((command, words.trim()))
}

/// A number of a list, and the pieces typed behind it: `3`, or `3 2` for two of the third.
pub(super) fn read_choice(typed: &str) -> Option<(usize, Option<u32>)> {
    let mut words = typed.split_whitespace();
    let number = words.next()?.trim_end_matches('.').parse().ok()?;
    let pieces = match words.next() {
        Some(pieces) => Some(pieces.parse().ok()?),
        None => None,
    };
    words.next().is_none().then_some((number, pieces))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(typed: &str) -> Option<(Word, &str)> {
        read(typed).map(|(command, words)| (command.word, words))
    }

    #[test]
    fn commands_are_whole_words_whatever_their_letters() {
        assert_eq!(word("cart"), Some((Word::Cart, "")));
        assert_eq!(word(" Cart  office "), Some((Word::Cart, "office")));
        assert_eq!(word("carts"), Some((Word::Carts, "")));
        assert_eq!(word("place order 16.90"), Some((Word::PlaceOrder, "16.90")));
        assert_eq!(word("order 42"), Some((Word::Order, "42")));
        assert_eq!(word("orders ann"), Some((Word::Orders, "ann")));
        for none in ["", "carted", "esp 2", "place", "é", "order42"] {
            assert_eq!(word(none), None, "{none}");
        }
    }

    #[test]
    fn numbers_choose_from_a_list() {
        assert_eq!(read_choice("3"), Some((3, None)));
        assert_eq!(read_choice("3."), Some((3, None)));
        assert_eq!(read_choice("3 2"), Some((3, Some(2))));
        for none in ["", "three", "3 b", "3 2 1", "-1"] {
            assert_eq!(read_choice(none), None, "{none}");
        }
    }
}
