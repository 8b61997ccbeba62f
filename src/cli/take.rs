//! `trolley take CART`: brings the lines of another cart into this one, as they are

use super::args::OpIdArg;
use super::cart_output::{changes_json, note_repeat_in};
use super::connect;
use super::error::{CliError, invalid_argument};
use super::output::Output;
use crate::config::Settings;
use crate::model::{Change, ChangeKind, OpId, ProductId, Refusal, UserName, text};
use crate::store;
use clap::Args;
use serde_json::json;

#[derive(Debug, Args)]
pub(super) struct TakeArgs {
    /// The cart whose lines are brought here; it stays as it is
    #[arg(value_name = "CART")]
    from: String,
    #[command(flatten)]
    op: OpIdArg,
}

/// Brings the lines of another cart into this one, as one change.
pub(super) async fn run(
    args: &TakeArgs,
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    let op = args.op.op_id()?;
    let from = UserName::parse(&args.from)?;
    if from == settings.user {
        let why = "that is this cart: its lines are here already";
        return Err(invalid_argument("cart", from.as_str(), why));
    }

    // The other cart may have been cleared since the first time.
    let mut connection = connect::open_shop(settings).await?;
    let (_, is_repeat) = store::get_cart_with(&mut connection, &settings.user, &op).await?;
    if is_repeat {
        return show_repeat(&from, &op, settings, output);
    }

    let cart = store::get_cart_items(&mut connection, &from).await?;
    if cart.ordering.is_some() {
        return Err(Refusal::BeingOrdered(from.to_string()).into());
    }
    let lines = cart.lines.iter();
    let ids: Vec<ProductId> = lines.map(|line| line.product.clone()).collect();
    let read = store::get_products(&mut connection, &ids).await?;
    let products: Vec<_> = read.into_iter().filter_map(|(_, found)| found).collect();

    let edits = cart.edits_to_take(&settings.policy.by, |id| {
        products.iter().any(|product| product.id == *id)
    });
    let staying = cart.lines.len() + cart.hidden - edits.len();
    if edits.is_empty() {
        return Err(Refusal::NothingToTake(from.to_string()).into());
    }

    let change = Change {
        op,
        kind: ChangeKind::Edit,
        edits,
    };
    let applied = connection.apply_or_repeat(&settings.user, &change).await;
    let applied = applied.map_err(|error| match error {
        store::Error::Refused(refusal) => CliError::from(refusal.with_name(|id| {
            let mut products = products.iter();
            let product = products.find(|product| product.id.to_string() == id);
            product.map_or(id, |product| &product.name).to_owned()
        })),
        error => error.into(),
    })?;

    output.result(
        || {
            let mut document = changes_json(settings, &applied, &products);
            document["from"] = json!(from.as_str());
            document["staying"] = json!(staying);
            document
        },
        |out| {
            let lines = text::count(applied.update.lines.len(), "line");
            let cart = &settings.user;
            writeln!(
                out,
                "Took {lines} from {from} into the cart of {cart}, as they were"
            )?;
            match staying {
                0 => Ok(()),
                staying => writeln!(out, "{} can't be taken", text::count(staying, "line")),
            }
        },
    )?;
    Ok(())
}

/// Says that the lines were brought before, under the same op id.
fn show_repeat(
    from: &UserName,
    op: &OpId,
    settings: &Settings,
    output: &Output,
) -> Result<(), CliError> {
    let cart = &settings.user;
    output.result(
        || {
            json!({
                "user": cart.as_str(),
                "op_id": op.as_str(),
                "repeated": true,
                "from": from.as_str(),
            })
        },
        |out| note_repeat_in(out, cart),
    )?;
    Ok(())
}
