//! The issuer's database, as the issuer sees it.

use std::{fmt, sync::Arc};

use anteroom_protocol::{Aci, ParamsId, Timestamp};
use async_trait::async_trait;
use rand_core::CryptoRng;

use crate::{
    account::{Account, AccountDevice, Device, DeviceId},
    availability::Availability,
    error::StoreError,
    keys::ServiceKeys,
    login::{LoginReader, LoginRepository},
    overview::IssuerCounts,
    server_params::{ServerParamsRecord, StoredServerParams},
    sighting::Sighting,
};

/// The issuer's database: where transactions begin.
///
/// A repository is one transaction. Dropped, it is rolled back; only
/// [`IssuerRepository::save`] makes its changes last.
#[async_trait]
pub trait IssuerDatabase: fmt::Debug + Send + Sync {
    /// Begins a transaction that may write.
    ///
    /// Writing transactions go one after the other, also over processes: what one reads stays
    /// true until it ends. Keep them short, and use [`Self::read`] where nothing is written.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the database cannot be reached or stays busy.
    async fn begin(&self, name: TransactionName) -> Result<Box<dyn IssuerRepository>, StoreError>;

    /// Begins a transaction that only reads, from one consistent state. Writers do not hold it up.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the database cannot be reached.
    async fn read(&self, name: TransactionName) -> Result<Box<dyn IssuerReader>, StoreError>;

    /// An account and one of its devices; `None` if either is absent.
    ///
    /// As [`IssuerReader::account_with_device`] in a transaction of its own. Nearly every request
    /// asks for it, so a backend may have a shorter way.
    ///
    /// # Errors
    /// Those of [`IssuerReader`], and [`StoreError::Unavailable`] if the database cannot be reached.
    async fn account_with_device(
        &self,
        name: TransactionName,
        aci: &Aci,
        id: DeviceId,
    ) -> Result<Option<AccountDevice>, StoreError> {
        self.read(name).await?.account_with_device(aci, id).await
    }

    /// Whether the database can be read, and whether it saves changes: within two seconds, also when
    /// nothing else asks.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::Damaged`] if it cannot be read.
    async fn ready(&self) -> Result<Availability, StoreError>;

    /// The keys of this database that the service itself works with: password hashes, blind
    /// indexes, pseudonyms and access tokens. They need no database at hand.
    ///
    /// Another process may make newer ones: ask again for each request. The transactions of this
    /// database notice them when they begin.
    fn service_keys(&self) -> Arc<ServiceKeys>;
}

/// What can be read in a transaction. Absent rows are `Ok(None)` or an empty list.
///
/// All methods fail with [`StoreError::Unavailable`] or [`StoreError::Database`] if the database
/// does, and with [`StoreError::Sealed`] or [`StoreError::InvalidValue`] for a row that is not as
/// it was written.
#[async_trait]
pub trait IssuerReader: LoginReader {
    /// An account by its id.
    async fn account(&mut self, aci: &Aci) -> Result<Option<Account>, StoreError>;

    /// One device of an account; `None` also if there is no such account.
    async fn device(&mut self, aci: &Aci, id: DeviceId) -> Result<Option<Device>, StoreError>;

    /// All devices of an account, by ascending id; empty also if there is no such account.
    async fn devices(&mut self, aci: &Aci) -> Result<Vec<Device>, StoreError>;

    /// An account and one of its devices in a single query; `None` if either is absent.
    async fn account_with_device(
        &mut self,
        aci: &Aci,
        id: DeviceId,
    ) -> Result<Option<AccountDevice>, StoreError>;

    /// Counts the rows that count at `now`.
    async fn counts(&mut self, now: Timestamp) -> Result<IssuerCounts, StoreError>;

    /// The last moment at which any device was seen; `None` without any device.
    async fn last_sighting(&mut self) -> Result<Option<Timestamp>, StoreError>;

    /// All server params of both kinds, live or not, by ascending start of validity.
    async fn server_params(&mut self) -> Result<Vec<ServerParamsRecord>, StoreError>;

    /// The same, with damaged ones apart instead of an error.
    async fn stored_server_params(&mut self) -> Result<StoredServerParams, StoreError>;
}

/// What can be changed in a transaction: nothing lasts until [`Self::save`].
///
/// `rng` gives the nonces of sealed values. Errors that are named do not spoil the transaction.
#[async_trait]
pub trait IssuerRepository: IssuerReader + LoginRepository {
    /// Adds an account.
    ///
    /// # Errors
    /// [`StoreError::AccountExists`] if its ACI is stored already.
    async fn add_account(
        &mut self,
        account: &Account,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), StoreError>;

    /// Adds a device to an account.
    ///
    /// # Errors
    /// [`StoreError::DeviceExists`] if the account has a device of this id,
    /// [`StoreError::AccountMissing`] if there is no such account.
    async fn add_device(
        &mut self,
        aci: &Aci,
        device: &Device,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), StoreError>;

    /// Stores when and from where a device was last seen, and says whether it did: never back in
    /// time, nothing for a device that is not stored.
    ///
    /// # Errors
    /// Only those of the database.
    async fn touch_device(
        &mut self,
        aci: &Aci,
        id: DeviceId,
        sighting: &Sighting,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<bool, StoreError>;

    /// Adds server params.
    ///
    /// # Errors
    /// [`StoreError::ServerParamsExist`] if params of this id are stored already.
    async fn add_server_params(
        &mut self,
        record: &ServerParamsRecord,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), StoreError>;

    /// Sets the first moment at which server params no longer hold, unless an earlier one is set
    /// already; says whether that was news.
    ///
    /// # Errors
    /// Only those of the database.
    async fn end_server_params(
        &mut self,
        id: ParamsId,
        not_after: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Ends the transaction: all its changes last from here on.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::Database`]: then none of them do.
    async fn save(self: Box<Self>) -> Result<(), StoreError>;
}

/// What a transaction is for, in words, for logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransactionName(&'static str);

impl TransactionName {
    /// From a few constant words, such as `add account`.
    #[must_use]
    pub const fn new(words: &'static str) -> Self {
        Self(words)
    }

    /// The words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}
