//! A virtual environment of Python with the packages that a committed file pins.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::command::StepCommand;

/// Returns the environment in `folder` with the packages of `requirements`. Recreates it when they change.
///
/// Returns the path of its interpreter.
pub(super) fn environment(root: &Path, folder: &Path, requirements: &Path) -> Result<PathBuf> {
    let interpreter = folder.join("bin/python");
    let wanted = fs::read(requirements).context("no requirements of Python")?;
    let stamp = folder.join(".installed-requirements.txt");
    if interpreter.exists() && fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(interpreter);
    }
    StepCommand::program("python3", root)
        .args(["-m", "venv", "--clear"])
        .args([folder])
        .quietly()?;
    StepCommand::new(interpreter.as_os_str(), "pip", root)
        .args(["-m", "pip", "install", "--quiet", "--no-deps"])
        .args(["--disable-pip-version-check", "--requirement"])
        .args([requirements])
        .quietly()?;
    fs::write(&stamp, wanted).context("cannot note what is installed")?;
    Ok(interpreter)
}
