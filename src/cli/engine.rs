//! `trolley engine status|start|stop`

use super::CliError;
use crate::cli::output::Output;
use crate::config;
use crate::model::text;
use clap::{Args, Subcommand};
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;

/// What to do with the private server.
#[derive(Debug, Args)]
pub struct EngineArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show whether it runs, and where its data is
    Status,
    /// Start it
    Start,
    /// Stop it; all data is saved
    Stop,
}

/// Shows, starts or stops the private server. The status of one that does not run is 3.
pub fn run(args: &EngineArgs, output: &Output) -> Result<ExitCode, CliError> {
    let engine = config::private_engine()?;
    match args.action {
        Action::Start => {
            engine.ensure()?;
        }
        Action::Stop => {
            let ran = engine.stop()?;
            let word = if ran {
                "The private server has stopped; its data is saved"
            } else {
                "The private server is not running"
            };
            output.result(|| json!({ "stopped": ran }), |out| writeln!(out, "{word}"))?;
            return Ok(ExitCode::SUCCESS);
        }
        Action::Status => {}
    }
    let status = engine.status();
    let program = || {
        json!({
            "running": status.answers,
            "pid": status.pid,
            "socket": status.socket,
            "data": status.data,
        })
    };
    output.result(program, |out| {
        let word = match (status.answers, status.pid) {
            (true, Some(pid)) => format!("The private server runs (process {pid})"),
            (true, None) => "The private server runs".to_owned(),
            (false, Some(pid)) => {
                format!("The private server runs (process {pid}) but does not answer")
            }
            (false, None) => "The private server is not running".to_owned(),
        };
        let path = |path: &Path| text::sanitize(path.as_os_str().as_encoded_bytes());
        writeln!(
            out,
            "{word}\nsocket  {}\ndata    {}",
            path(&status.socket),
            path(&status.data)
        )
    })?;
    Ok(if status.answers {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(3)
    })
}
