//! The commands of a participant about others.

use anteroom_client::DemuxId;

use super::{
    CallParticipation,
    reply::{Reply, error_entries},
};
use crate::{entry::Entry, input::Decision, tag::TagPrefix};

impl CallParticipation {
    /// Sends a decision about a device.
    pub(super) async fn decide(&mut self, decision: Decision, tag: &TagPrefix) -> Reply {
        if let Some(why) = self.view.lacks_rights() {
            return Reply::refused(why);
        }
        let device = match self.view.decided_device(tag) {
            Ok(device) => device,
            Err(why) if self.view.is_own_tag(tag) => {
                let next = match decision {
                    Decision::Admit => "",
                    _ => ": /quit leaves the call",
                };
                return Reply::refused(format!("{why}{next}"));
            }
            Err(why) => return Reply::refused(why),
        };
        if let Some(why) = self.view.hits_own_account(decision, device) {
            return Reply::refused(why);
        }
        let misplaced = self.view.misplaced(decision, device);
        let obstacle = self.view.request_obstacle(decision, device);
        let is_asked = obstacle.is_none();
        let in_the_way = obstacle.filter(|_| !self.view.puts_out(decision, device));
        if let Some(why) = misplaced.or(in_the_way) {
            return Reply::refused(why);
        }
        let outcome = match decision {
            Decision::Admit => self.call.approve(device).await,
            Decision::Deny => self.call.deny(device).await,
            Decision::Remove => self.call.remove(device).await,
            Decision::Block => self.call.block(device).await,
        };
        let is_sent = outcome.is_ok();
        let mut entries = error_entries(outcome);
        if is_sent {
            entries.push(match is_asked {
                true => self.view.decide(decision, device),
                // The reason why nobody is asked follows.
                false => self.view.sign_out(decision, device),
            });
        }
        Reply::with_entries(entries)
    }

    /// Raises or lowers the hand.
    pub(super) async fn raise_hand(&mut self, raised: bool) -> Reply {
        if !self.view.is_inside() {
            let why =
                "you are not in the call yet, and nobody sees your hand: wait until you are let in";
            return Reply::refused(why.to_owned());
        }
        if self.view.has_raised_hand() == raised {
            let text = match raised {
                true => "Your hand is raised already: /hand off lowers it.",
                false => "Your hand is not raised.",
            };
            return Reply::with_entries(vec![Entry::Notice(text.to_owned())]);
        }
        let outcome = self.call.raise_hand(raised).await;
        let is_sent = outcome.is_ok();
        let mut entries = error_entries(outcome);
        if is_sent {
            self.view.hand_sent(raised);
            let text = match raised {
                true => "You raise your hand.",
                false => "You lower your hand.",
            };
            entries.push(Entry::Notice(text.to_owned()));
        }
        Reply::with_entries(entries)
    }

    /// Marks the members beside the words that were shown as compared.
    pub(super) async fn confirm_words(&self) -> Reply {
        let Some(epoch) = self.view.shown_words() else {
            return Reply::refused(self.view.lacks_words().to_owned());
        };
        Reply::with_entries(error_entries(self.call.confirm_words(epoch).await))
    }

    /// Shows the account of a device.
    pub(super) fn account(&self, tag: &TagPrefix) -> Reply {
        match self.view.other_device(tag) {
            Ok(device) => Reply::with_entries(vec![self.view.account(device)]),
            Err(_) if self.view.is_own_tag(tag) => {
                let own = self.view.own_account();
                Reply::with_entries(own.into_iter().collect())
            }
            Err(why) => Reply::refused(why),
        }
    }

    /// Returns the device that a typed tag names, if this person names co-admins, and can take that back.
    pub(super) fn former_nominee(&self, tag: &TagPrefix) -> Result<DemuxId, String> {
        match self.view.cannot_name_co_admins() {
            Some(why) => Err(why.to_owned()),
            None => self.view.former_nominee(tag),
        }
    }

    /// Returns the device that a typed tag names, if this person names co-admins.
    pub(super) fn nominee(&self, tag: &TagPrefix) -> Result<DemuxId, String> {
        match self.view.cannot_name_co_admins() {
            Some(why) => Err(why.to_owned()),
            None => {
                let device = self.view.other_device(tag)?;
                match self.view.cannot_be_co_admin(device) {
                    Some(why) => Err(why),
                    None => Ok(device),
                }
            }
        }
    }
}
