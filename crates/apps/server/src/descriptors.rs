//! The file descriptors of the process, and the share of connections and sockets.
//!
//! Every connection and every socket uses a descriptor, and so does every file of a database and every
//! connection to another service. A flood of connections must not exhaust the descriptors of the others: if
//! the system allows fewer descriptors than the settings need, connections and sockets are capped.

use std::{iter::repeat_n, num::NonZeroUsize};

use anteroom_console::failure::Failure;
use anteroom_http_server::ListenerKind;
use anteroom_rooms::external_media_connections;
use anyhow::bail;

use crate::settings::{MediaKind, Settings};

/// Standard streams, runtime, signals, log, lock, listeners, and files that are open for a moment.
const PROCESS: usize = 32;
/// The descriptors of a service's database (one writer, 4 readers and 4 look-ups with two files each, an
/// index, and room for temporary files), of its event files and of its connection to a webhook.
const SERVICE: usize = 28;
/// The issuer's connections to mail servers, identity providers and providers of relays.
const ISSUER_CONNECTIONS: usize = 32;
/// The descriptors of a thread of media: a UDP socket and a TCP listener of IPv4 and of IPv6, and two to wait for
/// all.
const MEDIA_THREAD: usize = 6;
/// The maximum number of connections of a listener for operators or media servers.
const PRIVATE_CONNECTIONS: usize = 256;
/// The minimum number of connections of a listener, and of sockets of each kind.
const LEAST: usize = 8;

/// The descriptors that the settings need.
#[derive(Debug, PartialEq, Eq)]
struct DescriptorDemand {
    /// The descriptors of the services themselves.
    reserve: usize,
    /// The connections of each listener and thread of media, and the sockets of each kind.
    clients: Vec<usize>,
}

impl DescriptorDemand {
    fn of(settings: &Settings) -> Self {
        let (issues, holds_rooms) = (settings.role.issues(), settings.role.holds_rooms());
        let internal = holds_rooms && settings.rooms.internal_listen.is_some();
        let mut clients: Vec<usize> = [
            (issues, ListenerKind::Public),
            (holds_rooms, ListenerKind::Public),
            (internal, ListenerKind::Internal),
            (settings.admin.listen.is_some(), ListenerKind::Admin),
        ]
        .into_iter()
        .filter(|(is_there, _)| *is_there)
        .map(|(_, kind)| connections_of(kind, settings.http.connections.get()))
        .collect();
        let mut reserve = PROCESS;
        if issues {
            reserve += SERVICE + ISSUER_CONNECTIONS;
        }
        if holds_rooms {
            reserve += SERVICE;
            let rooms = &settings.rooms;
            clients.extend([rooms.sockets.get(), rooms.unjoined_sockets.get()]);
            if rooms.media == MediaKind::Sfu {
                reserve += external_media_connections(rooms.media_servers.len());
            }
            if settings.carries_media() {
                let threads = settings.media.threads();
                reserve += threads.saturating_mul(MEDIA_THREAD);
                clients.extend(repeat_n(settings.media.tcp.connections.get(), threads));
            }
        }
        Self { reserve, clients }
    }

    /// Returns the descriptors that are enough for all.
    fn all(&self) -> usize {
        let clients = self.clients.iter().copied();
        clients.fold(self.reserve, usize::saturating_add)
    }

    /// Returns the least number of descriptors to serve with.
    fn least(&self) -> usize {
        LEAST
            .saturating_mul(self.clients.len())
            .saturating_add(self.reserve)
    }

    /// Returns the cap of the connections of each listener and of the sockets of each kind for this number of
    /// descriptors. The cap is the same for all; the unused rest of one is given to the others.
    fn cap(&self, allowed: usize) -> usize {
        let mut clients = self.clients.clone();
        clients.sort_unstable();
        let mut rest = allowed.saturating_sub(self.reserve);
        for (index, needed) in clients.iter().enumerate() {
            let cap = rest / (clients.len() - index);
            if *needed > cap {
                return cap;
            }
            rest -= needed;
        }
        usize::MAX
    }
}

/// Returns the maximum number of connections of a listener of this kind; `public` is that of public
/// listeners.
pub fn connections_of(kind: ListenerKind, public: usize) -> usize {
    match kind {
        ListenerKind::Public => public,
        ListenerKind::Internal | ListenerKind::Admin => public.min(PRIVATE_CONNECTIONS),
    }
}

/// Returns the settings for a process with this limit of descriptors (`None`: no limit). Caps connections and
/// sockets if they need more, and logs that.
///
/// # Errors
/// There are too few descriptors to serve at all.
pub fn fit(settings: &Settings, allowed: Option<u64>) -> anyhow::Result<Settings> {
    let demand = DescriptorDemand::of(settings);
    let (all, least) = (demand.all(), demand.least());
    let allowed = allowed.and_then(|allowed| usize::try_from(allowed).ok());
    let Some(allowed) = allowed.filter(|allowed| *allowed < all) else {
        return Ok(settings.clone());
    };
    if allowed < least {
        let what = format!(
            "the limit of open files is {allowed}, and with fewer than {least} the services cannot \
             answer"
        );
        let next = format!(
            "Raise LimitNOFILE (ulimit -n) of this process: {all} are enough for all connections \
             that the settings allow"
        );
        bail!(Failure::failed(what).next(next));
    }
    let cap = NonZeroUsize::new(demand.cap(allowed)).unwrap_or(NonZeroUsize::MIN);
    let mut fitted = settings.clone();
    for bound in [
        &mut fitted.http.connections,
        &mut fitted.rooms.sockets,
        &mut fitted.rooms.unjoined_sockets,
        &mut fitted.media.tcp.connections,
    ] {
        *bound = cap.min(*bound);
    }
    // Bodies are capped to a quarter of the connections, so that slow ones cannot occupy all.
    let quarter = |of: NonZeroUsize| NonZeroUsize::new(of.get() / 4).unwrap_or(NonZeroUsize::MIN);
    let http = &mut fitted.http;
    http.bodies = http.bodies.min(quarter(http.connections));
    http.bodies_per_address = http.bodies_per_address.min(quarter(http.bodies));
    tracing::warn!(
        "the limit of open files is {allowed}: http.connections, rooms.sockets, \
         rooms.unjoined_sockets and media.tcp.connections are {cap} at most, and http.bodies a quarter of that, so that databases and other services keep theirs; \
         raise LimitNOFILE (ulimit -n) of this process to {all} for all that the settings allow"
    );
    Ok(fitted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{database_explanation::sentence, settings::ServiceSelection};

    fn of_role(role: ServiceSelection) -> Settings {
        Settings {
            role,
            ..Settings::default()
        }
    }

    #[test]
    fn settings_stay_as_they_are_where_there_are_descriptors_for_all() {
        for role in [
            ServiceSelection::All,
            ServiceSelection::Issuer,
            ServiceSelection::Rooms,
        ] {
            let settings = of_role(role);
            let all = u64::try_from(DescriptorDemand::of(&settings).all()).unwrap();
            for allowed in [None, Some(all), Some(u64::MAX)] {
                assert_eq!(fit(&settings, allowed).unwrap(), settings);
            }
            assert_ne!(fit(&settings, Some(all - 1)).unwrap(), settings);
        }
    }

    #[test]
    fn each_media_server_adds_to_the_reserve_what_the_client_may_hold_open_to_it() {
        let mut settings = of_role(ServiceSelection::Rooms);
        settings.rooms.media = MediaKind::Sfu;
        for servers in [0, 1, 8, 40] {
            settings.rooms.media_servers = vec!["http://10.0.0.1:9090".to_owned(); servers];
            let reserve = PROCESS + SERVICE + external_media_connections(servers);
            assert_eq!(DescriptorDemand::of(&settings).reserve, reserve);
        }
        assert!(external_media_connections(40) >= external_media_connections(0) + 40 * 4);
    }

    #[test]
    fn connections_and_sockets_together_leave_the_reserve() {
        for role in [
            ServiceSelection::All,
            ServiceSelection::Issuer,
            ServiceSelection::Rooms,
        ] {
            let mut settings = of_role(role);
            settings.rooms.media = MediaKind::Sfu;
            settings.rooms.internal_listen = Some(settings.rooms.listen.clone());
            settings.admin.listen = Some(settings.rooms.listen.clone());
            let demand = DescriptorDemand::of(&settings);
            for allowed in demand.least()..demand.all().min(3_000) {
                let fitted = fit(&settings, u64::try_from(allowed).ok()).unwrap();
                let capped = DescriptorDemand::of(&fitted);
                assert!(capped.all() <= allowed, "{role:?} {allowed}: {capped:?}");
                assert_eq!(capped.reserve, demand.reserve);
                assert!(capped.clients.iter().all(|clients| *clients >= LEAST));
                let (bodies, all) = (fitted.http.bodies.get(), fitted.http.connections.get());
                assert!(
                    bodies <= (all / 4).max(1),
                    "slow bodies may hold {bodies} of {all}"
                );
                assert!(fitted.http.bodies_per_address.get() <= (bodies / 4).max(1));
            }
            let least = u64::try_from(demand.least()).unwrap();
            let refused = sentence(&fit(&settings, Some(least - 1)).unwrap_err());
            assert!(
                refused.contains("Raise LimitNOFILE (ulimit -n)"),
                "{refused}"
            );
        }
    }

    #[test]
    fn clients_that_need_less_than_the_others_get_all_of_it() {
        let demand = DescriptorDemand {
            reserve: 100,
            clients: vec![4_096, 10, 4_096, 8_192],
        };
        for (allowed, cap) in [(140, 10), (150, 13), (1_000, 296), (12_398, 4_096)] {
            assert_eq!(demand.cap(allowed), cap, "{allowed}");
        }
    }
}
