//! Opening: the master key, the wrapped keys and the schema.

use rand::{SeedableRng, rngs::StdRng};

use super::{Fixture, IssuerBackend, assert_same_account};
use crate::{KeyError, MasterKey, StoreError};

pub async fn the_same_master_key_opens_the_same_database<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let account = fixture.added(&[1]).await;

    let (again, created) = fixture.backend.open(&fixture.master, 2).await.unwrap();

    assert!(!created);
    let mut reader = again.read(super::TEST).await.unwrap();
    let read = reader.account(&account.aci).await.unwrap();
    assert_same_account(&read.unwrap(), &account);
    let (keys, again) = (fixture.database.storage_keys(), again.storage_keys());
    assert_eq!(keys.event_key().as_bytes(), again.event_key().as_bytes());
}

pub async fn a_wrong_master_key_is_refused<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let account = fixture.added(&[1]).await;
    let wrong = MasterKey::random(&mut fixture.rng);

    refused(&fixture, &wrong, KeyError::WrongMasterKey).await;

    // The refusal changed nothing.
    let (again, _) = fixture.backend.open(&fixture.master, 3).await.unwrap();
    let mut reader = again.read(super::TEST).await.unwrap();
    assert!(reader.account(&account.aci).await.unwrap().is_some());
}

pub async fn keys_are_never_made_anew_over_old_data<B: IssuerBackend>() {
    for (data, others) in [
        ("accounts", ["DELETE FROM keys", "DELETE FROM devices"]),
        ("devices", ["DELETE FROM keys", "DELETE FROM accounts"]),
        ("keys", ["DELETE FROM devices", "DELETE FROM accounts"]),
    ] {
        let mut fixture = Fixture::<B>::new().await;
        fixture.added(&[1]).await;
        fixture
            .backend
            .execute("DELETE FROM master_key_check")
            .await;
        for statement in others {
            fixture.backend.execute(statement).await;
        }
        let outcome = fixture.backend.open(&fixture.master, 2).await.map(drop);
        assert!(
            matches!(outcome, Err(StoreError::Keys(KeyError::KeysMissing))),
            "{data}: {outcome:?}"
        );
    }
}

pub async fn a_lost_key_is_refused<B: IssuerBackend>() {
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

pub async fn a_damaged_key_is_refused<B: IssuerBackend>() {
    let fixture = Fixture::<B>::new().await;
    fixture.backend.exchange("keys", "wrapped").await;
    refused(&fixture, &fixture.master, KeyError::DamagedKeys).await;

    let fixture = Fixture::<B>::new().await;
    fixture.backend.flip("keys", "wrapped").await;
    refused(&fixture, &fixture.master, KeyError::DamagedKeys).await;

    let fixture = Fixture::<B>::new().await;
    fixture.backend.flip("master_key_check", "key_check").await;
    refused(&fixture, &fixture.master, KeyError::WrongMasterKey).await;
}

pub async fn processes_that_start_at_once_agree_on_the_keys<B: IssuerBackend>() {
    for round in 0..5 {
        let mut rng = StdRng::seed_from_u64(round);
        let backend = B::fresh();
        let master = MasterKey::random(&mut rng);
        let (one, two, three) = tokio::join!(
            backend.open(&master, 10 + round),
            backend.open(&master, 20 + round),
            backend.open(&master, 30 + round),
        );
        let opened = [one.unwrap(), two.unwrap(), three.unwrap()];

        let created = opened.iter().filter(|(_, created)| *created).count();
        assert_eq!(created, 1);
        let account = super::account(&mut rng);
        let mut repository = opened[0].0.begin(super::TEST).await.unwrap();
        repository.add_account(&account, &mut rng).await.unwrap();
        repository.save().await.unwrap();
        for (database, _) in &opened {
            let mut reader = database.read(super::TEST).await.unwrap();
            let read = reader.account(&account.aci).await.unwrap();
            assert_same_account(&read.unwrap(), &account);
        }
    }
}

pub async fn a_newer_schema_is_refused<B: IssuerBackend>() {
    let fixture = Fixture::<B>::new().await;
    fixture.backend.add_unknown_migration().await;
    let outcome = fixture.backend.open(&fixture.master, 2).await.map(drop);
    assert!(
        matches!(outcome, Err(StoreError::UnknownSchema { .. })),
        "{outcome:?}"
    );
}

pub async fn a_changed_migration_is_refused<B: IssuerBackend>() {
    let fixture = Fixture::<B>::new().await;
    fixture.backend.change_migration().await;
    let outcome = fixture.backend.open(&fixture.master, 2).await.map(drop);
    assert!(
        matches!(outcome, Err(StoreError::UnknownSchema { .. })),
        "{outcome:?}"
    );
}

pub async fn a_database_is_ready<B: IssuerBackend>() {
    let fixture = Fixture::<B>::new().await;
    fixture.database.ready().await.unwrap();
}

async fn refused<B: IssuerBackend>(fixture: &Fixture<B>, master: &MasterKey, expected: KeyError) {
    match fixture.backend.open(master, 2).await.map(drop) {
        Err(StoreError::Keys(error)) => assert_eq!(error, expected),
        outcome => panic!("{expected:?}: {outcome:?}"),
    }
}
