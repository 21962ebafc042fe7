//! An issuer that speaks the API and lies about its params.

use std::{
    iter,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use anteroom_protocol::{
    Aci, AuthCredentialResponse, CreateCredentialRequest, DAY, GenericSecretParams, Mode, ParamsId,
    Randomness, Timestamp,
};
use axum::{
    Json, Router,
    body::Body,
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, Request, header},
    middleware::{self, Next},
    response::Response,
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio_util::sync::DropGuard;

use crate::router_server::serve_router;

/// Generic params that the issuer lists, with the period that it claims for them.
#[derive(Clone, Copy, Debug)]
pub struct ServedParams {
    /// The seed of the params.
    pub seed: u8,
    /// The start of the period.
    pub not_before: Timestamp,
    /// The end of the period, if it has one.
    pub not_after: Option<Timestamp>,
}

/// A running server. It stops when the value is dropped.
pub struct LyingIssuer {
    url: String,
    behaviour: SharedBehaviour,
    _server: DropGuard,
}

type SharedBehaviour = Arc<Mutex<Behaviour>>;

struct Behaviour {
    account: Aci,
    now: Timestamp,
    shown: Vec<ServedParams>,
    issues: u8,
    /// The time in its answers; `None` for the system's time.
    date: Option<Timestamp>,
    requests: Vec<ReceivedRequest>,
}

/// A request that the issuer has received.
#[derive(Clone)]
pub struct ReceivedRequest {
    /// The path.
    pub path: String,
    /// The `Authorization` header.
    pub authorization: Option<String>,
    /// The `Anteroom-Identity-Key` header.
    pub identity_key: Option<String>,
}

impl LyingIssuer {
    /// Starts an issuer of one account on a free port of the loopback interface. It lists the params of seed
    /// 1, and issues under them.
    ///
    /// # Panics
    /// No port is available.
    pub async fn start(account: Aci, now: Timestamp) -> Self {
        let behaviour = Arc::new(Mutex::new(Behaviour {
            account,
            now,
            shown: vec![ServedParams::since(1, Timestamp::from_secs(0))],
            issues: 1,
            date: None,
            requests: Vec::new(),
        }));
        let router = Router::new()
            .route("/v1/params", get(params))
            .route("/v1/accounts/whoami", get(whoami))
            .route("/v1/call-link/auth", get(auth))
            .route("/v1/call-link/create-auth", post(create_auth))
            .route("/v1/certificate/auth/group", get(batch))
            .layer(middleware::from_fn_with_state(
                Arc::clone(&behaviour),
                record,
            ))
            .with_state(Arc::clone(&behaviour));
        let (address, server) = serve_router(router).await;
        Self {
            url: format!("http://{address}"),
            behaviour,
            _server: server,
        }
    }

    /// Returns the id of the params of a seed.
    #[must_use]
    pub fn id(seed: u8) -> ParamsId {
        secret(seed).public_params().id()
    }

    /// Returns the base URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Sets the params that the issuer lists.
    pub fn show(&self, shown: &[ServedParams]) {
        self.behaviour.lock().shown = shown.to_vec();
    }

    /// Sets the seed of the params under which the issuer issues, listed or not.
    pub fn issue_under(&self, seed: u8) {
        self.behaviour.lock().issues = seed;
    }

    /// Sets the time in the answers.
    pub fn set_date(&self, date: Timestamp) {
        self.behaviour.lock().date = Some(date);
    }

    /// Returns the requests so far.
    #[must_use]
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.behaviour.lock().requests.clone()
    }
}

impl ServedParams {
    /// Creates params without an end.
    #[must_use]
    pub const fn since(seed: u8, not_before: Timestamp) -> Self {
        Self {
            seed,
            not_before,
            not_after: None,
        }
    }

    fn entry(&self) -> Value {
        let params = secret(self.seed).public_params().clone();
        json!({
            "id": params.id().to_hex(), "kind": "generic", "version": 1, "issuing": true,
            "notBefore": self.not_before.as_secs(),
            "notAfter": self.not_after.map(Timestamp::as_secs),
            "publicParams": STANDARD.encode(params.to_bytes()),
        })
    }
}

fn secret(seed: u8) -> GenericSecretParams {
    GenericSecretParams::generate(Mode::Standard, Randomness::from_bytes([seed; 32]))
}

async fn record(
    State(behaviour): State<SharedBehaviour>,
    request: Request<Body>,
    next: Next,
) -> Response {
    let text = |value: Option<&HeaderValue>| {
        let text = value.and_then(|value| value.to_str().ok());
        text.map(ToOwned::to_owned)
    };
    let received = ReceivedRequest {
        path: request.uri().path().to_owned(),
        authorization: text(request.headers().get(header::AUTHORIZATION)),
        identity_key: text(request.headers().get("anteroom-identity-key")),
    };
    let date = {
        let mut behaviour = behaviour.lock();
        behaviour.requests.push(received);
        behaviour.date
    };
    let mut response = next.run(request).await;
    if let Some(date) = date {
        let text = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(date.as_secs()));
        let value = HeaderValue::from_str(&text).expect("a date");
        response.headers_mut().insert(header::DATE, value);
    }
    response
}

async fn params(State(behaviour): State<SharedBehaviour>) -> Json<Value> {
    let shown = behaviour.lock().shown.clone();
    let entries: Vec<Value> = shown.iter().map(ServedParams::entry).collect();
    Json(json!({ "params": entries }))
}

async fn whoami(State(behaviour): State<SharedBehaviour>) -> Json<Value> {
    let account = behaviour.lock().account.to_uuid_string();
    let salt = STANDARD.encode([1; 32]);
    Json(json!({
        "uuid": account, "pni": null, "deviceId": 1, "authCredentialSalt": salt,
    }))
}

#[derive(Clone, Copy)]
struct Days {
    first: u64,
    last: u64,
}

impl Days {
    fn parse(query: &[(String, u64)]) -> Self {
        let value = |name: &str| {
            let found = query.iter().find(|(known, _)| known == name);
            found.expect("a range of days").1
        };
        Self {
            first: value("redemptionStartSeconds"),
            last: value("redemptionEndSeconds"),
        }
    }

    fn credentials(self, behaviour: &Behaviour) -> Vec<Value> {
        let days = iter::successors(Some(self.first), |day| Some(day + DAY));
        let days = days.take_while(|day| *day <= self.last);
        let issue = |day| {
            let response = AuthCredentialResponse::issue(
                &behaviour.account,
                Timestamp::from_secs(day),
                &secret(behaviour.issues),
                Randomness::from_bytes([9; 32]),
            );
            let response = response.expect("a day of the range").to_bytes();
            json!({ "credential": STANDARD.encode(response), "redemptionTime": day })
        };
        days.map(issue).collect()
    }
}

async fn auth(
    State(behaviour): State<SharedBehaviour>,
    Query(query): Query<Vec<(String, u64)>>,
) -> Json<Value> {
    let credentials = Days::parse(&query).credentials(&behaviour.lock());
    Json(json!({ "callLinkAuthCredentials": credentials }))
}

/// Answers as an issuer that works without its group params.
async fn batch(
    State(behaviour): State<SharedBehaviour>,
    Query(query): Query<Vec<(String, u64)>>,
) -> (HeaderMap, Json<Value>) {
    let credentials = Days::parse(&query).credentials(&behaviour.lock());
    let mut headers = HeaderMap::new();
    headers.insert("anteroom-degraded", HeaderValue::from_static("group"));
    let body = json!({
        "credentials": [], "callLinkAuthCredentials": credentials, "pni": null,
    });
    (headers, Json(body))
}

async fn create_auth(
    State(behaviour): State<SharedBehaviour>,
    Json(body): Json<Value>,
) -> Json<Value> {
    let (account, now, issues) = {
        let behaviour = behaviour.lock();
        (behaviour.account, behaviour.now, behaviour.issues)
    };
    let request = body.get("createCallLinkCredentialRequest");
    let request = request.and_then(Value::as_str).expect("a request");
    let request = STANDARD.decode(request).expect("base64");
    let day = now.start_of_day();
    let response = CreateCredentialRequest::from_bytes(&request)
        .expect("a request that parses")
        .issue(
            &account,
            day,
            &secret(issues),
            Randomness::from_bytes([3; 32]),
        )
        .expect("a credential of today");
    Json(json!({
        "credential": STANDARD.encode(response.to_bytes()), "redemptionTime": day.as_secs(),
    }))
}
