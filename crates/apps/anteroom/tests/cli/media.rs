//! A room service whose calls are on a media server, as a process.

use std::{fs, sync::Arc};

use anteroom_protocol::GenericSecretParams;
use anteroom_testkit::{
    FakeMediaServer, NativeClient, RoomsTransport, SeededEntropy, TestPresenter, run_native_lobby,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use crate::{
    directory::{ServeProcess, TestDirectory},
    rotation::now,
};

/// Exports the params of a new issuer to the file, and returns the generic ones.
fn issuing_params(file: &str) -> GenericSecretParams {
    let issuers = TestDirectory::new();
    let issuer = ServeProcess::start_until(
        issuers.anteroom(&["serve", "--role", "issuer"]),
        "the issuer listens on",
    );
    let params = params_of(&issuers, file);
    let (status, _) = issuer.stop();
    assert!(status.success());
    params
}

/// Exports the params of an issuer to the file, and returns the generic ones.
pub(crate) fn params_of(issuers: &TestDirectory, file: &str) -> GenericSecretParams {
    issuers.shown(&["keys", "export", "--out", file]);
    let exported: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let secret = exported["genericParams"][0]["secretParams"].as_str();
    GenericSecretParams::from_bytes(&STANDARD.decode(secret.unwrap()).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_runs_the_lobby_of_native_calls_on_a_media_server() {
    let media = FakeMediaServer::start().await;
    let mut place = TestDirectory::new();
    let file = place.path().join("params.json");
    let params = issuing_params(file.to_str().unwrap());
    place.shown(&["keys", "import", file.to_str().unwrap()]);
    place.set("ANTEROOM_ROOMS_MEDIA", "sfu");
    place.set("ANTEROOM_ROOMS_MEDIA_SERVERS", media.url());
    place.set("ANTEROOM_LOG_LEVEL", "debug");
    let command = [
        "serve",
        "--role",
        "rooms",
        "--internal-listen",
        "127.0.0.1:0",
    ];
    let service = ServeProcess::start(place.anteroom(&command));
    let text = fs::read_to_string(place.data().join("listen.json")).unwrap();
    let addresses: Value = serde_json::from_str(&text).unwrap();
    media.call_back_to(addresses["internal"].as_str().unwrap());

    let entropy = Arc::new(SeededEntropy::of_this_test(1));
    let presenter = TestPresenter::new(Arc::new(params), entropy);
    let client = NativeClient {
        transport: RoomsTransport::to_url(addresses["rooms"].as_str().unwrap()),
        link: presenter.new_link(),
        presenter,
        day: now().start_of_day(),
    };
    run_native_lobby(&client, &media).await;

    let (status, log) = service.stop();
    assert!(status.success(), "{log:#?}");
    let log = log.join("\n");
    let announced = media.announced();
    let users = announced.iter().map(|client| &client.body["endpointId"]);
    for id in users.map(|user| user.as_str().unwrap()) {
        assert!(!log.contains(id));
    }
    assert!(!log.contains(&client.link.room()));
}
