//! Actions after a time without messages: requests for the whole roster after a change that was missed, and texts
//! that nobody was there to hear in time.

use anteroom_e2ee::Moment;
use anteroom_e2ee_session::{Input, SessionTime};
use anteroom_wire::rooms::socket::ClientMessage;
use rand_core::CryptoRng;

use super::Participation;
use crate::call::encryption::{Effect, Encryption, Surroundings};

impl Participation {
    /// Does what is due after a time without messages, at [`Self::next_tick`].
    pub fn tick(&mut self, time: SessionTime, rng: &mut (dyn CryptoRng + Send)) {
        if let Some(encryption) = &mut self.encryption {
            encryption.handle(Input::TimePassed, Surroundings { time, rng });
        }
        let late = self.written.take_late(time.moment);
        self.tell_unsaid(late);
        self.settle_doubtful(time.moment);
        self.relays.pass(time.moment);
        self.request_roster(time.moment);
    }

    /// Returns the moment at which [`Self::tick`] has an effect, or [`Self::lacks_pong`] begins. It changes with
    /// everything that happens.
    #[must_use]
    pub fn next_tick(&self) -> Option<Moment> {
        let encryption = self.encryption.as_ref().and_then(Encryption::next_tick);
        let texts = self.written.deadline();
        let texts = texts.into_iter().chain(self.doubtful.deadline());
        let ticks = encryption.into_iter().chain(texts);
        let ticks = ticks.chain(self.relays.opens_at());
        let ticks = ticks.chain(self.answers.late_at());
        ticks.chain(self.next_roster_request()).min()
    }

    /// Requests the whole roster if a change is missing.
    pub(super) fn request_roster(&mut self, now: Moment) {
        let state = self.resume_state.as_mut();
        let state = state.filter(|state| state.tells_rosters);
        if state.is_some_and(|state| state.roster_revision.requests(now)) {
            self.effects
                .push_back(Effect::Send(ClientMessage::Participants));
        }
    }

    /// Returns the moment of the next request.
    fn next_roster_request(&self) -> Option<Moment> {
        let state = self.resume_state.as_ref();
        let state = state.filter(|state| state.tells_rosters);
        state?.roster_revision.next_request()
    }

    /// Forgets the request, since the connection is lost.
    pub(super) const fn drop_roster_request(&mut self) {
        if let Some(state) = &mut self.resume_state {
            state.roster_revision.disconnect();
        }
    }
}
