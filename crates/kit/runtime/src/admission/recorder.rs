//! The metrics and log lines of budgets.

use std::{mem, sync::Arc, time::Duration};

use parking_lot::Mutex;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};
use tokio::time::Instant;

use super::BudgetRefusal;

/// The minimum time between two log lines about one budget.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RefusalLabels {
    budget: &'static str,
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EvictionLabels {
    budget: &'static str,
}

/// The metrics of all budgets of a service.
#[derive(Debug)]
pub(crate) struct AdmissionFamilies {
    service: Option<&'static str>,
    refusals: Family<RefusalLabels, Counter>,
    evictions: Family<EvictionLabels, Counter>,
}

impl AdmissionFamilies {
    /// Registers the metrics. The log lines name `service`.
    pub(crate) fn register(registry: &mut Registry, service: Option<&'static str>) -> Self {
        let families = Self {
            service,
            refusals: Family::default(),
            evictions: Family::default(),
        };
        registry.register(
            "admission_refusals",
            "Newcomers that a budget had no room for",
            families.refusals.clone(),
        );
        registry.register(
            "admission_evictions",
            "Holders of a budget that gave way to newcomers",
            families.evictions.clone(),
        );
        families
    }

    /// Returns the recorder of a budget, and shows its metrics from now on.
    pub(crate) fn recorder(&self, budget: &'static str) -> AdmissionRecorder {
        let refusals = |reason| {
            let labels = RefusalLabels { budget, reason };
            self.refusals.get_or_create_owned(&labels)
        };
        AdmissionRecorder(Arc::new(Inner {
            service: self.service,
            budget,
            of_address: refusals("address"),
            of_total: refusals("total"),
            evictions: self
                .evictions
                .get_or_create_owned(&EvictionLabels { budget }),
            log: Mutex::default(),
        }))
    }
}

/// Records the refusals and evictions of a budget: each in the metrics, and at most one line a
/// minute in the log. Clones are the same recorder. The default one has no metrics.
#[derive(Clone, Debug, Default)]
pub struct AdmissionRecorder(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    service: Option<&'static str>,
    budget: &'static str,
    of_address: Counter,
    of_total: Counter,
    evictions: Counter,
    log: Mutex<LogState>,
}

/// The content of the next log line.
#[derive(Debug, Default)]
struct LogState {
    last: Option<Instant>,
    refusals: u64,
    evictions: u64,
}

impl AdmissionRecorder {
    pub(super) fn refused(&self, refusal: BudgetRefusal) {
        match refusal {
            BudgetRefusal::Address => self.0.of_address.inc(),
            BudgetRefusal::Total => self.0.of_total.inc(),
        };
        self.log(|state| state.refusals += 1);
    }

    pub(super) fn evicted(&self) {
        self.0.evictions.inc();
        self.log(|state| state.evictions += 1);
    }

    fn log(&self, count: impl FnOnce(&mut LogState)) {
        let due = {
            let mut state = self.0.log.lock();
            count(&mut state);
            state.take_due(Instant::now())
        };
        if let Some((refusals, evictions)) = due {
            // The line sums up many callers, so that it does not belong to the span of the current
            // request.
            tracing::warn!(
                parent: None,
                service = self.0.service,
                budget = self.0.budget,
                refusals,
                evictions,
                "a budget is in use: newcomers were refused, or idle holders gave way"
            );
        }
    }
}

impl LogState {
    /// Returns the refusals and evictions since the last line, if the next line is due.
    fn take_due(&mut self, now: Instant) -> Option<(u64, u64)> {
        let is_early = self
            .last
            .is_some_and(|last| now.saturating_duration_since(last) < LOG_INTERVAL);
        if is_early {
            return None;
        }
        self.last = Some(now);
        Some((
            mem::take(&mut self.refusals),
            mem::take(&mut self.evictions),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_has_one_line_a_minute_with_the_number_since_the_last_one() {
        let start = Instant::now();
        let mut state = LogState::default();
        let mut line_at = |seconds| {
            state.refusals += 1;
            state.take_due(start + Duration::from_secs(seconds))
        };
        for (seconds, expected) in [
            (0, Some((1, 0))),
            (1, None),
            (59, None),
            (60, Some((3, 0))),
            (61, None),
            (1_000, Some((2, 0))),
        ] {
            assert_eq!(line_at(seconds), expected, "{seconds}");
        }
    }

    #[test]
    fn a_budget_is_shown_before_anything_was_refused() {
        let mut registry = Registry::default();
        let recorder = AdmissionFamilies::register(&mut registry, None).recorder("bodies");
        recorder.refused(BudgetRefusal::Total);
        recorder.evicted();
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        for line in [
            r#"admission_refusals_total{budget="bodies",reason="address"} 0"#,
            r#"admission_refusals_total{budget="bodies",reason="total"} 1"#,
            r#"admission_evictions_total{budget="bodies"} 1"#,
        ] {
            assert!(text.lines().any(|got| got == line), "{line}\n{text}");
        }
    }
}
