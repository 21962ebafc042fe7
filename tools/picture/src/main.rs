//! Draws the picture of the README, and prints its path. It runs in the folder of the workspace.
#![expect(
    clippy::print_stdout,
    reason = "a command line program speaks on standard output"
)]

use std::env;

use anyhow::Result;

fn main() -> Result<()> {
    println!("{}", anteroom_picture::write(&env::current_dir()?)?);
    Ok(())
}
