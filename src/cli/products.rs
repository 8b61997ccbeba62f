//! `trolley products [SEARCH]`

use super::{CliError, connect, product};
use crate::cli::output::{Output, pad};
use crate::config::Settings;
use crate::model::{Query, Searcher};
use crate::store;
use clap::Args;
use serde_json::json;
use std::collections::HashSet;
use std::io::IsTerminal;

/// Which products.
#[derive(Debug, Args)]
pub struct Products {
    /// Only those that fit these words, best first
    search: Option<String>,
}

/// Lists the products.
pub async fn run(args: &Products, settings: &Settings, output: &Output) -> Result<(), CliError> {
    let mut connection = connect::open_shop(settings).await?;
    let catalog = store::get_catalog(&mut connection).await?;
    let query = Query {
        words: args.search.clone().unwrap_or_default(),
        ..Query::default()
    };
    let found = Searcher::default()
        .search(&catalog.view(), &query, &HashSet::new(), &mut ())
        .unwrap_or_default();
    let shown = || found.iter().filter_map(|number| catalog.at(*number));
    let program = || {
        let products = shown().map(product::json);
        json!({ "products": products.collect::<Vec<_>>() })
    };
    output.result(program, |out| {
        if !found.is_empty() {
            writeln!(
                out,
                "{} {} {:>10}  unit",
                pad("id", 22),
                pad("name", 30),
                "price"
            )?;
        }
        // People read it by category; programs get one product a line.
        let heads = args.search.is_none() && std::io::stdout().is_terminal();
        let mut above = None;
        for product in shown() {
            let category = product.category;
            if heads && above.replace(category) != Some(category) {
                writeln!(
                    out,
                    "{}",
                    if category.is_empty() {
                        "Other"
                    } else {
                        category
                    }
                )?;
            }
            let id = product.product_id().to_string();
            let price = product
                .price
                .map_or_else(|| "no price".to_owned(), |price| price.to_string());
            writeln!(
                out,
                "{} {} {price:>10}  {}",
                pad(&id, 22),
                pad(product.name, 30),
                product.unit
            )?;
        }
        Ok(())
    })?;
    if found.is_empty() && !output.is_json() {
        match &args.search {
            Some(words) => output.warn(&format!("no product fits “{words}”")),
            None => output.warn("there are no products yet"),
        }
    }
    Ok(())
}
