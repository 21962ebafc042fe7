//! One device's part in the end-to-end encryption of one call, without I/O, clock or randomness.
//!
//! # Contract
//!
//! A [`Session`] belongs to one device in one room. It keeps the device in the group of the call's era: asks to
//! be added, commits what has to be committed when it is its turn, checks the commits of others, starts the
//! next group, and leaves what does not hold.
//!
//! 1. [`Session::handle`] takes an [`Input`]: a message of the room service, the roster as it is now, or the
//!    passing of time. It cannot fail: what does not hold becomes an event or nothing.
//! 2. [`Session::command`] takes a [`Command`] of the person.
//! 3. [`Session::poll_output`] returns one [`Output`] at a time, after each of the two: messages to send, keys
//!    of frames, events. The caller polls until it returns `None`.
//! 4. At the moment of [`Session::next_tick`], unless another input arrives first, the caller passes
//!    [`Input::TimePassed`].
//!
//! The caller passes time and random generator each time ([`SessionTime`]). Before it resumes a seat it puts
//! [`Session::have`] into the `join`. Nothing of a session is stored: a device that lost it is a new leaf.
//!
//! ```
//! use anteroom_e2ee::{Admission, DeviceSecret, Moment};
//! use anteroom_e2ee_session::{
//!     Input, JoinedSeat, Message, Output, RelayClass, RosterDevice, SeatStatus, Session,
//!     SessionOptions, SessionTime,
//! };
//! use anteroom_protocol::{DemuxId, EraId, OpaqueUserId, RootKey};
//! # use rand_core::SeedableRng as _;
//! # let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
//! # let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
//! # let now = anteroom_protocol::Timestamp::from_secs(since.as_secs());
//! let root_key = RootKey::parse("bcdf-ghkm-npqr-stxz-bcdf-ghkm-npqr-stxz")?;
//! let member_key = DeviceSecret::from_bytes([1; 32]).member_key(&root_key.room_id());
//! let mut session = Session::new(SessionOptions {
//!     root_key,
//!     admin: None,
//!     admin_key: None,
//!     member_key,
//!     user: OpaqueUserId::parse("0a")?,
//!     admission: Admission::None,
//!     late_approvals: Vec::new(),
//!     name: Some("Ann".to_owned()),
//!     certificate: None,
//!     certificate_keys: Vec::new(),
//!     policy: None,
//!     max_devices: 5,
//!     is_account: Box::new(|_| true), // `user.decrypt(&room_params).is_ok()` in a client
//! });
//!
//! // The room service says that the device is in the call, with another one.
//! let device = |number, user: &str| RosterDevice {
//!     demux_id: DemuxId::new(number).unwrap(),
//!     user: OpaqueUserId::parse(user).ok(),
//!     member_key: None,
//!     status: SeatStatus::Active,
//!     is_admin: false,
//! };
//! let joined = JoinedSeat {
//!     demux_id: DemuxId::new(16).unwrap(),
//!     era: EraId::from_bytes([1; 16]),
//!     is_active: true,
//!     present: None,
//!     missed: 0,
//!     statement: None,
//!     roster: vec![device(16, "0a"), device(32, "0b")],
//! };
//! let moment = Moment::new(since);
//! session.handle(Input::Joined(joined), SessionTime { now, moment }, &mut rng);
//!
//! // It asks to be added, and again 2 s later.
//! while let Some(output) = session.poll_output() {
//!     let asks = matches!(output, Output::Send(Message::Relay(RelayClass::KeyPackage, _)));
//!     assert!(asks);
//! }
//! assert_eq!(session.next_tick(), Some(moment.plus(anteroom_e2ee_session::KEY_PACKAGE_INTERVAL)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Rules
//!
//! | Event | Rule |
//! |---|---|
//! | active | The device relays its key package to all, at once and every 2 s until it is welcomed, while others are connected. |
//! | first group | Of those connected with a member key the one longest in the call starts it, with the others that ask; after 2 s the next. |
//! | commits | Of those connected the member longest in the call commits; after 2 s the next. Commits that only add are collected for 250 ms. A newer policy, barred entries and the lock go with any commit. Own statements of an admin are committed at once. |
//! | own commit | Merged only when it comes back byte for byte. Sent again after 2 s without an answer. |
//! | leaves | Taken out 2.5 s after the roster stopped listing the device as active, but not while it is confirmed; 2.5 s after the roster listed another user or key under their number, or stopped listing it, if they take the place of a device that asks; added anew when the device asks again. |
//! | own leaf | Renewed when newcomers would refuse it and a new one would hold: its approval has ended, or approval was switched on. |
//! | commits of others | Merged if they hold. A Remove that is too early by the own roster is held up to 3 s, and up to 5 s while the roster has just stopped listing a member. Meanwhile the device asks for the whole roster, of which it may have missed a change. Else the device refuses the commit, leaves the group and asks for the next one. |
//! | key packages | Left out if they share a key, are old, or the roster shows another device. A commit that cannot be made is made of fewer. |
//! | Welcomes | After five that do not open the device asks every 6 s, and wants the next group besides. |
//! | missed commits | A device that missed one is a new leaf. One that hears none of the connected others for 20 s asks to be added anew. |
//! | admin key of the link | A device whose leaf shows no admission where the policy asks for one is told the admin key, at most every 10 s. A device whose link names none or another one tells its person of that. |
//! | next group | After a refusal: by an admin, else by the device longest in; after 2 s the next; 10 s after the last start at the earliest. The committer of the refused commit is left out by those to whom it did not hold, and by all if two users and more than half of all refuse it. A single user is heeded once for each committer; a device whose refusal leads to none asks the group again after 20 s. Also when every connected device asks, when more than half of them have asked for 25 s, or when no former member was heard for 25 s. |
//! | confirmations | A device that sends no message confirms every 10 s; frames do not count. Members that are not heard for 20 s are told; if they are of more than half of the other users, the device stops sending. A leaf that the roster does not list, or lists with another user or key, counts among them after 40 s alone. |
//! | texts | Each has a number. The numbers are told again after 2 s, and in the place of confirmations, while a text can be said again: the last 64 of 120 s, 64 KiB together. A member that misses some asks their sender, which answers the member alone, with those that were said while the member was in: a user four times a second, 16 times all together, 32 KiB. They go on over groups and eras. |
//! | removal by an admin | The barred entry is committed with the Remove at once. It is shown as done when another member was heard in the new epoch, as not confirmed after 3 s. With the admin key, approvals for later eras become void, and those who are in get new ones. |
//!
//! # Exceptions to purity
//!
//! Those of [`anteroom_e2ee`], which it calls.
#![forbid(unsafe_code)]

mod admin_hints;
mod answer_budget;
mod applicants;
mod asking;
mod attempt;
mod certificate_status;
mod content;
mod error;
mod event;
mod heard_texts;
mod hint_times;
mod input;
mod last_signs;
mod lobby;
mod membership;
mod obstacle;
mod options;
mod output;
mod outside;
mod own_refusal;
mod pending_bar;
mod refusals;
mod relay;
mod roster;
mod said_texts;
mod seat;
mod session;
mod step;
mod text_numbers;
mod text_reach;
mod time;
mod waiting_approvals;
mod words;

use core::time::Duration;

pub use self::{
    certificate_status::CertificateStatus,
    error::CommandError,
    event::{BarState, Event, LeaveReason, Listing, MemberStatus, StopReason},
    input::{
        BarScope, CoAdminVerdict, Command, CommitRejection, Input, JoinedSeat, RosterDevice,
        SeatStatus,
    },
    lobby::{CoAdminDecision, MAX_WAITING, Verdict, WaitingDevice},
    options::{AccountCheck, SessionOptions},
    output::{Message, Output, RelayClass},
    session::Session,
    text_reach::TextReach,
    time::SessionTime,
    words::ShownWords,
};

/// The time between two relays of a key package.
pub const KEY_PACKAGE_INTERVAL: Duration = Duration::from_secs(2);

/// The time in which a member key is added anew twice at the most.
pub const ANEW_INTERVAL: Duration = Duration::from_secs(20);

/// The time after which it is the next device's turn to commit.
pub const COMMITTER_PATIENCE: Duration = Duration::from_secs(2);

/// The time for which commits that only add are collected.
pub const ADD_DELAY: Duration = Duration::from_millis(250);

/// The time after which a committer takes out a device that the roster does not list. The others have to see
/// it as absent too, whose rosters may come later.
pub const REMOVAL_DELAY: Duration = Duration::from_millis(2_500);

/// The time for which a commit is held whose Remove is too early by the own roster.
pub const COMMIT_HOLD: Duration = Duration::from_secs(3);

/// The minimum time between two requests for the whole roster.
pub const ROSTER_REQUEST_INTERVAL: Duration = Duration::from_secs(2);

/// The time without an answer after which an own commit is sent again.
pub const RESEND_INTERVAL: Duration = Duration::from_secs(2);

/// The minimum time between the starts of two groups. An admin waits for those of admins alone.
pub const GROUP_INTERVAL: Duration = Duration::from_secs(10);

/// The time without a message of the present group after which a device that asks takes it for dead.
pub const GROUP_SILENCE: Duration = Duration::from_secs(25);

/// The time for which a device asks before its person is told that it is kept outside.
pub const OUTSIDE_PATIENCE: Duration = Duration::from_secs(4);

/// The time after which an admin's removal is shown as not confirmed.
pub const BAR_PATIENCE: Duration = Duration::from_secs(3);

/// The maximum length of a text, in bytes.
pub const MAX_TEXT: usize = 60 * 1024;
