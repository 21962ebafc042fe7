//! Leaves: the claims of a member that stand in the group's tree.

use core::fmt;

use anteroom_protocol::{DemuxId, OpaqueUserId, ParseError, printable_name};
use openmls::prelude::{
    BasicCredential, Capabilities, Credential, CredentialType, CredentialWithKey, Extension,
    ExtensionType, Extensions, LeafNode, UnknownExtension,
};

use super::crypto::CIPHERSUITE;
use crate::{
    Admission, CertificateChain, LeafClaim, MemberPublicKey,
    encoding::{Reader, Writer},
};

/// The extension of the group's context with the [`RoomContext`](crate::RoomContext).
pub(super) const ROOM: u16 = 0xf200;
const ADMISSION: u16 = 0xf201;
const NAME: u16 = 0xf202;
const CERTIFICATE: u16 = 0xf203;
const SERIAL: u16 = 0xf204;

/// The extensions that every member supports.
pub(super) const EXTENSIONS: [u16; 5] = [ROOM, ADMISSION, NAME, CERTIFICATE, SERIAL];

const VERSION: u8 = 1;

/// The claims of a member.
///
/// The basic credential is `01 || user || demux id (4)`, the signature key is the member key. The extensions
/// are `f201`, the admission; `f204`, the serial number (8); `f202`, the name in UTF-8; `f203`, the certificate
/// chain; the last two only where there is one.
/// `Debug` does not show the name.
#[derive(Clone, PartialEq, Eq)]
pub struct MemberLeaf {
    /// The user.
    pub user: OpaqueUserId,
    /// The device in the call.
    pub demux_id: DemuxId,
    /// The device's key in the room.
    pub member_key: MemberPublicKey,
    /// The reason why it is in.
    pub admission: Admission,
    /// The serial number: the time in milliseconds at which the device made the leaf, and more than that of
    /// its last one. A leaf is taken out for a later one of its device alone, so that nobody can put a device
    /// out by one of its old key packages.
    pub serial: u64,
    /// The name that the person chose.
    pub name: Option<String>,
    /// The certificate of the account.
    pub certificate: Option<CertificateChain>,
}

impl fmt::Debug for MemberLeaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemberLeaf")
            .field("demux_id", &self.demux_id)
            .field("admission", &self.admission)
            .field("serial", &self.serial)
            .finish_non_exhaustive()
    }
}

impl MemberLeaf {
    /// Returns what the decision about the leaf needs.
    #[must_use]
    pub const fn claim(&self) -> LeafClaim<'_> {
        LeafClaim {
            user: &self.user,
            member_key: &self.member_key,
            admission: &self.admission,
        }
    }

    /// Returns whether the leaf is a later one of the device of another leaf.
    #[must_use]
    pub fn succeeds(&self, former: &Self) -> bool {
        self.member_key == former.member_key && self.serial > former.serial
    }

    pub(super) fn credential(&self) -> CredentialWithKey {
        let mut writer = Writer::default();
        writer.u8(VERSION);
        writer.user(&self.user);
        writer.u32(self.demux_id.number());
        CredentialWithKey {
            credential: BasicCredential::new(writer.finish()).into(),
            signature_key: self.member_key.as_bytes().as_slice().into(),
        }
    }

    /// Returns the extensions; `None` for a name that no reader accepts.
    pub(super) fn extensions(&self) -> Option<Extensions<LeafNode>> {
        let name = match &self.name {
            Some(name) if printable_name(name).as_ref() != Some(name) => return None,
            name => name.clone(),
        };
        let admission = Some((ADMISSION, self.admission.to_bytes()));
        let serial = Some((SERIAL, self.serial.to_be_bytes().to_vec()));
        let name = name.map(|name| (NAME, name.into_bytes()));
        let certificate = self.certificate.as_ref();
        let certificate = certificate.map(|chain| (CERTIFICATE, chain.to_bytes()));
        let all = [admission, serial, name, certificate];
        let all = all.into_iter().flatten();
        let all = all.map(|(number, bytes)| Extension::Unknown(number, UnknownExtension(bytes)));
        Extensions::from_vec(all.collect()).ok()
    }

    /// Parses a leaf. No signature in it is verified but those that MLS verifies.
    pub(super) fn parse(leaf: &LeafNode) -> Result<Self, ParseError> {
        if *leaf.capabilities() != capabilities() {
            return Err(ParseError);
        }
        let (user, demux_id) = identity(leaf.credential())?;
        let member_key = MemberPublicKey::from_bytes(leaf.signature_key().as_slice());
        let member_key = member_key.map_err(|_| ParseError)?;
        let mut admission = None;
        let mut serial = None;
        let mut name = None;
        let mut certificate = None;
        for extension in leaf.extensions().iter() {
            match extension {
                Extension::Unknown(ADMISSION, bytes) => {
                    admission = Some(Admission::parse_of(&bytes.0, &member_key)?);
                }
                Extension::Unknown(SERIAL, bytes) => {
                    let bytes = bytes.0.as_slice().try_into().map_err(|_| ParseError)?;
                    serial = Some(u64::from_be_bytes(bytes));
                }
                Extension::Unknown(NAME, bytes) => name = Some(parse_name(&bytes.0)?),
                Extension::Unknown(CERTIFICATE, bytes) => {
                    certificate = Some(CertificateChain::parse(&bytes.0)?);
                }
                _ => return Err(ParseError),
            }
        }
        Ok(Self {
            user,
            demux_id,
            member_key,
            admission: admission.ok_or(ParseError)?,
            serial: serial.ok_or(ParseError)?,
            name,
            certificate,
        })
    }
}

/// Returns the capabilities of every leaf.
pub(super) fn capabilities() -> Capabilities {
    let extensions = EXTENSIONS.map(ExtensionType::Unknown);
    Capabilities::builder()
        .ciphersuites(vec![CIPHERSUITE])
        .extensions(extensions.to_vec())
        .credentials(vec![CredentialType::Basic])
        .build()
}

fn identity(credential: &Credential) -> Result<(OpaqueUserId, DemuxId), ParseError> {
    let basic = BasicCredential::try_from(credential.clone()).map_err(|_| ParseError)?;
    let mut reader = Reader::new(basic.identity());
    reader.expect(VERSION)?;
    let user = reader.user()?;
    let demux_id = DemuxId::new(reader.u32()?).ok_or(ParseError)?;
    reader.finish()?;
    Ok((user, demux_id))
}

fn parse_name(bytes: &[u8]) -> Result<String, ParseError> {
    let name = core::str::from_utf8(bytes).map_err(|_| ParseError)?;
    printable_name(name)
        .filter(|printable| printable == name)
        .ok_or(ParseError)
}

#[cfg(test)]
mod tests {
    use anteroom_protocol::{RoomId, Timestamp};
    use openmls::prelude::KeyPackage;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;
    use crate::{
        AdminSecret, Approval, DeviceSecret, MemberKey, SignedStatement, StatementKey,
        group::{mls::MemberSigner, provider::Provider, storage::Storage},
        keys::SigningRole as _,
    };

    fn member() -> (MemberKey, MemberLeaf) {
        let room = RoomId::from_bytes([1; 32]);
        let key = DeviceSecret::from_bytes([1; 32]).member_key(&room);
        let leaf = MemberLeaf {
            user: OpaqueUserId::parse("0a").unwrap(),
            demux_id: DemuxId::new(16).unwrap(),
            member_key: key.public(),
            admission: Admission::None,
            serial: 1,
            name: None,
            certificate: None,
        };
        (key, leaf)
    }

    /// Returns what a reader makes of the member's leaf with these capabilities and extensions.
    fn parsed(
        capabilities: Capabilities,
        extensions: Extensions<LeafNode>,
    ) -> Result<MemberLeaf, ParseError> {
        let (key, leaf) = member();
        let (storage, mut rng) = (Storage::default(), ChaCha20Rng::seed_from_u64(1));
        let provider = Provider::new(&storage, &mut rng);
        let bundle = KeyPackage::builder()
            .leaf_node_capabilities(capabilities)
            .leaf_node_extensions(extensions)
            .build(
                CIPHERSUITE,
                &provider,
                &MemberSigner(&key),
                leaf.credential(),
            )
            .unwrap();
        MemberLeaf::parse(bundle.key_package().leaf_node())
    }

    #[test]
    fn a_leaf_that_can_do_more_or_less_than_the_others_is_malformed() {
        let (_, leaf) = member();
        let all = EXTENSIONS.map(ExtensionType::Unknown).to_vec();
        let more = [&all[..], &[ExtensionType::Unknown(0xf205)]].concat();
        for (extensions, is_ours) in [(all, true), (more, false)] {
            let capabilities = Capabilities::builder()
                .ciphersuites(vec![CIPHERSUITE])
                .extensions(extensions)
                .credentials(vec![CredentialType::Basic])
                .build();
            let parsed = parsed(capabilities, leaf.extensions().unwrap());
            assert_eq!(parsed, is_ours.then(|| leaf.clone()).ok_or(ParseError));
        }
    }

    /// The approval of one key, and its signature over another one, would let any number of keys in.
    #[test]
    fn a_leaf_with_the_approval_of_another_key_and_its_signature_is_malformed() {
        let (key, leaf) = member();
        let room = RoomId::from_bytes([1; 32]);
        let approved = DeviceSecret::from_bytes([2; 32]).member_key(&room);
        let admin = AdminSecret::from_bytes([3; 32]).admin_key(&room);
        let approval = Approval {
            room,
            user: leaf.user.clone(),
            member_key: approved.public(),
            issued: Timestamp::from_secs(1),
            expires: Timestamp::from_secs(2),
        };
        let approval = SignedStatement::sign(&approval, &StatementKey::Admin(&admin)).unwrap();
        let mut message = Writer::default();
        message.fixed(room.as_bytes());
        message.user(&leaf.user);
        message.key(&key.public());
        let label = b"Anteroom_20261127_Signature_OtherDevice";
        let signature = approved.sign(label, &message.finish());
        let mut writer = Writer::default();
        writer.u8(2);
        writer.bytes(approval.as_bytes());
        writer.fixed(&signature);
        let admission = UnknownExtension(writer.finish());
        let mut extensions = leaf.extensions().unwrap();
        extensions
            .add_or_replace(Extension::Unknown(ADMISSION, admission))
            .unwrap();
        assert_eq!(parsed(capabilities(), extensions), Err(ParseError));
    }
}
