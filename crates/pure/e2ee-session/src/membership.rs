//! The membership of a device in a group.

mod absence;
mod audience;
mod contexts;
mod next_context;

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use anteroom_e2ee::{
    AdmissionReason, CHANGE_DELAY, CONFIRMATION_LIMIT, Confirmations, EpochFrames, Group,
    GroupFailure, GroupView, MemberLeaf, MemberPublicKey, Moment, PAST_EPOCHS, SenderTime,
};
use anteroom_protocol::{DemuxId, GroupEpoch, OpaqueUserId, Timestamp, redacted_debug};

use self::next_context::NextContext;
use crate::{
    ANEW_INTERVAL,
    certificate_status::{self, CertificateStatus},
    event::{Listing, MemberStatus},
    last_signs::LastSigns,
    options::SessionOptions,
    roster::RosterState,
    time::SessionTime,
};

/// The time for which messages of a device can be on their way after the roster stopped listing it.
const LATE: Duration = Duration::from_secs(1);

/// The time after the last sign of a member that the roster does not list, or after it came in, from which it counts
/// among the others although it should be out: twice that for which it counts as confirmed.
const UNLISTED_LIMIT: Duration = CONFIRMATION_LIMIT.saturating_mul(2);

/// The minimum time between two confirmations that are repeated because a commit crossed them.
const REPETITION_INTERVAL: Duration = Duration::from_secs(5);

/// The longest time to the next look at entries of too late a time.
const LONGEST_LOOK: Duration = Duration::from_secs(60);

/// The membership of a device in a group.
pub(crate) struct Membership {
    pub(crate) group: Group,
    pub(crate) view: GroupView,
    pub(crate) reasons: BTreeMap<u32, AdmissionReason>,
    /// The results of the verification of the members' certificates, once for each leaf.
    certificates: BTreeMap<u32, CertificateStatus>,
    /// The names that members have changed since they came in.
    pub(crate) names: BTreeMap<u32, ChangedName>,
    pub(crate) confirmations: Confirmations,
    last_signs: LastSigns,
    /// The members that were told as not confirmed.
    pub(crate) told_unconfirmed: BTreeSet<u32>,
    /// Whether more than half of the other users are not confirmed.
    pub(crate) is_stopped: bool,
    /// The commit that has added this device and its sender, by the word of the room service, until this device
    /// merges another one.
    pub(crate) welcome: Option<(GroupEpoch, DemuxId)>,
    /// The moment of a confirmation out of turn.
    pub(crate) confirm_at: Option<Moment>,
    /// The moment of the last confirmation out of turn.
    pub(crate) repeated: Option<Moment>,
    /// The most by which the clock of the day was ahead of the monotonic one, in milliseconds.
    lead: u64,
    /// The moment at which the changed name is told to new members.
    pub(crate) name_at: Option<Moment>,
    /// Whether the name is another one than that of the own leaf.
    pub(crate) has_new_name: bool,
    /// Whether newcomers would refuse the own leaf, and take a new one.
    pub(crate) needs_renewal: bool,
    /// The moment of the next look at that.
    pub(crate) renewal_look: Option<Moment>,
    /// The moment since which the context is to be changed.
    pub(crate) context_since: Option<Moment>,
    /// The moment since which the group is behind the present epoch.
    pub(crate) behind_since: Option<Moment>,
    /// The last two moments at which each member key was added anew.
    anew: BTreeMap<[u8; 32], [Option<Moment>; 2]>,
    /// The moment at which each member came in.
    since: BTreeMap<u32, Moment>,
    /// The members that have shown that they are in this group: by a message, a commit or the Welcome.
    shown: BTreeSet<u32>,
    /// The last sign of each member that the room service passed on as one of the member's own device.
    relayed: BTreeMap<u32, Moment>,
    /// The context after the next commit; `None` while it is to be computed (again).
    pub(crate) next: Option<NextContext>,
    past: VecDeque<(GroupEpoch, BTreeMap<u32, MemberLeaf>)>,
}

/// A name that a member has changed.
#[derive(Clone)]
pub(crate) struct ChangedName {
    pub(crate) name: Option<String>,
    /// The epoch in which it was said.
    pub(crate) epoch: GroupEpoch,
}

redacted_debug!(Membership);

impl Membership {
    /// Enters a group that was started or joined.
    pub(crate) fn new(
        group: Group,
        reasons: BTreeMap<u32, AdmissionReason>,
        now: Moment,
    ) -> Result<(Self, EpochFrames), GroupFailure> {
        let view = group.view()?;
        let frames = group.frames()?;
        let view_leaves: Vec<u32> = view.leaves.keys().copied().collect();
        let mut confirmations = Confirmations::default();
        let none = BTreeSet::new();
        let signs = BTreeMap::new();
        let (epoch, own) = (group.epoch(), group.own_leaf());
        let shown = group.welcomed_by().into_iter().collect();
        confirmations.change_epoch(epoch, own, &frames.leaves, &none, &signs, now);
        let membership = Self {
            group,
            view,
            reasons,
            certificates: BTreeMap::new(),
            names: BTreeMap::new(),
            confirmations,
            last_signs: LastSigns::default(),
            told_unconfirmed: BTreeSet::new(),
            is_stopped: false,
            welcome: None,
            confirm_at: Some(now),
            repeated: None,
            lead: 0,
            name_at: None,
            has_new_name: false,
            needs_renewal: false,
            renewal_look: None,
            context_since: None,
            behind_since: None,
            anew: BTreeMap::new(),
            since: view_leaves.into_iter().map(|leaf| (leaf, now)).collect(),
            shown,
            relayed: BTreeMap::new(),
            next: None,
            past: VecDeque::new(),
        };
        Ok((membership, frames))
    }

    /// Takes note of a commit that the group has merged.
    pub(crate) fn change_epoch(
        &mut self,
        before: GroupEpoch,
        frames: &EpochFrames,
        now: Moment,
    ) -> Result<(), GroupFailure> {
        let view = core::mem::replace(&mut self.view, self.group.view()?);
        let serials = |leaves: &BTreeMap<u32, MemberLeaf>| -> BTreeMap<[u8; 32], u64> {
            let leaves = leaves.values();
            leaves
                .map(|one| (*one.member_key.as_bytes(), one.serial))
                .collect()
        };
        let (former, present) = (serials(&view.leaves), serials(&self.view.leaves));
        self.anew.retain(|key, _| present.contains_key(key));
        for (key, serial) in &present {
            if former.get(key).is_some_and(|former| former != serial) {
                let moments = self.anew.entry(*key).or_default();
                *moments = [moments[1], Some(now)];
            }
        }
        for (leaf, claims) in &view.leaves {
            if let Some(sign) = self.confirmations.last_sign(*leaf) {
                let is_leaf = |key: &[u8; 32]| present.contains_key(key);
                self.last_signs.set(claims, sign, is_leaf);
            }
        }
        self.past.push_front((before, view.leaves));
        self.past.truncate(PAST_EPOCHS);
        self.next = None;
        let signs = self.last_signs.of(&self.view.leaves, now);
        self.confirmations.change_epoch(
            self.group.epoch(),
            frames.own_leaf,
            &frames.leaves,
            &frames.stayed,
            &signs,
            now,
        );
        self.since.retain(|leaf, _| frames.stayed.contains(leaf));
        for leaf in &frames.leaves {
            self.since.entry(*leaf).or_insert(now);
        }
        self.shown.retain(|leaf| frames.stayed.contains(leaf));
        self.relayed.retain(|leaf, _| frames.stayed.contains(leaf));
        self.reasons.retain(|leaf, _| frames.stayed.contains(leaf));
        self.certificates
            .retain(|leaf, _| frames.stayed.contains(leaf));
        self.names.retain(|leaf, _| frames.stayed.contains(leaf));
        self.told_unconfirmed
            .retain(|leaf| frames.stayed.contains(leaf));
        // Leaves that were made anew are shown as not confirmed at once.
        let unconfirmed = self.confirmations.unconfirmed(now);
        self.told_unconfirmed.extend(&unconfirmed - &frames.stayed);
        Ok(())
    }

    /// Verifies the certificates of the leaves that came with the last commit.
    pub(crate) fn verify_certificates(&mut self, options: &SessionOptions, now: Timestamp) {
        let params = options.root_key.secret_params();
        for (leaf, claims) in &self.view.leaves {
            self.certificates
                .entry(*leaf)
                .or_insert_with(|| certificate_status::verify(claims, options, &params, now));
        }
    }

    /// Takes note of a time without a connection, which ends now.
    pub(crate) fn reconnect(&mut self, disconnected: Duration, now: Moment) {
        self.confirmations.reconnect(disconnected);
        self.confirm_at = Some(now);
    }

    /// Returns the commit that has added this device and its sender, if nobody else has been heard since: the
    /// sender can have welcomed it into a group of its own.
    pub(crate) fn doubtful_welcome(&self) -> Option<(GroupEpoch, DemuxId)> {
        let (at, from) = self.welcome?;
        let sender = self.view.leaf_of_device(from).map(|(leaf, _)| leaf);
        (!self.confirmations.has_heard_other_than(sender)).then_some((at, from))
    }

    /// Returns whether a member is added anew yet: twice in [`ANEW_INTERVAL`] at the most. A device that finds
    /// something wrong in each group, or two that have one member key, would ask for it without end.
    pub(crate) fn adds_anew(&self, key: &MemberPublicKey, now: Moment) -> bool {
        let moments = self.anew.get(key.as_bytes());
        let last = moments.and_then(|moments| moments[0]);
        last.is_none_or(|last| now >= last.plus(ANEW_INTERVAL))
    }

    /// Repeats a confirmation that a commit has crossed.
    pub(crate) fn repeat_confirmation(&mut self, now: Moment) {
        let at = now.plus(CHANGE_DELAY);
        let next = self.repeated.map(|last| last.plus(REPETITION_INTERVAL));
        let at = next.map_or(at, |next| at.max(next));
        self.confirm_at.get_or_insert(at);
    }

    /// Returns the claims of a leaf in an epoch.
    pub(crate) fn claims(&self, epoch: GroupEpoch, leaf: u32) -> Option<&MemberLeaf> {
        if epoch == self.group.epoch() {
            return self.view.leaves.get(&leaf);
        }
        let (_, leaves) = self.past.iter().find(|(past, _)| *past == epoch)?;
        leaves.get(&leaf)
    }

    /// Takes note of a message of a member that the room service passed on as one of a device.
    pub(crate) fn hear(
        &mut self,
        (epoch, leaf): (GroupEpoch, u32),
        from: DemuxId,
        sent: SenderTime,
        now: Moment,
    ) {
        self.confirmations.hear(epoch, leaf, sent, now);
        let present = self.view.leaves.get(&leaf);
        if present.is_some_and(|claims| claims.demux_id == from)
            && let Some(sign) = self.confirmations.heard_at(leaf)
        {
            self.relayed.insert(leaf, sign);
        }
        let heard = self.claims(epoch, leaf).map(|claims| claims.member_key);
        let present = self.view.leaves.get(&leaf).map(|claims| claims.member_key);
        if heard.is_some() && heard == present {
            self.shown.insert(leaf);
        }
    }

    /// Takes note of the committer of a commit that was merged.
    pub(crate) fn hear_commit(&mut self, committer: u32) {
        if self.view.leaves.contains_key(&committer) {
            self.shown.insert(committer);
        }
    }

    /// Returns the time of an own message. It goes on while the device sleeps, when a monotonic clock may stand
    /// still: else its messages would count as late ever after.
    pub(crate) fn sender_time(&mut self, time: SessionTime) -> SenderTime {
        let monotonic = time.moment.since_start().as_millis();
        let monotonic = u64::try_from(monotonic).unwrap_or(u64::MAX);
        let wall = time.now.as_secs().saturating_mul(1_000);
        self.lead = self.lead.max(wall.saturating_sub(monotonic));
        SenderTime::from_millis(monotonic.saturating_add(self.lead))
    }

    /// Takes note of an own message.
    pub(crate) const fn sent(&mut self, now: Moment) {
        self.confirmations.sent(now);
    }

    /// Takes the members that are not confirmed, and decides whether this device has to stop sending: more than
    /// half of the other users are not. A user counts once, as not confirmed if one of its leaves is not: so nobody
    /// counts more by more devices.
    pub(crate) fn set_unconfirmed(
        &mut self,
        unconfirmed: BTreeSet<u32>,
        roster: &RosterState,
        now: Moment,
    ) {
        let mut users: BTreeMap<&OpaqueUserId, bool> = BTreeMap::new();
        let own = self.group.own_leaf();
        for (leaf, claims) in &self.view.leaves {
            if *leaf != own && self.counts(*leaf, claims, roster, now) {
                *users.entry(&claims.user).or_default() |= unconfirmed.contains(leaf);
            }
        }
        let late = users.values().filter(|is_unconfirmed| **is_unconfirmed);
        self.is_stopped = 2 * late.count() > users.len();
        self.told_unconfirmed = unconfirmed;
    }

    /// Returns whether a leaf counts among the others. Any member can add leaves of its own making, and users where
    /// nobody has to be approved: one that the roster does not list, or lists with another user or key, counts only
    /// after the time in which it is taken out.
    fn counts(&self, leaf: u32, claims: &MemberLeaf, roster: &RosterState, now: Moment) -> bool {
        let since = self.since.get(&leaf).copied();
        let last = since.max(self.confirmations.heard_at(leaf));
        roster.listing(claims) == Listing::Listed
            || last.is_none_or(|last| now >= last.plus(UNLISTED_LIMIT))
    }

    /// Returns whether none of the other members whose devices are connected is confirmed.
    pub(crate) fn is_alone(&self, roster: &RosterState) -> bool {
        let own = self.group.own_leaf();
        let others = self.view.leaves.iter().filter(|(leaf, _)| **leaf != own);
        let mut connected = others
            .filter(|(_, claims)| roster.is_connected(claims.demux_id))
            .peekable();
        self.is_stopped
            && connected.peek().is_some()
            && connected.all(|(leaf, _)| self.told_unconfirmed.contains(leaf))
    }

    /// Returns the number of the other members.
    pub(crate) fn others(&self) -> usize {
        self.view.leaves.len().saturating_sub(1)
    }

    /// Returns the users of all members.
    pub(crate) fn users(&self) -> BTreeSet<OpaqueUserId> {
        let leaves = self.view.leaves.values();
        leaves.map(|claims| claims.user.clone()).collect()
    }

    /// Returns the connected members in the order of their turns to commit: the longest in the call first.
    pub(crate) fn committers(&self, roster: &RosterState) -> Vec<u32> {
        let mut leaves: BTreeMap<DemuxId, u32> = BTreeMap::new();
        for (leaf, claims) in &self.view.leaves {
            leaves.entry(claims.demux_id).or_insert(*leaf);
        }
        let connected = roster.connected();
        connected
            .filter_map(|device| leaves.get(&device.demux_id).copied())
            .collect()
    }

    /// Returns whether it is this device's turn before all others to commit.
    pub(crate) fn commits_first(&self, roster: &RosterState) -> bool {
        self.committers(roster).first() == Some(&self.group.own_leaf())
    }

    /// Returns a member as it is shown.
    pub(crate) fn status(&self, leaf: u32, roster: &RosterState) -> Option<MemberStatus> {
        let claims = self.view.leaves.get(&leaf)?;
        let name = self.names.get(&leaf).map(|changed| &changed.name);
        Some(MemberStatus {
            leaf,
            claims: claims.clone(),
            name: name.unwrap_or(&claims.name).clone(),
            reason: *self.reasons.get(&leaf)?,
            is_own: leaf == self.group.own_leaf(),
            is_confirmed: !self.told_unconfirmed.contains(&leaf),
            is_compared: false,
            certificate: *self.certificates.get(&leaf)?,
            listing: roster.listing(claims),
        })
    }

    /// Returns all members as they are shown.
    pub(crate) fn statuses(&self, roster: &RosterState) -> Vec<MemberStatus> {
        let leaves = self.view.leaves.keys();
        leaves
            .filter_map(|leaf| self.status(*leaf, roster))
            .collect()
    }
}
