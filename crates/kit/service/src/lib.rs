//! The common runtime of both services: HTTP, limits, metrics, health, events and shutdown.
//!
//! # Contract
//!
//! - [`harden`] adds the same middleware to every router: request ids, log, metrics, budgets,
//!   timeouts and [`Problem`] documents. [`serve`] runs a router on a listener until it is stopped,
//!   and reports whether it stopped cleanly ([`DrainOutcome`]).
//! - The time comes in as [`Clock`], randomness as [`Entropy`]. No code here asks the operating
//!   system for either, except that timeouts use the runtime's timers.
//! - Every wait, queue, body and connection is bounded, in total and for each network of clients
//!   ([`AddressGroup`]).
//! - No log line, metric label, event or problem contains a path, a query, a header, a body, an
//!   address or an id of a user. Events name accounts and rooms by [`Pseudonym`].
//! - Every [`Operation`] ends with exactly one [`OperationOutcome`].
//! - A handler's panic becomes a 500, and its message is dropped.

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
        AddressGroup, ClientAddress, ConnectionLimits, DrainOutcome, HttpLimits, ListenerKind,
        ListenerMetrics, ListenerSettings, NetworkError, OpenConnections, ProxyHeader, Tls,
        TlsError, TlsFiles, TrustedProxies, bounded_body, client_address, complete_description,
        description_router, harden, require_json, serve,
    },
    limit::{
        Admission, BucketSize, BucketTake, LocalLimiter, RateLimiter, WindowSize, network_buckets,
        network_windows,
    },
    metrics::{Count, GaugeGuard, GuardedGauge, Metrics},
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
