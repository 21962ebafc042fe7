//! Inputs that no honest client makes: nothing panics, nobody is sent what is not there, and time goes on.

use anteroom_sfu::{
    IncomingPacket,
    audio_level::AudioLevel,
    indexes::SlotIndex,
    input::{Codec, Connection, Input, Sending, SlotKind, Subject, Wish},
    limits::MediaLimits,
    rewriting::{PacketNumbers, Vp8Numbers},
    source::{Layer, PerSource, Source},
    vp8::{PictureId, PictureSize},
};
use proptest::prelude::*;

use super::harness::{Call, id};

/// Small numbers, large ones, and the ends of the range.
fn any_number() -> impl Strategy<Value = u64> {
    prop_oneof![0_u64..10, any::<u64>(), Just(u64::MAX), Just(u64::MAX - 1)]
}

fn any_source() -> impl Strategy<Value = Source> {
    (0_usize..4).prop_map(|place| Source::ALL[place])
}

fn any_layer() -> impl Strategy<Value = Layer> {
    (0_usize..3).prop_map(|place| Layer::ALL[place])
}

fn any_input() -> impl Strategy<Value = Input> {
    let device = || (0_u32..4).prop_map(id);
    let codec = prop_oneof![Just(Codec::Opus), Just(Codec::Vp8), Just(Codec::Av1)];
    let sending = (any::<u8>(), codec).prop_map(|(layers, codec)| Some(Sending { layers, codec }));
    let kinds = prop_oneof![Just(SlotKind::Audio), Just(SlotKind::Video)];
    let connection =
        (sending, proptest::collection::vec(kinds, 0..70)).prop_map(|(sending, slots)| {
            Connection {
                slots,
                sources: PerSource {
                    audio: sending,
                    camera: sending,
                    screen: sending,
                    screen_audio: None,
                },
                decodes: vec![Codec::Opus, Codec::Vp8],
            }
        });
    let slot = || {
        any_number()
            .prop_map(|number| SlotIndex::new(usize::try_from(number).unwrap_or(usize::MAX)))
    };
    let subject = prop_oneof![
        device().prop_map(Subject::Device),
        any_number().prop_map(|rank| Subject::Speaker(usize::try_from(rank).unwrap_or(usize::MAX)))
    ];
    let wish = (slot(), subject, any_source(), any::<u16>()).prop_map(
        |(slot, subject, source, height)| Wish {
            slot,
            subject,
            source,
            height,
        },
    );
    let everything = PerSource {
        audio: true,
        camera: true,
        screen: true,
        screen_audio: true,
    };
    prop_oneof![
        device().prop_map(|device| Input::Activate {
            device,
            user: anteroom_protocol::OpaqueUserId::parse("0a").unwrap(),
        }),
        (device(), connection)
            .prop_map(|(device, connection)| Input::Connect { device, connection }),
        (device(), proptest::collection::vec(wish, 0..12)).prop_map(|(device, wishes)| {
            Input::View {
                device,
                view: anteroom_sfu::input::View {
                    wishes,
                    audio_without: Vec::new(),
                },
            }
        }),
        device().prop_map(move |device| Input::Publish {
            device,
            sources: everything,
        }),
        (device(), any_number()).prop_map(|(device, bits)| Input::Estimate { device, bits }),
        (device(), any::<u32>()).prop_map(|(device, thousandths)| Input::Loss {
            device,
            thousandths
        }),
        (device(), slot()).prop_map(|(device, slot)| Input::KeyFrameMissed { device, slot }),
        device().prop_map(Input::Deactivate),
    ]
}

/// The facts of a packet but for its sender, and a count of how often it comes.
type Facts = (Source, Layer, u64, Option<i8>, Option<u16>, u64, u32);

fn any_facts() -> impl Strategy<Value = Facts> {
    (
        any_source(),
        any_layer(),
        any_number(),
        proptest::option::of(any::<i8>()),
        proptest::option::of(any::<u16>()),
        any_number(),
        any::<u32>(),
    )
}

proptest! {
    #[test]
    fn nothing_panics_and_time_goes_on(
        steps in proptest::collection::vec((any_input(), any_facts(), 0_u32..4, any_number()), 1..80),
    ) {
        let mut call = Call::new(MediaLimits::default());
        for (input, facts, sender, wait) in steps {
            call.handle(input);
            let (source, layer, bytes, level, size, sequence, timestamp) = facts;
            if let Some(from) = call.media.handle_of(id(sender)) {
                let size = size.map(|size| PictureSize { width: size, height: size });
                let picture_id = Some(PictureId { value: u16::MAX, is_long: bytes % 2 == 0 });
                let packet = IncomingPacket {
                    from,
                    source,
                    layer,
                    bytes: usize::try_from(bytes % 100_000).unwrap(),
                    level: level.map(AudioLevel::from_dbov),
                    key_frame: size,
                    numbers: PacketNumbers {
                        sequence,
                        timestamp,
                        vp8: Vp8Numbers { picture_id, tl0_index: Some(u8::MAX) },
                    },
                };
                for outgoing in call.receive(&packet) {
                    prop_assert!(outgoing.to.device() != id(sender));
                }
            }
            call.micros = call.micros.saturating_add(wait % 20_000_000);
            call.handle(Input::TimePassed);
            let now = call.now();
            prop_assert!(call.deadline.is_none_or(|next| next > now), "stuck");
        }
    }
}
