//! The tools that the tests need: checked, installed with the machine's own package managers if possible, and
//! reported as missing otherwise.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::report::say;
use crate::command::StepCommand;

/// The oldest Node.js that the npm client and its tests run on.
const NODE: u32 = 20;

/// Components of the toolchain: the cargo command that shows that one is there, and its name.
const COMPONENTS: [(&str, &str); 2] = [("fmt", "rustfmt"), ("clippy", "clippy")];

/// Debian's packages of Node.js.
const NODE_PACKAGES: [&str; 2] = ["nodejs", "npm"];

/// A program of the README's tour besides the shell. Debian's package has the same name.
const CURL: &str = "curl";

/// The terminal of the tests, by Debian's name too.
const TMUX: &str = "tmux";

/// The relay of the tests: Debian's package, and its program.
const COTURN: &str = "coturn";
const TURN_SERVER: &str = "turnserver";

/// The reverse proxy and the supervisor whose example files are tested: programs and Debian's
/// packages.
const EXAMPLES: [(&str, &str, &str); 2] = [
    ("nginx", "-v", "nginx-light"),
    ("systemd-analyze", "--version", "systemd"),
];

/// The browser of the tests, by Debian's name, and the one family of fonts that they let it see.
const CHROMIUM: &str = "chromium";
const FONTS: &str = "fonts-dejavu-core";
const FONT_FILE: &str = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";

/// Python and its support for virtual environments, by Debian's names.
const PYTHON_PACKAGES: [&str; 2] = ["python3", "python3-venv"];

/// The makers of the Debian package and of the root that it is installed in: programs and Debian's
/// packages.
const PACKAGING: [(&str, &str); 3] = [
    ("dpkg-shlibdeps", "dpkg-dev"),
    ("strip", "binutils"),
    ("debootstrap", "debootstrap"),
];

/// Installs rustfmt and clippy.
pub(super) fn rust_components(root: &Path) -> Result<()> {
    for (command, component) in COMPONENTS {
        if works(StepCommand::cargo(root).args([command, "--version"])) {
            continue;
        }
        say(&format!(
            "    {component} is missing: installing it with rustup"
        ));
        StepCommand::program("rustup", root)
            .args(["component", "add", component])
            .live()
            .with_context(|| format!("{component} is needed: install it with your toolchain"))?;
    }
    Ok(())
}

/// Installs Node.js and npm.
pub(super) fn node(root: &Path) -> Result<()> {
    if node_version(root).is_none() || !works(StepCommand::program("npm", root).args(["--version"]))
    {
        install(root, &NODE_PACKAGES)?;
    }
    match node_version(root) {
        Some(version) if version >= NODE => Ok(()),
        Some(version) => {
            bail!("Node.js {version} is too old for the interop tests: {NODE} or later is needed")
        }
        None => bail!("Node.js {NODE} or later and npm are needed for the interop tests"),
    }
}

/// Installs the HTTP client of the README's tour.
pub(super) fn curl(root: &Path) -> Result<()> {
    if works(StepCommand::program(CURL, root).args(["--version"])) {
        return Ok(());
    }
    install(root, &[CURL])
}

/// Installs the terminal multiplexer in which the tests run calls.
pub(super) fn tmux(root: &Path) -> Result<()> {
    if works(StepCommand::program(TMUX, root).args(["-V"])) {
        return Ok(());
    }
    install(root, &[TMUX])
}

/// Installs the relay that accepts the issuer's credentials.
pub(super) fn coturn(root: &Path) -> Result<()> {
    if works(StepCommand::program(TURN_SERVER, root).args(["--version"])) {
        return Ok(());
    }
    install(root, &[COTURN])
}

/// Installs the programs that read the example files of the operations documentation.
pub(super) fn examples(root: &Path) -> Result<()> {
    for (program, version, package) in EXAMPLES {
        if !works(StepCommand::program(program, root).args([version])) {
            install(root, &[package])?;
        }
    }
    Ok(())
}

/// Installs the browser that opens the issuer's pages.
pub(super) fn chromium(root: &Path) -> Result<()> {
    if works(StepCommand::program(CHROMIUM, root).args(["--version"]))
        && Path::new(FONT_FILE).exists()
    {
        return Ok(());
    }
    install(root, &[CHROMIUM, FONTS])
}

/// Installs Python with virtual environments. Debian packages the part that fills them separately.
pub(super) fn python(root: &Path) -> Result<()> {
    let says = |script: &str| works(StepCommand::program("python3", root).args(["-c", script]));
    if !says("import ensurepip, venv") {
        install(root, &PYTHON_PACKAGES)?;
    }
    if !says("import sys; sys.exit(sys.version_info < (3, 11))") {
        bail!("Python 3.11 or later is needed for the checker of OpenAPI documents");
    }
    Ok(())
}

/// Installs the tools of the Debian package. Only root can create the clean Debian in which it is tested.
pub(super) fn packaging(root: &Path) -> Result<()> {
    if !is_root(root) {
        return Ok(());
    }
    for (program, package) in PACKAGING {
        if !works(StepCommand::program(program, root).args(["--version"])) {
            install(root, &[package])?;
        }
    }
    Ok(())
}

/// Returns whether this user is root.
pub(super) fn is_root(root: &Path) -> bool {
    let identity = StepCommand::program("id", root).args(["--user"]).captured();
    identity.is_ok_and(|output| output.text.trim() == "0")
}

/// Returns whether the standard library of a target is there.
pub(super) fn target_installed(root: &Path, target: &str) -> Result<bool> {
    let output = StepCommand::program("rustc", root)
        .args(["--print", "target-libdir", "--target", target])
        .captured()?;
    Ok(output.success && Path::new(output.text.trim()).is_dir())
}

/// Installs Debian packages, if that is possible.
fn install(root: &Path, packages: &[&str]) -> Result<()> {
    let names = packages.join(" and ");
    let asked = || format!("{names} must be there for the tests: install, then run this again");
    if !is_root(root) || !works(StepCommand::program("apt-get", root).args(["--version"])) {
        bail!(asked());
    }
    say(&format!("    installing {names} with apt-get"));
    for (arguments, packages) in [
        (&["update", "--quiet"][..], &[][..]),
        (
            &["install", "--quiet", "--yes", "--no-install-recommends"],
            packages,
        ),
    ] {
        StepCommand::program("apt-get", root)
            .args(arguments)
            .args(packages)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .live()
            .with_context(asked)?;
    }
    Ok(())
}

/// Returns the major version of Node.js.
fn node_version(root: &Path) -> Option<u32> {
    let output = StepCommand::program("node", root)
        .args(["--version"])
        .captured()
        .ok()?;
    let version = output.text.trim().strip_prefix('v')?;
    version.split('.').next()?.parse().ok()
}

/// Returns whether a program runs and succeeds.
pub(super) fn works(run: StepCommand) -> bool {
    run.captured().is_ok_and(|output| output.success)
}
