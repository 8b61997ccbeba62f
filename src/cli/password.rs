//! The password of a server that wants one, asked for at the terminal.

use super::error::CliError;
use crate::config::{Server, Settings};
use crate::store::{self, Address, Trouble};
use crate::tui::terminal::{signals, tty};
use std::fs::OpenOptions;
use std::io::{self, IsTerminal, Write};

/// The number of passwords that may be typed.
const PASSWORD_ATTEMPTS: usize = 3;

/// Asks for the password where the server wants one, none is given, and somebody is there.
pub(super) async fn ask_password(settings: &mut Settings) -> Result<(), CliError> {
    let Server::External(address) = &settings.server else {
        return Ok(());
    };
    if address.has_password() || !io::stdin().is_terminal() {
        return Ok(());
    }

    let mut address = Address::clone(address);
    for _ in 0..PASSWORD_ATTEMPTS {
        let question = match store::connect(&address).await {
            Err(Trouble::NeedsPassword | Trouble::WrongPassword) if address.has_password() => {
                format!("Wrong password. Password for {address}: ")
            }
            Err(Trouble::NeedsPassword | Trouble::WrongPassword) => {
                format!("Password for {address}: ")
            }
            // The command itself reports any other trouble.
            Ok(_) | Err(_) => break,
        };
        address = address.with_password(&prompt_password(&question)?);
    }

    settings.server = Server::External(Box::new(address));
    Ok(())
}

/// Asks for a password. What is typed is hidden before the question is printed, or what somebody
/// types at once would show. A signal that ends the program shows it again.
fn prompt_password(question: &str) -> io::Result<String> {
    signals::guard_line()?;
    tty::hide_typing()?;
    let typed = ask(question);
    tty::release_line();
    typed
}

/// Prints a question on the terminal, wherever stderr goes, and reads a line.
fn ask(question: &str) -> io::Result<String> {
    match OpenOptions::new().write(true).open("/dev/tty") {
        Ok(mut terminal) => terminal.write_all(question.as_bytes())?,
        Err(_) => io::stderr().write_all(question.as_bytes())?,
    }

    let mut line = String::new();
    if io::stdin().read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let line = line.strip_suffix('\n').unwrap_or(&line);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}
