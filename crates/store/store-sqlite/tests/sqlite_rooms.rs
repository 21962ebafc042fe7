//! The room service on SQLite: the conformance suite, and the behaviour of files.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod faults;
mod room_rotation;
mod rooms_faults;
mod sqlite_file;

use std::{fs, sync::Arc};

use anteroom_protocol::{AdminStatement, GuestAdmission, UidCiphertext};
use anteroom_store::{
    CallKey, CreateLinkOutcome, KeyError, LinkUpdate, MasterKey, RoomsDatabase, ServerParamsKind,
    ServerParamsRecord, StoreError, UpdateLinkOutcome, UserId,
    conformance::{
        Backend, NOW, Storage as _, TEST,
        rooms::{Fixture, call, server_params::params},
    },
    sealed::columns,
};
use anteroom_store_sqlite::{SqliteIssuer, SqliteOptions, SqliteRooms};
use base64::{Engine, engine::general_purpose::STANDARD};
use rand::{Rng, SeedableRng, rngs::StdRng};

use self::sqlite_file::{SqliteFile, comment_above};

anteroom_store::rooms_conformance!(crate::sqlite_file::SqliteFile);

#[tokio::test]
async fn no_room_user_or_passkey_stands_in_the_files() {
    let mut fixture = Fixture::<SqliteFile>::new().await;
    let mut needles = vec![(
        "master key",
        STANDARD
            .decode(fixture.master.to_text().as_bytes())
            .unwrap(),
    )];
    let mut era = Vec::new();
    for round in 0..10 {
        let (mut room_id, mut users) = ([0; 32], [[0; UidCiphertext::LENGTH]; 3]);
        fixture.rng.fill_bytes(&mut room_id);
        for user in &mut users {
            fixture.rng.fill_bytes(user);
        }
        let passkey = format!("passkey of room {round}");
        let mut link = fixture.link(&hex::encode(room_id), Some(round));
        link.passkey_hash = fixture.passkey(&link.address(), &passkey);
        fixture.create(&link).await;

        let user = |number: usize| UserId::parse(&hex::encode(users[number])).unwrap();
        let mut call = call(CallKey::Link(link.room.clone()), NOW, &mut fixture.rng);
        call.creator = user(0);
        fixture.start(&call, link.epoch, NOW).await;
        era = call.era.as_bytes().to_vec();
        let mut repository = fixture.begin().await;
        repository
            .add_approval(&link.room, &user(1), &mut fixture.rng)
            .await
            .unwrap();
        repository
            .replace_approvals(&link.room, &[user(0), user(2)], &mut fixture.rng)
            .await
            .unwrap();
        repository.save().await.unwrap();

        needles.push(("room id", room_id.to_vec()));
        needles.push(("room id", hex::encode(room_id).into_bytes()));
        for user in users {
            needles.push(("user id", user.to_vec()));
            needles.push(("user id", hex::encode(user).into_bytes()));
        }
        needles.push(("passkey", passkey.into_bytes()));
        needles.push(("name", link.name.as_bytes().to_vec()));
        let statement = link.admin_statement.as_bytes();
        needles.push(("admin statement", statement.to_vec()));
    }
    let record = params(1, ServerParamsKind::Generic);
    let mut repository = fixture.begin().await;
    repository
        .add_server_params(&record, &mut fixture.rng)
        .await
        .unwrap();
    repository.save().await.unwrap();
    let secret = record.secret.chunks_exact(16);
    needles.extend(secret.map(|part| ("server params", part.to_vec())));
    let keys = fixture.database.storage_keys();
    needles.push(("event key", keys.event_key().as_bytes().to_vec()));

    let file = &fixture.backend;
    assert!(file.side_file("-wal").metadata().unwrap().len() > 0);
    file.assert_holds_none_of(&needles, &era);
    // The last closing connection runs a checkpoint into the main file.
    let database = rooms(file, &fixture.master, 2).await.unwrap();
    drop(fixture.database);
    database.close().await;
    file.assert_holds_none_of(&needles, &era);
}

#[tokio::test]
async fn the_two_services_refuse_each_others_files() {
    let master = MasterKey::random(&mut StdRng::seed_from_u64(1));
    let refused = |outcome: Result<(), StoreError>| {
        assert!(
            matches!(outcome, Err(StoreError::UnknownSchema { .. })),
            "{outcome:?}"
        );
    };

    let file = SqliteFile::fresh();
    issuer(&file, &master).await.unwrap().close().await;
    let before = fs::read(file.path()).unwrap();
    refused(rooms(&file, &master, 1).await.map(drop));
    assert_eq!(fs::read(file.path()).unwrap(), before);

    let file = SqliteFile::fresh();
    rooms(&file, &master, 1).await.unwrap().close().await;
    let before = fs::read(file.path()).unwrap();
    refused(issuer(&file, &master).await.map(drop));
    assert_eq!(fs::read(file.path()).unwrap(), before);
}

#[tokio::test]
async fn a_database_is_told_from_an_empty_place() {
    let file = SqliteFile::fresh();
    let master = MasterKey::random(&mut StdRng::seed_from_u64(1));
    assert!(!SqliteRooms::is_initialised(&file.path()).await.unwrap());
    assert!(!file.path().exists());
    let database = rooms(&file, &master, 1).await.unwrap();
    assert!(database.created());
    assert!(SqliteRooms::is_initialised(&file.path()).await.unwrap());
    database.close().await;
    assert!(!rooms(&file, &master, 2).await.unwrap().created());
    let wrong = MasterKey::random(&mut StdRng::seed_from_u64(2));
    let refused = rooms(&file, &wrong, 3).await;
    assert!(matches!(
        refused,
        Err(StoreError::Keys(KeyError::WrongMasterKey))
    ));
}

#[tokio::test]
async fn a_closed_database_is_unavailable() {
    let file = SqliteFile::fresh();
    let master = MasterKey::random(&mut StdRng::seed_from_u64(1));
    let database = rooms(&file, &master, 1).await.unwrap();
    database.close().await;
    for outcome in [
        database.begin(TEST).await.map(drop),
        database.read(TEST).await.map(drop),
        database.ready().await.map(drop),
    ] {
        assert!(outcome.unwrap_err().is_transient());
    }
}

/// The rule for migrations: a comment says for each column what it holds.
#[tokio::test]
async fn every_column_is_commented() {
    let file = SqliteFile::fresh();
    let master = MasterKey::random(&mut StdRng::seed_from_u64(1));
    rooms(&file, &master, 1).await.unwrap().close().await;
    let columns = file.columns().await;
    assert!(columns.len() > 30);
    for (table, column) in columns {
        let comment = comment_above("rooms", &table, &column);
        assert!(comment.starts_with("-- "), "{table}.{column}: {comment}");
    }
}

#[tokio::test]
async fn links_of_an_earlier_version_get_the_index_of_their_zkparams() {
    let mut fixture = Fixture::<SqliteFile>::new().await;
    let link = fixture.created("a1", None).await;
    let forget = "UPDATE call_links SET zkparams_index = NULL";
    fixture.backend.execute(forget).await;
    (fixture.database, _) = Backend::open(&fixture.backend, &fixture.master, 2)
        .await
        .unwrap();
    let mut twin = fixture.link("b2", None);
    twin.zkparams = link.zkparams;
    let outcome = fixture.create(&twin).await;
    assert!(matches!(outcome, CreateLinkOutcome::Conflict));
}

#[tokio::test]
async fn guests_of_links_of_an_earlier_version_wait_and_params_keep_their_ends() {
    let mut fixture = Fixture::<SqliteFile>::new().await;
    let link = fixture.created("a1", None).await;
    let generic = ServerParamsRecord {
        not_after: Some(NOW.plus(7)),
        ..params(1, ServerParamsKind::Generic)
    };
    let mut repository = fixture.database.begin(TEST).await.unwrap();
    repository
        .add_server_params(&generic, &mut fixture.rng)
        .await
        .unwrap();
    repository.save().await.unwrap();
    for statement in [
        "ALTER TABLE call_links DROP COLUMN guests",
        "DELETE FROM _sqlx_migrations WHERE version = 6",
    ] {
        fixture.backend.execute(statement).await;
    }
    (fixture.database, _) = Backend::open(&fixture.backend, &fixture.master, 2)
        .await
        .unwrap();
    let address = link.address();
    let found = fixture.database.link_with_call(TEST, &address, NOW);
    let found = found.await.unwrap().unwrap().link;
    assert_eq!(found.guests, GuestAdmission::Wait);
    let mut repository = fixture.database.begin(TEST).await.unwrap();
    let read = repository.server_params().await.unwrap();
    let read: Vec<_> = read.iter().map(|read| (read.id, read.not_after)).collect();
    assert_eq!(read, [(generic.id, generic.not_after)]);
    let guest = params(2, ServerParamsKind::Guest);
    let added = repository.add_server_params(&guest, &mut fixture.rng);
    added.await.unwrap();
}

#[tokio::test]
async fn links_of_an_earlier_version_have_no_statement_until_their_admins_make_one() {
    let mut fixture = Fixture::<SqliteFile>::new().await;
    let link = fixture.created("a1", None).await;
    let forget = "UPDATE call_links SET admin_statement = NULL";
    fixture.backend.execute(forget).await;
    let (address, passkey) = (link.address(), &link.passkey_hash);
    let found = fixture.database.link_with_call(TEST, &address, NOW);
    let found = found.await.unwrap().unwrap().link;
    assert!(found.admin_statement.is_empty());
    for bytes in [&b"signed"[..], b""] {
        let update = LinkUpdate {
            admin_statement: AdminStatement::new(bytes).ok(),
            ..LinkUpdate::default()
        };
        let mut repository = fixture.begin().await;
        let updated = repository.update_link(&address, passkey, &update, NOW, &mut fixture.rng);
        assert!(matches!(
            updated.await.unwrap(),
            UpdateLinkOutcome::Updated(_)
        ));
        repository.save().await.unwrap();
        let found = fixture.database.link_with_call(TEST, &address, NOW);
        let found = found.await.unwrap().unwrap().link;
        assert_eq!(found.admin_statement.as_bytes(), bytes);
    }
}

#[test]
fn sealed_and_hashed_columns_are_marked() {
    for (column, mark) in [
        (columns::CALL_LINK_INDEX, "-- HASHED: "),
        (columns::CALL_LINK_ROOM, "-- SEALED: "),
        (columns::CALL_LINK_ZKPARAMS, "-- SEALED: "),
        (columns::CALL_LINK_ZKPARAMS_INDEX, "-- HASHED: "),
        (columns::CALL_LINK_NAME, "-- SEALED: "),
        (columns::CALL_LINK_ADMIN_STATEMENT, "-- SEALED: "),
        (columns::APPROVAL_USER_INDEX, "-- HASHED, "),
        (columns::APPROVAL_USER, "-- SEALED: "),
        (columns::CALL_INDEX, "-- HASHED: "),
        (columns::CALL_KEY, "-- SEALED: "),
        (columns::CALL_CREATOR, "-- SEALED: "),
        (columns::SERVER_PARAMS_SECRET, "-- SEALED: "),
    ] {
        let comment = comment_above("rooms", column.table(), column.name());
        assert!(comment.starts_with(mark), "{column:?}: {comment}");
    }
}

async fn issuer(file: &SqliteFile, master: &MasterKey) -> Result<SqliteIssuer, StoreError> {
    let options = SqliteOptions::new(file.path());
    SqliteIssuer::open(&options, master, NOW, &mut StdRng::seed_from_u64(1)).await
}

async fn rooms(
    file: &SqliteFile,
    master: &MasterKey,
    seed: u64,
) -> Result<SqliteRooms, StoreError> {
    let options = SqliteOptions::new(file.path());
    SqliteRooms::open(&options, master, NOW, &mut StdRng::seed_from_u64(seed)).await
}

impl Backend<dyn RoomsDatabase> for SqliteFile {
    async fn open(
        &self,
        master: &MasterKey,
        seed: u64,
    ) -> Result<(Arc<dyn RoomsDatabase>, bool), StoreError> {
        let database = rooms(self, master, seed).await?;
        let created = database.created();
        Ok((Arc::new(database), created))
    }
}
