//! `anteroom`: the services and their tools in one binary.
#![forbid(unsafe_code)]

mod cli;
mod command;
mod credentials;
mod data_dir;
mod databases;
mod descriptors;
mod environment;
mod files;
mod installation;
mod links;
mod listen;
mod logging;
mod logins;
mod mail;
mod master_key;
mod notices;
mod oidc;
mod operator_changes;
mod os;
mod ownership;
mod params;
mod password;
mod pins;
mod qr;
mod received;
mod relays;
mod renewal;
mod room_session;
mod sealed_file;
mod secret_text;
mod service_link;
mod services;
mod session;
mod settings;
mod shutdown;
mod supervisor;
mod terminal;
mod tls;

use std::process::ExitCode;

use clap::Parser as _;
use tikv_jemallocator::Jemalloc;

use self::{cli::Cli, environment::Environment};

/// Gives the memory of many short connections back when they are gone, which the C library's
/// allocator does not: it keeps what lies between the few that are still there.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(status) => status,
        Err(error) => {
            terminal::complain(&notices::with_next_step(error));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let environment = Environment::of_process();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(command::run(cli, &environment))
}
