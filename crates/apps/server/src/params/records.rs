//! Records of server params: new ones, and what is read from stored ones.

use anteroom_issuer::CertificateParams;
use anteroom_protocol::{
    GenericSecretParams, GroupServerSecretParams, Mode, ParamsId, Randomness, Timestamp,
};
use anteroom_store::{ServerParamsKind, ServerParamsRecord};
use anyhow::Context as _;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

pub(super) fn generic_mode(record: &ServerParamsRecord) -> anyhow::Result<Mode> {
    let params = GenericSecretParams::from_bytes(&record.secret)
        .with_context(|| format!("the stored params {} do not parse", record.id))?;
    Ok(params.mode())
}

/// Returns the public half of stored params, and its version.
pub fn public_params(record: &ServerParamsRecord) -> anyhow::Result<(u8, Vec<u8>)> {
    let first = |public: Vec<u8>| (public.first().copied().unwrap_or_default(), public);
    let (id, secret) = (record.id, record.secret.as_slice());
    let public = match record.kind {
        ServerParamsKind::Generic | ServerParamsKind::Guest => {
            GenericSecretParams::from_bytes(secret)
                .map(|params| first(params.public_params().to_bytes()))
        }
        ServerParamsKind::Group => GroupServerSecretParams::from_bytes(secret)
            .map(|params| first(params.public_params().to_bytes())),
        ServerParamsKind::Certificates => {
            CertificateParams::from_bytes(secret).map(|params| (1, params.public_params()))
        }
    };
    public.with_context(|| format!("the stored params {id} do not parse"))
}

pub(super) fn is_live(record: &ServerParamsRecord, now: Timestamp) -> bool {
    record.not_before <= now && record.not_after.is_none_or(|end| now < end)
}

pub(super) fn make_generic(
    mode: Mode,
    not_before: Timestamp,
    rng: &mut (dyn CryptoRng + Send),
) -> ServerParamsRecord {
    generic_record(ServerParamsKind::Generic, mode, not_before, rng)
}

/// Creates the params of guests, which are always of the standard mode.
pub(super) fn make_guest(
    not_before: Timestamp,
    rng: &mut (dyn CryptoRng + Send),
) -> ServerParamsRecord {
    generic_record(ServerParamsKind::Guest, Mode::Standard, not_before, rng)
}

fn generic_record(
    kind: ServerParamsKind,
    mode: Mode,
    not_before: Timestamp,
    rng: &mut (dyn CryptoRng + Send),
) -> ServerParamsRecord {
    let params = GenericSecretParams::generate(mode, Randomness::random(rng));
    let id = params.public_params().id();
    record(id, kind, not_before, params.to_bytes())
}

pub(super) fn make_group(
    not_before: Timestamp,
    rng: &mut (dyn CryptoRng + Send),
) -> ServerParamsRecord {
    let params =
        GroupServerSecretParams::generate(Randomness::random(rng), Randomness::random(rng));
    record(
        params.public_params().id(),
        ServerParamsKind::Group,
        not_before,
        params.to_bytes(),
    )
}

pub(super) fn make_certificates(
    not_before: Timestamp,
    rng: &mut (dyn CryptoRng + Send),
) -> ServerParamsRecord {
    let params = CertificateParams::random(rng);
    record(
        params.id(),
        ServerParamsKind::Certificates,
        not_before,
        params.to_bytes(),
    )
}

fn record(
    id: ParamsId,
    kind: ServerParamsKind,
    not_before: Timestamp,
    secret: Zeroizing<Vec<u8>>,
) -> ServerParamsRecord {
    ServerParamsRecord {
        id,
        kind,
        not_before,
        not_after: None,
        secret,
    }
}
