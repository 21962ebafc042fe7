//! Root keys, room ids and encrypted names.

use anteroom_protocol::RootKey;
use serde::Deserialize;

use super::check::{Check, Field, Hex, HexArray, Mismatch, field};

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
    check.written(&completed, field("v1 completed", &entry.v1.bytes))?;
    let without_epoch = key("v1_without_epoch", &entry.v1_without_epoch, entry, check)?;
    let fallen_back = without_epoch.complete(None);
    let without_answer = field("v1 without an answer", &entry.v0.bytes);
    check.written(&fallen_back, without_answer)?;

    let of_v0 = field("name_encrypted_v0", &entry.name_encrypted_v0);
    let of_v1 = field("name_encrypted_v1", &entry.name_encrypted_v1);
    encrypted_name(&v0, entry, of_v0, check)?;
    encrypted_name(&v1, entry, of_v1, check)
}

/// Reads a version from its bytes and from its text, and writes both again.
fn key(
    name: &str,
    version: &Version,
    entry: &Entry,
    check: &mut Check,
) -> Result<RootKey, Mismatch> {
    let [bytes, text, epoch] = ["bytes", "text", "epoch"].map(|part| format!("{name}.{part}"));
    let of_bytes = field(&bytes, &version.bytes);
    let from_bytes = check.read(of_bytes)?;
    let from_text = check.accepted(&text, RootKey::parse(&version.text))?;
    for key in [&from_bytes, &from_text] {
        check.written(key, of_bytes)?;
        check.equal(&text, &key.to_text().as_str(), &version.text.as_str())?;
        check.equal(&epoch, &key.epoch(), &version.epoch)?;
        check.bytes("room_id", key.room_id().as_bytes(), &entry.room_id)?;
    }
    Ok(from_bytes)
}

fn encrypted_name(
    key: &RootKey,
    entry: &Entry,
    field: Field<'_>,
    check: &mut Check,
) -> Result<(), Mismatch> {
    let Field { name, expected } = field;
    let nonce: HexArray<NONCE> = expected
        .0
        .first_chunk()
        .map(|nonce| HexArray(*nonce))
        .ok_or_else(|| Mismatch::new(name, "shorter than its nonce"))?;
    check.bytes(name, key.encrypt_name(&entry.name, nonce.0), expected)?;
    let decrypted = check.accepted(name, key.decrypt_name(&expected.0))?;
    check.equal(name, &decrypted, &entry.name)?;
    let tampered = key.decrypt_name(&expected.tampered());
    check.refused(name, "a flipped bit", &tampered)
}
