//! Endorsements (section 7): a server's products `sk'*E` of points from clients, which the clients can
//! combine and unblind themselves.

use anteroom_sigma::{ParseError, Point, Randomness, Sho, Statement, VerifyError};
use curve25519_dalek::{
    RistrettoPoint, Scalar, ristretto::CompressedRistretto, traits::VartimeMultiscalarMul,
};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

use crate::{
    codec::{Encoding, Reader, write_vec},
    encryption::AttributeKey,
    parallel,
};

const GENERATE: &[u8] = b"Signal_ZKCredential_Endorsements_ServerRootKeyPair_generate_20240207";
const WEIGHTS: &[u8] =
    b"Signal_ZKCredential_Endorsements_EndorsementResponse_ProofWeights_20240207";

/// All equations `R_i = sk'*E_i` at once, as one random combination.
static STATEMENT: Statement = Statement::new(&["sumR = sk'*sumE", "G = sk'*PK'"]);

/// The server's long-lived key: `sk` and `PK = sk*G`. Wiped on drop.
pub struct EndorsementKey {
    sk: Scalar,
    public: EndorsementPublicKey,
}

/// The public part `PK` of a root key.
#[derive(Clone, PartialEq, Eq)]
pub struct EndorsementPublicKey(Point);

anteroom_sigma::redacted_debug!(EndorsementPublicKey);
crate::encoding!(EndorsementPublicKey: 0);

impl EndorsementKey {
    /// Generates a key.
    #[must_use]
    pub fn generate(randomness: &Randomness) -> Self {
        Self::new(Sho::of(GENERATE, randomness.as_bytes()).scalar())
    }

    /// Returns `PK`.
    #[must_use]
    pub const fn public_key(&self) -> &EndorsementPublicKey {
        &self.public
    }

    /// Returns the key of one tag: `sk' = 1/(sk + t)`, `PK' = PK + t*G`, with `t` the next scalar of `tag`.
    #[must_use]
    pub fn derive(&self, mut tag: Sho) -> DerivedKey {
        let sum = Zeroizing::new(self.sk + tag.clone().scalar());
        DerivedKey {
            sk: sum.invert(),
            public: self.public.derive(&mut tag),
        }
    }

    fn new(sk: Scalar) -> Self {
        let public = EndorsementPublicKey(Point::BASE.times(&sk).into());
        Self { sk, public }
    }
}

/// `sk`.
impl Encoding for EndorsementKey {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        reader.read().map(Self::new)
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        self.sk.write(bytes);
    }
}

impl EndorsementPublicKey {
    /// Returns the public key of one tag: `PK' = PK + t*G`, with `t` the next scalar of `tag`.
    #[must_use]
    pub fn derive(&self, tag: &mut Sho) -> DerivedPublicKey {
        DerivedPublicKey((self.0.element() + Point::BASE.times(&tag.scalar())).into())
    }
}

impl Drop for EndorsementKey {
    fn drop(&mut self) {
        self.sk.zeroize();
    }
}

anteroom_sigma::redacted_debug!(EndorsementKey);

/// The server's key for one tag. Wiped on drop.
pub struct DerivedKey {
    sk: Scalar,
    public: DerivedPublicKey,
}

/// The public part `PK'` of a key for one tag.
#[derive(Clone, PartialEq, Eq)]
pub struct DerivedPublicKey(Point);

anteroom_sigma::redacted_debug!(DerivedPublicKey);

impl Drop for DerivedKey {
    fn drop(&mut self) {
        self.sk.zeroize();
    }
}

anteroom_sigma::redacted_debug!(DerivedKey);

/// A point to be endorsed, with the encoding of its double, by which points are sorted and hashed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct EndorsedPoint {
    element: RistrettoPoint,
    doubled: [u8; 32],
}

impl EndorsedPoint {
    /// Computes the encodings of points, with a single inversion.
    #[must_use]
    pub fn batch(elements: &[RistrettoPoint]) -> Vec<Self> {
        let doubled = RistrettoPoint::double_and_compress_batch(elements);
        elements
            .iter()
            .zip(doubled)
            .map(|(element, doubled)| Self {
                element: *element,
                doubled: doubled.to_bytes(),
            })
            .collect()
    }

    /// Returns the encoding of the doubled point.
    #[must_use]
    pub const fn doubled(&self) -> &[u8; 32] {
        &self.doubled
    }
}

anteroom_sigma::redacted_debug!(EndorsedPoint);

/// The endorsements `R_i` of a list of points with one proof for all.
#[derive(Clone)]
pub struct EndorsementResponse {
    endorsements: Vec<[u8; 32]>,
    proof: Vec<u8>,
}

anteroom_sigma::redacted_debug!(EndorsementResponse);

impl EndorsementResponse {
    /// Endorses points: `R_i = sk'*E_i`. Constant time in the key.
    ///
    /// # Errors
    /// There are no points, or the computation was faulty: endorsements that do not verify are not returned.
    pub fn issue(
        key: &DerivedKey,
        points: &[EndorsedPoint],
        randomness: &Randomness,
    ) -> Result<Self, VerifyError> {
        let half = Zeroizing::new(key.sk.div_by_2());
        let halves = parallel::map(points, |point| point.element * *half);
        Self::prove(key, points, &halves, randomness)
    }

    /// Creates the response from halves of the endorsements, and verifies it.
    fn prove(
        key: &DerivedKey,
        points: &[EndorsedPoint],
        halves: &[RistrettoPoint],
        randomness: &Randomness,
    ) -> Result<Self, VerifyError> {
        let endorsements: Vec<_> = RistrettoPoint::double_and_compress_batch(halves)
            .iter()
            .map(CompressedRistretto::to_bytes)
            .collect();
        let elements: Vec<_> = halves.iter().map(|half| half + half).collect();
        let statement_points = statement_points(&key.public, points, &endorsements, &elements)?;
        let proof = STATEMENT.prove(&[key.sk], &statement_points, b"", randomness)?;
        Ok(Self {
            endorsements,
            proof,
        })
    }

    /// Verifies the proof over the client's own copy of the points.
    ///
    /// # Errors
    /// The counts differ, an endorsement is no point, or the proof does not verify.
    pub fn receive(
        &self,
        key: &DerivedPublicKey,
        points: &[EndorsedPoint],
    ) -> Result<Vec<Endorsement>, VerifyError> {
        let decoded = parallel::map(&self.endorsements, |encoding| {
            Point::decode(*encoding).map(|point| *point.element())
        });
        let elements: Result<Vec<_>, _> = decoded.into_iter().collect();
        let elements = elements.map_err(|_| VerifyError)?;
        let points = statement_points(key, points, &self.endorsements, &elements)?;
        STATEMENT.verify(&self.proof, &points, b"")?;
        Ok(elements.into_iter().map(Endorsement).collect())
    }
}

/// `vec(R_i) || vec(proof)`.
impl Encoding for EndorsementResponse {
    /// Leaves the decoding of the points to [`Self::receive`].
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let count: u64 = reader.read()?;
        let mut endorsements = Vec::new();
        for _ in 0..count {
            endorsements.push(reader.read()?);
        }
        let proof = reader.vec(STATEMENT.proof_length())?.to_vec();
        Ok(Self {
            endorsements,
            proof,
        })
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        (self.endorsements.len() as u64).write(bytes);
        self.endorsements.iter().for_each(|one| one.write(bytes));
        write_vec(&self.proof, bytes);
    }
}

/// Returns `G, sumR, sumE, PK'`, with the sums under the proof's weights.
fn statement_points(
    key: &DerivedPublicKey,
    points: &[EndorsedPoint],
    encodings: &[[u8; 32]],
    endorsements: &[RistrettoPoint],
) -> Result<[Point; 4], VerifyError> {
    if points.is_empty() || points.len() != endorsements.len() {
        return Err(VerifyError);
    }
    let weights = weights(key, points, encodings);
    // Variable time: weights and points are known to both parties.
    let elements = points.iter().map(|point| point.element);
    let (sum_r, sum_e) = parallel::both(
        || RistrettoPoint::vartime_multiscalar_mul(&weights, endorsements),
        || RistrettoPoint::vartime_multiscalar_mul(&weights, elements),
    );
    Ok([Point::BASE, sum_r.into(), sum_e.into(), key.0])
}

/// Returns the weights: 1 for the first point, 127 hashed bits for every other.
fn weights(
    key: &DerivedPublicKey,
    points: &[EndorsedPoint],
    encodings: &[[u8; 32]],
) -> Vec<Scalar> {
    let mut sho = Sho::new(WEIGHTS);
    let mut absorption = sho.absorb(key.0.encoding());
    for point in points {
        absorption = absorption.and(&point.doubled);
    }
    for encoding in encodings {
        absorption = absorption.and(encoding);
    }
    absorption.ratchet();
    let mut bytes = vec![0; 16 * points.len().saturating_sub(1)];
    sho.squeeze(&mut bytes);
    let (chunks, _) = bytes.as_chunks();
    let hashed = chunks
        .iter()
        .map(|chunk| Scalar::from(u128::from_le_bytes(*chunk) & (u128::MAX >> 1)));
    [Scalar::ONE].into_iter().chain(hashed).collect()
}

/// A server's endorsement of a point, or the sum of several. It is secret, since any holder can use it.
#[derive(Clone, PartialEq, Eq)]
pub struct Endorsement(RistrettoPoint);

impl Endorsement {
    /// Returns the endorsement of all the endorsed points together.
    #[must_use]
    pub fn combine<'e>(endorsements: impl IntoIterator<Item = &'e Self>) -> Self {
        Self(
            endorsements
                .into_iter()
                .map(|endorsement| endorsement.0)
                .sum(),
        )
    }

    /// Removes the points of another endorsement.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        Self(self.0 - other.0)
    }

    /// Returns the token: the hash of `R / a1`, for points `a1*M1`.
    #[must_use]
    pub fn token(&self, key: &AttributeKey) -> [u8; 16] {
        token_of(&(self.0 * *key.inverse()))
    }
}

anteroom_sigma::redacted_debug!(Endorsement);

/// `R`.
impl Encoding for Endorsement {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let point: Point = reader.read()?;
        Ok(Self(*point.element()))
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        self.0.compress().as_bytes().write(bytes);
    }
}

impl DerivedKey {
    /// Returns the token that a client must present for a set of `M1` points: the hash of `sk'*sum(M1)`.
    #[must_use]
    pub fn expected_token(&self, sum: &RistrettoPoint) -> [u8; 16] {
        token_of(&(sum * self.sk))
    }
}

fn token_of(point: &RistrettoPoint) -> [u8; 16] {
    let digest: [u8; 32] = Sha256::digest(point.compress().as_bytes()).into();
    let mut token = [0; 16];
    for (to, from) in token.iter_mut().zip(digest) {
        *to = from;
    }
    token
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::{LIMBS, shift};

    #[test]
    fn nothing_leaves_after_a_fault_in_an_endorsement() {
        let key =
            EndorsementKey::generate(&Randomness::from_bytes([1; 32])).derive(Sho::new(b"tag"));
        let elements: Vec<_> = (0..5).map(|n| Sho::of(b"member", &[n]).point()).collect();
        let points = EndorsedPoint::batch(&elements);
        let right: Vec<_> = elements.iter().map(|e| e * key.sk.div_by_2()).collect();
        let prove = |halves: &[RistrettoPoint]| {
            let randomness = Randomness::from_bytes([2; 32]);
            EndorsementResponse::prove(&key, &points, halves, &randomness)
        };
        assert!(prove(&right).is_ok());
        for index in 0..right.len() {
            for limb in 0..LIMBS {
                let mut halves = right.clone();
                shift(&mut halves[index], &key.sk, limb);
                assert!(prove(&halves).is_err(), "endorsement {index}, limb {limb}");
            }
        }
    }
}
