//! Server params: the secrets that issue and verify credentials.

use std::fmt;

use anteroom_protocol::{ParamsId, Timestamp};
use async_trait::async_trait;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{error::StoreError, stored_words::stored_words};

/// Server params and the time of their validity.
#[derive(Clone)]
pub struct ServerParamsRecord {
    /// The id, which is derived from the public params.
    pub id: ParamsId,
    /// The kind of the params.
    pub kind: ServerParamsKind,
    /// The time from which the params issue and verify.
    pub not_before: Timestamp,
    /// The time from which the params are invalid; `None` while no end is set.
    pub not_after: Option<Timestamp>,
    /// The secret params in the byte format of the protocol.
    pub secret: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for ServerParamsRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerParamsRecord")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("not_before", &self.not_before)
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
    }
}

/// All server params of a database.
#[derive(Clone, Debug, Default)]
pub struct StoredServerParams {
    /// The readable params, by ascending start of validity.
    pub readable: Vec<ServerParamsRecord>,
    /// The params that cannot be read.
    pub damaged: Vec<DamagedServerParams>,
}

/// Server params whose row or secret was damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DamagedServerParams {
    /// The id, if it is readable.
    pub id: Option<ParamsId>,
    /// The kind, if it is readable.
    pub kind: Option<ServerParamsKind>,
    /// The time from which the params are invalid, if one is set and readable.
    pub not_after: Option<Timestamp>,
}

impl StoredServerParams {
    /// Returns whether there are damaged params that are, or could be, of this kind.
    #[must_use]
    pub fn any_damaged(&self, kind: ServerParamsKind) -> bool {
        self.damaged
            .iter()
            .any(|damaged| damaged.kind.is_none_or(|found| found == kind))
    }

    /// Moves readable params to the damaged ones if `is_usable` returns `false` for them.
    #[must_use]
    pub fn checked(mut self, is_usable: impl Fn(&ServerParamsRecord) -> bool) -> Self {
        let (usable, unusable) = self
            .readable
            .into_iter()
            .partition(|record| is_usable(record));
        let unusable: Vec<ServerParamsRecord> = unusable;
        self.readable = usable;
        self.damaged
            .extend(unusable.iter().map(|record| DamagedServerParams {
                id: Some(record.id),
                kind: Some(record.kind),
                not_after: record.not_after,
            }));
        self
    }
}

/// The kind of server params. The kinds have nothing in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServerParamsKind {
    /// Generic params, of either mode: call-link credentials.
    Generic,
    /// Group params: group auth credentials and endorsements.
    Group,
    /// Generic params of the standard mode: call-link credentials of guests.
    Guest,
    /// The key of certificates of devices.
    Certificates,
}

stored_words!(ServerParamsKind {
    Generic = "generic",
    Group = "group",
    Guest = "guest",
    Certificates = "certificates",
});

impl ServerParamsKind {
    /// Returns whether the room service verifies with params of this kind. It gets no others.
    #[must_use]
    pub const fn is_shared(self) -> bool {
        match self {
            Self::Generic | Self::Guest => true,
            Self::Group | Self::Certificates => false,
        }
    }
}

/// Reads the server params of a database.
#[async_trait]
pub trait ServerParamsReader: Send {
    /// Reads all server params, live or not, by ascending start of validity.
    async fn server_params(&mut self) -> Result<Vec<ServerParamsRecord>, StoreError>;

    /// Reads the same, and reports damaged ones separately instead of with an error.
    async fn stored_server_params(&mut self) -> Result<StoredServerParams, StoreError>;
}

/// Writes the server params of a database.
#[async_trait]
pub trait ServerParamsRepository: ServerParamsReader {
    /// Adds server params. Those of the room service must be of a shared kind.
    ///
    /// # Errors
    /// [`StoreError::ServerParamsExist`] if params of this id are already stored,
    /// [`StoreError::InvalidValue`] for params of another kind in the
    /// room service's database.
    async fn add_server_params(
        &mut self,
        record: &ServerParamsRecord,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), StoreError>;

    /// Sets the time from which server params are invalid, unless an earlier one is set. Returns
    /// whether the time changed.
    ///
    /// # Errors
    /// Those of the database.
    async fn end_server_params(
        &mut self,
        id: ParamsId,
        not_after: Timestamp,
    ) -> Result<bool, StoreError>;
}
