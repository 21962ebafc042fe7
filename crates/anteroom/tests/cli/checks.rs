//! Set-ups and what the commands of operators see of them.

use anteroom_testkit::TestCertificate;

use crate::place::Place;

#[test]
fn a_service_with_a_certificate_of_its_own_is_seen_to_run() {
    let mut place = Place::new();
    let (pem, key) = (place.path().join("pem"), place.path().join("key"));
    TestCertificate::for_names(&["id.example"]).write(&pem, &key);
    for (name, path) in [
        ("SSL_CERT_FILE", &pem),
        ("ANTEROOM_ISSUER_TLS_CERTIFICATE", &pem),
        ("ANTEROOM_ISSUER_TLS_KEY", &key),
    ] {
        place.set(name, path.to_str().unwrap());
    }
    place.set("ANTEROOM_ISSUER_PUBLIC_URL", "https://id.example");
    let _service = place.start();
    let status = place.json(&["status", "--json"]);
    assert_eq!(status["services"][0]["state"], "running", "{status}");
}
