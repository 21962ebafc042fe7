//! `GET /v2/calling/relays`: every outcome, code and event, and a real relay that accepts the
//! credentials.

use std::{num::NonZeroU32, time::Duration};

use anteroom_issuer::IssuerLimits;
use anteroom_protocol::{DAY, Timestamp};
use anteroom_runtime::{BucketSize, Clock as _};
use anteroom_testkit::{
    LogGuard, ProviderBehaviour, RelayProvider, TestIssuer, TestIssuerOptions, TurnServer,
};
use anteroom_turn::{
    HostName, HostResolver, ProviderSettings, ProviderUrl, RelayExperiment, RelaySecret,
    RelaySettings, RelayTtl, RelayUrl, Relays, UrlTemplate,
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::support::{Answer, devices, get, get_as};

const PATHS: [&str; 2] = ["/v2/calling/relays", "/v1/calling/relays"];
const PATH: &str = PATHS[0];
const SECRET: &str = "a-secret-of-the-tests";

fn secret() -> RelaySecret {
    LogGuard::global().watch_text("relay secret", SECRET);
    RelaySecret::new(Zeroizing::new(SECRET.to_owned())).unwrap()
}

fn coturn(url: &str) -> RelaySettings {
    RelaySettings {
        provider: ProviderSettings::Coturn { secret: secret() },
        ttl: RelayTtl::DAY,
        host: HostName::parse("127.0.0.1").unwrap(),
        urls: vec![RelayUrl::parse(url).unwrap()],
        url_templates: vec![UrlTemplate::parse("turn:%s:3478?transport=udp").unwrap()],
    }
}

fn http(provider: &RelayProvider) -> RelaySettings {
    RelaySettings {
        provider: ProviderSettings::Http {
            url: ProviderUrl::parse(provider.url()).unwrap(),
            token: secret(),
            timeout: Duration::from_secs(10),
        },
        ttl: RelayTtl::from_secs(3_600).unwrap(),
        host: HostName::parse("relay.example").unwrap(),
        urls: Vec::new(),
        url_templates: Vec::new(),
    }
}

fn relays(main: RelaySettings, experiment: Option<RelayExperiment>) -> Relays {
    let resolver = HostResolver::with_name_server("127.0.0.1:9".parse().unwrap()).unwrap();
    Relays::new(Some(main), experiment, &resolver).unwrap()
}

async fn issuer(relays: Relays) -> TestIssuer {
    TestIssuer::start_with_relays(TestIssuerOptions::default(), relays).await
}

fn assert_event(issuer: &TestIssuer, name: &str, members: &[(&str, Value)]) {
    let account = issuer.pseudonymizer.account(&issuer.account.aci);
    let mut payload = json!({ "account_id": account.to_string() });
    for (member, value) in members {
        payload[*member] = value.clone();
    }
    let mut events = issuer.events.take();
    events.retain(|event| event.name() != "alert");
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0].name(), name);
    assert_eq!(Value::from(events[0].payload().clone()), payload);
}

fn assert_provider_error(answer: &Answer) {
    answer.assert_problem(
        500,
        "CALL_RELAY_PROVIDER_ERROR",
        "Unable to obtain relay credentials at this time. Please try again.",
    );
}

#[tokio::test]
async fn fields_username_password_ttl_urls_by_name_and_ip_host_name_a_real_relay_takes_them() {
    let server = TurnServer::start(SECRET).await;
    let url = format!("turn:{}?transport=udp", server.address());
    let options = TestIssuerOptions {
        // coturn uses the clock of the machine; these credentials expire in 2036. (It parses times
        // as 31 bits, so that they cannot be later than 2038.)
        now: Timestamp::from_secs(2_100_000_000),
        ..TestIssuerOptions::default()
    };
    let issuer = TestIssuer::start_with_relays(options, relays(coturn(&url), None)).await;
    for path in PATHS {
        let answer = get_as(&issuer, &issuer.account, path).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let mut body = answer.json();
        let relay = &body["relays"][0];
        let username = relay["username"].as_str().unwrap().to_owned();
        let password = relay["password"].as_str().unwrap().to_owned();
        LogGuard::global().watch_text("relay password", &password);
        let relayed = server.allocate(&username, &password).await.unwrap();
        assert_eq!(relayed.ip(), server.address().ip());
        let changed = password.to_uppercase();
        assert_eq!(server.allocate(&username, &changed).await, Err(401));

        body["relays"][0]["username"] = Value::Null;
        body["relays"][0]["password"] = Value::Null;
        assert_eq!(
            body,
            json!({ "relays": [{
                "username": null,
                "password": null,
                "ttl": DAY,
                "urls": [url],
                "urlsWithIps": ["turn:127.0.0.1:3478?transport=udp"],
                "hostname": "127.0.0.1",
            }] })
        );
        assert_event(
            &issuer,
            "call_relay.credentials_issued",
            &[("turn_ttl_seconds", json!(DAY))],
        );
    }
}

#[tokio::test]
async fn the_name_that_a_relay_sees_changes_every_day_and_is_no_other_name() {
    let issuer = issuer(relays(coturn("turn:127.0.0.1"), None)).await;
    let other = issuer.add_account(true).await;
    let name = async |account| {
        let answer = get_as(&issuer, account, PATH).await.json();
        let username = answer["relays"][0]["username"].as_str().unwrap().to_owned();
        let (expiry, name) = username.split_once(':').unwrap();
        let now = issuer.clock.now();
        assert_eq!(expiry, now.plus(DAY).as_secs().to_string());
        name.to_owned()
    };
    let midnight = issuer.clock.now().start_of_day();
    issuer.clock.set(midnight);
    let first = name(&issuer.account).await;
    let pseudonym = issuer.pseudonymizer.account(&issuer.account.aci);
    assert_ne!(first, pseudonym.to_string());
    assert_ne!(first, name(&other).await);
    issuer.clock.set(midnight.plus(DAY - 1));
    assert_eq!(first, name(&issuer.account).await);
    issuer.clock.set(midnight.plus(DAY));
    assert_ne!(first, name(&issuer.account).await);
}

#[tokio::test]
async fn without_relays_the_list_is_empty_and_nothing_is_said() {
    let issuer = TestIssuer::start().await;
    for path in PATHS {
        let answer = get_as(&issuer, &issuer.account, path).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json(), json!({ "relays": [] }));
    }
    assert!(issuer.events.take().is_empty());
}

#[tokio::test]
async fn static_relays_are_given_with_empty_credentials() {
    let mut settings = coturn("stun:relay.example:3478");
    settings.provider = ProviderSettings::Static;
    settings.url_templates = Vec::new();
    let issuer = issuer(relays(settings, None)).await;
    let relay = get_as(&issuer, &issuer.account, PATH).await.json()["relays"][0].take();
    assert_eq!(
        (&relay["username"], &relay["password"]),
        (&"".into(), &"".into())
    );
    assert_eq!(relay["urls"], json!(["stun:relay.example:3478"]));
    assert_eq!(relay["urlsWithIps"], json!([]));
}

#[tokio::test]
async fn limits_authenticated_only_and_a_rate_limit_per_account() {
    let options = TestIssuerOptions {
        limits: IssuerLimits {
            relays: BucketSize::new(NonZeroU32::MIN, 600.try_into().unwrap()),
            ..IssuerLimits::default()
        },
        ..TestIssuerOptions::default()
    };
    let relays = relays(coturn("turn:127.0.0.1"), None);
    let issuer = TestIssuer::start_with_relays(options, relays).await;
    let mut wrong = issuer.add_account(true).await;
    wrong.aci = issuer.account.aci;
    for path in PATHS {
        for answer in [
            get(&issuer, path).await,
            get_as(&issuer, &wrong, path).await,
        ] {
            answer.assert_problem(
                401,
                "CALL_RELAY_UNAUTHORIZED",
                "Authentication required to obtain call relay credentials.",
            );
        }
    }
    assert!(issuer.events.take().is_empty());
    assert_eq!(get_as(&issuer, &issuer.account, PATH).await.status, 200);
    let _ = issuer.events.take();

    // Both paths share one bucket, and another account has its own.
    issuer.clock.advance(1);
    for path in PATHS {
        let answer = get_as(&issuer, &issuer.account, path).await;
        answer.assert_problem(
            429,
            "CALL_RELAY_RATE_LIMITED",
            "Too many relay credential requests. Please wait before trying again.",
        );
        assert_eq!(answer.header("retry-after"), Some("599"));
        assert_event(&issuer, "call_relay.rate_limited", &[]);
    }
    let other = issuer.add_account(false).await;
    assert_eq!(get_as(&issuer, &other, PATH).await.status, 200);
}

#[tokio::test]
async fn the_default_limit_is_a_hundred_and_one_back_every_ten_minutes() {
    let issuer = TestIssuer::start().await;
    let devices = devices(&issuer, 4).await;
    for n in 0..100 {
        let answer = get_as(&issuer, &devices[n % 4], PATH).await;
        assert_eq!(answer.status, 200, "{n}");
    }
    let answer = get_as(&issuer, &devices[0], PATH).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("retry-after")),
        (429, Some("600"))
    );
    issuer.clock.advance(600);
    assert_eq!(get_as(&issuer, &devices[0], PATH).await.status, 200);
    assert_eq!(get_as(&issuer, &devices[1], PATH).await.status, 429);
}

#[tokio::test]
async fn a_limited_caller_does_not_reach_the_provider() {
    let provider = RelayProvider::start().await;
    let options = TestIssuerOptions {
        limits: IssuerLimits {
            relays: BucketSize::new(NonZeroU32::MIN, 600.try_into().unwrap()),
            ..IssuerLimits::default()
        },
        ..TestIssuerOptions::default()
    };
    let issuer = TestIssuer::start_with_relays(options, relays(http(&provider), None)).await;
    for status in [200, 429] {
        let answer = get_as(&issuer, &issuer.account, PATH).await;
        assert_eq!(answer.status, status);
    }
    assert_eq!(provider.questions().len(), 1);
}

#[tokio::test]
async fn call_relay_provider_error_is_500_with_retry_after_a_metric_and_an_event() {
    let mut provider = RelayProvider::start().await;
    let issuer = issuer(relays(http(&provider), None)).await;
    let says = |status, text: &str| ProviderBehaviour::Says(status, text.to_owned());
    for (behaviour, status) in [
        (says(500, "words of the provider"), json!(500)),
        (says(403, "words of the provider"), json!(403)),
        (says(201, "words of the provider"), json!(201)),
    ] {
        provider.set_behaviour(behaviour);
        let answer = get_as(&issuer, &issuer.account, PATH).await;
        assert_provider_error(&answer);
        assert_eq!(answer.header("retry-after"), Some("5"));
        assert_event(
            &issuer,
            "call_relay.provider_error",
            &[("http_status", status)],
        );
    }
    provider.stop();
    // The provider fails, and is then not asked for a while.
    for retry_after in ["5", "5", "30"] {
        let answer = get_as(&issuer, &issuer.account, PATH).await;
        assert_provider_error(&answer);
        assert_eq!(answer.header("retry-after"), Some(retry_after));
        assert_event(
            &issuer,
            "call_relay.provider_error",
            &[("http_status", Value::Null)],
        );
    }
    let ready = get(&issuer, "/health/ready").await;
    assert_eq!(ready.status, 200);
    assert_eq!(ready.json()["status"], "degraded");
    assert_eq!(ready.json()["dependencies"]["relays"], "failing");
    let metrics = issuer.metrics().await;
    assert!(
        metrics.contains("anteroom_relay_provider_errors_total 6"),
        "{metrics}"
    );
    assert!(metrics.contains("CALL_RELAY_PROVIDER_ERROR"), "{metrics}");
}

#[tokio::test]
async fn a_provider_that_fails_and_recovers_is_counted_with_the_time_between() {
    let provider = RelayProvider::start().await;
    let issuer = issuer(relays(http(&provider), None)).await;
    let labels = r#"{dependency="relays"}"#;
    let operation = r#"{area="voip-call-signaling",operation="issue-relays"}"#;
    let fails = || ProviderBehaviour::Says(500, String::new());
    let gives = || ProviderBehaviour::Gives(json!(["turn:relay.example:3478"]));
    for (behaviour, failing, failures, recoveries, seconds) in [
        (gives(), 0, 0, 0, "0.0"),
        (fails(), 1, 1, 0, "0.0"),
        (fails(), 1, 1, 0, "0.0"),
        (gives(), 0, 1, 1, "20.0"),
        (fails(), 1, 2, 1, "20.0"),
    ] {
        provider.set_behaviour(behaviour);
        issuer.clock.advance(10);
        let answer = get_as(&issuer, &issuer.account, PATH).await;
        assert_eq!(answer.status == 200, failing == 0);
        let shown = issuer.metrics().await;
        for line in [
            format!("anteroom_dependency_failing{labels} {failing}"),
            format!("anteroom_dependency_failures_total{labels} {failures}"),
            format!("anteroom_dependency_recoveries_total{labels} {recoveries}"),
            format!("anteroom_dependency_failure_duration_seconds_sum{labels} {seconds}"),
            format!("anteroom_operation_recoveries_total{operation} {recoveries}"),
        ] {
            assert!(shown.lines().any(|got| got == line), "{line}\n{shown}");
        }
    }
}

#[tokio::test]
async fn experiment_a_share_of_accounts_is_routed_to_an_alternative_relay_configuration() {
    let other = coturn("turn:other.example");
    let experiment = RelayExperiment {
        percent: 50,
        relays: other,
    };
    let issuer = issuer(relays(coturn("turn:main.example"), Some(experiment))).await;
    let mut seen = [0, 0];
    for _ in 0..24 {
        let account = issuer.add_account(true).await;
        let first = get_as(&issuer, &account, PATH).await.json()["relays"][0]["urls"].take();
        issuer.clock.advance(DAY);
        let again = get_as(&issuer, &account, PATH).await.json()["relays"][0]["urls"].take();
        assert_eq!(first, again);
        seen[usize::from(first == json!(["turn:other.example"]))] += 1;
    }
    // The seed is fixed, so that both kinds occur in every run.
    assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");
}
