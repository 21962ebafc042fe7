//! The deletion of rows past their end.

use anteroom_protocol::{Aci, DAY, Timestamp};
use rand::{SeedableRng, rngs::StdRng};

use super::{
    Fixture, IssuerBackend, NOW, TEST, assert_same_account, device, guest, seen, session,
    sessions::rotate,
};
use crate::{
    BlindIndex, DeviceId, DevicePosition, Email, IssuerRepository, LockPolicy, LoginOrigin,
    PendingSignUp, PurgedDevices, RotateOutcome, StoredLifetimes, TokenHash,
};

/// Lifetimes that are too long to trim anything.
const LIFETIMES: StoredLifetimes = StoredLifetimes {
    lock: 900,
    session: 365 * DAY,
    remembered_session: 365 * DAY,
    sign_up: 365 * DAY,
    reset: 365 * DAY,
};

fn hash(byte: u8) -> TokenHash {
    TokenHash::from_bytes([byte; 32])
}

/// Returns the unused guests, sorted.
async fn found(repository: &mut dyn IssuerRepository, before: Timestamp, most: u32) -> Vec<Aci> {
    let page = repository.unused_guests(before, None, most).await.unwrap();
    assert_eq!(
        (page.damaged, page.last.is_some()),
        (0, !page.guests.is_empty())
    );
    let mut found = page.guests;
    found.sort_by_key(|aci| *aci.as_bytes());
    found
}

pub async fn guests_that_were_not_seen_for_long_are_found_in_batches<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    // A regular account with an old device is never a guest.
    fixture.added(&[1]).await;
    let rng = &mut fixture.rng;
    let [seen_lately, unseen, without_device] = [(); 3].map(|()| guest(rng));
    let mut repository = fixture.database.begin(TEST).await.unwrap();
    for guest in [&seen_lately, &unseen, &without_device] {
        repository.add_account(guest, rng).await.unwrap();
        let stored = repository.account(&guest.aci).await.unwrap().unwrap();
        assert_same_account(&stored, guest);
    }
    for (guest, numbers) in [(&seen_lately, 1..=2), (&unseen, 1..=1)] {
        for number in numbers {
            let device = device(number);
            repository
                .add_device(&guest.aci, &device, rng)
                .await
                .unwrap();
        }
    }
    let second = DeviceId::new(2).unwrap();
    repository
        .touch_device(&seen_lately.aci, second, &seen(NOW.plus(DAY)), rng)
        .await
        .unwrap();
    let sorted = |mut guests: Vec<Aci>| {
        guests.sort_by_key(|aci| *aci.as_bytes());
        guests
    };
    let repository = &mut *repository;
    assert_eq!(found(repository, NOW, 10).await, [without_device.aci]);
    assert_eq!(
        found(repository, NOW.plus(DAY), 10).await,
        sorted(vec![unseen.aci, without_device.aci])
    );
    assert_eq!(found(repository, NOW.plus(DAY), 1).await.len(), 1);
    assert_eq!(
        found(repository, NOW.plus(DAY + 1), 10).await,
        sorted(vec![seen_lately.aci, unseen.aci, without_device.aci])
    );
    let (mut paged, mut last) = (Vec::new(), None);
    for expected in [1, 1, 1, 0] {
        let after: Option<BlindIndex> = last;
        let page = repository
            .unused_guests(NOW.plus(DAY + 1), after.as_ref(), 1)
            .await
            .unwrap();
        assert_eq!(page.guests.len(), expected);
        paged.extend(page.guests);
        last = page.last;
    }
    assert_eq!((sorted(paged).len(), last.is_none()), (3, true));
    for guest in found(repository, NOW.plus(DAY), 10).await {
        assert!(repository.delete_account(&guest).await.unwrap());
    }
    assert!(repository.devices(&unseen.aci).await.unwrap().is_empty());
    assert!(found(repository, NOW.plus(DAY), 10).await.is_empty());
}

pub async fn a_guest_whose_row_is_damaged_keeps_no_other_from_being_found<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let rng = &mut fixture.rng;
    let [damaged, sound] = [(); 2].map(|()| guest(rng));
    let mut repository = fixture.database.begin(TEST).await.unwrap();
    for guest in [&damaged, &sound] {
        repository.add_account(guest, rng).await.unwrap();
    }
    repository.save().await.unwrap();
    fixture.backend.flip("accounts", "aci").await;
    let mut repository = fixture.begin().await;
    let page = repository.unused_guests(NOW, None, 10).await.unwrap();
    assert_eq!((page.guests, page.damaged), (vec![sound.aci], 1));
}

pub async fn devices_that_were_not_seen_for_long_are_purged_in_batches<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let (ann, bob) = (fixture.added(&[1, 2]).await, fixture.added(&[1]).await);
    let mut repository = fixture.begin().await;
    repository
        .touch_device(
            &bob.aci,
            DeviceId::PRIMARY,
            &seen(NOW.plus(DAY)),
            &mut fixture.rng,
        )
        .await
        .unwrap();
    assert_eq!(
        repository
            .purge_stale_devices(NOW, None, 10, NOW)
            .await
            .unwrap(),
        PurgedDevices::default()
    );
    let (mut purged, mut last) = (Vec::new(), None);
    for expected in [1, 1, 0] {
        let after: Option<DevicePosition> = last;
        let page = repository
            .purge_stale_devices(NOW.plus(1), after.as_ref(), 1, NOW)
            .await
            .unwrap();
        assert_eq!((page.devices.len(), page.damaged), (expected, 0));
        purged.extend(page.devices);
        last = page.last;
    }
    assert_eq!(last, None);
    purged.sort_by_key(|(_, id)| *id);
    let id = |number| DeviceId::new(number).unwrap();
    assert_eq!(purged, [(ann.aci, id(1)), (ann.aci, id(2))]);
    assert!(repository.account(&ann.aci).await.unwrap().is_some());
    assert_eq!(repository.devices(&bob.aci).await.unwrap().len(), 1);
    assert_eq!(repository.device_ids(&bob.aci).await.unwrap(), [id(1)]);
}

pub async fn what_is_over_is_purged_and_nothing_else<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let account = fixture.added(&[1]).await;
    let added = session(account.aci, 1);
    let end = added.expires;
    let policy = LockPolicy {
        threshold: std::num::NonZeroU32::MIN,
        seconds: 900,
    };
    let email = Email::parse("ann@example.com").unwrap();
    let sign_up = PendingSignUp {
        token: hash(6),
        aci: account.aci,
        verifier: super::verifier("$password"),
        expires: end,
    };
    let mut repository = fixture.begin().await;
    repository.add_session(&added, &hash(1)).await.unwrap();
    repository
        .add_reset_token(&hash(2), &account.aci, end)
        .await
        .unwrap();
    let mut rng = StdRng::seed_from_u64(2);
    repository.add_sign_up(&sign_up, &mut rng).await.unwrap();
    repository.add_invite(&hash(3), NOW, end).await.unwrap();
    let failed = end.minus(900);
    repository
        .note_login_failure(&email, &LoginOrigin::Network([1; 16]), failed, policy)
        .await
        .unwrap();
    assert_eq!(
        repository
            .purge_expired(end.minus(1), &LIFETIMES)
            .await
            .unwrap(),
        0
    );
    assert_eq!(repository.purge_expired(end, &LIFETIMES).await.unwrap(), 5);
    assert_eq!(repository.purge_expired(end, &LIFETIMES).await.unwrap(), 0);
    // Tokens of an active session that were used long ago.
    repository
        .add_session(&session(account.aci, 1), &hash(4))
        .await
        .unwrap();
    let later = NOW.plus(30 * DAY);
    repository
        .rotate_refresh_token(
            &hash(4),
            &hash(5),
            NOW,
            (later.plus(DAY), later.plus(DAY)),
            10,
        )
        .await
        .unwrap();
    assert_eq!(
        repository
            .purge_expired(later.minus(1), &LIFETIMES)
            .await
            .unwrap(),
        0
    );
    assert_eq!(
        repository.purge_expired(later, &LIFETIMES).await.unwrap(),
        1
    );
    let outcome = rotate(&mut *repository, 4, 9, later).await;
    assert!(matches!(outcome, RotateOutcome::Unknown), "{outcome:?}");
}

pub async fn what_a_clock_ahead_has_stored_does_not_outlast_its_policy<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let account = fixture.added(&[1]).await;
    let ahead = NOW.plus(300 * DAY);
    let lifetimes = StoredLifetimes {
        lock: 900,
        session: 7 * DAY,
        remembered_session: 30 * DAY,
        sign_up: DAY,
        reset: 3_600,
    };
    let policy = LockPolicy {
        threshold: std::num::NonZeroU32::MIN,
        seconds: 900,
    };
    let email = Email::parse("ann@example.com").unwrap();
    let origin = LoginOrigin::Network([1; 16]);
    let mut repository = fixture.begin().await;
    for remember in [false, true] {
        let mut added = session(account.aci, 1);
        added.id = crate::SessionId::from_bytes([u8::from(remember); 16]);
        added.remember = remember;
        added.expires = ahead;
        let token = hash(u8::from(remember));
        repository.add_session(&added, &token).await.unwrap();
    }
    repository
        .add_reset_token(&hash(2), &account.aci, ahead)
        .await
        .unwrap();
    let sign_up = PendingSignUp {
        token: hash(6),
        aci: account.aci,
        verifier: super::verifier("$password"),
        expires: ahead,
    };
    let mut rng = StdRng::seed_from_u64(2);
    repository.add_sign_up(&sign_up, &mut rng).await.unwrap();
    repository
        .note_login_failure(&email, &origin, ahead, policy)
        .await
        .unwrap();
    let mut gone = 0;
    for (after, expected) in [
        (0, 0),
        (899, 0),
        (900, 1),
        (3_600, 2),
        (DAY, 3),
        (7 * DAY, 4),
        (30 * DAY, 5),
    ] {
        let now = NOW.plus(after);
        gone += repository.purge_expired(now, &lifetimes).await.unwrap();
        assert_eq!(gone, expected, "{after}");
    }
}
