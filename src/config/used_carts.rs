//! The carts that this person has used on this machine, in a file of their own.

use super::paths;
use crate::model::UserName;
use std::fs::File;
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
const FIRST_START_OVER: &str = "begun";

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

    /// Notes that a cart was used at this server, after all others.
    ///
    /// # Errors
    /// The system's.
    pub fn note(&self, cart: &UserName) -> io::Result<()> {
        self.put_first(Some(cart), cart)
    }

    /// Takes a cart of this server off the list.
    ///
    /// # Errors
    /// The system's.
    pub fn forget(&self, cart: &UserName) -> io::Result<()> {
        self.put_first(None, cart)
    }

    /// Takes a cart from its place in the file, and puts one before all others. Programs that do so
    /// at the same time wait for each other.
    fn put_first(&self, first: Option<&UserName>, taken: &UserName) -> io::Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        if let Some(folder) = file.parent() {
            paths::make_private(folder)?;
        }
        let lock = File::create(file.with_extension("lock"))?;
        lock.lock()?;

        let first = first.map(|cart| (self.server.clone(), cart.clone()));
        let others = self.all().into_iter();
        let others = others.filter(|(server, cart)| *server != self.server || cart != taken);
        let lines: String = first
            .into_iter()
            .chain(others)
            .take(MOST)
            .map(|(server, cart)| format!("{server}\t{cart}\n"))
            .collect();
        write_whole(file, &lines)
    }

    /// Returns whether nobody has seen a change of a cart on this machine yet.
    #[must_use]
    pub(crate) fn is_first_start(&self) -> bool {
        let over = self
            .file
            .as_ref()
            .map(|file| file.with_file_name(FIRST_START_OVER));
        over.is_some_and(|over| !over.exists())
    }

    /// Notes that the first start is over: somebody has seen a change of a cart.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn end_first_start(&self) -> io::Result<()> {
        match &self.file {
            Some(file) => write_whole(&file.with_file_name(FIRST_START_OVER), ""),
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
        at("b").end_first_start().unwrap();
        assert!(!at("a").is_first_start());
        at("a").note(&cart("home")).unwrap();
        at("b").note(&cart("till")).unwrap();
        at("a").note(&cart("office")).unwrap();
        assert_eq!(at("a").read(), [cart("office"), cart("home")]);
        at("a").note(&cart("home")).unwrap();
        assert_eq!(at("a").read(), [cart("home"), cart("office")]);
        at("a").forget(&cart("office")).unwrap();
        assert_eq!(at("a").read(), [cart("home")]);
        assert_eq!(at("b").read(), [cart("till")]);

        std::thread::scope(|scope| {
            for n in 0..8 {
                let (carts, cart) = (at("c"), cart(&format!("cart-{n}")));
                scope.spawn(move || carts.note(&cart).unwrap());
            }
        });
        assert_eq!(at("c").read().len(), 8);

        std::fs::write(&file, "nonsense\nb\t\u{1b}[2J\nb\ttill\n").unwrap();
        assert_eq!(at("b").read(), [cart("till")]);
    }
}
