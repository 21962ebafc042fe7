//! Times for which somebody waits, in words.

use std::time::Duration;

/// The waiting time of a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wait {
    pub(crate) time: Duration,
    /// Whether the wait started earlier, before this device could see it.
    pub(crate) is_longer: bool,
}

/// Returns a time in one unit, as in `40 s`, `3 min` or `2 h`.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    }
}

/// Returns a waiting time as text, such as `3 min` or `over 3 min`.
pub(crate) fn span(wait: Wait) -> String {
    match (wait.is_longer, wait.time.as_secs()) {
        (true, 0) => "some time".to_owned(),
        (true, _) => format!("over {}", duration(wait.time)),
        (false, _) => duration(wait.time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_one_unit() {
        for (seconds, is_longer, expected) in [
            (0, false, "0 s"),
            (0, true, "some time"),
            (59, false, "59 s"),
            (60, true, "over 1 min"),
            (3599, false, "59 min"),
            (7300, false, "2 h"),
        ] {
            let time = Duration::from_secs(seconds);
            assert_eq!(span(Wait { time, is_longer }), expected);
        }
    }
}
