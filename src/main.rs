//! The `revocache` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    revocache::cli::run()
}
