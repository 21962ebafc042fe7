use anteroom_protocol::{DAY, GenericSecretParams, GroupServerSecretParams, Randomness};

use super::*;
use crate::MemoryPins;

const NOW: Timestamp = Timestamp::from_secs(20_000 * DAY + DAY / 2);

fn generic(seed: u8, mode: Mode) -> GenericPublicParams {
    GenericSecretParams::generate(mode, Randomness::from_bytes([seed; 32]))
        .public_params()
        .clone()
}

fn listed_generic(seed: u8, mode: Mode, from: u64, to: Option<u64>) -> Listed<GenericPublicParams> {
    let params = generic(seed, mode);
    Listed {
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
        generic: seeds
            .iter()
            .map(|seed| listed_generic(*seed, Mode::Standard, 0, None))
            .collect(),
        group: Vec::new(),
    }
}

fn id(seed: u8) -> ParamsId {
    generic(seed, Mode::Standard).id()
}

#[test]
fn the_first_use_pins_and_a_later_other_key_is_refused() {
    let pins = MemoryPins::default();
    let first = published(&[1]).trusted(&pins, Trust::FirstUse).unwrap();
    assert_eq!(first.newly_pinned(), [id(1)]);
    let again = published(&[1]).trusted(&pins, Trust::FirstUse).unwrap();
    assert!(again.newly_pinned().is_empty());
    assert_eq!(again.issuing_generic(NOW).unwrap().len(), 1);

    let other = published(&[2]).trusted(&pins, Trust::FirstUse).unwrap();
    assert!(other.newly_pinned().is_empty());
    assert!(other.generic(id(2)).is_none());
    let refused = other.issuing_generic(NOW).unwrap_err();
    assert!(
        matches!(&refused, ClientError::Untrusted { kind: ParamsKind::Generic, offered }
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
        let trusted = published(&[2]).trusted(&pins, trust).unwrap();
        let issuing = trusted.issuing_generic(NOW).ok();
        let issuing = issuing.map(|listed| listed.iter().map(|one| one.id).collect::<Vec<_>>());
        assert_eq!(issuing, expected.map(|seed| vec![id(seed)]), "{trust:?}");
        let stored = pins.pins().unwrap().iter().any(|pin| pin.id() == id(2));
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
    listing.group.push(Listed {
        id: params.id(),
        params,
        validity: Validity {
            not_before: Timestamp::from_secs(0),
            not_after: None,
        },
    });
    let trusted = listing.trusted(&pins, Trust::FirstUse).unwrap();
    assert_eq!(trusted.issuing_group(NOW).unwrap().len(), 1);
    let none = published(&[1]).trusted(&pins, Trust::FirstUse).unwrap();
    assert!(none.issuing_group(NOW).is_err());
}

#[test]
fn what_is_announced_is_shown_and_trusted_by_nobodys_word_but_the_callers() {
    const AT: u64 = NOW.as_secs();
    let listing = |entries: &[(u8, Mode, u64, Option<u64>)]| PublishedParams {
        generic: entries
            .iter()
            .map(|(seed, mode, from, to)| listed_generic(*seed, *mode, *from, *to))
            .collect(),
        group: Vec::new(),
    };
    let pins = MemoryPins::default();
    published(&[1]).trusted(&pins, Trust::FirstUse).unwrap();
    let later = listing(&[
        (1, Mode::Standard, 0, Some(AT + 9 * DAY)),
        (2, Mode::Standard, AT + DAY, None),
        (3, Mode::Standard, 0, Some(AT)),
        (4, Mode::Legacy, 0, None),
    ]);
    for trust in [Trust::PinnedOnly, Trust::FirstUse] {
        let judged = later.clone().trusted(&pins, trust).unwrap();
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
        // What was made before is good to its end all the same.
        assert!(judged.verifies(id(1), then));
        assert!(!judged.verifies(id(1), NOW.plus(9 * DAY)));
        assert!(!judged.verifies(id(2), then));
    }
    let told = later.trusted(&pins, Trust::Ids(&[id(2)])).unwrap();
    assert!(told.announced(NOW).is_empty());
    assert!(told.issuing_generic(NOW.plus(2 * DAY)).is_ok());
    assert!(!told.verifies(id(2), NOW) && told.verifies(id(2), NOW.plus(DAY)));
}

/// Seeds and windows of the listing, and which of them may issue at the moment.
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
        let listing = PublishedParams {
            generic: entries
                .iter()
                .map(|(seed, mode, from, to)| listed_generic(*seed, *mode, *from, *to))
                .collect(),
            group: Vec::new(),
        };
        let ids: Vec<(u8, ParamsId)> = entries
            .iter()
            .map(|(seed, mode, ..)| (*seed, generic(*seed, *mode).id()))
            .collect();
        let trusted = listing
            .trusted(&MemoryPins::default(), Trust::FirstUse)
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
    let parsed = PublishedParams::parse(&entry(&id_text, "generic", &bytes)).unwrap();
    assert_eq!(parsed.generic.len(), 1);
    let later = PublishedParams::parse(&entry(&id_text, "another", &bytes)).unwrap();
    assert!(later.generic.is_empty() && later.group.is_empty());
    let other = id(2).to_hex();
    for refused in [
        entry(&other, "generic", &bytes),
        entry("", "generic", &bytes),
        entry(&id_text, "group", &bytes),
        entry(&id_text, "generic", &bytes[1..]),
    ] {
        assert!(PublishedParams::parse(&refused).is_err());
    }
}
