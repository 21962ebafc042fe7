//! Checks of this machine's configuration. They change nothing.

mod configuration;
mod files;
mod finding;
mod ports;
mod stores;

pub use self::finding::{Finding, show};
use anteroom_console::{data_dir::DataDir, environment::Environment, failure::Failure};

use crate::settings::Settings;

/// Checks everything that `anteroom serve` needs from this machine before it listens.
pub async fn of_this_machine(
    settings: &Settings,
    data: &DataDir,
    environment: &Environment,
) -> Vec<Finding> {
    let mut findings = configuration::all(settings, data, environment);
    findings.extend(ports::all(settings, data).await);
    let place = files::all(data, environment);
    let is_usable = !place.iter().any(Finding::is_problem);
    findings.extend(place);
    findings.extend(stores::all(settings, data, environment, is_usable).await);
    findings
}

/// Refuses settings that the services cannot start with, before anything is made.
pub fn refuse_settings(
    settings: &Settings,
    data: &DataDir,
    environment: &Environment,
) -> anyhow::Result<()> {
    let mut findings = configuration::all(settings, data, environment).into_iter();
    let Some(problem) = findings.find(Finding::is_problem) else {
        return Ok(());
    };
    let failure = Failure::new("setting_invalid", problem.what);
    Err(failure
        .next(sentence(&problem.next.unwrap_or_default()))
        .into())
}

fn sentence(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(rest).collect()
}
