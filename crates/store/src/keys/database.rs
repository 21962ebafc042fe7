//! Looking after the keys of an open database.

use std::{fmt, num::NonZeroU32};

use anteroom_protocol::Timestamp;
use async_trait::async_trait;
use rand_core::CryptoRng;

use super::{KeyId, KeyPurpose, MasterKey, Realm};
use crate::error::StoreError;

/// A key as it may be shown to whoever runs the service: nothing of the key itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyEntry {
    /// Its id.
    pub id: KeyId,
    /// What it is for.
    pub purpose: KeyPurpose,
    /// When it was made.
    pub created: Timestamp,
    /// When it was forgotten, if it was.
    pub retired: Option<Timestamp>,
}

/// How far all sealed values have come under the newest data key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SealedValues {
    /// All of them.
    pub all: u64,
    /// Those under older keys.
    pub stale: u64,
}

/// Where sealing anew goes on: for the backend that gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResealCursor {
    /// The position among the [sealed columns](crate::sealed::sealed_columns) of the realm.
    pub column: usize,
    /// The backend's number of the row that was the last.
    pub row: i64,
}

/// What one step of sealing anew did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resealed {
    /// Values that are under the newest key now.
    pub values: u64,
    /// Values that cannot be opened, and were left alone.
    pub unreadable: u64,
    /// Where to go on; `None` at the end.
    pub next: Option<ResealCursor>,
}

/// The keys of an open database, for whoever runs the service. Other processes may use the database
/// meanwhile: their transactions notice newer keys when they begin.
///
/// All methods fail with [`StoreError::Unavailable`] or [`StoreError::Database`] if the database
/// does.
#[async_trait]
pub trait KeyDatabase: fmt::Debug + Send + Sync {
    /// Whose keys these are.
    fn realm(&self) -> Realm;

    /// All keys there are or were, by ascending id.
    async fn keys(&self) -> Result<Vec<KeyEntry>, StoreError>;

    /// Makes a newer key, which takes over at once.
    ///
    /// # Errors
    /// [`KeyError::NotRotated`](super::KeyError::NotRotated) for a purpose whose keys stay.
    async fn rotate(
        &self,
        purpose: KeyPurpose,
        now: Timestamp,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<KeyId, StoreError>;

    /// Forgets the keys of a purpose that a newer one replaced at `replaced_by` or before, and says
    /// which. Of data keys only those go under which nothing is sealed any more.
    ///
    /// # Errors
    /// [`KeyError::NotRotated`](super::KeyError::NotRotated) for a purpose whose keys stay.
    async fn retire(
        &self,
        purpose: KeyPurpose,
        replaced_by: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<KeyId>, StoreError>;

    /// Counts the sealed values. It reads all rows: not for every request.
    async fn sealed_values(&self) -> Result<SealedValues, StoreError>;

    /// Seals up to `limit` values anew that are under older data keys, in one short transaction.
    /// From `None` to the end of the cursors, all values are met that were there at the beginning;
    /// later ones are under the newest key anyway. Values that others change meanwhile stay theirs.
    async fn reseal(
        &self,
        after: Option<ResealCursor>,
        limit: NonZeroU32,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Resealed, StoreError>;

    /// Wraps all keys under another master key, in one transaction. Whoever has the database open
    /// goes on with the keys it has, and needs the new master key when there are newer ones.
    async fn rewrap(
        &self,
        master: &MasterKey,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), StoreError>;
}
