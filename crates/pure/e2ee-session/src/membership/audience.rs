//! The members who are there to hear a text.

use super::{LATE, Membership};
use crate::roster::RosterState;

impl Membership {
    /// Returns whether another member is there to hear a text: it has shown that it is in this group, is confirmed,
    /// and connected by the word of the room service or by a message since.
    pub(crate) fn has_audience(&self, roster: &RosterState) -> bool {
        let own = self.group.own_leaf();
        let mut others = self.shown.iter().filter(|leaf| **leaf != own);
        others.any(|leaf| {
            !self.told_unconfirmed.contains(leaf)
                && self.view.leaves.get(leaf).is_some_and(|claims| {
                    let device = claims.demux_id;
                    let gone = roster.gone_since(device);
                    let heard = self.confirmations.heard_at(*leaf);
                    roster.is_connected(device)
                        || gone.is_some_and(|gone| heard.is_some_and(|at| at > gone.plus(LATE)))
                })
        })
    }
}
