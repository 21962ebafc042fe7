//! End-to-end encryption of calls: who can hear. A person can hear a call only if they hold the link and the
//! people in the call let them in; neither rests on the word of a service.
//!
//! # Contract
//!
//! 1. **Keys of people.** [`AdminSecret`] gives the passkey and the [`AdminKey`] of a room, [`DeviceSecret`]
//!    the [`MemberKey`] of a device in a room. A `join` names the member key, the presentation's proof is
//!    bound to it ([`MemberPublicKey::named`]), and [`HelloContent`] carries the key and the name.
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
//!   `getrandom` for browsers and never calls it.
//! - openmls and `sframe` write to `log`: no keys, but in errors the claims of a leaf that openmls refuses.
//!   A program must not write down the log of the target `openmls`.
//! - Copies of secrets that openmls makes while it reads its storage are not wiped; the storage is.
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
//!
//! Two devices of a room without an admin key, with the test as the room service:
//!
//! ```
//! use anteroom_e2ee::{
//!     Admission, Applicant, Candidate, ContextChange, DeviceSecret, EraHistory, FrameContext,
//!     FrameOpener, FrameSealer, FrameTag, Group, GroupChange, GroupLink, GroupStart, MemberKey,
//!     MemberLeaf, Moment, RosterHistory, Surroundings,
//! };
//! use anteroom_protocol::{DemuxId, EraId, OpaqueUserId, RootKey, Timestamp};
//! # use rand_core::SeedableRng as _;
//! # let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
//! # let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
//! # let (now, moment) = (Timestamp::from_secs(since.as_secs()), Moment::new(since));
//! # let roster = RosterHistory::default();
//! let root_key = RootKey::parse("bcdf-ghkm-npqr-stxz-bcdf-ghkm-npqr-stxz")?;
//! let link = GroupLink::new(&root_key, EraId::from_bytes([1; 16]), None);
//! let surroundings = Surroundings {
//!     is_account: &|_| true, // `user.decrypt(&room_params).is_ok()` in a client
//!     max_devices: 4,
//!     roster: &roster,
//!     now,
//!     moment,
//! };
//! let device = |number: u8, user: &str| {
//!     let key: MemberKey = DeviceSecret::from_bytes([number; 32]).member_key(&root_key.room_id());
//!     let leaf = MemberLeaf {
//!         user: OpaqueUserId::parse(user).unwrap(),
//!         demux_id: DemuxId::new(u32::from(number) * 16).unwrap(),
//!         member_key: key.public(),
//!         admission: Admission::None,
//!         serial: 1,
//!         name: Some("Ann".to_owned()),
//!         certificate: None,
//!     };
//!     (key, leaf)
//! };
//!
//! // The first device starts the group, the second one waits with a key package.
//! let (member_key, leaf) = device(1, "0a");
//! let start = GroupStart {
//!     link: link.clone(),
//!     member_key,
//!     leaf: &leaf,
//!     number: 0,
//!     context: &ContextChange::default(),
//!     history: EraHistory::of_founder(),
//! };
//! let mut ann = Group::start(start, &surroundings, &mut rng)?;
//! let (key, leaf) = device(2, "0b");
//! let waiting = Candidate::new(link.clone(), key, leaf, EraHistory::default(), now, &mut rng)?;
//!
//! // The first one commits, and merges the commit when the room service tells it.
//! let change = GroupChange {
//!     add: vec![Applicant::open(&link, waiting.key_package())?],
//!     ..GroupChange::default()
//! };
//! let commit = ann.commit(&change, &surroundings, &mut rng)?;
//! let changed = ann.receive_commit(commit.epoch, &commit.body, &surroundings)?;
//! let (_, welcome) = commit.welcome.as_ref().unwrap();
//! let known = ContextChange::default();
//! let (bob, _) = waiting.join(ann.epoch(), welcome, &known, &surroundings)?;
//!
//! // Frames are sealed with the keys of the epoch.
//! let (sent, received) = (changed.frames.unwrap(), bob.frames()?);
//! let mut sealer = FrameSealer::new();
//! sealer.add_epoch(&sent.key, sent.own_leaf, true, moment)?;
//! let mut opener = FrameOpener::new();
//! opener.add_epoch(received.key, received.leaves, &received.stayed, moment)?;
//! let sealed = sealer.seal(FrameContext::Audio, b"sound", 0, moment)?;
//! let opened = opener.open(FrameTag(1), &sealed, 0, moment)?;
//! assert_eq!((opened.leaf, opened.frame.as_slice()), (0, &b"sound"[..]));
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

pub use anteroom_protocol::GroupEpoch;

pub use self::{
    frames::{
        CHANGE_DELAY, Codec, EPOCH_RETENTION, EpochKey, FrameContext, FrameOpener, FrameRefusal,
        FrameSealer, FrameTag, HOLD_TIME, LEAVER_RETENTION, MAX_EPOCHS, OldEpoch, OpenedFrame,
        SealError,
    },
    group::{
        ABSENCE, Applicant, BodyTooLong, CONFIRMATION_INTERVAL, CONFIRMATION_LIMIT, Candidate,
        CommitEffect, CommitError, CommitRefusal, CommitView, Confirmations, EpochChange,
        EpochFrames, EraHistory, Group, GroupChange, GroupFailure, GroupLink, GroupMessage,
        GroupStart, GroupView, HandshakeKey, HandshakeKind, JoinError, MAX_ADDS, MemberLeaf,
        MessageError, OutgoingCommit, PAST_EPOCHS, ProposalView, RemovalReason, ReplyKey,
        RosterHistory, SenderTime, Surroundings, verdict, verdict_of_newcomer,
    },
    hello::HelloContent,
    keys::{
        AdminKey, AdminPublicKey, AdminSecret, CertificateKey, CertificatePublicKey, DeviceSecret,
        EraPsk, IdentityKey, IdentityPublicKey, MemberKey, MemberPublicKey, PublicKeyError,
    },
    rules::{
        Admission, AdmissionError, AdmissionReason, BarredList, ContextChange, ContextError,
        LeafClaim, MAX_BARRED, MAX_BARRED_BY_CO_ADMIN, Presence, RoomContext,
    },
    statements::{
        AdminSignature, Approval, Authority, BarredEntry, Certificate, CertificateChain,
        CertificateError, CoAdmin, Lock, Policy, SignedCertificate, SignedStatement, Signer,
        Statement, StatementError, StatementKey,
    },
    time::{CLOCK_TOLERANCE, Moment},
    words::{VerificationWord, WordsError},
};
