//! The store of a device's credentials, which makes visits to the room service independent of the issuer.

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
    CLOCK_TOLERANCE, CreatePass, DayRange, IssuedCredential, IssuerClient, IssuerError, Pass,
    PublishedParams, RenewalSchedule, TrustedParams,
};

/// The number of create credentials that every renewal fetches, whether the last ones were used or not. Few
/// people create more links on a day, and the issuer's limit refills by about a hundred a day.
pub const SPARE_LINKS: usize = 3;
/// The maximum number of create credentials in a store: those of two renewals.
pub const MAX_SPARE_LINKS: usize = 2 * SPARE_LINKS;

/// The number of days after today below which a missed renewal is not postponed to the next day.
const FEW_DAYS: u64 = 2;

/// A root key without a room, with the credential for creating its room.
#[derive(Clone)]
pub struct SpareLink {
    /// The root key.
    pub root_key: RootKey,
    /// The credential for creating the room.
    pub issued: IssuedCredential<CreateCredential>,
}

/// The credentials of one renewal.
#[derive(Debug, Default)]
pub struct CredentialSupply {
    auth: Vec<IssuedCredential<AuthCredential>>,
    spare_links: Vec<SpareLink>,
    failure: Option<IssuerError>,
}

/// An account's credentials for a week and for creating links, with the params that its issuer listed when
/// they were issued.
///
/// 1. [`IssuerClient::published_params`], [`PublishedParams::trusted`] and
///    [`IssuerClient::credential_supply`] are the requests of a renewal, the same for every account.
/// 2. [`CredentialStore::new`] or [`CredentialStore::renew`] stores the result.
/// 3. A visit reads the params from [`CredentialStore::listing`], compares them with the pins
///    ([`PublishedParams::trusted_for_link`]) and presents [`CredentialStore::pass`]; creating a link
///    begins with [`CredentialStore::tried_link`] or [`CredentialStore::take_spare_link`] and ends with
///    [`CredentialStore::use_up_link`].
/// 4. Only [`CredentialStore::schedule`] determines the time of the next renewal.
///
/// [`CredentialStore::to_bytes`] is for a sealed file: it contains secrets.
#[derive(Clone)]
pub struct CredentialStore {
    aci: Aci,
    listing: PublishedParams,
    auth: Vec<IssuedCredential<AuthCredential>>,
    spare_links: Vec<SpareLink>,
    /// Spare links that were taken for a room service, and not used up.
    tried_links: Vec<TriedLink>,
    /// Spare links that were taken since the last renewal.
    taken_links: u32,
    /// The time of the next renewal.
    pub schedule: RenewalSchedule,
}

impl IssuerClient {
    /// Fetches the credentials of a renewal: a week of auth credentials, then [`SPARE_LINKS`] create
    /// credentials for newly generated root keys.
    ///
    /// An error among the create credentials ends the fetch; the supply then carries the credentials fetched
    /// so far and the error.
    ///
    /// # Errors
    /// As [`IssuerClient::auth_credentials`].
    pub async fn credential_supply(
        &self,
        params: &TrustedParams,
        now: Timestamp,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<CredentialSupply, IssuerError> {
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
    /// Takes the error because of which there are fewer create credentials than [`SPARE_LINKS`], if there was
    /// one.
    pub const fn take_failure(&mut self) -> Option<IssuerError> {
        self.failure.take()
    }
}

impl CredentialStore {
    /// Creates the store after a first renewal.
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

    /// Stores the result of a renewal, and draws the time of the next one. Valid spare links of the renewal
    /// before are retained.
    pub fn renew<R: CryptoRng + ?Sized>(
        &mut self,
        listing: PublishedParams,
        supply: CredentialSupply,
        now: Timestamp,
        rng: &mut R,
    ) {
        // This device's clock alone drops nothing: it may be wrong.
        let known = listing.issuer_time.map_or(now, |issuer| issuer.min(now));
        self.spare_links.retain(|link| link.is_good(known));
        self.tried_links.retain(|tried| tried.link.is_good(known));
        self.listing = listing.stored();
        self.auth = supply.auth;
        self.spare_links.extend(supply.spare_links);
        let surplus = self.spare_links.len().saturating_sub(MAX_SPARE_LINKS);
        self.spare_links.drain(..surplus);
        self.taken_links = 0;
        self.schedule.renewed(now, rng);
    }

    /// Returns the id of the account.
    #[must_use]
    pub const fn aci(&self) -> Aci {
        self.aci
    }

    /// Returns the params that the issuer listed at the last renewal. They are not yet compared with the
    /// pins.
    #[must_use]
    pub const fn listing(&self) -> &PublishedParams {
        &self.listing
    }

    /// Returns the days for which there are auth credentials, in order.
    pub fn days(&self) -> impl Iterator<Item = Timestamp> {
        self.auth.iter().map(|issued| issued.redemption)
    }

    /// Returns the number of links that can be created now without a request to the issuer.
    #[must_use]
    pub fn spare_links(&self, now: Timestamp) -> usize {
        let spare = self.spare_links.iter();
        spare.filter(|link| link.is_good(now)).count()
    }

    /// Returns today's right to use links; `None` if there is no credential for today, or its params are
    /// untrusted or out of force.
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

    /// Returns whether spare links were taken since the last renewal and none is left.
    #[must_use]
    pub const fn has_used_up_links(&self) -> bool {
        self.taken_links > 0 && self.spare_links.is_empty()
    }

    /// Draws another time for a missed renewal: from the next day if there are credentials for at least two
    /// days after today, else from the next hours.
    pub fn postpone_renewal<R: CryptoRng + ?Sized>(&mut self, now: Timestamp, rng: &mut R) {
        let last = self.days().last().unwrap_or(now);
        if now.start_of_day().plus(FEW_DAYS * DAY) <= last {
            self.schedule.postpone(now, rng);
        } else {
            self.schedule.retry(now, rng);
        }
    }
}

impl SpareLink {
    fn is_good(&self, now: Timestamp) -> bool {
        let end = self.issued.credential.end();
        now.plus(CLOCK_TOLERANCE.as_secs()) < end
    }

    fn is_usable(&self, params: &TrustedParams, now: Timestamp) -> bool {
        let id = self.issued.params;
        self.is_good(now) && params.generic(id).is_some() && params.verifies(id, now)
    }

    fn pass(&self, aci: Aci, params: &TrustedParams) -> Option<(RootKey, CreatePass)> {
        let pass = CreatePass::new(aci, &self.issued, params).ok()?;
        Some((self.root_key.clone(), pass))
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
