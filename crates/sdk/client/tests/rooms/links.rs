//! Creating, reading, updating, deleting and peeking at links.

use anteroom_client::{
    AdminStatement, Approval, GuestAdmission, LinkChange, OngoingCall, RoomName, RoomsError,
};
use anteroom_protocol::{AdminPasskey, RootKey};
use anteroom_testkit::TestRoomsOptions;
use http::StatusCode;

use crate::support::RoomsFixture;

fn named(name: &str) -> LinkChange {
    LinkChange {
        name: Some(name.to_owned()),
        ..LinkChange::default()
    }
}

fn status<T: std::fmt::Debug>(outcome: Result<T, RoomsError>) -> (StatusCode, String) {
    match outcome.unwrap_err() {
        RoomsError::Problem(problem) => (problem.status, problem.code),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_link_is_created_read_changed_and_deleted() {
    let fixture = RoomsFixture::start().await;
    let ann = fixture.person().await;
    let bob = fixture.person().await;
    let (key, passkey) = fixture.new_room();
    let mut rng = fixture.rng();
    let pass = fixture.create_pass(&ann, &key).await;
    let create = |approval| {
        let (rooms, key, passkey) = (ann.rooms.clone(), key.clone(), passkey.clone());
        let (pass, mut rng) = (pass.clone(), fixture.rng());
        async move {
            rooms
                .create(&key, &pass, &passkey, approval, &mut *rng)
                .await
        }
    };
    let created = create(Approval::Off).await.unwrap();
    let room = created.root_key;
    assert_eq!(room.epoch(), None, "without epochs it becomes a short key");
    assert_eq!(room.to_bytes().len(), 16);
    assert_eq!(created.state.approval, Approval::Off);
    assert_eq!(created.state.name, RoomName::None);
    assert!(created.state.is_open(fixture.now()));
    // Repeating the creation changes nothing, whatever approval it asks for.
    let again = create(Approval::Required).await.unwrap();
    assert_eq!(again.state, created.state);

    let rooms = &ann.rooms;
    let change = LinkChange {
        approval: Some(Approval::Required),
        name: Some("Tea — 茶".to_owned()),
        revoked: Some(true),
        guests: Some(GuestAdmission::AsAccounts),
        admin_statement: AdminStatement::new(*b"signed").ok(),
        end_call: false,
    };
    let changed = rooms
        .update(&room, &ann.pass, &passkey, &change, &mut *rng)
        .await;
    let seen = bob.rooms.link(&room, &bob.pass, &mut *rng).await.unwrap();
    assert_eq!(seen, changed.unwrap());
    assert_eq!(seen.name, RoomName::Known("Tea — 茶".to_owned()));
    assert_eq!(seen.admin_statement.as_bytes(), b"signed");
    assert!(seen.revoked && !seen.is_open(fixture.now()));
    assert!(matches!(
        bob.rooms.peek(&room, &bob.pass, &mut *rng).await,
        Err(RoomsError::Closed)
    ));

    rooms
        .delete(&room, &ann.pass, &passkey, OngoingCall::Keep, &mut *rng)
        .await
        .unwrap();
    rooms
        .delete(&room, &ann.pass, &passkey, OngoingCall::Keep, &mut *rng)
        .await
        .unwrap();
    for missing in [
        rooms.link(&room, &ann.pass, &mut *rng).await.map(drop),
        rooms.peek(&room, &ann.pass, &mut *rng).await.map(drop),
        rooms
            .update(&room, &ann.pass, &passkey, &named("x"), &mut *rng)
            .await
            .map(drop),
    ] {
        assert!(
            matches!(missing, Err(RoomsError::NoSuchLink)),
            "{missing:?}"
        );
    }
}

#[tokio::test]
async fn only_the_passkey_changes_a_link() {
    let fixture = RoomsFixture::start().await;
    let ann = fixture.person().await;
    let bob = fixture.person().await;
    let (key, passkey) = fixture.new_room();
    let mut rng = fixture.rng();
    let pass = fixture.create_pass(&ann, &key).await;
    let created = ann
        .rooms
        .create(&key, &pass, &passkey, Approval::Off, &mut *rng)
        .await;
    let room = created.unwrap().root_key;
    let other = AdminPasskey::random(&mut *rng);
    let rooms = &bob.rooms;
    let wrong = rooms
        .update(&room, &bob.pass, &other, &named("x"), &mut *rng)
        .await;
    assert_eq!(status(wrong).0, StatusCode::FORBIDDEN);
    let wrong = rooms
        .delete(&room, &bob.pass, &other, OngoingCall::Keep, &mut *rng)
        .await;
    assert_eq!(status(wrong).0, StatusCode::FORBIDDEN);
    // The room has a link of another passkey.
    let pass = fixture.create_pass(&bob, &key).await;
    let taken = rooms
        .create(&key, &pass, &other, Approval::Off, &mut *rng)
        .await;
    assert_eq!(
        status(taken),
        (StatusCode::CONFLICT, "CALL_LINK_EXISTS".to_owned())
    );
    // A presentation for another key is not valid for this room, and the room of that key does not exist.
    let stranger = RootKey::generate_v0(&mut *rng);
    let missing = rooms.link(&stranger, &bob.pass, &mut *rng).await;
    assert!(matches!(missing, Err(RoomsError::NoSuchLink)));
    // The passkey is not bound to the account that created the link.
    rooms
        .update(&room, &bob.pass, &passkey, &named("Ours"), &mut *rng)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_room_service_with_epochs_completes_the_key() {
    let options = TestRoomsOptions {
        epochs: true,
        ..TestRoomsOptions::default()
    };
    let fixture = RoomsFixture::start_with(options).await;
    let ann = fixture.person().await;
    let (key, passkey) = fixture.new_room();
    let mut rng = fixture.rng();
    let pass = fixture.create_pass(&ann, &key).await;
    let created = ann
        .rooms
        .create(&key, &pass, &passkey, Approval::Off, &mut *rng)
        .await;
    let room = created.unwrap().root_key;
    assert!(room.epoch().is_some());
    let rooms = &ann.rooms;
    rooms
        .update(&room, &ann.pass, &passkey, &named("Epoch"), &mut *rng)
        .await
        .unwrap();
    let state = rooms.link(&room, &ann.pass, &mut *rng).await.unwrap();
    assert_eq!(state.name, RoomName::Known("Epoch".to_owned()));
    let bare = RootKey::from_bytes(&room.to_bytes()[..16]).unwrap();
    let missing = rooms.link(&bare, &ann.pass, &mut *rng).await;
    assert!(
        matches!(missing, Err(RoomsError::NoSuchLink)),
        "{missing:?}"
    );
}
