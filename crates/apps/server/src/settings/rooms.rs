//! The settings of the room service.

use std::{
    net::{Ipv4Addr, SocketAddr},
    num::{NonZeroU32, NonZeroUsize},
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smart_default::SmartDefault;

use super::{ListenAddress, PublicUrl, TlsSettings};

/// The settings of the room service.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema, SmartDefault)]
#[serde(default, deny_unknown_fields)]
pub struct RoomsSettings {
    /// Address or host name, and port; port 0 takes a free one. The address taken stands in
    /// `DIR/listen.json`.
    #[default(SocketAddr::from((Ipv4Addr::LOCALHOST, 8081)).into())]
    pub listen: ListenAddress,
    /// A certificate of the room service's own. See [tls.md](tls.md).
    pub tls: TlsSettings,
    /// The address at which media servers call back, with `rooms.media = "sfu"`. Every caller may
    /// end calls: keep it private.
    pub internal_listen: Option<ListenAddress>,
    /// The URL under which clients reach this very process, where that is not the address it
    /// listens on. Of several processes on one database each has its own.
    pub public_url: Option<PublicUrl>,
    /// The region of this process: media servers are told it, and redirects of REST joins name it. 1
    /// to 64 letters, digits, `-` and `_`.
    #[default("local".to_owned())]
    pub region: String,
    /// The most devices in a call, and again in its lobby.
    #[default(const { NonZeroU32::new(75).unwrap() })]
    pub max_devices: NonZeroU32,
    /// The most devices of one user in a call, active and waiting together.
    #[default(const { NonZeroU32::new(5).unwrap() })]
    pub devices_per_user: NonZeroU32,
    /// The most sockets that have joined and are open at once.
    #[default(const { NonZeroUsize::new(8_192).unwrap() })]
    pub sockets: NonZeroUsize,
    /// The most sockets from one address that have joined and are open at once.
    #[default(const { NonZeroUsize::new(1_024).unwrap() })]
    pub sockets_per_address: NonZeroUsize,
    /// The most open sockets that have not joined yet.
    #[default(const { NonZeroUsize::new(256).unwrap() })]
    pub unjoined_sockets: NonZeroUsize,
    /// The most open sockets from one address that have not joined yet.
    #[default(const { NonZeroUsize::new(128).unwrap() })]
    pub unjoined_sockets_per_address: NonZeroUsize,
    /// Whether new links get an epoch, so that a room id never comes back to life under an old
    /// link.
    pub epochs: bool,
    /// The origins of web pages that may join calls. Clients that are no browsers always may.
    pub origins: Vec<String>,
    /// The place of calls: this process, or the media servers listed.
    pub media: MediaKind,
    /// The URLs of the media servers, with `rooms.media = "sfu"`.
    pub media_servers: Vec<String>,
}

impl RoomsSettings {
    /// Returns whether calls take place in this process.
    pub const fn has_own_calls(&self) -> bool {
        matches!(self.media, MediaKind::Embedded)
    }
}

/// Where calls take place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MediaKind {
    /// In the process of the room service.
    #[default]
    Embedded,
    /// At media servers.
    Sfu,
}
