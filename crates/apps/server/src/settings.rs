//! The settings: their types, defaults and names.

mod budgets;
mod http;
mod keys;
mod listen_address;
mod load;
mod login;
mod mail;
mod media;
mod oidc;
mod public_url;
mod reference;
mod relays;
mod rooms;
mod schema;
mod source;
mod tls;
mod webhook;

use std::{
    net::{Ipv4Addr, SocketAddr},
    num::{NonZeroU32, NonZeroU64, NonZeroUsize},
    path::PathBuf,
};

use anteroom_accounts::{Guests, LoginLimits};
use anteroom_pages::WebAddress;
use anteroom_protocol::Mode;
use anteroom_runtime::WindowSize;
use anyhow::Context as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smart_default::SmartDefault;

pub use self::{
    budgets::{
        BatchBucketSettings, CreateAuthBucketSettings, GuestJoinBucketSettings,
        GuestRelayBucketSettings, RelayBucketSettings, VerificationSettings, WorkSettings,
    },
    http::HttpSettings,
    keys::KeySettings,
    listen_address::ListenAddress,
    load::{find_file, load, names_data, unknown_variables},
    login::{AccountSettings, GuestMode, LoginSettings, SignUpMode},
    mail::{MailSettings, MailTransport},
    media::{MediaLimitSettings, MediaSettings, MediaTcpSettings},
    oidc::OidcSettings,
    public_url::PublicUrl,
    reference::page as reference,
    relays::{RelayExperimentSettings, RelayProvider, RelaySettings},
    rooms::{MediaKind, RoomsSettings},
    source::{Flag, Scope},
    tls::TlsSettings,
    webhook::WebhookSettings,
};

/// All settings. Secrets are none of them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema, SmartDefault)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where the databases and the keys are. A relative path starts at the working directory.
    #[default(PathBuf::from("./anteroom-data"))]
    pub data: PathBuf,
    /// Which services run. A room service that runs apart needs the issuer's generic params:
    /// `anteroom keys export` there, `anteroom keys import` here.
    pub role: ServiceSelection,
    /// Which params make credentials: `standard` or, for clients that know nothing else,
    /// `legacy`. Params of that mode are made at the next start if there are none.
    pub issue_mode: IssueMode,
    /// Whether params of legacy mode are made and listed too, without being used.
    pub legacy_params: bool,
    /// The page where people get the program for the terminal, such as a page of your own about it.
    /// The page that a link opens in a browser leads there, and the start pages do.
    pub program_page: Option<String>,
    /// The issuer.
    pub issuer: IssuerSettings,
    /// The room service.
    pub rooms: RoomsSettings,
    /// Sound and picture of calls, with `rooms.media = "embedded"`. See [media.md](media.md).
    pub media: MediaSettings,
    /// Metrics.
    pub admin: AdminSettings,
    /// Where events go: JSON lines, with accounts and rooms under pseudonyms.
    pub events: EventSettings,
    /// Accounts without a login.
    pub accounts: AccountSettings,
    /// Signing in with email and password.
    pub login: LoginSettings,
    /// Mails of the issuer. See [mail.md](mail.md).
    pub mail: MailSettings,
    /// OpenID Connect providers whose tokens sign in at the issuer. See [oidc.md](oidc.md).
    pub oidc: OidcSettings,
    /// TURN servers for media, which the issuer gives credentials for. See
    /// [relays.md](relays.md).
    pub relays: RelaySettings,
    /// Other relays for a share of the accounts, always the same ones.
    pub relay_experiment: RelayExperimentSettings,
    /// Server params and keys that may change while the services run. See [keys.md](keys.md).
    pub keys: KeySettings,
    /// The log, on standard error.
    pub log: LogSettings,
    /// Rate limits.
    pub limits: LimitSettings,
    /// What connections and requests may take.
    pub http: HttpSettings,
}

/// Which services run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ServiceSelection {
    /// Both services.
    #[default]
    All,
    /// The issuer alone.
    Issuer,
    /// The room service alone.
    Rooms,
}

impl ServiceSelection {
    /// Returns whether the issuer runs.
    pub const fn issues(self) -> bool {
        matches!(self, Self::All | Self::Issuer)
    }

    /// Returns whether the room service runs.
    pub const fn holds_rooms(self) -> bool {
        matches!(self, Self::All | Self::Rooms)
    }
}

/// Which generic params issue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum IssueMode {
    /// Those of the standard mode.
    #[default]
    Standard,
    /// Those of the legacy mode.
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

/// The settings of the issuer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema, SmartDefault)]
#[serde(default, deny_unknown_fields)]
pub struct IssuerSettings {
    /// Address or host name, and port; port 0 takes a free one. The address taken stands in
    /// `DIR/listen.json`.
    #[default(SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)).into())]
    pub listen: ListenAddress,
    /// The URL under which people reach the issuer, where that is not the address it listens on.
    /// Mails link to it, and access tokens name it.
    pub public_url: Option<PublicUrl>,
    /// A certificate of the issuer's own. See [tls.md](tls.md).
    pub tls: TlsSettings,
}

/// The settings of the metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AdminSettings {
    /// Where `GET /metrics` answers, for Prometheus; with both services in one process the rooms'
    /// are at `GET /rooms/metrics`. Anyone who reaches it may read it: keep it private.
    pub listen: Option<ListenAddress>,
    /// A certificate for the metrics. See [tls.md](tls.md).
    pub tls: TlsSettings,
}

/// The settings of events.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema, SmartDefault)]
#[serde(default, deny_unknown_fields)]
pub struct EventSettings {
    /// Whether events go to standard output, those of both services mixed.
    pub stdout: bool,
    /// The file of the issuer's events.
    pub file: Option<PathBuf>,
    /// The file of the room service's events.
    pub rooms_file: Option<PathBuf>,
    /// Whether the events of logins show email and client address in the clear instead of
    /// pseudonyms. It costs the privacy of all people who log in: readers of the events, their
    /// files, their backups or the webhook learn names, times and addresses of logins.
    pub personal: bool,
    /// The times of the issuer's events are rounded down to whole steps of so many seconds. The
    /// default is an hour: laid beside the room service's events, exact times could tell which
    /// account was in which room.
    #[default(const { NonZeroU64::new(60 * 60).unwrap() })]
    pub time_step_seconds: NonZeroU64,
    /// The times of the room service's events are rounded down to whole steps of so many seconds.
    #[default(NonZeroU64::MIN)]
    pub rooms_time_step_seconds: NonZeroU64,
    /// The most events that wait for a slow sink before further ones are dropped and counted.
    #[default(const { NonZeroUsize::new(10_000).unwrap() })]
    pub queue: NonZeroUsize,
    /// A receiver of events. See [webhooks.md](webhooks.md).
    pub webhook: WebhookSettings,
}

/// The settings of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    /// The form of the log: for people, or for programs.
    pub format: LogFormat,
    /// The least important level of lines that are logged.
    pub level: LogLevel,
}

/// The form of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Human,
    /// One object of JSON in each line.
    Json,
}

/// The least important level of lines that are logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Failures that need an operator.
    Error,
    /// Failures that pass, too.
    Warn,
    /// The life of the services, too.
    #[default]
    Info,
    /// Each request, too.
    Debug,
}

/// The settings of rate limits.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema, SmartDefault)]
#[serde(default, deny_unknown_fields)]
pub struct LimitSettings {
    /// Requests of one account for credentials that create links.
    pub create_auth: CreateAuthBucketSettings,
    /// Requests of one account for credentials for relays.
    pub relays: RelayBucketSettings,
    /// Requests of guests for credentials for relays.
    pub relays_of_guests: GuestRelayBucketSettings,
    /// Requests of one account for batches of credentials, of either kind.
    pub batches: BatchBucketSettings,
    /// Joins of guests to the rooms of the room service, for one client address.
    pub guest_joins: GuestJoinBucketSettings,
    /// The queue of the issuer's zero-knowledge work, in which accounts take turns.
    pub work: WorkSettings,
    /// The verifications of the room service.
    pub verifications: VerificationSettings,
    /// Logins, sign-ups and password resets, each for one client address (an IPv4 address, an IPv6
    /// /64): at most so many in any minute. A /56 has four times as many, a /48 sixteen times.
    #[default(const { NonZeroU32::new(10).unwrap() })]
    pub logins_per_minute: NonZeroU32,
    /// Accounts of guests for one client address (an IPv4 address, an IPv6 /64): at most so many in any
    /// hour. A /56 has four times as many, a /48 sixteen times.
    #[default(const { NonZeroU32::new(60).unwrap() })]
    pub guests_per_hour: NonZeroU32,
    /// All accounts of guests: at most so many in any hour. One client network (an IPv4 address, an
    /// IPv6 /48) may have a sixteenth.
    #[default(const { NonZeroU32::new(1_200).unwrap() })]
    pub all_guests_per_hour: NonZeroU32,
    /// Mails of one kind to one address, for sign-ups and their repetition to one mailbox (an address
    /// without dots and `+` tags before the `@`): at most so many in any hour.
    #[default(const { NonZeroU32::new(5).unwrap() })]
    pub mails_per_hour: NonZeroU32,
    /// Mails of sign-ups to addresses of one domain: at most so many in any hour.
    #[default(const { NonZeroU32::new(300).unwrap() })]
    pub domain_mails_per_hour: NonZeroU32,
    /// All mails of sign-ups and their repetition, and again all of resets, whether requests lead to
    /// mails or not: at most so many in any hour. One client network (an IPv4 address, an IPv6 /48) may
    /// ask for a sixteenth. Of resets, half is for networks from which somebody has logged in lately.
    #[default(const { NonZeroU32::new(3_600).unwrap() })]
    pub all_mails_per_hour: NonZeroU32,
}

impl Settings {
    /// Returns whether calls carry sound and picture.
    pub const fn carries_media(&self) -> bool {
        self.role.holds_rooms() && self.rooms.has_own_calls() && self.media.enabled
    }

    /// Returns the page from which people download the program.
    ///
    /// # Errors
    /// A text that is no http(s) URL.
    pub fn program_page(&self) -> anyhow::Result<Option<WebAddress>> {
        let parse = |text: &String| {
            WebAddress::parse(text)
                .with_context(|| format!("program_page {text:?} is no http:// or https:// URL"))
        };
        self.program_page.as_ref().map(parse).transpose()
    }

    /// Returns the rights of people without an account.
    pub fn guests(&self) -> Guests {
        match (self.accounts.guests, self.login.sign_up) {
            (GuestMode::Off, _) | (GuestMode::Auto, SignUpMode::Closed) => Guests::Off,
            (GuestMode::Join, _) | (GuestMode::Auto, SignUpMode::Open | SignUpMode::Invite) => {
                Guests::Join
            }
        }
    }
}

impl LimitSettings {
    /// Returns the limits of logins.
    pub fn login(&self) -> LoginLimits {
        const MINUTE: NonZeroU64 = NonZeroU64::new(60).unwrap();
        const HOUR: NonZeroU64 = NonZeroU64::new(60 * 60).unwrap();
        let attempts = WindowSize::new(self.logins_per_minute, MINUTE);
        let sixteenth = |all: NonZeroU32| {
            let share = NonZeroU32::new(all.get() / 16).unwrap_or(NonZeroU32::MIN);
            WindowSize::new(share, HOUR)
        };
        LoginLimits {
            login: attempts,
            sign_up: attempts,
            reset: attempts,
            mail: WindowSize::new(self.mails_per_hour, HOUR),
            mails_of_domain: WindowSize::new(self.domain_mails_per_hour, HOUR),
            all_mails: WindowSize::new(self.all_mails_per_hour, HOUR),
            mails_of_network: sixteenth(self.all_mails_per_hour),
            guests: WindowSize::new(self.guests_per_hour, HOUR),
            all_guests: WindowSize::new(self.all_guests_per_hour, HOUR),
            guests_of_network: sixteenth(self.all_guests_per_hour),
            ..LoginLimits::default()
        }
    }
}
