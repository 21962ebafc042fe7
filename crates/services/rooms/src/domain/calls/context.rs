//! The parts of the service that calls use.

use std::sync::Arc;

use anteroom_call::Limits;
use anteroom_runtime::{BucketSize, Count, GuardedGauge, Metrics};

use crate::{
    LeaseSettings, MediaBackend, RoomsSettings,
    domain::{context::RoomContext, timeline::Timeline},
};

pub(crate) struct CallContext {
    pub(super) rooms: Arc<RoomContext>,
    pub(super) timeline: Timeline,
    pub(super) leases: LeaseSettings,
    pub(super) call_limits: Limits,
    /// The joins of a user that waits in the lobby.
    pub(super) lobby_joins: BucketSize,
    /// The media server of this process, if it has one.
    pub(super) media: Option<Arc<dyn MediaBackend>>,
    /// The calls that this node has.
    pub(super) live: GuardedGauge,
    /// Approvals that a lobby has read and cannot use.
    pub(super) unusable_approvals: Count,
}

impl CallContext {
    pub(crate) fn new(
        rooms: Arc<RoomContext>,
        settings: &RoomsSettings,
        media: Option<Arc<dyn MediaBackend>>,
        metrics: &Metrics,
    ) -> Self {
        Self {
            timeline: Timeline::starting_at(rooms.now()),
            rooms,
            leases: settings.leases,
            call_limits: Limits {
                devices_per_user: settings.devices_per_user.get(),
                has_media: media.is_some(),
                ..Limits::of_devices(settings.max_devices.get())
            },
            lobby_joins: settings.sockets.lobby_joins,
            media,
            live: metrics.guarded_gauge("live_calls", "Calls that this node has"),
            unusable_approvals: metrics.count(
                "unusable_approvals",
                "Approvals that a lobby has read and cannot use",
            ),
        }
    }
}
