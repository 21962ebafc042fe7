//! A tap inside the media server, where SRTP is open: what a server hears and sees that would listen.
//!
//! The tap is the cryptography of this process, which the media server's connections take from the process unless they
//! are given another one. The product has no place for it.

#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod frames;
mod group;
mod opened_packets;
mod programs;
mod sealing_sender;
mod server;
mod streams;
mod unsealed_sender;

use std::collections::BTreeSet;

use anteroom_e2ee::{Codec, FrameContext, FrameRefusal};
use tokio::sync::Mutex;

use crate::{
    frames::{of_epoch, open, opened, renamed},
    group::GroupKeys,
    programs::{Recording, within},
    sealing_sender::SealingSender,
    server::Server,
    streams::TappedStreams,
    unsealed_sender::UnsealedSender,
};

/// The tap is one for the process.
static ALONE: Mutex<()> = Mutex::const_new(());

#[tokio::test(flavor = "multi_thread")]
async fn a_tap_in_the_server_hears_and_sees_unsealed_frames() {
    let _alone = ALONE.lock().await;
    opened_packets::install();
    let recording = Recording::new();
    let mut server = Server::start();
    let mut sender = UnsealedSender::connect(&mut server).await;
    recording.play(&mut sender).await;
    let (sounds, pictures) = (recording.sounds.len(), recording.pictures.len());
    let tapped = sender
        .until_tapped(|tapped| tapped.sounds.len() >= sounds && tapped.pictures.len() >= pictures)
        .await;
    assert_eq!(tapped.sounds, recording.sounds);
    assert_eq!(tapped.pictures, recording.pictures);
    assert!(recording.is_heard_in(&tapped.sounds));
    assert!(recording.is_seen_in(&tapped.pictures));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tap_in_the_server_hears_and_sees_sealed_frames_with_the_keys_of_a_member_alone() {
    let _alone = ALONE.lock().await;
    opened_packets::install();
    let recording = Recording::new();
    let mut server = Server::start();
    let mut sender = SealingSender::connect(&mut server).await;
    let keys = GroupKeys::new();
    let [first, second] = keys.sender.each_ref().map(|frames| frames.key.epoch());
    sender.add_epoch(&keys.sender[0]).await;
    recording.play(&mut sender).await;
    // A member that knows the first epoch is removed.
    sender.add_epoch(&keys.sender[1]).await;
    let whole_round_after_removal = async {
        loop {
            recording.play(&mut sender).await;
            let tapped = sender.tapped();
            let sounds = open(&keys.member, FrameContext::Audio, &tapped.sounds);
            let pictures = open(&keys.member, FrameContext::Camera, &tapped.pictures);
            if opened(&sounds, second).len() >= recording.sounds.len()
                && opened(&pictures, second).len() >= recording.pictures.len()
            {
                return (tapped, sounds, pictures);
            }
        }
    };
    let (tapped, sounds, pictures) = within(whole_round_after_removal).await;

    // Every frame that the tap has was sealed for the member.
    assert!(sounds.iter().chain(&pictures).all(Result::is_ok));

    // The server alone.
    assert!(!recording.is_heard_in(&tapped.sounds));
    assert!(!recording.is_seen_in(&tapped.pictures));
    no_two_frames_are_equal(&tapped);

    // A server with a member: the tap takes in what was sent.
    for epoch in [first, second] {
        assert!(recording.is_heard_in(&opened(&sounds, epoch)), "{epoch:?}");
        assert!(recording.is_seen_in(&opened(&pictures, epoch)), "{epoch:?}");
    }

    // A server with the removed member: it has what came before the removal, and nothing of later. Nor does its key
    // help under the name of the epoch that followed.
    let renamed = [renamed(&keys.removed, second)];
    for (context, sealed, of_member) in [
        (FrameContext::Audio, &tapped.sounds, &sounds),
        (FrameContext::Camera, &tapped.pictures, &pictures),
    ] {
        let of_removed = open(core::slice::from_ref(&keys.removed), context, sealed);
        assert_eq!(opened(of_member, first), opened(&of_removed, first));
        assert!(opened(&of_removed, second).is_empty());
        let later = of_epoch(sealed, of_member, second);
        for outcome in open(&renamed, context, &later) {
            assert_eq!(outcome, Err(FrameRefusal::Forged));
        }
        match context {
            FrameContext::Audio => assert!(!recording.is_heard_in(&later)),
            _ => assert!(!recording.is_seen_in(&later)),
        }
    }
}

/// The frames of a recording that is played again and again differ, also without the bytes that stay clear.
fn no_two_frames_are_equal(tapped: &TappedStreams) {
    for (codec, frames) in [
        (Codec::Opus, &tapped.sounds),
        (Codec::Vp8, &tapped.pictures),
    ] {
        let sealed = frames.iter().map(|frame| {
            let (_clear, sealed) = frame.split_at(codec.clear_length(frame));
            sealed
        });
        let different: BTreeSet<&[u8]> = sealed.collect();
        assert_eq!(different.len(), frames.len());
    }
}
