//! The issuer's file.

mod caller;
mod login;
mod repository;
mod row;

use std::{fmt, path::Path, sync::Arc};

use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{
    AccountDevice, Availability, DeviceId, IssuerDatabase, IssuerReader, IssuerRepository,
    MasterKey, Realm, ServiceKeys, StoreError, TransactionName, keys::KeyDatabase,
};
use async_trait::async_trait;
use rand_core::CryptoRng;

use self::{caller::Alone, repository::SqliteRepository};
use super::{
    SchemaState, SqliteCopy, SqliteOptions, backup,
    file::{OpenFile, Schema},
    migrations, opening,
};

static SCHEMA: Schema = Schema {
    realm: Realm::Issuer,
    migrations: migrations::ISSUER,
    application_id: 0x416e_4973,
    holds_any: "SELECT EXISTS (SELECT 1 FROM keys)
             OR EXISTS (SELECT 1 FROM server_params)
             OR EXISTS (SELECT 1 FROM accounts)
             OR EXISTS (SELECT 1 FROM devices)
             OR EXISTS (SELECT 1 FROM login_failures)
             OR EXISTS (SELECT 1 FROM invites)",
    forget_passing: &[
        "DELETE FROM sessions",
        "DELETE FROM known_devices",
        "DELETE FROM sign_ups",
        "DELETE FROM confirmed_sign_ups",
        "DELETE FROM reset_tokens",
        "DELETE FROM invites",
    ],
};

/// The issuer's database in an SQLite file. Clones share its connections.
#[derive(Clone)]
pub struct SqliteIssuer(OpenFile);

impl SqliteIssuer {
    /// Whether there is a database in the file. No file, or an empty one: `false`.
    ///
    /// Nothing is created or changed. A program without a master key asks this before it makes
    /// one: where there is a database already, a new key would be of no use to it.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] for a file that is none of SQLite's,
    /// [`StoreError::Unavailable`] for one that cannot be read.
    pub async fn is_initialised(path: &Path) -> Result<bool, StoreError> {
        opening::is_initialised(path).await
    }

    /// How the schema of a file that is there compares with that of this program. Nothing is created
    /// or changed.
    ///
    /// # Errors
    /// - [`StoreError::UnknownSchema`] if the file is not this service's;
    /// - [`StoreError::Unavailable`] if it cannot be read;
    /// - [`StoreError::Damaged`] for a damaged file.
    pub async fn schema_state(path: &Path) -> Result<SchemaState, StoreError> {
        opening::schema_state(&SCHEMA, path).await
    }

    /// Opens the database: brings its schema up to date and unlocks its keys, or makes them in an
    /// empty one. Both happen in one transaction: after an error the file is as it was, and of
    /// several processes that open a new file at once, one makes the keys for all.
    ///
    /// `now` is noted beside new keys; `rng` makes them.
    ///
    /// # Errors
    /// - [`StoreError::Keys`] if the master key is wrong or the keys are missing or damaged;
    /// - [`StoreError::UnknownSchema`] if a newer or different program made the file;
    /// - [`StoreError::Unavailable`] if the file cannot be opened or created, or stays busy;
    /// - [`StoreError::Damaged`] for a file that is none of SQLite's.
    pub async fn open(
        options: &SqliteOptions,
        master: &MasterKey,
        now: Timestamp,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Self, StoreError> {
        opening::open(&SCHEMA, options, master, now, rng)
            .await
            .map(Self)
    }

    /// Writes one state of the database to a new file, readable by its owner only, while whoever
    /// has it open goes on. No key is needed: what is sealed stays sealed, under the same keys.
    ///
    /// The new file is checked and on the disk when this returns. After an error it may be there in
    /// part.
    ///
    /// # Errors
    /// - [`StoreError::UnknownSchema`] if the file is not this service's;
    /// - [`StoreError::Unavailable`] if one of the files cannot be read or written;
    /// - [`StoreError::Damaged`] for a damaged file;
    /// - [`StoreError::Database`] for a name that is not UTF-8.
    pub async fn copy(from: &Path, to: &Path) -> Result<SqliteCopy, StoreError> {
        backup::copy(&SCHEMA, from, to).await
    }

    /// For a database that was copied back: deletes sessions, tokens of mails and invites, since some
    /// of them may have ended after the copy was made. Says how many rows went.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::Database`]: then nothing was deleted.
    pub async fn forget_passing(&self) -> Result<u64, StoreError> {
        backup::forget_passing(&SCHEMA, &self.0).await
    }

    /// Whether opening made the keys, because there was no database before.
    #[must_use]
    pub const fn created(&self) -> bool {
        self.0.created
    }

    /// The keys of this database, to be looked after.
    #[must_use]
    pub fn key_database(&self) -> Arc<dyn KeyDatabase> {
        Arc::new(self.0.clone())
    }

    /// Closes all connections, once their transactions have ended. From then on everything fails
    /// with [`StoreError::Unavailable`].
    pub async fn close(&self) {
        self.0.close().await;
    }
}

impl fmt::Debug for SqliteIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteIssuer").finish_non_exhaustive()
    }
}

#[async_trait]
impl IssuerDatabase for SqliteIssuer {
    async fn begin(&self, name: TransactionName) -> Result<Box<dyn IssuerRepository>, StoreError> {
        let begun = self.0.begin_writing(name).await?;
        Ok(Box::new(SqliteRepository::new(begun)))
    }

    async fn read(&self, name: TransactionName) -> Result<Box<dyn IssuerReader>, StoreError> {
        let begun = self.0.begin_reading(name).await?;
        Ok(Box::new(SqliteRepository::new(begun)))
    }

    async fn account_with_device(
        &self,
        name: TransactionName,
        aci: &Aci,
        id: DeviceId,
    ) -> Result<Option<AccountDevice>, StoreError> {
        let keyring = self.0.ring.last_seen();
        let attempt = || caller::alone(&self.0.look_ups, &keyring, aci, id);
        match self.0.look_up(name, attempt).await? {
            Alone::Row(row) => caller::opened(&row, &keyring).map(Some),
            Alone::Nothing => Ok(None),
            Alone::OtherKeys => self.read(name).await?.account_with_device(aci, id).await,
        }
    }

    async fn ready(&self) -> Result<Availability, StoreError> {
        self.0.ready().await
    }

    fn service_keys(&self) -> Arc<ServiceKeys> {
        Arc::clone(self.0.ring.last_seen().service())
    }
}
