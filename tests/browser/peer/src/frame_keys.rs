//! The frame keys of a real group of the end-to-end layer.

use core::time::Duration;

use anteroom_e2ee::{
    Admission, Applicant, Candidate, ContextChange, DeviceSecret, EpochFrames, EraHistory, Group,
    GroupChange, GroupLink, GroupStart, MemberKey, MemberLeaf, Moment, RosterHistory, Surroundings,
};
use anteroom_protocol::{DemuxId, EraId, OpaqueUserId, RootKey, Timestamp};
use anyhow::{Context as _, Result};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use serde_json::{Value, json};

/// Makes a group of devices: the first one starts it and adds the others. Returns the keys of each, with its leaf.
pub(crate) fn of_group(devices: &[u32], now: u64) -> Result<Value> {
    // The keys protect pictures of a test.
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let (now, moment) = (Timestamp::from_secs(now), Moment::new(Duration::ZERO));
    let roster = RosterHistory::default();
    let root_key = RootKey::generate_v0(&mut rng);
    let link = GroupLink::new(&root_key, EraId::from_bytes([1; 16]), None);
    let surroundings = Surroundings {
        is_account: &|_| true,
        max_devices: 1,
        roster: &roster,
        now,
        moment,
    };
    let (first, others) = devices.split_first().context("a group has a device")?;
    let (member_key, leaf) = device(&root_key, *first)?;
    let start = GroupStart {
        link: link.clone(),
        member_key,
        leaf: &leaf,
        number: 1,
        context: &ContextChange::default(),
        history: EraHistory::of_founder(),
    };
    let mut founder = Group::start(start, &surroundings, &mut rng)?;
    let candidates = others.iter().map(|other| {
        let (key, leaf) = device(&root_key, *other)?;
        let history = EraHistory::default();
        Ok(Candidate::new(
            link.clone(),
            key,
            leaf,
            history,
            now,
            &mut rng,
        )?)
    });
    let candidates = candidates.collect::<Result<Vec<Candidate>>>()?;
    let applicants = candidates.iter();
    let applicants = applicants.map(|one| Applicant::open(&link, one.key_package()));
    let change = GroupChange {
        add: applicants.collect::<Result<_, _>>()?,
        ..GroupChange::default()
    };
    let commit = founder.commit(&change, &surroundings, &mut rng)?;
    founder.receive_commit(commit.epoch, &commit.body, &surroundings)?;
    let (_, welcome) = commit.welcome.as_ref().context("a welcome")?;
    let mut keys = vec![line(&founder.frames()?)];
    for candidate in candidates {
        let known = ContextChange::default();
        let (group, _) = candidate.join(founder.epoch(), welcome, &known, &surroundings)?;
        keys.push(line(&group.frames()?));
    }
    Ok(keys.into())
}

fn device(root_key: &RootKey, device: u32) -> Result<(MemberKey, MemberLeaf)> {
    let mut secret = [0; 32];
    for (byte, digit) in secret.iter_mut().zip(device.to_le_bytes()) {
        *byte = digit;
    }
    let key = DeviceSecret::from_bytes(secret).member_key(&root_key.room_id());
    let leaf = MemberLeaf {
        user: OpaqueUserId::parse(&format!("{device:08x}")).context("no user id")?,
        demux_id: DemuxId::new(device).context("the device is no demux id")?,
        member_key: key.public(),
        admission: Admission::None,
        serial: 1,
        name: None,
        certificate: None,
    };
    Ok((key, leaf))
}

fn line(frames: &EpochFrames) -> Value {
    let epoch = frames.key.epoch();
    json!({
        "era": hex::encode(frames.key.era().as_bytes()),
        "group": epoch.group,
        "epoch": epoch.epoch,
        "key": hex::encode(frames.key.as_bytes()),
        "ownLeaf": frames.own_leaf,
        "leaves": frames.leaves.iter().copied().collect::<Vec<u32>>(),
    })
}
