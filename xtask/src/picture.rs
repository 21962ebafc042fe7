//! `cargo xtask picture`: builds `anteroom-picture` and has it draw the picture of the README.

use std::path::Path;

use anyhow::Result;

use crate::{
    command::StepCommand,
    programs::{self, Profile},
};

const PROGRAM: &str = "anteroom-picture";

/// Redraws the picture. Prints its path.
///
/// # Errors
/// The program does not build, or the picture cannot be drawn.
pub fn write(root: &Path) -> Result<()> {
    let program = programs::build(root, Profile::Xtask, &[PROGRAM])?.join(PROGRAM);
    StepCommand::new(program.as_os_str(), PROGRAM, root).live()
}
