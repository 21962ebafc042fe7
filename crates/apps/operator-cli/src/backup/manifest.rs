//! `backup.json`: the content of a backup, with hashes that detect damage.
//!
//! It contains no secret, and it is no signature: a writer of the backup can write another manifest. The
//! sealed values in the databases cannot be forged without the master key.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{self, Read as _, Write},
    path::Path,
};

use anteroom_console::{failure::Failure, files};
use anteroom_protocol::Timestamp;
use anteroom_store_sqlite::SqliteCopy;
use anyhow::{Context as _, anyhow, bail};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

pub(crate) const NAME: &str = "backup.json";

/// The format that this program writes, and the newest that it reads.
const FORMAT: u32 = 1;
/// The maximum length of a manifest, in bytes.
const LONGEST: u64 = 64 * 1024;

/// The content of the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Manifest {
    format: u32,
    /// The version of the program that created the backup.
    program: String,
    /// The time of its creation, as in RFC 3339.
    made: String,
    pub(crate) files: Vec<Entry>,
}

/// A database.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Entry {
    /// Its file's name.
    pub(crate) name: String,
    bytes: u64,
    /// The SHA-256 of the file, in lower-case hexadecimal digits.
    sha256: String,
    /// The newest migration of the database's tables.
    schema: u64,
    /// The ids of the server params in it.
    params: Vec<String>,
}

/// The members that every format has.
#[derive(Deserialize)]
struct AnyFormat {
    format: u32,
}

impl Manifest {
    pub(super) fn new(now: Timestamp, files: Vec<Entry>) -> Self {
        let made = i64::try_from(now.as_secs())
            .ok()
            .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
            .unwrap_or(OffsetDateTime::UNIX_EPOCH);
        Self {
            format: FORMAT,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            made: made.format(&Rfc3339).unwrap_or_default(),
            files,
        }
    }

    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        files::create(&folder.join(NAME), text.as_bytes())
    }

    /// Reads the manifest of a backup, and compares its file names with those of known databases.
    pub(crate) fn read(folder: &Path, known: &[&str]) -> anyhow::Result<Self> {
        let path = folder.join(NAME);
        let shown = path.display();
        let unreadable = || format!("{shown} cannot be read");
        let Some(file) = files::if_there(File::open(&path)).with_context(unreadable)? else {
            bail!(
                Failure::failed(format!("{} is no backup", folder.display()))
                    .with_reason(anyhow!("it has no {NAME}"))
                    .next("Name a folder that `anteroom backup` made")
            )
        };
        let mut text = Vec::new();
        file.take(LONGEST + 1)
            .read_to_end(&mut text)
            .with_context(unreadable)?;
        if u64::try_from(text.len()).is_ok_and(|length| length > LONGEST) {
            bail!("{shown} is damaged: it is longer than any can be");
        }
        let damaged = |error: serde_json::Error| anyhow!("{shown} is damaged: {error}");
        let any: AnyFormat = serde_json::from_slice(&text).map_err(damaged)?;
        if any.format != FORMAT {
            let what = format!(
                "{shown} has format {}, and this program knows {FORMAT}",
                any.format
            );
            let failure = Failure::failed(what);
            bail!(failure.next("Restore it with the program that made it, or with a newer one"));
        }
        let manifest: Self = serde_json::from_slice(&text).map_err(damaged)?;
        manifest
            .check(known)
            .with_context(|| format!("{shown} is damaged"))?;
        Ok(manifest)
    }

    fn check(&self, known: &[&str]) -> anyhow::Result<()> {
        let printable = |byte: u8| byte.is_ascii_graphic();
        if self.program.len() > 64 || !self.program.bytes().all(printable) {
            bail!("its program is no version");
        }
        if OffsetDateTime::parse(&self.made, &Rfc3339).is_err() {
            bail!("its time is none");
        }
        let mut names = BTreeSet::new();
        for entry in &self.files {
            if !known.contains(&entry.name.as_str()) || !names.insert(&entry.name) {
                bail!("a name of a file is unknown or there twice");
            }
        }
        if names.is_empty() {
            bail!("it names no file");
        }
        Ok(())
    }

    /// Returns the time and the program of the backup, as text.
    pub(crate) fn origin(&self) -> String {
        format!("of {}, made by anteroom {}", self.made, self.program)
    }

    /// Returns the list of files, as text.
    pub(crate) fn text(&self) -> String {
        let line = |entry: &Entry| {
            let hash = entry.sha256.get(..16).unwrap_or_default();
            format!(
                "  {:<9}  {:>9} bytes, SHA-256 {hash}…",
                entry.name, entry.bytes
            )
        };
        self.files.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

impl Entry {
    pub(super) fn of(name: &str, path: &Path, copied: &SqliteCopy) -> io::Result<Self> {
        let (bytes, sha256) = copy_and_hash(&mut File::open(path)?, &mut io::sink())?;
        Ok(Self {
            name: name.to_owned(),
            bytes,
            sha256,
            schema: copied.schema,
            params: copied.params.iter().map(ToString::to_string).collect(),
        })
    }

    /// Copies the file from the backup to a new file with access for its owner only. Refuses a file whose
    /// hash differs from the manifest's.
    pub(crate) fn take_out(&self, folder: &Path, to: &Path) -> anyhow::Result<()> {
        let name = &self.name;
        let mut from = files::if_there(File::open(folder.join(name)))
            .with_context(|| format!("{name} of the backup cannot be read"))?
            .with_context(|| format!("{name} of the backup is missing"))?;
        let copied = files::create_open(to).and_then(|mut file| {
            let copied = copy_and_hash(&mut from, &mut file)?;
            file.sync_all()?;
            Ok(copied)
        });
        let (bytes, sha256) =
            copied.with_context(|| format!("{name} cannot be copied to {}", to.display()))?;
        if bytes != self.bytes {
            bail!(
                "{name} of the backup is damaged: it has {bytes} bytes, not {}",
                self.bytes
            );
        }
        if sha256 != self.sha256 {
            bail!("{name} of the backup is damaged: its SHA-256 is not the one in {NAME}");
        }
        Ok(())
    }
}

/// Returns the length and the hash of the copied bytes.
fn copy_and_hash(from: &mut File, to: &mut impl Write) -> io::Result<(u64, String)> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    let mut length = 0;
    loop {
        let count = from.read(&mut buffer)?;
        let Some(part) = buffer.get(..count).filter(|part| !part.is_empty()) else {
            break;
        };
        hash.update(part);
        to.write_all(part)?;
        length += u64::try_from(count).unwrap_or_default();
    }
    Ok((length, hex::encode(hash.finalize())))
}
