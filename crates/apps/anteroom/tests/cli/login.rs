//! From a sign-up to a session, with mails in a folder.

use std::{fs, path::Path, process::Stdio, thread, time::Duration};

use anteroom_protocol::Aci;
use anteroom_testkit::LogGuard;
use serde_json::{Value, json};

use crate::directory::TestDirectory;

/// The time limit of a wait, much longer than any mail takes.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Issuer<'a> {
    pub(crate) place: &'a TestDirectory,
    pub(crate) url: String,
}

impl<'a> Issuer<'a> {
    /// Returns the issuer that runs on this data.
    pub(crate) fn of(place: &'a TestDirectory) -> Self {
        let listen = fs::read(place.data().join("listen.json")).unwrap();
        let listen: Value = serde_json::from_slice(&listen).unwrap();
        let url = listen["issuer"].as_str().unwrap().to_owned();
        Self { place, url }
    }

    /// Status and body of an answer.
    pub(crate) fn call(&self, arguments: &[&str], path: &str) -> (u16, String) {
        let url = format!("{}{path}", self.url);
        let output = self
            .place
            .command("curl")
            .args([
                "--silent",
                "--write-out",
                "\n%{http_code}",
                "--max-time",
                "60",
            ])
            .args(arguments)
            .arg(url)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let (body, status) = text.rsplit_once('\n').unwrap();
        (status.parse().unwrap(), body.to_owned())
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> (u16, String) {
        let kind = "content-type: application/json";
        self.call(&["--header", kind, "--data", &body.to_string()], path)
    }
}

/// Returns the address in the only mail, which is then deleted.
pub(crate) fn take_link(folder: &Path) -> String {
    let mut waited = Duration::ZERO;
    let path = loop {
        let mails = fs::read_dir(folder).unwrap();
        let mut mails = mails.map(|entry| entry.unwrap().path());
        // A mail that is still being written has another name.
        let whole = mails.find(|path| path.extension().is_some_and(|end| end == "eml"));
        if let Some(path) = whole {
            break path;
        }
        assert!(waited < PATIENCE, "no mail");
        let pause = Duration::from_millis(50);
        thread::sleep(pause);
        waited += pause;
    };
    let mail = fs::read_to_string(&path).unwrap();
    fs::remove_file(path).unwrap();
    // Quoted-printable breaks long lines.
    let text = mail
        .replace("=\r\n", "")
        .replace("=\n", "")
        .replace("=3D", "=");
    let line = text.lines().find(|line| line.contains("?token="));
    line.unwrap_or_else(|| unreachable!("no link in {text}"))
        .trim()
        .to_owned()
}

#[test]
fn somebody_signs_up_logs_in_and_forgets_the_password() {
    let mut place = TestDirectory::new();
    let mails = place.path().join("mails");
    for (name, value) in [
        ("ANTEROOM_LOGIN_SIGN_UP", "open"),
        ("ANTEROOM_ISSUER_PUBLIC_URL", "https://id.example/"),
        ("ANTEROOM_MAIL_TRANSPORT", "folder"),
        ("ANTEROOM_MAIL_FROM", "Anteroom <anteroom@example.org>"),
        ("ANTEROOM_MAIL_FOLDER", mails.to_str().unwrap()),
    ] {
        place.set(name, value);
    }
    let service = place.start();
    let listen = fs::read(place.data().join("listen.json")).unwrap();
    let listen: Value = serde_json::from_slice(&listen).unwrap();
    let issuer = Issuer {
        place: &place,
        url: listen["issuer"].as_str().unwrap().to_owned(),
    };
    let email = "ann@example.org";
    let log_in = |password: &str| {
        issuer.post(
            "/auth/login",
            &json!({ "email": email, "password": password }),
        )
    };

    let asked = json!({ "email": email, "password": "correct horse" });
    assert_eq!(issuer.post("/auth/signup", &asked), (202, String::new()));
    // The mail is written once the sign-up is stored.
    let link = take_link(&mails);
    assert_eq!(log_in("correct horse").0, 403);
    let page = link.strip_prefix("https://id.example").unwrap();
    let (status, text) = issuer.call(&[], page);
    assert_eq!(status, 200);
    assert!(text.contains("Confirm your email address"), "{text}");
    let (_, token) = link.split_once("?token=").unwrap();
    let field = format!("token={token}");
    let (status, text) = issuer.call(&["--data", &field], "/account/verify");
    assert_eq!(status, 200, "{text}");

    let (status, body) = log_in("correct horse");
    assert_eq!(status, 200, "{body}");
    let session: Value = serde_json::from_str(&body).unwrap();
    let access = session["access_token"].as_str().unwrap();
    let bearer = format!("authorization: Bearer {access}");
    let whoami = || issuer.call(&["--header", &bearer], "/v1/accounts/whoami");
    let (status, body) = whoami();
    assert_eq!(status, 200, "{body}");
    let account: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(account["uuid"], session["user"]["id"]);

    let asked = json!({ "email": email });
    assert_eq!(issuer.post("/auth/password-reset", &asked).0, 202);
    let link = take_link(&mails);
    let (_, token) = link.split_once("/account/reset/confirm?token=").unwrap();
    let new = json!({ "token": token, "password": "fresh battery staple" });
    assert_eq!(issuer.post("/auth/password-reset/confirm", &new).0, 204);
    assert_eq!(whoami().0, 401);
    assert_eq!(log_in("correct horse").0, 401);
    assert_eq!(log_in("fresh battery staple").0, 200);

    let (status, log) = service.stop();
    assert!(status.success());
    let guard = LogGuard::default();
    let refresh = session["refresh_token"].as_str().unwrap();
    for secret in [
        email,
        "correct horse",
        "fresh battery staple",
        token,
        access,
        refresh,
    ] {
        assert!(!log.iter().any(|line| line.contains(secret)), "{secret}");
        guard.watch_text("secret", secret);
    }
    let uuid = account["uuid"].as_str().unwrap();
    guard.watch_bytes("account id", Aci::parse(uuid).unwrap().as_bytes());
    guard.assert_absent_from(&place.data());
}

#[test]
fn without_mail_nobody_can_sign_up() {
    let mut place = TestDirectory::new();
    place.set("ANTEROOM_LOGIN_SIGN_UP", "open");
    let service = place.start();
    let listen = fs::read(place.data().join("listen.json")).unwrap();
    let listen: Value = serde_json::from_slice(&listen).unwrap();
    let issuer = Issuer {
        place: &place,
        url: listen["issuer"].as_str().unwrap().to_owned(),
    };
    let asked = json!({ "email": "ann@example.org", "password": "correct horse" });
    let (status, body) = issuer.post("/auth/signup", &asked);
    assert_eq!(status, 403);
    assert!(body.contains("SIGNUP_CLOSED"), "{body}");
    drop(service);
}

#[test]
fn a_hash_that_argon2_does_not_allow_is_refused_by_name() {
    let mut place = TestDirectory::new();
    place.set("ANTEROOM_LOGIN_HASH_MEMORY_KIB", "7");
    let complaint = place.refusal(&["serve"]);
    assert!(complaint.contains("login.hash_memory_kib"), "{complaint}");
}
