//! Credential keys (section 3).

use std::sync::{Arc, OnceLock};

use anteroom_sigma::{Basis, ParseError, Point, Randomness, Sho};
use curve25519_dalek::{RistrettoPoint, Scalar, ristretto::RistrettoBasepointTable};
use zeroize::{Zeroize, Zeroizing};

use crate::{
    cache::BoundedCache,
    codec::{Encoding, Reader},
    system::{SLOTS, SYSTEM},
};

const GENERATE: &[u8] = b"Signal_ZKCredential_CredentialPrivateKey_generate_20230410";
const SLOT_ZERO_BLINDING: &[u8] = b"Signal_ZKCredential_SlotZeroBlinding_20260805";

/// The number of slots of the smallest credential.
const FEWEST: usize = 2;
/// The number of different slot counts: 2 to 7.
const COUNTS: usize = SLOTS - FEWEST + 1;

/// The treatment of slot 0 by a key, and the values that its presentations bind. A key is used in one mode
/// only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// `y0` is used as it is. The differences of the published `I` values reveal single `y_i*G_yi`. Legacy
    /// mode serves clients that support no other.
    Legacy,
    /// `y0` depends on the number of slots, and presentations bind their keys and ciphertexts.
    #[default]
    Standard,
}

impl Mode {
    /// Returns the version byte: 0 for legacy, 1 for standard.
    #[must_use]
    pub const fn version(self) -> u8 {
        match self {
            Self::Legacy => 0,
            Self::Standard => 1,
        }
    }
}

/// The version byte.
impl Encoding for Mode {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let version: [u8; 1] = reader.read()?;
        match version {
            [0] => Ok(Self::Legacy),
            [1] => Ok(Self::Standard),
            _ => Err(ParseError),
        }
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.push(self.version());
    }
}

/// A private key with values that are computed from it once. Wiped on drop.
pub struct KeyPair {
    pub(crate) w: Scalar,
    pub(crate) w_prime: Scalar,
    pub(crate) w_point: RistrettoPoint,
    /// `W / 2`.
    pub(crate) half_w: RistrettoPoint,
    pub(crate) x0: Scalar,
    pub(crate) x1: Scalar,
    y: [Scalar; SLOTS],
    /// `y0(n)` for `n` from 2.
    y0: [Scalar; COUNTS],
    public: PublicKey,
    /// `(y0(n) / 2) * M0` of recent days, by `n` and the encoding of `M0`.
    days: BoundedCache<(usize, [u8; 32]), RistrettoPoint>,
}

impl KeyPair {
    /// The length of the stored private key in bytes.
    pub const LENGTH: usize = 384;

    /// Generates a key for one mode.
    #[must_use]
    pub fn generate(mode: Mode, randomness: &Randomness) -> Self {
        let mut sho = Sho::of(GENERATE, randomness.as_bytes());
        let [w, w_prime, x0, x1] = [(); 4].map(|()| sho.scalar());
        let y = [(); SLOTS].map(|()| sho.scalar());
        Self::from_scalars(mode, w, w_prime, SYSTEM.g_w.times(&w), x0, x1, y)
    }

    /// Reads `w || w' || W || x0 || x1 || y0 ... y6` of a key of one mode.
    ///
    /// # Errors
    /// A part is not canonical, or `W` is not `w*G_w`.
    pub fn read(mode: Mode, reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let (w, w_prime) = (reader.read()?, reader.read()?);
        let w_point = *reader.read::<Point>()?.element();
        let (x0, x1) = (reader.read()?, reader.read()?);
        let mut y = [Scalar::ZERO; SLOTS];
        for y in &mut y {
            *y = reader.read()?;
        }
        if SYSTEM.g_w.times(&w) != w_point {
            return Err(ParseError);
        }
        Ok(Self::from_scalars(mode, w, w_prime, w_point, x0, x1, y))
    }

    /// Writes `w || w' || W || x0 || x1 || y0 ... y6`.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        self.w.write(bytes);
        self.w_prime.write(bytes);
        self.w_point.compress().as_bytes().write(bytes);
        let others = [&self.x0, &self.x1].into_iter().chain(&self.y);
        others.for_each(|scalar| scalar.write(bytes));
    }

    /// Returns the mode of the key.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.public.mode
    }

    /// Returns the public part.
    #[must_use]
    pub const fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// Returns the `y` of a credential with `N` slots, `y0(N)` first.
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

    /// Returns `(y0(n) / 2) * M0` for a credential with `slots` slots: the contribution of its day to half of
    /// its `V`. The time reveals which days are cached, which is public.
    pub(crate) fn slot_zero_half(&self, slots: usize, public: &Point) -> RistrettoPoint {
        let y0 = slots
            .checked_sub(FEWEST)
            .and_then(|index| self.y0.get(index));
        self.days.of((slots, *public.encoding()), || {
            let half = Zeroizing::new(y0.map(Scalar::div_by_2).unwrap_or_default());
            public.times(&half)
        })
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
            half_w: SYSTEM.g_w.times(&w.div_by_2()),
            w_point,
            x0,
            x1,
            y,
            y0,
            public,
            days: BoundedCache::new(),
        }
    }
}

impl Drop for KeyPair {
    fn drop(&mut self) {
        self.w.zeroize();
        self.w_prime.zeroize();
        self.w_point.zeroize();
        self.half_w.zeroize();
        self.days.values_mut().for_each(Zeroize::zeroize);
        self.x0.zeroize();
        self.x1.zeroize();
        self.y.zeroize();
        self.y0.zeroize();
    }
}

anteroom_sigma::redacted_debug!(KeyPair);

/// Returns `y0(n)`: the scalar of slot 0 in a credential with `n` slots.
fn slot_zero(mode: Mode, y0: &Scalar, slots: usize) -> Scalar {
    match mode {
        Mode::Standard if slots != FEWEST => Sho::of(SLOT_ZERO_BLINDING, y0.as_bytes())
            .with(&(slots as u64).to_be_bytes())
            .scalar(),
        _ => *y0,
    }
}

/// The public key. With it clients verify that credentials come from the same key for all of them.
#[derive(Clone)]
pub struct PublicKey {
    mode: Mode,
    pub(crate) c_w: Point,
    /// `I_2 ... I_7`.
    i: [Point; COUNTS],
    /// `G_V - I_n`, the left side of the issuance statement.
    g_v_minus_i: [Point; COUNTS],
    /// The tables of each `I_n`, computed at their first use.
    tables: [Arc<PointTables>; COUNTS],
}

/// The tables of one `I_n`.
#[derive(Default)]
struct PointTables {
    /// The table for the prover.
    table: OnceLock<RistrettoBasepointTable>,
    /// The table for the verifier.
    basis: OnceLock<Basis>,
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        (self.mode, self.c_w, self.i) == (other.mode, other.c_w, other.i)
    }
}

impl Eq for PublicKey {}

impl PublicKey {
    /// The length in bytes.
    pub const LENGTH: usize = 224;

    /// Computes `C_W = W + w'*G_w'` and `I_n = G_V - x0*G_x0 - x1*G_x1 - y0(n)*G_y0 - y1*G_y1 - ...`.
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

    /// Reads `C_W || I_2 ... I_7` of a key of one mode.
    ///
    /// # Errors
    /// A part is not canonical.
    pub fn read(mode: Mode, reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        Ok(Self::from_points(mode, reader.read()?, reader.read()?))
    }

    /// Writes `C_W || I_2 ... I_7`.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        self.c_w.write(bytes);
        self.i.write(bytes);
    }

    /// Returns the mode of the credentials.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// Returns `I_N`.
    #[expect(clippy::indexing_slicing, reason = "asserted at compile time")]
    pub(crate) const fn i<const N: usize>(&self) -> &Point {
        const { assert!(FEWEST <= N && N <= SLOTS) }
        &self.i[N - FEWEST]
    }

    /// Returns `G_V - I_N`.
    #[expect(clippy::indexing_slicing, reason = "asserted at compile time")]
    pub(crate) const fn g_v_minus_i<const N: usize>(&self) -> &Point {
        const { assert!(FEWEST <= N && N <= SLOTS) }
        &self.g_v_minus_i[N - FEWEST]
    }

    /// Returns a multiple of `I_N` in constant time, with a table of 30 KiB that the first call computes.
    #[expect(clippy::indexing_slicing, reason = "asserted at compile time")]
    pub(crate) fn i_times<const N: usize>(&self, scalar: &Scalar) -> RistrettoPoint {
        let table = &self.tables[N - FEWEST].table;
        table.get_or_init(|| RistrettoBasepointTable::create(self.i::<N>().element())) * scalar
    }

    /// Returns `I_N` for sums in variable time.
    #[expect(clippy::indexing_slicing, reason = "asserted at compile time")]
    pub(crate) fn i_basis<const N: usize>(&self) -> &Basis {
        let basis = &self.tables[N - FEWEST].basis;
        basis.get_or_init(|| Basis::new(&[*self.i::<N>()]))
    }

    fn from_points(mode: Mode, c_w: Point, i: [Point; COUNTS]) -> Self {
        let g_v_minus_i = i.map(|i| (SYSTEM.g_v.element() - i.element()).into());
        Self {
            mode,
            c_w,
            i,
            g_v_minus_i,
            tables: [(); COUNTS].map(|()| Arc::default()),
        }
    }
}

anteroom_sigma::redacted_debug!(PublicKey);
