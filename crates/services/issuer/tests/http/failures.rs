//! The behaviour without a dependency.

use anteroom_runtime::Clock as _;
use anteroom_testkit::{TestIssuer, TestIssuerOptions};
use axum::body::Body;
use http::Request;
use serde_json::json;

use crate::support::{call, get, get_as, post};

fn batch(issuer: &TestIssuer, endpoint: &str) -> String {
    let today = issuer.clock.now().start_of_day().as_secs();
    format!("{endpoint}?redemptionStartSeconds={today}&redemptionEndSeconds={today}")
}

#[tokio::test]
async fn without_the_database_who_was_seen_lately_is_served_and_others_are_told_to_wait() {
    let issuer = TestIssuer::start().await;
    let unseen = issuer.add_account(true).await;
    let path = batch(&issuer, "/v1/certificate/auth/group");
    assert_eq!(get_as(&issuer, &issuer.account, &path).await.status, 200);
    let mut wrong = issuer.add_account(true).await;
    wrong.aci = issuer.account.aci;
    assert_eq!(get_as(&issuer, &wrong, &path).await.status, 401);

    issuer.database.close().await;
    let answer = get_as(&issuer, &issuer.account, &path).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["credentials"].as_array().unwrap().len(), 1);
    for account in [&unseen, &wrong] {
        get_as(&issuer, account, &path).await.assert_problem(
            503,
            "UNAVAILABLE",
            "The service cannot answer at the moment. Please try again.",
        );
    }
    // A caller without credentials is refused without a wait.
    assert_eq!(get(&issuer, &path).await.status, 401);

    let ready = get(&issuer, "/health/ready").await;
    assert_eq!(ready.status, 200);
    assert_eq!(ready.json()["status"], "degraded");
    assert_eq!(ready.json()["dependencies"]["database"], "failing");
}

#[tokio::test]
async fn without_the_database_changes_wait() {
    let issuer = TestIssuer::start().await;
    assert_eq!(
        get_as(&issuer, &issuer.account, "/v1/accounts/whoami")
            .await
            .status,
        200
    );
    issuer.database.close().await;
    let login = json!({ "email": "ann@example.org", "password": "correct horse" });
    let token = json!({ "refresh_token": "A".repeat(43) });
    for (path, body) in [("/auth/login", &login), ("/auth/refresh", &token)] {
        post(&issuer, path, body).await.assert_problem(
            503,
            "UNAVAILABLE",
            "The service cannot answer at the moment. Please try again.",
        );
    }
    let account = &issuer.account;
    let request = Request::delete("/v1/devices/1")
        .header("authorization", account.authorization())
        .body(Body::empty());
    let answer = call(&issuer, request.unwrap()).await;
    answer.assert_problem(
        503,
        "UNAVAILABLE",
        "The service cannot answer at the moment. Please try again.",
    );
    assert_eq!(answer.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn without_group_params_the_batch_says_that_it_is_degraded() {
    let issuer = TestIssuer::start_with(TestIssuerOptions {
        group_params: false,
        ..TestIssuerOptions::default()
    })
    .await;
    let path = batch(&issuer, "/v1/certificate/auth/group");
    let answer = get_as(&issuer, &issuer.account, &path).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("anteroom-degraded"),
        Some("group-credentials")
    );
    let body = answer.json();
    assert_eq!(body["credentials"], json!([]));
    assert_eq!(body["callLinkAuthCredentials"].as_array().unwrap().len(), 1);
    assert!(body["pni"].is_string());
    let events: Vec<_> = issuer
        .events
        .take()
        .iter()
        .map(anteroom_runtime::Event::name)
        .collect();
    assert_eq!(events, ["call_link.auth_batch_issued"]);

    let ready = get(&issuer, "/health/ready").await;
    assert_eq!(ready.status, 200);
    assert_eq!(
        ready.json(),
        json!({
            "status": "degraded",
            "dependencies": {
                "call-link-params": "ok",
                "certificate-params": "ok",
                "database": "ok",
                "group-params": "failing",
            },
        })
    );
}

#[tokio::test]
async fn without_generic_params_no_batch_is_issued() {
    let issuer = TestIssuer::start_with(TestIssuerOptions {
        generic_params: false,
        ..TestIssuerOptions::default()
    })
    .await;
    for endpoint in ["/v1/certificate/auth/group", "/v1/call-link/auth"] {
        let answer = get_as(&issuer, &issuer.account, &batch(&issuer, endpoint)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (503, "UNAVAILABLE")
        );
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
}
