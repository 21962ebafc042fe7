//! The space of the disk that the data are on.

use anteroom_console::data_dir::DataDir;
use anyhow::Context as _;
use serde::Serialize;

/// The minimum free space. With less, a database may be unable to write its log.
pub const LEAST_SPACE: u64 = 64 * 1024 * 1024;

/// The file system of the data, in bytes.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Disk {
    /// The bytes that this user can still use.
    pub free: u64,
    /// All bytes.
    pub size: u64,
}

impl Disk {
    /// Returns the space of the file system that the data are on.
    pub fn of(data: &DataDir) -> anyhow::Result<Self> {
        let found = rustix::fs::statvfs(data.path())
            .with_context(|| format!("the space of {} cannot be had", data.path().display()))?;
        Ok(Self {
            free: found.f_bavail.saturating_mul(found.f_frsize),
            size: found.f_blocks.saturating_mul(found.f_frsize),
        })
    }
}
