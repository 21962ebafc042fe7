use anteroom_protocol::ApprovalStatement;
use anteroom_protocol::{
    DemuxId,
    media::{
        MuteOrder, MuteTarget, PerSource, SessionDescription, SlotWish, Source, Subject,
        ViewRequest,
    },
};
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;

fn device(id: u32) -> DemuxId {
    DemuxId::new(id).unwrap()
}

#[test]
fn every_message_has_one_form() {
    let body = RelayBody::new(*b"hi").unwrap();
    for (text, expected) in [
        (r#"{"type":"leave"}"#, Command::Leave),
        (r#"{"type":"ping"}"#, Command::Ping),
        (r#"{"type":"participants"}"#, Command::Participants),
        (
            r#"{"type":"raise_hand","raised":true}"#,
            Command::RaiseHand { raised: true },
        ),
        (
            r#"{"type":"relay","to":"all","body":"aGk="}"#,
            Command::Relay {
                to: RelayTarget::All,
                body: body.clone(),
            },
        ),
        (
            r#"{"type":"relay","to":32,"body":"aGk="}"#,
            Command::Relay {
                to: RelayTarget::One(device(32)),
                body,
            },
        ),
        (
            r#"{"type":"commit","group":1,"epoch":0,"body":"aGk="}"#,
            Command::Commit(Commit {
                at: GroupEpoch { group: 1, epoch: 0 },
                body: CommitBody::new(*b"hi").unwrap(),
                welcome: None,
            }),
        ),
        (
            r#"{"type":"commit","group":2,"epoch":7,"body":"aGk=","welcome":{"to":[32,16],"body":"aG8="}}"#,
            Command::Commit(Commit {
                at: GroupEpoch { group: 2, epoch: 7 },
                body: CommitBody::new(*b"hi").unwrap(),
                welcome: Some(Welcome {
                    to: [device(16), device(32)].into(),
                    body: WelcomeBody::new(*b"ho").unwrap(),
                }),
            }),
        ),
        (
            r#"{"type":"refuse","group":2,"epoch":7}"#,
            Command::Refuse(GroupEpoch { group: 2, epoch: 7 }),
        ),
        (
            r#"{"type":"approve","demuxId":16}"#,
            Command::Approve {
                device: device(16),
                statement: None,
            },
        ),
        (
            r#"{"type":"approve","demuxId":16,"statement":"aGk"}"#,
            Command::Approve {
                device: device(16),
                statement: ApprovalStatement::new(*b"hi").ok(),
            },
        ),
        (r#"{"type":"deny","demuxId":16}"#, Command::Deny(device(16))),
        (
            r#"{"type":"remove","demuxId":16}"#,
            Command::Remove(device(16)),
        ),
        (
            r#"{"type":"block","demuxId":16}"#,
            Command::Block(device(16)),
        ),
        (
            r#"{"type":"lower_hand","demuxId":16}"#,
            Command::LowerHand(device(16)),
        ),
        (
            r#"{"type":"lock","locked":true}"#,
            Command::Lock { is_locked: true },
        ),
        (
            r#"{"type":"approval","on":true}"#,
            Command::Approval { is_on: true },
        ),
        (
            r#"{"type":"coadmin","opaqueUserId":"aa","on":true}"#,
            Command::CoAdmin {
                user: OpaqueUserId::parse("aa").unwrap(),
                is_on: true,
            },
        ),
        (
            r#"{"type":"media","session":9007199254740991,"offer":"v=0"}"#,
            Command::Offer {
                session: (1 << 53) - 1,
                offer: SessionDescription::new("v=0".to_owned()),
            },
        ),
        (
            r#"{"type":"view","slots":[]}"#,
            Command::View(ViewRequest::default()),
        ),
        (
            r#"{"type":"view","slots":[{"mid":"4","demuxId":16,"source":"camera","height":180},{"mid":"5","speaker":1,"source":"screenAudio"}],"audioWithout":[32,48]}"#,
            Command::View(ViewRequest {
                slots: vec![
                    SlotWish {
                        mid: "4".to_owned(),
                        subject: Subject::Device(device(16)),
                        source: Source::Camera,
                        height: 180,
                    },
                    SlotWish {
                        mid: "5".to_owned(),
                        subject: Subject::Speaker(1),
                        source: Source::ScreenAudio,
                        height: 0,
                    },
                ],
                audio_without: vec![device(32), device(48)],
            }),
        ),
        (
            r#"{"type":"publish","audio":true,"camera":false,"screen":false,"screenAudio":true}"#,
            Command::Publish(PerSource {
                audio: true,
                screen_audio: true,
                ..PerSource::default()
            }),
        ),
        (
            r#"{"type":"mute","demuxId":16}"#,
            Command::Mute {
                target: MuteTarget::One(device(16)),
                source: Source::Audio,
                order: MuteOrder::Mute,
            },
        ),
        (
            r#"{"type":"mute","demuxId":"all","but":[16],"source":"screen","hold":true}"#,
            Command::Mute {
                target: MuteTarget::AllBut(vec![device(16)]),
                source: Source::Screen,
                order: MuteOrder::Hold,
            },
        ),
        (
            r#"{"type":"mute","demuxId":"all","source":"camera","hold":false}"#,
            Command::Mute {
                target: MuteTarget::AllBut(Vec::new()),
                source: Source::Camera,
                order: MuteOrder::Release,
            },
        ),
    ] {
        match InboundMessage::parse(text).content {
            Ok(InboundContent::Command(command)) => assert_eq!(command, expected, "{text}"),
            _ => panic!("{text}"),
        }
    }
    let join = r#"{"type":"join","roomId":"ab","epoch":7,"auth":"AA==","resume":"AA=="}"#;
    match InboundMessage::parse(join).content {
        Ok(InboundContent::Join(join)) => {
            assert_eq!((join.room_id.as_str(), join.epoch), ("ab", Some(7)));
            assert!(join.admin_passkey.is_none());
        }
        _ => panic!("{join}"),
    }
}

#[test]
fn a_hello_is_base64url_of_1_to_640_bytes_and_anything_else_is_refused() {
    let of_length = |length: usize| URL_SAFE_NO_PAD.encode(vec![0xfb; length]);
    assert_eq!(of_length(640).len(), 854);
    for (value, length) in [
        ("null".to_owned(), Ok(None)),
        (r#""_w""#.to_owned(), Ok(Some(1))),
        (format!("{:?}", of_length(640)), Ok(Some(640))),
        (format!("{:?}", of_length(641)), Err(())),
        (r#""""#.to_owned(), Err(())),
        // Padding, the other alphabet, a cut text, non-zero trailing bits, no string.
        (r#""_w==""#.to_owned(), Err(())),
        (r#""/w""#.to_owned(), Err(())),
        (r#""_""#.to_owned(), Err(())),
        (r#""_x""#.to_owned(), Err(())),
        (r#"" _w""#.to_owned(), Err(())),
        (r#""Ann?""#.to_owned(), Err(())),
        ("7".to_owned(), Err(())),
        (r#"["_w"]"#.to_owned(), Err(())),
    ] {
        let text = format!(r#"{{"type":"join","roomId":"ab","auth":"AA==","hello":{value}}}"#);
        let read = match InboundMessage::parse(&text).content {
            Ok(InboundContent::Join(join)) => Ok(join.hello.map(|hello| hello.as_bytes().len())),
            Ok(InboundContent::Command(_)) => panic!("{text}"),
            Err(refusal) => {
                assert_eq!(refusal, Refusal::Invalid, "{value}");
                Err(())
            }
        };
        assert_eq!(read, length, "{value}");
    }
}

#[test]
fn a_member_key_is_base64url_of_32_bytes_and_anything_else_is_refused() {
    let of_length = |length: usize| format!("{:?}", URL_SAFE_NO_PAD.encode(vec![0xfb; length]));
    let key = "-_v7".repeat(10);
    for (value, is_key) in [
        ("null".to_owned(), Ok(false)),
        (of_length(32), Ok(true)),
        (of_length(31), Err(())),
        (of_length(33), Err(())),
        (of_length(0), Err(())),
        // Padding, the other alphabet, non-zero trailing bits, a space, no string.
        (format!(r#""{key}-_s=""#), Err(())),
        (format!(r#""{key}+/s""#), Err(())),
        (format!(r#""{key}-_t""#), Err(())),
        (format!(r#"" {key}-_s""#), Err(())),
        ("7".to_owned(), Err(())),
        (format!("[{}]", of_length(32)), Err(())),
    ] {
        let text = format!(r#"{{"type":"join","roomId":"ab","auth":"AA==","member":{value}}}"#);
        let read = match InboundMessage::parse(&text).content {
            Ok(InboundContent::Join(join)) => Ok(join.member.is_some()),
            Ok(InboundContent::Command(_)) => panic!("{text}"),
            Err(refusal) => {
                assert_eq!(refusal, Refusal::Invalid, "{value}");
                Err(())
            }
        };
        assert_eq!(read, is_key, "{value}");
    }
}

#[test]
fn anything_else_is_refused() {
    let long = STANDARD.encode(vec![0; 65_537]);
    let too_large = format!(r#"{{"type":"relay","to":"all","body":"{long}"}}"#);
    for (text, expected) in [
        ("", Refusal::Invalid),
        ("{", Refusal::Invalid),
        ("[]", Refusal::Invalid),
        ("{}", Refusal::Invalid),
        (r#"{"type":"dance"}"#, Refusal::Invalid),
        (r#"{"type":"join","roomId":"ab"}"#, Refusal::Invalid),
        (r#"{"type":"raise_hand"}"#, Refusal::Invalid),
        (
            r#"{"type":"raise_hand","raised":true,"x":1}"#,
            Refusal::Invalid,
        ),
        (
            r#"{"type":"relay","to":"some","body":""}"#,
            Refusal::Invalid,
        ),
        (
            r#"{"type":"relay","to":"all","body":"?"}"#,
            Refusal::Invalid,
        ),
        (r#"{"type":"approve","demuxId":-16}"#, Refusal::Invalid),
        (r#"{"type":"approve","demuxId":17}"#, Refusal::UnknownDevice),
        (
            r#"{"type":"relay","to":0,"body":""}"#,
            Refusal::UnknownDevice,
        ),
        (&too_large, Refusal::BodyTooLarge),
        (
            r#"{"type":"commit","group":1,"epoch":0,"body":"?"}"#,
            Refusal::Invalid,
        ),
        (
            r#"{"type":"commit","group":1,"epoch":0,"body":"","welcome":{"to":[17],"body":""}}"#,
            Refusal::UnknownDevice,
        ),
        (
            r#"{"type":"commit","group":1,"epoch":0,"body":"","welcome":{"to":"all","body":""}}"#,
            Refusal::Invalid,
        ),
        (r#"{"type":"refuse","group":1}"#, Refusal::Invalid),
    ] {
        let got = InboundMessage::parse(text).content.err();
        assert_eq!(got, Some(expected), "{}", text.get(..60).unwrap_or(text));
    }
}

#[test]
fn requests_about_media_have_bounds() {
    let offer = |lines: usize, session: u64| {
        let lines = "m=audio 9 UDP/TLS/RTP/SAVPF 111\\r\\n".repeat(lines);
        format!(r#"{{"type":"media","session":{session},"offer":"v=0\r\n{lines}"}}"#)
    };
    let view = |wish: &str, count: usize, without: usize| {
        let wishes = vec![wish; count].join(",");
        let without = vec![16; without];
        format!(r#"{{"type":"view","slots":[{wishes}],"audioWithout":{without:?}}}"#)
    };
    let wish = r#"{"mid":"4","demuxId":16,"source":"camera","height":180}"#;
    let mid = |length: usize| wish.replace('4', &"4".repeat(length));
    let mute = |but: usize| {
        let but = vec![16; but];
        format!(r#"{{"type":"mute","demuxId":"all","but":{but:?}}}"#)
    };
    for (text, expected) in [
        (offer(68, 1), None),
        (offer(69, 1), Some(Refusal::TooManySlots)),
        (offer(1, (1 << 53) - 1), None),
        (offer(1, 1 << 53), Some(Refusal::Invalid)),
        (view(wish, 64, 1_024), None),
        (view(wish, 65, 0), Some(Refusal::TooManySlots)),
        (view(wish, 1, 1_025), Some(Refusal::Invalid)),
        (view(&mid(16), 1, 0), None),
        (view(&mid(17), 1, 0), Some(Refusal::Invalid)),
        (view(&mid(0), 1, 0), Some(Refusal::Invalid)),
        (view(&wish.replace('4', " "), 1, 0), Some(Refusal::Invalid)),
        (
            view(&wish.replace("16", "17"), 1, 0),
            Some(Refusal::UnknownDevice),
        ),
        (
            view(
                &wish.replace("\"source\"", "\"speaker\":0,\"source\""),
                1,
                0,
            ),
            Some(Refusal::Invalid),
        ),
        (
            view(&wish.replace("\"demuxId\":16,", ""), 1, 0),
            Some(Refusal::Invalid),
        ),
        (
            view(wish, 1, 1).replace("[16]", "[17]"),
            Some(Refusal::UnknownDevice),
        ),
        (mute(1_024), None),
        (mute(1_025), Some(Refusal::Invalid)),
        (mute(1).replace("\"all\"", "32"), Some(Refusal::Invalid)),
        (
            mute(0).replace("\"all\"", "17"),
            Some(Refusal::UnknownDevice),
        ),
    ] {
        let got = InboundMessage::parse(&text).content.err();
        assert_eq!(got, expected, "{}", text.get(..120).unwrap_or(&text));
    }
}

#[test]
fn before_it_has_joined_a_client_sends_8_kib_of_a_join_and_4_kib_of_anything_else() {
    let of_length = |kind: &str, length: usize| {
        let text = format!(r#"{{"type":"{kind}","roomId":"ab","auth":"AA==","more":""}}"#);
        let more = "x".repeat(length - text.len());
        text.replace(r#""more":"""#, &format!(r#""more":"{more}""#))
    };
    let join = of_length("join", MAX_JOIN);
    assert!(InboundMessage::parse_first(&join).content.is_ok());
    for (length, refusal) in [(4_096, Refusal::Invalid), (4_097, Refusal::TooLarge)] {
        let got = InboundMessage::parse_first(&of_length("raise_hand", length)).content;
        assert_eq!(got.err(), Some(refusal), "{length}");
    }
}

#[test]
fn the_longest_relay_fits_in_a_message() {
    let body = STANDARD.encode(vec![0; 65_536]);
    let text = format!(r#"{{"type":"relay","to":4294967280,"body":"{body}"}}"#);
    assert!(text.len() < MAX_MESSAGE);
    assert!(InboundMessage::parse(&text).content.is_ok());
}

fn commit(commit: usize, welcome: usize) -> String {
    let [commit, welcome] = [commit, welcome].map(|length| STANDARD.encode(vec![0; length]));
    let to: Vec<u32> = (1..=1_000)
        .map(|number| u32::MAX << 4 & !(number << 4))
        .collect();
    format!(
        r#"{{"type":"commit","group":4294967295,"epoch":18446744073709551615,"body":"{commit}","welcome":{{"to":{to:?},"body":"{welcome}"}}}}"#
    )
}

#[test]
fn only_a_commit_and_an_offer_are_longer_than_a_relay() {
    let longest = commit(65_536, 114_688);
    assert!(longest.len() < MAX_LARGE_MESSAGE, "{}", longest.len());
    assert!(InboundMessage::parse(&longest).content.is_ok());
    let offer = format!(
        r#"{{"type":"media","session":1,"offer":"{}"}}"#,
        "x".repeat(200 * 1024)
    );
    for (text, is_large) in [(&longest, true), (&offer, true), (&commit(1, 1), false)] {
        let message = InboundMessage::parse(text);
        assert_eq!(
            (message.content.is_ok(), message.is_large),
            (true, is_large)
        );
    }
    for (text, refusal) in [
        (commit(65_537, 0), Refusal::CommitTooLarge),
        (commit(0, 114_689), Refusal::CommitTooLarge),
        (longest.replace("commit", "relay"), Refusal::TooLarge),
        (longest.replace(r#""type""#, r#""kind""#), Refusal::TooLarge),
        (longest.replace('}', " "), Refusal::TooLarge),
        (" ".repeat(MAX_MESSAGE + 1), Refusal::TooLarge),
        (" ".repeat(MAX_MESSAGE), Refusal::Invalid),
    ] {
        let got = InboundMessage::parse(&text).content.err();
        assert_eq!(got, Some(refusal), "{}", text.get(..60).unwrap_or(&text));
    }
}

#[test]
fn every_message_but_a_ping_is_an_operation_also_when_it_is_refused() {
    for (text, expected) in [
        (
            r#"{"type":"join","roomId":"ab","auth":"AA=="}"#,
            Some(MessageKind::Join),
        ),
        (
            r#"{"type":"join","roomId":"ab","auth":"AA==","resume":"AA=="}"#,
            Some(MessageKind::Resume),
        ),
        (r#"{"type":"leave"}"#, Some(MessageKind::Leave)),
        (
            r#"{"type":"participants"}"#,
            Some(MessageKind::Participants),
        ),
        (
            r#"{"type":"raise_hand","raised":true}"#,
            Some(MessageKind::RaiseHand),
        ),
        (
            r#"{"type":"relay","to":"all","body":"?"}"#,
            Some(MessageKind::Relay),
        ),
        (
            r#"{"type":"approve","demuxId":17}"#,
            Some(MessageKind::Approve),
        ),
        (r#"{"type":"deny","demuxId":16}"#, Some(MessageKind::Deny)),
        (
            r#"{"type":"remove","demuxId":16}"#,
            Some(MessageKind::Remove),
        ),
        (r#"{"type":"block","demuxId":16}"#, Some(MessageKind::Block)),
        (
            r#"{"type":"commit","group":1,"epoch":0,"body":"?"}"#,
            Some(MessageKind::Commit),
        ),
        (
            r#"{"type":"refuse","group":1,"epoch":0}"#,
            Some(MessageKind::Refuse),
        ),
        (
            r#"{"type":"media","session":1,"offer":""}"#,
            Some(MessageKind::Media),
        ),
        (r#"{"type":"view","slots":[]}"#, Some(MessageKind::View)),
        (
            r#"{"type":"publish","audio":true,"camera":false,"screen":false,"screenAudio":true}"#,
            Some(MessageKind::Publish),
        ),
        (r#"{"type":"mute","demuxId":17}"#, Some(MessageKind::Mute)),
        (r#"{"type":"ping"}"#, None),
        (r#"{"type":"dance"}"#, None),
        ("{", None),
    ] {
        assert_eq!(InboundMessage::parse(text).kind, expected, "{text}");
    }
}
