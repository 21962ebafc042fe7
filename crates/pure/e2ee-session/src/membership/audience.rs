//! The members who are there to hear a text.

use anteroom_e2ee::MemberLeaf;

use super::{LATE, Membership};
use crate::roster::RosterState;

impl Membership {
    /// Returns the other members that are there to hear a text: each has shown that it is in this group, is confirmed,
    /// and connected by the word of the room service or by a message since.
    pub(crate) fn listeners<'s>(
        &'s self,
        roster: &'s RosterState,
    ) -> impl Iterator<Item = &'s MemberLeaf> {
        let own = self.group.own_leaf();
        let others = self.shown.iter().filter(move |leaf| **leaf != own);
        others.filter_map(|leaf| {
            let claims = self.view.leaves.get(leaf)?;
            let gone = roster.history.gone_since(claims.demux_id);
            let heard = self.confirmations.heard_at(*leaf);
            let is_there = roster.is_connected(claims.demux_id)
                || gone.is_some_and(|gone| heard.is_some_and(|at| at > gone.plus(LATE)));
            (is_there && !self.told_unconfirmed.contains(leaf)).then_some(claims)
        })
    }
}
