//! A Debian package and a tarball of the program with all that belongs to it.
//!
//! [`make`] takes the folder of the workspace and a built program, and creates both packages below `target`.
//! Equal sources make equal packages.

mod contents;
mod debian;
mod notices;
mod source;
mod tarball;

use std::path::Path;

use anyhow::{Context as _, Result};
use tempfile::TempDir;
use xtask::{command::StepCommand, dist::Packages};

use self::source::Source;

/// The folder of the packages in the target directory.
const FOLDER: &str = "package";

/// Creates both packages of a program. Packages for trying are compressed little.
///
/// # Errors
/// A tool of Debian's `dpkg-dev` is missing or fails.
pub fn make(root: &Path, program: &Path, is_for_trying: bool) -> Result<Packages> {
    let mut source = Source::read(root, is_for_trying)?;
    let folder = source
        .metadata
        .target_directory
        .join(FOLDER)
        .into_std_path_buf();
    std::fs::create_dir_all(&folder)?;
    let scratch = TempDir::new_in(&folder)?;
    source.program = scratch.path().join("anteroom");
    strip(root, program, &source.program)?;
    Ok(Packages {
        deb: debian::make(&source, &scratch.path().join("debian"), &folder)?,
        tarball: tarball::make(&source, &scratch.path().join("tarball"), &folder)?,
    })
}

/// Copies the program without symbols: they are most of its size.
fn strip(root: &Path, from: &Path, to: &Path) -> Result<()> {
    StepCommand::program("strip", root)
        .args(["--remove-section=.comment", "--remove-section=.note", "-o"])
        .args([to, from])
        .quietly()
        .context("strip is needed: it is in Debian's binutils")
}
