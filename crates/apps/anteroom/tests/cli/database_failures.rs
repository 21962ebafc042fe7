//! Failures of databases under running services, and the services' answers.

use std::{
    fs::{self, File, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use anteroom_protocol::{ParamsId, Timestamp};
use anteroom_store::{
    IssuerDatabase as _, MasterKey, RoomsDatabase as _, ServerParamsKind, ServerParamsRecord,
    TransactionName,
};
use anteroom_store_sqlite::{SqliteIssuer, SqliteOptions, SqliteRooms};
use rand::{SeedableRng as _, rngs::StdRng};
use serde_json::Value;
use tokio::runtime::Runtime;
use zeroize::Zeroizing;

use crate::directory::{ServeProcess, TestAccount, TestDirectory, stderr};

/// The time limit of a wait, much longer than any step takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Services with an account, and a client in a place of its own.
pub(crate) struct FailureFixture {
    pub(crate) place: TestDirectory,
    pub(crate) service: ServeProcess,
    pub(crate) client: TestDirectory,
    account: TestAccount,
    data: PathBuf,
}

/// An answer, as far as it matters here.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: String,
    pub(crate) degraded: String,
    pub(crate) body: Value,
}

impl Answer {
    /// Asserts a 503 with `Retry-After` and the code of a temporary failure.
    #[track_caller]
    pub(crate) fn assert_unavailable(&self) {
        assert_eq!(self.status, 503, "{self:?}");
        assert!(self.retry_after.parse::<u64>().is_ok(), "{self:?}");
        assert_eq!(self.body["code"], "UNAVAILABLE", "{self:?}");
    }
}

/// Returns a place whose services ran and stopped, with its account.
pub(crate) fn stopped_place() -> (TestDirectory, TestAccount) {
    let place = TestDirectory::new();
    let service = place.start();
    let account = place.add_account();
    let (status, log) = service.stop();
    assert!(status.success(), "{log:#?}");
    (place, account)
}

impl FailureFixture {
    /// Services on a disk with plenty of space.
    pub(crate) fn new() -> Self {
        let (place, account) = stopped_place();
        let service = place.start();
        let data = place.data();
        Self::of(place, service, account, data)
    }

    /// Starts services on a copy of a place's data on a small disk of their own.
    pub(crate) fn on_small_disk() -> Self {
        let (place, account) = stopped_place();
        let small = place.path().join("small");
        fs::create_dir(&small).unwrap();
        let command = place.with_own_mounts(
            "mount -t tmpfs -o size=1500k tmpfs small && cp -a anteroom-data/. small/ && \
             exec anteroom serve --data small",
        );
        let service = ServeProcess::start(command);
        // The disk is seen from outside through the process.
        let root = PathBuf::from(format!("/proc/{}/root", service.id()));
        let data = root.join(small.strip_prefix("/").unwrap());
        Self::of(place, service, account, data)
    }

    pub(crate) fn of(
        place: TestDirectory,
        service: ServeProcess,
        account: TestAccount,
        data: PathBuf,
    ) -> Self {
        let mut fixture = Self {
            place,
            service,
            client: TestDirectory::new(),
            account,
            data,
        };
        fixture.client.act_as(&fixture.account);
        for (name, variable) in [
            ("issuer", "ANTEROOM_ISSUER_URL"),
            ("rooms", "ANTEROOM_ROOMS_URL"),
        ] {
            let url = fixture.url(name);
            fixture.client.set(variable, &url);
        }
        fixture
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.data.join(name)
    }

    pub(crate) fn url(&self, service: &str) -> String {
        let listen: Value =
            serde_json::from_slice(&fs::read(self.file("listen.json")).unwrap()).unwrap();
        listen[service].as_str().unwrap().to_owned()
    }

    pub(crate) fn get(&self, service: &str, path: &str) -> Answer {
        let TestAccount { uuid, password } = &self.account;
        let credentials = format!("{uuid}.1:{password}");
        self.ask(service, path, &["--user", &credentials])
    }

    pub(crate) fn ask(&self, service: &str, path: &str, flags: &[&str]) -> Answer {
        const SHOWN: &str = "\n%{http_code}\n%header{retry-after}\n%header{anteroom-degraded}";
        let output = self
            .place
            .command("curl")
            .args([
                "--silent",
                "--show-error",
                "--noproxy",
                "*",
                "--write-out",
                SHOWN,
            ])
            .args(flags)
            .arg(format!("{}{path}", self.url(service)))
            .output()
            .unwrap();
        assert!(output.status.success(), "{path}: {}", stderr(&output));
        let text = String::from_utf8(output.stdout).unwrap();
        let mut lines = text.rsplitn(4, '\n').map(str::to_owned);
        let mut next = || lines.next().unwrap();
        let (degraded, retry_after, status, body) = (next(), next(), next(), next());
        Answer {
            status: status.parse().unwrap(),
            retry_after,
            degraded,
            body: serde_json::from_str(&body).unwrap_or(Value::Null),
        }
    }

    /// Returns a change at the issuer: one more device.
    pub(crate) fn change(&self) -> Answer {
        let TestAccount { uuid, password } = &self.account;
        let credentials = format!("{uuid}.1:{password}");
        let json = "content-type: application/json";
        self.ask(
            "issuer",
            "/v1/devices",
            &[
                "--user",
                &credentials,
                "--header",
                json,
                "--data",
                r#"{"name":"tablet"}"#,
            ],
        )
    }

    /// Sends a login of an unknown address, which reads the database and records a failure.
    pub(crate) fn login(&self) -> Answer {
        let json = "content-type: application/json";
        let body = r#"{"email":"nobody@example.org","password":"a wrong password"}"#;
        self.ask("issuer", "/auth/login", &["--header", json, "--data", body])
    }

    /// Returns whether a change at the room service succeeds: one more link.
    pub(crate) fn creates_link(&self) -> bool {
        self.client
            // Creates that fail use up the stored credentials.
            .run(&["link", "create", "--json", "--fetch"])
            .status
            .success()
    }

    /// Readiness of a service: the status, the whole, and its database.
    pub(crate) fn ready(&self, service: &str) -> (u16, String, String) {
        let answer = self.ask(service, "/health/ready", &[]);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let database = text(&answer.body["dependencies"]["database"]);
        (answer.status, text(&answer.body["status"]), database)
    }

    #[track_caller]
    pub(crate) fn assert_ready(&self, service: &str, expected: (u16, &str, &str)) {
        let (status, whole, database) = self.ready(service);
        assert_eq!((status, &*whole, &*database), expected, "{service}");
    }

    /// Asserts that both services work completely.
    #[track_caller]
    pub(crate) fn assert_works(&self) {
        let changed = self.change();
        assert_eq!(changed.status, 200, "{changed:?}");
        assert!(self.creates_link());
        self.assert_ready("issuer", (200, "ok", "ok"));
        self.assert_ready("rooms", (200, "ok", "ok"));
    }

    /// Stops the services, and returns the log.
    pub(crate) fn stop(self) -> Vec<String> {
        let (status, log) = self.service.stop();
        assert!(status.success(), "{log:#?}");
        log
    }
}

/// Lines of a log that contain all of these.
pub(crate) fn count(log: &[String], texts: &[&str]) -> usize {
    let has_all = |line: &&String| texts.iter().all(|text| line.contains(text));
    log.iter().filter(has_all).count()
}

/// Waits until the condition holds.
#[track_caller]
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "{what} never came");
        thread::sleep(Duration::from_millis(100));
    }
}

/// Fills the file's disk.
pub(crate) fn fill(path: &Path) {
    let mut file = File::create(path).unwrap();
    let mut size = 64 * 1024;
    while size > 0 {
        if file.write_all(&vec![0; size]).is_err() {
            size /= 2;
        }
    }
}

/// Overwrites all bytes of a file.
pub(crate) fn damage(path: &Path) {
    let size = path.metadata().unwrap().len();
    let mut file = OpenOptions::new().write(true).open(path).unwrap();
    file.write_all(&vec![0xa5; usize::try_from(size).unwrap()])
        .unwrap();
}

/// Executes a statement in a database, as an operator would by hand.
pub(crate) fn execute(place: &TestDirectory, database: &Path, statement: &str) {
    const SCRIPT: &str = "import sqlite3, sys
database = sqlite3.connect(sys.argv[1], timeout=30)
assert database.execute(sys.argv[2]).rowcount == 1
database.commit()
database.close()";
    let output = place
        .command("python3")
        .args(["-c", SCRIPT])
        .arg(database)
        .arg(statement)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
}

/// Another process that uses the databases of a data directory.
pub(crate) struct OtherProcess {
    runtime: Runtime,
    issuer: SqliteIssuer,
    rooms: SqliteRooms,
}

const OTHER: TransactionName = TransactionName::new("another process");

impl OtherProcess {
    pub(crate) fn at(data: &Path) -> Self {
        let runtime = Runtime::new().unwrap();
        let master = fs::read_to_string(data.join("master.key")).unwrap();
        let master = MasterKey::parse(&master).unwrap();
        let now = Timestamp::from_secs(1);
        let mut rng = StdRng::seed_from_u64(1);
        let (issuer, rooms) = runtime.block_on(async {
            let options = SqliteOptions::new(data.join("issuer.db")).create(false);
            let issuer = SqliteIssuer::open(&options, &master, now, &mut rng).await;
            let options = SqliteOptions::new(data.join("rooms.db")).create(false);
            let rooms = SqliteRooms::open(&options, &master, now, &mut rng).await;
            (issuer.unwrap(), rooms.unwrap())
        });
        Self {
            runtime,
            issuer,
            rooms,
        }
    }

    /// Holds the write locks of both databases meanwhile.
    pub(crate) fn locking<T>(&self, work: impl FnOnce() -> T) -> T {
        self.runtime.block_on(async {
            let issuer = self.issuer.begin(OTHER).await.unwrap();
            let rooms = self.rooms.begin(OTHER).await.unwrap();
            let done = tokio::task::block_in_place(work);
            drop((issuer, rooms));
            done
        })
    }

    /// Damages both databases under the services. A change that another process writes from its own cache
    /// makes every connection of the services reread the pages.
    pub(crate) fn damage(&self, data: &Path) {
        self.runtime.block_on(self.save(1));
        for name in ["issuer.db", "issuer.db-wal", "rooms.db", "rooms.db-wal"] {
            damage(&data.join(name));
        }
        self.runtime.block_on(self.save(2));
    }

    async fn save(&self, id: u8) {
        let mut rng = StdRng::seed_from_u64(1);
        let record = ServerParamsRecord {
            id: ParamsId::from_bytes([id; 8]),
            kind: ServerParamsKind::Generic,
            not_before: Timestamp::from_secs(1),
            not_after: None,
            secret: Zeroizing::new(vec![id]),
        };
        let mut issuer = self.issuer.begin(OTHER).await.unwrap();
        issuer.add_server_params(&record, &mut rng).await.unwrap();
        issuer.save().await.unwrap();
        let mut rooms = self.rooms.begin(OTHER).await.unwrap();
        rooms.add_server_params(&record, &mut rng).await.unwrap();
        rooms.save().await.unwrap();
    }
}
