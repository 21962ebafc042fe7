//! The bandwidth of one viewer, from what its receiver estimates (REMB) and loses, and trials of more.
//!
//! An estimate rises only with what is received, so nobody learns by it that a larger layer would fit: the
//! layer is tried.
//!
//! 1. The **budget** is the estimate; 1 Mbit/s before the first one.
//! 2. A **trial** switches one picture of the viewer up, beyond the budget, and raises the budget to what is
//!    then needed. It is watched for three seconds from the first packet of the layer.
//! 3. A sign of **trouble** ends it at once: an estimate below what is needed that is lower than the one
//!    before, or a loss of 10 % more than usual. What was needed before the trial, and a tenth more, stays in the budget
//!    for 15 s, since the receiver has just shown that it fits: receivers estimate too little after a burst, and report
//!    its losses for two seconds more. Trouble without a trial leaves the estimate alone.
//! 4. It succeeds if the estimate at its end has risen by a twentieth or is what is needed, or if the receiver
//!    estimates nothing. What was needed then stays in the budget until there is trouble: an estimate follows only
//!    slowly, a twelfth a second.
//! 5. A trial begins when the estimate is what is needed without it, unless a picture is paused, and three
//!    seconds after the connection. After a failure the viewer waits before its next trial: 5 s, twice as long after each further one, at
//!    most two minutes, and at most ten seconds while a picture is paused. After a success it waits for a second, after trouble without a trial for 5 s.
//! 6. The **floor** is the budget for the smallest layers: for two seconds after an estimate has fallen it counts as
//!    before, and later for twice as much, unless 15 % are lost. Receivers also estimate too little when
//!    they are busy themselves, and from a picture that is paused they learn nothing.
//!
//! One viewer of a call tries at a time ([`TrialPermit`]).

use core::time::Duration;

use crate::{indexes::DeviceIndex, time::Moment};

/// The budget before the first estimate, in bits a second.
pub const FIRST_BUDGET: u64 = 1_000_000;

/// The time for which a trial is watched.
pub const TRIAL: Duration = Duration::from_secs(3);

/// The wait after the first failure.
pub const FIRST_WAIT: Duration = Duration::from_secs(5);

/// The maximum wait after a failure.
pub const MAX_WAIT: Duration = Duration::from_secs(120);

/// The maximum wait after a failure while a picture is paused: its trial costs least, and is worth most.
pub const MAX_WAIT_IN_PAUSE: Duration = Duration::from_secs(10);

/// The wait after a success.
const WAIT_AFTER_SUCCESS: Duration = Duration::from_secs(1);

/// The time for which it counts that what was needed before a failed trial fits.
const PROOF: Duration = Duration::from_secs(15);

/// The time after a failed trial in which receivers still report its trouble.
const AFTERMATH: Duration = Duration::from_secs(2);

/// The wait of a new connection before its first trial.
const FIRST_TRIAL: Duration = Duration::from_secs(3);

/// The time for which a fallen estimate pauses nothing.
const FLOOR: Duration = Duration::from_secs(2);

/// The loss from which nothing counts but the estimate, in thousandths.
const FLOOR_LOSS: u32 = 150;

/// The loss above the usual one that is trouble, in thousandths.
const TROUBLE_LOSS: u32 = 100;

/// The outcome of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrialOutcome {
    /// The layer fits.
    Success,
    /// The layer does not fit: the picture goes back.
    Failure,
}

#[derive(Clone, Copy, Debug)]
struct Trial {
    /// The bits a second that are needed with the layer.
    need: u64,
    /// The bits a second that were needed without it.
    need_before: u64,
    /// The estimate at the beginning.
    before: Option<u64>,
    /// The end of the trial.
    end: Moment,
    has_packets: bool,
}

/// The bits a second that fit, whatever the estimate is.
#[derive(Clone, Copy, Debug)]
struct Proof {
    need: u64,
    /// The end; `None`: it counts until there is trouble.
    until: Option<Moment>,
}

impl Proof {
    fn is_over(&self, now: Moment) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

/// The bandwidth of one viewer. The module's documentation has the rules.
#[derive(Clone, Debug)]
pub struct Downlink {
    estimate: Option<u64>,
    /// The bits a second that a trial has shown to fit.
    proof: Option<Proof>,
    /// The estimate before it has fallen, and the moment until which it counts for the floor.
    fallen: Option<(u64, Moment)>,
    /// Whether the last report of a loss has told of less than [`FLOOR_LOSS`].
    is_clean: bool,
    /// The usual loss, in thousandths.
    usual_loss: u32,
    trial: Option<Trial>,
    /// The wait after the next failure.
    wait: Duration,
    /// The moment since which the viewer waits for its next trial, and for how long.
    waits_since: Moment,
    waits_for: Duration,
    /// The end of the time in which trouble is that of a trial that has failed.
    aftermath: Moment,
}

impl Downlink {
    /// Creates the bandwidth of a viewer that has just connected.
    #[must_use]
    pub fn new(now: Moment) -> Self {
        Self {
            estimate: None,
            proof: None,
            fallen: None,
            is_clean: false,
            usual_loss: 0,
            trial: None,
            wait: FIRST_WAIT,
            waits_since: now,
            waits_for: FIRST_TRIAL,
            aftermath: now,
        }
    }

    /// Returns the bits a second that the viewer may be sent.
    #[must_use]
    pub fn budget(&self, now: Moment) -> u64 {
        let estimate = self.estimate.unwrap_or(FIRST_BUDGET);
        let proof = self.proof.filter(|proof| !proof.is_over(now));
        let proof = proof.map_or(0, |proof| proof.need);
        let trial = self.trial.map_or(0, |trial| trial.need);
        estimate.max(proof).max(trial)
    }

    /// Returns the bits a second that the smallest layers may have: at least the budget.
    #[must_use]
    pub fn floor(&self, now: Moment) -> u64 {
        let fallen = self.fallen.filter(|(_, until)| now < *until);
        let before = fallen.map_or(0, |(before, _)| before);
        let estimate = self.estimate.filter(|_| self.is_clean);
        let estimate = estimate.map_or(0, |estimate| estimate.saturating_mul(2));
        self.budget(now).max(before).max(estimate)
    }

    /// Takes an estimate of the receiver, which needs `need` bits a second now. Returns the outcome of the
    /// trial, if this ends it.
    pub fn estimate(&mut self, bits: u64, need: u64, now: Moment) -> Option<TrialOutcome> {
        let before = self.budget(now);
        let has_fallen = self.estimate.is_some_and(|before| bits < before);
        self.estimate = Some(bits);
        if has_fallen && self.fallen.is_none_or(|(_, until)| until <= now) {
            self.fallen = Some((before, now.plus(FLOOR)));
        }
        if has_fallen && bits < need {
            return self.trouble(now);
        }
        None
    }

    /// Takes the loss that the receiver reports, in thousandths. Returns the outcome of the trial, if this ends
    /// it.
    pub fn loss(&mut self, thousandths: u32, now: Moment) -> Option<TrialOutcome> {
        self.is_clean = thousandths < FLOOR_LOSS;
        if !self.is_clean {
            self.fallen = None;
        }
        let is_trouble = thousandths >= self.usual_loss.saturating_add(TROUBLE_LOSS);
        if self.trial.is_none() {
            self.usual_loss = (self.usual_loss * 7 + thousandths.min(1_000)) / 8;
        }
        if is_trouble { self.trouble(now) } else { None }
    }

    /// Returns whether the viewer, which needs `need` bits a second, may try a larger layer, or a picture that is
    /// paused.
    #[must_use]
    pub fn may_try(&self, need: u64, is_paused: bool, now: Moment) -> bool {
        let is_firm = is_paused || self.estimate.is_none_or(|estimate| estimate >= need);
        is_firm && self.trial.is_none() && now >= self.next_trial(is_paused)
    }

    fn next_trial(&self, is_paused: bool) -> Moment {
        let most = if is_paused {
            MAX_WAIT_IN_PAUSE
        } else {
            MAX_WAIT
        };
        self.waits_since.plus(self.waits_for.min(most))
    }

    fn wait_from(&mut self, now: Moment, wait: Duration) {
        self.waits_since = now;
        self.waits_for = wait;
    }

    /// Returns whether a trial is on.
    #[must_use]
    pub const fn is_trying(&self) -> bool {
        self.trial.is_some()
    }

    /// Begins a trial with which the viewer needs `more` bits a second than the `need` without it.
    pub fn begin_trial(&mut self, need: u64, more: u64, now: Moment) {
        self.trial = Some(Trial {
            need: need.saturating_add(more),
            need_before: need,
            before: self.estimate,
            end: now.plus(TRIAL),
            has_packets: false,
        });
    }

    /// Notes the bits a second that the viewer turns out to need: a trial is of all of them.
    pub fn note_need(&mut self, need: u64) {
        if let Some(trial) = &mut self.trial {
            trial.need = trial.need.max(need);
        }
    }

    /// Notes that the first packet of the layer on trial has been sent: it is watched from now on.
    pub fn receive_layer(&mut self, now: Moment) {
        if let Some(trial) = self.trial.as_mut().filter(|trial| !trial.has_packets) {
            trial.has_packets = true;
            trial.end = now.plus(TRIAL);
        }
    }

    /// Ends a trial without an outcome: the picture is not shown any more.
    pub fn abandon_trial(&mut self, now: Moment) {
        if self.trial.take().is_some() {
            self.wait_from(now, WAIT_AFTER_SUCCESS);
        }
    }

    /// Lets the time pass. Returns the outcome of the trial, if it is over.
    pub fn advance(&mut self, now: Moment) -> Option<TrialOutcome> {
        let trial = self.trial.filter(|trial| trial.end <= now)?;
        let fits = match (trial.before, self.estimate) {
            _ if !trial.has_packets => false,
            (_, None) => true,
            (before, Some(estimate)) => {
                let has_risen =
                    before.is_some_and(|before| estimate >= before.saturating_add(before / 20));
                estimate >= trial.need || has_risen
            }
        };
        if !fits {
            return self.trouble(now);
        }
        self.trial = None;
        self.proof = Some(Proof {
            need: trial.need,
            until: None,
        });
        self.wait = FIRST_WAIT;
        self.wait_from(now, WAIT_AFTER_SUCCESS);
        Some(TrialOutcome::Success)
    }

    /// Returns the next moment at which the passing of time has an effect.
    #[must_use]
    pub fn next_deadline(&self, now: Moment) -> Option<Moment> {
        let trial = self.trial.map(|trial| trial.end);
        let proof = self.proof.and_then(|proof| proof.until);
        let is_free = self.trial.is_none();
        let trials = [true, false].map(|is_paused| self.next_trial(is_paused));
        let trials = trials.into_iter().filter(|next| is_free && *next > now);
        let fallen = self.fallen.map(|(_, until)| until);
        let ends = [proof, fallen].into_iter().flatten();
        let ends = ends.filter(|until| *until > now);
        [trial]
            .into_iter()
            .flatten()
            .chain(ends)
            .chain(trials)
            .min()
    }

    /// Ends the trial that is on and goes back to what was needed before, or forgets what trials have shown.
    fn trouble(&mut self, now: Moment) -> Option<TrialOutcome> {
        let Some(trial) = self.trial.take() else {
            if now < self.aftermath {
                return None;
            }
            self.proof = None;
            let rest = self.next_trial(false).since(now);
            self.wait_from(now, rest.max(FIRST_WAIT));
            return None;
        };
        let before = trial.need_before.saturating_add(trial.need_before / 10);
        self.proof = Some(Proof {
            need: before,
            until: Some(now.plus(PROOF)),
        });
        self.aftermath = now.plus(AFTERMATH);
        self.wait_from(now, self.wait);
        self.wait = (self.wait * 2).min(MAX_WAIT);
        Some(TrialOutcome::Failure)
    }
}

/// The permit to try a larger layer, which one viewer of a call has at a time.
#[derive(Clone, Copy, Debug, Default)]
pub struct TrialPermit(Option<DeviceIndex>);

impl TrialPermit {
    /// Takes the permit if nobody has it. Returns whether this viewer has it now.
    pub fn take(&mut self, viewer: DeviceIndex) -> bool {
        *self.0.get_or_insert(viewer) == viewer
    }

    /// Gives the permit back, if this viewer has it.
    pub fn give_back(&mut self, viewer: DeviceIndex) {
        if self.0 == Some(viewer) {
            self.0 = None;
        }
    }

    /// Returns whether nobody has the permit.
    #[must_use]
    pub const fn is_free(self) -> bool {
        self.0.is_none()
    }
}
