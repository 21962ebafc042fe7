//! The runtime of both services: limits, metrics, health, events, time and randomness. No HTTP.
//!
//! # Contract
//!
//! - The time comes in as [`Clock`], randomness as [`Entropy`]. No code here asks the operating
//!   system for either, except that timeouts use the runtime's timers.
//! - Every wait and every queue is bounded, in total and for each network of clients
//!   ([`AddressGroup`]).
//! - No log line, metric label or event contains an address or an id of a user. Events name accounts and rooms by [`Pseudonym`].
//! - Every [`Operation`] ends with exactly one [`OperationOutcome`].

mod address_group;
mod admission;
mod backoff;
mod client_address;
mod clock;
mod dependency;
mod entropy;
mod episode;
mod event;
mod event_queue;
mod fair;
mod health;
mod limit;
mod metrics;
mod monitor;
mod operation;
mod pseudonym;
mod retry_after;
mod task;
mod timed_map;
mod workers;

/// `Debug` without content.
pub use anteroom_protocol::redacted_debug;

pub use self::{
    address_group::AddressGroup,
    admission::{AdmissionRecorder, BudgetLimits, BudgetRefusal, SharedBudget, Slot},
    backoff::Backoff,
    client_address::ClientAddress,
    clock::Clock,
    dependency::DependencyState,
    entropy::Entropy,
    event::{Event, EventSink, NoEvents, TimeStepSink, rfc3339},
    event_queue::EventQueue,
    fair::{FairPermit, FairPermits, QueueFull, Share, ShareCounts, network_shares},
    health::{Dependency, Health, HealthRegistry, HealthReport},
    limit::{
        Admission, BucketSize, BucketTake, LocalLimiter, RateLimiter, WindowSize, network_buckets,
        network_windows,
    },
    metrics::{
        AnswerSample, Count, GaugeGuard, GuardedGauge, HistogramSample, MetricSample, MetricSource,
        MetricValue, Metrics,
    },
    monitor::Monitor,
    operation::{
        Area, Operation, OperationOutcome, OperationRecorder, RunningOperation, dependency_wait,
    },
    pseudonym::{LimitKey, Pseudonym, Pseudonymizer},
    retry_after::RetryAfter,
    task::{spawn_task, task_span, ticks},
    timed_map::TimedMap,
    workers::{WorkError, WorkLimits, Workers},
};
