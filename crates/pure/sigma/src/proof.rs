//! Proofs of a statement: Schnorr's protocol over all equations at once, made non-interactive with the hash
//! object (section 2).
//!
//! A proof is made in three steps. [`Statement::start_proof`] draws the nonces; the caller evaluates every
//! equation's right side at half of them; [`finish_proofs`] computes challenge and responses and verifies the
//! result, for one proof or for many together. A caller that knows more about the points than the statement
//! contains can execute the second step at less cost than [`UnfinishedProof::commit`], which works for any
//! points.

use std::collections::BTreeMap;

use curve25519_dalek::{
    RistrettoPoint, Scalar,
    ristretto::CompressedRistretto,
    traits::{Identity, MultiscalarMul, VartimeMultiscalarMul},
};
use zeroize::Zeroizing;

use crate::{
    Basis, Point, Randomness, Sho, Statement, VerifyError,
    statement::Term,
    transcript::{challenge, transcript},
};

/// A proof whose nonces are drawn and whose commitments are not computed yet.
pub struct UnfinishedProof<'s> {
    statement: &'s Statement,
    points: Vec<Point>,
    message: Vec<u8>,
    witness: Zeroizing<Vec<Scalar>>,
    nonces: Zeroizing<Vec<Scalar>>,
    multiple: Option<Multiple>,
    transcript: Sho,
    /// The state of the hash object after the nonces. Its further output is unknown to others.
    nonce_transcript: Sho,
}

crate::redacted_debug!(impl ['s] UnfinishedProof<'s>);

/// A point that both parties know to be a multiple of another.
#[derive(Clone, Copy)]
struct Multiple {
    point: usize,
    of: usize,
    factor: Scalar,
}

/// An unfinished proof with half of each commitment.
pub struct ProofCommitments<'s> {
    unfinished: UnfinishedProof<'s>,
    halves: Vec<RistrettoPoint>,
}

crate::redacted_debug!(impl ['s] ProofCommitments<'s>);

impl Statement {
    /// Proves the statement.
    ///
    /// `witness` holds the scalars and `points` the points in number order, the basepoint first. Constant
    /// time in the witness and the randomness.
    ///
    /// The proof is verified before it is returned, since a faulty computation could reveal the witness.
    ///
    /// # Errors
    /// The proof does not verify: the witness does not satisfy the statement, a slice has the wrong length,
    /// or the computation was faulty.
    pub fn prove(
        &self,
        witness: &[Scalar],
        points: &[Point],
        message: &[u8],
        randomness: &Randomness,
    ) -> Result<Vec<u8>, VerifyError> {
        let witness = Zeroizing::new(witness.to_vec());
        let unfinished =
            self.start_proof(witness, points.to_vec(), message.to_vec(), randomness)?;
        let mut proofs = finish_proofs(&[unfinished.commit()], None)?;
        proofs.pop().ok_or(VerifyError)
    }

    /// Starts a proof. The arguments are those of [`Statement::prove`].
    ///
    /// # Errors
    /// The numbers of scalars or points differ from the statement's.
    pub fn start_proof(
        &self,
        witness: Zeroizing<Vec<Scalar>>,
        points: Vec<Point>,
        message: Vec<u8>,
        randomness: &Randomness,
    ) -> Result<UnfinishedProof<'_>, VerifyError> {
        if witness.len() != self.scalar_count() || points.len() != self.point_count() {
            return Err(VerifyError);
        }
        let transcript = transcript(self, points.iter().map(Point::encoding));
        let mut nonce_transcript = transcript.clone();
        let nonces = nonces(&mut nonce_transcript, &witness, &message, randomness);
        Ok(UnfinishedProof {
            statement: self,
            points,
            message,
            witness,
            nonces,
            multiple: None,
            transcript,
            nonce_transcript,
        })
    }
}

impl<'s> UnfinishedProof<'s> {
    /// Declares that point number `point` is `factor` times point number `of`, all three public, which makes
    /// the verification cheaper. A false declaration makes it fail.
    #[must_use]
    pub const fn with_multiple(mut self, point: usize, of: usize, factor: Scalar) -> Self {
        self.multiple = Some(Multiple { point, of, factor });
        self
    }

    /// Returns half of each nonce, in scalar order. Halves, because the library compresses the doubles of
    /// many points with a single inversion.
    #[must_use]
    pub fn halved_nonces(&self) -> Zeroizing<Vec<Scalar>> {
        Zeroizing::new(self.nonces.iter().map(Scalar::div_by_2).collect())
    }

    /// Adds every equation's right side at the halved nonces, which the caller has evaluated in constant
    /// time.
    #[must_use]
    pub const fn committed(self, halves: Vec<RistrettoPoint>) -> ProofCommitments<'s> {
        ProofCommitments {
            unfinished: self,
            halves,
        }
    }

    /// Evaluates every equation's right side at the halved nonces, in constant time.
    #[must_use]
    pub fn commit(self) -> ProofCommitments<'s> {
        let nonces = self.halved_nonces();
        let halves = self
            .statement
            .equations()
            .map(|(_, terms)| evaluate(terms, &nonces, &self.points))
            .collect();
        self.committed(halves)
    }
}

/// Finishes proofs and verifies them all at once before any is returned.
///
/// `basis` holds static points that occur in them, which makes the verification cheaper.
///
/// # Errors
/// One of the proofs does not verify; none is returned then.
pub fn finish_proofs(
    proofs: &[ProofCommitments<'_>],
    basis: Option<&Basis>,
) -> Result<Vec<Vec<u8>>, VerifyError> {
    let counts = proofs.iter().map(|proof| {
        (
            proof.halves.len(),
            proof.unfinished.statement.equations().len(),
        )
    });
    for (commitments, equations) in counts {
        if commitments != equations {
            return Err(VerifyError);
        }
    }
    let all_halves = proofs.iter().flat_map(|proof| &proof.halves);
    let encodings = RistrettoPoint::double_and_compress_batch(all_halves);
    let mut encodings = encodings.as_slice();
    let mut verification = BatchVerification::new(basis);
    let sealed: Option<Vec<_>> = proofs
        .iter()
        .map(|proof| {
            let (commitments, rest) = encodings.split_at_checked(proof.halves.len())?;
            encodings = rest;
            Some(proof.finish(commitments, &mut verification))
        })
        .collect();
    let sealed = sealed.ok_or(VerifyError)?;
    verification.finish()?;
    Ok(sealed)
}

impl ProofCommitments<'_> {
    /// Returns the challenge and the responses, and adds their equations to `verification`.
    fn finish(
        &self,
        commitments: &[CompressedRistretto],
        verification: &mut BatchVerification<'_>,
    ) -> Vec<u8> {
        let unfinished = &self.unfinished;
        let challenge = challenge(
            unfinished.transcript.clone(),
            commitments,
            &unfinished.message,
        );
        let responses: Vec<Scalar> = unfinished
            .nonces
            .iter()
            .zip(unfinished.witness.iter())
            .map(|(k, w)| k + challenge * w)
            .collect();
        verification.add(self, &challenge, &responses);
        let mut proof = Vec::with_capacity(unfinished.statement.proof_length());
        proof.extend_from_slice(challenge.as_bytes());
        for response in &responses {
            proof.extend_from_slice(response.as_bytes());
        }
        proof
    }
}

/// All equations between commitments, challenges and responses of all proofs, as one random combination. A
/// false equation passes with a probability of 2^-128.
///
/// Variable time: the inputs are about to be published, and the weights are used once.
struct BatchVerification<'b> {
    basis: Option<&'b Basis>,
    /// The factors of the points of the basis.
    fixed: Vec<Scalar>,
    /// The factors of all other points, by their encodings, since many proofs share points.
    others: BTreeMap<[u8; 32], (Scalar, RistrettoPoint)>,
    /// The factors of commitments and other points that occur once.
    single: Vec<(Scalar, RistrettoPoint)>,
}

impl<'b> BatchVerification<'b> {
    fn new(basis: Option<&'b Basis>) -> Self {
        Self {
            basis,
            fixed: vec![Scalar::ZERO; basis.map_or(0, Basis::len)],
            others: BTreeMap::new(),
            single: Vec::new(),
        }
    }

    /// Adds, over a proof's equations, weight * (right side at s - c*left - commitment).
    #[expect(
        clippy::indexing_slicing,
        reason = "numbers are below the counts, and the counts are checked"
    )]
    fn add(&mut self, proof: &ProofCommitments<'_>, challenge: &Scalar, responses: &[Scalar]) {
        let unfinished = &proof.unfinished;
        let mut weights = weights(unfinished.nonce_transcript.clone(), proof.halves.len() + 1);
        let spare = weights.pop().unwrap_or_default();
        let mut factors = vec![Scalar::ZERO; unfinished.points.len()];
        for ((left, terms), weight) in unfinished.statement.equations().zip(&weights) {
            for term in terms {
                factors[usize::from(term.point)] += weight * responses[usize::from(term.scalar)];
            }
            factors[usize::from(left)] -= weight * challenge;
        }
        if let Some(Multiple { point, of, factor }) = unfinished.multiple
            && point.max(of) < factors.len()
        {
            // Adds spare * (factor * of - point) too, which has a short factor for the point.
            let moved = (factors[point] + spare) * factor;
            factors[of] += moved;
            factors[point] = Scalar::ZERO;
            self.single
                .push((spare, -unfinished.points[point].element()));
        }
        for (point, factor) in unfinished.points.iter().zip(factors) {
            self.add_point(point, factor);
        }
        for (half, weight) in proof.halves.iter().zip(weights) {
            // The negated point keeps the factor short.
            self.single.push((weight, -(half + half)));
        }
    }

    fn add_point(&mut self, point: &Point, factor: Scalar) {
        let place = self.basis.and_then(|basis| basis.place(point.encoding()));
        if let Some(sum) = place.and_then(|place| self.fixed.get_mut(place)) {
            *sum += factor;
        } else if factor != Scalar::ZERO {
            let blank = (Scalar::ZERO, *point.element());
            self.others.entry(*point.encoding()).or_insert(blank).0 += factor;
        }
    }

    fn finish(self) -> Result<(), VerifyError> {
        let terms = self.others.into_values().chain(self.single);
        let (factors, elements): (Vec<Scalar>, Vec<RistrettoPoint>) = terms.unzip();
        let sum = match self.basis {
            Some(basis) => basis.vartime_sum(&self.fixed, &factors, &elements),
            None => RistrettoPoint::vartime_multiscalar_mul(&factors, &elements),
        };
        if sum == RistrettoPoint::identity() {
            Ok(())
        } else {
            Err(VerifyError)
        }
    }
}

/// Returns the nonces `k`, hashed from fresh randomness and the witness, so that a faulty generator alone
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

/// Returns weights of 128 bits for the verification of a fresh proof, hashed after the nonces so that others
/// do not know them.
fn weights(mut sho: Sho, count: usize) -> Vec<Scalar> {
    let mut bytes = vec![0; 16 * count];
    sho.squeeze(&mut bytes);
    let (chunks, _) = bytes.as_chunks();
    chunks
        .iter()
        .map(|chunk| Scalar::from(u128::from_le_bytes(*chunk)))
        .collect()
}

/// Evaluates one equation's right side in constant time. Points with a table use it; the others share their
/// doublings.
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

#[cfg(test)]
mod faults;
