//! The commands to the media of a call.

use anteroom_protocol::{
    DemuxId, OpaqueUserId,
    media::{MuteOrder, MuteTarget, PerSource, SessionDescription, Source, ViewRequest},
};

/// A command to the media of a call. The caller carries it out before the outputs that follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaCommand {
    /// A device may send and receive from now on.
    Activate {
        /// The device.
        device: DemuxId,
        /// Its user.
        user: OpaqueUserId,
    },
    /// A device may not any more. Await the end of its media before the next output: nobody is told before.
    Remove(DemuxId),
    /// A device offers a connection.
    Offer {
        /// The device.
        device: DemuxId,
        /// The number of the connection.
        session: u64,
        /// The offer.
        offer: SessionDescription,
    },
    /// A device says what it wants to see and hear where.
    View {
        /// The device.
        device: DemuxId,
        /// The view.
        view: ViewRequest,
    },
    /// A device says what it sends.
    Publish {
        /// The device.
        device: DemuxId,
        /// Each source.
        sources: PerSource<bool>,
    },
    /// An admin stops what others send, or the call a source that the media have dropped.
    Mute {
        /// The admin's device, or the device itself.
        by: DemuxId,
        /// The devices.
        target: MuteTarget,
        /// The source.
        source: Source,
        /// The order.
        order: MuteOrder,
    },
    /// The era is over. Await the end of all media before the next output.
    Close,
}
