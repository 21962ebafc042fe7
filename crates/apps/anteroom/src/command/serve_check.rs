//! `anteroom serve --check`: whether the services would start. Nothing is changed.

use anteroom_console::{data_dir::DataDir, environment::Environment, exit_status::ExitStatus};
use anteroom_server::{checks, settings::Settings};

/// Checks everything that a start needs. The exit status is 1 if there is a problem.
pub(super) async fn run(
    json: bool,
    settings: &Settings,
    data: &DataDir,
    environment: &Environment,
) -> anyhow::Result<ExitStatus> {
    let findings = checks::of_this_machine(settings, data, environment).await;
    checks::show(&findings, json)
}
