//! Credential keys (section 3).

use anteroom_sigma::{ParseError, Point, Randomness, Sho};
use curve25519_dalek::{RistrettoPoint, Scalar, traits::MultiscalarMul};
use zeroize::{Zeroize, Zeroizing};

use crate::{
    codec::{Reader, Writer},
    system::{SLOTS, SYSTEM},
};

const GENERATE: &[u8] = b"Signal_ZKCredential_CredentialPrivateKey_generate_20230410";
const SLOT_ZERO_BLINDING: &[u8] = b"Signal_ZKCredential_SlotZeroBlinding_20260805";

/// Slots of the smallest credential.
const FEWEST: usize = 2;
/// How many different slot counts there are: 2 to 7.
const COUNTS: usize = SLOTS - FEWEST + 1;

/// How a key treats slot 0 and what its presentations bind. One key is used in one mode only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// `y0` as it is. The differences of the published `I` values give away single `y_i*G_yi`; it
    /// serves clients that know nothing else.
    Legacy,
    /// `y0` depends on the number of slots, and presentations bind the keys and ciphertexts they
    /// are about.
    #[default]
    Standard,
}

impl Mode {
    /// The version byte: 0 for legacy, 1 for standard.
    #[must_use]
    pub const fn version(self) -> u8 {
        match self {
            Self::Legacy => 0,
            Self::Standard => 1,
        }
    }

    /// Reads a version byte.
    ///
    /// # Errors
    /// If there is no such version.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let [version] = reader.array()?;
        Self::from_version(version)
    }

    /// The mode of a version byte.
    ///
    /// # Errors
    /// If there is none.
    pub const fn from_version(version: u8) -> Result<Self, ParseError> {
        match version {
            0 => Ok(Self::Legacy),
            1 => Ok(Self::Standard),
            _ => Err(ParseError),
        }
    }
}

/// A private key and what is computed from it once. Wiped on drop.
pub struct KeyPair {
    pub(crate) w: Scalar,
    pub(crate) w_prime: Scalar,
    pub(crate) w_point: RistrettoPoint,
    pub(crate) x0: Scalar,
    pub(crate) x1: Scalar,
    y: [Scalar; SLOTS],
    /// `y0(n)` for `n` from 2.
    y0: [Scalar; COUNTS],
    public: PublicKey,
}

impl KeyPair {
    /// Length of the stored private key in bytes.
    pub const LENGTH: usize = 384;

    /// Generates a key for one mode.
    #[must_use]
    pub fn generate(mode: Mode, randomness: &Randomness) -> Self {
        let mut sho = Sho::of(GENERATE, randomness.as_bytes());
        let [w, w_prime, x0, x1] = [(); 4].map(|()| sho.scalar());
        let y = [(); SLOTS].map(|()| sho.scalar());
        Self::from_scalars(mode, w, w_prime, SYSTEM.g_w.times(&w), x0, x1, y)
    }

    /// Parses `w || w' || W || x0 || x1 || y0 ... y6`.
    ///
    /// # Errors
    /// If a part is not canonical or `W` is not `w*G_w`.
    pub fn from_bytes(mode: Mode, bytes: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(bytes);
        let (w, w_prime) = (reader.scalar()?, reader.scalar()?);
        let w_point = *reader.point()?.element();
        let (x0, x1) = (reader.scalar()?, reader.scalar()?);
        let mut y = [Scalar::ZERO; SLOTS];
        for y in &mut y {
            *y = reader.scalar()?;
        }
        reader.finish()?;
        if SYSTEM.g_w.times(&w) != w_point {
            return Err(ParseError);
        }
        Ok(Self::from_scalars(mode, w, w_prime, w_point, x0, x1, y))
    }

    /// `w || w' || W || x0 || x1 || y0 ... y6`.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(Self::LENGTH));
        bytes.put_scalar(&self.w);
        bytes.put_scalar(&self.w_prime);
        bytes.extend_from_slice(self.w_point.compress().as_bytes());
        bytes.put_scalar(&self.x0);
        bytes.put_scalar(&self.x1);
        for y in &self.y {
            bytes.put_scalar(y);
        }
        bytes
    }

    /// The mode it is used in.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.public.mode
    }

    /// The public part.
    #[must_use]
    pub const fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// The `y` of a credential with `N` slots, `y0(N)` first.
    pub(crate) fn y<const N: usize>(&self) -> Zeroizing<[Scalar; N]> {
        let mut y = Zeroizing::new([Scalar::ZERO; N]);
        for (to, from) in y.iter_mut().zip(&self.y) {
            *to = *from;
        }
        if let (Some(first), Some(y0)) = (y.first_mut(), self.y0.get(N - FEWEST)) {
            *first = *y0;
        }
        y
    }

    fn from_scalars(
        mode: Mode,
        w: Scalar,
        w_prime: Scalar,
        w_point: RistrettoPoint,
        x0: Scalar,
        x1: Scalar,
        y: [Scalar; SLOTS],
    ) -> Self {
        let mut slots = FEWEST - 1;
        let y0 = [(); COUNTS].map(|()| {
            slots += 1;
            slot_zero(mode, &y[0], slots)
        });
        let public = PublicKey::of(mode, &w_prime, &w_point, &x0, &x1, &y, &y0);
        Self {
            w,
            w_prime,
            w_point,
            x0,
            x1,
            y,
            y0,
            public,
        }
    }
}

impl Drop for KeyPair {
    fn drop(&mut self) {
        self.w.zeroize();
        self.w_prime.zeroize();
        self.w_point.zeroize();
        self.x0.zeroize();
        self.x1.zeroize();
        self.y.zeroize();
        self.y0.zeroize();
    }
}

anteroom_sigma::redacted_debug!(KeyPair);

/// `y0(n)`: the scalar of slot 0 in a credential with `n` slots.
fn slot_zero(mode: Mode, y0: &Scalar, slots: usize) -> Scalar {
    match mode {
        Mode::Standard if slots != FEWEST => Sho::of(SLOT_ZERO_BLINDING, y0.as_bytes())
            .with(&(slots as u64).to_be_bytes())
            .scalar(),
        _ => *y0,
    }
}

/// What clients need to check that credentials come from the same key as everybody's.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    mode: Mode,
    pub(crate) c_w: Point,
    /// `I_2 ... I_7`.
    i: [Point; COUNTS],
    /// `G_V - I_n`, the left side of the issuance statement.
    g_v_minus_i: [Point; COUNTS],
}

impl PublicKey {
    /// Length in bytes.
    pub const LENGTH: usize = 224;

    /// `C_W = W + w'*G_w'`; `I_n = G_V - x0*G_x0 - x1*G_x1 - y0(n)*G_y0 - y1*G_y1 - ...`.
    fn of(
        mode: Mode,
        w_prime: &Scalar,
        w_point: &RistrettoPoint,
        x0: &Scalar,
        x1: &Scalar,
        y: &[Scalar; SLOTS],
        y0: &[Scalar; COUNTS],
    ) -> Self {
        let c_w = w_point + SYSTEM.g_w_prime.times(w_prime);
        let x = SYSTEM.g_x0.times(x0) + SYSTEM.g_x1.times(x1);
        let mut running = x;
        let mut products = SYSTEM.g_y.iter().zip(y).skip(1);
        let mut blinded = y0.iter();
        let i = [(); COUNTS].map(|()| {
            if let Some((g_y, y)) = products.next() {
                running += g_y.times(y);
            }
            let slot_zero = blinded.next().map(|y0| SYSTEM.g_y[0].times(y0));
            Point::from(SYSTEM.g_v.element() - running - slot_zero.unwrap_or_default())
        });
        Self::from_points(mode, c_w.into(), i)
    }

    /// Parses `C_W || I_2 ... I_7` of a key of one mode.
    ///
    /// # Errors
    /// If a part is not canonical.
    pub fn from_bytes(mode: Mode, bytes: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(bytes);
        let key = Self::from_points(mode, reader.point()?, reader.points()?);
        reader.finish()?;
        Ok(key)
    }

    /// `C_W || I_2 ... I_7`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::LENGTH);
        bytes.put_point(&self.c_w);
        bytes.put_points(&self.i);
        bytes
    }

    /// The mode its credentials are in.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// `I_N`.
    #[expect(clippy::indexing_slicing, reason = "asserted at compile time")]
    pub(crate) const fn i<const N: usize>(&self) -> &Point {
        const { assert!(FEWEST <= N && N <= SLOTS) }
        &self.i[N - FEWEST]
    }

    /// `G_V - I_N`.
    #[expect(clippy::indexing_slicing, reason = "asserted at compile time")]
    pub(crate) const fn g_v_minus_i<const N: usize>(&self) -> &Point {
        const { assert!(FEWEST <= N && N <= SLOTS) }
        &self.g_v_minus_i[N - FEWEST]
    }

    fn from_points(mode: Mode, c_w: Point, i: [Point; COUNTS]) -> Self {
        let g_v_minus_i = i.map(|i| (SYSTEM.g_v.element() - i.element()).into());
        Self {
            mode,
            c_w,
            i,
            g_v_minus_i,
        }
    }
}

anteroom_sigma::redacted_debug!(PublicKey);

/// A sum of products in constant time.
pub(crate) fn dot<'a>(
    scalars: impl IntoIterator<Item = &'a Scalar>,
    points: impl IntoIterator<Item = &'a RistrettoPoint>,
) -> RistrettoPoint {
    let scalars: Vec<_> = scalars.into_iter().collect();
    let points: Vec<_> = points.into_iter().collect();
    RistrettoPoint::multiscalar_mul(scalars, points)
}
