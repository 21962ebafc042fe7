//! The two call-link credentials with their params: each step from its randomness, and each
//! message read back.

use anteroom_protocol::{
    Aci, AuthCredential, AuthCredentialResponse, AuthPresentation, CallLinkPublicParams,
    CallLinkSecretParams, CreateCredential, CreateCredentialRequest,
    CreateCredentialRequestContext, CreatePresentation, DAY, GenericPublicParams,
    GenericSecretParams, HOUR, Mode, RoomId, ServiceId, Timestamp,
};
use serde::Deserialize;

use super::check::{Check, Hex, HexArray, Mismatch, field};

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
pub(super) enum Version {
    Legacy,
    Standard,
}

impl Version {
    pub(super) const fn mode(self) -> Mode {
        match self {
            Self::Legacy => Mode::Legacy,
            Self::Standard => Mode::Standard,
        }
    }
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

/// The steps of an auth credential.
#[derive(Deserialize)]
pub(super) struct Auth {
    pub(super) issue_randomness: HexArray<32>,
    pub(super) response: Hex,
    pub(super) credential: Hex,
    pub(super) present_randomness: HexArray<32>,
    pub(super) presentation: Hex,
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
    let mode = entry.version.mode();
    let generated = GenericSecretParams::generate(mode, entry.params_randomness.randomness());
    let of_secret = field("server_secret_params", &entry.server_secret_params);
    let of_public = field("server_public_params", &entry.server_public_params);
    let secret = check.read(of_secret)?;
    let public = check.read(of_public)?;
    for params in [&generated, &secret] {
        check.written(params, of_secret)?;
        check.written(params.public_params(), of_public)?;
        check.equal("version", &params.mode(), &mode)?;
    }
    check.written(&public, of_public)?;
    Ok((secret, public))
}

fn link_params(
    entry: &Entry,
    check: &mut Check,
) -> Result<(CallLinkSecretParams, CallLinkPublicParams), Mismatch> {
    let root_key = check.read(field("root_key", &entry.root_key))?;
    let of_secret = field("call_link_secret_params", &entry.call_link_secret_params);
    let of_public = field("call_link_public_params", &entry.call_link_public_params);
    let secret = check.read(of_secret)?;
    let public = check.read(of_public)?;
    for params in [&CallLinkSecretParams::derive(&root_key), &secret] {
        check.written(params, of_secret)?;
        check.written(&params.public_params(), of_public)?;
    }
    check.written(&public, of_public)?;
    Ok((secret, public))
}

fn user_id(
    entry: &Entry,
    link: &CallLinkSecretParams,
    aci: Aci,
    check: &mut Check,
) -> Result<(), Mismatch> {
    let of_user_id = field("uid_ciphertext", &entry.uid_ciphertext);
    check.written(&link.encrypt(&ServiceId::Aci(aci)), of_user_id)?;
    let ciphertext = check.read(of_user_id)?;
    let id = check.accepted("uid_ciphertext", link.decrypt(&ciphertext))?;
    check.equal("aci", &id.to_service_id_string(), &entry.aci)
}

fn create(entry: &Entry, setting: &Setting, check: &mut Check) -> Result<(), Mismatch> {
    let Setting {
        secret,
        public,
        link,
        aci,
        room_id,
        timestamp,
        ..
    } = setting;
    let create = &entry.create;
    let of_context = field("create.request_context", &create.request_context);
    let of_request = field("create.request", &create.request);
    let of_response = field("create.response", &create.response);
    let of_credential = field("create.credential", &create.credential);
    let of_presentation = field("create.presentation", &create.presentation);

    let randomness = create.request_randomness.randomness();
    let made = CreateCredentialRequestContext::new(room_id, randomness);
    let context = check.read(of_context)?;
    for context in [&made, &context] {
        check.written(context, of_context)?;
        check.written(&context.request(), of_request)?;
    }

    let request: CreateCredentialRequest = check.read(of_request)?;
    let randomness = create.issue_randomness.randomness();
    check.made(
        request.issue(aci, *timestamp, secret, randomness),
        of_response,
    )?;

    let response = check.parsed(of_response)?;
    check.made(context.receive(&response, aci, public), of_credential)?;

    let credential: CreateCredential = check.parsed(of_credential)?;
    let randomness = create.present_randomness.randomness();
    check.made(
        credential.present(aci, room_id, public, link, randomness),
        of_presentation,
    )?;
    create_verify(entry, setting, check)
}

fn create_verify(entry: &Entry, setting: &Setting, check: &mut Check) -> Result<(), Mismatch> {
    let name = "create.presentation";
    let presentation: CreatePresentation = check.parsed(field(name, &entry.create.presentation))?;
    check.written(
        &presentation.user_id(),
        field("uid_ciphertext", &entry.uid_ciphertext),
    )?;
    let (room_id, other_room) = (&setting.room_id, &setting.other_room);
    let verify = |room_id: &RoomId, now| {
        presentation.verify(room_id, now, &setting.secret, &setting.link_public)
    };
    let (first, end) = (setting.timestamp, setting.timestamp.plus(30 * HOUR));
    check.accepted(name, verify(room_id, first))?;
    check.accepted(name, verify(room_id, end.minus(1)))?;
    check.refused(name, "before its day", &verify(room_id, first.minus(1)))?;
    check.refused(name, "after 30 hours", &verify(room_id, end))?;
    check.refused(name, "for another room", &verify(other_room, first))
}

fn auth(entry: &Entry, setting: &Setting, check: &mut Check) -> Result<(), Mismatch> {
    let Setting {
        secret,
        public,
        link,
        aci,
        timestamp,
        ..
    } = setting;
    let (auth, redemption) = (&entry.auth, *timestamp);
    let of_response = field("auth.response", &auth.response);
    let of_credential = field("auth.credential", &auth.credential);

    let randomness = auth.issue_randomness.randomness();
    let issued = AuthCredentialResponse::issue(aci, redemption, secret, randomness);
    check.made(issued, of_response)?;

    let response: AuthCredentialResponse = check.parsed(of_response)?;
    check.made(response.receive(aci, redemption, public), of_credential)?;
    check.refused(
        of_response.name,
        "another day",
        &response.receive(aci, redemption.plus(DAY), public),
    )?;

    let credential: AuthCredential = check.parsed(of_credential)?;
    let randomness = auth.present_randomness.randomness();
    check.made(
        credential.present(aci, redemption, public, link, randomness),
        field("auth.presentation", &auth.presentation),
    )?;
    auth_verify(entry, setting, check)
}

fn auth_verify(entry: &Entry, setting: &Setting, check: &mut Check) -> Result<(), Mismatch> {
    let name = "auth.presentation";
    let presentation: AuthPresentation = check.parsed(field(name, &entry.auth.presentation))?;
    check.written(
        &presentation.user_id(),
        field("uid_ciphertext", &entry.uid_ciphertext),
    )?;
    check.window(name, setting.timestamp, |now| {
        presentation.verify(now, &setting.secret, &setting.link_public)
    })
}
