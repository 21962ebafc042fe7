//! `cargo xtask grind`: the search for two groups of an era with the same verification words, as long as
//! wanted. The test run makes the same search with a few groups.

use std::path::Path;

use anyhow::Result;

use crate::command::StepCommand;

/// Makes groups until there are as many as wanted, or two show the same words.
///
/// # Errors
/// Two groups show the same words.
pub fn run(root: &Path, tries: u32) -> Result<()> {
    StepCommand::cargo(root)
        .args(["test", "--locked", "--package", "anteroom-e2ee"])
        .args(["--test", "e2ee", "words::"])
        .env("ANTEROOM_WORD_TRIES", tries.to_string())
        .live()
}
