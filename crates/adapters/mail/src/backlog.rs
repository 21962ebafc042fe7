//! The mails of a queue that wait for an attempt.
//!
//! New mails wait in their order. A mail that was refused for now is deferred: it waits until its
//! pause is over. Both count within the capacity. Deferred mails have at most half of the capacity,
//! and in a full queue a new mail replaces the oldest of them. A decoy waits, is deferred and is
//! replaced as a mail is, but does not count as lost.

use std::{
    collections::{BTreeMap, VecDeque},
    num::NonZeroUsize,
};

use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::Mail;

/// A mail, or a decoy in its place.
pub(crate) enum QueueItem {
    Mail(Mail),
    Decoy {
        /// The domain of the address that gets no mail.
        domain: Zeroizing<String>,
    },
}

impl QueueItem {
    const fn is_mail(&self) -> bool {
        matches!(self, Self::Mail(_))
    }
}

/// A mail with the number of its failed attempts.
pub(crate) struct QueuedMail {
    pub(crate) item: QueueItem,
    pub(crate) failures: u32,
    /// The position in the order of arrival.
    number: u64,
}

/// The waiting mails, and the number of mails that are being sent.
pub(crate) struct MailBacklog {
    capacity: usize,
    arrivals: u64,
    new: VecDeque<QueuedMail>,
    /// The deferred deliveries, by the end of their pause.
    deferred: BTreeMap<(Instant, u64), QueuedMail>,
    /// Whether a deferred mail is next. New and deferred mails alternate, so that neither delays
    /// the other.
    deferred_first: bool,
    /// The number of mails that are being sent. Decoys do not count.
    on_their_way: usize,
    pub(crate) closing: bool,
}

impl MailBacklog {
    pub(crate) const fn new(capacity: NonZeroUsize) -> Self {
        Self {
            capacity: capacity.get(),
            arrivals: 0,
            new: VecDeque::new(),
            deferred: BTreeMap::new(),
            deferred_first: false,
            on_their_way: 0,
            closing: false,
        }
    }

    /// Adds a new mail, or a decoy. Returns `false` if a mail was lost: this one, or the oldest
    /// deferred one.
    #[must_use]
    pub(crate) fn add(&mut self, item: QueueItem) -> bool {
        if self.closing || self.new.len() >= self.capacity {
            return !item.is_mail();
        }
        let lossless = !self.is_full() || !self.drop_oldest();
        self.arrivals = self.arrivals.wrapping_add(1);
        self.new.push_back(QueuedMail {
            item,
            failures: 0,
            number: self.arrivals,
        });
        lossless
    }

    /// Adds a mail after a failed attempt, until the end of its pause. Returns `false` if a mail
    /// was lost: the oldest deferred one, which may be this.
    #[must_use]
    pub(crate) fn defer(&mut self, mut queued: QueuedMail, until: Instant) -> bool {
        self.finish(&queued);
        if self.closing && !queued.item.is_mail() {
            return true;
        }
        let is_over_share = self.deferred.len() >= (self.capacity / 2).max(1);
        let is_full = self.is_full();
        queued.failures = queued.failures.saturating_add(1);
        self.deferred.insert((until, queued.number), queued);
        !(is_over_share || is_full) || !self.drop_oldest()
    }

    /// Takes the next mail to send. It counts as being sent until [`Self::finish`] or
    /// [`Self::defer`].
    pub(crate) fn take(&mut self, now: Instant) -> Option<QueuedMail> {
        let due = self
            .next_due()
            .is_some_and(|due| self.closing || due <= now);
        let next = if due && (self.deferred_first || self.new.is_empty()) {
            self.deferred.pop_first().map(|(_, queued)| queued)
        } else {
            self.new.pop_front()
        }?;
        self.deferred_first = next.failures == 0;
        if next.item.is_mail() {
            self.on_their_way = self.on_their_way.saturating_add(1);
        }
        Some(next)
    }

    /// Ends the count of a mail as being sent.
    pub(crate) const fn finish(&mut self, queued: &QueuedMail) {
        if queued.item.is_mail() {
            self.on_their_way = self.on_their_way.saturating_sub(1);
        }
    }

    /// Returns the end of the pause that ends first.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.deferred.first_key_value().map(|((due, _), _)| *due)
    }

    /// Ends all pauses, removes the decoys and accepts no new mail.
    pub(crate) fn close(&mut self) {
        self.closing = true;
        self.new.retain(|queued| queued.item.is_mail());
        self.deferred.retain(|_, queued| queued.item.is_mail());
    }

    /// Returns whether the queue is closed and empty.
    pub(crate) fn is_done(&self) -> bool {
        self.closing && self.number() == 0
    }

    /// Returns the number of all mails, those that are being sent included. Before the close it
    /// includes waiting decoys.
    pub(crate) fn number(&self) -> usize {
        self.length().saturating_add(self.on_their_way)
    }

    fn length(&self) -> usize {
        self.new.len().saturating_add(self.deferred.len())
    }

    fn is_full(&self) -> bool {
        self.length() >= self.capacity
    }

    /// Drops the deferred mail that arrived first, if there is one. Returns whether it was a
    /// mail.
    fn drop_oldest(&mut self) -> bool {
        let oldest = self.deferred.keys().min_by_key(|(_, number)| *number);
        let oldest = oldest.copied();
        let dropped = oldest.and_then(|oldest| self.deferred.remove(&oldest));
        dropped.is_some_and(|queued| queued.item.is_mail())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn backlog(capacity: usize) -> MailBacklog {
        MailBacklog::new(NonZeroUsize::new(capacity).unwrap())
    }

    fn mail() -> QueueItem {
        QueueItem::Mail(Mail::new("ann@example.org", "Hello", "text").unwrap())
    }

    fn decoy() -> QueueItem {
        let domain = Zeroizing::new("example.org".to_owned());
        QueueItem::Decoy { domain }
    }

    fn add(backlog: &mut MailBacklog) -> bool {
        backlog.add(mail())
    }

    /// Takes mails until none is left. Returns their numbers.
    fn order(backlog: &mut MailBacklog, now: Instant) -> Vec<u64> {
        std::iter::from_fn(|| backlog.take(now))
            .map(|queued| queued.number)
            .collect()
    }

    /// Creates a queue whose first mails are deferred for these seconds.
    fn deferred(capacity: usize, pauses: &[u64], now: Instant) -> (MailBacklog, usize) {
        let mut backlog = backlog(capacity);
        let mut lost = 0;
        for pause in pauses {
            assert!(add(&mut backlog));
            let queued = backlog.take(now).unwrap();
            let until = now + Duration::from_secs(*pause);
            lost += usize::from(!backlog.defer(queued, until));
        }
        (backlog, lost)
    }

    #[test]
    fn deferred_mails_have_half_of_the_capacity_and_the_oldest_give_way() {
        let now = Instant::now();
        for (capacity, pauses, lost, left) in [
            (6, &[3, 3, 3][..], 0, &[1, 2, 3][..]),
            (6, &[9, 3, 3, 3], 1, &[2, 3, 4]),
            (6, &[1, 9, 3, 3, 3], 2, &[3, 4, 5]),
            (3, &[3, 3], 1, &[2]),
            (1, &[3], 0, &[1]),
        ] {
            let (mut backlog, was_lost) = deferred(capacity, pauses, now);
            assert_eq!(was_lost, lost, "{capacity} {pauses:?}");
            assert_eq!(order(&mut backlog, now), [0; 0], "{capacity} {pauses:?}");
            let later = now + Duration::from_secs(10);
            let mut numbers = order(&mut backlog, later);
            numbers.sort_unstable();
            assert_eq!(numbers, left, "{capacity} {pauses:?}");
        }
    }

    #[test]
    fn new_mails_find_room_until_the_queue_is_full_of_them() {
        let now = Instant::now();
        let (mut backlog, _) = deferred(4, &[5, 5], now);
        let lossless: Vec<bool> = (0..5).map(|_| add(&mut backlog)).collect();
        // Two mails take free places, two those of deferred mails, and one gets none.
        assert_eq!(lossless, [true, true, false, false, false]);
        assert_eq!(order(&mut backlog, now), [3, 4, 5, 6]);
    }

    #[test]
    fn a_mail_that_is_deferred_while_new_ones_fill_the_queue_is_lost() {
        let now = Instant::now();
        let mut backlog = backlog(2);
        assert!(add(&mut backlog));
        let queued = backlog.take(now).unwrap();
        assert!(add(&mut backlog) && add(&mut backlog));
        assert!(!backlog.defer(queued, now));
        assert_eq!((backlog.number(), backlog.next_due()), (2, None));
    }

    #[test]
    fn new_mails_and_those_whose_pause_is_over_take_turns() {
        let now = Instant::now();
        let (mut backlog, _) = deferred(12, &[2, 1, 60], now);
        for _ in 0..3 {
            assert!(add(&mut backlog));
        }
        let later = now + Duration::from_secs(2);
        assert_eq!(order(&mut backlog, later), [2, 4, 1, 5, 6]);
        assert_eq!(backlog.next_due(), Some(now + Duration::from_secs(60)));
        backlog.close();
        assert_eq!(order(&mut backlog, later), [3]);
        assert!(!add(&mut backlog));
    }

    #[test]
    fn closing_ends_pauses_and_leaves_no_mail_behind() {
        let now = Instant::now();
        let (mut backlog, _) = deferred(8, &[60], now);
        for _ in 0..3 {
            assert!(add(&mut backlog));
        }
        backlog.close();
        let deliveries: Vec<_> = std::iter::from_fn(|| backlog.take(now)).collect();
        for (queued, number) in deliveries.iter().zip(1..) {
            assert_eq!(queued.number, number);
            backlog.finish(queued);
            assert_eq!(backlog.is_done(), number == 4);
        }
    }

    #[test]
    fn decoys_displace_and_give_way_as_mails_do_and_their_loss_is_none() {
        let now = Instant::now();
        for decoys in [false, true] {
            let (mut backlog, _) = deferred(4, &[5, 5], now);
            let item = || if decoys { decoy() } else { mail() };
            let lossless: Vec<bool> = (0..5).map(|_| backlog.add(item())).collect();
            assert_eq!(lossless, [true, true, false, false, decoys]);
            assert_eq!(order(&mut backlog, now), [3, 4, 5, 6]);

            let mut backlog = self::backlog(2);
            for _ in 0..2 {
                assert!(backlog.add(item()));
                let queued = backlog.take(now).unwrap();
                let lossless = backlog.defer(queued, now + Duration::from_secs(1));
                assert!(lossless || !decoys);
            }
            let later = now + Duration::from_secs(1);
            assert_eq!(order(&mut backlog, later), [2], "{decoys}");
        }
    }

    #[test]
    fn closing_waits_for_no_decoy() {
        let now = Instant::now();
        let mut backlog = backlog(4);
        for _ in 0..2 {
            assert!(backlog.add(decoy()));
        }
        let on_its_way = backlog.take(now).unwrap();
        backlog.close();
        assert!(backlog.is_done());
        assert!(backlog.defer(on_its_way, now));
        assert!(backlog.is_done());
    }
}
