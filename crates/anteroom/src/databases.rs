//! The services' databases, opened with the master key.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use anteroom_protocol::Timestamp;
use anteroom_store::{MasterKey, StoreError};
use anteroom_store_sql::{SqliteCopy, SqliteIssuer, SqliteOptions, SqliteRooms};
use anyhow::{Context as _, bail};

use crate::{data_dir::DataDir, environment::Environment, master_key, os, settings::Role};

/// A service's database file.
pub(crate) trait Database: Sized {
    /// The file's name, in data directories and in backups.
    const NAME: &str;
    /// Where it is in a data directory.
    fn path(data: &DataDir) -> PathBuf;
    async fn open(
        options: &SqliteOptions,
        key: &MasterKey,
        now: Timestamp,
    ) -> Result<Self, StoreError>;
    async fn is_initialised(path: &Path) -> Result<bool, StoreError>;
    /// Whether this was the first start.
    fn created(&self) -> bool;
    /// Writes one state of the file to a new one, also while it is in use.
    async fn copy(from: &Path, to: &Path) -> Result<SqliteCopy, StoreError>;
    /// Deletes what a copy must not bring back.
    async fn forget_passing(&self) -> Result<u64, StoreError>;
    async fn close(&self);
}

impl Database for SqliteIssuer {
    const NAME: &str = "issuer.db";

    fn path(data: &DataDir) -> PathBuf {
        data.issuer_database()
    }

    async fn open(
        options: &SqliteOptions,
        key: &MasterKey,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        Self::open(options, key, now, &mut os::rng()).await
    }

    async fn is_initialised(path: &Path) -> Result<bool, StoreError> {
        Self::is_initialised(path).await
    }

    fn created(&self) -> bool {
        self.created()
    }

    async fn copy(from: &Path, to: &Path) -> Result<SqliteCopy, StoreError> {
        Self::copy(from, to).await
    }

    async fn forget_passing(&self) -> Result<u64, StoreError> {
        self.forget_passing().await
    }

    async fn close(&self) {
        self.close().await;
    }
}

impl Database for SqliteRooms {
    const NAME: &str = "rooms.db";

    fn path(data: &DataDir) -> PathBuf {
        data.rooms_database()
    }

    async fn open(
        options: &SqliteOptions,
        key: &MasterKey,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        Self::open(options, key, now, &mut os::rng()).await
    }

    async fn is_initialised(path: &Path) -> Result<bool, StoreError> {
        Self::is_initialised(path).await
    }

    fn created(&self) -> bool {
        self.created()
    }

    async fn copy(from: &Path, to: &Path) -> Result<SqliteCopy, StoreError> {
        Self::copy(from, to).await
    }

    async fn forget_passing(&self) -> Result<u64, StoreError> {
        self.forget_passing().await
    }

    async fn close(&self) {
        self.close().await;
    }
}

/// Finds the master key, and makes one if none is given and none of the databases of the role is
/// there yet: old data can never be read with a new key.
pub(crate) async fn find_or_make_key(
    data: &DataDir,
    environment: &Environment,
    role: Role,
) -> anyhow::Result<MasterKey> {
    if let Some(key) = master_key::find(data, environment)? {
        return Ok(key);
    }
    if role.issues() && is_initialised::<SqliteIssuer>(data).await? {
        bail!(missing_key::<SqliteIssuer>(data));
    }
    if role.holds_rooms() && is_initialised::<SqliteRooms>(data).await? {
        bail!(missing_key::<SqliteRooms>(data));
    }
    let key = master_key::create(data)?;
    tracing::info!(
        "made the master key {}: without it the databases cannot be read, \
         so keep a copy, away from copies of the databases",
        data.master_key().display()
    );
    Ok(key)
}

/// Opens a database, and makes it at the first start.
///
/// One with another master key is refused, and nothing is written.
pub(crate) async fn open_or_create<D: Database>(
    data: &DataDir,
    key: &MasterKey,
    now: Timestamp,
) -> anyhow::Result<D> {
    let database = open::<D>(data, key, now, true).await?;
    if database.created() {
        tracing::info!("made the database {}", D::path(data).display());
    }
    Ok(database)
}

/// Opens a database that is there.
pub(crate) async fn open_existing<D: Database>(
    data: &DataDir,
    environment: &Environment,
    now: Timestamp,
) -> anyhow::Result<D> {
    if !is_initialised::<D>(data).await? {
        bail!(
            "there is no database in {}: start `anteroom serve` first, or name the directory with --data",
            data.path().display()
        );
    }
    match master_key::find(data, environment)? {
        Some(key) => open(data, &key, now, false).await,
        None => bail!(missing_key::<D>(data)),
    }
}

/// Whether there is such a database.
pub(crate) async fn is_initialised<D: Database>(data: &DataDir) -> anyhow::Result<bool> {
    refuse_half_restored(data)?;
    D::is_initialised(&D::path(data))
        .await
        .with_context(|| complaint::<D>(data))
}

async fn open<D: Database>(
    data: &DataDir,
    key: &MasterKey,
    now: Timestamp,
    create: bool,
) -> anyhow::Result<D> {
    refuse_half_restored(data)?;
    let options = SqliteOptions::new(D::path(data)).create(create);
    D::open(&options, key, now)
        .await
        .with_context(|| complaint::<D>(data))
}

/// A file beside a database that SQLite would take for a part of it.
pub(crate) fn side_file(database: &Path) -> Option<PathBuf> {
    ["-wal", "-shm", "-journal"]
        .into_iter()
        .map(|suffix| {
            let mut name = OsString::from(database);
            name.push(suffix);
            PathBuf::from(name)
        })
        .find(|path| path.symlink_metadata().is_ok())
}

/// A database that is missing from such a directory must not be made anew.
fn refuse_half_restored(data: &DataDir) -> anyhow::Result<()> {
    if data.restoring().symlink_metadata().is_ok() {
        bail!(
            "a restore into {} is under way or was cut off: run `anteroom restore` again",
            data.path().display()
        );
    }
    Ok(())
}

fn complaint<D: Database>(data: &DataDir) -> String {
    format!("the database {} cannot be opened", D::path(data).display())
}

fn missing_key<D: Database>(data: &DataDir) -> String {
    format!(
        "the master key of {} is missing: put it back to {} or name it with \
         ANTEROOM_MASTER_KEY_FILE; nothing was changed",
        D::path(data).display(),
        data.master_key().display()
    )
}
