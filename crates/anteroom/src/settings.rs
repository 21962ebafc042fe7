//! The settings: their types, defaults and names.

mod keys;
mod load;
mod login;
mod mail;
mod oidc;
mod relays;
mod tls;
mod webhook;

use std::{
    net::{Ipv4Addr, SocketAddr},
    num::{NonZeroU32, NonZeroU64, NonZeroUsize},
    path::PathBuf,
    time::Duration,
};

use anteroom_issuer::LoginLimits;
use anteroom_protocol::Mode;
use anteroom_service::{BucketSize, ConnectionLimits, HttpLimits, ProxyHeader, TrustedProxies};
use anyhow::Context as _;
use serde::Deserialize;

pub(crate) use self::{
    keys::KeySection,
    load::{Flag, load},
    login::LoginSection,
    mail::{MailSettings, MailTransport},
    oidc::OidcSection,
    relays::{RelayBucketSettings, RelayExperimentSection, RelayProvider, RelaySection},
    tls::TlsSection,
    webhook::WebhookSection,
};

/// All settings. Secrets are none of them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) data: PathBuf,
    pub(crate) role: Role,
    pub(crate) issue_mode: IssueMode,
    pub(crate) legacy_params: bool,
    pub(crate) issuer: IssuerSettings,
    pub(crate) rooms: RoomSettings,
    pub(crate) admin: AdminSettings,
    pub(crate) events: EventSettings,
    pub(crate) login: LoginSection,
    pub(crate) mail: MailSettings,
    pub(crate) oidc: OidcSection,
    pub(crate) relays: RelaySection,
    pub(crate) relay_experiment: RelayExperimentSection,
    pub(crate) keys: KeySection,
    pub(crate) log: LogSettings,
    pub(crate) limits: LimitSettings,
    pub(crate) http: HttpSettings,
}

/// Which services run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    #[default]
    All,
    Issuer,
    Rooms,
}

impl Role {
    pub(crate) const fn issues(self) -> bool {
        matches!(self, Self::All | Self::Issuer)
    }

    pub(crate) const fn holds_rooms(self) -> bool {
        matches!(self, Self::All | Self::Rooms)
    }
}

/// Which generic params issue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum IssueMode {
    #[default]
    Standard,
    Legacy,
}

impl From<IssueMode> for Mode {
    fn from(mode: IssueMode) -> Self {
        match mode {
            IssueMode::Standard => Self::Standard,
            IssueMode::Legacy => Self::Legacy,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct IssuerSettings {
    pub(crate) listen: SocketAddr,
    pub(crate) public_url: Option<String>,
    pub(crate) tls: TlsSection,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RoomSettings {
    pub(crate) listen: SocketAddr,
    pub(crate) tls: TlsSection,
    pub(crate) internal_listen: Option<SocketAddr>,
    pub(crate) public_url: Option<String>,
    pub(crate) region: String,
    pub(crate) max_devices: NonZeroU32,
    pub(crate) epochs: bool,
    pub(crate) origins: Vec<String>,
    pub(crate) media: MediaKind,
    pub(crate) media_servers: Vec<String>,
}

/// Where calls take place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MediaKind {
    #[default]
    Embedded,
    Sfu,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AdminSettings {
    pub(crate) listen: Option<SocketAddr>,
    pub(crate) tls: TlsSection,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct EventSettings {
    pub(crate) stdout: bool,
    pub(crate) file: Option<PathBuf>,
    pub(crate) rooms_file: Option<PathBuf>,
    pub(crate) queue: NonZeroUsize,
    pub(crate) webhook: WebhookSection,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LogSettings {
    pub(crate) format: LogFormat,
    pub(crate) level: LogLevel,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    #[default]
    Human,
    Json,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogLevel {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LimitSettings {
    pub(crate) create_auth: BucketSettings,
    pub(crate) relays: RelayBucketSettings,
    pub(crate) logins_per_minute: NonZeroU32,
    pub(crate) mails_per_hour: NonZeroU32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct BucketSettings {
    pub(crate) capacity: NonZeroU32,
    pub(crate) refill_seconds: NonZeroU64,
}

/// Bounds of a listener; the defaults are those of `anteroom_service`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct HttpSettings {
    pub(crate) request_seconds: NonZeroU64,
    pub(crate) body_seconds: NonZeroU64,
    pub(crate) header_seconds: NonZeroU64,
    pub(crate) shutdown_seconds: NonZeroU64,
    pub(crate) body_bytes: NonZeroUsize,
    pub(crate) header_bytes: NonZeroU32,
    pub(crate) concurrent_requests: NonZeroUsize,
    pub(crate) connections: NonZeroUsize,
    pub(crate) trusted_proxies: Vec<String>,
    pub(crate) proxy_header: ProxyHeaderName,
}

/// The header that a reverse proxy tells the client's address in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ProxyHeaderName {
    #[default]
    XForwardedFor,
    Forwarded,
}

impl From<ProxyHeaderName> for ProxyHeader {
    fn from(name: ProxyHeaderName) -> Self {
        match name {
            ProxyHeaderName::XForwardedFor => Self::XForwardedFor,
            ProxyHeaderName::Forwarded => Self::Forwarded,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            data: PathBuf::from("./anteroom-data"),
            role: Role::default(),
            issue_mode: IssueMode::default(),
            legacy_params: false,
            issuer: IssuerSettings::default(),
            rooms: RoomSettings::default(),
            admin: AdminSettings::default(),
            events: EventSettings::default(),
            login: LoginSection::default(),
            mail: MailSettings::default(),
            oidc: OidcSection::default(),
            relays: RelaySection::default(),
            relay_experiment: RelayExperimentSection::default(),
            keys: KeySection::default(),
            log: LogSettings::default(),
            limits: LimitSettings::default(),
            http: HttpSettings::default(),
        }
    }
}

impl Default for IssuerSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            public_url: None,
            tls: TlsSection::default(),
        }
    }
}

impl Default for RoomSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8081)),
            tls: TlsSection::default(),
            internal_listen: None,
            public_url: None,
            region: "local".to_owned(),
            max_devices: const { NonZeroU32::new(75).unwrap() },
            epochs: false,
            origins: Vec::new(),
            media: MediaKind::default(),
            media_servers: Vec::new(),
        }
    }
}

impl Default for EventSettings {
    fn default() -> Self {
        Self {
            stdout: false,
            file: None,
            rooms_file: None,
            queue: const { NonZeroUsize::new(10_000).unwrap() },
            webhook: WebhookSection::default(),
        }
    }
}

impl LimitSettings {
    /// Those of logins.
    pub(crate) fn login(&self) -> LoginLimits {
        let attempts = spread(self.logins_per_minute, 60);
        LoginLimits {
            login: attempts,
            sign_up: attempts,
            reset: attempts,
            mail: spread(self.mails_per_hour, 60 * 60),
            ..LoginLimits::default()
        }
    }
}

/// So many at once, and as many again in so many seconds.
fn spread(count: NonZeroU32, seconds: u64) -> BucketSize {
    let refill = seconds.div_ceil(u64::from(count.get()));
    BucketSize::new(count, NonZeroU64::new(refill).unwrap_or(NonZeroU64::MIN))
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            create_auth: BucketSettings::default(),
            relays: RelayBucketSettings::default(),
            logins_per_minute: const { NonZeroU32::new(10).unwrap() },
            mails_per_hour: const { NonZeroU32::new(5).unwrap() },
        }
    }
}

impl Default for BucketSettings {
    fn default() -> Self {
        Self {
            capacity: const { NonZeroU32::new(100).unwrap() },
            refill_seconds: const { NonZeroU64::new(15 * 60).unwrap() },
        }
    }
}

impl From<BucketSettings> for BucketSize {
    fn from(settings: BucketSettings) -> Self {
        Self::new(settings.capacity, settings.refill_seconds)
    }
}

impl Default for HttpSettings {
    fn default() -> Self {
        let http = HttpLimits::default();
        let connections = ConnectionLimits::default();
        let seconds = |time: Duration| NonZeroU64::new(time.as_secs()).unwrap_or(NonZeroU64::MIN);
        let count = |count: usize| NonZeroUsize::new(count).unwrap_or(NonZeroUsize::MIN);
        Self {
            request_seconds: seconds(http.request_timeout),
            body_seconds: seconds(http.body_timeout),
            header_seconds: seconds(connections.header_timeout),
            shutdown_seconds: seconds(connections.shutdown_grace),
            body_bytes: count(http.body_bytes),
            header_bytes: NonZeroU32::new(connections.header_bytes).unwrap_or(NonZeroU32::MIN),
            concurrent_requests: count(http.concurrent_requests),
            connections: count(connections.connections),
            trusted_proxies: Vec::new(),
            proxy_header: ProxyHeaderName::default(),
        }
    }
}

impl HttpSettings {
    pub(crate) const fn http_limits(&self) -> HttpLimits {
        HttpLimits {
            request_timeout: Duration::from_secs(self.request_seconds.get()),
            body_timeout: Duration::from_secs(self.body_seconds.get()),
            body_bytes: self.body_bytes.get(),
            concurrent_requests: self.concurrent_requests.get(),
        }
    }

    pub(crate) const fn connection_limits(&self) -> ConnectionLimits {
        ConnectionLimits {
            header_timeout: Duration::from_secs(self.header_seconds.get()),
            connections: self.connections.get(),
            header_bytes: self.header_bytes.get(),
            shutdown_grace: Duration::from_secs(self.shutdown_seconds.get()),
        }
    }
    pub(crate) fn trusted_proxies(&self) -> anyhow::Result<TrustedProxies> {
        let header = self.proxy_header.into();
        TrustedProxies::parse(&self.trusted_proxies, header).context("http.trusted_proxies")
    }
}
