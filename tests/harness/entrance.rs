//! The ways into the shop by which one and the same flow is gone through: the program in the person's
//! own terminal, and a real OpenSSH client in it.

use super::server::Server;
use super::ssh::Served;
use super::terminal::Terminal;

/// A way into the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entrance {
    Local,
    Ssh,
}

/// A shop that is entered in one way.
pub enum OpenShop {
    Local(Server),
    Served(Box<Served>),
}

/// The people who come by SSH: their names in the shop, and whose key they have.
const PEOPLE: [(&str, &str); 2] = [("ann", "ann"), ("bob", "ben")];

impl Entrance {
    /// Opens the shop on this server.
    pub fn open(self, server: Server) -> OpenShop {
        match self {
            Entrance::Local => OpenShop::Local(server),
            Entrance::Ssh => {
                let people = PEOPLE.map(|(name, key)| {
                    let options = format!(r#"cart="alice,office",name="{name}""#);
                    (key, options)
                });
                let people = people.each_ref().map(|(key, it)| (*key, it.as_str()));
                OpenShop::Served(Box::new(Served::at(server, &people, &[], &[])))
            }
        }
    }
}

impl OpenShop {
    pub fn server(&self) -> &Server {
        match self {
            OpenShop::Local(server) => server,
            OpenShop::Served(served) => &served.redis,
        }
    }

    /// Somebody's terminal with the shop.
    pub fn shop(&self, cart: &str, name: &str) -> Terminal {
        self.shop_sized(cart, name, 120, 36)
    }

    /// [`OpenShop::shop`] in a terminal of this size.
    pub fn shop_sized(&self, cart: &str, name: &str, columns: u16, rows: u16) -> Terminal {
        let served = match self {
            OpenShop::Local(server) => {
                return super::shop_sized(server, cart, name, columns, rows);
            }
            OpenShop::Served(served) => served,
        };
        let key = PEOPLE.iter().find(|(known, _)| *known == name).unwrap().1;
        let builder = served.builder(cart, Some(key), &["-o", "SendEnv=COLORTERM"]);
        let terminal = builder.size(columns, rows).open();
        terminal.wait("● live");
        terminal.gone("Reading the catalog");
        terminal
    }
}
