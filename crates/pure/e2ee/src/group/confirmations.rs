//! The times at which members were heard in one's own epoch.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use super::message::SenderTime;
use crate::{GroupEpoch, Moment};

/// The time without a sign after which a member is not confirmed.
pub const CONFIRMATION_LIMIT: Duration = Duration::from_secs(20);

/// The time after which a member that sends no message sends a confirmation.
pub const CONFIRMATION_INTERVAL: Duration = Duration::from_secs(10);

/// The part of the time by which two clocks may run apart: one in so many.
const DRIFT: u64 = 10_000;

/// The members that were heard in one's own epoch, by application messages. A message counts at the time of its
/// sender: the shortest time that a message of this sender took is taken for the way of all, so that messages
/// that were held back count no longer than if they had come at once. It bounds the use of a fork, or of
/// a commit that is withheld: whoever is in another epoch is not heard. Frames do not count: every member has
/// the keys to seal them as any other, and messages are signed.
#[derive(Clone, Debug, Default)]
pub struct Confirmations {
    epoch: Option<GroupEpoch>,
    signs: BTreeMap<u32, Sign>,
    heard_in_epoch: BTreeSet<u32>,
    last_sent: Option<Moment>,
}

/// The last sign of another member.
#[derive(Clone, Copy, Debug)]
struct Sign {
    /// Its moment, or that at which the member came in.
    at: Moment,
    /// The time without a connection since then, at most [`CONFIRMATION_LIMIT`].
    disconnected: Duration,
    clock: Option<SenderClock>,
}

/// The clock of a sender as its messages show it.
#[derive(Clone, Copy, Debug)]
struct SenderClock {
    /// The milliseconds by which one's own clock is ahead of it, with the shortest way of a message.
    ahead: i128,
    /// The moment of that message.
    at: Moment,
}

impl Sign {
    const fn new(at: Moment) -> Self {
        Self {
            at,
            disconnected: Duration::ZERO,
            clock: None,
        }
    }

    /// Takes a message that was sent at a time and arrives now.
    fn hear(&mut self, sent: SenderTime, now: Moment) {
        let sent = i128::from(sent.as_millis());
        let measured = millis(now) - sent;
        let longest = self.clock.map(|clock| {
            let since = millis(now) - millis(clock.at);
            clock.ahead + since / i128::from(DRIFT)
        });
        let ahead = longest.map_or(measured, |longest| longest.min(measured));
        if ahead == measured {
            self.clock = Some(SenderClock { ahead, at: now });
        }
        let at = u64::try_from((sent + ahead).max(0)).unwrap_or(u64::MAX);
        let at = Moment::new(Duration::from_millis(at));
        self.at = self.at.max(at.min(now));
        self.disconnected = Duration::ZERO;
    }
}

fn millis(moment: Moment) -> i128 {
    i128::try_from(moment.since_start().as_millis()).unwrap_or(i128::MAX / 4)
}

impl Confirmations {
    /// Takes a new epoch with its leaves. `stayed` are the leaves that are the same devices as before, and
    /// `signs` the last signs of members whose leaves were made anew; the others begin with one now.
    pub fn change_epoch(
        &mut self,
        epoch: GroupEpoch,
        own_leaf: u32,
        leaves: &BTreeSet<u32>,
        stayed: &BTreeSet<u32>,
        signs: &BTreeMap<u32, Moment>,
        now: Moment,
    ) {
        let before = core::mem::take(&mut self.signs);
        let others = leaves.iter().filter(|leaf| **leaf != own_leaf);
        self.signs = others
            .map(|leaf| {
                let sign = before.get(leaf).filter(|_| stayed.contains(leaf));
                let at = signs.get(leaf).copied().unwrap_or(now);
                (*leaf, sign.copied().unwrap_or(Sign::new(at)))
            })
            .collect();
        self.epoch = Some(epoch);
        self.heard_in_epoch.clear();
    }

    /// Takes a sign of a member: a message that opened in an epoch. One of another epoch than the own one does
    /// not count.
    pub fn hear(&mut self, epoch: GroupEpoch, leaf: u32, sent: SenderTime, now: Moment) {
        if self.epoch == Some(epoch)
            && let Some(sign) = self.signs.get_mut(&leaf)
        {
            sign.hear(sent, now);
            self.heard_in_epoch.insert(leaf);
        }
    }

    /// Takes note of a time without a connection, in which nobody could be heard. All of them between two
    /// signs of a member count for [`CONFIRMATION_LIMIT`] together.
    pub fn reconnect(&mut self, disconnected: Duration) {
        for sign in self.signs.values_mut() {
            let disconnected = sign.disconnected.saturating_add(disconnected);
            sign.disconnected = disconnected.min(CONFIRMATION_LIMIT);
        }
    }

    /// Returns the moment of the last sign of another member, or that at which it came in.
    #[must_use]
    pub fn last_sign(&self, leaf: u32) -> Option<Moment> {
        self.signs.get(&leaf).map(|sign| sign.at)
    }

    /// Returns the moment of the last sign of another member that was heard with its present leaf.
    #[must_use]
    pub fn heard_at(&self, leaf: u32) -> Option<Moment> {
        let sign = self.signs.get(&leaf)?;
        sign.clock.map(|_| sign.at)
    }

    /// Takes note of an own message.
    pub const fn sent(&mut self, now: Moment) {
        self.last_sent = Some(now);
    }

    /// Returns the moment of the last own message.
    #[must_use]
    pub const fn last_sent(&self) -> Option<Moment> {
        self.last_sent
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
        let late = |sign: &Sign| {
            let limit = CONFIRMATION_LIMIT.saturating_add(sign.disconnected);
            now >= sign.at.plus(limit)
        };
        let signs = self.signs.iter().filter(|(_, sign)| late(sign));
        signs.map(|(leaf, _)| *leaf).collect()
    }

    /// Returns whether another member was heard in the present epoch, so that its commit is known to more
    /// than oneself; with a leaf, whether one was heard besides it.
    #[must_use]
    pub fn has_heard_other_than(&self, leaf: Option<u32>) -> bool {
        self.heard_in_epoch.iter().any(|heard| Some(*heard) != leaf)
    }
}
