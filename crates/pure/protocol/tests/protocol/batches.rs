//! Batches of credentials, and credentials from random numbers of a generator.

use anteroom_protocol::{
    Aci, AuthCredentialResponse, AuthSalt, CredentialBatch, DAY, GenericSecretParams,
    GroupAuthCredentialResponse, GroupIdentity, GroupServerSecretParams, Mode, Pni, Randomness,
    Timestamp,
};
use rand::{SeedableRng, rngs::StdRng};

const TODAY: Timestamp = Timestamp::from_secs(20_000 * DAY);

struct Issuer {
    rng: StdRng,
    generic: GenericSecretParams,
    group: GroupServerSecretParams,
    aci: Aci,
    pni: Pni,
}

impl Issuer {
    fn new(mode: Mode) -> Self {
        let mut rng = StdRng::seed_from_u64(3);
        let mut randomness = || Randomness::random(&mut rng);
        let generic = GenericSecretParams::generate(mode, randomness());
        let group = GroupServerSecretParams::generate(randomness(), randomness());
        let (aci, pni) = (Aci::random(&mut rng), Pni::random(&mut rng));
        Self {
            rng,
            generic,
            group,
            aci,
            pni,
        }
    }
}

fn days(count: u64) -> Vec<Timestamp> {
    (0..count).map(|day| TODAY.plus(day * DAY)).collect()
}

/// The bytes do not depend on the number of threads.
#[test]
fn a_batch_has_the_bytes_of_its_credentials_one_by_one() {
    let mut issuer = Issuer::new(Mode::Standard);
    let pni = issuer.pni;
    let batch = CredentialBatch {
        aci: &issuer.aci,
        call_links: &issuer.generic,
        groups: Some((&issuer.group, GroupIdentity::Pni(&pni))),
    };
    let together = batch.issue(&days(8), &mut issuer.rng).unwrap();
    let mut issuer = Issuer::new(Mode::Standard);
    let Issuer {
        rng,
        generic,
        group,
        aci,
        ..
    } = &mut issuer;
    for (day, issued) in days(8).into_iter().zip(&together.call_links) {
        let alone = AuthCredentialResponse::issue(aci, day, generic, Randomness::random(rng));
        assert_eq!(alone.unwrap().to_bytes(), issued.to_bytes());
    }
    for (day, issued) in days(8).into_iter().zip(&together.groups) {
        let randomness = Randomness::random(rng);
        let alone = GroupAuthCredentialResponse::issue(aci, &pni, day, group, randomness);
        assert_eq!(alone.unwrap().to_bytes(), issued.to_bytes());
    }
}

#[test]
fn every_credential_of_a_batch_is_good_for_its_day_alone() {
    for mode in [Mode::Legacy, Mode::Standard] {
        let mut issuer = Issuer::new(mode);
        let salt = AuthSalt::from_bytes([7; 32]);
        for identity in [
            GroupIdentity::Pni(&issuer.pni.clone()),
            GroupIdentity::WithoutPni(&salt),
        ] {
            let batch = CredentialBatch {
                aci: &issuer.aci,
                call_links: &issuer.generic,
                groups: Some((&issuer.group, identity)),
            };
            let issued = batch.issue(&days(3), &mut issuer.rng).unwrap();
            assert_eq!((issued.call_links.len(), issued.groups.len()), (3, 3));
            let (generic, group) = (issuer.generic.public_params(), issuer.group.public_params());
            for (index, issued_for) in days(3).into_iter().enumerate() {
                let call_link =
                    AuthCredentialResponse::from_bytes(&issued.call_links[index].to_bytes());
                let for_group =
                    GroupAuthCredentialResponse::from_bytes(&issued.groups[index].to_bytes());
                let (call_link, for_group) = (call_link.unwrap(), for_group.unwrap());
                for day in days(3) {
                    let good = day == issued_for;
                    let received = call_link.receive(&issuer.aci, day, generic);
                    assert_eq!(received.is_ok(), good);
                    let received = match identity {
                        GroupIdentity::Pni(pni) => for_group.receive(&issuer.aci, pni, day, group),
                        GroupIdentity::WithoutPni(salt) => {
                            for_group.receive_without_pni(&issuer.aci, salt, day, group)
                        }
                    };
                    assert_eq!(received.is_ok(), good);
                }
            }
        }
    }
}

#[test]
fn a_batch_may_be_without_groups_and_without_days() {
    let mut issuer = Issuer::new(Mode::Standard);
    let batch = CredentialBatch {
        aci: &issuer.aci,
        call_links: &issuer.generic,
        groups: None,
    };
    let issued = batch.issue(&days(2), &mut issuer.rng).unwrap();
    assert_eq!((issued.call_links.len(), issued.groups.len()), (2, 0));
    let issued = batch.issue(&[], &mut issuer.rng).unwrap();
    assert!(issued.call_links.is_empty());
}

/// The test examines `U` of many credentials: uniform points have uniform encodings, except for the lowest
/// bit, which is zero, and the two highest, which the size of the field bounds.
#[test]
fn points_from_drawn_randomness_are_valid_fresh_and_without_bias() {
    const COUNT: usize = 400;
    let mut issuer = Issuer::new(Mode::Standard);
    let batch = CredentialBatch {
        aci: &issuer.aci,
        call_links: &issuer.generic,
        groups: None,
    };
    let issued = batch.issue(&[TODAY; COUNT], &mut issuer.rng).unwrap();
    let mut points: Vec<[u8; 32]> = issued
        .call_links
        .iter()
        .map(|response| response.to_bytes()[33..65].try_into().unwrap())
        .collect();
    for bit in 1..254 {
        let ones = points
            .iter()
            .filter(|point| point[bit / 8] >> (bit % 8) & 1 == 1)
            .count();
        // 60 is six standard deviations of a fair coin.
        assert!(
            ones.abs_diff(COUNT / 2) < 60,
            "bit {bit}: {ones} of {COUNT}"
        );
    }
    points.sort_unstable();
    points.dedup();
    assert_eq!(points.len(), COUNT);
}
