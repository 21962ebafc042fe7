//! The dependency rules: the workspace observes them, and they detect violations.

use std::{collections::BTreeSet, path::Path};

use xtask::rules::dependencies::{
    Dependency, Graph, impurities, impurities_of, slow_packages, slow_packages_of,
};

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn on(name: &str) -> Dependency {
    Dependency {
        name: name.to_owned(),
        dev: false,
    }
}

fn in_tests_on(name: &str) -> Dependency {
    Dependency {
        name: name.to_owned(),
        dev: true,
    }
}

fn broken(graph: &Graph) -> Vec<String> {
    graph.violations().iter().map(ToString::to_string).collect()
}

#[test]
fn the_workspace_keeps_its_layers() {
    let graph = Graph::read(root()).unwrap();
    assert_eq!(broken(&graph), [""; 0]);
}

#[test]
fn the_pure_crates_are_pure() {
    let graph = Graph::read(root()).unwrap();
    assert_eq!(impurities(root(), &graph).unwrap(), []);
}

#[test]
fn a_crate_without_a_layer_is_noticed() {
    let graph = Graph::default().with("anteroom-attic", []);
    assert_eq!(broken(&graph).len(), 1);
}

#[test]
fn issuer_and_rooms_reach_each_other_neither_directly_nor_through_others() {
    let direct = Graph::default()
        .with("anteroom-issuer", [])
        .with("anteroom-rooms", [on("anteroom-issuer")]);
    assert!(broken(&direct).contains(&"anteroom-rooms: must not reach anteroom-issuer".to_owned()));

    let through_another = Graph::default()
        .with("anteroom-issuer", [on("anteroom-runtime")])
        .with("anteroom-runtime", [on("anteroom-rooms")])
        .with("anteroom-rooms", []);
    assert!(
        broken(&through_another)
            .contains(&"anteroom-issuer: must not reach anteroom-rooms".to_owned())
    );

    let in_tests = Graph::default()
        .with("anteroom-issuer", [in_tests_on("anteroom-rooms")])
        .with("anteroom-rooms", []);
    assert_eq!(
        broken(&in_tests),
        ["anteroom-issuer: must not depend on anteroom-rooms"]
    );
}

#[test]
fn only_the_sql_crate_knows_sql() {
    for driver in ["sqlx", "sqlx-sqlite"] {
        let graph = Graph::default().with("anteroom-issuer", [on(driver)]);
        assert_eq!(
            broken(&graph),
            [format!(
                "anteroom-issuer: must not depend on {driver}: only anteroom-store-sqlite may"
            )]
        );
        let graph = Graph::default().with("anteroom-store-sqlite", [on(driver)]);
        assert_eq!(broken(&graph), [""; 0]);
    }
}

#[test]
fn only_the_binary_names_a_concrete_backend() {
    for (name, noticed) in [
        ("anteroom-issuer", true),
        ("anteroom-runtime", true),
        ("anteroom", false),
    ] {
        let graph = Graph::default()
            .with("anteroom-store-sqlite", [])
            .with(name, [on("anteroom-store-sqlite")]);
        assert_eq!(!broken(&graph).is_empty(), noticed, "{name}");
    }
}

#[test]
fn the_testkit_is_for_tests() {
    let testkit = Graph::default().with("anteroom-testkit", []);
    let product = testkit.clone().with("anteroom", [on("anteroom-testkit")]);
    assert_eq!(
        broken(&product),
        ["anteroom: must not depend on anteroom-testkit"]
    );
    let tests = testkit.with("anteroom", [in_tests_on("anteroom-testkit")]);
    assert_eq!(broken(&tests), [""; 0]);
}

#[test]
fn a_runtime_or_a_random_source_below_a_pure_crate_is_noticed() {
    for impure in ["tokio", "getrandom", "rand", "mio"] {
        let below = BTreeSet::from(["subtle".to_owned(), impure.to_owned()]);
        assert_eq!(impurities_of("anteroom-protocol", &below).len(), 1);
    }
    let below = BTreeSet::from(["rand_core".to_owned(), "subtle".to_owned()]);
    assert_eq!(impurities_of("anteroom-protocol", &below), []);
}

#[test]
fn xtask_is_built_without_cryptography_or_a_runtime() {
    assert_eq!(slow_packages(root()).unwrap(), []);
    for heavy in ["curve25519-dalek", "tokio", "sha2"] {
        let below = BTreeSet::from(["clap".to_owned(), heavy.to_owned()]);
        assert_eq!(slow_packages_of(&below).len(), 1, "{heavy}");
    }
    let many = (0..100).map(|number| format!("package-{number}")).collect();
    assert_eq!(slow_packages_of(&many).len(), 1);
}

#[test]
fn xtask_runs_the_tools_and_depends_on_none() {
    for tool in ["anteroom-bench", "anteroom-load", "anteroom-vectors"] {
        let graph = Graph::default().with(tool, []).with("xtask", [on(tool)]);
        assert_eq!(
            broken(&graph),
            [format!("xtask: must not depend on {tool}")]
        );
    }
}
