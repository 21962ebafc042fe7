//! `installation.json`: the databases that were created in a data directory.
//!
//! A database is created only if there was none before: a new one under an old name would refuse all users,
//! with new params and no accounts. The rule for a missing database:
//!
//! 1. The record names it: it existed, and creating it is refused.
//! 2. The record does not name it: it never existed, and it is created. This lets a second service start in
//!    the directory of the first, and an interrupted first start continue.
//! 3. There is no record: a directory without any trace of an installation gets one before anything else is
//!    created. A directory with a trace was created before there were records, or lost its record: creating
//!    is refused.
//!
//! `--new` with the database's name overrides a refusal.

use std::{collections::BTreeSet, fs, io, path::PathBuf};

use anteroom_console::{data_dir::DataDir, failure::Failure, files};
use anteroom_store_sqlite::{IssuerSchema, RoomsSchema};
use anyhow::{Context as _, bail};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::{
    database::{self, ServiceSchema},
    master_key,
};

/// The record, and the permissions of this start.
pub struct Installation {
    data: DataDir,
    new: BTreeSet<&'static str>,
    state: Mutex<State>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    databases: BTreeSet<String>,
}

struct State {
    /// The record on the disk.
    saved: Option<Record>,
    /// A file that proves an earlier installation, if there is no record.
    trace: Option<PathBuf>,
    /// The missing databases whose creation was refused.
    missing: BTreeSet<&'static str>,
}

impl Installation {
    /// Reads the record. Creates it in a directory without a trace of an installation. `new` names databases
    /// that are created although there was one.
    pub fn open(data: &DataDir, new: BTreeSet<&'static str>) -> anyhow::Result<Self> {
        let mut installation = Self::inspect(data)?;
        installation.new = new;
        let state = installation.state.get_mut();
        if state.saved.is_none() && state.trace.is_none() {
            let record = Record::default();
            write(data, &record)?;
            state.saved = Some(record);
        }
        Ok(installation)
    }

    /// Reads the record, and creates nothing.
    pub fn inspect(data: &DataDir) -> anyhow::Result<Self> {
        let saved = read(data)?;
        let trace = if saved.is_none() { trace(data) } else { None };
        Ok(Self {
            data: data.clone(),
            new: BTreeSet::new(),
            state: Mutex::new(State {
                saved,
                trace,
                missing: BTreeSet::new(),
            }),
        })
    }

    /// Checks that a missing database may be created.
    ///
    /// # Errors
    /// The database existed; the message contains the evidence and the next step.
    pub fn permit<S: ServiceSchema>(&self) -> anyhow::Result<()> {
        let path = S::path(&self.data);
        if let Some(left) = database::side_file(&path) {
            let what = format!(
                "{} is missing, but {} is there, which belongs to it",
                path.display(),
                left.display()
            );
            let next = format!(
                "Put the database back, or restore a backup with `anteroom restore`; for a new \
                 one, move that file away and start with `--new {}`",
                S::SERVICE
            );
            bail!(Failure::failed(what).next(next));
        }
        if self.new.contains(S::NAME) {
            tracing::warn!("--new {}: makes a new {}", S::SERVICE, path.display());
            return Ok(());
        }
        let mut state = self.state.lock();
        let known_by = match (&state.saved, &state.trace) {
            (Some(record), _) if record.databases.contains(S::NAME) => {
                self.data.installation().display().to_string()
            }
            (None, Some(trace)) => trace.display().to_string(),
            _ => return Ok(()),
        };
        state.missing.insert(S::NAME);
        let what = format!(
            "the database {} is missing, and {known_by} shows that there was an installation",
            path.display()
        );
        let next = format!(
            "Put the database back, or restore a backup with `anteroom restore`; only if it is to \
             begin anew, without its accounts, links and keys, start with `--new {}`",
            S::SERVICE
        );
        bail!(Failure::failed(what).next(next))
    }

    /// Returns whether no database was ever created in the directory, by the record and by traces.
    pub fn is_new(&self) -> bool {
        let state = self.state.lock();
        let record = state.saved.as_ref();
        record.is_some_and(|record| record.databases.is_empty())
    }

    /// Checks that a master key may be created if there is neither a key nor a database.
    ///
    /// # Errors
    /// A database existed.
    pub fn permit_key(&self) -> anyhow::Result<()> {
        let state = self.state.lock();
        let lost = match (&state.saved, &state.trace) {
            (Some(record), _) => record
                .databases
                .iter()
                .any(|name| !self.new.contains(name.as_str())),
            (None, trace) => trace.is_some() && self.new.is_empty(),
        };
        if lost {
            let what = format!(
                "the databases of {} are missing, and so is the master key",
                self.data.path().display()
            );
            bail!(Failure::failed(what).next(
                "Restore a backup with `anteroom restore`; only if all is to begin anew, name both \
                 services with `--new`"
            ));
        }
        Ok(())
    }

    /// Records the databases that are there, and those that were and are missing.
    pub fn save(&self) -> anyhow::Result<()> {
        let mut state = self.state.lock();
        let mut record = state.saved.clone().unwrap_or_default();
        let there = [
            (IssuerSchema::NAME, IssuerSchema::path(&self.data)),
            (RoomsSchema::NAME, RoomsSchema::path(&self.data)),
        ];
        for (name, path) in there {
            if database::is_there(&path) || state.missing.contains(name) {
                record.databases.insert(name.to_owned());
            }
        }
        if state.saved.as_ref() != Some(&record) {
            write(&self.data, &record)?;
            state.saved = Some(record);
        }
        Ok(())
    }
}

/// Records the databases of a restore.
pub fn add_restored<'a>(
    data: &DataDir,
    names: impl Iterator<Item = &'a str>,
) -> anyhow::Result<()> {
    let mut record = read(data)?.unwrap_or_default();
    record.databases.extend(names.map(str::to_owned));
    write(data, &record)
}

fn read(data: &DataDir) -> anyhow::Result<Option<Record>> {
    let path = data.installation();
    match fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text).map(Some).with_context(|| {
            format!(
                "{} makes no sense: it lists the databases that were made here, as in \
                 {{\"databases\":[\"issuer.db\",\"rooms.db\"]}}",
                path.display()
            )
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
}

fn write(data: &DataDir, record: &Record) -> anyhow::Result<()> {
    let path = data.installation();
    let text = serde_json::to_string(record)? + "\n";
    files::replace(&path, text.as_bytes())
        .with_context(|| format!("{} cannot be written", path.display()))
}

/// Returns the first existing file that only an installation creates.
fn trace(data: &DataDir) -> Option<PathBuf> {
    let mut traces = vec![
        IssuerSchema::path(data),
        RoomsSchema::path(data),
        data.master_key(),
        master_key::next_to(&data.master_key()),
        data.listen(),
        data.issuer_webhook(),
        data.rooms_webhook(),
        data.pins(),
    ];
    traces.extend(database::side_file(&IssuerSchema::path(data)));
    traces.extend(database::side_file(&RoomsSchema::path(data)));
    traces
        .into_iter()
        .find(|path| path.symlink_metadata().is_ok())
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn permits(data: &DataDir, new: &[&'static str]) -> [bool; 2] {
        let installation = Installation::open(data, new.iter().copied().collect()).unwrap();
        [
            installation.permit::<IssuerSchema>().is_ok(),
            installation.permit::<RoomsSchema>().is_ok(),
        ]
    }

    /// The name, the files of the directory, the databases of `--new`, and whether each database is created.
    type Case<'a> = (
        &'a str,
        &'a [(&'a str, &'a str)],
        &'a [&'static str],
        [bool; 2],
    );

    #[test]
    fn a_missing_database_is_made_where_none_was_before_and_nowhere_else() {
        const BOTH: &str = r#"{"databases":["issuer.db","rooms.db"]}"#;
        const ISSUER: &str = r#"{"databases":["issuer.db"]}"#;
        const BEGUN: &str = r#"{"databases":[]}"#;
        let cases: &[Case<'_>] = &[
            ("a fresh directory", &[], &[], [true, true]),
            ("settings only", &[("anteroom.toml", "")], &[], [true, true]),
            (
                "a first start that was cut off",
                &[("installation.json", BEGUN), ("master.key", "k")],
                &[],
                [true, true],
            ),
            (
                "both are lost",
                &[("installation.json", BOTH)],
                &[],
                [false, false],
            ),
            (
                "a second service beside the first",
                &[("installation.json", ISSUER), ("issuer.db", "d")],
                &[],
                [false, true],
            ),
            (
                "an older master key",
                &[("master.key", "k")],
                &[],
                [false, false],
            ),
            (
                "an older database",
                &[("issuer.db", "d")],
                &[],
                [false, false],
            ),
            (
                "a listen record",
                &[("listen.json", "{}")],
                &[],
                [false, false],
            ),
            ("pins", &[("pins.json", "{}")], &[], [false, false]),
            (
                "a rotation cut off",
                &[("master.key.next", "k")],
                &[],
                [false, false],
            ),
            (
                "asked for",
                &[("installation.json", BOTH)],
                &["rooms.db"],
                [false, true],
            ),
            (
                "a side file is left",
                &[("installation.json", BOTH), ("rooms.db-wal", "w")],
                &["issuer.db", "rooms.db"],
                [true, false],
            ),
        ];
        for (case, files, new, expected) in cases {
            let dir = TempDir::new().unwrap();
            for (name, content) in *files {
                fs::write(dir.path().join(name), content).unwrap();
            }
            let data = DataDir::new(dir.path().to_owned());
            assert_eq!(permits(&data, new), *expected, "{case}");
        }
    }

    #[test]
    fn what_an_older_installation_lacks_stays_refused_after_its_record_is_made() {
        let dir = TempDir::new().unwrap();
        let data = DataDir::new(dir.path().to_owned());
        fs::write(IssuerSchema::path(&data), "d").unwrap();
        let installation = Installation::open(&data, BTreeSet::new()).unwrap();
        assert!(installation.permit::<RoomsSchema>().is_err());
        installation.save().unwrap();
        assert_eq!(permits(&data, &[]), [false, false]);
    }

    #[test]
    fn a_record_that_makes_no_sense_is_an_error() {
        let dir = TempDir::new().unwrap();
        let data = DataDir::new(dir.path().to_owned());
        for content in ["", "[]", r#"{"databases":1}"#, r#"{"other":[]}"#] {
            fs::write(data.installation(), content).unwrap();
            assert!(
                Installation::open(&data, BTreeSet::new()).is_err(),
                "{content}"
            );
        }
    }
}
