//! The renewal of stored credentials, at its own time.
//!
//! A command that visits a room never triggers a request to the issuer. It starts a process that waits for
//! the time of the next renewal, which was drawn before, and ends a week after the last use.

mod process;

use std::{sync::Arc, time::Duration};

use anteroom_client::{CredentialStore, IssuerError, PublishedParams, RenewalStep, TrustedParams};
use anteroom_console::{os, progress};

pub(crate) use self::process::{is_automatic, start};

use crate::{
    credentials::CredentialFile,
    notices,
    session::{IssuerIdentity, Session},
};

/// The longest single sleep. Longer waits are split, since a computer may suspend and its clock may be set.
const LONGEST_SLEEP: Duration = Duration::from_secs(5 * 60);

/// The outcome of a renewal.
pub(crate) struct Renewal {
    pub(crate) store: CredentialStore,
    /// Whether they are stored in the file.
    pub(crate) is_stored: bool,
    /// The reason why there are fewer credentials for creating links than usual.
    pub(crate) failure: Option<IssuerError>,
}

/// Fetches the issuer's params, the week's credentials and those for creating links, the same for every
/// account, and stores them.
pub(crate) async fn renew(session: &Session, file: &CredentialFile) -> anyhow::Result<Renewal> {
    let listing = session.client.published_params().await?;
    let params = session.identity.judge(listing.clone(), None)?;
    notices::of_pins(&params);
    notices::of_changes(&params, os::now());
    renew_under(session, file, listing, &params).await
}

/// As [`renew`], without a reader: pins nothing. The next command pins the params of a kind that is new here,
/// and shows their ids.
async fn renew_unseen(session: &Session, file: &CredentialFile) -> anyhow::Result<Renewal> {
    let listing = session.client.published_params().await?;
    let params = session.identity.judge_as_pinned(listing.clone())?;
    renew_under(session, file, listing, &params).await
}

/// As [`renew`], with params that were just fetched and reported.
pub(crate) async fn renew_under(
    session: &Session,
    file: &CredentialFile,
    listing: PublishedParams,
    params: &TrustedParams,
) -> anyhow::Result<Renewal> {
    let now = os::now();
    let mut rng = os::rng();
    let identity = file.identity(&mut rng);
    let fetched = session
        .client
        .credential_supply(params, &identity, now, &mut rng);
    let mut supply = match progress::during("Fetching credentials", fetched).await {
        Ok(supply) => supply,
        Err(error) => {
            if error.is_signed_out() {
                file.remove()?;
            }
            return Err(error.into());
        }
    };
    let failure = supply.failure.take();
    if let Some(error) = supply.certificate_failure.take() {
        tracing::warn!("there is no new certificate of this device: {error}");
    }
    let (store, stored) = file.renew(listing, supply, now);
    if let Err(error) = &stored {
        tracing::warn!("the credentials are not stored, and are fetched again: {error:#}");
    }
    Ok(Renewal {
        store,
        is_stored: stored.is_ok(),
        failure,
    })
}

/// Waits for the time of each renewal, and renews. Ends when the account was not used for a week, or the
/// credentials are gone or cannot be stored.
pub(crate) async fn wait(identity: &Arc<IssuerIdentity>) -> anyhow::Result<()> {
    let file = identity.credentials()?;
    let Some(_lock) = file.lock_renewal()? else {
        return Ok(());
    };
    // A new session, since the terminal of the command may be closed.
    let _ = rustix::process::setsid();
    while let Some(store) = file.load() {
        match store.schedule.step(os::now()) {
            RenewalStep::Stop => break,
            RenewalStep::Wait(rest) => tokio::time::sleep(rest.min(LONGEST_SLEEP)).await,
            RenewalStep::Redraw => {
                let now = os::now();
                file.change(|store| store.postpone_renewal(now, &mut os::rng()))?;
            }
            RenewalStep::Renew => {
                let renewed = match identity.session() {
                    Ok(session) => renew_unseen(&session, &file).await,
                    Err(error) => Err(error),
                };
                match renewed {
                    Ok(renewal) if renewal.is_stored => {}
                    // The stored schedule stays due: another round would send a request again.
                    Ok(_) => break,
                    Err(error) => {
                        tracing::warn!("the credentials were not renewed: {error:#}");
                        let now = os::now();
                        file.change(|store| store.schedule.retry(now, &mut os::rng()))?;
                    }
                }
            }
        }
    }
    Ok(())
}
