//! The commands of plain mode, and the waiting for what they ask for.

mod cart;
mod orders;
mod products;

use super::lines::Typed;
use super::state::{Awaited, Choice, Plain, Then, Unlisted, Waiting, Wanted, WithOrder};
use super::tell::{self, sentence};
use super::words::{COMMANDS, Command, Word, read, read_choice};
use crate::config::keymap::Action;
use crate::model::text;
use crate::tui::layout::palette::{self, Run};
use crate::tui::message::{Effect, Message, Now};
use crate::tui::state::{Asked, Connectivity, Mode};
use crate::tui::view::footer::{prompt_label, question};
use products::{names_product, product_of};
use tui_input::Input;

/// The lines that the history tells.
const HISTORY_TOLD: usize = 20;
/// The answer to `more` where the list has ended.
const NO_MORE: &str = "There is no more of the list.";

/// One update of plain mode.
pub(super) struct Updater<'a> {
    pub(super) plain: &'a mut Plain,
    pub(super) now: Now,
    pub(super) effects: Vec<Effect>,
}

impl Updater<'_> {
    pub(super) fn new(plain: &mut Plain, now: Now) -> Updater<'_> {
        Updater {
            plain,
            now,
            effects: Vec::new(),
        }
    }

    /// Takes in what was typed. The answer is said before anything else.
    pub(super) fn on_typed(&mut self, typed: Typed) {
        self.plain.is_prompted = false;
        let was_interrupted = std::mem::take(&mut self.plain.was_interrupted);
        // What was asked before comes when it comes.
        if !self.plain.is_answered_meanwhile(&typed) {
            self.stop_waiting();
        }

        match typed {
            Typed::Line(line) => self.on_line(&text::sanitize(line.as_bytes())),
            Typed::Interrupt if was_interrupted => self.effects.push(Effect::Quit),
            Typed::Interrupt => {
                self.plain.was_interrupted = true;
                self.plain.asks_which = false;
                if self.plain.has_question() {
                    self.act_here(Action::Back);
                }
                self.tell("Press Ctrl-C once more to leave.".to_owned());
            }
            Typed::End => self.quit(),
        }
    }

    fn on_line(&mut self, line: &str) {
        let line = line.trim();
        if self.plain.has_question() && self.answer(line) {
            return;
        }
        let asked_which = std::mem::take(&mut self.plain.asks_which);
        if line.is_empty() {
            let nothing_new = self.plain.news.is_empty() && !asked_which;
            if nothing_new {
                self.tell("Nothing new.".to_owned());
            }
            return;
        }

        let line = match self.repeated(line) {
            Ok(line) => line,
            Err(why) => return self.tell(why),
        };
        self.plain.history.note(&line);
        if let Some((number, pieces)) = read_choice(&line) {
            self.choose(number, pieces);
        } else if let Some((command, words)) = read(&line) {
            self.run_command(command, words);
        } else {
            self.match_products(line);
        }
    }

    /// The line that `!3` or `!!` stands for; any other stands for itself.
    fn repeated(&self, line: &str) -> Result<String, String> {
        let Some(which) = line.strip_prefix('!') else {
            return Ok(line.to_owned());
        };
        let history = &self.plain.history;
        let found = match which.trim() {
            "!" => history.last(),
            number => number.parse().ok().and_then(|number| history.line(number)),
        };
        found
            .map(str::to_owned)
            .ok_or_else(|| format!("There is no line “{which}” in what you typed: see history."))
    }

    /// Takes a line as the answer to what the shop has asked; returns false where it is none, and
    /// everything stays as it is.
    fn answer(&mut self, line: &str) -> bool {
        let is_yes = matches!(line.to_lowercase().as_str(), "y" | "yes");
        let is_no = matches!(line.to_lowercase().as_str(), "" | "n" | "no");
        if let Mode::Prompt { asked, .. } = &self.plain.state.mode {
            let asked = asked.clone();
            self.answer_prompt(&asked, line);
            return true;
        }
        let Some(yes) = self.plain.yes_action() else {
            return false;
        };

        if is_yes {
            self.act_here(yes);
            self.wait_for(Awaited::Settled);
            return true;
        }
        self.act_here(Action::Back);
        if is_no {
            self.tell("Nothing was changed.".to_owned());
        }
        is_no
    }

    /// Takes a line as what a prompt of the shop asks for.
    fn answer_prompt(&mut self, asked: &Asked, line: &str) {
        let removes = matches!(asked, Asked::Note(_)) && line == "none";
        if line.is_empty() {
            self.act_here(Action::Back);
            self.tell("Nothing was changed.".to_owned());
            return;
        }
        if let Mode::Prompt { input, .. } = &mut self.plain.state.mode {
            let typed = if removes { "" } else { line };
            *input = Input::new(typed.to_owned());
        }
        self.act_here(Action::Accept);
        self.wait_for(Awaited::Settled);
    }

    fn run_command(&mut self, command: &Command, words: &str) {
        match command.word {
            Word::Palette => {
                let words = self.with_chosen_product(command.name, words);
                self.match_products(format!("{} {words}", command.name));
            }
            Word::Note if words.is_empty() => self.tell_usage(command),
            Word::Note => self.note(words),
            Word::Search if words.is_empty() => self.tell_usage(command),
            Word::Search => self.search(words),
            Word::List => self.list(words),
            Word::More => self.list_more(),

            Word::Cart | Word::Clear if !words.is_empty() => {
                self.match_products(format!("{} {words}", command.name));
            }
            Word::Cart => self.tell_cart(),
            Word::Clear => self.act(Action::AskClear),
            Word::Undo => self.undo(),
            Word::Redo => self.act(Action::Redo),
            Word::KeepAlive => self.act(Action::KeepAlive),

            Word::People => self.tell_people(words),
            Word::Rules => self.tell_rules(),
            Word::Ready => self.act(Action::Ready),
            Word::Lock => self.act(Action::Lock),

            Word::Checkout => self.check_out(Then::Tell),
            Word::Fix => self.fix(words),
            Word::PlaceOrder => self.place_order(words),
            Word::Orders => self.read_orders(Wanted::List(words.to_owned())),
            Word::Order if words.is_empty() => self.tell_usage(command),
            Word::Order => self.with_order(words, WithOrder::Tell),
            Word::Again => self.with_order(words, WithOrder::Again),
            Word::Cancel => self.with_order(words, WithOrder::Cancel),
            Word::Settle if words.is_empty() => self.tell_usage(command),
            Word::Settle => self.settle(words),

            Word::Carts => self.read_carts(),
            Word::News => self.tell_activity(),
            Word::Status => {
                let state = &self.plain.state;
                let mut told = tell::greeting(state);
                told.extend(tell::connection(state));
                self.tell_all(told);
            }
            Word::History => self.tell_history(),
            Word::Help => self.help(words),
            Word::Quit => self.quit(),
        }
    }

    /// The words behind a command, with the product in place of its number in the last list:
    /// `set 1 5` sets the first of it to five.
    fn with_chosen_product(&self, command: &str, words: &str) -> String {
        let (number, quantity) = words.split_once(' ').unwrap_or((words, ""));
        let is_alone = quantity.is_empty() || quantity.parse::<u32>().is_ok();
        if !names_product(command) || !is_alone {
            return words.to_owned();
        }

        let choice = number.parse().ok().and_then(|number| self.choice(number));
        match choice.and_then(product_of) {
            Some(product) => format!("{product} {quantity}").trim().to_owned(),
            None => words.to_owned(),
        }
    }

    /// The entry with this number in the last list.
    fn choice(&self, number: usize) -> Option<&Choice> {
        self.plain.choices.get(number.checked_sub(1)?)
    }

    /// Chooses an entry of the last list by its number.
    fn choose(&mut self, number: usize, pieces: Option<u32>) {
        let Some(choice) = self.choice(number).cloned() else {
            let told = match self.plain.choices.len() {
                0 => "There is no list to choose from: type help for the commands.".to_owned(),
                last => format!("The list has no number {number}: type 1 to {last}."),
            };
            return self.tell(told);
        };

        match choice {
            Choice::Run(Run::Add(..)) | Choice::Product(_) if pieces == Some(0) => {
                self.tell("Nothing was added: type how many, from 1.".to_owned());
            }
            Choice::Run(Run::Add(product, added)) => {
                self.run(Run::Add(product, pieces.unwrap_or(added)));
            }
            Choice::Run(Run::Set(product, quantity)) => {
                self.run(Run::Set(product, pieces.unwrap_or(quantity)));
            }
            Choice::Run(Run::Type(typed)) => self.match_products(typed),
            Choice::Run(run) => self.run(run),
            Choice::Product(product) => self.run(Run::Add(product, pieces.unwrap_or(1))),
            Choice::Line(product) => {
                let told = tell::line_details(&self.plain.state, &product);
                self.tell_all(told);
            }
            Choice::Person(person) => self.tell_person(&person),
            Choice::Category(name) => self.list_category(&name),
            Choice::Order(order) => self.tell_receipt(order),
            Choice::Cart(cart) => self.run(Run::GoToCart(cart)),
        }
    }

    /// Does what an action does, and waits until it is done.
    fn act(&mut self, action: Action) {
        self.run(Run::Action(action));
    }

    /// Does what an entry of the palette does, and waits until it is done.
    fn run(&mut self, run: Run) {
        let goes = matches!(run, Run::GoToCart(_) | Run::TakeName(_));
        self.send(Message::Run(Box::new(run)));
        self.wait_for(if goes {
            Awaited::Opening
        } else {
            Awaited::Settled
        });
    }

    /// Does what an action does on what is asked now.
    fn act_here(&mut self, action: Action) {
        self.send(Message::Act(action));
    }

    /// Gives up what is awaited. That an order was placed is told even where it can't be read.
    pub(super) fn stop_waiting(&mut self) {
        let waiting = self.plain.waiting.take_if(|waiting| !waiting.is_opening());
        if let Some(Awaited::Placed(id)) = waiting.map(|waiting| waiting.awaited) {
            self.tell_placed(&id);
        }
    }

    pub(super) fn wait_for(&mut self, awaited: Awaited) {
        self.plain.waiting = Some(Waiting::of(awaited, self.now.steady));
    }

    /// Goes on with what the last command waits for, where that has come; and says once that it
    /// takes long.
    pub(super) fn go_on(&mut self) {
        while let Some(waiting) = self.plain.waiting.take() {
            if !self.has_come(&waiting) {
                self.plain.waiting = Some(waiting);
                break;
            }
            self.finish(waiting.awaited);
        }
        self.note_late();
        if !self.plain.is_busy() && !self.plain.is_prompted {
            self.ask();
        }
    }

    /// Says that what is awaited takes long.
    fn note_late(&mut self) {
        let trouble = match &self.plain.state.connectivity {
            Connectivity::Offline { trouble, .. } | Connectivity::Unreadable(trouble) => {
                Some(trouble.to_string())
            }
            Connectivity::Connecting | Connectivity::Live | Connectivity::Syncing => None,
        };

        let now = self.now.steady;
        let Some(waiting) = &mut self.plain.waiting else {
            return;
        };
        let is_over = waiting.late_at().is_some_and(|at| at <= now);
        if waiting.is_late || !(is_over || trouble.is_some()) {
            return;
        }

        waiting.is_late = true;
        let reason = match (&waiting.awaited, trouble) {
            (Awaited::Opening, Some(trouble)) => format!(": {trouble}"),
            (_, _) => String::new(),
        };
        self.tell(format!("Waiting for the server{reason} …"));
    }

    fn has_come(&self, waiting: &Waiting) -> bool {
        let state = &self.plain.state;
        match &waiting.awaited {
            Awaited::Opening => {
                let is_catalog_there = state.catalog.loaded || state.catalog.load_trouble.is_some();
                let is_unreadable = matches!(state.connectivity, Connectivity::Unreadable(_));
                let is_cart_there = state.cart.loaded || is_unreadable;
                let is_there = is_cart_there && is_catalog_there && state.is_settled();
                // Who else is there is heard a moment later, where that may be known at all.
                let knows_others = waiting.is_answered || self.now.steady >= waiting.greets_at();
                is_there
                    && knows_others
                    && state.carts.next.is_none()
                    && state.carts.next_name.is_none()
            }
            Awaited::Settled => state.is_settled() && state.orders.cancelling.is_none(),
            Awaited::Command(_) | Awaited::Search(_) => !state.matches.is_searching(),
            Awaited::Checkout(_) => {
                let is_gone = !matches!(state.mode, Mode::Checkout(_));
                is_gone || (state.orders.placing.is_none() && self.current_preview().is_some())
            }
            Awaited::Placed(_) | Awaited::Orders(_) | Awaited::Mark | Awaited::Carts => {
                waiting.is_answered
            }
        }
    }

    fn finish(&mut self, awaited: Awaited) {
        match awaited {
            Awaited::Opening => {
                let told = tell::greeting(&self.plain.state);
                // A list of another cart is none of this one.
                self.offer([]);
                self.tell_all(told);
                self.tell("Type help for the commands.".to_owned());
            }
            Awaited::Settled | Awaited::Mark => {}
            Awaited::Command(typed) => self.take_matches(&typed),
            Awaited::Search(words) => self.list_found(&words),
            Awaited::Checkout(then) => self.on_preview(then),
            Awaited::Placed(id) => self.tell_placed(&id),
            Awaited::Orders(wanted) => self.on_orders(wanted),
            Awaited::Carts => {
                let carts = tell::carts(&self.plain.state);
                self.offer(
                    carts
                        .into_iter()
                        .map(|(cart, told)| (Choice::Cart(cart), told)),
                );
                self.tell("Type a number to go to that cart.".to_owned());
            }
        }
    }

    /// Says what the shop asks now, and all news; then whoever is there may type.
    fn ask(&mut self) {
        let plain = &mut *self.plain;
        plain.answers.extend(plain.news.take());

        if let Some(question) = question(&plain.state) {
            plain.answers.push(format!("{question} Type yes or no."));
        } else if let Mode::Prompt { asked, input } = &plain.state.mode
            && let Some(label) = prompt_label(&plain.state)
        {
            let now = match input.value() {
                "" => String::new(),
                now => format!(" It is now: {now}."),
            };
            let none = match asked {
                Asked::Note(_) if !input.value().is_empty() => ", none to remove it,",
                Asked::Note(_) | Asked::Quantity(_) | Asked::Rule(_) => "",
            };
            let label = label.replace(" (empty removes it)", "");
            plain.answers.push(format!(
                "{label}.{now} Type it{none} or Enter to change nothing."
            ));
        }
    }

    /// Tells a list whose entries can be chosen by their numbers.
    fn offer(&mut self, entries: impl IntoIterator<Item = (Choice, String)>) {
        self.plain.choices.clear();
        self.plain.unlisted = Unlisted::Nothing;
        self.offer_more(entries);
    }

    /// Goes on with a list.
    fn offer_more(&mut self, entries: impl IntoIterator<Item = (Choice, String)>) {
        for (choice, told) in entries {
            self.plain.choices.push(choice);
            let number = self.plain.choices.len();
            self.tell(format!("{number}. {told}"));
        }
    }

    fn tell_activity(&mut self) {
        let mut told = tell::activity(&self.plain.state);
        if told.is_empty() {
            told.push("Nothing has happened yet.".to_owned());
        }
        self.tell_all(told);
    }

    fn tell_history(&mut self) {
        let lines = self.plain.history.newest(HISTORY_TOLD);
        let told: Vec<String> = lines
            .map(|(number, line)| format!("{number}. {line}"))
            .collect();
        self.tell_all(told);
    }

    /// Tells how a command is typed.
    fn tell_usage(&mut self, command: &Command) {
        if let Some(told) = self.command_help(command) {
            self.tell(told);
        }
    }

    /// A command with its words and its effect; `None` where it can't be given here.
    fn command_help(&self, command: &Command) -> Option<String> {
        let state = &self.plain.state;
        let keymap = &state.env.keymap;
        let can_be_given = match command.word {
            Word::PlaceOrder => keymap.has_key(Action::PlaceOrder),
            Word::Cancel => keymap.has_key(Action::AskCancel),
            Word::Carts => state.carts.may_switch,
            _ => true,
        };
        if !can_be_given {
            return None;
        }

        let palette = || palette::help_of(state, command.name);
        let (words, sentence) = command.help.or_else(palette)?;
        let typed = format!("{} {words}", command.name);
        Some(format!("{}: {sentence}.", typed.trim()))
    }

    /// Tells the commands: all of them, or those that begin with these words.
    fn help(&mut self, words: &str) {
        let meant = text::folded(words);
        let known = COMMANDS.iter().filter_map(|command| {
            let told = self.command_help(command)?;
            Some((command.name, told))
        });
        let known: Vec<(&str, String)> = known.collect();

        let is_whole = known.iter().any(|(name, _)| *name == meant);
        let is_meant = |name: &str| match is_whole {
            true => name == meant,
            false => name.starts_with(&meant),
        };
        let told = known.iter().filter(|(name, _)| is_meant(name));
        let told: Vec<String> = told.map(|(_, told)| told.clone()).collect();
        if told.is_empty() {
            let near = palette::nearest(&meant, known.iter().map(|(name, _)| *name));
            let near = near.map_or("help alone tells all".to_owned(), |near| {
                format!("type help {near} for the nearest one")
            });
            return self.tell(format!("There is no command “{words}”: {near}."));
        }

        self.tell_all(told);
        if meant.is_empty() {
            self.tell(
                "A product's name alone adds it: espresso 2. An empty line tells what is new."
                    .to_owned(),
            );
        }
    }

    /// Leaves, or asks first where changes wait.
    fn quit(&mut self) {
        self.act_here(Action::Quit);
    }

    /// Tells several things, as [`Updater::tell`] does each.
    pub(super) fn tell_all(&mut self, told: impl IntoIterator<Item = String>) {
        for words in told {
            self.tell(words);
        }
    }

    /// Tells a sentence that stands alone.
    fn tell_sentence(&mut self, words: &str) {
        self.tell(sentence(words));
    }
}
