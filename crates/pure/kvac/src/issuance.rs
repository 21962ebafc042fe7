//! Issuance in the clear (section 3.1): the issuer knows every attribute.

use anteroom_sigma::{
    Committed, Draft, ParseError, Point, Randomness, Sho, Statement, VerifyError, seal,
};
use curve25519_dalek::{
    RistrettoPoint, Scalar,
    traits::{MultiscalarMul, VartimeMultiscalarMul},
};
use zeroize::{Zeroize, Zeroizing};

use crate::{
    codec::{Reader, Writer},
    credential::Credential,
    key::{KeyPair, PublicKey},
    parallel,
    source::Source,
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
pub struct Issued {
    credential: Credential,
    proof: Vec<u8>,
}

anteroom_sigma::redacted_debug!(Issued);

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
    ) -> Result<Account<'k>, VerifyError> {
        if attributes.len() + 1 != N {
            return Err(VerifyError);
        }
        let y = Zeroizing::new(key.y::<N>().to_vec());
        let halves: Zeroizing<Vec<_>> =
            Zeroizing::new(y.iter().skip(1).map(Scalar::div_by_2).collect());
        let elements = attributes.iter().map(Point::element);
        Ok(Account {
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
        issued: &Issued,
    ) -> Result<Credential, VerifyError> {
        let opening = self.statement.open(&issued.proof)?;
        let Credential { t, u, v, .. } = &issued.credential;
        let (responses, minus_c) = (opening.halved_responses(), *opening.minus_half_challenge());
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
        opening.check(points.iter().map(Point::encoding), b"", commitments)?;
        Ok(issued.credential.clone().with_t_u(*t_u.element()))
    }

    /// Reads `t || U || V || vec(proof)`.
    ///
    /// # Errors
    /// A part is not canonical, or the proof has another length than the statement's.
    pub fn read(&self, reader: &mut Reader<'_>) -> Result<Issued, ParseError> {
        Ok(Issued {
            credential: Credential::read(reader)?,
            proof: reader.vec(self.statement.proof_length())?.to_vec(),
        })
    }
}

impl Issued {
    /// Writes `t || U || V || vec(proof)`.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        self.credential.write(bytes);
        bytes.put_vec(&self.proof);
    }
}

/// The recipient of credentials, with the contribution of its attributes to each of them.
pub struct Account<'k> {
    statement: &'static Statement,
    key: &'k KeyPair,
    g_v_minus_i: &'k Point,
    /// The points of slots 1 and up.
    attributes: Vec<Point>,
    y: Zeroizing<Vec<Scalar>>,
    /// Half of the sum of yi*Mi.
    half: RistrettoPoint,
}

anteroom_sigma::redacted_debug!(impl ['k] Account<'k>);

impl Drop for Account<'_> {
    fn drop(&mut self) {
        self.half.zeroize();
    }
}

impl Account<'_> {
    /// Starts a credential. `public` is the point of its slot 0. Constant time in the key.
    #[must_use]
    pub fn begin(&self, public: &Point, randomness: &Randomness) -> Begun<'_> {
        let mut sho = Sho::of(LABEL, randomness.as_bytes());
        let t = sho.scalar();
        let source = Source::squeeze(&mut sho, randomness);
        // V = W + (x0 + x1*t)*U + y0(n)*M0 + sum(yi*Mi)
        let x = self.key.x0 + self.key.x1 * t;
        let half_v = self.key.half_w
            + self.key.slot_zero_half(self.y.len(), public)
            + self.half
            + source.times(&x.div_by_2());
        Begun {
            account: self,
            public: *public,
            t,
            halves: [source.half(), half_v, source.public_times(&t.div_by_2())],
            source,
            proof_randomness: Randomness::from_bytes(sho.squeeze_array()),
        }
    }

    /// Issues one credential. `public` is the point of its slot 0. Constant time in the key.
    ///
    /// # Errors
    /// The computation was faulty: a credential that does not verify is not returned.
    pub fn issue(&self, public: &Point, randomness: &Randomness) -> Result<Issued, VerifyError> {
        let mut issued = issue_all(&[self.begin(public, randomness)])?;
        issued.pop().ok_or(VerifyError)
    }
}

/// A credential without its proof.
pub struct Begun<'a> {
    account: &'a Account<'a>,
    public: Point,
    t: Scalar,
    source: Source,
    /// Half of `U`, `V` and `t*U`.
    halves: [RistrettoPoint; 3],
    proof_randomness: Randomness,
}

anteroom_sigma::redacted_debug!(impl ['a] Begun<'a>);

/// Issues credentials of any accounts and keys together: all points are compressed with one inversion and all
/// proofs verified in one sum before any is returned.
///
/// # Errors
/// The computation was faulty: no credential is returned then.
pub fn issue_all(begun: &[Begun<'_>]) -> Result<Vec<Issued>, VerifyError> {
    let halves: Vec<_> = begun.iter().flat_map(|begun| begun.halves).collect();
    let made = Point::doubles(&halves);
    let (made, _) = made.as_chunks::<3>();
    let pairs: Vec<_> = begun.iter().zip(made).collect();
    let committed = parallel::map(&pairs, |(begun, made)| begun.committed(made));
    let committed: Result<Vec<_>, _> = committed.into_iter().collect();
    prove_all(begun, made, &committed?)
}

/// Finishes and verifies the proofs of credentials with these `U` and `V`.
fn prove_all(
    begun: &[Begun<'_>],
    made: &[[Point; 3]],
    committed: &[Committed<'_>],
) -> Result<Vec<Issued>, VerifyError> {
    let proofs = seal(committed, Some(&SYSTEM.basis))?;
    let issued = begun.iter().zip(made).zip(proofs);
    Ok(issued
        .map(|((begun, [u, v, _]), proof)| Issued {
            credential: Credential::new(begun.t, *u, *v),
            proof,
        })
        .collect())
}

impl Begun<'_> {
    fn committed(&self, made: &[Point; 3]) -> Result<Committed<'static>, VerifyError> {
        let draft = self.draft(made)?;
        let commitments = self.commitments(&draft);
        Ok(draft.committed(commitments))
    }

    fn draft(&self, made: &[Point; 3]) -> Result<Draft<'static>, VerifyError> {
        let Account {
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
        let draft = statement.draft(witness, points, Vec::new(), &self.proof_randomness)?;
        Ok(draft.with_multiple(u + 1, u, self.t))
    }

    /// Returns half of each commitment: the equations' right sides at half the nonces, in constant time.
    fn commitments(&self, draft: &Draft<'_>) -> Vec<RistrettoPoint> {
        let nonces = draft.halved_nonces();
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
            w + self.source.times(&x)
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
