//! The session of a device.

use core::time::Duration;
use std::collections::{BTreeSet, VecDeque};

use anteroom_e2ee::{
    AdminKey, Approval, Authority, CoAdmin, Moment, Policy, RoomContext, SignedStatement,
};
use anteroom_protocol::{GroupEpoch, redacted_debug};
use rand_core::CryptoRng;

use crate::{
    error::CommandError,
    event::{Event, LeaveReason, Listing, MemberStatus},
    input::{Command, Input, JoinedSeat},
    lobby::WaitingDevice,
    options::SessionOptions,
    output::Output,
    seat::Seat,
    step::Step,
    text_reach::TextReach,
    time::SessionTime,
    words::ShownWords,
};

/// The time until the next tick after a step that failed.
const FAILURE_PAUSE: Duration = Duration::from_millis(100);

/// One device's part in the end-to-end encryption of the calls of a room, one era after the other.
pub struct Session {
    options: SessionOptions,
    seat: Option<Seat>,
    outputs: VecDeque<Output>,
    next_tick: Option<Moment>,
    shown: Option<ShownWords>,
    /// Whether the person was told that the group has changed since.
    has_told_outdated: bool,
    /// The member keys that the person has compared.
    compared: BTreeSet<[u8; 32]>,
}

redacted_debug!(Session);

impl Session {
    /// Creates the session of a device that has no seat yet.
    #[must_use]
    pub fn new(options: SessionOptions) -> Self {
        Self {
            options,
            seat: None,
            outputs: VecDeque::new(),
            next_tick: None,
            shown: None,
            has_told_outdated: false,
            compared: BTreeSet::new(),
        }
    }

    /// Takes the maximum number of devices of a user in the call, as the room service states it with the seat: before
    /// [`Input::Joined`].
    pub const fn allow_devices(&mut self, max_devices: usize) {
        self.options.max_devices = max_devices;
    }

    /// Takes an input.
    pub fn handle(&mut self, input: Input, time: SessionTime, rng: &mut (dyn CryptoRng + Send)) {
        let mut step = Step {
            options: &mut self.options,
            time,
            rng,
            outputs: &mut self.outputs,
        };
        match input {
            Input::Joined(joined) => {
                let seat = enter(self.seat.take(), joined, &mut step);
                let next = self.seat.insert(seat).run(&mut step);
                self.next_tick = later(next, time.moment);
            }
            input => {
                if let Some(seat) = &mut self.seat {
                    seat.handle(input, &mut step);
                    self.next_tick = later(seat.run(&mut step), time.moment);
                } else if let Input::Policy(policy) = input {
                    learn_before_the_first_seat(&policy, &mut step);
                }
            }
        }
        self.tell_of_outdated_words();
    }

    /// Carries out a command of the person.
    ///
    /// # Errors
    /// [`CommandError`]. Nothing is done, but for [`CommandError::EarlyRemoval`]: the removal waits.
    pub fn command(
        &mut self,
        command: Command,
        time: SessionTime,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), CommandError> {
        let mut step = Step {
            options: &mut self.options,
            time,
            rng,
            outputs: &mut self.outputs,
        };
        let seat = self.seat.as_mut().ok_or(CommandError::NotInGroup)?;
        let done = seat.command(command, &mut step);
        if matches!(done, Ok(()) | Err(CommandError::EarlyRemoval { .. })) {
            self.next_tick = later(seat.run(&mut step), time.moment);
            self.tell_of_outdated_words();
        }
        done
    }

    /// Returns the next output, until there is none.
    pub fn poll_output(&mut self) -> Option<Output> {
        let mut output = self.outputs.pop_front()?;
        if let Output::Event(event) = &mut output {
            event.mark_compared(&self.compared);
        }
        Some(output)
    }

    /// Returns the moment at which the passing of time has an effect: the caller passes
    /// [`Input::TimePassed`] then. It changes with every input and command.
    #[must_use]
    pub const fn next_tick(&self) -> Option<Moment> {
        self.next_tick
    }

    /// Returns the epoch that the device is in, for `have` in the `join` that resumes its seat.
    #[must_use]
    pub fn have(&self) -> Option<GroupEpoch> {
        self.seat.as_ref()?.epoch()
    }

    /// Returns whether the device may send frames and texts now.
    #[must_use]
    pub fn may_send(&self) -> bool {
        self.seat.as_ref().is_some_and(Seat::may_send)
    }

    /// Returns whether another member is there to hear a text: it was heard in the present group, is confirmed, and
    /// connected. [`Command::Say`] takes a text without that too, which others may miss.
    #[must_use]
    pub fn has_audience(&self) -> bool {
        self.seat.as_ref().is_some_and(Seat::has_audience)
    }

    /// Returns the number of the text that was said last; 0 before the first one.
    #[must_use]
    pub fn latest_text(&self) -> u32 {
        self.seat.as_ref().map_or(0, Seat::latest_text)
    }

    /// Returns whether members can still ask for the text with a number, which a message did not bring them.
    #[must_use]
    pub fn text_reach(&self, number: u32) -> TextReach {
        let seat = self.seat.as_ref();
        seat.map_or(TextReach::Dropped, |seat| seat.text_reach(number))
    }

    /// Returns the members of the group that the device is in.
    #[must_use]
    pub fn members(&self) -> Vec<MemberStatus> {
        let mut members = self.seat.as_ref().map(Seat::members).unwrap_or_default();
        for member in &mut members {
            member.mark_compared(&self.compared);
        }
        members
    }

    /// Returns whether the newest policy names this device as a co-admin of the era.
    #[must_use]
    pub fn is_co_admin(&self) -> bool {
        let own = (&self.options.user, &self.options.member_key.public());
        self.seat.as_ref().is_some_and(|seat| seat.is_co_admin(own))
    }

    /// Returns the co-admins of the era by all statements that this device knows, also one of its own whose commit is
    /// under way; none without a seat.
    #[must_use]
    pub fn co_admins(&self) -> &[CoAdmin] {
        self.seat.as_ref().map_or(&[], Seat::co_admins)
    }

    /// Returns whether a statement of this device is on its way: it is not committed yet, or a removal is neither known
    /// to be done nor told as not confirmed. That takes three seconds at most, unless the commit is rejected on and on.
    #[must_use]
    pub fn has_pending_statements(&self) -> bool {
        let seat = self.seat.as_ref();
        seat.is_some_and(Seat::has_pending_statements)
    }

    /// Tells each removal as not confirmed that is not known to be done, since the device leaves the call.
    pub fn give_up_removals(&mut self) {
        let events = self.seat.as_mut().map(Seat::give_up_removals);
        let events = events.unwrap_or_default().into_iter();
        self.outputs.extend(events.map(Output::Event));
    }

    /// Signs the approval of a device with the admin key, or as a co-admin, for one that decides at the room service
    /// itself. A removal of the device that waits is taken back.
    ///
    /// # Errors
    /// [`CommandError::NotAdmin`] and others if the signature would not count.
    pub fn approve(
        &mut self,
        device: &WaitingDevice,
        time: SessionTime,
    ) -> Result<SignedStatement<Approval>, CommandError> {
        let seat = self.seat.as_mut().ok_or(CommandError::NotInGroup)?;
        seat.approve(device, time.now, &self.options)
    }

    /// Returns whether this device has the admin key that the link names.
    #[must_use]
    pub fn has_admin_key(&self) -> bool {
        let key = self.options.admin_key.as_ref().map(AdminKey::public);
        key.is_some() && key == self.options.admin
    }

    /// Returns the newest policy that this device knows, if it has the admin key and the link's state `shown` has an
    /// older one, none, or junk: the change that brought it may have failed.
    #[must_use]
    pub fn unpublished_policy(&self, shown: &[u8]) -> Option<&SignedStatement<Policy>> {
        let known = self.options.policy.as_ref();
        let known = known.filter(|known| self.has_admin_key() && counts(known, &self.options))?;
        let shown = SignedStatement::<Policy>::parse(shown).ok();
        let is_published = shown.is_some_and(|shown| {
            shown == *known || (shown.supersedes(known) && counts(&shown, &self.options))
        });
        (!is_published).then_some(known)
    }

    /// Returns the context of the group that the device is in: the statements that count.
    #[must_use]
    pub fn context(&self) -> Option<&RoomContext> {
        self.seat.as_ref()?.context()
    }

    /// Computes the verification words of the present epoch, and freezes them with time and members. It takes
    /// tens of milliseconds and 19 MiB of memory.
    ///
    /// # Errors
    /// [`CommandError::NotInGroup`], [`CommandError::NobodyToCompare`], [`CommandError::Words`].
    pub fn show_words(&mut self, time: SessionTime) -> Result<ShownWords, CommandError> {
        let seat = self.seat.as_ref().ok_or(CommandError::NotInGroup)?;
        let members = self.members();
        // The leaves of those who have left stay for some seconds.
        let is_there = |one: &MemberStatus| !one.is_own && one.listing != Listing::Unlisted;
        if !members.is_empty() && !members.iter().any(is_there) {
            return Err(CommandError::NobodyToCompare);
        }
        let (epoch, words) = seat.words()?;
        let shown = ShownWords {
            epoch,
            time: time.now,
            words,
            members,
        };
        self.shown = Some(shown.clone());
        self.has_told_outdated = false;
        Ok(shown)
    }

    /// Marks the members as compared with whom the words were frozen in this epoch: the person has compared the words,
    /// and they match. [`Event::WordsCompared`] follows.
    ///
    /// # Errors
    /// [`CommandError::NoWords`]: no words of this epoch are shown.
    pub fn words_match(&mut self, epoch: GroupEpoch) -> Result<(), CommandError> {
        let shown = self.shown.take_if(|shown| shown.epoch == epoch);
        let shown = shown.ok_or(CommandError::NoWords)?;
        let keys = shown.members.iter().map(|one| one.claims.member_key);
        self.compared.extend(keys.map(|key| *key.as_bytes()));
        let others = shown.members.iter().filter(|member| !member.is_own);
        let members = others.map(|member| member.claims.member_key).collect();
        let event = Event::WordsCompared { epoch, members };
        self.outputs.push_back(Output::Event(event));
        Ok(())
    }

    /// Tells once that a commit came after the words that were shown: another member's may be other ones.
    fn tell_of_outdated_words(&mut self) {
        let shown = self.shown.as_ref().map(|shown| shown.epoch);
        let (Some(shown), present) = (shown, self.have()) else {
            return;
        };
        if present != Some(shown) && !self.has_told_outdated {
            self.has_told_outdated = true;
            let event = Event::WordsOutdated { shown, present };
            self.outputs.push_back(Output::Event(event));
        }
    }
}

/// Returns the moment of the next tick: later than now, also after a step that failed.
fn later(next: Option<Moment>, now: Moment) -> Option<Moment> {
    next.map(|next| match next > now {
        true => next,
        false => now.plus(FAILURE_PAUSE),
    })
}

/// Takes the policy of the link's state, if it is newer than the known one.
fn learn_before_the_first_seat(bytes: &[u8], step: &mut Step<'_>) {
    let options = &mut step.options;
    let Ok(policy) = SignedStatement::<Policy>::parse(bytes) else {
        return;
    };
    let known = options.policy.as_ref();
    let is_newer = known.is_none_or(|known| policy.supersedes(known));
    if is_newer && counts(&policy, options) {
        options.policy = Some(policy.clone());
        step.tell(Event::Policy(policy));
    }
}

/// Returns whether the admin key of the link has signed a policy of the room.
fn counts(policy: &SignedStatement<Policy>, options: &SessionOptions) -> bool {
    let room = options.root_key.room_id();
    let admin = options.admin.as_ref().map(Authority::of_admin);
    admin.is_some_and(|admin| policy.verify(&room, &admin).is_ok())
}

/// Restores the former seat, or takes a new one.
fn enter(former: Option<Seat>, joined: JoinedSeat, step: &mut Step<'_>) -> Seat {
    let Some(mut former) = former else {
        return Seat::new(joined, step);
    };
    let is_same_era = former.era == joined.era;
    if is_same_era && former.demux == joined.demux_id {
        former.restore(joined, step);
        return former;
    }
    former.leave(LeaveReason::NewSeat, step);
    Seat::after(former, joined, step)
}
