//! Blind issuance (section 3.2): the issuer signs a last attribute without seeing it.

use anteroom_sigma::{
    ParseError, Point, Randomness, Sho, Statement, UnfinishedProof, VerifyError, finish_proofs,
};
use curve25519_dalek::{
    RistrettoPoint, Scalar,
    traits::{MultiscalarMul, VartimeMultiscalarMul},
};
use zeroize::{Zeroize, Zeroizing};

use crate::{
    codec::{Encoding, Reader, write_vec},
    credential::Credential,
    key::{KeyPair, PublicKey},
    mac_point::MacPoint,
    system::SYSTEM,
};

const LABEL: &[u8] = b"Signal_ZKCredential_BlindIssuance_20230410";

/// The number of slots of the only kind of credential that is issued blindly. The blinded slot is the last
/// one.
const SLOTS: usize = 4;
/// The number of slots that the issuer knows.
const CLEAR: usize = SLOTS - 1;

static STATEMENT: Statement = Statement::new(&[
    "C_W   = w*G_w + w'*G_w'",
    "G_V-I = x0*G_x0 + x1*G_x1 + y0*G_y0 + y1*G_y1 + y2*G_y2 + y3*G_y3",
    "S1    = y3*D1 + r'*G",
    "S2    = r'*Y + w*G_w + x0*U + x1*tU + y0*M0 + y1*M1 + y2*M2 + y3*D2",
]);

/// The numbers of `U` and `tU` among the statement's points.
const POINT_U: usize = 15;
const POINT_T_U: usize = 16;

/// A one-time ElGamal key pair: `Y = y*G`. The private part is wiped on drop.
pub struct BlindingKey {
    y: Scalar,
    public: Point,
}

impl BlindingKey {
    /// Creates a key pair from the private scalar.
    #[must_use]
    pub fn new(y: Scalar) -> Self {
        let public = Point::BASE.times(&y).into();
        Self { y, public }
    }

    /// Returns `Y`.
    #[must_use]
    pub const fn public(&self) -> &Point {
        &self.public
    }

    /// Blinds a point: `D1 = r*G`, `D2 = r*Y + M`.
    #[must_use]
    pub fn blind(&self, point: &RistrettoPoint, r: &Scalar) -> BlindedPoint {
        BlindedPoint {
            d1: Point::BASE.times(r).into(),
            // Computes r*Y as a multiple of G, which has a table
            d2: (Point::BASE.times(&Zeroizing::new(self.y * r)) + point).into(),
        }
    }
}

impl Drop for BlindingKey {
    fn drop(&mut self) {
        self.y.zeroize();
    }
}

anteroom_sigma::redacted_debug!(BlindingKey);

/// `y`.
impl Encoding for BlindingKey {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        reader.read().map(Self::new)
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        self.y.write(bytes);
    }
}

/// An ElGamal ciphertext `D1 || D2` of an attribute point.
#[derive(Clone, PartialEq, Eq)]
pub struct BlindedPoint {
    d1: Point,
    d2: Point,
}

anteroom_sigma::redacted_debug!(BlindedPoint);
crate::encoding!(BlindedPoint: d1, d2);

/// A blinded credential with its proof of issuance.
#[derive(Clone)]
pub struct BlindIssuanceResponse {
    t: Scalar,
    u: Point,
    s1: Point,
    s2: Point,
    proof: Vec<u8>,
}

anteroom_sigma::redacted_debug!(BlindIssuanceResponse);

impl BlindIssuanceResponse {
    /// Issues a credential over the points of the clear slots and one blinded last slot. Constant time in the
    /// key.
    ///
    /// # Errors
    /// The computation was faulty: a credential that does not verify is not returned.
    pub fn issue(
        key: &KeyPair,
        clear: &[Point; CLEAR],
        blinding: &Point,
        blinded: &BlindedPoint,
        randomness: &Randomness,
    ) -> Result<Self, VerifyError> {
        UnprovenBlindCredential::new(key, clear, blinding, blinded, randomness).finish()
    }

    /// Verifies the proof and removes the blinding: `V = S2 - y*S1`. Called by the client.
    ///
    /// # Errors
    /// The credential was made under another key or over other attributes.
    pub fn receive(
        &self,
        key: &PublicKey,
        clear: &[Point; CLEAR],
        blinding: &BlindingKey,
        blinded: &BlindedPoint,
    ) -> Result<Credential, VerifyError> {
        let parsed_proof = STATEMENT.open(&self.proof)?;
        let (responses, minus_c) = (
            parsed_proof.halved_responses(),
            *parsed_proof.minus_half_challenge(),
        );
        let [w, w_prime, x0, x1, y @ .., r] = responses else {
            return Err(VerifyError);
        };
        let [_, _, _, y3] = y else {
            return Err(VerifyError);
        };
        // Variable time: the proof is public, and t and U are known to both parties.
        let u = self.u.element();
        let half_t_u = RistrettoPoint::vartime_multiscalar_mul([self.t.div_by_2()], [u]);
        let (basis, g_v_minus_i) = (&SYSTEM.basis, key.g_v_minus_i::<SLOTS>());
        let mut factors = vec![x0 + self.t * x1];
        factors.extend_from_slice(y);
        factors.extend([*r, minus_c]);
        let mut elements = vec![*u];
        let others = [&blinded.d2, &blinding.public, &self.s2];
        elements.extend(clear.iter().chain(others).map(Point::element));
        let halves = [
            basis.vartime_sum(&[*w, *w_prime], &[minus_c], &[*key.c_w.element()]),
            basis.vartime_sum(
                &SYSTEM.x_and_y(x0, x1, y),
                &[minus_c],
                &[*g_v_minus_i.element()],
            ),
            RistrettoPoint::vartime_multiscalar_mul(
                [y3, r, &minus_c],
                [&blinded.d1, &Point::BASE, &self.s1].map(Point::element),
            ),
            basis.vartime_sum(&[*w], &factors, &elements),
            half_t_u,
        ];
        let encodings = RistrettoPoint::double_and_compress_batch(&halves);
        let [commitments @ .., t_u] = encodings.as_slice() else {
            return Err(VerifyError);
        };
        let t_u = Point::new(half_t_u + half_t_u, *t_u);
        let points = self.points(key, &t_u, clear, &blinding.public, blinded);
        parsed_proof.check(points.iter().map(Point::encoding), b"", commitments)?;
        let v = self.s2.element() - self.s1.times(&blinding.y);
        Ok(Credential::new(self.t, self.u, v.into()).with_t_u(*t_u.element()))
    }

    /// Returns the statement's points in the order of their first appearance.
    fn points(
        &self,
        key: &PublicKey,
        t_u: &Point,
        clear: &[Point; CLEAR],
        blinding: &Point,
        blinded: &BlindedPoint,
    ) -> Vec<Point> {
        let system = &*SYSTEM;
        let g_y = system.g_y.iter().take(SLOTS);
        [Point::BASE, key.c_w, system.g_w, system.g_w_prime]
            .iter()
            .chain([key.g_v_minus_i::<SLOTS>(), &system.g_x0, &system.g_x1])
            .chain(g_y)
            .chain([&self.s1, &blinded.d1])
            .chain([&self.s2, blinding, &self.u, t_u])
            .chain(clear)
            .chain([&blinded.d2])
            .copied()
            .collect()
    }
}

/// `t || U || S1 || S2 || vec(proof)`.
impl Encoding for BlindIssuanceResponse {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        Ok(Self {
            t: reader.read()?,
            u: reader.read()?,
            s1: reader.read()?,
            s2: reader.read()?,
            proof: reader.vec(STATEMENT.proof_length())?.to_vec(),
        })
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        self.t.write(bytes);
        [self.u, self.s1, self.s2].write(bytes);
        write_vec(&self.proof, bytes);
    }
}

/// A credential without its proof, with the inputs of the proof.
struct UnprovenBlindCredential<'a> {
    key: &'a KeyPair,
    clear: &'a [Point; CLEAR],
    blinding: &'a Point,
    blinded: &'a BlindedPoint,
    y: Zeroizing<[Scalar; SLOTS]>,
    r_prime: Zeroizing<Scalar>,
    t: Scalar,
    mac_point: MacPoint,
    /// Half of `U`, `S1`, `S2` and `t*U`.
    halves: [RistrettoPoint; 4],
    proof_randomness: Randomness,
}

impl<'a> UnprovenBlindCredential<'a> {
    fn new(
        key: &'a KeyPair,
        clear: &'a [Point; CLEAR],
        blinding: &'a Point,
        blinded: &'a BlindedPoint,
        randomness: &Randomness,
    ) -> Self {
        let mut sho = Sho::of(LABEL, randomness.as_bytes());
        let r_prime = Zeroizing::new(sho.scalar());
        let t = sho.scalar();
        let mac_point = MacPoint::squeeze(&mut sho, randomness);
        let y = key.y::<SLOTS>();
        let [_, y1, y2, y3] = &*y;
        let [public, m1, m2] = clear;
        // V' = W + (x0 + x1*t)*U + y0(n)*M0 + sum over the clear slots (yi*Mi)
        // S1 = r'*G + y3*D1
        // S2 = r'*Y + V' + y3*D2
        let x = key.x0 + key.x1 * t;
        let half = Zeroizing::new([&r_prime, y1, y2, y3].map(Scalar::div_by_2));
        let [half_r, _, _, half_y3] = &*half;
        let half_s1 = Point::BASE.times(half_r) + blinded.d1.times(half_y3);
        let half_s2 = key.half_w
            + key.slot_zero_half(SLOTS, public)
            + mac_point.times(&x.div_by_2())
            + RistrettoPoint::multiscalar_mul(
                half.iter(),
                [blinding, m1, m2, &blinded.d2].map(Point::element),
            );
        Self {
            key,
            clear,
            blinding,
            blinded,
            y,
            r_prime,
            t,
            halves: [
                mac_point.half(),
                half_s1,
                half_s2,
                mac_point.public_times(&t.div_by_2()),
            ],
            mac_point,
            proof_randomness: Randomness::from_bytes(sho.squeeze_array()),
        }
    }

    fn finish(&self) -> Result<BlindIssuanceResponse, VerifyError> {
        let (response, unfinished) = self.unfinished_proof()?;
        let commitments = self.commitments(&unfinished)?;
        response.proved(unfinished, commitments)
    }

    /// Returns the credential with an empty proof, and the unfinished proof.
    fn unfinished_proof(
        &self,
    ) -> Result<(BlindIssuanceResponse, UnfinishedProof<'static>), VerifyError> {
        let made = Point::doubles(&self.halves);
        let [u, s1, s2, t_u] = *made.as_slice() else {
            return Err(VerifyError);
        };
        let response = BlindIssuanceResponse {
            t: self.t,
            u,
            s1,
            s2,
            proof: Vec::new(),
        };
        let key = self.key;
        let mut witness = Zeroizing::new(Vec::with_capacity(STATEMENT.scalar_count()));
        witness.extend([key.w, key.w_prime, key.x0, key.x1]);
        witness.extend_from_slice(&*self.y);
        witness.push(*self.r_prime);
        let public = key.public_key();
        let points = response.points(public, &t_u, self.clear, self.blinding, self.blinded);
        let unfinished =
            STATEMENT.start_proof(witness, points, Vec::new(), &self.proof_randomness)?;
        Ok((
            response,
            unfinished.with_multiple(POINT_T_U, POINT_U, self.t),
        ))
    }

    /// Returns half of each commitment: the equations' right sides at half the nonces, in constant time.
    fn commitments(
        &self,
        unfinished: &UnfinishedProof<'_>,
    ) -> Result<Vec<RistrettoPoint>, VerifyError> {
        let nonces = unfinished.halved_nonces();
        let [w, w_prime, x0, x1, y @ .., r] = nonces.as_slice() else {
            return Err(VerifyError);
        };
        let [_, _, _, y3] = y else {
            return Err(VerifyError);
        };
        let system = &*SYSTEM;
        let w = system.g_w.times(w);
        let x = Zeroizing::new(x0 + x1 * self.t);
        let elements = self
            .clear
            .iter()
            .chain([&self.blinded.d2, self.blinding])
            .map(Point::element);
        Ok(vec![
            w + system.g_w_prime.times(w_prime),
            system.sum_x_and_y(x0, x1, y),
            self.blinded.d1.times(y3) + Point::BASE.times(r),
            w + self.mac_point.times(&x)
                + RistrettoPoint::multiscalar_mul(y.iter().chain([r]), elements),
        ])
    }
}

impl BlindIssuanceResponse {
    /// Adds the proof, which is verified.
    fn proved(
        mut self,
        unfinished: UnfinishedProof<'_>,
        commitments: Vec<RistrettoPoint>,
    ) -> Result<Self, VerifyError> {
        let mut proofs = finish_proofs(&[unfinished.committed(commitments)], Some(&SYSTEM.basis))?;
        self.proof = proofs.pop().ok_or(VerifyError)?;
        Ok(self)
    }
}

#[cfg(test)]
mod faults;
