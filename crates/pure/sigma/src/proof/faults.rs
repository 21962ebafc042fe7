//! Faults during a proof: none may let a wrong proof out.

use curve25519_dalek::{RistrettoPoint, Scalar};
use zeroize::Zeroizing;

use crate::{Committed, Draft, Point, Randomness, Sho, Statement, VerifyError, seal};

static STATEMENT: Statement = Statement::new(&["A = a*G + b*H", "B = b*G + c*H"]);

/// The number of bytes in a limb.
const LIMB: usize = 8;

fn draft(seed: u8) -> Draft<'static> {
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
    let draft = STATEMENT.draft(witness, points, Vec::new(), &randomness);
    draft.unwrap()
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
fn faulty() -> Vec<(String, Committed<'static>)> {
    let mut all = Vec::new();
    for limb in 0..4 {
        for index in 0..3 {
            // A nonce, after the commitments were made from it.
            let mut proof = draft(1).commit();
            proof.draft.nonces[index] = flip(&proof.draft.nonces[index], limb);
            all.push((format!("nonce {index}, limb {limb}"), proof));
            // A scalar of the witness, after the commitments.
            let mut proof = draft(1).commit();
            proof.draft.witness[index] = flip(&proof.draft.witness[index], limb);
            all.push((format!("witness {index}, limb {limb}"), proof));
        }
        for index in 0..2 {
            // A scalar during the computation of a commitment.
            let mut proof = draft(1).commit();
            let nonce = proof.draft.nonces[index];
            let error = (flip(&nonce, limb) - nonce).div_by_2();
            proof.halves[index] += Point::BASE.times(&error);
            all.push((format!("commitment {index}, limb {limb}"), proof));
            // A wrongly computed point of the statement, such as a MAC.
            let mut proof = draft(1);
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
    assert!(seal(&[draft(1).commit()], None).is_ok());
    for (fault, proof) in faulty() {
        assert_eq!(seal(&[proof], None), Err(VerifyError), "{fault}");
    }
}

#[test]
fn a_fault_in_one_proof_holds_back_the_whole_batch() {
    let good = || [draft(2).commit(), draft(3).commit()];
    assert_eq!(seal(&good(), None).unwrap().len(), 2);
    for (fault, proof) in faulty() {
        let [first, last] = good();
        assert_eq!(
            seal(&[first, proof, last], None),
            Err(VerifyError),
            "{fault}"
        );
    }
}

#[test]
fn proofs_sealed_together_are_those_sealed_alone() {
    let basis = crate::Basis::new(&[Point::from(Sho::of(b"H", b"").point())]);
    let alone: Vec<_> = (1..4)
        .flat_map(|seed| seal(&[draft(seed).commit()], None).unwrap())
        .collect();
    let together: Vec<_> = (1..4).map(|seed| draft(seed).commit()).collect();
    assert_eq!(seal(&together, None).unwrap(), alone);
    assert_eq!(seal(&together, Some(&basis)).unwrap(), alone);
    for (seed, proof) in (1..4).zip(alone) {
        assert_eq!(STATEMENT.verify(&proof, &draft(seed).points, b""), Ok(()));
    }
}
