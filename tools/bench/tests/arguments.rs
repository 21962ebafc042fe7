//! The command line that `cargo xtask bench` passes to the program.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use anteroom_bench::arguments::Arguments;
use clap::{Args as _, Command, FromArgMatches as _, Parser as _};
use xtask::bench::Bench;

/// Parses these words as the arguments of `cargo xtask bench`.
fn bench(words: &[&str]) -> Bench {
    let command = Bench::augment_args(Command::new("bench"));
    let matches = command.try_get_matches_from([&["bench"], words].concat());
    Bench::from_arg_matches(&matches.unwrap()).unwrap()
}

#[test]
fn every_measurement_of_xtask_is_one_of_the_program() {
    let command = Bench::augment_args(Command::new("bench"));
    for measurement in command.get_subcommands() {
        let name = measurement.get_name();
        let arguments = bench(&[name]).arguments().unwrap();
        let line = ["anteroom-bench".to_owned()].into_iter().chain(arguments);
        Arguments::try_parse_from(line).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn options_of_xtask_reach_the_program() {
    for (words, expected) in [
        (
            &["ct", "--samples", "7", "--json"][..],
            &["ct", "--samples", "7", "--json"][..],
        ),
        (
            &["devices", "--unoptimized", "--rounds", "3"],
            &["devices", "--rounds", "3"],
        ),
        (
            &[
                "zk", "--mode", "legacy", "--rounds", "2", "--chart", "/a.svg",
            ],
            &[
                "zk", "--rounds", "2", "--mode", "legacy", "--chart", "/a.svg",
            ],
        ),
    ] {
        assert_eq!(bench(words).arguments().unwrap(), expected, "{words:?}");
    }
}
