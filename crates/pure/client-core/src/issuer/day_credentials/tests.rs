//! Certificates of issuers that lie.

use anteroom_e2ee::{Certificate, CertificateKey};
use anteroom_protocol::{GenericSecretParams, Mode, ParamsId, Randomness};
use http::{HeaderMap, StatusCode};
use serde_json::json;
use zeroize::Zeroizing;

use super::*;
use crate::{MemoryPins, PublishedParams, Trust, Validity, wire};

const NOW: Timestamp = Timestamp::from_secs(20_000 * DAY + DAY / 2);
const ACI: Aci = Aci::from_bytes([1; 16]);
const ALWAYS: Validity = Validity {
    not_before: Timestamp::from_secs(0),
    not_after: None,
};

fn issuer(seed: u8) -> CertificateKey {
    CertificateKey::from_seed(&[seed; 32])
}

fn identity(seed: u8) -> IdentityKey {
    IdentityKey::from_seed(&[seed; 32])
}

/// Lists generic params, and the keys of certificates of these seeds. That of the lowest seed issues.
fn listing(seeds: &[u8]) -> PublishedParams {
    let randomness = Randomness::from_bytes([1; 32]);
    let generic = GenericSecretParams::generate(Mode::Standard, randomness);
    let generic = generic.public_params().clone();
    let certificates = seeds.iter().map(|seed| {
        let params = issuer(*seed).public();
        ListedParams {
            kind: ParamsKind::Certificates,
            id: ParamsId::of(params.as_bytes()),
            params,
            validity: Validity {
                not_before: Timestamp::from_secs(u64::from(u8::MAX - seed)),
                not_after: None,
            },
        }
    });
    let mut listing = PublishedParams::default();
    listing.generic.push(ListedParams {
        kind: ParamsKind::Generic,
        id: generic.id(),
        params: generic,
        validity: ALWAYS,
    });
    listing.certificates.extend(certificates);
    listing
}

fn good() -> Certificate {
    Certificate {
        account: ACI,
        is_guest: false,
        identity_key: identity(1).public(),
        last_day: DayRange::week_from(NOW).last(),
    }
}

fn answer(certificate: Option<&[u8]>) -> Answer {
    let mut body = json!({ "callLinkAuthCredentials": [] });
    if let Some(bytes) = certificate {
        body["certificate"] = wire::encode(bytes).into();
    }
    let body = Zeroizing::new(body.to_string().into_bytes());
    Answer::new(StatusCode::OK, HeaderMap::new(), body)
}

/// Reads an answer with this certificate as the device of the identity key 1, which has pinned the key of
/// seed 1. The issuer lists no other key.
fn read(certificate: Option<&[u8]>) -> Result<Option<DeviceCertificate>, IssuerError> {
    read_under(certificate, listing(&[1]))
}

/// As [`read`], when the issuer lists these params after the first contact.
fn read_under(
    certificate: Option<&[u8]>,
    listing: PublishedParams,
) -> Result<Option<DeviceCertificate>, IssuerError> {
    let pins = MemoryPins::default();
    let first = self::listing(&[1]);
    let first = match listing.is_of_guest() {
        true => first.for_guest(),
        false => first,
    };
    first.trusted(&pins, Trust::FirstUse, NOW).unwrap();
    let params = listing.trusted(&pins, Trust::FirstUse, NOW);
    let (params, identity) = (params.unwrap(), identity(1));
    let exchange = DayCredentialsExchange::new(DayRange::week_from(NOW), &params, NOW);
    let exchange = exchange.unwrap().with_identity(&identity);
    exchange.read_certificate(&answer(certificate), &ACI)
}

#[test]
fn a_certificate_is_taken_if_members_would_take_it() {
    let signed = good().sign(&issuer(1));
    let taken = read(Some(&signed.to_bytes())).unwrap().unwrap();
    assert!(*taken.certificate() == signed);
    assert_eq!(taken.last_day(), good().last_day);
    assert!(read(None).unwrap().is_none(), "an issuer without a key");
}

/// A change of the certificate that the device should get.
type Change = fn(&mut Certificate);

/// Returns the good certificate after this change, signed with the key of this seed.
fn changed(change: Change, seed: u8) -> Vec<u8> {
    let mut certificate = good();
    change(&mut certificate);
    certificate.sign(&issuer(seed)).to_bytes()
}

const UNCHANGED: Change = |_| {};
const OF_ANOTHER_ACCOUNT: Change = |it| it.account = Aci::from_bytes([2; 16]);
const OF_ANOTHER_DEVICE: Change = |it| it.identity_key = identity(2).public();

#[test]
fn a_certificate_that_members_would_refuse_or_that_marks_the_device_is_not_taken() {
    for (lie, certificate) in [
        ("a key that is not listed", changed(UNCHANGED, 3)),
        ("another account", changed(OF_ANOTHER_ACCOUNT, 1)),
        ("another device", changed(OF_ANOTHER_DEVICE, 1)),
    ] {
        let refused = read(Some(&certificate)).err().unwrap();
        assert!(
            matches!(&refused, IssuerError::Verification),
            "{lie}: {refused}"
        );
    }
    let whole = changed(UNCHANGED, 1);
    for (lie, certificate) in [
        (
            "the day before",
            changed(|it| it.last_day = it.last_day.minus(DAY), 1),
        ),
        (
            "the day after",
            changed(|it| it.last_day = it.last_day.plus(DAY), 1),
        ),
        ("a guest", changed(|it| it.is_guest = true, 1)),
        ("cut off", whole[1..].to_vec()),
        ("nothing", Vec::new()),
    ] {
        let refused = read(Some(&certificate)).err().unwrap();
        assert!(is_malformed(&refused), "{lie}: {refused}");
    }
}

fn is_malformed(error: &IssuerError) -> bool {
    matches!(error, IssuerError::Exchange(error)
        if matches!(error.failure, TransportFailure::Malformed(_)))
}

#[test]
fn a_refused_certificate_names_the_key_that_is_listed_and_not_pinned() {
    let untrusted = ParamsId::of(issuer(2).public().as_bytes());
    for (lie, certificate) in [
        ("that key", changed(UNCHANGED, 2)),
        ("a key that is not listed", changed(UNCHANGED, 3)),
        ("another account", changed(OF_ANOTHER_ACCOUNT, 1)),
    ] {
        let refused = read_under(Some(&certificate), listing(&[1, 2]));
        let refused = refused.err().unwrap();
        assert!(
            matches!(&refused, IssuerError::Untrusted { kind: ParamsKind::Certificates, offered }
                if *offered == [untrusted]),
            "{lie}: {refused}"
        );
    }
}

#[test]
fn a_guest_takes_a_certificate_of_a_guest_alone() {
    let mut of_guest = listing(&[1]);
    of_guest.guest = of_guest.generic.clone();
    let of_guest = of_guest.for_guest();
    let own = changed(|it| it.is_guest = true, 1);
    assert!(read_under(Some(&own), of_guest.clone()).unwrap().is_some());
    let refused = read_under(Some(&changed(UNCHANGED, 1)), of_guest);
    assert!(is_malformed(&refused.err().unwrap()));
}

#[test]
fn the_request_of_a_batch_names_the_identity_key_where_no_log_shows_it() {
    let pins = MemoryPins::default();
    let params = listing(&[1]).trusted(&pins, Trust::FirstUse, NOW).unwrap();
    let exchange = DayCredentialsExchange::new(DayRange::week_from(NOW), &params, NOW).unwrap();
    assert!(exchange.auth_request().unwrap().headers().is_empty());
    let identity = identity(1);
    let request = exchange.with_identity(&identity).auth_request().unwrap();
    let value = &request.headers()[IDENTITY_KEY];
    assert!(value.is_sensitive());
    assert_eq!(value.len(), 43);
    let url = request.url(&"https://issuer.example".parse().unwrap());
    assert!(!url.unwrap().as_str().contains(value.to_str().unwrap()));
}
