//! Statements within a transaction, with the errors of the store.

use anteroom_store::StoreError;
use sqlx::{
    Decode, Error, Row as _, Sqlite, Type,
    query::Query,
    sqlite::{SqliteArguments, SqliteRow},
};

use super::{
    error::{Result, store_error},
    transaction::FileTransaction,
};

/// A statement with its values.
pub(super) trait Statement {
    /// Executes the statement. Returns the number of changed rows.
    async fn changes(self, transaction: &mut FileTransaction) -> Result<u64>;

    /// Executes the statement. Returns whether it changed a row.
    async fn changed(self, transaction: &mut FileTransaction) -> Result<bool>;

    /// Executes a statement whose row refers to another row. Returns the number of changed rows, or
    /// `missing` if the other row does not exist.
    async fn changes_referring(
        self,
        transaction: &mut FileTransaction,
        missing: StoreError,
    ) -> Result<u64>;

    /// Reads the row that the statement always returns.
    async fn row(self, transaction: &mut FileTransaction) -> Result<SqliteRow>;

    /// Reads the only column of that row.
    async fn scalar<T>(self, transaction: &mut FileTransaction) -> Result<T>
    where
        T: for<'r> Decode<'r, Sqlite> + Type<Sqlite>;

    /// Reads the first row; `None` if there is none.
    async fn optional_row(self, transaction: &mut FileTransaction) -> Result<Option<SqliteRow>>;

    /// Reads all rows.
    async fn rows(self, transaction: &mut FileTransaction) -> Result<Vec<SqliteRow>>;
}

impl Statement for Query<'_, Sqlite, SqliteArguments> {
    async fn changes(self, transaction: &mut FileTransaction) -> Result<u64> {
        let outcome = self.execute(transaction.connection()?).await;
        transaction
            .observe(outcome)
            .map(|done| done.rows_affected())
            .map_err(store_error)
    }

    async fn changed(self, transaction: &mut FileTransaction) -> Result<bool> {
        self.changes(transaction).await.map(|rows| rows > 0)
    }

    async fn changes_referring(
        self,
        transaction: &mut FileTransaction,
        missing: StoreError,
    ) -> Result<u64> {
        let outcome = self.execute(transaction.connection()?).await;
        match transaction.observe(outcome) {
            Ok(done) => Ok(done.rows_affected()),
            Err(Error::Database(error)) if error.is_foreign_key_violation() => Err(missing),
            Err(error) => Err(store_error(error)),
        }
    }

    async fn row(self, transaction: &mut FileTransaction) -> Result<SqliteRow> {
        let outcome = self.fetch_one(transaction.connection()?).await;
        transaction.observe(outcome).map_err(store_error)
    }

    async fn scalar<T>(self, transaction: &mut FileTransaction) -> Result<T>
    where
        T: for<'r> Decode<'r, Sqlite> + Type<Sqlite>,
    {
        let row = self.row(transaction).await?;
        row.try_get(0).map_err(store_error)
    }

    async fn optional_row(self, transaction: &mut FileTransaction) -> Result<Option<SqliteRow>> {
        let outcome = self.fetch_optional(transaction.connection()?).await;
        transaction.observe(outcome).map_err(store_error)
    }

    async fn rows(self, transaction: &mut FileTransaction) -> Result<Vec<SqliteRow>> {
        let outcome = self.fetch_all(transaction.connection()?).await;
        transaction.observe(outcome).map_err(store_error)
    }
}
