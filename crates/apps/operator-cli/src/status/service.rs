//! A service that runs, or does not.

use std::{collections::BTreeMap, time::Duration};

use anteroom_client::{Probe, ProbeAnswer, ServiceAddress, Timeouts};
use anteroom_console::listen::Addresses;
use anteroom_runtime::{Health, HealthReport};
use anteroom_server::settings::Settings;
use serde::Serialize;

/// The time limits: a service on this machine answers immediately or not at all.
pub(crate) const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(5),
    request: Duration::from_secs(10),
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ServiceStatus {
    pub(super) service: &'static str,
    /// `running`, `stopped`, or `silent`: the service has published its address, and does not answer.
    pub(super) state: &'static str,
    /// The address of its listener.
    pub(super) listens: Option<String>,
    /// Its public address.
    pub(super) public: Option<String>,
    pub(super) health: Option<Health>,
    pub(super) dependencies: BTreeMap<String, Health>,
}

/// Returns the services of the role.
pub(super) async fn all(settings: &Settings, addresses: Option<&Addresses>) -> Vec<ServiceStatus> {
    let issuer = addresses.map(|it| (&it.issuer, it.issuer_address(), &it.issuer_public));
    let rooms = addresses.map(|it| (&it.rooms, it.rooms_address(), &it.rooms_public));
    let mut services = Vec::new();
    for (runs, service, published, setting) in [
        (
            settings.role.issues(),
            "issuer",
            issuer,
            &settings.issuer.public_url,
        ),
        (
            settings.role.holds_rooms(),
            "rooms",
            rooms,
            &settings.rooms.public_url,
        ),
    ] {
        if !runs {
            continue;
        }
        let (listens, address, public) = published.unwrap_or((&None, None, &None));
        let setting = || setting.as_deref().map(str::to_owned);
        let public = public.clone().or_else(setting);
        services.push(of(service, listens.clone(), address, public).await);
    }
    services
}

async fn of(
    service: &'static str,
    listens: Option<String>,
    address: Option<ServiceAddress>,
    public: Option<String>,
) -> ServiceStatus {
    let report = match address {
        Some(address) => ready(address).await,
        None => None,
    };
    let state = match (&listens, &report) {
        (None, _) => "stopped",
        (Some(_), None) => "silent",
        (Some(_), Some(_)) => "running",
    };
    ServiceStatus {
        service,
        state,
        listens,
        public,
        health: report.as_ref().map(|report| report.status),
        dependencies: report.map_or_else(BTreeMap::new, |report| report.dependencies),
    }
}

/// Returns the readiness report.
async fn ready(address: ServiceAddress) -> Option<HealthReport> {
    let probe = Probe::new(address, TIMEOUTS);
    let answer = probe.get(&["health", "ready"]).await;
    answer.ok().as_ref().and_then(report_of)
}

/// Returns the report of an answer, which has one also while the service is not ready.
pub(crate) fn report_of(answer: &ProbeAnswer) -> Option<HealthReport> {
    serde_json::from_slice(&answer.body).ok()
}
