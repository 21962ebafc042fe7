//! Events of the operator's commands on devices, beside a running service.

use std::{fs, path::Path, process::Stdio};

use anteroom_testkit::WebhookReceiver;
use serde_json::{Value, json};

use crate::{
    accounts::{EMAIL, place_with_login_and},
    directory::TestDirectory,
};

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Returns name and payload of the events about devices, without the pseudonym of their account.
fn about_devices(events: &[Value]) -> Vec<(String, Value)> {
    let mut about = Vec::new();
    for event in events {
        let name = event["event"].as_str().unwrap();
        let is_of_device = event["payload"].get("device_id").is_some();
        if name.starts_with("device.") || (name == "audit" && is_of_device) {
            let mut payload = event["payload"].clone();
            let user = payload.as_object_mut().unwrap().remove("user_id");
            assert_eq!(user.unwrap().as_str().unwrap().len(), 22);
            let time = event["time"].as_str().unwrap();
            assert!(time.ends_with(":00:00Z"), "a whole hour: {time}");
            about.push((name.to_owned(), payload));
        }
    }
    about
}

/// Adds two devices, renames and deletes one of them, and deletes the account with the other.
fn manage(place: &TestDirectory) {
    let login = ["login", "--email", EMAIL, "--password-file", "password"];
    place.shown(&login);
    // A login from the same home directory keeps the device.
    let mut elsewhere = place.anteroom(&[&login[..], &["--name", "Laptop"]].concat());
    let elsewhere = elsewhere.env("HOME", place.path().join("elsewhere"));
    assert!(elsewhere.stdin(Stdio::null()).status().unwrap().success());
    place.shown(&["device", "rename", EMAIL, "2", "Old laptop"]);
    place.shown(&["device", "delete", EMAIL, "2", "--yes"]);
    place.shown(&["account", "delete", EMAIL, "--yes"]);
}

fn expected() -> Vec<(String, Value)> {
    let event = |name: &str, payload: Value| (name.to_owned(), payload);
    let told = |change: &str| {
        let payload = json!({ "device_ids": [1], "change": change, "device_id": 2 });
        event("device.list_changed", payload)
    };
    let record = |action: &str, device: u32| {
        let payload = json!({ "action": action, "actor": "operator", "device_id": device });
        event("audit", payload)
    };
    vec![
        event("device.registered", json!({ "device_id": 1 })),
        event("device.registered", json!({ "device_id": 2 })),
        told("registered"),
        event("device.updated", json!({ "device_id": 2 })),
        told("updated"),
        record("device.renamed", 2),
        event("device.deleted", json!({ "device_id": 2 })),
        record("device.deleted", 2),
        told("deleted"),
        event("device.deleted", json!({ "device_id": 1 })),
        record("device.deleted", 1),
    ]
}

#[test]
fn commands_on_devices_append_their_events_to_the_file_of_a_running_service() {
    let (place, service, _) = place_with_login_and(|place| {
        let file = place.path().join("events.jsonl");
        place.set("ANTEROOM_EVENTS_FILE", file.to_str().unwrap());
    });
    manage(&place);
    let added = place.json(&["account", "add", "--json"]);
    assert_eq!(added["deviceId"], 1);
    let (status, log) = service.stop();
    assert!(status.success(), "{log:#?}");
    let mut expected = expected();
    expected.push(("device.registered".to_owned(), json!({ "device_id": 1 })));
    let happened = lines(&place.path().join("events.jsonl"));
    assert_eq!(about_devices(&happened), expected);
}

#[test]
fn many_commands_at_once_write_whole_lines_and_lose_none() {
    let mut place = TestDirectory::new();
    let file = place.path().join("events.jsonl");
    place.set("ANTEROOM_EVENTS_FILE", file.to_str().unwrap());
    let service = place.start();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..3 {
                    place.add_account();
                }
            });
        }
    });
    service.stop();
    let registered = json!({ "device_id": 1 });
    let expected = vec![("device.registered".to_owned(), registered); 12];
    assert_eq!(about_devices(&lines(&file)), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_on_devices_give_their_events_to_the_webhook_of_a_running_service() {
    let receiver = WebhookReceiver::start().await;
    let (place, service, _) = place_with_login_and(|place| {
        let secret = place.path().join("secret");
        fs::write(&secret, "the secret of the webhook").unwrap();
        place.set("ANTEROOM_WEBHOOK_SECRET_FILE", secret.to_str().unwrap());
        place.set("ANTEROOM_EVENTS_WEBHOOK_URL", receiver.url());
    });
    tokio::task::block_in_place(|| manage(&place));
    let mut expected = expected();
    let mut happened = Vec::new();
    // There are also events of logins.
    for count in expected.len().. {
        let received = receiver.wait_for(count).await;
        let events: Vec<Value> = received
            .iter()
            .map(|event| serde_json::from_str(&event.body).unwrap())
            .collect();
        happened = about_devices(&events);
        if happened.len() >= expected.len() {
            break;
        }
    }
    // Events of several processes within one second have no defined order.
    for list in [&mut happened, &mut expected] {
        list.sort_by_key(|(name, payload)| format!("{name} {payload}"));
    }
    assert_eq!(happened, expected);
    let (status, log) = service.stop();
    assert!(status.success(), "{log:#?}");
}

#[test]
fn where_events_go_to_standard_output_those_of_a_command_go_to_its_standard_error() {
    let (mut place, _service, _) = place_with_login_and(|_| {});
    place.set("ANTEROOM_EVENTS_STDOUT", "true");
    let output = place.run(&["account", "add", "--json"]);
    let added: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(added["deviceId"], 1);
    let shown = crate::directory::stderr(&output);
    let events: Vec<Value> = shown
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let registered = ("device.registered".to_owned(), json!({ "device_id": 1 }));
    assert_eq!(about_devices(&events), [registered]);
}

#[test]
fn a_command_whose_event_cannot_be_written_changes_nothing() {
    let (mut place, _service, uuid) = place_with_login_and(|_| {});
    let nowhere = place.path().join("no/such/folder/events.jsonl");
    place.set("ANTEROOM_EVENTS_FILE", nowhere.to_str().unwrap());
    let complaint = place.refusal(&["account", "delete", EMAIL, "--yes"]);
    assert!(complaint.contains("the event file"), "{complaint}");
    let shown = place.json(&["account", "show", EMAIL, "--json"]);
    assert_eq!(shown["uuid"], uuid.as_str());
}
