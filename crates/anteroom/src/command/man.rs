//! `anteroom man`: a man page of each command.

use std::{fs, path::Path};

use anyhow::Context as _;
use clap::CommandFactory as _;

use crate::cli::Cli;

/// Writes `anteroom.1` and a page of each command below it, such as `anteroom-call-join.1`.
pub(crate) fn run(folder: &Path) -> anyhow::Result<()> {
    let place = || {
        format!(
            "the man pages cannot be written to {}: name a folder of yours",
            folder.display()
        )
    };
    fs::create_dir_all(folder).with_context(place)?;
    clap_mangen::generate_to(Cli::command(), folder).with_context(place)
}
