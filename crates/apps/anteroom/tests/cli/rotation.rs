//! Rotation of every kind of key under load: no request fails.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use anteroom_client::{
    AccountInfo, Approval, CreatePass, DayRange, DeviceCredentials, DeviceId, IssuerClient,
    IssuerError, MemoryPins, Pass, RoomsClient, Timeouts, Trust, TrustedParams,
};
use anteroom_protocol::{Aci, AdminPasskey, Randomness, RootKey, Timestamp};
use anteroom_store::{MasterKey, keys::KeyPurpose};
use anteroom_store_sqlite::{SqliteIssuer, SqliteOptions};
use rand::rngs::SysRng;
use rand_core::UnwrapErr;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::{runtime::Runtime, task::JoinHandle};

use crate::directory::{ServeProcess, TestDirectory, stderr};

/// Requests during each rotation, at least.
const REQUESTS: usize = 500;
/// The number of concurrent clients.
const CLIENTS: usize = 4;
/// Requests before the rotation begins, and after it has ended.
const MARGIN: usize = 60;

fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the services run on this clock too"
)]
pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp::from_secs(since.unwrap().as_secs())
}

/// The state of every client, from before the first rotation.
struct Load {
    issuer: IssuerClient,
    rooms: RoomsClient,
    account: AccountInfo,
    room: RootKey,
    pass: Pass,
}

impl Load {
    async fn new(place: &TestDirectory) -> Self {
        let listen = fs::read(place.data().join("listen.json")).unwrap();
        let listen: Value = serde_json::from_slice(&listen).unwrap();
        let url = |service: &str| listen[service].as_str().unwrap().to_owned();
        let added = place.add_account();
        let aci = Aci::parse(&added.uuid).unwrap();
        let password = SecretString::from(added.password);
        let device = DeviceCredentials::new(aci, DeviceId::new(1).unwrap(), password);
        let issuer = IssuerClient::new(url("issuer"), device, Timeouts::default()).unwrap();
        let rooms = RoomsClient::new(url("rooms"), Timeouts::default()).unwrap();
        let account = issuer.whoami().await.unwrap();
        let params = told(&issuer).await.unwrap();
        let room = RootKey::generate_v1(&mut rng());
        let created = issuer
            .create_credential(
                &room.room_id(),
                &params,
                now(),
                Randomness::random(&mut rng()),
            )
            .await
            .unwrap();
        let create = CreatePass::new(aci, &created, &params).unwrap();
        let passkey = AdminPasskey::random(&mut rng());
        let created = rooms
            .create(&room, &create, &passkey, Approval::Required, &mut rng())
            .await
            .unwrap();
        let week = DayRange::week_from(now());
        let days = issuer.auth_credentials(week, &params, now()).await.unwrap();
        let pass = Pass::new(aci, &days[0], &params).unwrap();
        Self {
            issuer,
            rooms,
            account,
            room: created.root_key,
            pass,
        }
    }

    /// Sends the request with this number. The right to the room stays the one from before.
    async fn request(&self, number: usize) -> Result<(), String> {
        let shown = |error: &dyn std::fmt::Display| error.to_string();
        match number % 8 {
            0 => self
                .issuer
                .published_params()
                .await
                .map(drop)
                .map_err(|error| shown(&error)),
            1 | 2 => self
                .issuer
                .whoami()
                .await
                .map(drop)
                .map_err(|error| shown(&error)),
            3 => self.credential().await.map_err(|error| shown(&error)),
            4 if number % 16 == 4 => self.fresh_right().await,
            _ => {
                let seen = self.rooms.link(&self.room, &self.pass, &mut rng()).await;
                seen.map(drop).map_err(|error| shown(&error))
            }
        }
    }

    async fn credential(&self) -> Result<(), IssuerError> {
        loop {
            let params = told(&self.issuer).await?;
            let randomness = Randomness::random(&mut rng());
            let id = self.room.room_id();
            let answer = self
                .issuer
                .create_credential(&id, &params, now(), randomness)
                .await;
            match answer {
                // The answer came under newer params. Only `--now` gives no notice in advance.
                Err(IssuerError::Verification) if told(&self.issuer).await?.differs(&params) => {}
                answer => return answer.map(drop),
            }
        }
    }

    /// Fetches today's right to the room, and presents it to the room service.
    async fn fresh_right(&self) -> Result<(), String> {
        let pass = self.week().await.map_err(|error| error.to_string())?;
        let seen = self.rooms.link(&self.room, &pass, &mut rng()).await;
        seen.map(drop).map_err(|error| error.to_string())
    }

    async fn week(&self) -> Result<Pass, IssuerError> {
        loop {
            let params = told(&self.issuer).await?;
            let week = DayRange::week_from(now());
            let client = &self.issuer;
            let answer = client.day_credentials(&self.account, week, &params, now());
            match answer.await {
                Err(IssuerError::Verification) if told(client).await?.differs(&params) => {}
                answer => return Pass::new(self.account.aci, &answer?[0].auth, &params),
            }
        }
    }
}

/// Returns the issuer's params for a client that the operator has told all ids.
async fn told(issuer: &IssuerClient) -> Result<TrustedParams, IssuerError> {
    let published = issuer.published_params().await?;
    let generic = published.generic.iter().map(|listed| listed.id);
    let ids: Vec<_> = generic
        .chain(published.group.iter().map(|listed| listed.id))
        .collect();
    published.trusted(&MemoryPins::default(), Trust::Ids(&ids), now())
}

trait Comparison {
    fn differs(&self, other: &Self) -> bool;
}

impl Comparison for TrustedParams {
    fn differs(&self, other: &Self) -> bool {
        self.newly_pinned() != other.newly_pinned()
    }
}

/// Requests from several clients while `rotate` runs: it begins and ends among them.
fn under_load(runtime: &Runtime, load: &Arc<Load>, what: &str, rotate: impl FnOnce()) {
    let (sent, rotated) = (
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let after = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (load, sent, rotated) = (Arc::clone(load), Arc::clone(&sent), Arc::clone(&rotated));
            let after = Arc::clone(&after);
            runtime.spawn(async move {
                let mut failures = Vec::new();
                loop {
                    let number = sent.fetch_add(1, Ordering::SeqCst);
                    let is_after = rotated.load(Ordering::SeqCst);
                    if let Err(failure) = load.request(number).await {
                        failures.push(format!("request {number}: {failure}"));
                    }
                    if is_after {
                        after.fetch_add(1, Ordering::SeqCst);
                    }
                    let enough = sent.load(Ordering::SeqCst) >= REQUESTS
                        && after.load(Ordering::SeqCst) >= MARGIN;
                    if enough || failures.len() > 5 {
                        return failures;
                    }
                }
            })
        })
        .collect();
    while sent.load(Ordering::SeqCst) < MARGIN && !clients.iter().all(JoinHandle::is_finished) {
        thread::sleep(Duration::from_millis(1));
    }
    rotate();
    rotated.store(true, Ordering::SeqCst);
    let failures: Vec<String> = clients
        .into_iter()
        .flat_map(|client| runtime.block_on(client).unwrap())
        .collect();
    assert!(failures.is_empty(), "{what}: {failures:#?}");
    assert!(sent.load(Ordering::SeqCst) >= REQUESTS, "{what}");
}

/// Returns the states of the keys of a kind in a service's database.
fn states(place: &TestDirectory, service: &str, kind: &str) -> Vec<String> {
    let listed = place.json(&["keys", "list", "--json"]);
    let databases = listed["databases"].as_array().unwrap();
    let database = databases
        .iter()
        .find(|one| one["service"] == service)
        .unwrap();
    let all = ["keys", "serverParams"].map(|name| database[name].as_array().unwrap().clone());
    let of_kind = all.iter().flatten().filter(|key| key["kind"] == kind);
    of_kind
        .map(|key| key["state"].as_str().unwrap().to_owned())
        .collect()
}

fn serving(place: &mut TestDirectory) -> ServeProcess {
    place.set("ANTEROOM_KEYS_RELOAD_SECONDS", "1");
    for budget in ["CREATE_AUTH", "BATCHES", "VERIFICATIONS"] {
        place.set(&format!("ANTEROOM_LIMITS_{budget}_CAPACITY"), "100000");
    }
    place.start()
}

#[test]
fn no_request_fails_while_keys_of_the_databases_change() {
    let mut place = TestDirectory::new();
    let service = serving(&mut place);
    let runtime = Runtime::new().unwrap();
    let load = Arc::new(runtime.block_on(Load::new(&place)));
    for kind in ["data", "event"] {
        under_load(&runtime, &load, kind, || {
            place.shown(&["keys", "rotate", kind, "--yes"]);
        });
        for service in ["issuer", "rooms"] {
            let states = states(&place, service, kind);
            let newest = if kind == "data" { "writes" } else { "in use" };
            assert_eq!(states, ["retired", newest], "{service} {kind}");
        }
    }
    under_load(&runtime, &load, "master", || {
        place.shown(&["keys", "rotate", "master"]);
    });
    // The services load the new key when they need it.
    under_load(&runtime, &load, "data after master", || {
        place.shown(&["keys", "rotate", "data"]);
    });
    for service in ["issuer", "rooms"] {
        assert_eq!(
            states(&place, service, "data"),
            ["retired", "retired", "writes"]
        );
    }
    let (status, log) = service.stop();
    assert!(status.success());
    assert!(!log.iter().any(|line| line.contains("ERROR")), "{log:#?}");
}

#[test]
fn a_service_seals_anew_what_a_command_left_undone() {
    let mut place = TestDirectory::new();
    place.set("ANTEROOM_KEYS_RELOAD_SECONDS", "1");
    place.start().stop();
    place.add_account();
    let master = fs::read_to_string(place.data().join("master.key")).unwrap();
    let master = MasterKey::parse(&master).unwrap();
    // The state after a command that was killed after its first transaction.
    Runtime::new().unwrap().block_on(async {
        let options = SqliteOptions::new(place.data().join("issuer.db"));
        let mut rng = rng();
        let database = SqliteIssuer::open(&options, &master, now(), &mut rng);
        let database = database.await.unwrap();
        let keys = database.key_database();
        keys.rotate(KeyPurpose::Data, now(), &mut rng)
            .await
            .unwrap();
        database.close().await;
    });
    assert_eq!(states(&place, "issuer", "data"), ["reads", "writes"]);
    let mut service = place.start();
    service.wait_for("data key 1 is forgotten");
    assert_eq!(states(&place, "issuer", "data"), ["retired", "writes"]);
    assert_eq!(states(&place, "rooms", "data"), ["writes"]);
    service.stop();
}

#[test]
fn no_request_fails_while_server_params_change() {
    let mut place = TestDirectory::new();
    let mut service = serving(&mut place);
    let runtime = Runtime::new().unwrap();
    let load = Arc::new(runtime.block_on(Load::new(&place)));
    for kind in ["generic", "group", "certificates"] {
        under_load(&runtime, &load, kind, || {
            place.shown(&["keys", "rotate", kind, "--yes"]);
            service.wait_for("the issuer has other server params");
        });
        assert_eq!(states(&place, "issuer", kind), ["issues", "announced"]);
    }
    assert_eq!(
        states(&place, "rooms", "generic"),
        ["verifies", "announced"]
    );
    // `--now`: the announced params never start, and earlier credentials are valid to their end.
    for kind in ["generic", "group", "certificates"] {
        under_load(&runtime, &load, kind, || {
            let shown = place.shown(&["keys", "rotate", kind, "--now"]);
            for (text, count) in [("have ended: nothing", 1), ("are good until", 1)] {
                assert_eq!(shown.matches(text).count(), count, "{shown}");
            }
            service.wait_for("the issuer has other server params");
        });
        let mut states = states(&place, "issuer", kind);
        states.sort();
        assert_eq!(states, ["issues", "over", "verifies"]);
    }
    let (status, log) = service.stop();
    assert!(status.success());
    assert!(!log.iter().any(|line| line.contains("ERROR")), "{log:#?}");
}

#[test]
fn no_request_fails_while_token_keys_change() {
    let mut place = TestDirectory::new();
    let mails = place.path().join("mails");
    for (name, value) in [
        ("ANTEROOM_LOGIN_SIGN_UP", "open"),
        ("ANTEROOM_MAIL_TRANSPORT", "folder"),
        ("ANTEROOM_MAIL_FROM", "Anteroom <anteroom@example.org>"),
        ("ANTEROOM_MAIL_FOLDER", mails.to_str().unwrap()),
    ] {
        place.set(name, value);
    }
    let service = serving(&mut place);
    let listen = fs::read(place.data().join("listen.json")).unwrap();
    let listen: Value = serde_json::from_slice(&listen).unwrap();
    let url = listen["issuer"].as_str().unwrap();
    let old = log_in(&place, url, &mails);
    let keys_before = token_keys(&place, url);

    // Batches of requests on one connection each, until the rotation is among them.
    let rotated = AtomicBool::new(false);
    let (mut sent, mut after) = (0, 0);
    thread::scope(|scope| {
        let rotation = scope.spawn(|| {
            place.shown(&["keys", "rotate", "token"]);
            rotated.store(true, Ordering::SeqCst);
        });
        while sent < REQUESTS || after < MARGIN {
            let is_after = rotated.load(Ordering::SeqCst);
            let target = format!("{url}/v1/accounts/whoami?n=[1-50]");
            let statuses = curl(&place)
                .args(["--output", "/dev/null", "--write-out", "%{http_code}\n"])
                .args(["--header", &format!("authorization: Bearer {}", old.access)])
                .arg(target)
                .output()
                .unwrap();
            let statuses = String::from_utf8(statuses.stdout).unwrap();
            let statuses: Vec<&str> = statuses.lines().collect();
            assert_eq!(statuses, ["200"; 50]);
            sent += 50;
            after += if is_after { 50 } else { 0 };
        }
        rotation.join().unwrap();
    });

    // Both keys are published, the new one signs, and a session continues from one to the other.
    let keys_after = token_keys(&place, url);
    assert_eq!(keys_after.len(), 2);
    assert_eq!(keys_after[1..], keys_before);
    let body = json!({ "refresh_token": old.refresh }).to_string();
    let answer = post(&place, &format!("{url}/auth/refresh"), &body);
    let new = answer["access_token"].as_str().unwrap();
    let header = |token: &str| token.split('.').next().unwrap().to_owned();
    assert_ne!(header(new), header(&old.access));
    assert_eq!(states(&place, "issuer", "token"), ["verifies", "signs"]);
    service.stop();
}

struct Tokens {
    access: String,
    refresh: String,
}

fn curl(place: &TestDirectory) -> Command {
    let mut command = place.command("curl");
    command.args([
        "--silent",
        "--show-error",
        "--noproxy",
        "*",
        "--max-time",
        "60",
    ]);
    command.stdin(Stdio::null());
    command
}

fn post(place: &TestDirectory, url: &str, body: &str) -> Value {
    let kind = "content-type: application/json";
    let output = curl(place)
        .args(["--header", kind, "--data", body, url])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
}

/// Returns the ids of the published keys, newest first.
fn token_keys(place: &TestDirectory, url: &str) -> Vec<String> {
    let output = curl(place)
        .arg(format!("{url}/.well-known/jwks.json"))
        .output()
        .unwrap();
    let body: Value = serde_json::from_slice(&output.stdout).unwrap();
    let keys = body["keys"].as_array().unwrap();
    keys.iter()
        .map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}

/// Signs up, confirms the address, logs in.
fn log_in(place: &TestDirectory, url: &str, mails: &Path) -> Tokens {
    let asked = json!({ "email": "ann@example.org", "password": "correct horse" }).to_string();
    post(place, &format!("{url}/auth/signup"), &asked);
    let mail = loop {
        let files = fs::read_dir(mails)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let mut whole = files.filter(|path| path.extension().is_some_and(|end| end == "eml"));
        match whole.next() {
            Some(path) => break fs::read_to_string(path).unwrap(),
            None => thread::sleep(Duration::from_millis(20)),
        }
    };
    // Quoted-printable breaks long lines.
    let text = mail
        .replace("=\r\n", "")
        .replace("=\n", "")
        .replace("=3D", "=");
    let (_, token) = text.split_once("?token=").unwrap();
    let token = token.split_whitespace().next().unwrap();
    let field = format!("token={token}");
    let page = format!("{url}/account/verify");
    let confirmed = curl(place)
        .args(["--fail", "--data", &field, &page])
        .output()
        .unwrap();
    assert!(confirmed.status.success(), "{}", stderr(&confirmed));
    let session = post(place, &format!("{url}/auth/login"), &asked);
    let text = |name: &str| session[name].as_str().unwrap().to_owned();
    Tokens {
        access: text("access_token"),
        refresh: text("refresh_token"),
    }
}
