//! Addresses and names in every script, from the sign-up to the list of devices: no character is
//! lost, and addresses that only look alike are different.

use anteroom_accounts::{LoginLimits, SignUp};
use anteroom_testkit::{LogGuard, TestIssuer, TestIssuerOptions, TestLogin, TestLoginOptions};
use serde_json::json;

use crate::support::{Tokens, bearer, post};

/// Addresses as they are typed, and as they are stored.
const ADDRESSES: [(&str, &str); 14] = [
    ("Ann.Plain@Example.COM", "ann.plain@example.com"),
    ("ann+tag/part=x@example.com", "ann+tag/part=x@example.com"),
    (
        "o'brien_!#$%&*{}|~^`@example.com",
        "o'brien_!#$%&*{}|~^`@example.com",
    ),
    ("ann@xn--e1afmkfd.xn--p1ai", "ann@xn--e1afmkfd.xn--p1ai"),
    ("анна@пример.рф", "анна@xn--e1afmkfd.xn--p1ai"),
    ("АННА@ДРУГОЙ.рф", "анна@xn--c1abqtis.xn--p1ai"),
    ("用户@例子.广告", "用户@xn--fsqu00a.xn--4rr70v"),
    ("שרה@דוגמה.קום", "שרה@xn--6dbbec0c.xn--9dbq2a"),
    ("فاطمة@مثال.إختبار", "فاطمة@xn--mgbh0fb.xn--kgbechtv"),
    ("अनु@उदाहरण.परीक्षा", "अनु@xn--p1b6ci4b4b3a.xn--11b5bs3a9aj6g"),
    ("Rene\u{301}@example.com", "ren\u{e9}@example.com"),
    ("STRAßE@example.com", "straße@example.com"),
    ("🦊🐎@example.com", "🦊🐎@example.com"),
    ("ΟΔΥΣΣΕΥΣ@example.gr", "οδυσσευς@example.gr"),
];

const PASSWORD: &str = "correct horse";

async fn start() -> TestIssuer {
    let plenty = LoginLimits::default().token;
    TestIssuer::start_with(TestIssuerOptions {
        login: TestLoginOptions {
            sign_up: SignUp::Open,
            limits: LoginLimits {
                login: plenty,
                sign_up: plenty,
                reset: plenty,
                token: plenty,
                logout: plenty,
                mail: plenty,
                ..LoginLimits::default()
            },
            ..TestLoginOptions::default()
        },
        ..TestIssuerOptions::default()
    })
    .await
}

#[tokio::test]
async fn an_address_of_any_script_signs_up_logs_in_and_resets() {
    let issuer = start().await;
    for (typed, stored) in ADDRESSES {
        issuer.clock.advance(60);
        LogGuard::global().watch_text("email", typed);
        LogGuard::global().watch_text("email", stored);
        let body = json!({ "email": typed, "password": PASSWORD });
        let answer = post(&issuer, "/auth/signup", &body).await;
        assert_eq!(answer.status, 202, "{typed}");
        let token = issuer.mails.take_token(stored);
        let body = json!({ "token": token });
        let answer = post(&issuer, "/auth/verify-email", &body).await;
        assert_eq!(answer.status, 204, "{typed}");
        for email in [typed.to_owned(), stored.to_owned(), format!(" {typed}\t")] {
            let body = json!({ "email": email, "password": PASSWORD });
            let answer = post(&issuer, "/auth/login", &body).await;
            Tokens::of(&answer);
            assert_eq!(answer.json()["user"]["email"], stored);
        }
        let _ = issuer.mails.take();
        let body = json!({ "email": typed });
        assert_eq!(
            post(&issuer, "/auth/password-reset", &body).await.status,
            202
        );
        let _ = issuer.mails.take_token(stored);
    }
}

#[tokio::test]
async fn who_only_looks_alike_is_somebody_else() {
    let issuer = start().await;
    for (somebody, alike) in [
        // Cyrillic а and о.
        ("anna@example.com", "аnna@example.com"),
        ("anna@example.com", "anna@xn--exmple-4nf.com"),
        ("anna@example.com", "anna+x@example.com"),
        ("anna@example.com", "an.na@example.com"),
        ("straße@example.com", "strasse@example.com"),
        ("dotless@example.com", "dotle\u{1e61}s@example.com"),
    ] {
        // After the lock of the addresses that occur several times.
        issuer.clock.advance(900);
        for (email, password) in [(somebody, "horse of somebody"), (alike, "horse of another")] {
            LogGuard::global().watch_text("email", email);
            let body = json!({ "email": email, "password": password });
            assert_eq!(post(&issuer, "/auth/signup", &body).await.status, 202);
            let mail = issuer.mails.take();
            assert_eq!(mail[0].to.as_str(), email);
        }
        for (email, password) in [(somebody, "horse of another"), (alike, "horse of somebody")] {
            let body = json!({ "email": email, "password": password });
            let answer = post(&issuer, "/auth/login", &body).await;
            assert_eq!(answer.code(), "LOGIN_INVALID_CREDENTIALS", "{email}");
        }
    }
}

#[tokio::test]
async fn an_older_account_with_another_form_of_a_letter_logs_in_and_no_new_one_gets_it() {
    const FULLWIDTH: &str = "\u{ff41}nna@example.com";
    let issuer = start().await;
    for email in [FULLWIDTH, "anna@example.com"] {
        let password = format!("horse of {}", email.len());
        issuer.add_login(TestLogin::new(email, &password)).await;
        let body = json!({ "email": email, "password": password });
        assert_eq!(post(&issuer, "/auth/login", &body).await.status, 200);
        post(&issuer, "/auth/password-reset", &json!({ "email": email })).await;
        let mails = issuer.mails.take();
        assert!(!mails.is_empty());
        assert!(mails.iter().all(|mail| mail.to.as_str() == email));
    }
    let body = json!({ "email": FULLWIDTH, "password": "horse of another" });
    assert_eq!(post(&issuer, "/auth/signup", &body).await.status, 422);
}

#[tokio::test]
async fn both_spellings_of_a_domain_are_one_account() {
    let issuer = start().await;
    let spellings = ["пример@ПРИМЕР.рф", "пример@xn--e1afmkfd.xn--p1ai"];
    for (n, email) in spellings.into_iter().enumerate() {
        LogGuard::global().watch_text("email", email);
        let body = json!({ "email": email, "password": PASSWORD });
        assert_eq!(post(&issuer, "/auth/signup", &body).await.status, 202);
        let mails = issuer.mails.take();
        assert_eq!(mails[0].to.as_str(), spellings[1]);
        assert_eq!(mails[0].text.contains("not the first sign-up"), n == 1);
    }
}

#[tokio::test]
async fn an_address_that_no_mail_can_reach_is_422_from_the_syntax_alone() {
    let issuer = start().await;
    let _ = issuer.mails.take();
    for email in [
        "ann\u{0}@example.com",
        "ann@example.com\u{0}",
        "ann\r\nbcc: bob@example.com",
        "ann@example.com\nbob@example.com",
        "an\tn@example.com",
        "ann\u{7f}@example.com",
        "ann\u{85}@example.com",
        "ann\u{2028}@example.com",
        "ann @example.com",
        "ann@exam\u{3000}ple.com",
        "an\u{200d}na@example.com",
        "an\u{ad}na@example.com",
        "a\u{200b}nn@example.com",
        "ann@exam\u{200b}ple.com",
        "\u{feff}ann@example.com",
        "a\u{202e}nn@example.com",
        "mailto:ann@example.com",
        "<ann@example.com>",
        "ann@example.com.",
        "ann@bob@example.com",
        "\"ann@bob\"@example.com",
        "ann@example",
        "ann@[192.0.2.1]",
    ] {
        let body = json!({ "email": email, "password": PASSWORD });
        let answer = post(&issuer, "/auth/signup", &body).await;
        answer.assert_problem(
            422,
            "SIGNUP_VALIDATION_ERROR",
            "Please check your input and try again",
        );
        for (path, code) in [
            ("/auth/login", "LOGIN_VALIDATION_ERROR"),
            ("/auth/verify-email/resend", "VERIFY_VALIDATION_ERROR"),
            ("/auth/password-reset", "RESET_VALIDATION_ERROR"),
        ] {
            let answer = post(&issuer, path, &body).await;
            assert_eq!(
                (answer.status.as_u16(), &*answer.code()),
                (422, code),
                "{email:?}"
            );
        }
    }
    assert_eq!(issuer.mails.take().len(), 0);
}

#[tokio::test]
async fn a_name_of_any_script_comes_back_as_it_was() {
    let issuer = start().await;
    let body = json!({ "email": "ann@example.com", "password": PASSWORD });
    post(&issuer, "/auth/signup", &body).await;
    let token = issuer.mails.take_token("ann@example.com");
    post(&issuer, "/auth/verify-email", &json!({ "token": token })).await;
    let tokens = Tokens::of(&post(&issuer, "/auth/login", &body).await);
    for name in [
        "Ann's phone",
        "Телефон Анны",
        "安娜的手机",
        "הטלפון של שרה",
        "هاتف فاطمة",
        "अनु का फ़ोन",
        "e\u{301} is not \u{e9}",
        "👩‍👩‍👧‍👦📱",
        "\"quotes\" and \\ and </script>",
    ] {
        let body = json!({ "name": name });
        let path = "/v1/devices/1";
        let answer = bearer(&issuer, &tokens.access, "PATCH", path, Some(&body)).await;
        assert_eq!(answer.status, 204, "{name:?}");
        let listed = bearer(&issuer, &tokens.access, "GET", "/v1/devices", None).await;
        assert_eq!(listed.json()["devices"][0]["name"], name);
    }
}
