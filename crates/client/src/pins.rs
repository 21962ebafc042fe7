//! Pinned server params.
//!
//! Everyone must be served under the same key: a key of one's own would mark its holder. A pin is
//! the whole key and not only its 8-byte id, since an issuer could search two keys of one id.

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use anteroom_protocol::{
    GenericPublicParams, GroupServerPublicParams, ParamsId, ParseError, RoomId,
};

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

/// The pins of one issuer that count everywhere, and the params that it issued under last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PinSet {
    pins: Vec<Pin>,
    issuing: Vec<(ParamsKind, ParamsId)>,
}

impl PinSet {
    /// The pins, the oldest first.
    #[must_use]
    pub fn pins(&self) -> &[Pin] {
        &self.pins
    }

    /// Adds a pin, unless it is there.
    pub fn add(&mut self, pin: Pin) {
        if !self.pins.contains(&pin) {
            self.pins.push(pin);
        }
    }

    /// The params of a kind that the issuer used when it was asked last.
    #[must_use]
    pub fn issuing(&self, kind: ParamsKind) -> Option<ParamsId> {
        let mut all = self.issuing.iter();
        all.find(|(known, _)| *known == kind).map(|(_, id)| *id)
    }

    /// Replaces the params of a kind that the issuer uses.
    pub fn set_issuing(&mut self, kind: ParamsKind, id: ParamsId) {
        self.issuing.retain(|(known, _)| *known != kind);
        self.issuing.push((kind, id));
    }

    /// Whether params of this kind and id are pinned, be their bytes these or others.
    pub(crate) fn has_id(&self, kind: ParamsKind, id: ParamsId) -> bool {
        let mut pins = self.pins.iter();
        pins.any(|pin| pin.kind() == kind && pin.id() == id)
    }
}

/// Where the pins of one issuer are stored.
///
/// There are two scopes: pins that count everywhere, and pins that count in one room alone, which
/// come from that room's link.
pub trait PinStore: Send + Sync {
    /// The pins that count everywhere.
    ///
    /// # Errors
    /// The store cannot be read.
    fn pins(&self) -> Result<PinSet, PinStoreError>;

    /// Changes the pins that count everywhere. From the moment at which `change` sees them until
    /// they are written nobody else changes them.
    ///
    /// # Errors
    /// The store cannot be read or written.
    fn update(&self, change: &mut dyn FnMut(&mut PinSet)) -> Result<(), PinStoreError>;

    /// The pins that count in this room alone.
    ///
    /// # Errors
    /// The store cannot be read.
    fn room_pins(&self, room: &RoomId) -> Result<Vec<Pin>, PinStoreError>;

    /// Adds a pin that counts in this room alone, unless the room has one of that id.
    ///
    /// # Errors
    /// The store cannot be written.
    fn add_room_pin(&self, room: &RoomId, pin: &Pin) -> Result<(), PinStoreError>;

    /// Adds pins that count everywhere.
    ///
    /// # Errors
    /// The store cannot be read or written.
    fn add(&self, pins: &[Pin]) -> Result<(), PinStoreError> {
        self.update(&mut |set| pins.iter().for_each(|pin| set.add(pin.clone())))
    }
}

/// What may become a pin.
#[derive(Clone, Copy, Debug)]
pub enum Trust<'a> {
    /// Nothing: only what is pinned counts.
    PinnedOnly,
    /// The params that issue now, if nothing of that kind is pinned yet. Never those that begin
    /// later: an issuer could have made them for this client.
    FirstUse,
    /// Params of these ids, which the caller has from elsewhere (another member).
    Ids(&'a [ParamsId]),
}

/// Pins that live as long as the process.
#[derive(Debug, Default)]
pub struct MemoryPins {
    set: Mutex<PinSet>,
    rooms: Mutex<Vec<(RoomId, Pin)>>,
}

impl PinStore for MemoryPins {
    fn pins(&self) -> Result<PinSet, PinStoreError> {
        Ok(locked(&self.set).clone())
    }

    fn update(&self, change: &mut dyn FnMut(&mut PinSet)) -> Result<(), PinStoreError> {
        change(&mut locked(&self.set));
        Ok(())
    }

    fn room_pins(&self, room: &RoomId) -> Result<Vec<Pin>, PinStoreError> {
        let pins = locked(&self.rooms);
        let of_room = pins.iter().filter(|(known, _)| known == room);
        Ok(of_room.map(|(_, pin)| pin.clone()).collect())
    }

    fn add_room_pin(&self, room: &RoomId, pin: &Pin) -> Result<(), PinStoreError> {
        let mut pins = locked(&self.rooms);
        let is_same = |(known, other): &(RoomId, Pin)| known == room && other.id() == pin.id();
        if !pins.iter().any(is_same) {
            pins.push((*room, pin.clone()));
        }
        Ok(())
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
