//! A search in all that each service was sent and answered, in a whole story with the end-to-end encryption.
//!
//! Ann creates a link with approvals and names it, joins as an admin, lets in Bob and Zoe, a guest, and bars
//! Zoe; they talk. Each client takes credentials and a certificate from the issuer. Neither service has a
//! value of the other one then, as it is or decoded, by which an account could be tied to a room.

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use anteroom_client::{
    Approval, CallEvent, CallSession, Client, ClientOptions, DemuxId, DeviceCredentials,
    DeviceSecret, GroupEvent, IssuerClient, LinkChange, MemoryStatements, OperatingSystem, OwnLink,
    System as _, Timeouts,
};
use anteroom_e2ee::{Approval as SignedApproval, Policy, SignedStatement};
use anteroom_protocol::EraId;
use anteroom_testkit::LogGuard;
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    client::{device, options},
    group::within,
    recorder::{Recorder, values_of},
    support::{RoomsFixture, opaque_id, wait_for},
};

/// A value that one service or both must not have.
struct Secret {
    label: &'static str,
    bytes: Vec<u8>,
}

fn secret(label: &'static str, bytes: impl AsRef<[u8]>) -> Secret {
    let bytes = bytes.as_ref().to_vec();
    assert!(bytes.len() >= 10, "{label} is long enough for a search");
    Secret { label, bytes }
}

/// All that one service was sent and answered.
struct Record {
    texts: Vec<Vec<u8>>,
    /// The words of the texts as they are, and decoded.
    values: BTreeSet<Vec<u8>>,
}

impl Record {
    fn of(recorder: &Recorder) -> Self {
        let texts = recorder.record();
        let values = values_of(&texts);
        Self { texts, values }
    }

    fn holds(&self, wanted: &[u8]) -> bool {
        let mut all = self.texts.iter().chain(&self.values);
        all.any(|bytes| bytes.windows(wanted.len()).any(|part| part == wanted))
    }

    /// Returns the labels of the secrets that the record has.
    fn found(&self, secrets: &[Secret]) -> Vec<&'static str> {
        let found = secrets.iter().filter(|secret| self.holds(&secret.bytes));
        found.map(|secret| secret.label).collect()
    }

    /// Returns the values that parse as a statement of this kind.
    fn statements<S: anteroom_e2ee::Statement>(&self) -> Vec<Vec<u8>> {
        let are_statements = |bytes: &&Vec<u8>| SignedStatement::<S>::parse(bytes).is_ok();
        self.values.iter().filter(are_statements).cloned().collect()
    }

    /// Returns the runs of 12 bytes that are no text.
    fn noise(&self) -> HashSet<&[u8]> {
        // The media type of both services is base64 too.
        let media_type = STANDARD.decode("application/json").unwrap();
        let values = self.values.iter().filter(|value| **value != media_type);
        let runs = values.flat_map(|value| value.windows(12));
        runs.filter(|run| run.iter().filter(|byte| !byte.is_ascii()).count() >= 4)
            .filter(|run| run.iter().collect::<HashSet<_>>().len() >= 11)
            .collect()
    }
}

/// A person with a device that takes part in the encryption.
struct Participant {
    client: Client,
    device: DeviceSecret,
    credentials: DeviceCredentials,
}

async fn participant(
    fixture: &RoomsFixture,
    issuer: &str,
    credentials: DeviceCredentials,
    name: &str,
    guest: bool,
) -> Participant {
    let device = DeviceSecret::random(&mut *fixture.rng());
    let options = ClientOptions {
        name: Some(name.to_owned()),
        guest,
        device: Some(device.clone()),
        statements: Arc::new(MemoryStatements::default()),
        ..options(fixture)
    };
    let client = Client::connect_with(issuer, credentials.clone(), options);
    Participant {
        client: client.await.unwrap(),
        device,
        credentials,
    }
}

/// Joins, and returns the call with the device and the era.
async fn join(
    person: &Participant,
    own: &OwnLink,
    is_admin: bool,
) -> (CallSession, DemuxId, EraId) {
    let joining = match is_admin {
        true => person.client.join_as_admin(&own.link, &own.rights).await,
        false => person.client.join(&own.link).await,
    };
    let mut call = joining.unwrap();
    let seat = wait_for(&mut call, |event| match event {
        CallEvent::Joined(seat) => Some((seat.demux, seat.era)),
        _ => None,
    });
    let (device, era) = within(seat).await;
    (call, device, era)
}

async fn let_in(admin: &mut CallSession, device: DemuxId) {
    let waits = wait_for(admin, |event| match event {
        CallEvent::Roster(roster) => {
            let mut waiting = roster.pending.iter();
            waiting.any(|one| one.demux == device).then_some(())
        }
        _ => None,
    });
    within(waits).await;
    admin.approve(device).await.unwrap();
}

async fn wait_for_group(call: &mut CallSession, members: usize) {
    let whole = wait_for(call, |event| match event {
        CallEvent::GroupChanged(state) => {
            (state.members.len() == members && state.may_send).then_some(())
        }
        _ => None,
    });
    within(whole).await;
}

async fn wait_for_text(call: &mut CallSession, wanted: &str) {
    let heard = wait_for(call, |event| match event {
        CallEvent::Group(event) => match *event {
            GroupEvent::Text { text, .. } => (text == wanted).then_some(()),
            _ => None,
        },
        _ => None,
    });
    within(heard).await;
}

const LINK_NAME: &str = "Tea at a secret place";
const NAMES: [&str; 3] = ["Ann of the story", "Bob of the story", "Zoe of the story"];
const ANNS_LINE: &str = "the key is under the blue stone";
const ZOES_LINE: &str = "the stone lies beside the well";

#[tokio::test]
async fn no_service_has_a_value_of_the_other_one_that_ties_an_account_to_a_room() {
    // The lifetimes of key packages are compared with the clock of the machine.
    let fixture = RoomsFixture::with_guests_at(OperatingSystem.now()).await;
    let issuer = Recorder::before(fixture.issuer.base_url()).await;
    let rooms = Recorder::before(fixture.rooms.base_url()).await;
    let mut people = Vec::new();
    for name in &NAMES[..2] {
        let account = fixture.issuer.add_account(false).await;
        people.push(participant(&fixture, issuer.url(), device(&account), name, false).await);
    }
    let guest = IssuerClient::add_guest(issuer.url(), Timeouts::default());
    let guest = guest.await.unwrap();
    people.push(participant(&fixture, issuer.url(), guest, NAMES[2], true).await);
    let [ann, bob, zoe] = &people[..] else {
        panic!("three people");
    };

    let own = ann.client.create_link(rooms.url(), Approval::Required);
    let own = own.await.unwrap();
    let root_key = &own.link.root_key;
    let room = root_key.room_id();
    LogGuard::global().watch_bytes("root key", &root_key.to_bytes());
    let change = LinkChange {
        name: Some(LINK_NAME.to_owned()),
        ..LinkChange::default()
    };
    let mut rng = fixture.rng();
    let admin = ann.client.admin(&own.link, &own.rights).unwrap();
    let pass = ann.client.pass(&own.link).unwrap();
    let now = options(&fixture).system.now();
    admin.change(&pass, &change, now, &mut *rng).await.unwrap();

    let (mut anns, _, era) = join(ann, &own, true).await;
    let (mut bobs, bobs_device, _) = join(bob, &own, false).await;
    let_in(&mut anns, bobs_device).await;
    wait_for_group(&mut bobs, 2).await;
    let (mut zoes, zoes_device, _) = join(zoe, &own, false).await;
    let_in(&mut anns, zoes_device).await;
    for call in [&mut anns, &mut bobs, &mut zoes] {
        wait_for_group(call, 3).await;
    }
    anns.say(ANNS_LINE).await.unwrap();
    wait_for_text(&mut zoes, ANNS_LINE).await;
    zoes.say(ZOES_LINE).await.unwrap();
    wait_for_text(&mut bobs, ZOES_LINE).await;
    anns.block(zoes_device).await.unwrap();
    wait_for_group(&mut bobs, 2).await;
    bobs.leave().await;
    anns.leave().await;

    let (issuer, rooms) = (Record::of(&issuer), Record::of(&rooms));
    let mut of_rooms = vec![
        secret("the room id", room.as_bytes()),
        secret("the era id", era.as_bytes()),
    ];
    let approvals = rooms.statements::<SignedApproval>();
    let policies = rooms.statements::<Policy>();
    assert!(approvals.len() >= 2 && !policies.is_empty());
    // A statement that a service has is one of the room. Its body and signature are searched apart.
    for statement in approvals.iter().chain(&policies) {
        let (body, signature) = statement.split_at(statement.len() - 64);
        of_rooms.push(secret("the content of a statement", body));
        of_rooms.push(secret("the signature of a statement", signature));
    }
    // Neither service has these.
    let mut of_nobody = vec![
        secret("the root key", root_key.to_bytes()),
        secret("the admin key", own.link.admin.unwrap().as_bytes()),
        secret("the link's name", LINK_NAME),
        secret("a line of Ann", ANNS_LINE),
        secret("a line of Zoe", ZOES_LINE),
    ];
    of_nobody.extend(NAMES.map(|name| secret("a name", name)));
    let mut of_issuer = Vec::new();
    for person in &people {
        let aci = person.client.aci();
        let key = person.device.member_key(&room).public();
        of_rooms.push(secret("a member key", key.as_bytes()));
        let opaque = opaque_id(aci, root_key);
        of_rooms.push(secret("an opaque user id", opaque.as_str()));
        let opaque = opaque.ciphertext().unwrap().to_bytes();
        of_rooms.push(secret("a user's ciphertext", &opaque[1..]));
        of_nobody.push(secret("a device secret", person.device.as_bytes()));
        of_issuer.push(secret("an account id", aci.as_bytes()));
        of_issuer.push(secret("an account id in text", aci.to_uuid_string()));
        let header = person.credentials.authorization();
        of_issuer.push(secret("a password", header.as_str()));
        let certificate = person.client.certificate(&own.link).unwrap().unwrap();
        let identity = certificate.identity().public();
        of_issuer.push(secret("an identity key", identity.as_bytes()));
        let bytes = certificate.certificate().to_bytes();
        of_issuer.push(secret("a certificate", bytes));
        let chain = certificate.present(&room, &key).to_bytes();
        of_nobody.push(secret(
            "an identity's signature",
            &chain[chain.len() - 64..],
        ));
    }

    // The search finds what is there.
    let labels = |secrets: &[Secret]| -> Vec<_> { secrets.iter().map(|one| one.label).collect() };
    assert_eq!(issuer.found(&of_issuer), labels(&of_issuer));
    assert_eq!(rooms.found(&of_rooms), labels(&of_rooms));
    let none: [&str; 0] = [];
    for (record, others) in [(&issuer, &of_rooms), (&rooms, &of_issuer)] {
        assert_eq!(record.found(others), none);
        assert_eq!(record.found(&of_nobody), none);
    }
    // No other value is at both services.
    let (of_issuer, of_rooms) = (issuer.noise(), rooms.noise());
    assert!(of_issuer.len() > 1_000 && of_rooms.len() > 1_000);
    let shared: Vec<_> = of_issuer.intersection(&of_rooms).collect();
    assert!(shared.is_empty(), "{shared:02x?}");
}
