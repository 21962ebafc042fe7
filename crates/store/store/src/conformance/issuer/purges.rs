//! The deletion of rows past their end.

use anteroom_protocol::DAY;
use rand::{SeedableRng, rngs::StdRng};

use super::{Fixture, IssuerBackend, NOW, seen, session, sessions::rotate};
use crate::{
    DeviceId, Email, LockPolicy, LoginOrigin, PendingSignUp, RotateOutcome, StoredLifetimes,
    TokenHash,
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
        repository.purge_stale_devices(NOW, 10, NOW).await.unwrap(),
        []
    );
    let mut purged = Vec::new();
    loop {
        let batch = repository
            .purge_stale_devices(NOW.plus(1), 1, NOW)
            .await
            .unwrap();
        if batch.is_empty() {
            break;
        }
        assert_eq!(batch.len(), 1);
        purged.extend(batch);
    }
    purged.sort_by_key(|(_, id)| *id);
    let id = |number| DeviceId::new(number).unwrap();
    assert_eq!(purged, [(ann.aci, id(1)), (ann.aci, id(2))]);
    assert!(repository.account(&ann.aci).await.unwrap().is_some());
    assert_eq!(repository.devices(&bob.aci).await.unwrap().len(), 1);
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
