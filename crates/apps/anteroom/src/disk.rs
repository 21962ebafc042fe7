//! The space of the disk that the data are on.

use anyhow::Context as _;
use serde::Serialize;

use crate::data_dir::DataDir;

/// The minimum free space. With less, a database may be unable to write its log.
pub(crate) const LEAST_SPACE: u64 = 64 * 1024 * 1024;

/// The file system of the data, in bytes.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Disk {
    /// The bytes that this user can still use.
    pub(crate) free: u64,
    /// All bytes.
    pub(crate) size: u64,
}

impl Disk {
    /// Returns the space of the file system that the data are on.
    pub(crate) fn of(data: &DataDir) -> anyhow::Result<Self> {
        let found = rustix::fs::statvfs(data.path())
            .with_context(|| format!("the space of {} cannot be had", data.path().display()))?;
        Ok(Self {
            free: found.f_bavail.saturating_mul(found.f_frsize),
            size: found.f_blocks.saturating_mul(found.f_frsize),
        })
    }
}
