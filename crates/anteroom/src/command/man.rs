//! `anteroom man`: a man page of each command.

use std::{fs, path::Path};

use clap::CommandFactory as _;

use crate::{cli::Cli, failure::Failure};

/// Writes `anteroom.1` and a page of each command below it, such as `anteroom-call-join.1`.
pub(crate) fn run(folder: &Path) -> anyhow::Result<()> {
    let written =
        fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(Cli::command(), folder));
    written.map_err(|error| {
        let folder = folder.display();
        Failure::failed(format!("the man pages cannot be written to {folder}"))
            .because(error)
            .next("Name a folder of yours")
            .into()
    })
}
