//! An exchange as a list of steps for a reader.

use anteroom_client::TrustedParams;
use anteroom_console::terminal::{day, home_path, print};
use anteroom_protocol::{Mode, ParamsId, Timestamp};

use crate::{notices, session::Session};

/// Prints numbered steps as they happen; no output with `--json`.
pub(crate) struct Steps {
    shown: bool,
    number: u32,
}

impl Steps {
    pub(super) const fn new(shown: bool) -> Self {
        Self { shown, number: 0 }
    }

    pub(super) fn begin(&self, session: &Session) -> anyhow::Result<()> {
        self.line(&format!(
            "Issuer {}, account {}, device {}",
            session.client.base_url(),
            session.aci().to_uuid_string(),
            session.client.authentication().device(),
        ))?;
        self.line("")
    }

    pub(super) fn step(&mut self, what: &str) -> anyhow::Result<()> {
        self.number += 1;
        self.line(&format!("{}. {what}", self.number))
    }

    pub(super) fn detail(&self, what: &str) -> anyhow::Result<()> {
        self.line(&format!("   {what}"))
    }

    /// Prints the conclusions: the knowledge of each service.
    pub(super) fn end(&self, conclusions: &[(&str, &str)]) -> anyhow::Result<()> {
        self.line("")?;
        for (who, what) in conclusions {
            self.line(&format!("{who:<15} {what}"))?;
        }
        Ok(())
    }

    fn line(&self, text: &str) -> anyhow::Result<()> {
        if self.shown {
            print(text)?;
        }
        Ok(())
    }
}

/// Fetches the issuer's params, compares them with the pins and shows that as a step. Logs the changes, and
/// the new pins if no steps are shown.
pub(crate) async fn fetch_params(
    steps: &mut Steps,
    session: &Session,
    now: Timestamp,
) -> anyhow::Result<TrustedParams> {
    let listing = session.client.published_params().await?;
    let params = session.identity.judge(listing, None)?;
    notices::of_changes(&params, now);
    if !steps.shown {
        notices::of_pins(&params);
    }
    show_params(steps, session, &params, now)?;
    Ok(params)
}

/// Returns the ids of the params that were pinned just now.
pub(crate) fn newly_pinned(params: &TrustedParams) -> Vec<String> {
    let pinned = params.newly_pinned().iter();
    pinned.map(|pinned| pinned.id.to_hex()).collect()
}

/// Shows the comparison of the issuer's params with the pins, as a step.
fn show_params(
    steps: &mut Steps,
    session: &Session,
    params: &TrustedParams,
    now: Timestamp,
) -> anyhow::Result<()> {
    let path = home_path(session.pin_file().path());
    steps.step(&format!(
        "Fetched the issuer's public params; pins are in {path}"
    ))?;
    let pinned = |id: ParamsId| {
        if params.newly_pinned().iter().any(|pinned| pinned.id == id) {
            "pinned just now"
        } else {
            "as pinned before"
        }
    };
    for listed in params.issuing_generic(now)? {
        let mode = match listed.params.mode() {
            Mode::Standard => "standard",
            Mode::Legacy => "legacy",
        };
        let id = listed.id;
        let day = day(listed.validity.not_before);
        let pinned = pinned(id);
        steps.detail(&format!(
            "generic {id} ({mode} mode), since {day}, {pinned}"
        ))?;
    }
    for listed in params.issuing_group(now).unwrap_or_default() {
        let (id, day) = (listed.id, day(listed.validity.not_before));
        steps.detail(&format!("group   {id}, since {day}, {}", pinned(id)))?;
    }
    for listed in params.issuing_certificates(now).unwrap_or_default() {
        let (id, day) = (listed.id, day(listed.validity.not_before));
        steps.detail(&format!("certificate {id}, since {day}, {}", pinned(id)))?;
    }
    Ok(())
}
