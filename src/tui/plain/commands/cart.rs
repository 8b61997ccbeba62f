//! The cart, its people and rules, and the other carts.

use super::super::state::{Awaited, Choice, Then};
use super::super::tell::{self, sentence};
use super::Updater;
use crate::config::keymap::Action;
use crate::model::text;
use crate::tui::layout::palette::Run;
use crate::tui::layout::rules::{limit_sentences, rule_sentences};
use crate::tui::message::Message;
use crate::tui::state::people::Person;
use crate::tui::state::{AskedNote, Mode};

impl Updater<'_> {
    /// Tells the cart line by line, and its sum.
    pub(super) fn tell_cart(&mut self) {
        let state = &self.plain.state;
        if !state.cart.loaded {
            let told = tell::cart_sum(state);
            return self.tell(told);
        }
        let lines = tell::cart_lines(state);
        let mut told = vec![tell::cart_sum(state)];
        let note = state.cart.shown.notes.of_order();
        if !note.is_empty() {
            told.push(sentence(&format!("Note for the order: {note}")));
        }
        told.extend(limit_sentences(state).iter().map(|it| sentence(it)));
        told.extend(tell::cart_state(state));

        let lines = lines.into_iter();
        self.offer(lines.map(|(product, told)| (Choice::Line(product), told)));
        self.tell_all(told);
    }

    /// Tells everybody's part, or that of whom the words name.
    pub(super) fn tell_people(&mut self, words: &str) {
        let people = tell::people(&self.plain.state);
        if people.is_empty() {
            return self.tell("Nobody has anything in the cart yet.".to_owned());
        }
        if words.is_empty() {
            let entries = people.into_iter();
            self.offer(entries.map(|(person, told)| (Choice::Person(person), told)));
            let state = &self.plain.state;
            let mut told = vec![tell::together(state)];
            told.extend(tell::cart_state(state));
            self.tell_all(told);
            return;
        }

        let meant = text::folded(words);
        let is_meant = |person: &Person| match person {
            Person::Named(name) => text::folded(name) == meant,
            Person::Nobody => meant == "nobody",
        };
        let mut named = people.into_iter();
        match named.find(|(person, _)| is_meant(person)) {
            Some((person, _)) => self.tell_person(&person),
            None => self.tell(format!("Nobody here is called “{words}”.")),
        }
    }

    /// Tells what somebody asked for.
    pub(super) fn tell_person(&mut self, person: &Person) {
        let state = &self.plain.state;
        let people = tell::people(state).into_iter();
        let sums = people.filter(|(other, _)| other == person);
        let mut told: Vec<String> = sums.map(|(_, told)| told).collect();
        told.extend(tell::person_lines(state, person));
        self.tell_all(told);
    }

    /// Tells the rules of the cart.
    pub(super) fn tell_rules(&mut self) {
        let told = rule_sentences(&self.plain.state);
        for words in told {
            self.tell_sentence(&words);
        }
    }

    /// Notes something: behind `order` for the whole order, else on a line of the cart.
    pub(super) fn note(&mut self, words: &str) {
        let (first, rest) = words.split_once(' ').unwrap_or((words, ""));
        if first != "order" {
            return self.match_products(format!("note {words}"));
        }

        let text = rest.trim().to_owned();
        if matches!(self.plain.state.mode, Mode::Checkout(_)) {
            self.note_on_order(text);
        } else {
            // It belongs to the order that the cart would become: that is read first.
            self.check_out(Then::Note(text));
        }
    }

    /// Notes something on the order that the checkout shows; asks for it where that is nothing.
    pub(super) fn note_on_order(&mut self, text: String) {
        if text.is_empty() {
            return self.run(Run::AskNote(None));
        }

        let note = AskedNote {
            product: None,
            before: self.plain.state.own_note(None).to_owned(),
        };
        self.run(Run::Note(note, text));
    }

    /// Reads the carts that this person has used.
    pub(super) fn read_carts(&mut self) {
        if !self.plain.state.carts.may_switch {
            return self.tell("You may use only this cart.".to_owned());
        }
        self.send(Message::Act(Action::Carts));
        self.wait_for(Awaited::Carts);
    }
}
