//! Relays of other devices.

use anteroom_e2ee::GroupMessage;
use anteroom_protocol::{DemuxId, GroupEpoch, printable_lines};

use super::Seat;
use crate::{
    content::Content, event::Event, heard_texts::TextOrder, membership::ChangedName,
    relay::RelayContent, step::Step,
};

/// The maximum number of messages that wait while a commit is held.
const MAX_EARLY: usize = 256;

impl Seat {
    /// Takes a relay of another device.
    pub(super) fn receive_relay(&mut self, from: DemuxId, body: &[u8], step: &mut Step<'_>) {
        let now = step.moment();
        match RelayContent::parse(body) {
            Some(RelayContent::KeyPackage { group, sealed }) => {
                self.applicants
                    .receive(from, group, sealed, &self.link, step.time);
                self.look_for_admission(from, step);
            }
            Some(RelayContent::GroupMessage(message)) => {
                if self.may_be_member(from) {
                    self.group_message = Some(now);
                }
                if !self.open_message(from, message, step)
                    && !self.inbox.is_empty()
                    && self.early_messages.len() < MAX_EARLY
                {
                    self.early_messages.push_back((from, message.to_vec()));
                }
            }
            Some(RelayContent::Statements(sealed)) => {
                self.receive_statements(from, sealed, step);
            }
            None => {}
        }
    }

    /// Returns whether a device may be in the present group: it was in the one that this device was in last.
    /// A device that was in none believes every device that has a member key.
    fn may_be_member(&self, device: DemuxId) -> bool {
        if let Some(membership) = &self.membership {
            return membership.view.leaf_of_device(device).is_some();
        }
        if !self.former_members.is_empty() {
            return self.former_members.contains(&device);
        }
        let mut connected = self.roster.connected();
        connected.any(|one| one.demux_id == device && one.member_key.is_some())
    }

    /// Opens the messages that did not open while a commit was held.
    pub(super) fn open_early_messages(&mut self, step: &mut Step<'_>) {
        for (from, message) in core::mem::take(&mut self.early_messages) {
            self.open_message(from, &message, step);
        }
    }

    /// Opens a message of a member that the room service passed on as one of a device; returns whether it did.
    fn open_message(&mut self, from: DemuxId, message: &[u8], step: &mut Step<'_>) -> bool {
        let now = step.moment();
        let Some(membership) = &mut self.membership else {
            return false;
        };
        let Ok((epoch, leaf, sent, message)) = membership.group.open_message(message, now) else {
            return false;
        };
        membership.hear((epoch, leaf), from, sent, now);
        if let GroupMessage::Content(content) = message
            && let Some(content) = Content::parse(&content)
        {
            match content {
                Content::TextRequest { run, missing, key } => {
                    self.answer(epoch, leaf, (run, missing, key), step);
                }
                content => self.take_content(epoch, leaf, content, step),
            }
        }
        true
    }

    fn take_content(
        &mut self,
        epoch: GroupEpoch,
        leaf: u32,
        content: Content,
        step: &mut Step<'_>,
    ) {
        let Some(membership) = &mut self.membership else {
            return;
        };
        let Some(claims) = membership.claims(epoch, leaf).cloned() else {
            return;
        };
        match content {
            Content::NumberedText(of, text) => {
                let sender = *claims.member_key.as_bytes();
                if let Some(order) = self.heard.hear(sender, of, true, step.moment()) {
                    step.tell(Event::Text {
                        leaf,
                        epoch,
                        claims,
                        text,
                        is_late: order == TextOrder::Late,
                    });
                }
            }
            Content::TextNumbers(of) => {
                let sender = *claims.member_key.as_bytes();
                self.heard.hear(sender, of, false, step.moment());
            }
            // The caller answers requests.
            Content::TextRequest { .. } => {}
            Content::TextAnswer {
                run,
                answered,
                sealed,
            } => {
                let sender = claims.member_key.as_bytes();
                let now = step.moment();
                let texts = self.heard.take_answer(sender, run, answered, &sealed, now);
                for (said_in, text) in texts {
                    let text = printable_lines(&text);
                    if !text.is_empty() && self.was_in(said_in) {
                        let claims = claims.clone();
                        step.tell(Event::Text {
                            leaf,
                            epoch,
                            claims,
                            text,
                            is_late: true,
                        });
                    }
                }
            }
            Content::Name(name) => {
                let present = membership.view.leaves.get(&leaf);
                let is_still_in = present.is_some_and(|one| one.member_key == claims.member_key);
                let known = membership.names.get(&leaf);
                let is_late = known.is_some_and(|known| epoch < known.epoch);
                if !is_still_in || is_late {
                    return;
                }
                let is_new = known.map_or(&claims.name, |known| &known.name) != &name;
                let changed = ChangedName {
                    name: name.clone(),
                    epoch,
                };
                membership.names.insert(leaf, changed);
                if is_new {
                    step.tell(Event::Name { leaf, name });
                }
            }
            Content::Lobby(waiting) => self.take_lobby(&claims, waiting, step),
            Content::Decision(decision) => self.take_decision(claims, decision, step),
            Content::Approvals(approvals) => {
                self.note_approvals(&approvals, step.time.now);
                for approval in approvals {
                    self.take_approval(approval, step);
                }
            }
        }
    }
}
