//! The hash input of prover and verifier (section 2).

use curve25519_dalek::{Scalar, ristretto::CompressedRistretto};

use crate::{Sho, Statement};

const LABEL: &[u8] = b"POKSHO_Ristretto_SHOHMACSHA256";

/// Returns the hash object after the description and the points.
pub(crate) fn transcript<'e>(
    statement: &Statement,
    points: impl Iterator<Item = &'e [u8; 32]>,
) -> Sho {
    let mut sho = Sho::new(LABEL);
    points
        .fold(
            sho.absorb(statement.description()),
            |absorption, encoding| absorption.and(encoding),
        )
        .ratchet();
    sho
}

/// Returns the challenge over the commitments.
pub(crate) fn challenge(
    mut sho: Sho,
    commitments: &[CompressedRistretto],
    message: &[u8],
) -> Scalar {
    commitments
        .iter()
        .fold(sho.absorb(&[]), |absorption, encoding| {
            absorption.and(encoding.as_bytes())
        })
        .and(message)
        .ratchet();
    sho.scalar()
}
