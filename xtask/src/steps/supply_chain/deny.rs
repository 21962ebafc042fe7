//! The tool `cargo deny`, pinned and with the project's configuration.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use crate::{command::StepCommand, programs::target_directory, steps::python};

/// Findings that are warnings by default: exceptions that no crate needs any more.
const STALE: [&str; 3] = ["unmatched-skip", "unnecessary-skip", "unused-wrapper"];

/// The checks that need no network service. Advisories need their database.
const CHECKS: [&str; 3] = ["licenses", "bans", "sources"];

/// The pinned `cargo-deny` with the project's configuration.
pub(super) struct Deny {
    program: PathBuf,
    configuration: PathBuf,
}

impl Deny {
    /// Installs the tool into the target directory, if it is not there as it is pinned.
    pub(super) fn install(root: &Path) -> Result<Self> {
        let interpreter = python::environment(
            root,
            &target_directory(root)?.join("cargo-deny"),
            &root.join("xtask/requirements.txt"),
        )
        .context("cargo-deny cannot be installed as xtask/requirements.txt pins it")?;
        Ok(Self {
            program: interpreter.with_file_name("cargo-deny"),
            configuration: root.join("deny.toml"),
        })
    }

    /// Returns a run of the checks over the workspace in `folder`, with options before the subcommand.
    pub(super) fn check(&self, folder: &Path, options: &[&str]) -> StepCommand {
        StepCommand::new(self.program.as_os_str(), "cargo-deny", folder)
            .args(options)
            .args([OsStr::new("--config"), self.configuration.as_os_str()])
            .args(["check", "--hide-inclusion-graph"])
            .args(STALE.iter().flat_map(|finding| ["--deny", finding]))
            .args(CHECKS)
    }
}
