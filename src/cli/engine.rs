//! `trolley engine status|start|stop`

use super::error::CliError;
use super::output::{Output, shown_path};
use crate::config;
use crate::engine::{Engine, Status};
use clap::{Args, Subcommand};
use serde_json::json;
use std::process::ExitCode;

/// What is said where no private server runs.
const NOT_RUNNING: &str = "The private server is not running";

#[derive(Debug, Args)]
pub(super) struct EngineArgs {
    #[command(subcommand)]
    action: EngineAction,
}

#[derive(Debug, Subcommand)]
enum EngineAction {
    /// Show whether it runs, and where its data is
    Status,
    /// Start it
    Start,
    /// Stop it; all data is saved
    Stop,
}

/// Shows, starts or stops the private server. The status of one that does not run is 3.
pub(super) fn run(args: &EngineArgs, output: &Output) -> Result<ExitCode, CliError> {
    let engine = config::private_engine()?;
    if let Some(hint) = engine.hint() {
        output.warn(&hint);
    }

    match args.action {
        EngineAction::Status => show_status(&engine, output),
        EngineAction::Start => {
            engine.ensure()?;
            show_status(&engine, output)
        }
        EngineAction::Stop => stop(&engine, output),
    }
}

fn stop(engine: &Engine, output: &Output) -> Result<ExitCode, CliError> {
    let stopped = engine.stop()?;
    let sentence = if stopped {
        "The private server has stopped; its data is saved"
    } else {
        NOT_RUNNING
    };

    output.result(
        || json!({ "stopped": stopped }),
        |out| writeln!(out, "{sentence}"),
    )?;
    Ok(ExitCode::SUCCESS)
}

fn show_status(engine: &Engine, output: &Output) -> Result<ExitCode, CliError> {
    let status = engine.status()?;

    output.result(
        || {
            json!({
                "running": status.answers,
                "pid": status.pid,
                "socket": status.socket.to_string_lossy(),
                "data": status.data.to_string_lossy(),
            })
        },
        |out| {
            writeln!(out, "{}", status_sentence(&status))?;
            writeln!(out, "socket  {}", shown_path(&status.socket))?;
            writeln!(out, "data    {}", shown_path(&status.data))
        },
    )?;
    Ok(if status.answers {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(3)
    })
}

fn status_sentence(status: &Status) -> String {
    match (status.answers, status.pid) {
        (true, Some(pid)) => format!("The private server runs (process {pid})"),
        (true, None) => "The private server runs".to_owned(),
        (false, Some(pid)) => {
            format!("The private server runs (process {pid}) but does not answer")
        }
        (false, None) => NOT_RUNNING.to_owned(),
    }
}
