//! `anteroom keys`

mod list;
mod master;
mod progress;
mod public;
mod rotate;
mod transfer;

use anteroom_console::{data_dir::DataDir, environment::Environment};
use anteroom_server::settings::Settings;

use crate::{cli::Keys, operator_changes::ChangedServices};

pub(super) async fn run(
    command: Keys,
    json: bool,
    settings: &Settings,
    data: &DataDir,
    environment: &Environment,
    changes: &ChangedServices,
) -> anyhow::Result<()> {
    match command {
        Keys::List => list::run(json, settings, data, environment).await,
        Keys::Rotate(options) => rotate::run(&options, json, data, environment, changes).await,
        Keys::ExportPublic { out } => public::export(&out, json, data, environment).await,
        Keys::Trust { file, issuer } => {
            anteroom_user_cli::trust::run(&file, issuer.as_deref(), json, data, environment)
        }
        Keys::Export { out } => transfer::export(&out, json, data, environment, changes).await,
        Keys::Import { file, new } => {
            transfer::import(&file, new, json, data, environment, changes).await
        }
    }
}
