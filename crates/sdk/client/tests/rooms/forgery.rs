//! Services that kept every byte of a whole story, and want to make a statement that a member takes.
//!
//! The story is that of a room with approvals: Ann creates the link, names it, stores the policy, joins as an
//! admin, lets Bob in, removes him and deletes the link. Both services are in it together, they have their own
//! secrets, and Bob gives them the link and every statement of the call.
//!
//! From all of that the test makes keys as a service could: each value, and each run of 16 and of 32 bytes, as
//! a key, as an admin secret, and through HKDF with every label of the project. It also puts each run of 64
//! bytes as a signature under statements of its own, and shows each value as a statement.

use std::collections::BTreeSet;

use anteroom_client::{
    AdminStatement, Approval, ApprovalStatement, CallEvent, CallMember, JoinOptions, LinkChange,
    OngoingCall,
};
use anteroom_e2ee::{
    AdminKey, AdminPublicKey, AdminSecret, Admission, Approval as SignedApproval, BarredEntry,
    CoAdmin, ContextChange, DeviceSecret, LeafClaim, Lock, Policy, Presence, RoomContext,
    SignedStatement, Statement, StatementKey,
};
use anteroom_protocol::{
    AdminPasskey, DAY, EraId, HOUR, OpaqueUserId, Restrictions, RoomId, RootKey, Timestamp,
};
use anteroom_store::{RoomsDatabase as _, TransactionName};
use anteroom_testkit::LogGuard;
use ed25519_dalek::SigningKey;
use hkdf::Hkdf;
use sha2::Sha256;

use crate::{
    recorder::{Recorder, values_of},
    support::{RoomsFixture, TestUser, link, opaque_id, wait_for},
};

/// The origin of the admin secret of the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AdminSecretOrigin {
    /// 32 random bytes, from which the passkey comes.
    Random,
    /// The passkey, which the room service knows: a fault that the test has to find.
    Passkey,
}

impl AdminSecretOrigin {
    fn secret_and_passkey(
        self,
        fixture: &RoomsFixture,
        room: &RoomId,
    ) -> (AdminSecret, AdminPasskey) {
        match self {
            Self::Random => {
                let secret = AdminSecret::random(&mut *fixture.rng());
                let passkey = secret.passkey(room);
                (secret, passkey)
            }
            Self::Passkey => {
                let passkey = AdminPasskey::random(&mut *fixture.rng());
                let label = b"Anteroom_20261127_AdminSecret_AdminKey";
                let secret = derive(room.as_bytes(), passkey.as_bytes(), label);
                (AdminSecret::from_bytes(secret), passkey)
            }
        }
    }
}

/// The public side of the story: values that every member has.
struct Room {
    id: RoomId,
    era: EraId,
    admin: AdminPublicKey,
    policy: SignedStatement<Policy>,
    /// The keys whose statements count: the admin's, then that of the co-admin.
    signers: [[u8; 32]; 2],
    now: Timestamp,
}

/// All that the services have in the end.
struct Loot {
    /// The connections, as the services read them.
    recorded: Vec<Vec<u8>>,
    /// The secrets of the services, and those that Bob gives away.
    given: Vec<Vec<u8>>,
    /// The statements of the story.
    statements: BTreeSet<Vec<u8>>,
}

fn derive(salt: &[u8], ikm: &[u8], label: &[u8]) -> [u8; 32] {
    let mut derived = [0; 32];
    Hkdf::<Sha256>::new(Some(salt), ikm)
        .expand(label, &mut derived)
        .unwrap();
    derived
}

/// Lives through the story.
async fn story(origin: AdminSecretOrigin) -> (Room, Loot) {
    let fixture = RoomsFixture::start().await;
    let issuer = Recorder::before(fixture.issuer.base_url()).await;
    let rooms = Recorder::before(fixture.rooms.base_url()).await;
    let ann = fixture.person_through(issuer.url(), rooms.url()).await;
    let bob = fixture.person_through(issuer.url(), rooms.url()).await;
    let mut rng = fixture.rng();
    let now = fixture.now();

    let root_key = RootKey::generate_v1(&mut *rng);
    let id = root_key.room_id();
    let (secret, passkey) = origin.secret_and_passkey(&fixture, &id);
    let admin = secret.admin_key(&id);
    let guard = LogGuard::global();
    guard.watch_bytes("room id", id.as_bytes());
    guard.watch_bytes("passkey", passkey.as_bytes());
    let devices = [0; 3].map(|_| DeviceSecret::random(&mut *fixture.rng()));
    let [_, bobs_key, co_admin] = devices.each_ref().map(|device| device.member_key(&id));
    let [anns_device, bobs_device, _] = &devices;

    let pass = fixture.create_pass(&ann, &root_key).await;
    let created = ann
        .rooms
        .create(&root_key, &pass, &passkey, Approval::Required, &mut *rng);
    let root_key = created.await.unwrap().root_key;
    let policy = Policy {
        room: id,
        restrictions: Restrictions::AdminApproval,
        counter: 1,
        since: now,
        until: now.plus(90 * DAY),
        void_before: Timestamp::from_secs(0),
        void_here: Timestamp::from_secs(0),
        era: None,
        co_admins: Vec::new(),
    };
    let stored = sign(&policy, &admin);
    let change = LinkChange {
        name: Some("Tea".to_owned()),
        admin_statement: Some(AdminStatement::new(stored.as_bytes()).unwrap()),
        ..LinkChange::default()
    };
    let changed = ann
        .rooms
        .update(&root_key, &ann.pass, &passkey, &change, &mut *rng);
    changed.await.unwrap();

    let named = link(&root_key, Some(admin.public().named()));
    let options =
        |person: &TestUser, passkey: Option<&AdminPasskey>, device: &DeviceSecret| JoinOptions {
            room: root_key.clone(),
            pass: person.pass.clone(),
            passkey: passkey.cloned(),
            name: Some("Somebody".to_owned()),
            member: Some(CallMember::new(device, &named).unwrap()),
        };
    let join = ann
        .rooms
        .join(options(&ann, Some(&passkey), anns_device), fixture.rng());
    let anns = join.await.unwrap();
    let join = bob
        .rooms
        .join(options(&bob, None, bobs_device), fixture.rng());
    let mut bobs = join.await.unwrap();
    let seat = wait_for(&mut bobs, |event| match event {
        CallEvent::Joined(seat) => Some(seat),
        _ => None,
    })
    .await;
    let approval = sign(
        &SignedApproval {
            room: id,
            user: opaque_id(bob.aci, &root_key),
            member_key: bobs_key.public(),
            issued: now,
            expires: now.plus(SignedApproval::DEFAULT_VALIDITY),
        },
        &admin,
    );
    let shown = ApprovalStatement::new(approval.as_bytes()).unwrap();
    anns.approve_with(seat.demux, shown).await.unwrap();
    let admitted = |event| matches!(event, CallEvent::Admitted { .. }).then_some(());
    wait_for(&mut bobs, admitted).await;
    let with_co_admin = Policy {
        counter: 2,
        era: Some(seat.era),
        co_admins: vec![CoAdmin {
            user: opaque_id(bob.aci, &root_key),
            member_key: co_admin.public(),
        }],
        ..policy
    };
    let renewed = sign(&with_co_admin, &admin);
    let change = LinkChange {
        admin_statement: Some(AdminStatement::new(renewed.as_bytes()).unwrap()),
        ..LinkChange::default()
    };
    let changed = ann
        .rooms
        .update(&root_key, &ann.pass, &passkey, &change, &mut *rng);
    changed.await.unwrap();
    anns.remove(seat.demux).await.unwrap();
    wait_for(&mut bobs, |event| {
        matches!(event, CallEvent::Ended(_)).then_some(())
    })
    .await;
    anns.leave().await;
    let deleted = ann
        .rooms
        .delete(&root_key, &ann.pass, &passkey, OngoingCall::End, &mut *rng);
    deleted.await.unwrap();

    // Bob was in the group, and has seen the statements in its context.
    let barred = sign(
        &BarredEntry {
            room: id,
            user: opaque_id(bob.aci, &root_key),
            member_key: None,
            time: now,
        },
        &admin,
    );
    let lock = sign(
        &Lock {
            room: id,
            era: seat.era,
            on: true,
            time: now,
        },
        &admin,
    );
    let statements = [
        stored.as_bytes(),
        renewed.as_bytes(),
        approval.as_bytes(),
        barred.as_bytes(),
        lock.as_bytes(),
    ];
    let name = TransactionName::new("test");
    let mut reader = fixture.rooms.database.read(name).await.unwrap();
    let params = reader.server_params().await.unwrap();
    let mut given: Vec<Vec<u8>> = params.iter().map(|record| record.secret.to_vec()).collect();
    given.extend(statements.map(<[u8]>::to_vec));
    given.push(root_key.to_bytes().to_vec());
    let loot = Loot {
        recorded: [issuer.record(), rooms.record()].concat(),
        given,
        statements: statements.map(<[u8]>::to_vec).into(),
    };
    let room = Room {
        id,
        era: seat.era,
        admin: admin.public(),
        policy: renewed.clone(),
        signers: [*admin.public().as_bytes(), *co_admin.public().as_bytes()],
        now,
    };
    (room, loot)
}

fn sign<S: Statement>(statement: &S, admin: &AdminKey) -> SignedStatement<S> {
    SignedStatement::sign(statement, &StatementKey::Admin(admin)).unwrap()
}

impl Loot {
    fn values(&self) -> BTreeSet<Vec<u8>> {
        let mut values = values_of(&self.recorded);
        values.extend(self.given.iter().cloned());
        values
    }

    /// Checks that the record has the requests and the messages of sockets.
    fn check_record(&self, room: &Room) {
        let recorded = values_of(&self.recorded);
        let on_the_wire = self.statements.iter();
        let on_the_wire = on_the_wire.filter(|statement| recorded.contains(*statement));
        assert_eq!(on_the_wire.count(), 3, "two policies and the approval");
        assert!(recorded.contains(&room.id.as_bytes()[..]));
        for said in [
            "DELETE /v1/call-link",
            r#""type":"join""#,
            r#""type":"remove""#,
        ] {
            let said = said.as_bytes();
            let mut texts = self.recorded.iter();
            assert!(texts.any(|text| text.windows(said.len()).any(|part| part == said)));
        }
    }
}

/// The labels of all pure crates, from their sources.
fn labels() -> BTreeSet<Vec<u8>> {
    let pure = concat!(env!("CARGO_MANIFEST_DIR"), "/../../pure");
    let mut folders = vec![std::path::PathBuf::from(pure)];
    let mut labels = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|suffix| suffix == "rs") {
                let text = std::fs::read_to_string(path).unwrap();
                let literals = text.split("b\"").skip(1);
                let literals = literals.filter_map(|rest| rest.split('"').next());
                let labels_of_file = literals.filter(|literal| literal.contains("_20"));
                labels.extend(labels_of_file.map(|literal| literal.as_bytes().to_vec()));
            }
        }
    }
    assert!(labels.contains(&b"Anteroom_20261127_AdminSecret_AdminKey"[..]));
    labels
}

/// A key whose statements count.
struct FoundKey {
    /// The admin key, if it was found through an admin secret.
    admin: Option<AdminKey>,
    /// The values and the derivation that led to the key.
    way: String,
}

impl Room {
    /// Tries 32 bytes as a key, and as an admin secret.
    fn key_of(&self, bytes: [u8; 32], way: impl Fn() -> String) -> Option<FoundKey> {
        let public = SigningKey::from_bytes(&bytes).verifying_key();
        if self.signers.contains(public.as_bytes()) {
            let way = format!("{} as a key", way());
            return Some(FoundKey { admin: None, way });
        }
        let admin = AdminSecret::from_bytes(bytes).admin_key(&self.id);
        let is_found = admin.public() == self.admin;
        is_found.then(|| FoundKey {
            admin: Some(admin),
            way: format!("{} as an admin secret", way()),
        })
    }

    /// Searches a key that counts among all that can be derived from the values.
    fn find_key(&self, values: &BTreeSet<Vec<u8>>) -> Option<FoundKey> {
        let labels = labels();
        let (room, era) = (self.id.as_bytes(), self.era.as_bytes());
        for value in values {
            for (label, salt) in labels
                .iter()
                .flat_map(|label| [&room[..], &era[..], &[]].map(|salt| (label, salt)))
            {
                let found = self.key_of(derive(salt, value, label), || {
                    let label = String::from_utf8_lossy(label);
                    format!("{} bytes through {label}", value.len())
                });
                if found.is_some() {
                    return found;
                }
            }
        }
        let runs: BTreeSet<&[u8]> = values
            .iter()
            .flat_map(|value| value.windows(16).chain(value.windows(32)))
            .collect();
        runs.into_iter().find_map(|run| {
            if let Ok(bytes) = run.try_into() {
                return self.key_of(bytes, || "32 bytes".to_owned());
            }
            let label = b"Anteroom_20261127_AdminSecret_AdminKey";
            self.key_of(derive(room, run, label), || "16 bytes".to_owned())
        })
    }

    /// Returns the approval that the services want: one for a device of their own.
    fn wanted(&self) -> SignedApproval {
        let own = DeviceSecret::from_bytes([0xee; 32]).member_key(&self.id);
        SignedApproval {
            room: self.id,
            user: OpaqueUserId::parse(&"0e".repeat(65)).unwrap(),
            member_key: own.public(),
            issued: self.now,
            expires: self.now.plus(HOUR),
        }
    }

    fn context(&self) -> RoomContext {
        let own = RoomContext::new(self.id, self.era, Some(self.admin));
        own.with(&ContextChange {
            policy: Some(self.policy.clone()),
            ..ContextChange::default()
        })
    }

    /// Returns whether a member lets the device of the services in with this approval.
    fn lets_in(&self, approval: &SignedStatement<SignedApproval>) -> bool {
        let wanted = self.wanted();
        let claim = LeafClaim {
            user: &wanted.user,
            member_key: &wanted.member_key,
            admission: &Admission::Approval(approval.clone()),
        };
        let decision = self.context().admits(&claim, Presence::New, self.now);
        decision.is_ok()
    }

    /// Returns whether bytes are a statement of this kind that a member takes.
    fn counts<S: Statement>(&self, bytes: &[u8]) -> bool {
        let context = self.context();
        SignedStatement::<S>::parse(bytes).is_ok_and(|signed| {
            signed
                .verify(&self.id, &context.authority().unwrap())
                .is_ok()
        })
    }

    fn is_statement(&self, bytes: &[u8]) -> bool {
        self.counts::<SignedApproval>(bytes)
            || self.counts::<Policy>(bytes)
            || self.counts::<BarredEntry>(bytes)
            || self.counts::<Lock>(bytes)
    }

    /// Returns whether 64 bytes of the values are a signature under the approval that the services want, or
    /// under a policy that asks for nothing.
    fn has_signature(&self, values: &BTreeSet<Vec<u8>>) -> bool {
        let stranger = AdminSecret::from_bytes([0xdd; 32]).admin_key(&self.id);
        let policy = Policy {
            restrictions: Restrictions::None,
            counter: 9,
            ..self.policy.claimed().clone()
        };
        let approval = sign(&self.wanted(), &stranger);
        let policy = sign(&policy, &stranger);
        let unsigned = |bytes: &[u8]| bytes[..bytes.len() - 64].to_vec();
        let approval = unsigned(approval.as_bytes());
        let policy = unsigned(policy.as_bytes());
        let signatures: BTreeSet<&[u8]> =
            values.iter().flat_map(|value| value.windows(64)).collect();
        signatures.into_iter().any(|signature| {
            self.counts::<SignedApproval>(&[&approval, signature].concat())
                || self.counts::<Policy>(&[&policy, signature].concat())
        })
    }
}

/// Lets the services try everything. Returns the way to a key that counts, and whether a member lets a device
/// of theirs in by it.
fn attack(room: &Room, loot: &Loot) -> (Option<String>, bool) {
    loot.check_record(room);
    let values = loot.values();
    let statements = values.iter().filter(|value| room.is_statement(value));
    let statements: BTreeSet<Vec<u8>> = statements.cloned().collect();
    assert_eq!(statements, loot.statements, "no other value is a statement");
    let approvals = statements.iter();
    let mut approvals = approvals.filter_map(|bytes| SignedStatement::parse(bytes).ok());
    assert!(!approvals.any(|approval| room.lets_in(&approval)));
    assert!(!room.has_signature(&values));
    let Some(found) = room.find_key(&values) else {
        return (None, false);
    };
    let wanted = room.wanted();
    let is_let_in = found
        .admin
        .is_some_and(|key| room.lets_in(&sign(&wanted, &key)));
    (Some(found.way), is_let_in)
}

#[tokio::test]
async fn services_that_kept_every_byte_make_no_statement_unless_the_passkey_gives_the_admin_key() {
    let (room, loot) = story(AdminSecretOrigin::Random).await;
    assert_eq!(attack(&room, &loot), (None, false));

    let (room, loot) = story(AdminSecretOrigin::Passkey).await;
    let way = "16 bytes through Anteroom_20261127_AdminSecret_AdminKey as an admin secret";
    assert_eq!(attack(&room, &loot), (Some(way.to_owned()), true));
}
