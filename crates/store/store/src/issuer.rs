//! The traits of the issuer's database.

use std::{fmt, sync::Arc};

use anteroom_protocol::{Aci, DeviceId, Timestamp};
use async_trait::async_trait;
use rand_core::CryptoRng;

use crate::{
    account::{Account, AccountDevice, AccountRole, Device},
    availability::Availability,
    device_name::DeviceName,
    device_use::DeviceUse,
    error::StoreError,
    keys::{BlindIndex, StorageKeys},
    login::{
        AccountSummary, IdentityReader, IdentityRepository, LoginFailureReader,
        LoginFailureRepository, LoginReader, LoginRepository, SessionReader, SessionRepository,
        SignUpReader, SignUpRepository, StoredLifetimes, TokenReader, TokenRepository,
    },
    overview::IssuerCounts,
    server_params::{ServerParamsReader, ServerParamsRepository},
};

/// The issuer's database, which starts transactions.
///
/// A repository is one transaction. It is rolled back on drop. [`IssuerRepository::save`] commits
/// its changes.
#[async_trait]
pub trait IssuerDatabase: fmt::Debug + Send + Sync {
    /// Starts a transaction that may write.
    ///
    /// Writing transactions are serial, across processes too: the rows that one reads do not change
    /// until it ends. Keep them short, and use [`Self::read`] for reads alone.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the database cannot be reached or stays busy.
    async fn begin(&self, name: TransactionName) -> Result<Box<dyn IssuerRepository>, StoreError>;

    /// Starts a transaction that reads one consistent state. Writers do not block it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the database cannot be reached.
    async fn read(&self, name: TransactionName) -> Result<Box<dyn IssuerReader>, StoreError>;

    /// Reads an account and one of its devices; `None` if either does not exist.
    ///
    /// Equivalent to [`DeviceReader::account_with_device`] in a transaction of its own. Almost
    /// every request needs this, so that a backend may have a faster way.
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

    /// Returns whether the database can be read and whether it saves changes. Takes at most two
    /// seconds, and needs no other traffic.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::Damaged`] if it cannot be read.
    async fn ready(&self) -> Result<Availability, StoreError>;

    /// Returns the keys that the service itself uses: for password hashes, blind indexes,
    /// pseudonyms and access tokens.
    ///
    /// Another process may create newer ones, so that the caller must not keep them beyond a
    /// request. The transactions of this database load newer keys when they start.
    fn storage_keys(&self) -> Arc<StorageKeys>;
}

/// The read methods of a transaction, by kind of row. Missing rows are `Ok(None)` or an empty list.
///
/// All methods fail with [`StoreError::Unavailable`] or [`StoreError::Database`] if the database
/// does, and with [`StoreError::Sealed`] or [`StoreError::InvalidValue`] for a row that was changed
/// since it was written.
#[async_trait]
pub trait IssuerReader:
    AccountReader
    + DeviceReader
    + LoginReader
    + IdentityReader
    + LoginFailureReader
    + SessionReader
    + SignUpReader
    + TokenReader
    + ServerParamsReader
{
    /// Counts the rows that are valid at `now`.
    async fn counts(&mut self, now: Timestamp) -> Result<IssuerCounts, StoreError>;
}

/// The write methods of a transaction, by kind of row. [`Self::save`] commits the changes.
///
/// `rng` is the source of the nonces of sealed values. The transaction stays usable after the
/// errors that a method names. The statement itself decides races: of several requests with the same
/// token exactly one succeeds.
#[async_trait]
pub trait IssuerRepository:
    IssuerReader
    + AccountRepository
    + DeviceRepository
    + LoginRepository
    + IdentityRepository
    + LoginFailureRepository
    + SessionRepository
    + SignUpRepository
    + TokenRepository
    + ServerParamsRepository
{
    /// Deletes sessions, tokens, invites and failures that are expired at `now`, and accounts with
    /// an unconfirmed address together with their last sign-up. Returns the number of rows.
    /// Shortens rows with an end later than possible first.
    async fn purge_expired(
        &mut self,
        now: Timestamp,
        lifetimes: &StoredLifetimes,
    ) -> Result<u64, StoreError>;

    /// Commits the transaction.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::Database`]. No change is saved then.
    async fn save(self: Box<Self>) -> Result<(), StoreError>;
}

/// A page of guests who were not seen for long.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnusedGuests {
    /// The guests whose rows can be read.
    pub guests: Vec<Aci>,
    /// The number of those whose rows cannot be read.
    pub damaged: u64,
    /// The last guest of the page; `None` behind the last page.
    pub last: Option<BlindIndex>,
}

/// A page of devices that were purged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PurgedDevices {
    /// The deleted devices.
    pub devices: Vec<(Aci, DeviceId)>,
    /// The number of devices whose accounts cannot be read. They are not deleted.
    pub damaged: u64,
    /// The last device of the page; `None` behind the last page.
    pub last: Option<DevicePosition>,
}

/// The position of a device in the order in which devices are purged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DevicePosition {
    /// The time at which the device was last seen.
    pub last_seen: Timestamp,
    /// The blind index of its account.
    pub account: BlindIndex,
    /// Its number.
    pub id: DeviceId,
}

/// Reads accounts.
#[async_trait]
pub trait AccountReader: Send {
    /// Reads an account by its id.
    async fn account(&mut self, aci: &Aci) -> Result<Option<Account>, StoreError>;

    /// Reads a page of accounts in a stable order, from the one behind `after` on.
    async fn accounts(
        &mut self,
        after: Option<&Aci>,
        most: u32,
    ) -> Result<Vec<AccountSummary>, StoreError>;

    /// Reads a page of the guests, in a stable order, none of whose devices was seen at a time or
    /// later, from the one behind `after` on.
    async fn unused_guests(
        &mut self,
        used_before: Timestamp,
        after: Option<&BlindIndex>,
        most: u32,
    ) -> Result<UnusedGuests, StoreError>;
}

/// Writes accounts.
#[async_trait]
pub trait AccountRepository: AccountReader {
    /// Adds an account.
    ///
    /// # Errors
    /// [`StoreError::AccountExists`] if its ACI is already stored.
    async fn add_account(
        &mut self,
        account: &Account,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), StoreError>;

    /// Disables or enables an account; `false` if it does not exist.
    async fn set_disabled(&mut self, aci: &Aci, disabled: bool) -> Result<bool, StoreError>;

    /// Sets the role of an account; `false` if it does not exist.
    async fn set_role(&mut self, aci: &Aci, role: AccountRole) -> Result<bool, StoreError>;

    /// Resets the rate limits of an account; `false` if it does not exist.
    async fn renew_limits(&mut self, aci: &Aci) -> Result<bool, StoreError>;

    /// Deletes an account and all of its rows; `false` if it does not exist.
    async fn delete_account(&mut self, aci: &Aci) -> Result<bool, StoreError>;
}

/// Reads devices.
#[async_trait]
pub trait DeviceReader: Send {
    /// Reads a device of an account; `None` also if the account does not exist.
    async fn device(&mut self, aci: &Aci, id: DeviceId) -> Result<Option<Device>, StoreError>;

    /// Reads all devices of an account, by ascending id; empty also if the account does not exist.
    async fn devices(&mut self, aci: &Aci) -> Result<Vec<Device>, StoreError>;

    /// Reads the numbers of all devices of an account, in ascending order, also of those whose rows are damaged.
    async fn device_ids(&mut self, aci: &Aci) -> Result<Vec<DeviceId>, StoreError>;

    /// Reads an account and one of its devices in a single query; `None` if either does not exist.
    async fn account_with_device(
        &mut self,
        aci: &Aci,
        id: DeviceId,
    ) -> Result<Option<AccountDevice>, StoreError>;

    /// Returns the number for a new device: one more than the account's highest. `None` after the
    /// highest possible number.
    async fn free_device_id(&mut self, aci: &Aci) -> Result<Option<DeviceId>, StoreError>;

    /// Returns the latest time at which any device was seen; `None` if there are no devices.
    async fn last_device_use(&mut self) -> Result<Option<Timestamp>, StoreError>;
}

/// Writes devices.
#[async_trait]
pub trait DeviceRepository: DeviceReader {
    /// Adds a device to an account.
    ///
    /// # Errors
    /// [`StoreError::DeviceExists`] if the account has a device of this id,
    /// [`StoreError::AccountMissing`] if the account does not exist.
    async fn add_device(
        &mut self,
        aci: &Aci,
        device: &Device,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), StoreError>;

    /// Stores the time and address at which a device was last seen. Returns whether it did: it
    /// never goes back in time, and does nothing for a device that is not stored.
    ///
    /// # Errors
    /// Those of the database.
    async fn touch_device(
        &mut self,
        aci: &Aci,
        id: DeviceId,
        device_use: &DeviceUse,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<bool, StoreError>;

    /// Renames a device; `false` if it does not exist.
    async fn rename_device(
        &mut self,
        aci: &Aci,
        id: DeviceId,
        name: &DeviceName,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<bool, StoreError>;

    /// Deletes a device with its sessions at `now`; `false` if it does not exist. Tokens of
    /// identity providers that have signed it in are refused from then on.
    async fn delete_device(
        &mut self,
        aci: &Aci,
        id: DeviceId,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Deletes a page of the devices that were last seen before a time, from the one behind `after` on, as
    /// [`Self::delete_device`] does. Returns them. Leaves out devices whose accounts cannot be read.
    async fn purge_stale_devices(
        &mut self,
        seen_before: Timestamp,
        after: Option<&DevicePosition>,
        most: u32,
        now: Timestamp,
    ) -> Result<PurgedDevices, StoreError>;
}

/// The purpose of a transaction, in words for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransactionName(&'static str);

impl TransactionName {
    /// Creates the name from a few constant words, such as `add account`.
    #[must_use]
    pub const fn new(words: &'static str) -> Self {
        Self(words)
    }

    /// Returns the words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}
