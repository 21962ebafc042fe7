//! Proofs of a statement: Schnorr's protocol over all equations at once, made non-interactive with
//! the hash object (section 2).
//!
//! A proof is made in three steps. [`Statement::draft`] draws the nonces; somebody evaluates every
//! equation's right side at half of them; [`seal`] computes challenge and responses and checks the
//! result, for one proof or for many together. Whoever knows more of the points than the statement
//! says does the middle step cheaper than [`Draft::commit`] does it for any points.

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

/// A proof of which the nonces are drawn and nothing else is done.
pub struct Draft<'s> {
    statement: &'s Statement,
    points: Vec<Point>,
    message: Vec<u8>,
    witness: Zeroizing<Vec<Scalar>>,
    nonces: Zeroizing<Vec<Scalar>>,
    multiple: Option<Multiple>,
    transcript: Sho,
    /// Where the nonces came from: what comes after them nobody outside knows.
    nonce_transcript: Sho,
}

crate::redacted_debug!(impl ['s] Draft<'s>);

/// A point that both ends know to be a multiple of another.
#[derive(Clone, Copy)]
struct Multiple {
    point: usize,
    of: usize,
    factor: Scalar,
}

/// A draft with half of each commitment.
pub struct Committed<'s> {
    draft: Draft<'s>,
    halves: Vec<RistrettoPoint>,
}

crate::redacted_debug!(impl ['s] Committed<'s>);

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
        let witness = Zeroizing::new(witness.to_vec());
        let draft = self.draft(witness, points.to_vec(), message.to_vec(), randomness)?;
        let mut proofs = seal(&[draft.commit()], None)?;
        proofs.pop().ok_or(VerifyError)
    }

    /// Begins a proof. Arguments are those of [`Statement::prove`].
    ///
    /// # Errors
    /// If there are more or fewer scalars or points than the statement has.
    pub fn draft(
        &self,
        witness: Zeroizing<Vec<Scalar>>,
        points: Vec<Point>,
        message: Vec<u8>,
        randomness: &Randomness,
    ) -> Result<Draft<'_>, VerifyError> {
        if witness.len() != self.scalar_count() || points.len() != self.point_count() {
            return Err(VerifyError);
        }
        let transcript = transcript(self, points.iter().map(Point::encoding));
        let mut nonce_transcript = transcript.clone();
        let nonces = nonces(&mut nonce_transcript, &witness, &message, randomness);
        Ok(Draft {
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

impl<'s> Draft<'s> {
    /// Says that point number `point` is `factor` times point number `of`, all three public, which
    /// makes the check cheaper. The check finds out if it is not so.
    #[must_use]
    pub const fn with_multiple(mut self, point: usize, of: usize, factor: Scalar) -> Self {
        self.multiple = Some(Multiple { point, of, factor });
        self
    }

    /// Half of each nonce, in scalar order. Halves, because the library compresses the doubles of
    /// many points with a single inversion.
    #[must_use]
    pub fn halved_nonces(&self) -> Zeroizing<Vec<Scalar>> {
        Zeroizing::new(self.nonces.iter().map(Scalar::div_by_2).collect())
    }

    /// Takes every equation's right side at the halved nonces, evaluated in constant time.
    #[must_use]
    pub const fn committed(self, halves: Vec<RistrettoPoint>) -> Committed<'s> {
        Committed {
            draft: self,
            halves,
        }
    }

    /// Evaluates every equation's right side at the halved nonces, in constant time.
    #[must_use]
    pub fn commit(self) -> Committed<'s> {
        let nonces = self.halved_nonces();
        let halves = self
            .statement
            .equations()
            .map(|(_, terms)| evaluate(terms, &nonces, &self.points))
            .collect();
        self.committed(halves)
    }
}

/// Finishes proofs and checks them all at once, before any is let out.
///
/// `basis` holds static points that appear in them, which makes the check cheaper.
///
/// # Errors
/// If one of them does not hold; then none is let out.
pub fn seal(proofs: &[Committed<'_>], basis: Option<&Basis>) -> Result<Vec<Vec<u8>>, VerifyError> {
    let counts = proofs
        .iter()
        .map(|proof| (proof.halves.len(), proof.draft.statement.equations().len()));
    for (commitments, equations) in counts {
        if commitments != equations {
            return Err(VerifyError);
        }
    }
    let all_halves = proofs.iter().flat_map(|proof| &proof.halves);
    let encodings = RistrettoPoint::double_and_compress_batch(all_halves);
    let mut encodings = encodings.as_slice();
    let mut check = Check::new(basis);
    let sealed: Option<Vec<_>> = proofs
        .iter()
        .map(|proof| {
            let (commitments, rest) = encodings.split_at_checked(proof.halves.len())?;
            encodings = rest;
            Some(proof.seal(commitments, &mut check))
        })
        .collect();
    let sealed = sealed.ok_or(VerifyError)?;
    check.finish()?;
    Ok(sealed)
}

impl Committed<'_> {
    /// Challenge and responses, with what has to be checked of them added to `check`.
    fn seal(&self, commitments: &[CompressedRistretto], check: &mut Check<'_>) -> Vec<u8> {
        let draft = &self.draft;
        let challenge = challenge(draft.transcript.clone(), commitments, &draft.message);
        let responses: Vec<Scalar> = draft
            .nonces
            .iter()
            .zip(draft.witness.iter())
            .map(|(k, w)| k + challenge * w)
            .collect();
        check.add(self, &challenge, &responses);
        let mut proof = Vec::with_capacity(draft.statement.proof_length());
        proof.extend_from_slice(challenge.as_bytes());
        for response in &responses {
            proof.extend_from_slice(response.as_bytes());
        }
        proof
    }
}

/// All equations between commitments, challenges and responses of all proofs, as one random
/// combination: where one does not hold, this passes with a chance of 2^-128.
///
/// Variable time: it works on what is about to be published, and its weights are used once.
struct Check<'b> {
    basis: Option<&'b Basis>,
    /// What the points of the basis are multiplied by.
    fixed: Vec<Scalar>,
    /// The same for all other points, by their encodings: many proofs share points.
    others: BTreeMap<[u8; 32], (Scalar, RistrettoPoint)>,
    /// The same for the commitments and other points which are there once.
    single: Vec<(Scalar, RistrettoPoint)>,
}

impl<'b> Check<'b> {
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
    fn add(&mut self, proof: &Committed<'_>, challenge: &Scalar, responses: &[Scalar]) {
        let draft = &proof.draft;
        let mut weights = weights(draft.nonce_transcript.clone(), proof.halves.len() + 1);
        let spare = weights.pop().unwrap_or_default();
        let mut factors = vec![Scalar::ZERO; draft.points.len()];
        for ((left, terms), weight) in draft.statement.equations().zip(&weights) {
            for term in terms {
                factors[usize::from(term.point)] += weight * responses[usize::from(term.scalar)];
            }
            factors[usize::from(left)] -= weight * challenge;
        }
        if let Some(Multiple { point, of, factor }) = draft.multiple
            && point.max(of) < factors.len()
        {
            // Besides, spare * (factor * of - point), which has a short factor for the point.
            let moved = (factors[point] + spare) * factor;
            factors[of] += moved;
            factors[point] = Scalar::ZERO;
            self.single.push((spare, -draft.points[point].element()));
        }
        for (point, factor) in draft.points.iter().zip(factors) {
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

#[cfg(test)]
mod faults;
