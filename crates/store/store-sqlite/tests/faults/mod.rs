//! Faults within transactions, injected by triggers that another connection creates.
//!
//! `RAISE(ROLLBACK)` is SQLite's own automatic rollback, as after a full disk. A row without its
//! parent, under a deferred foreign key, makes COMMIT fail and leaves the transaction open.

use std::fmt::Write as _;

use anteroom_store::StoreError;
use sqlx::{AssertSqlSafe, SqliteConnection};

use crate::sqlite_file::SqliteFile;

/// The point at which a transaction fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Nowhere,
    /// Before the change of this row, counted from 1.
    AtRow(u32),
    AtCommit,
}

/// A file whose row changes fail at a chosen point.
pub(crate) struct FaultyFile {
    _file: SqliteFile,
    connection: SqliteConnection,
}

impl FaultyFile {
    pub(crate) async fn of(file: SqliteFile) -> Self {
        let mut connection = file.connect().await;
        let mut statements = String::from(
            "CREATE TABLE fault_steps (step INTEGER PRIMARY KEY);
             CREATE TABLE fault (at_row INTEGER, at_commit INTEGER);
             INSERT INTO fault VALUES (0, 0);
             CREATE TABLE fault_parents (id INTEGER PRIMARY KEY);
             CREATE TABLE fault_children (parent INTEGER
                 REFERENCES fault_parents (id) DEFERRABLE INITIALLY DEFERRED);",
        );
        for table in tables(&mut connection).await {
            for change in ["INSERT", "UPDATE", "DELETE"] {
                write!(
                    statements,
                    "CREATE TRIGGER fault_{table}_{change} BEFORE {change} ON {table} BEGIN
                         INSERT INTO fault_steps VALUES (NULL);
                         INSERT INTO fault_children SELECT 1 FROM fault WHERE at_commit;
                         SELECT RAISE(ROLLBACK, 'injected') FROM fault
                         WHERE at_row = (SELECT count(*) FROM fault_steps);
                     END;"
                )
                .unwrap();
            }
        }
        sqlx::raw_sql(AssertSqlSafe(statements))
            .execute(&mut connection)
            .await
            .unwrap();
        Self {
            _file: file,
            connection,
        }
    }

    pub(crate) async fn set(&mut self, fault: Fault) {
        let (row, commit) = match fault {
            Fault::Nowhere => (0, false),
            Fault::AtRow(row) => (row, false),
            Fault::AtCommit => (0, true),
        };
        sqlx::raw_sql(AssertSqlSafe(format!(
            "DELETE FROM fault_steps; UPDATE fault SET at_row = {row}, at_commit = {commit};"
        )))
        .execute(&mut self.connection)
        .await
        .unwrap();
    }

    /// Reads all rows of the service's tables.
    pub(crate) async fn rows(&mut self) -> String {
        let mut rows = String::new();
        for table in tables(&mut self.connection).await {
            let columns: Vec<String> = sqlx::query_scalar("SELECT name FROM pragma_table_info(?)")
                .bind(&table)
                .fetch_all(&mut self.connection)
                .await
                .unwrap();
            let quoted: Vec<String> = columns
                .iter()
                .map(|name| format!("quote({name})"))
                .collect();
            let select = format!(
                "SELECT coalesce(group_concat({}, char(10)), '') FROM {table}",
                quoted.join(" || ',' || ")
            );
            let all: String = sqlx::query_scalar(AssertSqlSafe(select))
                .fetch_one(&mut self.connection)
                .await
                .unwrap();
            writeln!(rows, "{table}:\n{all}").unwrap();
        }
        rows
    }
}

/// The tables of the service.
pub(crate) async fn tables(connection: &mut SqliteConnection) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'fault%'
         AND name NOT LIKE 'sqlite%' AND name NOT LIKE '_sqlx%' ORDER BY name",
    )
    .fetch_all(connection)
    .await
    .unwrap()
}

/// Asserts the error of a fault that SQLite answered with a rollback.
#[track_caller]
pub(crate) fn assert_transient(outcome: &Result<(), StoreError>, kind: &str, fault: Fault) {
    match outcome {
        Err(error) => assert!(error.is_transient(), "{kind}, {fault:?}: {error:?}"),
        Ok(()) => unreachable!("{kind} succeeds in spite of {fault:?}"),
    }
}

/// Lists the methods of the traits of repositories in source files of the store, except `save`.
pub(crate) fn methods(sources: &[&str]) -> Vec<String> {
    let traits = sources.iter().flat_map(|source| source.split("pub trait "));
    traits
        .filter(|text| text.split(':').next().unwrap().ends_with("Repository"))
        .flat_map(|text| text.split("\n}\n").next().unwrap().lines())
        .filter_map(|line| line.strip_prefix("    async fn "))
        .map(|line| line.split('(').next().unwrap().to_owned())
        .filter(|method| method != "save")
        .collect()
}

/// Tries every fault in one kind of transaction. `attempt` runs the transaction, `empty` one
/// without changes.
macro_rules! each_fault {
    ($kind:expr, $faulty:expr, $attempt:expr, $empty:expr) => {{
        let before = $faulty.rows().await;
        let mut row = 0;
        loop {
            row += 1;
            let fault = $crate::faults::Fault::AtRow(row);
            $faulty.set(fault).await;
            let outcome = $attempt.await;
            if outcome.is_ok() {
                break;
            }
            $crate::faults::assert_transient(&outcome, $kind, fault);
            assert_eq!($faulty.rows().await, before, "{}, {fault:?}", $kind);
            $empty.await;
        }
        assert!(row > 1, "{} changes no row", $kind);
    }};
}
pub(crate) use each_fault;
