//! Faults during a proof: none may let a wrong proof out.

use curve25519_dalek::{RistrettoPoint, Scalar};
use zeroize::Zeroizing;

use crate::{
    Point, ProofCommitments, Randomness, Sho, Statement, UnfinishedProof, VerifyError,
    finish_proofs,
};

static STATEMENT: Statement = Statement::new(&["A = a*G + b*H", "B = b*G + c*H"]);

/// The number of bytes in a limb.
const LIMB: usize = 8;

fn unfinished(seed: u8) -> UnfinishedProof<'static> {
    let mut sho = Sho::of(b"witness", &[seed]);
    let [a, b, c] = [sho.scalar(), sho.scalar(), sho.scalar()];
    let h = Point::from(Sho::of(b"H", b"").point());
    let points = vec![
        Point::BASE,
        (Point::BASE.times(&a) + h.times(&b)).into(),
        h,
        (Point::BASE.times(&b) + h.times(&c)).into(),
    ];
    let randomness = Randomness::from_bytes([seed; 32]);
    let witness = Zeroizing::new(vec![a, b, c]);
    let unfinished = STATEMENT.start_proof(witness, points, Vec::new(), &randomness);
    unfinished.unwrap()
}

/// Returns a scalar with one limb flipped.
fn flip(scalar: &Scalar, limb: usize) -> Scalar {
    let mut bytes = scalar.to_bytes();
    for byte in bytes.iter_mut().skip(LIMB * limb).take(LIMB) {
        *byte ^= 0xff;
    }
    Scalar::from_bytes_mod_order(bytes)
}

/// Returns proofs with one fault each, in every value of the computation.
fn faulty() -> Vec<(String, ProofCommitments<'static>)> {
    let mut all = Vec::new();
    for limb in 0..4 {
        for index in 0..3 {
            // A nonce, after the commitments were made from it.
            let mut proof = unfinished(1).commit();
            proof.unfinished.nonces[index] = flip(&proof.unfinished.nonces[index], limb);
            all.push((format!("nonce {index}, limb {limb}"), proof));
            // A scalar of the witness, after the commitments.
            let mut proof = unfinished(1).commit();
            proof.unfinished.witness[index] = flip(&proof.unfinished.witness[index], limb);
            all.push((format!("witness {index}, limb {limb}"), proof));
        }
        for index in 0..2 {
            // A scalar during the computation of a commitment.
            let mut proof = unfinished(1).commit();
            let nonce = proof.unfinished.nonces[index];
            let error = (flip(&nonce, limb) - nonce).div_by_2();
            proof.halves[index] += Point::BASE.times(&error);
            all.push((format!("commitment {index}, limb {limb}"), proof));
            // A wrongly computed point of the statement, such as a MAC.
            let mut proof = unfinished(1);
            let left = 1 + 2 * index;
            let element: RistrettoPoint = proof.points[left].element() + Point::BASE.times(&error);
            proof.points[left] = element.into();
            all.push((format!("point {left}, limb {limb}"), proof.commit()));
        }
    }
    all
}

#[test]
fn nothing_leaves_after_a_fault() {
    assert!(finish_proofs(&[unfinished(1).commit()], None).is_ok());
    for (fault, proof) in faulty() {
        assert_eq!(finish_proofs(&[proof], None), Err(VerifyError), "{fault}");
    }
}

#[test]
fn a_fault_in_one_proof_holds_back_the_whole_batch() {
    let good = || [unfinished(2).commit(), unfinished(3).commit()];
    assert_eq!(finish_proofs(&good(), None).unwrap().len(), 2);
    for (fault, proof) in faulty() {
        let [first, last] = good();
        assert_eq!(
            finish_proofs(&[first, proof, last], None),
            Err(VerifyError),
            "{fault}"
        );
    }
}

#[test]
fn proofs_sealed_together_are_those_sealed_alone() {
    let basis = crate::Basis::new(&[Point::from(Sho::of(b"H", b"").point())]);
    let alone: Vec<_> = (1..4)
        .flat_map(|seed| finish_proofs(&[unfinished(seed).commit()], None).unwrap())
        .collect();
    let together: Vec<_> = (1..4).map(|seed| unfinished(seed).commit()).collect();
    assert_eq!(finish_proofs(&together, None).unwrap(), alone);
    assert_eq!(finish_proofs(&together, Some(&basis)).unwrap(), alone);
    for (seed, proof) in (1..4).zip(alone) {
        assert_eq!(
            STATEMENT.verify(&proof, &unfinished(seed).points, b""),
            Ok(())
        );
    }
}
