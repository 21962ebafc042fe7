//! What the caller is to do.

use crate::{ConnectionId, DemuxId, Message, Moment, OpaqueUserId, Status};

/// Something for the caller to do, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send a message.
    Send {
        /// To this connection.
        to: ConnectionId,
        /// The message.
        message: Message,
    },
    /// Send one message to several: serialize it once.
    Broadcast {
        /// To these connections.
        to: Vec<ConnectionId>,
        /// The message.
        message: Message,
    },
    /// Nothing is sent: the command of this connection was dropped by a limit, like the one before.
    Dropped {
        /// The connection.
        connection: ConnectionId,
    },
    /// Close a connection once what it was sent has gone out. The call has forgotten it.
    Close {
        /// The connection.
        connection: ConnectionId,
        /// Why.
        reason: CloseReason,
    },
    /// Store or count something.
    Fact(Fact),
    /// There is nothing more to do. Come back with the next input, or with
    /// [`crate::Input::TimePassed`] at this moment; with none, nothing will happen by itself.
    Wait {
        /// The next moment at which something happens by itself.
        until: Option<Moment>,
    },
}

/// Why the call closes a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CloseReason {
    /// The join was refused.
    Refused,
    /// It left.
    Left,
    /// An admin denied it.
    Denied,
    /// An admin removed it.
    Removed,
    /// Its user is blocked.
    Blocked,
    /// A newer connection has taken its place.
    Replaced,
    /// An admin has taken its place in a full call.
    Displaced,
    /// The call was ended from outside.
    Dismissed,
    /// It was silent too long.
    Silent,
    /// The era ended.
    Ended,
}

/// Something about the call that others must know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// Remember that the user is approved for this link.
    UserApproved(OpaqueUserId),
    /// Forget that the user was approved for this link.
    ApprovalForgotten(OpaqueUserId),
    /// A device has no place any more.
    DeviceGone {
        /// The device.
        demux_id: DemuxId,
        /// Where it was.
        status: Status,
        /// How it went.
        departure: Departure,
    },
    /// The era is over, or nobody waits for its start any more: remove its record if it has
    /// started, and drop the call. The last fact.
    EraEnded,
}

/// How a device lost its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Departure {
    /// It left.
    Left,
    /// An admin denied it.
    Denied,
    /// An admin removed it.
    Removed,
    /// Its user was blocked.
    Blocked,
    /// Its connection was lost, and a newer device of its user took its place.
    Replaced,
    /// An admin took its place in a full call.
    Displaced,
    /// The call was ended from outside.
    Dismissed,
    /// Its connection was lost and did not come back.
    TimedOut,
    /// The era ended.
    Ended,
}
