//! Faults during blind issuance: none may let a wrong credential out.

use super::*;
use crate::{
    Mode,
    faults::{LIMBS, flip, shift},
};

/// The inputs of an issuance.
struct Request {
    key: KeyPair,
    clear: [Point; CLEAR],
    blinding: BlindingKey,
    blinded: BlindedPoint,
}

impl Request {
    fn new() -> Self {
        let mut sho = Sho::of(b"request", b"");
        let blinding = BlindingKey::new(sho.scalar());
        let blinded = blinding.blind(&sho.point(), &sho.scalar());
        Self {
            key: KeyPair::generate(Mode::Standard, &Randomness::from_bytes([1; 32])),
            clear: [(); CLEAR].map(|()| sho.point().into()),
            blinding,
            blinded,
        }
    }

    fn begin(&self) -> UnprovenBlindCredential<'_> {
        UnprovenBlindCredential::new(
            &self.key,
            &self.clear,
            self.blinding.public(),
            &self.blinded,
            &Randomness::from_bytes([2; 32]),
        )
    }
}

/// A named value in which one limb is flipped.
type FaultTarget<T, V> = (&'static str, fn(&mut T) -> &mut V);

#[test]
fn nothing_leaves_when_the_key_is_hit() {
    let targets: [FaultTarget<KeyPair, Scalar>; 4] = [
        ("w", |key| &mut key.w),
        ("w'", |key| &mut key.w_prime),
        ("x0", |key| &mut key.x0),
        ("x1", |key| &mut key.x1),
    ];
    for (name, target) in targets {
        for limb in 0..LIMBS {
            let mut request = Request::new();
            flip(target(&mut request.key), limb);
            refused(&request.begin(), &format!("{name}, limb {limb}"));
        }
    }
}

/// The fault hits the scalars of the credential after its points were computed, and the points.
#[test]
fn nothing_leaves_when_the_credential_is_hit() {
    let request = Request::new();
    assert!(request.begin().finish().is_ok());
    let scalars: [FaultTarget<UnprovenBlindCredential<'_>, Scalar>; 6] = [
        ("r'", |unproven| &mut unproven.r_prime),
        ("t", |unproven| &mut unproven.t),
        ("y0", |unproven| &mut unproven.y[0]),
        ("y1", |unproven| &mut unproven.y[1]),
        ("y2", |unproven| &mut unproven.y[2]),
        ("y3", |unproven| &mut unproven.y[3]),
    ];
    let points: [FaultTarget<UnprovenBlindCredential<'_>, RistrettoPoint>; 4] = [
        ("U", |unproven| &mut unproven.halves[0]),
        ("S1", |unproven| &mut unproven.halves[1]),
        ("S2", |unproven| &mut unproven.halves[2]),
        ("t*U", |unproven| &mut unproven.halves[3]),
    ];
    for limb in 0..LIMBS {
        for (name, target) in scalars {
            let mut unproven = request.begin();
            flip(target(&mut unproven), limb);
            refused(&unproven, &format!("{name}, limb {limb}"));
        }
        for (name, target) in points {
            let mut unproven = request.begin();
            shift(target(&mut unproven), &request.key.x0, limb);
            refused(&unproven, &format!("{name}, limb {limb}"));
        }
    }
}

#[test]
fn nothing_leaves_when_a_commitment_is_hit() {
    let request = Request::new();
    let prove = |hit: Option<(usize, usize)>| {
        let unproven = request.begin();
        let (response, unfinished) = unproven.unfinished_proof().unwrap();
        let mut commitments = unproven.commitments(&unfinished).unwrap();
        if let Some((index, limb)) = hit {
            shift(&mut commitments[index], &request.key.x0, limb);
        }
        response.proved(unfinished, commitments)
    };
    assert!(prove(None).is_ok());
    for index in 0..4 {
        for limb in 0..LIMBS {
            let proved = prove(Some((index, limb)));
            assert!(
                matches!(proved, Err(VerifyError)),
                "commitment {index}, limb {limb}"
            );
        }
    }
}

#[track_caller]
fn refused(unproven: &UnprovenBlindCredential<'_>, fault: &str) {
    assert!(matches!(unproven.finish(), Err(VerifyError)), "{fault}");
}
