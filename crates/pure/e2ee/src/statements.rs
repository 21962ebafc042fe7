//! Statements: signed sentences of admins, members and the issuer that every member checks by itself.
//!
//! | Statement | Says | Signed by |
//! |---|---|---|
//! | [`Approval`] | this member key of this user may be in | admin, co-admin |
//! | [`Policy`] | the restrictions of the room, and its co-admins | admin |
//! | [`BarredEntry`] | this user, or this key, is put out | admin, co-admin |
//! | [`Lock`] | nobody new comes in during this era, or again may | admin, co-admin |
//! | [`AdminSignature`] | this member key belongs to an admin in this era | admin |
//! | [`CertificateChain`] | this member key belongs to this account | issuer, then the device's identity key |
//!
//! # Encoding
//!
//! The first four share a frame, [`SignedStatement`]:
//!
//! ```text
//! 01 || kind (1) || signer: 00, or 01 and the co-admin's member key (32)
//!    || length of the body (2) || body || signature (64)
//! ```
//!
//! The signature is over the label of the kind and everything before the signature. Numbers are big-endian,
//! times are seconds since 1970 in 8 bytes, a user id is the number of its bytes (1) and the bytes. Nothing
//! follows the end, so a statement has one encoding.

mod admin_signature;
mod approval;
mod barred;
mod certificate;
mod co_admin;
pub(crate) mod due;
mod error;
mod frame;
mod lock;
mod policy;
mod signer;

pub(crate) use self::frame::are_all_signed;
pub use self::{
    admin_signature::AdminSignature,
    approval::Approval,
    barred::BarredEntry,
    certificate::{Certificate, CertificateChain, CertificateError, SignedCertificate},
    co_admin::CoAdmin,
    error::StatementError,
    frame::{SignedStatement, Statement},
    lock::Lock,
    policy::Policy,
    signer::{Authority, Signer, StatementKey},
};
