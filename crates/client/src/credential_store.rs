//! The credentials that a device holds, so that no visit to the room service needs the issuer.

mod format;
mod tried_link;

use std::fmt;

use anteroom_protocol::{
    Aci, AuthCredential, CreateCredential, DAY, Randomness, RootKey, Timestamp,
};
use rand_core::CryptoRng;

pub use self::format::CredentialFormatError;
use self::tried_link::TriedLink;
use crate::{
    CLOCK_TOLERANCE, ClientError, CreatePass, DayRange, Issued, IssuerClient, Pass,
    PublishedParams, RenewalSchedule, TrustedParams,
};

/// Create credentials that every renewal fetches, whether the last ones were used or not: few
/// people make more links on a day, and the issuer's limit gives back about a hundred a day.
pub const SPARE_LINKS: usize = 3;
/// The most create credentials that a store holds: those of two renewals.
pub const MAX_SPARE_LINKS: usize = 2 * SPARE_LINKS;

/// With credentials for fewer days after today, a renewal that was missed is not put off to the next
/// day.
const FEW_DAYS: u64 = 2;

/// A root key that no room has yet, with the right to create its room.
#[derive(Clone)]
pub struct SpareLink {
    /// The root key.
    pub root_key: RootKey,
    /// The right to create its room.
    pub issued: Issued<CreateCredential>,
}

/// The credentials of one renewal.
#[derive(Debug, Default)]
pub struct CredentialSupply {
    auth: Vec<Issued<AuthCredential>>,
    spare_links: Vec<SpareLink>,
    failure: Option<ClientError>,
}

/// An account's credentials for a week and for creating links, with the params that its issuer
/// listed when they were issued.
///
/// 1. [`IssuerClient::published_params`], [`PublishedParams::trusted`] and
///    [`IssuerClient::credential_supply`] are the requests of a renewal, the same for everybody.
/// 2. [`CredentialStore::new`] or [`CredentialStore::renew`] takes what came.
/// 3. A visit takes the params from [`CredentialStore::listing`], judges them by the pins
///    ([`PublishedParams::trusted_for_link`]) and shows [`CredentialStore::pass`]; creating a link
///    takes [`CredentialStore::take_tried_link`] or else [`CredentialStore::take_spare_link`], and
///    gives it back ([`CredentialStore::give_back`]) if the create failed and is open.
/// 4. The next renewal follows [`CredentialStore::schedule`], and nothing else.
///
/// [`CredentialStore::to_bytes`] is for a sealed file: it holds secrets.
#[derive(Clone)]
pub struct CredentialStore {
    aci: Aci,
    listing: PublishedParams,
    auth: Vec<Issued<AuthCredential>>,
    spare_links: Vec<SpareLink>,
    /// Spare links that were given back.
    tried_links: Vec<TriedLink>,
    /// Spare links that were taken since the last renewal.
    taken_links: u32,
    /// The next renewal.
    pub schedule: RenewalSchedule,
}

impl IssuerClient {
    /// Fetches the credentials of a renewal: a week of auth credentials, then [`SPARE_LINKS`]
    /// create credentials for root keys that are made here.
    ///
    /// A failure among the create credentials ends the fetch and comes with what there is.
    ///
    /// # Errors
    /// As [`IssuerClient::auth_credentials`].
    pub async fn credential_supply(
        &self,
        params: &TrustedParams,
        now: Timestamp,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<CredentialSupply, ClientError> {
        let auth = self
            .auth_credentials(DayRange::week_from(now), params, now)
            .await?;
        let mut supply = CredentialSupply {
            auth,
            spare_links: Vec::with_capacity(SPARE_LINKS),
            failure: None,
        };
        for _ in 0..SPARE_LINKS {
            let root_key = RootKey::generate_v1(rng);
            let randomness = Randomness::random(rng);
            let room = root_key.room_id();
            match self.create_credential(&room, params, now, randomness).await {
                Ok(issued) => supply.spare_links.push(SpareLink { root_key, issued }),
                Err(error) => {
                    supply.failure = Some(error);
                    break;
                }
            }
        }
        Ok(supply)
    }
}

impl CredentialSupply {
    /// The reason why there are fewer create credentials than usual, given once.
    pub const fn take_failure(&mut self) -> Option<ClientError> {
        self.failure.take()
    }
}

impl CredentialStore {
    /// The store after a first renewal.
    #[must_use]
    pub fn new<R: CryptoRng + ?Sized>(
        aci: Aci,
        listing: PublishedParams,
        supply: CredentialSupply,
        now: Timestamp,
        rng: &mut R,
    ) -> Self {
        Self {
            aci,
            listing: listing.stored(),
            auth: supply.auth,
            spare_links: supply.spare_links,
            tried_links: Vec::new(),
            taken_links: 0,
            schedule: RenewalSchedule::start(now, rng),
        }
    }

    /// Takes what a renewal has fetched, and draws the time of the next one. Spare links of the
    /// renewal before stay as long as they are good.
    pub fn renew<R: CryptoRng + ?Sized>(
        &mut self,
        listing: PublishedParams,
        supply: CredentialSupply,
        now: Timestamp,
        rng: &mut R,
    ) {
        self.listing = listing.stored();
        self.auth = supply.auth;
        self.forget_past(now);
        self.spare_links.extend(supply.spare_links);
        let surplus = self.spare_links.len().saturating_sub(MAX_SPARE_LINKS);
        self.spare_links.drain(..surplus);
        self.taken_links = 0;
        self.schedule.renewed(now, rng);
    }

    /// The account.
    #[must_use]
    pub const fn aci(&self) -> Aci {
        self.aci
    }

    /// The params that the issuer listed at the last renewal. Nothing is said about trust.
    #[must_use]
    pub const fn listing(&self) -> &PublishedParams {
        &self.listing
    }

    /// The days for which there are auth credentials, in order.
    pub fn days(&self) -> impl Iterator<Item = Timestamp> {
        self.auth.iter().map(|issued| issued.redemption)
    }

    /// How many links can be created now without the issuer.
    #[must_use]
    pub fn spare_links(&self, now: Timestamp) -> usize {
        let spare = self.spare_links.iter();
        spare.filter(|link| link.is_good(now)).count()
    }

    /// Today's right to use links; `None` if there is no credential of today, or its params are
    /// not trusted or not in force any more.
    #[must_use]
    pub fn pass(&self, params: &TrustedParams, now: Timestamp) -> Option<Pass> {
        let today = now.start_of_day();
        let mut auth = self.auth.iter();
        let issued = auth.find(|issued| {
            issued.redemption == today
                && params.generic(issued.params).is_some()
                && params.verifies(issued.params, now)
        })?;
        Pass::new(self.aci, issued, params).ok()
    }

    /// Whether spare links were taken since the last renewal and none is left.
    #[must_use]
    pub fn has_used_up_links(&self, now: Timestamp) -> bool {
        self.taken_links > 0 && self.spare_links(now) == 0
    }

    /// Draws another time for a renewal that was missed: from the next day while there are
    /// credentials for some days, else from the next hours.
    pub fn postpone_renewal<R: CryptoRng + ?Sized>(&mut self, now: Timestamp, rng: &mut R) {
        let last = self.days().last().unwrap_or(now);
        if now.start_of_day().plus(FEW_DAYS * DAY) <= last {
            self.schedule.postpone(now, rng);
        } else {
            self.schedule.retry(now, rng);
        }
    }

    /// Takes a root key out of the store, with the right to create its room: the oldest one that is
    /// good, so that nearly everybody shows one of the same day.
    pub fn take_spare_link(
        &mut self,
        params: &TrustedParams,
        now: Timestamp,
    ) -> Option<(RootKey, CreatePass)> {
        self.forget_past(now);
        let mut spare = self.spare_links.iter();
        let at = spare.position(|link| link.is_trusted(params, now))?;
        let link = self.spare_links.remove(at);
        self.taken_links = self.taken_links.saturating_add(1);
        link.into_pass(self.aci, params)
    }

    /// Drops what no service takes any more, root keys with it.
    fn forget_past(&mut self, now: Timestamp) {
        self.spare_links.retain(|link| link.is_good(now));
        self.tried_links.retain(|tried| tried.link.is_good(now));
    }
}

impl SpareLink {
    fn is_good(&self, now: Timestamp) -> bool {
        let end = self.issued.credential.end();
        now.plus(CLOCK_TOLERANCE.as_secs()) < end
    }

    fn is_trusted(&self, params: &TrustedParams, now: Timestamp) -> bool {
        let id = self.issued.params;
        params.generic(id).is_some() && params.verifies(id, now)
    }

    fn into_pass(self, aci: Aci, params: &TrustedParams) -> Option<(RootKey, CreatePass)> {
        let pass = CreatePass::new(aci, &self.issued, params).ok()?;
        Some((self.root_key, pass))
    }
}

impl fmt::Debug for SpareLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpareLink(..)")
    }
}

impl fmt::Debug for CredentialStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CredentialStore(..)")
    }
}
