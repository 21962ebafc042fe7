//! Dependencies in the metrics: by their uses, or by checks if they do not report uses.

use std::{
    num::NonZeroUsize,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
};

use anteroom_protocol::Timestamp;
use anteroom_runtime::{
    Dependency, DependencyState, Event, EventQueue, EventSink as _, Health, HealthRegistry,
    Metrics, Monitor, NoEvents,
};
use anteroom_testkit::{MockClock, metrics_text};
use async_trait::async_trait;

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

/// A dependency whose health the test sets.
#[derive(Default)]
struct SettableDependency {
    /// 0 is ok, 1 degraded, 2 failing.
    health: AtomicU8,
    state: Option<DependencyState>,
}

#[async_trait]
impl Dependency for SettableDependency {
    fn name(&self) -> &str {
        "switch"
    }

    fn required(&self) -> bool {
        false
    }

    async fn check(&self) -> Health {
        match self.health.load(Ordering::SeqCst) {
            0 => Health::Ok,
            1 => Health::Degraded,
            _ => Health::Failing,
        }
    }

    fn state(&self) -> Option<&DependencyState> {
        self.state.as_ref()
    }
}

async fn assert_shown(metrics: &Metrics, dependency: &str, numbers: [(&str, &str); 4]) {
    let shown = metrics_text(metrics).await;
    for (name, number) in numbers {
        let line = format!("anteroom_dependency_{name}{{dependency=\"{dependency}\"}} {number}");
        assert!(shown.lines().any(|got| got == line), "{line}\n{shown}");
    }
}

#[tokio::test]
async fn failures_and_recoveries_are_counted_by_checks_and_by_uses_alike() {
    for checked in [true, false] {
        let clock = MockClock::at(NOW);
        let metrics = Metrics::new(Arc::new(NoEvents), Arc::new(clock.clone()));
        let dependency = Arc::new(SettableDependency {
            state: (!checked).then(DependencyState::default),
            ..SettableDependency::default()
        });
        let registry = HealthRegistry::new(vec![dependency.clone() as Arc<dyn Dependency>]);
        let monitor = Monitor::new(&registry, &metrics);
        // The health, and the expected numbers: failing, failures, recoveries, overdue.
        for (health, numbers) in [
            (0, ["0", "0", "0", "0"]),
            (1, ["1", "1", "0", "0"]),
            (2, ["1", "1", "0", "0"]),
            (0, ["0", "1", "1", "0"]),
            (2, ["1", "2", "1", "0"]),
            (2, ["1", "2", "1", "0"]),
            (2, ["1", "2", "1", "1"]),
            (0, ["0", "2", "1", "1"]),
        ] {
            clock.advance(300);
            dependency.health.store(health, Ordering::SeqCst);
            if let Some(state) = dependency.state() {
                let _ = if health == 0 {
                    state.succeeded()
                } else {
                    state.failed()
                };
            }
            monitor.check_once().await;
            let [failing, failures, recoveries, overdue] = numbers;
            let numbers = [
                ("failing", failing),
                ("failures_total", failures),
                ("recoveries_total", recoveries),
                ("failures_overdue_total", overdue),
            ];
            assert_shown(&metrics, "switch", numbers).await;
        }
    }
}

#[tokio::test]
async fn an_event_file_on_a_full_disk_fails_from_the_first_event_on() {
    let clock = Arc::new(MockClock::at(NOW));
    let metrics = Metrics::new(Arc::new(NoEvents), clock);
    let dropped = metrics.count("events_dropped", "Events that were lost");
    let file = Path::new("/dev/full");
    let queue = Arc::new(EventQueue::file(file, NonZeroUsize::MIN, dropped).unwrap());
    let registry = HealthRegistry::new(vec![queue.clone() as Arc<dyn Dependency>]);
    let _monitor = Monitor::new(&registry, &metrics);
    queue.emit(Event::new("a", NOW));
    while queue.check().await == Health::Ok {
        tokio::task::yield_now().await;
    }
    let numbers = [
        ("failing", "1"),
        ("failures_total", "1"),
        ("recoveries_total", "0"),
        ("failures_overdue_total", "0"),
    ];
    assert_shown(&metrics, "events", numbers).await;
    queue.close();
    let shown = metrics_text(&metrics).await;
    assert!(
        shown.contains("anteroom_events_dropped_total 1\n"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_name_is_one_number_however_often_it_is_asked_for() {
    let metrics = Metrics::new(Arc::new(NoEvents), Arc::new(MockClock::at(NOW)));
    let mut live = Vec::new();
    for _ in 0..2 {
        metrics.count("mails", "Mails").add(1);
        live.push(metrics.guarded_gauge("sockets", "Sockets").enter());
    }
    let shown = metrics_text(&metrics).await;
    for expected in ["anteroom_mails_total 2", "anteroom_sockets 2"] {
        let lines = shown.lines().filter(|line| *line == expected);
        assert_eq!(lines.count(), 1, "{expected}\n{shown}");
    }
    assert_eq!(shown.matches("# TYPE anteroom_mails ").count(), 1);
}
