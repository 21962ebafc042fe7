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
/// seed 1.
fn read(certificate: Option<&[u8]>) -> Result<Option<DeviceCertificate>, IssuerError> {
    let pins = MemoryPins::default();
    listing(&[1]).trusted(&pins, Trust::FirstUse, NOW).unwrap();
    let params = listing(&[1, 2]).trusted(&pins, Trust::FirstUse, NOW);
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

#[test]
fn a_certificate_that_members_would_refuse_or_that_marks_the_device_is_not_taken() {
    let changed = |change: &dyn Fn(&mut Certificate), seed| {
        let mut certificate = good();
        change(&mut certificate);
        certificate.sign(&issuer(seed)).to_bytes()
    };
    let nothing: &dyn Fn(&mut Certificate) = &|_| {};
    let untrusted = ParamsId::of(issuer(2).public().as_bytes());
    for (lie, certificate) in [
        ("a key that is listed and not pinned", changed(nothing, 2)),
        ("a key that is not listed", changed(nothing, 3)),
        (
            "another account",
            changed(&|it| it.account = Aci::from_bytes([2; 16]), 1),
        ),
        (
            "another device",
            changed(&|it| it.identity_key = identity(2).public(), 1),
        ),
    ] {
        let refused = read(Some(&certificate)).err().unwrap();
        assert!(
            matches!(&refused, IssuerError::Untrusted { kind: ParamsKind::Certificates, offered }
                if *offered == [untrusted]),
            "{lie}: {refused}"
        );
    }
    let whole = good().sign(&issuer(1)).to_bytes();
    for (lie, certificate) in [
        (
            "the day before",
            changed(&|it| it.last_day = it.last_day.minus(DAY), 1),
        ),
        (
            "the day after",
            changed(&|it| it.last_day = it.last_day.plus(DAY), 1),
        ),
        ("cut off", whole[1..].to_vec()),
        ("nothing", Vec::new()),
    ] {
        let refused = read(Some(&certificate)).err().unwrap();
        let is_malformed = matches!(&refused, IssuerError::Exchange(error)
            if matches!(error.failure, TransportFailure::Malformed(_)));
        assert!(is_malformed, "{lie}: {refused}");
    }
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
