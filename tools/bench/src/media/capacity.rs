//! The rate of our server at 10 x 50, raised until something bounds it.

use anteroom_bench_media::messages::WindowCounts;
use anyhow::Result;
use serde::Serialize;

use super::{
    anteroom::AnteroomMedia,
    goals,
    row::{Shape, micros},
    run::{OURS, Run},
    subject::MediaSubject as _,
};

/// The step of the rate, in hundredths.
const STEP: u32 = 25;

/// The share of a core from which it is full.
const FULL: f64 = 0.9;

/// The highest rate without loss.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Capacity {
    pub(super) publishers: u32,
    pub(super) viewers: u32,
    /// Forwarded packets, and bits of their payloads, a second.
    pub(super) packets_per_second: f64,
    pub(super) bits_per_second: f64,
    /// The share of a core that the server used, and the load.
    pub(super) server_cores: f64,
    pub(super) load_cores: f64,
    pub(super) us_per_packet: f64,
    /// Forwarded packets in a second of the server's CPU time: the load's is not in it.
    pub(super) packets_per_core: f64,
    pub(super) delay_p99_ms: f64,
    /// The delay at half of that rate.
    pub(super) delay_p99_ms_at_half: f64,
    /// The cause why a higher rate was not carried.
    pub(super) bound: &'static str,
}

impl Run<'_> {
    pub(super) fn capacity(&mut self) -> Result<Capacity> {
        let (publishers, viewers, _) = self.extent.rows.last().copied().unwrap_or((1, 1, 1));
        let shape = Shape {
            publishers,
            viewers,
            estimation: true,
            percent: 100,
        };
        let mut server = AnteroomMedia::start(&self.programs.server_and_load)?;
        self.connect(&mut server, OURS, &shape)?;
        let process = server.process();
        let first = self.extent.first_warm_up;
        let mut best = self.window(process, OURS, STEP, first)?;
        let mut bound = "the highest rate that is tried";
        let mut percent = STEP;
        while percent < self.extent.most_percent {
            let next = self.window(process, OURS, percent + STEP, self.extent.warm_up)?;
            if let Some(reason) = reason(&shape, &next, percent + STEP) {
                bound = reason;
                break;
            }
            percent += STEP;
            best = next;
        }
        let half = self.window(process, OURS, (percent / 2).max(1), self.extent.warm_up)?;
        self.load.close(OURS)?;
        Ok(Capacity {
            publishers,
            viewers,
            packets_per_second: best.received as f64 / best.seconds,
            bits_per_second: best.bytes as f64 * 8.0 / best.seconds,
            server_cores: best.server_seconds / best.seconds,
            load_cores: best.load_seconds / best.seconds,
            us_per_packet: micros(&best),
            packets_per_core: best.received as f64 / best.server_seconds,
            delay_p99_ms: best.delay_p99_millis,
            delay_p99_ms_at_half: half.delay_p99_millis,
            bound,
        })
    }
}

impl Capacity {
    /// Returns the goal with whether it is reached.
    pub(super) fn verdict(&self) -> (String, bool) {
        let (delay, most) = (self.delay_p99_ms_at_half, goals::DELAY_AT_HALF_LOAD);
        let text = format!("delay p99 {delay:.1} ms at half of that, less than {most}");
        (text, delay < most)
    }
}

/// Returns the reason why a rate was not carried, if it was not.
fn reason(shape: &Shape, counts: &WindowCounts, percent: u32) -> Option<&'static str> {
    // A publisher that is late leaves packets out.
    let wanted = f64::from(shape.publishers * percent) * 1.6 * counts.seconds;
    let is_late = (counts.sent as f64) < 0.97 * wanted;
    if !is_late && shape.lost(counts) == 0 && counts.dropped_by_load == 0 {
        return None;
    }
    let server = counts.server_seconds / counts.seconds;
    Some(if server >= FULL {
        "the thread of the server"
    } else if counts.busiest >= FULL || is_late {
        "the load"
    } else {
        "losses while neither server nor load are full"
    })
}
