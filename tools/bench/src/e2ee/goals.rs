//! The goals: the times that the same libraries needed in a browser, for bare leaves and without checks.

use anteroom_bench_e2ee::Operation;

/// The maximum length of a commit and of a Welcome, in bytes.
pub(super) const COMMIT: usize = 64 * 1024;
pub(super) const WELCOME: usize = 112 * 1024;

/// Returns the maximum time of an operation in microseconds, if there is a goal.
pub(super) const fn goal(operation: Operation, members: u32) -> Option<f64> {
    let goals = match operation {
        Operation::KeyPackage => [300.0; 4],
        Operation::Add => [1_600.0, 3_800.0, 18_000.0, 27_000.0],
        Operation::Process => [1_100.0, 1_300.0, 2_100.0, 3_500.0],
        Operation::Join => [1_200.0, 3_000.0, 7_400.0, 17_000.0],
        Operation::Remove => [900.0, 3_400.0, 9_700.0, 19_000.0],
        Operation::SealShort => [16.0; 4],
        Operation::OpenShort => [17.0; 4],
        Operation::SealLong => [440.0; 4],
        Operation::OpenLong => [317.0; 4],
        Operation::AddTen | Operation::ProcessTen | Operation::JoinTen | Operation::Words => {
            return None;
        }
    };
    let [two, ten, fifty, hundred] = goals;
    match members {
        2 => Some(two),
        10 => Some(ten),
        50 => Some(fifty),
        100 => Some(hundred),
        _ => None,
    }
}
