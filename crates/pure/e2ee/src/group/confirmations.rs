//! The times at which members were heard in one's own epoch.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use crate::{GroupEpoch, Moment};

/// The time without a sign after which a member is not confirmed.
pub const CONFIRMATION_LIMIT: Duration = Duration::from_secs(20);

/// The time after which a member that sends no frames sends a confirmation.
pub const CONFIRMATION_INTERVAL: Duration = Duration::from_secs(10);

/// The members that were heard in one's own epoch: by a frame that opens, or by an application message. It
/// bounds the use of a fork, or of a commit that is withheld: whoever is in another epoch is not heard.
#[derive(Clone, Debug, Default)]
pub struct Confirmations {
    epoch: Option<GroupEpoch>,
    own_leaf: u32,
    /// The moment of the last sign of each other member, or of its coming in.
    signs: BTreeMap<u32, Moment>,
    heard_in_epoch: BTreeSet<u32>,
    last_sent: Option<Moment>,
}

impl Confirmations {
    /// Takes a new epoch with its leaves. `stayed` are the leaves that are the same devices as before.
    pub fn change_epoch(
        &mut self,
        epoch: GroupEpoch,
        own_leaf: u32,
        leaves: &BTreeSet<u32>,
        stayed: &BTreeSet<u32>,
        now: Moment,
    ) {
        let before = core::mem::take(&mut self.signs);
        let others = leaves.iter().filter(|leaf| **leaf != own_leaf);
        self.signs = others
            .map(|leaf| {
                let sign = before.get(leaf).filter(|_| stayed.contains(leaf));
                (*leaf, sign.copied().unwrap_or(now))
            })
            .collect();
        self.epoch = Some(epoch);
        self.own_leaf = own_leaf;
        self.heard_in_epoch.clear();
    }

    /// Takes a sign of a member: a frame or a message that opened in an epoch. One of another epoch than the
    /// own one does not count.
    pub fn hear(&mut self, epoch: GroupEpoch, leaf: u32, now: Moment) {
        if self.epoch == Some(epoch)
            && let Some(sign) = self.signs.get_mut(&leaf)
        {
            *sign = now;
            self.heard_in_epoch.insert(leaf);
        }
    }

    /// Takes note of an own frame or message.
    pub const fn sent(&mut self, now: Moment) {
        self.last_sent = Some(now);
    }

    /// Returns whether a confirmation is to be sent.
    #[must_use]
    pub fn is_due(&self, now: Moment) -> bool {
        let next = self.last_sent.map(|last| last.plus(CONFIRMATION_INTERVAL));
        next.is_none_or(|next| now >= next)
    }

    /// Returns the members that are not confirmed.
    #[must_use]
    pub fn unconfirmed(&self, now: Moment) -> BTreeSet<u32> {
        let late = |sign: &Moment| now >= sign.plus(CONFIRMATION_LIMIT);
        let signs = self.signs.iter().filter(|(_, sign)| late(sign));
        signs.map(|(leaf, _)| *leaf).collect()
    }

    /// Returns whether the client has to stop sending: more than half of the others are not confirmed.
    #[must_use]
    pub fn must_stop(&self, now: Moment) -> bool {
        2 * self.unconfirmed(now).len() > self.signs.len()
    }

    /// Returns whether another member was heard in the present epoch, so that its commit is known to more
    /// than oneself.
    #[must_use]
    pub fn is_epoch_shared(&self) -> bool {
        !self.heard_in_epoch.is_empty()
    }
}
