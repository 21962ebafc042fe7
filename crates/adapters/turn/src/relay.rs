//! A relay with its credentials, as a client gets it.

use std::fmt;

use zeroize::Zeroizing;

/// The time for which a relay's credentials are valid, in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RelayTtl(u64);

impl RelayTtl {
    /// A day, which is longer than almost all calls: a relay checks the credentials again when an
    /// allocation is refreshed.
    pub const DAY: Self = Self(24 * 60 * 60);
    const SHORTEST: u64 = 60;
    const LONGEST: u64 = 48 * 60 * 60;

    /// Creates a time from a minute to two days; `None` for any other.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Option<Self> {
        if seconds < Self::SHORTEST || seconds > Self::LONGEST {
            return None;
        }
        Some(Self(seconds))
    }

    /// Returns the seconds.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0
    }
}

/// A relay with credentials for one client. `Debug` does not show them, and they are wiped on drop.
#[derive(Clone)]
pub struct Relay {
    /// Empty if the relay needs none (STUN).
    pub username: Zeroizing<String>,
    /// Empty if the relay needs none (STUN).
    pub password: Zeroizing<String>,
    /// The time for which the credentials are valid.
    pub ttl: RelayTtl,
    /// The URLs with the relay's host name.
    pub urls: Vec<String>,
    /// The URLs with the host's addresses, for clients that cannot resolve its name. Empty if the
    /// name could not be resolved.
    pub urls_with_ips: Vec<String>,
    /// The host's name, which its TLS certificate has.
    pub hostname: String,
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay")
            .field("ttl", &self.ttl)
            .field("urls", &self.urls)
            .field("urls_with_ips", &self.urls_with_ips)
            .field("hostname", &self.hostname)
            .finish_non_exhaustive()
    }
}

/// The credentials for a relay. They have no `Debug`.
pub(crate) struct Credentials {
    pub(crate) username: Zeroizing<String>,
    pub(crate) password: Zeroizing<String>,
}

impl Credentials {
    /// Creates the credentials of a relay that needs none.
    pub(crate) fn none() -> Self {
        Self {
            username: Zeroizing::default(),
            password: Zeroizing::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ttl_is_a_minute_to_two_days() {
        for (seconds, taken) in [
            (0, false),
            (59, false),
            (60, true),
            (172_800, true),
            (172_801, false),
            (u64::MAX, false),
        ] {
            assert_eq!(RelayTtl::from_secs(seconds).is_some(), taken, "{seconds}");
        }
    }

    #[test]
    fn debug_shows_no_credentials() {
        let relay = Relay {
            username: Zeroizing::new("the user".to_owned()),
            password: Zeroizing::new("the password".to_owned()),
            ttl: RelayTtl::DAY,
            urls: vec!["turn:relay.example".to_owned()],
            urls_with_ips: Vec::new(),
            hostname: "relay.example".to_owned(),
        };
        let shown = format!("{relay:?}");
        assert!(
            shown.contains("turn:relay.example") && !shown.contains("the "),
            "{shown}"
        );
    }
}
