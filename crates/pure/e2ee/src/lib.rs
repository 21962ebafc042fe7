//! End-to-end encryption of calls: keys of people, statements of admins, the group, sealed frames.
#![forbid(unsafe_code)]

mod encoding;
mod frames;
mod hello;
mod keys;
mod labels;
mod rules;
mod statements;
mod time;

pub use self::{
    frames::{
        CHANGE_DELAY, Codec, EPOCH_RETENTION, EpochKey, FrameContext, FrameOpener, FrameRefusal,
        FrameSealer, FrameTag, GroupEpoch, HOLD_TIME, LEAVER_RETENTION, MAX_EPOCHS, OpenedFrame,
        SealError,
    },
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
    time::Moment,
};
