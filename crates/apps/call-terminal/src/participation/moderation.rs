//! The commands about the lock and the approval of the call, about raised hands of others and about co-admins.

use super::{
    CallParticipation,
    reply::{Reply, error_entries},
};
use crate::tag::TagPrefix;

impl CallParticipation {
    /// Lowers the hand of another device.
    pub(super) async fn lower_hand(&mut self, tag: &TagPrefix) -> Reply {
        if let Some(why) = self.view.lacks_rights() {
            return Reply::refused(why);
        }
        let device = match self.view.other_device(tag) {
            Ok(device) => device,
            Err(why) => return Reply::refused(why),
        };
        if let Some(why) = self.view.has_no_raised_hand(device) {
            return Reply::refused(why);
        }
        let outcome = self.call.lower_hand(device).await;
        if outcome.is_ok() {
            self.view.lower_hand_sent(device);
        }
        Reply::with_entries(error_entries(outcome))
    }

    /// Locks the call, or unlocks it.
    pub(super) async fn lock(&mut self, on: bool) -> Reply {
        let outcome = self.call.lock(on).await;
        if outcome.is_ok() {
            self.view.lock_sent(on);
        }
        Reply::with_entries(error_entries(outcome))
    }

    /// Makes somebody a co-admin, or takes that back.
    pub(super) async fn name_co_admin(&mut self, tag: &TagPrefix, on: bool) -> Reply {
        let nominee = match on {
            true => self.nominee(tag),
            false => self.former_nominee(tag),
        };
        let device = match nominee {
            Ok(device) => device,
            Err(why) => return Reply::refused(why),
        };
        let outcome = match on {
            true => self.call.add_co_admin(device).await,
            false => self.call.remove_co_admin(device).await,
        };
        if outcome.is_ok() {
            self.view.co_admin_sent(device, on);
        }
        Reply::with_entries(error_entries(outcome))
    }

    /// Lets those wait in the lobby who come, or lets them in.
    pub(super) async fn set_approval(&mut self, on: bool) -> Reply {
        if let Some(why) = self.view.lacks_rights() {
            return Reply::refused(why);
        }
        let outcome = self.call.set_approval(on).await;
        if outcome.is_ok() {
            self.view.approval_sent(on);
        }
        Reply::with_entries(error_entries(outcome))
    }
}
