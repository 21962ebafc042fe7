//! An issuer's params after the comparison with the pins.

use anteroom_protocol::{
    GenericPublicParams, GroupServerPublicParams, Mode, ParamsId, RoomId, Timestamp,
};

use super::{
    Listed, ParamsSummary, ParamsSwitch, PublishedParams,
    issuing::{self, Params},
};
use crate::{CLOCK_TOLERANCE, ClientError, ParamsKind, Pin, PinSet};

/// An issuer's params after the comparison with the pins.
#[derive(Clone, Debug)]
pub struct TrustedParams {
    listing: PublishedParams,
    generic: Vec<ParamsId>,
    group: Vec<ParamsId>,
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
        let is_pinned = |pin: Pin| pins.pins().contains(&pin);
        let generic = trusted_ids(&listing.generic, |params| is_pinned(Pin::generic(params)));
        let group = trusted_ids(&listing.group, |params| is_pinned(Pin::group(params)));
        // An impostor with a trusted id must not be found by it.
        listing.generic.retain(|listed| {
            !generic.contains(&listed.id) || is_pinned(Pin::generic(&listed.params))
        });
        listing
            .group
            .retain(|listed| !group.contains(&listed.id) || is_pinned(Pin::group(&listed.params)));
        Self {
            listing,
            generic,
            group,
            added,
            switches,
            link: None,
        }
    }

    /// The same, and these params for the room of a link.
    pub(super) fn with_link(mut self, room: RoomId, listed: &Listed<GenericPublicParams>) -> Self {
        // An impostor with the link's id must not be found by it.
        self.listing
            .generic
            .retain(|other| other.id != listed.id || other.params == listed.params);
        self.link = Some(LinkScope {
            room,
            summary: listed.summary(ParamsKind::Generic),
            params: listed.params.clone(),
        });
        self
    }

    /// The params that were pinned just now, to be shown to the user.
    #[must_use]
    pub fn newly_pinned(&self) -> &[ParamsSummary] {
        &self.added
    }

    /// The changes of the issuing params since the issuer was asked last, to be shown to the user.
    /// Each is given once.
    #[must_use]
    pub fn switches(&self) -> &[ParamsSwitch] {
        &self.switches
    }

    /// The params that a link was made under, if they are trusted for its room alone, to be shown
    /// to the user.
    #[must_use]
    pub fn link_params(&self) -> Option<&ParamsSummary> {
        self.link.as_ref().map(|link| &link.summary)
    }

    /// Generic params by their id, if they are trusted everywhere.
    #[must_use]
    pub fn generic(&self, id: ParamsId) -> Option<&GenericPublicParams> {
        by_id(&self.listing.generic, &self.generic, id)
    }

    /// Group params by their id, if they are trusted.
    #[must_use]
    pub fn group(&self, id: ParamsId) -> Option<&GroupServerPublicParams> {
        by_id(&self.listing.group, &self.group, id)
    }

    /// Generic params by their id, with the room that they are trusted for if it is only one.
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

    /// Whether what was made under these generic params is still taken: they are trusted, and their
    /// time is now.
    #[must_use]
    pub fn verifies(&self, id: ParamsId, now: Timestamp) -> bool {
        let mut listed = self.listing.generic.iter();
        self.is_usable(id) && listed.any(|one| one.id == id && one.validity.contains(now))
    }

    /// Params that the issuer lists for now or later and that are not trusted: to be shown to the
    /// user in time. An issuer's word alone is never enough, since it could give each client another.
    ///
    /// Legacy params count only where no standard ones are listed: they are never used otherwise.
    #[must_use]
    pub fn announced(&self, now: Timestamp) -> Vec<ParamsSummary> {
        let is_standard =
            |listed: &Listed<GenericPublicParams>| listed.params.mode() == Mode::Standard;
        let any_standard = self.listing.generic.iter().any(is_standard);
        let generic = self.listing.generic.iter();
        let generic = generic
            .filter(|listed| is_standard(listed) || !any_standard)
            .filter(|listed| !self.generic.contains(&listed.id))
            .map(|listed| listed.summary(ParamsKind::Generic));
        let group = self.listing.group.iter();
        let group = group
            .filter(|listed| !self.group.contains(&listed.id))
            .map(|listed| listed.summary(ParamsKind::Group));
        generic
            .chain(group)
            .filter(|one| !is_over(one, now))
            .collect()
    }

    /// Why a credential does not verify: it may have been made under params that are new, and that
    /// nothing here trusts.
    pub(crate) fn explained(&self, error: ClientError, now: Timestamp) -> ClientError {
        self.listing.explained(error, now)
    }

    pub(crate) fn refusal(&self, kind: ParamsKind, now: Timestamp) -> ClientError {
        let soon = now.plus(CLOCK_TOLERANCE.as_secs());
        let is_of_link = |one: &ParamsSummary| Some(one) == self.link_params();
        let is_used = |one: &ParamsSummary| {
            one.kind == kind && one.validity.not_before <= soon && !is_of_link(one)
        };
        let announced = self.announced(now).into_iter();
        let offered: Vec<ParamsId> = announced.filter(is_used).map(|one| one.id).collect();
        if offered.is_empty() {
            ClientError::Verification
        } else {
            ClientError::Untrusted { kind, offered }
        }
    }

    /// The generic params that may issue now and are trusted everywhere: the newest valid ones,
    /// around a change those of both sides. Legacy ones only if no standard ones are listed for
    /// that time.
    ///
    /// # Errors
    /// [`ClientError::Untrusted`] if none is; [`ClientError::Clock`] if the clocks explain that.
    pub fn issuing_generic(
        &self,
        now: Timestamp,
    ) -> Result<Vec<&Listed<GenericPublicParams>>, ClientError> {
        let is_trusted = |id| self.generic.contains(&id);
        let candidates = issuing(&self.listing.generic, ParamsKind::Generic, now, is_trusted);
        candidates.map_err(|error| self.explained(error, now))
    }

    /// The generic params that may issue a credential for the room of the link now.
    pub(crate) fn issuing_for_link(
        &self,
        now: Timestamp,
    ) -> Result<Vec<&Listed<GenericPublicParams>>, ClientError> {
        let is_usable = |id| self.is_usable(id);
        let candidates = issuing(&self.listing.generic, ParamsKind::Generic, now, is_usable);
        candidates.map_err(|error| self.explained(error, now))
    }

    /// The trusted group params that may issue now.
    ///
    /// # Errors
    /// [`ClientError::Untrusted`] if none is; [`ClientError::Clock`] if the clocks explain that.
    pub fn issuing_group(
        &self,
        now: Timestamp,
    ) -> Result<Vec<&Listed<GroupServerPublicParams>>, ClientError> {
        let is_trusted = |id| self.group.contains(&id);
        let candidates = issuing(&self.listing.group, ParamsKind::Group, now, is_trusted);
        candidates.map_err(|error| self.explained(error, now))
    }

    fn is_usable(&self, id: ParamsId) -> bool {
        self.generic.contains(&id) || self.link_params().is_some_and(|link| link.id == id)
    }
}

fn trusted_ids<P>(entries: &[Listed<P>], is_pinned: impl Fn(&P) -> bool) -> Vec<ParamsId> {
    let pinned = entries.iter().filter(|listed| is_pinned(&listed.params));
    pinned.map(|listed| listed.id).collect()
}

fn by_id<'a, P>(entries: &'a [Listed<P>], trusted: &[ParamsId], id: ParamsId) -> Option<&'a P> {
    let mut entries = entries.iter().filter(|_| trusted.contains(&id));
    entries
        .find(|listed| listed.id == id)
        .map(|listed| &listed.params)
}

/// Some params end before they begin.
fn is_over(one: &ParamsSummary, now: Timestamp) -> bool {
    let end = one.validity.not_after;
    end.is_some_and(|end| end <= now.max(one.validity.not_before))
}

fn issuing<P: Params>(
    entries: &[Listed<P>],
    kind: ParamsKind,
    now: Timestamp,
    is_trusted: impl Fn(ParamsId) -> bool,
) -> Result<Vec<&Listed<P>>, ClientError> {
    let candidates = issuing::around(entries, now);
    let trusted: Vec<&Listed<P>> = candidates
        .iter()
        .copied()
        .filter(|listed| is_trusted(listed.id))
        .collect();
    if trusted.is_empty() {
        let offered = candidates.iter().map(|listed| listed.id).collect();
        return Err(ClientError::Untrusted { kind, offered });
    }
    Ok(trusted)
}
