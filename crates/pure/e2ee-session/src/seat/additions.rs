//! The devices that a commit adds.

use std::collections::BTreeSet;

use anteroom_e2ee::{
    Applicant, CommitRefusal, Group, GroupView, MemberLeaf, MemberPublicKey, Moment, Surroundings,
};
use anteroom_protocol::DemuxId;

use super::Seat;
use crate::{
    applicants::{Application, UsedKeyPackage},
    event::Listing,
    step::{Step, surroundings},
};

/// The devices that a commit adds.
#[derive(Default)]
pub(super) struct Additions {
    pub(super) add: Vec<Applicant>,
    /// The leaves that go for them.
    pub(super) remove: BTreeSet<u32>,
    pub(super) devices: Vec<DemuxId>,
    pub(super) used: Vec<UsedKeyPackage>,
    /// The devices with a key that a member has, or one of those added before them.
    pub(super) bad: Vec<DemuxId>,
}

impl Seat {
    /// Returns whether a device asks a group. A device that is in asks twice, since its
    /// relays may have been on their way when it was added, and with a later leaf. A device that the roster
    /// shows as another user's, or with another key, waits: nobody comes in under the name of somebody else by
    /// the word of the service. So does one with the `own` key, of another program of this device: no committer
    /// takes itself out.
    pub(super) fn may_ask(
        &self,
        application: &Application,
        number: u32,
        view: &GroupView,
        now: Moment,
        own: &MemberPublicKey,
    ) -> bool {
        let leaf = application.applicant.leaf();
        let former = view.leaf_of_key(&leaf.member_key).map(|(_, former)| former);
        let is_in = former.is_some_and(|former| former.demux_id == leaf.demux_id);
        application.group <= number
            && former.is_none_or(|former| leaf.succeeds(former))
            && self.roster.is_connected(leaf.demux_id)
            && self.roster.listing(leaf) != Listing::Contradicted
            && leaf.demux_id != self.demux
            && leaf.member_key != *own
            && !self.refusals.leaves_out(leaf)
            && (!is_in || application.is_repeated)
            && (former.is_none() || self.adds_anew(leaf, now))
    }

    fn adds_anew(&self, leaf: &MemberLeaf, now: Moment) -> bool {
        let membership = self.membership.as_ref();
        membership.is_none_or(|membership| membership.adds_anew(&leaf.member_key, now))
    }

    /// Returns the devices that a commit adds to a group.
    pub(super) fn additions(
        &self,
        group: &Group,
        mut view: GroupView,
        number: u32,
        step: &Step<'_>,
    ) -> Additions {
        let around = surroundings(step.options, &self.roster.history, step.time);
        let mut additions = Additions::default();
        let mut free = u32::MAX;
        let own = step.options.member_key.public();
        for device in self.applicants.in_order() {
            if additions.add.len() >= self.add_limit {
                break;
            }
            let Some(application) = self.applicants.get(device) else {
                continue;
            };
            let applicant = &application.applicant;
            let leaf = applicant.leaf();
            if !self.may_ask(application, number, &view, step.moment(), &own)
                || self.admits(&view, leaf, &around).is_err()
            {
                continue;
            }
            let mut added = additions.add.iter();
            if group.shares_key(applicant) || added.any(|one| one.shares_key(applicant)) {
                additions.bad.push(device);
                continue;
            }
            let former = view.leaf_of_key(&leaf.member_key);
            if let Some(index) = former.map(|(index, _)| index) {
                view.leaves.remove(&index);
                additions.remove.insert(index);
            }
            view.leaves.insert(free, leaf.clone());
            free -= 1;
            additions.add.push(applicant.clone());
            additions.devices.push(device);
            additions.used.extend(application.key_package());
        }
        additions
    }

    /// Decides whether a device could be added: by the statements of the group, and by those that this device knows
    /// besides. The group lacks one of a later time until it is due, also one that the group before it had: nobody
    /// comes in meanwhile whom it keeps out.
    pub(super) fn admits(
        &self,
        view: &GroupView,
        leaf: &MemberLeaf,
        around: &Surroundings<'_>,
    ) -> Result<(), CommitRefusal> {
        admits(view, leaf, around)?;
        if view.context == self.known {
            return Ok(());
        }
        let view = GroupView {
            context: self.known.clone(),
            ..view.clone()
        };
        admits(&view, leaf, around)
    }
}

/// Decides whether a device could be added by the statements of a group. Its former leaf, if it has one, goes.
fn admits(
    view: &GroupView,
    leaf: &MemberLeaf,
    around: &Surroundings<'_>,
) -> Result<(), CommitRefusal> {
    let Some((former, _)) = view.leaf_of_key(&leaf.member_key) else {
        return view.admits(leaf, around).map(drop);
    };
    let mut view = view.clone();
    view.leaves.remove(&former);
    view.admits(leaf, around).map(drop)
}
