//! The metrics of running services, compared with the documentation.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use anteroom_testkit::WebhookReceiver;
use regex::Regex;
use saphyr::{LoadableYamlNode as _, Yaml};
use serde_json::Value;

use crate::directory::TestDirectory;

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../docs");

/// The type of a metric and its labels without `le`.
type Description = (String, BTreeSet<String>);

fn read(page: &str) -> String {
    fs::read_to_string(format!("{DOCS}/{page}")).unwrap()
}

/// Returns the metrics that services with all their dependencies export.
async fn exported() -> BTreeMap<String, Description> {
    let receiver = WebhookReceiver::start().await;
    let mut place = TestDirectory::new();
    for (name, value) in [
        ("ANTEROOM_ADMIN_LISTEN", "127.0.0.1:0"),
        ("ANTEROOM_EVENTS_FILE", "events.jsonl"),
        ("ANTEROOM_EVENTS_WEBHOOK_URL", receiver.url()),
        ("ANTEROOM_EVENTS_WEBHOOK_ROOMS_URL", receiver.url()),
        ("ANTEROOM_WEBHOOK_SECRET", "the secret of the webhook"),
        ("ANTEROOM_MAIL_TRANSPORT", "folder"),
        ("ANTEROOM_MAIL_FOLDER", "mails"),
        ("ANTEROOM_MAIL_FROM", "a@example.org"),
    ] {
        place.set(name, value);
    }
    let service = place.start();
    let listen = fs::read_to_string(place.data().join("listen.json")).unwrap();
    let listen: Value = serde_json::from_str(&listen).unwrap();
    let url = |of: &str| listen[of].as_str().unwrap();
    let mut metrics = BTreeMap::new();
    for (of, page) in [("issuer", "metrics"), ("rooms", "rooms/metrics")] {
        place.get(&format!("{}/health/live", url(of)));
        metrics.extend(described(&place.get(&format!("{}/{page}", url("admin")))));
    }
    let (status, log) = service.stop();
    assert!(status.success(), "{log:#?}");
    metrics
}

/// Returns the metrics of a page in the OpenMetrics format.
fn described(page: &str) -> BTreeMap<String, Description> {
    let kinds = Regex::new("(?m)^# TYPE ([a-z_]+) ([a-z]+)$").unwrap();
    let label = Regex::new(r#"([a-z]+)=""#).unwrap();
    let mut metrics = BTreeMap::new();
    for (_, [name, kind]) in kinds.captures_iter(page).map(|found| found.extract()) {
        let (shown, sample) = match kind {
            "counter" => (format!("{name}_total"), format!("{name}_total")),
            "histogram" => (name.to_owned(), format!("{name}_count")),
            _ => (name.to_owned(), name.to_owned()),
        };
        let is_sample = |line: &&str| {
            let rest = line.strip_prefix(&sample);
            rest.is_some_and(|rest| rest.starts_with(['{', ' ']))
        };
        let line = page.lines().find(is_sample).unwrap();
        let labels = line.split_once('}').map_or("", |(labels, _)| labels);
        let labels = label.captures_iter(labels).map(|found| found[1].to_owned());
        metrics.insert(shown, (kind.to_owned(), labels.collect()));
    }
    metrics
}

/// Returns the table of all metrics.
fn documented() -> BTreeMap<String, Description> {
    let row = Regex::new(r"(?m)^\| `(anteroom_[a-z_]+)` \| ([a-z]+) \| ([^|]*)\|").unwrap();
    let word = Regex::new("`([a-z]+)`").unwrap();
    let page = read("operations.md");
    let rows = row.captures_iter(&page).map(|found| found.extract());
    rows.map(|(_, [name, kind, labels])| {
        let labels = word.captures_iter(labels).map(|found| found[1].to_owned());
        (name.to_owned(), (kind.to_owned(), labels.collect()))
    })
    .collect()
}

/// The cookie of refresh tokens has a name like a metric's.
const COOKIE: &str = "anteroom_refresh";

/// Names of metrics anywhere in the documents, with the page.
fn mentioned(folder: &Path, found: &mut BTreeSet<(String, String)>) {
    // A variable of another program's language, `$anteroom_...`, is none.
    let name = Regex::new(r"(?:^|[^$a-z_])(anteroom_[a-z_]+)").unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            mentioned(&path, found);
        } else if let Ok(text) = fs::read_to_string(&path) {
            let page = path.file_name().unwrap().to_string_lossy().into_owned();
            let names = name.captures_iter(&text).map(|name| name[1].to_owned());
            let metrics = names.filter(|name| name != COOKIE);
            found.extend(metrics.map(|name| (name, page.clone())));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_is_documented_and_every_documented_metric_is_exported() {
    let exported = exported().await;
    assert_eq!(documented(), exported);
    assert!(exported.contains_key("anteroom_events_dropped_total"));
    let mut names = BTreeSet::new();
    mentioned(Path::new(DOCS), &mut names);
    assert!(names.len() > exported.len());
    for (name, page) in names {
        let whole = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|end| name.strip_suffix(end))
            .filter(|name| matches!(exported.get(*name), Some((kind, _)) if kind == "histogram"));
        let is_known = exported.contains_key(&name) || whole.is_some();
        assert!(is_known, "{page} names {name}, which is not exported");
    }
}

#[test]
fn the_rules_for_prometheus_are_yaml_with_a_rule_for_each_goal() {
    let text = read("operations/files/prometheus-rules.yml");
    let documents = Yaml::load_from_str(&text).unwrap();
    let mut names = BTreeSet::new();
    for group in documents[0]["groups"].as_sequence().unwrap() {
        assert!(group["name"].as_str().is_some());
        for rule in group["rules"].as_sequence().unwrap() {
            let name = rule["alert"].as_str().unwrap();
            let expression = rule["expr"].as_str().unwrap();
            let (open, close) = (expression.matches('('), expression.matches(')'));
            assert_eq!(open.count(), close.count(), "{name}");
            assert!(rule["annotations"]["summary"].as_str().is_some(), "{name}");
            assert!(names.insert(name.to_owned()), "{name} comes twice");
        }
    }
    for name in [
        "AnteroomEscalation",
        "AnteroomSuccessRate",
        "AnteroomErrorRecoveryRate",
        "AnteroomSlow",
        "AnteroomDependencyFails",
        "AnteroomLoss",
    ] {
        assert!(names.contains(name), "{name}");
    }
}
