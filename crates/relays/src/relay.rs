//! What a client gets.

use std::fmt;

use zeroize::Zeroizing;

/// How long credentials of a relay are good: whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RelayTtl(u64);

impl RelayTtl {
    /// A day: longer than nearly all calls, since a relay asks for the credentials again when an
    /// allocation is refreshed.
    pub const DAY: Self = Self(24 * 60 * 60);
    const SHORTEST: u64 = 60;
    const LONGEST: u64 = 48 * 60 * 60;

    /// From a minute to two days; else `None`.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Option<Self> {
        if seconds < Self::SHORTEST || seconds > Self::LONGEST {
            return None;
        }
        Some(Self(seconds))
    }

    /// The seconds.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0
    }
}

/// A relay with credentials for one client. `Debug` shows none of them; they are wiped when dropped.
#[derive(Clone)]
pub struct Relay {
    /// Empty where the relay asks for none (STUN).
    pub username: Zeroizing<String>,
    /// Empty where the relay asks for none (STUN).
    pub password: Zeroizing<String>,
    /// How long the credentials are good.
    pub ttl: RelayTtl,
    /// URLs that name the relay's host.
    pub urls: Vec<String>,
    /// URLs with the host's addresses, for clients that cannot resolve its name. Empty when the name
    /// could not be resolved.
    pub urls_with_ips: Vec<String>,
    /// The host's name, which its TLS certificate is for.
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

/// What a relay lets a client in for. There is no `Debug`.
pub(crate) struct Credentials {
    pub(crate) username: Zeroizing<String>,
    pub(crate) password: Zeroizing<String>,
}

impl Credentials {
    /// For relays that ask for none.
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
