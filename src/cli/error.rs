//! The error of a command, with its exit status and its code for programs.

use crate::catalog_file::{FileError, RowError};
use crate::config::{ConfigError, ServerError};
use crate::engine::EngineError;
use crate::model::{Currency, OrderId, Product, Refusal, UserName, text};
#[cfg(feature = "serve")]
use crate::serve::ServeError;
use crate::store::{Address, Error, RepeatError, Trouble};
use crate::tui::ScreenError;
use std::io;
use std::path::Path;

/// The advice on an empty catalog.
pub(super) const HOW_TO_FILL: &str =
    "fill it from a file with trolley import FILE, or with the demo products: trolley demo";

/// A reason why a command failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    /// The shop's rules refuse it, or the connection fails.
    #[error(transparent)]
    Store(#[from] Error),
    /// The shop's rules refuse it, for this cart.
    #[error("{}", refusal.told_of(cart, currency))]
    Refused {
        /// The refusal.
        refusal: Refusal,
        /// The user whose cart it is.
        cart: UserName,
        /// The shop's currency.
        currency: Box<Currency>,
    },
    /// The product is not in the catalog, and nothing else is.
    #[error("{0}: the catalog is empty; {HOW_TO_FILL}")]
    EmptyCatalog(Refusal),
    /// A write was sent and no answer came. Repeating the command does no harm.
    #[error("it is not known whether {what} ({trouble}); repeating the command does no harm")]
    Unknown {
        /// The thing that may have been done, as in "order ... is accepted".
        what: String,
        /// The trouble that kept the answer away.
        trouble: Trouble,
    },
    /// A write was sent that must be done once, and no answer came.
    #[error("it is not known whether {what} ({trouble}); to see it: {look}")]
    UnknownStep {
        /// The thing that may have been done, as in "the stock ... is changed".
        what: String,
        /// The trouble that kept the answer away.
        trouble: Trouble,
        /// The command that shows it.
        look: String,
    },
    /// An order is placed, and its receipt can't be read.
    #[error(
        "the order {order} is placed, but its receipt can't be read ({error}); to see it: trolley order {order}"
    )]
    Unread {
        /// The order.
        order: OrderId,
        /// The error of the reading.
        error: Error,
    },
    /// A setting or an argument can't be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The private server does not work.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The screen can't be opened.
    #[error(transparent)]
    Screen(ScreenError),
    /// The shop can't be served.
    #[cfg(feature = "serve")]
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// A file of products can't be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A product's values are refused.
    #[error(transparent)]
    Row(#[from] RowError),
    /// A visitor may not do that.
    #[cfg(feature = "serve")]
    #[error("{0}")]
    Forbidden(String),
    /// One of several lines is refused, and nothing was added.
    #[error("nothing was added, because of line {line}: {error}")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// Why it is refused.
        error: Box<CliError>,
    },
    /// An argument is not `FIELD=VALUE`.
    #[error("“{0}” has no “=”: write each field as FIELD=VALUE, like price=2.40")]
    Field(String),
    /// A file that was named can't be opened, read or written.
    #[error("can't {access} “{file}”: {why}")]
    Path {
        /// The access that failed.
        access: FileAccess,
        /// The file; clean text.
        file: String,
        /// The system's reason.
        why: String,
    },
    /// The output can't be written.
    #[error("can't write the output: {0}")]
    Output(#[from] io::Error),
}

/// The way in which a command uses a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display)]
#[strum(serialize_all = "lowercase")]
pub(super) enum FileAccess {
    Read,
    Write,
}

impl From<Refusal> for CliError {
    fn from(refusal: Refusal) -> CliError {
        CliError::Store(refusal.into())
    }
}

impl From<Trouble> for CliError {
    fn from(trouble: Trouble) -> CliError {
        CliError::Store(trouble.into())
    }
}

impl From<ServerError> for CliError {
    fn from(error: ServerError) -> CliError {
        match error {
            ServerError::Engine(error) => CliError::Engine(error),
            ServerError::Address(trouble) => trouble.into(),
        }
    }
}

impl From<ScreenError> for CliError {
    fn from(error: ScreenError) -> CliError {
        match error {
            ScreenError::Server(error) => error.into(),
            ScreenError::Access(trouble) => trouble.into(),
            ScreenError::NoTerminal | ScreenError::NoTerminalForBoard | ScreenError::System(_) => {
                CliError::Screen(error)
            }
        }
    }
}

impl CliError {
    /// The error of a write that was repeated; `what` names what may have been done.
    pub(super) fn of_repeated(error: RepeatError, what: impl Into<String>) -> CliError {
        match error {
            RepeatError::Failed(error) => CliError::Store(error),
            RepeatError::Unknown(trouble) => CliError::Unknown {
                what: what.into(),
                trouble,
            },
        }
    }

    /// The error of a write that must be done once; `look` is the command that shows whether it was.
    pub(super) fn of_step(error: RepeatError, what: String, look: String) -> CliError {
        match error {
            RepeatError::Failed(error) => CliError::Store(error),
            RepeatError::Unknown(trouble) => CliError::UnknownStep {
                what,
                trouble,
                look,
            },
        }
    }

    /// Tells whether the shop refused it with an amount, which needs the shop's currency.
    pub(super) fn tells_amount(&self) -> bool {
        match self {
            CliError::Store(Error::Refused(refusal)) => refusal.tells_amount(),
            CliError::Line { error, .. } => error.tells_amount(),
            _ => false,
        }
    }

    /// This error, told with the cart that was meant, the shop's currency and the server that was
    /// asked.
    pub(super) fn of_shop(
        self,
        cart: &UserName,
        currency: Currency,
        server: Option<&Address>,
    ) -> CliError {
        match (self, server) {
            (CliError::Store(Error::Refused(refusal)), _) => CliError::Refused {
                refusal,
                cart: cart.clone(),
                currency: Box::new(currency),
            },
            (CliError::Store(Error::Trouble(trouble)), Some(server)) => trouble.at(server).into(),
            (CliError::Store(Error::Unknown { op, trouble }), Some(server)) => {
                let trouble = trouble.at(server);
                CliError::Store(Error::Unknown { op, trouble })
            }
            (CliError::Unknown { what, trouble }, Some(server)) => CliError::Unknown {
                what,
                trouble: trouble.at(server),
            },
            (
                CliError::UnknownStep {
                    what,
                    trouble,
                    look,
                },
                Some(server),
            ) => CliError::UnknownStep {
                what,
                trouble: trouble.at(server),
                look,
            },
            (CliError::Line { line, error }, server) => {
                let error = Box::new(error.of_shop(cart, currency, server));
                CliError::Line { line, error }
            }
            (other, _) => other,
        }
    }

    /// The error of one of several lines, of which nothing was added.
    pub(super) fn of_line_number(line: usize, error: impl Into<CliError>) -> CliError {
        CliError::Line {
            line,
            error: Box::new(error.into()),
        }
    }

    /// The error of a change of one line, with the product's name where the script knew but its id.
    pub(super) fn of_line(mut error: Error, product: &Product) -> CliError {
        if let Error::Refused(
            Refusal::NotInCart(named) | Refusal::DamagedLine(named) | Refusal::BeingOrdered(named),
        ) = &mut error
            && *named == product.id.to_string()
        {
            *named = product.name.to_string();
        }
        CliError::Store(error)
    }

    /// The failure to access this file.
    pub(super) fn path(access: FileAccess, file: &Path, error: &io::Error) -> CliError {
        // Of an error that names another path, only its cause is told.
        let cause = error.get_ref().and_then(|inner| inner.source());
        let why = cause.map_or_else(|| error.to_string(), ToString::to_string);
        // A file that is made for a moment is named behind the cause.
        let why = why.split(" at path \"").next().unwrap_or_default();

        CliError::Path {
            access,
            file: text::sanitize(file.as_os_str().as_encoded_bytes()),
            why: why.to_owned(),
        }
    }

    /// Tells whether the server was lost, or not reached.
    pub(super) fn is_lost_connection(&self) -> bool {
        let (CliError::Store(Error::Trouble(trouble) | Error::Unknown { trouble, .. })
        | CliError::Unknown { trouble, .. }
        | CliError::UnknownStep { trouble, .. }) = self
        else {
            return false;
        };
        matches!(
            trouble.bare(),
            Trouble::Lost | Trouble::Timeout | Trouble::ConnectionRefused | Trouble::NoSocket
        )
    }

    /// The failure to show an order that is placed.
    pub(super) fn unread(self, order: OrderId) -> CliError {
        match self {
            CliError::Store(error) => CliError::Unread { order, error },
            other => other,
        }
    }

    /// The exit status: 1 refused by the shop, 2 wrong usage, 3 no connection.
    pub(super) fn exit_code(&self) -> u8 {
        match self {
            // What no shop would take is wrong usage, even where a shop has said so.
            CliError::Store(Error::Refused(refusal)) | CliError::Refused { refusal, .. }
                if is_mistyped(refusal) =>
            {
                2
            }
            CliError::Row(RowError::Incomplete { .. } | RowError::WrongType(_)) => 1,

            CliError::Store(Error::Refused(_))
            | CliError::Refused { .. }
            | CliError::EmptyCatalog(_) => 1,
            CliError::Line { error, .. } => error.exit_code(),
            #[cfg(feature = "serve")]
            CliError::Forbidden(_) => 1,

            CliError::Store(Error::Trouble(Trouble::BadAddress(_)))
            | CliError::Config(_)
            | CliError::Screen(_)
            | CliError::Row(_)
            | CliError::File(_)
            | CliError::Path { .. }
            | CliError::Output(_)
            | CliError::Field(_) => 2,
            #[cfg(feature = "serve")]
            CliError::Serve(ServeError::NoSession(_) | ServeError::NoKey(_)) => 1,
            #[cfg(feature = "serve")]
            CliError::Serve(ServeError::NoServer(_)) => 3,
            #[cfg(feature = "serve")]
            CliError::Serve(_) => 2,

            CliError::Store(Error::Trouble(_) | Error::Unknown { .. })
            | CliError::Unknown { .. }
            | CliError::UnknownStep { .. }
            | CliError::Unread { .. }
            | CliError::Engine(_) => 3,
        }
    }

    /// A short name for programs; stable.
    pub(super) fn code(&self) -> &'static str {
        match self {
            CliError::Store(Error::Refused(refusal))
            | CliError::Refused { refusal, .. }
            | CliError::EmptyCatalog(refusal) => refusal.code(),
            CliError::Store(Error::Trouble(trouble)) => trouble.code(),
            CliError::Store(Error::Unknown { .. })
            | CliError::Unknown { .. }
            | CliError::UnknownStep { .. } => "unknown",
            CliError::Unread { .. } => "unread",

            CliError::Line { error, .. } => error.code(),
            CliError::Config(error) => config_code(error),
            CliError::Engine(_) => "engine",
            CliError::Screen(_) => "screen",
            #[cfg(feature = "serve")]
            CliError::Serve(_) => "serve",
            #[cfg(feature = "serve")]
            CliError::Forbidden(_) => "forbidden",
            CliError::Field(_) => "usage",
            CliError::Output(_) => "output",

            CliError::File(FileError::Read(_)) => "unreadable_file",
            CliError::File(
                FileError::Utf16
                | FileError::Packed(_)
                | FileError::Header(_)
                | FileError::Broken { .. },
            ) => "bad_file",
            CliError::Path { access, .. } => match access {
                FileAccess::Read => "unreadable_file",
                FileAccess::Write => "unwritable_file",
            },
            CliError::Row(_) => "bad_product",
        }
    }
}

fn config_code(error: &ConfigError) -> &'static str {
    match error {
        ConfigError::File { .. } | ConfigError::Value { .. } => "config",
        ConfigError::User(refusal) => refusal.code(),
        ConfigError::Variable { error, .. } | ConfigError::Placed { error, .. } => {
            config_code(error)
        }
    }
}

/// Tells whether a refusal is of words that no shop would take, whatever is in it.
fn is_mistyped(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::NotANumber(_)
            | Refusal::Zero
            | Refusal::Negative(_)
            | Refusal::Fraction(_)
            | Refusal::NameTooLong { .. }
            | Refusal::BadUser(_)
    )
}

/// The error of an argument that can't be used.
pub(super) fn usage_error(argument: &'static str, why: impl Into<String>) -> CliError {
    CliError::Config(ConfigError::Value {
        setting: argument,
        why: why.into(),
    })
}

/// The error of an argument that is not written as it must be; `expected` says how to write it.
pub(super) fn invalid_argument(argument: &'static str, typed: &str, expected: &str) -> CliError {
    let typed = text::sanitize_to(typed.as_bytes(), 40);
    usage_error(argument, format!("“{typed}” is not valid: {expected}"))
}
