//! The verifier's part of a proof (section 2).

use curve25519_dalek::{
    RistrettoPoint, Scalar, ristretto::CompressedRistretto, traits::VartimeMultiscalarMul,
};
use subtle::ConstantTimeEq;

use crate::{
    Point, Statement, VerifyError,
    transcript::{challenge, transcript},
};

/// A parsed proof. The verifier rebuilds its commitments and compares them with its challenge.
///
/// A caller that knows more about the points than the statement contains (that some are static, that one is a
/// multiple of another) can rebuild the commitments at less cost; [`Statement::verify`] rebuilds them for any
/// points.
#[derive(Debug)]
pub struct ParsedProof<'s> {
    statement: &'s Statement,
    challenge: Scalar,
    halved_responses: Vec<Scalar>,
    minus_half_challenge: Scalar,
}

impl Statement {
    /// Parses a proof: the challenge and a response for each scalar, all canonical.
    ///
    /// # Errors
    /// The bytes have another form.
    pub fn open(&self, proof: &[u8]) -> Result<ParsedProof<'_>, VerifyError> {
        let (challenge, halved_responses) = parse(proof).ok_or(VerifyError)?;
        if halved_responses.len() != self.scalar_count() {
            return Err(VerifyError);
        }
        Ok(ParsedProof {
            statement: self,
            challenge,
            halved_responses,
            minus_half_challenge: -challenge.div_by_2(),
        })
    }

    /// Verifies a proof. `points` are in number order, the basepoint first.
    ///
    /// Variable time: the proof and the points are known to both parties.
    ///
    /// # Errors
    /// The proof is malformed or does not verify.
    pub fn verify(
        &self,
        proof: &[u8],
        points: &[Point],
        message: &[u8],
    ) -> Result<(), VerifyError> {
        let parsed_proof = self.open(proof)?;
        if points.len() != self.point_count() {
            return Err(VerifyError);
        }
        let halved = parsed_proof.halved_commitments(points);
        let commitments = RistrettoPoint::double_and_compress_batch(&halved);
        let encodings = points.iter().map(Point::encoding);
        parsed_proof.check(encodings, message, &commitments)
    }
}

impl ParsedProof<'_> {
    /// Returns half of each response, in scalar order. Halves, because the library compresses the doubles of
    /// many points with a single inversion.
    #[must_use]
    pub fn halved_responses(&self) -> &[Scalar] {
        &self.halved_responses
    }

    /// Returns half of the challenge, negated: the factor of each equation's left point.
    #[must_use]
    pub const fn minus_half_challenge(&self) -> &Scalar {
        &self.minus_half_challenge
    }

    /// Compares the challenge with that of the points and the commitments.
    ///
    /// # Errors
    /// They differ, or the numbers of points or commitments differ from the statement's.
    pub fn check<'e>(
        &self,
        points: impl ExactSizeIterator<Item = &'e [u8; 32]>,
        message: &[u8],
        commitments: &[CompressedRistretto],
    ) -> Result<(), VerifyError> {
        let statement = self.statement;
        if points.len() != statement.point_count()
            || commitments.len() != statement.equations().len()
        {
            return Err(VerifyError);
        }
        let rebuilt = challenge(transcript(statement, points), commitments, message);
        if rebuilt.ct_eq(&self.challenge).into() {
            Ok(())
        } else {
            Err(VerifyError)
        }
    }

    /// Returns half of each equation's right side at the responses minus challenge times left point.
    #[expect(
        clippy::indexing_slicing,
        reason = "numbers are below the counts, and the counts are checked"
    )]
    fn halved_commitments(&self, points: &[Point]) -> Vec<RistrettoPoint> {
        let halves = &self.halved_responses;
        self.statement
            .equations()
            .map(|(left, terms)| {
                let scalars = terms.iter().map(|term| halves[usize::from(term.scalar)]);
                let right = terms.iter().map(|term| term.point);
                // Variable time: challenge and responses are the proof itself.
                RistrettoPoint::vartime_multiscalar_mul(
                    scalars.chain([self.minus_half_challenge]),
                    right
                        .chain([left])
                        .map(|point| points[usize::from(point)].element()),
                )
            })
            .collect()
    }
}

/// Parses the challenge and the responses, which it halves.
fn parse(proof: &[u8]) -> Option<(Scalar, Vec<Scalar>)> {
    let (chunks, []) = proof.as_chunks::<32>() else {
        return None;
    };
    let mut scalars = chunks
        .iter()
        .map(|chunk| Option::<Scalar>::from(Scalar::from_canonical_bytes(*chunk)));
    let challenge = scalars.next()??;
    let halved: Option<Vec<Scalar>> = scalars
        .map(|response| response.map(|response| response.div_by_2()))
        .collect();
    Some((challenge, halved?))
}
