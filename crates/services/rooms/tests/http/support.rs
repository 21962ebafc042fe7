//! Requests through the real router, and their answers.

use anteroom_protocol::Aci;
use anteroom_runtime::ClientAddress;
use anteroom_testkit::{TestLink, TestRooms};
use axum::{Router, body::Body};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
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

    /// Status and code of a problem, or the status and an empty code.
    pub(crate) fn problem(&self) -> (u16, String) {
        let document: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let code = document["code"].as_str().unwrap_or_default().to_owned();
        if !code.is_empty() {
            assert_eq!(
                self.header("content-type"),
                Some("application/problem+json")
            );
            assert_eq!(document["type"], format!("urn:anteroom:problem:{code}"));
            assert_eq!(document["status"], self.status.as_u16());
            assert_eq!(
                self.header("www-authenticate").is_some(),
                self.status == StatusCode::UNAUTHORIZED
            );
        }
        (self.status.as_u16(), code)
    }

    #[track_caller]
    pub(crate) fn assert_problem(&self, status: u16, code: &str) {
        assert_eq!(
            self.problem(),
            (status, code.to_owned()),
            "{}",
            String::from_utf8_lossy(&self.body)
        );
    }

    /// Asserts status 200 and the whole body.
    #[track_caller]
    pub(crate) fn assert_json(&self, expected: &Value) {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status.as_u16(), 200, "{text}");
        assert_eq!(self.header("content-type"), Some("application/json"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
        assert_eq!(self.json(), *expected);
    }
}

/// A request builder.
#[derive(Clone, Debug)]
pub(crate) struct TestRequest {
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Option<Vec<u8>>,
    client: ClientAddress,
}

pub(crate) fn request(method: Method, path: &str) -> TestRequest {
    TestRequest {
        method,
        path: path.to_owned(),
        headers: Vec::new(),
        body: None,
        client: ClientAddress::UNKNOWN,
    }
}

impl TestRequest {
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn room(self, room: impl Into<String>) -> Self {
        self.header("x-room-id", room)
    }

    pub(crate) fn auth(self, presentation: &str) -> Self {
        self.header("authorization", format!("Bearer auth.{presentation}"))
    }

    pub(crate) fn create(self, presentation: &str) -> Self {
        self.header("authorization", format!("Bearer create.{presentation}"))
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.text(body.to_string())
    }

    pub(crate) fn text(self, body: impl Into<Vec<u8>>) -> Self {
        let mut request = self.header("content-type", "application/json");
        request.body = Some(body.into());
        request
    }

    /// Sets the client's address.
    pub(crate) fn from(mut self, address: &str) -> Self {
        self.client = ClientAddress::new(address.parse().unwrap());
        self
    }

    pub(crate) async fn to(self, router: Router) -> Answer {
        let mut request = Request::builder().method(self.method).uri(self.path);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        let request = request.extension(self.client);
        let request = request.body(Body::from(self.body.unwrap_or_default()));
        let response = router.oneshot(request.unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        Answer {
            status: head.status,
            headers: head.headers,
            body: body.collect().await.unwrap().to_bytes().to_vec(),
        }
    }

    pub(crate) async fn send(self, rooms: &TestRooms) -> Answer {
        self.to(rooms.router()).await
    }
}

pub(crate) const LINK: &str = "/v1/call-link";
pub(crate) const PARTICIPANTS: &str = "/v2/conference/participants";

pub(crate) fn create_body(link: &TestLink) -> Value {
    json!({ "adminPasskey": link.passkey_text(), "zkparams": link.zkparams() })
}

pub(crate) fn create_request(rooms: &TestRooms, link: &TestLink, aci: &Aci) -> TestRequest {
    request(Method::PUT, LINK)
        .room(link.room())
        .create(&rooms.create(link, aci))
}

/// A request about the link by one of its holders.
pub(crate) fn link_request(
    rooms: &TestRooms,
    method: Method,
    link: &TestLink,
    aci: &Aci,
) -> TestRequest {
    request(method, LINK)
        .room(link.room())
        .auth(&rooms.auth(link, aci))
}

pub(crate) fn peek_request(rooms: &TestRooms, link: &TestLink, aci: &Aci) -> TestRequest {
    request(Method::GET, PARTICIPANTS)
        .room(link.room())
        .auth(&rooms.auth(link, aci))
}

pub(crate) fn join_request(rooms: &TestRooms, link: &TestLink, aci: &Aci) -> TestRequest {
    request(Method::PUT, PARTICIPANTS)
        .room(link.room())
        .auth(&rooms.auth(link, aci))
}

/// The Diffie-Hellman key of a REST join: 32 bytes in hex.
pub(crate) const DHE_KEY: &str = "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29";

pub(crate) fn join_body() -> Value {
    json!({ "iceUfrag": "u", "icePwd": "p", "dhePublicKey": DHE_KEY })
}

/// Creates a link with `more` besides the passkey and params.
pub(crate) async fn created(rooms: &TestRooms, more: Value) -> (TestLink, Aci) {
    let (link, aci) = (rooms.new_link(), rooms.new_account());
    let mut body = create_body(&link);
    for (member, value) in more.as_object().unwrap() {
        body[member] = value.clone();
    }
    let answer = create_request(rooms, &link, &aci)
        .json(&body)
        .send(rooms)
        .await;
    assert_eq!(
        answer.status,
        200,
        "{}",
        String::from_utf8_lossy(&answer.body)
    );
    (link, aci)
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The body of a 200.
#[track_caller]
pub(crate) fn good(answer: &Answer) -> Value {
    let text = String::from_utf8_lossy(&answer.body);
    assert_eq!(answer.status.as_u16(), 200, "{text}");
    answer.json()
}

/// Returns the body with a member set.
pub(crate) fn with(mut body: Value, member: &str, value: Value) -> Value {
    body[member] = value;
    body
}
