//! The system points: generators with unknown mutual logarithms (section 3).

use std::sync::LazyLock;

use anteroom_sigma::{Basis, Point, Sho};
use curve25519_dalek::{
    RistrettoPoint, Scalar, ristretto::RistrettoBasepointTable, traits::Identity,
};

const LABEL: &[u8] = b"Signal_ZKCredential_ConstantSystemParams_generate_20230410";

/// The maximum number of attribute slots of a credential.
pub(crate) const SLOTS: usize = 7;

/// The generators of every key and proof.
///
/// `G_z` is part of the derivation and of no equation, so it is not stored.
pub(crate) struct SystemPoints {
    pub(crate) g_w: Point,
    pub(crate) g_w_prime: Point,
    pub(crate) g_x0: Point,
    pub(crate) g_x1: Point,
    pub(crate) g_v: Point,
    pub(crate) g_y: [Point; SLOTS],
    /// The identity, the left side of an equation whose sum is zero.
    pub(crate) zero: Point,
    /// `G_w, G_w', G_x0, G_x1, G_y0 ...`: for sums in variable time.
    pub(crate) basis: Basis,
    /// `G_x0, G_x1`.
    pub(crate) x_basis: Basis,
    /// Each `G_y` of a slot that presentations use, as a basis of its own.
    pub(crate) y_bases: [Basis; PRESENTED_SLOTS],
}

/// The number of slots of the largest credential that is presented.
const PRESENTED_SLOTS: usize = 5;

impl SystemPoints {
    /// Returns `x0*G_x0 + x1*G_x1 + y0*G_y0 + ...`, in constant time.
    pub(crate) fn sum_x_and_y(&self, x0: &Scalar, x1: &Scalar, y: &[Scalar]) -> RistrettoPoint {
        let products = self.g_y.iter().zip(y).map(|(g_y, y)| g_y.times(y));
        products.fold(self.g_x0.times(x0) + self.g_x1.times(x1), |sum, product| {
            sum + product
        })
    }

    fn table_bytes(&self) -> usize {
        let points = [
            self.g_w,
            self.g_w_prime,
            self.g_x0,
            self.g_x1,
            self.g_v,
            Point::BASE,
        ];
        let points = points.iter().chain(&self.g_y).map(Point::table_bytes);
        let alone = self.y_bases.iter().map(Basis::table_bytes);
        let both = self.basis.table_bytes() + self.x_basis.table_bytes();
        points.chain(alone).sum::<usize>() + both
    }

    /// Returns the factors of the [basis](Self::basis) for `x0*G_x0 + x1*G_x1 + y0*G_y0 + ...`.
    pub(crate) fn x_and_y(&self, x0: &Scalar, x1: &Scalar, y: &[Scalar]) -> Vec<Scalar> {
        let mut factors = vec![Scalar::ZERO, Scalar::ZERO, *x0, *x1];
        factors.extend(y.iter().take(self.g_y.len()));
        factors
    }
}

/// The only set of generators, computed once.
pub(crate) static SYSTEM: LazyLock<SystemPoints> = LazyLock::new(|| {
    let mut sho = Sho::plain(LABEL);
    let mut next = || Point::from(sho.point());
    let (g_w, g_w_prime, g_x0, g_x1) = (next(), next(), next(), next());
    let (g_v, _g_z) = (next(), next());
    let [g_w, g_w_prime, g_x0, g_x1, g_v] = [g_w, g_w_prime, g_x0, g_x1, g_v].map(tabled);
    let g_y = [(); SLOTS].map(|()| tabled(next()));
    let mut order = vec![g_w, g_w_prime, g_x0, g_x1];
    order.extend(g_y);
    let mut alone = g_y.iter();
    SystemPoints {
        basis: Basis::new(&order),
        x_basis: Basis::new(&[g_x0, g_x1]),
        y_bases: [(); PRESENTED_SLOTS]
            .map(|()| Basis::new(alone.next().map_or([].as_slice(), core::slice::from_ref))),
        g_w,
        g_w_prime,
        g_x0,
        g_x1,
        g_v,
        g_y,
        zero: RistrettoPoint::identity().into(),
    }
});

/// Returns the size in bytes of all tables that are computed once and never freed: those of the generators
/// and the basepoint.
#[must_use]
pub fn static_table_bytes() -> usize {
    SYSTEM.table_bytes()
}

/// Attaches a table to a generator that lives as long as the program.
pub(crate) fn tabled(point: Point) -> Point {
    let table = RistrettoBasepointTable::create(point.element());
    point.with_table(Box::leak(Box::new(table)))
}
