//! Issuance in the clear (section 3.1): the issuer knows every attribute.

use anteroom_sigma::{
    ParseError, Point, ProofCommitments, Randomness, Sho, Statement, UnfinishedProof, VerifyError,
    finish_proofs,
};
use curve25519_dalek::{
    RistrettoPoint, Scalar,
    traits::{MultiscalarMul, VartimeMultiscalarMul},
};
use zeroize::{Zeroize, Zeroizing};

use crate::{
    codec::{Encoding as _, Reader, write_vec},
    credential::Credential,
    key::{KeyPair, PublicKey},
    mac_point::MacPoint,
    parallel,
    system::SYSTEM,
};

const LABEL: &[u8] = b"Signal_ZKCredential_Issuance_20230410";

/// The issuance of credentials with `N` slots.
#[derive(Debug)]
pub struct Issuance<const N: usize> {
    statement: Statement,
}

/// Credentials with three slots.
pub static ISSUANCE_3: Issuance<3> = Issuance {
    statement: Statement::new(&[
        "C_W   = w*G_w + w'*G_w'",
        "G_V-I = x0*G_x0 + x1*G_x1 + y0*G_y0 + y1*G_y1 + y2*G_y2",
        "V     = w*G_w + x0*U + x1*tU + y0*M0 + y1*M1 + y2*M2",
    ]),
};

/// Credentials with five slots.
pub static ISSUANCE_5: Issuance<5> = Issuance {
    statement: Statement::new(&[
        "C_W   = w*G_w + w'*G_w'",
        "G_V-I = x0*G_x0 + x1*G_x1 + y0*G_y0 + y1*G_y1 + y2*G_y2 + y3*G_y3 + y4*G_y4",
        "V     = w*G_w + x0*U + x1*tU + y0*M0 + y1*M1 + y2*M2 + y3*M3 + y4*M4",
    ]),
};

/// A credential with the proof that it was made under the published key.
#[derive(Clone)]
pub struct IssuanceResponse {
    credential: Credential,
    proof: Vec<u8>,
}

anteroom_sigma::redacted_debug!(IssuanceResponse);

impl<const N: usize> Issuance<N> {
    /// Prepares the issuance to one account: computes the contribution of its attributes, the points of slots
    /// `1 .. N`, to each of its credentials.
    ///
    /// # Errors
    /// The number of attributes is not `N - 1`.
    pub fn account<'k>(
        &'static self,
        key: &'k KeyPair,
        attributes: &[Point],
    ) -> Result<Recipient<'k>, VerifyError> {
        if attributes.len() + 1 != N {
            return Err(VerifyError);
        }
        let y = Zeroizing::new(key.y::<N>().to_vec());
        let halves: Zeroizing<Vec<_>> =
            Zeroizing::new(y.iter().skip(1).map(Scalar::div_by_2).collect());
        let elements = attributes.iter().map(Point::element);
        Ok(Recipient {
            statement: &self.statement,
            key,
            g_v_minus_i: key.public_key().g_v_minus_i::<N>(),
            attributes: attributes.to_vec(),
            half: RistrettoPoint::multiscalar_mul(halves.iter(), elements),
            y,
        })
    }

    /// Verifies the proof over the client's own copy of the attributes.
    ///
    /// # Errors
    /// The credential was made under another key or over other attributes.
    pub fn receive(
        &self,
        key: &PublicKey,
        attributes: &[Point; N],
        response: &IssuanceResponse,
    ) -> Result<Credential, VerifyError> {
        let parsed_proof = self.statement.open(&response.proof)?;
        let Credential { t, u, v, .. } = &response.credential;
        let (responses, minus_c) = (
            parsed_proof.halved_responses(),
            *parsed_proof.minus_half_challenge(),
        );
        let [w, w_prime, x0, x1, y @ ..] = responses else {
            return Err(VerifyError);
        };
        // Variable time: the proof is public, and t and U are known to both parties.
        let half_t_u = RistrettoPoint::vartime_multiscalar_mul([t.div_by_2()], [u.element()]);
        let (basis, g_v_minus_i) = (&SYSTEM.basis, key.g_v_minus_i::<N>());
        let mut factors = vec![x0 + t * x1];
        factors.extend_from_slice(y);
        factors.push(minus_c);
        let mut elements = vec![*u.element()];
        elements.extend(attributes.iter().chain([v]).map(Point::element));
        let halves = [
            basis.vartime_sum(&[*w, *w_prime], &[minus_c], &[*key.c_w.element()]),
            basis.vartime_sum(
                &SYSTEM.x_and_y(x0, x1, y),
                &[minus_c],
                &[*g_v_minus_i.element()],
            ),
            basis.vartime_sum(&[*w], &factors, &elements),
            half_t_u,
        ];
        let encodings = RistrettoPoint::double_and_compress_batch(&halves);
        let [commitments @ .., t_u] = encodings.as_slice() else {
            return Err(VerifyError);
        };
        let t_u = Point::new(half_t_u + half_t_u, *t_u);
        let points = points(key, g_v_minus_i, &[*u, *v, t_u], attributes);
        parsed_proof.check(points.iter().map(Point::encoding), b"", commitments)?;
        Ok(response.credential.clone().with_t_u(*t_u.element()))
    }

    /// Reads `t || U || V || vec(proof)`.
    ///
    /// # Errors
    /// A part is not canonical, or the proof has another length than the statement's.
    pub fn read(&self, reader: &mut Reader<'_>) -> Result<IssuanceResponse, ParseError> {
        Ok(IssuanceResponse {
            credential: reader.read()?,
            proof: reader.vec(self.statement.proof_length())?.to_vec(),
        })
    }
}

impl IssuanceResponse {
    /// Writes `t || U || V || vec(proof)`.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        self.credential.write(bytes);
        write_vec(&self.proof, bytes);
    }
}

/// The recipient of credentials, with the contribution of its attributes to each of them.
pub struct Recipient<'k> {
    statement: &'static Statement,
    key: &'k KeyPair,
    g_v_minus_i: &'k Point,
    /// The points of slots 1 and up.
    attributes: Vec<Point>,
    y: Zeroizing<Vec<Scalar>>,
    /// Half of the sum of yi*Mi.
    half: RistrettoPoint,
}

anteroom_sigma::redacted_debug!(impl ['k] Recipient<'k>);

impl Drop for Recipient<'_> {
    fn drop(&mut self) {
        self.half.zeroize();
    }
}

impl Recipient<'_> {
    /// Starts a credential. `public` is the point of its slot 0. Constant time in the key.
    #[must_use]
    pub fn begin(&self, public: &Point, randomness: &Randomness) -> UnprovenCredential<'_> {
        let mut sho = Sho::of(LABEL, randomness.as_bytes());
        let t = sho.scalar();
        let mac_point = MacPoint::squeeze(&mut sho, randomness);
        // V = W + (x0 + x1*t)*U + y0(n)*M0 + sum(yi*Mi)
        let x = self.key.x0 + self.key.x1 * t;
        let half_v = self.key.half_w
            + self.key.slot_zero_half(self.y.len(), public)
            + self.half
            + mac_point.times(&x.div_by_2());
        UnprovenCredential {
            account: self,
            public: *public,
            t,
            halves: [
                mac_point.half(),
                half_v,
                mac_point.public_times(&t.div_by_2()),
            ],
            mac_point,
            proof_randomness: Randomness::from_bytes(sho.squeeze_array()),
        }
    }

    /// Issues one credential. `public` is the point of its slot 0. Constant time in the key.
    ///
    /// # Errors
    /// The computation was faulty: a credential that does not verify is not returned.
    pub fn issue(
        &self,
        public: &Point,
        randomness: &Randomness,
    ) -> Result<IssuanceResponse, VerifyError> {
        let mut response = issue_all(&[self.begin(public, randomness)])?;
        response.pop().ok_or(VerifyError)
    }
}

/// A credential without its proof.
pub struct UnprovenCredential<'a> {
    account: &'a Recipient<'a>,
    public: Point,
    t: Scalar,
    mac_point: MacPoint,
    /// Half of `U`, `V` and `t*U`.
    halves: [RistrettoPoint; 3],
    proof_randomness: Randomness,
}

anteroom_sigma::redacted_debug!(impl ['a] UnprovenCredential<'a>);

/// Issues credentials of any accounts and keys together: all points are compressed with one inversion and all
/// proofs verified in one sum before any is returned.
///
/// # Errors
/// The computation was faulty: no credential is returned then.
pub fn issue_all(
    unproven: &[UnprovenCredential<'_>],
) -> Result<Vec<IssuanceResponse>, VerifyError> {
    let halves: Vec<_> = unproven
        .iter()
        .flat_map(|unproven| unproven.halves)
        .collect();
    let made = Point::doubles(&halves);
    let (made, _) = made.as_chunks::<3>();
    let pairs: Vec<_> = unproven.iter().zip(made).collect();
    let committed = parallel::map(&pairs, |(unproven, made)| unproven.committed(made));
    let committed: Result<Vec<_>, _> = committed.into_iter().collect();
    prove_all(unproven, made, &committed?)
}

/// Finishes and verifies the proofs of credentials with these `U` and `V`.
fn prove_all(
    unproven: &[UnprovenCredential<'_>],
    made: &[[Point; 3]],
    committed: &[ProofCommitments<'_>],
) -> Result<Vec<IssuanceResponse>, VerifyError> {
    let proofs = finish_proofs(committed, Some(&SYSTEM.basis))?;
    let response = unproven.iter().zip(made).zip(proofs);
    Ok(response
        .map(|((unproven, [u, v, _]), proof)| IssuanceResponse {
            credential: Credential::new(unproven.t, *u, *v),
            proof,
        })
        .collect())
}

impl UnprovenCredential<'_> {
    fn committed(&self, made: &[Point; 3]) -> Result<ProofCommitments<'static>, VerifyError> {
        let unfinished = self.unfinished_proof(made)?;
        let commitments = self.commitments(&unfinished);
        Ok(unfinished.committed(commitments))
    }

    fn unfinished_proof(&self, made: &[Point; 3]) -> Result<UnfinishedProof<'static>, VerifyError> {
        let Recipient {
            statement,
            key,
            g_v_minus_i,
            attributes,
            y,
            ..
        } = self.account;
        let mut witness = Zeroizing::new(Vec::with_capacity(4 + y.len()));
        witness.extend([key.w, key.w_prime, key.x0, key.x1]);
        witness.extend_from_slice(y);
        let slots = [&[self.public], attributes.as_slice()].concat();
        let points = points(key.public_key(), g_v_minus_i, made, &slots);
        let u = 8 + slots.len();
        let unfinished =
            statement.start_proof(witness, points, Vec::new(), &self.proof_randomness)?;
        Ok(unfinished.with_multiple(u + 1, u, self.t))
    }

    /// Returns half of each commitment: the equations' right sides at half the nonces, in constant time.
    fn commitments(&self, unfinished: &UnfinishedProof<'_>) -> Vec<RistrettoPoint> {
        let nonces = unfinished.halved_nonces();
        let [w, w_prime, x0, x1, y @ ..] = nonces.as_slice() else {
            return Vec::new();
        };
        let system = &*SYSTEM;
        let w = system.g_w.times(w);
        // x0*U + x1*t*U
        let x = Zeroizing::new(x0 + x1 * self.t);
        let attributes = [&self.public].into_iter().chain(&self.account.attributes);
        vec![
            w + system.g_w_prime.times(w_prime),
            system.sum_x_and_y(x0, x1, y),
            w + self.mac_point.times(&x)
                + RistrettoPoint::multiscalar_mul(y, attributes.map(Point::element)),
        ]
    }
}

/// Returns the statement's points in the order of their first appearance.
fn points(
    key: &PublicKey,
    g_v_minus_i: &Point,
    [u, v, t_u]: &[Point; 3],
    attributes: &[Point],
) -> Vec<Point> {
    let system = &*SYSTEM;
    let g_y = system.g_y.iter().take(attributes.len());
    [Point::BASE, key.c_w, system.g_w, system.g_w_prime]
        .iter()
        .chain([g_v_minus_i, &system.g_x0, &system.g_x1])
        .chain(g_y)
        .chain([v, u, t_u])
        .chain(attributes)
        .copied()
        .collect()
}

#[cfg(test)]
mod faults;
