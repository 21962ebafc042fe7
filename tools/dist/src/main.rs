//! Makes both packages, and prints their paths. It runs in the folder of the workspace.
#![expect(
    clippy::print_stdout,
    reason = "a command line program speaks on standard output"
)]

use std::{env, path::PathBuf};

use anteroom_dist::make;
use anyhow::Result;
use clap::Parser;

/// The program to package.
#[derive(Parser)]
struct Arguments {
    /// The built program.
    #[arg(long, value_name = "FILE")]
    program: PathBuf,
    /// Compresses little, since the packages are only for trying.
    #[arg(long)]
    for_trying: bool,
}

fn main() -> Result<()> {
    let Arguments {
        program,
        for_trying,
    } = Arguments::parse();
    println!("{}", make(&env::current_dir()?, &program, for_trying)?);
    Ok(())
}
