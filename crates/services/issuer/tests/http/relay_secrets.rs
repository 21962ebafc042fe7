//! The user name and the password of a relay are sensitive: they are in the answer that contains
//! them, and nowhere else, whatever the result of the request.

use std::time::Duration;

use anteroom_testkit::{LogGuard, ProviderBehaviour, RelayProvider, TestIssuer, TestIssuerOptions};
use anteroom_turn::{
    HostName, HostResolver, ProviderSettings, ProviderUrl, RelaySecret, RelaySettings, RelayTtl,
    RelayUrl, Relays,
};
use serde_json::json;
use zeroize::Zeroizing;

use crate::support::get_as;

const PATH: &str = "/v2/calling/relays";
const SECRET: &str = "a-secret-shared-with-the-provider";
/// The credentials of the testkit's provider.
const GIVEN: [&str; 2] = ["given-username", "given-credential"];

fn secret() -> RelaySecret {
    LogGuard::global().watch_text("relay secret", SECRET);
    RelaySecret::new(Zeroizing::new(SECRET.to_owned())).unwrap()
}

fn relays(provider: ProviderSettings, urls: &[&str]) -> Relays {
    let settings = RelaySettings {
        provider,
        ttl: RelayTtl::from_secs(3_600).unwrap(),
        host: HostName::parse("127.0.0.1").unwrap(),
        urls: urls.iter().filter_map(|url| RelayUrl::parse(url)).collect(),
        url_templates: Vec::new(),
    };
    let resolver = HostResolver::with_name_server("127.0.0.1:9".parse().unwrap()).unwrap();
    Relays::new(Some(settings), None, &resolver).unwrap()
}

/// Sends a request, and searches the headers, events and metrics for the texts. The guard reads the
/// log and the database when the issuer ends.
async fn ask(issuer: &TestIssuer, texts: &[&str]) -> String {
    for text in texts {
        LogGuard::global().watch_text("relay credential", text);
    }
    let answer = get_as(issuer, &issuer.account, PATH).await;
    let body = String::from_utf8(answer.body.clone()).unwrap();
    let headers = format!("{:?}", answer.headers);
    let events: Vec<String> = issuer
        .events
        .take()
        .iter()
        .map(anteroom_runtime::Event::to_line)
        .collect();
    let of_relays = events.iter().filter(|line| line.contains("call_relay."));
    assert_eq!(of_relays.count(), 1, "{events:?}");
    let metrics = issuer.metrics().await;
    for text in texts.iter().chain(&[SECRET]) {
        for (place, shown) in [
            ("events", &events.concat()),
            ("metrics", &metrics),
            ("headers", &headers),
        ] {
            assert!(!shown.contains(text), "{place}");
        }
        assert!(answer.status == 200 || !body.contains(text), "error");
    }
    body
}

#[tokio::test]
async fn user_name_and_password_of_a_providers_relay_are_never_logged_stored_or_put_into_an_error()
{
    let provider = RelayProvider::start().await;
    let settings = ProviderSettings::Http {
        url: ProviderUrl::parse(provider.url()).unwrap(),
        token: secret(),
        timeout: Duration::from_secs(10),
    };
    let relays = relays(settings, &[]);
    let shown = format!("{relays:?}");
    let issuer = TestIssuer::start_with_relays(TestIssuerOptions::default(), relays).await;
    let body = ask(&issuer, &GIVEN).await;
    assert!(GIVEN.iter().all(|text| body.contains(text)));
    let good = json!({ "iceServers": { "username": GIVEN[0], "credential": GIVEN[1],
                                       "urls": "turn:a.example" } });
    let says = |status: u16, text: &str| ProviderBehaviour::Says(status, text.to_owned());
    for behaviour in [
        says(500, &good.to_string()),
        says(403, &GIVEN.concat()),
        says(200, &format!("{good}x")),
        says(302, &good.to_string()),
    ] {
        provider.set_behaviour(behaviour.clone());
        let body = ask(&issuer, &GIVEN).await;
        assert!(body.contains("CALL_RELAY_PROVIDER_ERROR"), "{behaviour:?}");
    }
    assert!(
        !shown.contains("given-") && !shown.contains(SECRET),
        "{shown}"
    );
}

#[tokio::test]
async fn user_name_and_password_of_an_own_relay_are_never_logged_stored_or_put_into_an_event() {
    let settings = ProviderSettings::Coturn { secret: secret() };
    let relays = relays(settings, &["turn:127.0.0.1"]);
    let issuer = TestIssuer::start_with_relays(TestIssuerOptions::default(), relays).await;
    let given = get_as(&issuer, &issuer.account, PATH).await.json();
    let text = |member: &str| given["relays"][0][member].as_str().unwrap().to_owned();
    let (username, password) = (text("username"), text("password"));
    let _ = issuer.events.take();
    // The same user gets the same password in the same second.
    let body = ask(&issuer, &[&username, &password]).await;
    assert!(body.contains(&username) && body.contains(&password));
}
