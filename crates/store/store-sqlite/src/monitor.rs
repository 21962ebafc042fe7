//! The condition of an open file: its identity, and its episodes of failure.
//!
//! An episode begins with the first failure and ends with the next saved change. The log has one
//! line for each kind of failure in an episode, and one for its end.

use std::{
    fs,
    io::{self, ErrorKind},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::OnceLock,
    time::{self, Duration},
};

use parking_lot::Mutex;
use sqlx::Error;
use tokio::time::Instant;

use super::failure::FileFailure;

/// The minimum length of an episode after damage. Only some statements meet the damage: others that
/// succeed do not show that it is repaired.
const DAMAGE_REMEMBERED: Duration = Duration::from_secs(60);

/// The time for which a look-up relies on a check of the file's identity: it reads nothing that was
/// not true this long ago, and spares three calls of the system.
const IDENTITY_HOLDS: Duration = Duration::from_millis(10);

/// Watches one file.
pub(super) struct FileMonitor {
    path: PathBuf,
    /// The write-ahead log and its index. They exist for as long as the file is open.
    side_files: [PathBuf; 2],
    /// Set once the file is open.
    identity: OnceLock<FileSetId>,
    /// The time of the last check that found this identity.
    checked: Mutex<Option<time::Instant>>,
    state: Mutex<State>,
}

/// The identities of an open file, and of those of its side files that were there.
struct FileSetId {
    file: FileId,
    side_files: [Option<FileId>; 2],
}

/// The device and inode. No other file has them while the file is open.
#[derive(Clone, Copy, PartialEq, Eq)]
struct FileId(u64, u64);

#[derive(Default)]
struct State {
    episode: Option<FailureEpisode>,
    last_save: Option<Instant>,
}

struct FailureEpisode {
    kinds: Vec<FileFailure>,
    last_failure: Instant,
    last_damage: Option<Instant>,
}

impl FileMonitor {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            side_files: ["-wal", "-shm"].map(|suffix| {
                let mut path = path.as_os_str().to_owned();
                path.push(suffix);
                path.into()
            }),
            identity: OnceLock::new(),
            checked: Mutex::default(),
            state: Mutex::default(),
        }
    }

    /// Records the identity of the file that is at the path now, and of its side files. Failures are
    /// recorded from here on. Until [`set_side_files_aside`](Self::set_side_files_aside) a connection
    /// stays open that has read the file: SQLite deletes the side files with the last such one.
    pub(super) fn start(&self) -> Result<(), Error> {
        let identity = FileSetId {
            file: FileId::at(&self.path).map_err(Error::Io)?,
            side_files: self.found_side_files(),
        };
        // An error means that the identity is recorded already.
        let _ = self.identity.set(identity);
        Ok(())
    }

    /// Checks that the file at the path, its write-ahead log and the log's index are the open ones.
    ///
    /// # Errors
    /// When one of them was removed or replaced. The failure is recorded.
    pub(super) fn check_identity(&self) -> Result<(), Error> {
        let Some(identity) = self.identity.get() else {
            return Ok(());
        };
        let (failure, error) = match FileId::at(&self.path) {
            Ok(found) if found == identity.file => {
                let found = self.found_side_files();
                let mut side_files = identity.side_files.iter().zip(&found);
                if side_files.all(|(open, found)| open.is_none() || open == found) {
                    *self.checked.lock() = Some(time::Instant::now());
                    return Ok(());
                }
                let failure = FileFailure::SideFileRemoved;
                (failure, io::Error::other(failure.words()))
            }
            Ok(_) => (
                FileFailure::Replaced,
                io::Error::other(FileFailure::Replaced.words()),
            ),
            Err(error) if is_missing(&error) => (
                FileFailure::Removed,
                io::Error::new(ErrorKind::NotFound, FileFailure::Removed.words()),
            ),
            // It is unknown at the moment whether the file exists.
            Err(error) => (FileFailure::Denied, error),
        };
        *self.checked.lock() = None;
        self.note(failure);
        Err(Error::Io(error))
    }

    /// Checks as [`check_identity`](Self::check_identity) does, unless a check found the open file a
    /// moment ago.
    pub(super) fn check_identity_at_times(&self) -> Result<(), Error> {
        let checked = *self.checked.lock();
        match checked {
            Some(at) if at.elapsed() < IDENTITY_HOLDS => Ok(()),
            _ => self.check_identity(),
        }
    }

    fn found_side_files(&self) -> [Option<FileId>; 2] {
        self.side_files.each_ref().map(|path| FileId::at(path).ok())
    }

    /// Renames the side files of the open file if another file has replaced it: that file with
    /// these side files would be a damaged database. Call it when the file is closed.
    pub(super) fn set_side_files_aside(&self) {
        let Some(identity) = self.identity.get() else {
            return;
        };
        if FileId::at(&self.path).is_ok_and(|found| found == identity.file) {
            return;
        }
        for (side_file, open) in self.side_files.iter().zip(&identity.side_files) {
            let found = FileId::at(side_file).ok();
            if found.is_none() || found != *open {
                continue;
            }
            let mut aside = side_file.clone().into_os_string();
            aside.push(".replaced");
            match fs::rename(side_file, &aside) {
                Ok(()) => tracing::warn!(
                    "{} belongs to the file that was replaced: it is {} now",
                    side_file.display(),
                    aside.display()
                ),
                Err(error) => tracing::error!(
                    kind = ?error.kind(),
                    "{} belongs to the file that was replaced and cannot be renamed: remove it \
                     before the next start",
                    side_file.display()
                ),
            }
        }
    }

    /// Records the failure behind an error, if the error shows one.
    pub(super) fn observe(&self, error: &Error) {
        if let Some(failure) = FileFailure::of(error) {
            self.note(failure);
        }
    }

    pub(super) fn note(&self, failure: FileFailure) {
        if self.identity.get().is_none() {
            return;
        }
        let now = Instant::now();
        let mut state = self.state.lock();
        let episode = state.episode.get_or_insert_with(|| FailureEpisode {
            kinds: Vec::new(),
            last_failure: now,
            last_damage: None,
        });
        episode.last_failure = now;
        if failure.is_damage() {
            episode.last_damage = Some(now);
        }
        let is_out_of_place = episode.kinds.iter().any(|kind| kind.is_of_place());
        let is_consequence = (is_out_of_place && !failure.is_of_place())
            || (matches!(failure, FileFailure::Busy | FileFailure::Connection)
                && !episode.kinds.is_empty());
        if is_consequence || episode.kinds.contains(&failure) {
            return;
        }
        episode.kinds.push(failure);
        drop(state);
        // The log line belongs to the episode, and not to the span of the request that meets the
        // failure first.
        tracing::error!(
            parent: None,
            "the database {} fails: {}; {}",
            self.path.display(),
            failure.words(),
            failure.next_step()
        );
    }

    /// Records that a change was saved.
    pub(super) fn note_save(&self) {
        let now = Instant::now();
        let mut state = self.state.lock();
        state.last_save = Some(now);
        let lasts = |episode: &FailureEpisode| {
            let damage = episode.last_damage;
            damage.is_some_and(|at| now.duration_since(at) < DAMAGE_REMEMBERED)
        };
        if state
            .episode
            .as_ref()
            .is_some_and(|episode| !lasts(episode))
        {
            state.episode = None;
            drop(state);
            tracing::info!(parent: None, "the database {} works again", self.path.display());
        }
    }

    /// Returns whether a change was saved within `span`, with no failure since.
    pub(super) fn saved_within(&self, span: Duration) -> bool {
        let state = self.state.lock();
        state.episode.is_none() && state.last_save.is_some_and(|at| at.elapsed() < span)
    }

    /// Returns whether a failure occurred within `span`, with no saved change since.
    pub(super) fn failed_within(&self, span: Duration) -> bool {
        let state = self.state.lock();
        let episode = state.episode.as_ref();
        episode.is_some_and(|episode| episode.last_failure.elapsed() < span)
    }

    /// Returns whether an episode of failure is open.
    pub(super) fn fails(&self) -> bool {
        self.state.lock().episode.is_some()
    }
}

impl FileId {
    fn at(path: &Path) -> io::Result<Self> {
        fs::metadata(path).map(|metadata| Self(metadata.dev(), metadata.ino()))
    }
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}
