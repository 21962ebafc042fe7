//! The installed program's services.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    process::Command,
    time::Duration,
};

use anteroom_process::{LineProcess, SERVICES_LISTEN};
use anyhow::{Context as _, Result, ensure};

use super::debian::Debian;

/// The time limit of an answer, much longer than any takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Running services. They are killed on drop.
pub(super) struct Services {
    process: LineProcess,
    /// The addresses of the issuer and the room service.
    addresses: [String; 2],
}

impl Services {
    /// Starts them as the unit does, but for the ports, and waits until both listen.
    pub(super) fn start(debian: &Debian) -> Result<Self> {
        // `timeout` ends a hanging process, which fails the check.
        let mut command = Command::new("timeout");
        command
            .args(["--kill-after=5", "60", "chroot"])
            .args(["--userspec=anteroom:anteroom", "--groups="])
            .arg(debian.path("/"))
            .args(["/usr/bin/anteroom", "serve"])
            .args(["--data", "/var/lib/anteroom"])
            .args(["--config", "/etc/anteroom/anteroom.toml"])
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("ANTEROOM_ISSUER_LISTEN", "127.0.0.1:0")
            .env("ANTEROOM_ROOMS_LISTEN", "127.0.0.1:0")
            .env("ANTEROOM_MEDIA_LISTEN", "127.0.0.1")
            .env("ANTEROOM_MEDIA_PORT", "0");
        let mut process = LineProcess::start_service(command)?;
        process.wait_for(SERVICES_LISTEN)?;
        let address = |service: &str| {
            let start = format!("{service} listens on http://");
            let found = process
                .seen()
                .iter()
                .find_map(|line| line.split_once(&start));
            let (_, address) = found.with_context(|| format!("{service} does not listen"))?;
            anyhow::Ok(address.trim_end().to_owned())
        };
        let addresses = [address("the issuer")?, address("the room service")?];
        Ok(Self { process, addresses })
    }

    /// Asks both whether they can do their work.
    pub(super) fn check_health(&self) -> Result<()> {
        for address in &self.addresses {
            let mut stream = TcpStream::connect(address)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            write!(
                stream,
                "GET /health/ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
            )?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            ensure!(answer.starts_with("HTTP/1.1 200 "), "{address}: {answer}");
            ensure!(answer.contains("\"status\":\"ok\""), "{address}: {answer}");
        }
        Ok(())
    }

    /// Ends them as a supervisor does. They must succeed.
    pub(super) fn stop(self) -> Result<()> {
        // `timeout` passes the signal on.
        let (status, log) = self.process.stop()?;
        let log = log.join("\n");
        ensure!(status.success(), "the services end with {status}:\n{log}");
        Ok(())
    }
}
