//! The sound of a turn as a listener's buffer plays it: each frame at its time after the first one that came, and
//! concealed if it has not come by then.

use std::time::{Duration, Instant};

use crate::sound::FRAME;

/// The time for which the buffer delays the sound.
const BUFFER: Duration = Duration::from_millis(150);

/// The time without sound that is a gap.
const GAP: Duration = Duration::from_millis(200);

/// The sound of turns as it was played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Playout {
    /// The frames from the first one that came to the last one of the turn.
    pub(crate) frames: u32,
    /// Those of them that had not come when it was their time.
    pub(crate) concealed: u32,
    /// The runs of concealed frames that are longer than a gap may be.
    pub(crate) gaps: u32,
    /// The frames of a turn before the first one that came.
    pub(crate) missed: u32,
}

impl Playout {
    /// Plays a turn of so many frames, of which these came.
    pub(crate) fn of_turn(frames: u32, arrivals: &[(u32, Instant)]) -> Self {
        let Some((first, begin)) = arrivals.first().copied() else {
            return Self::default();
        };
        // A frame that came first and is not the first one has overtaken others.
        let earliest = arrivals.iter().map(|(number, _)| *number).min();
        let earliest = earliest.unwrap_or(first);
        let mut played = Self {
            missed: earliest,
            ..Self::default()
        };
        let mut run = 0;
        for number in earliest..frames {
            let due = begin + BUFFER + FRAME * number.saturating_sub(first);
            let due = due - FRAME * first.saturating_sub(number);
            let mut arrivals = arrivals.iter();
            let is_there = arrivals.any(|(other, at)| *other == number && *at <= due);
            played.frames += 1;
            if is_there {
                run = 0;
                continue;
            }
            played.concealed += 1;
            run += 1;
            // The frame with which the run is longer than that.
            if FRAME * run > GAP && FRAME * (run - 1) <= GAP {
                played.gaps += 1;
            }
        }
        played
    }

    /// Adds other turns.
    pub(crate) fn add(&mut self, other: Self) {
        self.frames += other.frames;
        self.concealed += other.concealed;
        self.gaps += other.gaps;
        self.missed += other.missed;
    }

    /// Returns the share of concealed frames, in percent.
    pub(crate) fn concealed_percent(&self) -> f64 {
        f64::from(self.concealed) * 100.0 / f64::from(self.frames.max(1))
    }

    /// Returns the gaps a minute of sound.
    pub(crate) fn gaps_a_minute(&self) -> f64 {
        let minutes = (FRAME * self.frames).as_secs_f64() / 60.0;
        f64::from(self.gaps) / minutes.max(f64::MIN_POSITIVE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays a turn of 100 frames, of which those arrive that are not in `lost`, and one late by so many
    /// milliseconds.
    fn played(lost: impl Fn(u32) -> bool, late: (u32, u64)) -> Playout {
        let start = Instant::now();
        let arrivals = (0..100).filter(|number| !lost(*number)).map(|number| {
            let late = if number == late.0 { late.1 } else { 0 };
            (number, start + FRAME * number + Duration::from_millis(late))
        });
        let mut arrivals: Vec<_> = arrivals.collect();
        arrivals.sort_by_key(|(_, at)| *at);
        Playout::of_turn(100, &arrivals)
    }

    #[test]
    fn lost_and_late_frames_are_concealed() {
        let whole = Playout {
            frames: 100,
            ..Playout::default()
        };
        assert_eq!(played(|_| false, (50, 150)), whole);
        for (concealed, late) in [(1, (50, 151)), (0, (50, 149))] {
            assert_eq!(played(|_| false, late), Playout { concealed, ..whole });
        }
        let concealed = 10;
        let expected = Playout { concealed, ..whole };
        assert_eq!(played(|number| number % 10 == 5, (0, 0)), expected);
        assert!((expected.concealed_percent() - 10.0).abs() < 1e-9);
    }

    #[test]
    fn a_run_of_more_than_200_ms_is_one_gap() {
        for (last, gaps) in [(39, 0), (40, 1), (80, 1)] {
            let played = played(|number| (30..=last).contains(&number), (0, 0));
            assert_eq!(played.gaps, gaps, "{last}");
            assert_eq!(played.concealed, last - 29);
        }
        let silent = played(|number| number >= 30, (0, 0));
        assert_eq!((silent.gaps, silent.concealed), (1, 70));
        assert!((silent.gaps_a_minute() - 30.0).abs() < 1e-9);
    }

    #[test]
    fn what_comes_before_the_first_frame_is_missed() {
        let played = played(|number| number < 4, (0, 0));
        assert_eq!((played.missed, played.frames, played.concealed), (4, 96, 0));
        assert_eq!(Playout::of_turn(100, &[]), Playout::default());
    }
}
