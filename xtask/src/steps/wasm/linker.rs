//! The linker of modules of WebAssembly.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::command::StepCommand;

/// The variable by which cargo takes a linker for the target.
const VARIABLE: &str = "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER";

/// The linker of LLVM, by the name that its packages give it.
const OF_LLVM: &str = "wasm-ld";

/// Sets the linker of a command of cargo: the one that this workspace's compiler brings, or that of LLVM. Debian's
/// compiler brings none.
pub(super) fn set(root: &Path, cargo: StepCommand) -> Result<StepCommand> {
    let own = of_compiler(root)?;
    if own.exists() {
        Ok(cargo.env(VARIABLE, own))
    } else if works(root) {
        Ok(cargo.env(VARIABLE, OF_LLVM))
    } else {
        bail!(
            "a linker of modules is missing: use a compiler of rustup, which brings one, or install \
             {OF_LLVM}, for example with Debian's package lld"
        )
    }
}

/// Returns the path at which the compiler of rustup has its linker.
fn of_compiler(root: &Path) -> Result<PathBuf> {
    let libraries = StepCommand::program("rustc", root)
        .args(["--print", "target-libdir"])
        .output()?;
    Ok(Path::new(libraries.trim()).with_file_name("bin/rust-lld"))
}

fn works(root: &Path) -> bool {
    let version = StepCommand::program(OF_LLVM, root).args(["--version"]);
    version.quietly().is_ok()
}
