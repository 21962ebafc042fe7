//! The record of a run: who said what when, and what reached whom.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use crate::sound::Mark;

/// A turn of a participant, and what reached whom of it.
#[derive(Clone, Debug)]
pub(crate) struct Speech {
    pub(crate) speaker: u32,
    pub(crate) frames: u32,
    /// The moment of its first frame, as soon as it is said.
    pub(crate) begin: Option<Instant>,
    /// Frames that the SDK did not send.
    pub(crate) unsent: u32,
    /// The arrivals of its frames at each listener.
    pub(crate) heard: BTreeMap<u32, Vec<(u32, Instant)>>,
    /// The listeners that have seen the speaker's picture meanwhile.
    pub(crate) seen: BTreeSet<u32>,
}

/// The record of a run. Clones are of the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record(Arc<Mutex<Entries>>);

#[derive(Debug, Default)]
struct Entries {
    /// The turns; the number of the first one is 1.
    turns: Vec<Speech>,
    /// The times from the beginning of a join to the first frame that was heard.
    joins: Vec<(u32, Duration)>,
}

impl Record {
    /// Begins a turn. Returns its number.
    pub(crate) fn begin(&self, speaker: u32, frames: u32) -> u32 {
        let turns = &mut self.0.lock().turns;
        turns.push(Speech {
            speaker,
            frames,
            begin: None,
            unsent: 0,
            heard: BTreeMap::new(),
            seen: BTreeSet::new(),
        });
        u32::try_from(turns.len()).unwrap_or(u32::MAX)
    }

    fn change(&self, turn: u32, change: impl FnOnce(&mut Speech)) {
        let place = usize::try_from(turn)
            .ok()
            .and_then(|turn| turn.checked_sub(1));
        let turns = &mut self.0.lock().turns;
        if let Some(turn) = place.and_then(|place| turns.get_mut(place)) {
            change(turn);
        }
    }

    /// Takes note that a frame of a turn is said now, or was not sent.
    pub(crate) fn say(&self, turn: u32, now: Instant, is_sent: bool) {
        self.change(turn, |turn| {
            turn.begin.get_or_insert(now);
            turn.unsent += u32::from(!is_sent);
        });
    }

    /// Takes note of frames that a listener has heard, the first one with this mark.
    pub(crate) fn hear(&self, listener: u32, mark: Mark, frames: u32, now: Instant) {
        self.change(mark.turn, |turn| {
            // A frame with the mark of another one is none of the turn.
            if turn.speaker == mark.speaker {
                let heard = turn.heard.entry(listener).or_default();
                heard.extend((mark.frame..mark.frame + frames).map(|number| (number, now)));
            }
        });
    }

    /// Takes note of a picture that a viewer has seen.
    pub(crate) fn see(&self, viewer: u32, mark: Mark) {
        self.change(mark.turn, |turn| {
            if turn.speaker == mark.speaker {
                turn.seen.insert(viewer);
            }
        });
    }

    /// Takes note of the time from the beginning of a join to the first frame.
    pub(crate) fn join(&self, listener: u32, time: Duration) {
        self.0.lock().joins.push((listener, time));
    }

    /// Returns a turn.
    pub(crate) fn turn(&self, turn: u32) -> Option<Speech> {
        let place = usize::try_from(turn).ok()?.checked_sub(1)?;
        self.0.lock().turns.get(place).cloned()
    }

    /// Returns the times from joins to the first frame.
    pub(crate) fn joins(&self) -> Vec<(u32, Duration)> {
        self.0.lock().joins.clone()
    }
}
