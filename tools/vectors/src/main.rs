//! `anteroom-vectors`: checks a folder of vector files.
//!
//! `cargo xtask vectors` builds and runs it.
#![forbid(unsafe_code)]

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use anteroom_vectors::{Report, check_folder};
use anyhow::{Context as _, Result};
use clap::Parser;

/// Checks a folder of vector files.
#[derive(Parser)]
#[command(name = "anteroom-vectors")]
struct Arguments {
    /// The folder.
    folder: PathBuf,
}

fn main() -> Result<ExitCode> {
    let Arguments { folder } = Arguments::parse();
    let reports =
        check_folder(&folder).with_context(|| format!("{} cannot be checked", folder.display()))?;
    let mut output = io::stdout().lock();
    for report in &reports {
        writeln!(output, "{report}")?;
    }
    if reports.iter().all(Report::passed) {
        Ok(ExitCode::SUCCESS)
    } else {
        Ok(ExitCode::FAILURE)
    }
}
