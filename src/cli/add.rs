//! `trolley add PRODUCT [QTY] ...`, and `trolley add -` for lines of the standard input

mod lines;

use super::args::OpIdArg;
use super::cart_output::{change_json, changes_json, note_repeat};
use super::error::{CliError, usage_error};
use super::output::Output;
use super::{complete, connect, lookup};
use crate::config::Settings;
use crate::model::{Change, ChangeKind, Edit, OpId, Product, Refusal, quantity};
use crate::store::{self, Applied, Connection, Error};
use clap::Args;
use clap_complete::ArgValueCompleter;
use lines::WantedLine;
use serde_json::json;
use std::io::{self, Write};

/// The word that stands for the standard input.
const INPUT: &str = "-";

#[derive(Debug, Args)]
pub(super) struct AddArgs {
    /// A product's id, bar code or name, then the number of pieces [default: 1]; several are added
    /// as one change, all or none. - reads JSON lines: {"product":"espresso","quantity":3}
    #[arg(
        required = true,
        allow_negative_numbers = true,
        value_name = "PRODUCT [QTY]",
        add = ArgValueCompleter::new(complete::product_ids)
    )]
    words: Vec<String>,
    #[command(flatten)]
    op: OpIdArg,
}

impl AddArgs {
    /// Tells whether the lines come from the standard input.
    pub(super) fn reads_input(&self) -> bool {
        matches!(&self.words[..], [word] if word == INPUT)
    }
}

/// Adds pieces of a product to the cart, or of several.
pub(super) async fn run(
    args: &AddArgs,
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    let op = args.op.op_id()?;
    if args.reads_input() {
        let lines = lines::from_input(output.input())?;
        return add_several(&lines, settings, op, output).await;
    }
    if args.words.iter().any(|word| word == INPUT) {
        let why = "- reads all lines from the standard input: leave out the other products";
        return Err(usage_error("PRODUCT", why.to_owned()));
    }

    let lines = lines::from_words(&args.words);
    match &lines[..] {
        [line] => add_one(line, settings, op, output).await,
        _ => match add_several(&lines, settings, op, output).await {
            // Of two words the second is a quantity, unless it is a product.
            Err(CliError::Line { line: 2, error })
                if args.words.len() == 2 && names_no_product(&error) =>
            {
                let parsed = quantity::parse(&args.words[1], 0);
                Err(parsed.err().map_or(*error, CliError::from))
            }
            result => result,
        },
    }
}

/// Tells whether an error says that a word is no product.
fn names_no_product(error: &CliError) -> bool {
    let refusal = match error {
        CliError::Store(Error::Refused(refusal)) | CliError::EmptyCatalog(refusal) => refusal,
        _ => return false,
    };
    matches!(
        refusal,
        Refusal::UnknownProduct(_) | Refusal::Misspelt { .. } | Refusal::Ambiguous { .. }
    )
}

async fn add_one(
    line: &WantedLine,
    settings: &Settings,
    op: OpId,
    output: &Output,
) -> Result<(), CliError> {
    let quantity = line.pieces(settings.policy.line_limit)?;

    let mut connection = connect::open_shop(settings).await?;
    let product = lookup::product(&mut connection, &line.product).await?;
    let applied = store::add_as(&mut connection, &settings.user, &product.id, quantity, op)
        .await
        .map_err(|error| CliError::of_line(error, &product))?;

    let line = applied.update.lines.first();
    let in_cart = line.map_or(0, |line| line.quantity);
    output.result(
        || {
            let mut document = change_json(settings, &applied, &product);
            document["warning"] = json!(product.stock.warning(in_cart));
            document
        },
        |out| {
            note_repeat(out, &applied)?;
            print_added(out, settings, &product, i64::from(quantity), in_cart)
        },
    )?;
    Ok(())
}

/// Prints that a product was added, and warns where there is too little of it: more may come in
/// until the checkout, which takes the stock.
fn print_added(
    out: &mut dyn Write,
    settings: &Settings,
    product: &Product,
    added: i64,
    in_cart: u32,
) -> io::Result<()> {
    writeln!(
        out,
        "Added {added} × {}: {in_cart} in the cart of {}",
        product.name, settings.user
    )?;
    match product.stock.warning(in_cart) {
        Some(warning) => writeln!(out, "But {warning}"),
        None => Ok(()),
    }
}

/// Adds several lines as one change.
async fn add_several(
    lines: &[WantedLine],
    settings: &Settings,
    op: OpId,
    output: &Output,
) -> Result<(), CliError> {
    let mut quantities = Vec::new();
    for line in lines {
        let pieces = line.pieces(settings.policy.line_limit);
        quantities.push(pieces.map_err(|refusal| CliError::of_line_number(line.number, refusal))?);
    }

    let mut connection = connect::open_shop(settings).await?;
    let products = find_products(lines, &mut connection).await?;
    let edits = products.iter().zip(quantities).map(|(product, quantity)| {
        let price = product.price;
        Edit::Add {
            product: product.id.clone(),
            quantity,
            price,
        }
    });
    let change = Change {
        op,
        kind: ChangeKind::Edit,
        edits: edits.collect(),
    };
    let applied = connection
        .apply_or_repeat(&settings.user, &change)
        .await
        .map_err(|error| of_change(error, lines, &products))?;

    output.result(
        || changes_json(settings, &applied, &products),
        |out| print_changes(out, settings, &applied, &products),
    )?;
    Ok(())
}

/// Finds the products of all lines.
async fn find_products(
    lines: &[WantedLine],
    connection: &mut Connection,
) -> Result<Vec<Product>, CliError> {
    let typed: Vec<&str> = lines.iter().map(|line| line.product.as_str()).collect();
    let found = lookup::whole_products(connection, &typed).await?;

    let mut products = Vec::new();
    for (line, found) in lines.iter().zip(found) {
        let priced = found.and_then(|product| match product.price {
            Some(_) => Ok(product),
            None => Err(Refusal::NoPrice(product.name.to_string()).into()),
        });
        products.push(priced.map_err(|error| CliError::of_line_number(line.number, error))?);
    }
    Ok(products)
}

/// The error of a change of several lines, with the number of the line that was refused.
fn of_change(error: Error, lines: &[WantedLine], products: &[Product]) -> CliError {
    match error {
        Error::Refused(refusal @ Refusal::OfLine { index, .. }) => {
            let name = |id: &str| {
                products
                    .get(index)
                    .map_or(id, |product| &product.name)
                    .to_owned()
            };
            let number = lines.get(index).map_or(index + 1, |line| line.number);
            CliError::of_line_number(number, refusal.with_name(name))
        }
        error => error.into(),
    }
}

fn print_changes(
    out: &mut dyn Write,
    settings: &Settings,
    applied: &Applied,
    products: &[Product],
) -> io::Result<()> {
    note_repeat(out, applied)?;
    for line in &applied.update.lines {
        if let Some(product) = products.iter().find(|product| product.id == line.product) {
            print_added(out, settings, product, line.delta, line.quantity)?;
        }
    }
    Ok(())
}
