//! A clean root of the Debian that this machine runs, from its own package sources.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::{
    command::StepCommand,
    steps::{folder::files_in, report::say, tools},
};

/// The packages in addition to the required ones: the package's dependencies.
const INCLUDED: &str = "systemd-standalone-sysusers";

/// The package source of the clean root.
pub(super) struct Sources {
    site: String,
    codename: String,
}

/// A root file system in a folder of its own, which is deleted on drop.
pub(super) struct Debian {
    folder: TempDir,
}

impl Sources {
    /// Returns the source of this machine's own packages; `None`, with the reason printed, if no root can be
    /// created.
    pub(super) fn of_this_machine(root: &Path) -> Result<Option<Self>> {
        let skip = |why: &str| {
            say(&format!("    skipped: {why}"));
            Ok(None)
        };
        if !tools::is_root(root) {
            return skip("only root can make a root of Debian");
        }
        if !tools::works(StepCommand::program("unshare", root).args(["--mount", "true"])) {
            return skip("this machine gives root no mounts, which a root of Debian needs");
        }
        let Some(codename) = codename() else {
            return skip("this machine is no Debian");
        };
        let Some(site) = site(root, &codename)? else {
            return skip("apt has no source of this machine's own release");
        };
        Ok(Some(Self { site, codename }))
    }

    /// Returns the key of a root: other sources result in another root.
    fn key(&self) -> String {
        format!("{} {} {INCLUDED}\n", self.site, self.codename)
    }
}

/// Returns the release of this machine.
fn codename() -> Option<String> {
    let release = fs::read_to_string("/etc/os-release").ok()?;
    let value = |name: &str| {
        let line = release.lines().find_map(|line| line.strip_prefix(name));
        line.map(|value| value.trim_matches('"').to_owned())
    };
    (value("ID=")? == "debian").then_some(())?;
    value("VERSION_CODENAME=")
}

/// Returns the address of the release's main packages in the sources of apt.
fn site(root: &Path, codename: &str) -> Result<Option<String>> {
    let output = StepCommand::program("apt-get", root)
        .args(["indextargets"])
        .args(["--format", "$(SITE) $(CODENAME) $(COMPONENT)"])
        .args(["Created-By: Packages"])
        .output()
        .context("apt names no sources")?;
    let mut lines = output.lines();
    Ok(lines.find_map(|line| {
        let mut words = line.split(' ');
        let site = words.next()?;
        (words.next()? == codename && words.next()? == "main").then(|| site.to_owned())
    }))
}

impl Debian {
    /// Unpacks a root, which is created once and cached in the target directory.
    pub(super) fn new(root: &Path, target: &Path, sources: &Sources) -> Result<Self> {
        let archive = target.join("debian-root.tar.gz");
        let stamp = target.join("debian-root.sources");
        let is_made = fs::read_to_string(&stamp).is_ok_and(|made| made == sources.key());
        if !is_made || !archive.exists() {
            make(root, target, sources, &archive)?;
            fs::write(&stamp, sources.key())?;
        }
        let folder = TempDir::with_prefix_in("debian-root-", target)?;
        StepCommand::program("tar", root)
            .args(["--extract", "--numeric-owner", "--same-permissions"])
            .args(["--file".as_ref(), archive.as_os_str()])
            .args(["--directory".as_ref(), folder.path().as_os_str()])
            .quietly()?;
        Ok(Self { folder })
    }

    /// Returns the path of a file of the root, from outside.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path.trim_start_matches('/'))
    }

    /// Returns a program in the root.
    pub(super) fn program(&self, program: &str) -> StepCommand {
        StepCommand::program("chroot", Path::new("/"))
            .args([self.folder.path()])
            .args([program])
            .env("DEBIAN_FRONTEND", "noninteractive")
            .env("LC_ALL", "C.UTF-8")
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
    }

    /// Returns the output of a program in the root, which must succeed.
    pub(super) fn output(&self, program: &str, arguments: &[&str]) -> Result<String> {
        let output = self.program(program).args(arguments).captured()?;
        ensure!(
            output.success,
            "{program} {} fails:\n{}",
            arguments.join(" "),
            output.text
        );
        Ok(output.text)
    }
}

fn make(root: &Path, target: &Path, sources: &Sources, archive: &Path) -> Result<()> {
    say("    making a root of Debian with debootstrap");
    let folder = TempDir::with_prefix_in("debian-root-", target)?;
    StepCommand::program("debootstrap", root)
        .args(["--variant=minbase", &format!("--include={INCLUDED}")])
        .args([&sources.codename])
        .args([folder.path()])
        .args([&sources.site])
        .quietly()
        .context("debootstrap is needed: it is Debian's package of that name")?;
    for package in files_in(&folder.path().join("var/cache/apt/archives"), ".deb")? {
        fs::remove_file(package)?;
    }
    // The archive gets its final name when it is complete.
    let unfinished = archive.with_extension("unfinished");
    StepCommand::program("tar", root)
        .args(["--create", "--numeric-owner", "--one-file-system"])
        .args(["--use-compress-program=gzip -1"])
        .args(["--file".as_ref(), unfinished.as_os_str()])
        .args([
            "--directory".as_ref(),
            folder.path().as_os_str(),
            ".".as_ref(),
        ])
        .quietly()?;
    Ok(fs::rename(unfinished, archive)?)
}
