//! A service's file while it is open.

use std::{sync::Arc, time::Duration};

use anteroom_store::{Keyring, Realm, StoreError, TransactionName};
use sqlx::{Sqlite, SqlitePool, Transaction, migrate::Migrator};

use super::{error::store_error, lookups::LookUps, ring::Ring, transaction};

/// What tells one service's file from another's.
pub(super) struct Schema {
    /// Whose keys are in it.
    pub(super) realm: Realm,
    /// What makes its tables.
    pub(super) migrations: &'static Migrator,
    /// The file's mark, set by the first migration.
    pub(super) application_id: i64,
    /// Selects whether any row stands beside the check of the master key.
    pub(super) holds_any: &'static str,
    /// Delete what ends when it is used, or by itself.
    pub(super) forget_passing: &'static [&'static str],
}

/// The connections to an open file, and its keys. Clones share the connections.
#[derive(Clone)]
pub(super) struct OpenFile {
    pub(super) writer: SqlitePool,
    pub(super) readers: SqlitePool,
    pub(super) look_ups: Arc<LookUps>,
    pub(super) patience: Duration,
    pub(super) ring: Arc<Ring>,
    pub(super) created: bool,
}

/// A transaction with the keys of its state of the file.
pub(super) struct Begun {
    pub(super) transaction: Transaction<'static, Sqlite>,
    pub(super) keyring: Keyring,
}

impl OpenFile {
    pub(super) async fn begin_writing(&self, name: TransactionName) -> Result<Begun, StoreError> {
        self.with_keys(transaction::begin_writing(&self.writer, name, self.patience).await?)
            .await
    }

    pub(super) async fn begin_reading(&self, name: TransactionName) -> Result<Begun, StoreError> {
        self.with_keys(transaction::begin_reading(&self.readers, name, self.patience).await?)
            .await
    }

    async fn with_keys(
        &self,
        mut transaction: Transaction<'static, Sqlite>,
    ) -> Result<Begun, StoreError> {
        let keyring = self.ring.of(&mut transaction).await?;
        Ok(Begun {
            transaction,
            keyring,
        })
    }

    pub(super) async fn ready(&self) -> Result<(), StoreError> {
        // Reads the file itself, which `SELECT 1` would not.
        sqlx::query("SELECT count(*) FROM master_key_check")
            .fetch_one(&self.readers)
            .await
            .map(drop)
            .map_err(store_error)
    }

    pub(super) async fn close(&self) {
        self.look_ups.close().await;
        self.readers.close().await;
        self.writer.close().await;
    }
}
