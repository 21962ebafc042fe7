//! HMAC-SHA256 over unambiguous input.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroize;

/// A key of a hash.
pub(super) type HashKey = zeroize::Zeroizing<[u8; 32]>;

/// Computes HMAC-SHA256 of a label and parts. The length precedes each, so that no two lists of
/// parts have the same input.
pub(super) fn keyed_hash(key: &HashKey, label: &str, parts: &[&[u8]]) -> [u8; 32] {
    // HMAC pads a short key with zeros to a block. The padding here gives the same key without a
    // fallible call.
    let mut block = [0; 64];
    for (padded, byte) in block.iter_mut().zip(key.iter()) {
        *padded = *byte;
    }
    let mut mac = Hmac::<Sha256>::new(&block.into());
    block.zeroize();
    for part in [label.as_bytes()].iter().chain(parts) {
        mac.update(&frame(part));
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// The bytes that precede a framed byte string.
pub(super) const FRAME_LENGTH: usize = 8;

/// Returns the length of the bytes (8 bytes, big-endian) followed by the bytes.
pub(super) fn framed(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(FRAME_LENGTH + bytes.len());
    put_framed(&mut out, bytes);
    out
}

/// Appends a byte string after its length (8 bytes, big-endian).
pub(super) fn put_framed(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&frame(bytes));
    out.extend_from_slice(bytes);
}

const fn frame(bytes: &[u8]) -> [u8; FRAME_LENGTH] {
    (bytes.len() as u64).to_be_bytes()
}
