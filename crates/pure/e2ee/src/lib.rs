//! End-to-end encryption of calls: keys of people, statements of admins, the group, sealed frames.
#![forbid(unsafe_code)]

mod encoding;
mod hello;
mod keys;
mod labels;
mod rules;
mod statements;

pub use self::{
    hello::HelloContent,
    keys::{
        AdminKey, AdminPublicKey, AdminSecret, CertificateKey, CertificatePublicKey, DeviceSecret,
        EraPsk, IdentityKey, IdentityPublicKey, MemberKey, MemberPublicKey, PublicKeyError,
    },
    rules::{
        Admission, AdmissionError, AdmissionReason, BarredList, CLOCK_TOLERANCE, ContextChange,
        ContextError, LeafClaim, MAX_BARRED, Presence, RoomContext,
    },
    statements::{
        AdminSignature, Approval, Authority, BarredEntry, Certificate, CertificateChain,
        CertificateError, CoAdmin, CrossSignature, Lock, Policy, SignedCertificate,
        SignedStatement, Signer, Statement, StatementError, StatementKey,
    },
};
