//! Programs of the workspace, built in one of cargo's profiles.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use cargo_metadata::MetadataCommand;
use clap::ValueEnum;

use crate::command::StepCommand;

/// A profile of the workspace's `Cargo.toml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// The profile of the tests.
    Dev,
    /// A profile that builds in minutes and is nearly as fast as `Dist`.
    Release,
    /// The profile for operators and measurements.
    Dist,
    /// The profile of `cargo xtask` itself, for tools that work for seconds.
    #[value(skip)]
    Xtask,
}

impl Profile {
    /// Returns Cargo's name of the profile.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Release => "release",
            Self::Dist => "dist",
            Self::Xtask => "xtask",
        }
    }

    /// Returns the folder of its programs in the target directory.
    pub(crate) const fn folder(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            other => other.name(),
        }
    }
}

/// The package that measures.
pub(crate) const BENCH: &str = "anteroom-bench";

/// The package of the media server under test and its load.
pub(crate) const BENCH_MEDIA: &str = "anteroom-bench-media";

/// The package of the services.
pub(crate) const ANTEROOM: &str = "anteroom";

/// The packages that have the allocator of operators as a feature.
const ALLOCATED: [(&str, &str); 2] = [
    (ANTEROOM, "anteroom/jemalloc"),
    (BENCH_MEDIA, "anteroom-bench-media/jemalloc"),
];

/// Builds packages in one folder, and gives that folder. The services get the allocator that
/// operators use.
///
/// # Errors
/// A package does not build.
pub(crate) fn build(root: &Path, profile: Profile, packages: &[&str]) -> Result<PathBuf> {
    let allocated = ALLOCATED
        .iter()
        .filter(|(package, _)| packages.contains(package));
    let features = allocated.flat_map(|(_, feature)| ["--features", feature]);
    let packages = packages.iter().flat_map(|package| ["--package", package]);
    StepCommand::cargo(root)
        .args(["build", "--locked", "--profile", profile.name()])
        .args(packages)
        .args(features)
        .live()?;
    Ok(target_directory(root)?.join(profile.folder()))
}

/// Builds the package of a tool, and returns its program.
///
/// # Errors
/// The package does not build.
pub fn tool(root: &Path, profile: Profile, name: &str) -> Result<StepCommand> {
    let program = build(root, profile, &[name])?.join(name);
    Ok(StepCommand::new(program.as_os_str(), name, root))
}

/// Returns the folder of all that cargo builds.
pub(crate) fn target_directory(root: &Path) -> Result<PathBuf> {
    let metadata = MetadataCommand::new()
        .current_dir(root)
        .no_deps()
        .exec()
        .context("cargo metadata fails")?;
    Ok(metadata.target_directory.into_std_path_buf())
}
