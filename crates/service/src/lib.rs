//! The part that both services share: listener, TLS, problems, limits, events, metrics, health.
//!
//! Time and randomness come in as [`Clock`] and [`Entropy`]; this crate has no implementation that
//! asks the operating system. [`harden`] puts the same shell around every router and [`serve`] runs
//! one on a listener until it is told to stop.

mod admission;
mod clock;
mod dependency;
mod entropy;
mod episode;
mod event;
mod event_queue;
mod fair;
mod health;
mod http;
mod limit;
mod metrics;
mod monitor;
mod operation;
mod problem;
mod pseudonym;
mod timed_map;
mod workers;

pub use self::{
    admission::{AdmissionRecorder, BudgetLimits, BudgetRefusal, SharedBudget, Slot},
    clock::Clock,
    dependency::DependencyState,
    entropy::Entropy,
    event::{Event, EventSink, FanOut, NoEvents, TimeStepSink, rfc3339},
    event_queue::EventQueue,
    fair::{FairPermit, FairPermits, QueueFull, Share, ShareCounts, network_shares},
    health::{Dependency, Health, HealthRegistry, HealthReport},
    http::{
        AddressGroup, Audience, ClientAddress, ConnectionLimits, Drained, HttpLimits,
        ListenerMetrics, ListenerSettings, NetworkError, OpenConnections, ProxyHeader, Tls,
        TlsError, TlsFiles, TrustedProxies, bounded_body, client_address, complete_description,
        description_router, harden, require_json, serve,
    },
    limit::{
        Admission, BucketSize, BucketTake, LocalLimiter, RateLimiter, WindowSize, network_buckets,
        network_windows,
    },
    metrics::{Count, Live, LiveCount, Metrics},
    monitor::Monitor,
    operation::{
        Area, Operation, OperationOutcome, OperationRecorder, RouteOperation, RunningOperation,
        dependency_wait, is_probe,
    },
    problem::{Problem, ProblemDocument, ProblemKind, RetryAfter, problems},
    pseudonym::{LimitKey, Pseudonym, Pseudonymizer},
    timed_map::TimedMap,
    workers::{WorkError, WorkLimits, Workers},
};
