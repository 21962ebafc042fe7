//! The kinds of failure of a file, with their texts for the log.

use std::{
    error::Error as StdError,
    fmt,
    fs::File,
    io::{self, ErrorKind},
};

use anteroom_store::StoreError;
use sqlx::Error;

/// A kind of failure of a file, by SQLite's primary result codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileFailure {
    /// The disk is full.
    DiskFull,
    /// Another process holds the lock.
    Locked,
    /// The bytes are wrong.
    Damaged,
    /// Tables are missing.
    TablesMissing,
    /// Another program added triggers.
    Foreign,
    /// An I/O error.
    Io,
    /// The file cannot be written.
    ReadOnly,
    /// This user has no right to the file.
    Denied,
    /// The file cannot be opened, for a reason that SQLite does not tell.
    NotOpened,
    /// The process or the host has too many open files.
    OutOfDescriptors,
    /// There is no memory left.
    OutOfMemory,
    /// A statement was interrupted.
    Interrupted,
    /// The file's locks or schema changed too often.
    Protocol,
    /// The database did not answer in time.
    Busy,
    /// The database rolled a transaction back.
    Connection,
    /// The file was removed while in use.
    Removed,
    /// Another file took its place while in use.
    Replaced,
    /// A side file was removed or replaced while in use.
    SideFileRemoved,
}

impl fmt::Display for FileFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

impl StdError for FileFailure {}

/// `SQLITE_READONLY_DBMOVED`.
const MOVED: u32 = 1032;
/// `SQLITE_CONSTRAINT_TRIGGER`. The schemas here have no triggers.
const TRIGGER: u32 = 1811;

impl FileFailure {
    /// Returns the failure behind a driver's error; `None` for an error of the program or of a
    /// value.
    pub(super) fn of(error: &Error) -> Option<Self> {
        match error {
            Error::Io(error) => Some(Self::of_io(error)),
            Error::PoolTimedOut => Some(Self::Busy),
            Error::WorkerCrashed | Error::BeginFailed | Error::InvalidSavePointStatement => {
                Some(Self::Connection)
            }
            Error::Database(error) => {
                let code: u32 = error.code()?.parse().ok()?;
                match Self::of_code(code, error.message())? {
                    // SQLite does not report why it cannot open a file.
                    Self::NotOpened | Self::Io if no_descriptor_is_left() => {
                        Some(Self::OutOfDescriptors)
                    }
                    failure => Some(failure),
                }
            }
            _ => None,
        }
    }

    /// Returns the failure of the file behind an error of the store.
    #[must_use]
    pub fn of_store(error: &StoreError) -> Option<Self> {
        let (StoreError::Unavailable { source } | StoreError::Damaged { source }) = error else {
            return None;
        };
        let failure = source.downcast_ref().copied();
        failure.or_else(|| source.downcast_ref().and_then(Self::of))
    }

    fn of_io(error: &io::Error) -> Self {
        match error.kind() {
            _ if is_out_of_descriptors(error) => Self::OutOfDescriptors,
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::DiskFull,
            ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            ErrorKind::PermissionDenied => Self::Denied,
            ErrorKind::NotFound | ErrorKind::NotADirectory => Self::NotOpened,
            ErrorKind::OutOfMemory => Self::OutOfMemory,
            _ => Self::Io,
        }
    }

    fn of_code(code: u32, message: &str) -> Option<Self> {
        if code == TRIGGER {
            return Some(Self::Foreign);
        }
        if code == MOVED {
            return Some(Self::Removed);
        }
        // The primary code is the low byte of the extended one.
        Some(match code & 0xff {
            // SQLite also reports this when it has rolled the transaction back before its end.
            1 if message.contains("no transaction is active") => Self::Connection,
            1 if message.starts_with("no such table") || message.starts_with("no such column") => {
                Self::TablesMissing
            }
            3 | 23 => Self::Denied,
            4 | 9 => Self::Interrupted,
            5 | 6 => Self::Locked,
            7 => Self::OutOfMemory,
            8 => Self::ReadOnly,
            10 | 22 => Self::Io,
            11 | 26 => Self::Damaged,
            13 => Self::DiskFull,
            14 => Self::NotOpened,
            15 | 17 => Self::Protocol,
            _ => return None,
        })
    }

    /// Returns whether the bytes of the file are wrong, so that time alone does not repair it.
    pub(super) const fn is_damage(self) -> bool {
        matches!(self, Self::Damaged | Self::TablesMissing | Self::Foreign)
    }

    /// Returns whether the file, or a side file, is no longer at its path. Other failures follow
    /// from that.
    pub(super) const fn is_of_place(self) -> bool {
        matches!(self, Self::Removed | Self::Replaced | Self::SideFileRemoved)
    }

    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::DiskFull => "the disk is full",
            Self::Locked => "the database is locked by another process",
            Self::Damaged => "the file is damaged",
            Self::TablesMissing => "the file is damaged: tables are missing",
            Self::Foreign => "another program added triggers to the file",
            Self::Io => "I/O error",
            Self::ReadOnly => "the file is read-only",
            Self::Denied => "access to the file is denied",
            Self::NotOpened => "the file cannot be opened",
            Self::OutOfDescriptors => "too many open files",
            Self::OutOfMemory => "out of memory",
            Self::Interrupted => "a statement was interrupted",
            Self::Protocol => "the file's locks or schema changed too often",
            Self::Busy => "it did not answer in time",
            Self::Connection => "a transaction was rolled back by the database",
            Self::Removed => "the file was removed while in use",
            Self::Replaced => "another file took its place while in use",
            Self::SideFileRemoved => {
                "its write-ahead log (-wal) or the log's index (-shm) was removed or replaced while \
                 in use"
            }
        }
    }

    pub(super) const fn next_step(self) -> &'static str {
        match self {
            Self::DiskFull => "free space: it goes on by itself",
            Self::Locked => {
                "find the process with `fuser`, and end it if it hangs: it goes on by itself"
            }
            Self::Damaged | Self::TablesMissing => {
                "stop the service and restore a backup, see \"Backup and restore\" in the operator's \
                 guide"
            }
            Self::Foreign => "remove the triggers: it goes on by itself",
            Self::Io => "look at the disk and the kernel's log: it goes on by itself",
            Self::ReadOnly | Self::Denied | Self::NotOpened => {
                "give the service's user the right to write to the file and its directory: it goes \
                 on by itself"
            }
            Self::OutOfDescriptors => {
                "raise LimitNOFILE (ulimit -n) of this process, or lower http.connections: it goes on \
                 by itself"
            }
            Self::OutOfMemory => "free memory: it goes on by itself",
            Self::Interrupted | Self::Protocol | Self::Busy | Self::Connection => {
                "it goes on by itself"
            }
            Self::Removed => {
                "nothing is read or written until the very file is back; else stop the service and \
                 restore a backup"
            }
            Self::SideFileRemoved => {
                "nothing is read or written; restart the service: what was saved before is brought \
                 into the file when it stops, unless it is killed"
            }
            Self::Replaced => {
                "nothing is read or written until the very file is back; to work with the other one, \
                 stop the service, remove the files that end in -wal and -shm if they are still there, \
                 and start it"
            }
        }
    }
}

fn is_out_of_descriptors(error: &io::Error) -> bool {
    /// `ENFILE`, for the host, and `EMFILE`, for the process. The numbers are the same on all Unix
    /// systems.
    const CODES: [i32; 2] = [23, 24];
    error
        .raw_os_error()
        .is_some_and(|code| CODES.contains(&code))
}

/// Returns whether no file can be opened at the moment. The check does not open the database
/// itself: closing it again would release SQLite's locks.
fn no_descriptor_is_left() -> bool {
    File::open("/").is_err_and(|error| is_out_of_descriptors(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_for_want_of_descriptors_says_so_and_no_other_does() {
        for (code, expected) in [
            (2, FileFailure::NotOpened),
            (13, FileFailure::Denied),
            (23, FileFailure::OutOfDescriptors),
            (24, FileFailure::OutOfDescriptors),
        ] {
            let error = Error::Io(io::Error::from_raw_os_error(code));
            assert_eq!(FileFailure::of(&error), Some(expected), "{code}");
        }
        assert!(!no_descriptor_is_left());
    }
}
