//! `cargo xtask bench media`: our media server beside Janus' VideoRoom, with the same load in one run.
//!
//! Each row has both servers with the same publishers and viewers connected, who send in turns: windows of ours
//! and of Janus are interleaved. The load is a process of its own and the same for both. The floor is measured in
//! the same run. Then the rate of our server rises until something bounds it, and a call of 75 is measured.

mod anteroom;
mod call_of_75;
mod capacity;
mod chart;
mod goals;
mod janus;
mod load;
mod report;
mod row;
mod run;
mod subject;
mod video_room;

use anyhow::{Context as _, Result, ensure};

pub use self::report::Report;
use self::{
    load::MediaLoad,
    row::Shape,
    run::{Extent, Run, SHORT, WHOLE},
};
use crate::programs::MediaPrograms;

/// Measures everything, in `pairs` interleaved pairs. A short run shows only that the measurement works.
///
/// # Errors
/// A program does not start, or a connection fails.
pub fn measure(programs: &MediaPrograms, pairs: u32, is_short: bool) -> Result<Report> {
    ensure!(pairs > 0, "at least one pair");
    let extent = match is_short {
        true => SHORT,
        false => Extent { pairs, ..WHOLE },
    };
    let mut run = Run {
        programs,
        extent,
        load: MediaLoad::start(&programs.server_and_load)?,
        next_number: 0,
    };
    let mut rows = Vec::new();
    let floor = run.floor()?;
    for (publishers, viewers, percent) in extent.rows {
        for estimation in [true, false] {
            let shape = Shape {
                publishers: *publishers,
                viewers: *viewers,
                estimation,
                percent: *percent,
            };
            let pair = run
                .row(&shape, floor)
                .with_context(|| format!("{publishers} x {viewers} cannot be measured"))?;
            rows.extend(pair);
        }
    }
    let capacity = run.capacity()?;
    let call_of_75 = run.call_of_75()?;
    Ok(Report {
        pairs: extent.pairs,
        floor_us: floor,
        rows,
        capacity,
        call_of_75,
    })
}
