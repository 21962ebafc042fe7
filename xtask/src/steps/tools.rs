//! The tools that the tests need: checked, installed with the machine's own package managers if possible, and
//! reported as missing otherwise.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::{counts::Counts, report::say};
use crate::command::StepCommand;

/// The oldest Node.js that the npm client and its tests run on.
const NODE: u32 = 20;

/// Components of the toolchain: the cargo command that shows that one is there, and its name.
const COMPONENTS: [(&str, &str); 2] = [("fmt", "rustfmt"), ("clippy", "clippy")];

/// Debian's packages of Node.js.
const NODE_PACKAGES: [&str; 2] = ["nodejs", "npm"];

/// A program, an option with which it succeeds, and Debian's package of it.
type Tool = (&'static str, &'static str, &'static str);

/// The HTTP client of the README's tour; the terminal in which the tests run calls; the relay that accepts
/// the issuer's credentials; the reverse proxy and the supervisor whose example files are tested; encoders and
/// decoders of sound and picture.
const TOOLS: [Tool; 7] = [
    ("curl", "--version", "curl"),
    ("tmux", "-V", "tmux"),
    ("turnserver", "--version", "coturn"),
    ("nginx", "-v", "nginx-light"),
    ("systemd-analyze", "--version", "systemd"),
    ("opusenc", "--version", "opus-tools"),
    ("vpxenc", "--help", "vpx-tools"),
];

/// The other media server.
const JANUS: Tool = ("janus", "--help", "janus");

/// The browser of the tests, by Debian's name, and the one family of fonts that they let it see.
const CHROMIUM: &str = "chromium";
const FONTS: &str = "fonts-dejavu-core";
const FONT_FILE: &str = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";

/// Python and its support for virtual environments, by Debian's names.
const PYTHON_PACKAGES: [&str; 2] = ["python3", "python3-venv"];

/// The makers of the Debian package and of the clean Debian in which it is tested.
const PACKAGING: [Tool; 3] = [
    ("dpkg-shlibdeps", "--version", "dpkg-dev"),
    ("strip", "--version", "binutils"),
    ("debootstrap", "--version", "debootstrap"),
];

/// Installs everything that is missing.
pub(super) fn check(root: &Path) -> Result<Counts> {
    rust_components(root)?;
    node(root)?;
    programs(root, &TOOLS)?;
    chromium(root)?;
    install_janus(root)?;
    python(root)?;
    // Only root can create the clean Debian.
    if is_root(root) {
        programs(root, &PACKAGING)?;
    }
    Ok(Counts::CHECK)
}

fn programs(root: &Path, tools: &[Tool]) -> Result<()> {
    for (program, option, package) in tools {
        if !works(StepCommand::program(program, root).args([option])) {
            install(root, &[package])?;
        }
    }
    Ok(())
}

/// Installs rustfmt and clippy.
fn rust_components(root: &Path) -> Result<()> {
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
fn node(root: &Path) -> Result<()> {
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

/// Installs the browser that opens the issuer's pages.
fn chromium(root: &Path) -> Result<()> {
    if works(StepCommand::program(CHROMIUM, root).args(["--version"]))
        && Path::new(FONT_FILE).exists()
    {
        return Ok(());
    }
    install(root, &[CHROMIUM, FONTS])
}

/// Installs the server beside which media are measured. Its service stays off: measurements start one of their own.
///
/// # Errors
/// It cannot be installed.
pub(crate) fn install_janus(root: &Path) -> Result<()> {
    let (program, option, package) = JANUS;
    if works(StepCommand::program(program, root).args([option])) {
        return Ok(());
    }
    install(root, &[package])?;
    // Without systemd there is no service to be turned off.
    let disable = StepCommand::program("systemctl", root).args(["disable", "--now", package]);
    let _no_service = disable.output();
    Ok(())
}

/// Installs Python with virtual environments. Debian packages the part that fills them separately.
fn python(root: &Path) -> Result<()> {
    let says = |script: &str| works(StepCommand::program("python3", root).args(["-c", script]));
    if !says("import ensurepip, venv") {
        install(root, &PYTHON_PACKAGES)?;
    }
    if !says("import sys; sys.exit(sys.version_info < (3, 11))") {
        bail!("Python 3.11 or later is needed for the checker of OpenAPI documents");
    }
    Ok(())
}

/// Returns whether this user is root.
pub(super) fn is_root(root: &Path) -> bool {
    let identity = StepCommand::program("id", root).args(["--user"]).output();
    identity.is_ok_and(|identity| identity.trim() == "0")
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
    let version = StepCommand::program("node", root)
        .args(["--version"])
        .output();
    let version = version.ok()?;
    let version = version.trim().strip_prefix('v')?;
    version.split('.').next()?.parse().ok()
}

/// Returns whether a program runs and succeeds.
pub(super) fn works(run: StepCommand) -> bool {
    run.output().is_ok()
}
