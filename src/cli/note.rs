//! `trolley note PRODUCT TEXT`

use super::args::OpIdArg;
use super::cart_output::note_repeat;
use super::error::CliError;
use super::output::Output;
use super::{complete, connect, lookup};
use crate::config::Settings;
use crate::model::notes::typed_note;
use crate::store;
use clap::Args;
use clap_complete::ArgValueCompleter;
use serde_json::json;

#[derive(Debug, Args)]
pub(super) struct NoteArgs {
    /// Note it for the whole order, not on a product
    #[arg(long)]
    order: bool,
    /// The product's id, bar code or name
    #[arg(
        required_unless_present = "order",
        add = ArgValueCompleter::new(complete::product_ids_in_cart)
    )]
    product: Option<String>,
    /// The note; without it, the note is removed
    text: Vec<String>,
    #[command(flatten)]
    op: OpIdArg,
}

/// Notes something on a product in the cart, or for the whole order.
pub(super) async fn run(
    args: &NoteArgs,
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    let op = args.op.op_id()?;
    let words = args.text.iter().map(String::as_str);
    // Without a product the first word is one of the note.
    let (product, text) = match args.product.as_deref() {
        Some(product) if !args.order => (Some(product), words.collect::<Vec<_>>()),
        first => (None, first.into_iter().chain(words).collect()),
    };
    let text = typed_note(&text.join(" "))?;

    let mut connection = connect::open_shop(settings).await?;
    let product = match product {
        Some(typed) => Some(lookup::product_in_cart(&mut connection, settings, typed).await?),
        None => None,
    };
    let id = product.as_ref().map(|product| &product.id);
    let noting = store::note_as(&mut connection, &settings.user, id, &text, op).await;
    let applied = match (noting, &product) {
        (Err(error), Some(product)) => return Err(CliError::of_line(error, product)),
        (noting, _) => noting?,
    };

    let update = &applied.update;
    let name = product.as_ref().map(|product| product.name.to_string());
    output.result(
        || {
            json!({
                "user": settings.user.as_str(),
                "op_id": update.op.as_str(),
                "version": update.version,
                "repeated": applied.is_repeat,
                "product": id.map(ToString::to_string),
                "name": name,
                "note": text,
            })
        },
        |out| {
            note_repeat(out, &applied)?;
            let subject = name.as_deref().unwrap_or("the whole order");
            match text.as_str() {
                "" => writeln!(out, "There is no note of yours on {subject} now"),
                text => writeln!(out, "Noted on {subject}: {text}"),
            }
        },
    )?;
    Ok(())
}
