use super::*;

const STATE: &str = r#"{"restrictions":"adminApproval","name":"AQI=","revoked":false,"expiration":1,"delete_at":2}"#;
const ACTIVE: &str = r#"{"demuxId":16,"opaqueUserId":"aa","handRaisedAt":1700000000123,"admin":true,"hello":"-_8","member":"-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s"}"#;
const STATED: &str = r#"{"restrictions":"adminApproval","name":"","revoked":false,"expiration":1,"delete_at":2,"adminStatement":"AQI="}"#;
const CO_ADMIN: &str = r#"{"demuxId":16,"opaqueUserId":"aa","coadmin":true}"#;
const SENDING: &str =
    r#"{"demuxId":16,"media":{"audio":true,"camera":false,"screen":false,"screenAudio":false}}"#;
const PENDING: &str = r#"{"demuxId":32,"lost":true}"#;

#[test]
fn every_message_of_the_service_has_one_form() {
    for text in [
        format!(
            r#"{{"type":"joined","demuxId":16,"eraId":"ab","status":"active","isAdmin":true,"resume":"AA==","maxDevices":8,"maxDevicesPerUser":5,"participants":[{ACTIVE}],"pending":[{PENDING}],"pendingCount":1,"rosterRevision":7,"callLinkState":{STATE},"features":["hello"]}}"#
        ),
        format!(
            r#"{{"type":"joined","demuxId":16,"eraId":"ab","status":"active","isAdmin":false,"resume":"AA==","maxDevices":8,"participants":[],"pending":[],"pendingCount":0,"callLinkState":{STATED},"features":["statements"],"statement":"-_8"}}"#
        ),
        format!(
            r#"{{"type":"participants","eraId":"ab","active":[{ACTIVE}],"pending":[{PENDING}],"pendingCount":1}}"#
        ),
        r#"{"type":"participants","eraId":"ab","active":[],"pending":[],"pendingCount":0,"revision":7}"#.to_owned(),
        r#"{"type":"roster","eraId":"ab","joined":[],"changed":[],"left":[],"pendingCount":1,"since":6,"revision":7}"#.to_owned(),
        r#"{"type":"roster","eraId":"ab","joined":[{"status":"active","demuxId":16}],"changed":[{"status":"pending","demuxId":32,"lost":true}],"left":[48],"pendingCount":1}"#.to_owned(),
        format!(
            r#"{{"type":"joined","demuxId":16,"eraId":"ab","status":"active","isAdmin":false,"resume":"AA==","maxDevices":8,"participants":[],"pending":[],"pendingCount":0,"callLinkState":{STATE},"features":[],"present":{{"group":1,"epoch":7}},"missed":2}}"#
        ),
        format!(
            r#"{{"type":"joined","demuxId":16,"eraId":"ab","status":"active","isAdmin":true,"resume":"AA==","maxDevices":8,"participants":[{CO_ADMIN}],"pending":[],"pendingCount":0,"callLinkState":{STATE},"features":["moderation"],"locked":true,"approval":false}}"#
        ),
        r#"{"type":"moderation","locked":true,"approval":false,"isAdmin":true}"#.to_owned(),
        r#"{"type":"admitted"}"#.to_owned(),
        r#"{"type":"admitted","present":{"group":1,"epoch":7}}"#.to_owned(),
        r#"{"type":"commit","group":1,"epoch":7,"from":16,"body":"aGk="}"#.to_owned(),
        r#"{"type":"welcome","group":1,"epoch":8,"from":16,"body":"aGk="}"#.to_owned(),
        r#"{"type":"refuse","group":1,"epoch":7,"from":16}"#.to_owned(),
        r#"{"type":"error","code":"stale_commit","message":"","of":"commit","present":{"group":1,"epoch":7}}"#.to_owned(),
        r#"{"type":"admitted","statement":"-_8"}"#.to_owned(),
        r#"{"type":"denied","reason":"ended"}"#.to_owned(),
        r#"{"type":"removed"}"#.to_owned(),
        r#"{"type":"blocked"}"#.to_owned(),
        format!(r#"{{"type":"link","callLinkState":{STATE}}}"#),
        format!(r#"{{"type":"link","callLinkState":{STATED}}}"#),
        r#"{"type":"relay","from":16,"body":"aGk="}"#.to_owned(),
        r#"{"type":"redirect","url":"wss://other"}"#.to_owned(),
        format!(
            r#"{{"type":"joined","demuxId":16,"eraId":"ab","status":"active","isAdmin":false,"resume":"AA==","maxDevices":8,"participants":[{SENDING}],"pending":[],"pendingCount":0,"callLinkState":{STATE},"features":["media"],"mediaConfig":{{"audioSlots":4,"videoSlots":49,"maxBitrate":3000000,"codecs":["opus","VP8"]}}}}"#
        ),
        r#"{"type":"media","session":1,"answer":"v=0\r\n"}"#.to_owned(),
        r#"{"type":"slots","slots":[]}"#.to_owned(),
        r#"{"type":"slots","slots":[{"mid":"4","demuxId":16,"source":"camera","height":180},{"mid":"5","demuxId":16,"source":"screenAudio","paused":"bandwidth"}]}"#.to_owned(),
        r#"{"type":"send","camera":{"layers":3},"screen":false,"screenAudio":false,"audio":true}"#.to_owned(),
        r#"{"type":"speakers","speakers":[16,32]}"#.to_owned(),
        r#"{"type":"muted","by":16,"source":"audio"}"#.to_owned(),
        r#"{"type":"muted","by":16,"source":"screen","hold":true}"#.to_owned(),
        r#"{"type":"error","code":"full","message":"The call is full."}"#.to_owned(),
        r#"{"type":"pong"}"#.to_owned(),
        r#"{"type":"pong","rosterRevision":7}"#.to_owned(),
    ] {
        let message: ServerMessage<'_> = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&message).unwrap(), text);
    }
}

#[test]
fn a_client_reads_messages_and_members_of_a_later_version() {
    let later = serde_json::from_str(r#"{"type":"dance","with":16}"#).unwrap();
    assert!(matches!(later, ServerMessage::Unknown));
    for hello in ["7", "null", r#"{"of":"later"}"#] {
        let text = format!(r#"{{"demuxId":16,"mood":"fine","hello":{hello}}}"#);
        let device: DeviceBody<'_> = serde_json::from_str(&text).unwrap();
        assert_eq!((device.demux_id, device.hello), (16, None));
    }
    for member in ["7", "null", r#""AA""#, r#""-_v7""#, r#"{"of":"later"}"#] {
        let text = format!(r#"{{"demuxId":16,"member":{member}}}"#);
        let device: DeviceBody<'_> = serde_json::from_str(&text).unwrap();
        assert_eq!((device.demux_id, device.member), (16, None));
    }
    for media in ["7", "null", r#""camera""#, "[]"] {
        let text = format!(r#"{{"demuxId":16,"media":{media}}}"#);
        let device: DeviceBody<'_> = serde_json::from_str(&text).unwrap();
        assert_eq!((device.demux_id, device.media), (16, None));
    }
    let text = r#"{"demuxId":16,"media":{"camera":true,"smell":true,"audio":7}}"#;
    let device: DeviceBody<'_> = serde_json::from_str(text).unwrap();
    let camera = SourcesBody {
        camera: true,
        ..SourcesBody::default()
    };
    assert_eq!(device.media, Some(camera));
    let long = format!(r#""{}""#, "A".repeat(684));
    for statement in ["7", "null", r#""+/8""#, r#""""#, &long] {
        let text = format!(r#"{{"type":"admitted","statement":{statement},"mood":"fine"}}"#);
        let admitted = serde_json::from_str(&text).unwrap();
        assert!(matches!(
            admitted,
            ServerMessage::Admitted {
                statement: None,
                ..
            }
        ));
    }
}
