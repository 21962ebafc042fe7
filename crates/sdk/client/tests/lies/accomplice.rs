//! Somebody who has the link, and helps the service: key packages and leaves of any content.

use anteroom_client::{
    Aci, AdminPublicKey, Admission, DemuxId, DeviceSecret, MemberLeaf, OpaqueUserId,
    OperatingSystem, System as _,
};
use anteroom_e2ee::{Candidate, EraHistory, GroupLink};

use crate::lying_stage::LyingStage;

/// The bytes before the key package in a relay that asks to be added to any group.
const ASKS: [u8; 5] = [2, 0, 0, 0, 0];

/// Returns the user id in the room of the accomplice's account.
pub(crate) fn user(stage: &LyingStage) -> OpaqueUserId {
    let params = stage.link().root_key.secret_params();
    OpaqueUserId::of_ciphertext(&params.encrypt(&Aci::from_bytes([0x77; 16]).into()))
}

/// Returns the member key of a device.
pub(crate) fn member_key(stage: &LyingStage, number: u8) -> anteroom_e2ee::MemberKey {
    DeviceSecret::from_bytes([number; 32]).member_key(&stage.link().root_key.room_id())
}

/// Returns the link as a member has it.
pub(crate) fn group_link(stage: &LyingStage) -> GroupLink {
    let admin = stage.link().admin.as_ref();
    let admin = admin.map(|named| AdminPublicKey::from_bytes(named.as_bytes()).unwrap());
    GroupLink::new(&stage.link().root_key, stage.era(), admin)
}

/// Makes a leaf of the device with a secret of this number.
pub(crate) fn leaf(
    stage: &LyingStage,
    number: u8,
    (user, demux_id): (OpaqueUserId, DemuxId),
    admission: Admission,
) -> MemberLeaf {
    MemberLeaf {
        user,
        demux_id,
        member_key: member_key(stage, number).public(),
        admission,
        serial: OperatingSystem.now().as_secs() * 1_000,
        name: Some("A friend".to_owned()),
        certificate: None,
    }
}

/// Makes the relay in which the device with a secret of this number asks to be added with a leaf.
pub(crate) fn asking(stage: &LyingStage, number: u8, leaf: MemberLeaf) -> Vec<u8> {
    let key = member_key(stage, number);
    let (link, now) = (group_link(stage), OperatingSystem.now());
    let (history, mut rng) = (EraHistory::default(), stage.stage.rng());
    let candidate = Candidate::new(link, key, leaf, history, now, &mut *rng).unwrap();
    [&ASKS[..], candidate.key_package()].concat()
}
