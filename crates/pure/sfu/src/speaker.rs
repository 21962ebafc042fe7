//! The active speakers of a call, from the audio levels in the clear.
//!
//! 1. The score of a sender is its level above its own running floor, the lowest level of the last four
//!    seconds, at most 40 dB: a sound that never pauses scores nothing, and shouting does not win over
//!    talking. Scores are smoothed.
//! 2. A sender speaks from a score of 14 dB until it has been under 5 dB for 500 ms.
//! 3. The **ranking** has all senders, those who speak first. Of them, those whose sound dips, as words do, come
//!    before those who have just begun, and behind both come those without a dip for 1.5 s or without a pause
//!    of 150 ms for 20 s. Among equals one passes another only with 6 dB more, and after its first dip. Senders
//!    who stop keep their order, so that the last who spoke stay ahead.
//! 4. The **speakers** are the first eight of the ranking who speak, one for a user. They change at most five
//!    times a second.
//!
//! The ranking changes at once when somebody begins to speak or dips for the first time, and every 100 ms otherwise.

mod voice;

use core::time::Duration;

use self::voice::Voice;
use crate::{
    audio_level::AudioLevel,
    indexes::{DeviceIndex, UserIndex},
    time::Moment,
};

/// The time between two looks at the ranking while somebody speaks.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// The minimum time between two changes of the speakers.
pub const SPEAKERS_INTERVAL: Duration = Duration::from_millis(200);

/// The maximum number of speakers.
pub const MAX_SPEAKERS: usize = 8;

/// A sender's place in the ranking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rank {
    /// The device.
    pub device: DeviceIndex,
    /// The device's user.
    pub user: UserIndex,
    /// The moment at which the device began to speak after a silence, if it speaks.
    pub onset: Option<Moment>,
}

/// The active speakers of a call. The module's documentation has the rules.
#[derive(Debug, Default)]
pub struct Speakers {
    /// The voices, by the index of the device.
    voices: Vec<Option<Voice>>,
    /// The ranking.
    order: Vec<DeviceIndex>,
    /// The moment of the last look at the ranking.
    looked: Moment,
    /// The speakers as they were last reported.
    reported: Vec<DeviceIndex>,
    /// The speakers now.
    speakers: Vec<DeviceIndex>,
    /// The users of the speakers.
    users: Vec<UserIndex>,
    /// The moment of the last report.
    reported_at: Option<Moment>,
    /// Whether the last report names a sender that has been taken out. Its index may be given again.
    reported_removed: bool,
}

impl Speakers {
    /// Adds a sender at the end of the ranking.
    pub fn add(&mut self, device: DeviceIndex, user: UserIndex) {
        self.remove(device);
        let missing = (device.number() + 1).saturating_sub(self.voices.len());
        self.voices.extend((0..missing).map(|_| None));
        if let Some(voice) = self.voices.get_mut(device.number()) {
            *voice = Some(Voice::new(user));
            self.order.push(device);
        }
    }

    /// Takes a sender out of the ranking, if it is there.
    pub fn remove(&mut self, device: DeviceIndex) {
        if let Some(voice) = self.voices.get_mut(device.number()) {
            *voice = None;
        }
        self.order.retain(|other| *other != device);
        self.reported_removed |= self.reported.contains(&device);
        self.list();
    }

    /// Returns whether the device is in the ranking.
    #[must_use]
    pub fn contains(&self, device: DeviceIndex) -> bool {
        self.voice(device).is_some()
    }

    /// Counts the level of a packet. Returns whether the ranking may have changed.
    pub fn hear(&mut self, device: DeviceIndex, level: AudioLevel, now: Moment) -> bool {
        let voice = self
            .voices
            .get_mut(device.number())
            .and_then(Option::as_mut);
        let may_pass = voice.is_some_and(|voice| voice.hear(level, now));
        if may_pass {
            self.look(now);
        }
        may_pass
    }

    /// Lets the time pass. Returns whether the ranking may have changed.
    pub fn advance(&mut self, now: Moment) -> bool {
        let is_due = self.next_look().is_some_and(|look| look <= now);
        if is_due {
            self.look(now);
        }
        is_due
    }

    /// Returns the ranking.
    pub fn ranking(&self) -> impl Iterator<Item = Rank> + Clone {
        self.order.iter().filter_map(|device| {
            let voice = self.voice(*device)?;
            Some(Rank {
                device: *device,
                user: voice.user,
                onset: voice.onset(),
            })
        })
    }

    /// Returns the speakers, loudest first, if they have changed since the last report and it is time for one.
    /// That is a report.
    pub fn report(&mut self, now: Moment) -> Option<&[DeviceIndex]> {
        let is_early = self.next_report().is_none_or(|report| now < report);
        if is_early {
            return None;
        }
        self.reported.clone_from(&self.speakers);
        self.reported_at = Some(now);
        self.reported_removed = false;
        Some(&self.reported)
    }

    /// Returns the next moment at which the passing of time has an effect.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        let deadlines = [self.next_look(), self.next_report()];
        deadlines.into_iter().flatten().min()
    }

    fn voice(&self, device: DeviceIndex) -> Option<&Voice> {
        self.voices.get(device.number())?.as_ref()
    }

    /// Returns the moment of the next look, while somebody speaks.
    fn next_look(&self) -> Option<Moment> {
        let first = self.order.first().and_then(|device| self.voice(*device));
        let speaks = first.is_some_and(|voice| voice.onset().is_some());
        speaks.then(|| self.looked.plus(LOOK_INTERVAL))
    }

    /// Returns the moment of the next report, if there is something to report.
    fn next_report(&self) -> Option<Moment> {
        if self.speakers == self.reported && !self.reported_removed {
            return None;
        }
        let next = self.reported_at.map(|at| at.plus(SPEAKERS_INTERVAL));
        Some(next.unwrap_or_default())
    }

    /// Brings ranking and speakers up to date.
    fn look(&mut self, now: Moment) {
        self.looked = now;
        for voice in self.voices.iter_mut().flatten() {
            voice.advance(now);
        }
        // Speakers who have stopped keep their order among the silent, so the sort is stable.
        for place in 1..self.order.len() {
            let mut place = place;
            while place > 0 && self.passes(place, now) {
                self.order.swap(place - 1, place);
                place -= 1;
            }
        }
        self.list();
    }

    /// Returns whether the sender at this place of the ranking passes the one before it.
    fn passes(&self, place: usize, now: Moment) -> bool {
        let voice_at = |place| self.voice(*self.order.get(place)?);
        match (voice_at(place), place.checked_sub(1).and_then(voice_at)) {
            (Some(voice), Some(before)) => voice.passes(before, now),
            _ => false,
        }
    }

    /// Lists the speakers of the ranking.
    fn list(&mut self) {
        let mut speakers = core::mem::take(&mut self.speakers);
        let mut users = core::mem::take(&mut self.users);
        speakers.clear();
        users.clear();
        for rank in self.ranking().take_while(|rank| rank.onset.is_some()) {
            if speakers.len() < MAX_SPEAKERS && !users.contains(&rank.user) {
                speakers.push(rank.device);
                users.push(rank.user);
            }
        }
        self.speakers = speakers;
        self.users = users;
    }
}
