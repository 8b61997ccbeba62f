//! `trolley doctor`

use super::CliError;
use crate::cli::output::{Output, pad};
use crate::config::Settings;
use crate::store::doctor;
use crate::store::doctor::{Finding, Level};
use serde_json::json;
use std::process::ExitCode;

/// Examines the shop's Redis. The status is 1 where something is bad.
pub async fn run(settings: &Settings, output: &Output) -> Result<ExitCode, CliError> {
    let address = settings.server.open()?;
    let findings = doctor::examine(&address, &settings.user, &settings.policy).await;
    let healthy = findings.iter().all(|finding| finding.level != Level::Bad);
    let program = || {
        let all = findings.iter().map(|finding| {
            json!({
                "about": finding.about,
                "node": finding.node,
                "level": finding.level.name(),
                "found": finding.found,
                "advice": finding.advice,
            })
        });
        json!({ "healthy": healthy, "findings": all.collect::<Vec<_>>() })
    };
    output.result(program, |out| {
        for finding in &findings {
            writeln!(out, "{}", line(finding))?;
            if !finding.advice.is_empty() {
                writeln!(out, "{}→ {}", " ".repeat(22), finding.advice)?;
            }
        }
        Ok(())
    })?;
    Ok(if healthy {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

fn line(finding: &Finding) -> String {
    let node = if finding.node.is_empty() {
        String::new()
    } else {
        format!("{}: ", finding.node)
    };
    format!(
        "{}{}{node}{}",
        pad(finding.level.name(), 9),
        pad(finding.about, 13),
        finding.found
    )
}
