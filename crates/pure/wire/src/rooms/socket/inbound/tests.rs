use super::*;

#[test]
fn every_message_of_a_client_has_one_form() {
    for (text, is_pinned) in [
        (
            r#"{"type":"join","roomId":"ab","epoch":7,"auth":"AA==","adminPasskey":"BQ==","resume":"Bg==","roster":"delta","hello":"-_8","member":"-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s","have":{"group":1,"epoch":7}}"#,
            true,
        ),
        (r#"{"type":"join","roomId":"ab","auth":"AA=="}"#, true),
        (r#"{"type":"leave"}"#, true),
        (r#"{"type":"raise_hand","raised":true}"#, true),
        (r#"{"type":"relay","to":"all","body":"aGk="}"#, true),
        (r#"{"type":"relay","to":32,"body":"aGk="}"#, true),
        (
            r#"{"type":"commit","group":1,"epoch":0,"body":"aGk="}"#,
            true,
        ),
        (
            r#"{"type":"commit","group":1,"epoch":7,"body":"aGk=","welcome":{"to":[16,32],"body":"aGk="}}"#,
            true,
        ),
        (r#"{"type":"refuse","group":1,"epoch":7}"#, true),
        (r#"{"type":"approve","demuxId":16}"#, true),
        (r#"{"type":"approve","demuxId":16,"statement":"-_8"}"#, true),
        (r#"{"type":"deny","demuxId":16}"#, true),
        (r#"{"type":"remove","demuxId":16}"#, true),
        (r#"{"type":"block","demuxId":16}"#, true),
        (r#"{"type":"lower_hand","demuxId":16}"#, true),
        (r#"{"type":"lock","locked":true}"#, true),
        (r#"{"type":"approval","on":false}"#, true),
        (r#"{"type":"coadmin","opaqueUserId":"aa","on":true}"#, true),
        (r#"{"type":"media","session":1,"offer":"v=0\\r\\n"}"#, true),
        (r#"{"type":"view","slots":[]}"#, true),
        (
            r#"{"type":"view","slots":[{"mid":"4","demuxId":16,"source":"camera","height":180},{"mid":"5","speaker":0,"source":"screen","height":720},{"mid":"1","demuxId":16,"source":"screenAudio"}],"audioWithout":[32]}"#,
            true,
        ),
        (
            r#"{"type":"publish","audio":true,"camera":false,"screen":false,"screenAudio":false}"#,
            true,
        ),
        (r#"{"type":"mute","demuxId":16}"#, true),
        (
            r#"{"type":"mute","demuxId":"all","but":[16,32],"source":"screenAudio","hold":false}"#,
            true,
        ),
        (r#"{"type":"media","session":-1,"offer":""}"#, false),
        (r#"{"type":"media","session":1}"#, false),
        (r#"{"type":"view"}"#, false),
        (
            r#"{"type":"view","slots":[{"mid":"4","source":"smell","height":1}]}"#,
            false,
        ),
        (
            r#"{"type":"view","slots":[{"mid":"4","demuxId":16,"source":"camera","height":70000}]}"#,
            false,
        ),
        (
            r#"{"type":"view","slots":[{"mid":"4","demuxId":16,"source":"camera","x":1}]}"#,
            false,
        ),
        (r#"{"type":"publish","audio":true}"#, false),
        (
            r#"{"type":"publish","audio":1,"camera":false,"screen":false,"screenAudio":false}"#,
            false,
        ),
        (r#"{"type":"mute","demuxId":"some"}"#, false),
        (r#"{"type":"mute","but":[16]}"#, false),
        (r#"{"type":"participants"}"#, true),
        (r#"{"type":"ping"}"#, true),
        (r#"{"type":"dance"}"#, false),
        (r#"{"type":"raise_hand","raised":true,"x":1}"#, false),
        (r#"{"type":"lower_hand"}"#, false),
        (r#"{"type":"lock"}"#, false),
        (r#"{"type":"lock","locked":1}"#, false),
        (r#"{"type":"approval","on":true,"x":1}"#, false),
        (r#"{"type":"coadmin","demuxId":16,"on":true}"#, false),
        (r#"{"type":"relay","to":"some","body":""}"#, false),
        (r#"{"type":"approve","demux_id":16}"#, false),
        (r#"{"type":"commit","epoch":0,"body":""}"#, false),
        (r#"{"type":"commit","group":-1,"epoch":0,"body":""}"#, false),
        (
            r#"{"type":"commit","group":1,"epoch":0,"body":"","welcome":{"to":[],"body":"","x":1}}"#,
            false,
        ),
        (
            r#"{"type":"join","roomId":"ab","auth":"AA==","have":{"group":1}}"#,
            false,
        ),
        (r#"{"type":"approve","demuxId":16,"statement":""}"#, false),
        (
            r#"{"type":"approve","demuxId":16,"statement":"+/8"}"#,
            false,
        ),
        (
            r#"{"type":"approve","demuxId":16,"statement":"-_8="}"#,
            false,
        ),
        (r#"{"type":"approve","demuxId":16,"statement":7}"#, false),
        (r#"{"type":"deny","demuxId":16,"statement":"-_8"}"#, false),
    ] {
        let message = serde_json::from_str::<ClientMessage>(text).ok();
        let again = message.map(|message| serde_json::to_string(&message).unwrap());
        assert_eq!(again.as_deref(), is_pinned.then_some(text));
    }
}

#[test]
fn a_join_may_say_more_than_is_known() {
    for (member, updates) in [
        ("", RosterUpdates::Whole),
        (r#","roster":"delta""#, RosterUpdates::Delta),
        (
            r#","roster":"tomorrow","mood":["fine"]"#,
            RosterUpdates::Whole,
        ),
        (r#","roster":7"#, RosterUpdates::Whole),
        (
            r#","roster":null,"hello":null,"member":null"#,
            RosterUpdates::Whole,
        ),
    ] {
        let text = format!(r#"{{"type":"join","roomId":"ab","auth":"AA=="{member}}}"#);
        match serde_json::from_str(&text) {
            Ok(ClientMessage::Join(join)) => assert_eq!(join.roster, updates, "{member}"),
            _ => panic!("{text}"),
        }
    }
}
