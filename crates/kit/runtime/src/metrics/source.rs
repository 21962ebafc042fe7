//! Metrics that are counted elsewhere, and read whenever the metrics are.

use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _, MetricEncoder, NoLabelSet},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};

/// A source of metrics that are counted elsewhere.
pub trait MetricSource: fmt::Debug + Send + Sync + 'static {
    /// Returns the metrics as they are now: always the same ones, by name and label.
    fn samples(&self) -> Vec<MetricSample>;
}

/// A metric of a [`MetricSource`].
#[derive(Clone, Debug, PartialEq)]
pub struct MetricSample {
    /// The name, without prefix and suffix.
    pub name: &'static str,
    /// The meaning.
    pub help: &'static str,
    /// The value.
    pub value: MetricValue,
}

/// The value of a [`MetricSample`].
#[derive(Clone, Debug, PartialEq)]
pub enum MetricValue {
    /// The number of occurrences.
    Count(u64),
    /// The numbers of occurrences of a few kinds: the label, and each word with its number.
    Counts(&'static str, Vec<(&'static str, u64)>),
    /// The sum of what takes time, in seconds.
    Seconds(f64),
    /// The number of things at the moment.
    Gauge(u64),
    /// A histogram.
    Histogram(HistogramSample),
}

/// The buckets of a histogram.
#[derive(Clone, Debug, PartialEq)]
pub struct HistogramSample {
    /// The upper bounds of the buckets, and the numbers of values in each alone.
    pub buckets: Vec<(f64, u64)>,
    /// The number of values above all bounds.
    pub above: u64,
    /// The sum of all values.
    pub sum: f64,
}

/// Shows a source to the registry.
#[derive(Debug)]
pub(super) struct SourceCollector<S>(pub(super) S);

impl<S: MetricSource> Collector for SourceCollector<S> {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for sample in self.0.samples() {
            let kind = sample.value.kind();
            let metric = encoder.encode_descriptor(sample.name, sample.help, None, kind)?;
            sample.value.encode(metric)?;
        }
        Ok(())
    }
}

impl MetricValue {
    const fn kind(&self) -> MetricType {
        match self {
            Self::Count(_) | Self::Counts(..) | Self::Seconds(_) => MetricType::Counter,
            Self::Gauge(_) => MetricType::Gauge,
            Self::Histogram(_) => MetricType::Histogram,
        }
    }

    fn encode(&self, mut metric: MetricEncoder<'_>) -> fmt::Result {
        match self {
            Self::Count(number) => ConstCounter::new(*number).encode(metric),
            Self::Counts(label, numbers) => {
                for (word, number) in numbers {
                    let labels = [(*label, *word)];
                    let one = metric.encode_family(&labels)?;
                    ConstCounter::new(*number).encode(one)?;
                }
                Ok(())
            }
            Self::Seconds(sum) => ConstCounter::new(*sum).encode(metric),
            Self::Gauge(number) => {
                let number = i64::try_from(*number).unwrap_or(i64::MAX);
                ConstGauge::new(number).encode(metric)
            }
            Self::Histogram(histogram) => {
                let HistogramSample {
                    buckets,
                    above,
                    sum,
                } = histogram;
                let mut all = buckets.clone();
                all.push((f64::INFINITY, *above));
                let count = all.iter().map(|(_, number)| number).sum();
                metric.encode_histogram::<NoLabelSet>(*sum, count, &all, None)
            }
        }
    }
}
