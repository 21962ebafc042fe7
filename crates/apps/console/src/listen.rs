//! `listen.json`: the addresses of the services, for other programs.

use std::{
    fs,
    io::Read as _,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use anteroom_client::ServiceAddress;
use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::{data_dir::DataDir, failure::Failure, files, ownership};

/// The maximum length of the file, in bytes.
const LONGEST: u64 = 1 << 16;

/// The addresses, as URLs.
#[derive(Debug, Serialize, Deserialize)]
pub struct Addresses {
    /// The issuer's listener.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The room service's listener.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rooms: Option<String>,
    /// The listener for media servers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub internal: Option<String>,
    /// The listener of the metrics.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin: Option<String>,
    /// The version of the running program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The public address of the issuer, if the settings have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer_public: Option<String>,
    /// The public address of the room service, if the settings have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rooms_public: Option<String>,
}

/// The published file. It is removed on drop.
pub struct ListenFile(DataDir);

impl Addresses {
    /// Reads the addresses of the services that run on a data directory. Passwords and passkeys are sent to
    /// them, so the file must be this user's own, and may only name this machine. The file of killed services
    /// is ignored: another program may have taken their ports.
    pub fn read(data: &DataDir) -> anyhow::Result<Self> {
        Self::read_or_name(data, "the services with --issuer and --rooms")
    }

    /// The same for a command that takes these flags instead: `naming` continues the sentence that
    /// tells the user to name a service.
    pub fn read_or_name(data: &DataDir, naming: &str) -> anyhow::Result<Self> {
        let path = data.listen();
        let shown = path.display();
        match path.try_exists() {
            Ok(true) if data.is_in_use() => {}
            Ok(_) => {
                let what = format!("no `anteroom serve` runs on {}", data.path().display());
                let next = if data.path().exists() {
                    format!("Start it with anteroom serve, or name {naming}")
                } else {
                    format!(
                        "Name {naming}: whoever invited you knows the URL. For services of your \
                         own: anteroom serve"
                    )
                };
                return Err(Failure::new("service_missing", what).next(next).into());
            }
            Err(error) => return Err(error).with_context(|| format!("{shown} cannot be read")),
        }
        let file = ownership::open_own(&path).map_err(|error| {
            Failure::failed(format!("the addresses in {shown} are not used"))
                .with_reason(error)
                .next(format!("Name {naming}"))
        })?;
        let mut text = Vec::new();
        file.take(LONGEST)
            .read_to_end(&mut text)
            .with_context(|| format!("{shown} cannot be read"))?;
        let listed: Self =
            serde_json::from_slice(&text).with_context(|| format!("{shown} makes no sense"))?;
        let own = |url: Option<String>| -> anyhow::Result<Option<String>> {
            let Some(url) = url else { return Ok(None) };
            let own = on_this_machine(&url).ok_or_else(|| {
                let url = crate::terminal::plain(&url);
                Failure::failed(format!("{shown} says {url}, which is no loopback address"))
                    .next(format!("If that is right, name {naming}"))
            })?;
            Ok(Some(own))
        };
        Ok(Self {
            issuer: own(listed.issuer)?,
            rooms: own(listed.rooms)?,
            internal: None,
            admin: own(listed.admin).unwrap_or_default(),
            version: listed.version,
            issuer_public: listed.issuer_public,
            rooms_public: listed.rooms_public,
        })
    }

    /// Returns the issuer's address for a client on this machine.
    pub fn issuer_address(&self) -> Option<ServiceAddress> {
        let listener = self.issuer.as_deref()?;
        Some(local_address(listener, self.issuer_public.as_deref()))
    }

    /// Returns the room service's address for a client on this machine.
    pub fn rooms_address(&self) -> Option<ServiceAddress> {
        let listener = self.rooms.as_deref()?;
        Some(local_address(listener, self.rooms_public.as_deref()))
    }

    /// Returns the URL in links if other machines cannot reach it although the room service is meant for
    /// them: it listens on more than the loopback interface, or has a public URL.
    pub fn unreachable_link_host(&self) -> Option<&str> {
        unreachable(self.rooms.as_deref()?, self.rooms_public.as_deref())
    }

    /// Returns the URL in mails and tokens if other machines cannot reach it although the issuer is meant for
    /// them.
    pub fn unreachable_issuer(&self) -> Option<&str> {
        unreachable(self.issuer.as_deref()?, self.issuer_public.as_deref())
    }

    /// Writes the file. It is removed when the returned value is dropped.
    pub fn publish(&self, data: &DataDir) -> anyhow::Result<ListenFile> {
        let text = serde_json::to_string(self)? + "\n";
        let path = data.listen();
        files::replace(&path, text.as_bytes())
            .with_context(|| format!("{} cannot be written", path.display()))?;
        Ok(ListenFile(data.clone()))
    }
}

impl Drop for ListenFile {
    fn drop(&mut self) {
        forget(&self.0);
    }
}

/// Removes the file of a killed service.
pub fn forget(data: &DataDir) {
    let path = data.listen();
    if let Err(error) = files::if_there(fs::remove_file(&path)) {
        tracing::warn!(%error, "{} cannot be removed", path.display());
    }
}

/// Returns the URL by which this machine reaches a listener on its loopback interface or on all interfaces;
/// `None` for any other.
fn on_this_machine(url: &str) -> Option<String> {
    let (scheme, address) = url.split_once("://")?;
    if !matches!(scheme, "http" | "https") {
        return None;
    }
    let mut address: SocketAddr = address.parse().ok()?;
    match address.ip() {
        ip if ip.to_canonical().is_loopback() => {}
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => return None,
    }
    Some(format!("{scheme}://{address}"))
}

/// Returns the address of a listener of this machine for clients on it. A listener that encrypts has a
/// certificate for the public name: it is asked under that name, and still by the loopback interface.
fn local_address(listener: &str, public: Option<&str>) -> ServiceAddress {
    let public = public.and_then(|public| under_public_name(listener, public));
    public.unwrap_or_else(|| listener.into())
}

fn under_public_name(listener: &str, public: &str) -> Option<ServiceAddress> {
    let address: SocketAddr = listener.strip_prefix("https://")?.parse().ok()?;
    let public = Url::parse(public)
        .ok()
        .filter(|url| url.scheme() == "https")?;
    let Host::Domain(name) = public.host()? else {
        return None;
    };
    let url = format!("https://{name}:{}", address.port());
    Some(ServiceAddress::reached_at(url, address))
}

/// Returns whether two URLs name one service: every loopback address and `localhost` are one host.
pub fn is_same(one: &str, other: &str) -> bool {
    match (ServiceOrigin::parse(one), ServiceOrigin::parse(other)) {
        (Some(one), Some(other)) => one == other,
        _ => false,
    }
}

/// Returns whether the host of a URL is reachable from this machine only.
pub fn is_only_here(url: &str) -> bool {
    let origin = ServiceOrigin::parse(url);
    origin.is_some_and(|origin| origin.host.is_none())
}

/// Returns the URL that a service names itself by, if it leads others nowhere.
fn unreachable<'a>(listener: &'a str, public: Option<&'a str>) -> Option<&'a str> {
    match public {
        Some(public) => Some(public).filter(|public| is_only_here(public)),
        None => Some(listener).filter(|listener| is_on_every_interface(listener)),
    }
}

/// Returns whether a listener's URL names all interfaces, and so none that a link can name.
fn is_on_every_interface(url: &str) -> bool {
    let address = url
        .split_once("://")
        .and_then(|(_, rest)| rest.parse().ok());
    address.is_some_and(|address: SocketAddr| address.ip().is_unspecified())
}

/// The parts of a URL that identify a service.
#[derive(PartialEq, Eq)]
struct ServiceOrigin {
    scheme: String,
    /// `None` for this machine.
    host: Option<String>,
    port: Option<u16>,
    path: String,
}

impl ServiceOrigin {
    fn parse(url: &str) -> Option<Self> {
        let url = Url::parse(url).ok()?;
        let is_here = |ip: IpAddr| ip.to_canonical().is_loopback() || ip.is_unspecified();
        let is_this_machine = match url.host()? {
            Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
            Host::Ipv4(ip) => is_here(ip.into()),
            Host::Ipv6(ip) => is_here(ip.into()),
        };
        Some(Self {
            scheme: url.scheme().to_owned(),
            host: (!is_this_machine)
                .then(|| url.host_str().map(ToOwned::to_owned))
                .flatten(),
            port: url.port_or_known_default(),
            path: url.path().trim_end_matches('/').to_owned(),
        })
    }
}

/// Returns the URL of a listener.
pub fn url(address: SocketAddr, encrypted: bool) -> String {
    let scheme = if encrypted { "https" } else { "http" };
    format!("{scheme}://{address}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_one_service_are_the_same_however_they_are_written() {
        for (one, other, expected) in [
            ("http://127.0.0.1:8080", "http://localhost:8080/", true),
            ("http://[::1]:8080", "HTTP://LocalHost:8080", true),
            ("http://0.0.0.0:8080", "http://127.0.0.1:8080", true),
            ("https://id.example", "https://ID.example:443/", true),
            ("https://id.example/a/", "https://id.example/a", true),
            ("https://id.example/a", "https://id.example/b", false),
            ("https://id.example", "http://id.example", false),
            ("https://id.example", "https://id.example:444", false),
            ("http://127.0.0.1:8080", "http://192.0.2.1:8080", false),
            ("nonsense", "nonsense", false),
        ] {
            assert_eq!(is_same(one, other), expected, "{one} {other}");
        }
    }

    #[test]
    fn a_listener_that_encrypts_is_asked_under_its_public_name() {
        let listener = "https://127.0.0.1:8443";
        for (listener, public, expected) in [
            (
                listener,
                Some("https://rooms.example"),
                "https://rooms.example:8443",
            ),
            (
                listener,
                Some("https://a.example:443/rooms"),
                "https://a.example:8443",
            ),
            (
                "https://[::1]:8443",
                Some("https://localhost"),
                "https://localhost:8443",
            ),
            (listener, Some("https://192.0.2.1"), listener),
            (listener, Some("http://rooms.example"), listener),
            (listener, None, listener),
            // A reverse proxy has the certificate.
            (
                "http://127.0.0.1:8081",
                Some("https://rooms.example"),
                "http://127.0.0.1:8081",
            ),
        ] {
            assert_eq!(
                local_address(listener, public).url(),
                expected,
                "{public:?}"
            );
        }
    }

    #[test]
    fn a_loopback_address_is_reached_by_nobody_else() {
        for (url, expected) in [
            ("http://127.0.0.1:8081", true),
            ("http://[::1]:8081", true),
            ("http://0.0.0.0:8081", true),
            ("https://localhost", true),
            ("https://rooms.example", false),
            ("http://192.0.2.1:8081", false),
        ] {
            assert_eq!(is_only_here(url), expected, "{url}");
        }
    }

    #[test]
    fn addresses_that_lead_off_the_machine_are_not_taken() {
        for (url, expected) in [
            ("http://127.0.0.1:8080", Some("http://127.0.0.1:8080")),
            ("https://127.8.9.1:443", Some("https://127.8.9.1:443")),
            ("http://[::1]:8080", Some("http://[::1]:8080")),
            ("http://0.0.0.0:8080", Some("http://127.0.0.1:8080")),
            ("https://[::]:8080", Some("https://[::1]:8080")),
            ("http://192.0.2.1:8080", None),
            ("http://[2001:db8::1]:8080", None),
            ("http://issuer.example:8080", None),
            ("http://localhost:8080", None),
            ("http://127.0.0.1:8080@issuer.example", None),
            ("http://127.0.0.1:8080/path", None),
            ("http://127.0.0.1", None),
            ("ftp://127.0.0.1:21", None),
            ("127.0.0.1:8080", None),
            ("", None),
        ] {
            assert_eq!(on_this_machine(url).as_deref(), expected, "{url}");
        }
    }
}
