//! Issuance in the clear (section 3.1): the issuer knows every attribute.

use anteroom_sigma::{ParseError, Point, Randomness, Sho, Statement, VerifyError};

use crate::{
    codec::{Reader, Writer},
    credential::{Credential, public_product},
    key::{KeyPair, PublicKey, dot},
    system::SYSTEM,
};

const LABEL: &[u8] = b"Signal_ZKCredential_Issuance_20230410";

/// Credentials with `N` slots and how they are issued.
#[derive(Debug)]
pub struct Issuance<const N: usize> {
    statement: Statement,
}

/// Credentials of three slots.
pub static ISSUANCE_3: Issuance<3> = Issuance {
    statement: Statement::new(&[
        "C_W   = w*G_w + w'*G_w'",
        "G_V-I = x0*G_x0 + x1*G_x1 + y0*G_y0 + y1*G_y1 + y2*G_y2",
        "V     = w*G_w + x0*U + x1*tU + y0*M0 + y1*M1 + y2*M2",
    ]),
};

/// Credentials of five slots.
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
    /// Issues over the points of slots `0 .. N`. Constant time in the key.
    ///
    /// # Errors
    /// If the computation went wrong: nothing leaves that does not verify.
    pub fn issue(
        &self,
        key: &KeyPair,
        attributes: &[Point; N],
        randomness: &Randomness,
    ) -> Result<Issued, VerifyError> {
        let mut sho = Sho::of(LABEL, randomness.as_bytes());
        let t = sho.scalar();
        let u = Point::from(sho.point());
        let y = key.y::<N>();
        // V = W + (x0 + x1*t)*U + y0(n)*M0 + sum(yi*Mi)
        let x = key.x0 + key.x1 * t;
        let v = key.w_point
            + dot(
                y.iter().chain([&x]),
                attributes.iter().chain([&u]).map(Point::element),
            );
        let credential = Credential { t, u, v: v.into() };

        let mut witness = zeroize::Zeroizing::new(vec![key.w, key.w_prime, key.x0, key.x1]);
        witness.extend_from_slice(&*y);
        let points = points(key.public_key(), &credential, attributes);
        let proof_randomness = Randomness::from_bytes(sho.squeeze_array());
        let proof = self
            .statement
            .prove(&witness, &points, b"", &proof_randomness)?;
        Ok(Issued { credential, proof })
    }

    /// The client's side: checks the proof over its own copy of the attributes.
    ///
    /// # Errors
    /// If the credential was made under another key or over other attributes.
    pub fn receive(
        &self,
        key: &PublicKey,
        attributes: &[Point; N],
        issued: &Issued,
    ) -> Result<Credential, VerifyError> {
        let points = points(key, &issued.credential, attributes);
        self.statement.verify(&issued.proof, &points, b"")?;
        Ok(issued.credential.clone())
    }

    /// Reads `t || U || V || vec(proof)`.
    ///
    /// # Errors
    /// If a part is not canonical or the proof not as long as the statement asks.
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

/// The statement's points in the order of their first appearance.
fn points<const N: usize>(
    key: &PublicKey,
    Credential { t, u, v }: &Credential,
    attributes: &[Point; N],
) -> Vec<Point> {
    let system = &*SYSTEM;
    let t_u = public_product(t, u);
    let g_y = system.g_y.iter().take(N);
    [Point::BASE, key.c_w, system.g_w, system.g_w_prime]
        .iter()
        .chain([key.g_v_minus_i::<N>(), &system.g_x0, &system.g_x1])
        .chain(g_y)
        .chain([v, u, &t_u])
        .chain(attributes)
        .copied()
        .collect()
}
