//! Copies of a file that is in use, and the deletion of rows that a restored copy must not bring
//! back.

use std::{fs::File, path::Path, time::Duration};

use anteroom_protocol::ParamsId;
use anteroom_store::{StoreError, TransactionName};
use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteRow};

use super::{
    database::{Schema, SqliteDatabase},
    error::{Result, store_error},
    monitor::FileMonitor,
    opening::{check_mark, create_file, file_error, schema_version},
    options::connect_options,
    retry::while_busy,
    row::array,
    statement::Statement as _,
};

const COPY: TransactionName = TransactionName::new("copy the database");
const DELETE_TRANSIENT: TransactionName =
    TransactionName::new("forget what a copy must not bring back");

/// The maximum wait for writers while the file is opened. There is no wait once it is open.
const PATIENCE: Duration = Duration::from_secs(30);

/// A description of a copy, from the parts that need no keys.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SqliteCopy {
    /// The version of the newest migration of the copy.
    pub schema: u64,
    /// The ids of all server params in the copy, in order.
    pub params: Vec<ParamsId>,
}

impl<S: Schema> SqliteDatabase<S> {
    /// Writes a consistent state of the database to a new file that only its owner can read. Other
    /// processes can keep the database open. No key is needed: sealed values stay sealed, under the
    /// same keys.
    ///
    /// The new file is checked and synced to the disk when this returns. After an error a part of
    /// it may remain.
    ///
    /// # Errors
    /// - [`StoreError::UnknownSchema`] if the file is not this service's;
    /// - [`StoreError::Unavailable`] if one of the files cannot be read or written;
    /// - [`StoreError::Damaged`] for a damaged file;
    /// - [`StoreError::Database`] for a name that is not UTF-8.
    pub async fn copy(from: &Path, to: &Path) -> Result<SqliteCopy> {
        let mut source = connect(from).await?;
        let copied = async {
            check_mark(&S::FILE, &mut source).await?;
            create_file(to)?;
            sqlx::query("VACUUM INTO ?")
                .bind(text(to)?)
                .execute(&mut source)
                .await
                .map(drop)
                .map_err(store_error)
        };
        let copied = copied.await;
        source.close().await.map_err(store_error)?;
        copied?;
        let synced = File::open(to).and_then(|file| file.sync_all());
        synced.map_err(file_error)?;
        inspect(to).await
    }

    /// Deletes the rows that end by themselves or when they are used, after a database was restored
    /// from a copy: some of them may have ended after the copy was made. Returns the number of
    /// deleted rows.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::Database`]. Nothing is deleted then.
    pub async fn delete_transient_rows(&self) -> Result<u64> {
        let mut transaction = self.file.begin_writing_bare(DELETE_TRANSIENT).await?;
        let mut deleted = 0;
        for statement in S::FILE.transient_deletions {
            deleted += sqlx::query(*statement).changes(&mut transaction).await?;
        }
        transaction.commit().await?;
        Ok(deleted)
    }
}

/// Checks the whole file, and reads the parts that need no key.
async fn inspect(path: &Path) -> Result<SqliteCopy> {
    let mut copy = connect(path).await?;
    let inspected = inspect_open(&mut copy).await;
    copy.close().await.map_err(store_error)?;
    inspected
}

async fn inspect_open(connection: &mut SqliteConnection) -> Result<SqliteCopy> {
    let verdict: String = sqlx::query_scalar("PRAGMA integrity_check(1)")
        .fetch_one(&mut *connection)
        .await
        .map_err(store_error)?;
    if verdict != "ok" {
        return Err(StoreError::Damaged {
            source: format!("the file is damaged: {verdict}").into(),
        });
    }
    let schema = schema_version(connection).await?;
    let params = sqlx::query("SELECT params_id FROM server_params ORDER BY not_before, params_id")
        .fetch_all(connection)
        .await
        .map_err(store_error)?
        .iter()
        .map(params_id)
        .collect::<Result<_, _>>()?;
    Ok(SqliteCopy { schema, params })
}

fn params_id(row: &SqliteRow) -> Result<ParamsId> {
    array(row, "server_params", "params_id").map(ParamsId::from_bytes)
}

async fn connect(path: &Path) -> Result<SqliteConnection> {
    let options = connect_options(path, PATIENCE);
    let monitor = FileMonitor::new(path);
    while_busy(&monitor, COPY, PATIENCE, || options.connect()).await
}

/// Returns the path as text, as SQLite takes the name of the new file.
fn text(path: &Path) -> Result<&str> {
    path.to_str().ok_or_else(|| StoreError::Database {
        source: "the name of the copy is not UTF-8".into(),
    })
}
