//! Values that the tests share.

use anteroom_protocol::{EraId, OpaqueUserId, RoomId, RootKey, Timestamp};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};

/// A moment of 2026.
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_796_000_000);

pub(crate) fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub(crate) fn root_key(seed: u64) -> RootKey {
    RootKey::generate_v0(&mut rng(seed))
}

pub(crate) fn room(number: u8) -> RoomId {
    RoomId::from_bytes([number; 32])
}

pub(crate) fn era(number: u8) -> EraId {
    EraId::from_bytes([number; 16])
}

/// A user id of the length of those of call links.
pub(crate) fn user(number: u64) -> OpaqueUserId {
    let mut bytes = [0; 65];
    rng(number).fill_bytes(&mut bytes[1..]);
    OpaqueUserId::parse(&hex::encode(bytes)).unwrap()
}
