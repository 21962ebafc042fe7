//! A message that was changed in transit is refused by its recipient; an unchanged one is accepted.

use crate::common::{CallLinkFixture, GroupFixture, Seed, TODAY, flips};
use anteroom_protocol::*;

const MODES: [Mode; 2] = [Mode::Legacy, Mode::Standard];

#[test]
fn any_flipped_bit_of_a_create_request_is_noticed() {
    let fixture = CallLinkFixture::new(Mode::Standard, 1);
    for (bit, flipped) in flips(&fixture.context.request().to_bytes()) {
        let Ok(request) = CreateCredentialRequest::from_bytes(&flipped) else {
            continue;
        };
        // The issuer cannot detect the change; the client, whose own request differs, refuses the response.
        let response = request
            .issue(
                &fixture.aci,
                TODAY,
                &fixture.secret,
                Seed::new(2).randomness(),
            )
            .unwrap();
        let received = fixture
            .context
            .receive(&response, &fixture.aci, &fixture.public);
        assert!(received.is_err(), "bit {bit}");
    }
}

#[test]
fn any_flipped_bit_of_a_response_is_refused() {
    for mode in MODES {
        let fixture = CallLinkFixture::new(mode, 1);
        for (bit, flipped) in flips(&fixture.create_response.to_bytes()) {
            if let Ok(response) = CreateCredentialResponse::from_bytes(&flipped) {
                let received = fixture
                    .context
                    .receive(&response, &fixture.aci, &fixture.public);
                assert!(received.is_err(), "create, {mode:?}, bit {bit}");
            }
        }
        for (bit, flipped) in flips(&fixture.auth_response.to_bytes()) {
            if let Ok(response) = AuthCredentialResponse::from_bytes(&flipped) {
                let received = response.receive(&fixture.aci, TODAY, &fixture.public);
                assert!(received.is_err(), "auth, {mode:?}, bit {bit}");
            }
        }
    }
    let fixture = GroupFixture::new(1);
    for (bit, flipped) in flips(&fixture.response.to_bytes()) {
        if let Ok(response) = GroupAuthCredentialResponse::from_bytes(&flipped) {
            let received = response.receive(&fixture.aci, &fixture.pni, TODAY, &fixture.public);
            assert!(received.is_err(), "group, bit {bit}");
        }
    }
    for (bit, flipped) in flips(&fixture.endorsements_response.to_bytes()) {
        if let Ok(response) = GroupSendEndorsementsResponse::from_bytes(&flipped) {
            let received =
                response.receive(&fixture.members, TODAY, &fixture.group, &fixture.public);
            assert!(received.is_err(), "endorsements, bit {bit}");
        }
    }
}

#[test]
fn any_flipped_bit_of_a_credential_makes_it_worthless() {
    let fixture = CallLinkFixture::new(Mode::Standard, 1);
    let room = &fixture.room_id;
    for (bit, flipped) in flips(&fixture.create.to_bytes()) {
        let presented = CreateCredential::from_bytes(&flipped)
            .map_err(|_| VerifyError)
            .and_then(|credential| {
                credential.present(
                    &fixture.aci,
                    room,
                    &fixture.public,
                    &fixture.link,
                    Seed::new(3).randomness(),
                )
            });
        if let Ok(presentation) = presented {
            assert!(
                fixture.verify_create(&presentation.to_bytes()).is_err(),
                "create, bit {bit}"
            );
        }
    }
    for (bit, flipped) in flips(&fixture.auth.to_bytes()) {
        let presented = AuthCredential::from_bytes(&flipped)
            .map_err(|_| VerifyError)
            .and_then(|credential| {
                credential.present(
                    &fixture.aci,
                    TODAY,
                    &fixture.public,
                    &fixture.link,
                    Seed::new(3).randomness(),
                )
            });
        if let Ok(presentation) = presented {
            assert!(
                fixture.verify_auth(&presentation.to_bytes()).is_err(),
                "auth, bit {bit}"
            );
        }
    }
}

#[test]
fn any_flipped_bit_of_a_presentation_is_refused() {
    for mode in MODES {
        let fixture = CallLinkFixture::new(mode, 1);
        assert_eq!(
            fixture.verify_create(&fixture.create_presentation.to_bytes()),
            Ok(())
        );
        for (bit, flipped) in flips(&fixture.create_presentation.to_bytes()) {
            assert!(
                fixture.verify_create(&flipped).is_err(),
                "create, {mode:?}, bit {bit}"
            );
        }
        assert_eq!(
            fixture.verify_auth(&fixture.auth_presentation.to_bytes()),
            Ok(())
        );
        for (bit, flipped) in flips(&fixture.auth_presentation.to_bytes()) {
            assert!(
                fixture.verify_auth(&flipped).is_err(),
                "auth, {mode:?}, bit {bit}"
            );
        }
    }
    let fixture = GroupFixture::new(1);
    let group = fixture.group.public_params();
    for (bit, flipped) in flips(&fixture.presentation.to_bytes()) {
        if let Ok(presentation) = GroupAuthPresentation::from_bytes(&flipped) {
            let verified = presentation.verify(TODAY, &fixture.secret, &group);
            assert!(verified.is_err(), "group, bit {bit}");
        }
    }
}

#[test]
fn any_flipped_bit_of_a_token_is_refused() {
    let fixture = GroupFixture::new(1);
    assert_eq!(
        fixture
            .token
            .verify(&fixture.members, TODAY, &fixture.secret),
        Ok(())
    );
    for (bit, flipped) in flips(&fixture.token.to_bytes()) {
        if let Ok(token) = GroupSendFullToken::from_bytes(&flipped) {
            let verified = token.verify(&fixture.members, TODAY, &fixture.secret);
            assert!(verified.is_err(), "bit {bit}");
        }
    }
}

#[test]
fn a_token_is_for_exactly_its_members_until_its_expiration() {
    let fixture = GroupFixture::new(1);
    let verify = |members: &[ServiceId], now| fixture.token.verify(members, now, &fixture.secret);
    let mut members = fixture.members.clone();
    members.reverse();
    assert_eq!(verify(&members, fixture.expiration), Ok(()));
    assert_eq!(
        verify(&members, fixture.expiration.plus(1)),
        Err(VerifyError)
    );
    assert_eq!(verify(&members[1..], TODAY), Err(VerifyError));
    assert_eq!(verify(&[], TODAY), Err(VerifyError));
    members.push(Seed::new(9).aci().into());
    assert_eq!(verify(&members, TODAY), Err(VerifyError));
}

#[test]
fn endorsements_can_be_combined_and_taken_apart() {
    let fixture = GroupFixture::new(1);
    let all = GroupSendEndorsement::combine(&fixture.endorsements);
    for (member, endorsement) in fixture.members.iter().zip(&fixture.endorsements) {
        let others: Vec<_> = fixture
            .members
            .iter()
            .filter(|other| *other != member)
            .copied()
            .collect();
        let token = all
            .without(endorsement)
            .to_token(&fixture.group)
            .into_full(fixture.expiration);
        assert_eq!(token.verify(&others, TODAY, &fixture.secret), Ok(()));
        assert_eq!(
            token.verify(&fixture.members, TODAY, &fixture.secret),
            Err(VerifyError)
        );
    }
}

#[test]
fn endorsements_of_an_odd_expiration_or_of_others_are_refused() {
    let fixture = GroupFixture::new(1);
    let ciphertexts: Vec<_> = fixture
        .members
        .iter()
        .map(|member| fixture.group.encrypt_service_id(member))
        .collect();
    let receive = |expiration: Timestamp, now, members: &[ServiceId]| {
        GroupSendEndorsementsResponse::issue(
            &ciphertexts,
            expiration,
            &fixture.secret,
            Seed::new(4).randomness(),
        )
        .unwrap()
        .receive(members, now, &fixture.group, &fixture.public)
        .map(|_| ())
    };
    let tomorrow = TODAY.plus(DAY);
    for (expiration, now, expected) in [
        (tomorrow, tomorrow.minus(2 * HOUR), Ok(())),
        (tomorrow, tomorrow.minus(2 * HOUR - 1), Err(VerifyError)),
        (tomorrow, tomorrow.minus(7 * DAY), Ok(())),
        (tomorrow, tomorrow.minus(7 * DAY + 1), Err(VerifyError)),
        (tomorrow, tomorrow.plus(1), Err(VerifyError)),
        (tomorrow.plus(1), TODAY, Err(VerifyError)),
    ] {
        assert_eq!(
            receive(expiration, now, &fixture.members),
            expected,
            "{expiration:?} at {now:?}"
        );
    }
    assert_eq!(
        receive(tomorrow, TODAY, &fixture.members[1..]),
        Err(VerifyError)
    );
    let none = GroupSendEndorsementsResponse::issue(
        &[],
        tomorrow,
        &fixture.secret,
        Seed::new(4).randomness(),
    );
    assert!(none.is_err(), "nobody to endorse");
}

#[test]
fn the_default_expiration_leaves_at_least_25_hours() {
    for (now, expected) in [
        (TODAY, TODAY.plus(2 * DAY)),
        (TODAY.plus(23 * HOUR), TODAY.plus(2 * DAY)),
        (TODAY.plus(23 * HOUR + 1), TODAY.plus(3 * DAY)),
        (TODAY.plus(DAY - 1), TODAY.plus(3 * DAY)),
    ] {
        assert_eq!(
            GroupSendEndorsementsResponse::default_expiration(now),
            expected,
            "{now:?}"
        );
    }
}

#[test]
fn presentations_are_accepted_a_little_beyond_the_day_create_30_h_auth_one_day_before_to_two_days_after()
 {
    let fixture = CallLinkFixture::new(Mode::Standard, 1);
    let link = fixture.link.public_params();
    for (now, expected) in [
        (TODAY.minus(1), Err(VerifyError)),
        (TODAY, Ok(())),
        (TODAY.plus(30 * HOUR - 1), Ok(())),
        (TODAY.plus(30 * HOUR), Err(VerifyError)),
    ] {
        let verified =
            fixture
                .create_presentation
                .verify(&fixture.room_id, now, &fixture.secret, &link);
        assert_eq!(verified, expected, "create at {now:?}");
    }
    let group = GroupFixture::new(1);
    for (now, expected) in [
        (TODAY.minus(DAY + 1), Err(VerifyError)),
        (TODAY.minus(DAY), Ok(())),
        (TODAY.plus(2 * DAY), Ok(())),
        (TODAY.plus(2 * DAY + 1), Err(VerifyError)),
    ] {
        let verified = fixture
            .auth_presentation
            .verify(now, &fixture.secret, &link);
        assert_eq!(verified, expected, "auth at {now:?}");
        let verified = group
            .presentation
            .verify(now, &group.secret, &group.group.public_params());
        assert_eq!(verified, expected, "group at {now:?}");
    }
}

#[test]
fn another_account_key_room_or_day_is_refused() {
    for mode in MODES {
        let fixture = CallLinkFixture::new(mode, 1);
        let other = CallLinkFixture::new(mode, 2);
        let (link, other_link) = (fixture.link.public_params(), other.link.public_params());

        let receive = |aci, params| {
            fixture
                .context
                .receive(&fixture.create_response, aci, params)
        };
        assert!(receive(&other.aci, &fixture.public).is_err());
        assert!(receive(&fixture.aci, &other.public).is_err());
        let context = &other.context;
        assert!(
            context
                .receive(&fixture.create_response, &fixture.aci, &fixture.public)
                .is_err()
        );
        let receive = |aci, day, params| fixture.auth_response.receive(aci, day, params);
        assert!(receive(&other.aci, TODAY, &fixture.public).is_err());
        assert!(receive(&fixture.aci, TODAY.plus(DAY), &fixture.public).is_err());
        assert!(receive(&fixture.aci, TODAY, &other.public).is_err());

        let verify = |room, params, link| {
            fixture
                .create_presentation
                .verify(room, TODAY, params, link)
        };
        assert!(verify(&other.room_id, &fixture.secret, &link).is_err());
        assert!(verify(&fixture.room_id, &other.secret, &link).is_err());
        assert!(verify(&fixture.room_id, &fixture.secret, &other_link).is_err());
        let verify = |params, link| fixture.auth_presentation.verify(TODAY, params, link);
        assert!(verify(&other.secret, &link).is_err());
        assert!(verify(&fixture.secret, &other_link).is_err());

        let present = |aci, room, public| {
            fixture
                .create
                .present(aci, room, public, &fixture.link, Seed::new(3).randomness())
        };
        let stolen = present(&other.aci, &fixture.room_id, &fixture.public).unwrap();
        assert!(
            fixture.verify_create(&stolen.to_bytes()).is_err(),
            "another account's credential"
        );
        let moved = present(&fixture.aci, &other.room_id, &fixture.public).unwrap();
        assert!(
            moved
                .verify(&other.room_id, TODAY, &fixture.secret, &link)
                .is_err(),
            "another room"
        );
        let late = fixture
            .auth
            .present(
                &fixture.aci,
                TODAY.plus(DAY),
                &fixture.public,
                &fixture.link,
                Seed::new(3).randomness(),
            )
            .unwrap();
        assert!(
            fixture.verify_auth(&late.to_bytes()).is_err(),
            "another day"
        );
    }
}

#[test]
fn a_day_that_starts_at_no_midnight_is_not_received() {
    let fixture = CallLinkFixture::new(Mode::Standard, 1);
    for odd in [TODAY.plus(1), TODAY.minus(1), TODAY.plus(HOUR)] {
        let request = fixture.context.request();
        let response = request
            .issue(
                &fixture.aci,
                odd,
                &fixture.secret,
                Seed::new(3).randomness(),
            )
            .unwrap();
        assert!(
            fixture
                .context
                .receive(&response, &fixture.aci, &fixture.public)
                .is_err()
        );
        let response = AuthCredentialResponse::issue(
            &fixture.aci,
            odd,
            &fixture.secret,
            Seed::new(3).randomness(),
        )
        .unwrap();
        assert!(
            response
                .receive(&fixture.aci, odd, &fixture.public)
                .is_err()
        );
    }
}

#[test]
fn the_modes_do_not_mix() {
    let legacy = CallLinkFixture::new(Mode::Legacy, 1);
    let standard = CallLinkFixture::new(Mode::Standard, 1);
    assert!(
        standard
            .auth_response
            .receive(&legacy.aci, TODAY, &legacy.public)
            .is_err()
    );
    assert!(
        legacy
            .verify_auth(&standard.auth_presentation.to_bytes())
            .is_err()
    );
    let mut relabelled = standard.auth_presentation.to_bytes();
    relabelled[0] = 0;
    assert!(legacy.verify_auth(&relabelled).is_err());
    assert!(standard.verify_auth(&relabelled).is_err());
}

#[test]
fn a_verifier_tries_the_keys_of_the_mode_and_time() {
    let [old, new] = [1, 2].map(|seed| CallLinkFixture::new(Mode::Standard, seed));
    let legacy = CallLinkFixture::new(Mode::Legacy, 3);
    let key = |fixture: &CallLinkFixture, not_before, not_after| VerifyingParamsEntry {
        params: GenericSecretParams::from_bytes(&fixture.secret.to_bytes()).unwrap(),
        not_before,
        not_after,
    };
    let keys = VerifyingParams::new(vec![
        key(&new, TODAY, None),
        key(&legacy, TODAY, None),
        key(&old, TODAY.minus(DAY), Some(TODAY.plus(HOUR))),
    ]);
    let auth = |fixture: &CallLinkFixture, now| {
        keys.verify_auth(
            &fixture.auth_presentation,
            now,
            &fixture.link.public_params(),
            None,
        )
    };
    let create = |fixture: &CallLinkFixture, now| {
        keys.verify_create(
            &fixture.create_presentation,
            &fixture.room_id,
            now,
            &fixture.link.public_params(),
        )
    };
    for fixture in [&old, &new, &legacy] {
        assert_eq!(auth(fixture, TODAY), Ok(()));
        assert_eq!(create(fixture, TODAY), Ok(()));
    }
    assert_eq!(
        auth(&old, TODAY.plus(HOUR)),
        Err(VerifyError),
        "its time is over"
    );
    assert_eq!(
        auth(&new, TODAY.minus(1)),
        Err(VerifyError),
        "its time has not come"
    );
    assert_eq!(auth(&old, TODAY.minus(1)), Ok(()));
    let stranger = CallLinkFixture::new(Mode::Standard, 4);
    assert_eq!(auth(&stranger, TODAY), Err(VerifyError));

    assert_eq!(keys.next_change(TODAY.minus(1)), Some(TODAY));
    assert_eq!(keys.next_change(TODAY), Some(TODAY.plus(HOUR)));
    assert_eq!(keys.next_change(TODAY.plus(HOUR)), None);
}

#[test]
fn user_ids_decrypt_under_their_own_key_only() {
    let [fixture, other] = [1, 2].map(|seed| CallLinkFixture::new(Mode::Standard, seed));
    let pni = Pni::from_bytes(*fixture.aci.as_bytes());
    for id in [ServiceId::from(fixture.aci), ServiceId::from(pni)] {
        let ciphertext = fixture.link.encrypt(&id);
        assert_eq!(fixture.link.decrypt(&ciphertext), Ok(id));
        assert_eq!(other.link.decrypt(&ciphertext), Err(VerifyError));
        for (bit, flipped) in flips(&ciphertext.to_bytes()) {
            if let Ok(flipped) = UidCiphertext::from_bytes(&flipped) {
                assert_eq!(
                    fixture.link.decrypt(&flipped),
                    Err(VerifyError),
                    "bit {bit}"
                );
            }
        }
    }
}

#[test]
fn blobs_open_under_their_own_key_only() {
    let [fixture, other] = [1, 2].map(GroupFixture::new);
    for plaintext in [&b""[..], b"title", &[7; 1000]] {
        let blob = fixture.group.encrypt_blob(plaintext, [1; 12]).unwrap();
        assert_eq!(fixture.group.decrypt_blob(&blob).as_deref(), Ok(plaintext));
        assert_eq!(other.group.decrypt_blob(&blob), Err(VerifyError));
        for (_, flipped) in flips(&blob).step_by(7) {
            assert_eq!(fixture.group.decrypt_blob(&flipped), Err(VerifyError));
        }
    }
}
