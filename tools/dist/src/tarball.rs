//! The program with its files in a tarball, for systems without Debian's packages.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use xtask::command::StepCommand;

use super::{
    contents::{Contents, Layout},
    notices,
    source::Source,
};

const LAYOUT: Layout = Layout {
    program: "usr/local/bin/anteroom",
    units: "etc/systemd/system",
    sysusers: "etc/sysusers.d",
    manual: "usr/local/share/man/man1",
    completions: [
        (
            "bash",
            "usr/local/share/bash-completion/completions",
            "anteroom",
        ),
        ("zsh", "usr/local/share/zsh/site-functions", "_anteroom"),
        (
            "fish",
            "usr/local/share/fish/vendor_completions.d",
            "anteroom.fish",
        ),
    ],
};

/// The files of the project that are included unchanged, with their paths.
const DOCUMENTS: [(&str, &str); 5] = [
    (
        "docs/anteroom.example.toml",
        "etc/anteroom/anteroom.toml.example",
    ),
    ("CHANGELOG.md", "usr/local/share/doc/anteroom/CHANGELOG.md"),
    (
        "LICENSE-APACHE",
        "usr/local/share/doc/anteroom/LICENSE-APACHE",
    ),
    ("LICENSE-MIT", "usr/local/share/doc/anteroom/LICENSE-MIT"),
    ("README.md", "usr/local/share/doc/anteroom/README.md"),
];

/// Creates the tarball in `folder`; `scratch` is for temporary files.
pub(super) fn make(source: &Source<'_>, scratch: &Path, folder: &Path) -> Result<PathBuf> {
    let name = format!("anteroom-{}-{}", source.version, source.machine);
    let contents = Contents::new(&scratch.join(&name), source)?;
    contents.write_common(&LAYOUT)?;
    for (file, place) in DOCUMENTS {
        contents.write(place, 0o644, contents.read(file)?)?;
    }
    contents.write(
        "usr/local/share/doc/anteroom/third-party-licenses",
        0o644,
        notices::of(&source.metadata)?,
    )?;
    let tarball = folder.join(format!("{name}.tar.gz"));
    StepCommand::program("tar", scratch)
        .args(["--create", "--sort=name", "--format=gnu"])
        .args(["--owner=0", "--group=0", "--numeric-owner"])
        .args([format!("--mtime=@{}", source.date)])
        .args([if source.is_for_trying {
            "--use-compress-program=gzip -1n"
        } else {
            "--use-compress-program=gzip -9n"
        }])
        .args(["--file".as_ref(), tarball.as_os_str()])
        .args([&name])
        .quietly()
        .context("the tarball cannot be made")?;
    Ok(tarball)
}
