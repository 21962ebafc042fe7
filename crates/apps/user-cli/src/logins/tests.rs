use std::{os::unix::fs::PermissionsExt as _, time::Duration};

use tempfile::TempDir;

use super::*;

fn login_at(dir: &TempDir, issuer: &str) -> LoginFile {
    let owner = file_name(issuer);
    LoginFile {
        file: SealedFile {
            path: dir.path().join(format!("logins/{owner}.sealed")),
            key_path: dir.path().join("logins.key"),
            kind: &KIND,
            owner: Some(owner),
        },
        issuer: issuer.to_owned(),
        remember: None,
    }
}

fn login() -> (TempDir, LoginFile) {
    let dir = TempDir::new().unwrap();
    let login = login_at(&dir, "https://id.example");
    (dir, login)
}

/// Writes a login in the old format, which does not name its issuer.
fn write_old(login: &LoginFile, issuer: &str) {
    const OLD: FileFormat = FileFormat {
        format: "anteroom login 1",
        old: None,
        noun: "login",
        key_name: "logins.key",
        key_variable: environment::LOGINS_KEY_FILE,
    };
    let old = LoginFile {
        file: SealedFile {
            kind: &OLD,
            owner: None,
            ..login.file.clone()
        },
        issuer: issuer.to_owned(),
        remember: Some(false),
    };
    old.lock().unwrap().replace(&session(900)).unwrap();
}

#[test]
fn a_login_in_the_place_of_anothers_is_refused_and_sends_no_token() {
    let dir = TempDir::new().unwrap();
    let [one, two] = ["https://one.example", "https://two.example"];
    let [one, two] = [one, two].map(|issuer| login_at(&dir, issuer));
    for login in [&one, &two] {
        login.lock().unwrap().replace(&session(900)).unwrap();
    }
    let aside = dir.path().join("aside");
    fs::rename(&one.file.path, &aside).unwrap();
    fs::rename(&two.file.path, &one.file.path).unwrap();
    fs::rename(&aside, &two.file.path).unwrap();
    for login in [&one, &two] {
        let shown = format!("{:#}", login.load().err().unwrap());
        assert!(shown.contains("belongs to another"), "{shown}");
        assert!(login.lock().unwrap().load().is_err());
    }
    // A file whose first line names another issuer does not open.
    let text = fs::read(&one.file.path).unwrap();
    let line = one.file.kind.format.len() + 1 + 2 * 16;
    let first = format!("{} {}", KIND.format, file_name(&one.issuer));
    let renamed = [first.as_bytes(), &text[line..]].concat();
    fs::write(&one.file.path, renamed).unwrap();
    let shown = format!("{:#}", one.load().err().unwrap());
    assert!(shown.contains("is damaged"), "{shown}");
}

#[test]
fn an_old_login_opens_is_written_anew_and_is_refused_in_anothers_place() {
    let (_dir, login) = login();
    write_old(&login, &login.issuer);
    let before = fs::read(&login.file.path).unwrap();
    assert!(before.starts_with(b"anteroom login 1\n"));
    // Reads under the lock, as a renewal does.
    assert!(login.lock().unwrap().load().unwrap().is_some());
    assert!(login.load().unwrap().is_some());
    let after = fs::read(&login.file.path).unwrap();
    assert!(after.starts_with(b"anteroom login 2 "));
    assert!(login.load().unwrap().is_some());

    write_old(&login, "https://other.example");
    let shown = format!("{:#}", login.load().err().unwrap());
    assert!(shown.contains("belongs to another issuer"), "{shown}");
}

fn session(lifetime: u64) -> SessionGrant {
    SessionGrant {
        aci: Aci::parse("8f8d2c1e-6b0a-4a55-9a3c-0d6d0a5f3b11").unwrap(),
        device: DeviceId::new(2).unwrap(),
        email: Zeroizing::new("ann@example.org".to_owned()),
        tokens: SessionTokens {
            access: Some(SecretString::from("the access token")),
            access_lifetime: Duration::from_secs(lifetime),
            refresh: SecretString::from("the refresh token"),
        },
        granted: None,
    }
}

#[test]
fn a_login_is_kept_renewed_and_removed() {
    let (_dir, login) = login();
    assert!(login.load().unwrap().is_none());
    let new = login.clone().for_new(true);
    new.lock().unwrap().replace(&session(900)).unwrap();
    let first = login.load().unwrap().unwrap();
    assert!(first.session.tokens.access.is_some());
    // An expired access token is not returned; the login's lifetime is unchanged.
    login.lock().unwrap().replace(&session(30)).unwrap();
    let second = login.load().unwrap().unwrap();
    assert!(second.session.tokens.access.is_none());
    assert!(second.until >= first.until);
    // The login ends by the issuer's clock, whatever this device's shows.
    let granted = os::now().minus(400 * DAY);
    let granting = SessionGrant {
        granted: Some(granted),
        ..session(900)
    };
    login.lock().unwrap().replace(&granting).unwrap();
    let third = login.load().unwrap().unwrap();
    assert_eq!(third.until, granted.plus(30 * DAY));
    assert_eq!(second.session.device.as_u32(), 2);
    login.lock().unwrap().remove().unwrap();
    assert!(login.load().unwrap().is_none());
}

#[test]
fn the_file_shows_nothing_and_is_the_users_alone() {
    let (_dir, login) = login();
    login.lock().unwrap().replace(&session(900)).unwrap();
    let bytes = fs::read(&login.file.path).unwrap();
    for secret in ["ann@example.org", "the access token", "the refresh token"] {
        let found = bytes
            .windows(secret.len())
            .any(|part| part == secret.as_bytes());
        assert!(!found, "{secret}");
    }
    for path in [&login.file.path, &login.file.key_path] {
        let mode = fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
}

#[test]
fn a_damaged_file_is_no_login_and_only_a_new_login_replaces_it() {
    let (_dir, login) = login();
    login.lock().unwrap().replace(&session(900)).unwrap();
    let mut bytes = fs::read(&login.file.path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&login.file.path, bytes).unwrap();
    assert!(login.load().is_err());
    assert!(login.lock().unwrap().load().is_err());
    let mut new = login.clone().for_new(false).lock().unwrap();
    assert!(new.load().unwrap().is_none());
    new.replace(&session(900)).unwrap();
    assert!(login.load().unwrap().is_some());
}
