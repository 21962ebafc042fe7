//! The waiting events, each a file in a folder.
//!
//! The name of a file is its number. Numbers only grow: they begin with the time, so that no number
//! is used again after a restart. A file gets its name once it is complete, and never replaces
//! another: several processes can write into one folder, while one of them sends. A file that a
//! crash left incomplete has another name and is removed.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    num::NonZeroUsize,
    path::{Path, PathBuf},
    process,
};

use anteroom_runtime::Clock;
use parking_lot::Mutex;

const SUFFIX: &str = "json";
const UNFINISHED: &str = "new";
/// The number of bits for the count within a second.
const BITS_WITHIN_SECOND: u32 = 20;
/// The maximum number of waiting events up to which the folder is read before each delivery, so
/// that events of other processes are sent in their order. With more events the read would cost
/// more than the delivery.
const MOST_TO_REREAD: usize = 256;
/// The maximum number of attempts to find a number that no other process has used.
const MOST_ATTEMPTS: u32 = 100;

/// The number of an event: unique, and larger than those of earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EventNumber(u64);

pub(crate) struct Spool {
    folder: PathBuf,
    capacity: NonZeroUsize,
    state: Mutex<State>,
}

struct State {
    waiting: BTreeSet<EventNumber>,
    /// The events that are done, but whose files cannot be removed.
    stuck: BTreeSet<EventNumber>,
    last: EventNumber,
}

/// The outcome of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PushOutcome {
    Stored,
    Full,
}

impl Spool {
    /// Opens the folder, reads the waiting events, and removes the files that a crash left
    /// incomplete.
    pub(crate) fn open(folder: PathBuf, capacity: NonZeroUsize) -> io::Result<Self> {
        let spool = Self::join(folder, capacity)?;
        for entry in fs::read_dir(&spool.folder)? {
            let path = entry?.path();
            if path.extension() == Some(OsStr::new(UNFINISHED)) {
                remove_if_there(&path)?;
            }
        }
        Ok(spool)
    }

    /// Opens the folder beside the process that sends the waiting events.
    pub(crate) fn join(folder: PathBuf, capacity: NonZeroUsize) -> io::Result<Self> {
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt as _;
            builder.mode(0o700);
        }
        builder.recursive(true).create(&folder)?;
        let mut waiting = BTreeSet::new();
        for entry in fs::read_dir(&folder)? {
            waiting.extend(number_of(&entry?.path()));
        }
        let last = waiting.last().copied().unwrap_or(EventNumber(0));
        Ok(Self {
            folder,
            capacity,
            state: Mutex::new(State {
                waiting,
                stuck: BTreeSet::new(),
                last,
            }),
        })
    }

    /// Stores an event. It is on the disk when this returns.
    pub(crate) fn push(&self, line: &str, clock: &dyn Clock) -> io::Result<PushOutcome> {
        let number = {
            let mut state = self.state.lock();
            if state.waiting.len() >= self.capacity.get() {
                return Ok(PushOutcome::Full);
            }
            let by_time = clock.now().as_secs() << BITS_WITHIN_SECOND;
            state.last = EventNumber(by_time.max(state.last.0.saturating_add(1)));
            state.last
        };
        let unfinished = self
            .folder
            .join(format!("{number}-{}.{UNFINISHED}", process::id()));
        let written = self.write(&unfinished, line, number);
        let _ = fs::remove_file(&unfinished);
        written?;
        File::open(&self.folder)?.sync_all()?;
        Ok(PushOutcome::Stored)
    }

    /// Returns the oldest waiting event, with its bytes or the error of their read. Looks for
    /// events that other processes have written, unless many wait.
    pub(crate) fn first(&self) -> Option<(EventNumber, io::Result<Vec<u8>>)> {
        let number = {
            let mut state = self.state.lock();
            if state.waiting.len() <= MOST_TO_REREAD
                && let Err(error) = self.rescan(&mut state)
            {
                tracing::warn!(kind = ?error.kind(), "the folder of events cannot be read");
            }
            state.waiting.first().copied()?
        };
        Some((number, fs::read(self.path(number))))
    }

    /// Writes a line, first under an unfinished name, then under `number` or the next free one.
    fn write(&self, unfinished: &Path, line: &str, mut number: EventNumber) -> io::Result<()> {
        write_new(unfinished, line.as_bytes())?;
        for _ in 0..MOST_ATTEMPTS {
            // The lock keeps a rescan from finding the file before it is in the set.
            let mut state = self.state.lock();
            match fs::hard_link(unfinished, self.path(number)) {
                Ok(()) => {
                    state.waiting.insert(number);
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    state.last = EventNumber(state.last.max(number).0.saturating_add(1));
                    number = state.last;
                }
                // A starting process has removed the file, because it looks like one that a crash
                // left behind.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    drop(state);
                    write_new(unfinished, line.as_bytes())?;
                }
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::from(io::ErrorKind::AlreadyExists))
    }

    fn rescan(&self, state: &mut State) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let number = number_of(&entry?.path());
            let is_new = |number: &EventNumber| !state.stuck.contains(number);
            state.waiting.extend(number.filter(is_new));
        }
        Ok(())
    }

    /// Removes an event. A file that cannot be removed is sent again after a restart.
    pub(crate) fn remove(&self, number: EventNumber) {
        let mut state = self.state.lock();
        state.waiting.remove(&number);
        if let Err(error) = fs::remove_file(self.path(number)) {
            tracing::warn!(kind = ?error.kind(), "the file of a sent event cannot be removed");
            state.stuck.insert(number);
        }
    }

    fn path(&self, number: EventNumber) -> PathBuf {
        self.folder.join(format!("{number}.{SUFFIX}"))
    }
}

impl std::fmt::Display for EventNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:020}", self.0)
    }
}

/// Removes a file, if it still exists: its writer may have removed it.
fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn number_of(path: &Path) -> Option<EventNumber> {
    if path.extension() != Some(OsStr::new(SUFFIX)) {
        return None;
    }
    path.file_stem()?.to_str()?.parse().ok().map(EventNumber)
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use anteroom_protocol::Timestamp;
    use anteroom_testkit::MockClock;

    use super::*;

    const THREE: NonZeroUsize = NonZeroUsize::new(3).unwrap();

    fn clock() -> MockClock {
        MockClock::at(Timestamp::from_secs(1_700_000_000))
    }

    fn all(spool: &Spool) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some((number, bytes)) = spool.first() {
            lines.push(String::from_utf8(bytes.unwrap()).unwrap());
            spool.remove(number);
        }
        lines
    }

    #[test]
    fn what_waits_survives_in_order_and_numbers_do_not_come_back() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("deep/spool");
        let clock = clock();
        let spool = Spool::open(folder.clone(), THREE).unwrap();
        for line in ["a", "b", "c"] {
            assert_eq!(spool.push(line, &clock).unwrap(), PushOutcome::Stored);
        }
        assert_eq!(spool.push("d", &clock).unwrap(), PushOutcome::Full);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let (first, _) = spool.first().unwrap();
        assert_eq!(mode(&folder), 0o700);
        assert_eq!(mode(&spool.path(first)), 0o600);
        fs::write(folder.join("5.new"), "half").unwrap();
        fs::write(folder.join("notes.txt"), "mine").unwrap();

        let spool = Spool::open(folder.clone(), THREE).unwrap();
        assert_eq!(spool.push("d", &clock).unwrap(), PushOutcome::Full);
        assert_eq!(all(&spool), ["a", "b", "c"]);
        assert!(!folder.join("5.new").exists() && folder.join("notes.txt").exists());

        clock.advance(1);
        let spool = Spool::open(folder, THREE).unwrap();
        spool.push("e", &clock).unwrap();
        assert!(spool.first().unwrap().0 > first);
        clock.set(Timestamp::from_secs(5));
        spool.push("f", &clock).unwrap();
        assert_eq!(all(&spool), ["e", "f"], "also when the clock goes back");
    }

    #[test]
    fn what_another_process_writes_is_sent_too_and_replaces_nothing() {
        let place = tempfile::tempdir().unwrap();
        let clock = clock();
        let service = Spool::open(place.path().to_owned(), THREE).unwrap();
        let command = Spool::open(place.path().to_owned(), THREE).unwrap();
        service.push("a", &clock).unwrap();
        // Both count from the same second.
        command.push("b", &clock).unwrap();
        service.push("c", &clock).unwrap();
        assert_eq!(all(&service), ["a", "b", "c"]);
        assert!(service.first().is_none());
        command.push("d", &clock).unwrap();
        assert_eq!(all(&service), ["d"]);
        // A file that cannot be removed is not sent again.
        let stuck = service.path(EventNumber(7));
        fs::create_dir(&stuck).unwrap();
        assert!(service.first().unwrap().1.is_err());
        service.remove(EventNumber(7));
        assert!(service.first().is_none());
        fs::remove_dir(stuck).unwrap();
        let left: Vec<_> = fs::read_dir(place.path()).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
    }

    #[test]
    fn a_folder_that_is_gone_is_an_error() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("spool");
        let spool = Spool::open(folder.clone(), THREE).unwrap();
        spool.push("a", &clock()).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert!(spool.push("b", &clock()).is_err());
        assert!(spool.first().unwrap().1.is_err());
        fs::write(&folder, "").unwrap();
        assert!(Spool::open(folder, THREE).is_err());
    }
}
