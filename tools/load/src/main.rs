//! Plays many clients against real services, which it starts itself: the soak test, attacks,
//! and the load of measurements. Speaks with them over loopback only.
#![forbid(unsafe_code)]

mod accounts;
mod attack;
mod attacker;
mod create_auth;
mod crowd;
mod devices;
mod half_open;
mod http;
mod jobs;
mod login;
mod os;
mod peek;
mod server;
mod soak;
mod talk;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Many clients against real services.
#[derive(Parser)]
#[command(name = "anteroom-load")]
struct Arguments {
    /// The `anteroom` program.
    #[arg(long, value_name = "FILE")]
    anteroom: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Joins, lobbies, relays, leaves, and a SIGKILL in the middle.
    Soak(soak::Options),
    /// Peeks as fast as they are answered, as told line by line on standard input.
    Peek(peek::Options),
    /// Asks for create credentials as fast as they are issued, as told line by line on standard
    /// input.
    CreateAuth(create_auth::Options),
    /// Logs in, many at the same time, as told line by line on standard input.
    Login(login::Options),
    /// Manages devices, many accounts at the same time, as told line by line on standard input.
    Devices(devices::Options),
    /// Attacks the services, and measures what legitimate clients get before, during and after.
    Attack(attack::Options),
    /// Carries out one attack, which is read from standard input.
    #[command(hide = true)]
    Attacker,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let Arguments { anteroom, command } = Arguments::parse();
    match command {
        Command::Soak(options) => soak::run(&anteroom, &options).await?,
        Command::Peek(options) => peek::run(&anteroom, &options).await?,
        Command::CreateAuth(options) => create_auth::run(&anteroom, &options).await?,
        Command::Login(options) => login::run(&anteroom, &options).await?,
        Command::Devices(options) => devices::run(&anteroom, &options).await?,
        Command::Attack(options) => return attack::run(&anteroom, &options).await,
        Command::Attacker => attacker::run().await?,
    }
    Ok(ExitCode::SUCCESS)
}
