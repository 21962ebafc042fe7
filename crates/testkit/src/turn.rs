//! A real relay, coturn as a process, and a client of it.

use std::{
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use anteroom_process::LineProcess;
use anteroom_turn::{RelayUrl, TrialError, try_relay};
use tempfile::TempDir;
use tokio::{
    net::{TcpListener, UdpSocket},
    task::spawn_blocking,
};

use crate::{LogGuard, TestCertificate};

/// The time limit of an answer, much longer than any takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A coturn process on a free port of the loopback interface. It is killed on drop.
pub struct TurnServer {
    addresses: [SocketAddr; 2],
    _process: LineProcess,
    _directory: TempDir,
}

impl TurnServer {
    /// Starts a relay that shares this secret with the issuer of credentials.
    ///
    /// # Panics
    /// `turnserver` is not installed or does not start.
    pub async fn start(secret: &str) -> Self {
        Self::start_with(secret, None).await
    }

    /// Starts a relay with a certificate, for TLS at [`Self::encrypted_address`].
    ///
    /// # Panics
    /// `turnserver` is not installed or does not start.
    pub async fn start_encrypted(secret: &str, certificate: &TestCertificate) -> Self {
        Self::start_with(secret, Some(certificate)).await
    }

    async fn start_with(secret: &str, certificate: Option<&TestCertificate>) -> Self {
        LogGuard::global().watch_text("relay secret", secret);
        let directory = tempfile::tempdir().expect("a temporary directory");
        let ports = [free_port().await, free_port().await];
        let file = directory.path().join("turnserver.conf");
        let mut settings = configuration(directory.path(), ports, secret);
        match certificate {
            Some(certificate) => {
                let (pem, key) = (directory.path().join("pem"), directory.path().join("key"));
                certificate.write(&pem, &key);
                settings += &format!("cert={}\npkey={}\n", pem.display(), key.display());
            }
            None => settings += "no-tls\n",
        }
        std::fs::write(&file, settings).expect("a settings file");
        let mut command = Command::new("turnserver");
        command.arg("-c").arg(&file).stderr(Stdio::null());
        let started = spawn_blocking(|| {
            let mut process = LineProcess::start_dialogue(command)?;
            process.wait_for("Total General servers").map(|_| process)
        });
        let process = started.await.expect("the wait ends").expect(
            "turnserver, of Debian's package coturn, must be installed for this test and start",
        );
        Self {
            addresses: ports.map(|port| SocketAddr::from(([127, 0, 0, 1], port))),
            _process: process,
            _directory: directory,
        }
    }

    /// Returns the address for UDP and TCP.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// Returns the address for TLS, if the relay has a certificate.
    #[must_use]
    pub const fn encrypted_address(&self) -> SocketAddr {
        self.addresses[1]
    }

    /// Requests an allocation with these credentials, and returns the relayed address.
    ///
    /// # Errors
    /// The code with which the relay refuses.
    ///
    /// # Panics
    /// The relay does not answer, or not as RFC 8656 specifies.
    pub async fn allocate(&self, username: &str, password: &str) -> Result<SocketAddr, u16> {
        let url = RelayUrl::parse(&format!("turn:{}", self.address())).expect("a URL");
        match try_relay(&url, None, username, password, PATIENCE).await {
            Ok(relayed) => Ok(relayed),
            Err(TrialError::Refused(code)) => Err(code),
            Err(error) => unreachable!("{error}"),
        }
    }
}

fn configuration(directory: &Path, [port, tls_port]: [u16; 2], secret: &str) -> String {
    let directory = directory.display();
    format!(
        "listening-ip=127.0.0.1\n\
         relay-ip=127.0.0.1\n\
         listening-port={port}\n\
         tls-listening-port={tls_port}\n\
         no-dtls\n\
         no-cli\n\
         use-auth-secret\n\
         static-auth-secret={secret}\n\
         realm=relay.example\n\
         log-file=stdout\n\
         simple-log\n\
         pidfile={directory}/pid\n\
         userdb={directory}/db\n"
    )
}

/// Returns a port that is free for both transports.
async fn free_port() -> u16 {
    loop {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("the port's address");
        if UdpSocket::bind(address).await.is_ok() {
            return address.port();
        }
    }
}
