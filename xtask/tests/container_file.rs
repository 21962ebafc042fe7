//! The container image is described in the project's own terms.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path};

/// Returns a file of the project.
fn read(file: &str) -> String {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    fs::read_to_string(root.join(file)).unwrap()
}

/// Returns the instructions of each stage of the image, with their arguments.
fn stages() -> Vec<Vec<(String, String)>> {
    let text = read("Containerfile").replace("\\\n", " ");
    let mut stages: Vec<Vec<(String, String)>> = Vec::new();
    for line in text.lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, arguments) = line.split_once(' ').unwrap();
        if name == "FROM" {
            stages.push(Vec::new());
        }
        let stage = stages.last_mut().unwrap();
        stage.push((name.to_owned(), arguments.to_owned()));
    }
    stages
}

fn arguments<'a>(stage: &'a [(String, String)], name: &str) -> Vec<&'a str> {
    let named = stage.iter().filter(|(found, _)| found == name);
    named.map(|(_, arguments)| arguments.as_str()).collect()
}

/// Returns the variables of a stage.
fn variables(stage: &[(String, String)]) -> Vec<(&str, &str)> {
    arguments(stage, "ENV")
        .into_iter()
        .flat_map(str::split_whitespace)
        .filter_map(|assignment| assignment.split_once('='))
        .collect()
}

#[test]
fn the_image_is_built_by_the_projects_toolchain_in_the_operators_profile() {
    let build = &stages()[0];
    let manifest = read("Cargo.toml");
    let version = manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "));
    let image = format!(
        "docker.io/library/rust:{}-",
        version.unwrap().trim_matches('"')
    );
    assert!(arguments(build, "FROM")[0].starts_with(&image), "{image}");
    let run = arguments(build, "RUN").join("\n");
    assert!(run.contains("--locked --profile dist"), "{run}");
    assert!(manifest.contains("[profile.dist]"));
}

#[test]
fn the_image_holds_a_slim_debian_and_the_program_of_the_build() {
    let stages = stages();
    assert_eq!(stages.len(), 2);
    let image = &stages[1];
    assert!(arguments(image, "FROM")[0].ends_with("-slim"));
    // Both stages use the same release, since the program is linked to its C library.
    let release = |stage: usize, separator: char| {
        let from = arguments(&stages[stage], "FROM")[0];
        let image = from.split(' ').next().unwrap().to_owned();
        image.rsplit(separator).next().unwrap().to_owned()
    };
    assert_eq!(release(0, '-') + "-slim", release(1, ':'));
    let copied = arguments(image, "COPY");
    assert!(copied.contains(&"--from=build /anteroom /usr/bin/anteroom"));
}

#[test]
fn the_container_runs_without_root_rights_on_a_volume() {
    let stages = stages();
    let image = &stages[1];
    assert_eq!(arguments(image, "USER"), ["anteroom"]);
    assert_eq!(arguments(image, "ENTRYPOINT"), ["[\"/usr/bin/anteroom\"]"]);
    let user = image.iter().position(|(name, _)| name == "USER");
    let entry = image.iter().position(|(name, _)| name == "ENTRYPOINT");
    assert!(user < entry);
    let data = variables(image)
        .into_iter()
        .find(|(name, _)| *name == "ANTEROOM_DATA");
    assert_eq!(arguments(image, "VOLUME"), [data.unwrap().1]);
    assert!(arguments(image, "HEALTHCHECK")[0].contains("$HEALTH_URLS"));
}

#[test]
fn the_containers_variables_are_settings() {
    let stages = stages();
    let reference = read("docs/operations/configuration.md");
    let example = read("docs/anteroom.example.toml");
    for (name, _) in variables(&stages[1]) {
        let known = reference.contains(&format!("`{name}`")) || example.contains(name);
        assert!(known || name == "HEALTH_URLS", "{name}");
    }
}
