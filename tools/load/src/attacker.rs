//! The attacker: one attack from an address of its own, in a process of its own. Its pace bounds its share of
//! the processors, and it has a low priority (`nice`), the lowest if the processor is the target.
//!
//! Reads the [`Target`] as one line of JSON on standard input and attacks until the next line. Writes
//! `{"full"}` when the attack is running, with whether it has full force, and `{"attempts", "failures",
//! "batches", "unproven"}` at the end.

mod batches;
mod bodies;
mod connections;
mod device;
mod handshakes;
mod insiders;
mod logins;
mod media;
mod members;
mod sockets;
mod state;
mod target;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use anyhow::{Context as _, Result};
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, stdin},
    time::timeout,
};

use self::state::AttackRun;
pub(crate) use self::target::{Attack, Insider, Target};
use crate::os;

/// The time limit for reaching full force. An attack that the services slow down never reaches it.
const READY_WITHIN: Duration = Duration::from_secs(12);

pub(crate) async fn run() -> Result<()> {
    let mut lines = BufReader::new(stdin()).lines();
    let line = lines.next_line().await?.context("no target was given")?;
    let target: Target = serde_json::from_str(&line).context("the target is malformed")?;
    os::raise_file_limit()?;
    let plan = target.attack.plan();
    let slots = plan.slots.min(target.connections);
    let attacker = Arc::new(AttackRun::new(target, slots));
    for slot in 0..slots {
        tokio::spawn(repeat(Arc::clone(&attacker), slot));
    }
    // An attack in part is one as well.
    let ready = timeout(READY_WITHIN, attacker.ready.notified()).await;
    os::say(&json!({ "full": ready.is_ok() }).to_string())?;
    lines.next_line().await?;
    let report = json!({
        "attempts": attacker.attempts.load(Ordering::Relaxed),
        "failures": attacker.failures.load(Ordering::Relaxed),
        "batches": attacker.batches.load(Ordering::Relaxed),
        "unproven": attacker.unproven.load(Ordering::Relaxed),
    });
    os::say(&report.to_string())?;
    Ok(())
}

/// Repeats the attempt as long as the process lives.
async fn repeat(attacker: Arc<AttackRun>, slot: u32) {
    loop {
        let number = attacker.attempt().await;
        if once(&attacker, slot, number).await.is_err() {
            attacker.failures.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Runs one attempt until the services refuse or end it.
async fn once(attacker: &AttackRun, slot: u32, number: u64) -> Result<()> {
    match attacker.target.attack {
        Attack::SlowBodies => bodies::slow_body(attacker, bodies::Service::Rooms).await,
        Attack::SlowStreams => bodies::slow_streams(attacker).await,
        Attack::SlowDevices => bodies::slow_body(attacker, bodies::Service::Issuer).await,
        Attack::IdleRooms => connections::ask_once(attacker, &attacker.target.rooms).await,
        Attack::IdleIssuer => connections::ask_once(attacker, &attacker.target.issuer).await,
        Attack::SilentHandshakes => handshakes::silent(attacker).await,
        Attack::HalfHandshakes => handshakes::half(attacker).await,
        Attack::IdleSockets => sockets::unjoined(attacker).await,
        Attack::HalfFrames => sockets::half_frame(attacker).await,
        Attack::FullCall => members::stay(attacker, attacker.target.member(0)?).await,
        Attack::FullLobby => members::stay(attacker, &attacker.target.stranger).await,
        Attack::Relays | Attack::RelaysToSlowAdmin => members::relay(attacker, slot).await,
        Attack::Hands => members::flap(attacker, slot).await,
        Attack::LobbyStorm => members::come_and_go(attacker).await,
        Attack::LoginsOfOneSite => logins::log_in(attacker, &logins::one_site(number)).await,
        Attack::LoginsOfManyAddresses => {
            logins::log_in(attacker, &logins::many_addresses(number)).await
        }
        Attack::GroupBatches => batches::ask(attacker, batches::GROUP).await,
        Attack::LinkBatches => batches::ask(attacker, batches::LINK).await,
        Attack::MediaFlood => media::flood(attacker, number).await,
        Attack::MediaConnections => media::silent_connection(attacker, number).await,
        Attack::MediaSurplus => insiders::send_too_much(attacker).await,
        Attack::MediaStreams => insiders::send_in_streams_of_others(attacker).await,
        Attack::MediaNomination => insiders::aim_at_somebody(attacker).await,
    }
}
