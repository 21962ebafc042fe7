//! The replacement of the room service's data keys under an open database.

use std::num::NonZeroU32;

use anteroom_protocol::UidCiphertext;
use anteroom_store::{
    CallKey, KeyError, KeyOwner, RoomsDatabase as _, StoreError, UserId,
    conformance::{
        NOW, TEST,
        rooms::{Fixture, call, server_params::params},
    },
    keys::{KeyId, KeyPurpose},
    sealed::sealed_columns,
};
use rand::Rng as _;

use crate::{
    rooms,
    sqlite_file::{SqliteFile, comment_above},
};

const FEW: NonZeroU32 = NonZeroU32::new(3).unwrap();

#[tokio::test]
async fn every_sealed_column_of_rooms_is_sealed_anew() {
    let fixture = Fixture::<SqliteFile>::new().await;
    let mut sealed = fixture.backend.columns().await;
    sealed
        .retain(|(table, column)| comment_above("rooms", table, column).starts_with("-- SEALED: "));
    let mut listed: Vec<_> = sealed_columns(KeyOwner::Rooms)
        .iter()
        .map(|place| {
            let column = place.column;
            (column.table().to_owned(), column.name().to_owned())
        })
        .collect();
    sealed.sort();
    listed.sort();
    assert_eq!(listed, sealed);
}

#[tokio::test]
async fn rooms_users_and_calls_move_to_the_newest_data_key() {
    let mut fixture = Fixture::<SqliteFile>::new().await;
    let mut links = Vec::new();
    for round in 0..5 {
        let mut user = [0; UidCiphertext::LENGTH];
        fixture.rng.fill_bytes(&mut user);
        let user = UserId::parse(&hex::encode(user)).unwrap();
        let link = fixture
            .created(&format!("c0ffee{round}"), Some(round))
            .await;
        let mut repository = fixture.begin().await;
        repository
            .add_approval(&link.room, &user, &mut fixture.rng)
            .await
            .unwrap();
        repository.save().await.unwrap();
        let call = call(CallKey::Link(link.room.clone()), NOW, &mut fixture.rng);
        fixture.start(&call, link.epoch, NOW).await;
        links.push((link, user, call));
    }
    let mut repository = fixture.begin().await;
    let record = params(1, anteroom_store::ServerParamsKind::Generic);
    repository
        .add_server_params(&record, &mut fixture.rng)
        .await
        .unwrap();
    repository.save().await.unwrap();

    let database = rooms(&fixture.backend, &fixture.master, 2).await.unwrap();
    let keys = database.key_database();
    keys.rotate(KeyPurpose::Data, NOW, &mut fixture.rng)
        .await
        .unwrap();
    let (mut cursor, mut moved) = (None, 0);
    loop {
        let step = keys.reseal(cursor, FEW, &mut fixture.rng).await.unwrap();
        assert_eq!(step.unreadable, 0);
        moved += step.values;
        cursor = step.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(moved, 5 * 7 + 1);
    let retired = keys.retire(KeyPurpose::Data, NOW, NOW).await.unwrap();
    assert_eq!(retired, [KeyId::new(1)]);

    // Reads through the database that stayed open, and through one that is opened now.
    let fresh = rooms(&fixture.backend, &fixture.master, 3).await.unwrap();
    for (link, user, call) in &links {
        let address = link.address();
        let found = fixture.database.link_with_call(TEST, &address, NOW);
        let found = found.await.unwrap().unwrap();
        assert!(found.link.admin_statement == link.admin_statement);
        assert_eq!(found.call.unwrap().creator, call.creator);
        let mut reader = fresh.read(TEST).await.unwrap();
        let users = reader.approved_users(&link.room).await.unwrap();
        assert_eq!(users, std::slice::from_ref(user));
    }
}

#[tokio::test]
async fn the_room_service_has_no_token_keys_to_rotate() {
    let mut fixture = Fixture::<SqliteFile>::new().await;
    let database = rooms(&fixture.backend, &fixture.master, 2).await.unwrap();
    let keys = database.key_database();
    let outcome = keys.rotate(KeyPurpose::Token, NOW, &mut fixture.rng).await;
    assert!(
        matches!(
            outcome,
            Err(StoreError::Keys(KeyError::NotRotated(KeyPurpose::Token)))
        ),
        "{outcome:?}"
    );
}
