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
                Some(format!("{} is called {name}.", known_devices.tag(*device)))
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
mod tests {
    use super::*;
    use crate::view::tests::participant_with;

    fn device(number: u32) -> DemuxId {
        DemuxId::new(number * 16).unwrap()
    }

    fn known_devices() -> KnownDevices {
        let mut known_devices = KnownDevices::of_era(device(31));
        let all: Vec<(DemuxId, bool)> = (1..=30).map(|one| (device(one), one == 3)).collect();
        known_devices.set_present(&all);
        for (number, name) in [(16, "Ann"), (32, "Bob")] {
            known_devices.introduce(&participant_with(number, Some(name), None), None);
        }
        known_devices
    }

    #[test]
    fn changes_of_several_people_are_one_line() {
        use Change::{
            ConnectionLost, ConnectionRestored, Joined, Left, Named, Present, Visited, Waiting,
        };
        for (changes, expected) in [
            (&[(1, Joined)][..], "#1000 \"Ann\" joined."),
            (&[(1, Joined), (1, Named)], "#1000 \"Ann\" joined."),
            (&[(1, Named)], "#1000 is called \"Ann\"."),
            (
                &[(1, Present), (2, Present)],
                "2 people are here: #1000 \"Ann\", #2000 \"Bob\".",
            ),
            (
                &[(1, Joined), (2, Left)],
                "#1000 \"Ann\" joined. #2000 \"Bob\" left.",
            ),
            (&[(1, Joined), (1, Left)], "#1000 \"Ann\" came and left."),
            (&[(1, Visited), (1, Joined)], "#1000 \"Ann\" joined."),
            (&[(1, Waiting), (1, Left)], "#1000 \"Ann\" came and left."),
            (&[(1, Waiting), (1, Joined)], "#1000 \"Ann\" joined."),
            (&[(1, ConnectionLost), (1, ConnectionRestored)], ""),
            (&[(1, ConnectionLost), (1, Left)], "#1000 \"Ann\" left."),
            (
                &[(1, Joined), (1, ConnectionLost)],
                "#1000 \"Ann\" joined. #1000 \"Ann\" has lost the connection.",
            ),
            (
                &[(3, ConnectionLost)],
                "admin #3000 has lost the connection.",
            ),
            (
                &[(1, Waiting)],
                "#1000 \"Ann\" waits in the lobby: /admit #1000 or /deny #1000",
            ),
            (
                &[(1, Waiting), (4, Waiting)],
                "2 people wait in the lobby (/admit TAG or /deny TAG): #1000 \"Ann\", #4000.",
            ),
        ] {
            let mut presence = PresenceChanges::default();
            for (number, change) in changes {
                presence.add(device(*number), *change);
            }
            assert_eq!(presence.describe(&known_devices()), expected, "{changes:?}");
            assert_eq!(presence.is_empty(), expected.is_empty());
        }
    }

    #[test]
    fn a_request_for_a_decision_stands_apart_until_its_device_comes_in_or_goes() {
        use Change::{Joined, Left, Waiting};
        for (before, later, expected) in [
            ((1, Left), (2, Left), true),
            ((1, Left), (2, Waiting), false),
            ((1, Waiting), (2, Left), false),
            ((1, Waiting), (1, Joined), true),
            ((1, Waiting), (1, Left), true),
            ((1, Waiting), (2, Waiting), true),
        ] {
            let [before, later] = [before, later].map(|(number, change)| {
                let mut presence = PresenceChanges::default();
                presence.add(device(number), change);
                presence
            });
            assert_eq!(
                before.continues_with(&later),
                expected,
                "{before:?} {later:?}"
            );
        }
        let mut both = PresenceChanges::default();
        both.add(device(1), Left);
        both.add(device(2), Waiting);
        let requests = both.take_requests();
        assert_eq!(both.describe(&known_devices()), "#1000 \"Ann\" left.");
        assert!(
            requests
                .describe(&known_devices())
                .starts_with("#2000 \"Bob\" waits")
        );
    }

    #[test]
    fn twenty_four_joins_are_one_line_with_a_few_names() {
        let mut presence = PresenceChanges::default();
        for number in 1..=24 {
            let mut later = PresenceChanges::default();
            later.add(device(number), Change::Joined);
            presence.merge(later).unwrap();
        }
        assert_eq!(
            presence.describe(&known_devices()),
            "24 people joined: #1000 \"Ann\", #2000 \"Bob\", admin #3000, #4000 and 20 more."
        );
    }

    #[test]
    fn changes_without_end_do_not_become_one_line_without_end() {
        let mut presence = PresenceChanges::default();
        for number in 0..MAX_DEVICES {
            presence.add(device(u32::try_from(number).unwrap() + 1), Change::Joined);
        }
        let mut later = PresenceChanges::default();
        later.add(device(9), Change::Left);
        assert_eq!(presence.merge(later.clone()), Err(later));
    }

    #[test]
    fn guests_are_told_how_many_wait() {
        for (count, expected) in [
            (0, ""),
            (1, "Somebody waits in the lobby."),
            (3, "3 people wait in the lobby."),
        ] {
            let mut presence = PresenceChanges::default();
            presence.set_waiting_count(count);
            assert_eq!(presence.describe(&known_devices()), expected);
        }
    }
}
