//! `cargo xtask vectors`: builds `anteroom-vectors` and has it check a folder.

use std::path::{Path, absolute};

use anyhow::Result;

use crate::{
    command::{Output, StepCommand},
    programs::{self, Profile},
};

const PROGRAM: &str = "anteroom-vectors";

/// Checks a folder. Prints one line per file, and returns whether all are correct.
///
/// # Errors
/// The program does not build or start.
pub fn check(root: &Path, folder: &Path) -> Result<bool> {
    program(root, folder)?.succeeds()
}

/// As [`check`], and returns the output.
pub(crate) fn checked(root: &Path, folder: &Path) -> Result<Output> {
    program(root, folder)?.followed()
}

fn program(root: &Path, folder: &Path) -> Result<StepCommand> {
    let program = programs::build(root, Profile::Dev, &[PROGRAM])?.join(PROGRAM);
    Ok(StepCommand::new(program.as_os_str(), PROGRAM, root).args([absolute(folder)?]))
}
