//! The tokens of an identity provider: which are accepted, and for which accounts.

use std::{sync::Arc, time::Duration};

use anteroom_accounts::{ExternalIdentity, IdentityVerifier};
use anteroom_issuer::IssuingParams;
use anteroom_oidc::{OidcVerifier, ProviderSettings, http_client};
use anteroom_protocol::{Aci, DAY, Mode};
use anteroom_runtime::Clock as _;
use anteroom_testkit::{LogGuard, OidcKey, OidcProvider, TestIssuer, TestIssuerOptions, TestLogin};
use async_trait::async_trait;
use serde_json::{Value, json};

use crate::support::{Answer, Tokens, bearer, events, post};

const WHOAMI: &str = "/v1/accounts/whoami";

struct TestIdentityVerifier(OidcVerifier);

#[async_trait]
impl IdentityVerifier for TestIdentityVerifier {
    async fn verify(&self, token: &str) -> Option<ExternalIdentity> {
        let subject = self.0.verify(token).await.ok()?;
        Some(ExternalIdentity {
            issuer: subject.issuer,
            subject: subject.subject,
            issued: subject.issued,
        })
    }
}

struct Scene {
    issuer: TestIssuer,
    provider: OidcProvider,
    keys: [OidcKey; 4],
}

impl Scene {
    async fn new(create_accounts: bool) -> Self {
        let provider = OidcProvider::start().await;
        let keys = provider.rotate();
        let params = IssuingParams::new(Mode::Standard, Vec::new(), Vec::new());
        let options = TestIssuerOptions::default();
        let issuer = TestIssuer::start_with_parts(options, params, |parts| {
            let settings = ProviderSettings::new(provider.issuer(), vec!["anteroom".to_owned()]);
            let http = http_client(Duration::from_secs(30), None).unwrap();
            let verifier =
                OidcVerifier::new(vec![settings], &http, Arc::clone(&parts.accounts.clock));
            parts.accounts.login.identities =
                Some(Arc::new(TestIdentityVerifier(verifier.unwrap())));
            parts.accounts.login.settings.provision = create_accounts;
        })
        .await;
        Self {
            issuer,
            provider,
            keys,
        }
    }

    fn token(&self, subject: &str) -> String {
        self.token_for(subject, 300)
    }

    fn token_for(&self, subject: &str, seconds: u64) -> String {
        LogGuard::global().watch_text("subject", subject);
        let now = self.issuer.clock.now().as_secs();
        self.keys[0].token(&json!({
            "iss": self.provider.issuer(),
            "aud": "anteroom",
            "sub": subject,
            "iat": now,
            "exp": now + seconds,
        }))
    }

    async fn whoami(&self, token: &str) -> Answer {
        bearer(&self.issuer, token, "GET", WHOAMI, None).await
    }
}

#[tokio::test]
async fn somebody_new_gets_an_account_and_keeps_it() {
    let scene = Scene::new(true).await;
    let first = scene.whoami(&scene.token("subject-of-ann")).await;
    assert_eq!(first.status, 200);
    let uuid = first.json()["uuid"].as_str().unwrap().to_owned();
    LogGuard::global().watch_text("account id", &uuid);
    assert_eq!(first.json()["deviceId"], 1);
    scene.issuer.clock.advance(600);
    let again = scene.whoami(&scene.token("subject-of-ann")).await;
    assert_eq!(again.json()["uuid"], uuid.as_str());
    let other = scene.whoami(&scene.token("subject-of-bob")).await;
    assert_ne!(other.json()["uuid"], uuid.as_str());

    let token = scene.token("subject-of-ann");
    let devices = bearer(&scene.issuer, &token, "GET", "/v1/devices", None).await;
    assert_eq!(devices.json()["devices"][0]["name"], "Single sign-on");
    // There is no session to end.
    let logout = bearer(&scene.issuer, &token, "POST", "/auth/logout", None).await;
    assert_eq!(logout.status, 401);
    let _ = events(&scene.issuer);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn somebody_new_who_comes_twice_at_once_gets_one_account() {
    let scene = Scene::new(true).await;
    let token = scene.token("subject-of-ann");
    let answers = futures::future::join_all((0..8).map(|_| scene.whoami(&token))).await;
    let uuids: std::collections::BTreeSet<String> = answers
        .iter()
        .map(|answer| answer.json()["uuid"].to_string())
        .collect();
    assert_eq!(uuids.len(), 1);
}

#[tokio::test]
async fn somebody_new_is_refused_unless_accounts_are_made() {
    let scene = Scene::new(false).await;
    let answer = scene.whoami(&scene.token("subject-of-ann")).await;
    answer.assert_problem(401, "UNAUTHORIZED", "Authentication required.");
}

#[tokio::test]
async fn a_disabled_account_is_refused_and_a_bad_token_too() {
    let scene = Scene::new(true).await;
    let token = scene.token("subject-of-ann");
    let answer = scene.whoami(&token).await;
    let aci = Aci::parse(answer.json()["uuid"].as_str().unwrap()).unwrap();
    for (disabled, status) in [(true, 401), (false, 200)] {
        scene.issuer.set_disabled(&aci, disabled).await;
        assert_eq!(scene.whoami(&token).await.status, status);
    }
    let mut claims: Value = json!({ "iss": scene.provider.issuer(), "aud": "other", "sub": "x" });
    claims["exp"] = json!(scene.issuer.clock.now().as_secs() + 60);
    for bad in [
        scene.keys[0].token(&claims),
        format!("{token}x"),
        "x".to_owned(),
    ] {
        let answer = scene.whoami(&bad).await;
        answer.assert_problem(401, "UNAUTHORIZED", "Authentication required.");
    }
}

#[tokio::test]
async fn tokens_of_logins_stand_beside_those_of_providers() {
    let scene = Scene::new(true).await;
    scene
        .issuer
        .add_login(TestLogin::new("ann@example.com", "correct horse"))
        .await;
    let body = json!({ "email": "ann@example.com", "password": "correct horse" });
    let tokens = Tokens::of(&post(&scene.issuer, "/auth/login", &body).await);
    assert_eq!(scene.whoami(&tokens.access).await.status, 200);
    // A token that claims to be from this service is never sent to a provider.
    scene.provider.set_down(true);
    let fetches = scene.provider.fetches();
    let (head, _) = tokens.access.rsplit_once('.').unwrap();
    assert_eq!(scene.whoami(&format!("{head}.AAAA")).await.status, 401);
    assert_eq!(scene.provider.fetches(), fetches);
}

#[tokio::test]
async fn without_the_database_who_was_seen_lately_goes_on() {
    let scene = Scene::new(true).await;
    let (seen, unseen) = (scene.token("subject-of-ann"), scene.token("subject-of-bob"));
    assert_eq!(scene.whoami(&seen).await.status, 200);
    scene.issuer.database.close().await;
    assert_eq!(scene.whoami(&seen).await.status, 200);
    assert_eq!(scene.whoami(&unseen).await.status, 503);
    assert_eq!(scene.whoami("x").await.status, 401);
}

#[tokio::test]
async fn somebody_whose_device_was_purged_or_deleted_has_the_same_account_with_the_next_token() {
    for purged in [false, true] {
        let scene = Scene::new(true).await;
        let old = scene.token_for("subject-of-ann", 200 * DAY);
        let uuid = scene.whoami(&old).await.json()["uuid"].clone();
        LogGuard::global().watch_text("account id", uuid.as_str().unwrap());
        if purged {
            scene.issuer.clock.advance(90 * DAY + 1);
            assert_eq!(
                scene
                    .issuer
                    .issuer
                    .accounts()
                    .purge()
                    .await
                    .unwrap()
                    .devices,
                2
            );
        } else {
            scene.issuer.clock.advance(60);
            let path = "/v1/devices/1";
            let deleted = bearer(&scene.issuer, &old, "DELETE", path, None).await;
            assert_eq!(deleted.status, 204);
        }
        let _ = events(&scene.issuer);
        // The earlier tokens have ended with the device, and do not create another.
        assert_eq!(scene.whoami(&old).await.status, 401);
        assert_eq!(
            scene.whoami(&scene.token("subject-of-ann")).await.status,
            401
        );
        scene.issuer.clock.advance(1);
        let next = scene.token("subject-of-ann");
        for _ in 0..2 {
            let again = scene.whoami(&next).await;
            assert_eq!(again.json()["uuid"], uuid, "purged: {purged}");
        }
        let registered = events(&scene.issuer);
        assert_eq!(registered.len(), 1);
        assert_eq!(registered[0].0, "device.registered");
        assert_eq!(scene.whoami(&old).await.status, 401);
        // A known person needs no permission to come back, unless the account is disabled.
        let aci = Aci::parse(uuid.as_str().unwrap()).unwrap();
        scene.issuer.set_disabled(&aci, true).await;
        assert_eq!(scene.whoami(&next).await.status, 401);
    }
}

#[tokio::test]
async fn an_owner_with_an_address_gets_a_mail_about_a_device_by_a_providers_token() {
    let scene = Scene::new(true).await;
    let old = scene.token_for("subject-of-ann", 900);
    let uuid = scene.whoami(&old).await.json()["uuid"].clone();
    let aci = Aci::parse(uuid.as_str().unwrap()).unwrap();
    let login = TestLogin::new("ann@example.com", "correct horse");
    scene.issuer.give_login(aci, login).await;
    let deleted = bearer(&scene.issuer, &old, "DELETE", "/v1/devices/1", None).await;
    assert_eq!(deleted.status, 204);
    assert_eq!(scene.issuer.mails.take().len(), 0);
    // The first device of a new login causes no mail.
    scene.issuer.clock.advance(2 * DAY);
    let again = scene.whoami(&scene.token("subject-of-ann")).await;
    assert_eq!(again.status, 200);
    let mails = scene.issuer.mails.take();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].subject, "A new device of your account");
    let _ = events(&scene.issuer);
}

#[tokio::test]
async fn a_token_of_a_provider_older_than_five_minutes_changes_no_other_device() {
    let scene = Scene::new(true).await;
    let token = scene.token_for("subject-of-ann", 900);
    let body = json!({ "name": "x" });
    for (age, status) in [(299, 200), (1, 403)] {
        assert_eq!(scene.whoami(&token).await.status, 200);
        scene.issuer.clock.advance(age);
        let answer = bearer(&scene.issuer, &token, "POST", "/v1/devices", Some(&body)).await;
        assert_eq!(answer.status, status);
        if status == 200 {
            let answer = answer.json();
            let password = answer["password"].as_str().unwrap();
            LogGuard::global().watch_text("device password", password);
        }
    }
}
