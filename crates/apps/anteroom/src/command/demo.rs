//! `anteroom demo`: the whole story in one process, with real servers on free ports.

mod knowledge;
mod people;
mod side;
mod story;

use std::time::Instant;

use anyhow::Context as _;
use tempfile::TempDir;

use self::{knowledge::Knowledge, side::Sides, story::Story};
use crate::{settings::Settings, terminal::print};

/// Runs the script and shows the data that each service stored. Deletes everything afterwards.
pub(super) async fn run(settings: &Settings) -> anyhow::Result<()> {
    let started = Instant::now();
    let directory =
        TempDir::with_prefix("anteroom-demo-").context("there is no place for the demo's files")?;
    let sides = Sides::start(settings, directory.path()).await?;
    print("Two services, each with its own database, master key, log and events:")?;
    print(&format!("  the issuer        {}", sides.issuer_url))?;
    print(&format!("  the room service  {}", sides.rooms_url))?;
    print("")?;
    let story = Story::play(&sides).await;
    // The files are complete after the services have stopped.
    let files = sides.stop().await?;
    let secrets = story?;
    print("")?;
    let knowledge = Knowledge::search(&files, &secrets)?;
    knowledge.show()?;
    let seconds = started.elapsed().as_secs_f32();
    print("")?;
    print(&format!(
        "All of this took {seconds:.1} s and is deleted now."
    ))?;
    knowledge.verdict()
}
