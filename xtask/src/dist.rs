//! `cargo xtask dist`: a Debian package and a tarball of the program with all that belongs to it.

mod contents;
mod debian;
mod notices;
mod tarball;

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use cargo_metadata::{Metadata, MetadataCommand};
use clap::Args;
use tempfile::TempDir;

use crate::{
    programs::{self, Profile},
    steps::command::StepCommand,
};

/// The folder of the packages in the target directory.
const FOLDER: &str = "package";

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

/// The inputs of both packages.
struct Source<'a> {
    root: &'a Path,
    metadata: Metadata,
    version: String,
    /// The target of the compiler, such as `x86_64-unknown-linux-gnu`.
    machine: String,
    program: PathBuf,
    /// The date of all files, in seconds since 1970, so that equal sources result in equal packages.
    date: String,
    is_for_trying: bool,
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
    /// The program does not build, or a tool of Debian's `dpkg-dev` is missing or fails.
    pub fn run(self, root: &Path) -> Result<Packages> {
        let built = programs::build(root, self.profile, &[programs::ANTEROOM])?;
        let machine = machine(root)?;
        let metadata = MetadataCommand::new()
            .current_dir(root)
            .other_options(["--filter-platform".to_owned(), machine.clone()])
            .exec()?;
        let target = metadata.target_directory.clone().into_std_path_buf();
        let folder = target.join(FOLDER);
        std::fs::create_dir_all(&folder)?;
        let scratch = TempDir::new_in(&folder)?;
        let program = scratch.path().join("anteroom");
        strip(root, &built.join("anteroom"), &program)?;
        let source = Source {
            root,
            version: version(&metadata)?,
            metadata,
            machine,
            program,
            date: date(root)?,
            is_for_trying: self.profile != Profile::Dist,
        };
        Ok(Packages {
            deb: debian::make(&source, &scratch.path().join("debian"), &folder)?,
            tarball: tarball::make(&source, &scratch.path().join("tarball"), &folder)?,
        })
    }
}

/// Copies the program without symbols: they are most of its size.
fn strip(root: &Path, from: &Path, to: &Path) -> Result<()> {
    StepCommand::program("strip", root)
        .args(["--remove-section=.comment", "--remove-section=.note", "-o"])
        .args([to, from])
        .quietly()
        .context("strip is needed: it is in Debian's binutils")
}

fn machine(root: &Path) -> Result<String> {
    let output = StepCommand::program("rustc", root)
        .args(["-vV"])
        .captured()?;
    let mut lines = output.text.lines();
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
        .captured();
    match commit {
        Ok(output) if output.success => Ok(output.text.trim().to_owned()),
        _ => {
            let now = StepCommand::program("date", root)
                .args(["+%s"])
                .captured()?;
            Ok(now.text.trim().to_owned())
        }
    }
}
