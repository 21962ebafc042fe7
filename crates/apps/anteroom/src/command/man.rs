//! `anteroom man`: a man page of each command.

mod page;

use std::{fs, io, path::Path};

use anteroom_console::failure::Failure;
use clap::{Command, CommandFactory as _};

use crate::cli::Cli;

/// Writes `anteroom.1` and a page of each command below it, such as `anteroom-call-join.1`.
pub(crate) fn run(folder: &Path) -> anyhow::Result<()> {
    let failed = |error: io::Error| {
        let folder = folder.display();
        Failure::failed(format!("the man pages cannot be written to {folder}"))
            .with_reason(error)
            .next("Name a folder of yours")
    };
    fs::create_dir_all(folder).map_err(failed)?;
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    Ok(write(&root, None, folder).map_err(failed)?)
}

/// Writes the page of a command and those of the commands below it. `parent` is the name of the page
/// above.
fn write(command: &Command, parent: Option<&str>, folder: &Path) -> io::Result<()> {
    let name = page::name(command);
    let text = page::of(command, parent)?;
    fs::write(folder.join(format!("{name}.1")), text)?;
    let mut below = command.get_subcommands();
    below.try_for_each(|command| write(command, Some(name), folder))
}
