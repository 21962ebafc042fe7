//! End-to-end encryption of calls: who can hear. A person can hear a call only if they hold the link and the
//! people in the call let them in; neither rests on the word of a service.
//!
//! # Contract
//!
//! 1. **Keys of people.** [`AdminSecret`] gives the passkey and the [`AdminKey`] of a room, [`DeviceSecret`]
//!    the [`MemberKey`] of a device in a room. A `join` names the member key, the presentation's proof is over
//!    [`MemberPublicKey::presentation_message`], and [`HelloContent`] carries the key and the name.
//! 2. **Statements.** Admins sign [`Approval`], [`Policy`], [`BarredEntry`] and [`Lock`] as
//!    [`SignedStatement`]; services pass the bytes on. A [`CertificateChain`] ties a member key to an account.
//! 3. **Rules.** [`RoomContext`] holds the statements that count. [`RoomContext::admits`] decides about a
//!    leaf, [`RoomContext::follows`] about a change of the context.
//! 4. **Group.** [`Group`] and [`Candidate`] keep the keys of those who are in. [`verdict`] checks a commit
//!    before it is sent and before it is merged, [`verdict_of_newcomer`] the whole tree before a newcomer
//!    enters.
//! 5. **Frames.** [`FrameSealer`] and [`FrameOpener`] seal and open sound and picture with the keys of the
//!    group's epochs.
//!
//! - **Input**: bytes; the time of day ([`Timestamp`](anteroom_protocol::Timestamp)), the moment of a
//!   monotonic clock ([`Moment`]) and a random generator as arguments.
//! - **Output**: bytes to send, and values that say who is in and why. The crate performs no I/O.
//! - **State**: [`Group`], [`Candidate`], [`FrameSealer`], [`FrameOpener`], [`RosterHistory`] and
//!   [`Confirmations`] are values of the caller, in memory alone. Nothing of them is stored: a device that
//!   lost them is a new leaf.
//! - **Errors**: parsing is total and strict, each value has one encoding. A refusal says which check failed,
//!   and contains no secret. No function panics on an input.
//! - **Secrets** are wiped on drop, and `Debug` of a secret, a key or a user shows nothing of it.
//!
//! # Exceptions to purity
//!
//! - openmls reads the system's clock where it verifies the lifetime of a key package, and stamps epochs that
//!   are over. Lifetimes are therefore from a day before now to two days after; those in a Welcome are not
//!   checked; epochs that are over are dropped by the caller's clock.
//! - openmls computes the paths of large commits on the threads of `rayon`. The crate `sframe` turns on
//!   `getrandom` for browsers and never calls it. openmls and `sframe` write to `log`, no secrets.
//! - Copies of secrets that openmls makes while it serializes its state are not wiped; the state itself is.
//!
//! ```
//! use anteroom_e2ee::{AdminSecret, Approval, Authority, DeviceSecret, SignedStatement, StatementKey};
//! use anteroom_protocol::{OpaqueUserId, RoomId, Timestamp};
//!
//! let room = RoomId::from_bytes([1; 32]);
//! let admin = AdminSecret::from_bytes([2; 32]).admin_key(&room);
//! let issued = Timestamp::from_secs(1_796_000_000);
//! let approval = Approval {
//!     room,
//!     user: OpaqueUserId::parse("00aa")?,
//!     member_key: DeviceSecret::from_bytes([3; 32]).member_key(&room).public(),
//!     issued,
//!     expires: issued.plus(Approval::DEFAULT_VALIDITY),
//! };
//! let signed = SignedStatement::sign(&approval, &StatementKey::Admin(&admin))?;
//!
//! // A member that got the bytes from the room service:
//! let received = SignedStatement::<Approval>::parse(signed.as_bytes())?;
//! let verified = received.verify(&room, &Authority::of_admin(&admin.public()))?;
//! assert_eq!(*verified, approval);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
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
