//! Debian's compiler for browsers, which brings the sources of the standard library.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::{
    command::StepCommand,
    steps::{folder::files_in, report::say},
};

/// The target of browsers.
pub(super) const TARGET: &str = "wasm32-unknown-unknown";

/// The compiler, and the sources of its standard library.
const PACKAGES: [&str; 2] = ["rustc-web", "rust-web-src"];

/// Words of the records of packages that belong to the compiler.
const PACKAGES_OF_COMPILER: [&str; 2] = ["rustc-web", "rust-web"];

/// The folders that the compiler needs: itself, libraries, and sources.
const NEEDED: [&str; 3] = ["bin", "lib", "src"];

/// Large folders below the sources that the standard library does not need.
const NEEDLESS: [&str; 2] = ["compiler", "src"];

/// The oldest compiler for this workspace.
const OLDEST: &str = env!("CARGO_PKG_RUST_VERSION");

/// The records of this machine's packages.
const STATUS: &str = "/var/lib/dpkg/status";

/// A compiler that builds the standard library itself.
pub(super) struct Toolchain {
    /// The folder of its `bin`, `lib` and `src`.
    folder: PathBuf,
}

impl Toolchain {
    /// Returns the toolchain below the target directory. Downloads it if it is missing or too old.
    ///
    /// It is only unpacked, not installed: root is not needed.
    pub(super) fn of_debian(root: &Path, target: &Path) -> Result<Self> {
        let kept = Self {
            folder: target.join("wasm-toolchain"),
        };
        if kept.check(root).is_err() {
            kept.download(root, target).with_context(advice)?;
            kept.check(root).with_context(advice)?;
        }
        Ok(kept)
    }

    /// Turns a command of cargo into one that uses this toolchain.
    pub(super) fn compile(&self, cargo: StepCommand) -> Result<StepCommand> {
        Ok(cargo
            .args(["-Z", "build-std=std,panic_abort"])
            // The option is not stable yet.
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTC", self.compiler())
            .env("LD_LIBRARY_PATH", self.libraries()?))
    }

    fn compiler(&self) -> PathBuf {
        self.folder.join("bin/rustc")
    }

    /// Returns the folders of libraries, whose names are those of the machine's architecture.
    fn libraries(&self) -> Result<String> {
        let mut folders = Vec::new();
        for entry in fs::read_dir(self.folder.join("lib"))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.contains("-linux-gnu") {
                folders.push(path);
            }
        }
        let paths = env::join_paths(folders)?;
        Ok(paths.to_string_lossy().into_owned())
    }

    /// Checks that the compiler runs, is recent enough and has the sources.
    fn check(&self, root: &Path) -> Result<()> {
        let libraries = self.libraries().context("there is no such toolchain")?;
        let sources = self.folder.join("lib/rustlib/src/rust/library/Cargo.lock");
        ensure!(sources.exists(), "the standard library has no sources");
        let output = StepCommand::new(self.compiler().as_os_str(), PACKAGES[0], root)
            .args(["--version"])
            .env("LD_LIBRARY_PATH", libraries)
            .output()?;
        ensure!(
            is_recent(&output, OLDEST),
            "{} is too old: {}",
            PACKAGES[0],
            output.trim()
        );
        Ok(())
    }

    fn download(&self, root: &Path, target: &Path) -> Result<()> {
        let names = PACKAGES.join(" and ");
        say(&format!(
            "    downloading Debian's {names} (150 MB, once) with apt-get"
        ));
        let folder = TempDir::with_prefix_in("wasm-toolchain-", target)?;
        let apt = Apt::new(folder.path())?;
        apt.run(root, &["update"])?;
        let install = ["install", "--download-only", "--no-install-recommends"];
        apt.run(root, &[&install[..], &PACKAGES].concat())?;
        let unpacked = folder.path().join("root");
        for package in apt.downloads()? {
            StepCommand::program("dpkg-deb", root)
                .args(["--extract".as_ref(), package.as_os_str()])
                .args([&unpacked])
                .quietly()?;
        }
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder)?;
        }
        let usr = unpacked.join("usr");
        let unfinished = folder.path().join("usr");
        fs::create_dir(&unfinished)?;
        for part in NEEDED {
            fs::rename(usr.join(part), unfinished.join(part))
                .with_context(|| format!("{names} bring no usr/{part}"))?;
        }
        for sources in fs::read_dir(unfinished.join("src"))? {
            let sources = sources?.path();
            for part in NEEDLESS.map(|part| sources.join(part)) {
                if part.exists() {
                    fs::remove_dir_all(part)?;
                }
            }
        }
        Ok(fs::rename(unfinished, &self.folder)?)
    }
}

/// The `apt-get` of this machine, with its package sources and a state of its own in a folder.
struct Apt {
    folder: PathBuf,
}

impl Apt {
    fn new(folder: &Path) -> Result<Self> {
        for folder in ["lists/partial", "cache/archives/partial"].map(|part| folder.join(part)) {
            fs::create_dir_all(folder)?;
        }
        let status =
            fs::read_to_string(STATUS).context("this machine has no packages of Debian")?;
        fs::write(folder.join("status"), without_compiler(&status))?;
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    fn run(&self, root: &Path, arguments: &[&str]) -> Result<()> {
        let option = |name: &str, file: &str| {
            format!("--option={name}={}", self.folder.join(file).display())
        };
        StepCommand::program("apt-get", root)
            .args(["--quiet", "--yes"])
            .args([
                option("Dir::State::lists", "lists"),
                option("Dir::State::status", "status"),
                option("Dir::Cache", "cache"),
            ])
            // The user of apt's downloads cannot write below the target directory.
            .args(["--option=APT::Sandbox::User=root"])
            .args(arguments)
            .quietly()
    }

    fn downloads(&self) -> Result<Vec<PathBuf>> {
        files_in(&self.folder.join("cache/archives"), ".deb")
    }
}

/// Returns the records of packages without those of the compiler: apt downloads no package that is installed.
fn without_compiler(status: &str) -> String {
    let records = status.split_inclusive("\n\n");
    records
        .filter(|record| {
            !PACKAGES_OF_COMPILER
                .iter()
                .any(|word| record.contains(word))
        })
        .collect()
}

/// Returns whether the version in a line of `rustc --version` is at least the oldest.
fn is_recent(line: &str, oldest: &str) -> bool {
    let numbers = |version: &str| -> Option<Vec<u32>> {
        let parts = version.split('.').take(2);
        parts.map(|part| part.parse().ok()).collect()
    };
    let version = line.split_whitespace().nth(1).and_then(numbers);
    version.is_some() && version >= numbers(oldest)
}

/// Returns the way to what is missing.
fn advice() -> String {
    format!(
        "the pure crates must be checked for {TARGET}: run `rustup target add {TARGET}`, or use a Debian whose \
         package sources offer {packages} {OLDEST} or later",
        packages = PACKAGES.join(" and "),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compiler_as_old_as_the_workspace_demands_is_recent() {
        for (line, recent) in [
            ("rustc 1.95.0 (59807616e 2026-04-14)", true),
            (
                "rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)\n",
                true,
            ),
            ("rustc 1.100.1-nightly (abc 2027-01-01)", true),
            ("rustc 2.0.0", true),
            ("rustc 1.94.9", false),
            ("rustc 1.85.0 (4d91de4e4 2025-02-17)", false),
            ("rustc", false),
            ("", false),
        ] {
            assert_eq!(is_recent(line, "1.95"), recent, "{line}");
        }
    }

    #[test]
    fn packages_of_the_compiler_count_as_not_installed() {
        let gcc = "Package: gcc\nStatus: install ok installed\n\n";
        let compiler = "Package: rustc-web\nStatus: install ok installed\n\n";
        let library = "Package: libstd-rust-web-dev\nSource: rustc-web\n\n";
        let cargo = "Package: cargo-web\nDepends: rustc-web (= 1.96.0)\n\n";
        let libc = "Package: libc6\n";
        let status = [gcc, compiler, library, cargo, libc].concat();
        assert_eq!(without_compiler(&status), [gcc, libc].concat());
    }

    #[test]
    fn a_missing_toolchain_is_named_with_both_ways_to_it() {
        let folder = TempDir::new().unwrap();
        let toolchain = Toolchain {
            folder: folder.path().join("wasm-toolchain"),
        };
        assert!(toolchain.check(folder.path()).is_err());
        for word in [
            "rustup target add wasm32-unknown-unknown",
            "rustc-web",
            "rust-web-src",
            OLDEST,
        ] {
            assert!(advice().contains(word), "{word}");
        }
    }
}
