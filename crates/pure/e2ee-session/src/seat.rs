//! The seat of a device in an era: the state that its inputs change.

mod additions;
mod admin_hints;
mod asking;
mod bars;
mod co_admins;
mod commands;
mod commits;
mod committing;
mod confirming;
mod holding;
mod messages;
mod next_group;
mod outside;
mod refusing;
mod removals;
mod statements;
mod texts;

use std::collections::{BTreeSet, VecDeque};

use anteroom_e2ee::{
    ContextChange, EraHistory, GroupLink, MAX_ADDS, Moment, RoomContext, VerificationWord,
};
use anteroom_protocol::{DemuxId, EraId, GroupEpoch, Timestamp, redacted_debug};

use crate::{
    COMMIT_HOLD,
    applicants::Applicants,
    asking::Asking,
    attempt::Attempt,
    error::CommandError,
    event::{Event, LeaveReason, MemberStatus, StopReason},
    heard_texts::HeardTexts,
    input::{Input, JoinedSeat},
    membership::Membership,
    obstacle::Obstacle,
    outside::Outside,
    own_refusal::OwnRefusal,
    pending_bar::{PendingBar, WaitingRemoval},
    refusals::Refusals,
    roster::RosterState,
    said_texts::{SaidTexts, TextEpoch},
    step::{Step, earlier},
    waiting_approvals::WaitingApprovals,
};

/// The seat of a device in an era.
pub(crate) struct Seat {
    pub(crate) demux: DemuxId,
    pub(crate) era: EraId,
    link: GroupLink,
    is_active: bool,
    /// The moment at which the connection broke.
    disconnected_at: Option<Moment>,
    /// The present epoch by the word of the room service; 0 and 0 before the first group.
    present: GroupEpoch,
    roster: RosterState,
    history: EraHistory,
    /// The serial number of the last own leaf.
    serial: u64,
    /// The context with all statements that this device knows.
    known: RoomContext,
    /// The context with those of them that the link's state or a group had: a group that lacks one is refused.
    shared: RoomContext,
    membership: Option<Membership>,
    asking: Option<Asking>,
    outside: Outside,
    /// The lowest number of a group that this device asks to be in: higher than those it has refused.
    lowest_group: u32,
    /// Whether an admin has put this device out.
    is_barred: bool,
    welcome_failures: u32,
    /// Whether this device tells its statements with the next key package, since a group lacks one of them.
    tells_statements: bool,
    applicants: Applicants,
    attempt: Option<Attempt>,
    /// Own commits that were given up. The room service may tell one nonetheless.
    given_up: VecDeque<Vec<u8>>,
    /// Commits that were told and are not processed yet.
    inbox: VecDeque<ToldCommit>,
    /// Messages that did not open while a commit was held.
    early_messages: VecDeque<(DemuxId, Vec<u8>)>,
    refusals: Refusals,
    own_refusal: Option<OwnRefusal>,
    bars: Vec<PendingBar>,
    removals: Vec<WaitingRemoval>,
    waiting_approvals: WaitingApprovals,
    /// The latest time of an approval that an admin's device has given to members.
    last_issued: Timestamp,
    /// Whether this device has a statement of its own to commit.
    is_urgent: bool,
    /// The moment before which nothing is committed, after a rejection.
    commit_after: Option<Moment>,
    /// The moment before which no group is started.
    start_after: Option<Moment>,
    /// The last moment at which another device sent a message of the group.
    group_message: Option<Moment>,
    /// The devices of the other members of the group that this device left last.
    former_members: BTreeSet<DemuxId>,
    add_limit: usize,
    told_obstacle: Option<Obstacle>,
    told_sending: Option<StopReason>,
    said: SaidTexts,
    heard: HeardTexts,
    /// The first epochs that this session was in, for each era.
    first_epochs: VecDeque<TextEpoch>,
}

redacted_debug!(Seat);

/// A commit that the room service told.
struct ToldCommit {
    at: GroupEpoch,
    from: DemuxId,
    body: Vec<u8>,
    /// The moment until which it is held.
    until: Moment,
}

impl Seat {
    /// Takes a seat in an era in which this device had none.
    pub(crate) fn new(joined: JoinedSeat, step: &mut Step<'_>) -> Self {
        let options = &step.options;
        let link = GroupLink::new(&options.root_key, joined.era, options.admin);
        let known = link.context().with(&ContextChange {
            policy: options.policy.clone(),
            ..ContextChange::default()
        });
        let mut seat = Self {
            demux: joined.demux_id,
            era: joined.era,
            link,
            is_active: joined.is_active,
            disconnected_at: None,
            present: joined.present.unwrap_or_default(),
            roster: RosterState::default(),
            history: EraHistory::default(),
            serial: 0,
            shared: known.clone(),
            known,
            membership: None,
            asking: None,
            outside: Outside::default(),
            lowest_group: 0,
            is_barred: false,
            welcome_failures: 0,
            tells_statements: false,
            applicants: Applicants::default(),
            attempt: None,
            given_up: VecDeque::new(),
            inbox: VecDeque::new(),
            early_messages: VecDeque::new(),
            refusals: Refusals::default(),
            own_refusal: None,
            bars: Vec::new(),
            removals: Vec::new(),
            waiting_approvals: WaitingApprovals::default(),
            last_issued: Timestamp::from_secs(0),
            is_urgent: false,
            commit_after: None,
            start_after: None,
            group_message: None,
            former_members: BTreeSet::new(),
            add_limit: MAX_ADDS,
            told_obstacle: None,
            told_sending: Some(StopReason::NotInGroup),
            said: SaidTexts::default(),
            heard: HeardTexts::default(),
            first_epochs: VecDeque::new(),
        };
        seat.roster.update(joined.roster, step.moment());
        for approval in core::mem::take(&mut step.options.late_approvals) {
            seat.take_approval(approval, step);
        }
        if let Some(statement) = joined.statement {
            seat.receive_approval(&statement, step);
        }
        seat
    }

    /// Takes another seat after a former one, whose group was left.
    pub(crate) fn after(mut former: Self, joined: JoinedSeat, step: &mut Step<'_>) -> Self {
        let mut seat = Self::new(joined, step);
        if seat.era != former.era {
            let events = former.give_up_waiting_removals().into_iter();
            events.for_each(|event| step.tell(event));
        }
        seat.told_sending = former.told_sending;
        seat.last_issued = former.last_issued;
        let waiting = former.waiting_approvals;
        let is_same_era = seat.era == former.era;
        seat.waiting_approvals.keep_former(waiting, is_same_era);
        seat.said = former.said;
        seat.heard = former.heard;
        seat.first_epochs = former.first_epochs;
        if is_same_era {
            seat.known = seat.known.with(&former.known.statements());
            // The options have own policies too, which no group may have.
            seat.shared = former.shared;
            seat.is_urgent = former.is_urgent;
            seat.history = former.history;
            seat.serial = former.serial;
            seat.refusals = former.refusals;
            seat.bars = former.bars;
            seat.removals = former.removals;
            seat.former_members = former.former_members;
            seat.lowest_group = former.lowest_group;
        }
        seat
    }

    /// Restores the seat after a lost connection.
    pub(crate) fn restore(&mut self, joined: JoinedSeat, step: &mut Step<'_>) {
        let now = step.moment();
        let disconnected = self.disconnected_at.take().unwrap_or(now);
        let disconnected = now.since_start().saturating_sub(disconnected.since_start());
        self.is_active = joined.is_active;
        self.roster.update(joined.roster, now);
        if let Some(statement) = joined.statement {
            self.receive_approval(&statement, step);
        }
        if let Some(asking) = &mut self.asking {
            asking.next_relay = now;
        }
        if let Some(membership) = &mut self.membership {
            membership.reconnect(disconnected, now);
        }
        // Rosters that make a Remove due may have come while nothing arrived.
        for told in &mut self.inbox {
            told.until = now.plus(COMMIT_HOLD);
        }
        self.present = joined.present.unwrap_or_default();
        let next = self.present.group.saturating_add(1);
        self.lowest_group = self.lowest_group.min(next);
        if joined.missed == 0 {
            // Nothing was taken since: neither an own commit.
            self.give_up_attempt();
            if self.epoch().is_some_and(|epoch| epoch != self.present) {
                self.leave(LeaveReason::MissedCommit, step);
            }
        }
    }

    /// Takes an input.
    pub(crate) fn handle(&mut self, input: Input, step: &mut Step<'_>) {
        match input {
            Input::Joined(_) | Input::TimePassed => {}
            Input::Admitted { present, statement } => {
                // An active device is told again when it gets another approval.
                if !self.is_active || present.is_some() {
                    self.present = present.unwrap_or_default();
                }
                self.is_active = true;
                if let Some(statement) = statement {
                    self.receive_approval(&statement, step);
                }
            }
            Input::Roster(devices) => {
                let was_alone = !self.roster.has_others(self.demux);
                self.roster.update(devices, step.moment());
                if was_alone {
                    self.ask_at_once(step.moment());
                }
            }
            Input::Commit { at, from, body } => self.receive_commit(at, from, body, step),
            Input::Welcome { at, from, body } => self.receive_welcome(at, from, &body, step),
            Input::Refuse { at, from } => self.receive_refuse(at, from, step),
            Input::Relay { from, body } => self.receive_relay(from, &body, step),
            Input::StaleCommit { present } => self.receive_stale(present.unwrap_or_default()),
            Input::CommitRejected(rejection) => self.receive_rejection(rejection, step),
            Input::RefusalRejected(rejection) => self.receive_refusal_rejection(rejection, step),
            Input::CommitsDropped => self.leave(LeaveReason::MissedCommit, step),
            Input::Policy(policy) => self.receive_policy(&policy, step),
            Input::Disconnected => {
                self.disconnected_at.get_or_insert(step.moment());
            }
        }
    }

    /// Does what is due, and returns the next moment at which something is.
    pub(crate) fn run(&mut self, step: &mut Step<'_>) -> Option<Moment> {
        let now = step.moment();
        let awaited = self.take_due_approvals(step);
        if let Some(membership) = &mut self.membership {
            membership.group.drop_past_epochs(now);
        }
        self.said.expire(now);
        if !self.is_connected() || !self.is_active {
            let next = earlier(self.look_at_others(step), self.check_bars(step));
            self.tell_sending(step);
            return earlier(earlier(next, awaited), self.said.next_expiry());
        }
        self.applicants.expire(now);
        let mut next = earlier(awaited, self.take_commits(step));
        next = earlier(next, self.check_behind(step));
        next = earlier(next, self.confirm(step));
        next = earlier(next, self.ask_for_texts(step));
        next = earlier(next, self.said.next_expiry());
        next = earlier(next, self.look_at_own_leaf(step));
        next = earlier(next, self.ask(step));
        next = earlier(next, self.carry_out_removals(step));
        next = earlier(next, self.commit_what_is_due(step));
        next = earlier(next, self.start_group(step));
        next = earlier(next, self.resend(step));
        next = earlier(next, self.resend_refusal(step));
        next = earlier(next, self.check_bars(step));
        self.tell_sending(step);
        next
    }

    /// Returns the epoch that the device is in.
    pub(crate) fn epoch(&self) -> Option<GroupEpoch> {
        Some(self.membership.as_ref()?.group.epoch())
    }

    const fn is_connected(&self) -> bool {
        self.disconnected_at.is_none()
    }

    pub(crate) fn may_send(&self) -> bool {
        self.stop_reason().is_none()
    }

    pub(crate) fn members(&self) -> Vec<MemberStatus> {
        let membership = self.membership.as_ref();
        let members = membership.map(|membership| membership.statuses(&self.roster));
        members.unwrap_or_default()
    }

    pub(crate) fn context(&self) -> Option<&RoomContext> {
        Some(&self.membership.as_ref()?.view.context)
    }

    pub(crate) fn words(&self) -> Result<(GroupEpoch, [VerificationWord; 6]), CommandError> {
        let group = &self.membership()?.group;
        let words = group.verification_words().map_err(CommandError::Words)?;
        Ok((group.epoch(), words))
    }

    fn stop_reason(&self) -> Option<StopReason> {
        match &self.membership {
            None => Some(StopReason::NotInGroup),
            Some(membership) if membership.is_stopped => Some(StopReason::NotConfirmed),
            Some(_) => None,
        }
    }

    fn tell_sending(&mut self, step: &mut Step<'_>) {
        let reason = self.stop_reason();
        if reason != self.told_sending {
            self.told_sending = reason;
            step.tell(reason.map_or(Event::SendingResumed, Event::SendingStopped));
        }
    }

    /// Leaves the group that the device is in, and keeps its statements and its history.
    pub(crate) fn leave(&mut self, reason: LeaveReason, step: &mut Step<'_>) {
        self.inbox.clear();
        self.early_messages.clear();
        self.commit_after = None;
        // A key package that a lost Welcome was for is of no use any more.
        self.asking = None;
        if let Some(membership) = self.membership.take() {
            self.give_up_attempt();
            self.history = membership.group.history().clone();
            self.history.interrupt();
            let devices = membership.view.leaves.values().map(|one| one.demux_id);
            self.former_members = devices.filter(|one| *one != self.demux).collect();
            self.applicants.reconsider();
            step.tell(Event::Left(reason));
        }
    }

    /// Leaves a group that has been behind the present epoch for too long.
    fn check_behind(&mut self, step: &mut Step<'_>) -> Option<Moment> {
        let membership = self.membership.as_mut()?;
        if membership.group.epoch() >= self.present || !self.inbox.is_empty() {
            membership.behind_since = None;
            return None;
        }
        let now = step.moment();
        let since = *membership.behind_since.get_or_insert(now);
        let until = since.plus(crate::COMMITTER_PATIENCE);
        if now < until {
            return Some(until);
        }
        self.leave(LeaveReason::MissedCommit, step);
        None
    }
}
