//! The visit of somebody who comes by SSH.

use super::terminal::{Environment, Terminal};
use crate::config::alerts::{AlertWays, Alerts};
use crate::config::colours::OwnColours;
use crate::config::display::{AsciiMode, Display};
use crate::config::keymap::{Action, Keymap};
use crate::config::theme::Theme;
use crate::model::time::PersonalClock;
use crate::serve::ServedShop;
use crate::serve::connections::Connection;
use crate::serve::identity::{Grant, Role};
use crate::store::Policy;
use crate::tui::visit::Visit;

/// The keys of visitors, without the actions that they can't or may not do. All visitors of a role
/// share theirs.
pub(in crate::serve) struct VisitorKeymaps {
    shopper: Keymap,
    buyer: Keymap,
}

impl VisitorKeymaps {
    /// The keys in force, for visitors.
    pub(in crate::serve) fn new(keymap: &Keymap) -> VisitorKeymaps {
        let here = [Action::Suspend, Action::LoadDemo, Action::Carts];
        let buyer = keymap.clone().without(&here);
        let ordering = [Action::PlaceOrder, Action::AskCancel, Action::CancelOrder];
        VisitorKeymaps {
            shopper: buyer.clone().without(&ordering),
            buyer,
        }
    }

    fn of(&self, role: Role) -> Keymap {
        match role {
            Role::Shopper => self.shopper.clone(),
            Role::Buyer | Role::Clerk => self.buyer.clone(),
        }
    }
}

/// Describes the visit to the screen: the cart and the rights of the visitor, and how their
/// terminal shows the shop.
pub(super) fn visit(
    shop: &ServedShop,
    connection: &Connection,
    grant: Grant,
    terminal: Terminal,
    environment: &Environment,
) -> Visit {
    let ascii = AsciiMode::named(&environment.get("TROLLEY_ASCII")).unwrap_or(AsciiMode::Auto);
    let display = Display::told_by(ascii, |name| variable(&terminal, environment, name));
    let known = Theme::named(&environment.get("TROLLEY_THEME"))
        .or_else(|| display.plain_theme(|name| variable(&terminal, environment, name)));
    let (theme, late_colours) = match known {
        Some(known) => (display.theme(known), None),
        None => {
            let colours = OwnColours::default();
            let suiting = colours.on_background(display, false);
            (suiting.theme, Some(colours))
        }
    };
    let alerts = Alerts::named(&environment.get("TROLLEY_ALERTS")).unwrap_or(shop.settings.alerts);

    Visit {
        user: grant.cart,
        policy: Policy {
            by: grant.name,
            ..shop.settings.policy.clone()
        },
        keymap: shop.keymaps.of(grant.role),
        display,
        alerts: AlertWays::told_by(alerts, |name| variable(&terminal, environment, name)),
        theme,
        late_colours,
        mouse: shop.settings.mouse,
        clock: PersonalClock {
            hours: environment.hours(),
            ..shop.settings.personal_clock()
        },
        size: terminal.size,
        warning: None,
        // A visitor has the cart that they are granted.
        used_carts: None,
        changes: Some(connection.visitor_limits().changes.clone()),
    }
}

/// A variable as a program on the visitor's terminal would find it.
fn variable(terminal: &Terminal, environment: &Environment, name: &str) -> String {
    match name {
        "TERM" => terminal.term.clone(),
        name => environment.get(name),
    }
}
