//! The server params in force at one time (section 5.2): old and new keys, legacy and standard.

use crate::{
    AuthPresentation, CallLinkPublicParams, CreatePresentation, GenericSecretParams, MemberKey,
    Mode, RoomId, Timestamp, VerifyError,
};

/// Server params with the time during which presentations made under them are accepted.
#[derive(Debug)]
pub struct VerifyingParamsEntry {
    /// The params.
    pub params: GenericSecretParams,
    /// The first moment of that time.
    pub not_before: Timestamp,
    /// The first moment after that time; `None` if it has no end.
    pub not_after: Option<Timestamp>,
}

impl VerifyingParamsEntry {
    fn is_valid(&self, now: Timestamp) -> bool {
        self.not_before <= now && self.not_after.is_none_or(|end| now < end)
    }
}

/// All params of a verifier. It selects by the version byte and, within a version, tries the keys that are
/// valid at the time.
#[derive(Debug, Default)]
pub struct VerifyingParams(Vec<VerifyingParamsEntry>);

impl VerifyingParams {
    /// Creates the set from keys in the order in which they are tried.
    #[must_use]
    pub const fn new(params: Vec<VerifyingParamsEntry>) -> Self {
        Self(params)
    }

    /// Verifies a create presentation under each key that may have made it.
    ///
    /// # Errors
    /// The presentation verifies under none.
    pub fn verify_create(
        &self,
        presentation: &CreatePresentation,
        room_id: &RoomId,
        now: Timestamp,
        link: &CallLinkPublicParams,
    ) -> Result<(), VerifyError> {
        self.any(presentation.mode(), now, |params| {
            presentation.verify(room_id, now, params, link)
        })
    }

    /// Verifies an auth presentation for a member key, or for none, under each key that may have made it.
    ///
    /// # Errors
    /// The presentation verifies under none.
    pub fn verify_auth(
        &self,
        presentation: &AuthPresentation,
        now: Timestamp,
        link: &CallLinkPublicParams,
        member: Option<&MemberKey>,
    ) -> Result<(), VerifyError> {
        self.any(presentation.mode(), now, |params| {
            presentation.verify_for(now, params, link, member)
        })
    }

    /// Returns whether any params are accepted at `now`.
    #[must_use]
    pub fn any_valid(&self, now: Timestamp) -> bool {
        self.0.iter().any(|key| key.is_valid(now))
    }

    /// Returns the first moment after `now` at which the set of accepted params changes, if there is one.
    #[must_use]
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        let bounds = self
            .0
            .iter()
            .map(|key| [Some(key.not_before), key.not_after]);
        bounds
            .flatten()
            .flatten()
            .filter(|bound| *bound > now)
            .min()
    }

    fn any(
        &self,
        mode: Mode,
        now: Timestamp,
        verify: impl Fn(&GenericSecretParams) -> Result<(), VerifyError>,
    ) -> Result<(), VerifyError> {
        let candidates = self.0.iter().filter(|key| key.is_valid(now));
        candidates
            .filter(|key| key.params.mode() == mode)
            .find_map(|key| verify(&key.params).ok())
            .ok_or(VerifyError)
    }
}
