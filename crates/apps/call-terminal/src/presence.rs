//! Changes of presence within a short time, summarised.

use anteroom_client::DemuxId;

use crate::{known_devices::KnownDevices, quotation::quoted};

/// The maximum number of devices named in a sentence.
const NAMED: usize = 4;
/// The maximum number of devices in one summary.
const MAX_DEVICES: usize = 4096;

/// A change of a device's presence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// The device was present before this one joined.
    Present,
    Joined,
    Left,
    /// The device joined, or entered the lobby, and left.
    Visited,
    /// The device entered the lobby.
    Waiting,
    ConnectionLost,
    ConnectionRestored,
    Named,
}

/// The changes in the order of their sentences.
const ORDER: [Change; 8] = [
    Change::Present,
    Change::Joined,
    Change::Visited,
    Change::Left,
    Change::ConnectionLost,
    Change::ConnectionRestored,
    Change::Named,
    Change::Waiting,
];

/// Changes of several devices, at most one of a kind for each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PresenceChanges {
    changes: Vec<(DemuxId, Change)>,
    /// The number of waiting devices, for guests, who do not receive the list.
    waiting_count: Option<usize>,
}

impl PresenceChanges {
    pub(super) const fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.waiting_count.is_none()
    }

    pub(super) fn add(&mut self, device: DemuxId, change: Change) {
        let (kind, arrived) = (Kind::of(change), self.has_arrived(device));
        if kind == Kind::Name && arrived {
            // The sentence about the arrival contains the name.
            return;
        }
        if change == Change::Left {
            self.changes
                .retain(|(known, before)| *known != device || Kind::of(*before) == kind);
        }
        let is_same =
            |(known, before): &(DemuxId, Change)| *known == device && Kind::of(*before) == kind;
        let before = self.changes.iter().position(is_same);
        let before = before.map(|index| self.changes.remove(index).1);
        if let Some(change) = combined(before, change) {
            self.changes.push((device, change));
        }
    }

    /// Forgets that a device left, which is told otherwise.
    pub(super) fn forget_departure(&mut self, device: DemuxId) {
        self.changes
            .retain(|change| *change != (device, Change::Left));
    }

    /// Takes the departure of a device, which is told later.
    pub(super) fn take_departure(&mut self, device: DemuxId) -> Option<Change> {
        let is_departure = |(known, change): &(DemuxId, Change)| {
            *known == device && matches!(change, Change::Left | Change::Visited)
        };
        let index = self.changes.iter().position(is_departure)?;
        Some(self.changes.remove(index).1)
    }

    /// Puts a departure back that was taken.
    pub(super) fn put_departure(&mut self, device: DemuxId, change: Change) {
        self.changes.push((device, change));
    }

    /// Returns the changes of each sentence apart, in the order of the sentences.
    pub(super) fn sentences(mut self) -> Vec<Self> {
        let waiting_count = self.waiting_count.take();
        let mut sentences: Vec<Self> = Vec::new();
        for kind in ORDER {
            let is_of_kind = |(_, change): &mut (DemuxId, Change)| *change == kind;
            let changes: Vec<_> = self.changes.extract_if(.., is_of_kind).collect();
            if !changes.is_empty() {
                sentences.push(Self {
                    changes,
                    waiting_count: None,
                });
            }
        }
        if waiting_count.is_some() {
            sentences.push(Self {
                changes: Vec::new(),
                waiting_count,
            });
        }
        sentences
    }

    fn has_arrived(&self, device: DemuxId) -> bool {
        self.changes.iter().any(|(known, change)| {
            let is_arrival = matches!(change, Change::Present | Change::Joined | Change::Waiting);
            *known == device && is_arrival
        })
    }

    /// Sets the number of waiting devices.
    pub(super) const fn set_waiting_count(&mut self, count: usize) {
        self.waiting_count = Some(count);
    }

    /// Takes the changes that ask for a decision.
    pub(super) fn take_requests(&mut self) -> Self {
        let is_request = |(_, change): &mut (DemuxId, Change)| *change == Change::Waiting;
        Self {
            changes: self.changes.extract_if(.., is_request).collect(),
            waiting_count: None,
        }
    }

    /// Whether later changes belong into the same sentence: a request for a decision stays apart, until its
    /// device comes in or goes.
    pub(super) fn continues_with(&self, later: &Self) -> bool {
        let asks = |changes: &Self| changes.devices(Change::Waiting).next().is_some();
        let is_known = |device| self.changes.iter().any(|(known, _)| *known == device);
        match (asks(self), asks(later)) {
            (true, false) => later.changes.iter().all(|(device, _)| is_known(*device)),
            (false, true) => false,
            _ => true,
        }
    }

    /// Merges later changes. Returns them unchanged if the sum is too large.
    pub(super) fn merge(&mut self, later: Self) -> Result<(), Self> {
        if self.changes.len() + later.changes.len() > MAX_DEVICES {
            return Err(later);
        }
        for (device, change) in later.changes {
            self.add(device, change);
        }
        self.waiting_count = later.waiting_count.or(self.waiting_count);
        Ok(())
    }

    pub(super) fn describe(&self, known_devices: &KnownDevices) -> String {
        let list = |wanted: Change, one: &str, several: &str| {
            let devices: Vec<DemuxId> = self.devices(wanted).collect();
            sentence(&devices, known_devices, one, several)
        };
        let sentences = [
            list(Change::Present, "is here", "are here"),
            list(Change::Joined, "joined", "joined"),
            list(Change::Visited, "came and left", "came and left"),
            list(Change::Left, "left", "left"),
            list(
                Change::ConnectionLost,
                "has lost the connection",
                "have lost the connection",
            ),
            list(
                Change::ConnectionRestored,
                "is connected again",
                "are connected again",
            ),
            self.named(known_devices),
            self.waiting(known_devices),
            self.waiting_count.and_then(count_sentence),
        ];
        let sentences: Vec<String> = sentences.into_iter().flatten().collect();
        sentences.join(" ")
    }

    fn devices(&self, wanted: Change) -> impl Iterator<Item = DemuxId> {
        let matching = move |(_, change): &&(DemuxId, Change)| *change == wanted;
        self.changes
            .iter()
            .filter(matching)
            .map(|(device, _)| *device)
    }

    fn named(&self, known_devices: &KnownDevices) -> Option<String> {
        let devices: Vec<DemuxId> = self.devices(Change::Named).collect();
        match devices.as_slice() {
            [device] => {
                let name = known_devices.name(*device)?;
                let name = quoted(name, usize::MAX);
                let tag = known_devices.mark_and_tag(*device);
                Some(format!("{tag} is called {name}."))
            }
            several => sentence(several, known_devices, "", "have said their names"),
        }
    }

    fn waiting(&self, known_devices: &KnownDevices) -> Option<String> {
        let devices: Vec<DemuxId> = self.devices(Change::Waiting).collect();
        let label = |device| known_devices.waiting_label_with_account(device);
        match devices.as_slice() {
            [device] => {
                let tag = known_devices.tag(*device);
                Some(format!(
                    "{} waits in the lobby: /admit {tag} or /deny {tag}",
                    label(*device)
                ))
            }
            several => {
                let how = "wait in the lobby (/admit TAG or /deny TAG)";
                labelled_sentence(several, label, "", how)
            }
        }
    }
}

/// Changes that replace each other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Presence,
    Connection,
    Name,
}

impl Kind {
    const fn of(change: Change) -> Self {
        match change {
            Change::Present | Change::Joined | Change::Left | Change::Visited | Change::Waiting => {
                Self::Presence
            }
            Change::ConnectionLost | Change::ConnectionRestored => Self::Connection,
            Change::Named => Self::Name,
        }
    }
}

/// Returns the combination of two changes; `None` if they cancel out.
const fn combined(before: Option<Change>, after: Change) -> Option<Change> {
    match (before, after) {
        (Some(Change::Joined | Change::Waiting | Change::Visited), Change::Left) => {
            Some(Change::Visited)
        }
        (Some(Change::ConnectionLost), Change::ConnectionRestored) => None,
        (_, after) => Some(after),
    }
}

fn count_sentence(count: usize) -> Option<String> {
    match count {
        0 => None,
        1 => Some("Somebody waits in the lobby.".to_owned()),
        count => Some(format!("{count} people wait in the lobby.")),
    }
}

fn sentence(
    devices: &[DemuxId],
    known_devices: &KnownDevices,
    one: &str,
    several: &str,
) -> Option<String> {
    labelled_sentence(devices, |device| known_devices.label(device), one, several)
}

fn labelled_sentence(
    devices: &[DemuxId],
    label: impl Fn(DemuxId) -> String,
    one: &str,
    several: &str,
) -> Option<String> {
    match devices {
        [] => None,
        [device] => Some(format!("{} {one}.", label(*device))),
        devices => {
            let named: Vec<String> = devices.iter().copied().take(NAMED).map(label).collect();
            let names = named.join(", ");
            let count = devices.len();
            let more = match count.saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            Some(format!("{count} people {several}: {names}{more}."))
        }
    }
}

#[cfg(test)]
mod tests;
