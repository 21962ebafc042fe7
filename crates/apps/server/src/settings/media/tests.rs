//! Tests of the settings of sound and picture.

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
    let with_limits = |change: fn(&mut MediaLimitSettings)| {
        let mut settings = MediaSettings::default();
        change(&mut settings.limits);
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
            with_limits(|limits| limits.audio_packets_per_second = NonZeroU64::MAX),
            "media.limits.audio_packets_per_second is 18446744073709551615, and 100000 is the most",
        ),
        (
            with_limits(|limits| limits.camera_kilobits_per_second = NonZeroU64::MAX),
            "media.limits.camera_kilobits_per_second is 18446744073709551615, and 1000000 is",
        ),
        (
            with_limits(|limits| limits.call_kilobits_per_second = NonZeroU64::MAX),
            "media.limits.call_kilobits_per_second is 18446744073709551615, and 100000000 is",
        ),
        (
            with_limits(|limits| limits.process_megabits_per_second = Some(NonZeroU64::MAX)),
            "media.limits.process_megabits_per_second is 18446744073709551615, and 1000000 is",
        ),
        (
            with_tcp(|tcp| tcp.connections_per_address = NonZeroUsize::MAX),
            "media.tcp.connections_per_address is 18446744073709551615, and 1000000 is",
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
