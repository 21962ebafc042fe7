//! `cargo xtask vectors`: builds `anteroom-vectors`, which checks a folder.

use std::path::{Path, absolute};

use anyhow::Result;

use crate::{
    command::StepCommand,
    programs::{self, Profile},
};

/// Returns the program that checks a folder. It prints one line per file, and succeeds if all are correct.
///
/// # Errors
/// The program does not build.
pub fn checker(root: &Path, folder: &Path) -> Result<StepCommand> {
    let program = programs::tool(root, Profile::Dev, "anteroom-vectors")?;
    Ok(program.args([absolute(folder)?]))
}
