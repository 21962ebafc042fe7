//! The start page, and the pages that mails link to.

use anteroom_accounts::SignUp;
use anteroom_issuer::IssuingParams;
use anteroom_pages::WebAddress;
use anteroom_runtime::ClientAddress;
use anteroom_testkit::{LogGuard, TestIssuer, TestIssuerOptions, TestLogin, TestLoginOptions};
use axum::body::Body;
use http::Request;
use serde_json::json;

use crate::support::{Answer, call, get, post};

const EMAIL: &str = "ann@example.com";
const PASSWORD: &str = "correct horse";
const PAGES: [&str; 5] = [
    "/account/signup",
    "/account/verify",
    "/account/verify/resend",
    "/account/reset",
    "/account/reset/confirm",
];

async fn start(sign_up: SignUp) -> TestIssuer {
    TestIssuer::start_with(TestIssuerOptions {
        login: TestLoginOptions {
            sign_up,
            ..TestLoginOptions::default()
        },
        ..TestIssuerOptions::default()
    })
    .await
}

async fn submit(issuer: &TestIssuer, path: &str, fields: &[(&str, &str)]) -> Answer {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields {
        form.append_pair(name, value);
    }
    let request = Request::post(path)
        .header("content-type", "application/x-www-form-urlencoded")
        .extension(ClientAddress::new("203.0.113.1".parse().unwrap()))
        .body(Body::from(form.finish()));
    call(issuer, request.unwrap()).await
}

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

/// Asserts the properties of every page.
#[track_caller]
fn assert_page(answer: &Answer, status: u16) -> String {
    let text = text(answer);
    assert_eq!(answer.status, status, "{text}");
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("x-robots-tag", "noindex, nofollow"),
        (
            "content-security-policy",
            "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; \
             frame-ancestors 'none'",
        ),
    ] {
        assert_eq!(answer.header(name), Some(value));
    }
    for forbidden in ["<script", "style=", "<style", " on", "http://", "https://"] {
        let markup = text.replace("on a page", "");
        let is_attribute = forbidden == " on";
        let found = if is_attribute {
            markup.contains(" onclick") || markup.contains(" onload")
        } else {
            markup.contains(forbidden)
        };
        assert!(!found, "{forbidden}: {text}");
    }
    assert!(text.starts_with("<!DOCTYPE html><html lang=\"en\">"));
    assert!(text.contains("name=\"viewport\" content=\"width=device-width, initial-scale=1\""));
    text
}

#[tokio::test]
async fn every_page_has_strict_headers_and_labels_for_its_fields() {
    let issuer = start(SignUp::Invite).await;
    for path in PAGES {
        let text = assert_page(&get(&issuer, path).await, 200);
        for field in ["email", "password", "invite"] {
            let has_field = text.contains(&format!("id=\"{field}\""));
            assert_eq!(
                text.contains(&format!("for=\"{field}\"")),
                has_field,
                "{path}"
            );
        }
        assert!(text.contains("<h1>") && text.contains("<button"), "{path}");
        let form = text.split("method=\"post\" action=\"").nth(1).unwrap();
        assert_eq!(resolved(path, form.split('"').next().unwrap()), path);
    }
    let style = get(&issuer, "/account/style.css").await;
    assert_eq!(style.status, 200);
    assert_eq!(
        style.header("content-type"),
        Some("text/css; charset=utf-8")
    );
    assert!(!text(&style).contains("url("));
}

/// Returns the path that a reference of a page points to. The reference must be relative.
fn resolved(page: &str, reference: &str) -> String {
    assert!(
        !reference.starts_with('/') && !reference.contains(':'),
        "{reference}"
    );
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in reference.split('/') {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    parts.join("/")
}

/// Asserts that the page links to the start page, which explains how to log in.
#[track_caller]
fn assert_way_to_login(page: &str, text: &str) {
    let (before, _) = text.split_once("\">How to log in</a>").unwrap();
    let (_, reference) = before.rsplit_once("href=\"").unwrap();
    assert_eq!(resolved(page, reference), "/");
}

#[tokio::test]
async fn pages_work_under_a_path_of_the_public_url() {
    let issuer = start(SignUp::Open).await;
    let fields = [("email", EMAIL), ("password", PASSWORD)];
    let never = [("token", "x"), ("password", PASSWORD)];
    let mut pages = vec![
        (
            "/account/signup",
            submit(&issuer, "/account/signup", &fields).await,
        ),
        (
            "/account/verify",
            submit(&issuer, "/account/verify", &never).await,
        ),
        (
            "/account/reset/confirm",
            submit(&issuer, "/account/reset/confirm", &never).await,
        ),
    ];
    for path in PAGES.into_iter().chain(["/", "/docs"]) {
        pages.push((path, get(&issuer, path).await));
    }
    for (path, page) in pages {
        let text = text(&page);
        let parts = text.split(" href=\"").chain(text.split(" action=\""));
        let references =
            parts.filter(|part| !part.starts_with("<!DOCTYPE") && !part.starts_with('#'));
        let mut count = 0;
        for reference in references {
            let target = resolved(path, reference.split('"').next().unwrap());
            assert_eq!(get(&issuer, &target).await.status, 200, "{path} {target}");
            count += 1;
        }
        assert!(count > 0, "{path}");
    }
}

#[tokio::test]
async fn the_start_page_leads_to_sign_up_reset_and_documents() {
    for (sign_up, is_open, needs_code) in [
        (SignUp::Open, true, false),
        (SignUp::Invite, true, true),
        (SignUp::Closed, false, false),
    ] {
        let issuer = start(sign_up).await;
        let page = get(&issuer, "/").await;
        assert_eq!(page.status, 200);
        for (name, value) in [
            ("content-type", "text/html; charset=utf-8"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "public, max-age=300"),
            ("x-frame-options", "DENY"),
            (
                "content-security-policy",
                "default-src 'none'; style-src 'self'; form-action 'none'; base-uri 'none'; \
                 frame-ancestors 'none'",
            ),
        ] {
            assert_eq!(page.header(name), Some(value));
        }
        assert_eq!(page.header("set-cookie"), None);
        let text = text(&page);
        assert!(
            !text.contains("<script") && !text.contains("<form"),
            "{text}"
        );
        let leads_to = |target: &str| text.contains(&format!("href=\"{target}\""));
        assert_eq!(leads_to("account/signup"), is_open, "{text}");
        assert_eq!(text.contains("invite code"), needs_code, "{text}");
        assert_eq!(text.contains("Nobody can sign up here"), !is_open, "{text}");
        assert!(leads_to("account/reset") && leads_to("docs"), "{text}");
        assert!(text.contains("anteroom login --issuer "), "{text}");
    }
}

#[tokio::test]
async fn without_mail_the_start_page_leads_to_nothing_that_needs_one_and_such_pages_say_so() {
    let issuer = TestIssuer::start_with(TestIssuerOptions {
        login: TestLoginOptions {
            sign_up: SignUp::Open,
            mail: false,
            ..TestLoginOptions::default()
        },
        ..TestIssuerOptions::default()
    })
    .await;
    let text = text(&get(&issuer, "/").await);
    assert!(!text.contains("href=\"account/"), "{text}");
    assert!(text.contains("This server sends no mails"), "{text}");
    for (path, step) in [
        ("/account/reset", "for a new password"),
        ("/account/verify/resend", "to confirm your address"),
    ] {
        for answer in [
            get(&issuer, path).await,
            submit(&issuer, path, &[("email", EMAIL)]).await,
        ] {
            let text = assert_page(&answer, 403);
            assert!(text.contains("This server sends no mails."), "{text}");
            assert!(text.contains("Ask the people who run it"), "{text}");
            assert!(text.contains(step) && !text.contains("<form"), "{text}");
            assert_way_to_login(path, &text);
            assert_eq!(answer.header("retry-after"), None);
        }
    }
}

#[tokio::test]
async fn the_start_page_leads_to_the_program_where_the_operator_says_where_it_is() {
    let options = TestIssuerOptions::default();
    let params = IssuingParams::new(options.mode, Vec::new(), Vec::new());
    let issuer = TestIssuer::start_with_parts(options, params, |parts| {
        let page = WebAddress::parse("https://club.example/anteroom");
        parts.accounts.login.settings.program_page = page;
    })
    .await;
    let page = text(&get(&issuer, "/").await);
    let link = "href=\"https://club.example/anteroom\" target=\"_blank\"";
    assert!(
        page.contains(link) && !page.contains("cargo build"),
        "{page}"
    );
    let issuer = start(SignUp::Open).await;
    let page = text(&get(&issuer, "/").await);
    assert!(page.contains("cargo build --release"), "{page}");
}

#[tokio::test]
async fn signing_up_works_without_script() {
    let issuer = start(SignUp::Invite).await;
    let code = issuer.add_invite().await;
    let page = get(&issuer, &format!("/account/signup?invite={code}")).await;
    assert!(assert_page(&page, 200).contains(&format!("value=\"{code}\"")));
    LogGuard::global().watch_text("email", EMAIL);
    LogGuard::global().watch_text("password", PASSWORD);
    let fields = [("email", EMAIL), ("password", PASSWORD), ("invite", &code)];
    assert_page(&submit(&issuer, "/account/signup", &fields).await, 202);

    let token = issuer.mails.take_token(EMAIL);
    let link = format!("/account/verify?token={token}");
    // Opening the link has no effect, however often: only the button does.
    for _ in 0..3 {
        let text = assert_page(&get(&issuer, &link).await, 200);
        assert!(text.contains(&format!("name=\"token\" value=\"{token}\"")));
    }
    let log_in = json!({ "email": EMAIL, "password": PASSWORD });
    assert_eq!(post(&issuer, "/auth/login", &log_in).await.status, 403);
    let fields = [("token", token.as_str())];
    let text = assert_page(&submit(&issuer, "/account/verify", &fields).await, 200);
    assert!(text.contains("Welcome"));
    assert_way_to_login("/account/verify", &text);
    assert_eq!(post(&issuer, "/auth/login", &log_in).await.status, 200);
    let again = submit(&issuer, "/account/verify", &fields).await;
    let text = assert_page(&again, 200);
    assert!(text.contains("confirmed already"));
    assert_way_to_login("/account/verify", &text);
    let never = [("token", "x")];
    let text = assert_page(&submit(&issuer, "/account/verify", &never).await, 400);
    assert!(text.contains("role=\"alert\"") && text.contains("href=\"verify/resend\""));
}

#[tokio::test]
async fn a_mail_is_sent_once_more_without_script() {
    let issuer = start(SignUp::Open).await;
    let fields = [("email", EMAIL), ("password", PASSWORD)];
    let sent = submit(&issuer, "/account/signup", &fields).await;
    assert!(assert_page(&sent, 202).contains("href=\"verify/resend\""));
    let _ = issuer.mails.take_token(EMAIL);
    let path = "/account/verify/resend";
    for (email, mails) in [(EMAIL, 1), ("bob@example.com", 0)] {
        let answer = submit(&issuer, path, &[("email", email)]).await;
        assert!(assert_page(&answer, 202).contains("Check your mail"));
        if mails == 1 {
            let token = issuer.mails.take_token(EMAIL);
            let fields = [("token", token.as_str())];
            assert_page(&submit(&issuer, "/account/verify", &fields).await, 200);
        }
        assert_eq!(issuer.mails.take().len(), 0);
    }
    let wrong = submit(&issuer, path, &[("email", "ann")]).await;
    assert!(assert_page(&wrong, 422).contains("role=\"alert\""));
}

#[tokio::test]
async fn a_new_password_works_without_script() {
    let issuer = start(SignUp::Closed).await;
    issuer.add_login(TestLogin::new(EMAIL, PASSWORD)).await;
    for (email, mails) in [(EMAIL, 1), ("bob@example.com", 0)] {
        let answer = submit(&issuer, "/account/reset", &[("email", email)]).await;
        assert!(assert_page(&answer, 202).contains("Check your mail"));
        if mails == 0 {
            assert_eq!(issuer.mails.take().len(), 0);
            continue;
        }
        let token = issuer.mails.take_token(EMAIL);
        let link = format!("/account/reset/confirm?token={token}");
        assert_page(&get(&issuer, &link).await, 200);
        let short = [("token", token.as_str()), ("password", "short")];
        let text = assert_page(
            &submit(&issuer, "/account/reset/confirm", &short).await,
            422,
        );
        assert!(text.contains("role=\"alert\"") && text.contains(&token));
        let good = [
            ("token", token.as_str()),
            ("password", "fresh battery staple"),
        ];
        let done = submit(&issuer, "/account/reset/confirm", &good).await;
        assert_way_to_login("/account/reset/confirm", &assert_page(&done, 200));
        assert_eq!(issuer.mails.take()[0].subject, "Your password was changed");
        assert_page(&submit(&issuer, "/account/reset/confirm", &good).await, 400);
    }
    let log_in = json!({ "email": EMAIL, "password": "fresh battery staple" });
    assert_eq!(post(&issuer, "/auth/login", &log_in).await.status, 200);
}

#[tokio::test]
async fn where_sign_up_is_closed_its_page_says_so_and_leads_to_the_start() {
    let issuer = start(SignUp::Closed).await;
    let fields = [("email", EMAIL), ("password", PASSWORD)];
    for answer in [
        get(&issuer, "/account/signup").await,
        submit(&issuer, "/account/signup", &fields).await,
    ] {
        let text = assert_page(&answer, 403);
        assert!(text.contains("<h1>Sign up</h1>"), "{text}");
        assert!(text.contains("Sign-up is closed."), "{text}");
        assert_way_to_login("/account/signup", &text);
    }
}

#[tokio::test]
async fn a_wrong_invite_code_is_said_at_its_field() {
    let issuer = start(SignUp::Invite).await;
    let fields = [
        ("email", EMAIL),
        ("password", PASSWORD),
        ("invite", "no such code"),
    ];
    let text = assert_page(&submit(&issuer, "/account/signup", &fields).await, 403);
    let (_, field) = text.split_once("<input id=\"invite\"").unwrap();
    let (field, _) = field.split_once("<button").unwrap();
    for part in [
        "value=\"no such code\"",
        "aria-invalid=\"true\"",
        "aria-describedby=\"invite-problem\"",
        "id=\"invite-problem\"",
    ] {
        assert!(field.contains(part), "{part}: {field}");
    }
    assert_eq!(text.matches("aria-invalid").count(), 1, "{text}");
    let text = assert_page(&get(&issuer, "/account/signup").await, 200);
    assert!(!text.contains("aria-invalid"), "{text}");
}

#[tokio::test]
async fn what_was_typed_comes_back_as_text_and_passwords_do_not() {
    let issuer = start(SignUp::Open).await;
    let nasty = "\"><script>alert(1)</script>";
    let fields = [
        ("email", nasty),
        ("password", "a secret password"),
        ("invite", nasty),
    ];
    let text = assert_page(&submit(&issuer, "/account/signup", &fields).await, 422);
    assert!(text.contains("&quot;&gt;&lt;script&gt;"), "{text}");
    assert!(!text.contains("a secret password"));
    for path in ["/account/verify", "/account/reset/confirm"] {
        let path = format!("{path}?token=%22%3E%3Cscript%3E");
        let text = assert_page(&get(&issuer, &path).await, 200);
        assert!(
            text.contains("value=\"&quot;&gt;&lt;script&gt;\""),
            "{text}"
        );
    }
}

#[tokio::test]
async fn limits_and_failures_are_pages_too() {
    let issuer = start(SignUp::Open).await;
    let wrong_type = Request::post("/account/reset")
        .header("content-type", "application/json")
        .body(Body::from("{}"));
    assert_page(&call(&issuer, wrong_type.unwrap()).await, 415);
    let large = submit(&issuer, "/account/reset", &[("email", &"x".repeat(70_000))]).await;
    assert_page(&large, 413);
    for _ in 0..8 {
        submit(&issuer, "/account/reset", &[("email", "bob@example.com")]).await;
    }
    issuer.database.close().await;
    let gone = submit(&issuer, "/account/reset", &[("email", "bob@example.com")]).await;
    assert_page(&gone, 503);
    assert_eq!(gone.header("retry-after"), Some("1"));
    let limited = submit(&issuer, "/account/reset", &[("email", "bob@example.com")]).await;
    assert!(assert_page(&limited, 429).contains("Please wait a moment."));
    assert_eq!(limited.header("retry-after"), Some("61"));
}
