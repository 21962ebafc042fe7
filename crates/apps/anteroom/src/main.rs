//! `anteroom`: the services and their tools in one binary.
#![forbid(unsafe_code)]

mod cli;
mod command;

use std::{env, ffi::OsString, process::ExitCode};

use anteroom_console::{environment::Environment, exit_status::ExitStatus, report::ErrorReport};
use anteroom_server::database_explanation;

use self::cli::Cli;

/// Gives the memory of many short connections back when they are gone, which the C library's
/// allocator does not: it keeps what lies between the few that are still there.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let cli = match Cli::of_process() {
        Ok(cli) => cli,
        // A help text is such an error too. With `--json` the flag was not parsed yet, so the arguments are
        // searched for it.
        Err(error) if !error.use_stderr() || !asks_for_json(env::args_os()) => error.exit(),
        Err(error) => return print_report(&ErrorReport::of_usage(&error), true),
    };
    let json = cli.common.json;
    match run(cli) {
        Ok(status) => status.into(),
        Err(error) => print_report(&database_explanation::report(&error), json),
    }
}

/// Prints the failure of a command, and returns its exit status.
fn print_report(report: &ErrorReport, json: bool) -> ExitCode {
    report.print(json);
    report.status().into()
}

/// Returns whether a command line that does not parse has the flag for JSON.
fn asks_for_json(arguments: impl Iterator<Item = OsString>) -> bool {
    let mut flags = arguments.take_while(|argument| argument != "--");
    flags.any(|argument| argument == "--json")
}

fn run(cli: Cli) -> anyhow::Result<ExitStatus> {
    let environment = Environment::of_process();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(command::run(cli, &environment))
}
