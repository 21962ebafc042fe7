//! The status as it is printed as JSON.

use anteroom_server::{
    disk::Disk,
    settings::{MailTransport, RelayProvider},
};
use serde::Serialize;

use super::{database::DatabaseStatus, service::ServiceStatus};

/// The JSON output. It has exactly these members.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StatusReport {
    /// The version of this program.
    pub(crate) version: &'static str,
    /// The version of the running program, if one is running.
    pub(crate) running_version: Option<String>,
    pub(crate) data: String,
    pub(crate) configuration: Option<String>,
    pub(crate) services: Vec<ServiceStatus>,
    pub(crate) databases: Vec<DatabaseStatus>,
    pub(crate) disk: Option<Disk>,
    pub(crate) mail: Mail,
    pub(crate) relays: Relays,
    pub(crate) events: Events,
}

#[derive(Serialize)]
pub(crate) struct Mail {
    pub(crate) transport: MailTransport,
    pub(crate) server: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Relays {
    pub(crate) provider: RelayProvider,
    pub(crate) host: Option<String>,
    pub(crate) experiment_percent: u8,
}

/// Events that wait for a receiver.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Events {
    pub(crate) issuer_waiting: Option<usize>,
    pub(crate) rooms_waiting: Option<usize>,
}
