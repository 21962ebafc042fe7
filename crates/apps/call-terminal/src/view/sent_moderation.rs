//! The requests of this device about the whole call, about raised hands and about co-admins: whether the room service
//! has carried them out.

use anteroom_client::{CallModeration, CommandError, DemuxId, GroupError};

use super::{
    View,
    changed_devices::find,
    sent_commands::{Request, Route, SentCommand, TOO_MANY_CO_ADMINS, UNKNOWN_DEVICE},
    sent_decisions::{EXPIRED, FORBIDDEN, UNAVAILABLE},
};

impl View {
    /// Notes that this device has locked the call, or unlocked it.
    pub(crate) fn lock_sent(&mut self, on: bool) {
        let text = if on { "/lock" } else { "/lock off" };
        if self.is_locked_by_service() != on {
            self.sent_to_service(Request::Lock(on), text.to_owned());
        }
    }

    /// Notes that this device has asked for approval, or stopped to.
    pub(crate) fn approval_sent(&mut self, on: bool) {
        let text = if on { "/approval on" } else { "/approval off" };
        if self.asks_approval() != on {
            self.sent_to_service(Request::Approval(on), text.to_owned());
        }
    }

    /// Notes that this device has made another one a co-admin's, or taken that back.
    pub(crate) fn co_admin_sent(&mut self, device: DemuxId, on: bool) {
        let listed = find(&self.roster.active, device);
        let is_new = listed.is_some_and(|listed| listed.is_co_admin != on);
        if self.is_admin && is_new {
            let tag = self.known_devices.tag(device);
            let off = if on { "" } else { " off" };
            let text = format!("/coadmin {tag}{off}");
            self.sent_to_service(Request::CoAdmin(device, on), text);
        }
    }

    /// Notes that this device has lowered the hand of another one.
    pub(crate) fn lower_hand_sent(&mut self, device: DemuxId) {
        let text = format!("/hand {} down", self.known_devices.tag(device));
        self.sent_to_service(Request::LowerHand(device), text);
    }

    fn sent_to_service(&mut self, request: Request, text: String) {
        let takes_it = self.is_admin || self.has_service_rights();
        if self.group.has_moderation && takes_it {
            self.sent.add(SentCommand {
                request,
                route: Route::Own,
                text,
                is_listed: true,
                has_denied: false,
                sent_at: self.now,
            });
        }
    }

    /// Forgets the requests that the state of the call shows as done.
    pub(super) fn confirm_moderation(&mut self, moderation: CallModeration) {
        self.sent.forget(|request| match request {
            Request::Lock(on) => moderation.is_locked == on,
            Request::Approval(on) => moderation.asks_approval == on,
            _ => false,
        });
    }

    /// Takes note that the group refuses a command, of which nothing went to the room service. Who can never lock the
    /// group locks at the room service alone.
    pub(super) fn refused_by_group(&mut self, error: GroupError) {
        let GroupError::Command(error) = error else {
            return;
        };
        self.sent.forget_refused(|request| match request {
            Request::Lock(on) => on && error != CommandError::NotAdmin,
            Request::CoAdmin(_, on) => on,
            _ => false,
        });
    }

    /// Returns the sentence about such a request, or about the own hand, that the room service has refused.
    pub(super) fn other_refusal(&self, command: &SentCommand, code: &str, message: &str) -> String {
        let text = &command.text;
        let why = match (command.request, code) {
            (Request::Hand(_), _) => {
                return format!(
                    "{text} was perhaps not done: {message} Look at /who, and write it again in some seconds if your \
                     hand is not as you want it"
                );
            }
            // Texts and messages of the program itself are refused with the same code.
            (_, "rate_limited") => {
                return format!(
                    "{text} was perhaps not done: {message} Look at /who, and write it again in some seconds if it \
                     was not"
                );
            }
            (Request::LowerHand(device) | Request::CoAdmin(device, _), UNKNOWN_DEVICE) => {
                let label = self.label(device);
                return format!("{text} was perhaps not done: {label} may have left before");
            }
            (_, TOO_MANY_CO_ADMINS) => {
                "the room service takes no more co-admins for the call. Take it back from one of them with /coadmin \
                 TAG off, and write it again"
            }
            (_, "expired") => EXPIRED,
            (_, "unavailable") => UNAVAILABLE,
            (_, "forbidden") => FORBIDDEN,
            _ => message,
        };
        format!("{text} was not done: {why}")
    }
}
