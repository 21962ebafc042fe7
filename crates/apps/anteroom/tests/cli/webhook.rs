//! Events to a webhook, from a service that is killed.

use anteroom_testkit::{ReceivedEvent, WebhookReceiver};
use serde_json::Value;

use crate::directory::TestDirectory;

const SECRET: &str = "the secret of the webhook";

fn name(event: &ReceivedEvent) -> String {
    let body: Value = serde_json::from_str(&event.body).unwrap();
    body["event"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_waits_survives_that_the_service_is_killed() {
    let (issuer, rooms) = (
        WebhookReceiver::start().await,
        WebhookReceiver::start().await,
    );
    issuer.answer_always(503);
    let mut place = TestDirectory::new();
    place.set("ANTEROOM_EVENTS_WEBHOOK_URL", issuer.url());
    place.set("ANTEROOM_EVENTS_WEBHOOK_ROOMS_URL", rooms.url());
    let shown = place.refusal(&["serve"]);
    assert!(shown.contains("events.webhook needs a secret"), "{shown}");
    let secret = place.path().join("secret");
    std::fs::write(&secret, format!("{SECRET}\n")).unwrap();
    place.set("ANTEROOM_WEBHOOK_SECRET_FILE", secret.to_str().unwrap());

    let service = place.start();
    let ann = place.add_account();
    place.act_as(&ann);
    place.json(&["link", "create", "--json", "--name", "Tea"]);
    let refused = issuer.wait_for(1).await;
    rooms.wait_for(1).await;
    // Dropping the service kills it.
    assert!(!service.log().join("\n").contains(SECRET));
    drop(service);

    issuer.answer_always(200);
    let before = issuer.wait_for(refused.len()).await.len();
    let service = place.start();
    let events = issuer.wait_for(before + 1).await;
    let first = events.first().unwrap();
    let again = events.iter().find(|event| event.answer == Some(200));
    let again = again.unwrap();
    assert_eq!((&first.id, &first.body), (&again.id, &again.body));
    // The event of the command line is the older one, and comes first.
    assert_eq!(name(again), "device.registered");
    let (status, log) = service.stop();
    assert!(status.success(), "{log:#?}");
}
