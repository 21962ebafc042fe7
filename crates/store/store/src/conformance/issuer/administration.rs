//! Identities, and the administration of accounts and devices.

use rand::{SeedableRng, rngs::StdRng};

use super::{
    Fixture, IssuerBackend, NOW, device, login,
    tokens::{hash, pending},
};
use crate::{
    AccountRole, ConfirmOutcome, DeviceId, DeviceName, Email, IdentityLink, IdentityName,
    StoreError,
};

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
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
