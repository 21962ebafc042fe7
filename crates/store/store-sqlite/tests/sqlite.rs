//! SQLite: the conformance suite, and the behaviour of files.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod faults;
mod file_conditions;
mod issuer_faults;
mod rotation;
mod sqlite_file;

use std::{fs, os::unix::fs::PermissionsExt, sync::Arc, time::Duration};

use anteroom_protocol::DAY;
use anteroom_store::{
    AccountKind, Device, DeviceId, DeviceName, DevicePassword, IssuerDatabase, KeyError, MasterKey,
    ServerParamsKind, ServerParamsRecord, StoreError,
    conformance::{
        Backend, NOW, Storage as _, TEST,
        issuer::{account, params},
    },
    sealed::columns,
};
use anteroom_store_sqlite::{SchemaState, SqliteIssuer, SqliteOptions, SqliteRooms};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use rand::{SeedableRng, rngs::StdRng};

use self::sqlite_file::{SqliteFile, comment_above};

anteroom_store::issuer_conformance!(crate::sqlite_file::SqliteFile);

#[tokio::test]
async fn no_secret_stands_in_the_files() {
    let file = SqliteFile::fresh();
    let mut rng = StdRng::seed_from_u64(1);
    let master = MasterKey::random(&mut rng);
    let database = issuer(&file, &master, 2).await.unwrap();
    let mut needles = vec![
        (
            "master key",
            STANDARD.decode(master.to_text().as_bytes()).unwrap(),
        ),
        (
            "event key",
            database.storage_keys().event_key().as_bytes().to_vec(),
        ),
        (
            "token key",
            database.storage_keys().token_keys()[0].seed().to_vec(),
        ),
    ];

    let mut repository = database.begin(TEST).await.unwrap();
    for _ in 0..20 {
        let account = account(&mut rng);
        let password = DevicePassword::random(&mut rng);
        let name = format!("tablet of {}", account.aci.to_uuid_string());
        let device = Device::new(
            DeviceId::PRIMARY,
            DeviceName::parse(&name).unwrap(),
            database.storage_keys().password_hash(
                &account.aci,
                DeviceId::PRIMARY,
                password.as_str(),
            ),
            NOW,
        );
        repository.add_account(&account, &mut rng).await.unwrap();
        repository
            .add_device(&account.aci, &device, &mut rng)
            .await
            .unwrap();
        let pni = account.pni.unwrap();
        needles.extend([
            ("ACI", account.aci.as_bytes().to_vec()),
            ("ACI", account.aci.to_uuid_string().into_bytes()),
            ("PNI", pni.as_bytes().to_vec()),
            ("PNI", pni.to_uuid_string().into_bytes()),
            ("auth salt", account.auth_salt.as_bytes().to_vec()),
            ("device name", b"tablet of".to_vec()),
            ("password", password.as_str().as_bytes().to_vec()),
            ("password", URL_SAFE.decode(password.as_str()).unwrap()),
        ]);
    }
    let record = params(1, ServerParamsKind::Generic, &mut rng);
    repository
        .add_server_params(&record, &mut rng)
        .await
        .unwrap();
    repository.save().await.unwrap();
    needles.extend(
        record
            .secret
            .chunks_exact(16)
            .map(|part| ("server params", part.to_vec())),
    );

    assert!(file.side_file("-wal").metadata().unwrap().len() > 0);
    file.assert_holds_none_of(&needles, record.id.as_bytes());
    database.close().await;
    file.assert_holds_none_of(&needles, record.id.as_bytes());
}

#[tokio::test]
async fn a_refused_master_key_leaves_the_file_as_it_was() {
    let file = SqliteFile::fresh();
    let mut rng = StdRng::seed_from_u64(1);
    let master = MasterKey::random(&mut rng);
    issuer(&file, &master, 1).await.unwrap().close().await;
    let before = fs::read(file.path()).unwrap();

    let refused = issuer(&file, &MasterKey::random(&mut rng), 2).await;
    assert!(matches!(
        refused,
        Err(StoreError::Keys(KeyError::WrongMasterKey))
    ));
    assert!(SqliteIssuer::is_initialised(&file.path()).await.unwrap());
    assert_eq!(fs::read(file.path()).unwrap(), before);
}

#[tokio::test]
async fn a_database_is_told_from_an_empty_place() {
    let file = SqliteFile::fresh();
    assert!(!SqliteIssuer::is_initialised(&file.path()).await.unwrap());
    assert!(!file.path().exists());

    fs::write(file.path(), []).unwrap();
    assert!(!SqliteIssuer::is_initialised(&file.path()).await.unwrap());
    assert!(fs::read(file.path()).unwrap().is_empty());

    let master = MasterKey::random(&mut StdRng::seed_from_u64(1));
    let database = issuer(&file, &master, 1).await.unwrap();
    assert!(database.created());
    assert!(SqliteIssuer::is_initialised(&file.path()).await.unwrap());
    database.close().await;
    assert!(SqliteIssuer::is_initialised(&file.path()).await.unwrap());
    assert!(!issuer(&file, &master, 2).await.unwrap().created());
}

#[tokio::test]
async fn a_file_of_something_else_is_refused_and_left_alone() {
    let master = MasterKey::random(&mut StdRng::seed_from_u64(1));

    let text = SqliteFile::fresh();
    let contents = b"not a database, but long enough to be read as one\n".repeat(100);
    fs::write(text.path(), &contents).unwrap();
    let checked = SqliteIssuer::is_initialised(&text.path()).await;
    assert!(
        matches!(checked, Err(StoreError::Damaged { .. })),
        "{checked:?}"
    );
    let opened = issuer(&text, &master, 1).await;
    assert!(
        matches!(opened, Err(StoreError::Damaged { .. })),
        "{opened:?}"
    );
    assert_eq!(fs::read(text.path()).unwrap(), contents);

    let foreign = SqliteFile::fresh();
    fs::write(foreign.path(), []).unwrap();
    foreign.execute("CREATE TABLE notes (note TEXT)").await;
    assert!(SqliteIssuer::is_initialised(&foreign.path()).await.unwrap());
    let opened = issuer(&foreign, &master, 1).await;
    assert!(
        matches!(opened, Err(StoreError::UnknownSchema { .. })),
        "{opened:?}"
    );
    let mut connection = foreign.connect().await;
    let tables = sqlx::query("SELECT name FROM sqlite_schema")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    assert_eq!(tables.len(), 1);
}

#[tokio::test]
async fn a_missing_file_is_only_created_if_asked() {
    let file = SqliteFile::fresh();
    let mut rng = StdRng::seed_from_u64(1);
    let master = MasterKey::random(&mut rng);
    let options = SqliteOptions::new(file.path()).create(false);
    let opened = SqliteIssuer::open(&options, &master, NOW, &mut rng).await;
    assert!(
        matches!(opened, Err(StoreError::Unavailable { .. })),
        "{opened:?}"
    );
    assert!(!file.path().exists());

    let elsewhere = SqliteOptions::new(file.path().join("no/such/directory"));
    let opened = SqliteIssuer::open(&elsewhere, &master, NOW, &mut rng).await;
    assert!(
        matches!(opened, Err(StoreError::Unavailable { .. })),
        "{opened:?}"
    );
}

#[tokio::test]
async fn only_the_owner_may_read_the_files() {
    let file = SqliteFile::fresh();
    let mut rng = StdRng::seed_from_u64(1);
    let database = issuer(&file, &MasterKey::random(&mut rng), 1)
        .await
        .unwrap();
    let mut repository = database.begin(TEST).await.unwrap();
    let account = account(&mut rng);
    repository.add_account(&account, &mut rng).await.unwrap();
    repository.save().await.unwrap();

    for path in [file.path(), file.side_file("-wal"), file.side_file("-shm")] {
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{path:?}");
    }
}

#[tokio::test]
async fn a_closed_database_is_unavailable() {
    let file = SqliteFile::fresh();
    let master = MasterKey::random(&mut StdRng::seed_from_u64(1));
    let database = issuer(&file, &master, 1).await.unwrap();
    database.close().await;

    let unavailable = |outcome: Result<(), StoreError>| match outcome {
        Err(error) => assert!(error.is_transient(), "{error:?}"),
        Ok(()) => panic!("still open"),
    };
    unavailable(database.begin(TEST).await.map(drop));
    unavailable(database.read(TEST).await.map(drop));
    unavailable(database.ready().await.map(drop));
    assert!(!file.side_file("-wal").exists());
}

#[tokio::test]
async fn a_lock_held_too_long_is_unavailable_and_passes() {
    let file = SqliteFile::fresh();
    let mut rng = StdRng::seed_from_u64(1);
    let master = MasterKey::random(&mut rng);
    // The timeout is long enough to open the file on a busy machine, because the opening has the
    // same limit.
    let options = SqliteOptions::new(file.path()).busy_timeout(Duration::from_secs(2));
    let one = SqliteIssuer::open(&options, &master, NOW, &mut rng)
        .await
        .unwrap();
    let other = SqliteIssuer::open(&options, &master, NOW, &mut rng)
        .await
        .unwrap();

    let held = one.begin(TEST).await.unwrap();
    let outcomes = tokio::join!(one.begin(TEST), other.begin(TEST));
    for outcome in [outcomes.0.map(drop), outcomes.1.map(drop)] {
        assert!(
            matches!(outcome, Err(StoreError::Unavailable { .. })),
            "{outcome:?}"
        );
    }
    for database in [&one, &other] {
        database.read(TEST).await.unwrap();
        database.ready().await.unwrap();
    }
    drop(held);
    one.begin(TEST).await.unwrap();
    other.begin(TEST).await.unwrap();
}

#[tokio::test]
async fn the_file_is_in_wal_mode() {
    let file = SqliteFile::fresh();
    let master = MasterKey::random(&mut StdRng::seed_from_u64(1));
    issuer(&file, &master, 1).await.unwrap().close().await;
    let journal: String = sqlx::query_scalar("PRAGMA journal_mode")
        .fetch_one(&mut file.connect().await)
        .await
        .unwrap();
    assert_eq!(journal, "wal");
}

/// The rule for migrations: a comment says for each column what it holds.
#[tokio::test]
async fn every_column_is_commented() {
    let file = SqliteFile::fresh();
    let master = MasterKey::random(&mut StdRng::seed_from_u64(1));
    issuer(&file, &master, 1).await.unwrap().close().await;
    let columns = file.columns().await;
    assert!(columns.len() > 20);
    for (table, column) in columns {
        let comment = comment_above("issuer", &table, &column);
        assert!(comment.starts_with("-- "), "{table}.{column}: {comment}");
    }
}

#[test]
fn sealed_and_hashed_columns_are_marked() {
    for (column, mark) in [
        (columns::ACCOUNT_INDEX, "-- HASHED: "),
        (columns::ACCOUNT_ACI, "-- SEALED: "),
        (columns::ACCOUNT_PNI, "-- SEALED: "),
        (columns::ACCOUNT_AUTH_SALT, "-- SEALED: "),
        (columns::DEVICE_NAME, "-- SEALED: "),
        (columns::DEVICE_LAST_ADDRESS, "-- SEALED: "),
        (columns::EMAIL_INDEX, "-- HASHED: "),
        (columns::LOGIN_EMAIL, "-- SEALED: "),
        (columns::LOGIN_VERIFIER, "-- SEALED: "),
        (columns::SIGN_UP_VERIFIER, "-- SEALED: "),
        (columns::SHADOW_SIGN_UP_VERIFIER, "-- SEALED: "),
        (columns::IDENTITY_INDEX, "-- HASHED: "),
        (columns::IDENTITY_ISSUER, "-- SEALED: "),
        (columns::IDENTITY_SUBJECT, "-- SEALED: "),
        (columns::SERVER_PARAMS_SECRET, "-- SEALED: "),
    ] {
        let comment = comment_above("issuer", column.table(), column.name());
        assert!(comment.starts_with(mark), "{column:?}: {comment}");
    }
}

async fn issuer(
    file: &SqliteFile,
    master: &MasterKey,
    seed: u64,
) -> Result<SqliteIssuer, StoreError> {
    let options = SqliteOptions::new(file.path());
    SqliteIssuer::open(&options, master, NOW, &mut StdRng::seed_from_u64(seed)).await
}

impl Backend<dyn IssuerDatabase> for SqliteFile {
    async fn open(
        &self,
        master: &MasterKey,
        seed: u64,
    ) -> Result<(Arc<dyn IssuerDatabase>, bool), StoreError> {
        let database = issuer(self, master, seed).await?;
        let created = database.created();
        Ok((Arc::new(database), created))
    }
}

#[tokio::test]
async fn the_table_of_server_params_keeps_its_rows_when_it_takes_keys_of_certificates() {
    let file = SqliteFile::fresh();
    let mut rng = StdRng::seed_from_u64(1);
    let master = MasterKey::random(&mut rng);
    let old = params(1, ServerParamsKind::Generic, &mut rng);
    let new = params(2, ServerParamsKind::Certificates, &mut rng);
    for (record, others) in [(&old, vec![]), (&new, vec![&old])] {
        let database = issuer(&file, &master, 2).await.unwrap();
        let mut repository = database.begin(TEST).await.unwrap();
        let read = repository.server_params().await.unwrap();
        assert_eq!(read.len(), others.len());
        for (read, other) in read.iter().zip(others) {
            assert_eq!((read.id, read.kind), (other.id, other.kind));
            assert_eq!(read.secret, other.secret);
        }
        repository
            .add_server_params(record, &mut rng)
            .await
            .unwrap();
        repository.save().await.unwrap();
        database.close().await;
        // The migration runs again.
        file.execute("DELETE FROM _sqlx_migrations WHERE version = 9")
            .await;
    }
}

#[tokio::test]
async fn accounts_of_an_earlier_version_are_no_guests_and_params_keep_their_ends() {
    let file = SqliteFile::fresh();
    let mut rng = StdRng::seed_from_u64(1);
    let master = MasterKey::random(&mut rng);
    let old = account(&mut rng);
    let generic = ServerParamsRecord {
        not_after: Some(NOW.plus(7)),
        ..params(1, ServerParamsKind::Generic, &mut rng)
    };
    let database = issuer(&file, &master, 2).await.unwrap();
    let mut repository = database.begin(TEST).await.unwrap();
    repository.add_account(&old, &mut rng).await.unwrap();
    repository
        .add_server_params(&generic, &mut rng)
        .await
        .unwrap();
    repository.save().await.unwrap();
    database.close().await;
    for statement in [
        "DROP INDEX guests",
        "ALTER TABLE accounts DROP COLUMN kind",
        "DELETE FROM _sqlx_migrations WHERE version = 10",
    ] {
        file.execute(statement).await;
    }
    let database = issuer(&file, &master, 3).await.unwrap();
    let mut repository = database.begin(TEST).await.unwrap();
    let read = repository.account(&old.aci).await.unwrap().unwrap();
    assert_eq!(read.kind, AccountKind::Regular);
    let page = repository.unused_guests(NOW.plus(1), None, 10).await;
    assert_eq!(page.unwrap().guests, []);
    let read = repository.server_params().await.unwrap();
    assert_eq!(read.len(), 1);
    assert_eq!((read[0].id, read[0].kind), (generic.id, generic.kind));
    assert_eq!(read[0].not_after, generic.not_after);
    assert_eq!(read[0].secret, generic.secret);
    let guest = params(2, ServerParamsKind::Guest, &mut rng);
    repository
        .add_server_params(&guest, &mut rng)
        .await
        .unwrap();
    repository.save().await.unwrap();
}

#[tokio::test]
async fn server_params_of_version_8_keep_their_periods_and_secrets() {
    let file = SqliteFile::fresh();
    let mut rng = StdRng::seed_from_u64(1);
    let master = MasterKey::random(&mut rng);
    let records = [
        params(1, ServerParamsKind::Generic, &mut rng),
        ServerParamsRecord {
            not_before: NOW.minus(DAY),
            not_after: Some(NOW.plus(DAY)),
            ..params(2, ServerParamsKind::Group, &mut rng)
        },
        ServerParamsRecord {
            not_after: Some(NOW),
            ..params(3, ServerParamsKind::Generic, &mut rng)
        },
    ];
    let database = issuer(&file, &master, 2).await.unwrap();
    let mut repository = database.begin(TEST).await.unwrap();
    for record in &records {
        repository
            .add_server_params(record, &mut rng)
            .await
            .unwrap();
    }
    repository.save().await.unwrap();
    database.close().await;
    // The table as the first eight migrations leave it.
    for statement in [
        "ALTER TABLE server_params RENAME TO later",
        "CREATE TABLE server_params (
            params_id  BLOB    NOT NULL PRIMARY KEY CHECK (length(params_id) = 8),
            kind       TEXT    NOT NULL CHECK (kind IN ('generic', 'group')),
            not_before INTEGER NOT NULL CHECK (not_before >= 0),
            not_after  INTEGER CHECK (not_after >= not_before),
            secret     BLOB    NOT NULL
        ) STRICT",
        "INSERT INTO server_params SELECT params_id, kind, not_before, not_after, secret FROM later",
        "DROP TABLE later",
        "DROP INDEX guests",
        "ALTER TABLE accounts DROP COLUMN kind",
        "DELETE FROM _sqlx_migrations WHERE version > 8",
    ] {
        file.execute(statement).await;
    }

    let database = issuer(&file, &master, 3).await.unwrap();
    let mut repository = database.begin(TEST).await.unwrap();
    let mut read = repository.server_params().await.unwrap();
    read.sort_by_key(|record| *record.id.as_bytes());
    assert_eq!(read.len(), records.len());
    for (read, record) in read.iter().zip(&records) {
        assert_eq!((read.id, read.kind), (record.id, record.kind));
        assert_eq!(read.not_before, record.not_before);
        assert_eq!(read.not_after, record.not_after);
        assert_eq!(read.secret, record.secret);
    }
}

#[tokio::test]
async fn the_schema_of_a_file_is_told_from_that_of_the_program_without_opening_it() {
    let file = SqliteFile::fresh();
    let mut rng = StdRng::seed_from_u64(1);
    let master = MasterKey::random(&mut rng);
    issuer(&file, &master, 1).await.unwrap().close().await;
    let state = SqliteIssuer::schema_state(&file.path()).await.unwrap();
    let SchemaState::Current(known) = state else {
        unreachable!("{state:?}")
    };
    file.execute("INSERT INTO _sqlx_migrations SELECT 9000, 'newer', installed_on, 1, checksum, 1 FROM _sqlx_migrations LIMIT 1").await;
    let newer = SchemaState::Newer { found: 9000, known };
    assert_eq!(
        SqliteIssuer::schema_state(&file.path()).await.unwrap(),
        newer
    );
    file.execute("DELETE FROM _sqlx_migrations WHERE version > 1")
        .await;
    let older = SchemaState::Older { found: 1, known };
    assert_eq!(
        SqliteIssuer::schema_state(&file.path()).await.unwrap(),
        older
    );
    let other = SqliteRooms::schema_state(&file.path()).await;
    assert!(
        matches!(other, Err(StoreError::UnknownSchema { .. })),
        "{other:?}"
    );
    file.execute("UPDATE _sqlx_migrations SET version = -1")
        .await;
    let malformed = SqliteIssuer::schema_state(&file.path()).await;
    assert!(
        matches!(malformed, Err(StoreError::InvalidValue { .. })),
        "{malformed:?}"
    );
}
