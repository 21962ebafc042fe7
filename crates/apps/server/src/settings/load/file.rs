//! The search for the configuration file.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anteroom_console::{
    data_dir::DataDir,
    environment::{self, Environment},
};

use crate::settings::{
    Settings,
    schema::variable_of_key,
    source::{Flag, Scope, unreadable},
};

/// The configuration file of the system's service, as packages and the documented unit install it.
const SYSTEM_CONFIG: &str = "/etc/anteroom/anteroom.toml";
const SYSTEM_DATA: &str = "/var/lib/anteroom";

/// Returns the configuration file. A named one must exist. The one in the data directory is optional, and so
/// is that of the system's service, which applies to the service's data directory only.
pub fn find_file(
    named: Option<&Path>,
    environment: &Environment,
    flags: &[Flag],
    scope: Scope,
) -> anyhow::Result<Option<PathBuf>> {
    if let Some(path) = named {
        return Ok(Some(path.to_owned()));
    }
    if let Some(path) = environment.text(environment::CONFIG)? {
        return Ok(Some(PathBuf::from(path.as_str())));
    }
    let flag = flags.iter().rev().find(|flag| flag.key == "data");
    let data = match flag {
        Some(flag) => PathBuf::from(&flag.text),
        None => environment
            .text(&variable_of_key("data"))?
            .map_or(Settings::default().data, |text| {
                PathBuf::from(text.as_str())
            }),
    };
    let candidates = [
        Some(DataDir::new(data.clone()).config()),
        (scope == Scope::Server && is_of_system(&data, Path::new(SYSTEM_DATA)))
            .then(|| PathBuf::from(SYSTEM_CONFIG)),
    ];
    first_there(candidates.into_iter().flatten())
}

/// Returns whether a directory is the one of the system's service.
fn is_of_system(data: &Path, system: &Path) -> bool {
    let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    real(data) == real(system)
}

fn first_there(candidates: impl Iterator<Item = PathBuf>) -> anyhow::Result<Option<PathBuf>> {
    for path in candidates {
        match path.try_exists() {
            Ok(true) => return Ok(Some(path)),
            Ok(false) => {}
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {}
            Err(error) => {
                return Err(unreadable(&path, error).into());
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn the_configuration_of_the_system_is_where_the_unit_puts_it() {
        let unit = include_str!("../../../../../../docs/operations/files/anteroom.service");
        assert!(unit.contains(&format!("--data {SYSTEM_DATA} --config {SYSTEM_CONFIG}\n")));
    }

    #[test]
    fn the_configuration_of_the_system_counts_for_its_data_alone() {
        let dir = TempDir::new().unwrap();
        let (data, other) = (dir.path().join("data"), dir.path().join("other"));
        fs::create_dir(&data).unwrap();
        fs::create_dir(&other).unwrap();
        let linked = dir.path().join("linked");
        symlink(&data, &linked).unwrap();
        for (named, expected) in [(&data, true), (&linked, true), (&other, false)] {
            assert_eq!(is_of_system(named, &data), expected, "{}", named.display());
        }
        let (first, second) = (
            dir.path().join("first.toml"),
            dir.path().join("second.toml"),
        );
        let find = || first_there([first.clone(), second.clone()].into_iter()).unwrap();
        assert_eq!(find(), None);
        fs::write(&second, "").unwrap();
        assert_eq!(find().as_ref(), Some(&second));
        fs::write(&first, "").unwrap();
        assert_eq!(find().as_ref(), Some(&first));
    }
}
