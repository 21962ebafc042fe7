//! The issuer's public params, and which of them are trusted.

use anteroom_protocol::{GenericPublicParams, GroupServerPublicParams, Mode, ParamsId, Timestamp};

use crate::{
    CLOCK_TOLERANCE, ClientError, ParamsKind, Pin, PinStore, Trust,
    wire::{self, ParamsBody, ParamsEntry},
};

/// When params issue and verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// From then on.
    pub not_before: Timestamp,
    /// Up to then, and not at it; `None`: without end.
    pub not_after: Option<Timestamp>,
}

impl Validity {
    /// Whether `moment` is inside.
    #[must_use]
    pub fn contains(&self, moment: Timestamp) -> bool {
        self.not_before <= moment && self.not_after.is_none_or(|end| moment < end)
    }
}

/// Params as the issuer lists them.
#[derive(Clone, Debug)]
pub struct Listed<P> {
    /// The params.
    pub params: P,
    /// Their id, computed from their bytes.
    pub id: ParamsId,
    /// When they are good.
    pub validity: Validity,
}

/// All params an issuer lists. Nothing is said yet about trust.
#[derive(Clone, Debug)]
pub struct PublishedParams {
    /// For call-link credentials.
    pub generic: Vec<Listed<GenericPublicParams>>,
    /// For group credentials.
    pub group: Vec<Listed<GroupServerPublicParams>>,
}

impl PublishedParams {
    pub(crate) fn parse(body: &ParamsBody) -> Result<Self, ClientError> {
        let mut published = Self {
            generic: Vec::new(),
            group: Vec::new(),
        };
        for entry in &body.params {
            let bytes = wire::decode(&entry.public_params)?;
            // Other kinds may come with later versions.
            if entry.kind == ParamsKind::Generic.as_str() {
                let params = GenericPublicParams::from_bytes(&bytes).map_err(no_params)?;
                let id = params.id();
                published.generic.push(listed(entry, params, id)?);
            } else if entry.kind == ParamsKind::Group.as_str() {
                let params = GroupServerPublicParams::from_bytes(&bytes).map_err(no_params)?;
                let id = params.id();
                published.group.push(listed(entry, params, id)?);
            }
        }
        Ok(published)
    }

    /// Compares with the pins, and pins what `trust` allows.
    ///
    /// # Errors
    /// The pins cannot be read or written. Params that stay without trust are no error here but
    /// where they would be used.
    pub fn trusted(
        self,
        pins: &dyn PinStore,
        trust: Trust<'_>,
    ) -> Result<TrustedParams, ClientError> {
        let pinned = pins.pins()?;
        let mut added = Vec::new();
        let generic = judge(self.generic, &pinned, trust, &mut added, Pin::generic);
        let group = judge(self.group, &pinned, trust, &mut added, Pin::group);
        if !added.is_empty() {
            pins.add(&added)?;
        }
        Ok(TrustedParams {
            generic,
            group,
            added: added.iter().map(Pin::id).collect(),
        })
    }
}

/// An issuer's params after the comparison with the pins.
#[derive(Clone, Debug)]
pub struct TrustedParams {
    generic: Vec<Judged<GenericPublicParams>>,
    group: Vec<Judged<GroupServerPublicParams>>,
    added: Vec<ParamsId>,
}

impl TrustedParams {
    /// The ids that were pinned just now.
    #[must_use]
    pub fn newly_pinned(&self) -> &[ParamsId] {
        &self.added
    }

    /// Trusted generic params by their id.
    #[must_use]
    pub fn generic(&self, id: ParamsId) -> Option<&GenericPublicParams> {
        by_id(&self.generic, id)
    }

    /// Trusted group params by their id.
    #[must_use]
    pub fn group(&self, id: ParamsId) -> Option<&GroupServerPublicParams> {
        by_id(&self.group, id)
    }

    /// Whether what was made under these generic params is still taken: they are trusted, and their
    /// time is now.
    #[must_use]
    pub fn verifies(&self, id: ParamsId, now: Timestamp) -> bool {
        self.generic.iter().any(|judged| {
            let listed = &judged.listed;
            judged.trusted && listed.id == id && listed.validity.contains(now)
        })
    }

    /// What the issuer lists for now or later without being trusted: to be shown to the user in
    /// time. An issuer's word alone is never enough, since it could give each client another.
    ///
    /// Legacy params count only where no standard ones are listed: they are never used otherwise.
    #[must_use]
    pub fn announced(&self, now: Timestamp) -> Vec<Announced> {
        let is_standard =
            |judged: &Judged<GenericPublicParams>| judged.listed.params.mode() == Mode::Standard;
        let any_standard = self.generic.iter().any(is_standard);
        let generic = self
            .generic
            .iter()
            .filter(|judged| is_standard(judged) || !any_standard);
        let mut announced: Vec<Announced> = generic
            .filter_map(|judged| judged.announced(ParamsKind::Generic, now))
            .collect();
        let group = self.group.iter();
        announced.extend(group.filter_map(|judged| judged.announced(ParamsKind::Group, now)));
        announced
    }

    /// Why a credential does not verify: it may have been made under params that are new, and that
    /// nothing here trusts.
    pub(crate) fn refusal(&self, kind: ParamsKind, now: Timestamp) -> ClientError {
        let soon = now.plus(CLOCK_TOLERANCE.as_secs());
        let is_used = |one: &Announced| one.kind == kind && one.validity.not_before <= soon;
        let announced = self.announced(now).into_iter();
        let offered: Vec<ParamsId> = announced.filter(is_used).map(|one| one.id).collect();
        if offered.is_empty() {
            ClientError::Verification
        } else {
            ClientError::Untrusted { kind, offered }
        }
    }

    /// The trusted generic params that may issue now: the newest valid ones, around a change those
    /// of both sides. Legacy ones only if no standard ones are listed for that time.
    ///
    /// # Errors
    /// [`ClientError::Untrusted`] if none is.
    pub fn issuing_generic(
        &self,
        now: Timestamp,
    ) -> Result<Vec<&Listed<GenericPublicParams>>, ClientError> {
        issuing(&self.generic, ParamsKind::Generic, now, |params| {
            params.mode() == Mode::Legacy
        })
    }

    /// The trusted group params that may issue now.
    ///
    /// # Errors
    /// [`ClientError::Untrusted`] if none is.
    pub fn issuing_group(
        &self,
        now: Timestamp,
    ) -> Result<Vec<&Listed<GroupServerPublicParams>>, ClientError> {
        issuing(&self.group, ParamsKind::Group, now, |_| false)
    }
}

/// Params that the issuer uses or is going to use, and that nothing here trusts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announced {
    /// What they are for.
    pub kind: ParamsKind,
    /// Their id, to be compared with what other members see.
    pub id: ParamsId,
    /// When they are good.
    pub validity: Validity,
}

#[derive(Clone, Debug)]
struct Judged<P> {
    listed: Listed<P>,
    trusted: bool,
}

impl<P> Judged<P> {
    fn announced(&self, kind: ParamsKind, now: Timestamp) -> Option<Announced> {
        let Validity {
            not_before,
            not_after,
        } = self.listed.validity;
        // Some end before they begin.
        let is_over = not_after.is_some_and(|end| end <= now.max(not_before));
        (!self.trusted && !is_over).then_some(Announced {
            kind,
            id: self.listed.id,
            validity: self.listed.validity,
        })
    }
}

fn no_params(_: anteroom_protocol::ParseError) -> ClientError {
    ClientError::Malformed("server params do not parse")
}

fn listed<P>(entry: &ParamsEntry, params: P, id: ParamsId) -> Result<Listed<P>, ClientError> {
    if ParamsId::parse(&entry.id) != Ok(id) {
        return Err(ClientError::Malformed("server params have another id"));
    }
    Ok(Listed {
        params,
        id,
        validity: Validity {
            not_before: Timestamp::from_secs(entry.not_before),
            not_after: entry.not_after.map(Timestamp::from_secs),
        },
    })
}

fn judge<P>(
    entries: Vec<Listed<P>>,
    pinned: &[Pin],
    trust: Trust<'_>,
    added: &mut Vec<Pin>,
    pin: fn(&P) -> Pin,
) -> Vec<Judged<P>> {
    let judge_one = |listed: Listed<P>| {
        let candidate = pin(&listed.params);
        let same_kind = || pinned.iter().filter(|pin| pin.kind() == candidate.kind());
        let same_bytes = pinned.contains(&candidate);
        // A key that only shares the id of a pinned one is an impostor.
        let same_id = same_kind().any(|pin| pin.id() == listed.id);
        let newly = !same_id
            && match trust {
                Trust::PinnedOnly => false,
                Trust::FirstUse => same_kind().next().is_none(),
                Trust::Ids(ids) => ids.contains(&listed.id),
            };
        if newly {
            added.push(candidate);
        }
        Judged {
            listed,
            trusted: same_bytes || newly,
        }
    };
    entries.into_iter().map(judge_one).collect()
}

fn by_id<P>(entries: &[Judged<P>], id: ParamsId) -> Option<&P> {
    entries
        .iter()
        .find(|judged| judged.trusted && judged.listed.id == id)
        .map(|judged| &judged.listed.params)
}

fn issuing<P>(
    entries: &[Judged<P>],
    kind: ParamsKind,
    now: Timestamp,
    is_legacy: fn(&P) -> bool,
) -> Result<Vec<&Listed<P>>, ClientError> {
    let mut candidates: Vec<&Judged<P>> = Vec::new();
    for moment in [
        now,
        now.minus(CLOCK_TOLERANCE.as_secs()),
        now.plus(CLOCK_TOLERANCE.as_secs()),
    ] {
        // Where an issuer lists both modes, legacy is for other clients: it must not be able to
        // tell its clients apart by the mode it picks for each.
        let newest = entries
            .iter()
            .filter(|judged| judged.listed.validity.contains(moment))
            .max_by_key(|judged| {
                let listed = &judged.listed;
                (!is_legacy(&listed.params), listed.validity.not_before)
            });
        if let Some(newest) = newest
            && !candidates.iter().any(|known| std::ptr::eq(*known, newest))
        {
            candidates.push(newest);
        }
    }
    let trusted: Vec<&Listed<P>> = candidates
        .iter()
        .filter(|judged| judged.trusted)
        .map(|judged| &judged.listed)
        .collect();
    if trusted.is_empty() {
        let offered = candidates.iter().map(|judged| judged.listed.id).collect();
        return Err(ClientError::Untrusted { kind, offered });
    }
    Ok(trusted)
}

#[cfg(test)]
mod tests;
