//! Plain mode: the shop in words. What is typed is a command, and what happens is a sentence, so
//! that a screen reader or a braille display tells all of it: there is no box, no colour, no escape
//! sequence, and nothing is written twice.
//!
//! The shop's own core works as it does behind the screen; this is another view of it. `words` and
//! `lines` read what is typed, `commands` do it, `tell` has the sentences, and `shell` is the loop
//! around them at a terminal.

mod commands;
pub(crate) mod lines;
pub(crate) mod shell;
mod state;
mod tell;
#[cfg(test)]
mod tests;
mod update;
mod words;
