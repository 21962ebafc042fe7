//! Proofs of a statement: Schnorr's protocol over all equations at once, made non-interactive with
//! the hash object (section 2).

use curve25519_dalek::{
    RistrettoPoint, Scalar,
    traits::{Identity, MultiscalarMul, VartimeMultiscalarMul},
};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{Point, Randomness, Sho, Statement, VerifyError, statement::Term};

const LABEL: &[u8] = b"POKSHO_Ristretto_SHOHMACSHA256";

impl Statement {
    /// Proves the statement.
    ///
    /// `witness` holds the scalars and `points` the points in number order, the basepoint first.
    /// Constant time in the witness and the randomness.
    ///
    /// The proof is checked before it is let out, since a fault in the computation could make it
    /// give the witness away.
    ///
    /// # Errors
    /// If the proof does not hold: the witness does not satisfy the statement, a slice has the
    /// wrong length, or the computation went wrong.
    pub fn prove(
        &self,
        witness: &[Scalar],
        points: &[Point],
        message: &[u8],
        randomness: &Randomness,
    ) -> Result<Vec<u8>, VerifyError> {
        self.check_counts(witness.len(), points.len())?;
        let transcript = self.transcript(points);

        let mut nonce_transcript = transcript.clone();
        let nonces = nonces(&mut nonce_transcript, witness, message, randomness);
        let halves: Zeroizing<Vec<Scalar>> =
            Zeroizing::new(nonces.iter().map(Scalar::div_by_2).collect());
        let halved_commitments: Vec<_> = self
            .equations()
            .map(|(_, terms)| evaluate(terms, &halves, points))
            .collect();
        let challenge = challenge(transcript, &halved_commitments, message);
        let responses: Vec<Scalar> = nonces
            .iter()
            .zip(witness)
            .map(|(k, w)| k + challenge * w)
            .collect();

        let weights = weights(nonce_transcript, halved_commitments.len());
        self.check_combined(
            &weights,
            &challenge,
            &responses,
            points,
            &halved_commitments,
        )?;
        let mut proof = Vec::with_capacity(self.proof_length());
        proof.extend_from_slice(challenge.as_bytes());
        for response in &responses {
            proof.extend_from_slice(response.as_bytes());
        }
        Ok(proof)
    }

    /// Verifies a proof. `points` are in number order, the basepoint first.
    ///
    /// Variable time: the proof and the points are known to both ends.
    ///
    /// # Errors
    /// If the proof is malformed or does not hold.
    pub fn verify(
        &self,
        proof: &[u8],
        points: &[Point],
        message: &[u8],
    ) -> Result<(), VerifyError> {
        let (challenge, responses) = parse(proof).ok_or(VerifyError)?;
        self.check_counts(responses.len(), points.len())?;
        self.check(
            &challenge,
            &responses,
            points,
            message,
            self.transcript(points),
        )
    }

    fn check_counts(&self, scalars: usize, points: usize) -> Result<(), VerifyError> {
        if scalars == self.scalar_count() && points == self.point_count() {
            Ok(())
        } else {
            Err(VerifyError)
        }
    }

    /// The hash object with the description and the points in it.
    fn transcript(&self, points: &[Point]) -> Sho {
        let mut sho = Sho::new(LABEL);
        points
            .iter()
            .fold(sho.absorb(self.description()), |absorption, point| {
                absorption.and(point.encoding())
            })
            .ratchet();
        sho
    }

    /// Checks the equations between commitments, challenge and responses, all as one random
    /// combination: where one does not hold, this passes with a chance of 2^-128.
    ///
    /// Variable time: it works on what is about to be published, and its weights are used once.
    #[expect(
        clippy::indexing_slicing,
        reason = "numbers are below the counts, and the counts are checked"
    )]
    fn check_combined(
        &self,
        weights: &[Scalar],
        challenge: &Scalar,
        responses: &[Scalar],
        points: &[Point],
        halved_commitments: &[RistrettoPoint],
    ) -> Result<(), VerifyError> {
        // The sum over the equations of weight * (right side at s - c*left - commitment) is zero.
        let mut factors = vec![Scalar::ZERO; points.len()];
        for ((left, terms), weight) in self.equations().zip(weights) {
            for term in terms {
                factors[usize::from(term.point)] += weight * responses[usize::from(term.scalar)];
            }
            factors[usize::from(left)] -= weight * challenge;
        }
        factors.extend(weights.iter().map(|weight| -(weight + weight)));
        let elements = points.iter().map(Point::element).chain(halved_commitments);
        let sum = RistrettoPoint::vartime_multiscalar_mul(&factors, elements);
        if sum == RistrettoPoint::identity() {
            Ok(())
        } else {
            Err(VerifyError)
        }
    }

    /// Rebuilds the commitments from the responses and compares the challenge.
    #[expect(
        clippy::indexing_slicing,
        reason = "numbers are below the counts, and the counts are checked"
    )]
    fn check(
        &self,
        challenge_given: &Scalar,
        responses: &[Scalar],
        points: &[Point],
        message: &[u8],
        transcript: Sho,
    ) -> Result<(), VerifyError> {
        let halves: Vec<Scalar> = responses.iter().map(Scalar::div_by_2).collect();
        let minus_challenge = -challenge_given.div_by_2();
        let halved_commitments: Vec<_> = self
            .equations()
            .map(|(left, terms)| {
                let scalars = terms.iter().map(|term| halves[usize::from(term.scalar)]);
                let right = terms.iter().map(|term| term.point);
                // Variable time: challenge and responses are the proof itself.
                RistrettoPoint::vartime_multiscalar_mul(
                    scalars.chain([minus_challenge]),
                    right
                        .chain([left])
                        .map(|point| points[usize::from(point)].element()),
                )
            })
            .collect();
        let rebuilt = challenge(transcript, &halved_commitments, message);
        if rebuilt.ct_eq(challenge_given).into() {
            Ok(())
        } else {
            Err(VerifyError)
        }
    }
}

/// The nonces `k`, hashed from fresh randomness and the witness, so that a bad generator alone
/// cannot repeat them.
fn nonces(
    sho: &mut Sho,
    witness: &[Scalar],
    message: &[u8],
    randomness: &Randomness,
) -> Zeroizing<Vec<Scalar>> {
    witness
        .iter()
        .fold(sho.absorb(randomness.as_bytes()), |absorption, scalar| {
            absorption.and(scalar.as_bytes())
        })
        .ratchet();
    sho.absorb_and_ratchet(message);
    let mut bytes = Zeroizing::new(vec![0; 64 * witness.len()]);
    sho.squeeze(&mut bytes);
    let (wide, _) = bytes.as_chunks();
    Zeroizing::new(wide.iter().map(Scalar::from_bytes_mod_order_wide).collect())
}

/// Weights of 128 bits for the check of a fresh proof, hashed after the nonces so that nobody
/// outside knows them.
fn weights(mut sho: Sho, count: usize) -> Vec<Scalar> {
    let mut bytes = vec![0; 16 * count];
    sho.squeeze(&mut bytes);
    let (chunks, _) = bytes.as_chunks();
    chunks
        .iter()
        .map(|chunk| Scalar::from(u128::from_le_bytes(*chunk)))
        .collect()
}

/// One equation's right side, in constant time. Points with a table go through it; the rest share
/// their doublings.
#[expect(
    clippy::indexing_slicing,
    reason = "numbers are below the counts, and the counts are checked"
)]
fn evaluate(terms: &[Term], scalars: &[Scalar], points: &[Point]) -> RistrettoPoint {
    let mut sum = RistrettoPoint::identity();
    let mut factors = Vec::with_capacity(terms.len());
    let mut elements = Vec::with_capacity(terms.len());
    for term in terms {
        let scalar = &scalars[usize::from(term.scalar)];
        let point = &points[usize::from(term.point)];
        match point.table() {
            Some(table) => sum += table * scalar,
            None => {
                factors.push(scalar);
                elements.push(point.element());
            }
        }
    }
    match (factors.as_slice(), elements.as_slice()) {
        ([], _) => sum,
        ([scalar], [element]) => sum + *element * *scalar,
        _ => sum + RistrettoPoint::multiscalar_mul(factors, elements),
    }
}

/// The challenge over the commitments, which come halved: the library compresses doubles of many
/// points with a single inversion.
fn challenge(mut sho: Sho, halved_commitments: &[RistrettoPoint], message: &[u8]) -> Scalar {
    let encodings = RistrettoPoint::double_and_compress_batch(halved_commitments);
    encodings
        .iter()
        .fold(sho.absorb(&[]), |absorption, encoding| {
            absorption.and(encoding.as_bytes())
        })
        .and(message)
        .ratchet();
    sho.scalar()
}

/// Challenge and responses, all canonical.
fn parse(proof: &[u8]) -> Option<(Scalar, Vec<Scalar>)> {
    let (chunks, []) = proof.as_chunks::<32>() else {
        return None;
    };
    let mut scalars = chunks
        .iter()
        .map(|chunk| Option::from(Scalar::from_canonical_bytes(*chunk)));
    let challenge: Scalar = scalars.next()??;
    let responses: Option<Vec<Scalar>> = scalars.collect();
    Some((challenge, responses?))
}
