//! The two call-link credentials with their params: each step from its randomness, and each
//! message read back.

use anteroom_protocol::{
    Aci, AuthCredential, AuthCredentialResponse, AuthPresentation, CallLinkPublicParams,
    CallLinkSecretParams, CreateCredential, CreateCredentialRequest,
    CreateCredentialRequestContext, CreateCredentialResponse, CreatePresentation, DAY,
    GenericPublicParams, GenericSecretParams, HOUR, Mode, RoomId, RootKey, ServiceId, Timestamp,
    UidCiphertext,
};
use serde::Deserialize;

use super::check::{Check, Hex, HexArray, Mismatch};

/// A server, a link, an account, and both of its credentials.
#[derive(Deserialize)]
pub(super) struct Entry {
    version: Version,
    params_randomness: HexArray<32>,
    server_secret_params: Hex,
    server_public_params: Hex,
    root_key: Hex,
    call_link_secret_params: Hex,
    call_link_public_params: Hex,
    aci: String,
    uid_ciphertext: Hex,
    room_id: HexArray<32>,
    timestamp: u64,
    create: Create,
    auth: Auth,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Version {
    Legacy,
    Standard,
}

#[derive(Deserialize)]
struct Create {
    request_randomness: HexArray<32>,
    request_context: Hex,
    request: Hex,
    issue_randomness: HexArray<32>,
    response: Hex,
    credential: Hex,
    present_randomness: HexArray<32>,
    presentation: Hex,
}

#[derive(Deserialize)]
struct Auth {
    issue_randomness: HexArray<32>,
    response: Hex,
    credential: Hex,
    present_randomness: HexArray<32>,
    presentation: Hex,
}

/// The common inputs of an entry's credentials.
struct Setting {
    secret: GenericSecretParams,
    public: GenericPublicParams,
    link: CallLinkSecretParams,
    link_public: CallLinkPublicParams,
    aci: Aci,
    room_id: RoomId,
    other_room: RoomId,
    timestamp: Timestamp,
}

pub(super) fn check(entry: &Entry, check: &mut Check) -> Result<(), Mismatch> {
    let (secret, public) = server_params(entry, check)?;
    let (link, link_public) = link_params(entry, check)?;
    let aci = check.accepted("aci", Aci::parse(&entry.aci))?;
    user_id(entry, &link, aci, check)?;
    let setting = Setting {
        secret,
        public,
        link,
        link_public,
        aci,
        room_id: RoomId::from_bytes(entry.room_id.0),
        other_room: RoomId::from_bytes(entry.room_id.0.map(|byte| byte ^ 1)),
        timestamp: Timestamp::from_secs(entry.timestamp),
    };
    create(entry, &setting, check)?;
    auth(entry, &setting, check)
}

fn server_params(
    entry: &Entry,
    check: &mut Check,
) -> Result<(GenericSecretParams, GenericPublicParams), Mismatch> {
    let mode = match entry.version {
        Version::Legacy => Mode::Legacy,
        Version::Standard => Mode::Standard,
    };
    let generated = GenericSecretParams::generate(mode, entry.params_randomness.randomness());
    let secret = check.accepted(
        "server_secret_params",
        GenericSecretParams::from_bytes(&entry.server_secret_params.0),
    )?;
    let public = check.accepted(
        "server_public_params",
        GenericPublicParams::from_bytes(&entry.server_public_params.0),
    )?;
    for params in [&generated, &secret] {
        check.bytes(
            "server_secret_params",
            params.to_bytes(),
            &entry.server_secret_params,
        )?;
        check.bytes(
            "server_public_params",
            params.public_params().to_bytes(),
            &entry.server_public_params,
        )?;
        check.equal("version", &params.mode(), &mode)?;
    }
    check.bytes(
        "server_public_params",
        public.to_bytes(),
        &entry.server_public_params,
    )?;
    Ok((secret, public))
}

fn link_params(
    entry: &Entry,
    check: &mut Check,
) -> Result<(CallLinkSecretParams, CallLinkPublicParams), Mismatch> {
    let root_key = check.accepted("root_key", RootKey::from_bytes(&entry.root_key.0))?;
    let secret = check.accepted(
        "call_link_secret_params",
        CallLinkSecretParams::from_bytes(&entry.call_link_secret_params.0),
    )?;
    let public = check.accepted(
        "call_link_public_params",
        CallLinkPublicParams::from_bytes(&entry.call_link_public_params.0),
    )?;
    for params in [&CallLinkSecretParams::derive(&root_key), &secret] {
        check.bytes(
            "call_link_secret_params",
            params.to_bytes(),
            &entry.call_link_secret_params,
        )?;
        check.bytes(
            "call_link_public_params",
            params.public_params().to_bytes(),
            &entry.call_link_public_params,
        )?;
    }
    check.bytes(
        "call_link_public_params",
        public.to_bytes(),
        &entry.call_link_public_params,
    )?;
    Ok((secret, public))
}

fn user_id(
    entry: &Entry,
    link: &CallLinkSecretParams,
    aci: Aci,
    check: &mut Check,
) -> Result<(), Mismatch> {
    let expected = &entry.uid_ciphertext;
    let encrypted = link.encrypt(&ServiceId::Aci(aci));
    check.bytes("uid_ciphertext", encrypted.to_bytes(), expected)?;
    let ciphertext = check.accepted("uid_ciphertext", UidCiphertext::from_bytes(&expected.0))?;
    let id = check.accepted("uid_ciphertext", link.decrypt(&ciphertext))?;
    check.equal("aci", &id.to_service_id_string(), &entry.aci)
}

fn create(entry: &Entry, setting: &Setting, check: &mut Check) -> Result<(), Mismatch> {
    let create = &entry.create;
    let made = CreateCredentialRequestContext::new(
        &setting.room_id,
        create.request_randomness.randomness(),
    );
    let context = check.accepted(
        "create.request_context",
        CreateCredentialRequestContext::from_bytes(&create.request_context.0),
    )?;
    for context in [&made, &context] {
        check.bytes(
            "create.request_context",
            context.to_bytes(),
            &create.request_context,
        )?;
        check.bytes(
            "create.request",
            context.request().to_bytes(),
            &create.request,
        )?;
    }

    let request = check.accepted(
        "create.request",
        CreateCredentialRequest::from_bytes(&create.request.0),
    )?;
    let issued = check.accepted(
        "create.response",
        request.issue(
            &setting.aci,
            setting.timestamp,
            &setting.secret,
            create.issue_randomness.randomness(),
        ),
    )?;
    check.bytes("create.response", issued.to_bytes(), &create.response)?;

    let response = check.parsed(
        "create.response",
        CreateCredentialResponse::from_bytes,
        CreateCredentialResponse::to_bytes,
        &create.response,
    )?;
    let received = check.accepted(
        "create.credential",
        context.receive(&response, &setting.aci, &setting.public),
    )?;
    check.bytes("create.credential", received.to_bytes(), &create.credential)?;

    let credential = check.parsed(
        "create.credential",
        CreateCredential::from_bytes,
        CreateCredential::to_bytes,
        &create.credential,
    )?;
    let presented = check.accepted(
        "create.presentation",
        credential.present(
            &setting.aci,
            &setting.room_id,
            &setting.public,
            &setting.link,
            create.present_randomness.randomness(),
        ),
    )?;
    check.bytes(
        "create.presentation",
        presented.to_bytes(),
        &create.presentation,
    )?;
    create_verify(entry, setting, check)
}

fn create_verify(entry: &Entry, setting: &Setting, check: &mut Check) -> Result<(), Mismatch> {
    let field = "create.presentation";
    let expected = &entry.create.presentation;
    let presentation = check.parsed(
        field,
        CreatePresentation::from_bytes,
        CreatePresentation::to_bytes,
        expected,
    )?;
    check.bytes(
        "uid_ciphertext",
        presentation.user_id().to_bytes(),
        &entry.uid_ciphertext,
    )?;
    let verify = |room_id: &RoomId, now| {
        presentation.verify(room_id, now, &setting.secret, &setting.link_public)
    };
    let (first, end) = (setting.timestamp, setting.timestamp.plus(30 * HOUR));
    check.accepted(field, verify(&setting.room_id, first))?;
    check.accepted(field, verify(&setting.room_id, end.minus(1)))?;
    check.refused(
        field,
        "before its day",
        &verify(&setting.room_id, first.minus(1)),
    )?;
    check.refused(field, "after 30 hours", &verify(&setting.room_id, end))?;
    check.refused(
        field,
        "for another room",
        &verify(&setting.other_room, first),
    )
}

fn auth(entry: &Entry, setting: &Setting, check: &mut Check) -> Result<(), Mismatch> {
    let auth = &entry.auth;
    let redemption = setting.timestamp;
    let issued = check.accepted(
        "auth.response",
        AuthCredentialResponse::issue(
            &setting.aci,
            redemption,
            &setting.secret,
            auth.issue_randomness.randomness(),
        ),
    )?;
    check.bytes("auth.response", issued.to_bytes(), &auth.response)?;

    let response = check.parsed(
        "auth.response",
        AuthCredentialResponse::from_bytes,
        AuthCredentialResponse::to_bytes,
        &auth.response,
    )?;
    let received = check.accepted(
        "auth.credential",
        response.receive(&setting.aci, redemption, &setting.public),
    )?;
    check.bytes("auth.credential", received.to_bytes(), &auth.credential)?;
    check.refused(
        "auth.response",
        "another day",
        &response.receive(&setting.aci, redemption.plus(DAY), &setting.public),
    )?;

    let credential = check.parsed(
        "auth.credential",
        AuthCredential::from_bytes,
        AuthCredential::to_bytes,
        &auth.credential,
    )?;
    let presented = check.accepted(
        "auth.presentation",
        credential.present(
            &setting.aci,
            redemption,
            &setting.public,
            &setting.link,
            auth.present_randomness.randomness(),
        ),
    )?;
    check.bytes(
        "auth.presentation",
        presented.to_bytes(),
        &auth.presentation,
    )?;
    auth_verify(entry, setting, check)
}

fn auth_verify(entry: &Entry, setting: &Setting, check: &mut Check) -> Result<(), Mismatch> {
    let field = "auth.presentation";
    let expected = &entry.auth.presentation;
    let presentation = check.parsed(
        field,
        AuthPresentation::from_bytes,
        AuthPresentation::to_bytes,
        expected,
    )?;
    check.bytes(
        "uid_ciphertext",
        presentation.user_id().to_bytes(),
        &entry.uid_ciphertext,
    )?;
    let verify = |now| presentation.verify(now, &setting.secret, &setting.link_public);
    let (first, last) = (
        setting.timestamp.minus(DAY),
        setting.timestamp.plus(2 * DAY),
    );
    check.accepted(field, verify(first))?;
    check.accepted(field, verify(last))?;
    check.refused(field, "before its window", &verify(first.minus(1)))?;
    check.refused(field, "after its window", &verify(last.plus(1)))
}
