//! The settings of sound and picture.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    num::{NonZeroU8, NonZeroU64, NonZeroUsize},
    time::Duration,
};

use anteroom_media::{
    ListenAddresses, LoadLimit, MAX_THREADS, MediaLimits, MediaSettings as ServerSettings,
    QueueLimits, SourceLimit, TcpLimits,
};
use anteroom_protocol::media::PerSource;
use anyhow::{bail, ensure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smart_default::SmartDefault;

/// The settings of sound and picture.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema, SmartDefault)]
#[serde(default, deny_unknown_fields)]
pub struct MediaSettings {
    /// Whether calls carry sound and picture. Without them a call is a roster and text.
    #[default(true)]
    pub enabled: bool,
    /// The addresses to listen on, over UDP and TCP: one of IPv4, one of IPv6, or both.
    #[default(vec![Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()])]
    pub listen: Vec<IpAddr>,
    /// The port of the first thread, over UDP and TCP; each further thread has the next one. 0 takes
    /// free ones.
    #[default(4_000)]
    pub port: u16,
    /// The addresses under which clients reach this machine, in the order in which they try them:
    /// several, of IPv4 and IPv6, inner and outer ones. Needed behind a NAT or in a container. Without
    /// any, clients are told the addresses in `media.listen`, or those of the machine's interfaces.
    pub public_addresses: Vec<IpAddr>,
    /// The number of threads, each with a port of its own, at most 8. One for each core, if it is left
    /// out. A call stays on one thread.
    #[schemars(range(min = 1, max = 8))]
    pub threads: Option<NonZeroUsize>,
    /// The time for which packets are gathered before they are sent: more of them saves work, and
    /// delays sound.
    #[schemars(range(min = 1, max = 20))]
    #[default(const { NonZeroU64::new(2).unwrap() })]
    pub flush_milliseconds: NonZeroU64,
    /// The share of its time that a thread works, in percent, above which pictures get smaller in its
    /// calls, and then no call and no device more gets sound and picture.
    #[schemars(range(min = 1, max = 100))]
    #[default(const { NonZeroU8::new(80).unwrap() })]
    pub load_percent: NonZeroU8,
    /// The limits of what devices send: packets beyond them are dropped. A source that is beyond its limit
    /// for ten seconds is dropped until it is published anew.
    pub limits: MediaLimitSettings,
    /// Media over TCP, for networks that let no UDP pass.
    pub tcp: MediaTcpSettings,
}

/// The limits of what devices send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema, SmartDefault)]
#[serde(default, deny_unknown_fields)]
pub struct MediaLimitSettings {
    /// The most kilobits a second of a microphone, and again of the sound of a screen.
    #[schemars(range(min = 1, max = 1_000_000))]
    #[default(const { NonZeroU64::new(128).unwrap() })]
    pub audio_kilobits_per_second: NonZeroU64,
    /// The most packets a second of a microphone, and again of the sound of a screen.
    #[schemars(range(min = 1, max = 100_000))]
    #[default(const { NonZeroU64::new(200).unwrap() })]
    pub audio_packets_per_second: NonZeroU64,
    /// The most kilobits a second of a camera, all its layers together.
    #[schemars(range(min = 1, max = 1_000_000))]
    #[default(const { NonZeroU64::new(3_000).unwrap() })]
    pub camera_kilobits_per_second: NonZeroU64,
    /// The most packets a second of a camera, all its layers together.
    #[schemars(range(min = 1, max = 100_000))]
    #[default(const { NonZeroU64::new(1_000).unwrap() })]
    pub camera_packets_per_second: NonZeroU64,
    /// The most kilobits a second of a screen, all its layers together.
    #[schemars(range(min = 1, max = 1_000_000))]
    #[default(const { NonZeroU64::new(4_000).unwrap() })]
    pub screen_kilobits_per_second: NonZeroU64,
    /// The most packets a second of a screen, all its layers together.
    #[schemars(range(min = 1, max = 100_000))]
    #[default(const { NonZeroU64::new(1_000).unwrap() })]
    pub screen_packets_per_second: NonZeroU64,
    /// The most kilobits a second that all devices of a call send together. Pictures beyond it are
    /// dropped, sound never.
    #[schemars(range(min = 1, max = 100_000_000))]
    #[default(const { NonZeroU64::new(300_000).unwrap() })]
    pub call_kilobits_per_second: NonZeroU64,
    /// The most megabits a second that this process sends for media, all calls together, in equal
    /// parts for its threads. Beyond its part a thread does as beyond `media.load_percent`. Without it
    /// they send as much as they can.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub process_megabits_per_second: Option<NonZeroU64>,
}

impl MediaLimitSettings {
    /// Returns the bits a second that each of so many threads may send.
    fn bits_of_thread(&self, threads: usize) -> Option<u64> {
        let all = self.process_megabits_per_second?;
        let all = all.get().saturating_mul(1_000_000);
        all.checked_div(u64::try_from(threads).ok()?)
    }
}

/// The limits of media over TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema, SmartDefault)]
#[serde(default, deny_unknown_fields)]
pub struct MediaTcpSettings {
    /// The most connections of a thread; fewer where the system lets the process open few files.
    #[schemars(range(min = 1, max = 1_000_000))]
    #[default(const { NonZeroUsize::new(1_024).unwrap() })]
    pub connections: NonZeroUsize,
    /// The most connections of a thread from one address.
    #[schemars(range(min = 1, max = 1_000_000))]
    #[default(const { NonZeroUsize::new(32).unwrap() })]
    pub connections_per_address: NonZeroUsize,
    /// The time in which a connection has to say for which device it is.
    #[schemars(range(min = 1, max = 60))]
    #[default(const { NonZeroU64::new(10).unwrap() })]
    pub first_check_seconds: NonZeroU64,
    /// The most bytes that wait for a connection. Further packets are lost.
    #[schemars(range(min = 1, max = 16_777_216))]
    #[default(const { NonZeroUsize::new(256 * 1_024).unwrap() })]
    pub queue_bytes: NonZeroUsize,
    /// The longest time that a packet waits for a connection before further ones are lost.
    #[schemars(range(min = 1, max = 10_000))]
    #[default(const { NonZeroU64::new(300).unwrap() })]
    pub queue_milliseconds: NonZeroU64,
}

impl MediaSettings {
    /// Returns the number of threads.
    pub fn threads(&self) -> usize {
        let threads = self.threads.map(NonZeroUsize::get);
        threads.unwrap_or_else(|| ServerSettings::default().threads)
    }

    /// Returns the addresses to listen on.
    ///
    /// # Errors
    /// There are none, or several of one kind.
    pub fn listen_addresses(&self) -> anyhow::Result<ListenAddresses> {
        let mut addresses = ListenAddresses {
            ipv4: None,
            ipv6: None,
            port: self.port,
        };
        for address in &self.listen {
            let earlier = match address {
                IpAddr::V4(ipv4) => addresses.ipv4.replace(*ipv4).is_some(),
                IpAddr::V6(ipv6) => addresses.ipv6.replace(*ipv6).is_some(),
            };
            ensure!(
                !earlier,
                "media.listen has two addresses of one kind, and takes one of IPv4 and one of IPv6"
            );
        }
        ensure!(
            !self.listen.is_empty(),
            "media.listen names no address; without media, media.enabled is false"
        );
        Ok(addresses)
    }

    /// Returns the numbers with their names and the most that they may be, which the schema has, too.
    fn bounds(&self) -> [(&'static str, u64, u64); 16] {
        let number = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
        let (limits, tcp) = (&self.limits, &self.tcp);
        let process = limits.process_megabits_per_second;
        [
            ("threads", number(self.threads()), number(MAX_THREADS)),
            ("flush_milliseconds", self.flush_milliseconds.get(), 20),
            ("load_percent", self.load_percent.get().into(), 100),
            (
                "limits.audio_kilobits_per_second",
                limits.audio_kilobits_per_second.get(),
                1_000_000,
            ),
            (
                "limits.audio_packets_per_second",
                limits.audio_packets_per_second.get(),
                100_000,
            ),
            (
                "limits.camera_kilobits_per_second",
                limits.camera_kilobits_per_second.get(),
                1_000_000,
            ),
            (
                "limits.camera_packets_per_second",
                limits.camera_packets_per_second.get(),
                100_000,
            ),
            (
                "limits.screen_kilobits_per_second",
                limits.screen_kilobits_per_second.get(),
                1_000_000,
            ),
            (
                "limits.screen_packets_per_second",
                limits.screen_packets_per_second.get(),
                100_000,
            ),
            (
                "limits.call_kilobits_per_second",
                limits.call_kilobits_per_second.get(),
                100_000_000,
            ),
            (
                "limits.process_megabits_per_second",
                process.map_or(0, NonZeroU64::get),
                1_000_000,
            ),
            ("tcp.connections", number(tcp.connections.get()), 1_000_000),
            (
                "tcp.connections_per_address",
                number(tcp.connections_per_address.get()),
                1_000_000,
            ),
            ("tcp.first_check_seconds", tcp.first_check_seconds.get(), 60),
            (
                "tcp.queue_bytes",
                number(tcp.queue_bytes.get()),
                16 * 1_024 * 1_024,
            ),
            (
                "tcp.queue_milliseconds",
                tcp.queue_milliseconds.get(),
                10_000,
            ),
        ]
    }

    /// Returns the settings of the media server, which tells clients these addresses.
    ///
    /// # Errors
    /// A setting that makes no sense.
    pub fn server_settings(&self, told: Vec<IpAddr>) -> anyhow::Result<ServerSettings> {
        let threads = self.threads();
        for (name, value, most) in self.bounds() {
            ensure!(
                value <= most,
                "media.{name} is {value}, and {most} is the most"
            );
        }
        if let Some(address) = self.public_addresses.iter().find(|ip| ip.is_unspecified()) {
            bail!("media.public_addresses has {address}, which is no address of a machine");
        }
        let listen = self.listen_addresses()?;
        let of_other_kind = self.public_addresses.iter().find(|address| match address {
            IpAddr::V4(_) => listen.ipv4.is_none(),
            IpAddr::V6(_) => listen.ipv6.is_none(),
        });
        if let Some(address) = of_other_kind {
            bail!(
                "media.public_addresses has {address}, and media.listen has no address of its kind"
            );
        }
        Ok(ServerSettings {
            listen,
            public_addresses: told,
            threads,
            flush_interval: Duration::from_millis(self.flush_milliseconds.get()),
            limits: self.limits.into(),
            tcp: TcpLimits {
                connections: self.tcp.connections.get(),
                per_client: self.tcp.connections_per_address.get(),
                first_check: Duration::from_secs(self.tcp.first_check_seconds.get()),
            },
            tcp_queue: QueueLimits {
                bytes: self.tcp.queue_bytes.get(),
                age: Duration::from_millis(self.tcp.queue_milliseconds.get()),
            },
            load: LoadLimit {
                percent: self.load_percent.get(),
                bits: self.limits.bits_of_thread(threads),
                ..LoadLimit::default()
            },
        })
    }
}

impl From<MediaLimitSettings> for MediaLimits {
    fn from(settings: MediaLimitSettings) -> Self {
        let limit = |kilobits: NonZeroU64, packets: NonZeroU64| SourceLimit {
            bits: kilobits.get().saturating_mul(1_000),
            packets: packets.get(),
        };
        let audio = limit(
            settings.audio_kilobits_per_second,
            settings.audio_packets_per_second,
        );
        Self {
            sources: PerSource {
                audio,
                camera: limit(
                    settings.camera_kilobits_per_second,
                    settings.camera_packets_per_second,
                ),
                screen: limit(
                    settings.screen_kilobits_per_second,
                    settings.screen_packets_per_second,
                ),
                screen_audio: audio,
            },
            call_bits: settings
                .call_kilobits_per_second
                .get()
                .saturating_mul(1_000),
        }
    }
}

#[cfg(test)]
mod tests;
