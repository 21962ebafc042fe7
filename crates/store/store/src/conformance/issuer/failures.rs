//! Failed logins, and the locks that follow from them.

use anteroom_protocol::{Aci, DAY};

use super::{Fixture, IssuerBackend, NOW, concurrency::in_parallel};
use crate::{DeviceId, Email, LockPolicy, LoginFailures, LoginOrigin};

const POLICY: LockPolicy = LockPolicy {
    threshold: std::num::NonZeroU32::new(5).unwrap(),
    seconds: 900,
};

const HOME: LoginOrigin = LoginOrigin::Network([1; 16]);

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

pub async fn failures_count_up_to_the_lock_and_expire<B: IssuerBackend>() {
    let fixture = Fixture::<B>::new().await;
    let ann = email("ann@example.com");
    let mut repository = fixture.begin().await;
    let none = LoginFailures::default();
    assert_eq!(
        repository
            .login_failures(&ann, &HOME, NOW, POLICY)
            .await
            .unwrap(),
        none
    );
    for count in 1..=4 {
        let now = NOW.plus(u64::from(count));
        let noted = repository
            .note_login_failure(&ann, &HOME, now, POLICY)
            .await
            .unwrap();
        let expected = LoginFailures {
            count,
            ..LoginFailures::default()
        };
        assert_eq!(noted, expected);
        assert_eq!(
            repository
                .login_failures(&ann, &HOME, now, POLICY)
                .await
                .unwrap(),
            expected
        );
    }
    // The count restarts after an old failure.
    let later = NOW.plus(4 + 900);
    assert_eq!(
        repository
            .login_failures(&ann, &HOME, later, POLICY)
            .await
            .unwrap(),
        none
    );
    for count in 1..=5 {
        let noted = repository
            .note_login_failure(&ann, &HOME, later, POLICY)
            .await
            .unwrap();
        assert_eq!(noted.count, count);
        assert_eq!(noted.is_locked(later), count == 5);
    }
    // While the address is locked, neither the count nor the end of the lock changes.
    let end = later.plus(900);
    for now in [later, end.minus(1)] {
        let noted = repository
            .note_login_failure(&ann, &HOME, now, POLICY)
            .await
            .unwrap();
        assert_eq!((noted.count, noted.locked_until), (5, Some(end)));
    }
    assert_eq!(
        repository
            .login_failures(&ann, &HOME, end, POLICY)
            .await
            .unwrap(),
        none
    );
    let again = repository
        .note_login_failure(&ann, &HOME, end, POLICY)
        .await
        .unwrap();
    assert_eq!((again.count, again.locked_until), (1, None));
    repository
        .clear_login_failures(&ann, Some(&HOME))
        .await
        .unwrap();
    assert_eq!(
        repository
            .login_failures(&ann, &HOME, end, POLICY)
            .await
            .unwrap(),
        none
    );
    repository
        .clear_login_failures(&ann, Some(&HOME))
        .await
        .unwrap();

    // A threshold of one locks at once.
    let strict = LockPolicy {
        threshold: std::num::NonZeroU32::MIN,
        ..POLICY
    };
    let noted = repository
        .note_login_failure(&ann, &HOME, NOW, strict)
        .await
        .unwrap();
    assert!(noted.is_locked(NOW));
    let other = email("bob@example.com");
    assert_eq!(
        repository
            .login_failures(&other, &HOME, NOW, POLICY)
            .await
            .unwrap(),
        none
    );
}

pub async fn failures_are_counted_for_each_origin_of_an_address<B: IssuerBackend>() {
    let fixture = Fixture::<B>::new().await;
    let (ann, bob) = (email("ann@example.com"), email("bob@example.com"));
    let device = LoginOrigin::KnownDevice(Aci::from_bytes([1; 16]), DeviceId::PRIMARY);
    let afar = LoginOrigin::Network([2; 16]);
    let mut repository = fixture.begin().await;
    for (origin, times) in [(HOME, 1), (afar, 2), (device, 5)] {
        for _ in 0..times {
            repository
                .note_login_failure(&ann, &origin, NOW, POLICY)
                .await
                .unwrap();
        }
    }
    for (address, origin, count, elsewhere) in [
        (&ann, HOME, 1, 7),
        (&ann, afar, 2, 6),
        (&ann, device, 5, 3),
        (&ann, LoginOrigin::Network([3; 16]), 0, 8),
        (&bob, HOME, 0, 0),
    ] {
        let found = repository
            .login_failures(address, &origin, NOW, POLICY)
            .await
            .unwrap();
        assert_eq!((found.count, found.elsewhere), (count, elsewhere));
        assert_eq!(found.is_locked(NOW), count == 5);
    }
    repository
        .clear_login_failures(&ann, Some(&device))
        .await
        .unwrap();
    let found = repository
        .login_failures(&ann, &HOME, NOW, POLICY)
        .await
        .unwrap();
    assert_eq!((found.count, found.elsewhere), (1, 2));
    repository.clear_login_failures(&ann, None).await.unwrap();
    let none = LoginFailures::default();
    for origin in [HOME, afar, device] {
        let found = repository
            .login_failures(&ann, &origin, NOW, POLICY)
            .await
            .unwrap();
        assert_eq!(found, none);
    }
}

pub async fn a_lock_that_a_clock_ahead_has_set_ends_with_the_policy<B: IssuerBackend>() {
    let fixture = Fixture::<B>::new().await;
    let ann = email("ann@example.com");
    let ahead = NOW.plus(30 * DAY);
    let afar = LoginOrigin::Network([2; 16]);
    let mut repository = fixture.begin().await;
    for _ in 0..5 {
        repository
            .note_login_failure(&ann, &HOME, ahead, POLICY)
            .await
            .unwrap();
    }
    for (origin, is_locked) in [(HOME, true), (afar, false)] {
        let found = repository
            .login_failures(&ann, &origin, NOW, POLICY)
            .await
            .unwrap();
        assert!(found.overlong);
        assert_eq!(found.locked_until, is_locked.then(|| NOW.plus(900)));
    }
    repository
        .trim_login_failures(&ann, NOW, POLICY)
        .await
        .unwrap();
    for (after, is_locked) in [(0, true), (899, true), (900, false)] {
        let now = NOW.plus(after);
        let found = repository
            .login_failures(&ann, &HOME, now, POLICY)
            .await
            .unwrap();
        assert!(!found.overlong);
        assert_eq!(found.is_locked(now), is_locked, "{after}");
    }
}

pub async fn of_parallel_failures_none_is_lost<B: IssuerBackend>() {
    let fixture = Fixture::<B>::new().await;
    let policy = LockPolicy {
        threshold: std::num::NonZeroU32::new(1_000).unwrap(),
        ..POLICY
    };
    let mut counts: Vec<u32> = in_parallel(&fixture, move |database, _| async move {
        let mut repository = database.begin(super::TEST).await.unwrap();
        let ann = email("ann@example.com");
        let noted = repository
            .note_login_failure(&ann, &HOME, NOW, policy)
            .await
            .unwrap();
        repository.save().await.unwrap();
        noted.count
    })
    .await;
    counts.sort_unstable();
    let expected: Vec<_> = (1..).take(counts.len()).collect();
    assert_eq!(counts, expected);
}
