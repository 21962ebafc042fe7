//! The directory of a person's own files.

use std::path::PathBuf;

use anyhow::Context as _;
use etcetera::BaseStrategy as _;

/// Returns the directory of a user's own files.
pub(crate) fn user_directory() -> anyhow::Result<PathBuf> {
    let strategy = etcetera::choose_base_strategy().context("there is no home directory")?;
    Ok(strategy.config_dir().join("anteroom"))
}
