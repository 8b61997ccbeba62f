//! `trolley serve status|end`: asks a server that runs who is there, and ends visits.

use crate::cli::error::{CliError, usage_error};
use crate::cli::output::{Output, pad};
use crate::config::{control_socket, shown_path};
use crate::model::text;
use crate::serve::ServeError;
use crate::serve::connections::{Status, VisitStatus};
use crate::serve::control::{self, Answer, ControlSocket, Request};
use clap::{Args, Subcommand};
use jiff::SignedDuration;
use serde_json::json;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// A question to a server that runs.
#[derive(Debug, Subcommand)]
pub(super) enum ControlAction {
    /// List who is in the shop
    Status {
        #[command(flatten)]
        args: ControlArgs,
    },
    /// End somebody's visit
    End {
        /// The number of the session, as the status shows it
        session: u64,
        #[command(flatten)]
        args: ControlArgs,
    },
}

#[derive(Debug, Args)]
pub(super) struct ControlArgs {
    /// Use this control socket, by which the commands status and end reach the server [default:
    /// one in your state folder]
    #[arg(long, value_name = "PATH")]
    control: Option<PathBuf>,
}

impl ControlArgs {
    /// The path of the socket; `None` where the home folder is unknown.
    fn path(&self) -> Option<PathBuf> {
        self.control.clone().or_else(control_socket)
    }

    /// Begins to listen. A shop is also served without a control socket, unless one is named.
    pub(super) async fn listen(&self, output: &Output) -> Result<Option<ControlSocket>, CliError> {
        let Some(path) = self.path() else {
            return Ok(None);
        };
        match control::listen(&path).await {
            Ok(socket) => Ok(Some(socket)),
            Err(error) if self.control.is_none() => {
                output.warn(&error.to_string());
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Asks a server, and prints what it answers.
pub(super) async fn run(action: &ControlAction, output: &Output) -> Result<(), CliError> {
    match action {
        ControlAction::Status { args } => match ask(args, &Request::Status).await? {
            Answer::Status(status) => show(&status, output)?,
            Answer::Ended(_) | Answer::Address(_) | Answer::Invites(_) => {
                return Err(ServeError::Senseless.into());
            }
        },

        ControlAction::End { session, args } => {
            match ask(args, &Request::End(*session)).await? {
                Answer::Ended(true) => {}
                Answer::Ended(false) => return Err(ServeError::NoSession(*session).into()),
                Answer::Status(_) | Answer::Address(_) | Answer::Invites(_) => {
                    return Err(ServeError::Senseless.into());
                }
            }
            output.result(
                || json!({ "session": session, "ended": true }),
                |out| writeln!(out, "Session {session} ends"),
            )?;
        }
    }
    Ok(())
}

async fn ask(args: &ControlArgs, request: &Request) -> Result<Answer, CliError> {
    let path = args
        .path()
        .ok_or_else(|| usage_error("control", "your home folder is unknown: name a path"))?;
    let answer = control::ask(&path, request).await;
    answer.map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => ServeError::Senseless.into(),
        _ => ServeError::NoServer(shown_path(&path)).into(),
    })
}

/// Where the server of this user listens; `None` where none runs.
pub(super) async fn address() -> Option<SocketAddr> {
    match control::ask(&control_socket()?, &Request::Address).await {
        Ok(Answer::Address(address)) => Some(address),
        Ok(Answer::Status(_) | Answer::Ended(_) | Answer::Invites(_)) | Err(_) => None,
    }
}

/// Whether the server of this user lets in people with an invitation; `None` where none runs, or an
/// older one that does not tell.
pub(super) async fn takes_invitations() -> Option<bool> {
    match control::ask(&control_socket()?, &Request::Invites).await {
        Ok(Answer::Invites(takes)) => Some(takes),
        Ok(Answer::Status(_) | Answer::Ended(_) | Answer::Address(_)) | Err(_) => None,
    }
}

fn show(status: &Status, output: &Output) -> io::Result<()> {
    output.result(
        || json!(status),
        |out| {
            writeln!(out, "{}", summary(status))?;
            for visit in &status.sessions {
                writeln!(out, "{}", visit_row(visit))?;
            }
            Ok(())
        },
    )
}

/// One sentence about all.
fn summary(status: &Status) -> String {
    let visitors = text::count(status.sessions.len(), "visitor");
    let mut sentence = format!("{visitors} of at most {}", status.most);
    if status.logging_in > 0 {
        sentence.push_str(&format!(", {} logging in", status.logging_in));
    }
    if status.refused > 0 {
        sentence.push_str(&format!(", {} kept out by a limit so far", status.refused));
    }
    sentence
}

/// One visit: session, name, cart, role, screens, how long, address.
fn visit_row(visit: &VisitStatus) -> String {
    let [name, cart, role] = [&visit.name, &visit.cart, &visit.role].map(|text| text::shown(text));
    let screens = text::count(visit.screens, "screen");
    let minutes = i64::try_from(visit.seconds / 60).unwrap_or(i64::MAX / 60);
    let since = SignedDuration::from_mins(minutes);

    format!(
        "{:>6}  {} {} {} {} {:>8}  {}",
        visit.session,
        pad(&name, 24),
        pad(&cart, 16),
        pad(&role, 8),
        pad(&screens, 10),
        format!("{since:#}"),
        visit.address,
    )
}
