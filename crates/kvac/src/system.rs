//! The system points: generators whose mutual logarithms nobody knows (section 3).

use std::sync::LazyLock;

use anteroom_sigma::{Point, Sho};
use curve25519_dalek::{RistrettoPoint, ristretto::RistrettoBasepointTable, traits::Identity};

const LABEL: &[u8] = b"Signal_ZKCredential_ConstantSystemParams_generate_20230410";

/// Attribute slots a credential can have.
pub(crate) const SLOTS: usize = 7;

/// The generators that every key and proof is built on.
///
/// `G_z` is part of the derivation and of no equation, so it is not kept.
pub(crate) struct System {
    pub(crate) g_w: Point,
    pub(crate) g_w_prime: Point,
    pub(crate) g_x0: Point,
    pub(crate) g_x1: Point,
    pub(crate) g_v: Point,
    pub(crate) g_y: [Point; SLOTS],
    /// The identity, the left side of an equation that sums to nothing.
    pub(crate) zero: Point,
}

/// The one set of generators, computed once.
pub(crate) static SYSTEM: LazyLock<System> = LazyLock::new(|| {
    let mut sho = Sho::plain(LABEL);
    let mut next = || Point::from(sho.point());
    let (g_w, g_w_prime, g_x0, g_x1) = (next(), next(), next(), next());
    let (g_v, _g_z) = (next(), next());
    System {
        g_w: tabled(g_w),
        g_w_prime: tabled(g_w_prime),
        g_x0: tabled(g_x0),
        g_x1: tabled(g_x1),
        g_v: tabled(g_v),
        g_y: [(); SLOTS].map(|()| tabled(next())),
        zero: RistrettoPoint::identity().into(),
    }
});

/// Gives a generator that lives as long as the program its table.
pub(crate) fn tabled(point: Point) -> Point {
    let table = RistrettoBasepointTable::create(point.element());
    point.with_table(Box::leak(Box::new(table)))
}
