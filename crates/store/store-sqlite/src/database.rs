//! The database of a service in an SQLite file.

use std::{marker::PhantomData, sync::Arc};

use anteroom_store::{Keyring, keys::KeyDatabase};

use super::{
    error::Result,
    file::{FileSchema, KeyedTransaction, OpenFile},
    transaction::FileTransaction,
};

/// The schema of a service, as a type.
pub trait Schema: Sized + Send + Sync + 'static {
    /// The description of the file.
    const FILE: FileSchema;

    /// Completes the rows that an earlier version stored. `open` calls it last.
    fn complete(_database: &SqliteDatabase<Self>) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }
}

/// A service's database in an SQLite file. Clones share its connections.
#[derive(Clone, Debug)]
pub struct SqliteDatabase<S> {
    pub(crate) file: OpenFile,
    pub(crate) schema: PhantomData<S>,
}

/// A transaction of a service. It is rolled back on drop.
pub(crate) struct SqliteTransaction<S> {
    pub(crate) transaction: FileTransaction,
    pub(crate) keyring: Keyring,
    schema: PhantomData<S>,
}

impl<S: Schema> SqliteDatabase<S> {
    /// Returns whether `open` created the keys, because the file held no database.
    #[must_use]
    pub const fn created(&self) -> bool {
        self.file.created
    }

    /// Returns the key maintenance of this database.
    #[must_use]
    pub fn key_database(&self) -> Arc<dyn KeyDatabase> {
        Arc::new(self.file.clone())
    }

    /// Closes all connections once their transactions have ended. Every later call fails with
    /// [`StoreError::Unavailable`](anteroom_store::StoreError::Unavailable).
    pub async fn close(&self) {
        self.file.close().await;
    }
}

impl<S> SqliteTransaction<S> {
    pub(crate) fn boxed(keyed: KeyedTransaction) -> Box<Self> {
        Box::new(Self {
            transaction: keyed.transaction,
            keyring: keyed.keyring,
            schema: PhantomData,
        })
    }
}
