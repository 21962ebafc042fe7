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

use super::check::{Check, Hex, HexArray, Mismatch};

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
struct Auth {
    issue_randomness: HexArray<32>,
    response: Hex,
    credential: Hex,
    present_randomness: HexArray<32>,
    presentation: Hex,
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
    let public = check.parsed(
        "server_public_params",
        GroupServerPublicParams::from_bytes,
        GroupServerPublicParams::to_bytes,
        &entry.server_public_params,
    )?;
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
    let stored = check.accepted(
        "server_randomness",
        GroupServerSecretParams::from_bytes(&secret.to_bytes()),
    )?;
    check.bytes(
        "server_randomness",
        stored.public_params().to_bytes(),
        &Hex(own.to_bytes()),
    )?;
    Ok((secret, [public, own]))
}

fn group_params(
    entry: &Entry,
    check: &mut Check,
) -> Result<(GroupSecretParams, GroupPublicParams), Mismatch> {
    let derived = GroupSecretParams::derive(&GroupMasterKey::from_bytes(entry.group_master_key.0));
    let secret = check.accepted(
        "group_secret_params",
        GroupSecretParams::from_bytes(&entry.group_secret_params.0),
    )?;
    let public = check.accepted(
        "group_public_params",
        GroupPublicParams::from_bytes(&entry.group_public_params.0),
    )?;
    for group in [&derived, &secret] {
        check.bytes(
            "group_secret_params",
            group.to_bytes(),
            &entry.group_secret_params,
        )?;
        check.bytes(
            "group_public_params",
            group.public_params().to_bytes(),
            &entry.group_public_params,
        )?;
        check.bytes("group_id", group.group_id(), &entry.group_id)?;
    }
    check.bytes(
        "group_public_params",
        public.to_bytes(),
        &entry.group_public_params,
    )?;
    Ok((secret, public))
}

fn auth(entry: &Entry, setting: &Setting, check: &mut Check) -> Result<(), Mismatch> {
    let auth = &entry.auth;
    let issued = check.accepted(
        "auth.response",
        GroupAuthCredentialResponse::issue(
            &setting.aci,
            &setting.pni,
            setting.redemption,
            &setting.secret,
            auth.issue_randomness.randomness(),
        ),
    )?;
    check.bytes("auth.response", issued.to_bytes(), &auth.response)?;

    let response = check.parsed(
        "auth.response",
        GroupAuthCredentialResponse::from_bytes,
        GroupAuthCredentialResponse::to_bytes,
        &auth.response,
    )?;
    let credential = check.parsed(
        "auth.credential",
        GroupAuthCredential::from_bytes,
        GroupAuthCredential::to_bytes,
        &auth.credential,
    )?;
    for public in &setting.publics {
        let received = check.accepted(
            "auth.credential",
            response.receive(&setting.aci, &setting.pni, setting.redemption, public),
        )?;
        check.bytes("auth.credential", received.to_bytes(), &auth.credential)?;
        let presented = check.accepted(
            "auth.presentation",
            credential.present(public, &setting.group, auth.present_randomness.randomness()),
        )?;
        check.bytes(
            "auth.presentation",
            presented.to_bytes(),
            &auth.presentation,
        )?;
    }
    Ok(())
}

fn auth_verify(entry: &Entry, setting: &Setting, check: &mut Check) -> Result<(), Mismatch> {
    let field = "auth.presentation";
    let expected = &entry.auth.presentation;
    let presentation = check.parsed(
        field,
        GroupAuthPresentation::from_bytes,
        GroupAuthPresentation::to_bytes,
        expected,
    )?;
    for (id, ciphertext) in [
        (ServiceId::Aci(setting.aci), presentation.aci_ciphertext()),
        (ServiceId::Pni(setting.pni), presentation.pni_ciphertext()),
    ] {
        let decrypted = check.accepted(field, setting.group.decrypt_service_id(&ciphertext))?;
        check.equal(
            field,
            &decrypted.to_service_id_string(),
            &id.to_service_id_string(),
        )?;
    }
    let verify = |now| presentation.verify(now, &setting.secret, &setting.group_public);
    let (first, last) = (
        setting.redemption.minus(DAY),
        setting.redemption.plus(2 * DAY),
    );
    check.accepted(field, verify(first))?;
    check.accepted(field, verify(last))?;
    check.refused(field, "before its window", &verify(first.minus(1)))?;
    check.refused(field, "after its window", &verify(last.plus(1)))
}

fn auth_without_pni(entry: &Entry, setting: &Setting, check: &mut Check) -> Result<(), Mismatch> {
    let field = "auth_without_pni.response";
    let auth = &entry.auth_without_pni;
    let salt = AuthSalt::from_bytes(auth.salt.0);
    let issued = check.accepted(
        field,
        GroupAuthCredentialResponse::issue_without_pni(
            &setting.aci,
            &salt,
            setting.redemption,
            &setting.secret,
            auth.issue_randomness.randomness(),
        ),
    )?;
    check.bytes(field, issued.to_bytes(), &auth.response)?;
    let response = check.accepted(
        field,
        GroupAuthCredentialResponse::from_bytes(&auth.response.0),
    )?;
    for public in &setting.publics {
        check.accepted(
            field,
            response.receive_without_pni(&setting.aci, &salt, setting.redemption, public),
        )?;
        check.refused(
            field,
            "with the account's PNI",
            &response.receive(&setting.aci, &setting.pni, setting.redemption, public),
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

    let issued = check.accepted(
        "endorsements.response",
        GroupSendEndorsementsResponse::issue(
            &ciphertexts,
            expiration,
            &setting.secret,
            given.issue_randomness.randomness(),
        ),
    )?;
    check.bytes("endorsements.response", issued.to_bytes(), &given.response)?;
    let response = check.parsed(
        "endorsements.response",
        GroupSendEndorsementsResponse::from_bytes,
        GroupSendEndorsementsResponse::to_bytes,
        &given.response,
    )?;
    check.equal(
        "endorsements.expiration",
        &response.expiration().as_secs(),
        &given.expiration,
    )?;
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
            check.bytes(
                &format!("endorsements.received[{index}]"),
                endorsement.to_bytes(),
                expected,
            )?;
        }
        check.bytes(
            "endorsements.combined",
            GroupSendEndorsement::combine(&received).to_bytes(),
            &given.combined,
        )?;
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
        let field = format!("endorsements.member_ciphertexts[{index}]");
        let encrypted = setting.group.encrypt_service_id(member);
        check.bytes(&field, encrypted.to_bytes(), expected)?;
        ciphertexts.push(check.accepted(&field, UidCiphertext::from_bytes(&expected.0))?);
    }
    Ok(ciphertexts)
}

fn token(
    given: &Endorsements,
    members: &[ServiceId],
    setting: &Setting,
    check: &mut Check,
) -> Result<(), Mismatch> {
    let field = "endorsements.full_token";
    let expiration = Timestamp::from_secs(given.expiration);
    let combined = check.accepted(
        "endorsements.combined",
        GroupSendEndorsement::from_bytes(&given.combined.0),
    )?;
    let made = combined.to_token(&setting.group).into_full(expiration);
    check.bytes(field, made.to_bytes(), &given.full_token)?;
    let full_token = check.parsed(
        field,
        GroupSendFullToken::from_bytes,
        GroupSendFullToken::to_bytes,
        &given.full_token,
    )?;
    check.equal(field, &full_token.expiration().as_secs(), &given.expiration)?;
    check.accepted(
        field,
        full_token.verify(members, expiration, &setting.secret),
    )?;
    check.refused(
        field,
        "after its end",
        &full_token.verify(members, expiration.plus(1), &setting.secret),
    )?;
    let fewer = members.get(1..).unwrap_or_default();
    check.refused(
        field,
        "for fewer members",
        &full_token.verify(fewer, expiration, &setting.secret),
    )
}
