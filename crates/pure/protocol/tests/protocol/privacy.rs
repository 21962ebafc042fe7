//! The information that messages reveal, and the information that they hide.

use std::collections::HashSet;

use crate::common::{CallLinkFixture, GroupFixture, Seed, TODAY};
use anteroom_kvac::Sho;
use anteroom_protocol::*;
use curve25519_dalek::{RistrettoPoint, Scalar, ristretto::CompressedRistretto};

/// Returns the offsets at which two byte strings share 32 consecutive bytes.
fn shared_words(a: &[u8], b: &[u8]) -> Vec<usize> {
    let words: HashSet<&[u8]> = a.windows(32).collect();
    b.windows(32)
        .enumerate()
        .filter_map(|(offset, word)| words.contains(word).then_some(offset))
        .collect()
}

/// Asserts that two presentations share only a range that is public by design: the ciphertexts and the day.
fn assert_unlinkable(a: &[u8], b: &[u8], public: std::ops::Range<usize>) {
    for offset in shared_words(a, b) {
        let word = offset..offset + 32;
        assert!(
            public.start <= word.start && word.end <= public.end,
            "both hold the word at {offset}"
        );
    }
}

#[test]
fn two_presentations_share_no_word_but_the_ciphertexts() {
    for mode in [Mode::Legacy, Mode::Standard] {
        let fixture = CallLinkFixture::new(mode, 1);
        let mut seed = Seed::new(5);
        let again = fixture
            .create
            .present(
                &fixture.aci,
                &fixture.room_id,
                &fixture.public,
                &fixture.link,
                seed.randomness(),
            )
            .unwrap();
        // Version, ciphertext and day are at the start.
        assert_unlinkable(
            &fixture.create_presentation.to_bytes(),
            &again.to_bytes(),
            0..73,
        );
        let again = fixture
            .auth
            .present(
                &fixture.aci,
                TODAY,
                &fixture.public,
                &fixture.link,
                seed.randomness(),
            )
            .unwrap();
        // Ciphertext and day are at the end.
        assert_unlinkable(
            &fixture.auth_presentation.to_bytes(),
            &again.to_bytes(),
            433..505,
        );
    }
    let fixture = GroupFixture::new(1);
    let again = fixture
        .credential
        .present(&fixture.public, &fixture.group, Seed::new(5).randomness())
        .unwrap();
    assert_unlinkable(
        &fixture.presentation.to_bytes(),
        &again.to_bytes(),
        497..633,
    );
}

#[test]
fn presentations_for_two_rooms_share_no_word_at_all() {
    let fixture = CallLinkFixture::new(Mode::Standard, 1);
    let other = Seed::new(6).root_key().secret_params();
    let elsewhere = fixture
        .auth
        .present(
            &fixture.aci,
            TODAY,
            &fixture.public,
            &other,
            Seed::new(7).randomness(),
        )
        .unwrap();
    assert!(shared_words(&fixture.auth_presentation.to_bytes(), &elsewhere.to_bytes()).is_empty());
}

#[test]
fn a_presentation_shares_no_word_with_what_the_issuer_saw() {
    let fixture = CallLinkFixture::new(Mode::Standard, 1);
    let issuer = [
        fixture.context.request().to_bytes(),
        fixture.create_response.to_bytes(),
        fixture.auth_response.to_bytes(),
    ]
    .concat();
    assert!(shared_words(&issuer, &fixture.create_presentation.to_bytes()).is_empty());
    assert!(shared_words(&issuer, &fixture.auth_presentation.to_bytes()).is_empty());
}

fn point(bytes: &[u8], offset: usize) -> RistrettoPoint {
    CompressedRistretto::from_slice(&bytes[offset..offset + 32])
        .unwrap()
        .decompress()
        .unwrap()
}

/// Computes the room's attribute point as in the specification.
fn room_point(room_id: &RoomId) -> RistrettoPoint {
    Sho::of(b"20230413_Signal_CallLinkRoomId", room_id.as_bytes()).point()
}

#[test]
fn the_issuer_sees_the_room_only_under_a_pad() {
    // With fixed randomness of the blinding, requests for different rooms differ only in D2, the sum of the
    // room's point and a pad r*Y that is independent of the room.
    let rooms = [1, 2, 3].map(|seed| Seed::new(seed).root_key().room_id());
    let requests = rooms.map(|room| {
        CreateCredentialRequestContext::new(&room, Seed::new(8).randomness())
            .request()
            .to_bytes()
    });
    let pads: Vec<_> = rooms
        .iter()
        .zip(&requests)
        .map(|(room, request)| point(request, 33) - room_point(room))
        .collect();
    for (request, pad) in requests.iter().zip(&pads) {
        assert_eq!(request[..33], requests[0][..33], "D1");
        assert_eq!(request[65..], requests[0][65..], "Y");
        assert_eq!(*pad, pads[0], "the pad");
    }
    assert_ne!(requests[0][33..65], requests[1][33..65]);
    // Fresh randomness results in fresh D1, Y and pad, whatever the room.
    let fresh = CreateCredentialRequestContext::new(&rooms[0], Seed::new(9).randomness())
        .request()
        .to_bytes();
    assert!(shared_words(&requests[0], &fresh).is_empty());
}

#[test]
fn what_the_issuer_answers_depends_on_the_room_only_through_the_pad() {
    let fixture = CallLinkFixture::new(Mode::Standard, 1);
    let rooms = [1, 2].map(|seed| Seed::new(seed).root_key().room_id());
    let [a, b] = rooms.map(|room| {
        let context = CreateCredentialRequestContext::new(&room, Seed::new(8).randomness());
        context
            .request()
            .issue(
                &fixture.aci,
                TODAY,
                &fixture.secret,
                Seed::new(9).randomness(),
            )
            .unwrap()
            .to_bytes()
    });
    // Version, day, t, U and S1 are the same; S2 and the proof depend on D2.
    assert_eq!(a[..105], b[..105]);
    assert_ne!(a[105..137], b[105..137]);
}

/// Shifts the second half of an auth presentation's ciphertext by `G_y2`, which needs `y2*G_y2`.
///
/// In legacy mode `I_2 - I_3` is this value, and nothing binds the ciphertext's second half: the result
/// verifies. This is one of the reasons for standard mode.
fn shifted(fixture: &CallLinkFixture) -> Vec<u8> {
    let mut system = Sho::plain(b"Signal_ZKCredential_ConstantSystemParams_generate_20230410");
    // G_w, G_w', G_x0, G_x1, G_V, G_z, G_y0, G_y1 precede it.
    let g_y2 = (0..9).map(|_| system.point()).last().unwrap();
    let params = fixture.public.to_bytes();
    let y2_g_y2 = point(&params, 33) - point(&params, 65);

    let mut bytes = fixture.auth_presentation.to_bytes();
    let shift = |bytes: &mut [u8], offset: usize, by: RistrettoPoint| {
        let moved = (point(bytes, offset) + by).compress();
        bytes[offset..offset + 32].copy_from_slice(moved.as_bytes());
    };
    shift(&mut bytes, 65, y2_g_y2); // C_V
    shift(&mut bytes, 169, g_y2); // C_y2
    shift(&mut bytes, 465, g_y2); // E_A2
    bytes
}

#[test]
fn standard_mode_binds_what_legacy_mode_leaves_open() {
    let legacy = CallLinkFixture::new(Mode::Legacy, 1);
    assert_eq!(
        legacy.verify_auth(&shifted(&legacy)),
        Ok(()),
        "the known weakness of legacy mode"
    );
    let standard = CallLinkFixture::new(Mode::Standard, 1);
    assert_eq!(standard.verify_auth(&shifted(&standard)), Err(VerifyError));
}

#[test]
fn only_legacy_params_give_single_products_away() {
    // By the secrets, I_2 - I_3 is y2*G_y2 in legacy mode and no known value in standard mode.
    for (mode, leaks) in [(Mode::Legacy, true), (Mode::Standard, false)] {
        let fixture = CallLinkFixture::new(mode, 1);
        let secret = fixture.secret.to_bytes();
        let y2 =
            Scalar::from_canonical_bytes(secret[1 + 32 * 7..][..32].try_into().unwrap()).unwrap();
        let mut system = Sho::plain(b"Signal_ZKCredential_ConstantSystemParams_generate_20230410");
        let g_y2 = (0..9).map(|_| system.point()).last().unwrap();
        let params = fixture.public.to_bytes();
        assert_eq!(
            point(&params, 33) - point(&params, 65) == y2 * g_y2,
            leaks,
            "{mode:?}"
        );
    }
}

#[test]
fn secrets_show_nothing_of_themselves() {
    let fixture = CallLinkFixture::new(Mode::Standard, 1);
    let group = GroupFixture::new(1);
    let mut seed = Seed::new(1);
    let shown = [
        format!("{:?}", fixture.secret),
        format!("{:?}", fixture.link),
        format!("{:?}", fixture.context),
        format!("{:?}", fixture.create),
        format!("{:?}", fixture.auth),
        format!("{:?}", fixture.aci),
        format!("{:?}", fixture.room_id),
        format!("{:?}", seed.root_key()),
        format!("{:?}", HelloKey::derive(&seed.root_key())),
        format!("{:?}", AdminPasskey::from_bytes(seed.bytes())),
        format!("{:?}", MemberKey::from_bytes(seed.bytes())),
        format!("{:?}", AuthSalt::from_bytes(seed.bytes())),
        format!("{:?}", seed.randomness()),
        format!("{:?}", group.secret),
        format!("{:?}", group.group),
        format!("{:?}", group.credential),
        format!("{:?}", group.endorsements[0]),
        format!("{:?}", group.token),
        format!("{:?}", group.presentation),
        format!("{:?}", group.public),
        format!("{:?}", group.response),
        format!("{:?}", fixture.auth_presentation),
        format!("{:?}", fixture.auth_presentation.user_id()),
        format!("{:?}", fixture.auth_response),
        format!("{:?}", fixture.context.request()),
        format!("{:?}", fixture.create_presentation),
        format!("{:?}", fixture.create_response),
        format!("{:?}", fixture.public),
    ];
    for text in shown {
        assert!(text.ends_with("(..)"), "{text}");
        assert!(text.len() < 40, "{text}");
    }
}
