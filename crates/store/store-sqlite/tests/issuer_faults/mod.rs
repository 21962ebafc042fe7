//! Every kind of transaction of the issuer, with a fault at every row and at its end.

use anteroom_protocol::{Aci, DAY, ParamsId};
use anteroom_store::{
    Account, AccountRole, DeviceId, DeviceName, DeviceUse, Email, IdentityName,
    IssuerDatabase as _, IssuerRepository, LockPolicy, LoginOrigin, MasterKey, PendingSignUp,
    ServerParamsKind, ShadowSignUp, StoreError, StoredLifetimes, TokenHash,
    conformance::{
        NOW, Storage as _, TEST,
        issuer::{account, device, login, params, session, verifier},
    },
    keys::KeyPurpose,
};
use anteroom_store_sqlite::SqliteIssuer;
use rand::{SeedableRng, rngs::StdRng};

use crate::{
    faults::{Fault, FaultyFile, each_fault, methods, tables},
    issuer,
    sqlite_file::SqliteFile,
};

/// One transaction for each method that changes rows.
const KINDS: &[&str] = &[
    "add_account",
    "add_device",
    "touch_device",
    "add_server_params",
    "end_server_params",
    "add_login",
    "set_verifier",
    "set_verified",
    "set_disabled",
    "set_role",
    "renew_limits",
    "delete_account",
    "note_login_failure",
    "trim_login_failures",
    "clear_login_failures",
    "add_session",
    "rotate_refresh_token",
    "extend_session",
    "end_session",
    "end_session_of",
    "end_sessions",
    "add_sign_up",
    "confirm_sign_up",
    "take_only_sign_up",
    "add_shadow_sign_up",
    "add_decoy_token",
    "add_reset_token",
    "take_reset_token",
    "add_invite",
    "cancel_invite",
    "take_invite",
    "add_identity",
    "set_identity_device",
    "rename_device",
    "delete_device",
    "purge_stale_devices",
    "purge_expired",
];

/// A database with a row in every table.
struct Scene {
    database: SqliteIssuer,
    known: Account,
    rng: StdRng,
}

fn token(byte: u8) -> TokenHash {
    TokenHash::from_bytes([byte; 32])
}

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

fn identity(subject: &str) -> IdentityName {
    IdentityName {
        issuer: "https://provider.example".to_owned(),
        subject: subject.to_owned(),
    }
}

fn sign_up(byte: u8, aci: Aci) -> PendingSignUp {
    PendingSignUp {
        token: token(byte),
        aci,
        verifier: verifier("$pending"),
        expires: NOW.plus(DAY),
    }
}

const POLICY: LockPolicy = LockPolicy {
    threshold: std::num::NonZeroU32::new(5).unwrap(),
    seconds: 900,
};

const ORIGIN: LoginOrigin = LoginOrigin::Network([1; 16]);

const LIFETIMES: StoredLifetimes = StoredLifetimes {
    lock: POLICY.seconds,
    session: 7 * DAY,
    remembered_session: 30 * DAY,
    sign_up: DAY,
    reset: DAY,
};

impl Scene {
    async fn on(file: &SqliteFile) -> Self {
        let mut rng = StdRng::seed_from_u64(1);
        let master = MasterKey::random(&mut rng);
        let database = issuer(file, &master, 1).await.unwrap();
        let known = account(&mut rng);
        let mut repository = database.begin(TEST).await.unwrap();
        repository.add_account(&known, &mut rng).await.unwrap();
        for id in [1, 2] {
            let device = device(id);
            repository
                .add_device(&known.aci, &device, &mut rng)
                .await
                .unwrap();
        }
        let login = login(known.aci, "known@example.org");
        repository.add_login(&login, &mut rng).await.unwrap();
        let failing = email("failing@example.org");
        repository
            .note_login_failure(&failing, &ORIGIN, NOW, POLICY)
            .await
            .unwrap();
        let session = session(known.aci, 1);
        repository.add_session(&session, &token(1)).await.unwrap();
        let pending = sign_up(2, known.aci);
        repository.add_sign_up(&pending, &mut rng).await.unwrap();
        repository
            .add_reset_token(&token(3), &known.aci, NOW.plus(DAY))
            .await
            .unwrap();
        repository
            .add_invite(&token(4), NOW, NOW.plus(DAY))
            .await
            .unwrap();
        let name = identity("known");
        repository
            .add_identity(&name, &known.aci, DeviceId::PRIMARY, &mut rng)
            .await
            .unwrap();
        let generic = params(1, ServerParamsKind::Generic, &mut rng);
        repository
            .add_server_params(&generic, &mut rng)
            .await
            .unwrap();
        repository.save().await.unwrap();
        Self {
            database,
            known,
            rng,
        }
    }

    async fn run(&mut self, kind: &str) -> Result<(), StoreError> {
        let mut repository = self.database.begin(TEST).await?;
        self.change(&mut *repository, kind).await?;
        repository.save().await
    }

    async fn change(
        &mut self,
        repository: &mut dyn IssuerRepository,
        kind: &str,
    ) -> Result<(), StoreError> {
        let (aci, rng) = (&self.known.aci, &mut self.rng);
        let (other, later) = (DeviceId::new(2).unwrap(), NOW.plus(DAY));
        match kind {
            "add_account" => repository.add_account(&account(rng), rng).await,
            "add_device" => repository.add_device(aci, &device(3), rng).await,
            "touch_device" => {
                let device_use = DeviceUse {
                    at: later,
                    address: None,
                };
                repository
                    .touch_device(aci, other, &device_use, rng)
                    .await
                    .map(drop)
            }
            "add_server_params" => {
                let record = params(2, ServerParamsKind::Group, rng);
                repository.add_server_params(&record, rng).await
            }
            "end_server_params" => {
                let id = ParamsId::from_bytes([1; 8]);
                repository.end_server_params(id, later).await.map(drop)
            }
            "add_login" => {
                let new = account(rng);
                repository.add_account(&new, rng).await?;
                repository
                    .add_login(&login(new.aci, "new@example.org"), rng)
                    .await
            }
            "set_verifier" => {
                let verifier = verifier("$two");
                repository.set_verifier(aci, &verifier, rng).await.map(drop)
            }
            "set_verified" => repository.set_verified(aci).await.map(drop),
            "set_disabled" => repository.set_disabled(aci, true).await.map(drop),
            "set_role" => repository
                .set_role(aci, AccountRole::Administrator)
                .await
                .map(drop),
            "renew_limits" => repository.renew_limits(aci).await.map(drop),
            "delete_account" => repository.delete_account(aci).await.map(drop),
            "note_login_failure" => {
                let email = email("failing@example.org");
                repository
                    .note_login_failure(&email, &ORIGIN, NOW, POLICY)
                    .await
                    .map(drop)
            }
            "trim_login_failures" => {
                let email = email("failing@example.org");
                repository
                    .trim_login_failures(&email, NOW.minus(10), POLICY)
                    .await
            }
            "clear_login_failures" => {
                let email = email("failing@example.org");
                repository.clear_login_failures(&email, Some(&ORIGIN)).await
            }
            "add_session" => {
                let mut session = session(*aci, 2);
                session.id = anteroom_store::SessionId::from_bytes([8; 16]);
                repository.add_session(&session, &token(9)).await
            }
            "rotate_refresh_token" => {
                let (used, next) = (token(1), token(10));
                repository
                    .rotate_refresh_token(&used, &next, NOW, (later, later), 10)
                    .await
                    .map(drop)
            }
            "extend_session" => {
                let id = anteroom_store::SessionId::from_bytes([7; 16]);
                repository.extend_session(&id, later).await.map(drop)
            }
            "end_session" => {
                let id = anteroom_store::SessionId::from_bytes([7; 16]);
                repository.end_session(&id).await.map(drop)
            }
            "end_session_of" => repository.end_session_of(&token(1)).await.map(drop),
            "end_sessions" => repository.end_sessions(aci).await.map(drop),
            "add_sign_up" => {
                let new = account(rng);
                repository.add_account(&new, rng).await?;
                repository
                    .add_login(&login(new.aci, "new@example.org"), rng)
                    .await?;
                repository.add_sign_up(&sign_up(11, new.aci), rng).await
            }
            "confirm_sign_up" => repository
                .confirm_sign_up(&token(2), NOW, rng)
                .await
                .map(drop),
            "take_only_sign_up" => repository.take_only_sign_up(aci, NOW).await.map(drop),
            "add_shadow_sign_up" => {
                let shadow = ShadowSignUp {
                    aci: *aci,
                    verifier: verifier("$shadow"),
                    expires: later,
                };
                repository.add_shadow_sign_up(&shadow, rng).await
            }
            "add_decoy_token" => repository.add_decoy_token(&token(14), later).await,
            "add_reset_token" => repository.add_reset_token(&token(12), aci, later).await,
            "take_reset_token" => repository.take_reset_token(&token(3), NOW).await.map(drop),
            "add_invite" => repository.add_invite(&token(13), NOW, later).await,
            "cancel_invite" => repository.cancel_invite(&token(4)).await.map(drop),
            "take_invite" => repository.take_invite(&token(4), NOW).await.map(drop),
            "add_identity" => {
                repository
                    .add_identity(&identity("new"), aci, other, rng)
                    .await
            }
            "set_identity_device" => repository
                .set_identity_device(&identity("known"), other)
                .await
                .map(drop),
            "rename_device" => {
                let name = DeviceName::parse("kitchen").unwrap();
                repository
                    .rename_device(aci, other, &name, rng)
                    .await
                    .map(drop)
            }
            "delete_device" => repository
                .delete_device(aci, DeviceId::PRIMARY, NOW)
                .await
                .map(drop),
            "purge_stale_devices" => {
                let seen_before = NOW.plus(2 * DAY);
                repository
                    .purge_stale_devices(seen_before, None, 10, NOW)
                    .await
                    .map(drop)
            }
            "purge_expired" => {
                let now = NOW.plus(30 * DAY);
                repository.purge_expired(now, &LIFETIMES).await.map(drop)
            }
            _ => unreachable!("{kind} is no kind of transaction"),
        }
    }

    async fn change_keys(&mut self, kind: &str) -> Result<(), StoreError> {
        let (keys, rng) = (self.database.key_database(), &mut self.rng);
        match kind {
            "rotate" => keys.rotate(KeyPurpose::Data, NOW, rng).await.map(drop),
            "retire" => keys.retire(KeyPurpose::Token, NOW, NOW).await.map(drop),
            "reseal" => {
                let limit = std::num::NonZeroU32::new(10).unwrap();
                keys.reseal(None, limit, rng).await.map(drop)
            }
            "rewrap" => {
                let master = MasterKey::random(rng);
                keys.rewrap(&master, rng).await
            }
            "delete_transient_rows" => self.database.delete_transient_rows().await.map(drop),
            _ => unreachable!("{kind} is no kind of transaction"),
        }
    }

    async fn change_nothing(&self) {
        let repository = self.database.begin(TEST).await.unwrap();
        repository.save().await.unwrap();
    }
}

#[test]
fn every_method_that_changes_rows_is_a_kind_of_transaction_here() {
    let methods = methods(&[
        include_str!("../../../store/src/issuer.rs"),
        include_str!("../../../store/src/login/repository.rs"),
        include_str!("../../../store/src/server_params.rs"),
    ]);
    assert_eq!(methods.len(), KINDS.len());
    for method in methods {
        assert!(
            KINDS.contains(&method.as_str()),
            "no fault is tried in {method}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_at_any_row_leaves_nothing_half_written_and_the_next_transaction_succeeds() {
    for kind in KINDS {
        let file = SqliteFile::fresh();
        let mut scene = Scene::on(&file).await;
        let mut faulty = FaultyFile::of(file).await;
        each_fault!(kind, faulty, scene.run(kind), scene.change_nothing());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_at_any_row_of_a_change_of_keys_leaves_nothing_half_written() {
    for kind in [
        "rotate",
        "retire",
        "reseal",
        "rewrap",
        "delete_transient_rows",
    ] {
        let file = SqliteFile::fresh();
        let mut scene = Scene::on(&file).await;
        let keys = scene.database.key_database();
        for purpose in [KeyPurpose::Token, KeyPurpose::Data] {
            keys.rotate(purpose, NOW, &mut scene.rng).await.unwrap();
        }
        let mut faulty = FaultyFile::of(file).await;
        each_fault!(
            kind,
            faulty,
            scene.change_keys(kind),
            scene.change_nothing()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_fails_leaves_nothing_half_written_and_the_next_transaction_succeeds() {
    for kind in KINDS {
        let file = SqliteFile::fresh();
        let mut scene = Scene::on(&file).await;
        let mut faulty = FaultyFile::of(file).await;
        let before = faulty.rows().await;
        faulty.set(Fault::AtCommit).await;
        scene.run(kind).await.unwrap_err();
        assert_eq!(faulty.rows().await, before, "{kind}");
        scene.change_nothing().await;
        faulty.set(Fault::Nowhere).await;
        scene.run(kind).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_table_is_transient_for_readers_and_they_go_on_when_it_is_back() {
    let file = SqliteFile::fresh();
    let scene = Scene::on(&file).await;
    let mut connection = file.connect().await;
    let rename = async |connection: &mut sqlx::SqliteConnection, from: &str, to: &str| {
        let statement =
            format!("PRAGMA legacy_alter_table = ON; ALTER TABLE {from} RENAME TO {to};");
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
            .execute(connection)
            .await
            .unwrap();
    };
    for table in tables(&mut connection).await {
        rename(&mut connection, &table, "elsewhere").await;
        let mut failed = 0;
        for outcome in read_everything(&scene).await {
            if let Err(error) = outcome {
                assert!(error.is_transient(), "{table}: {error:?}");
                failed += 1;
            }
        }
        rename(&mut connection, "elsewhere", &table).await;
        let unread = [
            "sign_ups",
            "confirmed_sign_ups",
            "refresh_tokens",
            "reset_tokens",
            "invites",
            "decoy_tokens",
            "master_key_check",
        ];
        let read = !unread.contains(&table.as_str());
        assert!(!read || failed > 0, "nothing reads {table}");
        for outcome in read_everything(&scene).await {
            outcome.unwrap();
        }
    }
}

async fn read_everything(scene: &Scene) -> Vec<Result<(), StoreError>> {
    let (database, aci) = (&scene.database, &scene.known.aci);
    let mut outcomes = Vec::new();
    let found = database
        .account_with_device(TEST, aci, DeviceId::PRIMARY)
        .await;
    outcomes.push(found.map(drop));
    macro_rules! read {
        ($reader:ident => $read:expr) => {
            outcomes.push(match database.read(TEST).await {
                Ok(mut $reader) => $read.await.map(drop),
                Err(error) => Err(error),
            });
        };
    }
    let known = email("known@example.org");
    read!(reader => reader.account(aci));
    read!(reader => reader.devices(aci));
    read!(reader => reader.server_params());
    read!(reader => reader.login_by_email(&known));
    read!(reader => reader.login_failures(&known, &ORIGIN, NOW, POLICY));
    read!(reader => reader.session_caller(&anteroom_store::SessionId::from_bytes([7; 16])));
    read!(reader => reader.known_device(&token(1)));
    read!(reader => reader.identity(&identity("known")));
    read!(reader => reader.shadow_sign_up(aci));
    outcomes
}
