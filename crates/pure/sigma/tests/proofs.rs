//! Proofs of a statement through the public functions.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use anteroom_sigma::{Point, Randomness, Sho, Statement, VerifyError};
use curve25519_dalek::{RistrettoPoint, Scalar, traits::Identity};

static STATEMENT: Statement = Statement::new(&["A = a*G + b*H", "B = b*G + c*H"]);

fn witness() -> [Scalar; 3] {
    let mut sho = Sho::of(b"witness", b"");
    [sho.scalar(), sho.scalar(), sho.scalar()]
}

/// Returns `G, A, H, B`.
fn points([a, b, c]: [Scalar; 3]) -> [Point; 4] {
    let h = Point::from(Sho::of(b"H", b"").point());
    [
        Point::BASE,
        (Point::BASE.times(&a) + h.times(&b)).into(),
        h,
        (Point::BASE.times(&b) + h.times(&c)).into(),
    ]
}

fn prove(message: &[u8]) -> Vec<u8> {
    STATEMENT
        .prove(
            &witness(),
            &points(witness()),
            message,
            &Randomness::from_bytes([1; 32]),
        )
        .unwrap()
}

#[test]
fn a_proof_verifies() {
    assert_eq!(
        STATEMENT.verify(&prove(b"m"), &points(witness()), b"m"),
        Ok(())
    );
}

#[test]
fn a_false_statement_is_not_proved() {
    let [a, b, c] = witness();
    let wrong = [a + Scalar::ONE, b, c];
    let randomness = Randomness::from_bytes([1; 32]);
    let proof = STATEMENT.prove(&wrong, &points(witness()), b"", &randomness);
    assert_eq!(proof, Err(VerifyError));
}

#[test]
fn wrong_counts_are_refused() {
    let randomness = Randomness::from_bytes([1; 32]);
    let points = points(witness());
    let short = STATEMENT.prove(&witness()[..2], &points, b"", &randomness);
    assert_eq!(short, Err(VerifyError));
    let short = STATEMENT.prove(&witness(), &points[..3], b"", &randomness);
    assert_eq!(short, Err(VerifyError));
    assert_eq!(
        STATEMENT.verify(&prove(b""), &points[..3], b""),
        Err(VerifyError)
    );
}

#[test]
fn any_flipped_bit_is_refused() {
    let points = points(witness());
    let proof = prove(b"m");
    for bit in 0..proof.len() * 8 {
        let mut flipped = proof.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(
            STATEMENT.verify(&flipped, &points, b"m"),
            Err(VerifyError),
            "bit {bit}"
        );
    }
}

#[test]
fn another_message_or_point_is_refused() {
    let proof = prove(b"m");
    let mut points = points(witness());
    assert_eq!(STATEMENT.verify(&proof, &points, b"n"), Err(VerifyError));
    assert_eq!(STATEMENT.verify(&proof, &points, b""), Err(VerifyError));
    points.swap(1, 3);
    assert_eq!(STATEMENT.verify(&proof, &points, b"m"), Err(VerifyError));
}

#[test]
fn malformed_proofs_are_refused() {
    let points = points(witness());
    let proof = prove(b"m");
    let mut longer = proof.clone();
    longer.extend([0; 32]);
    let uncanonical: Vec<u8> = proof[..96].iter().copied().chain([0xff; 32]).collect();
    for malformed in [
        &[][..],
        &proof[..32],
        &proof[..96],
        &proof[..127],
        &longer,
        &uncanonical,
    ] {
        assert_eq!(STATEMENT.verify(malformed, &points, b"m"), Err(VerifyError));
    }
}

#[test]
fn the_challenge_is_right_where_a_commitment_is_the_identity() {
    // Batched compression must not let one identity change its neighbours.
    let statement = Statement::new(&["A = a*G", "B = b*G"]);
    let points = [
        Point::BASE,
        Point::from(RistrettoPoint::identity()),
        Point::BASE,
    ];
    let proof = statement
        .prove(
            &[Scalar::ZERO, Scalar::ONE],
            &points,
            b"",
            &Randomness::from_bytes([2; 32]),
        )
        .unwrap();
    assert_eq!(statement.verify(&proof, &points, b""), Ok(()));
    let p = Sho::of(b"P", b"").point();
    let batch = RistrettoPoint::double_and_compress_batch([&RistrettoPoint::identity(), &p]);
    assert_eq!(
        batch,
        [RistrettoPoint::identity().compress(), (p + p).compress()]
    );
}

#[test]
fn the_same_inputs_give_the_same_proof_and_others_another() {
    assert_eq!(prove(b"m"), prove(b"m"));
    assert_ne!(prove(b"m")[32..], prove(b"n")[32..]);
}
