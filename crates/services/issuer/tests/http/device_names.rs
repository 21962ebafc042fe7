//! The names of devices, in every request that contains one.

use anteroom_testkit::{TestIssuer, TestLogin};
use serde_json::{Value, json};

use crate::support::{Answer, Tokens, bearer, post};

const EMAIL: &str = "ann@example.com";
const PASSWORD: &str = "correct horse";

/// A request member with a device's name.
#[derive(Clone, Copy, Debug)]
enum NameField {
    Login,
    Register,
    Rename,
}

const PLACES: [NameField; 3] = [NameField::Login, NameField::Register, NameField::Rename];

async fn start() -> (TestIssuer, Tokens) {
    let issuer = TestIssuer::start().await;
    issuer.add_login(TestLogin::new(EMAIL, PASSWORD)).await;
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    let tokens = Tokens::of(&post(&issuer, "/auth/login", &body).await);
    (issuer, tokens)
}

async fn give(issuer: &TestIssuer, tokens: &Tokens, place: NameField, name: &str) -> Answer {
    let body = json!({ "name": name });
    match place {
        NameField::Login => {
            // Waits, because the logins exceed the limit of one address by far.
            issuer.clock.advance(60);
            let body = json!({ "email": EMAIL, "password": PASSWORD, "deviceId": 1,
                               "deviceName": name });
            post(issuer, "/auth/login", &body).await
        }
        NameField::Register => {
            bearer(issuer, &tokens.access, "POST", "/v1/devices", Some(&body)).await
        }
        NameField::Rename => {
            bearer(
                issuer,
                &tokens.access,
                "PATCH",
                "/v1/devices/1",
                Some(&body),
            )
            .await
        }
    }
}

async fn names(issuer: &TestIssuer, tokens: &Tokens) -> Vec<Value> {
    let listed = bearer(issuer, &tokens.access, "GET", "/v1/devices", None).await;
    let listed = listed.json()["devices"].as_array().unwrap().clone();
    listed.iter().map(|device| device["name"].clone()).collect()
}

#[tokio::test]
async fn empty_multi_line_and_control_names_are_refused_in_every_place() {
    for place in PLACES {
        let (issuer, tokens) = start().await;
        for name in [
            "",
            " \t ",
            "\u{200b}",
            "two\nlines",
            "a\u{7}b",
            "a\u{1b}[2J",
            "a\u{2028}b",
            "a\u{202e}b",
            "a\u{2067}b",
        ] {
            let answer = give(&issuer, &tokens, place, name).await;
            answer.assert_problem(
                422,
                "DEVICE_DISPLAY_NAME_INVALID",
                "Device display name is not valid. Please use one line with at least one visible \
                 character, without control characters and text-direction marks.",
            );
        }
        assert_eq!(names(&issuer, &tokens).await, ["Device 1"], "{place:?}");
    }
}

#[tokio::test]
async fn over_100_characters_are_too_long_in_every_place_whatever_they_are() {
    for place in PLACES {
        let (issuer, tokens) = start().await;
        for name in ["x".repeat(101), "📱".repeat(101), "\u{7}".repeat(101)] {
            let answer = give(&issuer, &tokens, place, &name).await;
            answer.assert_problem(
                400,
                "DEVICE_DISPLAY_NAME_TOO_LONG",
                "Device display name is too long (maximum 100 characters)",
            );
        }
        assert_eq!(names(&issuer, &tokens).await, ["Device 1"], "{place:?}");
    }
}

#[tokio::test]
async fn names_are_trimmed_in_every_place() {
    for place in PLACES {
        let (issuer, tokens) = start().await;
        let name = format!(" \n{}\u{3000} ", "é".repeat(100));
        assert!(
            give(&issuer, &tokens, place, &name)
                .await
                .status
                .is_success()
        );
        let expected = Value::from("é".repeat(100));
        assert!(
            names(&issuer, &tokens).await.contains(&expected),
            "{place:?}"
        );
    }
}
