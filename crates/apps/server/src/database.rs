//! The database of a service: its file, and what the program does with it beside what the service does.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::Arc,
};

use anteroom_console::{data_dir::DataDir, os};
use anteroom_protocol::Timestamp;
use anteroom_store::{MasterKey, StoreError, keys::KeyDatabase};
use anteroom_store_sqlite::{SchemaState, SqliteCopy, SqliteIssuer, SqliteOptions, SqliteRooms};

/// A service's database file.
pub trait Database: Sized + Send {
    /// The file's name, in data directories and in backups.
    const NAME: &'static str;
    /// The service's name, on the command line.
    const SERVICE: &'static str;
    /// Returns its path in a data directory.
    fn path(data: &DataDir) -> PathBuf;
    /// Opens the file, and makes it first if the options say so.
    fn open(
        options: &SqliteOptions,
        key: &MasterKey,
        now: Timestamp,
    ) -> impl Future<Output = Result<Self, StoreError>> + Send;
    /// Returns whether the file is a database of the service.
    fn is_initialised(path: &Path) -> impl Future<Output = Result<bool, StoreError>> + Send;
    /// Compares the schema of an existing file with that of this program.
    fn schema_state(path: &Path) -> impl Future<Output = Result<SchemaState, StoreError>> + Send;
    /// Returns whether this was the first start.
    fn created(&self) -> bool;
    /// Copies a consistent state of the file to a new file, also while it is in use.
    fn copy(from: &Path, to: &Path) -> impl Future<Output = Result<SqliteCopy, StoreError>> + Send;
    /// Deletes the rows that a copy must not restore. Returns their number.
    fn delete_transient_rows(&self) -> impl Future<Output = Result<u64, StoreError>> + Send;
    /// Returns its keys.
    fn key_database(&self) -> Arc<dyn KeyDatabase>;
    /// Waits for the running statements, and closes the file.
    fn close(&self) -> impl Future<Output = ()> + Send;
}

impl Database for SqliteIssuer {
    const NAME: &'static str = "issuer.db";
    const SERVICE: &'static str = "issuer";

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

    async fn schema_state(path: &Path) -> Result<SchemaState, StoreError> {
        Self::schema_state(path).await
    }

    fn created(&self) -> bool {
        self.created()
    }

    async fn copy(from: &Path, to: &Path) -> Result<SqliteCopy, StoreError> {
        Self::copy(from, to).await
    }

    async fn delete_transient_rows(&self) -> Result<u64, StoreError> {
        self.delete_transient_rows().await
    }

    fn key_database(&self) -> Arc<dyn KeyDatabase> {
        self.key_database()
    }

    async fn close(&self) {
        self.close().await;
    }
}

impl Database for SqliteRooms {
    const NAME: &'static str = "rooms.db";
    const SERVICE: &'static str = "rooms";

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

    async fn schema_state(path: &Path) -> Result<SchemaState, StoreError> {
        Self::schema_state(path).await
    }

    fn created(&self) -> bool {
        self.created()
    }

    async fn copy(from: &Path, to: &Path) -> Result<SqliteCopy, StoreError> {
        Self::copy(from, to).await
    }

    async fn delete_transient_rows(&self) -> Result<u64, StoreError> {
        self.delete_transient_rows().await
    }

    fn key_database(&self) -> Arc<dyn KeyDatabase> {
        self.key_database()
    }

    async fn close(&self) {
        self.close().await;
    }
}

/// Returns whether there is a non-empty file.
pub fn is_there(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.len() > 0)
}

/// Returns a file beside a database that SQLite would treat as a part of it.
pub fn side_file(database: &Path) -> Option<PathBuf> {
    ["-wal", "-shm", "-journal"]
        .into_iter()
        .map(|suffix| {
            let mut name = OsString::from(database);
            name.push(suffix);
            PathBuf::from(name)
        })
        .find(|path| path.symlink_metadata().is_ok())
}
