//! `trolley doctor`

use super::error::CliError;
use super::output::{Output, pad};
use crate::config::Settings;
use crate::store::doctor::{self, Finding, Level};
use serde_json::{Value, json};
use std::io::{self, Write};
use std::process::ExitCode;

/// The widths of the columns before a finding.
const LEVEL_COLUMNS: usize = 9;
const ABOUT_COLUMNS: usize = 13;

/// Examines the shop's Redis. The status is 1 where something is bad.
pub(super) async fn run(settings: &Settings, output: &Output) -> Result<ExitCode, CliError> {
    let address = settings.server.open()?;
    let findings = doctor::examine(&address, &settings.user, &settings.policy).await;
    let healthy = findings.iter().all(|finding| finding.level != Level::Bad);

    output.result(
        || {
            let findings: Vec<Value> = findings.iter().map(finding_json).collect();
            json!({ "healthy": healthy, "findings": findings })
        },
        |out| {
            findings
                .iter()
                .try_for_each(|finding| print_finding(out, finding))
        },
    )?;
    Ok(if healthy {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn finding_json(finding: &Finding) -> Value {
    json!({
        "about": finding.about,
        "node": finding.node,
        "level": finding.level.name(),
        "found": finding.found,
        "advice": finding.advice,
    })
}

fn print_finding(out: &mut dyn Write, finding: &Finding) -> io::Result<()> {
    let level = pad(finding.level.name(), LEVEL_COLUMNS);
    let about = pad(finding.about, ABOUT_COLUMNS);
    let node = if finding.node.is_empty() {
        String::new()
    } else {
        format!("{}: ", finding.node)
    };
    writeln!(out, "{level}{about}{node}{}", finding.found)?;

    if finding.advice.is_empty() {
        return Ok(());
    }
    let indent = " ".repeat(LEVEL_COLUMNS + ABOUT_COLUMNS);
    writeln!(out, "{indent}→ {}", finding.advice)
}
