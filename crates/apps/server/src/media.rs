//! Sound and picture of calls: the media server of the process.

mod addresses;
mod backend;
mod metrics;

use std::{
    io::ErrorKind,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use anteroom_console::failure::Failure;
use anteroom_media::{MediaLimits, MediaServer, StartError};
use anteroom_rooms::MediaBackend;
use anteroom_runtime::Metrics;
use anyhow::anyhow;
use url::{Host, Url};

use self::{
    addresses::{Reach, told},
    backend::ServerBackend,
    metrics::MediaMetrics,
};
use crate::{
    services::OwnAddresses,
    settings::{MediaSettings, Settings},
};

/// The media server of the process. Clones share it; with the last one all media end.
#[derive(Clone)]
pub struct OpenMedia {
    server: Arc<MediaServer>,
    settings: MediaSettings,
    told: Vec<IpAddr>,
}

impl OpenMedia {
    /// Opens the sockets and starts the threads, if calls of these settings carry sound and picture. `own` are
    /// the addresses that the process listens on already.
    ///
    /// # Errors
    /// A setting that makes no sense, or an address that cannot be listened on.
    pub fn start(settings: &Settings, own: &OwnAddresses) -> anyhow::Result<Option<Self>> {
        if !settings.carries_media() {
            return Ok(None);
        }
        let settings = &settings.media;
        let told = told(settings);
        let server = MediaServer::start(&settings.server_settings(told.clone())?)
            .map_err(|error| refused(error, own))?;
        Ok(Some(Self {
            server: Arc::new(server),
            settings: settings.clone(),
            told,
        }))
    }

    /// Returns the media server as the room service uses it.
    pub fn backend(&self) -> Arc<dyn MediaBackend> {
        let limits = MediaLimits::from(self.settings.limits);
        Arc::new(ServerBackend {
            server: Arc::clone(&self.server),
            max_bitrate: limits.sources.camera.bits,
        })
    }

    /// Shows the metrics of the media server.
    pub fn show_metrics(&self, metrics: &Metrics) {
        metrics.show_source(MediaMetrics::new(Arc::clone(&self.server)));
    }

    /// Says where the media server listens, and what clients are told.
    pub fn announce(&self, settings: &Settings) {
        let (ports, told) = (ports(&self.settings), list(&self.told));
        let reached = match reach_of_all(&self.told) {
            Reach::World => "",
            Reach::Network => ", which only the networks of this machine reach",
            Reach::Machine => ", which only this machine reaches",
        };
        tracing::info!("media listen on {ports}, and clients are told {told}{reached}");
        if let Some(lack) = reach_lack(settings) {
            tracing::warn!("{}: {}", lack.what, lack.next);
        }
    }

    /// Takes no call any more. Those that there are go on.
    pub fn drain(&self) {
        self.server.drain();
    }
}

/// The reason why some people would hear and see nobody, with the next step.
pub(crate) struct ReachLack {
    pub(crate) what: String,
    pub(crate) next: &'static str,
}

/// Returns the reason why people who reach the room service would hear and see nobody.
pub(crate) fn reach_lack(settings: &Settings) -> Option<ReachLack> {
    if !settings.carries_media() {
        return None;
    }
    let told = told(&settings.media);
    let reach = reach_of_all(&told);
    if reach >= reach_of_rooms(settings) {
        return None;
    }
    let others = match reach {
        Reach::Machine => "people on other machines",
        Reach::Network | Reach::World => "people in other networks",
    };
    Some(ReachLack {
        what: format!(
            "{others} hear and see nobody: clients are told {} for media",
            list(&told)
        ),
        next: "set media.public_addresses to the address under which they reach this machine",
    })
}

/// Checks the settings.
///
/// # Errors
/// A setting that makes no sense.
pub(crate) fn check(settings: &MediaSettings) -> anyhow::Result<()> {
    settings.server_settings(told(settings)).map(drop)
}

/// Returns the ports in words.
pub(crate) fn ports(settings: &MediaSettings) -> String {
    let first = settings.port;
    let others = u16::try_from(settings.threads().saturating_sub(1)).unwrap_or_default();
    match (first, others) {
        (0, _) => "free UDP and TCP ports".to_owned(),
        (first, 0) => format!("UDP and TCP port {first}"),
        (first, others) => {
            let last = first.saturating_add(others);
            format!("UDP and TCP ports {first} to {last}")
        }
    }
}

fn list(addresses: &[IpAddr]) -> String {
    let texts: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    texts.join(", ")
}

fn reach_of_all(told: &[IpAddr]) -> Reach {
    let reaches = told.iter().map(|address| Reach::of(*address));
    reaches.max().unwrap_or(Reach::Machine)
}

/// Returns the part of the world that reaches the room service.
fn reach_of_rooms(settings: &Settings) -> Reach {
    let of_name = |name: &str| match name == "localhost" || name.ends_with(".localhost") {
        true => Reach::Machine,
        false => Reach::World,
    };
    if let Some(url) = settings.rooms.public_url.as_deref() {
        let host = Url::parse(url).ok();
        let host = host.and_then(|url| url.host().map(|host| host.to_owned()));
        return match host {
            Some(Host::Domain(name)) => of_name(&name),
            Some(Host::Ipv4(address)) => Reach::of(address.into()),
            Some(Host::Ipv6(address)) => Reach::of(address.into()),
            None => Reach::World,
        };
    }
    let (host, _) = settings.rooms.listen.parts();
    match host.parse::<IpAddr>() {
        Ok(any) if any.is_unspecified() => Reach::World,
        Ok(address) => Reach::of(address),
        Err(_) => of_name(host),
    }
}

/// Returns the failure of a media server that does not start.
fn refused(error: StartError, own: &OwnAddresses) -> Failure {
    match error {
        StartError::Socket {
            protocol,
            address,
            error,
        } => refused_socket(protocol, address, error, own),
        StartError::NoPort { port } => {
            Failure::new("setting_invalid", "media need a port for each thread")
                .with_reason(anyhow!("there are too few from {port} upwards"))
                .next("Set media.port to a lower one, or media.threads to fewer")
        }
        StartError::NoAddress | StartError::NoPublicAddress => Failure::new(
            "setting_invalid",
            "media have no address that clients can be told",
        )
        .next(
            "Set media.public_addresses to addresses of a kind, IPv4 or IPv6, that \
                 media.listen has too",
        ),
        StartError::Thread(error) => Failure::failed("no threads for media can be started")
            .with_reason(error)
            .next("Raise the limits of this process for tasks and open files, or set media.threads to fewer"),
        StartError::Certificate => Failure::failed("no certificate for media can be made")
            .with_reason(anyhow!("the operating system gives no randomness"))
            .next("Try again; if it stays so, set media.enabled to false: calls go on without sound and picture"),
    }
}

fn refused_socket(
    protocol: &str,
    address: SocketAddr,
    error: std::io::Error,
    own: &OwnAddresses,
) -> Failure {
    let failure = Failure::new(
        "listen_failed",
        format!("media cannot listen on {protocol} {address}"),
    );
    let port = address.port();
    let other = (protocol == "TCP")
        .then(|| own.setting_at(address))
        .flatten();
    let (why, next) = match (error.kind(), other) {
        (ErrorKind::AddrInUse, Some(other)) => (
            anyhow!("{other} has port {port}, which media.port or one of the next ones is"),
            format!("Set {other} or media.port to another port"),
        ),
        (ErrorKind::AddrInUse, None) => (
            anyhow!("another program uses {protocol} port {port}"),
            "Stop that program, or set media.port (--media-port) to another port, such as 0 for \
             free ones"
                .to_owned(),
        ),
        (ErrorKind::PermissionDenied, _) => (
            anyhow!("port {port} needs a privilege"),
            "Set media.port to one over 1023".to_owned(),
        ),
        (ErrorKind::AddrNotAvailable, _) => (
            anyhow!("this machine does not have the address {}", address.ip()),
            format!(
                "Set media.listen to addresses of this machine, or to {} for all",
                any_of(address)
            ),
        ),
        _ => (
            anyhow::Error::from(error),
            format!(
                "Set media.listen to addresses that this machine can listen on, such as {} alone",
                Ipv4Addr::UNSPECIFIED
            ),
        ),
    };
    failure.with_reason(why).next(next)
}

const fn any_of(address: SocketAddr) -> &'static str {
    if address.is_ipv4() { "0.0.0.0" } else { "::" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::MediaKind;

    /// Returns settings whose room service is reached by `rooms`, and which tell `told`.
    fn settings(listen: &str, public_url: Option<&str>, told: &[&str]) -> Settings {
        let mut settings = Settings::default();
        settings.rooms.listen = listen.to_owned().try_into().unwrap();
        settings.rooms.public_url = public_url.map(|url| url.to_owned().try_into().unwrap());
        settings.media.public_addresses = told.iter().map(|text| text.parse().unwrap()).collect();
        settings
    }

    #[test]
    fn people_who_reach_the_room_service_and_no_media_are_told_of() {
        let here = "127.0.0.1:8081";
        let private = ["192.168.0.5", "fd00::5"];
        for (settings, others) in [
            (settings(here, None, &["127.0.0.1"]), None),
            (settings(here, None, &private), None),
            (settings("localhost:1", None, &private), None),
            (settings("192.168.0.5:1", None, &private), None),
            (
                settings("192.168.0.5:1", None, &["127.0.0.1"]),
                Some("people on other machines"),
            ),
            (
                settings("0.0.0.0:1", None, &private),
                Some("people in other networks"),
            ),
            (
                settings(here, Some("https://rooms.example"), &private),
                Some("people in other networks"),
            ),
            (
                settings(
                    here,
                    Some("https://rooms.example"),
                    &["10.0.0.1", "198.51.100.1"],
                ),
                None,
            ),
            (
                settings(here, Some("http://192.168.0.5:8081"), &private),
                None,
            ),
        ] {
            let lack = reach_lack(&settings).map(|lack| lack.what);
            match others {
                Some(others) => assert!(
                    lack.as_ref().is_some_and(|lack| lack.starts_with(others)),
                    "{lack:?}"
                ),
                None => assert_eq!(lack, None),
            }
        }
    }

    #[test]
    fn media_are_carried_where_calls_are_in_this_process_and_they_are_not_off() {
        let mut settings = Settings::default();
        assert!(settings.carries_media());
        settings.media.enabled = false;
        assert!(!settings.carries_media());
        settings.media.enabled = true;
        settings.rooms.media = MediaKind::Sfu;
        assert!(!settings.carries_media());
        settings.rooms.media = MediaKind::Embedded;
        settings.role = crate::settings::ServiceSelection::Issuer;
        assert!(!settings.carries_media());
        assert!(
            OpenMedia::start(&settings, &OwnAddresses::default())
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn ports_are_told_in_words() {
        let mut settings = MediaSettings {
            threads: std::num::NonZeroUsize::new(1),
            ..MediaSettings::default()
        };
        assert_eq!(ports(&settings), "UDP and TCP port 4000");
        settings.threads = std::num::NonZeroUsize::new(4);
        assert_eq!(ports(&settings), "UDP and TCP ports 4000 to 4003");
        settings.port = 0;
        assert_eq!(ports(&settings), "free UDP and TCP ports");
    }
}
