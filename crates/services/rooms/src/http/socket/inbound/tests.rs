use anteroom_protocol::ApprovalStatement;
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
fn only_a_commit_is_longer_than_a_relay() {
    let longest = commit(65_536, 114_688);
    assert!(longest.len() < MAX_COMMIT_MESSAGE, "{}", longest.len());
    assert!(InboundMessage::parse(&longest).content.is_ok());
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
        (r#"{"type":"ping"}"#, None),
        (r#"{"type":"dance"}"#, None),
        ("{", None),
    ] {
        assert_eq!(InboundMessage::parse(text).kind, expected, "{text}");
    }
}
