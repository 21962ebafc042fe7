//! The options of a database file.

use std::{
    fmt,
    num::NonZeroU32,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anteroom_store::MasterKey;
use sqlx::{
    ConnectOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

/// The maximum time that SQLite itself waits for the write lock.
const LOCK_TIMEOUT: Duration = Duration::from_millis(400);

/// The path of a database and the options for opening it.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    pub(super) path: PathBuf,
    pub(super) create: bool,
    pub(super) readers: NonZeroU32,
    pub(super) busy_timeout: Duration,
    pub(super) master: Option<MasterSource>,
}

/// The source of the master key after the key of the opening was replaced.
#[derive(Clone)]
pub(super) struct MasterSource(Arc<dyn Fn() -> Option<MasterKey> + Send + Sync>);

impl MasterSource {
    pub(super) fn find(&self) -> Option<MasterKey> {
        (self.0)()
    }
}

impl fmt::Debug for MasterSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterSource(..)")
    }
}

impl SqliteOptions {
    /// Creates options for a file that is created if it is missing, with up to 4 readers and a busy
    /// timeout of 4 s.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            create: true,
            readers: NonZeroU32::MIN.saturating_add(3),
            busy_timeout: Duration::from_secs(4),
            master: None,
        }
    }

    /// Sets whether a missing file is created. Only its owner can read it.
    #[must_use]
    pub const fn create(mut self, create: bool) -> Self {
        self.create = create;
        self
    }

    /// Sets the number of reading transactions at the same time. One writing transaction runs
    /// beside them.
    #[must_use]
    pub const fn readers(mut self, readers: NonZeroU32) -> Self {
        self.readers = readers;
        self
    }

    /// Sets the maximum wait for another process's writing transaction, and for a connection.
    #[must_use]
    pub const fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// Sets the source of the master key for the case that another process has wrapped the keys
    /// under another one. It is called only when the database has keys that the current one does
    /// not open.
    #[must_use]
    pub fn master_source(
        mut self,
        find: impl Fn() -> Option<MasterKey> + Send + Sync + 'static,
    ) -> Self {
        self.master = Some(MasterSource(Arc::new(find)));
        self
    }

    pub(super) fn for_writing(&self) -> SqliteConnectOptions {
        // The rest of the wait happens in this crate, where the caller can cancel it.
        connect_options(&self.path, self.busy_timeout.min(LOCK_TIMEOUT))
            .journal_mode(SqliteJournalMode::Wal)
            // In WAL mode only FULL keeps every saved transaction after a loss of power.
            .synchronous(SqliteSynchronous::Full)
            .pragma("secure_delete", "ON")
    }

    pub(super) fn for_reading(&self) -> SqliteConnectOptions {
        connect_options(&self.path, self.busy_timeout).pragma("query_only", "ON")
    }
}

/// Returns the options that all connections share. SQLite itself never creates the file, because it
/// would use the mode bits of the process's umask.
pub(super) fn connect_options(path: &Path, busy_timeout: Duration) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .foreign_keys(true)
        .busy_timeout(busy_timeout)
        .pragma("trusted_schema", "OFF")
        .disable_statement_logging()
}
