//! The commands about raised hands of others and about the approval of the call.

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
        Reply::with_entries(error_entries(self.call.lower_hand(device).await))
    }

    /// Lets those wait in the lobby who come, or lets them in.
    pub(super) async fn set_approval(&mut self, on: bool) -> Reply {
        match self.view.lacks_rights() {
            Some(why) => Reply::refused(why),
            None => Reply::with_entries(error_entries(self.call.set_approval(on).await)),
        }
    }
}
