//! The last attempts of mails, by domain. Decoys imitate them.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// The maximum number of domains.
const MOST_DOMAINS: usize = 256;
/// The maximum number of attempts for each domain.
const MOST_RECORDS: usize = 8;

/// The attempt of a decoy before any mail was sent.
const TYPICAL: AttemptRecord = AttemptRecord {
    time: Duration::from_secs(1),
    is_temporary: false,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AttemptRecord {
    /// The duration of the attempt.
    pub(crate) time: Duration,
    /// Whether the attempt failed and a further one may succeed.
    pub(crate) is_temporary: bool,
}

struct DomainHistory {
    name: Zeroizing<String>,
    records: VecDeque<AttemptRecord>,
}

impl DomainHistory {
    /// Returns the last two labels of the name: their owner can create names below them at no cost.
    fn site(&self) -> &str {
        let mut dots = self.name.rmatch_indices('.');
        let start = dots.nth(1).and_then(|(dot, _)| self.name.get(dot + 1..));
        start.unwrap_or(&self.name)
    }
}

/// The last attempts. Domains are kept in memory only, and are in no log and no `Debug`.
#[derive(Default)]
pub(crate) struct AttemptHistory {
    /// The domains, the one of the last attempt at the end.
    domains: VecDeque<DomainHistory>,
}

impl AttemptHistory {
    pub(crate) fn note(&mut self, domain: &str, record: AttemptRecord) {
        let place = self.place(domain);
        let mut history = place
            .and_then(|place| self.domains.remove(place))
            .unwrap_or_else(|| DomainHistory {
                name: Zeroizing::new(domain.to_owned()),
                records: VecDeque::new(),
            });
        if self.domains.len() >= MOST_DOMAINS {
            self.forget_one();
        }
        if history.records.len() >= MOST_RECORDS {
            history.records.pop_front();
        }
        history.records.push_back(record);
        self.domains.push_back(history);
    }

    /// Draws one of the last attempts to the domain, each with the same probability. Without one it
    /// returns the usual attempt of other domains.
    pub(crate) fn draw(&self, domain: &str, rng: &mut (dyn CryptoRng + Send)) -> AttemptRecord {
        let place = self.place(domain);
        let Some(history) = place.and_then(|place| self.domains.get(place)) else {
            return self.usual();
        };
        let drawn = usize::try_from(rng.next_u32()).unwrap_or_default();
        let index = drawn.checked_rem(history.records.len());
        let record = index.and_then(|index| history.records.get(index));
        record.copied().unwrap_or(TYPICAL)
    }

    fn place(&self, domain: &str) -> Option<usize> {
        let mut names = self.domains.iter().map(|history| history.name.as_str());
        names.position(|name| name == domain)
    }

    /// Returns the median of the last attempts to all sites, one of each, so that no single site
    /// decides. The duration and the outcome have separate medians.
    fn usual(&self) -> AttemptRecord {
        let mut last = BTreeMap::new();
        for history in &self.domains {
            if let Some(record) = history.records.back() {
                last.insert(history.site(), *record);
            }
        }
        let mut records: Vec<AttemptRecord> = last.into_values().collect();
        if records.len() < 2 {
            records.push(TYPICAL);
        }
        let middle = (records.len() - 1) / 2;
        let mut times: Vec<_> = records.iter().map(|record| record.time).collect();
        let mut outcomes: Vec<_> = records.iter().map(|record| record.is_temporary).collect();
        times.sort_unstable();
        outcomes.sort_unstable();
        AttemptRecord {
            time: times.get(middle).copied().unwrap_or(TYPICAL.time),
            is_temporary: outcomes.get(middle).copied().unwrap_or_default(),
        }
    }

    /// Removes, of the site with the most domains, the domain whose last use is the oldest: names
    /// below one site thus displace no other site.
    fn forget_one(&mut self) {
        let mut numbers = BTreeMap::new();
        for history in &self.domains {
            *numbers.entry(history.site()).or_insert(0_usize) += 1;
        }
        let most = numbers.values().max().copied();
        let mut sites = self.domains.iter().map(DomainHistory::site);
        let oldest = sites.position(|site| numbers.get(site).copied() == most);
        if let Some(oldest) = oldest {
            self.domains.remove(oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use anteroom_runtime::Entropy as _;
    use anteroom_testkit::SeededEntropy;

    use super::*;

    fn record(milliseconds: u64) -> AttemptRecord {
        AttemptRecord {
            time: Duration::from_millis(milliseconds),
            is_temporary: false,
        }
    }

    fn drawn(history: &AttemptHistory, domain: &str) -> Vec<u128> {
        let entropy = SeededEntropy::new(1);
        let mut drawn: Vec<_> = (0..1_000)
            .map(|_| history.draw(domain, &mut *entropy.rng()).time.as_millis())
            .collect();
        drawn.sort_unstable();
        drawn.dedup();
        drawn
    }

    #[test]
    fn the_last_8_attempts_to_a_domain_are_drawn_from() {
        let mut history = AttemptHistory::default();
        assert_eq!(drawn(&history, "example.org"), [1_000]);
        for time in 0..20 {
            history.note("example.org", record(time));
            history.note("other.example", record(500));
        }
        let last: Vec<u128> = (12..20).collect();
        assert_eq!(drawn(&history, "example.org"), last);
        assert_eq!(drawn(&history, "other.example"), [500]);
    }

    #[test]
    fn without_attempts_to_a_domain_the_median_of_all_sites_is_taken_each_weighing_the_same() {
        for (attempts, expected) in [
            (&[][..], 1_000),
            // One site does not decide alone.
            (&[("slow.example", 6_000)][..], 1_000),
            (&[("example.org", 50)], 50),
            (&[("slow.example", 6_000), ("example.org", 50)], 50),
            (
                &[
                    ("a.slow.example", 6_000),
                    ("b.slow.example", 6_000),
                    ("c.slow.example", 6_000),
                    ("c.slow.example", 6_000),
                    ("example.org", 50),
                    ("example.net", 60),
                ],
                60,
            ),
        ] {
            let mut history = AttemptHistory::default();
            for (domain, time) in attempts {
                history.note(domain, record(*time));
            }
            assert_eq!(drawn(&history, "new.test"), [expected], "{attempts:?}");
        }
    }

    #[test]
    fn most_sites_decide_whether_the_attempt_of_a_decoy_fails_for_now() {
        let deferral = |is_temporary| AttemptRecord {
            time: Duration::from_millis(1),
            is_temporary,
        };
        for (outcomes, expected) in [
            (&[true][..], false),
            (&[true, false], false),
            (&[true, true], true),
            (&[true, true, false], true),
            (&[true, false, false], false),
        ] {
            let mut history = AttemptHistory::default();
            for (number, is_temporary) in outcomes.iter().enumerate() {
                let domain = format!("site{number}.example");
                history.note(&domain, deferral(*is_temporary));
            }
            let entropy = SeededEntropy::new(1);
            let record = history.draw("new.test", &mut *entropy.rng());
            assert_eq!(record.is_temporary, expected, "{outcomes:?}");
        }
    }

    #[test]
    fn names_below_one_site_displace_no_other_and_no_more_domains_than_256_are_remembered() {
        let mut history = AttemptHistory::default();
        history.note("example.org", record(50));
        for number in 0..1_000 {
            history.note(&format!("x{number}.slow.example"), record(6_000));
        }
        assert_eq!(history.domains.len(), MOST_DOMAINS);
        assert_eq!(drawn(&history, "example.org"), [50]);
        assert_eq!(history.place("x744.slow.example"), None);
        assert!(history.place("x745.slow.example").is_some());
        let mut history = AttemptHistory::default();
        for number in 0..300 {
            history.note(&format!("site{number}.example"), record(1));
        }
        assert_eq!(history.domains.len(), MOST_DOMAINS);
        assert_eq!(history.place("site43.example"), None);
        assert!(history.place("site44.example").is_some());
    }
}
