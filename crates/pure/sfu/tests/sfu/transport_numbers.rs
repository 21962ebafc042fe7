//! Transport-wide numbers: those that are taken, in packets of both forms of extensions.

use anteroom_sfu::{description::transport_numbers, transport_numbers::TransportNumbers};

/// The id of the header extension.
const ID: u8 = 5;

/// Makes a packet with some elements in its extension, by their ids.
fn packet(has_long_form: bool, sources: u8, elements: &[(u8, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (id, value) in elements {
        let length = u8::try_from(value.len()).unwrap();
        if has_long_form {
            body.extend([*id, length]);
        } else {
            body.push(id << 4 | (length - 1));
        }
        body.extend(*value);
        // Padding between elements.
        body.push(0);
    }
    body.resize(body.len().div_ceil(4) * 4, 0);
    let mut bytes = vec![0x90 | sources, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2];
    bytes.extend(vec![7; 4 * usize::from(sources)]);
    bytes.extend(if has_long_form {
        [0x10, 0]
    } else {
        [0xbe, 0xde]
    });
    bytes.extend(u16::try_from(body.len() / 4).unwrap().to_be_bytes());
    bytes.extend(body);
    bytes.extend([9; 20]);
    bytes
}

fn numbered(number: u16) -> Vec<u8> {
    packet(false, 0, &[(1, &[30]), (ID, &number.to_be_bytes())])
}

#[test]
fn numbers_before_the_beginning_are_not_taken() {
    let mut numbers = TransportNumbers::new(Some(ID));
    assert!(numbers.receive(&numbered(5)));
    // Whether the first one is verified or not.
    for _ in 0..2 {
        for number in [32_775, 40_000, 65_000, 65_535] {
            assert!(!numbers.receive(&numbered(number)), "{number}");
        }
        for number in [0, 4, 6, 1_000, 31_999] {
            assert!(numbers.receive(&numbered(number)), "{number}");
        }
        numbers.verify(5);
    }
    // Those that are not verified change nothing any more.
    numbers.verify(20_000);
    assert!(numbers.receive(&numbered(0)));
    assert!(numbers.receive(&numbered(52_000)));
    assert!(!numbers.receive(&numbered(52_001)));
    numbers.verify(40_000);
    for number in [0, 5, 40_000, 65_535] {
        assert!(numbers.receive(&numbered(number)), "{number}");
    }
}

#[test]
fn a_sender_may_begin_with_any_number() {
    for first in [0, 1, 300, 32_000, 33_000, 65_530] {
        let mut numbers = TransportNumbers::new(Some(ID));
        for more in 0..100_000_u32 {
            let number = u16::try_from((first + more) % 65_536).unwrap();
            assert!(numbers.receive(&numbered(number)), "{first} + {more}");
            numbers.verify(number);
        }
    }
}

#[test]
fn numbers_are_seen_wherever_they_stand() {
    let late = 65_000_u16.to_be_bytes();
    let longer = [late.as_slice(), &[1, 2]].concat();
    for has_long_form in [false, true] {
        for sources in [0, 3, 15] {
            for elements in [
                &[(ID, late.as_slice())][..],
                &[(1, &[1]), (ID, &late)],
                &[(ID, &[0, 1]), (ID, &late)],
                &[(ID, &longer), (2, &[9; 16])],
                &[(ID, &[1]), (ID, &late)],
            ] {
                let mut numbers = TransportNumbers::new(Some(ID));
                assert!(numbers.receive(&numbered(1)));
                let packet = packet(has_long_form, sources, elements);
                assert!(!numbers.receive(&packet), "{packet:?}");
            }
        }
    }
    // Without the id, in another element, and in what is no extension, it means nothing.
    let other = packet(false, 0, &[(ID + 1, &late)]);
    for (id, packet) in [(None, numbered(65_000)), (Some(ID), other)] {
        let mut numbers = TransportNumbers::new(id);
        assert!(numbers.receive(&numbered(1)));
        assert!(numbers.receive(&packet));
    }
    let whole = numbered(65_000);
    for length in 0..whole.len() {
        let mut numbers = TransportNumbers::new(Some(ID));
        numbers.receive(&whole[..length]);
    }
}

#[test]
fn the_id_is_the_one_on_which_all_lines_agree() {
    let uri = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
    let line = |id: &str, uri: &str| format!("a=extmap:{id} {uri}\r\n");
    let mid = "urn:ietf:params:rtp-hdrext:sdes:mid";
    for (lines, id) in [
        (vec![line("5", uri)], Some(5)),
        (
            vec![line("5", uri), line("4", mid), line("5/sendonly", uri)],
            Some(5),
        ),
        (vec![line("5", &format!("{uri} more"))], Some(5)),
        (vec![line("4", mid)], None),
        (vec![line("5", uri), line("6", uri)], None),
        (vec![line("5", uri), line("05", mid)], None),
        (vec![line("5", mid), line("5", uri)], None),
        (vec![line("15", uri)], None),
        (vec![line("0", uri)], None),
        (vec![line("x", mid), line("5", uri)], None),
        (vec![line("300", uri), line("5", uri)], None),
    ] {
        assert_eq!(transport_numbers(&lines.concat()), id, "{lines:?}");
    }
}
