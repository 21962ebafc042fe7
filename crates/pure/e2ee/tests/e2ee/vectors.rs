//! The bytes of statements, contexts and frames, pinned. A difference is a change of the format and needs new labels or versions.
//!
//! `ANTEROOM_WRITE_VECTORS=1 cargo test -p anteroom-e2ee vectors` writes the files. Signatures and
//! frames are deterministic, so that the files are the same for everybody.

use core::time::Duration;
use std::{env, fs, path::Path};

use anteroom_e2ee::{
    AdminSignature, ContextChange, EpochKey, FrameContext, FrameSealer, GroupEpoch, Moment,
    RoomContext,
};
use anteroom_protocol::Restrictions;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::common::{by_admin, by_co_admin, era, people, user};

fn statements() -> Value {
    let people = people();
    let (_, certificate, chain) = people.certificate();
    let admin = AdminSignature::sign(
        &people.admin,
        &people.room,
        people.era,
        &people.member.public(),
    );
    let approval = people.approval();
    let policy = people.policy(Restrictions::None);
    let barred = people.barred();
    json!({
        "keys": {
            "room": hex::encode(people.room.as_bytes()),
            "era": people.era.to_string(),
            "adminSecret": hex::encode([2; 32]),
            "adminKey": hex::encode(people.admin.public().as_bytes()),
            "coAdminDeviceSecret": hex::encode([3; 32]),
            "coAdminMemberKey": hex::encode(people.co_admin.public().as_bytes()),
            "deviceSecret": hex::encode([4; 32]),
            "memberKey": hex::encode(people.member.public().as_bytes()),
            "user": user(4).as_str(),
        },
        "approvalByAdmin": hex::encode(by_admin(&people, &approval).as_bytes()),
        "approvalByCoAdmin": hex::encode(by_co_admin(&people, &approval).as_bytes()),
        "policy": hex::encode(by_admin(&people, &policy).as_bytes()),
        "barred": hex::encode(by_admin(&people, &barred).as_bytes()),
        "lock": hex::encode(by_co_admin(&people, &people.lock(true)).as_bytes()),
        "adminSignature": hex::encode(admin.as_bytes()),
        "certificate": hex::encode(certificate.to_bytes()),
        "certificateChain": hex::encode(chain.to_bytes()),
    })
}

fn contexts() -> Value {
    let people = people();
    let mut context = RoomContext::new(people.room, people.era, Some(people.admin.public()));
    let empty = hex::encode(context.to_bytes());
    context = context.with(&ContextChange {
        policy: Some(by_admin(&people, &people.policy(Restrictions::None))),
        barred: vec![by_co_admin(&people, &people.barred())],
        lock: Some(by_admin(&people, &people.lock(true))),
    });
    json!({ "empty": empty, "withStatements": hex::encode(context.to_bytes()) })
}

/// The first three frames of each context, of leaf 5 in epoch 258.
fn frames() -> Value {
    let epoch = GroupEpoch {
        group: 0,
        epoch: 258,
    };
    let now = Moment::new(Duration::ZERO);
    let mut sealer = FrameSealer::new();
    let key = EpochKey::new(era(1), epoch, Zeroizing::new([7; 16]));
    sealer.add_epoch(&key, 5, false, now).unwrap();
    let mut seal = |context, clear_length| {
        let frame = b"a frame of some length";
        hex::encode(sealer.seal(context, frame, clear_length, now).unwrap())
    };
    let sealed = FrameContext::ALL.map(|context| [0, 1, 10].map(|clear| seal(context, clear)));
    json!({
        "baseKey": hex::encode([7; 16]),
        "epoch": 258,
        "leaf": 5,
        "frame": hex::encode(b"a frame of some length"),
        "clearLengths": [0, 1, 10],
        "audio": sealed[0],
        "camera": sealed[1],
        "screen": sealed[2],
        "screenAudio": sealed[3],
    })
}

#[test]
fn contexts_and_frames_have_their_pinned_bytes() {
    pinned("contexts.json", &contexts());
    pinned("frames.json", &frames());
}

#[test]
fn statements_have_their_pinned_bytes() {
    pinned("statements.json", &statements());
}

/// Compares a value with the file, or writes the files.
fn pinned(name: &str, value: &Value) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let file = file.join(name);
    if env::var_os("ANTEROOM_WRITE_VECTORS").is_some() {
        let text = serde_json::to_string_pretty(value).unwrap() + "\n";
        fs::write(&file, text).unwrap();
    }
    let text = fs::read_to_string(&file).unwrap();
    let expected: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(*value, expected, "{name}");
}
