//! The background tasks of a room service: health checks of the media servers, the cleaner, and the
//! monitor of alerts and dependencies.

use std::{num::NonZeroU32, sync::atomic::Ordering, time::Duration};

use anteroom_protocol::Timestamp;
use anteroom_runtime::{Entropy, task_span};
use anteroom_store::{CallRecord, TransactionName};
use futures::{StreamExt as _, stream};
use rand_core::Rng as _;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tracing::Instrument as _;

use super::{
    failure::DecisionFailure,
    media::{client::MediaError, join::lease, pool::MediaPool},
};
use crate::{CleanerSettings, Media, state::RoomsState};

/// The number of records per transaction.
const BATCH: NonZeroU32 = NonZeroU32::new(100).unwrap();
/// The number of requests to media servers that run at the same time.
const ASKED_AT_ONCE: usize = 8;
/// The age, in seconds, up to which a call may be unknown to its media server.
const RECENT: u64 = 15;

/// Removes the call records that an earlier run of this node left, and checks the media servers.
pub(crate) async fn recover(state: &RoomsState) {
    match &state.media {
        Some(media) => media.look().await,
        None => {
            if forget_own_calls(state).await.is_err() {
                // These records remain until their leases expire.
                tracing::warn!("the calls of an earlier run could not be removed");
            }
        }
    }
}

/// Checks the media servers and the dependencies, and cleans the records, until it is dropped.
pub(crate) async fn run(state: &RoomsState) {
    tokio::join!(
        watch_health(state).instrument(task_span("media-health")),
        clean_again(state).instrument(task_span("cleaner")),
        state.monitor.run()
    );
}

/// Runs one round of the cleaner.
pub(crate) async fn clean(state: &RoomsState) {
    if round(state).await.is_err() {
        tracing::warn!("the cleaner's round was cut short");
    }
}

async fn watch_health(state: &RoomsState) {
    let (Some(media), Media::Sfu(sfu)) = (&state.media, &state.settings.media) else {
        return std::future::pending().await;
    };
    let mut looks = interval(sfu.health_interval);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        media.look().await;
    }
}

async fn clean_again(state: &RoomsState) {
    loop {
        sleep(pause(state.settings.cleaner, &*state.entropy)).await;
        clean(state).await;
    }
}

/// Returns the time to the next round. Its random part keeps the rounds of several instances apart.
fn pause(cleaner: CleanerSettings, entropy: &dyn Entropy) -> Duration {
    let share = f64::from(entropy.rng().next_u32()) / f64::from(u32::MAX);
    cleaner.interval + cleaner.jitter.mul_f64(share)
}

async fn round(state: &RoomsState) -> Result<(), DecisionFailure> {
    state.calls.remove_finished();
    if let Some(media) = &state.media {
        ask_about_calls(state, media).await?;
    }
    trim_leases(state).await?;
    remove_lapsed_calls(state).await?;
    if state.is_purging.load(Ordering::Acquire) {
        purge_links(state).await?;
    }
    Ok(())
}

async fn forget_own_calls(state: &RoomsState) -> Result<(), DecisionFailure> {
    const NAME: TransactionName = TransactionName::new("forget own calls");
    let mut transaction = state.transactions.begin(NAME).await?;
    let calls = transaction.calls_of_node(state.node.name()).await?;
    for call in calls {
        transaction.end_era(&call.key, call.era).await?;
    }
    Ok(transaction.save().await?)
}

/// Renews or ends every recorded call as its media server reports. The record of a call whose media
/// server does not answer remains until its lease expires.
async fn ask_about_calls(state: &RoomsState, media: &MediaPool) -> Result<(), DecisionFailure> {
    const NAME: TransactionName = TransactionName::new("list calls");
    let mut after = None;
    loop {
        let mut reader = state.transactions.read(NAME).await?;
        let page = reader.calls(after, BATCH).await?;
        drop(reader);
        let states: Vec<_> = stream::iter(page.calls)
            .map(|call| async move { (is_on(state, media, &call).await, call) })
            .buffer_unordered(ASKED_AT_ONCE)
            .collect()
            .await;
        record_states(state, &states).await?;
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

/// Returns whether the call is on; `None` if the media server does not answer, or may not know the
/// call yet.
async fn is_on(state: &RoomsState, media: &MediaPool, call: &CallRecord) -> Option<bool> {
    let server = media.server_of(call)?;
    match media.client().clients(&server, call.era, None).await {
        Ok(_) => Some(true),
        Err(MediaError::NoCall) => (!is_recent(call, state.now())
            && !state.starting_eras.contains(call.era))
        .then_some(false),
        Err(_) => None,
    }
}

/// Returns whether the media server may not know the call yet. A call that starts more than
/// [`RECENT`] seconds in the future does not count: a clock that was ahead recorded it.
fn is_recent(call: &CallRecord, now: Timestamp) -> bool {
    now < call.started.plus(RECENT) && call.started < now.plus(RECENT)
}

async fn record_states(
    state: &RoomsState,
    states: &[(Option<bool>, CallRecord)],
) -> Result<(), DecisionFailure> {
    const NAME: TransactionName = TransactionName::new("renew calls");
    if states.iter().all(|(is_on, _)| is_on.is_none()) {
        return Ok(());
    }
    let until = lease(state, state.now());
    let mut transaction = state.transactions.begin(NAME).await?;
    let mut ended = Vec::new();
    for (is_on, call) in states {
        match is_on {
            Some(true) => {
                let CallRecord { key, era, node, .. } = call;
                transaction.renew_era(key, *era, node, until).await?;
            }
            Some(false) => {
                let has_ended = transaction.end_era(&call.key, call.era).await?;
                ended.extend(has_ended.then_some(&call.key));
            }
            None => {}
        }
    }
    transaction.save().await?;
    for key in ended {
        state.events.emit("call.ended", key.room());
    }
    Ok(())
}

/// Shortens leases that a clock that was ahead has written. Without this no other node could take
/// over their calls before the late end.
async fn trim_leases(state: &RoomsState) -> Result<(), DecisionFailure> {
    const NAME: TransactionName = TransactionName::new("trim leases");
    let now = state.now();
    let latest = match &state.media {
        Some(_) => lease(state, now),
        None => now.plus(state.settings.leases.valid.as_secs()),
    };
    let mut transaction = state.transactions.begin(NAME).await?;
    let trimmed = transaction.trim_leases(latest).await?;
    if trimmed > 0 {
        transaction.save().await?;
        tracing::warn!(trimmed, "leases of calls were shortened: a clock was ahead");
    }
    Ok(())
}

async fn remove_lapsed_calls(state: &RoomsState) -> Result<(), DecisionFailure> {
    const NAME: TransactionName = TransactionName::new("remove lapsed calls");
    loop {
        let mut reader = state.transactions.read(NAME).await?;
        if reader.lapsed_calls(state.now(), BATCH).await?.is_empty() {
            return Ok(());
        }
        drop(reader);
        let mut transaction = state.transactions.begin(NAME).await?;
        let removed = transaction.remove_lapsed_calls(state.now(), BATCH).await?;
        transaction.save().await?;
        tracing::info!(removed, "calls whose lease was over were removed");
        if removed < u64::from(BATCH.get()) {
            return Ok(());
        }
    }
}

async fn purge_links(state: &RoomsState) -> Result<(), DecisionFailure> {
    const NAME: TransactionName = TransactionName::new("purge links");
    loop {
        let mut transaction = state.transactions.begin(NAME).await?;
        let purged = transaction.purge_links(state.now(), BATCH).await?;
        if purged == 0 {
            return Ok(());
        }
        transaction.save().await?;
        tracing::info!(purged, "links past their end were removed");
        if purged < u64::from(BATCH.get()) {
            return Ok(());
        }
    }
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
