//! The services, and accounts of theirs.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anteroom_client::{Client, ClientOptions, DeviceCredentials};
use anteroom_process::{LineProcess, SERVICES_LISTEN};
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;
use tokio::task::spawn_blocking;

/// The budgets that many people at one address would reach.
const BUDGETS: [&str; 5] = [
    "ANTEROOM_LIMITS_BATCHES_CAPACITY",
    "ANTEROOM_LIMITS_VERIFICATIONS_CAPACITY",
    "ANTEROOM_LIMITS_VERIFICATIONS_PER_SECOND",
    "ANTEROOM_LIMITS_WORK_WAITING",
    "ANTEROOM_HTTP_UPGRADES_PER_ADDRESS",
];
const PLENTY: &str = "10000";

/// The running services. They are killed on drop.
pub(crate) struct Services {
    program: PathBuf,
    folder: TempDir,
    process: LineProcess,
    issuer: String,
    /// The URL of the room service.
    pub(crate) rooms: String,
    /// Errors in the log, and panics.
    complaints: Vec<String>,
}

/// An account with one device.
#[derive(Clone)]
pub(crate) struct Account {
    uuid: String,
    password: String,
}

impl Services {
    /// Starts the services on free ports.
    pub(crate) fn start(program: &Path) -> Result<Self> {
        let folder = TempDir::new()?;
        let mut command = bare_command(program, folder.path());
        command
            .arg("serve")
            .env("ANTEROOM_ISSUER_LISTEN", "127.0.0.1:0")
            .env("ANTEROOM_ROOMS_LISTEN", "127.0.0.1:0")
            .env("ANTEROOM_MEDIA_LISTEN", "127.0.0.1")
            .env("ANTEROOM_MEDIA_PORT", "0")
            .env("ANTEROOM_MEDIA_THREADS", "1");
        let mut process = LineProcess::start_service(command)?;
        process.wait_for(SERVICES_LISTEN)?;
        let listen = fs::read(folder.path().join("data/listen.json"))?;
        let listen: Value = serde_json::from_slice(&listen)?;
        Ok(Self {
            program: program.to_owned(),
            folder,
            process,
            issuer: text(&listen, "issuer")?,
            rooms: text(&listen, "rooms")?,
            complaints: Vec::new(),
        })
    }

    /// Adds accounts.
    pub(crate) async fn add_accounts(&self, count: u32) -> Result<Vec<Account>> {
        let mut accounts = Vec::new();
        for _ in 0..count {
            let mut command = bare_command(&self.program, self.folder.path());
            command.args(["account", "add", "--json"]);
            let output = spawn_blocking(move || command.stdin(Stdio::null()).output());
            let output = output.await??;
            ensure!(output.status.success(), "no account is added");
            let added: Value = serde_json::from_slice(&output.stdout)?;
            accounts.push(Account {
                uuid: text(&added, "uuid")?,
                password: text(&added, "password")?,
            });
        }
        Ok(accounts)
    }

    /// Connects a client of an account that reaches the room service at an address.
    pub(crate) async fn client(&self, account: &Account, rooms: &str) -> Result<Client> {
        let device = DeviceCredentials::parse(&account.uuid, account.password.as_str())?;
        let options = ClientOptions {
            rooms: Some(rooms.to_owned()),
            ..ClientOptions::default()
        };
        Ok(Client::connect_with(&self.issuer, device, options).await?)
    }

    /// Returns the errors of the log.
    ///
    /// # Errors
    /// The services have ended by themselves.
    pub(crate) fn complaints(&mut self) -> Result<&[String]> {
        for line in self.process.new_lines() {
            if line.contains("\"ERROR\"") || line.contains(" ERROR ") || line.contains("panicked") {
                self.complaints.push(line);
            }
        }
        let is_running = self.process.status()?.is_none();
        ensure!(is_running, "the services have ended");
        Ok(&self.complaints)
    }
}

/// Creates a command that inherits nothing but the path.
fn bare_command(program: &Path, home: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .env("ANTEROOM_RENEWAL", "off")
        .env("ANTEROOM_DATA", home.join("data"))
        .envs(BUDGETS.map(|budget| (budget, PLENTY)))
        .current_dir(home);
    command
}

fn text(value: &Value, name: &str) -> Result<String> {
    let text = value.get(name).and_then(Value::as_str);
    Ok(text
        .with_context(|| format!("no {name} in {value}"))?
        .to_owned())
}
