//! Sign-ups, and the shadows of sign-ups for addresses that have an account.

use anteroom_protocol::DAY;
use rand::{SeedableRng, rngs::StdRng};

use super::{
    Fixture, IssuerBackend, NOW, login,
    tokens::{LIFETIMES, hash, pending},
    verifier,
};
use crate::{AccountRole, ConfirmOutcome, PendingSignUp, ShadowSignUp, StoreError};

pub async fn a_sign_up_is_confirmed_with_its_own_password<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let (ann, bob) = (fixture.added(&[]).await, fixture.added(&[]).await);
    let absent = fixture.account();
    let mut rng = StdRng::seed_from_u64(2);
    let mut repository = fixture.begin().await;
    for (account, email) in [(&ann, "ann@example.com"), (&bob, "bob@example.com")] {
        repository
            .add_login(&login(account.aci, email), &mut rng)
            .await
            .unwrap();
    }
    for (aci, token, password) in [
        (ann.aci, 1, "$first"),
        (ann.aci, 2, "$second"),
        (bob.aci, 3, "$bob"),
    ] {
        repository
            .add_sign_up(&pending(aci, token, password), &mut rng)
            .await
            .unwrap();
        let waiting = repository.login(&aci).await.unwrap().unwrap();
        assert_eq!(waiting.verifier.as_str(), password);
        assert!(!waiting.verified);
    }
    let end = NOW.plus(10);
    for (token, now, expected) in [
        (9, NOW, ConfirmOutcome::Invalid),
        (1, end, ConfirmOutcome::Invalid),
        (1, end.minus(1), ConfirmOutcome::Confirmed(ann.aci)),
        // The confirmed sign-up is known until its end, and the other one is deleted with it.
        (1, NOW, ConfirmOutcome::Repeated),
        (1, end, ConfirmOutcome::Invalid),
        (2, NOW, ConfirmOutcome::Invalid),
    ] {
        let confirmed = repository
            .confirm_sign_up(&hash(token), now, &mut rng)
            .await;
        assert_eq!(confirmed.unwrap(), expected);
    }
    let refused = repository
        .add_sign_up(&pending(absent.aci, 4, "$absent"), &mut rng)
        .await;
    assert!(
        matches!(refused, Err(StoreError::AccountMissing)),
        "{refused:?}"
    );
    repository.save().await.unwrap();
    for (account, password, verified) in [(&ann, "$first", true), (&bob, "$bob", false)] {
        let login = fixture
            .read()
            .await
            .login(&account.aci)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(login.verifier.as_str(), password);
        assert_eq!(login.verified, verified);
    }
}

pub async fn no_sign_up_exchanges_a_password_that_was_set_otherwise<B: IssuerBackend>() {
    for is_verified in [true, false] {
        let mut fixture = Fixture::<B>::new().await;
        let account = fixture.added(&[]).await;
        let aci = account.aci;
        let mut rng = StdRng::seed_from_u64(2);
        let mut repository = fixture.begin().await;
        repository
            .add_login(&login(aci, "ann@example.com"), &mut rng)
            .await
            .unwrap();
        repository
            .add_sign_up(&pending(aci, 1, "$waiting"), &mut rng)
            .await
            .unwrap();
        if is_verified {
            assert!(repository.set_verified(&aci).await.unwrap());
            // A sign-up after it does not work either.
            repository
                .add_sign_up(&pending(aci, 2, "$late"), &mut rng)
                .await
                .unwrap();
        } else {
            let set = verifier("$set");
            repository.set_verifier(&aci, &set, &mut rng).await.unwrap();
        }
        for token in [1, 2] {
            let confirmed = repository
                .confirm_sign_up(&hash(token), NOW, &mut rng)
                .await;
            assert_eq!(confirmed.unwrap(), ConfirmOutcome::Invalid);
        }
        let login = repository.login(&aci).await.unwrap().unwrap();
        let expected = if is_verified { "$waiting" } else { "$set" };
        assert_eq!(login.verifier.as_str(), expected);
        assert_eq!(login.verified, is_verified);
    }
}

pub async fn a_sign_up_that_was_moved_or_altered_is_refused<B: IssuerBackend>() {
    for is_moved in [true, false] {
        let mut fixture = Fixture::<B>::new().await;
        let (ann, bob) = (fixture.added(&[]).await, fixture.added(&[]).await);
        let mut rng = StdRng::seed_from_u64(2);
        let mut repository = fixture.begin().await;
        for (account, email, token) in [(&ann, "ann@example.com", 1), (&bob, "bob@example.com", 2)]
        {
            repository
                .add_login(&login(account.aci, email), &mut rng)
                .await
                .unwrap();
            repository
                .add_sign_up(&pending(account.aci, token, "$password"), &mut rng)
                .await
                .unwrap();
        }
        repository.save().await.unwrap();
        if is_moved {
            // A moved row gives another account neither the link nor the password.
            fixture.backend.exchange("sign_ups", "account_index").await;
        } else {
            fixture.backend.flip("sign_ups", "verifier").await;
        }
        let mut refused = 0;
        for token in [1, 2] {
            let mut repository = fixture.begin().await;
            match repository
                .confirm_sign_up(&hash(token), NOW, &mut rng)
                .await
            {
                Err(StoreError::Sealed {
                    table: "sign_ups", ..
                }) => refused += 1,
                outcome => {
                    let confirmed = matches!(outcome.unwrap(), ConfirmOutcome::Confirmed(_));
                    assert!(!is_moved && confirmed);
                }
            }
        }
        assert_eq!(refused, if is_moved { 2 } else { 1 });
    }
}

pub async fn the_only_sign_up_that_waits_is_taken_for_another_mail<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let account = fixture.added(&[]).await;
    let mut rng = StdRng::seed_from_u64(2);
    let mut repository = fixture.begin().await;
    repository
        .add_login(&login(account.aci, "ann@example.com"), &mut rng)
        .await
        .unwrap();
    let take = async |repository: &mut dyn crate::IssuerRepository, now| {
        let taken = repository.take_only_sign_up(&account.aci, now).await;
        taken.unwrap().map(|verifier| verifier.as_str().to_owned())
    };
    assert_eq!(take(&mut *repository, NOW).await, None);
    repository
        .add_sign_up(&pending(account.aci, 1, "$one"), &mut rng)
        .await
        .unwrap();
    assert_eq!(take(&mut *repository, NOW.plus(10)).await, None);
    repository
        .add_sign_up(&pending(account.aci, 2, "$two"), &mut rng)
        .await
        .unwrap();
    assert_eq!(take(&mut *repository, NOW).await, None);
    repository.set_verified(&account.aci).await.unwrap();
    let set = verifier("$set");
    repository
        .set_verifier(&account.aci, &set, &mut rng)
        .await
        .unwrap();
    repository
        .add_sign_up(&pending(account.aci, 3, "$three"), &mut rng)
        .await
        .unwrap();
    assert_eq!(take(&mut *repository, NOW).await.as_deref(), Some("$three"));
    assert_eq!(take(&mut *repository, NOW).await, None);
}

pub async fn unverified_accounts_go_with_their_last_sign_up<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let mut rng = StdRng::seed_from_u64(2);
    let names = [
        "waiting",
        "reset",
        "shadow",
        "device",
        "disabled",
        "administrator",
        "verified",
    ];
    let mut accounts = Vec::new();
    for name in names {
        let devices: &[u32] = if name == "device" { &[1] } else { &[] };
        let aci = fixture.added(devices).await.aci;
        accounts.push(aci);
        let mut repository = fixture.begin().await;
        let row = login(aci, &format!("{name}@example.com"));
        repository.add_login(&row, &mut rng).await.unwrap();
        match name {
            "reset" => {
                let end = NOW.plus(20);
                let added = repository.add_reset_token(&hash(9), &aci, end).await;
                added.unwrap();
            }
            "shadow" => {
                let shadow = ShadowSignUp {
                    aci,
                    verifier: verifier("$one"),
                    expires: NOW.plus(25),
                };
                let added = repository.add_shadow_sign_up(&shadow, &mut rng).await;
                added.unwrap();
            }
            "disabled" => assert!(repository.set_disabled(&aci, true).await.unwrap()),
            "administrator" => {
                let role = AccountRole::Administrator;
                assert!(repository.set_role(&aci, role).await.unwrap());
            }
            "verified" => assert!(repository.set_verified(&aci).await.unwrap()),
            _ => {}
        }
        if name == "waiting" {
            // Two sign-ups with different ends.
            for (token, end) in [(1, 10), (2, 15)] {
                let sign_up = PendingSignUp {
                    expires: NOW.plus(end),
                    ..pending(aci, token, "$one")
                };
                repository.add_sign_up(&sign_up, &mut rng).await.unwrap();
            }
        }
        repository.save().await.unwrap();
    }
    for (after, gone) in [
        (0, 0),
        (10, 0),
        (14, 0),
        (15, 1),
        (19, 1),
        (20, 2),
        (24, 2),
        (25, 3),
        (DAY, 3),
    ] {
        let mut repository = fixture.begin().await;
        let now = NOW.plus(after);
        repository.purge_expired(now, &LIFETIMES).await.unwrap();
        for (place, (aci, name)) in accounts.iter().zip(names).enumerate() {
            let account = repository.account(aci).await.unwrap();
            assert_eq!(account.is_none(), place < gone, "{name} after {after}");
            let is_there = repository.login(aci).await.unwrap().is_some();
            assert_eq!(is_there, account.is_some(), "{name} after {after}");
        }
        repository.save().await.unwrap();
    }
}

pub async fn the_last_shadow_of_a_sign_up_is_read_until_it_ends_or_the_password_changes<
    B: IssuerBackend,
>() {
    let mut fixture = Fixture::<B>::new().await;
    let aci = fixture.added(&[]).await.aci;
    let absent = fixture.account().aci;
    let mut rng = StdRng::seed_from_u64(2);
    let shadow = |aci, text: &str, end| ShadowSignUp {
        aci,
        verifier: verifier(text),
        expires: NOW.plus(end),
    };
    let mut repository = fixture.begin().await;
    let row = login(aci, "ann@example.com");
    repository.add_login(&row, &mut rng).await.unwrap();
    assert!(repository.shadow_sign_up(&aci).await.unwrap().is_none());
    let refused = repository
        .add_shadow_sign_up(&shadow(absent, "$one", 10), &mut rng)
        .await;
    assert!(
        matches!(refused, Err(StoreError::AccountMissing)),
        "{refused:?}"
    );
    for (text, end) in [("$two", 10), ("$three", 20)] {
        let shadow = shadow(aci, text, end);
        let added = repository.add_shadow_sign_up(&shadow, &mut rng).await;
        added.unwrap();
        let found = repository.shadow_sign_up(&aci).await.unwrap();
        assert_eq!(found.unwrap().as_str(), text);
    }
    repository.set_verified(&aci).await.unwrap();
    for (after, is_there) in [(19, true), (20, false)] {
        let now = NOW.plus(after);
        repository.purge_expired(now, &LIFETIMES).await.unwrap();
        let found = repository.shadow_sign_up(&aci).await.unwrap();
        assert_eq!(found.is_some(), is_there, "{after}");
    }
    let shadow = shadow(aci, "$four", 10);
    let added = repository.add_shadow_sign_up(&shadow, &mut rng).await;
    added.unwrap();
    let new = verifier("$new");
    repository.set_verifier(&aci, &new, &mut rng).await.unwrap();
    assert!(repository.shadow_sign_up(&aci).await.unwrap().is_none());
    repository.save().await.unwrap();

    // A confirmed sign-up ends the shadow too.
    let aci = fixture.added(&[]).await.aci;
    let mut repository = fixture.begin().await;
    let row = login(aci, "bob@example.com");
    repository.add_login(&row, &mut rng).await.unwrap();
    let waiting = pending(aci, 7, "$five");
    repository.add_sign_up(&waiting, &mut rng).await.unwrap();
    let shadow = ShadowSignUp {
        aci,
        verifier: verifier("$five"),
        expires: NOW.plus(10),
    };
    let added = repository.add_shadow_sign_up(&shadow, &mut rng).await;
    added.unwrap();
    let confirmed = repository.confirm_sign_up(&hash(7), NOW, &mut rng).await;
    assert!(matches!(confirmed.unwrap(), ConfirmOutcome::Confirmed(_)));
    assert!(repository.shadow_sign_up(&aci).await.unwrap().is_none());
}
