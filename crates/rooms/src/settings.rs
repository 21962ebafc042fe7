//! What an operator decides about the rooms.

use std::{
    collections::BTreeSet,
    fmt,
    num::{NonZeroU32, NonZeroU64, NonZeroUsize},
    time::Duration,
};

use anteroom_pages::WebAddress;
use anteroom_service::BucketSize;
use url::Url;

use crate::{GroupCallKey, Node};

/// How the rooms are run.
#[derive(Clone, Debug)]
pub struct RoomsSettings {
    /// This node.
    pub node: Node,
    /// Where calls take place.
    pub media: Media,
    /// How many devices may be active in a call, and again how many pending.
    pub max_devices: NonZeroU32,
    /// How many devices one user may have in a call, active and pending together.
    pub devices_per_user: NonZeroU32,
    /// Whether new call links get an epoch.
    pub epochs: bool,
    /// The key of the tokens for group calls; without one there are none.
    pub group_calls: Option<GroupCallKey>,
    /// Pages of these origins may open the socket. Clients that are no browsers name none and are
    /// let in.
    pub origins: BTreeSet<Origin>,
    /// What sockets may take.
    pub sockets: SocketLimits,
    /// Wrong passkeys of one user in one room.
    pub wrong_passkeys: BucketSize,
    /// Verifications of presentations.
    pub verifications: VerificationLimits,
    /// How nodes that share a database keep calls apart.
    pub leases: LeaseSettings,
    /// How often dead records are looked for.
    pub cleaner: CleanerSettings,
    /// Where people get the program for the terminal: the pages lead there.
    pub program_page: Option<WebAddress>,
}

impl RoomsSettings {
    /// Embedded media on this node; calls of 75 devices, five for each user, no epochs, no group calls, no pages.
    #[must_use]
    pub fn embedded(node: Node) -> Self {
        const DEVICES: NonZeroU32 = NonZeroU32::new(75).unwrap();
        const DEVICES_PER_USER: NonZeroU32 = NonZeroU32::new(5).unwrap();
        Self {
            node,
            media: Media::Embedded,
            max_devices: DEVICES,
            devices_per_user: DEVICES_PER_USER,
            wrong_passkeys: wrong_passkeys(),
            verifications: VerificationLimits::default(),
            epochs: false,
            group_calls: None,
            origins: BTreeSet::new(),
            sockets: SocketLimits::default(),
            leases: LeaseSettings::default(),
            cleaner: CleanerSettings::default(),
            program_page: None,
        }
    }
}

/// Where calls take place.
#[derive(Clone, Debug)]
pub enum Media {
    /// In this process: participants join over the socket.
    Embedded,
    /// On a pool of media servers: participants join over REST.
    Sfu(SfuSettings),
}

/// A pool of media servers.
#[derive(Clone, Debug)]
pub struct SfuSettings {
    /// The servers.
    pub servers: Vec<MediaServer>,
    /// How long a server may take to answer.
    pub timeout: Duration,
    /// How often the servers are asked how they are.
    pub health_interval: Duration,
}

impl SfuSettings {
    /// These servers; 3 s for an answer, a look at their health every 5 s.
    #[must_use]
    pub fn of_servers(servers: Vec<MediaServer>) -> Self {
        Self {
            servers,
            timeout: Duration::from_secs(3),
            health_interval: Duration::from_secs(5),
        }
    }
}

/// The base URL of a media server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediaServer(Url);

impl MediaServer {
    /// Parses a URL with the scheme `http` or `https`, without query and fragment.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let fits = matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.query().is_none()
            && url.fragment().is_none();
        fits.then_some(Self(url))
    }

    /// The text under which calls remember their server.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub(crate) const fn url(&self) -> &Url {
        &self.0
    }
}

/// An origin as browsers write it: scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(String);

impl Origin {
    /// Parses `https://host` or `https://host:port`; nothing may follow.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let origin = Url::parse(text).ok()?.origin();
        let written = origin.ascii_serialization();
        (origin.is_tuple() && written == text).then_some(Self(written))
    }

    /// The text that browsers send.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What sockets may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketLimits {
    /// Sockets that have joined; one more is refused.
    pub connections: usize,
    /// The same from one address.
    pub connections_per_address: usize,
    /// Sockets that have not joined; for one more, the oldest of the busiest address is closed.
    pub unjoined: usize,
    /// The same from one address, which makes room from its own.
    pub unjoined_per_address: usize,
    /// From the opening to the `join`.
    pub join_timeout: Duration,
    /// Bytes of relays that may wait for a client that reads slowly; more are dropped.
    pub queued_bytes: usize,
    /// How long a client may take no byte while some wait for it; then it is cut off.
    pub stall_timeout: Duration,
    /// How long the last messages and the closing handshake may take.
    pub farewell: Duration,
    /// Joins of one user in one room.
    pub joins: BucketSize,
    /// Joins of one user in one room that lead to the lobby.
    pub lobby_joins: BucketSize,
}

impl Default for SocketLimits {
    fn default() -> Self {
        const JOINS: NonZeroU32 = NonZeroU32::new(600).unwrap();
        const SECOND: NonZeroU64 = NonZeroU64::MIN;
        const LOBBY_JOINS: NonZeroU32 = NonZeroU32::new(10).unwrap();
        const LOBBY_REFILL: NonZeroU64 = NonZeroU64::new(10).unwrap();
        Self {
            connections: 8_192,
            connections_per_address: 1_024,
            unjoined: 256,
            unjoined_per_address: 128,
            join_timeout: Duration::from_secs(10),
            queued_bytes: 1024 * 1024,
            stall_timeout: Duration::from_secs(30),
            farewell: Duration::from_secs(5),
            joins: BucketSize::new(JOINS, SECOND),
            lobby_joins: BucketSize::new(LOBBY_JOINS, LOBBY_REFILL),
        }
    }
}

/// 10 at once, and 10 a minute.
const fn wrong_passkeys() -> BucketSize {
    const ATTEMPTS: NonZeroU32 = NonZeroU32::new(10).unwrap();
    const REFILL: NonZeroU64 = NonZeroU64::new(6).unwrap();
    BucketSize::new(ATTEMPTS, REFILL)
}

/// The budget of verifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerificationLimits {
    /// Verifications for one client address; its wider networks have more.
    pub budget: BucketSize,
    /// How many tokens one takes that fails.
    pub failure_cost: NonZeroU32,
    /// How many may wait for a core; of one client address as many as its budget has.
    pub waiting: NonZeroUsize,
}

impl VerificationLimits {
    pub(crate) fn waiting_per_client(&self) -> usize {
        usize::try_from(self.budget.capacity().get()).unwrap_or(usize::MAX)
    }
}

impl Default for VerificationLimits {
    fn default() -> Self {
        const AT_ONCE: NonZeroU32 = NonZeroU32::new(1_000).unwrap();
        const PER_SECOND: NonZeroU32 = NonZeroU32::new(50).unwrap();
        const FAILURE_COST: NonZeroU32 = NonZeroU32::new(10).unwrap();
        const WAITING: NonZeroUsize = NonZeroUsize::new(8_192).unwrap();
        Self {
            budget: BucketSize::per_second(AT_ONCE, PER_SECOND),
            failure_cost: FAILURE_COST,
            waiting: WAITING,
        }
    }
}

/// How nodes that share a database keep calls apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseSettings {
    /// How long the record of a call holds without being renewed, in whole seconds.
    pub valid: Duration,
    /// How often it is renewed, and the link looked at; well below `valid`.
    pub renewal: Duration,
    /// How often a lobby looks whether the call has started at another node.
    pub lobby_look: Duration,
}

impl Default for LeaseSettings {
    fn default() -> Self {
        Self {
            valid: Duration::from_secs(30),
            renewal: Duration::from_secs(10),
            lobby_look: Duration::from_secs(3),
        }
    }
}

/// How often dead records are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CleanerSettings {
    /// Between two rounds, at least.
    pub interval: Duration,
    /// As much again at most, at random: it keeps several instances apart.
    pub jitter: Duration,
}

impl Default for CleanerSettings {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(15),
            jitter: Duration::from_secs(10),
        }
    }
}

#[cfg(test)]
mod tests {
    use anteroom_protocol::Timestamp;
    use anteroom_service::{
        Admission, ClientAddress, LocalLimiter, Pseudonymizer, RateLimiter as _, network_buckets,
    };
    use zeroize::Zeroizing;

    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port_and_nothing_else() {
        for (text, good) in [
            ("https://app.example", true),
            ("http://localhost:5173", true),
            ("https://app.example/", false),
            ("https://app.example/x", false),
            ("https://app.example:443", false),
            ("https://APP.example", false),
            ("null", false),
            ("data:text/plain,x", false),
        ] {
            assert_eq!(Origin::parse(text).is_some(), good, "{text}");
        }
    }

    #[test]
    fn a_media_server_is_a_plain_http_url() {
        for (text, good) in [
            ("http://10.0.0.1:9090", true),
            ("https://sfu.example/base", true),
            ("ftp://sfu.example", false),
            ("http://sfu.example/?x", false),
            ("http://sfu.example/#x", false),
            ("sfu.example", false),
        ] {
            assert_eq!(MediaServer::parse(text).is_some(), good, "{text}");
        }
    }

    #[tokio::test]
    async fn a_thousand_devices_behind_one_address_join_at_once_and_fifty_more_each_second() {
        let limits = VerificationLimits::default();
        let limiter = LocalLimiter::new(NonZeroUsize::new(10).unwrap());
        let pseudonymizer = Pseudonymizer::new(Zeroizing::new([0; 32]));
        let hospital = ClientAddress::new("192.0.2.1".parse().unwrap());
        let one = NonZeroU32::MIN;
        let take = network_buckets(&pseudonymizer, "test", hospital, limits.budget, one);
        let nine = Timestamp::from_secs(1_700_000_000);
        for (second, granted) in [(0, 1_000), (1, 50), (2, 50), (10, 400)] {
            for number in 0..=granted {
                let admission = limiter.take_from_all(&take, nine.plus(second)).await;
                let is_granted = admission == Admission::Granted;
                assert_eq!(is_granted, number < granted, "{second} {number}");
            }
        }
        assert!(limits.waiting_per_client() >= 1_000);
    }
}
