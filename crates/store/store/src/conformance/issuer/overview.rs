//! The operator's view, and the ends that an operator can make.

use std::num::NonZeroU32;

use anteroom_protocol::DAY;
use rand::{SeedableRng, rngs::StdRng};

use super::{Fixture, IssuerBackend, NOW, guest, login, session, tokens::hash};
use crate::{IssuerCounts, LockPolicy, LoginLock, LoginOrigin};

const POLICY: LockPolicy = LockPolicy {
    threshold: NonZeroU32::new(2).unwrap(),
    seconds: 600,
};

pub async fn a_lock_is_seen_from_all_origins_until_it_ends_or_is_cleared<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let account = fixture.added(&[]).await;
    let mut rng = StdRng::seed_from_u64(2);
    let login = login(account.aci, "ann@example.com");
    let mut repository = fixture.begin().await;
    repository.add_login(&login, &mut rng).await.unwrap();
    let none = LoginLock::default();
    let seen = repository.login_lock(&login.email, NOW, POLICY).await;
    assert_eq!(seen.unwrap(), none);
    for (network, times) in [(1, 2), (2, 3), (3, 1)] {
        for _ in 0..times {
            let origin = LoginOrigin::Network([network; 16]);
            repository
                .note_login_failure(&login.email, &origin, NOW, POLICY)
                .await
                .unwrap();
        }
    }
    for (now, expected) in [
        (
            NOW,
            LoginLock {
                failures: 5,
                locked_origins: 2,
                until: Some(NOW.plus(600)),
            },
        ),
        (NOW.plus(600), none),
    ] {
        let seen = repository.login_lock(&login.email, now, POLICY).await;
        assert_eq!(seen.unwrap(), expected);
    }
    repository
        .clear_login_failures(&login.email, None)
        .await
        .unwrap();
    let seen = repository.login_lock(&login.email, NOW, POLICY).await;
    assert_eq!(seen.unwrap(), none);
}

pub async fn the_sessions_of_an_account_are_listed_while_they_go_on<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let (ann, bob) = (fixture.added(&[1, 2]).await, fixture.added(&[1]).await);
    let mut repository = fixture.begin().await;
    let mut first = session(ann.aci, 1);
    first.created = NOW.minus(10);
    let mut second = session(ann.aci, 2);
    second.id = crate::SessionId::from_bytes([2; 16]);
    let mut other = session(bob.aci, 1);
    other.id = crate::SessionId::from_bytes([3; 16]);
    for (session, token) in [(&second, 2), (&first, 1), (&other, 3)] {
        repository.add_session(session, &hash(token)).await.unwrap();
    }
    let listed = repository.sessions(&ann.aci, NOW).await.unwrap();
    let devices: Vec<u32> = listed.iter().map(|it| it.device.as_u32()).collect();
    assert_eq!(devices, [1, 2]);
    assert_eq!(listed[0].created, first.created);
    let over = first.expires.max(second.expires);
    assert!(
        repository
            .sessions(&ann.aci, over)
            .await
            .unwrap()
            .is_empty()
    );
}

pub async fn invites_are_listed_and_cancelled_by_their_hash<B: IssuerBackend>() {
    let fixture = Fixture::<B>::new().await;
    let mut repository = fixture.begin().await;
    for (code, days) in [(7, 2), (8, 1)] {
        repository
            .add_invite(&hash(code), NOW, NOW.plus(days * DAY))
            .await
            .unwrap();
    }
    let names = |invites: &[crate::Invite]| -> Vec<String> {
        invites.iter().map(|it| it.name().to_string()).collect()
    };
    let (seven, eight) = ("0707070707070707", "0808080808080808");
    let listed = repository.invites(NOW).await.unwrap();
    assert_eq!(names(&listed), [eight, seven]);
    let listed = repository.invites(NOW.plus(DAY)).await.unwrap();
    assert_eq!(names(&listed), [seven]);
    assert!(repository.cancel_invite(&hash(7)).await.unwrap());
    assert!(!repository.cancel_invite(&hash(7)).await.unwrap());
    assert!(!repository.take_invite(&hash(7), NOW).await.unwrap());
    assert!(repository.take_invite(&hash(8), NOW).await.unwrap());
}

pub async fn rows_are_counted_that_count_now<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let mut reader = fixture.read().await;
    assert_eq!(reader.counts(NOW).await.unwrap(), IssuerCounts::default());
    assert_eq!(reader.last_device_use().await.unwrap(), None);
    drop(reader);
    let (ann, bob) = (fixture.added(&[1, 2]).await, fixture.added(&[1]).await);
    let mut rng = StdRng::seed_from_u64(2);
    let login = login(ann.aci, "ann@example.com");
    let origin = LoginOrigin::Network([1; 16]);
    let mut repository = fixture.begin().await;
    repository.add_login(&login, &mut rng).await.unwrap();
    repository.set_disabled(&bob.aci, true).await.unwrap();
    let guest = guest(&mut rng);
    repository.add_account(&guest, &mut rng).await.unwrap();
    let session = session(ann.aci, 1);
    repository.add_session(&session, &hash(1)).await.unwrap();
    repository
        .add_invite(&hash(7), NOW, NOW.plus(1))
        .await
        .unwrap();
    for _ in 0..2 {
        repository
            .note_login_failure(&login.email, &origin, NOW, POLICY)
            .await
            .unwrap();
    }
    let now = IssuerCounts {
        accounts: 3,
        disabled_accounts: 1,
        guest_accounts: 1,
        devices: 3,
        sessions: 1,
        sign_ups: 0,
        invites: 1,
        locked_addresses: 1,
    };
    assert_eq!(repository.counts(NOW).await.unwrap(), now);
    let later = IssuerCounts {
        sessions: 0,
        invites: 0,
        locked_addresses: 0,
        ..now
    };
    let over = session.expires.max(NOW.plus(600));
    assert_eq!(repository.counts(over).await.unwrap(), later);
    let seen = repository.last_device_use().await.unwrap();
    assert!(seen.is_some());
}
