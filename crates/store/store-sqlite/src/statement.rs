//! Statements within a transaction, with the errors of the store.

use anteroom_store::StoreError;
use sqlx::{
    Decode, Error, Row as _, Sqlite, Type,
    query::Query,
    sqlite::{SqliteArguments, SqliteRow},
};

use super::{error::store_error, transaction::FileTransaction};

/// A statement with its values.
pub(super) trait Statement {
    /// Executes the statement. Returns the number of changed rows.
    fn changes(
        self,
        transaction: &mut FileTransaction,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Executes the statement. Returns whether it changed a row.
    fn changed(
        self,
        transaction: &mut FileTransaction,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Executes a statement whose row refers to another row. Returns the number of changed rows, or
    /// `missing` if the other row does not exist.
    fn changes_referring(
        self,
        transaction: &mut FileTransaction,
        missing: StoreError,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Reads the row that the statement always returns.
    fn row(
        self,
        transaction: &mut FileTransaction,
    ) -> impl Future<Output = Result<SqliteRow, StoreError>> + Send;

    /// Reads the only column of that row.
    fn scalar<T>(
        self,
        transaction: &mut FileTransaction,
    ) -> impl Future<Output = Result<T, StoreError>> + Send
    where
        T: for<'r> Decode<'r, Sqlite> + Type<Sqlite>;

    /// Reads the first row; `None` if there is none.
    fn optional_row(
        self,
        transaction: &mut FileTransaction,
    ) -> impl Future<Output = Result<Option<SqliteRow>, StoreError>> + Send;

    /// Reads all rows.
    fn rows(
        self,
        transaction: &mut FileTransaction,
    ) -> impl Future<Output = Result<Vec<SqliteRow>, StoreError>> + Send;
}

impl Statement for Query<'_, Sqlite, SqliteArguments> {
    async fn changes(self, transaction: &mut FileTransaction) -> Result<u64, StoreError> {
        let outcome = self.execute(transaction.connection()?).await;
        transaction
            .observe(outcome)
            .map(|done| done.rows_affected())
            .map_err(store_error)
    }

    async fn changed(self, transaction: &mut FileTransaction) -> Result<bool, StoreError> {
        self.changes(transaction).await.map(|rows| rows > 0)
    }

    async fn changes_referring(
        self,
        transaction: &mut FileTransaction,
        missing: StoreError,
    ) -> Result<u64, StoreError> {
        let outcome = self.execute(transaction.connection()?).await;
        match transaction.observe(outcome) {
            Ok(done) => Ok(done.rows_affected()),
            Err(Error::Database(error)) if error.is_foreign_key_violation() => Err(missing),
            Err(error) => Err(store_error(error)),
        }
    }

    async fn row(self, transaction: &mut FileTransaction) -> Result<SqliteRow, StoreError> {
        let outcome = self.fetch_one(transaction.connection()?).await;
        transaction.observe(outcome).map_err(store_error)
    }

    async fn scalar<T>(self, transaction: &mut FileTransaction) -> Result<T, StoreError>
    where
        T: for<'r> Decode<'r, Sqlite> + Type<Sqlite>,
    {
        let row = self.row(transaction).await?;
        row.try_get(0).map_err(store_error)
    }

    async fn optional_row(
        self,
        transaction: &mut FileTransaction,
    ) -> Result<Option<SqliteRow>, StoreError> {
        let outcome = self.fetch_optional(transaction.connection()?).await;
        transaction.observe(outcome).map_err(store_error)
    }

    async fn rows(self, transaction: &mut FileTransaction) -> Result<Vec<SqliteRow>, StoreError> {
        let outcome = self.fetch_all(transaction.connection()?).await;
        transaction.observe(outcome).map_err(store_error)
    }
}
