//! `cargo xtask dist`: builds the program and `anteroom-dist`, which makes a Debian package and a tarball.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use clap::Args;

use crate::programs::{self, Profile};

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

impl fmt::Display for Packages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.deb.display(), self.tarball.display())
    }
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
        let output = programs::tool(root, Profile::Xtask, "anteroom-dist")?
            .args([Path::new("--program"), &built.join(programs::ANTEROOM)])
            .args((self.profile != Profile::Dist).then_some("--for-trying"))
            .output()?;
        let mut paths = output.lines().map(PathBuf::from);
        let mut next = || paths.next().context("anteroom-dist names no package");
        Ok(Packages {
            deb: next()?,
            tarball: next()?,
        })
    }
}
