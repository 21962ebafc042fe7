//! The server params that verify presentations.
//!
//! Guest accounts have credentials under params of their own. The params that verify a presentation
//! tell which kind of account shows it, and nothing else of the account.

use anteroom_protocol::{
    AuthPresentation, CallLinkPublicParams, CreatePresentation, GenericSecretParams, MemberKey,
    Mode, ParamsId, RoomId, Timestamp, VerifyingParams, VerifyingParamsEntry,
};
use anteroom_store::{ServerParamsKind, ServerParamsRecord};

/// The tolerance, in seconds, for an issuer's clock that is ahead. Presentations within it are
/// accepted.
const CLOCK_TOLERANCE: u64 = 15 * 60;

/// Stored server params that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// The bytes are not server params.
    #[error("the stored server params {0} cannot be read")]
    Malformed(ParamsId),
    /// The params do not have the id under which they are stored.
    #[error("the stored server params {0} have another id")]
    Mismatch(ParamsId),
    /// The params are group params, for which the room service has no use.
    #[error("the stored server params {0} are not generic ones")]
    Foreign(ParamsId),
}

/// The kind of account that shows a presentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HolderKind {
    /// A regular account.
    Regular,
    /// The account of a guest.
    Guest,
}

/// The server params of both kinds of accounts.
#[derive(Debug, Default)]
pub struct VerifierKeys {
    regular: VerifyingParams,
    guest: VerifyingParams,
}

impl VerifierKeys {
    /// Returns the kind of account that shows the presentation; `None` if it does not hold.
    pub(super) fn holder(
        &self,
        presentation: &AuthPresentation,
        now: Timestamp,
        link: &CallLinkPublicParams,
        member: Option<&MemberKey>,
    ) -> Option<HolderKind> {
        let holds =
            |keys: &VerifyingParams| keys.verify_auth(presentation, now, link, member).is_ok();
        if holds(&self.regular) {
            Some(HolderKind::Regular)
        } else {
            holds(&self.guest).then_some(HolderKind::Guest)
        }
    }

    /// Returns the kind of account that shows the presentation, which is never a guest; `None` if it
    /// does not hold.
    pub(super) fn creator(
        &self,
        presentation: &CreatePresentation,
        room: &RoomId,
        now: Timestamp,
        link: &CallLinkPublicParams,
    ) -> Option<HolderKind> {
        let verified = self.regular.verify_create(presentation, room, now, link);
        verified.is_ok().then_some(HolderKind::Regular)
    }

    /// Returns whether any params of regular accounts are accepted at `now`.
    pub(super) fn any_valid(&self, now: Timestamp) -> bool {
        self.regular.any_valid(now)
    }

    /// Returns the first moment after `now` at which the set of accepted params changes, if there is
    /// one.
    pub(super) fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        let changes = [self.regular.next_change(now), self.guest.next_change(now)];
        changes.into_iter().flatten().min()
    }
}

/// Creates the verifier's keys from the rows of the rooms' database.
///
/// # Errors
/// Params that do not parse, do not have the id under which they are stored, or are of a kind that rooms do not have.
pub fn verifier_keys(records: &[ServerParamsRecord]) -> Result<VerifierKeys, KeysError> {
    let (mut regular, mut guest) = (Vec::new(), Vec::new());
    for record in records {
        let of_kind = match record.kind {
            ServerParamsKind::Generic => &mut regular,
            ServerParamsKind::Guest => &mut guest,
            ServerParamsKind::Group | ServerParamsKind::Certificates => {
                return Err(KeysError::Foreign(record.id));
            }
        };
        let params = GenericSecretParams::from_bytes(&record.secret)
            .map_err(|_| KeysError::Malformed(record.id))?;
        // Params of guests are of the standard mode.
        if record.kind == ServerParamsKind::Guest && params.mode() != Mode::Standard {
            return Err(KeysError::Malformed(record.id));
        }
        if params.public_params().id() != record.id {
            return Err(KeysError::Mismatch(record.id));
        }
        of_kind.push(VerifyingParamsEntry {
            params,
            not_before: record.not_before.minus(CLOCK_TOLERANCE),
            not_after: record.not_after,
        });
    }
    Ok(VerifierKeys {
        regular: VerifyingParams::new(regular),
        guest: VerifyingParams::new(guest),
    })
}

#[cfg(test)]
impl VerifierKeys {
    /// Creates keys of regular accounts alone.
    pub(super) fn of_regular(regular: VerifyingParams) -> Self {
        Self {
            regular,
            guest: VerifyingParams::default(),
        }
    }
}
