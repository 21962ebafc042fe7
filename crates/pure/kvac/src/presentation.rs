//! Presentation (section 3.4): a proof of holding a credential over certain attributes, some encrypted and
//! some revealed, without revealing the credential.

use anteroom_sigma::{
    ParseError, ParsedProof, Point, Randomness, Sho, Statement, VerifyError, finish_proofs,
};
use curve25519_dalek::{RistrettoPoint, Scalar, traits::MultiscalarMul};
use zeroize::Zeroizing;

use crate::{
    codec::{Encoding as _, Reader, write_vec},
    credential::Credential,
    encryption::{AttributeKey, Ciphertext, Domain},
    key::{KeyPair, Mode, PublicKey},
    system::SYSTEM,
};

const LABEL: &[u8] = b"Signal_ZKCredential_Presentation_20230410";

/// The presentation of a credential with `N` slots: slot 0 public, then attributes encrypted under one key
/// (two slots each), then at most one revealed attribute.
#[derive(Debug)]
pub struct PresentationStatement<const N: usize> {
    statement: Statement,
    encrypted: usize,
}

/// Three slots: one encrypted attribute.
pub static PRESENTATION_3: PresentationStatement<3> = PresentationStatement {
    statement: Statement::new(&[
        "Z         = z*I",
        "C_x1      = t*C_x0 + z0*G_x0 + z*G_x1",
        "0         = z1*I + a1*Z",
        "A         = a1*G_a1 + a2*G_a2",
        "E_A1      = a1*C_y1 + z1*G_y1",
        "C_y2-E_A2 = z*G_y2 + a2*-E_A1",
        "C_y0      = z*G_y0",
    ]),
    encrypted: 1,
};

/// Four slots: one encrypted attribute and one revealed.
pub static PRESENTATION_4: PresentationStatement<4> = PresentationStatement {
    statement: Statement::new(&[
        "Z         = z*I",
        "C_x1      = t*C_x0 + z0*G_x0 + z*G_x1",
        "0         = z1*I + a1*Z",
        "A         = a1*G_a1 + a2*G_a2",
        "E_A1      = a1*C_y1 + z1*G_y1",
        "C_y2-E_A2 = z*G_y2 + a2*-E_A1",
        "C_y3      = z*G_y3",
        "C_y0      = z*G_y0",
    ]),
    encrypted: 1,
};

/// Five slots: two attributes encrypted under the same key.
pub static PRESENTATION_5: PresentationStatement<5> = PresentationStatement {
    statement: Statement::new(&[
        "Z         = z*I",
        "C_x1      = t*C_x0 + z0*G_x0 + z*G_x1",
        "0         = z1*I + a1*Z",
        "A         = a1*G_a1 + a2*G_a2",
        "E_A1      = a1*C_y1 + z1*G_y1",
        "C_y2-E_A2 = z*G_y2 + a2*-E_A1",
        "E_A3      = a1*C_y3 + z1*G_y3",
        "C_y4-E_A4 = z*G_y4 + a2*-E_A3",
        "C_y0      = z*G_y0",
    ]),
    encrypted: 2,
};

/// The commitments to a credential and its attributes, and the proof about them.
#[derive(Clone, PartialEq, Eq)]
pub struct PresentationProof<const N: usize> {
    c_x0: Point,
    c_x1: Point,
    c_v: Point,
    c_y: [Point; N],
    proof: Vec<u8>,
}

anteroom_sigma::redacted_debug!(impl [const N: usize] PresentationProof<N>);

/// The values of a presentation that prover and verifier both know, except the commitments.
#[derive(Clone, Copy, Debug)]
pub struct PresentationContext<'a> {
    /// The domain of the encrypted attributes.
    pub domain: &'a Domain,
    /// The public part `A` of the key under which they are encrypted.
    pub key: &'a Point,
    /// The ciphertexts, in slot order.
    pub ciphertexts: &'a [Ciphertext],
    /// The application message, to which the proof is bound; empty for none.
    pub message: &'a [u8],
}

impl<const N: usize> PresentationStatement<N> {
    /// Presents a credential. `attributes` are the points of slots 1 to `N - 1`. Constant time in the
    /// credential, the attributes and the key.
    ///
    /// # Errors
    /// The credential does not have these attributes, or the computation was faulty: a presentation that does
    /// not verify is not returned.
    pub fn present(
        &self,
        credential: &Credential,
        attributes: &[RistrettoPoint],
        issuer: &PublicKey,
        key: &AttributeKey,
        context: &PresentationContext<'_>,
        randomness: &Randomness,
    ) -> Result<PresentationProof<N>, VerifyError> {
        let system = &*SYSTEM;
        let mut sho = Sho::of(LABEL, randomness.as_bytes());
        let z = Zeroizing::new(sho.scalar());

        // Z = z*I_n, C_yi = z*G_yi + Mi, with nothing added for slot 0 and revealed slots
        let half_z = Zeroizing::new(z.div_by_2());
        let hidden = 1..=2 * self.encrypted;
        let mut c_y = [Point::BASE; N];
        let mut plain = vec![issuer.i_times::<N>(&half_z)];
        for ((c_y, g_y), slot) in c_y.iter_mut().zip(&system.g_y).zip(0..) {
            match attributes.get(usize::wrapping_sub(slot, 1)) {
                Some(attribute) if hidden.contains(&slot) => {
                    *c_y = (g_y.times(&z) + attribute).into();
                }
                _ => plain.push(g_y.times(&half_z)),
            }
        }
        let mut plain = Point::doubles(&plain).into_iter();
        let capital_z = plain.next().ok_or(VerifyError)?;
        for (c_y, slot) in c_y.iter_mut().zip(0..) {
            if !hidden.contains(&slot) {
                *c_y = plain.next().ok_or(VerifyError)?;
            }
        }
        // C_x0 = z*G_x0 + U, C_V = z*G_V + V, C_x1 = z*G_x1 + t*U
        let t = &credential.t;
        let mut presentation = PresentationProof {
            c_x0: (system.g_x0.times(&z) + credential.u.element()).into(),
            c_x1: (system.g_x1.times(&z) + credential.t_u()).into(),
            c_v: (system.g_v.times(&z) + credential.v.element()).into(),
            c_y,
            proof: Vec::new(),
        };
        // z0 = -z*t, z1 = -z*a1
        let z0 = -(*z * t);
        let z1 = -(*z * key.a1);

        let witness: Zeroizing<Vec<Scalar>> = Zeroizing::new(vec![*z, *t, z0, z1, key.a1, key.a2]);
        let points = self.points(&presentation, capital_z, issuer, context)?;
        let message = self.message(issuer.mode(), &presentation, context)?;
        let proof_randomness = Randomness::from_bytes(sho.squeeze_array());
        let unfinished = self
            .statement
            .start_proof(witness, points, message, &proof_randomness)?;
        let commitments = self.commitments(
            &unfinished.halved_nonces(),
            &z,
            &presentation,
            issuer,
            context,
        )?;
        let mut proofs = finish_proofs(&[unfinished.committed(commitments)], Some(&system.basis))?;
        presentation.proof = proofs.pop().ok_or(VerifyError)?;
        Ok(presentation)
    }

    /// Returns half of each commitment: the equations' right sides at half the nonces, in constant time.
    fn commitments(
        &self,
        nonces: &[Scalar],
        capital_z: &Scalar,
        presentation: &PresentationProof<N>,
        issuer: &PublicKey,
        context: &PresentationContext<'_>,
    ) -> Result<Vec<RistrettoPoint>, VerifyError> {
        let [z, t, z0, z1, a1, a2] = nonces else {
            return Err(VerifyError);
        };
        let (system, domain) = (&*SYSTEM, context.domain);
        // z1*I + a1*Z, as a multiple of I
        let both = Zeroizing::new(z1 + a1 * capital_z);
        let mut commitments = vec![
            issuer.i_times::<N>(z),
            presentation.c_x0.times(t) + system.g_x0.times(z0) + system.g_x1.times(z),
            issuer.i_times::<N>(&both),
            domain.g_a1.times(a1) + domain.g_a2.times(a2),
        ];
        let slots = presentation.c_y.iter().zip(&system.g_y).skip(1);
        let mut slots = slots.clone().zip(slots.skip(1)).step_by(2);
        for ciphertext in context.ciphertexts {
            let Some(((c_yi, g_yi), (_, g_yj))) = slots.next() else {
                return Err(VerifyError);
            };
            commitments.push(c_yi.times(a1) + g_yi.times(z1));
            commitments.push(g_yj.times(z) - ciphertext.e_a1.times(a2));
        }
        let revealed = system.g_y.iter().take(N).skip(1 + 2 * self.encrypted);
        let public = system.g_y.iter().take(1);
        commitments.extend(revealed.chain(public).map(|g_y| g_y.times(z)));
        Ok(commitments)
    }

    /// Verifies a presentation, given the verifier's own copies of the public attributes' point and of the
    /// revealed attributes' points (of the last slots). Constant time in the key.
    ///
    /// # Errors
    /// The presentation does not verify.
    pub fn verify(
        &self,
        presentation: &PresentationProof<N>,
        public: &Point,
        revealed: &[RistrettoPoint],
        issuer: &KeyPair,
        context: &PresentationContext<'_>,
    ) -> Result<(), VerifyError> {
        if 1 + 2 * self.encrypted + revealed.len() != N {
            return Err(VerifyError);
        }
        // Z = C_V - W - x0*C_x0 - x1*C_x1 - y0(n)*(C_y0 + M0) - sum(yi*C_yi) - sum(yi*Mi)
        let known = [public.element()]
            .into_iter()
            .map(Some)
            .chain((0..2 * self.encrypted).map(|_| None))
            .chain(revealed.iter().map(Some));
        let sums = presentation.c_y.iter().zip(known);
        let sums = sums.map(|(c_y, known)| match known {
            Some(known) => c_y.element() + known,
            None => *c_y.element(),
        });
        let y = issuer.y::<N>();
        let dot = RistrettoPoint::multiscalar_mul(
            y.iter().chain([&issuer.x0, &issuer.x1]),
            sums.chain([*presentation.c_x0.element(), *presentation.c_x1.element()]),
        );
        let capital_z = presentation.c_v.element() - issuer.w_point - dot;

        let public_key = issuer.public_key();
        let parsed_proof = self.statement.open(&presentation.proof)?;
        let halves = self.rebuild(&parsed_proof, presentation, &capital_z, public_key, context)?;
        let commitments = RistrettoPoint::double_and_compress_batch(&halves);
        let points = self.points(presentation, capital_z.into(), public_key, context)?;
        let message = self.message(issuer.mode(), presentation, context)?;
        parsed_proof.check(points.iter().map(Point::encoding), &message, &commitments)
    }

    /// Returns half of each commitment, computed from the responses. Variable time: all inputs are public to
    /// prover and verifier.
    fn rebuild(
        &self,
        parsed_proof: &ParsedProof<'_>,
        presentation: &PresentationProof<N>,
        capital_z: &RistrettoPoint,
        issuer: &PublicKey,
        context: &PresentationContext<'_>,
    ) -> Result<Vec<RistrettoPoint>, VerifyError> {
        let [z, t, z0, z1, a1, a2] = *parsed_proof.halved_responses() else {
            return Err(VerifyError);
        };
        let minus_c = *parsed_proof.minus_half_challenge();
        let (system, i) = (&*SYSTEM, issuer.i_basis::<N>());
        let PresentationProof {
            c_x0, c_x1, c_y, ..
        } = presentation;
        let [c_x0, c_x1, a] = [c_x0, c_x1, context.key].map(|point| *point.element());
        let mut halves = vec![
            i.vartime_sum(&[z], &[minus_c], &[*capital_z]),
            system
                .x_basis
                .vartime_sum(&[z0, z], &[t, minus_c], &[c_x0, c_x1]),
            i.vartime_sum(&[z1], &[a1], &[*capital_z]),
            context
                .domain
                .basis
                .vartime_sum(&[a1, a2], &[minus_c], &[a]),
        ];
        let slots = c_y.iter().map(Point::element).zip(&system.y_bases).skip(1);
        let mut pairs = slots.clone().zip(slots.skip(1)).step_by(2);
        for Ciphertext { e_a1, e_a2 } in context.ciphertexts {
            let Some(((c_yi, g_yi), (c_yj, g_yj))) = pairs.next() else {
                return Err(VerifyError);
            };
            let (e_a1, difference) = (*e_a1.element(), c_yj - e_a2.element());
            halves.push(g_yi.vartime_sum(&[z1], &[a1, minus_c], &[*c_yi, e_a1]));
            halves.push(g_yj.vartime_sum(&[z], &[-a2, minus_c], &[e_a1, difference]));
        }
        let slots = c_y.iter().zip(&system.y_bases);
        let revealed = slots.clone().skip(1 + 2 * self.encrypted);
        for (c_y, g_y) in revealed.chain(slots.take(1)) {
            halves.push(g_y.vartime_sum(&[z], &[minus_c], &[*c_y.element()]));
        }
        Ok(halves)
    }

    /// Reads `C_x0 || C_x1 || C_V || vec(C_y0 ... C_y(n-1)) || vec(proof)`.
    ///
    /// # Errors
    /// A part is not canonical, or a vector has another length than the statement's.
    pub fn read(&self, reader: &mut Reader<'_>) -> Result<PresentationProof<N>, ParseError> {
        let [c_x0, c_x1, c_v] = reader.read()?;
        reader.count(N)?;
        let c_y = reader.read()?;
        let proof = reader.vec(self.statement.proof_length())?.to_vec();
        Ok(PresentationProof {
            c_x0,
            c_x1,
            c_v,
            c_y,
            proof,
        })
    }

    /// Returns the statement's points in the order of their first appearance.
    fn points(
        &self,
        presentation: &PresentationProof<N>,
        capital_z: Point,
        issuer: &PublicKey,
        context: &PresentationContext<'_>,
    ) -> Result<Vec<Point>, VerifyError> {
        let system = &*SYSTEM;
        let PresentationProof {
            c_x0, c_x1, c_y, ..
        } = presentation;
        let mut points = vec![Point::BASE, capital_z, *issuer.i::<N>()];
        points.extend([*c_x1, *c_x0, system.g_x0, system.g_x1]);
        points.push(system.zero);
        points.extend([*context.key, context.domain.g_a1, context.domain.g_a2]);

        let ([c_y0, c_y @ ..], [g_y0, g_y @ ..]) = (c_y.as_slice(), system.g_y.as_slice()) else {
            return Err(VerifyError);
        };
        let encrypted = 2 * self.encrypted;
        let (pairs, revealed) = c_y.split_at_checked(encrypted).ok_or(VerifyError)?;
        let (pairs, g_pairs) = (pairs.as_chunks().0, g_y.as_chunks().0);
        if context.ciphertexts.len() != pairs.len() {
            return Err(VerifyError);
        }
        for ((&[c_yi, c_yj], &[g_yi, g_yj]), ciphertext) in
            pairs.iter().zip(g_pairs).zip(context.ciphertexts)
        {
            let Ciphertext { e_a1, e_a2 } = ciphertext;
            points.extend([*e_a1, c_yi, g_yi]);
            points.push((c_yj.element() - e_a2.element()).into());
            points.extend([g_yj, (-e_a1.element()).into()]);
        }
        for (c_yi, g_yi) in revealed.iter().zip(g_y.iter().skip(encrypted)) {
            points.extend([*c_yi, *g_yi]);
        }
        points.extend([*c_y0, *g_y0]);
        Ok(points)
    }

    /// Returns the message to which the proof is bound: in standard mode the application message after its
    /// length, the key, and for each encrypted attribute `C_yj || E_Aj`; in legacy mode the application message
    /// alone. The key makes the former longer than the four zero bytes for which an empty message stands.
    fn message(
        &self,
        mode: Mode,
        presentation: &PresentationProof<N>,
        context: &PresentationContext<'_>,
    ) -> Result<Vec<u8>, VerifyError> {
        match mode {
            Mode::Legacy => Ok(context.message.to_vec()),
            Mode::Standard => {
                let length = u32::try_from(context.message.len()).map_err(|_| VerifyError)?;
                let mut message = length.to_be_bytes().to_vec();
                message.extend_from_slice(context.message);
                context.key.write(&mut message);
                let second = presentation.c_y.iter().skip(2).step_by(2);
                for (c_yj, ciphertext) in second.zip(context.ciphertexts) {
                    [*c_yj, ciphertext.e_a2].write(&mut message);
                }
                Ok(message)
            }
        }
    }
}

impl<const N: usize> PresentationProof<N> {
    /// Writes `C_x0 || C_x1 || C_V || vec(C_y0 ... C_y(n-1)) || vec(proof)`.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        [self.c_x0, self.c_x1, self.c_v].write(bytes);
        (N as u64).write(bytes);
        self.c_y.write(bytes);
        write_vec(&self.proof, bytes);
    }
}

#[cfg(test)]
mod tests;
