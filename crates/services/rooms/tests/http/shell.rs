//! The description, the health probes, and unknown paths.

use anteroom_http_server::HttpLimits;
use anteroom_rooms::{StoredParams, VerifierKeys};
use anteroom_testkit::{TestRooms, TestRoomsOptions};
use http::Method;
use serde_json::{Value, json};

use crate::support::{create_body, create_request, created, link_request, peek_request, request};

#[tokio::test]
async fn the_description_covers_every_route() {
    let rooms = TestRooms::start().await;
    let answer = request(Method::GET, "/openapi.json").send(&rooms).await;
    let document = answer.json();
    let paths: Vec<&str> = document["paths"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        paths,
        [
            "/health",
            "/health/live",
            "/health/ready",
            "/v1/call-link",
            "/v2/conference/participants",
            "/v3/conference/socket",
        ]
    );
    let whole = serde_json::to_value(anteroom_rooms::openapi()).unwrap();
    assert_eq!(
        whole["paths"]["/v1/call-link"],
        document["paths"]["/v1/call-link"]
    );
}

#[tokio::test]
async fn health_follows_the_database_and_requests_fail_clearly_without_it() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, json!({})).await;
    let ready = || request(Method::GET, "/health/ready");
    assert_eq!(ready().send(&rooms).await.status, 200);
    assert_eq!(
        request(Method::GET, "/health")
            .to(rooms.internal_router())
            .await
            .status,
        200
    );
    rooms.database.close().await;
    let answer = ready().send(&rooms).await;
    assert_eq!(answer.status, 503);
    assert_eq!(
        answer.json()["dependencies"],
        json!({"call-link-params": "ok", "database": "failing"})
    );
    let answer = peek_request(&rooms, &link, &aci).send(&rooms).await;
    answer.assert_problem(503, "UNAVAILABLE");
    let answer = request(Method::GET, "/health")
        .to(rooms.internal_router())
        .await;
    answer.assert_problem(503, "UNAVAILABLE");
}

#[tokio::test]
async fn without_live_server_params_requests_are_unavailable_and_not_forbidden() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, json!({})).await;
    let ready = || request(Method::GET, "/health/ready");
    let of_link = |method| link_request(&rooms, method, &link, &aci);
    let passkey = json!({ "adminPasskey": link.passkey_text() });
    // Caches a presentation that held. The cache must not count for other params.
    of_link(Method::GET).send(&rooms).await;
    rooms.rooms.replace_keys(VerifierKeys::default());
    let fresh = rooms.new_link();
    for request in [
        of_link(Method::GET),
        of_link(Method::PUT).json(&passkey),
        of_link(Method::DELETE).json(&passkey),
        create_request(&rooms, &fresh, &aci).json(&create_body(&fresh)),
        peek_request(&rooms, &link, &aci),
    ] {
        let answer = request.send(&rooms).await;
        answer.assert_problem(503, "UNAVAILABLE");
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    let answer = ready().send(&rooms).await;
    assert_eq!(answer.status, 503);
    assert_eq!(
        answer.json()["dependencies"],
        json!({"call-link-params": "failing", "database": "ok"})
    );
}

#[tokio::test]
async fn health_is_degraded_while_stored_params_are_incomplete() {
    let rooms = TestRooms::start().await;
    for (stored, status) in [
        (StoredParams::Incomplete, "degraded"),
        (StoredParams::Complete, "ok"),
    ] {
        rooms.rooms.set_stored_params(stored);
        let answer = request(Method::GET, "/health/ready").send(&rooms).await;
        assert_eq!(answer.status, 200);
        let report = answer.json();
        assert_eq!(report["status"], status);
        assert_eq!(report["dependencies"]["call-link-params"], status);
    }
}

#[tokio::test]
async fn health_of_the_public_listener_is_200_and_empty_also_when_overloaded() {
    let rooms = TestRooms::start_with(TestRoomsOptions {
        http: HttpLimits {
            concurrent_requests: 0,
            ..HttpLimits::default()
        },
        ..TestRoomsOptions::default()
    })
    .await;
    let refused = request(Method::GET, "/openapi.json").send(&rooms).await;
    refused.assert_problem(503, "OVERLOADED");
    for method in [Method::GET, Method::HEAD] {
        let answer = request(method, "/health").send(&rooms).await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (200, 0));
    }
    // The probe reports on the process alone.
    rooms.database.close().await;
    let answer = request(Method::GET, "/health").send(&rooms).await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (200, 0));
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_document() {
    let rooms = TestRooms::start().await;
    for (method, path, status, code) in [
        (Method::GET, "/nothing", 404, "NOT_FOUND"),
        (Method::POST, "/v1/call-link", 405, "METHOD_NOT_ALLOWED"),
        (Method::PUT, "/v1/call-link-approvals", 404, "NOT_FOUND"),
        (Method::DELETE, "/v2/conference", 404, "NOT_FOUND"),
        (Method::GET, "/v3/conference/socket", 426, "SOCKET_REQUIRED"),
    ] {
        let answer = request(method, path).send(&rooms).await;
        assert_eq!(answer.problem(), (status, code.to_owned()), "{path}");
        let _: Value = answer.json();
    }
}
