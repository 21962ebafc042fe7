//! The texts that each visit has read, had to read and may not read.

use std::{collections::BTreeMap, ops::RangeInclusive, time::Duration};

use super::history::{History, SaidText, VisitHistory};
use crate::{journal::Visit, message::Epoch};

/// The time that a visit and a sender have for a text that was lost: both are in a group, connected and running.
/// A sender tells its numbers every 10 s, and a member asks again after at most 8 s.
pub(crate) const ENOUGH: Duration = Duration::from_secs(30);

/// The time for which a device that is gone can be a member: its place in the call is kept for 30 s, and a
/// commit takes it out after 2.5 s more; committers can be stopped.
const PLACE: Duration = Duration::from_secs(45);

/// The readings of a run.
#[derive(Default)]
pub(crate) struct Readings {
    /// The texts that were said to somebody.
    pub(crate) texts: usize,
    /// The texts of which the program has told that they were not said.
    pub(crate) refused: usize,
    /// The times from a text to its reading.
    pub(crate) delays: Vec<Duration>,
    /// The texts that had to be read and were not.
    pub(crate) missing: Vec<(Visit, u32)>,
    /// The texts that would have been missing, with too little time.
    pub(crate) excused: usize,
    /// The texts that came between two stays in the group, to a device that had its place in the call.
    pub(crate) between: usize,
    /// The texts that may not be read and were.
    pub(crate) forbidden: Vec<(Visit, u32)>,
    pub(crate) doubled: Vec<(Visit, u32)>,
    /// The pairs of a reader and a text of an epoch at which it was not in.
    pub(crate) outside: usize,
}

/// Judges who has read what.
pub(crate) fn read(history: &History) -> Readings {
    let mut readings = Readings::default();
    let able: BTreeMap<Visit, _> = history
        .visits
        .iter()
        .map(|(visit, one)| {
            let not_stopped = one.stopped.complement(history.end);
            let able = one.running.and(&not_stopped);
            (*visit, able.and(&one.connected).and(&one.in_group))
        })
        .collect();
    for (token, text) in &history.texts {
        readings.texts += usize::from(text.sealed.is_some());
        readings.refused += usize::from(text.is_refused);
        let Some((epoch, said)) = text.sealed else {
            continue;
        };
        for (visit, one) in &history.visits {
            if visit.person == text.by.person {
                continue;
            }
            let first = one.reads.iter().find(|(read, _)| read == token);
            let was_in = one.stays.iter().any(|stay| stay.has(epoch));
            match first {
                Some((_, at)) if was_in => readings.delays.push(at.saturating_sub(said)),
                Some(_) => {}
                None if !was_in => readings.outside += 1,
                None => {
                    let both = able.get(visit).zip(able.get(&text.by));
                    let time = both.map(|(reader, sender)| reader.and(sender));
                    let time = time.map(|time| time.length(said, history.end));
                    if time.is_some_and(|time| time >= ENOUGH) {
                        readings.missing.push((*visit, *token));
                    } else {
                        readings.excused += 1;
                    }
                }
            }
        }
    }
    for (visit, one) in &history.visits {
        let mut seen = Vec::new();
        for (token, _) in &one.reads {
            if seen.contains(token) {
                readings.doubled.push((*visit, *token));
            }
            seen.push(*token);
            let Some(text) = history.texts.get(token) else {
                continue;
            };
            match right(one, text) {
                Right::In => {}
                Right::Between => readings.between += 1,
                Right::None => readings.forbidden.push((*visit, *token)),
            }
        }
    }
    readings
}

/// The right to read a text.
enum Right {
    /// The visit was in at the epoch.
    In,
    /// The visit was in before, and had its place in the call.
    Between,
    None,
}

fn right(one: &VisitHistory, text: &SaidText) -> Right {
    let Some((epochs, said)) = sealed(text) else {
        return Right::Between;
    };
    if one.was_in(&epochs) {
        return Right::In;
    }
    let epoch = *epochs.start();
    let was_in = one.stays.iter().any(|stay| is_before(stay.from, epoch));
    let gone = one
        .connected
        .last_end(said)
        .filter(|_| !one.connected.has(said));
    let is_place_kept = gone.is_none_or(|gone| said <= gone + PLACE);
    match was_in && is_place_kept {
        true => Right::Between,
        false => Right::None,
    }
}

/// Returns the epochs in which a text can have been sealed, and when. A process can lag behind what it is told:
/// a text whose message no proxy saw was sealed in an epoch of the sender between typing and the first reading.
fn sealed(text: &SaidText) -> Option<(RangeInclusive<Epoch>, Duration)> {
    if let Some((epoch, said)) = text.sealed {
        return Some((epoch..=epoch, said));
    }
    let first = text.typed_in?;
    let last = text.first_read_in.filter(|last| last.era == first.era);
    Some((first..=last.unwrap_or(first), text.typed))
}

fn is_before(first: Epoch, epoch: Epoch) -> bool {
    first.era == epoch.era && first <= epoch
}
