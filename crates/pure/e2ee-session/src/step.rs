//! One step of a session: what an input may read and write besides the state.

use std::collections::VecDeque;

use anteroom_e2ee::{Moment, RosterHistory, Surroundings};
use rand_core::CryptoRng;

use crate::{
    event::Event,
    options::SessionOptions,
    output::{Message, Output},
    time::SessionTime,
};

/// The surroundings of one input.
pub(crate) struct Step<'s> {
    pub(crate) options: &'s mut SessionOptions,
    pub(crate) time: SessionTime,
    pub(crate) rng: &'s mut (dyn CryptoRng + Send),
    pub(crate) outputs: &'s mut VecDeque<Output>,
}

impl Step<'_> {
    pub(crate) const fn moment(&self) -> Moment {
        self.time.moment
    }

    pub(crate) fn send(&mut self, message: Message) {
        self.outputs.push_back(Output::Send(message));
    }

    pub(crate) fn tell(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }
}

/// Returns the surroundings of a decision of the group.
pub(crate) fn surroundings<'s>(
    options: &'s SessionOptions,
    roster: &'s RosterHistory,
    time: SessionTime,
) -> Surroundings<'s> {
    Surroundings {
        is_account: &*options.is_account,
        max_devices: options.max_devices,
        roster,
        now: time.now,
        moment: time.moment,
    }
}

/// Returns the earlier of two moments, where there is one.
pub(crate) fn earlier(one: Option<Moment>, other: Option<Moment>) -> Option<Moment> {
    one.into_iter().chain(other).min()
}
