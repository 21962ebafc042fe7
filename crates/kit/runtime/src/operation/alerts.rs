//! The alerts of a service: one scope for each of its areas, and one for the service as a whole.

use std::sync::{Arc, atomic::AtomicU64};

use anteroom_protocol::Timestamp;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};

use super::{
    Area, Operation,
    escalation::{CONSECUTIVE, Escalation, PERCENT, Rule, Transition, WINDOW},
};
use crate::{Event, EventSink};

/// The label of the scope of all areas.
const WHOLE_SERVICE: &str = "all";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AlertLabels {
    area: &'static str,
    rule: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AreaLabels {
    area: &'static str,
}

/// The gauges of a share, by area.
#[derive(Clone, Debug, Default)]
pub(crate) struct AreaRates(Family<AreaLabels, Gauge<f64, AtomicU64>>);

impl AreaRates {
    pub(crate) fn register(registry: &mut Registry, name: &str, help: &str) -> Self {
        let rates = Self::default();
        registry.register(name, help, rates.0.clone());
        rates
    }

    /// Sets the gauge to `part` of `part + rest`, and to 1 if both are 0.
    pub(crate) fn set(&self, area: Option<Area>, part: u64, rest: u64) {
        let labels = AreaLabels {
            area: area.map_or(WHOLE_SERVICE, Area::as_str),
        };
        let float = |number| u32::try_from(number).map_or(f64::from(u32::MAX), f64::from);
        let rate = match part.saturating_add(rest) {
            0 => 1.0,
            total => float(part) / float(total),
        };
        self.0.get_or_create(&labels).set(rate);
    }
}

/// Evaluates outcomes, and reports alerts by gauges, events and the log.
pub(super) struct Alerts {
    /// The areas, and then the service as a whole.
    scopes: Vec<(Option<Area>, Escalation)>,
    outputs: AlertOutputs,
}

struct AlertOutputs {
    events: Arc<dyn EventSink>,
    alerts: Family<AlertLabels, Gauge>,
    any: Gauge,
    /// The number of raised alerts.
    raised: usize,
    success_rates: AreaRates,
}

impl Alerts {
    pub(super) fn register(registry: &mut Registry, events: Arc<dyn EventSink>) -> Self {
        let (alerts, any) = (Family::default(), Gauge::default());
        registry.register(
            "alert",
            "1 while the alert is raised",
            Family::clone(&alerts),
        );
        registry.register(
            "error_rate_alert",
            "1 while any alert of the service is raised",
            Gauge::clone(&any),
        );
        let success_rates = AreaRates::register(
            registry,
            "success_rate",
            "Share of succeeded operations in those that succeeded or failed in the last minute",
        );
        let outputs = AlertOutputs {
            events,
            alerts,
            any,
            raised: 0,
            success_rates,
        };
        outputs.begin(None);
        Self {
            scopes: vec![(None, Escalation::default())],
            outputs,
        }
    }

    pub(super) fn watch(&mut self, area: Area) {
        let area = Some(area);
        if self.scopes.iter().all(|(watched, _)| *watched != area) {
            let whole = self.scopes.len().saturating_sub(1);
            self.scopes.insert(whole, (area, Escalation::default()));
            self.outputs.begin(area);
        }
    }

    /// Counts an operation, which has this number among those of the service.
    pub(super) fn record(
        &mut self,
        now: Timestamp,
        operation: Operation,
        number: usize,
        failed: bool,
    ) {
        for (area, scope) in &mut self.scopes {
            // Runs of single operations are counted in their areas only.
            let number = match area {
                Some(area) if *area == operation.area => number,
                Some(_) => continue,
                None => 0,
            };
            let transitions = match failed {
                true => scope.failed(now, number),
                false if !operation.is_preparatory => scope.succeeded(now, number),
                false if area.is_none() => scope.tick(now),
                false => scope.prepared(now, number),
            };
            self.outputs.tell(now, *area, &transitions);
        }
    }

    pub(super) fn tick(&mut self, now: Timestamp) {
        for (area, scope) in &mut self.scopes {
            let transitions = scope.tick(now);
            self.outputs.tell(now, *area, &transitions);
            let (succeeded, failed) = scope.counts();
            self.outputs.success_rates.set(*area, succeeded, failed);
        }
    }
}

impl AlertOutputs {
    /// Sets the gauges of a scope to no alert.
    fn begin(&self, area: Option<Area>) {
        for rule in Rule::ALL {
            self.alerts.get_or_create(&labels(area, rule)).set(0);
        }
        self.success_rates.set(area, 0, 0);
    }

    fn tell(&mut self, now: Timestamp, area: Option<Area>, transitions: &[Transition]) {
        for transition in transitions {
            let Transition {
                rule,
                raised,
                succeeded,
                failed,
                consecutive,
            } = *transition;
            let AlertLabels { area, rule } = labels(area, rule);
            let alert = self.alerts.get_or_create_owned(&AlertLabels { area, rule });
            if raised {
                alert.set(1);
                self.raised = self.raised.saturating_add(1);
                tracing::error!(
                    parent: None,
                    area,
                    rule,
                    succeeded,
                    failed,
                    consecutive,
                    "alert raised"
                );
            } else {
                alert.set(0);
                self.raised = self.raised.saturating_sub(1);
                tracing::info!(
                    parent: None,
                    area,
                    rule,
                    succeeded,
                    failed,
                    consecutive,
                    "alert cleared"
                );
            }
            self.any.set((self.raised > 0).into());
            let event = Event::of_service("alert", now)
                .with("area", area)
                .with("rule", rule)
                .with("state", if raised { "raised" } else { "cleared" })
                .with("succeeded", succeeded)
                .with("failed", failed)
                .with("consecutive_failures", consecutive);
            self.events.emit(match transition.rule {
                Rule::ErrorRate => event
                    .with("threshold_percent", PERCENT)
                    .with("window_seconds", WINDOW),
                Rule::ConsecutiveFailures => event.with("threshold", CONSECUTIVE),
            });
        }
    }
}

fn labels(area: Option<Area>, rule: Rule) -> AlertLabels {
    AlertLabels {
        area: area.map_or(WHOLE_SERVICE, Area::as_str),
        rule: rule.as_str(),
    }
}
