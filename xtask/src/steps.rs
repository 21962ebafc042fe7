//! `cargo xtask test`: all set-up and all tests, step by step.

mod counts;
mod folder;
mod package;
mod python;
mod report;
mod supply_chain;
mod tools;
mod wasm;

use std::{
    fs,
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

use self::{counts::Counts, folder::files_in, report::say};
pub(crate) use self::{tools::install_janus, wasm::build_module};
use crate::{
    chaos,
    command::StepCommand,
    load, meeting,
    programs::{self, BENCH, BENCH_MEDIA, Profile, target_directory},
    rules::{
        Violation, circles, comments, conformance, dependencies, files, glossary, http_code,
        module_files, names, packages, pages, project::Project, purity, sizes, spawned_tasks,
    },
    vectors,
};

/// The crates that work on several threads with the feature `parallel`.
const PARALLEL: [&str; 3] = ["anteroom-sigma", "anteroom-kvac", "anteroom-protocol"];

/// The name of a step and its function, which runs in the workspace's folder.
type Step = (&'static str, fn(&Path) -> Result<Counts>);

const STEPS: [Step; 21] = [
    ("tools", tools::check),
    ("format", format),
    ("house rules", house_rules),
    ("dependency rules", dependency_rules),
    ("supply chain", supply_chain::check),
    ("clippy", clippy),
    ("unit, property and integration tests", cargo_tests),
    ("tests on one thread", serial_tests),
    ("documentation", documentation),
    ("pure crates on wasm32", wasm::check),
    ("vectors", vector_files),
    ("interop: set-up", interop_set_up),
    ("interop: tests", interop_tests),
    ("browser", browser_tests),
    ("openapi", openapi_tests),
    ("soak, short", short_soak),
    ("chaos, short", short_chaos),
    ("meeting, short", short_meeting),
    ("bench media, short", short_media_bench),
    ("attack", short_attack),
    ("package", package::check),
];

/// Returns the names of all steps, in order.
#[must_use]
pub fn names() -> Vec<&'static str> {
    STEPS.iter().map(|(name, _)| *name).collect()
}

/// Runs all steps, and prints a line for each and the sum of all tests. If some are named, only
/// those whose names begin so.
///
/// It ends with the first step that fails.
#[must_use]
pub fn test(root: &Path, named: &[String]) -> ExitCode {
    let chosen = |name: &str| named.is_empty() || named.iter().any(|start| name.starts_with(start));
    let steps: Vec<Step> = STEPS.into_iter().filter(|(name, _)| chosen(name)).collect();
    if steps.is_empty() {
        say(&format!("no such step; there are: {}", names().join(", ")));
        return ExitCode::FAILURE;
    }
    let mut all = Counts::default();
    let start = Instant::now();
    for (name, step) in steps {
        say(&format!("== {name}"));
        let started = Instant::now();
        let outcome = step(root);
        let elapsed = seconds(started.elapsed());
        let (counts, reason) = match outcome {
            Ok(counts) => (counts, String::new()),
            Err(error) => (Counts::FAILURE, format!(": {error:#}")),
        };
        all.add(counts);
        if counts.failed > 0 {
            say(&format!("FAILED  {name} ({elapsed}){reason}"));
            say(&all.to_string());
            return ExitCode::FAILURE;
        }
        say(&format!("ok  {name} ({elapsed})"));
    }
    say(&format!("all steps done ({})", seconds(start.elapsed())));
    say(&all.to_string());
    ExitCode::SUCCESS
}

/// Installs the npm client with npm, unless it is installed as its lock file requires.
///
/// # Errors
/// npm fails.
pub fn install_npm_client(root: &Path) -> Result<()> {
    install_npm_packages(&root.join("tests/interop"))
}

/// Installs the packages of a folder's lock file, unless they are installed.
fn install_npm_packages(folder: &Path) -> Result<()> {
    let lock = fs::read(folder.join("package-lock.json")).context("no lock of npm packages")?;
    let stamp = folder.join("node_modules/.installed-lock.json");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    // No script of a package runs: the needed files come compiled.
    StepCommand::program("npm", folder)
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .quietly()?;
    fs::write(&stamp, lock).context("cannot note what is installed")
}

/// Runs a program whose success is the check.
fn passed(run: StepCommand) -> Result<Counts> {
    run.live()?;
    Ok(Counts::CHECK)
}

fn format(root: &Path) -> Result<Counts> {
    passed(StepCommand::cargo(root).args(["fmt", "--all", "--check"]))
}

fn house_rules(root: &Path) -> Result<Counts> {
    let rules = [
        circles::violations,
        comments::violations,
        conformance::violations,
        files::violations,
        glossary::violations,
        http_code::violations,
        module_files::violations,
        names::violations,
        packages::violations,
        pages::violations,
        sizes::violations,
        spawned_tasks::violations,
    ];
    let project = Project::read(root)?;
    none(&rules.map(|violations| violations(&project)).concat())
}

fn dependency_rules(root: &Path) -> Result<Counts> {
    let graph = dependencies::Graph::read(root)?;
    let mut violations = graph.violations();
    violations.extend(graph.stale_entries());
    violations.extend(graph.unnamed(&Project::read(root)?));
    violations.extend(purity::impurities(root, &graph)?);
    violations.extend(purity::slow_packages(root)?);
    none(&violations)
}

fn none(violations: &[Violation]) -> Result<Counts> {
    for violation in violations {
        say(&format!("    {violation}"));
    }
    ensure!(violations.is_empty(), "{} broken rules", violations.len());
    Ok(Counts::CHECK)
}

fn clippy(root: &Path) -> Result<Counts> {
    let run = StepCommand::cargo(root)
        .args(["clippy", "--workspace", "--all-targets", "--locked"])
        .args(["--", "-D", "warnings"]);
    passed(run)
}

fn cargo_tests(root: &Path) -> Result<Counts> {
    let output = StepCommand::cargo(root)
        .args(["test", "--workspace", "--locked", "--no-fail-fast"])
        .followed()?;
    counts::of_cargo(&output)
}

/// Returns these crates once more, without the features that the programs use.
fn serial_tests(root: &Path) -> Result<Counts> {
    let packages = PARALLEL.iter().flat_map(|package| ["--package", package]);
    let output = StepCommand::cargo(root)
        .args(["test", "--locked", "--no-fail-fast"])
        .args(packages)
        .followed()?;
    counts::of_cargo(&output)
}

fn documentation(root: &Path) -> Result<Counts> {
    let run = StepCommand::cargo(root)
        .args(["doc", "--workspace", "--no-deps", "--locked"])
        .env("RUSTDOCFLAGS", "-D warnings");
    passed(run)
}

fn vector_files(root: &Path) -> Result<Counts> {
    let folder = root.join("crates/pure/protocol/tests/vectors");
    counts::of_vectors(&vectors::checker(root, &folder)?.followed()?)
}

/// Builds the tested programs as `cargo test` does.
fn build(root: &Path, packages: &[&str]) -> Result<Counts> {
    let packages = packages.iter().flat_map(|package| ["--package", package]);
    let run = StepCommand::cargo(root).args(["build", "--locked"]);
    passed(run.args(packages))
}

/// Tells the tests of others where the tested programs are.
fn with_programs(tests: StepCommand, target: &Path) -> StepCommand {
    let programs = target.join("debug");
    tests
        .env("INTEROP_ANTEROOM", programs.join("anteroom"))
        .env("INTEROP_PEER", programs.join("interop-peer"))
        .env("BROWSER_PEER", programs.join("browser-peer"))
        .env("BROWSER_FRAMES", programs.join("browser-frames.wasm"))
}

fn interop_set_up(root: &Path) -> Result<Counts> {
    install_npm_client(root)?;
    build(root, &["anteroom", "interop-peer"])
}

fn interop_tests(root: &Path) -> Result<Counts> {
    node_tests(root, &root.join("tests/interop"))
}

/// Returns the pages in a real browser, served by the real program, and calls between pages.
fn browser_tests(root: &Path) -> Result<Counts> {
    let folder = root.join("tests/browser");
    install_npm_packages(&folder)?;
    build(root, &["anteroom", "browser-peer"])?;
    // The profile of the module that is measured, whose dependencies are the same.
    let programs = target_directory(root)?.join("debug");
    build_module(root, Profile::Dist, "browser-frames", &programs)?;
    node_tests(root, &folder)
}

/// Returns an independent checker of OpenAPI documents against the real program.
fn openapi_tests(root: &Path) -> Result<Counts> {
    let folder = root.join("tests/interop/openapi");
    let target = target_directory(root)?;
    let python = python::environment(
        root,
        &target.join("openapi-checker"),
        &folder.join("requirements.txt"),
    )?;
    build(root, &["anteroom", "interop-peer"])?;
    let tests = StepCommand::new(python.as_os_str(), "openapi checker", &folder)
        .args(["run.py"])
        .env("PYTHONDONTWRITEBYTECODE", "1");
    counts::of_tap(&with_programs(tests, &target).followed()?)
}

fn node_tests(root: &Path, folder: &Path) -> Result<Counts> {
    let target = target_directory(root)?;
    let files = files_in(&folder.join("test"), ".test.mjs")?;
    ensure!(!files.is_empty(), "no tests");
    let tests = StepCommand::program("node", folder)
        .args(["--test", "--test-reporter=tap"])
        .args(files)
        .env("CARGO_TARGET_DIR", &target);
    counts::of_tap(&with_programs(tests, &target).followed()?)
}

fn short_soak(root: &Path) -> Result<Counts> {
    let soak = load::program(root, Profile::Dev)?.args(["soak"]);
    let soak = soak.args(["--seconds", "6", "--messages", "8", "--pace", "200"]);
    passed(soak.args(["--sockets", "40", "--half-open", "170", "--talk-rooms", "4"]))
}

fn short_chaos(root: &Path) -> Result<Counts> {
    let chaos = chaos::program(root, Profile::Dev)?;
    // Times are measured by the long run.
    let few = ["--participants", "8", "--seconds", "20", "--loss", "20"];
    passed(chaos.args(few).args(["--seed", "2026", "--untimed"]))
}

fn short_meeting(root: &Path) -> Result<Counts> {
    let meeting = meeting::program(root, Profile::Dev)?;
    // Times, pictures and gaps are judged by the long run.
    passed(meeting.args(["--short", "--participants", "6", "--seed", "2026"]))
}

/// Shows that media are measured: the numbers of the run mean nothing.
fn short_media_bench(root: &Path) -> Result<Counts> {
    let folder = programs::build(root, Profile::Dev, &[BENCH, BENCH_MEDIA])?;
    let bench = StepCommand::new(folder.join(BENCH).as_os_str(), BENCH, root);
    passed(bench.args(["media", "--unoptimized"]))
}

fn short_attack(root: &Path) -> Result<Counts> {
    let load = load::program(root, Profile::Dev)?;
    passed(load.args(["attack", "--short", "--seconds", "3"]))
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
