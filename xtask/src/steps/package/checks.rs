//! The checks of the package, in order: each starts from the state that the previous one has left.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use super::{debian::Debian, service::Services};
use crate::{command::StepCommand, dist::Packages};

type Check = fn(&Debian, &Packages) -> Result<()>;

pub(super) const ALL: [(&str, Check); 9] = [
    ("it installs in a clean Debian", installs),
    ("the program says its version", says_version),
    ("the service has a user without a shell", has_user),
    ("each file has its owner and mode", has_owners_and_modes),
    ("systemd takes the units", systemd_takes_units),
    ("there is a man page and a completion", is_described),
    ("the services start as the user and answer", serves),
    ("an upgrade keeps settings, keys and data", upgrades),
    ("a purge leaves keys and data, and nothing else", purges),
];

const PACKAGE: &str = "/tmp/anteroom.deb";
const SETTINGS: &str = "/etc/anteroom/anteroom.toml";
const MASTER_KEY: &str = "/var/lib/anteroom/master.key";
/// A list of the files from before the installation.
const FILES_BEFORE: &str = "/tmp/files-before";

/// Paths outside the package whose files may change: the system's own records.
const RECORDS: [&str; 6] = [
    "/etc/group",
    "/etc/gshadow",
    "/etc/passwd",
    "/etc/shadow",
    "/etc/.pwd.lock",
    "/var",
];

fn installs(debian: &Debian, packages: &Packages) -> Result<()> {
    fs::write(debian.path(FILES_BEFORE), files(debian)?.join("\n"))?;
    fs::copy(&packages.deb, debian.path(PACKAGE))?;
    debian.output("dpkg", &["--install", PACKAGE])?;
    let changed = debian.output("dpkg", &["--verify", "anteroom"])?;
    ensure!(
        changed.is_empty(),
        "files differ from the package: {changed}"
    );
    Ok(())
}

fn says_version(debian: &Debian, packages: &Packages) -> Result<()> {
    let version = debian.output("anteroom", &["--version"])?;
    let name = packages.deb.file_name().unwrap_or_default();
    let expected = name.to_string_lossy().replacen('_', " ", 1);
    let expected = expected.split('-').next().unwrap_or_default();
    ensure!(version.trim() == expected, "{version:?}, not {expected:?}");
    Ok(())
}

fn has_user(debian: &Debian, _: &Packages) -> Result<()> {
    let users = fs::read_to_string(debian.path("/etc/passwd"))?;
    let user = users.lines().find(|line| line.starts_with("anteroom:"));
    let fields: Vec<&str> = user.context("no user")?.split(':').collect();
    let [.., home, shell] = fields[..] else {
        anyhow::bail!("the user has no home");
    };
    ensure!(home == "/var/lib/anteroom", "its home is {home}");
    ensure!(shell.ends_with("/nologin"), "its shell is {shell}");
    Ok(())
}

fn has_owners_and_modes(debian: &Debian, _: &Packages) -> Result<()> {
    let user = identity(debian, "--user")?;
    let group = identity(debian, "--group")?;
    for (path, owner, mode) in [
        ("/usr/bin/anteroom", (0, 0), 0o755),
        ("/usr/lib/systemd/system/anteroom.service", (0, 0), 0o644),
        ("/usr/lib/sysusers.d/anteroom.conf", (0, 0), 0o644),
        ("/etc/anteroom", (0, 0), 0o755),
        (SETTINGS, (0, 0), 0o644),
        ("/etc/anteroom/environment", (0, 0), 0o600),
        ("/usr/share/doc/anteroom/copyright", (0, 0), 0o644),
        ("/var/lib/anteroom", (user, group), 0o700),
        ("/var/backups/anteroom", (user, group), 0o700),
    ] {
        let metadata = fs::symlink_metadata(debian.path(path)).context(path)?;
        let found = (metadata.uid(), metadata.gid());
        ensure!(found == owner, "{path} is of {found:?}, not {owner:?}");
        let bits = metadata.permissions().mode() & 0o7777;
        ensure!(bits == mode, "{path} has the mode {bits:o}, not {mode:o}");
    }
    Ok(())
}

fn identity(debian: &Debian, kind: &str) -> Result<u32> {
    Ok(debian.output("id", &[kind, "anteroom"])?.trim().parse()?)
}

/// Uses the program's path outside the root, since systemd is not installed in it.
fn systemd_takes_units(debian: &Debian, _: &Packages) -> Result<()> {
    let folder = TempDir::new()?;
    let program = debian.path("/usr/bin/anteroom").display().to_string();
    for unit in [
        "anteroom.service",
        "anteroom-backup.service",
        "anteroom-backup.timer",
    ] {
        let text = fs::read_to_string(debian.path(&format!("/usr/lib/systemd/system/{unit}")))?;
        ensure!(
            !text.contains("/usr/local/bin") && !text.contains("/etc/systemd"),
            "{unit} names a place where the package has nothing"
        );
        let text = text.replace("/usr/bin/anteroom", &program);
        fs::write(folder.path().join(unit), text)?;
    }
    let output = StepCommand::program("systemd-analyze", folder.path())
        .args(["verify", "--man=no", "anteroom.service"])
        .args(["anteroom-backup.timer"])
        .captured()?;
    let is_taken = output.success && output.text.is_empty();
    ensure!(is_taken, "systemd complains: {}", output.text);
    Ok(())
}

fn is_described(debian: &Debian, _: &Packages) -> Result<()> {
    for path in [
        "/usr/share/man/man1/anteroom.1.gz",
        "/usr/share/man/man1/anteroom-call-join.1.gz",
        "/usr/share/bash-completion/completions/anteroom",
        "/usr/share/zsh/vendor-completions/_anteroom",
        "/usr/share/fish/vendor_completions.d/anteroom.fish",
    ] {
        let metadata = fs::metadata(debian.path(path)).context(path)?;
        ensure!(metadata.len() > 0, "{path} is empty");
    }
    Ok(())
}

fn serves(debian: &Debian, _: &Packages) -> Result<()> {
    let services = Services::start(debian)?;
    services.check_health()?;
    services.stop()?;
    let metadata = fs::metadata(debian.path(MASTER_KEY)).context("no master key")?;
    let owner = identity(debian, "--user")?;
    ensure!(metadata.uid() == owner, "the master key is of another user");
    Ok(())
}

/// Installing the same package again is an upgrade to `dpkg` too.
fn upgrades(debian: &Debian, _: &Packages) -> Result<()> {
    let mut settings = fs::read_to_string(debian.path(SETTINGS))?;
    settings.push_str("\n# A change of the operator.\n");
    fs::write(debian.path(SETTINGS), &settings)?;
    let key = fs::read(debian.path(MASTER_KEY))?;
    debian.output("dpkg", &["--install", PACKAGE])?;
    ensure!(
        fs::read_to_string(debian.path(SETTINGS))? == settings,
        "the settings are replaced"
    );
    ensure!(
        fs::read(debian.path(MASTER_KEY))? == key,
        "the master key is replaced"
    );
    let services = Services::start(debian)?;
    services.check_health()?;
    services.stop()
}

fn purges(debian: &Debian, _: &Packages) -> Result<()> {
    let output = debian.output("dpkg", &["--purge", "anteroom"])?;
    ensure!(
        output.contains("/var/lib/anteroom stays"),
        "nothing says that data stays: {output}"
    );
    ensure!(
        debian.path(MASTER_KEY).exists(),
        "the master key is lost, and every backup with it"
    );
    let before = fs::read_to_string(debian.path(FILES_BEFORE))?;
    let before: BTreeSet<&str> = before.lines().collect();
    let left: Vec<String> = files(debian)?
        .into_iter()
        .filter(|file| !before.contains(file.as_str()))
        .filter(|file| !RECORDS.iter().any(|record| file.starts_with(record)))
        .filter(|file| !file.starts_with("/tmp/"))
        .collect();
    ensure!(left.is_empty(), "files are left: {}", left.join(", "));
    ensure!(
        !debian.path("/var/backups/anteroom").exists(),
        "an empty folder of backups is left"
    );
    Ok(())
}

/// Returns all files and folders of the root.
fn files(debian: &Debian) -> Result<Vec<String>> {
    let mut files = Vec::new();
    let root = debian.path("/");
    collect(&root, Path::new("/"), &mut files)?;
    Ok(files)
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<String>) -> Result<()> {
    let inside = root.join(folder.strip_prefix("/")?);
    for entry in fs::read_dir(inside)? {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        files.push(path.to_string_lossy().into_owned());
        if entry.file_type()?.is_dir() {
            collect(root, &path, files)?;
        }
    }
    Ok(())
}
