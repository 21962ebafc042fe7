//! The start, renewal and end of eras.

use anteroom_protocol::{DAY, EraId};

use super::{
    Fixture, LEASE, NOW, RoomsBackend, assert_same_call, assert_same_link, call, node, room, user,
};
use crate::{CallKey, Epoch, LinkUpdate, MediaAddress, StartEraOutcome};

pub async fn a_first_start_resets_the_expiration<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let mut link = fixture.created("a1", Some(3)).await;
    let now = NOW.plus(80 * DAY);
    let mut call = call(CallKey::Link(room("a1")), now, &mut fixture.rng);
    call.media = Some(MediaAddress::parse("http://[::1]:9000").unwrap());

    let outcome = fixture.start(&call, link.epoch, now).await;

    link.expiration = now.plus(90 * DAY);
    link.delete_at = now.plus(180 * DAY);
    let StartEraOutcome::Started {
        call: started,
        link: Some(reset),
        ..
    } = outcome
    else {
        panic!("{outcome:?}");
    };
    assert_same_call(&started, &call);
    assert_same_link(&reset, &link);
    let mut reader = fixture.read().await;
    let read = reader.call(&call.key, now).await.unwrap().unwrap();
    assert_same_call(&read, &call);
    let read = reader.link(&link.address(), now).await.unwrap().unwrap();
    assert_same_link(&read, &link);
}

pub async fn a_second_start_finds_the_first<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let link = fixture.created("a1", None).await;
    let first = fixture.started(&link, NOW).await;
    let last_moment = NOW.plus(LEASE - 1);
    let mut second = call(first.key.clone(), last_moment, &mut fixture.rng);
    second.creator = user("def");
    second.node = node("two");

    let outcome = fixture.start(&second, None, last_moment).await;
    let StartEraOutcome::Running {
        call: running,
        link: Some(found),
    } = outcome
    else {
        panic!("{outcome:?}");
    };
    assert_same_call(&running, &first);
    // Only the start of a call resets the expiration.
    assert_eq!(found.expiration, NOW.plus(90 * DAY));
}

pub async fn a_lapsed_lease_is_taken_over<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let link = fixture.created("a1", None).await;
    let first = fixture.started(&link, NOW).await;
    let end = NOW.plus(LEASE);
    assert!(
        fixture
            .read()
            .await
            .call(&first.key, end)
            .await
            .unwrap()
            .is_none()
    );

    let mut second = call(first.key.clone(), end, &mut fixture.rng);
    second.creator = user("def");
    second.node = node("two");
    second.media = Some(MediaAddress::parse("media").unwrap());
    let outcome = fixture.start(&second, None, end).await;
    assert!(matches!(outcome, StartEraOutcome::Started { .. }));
    let read = fixture.read().await.call(&first.key, end).await.unwrap();
    assert_same_call(&read.unwrap(), &second);

    // Every attempt of the node that lost the call fails.
    let mut repository = fixture.begin().await;
    let renewed = repository
        .renew_era(&first.key, first.era, &first.node, end.plus(LEASE))
        .await;
    assert!(!renewed.unwrap());
    assert!(!repository.end_era(&first.key, first.era).await.unwrap());
}

pub async fn a_call_without_a_lease_is_never_taken_over<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let key = CallKey::Group(room("a1"));
    let mut first = call(key.clone(), NOW, &mut fixture.rng);
    first.lease_until = None;
    fixture.start(&first, None, NOW).await;
    let much_later = NOW.plus(10_000 * DAY);
    let second = call(key, much_later, &mut fixture.rng);
    let outcome = fixture.start(&second, None, much_later).await;
    let StartEraOutcome::Running { call, .. } = outcome else {
        panic!("{outcome:?}");
    };
    assert_same_call(&call, &first);
}

pub async fn a_start_needs_an_open_link_of_its_epoch<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let link = fixture.created("a1", Some(3)).await;
    let key = CallKey::Link(link.room.clone());
    let call = call(key.clone(), NOW, &mut fixture.rng);
    for epoch in [None, Some(Epoch::new(4))] {
        let outcome = fixture.start(&call, epoch, NOW).await;
        assert!(matches!(outcome, StartEraOutcome::UnknownLink), "{epoch:?}");
    }
    let gone = fixture.start(&call, link.epoch, link.delete_at).await;
    assert!(matches!(gone, StartEraOutcome::UnknownLink));
    let expired = fixture.start(&call, link.epoch, link.expiration).await;
    assert!(matches!(expired, StartEraOutcome::ClosedLink(_)));
    assert!(
        fixture
            .read()
            .await
            .call(&key, NOW)
            .await
            .unwrap()
            .is_none()
    );

    // A revoked link is closed, with and without a call.
    let running = fixture.started(&link, NOW).await;
    let passkey = fixture.passkey(&link.address(), "right");
    let revoke = LinkUpdate {
        revoked: Some(true),
        ..LinkUpdate::default()
    };
    let mut repository = fixture.begin().await;
    repository
        .update_link(&link.address(), &passkey, &revoke, NOW, &mut fixture.rng)
        .await
        .unwrap();
    repository.save().await.unwrap();
    for moment in [NOW, NOW.plus(LEASE)] {
        let outcome = fixture.start(&call, link.epoch, moment).await;
        let StartEraOutcome::ClosedLink(closed) = outcome else {
            panic!("{outcome:?}");
        };
        assert!(closed.revoked);
    }
    let read = fixture.read().await.call(&key, NOW).await.unwrap().unwrap();
    assert_same_call(&read, &running);
}

pub async fn a_group_needs_no_link<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let link = fixture.created("a1", None).await;
    let group = call(CallKey::Group(room("a1")), NOW, &mut fixture.rng);
    let outcome = fixture.start(&group, Some(Epoch::new(9)), NOW).await;
    assert!(matches!(
        outcome,
        StartEraOutcome::Started { link: None, .. }
    ));
    // The link's room of the same id is another room.
    fixture.started(&link, NOW).await;
    let outcome = fixture.start(&group, None, NOW).await;
    assert!(matches!(
        outcome,
        StartEraOutcome::Running { link: None, .. }
    ));
}

pub async fn a_lease_is_renewed_by_its_era_and_node_only<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let link = fixture.created("a1", None).await;
    let call = fixture.started(&link, NOW).await;
    let other_key = CallKey::Group(room("a1"));
    let other_era = EraId::from_bytes([7; 16]);
    let until = NOW.plus(10 * LEASE);
    for (key, era, name, renewed) in [
        (&other_key, call.era, "one", false),
        (&call.key, other_era, "one", false),
        (&call.key, call.era, "two", false),
        (&call.key, call.era, "one", true),
    ] {
        let mut repository = fixture.begin().await;
        let outcome = repository.renew_era(key, era, &node(name), until).await;
        assert_eq!(outcome.unwrap(), renewed);
        repository.save().await.unwrap();
        let moment = NOW.plus(LEASE);
        let live = fixture.read().await.call(&call.key, moment).await.unwrap();
        assert_eq!(live.is_some(), renewed);
    }
    // A call whose lease is over continues if no other node has taken its room.
    let late = until.plus(DAY);
    let mut repository = fixture.begin().await;
    let outcome = repository
        .renew_era(&call.key, call.era, &call.node, late)
        .await;
    assert!(outcome.unwrap());
}

pub async fn an_era_is_ended_by_its_id_only<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let link = fixture.created("a1", None).await;
    let call = fixture.started(&link, NOW).await;
    let mut repository = fixture.begin().await;
    let other = EraId::from_bytes([7; 16]);
    assert!(!repository.end_era(&call.key, other).await.unwrap());
    let group = CallKey::Group(room("a1"));
    assert!(!repository.end_era(&group, call.era).await.unwrap());
    assert!(repository.call(&call.key, NOW).await.unwrap().is_some());
    assert!(repository.end_era(&call.key, call.era).await.unwrap());
    assert!(repository.call(&call.key, NOW).await.unwrap().is_none());
    assert!(!repository.end_era(&call.key, call.era).await.unwrap());
}

pub async fn an_era_that_is_abandoned_gives_the_link_its_expiration_back<B: RoomsBackend>() {
    for (moved_again, is_restored) in [(false, true), (true, false)] {
        let mut fixture = Fixture::<B>::new().await;
        let link = fixture.created("a1", None).await;
        let now = NOW.plus(DAY);
        let call = call(CallKey::Link(room("a1")), now, &mut fixture.rng);
        let StartEraOutcome::Started {
            expiration_change, ..
        } = fixture.start(&call, None, now).await
        else {
            panic!("not started");
        };
        let expiration_change = expiration_change.unwrap();
        assert_eq!(
            (expiration_change.from, expiration_change.to),
            (link.expiration, link.expiration.plus(DAY))
        );
        if moved_again {
            fixture
                .backend
                .execute("UPDATE call_links SET expiration = expiration + 1")
                .await;
        }
        for removes in [true, false] {
            let mut repository = fixture.begin().await;
            let removed = repository
                .abandon_era(&call.key, call.era, Some(expiration_change))
                .await;
            assert_eq!(removed.unwrap(), removes);
            repository.save().await.unwrap();
        }
        let mut reader = fixture.read().await;
        assert!(reader.call(&call.key, now).await.unwrap().is_none());
        let read = reader.link(&link.address(), now).await.unwrap().unwrap();
        let is_same = (read.expiration, read.delete_at) == (link.expiration, link.delete_at);
        assert_eq!(is_same, is_restored);
    }
}

pub async fn leases_of_a_clock_that_was_ahead_are_trimmed<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let (ahead, right) = (
        fixture.created("a1", None).await,
        fixture.created("b2", None).await,
    );
    let ahead = fixture.started(&ahead, NOW.plus(30 * DAY)).await;
    let right = fixture.started(&right, NOW).await;
    let latest = NOW.plus(LEASE);
    for trimmed in [1, 0] {
        let mut repository = fixture.begin().await;
        assert_eq!(repository.trim_leases(latest).await.unwrap(), trimmed);
        repository.save().await.unwrap();
    }
    for call in [ahead, right] {
        for (now, is_live) in [(NOW.plus(LEASE - 1), true), (latest, false)] {
            let live = fixture.read().await.call(&call.key, now).await.unwrap();
            assert_eq!(live.is_some(), is_live);
        }
    }
}
