//! Blind issuance (section 3.2): the issuer signs a last attribute it does not see.

use anteroom_sigma::{ParseError, Point, Randomness, Sho, Statement, VerifyError};
use curve25519_dalek::Scalar;
use zeroize::{Zeroize, Zeroizing};

use crate::{
    codec::{Reader, Writer},
    credential::{Credential, public_product},
    key::{KeyPair, PublicKey, dot},
    system::SYSTEM,
};

const LABEL: &[u8] = b"Signal_ZKCredential_BlindIssuance_20230410";

/// Slots of the one kind of credential that is issued blindly, the blinded one last.
const SLOTS: usize = 4;
/// Of them, those the issuer knows.
const CLEAR: usize = SLOTS - 1;

static STATEMENT: Statement = Statement::new(&[
    "C_W   = w*G_w + w'*G_w'",
    "G_V-I = x0*G_x0 + x1*G_x1 + y0*G_y0 + y1*G_y1 + y2*G_y2 + y3*G_y3",
    "S1    = y3*D1 + r'*G",
    "S2    = r'*Y + w*G_w + x0*U + x1*tU + y0*M0 + y1*M1 + y2*M2 + y3*D2",
]);

/// A one-off ElGamal key pair: `Y = y*G`. The private part is wiped on drop.
pub struct BlindingKey {
    y: Scalar,
    public: Point,
}

impl BlindingKey {
    /// From the private scalar.
    #[must_use]
    pub fn new(y: Scalar) -> Self {
        let public = Point::BASE.times(&y).into();
        Self { y, public }
    }

    /// The private scalar.
    #[must_use]
    pub const fn private(&self) -> &Scalar {
        &self.y
    }

    /// `Y`.
    #[must_use]
    pub const fn public(&self) -> &Point {
        &self.public
    }

    /// Blinds a point: `D1 = r*G`, `D2 = r*Y + M`.
    #[must_use]
    pub fn blind(&self, point: &Point, r: &Scalar) -> BlindedPoint {
        BlindedPoint {
            d1: Point::BASE.times(r).into(),
            d2: (self.public.times(r) + point.element()).into(),
        }
    }
}

impl Drop for BlindingKey {
    fn drop(&mut self) {
        self.y.zeroize();
    }
}

anteroom_sigma::redacted_debug!(BlindingKey);

/// An ElGamal ciphertext `D1 || D2` of an attribute point.
#[derive(Clone, PartialEq, Eq)]
pub struct BlindedPoint {
    d1: Point,
    d2: Point,
}

anteroom_sigma::redacted_debug!(BlindedPoint);

impl BlindedPoint {
    /// Reads `D1 || D2`.
    ///
    /// # Errors
    /// If one is not canonical.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let [d1, d2] = reader.points()?;
        Ok(Self { d1, d2 })
    }

    /// Writes `D1 || D2`.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        bytes.put_points(&[self.d1, self.d2]);
    }
}

/// A credential still under the client's blinding, with its proof.
#[derive(Clone)]
pub struct BlindIssued {
    t: Scalar,
    u: Point,
    s1: Point,
    s2: Point,
    proof: Vec<u8>,
}

anteroom_sigma::redacted_debug!(BlindIssued);

impl BlindIssued {
    /// Issues over the points of the clear slots and one blinded last slot. Constant time in the
    /// key.
    ///
    /// # Errors
    /// If the computation went wrong: nothing leaves that does not verify.
    pub fn issue(
        key: &KeyPair,
        clear: &[Point; CLEAR],
        blinding: &Point,
        blinded: &BlindedPoint,
        randomness: &Randomness,
    ) -> Result<Self, VerifyError> {
        let mut sho = Sho::of(LABEL, randomness.as_bytes());
        let r_prime = Zeroizing::new(sho.scalar());
        let t = sho.scalar();
        let u = Point::from(sho.point());
        let y = key.y::<SLOTS>();
        let [.., y3] = &*y;
        // V' = W + (x0 + x1*t)*U + y0(n)*M0 + sum over the clear slots (yi*Mi)
        // S1 = r'*G + y3*D1
        // S2 = r'*Y + V' + y3*D2
        let x = key.x0 + key.x1 * t;
        let s1 = Point::BASE.times(&r_prime) + blinded.d1.times(y3);
        let s2 = key.w_point
            + dot(
                y.iter().chain([&x, &r_prime]),
                clear
                    .iter()
                    .chain([&blinded.d2, &u, blinding])
                    .map(Point::element),
            );
        let mut issued = Self {
            t,
            u,
            s1: s1.into(),
            s2: s2.into(),
            proof: Vec::new(),
        };

        let mut witness = Zeroizing::new(vec![key.w, key.w_prime, key.x0, key.x1]);
        witness.extend_from_slice(&*y);
        witness.push(*r_prime);
        let points = issued.points(key.public_key(), clear, blinding, blinded);
        let proof_randomness = Randomness::from_bytes(sho.squeeze_array());
        issued.proof = STATEMENT.prove(&witness, &points, b"", &proof_randomness)?;
        Ok(issued)
    }

    /// The client's side: checks the proof and takes the blinding off, `V = S2 - y*S1`.
    ///
    /// # Errors
    /// If the credential was made under another key or over other attributes.
    pub fn receive(
        &self,
        key: &PublicKey,
        clear: &[Point; CLEAR],
        blinding: &BlindingKey,
        blinded: &BlindedPoint,
    ) -> Result<Credential, VerifyError> {
        let points = self.points(key, clear, &blinding.public, blinded);
        STATEMENT.verify(&self.proof, &points, b"")?;
        let v = self.s2.element() - self.s1.times(&blinding.y);
        Ok(Credential {
            t: self.t,
            u: self.u,
            v: v.into(),
        })
    }

    /// Reads `t || U || S1 || S2 || vec(proof)`.
    ///
    /// # Errors
    /// If a part is not canonical or the proof not as long as the statement asks.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let t = reader.scalar()?;
        let [u, s1, s2] = reader.points()?;
        let proof = reader.vec(STATEMENT.proof_length())?.to_vec();
        Ok(Self {
            t,
            u,
            s1,
            s2,
            proof,
        })
    }

    /// Writes `t || U || S1 || S2 || vec(proof)`.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        bytes.put_scalar(&self.t);
        bytes.put_points(&[self.u, self.s1, self.s2]);
        bytes.put_vec(&self.proof);
    }

    /// The statement's points in the order of their first appearance.
    fn points(
        &self,
        key: &PublicKey,
        clear: &[Point; CLEAR],
        blinding: &Point,
        blinded: &BlindedPoint,
    ) -> Vec<Point> {
        let system = &*SYSTEM;
        let t_u = public_product(&self.t, &self.u);
        let g_y = system.g_y.iter().take(SLOTS);
        [Point::BASE, key.c_w, system.g_w, system.g_w_prime]
            .iter()
            .chain([key.g_v_minus_i::<SLOTS>(), &system.g_x0, &system.g_x1])
            .chain(g_y)
            .chain([&self.s1, &blinded.d1])
            .chain([&self.s2, blinding, &self.u, &t_u])
            .chain(clear)
            .chain([&blinded.d2])
            .copied()
            .collect()
    }
}
