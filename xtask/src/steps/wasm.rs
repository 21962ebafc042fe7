//! The pure crates, checked for browsers, and modules of WebAssembly.

mod linker;
mod toolchain;

use std::{fs, path::Path};

use anyhow::{Context as _, Result};

use self::toolchain::{TARGET, Toolchain};
use super::{counts::Counts, report::say, tools};
use crate::{
    command::StepCommand,
    programs::{Profile, target_directory},
    rules::layers::browser_crates,
};

/// The crate that is measured as a module. It has code for browsers alone.
const MEASURED: &str = "anteroom-bench-e2ee";

/// Checks the pure crates that are code for browsers for the target, with the compiler of this workspace if it has the target's standard
/// library, and with Debian's compiler otherwise.
pub(super) fn check(root: &Path) -> Result<Counts> {
    let packages = browser_crates().into_iter().chain([MEASURED]);
    let packages = packages.flat_map(|package| ["--package", package]);
    let check = StepCommand::cargo(root)
        .args(["check", "--lib", "--locked"])
        .args(["--profile", Profile::Xtask.name()])
        .args(packages);
    if !tools::target_installed(root, TARGET)? {
        say(&format!(
            "    this compiler lacks {TARGET}: using Debian's one in target/wasm-toolchain"
        ));
    }
    for_browsers(root, &target_directory(root)?, check)?.live()?;
    Ok(Counts::CHECK)
}

/// Builds the library of a package as a module of WebAssembly, with the compiler that [`check`] takes, and
/// puts it into a folder as `PACKAGE.wasm`.
///
/// # Errors
/// The package does not build, or there is no compiler or linker.
pub(crate) fn build_module(
    root: &Path,
    profile: Profile,
    package: &str,
    folder: &Path,
) -> Result<()> {
    let target = target_directory(root)?;
    let build = StepCommand::cargo(root)
        .args(["rustc", "--lib", "--crate-type", "cdylib", "--locked"])
        .args(["--profile", profile.name()])
        .args(["--package", package]);
    let build = linker::set(root, for_browsers(root, &target, build)?)?;
    build.live()?;
    let built = target.join("wasm").join(TARGET).join(profile.folder());
    let module = format!("{}.wasm", package.replace('-', "_"));
    fs::copy(built.join(module), folder.join(format!("{package}.wasm")))
        .with_context(|| format!("the module of {package} cannot be copied"))?;
    Ok(())
}

/// Turns a command of cargo into one for the target.
fn for_browsers(root: &Path, target: &Path, cargo: StepCommand) -> Result<StepCommand> {
    let cargo = cargo
        .args(["--target", TARGET])
        .args(["--target-dir".as_ref(), target.join("wasm").as_os_str()]);
    if tools::target_installed(root, TARGET)? {
        Ok(cargo)
    } else {
        Toolchain::of_debian(root, target)?.compile(cargo)
    }
}
