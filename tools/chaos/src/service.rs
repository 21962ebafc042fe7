//! The services, and accounts and a link of theirs.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anteroom_process::{LineProcess, SERVICES_LISTEN};
use anyhow::{Context as _, Result, ensure};
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

/// The budgets that many people at one address would reach.
const BUDGETS: [&str; 7] = [
    "ANTEROOM_LIMITS_BATCHES_CAPACITY",
    "ANTEROOM_LIMITS_GUESTS_PER_HOUR",
    "ANTEROOM_LIMITS_ALL_GUESTS_PER_HOUR",
    "ANTEROOM_LIMITS_GUEST_JOINS_CAPACITY",
    "ANTEROOM_LIMITS_VERIFICATIONS_CAPACITY",
    "ANTEROOM_LIMITS_VERIFICATIONS_PER_SECOND",
    "ANTEROOM_HTTP_UPGRADES_PER_ADDRESS",
];
const PLENTY: &str = "10000";

/// The services.
pub(crate) struct Services {
    program: PathBuf,
    folder: TempDir,
    process: Option<LineProcess>,
    pub(crate) issuer: String,
    pub(crate) rooms: String,
    /// Errors in the log, and panics.
    complaints: Vec<String>,
}

/// An account with one device.
pub(crate) struct Account {
    pub(crate) uuid: String,
    pub(crate) password: String,
}

impl Services {
    /// Starts the services on free ports.
    pub(crate) fn start(program: &Path) -> Result<Self> {
        let mut services = Self {
            program: program.to_owned(),
            folder: TempDir::new()?,
            process: None,
            issuer: "127.0.0.1:0".to_owned(),
            rooms: "127.0.0.1:0".to_owned(),
            complaints: Vec::new(),
        };
        services.start_again()?;
        let listen = fs::read(services.folder.path().join("data/listen.json"))?;
        let listen: Value = serde_json::from_slice(&listen)?;
        let host = |name: &str| {
            let url = text(&listen, name)?;
            let host = url.trim_start_matches("http://").trim_end_matches('/');
            anyhow::Ok(host.to_owned())
        };
        (services.issuer, services.rooms) = (host("issuer")?, host("rooms")?);
        Ok(services)
    }

    /// Returns the folder in which the link was created.
    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Starts services that are gone, at their addresses.
    pub(crate) fn start_again(&mut self) -> Result<()> {
        let mut command = self.command();
        command
            .arg("serve")
            .env("ANTEROOM_ISSUER_LISTEN", &self.issuer)
            .env("ANTEROOM_ROOMS_LISTEN", &self.rooms)
            .env("ANTEROOM_MEDIA_LISTEN", "127.0.0.1")
            .env("ANTEROOM_MEDIA_PORT", "0")
            .env("ANTEROOM_MEDIA_THREADS", "1");
        let mut process = LineProcess::start_service(command)?;
        process.wait_for(SERVICES_LISTEN)?;
        self.process = Some(process);
        Ok(())
    }

    /// Ends the services: by SIGKILL, or by SIGTERM, on which they say goodbye.
    pub(crate) fn end(&mut self, is_killed: bool) -> Result<()> {
        self.check()?;
        let Some(process) = self.process.take() else {
            return Ok(());
        };
        if !is_killed {
            process.signal(Signal::TERM)?;
            process.end()?;
        }
        Ok(())
    }

    /// Takes note of errors in the log.
    ///
    /// # Errors
    /// The services have ended by themselves.
    pub(crate) fn check(&mut self) -> Result<()> {
        let Some(process) = &mut self.process else {
            return Ok(());
        };
        for line in process.new_lines() {
            if line.contains("\"ERROR\"") || line.contains(" ERROR ") || line.contains("panicked") {
                self.complaints.push(line);
            }
        }
        ensure!(process.status()?.is_none(), "the services have ended");
        Ok(())
    }

    /// Returns the errors of the log.
    pub(crate) fn complaints(&self) -> &[String] {
        &self.complaints
    }

    /// Adds an account.
    pub(crate) fn add_account(&self) -> Result<Account> {
        let added = self.json(&["account", "add", "--json"], &[])?;
        Ok(Account {
            uuid: text(&added, "uuid")?,
            password: text(&added, "password")?,
        })
    }

    /// Creates a link by which everybody is in at once, guests too. Its admin secret stays in the folder of the
    /// services.
    pub(crate) fn create_link(&self, account: &Account) -> Result<String> {
        let account = [
            ("ANTEROOM_ACCOUNT", account.uuid.as_str()),
            ("ANTEROOM_DEVICE_PASSWORD", &account.password),
        ];
        let command = ["link", "create", "--json", "--name", "Chaos"];
        let made = self.json(&[&command[..], &["--approval", "off"]].concat(), &account)?;
        let link = text(&made, "link")?;
        let guests = ["link", "guests", &link, "accounts", "--json"];
        self.json(&guests, &account)?;
        Ok(link)
    }

    fn json(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Result<Value> {
        let mut command = self.command();
        command.args(arguments).envs(variables.iter().copied());
        let output = command.stdin(Stdio::null()).output()?;
        let error = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "{arguments:?}: {}",
            error.trim_end()
        );
        serde_json::from_slice(&output.stdout).context("no JSON")
    }

    fn command(&self) -> Command {
        let mut command = bare_command(&self.program, self.folder.path());
        command
            .env("ANTEROOM_DATA", self.folder.path().join("data"))
            .envs(BUDGETS.map(|name| (name, PLENTY)));
        command
    }
}

fn text(value: &Value, name: &str) -> Result<String> {
    let text = value.get(name).and_then(Value::as_str);
    text.map(ToOwned::to_owned)
        .with_context(|| format!("no {name}"))
}

/// Creates a command that inherits nothing but the path.
pub(crate) fn bare_command(program: impl AsRef<OsStr>, home: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .env("ANTEROOM_RENEWAL", "off")
        .current_dir(home);
    command
}
