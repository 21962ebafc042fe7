//! `anteroom credential renew`

use std::sync::Arc;

use anteroom_client::CredentialStore;
use anteroom_console::{context::Context, os, terminal::day};
use anteroom_protocol::Timestamp;
use anyhow::Context as _;
use serde_json::json;

use crate::{arguments::CredentialRenew, renewal, session::IssuerIdentity};

/// Renews the stored credentials: once now, or repeatedly at the scheduled times.
pub async fn run(options: &CredentialRenew, context: &Context) -> anyhow::Result<()> {
    let identity = Arc::new(IssuerIdentity::find(&options.client, context)?);
    if options.wait {
        return renewal::wait(&identity).await;
    }
    let file = identity.credentials()?;
    let before: Vec<Timestamp> = file.load().iter().flat_map(CredentialStore::days).collect();
    let renewal = renewal::renew(&identity.session()?, &file).await?;
    if let Some(error) = &renewal.failure {
        tracing::warn!("there are fewer credentials for creating links: {error}");
    }
    let days: Vec<Timestamp> = renewal.store.days().collect();
    let spare_links = renewal.store.spare_links(os::now());
    let (first, last) = days.first().zip(days.last()).context("no day came")?;
    let report = json!({
        "firstDay": first.as_secs(),
        "lastDay": last.as_secs(),
        "spareLinks": spare_links,
    });
    let fresh = match before == days {
        true => {
            " Those of the same days were in store already: nothing needs another renewal today."
        }
        false => "",
    };
    let text = format!(
        "Stored the credentials of {} days, {} to {}, and {spare_links} for creating links.{fresh}",
        days.len(),
        day(*first),
        day(*last),
    );
    context.show(&report, &text)?;
    file.note_use(os::now());
    renewal::start(&identity);
    Ok(())
}
