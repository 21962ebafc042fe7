//! `anteroom serve --check`: whether the services would start. Nothing is changed.

use anteroom_console::{context::Context, exit_status::ExitStatus};
use anteroom_server::{checks, settings::Settings};

/// Checks everything that a start needs. The exit status is 1 if there is a problem.
pub(super) async fn run(settings: &Settings, context: &Context) -> anyhow::Result<ExitStatus> {
    let findings = checks::of_this_machine(settings, &context.data, &context.environment).await;
    checks::show(&findings, context.json)
}
