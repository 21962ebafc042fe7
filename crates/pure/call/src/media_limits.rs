//! The rate limits of requests about media.

use crate::{
    Moment, OFFER_BURST, OFFER_INTERVAL, PUBLICATIONS_PER_SECOND, VIEWS_PER_SECOND,
    token_bucket::TokenBucket,
};

/// A token for each second between two offers.
type OfferBucket = TokenBucket<{ OFFER_BURST * OFFER_INTERVAL }, 1>;

/// The rate limits of the requests about media of one device.
#[derive(Debug)]
pub(crate) struct MediaLimits {
    offers: OfferBucket,
    views: TokenBucket<VIEWS_PER_SECOND, VIEWS_PER_SECOND>,
    publications: TokenBucket<PUBLICATIONS_PER_SECOND, PUBLICATIONS_PER_SECOND>,
}

impl MediaLimits {
    pub(crate) const fn full() -> Self {
        Self {
            offers: TokenBucket::full(),
            views: TokenBucket::full(),
            publications: TokenBucket::full(),
        }
    }

    /// Counts an offer. Returns whether it is within the limit.
    pub(crate) fn offer(&mut self, now: Moment) -> bool {
        let cost = u64::from(OFFER_INTERVAL);
        let is_granted = self.offers.holds(cost, now);
        if is_granted {
            self.offers.take(cost, now);
        }
        is_granted
    }

    /// Counts a view. Returns whether it is within the limit.
    pub(crate) fn view(&mut self, now: Moment) -> bool {
        self.views.try_take(now)
    }

    /// Counts a change of what the device sends. Returns whether it is within the limit.
    pub(crate) fn publication(&mut self, now: Moment) -> bool {
        self.publications.try_take(now)
    }
}
