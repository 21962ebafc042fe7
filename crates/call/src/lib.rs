//! One live call as a state machine: no I/O, no clock, no randomness.
//!
//! A [`Call`] is one **era** of one room, from when the first device becomes active until none is
//! left, and before it the lobby of those who wait for its start. The contract has three parts:
//!
//! 1. [`Call::handle`] takes an [`Input`] and the [`Moment`] at which it came. It cannot fail: what
//!    a client may not do is answered to that client.
//! 2. [`Call::poll_output`] then says what to do, one [`Output`] at a time: messages for
//!    connections, connections to close, facts to store. It ends with [`Output::Wait`].
//! 3. When the moment of that `Wait` has come and nothing else has, [`Input::TimePassed`] goes in.
//!
//! Random values are drawn by the caller and come in with a join ([`JoinRandomness`]).
//!
//! # The rules
//!
//! | Event | Rule |
//! |---|---|
//! | join | A revoked or expired link: `error expired`. A blocked user: `blocked`. With [`Restrictions::AdminApproval`] admins and approved users become active and others wait in the lobby; with [`Restrictions::None`] all become active. As many devices of the user as one may have, active and pending together: `error too_many_devices`. As many active devices as the call holds, or as many pending: `error full`. |
//! | own lost places | At the user's limit, and in a full call or lobby, the place of the user that has been lost for longest gives way to the new device. |
//! | admins and a full call | An admin who joins a full call displaces a guest: the newest active device of the user with most active devices, `error displaced`. Users with an admin device are not displaced. |
//! | resume | A join with the resume secret of a place of the same user gets that place back exactly as it was, with a new secret; an older connection of the place is closed. The link, the capacity and the passkey are not looked at: the place has counted all the time. A secret that fits no place makes it an ordinary join. |
//! | approve | Makes the pending device active, and the user's other pending devices while there is room, and remembers the user. Not on a revoked or expired link, not in a full call. |
//! | deny | Ends the wait of the device. The user's second denial in the era blocks the user. |
//! | remove | Ends the active device's participation and forgets the user's approval. |
//! | block | Ends the participation or the wait of all the user's devices, forgets the approval and refuses the user for the rest of the era. |
//! | admins | A user with an admin device in the call cannot be removed by another user, and cannot be blocked; a second denial ends the wait and no more. |
//! | raise hand | Active devices only, two at once and one a second. The time of the first raise stands until the hand is lowered. |
//! | relay | From active to active devices. Bodies of 256 KiB at once and 64 KiB a second for each user, 1 MiB a second for the call; a body counts 1 KiB at least. |
//! | rate limits | What is beyond a limit is dropped: `error rate_limited` says so once until one passes again, and [`Output::Dropped`] tells the caller of the others. |
//! | silence | A connection without a message for 30 s is lost and closed. A lost connection's place, active or pending, is kept for 30 s. |
//! | start | The era starts when a device becomes active. Who waits before that waits for the start: no era is on, and nothing is to be stored ([`Call::would_start`] says of a join whether it starts the era). When nobody waits any more, it is over before it has started. |
//! | end | The era ends when the last active place goes. Whoever still waits is told `denied` with reason `ended`. Ended from outside, it sends active devices away with `error ended_by_admin`. |
//! | hello | What a device said of itself when it joined stands in its entry as long as it has its place: a resume keeps it. Admins see it in the call and in the lobby, other active devices in the call. Guests in the lobby see none: one that is let in is told the whole roster, if an active device has a hello. |
//! | link | Everybody is told when the link changes. Revoking or expiring stops joins and approvals; the running call goes on. Restrictions cannot change while a call is on; when they change before the start, who waits is told `denied` with reason `ended` and may come back under the new ones. |
//! | rosters | Whole with `joined` and on request. Changes are announced to everybody connected, at most once every 250 ms: as changes to those who have asked for that, else whole. Before a relay of a device that has not been announced, and before `admitted`, the announcement is made at once. Guests are told how many devices wait, admins in the call also which. |

use core::time::Duration;

mod call;
mod demux_ids;
mod hello;
mod ids;
mod input;
mod link;
mod message;
mod output;
mod places;
mod roster;
mod time;
mod token_bucket;
mod users;

pub use self::{
    call::{Call, Limits},
    hello::{Hello, HelloLengthError},
    ids::{ConnectionId, DemuxId, EraId, OpaqueUserId, ResumeSecret},
    input::{
        BodyTooLarge, Command, Input, Join, JoinRandomness, RelayBody, RelayTarget, RosterForm,
    },
    link::{LinkState, Restrictions},
    message::{DenialReason, ErrorCode, Joined, Message},
    output::{CloseReason, Departure, Fact, Output},
    places::{Role, Status},
    roster::{Audience, Participant, Roster, RosterChanges, RosterEntry, Sight},
    time::Moment,
};

/// How long a connection may be silent before it counts as lost. Clients ping every 10 s.
pub const SILENCE_LIMIT: Duration = Duration::from_secs(30);

/// How long the place of a lost connection is kept.
pub const PLACE_KEPT: Duration = Duration::from_secs(30);

/// The longest relay body, in bytes.
pub const MAX_RELAY_BODY: usize = 64 * 1024;

/// Bytes of relays that a user may send at once, with all devices together.
pub const RELAY_BURST_OF_USER: u32 = 256 * 1024;

/// Bytes of relays that a user may send in a second, over time.
pub const RELAY_RATE_OF_USER: u32 = 64 * 1024;

/// Bytes of relays that all users of a call may send at once, and again in a second, over time.
pub const RELAY_RATE_OF_CALL: u32 = 1024 * 1024;

/// Bytes that a relay counts at least: it costs its readers more than its body.
pub const MIN_RELAY_COST: u32 = 1024;

/// Hands that a device may raise or lower at once: one raised by mistake comes down at once.
pub const HAND_BURST: u32 = 2;

/// Hands that a device may raise or lower in a second, over time.
pub const HANDS_PER_SECOND: u32 = 1;

/// Whole rosters that a device may ask for at once; one more every second.
pub const ROSTER_REQUEST_BURST: u32 = 5;

/// The time from one announcement of the roster to the next.
pub const ROSTER_INTERVAL: Duration = Duration::from_millis(250);
