//! The inputs of the packages: the project, its version and date, and the program.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use cargo_metadata::{Metadata, MetadataCommand};
use xtask::command::StepCommand;

/// The inputs of both packages.
pub(super) struct Source<'a> {
    pub(super) root: &'a Path,
    pub(super) metadata: Metadata,
    pub(super) version: String,
    /// The target of the compiler, such as `x86_64-unknown-linux-gnu`.
    pub(super) machine: String,
    /// The program without symbols.
    pub(super) program: PathBuf,
    /// The date of all files, in seconds since 1970, so that equal sources result in equal packages.
    pub(super) date: String,
    pub(super) is_for_trying: bool,
}

impl<'a> Source<'a> {
    /// Reads the project in a folder. The program is not there yet.
    pub(super) fn read(root: &'a Path, is_for_trying: bool) -> Result<Self> {
        let machine = machine(root)?;
        let metadata = MetadataCommand::new()
            .current_dir(root)
            .other_options(["--filter-platform".to_owned(), machine.clone()])
            .exec()?;
        Ok(Self {
            root,
            version: version(&metadata)?,
            metadata,
            machine,
            program: PathBuf::new(),
            date: date(root)?,
            is_for_trying,
        })
    }
}

fn machine(root: &Path) -> Result<String> {
    let output = StepCommand::program("rustc", root).args(["-vV"]).output()?;
    let mut lines = output.lines();
    let host = lines.find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc names no target")?.to_owned())
}

fn version(metadata: &Metadata) -> Result<String> {
    let packages = metadata.workspace_packages();
    let mut named = packages.iter().filter(|package| package.name == "anteroom");
    let package = named.next().context("no package anteroom")?;
    Ok(package.version.to_string())
}

/// Returns `SOURCE_DATE_EPOCH`, or the time of the last commit; outside of a repository, now.
fn date(root: &Path) -> Result<String> {
    if let Ok(date) = env::var("SOURCE_DATE_EPOCH") {
        ensure!(
            date.parse::<u64>().is_ok(),
            "SOURCE_DATE_EPOCH is not a number of seconds since 1970"
        );
        return Ok(date);
    }
    let commit = StepCommand::program("git", root)
        .args(["log", "-1", "--format=%ct"])
        .output();
    let date = match commit {
        Ok(commit) => commit,
        Err(_) => StepCommand::program("date", root).args(["+%s"]).output()?,
    };
    Ok(date.trim().to_owned())
}
