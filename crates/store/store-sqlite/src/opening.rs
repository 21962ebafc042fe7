//! The opening of a database file.

use std::{
    cmp::Ordering, fs, io::ErrorKind, marker::PhantomData, path::Path, sync::Arc, time::Duration,
};

use anteroom_protocol::Timestamp;
use anteroom_store::{KeyError, Keyring, MasterKey, StoreError, TransactionName, keys::StoredKeys};
use rand_core::CryptoRng;
use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqlitePoolOptions};

use super::{
    database::{Schema, SqliteDatabase},
    error::{Result, migration_error, store_error},
    file::{FileSchema, OpenFile},
    keyring_cache::KeyringCache,
    keys,
    lookups::LookupPool,
    migrations,
    monitor::FileMonitor,
    options::{SqliteOptions, connect_options},
    retry::while_busy,
    row::invalid,
    statement::Statement as _,
    transaction::{FileTransaction, begin_writing, is_reusable},
};

const OPEN: TransactionName = TransactionName::new("open the database");

/// The relation of a file's schema to this program's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemaState {
    /// The versions are equal: this one.
    Current(u64),
    /// An older program created it. `open` brings it up to date.
    Older {
        /// The file's version.
        found: u64,
        /// This program's version.
        known: u64,
    },
    /// A newer program created it.
    Newer {
        /// The file's version.
        found: u64,
        /// This program's version.
        known: u64,
    },
}

impl<S: Schema> SqliteDatabase<S> {
    /// Returns whether the file holds a database. A file that is missing or empty does not.
    ///
    /// Creates and changes nothing. A program without a master key calls this before it creates
    /// one, because a new key cannot open an existing database.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] for a file that is not an SQLite database,
    /// [`StoreError::Unavailable`] for one that cannot be read.
    pub async fn is_initialised(path: &Path) -> Result<bool> {
        match fs::metadata(path) {
            Ok(metadata) if metadata.len() == 0 => return Ok(false),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(file_error(error)),
        }
        let mut connection = connect_reading(path).await?;
        let initialised = has_tables(&mut connection).await;
        connection.close().await.map_err(store_error)?;
        initialised
    }

    /// Compares the schema of an existing file with that of this program. Creates and changes
    /// nothing.
    ///
    /// # Errors
    /// - [`StoreError::UnknownSchema`] if the file is not this service's;
    /// - [`StoreError::Unavailable`] if it cannot be read;
    /// - [`StoreError::Damaged`] for a damaged file.
    pub async fn schema_state(path: &Path) -> Result<SchemaState> {
        let mut connection = connect_reading(path).await?;
        let version = async {
            check_mark(&S::FILE, &mut connection).await?;
            schema_version(&mut connection).await
        };
        let version = version.await;
        connection.close().await.map_err(store_error)?;
        let newest = S::FILE.migrations.iter().map(|(version, ..)| *version);
        let (found, known) = (version?, version_number(newest.max().unwrap_or_default())?);
        Ok(match found.cmp(&known) {
            Ordering::Less => SchemaState::Older { found, known },
            Ordering::Equal => SchemaState::Current(found),
            Ordering::Greater => SchemaState::Newer { found, known },
        })
    }

    /// Opens the database: brings its schema up to date and unlocks its keys, or creates them in an
    /// empty one. Both happen in one transaction: after an error the file is unchanged, and of
    /// several processes that open a new file at the same time, one creates the keys for all.
    ///
    /// `now` is the creation time of new keys; `rng` is their source.
    ///
    /// # Errors
    /// - [`StoreError::Keys`] if the master key is wrong or the keys are missing or damaged;
    /// - [`StoreError::UnknownSchema`] if a newer or different program made the file;
    /// - [`StoreError::Unavailable`] if the file cannot be opened or created, or stays busy;
    /// - [`StoreError::Damaged`] for a file that is not an SQLite database.
    pub async fn open(
        options: &SqliteOptions,
        master: &MasterKey,
        now: Timestamp,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Self> {
        let database = Self {
            file: open_file(&S::FILE, options, master, now, rng).await?,
            schema: PhantomData,
        };
        if let Err(error) = S::complete(&database).await {
            database.close().await;
            return Err(error);
        }
        Ok(database)
    }
}

async fn connect_reading(path: &Path) -> Result<SqliteConnection> {
    let options = connect_options(path, Duration::from_secs(5)).pragma("query_only", "ON");
    options.connect().await.map_err(store_error)
}

/// Reads the version of the newest migration of a file.
pub(super) async fn schema_version(connection: &mut SqliteConnection) -> Result<u64> {
    let version: i64 = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
        .fetch_one(connection)
        .await
        .map_err(store_error)?;
    version_number(version)
}

fn version_number(version: i64) -> Result<u64> {
    u64::try_from(version).map_err(|_| invalid("_sqlx_migrations", "version"))
}

async fn open_file(
    schema: &FileSchema,
    options: &SqliteOptions,
    master: &MasterKey,
    now: Timestamp,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<OpenFile> {
    if options.create {
        create_file(&options.path)?;
    }
    let patience = options.busy_timeout;
    let monitor = Arc::new(FileMonitor::new(&options.path));
    let writer = while_busy(&monitor, OPEN, patience, || {
        pool_options(1, patience).connect_with(options.for_writing())
    })
    .await?;

    let unlocked = async {
        let transaction = begin_writing(&writer, &monitor, OPEN, patience).await?;
        unlock(schema, transaction, master, now, rng).await
    };
    let (keyring, created) = match unlocked.await {
        Ok(unlocked) => unlocked,
        Err(refusal) => {
            // Closes the connection here, so that a refusal leaves no side files behind.
            writer.close().await;
            return Err(refusal);
        }
    };

    let reading = pool_options(options.readers.get(), patience);
    let lookups = reading.clone().connect_lazy_with(options.for_reading());
    let readers = reading
        .connect_with(options.for_reading())
        .await
        .map_err(store_error)?;
    let anchor = pool_options(1, patience);
    let anchor = anchor.connect_with(options.for_reading()).await;
    let anchor = anchor.map_err(store_error)?;
    has_tables(&mut *anchor.acquire().await.map_err(store_error)?).await?;
    monitor.start().map_err(store_error)?;
    Ok(OpenFile {
        writer,
        readers,
        lookups: Arc::new(LookupPool::new(lookups, Arc::clone(&monitor), patience)),
        anchor,
        monitor,
        probe: Arc::default(),
        patience,
        keyring_cache: Arc::new(KeyringCache::new(keyring, options.master.clone())),
        created,
    })
}

/// Keeps connections open: the write-ahead log and its index exist while a connection is open, and
/// opening the first one needs space on the disk.
fn pool_options(connections: u32, patience: Duration) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(patience)
        // The monitor logs episodes. A line for each statement that waits would repeat them.
        .acquire_slow_threshold(Duration::MAX)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .after_release(|connection, _| Box::pin(is_reusable(connection)))
}

/// Brings the schema up to date and creates or unlocks the keys, in one transaction. Returns also
/// whether the keys were created.
async fn unlock(
    schema: &FileSchema,
    mut transaction: FileTransaction,
    master: &MasterKey,
    now: Timestamp,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<(Keyring, bool)> {
    migrate(schema, transaction.connection()?).await?;
    let unlocked = match stored_keys(schema, &mut transaction).await? {
        Some(stored) => {
            let connection = &mut transaction;
            let keyring = unlock_stored(schema, connection, master, &stored, now, rng).await?;
            (keyring, false)
        }
        None => {
            let (keyring, stored) = Keyring::create(schema.owner, master, now, rng)?;
            keys::store(&mut transaction, &stored).await?;
            (keyring, true)
        }
    };
    transaction.commit().await?;
    Ok(unlocked)
}

/// Creates an empty file that only its owner can read. SQLite gives its side files the same mode.
pub(super) fn create_file(path: &Path) -> Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    match options.open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(file_error(error)),
        _ => Ok(()),
    }
}

pub(super) fn file_error(error: std::io::Error) -> StoreError {
    store_error(sqlx::Error::Io(error))
}

/// Brings the schema up to date. The caller's transaction holds the file's write lock, so that the
/// migrations of several processes run one after the other.
async fn migrate(schema: &FileSchema, connection: &mut SqliteConnection) -> Result<()> {
    if has_tables(connection).await? {
        check_mark(schema, connection).await?;
    }
    // Calls the function behind `run`. The future of `run` itself is not `Send`: its bound on the
    // connection is not general enough for the compiler.
    migrations::migrator(schema.migrations)
        .run_direct(None, connection, false)
        .await
        .map_err(migration_error)
}

/// Checks that the file belongs to this service.
pub(super) async fn check_mark(
    schema: &FileSchema,
    connection: &mut SqliteConnection,
) -> Result<()> {
    let mark: i64 = sqlx::query_scalar("PRAGMA application_id")
        .fetch_one(connection)
        .await
        .map_err(store_error)?;
    if mark != schema.application_id {
        return Err(StoreError::UnknownSchema {
            source: "the file belongs to another program or service".into(),
        });
    }
    Ok(())
}

async fn has_tables(connection: &mut SqliteConnection) -> Result<bool> {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM sqlite_schema)")
        .fetch_one(connection)
        .await
        .map_err(store_error)
}

/// Reads the keys of the database; `None` if the database is empty.
async fn stored_keys(
    schema: &FileSchema,
    connection: &mut FileTransaction,
) -> Result<Option<StoredKeys>> {
    if let Some(check) = keys::check(connection).await? {
        let keys = keys::all(connection).await?;
        return Ok(Some(StoredKeys { check, keys }));
    }
    if sqlx::query(schema.holds_any).scalar(connection).await? {
        return Err(KeyError::KeysMissing.into());
    }
    Ok(None)
}

/// Unlocks the keys, and creates the keys of purposes that the database is too old to have.
async fn unlock_stored(
    schema: &FileSchema,
    connection: &mut FileTransaction,
    master: &MasterKey,
    stored: &StoredKeys,
    now: Timestamp,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<Keyring> {
    let keyring = Keyring::unlock(schema.owner, master, stored)?;
    let missing: Vec<_> = keyring.missing().collect();
    if missing.is_empty() {
        return Ok(keyring);
    }
    for purpose in missing {
        let id = keys::next_id(connection).await?;
        let key = keyring.draw(id, purpose, now, rng)?;
        keys::add(connection, &key).await?;
    }
    Ok(keyring.reload(&keys::all(connection).await?)?)
}
