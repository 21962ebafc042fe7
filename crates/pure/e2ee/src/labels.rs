//! The labels: one for each use of HKDF and for each signature.
//!
//! A label begins with the project's name and the date on which its use was defined. A use whose bytes change
//! gets a new label. [`ALL`] is the table; a test holds that no two are equal and that none is the beginning
//! of another.

/// HKDF, salt = room id, ikm = admin secret: the passkey that the room service knows.
pub(crate) const ADMIN_PASSKEY: &[u8] = b"Anteroom_20261127_AdminSecret_Passkey";
/// HKDF, salt = room id, ikm = admin secret: the seed of the admin key.
pub(crate) const ADMIN_KEY: &[u8] = b"Anteroom_20261127_AdminSecret_AdminKey";
/// HKDF, salt = room id, ikm = device secret: the seed of the member key.
pub(crate) const MEMBER_KEY: &[u8] = b"Anteroom_20261127_DeviceSecret_MemberKey";
/// HKDF, salt = era id, ikm = `crn`: the value of the PSK of an era.
pub(crate) const ERA_PSK: &[u8] = b"Anteroom_20261127_Group_EraPsk";
/// HKDF, salt = era id, ikm = `crn`: the key that seals handshake bodies.
pub(crate) const HANDSHAKE_KEY: &[u8] = b"Anteroom_20261127_Group_HandshakeKey";
/// The beginning of the id of the PSK of an era.
pub(crate) const ERA_PSK_ID: &[u8] = b"Anteroom_20261127_Group_PskId";

/// Signature of an approval.
pub(crate) const APPROVAL: &[u8] = b"Anteroom_20261127_Statement_Approval";
/// Signature of a policy.
pub(crate) const POLICY: &[u8] = b"Anteroom_20261127_Statement_Policy";
/// Signature of a barred entry.
pub(crate) const BARRED: &[u8] = b"Anteroom_20261127_Statement_Barred";
/// Signature of a lock.
pub(crate) const LOCK: &[u8] = b"Anteroom_20261127_Statement_Lock";
/// Signature of the issuer under a certificate.
pub(crate) const CERTIFICATE: &[u8] = b"Anteroom_20261127_Signature_Certificate";
/// Signature of a device's identity key over room id and member key.
pub(crate) const IDENTITY: &[u8] = b"Anteroom_20261127_Signature_Identity";
/// Signature of the admin key over a member key of an admin in an era.
pub(crate) const ADMIN_SIGNATURE: &[u8] = b"Anteroom_20261127_Signature_AdminInEra";

/// HPKE, info: texts that are said again to one member.
pub(crate) const REPLY: &[u8] = b"Anteroom_20261127_Message_Reply";

/// Hash: the factors by which signatures are verified together. No two devices need the same ones.
pub(crate) const SIGNATURE_BATCH: &[u8] = b"Anteroom_20261127_Signature_Batch";

/// Salt of the verification words.
pub(crate) const WORDS: &[u8] = b"Anteroom_20261127_Verification_Words";

/// Every label of the crate.
#[cfg(test)]
const ALL: &[&[u8]] = &[
    ADMIN_PASSKEY,
    ADMIN_KEY,
    MEMBER_KEY,
    ERA_PSK,
    HANDSHAKE_KEY,
    ERA_PSK_ID,
    APPROVAL,
    POLICY,
    BARRED,
    LOCK,
    CERTIFICATE,
    IDENTITY,
    ADMIN_SIGNATURE,
    REPLY,
    SIGNATURE_BATCH,
    WORDS,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_label_is_the_beginning_of_another() {
        for (index, label) in ALL.iter().enumerate() {
            assert!(label.len() <= usize::from(u8::MAX));
            for (other_index, other) in ALL.iter().enumerate() {
                assert!(index == other_index || !other.starts_with(label));
            }
        }
    }
}
