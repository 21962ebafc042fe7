//! The installed program's services.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, ChildStderr, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};

use super::debian::Debian;

/// The time limit of a wait, much longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Running services. They are killed on drop.
pub(super) struct Services {
    process: Child,
    log: BufReader<ChildStderr>,
    /// The addresses of the issuer and the room service.
    addresses: [String; 2],
}

impl Services {
    /// Starts them as the unit does, but for the ports, and waits until both listen.
    pub(super) fn start(debian: &Debian) -> Result<Self> {
        // `timeout` ends a hanging process, which fails the check.
        let mut process = Command::new("timeout")
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
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("the services do not start")?;
        let log = process.stderr.take().context("no log")?;
        let mut services = Self {
            process,
            log: BufReader::new(log),
            addresses: [String::new(), String::new()],
        };
        let mut seen = String::new();
        while services.addresses.iter().any(String::is_empty) {
            let mut line = String::new();
            let read = services.log.read_line(&mut line)?;
            ensure!(read > 0, "the services end before they listen:\n{seen}");
            for (service, address) in ["the issuer", "the room service"]
                .iter()
                .zip(&mut services.addresses)
            {
                let start = format!("{service} listens on http://");
                if let Some((_, listens)) = line.split_once(&start) {
                    listens.trim_end().clone_into(address);
                }
            }
            seen.push_str(&line);
        }
        Ok(services)
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
    pub(super) fn stop(mut self) -> Result<()> {
        // `timeout` passes the signal on.
        let process = self.process.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &process]).status()?;
        ensure!(sent.success(), "the services have ended by themselves");
        let mut rest = String::new();
        self.log.read_to_string(&mut rest)?;
        let status = self.process.wait()?;
        if !status.success() {
            bail!("the services end with {status}:\n{rest}");
        }
        Ok(())
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
