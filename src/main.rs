//! The program `trolley`: reads the command line, runs one command, and exits with its status.

use std::process::ExitCode;

fn main() -> ExitCode {
    trolley::cli::run()
}
