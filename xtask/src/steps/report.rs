//! Lines of the steps on standard output.

#[expect(
    clippy::print_stdout,
    reason = "a command line program speaks on standard output"
)]
pub(super) fn say(line: &str) {
    println!("{line}");
}
