//! One sender's voice: its floor, its score, and whether it speaks.

use core::time::Duration;

use crate::{audio_level::AudioLevel, indexes::UserIndex, time::Moment};

/// The unit of scores: parts of a decibel.
const DECIBEL: i32 = 256;

/// The score from which a sender begins to speak.
const BEGIN: i32 = 14 * DECIBEL;

/// The score under which a sender pauses.
const PAUSE: i32 = 5 * DECIBEL;

/// The score above which being louder counts no more: shouting takes nobody's place.
const MOST: i32 = 40 * DECIBEL;

/// The loudness under which nothing is speech: -70 dBov.
const QUIET: u8 = 57;

/// The time without speech after which a sender is silent.
const SILENCE: Duration = Duration::from_millis(500);

/// The time without speech that counts as a pause of somebody who goes on.
const BREATH: Duration = Duration::from_millis(150);

/// The time without a packet that counts as silence.
const GAP: Duration = Duration::from_millis(200);

/// The time after which a sender that has not paused gives way to others.
const LONGEST_HOLD: Duration = Duration::from_secs(20);

/// The least depth of a dip.
const DIP: i32 = 8 * DECIBEL;

/// The time without a dip after which a sound is steady: words have gaps.
const STEADY: Duration = Duration::from_millis(1_500);

/// The margin by which a speaker must be louder than another to pass it.
const MARGIN: i32 = 6 * DECIBEL;

/// A sender's voice.
#[derive(Clone, Debug)]
pub(super) struct Voice {
    pub(super) user: UserIndex,
    floor: Floor,
    /// The score, smoothed over some packets.
    short: i32,
    /// The score, smoothed over half a second.
    long: i32,
    /// The loudness, smoothed over half a second.
    usual: i32,
    /// The moment of the last packet.
    heard: Moment,
    /// The last moment with a score above [`PAUSE`] since the sender began to speak.
    loud: Moment,
    /// The moment at which the sender began to speak after a silence. `None`: it is silent.
    onset: Option<Moment>,
    /// The moment since which the sender has not paused.
    unbroken: Moment,
    /// The moment of the last packet that was far less loud than usual since the onset.
    dip: Option<Moment>,
}

impl Voice {
    pub(super) fn new(user: UserIndex) -> Self {
        Self {
            user,
            floor: Floor::new(),
            short: 0,
            long: 0,
            usual: 0,
            heard: Moment::default(),
            loud: Moment::default(),
            onset: None,
            unbroken: Moment::default(),
            dip: None,
        }
    }

    /// Counts the level of a packet. Returns whether the sender may have another rank with it: it begins to
    /// speak, or has its first dip.
    pub(super) fn hear(&mut self, level: AudioLevel, now: Moment) -> bool {
        let gap = now.since(self.heard);
        self.heard = now;
        if gap >= GAP {
            self.short = 0;
        }
        let floor = self.floor.with(level.loudness(), now);
        let above = i32::from(level.loudness().saturating_sub(floor)) * DECIBEL;
        let score = if level.loudness() < QUIET {
            0
        } else {
            above.min(MOST)
        };
        self.short += (score - self.short) / 4;
        self.long += (score - self.long) / 32;
        let mut is_first_dip = false;
        let loudness = i32::from(level.loudness()) * DECIBEL;
        self.usual += (loudness - self.usual) / 32;
        // The score of a steady sound falls too, when the floor reaches it.
        if self.onset.is_some() && self.usual - loudness >= DIP.max(self.long / 2) {
            is_first_dip = self.dip.replace(now).is_none();
        }
        if self.onset.is_some() && self.short >= PAUSE {
            if now.since(self.loud) >= BREATH {
                self.unbroken = now;
            }
            self.loud = now;
        }
        let begins = self.onset.is_none() && self.short >= BEGIN;
        if begins {
            self.onset = Some(now);
            self.loud = now;
            self.unbroken = now;
            self.dip = None;
            self.usual = loudness;
            self.long = self.short;
        }
        begins || is_first_dip
    }

    /// Lets the time pass: a sender that has not been loud for a while is silent. This alone ends a turn to
    /// speak, so that the ranking is put in order after it.
    pub(super) fn advance(&mut self, now: Moment) {
        if self.onset.is_some() && now.since(self.loud) >= SILENCE {
            self.onset = None;
        }
    }

    /// Returns the moment at which the sender began to speak, if it speaks.
    pub(super) const fn onset(&self) -> Option<Moment> {
        self.onset
    }

    /// Returns whether this sender passes the one right before it in the ranking.
    pub(super) fn passes(&self, other: &Self, now: Moment) -> bool {
        match (self.onset, other.onset) {
            (Some(_), None) => true,
            (None, _) => false,
            (Some(onset), Some(other_onset)) => {
                let (class, other_class) = (self.class(onset, now), other.class(other_onset, now));
                let is_louder =
                    self.dip.is_some() && self.long >= other.long.saturating_add(MARGIN);
                class < other_class || (class == other_class && is_louder)
            }
        }
    }

    /// Returns the class of a sender that began to speak at `onset`.
    fn class(&self, onset: Moment, now: Moment) -> Class {
        let varied = self.dip.unwrap_or(onset);
        if now.since(self.unbroken) >= LONGEST_HOLD || now.since(varied) >= STEADY {
            Class::Steady
        } else if self.dip.is_none() {
            Class::Fresh
        } else {
            Class::Talking
        }
    }
}

/// The classes of those who speak, in the order of their ranks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// The sound has dips, as speech has.
    Talking,
    /// The sound has just begun.
    Fresh,
    /// The sound has not dipped or paused for too long.
    Steady,
}

/// The number of parts of the window of a floor.
const PARTS: usize = 8;

/// The length of a part of the window, in microseconds: the window is four seconds long.
const PART: u64 = 500_000;

/// The running floor of a sender: the lowest loudness in a window, so that it follows a steady sound up to
/// its level, and speech never, which has gaps. Of a new sender the first packet is the floor.
#[derive(Clone, Debug)]
struct Floor {
    /// The lowest loudness of each part of the window.
    lowest: [u8; PARTS],
    /// The number of the newest part since the start of time.
    newest: u64,
}

impl Floor {
    const fn new() -> Self {
        Self {
            lowest: [u8::MAX; PARTS],
            newest: 0,
        }
    }

    /// Counts a loudness. Returns the floor.
    fn with(&mut self, loudness: u8, now: Moment) -> u8 {
        let part = now.as_micros() / PART;
        let skipped = part.saturating_sub(self.newest);
        for number in 0..skipped.min(PARTS as u64) {
            self.set(part - number, |_| u8::MAX);
        }
        self.newest = part;
        self.set(part, |lowest| lowest.min(loudness));
        self.lowest.iter().copied().min().unwrap_or(loudness)
    }

    fn set(&mut self, part: u64, value: impl FnOnce(u8) -> u8) {
        let place = usize::try_from(part % PARTS as u64).unwrap_or_default();
        if let Some(lowest) = self.lowest.get_mut(place) {
            *lowest = value(*lowest);
        }
    }
}
