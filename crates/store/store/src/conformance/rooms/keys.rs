//! Opening: the master key, the wrapped keys and the schema.

use rand::{SeedableRng, rngs::StdRng};

use super::{
    Fixture, NOW, RoomsBackend, TEST, assert_same_link, room, server_params::params, user,
};
use crate::{KeyError, MasterKey, ServerParamsKind, StoreError};

pub async fn the_same_master_key_opens_the_same_database<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let link = fixture.created("a1", Some(1)).await;

    let (again, created) = fixture.backend.open(&fixture.master, 2).await.unwrap();

    assert!(!created);
    let mut reader = again.read(TEST).await.unwrap();
    let read = reader.link(&link.address(), NOW).await.unwrap();
    assert_same_link(&read.unwrap(), &link);
    let (keys, again) = (fixture.database.storage_keys(), again.storage_keys());
    assert_eq!(keys.event_key().as_bytes(), again.event_key().as_bytes());
    assert!(
        keys.passkey_hash(&link.room, b"right")
            .matches(&again.passkey_hash(&link.room, b"right"))
    );
}

pub async fn a_wrong_master_key_is_refused<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let link = fixture.created("a1", None).await;
    let wrong = MasterKey::random(&mut fixture.rng);
    refused(&fixture, &wrong, KeyError::WrongMasterKey).await;

    let (again, _) = fixture.backend.open(&fixture.master, 3).await.unwrap();
    let mut reader = again.read(TEST).await.unwrap();
    assert!(reader.link(&link.address(), NOW).await.unwrap().is_some());
}

pub async fn keys_are_never_made_anew_over_old_data<B: RoomsBackend>() {
    const TABLES: [(&str, &str); 5] = [
        ("keys", "DELETE FROM keys"),
        ("server_params", "DELETE FROM server_params"),
        ("call_links", "DELETE FROM call_links"),
        ("approvals", "DELETE FROM approvals"),
        ("calls", "DELETE FROM calls"),
    ];
    for (kept, _) in TABLES {
        let mut fixture = Fixture::<B>::new().await;
        let link = fixture.created("a1", None).await;
        fixture.started(&link, NOW).await;
        let mut repository = fixture.begin().await;
        repository
            .add_approval(&room("a1"), &user("abc"), &mut fixture.rng)
            .await
            .unwrap();
        repository
            .add_server_params(&params(1, ServerParamsKind::Generic), &mut fixture.rng)
            .await
            .unwrap();
        repository.save().await.unwrap();

        let statements = TABLES.iter().filter(|(table, _)| *table != kept);
        for (_, statement) in statements {
            fixture.backend.execute(statement).await;
        }
        fixture
            .backend
            .execute("DELETE FROM master_key_check")
            .await;
        let outcome = fixture.backend.open(&fixture.master, 2).await.map(drop);
        assert!(
            matches!(outcome, Err(StoreError::Keys(KeyError::KeysMissing))),
            "{kept}: {outcome:?}"
        );
    }
}

pub async fn a_lost_key_is_refused<B: RoomsBackend>() {
    for statement in [
        "DELETE FROM keys",
        "DELETE FROM keys WHERE purpose = 'data'",
        "DELETE FROM keys WHERE purpose = 'index'",
        "DELETE FROM keys WHERE purpose = 'password'",
        "DELETE FROM keys WHERE purpose = 'event'",
    ] {
        let fixture = Fixture::<B>::new().await;
        fixture.backend.execute(statement).await;
        refused(&fixture, &fixture.master, KeyError::KeysMissing).await;
    }
}

pub async fn processes_that_start_at_once_agree_on_the_keys<B: RoomsBackend>() {
    let mut rng = StdRng::seed_from_u64(1);
    let backend = B::fresh();
    let master = MasterKey::random(&mut rng);
    let (one, two, three) = tokio::join!(
        backend.open(&master, 10),
        backend.open(&master, 20),
        backend.open(&master, 30),
    );
    let opened = [one.unwrap(), two.unwrap(), three.unwrap()];
    let created = opened.iter().filter(|(_, created)| *created).count();
    assert_eq!(created, 1);
    let index = opened[0].0.storage_keys().room_index(&room("a1"));
    for (database, _) in &opened {
        assert_eq!(database.storage_keys().room_index(&room("a1")), index);
    }
}

pub async fn a_newer_schema_is_refused<B: RoomsBackend>() {
    let fixture = Fixture::<B>::new().await;
    fixture.backend.add_unknown_migration().await;
    let outcome = fixture.backend.open(&fixture.master, 2).await.map(drop);
    assert!(
        matches!(outcome, Err(StoreError::UnknownSchema { .. })),
        "{outcome:?}"
    );
}

pub async fn a_database_is_ready<B: RoomsBackend>() {
    let fixture = Fixture::<B>::new().await;
    fixture.database.ready().await.unwrap();
}

async fn refused<B: RoomsBackend>(fixture: &Fixture<B>, master: &MasterKey, expected: KeyError) {
    match fixture.backend.open(master, 2).await.map(drop) {
        Err(StoreError::Keys(error)) => assert_eq!(error, expected),
        outcome => panic!("{expected:?}: {outcome:?}"),
    }
}
