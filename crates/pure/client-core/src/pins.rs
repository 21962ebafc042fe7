//! Pinned server params.
//!
//! All clients must be served under the same key: a key for one client alone would mark it. A pin is the
//! whole key and not only its 8-byte id, since an issuer could search for two keys with one id.

use std::fmt;

use anteroom_e2ee::CertificatePublicKey;
use anteroom_protocol::{
    GenericPublicParams, GroupServerPublicParams, Mode, ParamsId, ParseError, RoomId,
};
use parking_lot::Mutex;

use crate::PinStoreError;

/// The purpose of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParamsKind {
    /// Call-link credentials.
    Generic,
    /// Group credentials and endorsements.
    Group,
    /// Certificates of devices.
    Certificates,
    /// Call-link credentials of guests.
    Guest,
}

impl ParamsKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Generic, Self::Group, Self::Certificates, Self::Guest];

    /// Returns the name in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Generic => "generic",
            Self::Group => "group",
            Self::Certificates => "certificates",
            Self::Guest => "guest",
        }
    }
}

/// Formats the kind for a sentence about its params.
impl fmt::Display for ParamsKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Generic | Self::Group | Self::Guest => self.as_str(),
            Self::Certificates => "certificate",
        })
    }
}

/// Public params of any kind.
pub(crate) trait Params {
    /// Pins the params. Those of guests are pinned as generic ones ([`Pin::of_kind`]).
    fn pin(&self) -> Pin;

    /// Returns whether the params are in legacy mode, which is for other clients if the issuer also lists
    /// standard ones.
    fn is_legacy(&self) -> bool;
}

impl Params for GenericPublicParams {
    fn pin(&self) -> Pin {
        Pin::generic(self)
    }

    fn is_legacy(&self) -> bool {
        self.mode() == Mode::Legacy
    }
}

impl Params for GroupServerPublicParams {
    fn pin(&self) -> Pin {
        Pin {
            kind: ParamsKind::Group,
            id: self.id(),
            bytes: self.to_bytes(),
        }
    }

    fn is_legacy(&self) -> bool {
        false
    }
}

impl Params for CertificatePublicKey {
    fn pin(&self) -> Pin {
        Pin {
            kind: ParamsKind::Certificates,
            id: ParamsId::of(self.as_bytes()),
            bytes: self.as_bytes().to_vec(),
        }
    }

    fn is_legacy(&self) -> bool {
        false
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

    /// Reads a pin from its bytes.
    ///
    /// # Errors
    /// The bytes are no public params of that kind.
    pub fn from_bytes(kind: ParamsKind, bytes: &[u8]) -> Result<Self, ParseError> {
        match kind {
            ParamsKind::Generic => {
                GenericPublicParams::from_bytes(bytes).map(|params| params.pin())
            }
            ParamsKind::Guest => GenericPublicParams::from_bytes(bytes)
                .map(|params| params.pin().of_kind(ParamsKind::Guest)),
            ParamsKind::Group => {
                GroupServerPublicParams::from_bytes(bytes).map(|params| params.pin())
            }
            ParamsKind::Certificates => CertificatePublicKey::from_bytes(bytes)
                .map(|key| key.pin())
                .map_err(|_| ParseError),
        }
    }

    /// Returns the same pin of another kind of the same params.
    pub(crate) fn of_kind(self, kind: ParamsKind) -> Self {
        Self { kind, ..self }
    }

    /// Returns the bytes to store: 225 (generic, guest), 673 (group) or 32 (certificates).
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the purpose of the key.
    #[must_use]
    pub const fn kind(&self) -> ParamsKind {
        self.kind
    }

    /// Returns the key's id.
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

/// The pins of one issuer that apply everywhere, and the params under which it issued at the last request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PinSet {
    pins: Vec<Pin>,
    issuing: Vec<(ParamsKind, ParamsId)>,
}

impl PinSet {
    /// Returns the pins, the oldest first.
    #[must_use]
    pub fn pins(&self) -> &[Pin] {
        &self.pins
    }

    /// Adds a pin, unless it is present.
    pub fn add(&mut self, pin: Pin) {
        if !self.pins.contains(&pin) {
            self.pins.push(pin);
        }
    }

    /// Returns the params of a kind that the issuer used at the last request.
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

    /// Returns whether params of this kind and id are pinned, whatever their bytes.
    pub(crate) fn has_id(&self, kind: ParamsKind, id: ParamsId) -> bool {
        let mut pins = self.pins.iter();
        pins.any(|pin| pin.kind() == kind && pin.id() == id)
    }
}

/// The storage of one issuer's pins.
///
/// There are two scopes: pins that apply everywhere, and pins that apply in one room alone, which come from
/// that room's link. A method returns an error if the store cannot be read or written.
pub trait PinStore: Send + Sync {
    /// Returns the pins that apply everywhere.
    fn pins(&self) -> Result<PinSet, PinStoreError>;

    /// Changes the pins that apply everywhere. Holds a lock from before `change` reads the pins until they
    /// are written.
    fn update(&self, change: &mut dyn FnMut(&mut PinSet)) -> Result<(), PinStoreError>;

    /// Returns the pins that apply in this room alone.
    fn room_pins(&self, room: &RoomId) -> Result<Vec<Pin>, PinStoreError>;

    /// Adds a pin that applies in this room alone, unless the room has one of that id.
    fn add_room_pin(&self, room: &RoomId, pin: &Pin) -> Result<(), PinStoreError>;

    /// Adds pins that apply everywhere.
    fn add(&self, pins: &[Pin]) -> Result<(), PinStoreError> {
        self.update(&mut |set| pins.iter().for_each(|pin| set.add(pin.clone())))
    }
}

/// The rule by which params become pins.
#[derive(Clone, Copy, Debug)]
pub enum Trust<'a> {
    /// No params become pins: only pinned ones are trusted.
    PinnedOnly,
    /// The params that issue now become pins if none of that kind is pinned yet. Params that start later
    /// never do: an issuer could have made them for this client.
    FirstUse,
    /// Params of these ids become pins. The caller has the ids from another source (another member).
    Ids(&'a [ParamsId]),
}

/// A store that ends with the process.
#[derive(Debug, Default)]
pub struct MemoryPins {
    set: Mutex<PinSet>,
    rooms: Mutex<Vec<(RoomId, Pin)>>,
}

impl PinStore for MemoryPins {
    fn pins(&self) -> Result<PinSet, PinStoreError> {
        Ok(self.set.lock().clone())
    }

    fn update(&self, change: &mut dyn FnMut(&mut PinSet)) -> Result<(), PinStoreError> {
        change(&mut self.set.lock());
        Ok(())
    }

    fn room_pins(&self, room: &RoomId) -> Result<Vec<Pin>, PinStoreError> {
        let pins = self.rooms.lock();
        let of_room = pins.iter().filter(|(known, _)| known == room);
        Ok(of_room.map(|(_, pin)| pin.clone()).collect())
    }

    fn add_room_pin(&self, room: &RoomId, pin: &Pin) -> Result<(), PinStoreError> {
        let mut pins = self.rooms.lock();
        let is_same = |(known, other): &(RoomId, Pin)| known == room && other.id() == pin.id();
        if !pins.iter().any(is_same) {
            pins.push((*room, pin.clone()));
        }
        Ok(())
    }
}
