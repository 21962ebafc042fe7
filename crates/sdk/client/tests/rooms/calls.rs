//! Calls over the socket.

use std::time::Duration;

use anteroom_client::{
    Approval, ApprovalStatement, CallEvent, DenialReason, EndReason, OngoingCall, Recipient,
    RoomsError, SeatInfo, SeatStatus,
};
use anteroom_protocol::{AdminPasskey, RootKey, ServiceId};
use anteroom_testkit::TestRoomsOptions;

use crate::support::{RoomsFixture, TestUser, wait_for};

async fn create(
    fixture: &RoomsFixture,
    who: &TestUser,
    approval: Approval,
) -> (RootKey, AdminPasskey) {
    let (key, passkey) = fixture.new_room();
    let pass = fixture.create_pass(who, &key).await;
    let mut rng = fixture.rng();
    let created = who
        .rooms
        .create(&key, &pass, &passkey, approval, &mut *rng)
        .await;
    (created.unwrap().root_key, passkey)
}

fn joined(event: CallEvent) -> Option<SeatInfo> {
    match event {
        CallEvent::Joined(joined) => Some(*joined),
        _ => None,
    }
}

fn message(event: CallEvent) -> Option<Vec<u8>> {
    match event {
        CallEvent::Message { message, .. } => Some(message.to_vec()),
        CallEvent::Unreadable { reason, .. } => panic!("{reason}"),
        _ => None,
    }
}

fn end_reason(event: CallEvent) -> Option<EndReason> {
    match event {
        CallEvent::Ended(end_reason) => Some(end_reason),
        _ => None,
    }
}

#[tokio::test]
async fn a_guest_is_admitted_and_messages_arrive_sealed_and_in_order() {
    let fixture = RoomsFixture::start().await;
    let (ann, bob) = (fixture.person().await, fixture.person().await);
    let (room, passkey) = create(&fixture, &ann, Approval::Required).await;
    let mut anns = fixture.join(&ann, &room, Some(&passkey)).await.unwrap();
    let seat = wait_for(&mut anns, joined).await;
    assert_eq!((seat.status, seat.is_admin), (SeatStatus::Active, true));

    let mut bobs = fixture.join(&bob, &room, None).await.unwrap();
    let bobs_seat = wait_for(&mut bobs, joined).await;
    assert_eq!(
        (bobs_seat.status, bobs_seat.is_admin),
        (SeatStatus::Pending, false)
    );
    let waiting = wait_for(&mut anns, |event| match event {
        CallEvent::Roster(roster) => roster.pending.first().cloned(),
        _ => None,
    })
    .await;
    assert_eq!(waiting.demux, bobs_seat.demux);
    // A holder of the root key can decrypt the user's id.
    let user = waiting
        .user
        .unwrap()
        .decrypt(&room.secret_params())
        .unwrap();
    assert_eq!(user, ServiceId::Aci(bob.aci));
    // Messages of a waiting device reach no one.
    bobs.send(Recipient::All, b"early").await.unwrap();
    let refused = wait_for(&mut bobs, |event| match event {
        CallEvent::Refused { code, .. } => Some(code),
        _ => None,
    });
    assert_eq!(refused.await, "not_active");
    anns.approve(waiting.demux).await.unwrap();
    wait_for(&mut bobs, |event| {
        matches!(event, CallEvent::Admitted { .. }).then_some(())
    })
    .await;

    for number in 0..50_u8 {
        anns.send(Recipient::All, &[number]).await.unwrap();
    }
    bobs.send(Recipient::One(seat.demux), b"for Ann")
        .await
        .unwrap();
    for number in 0..50_u8 {
        assert_eq!(wait_for(&mut bobs, message).await, [number]);
    }
    assert_eq!(wait_for(&mut anns, message).await, b"for Ann");
    let peek = bob.rooms.peek(&room, &bob.pass, &mut *fixture.rng()).await;
    let peek = peek.unwrap().unwrap();
    assert_eq!((peek.era, peek.active.len()), (seat.era, 2));
    bobs.leave().await;
    wait_for(&mut anns, |event| match event {
        CallEvent::Roster(roster) if roster.active.len() == 1 => Some(()),
        _ => None,
    })
    .await;
    anns.leave().await;
    let peek = ann.rooms.peek(&room, &ann.pass, &mut *fixture.rng()).await;
    assert!(peek.unwrap().is_none());
}

#[tokio::test]
async fn a_statement_reaches_the_device_that_it_approves_also_when_the_connection_is_lost() {
    let fixture = RoomsFixture::start().await;
    let (ann, bob) = (fixture.person().await, fixture.person().await);
    let (room, passkey) = create(&fixture, &ann, Approval::Required).await;
    let mut anns = fixture.join(&ann, &room, Some(&passkey)).await.unwrap();
    let features = wait_for(&mut anns, joined).await.features;
    assert!(features.iter().any(|feature| feature == "statements"));
    let mut bobs = fixture.join(&bob, &room, None).await.unwrap();
    let seat = wait_for(&mut bobs, joined).await;
    assert_eq!(seat.statement, None);
    let statement = ApprovalStatement::new(*b"let Bob in").unwrap();
    anns.approve_with(seat.demux, statement.clone())
        .await
        .unwrap();
    let received = wait_for(&mut bobs, |event| match event {
        CallEvent::Admitted { statement } => Some(statement),
        _ => None,
    });
    assert_eq!(received.await.as_ref(), Some(&statement));
    bobs.reconnect().await.unwrap();
    let received = wait_for(&mut bobs, |event| match event {
        CallEvent::Restored { statement, .. } => Some(statement),
        CallEvent::Joined(_) => panic!("another place"),
        _ => None,
    });
    assert_eq!(received.await, Some(statement));
}

#[tokio::test]
async fn what_was_said_before_leaving_goes_out() {
    let fixture = RoomsFixture::start().await;
    let (ann, bob) = (fixture.person().await, fixture.person().await);
    let (room, passkey) = create(&fixture, &ann, Approval::Off).await;
    let mut anns = fixture.join(&ann, &room, Some(&passkey)).await.unwrap();
    for _ in 0..10 {
        let bobs = fixture.join(&bob, &room, None).await.unwrap();
        for number in 0..5_u8 {
            bobs.send(Recipient::All, &[number]).await.unwrap();
        }
        bobs.leave().await;
        for number in 0..5_u8 {
            assert_eq!(wait_for(&mut anns, message).await, [number]);
        }
    }
}

#[tokio::test]
async fn a_lost_connection_comes_back_to_its_place_and_its_counters() {
    let fixture = RoomsFixture::start().await;
    let (ann, bob) = (fixture.person().await, fixture.person().await);
    let (room, passkey) = create(&fixture, &ann, Approval::Off).await;
    let mut anns = fixture.join(&ann, &room, Some(&passkey)).await.unwrap();
    let mut bobs = fixture.join(&bob, &room, None).await.unwrap();
    let seat = wait_for(&mut bobs, joined).await;
    for round in 0..3_u8 {
        bobs.send(Recipient::All, &[round]).await.unwrap();
        assert_eq!(wait_for(&mut anns, message).await, [round]);
        bobs.reconnect().await.unwrap();
        wait_for(&mut bobs, |event| {
            matches!(event, CallEvent::Lost).then_some(())
        })
        .await;
        let roster = wait_for(&mut bobs, |event| match event {
            CallEvent::Restored { roster, .. } => Some(roster),
            CallEvent::Joined(_) => panic!("another place"),
            _ => None,
        })
        .await;
        assert!(roster.active.iter().any(|one| one.demux == seat.demux));
        anns.send(Recipient::All, &[round]).await.unwrap();
        assert_eq!(wait_for(&mut bobs, message).await, [round]);
    }
}

#[tokio::test]
async fn admins_deny_remove_and_block() {
    let fixture = RoomsFixture::start().await;
    let (ann, bob) = (fixture.person().await, fixture.person().await);
    let (room, passkey) = create(&fixture, &ann, Approval::Required).await;
    let mut anns = fixture.join(&ann, &room, Some(&passkey)).await.unwrap();

    let mut bobs = fixture.join(&bob, &room, None).await.unwrap();
    let demux = wait_for(&mut bobs, joined).await.demux;
    anns.deny(demux).await.unwrap();
    let end = wait_for(&mut bobs, end_reason).await;
    assert!(
        matches!(end, EndReason::Denied(DenialReason::Admin)),
        "{end:?}"
    );
    assert!(bobs.next().await.is_none());
    let over = bobs.send(Recipient::All, b"hello").await;
    assert!(matches!(over, Err(RoomsError::Over)));

    let mut bobs = fixture.join(&bob, &room, None).await.unwrap();
    let demux = wait_for(&mut bobs, joined).await.demux;
    anns.approve(demux).await.unwrap();
    anns.remove(demux).await.unwrap();
    assert!(matches!(
        wait_for(&mut bobs, end_reason).await,
        EndReason::Removed
    ));

    let mut bobs = fixture.join(&bob, &room, None).await.unwrap();
    let demux = wait_for(&mut bobs, joined).await.demux;
    anns.approve(demux).await.unwrap();
    anns.block(demux).await.unwrap();
    assert!(matches!(
        wait_for(&mut bobs, end_reason).await,
        EndReason::Blocked
    ));
    let refused = fixture.join(&bob, &room, None).await;
    assert!(
        matches!(refused, Err(RoomsError::Refused { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn rooms_that_are_full_unknown_or_closed_refuse_a_join() {
    let options = TestRoomsOptions {
        max_devices: 1,
        ..TestRoomsOptions::default()
    };
    let fixture = RoomsFixture::start_with(options).await;
    let (ann, bob) = (fixture.person().await, fixture.person().await);
    let unknown = fixture.join(&bob, &fixture.new_room().0, None).await;
    assert!(
        matches!(unknown, Err(RoomsError::NoSuchLink)),
        "{unknown:?}"
    );

    let (room, passkey) = create(&fixture, &ann, Approval::Off).await;
    let anns = fixture.join(&ann, &room, Some(&passkey)).await.unwrap();
    match fixture.join(&bob, &room, None).await {
        Err(RoomsError::Refused { code, .. }) => assert_eq!(code, "full"),
        other => panic!("{other:?}"),
    }
    anns.leave().await;
    let change = anteroom_client::LinkChange {
        revoked: Some(true),
        ..Default::default()
    };
    let mut rng = fixture.rng();
    ann.rooms
        .update(&room, &ann.pass, &passkey, &change, &mut *rng)
        .await
        .unwrap();
    let closed = fixture.join(&bob, &room, None).await;
    assert!(matches!(closed, Err(RoomsError::Closed)), "{closed:?}");
}

#[tokio::test]
async fn an_admin_takes_the_place_of_a_guest_and_ends_the_call_from_outside() {
    let options = TestRoomsOptions {
        max_devices: 1,
        ..TestRoomsOptions::default()
    };
    let fixture = RoomsFixture::start_with(options).await;
    let (ann, bob) = (fixture.person().await, fixture.person().await);
    let (room, passkey) = create(&fixture, &ann, Approval::Off).await;
    let mut bobs = fixture.join(&bob, &room, None).await.unwrap();
    let mut anns = fixture.join(&ann, &room, Some(&passkey)).await.unwrap();
    let end = wait_for(&mut bobs, end_reason).await;
    assert!(matches!(end, EndReason::Displaced), "{end:?}");
    let seat = wait_for(&mut anns, joined).await;
    assert!(seat.features.iter().any(|feature| feature == "end_call"));
    let mut rng = fixture.rng();
    let deleted = ann
        .rooms
        .delete(&room, &ann.pass, &passkey, OngoingCall::Keep, &mut *rng)
        .await;
    assert!(
        matches!(deleted, Err(RoomsError::Problem(_))),
        "{deleted:?}"
    );
    ann.rooms
        .delete(&room, &ann.pass, &passkey, OngoingCall::End, &mut *rng)
        .await
        .unwrap();
    let end = wait_for(&mut anns, end_reason).await;
    assert!(matches!(end, EndReason::EndedByAdmin), "{end:?}");
}

#[tokio::test]
async fn a_join_at_the_wrong_node_ends_at_the_right_one() {
    let fixture = RoomsFixture::start().await;
    let (ann, bob) = (
        fixture.person().await,
        fixture.issuer.add_account(false).await,
    );
    let other = fixture.rooms.another_node("other").await;
    let bob = fixture.person_at(&bob, other.base_url()).await;
    let (room, passkey) = create(&fixture, &ann, Approval::Off).await;
    let mut anns = fixture.join(&ann, &room, Some(&passkey)).await.unwrap();
    let mut bobs = fixture.join(&bob, &room, None).await.unwrap();
    let era = wait_for(&mut anns, joined).await.era;
    assert_eq!(wait_for(&mut bobs, joined).await.era, era);
    bobs.send(Recipient::All, b"here").await.unwrap();
    assert_eq!(wait_for(&mut anns, message).await, b"here");
}

#[tokio::test]
async fn who_waits_at_another_node_comes_along_when_the_call_starts() {
    let mut options = TestRoomsOptions::default();
    options.leases.lobby_refresh = Duration::from_millis(20);
    let fixture = RoomsFixture::start_with(options).await;
    let (ann, bob) = (
        fixture.person().await,
        fixture.issuer.add_account(false).await,
    );
    let other = fixture.rooms.another_node("other").await;
    let bob = fixture.person_at(&bob, other.base_url()).await;
    let (room, passkey) = create(&fixture, &ann, Approval::Required).await;
    let mut bobs = fixture.join(&bob, &room, None).await.unwrap();
    let waits = wait_for(&mut bobs, joined).await;
    assert_eq!(waits.status, SeatStatus::Pending);
    let mut anns = fixture.join(&ann, &room, Some(&passkey)).await.unwrap();
    let era = wait_for(&mut anns, joined).await.era;
    let moved = wait_for(&mut bobs, joined).await;
    assert_eq!((moved.era, moved.status), (era, SeatStatus::Pending));
    anns.approve(moved.demux).await.unwrap();
    wait_for(&mut bobs, |event| {
        matches!(event, CallEvent::Admitted { .. }).then_some(())
    })
    .await;
    bobs.send(Recipient::All, b"here").await.unwrap();
    assert_eq!(wait_for(&mut anns, message).await, b"here");
}
