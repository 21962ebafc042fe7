//! End-to-end encryption of calls: keys of people, statements of admins, the group, sealed frames.
#![forbid(unsafe_code)]

mod encoding;
mod frames;
mod group;
mod hello;
mod keys;
mod labels;
mod rules;
mod statements;
mod time;
mod words;

pub use self::{
    frames::{
        CHANGE_DELAY, Codec, EPOCH_RETENTION, EpochKey, FrameContext, FrameOpener, FrameRefusal,
        FrameSealer, FrameTag, GroupEpoch, HOLD_TIME, LEAVER_RETENTION, MAX_EPOCHS, OpenedFrame,
        SealError,
    },
    group::{
        ABSENCE, Applicant, BodyTooLong, CONFIRMATION_INTERVAL, CONFIRMATION_LIMIT, Candidate,
        CommitEffect, CommitError, CommitRefusal, CommitView, Confirmations, EpochChange,
        EpochFrames, Group, GroupChange, GroupFailure, GroupLink, GroupMessage, GroupView,
        HandshakeKey, HandshakeKind, JoinError, MemberLeaf, MessageError, OutgoingCommit,
        ProposalView, RemovalReason, RosterHistory, Surroundings, verdict, verdict_of_newcomer,
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
    words::{VerificationWord, WordsError},
};
