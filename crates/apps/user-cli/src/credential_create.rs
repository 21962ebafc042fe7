//! `anteroom credential create`

use anteroom_console::{
    context::Context,
    failure::Failure,
    os,
    terminal::{day, print_json},
};
use anteroom_protocol::{CallLink, CreateCredentialRequest, LinkError, Randomness, RootKey};
use anyhow::{Context as _, anyhow, bail};
use serde::Serialize;

use crate::{
    arguments::CredentialCreate,
    secret_text::{self, Input},
    session::Session,
    steps::{Steps, fetch_params, newly_pinned},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    issuer: String,
    generic_params: String,
    newly_pinned: Vec<String>,
    /// The generated root key; `None` if one was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    root_key: Option<&'a str>,
    room_id: String,
    redemption_time: u64,
    request_bytes: usize,
    credential_bytes: usize,
    presentation_bytes: usize,
}

/// Fetches the credential for creating the link of one room, and presents it.
pub async fn run(options: &CredentialCreate, context: &Context) -> anyhow::Result<()> {
    let mut rng = os::rng();
    let key = match options.root_key.as_deref() {
        None => RootKey::generate_v0(&mut rng),
        Some(text) => parse_key(text)?,
    };
    let session = Session::open(&options.client, context)?;
    let mut steps = Steps::new(!context.json);
    let now = os::now();

    steps.begin(&session)?;
    let room_id = key.room_id();
    let text = key.to_text();
    if options.new {
        steps.step("Made a root key: whoever has it can open the room")?;
        steps.detail(&text)?;
    } else {
        steps.step("Took the root key")?;
    }
    steps.detail(&format!("room id {}", room_id.to_hex()))?;

    let params = fetch_params(&mut steps, &session, now).await?;

    let issued = session
        .client
        .create_credential(&room_id, &params, now, Randomness::random(&mut rng))
        .await?;
    let request_bytes = CreateCredentialRequest::LENGTH;
    let credential_bytes = issued.credential.to_bytes().len();
    steps.step("Sent the room id in blinded form")?;
    steps.detail(&format!(
        "{request_bytes} bytes, which could be any room's: the blinding key never leaves here"
    ))?;
    steps.step(&format!(
        "Took a credential for {}, unblinded it and verified the issuer's proof",
        day(issued.redemption),
    ))?;

    let generic = params
        .generic(issued.params)
        .context("the params of the credential are gone")?;
    let presentation = issued
        .credential
        .present(
            &session.aci(),
            &room_id,
            generic,
            &key.secret_params(),
            Randomness::random(&mut rng),
        )
        .context("the credential cannot be presented")?;
    let presentation_bytes = presentation.to_bytes().len();
    steps.step("Made the presentation that creates the link at a room service")?;
    steps.detail(&format!(
        "{presentation_bytes} bytes from a credential of {credential_bytes}, new ones each time"
    ))?;
    steps.end(&[
        (
            "The issuer saw",
            "the account, the device, and that it may create a link today",
        ),
        (
            "It did not see",
            "the room id, the root key, or whether a link was created",
        ),
        (
            "A room sees",
            "the room id, and that an account of this issuer creates it: not which",
        ),
    ])?;

    if context.json {
        let report = Report {
            issuer: session.client.base_url().to_string(),
            generic_params: issued.params.to_hex(),
            newly_pinned: newly_pinned(&params),
            root_key: options.new.then_some(text.as_str()),
            room_id: room_id.to_hex(),
            redemption_time: issued.redemption.as_secs(),
            request_bytes,
            credential_bytes,
            presentation_bytes,
        };
        print_json(&report)?;
    }
    Ok(())
}

/// Returns the root key. A whole link is refused, since its other members would be ignored.
fn parse_key(argument: &str) -> anyhow::Result<RootKey> {
    let text = secret_text::read(Some(argument), "the root key", Input::Whole)?;
    let link = CallLink::parse(&text).map_err(|error| match error {
        LinkError::BareKey(_) => anyhow!("{error}"),
        _ => Failure::failed("the text is not a root key")
            .next("Give what follows key= in a link, or use --new")
            .into(),
    })?;
    if !link.host.is_empty() {
        let failure = Failure::failed("the text is a link and no root key");
        bail!(failure.next("Give the root key alone, which stands after key="));
    }
    Ok(link.root_key)
}
