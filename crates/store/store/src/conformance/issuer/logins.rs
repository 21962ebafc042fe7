//! Logins, failures, identities, and the administration of accounts.

use anteroom_protocol::{Aci, DAY};
use rand::{SeedableRng, rngs::StdRng};

use super::{
    Fixture, IssuerBackend, NOW, assert_same_account,
    concurrency::in_parallel,
    device, login,
    tokens::{hash, pending},
    verifier,
};
use crate::{
    AccountRole, ConfirmOutcome, DeviceId, DeviceName, Email, IdentityLink, IdentityName,
    LockPolicy, LoginFailures, LoginOrigin, StoreError,
};

const POLICY: LockPolicy = LockPolicy {
    threshold: std::num::NonZeroU32::new(5).unwrap(),
    seconds: 900,
};

const HOME: LoginOrigin = LoginOrigin::Network([1; 16]);

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

pub async fn a_login_is_read_back<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let account = fixture.added(&[]).await;
    let login = login(account.aci, "ann@example.com");
    let mut repository = fixture.begin().await;
    repository
        .add_login(&login, &mut fixture.rng)
        .await
        .unwrap();
    repository.save().await.unwrap();

    let mut reader = fixture.read().await;
    let by_account = reader.login(&account.aci).await.unwrap().unwrap();
    let (by_email, found) = reader.login_by_email(&login.email).await.unwrap().unwrap();
    assert_same_account(&found, &account);
    for read in [by_account, by_email] {
        assert_eq!(read.aci, account.aci);
        assert_eq!(read.email, login.email);
        assert_eq!(read.verifier.as_str(), login.verifier.as_str());
        assert!(!read.verified);
        assert_eq!(read.created, NOW);
    }
    let absent = email("bob@example.com");
    assert!(reader.login_by_email(&absent).await.unwrap().is_none());
}

pub async fn an_address_and_an_account_have_one_login<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let (ann, bob) = (fixture.added(&[]).await, fixture.added(&[]).await);
    let absent = fixture.account();
    let mut rng = StdRng::seed_from_u64(2);
    let mut repository = fixture.begin().await;
    let added = login(ann.aci, "ann@example.com");
    repository.add_login(&added, &mut rng).await.unwrap();
    let taken = login(bob.aci, "ann@example.com");
    let refused = repository.add_login(&taken, &mut rng).await;
    assert!(
        matches!(refused, Err(StoreError::EmailTaken)),
        "{refused:?}"
    );
    let second = login(ann.aci, "second@example.com");
    let refused = repository.add_login(&second, &mut rng).await;
    assert!(
        matches!(refused, Err(StoreError::LoginExists)),
        "{refused:?}"
    );
    let nobodys = login(absent.aci, "nobody@example.com");
    let refused = repository.add_login(&nobodys, &mut rng).await;
    assert!(
        matches!(refused, Err(StoreError::AccountMissing)),
        "{refused:?}"
    );
    // The errors did not end the transaction.
    let free = login(bob.aci, "bob@example.com");
    repository.add_login(&free, &mut rng).await.unwrap();
    repository.save().await.unwrap();
}

pub async fn passwords_change_and_addresses_are_confirmed<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let (ann, bob) = (fixture.added(&[]).await, fixture.added(&[]).await);
    let mut rng = StdRng::seed_from_u64(2);
    let mut repository = fixture.begin().await;
    repository
        .add_login(&login(ann.aci, "ann@example.com"), &mut rng)
        .await
        .unwrap();
    let other = verifier("$other");
    assert!(
        repository
            .set_verifier(&ann.aci, &other, &mut rng)
            .await
            .unwrap()
    );
    assert!(repository.set_verified(&ann.aci).await.unwrap());
    assert!(
        !repository
            .set_verifier(&bob.aci, &other, &mut rng)
            .await
            .unwrap()
    );
    assert!(!repository.set_verified(&bob.aci).await.unwrap());
    repository.save().await.unwrap();
    let read = fixture.read().await.login(&ann.aci).await.unwrap().unwrap();
    assert_eq!(read.verifier.as_str(), "$other");
    assert!(read.verified);
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

pub async fn an_address_in_the_spelling_of_an_older_version_is_the_same<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let (ann, bob) = (fixture.added(&[]).await, fixture.added(&[]).await);
    let older = email("иван@пример.рф").older_spelling().unwrap();
    let mut rng = StdRng::seed_from_u64(3);
    let mut row = login(ann.aci, "ann@example.com");
    row.email = older;
    let mut repository = fixture.begin().await;
    repository.add_login(&row, &mut rng).await.unwrap();
    for text in ["иван@пример.рф", "иван@xn--e1afmkfd.xn--p1ai"] {
        let found = repository.login_by_email(&email(text)).await.unwrap();
        let (found, _) = found.unwrap();
        assert_eq!(found.aci, ann.aci);
        assert_eq!(found.email.as_str(), "иван@xn--e1afmkfd.xn--p1ai");
    }
    let other = login(bob.aci, "иван@пример.рф");
    let taken = repository.add_login(&other, &mut rng).await;
    assert!(matches!(taken, Err(StoreError::EmailTaken)), "{taken:?}");
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

pub async fn somebody_vouched_for_is_a_device_of_an_account<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let account = fixture.added(&[1, 2]).await;
    let name = |issuer: &str, subject: &str| IdentityName {
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
    };
    let ann = name("https://login.example", "ann");
    let two = DeviceId::new(2).unwrap();
    let mut rng = StdRng::seed_from_u64(2);
    let mut repository = fixture.begin().await;
    repository
        .add_identity(&ann, &account.aci, two, &mut rng)
        .await
        .unwrap();
    let refused = repository
        .add_identity(&ann, &account.aci, DeviceId::PRIMARY, &mut rng)
        .await;
    assert!(
        matches!(refused, Err(StoreError::IdentityExists)),
        "{refused:?}"
    );
    let refused = repository
        .add_identity(
            &name("x", "y"),
            &account.aci,
            DeviceId::new(3).unwrap(),
            &mut rng,
        )
        .await;
    assert!(
        matches!(refused, Err(StoreError::DeviceMissing)),
        "{refused:?}"
    );
    repository.save().await.unwrap();

    let mut reader = fixture.read().await;
    let found = reader.identity(&ann).await.unwrap();
    let link = IdentityLink {
        aci: account.aci,
        device: Some(two),
        ended: None,
    };
    assert_eq!(found, Some(link));
    // The boundary between the two parts is significant.
    for other in [
        name("https://login.example", "bob"),
        name("https://login.examplea", "nn"),
    ] {
        assert_eq!(reader.identity(&other).await.unwrap(), None);
    }
    drop(reader);
    let mut repository = fixture.begin().await;
    let deleted = repository.delete_device(&account.aci, two, NOW).await;
    assert!(deleted.unwrap());
    let gone = IdentityLink {
        device: None,
        ended: Some(NOW),
        ..link
    };
    assert_eq!(repository.identity(&ann).await.unwrap(), Some(gone));
    for (issued, is_accepted) in [
        (None, false),
        (Some(NOW.minus(1)), false),
        (Some(NOW), false),
        (Some(NOW.plus(1)), true),
    ] {
        assert_eq!(gone.accepts(issued), is_accepted);
        assert!(link.accepts(issued));
    }
    let nobody = name("https://login.example", "bob");
    let one = DeviceId::PRIMARY;
    for (name, is_there) in [(&ann, true), (&nobody, false)] {
        let set = repository.set_identity_device(name, one).await;
        assert_eq!(set.unwrap(), is_there);
    }
    let again = IdentityLink {
        device: Some(one),
        ..gone
    };
    assert_eq!(repository.identity(&ann).await.unwrap(), Some(again));
}

pub async fn administrators_see_and_change_accounts<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let mut accounts = Vec::new();
    for devices in [&[][..], &[1], &[1, 2, 5]] {
        accounts.push(fixture.added(devices).await);
    }
    let absent = fixture.account();
    let mut rng = StdRng::seed_from_u64(2);
    let mut repository = fixture.begin().await;
    let ann = &accounts[1];
    repository
        .add_login(&login(ann.aci, "ann@example.com"), &mut rng)
        .await
        .unwrap();
    repository.set_verified(&ann.aci).await.unwrap();
    let role = AccountRole::Administrator;
    for (aci, is_there) in [(ann.aci, true), (absent.aci, false)] {
        assert_eq!(repository.set_disabled(&aci, true).await.unwrap(), is_there);
        assert_eq!(repository.set_role(&aci, role).await.unwrap(), is_there);
        assert_eq!(repository.renew_limits(&aci).await.unwrap(), is_there);
    }
    repository.save().await.unwrap();

    let mut reader = fixture.read().await;
    let all = reader.accounts(None, 10).await.unwrap();
    assert_eq!(all.len(), 3);
    for summary in &all {
        let at = accounts
            .iter()
            .position(|account| account.aci == summary.account.aci);
        let at = at.unwrap();
        assert_eq!(summary.devices, [0, 1, 3][at]);
        let is_ann = at == 1;
        assert_eq!(summary.email.is_some(), is_ann);
        assert_eq!(summary.verified, is_ann);
        assert_eq!(summary.account.disabled, is_ann);
        assert_eq!(summary.account.limit_epoch, u32::from(is_ann));
        assert_eq!(summary.account.role == role, is_ann);
    }
    // The pages together give the same result.
    let mut paged = Vec::new();
    while let Some(next) = {
        let after = paged.last().copied();
        let page = reader.accounts(after.as_ref(), 1).await.unwrap();
        page.first().map(|summary| summary.account.aci)
    } {
        paged.push(next);
    }
    let order: Vec<_> = all.iter().map(|summary| summary.account.aci).collect();
    assert_eq!(paged, order);
    for (at, free) in [(0, 1), (1, 2), (2, 6)] {
        let id = reader.free_device_id(&accounts[at].aci).await.unwrap();
        assert_eq!(id, DeviceId::new(free));
    }
}

pub async fn an_account_goes_with_all_that_belongs_to_it<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let account = fixture.added(&[1]).await;
    let aci = account.aci;
    let mut rng = StdRng::seed_from_u64(2);
    let session = super::session(aci, 1);
    let mut repository = fixture.begin().await;
    repository
        .add_login(&login(aci, "ann@example.com"), &mut rng)
        .await
        .unwrap();
    repository.add_session(&session, &hash(1)).await.unwrap();
    repository
        .add_reset_token(&hash(2), &aci, NOW.plus(10))
        .await
        .unwrap();
    repository
        .add_sign_up(&pending(aci, 3, "$password"), &mut rng)
        .await
        .unwrap();
    repository.save().await.unwrap();

    let mut repository = fixture.begin().await;
    assert!(repository.delete_account(&aci).await.unwrap());
    assert!(!repository.delete_account(&aci).await.unwrap());
    repository.save().await.unwrap();
    let mut repository = fixture.begin().await;
    assert!(repository.account(&aci).await.unwrap().is_none());
    assert!(repository.devices(&aci).await.unwrap().is_empty());
    assert!(repository.login(&aci).await.unwrap().is_none());
    let ann = email("ann@example.com");
    assert!(repository.login_by_email(&ann).await.unwrap().is_none());
    assert!(
        repository
            .session_caller(&session.id)
            .await
            .unwrap()
            .is_none()
    );
    assert!(repository.end_session_of(&hash(1)).await.unwrap().is_none());
    let taken = repository.take_reset_token(&hash(2), NOW).await.unwrap();
    assert_eq!(taken, None);
    let confirmed = repository.confirm_sign_up(&hash(3), NOW, &mut rng).await;
    assert_eq!(confirmed.unwrap(), ConfirmOutcome::Invalid);
}

pub async fn a_device_is_renamed_and_deleted<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let account = fixture.added(&[1, 2]).await;
    let name = DeviceName::parse("Küche").unwrap();
    let mut rng = StdRng::seed_from_u64(2);
    let mut repository = fixture.begin().await;
    let id = |number| DeviceId::new(number).unwrap();
    for (number, is_there) in [(1, true), (3, false)] {
        let renamed = repository
            .rename_device(&account.aci, id(number), &name, &mut rng)
            .await;
        assert_eq!(renamed.unwrap(), is_there);
    }
    repository.save().await.unwrap();
    let mut repository = fixture.begin().await;
    let read = repository
        .device(&account.aci, id(1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(read.name, name);
    assert!(read.password_hash.matches(&device(1).password_hash));
    for (number, is_there) in [(1, true), (1, false), (3, false)] {
        let deleted = repository
            .delete_device(&account.aci, id(number), NOW)
            .await;
        assert_eq!(deleted.unwrap(), is_there);
    }
    let left = repository.devices(&account.aci).await.unwrap();
    assert_eq!(
        left.iter().map(|device| device.id).collect::<Vec<_>>(),
        [id(2)]
    );
}

pub async fn a_login_that_was_moved_or_altered_is_refused<B: IssuerBackend>() {
    for (column, is_moved) in [
        ("email", true),
        ("verifier", true),
        ("email", false),
        ("verifier", false),
    ] {
        let mut fixture = Fixture::<B>::new().await;
        let (ann, bob) = (fixture.added(&[]).await, fixture.added(&[]).await);
        let mut rng = StdRng::seed_from_u64(2);
        let mut repository = fixture.begin().await;
        for (account, email) in [(&ann, "ann@example.com"), (&bob, "bob@example.com")] {
            repository
                .add_login(&login(account.aci, email), &mut rng)
                .await
                .unwrap();
        }
        repository.save().await.unwrap();
        if is_moved {
            fixture.backend.exchange("logins", column).await;
        } else {
            fixture.backend.flip("logins", column).await;
        }
        let mut reader = fixture.read().await;
        let mut refused = 0;
        for account in [&ann, &bob] {
            match reader.login(&account.aci).await {
                Err(StoreError::Sealed {
                    table: "logins", ..
                }) => refused += 1,
                outcome => assert!(!is_moved && outcome.unwrap().is_some()),
            }
        }
        assert_eq!(refused, if is_moved { 2 } else { 1 }, "{column}");
    }
}
