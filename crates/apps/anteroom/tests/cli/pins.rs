//! The params that the command line trusts, against an issuer that lies about them.

use std::fs;

use anteroom_protocol::{Aci, CallLink, DAY, RootKey, Timestamp};
use anteroom_testkit::{LyingIssuer, ServedParams};
use serde_json::Value;

use crate::directory::{TestDirectory, stderr};

const ACCOUNT: [u8; 16] = [7; 16];
/// The params that all clients receive.
const COMMON: u8 = 1;
/// The params that only this client is shown.
const PLANTED: u8 = 2;

#[expect(
    clippy::disallowed_methods,
    reason = "the commands run on this clock too"
)]
fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp::from_secs(since.unwrap().as_secs())
}

async fn place_with_issuer() -> (TestDirectory, LyingIssuer) {
    let account = Aci::from_bytes(ACCOUNT);
    let issuer = LyingIssuer::start(account, now()).await;
    let mut place = TestDirectory::new();
    place.set("ANTEROOM_ISSUER_URL", issuer.url());
    place.set("ANTEROOM_ACCOUNT", &account.to_uuid_string());
    place.set("ANTEROOM_DEVICE_PASSWORD", "a device's password");
    // No room service listens there: the requests after the params fail, which is irrelevant here.
    place.set("ANTEROOM_ROOMS_URL", "http://127.0.0.1:9");
    (place, issuer)
}

fn common() -> ServedParams {
    ServedParams::since(COMMON, Timestamp::from_secs(0))
}

/// Returns the ids in the file of pins.
fn pinned(place: &TestDirectory) -> usize {
    let text = fs::read(place.path().join(".config/anteroom/pins.json")).unwrap();
    let pins: Value = serde_json::from_slice(&text).unwrap();
    let issuers = pins["issuers"].as_object().unwrap();
    issuers
        .values()
        .map(|pins| pins["generic"].as_array().unwrap().len())
        .sum()
}

fn link(room: u8, params: Option<u8>) -> String {
    let link = CallLink {
        host: "calls.example".to_owned(),
        is_plain: false,
        root_key: RootKey::from_bytes(&[0x10 + room; 16]).unwrap(),
        params: params.map(LyingIssuer::id),
        without_certificates: false,
        admin: None,
    };
    link.to_url().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_planted_on_first_contact_is_neither_pinned_nor_taken_later() {
    let (place, issuer) = place_with_issuer().await;
    issuer.show(&[common(), ServedParams::since(PLANTED, now().plus(30 * DAY))]);
    let text = place.shown(&["credential", "auth"]);
    let id = LyingIssuer::id(COMMON);
    let line = format!("generic {id} (standard mode), since 1970-01-01, pinned just now");
    assert!(text.contains(&line), "{text}");
    assert_eq!(pinned(&place), 1);

    issuer.show(&[common(), ServedParams::since(PLANTED, now().minus(DAY))]);
    issuer.issue_under(PLANTED);
    for command in [
        &["credential", "auth"][..],
        &["credential", "create", "--new"],
        &["link", "create"],
        &["link", "show", &link(3, Some(COMMON))],
        &["call", "join", &link(3, Some(COMMON))],
    ] {
        let output = place.run(command);
        let shown = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{command:?}");
        let id = LyingIssuer::id(PLANTED).to_hex();
        let complaint = shown.lines().last().unwrap();
        assert!(complaint.ends_with(&format!("--trust {id}")), "{shown}");
        assert!(
            complaint.contains("are not trusted") && complaint.contains(&id),
            "{shown}"
        );
    }
    assert_eq!(pinned(&place), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_plants_a_key_is_told_and_opens_its_own_room_alone() {
    let (place, issuer) = place_with_issuer().await;
    place.shown(&["credential", "auth"]);
    issuer.show(&[common(), ServedParams::since(PLANTED, now().minus(DAY))]);
    issuer.issue_under(PLANTED);
    let of_accomplice = link(3, Some(PLANTED));
    // The warning appears each time, not only at the first use.
    for _ in 0..2 {
        let shown = stderr(&place.run(&["link", "show", &of_accomplice]));
        assert!(
            shown.contains("made under other params than yours"),
            "{shown}"
        );
        assert!(
            shown.contains(&LyingIssuer::id(PLANTED).to_hex()),
            "{shown}"
        );
        assert!(shown.contains("for this room alone"), "{shown}");
        assert!(
            shown.contains("the room service cannot be reached"),
            "{shown}"
        );
    }
    for command in [
        &["credential", "create", "--new"][..],
        &["link", "create"],
        &["link", "show", &link(4, Some(COMMON))],
        &["link", "show", &link(3, None)],
    ] {
        let shown = stderr(&place.run(command));
        assert!(shown.contains("are not trusted"), "{command:?}: {shown}");
    }
    assert_eq!(pinned(&place), 1);
    // No unsealed file contains the ids of visited rooms.
    let room = RootKey::from_bytes(&[0x13; 16]).unwrap().room_id().to_hex();
    for file in ["pins.json", "links.sealed"] {
        let bytes = fs::read(place.path().join(".config/anteroom").join(file)).unwrap();
        let is_there = bytes
            .windows(room.len())
            .any(|part| part == room.as_bytes());
        assert!(!is_there, "{file}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_of_a_room_keeps_its_key_when_the_issuer_shows_another_under_its_id_no_more() {
    let (place, issuer) = place_with_issuer().await;
    place.shown(&["credential", "auth"]);
    issuer.show(&[common(), ServedParams::since(PLANTED, now().plus(DAY))]);
    place.run(&["link", "show", &link(3, Some(PLANTED))]);
    issuer.show(&[common()]);
    // The params are known in this room, and unknown in another.
    let shown = stderr(&place.run(&["link", "show", &link(3, Some(PLANTED)), "--fetch"]));
    assert!(
        shown.contains("the room service cannot be reached"),
        "{shown}"
    );
    let shown = place.refusal(&["link", "show", &link(4, Some(PLANTED)), "--fetch"]);
    assert!(shown.contains("this issuer does not show"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_of_the_issuing_params_is_told_once_also_if_they_are_pinned() {
    let (place, issuer) = place_with_issuer().await;
    place.shown(&["credential", "auth"]);
    issuer.show(&[common(), ServedParams::since(PLANTED, now().plus(DAY))]);
    let next = LyingIssuer::id(PLANTED).to_hex();
    let told = place.run(&["credential", "auth", "--json", "--trust", &next]);
    assert!(told.status.success());
    assert!(stderr(&told).contains(&format!("pinned the issuer's generic params {next}")));

    issuer.show(&[common(), ServedParams::since(PLANTED, now().minus(DAY))]);
    issuer.issue_under(PLANTED);
    let shown = || stderr(&place.run(&["credential", "auth"]));
    let first = shown();
    let common = LyingIssuer::id(COMMON);
    let line = format!("has changed its generic params: {common} until now, {next} from");
    assert!(first.contains(&line), "{first}");
    assert!(!shown().contains("has changed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pasted_link_never_loses_its_pin_silently() {
    let (place, _issuer) = place_with_issuer().await;
    let id = LyingIssuer::id(PLANTED).to_hex();
    let bare = link(3, None);
    let whole = link(3, Some(PLANTED));
    let damaged = [
        (format!("{bare}&amp;params={id}"), "looks like params="),
        (format!("{bare}&Params={id}"), "looks like params="),
        (format!("{bare}&par"), "looks like params="),
        (format!("{bare}&"), "next to an &"),
        (format!("{bare}%26params={id}"), "percent signs"),
        (
            format!("{bare}\n&params={id}"),
            "characters that no key has",
        ),
        (bare.replace("https", "ftp"), "must begin with https://"),
    ];
    fs::write(place.path().join("link"), format!("<{whole}>\n")).unwrap();
    for (text, complaint) in &damaged {
        let shown = place.refusal(&["link", "show", text]);
        assert!(shown.contains(complaint), "{text}: {shown}");
        assert!(shown.contains("damaged") && !shown.contains(&id), "{shown}");
        let by_input = place.run_with_input(&["link", "show", "-"], text);
        assert!(stderr(&by_input).contains(complaint), "{text}");
    }
    for argument in ["@link", &format!(" {whole}. "), &whole.replace('#', "%23")] {
        let shown = place.refusal(&["link", "show", argument]);
        assert!(
            shown.contains("this issuer does not show"),
            "{argument}: {shown}"
        );
    }
    // A link without params opens, with a warning.
    let shown = stderr(&place.run(&["link", "show", &bare]));
    assert!(shown.contains("names no server params"), "{shown}");
}

#[test]
fn what_is_pinned_is_told_with_its_id_and_beginning_by_every_command() {
    for command in [
        &["link", "create", "--json"][..],
        &["credential", "auth", "--json"],
        &["link", "show", &link(3, None)],
    ] {
        let mut place = TestDirectory::new();
        let _service = place.start();
        let account = place.add_account();
        place.act_as(&account);
        let shown = stderr(&place.run(command));
        for kind in ["generic", "group", "certificate"] {
            let line = format!("pinned the issuer's {kind} params ");
            let line = shown.lines().find(|text| text.contains(&line));
            assert!(line.unwrap().contains("which issue from 2"), "{shown}");
        }
        let again = stderr(&place.run(command));
        assert!(!again.contains("pinned the issuer's"), "{again}");
    }
}
