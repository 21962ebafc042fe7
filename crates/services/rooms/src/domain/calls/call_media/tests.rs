use std::future::pending;

use anteroom_call::{ConnectionId, Input, Join, JoinRandomness, Limits, Output, Role, RosterForm};
use anteroom_protocol::{
    AdminStatement, EraId, GuestAdmission, LinkState, MemberKey, OpaqueUserId, Restrictions,
    Timestamp,
    media::{MuteOrder, MuteTarget, PerSource, SessionDescription, Source, ViewRequest},
};
use async_trait::async_trait;
use tokio::time::Instant;

use super::*;
use crate::{MediaBusy, MediaEvents};

/// A media server that hangs: no end comes, and no event.
struct HangingMedia;

impl MediaBackend for HangingMedia {
    fn config(&self) -> MediaConfig {
        MediaConfig {
            audio_slots: 0,
            video_slots: 0,
            max_bitrate: 0,
            codecs: Vec::new(),
        }
    }

    fn open_call(&self) -> Result<OpenedMedia, MediaUnavailable> {
        Ok(OpenedMedia {
            control: Box::new(Self),
            events: Box::new(Self),
        })
    }
}

impl MediaControl for HangingMedia {
    fn activate(&self, _device: DemuxId, _user: OpaqueUserId) {}

    fn remove(&self, _device: DemuxId) -> MediaEnd {
        Box::pin(pending())
    }

    fn offer(
        &self,
        _device: DemuxId,
        _session: u64,
        _offer: SessionDescription,
    ) -> Result<(), MediaBusy> {
        Ok(())
    }

    fn view(&self, _device: DemuxId, _view: ViewRequest) {}

    fn publish(&self, _device: DemuxId, _sources: PerSource<bool>) {}

    fn mute(
        &self,
        _by: DemuxId,
        _target: MuteTarget,
        _source: Source,
        _order: MuteOrder,
    ) -> Result<(), MediaBusy> {
        Ok(())
    }

    fn close(self: Box<Self>) -> MediaEnd {
        Box::pin(pending())
    }
}

#[async_trait]
impl MediaEvents for HangingMedia {
    async fn next(&mut self) -> Option<MediaEvent> {
        pending().await
    }
}

/// Returns a call with one device that has media.
fn call(now: Moment) -> Call {
    let link = LinkState {
        restrictions: Restrictions::None,
        guests: GuestAdmission::Wait,
        name: Arc::from([]),
        revoked: false,
        expiration: Timestamp::from_secs(2_000_000_000),
        delete_at: Timestamp::from_secs(2_000_000_000),
        admin_statement: AdminStatement::default(),
    };
    let limits = Limits {
        has_media: true,
        ..Limits::of_devices(8)
    };
    let mut call = Call::new(EraId::from_bytes([7; 16]), link, [], limits);
    call.handle(
        now,
        Input::Join(Join {
            connection: ConnectionId::new(1),
            user: OpaqueUserId::parse("aa").unwrap(),
            role: Role::Guest,
            has_guest_account: false,
            resume: None,
            roster: RosterForm::Whole,
            hello: None,
            member: Some(MemberKey::from_bytes([1; 32])),
            have: None,
            randomness: JoinRandomness::from_parts([16; 4], [1; 32]),
        }),
    );
    while !matches!(call.poll_output(), Output::Wait(_)) {}
    call
}

fn offer(device: DemuxId) -> MediaCommand {
    MediaCommand::Offer {
        device,
        session: 1,
        offer: SessionDescription::new("v=0".to_owned()),
    }
}

#[tokio::test(start_paused = true)]
async fn media_whose_ends_do_not_come_end_as_failed_ones_and_delay_the_call_once() {
    let at = Moment::from_millis;
    let device = DemuxId::new(16).unwrap();
    let call = call(at(0));
    for (ending, count) in [(MediaCommand::Remove(device), 5), (MediaCommand::Close, 1)] {
        let mut media = CallMedia::new(Some(Arc::new(HangingMedia)));
        assert!(media.carry_out(offer(device), &call, at(0)).is_ok());
        let end = |media: &mut CallMedia| {
            let ended = media.carry_out(ending.clone(), &call, at(0));
            ended.ok().flatten()
        };
        let ends: Vec<MediaEnd> = (0..count).filter_map(|_| end(&mut media)).collect();
        assert_eq!(ends.len(), count);
        let start = Instant::now();
        let ended = media.ended(ends, at(0)).await;
        assert!(matches!(ended, Err(CommandFailure::Ended)));
        assert_eq!(start.elapsed(), END);
        // Nothing is left to wait for.
        assert!(end(&mut media).is_none());
    }
}

#[tokio::test]
async fn media_that_fail_three_times_in_a_minute_stay_closed_for_the_rest_of_it() {
    let at = |seconds: u64| Moment::from_millis(seconds * 1_000);
    let device = DemuxId::new(16).unwrap();
    let call = call(at(0));
    let mut media = CallMedia::new(Some(Arc::new(HangingMedia)));
    for (second, is_open) in [
        (0, true),
        (20, true),
        (40, true),
        (59, false),
        (60, true),
        (61, false),
        (80, true),
        (99, false),
        (160, true),
    ] {
        let offered = media.carry_out(offer(device), &call, at(second));
        match offered {
            Ok(_) => media.fail(at(second)),
            Err(CommandFailure::Unavailable(refused, reason)) => {
                assert_eq!((refused, reason), (device, MediaUnavailable::FailedOften));
            }
            Err(_) => panic!("{second}"),
        }
        assert_eq!(
            media.failures.back() == Some(&at(second)),
            is_open,
            "{second}"
        );
    }
}
