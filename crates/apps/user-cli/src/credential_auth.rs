//! `anteroom credential auth`

use anteroom_client::DayRange;
use anteroom_console::{
    context::Context,
    os,
    terminal::{day, print_json},
};
use anteroom_protocol::{Randomness, RootKey};
use anyhow::Context as _;
use serde::Serialize;

use crate::{
    arguments::ClientFlags,
    session::Session,
    steps::{Steps, fetch_params, newly_pinned},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    issuer: String,
    generic_params: String,
    newly_pinned: Vec<String>,
    first_day: u64,
    last_day: u64,
    call_link_credentials: usize,
    group_credentials: usize,
    credential_bytes: usize,
    presentation_bytes: usize,
}

/// Fetches a week of credentials, and presents one for a new random room.
pub async fn run(flags: &ClientFlags, context: &Context) -> anyhow::Result<()> {
    let session = Session::open(flags, context)?;
    let mut steps = Steps::new(!context.json);
    let mut rng = os::rng();
    let now = os::now();

    steps.begin(&session)?;
    let params = fetch_params(&mut steps, &session, now).await?;

    let account = session.client.whoami().await?;
    steps.step(match session.login {
        Some(_) => "Signed in with the access token of the login",
        None => "Signed in with the device's password",
    })?;
    steps.detail(if account.pni.is_some() {
        "the account has a phone-number id"
    } else {
        "the account has no phone-number id: its salt stands in for it"
    })?;

    let week = DayRange::week_from(now);
    let days = session
        .client
        .day_credentials(&account, week, &params, now)
        .await?;
    let groups = days.iter().filter(|day| day.group.is_some()).count();
    let today = days.first().context("the issuer sent no day")?;
    steps.step(&format!(
        "Asked for the credentials of {} days, {} to {}: the same for everyone",
        days.len(),
        day(week.first()),
        day(week.last()),
    ))?;
    steps.step(&format!(
        "Verified the issuer's proof in each of them: {} for call links, {groups} for groups",
        days.len(),
    ))?;

    let generic = params
        .generic(today.auth.params)
        .context("the params of the credential are gone")?;
    let room = RootKey::generate_v0(&mut rng).secret_params();
    let presentation = today
        .auth
        .credential
        .present(
            &account.aci,
            today.auth.redemption,
            generic,
            &room,
            Randomness::random(&mut rng),
        )
        .context("the credential cannot be presented")?;
    let credential_bytes = today.auth.credential.to_bytes().len();
    let presentation_bytes = presentation.to_bytes().len();
    steps.step("Made a presentation of today's credential for a room made up just now")?;
    steps.detail(&format!(
        "{presentation_bytes} bytes from a credential of {credential_bytes}, new ones each time"
    ))?;
    steps.end(&[
        ("The issuer saw", "the account, the device, and that week"),
        (
            "It did not see",
            "any room, or where and when a credential is shown",
        ),
        (
            "A room sees",
            "that an account of this issuer is there, under a name for that room only",
        ),
    ])?;

    if context.json {
        let report = Report {
            issuer: session.client.base_url().to_string(),
            generic_params: today.auth.params.to_hex(),
            newly_pinned: newly_pinned(&params),
            first_day: week.first().as_secs(),
            last_day: week.last().as_secs(),
            call_link_credentials: days.len(),
            group_credentials: groups,
            credential_bytes,
            presentation_bytes,
        };
        print_json(&report)?;
    }
    Ok(())
}
