//! The text of offers and answers.

use anteroom_sfu::{
    description::{
        LineDirection::{Receives, Sends},
        LineError, MAX_LINES, OfferLine, Writer, offer_lines, without_downlink_feedback,
    },
    input::SlotKind,
    source::Source,
};
use proptest::prelude::*;

/// An m-line as browsers write it.
fn line(kind: &str, mid: &str, direction: &str) -> String {
    format!(
        "m={kind} 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:{mid}\r\na=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-\
         transport-wide-cc-extensions-01\r\na=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\na={direction}\r\n\
         a=rtcp-fb:96 goog-remb\r\na=rtcp-fb:96 transport-cc\r\na=rtcp-fb:96 nack pli\r\n"
    )
}

const SESSION: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=m=audio\r\nt=0 0\r\n";

#[test]
fn sources_are_told_by_their_order_and_slots_by_their_kind() {
    let camera = line("video", "1", "sendonly")
        + "a=rid:q send\r\na=rid:h send\r\na=rid:f send\r\na=simulcast:send q;~h;f,g\r\n";
    let offer = [
        SESSION.to_owned(),
        line("audio", "0", "sendonly"),
        camera,
        line("video", "2", "sendonly"),
        line("audio", "3", "sendonly"),
        line("audio", "4", "recvonly"),
        line("video", "x", "recvonly"),
    ]
    .concat();
    let names = ["q", "h", "f"].map(str::to_owned).to_vec();
    let expected = [
        ("0", Sends(Source::Audio, Vec::new())),
        ("1", Sends(Source::Camera, names)),
        ("2", Sends(Source::Screen, Vec::new())),
        ("3", Sends(Source::ScreenAudio, Vec::new())),
        ("4", Receives(SlotKind::Audio)),
        ("x", Receives(SlotKind::Video)),
    ];
    let expected: Vec<OfferLine> = expected
        .into_iter()
        .map(|(mid, direction)| OfferLine {
            mid: mid.to_owned(),
            direction,
        })
        .collect();
    assert_eq!(offer_lines(&offer), Ok(expected.clone()));
    assert_eq!(offer_lines(&offer.replace("\r\n", "\n")), Ok(expected));
    assert_eq!(offer_lines(SESSION), Ok(Vec::new()));
}

#[test]
fn offers_with_other_lines_are_refused() {
    let many: String = (0..=MAX_LINES)
        .map(|mid| line("video", &mid.to_string(), "recvonly"))
        .collect();
    let twice = line("audio", "0", "recvonly").repeat(2);
    let layers = line("video", "0", "sendonly") + "a=simulcast:send a;b;c;d\r\n";
    let senders: String = (0..3)
        .map(|mid| line("video", &mid.to_string(), "sendonly"))
        .collect();
    for (offer, expected) in [
        (many, LineError::TooMany),
        (twice, LineError::Mid),
        (line("audio", "", "recvonly"), LineError::Mid),
        (line("application", "0", "sendonly"), LineError::Kind),
        (line("audio", "0", "sendrecv"), LineError::Direction),
        (line("audio", "0", "inactive"), LineError::Direction),
        (senders, LineError::Sources),
        (layers, LineError::Layers),
    ] {
        assert_eq!(
            offer_lines(&(SESSION.to_owned() + &offer)),
            Err(expected),
            "{offer}"
        );
    }
}

#[test]
fn feedback_stays_on_the_lines_on_which_the_device_sends() {
    let up = line("video", "0", "recvonly");
    let down = line("video", "1", "sendonly");
    let answer = [SESSION, &up, &down].concat();
    let kept = without_downlink_feedback(&answer, Writer::Server);
    // In an offer the directions are the other way round.
    let (up, down) = (
        line("video", "0", "sendonly"),
        line("video", "1", "recvonly"),
    );
    let offer = without_downlink_feedback(&[SESSION, &up, &down].concat(), Writer::Device);
    assert_eq!(
        offer.replace("a=recvonly", "a=sendonly"),
        kept.replace("a=recvonly", "a=sendonly")
    );
    let up = line("video", "0", "recvonly");
    assert!(kept.starts_with(&[SESSION, &up].concat()));
    let rest = &kept[SESSION.len() + up.len()..];
    let lines: Vec<&str> = rest.lines().collect();
    assert_eq!(
        lines,
        [
            "m=video 9 UDP/TLS/RTP/SAVPF 96",
            "a=mid:1",
            "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
            "a=sendonly",
            "a=rtcp-fb:96 goog-remb",
            "a=rtcp-fb:96 nack pli",
        ]
    );
}

proptest! {
    #[test]
    fn no_text_is_a_panic_and_only_feedback_is_taken_out(
        parts in proptest::collection::vec(
            prop_oneof![
                Just("m=audio 9".to_owned()), Just("m=".to_owned()), Just("a=sendonly\r\n".to_owned()),
                Just("a=mid:1\n".to_owned()), Just("a=rtcp-fb:96 transport-cc\r\n".to_owned()),
                Just("\n".to_owned()), Just("a=simulcast:send ;~,;\n".to_owned()), "\\PC{0,12}",
            ],
            0..40,
        ),
    ) {
        let text = parts.concat();
        let _ = offer_lines(&text);
        let kept = without_downlink_feedback(&text, Writer::Server);
        let mut rest = text.split_inclusive('\n');
        for line in kept.split_inclusive('\n') {
            let place = rest.find(|other| *other == line);
            prop_assert!(place.is_some(), "{line:?}");
        }
        prop_assert!(text.contains("transport") || kept == text);
    }
}
