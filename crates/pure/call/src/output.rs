//! The outputs of a call.

use anteroom_protocol::{DemuxId, OpaqueUserId};

use crate::{ConnectionId, MediaCommand, Message, Moment, Status};

/// An output. The caller carries the outputs out in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send a message.
    Send {
        /// The receiving connection.
        to: ConnectionId,
        /// The message.
        message: Message,
    },
    /// Send one message to several connections. It needs to be serialized only once.
    Broadcast {
        /// The receiving connections.
        to: Vec<ConnectionId>,
        /// The message.
        message: Message,
    },
    /// Nothing is sent: a limit dropped the command of this connection, and the one before it.
    Dropped(ConnectionId),
    /// Close a connection after its messages were sent. The call accepts nothing more from it.
    Close {
        /// The connection.
        connection: ConnectionId,
        /// The reason.
        reason: LeaveReason,
    },
    /// Tell the media of the call.
    Media(MediaCommand),
    /// Store or count a fact.
    Fact(Fact),
    /// There are no more outputs. Pass the next input, or [`crate::Input::TimePassed`] at this moment: the
    /// next one at which the passing of time has an effect. Without a moment, nothing happens until the next
    /// input.
    Wait(Option<Moment>),
}

/// A fact about the call for storage or statistics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The user is approved for this link: store it.
    UserApproved(OpaqueUserId),
    /// The user is no longer approved for this link: delete it.
    ApprovalForgotten(OpaqueUserId),
    /// A device has lost its seat.
    DeviceGone {
        /// The device.
        demux_id: DemuxId,
        /// The status that it had.
        status: Status,
        /// The reason for which it lost its seat.
        reason: LeaveReason,
    },
    /// The era is over, or its last waiting device has left before the start: remove its record if it has
    /// started, and drop the call. No fact follows.
    EraEnded,
}

/// The reason for which a device lost its seat, or a connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LeaveReason {
    /// The join was refused. Of connections only.
    Refused,
    /// The device left.
    Left,
    /// An admin denied the device.
    Denied,
    /// An admin removed the device.
    Removed,
    /// The device's user is blocked.
    Blocked,
    /// A newer connection has taken the seat, or a newer device of the user that of a lost connection.
    Replaced,
    /// An admin has taken the seat in a full call.
    Displaced,
    /// The call was ended from outside.
    Dismissed,
    /// The connection exceeded the limit of silence. Of connections only.
    Silent,
    /// The connection was lost and not restored in time. Of seats only.
    TimedOut,
    /// The era ended.
    Ended,
}
