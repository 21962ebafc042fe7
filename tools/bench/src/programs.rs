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
        let own = env::current_exe().context("the path of this program is not known")?;
        let folder = own.parent().context("this program is in no folder")?;
        let [anteroom, load] = ["anteroom", "anteroom-load"].map(|name| folder.join(name));
        for program in [&anteroom, &load] {
            ensure!(
                program.exists(),
                "{} is not built: `cargo xtask bench` builds all that is needed",
                program.display()
            );
        }
        Ok(Self { anteroom, load })
    }
}
