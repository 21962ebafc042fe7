//! Accounts and devices.

use anteroom_protocol::{DAY, Timestamp};

use super::{
    Fixture, IssuerBackend, NOW, TEST, assert_same_account, assert_same_device, device, seen,
};
use crate::{AddressPseudonym, DeviceId, DeviceUse, StoreError};

pub async fn a_saved_account_is_read_back<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let account = fixture.added(&[]).await;
    let read = fixture.read().await.account(&account.aci).await.unwrap();
    assert_same_account(&read.unwrap(), &account);
}

pub async fn an_account_without_a_pni_is_read_back<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let mut account = fixture.account();
    account.pni = None;
    let mut repository = fixture.begin().await;
    repository
        .add_account(&account, &mut fixture.rng)
        .await
        .unwrap();
    repository.save().await.unwrap();
    let read = fixture.read().await.account(&account.aci).await.unwrap();
    assert_same_account(&read.unwrap(), &account);
}

pub async fn what_is_absent_is_none<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let known = fixture.added(&[1]).await;
    let unknown = fixture.account();
    let second = DeviceId::new(2).unwrap();
    let mut reader = fixture.read().await;

    assert!(reader.account(&unknown.aci).await.unwrap().is_none());
    assert!(reader.devices(&unknown.aci).await.unwrap().is_empty());
    for (aci, id) in [(&unknown.aci, DeviceId::PRIMARY), (&known.aci, second)] {
        assert!(reader.device(aci, id).await.unwrap().is_none());
        assert!(reader.account_with_device(aci, id).await.unwrap().is_none());
    }
    assert!(reader.server_params().await.unwrap().is_empty());
}

pub async fn devices_are_read_back_in_order<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let account = fixture.added(&[10, 2, u32::MAX, 1]).await;
    fixture.added(&[1, 3]).await;
    let mut reader = fixture.read().await;

    let devices = reader.devices(&account.aci).await.unwrap();
    let ids: Vec<u32> = devices.iter().map(|device| device.id.as_u32()).collect();
    assert_eq!(ids, [1, 2, 10, u32::MAX]);
    for found in &devices {
        let alone = reader.device(&account.aci, found.id).await.unwrap();
        assert_same_device(found, &device(found.id.as_u32()));
        assert_same_device(found, &alone.unwrap());
    }
}

pub async fn authentication_finds_account_and_device_together<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    fixture.added(&[1, 2, 3]).await;
    let account = fixture.added(&[1, 2, 4]).await;
    let mut reader = fixture.read().await;
    for id in 1..=5 {
        let number = DeviceId::new(id).unwrap();
        let database = &fixture.database;
        let by_itself = database.account_with_device(TEST, &account.aci, number);
        let in_transaction = reader.account_with_device(&account.aci, number);
        for found in [by_itself.await.unwrap(), in_transaction.await.unwrap()] {
            if [3, 5].contains(&id) {
                assert!(found.is_none(), "device {id}");
            } else {
                let found = found.unwrap();
                assert_same_account(&found.account, &account);
                assert_same_device(&found.device, &device(id));
            }
        }
    }
}

pub async fn a_second_account_of_the_same_id_is_refused<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let first = fixture.added(&[]).await;
    let mut second = fixture.account();
    second.aci = first.aci;

    let mut repository = fixture.begin().await;
    let outcome = repository.add_account(&second, &mut fixture.rng).await;
    assert!(
        matches!(outcome, Err(StoreError::AccountExists)),
        "{outcome:?}"
    );
    repository.save().await.unwrap();

    let read = fixture.read().await.account(&first.aci).await.unwrap();
    assert_same_account(&read.unwrap(), &first);
}

pub async fn a_second_device_of_the_same_id_is_refused<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let account = fixture.added(&[1]).await;
    let mut second = device(2);
    second.id = DeviceId::PRIMARY;

    let mut repository = fixture.begin().await;
    let outcome = repository
        .add_device(&account.aci, &second, &mut fixture.rng)
        .await;
    assert!(
        matches!(outcome, Err(StoreError::DeviceExists)),
        "{outcome:?}"
    );
    repository.save().await.unwrap();

    let devices = fixture.read().await.devices(&account.aci).await.unwrap();
    assert_eq!(devices.len(), 1);
    assert_same_device(&devices[0], &device(1));
}

pub async fn a_device_needs_an_account<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let unknown = fixture.account();
    let mut repository = fixture.begin().await;
    let outcome = repository
        .add_device(&unknown.aci, &device(1), &mut fixture.rng)
        .await;
    assert!(
        matches!(outcome, Err(StoreError::AccountMissing)),
        "{outcome:?}"
    );
}

pub async fn a_refusal_does_not_spoil_the_transaction<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let known = fixture.added(&[1]).await;
    let new = fixture.account();
    let rng = &mut fixture.rng;

    let mut repository = fixture.database.begin(TEST).await.unwrap();
    repository.add_account(&known, rng).await.unwrap_err();
    repository
        .add_device(&known.aci, &device(1), rng)
        .await
        .unwrap_err();
    repository.add_account(&new, rng).await.unwrap();
    repository
        .add_device(&new.aci, &device(1), rng)
        .await
        .unwrap();
    repository.save().await.unwrap();

    let mut reader = fixture.read().await;
    let found = reader.account_with_device(&new.aci, DeviceId::PRIMARY);
    assert!(found.await.unwrap().is_some());
}

pub async fn nothing_lasts_without_save<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let account = fixture.added(&[1]).await;
    let dropped = fixture.account();

    let mut repository = fixture.begin().await;
    repository
        .add_account(&dropped, &mut fixture.rng)
        .await
        .unwrap();
    repository
        .add_device(&account.aci, &device(2), &mut fixture.rng)
        .await
        .unwrap();
    let device_use = seen(NOW.plus(DAY));
    let touched = repository.touch_device(
        &account.aci,
        DeviceId::PRIMARY,
        &device_use,
        &mut fixture.rng,
    );
    assert!(touched.await.unwrap());
    drop(repository);

    let mut reader = fixture.read().await;
    assert!(reader.account(&dropped.aci).await.unwrap().is_none());
    let devices = reader.devices(&account.aci).await.unwrap();
    assert_eq!(devices.len(), 1);
    assert_same_device(&devices[0], &device(1));
    drop(reader);

    // The same change succeeds again: the dropped transaction left nothing behind.
    let mut repository = fixture.begin().await;
    repository
        .add_account(&dropped, &mut fixture.rng)
        .await
        .unwrap();
    repository.save().await.unwrap();
}

pub async fn a_transaction_sees_its_own_changes<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let account = fixture.account();
    let mut repository = fixture.begin().await;
    repository
        .add_account(&account, &mut fixture.rng)
        .await
        .unwrap();
    let read = repository.account(&account.aci).await.unwrap();
    assert_same_account(&read.unwrap(), &account);
}

pub async fn a_sighting_is_stored_with_its_address_and_goes_back_only_after_a_wrong_clock<
    B: IssuerBackend,
>() {
    let mut fixture = Fixture::<B>::new().await;
    let account = fixture.added(&[1, 2]).await;
    let address = |byte| Some(AddressPseudonym::from_bytes([byte; 16]));
    let steps = [
        ("when it was added", NOW, address(2), false),
        (
            "a second later, from an unknown address",
            NOW.plus(1),
            None,
            true,
        ),
        (
            "the same second from somewhere",
            NOW.plus(1),
            address(2),
            true,
        ),
        (
            "the same second from elsewhere",
            NOW.plus(1),
            address(3),
            false,
        ),
        ("the second before", NOW, address(3), false),
        (
            "a year ahead, by a wrong clock",
            NOW.plus(365 * DAY),
            None,
            true,
        ),
        ("a week later", NOW.plus(7 * DAY), address(4), true),
    ];
    for (when, at, address, written) in steps {
        let mut repository = fixture.begin().await;
        let device_use = DeviceUse { at, address };
        let touched = repository.touch_device(
            &account.aci,
            DeviceId::PRIMARY,
            &device_use,
            &mut fixture.rng,
        );
        assert_eq!(touched.await.unwrap(), written, "{when}");
        repository.save().await.unwrap();
    }
    let devices = fixture.read().await.devices(&account.aci).await.unwrap();
    assert_eq!(devices[0].last_seen, NOW.plus(7 * DAY));
    assert_eq!(devices[0].last_address, address(4));
    assert_same_device(&devices[1], &device(2));
}

pub async fn touching_an_absent_device_does_nothing<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let account = fixture.added(&[]).await;
    let mut repository = fixture.begin().await;
    let device_use = seen(NOW.plus(DAY));
    let touched = repository.touch_device(
        &account.aci,
        DeviceId::PRIMARY,
        &device_use,
        &mut fixture.rng,
    );
    assert!(!touched.await.unwrap());
}

pub async fn times_beyond_the_column_are_refused<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let mut account = fixture.account();
    account.created = Timestamp::from_secs(u64::MAX);
    let mut repository = fixture.begin().await;
    let outcome = repository.add_account(&account, &mut fixture.rng).await;
    assert!(
        matches!(
            outcome,
            Err(StoreError::InvalidValue {
                table: "accounts",
                column: "created"
            })
        ),
        "{outcome:?}"
    );
}
