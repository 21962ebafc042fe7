//! The way into a group: the own key package, and Welcomes.

use core::time::Duration;

use anteroom_e2ee::{AdmissionError, Candidate, ContextError, Group, JoinError, Moment, Presence};
use anteroom_protocol::{DemuxId, GroupEpoch};

use super::Seat;
use crate::{
    KEY_PACKAGE_INTERVAL,
    asking::Asking,
    event::Event,
    membership::Membership,
    obstacle::Obstacle,
    output::{Message, RelayClass},
    outside::Outside,
    relay::RelayContent,
    step::{Step, surroundings},
};

/// The number of relays of a key package after which a new one is made: the Welcome for it was lost.
const MAX_RELAYS: u32 = 5;

/// The number of Welcomes in a row that fail, after which the device asks slowly, and wants another group too.
const MAX_FAILURES: u32 = 5;

/// The time between two relays then: others do not forget the device meanwhile.
const SLOW_INTERVAL: Duration = Duration::from_secs(6);

impl Seat {
    /// Relays the own key package while the device asks to be added. Returns the moment of the next relay.
    pub(super) fn ask(&mut self, step: &mut Step<'_>) -> Option<Moment> {
        if self.membership.is_none() && self.refusals.returns_to(self.present, step.moment()) {
            self.lowest_group = self.lowest_group.min(self.present.group);
        }
        let is_elsewhere = self.tell_of_first_seat(step);
        let Some(group) = self.asked_group().filter(|_| !is_elsewhere) else {
            self.asking = None;
            self.outside = Outside::default();
            return None;
        };
        let now = step.moment();
        let is_slow = self.welcome_failures >= MAX_FAILURES;
        let is_spent =
            |asking: &mut Asking| asking.relays >= MAX_RELAYS && now >= asking.next_relay;
        let before = self.asking.as_ref();
        let since = before.map_or(now, |asking| asking.since);
        self.asking.take_if(is_spent);
        if self.asking.is_none() {
            let candidate = self.candidate(step)?;
            self.asking = Some(Asking {
                candidate,
                group,
                since,
                next_relay: if is_slow {
                    now.plus(SLOW_INTERVAL)
                } else {
                    now
                },
                relays: 0,
            });
        }
        self.tell_outside(step);
        let asking = self.asking.as_mut()?;
        asking.group = group;
        if now < asking.next_relay {
            return Some(asking.next_relay);
        }
        asking.next_relay = now.plus(match is_slow {
            true => SLOW_INTERVAL,
            false => KEY_PACKAGE_INTERVAL,
        });
        if self.roster.has_others(self.demux) {
            asking.relays += 1;
            let is_repeated = asking.relays > 1;
            if core::mem::take(&mut self.tells_statements)
                && let Some(body) = self.statements_of(&self.shared, step)
            {
                step.send(Message::Relay(RelayClass::Statements, body));
            }
            let asking = self.asking.as_ref()?;
            let content = RelayContent::KeyPackage {
                group,
                sealed: asking.candidate.key_package(),
            };
            let body = content.to_bytes();
            step.send(Message::Relay(RelayClass::KeyPackage, body));
            let next = asking.next_relay;
            // With the first relay the approval or the policy may be on its way.
            if is_repeated && self.membership.is_none() {
                self.may_be_in(step);
            }
            return Some(next);
        }
        self.asking.as_ref().map(|asking| asking.next_relay)
    }

    /// Returns the device of this user with this member key that is longer in the call, while this one is in no
    /// group: if both asked, each would put the other one out of the group, on and on.
    pub(super) fn first_seat(&self, step: &Step<'_>) -> Option<DemuxId> {
        let own = (&step.options.user, &step.options.member_key.public());
        let is_outside = self.membership.is_none();
        is_outside.then(|| self.roster.first_with_key(self.demux, own))?
    }

    /// Tells of the first seat, once. Returns whether there is one.
    fn tell_of_first_seat(&mut self, step: &mut Step<'_>) -> bool {
        let Some(device) = self.first_seat(step) else {
            self.told_obstacle
                .take_if(|told| matches!(told, Obstacle::Elsewhere(_)));
            return false;
        };
        if self.is_untold(Obstacle::Elsewhere(device)) {
            step.tell(Event::Elsewhere(device));
        }
        true
    }

    /// Returns whether an obstacle has yet to be told, and takes note of it.
    pub(super) fn is_untold(&mut self, obstacle: Obstacle) -> bool {
        self.told_obstacle.replace(obstacle) != Some(obstacle)
    }

    /// Returns whether others would add this device by what it knows, and tells the person why not.
    pub(super) fn may_be_in(&mut self, step: &mut Step<'_>) -> bool {
        let own = self.own_leaf(step);
        let may_be_in = self
            .known
            .may_add(&own.claim(), Presence::Present, step.time.now);
        match may_be_in {
            Ok(_) => {
                self.told_obstacle
                    .take_if(|told| matches!(told, Obstacle::Admission(_)));
            }
            Err(AdmissionError::Missing) if self.doubts_link(step) => {}
            Err(error) if self.is_untold(Obstacle::Admission(error)) => {
                step.tell(Event::CannotStart(error));
            }
            Err(_) => {}
        }
        may_be_in.is_ok()
    }

    /// Lets the key package be relayed at once, because others have come.
    pub(super) const fn ask_at_once(&mut self, now: Moment) {
        if let Some(asking) = &mut self.asking {
            asking.next_relay = now;
        }
    }

    /// Returns the lowest number of a group that the device asks to be in; `None` if it asks none.
    fn asked_group(&self) -> Option<u32> {
        if self.is_barred {
            return None;
        }
        let Some(membership) = &self.membership else {
            return Some(self.lowest_group);
        };
        let number = membership.group.epoch().group;
        if self.refusals.wanted_since().is_some() {
            return Some(number.saturating_add(1));
        }
        let asks = membership.needs_renewal || membership.is_alone(&self.roster);
        asks.then_some(number)
    }

    /// Returns whether a device has signed the Welcome whose commit most users had refused. The tree can begin with
    /// a leaf of anybody who has relayed a key package.
    fn is_of_condemned(&self, group: &Group) -> bool {
        let leaves = group.view().map(|view| view.leaves).unwrap_or_default();
        let sender = group.welcomed_by().and_then(|leaf| leaves.get(&leaf));
        sender.is_some_and(|sender| self.refusals.is_condemned(&sender.member_key))
    }

    fn candidate(&mut self, step: &mut Step<'_>) -> Option<Candidate> {
        let leaf = self.new_leaf(step);
        let candidate = Candidate::new(
            self.link.clone(),
            step.options.member_key.clone(),
            leaf,
            self.history(),
            step.time.now,
            step.rng,
        );
        candidate.ok()
    }

    /// Returns the member keys that were in the groups of the era.
    pub(super) fn history(&self) -> anteroom_e2ee::EraHistory {
        let membership = self.membership.as_ref();
        let history = membership.map(|membership| membership.group.history());
        history.unwrap_or(&self.history).clone()
    }

    /// Enters a group by a Welcome, if its whole tree holds.
    pub(super) fn receive_welcome(
        &mut self,
        at: GroupEpoch,
        from: DemuxId,
        body: &[u8],
        step: &mut Step<'_>,
    ) {
        let asking = self.asking.take_if(|asking| at.group >= asking.group);
        let Some(asking) = asking else { return };
        let joined = asking.candidate.join(
            at,
            body,
            &self.shared.statements(),
            &surroundings(step.options, &self.roster.history, step.time),
        );
        let error = match joined {
            Ok((group, _)) if self.is_of_condemned(&group) => {
                self.pass_over(at, step.moment());
                return;
            }
            Ok((mut group, reasons)) => {
                group.remember(&self.history());
                match Membership::new(group, reasons, step.moment()) {
                    Ok((mut membership, frames)) => {
                        membership.welcome = Some((at.before().unwrap_or(at), from));
                        self.present = at;
                        self.enter(membership, frames, false, step);
                        return;
                    }
                    Err(_) => JoinError::Welcome,
                }
            }
            Err(error) => error,
        };
        self.refuse_welcome(at, from, error, step);
    }

    /// Enters no group by the Welcome of a device whose commit most users had refused: else its next commit would
    /// stop them again. In a later epoch than the first it can be the group of others, who can add this device.
    fn pass_over(&mut self, at: GroupEpoch, now: Moment) {
        let is_near = self.is_near(at);
        if is_near {
            self.present = self.present.max(at);
        }
        let is_first = is_near && at.epoch == 1;
        if is_first {
            self.give_up_group(at.group);
        } else {
            self.welcome_failures = self.welcome_failures.saturating_add(1);
        }
        if is_first || self.wants_another_group() {
            self.refusals.want_next(now);
        }
    }

    /// Returns whether so many Welcomes have failed that this device wants another group besides the one that it
    /// asks. Any committer can send such Welcomes: they put a device off no group.
    const fn wants_another_group(&self) -> bool {
        self.welcome_failures >= MAX_FAILURES && self.membership.is_none()
    }

    /// Returns whether the number of a Welcome is believed: none beyond the next group.
    const fn is_near(&self, at: GroupEpoch) -> bool {
        at.group <= self.present.group.saturating_add(1)
    }

    /// Takes note of a Welcome that does not bring this device into a group.
    fn refuse_welcome(
        &mut self,
        at: GroupEpoch,
        from: DemuxId,
        error: JoinError,
        step: &mut Step<'_>,
    ) {
        let now = step.moment();
        self.welcome_failures = self.welcome_failures.saturating_add(1);
        // A second one of a sender costs no time: else one member could keep a device out with a Welcome each
        // 20 s.
        let is_new = self.membership.is_none() && !self.refusals.has_failed(from);
        // Numbers are believed when something opens.
        let is_near = self.is_near(at);
        if is_near && error != JoinError::Welcome {
            self.present = self.present.max(at);
        }
        self.tells_statements |= error == JoinError::Context(ContextError::Stale);
        let reply = if is_new && is_near {
            reply(error)
        } else {
            Reply::Ask
        };
        match reply {
            Reply::Ask => {
                if self.wants_another_group() {
                    self.refusals.want_next(now);
                }
            }
            Reply::Refuse | Reply::Wait => {
                self.give_up_group(at.group);
                self.welcome_failures = 0;
                self.refusals.leave_group(at.group, None, now);
                self.refusals.welcome_failed(from);
            }
        }
        if reply == Reply::Refuse {
            self.refusals.refused(None, from, now);
            if let Some(commit) = at.before() {
                self.send_refusal(commit, step);
            }
        }
        step.tell(Event::WelcomeRefused {
            from,
            error,
            asks_again: reply == Reply::Ask,
        });
        match error {
            JoinError::Context(ContextError::AdminMissingFromLink) => {
                self.tell_of_admin_key(from, step);
            }
            JoinError::Context(ContextError::OtherAdmin) => self.hint_at_admin_key(from, step),
            _ => {}
        }
    }
}

/// The reply of a newcomer to a Welcome that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reply {
    /// Ask the same group again.
    Ask,
    /// Refuse the commit before it, so that the members start the next group, and ask the same one again later
    /// if they do not. One member may have made the Welcome alone, into a group of its own.
    Refuse,
    /// Ask the same group again later. The members have done nothing wrong.
    Wait,
}

/// Returns the reply to a first Welcome of a sender that fails.
const fn reply(error: JoinError) -> Reply {
    match error {
        // The Welcome may be for an earlier key package.
        JoinError::Welcome | JoinError::OtherEpoch => Reply::Ask,
        // The members may have yet to commit the newer statement, which this device tells them.
        JoinError::Context(ContextError::Stale) => Reply::Ask,
        // Clocks differ between honest devices.
        JoinError::Context(ContextError::AdminMissingFromLink | ContextError::Early) => Reply::Wait,
        _ => Reply::Refuse,
    }
}

#[cfg(test)]
mod tests {
    use anteroom_e2ee::CommitRefusal;

    use super::*;

    #[test]
    fn a_newcomer_replies_to_each_error() {
        let expired = CommitRefusal::Admission(AdmissionError::Expired);
        for (error, expected) in [
            (JoinError::Welcome, Reply::Ask),
            (JoinError::OtherEpoch, Reply::Ask),
            (JoinError::Context(ContextError::Stale), Reply::Ask),
            (
                JoinError::Context(ContextError::AdminMissingFromLink),
                Reply::Wait,
            ),
            (JoinError::Psk, Reply::Refuse),
            (JoinError::Refused(expired), Reply::Refuse),
            (JoinError::Refused(CommitRefusal::Account), Reply::Refuse),
            (JoinError::Context(ContextError::Malformed), Reply::Refuse),
            (JoinError::Context(ContextError::OtherRoom), Reply::Refuse),
            (JoinError::Context(ContextError::OtherAdmin), Reply::Refuse),
            (JoinError::Context(ContextError::Statement), Reply::Refuse),
            (JoinError::Context(ContextError::Early), Reply::Wait),
            (JoinError::Context(ContextError::Unfounded), Reply::Refuse),
        ] {
            assert_eq!(reply(error), expected, "{error}");
        }
    }
}
