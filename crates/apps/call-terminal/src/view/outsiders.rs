//! The devices outside of the group.

use std::collections::BTreeSet;

use anteroom_client::DemuxId;

use super::{View, group::Membership};
use crate::entry::Entry;

/// The maximum number of devices without end-to-end encryption that are named at once.
const NAMED_OUTSIDERS: usize = 4;

impl View {
    /// Returns the author of a message that came under the key of the link.
    pub(super) fn outside_author(&self, from: DemuxId) -> String {
        let label = self.label(from);
        match self.group.state {
            Some(_) => format!("{label} (outside of the group)"),
            None => label,
        }
    }

    /// Returns what is to be told of devices without end-to-end encryption, once for each.
    pub(super) fn tell_of_outsiders(&mut self) -> Vec<Entry> {
        let Some(state) = self.group.state.as_ref().filter(|_| self.is_inside) else {
            return Vec::new();
        };
        let has_admin = state.has_admin;
        let devices = self.roster.active.iter();
        let outsiders =
            devices.filter(|one| matches!(self.group.membership(one), Membership::NoKey));
        let outsiders = outsiders.map(|one| one.demux);
        let outsiders: BTreeSet<DemuxId> = outsiders
            .filter(|device| !self.known_devices.is_own(*device))
            .collect();
        let new: Vec<DemuxId> = outsiders.difference(&self.group.told).copied().collect();
        // Devices that are gone are forgotten.
        self.group.told = outsiders;
        let named = new.iter().take(NAMED_OUTSIDERS);
        let named: Vec<String> = named.map(|device| self.label(*device)).collect();
        let named = named.join(", ");
        let text = match (new.len(), new.len().saturating_sub(NAMED_OUTSIDERS)) {
            (0, _) => return Vec::new(),
            (1, _) => format!("{named} {}.", outside(has_admin)),
            (_, 0) => format!("{named} {}.", all_outside(has_admin)),
            (_, more) => format!("{named} and {more} more {}.", all_outside(has_admin)),
        };
        vec![Entry::Problem(text)]
    }
}

/// Returns what is told of a device without end-to-end encryption.
const fn outside(has_admin: bool) -> &'static str {
    if has_admin {
        "takes no part in the end-to-end encryption, and does not hear what is said in the group"
    } else {
        "takes no part in the end-to-end encryption: what you say goes to them under the key of the link, \
         so that everybody with the link can read it with the room service's help"
    }
}

/// The same of several devices.
const fn all_outside(has_admin: bool) -> &'static str {
    if has_admin {
        "take no part in the end-to-end encryption: they do not hear what is said in the group"
    } else {
        "take no part in the end-to-end encryption: what you say goes to them under the key of the link, \
         so that everybody with the link can read it with the room service's help"
    }
}
