//! A running attack: its target, its pace and its counters.

use std::{
    net::Ipv4Addr,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use anyhow::{Context as _, Result};
use tokio::{
    net::TcpStream,
    sync::{Mutex, Notify},
    time::{Interval, interval, timeout},
};

use super::target::Target;
use crate::http;

/// The source address. Legitimate clients use 127.0.0.1.
pub(super) const FROM: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// The time limit of one connection, upgrade or first answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// A running attack.
pub(super) struct AttackRun {
    pub(super) target: Target,
    /// Permits one attempt a tick.
    pace: Mutex<Interval>,
    pub(super) attempts: AtomicU64,
    pub(super) failures: AtomicU64,
    /// Batches of credentials that were issued.
    pub(super) batches: AtomicU64,
    /// Datagrams that came to addresses which had proved nothing.
    pub(super) unproven: AtomicU64,
    /// The number of attempts at full force.
    full: u64,
    pub(super) ready: Notify,
}

impl AttackRun {
    /// Starts the clock of an attack over some slots.
    pub(super) fn new(target: Target, slots: u32) -> Self {
        let plan = target.attack.plan();
        Self {
            pace: Mutex::new(interval(Duration::from_secs(1) / plan.per_second)),
            attempts: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            batches: AtomicU64::new(0),
            unproven: AtomicU64::new(0),
            full: u64::from(plan.full) * u64::from(slots) / u64::from(plan.slots),
            ready: Notify::new(),
            target,
        }
    }

    /// Waits for the next tick of the pace, and counts.
    pub(super) async fn attempt(&self) -> u64 {
        self.pace.lock().await.tick().await;
        let number = self.attempts.fetch_add(1, Ordering::Relaxed);
        if number + 1 >= self.full {
            self.ready.notify_one();
        }
        number
    }

    /// Says that the attack is in full force, where that is not a number of attempts.
    pub(super) fn note_full_force(&self) {
        self.ready.notify_one();
    }

    /// Counts a datagram that came to an address which had proved nothing.
    pub(super) fn note_unproven(&self) {
        self.unproven.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) async fn connect(&self, host: &str) -> Result<TcpStream> {
        timeout(PATIENCE, http::connect_from(FROM, host))
            .await
            .context("no connection in time")?
    }
}
