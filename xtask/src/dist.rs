//! `cargo xtask dist`: builds the program and `anteroom-dist`, which makes a Debian package and a tarball.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use crate::{
    command::StepCommand,
    programs::{self, Profile},
};

const PROGRAM: &str = "anteroom-dist";

/// How packages are made.
#[derive(Clone, Copy, Debug, Args)]
pub struct Dist {
    /// The profile of the program: another one than `dist` is for trying the packages.
    #[arg(long, value_enum, default_value = "dist")]
    profile: Profile,
}

/// The created packages.
#[derive(Clone, Debug)]
pub struct Packages {
    /// The Debian package.
    pub deb: PathBuf,
    /// The program with its files, for other systems.
    pub tarball: PathBuf,
}

impl Dist {
    /// Makes the packages with the program as it is in the profile.
    #[must_use]
    pub const fn new(profile: Profile) -> Self {
        Self { profile }
    }

    /// Builds the program and creates both packages.
    ///
    /// # Errors
    /// A program does not build, or a tool of Debian's `dpkg-dev` is missing or fails.
    pub fn run(self, root: &Path) -> Result<Packages> {
        let built = programs::build(root, self.profile, &[programs::ANTEROOM])?;
        let tool = programs::build(root, Profile::Xtask, &[PROGRAM])?.join(PROGRAM);
        let output = StepCommand::new(tool.as_os_str(), PROGRAM, root)
            .args([Path::new("--program"), &built.join("anteroom")])
            .args((self.profile != Profile::Dist).then_some("--for-trying"))
            .captured()?;
        ensure!(output.success, "{}", output.text.trim_end());
        let mut paths = output.text.lines().map(PathBuf::from);
        let mut next = || paths.next().context("anteroom-dist names no package");
        Ok(Packages {
            deb: next()?,
            tarball: next()?,
        })
    }
}
