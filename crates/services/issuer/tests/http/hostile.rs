//! Malformed headers over real connections.

use anteroom_runtime::Entropy as _;
use anteroom_testkit::{SeededEntropy, TestIssuer, TestLogin};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use rand_chacha::rand_core::Rng;
use serde_json::{Value, json};

use crate::{
    raw::{RawAnswer, RawClient},
    support::{Tokens, events, get_as, post},
};

const WHOAMI: &str = "/v1/accounts/whoami";
/// The number of headers in total. `CONNECTIONS` is the number of connections at the same time.
const HEADERS: u32 = 10_000;
const CONNECTIONS: u32 = 4;

type MutationRng<'a> = dyn Rng + 'a;

fn below(rng: &mut MutationRng<'_>, bound: usize) -> usize {
    rng.next_u32() as usize % bound
}

fn one_of<'a, T: ?Sized>(rng: &mut MutationRng<'_>, all: &[&'a T]) -> &'a T {
    all[below(rng, all.len())]
}

fn noise(rng: &mut MutationRng<'_>, most: usize) -> Vec<u8> {
    let mut bytes = vec![0; below(rng, most)];
    rng.fill_bytes(&mut bytes);
    bytes
}

/// Valid credentials, of which no change must be accepted.
struct ValidCredentials {
    account: String,
    password: String,
    basic: String,
    bearer: String,
}

/// Returns an `Authorization` header by a grammar in which every part can be wrong. The password is
/// always wrong.
fn generated(rng: &mut MutationRng<'_>, valid: &ValidCredentials) -> Vec<u8> {
    let scheme = one_of(
        rng,
        &[
            "Basic",
            "basic",
            "BASIC",
            "Bearer",
            "bearer",
            "Digest",
            "Negotiate",
            "",
            "Basic Basic",
            "Bearer,",
            "Basic:",
            "\u{e9}",
            "Ba sic",
            "0",
        ],
    );
    let gap = one_of(rng, &["", " ", "  ", "\t", " \t ", "=", ", "]);
    let name = match below(rng, 6) {
        0 => valid.account.clone(),
        1 => valid.account.to_uppercase(),
        2 => valid.account.replace('-', ""),
        3 => String::from_utf8_lossy(&noise(rng, 40)).into_owned(),
        4 => "00000000-0000-0000-0000-000000000000".to_owned(),
        _ => String::new(),
    };
    let device = one_of(
        rng,
        &[
            "",
            ".",
            ".1",
            ".2",
            ".0",
            ".-1",
            ".01",
            ".4294967296",
            ".1.1",
            ".x",
            ".\u{661}",
        ],
    );
    let colon = one_of(rng, &[":", ":", ":", "", "::", ";", "\u{ff1a}"]);
    let password = match below(rng, 4) {
        0 => String::new(),
        1 => valid.password.chars().rev().collect(),
        2 => valid.password[1..].to_owned(),
        _ => String::from_utf8_lossy(&noise(rng, 60)).into_owned(),
    };
    let pair = format!("{name}{device}{colon}{password}");
    let token = match below(rng, 8) {
        0 => pair.into_bytes(),
        1 => URL_SAFE_NO_PAD.encode(pair).into_bytes(),
        2 => noise(rng, 300),
        3 => {
            let part = |rng: &mut MutationRng<'_>| URL_SAFE_NO_PAD.encode(noise(rng, 90));
            let (head, claims, signature) = (part(rng), part(rng), part(rng));
            format!("{head}.{claims}.{signature}").into_bytes()
        }
        4 => "A.".repeat(below(rng, 2_000)).into_bytes(),
        _ => STANDARD.encode(pair).into_bytes(),
    };
    [scheme.as_bytes(), gap.as_bytes(), &token].concat()
}

/// Returns a valid header with a significant change.
fn mutated(rng: &mut MutationRng<'_>, valid: &ValidCredentials) -> Vec<u8> {
    let (scheme, token) = if below(rng, 2) == 0 {
        ("Basic ", &valid.basic)
    } else {
        ("Bearer ", &valid.bearer)
    };
    let mut token = token.clone().into_bytes();
    let at = below(rng, token.len());
    match below(rng, 7) {
        0 => {
            let other = noise(rng, 2);
            let byte = other.first().copied().unwrap_or(0x80);
            token[at] = if byte == token[at] { byte ^ 0x80 } else { byte };
        }
        1 => {
            token.remove(at);
        }
        2 => token.insert(at, b"A+/=-_.,:; \t\"\0\r\x7f\x80\xff"[below(rng, 18)]),
        3 => token.truncate(at),
        4 => token.extend_from_within(at..),
        5 => token.rotate_left(at.max(1)),
        _ => {
            token[at..].reverse();
            token.push(b'A');
        }
    }
    [scheme.as_bytes(), &token].concat()
}

/// Returns whether the text is a valid header still: schemes have any case, spaces around tokens
/// are ignored.
fn is_good(header: &[u8], valid: &ValidCredentials) -> bool {
    let Ok(text) = std::str::from_utf8(header) else {
        return false;
    };
    let Some((scheme, token)) = text.trim_matches([' ', '\t']).split_once(' ') else {
        return false;
    };
    let token = token.trim_matches(' ');
    (scheme.eq_ignore_ascii_case("basic") && token == valid.basic)
        || (scheme.eq_ignore_ascii_case("bearer") && token == valid.bearer)
}

/// Asserts the one answer that all of them get, or hyper's own for bytes that no header may have.
#[track_caller]
fn assert_refused(answer: &RawAnswer, header: &[u8]) {
    let shown = String::from_utf8_lossy(header);
    let is_no_header = header
        .iter()
        .any(|byte| matches!(byte, 0..=8 | 10..=31 | 127));
    if is_no_header {
        assert_eq!((answer.status, answer.body.len()), (400, 0), "{shown:?}");
        return;
    }
    assert_eq!(answer.status, 401, "{shown:?}");
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(
        answer.headers["www-authenticate"],
        "Basic realm=\"anteroom\", charset=\"UTF-8\", Bearer realm=\"anteroom\""
    );
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(
        body,
        json!({
            "type": "urn:anteroom:problem:UNAUTHORIZED",
            "title": "Unauthorized",
            "status": 401,
            "detail": "Authentication required.",
            "code": "UNAUTHORIZED",
        }),
        "{shown:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_malformed_headers_get_one_and_the_same_refusal() {
    let issuer = TestIssuer::start().await;
    issuer
        .add_login(TestLogin::new("ann@example.com", "correct horse"))
        .await;
    let body = json!({ "email": "ann@example.com", "password": "correct horse" });
    let tokens = Tokens::of(&post(&issuer, "/auth/login", &body).await);
    let account = &issuer.account;
    let valid = ValidCredentials {
        account: account.aci.to_uuid_string(),
        password: account.password.clone(),
        basic: account.authorization()["Basic ".len()..].to_owned(),
        bearer: tokens.access.clone(),
    };
    let _ = events(&issuer);

    let clients = (0..CONNECTIONS).map(|seed| {
        let (issuer, valid) = (&issuer, &valid);
        async move {
            let mut rng = SeededEntropy::new(u64::from(seed)).rng();
            let mut client = RawClient::new(issuer.base_url());
            let mut sent = 0;
            while sent < HEADERS / CONNECTIONS {
                let value = if sent % 2 == 0 {
                    generated(&mut *rng, valid)
                } else {
                    mutated(&mut *rng, valid)
                };
                if is_good(&value, valid) || value.contains(&b'\n') {
                    continue;
                }
                let header = [b"Authorization: ", value.as_slice()].concat();
                let answer = client.get(WHOAMI, &header).await;
                assert_refused(&answer, &value);
                sent += 1;
            }
        }
    });
    futures::future::join_all(clients).await;

    // The requests had no effect, and the valid credentials are accepted.
    assert_eq!(events(&issuer), []);
    let mut client = RawClient::new(issuer.base_url());
    for header in [
        format!("Authorization: Basic {}", valid.basic),
        format!("Authorization: Bearer {}", valid.bearer),
    ] {
        assert_eq!(client.get(WHOAMI, header.as_bytes()).await.status, 200);
    }
    assert_eq!(get_as(&issuer, &issuer.account, WHOAMI).await.status, 200);
}

#[tokio::test]
async fn heads_and_bodies_have_their_limits_on_the_wire_too() {
    let issuer = TestIssuer::start().await;
    let long = |length: usize| format!("Authorization: Basic {}", "A".repeat(length));
    let many = "X: y\r\n".repeat(200);
    for (header, status) in [
        (long(8_000), 401),
        (long(100_000), 431),
        (many.trim_end().to_owned(), 431),
    ] {
        let mut client = RawClient::new(issuer.base_url());
        let answer = client.get(WHOAMI, header.as_bytes()).await;
        assert_eq!(answer.status, status, "{} bytes", header.len());
    }
    for (length, status) in [(65_536, 422), (65_537, 413), (1 << 40, 413)] {
        // The length alone is a reason to refuse.
        let body = if length > 65_536 { 0 } else { length };
        let request = format!(
            "POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{}",
            " ".repeat(body)
        );
        let mut client = RawClient::new(issuer.base_url());
        let answer = client.send(request.as_bytes()).await;
        assert_eq!(answer.status, status, "{length}");
        assert_eq!(answer.headers["content-type"], "application/problem+json");
    }
    let header = format!("Authorization: {}", issuer.account.authorization());
    let mut client = RawClient::new(issuer.base_url());
    assert_eq!(client.get(WHOAMI, header.as_bytes()).await.status, 200);
}
