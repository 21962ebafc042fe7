//! The decisions of admins about the whole call, by the word of the room service.

use anteroom_client::{CallModeration, DemuxId, Participant, Roster};

use super::{View, changed_devices::find, sent_commands::Request};
use crate::entry::Entry;

/// The sentence about a command that an earlier room service does not know.
pub(super) const MODERATION_UNSUPPORTED: &str = "not done: the room service is of an earlier version, and does not \
    know this command. Ask its operator for a newer one";

const LOCKED: &str = "The room service lets nobody new into the call or its lobby. Those who were in may come back, \
    and so may admins.";

impl View {
    /// Returns whether the room service takes the decisions of this co-admin.
    pub(super) fn has_service_rights(&self) -> bool {
        let known = self.group.moderation.as_ref();
        !self.is_admin && known.is_some_and(|known| known.is_admin)
    }

    pub(super) fn is_locked_by_service(&self) -> bool {
        let known = self.group.moderation.as_ref();
        known.is_some_and(|known| known.is_locked)
    }

    /// Returns whether the link names an admin key, so that members decide by signatures.
    pub(super) fn has_admin_key(&self) -> bool {
        let state = self.group.state.as_ref();
        state.is_some_and(|state| state.has_admin)
    }

    /// Returns whether those who come wait for an approval.
    pub(super) fn asks_approval(&self) -> bool {
        let known = self.group.moderation.as_ref();
        known.map_or(self.group.asks_by_link, |known| known.asks_approval)
    }

    /// Applies the state of the call, and says what is new.
    pub(super) fn moderate(&mut self, moderation: CallModeration) -> Vec<Entry> {
        self.confirm_moderation(moderation);
        let usual = CallModeration {
            is_locked: false,
            asks_approval: self.group.asks_by_link,
            is_admin: self.is_admin,
        };
        let before = self.group.moderation.replace(moderation).unwrap_or(usual);
        let mut texts = Vec::new();
        if before.is_locked != moderation.is_locked {
            texts.push(match moderation.is_locked {
                true => LOCKED,
                false => "The room service lets people into the call again.",
            });
        }
        if before.asks_approval != moderation.asks_approval {
            texts.push(self.approval_text(moderation.asks_approval));
        }
        if before.is_admin != moderation.is_admin {
            texts.push(match moderation.is_admin {
                true => {
                    "You are a co-admin: the room service takes your decisions, and shows you who waits."
                }
                false => "The room service takes no decisions of yours any more.",
            });
        }
        let notice = |text: &str| Entry::Notice(text.to_owned());
        texts.into_iter().map(notice).collect()
    }

    fn approval_text(&self, is_asked: bool) -> &'static str {
        match (is_asked, self.has_admin_key()) {
            (true, _) => "Who comes from now on waits in the lobby.",
            (false, false) => "Who comes from now on is in at once, and so are those who waited.",
            (false, true) => {
                "Who comes from now on is in the call at once, and so are those who waited. The group takes them in \
                 where its policy asks for no approval, else after an /admit for each."
            }
        }
    }

    /// Returns how the call is moderated, for the list of all, where it is not as usual.
    pub(super) fn moderation_notices(&self) -> Vec<Entry> {
        let mut texts = Vec::new();
        if self.is_locked_by_service() {
            texts.push(LOCKED);
        }
        let known = self.group.moderation.as_ref();
        match known.map(|known| known.asks_approval) {
            Some(is_asked) if is_asked != self.group.asks_by_link => texts.push(match is_asked {
                true => "Who comes waits in the lobby, for this call.",
                false => "Who comes is in the call at once, for this call.",
            }),
            _ => {}
        }
        let notice = |text: &str| Entry::Notice(text.to_owned());
        texts.into_iter().map(notice).collect()
    }

    /// Says which others decide beside the admins now, or do not any more, where the room service alone decides that.
    pub(super) fn changed_service_co_admins(&self, before: &Roster) -> Vec<Entry> {
        if self.has_admin_key() {
            return Vec::new();
        }
        let others = self.roster.active.iter();
        let others = others.filter(|one| !self.known_devices.is_own(one.demux));
        let changed = others.filter(|one| {
            let known = find(&before.active, one.demux);
            known.is_some_and(|known| known.is_co_admin != one.is_co_admin)
        });
        let entry = |one: &Participant| {
            let label = self.label(one.demux);
            Entry::Notice(match one.is_co_admin {
                true => format!("{label} decides beside the admins now."),
                false => format!("{label} is no co-admin any more."),
            })
        };
        changed.map(entry).collect()
    }

    /// Returns the notice that somebody else has lowered the hand of this device.
    pub(super) fn own_hand_lowered(&self, before: &Roster) -> Option<Entry> {
        let me = self.me?;
        let is_raised = |roster: &Roster| {
            let own = find(&roster.active, me);
            own.map(|own| own.hand_raised_at.is_some())
        };
        let is_lowered = is_raised(before) == Some(true) && is_raised(&self.roster) == Some(false);
        let is_own_wish = self.sent.contains(Request::Hand(false));
        (is_lowered && !is_own_wish)
            .then(|| Entry::Notice("An admin has lowered your hand.".to_owned()))
    }

    /// Returns the reason why there is no hand to lower.
    pub(crate) fn has_no_raised_hand(&self, device: DemuxId) -> Option<String> {
        let listed = find(&self.roster.active, device);
        let is_raised = listed.is_some_and(|one| one.hand_raised_at.is_some());
        (!is_raised).then(|| {
            let label = self.known_devices.decision_label(device);
            format!("{label} has no raised hand")
        })
    }
}
