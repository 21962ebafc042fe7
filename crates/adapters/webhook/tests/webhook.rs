//! Events to a real receiver that rejects some of them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{num::NonZeroUsize, path::Path, sync::Arc, time::Duration};

use anteroom_protocol::Timestamp;
use anteroom_runtime::{
    Dependency, Event, EventSink as _, Health, HealthRegistry, Metrics, Monitor, NoEvents,
};
use anteroom_testkit::{LogGuard, MockClock, ReceivedEvent, WebhookReceiver, metrics_text};
use anteroom_webhook::{Backoff, WebhookError, WebhookSecret, WebhookSettings, WebhookSink};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tempfile::TempDir;
use tokio::net::TcpListener;

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);
const SECRET: &str = "the secret of the webhook";

fn settings(url: &str, spool: &Path) -> WebhookSettings {
    WebhookSettings {
        url: url.to_owned(),
        secret: WebhookSecret::new(SECRET.to_owned().into()).unwrap(),
        spool: spool.to_owned(),
        capacity: NonZeroUsize::new(1_000).unwrap(),
        timeout: Duration::from_secs(60),
        backoff: Backoff {
            first: Duration::from_millis(1),
            longest: Duration::from_millis(4),
            ..Backoff::default()
        },
    }
}

fn start(settings: WebhookSettings) -> WebhookSink {
    WebhookSink::start(settings, Arc::new(MockClock::at(NOW))).unwrap()
}

fn emit(sink: &WebhookSink, names: &[&'static str]) {
    for name in names {
        sink.emit(Event::new(name, NOW).with("account_id", "pseudonym"));
    }
}

fn name(event: &ReceivedEvent) -> String {
    let body: serde_json::Value = serde_json::from_str(&event.body).unwrap();
    body.get("event").unwrap().as_str().unwrap().to_owned()
}

fn names(events: &[ReceivedEvent]) -> Vec<String> {
    events.iter().map(name).collect()
}

fn waiting(place: &TempDir) -> usize {
    std::fs::read_dir(place.path()).unwrap().count()
}

/// Waits until the sink has removed the events that were accepted.
async fn wait_until_sent(sink: &WebhookSink, count: u64) {
    while sink.sent().number() < count {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn events_arrive_in_order_and_signed() {
    let guard = LogGuard::global();
    guard.watch_text("webhook secret", SECRET);
    let receiver = WebhookReceiver::start().await;
    let place = tempfile::tempdir().unwrap();
    let sink = start(settings(receiver.url(), place.path()));
    emit(&sink, &["a", "b", "c"]);
    let events = receiver.wait_for(3).await;
    assert_eq!(names(&events), ["a", "b", "c"]);
    for event in &events {
        let (time, tag) = event.signature.split_once(',').unwrap();
        let time = time.strip_prefix("t=").unwrap();
        assert_eq!(time, "1700000000");
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(format!("{time}.{}", event.body).as_bytes());
        assert_eq!(
            tag,
            format!("v1={}", hex::encode(mac.finalize().into_bytes()))
        );
    }
    wait_until_sent(&sink, 3).await;
    sink.close().await;
    assert_eq!(waiting(&place), 0);
    assert_eq!(sink.check().await, Health::Ok);
    emit(&sink, &["late"]);
    assert_eq!(sink.dropped().number(), 1);
    guard.assert_clean();
}

#[tokio::test]
async fn what_fails_is_tried_again_under_the_same_id_until_it_is_taken() {
    let receiver = WebhookReceiver::start().await;
    let place = tempfile::tempdir().unwrap();
    let failures = [500, 503, 404, 401, 429, 302].map(Some);
    receiver.answer_next(&failures);
    let sink = start(settings(receiver.url(), place.path()));
    emit(&sink, &["a", "b"]);
    let events = receiver.wait_for(8).await;
    assert_eq!(names(&events), ["a", "a", "a", "a", "a", "a", "a", "b"]);
    let mut ids: Vec<&str> = events.iter().map(|event| event.id.as_str()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 2);
    wait_until_sent(&sink, 2).await;
    assert_eq!(sink.check().await, Health::Ok);
    assert_eq!(sink.dropped().number(), 0);
}

#[tokio::test]
async fn an_event_that_is_not_wanted_does_not_hold_up_the_others_for_ever() {
    let receiver = WebhookReceiver::start().await;
    let place = tempfile::tempdir().unwrap();
    receiver.answer_next(&[
        Some(400),
        Some(500),
        Some(422),
        Some(413),
        Some(415),
        Some(400),
    ]);
    let sink = start(settings(receiver.url(), place.path()));
    emit(&sink, &["a", "b"]);
    let events = receiver.wait_for(7).await;
    assert_eq!(names(&events), ["a", "a", "a", "a", "a", "a", "b"]);
    wait_until_sent(&sink, 1).await;
    assert_eq!(sink.dropped().number(), 1);
}

#[tokio::test]
async fn a_receiver_that_does_not_answer_is_given_up_and_tried_again() {
    let receiver = WebhookReceiver::start().await;
    let place = tempfile::tempdir().unwrap();
    receiver.answer_next(&[None]);
    let sink = start(WebhookSettings {
        timeout: Duration::from_millis(100),
        ..settings(receiver.url(), place.path())
    });
    emit(&sink, &["a"]);
    let events = receiver.wait_for(2).await;
    assert_eq!(names(&events), ["a", "a"]);
    wait_until_sent(&sink, 1).await;
}

#[tokio::test]
async fn what_waits_survives_a_stop_and_a_receiver_that_is_gone() {
    let place = tempfile::tempdir().unwrap();
    let gone = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}/hook", listener.local_addr().unwrap())
    };
    let sink = start(settings(&gone, place.path()));
    emit(&sink, &["a", "b", "c"]);
    while sink.check().await == Health::Ok {
        tokio::task::yield_now().await;
    }
    sink.close().await;
    assert_eq!(waiting(&place), 3);
    assert_eq!(sink.dropped().number(), 0);

    let receiver = WebhookReceiver::start().await;
    let sink = start(settings(receiver.url(), place.path()));
    emit(&sink, &["d"]);
    let events = receiver.wait_for(4).await;
    assert_eq!(names(&events), ["a", "b", "c", "d"]);
}

#[tokio::test]
async fn a_receiver_that_fails_and_recovers_is_counted_in_the_metrics() {
    let receiver = WebhookReceiver::start().await;
    let place = tempfile::tempdir().unwrap();
    receiver.answer_next(&[Some(500), Some(503)]);
    let sink = Arc::new(start(settings(receiver.url(), place.path())));
    let clock = Arc::new(MockClock::at(NOW));
    let metrics = Metrics::new(Arc::new(NoEvents), clock);
    let registry = HealthRegistry::new(vec![sink.clone() as Arc<dyn Dependency>]);
    let _monitor = Monitor::new(&registry, &metrics);
    emit(&sink, &["a"]);
    wait_until_sent(&sink, 1).await;
    let shown = metrics_text(&metrics).await;
    for (name, number) in [
        ("failures_total", 1),
        ("recoveries_total", 1),
        ("failing", 0),
    ] {
        let line = format!("anteroom_dependency_{name}{{dependency=\"webhook\"}} {number}");
        assert!(shown.lines().any(|got| got == line), "{line}\n{shown}");
    }
}

#[tokio::test]
async fn a_stop_in_the_middle_of_a_request_sends_it_again_later() {
    let receiver = WebhookReceiver::start().await;
    let place = tempfile::tempdir().unwrap();
    receiver.answer_next(&[None]);
    let sink = start(settings(receiver.url(), place.path()));
    emit(&sink, &["a"]);
    receiver.wait_for(1).await;
    sink.close().await;
    let sink = start(settings(receiver.url(), place.path()));
    let events = receiver.wait_for(2).await;
    wait_until_sent(&sink, 1).await;
    assert_eq!(names(&events), ["a", "a"]);
    let [first, second] = events.as_slice() else {
        unreachable!("two events");
    };
    assert_eq!(first.id, second.id);
}

#[tokio::test]
async fn when_too_many_wait_the_newest_are_dropped_and_counted() {
    let receiver = WebhookReceiver::start().await;
    let place = tempfile::tempdir().unwrap();
    receiver.answer_next(&[None]);
    let few = || WebhookSettings {
        capacity: NonZeroUsize::new(3).unwrap(),
        ..settings(receiver.url(), place.path())
    };
    let sink = start(few());
    emit(&sink, &["a", "b", "c", "d", "e"]);
    receiver.wait_for(1).await;
    sink.close().await;
    assert_eq!(sink.dropped().number(), 2);
    let sink = start(few());
    let events = receiver.wait_for(4).await;
    wait_until_sent(&sink, 3).await;
    assert_eq!(names(&events), ["a", "a", "b", "c"]);
}

#[tokio::test]
async fn events_that_cannot_be_written_are_counted_and_the_sink_goes_on() {
    let receiver = WebhookReceiver::start().await;
    let place = tempfile::tempdir().unwrap();
    let spool = place.path().join("spool");
    let sink = start(settings(receiver.url(), &spool));
    std::fs::remove_dir_all(&spool).unwrap();
    emit(&sink, &["a"]);
    while sink.dropped().number() == 0 {
        tokio::task::yield_now().await;
    }
    std::fs::create_dir(&spool).unwrap();
    emit(&sink, &["b"]);
    assert_eq!(names(&receiver.wait_for(1).await), ["b"]);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("file");
    std::fs::write(&file, "").unwrap();
    let clock = || Arc::new(MockClock::at(NOW));
    let outcome = WebhookSink::start(settings("http://hooks.example/", place.path()), clock());
    assert!(matches!(outcome.err(), Some(WebhookError::Url)));
    let outcome = WebhookSink::start(settings("https://hooks.example/", &file), clock());
    assert!(matches!(outcome.err(), Some(WebhookError::Spool(_))));
    let short = WebhookSecret::new("short".to_owned().into());
    assert!(matches!(short, Err(WebhookError::ShortSecret)));
    let shown = format!("{:?}", settings("https://hooks.example/", place.path()));
    assert!(!shown.contains(SECRET), "{shown}");
}
