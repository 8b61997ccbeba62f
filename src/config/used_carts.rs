//! The carts that this person has used on this machine, in a file of their own.

use super::paths;
use crate::model::UserName;
use std::io;
use std::path::{Path, PathBuf};

/// The most carts that are remembered, over all servers.
const MOST: usize = 100;

/// The carts that were used at one server. Lines of the file are a server's address, without
/// secrets, a tab, and the name of a cart; the one used last stands first.
#[derive(Debug, Clone)]
pub struct UsedCarts {
    file: Option<PathBuf>,
    server: String,
}

/// The name of the file, beside that of the carts, which is there once somebody has seen a change
/// of a cart.
const BEGUN: &str = "begun";

impl UsedCarts {
    /// The carts used at the server of this address. Where the system names no home folder, none
    /// are remembered.
    #[must_use]
    pub fn at(server: &str) -> UsedCarts {
        UsedCarts {
            file: paths::state_folder().map(|folder| folder.join("carts")),
            server: server.to_owned(),
        }
    }

    /// The names of the carts, the one used last first. A file that can't be read has none: it
    /// only helps.
    #[must_use]
    pub fn read(&self) -> Vec<UserName> {
        self.all()
            .into_iter()
            .filter(|(server, _)| *server == self.server)
            .map(|(_, cart)| cart)
            .collect()
    }

    /// Notes that these carts, and no others, were used at this server.
    ///
    /// # Errors
    /// The system's.
    pub fn write(&self, carts: &[UserName]) -> io::Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };

        let here = carts.iter().map(|cart| (self.server.clone(), cart.clone()));
        let elsewhere = self.all().into_iter();
        let elsewhere = elsewhere.filter(|(server, _)| *server != self.server);
        let lines: String = here
            .chain(elsewhere)
            .take(MOST)
            .map(|(server, cart)| format!("{server}\t{cart}\n"))
            .collect();
        write_whole(file, &lines)
    }

    /// Returns whether nobody has seen a change of a cart on this machine yet.
    #[must_use]
    pub fn is_first_start(&self) -> bool {
        let begun = self.file.as_ref().map(|file| file.with_file_name(BEGUN));
        begun.is_some_and(|begun| !begun.exists())
    }

    /// Notes that somebody has seen a change of a cart.
    ///
    /// # Errors
    /// The system's.
    pub fn note_begun(&self) -> io::Result<()> {
        match &self.file {
            Some(file) => write_whole(&file.with_file_name(BEGUN), ""),
            None => Ok(()),
        }
    }

    fn all(&self) -> Vec<(String, UserName)> {
        let file = self.file.as_ref();
        let text = file.and_then(|file| std::fs::read_to_string(file).ok());
        text.unwrap_or_default()
            .lines()
            .filter_map(|line| line.split_once('\t'))
            .filter_map(|(server, cart)| Some((server.to_owned(), UserName::parse(cart).ok()?)))
            .take(MOST)
            .collect()
    }
}

/// Writes a file so that nobody ever reads half of it.
fn write_whole(file: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        paths::make_private(folder)?;
    }
    let new = file.with_extension("new");
    std::fs::write(&new, text)?;
    std::fs::rename(&new, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_has_its_carts() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state").join("carts");
        let at = |server: &str| UsedCarts {
            file: Some(file.clone()),
            server: server.to_owned(),
        };
        let cart = |name: &str| UserName::parse(name).unwrap();

        assert_eq!(at("a").read(), []);
        assert!(at("a").is_first_start());
        at("b").note_begun().unwrap();
        assert!(!at("a").is_first_start());
        at("a").write(&[cart("office"), cart("home")]).unwrap();
        at("b").write(&[cart("till")]).unwrap();
        at("a").write(&[cart("home")]).unwrap();
        assert_eq!(at("a").read(), [cart("home")]);
        assert_eq!(at("b").read(), [cart("till")]);

        std::fs::write(&file, "nonsense\nb\t\u{1b}[2J\nb\ttill\n").unwrap();
        assert_eq!(at("b").read(), [cart("till")]);
    }
}
