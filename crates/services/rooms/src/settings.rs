//! The operator's settings of the room service.

use std::{
    collections::BTreeSet,
    num::{NonZeroU32, NonZeroU64, NonZeroUsize},
    time::Duration,
};

use anteroom_pages::WebAddress;
use anteroom_runtime::BucketSize;
use url::Url;

use crate::{GroupCallKey, Node, domain::node::base_url};

/// The settings of a room service.
#[derive(Clone, Debug)]
pub struct RoomsSettings {
    /// This node.
    pub node: Node,
    /// The location of calls.
    pub media: Media,
    /// The maximum number of active devices in a call, and also of pending ones.
    pub max_devices: NonZeroU32,
    /// The maximum number of devices of one user in a call, active and pending together.
    pub devices_per_user: NonZeroU32,
    /// Whether new call links get an epoch.
    pub epochs: bool,
    /// The key that authenticates tokens for group calls. Without a key there are no group calls.
    pub group_calls: Option<GroupCallKey>,
    /// The origins whose pages may open the socket. Clients other than browsers send no origin and
    /// are accepted.
    pub origins: BTreeSet<Origin>,
    /// The limits of sockets.
    pub sockets: SocketLimits,
    /// The limit of wrong passkeys, per user and room.
    pub wrong_passkeys: BucketSize,
    /// The limit of joins of guest accounts from one network.
    pub guest_joins: BucketSize,
    /// The limits of verifications of presentations.
    pub verifications: VerificationLimits,
    /// The leases of calls, which keep the calls of nodes with a common database apart.
    pub leases: LeaseSettings,
    /// The intervals of the search for dead records.
    pub cleaner: CleanerSettings,
    /// The page that offers the terminal program. The pages of the room service link to it.
    pub program_page: Option<WebAddress>,
}

impl RoomsSettings {
    /// Returns settings with embedded media on this node: calls of 75 devices, five for each user,
    /// no epochs, no group calls, no pages.
    #[must_use]
    pub fn embedded(node: Node) -> Self {
        Self {
            node,
            media: Media::Embedded,
            max_devices: const { NonZeroU32::new(75).unwrap() },
            devices_per_user: const { NonZeroU32::new(5).unwrap() },
            // 10 at once, and 10 a minute after that.
            wrong_passkeys: const {
                BucketSize::new(NonZeroU32::new(10).unwrap(), NonZeroU64::new(6).unwrap())
            },
            // 100 at once, and 20 a minute after that.
            guest_joins: const {
                BucketSize::new(NonZeroU32::new(100).unwrap(), NonZeroU64::new(3).unwrap())
            },
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

/// The location of calls.
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
    pub servers: Vec<ExternalMediaServer>,
    /// The maximum time for a server to answer.
    pub timeout: Duration,
    /// The interval of health checks.
    pub health_interval: Duration,
}

impl SfuSettings {
    /// Returns settings with these servers, a timeout of 3 s and a health check every 5 s.
    #[must_use]
    pub fn of_servers(servers: Vec<ExternalMediaServer>) -> Self {
        Self {
            servers,
            timeout: Duration::from_secs(3),
            health_interval: Duration::from_secs(5),
        }
    }
}

/// The base URL of a media server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExternalMediaServer(Url);

impl ExternalMediaServer {
    /// Parses a URL with the scheme `http` or `https`, without query and fragment.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        base_url(text).map(Self)
    }

    /// Returns the text that calls store for their server.
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
    /// Parses `https://host` or `https://host:port`, with nothing after it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let origin = Url::parse(text).ok()?.origin();
        let written = origin.ascii_serialization();
        (origin.is_tuple() && written == text).then_some(Self(written))
    }

    /// Returns the text that browsers send.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The limits of sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketLimits {
    /// The maximum number of sockets that have joined. A further one is refused.
    pub connections: usize,
    /// The same for each client address.
    pub connections_per_address: usize,
    /// The maximum number of sockets that have not joined. A further one closes the oldest socket
    /// of the address that has the most.
    pub unjoined: usize,
    /// The same for each client address. A further socket closes the oldest one of its own address.
    pub unjoined_per_address: usize,
    /// The maximum time from the opening to the `join`.
    pub join_timeout: Duration,
    /// The maximum bytes of relays that wait for one client. Further relays are dropped.
    pub queued_bytes: usize,
    /// The maximum bytes of commits, Welcomes and refusals that wait for one client. Before one that does not
    /// fit, all of them are dropped. The commits that a call keeps for a resumed device fit, as base64 with
    /// the JSON around it.
    pub queued_group_bytes: usize,
    /// The maximum time in which a client takes none of the bytes that wait for it. After that the
    /// connection is closed.
    pub stall_timeout: Duration,
    /// The maximum time for the last messages and the closing handshake.
    pub closing_timeout: Duration,
    /// The limit of joins, per user and room.
    pub joins: BucketSize,
    /// The limit of joins that lead to the lobby, per user and room.
    pub lobby_joins: BucketSize,
}

impl Default for SocketLimits {
    fn default() -> Self {
        Self {
            connections: 8_192,
            connections_per_address: 1_024,
            unjoined: 256,
            unjoined_per_address: 128,
            join_timeout: Duration::from_secs(10),
            queued_bytes: 1024 * 1024,
            queued_group_bytes: 2 * 1024 * 1024,
            stall_timeout: Duration::from_secs(30),
            closing_timeout: Duration::from_secs(5),
            joins: const { BucketSize::new(NonZeroU32::new(600).unwrap(), NonZeroU64::MIN) },
            lobby_joins: const {
                BucketSize::new(NonZeroU32::new(10).unwrap(), NonZeroU64::new(10).unwrap())
            },
        }
    }
}

/// The limits of verifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerificationLimits {
    /// The number of verifications for one client address. Its wider networks have more.
    pub budget: BucketSize,
    /// The number of tokens that a failed verification takes.
    pub failure_cost: NonZeroU32,
    /// The maximum number of verifications that wait for a core. Of one client address at most its
    /// budget waits.
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
        Self {
            budget: BucketSize::per_second(AT_ONCE, PER_SECOND),
            failure_cost: const { NonZeroU32::new(10).unwrap() },
            waiting: const { NonZeroUsize::new(8_192).unwrap() },
        }
    }
}

/// The leases of calls, which keep the calls of nodes with a common database apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseSettings {
    /// The time for which a call's record is valid without a renewal, in whole seconds.
    pub valid: Duration,
    /// The interval at which a call's record is renewed and its link read. Well below `valid`.
    pub renewal: Duration,
    /// The interval at which a lobby checks whether the call has started at another node.
    pub lobby_refresh: Duration,
}

impl Default for LeaseSettings {
    fn default() -> Self {
        Self {
            valid: Duration::from_secs(30),
            renewal: Duration::from_secs(10),
            lobby_refresh: Duration::from_secs(3),
        }
    }
}

/// The intervals of the search for dead records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CleanerSettings {
    /// The minimum time between two rounds.
    pub interval: Duration,
    /// The maximum of a random extra time, which keeps the rounds of several instances apart.
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
    use anteroom_runtime::{
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
            assert_eq!(ExternalMediaServer::parse(text).is_some(), good, "{text}");
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
