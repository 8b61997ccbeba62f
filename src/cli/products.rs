//! `trolley products [SEARCH]`

use super::connect;
use super::error::{CliError, HOW_TO_FILL, usage_error};
use super::output::{Output, pad};
use super::product_output::product_json;
use crate::config::Settings;
use crate::model::product::WITHOUT_PRICE;
use crate::model::{Catalog, Currency, Item, Query, Searcher, Stock};
use crate::store;
use clap::Args;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::io::{self, Write};

#[derive(Debug, Args)]
pub(super) struct ProductsArgs {
    /// Only products that match these words, best matches first
    search: Option<String>,
}

/// The headings between the products of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Headings {
    None,
    Categories,
}

/// The most words of a search: each is looked for in every product.
const MOST_WORDS: usize = 32;

/// Lists the products.
pub(super) async fn run(
    args: &ProductsArgs,
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    let words = args.search.clone().unwrap_or_default();
    if words.split_whitespace().count() > MOST_WORDS {
        let why = format!("that is too much to search for: at most {MOST_WORDS} words");
        return Err(usage_error("SEARCH", why));
    }

    let mut connection = connect::open_shop(settings).await?;
    let (catalog, unread) = store::get_reachable_catalog(&mut connection).await?;
    if let Some(trouble) = &unread
        && output.is_json()
    {
        return Err(trouble.clone().into());
    }
    let shop = connect::shop_if_reachable(&mut connection, output).await?;
    let shop = shop.unwrap_or_default();

    let query = Query {
        words,
        ..Query::default()
    };
    let found = Searcher::default()
        .search(&catalog.view(), &query, &HashSet::new(), &mut ())
        .unwrap_or_default();

    output.result(
        || {
            let products: Vec<Value> = items(&catalog, &found).map(product_json).collect();
            json!({ "products": products })
        },
        |out| {
            if found.is_empty() {
                return Ok(());
            }
            // People read it by category; programs get one product a line.
            let headings = if args.search.is_none() && output.is_terminal() {
                Headings::Categories
            } else {
                Headings::None
            };
            let price = format!("price {}", shop.currency);
            let category = match headings {
                Headings::None => "category",
                Headings::Categories => "",
            };
            let titles = ["id", "name", price.trim_end(), "unit", "stock", category];
            print_row(out, titles)?;
            print_products(out, items(&catalog, &found), &shop.currency, headings)
        },
    )?;
    // The products that could be read are worth showing, but they are not all.
    if let Some(trouble) = unread {
        return Err(trouble.into());
    }
    if found.is_empty() && !output.is_json() {
        match &args.search {
            Some(words) if !catalog.is_empty() => {
                output.warn(&format!("no product matches “{words}”"));
            }
            Some(_) | None => output.warn(&format!("the catalog is empty; {HOW_TO_FILL}")),
        }
    }
    Ok(())
}

/// The products with these numbers.
fn items<'a>(catalog: &'a Catalog, numbers: &'a [u32]) -> impl Iterator<Item = Item<'a>> {
    numbers.iter().filter_map(|number| catalog.at(*number))
}

fn print_products<'a>(
    out: &mut dyn Write,
    products: impl Iterator<Item = Item<'a>>,
    currency: &Currency,
    headings: Headings,
) -> io::Result<()> {
    let mut category_above = None;
    for product in products {
        if headings == Headings::Categories && category_above != Some(product.category) {
            category_above = Some(product.category);
            writeln!(out, "{}", category_heading(product.category))?;
        }
        print_product(out, product, currency, headings)?;
    }
    Ok(())
}

fn category_heading(category: &str) -> &str {
    if category.is_empty() {
        "Other"
    } else {
        category
    }
}

fn print_product(
    out: &mut dyn Write,
    product: Item<'_>,
    currency: &Currency,
    headings: Headings,
) -> io::Result<()> {
    let id = product.product_id().to_string();
    let price = match product.price {
        Some(price) => currency.number(price),
        None => WITHOUT_PRICE.to_owned(),
    };
    let stock = match product.stock {
        Stock::Unlimited => String::new(),
        Stock::Left(left) => left.to_string(),
        Stock::Unreadable => "unreadable".to_owned(),
    };
    let category = match headings {
        Headings::None => product.category,
        Headings::Categories => "",
    };

    print_row(
        out,
        [&id, product.name, &price, product.unit, &stock, category],
    )
}

/// Prints one row: id, name, price, unit, stock, category.
fn print_row(out: &mut dyn Write, row: [&str; 6]) -> io::Result<()> {
    let [id, name, price, unit, stock, category] = row;
    let [id, name, unit] = [pad(id, 18), pad(name, 26), pad(unit, 10)];
    let line = format!("{id} {name} {price:>9} {unit} {stock:>5}  {category}");
    writeln!(out, "{}", line.trim_end())
}
