//! The search for dead records: calls that are over, leases that are too long, links past their end.

use std::{
    future::ready,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anteroom_protocol::Timestamp;
use anteroom_runtime::Entropy;
use anteroom_store::CallRecord;
use futures::{StreamExt as _, stream};
use rand_core::Rng as _;
use tokio::time::sleep;

use super::{
    calls::Calls,
    context::RoomContext,
    external_media::{client::MediaError, pool::ExternalMediaPool},
    failure::DecisionFailure,
};
use crate::{CleanerSettings, LeaseSettings};

/// The number of records per transaction.
const BATCH: NonZeroU32 = NonZeroU32::new(100).unwrap();
/// The number of requests to media servers that run at the same time.
const ASKED_AT_ONCE: usize = 8;
/// The age, in seconds, up to which a call may be unknown to its media server.
const RECENT: u64 = 15;

/// Removes dead records.
pub(crate) struct Cleaner {
    pub(crate) context: Arc<RoomContext>,
    pub(crate) calls: Arc<Calls>,
    pub(crate) media: Option<ExternalMediaPool>,
    pub(crate) settings: CleanerSettings,
    pub(crate) leases: LeaseSettings,
    /// Whether links past their end are deleted.
    pub(crate) is_purging: AtomicBool,
}

impl Cleaner {
    /// Cleans until it is dropped.
    pub(crate) async fn run(&self) {
        loop {
            sleep(pause(self.settings, &*self.context.entropy)).await;
            self.clean().await;
        }
    }

    /// Runs one round.
    pub(crate) async fn clean(&self) {
        if self.round().await.is_err() {
            tracing::warn!("the cleaner's round was cut short");
        }
    }

    /// Removes the call records that an earlier run of this node left.
    pub(crate) async fn forget_own_calls(&self) {
        let forget = async {
            let mut transaction = self.context.transactions.begin("forget own calls").await?;
            let calls = transaction.calls_of_node(&self.context.node.name).await?;
            for call in calls {
                transaction.end_era(&call.key, call.era).await?;
            }
            Ok::<_, DecisionFailure>(transaction.save().await?)
        };
        if forget.await.is_err() {
            // These records remain until their leases expire.
            tracing::warn!("the calls of an earlier run could not be removed");
        }
    }

    async fn round(&self) -> Result<(), DecisionFailure> {
        self.calls.remove_finished();
        if let Some(media) = &self.media {
            self.ask_about_calls(media).await?;
        }
        self.trim_leases().await?;
        self.remove_lapsed_calls().await?;
        if self.is_purging.load(Ordering::Acquire) {
            self.purge_links().await?;
        }
        Ok(())
    }

    /// Renews or ends every recorded call as its media server reports. The record of a call whose media
    /// server does not answer remains until its lease expires.
    async fn ask_about_calls(&self, media: &ExternalMediaPool) -> Result<(), DecisionFailure> {
        let mut after = None;
        loop {
            let mut reader = self.context.transactions.read("list calls").await?;
            let page = reader.calls(after, BATCH).await?;
            drop(reader);
            let states: Vec<_> = stream::iter(page.calls)
                .map(|call| async move { (self.is_on(media, &call).await, call) })
                .buffer_unordered(ASKED_AT_ONCE)
                .filter_map(|(is_on, call)| ready(is_on.map(|is_on| (is_on, call))))
                .collect()
                .await;
            self.record_states(media, &states).await?;
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    /// Returns whether the call is on; `None` if the media server does not answer, or may not know the
    /// call yet.
    async fn is_on(&self, media: &ExternalMediaPool, call: &CallRecord) -> Option<bool> {
        let server = media.server_of(call)?;
        match media.client.clients(&server, call.era, None).await {
            Ok(_) => Some(true),
            Err(MediaError::NoCall) => (!is_recent(call, self.context.now())
                && !media.starting_eras.contains(call.era))
            .then_some(false),
            Err(_) => None,
        }
    }

    async fn record_states(
        &self,
        media: &ExternalMediaPool,
        states: &[(bool, CallRecord)],
    ) -> Result<(), DecisionFailure> {
        if states.is_empty() {
            return Ok(());
        }
        let until = media.lease_end(self.context.now());
        let mut transaction = self.context.transactions.begin("renew calls").await?;
        let mut ended = Vec::new();
        for (is_on, call) in states {
            let CallRecord { key, era, node, .. } = call;
            if *is_on {
                transaction.renew_era(key, *era, node, until).await?;
            } else if transaction.end_era(key, *era).await? {
                ended.push(key);
            }
        }
        transaction.save().await?;
        for key in ended {
            self.context.events.emit("call.ended", key.room());
        }
        Ok(())
    }

    /// Shortens leases that a clock that was ahead has written. Without this no other node could take
    /// over their calls before the late end.
    async fn trim_leases(&self) -> Result<(), DecisionFailure> {
        let now = self.context.now();
        let latest = match &self.media {
            Some(media) => media.lease_end(now),
            None => now.plus(self.leases.valid.as_secs()),
        };
        let mut transaction = self.context.transactions.begin("trim leases").await?;
        let trimmed = transaction.trim_leases(latest).await?;
        if trimmed > 0 {
            transaction.save().await?;
            tracing::warn!(trimmed, "leases of calls were shortened: a clock was ahead");
        }
        Ok(())
    }

    async fn remove_lapsed_calls(&self) -> Result<(), DecisionFailure> {
        loop {
            let mut reader = self
                .context
                .transactions
                .read("remove lapsed calls")
                .await?;
            if reader
                .lapsed_calls(self.context.now(), BATCH)
                .await?
                .is_empty()
            {
                return Ok(());
            }
            drop(reader);
            let mut transaction = self
                .context
                .transactions
                .begin("remove lapsed calls")
                .await?;
            let removed = transaction
                .remove_lapsed_calls(self.context.now(), BATCH)
                .await?;
            transaction.save().await?;
            tracing::info!(removed, "calls whose lease was over were removed");
            if removed < u64::from(BATCH.get()) {
                return Ok(());
            }
        }
    }

    async fn purge_links(&self) -> Result<(), DecisionFailure> {
        loop {
            let mut transaction = self.context.transactions.begin("purge links").await?;
            let purged = transaction.purge_links(self.context.now(), BATCH).await?;
            if purged > 0 {
                transaction.save().await?;
                tracing::info!(purged, "links past their end were removed");
            }
            if purged < u64::from(BATCH.get()) {
                return Ok(());
            }
        }
    }
}

/// Returns the time to the next round. Its random part keeps the rounds of several instances apart.
fn pause(cleaner: CleanerSettings, entropy: &dyn Entropy) -> Duration {
    let share = f64::from(entropy.rng().next_u32()) / f64::from(u32::MAX);
    cleaner.interval + cleaner.jitter.mul_f64(share)
}

/// Returns whether the media server may not know the call yet. A call that starts more than
/// [`RECENT`] seconds in the future does not count: a clock that was ahead recorded it.
fn is_recent(call: &CallRecord, now: Timestamp) -> bool {
    now < call.started.plus(RECENT) && call.started < now.plus(RECENT)
}

#[cfg(test)]
mod tests {
    use anteroom_testkit::SeededEntropy;

    use super::*;

    #[test]
    fn pauses_are_spread_over_the_jitter() {
        let entropy = SeededEntropy::new(1);
        let pauses = |interval: u64, jitter: u64| {
            let settings = CleanerSettings {
                interval: Duration::from_secs(interval),
                jitter: Duration::from_secs(jitter),
            };
            let mut pauses: Vec<_> = (0..100).map(|_| pause(settings, &entropy)).collect();
            pauses.sort();
            pauses.dedup();
            pauses
        };
        let spread = pauses(15, 10);
        let (first, last) = (spread[0].as_secs(), spread[spread.len() - 1].as_secs());
        assert_eq!((spread.len(), first, last), (100, 15, 24));
        assert_eq!(pauses(15, 0), [Duration::from_secs(15)]);
    }
}
