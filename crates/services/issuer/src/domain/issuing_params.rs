//! The live server params.
//!
//! Several can be live: the newest valid ones issue, all valid ones verify, and the next ones are
//! published before they are used, so that clients can pin them in time.

use std::{cmp::Reverse, sync::Arc};

use anteroom_protocol::{
    DAY, GenericSecretParams, GroupServerSecretParams, Mode, ParamsId, Timestamp,
};
use anteroom_store::{ServerParamsKind, ServerParamsRecord};

use super::certificate_params::CertificateParams;

/// Secret params and the time of their validity: from `not_before` on, and before `not_after` if
/// there is one.
pub struct DatedParams<T> {
    /// The params.
    pub params: T,
    /// The time from which they issue.
    pub not_before: Timestamp,
    /// The time from which they are invalid.
    pub not_after: Option<Timestamp>,
}

/// Returns the time from which every credential is invalid that was issued before `replaced` by the
/// replaced params: credentials can be requested for 8 days ahead, each can be shown for 2 days
/// after that, and one more day allows for clocks and for processes that load new params late.
#[must_use]
pub const fn credentials_end(replaced: Timestamp) -> Timestamp {
    replaced.start_of_day().plus((8 + 2 + 1) * DAY)
}

/// The error for stored server params that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IssuingParamsError {
    /// The bytes are not server params.
    #[error("the stored server params {0} cannot be read")]
    Malformed(ParamsId),
    /// The params do not have the id under which they are stored.
    #[error("the stored server params {0} have another id")]
    Mismatch(ParamsId),
}

/// The server params of an issuer. Clones share them.
#[derive(Clone)]
pub struct IssuingParams {
    mode: Mode,
    generic: Arc<[Entry<GenericSecretParams>]>,
    group: Arc<[Entry<GroupServerSecretParams>]>,
    guest: Arc<[Entry<GenericSecretParams>]>,
    certificates: Arc<[Entry<CertificateParams>]>,
}

/// Public params and the time of their validity.
pub(crate) struct PublicParams {
    pub(crate) id: ParamsId,
    pub(crate) kind: ServerParamsKind,
    pub(crate) version: u8,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Option<Timestamp>,
    pub(crate) bytes: Vec<u8>,
}

struct Entry<T> {
    secret: Arc<T>,
    public: PublicParams,
}

impl IssuingParams {
    /// Creates the set from params in any order. Of the generic ones only those of `mode` issue.
    /// The others are published and verify.
    #[must_use]
    pub fn new(
        mode: Mode,
        generic: Vec<DatedParams<GenericSecretParams>>,
        group: Vec<DatedParams<GroupServerSecretParams>>,
    ) -> Self {
        let group = group.into_iter().map(|dated| {
            let public = dated.params.public_params();
            let kind = ServerParamsKind::Group;
            let (id, bytes) = (public.id(), public.to_bytes());
            // Group credentials always use the legacy mode of their key.
            Entry::new(dated, id, kind, 0, bytes)
        });
        Self {
            mode,
            generic: generic_entries(generic, ServerParamsKind::Generic),
            group: newest_first(group.collect()),
            certificates: newest_first(Vec::new()),
            guest: Arc::from([]),
        }
    }

    /// Adds the generic params that issue to guests. Those of the standard mode issue, whatever the
    /// mode of the others.
    #[must_use]
    pub fn with_guests(self, guest: Vec<DatedParams<GenericSecretParams>>) -> Self {
        Self {
            guest: generic_entries(guest, ServerParamsKind::Guest),
            ..self
        }
    }

    /// Replaces the keys of certificates, of which there are none at first. They may be in any order.
    #[must_use]
    pub fn with_certificates(mut self, keys: Vec<DatedParams<CertificateParams>>) -> Self {
        let keys = keys.into_iter().map(|dated| {
            let (id, bytes) = (dated.params.id(), dated.params.public_params());
            // There is one version: another algorithm would be another kind.
            Entry::new(dated, id, ServerParamsKind::Certificates, 1, bytes)
        });
        self.certificates = newest_first(keys.collect());
        self
    }

    /// Creates the set from the rows of the store.
    ///
    /// # Errors
    /// Params that do not parse, or do not have the id under which they are stored.
    pub fn from_records(
        mode: Mode,
        records: &[ServerParamsRecord],
    ) -> Result<Self, IssuingParamsError> {
        let (mut generic, mut group) = (Vec::new(), Vec::new());
        let (mut certificates, mut guest) = (Vec::new(), Vec::new());
        for record in records {
            let secret = &record.secret;
            match record.kind {
                ServerParamsKind::Generic => generic.push(generic_params(record)?),
                ServerParamsKind::Guest => guest.push(guest_params(record)?),
                ServerParamsKind::Group => group.push(dated(
                    record,
                    GroupServerSecretParams::from_bytes(secret),
                    |params| params.public_params().id(),
                )?),
                ServerParamsKind::Certificates => certificates.push(dated(
                    record,
                    CertificateParams::from_bytes(secret),
                    CertificateParams::id,
                )?),
            }
        }
        Ok(Self::new(mode, generic, group)
            .with_certificates(certificates)
            .with_guests(guest))
    }

    /// Returns the generic params that issue at `now`.
    pub(crate) fn issuing_generic(&self, now: Timestamp) -> Option<Arc<GenericSecretParams>> {
        self.issuing_generic_entry(now)
            .map(|entry| Arc::clone(&entry.secret))
    }

    /// Returns the params that issue to guests at `now`.
    pub(crate) fn issuing_guest(&self, now: Timestamp) -> Option<Arc<GenericSecretParams>> {
        self.issuing_guest_entry(now)
            .map(|entry| Arc::clone(&entry.secret))
    }

    /// Returns the group params that issue at `now`.
    pub(crate) fn issuing_group(&self, now: Timestamp) -> Option<Arc<GroupServerSecretParams>> {
        self.issuing_group_entry(now)
            .map(|entry| Arc::clone(&entry.secret))
    }

    /// Returns the key that signs certificates at `now`.
    pub(crate) fn issuing_certificates(&self, now: Timestamp) -> Option<Arc<CertificateParams>> {
        newest_valid(&self.certificates, now).map(|entry| Arc::clone(&entry.secret))
    }

    /// Returns all params, newest first in each kind, with whether they issue at `now`. Includes those that are
    /// invalid then: a client with a link made under those can verify that every client saw the
    /// same params.
    pub(crate) fn published(&self, now: Timestamp) -> impl Iterator<Item = (&PublicParams, bool)> {
        let generic = self.issuing_generic_entry(now).map(|entry| entry.public.id);
        let group = self.issuing_group_entry(now).map(|entry| entry.public.id);
        let certificates = newest_valid(&self.certificates, now).map(|entry| entry.public.id);
        let guest = self.issuing_guest_entry(now).map(|entry| entry.public.id);
        published(&self.generic, generic)
            .chain(published(&self.group, group))
            .chain(published(&self.certificates, certificates))
            .chain(published(&self.guest, guest))
    }

    fn issuing_generic_entry(&self, now: Timestamp) -> Option<&Entry<GenericSecretParams>> {
        self.generic
            .iter()
            .find(|entry| entry.secret.mode() == self.mode && entry.is_valid_at(now))
    }

    fn issuing_group_entry(&self, now: Timestamp) -> Option<&Entry<GroupServerSecretParams>> {
        newest_valid(&self.group, now)
    }

    fn issuing_guest_entry(&self, now: Timestamp) -> Option<&Entry<GenericSecretParams>> {
        self.guest
            .iter()
            .find(|entry| entry.secret.mode() == Mode::Standard && entry.is_valid_at(now))
    }
}

impl<T> Entry<T> {
    fn new(
        dated: DatedParams<T>,
        id: ParamsId,
        kind: ServerParamsKind,
        version: u8,
        bytes: Vec<u8>,
    ) -> Self {
        Self {
            secret: Arc::new(dated.params),
            public: PublicParams {
                id,
                kind,
                version,
                not_before: dated.not_before,
                not_after: dated.not_after,
                bytes,
            },
        }
    }

    fn is_valid_at(&self, now: Timestamp) -> bool {
        self.public.not_before <= now && self.public.not_after.is_none_or(|end| now < end)
    }
}

fn generic_entries(
    params: Vec<DatedParams<GenericSecretParams>>,
    kind: ServerParamsKind,
) -> Arc<[Entry<GenericSecretParams>]> {
    let entry = |dated: DatedParams<GenericSecretParams>| {
        let public = dated.params.public_params();
        let version = match dated.params.mode() {
            Mode::Legacy => 0,
            Mode::Standard => 1,
        };
        let (id, bytes) = (public.id(), public.to_bytes());
        Entry::new(dated, id, kind, version, bytes)
    };
    newest_first(params.into_iter().map(entry).collect())
}

fn generic_params(
    record: &ServerParamsRecord,
) -> Result<DatedParams<GenericSecretParams>, IssuingParamsError> {
    dated(
        record,
        GenericSecretParams::from_bytes(&record.secret),
        |params| params.public_params().id(),
    )
}

/// Returns the params of a row of guests, which are of the standard mode.
fn guest_params(
    record: &ServerParamsRecord,
) -> Result<DatedParams<GenericSecretParams>, IssuingParamsError> {
    let dated = generic_params(record)?;
    match dated.params.mode() {
        Mode::Standard => Ok(dated),
        Mode::Legacy => Err(IssuingParamsError::Malformed(record.id)),
    }
}

/// Returns the params of a row, if they have the row's id.
fn dated<T, E>(
    record: &ServerParamsRecord,
    params: Result<T, E>,
    id: impl FnOnce(&T) -> ParamsId,
) -> Result<DatedParams<T>, IssuingParamsError> {
    let params = params.map_err(|_| IssuingParamsError::Malformed(record.id))?;
    if id(&params) != record.id {
        return Err(IssuingParamsError::Mismatch(record.id));
    }
    Ok(DatedParams {
        params,
        not_before: record.not_before,
        not_after: record.not_after,
    })
}

/// Sorts params, newest first. Two with the same start are in the order of their ids, so that all
/// processes of an issuer agree on which one issues.
fn newest_first<T>(mut entries: Vec<Entry<T>>) -> Arc<[Entry<T>]> {
    entries.sort_by_key(|entry| (Reverse(entry.public.not_before), entry.public.id));
    entries.into()
}

fn newest_valid<T>(entries: &[Entry<T>], now: Timestamp) -> Option<&Entry<T>> {
    entries.iter().find(|entry| entry.is_valid_at(now))
}

fn published<T>(
    entries: &[Entry<T>],
    issuing: Option<ParamsId>,
) -> impl Iterator<Item = (&PublicParams, bool)> {
    let entries = entries.iter().map(|entry| &entry.public);
    entries.map(move |public| (public, issuing == Some(public.id)))
}
