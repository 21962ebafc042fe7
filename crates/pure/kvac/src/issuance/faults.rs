//! Faults during issuance: none may let a wrong credential out.

use anteroom_sigma::{Point, Randomness, Sho, VerifyError};
use curve25519_dalek::Scalar;
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

use super::{ISSUANCE_3, IssuanceResponse, Recipient, UnprovenCredential, issue_all, prove_all};
use crate::{
    KeyPair, Mode,
    faults::{LIMBS, flip, shift},
    mac_point::MacPoint,
};

const RANDOMNESS: [u8; 32] = [2; 32];

fn key() -> KeyPair {
    KeyPair::generate(Mode::Standard, &Randomness::from_bytes([1; 32]))
}

fn point(name: &[u8]) -> Point {
    Sho::of(b"attribute", name).point().into()
}

fn account(key: &KeyPair) -> Recipient<'_> {
    ISSUANCE_3
        .account(key, &[point(b"1"), point(b"2")])
        .unwrap()
}

fn begin<'a>(account: &'a Recipient<'_>) -> UnprovenCredential<'a> {
    account.begin(&point(b"0"), &Randomness::from_bytes(RANDOMNESS))
}

/// A named scalar in which one limb is flipped.
type FaultTarget<T> = (&'static str, fn(&mut T) -> &mut Scalar);

/// The fault hits a limb of each scalar of the key, before or after the account's contribution is computed.
#[test]
fn nothing_leaves_when_the_key_is_hit() {
    let targets: [FaultTarget<KeyPair>; 4] = [
        ("w", |key| &mut key.w),
        ("w'", |key| &mut key.w_prime),
        ("x0", |key| &mut key.x0),
        ("x1", |key| &mut key.x1),
    ];
    for (name, target) in targets {
        for limb in 0..LIMBS {
            let mut key = key();
            flip(target(&mut key), limb);
            refused(&[begin(&account(&key))], &format!("{name}, limb {limb}"));
        }
    }
    for slot in 0..3 {
        for limb in 0..LIMBS {
            let key = key();
            let mut account = account(&key);
            flip(&mut account.y[slot], limb);
            refused(&[begin(&account)], &format!("y{slot}, limb {limb}"));
        }
    }
}

/// The fault hits a limb of the account's and of the key's contribution to `V`.
#[test]
fn nothing_leaves_when_a_part_of_v_is_hit() {
    for limb in 0..LIMBS {
        let intact = key();
        let mut hit = account(&intact);
        shift(&mut hit.half, &intact.x0, limb);
        refused(&[begin(&hit)], &format!("the account's part, limb {limb}"));
        let mut key = key();
        let x0 = key.x0;
        shift(&mut key.half_w, &x0, limb);
        refused(&[begin(&account(&key))], &format!("W, limb {limb}"));
    }
}

/// The fault hits a limb of a credential's scalars, after its points were computed.
#[test]
fn nothing_leaves_when_a_credential_is_hit() {
    let key = key();
    let account = account(&key);
    assert_eq!(issue_all(&[begin(&account)]).unwrap().len(), 1);
    for (index, name) in ["U", "V", "t*U"].into_iter().enumerate() {
        for limb in 0..LIMBS {
            let mut unproven = begin(&account);
            shift(&mut unproven.halves[index], &key.x0, limb);
            refused(&[unproven], &format!("{name}, limb {limb}"));
        }
    }
    for limb in 0..LIMBS {
        let mut unproven = begin(&account);
        flip(&mut unproven.t, limb);
        refused(&[unproven], &format!("t, limb {limb}"));

        let drawn = Randomness::random(&mut ChaCha20Rng::seed_from_u64(3));
        let mut unproven = account.begin(&point(b"0"), &drawn);
        let MacPoint::Drawn(u) = &mut unproven.mac_point else {
            panic!("randomness was drawn");
        };
        flip(u, limb);
        refused(&[unproven], &format!("u, limb {limb}"));
    }
}

/// The fault hits a limb of a commitment of the proof.
#[test]
fn nothing_leaves_when_a_commitment_is_hit() {
    let key = key();
    let account = account(&key);
    let prove = |hit: Option<(usize, usize)>| {
        let unproven = [begin(&account)];
        let made = Point::doubles(&unproven[0].halves);
        let made = made.as_chunks::<3>().0;
        let unfinished = unproven[0].unfinished_proof(&made[0]).unwrap();
        let mut commitments = unproven[0].commitments(&unfinished);
        if let Some((index, limb)) = hit {
            shift(&mut commitments[index], &key.x0, limb);
        }
        prove_all(&unproven, made, &[unfinished.committed(commitments)])
    };
    assert!(prove(None).is_ok());
    for index in 0..3 {
        for limb in 0..LIMBS {
            let proved = prove(Some((index, limb)));
            assert!(is_refused(&proved), "commitment {index}, limb {limb}");
        }
    }
}

/// The fault hits one credential of a batch.
#[test]
fn a_fault_in_one_credential_holds_back_the_whole_batch() {
    let key = key();
    let account = account(&key);
    for target in 0..4 {
        let mut batch = [(); 4].map(|()| begin(&account));
        shift(&mut batch[target].halves[1], &key.x0, 2);
        refused(&batch, &format!("V of number {target}"));
    }
}

#[track_caller]
fn refused(unproven: &[UnprovenCredential<'_>], fault: &str) {
    assert!(is_refused(&issue_all(unproven)), "{fault}");
}

fn is_refused(response: &Result<Vec<IssuanceResponse>, VerifyError>) -> bool {
    matches!(response, Err(VerifyError))
}
