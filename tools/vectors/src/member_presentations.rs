//! Auth presentations that are made for a member key.

use anteroom_protocol::{
    Aci, AuthCredential, AuthPresentation, CallLinkSecretParams, GenericSecretParams, MemberKey,
    Timestamp,
};
use serde::Deserialize;

use super::{
    call_links::Version,
    check::{Check, Hex, HexArray, Mismatch, field},
};

/// A presentation of an account's credential in a room.
#[derive(Deserialize)]
pub(super) struct Entry {
    version: Version,
    params_randomness: HexArray<32>,
    root_key: Hex,
    aci: String,
    timestamp: u64,
    credential: Hex,
    member_key: HexArray<32>,
    present_randomness: HexArray<32>,
    presentation: Hex,
}

pub(super) fn check(entry: &Entry, check: &mut Check) -> Result<(), Mismatch> {
    let randomness = entry.params_randomness.randomness();
    let secret = GenericSecretParams::generate(entry.version.mode(), randomness);
    let root_key = check.read(field("root_key", &entry.root_key))?;
    let link = CallLinkSecretParams::derive(&root_key);
    let aci = check.accepted("aci", Aci::parse(&entry.aci))?;
    let day = Timestamp::from_secs(entry.timestamp);
    let credential: AuthCredential = check.parsed(field("credential", &entry.credential))?;
    let member = MemberKey::from_bytes(entry.member_key.0);
    let of_presentation = field("presentation", &entry.presentation);

    let made = credential.present_for(
        &aci,
        day,
        secret.public_params(),
        &link,
        Some(&member),
        entry.present_randomness.randomness(),
    );
    check.made(made, of_presentation)?;

    let presentation: AuthPresentation = check.parsed(of_presentation)?;
    let verify = |member, now| {
        let link = link.public_params();
        presentation.verify_for(now, &secret, &link, member)
    };
    check.window(of_presentation.name, day, |now| verify(Some(&member), now))?;
    check.refused(of_presentation.name, "no member key", &verify(None, day))?;
    let other = MemberKey::from_bytes(entry.member_key.0.map(|byte| byte ^ 1));
    let result = verify(Some(&other), day);
    check.refused(of_presentation.name, "another member key", &result)
}
