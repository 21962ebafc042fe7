//! The attacker: one attack from an address of its own, in a process of its own. Its pace bounds its share of
//! the processors, and it has a low priority (`nice`), the lowest if the processor is the target.
//!
//! Reads the [`Target`] as one line of JSON on standard input and attacks until the input is closed. Writes
//! `{"full"}` when the attack is running, with whether it has full force, and `{"attempts", "failures",
//! "batches"}` at the end.

mod batches;
mod bodies;
mod connections;
mod device;
mod handshakes;
mod logins;
mod members;
mod sockets;
mod target;

use std::{
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result};
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, stdin},
    net::TcpStream,
    sync::{Mutex, Notify},
    time::{Interval, interval, timeout},
};

pub(crate) use self::target::{Attack, Target};
use crate::{http, os};

/// The source address. Legitimate clients use 127.0.0.1.
const FROM: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// The time limit for reaching full force. An attack that the services slow down never reaches it.
const READY_WITHIN: Duration = Duration::from_secs(12);
/// The time limit of one connection, upgrade or first answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running attack.
struct AttackRun {
    target: Target,
    /// Permits one attempt a tick.
    pace: Mutex<Interval>,
    attempts: AtomicU64,
    failures: AtomicU64,
    /// Batches of credentials that were issued.
    batches: AtomicU64,
    /// The number of attempts at full force.
    full: u64,
    ready: Notify,
}

pub(crate) async fn run() -> Result<()> {
    let mut lines = BufReader::new(stdin()).lines();
    let line = lines.next_line().await?.context("no target was given")?;
    let target: Target = serde_json::from_str(&line).context("the target is malformed")?;
    os::raise_file_limit()?;
    let plan = target.attack.plan();
    let slots = plan.slots.min(target.connections);
    let attacker = Arc::new(AttackRun {
        pace: Mutex::new(interval(Duration::from_secs(1) / plan.per_second)),
        attempts: AtomicU64::new(0),
        failures: AtomicU64::new(0),
        batches: AtomicU64::new(0),
        full: u64::from(plan.full) * u64::from(slots) / u64::from(plan.slots),
        ready: Notify::new(),
        target,
    });
    for slot in 0..slots {
        tokio::spawn(Arc::clone(&attacker).repeat(slot));
    }
    // An attack in part is one as well.
    let ready = timeout(READY_WITHIN, attacker.ready.notified()).await;
    os::say(&json!({ "full": ready.is_ok() }).to_string())?;
    while lines.next_line().await?.is_some() {}
    let report = json!({
        "attempts": attacker.attempts.load(Ordering::Relaxed),
        "failures": attacker.failures.load(Ordering::Relaxed),
        "batches": attacker.batches.load(Ordering::Relaxed),
    });
    os::say(&report.to_string())?;
    Ok(())
}

impl AttackRun {
    /// Repeats the attempt as long as the process lives.
    async fn repeat(self: Arc<Self>, slot: u32) {
        loop {
            let number = self.attempt().await;
            if self.once(slot, number).await.is_err() {
                self.failures.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Runs one attempt until the services refuse or end it.
    async fn once(&self, slot: u32, number: u64) -> Result<()> {
        match self.target.attack {
            Attack::SlowBodies => bodies::slow_body(self, bodies::Service::Rooms).await,
            Attack::SlowStreams => bodies::slow_streams(self).await,
            Attack::SlowDevices => bodies::slow_body(self, bodies::Service::Issuer).await,
            Attack::IdleRooms => connections::ask_once(self, &self.target.rooms).await,
            Attack::IdleIssuer => connections::ask_once(self, &self.target.issuer).await,
            Attack::SilentHandshakes => handshakes::silent(self).await,
            Attack::HalfHandshakes => handshakes::half(self).await,
            Attack::IdleSockets => sockets::unjoined(self).await,
            Attack::HalfFrames => sockets::half_frame(self).await,
            Attack::FullCall => members::stay(self, self.target.member(0)?).await,
            Attack::FullLobby => members::stay(self, &self.target.stranger).await,
            Attack::Relays | Attack::RelaysToSlowAdmin => members::relay(self, slot).await,
            Attack::Hands => members::flap(self, slot).await,
            Attack::LobbyStorm => members::come_and_go(self).await,
            Attack::LoginsOfOneSite => logins::log_in(self, &logins::one_site(number)).await,
            Attack::LoginsOfManyAddresses => {
                logins::log_in(self, &logins::many_addresses(number)).await
            }
            Attack::GroupBatches => batches::ask(self, batches::GROUP).await,
            Attack::LinkBatches => batches::ask(self, batches::LINK).await,
        }
    }

    /// Waits for the next tick of the pace, and counts.
    async fn attempt(&self) -> u64 {
        self.pace.lock().await.tick().await;
        let number = self.attempts.fetch_add(1, Ordering::Relaxed);
        if number + 1 >= self.full {
            self.ready.notify_one();
        }
        number
    }

    async fn connect(&self, host: &str) -> Result<TcpStream> {
        timeout(PATIENCE, http::connect_from(FROM, host))
            .await
            .context("no connection in time")?
    }
}
