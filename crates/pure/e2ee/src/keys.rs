//! Keys of people: admins, members, devices, issuers.
//!
//! | Key | Made from | Held by |
//! |---|---|---|
//! | [`AdminSecret`] | 32 random bytes | the creator and the co-admins they give it to; no service |
//! | passkey | HKDF(salt = room id, ikm = admin secret) | the same, and the room service |
//! | [`AdminKey`] | HKDF(salt = room id, ikm = admin secret) | the same; its public half stands in the link |
//! | [`MemberKey`] | HKDF(salt = room id, ikm = device secret) | one device, for one room |
//! | [`IdentityKey`] | 32 random bytes | one device; its public half stands in a certificate |
//! | [`CertificateKey`] | 32 random bytes | the issuer; its public half stands in the params |
//! | [`EraPsk`], [`HandshakeKey`](crate::HandshakeKey) | HKDF(salt = era id, ikm = `crn`) | every holder of the link |
//!
//! HKDF is that of RFC 5869 with SHA-256, signatures are Ed25519 (RFC 8032). The info of each derivation and
//! the beginning of each signed message is a label of its own.

mod admin;
mod certificate;
mod derivation;
mod era;
mod member;
mod public_key;
mod secret;
mod signature;

pub use self::{
    admin::{AdminKey, AdminPublicKey, AdminSecret},
    certificate::{CertificateKey, CertificatePublicKey, IdentityKey, IdentityPublicKey},
    era::EraPsk,
    member::{DeviceSecret, MemberKey, MemberPublicKey},
    public_key::PublicKeyError,
};
pub(crate) use self::{
    derivation::{derive_for_era, derive_for_room},
    signature::{SIGNATURE_LENGTH, SignatureBytes, SigningRole, VerifyingRole, verify_strictly},
};
