//! The events and the metrics of a service.
//!
//! They exist before the service's database is open, and outlive every attempt to open it, so that requests
//! answered meanwhile are counted, and raise alerts.

use std::sync::Arc;

use anteroom_console::{data_dir::DataDir, environment::Environment, os::OsClock};
use anteroom_runtime::Metrics;

use super::{EventOutputSettings, Events};

use crate::settings::Settings;

/// The events and the metrics of one service. Clones share them.
#[derive(Clone)]
pub struct Telemetry {
    /// The sinks of the events.
    pub events: Events,
    /// The metrics.
    pub metrics: Metrics,
}

impl Telemetry {
    /// Opens those of the issuer.
    ///
    /// # Errors
    /// An output of events cannot be used.
    pub fn of_issuer(
        settings: &Settings,
        data: &DataDir,
        environment: &Environment,
    ) -> anyhow::Result<Self> {
        let outputs = EventOutputSettings {
            file: settings.events.file.as_deref(),
            webhook: settings.events.webhook.url.as_deref(),
            spool: data.issuer_webhook(),
            time_step: settings.events.time_step_seconds,
        };
        Self::open("issuer", settings, outputs, environment)
    }

    /// Opens those of the room service.
    ///
    /// # Errors
    /// An output of events cannot be used.
    pub fn of_rooms(
        settings: &Settings,
        data: &DataDir,
        environment: &Environment,
    ) -> anyhow::Result<Self> {
        let outputs = EventOutputSettings {
            file: settings.events.rooms_file.as_deref(),
            webhook: settings.events.webhook.rooms_url.as_deref(),
            spool: data.rooms_webhook(),
            time_step: settings.events.rooms_time_step_seconds,
        };
        Self::open("rooms", settings, outputs, environment)
    }

    fn open(
        service: &'static str,
        settings: &Settings,
        outputs: EventOutputSettings<'_>,
        environment: &Environment,
    ) -> anyhow::Result<Self> {
        let events = Events::open(&settings.events, outputs, environment)?;
        let metrics = Metrics::of_service(service, events.sink(), Arc::new(OsClock));
        events.show_counts(&metrics);
        Ok(Self { events, metrics })
    }
}
