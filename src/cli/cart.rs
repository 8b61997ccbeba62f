//! `trolley cart`

use super::cart_output::{cart_row, note_row, print_from, print_notes, print_order_note};
use super::error::CliError;
use super::order_output::{from_json, notes_json, people_json};
use super::output::{Output, cut_name};
use super::{checkout, connect};
use crate::config::Settings;
use crate::model::product::only_left;
use crate::model::shares::are_shared;
use crate::model::time::Clock;
use crate::model::total::{self, LineStatus, ProductLookup, Totals};
use crate::model::{
    Cart, CartLine, Catalog, Money, People, Product, ProductId, Refusal, UserName, text,
};
use crate::store::{self, Error, Shop, order};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::io::{self, Write};

/// Shows the cart.
pub(super) async fn run(settings: &Settings, output: &Output) -> Result<(), CliError> {
    let mut connection = connect::open_shop(settings).await?;
    // An order that a dead terminal left here is finished by whoever comes by.
    match checkout::thaw_unknown(&mut connection, &settings.user, output).await {
        // The server that has the orders is away, which the next step says.
        Err(CliError::Store(Error::Trouble(trouble))) if trouble.is_elsewhere() => {}
        // So does the order that waits for its record.
        Err(CliError::Store(Error::Refused(Refusal::LostRecord(_)))) => {}
        thawed => thawed?,
    }
    let resumed = order::resume(&mut connection, &settings.user).await;

    let cart = store::get_cart_items(&mut connection, &settings.user).await?;
    if let Err(error) = resumed {
        output.warn(&format!(
            "the order of this cart can't be finished here: {error}"
        ));
    }
    let ids: Vec<ProductId> = cart.lines.iter().map(|line| line.product.clone()).collect();
    let (read, unread) = store::get_reachable_products(&mut connection, &ids).await?;
    let shop = connect::shop_if_reachable(&mut connection, output).await?;

    let view = CartView::new(settings, cart, read, shop);
    output.result(|| view.json(), |out| view.print(out))?;

    // The lines that could be read are worth showing, but the sum is not the cart's.
    match unread {
        Some(trouble) => Err(trouble.into()),
        None => Ok(()),
    }
}

/// A cart with its products and sums.
struct CartView<'a> {
    user: &'a UserName,
    /// The name of whoever looks at it.
    me: &'a str,
    cart: Cart,
    products: Catalog,
    /// The products that are known not to exist.
    gone: HashSet<ProductId>,
    /// The shop's settings; the usual ones where these could not be read.
    shop: Shop,
    knows_shop: bool,
    clock: Clock,
    totals: Totals,
    people: People,
}

/// A line of the cart with its status and costs.
struct LineView {
    status: LineStatus,
    /// The amount, where the line counts.
    total: Option<Money>,
    /// The pieces left in the shop, where these are fewer than the line asks for.
    left: Option<u64>,
}

impl<'a> CartView<'a> {
    fn new(
        settings: &'a Settings,
        cart: Cart,
        read: Vec<(ProductId, Option<Product>)>,
        shop: Option<Shop>,
    ) -> CartView<'a> {
        let mut products = Vec::new();
        let mut gone = HashSet::new();
        for (id, product) in read {
            match product {
                Some(product) => products.push(product),
                None => {
                    gone.insert(id);
                }
            }
        }

        let knows_shop = shop.is_some();
        let shop = shop.unwrap_or_default();
        let products = Catalog::new(products);
        let lines = cart.lines.iter();
        let lines = lines.map(|line| (line, lookup(&products, &gone, &line.product)));
        let totals = total::totals(lines.clone());
        let people = People::of_cart(lines);

        CartView {
            user: &settings.user,
            me: &settings.policy.by,
            cart,
            products,
            gone,
            clock: shop.clock(&settings.personal_clock()),
            knows_shop,
            shop,
            totals,
            people,
        }
    }

    fn line(&self, line: &CartLine) -> LineView {
        let product = lookup(&self.products, &self.gone, &line.product);
        let (status, total) = total::line(line, product);

        LineView {
            status,
            total,
            left: total::short(line, product),
        }
    }

    /// The cart for programs.
    fn json(&self) -> Value {
        let cart = &self.cart;
        let lines: Vec<Value> = cart.lines.iter().map(|line| self.line_json(line)).collect();

        json!({
            "user": self.user.as_str(),
            "version": cart.version,
            "lines": lines,
            "people": people_json(&self.people),
            "items": self.totals.items,
            "subtotal": self.totals.subtotal.to_string(),
            "currency": self.knows_shop.then_some(&self.shop.currency),
            "expires_in_ms": cart.deadline.left_when_told(),
            "locked": cart.rules.locked,
            "closes_at": cart.rules.closes,
            "budget": cart.rules.budget.map(|amount| amount.to_string()),
            "ready": cart.ready,
            "note": cart.notes.of_order(),
            "ordering": cart.ordering.as_ref().map(|order| order.id.as_str()),
        })
    }

    fn line_json(&self, line: &CartLine) -> Value {
        let view = self.line(line);
        let product = self.products.get(&line.product);
        let price = product.and_then(|product| product.price);
        // A line that counts can ask for more than there is.
        let status = match (view.status, view.left) {
            (LineStatus::Good, Some(_)) => "short",
            (status, _) => status.code(),
        };

        json!({
            "product": line.product.to_string(),
            "name": product.map(|product| product.name),
            "quantity": line.quantity.whole(),
            "price": price.map(|price| price.to_string()),
            "total": view.total.map(|total| total.to_string()),
            "status": status,
            "short": view.left.is_some(),
            "left": view.left,
            "by": line.added.as_ref().map(|added| &added.by),
            "from": from_json(&line.shares, line.quantity.whole()),
            "notes": notes_json(self.cart.notes.of(&line.product)),
        })
    }

    /// Prints the cart for people.
    fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.cart.lines.is_empty() {
            writeln!(out, "The cart of {} is empty", self.user)?;
            return self.print_rules(out);
        }

        let lines = self.cart.lines.iter();
        let shares = lines.map(|line| (&line.shares[..], line.quantity.whole()));
        let is_shared = are_shared(shares, self.me);
        for line in &self.cart.lines {
            let view = self.line(line);
            let name = match self.products.get(&line.product) {
                Some(product) => cut_name(product.name),
                None => line.product.to_string(),
            };
            let amount = match view.total {
                Some(total) => self.shop.currency.number(total),
                None if view.status == LineStatus::Reading => "can't be read".to_owned(),
                None => view.status.word().to_owned(),
            };
            let left = view.left.map(only_left).unwrap_or_default();
            let row = format!("{}  {left}", cart_row(&line.quantity, &name, &amount));
            writeln!(out, "{}", row.trim_end())?;
            if is_shared {
                print_from(out, &line.portions())?;
            }
            print_notes(out, self.cart.notes.of(&line.product))?;
        }

        let items = text::count(self.totals.items, "item");
        let subtotal = self.totals.subtotal.in_currency(&self.shop.currency);
        writeln!(out, "{}", cart_row("", &items, &subtotal))?;
        print_order_note(out, self.cart.notes.of_order())?;
        self.print_rules(out)
    }

    /// Prints what keeps people from changing the cart, now or soon, and who is ready.
    fn print_rules(&self, out: &mut dyn Write) -> io::Result<()> {
        let rules = &self.cart.rules;
        if rules.locked {
            writeln!(out, "{}", note_row("locked: nobody can change it"))?;
        }

        if let Some(closes) = rules.closes {
            let now = self.cart.deadline.told_at;
            let verb = if closes <= now {
                "closed since"
            } else {
                "closes"
            };
            let closes = self.clock.day_and_minute(closes, now);
            writeln!(out, "{}", note_row(&format!("{verb} {closes}")))?;
        }

        if !self.cart.ready.is_empty() {
            let names = self.cart.ready.join(", ");
            writeln!(out, "{}", note_row(&format!("ready: {names}")))?;
        }

        Ok(())
    }
}

fn lookup<'a>(
    products: &'a Catalog,
    gone: &HashSet<ProductId>,
    id: &ProductId,
) -> ProductLookup<'a> {
    match products.get(id) {
        Some(product) => ProductLookup::Product(product),
        None if gone.contains(id) => ProductLookup::Gone,
        None => ProductLookup::Unread,
    }
}
