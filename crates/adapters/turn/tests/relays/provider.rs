//! The HTTP API of a provider, with each of its failures.

use std::time::Duration;

use anteroom_runtime::Health;
use anteroom_testkit::{LogGuard, ProviderBehaviour, ProviderQuestion, RelayProvider};
use anteroom_turn::{RelayError, Relays};
use serde_json::json;

use crate::support::{NOW, SECRET, http, no_resolver, user};

const GOOD: &str = r#"{"iceServers":{"username":"given-username","credential":"given-credential","urls":"turn:a.example"}}"#;
/// Far longer than any answer takes.
const PATIENT: Duration = Duration::from_secs(60);

fn relays(provider: &RelayProvider, timeout: Duration) -> Relays {
    LogGuard::global().watch_text("given username", "given-username");
    LogGuard::global().watch_text("given credential", "given-credential");
    Relays::new(Some(http(provider.url(), timeout)), None, &no_resolver()).unwrap()
}

async fn failure(relays: &Relays) -> RelayError {
    relays.issue(user(0), NOW).await.unwrap_err()
}

async fn health(relays: &Relays) -> Health {
    relays.dependencies()[0].check().await
}

#[tokio::test]
async fn proxy_credentials_come_from_a_relay_provider_each_time_anew() {
    let provider = RelayProvider::start().await;
    let urls = json!(["turn:a.example:3478", "turns:a.example:443?transport=tcp"]);
    provider.set_behaviour(ProviderBehaviour::Gives(urls.clone()));
    let relays = relays(&provider, PATIENT);
    for _ in 0..2 {
        let relay = relays.issue(user(0), NOW).await.unwrap().unwrap();
        assert_eq!(relay.username.as_str(), "given-username");
        assert_eq!(relay.password.as_str(), "given-credential");
        assert_eq!(relay.ttl.as_secs(), 600);
        assert_eq!(json!(relay.urls), urls);
        assert_eq!(relay.hostname, "relay.example");
        assert!(relay.urls_with_ips.is_empty());
        let shown = format!("{relay:?} {relays:?}");
        assert!(
            !shown.contains("given-") && !shown.contains(SECRET),
            "{shown}"
        );
    }
    // No part of the request identifies the user.
    let question = ProviderQuestion {
        authorization: format!("Bearer {SECRET}"),
        body: json!({ "ttl": 600 }),
    };
    assert_eq!(provider.questions(), vec![question; 2]);
    assert_eq!(health(&relays).await, Health::Ok);
    LogGuard::global().assert_clean();
}

#[tokio::test]
async fn any_success_of_the_provider_with_a_valid_body_gives_credentials() {
    let provider = RelayProvider::start().await;
    for status in [200, 201, 202, 203, 206, 207, 208, 226, 299] {
        provider.set_behaviour(ProviderBehaviour::Says(status, GOOD.to_owned()));
        let relays = relays(&provider, PATIENT);
        let relay = relays.issue(user(0), NOW).await.unwrap().unwrap();
        assert_eq!(relay.username.as_str(), "given-username", "{status}");
        assert_eq!(health(&relays).await, Health::Ok, "{status}");
    }
}

#[tokio::test]
async fn every_bad_answer_is_told_apart_and_asked_for_once() {
    let provider = RelayProvider::start().await;
    let says = |status, text: &str| ProviderBehaviour::Says(status, text.to_owned());
    let refused = |status| RelayError::Refused { status };
    let malformed = |status| RelayError::Malformed { status };
    let large = format!("{}{}", " ".repeat(16 * 1024), "{}");
    for (behaviour, expected) in [
        (says(500, "given-credential"), refused(500)),
        (says(401, ""), refused(401)),
        (says(429, ""), refused(429)),
        (says(302, ""), refused(302)),
        (says(200, "{}"), malformed(200)),
        (says(204, ""), malformed(204)),
        (says(201, ""), malformed(201)),
        (says(201, "junk"), malformed(201)),
        (says(201, r#"{"iceServers":{}}"#), malformed(201)),
        (says(201, &large), malformed(201)),
        (says(299, "junk"), malformed(299)),
        (says(300, GOOD), refused(300)),
        (ProviderBehaviour::Gives(json!([])), malformed(201)),
        (
            ProviderBehaviour::Gives(json!(["https://a.example"])),
            malformed(201),
        ),
        (ProviderBehaviour::Floods, malformed(201)),
    ] {
        let relays = relays(&provider, PATIENT);
        provider.set_behaviour(behaviour.clone());
        let error = failure(&relays).await;
        assert_eq!(error, expected, "{behaviour:?}");
        let status = match expected {
            RelayError::Refused { status } | RelayError::Malformed { status } => Some(status),
            _ => None,
        };
        assert_eq!(error.http_status(), status);
        assert_eq!(error.retry_after_secs(), 5);
        assert_eq!(provider.questions().len(), 1, "{behaviour:?}");
        assert_eq!(health(&relays).await, Health::Degraded);
    }
    LogGuard::global().assert_clean();
}

#[tokio::test]
async fn who_does_not_answer_is_given_up() {
    let mut provider = RelayProvider::start().await;
    provider.set_behaviour(ProviderBehaviour::Hangs);
    let impatient = relays(&provider, Duration::from_millis(200));
    let error = failure(&impatient).await;
    assert_eq!((error, error.http_status()), (RelayError::TimedOut, None));
    // The request is sent only once, because the provider may have made credentials.
    assert_eq!(provider.questions().len(), 1);
    provider.stop();
    drop(provider);
}

#[tokio::test]
async fn nobody_there_is_tried_again_and_then_given_up() {
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let relays = Relays::new(Some(http(&url, PATIENT)), None, &no_resolver()).unwrap();
    let error = failure(&relays).await;
    assert_eq!(
        (error, error.http_status()),
        (RelayError::Unreachable, None)
    );
}

#[tokio::test]
async fn a_busy_provider_is_asked_three_times() {
    let provider = RelayProvider::start().await;
    for (busy, questions) in [(2, 3), (3, 3)] {
        provider.set_behaviour(ProviderBehaviour::BusyAtFirst(busy));
        let outcome = relays(&provider, PATIENT).issue(user(0), NOW).await;
        assert_eq!(provider.questions().len(), questions);
        match busy {
            2 => assert!(outcome.unwrap().is_some()),
            _ => assert_eq!(outcome.unwrap_err().http_status(), Some(503)),
        }
    }
}

#[tokio::test]
async fn after_five_failures_it_is_left_alone_until_the_pause_is_over() {
    let provider = RelayProvider::start().await;
    provider.set_behaviour(ProviderBehaviour::Says(500, String::new()));
    let relays = relays(&provider, PATIENT);
    for _ in 0..5 {
        assert_eq!(failure(&relays).await.http_status(), Some(500));
    }
    assert_eq!(provider.questions().len(), 5);
    assert_eq!(health(&relays).await, Health::Failing);
    provider.set_behaviour(ProviderBehaviour::Gives(json!("turn:a.example")));
    for _ in 0..3 {
        let error = failure(&relays).await;
        assert_eq!(error, RelayError::CircuitOpen);
        assert_eq!(error.retry_after_secs(), 30);
    }
    assert!(provider.questions().is_empty());
    let later = NOW.plus(30);
    assert!(relays.issue(user(0), later).await.unwrap().is_some());
    assert_eq!(health(&relays).await, Health::Ok);
}
