//! The revision of a device's roster, and the requests for the whole roster after a change that was missed.

use core::time::Duration;

use anteroom_e2ee::Moment;

/// The feature of room services that tell the whole roster on request.
pub(super) const ROSTERS: &str = "roster_delta";

/// The time without an answer after which the whole roster is requested again.
const REQUEST_INTERVAL: Duration = Duration::from_secs(3);

/// The revision of a device's roster. Room services before revisions state none, and nothing is requested there.
#[derive(Debug, Default)]
pub(super) struct RosterRevision {
    known: Option<u64>,
    /// The moment of the next request; `None` while no change is missing.
    next_request: Option<Moment>,
}

impl RosterRevision {
    /// Creates the revision of a first roster.
    pub(super) const fn of(revision: Option<u64>) -> Self {
        Self {
            known: revision,
            next_request: None,
        }
    }

    /// Takes note of a whole roster.
    pub(super) const fn take_whole(&mut self, revision: Option<u64>) {
        self.known = revision;
        self.next_request = None;
    }

    /// Takes note of changes that follow a revision.
    pub(super) fn take_changes(&mut self, since: Option<u64>, revision: Option<u64>, now: Moment) {
        self.compare(since, now);
        // The revision stays that of the roster without gaps, so that each later message shows the gap too.
        if self.next_request.is_none() {
            self.known = self.known.max(revision);
        }
    }

    /// Compares the revision with one that was announced: with an older one a change is missing.
    pub(super) fn compare(&mut self, announced: Option<u64>, now: Moment) {
        if let (Some(known), Some(announced)) = (self.known, announced)
            && known < announced
        {
            self.next_request.get_or_insert(now);
        }
    }

    /// Returns whether the whole roster is to be requested now, and takes note of the request.
    pub(super) fn requests(&mut self, now: Moment) -> bool {
        let is_due = self.next_request.is_some_and(|next| now >= next);
        if is_due {
            self.next_request = Some(now.plus(REQUEST_INTERVAL));
        }
        is_due
    }

    /// Forgets the request: the connection is lost, and the next answer to a join has the whole roster.
    pub(super) const fn disconnect(&mut self) {
        self.next_request = None;
    }

    pub(super) const fn next_request(&self) -> Option<Moment> {
        self.next_request
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::new(Duration::from_millis(millis))
    }

    #[test]
    fn a_missed_change_is_noticed_at_the_next_one_and_at_a_pong() {
        let mut revision = RosterRevision::default();
        revision.take_whole(Some(7));
        revision.take_changes(Some(5), Some(9), at(0));
        revision.compare(Some(9), at(0));
        assert!(!revision.requests(at(0)), "nothing is missing");
        revision.take_changes(Some(10), Some(11), at(1_000));
        assert!(revision.requests(at(1_000)));
        revision.take_whole(Some(11));
        revision.compare(Some(11), at(1_500));
        assert_eq!(revision.next_request(), None);
        revision.compare(Some(12), at(2_000));
        assert!(revision.requests(at(2_000)));
    }

    #[test]
    fn a_request_without_an_answer_is_repeated_until_a_whole_roster_comes() {
        let mut revision = RosterRevision::default();
        revision.take_whole(Some(7));
        revision.compare(Some(8), at(0));
        assert!(revision.requests(at(0)));
        // Later changes fill no gap, and hasten no request.
        revision.take_changes(Some(8), Some(9), at(1_000));
        assert!(!revision.requests(at(2_999)));
        assert_eq!(revision.next_request(), Some(at(3_000)));
        assert!(revision.requests(at(3_000)));
        revision.disconnect();
        assert!(!revision.requests(at(9_000)));
        revision.compare(Some(9), at(9_000));
        assert!(revision.requests(at(9_000)), "still missing");
        revision.take_whole(Some(9));
        assert!(!revision.requests(at(99_000)));
    }

    #[test]
    fn a_service_without_revisions_is_asked_for_nothing() {
        let mut revision = RosterRevision::default();
        revision.take_whole(None);
        revision.take_changes(None, None, at(0));
        revision.compare(None, at(0));
        assert_eq!(revision.next_request(), None);
    }
}
