//! The credentials of a visit: stored ones, or fetched ones if there are none.
//!
//! Only the user triggers a fetch: a link with unknown params or a refusal of the room service is an error
//! with a next step. Otherwise the creator of a link, or the room service, could trigger a request to the
//! issuer at a time of their choice.

use std::sync::atomic::Ordering;

use anteroom_client::{
    CertificatePublicKey, CreatePass, CredentialStore, DeviceCertificate, IssuerError, Pass,
    PublishedParams, SPARE_LINKS, Service, TrustedParams,
};
use anteroom_console::{failure::Failure, os, terminal::second};
use anteroom_protocol::{CallLink, DAY, RootKey, Timestamp};
use anyhow::{Context as _, bail};

use super::RoomSession;

use crate::{
    notices,
    renewal::{self, Renewal},
    session::Session,
};

/// Returns the failure for used-up create credentials: all of the last renewal were used. `due` is the time of
/// the next renewal, if one comes by itself.
fn no_credential_left(due: Option<Timestamp>) -> Failure {
    let due = due.map_or_else(String::new, |due| {
        let due = second(due);
        format!(
            "Wait for the next renewal, which is due at {due} if this computer is on then. Or use"
        )
    });
    let start = if due.is_empty() { "Use" } else { &due };
    let what = format!(
        "no link was created: a renewal brings the credentials for {SPARE_LINKS} links, and those of \
         the last one are used up"
    );
    Failure::new("spare_links_used", what).next(format!(
        "{start} anteroom credential renew, which brings {SPARE_LINKS} more, and create the link some \
         hours later, or --fetch at once: by the time of a fetch both services together can tell \
         which link this account creates"
    ))
}

/// The credentials of a visit to the call of a link.
pub(crate) struct CallCredentials {
    pub(crate) pass: Pass,
    /// The certificate of this device, unless the link leaves certificates out.
    pub(crate) certificate: Option<DeviceCertificate>,
    /// The trusted keys under which the certificates of others are verified.
    pub(crate) certificate_keys: Vec<CertificatePublicKey>,
    /// The messages about the issuer's params.
    pub(crate) notices: Vec<String>,
}

#[derive(Clone, Copy)]
enum FetchReason {
    Flag,
    FlagOfCreation,
    NoCredential,
    NoSpareLink,
}

impl RoomSession {
    /// Returns today's right to use links, from the stored credentials of the week. Fetches credentials only
    /// if there are none.
    pub(crate) async fn pass(&self, link: &CallLink) -> anyhow::Result<Pass> {
        Ok(self.call_credentials(link).await?.pass)
    }

    /// As [`Self::pass`], with the certificate for the members of the call.
    pub(crate) async fn call_credentials(
        &self,
        link: &CallLink,
    ) -> anyhow::Result<CallCredentials> {
        let (now, is_forced) = (os::now(), self.take_fetch());
        let stored = self.credentials.load().filter(|_| !is_forced);
        if let Some(store) = &stored {
            let params = self.judge_stored(store, Some(link))?;
            let notices = params_notices(&params, now);
            if let Some(pass) = store.pass(&params, now) {
                self.keep_renewing(now);
                return Ok(CallCredentials {
                    pass,
                    certificate: store.certificate(link, &params, now).cloned(),
                    certificate_keys: params.certificate_keys(now).copied().collect(),
                    notices,
                });
            }
            self.check_clock(|time| store.pass(&params, time).is_some())
                .await?;
        }
        self.fetch_pass(link, reason(is_forced, FetchReason::NoCredential))
            .await
    }

    /// Returns a new root key with the right to create its room, from those that the last renewal brought.
    /// The issuer is asked only if the last renewal was too long ago. If links were created with all of them,
    /// it is not: a room service that refuses could bring that about, and see at the issuer which account
    /// asks.
    pub(super) async fn create_pass(&self) -> anyhow::Result<(RootKey, CreatePass)> {
        let (now, is_forced) = (os::now(), self.take_fetch());
        let stored = self.credentials.load().filter(|_| !is_forced);
        if let Some(store) = stored {
            let params = self.judge_stored(&store, None)?;
            params_notices(&params, now);
            let service = self.rooms.base_url();
            let tried = self.take(|store| store.tried_link(&params, now, service))?;
            if let Some(tried) = tried {
                self.keep_renewing(now);
                return Ok(tried);
            }
            if store.has_used_up_links() {
                self.keep_renewing(now);
                let is_automatic = renewal::is_automatic(&self.identity).unwrap_or_default();
                let due = is_automatic.then(|| store.schedule.due());
                return Err(no_credential_left(due.filter(|due| *due > now)).into());
            }
            if store.spare_links(now) > 0 {
                // No credential is for an address at which no room service answers, nor for one that refuses it
                // because its day is another.
                let time = self.rooms.ping().await?;
                let is_other_day = |time: Timestamp| time.as_secs().abs_diff(now.as_secs()) >= DAY;
                if let Some(theirs) = time.filter(|time| is_other_day(*time)) {
                    let (with, device) = (Service::Rooms, now);
                    return Err(IssuerError::Clock {
                        with,
                        theirs,
                        device,
                    }
                    .into());
                }
            }
            if let Some(spare_link) =
                self.take(|store| store.take_spare_link(&params, now, service))?
            {
                self.keep_renewing(now);
                return Ok(spare_link);
            }
            let mut rest = store;
            self.check_clock(|time| rest.take_spare_link(&params, time, service).is_some())
                .await?;
        }
        self.fetch_create_pass(reason(is_forced, FetchReason::NoSpareLink))
            .await
    }

    /// Returns the next one of those, if one is left. The issuer is not asked.
    pub(super) fn next_create_pass(&self) -> anyhow::Result<Option<(RootKey, CreatePass)>> {
        match self.stored_params()? {
            Some(params) => self.take(|store| {
                let (now, service) = (os::now(), self.rooms.base_url());
                store
                    .tried_link(&params, now, service)
                    .or_else(|| store.take_spare_link(&params, now, service))
            }),
            None => Ok(None),
        }
    }

    /// Returns the params of the stored credentials, if there are any.
    fn stored_params(&self) -> anyhow::Result<Option<TrustedParams>> {
        let store = self.credentials.load();
        store
            .map(|store| self.judge_stored(&store, None))
            .transpose()
    }

    fn take(
        &self,
        take: impl FnOnce(&mut CredentialStore) -> Option<(RootKey, CreatePass)>,
    ) -> anyhow::Result<Option<(RootKey, CreatePass)>> {
        Ok(self.credentials.change(take)?.flatten())
    }

    async fn fetch_pass(
        &self,
        link: &CallLink,
        reason: FetchReason,
    ) -> anyhow::Result<CallCredentials> {
        let (session, listing) = self.ask(reason).await?;
        let now = os::now();
        let params = self.identity.judge(listing.clone(), Some(link))?;
        let notices = params_notices(&params, now);
        let (pass, certificate) = if params.issuing_generic(now).is_ok() {
            let store = self.renew(&session, listing).await?.store;
            let pass = store.pass(&params, now).ok_or_else(|| {
                Failure::failed("the issuer's credentials are not good for today")
                    .next("Check the clock of this device")
            })?;
            (pass, store.certificate(link, &params, now).cloned())
        } else {
            // The credentials are trusted for the room of this link alone, and are not stored. The request
            // is that of every renewal: it names the identity key too.
            let mut rng = os::rng();
            let identity = self.credentials.identity(&mut rng);
            let supply = session
                .client
                .credential_supply(&params, &identity, now, &mut rng)
                .await?;
            let today = supply.auth.first().context("the issuer sent no day")?;
            let pass = Pass::new(self.identity.aci(), today, &params)?;
            let certificate = supply.certificate.filter(|_| !link.without_certificates);
            (pass, certificate)
        };
        Ok(CallCredentials {
            pass,
            certificate,
            certificate_keys: params.certificate_keys(now).copied().collect(),
            notices,
        })
    }

    async fn fetch_create_pass(
        &self,
        reason: FetchReason,
    ) -> anyhow::Result<(RootKey, CreatePass)> {
        let (session, listing) = self.ask(reason).await?;
        let now = os::now();
        let params = self.identity.judge(listing.clone(), None)?;
        params_notices(&params, now);
        let Renewal {
            mut store, failure, ..
        } = self.renew(&session, listing).await?;
        let service = self.rooms.base_url();
        // Another command may have taken one from the file already.
        let stored = self
            .credentials
            .change(|store| store.take_spare_link(&params, now, service));
        let spare_link = match stored {
            Ok(Some(spare_link)) => spare_link,
            Ok(None) | Err(_) => store.take_spare_link(&params, now, service),
        };
        match (spare_link, failure) {
            (Some(spare_link), _) => Ok(spare_link),
            (None, Some(error)) => Err(error.into()),
            (None, None) => bail!(
                Failure::failed("other commands took all credentials for creating links")
                    .next("Try again")
            ),
        }
    }

    async fn renew(&self, session: &Session, listing: PublishedParams) -> anyhow::Result<Renewal> {
        let params = self.identity.judge(listing.clone(), None)?;
        let renewal = renewal::renew_under(session, &self.credentials, listing, &params).await?;
        self.keep_renewing(os::now());
        Ok(renewal)
    }

    /// Signs in and fetches the params, after a warning about the information that this reveals.
    async fn ask(&self, reason: FetchReason) -> anyhow::Result<(Session, PublishedParams)> {
        tracing::warn!("{}", reason.warning());
        let session = self.identity.session()?;
        let listing = session.client.published_params().await?;
        Ok((session, listing))
    }

    fn judge_stored(
        &self,
        store: &CredentialStore,
        link: Option<&CallLink>,
    ) -> anyhow::Result<TrustedParams> {
        let judged = self.identity.judge(store.listing().clone(), link);
        judged.map_err(|error| match error {
            IssuerError::LinkParams(_) => Failure::new(
                "link_params_unknown",
                "the link does not fit the params that the issuer had at the last renewal",
            )
            .with_reason(error)
            .next(
                "Compare what follows params= with the link that you were given: a digit may be mistyped. \
                 If the issuer has changed its params since, use `anteroom credential renew` and come back \
                 some hours later, or --fetch at once: by the time of a fetch both services together \
                 can tell which room the account visits",
            )
            .into(),
            error => error.into(),
        })
    }

    /// Fails if stored credentials, of which none is valid by this device's clock, are valid at the time of the
    /// room service: the issuer must not be asked because of a wrong clock. A room service that does not
    /// answer is no reason to fail.
    async fn check_clock(&self, is_valid: impl FnOnce(Timestamp) -> bool) -> anyhow::Result<()> {
        match self.rooms.ping().await {
            Ok(Some(theirs)) if is_valid(theirs) => Err(IssuerError::Clock {
                with: Service::Rooms,
                theirs,
                device: os::now(),
            }
            .into()),
            _ => Ok(()),
        }
    }

    /// Continues the renewals. Sends nothing now.
    fn keep_renewing(&self, now: Timestamp) {
        self.credentials.note_use(now);
        renewal::start(&self.identity);
    }

    fn take_fetch(&self) -> bool {
        self.fetch.swap(false, Ordering::Relaxed)
    }
}

impl FetchReason {
    const fn warning(self) -> &'static str {
        match self {
            Self::Flag => {
                "--fetch asks the issuer now: both services together can tell by the time which room \
                 this account visits"
            }
            Self::FlagOfCreation => {
                "--fetch asks the issuer now: both services together can tell by the time which link \
                 this account creates"
            }
            Self::NoCredential => {
                "there is no stored credential of today, so the issuer is asked now: both services \
                 together can tell by the time which room this account visits. `anteroom credential \
                 renew` some hours before avoids that, and so does using it once a week"
            }
            Self::NoSpareLink => {
                "there is no stored credential for creating a link, so the issuer is asked now: both \
                 services together can tell by the time which link this account creates. `anteroom \
                 credential renew` some hours before avoids that"
            }
        }
    }
}

const fn reason(is_forced: bool, otherwise: FetchReason) -> FetchReason {
    match (is_forced, otherwise) {
        (true, FetchReason::NoSpareLink) => FetchReason::FlagOfCreation,
        (true, _) => FetchReason::Flag,
        (false, otherwise) => otherwise,
    }
}

fn params_notices(params: &TrustedParams, now: Timestamp) -> Vec<String> {
    notices::of_pins(params);
    notices::of_changes(params, now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anteroom_console::report::sentence;

    #[test]
    fn used_up_credentials_come_back_with_the_next_renewal_if_one_comes_by_itself() {
        let due = Timestamp::from_secs(1_764_212_400);
        for (due, said) in [
            (
                Some(due),
                "Wait for the next renewal, which is due at 2025-11-27",
            ),
            (None, "Use anteroom credential renew"),
        ] {
            let shown = sentence(&no_credential_left(due).into());
            assert!(
                shown.contains(said) && shown.contains("for 3 links"),
                "{shown}"
            );
        }
    }
}
