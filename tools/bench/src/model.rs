//! The cost model: the primitives that each operation needs at least, given constant time in every secret,
//! the fixed bytes of the protocol and the verification of every new proof.
//!
//! Hashing, scalar arithmetic, single additions and copying are not counted: the floor is below the reachable
//! minimum.

use super::operation::Operation;

/// The numbers of primitives.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) multiply: f64,
    pub(super) table: f64,
    /// Sums in constant time: how many, of how many points.
    pub(super) sums: &'static [(f64, f64)],
    /// Sums in variable time: how many, of how many static points, points, points with short
    /// factors.
    pub(super) vartime: &'static [(f64, [f64; 3])],
    pub(super) large_sums: f64,
    pub(super) compress: f64,
    /// Batches of doubles compressed together.
    pub(super) batches: &'static [f64],
    pub(super) decompress: f64,
    pub(super) hash: f64,
    pub(super) encode: f64,
}

/// Returns the primitives of an operation.
#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn counts(operation: Operation) -> Counts {
    match operation {
        // Y, D1 and D2 through the table of G; the room's point
        Operation::CreateRequest => Counts {
            table: 3.0,
            compress: 3.0,
            hash: 1.0,
            ..Counts::default()
        },
        // U, tU, the part of U in S2; r'*G in S1; commitments 2, 6, 1, 1. y3*D1 twice. S2 and its
        // commitment are sums. The last sum is the check.
        Operation::CreateIssue => Counts {
            multiply: 2.0,
            table: 14.0,
            sums: &[(1.0, 4.0), (1.0, 5.0)],
            vartime: &[(1.0, [10.0, 12.0, 5.0])],
            compress: 2.0,
            batches: &[4.0, 4.0],
            hash: 1.0,
            encode: 1.0,
            ..Counts::default()
        },
        // tU and four commitments; the blinding comes off
        Operation::CreateReceive => Counts {
            multiply: 1.0,
            vartime: &[
                (1.0, [0.0, 1.0, 0.0]),
                (1.0, [2.0, 1.0, 0.0]),
                (1.0, [6.0, 1.0, 0.0]),
                (1.0, [0.0, 3.0, 0.0]),
                (1.0, [1.0, 7.0, 0.0]),
            ],
            compress: 3.0,
            batches: &[5.0],
            hash: 1.0,
            encode: 1.0,
            ..Counts::default()
        },
        // Z and the C through tables; two multiplications to encrypt and three on points of the
        // presentation
        Operation::CreatePresent => Counts {
            multiply: 5.0,
            table: 18.0,
            vartime: &[(1.0, [6.0, 13.0, 8.0])],
            compress: 9.0,
            batches: &[3.0, 8.0],
            hash: 1.0,
            encode: 1.0,
            ..Counts::default()
        },
        // Z in constant time; a commitment per equation
        Operation::CreateVerify => Counts {
            sums: &[(1.0, 6.0)],
            vartime: &[
                (4.0, [1.0, 1.0, 0.0]),
                (1.0, [2.0, 2.0, 0.0]),
                (1.0, [2.0, 1.0, 0.0]),
                (2.0, [1.0, 2.0, 0.0]),
            ],
            compress: 3.0,
            batches: &[8.0],
            hash: 1.0,
            ..Counts::default()
        },
        Operation::AuthIssue => Counts {
            table: 11.0,
            sums: &[(1.0, 2.0), (1.0, 3.0)],
            vartime: &[(1.0, [9.0, 7.0, 4.0])],
            compress: 2.0,
            batches: &[3.0, 3.0],
            hash: 1.0,
            encode: 1.0,
            ..Counts::default()
        },
        Operation::AuthReceive => Counts {
            vartime: &[
                (1.0, [0.0, 1.0, 0.0]),
                (1.0, [2.0, 1.0, 0.0]),
                (1.0, [5.0, 1.0, 0.0]),
                (1.0, [1.0, 5.0, 0.0]),
            ],
            compress: 2.0,
            batches: &[4.0],
            hash: 1.0,
            encode: 1.0,
            ..Counts::default()
        },
        Operation::AuthPresent => Counts {
            multiply: 5.0,
            table: 16.0,
            vartime: &[(1.0, [5.0, 12.0, 7.0])],
            compress: 9.0,
            batches: &[2.0, 7.0],
            hash: 1.0,
            encode: 1.0,
            ..Counts::default()
        },
        Operation::AuthVerify => Counts {
            sums: &[(1.0, 5.0)],
            vartime: &[
                (3.0, [1.0, 1.0, 0.0]),
                (1.0, [2.0, 2.0, 0.0]),
                (1.0, [2.0, 1.0, 0.0]),
                (2.0, [1.0, 2.0, 0.0]),
            ],
            compress: 3.0,
            batches: &[7.0],
            ..Counts::default()
        },
        Operation::GroupIssue => Counts {
            table: 13.0,
            sums: &[(1.0, 4.0), (1.0, 5.0)],
            vartime: &[(1.0, [11.0, 9.0, 4.0])],
            compress: 4.0,
            batches: &[3.0, 3.0],
            hash: 2.0,
            encode: 2.0,
            ..Counts::default()
        },
        Operation::GroupReceive => Counts {
            vartime: &[
                (1.0, [0.0, 1.0, 0.0]),
                (1.0, [2.0, 1.0, 0.0]),
                (1.0, [7.0, 1.0, 0.0]),
                (1.0, [1.0, 7.0, 0.0]),
            ],
            compress: 4.0,
            batches: &[4.0],
            hash: 2.0,
            encode: 2.0,
            ..Counts::default()
        },
        Operation::GroupPresent => Counts {
            multiply: 9.0,
            table: 20.0,
            vartime: &[(1.0, [7.0, 16.0, 9.0])],
            compress: 15.0,
            batches: &[2.0, 9.0],
            ..Counts::default()
        },
        Operation::GroupVerify => Counts {
            sums: &[(1.0, 7.0)],
            vartime: &[
                (3.0, [1.0, 1.0, 0.0]),
                (1.0, [2.0, 2.0, 0.0]),
                (1.0, [2.0, 1.0, 0.0]),
                (4.0, [1.0, 2.0, 0.0]),
            ],
            compress: 5.0,
            batches: &[9.0],
            ..Counts::default()
        },
        // Eight times the needs of a credential of each kind; the account's parts once, and one verification
        // of all
        Operation::BatchIssue => Counts {
            table: 192.0,
            sums: &[(1.0, 2.0), (1.0, 4.0), (8.0, 3.0), (8.0, 5.0)],
            vartime: &[(1.0, [11.0, 56.0, 64.0])],
            compress: 4.0,
            batches: &[48.0, 48.0],
            hash: 2.0,
            encode: 2.0,
            ..Counts::default()
        },
        Operation::BatchReceive => Counts {
            vartime: &[
                (16.0, [0.0, 1.0, 0.0]),
                (16.0, [2.0, 1.0, 0.0]),
                (8.0, [5.0, 1.0, 0.0]),
                (8.0, [7.0, 1.0, 0.0]),
                (8.0, [1.0, 5.0, 0.0]),
                (8.0, [1.0, 7.0, 0.0]),
            ],
            compress: 48.0,
            batches: &[4.0; 16],
            hash: 24.0,
            encode: 24.0,
            ..Counts::default()
        },
        Operation::EndorseIssue => Counts {
            multiply: 1_000.0,
            large_sums: 2.0,
            batches: &[1_000.0, 1_000.0],
            ..Counts::default()
        },
        Operation::EndorseReceive => Counts {
            multiply: 1_000.0,
            large_sums: 2.0,
            batches: &[1_000.0],
            decompress: 1_000.0,
            hash: 1_000.0,
            ..Counts::default()
        },
    }
}
