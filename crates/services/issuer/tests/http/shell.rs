//! The middleware around the endpoints: problems, ids, description.

use std::collections::HashSet;

use anteroom_testkit::{LogGuard, TestIssuer, assert_api_page};
use axum::body::Body;
use http::Request;

use crate::support::{call, get, get_as};

#[tokio::test]
async fn unknown_paths_and_methods_are_problems_too() {
    let issuer = TestIssuer::start().await;
    for path in [
        "/v1",
        "/v1/nothing",
        "/v1/params/",
        "/docs/nothing",
        "/metrics",
    ] {
        get(&issuer, path).await.assert_problem(
            404,
            "NOT_FOUND",
            "There is nothing at this address.",
        );
    }
    for (method, path, allowed) in [
        ("GET", "/v1/call-link/create-auth", "POST"),
        ("POST", "/v1/call-link/auth", "GET,HEAD"),
        ("DELETE", "/v1/params", "GET,HEAD"),
        ("BREW", "/v1/accounts/whoami", "GET,HEAD"),
    ] {
        let request = Request::builder().method(method).uri(path);
        let answer = call(&issuer, request.body(Body::empty()).unwrap()).await;
        answer.assert_problem(
            405,
            "METHOD_NOT_ALLOWED",
            "This address does not support the method.",
        );
        assert_eq!(answer.header("allow"), Some(allowed), "{path}");
    }
}

#[tokio::test]
async fn every_answer_has_a_request_id_of_our_own() {
    let issuer = TestIssuer::start().await;
    let mut seen = HashSet::new();
    for sent in [Some("trace-1"), Some(""), None] {
        for path in ["/health/live", "/nothing"] {
            let mut request = Request::get(path);
            if let Some(sent) = sent {
                request = request.header("x-request-id", sent);
            }
            let answer = call(&issuer, request.body(Body::empty()).unwrap()).await;
            let id = answer.header("x-request-id").unwrap();
            assert_eq!(id.len(), 32, "{id}");
            assert!(seen.insert(id.to_owned()), "{id} comes twice");
        }
    }
}

#[tokio::test]
async fn the_description_is_openapi_3_1_and_names_every_endpoint() {
    let issuer = TestIssuer::start().await;
    let answer = get(&issuer, "/openapi.json").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let api = answer.json();
    assert!(api["openapi"].as_str().unwrap().starts_with("3.1."));
    for (path, method, is_public) in [
        ("/v1/call-link/create-auth", "post", false),
        ("/v1/call-link/auth", "get", false),
        ("/v1/certificate/auth/group", "get", false),
        ("/v1/accounts/whoami", "get", false),
        ("/v1/calling/relays", "get", false),
        ("/v2/calling/relays", "get", false),
        ("/v1/devices", "get", false),
        ("/v1/devices", "post", false),
        ("/v1/devices/{id}", "patch", false),
        ("/v1/devices/{id}", "delete", false),
        ("/auth/logout", "post", false),
        ("/auth/logout-all", "post", false),
        ("/v1/params", "get", true),
        ("/.well-known/jwks.json", "get", true),
        ("/health/live", "get", true),
        ("/health/ready", "get", true),
    ] {
        let operation = &api["paths"][path][method];
        assert!(operation["responses"].is_object(), "{path}");
        assert_eq!(operation["security"].is_null(), is_public, "{path}");
        assert_eq!(operation["responses"]["401"].is_null(), is_public, "{path}");
    }
    for path in [
        "/auth/signup",
        "/auth/verify-email",
        "/auth/verify-email/resend",
        "/auth/login",
        "/auth/refresh",
        "/auth/password-reset",
        "/auth/password-reset/confirm",
    ] {
        let operation = &api["paths"][path]["post"];
        assert!(operation["requestBody"].is_object(), "{path}");
        assert!(operation["security"].is_null(), "{path}");
        assert!(operation["responses"]["429"].is_object(), "{path}");
        for status in ["400", "408", "413", "415", "422", "500", "503", "504"] {
            let response = &operation["responses"][status];
            assert!(response["content"].is_object(), "{path} {status}");
        }
    }
    assert_eq!(api["paths"].as_object().unwrap().len(), 22);
    for (name, scheme) in [("device", "basic"), ("session", "bearer")] {
        let described = &api["components"]["securitySchemes"][name];
        assert_eq!(described["type"], "http");
        assert_eq!(described["scheme"], scheme);
    }
}

#[tokio::test]
async fn the_page_to_read_it_shows_all_of_it() {
    let issuer = TestIssuer::start().await;
    let page = get(&issuer, "/docs").await;
    assert_eq!(page.status, 200);
    let api = get(&issuer, "/openapi.json").await.json();
    assert_api_page(std::str::from_utf8(&page.body).unwrap(), &api);
}

#[tokio::test]
async fn the_log_of_a_whole_session_shows_nothing_sensitive() {
    let issuer = TestIssuer::start().await;
    let before = LogGuard::global().lines();
    get_as(&issuer, &issuer.account, "/v1/accounts/whoami").await;
    let aci = issuer.account.aci.to_uuid_string();
    get_as(&issuer, &issuer.account, &format!("/v1/{aci}")).await;
    get_as(
        &issuer,
        &issuer.account,
        &format!("/v1/call-link/auth?redemptionStartSeconds={aci}"),
    )
    .await;
    let request = Request::builder()
        .method(aci.replace('-', "X").as_str())
        .uri("/v1/params");
    call(&issuer, request.body(Body::empty()).unwrap()).await;
    assert!(
        LogGuard::global().lines() >= before + 8,
        "spans and events were read"
    );
    LogGuard::global().assert_clean();
}
