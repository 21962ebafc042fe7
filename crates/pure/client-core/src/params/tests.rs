use anteroom_protocol::{
    CallLink, DAY, GenericSecretParams, GroupServerSecretParams, Mode, Randomness, RoomId, RootKey,
};

use super::*;
use crate::{CLOCK_TOLERANCE, MemoryPins, Pin, PinSet, PinStore, PinStoreError, Trust};

const NOW: Timestamp = Timestamp::from_secs(20_000 * DAY + DAY / 2);

fn generic(seed: u8, mode: Mode) -> GenericPublicParams {
    GenericSecretParams::generate(mode, Randomness::from_bytes([seed; 32]))
        .public_params()
        .clone()
}

fn listed_generic(
    seed: u8,
    mode: Mode,
    from: u64,
    to: Option<u64>,
) -> ListedParams<GenericPublicParams> {
    let params = generic(seed, mode);
    ListedParams {
        id: params.id(),
        params,
        validity: Validity {
            not_before: Timestamp::from_secs(from),
            not_after: to.map(Timestamp::from_secs),
        },
    }
}

fn published(seeds: &[u8]) -> PublishedParams {
    PublishedParams {
        issuer_time: None,
        is_stored: false,
        generic: seeds
            .iter()
            .map(|seed| listed_generic(*seed, Mode::Standard, 0, None))
            .collect(),
        ..PublishedParams::default()
    }
}

fn id(seed: u8) -> ParamsId {
    generic(seed, Mode::Standard).id()
}

fn pinned(params: &TrustedParams) -> Vec<ParamsId> {
    params.newly_pinned().iter().map(|one| one.id).collect()
}

fn listing(entries: &[(u8, Mode, u64, Option<u64>)]) -> PublishedParams {
    PublishedParams {
        issuer_time: None,
        is_stored: false,
        generic: entries
            .iter()
            .map(|(seed, mode, from, to)| listed_generic(*seed, *mode, *from, *to))
            .collect(),
        ..PublishedParams::default()
    }
}

/// Creates a link of the room of the seed `room`, made under the params of the seed `params`.
fn link(room: u8, params: Option<u8>) -> CallLink {
    CallLink {
        host: "calls.example".to_owned(),
        is_plain: false,
        root_key: RootKey::from_bytes(&[0x10 + room; 16]).unwrap(),
        params: params.map(id),
        without_certificates: false,
        admin: None,
    }
}

#[test]
fn a_stored_listing_notes_no_switch_back_to_the_params_that_it_knows() {
    let pins = MemoryPins::default();
    let both = [id(1), id(2)];
    let older = listing(&[(1, Mode::Standard, 0, None)]);
    let newer = listing(&[(1, Mode::Standard, 0, None), (2, Mode::Standard, 1, None)]);
    let switches = |listing: PublishedParams| {
        let params = listing.trusted(&pins, Trust::Ids(&both), NOW).unwrap();
        params.switches().len()
    };
    assert_eq!(switches(older.clone()), 0);
    assert_eq!(switches(newer.clone()), 1);
    for _ in 0..2 {
        assert_eq!(switches(older.clone().stored()), 0);
        assert_eq!(switches(newer.clone()), 0);
    }
    // A switch back by the issuer itself is allowed, and reported.
    assert_eq!(switches(older), 1);
}

#[test]
fn the_first_use_pins_what_issues_now_and_nothing_that_begins_later() {
    const AT: u64 = NOW.as_secs();
    const TOLERANCE: u64 = CLOCK_TOLERANCE.as_secs();
    use Mode::{Legacy, Standard};
    let cases: [Case; 8] = [
        (&[(1, Standard, 0, None)], &[1]),
        (
            &[(1, Standard, 0, None), (2, Standard, AT + 30 * DAY, None)],
            &[1],
        ),
        (&[(1, Standard, 0, None), (2, Standard, AT + 1, None)], &[1]),
        (&[(1, Standard, 0, None), (2, Standard, AT, None)], &[2]),
        (
            &[
                (1, Standard, 0, None),
                (2, Legacy, 0, None),
                (3, Legacy, AT, None),
            ],
            &[1],
        ),
        (&[(1, Standard, AT + DAY, None)], &[]),
        // The clock of this device is slightly slow on the first day.
        (
            &[
                (1, Standard, AT + TOLERANCE, None),
                (2, Standard, AT + 30 * DAY, None),
            ],
            &[1],
        ),
        (
            &[
                (1, Standard, 0, Some(AT)),
                (2, Standard, AT + 30 * DAY, None),
            ],
            &[1],
        ),
    ];
    for (entries, expected) in cases {
        let pins = MemoryPins::default();
        let trusted = listing(entries).trusted(&pins, Trust::FirstUse, NOW);
        let expected: Vec<ParamsId> = expected.iter().map(|seed| id(*seed)).collect();
        assert_eq!(pinned(&trusted.unwrap()), expected, "{entries:?}");
        assert_eq!(pins.pins().unwrap().pins().len(), expected.len());
    }
}

#[test]
fn what_is_pinned_is_told_with_its_beginning() {
    let pins = MemoryPins::default();
    let trusted = listing(&[(1, Mode::Standard, 7, Some(u64::MAX))]);
    let trusted = trusted.trusted(&pins, Trust::FirstUse, NOW).unwrap();
    let [summary] = trusted.newly_pinned() else {
        panic!("{:?}", trusted.newly_pinned())
    };
    assert_eq!(summary.validity.not_before, Timestamp::from_secs(7));
}

/// A store in which another process makes its first contact after this one has read the pins.
struct ContestedPins {
    stale: PinSet,
    pins: MemoryPins,
}

impl PinStore for ContestedPins {
    fn pins(&self) -> Result<PinSet, PinStoreError> {
        Ok(self.stale.clone())
    }

    fn update(&self, change: &mut dyn FnMut(&mut PinSet)) -> Result<(), PinStoreError> {
        self.pins.update(change)
    }

    fn room_pins(&self, room: &RoomId) -> Result<Vec<Pin>, PinStoreError> {
        self.pins.room_pins(room)
    }

    fn add_room_pin(&self, room: &RoomId, pin: &Pin) -> Result<(), PinStoreError> {
        self.pins.add_room_pin(room, pin)
    }
}

#[test]
fn two_first_contacts_at_once_pin_one_key() {
    let pins = ContestedPins {
        stale: PinSet::default(),
        pins: MemoryPins::default(),
    };
    let first = published(&[1]).trusted(&pins, Trust::FirstUse, NOW);
    assert_eq!(pinned(&first.unwrap()), [id(1)]);
    let second = published(&[2]).trusted(&pins, Trust::FirstUse, NOW);
    let second = second.unwrap();
    assert!(pinned(&second).is_empty());
    assert!(second.issuing_generic(NOW).is_err());
    assert_eq!(pins.pins.pins().unwrap().pins().len(), 1);
}

#[test]
fn params_of_a_link_count_in_its_room_alone() {
    const AT: u64 = NOW.as_secs();
    let pins = MemoryPins::default();
    published(&[1])
        .trusted(&pins, Trust::FirstUse, NOW)
        .unwrap();
    let both = listing(&[
        (1, Mode::Standard, 0, None),
        (2, Mode::Standard, AT - DAY, None),
    ]);
    let of_room = both
        .clone()
        .trusted_for_link(&link(3, Some(2)), &pins, Trust::FirstUse, NOW)
        .unwrap();
    assert!(pinned(&of_room).is_empty());
    assert_eq!(of_room.link_params().map(|one| one.id), Some(id(2)));
    assert_eq!(of_room.issuing_for_link(NOW).unwrap()[0].id, id(2));
    // The params do not issue create credentials, and are still announced as new.
    assert!(of_room.generic(id(2)).is_none());
    assert!(of_room.issuing_generic(NOW).is_err());
    assert_eq!(of_room.announced(NOW)[0].id, id(2));
    let (_, room) = of_room.generic_with_room(id(2)).unwrap();
    assert_eq!(room, Some(link(3, None).root_key.room_id()));

    // The params are trusted neither in another room nor in this one for a link without them.
    for other in [link(4, Some(1)), link(4, None), link(3, None)] {
        let trusted = both
            .clone()
            .trusted_for_link(&other, &pins, Trust::FirstUse, NOW)
            .unwrap();
        assert!(trusted.generic_with_room(id(2)).is_none());
        assert!(trusted.issuing_for_link(NOW).is_err());
    }
    assert!(!pins.pins().unwrap().has_id(ParamsKind::Generic, id(2)));
    // A link of that room is usable as long as its params are listed or pinned.
    let seen = published(&[1])
        .trusted_for_link(&link(3, Some(2)), &pins, Trust::FirstUse, NOW)
        .unwrap();
    assert!(seen.issuing_for_link(NOW).is_ok());
    let strange = published(&[1]).trusted_for_link(&link(4, Some(2)), &pins, Trust::FirstUse, NOW);
    assert!(matches!(strange, Err(IssuerError::LinkParams(_))));
}

#[test]
fn a_first_contact_by_a_link_pins_what_issues_and_keeps_the_links_params_to_its_room() {
    let pins = MemoryPins::default();
    let both = listing(&[
        (1, Mode::Standard, 0, None),
        (2, Mode::Standard, NOW.as_secs() + DAY, None),
    ]);
    let trusted = both
        .trusted_for_link(&link(3, Some(2)), &pins, Trust::FirstUse, NOW)
        .unwrap();
    assert_eq!(pinned(&trusted), [id(1)]);
    assert_eq!(trusted.link_params().map(|one| one.id), Some(id(2)));
    // A room's pin is no first contact: the issuing params are pinned at the first request for them.
    let pins = MemoryPins::default();
    let pin = Pin::generic(&generic(2, Mode::Standard));
    pins.add_room_pin(&link(3, None).root_key.room_id(), &pin)
        .unwrap();
    let trusted = published(&[1]).trusted(&pins, Trust::FirstUse, NOW);
    assert_eq!(pinned(&trusted.unwrap()), [id(1)]);
}

#[test]
fn a_switch_of_the_issuing_params_is_told_once_also_if_they_are_pinned() {
    const AT: u64 = NOW.as_secs();
    let pins = MemoryPins::default();
    let both = listing(&[
        (1, Mode::Standard, 0, None),
        (2, Mode::Standard, AT + DAY, None),
    ]);
    let notices = |now| {
        let trusted = both
            .clone()
            .trusted(&pins, Trust::Ids(&[id(1), id(2)]), now);
        let switches = trusted.unwrap().switches().to_vec();
        switches
            .iter()
            .map(|switch| (switch.previous, switch.current.id))
            .collect::<Vec<_>>()
    };
    assert_eq!(notices(NOW), []);
    assert_eq!(notices(NOW.plus(DAY - 1)), []);
    assert_eq!(notices(NOW.plus(DAY)), [(id(1), id(2))]);
    assert_eq!(notices(NOW.plus(DAY)), []);
    assert_eq!(notices(NOW.plus(2 * DAY)), []);
}

#[test]
fn the_first_use_pins_and_a_later_other_key_is_refused() {
    let pins = MemoryPins::default();
    let first = published(&[1])
        .trusted(&pins, Trust::FirstUse, NOW)
        .unwrap();
    assert_eq!(pinned(&first), [id(1)]);
    let again = published(&[1])
        .trusted(&pins, Trust::FirstUse, NOW)
        .unwrap();
    assert!(again.newly_pinned().is_empty());
    assert_eq!(again.issuing_generic(NOW).unwrap().len(), 1);

    let other = published(&[2])
        .trusted(&pins, Trust::FirstUse, NOW)
        .unwrap();
    assert!(other.newly_pinned().is_empty());
    assert!(other.generic(id(2)).is_none());
    let refused = other.issuing_generic(NOW).unwrap_err();
    assert!(
        matches!(&refused, IssuerError::Untrusted { kind: ParamsKind::Generic, offered }
            if *offered == [id(2)]),
        "{refused}"
    );
}

#[test]
fn trust_is_given_as_the_caller_says() {
    let cases: [(Trust<'_>, &[u8], Option<u8>); 6] = [
        (Trust::PinnedOnly, &[], None),
        (Trust::FirstUse, &[], Some(2)),
        (Trust::FirstUse, &[1], None),
        (Trust::Ids(&[id(2)]), &[], Some(2)),
        (Trust::Ids(&[id(2)]), &[1], Some(2)),
        (Trust::Ids(&[id(3)]), &[], None),
    ];
    for (trust, pinned, expected) in cases {
        let pins = MemoryPins::default();
        for seed in pinned {
            pins.add(&[Pin::generic(&generic(*seed, Mode::Standard))])
                .unwrap();
        }
        let trusted = published(&[2]).trusted(&pins, trust, NOW).unwrap();
        let issuing = trusted.issuing_generic(NOW).ok();
        let issuing = issuing.map(|listed| listed.iter().map(|one| one.id).collect::<Vec<_>>());
        assert_eq!(issuing, expected.map(|seed| vec![id(seed)]), "{trust:?}");
        let stored = pins.pins().unwrap().has_id(ParamsKind::Generic, id(2));
        assert_eq!(stored, expected.is_some(), "{trust:?}");
    }
}

#[test]
fn group_params_are_pinned_apart_from_generic_ones() {
    let group = GroupServerSecretParams::generate(
        Randomness::from_bytes([7; 32]),
        Randomness::from_bytes([8; 32]),
    );
    let params = group.public_params().clone();
    let pins = MemoryPins::default();
    let mut listing = published(&[1]);
    listing.group.push(ListedParams {
        id: params.id(),
        params,
        validity: Validity {
            not_before: Timestamp::from_secs(0),
            not_after: None,
        },
    });
    let trusted = listing.trusted(&pins, Trust::FirstUse, NOW).unwrap();
    assert_eq!(trusted.issuing_group(NOW).unwrap().len(), 1);
    let none = published(&[1])
        .trusted(&pins, Trust::FirstUse, NOW)
        .unwrap();
    assert!(none.issuing_group(NOW).is_err());
}

#[test]
fn what_is_announced_is_shown_and_trusted_by_nobodys_word_but_the_callers() {
    const AT: u64 = NOW.as_secs();
    let pins = MemoryPins::default();
    published(&[1])
        .trusted(&pins, Trust::FirstUse, NOW)
        .unwrap();
    let later = listing(&[
        (1, Mode::Standard, 0, Some(AT + 9 * DAY)),
        (2, Mode::Standard, AT + DAY, None),
        (3, Mode::Standard, 0, Some(AT)),
        (4, Mode::Legacy, 0, None),
    ]);
    for trust in [Trust::PinnedOnly, Trust::FirstUse] {
        let judged = later.clone().trusted(&pins, trust, NOW).unwrap();
        let announced = judged.announced(NOW);
        assert_eq!(announced.len(), 1, "{announced:?}");
        assert_eq!(
            (announced[0].kind, announced[0].id),
            (ParamsKind::Generic, id(2))
        );
        assert_eq!(announced[0].validity.not_before, NOW.plus(DAY));
        let then = NOW.plus(DAY + CLOCK_TOLERANCE.as_secs());
        assert!(judged.issuing_generic(NOW).is_ok());
        assert!(judged.issuing_generic(then).is_err());
        // Earlier credentials are valid to the end of their params.
        assert!(judged.verifies(id(1), then));
        assert!(!judged.verifies(id(1), NOW.plus(9 * DAY)));
        assert!(!judged.verifies(id(2), then));
    }
    let notices = later.trusted(&pins, Trust::Ids(&[id(2)]), NOW).unwrap();
    assert!(notices.announced(NOW).is_empty());
    assert!(notices.issuing_generic(NOW.plus(2 * DAY)).is_ok());
    assert!(!notices.verifies(id(2), NOW) && notices.verifies(id(2), NOW.plus(DAY)));
}

/// The seeds and periods of the listed params, and the seeds of those that may issue at the moment.
type Case = (&'static [(u8, Mode, u64, Option<u64>)], &'static [u8]);

#[test]
fn the_newest_valid_params_issue_and_around_a_change_both() {
    const HALF: u64 = CLOCK_TOLERANCE.as_secs() / 2;
    const LONG: u64 = CLOCK_TOLERANCE.as_secs() * 2;
    const AT: u64 = NOW.as_secs();
    use Mode::{Legacy, Standard};
    let cases: [Case; 9] = [
        (&[(1, Standard, 0, None)], &[1]),
        (
            &[(1, Standard, 0, None), (2, Standard, AT - LONG, None)],
            &[2],
        ),
        (
            &[(1, Standard, 0, None), (2, Standard, AT - HALF, None)],
            &[2, 1],
        ),
        (
            &[(1, Standard, 0, None), (2, Standard, AT + HALF, None)],
            &[1, 2],
        ),
        (
            &[(1, Standard, 0, None), (2, Standard, AT + LONG, None)],
            &[1],
        ),
        (&[(1, Standard, 0, Some(AT - LONG))], &[]),
        (&[(1, Standard, 0, Some(AT - HALF))], &[1]),
        (&[(1, Legacy, 0, None)], &[1]),
        (&[(1, Standard, 0, None), (2, Legacy, 5, None)], &[1]),
    ];
    for (entries, expected) in cases {
        let listing = listing(entries);
        let ids: Vec<(u8, ParamsId)> = entries
            .iter()
            .map(|(seed, mode, ..)| (*seed, generic(*seed, *mode).id()))
            .collect();
        let all: Vec<ParamsId> = ids.iter().map(|(_, id)| *id).collect();
        let trusted = listing
            .trusted(&MemoryPins::default(), Trust::Ids(&all), NOW)
            .unwrap();
        let issuing = trusted.issuing_generic(NOW).unwrap_or_default();
        let seeds: Vec<u8> = issuing
            .iter()
            .filter_map(|listed| ids.iter().find(|(_, id)| *id == listed.id))
            .map(|(seed, _)| *seed)
            .collect();
        assert_eq!(seeds, expected, "{entries:?}");
    }
}

#[test]
fn a_listing_that_lies_is_refused() {
    let params = generic(1, Mode::Standard);
    let entry = |id: &str, kind: &str, bytes: &[u8]| ParamsBody {
        params: vec![ParamsEntry {
            id: id.to_owned(),
            kind: kind.to_owned(),
            not_before: 0,
            not_after: None,
            public_params: wire::encode(bytes),
        }],
    };
    let id_text = params.id().to_hex();
    let bytes = params.to_bytes();
    let parsed = PublishedParams::parse(&entry(&id_text, "generic", &bytes), None).unwrap();
    assert_eq!(parsed.generic.len(), 1);
    let later = PublishedParams::parse(&entry(&id_text, "another", &bytes), None).unwrap();
    assert!(later.generic.is_empty() && later.group.is_empty());
    let other = id(2).to_hex();
    for refused in [
        entry(&other, "generic", &bytes),
        entry("", "generic", &bytes),
        entry(&id_text, "group", &bytes),
        entry(&id_text, "generic", &bytes[1..]),
    ] {
        assert!(PublishedParams::parse(&refused, None).is_err());
    }
}

#[test]
fn a_clock_that_differs_is_named_before_anything_is_called_untrusted() {
    let untrusted = |offered| IssuerError::Untrusted {
        kind: ParamsKind::Generic,
        offered,
    };
    let id = published(&[1]).generic[0].id;
    let odd_day = || IssuerError::OddDay {
        issuer: NOW,
        device: NOW.plus(2 * DAY),
    };
    for (issuer_time, error, is_clock) in [
        (Some(NOW.plus(DAY / 2)), untrusted(vec![]), true),
        (Some(NOW.minus(2 * DAY)), untrusted(vec![]), true),
        (Some(NOW.plus(DAY)), odd_day(), true),
        // Untrusted params on offer are reported, whatever the clocks show.
        (Some(NOW.plus(DAY)), untrusted(vec![id]), false),
        (Some(NOW.plus(DAY)), IssuerError::Verification, false),
        (Some(NOW.plus(CLOCK_TOLERANCE.as_secs())), odd_day(), false),
        (None, untrusted(vec![]), false),
    ] {
        let listing = PublishedParams {
            issuer_time,
            ..published(&[1])
        };
        let explained = listing.explained(error, NOW);
        let found = matches!(explained, IssuerError::Clock { device: NOW, .. });
        assert_eq!(found, is_clock, "{issuer_time:?}: {explained}");
    }
}
