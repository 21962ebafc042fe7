//! `anteroom serve` as a process.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use anteroom_client::{DeviceCredentials, DeviceId};
use anteroom_process::{LineProcess, SERVICES_LISTEN};
use anteroom_protocol::Aci;
use anyhow::{Context as _, Result, anyhow, bail, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::SecretString;
use serde::Deserialize;
use tempfile::TempDir;
use tokio::{process::Command, task::spawn_blocking};

/// A port of one's own.
const ANY: &str = "127.0.0.1:0";
/// The maximum number of log lines that are kept for display.
const MAX_COMPLAINTS: usize = 20;

/// The budgets that a load from one address, or of few accounts, would reach.
const BUDGETS: [&str; 5] = [
    "ANTEROOM_LIMITS_BATCHES_CAPACITY",
    "ANTEROOM_LIMITS_WORK_WAITING",
    "ANTEROOM_LIMITS_WORK_WAITING_PER_ACCOUNT",
    "ANTEROOM_LIMITS_VERIFICATIONS_CAPACITY",
    "ANTEROOM_LIMITS_VERIFICATIONS_PER_SECOND",
];
const PLENTY: &str = "1000000";

/// A data directory, and the program that serves it.
pub(crate) struct ServerSetup {
    program: PathBuf,
    /// The cores that the services are pinned to, as `taskset` takes them.
    cores: Option<String>,
    /// Variables that are set for the services.
    settings: Vec<(&'static str, String)>,
    folder: TempDir,
}

/// Running services. They are killed on drop.
pub(crate) struct Server {
    process: LineProcess,
    unexpected: UnexpectedLogLines,
    pub(crate) addresses: Addresses,
}

/// Lines of the log that should not be in it.
#[derive(Default)]
struct UnexpectedLogLines {
    /// The first errors and panics.
    lines: Vec<String>,
    /// The first panic.
    panic: Option<String>,
}

/// The addresses of the services.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Addresses {
    pub(crate) issuer: String,
    pub(crate) rooms: String,
}

/// The resources of a process at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ResourceUsage {
    /// Resident memory, in KiB.
    pub(crate) memory: u64,
    /// Open files and sockets.
    pub(crate) files: usize,
}

/// An account's first device, as it is printed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewAccount {
    uuid: String,
    device_id: u32,
    password: String,
}

impl NewAccount {
    pub(crate) fn aci(&self) -> Result<Aci> {
        Ok(Aci::parse(&self.uuid)?)
    }

    pub(crate) fn credentials(&self) -> Result<DeviceCredentials> {
        let device = DeviceId::new(self.device_id).context("a device without a number")?;
        let password = SecretString::from(self.password.clone());
        Ok(DeviceCredentials::new(self.aci()?, device, password))
    }

    /// Returns the value of the `Authorization` header.
    pub(crate) fn authorization(&self) -> String {
        let Self {
            uuid,
            device_id,
            password,
        } = self;
        let plain = format!("{uuid}.{device_id}:{password}");
        format!("Basic {}", STANDARD.encode(plain))
    }
}

impl Addresses {
    /// Returns host and port of the issuer.
    pub(crate) fn host_of_issuer(&self) -> Result<String> {
        host_of(&self.issuer)
    }

    /// Returns host and port of the room service.
    pub(crate) fn host_of_rooms(&self) -> Result<String> {
        host_of(&self.rooms)
    }
}

/// Returns host and port of a URL without a path.
pub(crate) fn host_of(url: &str) -> Result<String> {
    let (_, host) = url
        .split_once("://")
        .context("an address without a scheme")?;
    Ok(host.trim_end_matches('/').to_owned())
}

impl ServerSetup {
    pub(crate) fn new(program: &Path, cores: Option<String>) -> Result<Self> {
        let program = program
            .canonicalize()
            .with_context(|| format!("{} is not there", program.display()))?;
        Ok(Self {
            program,
            cores,
            settings: Vec::new(),
            folder: TempDir::new()?,
        })
    }

    /// Creates a setup with budgets that a load from one address does not reach.
    pub(crate) fn with_plenty(program: &Path, cores: Option<String>) -> Result<Self> {
        let mut place = Self::new(program, cores)?;
        place.settings = BUDGETS.map(|name| (name, PLENTY.to_owned())).into();
        Ok(place)
    }

    /// Sets a setting.
    pub(crate) fn with_setting(mut self, variable: &'static str, value: &impl ToString) -> Self {
        self.settings.push((variable, value.to_string()));
        self
    }

    /// Starts the services on ports of their own.
    pub(crate) async fn start(&self) -> Result<Server> {
        self.start_on(ANY, ANY).await
    }

    /// Restarts services that are gone, at their addresses.
    pub(crate) async fn start_again(&self, addresses: &Addresses) -> Result<Server> {
        let (issuer, rooms) = (addresses.host_of_issuer()?, addresses.host_of_rooms()?);
        self.start_on(&issuer, &rooms).await
    }

    /// Adds an account with one device, and returns the program's output.
    pub(crate) async fn add(&self) -> Result<NewAccount> {
        let output = self.add_with(&[]).await.context("no account")?;
        serde_json::from_slice(&output).map_err(|_| anyhow!("`account add` printed something else"))
    }

    /// Adds an account that signs in with an email address and this password.
    pub(crate) async fn add_login(&self, email: &str, password: &str) -> Result<()> {
        let file = self.folder.path().join("password");
        fs::write(&file, password)?;
        let options = ["--email", email, "--password-file"].map(OsStr::new);
        let options = [&options[..], &[file.as_os_str()]].concat();
        self.add_with(&options).await.context("no login")?;
        Ok(())
    }

    async fn add_with(&self, options: &[&OsStr]) -> Result<Vec<u8>> {
        let output = self
            .command(None)
            .args(["account", "add", "--json"])
            .args(options)
            .stdin(Stdio::null())
            .output()
            .await?;
        let error = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{}", error.trim_end());
        Ok(output.stdout)
    }

    async fn start_on(&self, issuer: &str, rooms: &str) -> Result<Server> {
        let mut command = self.command(self.cores.as_deref());
        command
            .arg("serve")
            .env("ANTEROOM_ISSUER_LISTEN", issuer)
            .env("ANTEROOM_ROOMS_LISTEN", rooms)
            .env("ANTEROOM_MEDIA_LISTEN", "127.0.0.1")
            .env("ANTEROOM_MEDIA_PORT", "0")
            // They count, also in place of those.
            .envs(self.settings.iter().map(|(name, value)| (name, value)));
        let started = spawn_blocking(|| {
            let mut process = LineProcess::start_service(command.into_std())?;
            process.wait_for(SERVICES_LISTEN)?;
            anyhow::Ok(process)
        });
        let process = started.await?.context("the services do not get ready")?;
        let listen = self.data().join("listen.json");
        let addresses = serde_json::from_slice(&fs::read(&listen)?)?;
        Ok(Server {
            process,
            unexpected: UnexpectedLogLines::default(),
            addresses,
        })
    }

    /// Creates a command that inherits no variable of this process.
    fn command(&self, cores: Option<&str>) -> Command {
        let mut command = match cores {
            Some(cores) => {
                let mut command = Command::new("taskset");
                command.args(["--cpu-list", cores]).arg(&self.program);
                command
            }
            None => Command::new(&self.program),
        };
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("ANTEROOM_DATA", self.data())
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder.path());
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }
}

impl Server {
    /// Ends it by SIGKILL.
    pub(crate) fn kill(mut self) -> Result<()> {
        self.check()
    }

    /// Fails if it has ended, or has logged an error or a panic.
    pub(crate) fn check(&mut self) -> Result<()> {
        self.check_alive()?;
        if !self.unexpected.lines.is_empty() {
            let lines = self.unexpected.lines.join("\n");
            bail!("the services complain:\n{lines}");
        }
        Ok(())
    }

    /// Fails if it has ended or panicked. Errors are allowed: refusals under load are some.
    pub(crate) fn check_alive(&mut self) -> Result<()> {
        if let Some(status) = self.process.status()? {
            bail!("the services have ended: {status}");
        }
        for line in self.process.new_lines() {
            self.unexpected.note(line);
        }
        if let Some(panic) = &self.unexpected.panic {
            bail!("the services panicked: {panic}");
        }
        Ok(())
    }

    /// Returns the process.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn resource_usage(&self) -> Result<ResourceUsage> {
        let folder = Path::new("/proc").join(self.pid().to_string());
        let status = fs::read_to_string(folder.join("status")).context("no /proc")?;
        let memory = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|line| line.split_whitespace().next())
            .context("no resident memory")?
            .parse()?;
        let files = fs::read_dir(folder.join("fd"))?.count();
        Ok(ResourceUsage { memory, files })
    }
}

impl UnexpectedLogLines {
    fn note(&mut self, line: String) {
        let panicked = line.contains("panicked");
        if !panicked && !line.contains("ERROR") {
            return;
        }
        if panicked {
            self.panic.get_or_insert_with(|| line.clone());
        }
        if self.lines.len() < MAX_COMPLAINTS {
            self.lines.push(line);
        }
    }
}
