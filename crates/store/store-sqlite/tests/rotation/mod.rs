//! The replacement of keys under an open database: list, rotation, retirement, reseal.

use std::{num::NonZeroU32, sync::Arc};

use anteroom_protocol::{DAY, Timestamp};
use anteroom_store::{
    DeviceId, IdentityName, IssuerDatabase, KeyError, KeyOwner, MasterKey, ServerParamsKind,
    StoreError,
    conformance::{
        NOW, Storage as _, TEST,
        issuer::{account, assert_same_account, device, login, params},
    },
    keys::{KeyDatabase, KeyId, KeyPurpose, SealedValues},
    sealed::sealed_columns,
};
use anteroom_store_sqlite::{SqliteIssuer, SqliteOptions};
use rand::{SeedableRng, rngs::StdRng};

use crate::{
    issuer,
    sqlite_file::{SqliteFile, comment_above},
};

const FEW: NonZeroU32 = NonZeroU32::new(3).unwrap();

#[tokio::test]
async fn every_sealed_column_is_sealed_anew() {
    let file = SqliteFile::fresh();
    let master = MasterKey::random(&mut StdRng::seed_from_u64(1));
    issuer(&file, &master, 1).await.unwrap().close().await;
    let mut sealed: Vec<(String, String)> = file.columns().await;
    sealed.retain(|(table, column)| {
        comment_above("issuer", table, column).starts_with("-- SEALED: ")
    });
    let mut listed: Vec<_> = sealed_columns(KeyOwner::Issuer)
        .iter()
        .map(|place| {
            (
                place.column.table().to_owned(),
                place.column.name().to_owned(),
            )
        })
        .collect();
    sealed.sort();
    listed.sort();
    assert_eq!(listed, sealed);
}

#[tokio::test]
async fn values_move_to_the_newest_data_key_and_the_old_one_is_forgotten() {
    let fixture = RotationFixture::new().await;
    let mut rng = StdRng::seed_from_u64(7);
    let accounts = fixture.filled(5, &mut rng).await;
    // Another process, which has only the old keys.
    let (other, _) = fixture.open(9).await;
    let keys = &fixture.keys;
    let before = keys.sealed_values().await.unwrap();
    assert_eq!((before.all, before.stale), (5 * 9 + 1, 0));

    let newer = keys.rotate(KeyPurpose::Data, NOW, &mut rng).await.unwrap();
    let stale = keys.sealed_values().await.unwrap();
    assert_eq!((stale.all, stale.stale), (before.all, before.all));
    assert_eq!(keys.retire(KeyPurpose::Data, NOW, NOW).await.unwrap(), []);

    let (mut cursor, mut moved, mut steps) = (None, 0, 0);
    loop {
        let step = keys.reseal(cursor, FEW, &mut rng).await.unwrap();
        assert_eq!(step.unreadable, 0);
        assert!(step.values <= 3);
        (moved, steps) = (moved + step.values, steps + 1);
        cursor = step.next;
        // Halfway through, every value can be read, and old keys are still needed.
        if steps == 7 {
            fixture.assert_holds(&accounts).await;
            assert_eq!(keys.retire(KeyPurpose::Data, NOW, NOW).await.unwrap(), []);
        }
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(moved, before.all);
    let after = keys.sealed_values().await.unwrap();
    assert_eq!(after, SealedValues { stale: 0, ..before });

    let later = NOW.plus(60);
    let retired = keys.retire(KeyPurpose::Data, NOW, later).await.unwrap();
    assert_eq!(retired, [KeyId::new(1)]);
    let entries = keys.keys().await.unwrap();
    let data: Vec<_> = entries
        .iter()
        .filter(|key| key.purpose == KeyPurpose::Data)
        .map(|key| (key.id, key.retired))
        .collect();
    assert_eq!(data, [(KeyId::new(1), Some(later)), (newer, None)]);
    fixture.assert_holds(&accounts).await;
    for aci in &accounts {
        let found = other.account_with_device(TEST, aci, DeviceId::PRIMARY);
        assert!(found.await.unwrap().is_some());
        let mut reader = other.read(TEST).await.unwrap();
        assert!(reader.account(aci).await.unwrap().is_some());
    }
    let (again, _) = fixture.open(10).await;
    let mut reader = again.read(TEST).await.unwrap();
    assert_eq!(reader.server_params().await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_others_write_meanwhile_stays_theirs() {
    let fixture = RotationFixture::new().await;
    let mut rng = StdRng::seed_from_u64(7);
    let accounts = fixture.filled(20, &mut rng).await;
    let (other, _) = fixture.open(9).await;
    for round in 0..3 {
        let keys = &fixture.keys;
        keys.rotate(KeyPurpose::Data, NOW, &mut rng).await.unwrap();
        let mut writer_rng = StdRng::seed_from_u64(100 + round);
        let writing = async {
            for aci in &accounts {
                let mut repository = other.begin(TEST).await.unwrap();
                let name = anteroom_store::DeviceName::parse(&format!("name {round}")).unwrap();
                let renamed = repository
                    .rename_device(aci, DeviceId::PRIMARY, &name, &mut writer_rng)
                    .await;
                assert!(renamed.unwrap());
                repository.save().await.unwrap();
            }
        };
        let (one, two) = tokio::join!(fixture.reseal_all(1), fixture.reseal_all(2));
        writing.await;
        let concurrent = tokio::join!(fixture.reseal_all(3), async { one + two });
        assert!(concurrent.1 >= 20 * 8, "{concurrent:?}");
        let retired = keys.retire(KeyPurpose::Data, NOW, NOW).await.unwrap();
        assert_eq!(retired.len(), 1);
        for aci in &accounts {
            let mut reader = fixture.database.read(TEST).await.unwrap();
            let device = reader
                .device(aci, DeviceId::PRIMARY)
                .await
                .unwrap()
                .unwrap();
            assert_eq!(device.name.as_str(), format!("name {round}"));
        }
    }
}

#[tokio::test]
async fn a_value_that_cannot_be_opened_is_left_alone_with_its_key() {
    let fixture = RotationFixture::new().await;
    let mut rng = StdRng::seed_from_u64(7);
    fixture.filled(2, &mut rng).await;
    fixture.file.flip("accounts", "pni").await;
    let keys = &fixture.keys;
    keys.rotate(KeyPurpose::Data, NOW, &mut rng).await.unwrap();
    let (mut cursor, mut unreadable) = (None, 0);
    loop {
        let step = keys.reseal(cursor, FEW, &mut rng).await.unwrap();
        unreadable += step.unreadable;
        cursor = step.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(unreadable, 1);
    assert_eq!(keys.sealed_values().await.unwrap().stale, 1);
    assert_eq!(keys.retire(KeyPurpose::Data, NOW, NOW).await.unwrap(), []);
}

#[tokio::test]
async fn a_newer_key_of_each_purpose_is_used_by_all_and_the_old_one_goes() {
    let fixture = RotationFixture::new().await;
    let (other, _) = fixture.open(9).await;
    let mut rng = StdRng::seed_from_u64(7);
    let keys = &fixture.keys;
    for purpose in [KeyPurpose::Event, KeyPurpose::Token] {
        let before = other.storage_keys();
        let id = keys.rotate(purpose, NOW, &mut rng).await.unwrap();
        other.read(TEST).await.unwrap();
        let after = other.storage_keys();
        match purpose {
            KeyPurpose::Event => {
                assert_ne!(before.event_key().as_bytes(), after.event_key().as_bytes());
            }
            _ => assert_eq!(after.token_keys()[0].id(), id),
        }
        let own = fixture.database.storage_keys();
        assert_eq!(own.token_keys()[0].seed(), after.token_keys()[0].seed());
        assert_eq!(own.event_key().as_bytes(), after.event_key().as_bytes());

        let too_early = keys.retire(purpose, NOW.minus(1), NOW).await.unwrap();
        assert_eq!(too_early, []);
        let retired = keys.retire(purpose, NOW, NOW).await.unwrap();
        assert_eq!(retired.len(), 1);
        assert_eq!(keys.retire(purpose, NOW, NOW).await.unwrap(), []);
    }
    let (again, created) = fixture.open(10).await;
    assert!(!created);
    assert_eq!(again.storage_keys().token_keys().len(), 1);
}

#[tokio::test]
async fn keys_of_hashes_stay() {
    let fixture = RotationFixture::new().await;
    let mut rng = StdRng::seed_from_u64(7);
    for purpose in [KeyPurpose::Index, KeyPurpose::Password] {
        for outcome in [
            fixture.keys.rotate(purpose, NOW, &mut rng).await.map(drop),
            fixture.keys.retire(purpose, NOW, NOW).await.map(drop),
        ] {
            assert!(
                matches!(outcome, Err(StoreError::Keys(KeyError::NotRotated(kept))) if kept == purpose),
                "{outcome:?}"
            );
        }
    }
    assert_eq!(fixture.keys.keys().await.unwrap().len(), 5);
}

#[tokio::test]
async fn another_master_key_takes_over() {
    let fixture = RotationFixture::new().await;
    let mut rng = StdRng::seed_from_u64(7);
    let accounts = fixture.filled(2, &mut rng).await;
    fixture
        .keys
        .rotate(KeyPurpose::Event, NOW, &mut rng)
        .await
        .unwrap();
    fixture
        .keys
        .retire(KeyPurpose::Event, NOW, NOW)
        .await
        .unwrap();
    let next = MasterKey::random(&mut rng);

    fixture.keys.rewrap(&next, &mut rng).await.unwrap();

    let refused = issuer(&fixture.file, &fixture.master, 2).await.map(drop);
    assert!(
        matches!(refused, Err(StoreError::Keys(KeyError::WrongMasterKey))),
        "{refused:?}"
    );
    let again = issuer(&fixture.file, &next, 3).await.unwrap();
    for aci in &accounts {
        let mut reader = again.read(TEST).await.unwrap();
        assert!(reader.account(aci).await.unwrap().is_some());
    }
    let own = fixture.database.storage_keys();
    assert_eq!(
        again.storage_keys().event_key().as_bytes(),
        own.event_key().as_bytes()
    );
}

#[tokio::test]
async fn no_key_is_added_under_a_master_key_that_was_replaced() {
    let fixture = RotationFixture::new().await;
    let mut rng = StdRng::seed_from_u64(7);
    let (other, _) = fixture.open(9).await;
    let keys = other.key_database();
    let next = MasterKey::random(&mut rng);
    fixture.keys.rewrap(&next, &mut rng).await.unwrap();

    let refused = keys.rotate(KeyPurpose::Data, NOW, &mut rng).await;
    assert!(
        matches!(refused, Err(StoreError::Keys(KeyError::DamagedKeys))),
        "{refused:?}"
    );
    other.close().await;
    let again = issuer(&fixture.file, &next, 3).await.unwrap();
    let keys = again.key_database();
    keys.rotate(KeyPurpose::Data, NOW, &mut rng).await.unwrap();
}

#[tokio::test]
async fn a_database_that_is_open_finds_the_next_master_key() {
    let fixture = RotationFixture::new().await;
    let mut rng = StdRng::seed_from_u64(7);
    let accounts = fixture.filled(2, &mut rng).await;
    let next = MasterKey::random(&mut rng);
    let (without, _) = fixture.open(8).await;
    let options = {
        let next = next.clone();
        SqliteOptions::new(fixture.file.path()).master_source(move || Some(next.clone()))
    };
    let following = SqliteIssuer::open(&options, &fixture.master, NOW, &mut rng)
        .await
        .unwrap();
    fixture.keys.rewrap(&next, &mut rng).await.unwrap();
    // Without newer keys the source of the master key is not called.
    for database in [&without, &following] {
        let mut reader = database.read(TEST).await.unwrap();
        assert!(reader.account(&accounts[0]).await.unwrap().is_some());
    }
    let opened = issuer(&fixture.file, &next, 9).await.unwrap();
    for _ in 0..2 {
        let keys = opened.key_database();
        keys.rotate(KeyPurpose::Data, NOW, &mut rng).await.unwrap();
        let mut reader = following.read(TEST).await.unwrap();
        assert!(reader.account(&accounts[0]).await.unwrap().is_some());
        let refused = without.read(TEST).await.map(drop);
        assert!(
            matches!(refused, Err(StoreError::Keys(KeyError::DamagedKeys))),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn server_params_end_once_and_never_later_than_decided() {
    let fixture = RotationFixture::new().await;
    let mut rng = StdRng::seed_from_u64(7);
    let record = params(1, ServerParamsKind::Generic, &mut rng);
    let mut repository = fixture.database.begin(TEST).await.unwrap();
    repository
        .add_server_params(&record, &mut rng)
        .await
        .unwrap();
    for (end, news) in [(9, true), (9, false), (10, false), (5, true)] {
        let end = NOW.plus(end * DAY);
        let changed = repository.end_server_params(record.id, end).await.unwrap();
        assert_eq!(changed, news, "{end:?}");
    }
    // Params whose time has not begun can be ended too.
    assert!(
        repository
            .end_server_params(record.id, Timestamp::from_secs(0))
            .await
            .unwrap()
    );
    assert!(
        !repository
            .end_server_params(record.id, Timestamp::from_secs(0))
            .await
            .unwrap()
    );
    let absent = anteroom_protocol::ParamsId::from_bytes([9; 8]);
    assert!(!repository.end_server_params(absent, NOW).await.unwrap());
    repository.save().await.unwrap();
    let mut reader = fixture.database.read(TEST).await.unwrap();
    assert_eq!(
        reader.server_params().await.unwrap()[0].not_after,
        Some(NOW)
    );
}

struct RotationFixture {
    file: SqliteFile,
    master: MasterKey,
    database: SqliteIssuer,
    keys: Arc<dyn KeyDatabase>,
}

impl RotationFixture {
    async fn new() -> Self {
        let file = SqliteFile::fresh();
        let master = MasterKey::random(&mut StdRng::seed_from_u64(1));
        let database = issuer(&file, &master, 1).await.unwrap();
        Self {
            keys: database.key_database(),
            file,
            master,
            database,
        }
    }

    async fn open(&self, seed: u64) -> (SqliteIssuer, bool) {
        let database = issuer(&self.file, &self.master, seed).await.unwrap();
        let created = database.created();
        (database, created)
    }

    /// Adds accounts with nine sealed values each, and server params with one.
    async fn filled(&self, count: usize, rng: &mut StdRng) -> Vec<anteroom_protocol::Aci> {
        let mut repository = self.database.begin(TEST).await.unwrap();
        let record = params(1, ServerParamsKind::Generic, rng);
        repository.add_server_params(&record, rng).await.unwrap();
        let mut accounts = Vec::new();
        for number in 0..count {
            let account = account(rng);
            let aci = account.aci;
            repository.add_account(&account, rng).await.unwrap();
            repository.add_device(&aci, &device(1), rng).await.unwrap();
            let login = login(aci, &format!("{number}@example.org"));
            repository.add_login(&login, rng).await.unwrap();
            let name = IdentityName {
                issuer: "https://provider.example".to_owned(),
                subject: format!("subject {number}"),
            };
            repository
                .add_identity(&name, &aci, DeviceId::PRIMARY, rng)
                .await
                .unwrap();
            accounts.push(aci);
        }
        repository.save().await.unwrap();
        accounts
    }

    async fn assert_holds(&self, accounts: &[anteroom_protocol::Aci]) {
        for (number, aci) in accounts.iter().enumerate() {
            let mut reader = self.database.read(TEST).await.unwrap();
            let account = reader.account(aci).await.unwrap().unwrap();
            assert_same_account(&account, &account);
            assert_eq!(account.aci, *aci);
            assert!(
                reader
                    .device(aci, DeviceId::PRIMARY)
                    .await
                    .unwrap()
                    .is_some()
            );
            let email = anteroom_store::Email::parse(&format!("{number}@example.org")).unwrap();
            assert!(reader.login_by_email(&email).await.unwrap().is_some());
        }
    }

    async fn reseal_all(&self, seed: u64) -> u64 {
        let mut rng = StdRng::seed_from_u64(seed);
        let (mut cursor, mut moved) = (None, 0);
        loop {
            let step = self.keys.reseal(cursor, FEW, &mut rng).await.unwrap();
            assert_eq!(step.unreadable, 0);
            moved += step.values;
            cursor = step.next;
            if cursor.is_none() {
                return moved;
            }
        }
    }
}
