//! A call in which everybody sends sound and a small picture, and sees some of the others.

use anteroom_bench_media::messages::Traffic;
use anyhow::Result;
use serde::Serialize;

use super::{
    anteroom::AnteroomMedia,
    row::micros,
    run::{OURS, Run},
    subject::MediaSubject as _,
};

/// Pictures of 180 lines, 15 a second and one packet each, and sound.
const TRAFFIC: Traffic = Traffic {
    picture_micros: 66_667,
    picture_packets: 1,
    picture_bytes: 1_000,
    sound_micros: 20_000,
    sound_bytes: 80,
};

/// The slots for sound of each.
const SOUNDS: u32 = 3;

/// The share of a core from which it is full.
const FULL: f64 = 0.9;

/// The measurements of the call.
#[derive(Clone, Debug, Serialize)]
pub(super) struct CallOf75 {
    pub(super) members: u32,
    pub(super) pictures: u32,
    /// Packets a second that come to the server, and that it forwards.
    pub(super) received_per_second: f64,
    pub(super) forwarded_per_second: f64,
    pub(super) us_per_packet: f64,
    /// The share of a core that the server uses, and the load.
    pub(super) server_cores: f64,
    pub(super) load_cores: f64,
    pub(super) delay_p50_ms: f64,
    pub(super) delay_p99_ms: f64,
    pub(super) bytes_per_participant: u64,
    pub(super) lost: u64,
    pub(super) dropped_by_load: u64,
    /// The members that a full core would carry, each with as many packets, of which each costs as much.
    pub(super) members_of_a_core: f64,
}

impl Run<'_> {
    pub(super) fn call_of_75(&mut self) -> Result<CallOf75> {
        let (members, seen) = (self.extent.members, self.extent.seen);
        let mut server = AnteroomMedia::start(&self.programs.server_and_load)?;
        let process = server.process();
        let before = anteroom_bench_media::process_usage::resident_bytes(process)?;
        let mut slots = Vec::new();
        for _ in 0..members {
            let client = self.client(OURS, Some(TRAFFIC), (SOUNDS, seen), true);
            let number = client.number;
            slots.push((number, server.join(&mut self.load, client)?));
        }
        self.load.until_connected()?;
        let numbers: Vec<u32> = slots.iter().map(|(number, _)| *number).collect();
        for (place, (number, slots)) in slots.into_iter().enumerate() {
            let others = numbers.iter().cycle().skip(place + 1);
            let others: Vec<u32> = others.take(seen as usize).copied().collect();
            server.view(number, slots, &others)?;
        }
        let warm_up = self.extent.first_warm_up;
        // The first window is for the connections to settle.
        self.window(process, OURS, 100, warm_up)?;
        let counts = self.window(process, OURS, 100, warm_up)?;
        self.load.close(OURS)?;
        let cores = counts.server_seconds / counts.seconds;
        Ok(CallOf75 {
            members,
            pictures: seen,
            received_per_second: counts.sent as f64 / counts.seconds,
            forwarded_per_second: counts.received as f64 / counts.seconds,
            us_per_packet: micros(&counts),
            server_cores: cores,
            load_cores: counts.load_seconds / counts.seconds,
            delay_p50_ms: counts.delay_p50_millis,
            delay_p99_ms: counts.delay_p99_millis,
            bytes_per_participant: counts.server_bytes.saturating_sub(before)
                / u64::from(members.max(1)),
            lost: counts.gaps.saturating_sub(counts.dropped_by_load),
            dropped_by_load: counts.dropped_by_load,
            members_of_a_core: f64::from(members) * FULL / cores.max(f64::EPSILON),
        })
    }
}
