//! Groups, group auth credentials with and without a PNI, and endorsements.
//!
//! Of the server's public params only the last two keys are compared with the results of the randomness: this
//! project fills the entries before them with other points.

use anteroom_protocol::{
    Aci, AuthSalt, DAY, GroupAuthCredential, GroupAuthCredentialResponse, GroupAuthPresentation,
    GroupMasterKey, GroupPublicParams, GroupSecretParams, GroupSendEndorsement,
    GroupSendEndorsementsResponse, GroupSendFullToken, GroupServerPublicParams,
    GroupServerSecretParams, Pni, ServiceId, Timestamp, UidCiphertext,
};
use serde::Deserialize;

use super::{
    call_links::Auth,
    check::{Check, Hex, HexArray, Mismatch, field},
};

/// The distance from the end of the params at which the credential key ends and the endorsement key starts.
const ENDORSEMENT_KEY: usize = 32;

/// A server, a group, an account's credentials, and the members' endorsements.
#[derive(Deserialize)]
pub(super) struct Entry {
    server_randomness: HexArray<32>,
    server_public_params: Hex,
    generic_credential_public_key: Hex,
    endorsement_public_key: Hex,
    group_master_key: HexArray<32>,
    group_id: Hex,
    group_secret_params: Hex,
    group_public_params: Hex,
    aci: String,
    pni: String,
    redemption_time: u64,
    auth: Auth,
    auth_without_pni: AuthWithoutPni,
    endorsements: Endorsements,
}

#[derive(Deserialize)]
struct AuthWithoutPni {
    salt: HexArray<32>,
    issue_randomness: HexArray<32>,
    response: Hex,
}

#[derive(Deserialize)]
struct Endorsements {
    members: Vec<String>,
    member_ciphertexts: Vec<Hex>,
    expiration: u64,
    issue_randomness: HexArray<32>,
    response: Hex,
    received: Vec<Hex>,
    combined: Hex,
    full_token: Hex,
}

/// The common inputs of an entry.
struct Setting {
    secret: GroupServerSecretParams,
    /// The params of the file, and this project's with the same two keys.
    publics: [GroupServerPublicParams; 2],
    group: GroupSecretParams,
    group_public: GroupPublicParams,
    aci: Aci,
    pni: Pni,
    redemption: Timestamp,
}

pub(super) fn check(entry: &Entry, check: &mut Check) -> Result<(), Mismatch> {
    let (secret, publics) = server_params(entry, check)?;
    let (group, group_public) = group_params(entry, check)?;
    let setting = Setting {
        secret,
        publics,
        group,
        group_public,
        aci: check.accepted("aci", Aci::parse(&entry.aci))?,
        pni: check.accepted("pni", Pni::parse(&entry.pni))?,
        redemption: Timestamp::from_secs(entry.redemption_time),
    };
    auth(entry, &setting, check)?;
    auth_verify(entry, &setting, check)?;
    auth_without_pni(entry, &setting, check)?;
    endorsements(entry, &setting, check)
}

fn server_params(
    entry: &Entry,
    check: &mut Check,
) -> Result<(GroupServerSecretParams, [GroupServerPublicParams; 2]), Mismatch> {
    let secret = GroupServerSecretParams::generate(
        entry.server_randomness.randomness(),
        entry.server_randomness.randomness(),
    );
    let of_public = field("server_public_params", &entry.server_public_params);
    let public: GroupServerPublicParams = check.parsed(of_public)?;
    let own = secret.public_params().clone();
    for params in [&own, &public] {
        let bytes = params.to_bytes();
        let (rest, endorsement_key) = bytes
            .split_last_chunk::<ENDORSEMENT_KEY>()
            .ok_or_else(|| Mismatch::new("server_public_params", "too short"))?;
        let start = rest
            .len()
            .saturating_sub(entry.generic_credential_public_key.0.len());
        check.bytes(
            "generic_credential_public_key",
            rest.get(start..).unwrap_or_default(),
            &entry.generic_credential_public_key,
        )?;
        check.bytes(
            "endorsement_public_key",
            endorsement_key,
            &entry.endorsement_public_key,
        )?;
    }
    let stored = GroupServerSecretParams::from_bytes(&secret.to_bytes());
    let stored = check.accepted("server_randomness", stored)?;
    let own_bytes = Hex(own.to_bytes());
    check.written(
        stored.public_params(),
        field("server_randomness", &own_bytes),
    )?;
    Ok((secret, [public, own]))
}

fn group_params(
    entry: &Entry,
    check: &mut Check,
) -> Result<(GroupSecretParams, GroupPublicParams), Mismatch> {
    let derived = GroupSecretParams::derive(&GroupMasterKey::from_bytes(entry.group_master_key.0));
    let of_secret = field("group_secret_params", &entry.group_secret_params);
    let of_public = field("group_public_params", &entry.group_public_params);
    let secret = check.read(of_secret)?;
    let public = check.read(of_public)?;
    for group in [&derived, &secret] {
        check.written(group, of_secret)?;
        check.written(&group.public_params(), of_public)?;
        check.bytes("group_id", group.group_id(), &entry.group_id)?;
    }
    check.written(&public, of_public)?;
    Ok((secret, public))
}

fn auth(entry: &Entry, setting: &Setting, check: &mut Check) -> Result<(), Mismatch> {
    let Setting {
        secret,
        publics,
        group,
        aci,
        pni,
        redemption,
        ..
    } = setting;
    let auth = &entry.auth;
    let of_response = field("auth.response", &auth.response);
    let of_credential = field("auth.credential", &auth.credential);
    let of_presentation = field("auth.presentation", &auth.presentation);

    let randomness = auth.issue_randomness.randomness();
    let issued = GroupAuthCredentialResponse::issue(aci, pni, *redemption, secret, randomness);
    check.made(issued, of_response)?;
    let response: GroupAuthCredentialResponse = check.parsed(of_response)?;
    let credential: GroupAuthCredential = check.parsed(of_credential)?;
    for public in publics {
        check.made(
            response.receive(aci, pni, *redemption, public),
            of_credential,
        )?;
        let randomness = auth.present_randomness.randomness();
        check.made(
            credential.present(public, group, randomness),
            of_presentation,
        )?;
    }
    Ok(())
}

fn auth_verify(entry: &Entry, setting: &Setting, check: &mut Check) -> Result<(), Mismatch> {
    let name = "auth.presentation";
    let presentation: GroupAuthPresentation =
        check.parsed(field(name, &entry.auth.presentation))?;
    for (id, ciphertext) in [
        (ServiceId::Aci(setting.aci), presentation.aci_ciphertext()),
        (ServiceId::Pni(setting.pni), presentation.pni_ciphertext()),
    ] {
        let decrypted = check.accepted(name, setting.group.decrypt_service_id(&ciphertext))?;
        let [decrypted, id] = [decrypted, id].map(|id| id.to_service_id_string());
        check.equal(name, &decrypted, &id)?;
    }
    check.window(name, setting.redemption, |now| {
        presentation.verify(now, &setting.secret, &setting.group_public)
    })
}

fn auth_without_pni(entry: &Entry, setting: &Setting, check: &mut Check) -> Result<(), Mismatch> {
    let Setting {
        secret,
        aci,
        redemption,
        ..
    } = setting;
    let auth = &entry.auth_without_pni;
    let of_response = field("auth_without_pni.response", &auth.response);
    let salt = AuthSalt::from_bytes(auth.salt.0);
    let randomness = auth.issue_randomness.randomness();
    let issued =
        GroupAuthCredentialResponse::issue_without_pni(aci, &salt, *redemption, secret, randomness);
    check.made(issued, of_response)?;
    let response: GroupAuthCredentialResponse = check.read(of_response)?;
    for public in &setting.publics {
        check.accepted(
            of_response.name,
            response.receive_without_pni(aci, &salt, *redemption, public),
        )?;
        check.refused(
            of_response.name,
            "with the account's PNI",
            &response.receive(aci, &setting.pni, *redemption, public),
        )?;
    }
    Ok(())
}

fn endorsements(entry: &Entry, setting: &Setting, check: &mut Check) -> Result<(), Mismatch> {
    let given = &entry.endorsements;
    let expiration = Timestamp::from_secs(given.expiration);
    let now = expiration.minus(DAY);
    let mut members = Vec::with_capacity(given.members.len());
    for member in &given.members {
        members.push(check.accepted("endorsements.members", ServiceId::parse(member))?);
    }
    let ciphertexts = member_ciphertexts(given, &members, setting, check)?;

    let of_response = field("endorsements.response", &given.response);
    let issued = GroupSendEndorsementsResponse::issue(
        &ciphertexts,
        expiration,
        &setting.secret,
        given.issue_randomness.randomness(),
    );
    check.made(issued, of_response)?;
    let response: GroupSendEndorsementsResponse = check.parsed(of_response)?;
    check.equal(
        "endorsements.expiration",
        &response.expiration().as_secs(),
        &given.expiration,
    )?;
    let of_combined = field("endorsements.combined", &given.combined);
    for public in &setting.publics {
        let received = check.accepted(
            "endorsements.received",
            response.receive(&members, now, &setting.group, public),
        )?;
        check.equal(
            "endorsements.received",
            &received.len(),
            &given.received.len(),
        )?;
        for (index, (endorsement, expected)) in received.iter().zip(&given.received).enumerate() {
            let name = format!("endorsements.received[{index}]");
            check.written(endorsement, field(&name, expected))?;
        }
        check.written(&GroupSendEndorsement::combine(&received), of_combined)?;
    }
    token(given, &members, setting, check)
}

fn member_ciphertexts(
    given: &Endorsements,
    members: &[ServiceId],
    setting: &Setting,
    check: &mut Check,
) -> Result<Vec<UidCiphertext>, Mismatch> {
    check.equal(
        "endorsements.member_ciphertexts",
        &given.member_ciphertexts.len(),
        &members.len(),
    )?;
    let mut ciphertexts = Vec::with_capacity(members.len());
    for (index, (member, expected)) in members.iter().zip(&given.member_ciphertexts).enumerate() {
        let name = format!("endorsements.member_ciphertexts[{index}]");
        let of_ciphertext = field(&name, expected);
        check.written(&setting.group.encrypt_service_id(member), of_ciphertext)?;
        ciphertexts.push(check.read(of_ciphertext)?);
    }
    Ok(ciphertexts)
}

fn token(
    given: &Endorsements,
    members: &[ServiceId],
    setting: &Setting,
    check: &mut Check,
) -> Result<(), Mismatch> {
    let name = "endorsements.full_token";
    let of_token = field(name, &given.full_token);
    let expiration = Timestamp::from_secs(given.expiration);
    let combined: GroupSendEndorsement =
        check.read(field("endorsements.combined", &given.combined))?;
    let made = combined.to_token(&setting.group).into_full(expiration);
    check.written(&made, of_token)?;
    let token: GroupSendFullToken = check.parsed(of_token)?;
    check.equal(name, &token.expiration().as_secs(), &given.expiration)?;
    let verify = |members, now| token.verify(members, now, &setting.secret);
    check.accepted(name, verify(members, expiration))?;
    check.refused(name, "after its end", &verify(members, expiration.plus(1)))?;
    let fewer = members.get(1..).unwrap_or_default();
    check.refused(name, "for fewer members", &verify(fewer, expiration))
}
