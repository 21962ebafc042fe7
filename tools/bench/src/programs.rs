//! The programs that measurements run.

use std::{env, path::PathBuf};

use anyhow::{Context as _, Result, ensure};

/// The services and the load program, built in the same profile as the measuring program.
#[derive(Clone, Debug)]
pub struct Programs {
    pub(crate) anteroom: PathBuf,
    pub(crate) load: PathBuf,
}

impl Programs {
    /// Finds both programs in the folder of the running program.
    ///
    /// # Errors
    /// If one of them is not there.
    pub fn of_this_folder() -> Result<Self> {
        Ok(Self {
            anteroom: file_of_this_folder("anteroom")?,
            load: file_of_this_folder("anteroom-load")?,
        })
    }
}

/// The programs of the measurement of media, built in the same profile as the measuring program.
#[derive(Clone, Debug)]
pub struct MediaPrograms {
    /// The server under test, or the load.
    pub(crate) server_and_load: PathBuf,
    /// The server under test with an allocator that counts.
    pub(crate) counting: PathBuf,
}

impl MediaPrograms {
    /// Finds both programs in the folder of the running program.
    ///
    /// # Errors
    /// If one of them is not there.
    pub fn of_this_folder() -> Result<Self> {
        Ok(Self {
            server_and_load: file_of_this_folder("anteroom-bench-media")?,
            counting: file_of_this_folder("anteroom-bench-media-counting")?,
        })
    }
}

/// Finds the module of WebAssembly of a package in the folder of the running program.
///
/// # Errors
/// If it is not there.
pub fn module_of_this_folder(package: &str) -> Result<PathBuf> {
    file_of_this_folder(&format!("{package}.wasm"))
}

fn file_of_this_folder(name: &str) -> Result<PathBuf> {
    let own = env::current_exe().context("the path of this program is not known")?;
    let folder = own.parent().context("this program is in no folder")?;
    let file = folder.join(name);
    ensure!(
        file.exists(),
        "{} is not built: `cargo xtask bench` builds all that is needed",
        file.display()
    );
    Ok(file)
}
