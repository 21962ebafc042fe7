//! A member of a group that is made with openmls alone, so that it can commit whatever MLS lets it. It does not
//! check what others commit.

use anteroom_client::{
    DAY, EraId, GroupEpoch, MemberLeaf, MemberPublicKey, OperatingSystem, RoomId, RootKey,
    System as _,
};
use anteroom_e2ee::{DeviceSecret, EraPsk, HandshakeKey, HandshakeKind, MemberKey};
use ed25519_dalek::{Signer as _, SigningKey};
use hkdf::Hkdf;
use openmls::{
    prelude::{
        BasicCredential, Capabilities, CommitBuilder, CredentialType, CredentialWithKey, Extension,
        ExtensionType, Extensions, Initial, KeyPackage, LeafNode, LeafNodeIndex, Lifetime,
        MlsGroup, MlsGroupJoinConfig, MlsMessageBodyIn, MlsMessageIn, MlsMessageOut,
        PURE_CIPHERTEXT_WIRE_FORMAT_POLICY, PreSharedKeyProposal, ProcessedMessageContent,
        Proposal, ProtocolVersion, StagedWelcome, UnknownExtension,
    },
    schedule::{ExternalPsk, PreSharedKeyId, Psk},
};
use openmls_traits::{
    OpenMlsProvider as _,
    signatures::{Signer, SignerError},
    types::SignatureScheme,
};
use sha2::Sha256;
use tls_codec::{DeserializeBytes as _, Serialize as _};

use super::mls_crypto::{CIPHERSUITE, MlsProvider};

/// The extension types that every leaf supports.
const EXTENSIONS: [u16; 5] = [0xf200, 0xf201, 0xf202, 0xf203, 0xf204];
const ADMISSION: u16 = 0xf201;
const SERIAL: u16 = 0xf204;

pub(crate) type Builder<'b> = CommitBuilder<'b, Initial, &'b mut MlsGroup>;

/// The key of a device that the test plays: a member key whose other half signs whatever the test wants.
#[derive(Clone)]
pub(crate) struct PlayedKey {
    pub(crate) member_key: MemberKey,
    signing_key: SigningKey,
}

impl PlayedKey {
    pub(crate) fn new(room: &RoomId, number: u8) -> Self {
        let secret = [number; 32];
        let member_key = DeviceSecret::from_bytes(secret).member_key(room);
        let mut seed = [0; 32];
        Hkdf::<Sha256>::new(Some(room.as_bytes()), &secret)
            .expand(b"Anteroom_20261127_DeviceSecret_MemberKey", &mut seed)
            .unwrap();
        let signing_key = SigningKey::from_bytes(&seed);
        assert_eq!(
            signing_key.verifying_key().as_bytes(),
            member_key.public().as_bytes()
        );
        Self {
            member_key,
            signing_key,
        }
    }
}

impl Signer for PlayedKey {
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SignerError> {
        Ok(self.signing_key.sign(payload).to_bytes().to_vec())
    }

    fn signature_scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

/// The keys of an era, which every holder of the link has.
#[derive(Clone)]
pub(crate) struct EraKeys {
    psk: EraPsk,
    pub(crate) handshake: HandshakeKey,
}

impl EraKeys {
    pub(crate) fn new(root_key: &RootKey, era: EraId) -> Self {
        Self {
            psk: EraPsk::derive(root_key, era),
            handshake: HandshakeKey::derive(root_key, era),
        }
    }
}

/// A device with a key package.
pub(crate) struct MlsCandidate {
    provider: MlsProvider,
    keys: EraKeys,
    key: PlayedKey,
    /// The sealed key package.
    pub(crate) key_package: Vec<u8>,
}

/// A member of a group.
pub(crate) struct MlsMember {
    provider: MlsProvider,
    keys: EraKeys,
    key: PlayedKey,
    group: MlsGroup,
    number: u32,
    /// The own commit that was made last.
    own_commit: Vec<u8>,
}

/// The sealed messages of a commit.
pub(crate) struct SealedCommit {
    pub(crate) epoch: GroupEpoch,
    pub(crate) body: Vec<u8>,
    pub(crate) welcome: Option<Vec<u8>>,
}

impl MlsCandidate {
    /// Makes a key package. Two of one seed have the same keys.
    pub(crate) fn new(keys: &EraKeys, key: &PlayedKey, leaf: &MemberLeaf, seed: u64) -> Self {
        let provider = MlsProvider::new(seed);
        let psk = PreSharedKeyId::external(EraPsk::id(keys.psk.era()), Vec::new());
        psk.store(&provider, keys.psk.as_bytes()).unwrap();
        let now = OperatingSystem.now();
        let lifetime = Lifetime::init(now.minus(DAY).as_secs(), now.plus(2 * DAY).as_secs());
        let bundle = KeyPackage::builder()
            .key_package_lifetime(lifetime)
            .leaf_node_capabilities(capabilities())
            .leaf_node_extensions(extensions(leaf))
            .build(CIPHERSUITE, &provider, key, credential(leaf))
            .unwrap();
        let message = MlsMessageOut::from(bundle.key_package().clone());
        let sealed = seal(&provider, keys, HandshakeKind::KeyPackage, None, &message);
        Self {
            provider,
            keys: keys.clone(),
            key: key.clone(),
            key_package: sealed,
        }
    }

    /// Enters a group, whoever is in it.
    pub(crate) fn join(self, epoch: GroupEpoch, welcome: &[u8]) -> MlsMember {
        let kind = HandshakeKind::Welcome;
        let welcome = self
            .keys
            .handshake
            .open(kind, Some(epoch), welcome)
            .unwrap();
        let message = MlsMessageIn::tls_deserialize_exact_bytes(&welcome).unwrap();
        let MlsMessageBodyIn::Welcome(welcome) = message.extract() else {
            panic!("no Welcome");
        };
        let config = MlsGroupJoinConfig::builder()
            .wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
            .padding_size(64)
            .use_ratchet_tree_extension(true)
            .build();
        let group = StagedWelcome::build_from_welcome(&self.provider, &config, welcome)
            .unwrap()
            .skip_lifetime_validation()
            .build()
            .unwrap()
            .into_group(&self.provider)
            .unwrap();
        MlsMember {
            provider: self.provider,
            keys: self.keys,
            key: self.key,
            group,
            number: epoch.group,
            own_commit: Vec::new(),
        }
    }
}

impl MlsMember {
    pub(crate) fn epoch(&self) -> GroupEpoch {
        GroupEpoch {
            group: self.number,
            epoch: self.group.epoch().as_u64(),
        }
    }

    /// Returns the leaf of a member.
    pub(crate) fn leaf_of(&self, member_key: &MemberPublicKey) -> LeafNodeIndex {
        self.find(member_key).unwrap()
    }

    /// Returns the leaf of a device, if it is a member.
    pub(crate) fn find(&self, member_key: &MemberPublicKey) -> Option<LeafNodeIndex> {
        let mut members = self.group.members();
        let member = members.find(|one| one.signature_key == member_key.as_bytes());
        member.map(|member| member.index)
    }

    /// Spoils from now on what is sealed to the leaf of a member.
    pub(crate) fn cheat(&self, member_key: &MemberPublicKey) {
        let leaf = self.leaf_of(member_key);
        let leaf = self.group.public_group().leaf(leaf).unwrap();
        // A length of one byte stands before the key.
        let key = leaf.encryption_key().tls_serialize_detached().unwrap();
        self.provider.cheat(key[1..].to_vec());
    }

    /// Opens the sealed key package of another device.
    pub(crate) fn opened(&self, key_package: &[u8]) -> KeyPackage {
        let kind = HandshakeKind::KeyPackage;
        let opened = self.keys.handshake.open(kind, None, key_package).unwrap();
        let message = MlsMessageIn::tls_deserialize_exact_bytes(&opened).unwrap();
        let MlsMessageBodyIn::KeyPackage(package) = message.extract() else {
            panic!("no key package");
        };
        let crypto = self.provider.crypto();
        package.validate(crypto, ProtocolVersion::Mls10).unwrap()
    }

    /// Makes a commit of whatever MLS lets a member commit.
    pub(crate) fn commit(
        &mut self,
        has_psk: bool,
        change: impl for<'b> FnOnce(Builder<'b>) -> Builder<'b>,
    ) -> SealedCommit {
        let epoch = self.epoch();
        let storage = self.provider.storage();
        self.group.clear_pending_commit(storage).unwrap();
        let mut builder = change(self.group.commit_builder().force_self_update(true));
        if has_psk {
            let psk = Psk::External(ExternalPsk::new(EraPsk::id(self.keys.psk.era())));
            let psk = PreSharedKeyId::new(CIPHERSUITE, self.provider.rand(), psk).unwrap();
            let psk = PreSharedKeyProposal::new(psk);
            builder = builder.add_proposal(Proposal::PreSharedKey(Box::new(psk)));
        }
        let (rand, crypto) = (self.provider.rand(), self.provider.crypto());
        let bundle = builder
            .load_psks(self.provider.storage())
            .unwrap()
            .create_group_info(false)
            .build(rand, crypto, &self.key, |_| true)
            .unwrap()
            .stage_commit(&self.provider)
            .unwrap();
        let (commit, welcome, _) = bundle.into_contents();
        let next = GroupEpoch {
            epoch: epoch.epoch + 1,
            ..epoch
        };
        let body = self.seal(HandshakeKind::Commit, epoch, &commit);
        let welcome = welcome.map(|welcome| {
            let message = MlsMessageOut::from_welcome(welcome, ProtocolVersion::Mls10);
            self.seal(HandshakeKind::Welcome, next, &message)
        });
        self.own_commit.clone_from(&body);
        SealedCommit {
            epoch,
            body,
            welcome,
        }
    }

    /// Seals bytes that are no commit as one.
    pub(crate) fn commit_bytes(&self, bytes: &[u8]) -> SealedCommit {
        let epoch = self.epoch();
        let kind = HandshakeKind::Commit;
        let mut rng = self.provider.rng();
        let body = self.keys.handshake.seal(kind, Some(epoch), bytes, &mut rng);
        SealedCommit {
            epoch,
            body: body.unwrap(),
            welcome: None,
        }
    }

    /// Merges a commit that the room service has told.
    pub(crate) fn merge(&mut self, body: &[u8]) {
        if body == self.own_commit {
            return self.group.merge_pending_commit(&self.provider).unwrap();
        }
        let (kind, epoch) = (HandshakeKind::Commit, self.epoch());
        let opened = self.keys.handshake.open(kind, Some(epoch), body).unwrap();
        let message = MlsMessageIn::tls_deserialize_exact_bytes(&opened).unwrap();
        let message = message.try_into_protocol_message().unwrap();
        let processed = self.group.process_message(&self.provider, message).unwrap();
        let ProcessedMessageContent::StagedCommitMessage(staged) = processed.into_content() else {
            panic!("no commit");
        };
        self.group
            .merge_staged_commit(&self.provider, *staged)
            .unwrap();
    }

    fn seal(&self, kind: HandshakeKind, epoch: GroupEpoch, message: &MlsMessageOut) -> Vec<u8> {
        seal(&self.provider, &self.keys, kind, Some(epoch), message)
    }
}

fn seal(
    provider: &MlsProvider,
    keys: &EraKeys,
    kind: HandshakeKind,
    epoch: Option<GroupEpoch>,
    message: &MlsMessageOut,
) -> Vec<u8> {
    let bytes = message.to_bytes().unwrap();
    let sealed = keys
        .handshake
        .seal(kind, epoch, &bytes, &mut provider.rng());
    sealed.unwrap()
}

fn capabilities() -> Capabilities {
    let extensions = EXTENSIONS.map(ExtensionType::Unknown);
    Capabilities::builder()
        .ciphersuites(vec![CIPHERSUITE])
        .extensions(extensions.to_vec())
        .credentials(vec![CredentialType::Basic])
        .build()
}

fn credential(leaf: &MemberLeaf) -> CredentialWithKey {
    let user = hex::decode(leaf.user.as_str()).unwrap();
    let length = u8::try_from(user.len()).unwrap();
    let device = leaf.demux_id.number().to_be_bytes();
    let identity = [&[1, length][..], &user, &device].concat();
    CredentialWithKey {
        credential: BasicCredential::new(identity).into(),
        signature_key: leaf.member_key.as_bytes().as_slice().into(),
    }
}

fn extensions(leaf: &MemberLeaf) -> Extensions<LeafNode> {
    let all = [
        (ADMISSION, leaf.admission.to_bytes()),
        (SERIAL, leaf.serial.to_be_bytes().to_vec()),
    ];
    let all = all.map(|(number, bytes)| Extension::Unknown(number, UnknownExtension(bytes)));
    Extensions::from_vec(all.to_vec()).unwrap()
}
