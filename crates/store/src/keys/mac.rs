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
    mac.update(&framed(label.as_bytes()));
    for part in parts {
        mac.update(&framed(part));
    }
    mac.finalize().into_bytes().into()
}

/// Returns the length of the bytes (8 bytes, big-endian) followed by the bytes.
pub(super) fn framed(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(8 + bytes.len());
    out.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
    out.extend_from_slice(bytes);
    out
}
