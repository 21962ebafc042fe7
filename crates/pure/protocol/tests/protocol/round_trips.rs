//! Serialized values parse to the same bytes, and other lengths do not parse.

use crate::common::{CallLinkFixture, GroupFixture};
use anteroom_protocol::*;
use proptest::prelude::*;

type Reprint = fn(&[u8]) -> Option<Vec<u8>>;

macro_rules! reprint {
    ($type:ty) => {
        (|bytes| {
            let value = <$type>::from_bytes(bytes).ok()?;
            Some(value.to_bytes().to_vec())
        }) as Reprint
    };
}

/// Returns every layout of a message or key with the length of the specification.
fn layouts(seed: u64) -> Vec<(&'static str, usize, Vec<u8>, Reprint)> {
    let mode = if seed.is_multiple_of(2) {
        Mode::Standard
    } else {
        Mode::Legacy
    };
    let c = CallLinkFixture::new(mode, seed);
    let g = GroupFixture::new(seed);
    let uid = c.auth_presentation.user_id();
    vec![
        (
            "generic secret params",
            385,
            c.secret.to_bytes().to_vec(),
            reprint!(GenericSecretParams),
        ),
        (
            "generic public params",
            225,
            c.public.to_bytes(),
            reprint!(GenericPublicParams),
        ),
        (
            "link secret params",
            97,
            c.link.to_bytes().to_vec(),
            reprint!(CallLinkSecretParams),
        ),
        (
            "link public params",
            33,
            c.link.public_params().to_bytes(),
            reprint!(CallLinkPublicParams),
        ),
        (
            "uid ciphertext",
            65,
            uid.to_bytes(),
            reprint!(UidCiphertext),
        ),
        (
            "create context",
            97,
            c.context.to_bytes().to_vec(),
            reprint!(CreateCredentialRequestContext),
        ),
        (
            "create request",
            97,
            c.context.request().to_bytes(),
            reprint!(CreateCredentialRequest),
        ),
        (
            "create response",
            465,
            c.create_response.to_bytes(),
            reprint!(CreateCredentialResponse),
        ),
        (
            "create credential",
            105,
            c.create.to_bytes().to_vec(),
            reprint!(CreateCredential),
        ),
        (
            "create presentation",
            537,
            c.create_presentation.to_bytes(),
            reprint!(CreatePresentation),
        ),
        (
            "auth response",
            361,
            c.auth_response.to_bytes(),
            reprint!(AuthCredentialResponse),
        ),
        (
            "auth credential",
            97,
            c.auth.to_bytes().to_vec(),
            reprint!(AuthCredential),
        ),
        (
            "auth presentation",
            505,
            c.auth_presentation.to_bytes(),
            reprint!(AuthPresentation),
        ),
        (
            "group server secret",
            417,
            g.secret.to_bytes().to_vec(),
            reprint!(GroupServerSecretParams),
        ),
        (
            "group server public",
            673,
            g.public.to_bytes(),
            reprint!(GroupServerPublicParams),
        ),
        (
            "group secret params",
            289,
            g.group.to_bytes().to_vec(),
            reprint!(GroupSecretParams),
        ),
        (
            "group public params",
            97,
            g.group.public_params().to_bytes(),
            reprint!(GroupPublicParams),
        ),
        (
            "group auth response",
            425,
            g.response.to_bytes(),
            reprint!(GroupAuthCredentialResponse),
        ),
        (
            "group auth credential",
            265,
            g.credential.to_bytes().to_vec(),
            reprint!(GroupAuthCredential),
        ),
        (
            "group auth presentation",
            633,
            g.presentation.to_bytes(),
            reprint!(GroupAuthPresentation),
        ),
        (
            "endorsements response",
            1 + 8 + 96 + 8 + 64 + 8,
            g.endorsements_response.to_bytes(),
            reprint!(GroupSendEndorsementsResponse),
        ),
        (
            "endorsement",
            33,
            g.endorsements[0].to_bytes().to_vec(),
            reprint!(GroupSendEndorsement),
        ),
        (
            "full token",
            33,
            g.token.to_bytes().to_vec(),
            reprint!(GroupSendFullToken),
        ),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn written_bytes_parse_back(seed: u64) {
        for (name, length, bytes, reprint) in layouts(seed) {
            prop_assert_eq!(bytes.len(), length, "{}", name);
            prop_assert_eq!(reprint(&bytes), Some(bytes), "{}", name);
        }
    }

    #[test]
    fn random_bytes_never_panic(seed in 0..4u64, noise: Vec<u8>, place: prop::sample::Index) {
        for (_, _, mut bytes, reprint) in layouts(seed) {
            let _ = reprint(&noise);
            let place = place.index(bytes.len());
            for (to, from) in bytes[place..].iter_mut().zip(&noise) {
                *to = *from;
            }
            if let Some(again) = reprint(&bytes) {
                prop_assert_eq!(again, bytes);
            }
        }
    }
}

#[test]
fn other_lengths_do_not_parse() {
    for (name, _, bytes, reprint) in layouts(1) {
        assert!(reprint(&[]).is_none(), "{name}");
        assert!(reprint(&bytes[..bytes.len() - 1]).is_none(), "{name}");
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(reprint(&longer).is_none(), "{name}");
    }
}

#[test]
fn an_unknown_version_does_not_parse() {
    for (name, _, mut bytes, reprint) in layouts(1) {
        for version in [2, 4, 0x80, 0xff] {
            bytes[0] = version;
            assert!(reprint(&bytes).is_none(), "{name} as version {version}");
        }
    }
}

/// Every 32-byte word of a layout that is a point or scalar must be canonical. Words of another kind (ids,
/// keys) accept any bytes.
#[test]
fn words_that_are_not_canonical_do_not_parse() {
    let offsets: &[(&str, &[usize])] = &[
        ("generic secret params", &[1, 33, 65, 97, 353]),
        ("generic public params", &[1, 33, 193]),
        ("link public params", &[1]),
        ("uid ciphertext", &[1, 33]),
        ("create context", &[1, 33, 65]),
        ("create request", &[1, 33, 65]),
        ("create response", &[9, 41, 73, 105]),
        ("create credential", &[9, 41, 73]),
        ("create presentation", &[1, 33, 73, 105, 137, 177, 273]),
        ("auth response", &[1, 33, 65]),
        ("auth presentation", &[1, 33, 65, 105, 169, 433, 465]),
        ("group auth credential", &[1, 33, 65, 113, 145, 193, 225]),
        ("endorsement", &[1]),
    ];
    let layouts = layouts(1);
    for (name, offsets) in offsets {
        let (_, _, bytes, reprint) = layouts
            .iter()
            .find(|layout| layout.0 == *name)
            .expect("named");
        for offset in *offsets {
            // 32 bytes of 0xff are canonical neither for a point, whose encoding is below the field's
            // modulus, nor for a scalar, which is below the group order.
            let mut wrong = bytes.clone();
            wrong[*offset..offset + 32].fill(0xff);
            assert!(reprint(&wrong).is_none(), "{name} at {offset}");
        }
    }
}
