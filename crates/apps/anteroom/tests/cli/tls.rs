//! Services that encrypt by themselves.

use std::{fs, path::PathBuf};

use anteroom_testkit::TestCertificate;
use rustix::process::Signal;
use serde_json::Value;

use crate::directory::{CallProcess, TestDirectory};

/// Returns the paths of a certificate and its key in a place.
fn files(place: &TestDirectory) -> (PathBuf, PathBuf) {
    (
        place.path().join("tls.pem"),
        place.path().join("tls-key.pem"),
    )
}

/// Makes the clients of this place trust a certificate, and no other.
fn trust(place: &mut TestDirectory, name: &str, certificate: &TestCertificate) {
    let path = place.path().join(name);
    fs::write(&path, certificate.certificate_pem()).unwrap();
    place.set("SSL_CERT_FILE", path.to_str().unwrap());
}

#[test]
fn everything_works_over_tls_and_goes_on_under_a_new_certificate() {
    let (old, new) = (TestCertificate::new(), TestCertificate::new());
    let mut place = TestDirectory::new();
    let (certificate, key) = files(&place);
    old.write(&certificate, &key);
    place.set("ANTEROOM_ADMIN_LISTEN", "127.0.0.1:0");
    for listener in ["ISSUER", "ROOMS", "ADMIN"] {
        for (name, path) in [("CERTIFICATE", &certificate), ("KEY", &key)] {
            let variable = format!("ANTEROOM_{listener}_TLS_{name}");
            place.set(&variable, path.to_str().unwrap());
        }
    }
    let mut service = place.start();
    let listen = fs::read(place.data().join("listen.json")).unwrap();
    let listen: Value = serde_json::from_slice(&listen).unwrap();
    for name in ["issuer", "rooms", "admin"] {
        let url = listen[name].as_str().unwrap();
        assert!(url.starts_with("https://127.0.0.1:"), "{url}");
    }
    let ann = place.add_account();
    place.act_as(&ann);
    place.refusal(&["credential", "auth", "--json"]);

    trust(&mut place, "old.pem", &old);
    place.json(&["credential", "auth", "--json"]);
    let created = place.json(&["link", "create", "--json", "--name", "Tea"]);
    let link = created["link"].as_str().unwrap();
    let join = ["call", "join", link, "--plain", "--admin"];
    let mut participant = CallProcess::start(place.anteroom(&join));
    participant.wait_for("You are in \"Tea\", as an admin.");

    new.write(&certificate, &key);
    service.signal(Signal::HUP);
    for _ in 0..3 {
        service.wait_for("there is a new TLS certificate");
    }
    let show = ["link", "show", link, "--json"];
    place.refusal(&show);
    trust(&mut place, "new.pem", &new);
    assert_eq!(place.json(&show)["active"], 1, "the old connection is open");
    participant.type_line("/quit");
    let (status, said) = participant.end();
    assert!(status.success(), "{said:#?}");

    fs::write(&key, "junk").unwrap();
    service.signal(Signal::HUP);
    for _ in 0..3 {
        service.wait_for("the new TLS certificate cannot be used");
    }
    place.json(&show);
    let (status, log) = service.stop();
    assert!(status.success(), "{log:#?}");
}

#[test]
fn a_certificate_that_cannot_be_used_is_refused_at_the_start() {
    let mut place = TestDirectory::new();
    let (certificate, key) = files(&place);
    let (certificate_text, key_text) = (certificate.to_str().unwrap(), key.to_str().unwrap());
    place.set("ANTEROOM_ROOMS_TLS_CERTIFICATE", certificate_text);
    let shown = place.refusal(&["serve"]);
    assert!(
        shown.contains("rooms.tls.certificate needs rooms.tls.key"),
        "{shown}"
    );
    place.set("ANTEROOM_ROOMS_TLS_KEY", key_text);
    let shown = place.refusal(&["serve"]);
    assert!(
        shown.contains("rooms.tls.certificate cannot be used: ")
            && shown.contains("tls.pem cannot be read"),
        "{shown}"
    );
    let (one, other) = (TestCertificate::new(), TestCertificate::new());
    one.write(&certificate, &key);
    fs::write(&key, other.key_pem()).unwrap();
    let shown = place.refusal(&["serve"]);
    assert!(shown.contains("is not that of the certificate"), "{shown}");
    assert!(!place.data().join("rooms.db").exists());
}

#[test]
fn commands_on_the_host_check_the_certificate_for_the_public_name() {
    // The names do not resolve, and the configured proxy does not exist.
    let certificate = TestCertificate::for_names(&["id.calls.invalid", "rooms.calls.invalid"]);
    let mut place = TestDirectory::new();
    let (file, key) = files(&place);
    certificate.write(&file, &key);
    for (listener, public) in [
        ("ISSUER", "https://id.calls.invalid"),
        ("ROOMS", "https://rooms.calls.invalid/rooms"),
    ] {
        for (name, text) in [
            ("TLS_CERTIFICATE", file.to_str().unwrap()),
            ("TLS_KEY", key.to_str().unwrap()),
            ("PUBLIC_URL", public),
        ] {
            place.set(&format!("ANTEROOM_{listener}_{name}"), text);
        }
    }
    place.set("HTTPS_PROXY", "http://127.0.0.1:9");
    trust(&mut place, "trusted.pem", &certificate);
    let _service = place.start();
    let ann = place.add_account();
    place.act_as(&ann);
    let me = place.json(&["whoami", "--json"]);
    assert!(
        me["issuer"]
            .as_str()
            .unwrap()
            .starts_with("https://id.calls.invalid:")
    );
    let created = place.json(&["link", "create", "--json"]);
    let link = created["link"].as_str().unwrap();
    assert!(
        link.starts_with("https://rooms.calls.invalid/rooms/call/#key="),
        "{link}"
    );
    let joined = place.run_with_input(&["call", "join", link, "--admin", "--plain"], "/who\n");
    assert!(joined.status.success());
    // Another certificate is refused on this route too.
    trust(&mut place, "trusted.pem", &TestCertificate::new());
    place.refusal(&["whoami"]);
}
