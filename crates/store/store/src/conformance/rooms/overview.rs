//! The operator's view of rooms.

use std::{collections::BTreeSet, num::NonZeroU32};

use super::{Fixture, LEASE, NOW, RoomsBackend, room};
use crate::RoomsCounts;

pub async fn a_room_is_found_by_its_id_alone_with_its_call<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let plain = fixture.created("a1", None).await;
    let with_epoch = fixture.created("b2", Some(7)).await;
    let call = fixture.started(&with_epoch, NOW).await;
    let mut reader = fixture.read().await;
    let found = reader.link_of_room(&room("a1"), NOW).await.unwrap();
    let found = found.unwrap();
    assert_eq!(found.link.address(), plain.address());
    assert!(found.call.is_none());
    let found = reader.link_of_room(&room("b2"), NOW).await.unwrap();
    let found = found.unwrap();
    assert_eq!(found.link.address(), with_epoch.address());
    assert_eq!(found.call.unwrap().era, call.era);
    let later = reader.link_of_room(&room("b2"), NOW.plus(LEASE)).await;
    assert!(later.unwrap().unwrap().call.is_none());
    for (id, now) in [("c3", NOW), ("a1", plain.delete_at)] {
        let absent = reader.link_of_room(&room(id), now).await.unwrap();
        assert!(absent.is_none());
    }
}

pub async fn all_links_are_listed_in_parts_with_their_calls<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let ids = ["a1", "b2", "c3", "d4", "e5"];
    for id in ids {
        let link = fixture.created(id, None).await;
        if id == "c3" {
            fixture.started(&link, NOW).await;
        }
    }
    for limit in 1..=6 {
        let limit = NonZeroU32::new(limit).unwrap();
        let (mut after, mut listed, mut with_call) = (None, Vec::new(), Vec::new());
        loop {
            let mut reader = fixture.read().await;
            let page = reader.links(after, limit, NOW).await.unwrap();
            assert!(page.links.len() <= limit.get().try_into().unwrap());
            for found in page.links {
                let id = found.link.room.as_str().to_owned();
                if found.call.is_some() {
                    with_call.push(id.clone());
                }
                listed.push(id);
            }
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        assert_eq!(listed.len(), ids.len());
        let listed: BTreeSet<&str> = listed.iter().map(String::as_str).collect();
        assert_eq!(listed, BTreeSet::from(ids));
        assert_eq!(with_call, ["c3"]);
    }
}

pub async fn rows_are_counted_that_count_now<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let mut reader = fixture.read().await;
    assert_eq!(reader.counts(NOW).await.unwrap(), RoomsCounts::default());
    assert_eq!(reader.newest_link().await.unwrap(), None);
    drop(reader);
    let link = fixture.created("a1", None).await;
    fixture.created("b2", None).await;
    fixture.started(&link, NOW).await;
    let mut reader = fixture.read().await;
    let counts = RoomsCounts {
        links: 2,
        calls: 1,
        ..RoomsCounts::default()
    };
    assert_eq!(reader.counts(NOW).await.unwrap(), counts);
    assert_eq!(reader.newest_link().await.unwrap(), Some(link.created));
    let expired = reader.counts(link.expiration).await.unwrap();
    assert_eq!(
        (expired.links, expired.expired_links, expired.calls),
        (2, 2, 0)
    );
    assert_eq!(reader.counts(link.delete_at).await.unwrap().links, 0);
}
