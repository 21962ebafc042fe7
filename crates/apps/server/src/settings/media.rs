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
    #[default(const { NonZeroU64::new(128).unwrap() })]
    pub audio_kilobits_per_second: NonZeroU64,
    /// The most packets a second of a microphone, and again of the sound of a screen.
    #[default(const { NonZeroU64::new(200).unwrap() })]
    pub audio_packets_per_second: NonZeroU64,
    /// The most kilobits a second of a camera, all its layers together.
    #[default(const { NonZeroU64::new(3_000).unwrap() })]
    pub camera_kilobits_per_second: NonZeroU64,
    /// The most packets a second of a camera, all its layers together.
    #[default(const { NonZeroU64::new(1_000).unwrap() })]
    pub camera_packets_per_second: NonZeroU64,
    /// The most kilobits a second of a screen, all its layers together.
    #[default(const { NonZeroU64::new(4_000).unwrap() })]
    pub screen_kilobits_per_second: NonZeroU64,
    /// The most packets a second of a screen, all its layers together.
    #[default(const { NonZeroU64::new(1_000).unwrap() })]
    pub screen_packets_per_second: NonZeroU64,
    /// The most kilobits a second that all devices of a call send together. Pictures beyond it are
    /// dropped, sound never.
    #[default(const { NonZeroU64::new(300_000).unwrap() })]
    pub call_kilobits_per_second: NonZeroU64,
    /// The most megabits a second that this process sends for media, all calls together, in equal
    /// parts for its threads. Beyond its part a thread does as beyond `media.load_percent`. Without it
    /// they send as much as they can.
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
    #[default(const { NonZeroUsize::new(1_024).unwrap() })]
    pub connections: NonZeroUsize,
    /// The most connections of a thread from one address.
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

/// The largest flush interval, in milliseconds.
const MAX_FLUSH: u64 = 20;

/// The longest time in which a connection over TCP has to say for which device it is, in seconds.
const MAX_FIRST_CHECK: u64 = 60;

/// The most bytes that may wait for a connection over TCP.
const MAX_QUEUE_BYTES: usize = 16 * 1_024 * 1_024;

/// The longest time that a packet may wait for a connection over TCP, in milliseconds.
const MAX_QUEUE_AGE: u64 = 10_000;

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

    /// Returns the settings of the media server, which tells clients these addresses.
    ///
    /// # Errors
    /// A setting that makes no sense.
    pub fn server_settings(&self, told: Vec<IpAddr>) -> anyhow::Result<ServerSettings> {
        let threads = self.threads();
        ensure!(
            threads <= MAX_THREADS,
            "media.threads is {threads}, and {MAX_THREADS} is the most"
        );
        let flush = self.flush_milliseconds.get();
        ensure!(
            flush <= MAX_FLUSH,
            "media.flush_milliseconds is {flush}, and {MAX_FLUSH} is the most"
        );
        let percent = self.load_percent.get();
        ensure!(percent <= 100, "media.load_percent is {percent}, over 100");
        let first_check = self.tcp.first_check_seconds.get();
        ensure!(
            first_check <= MAX_FIRST_CHECK,
            "media.tcp.first_check_seconds is {first_check}, and {MAX_FIRST_CHECK} is the most"
        );
        let queue_bytes = self.tcp.queue_bytes.get();
        ensure!(
            queue_bytes <= MAX_QUEUE_BYTES,
            "media.tcp.queue_bytes is {queue_bytes}, and {MAX_QUEUE_BYTES} is the most"
        );
        let queue_age = self.tcp.queue_milliseconds.get();
        ensure!(
            queue_age <= MAX_QUEUE_AGE,
            "media.tcp.queue_milliseconds is {queue_age}, and {MAX_QUEUE_AGE} is the most"
        );
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
            flush_interval: Duration::from_millis(flush),
            limits: self.limits.into(),
            tcp: TcpLimits {
                connections: self.tcp.connections.get(),
                per_client: self.tcp.connections_per_address.get(),
                first_check: Duration::from_secs(first_check),
            },
            tcp_queue: QueueLimits {
                bytes: queue_bytes,
                age: Duration::from_millis(queue_age),
            },
            load: LoadLimit {
                percent,
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
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_media_server() {
        let settings = MediaSettings::default();
        let server = settings.server_settings(Vec::new()).unwrap();
        let expected = ServerSettings::default();
        assert_eq!(server.listen, expected.listen);
        assert_eq!(server.threads, expected.threads);
        assert_eq!(server.flush_interval, expected.flush_interval);
        assert_eq!(server.limits, expected.limits);
        assert_eq!(server.tcp, expected.tcp);
        assert_eq!(server.tcp_queue, expected.tcp_queue);
        assert_eq!(server.load, expected.load);
    }

    #[test]
    fn threads_share_what_the_process_may_send() {
        let mut settings = MediaSettings {
            threads: NonZeroUsize::new(4),
            ..MediaSettings::default()
        };
        settings.limits.process_megabits_per_second = NonZeroU64::new(1_000);
        let server = settings.server_settings(Vec::new()).unwrap();
        assert_eq!(server.load.bits, Some(250_000_000));
    }

    #[test]
    fn settings_that_make_no_sense_are_refused_by_name() {
        let listen = |addresses: &[&str]| MediaSettings {
            listen: addresses.iter().map(|text| text.parse().unwrap()).collect(),
            ..MediaSettings::default()
        };
        let with_tcp = |change: fn(&mut MediaTcpSettings)| {
            let mut settings = MediaSettings::default();
            change(&mut settings.tcp);
            settings
        };
        let cases = [
            (listen(&[]), "media.listen names no address"),
            (listen(&["10.0.0.1", "10.0.0.2"]), "media.listen has two"),
            (listen(&["::1", "127.0.0.1", "::2"]), "media.listen has two"),
            (
                MediaSettings {
                    threads: NonZeroUsize::new(9),
                    ..MediaSettings::default()
                },
                "media.threads is 9",
            ),
            (
                MediaSettings {
                    flush_milliseconds: NonZeroU64::new(21).unwrap(),
                    ..MediaSettings::default()
                },
                "media.flush_milliseconds is 21",
            ),
            (
                MediaSettings {
                    load_percent: NonZeroU8::new(101).unwrap(),
                    ..MediaSettings::default()
                },
                "media.load_percent is 101",
            ),
            (
                with_tcp(|tcp| tcp.first_check_seconds = NonZeroU64::MAX),
                "media.tcp.first_check_seconds is 18446744073709551615",
            ),
            (
                with_tcp(|tcp| tcp.first_check_seconds = NonZeroU64::new(61).unwrap()),
                "media.tcp.first_check_seconds is 61, and 60 is the most",
            ),
            (
                with_tcp(|tcp| tcp.queue_bytes = NonZeroUsize::new(16_777_217).unwrap()),
                "media.tcp.queue_bytes is 16777217, and 16777216 is the most",
            ),
            (
                with_tcp(|tcp| tcp.queue_milliseconds = NonZeroU64::new(10_001).unwrap()),
                "media.tcp.queue_milliseconds is 10001, and 10000 is the most",
            ),
            (
                MediaSettings {
                    public_addresses: vec![Ipv4Addr::UNSPECIFIED.into()],
                    ..MediaSettings::default()
                },
                "media.public_addresses has 0.0.0.0",
            ),
            (
                MediaSettings {
                    public_addresses: vec![Ipv6Addr::LOCALHOST.into()],
                    ..listen(&["0.0.0.0"])
                },
                "media.public_addresses has ::1, and media.listen has no",
            ),
        ];
        for (settings, expected) in cases {
            let error = settings.server_settings(Vec::new()).unwrap_err();
            assert!(error.to_string().starts_with(expected), "{error}");
        }
    }
}
