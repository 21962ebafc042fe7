//! The members that count as absent.

use anteroom_e2ee::{CONFIRMATION_LIMIT, Moment};

use super::{LATE, Membership};
use crate::{REMOVAL_DELAY, roster::RosterState};

impl Membership {
    /// Returns the moment from which a member counts as absent whom the roster does not list, or lists with another
    /// user or key; `None` while it does. A device is heard only while the room service passes on its messages: the
    /// roster is wrong about it then. It stays for as long as it is confirmed: other signs would keep a leaf that
    /// confirms nothing. What the room service passes on as messages of another device keeps no leaf in under a number
    /// that the roster does not list: a member can say such things as leaves of its own making. A leaf whose device the
    /// roster lists is taken for confirmed when it comes in.
    pub(crate) fn absent_from(&self, leaf: u32, roster: &RosterState) -> Option<Moment> {
        let claims = self.view.leaves.get(&leaf)?;
        let gone = roster.unlisted_since(claims)?;
        let since = self.since.get(&leaf).copied();
        let heard = match roster.history.is_active(claims.demux_id) {
            true => self.confirmations.heard_at(leaf).max(since),
            false => {
                let relayed = self.relayed.get(&leaf).copied();
                relayed.filter(|heard| *heard > gone.plus(LATE))
            }
        };
        let absent = since.map_or(gone, |since| gone.max(since));
        let absent = absent.plus(REMOVAL_DELAY);
        Some(heard.map_or(absent, |heard| absent.max(heard.plus(CONFIRMATION_LIMIT))))
    }
}
