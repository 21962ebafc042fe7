//! Logins, failures, identities, and the administration of accounts.

use rand::{SeedableRng, rngs::StdRng};

use super::{Fixture, IssuerBackend, NOW, assert_same_account, login, verifier};
use crate::{Email, StoreError};

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
