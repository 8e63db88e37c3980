//! The `revocache` program: subcommands, what they print, and their exit codes.
//!
//! The command line is a contract that scripts rely on: names, flags, JSON members, codes and exit codes change only
//! with a major version. Answers go to stdout, everything else (progress, warnings, errors) to stderr.

mod audit;
mod bench;
mod build;
mod certificates;
mod check;
mod cipher;
mod config;
mod demo;
mod diff;
mod error;
mod exit;
mod inspect;
mod link;
mod ocsp;
mod order;
mod output;
mod progress;
mod refresh;
mod responders;
mod runtime;
mod serve;
mod server_options;
mod store;
mod tenant;
mod token;
mod user;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::error::CliError;
use self::exit::Exit;

/// Parses the command line, runs the command and tells the process's exit code.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // clap prints help and version to stdout, mistakes to stderr; only its exit code is not ours.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Good };
            let _ = error.print();
            return exit.into();
        }
    };
    let result = match &arguments.command {
        Command::Build(build) => build.run(),
        Command::Check(check) => check.run(),
        Command::Ocsp(ocsp) => ocsp.run(),
        Command::Inspect(inspect) => inspect.run(),
        Command::Verify(verify) => verify.run(),
        Command::Diff(diff) => diff.run(),
        Command::Serve(serve) => serve.run(),
        Command::Order(order) => order.run(),
        Command::Refresh(refresh) => refresh.run(),
        Command::User(user) => user.run(),
        Command::Audit(audit) => audit.run(),
        Command::Config(config) => config.run(),
        Command::Cipher(cipher) => cipher.run(),
        Command::Bench(bench) => bench.run(),
        Command::Demo(demo) => demo.run(),
        Command::Tenant(tenant) => tenant.run(),
        Command::Token(token) => token.run(),
        Command::Link(link) => link.run(),
    };
    match result {
        Ok(exit) => exit.into(),
        // Whoever reads the output has read enough (`revocache … | head`).
        Err(CliError::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => Exit::Good.into(),
        Err(error) => {
            eprintln!("revocache: {error}");
            error.exit().into()
        }
    }
}

/// Is this certificate revoked, since when, why, and who says so as of when?
#[derive(Debug, Parser)]
#[command(name = "revocache", version, max_term_width = 100, arg_required_else_help = true)]
#[command(
    after_help = "Start with `revocache demo`. Exit codes: 0 good or done, 1 revoked, 2 unknown, 64 usage, \
                        65 bad input data, 69 service unavailable, 74 I/O."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Verify CRLs and compile them into an index, or add them to one
    Build(build::Build),
    /// Ask whether certificates are revoked
    Check(check::Check),
    /// Ask OCSP responders, and judge what they send
    Ocsp(ocsp::Ocsp),
    /// Show what a CRL, a certificate or an index says, without judging it
    Inspect(inspect::Inspect),
    /// Check every octet of an index
    Verify(verify::Verify),
    /// List the serials that were added and removed between two generations
    Diff(diff::Diff),
    /// Keep CRLs fresh and answer, as a daemon
    Serve(Box<serve::Serve>),
    /// Make a running server look at every source now
    Refresh(refresh::Refresh),
    /// Keep orders, what they need, and the API keys of clients
    Order(order::Order),
    /// Who may administer a server: add, list and remove users, change passwords and roles
    User(user::User),
    /// Who changed what on a server, and how it ended
    Audit(audit::Audit),
    /// Print the default configuration, or check a file
    Config(config::ConfigCommand),
    /// Help clients of the Cipher API: encrypt parameters for a server
    Cipher(cipher::CipherCommand),
    /// Measure how many questions a server answers, and how fast
    Bench(Box<bench::Bench>),
    /// Make and list tenants: whose certificates, users and verifications are kept apart
    Tenant(tenant::TenantCommand),
    /// Make, list and revoke the tokens of tenants
    Token(token::TokenCommand),
    /// Tell which certificates belong to one person
    Link(link::LinkCommand),
    /// A tour for newcomers: make a small CA, revoke certificates, build an index, ask
    Demo(demo::Demo),
}
