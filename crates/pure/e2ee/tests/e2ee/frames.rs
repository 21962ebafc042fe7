//! Sealed frames: who can open them, and when.

use core::time::Duration;
use std::collections::BTreeSet;

use anteroom_e2ee::{
    Codec, EpochKey, FrameContext, FrameOpener, FrameRefusal, FrameSealer, FrameTag, GroupEpoch,
    Moment, OldEpoch, SealError,
};
use sframe::{
    CipherSuite,
    frame::{EncryptedFrameView, MediaFrameView, MonotonicCounter},
    key::{DecryptionKey, EncryptionKey},
};
use zeroize::Zeroizing;

use crate::common::era;

/// RFC 9605, appendix C.3, the case of cipher suite 4: base key, metadata, plaintext, ciphertext.
const RFC_9605: [&str; 4] = [
    "000102030405060708090a0b0c0d0e0f",
    "4945544620534672616d65205747",
    "64726166742d696574662d736672616d652d656e63",
    "9901234567b7412c2513a1b66dbb48841bbaf17f598751176ad847681a69c6d0b091c07018ce4adb34eb",
];

const TAG: FrameTag = FrameTag(1);

fn at(millis: u64) -> Moment {
    Moment::new(Duration::from_millis(millis))
}

fn epoch(group: u32, epoch: u64) -> EpochKey {
    epoch_of(1, group, epoch)
}

fn epoch_of(number: u8, group: u32, epoch: u64) -> EpochKey {
    let mut base_key = Zeroizing::new([7; 16]);
    base_key[..8].copy_from_slice(&epoch.to_be_bytes());
    base_key[8] = u8::try_from(group).unwrap();
    base_key[9] = number;
    EpochKey::new(era(number), GroupEpoch { group, epoch }, base_key)
}

fn leaves<const N: usize>(leaves: [u32; N]) -> BTreeSet<u32> {
    leaves.into()
}

/// A sealer on leaf 5, and an opener that knows leaves 2 and 5, both in epoch 1 of group 0.
fn pair() -> (FrameSealer, FrameOpener) {
    let mut sealer = FrameSealer::new();
    sealer.add_epoch(&epoch(0, 1), 5, false, at(0)).unwrap();
    let mut opener = FrameOpener::new();
    opener
        .add_epoch(epoch(0, 1), leaves([2, 5]), &leaves([]), at(0))
        .unwrap();
    (sealer, opener)
}

#[test]
fn the_known_answer_of_rfc_9605_holds() {
    let [base_key, metadata, plaintext, ciphertext] =
        RFC_9605.map(|text| hex::decode(text).unwrap());
    let suite = CipherSuite::AesGcm128Sha256;
    let key = EncryptionKey::derive_from(suite, 0x123_u64, &base_key).unwrap();
    let mut counter = MonotonicCounter::with_start_value(0x4567, u64::MAX);
    let frame = MediaFrameView::try_with_meta_data(&mut counter, &plaintext, &metadata);
    let mut sealed = Vec::new();
    frame.unwrap().encrypt_into(&key, &mut sealed).unwrap();
    assert_eq!(sealed[metadata.len()..], ciphertext);
    let key = DecryptionKey::derive_from(suite, 0x123_u64, &base_key).unwrap();
    let frame = EncryptedFrameView::try_with_meta_data(&ciphertext, &metadata).unwrap();
    let mut opened = Vec::new();
    frame.decrypt_into(&key, &mut opened).unwrap();
    assert_eq!(opened[metadata.len()..], plaintext);
}

#[test]
fn a_frame_says_its_leaf_and_context_and_keeps_its_clear_bytes() {
    let (mut sealer, mut opener) = pair();
    for context in FrameContext::ALL {
        for clear_length in [0, 1, 10] {
            let sealed = sealer
                .seal(context, b"a frame of some length", clear_length, at(1))
                .unwrap();
            assert_eq!(
                sealed[..clear_length],
                b"a frame of some length"[..clear_length]
            );
            assert!(sealed.len() <= 22 + 5 + 16);
            let opened = opener.open(TAG, &sealed, clear_length, at(2)).unwrap();
            assert_eq!((opened.leaf, opened.context), (5, context));
            assert_eq!(opened.epoch, epoch(0, 1).epoch());
            assert_eq!(opened.frame.as_slice(), b"a frame of some length");
        }
    }
}

#[test]
fn an_empty_frame_and_one_shorter_than_its_clear_bytes_come_through() {
    let (mut sealer, mut opener) = pair();
    for (frame, clear_length) in [(&b""[..], 0), (b"abc", 3), (b"abc", 10)] {
        let sealed = sealer
            .seal(FrameContext::Camera, frame, clear_length, at(1))
            .unwrap();
        let opened = opener.open(TAG, &sealed, clear_length.min(3), at(2));
        assert_eq!(opened.unwrap().frame.as_slice(), frame);
    }
}

#[test]
fn nothing_but_the_whole_frame_opens_and_only_once() {
    let (mut sealer, mut opener) = pair();
    let sealed = sealer
        .seal(FrameContext::Camera, &[9; 40], 3, at(1))
        .unwrap();
    for index in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[index] ^= 1;
        assert!(opener.open(TAG, &changed, 3, at(1)).is_err(), "{index}");
        assert!(opener.open(TAG, &sealed[..index], 3, at(1)).is_err());
    }
    assert!(opener.open(TAG, &sealed, 3, at(1)).is_ok());
    let again = opener.open(TAG, &sealed, 3, at(1));
    assert_eq!(again, Err(FrameRefusal::Replayed));
}

#[test]
fn frames_come_in_any_order_within_the_window() {
    let (mut sealer, mut opener) = pair();
    let mut seal = || {
        sealer
            .seal(FrameContext::Audio, b"sound", 0, at(1))
            .unwrap()
    };
    let frames: Vec<_> = (0..1_026).map(|_| seal()).collect();
    assert!(opener.open(TAG, &frames[1_025], 0, at(1)).is_ok());
    for (index, is_open) in [(1_024, true), (2, true), (1, false), (0, false), (2, false)] {
        let opened = opener.open(TAG, &frames[index], 0, at(1));
        assert_eq!(opened.is_ok(), is_open, "{index}");
    }
}

#[test]
fn a_sender_changes_to_the_next_epoch_after_300_ms() {
    let (mut sealer, _) = pair();
    let next = epoch(0, 2);
    sealer.add_epoch(&next, 5, true, at(1_000)).unwrap();
    for (now, expected, key_frame) in [(1_299, 1, false), (1_300, 2, true), (1_400, 2, false)] {
        sealer
            .seal(FrameContext::Audio, b"sound", 0, at(now))
            .unwrap();
        assert_eq!(sealer.epoch().map(|epoch| epoch.epoch), Some(expected));
        assert_eq!(sealer.take_key_frame_request(at(now)), key_frame, "{now}");
    }
    sealer.add_epoch(&epoch(0, 3), 5, true, at(1_400)).unwrap();
    assert!(!sealer.take_key_frame_request(at(2_299)), "one a second");
    assert!(sealer.take_key_frame_request(at(2_300)));
    sealer.add_epoch(&epoch(0, 4), 5, false, at(9_000)).unwrap();
    assert!(
        !sealer.take_key_frame_request(at(10_000)),
        "nobody was added"
    );
    sealer.add_epoch(&epoch(0, 5), 5, true, at(11_000)).unwrap();
    sealer
        .add_epoch(&epoch(0, 6), 5, false, at(11_100))
        .unwrap();
    assert!(
        sealer.take_key_frame_request(at(12_000)),
        "added one epoch before"
    );
}

#[test]
fn no_counter_is_set_back() {
    let (mut sealer, _) = pair();
    let old = Err(SealError::OldEpoch(OldEpoch));
    assert_eq!(sealer.add_epoch(&epoch(0, 1), 5, false, at(1)), old);
    assert_eq!(sealer.add_epoch(&epoch(0, 0), 5, false, at(1)), old);
    sealer.add_epoch(&epoch(0, 3), 5, false, at(1)).unwrap();
    assert_eq!(sealer.add_epoch(&epoch(0, 2), 5, false, at(1)), old);
    sealer.add_epoch(&epoch(1, 0), 5, false, at(1)).unwrap();
    let too_many = sealer.add_epoch(&epoch(1, 1), 1_024, false, at(1));
    assert_eq!(too_many, Err(SealError::TooManyMembers));
    let none = FrameSealer::new().seal(FrameContext::Audio, b"", 0, at(0));
    assert_eq!(none, Err(SealError::NoEpoch));
}

#[test]
fn commits_that_follow_each_other_closely_hold_no_sender_in_an_old_epoch() {
    let (mut sealer, _) = pair();
    for number in 2..=40 {
        let now = number * 250;
        sealer
            .add_epoch(&epoch(0, number), 5, false, at(now))
            .unwrap();
        sealer
            .seal(FrameContext::Audio, b"sound", 0, at(now))
            .unwrap();
        let used = sealer.epoch().unwrap().epoch;
        assert!(used + 2 >= number, "{used} of {number}");
    }
}

#[test]
fn an_epoch_is_opened_10_s_longer_and_2_s_for_leavers() {
    let (mut sealer, mut opener) = pair();
    let mut other = FrameSealer::new();
    other.add_epoch(&epoch(0, 1), 2, false, at(0)).unwrap();
    opener
        .add_epoch(epoch(0, 2), leaves([5]), &leaves([5]), at(1_000))
        .unwrap();
    let mut try_both = |now| {
        [&mut sealer, &mut other].map(|sealer| {
            let sealed = sealer
                .seal(FrameContext::Audio, b"sound", 0, at(now))
                .unwrap();
            opener
                .open(TAG, &sealed, 0, at(now))
                .map(|frame| frame.leaf)
        })
    };
    let unknown = FrameRefusal::UnknownLeaf;
    assert_eq!(try_both(2_999), [Ok(5), Ok(2)]);
    assert_eq!(try_both(3_000), [Ok(5), Err(unknown)]);
    assert_eq!(try_both(10_999), [Ok(5), Err(unknown)]);
    let over = FrameRefusal::UnknownEpoch;
    assert_eq!(try_both(11_000), [Err(over), Err(over)]);
}

#[test]
fn a_leaf_that_another_device_took_over_is_a_leaver() {
    let (mut sealer, mut opener) = pair();
    opener
        .add_epoch(epoch(0, 2), leaves([2, 5]), &leaves([2]), at(1_000))
        .unwrap();
    let sealed = sealer
        .seal(FrameContext::Audio, b"sound", 0, at(3_000))
        .unwrap();
    let opened = opener.open(TAG, &sealed, 0, at(3_000));
    assert_eq!(opened, Err(FrameRefusal::UnknownLeaf));
}

#[test]
fn frames_of_the_next_epoch_are_held_for_300_ms() {
    let (_, mut opener) = pair();
    let mut ahead = FrameSealer::new();
    ahead.add_epoch(&epoch(0, 2), 5, false, at(0)).unwrap();
    let mut receive = |opener: &mut FrameOpener, tag, now| {
        let sealed = ahead
            .seal(FrameContext::Audio, b"sound", 0, at(now))
            .unwrap();
        opener.open(FrameTag(tag), &sealed, 0, at(now))
    };
    assert_eq!(receive(&mut opener, 1, 1_000), Err(FrameRefusal::Held));
    assert_eq!(receive(&mut opener, 2, 1_200), Err(FrameRefusal::Held));
    assert!(opener.take_held(at(1_299)).is_empty());
    let over = Err(FrameRefusal::UnknownEpoch);
    assert!(opener.take_held(at(1_300)) == [(FrameTag(1), over)]);
    opener
        .add_epoch(epoch(0, 2), leaves([2, 5]), &leaves([2, 5]), at(1_400))
        .unwrap();
    let held = opener.take_held(at(1_400));
    let held: Vec<_> = held
        .into_iter()
        .map(|(tag, frame)| (tag, frame.is_ok()))
        .collect();
    assert_eq!(held, [(FrameTag(2), true)]);
    assert!(receive(&mut opener, 3, 1_500).is_ok());
    let mut far = FrameSealer::new();
    far.add_epoch(&epoch(0, 90), 5, false, at(0)).unwrap();
    let sealed = far.seal(FrameContext::Audio, b"sound", 0, at(1)).unwrap();
    let opened = opener.open(TAG, &sealed, 0, at(1_500));
    assert_eq!(opened, Err(FrameRefusal::UnknownEpoch));
}

#[test]
fn held_frames_have_a_bound() {
    let (_, mut opener) = pair();
    let mut ahead = FrameSealer::new();
    ahead.add_epoch(&epoch(0, 2), 5, false, at(0)).unwrap();
    let sealed = ahead
        .seal(FrameContext::Camera, &[1; 900_000], 0, at(1))
        .unwrap();
    let held = (0..6).filter(|number| {
        opener.open(FrameTag(*number), &sealed, 0, at(1)) == Err(FrameRefusal::Held)
    });
    assert_eq!(held.count(), 4);
}

#[test]
fn two_groups_with_the_same_epoch_are_told_apart() {
    let (mut old, mut opener) = pair();
    let mut new = FrameSealer::new();
    new.add_epoch(&epoch(1, 1), 5, false, at(0)).unwrap();
    opener
        .add_epoch(epoch(1, 1), leaves([5]), &leaves([]), at(1_000))
        .unwrap();
    for (sealer, group) in [(&mut new, 1), (&mut old, 0)] {
        let sealed = sealer
            .seal(FrameContext::Audio, b"sound", 0, at(1_001))
            .unwrap();
        let opened = opener.open(TAG, &sealed, 0, at(1_001)).unwrap();
        assert_eq!(opened.epoch.group, group);
    }
}

#[test]
fn the_newest_of_two_epochs_with_the_same_number_tells_why_a_frame_does_not_open() {
    let (_, mut opener) = pair();
    let mut new = FrameSealer::new();
    new.add_epoch(&epoch(1, 1), 7, false, at(0)).unwrap();
    opener
        .add_epoch(epoch(1, 1), leaves([7]), &leaves([]), at(1_000))
        .unwrap();
    let sealed = new.seal(FrameContext::Audio, b"sound", 0, at(1)).unwrap();
    assert!(opener.open(TAG, &sealed, 0, at(1_001)).is_ok());
    let again = opener.open(TAG, &sealed, 0, at(1_001));
    assert_eq!(again, Err(FrameRefusal::Replayed));
}

#[test]
fn the_epochs_of_a_later_era_begin_anew() {
    let (mut sealer, mut opener) = pair();
    let mut former = FrameSealer::new();
    let (last, stayed) = (epoch(3, 9), leaves([2, 5]));
    for one in [&mut sealer, &mut former] {
        one.add_epoch(&last, 5, false, at(1_000)).unwrap();
    }
    opener
        .add_epoch(last, stayed.clone(), &stayed, at(1_000))
        .unwrap();
    let first = epoch_of(2, 1, 1);
    sealer.add_epoch(&first, 5, false, at(2_000)).unwrap();
    opener
        .add_epoch(first.clone(), stayed.clone(), &stayed, at(2_000))
        .unwrap();
    let mut open = |sealer: &mut FrameSealer, now| {
        let sealed = sealer.seal(FrameContext::Audio, b"sound", 0, at(now));
        let opened = opener.open(TAG, &sealed.unwrap(), 0, at(now));
        opened.map(|frame| (frame.era, frame.epoch.epoch))
    };
    // At once, and nobody of the former era goes on for longer than those who have left.
    assert_eq!(open(&mut sealer, 2_000), Ok((era(2), 1)));
    assert_eq!(open(&mut former, 3_999), Ok((era(1), 9)));
    let over = Err(FrameRefusal::UnknownLeaf);
    assert_eq!(open(&mut former, 4_000), over);
    assert_eq!(sealer.epoch(), Some(first.epoch()));
    let old = Err(OldEpoch);
    let again = opener.add_epoch(first.clone(), leaves([]), &leaves([]), at(5_000));
    assert_eq!(again, old);
    let again = sealer.add_epoch(&first, 5, false, at(5_000));
    assert_eq!(again, old.map_err(SealError::OldEpoch));
}

#[test]
fn who_has_not_the_key_of_the_epoch_seals_nothing() {
    let (_, mut opener) = pair();
    let mut stranger = FrameSealer::new();
    let other_key = EpochKey::new(era(1), epoch(0, 1).epoch(), Zeroizing::new([0; 16]));
    stranger.add_epoch(&other_key, 5, false, at(0)).unwrap();
    let sealed = stranger
        .seal(FrameContext::Audio, b"sound", 0, at(1))
        .unwrap();
    assert_eq!(
        opener.open(TAG, &sealed, 0, at(1)),
        Err(FrameRefusal::Forged)
    );
    let mut outsider = FrameSealer::new();
    outsider.add_epoch(&epoch(0, 1), 3, false, at(0)).unwrap();
    let sealed = outsider
        .seal(FrameContext::Audio, b"sound", 0, at(1))
        .unwrap();
    let opened = opener.open(TAG, &sealed, 0, at(1));
    assert_eq!(opened, Err(FrameRefusal::UnknownLeaf));
    for garbage in [&b""[..], b"\x80", &[0xff; 40], &[0x07; 3]] {
        assert!(opener.open(TAG, garbage, 0, at(1)).is_err());
    }
}

#[test]
fn codecs_say_which_bytes_stay_clear() {
    let (key_frame, delta) = ([0x10; 30], [0x11; 30]);
    for (codec, frame, clear_length) in [
        (Codec::Vp8, &key_frame[..], 10),
        (Codec::Vp8, &key_frame[..4], 4),
        (Codec::Vp8, &delta, 1),
        (Codec::Vp8, &[], 0),
        (Codec::Vp9, &key_frame, 0),
        (Codec::Opus, &key_frame, 0),
    ] {
        assert_eq!(codec.clear_length(frame), clear_length);
    }
}
