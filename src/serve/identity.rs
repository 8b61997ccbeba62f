//! The identity of visitors: who may come, under which name, to which cart, and in which role.
//!
//! Only a key that the visitor has proven to own says who they are. The user name of the SSH login
//! picks among the carts that the key is granted, and grants nothing.

pub(crate) use crate::model::Role;
use crate::model::UserName;
use crate::model::name::{clean_name, sanitize_actor, typed_name};
use crate::model::text;
use russh::keys::ssh_key::Fingerprint;
use russh::keys::{HashAlg, PublicKey};
use std::collections::{HashMap, HashSet};
use std::str::FromStr;
use uuid::Uuid;

/// The longest part of a login's user name that becomes part of a name, in columns.
const LONGEST_CLAIM: usize = 24;
/// The characters of a key's fingerprint that tell two visitors of the same user name apart.
const MARK_LENGTH: usize = 8;

/// The cart that visitors get whose key is not in the keys file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Open {
    /// None: they are refused.
    Nobody,
    /// A cart of their own, the same each time.
    Own,
    /// The shop's one cart, which they share.
    Shared,
}

/// Something that a visitor is granted: a cart, under a name and in a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) cart: UserName,
    pub(super) name: String,
    pub(super) role: Role,
    /// Every other cart is granted, too.
    pub(super) every_cart: bool,
    /// Redis says so: the key came by an invitation.
    pub(super) is_bound: bool,
}

/// The rules by which visitors are let in.
#[derive(Debug)]
pub(super) struct Admission {
    pub(super) keys: KeyList,
    pub(super) open: Open,
    pub(super) guests: bool,
    /// The cart that visitors share where the shop is open in that way.
    pub(super) shared: UserName,
}

impl Admission {
    /// Returns the grant of a key's owner who logs in with this user name; `None` where they are
    /// refused.
    pub(super) fn grant(&self, key: &PublicKey, user: &str) -> Option<Grant> {
        let fingerprint = fingerprint(key);
        if let Some(entry) = self.keys.0.get(&fingerprint) {
            return entry.grant(fingerprint, user);
        }

        let cart = match self.open {
            Open::Nobody => return None,
            Open::Own => own_cart(fingerprint)?,
            Open::Shared => self.shared.clone(),
        };
        let mark: String = url_safe(fingerprint).chars().take(MARK_LENGTH).collect();
        Some(Grant {
            cart,
            name: marked_name(user, &mark),
            role: Role::Buyer,
            every_cart: false,
            is_bound: false,
        })
    }

    /// Returns the grant of a guest, whom no key lets in; `None` where guests are refused. Where
    /// the shop has no shared cart, they get one that nobody has had before.
    pub(super) fn guest_grant(&self, user: &str) -> Option<Grant> {
        if !self.guests {
            return None;
        }

        let random = Uuid::new_v4().simple().to_string();
        let cart = match self.open {
            Open::Shared => self.shared.clone(),
            Open::Nobody | Open::Own => UserName::parse(&format!("guest-{random}")).ok()?,
        };
        let mark = format!("guest {}", &random[..MARK_LENGTH]);
        Some(Grant {
            cart,
            name: marked_name(user, &mark),
            role: Role::Buyer,
            every_cart: false,
            is_bound: false,
        })
    }
}

/// A name that somebody claims, with a mark that they can't choose: only a mark is in parentheses.
fn marked_name(user: &str, mark: &str) -> String {
    let user = user.replace(['(', ')'], "");
    let claimed = text::truncate(&clean_name(user.as_bytes()), LONGEST_CLAIM);
    format!("{claimed} ({mark})").trim_start().to_owned()
}

/// The fingerprint of a key, as `ssh-keygen -l` prints it.
pub(super) fn fingerprint(key: &PublicKey) -> Fingerprint {
    key.fingerprint(HashAlg::Sha256)
}

/// The cart of a key that is granted no other. The usual form of a fingerprint has characters that
/// a cart's name can't have.
fn own_cart(fingerprint: Fingerprint) -> Option<UserName> {
    UserName::parse(&format!("key-{}", url_safe(fingerprint))).ok()
}

fn url_safe(fingerprint: Fingerprint) -> String {
    let shown = fingerprint.to_string();
    let hash = shown
        .split_once(':')
        .map_or(shown.as_str(), |(_, hash)| hash);
    hash.replace('+', "-").replace('/', "_")
}

/// The grants of a keys file: one for the owner of each key.
#[derive(Debug, Default)]
pub(super) struct KeyList(HashMap<Fingerprint, KeyEntry>);

/// The grant for the owner of one key.
#[derive(Debug)]
struct KeyEntry {
    /// The line of the file, from 1.
    line: usize,
    /// The carts; none where the owner has one of their own.
    carts: Vec<UserName>,
    /// Any other cart is granted, too.
    any_cart: bool,
    name: Option<String>,
    role: Role,
}

/// A line of a keys file that can't be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadLine {
    pub(super) line: usize,
    pub(super) why: String,
}

impl KeyList {
    /// Reads the text of a keys file: lines as in OpenSSH's `authorized_keys`, with options of our
    /// own.
    pub(super) fn parse(text: &[u8]) -> Result<KeyList, BadLine> {
        let mut keys = KeyList::default();
        // Some editors put it at the beginning of every file.
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);

        for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let line_number = index + 1;
            keys.add(line_number, line).map_err(|why| BadLine {
                line: line_number,
                why,
            })?;
        }
        Ok(keys)
    }

    /// The number of keys that it lists.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds the key of a line, where it has one.
    fn add(&mut self, line_number: usize, line: &[u8]) -> Result<(), String> {
        let line = std::str::from_utf8(line).map_err(|_| "it is not UTF-8 text".to_owned())?;
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }

        // A key without options begins with its type, which no option does.
        let (options, key) = match PublicKey::from_openssh(line) {
            Ok(key) => ("", key),
            Err(_) => {
                let (options, rest) = split_options(line)?;
                let key = PublicKey::from_openssh(rest.trim_start())
                    .map_err(|_| "there is no public key of OpenSSH on it".to_owned())?;
                (options, key)
            }
        };

        let entry = KeyEntry::new(line_number, options, &key)?;
        if let Some(first) = self.0.insert(fingerprint(&key), entry) {
            return Err(format!("the same key is on line {}", first.line));
        }
        Ok(())
    }
}

impl KeyEntry {
    fn new(line: usize, options: &str, key: &PublicKey) -> Result<KeyEntry, String> {
        let mut carts = Vec::new();
        let mut any_cart = false;
        let mut name = named_by(key.comment().as_ref());
        let mut role = Role::Buyer;

        let mut seen = HashSet::new();
        for option in split_outside_quotes(options, ',') {
            let (option, value) = read_option(option)?;
            if !seen.insert(option) {
                return Err(format!("it has the option “{option}” twice"));
            }
            match option {
                "cart" => (carts, any_cart) = read_carts(value)?,
                "name" => {
                    let given = typed_name(value.as_bytes());
                    name = Some(given.map_err(|error| error.to_string())?);
                }
                "role" => {
                    role = Role::from_str(value).map_err(|_| {
                        let unknown = text::sanitize_to(value.as_bytes(), 40);
                        format!("there is no role “{unknown}”: shopper, buyer, clerk")
                    })?;
                }
                _ => {
                    let unknown = text::sanitize_to(option.as_bytes(), 40);
                    return Err(format!(
                        "there is no option “{unknown}” here: cart, name, role"
                    ));
                }
            }
        }

        if any_cart && role != Role::Clerk {
            return Err("only a clerk may come to every cart".to_owned());
        }
        Ok(KeyEntry {
            line,
            any_cart: any_cart || (role == Role::Clerk && carts.is_empty()),
            carts,
            name,
            role,
        })
    }

    fn grant(&self, fingerprint: Fingerprint, user: &str) -> Option<Grant> {
        let named = UserName::parse(user).ok();
        let named = named.filter(|cart| self.any_cart || self.carts.contains(cart));
        let cart = named.or_else(|| self.carts.first().cloned());
        let cart = match cart {
            Some(cart) => cart,
            None => own_cart(fingerprint)?,
        };

        Some(Grant {
            name: self
                .name
                .clone()
                .unwrap_or_else(|| sanitize_actor(cart.as_str().as_bytes())),
            cart,
            role: self.role,
            every_cart: self.any_cart,
            is_bound: false,
        })
    }
}

/// A person's name; `None` where nothing of it shows.
fn named_by(raw: &[u8]) -> Option<String> {
    let name = sanitize_actor(raw);
    (!name.is_empty()).then_some(name)
}

/// The carts of an option, and whether a star stands for every other one.
fn read_carts(value: &str) -> Result<(Vec<UserName>, bool), String> {
    let mut carts = Vec::new();
    let mut any_cart = false;

    for cart in value.split(',') {
        match cart.trim() {
            "*" => any_cart = true,
            cart => carts.push(UserName::parse(cart).map_err(|refusal| refusal.to_string())?),
        }
    }
    Ok((carts, any_cart))
}

/// An option's name and its value, which stands in quotes.
fn read_option(option: &str) -> Result<(&str, &str), String> {
    let parts = option.split_once('=').and_then(|(name, value)| {
        let value = value.strip_prefix('"')?.strip_suffix('"')?;
        Some((name, value))
    });

    parts
        .filter(|(_, value)| !value.contains('"'))
        .ok_or_else(|| {
            let shown = text::sanitize_to(option.as_bytes(), 40);
            format!("write options as NAME=\"VALUE\", not “{shown}”")
        })
}

/// Splits a line at its first space outside quotes.
fn split_options(line: &str) -> Result<(&str, &str), String> {
    let options = split_outside_quotes(line, ' ').next().unwrap_or_default();
    let rest = line.get(options.len()..).unwrap_or_default();
    if options.matches('"').count() % 2 == 1 {
        return Err("a quotation mark has no partner".to_owned());
    }
    Ok((options, rest))
}

/// The parts of a text between separators that stand outside quotes; none of an empty text.
fn split_outside_quotes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
    .filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ANN: &str = "ssh-ed25519 \
        AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";
    const BEN: &str = "ssh-ed25519 \
        AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";

    fn key(line: &str) -> PublicKey {
        PublicKey::from_openssh(line).unwrap()
    }

    fn admission(file: &str, open: Open) -> Admission {
        Admission {
            keys: KeyList::parse(file.as_bytes()).unwrap(),
            open,
            guests: false,
            shared: UserName::parse("lunch").unwrap(),
        }
    }

    fn refused(file: &str) -> (usize, String) {
        let bad = KeyList::parse(file.as_bytes()).unwrap_err();
        (bad.line, bad.why)
    }

    #[test]
    fn a_listed_key_gets_what_its_line_says() {
        let file = format!(
            "# the office\n\n  cart=\"office,party\",name=\"Ann of it\",role=\"shopper\" {ANN} ann@laptop\r\n{BEN} ben at home\n"
        );
        let admission = admission(&file, Open::Nobody);

        for (user, cart) in [
            ("office", "office"),
            ("party", "party"),
            ("root", "office"),
            ("", "office"),
            ("key-x", "office"),
        ] {
            let grant = admission.grant(&key(ANN), user).unwrap();
            assert_eq!(grant.cart.as_str(), cart, "{user}");
            assert_eq!(grant.name, "Ann of it");
            assert_eq!(grant.role, Role::Shopper);
        }

        let ben = admission.grant(&key(BEN), "office").unwrap();
        assert_eq!(ben.name, "ben at home");
        assert_eq!(ben.role, Role::Buyer);
        assert_eq!(ben.cart.as_str().len(), 47);
        assert!(ben.cart.as_str().starts_with("key-"), "{}", ben.cart);
    }

    #[test]
    fn only_a_clerk_comes_to_every_cart() {
        let file = format!("role=\"clerk\",cart=\"till,*\" {ANN}\nrole=\"clerk\" {BEN}\n");
        let admission = admission(&file, Open::Nobody);
        let cart = |line, user| admission.grant(&key(line), user).unwrap().cart.to_string();
        assert_eq!(cart(ANN, "table-4"), "table-4");
        assert_eq!(cart(ANN, "no cart"), "till");
        assert_eq!(cart(BEN, "table-4"), "table-4");

        let (_, why) = refused(&format!("cart=\"*\" {ANN}"));
        assert!(why.contains("clerk"), "{why}");
    }

    #[test]
    fn an_unknown_key_gets_what_the_shop_is_open_for() {
        assert_eq!(admission("", Open::Nobody).grant(&key(ANN), "ann"), None);

        let own = admission("", Open::Own);
        let first = own.grant(&key(ANN), "ann").unwrap();
        let again = own.grant(&key(ANN), "office").unwrap();
        assert_eq!(first.cart, again.cart);
        assert_ne!(first.cart, own.grant(&key(BEN), "ann").unwrap().cart);

        let shared = admission("", Open::Shared);
        let ann = shared.grant(&key(ANN), "ann").unwrap();
        let impostor = shared.grant(&key(BEN), "ann").unwrap();
        assert_eq!(ann.cart.as_str(), "lunch");
        assert_eq!(impostor.cart.as_str(), "lunch");
        assert_ne!(ann.name, impostor.name);
        assert!(ann.name.starts_with("ann ("), "{}", ann.name);

        let (_, mark) = ann.name.split_once(' ').unwrap();
        let liar = shared.grant(&key(BEN), &ann.name).unwrap();
        assert!(!liar.name.contains(mark), "{}", liar.name);
    }

    #[test]
    fn guests_are_let_in_where_they_may_come() {
        let mut admission = admission("", Open::Nobody);
        assert_eq!(admission.guest_grant("ann"), None);
        admission.guests = true;
        let first = admission.guest_grant("ann").unwrap();
        let second = admission.guest_grant("ann").unwrap();
        assert_ne!(first.cart, second.cart);
        admission.open = Open::Shared;
        assert_eq!(admission.guest_grant("ann").unwrap().cart.as_str(), "lunch");
    }

    #[test]
    fn names_that_are_claimed_are_clean_and_short() {
        let mut admission = admission("", Open::Shared);
        admission.guests = true;
        for user in [
            "",
            "\x1b[31m",
            &"w".repeat(5000),
            "ann\u{202e}",
            "⠀",
            "日本語",
        ] {
            let name = admission.grant(&key(ANN), user).unwrap().name;
            assert!(
                text::width(&name) <= LONGEST_CLAIM + MARK_LENGTH + 3,
                "{name}"
            );
            assert_eq!(name, sanitize_actor(name.as_bytes()));
        }
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        for (line, what) in [
            (format!("cart=\"office {ANN}"), "partner"),
            (format!("cart=office {ANN}"), "cart=office"),
            (format!("cart=\"a b\" {ANN}"), "a b"),
            (format!("cart=\"\" {ANN}"), "name"),
            (format!("name=\"\" {ANN}"), "empty"),
            (format!("role=\"admin\" {ANN}"), "admin"),
            (format!("no-pty {ANN}"), "no-pty"),
            (format!("role=\"clerk\",role=\"shopper\" {ANN}"), "twice"),
            (format!("command=\"rm -rf /\" {ANN}"), "command"),
            ("ssh-ed25519 AAAA".to_owned(), "public key"),
            ("hello".to_owned(), "public key"),
            (format!("{ANN}\n{ANN}"), "line 2"),
        ] {
            let (number, why) = refused(&format!("\n{line}\n"));
            assert_eq!(number, if line.contains('\n') { 3 } else { 2 }, "{line}");
            assert!(why.contains(what), "{line}: {why}");
        }
        assert_eq!(KeyList::parse(b"#\n\xff\n").unwrap_err().line, 2);
    }

    #[test]
    fn a_mark_of_an_editor_is_no_part_of_the_file() {
        let keys = KeyList::parse(format!("\u{feff}{ANN}\n").as_bytes()).unwrap();
        assert_eq!(keys.len(), 1);
    }

    proptest! {
        #[test]
        fn no_file_breaks_the_reader(text in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = KeyList::parse(&text);
        }

        #[test]
        fn no_options_break_the_reader(options in "[a-z=\",* \\\\é]{0,40}", user in ".{0,40}") {
            let file = format!("{options} {ANN}\n");
            if let Ok(keys) = KeyList::parse(file.as_bytes()) {
                let entry = keys.0.values().next();
                let grant = entry.and_then(|entry| entry.grant(fingerprint(&key(ANN)), &user));
                prop_assert!(grant.is_some() || entry.is_none());
            }
        }
    }
}
