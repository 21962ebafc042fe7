//! The pure crates, checked for browsers.

mod toolchain;

use std::path::Path;

use anyhow::Result;

use self::toolchain::{TARGET, Toolchain};
use super::{counts::Counts, report::say, tools};
use crate::{
    command::StepCommand,
    programs::{Profile, target_directory},
    rules::layers::pure_crates,
};

/// Checks all pure crates for the target, with the compiler of this workspace if it has the target's standard
/// library, and with Debian's compiler otherwise.
pub(super) fn check(root: &Path) -> Result<Counts> {
    let target = target_directory(root)?;
    let packages = pure_crates()
        .into_iter()
        .flat_map(|package| ["--package", package]);
    let check = StepCommand::cargo(root)
        .args(["check", "--lib", "--locked", "--target", TARGET])
        .args(["--profile", Profile::Xtask.name()])
        .args(["--target-dir".as_ref(), target.join("wasm").as_os_str()])
        .args(packages);
    let check = if tools::target_installed(root, TARGET)? {
        check
    } else {
        say(&format!(
            "    this compiler lacks {TARGET}: using Debian's one in target/wasm-toolchain"
        ));
        Toolchain::of_debian(root, &target)?.compile(check)?
    };
    check.live()?;
    Ok(Counts::CHECK)
}
