//! The creation, look-up and purge of call links.

use std::num::NonZeroU32;

use anteroom_protocol::{AdminStatement, DAY, Restrictions, Timestamp};

use super::{Fixture, NOW, RoomsBackend, TEST, address, assert_same_link, room, user};
use crate::{
    CallLinkRecord, CreateLinkOutcome, DeleteLinkOutcome, LinkAddress, LinkName, LinkUpdate,
    StoreError, UpdateLinkOutcome,
};

pub async fn a_created_link_is_read_back<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let plain = fixture.link("a1", None);
    let mut other = fixture.link("b2", Some(u32::MAX));
    other.restrictions = Restrictions::None;
    other.name = LinkName::default();
    other.revoked = true;
    other.admin_statement = AdminStatement::default();
    let mut longest = fixture.link("c3", None);
    let bytes = vec![0xff; AdminStatement::MAX_LENGTH];
    longest.admin_statement = AdminStatement::new(bytes).unwrap();
    for link in [&plain, &other, &longest] {
        let CreateLinkOutcome::Created(created) = fixture.create(link).await else {
            panic!("not created");
        };
        assert_same_link(&created, link);
        let read = read(&fixture, &link.address(), NOW).await.unwrap();
        assert_same_link(&read, link);
    }
    assert_eq!(plain.expiration, NOW.plus(90 * DAY));
    assert_eq!(plain.delete_at, NOW.plus(180 * DAY));
    assert!(read(&fixture, &address("A1", None), NOW).await.is_none());
}

pub async fn a_link_is_found_with_its_epoch_only<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    fixture.created("without", None).await;
    fixture.created("zero", Some(0)).await;
    fixture.created("seven", Some(7)).await;
    for (id, epoch, found) in [
        ("without", None, true),
        ("without", Some(0), false),
        ("zero", Some(0), true),
        ("zero", None, false),
        ("zero", Some(7), false),
        ("seven", Some(7), true),
        ("seven", None, false),
        ("seven", Some(8), false),
    ] {
        let address = address(id, epoch);
        let case = format!("{id} {epoch:?}");
        let read = read(&fixture, &address, NOW).await;
        assert_eq!(read.is_some(), found, "{case}");
        let mut reader = fixture.read().await;
        let with_call = reader.link_with_call(&address, NOW).await.unwrap();
        assert_eq!(with_call.is_some(), found, "{case}");
        drop(reader);
        let alone = fixture.database.link_with_call(TEST, &address, NOW).await;
        assert_eq!(alone.unwrap().is_some(), found, "{case}");
        let updated = update(&mut fixture, &address, "right", &LinkUpdate::default()).await;
        let is_updated = matches!(updated, UpdateLinkOutcome::Updated(_));
        assert_eq!(is_updated, found, "{case}");
        let deleted = delete_at(&fixture, &address, "right", NOW, false).await;
        assert_eq!(deleted == DeleteLinkOutcome::Deleted, found, "{case}");
    }
}

pub async fn the_same_create_again_changes_nothing<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let link = fixture.created("a1", Some(5)).await;
    let mut again = link.clone();
    again.epoch = None;
    again.restrictions = Restrictions::None;
    again.name = LinkName::default();
    again.revoked = true;
    again.admin_statement = AdminStatement::default();
    again.created = NOW.plus(DAY);
    again.expiration = again.expiration.plus(DAY);
    again.delete_at = again.delete_at.plus(DAY);

    let CreateLinkOutcome::Unchanged(unchanged) = fixture.create(&again).await else {
        panic!("not unchanged");
    };
    assert_same_link(&unchanged, &link);
    let read = read(&fixture, &link.address(), NOW).await.unwrap();
    assert_same_link(&read, &link);
}

pub async fn another_passkey_or_other_zkparams_are_a_conflict<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let link = fixture.created("a1", None).await;
    let mut passkey = link.clone();
    passkey.passkey_hash = fixture.passkey(&link.address(), "wrong");
    let mut zkparams = link.clone();
    zkparams.zkparams = fixture.link("a1", None).zkparams;
    for other in [passkey, zkparams] {
        let outcome = fixture.create(&other).await;
        assert!(matches!(outcome, CreateLinkOutcome::Conflict));
    }
    let read = read(&fixture, &link.address(), NOW).await.unwrap();
    assert_same_link(&read, &link);
}

pub async fn a_room_has_one_link_of_whatever_epoch<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    fixture.created("a1", Some(5)).await;
    for epoch in [None, Some(6)] {
        let other = fixture.link("a1", epoch);
        let outcome = fixture.create(&other).await;
        assert!(matches!(outcome, CreateLinkOutcome::Conflict), "{epoch:?}");
    }
}

pub async fn a_link_is_unknown_from_delete_at_on_and_its_room_free<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let link = fixture.created("a1", None).await;
    approve(&mut fixture, "a1", "abc").await;
    let address = link.address();
    let last = link.delete_at.minus(1);
    assert!(read(&fixture, &address, last).await.is_some());
    assert!(read(&fixture, &address, link.delete_at).await.is_none());
    for (moment, expected) in [
        (link.delete_at, DeleteLinkOutcome::UnknownRoom),
        (last, DeleteLinkOutcome::Deleted),
    ] {
        let outcome = delete_at(&fixture, &address, "right", moment, false).await;
        assert_eq!(outcome, expected);
    }

    let mut next = fixture.link("a1", None);
    next.created = last;
    next.expiration = last.plus(DAY);
    next.delete_at = last.plus(2 * DAY);
    assert!(matches!(
        fixture.create(&next).await,
        CreateLinkOutcome::Conflict
    ));
    next.created = link.delete_at;
    assert!(matches!(
        fixture.create(&next).await,
        CreateLinkOutcome::Created(_)
    ));
    let mut reader = fixture.read().await;
    assert!(reader.approved_users(&link.room).await.unwrap().is_empty());
}

pub async fn a_deleted_room_is_free_for_its_passkey_alone_until_its_delete_at<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let link = fixture.created("a1", None).await;
    approve(&mut fixture, "a1", "abc").await;
    let mut stranger = fixture.link("a1", None);
    stranger.passkey_hash = fixture.passkey(&link.address(), "wrong");
    let mut other_passkey = link.clone();
    other_passkey.passkey_hash = stranger.passkey_hash.clone();
    let other_params = fixture.link("a1", None);
    for round in 0..2 {
        let deleted = delete_at(&fixture, &link.address(), "right", NOW, true).await;
        assert_eq!(deleted, DeleteLinkOutcome::Deleted);
        assert!(read(&fixture, &link.address(), NOW).await.is_none());
        for other in [&stranger, &other_passkey, &other_params] {
            let outcome = fixture.create(other).await;
            assert!(matches!(outcome, CreateLinkOutcome::Conflict), "{round}");
        }
        let mut again = link.clone();
        again.name = LinkName::default();
        let CreateLinkOutcome::Created(created) = fixture.create(&again).await else {
            panic!("not created anew");
        };
        assert_same_link(&created, &again);
        let mut reader = fixture.read().await;
        assert!(reader.approved_users(&link.room).await.unwrap().is_empty());
    }
    delete_at(&fixture, &link.address(), "right", NOW, true).await;
    stranger.created = link.delete_at.minus(1);
    stranger.expiration = stranger.expiration.plus(180 * DAY);
    stranger.delete_at = stranger.delete_at.plus(180 * DAY);
    let outcome = fixture.create(&stranger).await;
    assert!(matches!(outcome, CreateLinkOutcome::Conflict));
    stranger.created = link.delete_at;
    let outcome = fixture.create(&stranger).await;
    assert!(matches!(outcome, CreateLinkOutcome::Created(_)));
}

pub async fn zkparams_that_another_room_has_are_refused<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let link = fixture.created("a1", None).await;
    let mut twin = fixture.link("b2", None);
    twin.zkparams = link.zkparams;
    let outcome = fixture.create(&twin).await;
    assert!(matches!(outcome, CreateLinkOutcome::Conflict));
    assert!(read(&fixture, &twin.address(), NOW).await.is_none());
    // The zkparams stay taken while the other room's link is deleted.
    delete_at(&fixture, &link.address(), "right", NOW, true).await;
    let outcome = fixture.create(&twin).await;
    assert!(matches!(outcome, CreateLinkOutcome::Conflict));
    twin.created = link.delete_at;
    twin.expiration = twin.expiration.plus(180 * DAY);
    twin.delete_at = twin.delete_at.plus(180 * DAY);
    let outcome = fixture.create(&twin).await;
    assert!(matches!(outcome, CreateLinkOutcome::Created(_)));
}

pub async fn purges_go_in_parts_and_take_what_is_due<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    for (id, days) in [("a", 0), ("b", 1), ("c", 2), ("d", 3)] {
        let mut link = fixture.link(id, None);
        link.delete_at = link.delete_at.plus(days * DAY);
        fixture.create(&link).await;
    }
    approve(&mut fixture, "a", "abc").await;
    let now = NOW.plus(182 * DAY);
    let mut purged = Vec::new();
    for _ in 0..3 {
        let mut repository = fixture.begin().await;
        let limit = NonZeroU32::new(2).unwrap();
        purged.push(repository.purge_links(now, limit).await.unwrap());
        repository.save().await.unwrap();
    }
    assert_eq!(purged, [2, 1, 0]);
    assert!(read(&fixture, &address("c", None), NOW).await.is_none());
    assert!(read(&fixture, &address("d", None), NOW).await.is_some());
    let approved = fixture.read().await.approved_users(&room("a")).await;
    assert!(approved.unwrap().is_empty());
}

pub async fn nothing_lasts_without_save<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let link = fixture.link("a1", None);
    let mut repository = fixture.begin().await;
    repository
        .create_link(&link, &mut fixture.rng)
        .await
        .unwrap();
    assert!(
        repository
            .link(&link.address(), NOW)
            .await
            .unwrap()
            .is_some()
    );
    drop(repository);
    assert!(read(&fixture, &link.address(), NOW).await.is_none());
}

pub async fn times_beyond_the_column_are_refused<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let mut link = fixture.link("a1", None);
    link.delete_at = Timestamp::from_secs(u64::MAX);
    let mut repository = fixture.begin().await;
    let outcome = repository.create_link(&link, &mut fixture.rng).await;
    assert!(
        matches!(
            outcome,
            Err(StoreError::InvalidValue {
                table: "call_links",
                column: "delete_at"
            })
        ),
        "{outcome:?}"
    );
}

pub async fn read<B: RoomsBackend>(
    fixture: &Fixture<B>,
    address: &LinkAddress,
    now: Timestamp,
) -> Option<CallLinkRecord> {
    fixture.read().await.link(address, now).await.unwrap()
}

pub async fn update<B: RoomsBackend>(
    fixture: &mut Fixture<B>,
    address: &LinkAddress,
    passkey: &str,
    update: &LinkUpdate,
) -> UpdateLinkOutcome {
    let passkey = fixture.passkey(address, passkey);
    let mut repository = fixture.begin().await;
    let outcome = repository
        .update_link(address, &passkey, update, NOW, &mut fixture.rng)
        .await
        .unwrap();
    repository.save().await.unwrap();
    outcome
}

pub async fn delete_at<B: RoomsBackend>(
    fixture: &Fixture<B>,
    address: &LinkAddress,
    passkey: &str,
    now: Timestamp,
    save: bool,
) -> DeleteLinkOutcome {
    let passkey = fixture.passkey(address, passkey);
    let mut repository = fixture.begin().await;
    let outcome = repository.delete_link(address, &passkey, false, now).await;
    if save {
        repository.save().await.unwrap();
    }
    outcome.unwrap()
}

pub async fn approve<B: RoomsBackend>(fixture: &mut Fixture<B>, id: &str, name: &str) {
    let mut repository = fixture.begin().await;
    let news = repository
        .add_approval(&room(id), &user(name), &mut fixture.rng)
        .await;
    assert!(news.unwrap());
    repository.save().await.unwrap();
}

pub async fn a_link_of_a_clock_that_was_ahead_is_read_with_the_ends_of_a_new_one<
    B: RoomsBackend,
>() {
    let mut fixture = Fixture::<B>::new().await;
    let link = fixture.created("a1", None).await;
    let address = link.address();
    let now = Timestamp::from_secs(NOW.as_secs() - 30 * DAY);
    let ends = (now.plus(90 * DAY), now.plus(180 * DAY));
    let mut reader = fixture.read().await;
    let mut links = vec![
        reader.link(&address, now).await.unwrap().unwrap(),
        reader
            .link_with_call(&address, now)
            .await
            .unwrap()
            .unwrap()
            .link,
    ];
    drop(reader);
    let alone = fixture.database.link_with_call(TEST, &address, now).await;
    links.push(alone.unwrap().unwrap().link);
    let passkey = fixture.passkey(&address, "right");
    let mut repository = fixture.begin().await;
    let updated = repository
        .update_link(
            &address,
            &passkey,
            &LinkUpdate::default(),
            now,
            &mut fixture.rng,
        )
        .await;
    let UpdateLinkOutcome::Updated(updated) = updated.unwrap() else {
        panic!("not updated");
    };
    links.push(updated);
    for link in links {
        assert_eq!((link.expiration, link.delete_at), ends);
    }
}
