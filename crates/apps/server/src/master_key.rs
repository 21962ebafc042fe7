//! The master key: from a file, from a variable, or created at the first start.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use anteroom_console::{
    data_dir::DataDir,
    environment::{self, Environment},
    failure::Failure,
    files, os,
};
use anteroom_store::MasterKey;
use anyhow::{Context as _, bail};
use zeroize::Zeroizing;

/// Returns the key from the file `ANTEROOM_MASTER_KEY_FILE`, from `ANTEROOM_MASTER_KEY`, or from
/// `DIR/master.key`. `None` if none is named and there is no such file.
pub fn find(data: &DataDir, environment: &Environment) -> anyhow::Result<Option<MasterKey>> {
    let file = environment.text(environment::MASTER_KEY_FILE)?;
    let text = environment.text(environment::MASTER_KEY)?;
    match (file, text) {
        (Some(_), Some(_)) => {
            let what = format!(
                "both {} and {} are set",
                environment::MASTER_KEY_FILE,
                environment::MASTER_KEY
            );
            bail!(Failure::failed(what).next("Keep one of them"))
        }
        (Some(file), None) => read(Path::new(file.as_str())).map(Some),
        (None, Some(text)) => MasterKey::parse(&text)
            .context(environment::MASTER_KEY)
            .map(Some),
        (None, None) => read_if_there(&data.master_key()),
    }
}

/// Returns the variable that names a key outside of the data directory, if one is set.
pub fn outside(environment: &Environment) -> anyhow::Result<Option<&'static str>> {
    for variable in [environment::MASTER_KEY_FILE, environment::MASTER_KEY] {
        if environment.text(variable)?.is_some() {
            return Ok(Some(variable));
        }
    }
    Ok(None)
}

/// Returns the path of the key's file, whether the file exists or not.
///
/// # Errors
/// The key comes from a variable, which only its owner can change.
pub fn file(data: &DataDir, environment: &Environment) -> anyhow::Result<PathBuf> {
    if environment.text(environment::MASTER_KEY)?.is_some() {
        let what = format!(
            "the master key comes from {}, where no other can take its place",
            environment::MASTER_KEY
        );
        let next = format!(
            "Put it into a file, and name that with {}",
            environment::MASTER_KEY_FILE
        );
        bail!(Failure::failed(what).next(next));
    }
    let named = environment.text(environment::MASTER_KEY_FILE)?;
    Ok(named.map_or_else(|| data.master_key(), |file| PathBuf::from(file.as_str())))
}

/// Returns the path of the next key while it replaces the one in `file`.
pub fn next_to(file: &Path) -> PathBuf {
    file.with_added_extension("next")
}

/// Returns the key in a file, if the file exists.
pub fn read_if_there(path: &Path) -> anyhow::Result<Option<MasterKey>> {
    let exists = path
        .try_exists()
        .with_context(|| format!("{} cannot be read", path.display()))?;
    exists.then(|| read(path)).transpose()
}

/// Creates a key and its file, which must not exist yet.
pub fn create_at(path: &Path) -> anyhow::Result<MasterKey> {
    let key = MasterKey::random(&mut os::rng());
    let mut text = Zeroizing::new(String::with_capacity(64));
    text.push_str(&key.to_text());
    text.push('\n');
    files::create(path, text.as_bytes())
        .with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(key)
}

fn read(path: &Path) -> anyhow::Result<MasterKey> {
    let complain = || format!("the master key file {}", path.display());
    let text = match fs::read_to_string(path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let what = format!("the master key file {} does not exist", path.display());
            bail!(Failure::failed(what).next("Put the file there, or correct the path"))
        }
        Err(error) => return Err(error).with_context(complain),
    };
    let mode = fs::metadata(path).with_context(complain)?.permissions();
    if mode.mode() & 0o077 != 0 {
        tracing::warn!(
            "other users of this machine may read the master key file {}",
            path.display()
        );
    }
    if next_to(path).exists() {
        tracing::warn!(
            "a change of the master key {} is under way or was cut off: finish it with \
             `anteroom keys rotate master`",
            path.display()
        );
    }
    MasterKey::parse(&text).with_context(complain)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn data() -> (TempDir, DataDir) {
        let dir = TempDir::new().unwrap();
        let data = DataDir::new(dir.path().to_owned());
        (dir, data)
    }

    #[test]
    fn a_made_key_is_found_again() {
        let (_dir, data) = data();
        let none = Environment::of(&[]);
        assert!(find(&data, &none).unwrap().is_none());
        let made = create_at(&data.master_key()).unwrap();
        let found = find(&data, &none).unwrap().unwrap();
        assert_eq!(made.to_text(), found.to_text());
        assert!(
            create_at(&data.master_key()).is_err(),
            "a second key over the first"
        );
    }

    #[test]
    fn variables_come_before_the_data_directory() {
        let (dir, data) = data();
        create_at(&data.master_key()).unwrap();
        let text = MasterKey::random(&mut os::rng()).to_text();
        let file = dir.path().join("other.key");
        fs::write(&file, text.as_bytes()).unwrap();
        for variable in [
            ("ANTEROOM_MASTER_KEY", text.as_str()),
            ("ANTEROOM_MASTER_KEY_FILE", file.to_str().unwrap()),
        ] {
            let found = find(&data, &Environment::of(&[variable])).unwrap().unwrap();
            assert_eq!(found.to_text(), text);
        }
    }

    #[test]
    fn bad_keys_are_refused_without_being_shown() {
        let (_dir, data) = data();
        let cases: [&[(&str, &str)]; 4] = [
            &[("ANTEROOM_MASTER_KEY", "c2VjcmV0")],
            &[("ANTEROOM_MASTER_KEY", "not base64 secret")],
            &[("ANTEROOM_MASTER_KEY_FILE", "/nowhere/secret.key")],
            &[
                ("ANTEROOM_MASTER_KEY", "secret"),
                ("ANTEROOM_MASTER_KEY_FILE", "/nowhere"),
            ],
        ];
        for variables in cases {
            let shown = format!(
                "{:#}",
                find(&data, &Environment::of(variables)).unwrap_err()
            );
            assert!(shown.contains("ANTEROOM_MASTER_KEY") || shown.contains("/nowhere"));
            assert!(!shown.contains("c2Vj") && !shown.contains("base64 secret"));
        }
    }
}
