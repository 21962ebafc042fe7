//! `anteroom serve --check`: whether the services would start. Nothing is changed.

use super::checks;
use crate::{
    data_dir::DataDir, environment::Environment, exit_status::ExitStatus, settings::Settings,
};

/// Looks at all that a start needs; the exit status is 1 if anything is in the way.
pub(super) async fn run(
    json: bool,
    settings: &Settings,
    data: &DataDir,
    environment: &Environment,
) -> anyhow::Result<ExitStatus> {
    let findings = checks::of_this_machine(settings, data, environment).await;
    checks::show(&findings, json)
}
