//! Pinned server params.
//!
//! Everyone must be served under the same key: a key of one's own would mark its holder. A pin is
//! the whole key and not only its 8-byte id, since an issuer could search two keys of one id.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
};

use anteroom_protocol::{GenericPublicParams, GroupServerPublicParams, ParamsId, ParseError};

use crate::PinStoreError;

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParamsKind {
    /// Call-link credentials.
    Generic,
    /// Group credentials and endorsements.
    Group,
}

impl ParamsKind {
    /// The name in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Generic => "generic",
            Self::Group => "group",
        }
    }
}

impl fmt::Display for ParamsKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Public params that were accepted once.
#[derive(Clone, PartialEq, Eq)]
pub struct Pin {
    kind: ParamsKind,
    id: ParamsId,
    bytes: Vec<u8>,
}

impl Pin {
    /// Pins params of call-link credentials.
    #[must_use]
    pub fn generic(params: &GenericPublicParams) -> Self {
        Self {
            kind: ParamsKind::Generic,
            id: params.id(),
            bytes: params.to_bytes(),
        }
    }

    /// Pins params of group credentials.
    #[must_use]
    pub fn group(params: &GroupServerPublicParams) -> Self {
        Self {
            kind: ParamsKind::Group,
            id: params.id(),
            bytes: params.to_bytes(),
        }
    }

    /// Reads a pin back from its bytes.
    ///
    /// # Errors
    /// Bytes that are no public params of that kind.
    pub fn from_bytes(kind: ParamsKind, bytes: &[u8]) -> Result<Self, ParseError> {
        match kind {
            ParamsKind::Generic => {
                GenericPublicParams::from_bytes(bytes).map(|params| Self::generic(&params))
            }
            ParamsKind::Group => {
                GroupServerPublicParams::from_bytes(bytes).map(|params| Self::group(&params))
            }
        }
    }

    /// The bytes to store: 225 (generic) or 673 (group).
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the key is for.
    #[must_use]
    pub const fn kind(&self) -> ParamsKind {
        self.kind
    }

    /// The key's id.
    #[must_use]
    pub const fn id(&self) -> ParamsId {
        self.id
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pin({} {})", self.kind, self.id)
    }
}

/// Where the pins of one issuer are kept.
pub trait PinStore: Send + Sync {
    /// All pins.
    ///
    /// # Errors
    /// The store cannot be read.
    fn pins(&self) -> Result<Vec<Pin>, PinStoreError>;

    /// Adds pins to those that are there.
    ///
    /// # Errors
    /// The store cannot be written.
    fn add(&self, pins: &[Pin]) -> Result<(), PinStoreError>;
}

/// What may become a pin.
#[derive(Clone, Copy, Debug)]
pub enum Trust<'a> {
    /// Nothing: only what is pinned counts.
    PinnedOnly,
    /// What the issuer shows, if nothing of that kind is pinned yet.
    FirstUse,
    /// Params of these ids, which the caller has from elsewhere (a link, another member).
    Ids(&'a [ParamsId]),
}

/// Pins that live as long as the process.
#[derive(Debug, Default)]
pub struct MemoryPins(Mutex<Vec<Pin>>);

impl PinStore for MemoryPins {
    fn pins(&self) -> Result<Vec<Pin>, PinStoreError> {
        Ok(self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone())
    }

    fn add(&self, pins: &[Pin]) -> Result<(), PinStoreError> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(pins);
        Ok(())
    }
}
