//! `listen.json`: where the services listen, for other programs.

use std::{
    fs,
    io::{self, Read as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};

use crate::{data_dir::DataDir, files, ownership};

/// The file is no longer than this, in bytes.
const LONGEST: u64 = 1 << 16;

/// The addresses, as URLs.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Addresses {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) issuer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rooms: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) internal: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) admin: Option<String>,
}

/// The file, while the services run. Removed when dropped.
pub(crate) struct ListenFile(DataDir);

impl Addresses {
    /// Reads the addresses of the services that run on a data directory. Passwords and passkeys
    /// are sent there, so the file must be this user's own, and leads nowhere but to this machine.
    pub(crate) fn read(data: &DataDir) -> anyhow::Result<Self> {
        let path = data.listen();
        let shown = path.display();
        match path.try_exists() {
            Ok(true) => {}
            Ok(false) => bail!(
                "no `anteroom serve` runs on {}: start it, or name the services with --issuer and --rooms",
                data.path().display()
            ),
            Err(error) => return Err(error).with_context(|| format!("{shown} cannot be read")),
        }
        let file = ownership::open_own(&path).with_context(|| {
            format!(
                "the addresses in {shown} are not used: name the services with --issuer and --rooms"
            )
        })?;
        let mut text = Vec::new();
        file.take(LONGEST)
            .read_to_end(&mut text)
            .with_context(|| format!("{shown} cannot be read"))?;
        let listed: Self =
            serde_json::from_slice(&text).with_context(|| format!("{shown} makes no sense"))?;
        let own = |url: Option<String>| -> anyhow::Result<Option<String>> {
            let Some(url) = url else { return Ok(None) };
            let own = on_this_machine(&url).with_context(|| {
                let url = crate::terminal::plain(&url);
                format!(
                    "{shown} says {url}, which is no loopback address: if that is right, name it \
                     with --issuer or --rooms"
                )
            })?;
            Ok(Some(own))
        };
        Ok(Self {
            issuer: own(listed.issuer)?,
            rooms: own(listed.rooms)?,
            internal: None,
            admin: None,
        })
    }

    /// Writes the file; it is removed when the value that comes back is dropped.
    pub(crate) fn publish(&self, data: &DataDir) -> anyhow::Result<ListenFile> {
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

/// Removes what a service left that was killed.
pub(crate) fn forget(data: &DataDir) {
    let path = data.listen();
    match fs::remove_file(&path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => tracing::warn!(%error, "{} cannot be removed", path.display()),
    }
}

/// The URL by which this machine reaches a listener on its loopback interface or on all interfaces;
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

/// The URL of a listener.
pub(crate) fn url(address: SocketAddr, encrypted: bool) -> String {
    let scheme = if encrypted { "https" } else { "http" };
    format!("{scheme}://{address}")
}

#[cfg(test)]
mod tests {
    use super::*;

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
