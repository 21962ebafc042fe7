//! The history of each visit, as the journal tells it.

use std::{
    collections::{BTreeMap, VecDeque},
    ops::RangeInclusive,
    time::Duration,
};

use super::{group_span::GroupSpan, spans::Spans, text::Text};
use crate::{
    journal::{Entry, Event, Visit},
    message::{Epoch, MessageView},
};

/// The time in which a process that is not stopped tells that it is in a group.
const PROMPT: Duration = Duration::from_secs(2);

/// The history of a run.
#[derive(Default)]
pub(crate) struct History {
    pub(crate) visits: BTreeMap<Visit, VisitHistory>,
    pub(crate) texts: BTreeMap<u32, SaidText>,
    /// The numbers of lost messages, by their types.
    pub(crate) losses: BTreeMap<String, usize>,
    /// The numbers of problems that the programs have told, without names.
    pub(crate) problems: BTreeMap<String, usize>,
    /// The end of the journal.
    pub(crate) end: Duration,
    /// The length of the shortest message of a group.
    shortest: usize,
}

/// The history of a visit.
#[derive(Default)]
pub(crate) struct VisitHistory {
    era: [u8; 16],
    pub(crate) running: Spans,
    pub(crate) stopped: Spans,
    pub(crate) connected: Spans,
    pub(crate) in_group: Spans,
    pub(crate) stays: Vec<GroupSpan>,
    /// The texts that were read, with the moments.
    pub(crate) reads: Vec<(u32, Duration)>,
    /// The commits that reached the process, and the Welcomes, by the epochs that they ended.
    pub(crate) told: Vec<(Epoch, Duration)>,
    pub(crate) welcomes: Vec<(Epoch, Duration)>,
    /// The commits that the process sent.
    pub(crate) sent: Vec<(Epoch, Duration)>,
    /// The names of newcomers, with the moments at which they were printed.
    pub(crate) newcomers: Vec<(String, Duration)>,
    /// The moments at which a commit, a Welcome or a roster for the process was lost.
    pub(crate) losses: Vec<Duration>,
    /// The moment at which the process first had a place in the call.
    pub(crate) joined: Option<Duration>,
    /// The epochs into which Welcomes and own starts lead, until the process tells of one of them.
    entrances: VecDeque<Entrance>,
    typed: Vec<Text>,
    pub(crate) unexpected_end: Option<String>,
}

/// A Welcome, or the first commit of a group that may be the own one.
#[derive(Clone, Copy)]
struct Entrance {
    into: Epoch,
    told: Duration,
    is_start: bool,
}

/// A text that was typed.
pub(crate) struct SaidText {
    pub(crate) by: Visit,
    pub(crate) typed: Duration,
    /// The epoch of the message and its moment; `None` if no proxy saw it.
    pub(crate) sealed: Option<(Epoch, Duration)>,
    /// The sender's epoch when the text was typed.
    pub(crate) typed_in: Option<Epoch>,
    /// The sender's epoch when somebody first read it.
    pub(crate) first_read_in: Option<Epoch>,
    /// Whether the program has told that it was not said.
    pub(crate) is_refused: bool,
}

impl History {
    /// Reads a journal.
    pub(crate) fn of(journal: &[Entry]) -> Self {
        let lengths = journal.iter().filter_map(|entry| match &entry.event {
            Event::ToService {
                view: MessageView::GroupMessage(_, length),
                ..
            } => Some(*length),
            _ => None,
        });
        let mut history = Self {
            shortest: lengths.min().unwrap_or_default(),
            end: journal.last().map_or(Duration::ZERO, |entry| entry.at),
            ..Self::default()
        };
        for entry in journal {
            history.add(entry);
        }
        history
    }

    /// Returns the ends of processes that no fault explains.
    pub(crate) fn unexpected_ends(&self) -> Vec<(Visit, &str)> {
        let visits = self.visits.iter();
        let ends = visits.filter_map(|(visit, one)| Some((*visit, one.unexpected_end.as_deref()?)));
        ends.filter(|(_, end)| !is_refusal(end)).collect()
    }

    /// Returns the numbers of ends of processes that a fault explains, by what they told last.
    pub(crate) fn explained_ends(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        let ends = self.visits.values();
        for end in ends.filter_map(|one| one.unexpected_end.as_deref()) {
            if is_refusal(end) {
                let last = end.rsplit(" / ").next().unwrap_or_default();
                let words = last
                    .split(' ')
                    .filter(|word| !word.starts_with("127.0.0.1"));
                *counts
                    .entry(words.collect::<Vec<_>>().join(" "))
                    .or_default() += 1;
            }
        }
        counts
    }

    fn add(&mut self, entry: &Entry) {
        let Entry { at, visit, event } = entry;
        let at = *at;
        let one = self.visits.entry(*visit).or_default();
        match event {
            Event::Started => one.running.begin(at),
            Event::Stopped => one.stopped.begin(at),
            Event::Continued => one.stopped.end(at),
            Event::Connected => one.connected.begin(at),
            Event::Disconnected => one.connected.end(at),
            Event::Ended {
                is_wanted,
                complaint,
            } => {
                one.running.end(at);
                one.in_group.end(at);
                if !is_wanted {
                    one.unexpected_end = Some(complaint.clone());
                }
            }
            Event::Typed(text) => {
                one.typed.push(*text);
                let said = SaidText {
                    by: *visit,
                    typed: at,
                    sealed: None,
                    typed_in: one.epoch(at),
                    first_read_in: None,
                    is_refused: false,
                };
                self.texts.insert(text.token, said);
            }
            Event::Printed(line) => self.print(*visit, line, at),
            Event::ToService { view, is_lost } => {
                self.send(*visit, view, at);
                self.count_loss(view, *is_lost);
            }
            Event::ToPerson { view, is_lost } => {
                match is_lost {
                    true if is_of_group(view) => one.losses.push(at),
                    true => {}
                    false => one.receive(view, at),
                }
                self.count_loss(view, *is_lost);
            }
        }
    }

    fn count_loss(&mut self, view: &MessageView, is_lost: bool) {
        if is_lost {
            *self.losses.entry(name_of(view)).or_default() += 1;
        }
    }

    fn send(&mut self, visit: Visit, view: &MessageView, at: Duration) {
        let Some(one) = self.visits.get_mut(&visit) else {
            return;
        };
        match view {
            MessageView::Commit(group, epoch) => {
                let ended = one.epoch_of(*group, *epoch);
                one.sent.push((ended, at));
            }
            MessageView::GroupMessage(epoch, length) => {
                let class = Text::class_of(*length, self.shortest);
                let is_it = |text: &Text| Some(text.class) == class;
                let Some(index) = one.typed.iter().position(is_it) else {
                    return;
                };
                // Texts are said in their order: the ones before were not said.
                let text = one.typed.drain(..=index).next_back();
                let text = text.and_then(|text| self.texts.get_mut(&text.token));
                if let Some(text) = text {
                    text.sealed = Some((*epoch, at));
                }
            }
            _ => {}
        }
    }

    fn note_reading(&mut self, token: u32, at: Duration) {
        if let Some(text) = self.texts.get_mut(&token)
            && let Some(sender) = self.visits.get(&text.by)
            && text.first_read_in.is_none()
        {
            text.first_read_in = sender.epoch(at);
        }
    }

    fn print(&mut self, visit: Visit, line: &str, at: Duration) {
        let Some(one) = self.visits.get_mut(&visit) else {
            return;
        };
        if let Some(problem) = line.strip_prefix("! ") {
            if problem.starts_with("you do not go into the group") {
                one.take_entrance(at);
            }
            if problem.starts_with("not said") {
                let token = Text::token_in(line);
                if let Some(text) = token.and_then(|token| self.texts.get_mut(&token)) {
                    text.is_refused = true;
                }
            }
            let problem = without_names(problem);
            *self.problems.entry(problem).or_default() += 1;
        } else if let Some(token) = Text::token_in(line) {
            one.reads.push((token, at));
            self.note_reading(token, at);
            return;
        }
        if line.starts_with("You are in the group of ") {
            one.enter_group(at);
        } else if line.starts_with("You are in ") || line.starts_with("You wait in the lobby") {
            one.joined.get_or_insert(at);
            one.in_group.end(at);
        } else if line.starts_with("You are out of the group")
            || line.starts_with("You were taken out of the group")
            || line.starts_with("Your place in the group is made anew")
            || line.contains("and you have left that group")
        {
            one.in_group.end(at);
        } else if let Some((name, _)) = line.split_once("\" came into the group")
            && let Some((_, name)) = name.rsplit_once('"')
        {
            one.newcomers.push((name.to_owned(), at));
        }
    }
}

impl VisitHistory {
    /// Returns whether the visit was in at an epoch of these.
    pub(crate) fn was_in(&self, epochs: &RangeInclusive<Epoch>) -> bool {
        self.stays.iter().any(|stay| stay.meets(epochs))
    }

    const fn epoch_of(&self, group: u32, epoch: u64) -> Epoch {
        Epoch {
            era: self.era,
            group,
            epoch,
        }
    }

    fn receive(&mut self, view: &MessageView, at: Duration) {
        match *view {
            MessageView::Joined(era) => {
                if self.era != era {
                    self.entrances.clear();
                }
                self.era = era;
            }
            MessageView::Commit(group, epoch) => {
                let ended = self.epoch_of(group, epoch);
                self.told.push((ended, at));
                if epoch == 0 && self.sent.iter().any(|(sent, _)| *sent == ended) {
                    self.entrances.push_back(Entrance {
                        into: self.epoch_of(group, 1),
                        told: at,
                        is_start: true,
                    });
                }
                if let Some(stay) = self.stays.last_mut()
                    && stay.has(ended)
                    && self.in_group.has(at)
                {
                    stay.to = epoch + 1;
                }
            }
            MessageView::Welcome(group, epoch) => {
                // The first commit of the group was of another device after all.
                self.entrances
                    .retain(|one| !one.is_start || one.into.group != group);
                let epoch = self.epoch_of(group, epoch);
                self.welcomes.push((epoch, at));
                self.entrances.push_back(Entrance {
                    into: epoch,
                    told: at,
                    is_start: false,
                });
            }
            _ => {}
        }
    }

    fn enter_group(&mut self, at: Duration) {
        let Some(from) = self.take_entrance(at) else {
            return;
        };
        // Commits may have come between the Welcome and the line.
        let mut to = from.epoch;
        for (ended, _) in &self.told {
            if (ended.era, ended.group, ended.epoch) == (from.era, from.group, to) {
                to += 1;
            }
        }
        self.in_group.end(at);
        self.in_group.begin(at);
        let since = at;
        self.stays.push(GroupSpan { from, to, since });
    }

    /// Takes the entrance of which the process tells now. It tells of one at once, unless it is stopped; those of
    /// which it has told nothing it has left out.
    fn take_entrance(&mut self, at: Duration) -> Option<Epoch> {
        while let Some(Entrance { into, told, .. }) = self.entrances.pop_front() {
            let stopped = self.stopped.length(told, at);
            let is_prompt = at.saturating_sub(told + stopped) < PROMPT;
            if is_prompt || self.entrances.is_empty() {
                return Some(into);
            }
        }
        None
    }

    /// Returns the epoch that the visit is in.
    fn epoch(&self, at: Duration) -> Option<Epoch> {
        let stay = self.stays.last().filter(|_| self.in_group.has(at))?;
        Some(Epoch {
            epoch: stay.to,
            ..stay.from
        })
    }
}

/// Returns whether the loss of a message hinders the merging of commits.
fn is_of_group(view: &MessageView) -> bool {
    match view {
        MessageView::Joined(_) | MessageView::Commit(..) | MessageView::Welcome(..) => true,
        MessageView::Other(kind) => ["roster", "participants", "admitted"].contains(&kind.as_str()),
        _ => false,
    }
}

fn name_of(view: &MessageView) -> String {
    match view {
        MessageView::Joined(_) => "joined",
        MessageView::Commit(..) => "commit",
        MessageView::Welcome(..) => "welcome",
        MessageView::GroupMessage(..) => "relay (group message)",
        MessageView::MessageToOne => "relay (to one)",
        MessageView::Refuse => "refuse",
        MessageView::Other(kind) => kind,
    }
    .to_owned()
}

/// Returns whether a process ended because the room service was not there, or said no.
fn is_refusal(complaint: &str) -> bool {
    !complaint.contains("panicked") && !complaint.contains("signal")
}

/// Returns a problem without the labels of people and without texts.
fn without_names(problem: &str) -> String {
    let problem = problem.split(": text").next().unwrap_or_default();
    let words = problem
        .split(' ')
        .filter(|word| !word.starts_with(['#', '"']));
    words.collect::<Vec<_>>().join(" ")
}
