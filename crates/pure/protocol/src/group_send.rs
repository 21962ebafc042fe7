//! Group send endorsements and tokens (section 7): the right to send to a set of group members without
//! revealing the sender.

use anteroom_kvac::{
    Sho,
    codec::{Encoding, Reader, write_vec},
    endorsements::{EndorsedPoint, Endorsement, EndorsementResponse},
    parallel,
};
use curve25519_dalek::RistrettoPoint;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{
    DAY, GroupSecretParams, GroupServerPublicParams, GroupServerSecretParams, HOUR, ParseError,
    Randomness, ServiceId, Timestamp, UidCiphertext, VerifyError, uid,
};

const LABEL: &[u8] = b"20240215_Signal_GroupSendEndorsement";
const TOKEN_LENGTH: usize = 16;

/// The range of expirations that a client accepts, in seconds from now.
const SOONEST: u64 = 2 * HOUR;
const LATEST: u64 = 7 * DAY;
/// The minimum lifetime that an issuer grants by default, in seconds.
const DEFAULT_AT_LEAST: u64 = 25 * HOUR;

/// The endorsements of all members of a group, with one proof.
#[derive(Clone)]
pub struct GroupSendEndorsementsResponse {
    response: EndorsementResponse,
    expiration: Timestamp,
}

anteroom_kvac::redacted_debug!(GroupSendEndorsementsResponse);
anteroom_kvac::layout! {
    GroupSendEndorsementsResponse -> Vec<u8> = "00 || vec(R) || vec(proof) || expiration", version 0;
    response, expiration
}

impl GroupSendEndorsementsResponse {
    /// Returns the expiration that an issuer grants by default: the end of tomorrow, or a day later if that
    /// is less than 25 hours away.
    #[must_use]
    pub const fn default_expiration(now: Timestamp) -> Timestamp {
        let end = now.start_of_day().plus(2 * DAY);
        if end.as_secs() - now.as_secs() < DEFAULT_AT_LEAST {
            end.plus(DAY)
        } else {
            end
        }
    }

    /// Endorses the members of a group, given by their ciphertexts in any order.
    ///
    /// # Errors
    /// There are no members, or the computation was faulty: endorsements that do not verify are not returned.
    #[expect(clippy::needless_pass_by_value, reason = "randomness is used up")]
    pub fn issue(
        members: &[UidCiphertext],
        expiration: Timestamp,
        params: &GroupServerSecretParams,
        randomness: Randomness,
    ) -> Result<Self, VerifyError> {
        let elements: Vec<_> = members
            .iter()
            .map(|member| *member.0.first().element())
            .collect();
        let mut points = EndorsedPoint::batch(&elements);
        points.sort_unstable_by_key(|point| *point.doubled());
        let key = params.endorsement_key.derive(tag(expiration));
        Ok(Self {
            response: EndorsementResponse::issue(&key, &points, &randomness)?,
            expiration,
        })
    }

    /// Verifies the proof and returns the endorsements in the order of `members`.
    ///
    /// # Errors
    /// The expiration is not day-aligned, or less than 2 hours or more than 7 days away, or the proof does
    /// not verify for exactly these members.
    pub fn receive(
        &self,
        members: &[ServiceId],
        now: Timestamp,
        group: &GroupSecretParams,
        params: &GroupServerPublicParams,
    ) -> Result<Vec<GroupSendEndorsement>, VerifyError> {
        let in_time = self.expiration.is_day_aligned()
            && now.plus(SOONEST) <= self.expiration
            && self.expiration <= now.plus(LATEST);
        if !in_time {
            return Err(VerifyError);
        }
        let elements = parallel::map(members, |member| {
            group.uid_key.encrypt_first(&uid::m1(member))
        });
        let mut order: Vec<_> = EndorsedPoint::batch(&elements)
            .into_iter()
            .enumerate()
            .collect();
        order.sort_unstable_by_key(|(_, point)| *point.doubled());
        let (places, points): (Vec<_>, Vec<_>) = order.into_iter().unzip();

        let key = params.endorsement_key.derive(&mut tag(self.expiration));
        let endorsements = self.response.receive(&key, &points)?;
        let mut placed: Vec<_> = places.into_iter().zip(endorsements).collect();
        placed.sort_unstable_by_key(|(place, _)| *place);
        Ok(placed
            .into_iter()
            .map(|(_, endorsement)| GroupSendEndorsement(endorsement))
            .collect())
    }

    /// Returns the moment at which tokens of the response expire.
    #[must_use]
    pub const fn expiration(&self) -> Timestamp {
        self.expiration
    }
}

/// The endorsement of one member, or the combined one of several.
#[derive(Clone, PartialEq, Eq)]
pub struct GroupSendEndorsement(Endorsement);

anteroom_kvac::redacted_debug!(GroupSendEndorsement);
anteroom_kvac::layout! {
    GroupSendEndorsement[33] -> Zeroizing<Vec<u8>> = "00 || R", version 0;
    0
}

impl GroupSendEndorsement {
    /// Combines endorsements into one of all their members.
    #[must_use]
    pub fn combine<'e>(endorsements: impl IntoIterator<Item = &'e Self>) -> Self {
        Self(Endorsement::combine(
            endorsements.into_iter().map(|endorsement| &endorsement.0),
        ))
    }

    /// Removes members from a combined endorsement.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        Self(self.0.without(&other.0))
    }

    /// Returns the token for the endorsed members.
    #[must_use]
    pub fn to_token(&self, group: &GroupSecretParams) -> GroupSendToken {
        GroupSendToken(self.0.token(&group.uid_key))
    }
}

/// The right to send to certain members, without its expiration. Wiped on drop.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct GroupSendToken([u8; TOKEN_LENGTH]);

impl GroupSendToken {
    /// Adds the expiration of the response that the token came from.
    #[must_use]
    pub const fn into_full(self, expiration: Timestamp) -> GroupSendFullToken {
        GroupSendFullToken {
            token: self,
            expiration,
        }
    }
}

anteroom_kvac::redacted_debug!(GroupSendToken);
anteroom_kvac::layout! {
    GroupSendToken[25] -> Zeroizing<Vec<u8>> = "00 || vec(token)", version 0
}

/// `vec(token)`.
impl Encoding for GroupSendToken {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        reader.count(TOKEN_LENGTH)?;
        reader.read().map(Self)
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        write_vec(&self.0, bytes);
    }
}

/// The right to send to certain members until a certain moment.
#[derive(Clone)]
pub struct GroupSendFullToken {
    token: GroupSendToken,
    expiration: Timestamp,
}

anteroom_kvac::redacted_debug!(GroupSendFullToken);
anteroom_kvac::layout! {
    GroupSendFullToken[33] -> Zeroizing<Vec<u8>> = "00 || vec(token) || expiration", version 0;
    token, expiration
}

impl GroupSendFullToken {
    /// Returns the moment at which the token expires.
    #[must_use]
    pub const fn expiration(&self) -> Timestamp {
        self.expiration
    }

    /// Verifies that the token is for exactly these members, in any order, and that `now <= expiration`.
    ///
    /// # Errors
    /// The token is for other members, or has expired.
    pub fn verify(
        &self,
        members: &[ServiceId],
        now: Timestamp,
        params: &GroupServerSecretParams,
    ) -> Result<(), VerifyError> {
        if now > self.expiration {
            return Err(VerifyError);
        }
        let sum: RistrettoPoint = members.iter().map(uid::m1).sum();
        let key = params.endorsement_key.derive(tag(self.expiration));
        let expected = Zeroizing::new(key.expected_token(&sum));
        if expected.ct_eq(&self.token.0).into() {
            Ok(())
        } else {
            Err(VerifyError)
        }
    }
}

/// Returns the hash from which the key of an expiration is derived.
fn tag(expiration: Timestamp) -> Sho {
    Sho::of(LABEL, &expiration.as_secs().to_be_bytes())
}
