//! The devices that ask to be added.

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};

use anteroom_e2ee::{Applicant, CommitRefusal, GroupLink, MemberLeaf, Moment};
use anteroom_protocol::DemuxId;

use crate::{admin_hints::AdminHints, hint_times::HintTimes, time::SessionTime};

/// The time without a repetition after which a device no longer asks.
const VALIDITY: Duration = Duration::from_secs(7);

/// The time between two relays from which the second one counts as a repetition.
const REPETITION: Duration = Duration::from_secs(1);

/// The minimum time between two messages of statements of a device: it sends one with a key package. Others are
/// not opened.
const STATEMENTS_INTERVAL: Duration = Duration::from_secs(1);

/// The maximum number of devices that are remembered.
const MAX_DEVICES: usize = 1024;

/// The length of the tag at the end of a sealed key package. No other one has it.
const TAG_LENGTH: usize = 16;

/// A device that asks to be added.
#[derive(Clone, Debug)]
pub(crate) struct Application {
    pub(crate) applicant: Applicant,
    /// The lowest number of a group to which it may be added.
    pub(crate) group: u32,
    /// The moment at which it asked first with this key package.
    pub(crate) first: Moment,
    /// The moment since which it asks, with any key package.
    pub(crate) since: Moment,
    /// Whether it has asked again with it.
    pub(crate) is_repeated: bool,
    /// The decision whether it could be added; `None` while it is to be made (again).
    pub(crate) decision: Option<Result<(), CommitRefusal>>,
    last: Moment,
    sealed: Vec<u8>,
}

/// The tag of a key package by which a device was added.
pub(crate) type UsedKeyPackage = [u8; TAG_LENGTH];

/// The devices that ask to be added.
#[derive(Clone, Debug, Default)]
pub(crate) struct Applicants {
    waiting: BTreeMap<DemuxId, Application>,
    /// The key packages by which this device has added others. It adds nobody twice by one.
    used: VecDeque<UsedKeyPackage>,
    /// The key packages that MLS refuses to add.
    rejected: VecDeque<UsedKeyPackage>,
    /// The refusals that were told, by devices: a device can have any number of member keys.
    told: BTreeMap<DemuxId, Vec<CommitRefusal>>,
    /// The moments of the last statements of devices, for a time.
    stated: BTreeMap<DemuxId, Moment>,
    /// The hints about the admin key of the link.
    pub(crate) admin_hints: AdminHints,
    /// The locks that were told to devices.
    pub(crate) told_locks: HintTimes,
}

impl Applicants {
    /// Returns whether statements of a device are opened, and takes note of them.
    pub(crate) fn may_state(&mut self, from: DemuxId, now: Moment) -> bool {
        let is_recent = |_: &DemuxId, last: &mut Moment| now < last.plus(STATEMENTS_INTERVAL);
        self.stated.retain(is_recent);
        let may_state = !self.stated.contains_key(&from);
        self.stated.entry(from).or_insert(now);
        may_state
    }

    /// Takes a key package that a device relayed.
    pub(crate) fn receive(
        &mut self,
        from: DemuxId,
        group: u32,
        sealed: &[u8],
        link: &GroupLink,
        time: SessionTime,
    ) {
        let now = time.moment;
        if let Some(known) = self.waiting.get_mut(&from)
            && known.sealed == sealed
        {
            known.is_repeated |= now >= known.first.plus(REPETITION);
            known.last = now;
            known.group = group;
            known.decision = None;
            return;
        }
        let is_spent =
            tag(sealed).is_none_or(|tag| self.used.contains(&tag) || self.rejected.contains(&tag));
        if is_spent || (self.waiting.len() >= MAX_DEVICES && !self.waiting.contains_key(&from)) {
            return;
        }
        let applicant = Applicant::open(link, sealed);
        let is_good = |one: &Applicant| one.leaf().demux_id == from && one.is_fresh(time.now);
        let Some(applicant) = applicant.ok().filter(is_good) else {
            return;
        };
        // An older key package of the device, which somebody else says again.
        let is_older = |known: &Application| known.applicant.leaf().succeeds(applicant.leaf());
        if self.waiting.get(&from).is_some_and(is_older) {
            return;
        }
        let application = Application {
            applicant,
            group,
            first: now,
            since: self.waiting.get(&from).map_or(now, |one| one.since),
            is_repeated: false,
            decision: None,
            last: now,
            sealed: sealed.to_vec(),
        };
        self.waiting.insert(from, application);
    }

    /// Drops the devices that no longer ask.
    pub(crate) fn expire(&mut self, now: Moment) {
        self.waiting
            .retain(|_, application| now < application.last.plus(VALIDITY));
    }

    /// Returns the devices in the order in which they asked.
    pub(crate) fn in_order(&self) -> Vec<DemuxId> {
        let mut devices: Vec<_> = self.waiting.iter().collect();
        devices.sort_by_key(|(device, application)| (application.first, **device));
        devices.into_iter().map(|(device, _)| *device).collect()
    }

    /// Returns the leaves with which the devices ask.
    pub(crate) fn leaves(&self) -> impl Iterator<Item = &MemberLeaf> {
        let waiting = self.waiting.values();
        waiting.map(|application| application.applicant.leaf())
    }

    pub(crate) fn get(&self, device: DemuxId) -> Option<&Application> {
        self.waiting.get(&device)
    }

    pub(crate) fn get_mut(&mut self, device: DemuxId) -> Option<&mut Application> {
        self.waiting.get_mut(&device)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Drops a device that was added, or could not be. It may ask again.
    pub(crate) fn remove(&mut self, device: DemuxId) {
        self.waiting.remove(&device);
    }

    /// Drops devices with whose key packages no commit can be made. They may ask with other ones.
    pub(crate) fn reject(&mut self, devices: &[DemuxId]) {
        let waiting = devices
            .iter()
            .filter_map(|device| self.waiting.remove(device));
        self.rejected
            .extend(waiting.filter_map(|one| one.key_package()));
        while self.rejected.len() > MAX_DEVICES {
            self.rejected.pop_front();
        }
    }

    /// Takes note of the key packages of an own commit that was taken.
    pub(crate) fn use_up(&mut self, added: Vec<UsedKeyPackage>) {
        self.used.extend(added);
        while self.used.len() > MAX_DEVICES {
            self.used.pop_front();
        }
        let used = &self.used;
        self.waiting
            .retain(|_, one| tag(&one.sealed).is_some_and(|tag| !used.contains(&tag)));
    }

    /// Lets all decisions be made again, because the group or the statements have changed.
    pub(crate) fn reconsider(&mut self) {
        for application in self.waiting.values_mut() {
            application.decision = None;
        }
    }

    /// Returns whether a refusal has yet to be told, and takes note of it.
    pub(crate) fn is_untold(&mut self, device: DemuxId, refusal: CommitRefusal) -> bool {
        if self.told.len() >= MAX_DEVICES && !self.told.contains_key(&device) {
            self.told.pop_first();
        }
        let told = self.told.entry(device).or_default();
        let is_untold = !told.contains(&refusal);
        if is_untold {
            told.push(refusal);
        }
        is_untold
    }
}

impl Application {
    /// Returns the tag of the key package.
    pub(crate) fn key_package(&self) -> Option<UsedKeyPackage> {
        tag(&self.sealed)
    }
}

fn tag(sealed: &[u8]) -> Option<UsedKeyPackage> {
    sealed.last_chunk().copied()
}
