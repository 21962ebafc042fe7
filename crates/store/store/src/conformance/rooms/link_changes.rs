//! The update and deletion of call links.

use anteroom_protocol::{AdminStatement, GuestAdmission, Restrictions};

use super::{
    Fixture, LEASE, NOW, RoomsBackend, TEST, address, assert_same_link,
    links::{approve, delete_at, read, update},
};
use crate::{
    CallKey, CallLinkRecord, CreateLinkOutcome, DeleteLinkOutcome, LinkName, LinkUpdate,
    UpdateLinkOutcome,
};

const RESTRICTIONS: LinkUpdate = LinkUpdate {
    restrictions: Some(Restrictions::None),
    guests: None,
    name: None,
    revoked: None,
    admin_statement: None,
    end_call: false,
};

/// Applies the expected effect of an update.
type Expectation = fn(&mut CallLinkRecord);

pub async fn an_update_changes_what_it_names<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let mut expected = fixture.created("a1", None).await;
    let bystander = fixture.created("b2", None).await;
    let name = LinkName::new(*b"another").unwrap();
    let statement = AdminStatement::new(*b"signed").unwrap();
    let updates: [(LinkUpdate, Expectation); 9] = [
        (LinkUpdate::default(), |_| {}),
        (RESTRICTIONS, |link| {
            link.restrictions = Restrictions::None;
        }),
        (
            LinkUpdate {
                name: Some(name),
                ..LinkUpdate::default()
            },
            |link| link.name = LinkName::new(*b"another").unwrap(),
        ),
        (
            LinkUpdate {
                admin_statement: Some(statement),
                ..LinkUpdate::default()
            },
            |link| link.admin_statement = AdminStatement::new(*b"signed").unwrap(),
        ),
        (
            LinkUpdate {
                admin_statement: Some(AdminStatement::default()),
                ..LinkUpdate::default()
            },
            |link| link.admin_statement = AdminStatement::default(),
        ),
        (
            LinkUpdate {
                revoked: Some(true),
                ..LinkUpdate::default()
            },
            |link| link.revoked = true,
        ),
        (
            LinkUpdate {
                revoked: Some(false),
                ..LinkUpdate::default()
            },
            |link| link.revoked = false,
        ),
        (
            LinkUpdate {
                guests: Some(GuestAdmission::Refused),
                ..LinkUpdate::default()
            },
            |link| link.guests = GuestAdmission::Refused,
        ),
        (
            LinkUpdate {
                restrictions: Some(Restrictions::AdminApproval),
                guests: Some(GuestAdmission::AsAccounts),
                name: Some(LinkName::default()),
                revoked: Some(true),
                admin_statement: AdminStatement::new(*b"again").ok(),
                end_call: true,
            },
            |link| {
                link.admin_statement = AdminStatement::new(*b"again").unwrap();
                link.ended_calls = 1;
                link.restrictions = Restrictions::AdminApproval;
                link.guests = GuestAdmission::AsAccounts;
                link.name = LinkName::default();
                link.revoked = true;
            },
        ),
    ];
    for (change, expect) in updates {
        expect(&mut expected);
        let outcome = update(&mut fixture, &expected.address(), "right", &change).await;
        let UpdateLinkOutcome::Updated(updated) = outcome else {
            panic!("{outcome:?}");
        };
        assert_same_link(&updated, &expected);
        let read = read(&fixture, &expected.address(), NOW).await.unwrap();
        assert_same_link(&read, &expected);
    }
    let read = read(&fixture, &bystander.address(), NOW).await.unwrap();
    assert_same_link(&read, &bystander);
}

pub async fn an_update_needs_the_link_and_the_passkey<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let link = fixture.created("a1", None).await;
    let revoke = LinkUpdate {
        revoked: Some(true),
        ..LinkUpdate::default()
    };
    let outcome = update(&mut fixture, &address("b2", None), "right", &revoke).await;
    assert!(matches!(outcome, UpdateLinkOutcome::UnknownRoom));
    let outcome = update(&mut fixture, &link.address(), "wrong", &revoke).await;
    assert!(matches!(outcome, UpdateLinkOutcome::WrongPasskey));
    let read = read(&fixture, &link.address(), NOW).await.unwrap();
    assert_same_link(&read, &link);
}

pub async fn restrictions_do_not_change_while_a_call_is_on<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let link = fixture.created("a1", None).await;
    fixture.started(&link, NOW).await;
    let all = LinkUpdate {
        revoked: Some(true),
        ..RESTRICTIONS
    };
    for change in [&RESTRICTIONS, &all] {
        let outcome = update(&mut fixture, &link.address(), "right", change).await;
        assert!(matches!(outcome, UpdateLinkOutcome::CallOn));
    }
    let outcome = update(&mut fixture, &link.address(), "wrong", &RESTRICTIONS).await;
    assert!(matches!(outcome, UpdateLinkOutcome::WrongPasskey));
    let read = read(&fixture, &link.address(), NOW).await.unwrap();
    assert_same_link(&read, &link);

    let others = LinkUpdate {
        restrictions: Some(Restrictions::AdminApproval),
        guests: Some(GuestAdmission::Refused),
        name: Some(LinkName::default()),
        revoked: Some(true),
        admin_statement: AdminStatement::new(*b"signed").ok(),
        end_call: false,
    };
    let outcome = update(&mut fixture, &link.address(), "right", &others).await;
    let UpdateLinkOutcome::Updated(updated) = outcome else {
        panic!("{outcome:?}");
    };
    assert!(updated.revoked);
    assert!(updated.name == LinkName::default());
    assert_eq!(updated.admin_statement.as_bytes(), b"signed");
}

pub async fn the_statement_of_the_admins_goes_with_the_link<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let link = fixture.created("a1", None).await;
    let call = fixture.started(&link, NOW).await;
    let mut reader = fixture.read().await;
    let found = reader.link_of_room(&link.room, NOW).await.unwrap();
    assert_same_link(&found.unwrap().link, &link);
    let found = fixture
        .database
        .link_with_call(TEST, &link.address(), NOW)
        .await;
    assert_same_link(&found.unwrap().unwrap().link, &link);
    drop(reader);
    let mut repository = fixture.begin().await;
    assert!(repository.end_era(&call.key, call.era).await.unwrap());
    repository.save().await.unwrap();
    let outcome = delete_at(&fixture, &link.address(), "right", NOW, true).await;
    assert_eq!(outcome, DeleteLinkOutcome::Deleted);

    let mut again = link.clone();
    again.admin_statement = AdminStatement::default();
    let outcome = fixture.create(&again).await;
    assert!(matches!(outcome, CreateLinkOutcome::Created(_)));
    let read = read(&fixture, &link.address(), NOW).await.unwrap();
    assert!(read.admin_statement.is_empty());
}

pub async fn changed_restrictions_end_a_lapsed_call<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let link = fixture.created("a1", None).await;
    let call = fixture.started(&link, NOW.minus(LEASE)).await;
    let name = LinkUpdate {
        name: Some(LinkName::default()),
        ..LinkUpdate::default()
    };
    for (change, renewed) in [(name, true), (RESTRICTIONS, false)] {
        let outcome = update(&mut fixture, &link.address(), "right", &change).await;
        assert!(matches!(outcome, UpdateLinkOutcome::Updated(_)));
        let mut repository = fixture.begin().await;
        let outcome = repository
            .renew_era(&call.key, call.era, &call.node, NOW.plus(LEASE))
            .await;
        assert_eq!(outcome.unwrap(), renewed);
    }
}

pub async fn an_update_or_a_delete_ends_the_call_that_is_on<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let end = LinkUpdate {
        revoked: Some(true),
        end_call: true,
        ..RESTRICTIONS
    };
    let link = fixture.created("a1", None).await;
    let address = link.address();
    let call = fixture.started(&link, NOW).await;
    let outcome = update(&mut fixture, &address, "wrong", &end).await;
    assert!(matches!(outcome, UpdateLinkOutcome::WrongPasskey));
    assert!(
        fixture
            .read()
            .await
            .call(&call.key, NOW)
            .await
            .unwrap()
            .is_some()
    );
    let outcome = update(&mut fixture, &address, "right", &end).await;
    let UpdateLinkOutcome::Updated(updated) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(
        (updated.restrictions, updated.revoked),
        (Restrictions::None, true)
    );
    assert_eq!(updated.ended_calls, 1);
    assert!(
        fixture
            .read()
            .await
            .call(&call.key, NOW)
            .await
            .unwrap()
            .is_none()
    );

    let link = fixture.created("b2", None).await;
    let call = fixture.started(&link, NOW).await;
    let passkey = fixture.passkey(&link.address(), "right");
    let mut repository = fixture.begin().await;
    let deleted = repository
        .delete_link(&link.address(), &passkey, true, NOW)
        .await;
    assert_eq!(deleted.unwrap(), DeleteLinkOutcome::Deleted);
    repository.save().await.unwrap();
    assert!(
        fixture
            .read()
            .await
            .call(&call.key, NOW)
            .await
            .unwrap()
            .is_none()
    );
    assert!(read(&fixture, &link.address(), NOW).await.is_none());
}

pub async fn a_delete_needs_the_link_and_the_passkey<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let link = fixture.created("a1", None).await;
    let link = link.address();
    for (address, passkey, expected) in [
        (
            &address("b2", None),
            "right",
            DeleteLinkOutcome::UnknownRoom,
        ),
        (&link, "wrong", DeleteLinkOutcome::WrongPasskey),
        (&link, "right", DeleteLinkOutcome::Deleted),
        (&link, "right", DeleteLinkOutcome::UnknownRoom),
    ] {
        let outcome = delete_at(&fixture, address, passkey, NOW, true).await;
        assert_eq!(outcome, expected);
    }
    assert!(read(&fixture, &link, NOW).await.is_none());
}

pub async fn a_delete_takes_the_approvals_and_a_lapsed_call_with_it<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let link = fixture.created("a1", None).await;
    let other = fixture.created("b2", None).await;
    for id in ["a1", "b2"] {
        approve(&mut fixture, id, "abc").await;
    }
    let call = fixture.started(&link, NOW.minus(LEASE)).await;
    let outcome = delete_at(&fixture, &link.address(), "right", NOW, true).await;
    assert_eq!(outcome, DeleteLinkOutcome::Deleted);

    let again = fixture.create(&link).await;
    assert!(matches!(again, CreateLinkOutcome::Created(_)));
    let mut repository = fixture.begin().await;
    assert!(
        repository
            .approved_users(&link.room)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        repository.approved_users(&other.room).await.unwrap().len(),
        1
    );
    let renewed = repository
        .renew_era(&call.key, call.era, &call.node, NOW.plus(LEASE))
        .await;
    assert!(!renewed.unwrap());
}

pub async fn a_link_with_a_call_is_not_deleted<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let link = fixture.created("a1", None).await;
    let call = fixture.started(&link, NOW).await;
    for (passkey, expected) in [
        ("wrong", DeleteLinkOutcome::WrongPasskey),
        ("right", DeleteLinkOutcome::CallOn),
    ] {
        let outcome = delete_at(&fixture, &link.address(), passkey, NOW, true).await;
        assert_eq!(outcome, expected);
    }
    assert!(read(&fixture, &link.address(), NOW).await.is_some());

    let mut repository = fixture.begin().await;
    let key = CallKey::Link(link.room.clone());
    assert!(repository.end_era(&key, call.era).await.unwrap());
    repository.save().await.unwrap();
    let outcome = delete_at(&fixture, &link.address(), "right", NOW, true).await;
    assert_eq!(outcome, DeleteLinkOutcome::Deleted);
}
