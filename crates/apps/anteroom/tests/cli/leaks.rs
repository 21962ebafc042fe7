//! A search for values that a service must not know in the raw bytes of its files, after a whole call between
//! real processes.

use std::{
    collections::{BTreeSet, HashSet},
    fs,
};

use anteroom_protocol::{Aci, CallLink, ParamsId, Pni, ServiceId};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use serde_json::Value;

use crate::directory::{CallProcess, ServeProcess, TestDirectory};

/// The files and outputs of one service.
struct ServiceUnderTest {
    databases: Vec<u8>,
    texts: String,
}

/// A value that a service must not know.
struct Secret {
    label: String,
    bytes: Vec<u8>,
}

fn secret(label: &str, bytes: &[u8]) -> Secret {
    Secret {
        label: label.to_owned(),
        bytes: bytes.to_vec(),
    }
}

impl Secret {
    /// Returns the value in all forms: as it is, as hex, in base64 of either alphabet, as a UUID.
    fn forms(&self) -> Vec<Vec<u8>> {
        let hex: String = self
            .bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let mut forms = vec![self.bytes.clone(), hex.to_uppercase().into_bytes()];
        if self.bytes.len() == 16 {
            let mut uuid = hex.clone();
            for at in [20, 16, 12, 8] {
                uuid.insert(at, '-');
            }
            forms.push(uuid.into_bytes());
        }
        forms.push(hex.into_bytes());
        for before in 0..3 {
            let padded = [&vec![0; before][..], &self.bytes].concat();
            let (first, end) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
            for engine in [STANDARD, URL_SAFE] {
                forms.push(engine.encode(&padded).as_bytes()[first..end].to_vec());
            }
        }
        forms
    }

    fn assert_not_in(&self, service: &ServiceUnderTest) {
        for form in self.forms() {
            for bytes in [&service.databases[..], service.texts.as_bytes()] {
                let found = bytes.windows(form.len()).any(|part| part == form);
                assert!(
                    !found,
                    "{} as {:?}",
                    self.label,
                    String::from_utf8_lossy(&form)
                );
            }
        }
    }
}

fn start(place: &mut TestDirectory, role: &str, said: &str) -> ServeProcess {
    place.set("ANTEROOM_LOG_LEVEL", "debug");
    let (events, rooms) = ("ANTEROOM_EVENTS_FILE", "ANTEROOM_EVENTS_ROOMS_FILE");
    place.set(
        if role == "issuer" { events } else { rooms },
        "events.jsonl",
    );
    ServeProcess::start_until(place.anteroom(&["serve", "--role", role]), said)
}

fn holds(memory: &[u8], wanted: &str) -> bool {
    let wanted = regex::bytes::Regex::new(&regex::escape(wanted)).unwrap();
    wanted.is_match(memory)
}

/// Stops the service, and reads its files. They are read before the stop too, since a stop deletes some data.
fn written(place: &TestDirectory, service: ServeProcess, database: &str) -> ServiceUnderTest {
    let mut databases = Vec::new();
    let mut read_databases = || {
        for suffix in ["", "-wal", "-shm"] {
            let path = place.data().join(format!("{database}{suffix}"));
            databases.extend(fs::read(path).unwrap_or_default());
        }
    };
    read_databases();
    let (status, log) = service.stop();
    assert!(status.success());
    read_databases();
    let events = fs::read_to_string(place.path().join("events.jsonl")).unwrap();
    assert!(!databases.is_empty() && !events.is_empty() && log.len() > 10);
    ServiceUnderTest {
        databases,
        texts: log.join("\n") + &events,
    }
}

fn address(place: &TestDirectory, name: &str) -> String {
    let text = fs::read_to_string(place.data().join("listen.json")).unwrap();
    let listen: Value = serde_json::from_str(&text).unwrap();
    listen[name].as_str().unwrap().to_owned()
}

#[test]
fn neither_side_holds_what_the_other_knows() {
    let mut issuers = TestDirectory::new();
    let issuer = start(&mut issuers, "issuer", "the issuer listens on");
    let mut rooms = TestDirectory::new();
    let params = rooms.path().join("params.json");
    issuers.shown(&["keys", "export", "--out", params.to_str().unwrap()]);
    let exported: Value = serde_json::from_slice(&fs::read(&params).unwrap()).unwrap();
    let guest_params = exported["guestParams"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    rooms.shown(&["keys", "import", params.to_str().unwrap()]);
    let room_service = start(&mut rooms, "rooms", "the room service listens on");

    // Ann creates a link and admits Bob; they exchange messages.
    let mut people: Vec<(TestDirectory, Value)> = Vec::new();
    for _ in 0..2 {
        let added = issuers.json(&["account", "add", "--json", "--pni"]);
        let mut person = TestDirectory::new();
        person.set("ANTEROOM_ACCOUNT", added["uuid"].as_str().unwrap());
        person.set(
            "ANTEROOM_DEVICE_PASSWORD",
            added["password"].as_str().unwrap(),
        );
        person.set("ANTEROOM_ISSUER_URL", &address(&issuers, "issuer"));
        person.set("ANTEROOM_ROOMS_URL", &address(&rooms, "rooms"));
        people.push((person, added));
    }
    let (ann, bob) = (&people[0].0, &people[1].0);
    const NAME: &str = "Tea at a secret place";
    const LINE: &str = "the key is under the blue stone";
    let created = ann.json(&["link", "create", "--json", "--name", NAME]);
    let link = created["link"].as_str().unwrap();
    ann.shown(&["link", "show", link]);
    let command = [
        "call",
        "join",
        link,
        "--plain",
        "--admin",
        "--as",
        "Ann of the story",
    ];
    let mut ann_there = CallProcess::start(ann.anteroom(&command));
    ann_there.wait_for("You are in");
    let command = ["call", "join", link, "--plain", "--as", "Bob of the story"];
    let mut bob_there = CallProcess::start(bob.anteroom(&command));
    let waiting = ann_there.wait_for("waits in the lobby: /admit #");
    assert!(waiting.contains(" \"Bob of the story\" (id#"), "{waiting}");
    let tag = waiting.rsplit_once(' ').unwrap().1.to_owned();
    ann_there.type_line(&format!("/admit {tag}"));
    bob_there.wait_for("Ann of the story");
    ann_there.type_line(LINE);
    bob_there.wait_for(LINE);
    let parsed = CallLink::parse(link).unwrap();
    let room = &parsed.root_key;
    let memory = room_service.memory();
    assert!(
        holds(&memory, &room.room_id().to_hex()),
        "the memory of the room service is read"
    );
    let own = ann.json(&["link", "list", "--secrets", "--json"])[0].clone();
    let [admin_secret, passkey] =
        ["adminSecret", "adminPasskey"].map(|name| own[name].as_str().unwrap());
    let admin_key = parsed.admin.unwrap();
    let words = [NAME, LINE, "Ann of the story", "Bob of the story"];
    for word in words
        .into_iter()
        .chain([admin_secret, &admin_key.to_text()])
    {
        assert!(!holds(&memory, word), "{word}");
    }
    drop(memory);
    bob_there.type_line("/quit");
    ann_there.wait_for("left");
    // Approvals and the call record are there while the files are read for the first time.
    bob.shown(&["link", "show", link]);
    ann_there.type_line("/quit");
    assert!(ann_there.end().0.success() && bob_there.end().0.success());
    // Both keep the policy that Ann has signed, and the secrets of their devices; both are sealed.
    for person in [ann, bob] {
        let own = person.path().join(".config/anteroom");
        let statements = fs::read(own.join("statements.sealed")).unwrap();
        assert!(statements.starts_with(b"anteroom statements 1\n"));
        let mut devices = fs::read_dir(own.join("devices")).unwrap();
        let is_sealed = |name: &str| name.ends_with(".sealed");
        assert!(devices.any(|file| is_sealed(file.unwrap().file_name().to_str().unwrap())));
    }

    let issuer = written(&issuers, issuer, "issuer.db");
    let room_service = written(&rooms, room_service, "rooms.db");

    // Values that neither service may store, and values for one of them only.
    let mut of_rooms = vec![
        secret("the room id", room.room_id().as_bytes()),
        secret("the root key", &room.to_bytes()),
        secret("the root key's text", room.to_text().as_bytes()),
        secret(
            "the public params of the room",
            &room.secret_params().public_params().to_bytes(),
        ),
        secret("the passkey", &STANDARD.decode(passkey).unwrap()),
        secret("the admin secret", &STANDARD.decode(admin_secret).unwrap()),
        secret("the admin key", admin_key.as_bytes()),
        secret("the room's name", NAME.as_bytes()),
        secret("what was said", LINE.as_bytes()),
        secret("a name in the call", b"Ann of the story"),
        secret("a name in the lobby", b"Bob of the story"),
    ];
    let mut of_issuer = Vec::new();
    for (_, added) in &people {
        let aci = Aci::parse(added["uuid"].as_str().unwrap()).unwrap();
        let pni = Pni::parse(added["pni"].as_str().unwrap()).unwrap();
        of_issuer.push(secret("an account id", aci.as_bytes()));
        of_issuer.push(secret("a phone-number id", pni.as_bytes()));
        let password = added["password"].as_str().unwrap();
        of_issuer.push(secret("a device password", password.as_bytes()));
        let opaque = room
            .secret_params()
            .encrypt(&ServiceId::Aci(aci))
            .to_bytes();
        // The first byte is equal in all of them.
        of_rooms.push(secret("a uid ciphertext", &opaque[1..]));
        of_rooms.push(secret("half a uid ciphertext", &opaque[1..33]));
    }
    for service in [&issuer, &room_service] {
        for secret in of_rooms.iter().chain(&of_issuer) {
            secret.assert_not_in(service);
        }
    }
    assert!(!room_service.texts.contains("deviceId") && !room_service.texts.contains("device_id"));
    let generic = parsed.params.unwrap().to_hex();
    check_nothing_is_shared(&issuer, &room_service, &[generic, guest_params]);
}

/// The only common values of both services that could be matched are the public ids of the params.
fn check_nothing_is_shared(issuer: &ServiceUnderTest, rooms: &ServiceUnderTest, params: &[String]) {
    // Words that are no natural language: long, with digits and letters.
    let words = |service: &ServiceUnderTest| -> BTreeSet<String> {
        service
            .texts
            .split(|c: char| !c.is_ascii_alphanumeric() && !"+/=_-".contains(c))
            .filter(|word| word.len() >= 16)
            .filter(|word| word.bytes().filter(u8::is_ascii_digit).count() >= 3)
            .filter(|word| word.bytes().any(|byte| byte.is_ascii_alphabetic()))
            .map(ToOwned::to_owned)
            .collect()
    };
    let shared: Vec<String> = words(issuer)
        .intersection(&words(rooms))
        .filter(|word| !params.contains(word))
        .cloned()
        .collect();
    assert!(shared.is_empty(), "{shared:?}");

    // Random bytes. The databases share structure and words, but never 12 random bytes.
    let noise = |service: &ServiceUnderTest| -> HashSet<Vec<u8>> {
        let databases = service.databases.clone();
        params
            .iter()
            .fold(databases, |bytes, id| without(&bytes, id))
            .windows(12)
            .filter(|window| window.iter().filter(|byte| !byte.is_ascii()).count() >= 4)
            .filter(|window| window.iter().collect::<HashSet<_>>().len() >= 11)
            .map(<[u8]>::to_vec)
            .collect()
    };
    let (of_issuer, of_rooms) = (noise(issuer), noise(rooms));
    assert!(
        of_issuer.len() > 500 && of_rooms.len() > 500,
        "sealed columns are noise"
    );
    let shared: Vec<_> = of_issuer.intersection(&of_rooms).collect();
    assert!(shared.is_empty(), "{shared:?}");
}

/// Returns the bytes with zeros instead of an id written in hex.
fn without(bytes: &[u8], id: &str) -> Vec<u8> {
    let id = ParamsId::parse(id).unwrap();
    let mut bytes = bytes.to_vec();
    let places: Vec<usize> = (0..bytes.len())
        .filter(|at| bytes[*at..].starts_with(id.as_bytes()))
        .collect();
    assert!(!places.is_empty(), "both sides have the params");
    for at in places {
        bytes[at..at + id.as_bytes().len()].fill(0);
    }
    bytes
}

#[test]
fn the_search_finds_what_is_there() {
    let value: Vec<u8> = (100..116).collect();
    let inside = STANDARD.encode([b"x".as_slice(), &value].concat());
    let service = |texts: &str, databases: &[u8]| ServiceUnderTest {
        databases: databases.to_vec(),
        texts: texts.to_owned(),
    };
    for service in [
        service("", &value),
        service(&inside, b""),
        service("64656667-6869-6a6b-6c6d-6e6f70717273", b""),
    ] {
        let search = || secret("value", &value).assert_not_in(&service);
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(search)).is_err());
    }
}
