//! The maintenance of the keys of an open database.

use std::{fmt, num::NonZeroU32};

use anteroom_protocol::Timestamp;
use async_trait::async_trait;
use rand_core::CryptoRng;

use super::{KeyId, KeyOwner, KeyPurpose, MasterKey};
use crate::error::StoreError;

/// The description of a key for the operator, without the key itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyEntry {
    /// The id of the key.
    pub id: KeyId,
    /// The purpose of the key.
    pub purpose: KeyPurpose,
    /// The time at which the key was created.
    pub created: Timestamp,
    /// The time at which the key was deleted; `None` for a key that exists.
    pub retired: Option<Timestamp>,
}

/// The progress of sealing all values under the newest data key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SealedValues {
    /// The number of all sealed values.
    pub all: u64,
    /// The number of values under older keys.
    pub stale: u64,
}

/// The position of a reseal. Only the backend that returned it can use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResealCursor {
    /// The index among the [sealed columns](crate::sealed::sealed_columns) of the owner.
    pub column: usize,
    /// The backend's number of the last row.
    pub row: i64,
}

/// The result of one step of a reseal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResealStep {
    /// The number of values that the step sealed under the newest key.
    pub values: u64,
    /// The number of values that cannot be unsealed. They are unchanged.
    pub unreadable: u64,
    /// The position of the next step; `None` at the end.
    pub next: Option<ResealCursor>,
}

/// The keys of an open database, for the operator. Other processes may use the database at the same
/// time: their transactions load newer keys when they start.
///
/// All methods fail with [`StoreError::Unavailable`] or [`StoreError::Database`] if the database
/// does.
#[async_trait]
pub trait KeyDatabase: fmt::Debug + Send + Sync {
    /// Returns the service that the keys belong to.
    fn owner(&self) -> KeyOwner;

    /// Lists all keys, deleted ones included, by ascending id.
    async fn keys(&self) -> Result<Vec<KeyEntry>, StoreError>;

    /// Creates a newer key, which is used from then on.
    ///
    /// # Errors
    /// [`KeyError::NotRotated`](super::KeyError::NotRotated) for a purpose whose keys are
    /// permanent.
    async fn rotate(
        &self,
        purpose: KeyPurpose,
        now: Timestamp,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<KeyId, StoreError>;

    /// Deletes the keys of a purpose that a newer one replaced at `replaced_by` or before. Returns
    /// their ids. A data key is deleted only if no value is sealed under it.
    ///
    /// # Errors
    /// [`KeyError::NotRotated`](super::KeyError::NotRotated) for a purpose whose keys are
    /// permanent.
    async fn retire(
        &self,
        purpose: KeyPurpose,
        replaced_by: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<KeyId>, StoreError>;

    /// Counts the sealed values. It reads all rows, which is too slow for a request.
    async fn sealed_values(&self) -> Result<SealedValues, StoreError>;

    /// Seals up to `limit` values of older data keys under the newest one, in one short
    /// transaction. The steps from `None` to the last position reach all values that existed at the
    /// first step; later ones are under the newest key already. A value that another transaction
    /// changes meanwhile keeps that change.
    async fn reseal(
        &self,
        after: Option<ResealCursor>,
        limit: NonZeroU32,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<ResealStep, StoreError>;

    /// Wraps all keys under another master key, in one transaction. Processes that have the
    /// database open continue with their keys, and need the new master key once there are newer
    /// keys.
    async fn rewrap(
        &self,
        master: &MasterKey,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), StoreError>;
}
