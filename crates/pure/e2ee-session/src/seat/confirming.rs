//! Confirmations: the own ones, and those of the others.

use core::time::Duration;

use anteroom_e2ee::{CONFIRMATION_INTERVAL, GroupMessage, Moment};
use anteroom_protocol::DemuxId;

use super::Seat;
use crate::{
    content::Content,
    event::Event,
    output::{Message, RelayClass},
    relay::RelayContent,
    step::{Step, earlier},
};

/// The time between two looks at the confirmations of the others.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

impl Seat {
    /// Sends what shows that this device is in the epoch, and tells who is not confirmed. Returns the moment
    /// of the next look.
    pub(super) fn confirm(&mut self, step: &mut Step<'_>) -> Option<Moment> {
        let now = step.moment();
        let has_others = self.roster.has_others(self.demux);
        let membership = self.membership.as_mut()?;
        // These messages show those who wait for a group that this one is alive.
        let has_others = has_others || membership.others() > 0;
        let is_asked = membership.confirm_at.take_if(|at| now >= *at).is_some();
        if is_asked {
            membership.repeated = Some(now);
        }
        let is_due = is_asked || membership.confirmations.is_due(now);
        // A name waits while the device has stopped sending.
        let is_name_due =
            !membership.is_stopped && membership.name_at.take_if(|at| now >= *at).is_some();
        if is_name_due {
            let name = step.options.name.clone();
            self.send_content(&Content::Name(name), step);
        } else if is_due && has_others {
            // The numbers of texts confirm as well.
            let numbers = self.said.numbers().filter(|_| !membership.is_stopped);
            let message = numbers.map_or(GroupMessage::Confirmation, |of| {
                GroupMessage::Content(Content::TextNumbers(of).to_bytes())
            });
            self.send_group_message(&message, RelayClass::Confirmation, step);
        }
        let look = self.look_at_others(step);
        let membership = self.membership.as_ref()?;
        let name_at = membership.name_at.filter(|_| !membership.is_stopped);
        let mut next = earlier(earlier(membership.confirm_at, name_at), look);
        if has_others {
            let last = membership.confirmations.last_sent().unwrap_or(now);
            next = earlier(next, Some(last.plus(CONFIRMATION_INTERVAL)));
        }
        next
    }

    /// Tells which members are no longer confirmed, or are again. Returns the moment of the next look.
    pub(super) fn look_at_others(&mut self, step: &mut Step<'_>) -> Option<Moment> {
        let membership = self.membership.as_mut()?;
        let now = step.moment();
        let unconfirmed = membership.confirmations.unconfirmed(now);
        for leaf in unconfirmed.symmetric_difference(&membership.told_unconfirmed) {
            step.tell(Event::Confirmation {
                leaf: *leaf,
                is_confirmed: !unconfirmed.contains(leaf),
            });
        }
        membership.set_unconfirmed(unconfirmed, &self.roster, now);
        (membership.others() > 0).then(|| now.plus(LOOK_INTERVAL))
    }

    /// Seals content for the members and sends it.
    pub(super) fn send_content(&mut self, content: &Content, step: &mut Step<'_>) {
        let message = GroupMessage::Content(content.to_bytes());
        self.send_group_message(&message, RelayClass::GroupMessage, step);
    }

    fn send_group_message(
        &mut self,
        message: &GroupMessage,
        class: RelayClass,
        step: &mut Step<'_>,
    ) {
        if let Some(body) = self.sealed(message, step) {
            if let Some(membership) = &mut self.membership {
                membership.sent(step.time.moment);
            }
            step.send(Message::Relay(class, body));
        }
    }

    /// Seals a content for the members, and sends it to one device. The others do not hear it, so that it confirms
    /// nothing.
    pub(super) fn send_content_to(
        &mut self,
        device: DemuxId,
        content: &Content,
        step: &mut Step<'_>,
    ) {
        let message = GroupMessage::Content(content.to_bytes());
        if let Some(body) = self.sealed(&message, step) {
            step.send(Message::RelayTo(device, body));
        }
    }

    /// Seals a message for the members, as the body of a relay.
    fn sealed(&mut self, message: &GroupMessage, step: &mut Step<'_>) -> Option<Vec<u8>> {
        let membership = self.membership.as_mut()?;
        let time = membership.sender_time(step.time);
        let sealed = membership.group.seal_message(message, time, step.rng);
        Some(RelayContent::GroupMessage(&sealed.ok()?).to_bytes())
    }
}
