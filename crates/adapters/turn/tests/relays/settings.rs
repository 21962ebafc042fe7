//! The combinations of settings, and the accounts in an experiment.

use std::time::Duration;

use anteroom_turn::{ProviderSettings, RelayExperiment, RelaySettings, RelaySettingsError, Relays};

use crate::support::{NOW, coturn, http, no_resolver, settings, user};

fn build(main: Option<RelaySettings>) -> Result<Relays, RelaySettingsError> {
    Relays::new(main, None, &no_resolver())
}

fn experiment(percent: u8) -> RelayExperiment {
    RelayExperiment {
        percent,
        relays: coturn("other.example", &["turn:other.example"], &[]),
    }
}

fn main_relays() -> RelaySettings {
    coturn("main.example", &["turn:main.example"], &[])
}

async fn host(relays: &Relays, percentile: u8) -> Option<String> {
    let relay = relays.issue(user(percentile), NOW).await.unwrap();
    relay.map(|relay| relay.hostname)
}

#[tokio::test]
async fn without_a_provider_there_is_nothing_to_give_or_to_watch() {
    for relays in [Relays::none(), build(None).unwrap()] {
        assert!(relays.issue(user(0), NOW).await.unwrap().is_none());
        assert!(relays.dependencies().is_empty());
    }
}

#[tokio::test]
async fn static_relays_have_empty_credentials() {
    let stun = ["stun:relay.example:3478", "stuns:relay.example:5349"];
    let relays = build(Some(settings(
        ProviderSettings::Static,
        "127.0.0.1",
        &stun,
        &["stun:%s:3478"],
    )));
    let relay = relays.unwrap().issue(user(0), NOW).await.unwrap().unwrap();
    assert_eq!((relay.username.as_str(), relay.password.as_str()), ("", ""));
    assert_eq!(relay.urls, stun);
    assert_eq!(relay.urls_with_ips, ["stun:127.0.0.1:3478"]);
    assert_eq!(relay.ttl.as_secs(), 600);
}

#[test]
fn settings_that_make_no_sense_together_are_refused() {
    let mut with_urls = http("https://api.example/", Duration::from_secs(1));
    with_urls.urls = main_relays().urls;
    let fixed = |urls: &[&str], templates: &[&str]| {
        settings(ProviderSettings::Static, "relay.example", urls, templates)
    };
    for (settings, expected) in [
        (
            coturn("relay.example", &[], &["turn:%s"]),
            "no URLs of the relay are named",
        ),
        (fixed(&[], &[]), "no URLs of the relay are named"),
        (with_urls, "those of the provider's answers are used"),
        (
            fixed(&["turn:relay.example"], &[]),
            "turn:relay.example is no STUN URL",
        ),
        (
            fixed(&["stun:relay.example"], &["turn:%s"]),
            "turn:%s is no STUN URL",
        ),
    ] {
        let error = build(Some(settings)).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let error = Relays::new(None, Some(experiment(101)), &no_resolver()).unwrap_err();
    assert!(error.to_string().contains("101 percent"));
}

#[tokio::test]
async fn an_experiment_takes_its_share_and_leaves_the_others() {
    let (main, other) = ("main.example", "other.example");
    for (percent, percentile, expected) in [
        (0, 0, main),
        (1, 0, other),
        (1, 1, main),
        (50, 49, other),
        (50, 50, main),
        (99, 99, main),
        (100, 99, other),
    ] {
        let relays = Relays::new(
            Some(main_relays()),
            Some(experiment(percent)),
            &no_resolver(),
        );
        let found = host(&relays.unwrap(), percentile).await;
        assert_eq!(
            found.as_deref(),
            Some(expected),
            "{percentile} of {percent}"
        );
    }
    let alone = Relays::new(None, Some(experiment(10)), &no_resolver()).unwrap();
    assert_eq!(host(&alone, 9).await.as_deref(), Some(other));
    assert_eq!(host(&alone, 10).await, None);
    let names: Vec<_> = Relays::new(Some(main_relays()), Some(experiment(1)), &no_resolver())
        .unwrap()
        .dependencies()
        .iter()
        .map(|dependency| dependency.name().to_owned())
        .collect();
    assert_eq!(names, ["relays", "relays-experiment"]);
}
