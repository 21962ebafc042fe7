//! A database file for tests, with changes to it outside of the store.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anteroom_store::conformance::Storage;
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

/// A database file in a directory of its own.
pub(crate) struct SqliteFile(TempDir);

impl SqliteFile {
    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("service.db")
    }

    pub(crate) fn side_file(&self, suffix: &str) -> PathBuf {
        self.0.path().join(format!("service.db{suffix}"))
    }

    pub(crate) async fn connect(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new()
            .filename(self.path())
            .foreign_keys(false);
        SqliteConnection::connect_with(&options).await.unwrap()
    }

    /// Searches all files for values as bytes, hex and base64. Searches for `present` first, to
    /// show that the search can find a value.
    #[track_caller]
    pub(crate) fn assert_holds_none_of(&self, needles: &[(&str, Vec<u8>)], present: &[u8]) {
        let files: Vec<Vec<u8>> = fs::read_dir(self.0.path())
            .unwrap()
            .map(|entry| fs::read(entry.unwrap().path()).unwrap())
            .collect();
        let holds = |needle: &[u8]| {
            files
                .iter()
                .any(|file| file.windows(needle.len()).any(|window| window == needle))
        };
        assert!(holds(present));
        for (what, needle) in needles {
            // Without its last characters, base64 does not depend on the bytes after the value.
            let base64 = |text: String| text.as_bytes()[..needle.len() / 3 * 4].to_vec();
            for form in [
                needle.clone(),
                hex::encode(needle).into_bytes(),
                hex::encode_upper(needle).into_bytes(),
                base64(STANDARD.encode(needle)),
                base64(URL_SAFE.encode(needle)),
            ] {
                assert!(!holds(&form), "{what}");
            }
        }
    }

    /// Returns all columns of the service's tables, each after its table.
    pub(crate) async fn columns(&self) -> Vec<(String, String)> {
        sqlx::query_as(
            "SELECT tables.name, columns.name
             FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns
             WHERE tables.type = 'table' AND tables.name <> '_sqlx_migrations'",
        )
        .fetch_all(&mut self.connect().await)
        .await
        .unwrap()
    }
}

impl Storage for SqliteFile {
    fn fresh() -> Self {
        Self(TempDir::new().unwrap())
    }

    async fn execute(&self, statement: &'static str) {
        let mut connection = self.connect().await;
        sqlx::query(statement)
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    }

    async fn exchange(&self, table: &'static str, column: &'static str) {
        let mut connection = self.connect().await;
        let select = format!("SELECT rowid, {column} FROM {table} ORDER BY rowid LIMIT 2");
        let rows = sqlx::query(AssertSqlSafe(select))
            .fetch_all(&mut connection)
            .await
            .unwrap();
        let value = |row: usize| rows[row].get::<Vec<u8>, _>(1);
        let (first, second) = (value(0), value(1));
        // Exchanges through a third value, because the column may be unique.
        let aside = vec![0; first.len()];
        for (row, value) in [(0, &aside), (1, &first), (0, &second)] {
            let update = format!("UPDATE {table} SET {column} = ? WHERE rowid = ?");
            sqlx::query(AssertSqlSafe(update))
                .bind(value)
                .bind(rows[row].get::<i64, _>(0))
                .execute(&mut connection)
                .await
                .unwrap();
        }
        connection.close().await.unwrap();
    }

    async fn flip(&self, table: &'static str, column: &'static str) {
        let mut connection = self.connect().await;
        let select = format!("SELECT rowid, {column} FROM {table} ORDER BY rowid LIMIT 1");
        let row = sqlx::query(AssertSqlSafe(select))
            .fetch_one(&mut connection)
            .await
            .unwrap();
        let mut value: Vec<u8> = row.get(1);
        *value.last_mut().unwrap() ^= 1;
        let update = format!("UPDATE {table} SET {column} = ? WHERE rowid = ?");
        sqlx::query(AssertSqlSafe(update))
            .bind(value)
            .bind(row.get::<i64, _>(0))
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    }

    async fn add_unknown_migration(&self) {
        self.execute(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             SELECT 9999, 'newer', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1",
        )
        .await;
    }

    async fn change_migration(&self) {
        self.flip("_sqlx_migrations", "checksum").await;
    }
}

/// Returns the comment above a column's definition in a service's migrations.
pub(crate) fn comment_above(service: &str, table: &str, column: &str) -> String {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("migrations")
        .join(service);
    let mut files: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let migrations: String = files
        .iter()
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    // A later migration may create the table again.
    let (_, definitions) = migrations
        .rsplit_once(&format!("CREATE TABLE {table} ("))
        .unwrap();
    let lines: Vec<&str> = definitions.lines().map(str::trim).collect();
    let added = format!("ALTER TABLE {table} ADD COLUMN {column} ");
    let end = lines.iter().position(|line| *line == ") STRICT;").unwrap();
    let position = lines[..end]
        .iter()
        .position(|line| line.split(' ').next() == Some(column))
        .or_else(|| lines.iter().position(|line| line.starts_with(&added)))
        .unwrap();
    lines[position - 1].to_owned()
}
