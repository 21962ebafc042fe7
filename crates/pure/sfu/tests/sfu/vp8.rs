//! The payload descriptor of VP8, and the size of key frames.

use anteroom_sfu::vp8::{PictureId, PictureSize, Vp8Packet};
use proptest::prelude::*;

const SHORT: fn(u16) -> Option<PictureId> = |value| {
    Some(PictureId {
        value,
        is_long: false,
    })
};
const LONG: fn(u16) -> Option<PictureId> = |value| {
    Some(PictureId {
        value,
        is_long: true,
    })
};

#[test]
fn descriptors_are_read_as_rfc_7741_has_them() {
    let none = Vp8Packet::default();
    let table: [(&str, &[u8], Option<Vp8Packet>); 13] = [
        ("nothing", &[], None),
        ("a descriptor alone", &[0x10], None),
        ("no extension", &[0x10, 0x01], Some(none)),
        ("an empty extension", &[0x90, 0x00, 0x01], Some(none)),
        (
            "a short picture id",
            &[0x80, 0x80, 0x7f, 0],
            Some(Vp8Packet {
                picture_id: SHORT(0x7f),
                ..none
            }),
        ),
        (
            "a long picture id",
            &[0x80, 0x80, 0xff, 0xfe, 0],
            Some(Vp8Packet {
                picture_id: LONG(0x7ffe),
                ..none
            }),
        ),
        ("half a long picture id", &[0x80, 0x80, 0xff], None),
        (
            "an index",
            &[0x80, 0x60, 0x09, 0x40, 0],
            Some(Vp8Packet {
                tl0_index: Some(9),
                temporal_layer: Some(1),
                ..none
            }),
        ),
        ("an index without a layer", &[0x80, 0x40, 0x09, 0, 0], None),
        (
            "a temporal layer",
            &[0x80, 0x20, 0b1010_0000, 0],
            Some(Vp8Packet {
                temporal_layer: Some(2),
                ..none
            }),
        ),
        (
            "a key index alone",
            &[0x80, 0x10, 0b1010_0011, 0],
            Some(none),
        ),
        (
            "all of it",
            &[0x90, 0xf0, 0x92, 0x34, 0x56, 0x40, 0x01],
            Some(Vp8Packet {
                picture_id: LONG(0x1234),
                tl0_index: Some(0x56),
                temporal_layer: Some(1),
                key_frame: None,
            }),
        ),
        (
            "nothing after all of it",
            &[0x90, 0xf0, 0x92, 0x34, 0x56, 0x40],
            None,
        ),
    ];
    for (name, payload, expected) in table {
        assert_eq!(Vp8Packet::parse(payload), expected, "{name}");
    }
}

/// The first ten bytes of a key frame of 640 x 360, with scaling bits.
const KEY_FRAME: [u8; 10] = [0x50, 0x12, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x42, 0x68, 0x81];

#[test]
fn the_first_packet_of_a_key_frame_tells_its_size() {
    let size = PictureSize {
        width: 640,
        height: 360,
    };
    let with = |change: fn(&mut [u8])| {
        let mut payload = vec![0x10];
        payload.extend(KEY_FRAME);
        change(&mut payload);
        Vp8Packet::parse(&payload).and_then(|packet| packet.key_frame)
    };
    assert_eq!(with(|_| ()), Some(size));
    assert_eq!(with(|payload| payload[1] |= 1), None, "a delta frame");
    assert_eq!(
        with(|payload| payload[0] = 0x00),
        None,
        "not the start of a partition"
    );
    assert_eq!(with(|payload| payload[0] = 0x11), None, "another partition");
    assert_eq!(with(|payload| payload[4] = 0), None, "another start code");
    let short = [&[0x10], &KEY_FRAME[..9]].concat();
    assert_eq!(
        Vp8Packet::parse(&short).unwrap().key_frame,
        None,
        "too short"
    );
}

proptest! {
    /// Descriptors that are made are read as they were made, and no bytes are a panic.
    #[test]
    fn made_descriptors_are_read(
        picture_id in proptest::option::of((any::<bool>(), any::<u16>())),
        tl0_index in proptest::option::of(any::<u8>()),
        temporal_layer in proptest::option::of(0_u8..4),
        key_index in any::<bool>(),
        is_key_frame in any::<bool>(),
        noise in proptest::collection::vec(any::<u8>(), 0..24),
    ) {
        let _ = Vp8Packet::parse(&noise);
        let mut extension = 0;
        let mut fields = Vec::new();
        let picture_id = picture_id.map(|(is_long, value)| {
            extension |= 0x80;
            let value = value & if is_long { 0x7fff } else { 0x7f };
            if is_long {
                fields.extend((value | 0x8000).to_be_bytes());
            } else {
                fields.push(u8::try_from(value).unwrap());
            }
            PictureId { value, is_long }
        });
        let tl0_index = tl0_index.filter(|_| temporal_layer.is_some());
        if let Some(index) = tl0_index {
            extension |= 0x40;
            fields.push(index);
        }
        if temporal_layer.is_some() || key_index {
            extension |= if temporal_layer.is_some() { 0x20 } else { 0 };
            extension |= if key_index { 0x10 } else { 0 };
            fields.push(temporal_layer.unwrap_or_default() << 6 | 0x1f);
        }
        let mut payload = vec![0x90, extension];
        payload.extend(fields);
        payload.extend(KEY_FRAME);
        let start = payload.len() - KEY_FRAME.len();
        if !is_key_frame {
            payload[start] |= 1;
        }
        let packet = Vp8Packet::parse(&payload).unwrap();
        prop_assert_eq!(packet.picture_id, picture_id);
        prop_assert_eq!(packet.tl0_index, tl0_index);
        prop_assert_eq!(packet.temporal_layer, temporal_layer);
        prop_assert_eq!(packet.key_frame.is_some(), is_key_frame);
        for end in 0..=start {
            prop_assert_eq!(Vp8Packet::parse(&payload[..end]), None);
        }
    }
}
