use core::time::Duration;

use anteroom_e2ee::EpochKey;
use zeroize::Zeroizing;

use super::*;

const NOW: Moment = Moment::new(Duration::ZERO);

/// Returns the keys of an epoch whose members have the leaves 0 and 1.
fn epoch(number: u8, own_leaf: u32) -> EpochFrames {
    let device = |leaf: u32| DemuxId::new(leaf * 16 + 16).unwrap();
    EpochFrames {
        key: EpochKey::new(
            EraId::from_bytes([1; 16]),
            GroupEpoch {
                group: 1,
                epoch: number.into(),
            },
            Zeroizing::new([number; 16]),
        ),
        own_leaf,
        leaves: [0, 1].into(),
        stayed: [0, 1].into(),
        devices: [0, 1].map(|leaf| (leaf, device(leaf))).into(),
        has_new_members: false,
    }
}

fn sealed(data: Vec<u8>) -> SealedFrame {
    SealedFrame {
        slot: SlotNumber(3),
        kind: SlotKind::Audio,
        time: Duration::ZERO,
        lost: 0,
        level: None,
        data: data.into(),
    }
}

#[test]
fn a_device_that_frames_cannot_name_seals_nothing_under_an_earlier_epoch() {
    let mut keys = FrameKeys::default();
    keys.add_epoch(epoch(1, 0), NOW);
    keys.seal(Source::Audio, b"one", NOW).unwrap();
    keys.add_epoch(epoch(2, u32::MAX), NOW);
    let refused = keys.seal(Source::Audio, b"two", NOW);
    assert_eq!(refused, Err(SealError::TooManyMembers));
    keys.add_epoch(epoch(3, 0), NOW);
    keys.seal(Source::Audio, b"three", NOW).unwrap();
}

#[test]
fn a_frame_that_does_not_open_is_a_gap_before_the_next_one() {
    let (mut sender, mut receiver) = (FrameKeys::default(), FrameKeys::default());
    sender.add_epoch(epoch(1, 0), NOW);
    receiver.add_epoch(epoch(1, 1), NOW);
    let mut gaps = Vec::new();
    for is_damaged in [false, true, true, false, false] {
        let mut data = sender.seal(Source::Audio, b"sound", NOW).unwrap();
        if is_damaged {
            *data.last_mut().unwrap() ^= 1;
        }
        let frame = receiver.open(&sealed(data), NOW);
        gaps.push(frame.map(|frame| frame.has_gap));
    }
    assert_eq!(gaps, [Some(false), None, None, Some(true), Some(false)]);
    // A picture's slot takes no sound.
    let data = sender.seal(Source::Camera, &[0x51, 0, 0, 1], NOW).unwrap();
    assert!(receiver.open(&sealed(data), NOW).is_none());
    let data = sender.seal(Source::Audio, b"sound", NOW).unwrap();
    assert!(receiver.open(&sealed(data), NOW).unwrap().has_gap);
}
