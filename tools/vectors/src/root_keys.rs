//! Root keys, room ids and encrypted names.

use anteroom_protocol::RootKey;
use serde::Deserialize;

use super::check::{Check, Hex, HexArray, Mismatch};

const NONCE: usize = 12;

/// A key in all its versions, with its room id and an encrypted name.
#[derive(Deserialize)]
pub(super) struct Entry {
    crn: Hex,
    v0: Version,
    v1_without_epoch: Version,
    v1: Version,
    room_id: Hex,
    name: String,
    name_encrypted_v0: Hex,
    name_encrypted_v1: Hex,
}

/// A key's bytes and text.
#[derive(Deserialize)]
struct Version {
    bytes: Hex,
    text: String,
    epoch: Option<u32>,
}

pub(super) fn check(entry: &Entry, check: &mut Check) -> Result<(), Mismatch> {
    check.bytes("v0.bytes", &entry.crn.0, &entry.v0.bytes)?;
    let v0 = key("v0", &entry.v0, entry, check)?;
    let without_epoch = key("v1_without_epoch", &entry.v1_without_epoch, entry, check)?;
    let v1 = key("v1", &entry.v1, entry, check)?;

    let completed = without_epoch.complete(entry.v1.epoch);
    check.bytes("v1 completed", completed.to_bytes(), &entry.v1.bytes)?;
    let without_epoch = key("v1_without_epoch", &entry.v1_without_epoch, entry, check)?;
    let fallen_back = without_epoch.complete(None);
    check.bytes(
        "v1 without an answer",
        fallen_back.to_bytes(),
        &entry.v0.bytes,
    )?;

    encrypted_name(
        "name_encrypted_v0",
        &v0,
        entry,
        &entry.name_encrypted_v0,
        check,
    )?;
    encrypted_name(
        "name_encrypted_v1",
        &v1,
        entry,
        &entry.name_encrypted_v1,
        check,
    )
}

/// Reads a version from its bytes and from its text, and writes both again.
fn key(
    field: &str,
    version: &Version,
    entry: &Entry,
    check: &mut Check,
) -> Result<RootKey, Mismatch> {
    let from_bytes = check.accepted(
        &format!("{field}.bytes"),
        RootKey::from_bytes(&version.bytes.0),
    )?;
    let from_text = check.accepted(&format!("{field}.text"), RootKey::parse(&version.text))?;
    for key in [&from_bytes, &from_text] {
        check.bytes(&format!("{field}.bytes"), key.to_bytes(), &version.bytes)?;
        check.equal(
            &format!("{field}.text"),
            &key.to_text().as_str(),
            &version.text.as_str(),
        )?;
        check.equal(&format!("{field}.epoch"), &key.epoch(), &version.epoch)?;
        check.bytes("room_id", key.room_id().as_bytes(), &entry.room_id)?;
    }
    Ok(from_bytes)
}

fn encrypted_name(
    field: &str,
    key: &RootKey,
    entry: &Entry,
    expected: &Hex,
    check: &mut Check,
) -> Result<(), Mismatch> {
    let nonce: HexArray<NONCE> = expected
        .0
        .first_chunk()
        .map(|nonce| HexArray(*nonce))
        .ok_or_else(|| Mismatch::new(field, "shorter than its nonce"))?;
    check.bytes(field, key.encrypt_name(&entry.name, nonce.0), expected)?;
    let name = check.accepted(field, key.decrypt_name(&expected.0))?;
    check.equal(field, &name, &entry.name)?;
    let mut tampered = expected.0.clone();
    if let Some(last) = tampered.last_mut() {
        *last ^= 1;
    }
    check.refused(field, "a flipped bit", &key.decrypt_name(&tampered))
}
