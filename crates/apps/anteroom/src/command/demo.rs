//! `anteroom demo`: a whole call in one process, with real servers on free ports.

mod accounts;
mod leak_report;
mod script;
mod services;

use std::time::Instant;

use anteroom_console::terminal::print;
use anteroom_server::settings::Settings;
use anyhow::Context as _;
use tempfile::TempDir;

use self::{leak_report::LeakReport, script::DemoScript, services::DemoServices};

/// Runs the script and shows the data that each service stored. Deletes everything afterwards.
pub(super) async fn run(settings: &Settings) -> anyhow::Result<()> {
    let started = Instant::now();
    let directory =
        TempDir::with_prefix("anteroom-demo-").context("there is no place for the demo's files")?;
    let services = DemoServices::start(settings, directory.path()).await?;
    print("Two services, each with its own database, master key, log and events:")?;
    print(&format!("  the issuer        {}", services.issuer_url))?;
    print(&format!("  the room service  {}", services.rooms_url))?;
    print("")?;
    let script = DemoScript::run(&services).await;
    // The files are complete after the services have stopped.
    let files = services.stop().await?;
    let secrets = script?;
    print("")?;
    let leak_report = LeakReport::search(&files, &secrets)?;
    leak_report.show()?;
    let seconds = started.elapsed().as_secs_f32();
    print("")?;
    print(&format!(
        "All of this took {seconds:.1} s and is deleted now."
    ))?;
    leak_report.verdict()
}
