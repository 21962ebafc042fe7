use anteroom_client_core::MediaConfig;
use anteroom_client_media::{GiveUpReason, MediaEvent};
use anteroom_protocol::GuestAdmission;

use super::*;
use crate::{
    AdminStatement, Approval, DemuxId, EraId, LinkState, RoomName, Roster, SeatInfo, Timestamp,
};

/// Returns a seat in a call that has media.
fn seat() -> CallEvent {
    CallEvent::Joined(Box::new(SeatInfo {
        demux: DemuxId::new(16).unwrap(),
        era: EraId::from_bytes([1; 16]),
        status: SeatStatus::Active,
        is_admin: false,
        max_devices: 8,
        roster: Roster {
            active: Vec::new(),
            pending: Vec::new(),
            pending_count: 0,
        },
        link: LinkState {
            approval: Approval::Off,
            name: RoomName::None,
            revoked: false,
            guests: GuestAdmission::Wait,
            expiration: Timestamp::from_secs(1),
            deletion: Timestamp::from_secs(1),
            admin_statement: AdminStatement::default(),
        },
        media: Some(MediaConfig {
            audio_slots: 1,
            video_slots: 1,
            max_bitrate: 1,
            codecs: Vec::new(),
        }),
        features: Vec::new(),
        statement: None,
    }))
}

fn refused(code: &str) -> CallEvent {
    CallEvent::Refused {
        code: code.to_owned(),
        message: String::new(),
    }
}

/// Starts the media of a session at a seat. The first offer is made.
async fn started() -> (SessionMedia, MediaEvents) {
    let mut media = SessionMedia::default();
    media.observe(&seat()).await;
    let (reply, started) = oneshot::channel();
    let slots = SlotCounts { audio: 1, video: 1 };
    media.start(MediaOpening { slots, reply }).await;
    let (_sender, events) = started.await.unwrap().unwrap();
    assert_eq!(next_session(&mut media).await, 1);
    (media, events)
}

async fn next_session(media: &mut SessionMedia) -> u64 {
    match media.next_offer().await {
        MediaCommand::Offer { session, slots, .. } => {
            assert_eq!(slots.len(), 2);
            session
        }
        other => unreachable!("{other:?}"),
    }
}

#[tokio::test]
async fn media_that_are_not_there_at_present_are_offered_again() {
    let (mut media, _events) = started().await;
    media.observe(&refused("media_unavailable")).await;
    assert_eq!(next_session(&mut media).await, 2);
}

#[tokio::test]
async fn media_whose_offers_are_refused_are_given_up_after_three() {
    let (mut media, mut events) = started().await;
    for session in [2, 3] {
        media.observe(&refused("media_refused")).await;
        assert_eq!(next_session(&mut media).await, session);
    }
    // A refusal that passes does not count.
    media.observe(&refused("too_many_offers")).await;
    assert_eq!(next_session(&mut media).await, 4);
    // A source that is dropped is no offer.
    media.observe(&refused("source_dropped")).await;
    media.observe(&refused("media_refused")).await;
    loop {
        if let MediaEvent::GivenUp(reason) = events.next().await.unwrap() {
            assert_eq!(reason, GiveUpReason::Refused);
            break;
        }
    }
    let restored = CallEvent::Restored {
        roster: Roster {
            active: Vec::new(),
            pending: Vec::new(),
            pending_count: 0,
        },
        statement: None,
    };
    media.observe(&restored).await;
    assert_eq!(next_session(&mut media).await, 5);
}
