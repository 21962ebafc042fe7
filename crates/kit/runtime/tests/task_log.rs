//! The log lines of background tasks.
//!
//! This test has a process of its own, because computations log from other threads.

use anteroom_protocol::Aci;
use anteroom_runtime::{Pseudonymizer, WorkLimits, Workers, spawn_task, task_span};
use anteroom_testkit::CapturedLog;
use serde_json::{Value, json};
use tracing::{Instrument as _, Level};
use zeroize::Zeroizing;

#[tokio::test]
async fn a_line_tells_its_task_and_no_request_and_a_computation_tells_its_request() {
    // Tasks are named at every level of the log.
    let log = CapturedLog::start(Level::ERROR);
    let request = tracing::error_span!("request", id = "abc");
    let work = async {
        let task = async { tracing::error!("of the task") };
        spawn_task("purge", task).await.unwrap();
        std::thread::spawn(|| task_span("events").in_scope(|| tracing::error!("of the thread")))
            .join()
            .unwrap();
        let pseudonyms = Pseudonymizer::new(Zeroizing::new([0; 32]));
        let caller = pseudonyms.limit_key("test", &Aci::from_bytes([1; 16]));
        let workers = Workers::new(std::num::NonZeroUsize::MIN, WorkLimits::default());
        let computation = workers.run(caller, || tracing::error!("of the computation"));
        computation.await.unwrap();
    };
    work.instrument(request).await;
    tracing::error!("of nothing");

    let task = json!({"name": "task", "task": "purge"});
    assert_eq!(log.span_of("of the task"), task);
    assert_eq!(log.span_of("of the thread")["task"], "events");
    let request = json!({"name": "request", "id": "abc"});
    assert_eq!(log.span_of("of the computation"), request);
    assert_eq!(log.span_of("of nothing"), Value::Null);
    // No line stands within two spans.
    for line in log.lines() {
        assert!(
            line["spans"]
                .as_array()
                .is_none_or(|spans| spans.len() == 1)
        );
    }
}
