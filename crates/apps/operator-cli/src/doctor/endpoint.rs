//! A service as clients reach it: name, port, certificate, and the service behind all that.

use std::{collections::BTreeSet, net::SocketAddr, time::Duration};

use anteroom_client::{Probe, ProbeAnswer, SocketOutcome};
use anteroom_console::{os, terminal::second};
use anteroom_protocol::Timestamp;
use anteroom_server::checks::Finding;
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};
use url::{Host, Url};

use super::expiry;

use crate::status::service::TIMEOUTS;

/// The path that returns whether a process answers, and its instance name.
pub(super) const LIVE: &[&str] = &["health", "live"];
/// The number of connections. They reveal several processes behind one proxy.
const LOOKS: usize = 8;
/// The tolerated difference of clocks, in seconds. Clocks set by NTP differ less.
const TOLERANCE: u64 = 60;
const CONNECT: Duration = Duration::from_secs(5);

/// The expected service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ServiceKind {
    Issuer,
    Rooms,
}

impl ServiceKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Issuer => "the issuer",
            Self::Rooms => "the room service",
        }
    }

    /// Returns the setting of its public address.
    pub(super) const fn setting(self) -> &'static str {
        match self {
            Self::Issuer => "issuer.public_url",
            Self::Rooms => "rooms.public_url",
        }
    }
}

/// An address of a service.
pub(super) struct Endpoint {
    pub(super) kind: ServiceKind,
    pub(super) url: String,
    /// The setting, the flag or the variable that names the address.
    pub(super) setting: &'static str,
    /// Whether the address is the public one. Without one, it is the listener's.
    pub(super) is_public: bool,
    /// The address of the service's listener on this machine.
    pub(super) listener: Option<String>,
    /// The name of the process that runs on this machine.
    pub(super) instance: Option<String>,
    /// Whether the service runs on this machine; `None` from outside.
    pub(super) runs_here: Option<bool>,
}

impl Endpoint {
    /// Connects as a client does, and stops at the first problem.
    pub(super) async fn check(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        if let Err(problem) = self.connect_as_client(&mut findings).await {
            findings.push(problem);
        }
        findings
    }

    async fn connect_as_client(&self, findings: &mut Vec<Finding>) -> Result<(), Finding> {
        let (host, port) = self.place()?;
        let (addresses, finding) = self.resolve(&host, port).await?;
        findings.push(finding);
        let (address, finding) = self.connect(&addresses, &host, port).await?;
        findings.push(finding);
        let answer = self.probe().get(LIVE).await;
        let answer = answer.map_err(|error| self.failure(&error, &host))?;
        if self.url.starts_with("https://") {
            findings.push(self.taken_certificate(&host, address).await);
        }
        findings.extend(self.behind(&answer).await);
        Ok(())
    }

    pub(super) const fn name(&self) -> &'static str {
        self.kind.name()
    }

    fn probe(&self) -> Probe {
        Probe::new(&self.url, TIMEOUTS)
    }

    fn place(&self) -> Result<(String, u16), Finding> {
        let url = Url::parse(&self.url).ok();
        let place = url.as_ref().and_then(|url| {
            let host = match url.host()? {
                Host::Domain(name) => name.to_owned(),
                Host::Ipv4(address) => address.to_string(),
                Host::Ipv6(address) => address.to_string(),
            };
            Some((host, url.port_or_known_default()?))
        });
        place.ok_or_else(|| {
            Finding::problem(
                "public URL",
                format!("{} of {} is no http or https URL", self.url, self.name()),
                format!("set {} to a URL such as https://id.example", self.setting),
            )
        })
    }

    async fn resolve(&self, host: &str, port: u16) -> Result<(Vec<SocketAddr>, Finding), Finding> {
        let addresses: Vec<SocketAddr> = match timeout(CONNECT, lookup_host((host, port))).await {
            Ok(Ok(addresses)) => addresses.collect(),
            Ok(Err(_)) | Err(_) => Vec::new(),
        };
        if addresses.is_empty() {
            return Err(Finding::problem(
                "DNS",
                format!("the name {host} of {} leads nowhere", self.name()),
                format!(
                    "add an A or AAAA record for {host}, or correct the name in {}",
                    self.setting
                ),
            ));
        }
        let ips: BTreeSet<String> = addresses.iter().map(|it| it.ip().to_string()).collect();
        let ips: Vec<String> = ips.into_iter().collect();
        let finding = Finding::ok("DNS", format!("{host} is {}", ips.join(", ")));
        Ok((addresses, finding))
    }

    async fn connect(
        &self,
        addresses: &[SocketAddr],
        host: &str,
        port: u16,
    ) -> Result<(SocketAddr, Finding), Finding> {
        let mut why = "no connection came about in time".to_owned();
        for address in addresses {
            match timeout(CONNECT, TcpStream::connect(address)).await {
                Ok(Ok(_)) => {
                    let what = format!("{host}:{port} can be connected to");
                    return Ok((*address, Finding::ok("port", what)));
                }
                Ok(Err(error)) => why = error.to_string(),
                Err(_) => {}
            }
        }
        Err(Finding::problem(
            "port",
            format!(
                "{host}:{port} of {} cannot be connected to: {why}",
                self.name()
            ),
            format!(
                "start the proxy or the service that listens at port {port}, and let the port \
                 through the firewall"
            ),
        ))
    }

    async fn taken_certificate(&self, host: &str, address: SocketAddr) -> Finding {
        if expiry::expires_soon(host, address, os::now()).await == Some(true) {
            return Finding::warning(
                "TLS",
                format!(
                    "the certificate of {} expires within {} days",
                    self.url,
                    expiry::DAYS
                ),
                "renew it, and look why that was not done by itself",
            );
        }
        Finding::ok("TLS", format!("the certificate of {} is good", self.url))
    }

    /// Returns the program behind the address.
    async fn behind(&self, answer: &ProbeAnswer) -> Vec<Finding> {
        let mut findings = Vec::new();
        if let Some(time) = answer.time {
            findings.push(clock(time, os::now(), self.name()));
        }
        if self.runs_here == Some(false) {
            return findings;
        }
        if (500..600).contains(&answer.status) && answer.instance.is_none() {
            let listener = self.listener.as_deref().unwrap_or("the service's listener");
            findings.push(Finding::problem(
                "proxy",
                format!("the proxy at {} answers {}", self.url, answer.status),
                format!("have the proxy pass on to {listener}, and start the service"),
            ));
            return findings;
        }
        let finding = self.identity(answer).await;
        let is_end = finding.is_problem();
        findings.push(finding);
        if !is_end && self.kind == ServiceKind::Rooms {
            findings.push(self.socket().await);
        }
        findings
    }

    /// Returns whether the very process answers, and no other.
    async fn identity(&self, first: &ProbeAnswer) -> Finding {
        let mut names: BTreeSet<String> = first.instance.iter().cloned().collect();
        for _ in 1..LOOKS {
            if let Ok(answer) = self.probe().get(LIVE).await {
                names.extend(answer.instance);
            }
        }
        let (url, setting) = (&self.url, self.setting);
        let is_other = names.is_empty() || !self.is_of_kind().await;
        let is_foreign = (self.instance.as_ref()).is_some_and(|own| !names.contains(own));
        if is_other || is_foreign {
            return Finding::problem(
                "public URL",
                format!("{url} leads to something else than {}", self.name()),
                format!(
                    "set {setting} to the URL under which people reach {}, or correct where the \
                     proxy passes that on to",
                    self.name()
                ),
            );
        }
        if names.len() > 1 {
            return match self.kind {
                ServiceKind::Rooms => Finding::problem(
                    "nodes",
                    format!("{} processes answer under the one name {url}", names.len()),
                    "give each process of the room service a rooms.public_url of its own, which \
                     leads to it alone",
                ),
                ServiceKind::Issuer => Finding::ok(
                    "public URL",
                    format!("{url} leads to {} issuers", names.len()),
                ),
            };
        }
        Finding::ok("public URL", format!("{url} leads to {}", self.name()))
    }

    /// Returns whether the service is of the expected kind: only the issuer has params for clients.
    async fn is_of_kind(&self) -> bool {
        let answer = self.probe().get(&["v1", "params"]).await;
        let status = answer.map_or(0, |answer| answer.status);
        match self.kind {
            // The status is 503 without the database.
            ServiceKind::Issuer => matches!(status, 200 | 503),
            ServiceKind::Rooms => status != 200,
        }
    }

    async fn socket(&self) -> Finding {
        const UPGRADE: &str = "have the proxy pass on the headers Upgrade and Connection with \
                               HTTP/1.1, as in docs/operations/files";
        const KEEP: &str = "have the proxy keep connections open that ask for an upgrade";
        let (why, next) = match self.probe().open_socket(&mut os::rng()).await {
            Ok(SocketOutcome::Open) => return Finding::ok("WebSocket", "a socket opens"),
            Ok(SocketOutcome::UpgradeLost) => ("the request for it was lost".to_owned(), UPGRADE),
            Ok(SocketOutcome::Refused(status)) => (format!("the answer is {status}"), UPGRADE),
            Ok(_) => return Finding::skipped("WebSocket", "the answer is unknown here"),
            Err(error) => (error.to_string(), KEEP),
        };
        let what = format!("no socket opens at {}: {why}", self.url);
        Finding::problem("WebSocket", what, next)
    }
}

fn clock(theirs: Timestamp, ours: Timestamp, service: &str) -> Finding {
    if theirs.as_secs().abs_diff(ours.as_secs()) <= TOLERANCE {
        return Finding::ok("clock", format!("that of {service} is this machine's"));
    }
    Finding::problem(
        "clock",
        format!(
            "this machine's clock says {}, that of {service} {}",
            second(ours),
            second(theirs)
        ),
        "set the clock that is wrong, and keep it set with NTP",
    )
}
