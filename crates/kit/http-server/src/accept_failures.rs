//! Failures to accept connections. The log has a line when they begin and one when they end.

use std::{io, time::Duration};

use rustix::io::Errno;
use tokio::time::Instant;

/// The pause after a failure that an immediate attempt would meet again.
pub(crate) const PAUSE: Duration = Duration::from_millis(250);
/// The time without a failure after which an accepted connection ends the episode. With few
/// descriptors some connections are accepted between the failures.
const QUIET: Duration = Duration::from_secs(10);

/// The failures of all listeners of a process.
#[derive(Debug, Default)]
pub(crate) struct AcceptFailures {
    last: Option<Instant>,
}

impl AcceptFailures {
    /// Logs the first failure of an episode. Returns whether to pause before the next attempt. A
    /// connection that closed before it was accepted needs no pause.
    pub(crate) fn failed(&mut self, error: &io::Error, now: Instant) -> bool {
        use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
        if matches!(
            error.kind(),
            ConnectionAborted | ConnectionRefused | ConnectionReset
        ) {
            return false;
        }
        if self.begins(now) {
            tracing::error!(
                "connections cannot be accepted: {}; {}",
                cause(error),
                consequence(error)
            );
        }
        true
    }

    /// Logs the end of an episode.
    pub(crate) fn accepted(&mut self, now: Instant) {
        if self.ends(now) {
            tracing::info!("connections are accepted again");
        }
    }

    fn begins(&mut self, now: Instant) -> bool {
        self.last.replace(now).is_none()
    }

    fn ends(&mut self, now: Instant) -> bool {
        let is_over = self
            .last
            .is_some_and(|last| now.saturating_duration_since(last) >= QUIET);
        if is_over {
            self.last = None;
        }
        is_over
    }
}

/// Returns whether this process, or the host, has no descriptor left. Each closed connection frees
/// one.
pub(crate) fn is_out_of_descriptors(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE)
    )
}

/// Returns the words for the effect that lasts until the cause is removed.
fn consequence(error: &io::Error) -> &'static str {
    if is_out_of_descriptors(error) {
        "for each new one, the longest idle one of the busiest address is closed"
    } else {
        "new ones wait, and those that are open go on"
    }
}

/// Returns the cause in words, with the remedy if there is one.
fn cause(error: &io::Error) -> String {
    let known = match Errno::from_io_error(error) {
        Some(Errno::MFILE) => {
            "too many open files: raise LimitNOFILE (ulimit -n) of this process, or lower \
             http.connections"
        }
        Some(Errno::NFILE) => "too many open files on this host: raise fs.file-max",
        Some(Errno::NOBUFS | Errno::NOMEM) => "the system has no memory for more connections",
        _ => return error.to_string(),
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_episode_of_failures_begins_once_and_ends_once() {
        let start = Instant::now();
        let mut failures = AcceptFailures::default();
        // The second, whether a connection was accepted, and whether that is logged.
        for (at, accepted, logged) in [
            (0, true, false),
            (1, false, true),
            (2, false, false),
            (3, true, false),
            (4, false, false),
            (13, true, false),
            (14, true, true),
            (15, true, false),
            (16, false, true),
            (100, false, false),
            (110, true, true),
        ] {
            let now = start + Duration::from_secs(at);
            let got = if accepted {
                failures.ends(now)
            } else {
                failures.begins(now)
            };
            assert_eq!(got, logged, "at {at}");
        }
    }

    #[test]
    fn causes_are_said_in_words() {
        let text = |errno: Errno| cause(&io::Error::from(errno));
        assert!(text(Errno::MFILE).starts_with("too many open files: raise LimitNOFILE"));
        assert!(text(Errno::NFILE).contains("fs.file-max"));
        assert!(text(Errno::NOBUFS).contains("memory"));
        assert!(text(Errno::PERM).contains("not permitted"));
    }

    #[test]
    fn idle_connections_give_way_where_descriptors_are_missing_and_only_there() {
        for (errno, is_missing) in [
            (Errno::MFILE, true),
            (Errno::NFILE, true),
            (Errno::NOBUFS, false),
            (Errno::PERM, false),
        ] {
            let error = io::Error::from(errno);
            assert_eq!(is_out_of_descriptors(&error), is_missing, "{errno}");
            let text = consequence(&error);
            assert_eq!(text.contains("is closed"), is_missing, "{text}");
        }
    }

    #[test]
    fn a_connection_that_is_gone_is_no_failure_of_the_listener() {
        let mut failures = AcceptFailures::default();
        let now = Instant::now();
        assert!(!failures.failed(&io::Error::from(Errno::CONNABORTED), now));
        assert!(failures.begins(now));
        assert!(failures.failed(&io::Error::from(Errno::MFILE), now));
    }
}
