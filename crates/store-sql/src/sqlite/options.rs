//! How a file is opened.

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

/// How long SQLite itself waits for the write lock.
const LOCK_TIMEOUT: Duration = Duration::from_millis(400);

/// Where a database is and how it is opened.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    path: PathBuf,
    create: bool,
    readers: NonZeroU32,
    busy_timeout: Duration,
    master: Option<MasterSource>,
}

/// Where the master key is found when it is not the one any more that a file was opened with.
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
    /// A file that is created if it is missing, with up to 4 readers and 4 seconds of patience.
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

    /// Whether a missing file is created, readable by its owner only.
    #[must_use]
    pub const fn create(mut self, create: bool) -> Self {
        self.create = create;
        self
    }

    /// How many reading transactions run at once; one writing runs beside them.
    #[must_use]
    pub const fn readers(mut self, readers: NonZeroU32) -> Self {
        self.readers = readers;
        self
    }

    /// How long to wait for another process's writing transaction, and for a connection.
    #[must_use]
    pub const fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// Where to look for the master key when another process has wrapped the keys under another one.
    /// Asked only when there are keys that the one at hand does not open.
    #[must_use]
    pub fn master_source(
        mut self,
        find: impl Fn() -> Option<MasterKey> + Send + Sync + 'static,
    ) -> Self {
        self.master = Some(MasterSource(Arc::new(find)));
        self
    }

    pub(super) fn master(&self) -> Option<MasterSource> {
        self.master.clone()
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) const fn creates(&self) -> bool {
        self.create
    }

    pub(super) const fn reader_count(&self) -> NonZeroU32 {
        self.readers
    }

    pub(super) const fn patience(&self) -> Duration {
        self.busy_timeout
    }

    pub(super) fn for_writing(&self) -> SqliteConnectOptions {
        // Patience beyond it is the caller's, who can be cut off meanwhile.
        connect_options(&self.path, self.busy_timeout.min(LOCK_TIMEOUT))
            .journal_mode(SqliteJournalMode::Wal)
            // With WAL, FULL alone keeps every saved transaction over a loss of power.
            .synchronous(SqliteSynchronous::Full)
            .pragma("secure_delete", "ON")
    }

    pub(super) fn for_reading(&self) -> SqliteConnectOptions {
        connect_options(&self.path, self.busy_timeout).pragma("query_only", "ON")
    }
}

/// What all connections have in common. Files are never created by SQLite, whose mode bits would
/// be the process's umask.
pub(super) fn connect_options(path: &Path, busy_timeout: Duration) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .foreign_keys(true)
        .busy_timeout(busy_timeout)
        .pragma("trusted_schema", "OFF")
        .disable_statement_logging()
}
