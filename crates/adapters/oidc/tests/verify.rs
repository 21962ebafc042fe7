//! The tokens of a provider that publishes keys and signs.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{sync::Arc, time::Duration};

use anteroom_oidc::{OidcError, OidcVerifier, ProviderSettings, http_client};
use anteroom_protocol::Timestamp;
use anteroom_runtime::{
    Clock as _, Entropy as _, Health, HealthRegistry, Metrics, Monitor, NoEvents,
};
use anteroom_testkit::{
    MockClock, OidcAlgorithm, OidcKey, OidcProvider, SeededEntropy, metrics_text,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand_core::Rng as _;
use serde_json::{Value, json};
use sha2::Sha256;

const NOW: u64 = 1_700_000_000;
const SUBJECT: &str = "user-1";

struct Scene {
    provider: OidcProvider,
    keys: [OidcKey; 4],
    clock: MockClock,
    verifier: OidcVerifier,
}

impl Scene {
    async fn new() -> Self {
        let provider = OidcProvider::start().await;
        let keys = provider.rotate();
        let clock = MockClock::at(Timestamp::from_secs(NOW));
        let verifier = verifier(&[&provider], &clock);
        Self {
            provider,
            keys,
            clock,
            verifier,
        }
    }

    /// Returns the key that most tests sign with.
    fn key(&self) -> &OidcKey {
        self.keys.last().unwrap()
    }

    fn claims(&self) -> Value {
        json!({
            "iss": self.provider.issuer(),
            "aud": "anteroom",
            "sub": SUBJECT,
            "iat": NOW,
            "exp": NOW + 300,
        })
    }

    fn claims_with(&self, change: &Value) -> Value {
        let mut claims = self.claims();
        let members = claims.as_object_mut().unwrap();
        members.extend(change.as_object().unwrap().clone());
        members.retain(|_, value| !value.is_null());
        claims
    }

    /// Returns a token that is valid at the moment.
    fn token(&self) -> String {
        let now = self.clock.now().as_secs();
        let times = json!({"iat": now, "exp": now + 300});
        self.key().token(&self.claims_with(&times))
    }

    async fn accepts(&self, token: &str) -> bool {
        self.verifier.verify(token).await.is_ok()
    }

    async fn health(&self) -> Health {
        let dependencies = self.verifier.dependencies();
        dependencies.first().unwrap().check().await
    }
}

fn verifier(providers: &[&OidcProvider], clock: &MockClock) -> OidcVerifier {
    let audiences = vec!["anteroom".to_owned(), "other".to_owned()];
    let settings = providers
        .iter()
        .map(|provider| ProviderSettings::new(provider.issuer(), audiences.clone()))
        .collect();
    let http = http_client(Duration::from_secs(30), None).unwrap();
    OidcVerifier::new(settings, &http, Arc::new(clock.clone())).unwrap()
}

#[tokio::test]
async fn tokens_of_all_four_algorithms_say_who_it_is() {
    let scene = Scene::new().await;
    let email = json!({"email": "ann@example.org", "email_verified": true});
    for key in &scene.keys {
        let token = key.token(&scene.claims_with(&email));
        let subject = scene.verifier.verify(&token).await.unwrap();
        assert_eq!(subject.issuer, scene.provider.issuer());
        assert_eq!(subject.subject, SUBJECT);
        assert_eq!(subject.email.as_deref(), Some("ann@example.org"));
        assert!(subject.email_verified);
    }
    assert_eq!(scene.provider.fetches(), 1, "keys are kept");
    assert_eq!(scene.health().await, Health::Ok);
}

#[tokio::test]
async fn claims_must_be_from_the_provider_for_us_and_now() {
    let scene = Scene::new().await;
    for (change, expected) in [
        (json!({}), true),
        (json!({"aud": "other"}), true),
        (json!({"aud": ["else", "anteroom"]}), true),
        (json!({"iat": null}), true),
        (json!({"aud": "else"}), false),
        (json!({"aud": ["else"]}), false),
        (json!({"aud": []}), false),
        (json!({"aud": "anteroom "}), false),
        (json!({"aud": 5}), false),
        (json!({"aud": null}), false),
        (json!({"iss": null}), false),
        (json!({"iss": "https://else.example"}), false),
        (
            json!({"iss": format!("{}/", scene.provider.issuer())}),
            false,
        ),
        (json!({"iss": [scene.provider.issuer()]}), false),
        (json!({"sub": null}), false),
        (json!({"sub": ""}), false),
        (json!({"sub": 5}), false),
        (json!({"exp": null}), false),
        (json!({"exp": NOW - 59}), true),
        (json!({"exp": NOW - 60}), false),
        (json!({"exp": "never"}), false),
        (json!({"nbf": NOW + 60}), true),
        (json!({"nbf": NOW + 61}), false),
        (json!({"iat": NOW + 61}), false),
    ] {
        let token = scene.key().token(&scene.claims_with(&change));
        let outcome = scene.verifier.verify(&token).await;
        assert_eq!(outcome.is_ok(), expected, "{change}");
        if let Err(error) = outcome {
            assert_eq!(error, OidcError);
        }
    }
}

#[tokio::test]
async fn a_header_chooses_nothing() {
    let scene = Scene::new().await;
    let key = scene.key();
    let id = key.id();
    for (header, expected) in [
        (json!({"alg": "EdDSA", "kid": id}), true),
        (json!({"alg": "EdDSA", "kid": id, "typ": "jwt"}), true),
        (json!({"alg": "EdDSA", "kid": id, "typ": "at+jwt"}), true),
        (
            json!({"alg": "EdDSA", "kid": id, "typ": "logout+jwt"}),
            false,
        ),
        (json!({"alg": "EdDSA", "kid": id, "crit": ["exp"]}), false),
        (json!({"alg": "EdDSA", "kid": id, "crit": []}), false),
        (json!({"alg": "EdDSA"}), false),
        (json!({"alg": "EdDSA", "kid": ""}), false),
        (json!({"alg": "EdDSA", "kid": 5}), false),
        (json!({"alg": "EdDSA", "kid": "x".repeat(256)}), false),
        (json!({"alg": "EdDSA", "kid": "EdDSA-1"}), false),
        (json!({"alg": "eddsa", "kid": id}), false),
        (json!({"alg": "none", "kid": id}), false),
        (json!({"alg": "None", "kid": id}), false),
        (json!({"alg": "", "kid": id}), false),
        (json!({"alg": "HS256", "kid": id}), false),
        (json!({"alg": "RS256", "kid": id}), false),
        (json!({"alg": "ES384", "kid": id}), false),
        (json!({"kid": id}), false),
        (json!([]), false),
        // A key of the attacker, under every possible name.
        (
            json!({"alg": "EdDSA", "kid": "mine", "jwk": key.jwk()}),
            false,
        ),
        (
            json!({"alg": "EdDSA", "kid": "mine", "jku": scene.provider.issuer()}),
            false,
        ),
    ] {
        let token = key.token_with_header(&header, &scene.claims());
        assert_eq!(scene.accepts(&token).await, expected, "{header}");
    }
}

#[tokio::test]
async fn an_unsigned_token_is_none() {
    let scene = Scene::new().await;
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = part(&scene.claims());
    let good = scene.token();
    let signature = good.rsplit('.').next().unwrap();
    for algorithm in ["none", "EdDSA", "HS256"] {
        let header = part(&json!({"alg": algorithm, "kid": scene.key().id()}));
        for signature in ["", "AAAA", signature] {
            let token = format!("{header}.{claims}.{signature}");
            assert!(!scene.accepts(&token).await, "{algorithm} {signature}");
        }
    }
    let (message, _) = good.rsplit_once('.').unwrap();
    for token in [
        message.to_owned(),
        format!("{message}."),
        format!("{good}.{signature}"),
    ] {
        assert!(!scene.accepts(&token).await, "{token}");
    }
    assert!(scene.accepts(&good).await);
}

#[tokio::test]
async fn a_public_key_is_no_secret() {
    let scene = Scene::new().await;
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    for key in &scene.keys {
        let jwk = key.jwk();
        for secret in [
            jwk.to_string().into_bytes(),
            URL_SAFE_NO_PAD
                .decode(jwk.get("n").or(jwk.get("x")).unwrap().as_str().unwrap())
                .unwrap(),
        ] {
            let header = part(&json!({"alg": "HS256", "kid": key.id(), "typ": "JWT"}));
            let message = format!("{header}.{}", part(&scene.claims()));
            let mut mac = Hmac::<Sha256>::new_from_slice(&secret).unwrap();
            mac.update(message.as_bytes());
            let tag = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
            assert!(!scene.accepts(&format!("{message}.{tag}")).await);
        }
    }
}

#[tokio::test]
async fn keys_cannot_be_swapped() {
    let scene = Scene::new().await;
    for key in &scene.keys {
        for other in &scene.keys {
            let header = json!({"alg": key.jwk()["alg"], "kid": other.id()});
            let token = key.token_with_header(&header, &scene.claims());
            let same = key.id() == other.id();
            assert_eq!(
                scene.accepts(&token).await,
                same,
                "{} {}",
                key.id(),
                other.id()
            );
        }
        // The right id and algorithm, and another key.
        let generation = 1;
        for algorithm in OidcAlgorithm::ALL {
            if key.jwk()["alg"] == algorithm.name() {
                let forged = OidcKey::new(key.id(), algorithm, generation);
                assert!(!scene.accepts(&forged.token(&scene.claims())).await);
            }
        }
    }
}

#[tokio::test]
async fn a_provider_speaks_for_itself_alone() {
    let scene = Scene::new().await;
    let other = OidcProvider::start().await;
    let other_keys = other.rotate();
    let verifier = verifier(&[&scene.provider, &other], &scene.clock);
    // The ids are the same at both providers.
    for (key, other_key) in scene.keys.iter().zip(&other_keys) {
        assert!(verifier.verify(&key.token(&scene.claims())).await.is_ok());
        let theirs = scene.claims_with(&json!({"iss": other.issuer()}));
        assert!(verifier.verify(&other_key.token(&theirs)).await.is_ok());
        if key.jwk()["kty"] != "RSA" {
            assert!(verifier.verify(&key.token(&theirs)).await.is_err());
            assert!(
                verifier
                    .verify(&other_key.token(&scene.claims()))
                    .await
                    .is_err()
            );
        }
    }
    let names: Vec<String> = verifier
        .dependencies()
        .iter()
        .map(|dependency| dependency.name().to_owned())
        .collect();
    assert_eq!(names, ["oidc-1", "oidc-2"]);
}

#[tokio::test]
async fn a_new_key_is_fetched_when_it_is_first_seen_but_not_too_often() {
    let mut scene = Scene::new().await;
    let old = scene.token();
    assert!(scene.accepts(&old).await);
    assert_eq!(scene.provider.fetches(), 1);
    scene.keys = scene.provider.rotate();
    let new = scene.token();
    assert!(!scene.accepts(&new).await, "fetched just now");
    assert_eq!(scene.provider.fetches(), 1);
    scene.clock.advance(30);
    assert!(scene.accepts(&new).await);
    assert!(!scene.accepts(&old).await, "its key is gone");
    assert_eq!(scene.provider.fetches(), 2);

    // Any number of made-up ids causes no fetch.
    scene.clock.advance(30);
    for number in 0..50 {
        let header = json!({"alg": "EdDSA", "kid": format!("made-up-{number}")});
        let token = scene.key().token_with_header(&header, &scene.claims());
        assert!(!scene.accepts(&token).await);
    }
    assert_eq!(scene.provider.fetches(), 3);
    assert!(scene.accepts(&scene.token()).await);
}

#[tokio::test]
async fn keys_serve_on_without_the_provider_until_they_are_too_old() {
    const DAY: u64 = 24 * 60 * 60;
    let mut scene = Scene::new().await;
    assert!(scene.accepts(&scene.token()).await);
    scene.provider.stop();
    scene.clock.advance(DAY);
    assert!(scene.accepts(&scene.token()).await);
    assert_eq!(scene.health().await, Health::Ok, "nobody has noticed yet");
    let unknown = json!({"alg": "EdDSA", "kid": "new"});
    let unknown = scene.key().token_with_header(&unknown, &scene.claims());
    assert!(!scene.accepts(&unknown).await);
    assert_eq!(scene.health().await, Health::Degraded);
    assert!(scene.accepts(&scene.token()).await);
    scene.clock.advance(1);
    assert!(!scene.accepts(&scene.token()).await);
    assert_eq!(scene.health().await, Health::Failing);
}

#[tokio::test]
async fn what_a_provider_publishes_must_make_sense() {
    let scene = Scene::new().await;
    let provider = &scene.provider;
    let issuer = provider.issuer();
    let keys = format!("{issuer}/keys");
    let good = json!({"issuer": issuer, "jwks_uri": keys}).to_string();
    assert!(scene.accepts(&scene.token()).await);
    let huge = format!(
        "{{\"issuer\": {issuer:?}, \"jwks_uri\": {keys:?}, \"x\": \"{}\"}}",
        "x".repeat(300_000)
    );
    for configuration in [
        String::new(),
        "junk".to_owned(),
        "{}".to_owned(),
        huge,
        json!({"issuer": format!("{issuer}/"), "jwks_uri": keys}).to_string(),
        json!({"issuer": "https://else.example", "jwks_uri": keys}).to_string(),
        json!({"issuer": issuer, "jwks_uri": "http://192.0.2.1/keys"}).to_string(),
        json!({"issuer": issuer, "jwks_uri": "file:///etc/passwd"}).to_string(),
        json!({"issuer": issuer, "jwks_uri": "keys"}).to_string(),
        json!({"issuer": issuer, "jwks_uri": format!("{issuer}/nothing")}).to_string(),
    ] {
        provider.publish_configuration(&configuration);
        refused_refresh(&scene).await;
    }
    provider.publish_configuration(&good);
    for keys in [
        "",
        "junk",
        "{\"keys\": []}",
        "{\"keys\": [{\"kty\": \"oct\"}]}",
    ] {
        provider.publish_keys(keys);
        refused_refresh(&scene).await;
    }
    provider.publish_keys(&json!({"keys": [scene.key().jwk()]}).to_string());
    provider.set_down(true);
    refused_refresh(&scene).await;
    provider.set_down(false);
    refresh(&scene).await;
    assert_eq!(scene.health().await, Health::Ok);
}

/// Makes the verifier fetch the keys, by a token with an unknown id.
async fn refresh(scene: &Scene) {
    scene.clock.advance(30);
    let header = json!({"alg": "EdDSA", "kid": "unknown"});
    let token = scene.key().token_with_header(&header, &scene.claims());
    let fetches = scene.provider.fetches();
    assert!(!scene.accepts(&token).await);
    assert_eq!(scene.provider.fetches(), fetches + 1);
}

/// Asserts that the published keys are refused, and the previous ones are used.
async fn refused_refresh(scene: &Scene) {
    refresh(scene).await;
    assert_eq!(scene.health().await, Health::Degraded);
    assert!(scene.accepts(&scene.token()).await);
}

#[tokio::test]
async fn a_provider_that_fails_and_recovers_is_counted_with_the_time_between() {
    let scene = Scene::new().await;
    let metrics = Metrics::new(Arc::new(NoEvents), Arc::new(scene.clock.clone()));
    let registry = HealthRegistry::new(scene.verifier.dependencies());
    let _monitor = Monitor::new(&registry, &metrics);
    for is_down in [false, true, true, false] {
        scene.provider.set_down(is_down);
        refresh(&scene).await;
    }
    let shown = metrics_text(&metrics).await;
    for (name, number) in [
        ("failures_total", "1"),
        ("recoveries_total", "1"),
        ("failing", "0"),
        ("failure_duration_seconds_sum", "60.0"),
    ] {
        let line = format!("anteroom_dependency_{name}{{dependency=\"oidc-1\"}} {number}");
        assert!(shown.lines().any(|got| got == line), "{line}\n{shown}");
    }
}

#[tokio::test]
async fn keys_are_fetched_in_the_background() {
    let scene = Scene::new().await;
    assert_eq!(scene.health().await, Health::Failing, "there are none yet");
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let background = tokio::spawn({
        let verifier = scene.verifier.clone();
        async move {
            verifier
                .run_background(async { stopped.await.unwrap() })
                .await;
        }
    });
    while scene.health().await != Health::Ok {
        tokio::task::yield_now().await;
    }
    assert!(scene.accepts(&scene.token()).await);
    assert_eq!(scene.provider.fetches(), 1);
    stop.send(()).unwrap();
    background.await.unwrap();
}

#[tokio::test]
async fn huge_tokens_are_not_looked_at() {
    let scene = Scene::new().await;
    for (padding, expected) in [
        (100, true),
        (4_000, true),
        (8_000, false),
        (1_000_000, false),
    ] {
        let claims = scene.claims_with(&json!({"padding": "x".repeat(padding)}));
        let token = scene.key().token(&claims);
        assert_eq!(scene.accepts(&token).await, expected, "{padding}");
    }
    assert_eq!(scene.provider.fetches(), 1);
}

#[tokio::test]
async fn whatever_is_malformed_is_refused_and_nothing_panics() {
    let scene = Scene::new().await;
    let good = scene.token();
    assert!(scene.accepts(&good).await);
    let mut rng = SeededEntropy::new(7).rng();
    let mut below = move |bound: usize| usize::try_from(rng.next_u32()).unwrap() % bound;
    let pieces = [
        ".",
        "..",
        "=",
        "\0",
        "\u{e9}",
        "eyJhbGciOiJub25lIn0",
        "{}",
        "e30",
        "null",
        " ",
    ];
    for _ in 0..10_000 {
        let mut token = good.clone().into_bytes();
        for _ in 0..=below(3) {
            let at = below(token.len().max(1)).min(token.len());
            match below(5) {
                0 => token.truncate(at),
                1 => drop(token.drain(..at)),
                2 => {
                    let piece = pieces.get(below(pieces.len())).unwrap();
                    token.splice(at..at, piece.bytes());
                }
                3 => {
                    if let Some(byte) = token.get_mut(at) {
                        *byte = u8::try_from(below(128)).unwrap();
                    }
                }
                _ => {
                    let part = token.get(at..).unwrap().to_vec();
                    token.extend(part);
                }
            }
        }
        let token = String::from_utf8_lossy(&token).into_owned();
        if token != good {
            assert!(!scene.accepts(&token).await, "{token}");
        }
    }
    assert!(scene.accepts(&good).await);
}

#[test]
fn a_provider_stands_there_once() {
    let provider = ProviderSettings::new("https://id.example", vec!["us".to_owned()]);
    let http = http_client(Duration::from_secs(1), None).unwrap();
    let clock = Arc::new(MockClock::at(Timestamp::from_secs(NOW)));
    let twice = OidcVerifier::new(vec![provider.clone(), provider], &http, clock);
    let shown = twice.err().unwrap().to_string();
    assert!(shown.contains("twice"), "{shown}");
}
