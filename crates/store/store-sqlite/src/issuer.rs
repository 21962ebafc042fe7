//! The issuer's file: one module for each kind of row.

mod accounts;
mod caller;
mod devices;
mod failures;
mod identities;
mod login_reader;
mod login_repository;
mod logins;
mod overview;
mod purge;
mod repository;
mod row;
mod sessions;
mod shadows;
mod sign_ups;
mod tokens;

use std::sync::Arc;

use anteroom_protocol::Aci;
use anteroom_store::{
    AccountDevice, Availability, DeviceId, IssuerDatabase, IssuerReader, IssuerRepository,
    KeyOwner, StorageKeys, StoreError, TransactionName,
};
use async_trait::async_trait;

use super::{
    database::{Schema, SqliteDatabase},
    file::FileSchema,
    lookups::FastLookup,
    migrations,
};

/// The schema of the issuer's file.
#[derive(Clone, Copy, Debug)]
pub enum IssuerSchema {}

impl Schema for IssuerSchema {
    const FILE: FileSchema = FileSchema {
        owner: KeyOwner::Issuer,
        migrations: migrations::ISSUER,
        application_id: 0x416e_4973,
        holds_any: "SELECT EXISTS (SELECT 1 FROM keys)
             OR EXISTS (SELECT 1 FROM server_params)
             OR EXISTS (SELECT 1 FROM accounts)
             OR EXISTS (SELECT 1 FROM devices)
             OR EXISTS (SELECT 1 FROM login_failures)
             OR EXISTS (SELECT 1 FROM invites)",
        transient_deletions: &[
            "DELETE FROM sessions",
            "DELETE FROM known_devices",
            "DELETE FROM sign_ups",
            "DELETE FROM confirmed_sign_ups",
            "DELETE FROM reset_tokens",
            "DELETE FROM invites",
        ],
    };
}

/// The issuer's database in an SQLite file.
pub type SqliteIssuer = SqliteDatabase<IssuerSchema>;

#[async_trait]
impl IssuerDatabase for SqliteIssuer {
    async fn begin(&self, name: TransactionName) -> Result<Box<dyn IssuerRepository>, StoreError> {
        Ok(self.begin_writing(name).await?)
    }

    async fn read(&self, name: TransactionName) -> Result<Box<dyn IssuerReader>, StoreError> {
        Ok(self.begin_reading(name).await?)
    }

    async fn account_with_device(
        &self,
        name: TransactionName,
        aci: &Aci,
        id: DeviceId,
    ) -> Result<Option<AccountDevice>, StoreError> {
        let keyring = self.file.keyring_cache.last_seen();
        let attempt = || caller::fast_lookup(&self.file.lookups, &keyring, aci, id);
        match self.file.look_up(name, attempt).await? {
            FastLookup::Found(row) => caller::opened(&row, &keyring).map(Some),
            FastLookup::Absent => Ok(None),
            FastLookup::StaleKeys => self.read(name).await?.account_with_device(aci, id).await,
        }
    }

    async fn ready(&self) -> Result<Availability, StoreError> {
        self.file.ready().await
    }

    fn storage_keys(&self) -> Arc<StorageKeys> {
        Arc::clone(self.file.keyring_cache.last_seen().storage())
    }
}
