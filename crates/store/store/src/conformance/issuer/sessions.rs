//! Sessions, their refresh tokens, and the purge of expired rows.

use anteroom_protocol::{DAY, Timestamp};

use super::{
    Fixture, IssuerBackend, NOW, TEST, assert_same_account, assert_same_device,
    concurrency::in_parallel, device, session,
};
use crate::{DeviceId, IssuerRepository, RotateOutcome, StoreError, TokenHash};

const SHORT: Timestamp = NOW.plus(7 * DAY);

const LONG: Timestamp = NOW.plus(30 * DAY);

fn hash(byte: u8) -> TokenHash {
    TokenHash::from_bytes([byte; 32])
}

pub(super) async fn rotate(
    repository: &mut dyn IssuerRepository,
    used: u8,
    next: u8,
    now: Timestamp,
) -> RotateOutcome {
    repository
        .rotate_refresh_token(&hash(used), &hash(next), now, (SHORT, LONG), 10)
        .await
        .unwrap()
}

pub async fn a_session_is_found_with_its_account_and_device<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let account = fixture.added(&[1, 2]).await;
    let two = session(account.aci, 2);
    let mut repository = fixture.begin().await;
    repository.add_session(&two, &hash(1)).await.unwrap();
    let mut absent = session(account.aci, 3);
    absent.id = crate::SessionId::from_bytes([8; 16]);
    let refused = repository.add_session(&absent, &hash(2)).await;
    assert!(
        matches!(refused, Err(StoreError::DeviceMissing)),
        "{refused:?}"
    );
    repository.save().await.unwrap();

    let mut reader = fixture.read().await;
    let found = reader.session_caller(&two.id).await.unwrap().unwrap();
    assert_same_account(&found.account, &account);
    assert_same_device(&found.device, &device(2));
    assert_eq!(found.session.id, two.id);
    assert_eq!(found.session.aci, account.aci);
    assert_eq!(found.session.device, two.device);
    assert_eq!(found.session.created, two.created);
    assert_eq!(found.session.expires, two.expires);
    assert!(!found.session.remember);
    assert!(reader.session_caller(&absent.id).await.unwrap().is_none());
}

pub async fn a_session_goes_on_from_token_to_token<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let account = fixture.added(&[1]).await;
    for remember in [false, true] {
        let mut added = session(account.aci, 1);
        added.id = crate::SessionId::from_bytes([u8::from(remember); 16]);
        added.remember = remember;
        let mut repository = fixture.begin().await;
        let first = if remember { 100 } else { 1 };
        repository.add_session(&added, &hash(first)).await.unwrap();
        for n in first..first + 3 {
            let rotated = rotate(&mut *repository, n, n + 1, NOW).await;
            let RotateOutcome::Rotated(session) = rotated else {
                panic!("{rotated:?}");
            };
            assert_eq!(session.id, added.id);
            assert_eq!(session.aci, account.aci);
            assert_eq!(session.expires, if remember { LONG } else { SHORT });
        }
        repository.save().await.unwrap();
        let mut reader = fixture.read().await;
        let found = reader.session_caller(&added.id).await.unwrap().unwrap();
        assert_eq!(found.session.expires, if remember { LONG } else { SHORT });
    }
}

pub async fn a_token_that_is_used_again_later_ends_the_session<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let account = fixture.added(&[1]).await;
    let added = session(account.aci, 1);
    let mut repository = fixture.begin().await;
    repository.add_session(&added, &hash(1)).await.unwrap();
    rotate(&mut *repository, 1, 2, NOW).await;
    rotate(&mut *repository, 2, 3, NOW).await;
    // A repetition within the grace period, with the same successor, changes nothing.
    for now in [NOW, NOW.plus(10), NOW.minus(10)] {
        let repeated = rotate(&mut *repository, 1, 2, now).await;
        let RotateOutcome::Repeated(session, used) = repeated else {
            panic!("{repeated:?}");
        };
        assert_eq!((session.id, used), (added.id, NOW));
    }
    let known = repository.known_device(&hash(3)).await.unwrap();
    assert_eq!(known, Some((account.aci, DeviceId::PRIMARY)));
    repository.save().await.unwrap();

    // A repetition ends the session when it is later, when the clock was set back further, or with
    // another successor.
    for (next, now) in [(2, NOW.plus(11)), (2, NOW.minus(11)), (4, NOW)] {
        let mut repository = fixture.begin().await;
        let reused = rotate(&mut *repository, 1, next, now).await;
        let RotateOutcome::Reused(ended) = reused else {
            panic!("{reused:?}");
        };
        assert_eq!(ended.id, added.id);
        let found = repository.session_caller(&added.id).await.unwrap();
        assert!(found.is_none());
        for n in 1..=4 {
            assert!(repository.known_device(&hash(n)).await.unwrap().is_none());
            let outcome = rotate(&mut *repository, n, 9, NOW).await;
            assert!(matches!(outcome, RotateOutcome::Unknown), "{outcome:?}");
        }
    }
}

pub async fn a_device_is_known_by_its_last_token<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let account = fixture.added(&[1, 2]).await;
    let mut repository = fixture.begin().await;
    let mut first = session(account.aci, 1);
    let mut second = session(account.aci, 2);
    first.id = crate::SessionId::from_bytes([1; 16]);
    second.id = crate::SessionId::from_bytes([2; 16]);
    repository.add_session(&first, &hash(1)).await.unwrap();
    repository.add_session(&second, &hash(2)).await.unwrap();
    rotate(&mut *repository, 1, 3, NOW).await;
    // The devices stay known after the sessions have ended.
    repository.end_sessions(&account.aci).await.unwrap();
    let id = |number| DeviceId::new(number).unwrap();
    for (token, device) in [(1, None), (2, Some(2)), (3, Some(1)), (4, None)] {
        let known = repository.known_device(&hash(token)).await.unwrap();
        let expected = device.map(|number| (account.aci, id(number)));
        assert_eq!(known, expected, "{token}");
    }
    repository
        .delete_device(&account.aci, id(2), NOW)
        .await
        .unwrap();
    assert_eq!(repository.known_device(&hash(2)).await.unwrap(), None);
}

pub async fn a_token_of_a_session_that_is_over_is_expired<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let account = fixture.added(&[1]).await;
    let added = session(account.aci, 1);
    let mut repository = fixture.begin().await;
    repository.add_session(&added, &hash(1)).await.unwrap();
    let outcome = rotate(&mut *repository, 1, 2, added.expires).await;
    assert!(matches!(outcome, RotateOutcome::Expired), "{outcome:?}");
    let outcome = rotate(&mut *repository, 1, 2, added.expires.minus(1)).await;
    assert!(matches!(outcome, RotateOutcome::Rotated(_)), "{outcome:?}");
    let outcome = rotate(&mut *repository, 7, 8, NOW).await;
    assert!(matches!(outcome, RotateOutcome::Unknown), "{outcome:?}");
}

pub async fn of_parallel_uses_of_a_refresh_token_one_rotates_it<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let account = fixture.added(&[1]).await;
    let added = session(account.aci, 1);
    let mut repository = fixture.begin().await;
    repository.add_session(&added, &hash(0)).await.unwrap();
    repository.save().await.unwrap();
    let outcomes = in_parallel(&fixture, move |database, _| async move {
        let mut repository = database.begin(TEST).await.unwrap();
        let outcome = rotate(&mut *repository, 0, 1, NOW).await;
        repository.save().await.unwrap();
        outcome
    })
    .await;
    let rotated = |outcome: &&RotateOutcome| matches!(outcome, RotateOutcome::Rotated(_));
    let repeated = |outcome: &&RotateOutcome| matches!(outcome, RotateOutcome::Repeated(..));
    assert_eq!(outcomes.iter().filter(rotated).count(), 1);
    assert_eq!(outcomes.iter().filter(repeated).count(), outcomes.len() - 1);
    let found = fixture
        .read()
        .await
        .session_caller(&added.id)
        .await
        .unwrap();
    assert!(found.is_some());
}

pub async fn sessions_end_alone_by_token_or_together<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let (ann, bob) = (fixture.added(&[1, 2]).await, fixture.added(&[1]).await);
    let mut repository = fixture.begin().await;
    let mut sessions = Vec::new();
    for (n, (aci, device)) in [
        (ann.aci, 1),
        (ann.aci, 1),
        (ann.aci, 2),
        (ann.aci, 2),
        (ann.aci, 1),
        (bob.aci, 1),
    ]
    .into_iter()
    .enumerate()
    {
        let n = u8::try_from(n).unwrap();
        let mut added = session(aci, device);
        added.id = crate::SessionId::from_bytes([n; 16]);
        repository.add_session(&added, &hash(n)).await.unwrap();
        sessions.push(added.id);
    }
    // Ends session 0 by its id, 1 by its token, 2 and 3 with their device, 4 with the others of the
    // account.
    assert!(repository.end_session(&sessions[0]).await.unwrap());
    assert!(!repository.end_session(&sessions[0]).await.unwrap());
    rotate(&mut *repository, 1, 101, NOW).await;
    let ended = repository.end_session_of(&hash(1)).await.unwrap().unwrap();
    assert_eq!(ended.id, sessions[1]);
    assert!(
        repository
            .end_session_of(&hash(101))
            .await
            .unwrap()
            .is_none()
    );
    let two = DeviceId::new(2).unwrap();
    let deleted = repository.delete_device(&ann.aci, two, NOW).await;
    assert!(deleted.unwrap());
    assert!(
        repository
            .session_caller(&sessions[2])
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        repository
            .session_caller(&sessions[4])
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(repository.end_sessions(&ann.aci).await.unwrap(), 1);
    assert_eq!(repository.end_sessions(&ann.aci).await.unwrap(), 0);
    for (n, id) in sessions.iter().enumerate() {
        let found = repository.session_caller(id).await.unwrap();
        assert_eq!(found.is_some(), n == 5, "{n}");
    }
}
