//! The params of an issuer after the comparison with the pins.

use anteroom_e2ee::CertificatePublicKey;
use anteroom_protocol::{
    GenericPublicParams, GroupServerPublicParams, Mode, ParamsId, RoomId, Timestamp,
};

use super::{ListedParams, ParamsSummary, ParamsSwitch, PublishedParams, issuing};
use crate::{CLOCK_TOLERANCE, IssuerError, ParamsKind, PinSet, pins::Params};

/// The params of an issuer after the comparison with the pins.
#[derive(Clone, Debug)]
pub struct TrustedParams {
    listing: PublishedParams,
    generic: Vec<ParamsId>,
    group: Vec<ParamsId>,
    certificates: Vec<ParamsId>,
    added: Vec<ParamsSummary>,
    switches: Vec<ParamsSwitch>,
    link: Option<LinkScope>,
}

/// Params that are trusted for the room of one link alone.
#[derive(Clone, Debug)]
struct LinkScope {
    room: RoomId,
    summary: ParamsSummary,
    params: GenericPublicParams,
}

impl TrustedParams {
    pub(super) fn new(
        mut listing: PublishedParams,
        pins: &PinSet,
        added: Vec<ParamsSummary>,
        switches: Vec<ParamsSwitch>,
    ) -> Self {
        Self {
            generic: trusted_ids(&mut listing.generic, pins),
            group: trusted_ids(&mut listing.group, pins),
            certificates: trusted_ids(&mut listing.certificates, pins),
            listing,
            added,
            switches,
            link: None,
        }
    }

    /// Adds params that are trusted for the room of a link alone.
    pub(super) fn with_link(
        mut self,
        room: RoomId,
        listed: &ListedParams<GenericPublicParams>,
    ) -> Self {
        // Forged params with the link's id are removed, so that no look-up by id returns them.
        self.listing
            .generic
            .retain(|other| other.id != listed.id || other.params == listed.params);
        self.link = Some(LinkScope {
            room,
            summary: listed.summary(),
            params: listed.params.clone(),
        });
        self
    }

    /// Returns the params that this comparison has pinned, for display to the user.
    #[must_use]
    pub fn newly_pinned(&self) -> &[ParamsSummary] {
        &self.added
    }

    /// Returns the changes of the issuing params since the previous request, for display to the user. Each
    /// change is reported once.
    #[must_use]
    pub fn switches(&self) -> &[ParamsSwitch] {
        &self.switches
    }

    /// Returns the params that a link was made under if they are trusted for its room alone, for display to
    /// the user.
    #[must_use]
    pub fn link_params(&self) -> Option<&ParamsSummary> {
        self.link.as_ref().map(|link| &link.summary)
    }

    /// Returns whether these are the params of a guest.
    #[must_use]
    pub const fn is_of_guest(&self) -> bool {
        self.listing.is_of_guest()
    }

    /// Returns the kind of the params of call-link credentials.
    pub(crate) const fn generic_kind(&self) -> ParamsKind {
        self.listing.generic_kind()
    }

    /// Returns the issuer's time when it listed the params, if this is its answer and carried the time.
    #[must_use]
    pub const fn issuer_time(&self) -> Option<Timestamp> {
        self.listing.issuer_time
    }

    /// Returns the generic params of an id, if they are trusted everywhere.
    #[must_use]
    pub fn generic(&self, id: ParamsId) -> Option<&GenericPublicParams> {
        by_id(&self.listing.generic, &self.generic, id)
    }

    /// Returns the group params of an id, if they are trusted.
    #[must_use]
    pub fn group(&self, id: ParamsId) -> Option<&GroupServerPublicParams> {
        by_id(&self.listing.group, &self.group, id)
    }

    /// Returns the trusted keys whose certificates hold now.
    pub fn certificate_keys(&self, now: Timestamp) -> impl Iterator<Item = &CertificatePublicKey> {
        let listed = self.listing.certificates.iter();
        let in_force = listed.filter(move |one| self.certifies(one.id, now));
        in_force.map(|listed| &listed.params)
    }

    /// Returns whether certificates of these params hold now: the params are trusted and in force.
    pub(crate) fn certifies(&self, id: ParamsId, now: Timestamp) -> bool {
        let mut listed = self.listing.certificates.iter();
        self.certificates.contains(&id)
            && listed.any(|one| one.id == id && one.validity.contains(now))
    }

    /// Returns the generic params of an id, with the room that they are trusted for if it is a single one.
    pub(crate) fn generic_with_room(
        &self,
        id: ParamsId,
    ) -> Option<(&GenericPublicParams, Option<RoomId>)> {
        if let Some(params) = self.generic(id) {
            return Some((params, None));
        }
        let link = self.link.as_ref().filter(|link| link.summary.id == id)?;
        Some((&link.params, Some(link.room)))
    }

    /// Returns whether credentials made under these generic params are accepted now: the params are trusted
    /// and in force.
    #[must_use]
    pub fn verifies(&self, id: ParamsId, now: Timestamp) -> bool {
        let mut listed = self.listing.generic.iter();
        self.is_usable(id) && listed.any(|one| one.id == id && one.validity.contains(now))
    }

    /// Returns the untrusted params that the issuer lists for now or later, for display to the user before
    /// they take effect. The issuer's list alone never makes them trusted, since the issuer could list
    /// different ones for each client.
    ///
    /// Legacy params are included only if no standard ones are listed: they are not used otherwise.
    #[must_use]
    pub fn announced(&self, now: Timestamp) -> Vec<ParamsSummary> {
        let is_standard =
            |listed: &ListedParams<GenericPublicParams>| listed.params.mode() == Mode::Standard;
        let any_standard = self.listing.generic.iter().any(is_standard);
        let generic = self.listing.generic.iter();
        let generic = generic
            .filter(|listed| is_standard(listed) || !any_standard)
            .filter(|listed| !self.generic.contains(&listed.id))
            .map(ListedParams::summary);
        let group = self.listing.group.iter();
        let group = group
            .filter(|listed| !self.group.contains(&listed.id))
            .map(ListedParams::summary);
        let certificates = self.listing.certificates.iter();
        let certificates = certificates
            .filter(|listed| !self.certificates.contains(&listed.id))
            .map(ListedParams::summary);
        generic
            .chain(group)
            .chain(certificates)
            .filter(|one| !is_over(one, now))
            .collect()
    }

    /// Returns the keys of certificates that issue now, if none of them is trusted, for display to the user:
    /// this device gets no certificate under them.
    #[must_use]
    pub fn untrusted_certificate_keys(&self, now: Timestamp) -> Vec<ParamsSummary> {
        let issuing = issuing::around(&self.listing.certificates, now);
        if issuing
            .iter()
            .any(|one| self.certificates.contains(&one.id))
        {
            return Vec::new();
        }
        issuing.into_iter().map(ListedParams::summary).collect()
    }

    /// Returns the reason why a credential does not verify: it may have been made under new params that are
    /// not trusted here.
    pub(crate) fn explained(&self, error: IssuerError, now: Timestamp) -> IssuerError {
        self.listing.explained(error, now)
    }

    pub(crate) fn refusal(&self, kind: ParamsKind, now: Timestamp) -> IssuerError {
        let soon = now.plus(CLOCK_TOLERANCE.as_secs());
        let is_of_link = |one: &ParamsSummary| Some(one) == self.link_params();
        let is_used = |one: &ParamsSummary| {
            one.kind == kind && one.validity.not_before <= soon && !is_of_link(one)
        };
        let announced = self.announced(now).into_iter();
        let offered: Vec<ParamsId> = announced.filter(is_used).map(|one| one.id).collect();
        if offered.is_empty() {
            IssuerError::Verification
        } else {
            IssuerError::Untrusted { kind, offered }
        }
    }

    /// Returns the generic params that may issue now and are trusted everywhere: the newest valid ones, and
    /// around a change those of both periods. Legacy params are included only if no standard ones are listed
    /// for that time.
    ///
    /// # Errors
    /// [`IssuerError::Untrusted`] if none is trusted; [`IssuerError::Clock`] if the clocks explain that.
    pub fn issuing_generic(
        &self,
        now: Timestamp,
    ) -> Result<Vec<&ListedParams<GenericPublicParams>>, IssuerError> {
        let is_trusted = |id| self.generic.contains(&id);
        self.issuing(self.generic_kind(), &self.listing.generic, now, is_trusted)
    }

    /// Returns the generic params that may issue a credential for the room of the link now.
    pub(crate) fn issuing_for_link(
        &self,
        now: Timestamp,
    ) -> Result<Vec<&ListedParams<GenericPublicParams>>, IssuerError> {
        let is_trusted = |id| self.is_usable(id);
        self.issuing(self.generic_kind(), &self.listing.generic, now, is_trusted)
    }

    /// Returns the trusted group params that may issue now.
    ///
    /// # Errors
    /// [`IssuerError::Untrusted`] if none is trusted; [`IssuerError::Clock`] if the clocks explain that.
    pub fn issuing_group(
        &self,
        now: Timestamp,
    ) -> Result<Vec<&ListedParams<GroupServerPublicParams>>, IssuerError> {
        let is_trusted = |id| self.group.contains(&id);
        self.issuing(ParamsKind::Group, &self.listing.group, now, is_trusted)
    }

    /// Returns the trusted keys that may sign certificates now.
    ///
    /// # Errors
    /// [`IssuerError::Untrusted`] if none is trusted; [`IssuerError::Clock`] if the clocks explain that.
    pub fn issuing_certificates(
        &self,
        now: Timestamp,
    ) -> Result<Vec<&ListedParams<CertificatePublicKey>>, IssuerError> {
        let is_trusted = |id| self.certificates.contains(&id);
        self.issuing(
            ParamsKind::Certificates,
            &self.listing.certificates,
            now,
            is_trusted,
        )
    }

    fn issuing<'a, P: Params>(
        &self,
        kind: ParamsKind,
        entries: &'a [ListedParams<P>],
        now: Timestamp,
        is_trusted: impl Fn(ParamsId) -> bool,
    ) -> Result<Vec<&'a ListedParams<P>>, IssuerError> {
        let mut candidates = issuing::around(entries, now);
        let offered = candidates.iter().map(|listed| listed.id).collect();
        candidates.retain(|listed| is_trusted(listed.id));
        if candidates.is_empty() {
            return Err(self.explained(IssuerError::Untrusted { kind, offered }, now));
        }
        Ok(candidates)
    }

    fn is_usable(&self, id: ParamsId) -> bool {
        self.generic.contains(&id) || self.link_params().is_some_and(|link| link.id == id)
    }
}

/// Returns the ids of pinned params. Removes forged params with these ids, so that no look-up by id returns
/// them.
fn trusted_ids<P: Params>(entries: &mut Vec<ListedParams<P>>, pins: &PinSet) -> Vec<ParamsId> {
    let pinned = entries.iter().filter(|listed| listed.is_pinned(pins));
    let ids: Vec<ParamsId> = pinned.map(|listed| listed.id).collect();
    entries.retain(|listed| !ids.contains(&listed.id) || listed.is_pinned(pins));
    ids
}

fn by_id<'a, P>(
    entries: &'a [ListedParams<P>],
    trusted: &[ParamsId],
    id: ParamsId,
) -> Option<&'a P> {
    let mut entries = entries.iter().filter(|_| trusted.contains(&id));
    entries
        .find(|listed| listed.id == id)
        .map(|listed| &listed.params)
}

/// Returns whether the params have ended. The end of some params lies before their start.
fn is_over(one: &ParamsSummary, now: Timestamp) -> bool {
    let end = one.validity.not_after;
    end.is_some_and(|end| end <= now.max(one.validity.not_before))
}
