//! The store of a device's credentials, which makes visits to the room service independent of the issuer.

mod creation;
mod format;
mod spare_link;

use anteroom_e2ee::IdentityKey;
use anteroom_protocol::{Aci, AuthCredential, CallLink, DAY, Timestamp, redacted_debug};
use rand_core::CryptoRng;

use self::spare_link::TriedLink;
pub use self::{
    format::CredentialFormatError,
    spare_link::{MAX_SPARE_LINKS, SPARE_LINKS, SpareLink},
};
use crate::{
    DeviceCertificate, IssuedCredential, IssuerError, Pass, PublishedParams, RenewalSchedule,
    TrustedParams,
};

/// The number of days after today below which a missed renewal is not postponed to the next day.
const FEW_DAYS: u64 = 2;

/// The credentials of one renewal.
#[derive(Debug, Default)]
pub struct CredentialSupply {
    /// Auth credentials for a week.
    pub auth: Vec<IssuedCredential<AuthCredential>>,
    /// The identity key that the request named.
    pub identity: Option<IdentityKey>,
    /// The certificate of the device; `None` if the issuer gave none.
    pub certificate: Option<DeviceCertificate>,
    /// The error because of which the certificate was not taken.
    pub certificate_failure: Option<IssuerError>,
    /// Create credentials with their root keys.
    pub spare_links: Vec<SpareLink>,
    /// The error because of which there are fewer create credentials than [`SPARE_LINKS`].
    pub failure: Option<IssuerError>,
}

/// An account's credentials for a week and for creating links and the certificate of its device, with the
/// params that its issuer listed when they were issued.
///
/// 1. A renewal asks for the params ([`crate::issuer::params`]), compares them with the pins
///    ([`PublishedParams::trusted`]), and asks for a [`CredentialSupply`]: the same for every account.
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
    /// The identity key of the device, whether there is a certificate or not.
    identity: Option<IdentityKey>,
    certificate: Option<DeviceCertificate>,
    spare_links: Vec<SpareLink>,
    /// Spare links that were taken for a room service, and not used up.
    tried_links: Vec<TriedLink>,
    /// Spare links that were taken since the last renewal.
    taken_links: u32,
    /// The time of the next renewal.
    pub schedule: RenewalSchedule,
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
            identity: supply.identity,
            certificate: supply.certificate,
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
        if supply.identity.is_some() {
            self.identity = supply.identity;
        }
        // A renewal without a certificate leaves the last one.
        if supply.certificate.is_some() {
            self.certificate = supply.certificate;
        }
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

    /// Returns the identity key of the device: the stored one, or a new one. Renewals name the same key
    /// whether the issuer gives certificates or not, and whether they are taken or not: a new key would tell
    /// the issuer which params this device trusts.
    #[must_use]
    pub fn identity<R: CryptoRng + ?Sized>(stored: Option<&Self>, rng: &mut R) -> IdentityKey {
        let stored = stored.and_then(|stored| stored.identity.clone());
        stored.unwrap_or_else(|| IdentityKey::random(rng))
    }

    /// Returns the certificate of the device for the calls of a link; `None` if the link leaves certificates
    /// out ([`CallLink::without_certificates`]), there is none, it is over, or its params are untrusted or out
    /// of force. `params` are compared with the link ([`PublishedParams::trusted_for_link`]).
    #[must_use]
    pub fn certificate(
        &self,
        link: &CallLink,
        params: &TrustedParams,
        now: Timestamp,
    ) -> Option<&DeviceCertificate> {
        if link.without_certificates {
            return None;
        }
        let certificate = self.certificate.as_ref();
        certificate.filter(|one| one.is_good(now) && params.certifies(one.params, now))
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

redacted_debug!(CredentialStore);
