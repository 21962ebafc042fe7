//! The events and the metrics of a service.
//!
//! They exist before the service's database is open, and outlive every attempt to open it, so that requests
//! answered meanwhile are counted, and raise alerts.

use std::sync::Arc;

use anteroom_console::{environment::Environment, os::OsClock};
use anteroom_runtime::Metrics;

use super::{EventOutputs, Events, events::open_events};

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
    /// Opens those of a service, which the log names.
    ///
    /// # Errors
    /// An output of events cannot be used.
    pub fn open(
        service: &'static str,
        settings: &Settings,
        outputs: EventOutputs<'_>,
        environment: &Environment,
    ) -> anyhow::Result<Self> {
        let events = open_events(&settings.events, outputs, environment)?;
        let metrics = Metrics::of_service(Some(service), events.sink(), Arc::new(OsClock));
        events.show_counts(&metrics);
        Ok(Self { events, metrics })
    }
}
