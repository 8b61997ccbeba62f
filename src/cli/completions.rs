//! `trolley completions SHELL`: prints the script that makes a shell ask us for candidates.

use super::complete::Shell;
use super::error::CliError;
use super::streams;
use clap::Args;
use std::io::{self, Write};

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

pub(super) fn run(args: &CompletionsArgs) -> Result<(), CliError> {
    streams::stdout().write_all(script(args.shell, &program()?).as_bytes())?;
    Ok(())
}

/// The program that the shell calls: the one that is running, whatever folder the shell is in
/// later.
fn program() -> io::Result<String> {
    match std::env::args().next() {
        Some(path) if path.contains('/') => {
            let path = std::path::absolute(path)?;
            Ok(path.to_string_lossy().into_owned())
        }
        Some(name) => Ok(name),
        None => Ok("trolley".to_owned()),
    }
}

/// A shell's script, made from its template.
fn script(shell: Shell, program: &str) -> String {
    let template = match shell {
        Shell::Bash => include_str!("../../assets/completions/trolley.bash"),
        Shell::Zsh => include_str!("../../assets/completions/trolley.zsh"),
        Shell::Fish => include_str!("../../assets/completions/trolley.fish"),
    };
    let program = match shell {
        Shell::Bash | Shell::Zsh => program.replace('\'', r"'\''"),
        Shell::Fish => program.replace('\\', r"\\").replace('\'', r"\'"),
    };
    template.replace("{program}", &format!("'{program}'"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;

    /// Each shell: how it starts without anybody's settings, and how it calls the program of the
    /// script that was read before.
    const SHELLS: [(Shell, &str, &[&str], &str); 3] = [
        (
            Shell::Bash,
            "bash",
            &["--norc", "-c"],
            "COMP_WORDS=(trolley a:b c); COMP_CWORD=2; _trolley trolley c; printf '%s\\n' \"${COMPREPLY[@]}\"",
        ),
        (
            Shell::Zsh,
            "zsh",
            &["-f", "-c"],
            "_describe() { print -l ${(P)3} }; words=(trolley a:b c); CURRENT=3; _trolley",
        ),
        (
            Shell::Fish,
            "fish",
            &["--no-config", "-c"],
            "complete --do-complete 'trolley a:b c'",
        ),
    ];

    #[test]
    fn each_shell_that_is_installed_calls_the_program() {
        let folder = tempfile::tempdir().unwrap();
        // A path that means something to a shell.
        let program = folder.path().join("it's $HOME \\ here");
        std::fs::write(
            &program,
            "#!/bin/sh\necho \"$TROLLEY_COMPLETE:$*\" | tr ' :' '__'\n",
        )
        .unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();

        for (shell, name, args, call) in SHELLS {
            let path = folder.path().join(name);
            std::fs::write(&path, script(shell, program.to_str().unwrap())).unwrap();
            let call = format!("compdef() {{ true; }}; source {}; {call}", path.display());
            let call = match shell {
                Shell::Bash | Shell::Zsh => call,
                Shell::Fish => call.replace("compdef() { true; }; ", ""),
            };
            let Ok(output) = Command::new(name).args(args).arg(&call).output() else {
                println!("skipped: {name} is not installed");
                continue;
            };

            let said = String::from_utf8_lossy(&output.stdout);
            assert_eq!(
                said.trim(),
                format!("{name}_--_trolley_a_b_c"),
                "{output:?}"
            );
            assert!(output.stderr.is_empty(), "{output:?}");
        }
    }
}
