//! The measurements as a table, as JSON or as a chart.

use std::fmt;

use serde::Serialize;

use super::{call_of_75::CallOf75, capacity::Capacity, chart, row::Row};

/// All measurements of one run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub(super) pairs: u32,
    /// The floor: protecting a packet and sending it alone, in microseconds.
    pub(super) floor_us: f64,
    pub(super) rows: Vec<Row>,
    pub(super) capacity: Capacity,
    pub(super) call_of_75: CallOf75,
}

impl Report {
    /// Returns the measurements as an SVG chart.
    #[must_use]
    pub fn chart(&self) -> String {
        chart::svg(&self.rows, self.floor_us)
    }

    /// Returns whether all goals are reached.
    #[must_use]
    pub fn reached(&self) -> bool {
        let rows = self.rows.iter().flat_map(Row::verdicts);
        let mut verdicts = rows.chain([self.capacity.verdict()]);
        verdicts.all(|(_, met)| met)
    }
}

const fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "MISSED" }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} interleaved pairs; the floor is {:.2} us a packet\n",
            self.pairs, self.floor_us
        )?;
        writeln!(
            f,
            "{:<10} {:<10} {:>5} {:>5} {:>22} {:>6} {:>7} {:>15} {:>8} {:>7} {:>6} {:>10}",
            "",
            "estimation",
            "rate",
            "us",
            "min/median/max",
            "ratio",
            "floors",
            "delay p50/p99",
            "kB each",
            "allocs",
            "lost",
            "a core"
        )?;
        for row in &self.rows {
            let allocations = row.allocations_per_packet;
            let allocations =
                allocations.map_or_else(String::new, |allocations| format!("{allocations:.2}"));
            writeln!(
                f,
                "{:<10} {:<10} {:>4}% {:>5.2} {:>22} {:>6.2} {:>7.2} {:>15} {:>8.0} {:>7} {:>6} {:>10.0}  {}",
                format!("{} x {}", row.publishers, row.viewers),
                if row.estimation { "on" } else { "off" },
                row.rate_percent,
                row.us_per_packet,
                format!("{:.2}", row.us_range),
                row.ratio,
                row.to_floor,
                format!("{:.2} / {:.2}", row.delay_p50_ms, row.delay_p99_ms),
                row.bytes_per_participant as f64 / 1e3,
                allocations,
                row.lost,
                row.packets_per_core,
                row.server,
            )?;
        }
        writeln!(f, "\nGoals")?;
        for row in &self.rows {
            for (text, met) in row.verdicts() {
                writeln!(
                    f,
                    "{:<8} estimation {:<4} {text}: {}",
                    format!("{} x {}", row.publishers, row.viewers),
                    if row.estimation { "on" } else { "off" },
                    verdict(met)
                )?;
            }
        }
        let capacity = &self.capacity;
        let (text, met) = capacity.verdict();
        writeln!(
            f,
            "\nHighest rate without loss at {} x {}: {:.0} packets and {:.0} Mbit a second, with {:.2} cores of the \
             server and {:.2} of the load; {:.0} packets a second of CPU time, {:.2} us each.\n\
             Bound by {}.\n{text}: {}",
            capacity.publishers,
            capacity.viewers,
            capacity.packets_per_second,
            capacity.bits_per_second / 1e6,
            capacity.server_cores,
            capacity.load_cores,
            capacity.packets_per_core,
            capacity.us_per_packet,
            capacity.bound,
            verdict(met)
        )?;
        let call = &self.call_of_75;
        write!(
            f,
            "\nA call of {}, who see {} others each: {:.0} packets a second come and {:.0} go, {:.2} us each, with \
             {:.2} cores of the server and {:.2} of the load; delay {:.2} / {:.2} ms, {:.0} kB each, {} lost. By CPU \
             time a core carries {:.0} members.",
            call.members,
            call.pictures,
            call.received_per_second,
            call.forwarded_per_second,
            call.us_per_packet,
            call.server_cores,
            call.load_cores,
            call.delay_p50_ms,
            call.delay_p99_ms,
            call.bytes_per_participant as f64 / 1e3,
            call.lost,
            call.members_of_a_core,
        )
    }
}
