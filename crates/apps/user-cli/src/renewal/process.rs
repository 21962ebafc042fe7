//! The background process that waits for the next renewal.
//!
//! It inherits no open file, no pipe and no directory from the command that starts it.

use std::{
    ffi::OsString,
    path::{self, Path},
    process::{Command, Stdio},
    thread,
};

use anteroom_console::{
    data_dir::DataDir,
    environment::{self, Environment},
};
use anyhow::{Context as _, bail};
use close_fds::CloseFdsBuilder;

use crate::{arguments::ClientFlags, session::IssuerIdentity};

/// The first descriptor after standard input, output and error.
const FIRST_INHERITED: i32 = 3;

/// Variables with the path of a file or directory, which may be relative. `XDG_CONFIG_HOME` is not among
/// them: it is only valid if it is absolute.
const PATHS: &[&str] = &[
    "HOME",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    environment::CONFIG,
    environment::CREDENTIALS_KEY_FILE,
    environment::LINKS_KEY_FILE,
    environment::LOGINS_KEY_FILE,
];

/// Starts a process that waits for the next renewal, unless one is waiting or it could not sign in without a
/// terminal. It sends nothing before that time.
pub(crate) fn start(identity: &IssuerIdentity) {
    if let Err(error) = try_start(identity) {
        tracing::warn!("nothing renews the credentials in the background: {error:#}");
    }
}

/// Returns whether such a process renews the credentials.
pub(crate) fn is_automatic(identity: &IssuerIdentity) -> anyhow::Result<bool> {
    Ok(is_wanted(&identity.context.environment)? && identity.is_unattended())
}

fn try_start(identity: &IssuerIdentity) -> anyhow::Result<()> {
    if !is_automatic(identity)? {
        return Ok(());
    }
    // The lock is released immediately: the new process takes it.
    if identity.credentials()?.lock_renewal()?.is_none() {
        return Ok(());
    }
    let program = std::env::current_exe().context("this program cannot be found")?;
    let mut command = command(&program, &identity.flags, &identity.context.data, |name| {
        std::env::var_os(name)
    })?;
    // Inherited locks and pipes of the caller would stay open as long as the process waits.
    CloseFdsBuilder::new()
        .threadsafe(true)
        .cloexecfrom(FIRST_INHERITED);
    let mut child = command.spawn().context("no process can be started")?;
    // The thread reaps the process if the command outlives it.
    thread::Builder::new()
        .name("renewal".to_owned())
        .spawn(move || child.wait())
        .context("nothing takes note of the end of the process that renews")?;
    Ok(())
}

/// Returns the command of the process. Its directory is `/`, so paths are absolute.
fn command(
    program: &Path,
    flags: &ClientFlags,
    data: &DataDir,
    variable: impl Fn(&str) -> Option<OsString>,
) -> anyhow::Result<Command> {
    let mut command = Command::new(program);
    command
        .args(["credential", "renew", "--wait"])
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    for name in PATHS {
        if let Some(value) = variable(name).filter(|value| !value.is_empty()) {
            command.env(name, absolute(Path::new(&value))?);
        }
    }
    // Other users of the host can read the arguments of a process, but not its variables.
    for (name, value) in [
        (environment::ISSUER_URL, &flags.issuer),
        (environment::ACCOUNT, &flags.account),
    ] {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    if let Some(path) = &flags.password_file {
        command.arg("--password-file").arg(absolute(path)?);
    }
    // The default directory depends on the caller's working directory.
    command.arg("--data").arg(absolute(data.path())?);
    Ok(command)
}

fn absolute(path: &Path) -> anyhow::Result<path::PathBuf> {
    path::absolute(path).with_context(|| format!("{} has no absolute path", path.display()))
}

/// Returns whether commands may start a background process.
fn is_wanted(environment: &Environment) -> anyhow::Result<bool> {
    let variable = environment::RENEWAL;
    let wish = environment.text(variable)?;
    match wish.as_ref().map(|text| text.as_str()) {
        None | Some("background") => Ok(true),
        Some("off") => Ok(false),
        Some(_) => bail!("{variable} is neither \"background\" nor \"off\""),
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, ffi::OsStr};

    use super::*;

    #[test]
    fn the_process_runs_in_the_root_directory_with_absolute_paths_alone() {
        let here = std::env::current_dir().unwrap();
        let flags = ClientFlags {
            password_file: Some("password".into()),
            ..ClientFlags::default()
        };
        let data = DataDir::new("anteroom-data".into());
        let variable = |name: &str| match name {
            environment::CONFIG => Some(OsString::new()),
            "HOME" => Some("/var/ann".into()),
            name => Some(format!("relative/{name}").into()),
        };
        let command = command(Path::new("/bin/anteroom"), &flags, &data, variable).unwrap();
        assert_eq!(command.get_current_dir(), Some(Path::new("/")));
        let arguments: Vec<&OsStr> = command.get_args().skip(3).collect();
        assert_eq!(
            arguments,
            [
                OsStr::new("--password-file"),
                here.join("password").as_os_str(),
                OsStr::new("--data"),
                here.join("anteroom-data").as_os_str(),
            ]
        );
        let variables: BTreeMap<_, _> = command.get_envs().collect();
        assert_eq!(variables.len(), PATHS.len() - 1);
        for (name, value) in variables {
            let value = Path::new(value.unwrap());
            if name == "HOME" {
                assert_eq!(value, Path::new("/var/ann"));
            } else {
                assert_eq!(value, here.join("relative").join(name));
            }
        }
    }
}
