//! The program `trolley`: reads the command line, runs one command, and exits with its status.

use std::process::ExitCode;

/// What draws for the visitors of a served shop, on several threads, need not wait for memory.
#[cfg(feature = "serve")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    trolley::cli::run()
}
