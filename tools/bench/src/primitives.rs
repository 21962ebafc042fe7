//! The costs of the group's primitives on this machine, in the same run as the operations.

use std::{hint::black_box, time::Instant};

use anteroom_sigma::{Basis, Point, Sho};
use curve25519_dalek::{
    RistrettoPoint, Scalar,
    traits::{MultiscalarMul as _, VartimeMultiscalarMul as _},
};
use serde::Serialize;
use sha2::Sha256;

use super::{hide::hide, model::Counts};

const MICROSECONDS: f64 = 1e6;
/// The number of points with which linear costs are measured, besides one point.
const MANY: usize = 16;
/// Points of a large sum.
const LARGE: usize = 1_000;
/// The iterations of each primitive in a round.
const ITERATIONS: u32 = 40;
const LARGE_ITERATIONS: u32 = 2;

/// The costs by the fastest round, in microseconds, since disturbances of the machine only increase times.
/// Sums have a fixed cost (the doublings, the inversion) and a cost per point.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Primitives {
    /// Multiplication in constant time.
    multiply: f64,
    /// Multiplication in variable time.
    multiply_vartime: f64,
    /// Multiplication through a table of a static point, in constant time.
    table: f64,
    /// A sum in constant time: itself, and each point.
    sum: [f64; 2],
    /// A sum in variable time: itself, each point, each static point, each point with a factor of
    /// 128 bits.
    sum_vartime: [f64; 4],
    /// A sum in variable time over 1,000 points with factors of 128 bits.
    large_sum: f64,
    /// Compressing one point.
    compress: f64,
    /// Compressing doubles of many: the call, and each point.
    compress_batch: [f64; 2],
    /// Decompressing.
    decompress: f64,
    /// Mapping 64 bytes to a point.
    hash: f64,
    /// Encoding 16 bytes in a point.
    encode: f64,
}

impl Primitives {
    pub(super) fn measure(rounds: u32) -> Self {
        let mut sho = Sho::of(b"primitives", b"");
        let scalars: Vec<Scalar> = (0..LARGE).map(|_| sho.scalar()).collect();
        let points: Vec<RistrettoPoint> = (0..LARGE).map(|_| sho.point()).collect();
        let short: Vec<Scalar> = (0..LARGE)
            .map(|_| Scalar::from(u128::from_le_bytes(sho.squeeze_array())))
            .collect();
        let statics: Vec<Point> = points.iter().take(1 + MANY).map(|p| (*p).into()).collect();
        let (basis, lone) = (
            Basis::new(&statics),
            Basis::new(statics.get(..1).unwrap_or_default()),
        );
        let encoded = points.first().copied().unwrap_or_default().compress();
        let uniform = sho.squeeze_array::<64>();
        let (one, many) = (points.get(..1), points.get(..=MANY));
        let (one, many) = (one.unwrap_or_default(), many.unwrap_or_default());
        let (scalar, point) = (
            scalars.first().copied().unwrap_or_default(),
            points.first().copied().unwrap_or_default(),
        );
        let many_scalars = scalars.get(..=MANY).unwrap_or_default();
        let one_scalar = scalars.get(..1).unwrap_or_default();
        let first_long: Vec<Scalar> = [scalar]
            .into_iter()
            .chain(short.iter().copied().take(MANY))
            .collect();
        let time = |work: &dyn Fn()| fastest(rounds, ITERATIONS, work);

        let multiply = time(&|| hide(black_box(point) * black_box(scalar)));
        let vartime_one = time(&|| hide(RistrettoPoint::vartime_multiscalar_mul(one_scalar, one)));
        let vartime_many =
            time(&|| hide(RistrettoPoint::vartime_multiscalar_mul(many_scalars, many)));
        let vartime_short =
            time(&|| hide(RistrettoPoint::vartime_multiscalar_mul(&first_long, many)));
        let static_one = time(&|| hide(lone.vartime_sum(one_scalar, one_scalar, one)));
        let static_many = time(&|| hide(basis.vartime_sum(many_scalars, one_scalar, one)));
        let sum_one = time(&|| hide(RistrettoPoint::multiscalar_mul(one_scalar, one)));
        let sum_many = time(&|| hide(RistrettoPoint::multiscalar_mul(many_scalars, many)));
        let batch_one = time(&|| hide(RistrettoPoint::double_and_compress_batch(one)));
        let batch_many = time(&|| hide(RistrettoPoint::double_and_compress_batch(many)));
        let each = |one: f64, many: f64| (many - one) / 16.0;
        let [each_sum, each_batch] = [each(sum_one, sum_many), each(batch_one, batch_many)];
        let each_vartime = each(vartime_one, vartime_many);
        Self {
            multiply,
            multiply_vartime: vartime_one,
            table: time(&|| hide(Point::BASE.times(black_box(&scalar)))),
            sum: [sum_one - each_sum, each_sum],
            sum_vartime: [
                vartime_one - each_vartime,
                each_vartime,
                each(static_one, static_many),
                each(vartime_one, vartime_short),
            ],
            large_sum: fastest(rounds, LARGE_ITERATIONS, &|| {
                hide(RistrettoPoint::vartime_multiscalar_mul(&short, &points));
            }),
            compress: time(&|| hide(black_box(point).compress())),
            compress_batch: [batch_one - each_batch, each_batch],
            decompress: time(&|| hide(black_box(encoded).decompress())),
            hash: time(&|| hide(RistrettoPoint::from_uniform_bytes(black_box(&uniform)))),
            encode: time(&|| {
                hide(RistrettoPoint::lizard_encode::<Sha256>(black_box(&[7; 16])));
            }),
        }
    }

    /// Returns the cost of an operation's necessary primitives, in microseconds.
    pub(super) fn price(&self, counts: &Counts) -> f64 {
        let [sum, each] = self.sum;
        let sums: f64 = counts
            .sums
            .iter()
            .map(|(times, points)| times * (sum + points * each))
            .sum();
        let [base, dynamic, fixed, short] = self.sum_vartime;
        let vartime = counts
            .vartime
            .iter()
            .map(|(times, [f, d, s])| times * (base + f * fixed + d * dynamic + s * short));
        let vartime: f64 = vartime.sum();
        let [call, point] = self.compress_batch;
        let batches = counts.batches.iter().map(|points| call + points * point);
        let batches: f64 = batches.sum();
        counts.multiply * self.multiply
            + counts.table * self.table
            + sums
            + vartime
            + counts.large_sums * self.large_sum
            + counts.compress * self.compress
            + batches
            + counts.decompress * self.decompress
            + counts.hash * self.hash
            + counts.encode * self.encode
    }

    /// Names and costs, for people.
    pub(super) const fn lines(&self) -> [(&'static str, f64); 16] {
        let [sum, sum_each] = self.sum;
        let [vartime, each, fixed, short] = self.sum_vartime;
        let [batch, batch_each] = self.compress_batch;
        [
            ("multiplication, constant time", self.multiply),
            ("multiplication, variable time", self.multiply_vartime),
            ("multiplication by table, constant time", self.table),
            ("sum, constant time", sum),
            ("  each point", sum_each),
            ("sum, variable time", vartime),
            ("  each point", each),
            ("  each static point", fixed),
            ("  each point, 128 bits", short),
            ("sum of 1,000 points, 128 bits", self.large_sum),
            ("compression", self.compress),
            ("compression of doubles, batch", batch),
            ("  each point", batch_each),
            ("decompression", self.decompress),
            ("64 bytes to a point", self.hash),
            ("16 bytes into a point", self.encode),
        ]
    }
}

/// Returns the time of one iteration in the fastest round, in microseconds.
fn fastest(rounds: u32, iterations: u32, work: &dyn Fn()) -> f64 {
    (0..=rounds.saturating_mul(3))
        .map(|_| {
            let start = Instant::now();
            for _ in 0..iterations {
                work();
            }
            start.elapsed().as_secs_f64() * MICROSECONDS / f64::from(iterations)
        })
        .fold(f64::INFINITY, f64::min)
}
