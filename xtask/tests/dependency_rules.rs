//! The dependency rules: the workspace observes them, and they detect violations.

use std::{collections::BTreeSet, path::Path};

use xtask::rules::{
    dependencies::{Dependency, Graph},
    project::Project,
    purity::{impurities, impurities_of, slow_packages, slow_packages_of},
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
fn a_crate_without_a_layer_or_outside_of_its_folder_is_noticed() {
    let graph = Graph::default().with("anteroom-attic", []);
    assert_eq!(broken(&graph).len(), 1);
    for (folder, noticed) in [("crates/pure/sigma", false), ("crates/kit/sigma", true)] {
        let graph = Graph::default().at("anteroom-sigma", folder);
        assert_eq!(!broken(&graph).is_empty(), noticed, "{folder}");
    }
}

#[test]
fn a_layer_knows_only_the_layers_of_its_list_and_the_exceptions() {
    for (name, known, allowed) in [
        ("anteroom-kvac", "anteroom-sigma", true),
        ("anteroom-call", "anteroom-store", false),
        ("anteroom-protocol", "anteroom-runtime", false),
        ("anteroom-pages", "anteroom-runtime", true),
        ("anteroom-runtime", "anteroom-protocol", true),
        ("anteroom-runtime", "anteroom-call", false),
        ("anteroom-runtime", "anteroom-wire", false),
        ("anteroom-store", "anteroom-runtime", false),
        ("anteroom-store-sqlite", "anteroom-store", true),
        ("anteroom-mail", "anteroom-runtime", true),
        ("anteroom-mail", "anteroom-oidc", false),
        ("anteroom-rooms", "anteroom-call", true),
        ("anteroom-rooms", "anteroom-mail", false),
        ("anteroom-rooms", "anteroom-store-sqlite", false),
        ("anteroom-issuer", "anteroom-accounts", true),
        ("anteroom-accounts", "anteroom-issuer", false),
        ("anteroom-client", "anteroom-client-core", true),
        ("anteroom-client", "anteroom-runtime", false),
        ("anteroom-user-cli", "anteroom-client", true),
        ("anteroom-user-cli", "anteroom-rooms", false),
        ("anteroom-user-cli", "anteroom-server", false),
        ("anteroom-server", "anteroom-mail", true),
        ("anteroom-server", "anteroom-client", false),
        ("anteroom", "anteroom-user-cli", true),
        ("anteroom-load", "anteroom-rooms", false),
        ("xtask", "anteroom-protocol", false),
    ] {
        let known_crate = Graph::default().with(known, []);
        let graph = known_crate.clone().with(name, [on(known)]);
        assert_eq!(broken(&graph).is_empty(), allowed, "{name} {known}");
        if !allowed {
            let rule = &broken(&graph)[0];
            let start = format!("{name}: must not depend on {known}, since the layer ");
            assert!(rule.starts_with(&start), "{rule}");
            assert!(rule.contains("move the code to a layer"), "{rule}");
        }
    }
}

#[test]
fn no_crate_reaches_beyond_a_wall_in_its_tests_or_through_others() {
    let rooms = Graph::default().with("anteroom-rooms", []);
    for (name, graph, way) in [
        (
            "directly",
            rooms
                .clone()
                .with("anteroom-issuer", [on("anteroom-rooms")]),
            Some("anteroom-issuer → anteroom-rooms"),
        ),
        (
            "in tests",
            rooms
                .clone()
                .with("anteroom-accounts", [in_tests_on("anteroom-rooms")]),
            Some("anteroom-accounts → anteroom-rooms"),
        ),
        (
            "through another",
            rooms
                .clone()
                .with("anteroom-issuer", [on("anteroom-runtime")])
                .with("anteroom-runtime", [on("anteroom-rooms")]),
            Some("anteroom-issuer → anteroom-runtime → anteroom-rooms"),
        ),
        (
            "through another's tests",
            rooms
                .clone()
                .with("anteroom-issuer", [in_tests_on("anteroom-client")])
                .with("anteroom-client", [in_tests_on("anteroom-rooms")]),
            Some("anteroom-issuer → anteroom-client → anteroom-rooms"),
        ),
        (
            "where they meet",
            rooms
                .with("anteroom-issuer", [in_tests_on("anteroom-testkit")])
                .with("anteroom-testkit", [on("anteroom-rooms")]),
            None,
        ),
    ] {
        let broken = broken(&graph);
        let found = broken.iter().find(|rule| rule.contains("must not reach"));
        assert_eq!(found.is_some(), way.is_some(), "{name}: {broken:?}");
        if let (Some(found), Some(way)) = (found, way) {
            assert!(found.contains(way), "{name}: {found}");
        }
    }
}

#[test]
fn only_meeting_places_depend_on_both_sides_of_a_wall() {
    let sides = Graph::default()
        .with("anteroom-issuer", [])
        .with("anteroom-accounts", [])
        .with("anteroom-rooms", []);
    let both = || {
        [
            in_tests_on("anteroom-accounts"),
            in_tests_on("anteroom-rooms"),
        ]
    };
    let one = || {
        [
            in_tests_on("anteroom-accounts"),
            in_tests_on("anteroom-issuer"),
        ]
    };
    for (graph, allowed) in [
        (sides.clone().with("anteroom-client", both()), false),
        (sides.clone().with("anteroom-client", one()), true),
        (sides.clone().with("anteroom-server", both()), true),
        (sides.with("anteroom-testkit", both()), true),
    ] {
        assert_eq!(broken(&graph).is_empty(), allowed, "{graph:?}");
    }
}

#[test]
fn a_reserved_package_is_for_few_crates() {
    let tests_on = |name: &str, package: &str| Graph::default().with(name, [in_tests_on(package)]);
    let graph = |name: &str, package: &str| Graph::default().with(name, [on(package)]);
    for (graph, allowed) in [
        (graph("anteroom-store-sqlite", "sqlx"), true),
        (graph("anteroom-issuer", "sqlx"), false),
        (graph("anteroom-issuer", "sqlx-sqlite"), false),
        (tests_on("anteroom-issuer", "sqlx"), false),
        (graph("anteroom-http-client", "reqwest"), true),
        (graph("anteroom-client", "reqwest"), true),
        (graph("anteroom-load", "reqwest"), true),
        (graph("anteroom-runtime", "reqwest"), false),
        (tests_on("anteroom-runtime", "reqwest"), true),
        (graph("anteroom-rooms", "str0m"), false),
        (graph("anteroom-rooms", "serde"), true),
    ] {
        assert_eq!(broken(&graph).is_empty(), allowed, "{graph:?}");
    }
}

#[test]
fn an_entry_that_nothing_uses_is_noticed() {
    let workspace = Graph::read(root()).unwrap();
    for (graph, place, part) in [
        (
            workspace.clone().without("anteroom-kvac"),
            "anteroom-kvac",
            "is no crate of the workspace",
        ),
        (
            workspace.clone().with("interop-peer", []),
            "interop-peer",
            "take out the exception",
        ),
        (
            workspace
                .clone()
                .with("anteroom-client", [])
                .with("anteroom-client-media", []),
            "layer Sdk",
            "no crate depends on one of the layer Pure",
        ),
    ] {
        let stale = graph.stale_entries();
        let found = stale
            .iter()
            .any(|one| one.place == place && one.rule.contains(part));
        assert!(found, "{place}: {stale:?}");
    }
    assert_eq!(workspace.stale_entries(), []);
}

#[test]
fn a_dependency_that_no_source_names_is_noticed() {
    let graph = Graph::default()
        .with("anteroom-sigma", [])
        .with("anteroom-kvac", [on("anteroom-sigma")])
        .at("anteroom-kvac", "crates/pure/kvac");
    for (file, noticed) in [
        ("crates/pure/kvac/src/a.rs", false),
        ("crates/pure/kvac/tests/a.rs", true),
        ("crates/pure/call/src/a.rs", true),
    ] {
        let sources = Project::of([(file, "use anteroom_sigma::Sho;")]);
        assert_eq!(!graph.unnamed(&sources).is_empty(), noticed, "{file}");
    }
    let workspace = Graph::read(root()).unwrap();
    assert_eq!(workspace.unnamed(&Project::read(root()).unwrap()), []);
}

#[test]
fn the_testkit_is_for_tests() {
    let testkit = Graph::default().with("anteroom-testkit", []);
    let product = testkit.clone().with("anteroom", [on("anteroom-testkit")]);
    assert_eq!(broken(&product).len(), 1);
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
fn an_exception_below_a_pure_crate_is_for_that_crate_and_needed() {
    let below = BTreeSet::from(["getrandom".to_owned(), "rayon".to_owned()]);
    assert_eq!(impurities_of("anteroom-e2ee", &below), []);
    assert_eq!(impurities_of("anteroom-protocol", &below).len(), 2);
    assert_eq!(impurities_of("anteroom-e2ee", &BTreeSet::new()).len(), 2);
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
        assert_eq!(broken(&graph).len(), 1, "{tool}");
    }
}
