//! Requests through the real router, and their answers.

use anteroom_runtime::ClientAddress;
use anteroom_store::DeviceId;
use anteroom_testkit::{LogGuard, TestAccount, TestIssuer};
use axum::body::Body;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, Request, StatusCode, request::Builder};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

/// A response with its whole body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap().to_owned()
    }

    /// Asserts all members of a problem document.
    #[track_caller]
    pub(crate) fn assert_problem(&self, status: u16, code: &str, detail: &str) {
        assert_eq!(
            self.status.as_u16(),
            status,
            "{}",
            String::from_utf8_lossy(&self.body)
        );
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(self.header("cache-control"), Some("no-store"));
        assert_eq!(
            self.json(),
            serde_json::json!({
                "type": format!("urn:anteroom:problem:{code}"),
                "title": self.status.canonical_reason().unwrap(),
                "status": status,
                "detail": detail,
                "code": code,
            })
        );
        assert_eq!(self.header("www-authenticate").is_some(), status == 401);
        let passes = matches!(status, 423 | 429 | 503) || code == "CALL_RELAY_PROVIDER_ERROR";
        assert_eq!(self.header("retry-after").is_some(), passes);
    }
}

/// Sends a request, and waits for its jobs.
pub(crate) async fn call(issuer: &TestIssuer, request: Request<Body>) -> Answer {
    let response = issuer.router().oneshot(request).await.unwrap();
    issuer.issuer.accounts().background_idle().await;
    let (head, body) = response.into_parts();
    Answer {
        status: head.status,
        headers: head.headers,
        body: body.collect().await.unwrap().to_bytes().to_vec(),
    }
}

/// Sends a JSON body from a client at 203.0.113.1.
pub(crate) async fn post(issuer: &TestIssuer, path: &str, body: &Value) -> Answer {
    post_from(issuer, "203.0.113.1", path, body).await
}

pub(crate) async fn post_from(
    issuer: &TestIssuer,
    client: &str,
    path: &str,
    body: &Value,
) -> Answer {
    let request = Request::post(path)
        .header("content-type", "application/json")
        .extension(ClientAddress::new(client.parse().unwrap()))
        .body(Body::from(body.to_string()));
    call(issuer, request.unwrap()).await
}

/// Sends a request with an access token.
pub(crate) async fn bearer(
    issuer: &TestIssuer,
    token: &str,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> Answer {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {token}"));
    if body.is_some() {
        request = request.header("content-type", "application/json");
    }
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    call(issuer, request.body(body).unwrap()).await
}

#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) device: u64,
}

impl Tokens {
    #[track_caller]
    pub(crate) fn of(answer: &Answer) -> Self {
        assert_eq!(
            answer.status,
            200,
            "{}",
            String::from_utf8_lossy(&answer.body)
        );
        let body = answer.json();
        let text = |member: &str| body[member].as_str().unwrap().to_owned();
        let tokens = Self {
            access: text("access_token"),
            refresh: text("refresh_token"),
            device: body["deviceId"].as_u64().unwrap(),
        };
        LogGuard::global().watch_text("access token", &tokens.access);
        LogGuard::global().watch_text("refresh token", &tokens.refresh);
        tokens
    }
}

/// Returns the names and the payloads of the events since the last call.
pub(crate) fn events(issuer: &TestIssuer) -> Vec<(&'static str, Value)> {
    let events = issuer.events.take();
    events
        .iter()
        .map(|event| (event.name(), Value::from(event.payload().clone())))
        .collect()
}

/// Creates an account with `count` devices.
pub(crate) async fn devices(issuer: &TestIssuer, count: u32) -> Vec<TestAccount> {
    let mut devices = vec![issuer.add_account(false).await];
    for number in 2..=count {
        let device = DeviceId::new(number).unwrap();
        devices.push(issuer.add_device(&devices[0], device).await);
    }
    devices
}

pub(crate) async fn get(issuer: &TestIssuer, path: &str) -> Answer {
    call(issuer, Request::get(path).body(Body::empty()).unwrap()).await
}

pub(crate) async fn get_as(issuer: &TestIssuer, account: &TestAccount, path: &str) -> Answer {
    let request = signed(Request::get(path), account);
    call(issuer, request.body(Body::empty()).unwrap()).await
}

pub(crate) fn signed(request: Builder, account: &TestAccount) -> Builder {
    request.header("authorization", account.authorization())
}

pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    STANDARD.decode(value.as_str().unwrap()).unwrap()
}
