//! `listen.json`: where the services listen, for other programs.

use std::{fs, io, net::SocketAddr};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};

use crate::{data_dir::DataDir, files};

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
    /// Reads the addresses of the services that run on a data directory.
    pub(crate) fn read(data: &DataDir) -> anyhow::Result<Self> {
        let path = data.listen();
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => bail!(
                "no `anteroom serve` runs on {}: start it, or name the services with --issuer and --rooms",
                data.path().display()
            ),
            Err(error) => {
                return Err(error).with_context(|| format!("{} cannot be read", path.display()));
            }
        };
        serde_json::from_slice(&text).with_context(|| format!("{} makes no sense", path.display()))
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

/// The URL of a listener.
pub(crate) fn url(address: SocketAddr, encrypted: bool) -> String {
    let scheme = if encrypted { "https" } else { "http" };
    format!("{scheme}://{address}")
}
