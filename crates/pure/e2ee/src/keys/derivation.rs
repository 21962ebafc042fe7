//! HKDF-SHA256 for values of 32 bytes or fewer.

use anteroom_protocol::{EraId, RoomId, RootKey};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

/// The length of the root key's random part `crn`, in bytes. The bytes after it differ between versions of
/// one key.
const CRN_LENGTH: usize = 16;

/// Derives a value of a secret for one room.
pub(crate) fn derive_for_room<const N: usize>(
    room: &RoomId,
    secret: &[u8; 32],
    label: &[u8],
) -> Zeroizing<[u8; N]> {
    derive(room.as_bytes(), secret, label)
}

/// Derives a value of the link for one era. Both versions of a root key result in the same value.
pub(crate) fn derive_for_era<const N: usize>(
    era: EraId,
    root_key: &RootKey,
    label: &[u8],
) -> Zeroizing<[u8; N]> {
    let bytes = root_key.to_bytes();
    let (crn, _) = bytes.split_at(CRN_LENGTH.min(bytes.len()));
    derive(era.as_bytes(), crn, label)
}

fn derive<const N: usize>(salt: &[u8], ikm: &[u8], label: &[u8]) -> Zeroizing<[u8; N]> {
    const { assert!(N <= 255 * 32, "HKDF's bound") };
    let mut value = Zeroizing::new([0; N]);
    let filled = Hkdf::<Sha256>::new(Some(salt), ikm).expand(label, value.as_mut_slice());
    debug_assert!(filled.is_ok(), "the length is within HKDF's bound");
    value
}
