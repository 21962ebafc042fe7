//! How long commits take.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::history::{History, VisitHistory};
use crate::{journal::Visit, message::Epoch};

/// The time within which a commit is merged by all.
const LIMIT: Duration = Duration::from_secs(2);

/// The time before a commit in which a loss hinders a member: it waits up to 3 s for a roster that it lacks, and
/// may have to come in anew.
const AFTER_LOSS: Duration = Duration::from_secs(10);

/// The time before a commit in which a member has to be well: after a stop or a lost connection it has work to
/// catch up on.
const WELL: Duration = Duration::from_secs(2);

/// The times of commits.
#[derive(Default)]
pub(crate) struct Settlings {
    /// The commits that were told.
    pub(crate) commits: usize,
    /// From a commit to the last process to which it was told.
    pub(crate) told: Vec<Duration>,
    /// From the first member that merged a commit to the last one, of commits that add.
    pub(crate) merged: Vec<Duration>,
    /// From the commit to the last member that merged it.
    pub(crate) from_commit: Vec<Duration>,
    /// The mergings that were judged, and those that a fault hindered.
    pub(crate) judged: usize,
    pub(crate) hindered: usize,
    /// The commits that took longer than the limit, with the last member.
    pub(crate) late: Vec<(Epoch, Visit, Duration)>,
    /// From a place in the call to the first stay in the group.
    pub(crate) entries: Vec<Duration>,
    /// From the loss of a stay in the group to the next one, while connected.
    pub(crate) returns: Vec<Duration>,
}

/// A commit.
#[derive(Default)]
struct Commit {
    sent: Option<Duration>,
    told: Vec<(Visit, Duration)>,
    newcomers: Vec<String>,
    merged: Vec<(Visit, Duration)>,
}

/// Measures commits.
pub(crate) fn settle(history: &History) -> Settlings {
    let mut settlings = Settlings::default();
    let mut commits = collect(history);
    for (visit, one) in &history.visits {
        merge(*visit, one, &mut commits);
        if let (Some(joined), Some(stay)) = (one.joined, one.stays.first()) {
            settlings.entries.push(stay.since.saturating_sub(joined));
        }
        for pair in one.stays.windows(2) {
            let [before, after] = pair else { continue };
            let lost = one.in_group.last_end(after.since).unwrap_or(before.since);
            if one.connected.cover(lost, after.since) {
                settlings.returns.push(after.since.saturating_sub(lost));
            }
        }
    }
    for (epoch, commit) in &commits {
        let Some(sent) = commit.sent.filter(|_| !commit.told.is_empty()) else {
            continue;
        };
        settlings.commits += 1;
        let is_judged = |(visit, at): &&(Visit, Duration)| {
            let one = history.visits.get(visit);
            one.is_some_and(|one| is_well(one, sent, *at))
        };
        let told = commit.told.iter().filter(is_judged);
        let last = told.map(|(_, at)| *at).max();
        settlings
            .told
            .extend(last.map(|last| last.saturating_sub(sent)));
        let judged: Vec<_> = commit.merged.iter().filter(is_judged).collect();
        settlings.judged += judged.len();
        settlings.hindered += commit.merged.len() - judged.len();
        let first = commit.merged.iter().map(|(_, at)| *at).min();
        let last = judged.into_iter().max_by_key(|(_, at)| *at);
        if let (Some(first), Some((visit, last))) = (first, last) {
            let time = last.saturating_sub(first);
            settlings.merged.push(time);
            settlings.from_commit.push(last.saturating_sub(sent));
            if time > LIMIT {
                settlings.late.push((*epoch, *visit, time));
            }
        }
    }
    settlings
}

fn collect(history: &History) -> BTreeMap<Epoch, Commit> {
    let mut commits: BTreeMap<Epoch, Commit> = BTreeMap::new();
    for (visit, one) in &history.visits {
        for (epoch, at) in &one.sent {
            let commit = commits.entry(*epoch).or_default();
            commit.sent = Some(commit.sent.map_or(*at, |sent| sent.min(*at)));
        }
        for (epoch, at) in &one.told {
            commits.entry(*epoch).or_default().told.push((*visit, *at));
        }
        for (epoch, at) in &one.welcomes {
            let ended = Epoch {
                epoch: epoch.epoch.saturating_sub(1),
                ..*epoch
            };
            let commit = commits.entry(ended).or_default();
            commit.newcomers.push(visit.name());
            commit.told.push((*visit, *at));
        }
    }
    commits
}

/// Finds the commits that a visit has merged, by the names of newcomers, and by its own entries.
fn merge(visit: Visit, one: &VisitHistory, commits: &mut BTreeMap<Epoch, Commit>) {
    let mut seen = BTreeSet::new();
    for (name, at) in &one.newcomers {
        let Some(stay) = one.stays.iter().rev().find(|stay| stay.since <= *at) else {
            continue;
        };
        let told = one.told.iter().rev().filter(|(epoch, told)| {
            let group = (epoch.era, epoch.group);
            told <= at && group == (stay.from.era, stay.from.group)
        });
        let adds = |epoch: &&Epoch| {
            let commit = commits.get(epoch);
            commit.is_some_and(|commit| commit.newcomers.contains(name))
        };
        let epoch = told.map(|(epoch, _)| epoch).take(8).find(adds).copied();
        // A commit names somebody once: a later one, whose Welcome no proxy saw, has added them anew.
        let epoch = epoch.filter(|epoch| seen.insert((*epoch, name)));
        if let Some(commit) = epoch.and_then(|epoch| commits.get_mut(&epoch)) {
            // A commit that adds several is merged when the last one is told.
            commit.merged.retain(|(other, _)| *other != visit);
            commit.merged.push((visit, *at));
        }
    }
    for stay in &one.stays {
        let ended = Epoch {
            epoch: stay.from.epoch.saturating_sub(1),
            ..stay.from
        };
        let is_welcomed = one.welcomes.iter().any(|(epoch, _)| *epoch == stay.from);
        if let Some(commit) = commits.get_mut(&ended).filter(|_| is_welcomed) {
            commit.merged.push((visit, stay.since));
        }
    }
}

/// Returns whether no fault hindered a member.
fn is_well(one: &VisitHistory, sent: Duration, merged: Duration) -> bool {
    let from = sent.saturating_sub(WELL);
    // A newcomer may have come just now.
    let connected = one.joined.map_or(from, |joined| from.max(joined).min(sent));
    let is_stopped = one.stopped.length(from, merged) > Duration::ZERO;
    let lost = sent.saturating_sub(AFTER_LOSS);
    let has_lost = one.losses.iter().any(|at| (lost..=merged).contains(at));
    one.connected.cover(connected, merged) && !is_stopped && !has_lost
}
