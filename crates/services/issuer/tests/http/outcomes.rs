//! Every code and every event of relays, logins and devices by its name: each occurs in a test, and
//! no other occurs.

use std::{collections::BTreeSet, fs, path::Path, pin::Pin, time::Duration};

use anteroom_accounts::{LoginLimits, SignUp};
use anteroom_issuer::IssuerLimits;
use anteroom_protocol::{Aci, DAY};
use anteroom_runtime::{BucketSize, WindowSize};
use anteroom_testkit::{
    LogGuard, ProviderBehaviour, RelayProvider, TestIssuer, TestIssuerOptions, TestLogin,
    TestLoginOptions,
};
use anteroom_turn::{
    HostName, HostResolver, ProviderSettings, ProviderUrl, RelaySecret, RelaySettings, RelayTtl,
    Relays,
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::support::{Answer, Tokens, bearer, events, get, get_as, post};

/// The codes with their status and message.
const CODES: [(&str, u16, &str); 29] = [
    (
        "CALL_RELAY_RATE_LIMITED",
        429,
        "Too many relay credential requests. Please wait before trying again.",
    ),
    (
        "CALL_RELAY_UNAUTHORIZED",
        401,
        "Authentication required to obtain call relay credentials.",
    ),
    (
        "CALL_RELAY_PROVIDER_ERROR",
        500,
        "Unable to obtain relay credentials at this time. Please try again.",
    ),
    (
        "LOGIN_INVALID_CREDENTIALS",
        401,
        "Invalid email or password",
    ),
    (
        "LOGIN_ACCOUNT_LOCKED",
        423,
        "Account temporarily locked. Please try again later.",
    ),
    (
        "LOGIN_EMAIL_NOT_VERIFIED",
        403,
        "Please verify your email address to continue",
    ),
    (
        "LOGIN_ACCOUNT_DISABLED",
        403,
        "This account has been disabled. Please contact support.",
    ),
    (
        "LOGIN_RATE_LIMITED",
        429,
        "Too many login attempts. Please wait a moment.",
    ),
    (
        "LOGIN_VALIDATION_ERROR",
        422,
        "Please check your input and try again",
    ),
    (
        "SIGNUP_RATE_LIMITED",
        429,
        "Too many sign-ups. Please wait a moment.",
    ),
    (
        "SIGNUP_VALIDATION_ERROR",
        422,
        "Please check your input and try again",
    ),
    (
        "VERIFY_RATE_LIMITED",
        429,
        "Too many verification attempts. Please wait a moment.",
    ),
    (
        "VERIFY_VALIDATION_ERROR",
        422,
        "Please check your input and try again",
    ),
    (
        "VERIFY_LINK_INVALID",
        400,
        "This link is not valid any more. Please ask for a new one.",
    ),
    (
        "RESET_RATE_LIMITED",
        429,
        "Too many password resets. Please wait a moment.",
    ),
    (
        "RESET_VALIDATION_ERROR",
        422,
        "Please check your input and try again",
    ),
    (
        "RESET_LINK_INVALID",
        400,
        "This link is not valid any more. Please ask for a new one.",
    ),
    (
        "LOGOUT_RATE_LIMITED",
        429,
        "Too many logouts. Please wait a moment.",
    ),
    (
        "LOGOUT_VALIDATION_ERROR",
        422,
        "Please check your input and try again",
    ),
    (
        "LOGOUT_UNAUTHORIZED",
        401,
        "Authentication required to log out.",
    ),
    (
        "LOGIN_SESSION_ENDED",
        401,
        "The session has ended. Please log in again.",
    ),
    (
        "LOGIN_RECENT_REQUIRED",
        403,
        "This needs your password again. Please send it along, or log in and try again within 5 \
         minutes.",
    ),
    (
        "SIGNUP_CLOSED",
        403,
        "Sign-up is closed. Please ask the operator for an account.",
    ),
    (
        "SIGNUP_INVITE_INVALID",
        403,
        "This invite code is not valid. Please ask for a new one.",
    ),
    (
        "DEVICE_DISPLAY_NAME_TOO_LONG",
        400,
        "Device display name is too long (maximum 100 characters)",
    ),
    (
        "DEVICE_DISPLAY_NAME_INVALID",
        422,
        "Device display name is not valid. Please use one line with at least one visible \
         character, without control characters and text-direction marks.",
    ),
    ("DEVICE_NOT_FOUND", 404, "Device not found on this account"),
    (
        "DEVICE_LIMIT_REACHED",
        409,
        "This account has too many devices. Please delete one first.",
    ),
    (
        "DEVICE_NOT_ALLOWED",
        403,
        "Only administrators may manage the devices of other accounts.",
    ),
];

/// The events with the members of their payloads.
const EVENTS: [(&str, &[&str]); 13] = [
    (
        "call_relay.credentials_issued",
        &["account_id", "turn_ttl_seconds"],
    ),
    ("call_relay.rate_limited", &["account_id"]),
    ("call_relay.provider_error", &["account_id", "http_status"]),
    (
        "login.success",
        &[
            "user_id",
            "email",
            "timestamp",
            "ip_address",
            "user_agent",
            "session_id",
        ],
    ),
    (
        "login.failed",
        &[
            "email",
            "timestamp",
            "ip_address",
            "user_agent",
            "attempt_count",
            "reason",
        ],
    ),
    (
        "login.locked",
        &[
            "email",
            "user_id",
            "timestamp",
            "lockout_until",
            "attempt_count",
        ],
    ),
    ("login.unverified", &["user_id", "email", "timestamp"]),
    ("device.registered", &["user_id", "device_id"]),
    ("device.updated", &["user_id", "device_id"]),
    ("device.deleted", &["user_id", "device_id"]),
    ("device.purged", &["user_id", "device_id"]),
    ("device.list_retrieved", &["user_id", "device_count"]),
    (
        "device.list_changed",
        &["user_id", "device_ids", "change", "device_id"],
    ),
];

const EMAIL: &str = "ann@example.com";
const PASSWORD: &str = "correct horse";
const RELAYS: &str = "/v2/calling/relays";

fn login(email: &str, password: &str) -> Value {
    json!({ "email": email, "password": password })
}

async fn log_in(issuer: &TestIssuer) -> Answer {
    post(issuer, "/auth/login", &login(EMAIL, PASSWORD)).await
}

/// Starts an issuer with an account that is logged in.
async fn with_session() -> (TestIssuer, Aci, Tokens) {
    let issuer = TestIssuer::start().await;
    let aci = issuer.add_login(TestLogin::new(EMAIL, PASSWORD)).await;
    let tokens = Tokens::of(&log_in(&issuer).await);
    let _ = events(&issuer);
    (issuer, aci, tokens)
}

async fn signing_up(sign_up: SignUp) -> TestIssuer {
    TestIssuer::start_with(TestIssuerOptions {
        login: TestLoginOptions {
            sign_up,
            ..TestLoginOptions::default()
        },
        ..TestIssuerOptions::default()
    })
    .await
}

/// Starts an issuer whose relay provider has this behaviour, with a limit of `capacity` requests
/// for an account.
async fn with_relays(behaviour: ProviderBehaviour, capacity: u32) -> (TestIssuer, RelayProvider) {
    let provider = RelayProvider::start().await;
    provider.set_behaviour(behaviour);
    let secret = Zeroizing::new("a-secret-of-the-tests".to_owned());
    let settings = RelaySettings {
        provider: ProviderSettings::Http {
            url: ProviderUrl::parse(provider.url()).unwrap(),
            token: RelaySecret::new(secret).unwrap(),
            timeout: Duration::from_secs(10),
        },
        ttl: RelayTtl::from_secs(3_600).unwrap(),
        host: HostName::parse("relay.example").unwrap(),
        urls: Vec::new(),
        url_templates: Vec::new(),
    };
    let resolver = HostResolver::with_name_server("127.0.0.1:9".parse().unwrap()).unwrap();
    let options = TestIssuerOptions {
        limits: IssuerLimits {
            relays: BucketSize::new(capacity.try_into().unwrap(), 600.try_into().unwrap()),
            ..IssuerLimits::default()
        },
        ..TestIssuerOptions::default()
    };
    let relays = Relays::new(Some(settings), None, &resolver).unwrap();
    let issuer = TestIssuer::start_with_relays(options, relays).await;
    (issuer, provider)
}

/// A future on the heap: all of them together are larger than a stack.
type BoxFuture<T> = Pin<Box<dyn Future<Output = T>>>;

/// Returns the answer with this code, caused by HTTP requests.
fn answer_with(code: &str) -> BoxFuture<Answer> {
    match code {
        "CALL_RELAY_RATE_LIMITED" => Box::pin(async {
            let (issuer, _provider) = with_relays(works(), 1).await;
            get_as(&issuer, &issuer.account, RELAYS).await;
            get_as(&issuer, &issuer.account, RELAYS).await
        }),
        "CALL_RELAY_UNAUTHORIZED" => {
            Box::pin(async { get(&TestIssuer::start().await, RELAYS).await })
        }
        "CALL_RELAY_PROVIDER_ERROR" => Box::pin(async {
            let (issuer, _provider) =
                with_relays(ProviderBehaviour::Says(502, String::new()), 9).await;
            get_as(&issuer, &issuer.account, RELAYS).await
        }),
        "LOGIN_INVALID_CREDENTIALS" => Box::pin(async { log_in(&TestIssuer::start().await).await }),
        "LOGIN_ACCOUNT_LOCKED" => Box::pin(async {
            let issuer = TestIssuer::start().await;
            for _ in 0..5 {
                log_in(&issuer).await;
            }
            log_in(&issuer).await
        }),
        "LOGIN_EMAIL_NOT_VERIFIED" => Box::pin(async {
            let issuer = TestIssuer::start().await;
            issuer
                .add_login(TestLogin {
                    verified: false,
                    ..TestLogin::new(EMAIL, PASSWORD)
                })
                .await;
            log_in(&issuer).await
        }),
        "LOGIN_ACCOUNT_DISABLED" => Box::pin(async {
            let (issuer, aci, _) = with_session().await;
            issuer.set_disabled(&aci, true).await;
            log_in(&issuer).await
        }),
        "LOGIN_RATE_LIMITED" => Box::pin(async {
            let issuer = TestIssuer::start().await;
            for _ in 0..10 {
                post(&issuer, "/auth/login", &json!({})).await;
            }
            log_in(&issuer).await
        }),
        "LOGIN_VALIDATION_ERROR" => {
            Box::pin(async { post(&TestIssuer::start().await, "/auth/login", &json!({})).await })
        }
        "SIGNUP_RATE_LIMITED" => limited("/auth/signup"),
        "VERIFY_RATE_LIMITED" => limited("/auth/verify-email"),
        "RESET_RATE_LIMITED" => limited("/auth/password-reset"),
        "LOGOUT_RATE_LIMITED" => limited("/auth/logout"),
        "SIGNUP_VALIDATION_ERROR" => refused("/auth/signup", json!({ "email": 1 })),
        "VERIFY_VALIDATION_ERROR" => refused("/auth/verify-email", json!({ "token": 1 })),
        "RESET_VALIDATION_ERROR" => refused("/auth/password-reset", json!({ "email": 1 })),
        "LOGOUT_VALIDATION_ERROR" => refused("/auth/logout", json!({ "refresh_token": 1 })),
        "VERIFY_LINK_INVALID" => refused("/auth/verify-email", json!({ "token": "x" })),
        "RESET_LINK_INVALID" => {
            let body = json!({ "token": "x", "password": PASSWORD });
            refused("/auth/password-reset/confirm", body)
        }
        "LOGOUT_UNAUTHORIZED" => refused("/auth/logout", json!({})),
        "LOGIN_SESSION_ENDED" => Box::pin(async {
            let body = json!({ "refresh_token": "A".repeat(43) });
            post(&TestIssuer::start().await, "/auth/refresh", &body).await
        }),
        "SIGNUP_CLOSED" => Box::pin(async {
            let issuer = signing_up(SignUp::Closed).await;
            post(&issuer, "/auth/signup", &login(EMAIL, PASSWORD)).await
        }),
        "SIGNUP_INVITE_INVALID" => Box::pin(async {
            let issuer = signing_up(SignUp::Invite).await;
            post(&issuer, "/auth/signup", &login(EMAIL, PASSWORD)).await
        }),
        "DEVICE_DISPLAY_NAME_TOO_LONG" => Box::pin(async {
            let (issuer, _, tokens) = with_session().await;
            let body = json!({ "name": "x".repeat(101) });
            let path = "/v1/devices/1";
            bearer(&issuer, &tokens.access, "PATCH", path, Some(&body)).await
        }),
        "DEVICE_DISPLAY_NAME_INVALID" => Box::pin(async {
            let (issuer, _, tokens) = with_session().await;
            let body = json!({ "name": "two\nlines" });
            let path = "/v1/devices/1";
            bearer(&issuer, &tokens.access, "PATCH", path, Some(&body)).await
        }),
        "LOGIN_RECENT_REQUIRED" => Box::pin(async {
            let (issuer, _, tokens) = with_session().await;
            issuer.clock.advance(300);
            bearer(&issuer, &tokens.access, "DELETE", "/v1/devices/9", None).await
        }),
        "DEVICE_NOT_FOUND" => Box::pin(async {
            let (issuer, _, tokens) = with_session().await;
            bearer(&issuer, &tokens.access, "DELETE", "/v1/devices/9", None).await
        }),
        "DEVICE_LIMIT_REACHED" => Box::pin(async {
            let (issuer, _, tokens) = with_session().await;
            for n in 2..=101 {
                let body = json!({ "name": n.to_string() });
                let path = "/v1/devices";
                let answer = bearer(&issuer, &tokens.access, "POST", path, Some(&body)).await;
                if n == 101 {
                    return answer;
                }
                assert_eq!(answer.status, 200);
            }
            unreachable!("the last answer is returned")
        }),
        "DEVICE_NOT_ALLOWED" => Box::pin(async {
            let (issuer, _, tokens) = with_session().await;
            let path = format!(
                "/v1/devices?account={}",
                issuer.account.aci.to_uuid_string()
            );
            bearer(&issuer, &tokens.access, "GET", &path, None).await
        }),
        other => unreachable!("nothing brings {other} about"),
    }
}

/// Returns the second answer where an address may send one request.
fn limited(path: &'static str) -> BoxFuture<Answer> {
    Box::pin(async move {
        let once = WindowSize::new(1.try_into().unwrap(), 60.try_into().unwrap());
        let issuer = TestIssuer::start_with(TestIssuerOptions {
            login: TestLoginOptions {
                limits: LoginLimits {
                    login: once,
                    sign_up: once,
                    reset: once,
                    token: once,
                    logout: once,
                    mail: once,
                    ..LoginLimits::default()
                },
                ..TestLoginOptions::default()
            },
            ..TestIssuerOptions::default()
        })
        .await;
        post(&issuer, path, &json!({})).await;
        post(&issuer, path, &json!({})).await
    })
}

fn refused(path: &'static str, body: Value) -> BoxFuture<Answer> {
    Box::pin(async move { post(&signing_up(SignUp::Open).await, path, &body).await })
}

fn works() -> ProviderBehaviour {
    ProviderBehaviour::Gives(json!(["turn:relay.example:3478"]))
}

/// Causes this event by HTTP requests, except the purge, which no request causes.
fn trigger(event: &str) -> BoxFuture<TestIssuer> {
    match event {
        "call_relay.credentials_issued" => Box::pin(async {
            let (issuer, _provider) = with_relays(works(), 9).await;
            let answer = get_as(&issuer, &issuer.account, RELAYS).await;
            let given = answer.json()["relays"][0]["password"].clone();
            LogGuard::global().watch_text("relay password", given.as_str().unwrap());
            issuer
        }),
        "call_relay.rate_limited" => Box::pin(async {
            let (issuer, _provider) = with_relays(works(), 1).await;
            get_as(&issuer, &issuer.account, RELAYS).await;
            get_as(&issuer, &issuer.account, RELAYS).await;
            issuer
        }),
        "call_relay.provider_error" => Box::pin(async {
            let (issuer, _provider) =
                with_relays(ProviderBehaviour::Says(502, String::new()), 9).await;
            get_as(&issuer, &issuer.account, RELAYS).await;
            issuer
        }),
        "login.success" | "device.registered" => Box::pin(async {
            let issuer = TestIssuer::start().await;
            issuer.add_login(TestLogin::new(EMAIL, PASSWORD)).await;
            Tokens::of(&log_in(&issuer).await);
            issuer
        }),
        "login.failed" => Box::pin(async {
            let issuer = TestIssuer::start().await;
            log_in(&issuer).await;
            issuer
        }),
        "login.locked" => Box::pin(async {
            let issuer = TestIssuer::start().await;
            for _ in 0..6 {
                log_in(&issuer).await;
            }
            issuer
        }),
        "login.unverified" => Box::pin(async {
            let issuer = TestIssuer::start().await;
            issuer
                .add_login(TestLogin {
                    verified: false,
                    ..TestLogin::new(EMAIL, PASSWORD)
                })
                .await;
            log_in(&issuer).await;
            issuer
        }),
        "device.updated" => Box::pin(async {
            let (issuer, _, tokens) = with_session().await;
            let body = json!({ "name": "phone" });
            let path = "/v1/devices/1";
            bearer(&issuer, &tokens.access, "PATCH", path, Some(&body)).await;
            issuer
        }),
        "device.deleted" => Box::pin(async {
            let (issuer, _, tokens) = with_session().await;
            bearer(&issuer, &tokens.access, "DELETE", "/v1/devices/1", None).await;
            issuer
        }),
        "device.list_changed" => Box::pin(async {
            let (issuer, _, tokens) = with_session().await;
            let body = json!({ "name": "phone" });
            let path = "/v1/devices";
            bearer(&issuer, &tokens.access, "POST", path, Some(&body)).await;
            issuer
        }),
        "device.list_retrieved" => Box::pin(async {
            let (issuer, _, tokens) = with_session().await;
            bearer(&issuer, &tokens.access, "GET", "/v1/devices", None).await;
            issuer
        }),
        "device.purged" => Box::pin(async {
            let (issuer, _, _) = with_session().await;
            issuer.clock.advance(91 * DAY);
            issuer.issuer.accounts().purge().await.unwrap();
            issuer
        }),
        other => unreachable!("nothing brings {other} about"),
    }
}

#[tokio::test]
async fn every_code_comes_about_with_its_status_and_message() {
    for (code, status, detail) in CODES {
        answer_with(code).await.assert_problem(status, code, detail);
    }
}

#[tokio::test]
async fn every_event_comes_about_with_its_payload() {
    for (name, members) in EVENTS {
        let issuer = trigger(name).await;
        let happened = events(&issuer);
        let found = happened.iter().find(|(event, _)| *event == name);
        let (_, payload) = found.unwrap_or_else(|| unreachable!("no {name} in {happened:?}"));
        let given: BTreeSet<&str> = payload
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(given, members.iter().copied().collect(), "{name}");
    }
}

/// A new code or event in these parts of the issuer must be added to the tables.
#[test]
fn the_tables_have_all_that_the_code_has() {
    let services = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut text = String::new();
    for part in ["accounts/src", "issuer/src/http/relays.rs"] {
        read(&services.join(part), &mut text);
    }
    let quoted: Vec<&str> = text.split('"').skip(1).step_by(2).collect();
    let codes: BTreeSet<&str> = quoted
        .iter()
        .copied()
        .filter(|word| {
            let starts = [
                "CALL_RELAY_",
                "LOGIN_",
                "SIGNUP_",
                "VERIFY_",
                "RESET_",
                "LOGOUT_",
                "DEVICE_",
            ];
            starts.iter().any(|start| word.starts_with(start)) && !word.contains([' ', '`'])
        })
        .collect();
    assert_eq!(codes, CODES.iter().map(|(code, _, _)| *code).collect());
    let named: BTreeSet<&str> = quoted
        .iter()
        .copied()
        .filter(|word| {
            let starts = ["call_relay.", "login.", "device."];
            starts.iter().any(|start| word.starts_with(start)) && !word.contains(' ')
        })
        .collect();
    assert_eq!(named, EVENTS.iter().map(|(name, _)| *name).collect());
}

fn read(path: &Path, text: &mut String) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            read(&entry.unwrap().path(), text);
        }
    } else {
        // An escaped quotation mark would swap the text inside and outside of quotes.
        text.push_str(&fs::read_to_string(path).unwrap().replace("\\\"", ""));
    }
}
