//! The serialized form of a credential store: JSON, for a sealed file.

use anteroom_e2ee::{IdentityKey, SignedCertificate};
use anteroom_protocol::{
    Aci, AuthCredential, CreateCredential, ParamsId, ParseError, RootKey, Timestamp,
};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use super::{
    CredentialStore,
    spare_link::{SpareLink, TriedLink},
};
use crate::{
    DeviceCertificate, IssuedCredential, PublishedParams, RenewalSchedule,
    wire::{self, ParamsBody, ParamsEntry},
};

/// The error for bytes that are no credential store of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are no stored credentials")]
pub struct CredentialFormatError;

/// The stored content. It contains secrets: there is no `Debug`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    account: String,
    params: Vec<ParamsEntry>,
    auth: Vec<Entry>,
    /// The seed of the identity key. An earlier version stored it with the certificate alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    identity: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    certificate: Option<CertificateEntry>,
    spare_links: Vec<SpareEntry>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tried_links: Vec<TriedEntry>,
    #[serde(default)]
    taken_links: u32,
    due: u64,
    last_use: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    redemption: u64,
    params: String,
    credential: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SpareEntry {
    root_key: String,
    issued: Entry,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TriedEntry {
    service: String,
    link: SpareEntry,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CertificateEntry {
    identity: String,
    certificate: String,
    params: String,
    last_day: u64,
}

impl Drop for Content {
    fn drop(&mut self) {
        self.identity.zeroize();
    }
}

impl Drop for CertificateEntry {
    fn drop(&mut self) {
        self.identity.zeroize();
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.credential.zeroize();
    }
}

impl Drop for SpareEntry {
    fn drop(&mut self) {
        self.root_key.zeroize();
    }
}

impl CredentialStore {
    /// Returns the bytes to be sealed and stored.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let content = Content {
            account: self.aci.to_uuid_string(),
            params: self.listing.body().params,
            auth: self
                .auth
                .iter()
                .map(|issued| Entry::new(issued, &issued.credential.to_bytes()))
                .collect(),
            identity: self.identity.as_ref().map(encode_identity),
            certificate: self.certificate.as_ref().map(CertificateEntry::new),
            spare_links: self.spare_links.iter().map(SpareEntry::new).collect(),
            tried_links: self.tried_links.iter().map(TriedEntry::new).collect(),
            taken_links: self.taken_links,
            due: self.schedule.due().as_secs(),
            last_use: self.schedule.last_use().as_secs(),
        };
        // Serializing strings and numbers cannot fail.
        Zeroizing::new(serde_json::to_vec(&content).unwrap_or_default())
    }

    /// Parses a store.
    ///
    /// # Errors
    /// The bytes were not written by [`Self::to_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CredentialFormatError> {
        let mut content: Content =
            serde_json::from_slice(bytes).map_err(|_| CredentialFormatError)?;
        let listing = ParamsBody {
            params: std::mem::take(&mut content.params),
        };
        let auth = content
            .auth
            .iter()
            .map(|entry| entry.parse(AuthCredential::from_bytes));
        let certificate = content.certificate.as_ref();
        let certificate = certificate.map(CertificateEntry::parse).transpose()?;
        let identity = content.identity.as_deref().map(parse_identity);
        let of_certificate = certificate.as_ref().map(|one| one.identity.clone());
        let identity = identity.transpose()?.or(of_certificate);
        let spare_links = content.spare_links.iter().map(SpareEntry::parse);
        let tried_links = content.tried_links.iter().map(TriedEntry::parse);
        Ok(Self {
            aci: Aci::parse(&content.account).map_err(|_| CredentialFormatError)?,
            listing: parse_listing(&listing)?.stored(),
            auth: auth.collect::<Result<_, _>>()?,
            identity,
            certificate,
            spare_links: spare_links.collect::<Result<_, _>>()?,
            tried_links: tried_links.collect::<Result<_, _>>()?,
            taken_links: content.taken_links,
            schedule: RenewalSchedule::new(
                Timestamp::from_secs(content.due),
                Timestamp::from_secs(content.last_use),
            ),
        })
    }
}

/// Parses the stored list. That of a guest has params of guests and no others.
fn parse_listing(body: &ParamsBody) -> Result<PublishedParams, CredentialFormatError> {
    let listing = PublishedParams::parse(body, None).map_err(|_| CredentialFormatError)?;
    let is_of_guest = listing.generic.is_empty() && !listing.guest.is_empty();
    Ok(match is_of_guest {
        true => listing.for_guest(),
        false => listing,
    })
}

fn encode_identity(identity: &IdentityKey) -> String {
    wire::encode(identity.seed())
}

fn parse_identity(text: &str) -> Result<IdentityKey, CredentialFormatError> {
    let seed = wire::decode(text).map_err(|_| CredentialFormatError)?;
    let seed = Zeroizing::new(seed);
    let seed = seed.as_slice().try_into();
    Ok(IdentityKey::from_seed(
        seed.map_err(|_| CredentialFormatError)?,
    ))
}

impl Entry {
    fn new<C>(issued: &IssuedCredential<C>, credential: &[u8]) -> Self {
        Self {
            redemption: issued.redemption.as_secs(),
            params: issued.params.to_hex(),
            credential: wire::encode(credential),
        }
    }

    fn parse<C>(
        &self,
        credential: impl FnOnce(&[u8]) -> Result<C, ParseError>,
    ) -> Result<IssuedCredential<C>, CredentialFormatError> {
        let bytes = wire::decode(&self.credential).map_err(|_| CredentialFormatError)?;
        let bytes = Zeroizing::new(bytes);
        Ok(IssuedCredential {
            credential: credential(&bytes).map_err(|_| CredentialFormatError)?,
            redemption: Timestamp::from_secs(self.redemption),
            params: ParamsId::parse(&self.params).map_err(|_| CredentialFormatError)?,
        })
    }
}

impl CertificateEntry {
    fn new(certificate: &DeviceCertificate) -> Self {
        Self {
            identity: encode_identity(&certificate.identity),
            certificate: wire::encode(&certificate.certificate.to_bytes()),
            params: certificate.params.to_hex(),
            last_day: certificate.last_day.as_secs(),
        }
    }

    fn parse(&self) -> Result<DeviceCertificate, CredentialFormatError> {
        let certificate = wire::decode(&self.certificate).map_err(|_| CredentialFormatError)?;
        let certificate = SignedCertificate::parse(&certificate);
        Ok(DeviceCertificate {
            identity: parse_identity(&self.identity)?,
            certificate: certificate.map_err(|_| CredentialFormatError)?,
            params: ParamsId::parse(&self.params).map_err(|_| CredentialFormatError)?,
            last_day: Timestamp::from_secs(self.last_day),
        })
    }
}

impl SpareEntry {
    fn new(link: &SpareLink) -> Self {
        Self {
            root_key: link.root_key.to_text().to_string(),
            issued: Entry::new(&link.issued, &link.issued.credential.to_bytes()),
        }
    }

    fn parse(&self) -> Result<SpareLink, CredentialFormatError> {
        Ok(SpareLink {
            root_key: RootKey::parse(&self.root_key).map_err(|_| CredentialFormatError)?,
            issued: self.issued.parse(CreateCredential::from_bytes)?,
        })
    }
}

impl TriedEntry {
    fn new(tried: &TriedLink) -> Self {
        Self {
            service: tried.service.clone(),
            link: SpareEntry::new(&tried.link),
        }
    }

    fn parse(&self) -> Result<TriedLink, CredentialFormatError> {
        Ok(TriedLink {
            service: self.service.clone(),
            link: self.link.parse()?,
        })
    }
}
