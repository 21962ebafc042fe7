//! Sealed hellos.

use anteroom_protocol::HelloKey;
use serde::Deserialize;

use super::check::{Check, Hex, HexArray, Mismatch, field};

const VERSION: usize = 1;
const NONCE: usize = 12;

/// A hello of a user of a room.
#[derive(Deserialize)]
pub(super) struct Entry {
    root_key: Hex,
    uid_ciphertext: Hex,
    hello: String,
    sealed: Hex,
}

pub(super) fn check(entry: &Entry, check: &mut Check) -> Result<(), Mismatch> {
    let root_key = check.read(field("root_key", &entry.root_key))?;
    let user = check.read(field("uid_ciphertext", &entry.uid_ciphertext))?;
    let key = HelloKey::derive(&root_key);
    let nonce = entry.sealed.0.get(VERSION..);
    let nonce: HexArray<NONCE> = nonce
        .and_then(<[u8]>::first_chunk)
        .map(|nonce| HexArray(*nonce))
        .ok_or_else(|| Mismatch::new("sealed", "shorter than its nonce"))?;
    let sealed = key
        .seal(&user, entry.hello.as_bytes(), nonce.0)
        .map_err(|error| Mismatch::new("hello", error.to_string()))?;
    check.bytes("sealed", sealed, &entry.sealed)?;
    let opened = check.accepted("sealed", key.open(&user, &entry.sealed.0))?;
    check.equal("hello", &opened.as_slice(), &entry.hello.as_bytes())?;
    let tampered = key.open(&user, &entry.sealed.tampered());
    check.refused("sealed", "a flipped bit", &tampered)
}
