//! One call of a room as a state machine, without I/O, clock or randomness.
//!
//! # Contract
//!
//! A [`Call`] is one **era** of one room: from the moment at which the first device becomes active until no
//! active device is left, and before that the lobby of the devices that wait for its start.
//!
//! 1. [`Call::handle`] takes an [`Input`] and the [`Moment`] at which it arrived. It cannot fail: a command
//!    that a client may not give is answered with an error to that client.
//! 2. [`Call::poll_output`] returns one [`Output`] at a time: messages for connections, connections to close,
//!    facts to store. The caller polls until it returns [`Output::Wait`].
//! 3. At the moment of that `Wait`, unless another input arrives first, the caller passes
//!    [`Input::TimePassed`].
//!
//! The caller draws all random values and passes them with a join ([`JoinRandomness`]). The call never reads
//! a clock, never blocks and never panics on an input. Its memory is bounded by its [`Limits`].
//!
//! # Rules
//!
//! | Event | Rule |
//! |---|---|
//! | join | A revoked or expired link: `error expired`. A blocked user: `blocked`. A user whom a lock keeps out: `error locked`. Where the call asks for approval, at first with [`Restrictions::AdminApproval`](anteroom_protocol::Restrictions::AdminApproval), admins, co-admins and approved users become active and others wait in the lobby; where it does not, at first with [`Restrictions::None`](anteroom_protocol::Restrictions::None), all become active. A user who has reached the limit of devices, active and pending together: `error too_many_devices`. A call that has reached its limit of active devices, or of pending ones: `error full`. |
//! | own lost seats | At the user's limit, and in a full call or lobby, the new device replaces the device of the same user whose connection has been lost for longest. |
//! | admins and a full call | An admin who joins a full call displaces a guest: the newest active device of the user with most active devices, `error displaced`. Users with an admin device are not displaced. |
//! | resume | A join with the resume secret of a seat of the same user, for the same member key or for none as then, restores that seat unchanged, with a new secret; an older connection of the seat is closed. The link, the capacity and the passkey are not checked, since the seat has counted all the time. A secret that matches no seat makes it an ordinary join. |
//! | approve | Makes the pending device active, and the user's other pending devices while there is room, and records the user's approval. Refused on a revoked or expired link and in a full call. The admin's statement reaches the device that the decision is about with `admitted`, and again with the `joined` of a resume, as long as the device has its seat; other devices of the user do not receive it. For an active device, a decision with a statement replaces the statement of that device, which receives `admitted` again, and changes nothing else. |
//! | deny | Ends the wait of the device. The user's second denial in the era blocks the user. |
//! | remove | Ends the active device's participation and drops the user's approval. |
//! | block | Ends the participation or the wait of all the user's devices, drops the approval and refuses the user for the rest of the era. |
//! | admins | A user with an admin device in the call cannot be removed by another user, and cannot be blocked; a second denial only ends the wait. |
//! | lower hand | Lowers the hand of an active device. From admins and co-admins, as the next two. This one and the next three: ten at once and one a second for each device. |
//! | lock | Nobody new becomes active or waits: `error locked`. A user who has been active in the era may join, unless somebody has removed the user since, and so may an admin: without one who comes in, nobody could unlock. Those who wait go on waiting, and cannot be approved before the call is unlocked, unless their user has been active. Ends with the era. |
//! | approval | On: those who join from then on wait for an approval. Off: those who wait become active, in the order of their joins, while there is room and the link is open, the others as soon as there is room; under a lock once it is unlocked. Guest accounts wait as the link says. Refused on a revoked or expired link. The link's restrictions stay as they are. |
//! | co-admins | An admin with the passkey makes a user with an active device a co-admin, eight at most. The user's active devices have the rights of admins, in the call and on a return, until that is taken back, another user removes or blocks the user, or the era ends. Co-admins make no co-admins, displace nobody, are displaced, removed and blocked as others, and remove and block no admin. To the rules of groups they are no admins. A device whose rights change receives the whole roster. |
//! | moderation | Every device receives a change of the lock and of the approval, and a device a change of its rights. |
//! | raise hand | Active devices only, two changes at once and one a second. The time of the first raise stays until the hand is lowered. |
//! | media | For active devices with a member key, where a media server carries the call ([`Limits::has_media`]); others: `error not_active`, `media_refused`, `media_unavailable`. [`Output::Media`] activates a device when it becomes active, and ends its media when it loses its seat, before anybody is told. A lost connection keeps the media for as long as the seat, and a resume takes them over. A hold is of the user, over devices and seats, until it is released. Five offers of a device at once and one in 5 s, ten of a user at once and two in 5 s, each refused one answered with `error too_many_offers`; ten views and two publications a second. |
//! | publish | What a device says it sends stands in its entry, but for what an admin has stopped. |
//! | mute | From admins and co-admins, in the limit of decisions: stops a source of one device or of all but the sender's and those named, until the device publishes it anew; with a hold for as long as it is held. The media are told first, then each device with `muted`. |
//! | relay | From active to active devices. Bodies of 256 KiB at once and 64 KiB a second for each user, 1 MiB a second for the call; a body counts as 1 KiB at least. |
//! | commit | From active devices of the group, for its present epoch: the first one is taken, sent to every active device, the sender included, and makes the next epoch. Devices that it adds, at most as many as a call has, receive the Welcome instead; those that are of the group already receive the commit after it. Before that the roster names them. Any other epoch: `error stale_commit`. A device is of a group if it has started it or been welcomed to it; from another one: `error forbidden`. Three at once and three a second for each user, four for the call. |
//! | next group | A commit for epoch 0 of the next number starts the next group: from an admin, or from any device while no admin is active, no device of the present group is connected, or two users of it and more than half of all refuse one of its commits, which counts once in 60 s without an admin's start in between; once in 10 s, of which admins count the starts of admins alone. The limits of commits do not count it, and cannot delay it. |
//! | refuse | From active devices of the group, about a commit of the present group: sent to every active device, once for each device and group, and again after a Welcome. From another device: `error forbidden`. Five at once and one a second for each user; the limits of commits do not count it. |
//! | missed commits | A device that resumes its seat and names its epoch of a group that it is of receives the commits since then right after `joined`, if the call still has them: the last 64 of the present group, at most 1 MiB. Five times at once and once a second for each seat. |
//! | rate limits | Commands beyond a limit are dropped. The first dropped command is answered with `error rate_limited`; until a command passes again, [`Output::Dropped`] reports the others to the caller. Commits and refusals are answered each time, all their errors with the present epoch. |
//! | silence | A connection without a message for 30 s is lost and closed. The seat of a lost connection, active or pending, is reserved for 30 s. |
//! | start | The era starts when a device becomes active. Devices that join before wait for the start: no era exists for others, and nothing is stored ([`Call::would_start`] tells whether a join starts the era). When the last of them leaves, the call ends without having started. |
//! | end | The era ends when the last active device loses its seat. Waiting devices receive `denied` with reason `ended`. If the era is ended from outside, active devices receive `error ended_by_admin`. |
//! | hello | The hello of a join stays in the device's entry as long as the device has its seat, also after a resume. Admins in the call receive the hellos of the call and the lobby, other active devices those of the call. Guests in the lobby receive none: an admitted one receives the whole roster, if an active device has a hello. |
//! | member | The member key of a join stays in the device's entry, and is shown to all to whom the device's user id is shown in the call. |
//! | link | Every device receives a change of the link. Revoking or expiring stops joins and approvals; the running call continues. Restrictions cannot change while a call is running; if they change before the start, waiting devices receive `denied` with reason `ended` and may join again under the new ones. |
//! | rosters | Whole with `joined` and on request. Changes are announced to every connected device, at most once every 250 ms: as changes to devices that asked for them, else whole. Before a relay of a device that has not been announced, and before `admitted`, the announcement is made immediately. Guests receive the number of waiting devices, admins in the call also the devices. Each has a revision, and changes that of the announcement before them, by which a client notices that it has missed some; so does it by a pong, which has the revision of the last announcement. |

use core::time::Duration;

mod body;
mod call;
mod commit_log;
mod demux_ids;
mod era_users;
mod error_code;
mod ids;
mod input;
mod media_command;
mod media_limits;
mod membership;
mod message;
mod output;
mod roster;
mod roster_revision;
mod seats;
mod sources;
mod time;
mod token_bucket;
mod users;

pub use self::{
    body::{BodyTooLarge, CommitBody, RelayBody, WelcomeBody},
    call::{Call, Limits},
    error_code::ErrorCode,
    ids::{ConnectionId, ResumeSecret},
    input::{Command, Commit, Input, Join, JoinRandomness, RelayTarget, Welcome},
    media_command::MediaCommand,
    membership::{Audience, Role, RosterForm, Status},
    message::{DenialReason, GroupRequest, JoinAnswer, Message, Moderation},
    output::{Fact, LeaveReason, Output},
    roster::{Participant, PeekView, Roster, RosterChanges, RosterEntry},
    roster_revision::RosterRevision,
    time::Moment,
};

/// The silence after which a connection counts as lost. Clients ping every 10 s.
pub const SILENCE_LIMIT: Duration = Duration::from_secs(30);

/// The time for which the seat of a lost connection is reserved.
pub const SEAT_RESERVATION: Duration = Duration::from_secs(30);

/// The maximum length of a relay body, in bytes.
pub const MAX_RELAY_BODY: usize = 64 * 1024;

/// The bytes of relays that a user may send at once, over all devices.
pub const RELAY_BURST_OF_USER: u32 = 256 * 1024;

/// The bytes of relays that a user may send in a second, on average.
pub const RELAY_RATE_OF_USER: u32 = 64 * 1024;

/// The bytes of relays that all users of a call may send at once, and in a second, on average.
pub const RELAY_RATE_OF_CALL: u32 = 1024 * 1024;

/// The bytes that a relay counts at least, since it costs its recipients more than its body.
pub const MIN_RELAY_COST: u32 = 1024;

/// The maximum length of a commit, in bytes.
pub const MAX_COMMIT_BODY: usize = 64 * 1024;

/// The maximum length of a Welcome, in bytes.
pub const MAX_WELCOME_BODY: usize = 112 * 1024;

/// The number of commits that a call takes at once, and in a second, on average.
pub const COMMITS_PER_SECOND: u32 = 4;

/// The number of commits that a user may send at once, and in a second, on average, over all devices.
pub const COMMITS_OF_USER_PER_SECOND: u32 = 3;

/// The number of refusals of commits that a user may send at once, over all devices: one from each.
pub const REFUSAL_BURST_OF_USER: u32 = 5;

/// The number of refusals of commits that a user may send in a second, on average.
pub const REFUSALS_OF_USER_PER_SECOND: u32 = 1;

/// The number of times at once that a device that resumes its seat is sent its missed commits; one more every
/// second.
pub const MISSED_COMMITS_BURST: u32 = 5;

/// The minimum time between the starts of two groups. Admins wait for those of admins alone.
pub const GROUP_INTERVAL: Duration = Duration::from_secs(10);

/// The minimum time between two groups that devices start because most users refuse a commit, while an admin is
/// active and starts none.
pub const REFUSAL_INTERVAL: Duration = Duration::from_secs(60);

/// The maximum number of commits of the present group that the call keeps.
pub const KEPT_COMMITS: usize = 64;

/// The maximum length of the commits that the call keeps, in bytes.
pub const KEPT_COMMIT_BYTES: usize = 1024 * 1024;

/// The number of times a device may raise or lower its hand at once. Two allow lowering a hand raised by
/// mistake.
pub const HAND_BURST: u32 = 2;

/// The number of times a device may raise or lower its hand in a second, on average.
pub const HANDS_PER_SECOND: u32 = 1;

/// The number of decisions about the call, about raised hands and about co-admins that a device may make at once;
/// one more every second.
pub const MODERATION_BURST: u32 = 10;

/// The maximum number of co-admins of a call: as many as the policy of a room names.
pub const MAX_CO_ADMINS: usize = 8;

/// The number of connections for media that a device may offer at once.
pub const OFFER_BURST: u32 = 5;

/// The time after which a device may offer one more, in seconds.
pub const OFFER_INTERVAL: u32 = 5;

/// The number of connections for media that a user may offer at once, over all devices and seats of an era.
pub const OFFER_BURST_OF_USER: u32 = 10;

/// The number of connections for media that a user may offer in [`OFFER_INTERVAL`], on average.
pub const OFFERS_OF_USER: u32 = 2;

/// The number of times that a device may say at once, and in a second, what it wants to see where.
pub const VIEWS_PER_SECOND: u32 = 10;

/// The number of times that a device may say at once, and in a second, what it sends.
pub const PUBLICATIONS_PER_SECOND: u32 = 2;

/// The number of whole rosters that a device may request at once; one more every second.
pub const ROSTER_REQUEST_BURST: u32 = 5;

/// The minimum time between announcements of the roster.
pub const ROSTER_INTERVAL: Duration = Duration::from_millis(250);
