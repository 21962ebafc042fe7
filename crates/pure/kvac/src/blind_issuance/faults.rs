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

    fn begin(&self) -> Begun<'_> {
        Begun::new(
            &self.key,
            &self.clear,
            self.blinding.public(),
            &self.blinded,
            &Randomness::from_bytes([2; 32]),
        )
    }
}

/// A named value in which one limb is flipped.
type Place<T, V> = (&'static str, fn(&mut T) -> &mut V);

#[test]
fn nothing_leaves_when_the_key_is_hit() {
    let places: [Place<KeyPair, Scalar>; 4] = [
        ("w", |key| &mut key.w),
        ("w'", |key| &mut key.w_prime),
        ("x0", |key| &mut key.x0),
        ("x1", |key| &mut key.x1),
    ];
    for (name, place) in places {
        for limb in 0..LIMBS {
            let mut request = Request::new();
            flip(place(&mut request.key), limb);
            refused(&request.begin(), &format!("{name}, limb {limb}"));
        }
    }
}

/// The fault hits the scalars of the credential after its points were computed, and the points.
#[test]
fn nothing_leaves_when_the_credential_is_hit() {
    let request = Request::new();
    assert!(request.begin().finish().is_ok());
    let scalars: [Place<Begun<'_>, Scalar>; 6] = [
        ("r'", |begun| &mut begun.r_prime),
        ("t", |begun| &mut begun.t),
        ("y0", |begun| &mut begun.y[0]),
        ("y1", |begun| &mut begun.y[1]),
        ("y2", |begun| &mut begun.y[2]),
        ("y3", |begun| &mut begun.y[3]),
    ];
    let points: [Place<Begun<'_>, RistrettoPoint>; 4] = [
        ("U", |begun| &mut begun.halves[0]),
        ("S1", |begun| &mut begun.halves[1]),
        ("S2", |begun| &mut begun.halves[2]),
        ("t*U", |begun| &mut begun.halves[3]),
    ];
    for limb in 0..LIMBS {
        for (name, place) in scalars {
            let mut begun = request.begin();
            flip(place(&mut begun), limb);
            refused(&begun, &format!("{name}, limb {limb}"));
        }
        for (name, place) in points {
            let mut begun = request.begin();
            shift(place(&mut begun), &request.key.x0, limb);
            refused(&begun, &format!("{name}, limb {limb}"));
        }
    }
}

#[test]
fn nothing_leaves_when_a_commitment_is_hit() {
    let request = Request::new();
    let prove = |hit: Option<(usize, usize)>| {
        let begun = request.begin();
        let (issued, draft) = begun.draft().unwrap();
        let mut commitments = begun.commitments(&draft).unwrap();
        if let Some((index, limb)) = hit {
            shift(&mut commitments[index], &request.key.x0, limb);
        }
        issued.proved(draft, commitments)
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
fn refused(begun: &Begun<'_>, fault: &str) {
    assert!(matches!(begun.finish(), Err(VerifyError)), "{fault}");
}
