//! Metrics that are counted elsewhere.

use std::sync::Arc;

use anteroom_protocol::Timestamp;
use anteroom_runtime::{
    HistogramSample, MetricSample, MetricSource, MetricValue, Metrics, NoEvents,
};
use anteroom_testkit::MockClock;

#[derive(Debug)]
struct Everything;

impl MetricSource for Everything {
    fn samples(&self) -> Vec<MetricSample> {
        let sample = |name, value| MetricSample {
            name,
            help: "Help",
            value,
        };
        let histogram = HistogramSample {
            buckets: vec![(0.5, 1), (1.0, 2)],
            above: 4,
            sum: 9.5,
        };
        vec![
            sample("one", MetricValue::Count(3)),
            sample(
                "two",
                MetricValue::Counts("reason", vec![("a", 1), ("b", 2)]),
            ),
            sample("three_seconds", MetricValue::Seconds(0.25)),
            sample("four", MetricValue::Gauge(7)),
            sample("five", MetricValue::Histogram(histogram)),
        ]
    }
}

#[test]
fn each_kind_is_shown_as_prometheus_reads_it() {
    let metrics = Metrics::new(
        Arc::new(NoEvents),
        Arc::new(MockClock::at(Timestamp::from_secs(0))),
    );
    metrics.show_source(Everything);
    let text = metrics.text().unwrap();
    for line in [
        "# TYPE anteroom_one counter",
        "anteroom_one_total 3",
        "anteroom_two_total{reason=\"a\"} 1",
        "anteroom_two_total{reason=\"b\"} 2",
        "anteroom_three_seconds_total 0.25",
        "# TYPE anteroom_four gauge",
        "anteroom_four 7",
        "# TYPE anteroom_five histogram",
        "anteroom_five_bucket{le=\"0.5\"} 1",
        "anteroom_five_bucket{le=\"1.0\"} 3",
        "anteroom_five_bucket{le=\"+Inf\"} 7",
        "anteroom_five_sum 9.5",
        "anteroom_five_count 7",
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line}:\n{text}");
    }
}
