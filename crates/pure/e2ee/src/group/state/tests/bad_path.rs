//! A member whose commit gives one of the others a path secret that does not open: RFC 9420 has no way to
//! see that but to try.

use openmls_traits::{
    crypto::OpenMlsCrypto,
    types::{
        AeadType, Ciphersuite, CryptoError, ExporterSecret, HashType, HpkeCiphertext, HpkeConfig,
        HpkeKeyPair, KemOutput, SignatureScheme,
    },
};
use tls_codec::{SecretVLBytes, Serialize as _};

use super::*;
use crate::group::crypto::Crypto;

/// The cryptography of the cheating member: what it seals to one public key does not open.
struct SpoiledSeal<'c> {
    crypto: &'c Crypto<'c>,
    recipient: Vec<u8>,
}

/// Defines methods that pass on their arguments.
macro_rules! passed_on {
    ($(fn $name:ident(&self $(, $argument:ident: $type:ty)*) -> $value:ty;)+) => {
        $(
            fn $name(&self $(, $argument: $type)*) -> $value {
                self.crypto.$name($($argument),*)
            }
        )+
    };
}

impl OpenMlsCrypto for SpoiledSeal<'_> {
    passed_on! {
        fn supports(&self, suite: Ciphersuite) -> Result<(), CryptoError>;
        fn supported_ciphersuites(&self) -> Vec<Ciphersuite>;
        fn hkdf_extract(&self, hash: HashType, salt: &[u8], ikm: &[u8])
            -> Result<SecretVLBytes, CryptoError>;
        fn hmac(&self, hash: HashType, key: &[u8], message: &[u8])
            -> Result<SecretVLBytes, CryptoError>;
        fn hkdf_expand(&self, hash: HashType, prk: &[u8], info: &[u8], length: usize)
            -> Result<SecretVLBytes, CryptoError>;
        fn hash(&self, hash: HashType, data: &[u8]) -> Result<Vec<u8>, CryptoError>;
        fn aead_encrypt(&self, aead: AeadType, key: &[u8], data: &[u8], nonce: &[u8], aad: &[u8])
            -> Result<Vec<u8>, CryptoError>;
        fn aead_decrypt(&self, aead: AeadType, key: &[u8], data: &[u8], nonce: &[u8], aad: &[u8])
            -> Result<Vec<u8>, CryptoError>;
        fn signature_key_gen(&self, scheme: SignatureScheme)
            -> Result<(Vec<u8>, Vec<u8>), CryptoError>;
        fn verify_signature(&self, scheme: SignatureScheme, data: &[u8], key: &[u8], signature: &[u8])
            -> Result<(), CryptoError>;
        fn sign(&self, scheme: SignatureScheme, data: &[u8], key: &[u8])
            -> Result<Vec<u8>, CryptoError>;
        fn hpke_open(&self, config: HpkeConfig, input: &HpkeCiphertext, key: &[u8], info: &[u8], aad: &[u8])
            -> Result<Vec<u8>, CryptoError>;
        fn hpke_setup_sender_and_export(&self, config: HpkeConfig, key: &[u8], info: &[u8], context: &[u8], length: usize)
            -> Result<(KemOutput, ExporterSecret), CryptoError>;
        fn hpke_setup_receiver_and_export(&self, config: HpkeConfig, enc: &[u8], key: &[u8], info: &[u8], context: &[u8], length: usize)
            -> Result<ExporterSecret, CryptoError>;
        fn derive_hpke_keypair(&self, config: HpkeConfig, ikm: &[u8])
            -> Result<HpkeKeyPair, CryptoError>;
    }

    fn hpke_seal(
        &self,
        config: HpkeConfig,
        key: &[u8],
        info: &[u8],
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<HpkeCiphertext, CryptoError> {
        let sealed = self.crypto.hpke_seal(config, key, info, aad, plaintext)?;
        if key != self.recipient {
            return Ok(sealed);
        }
        let mut spoiled = sealed.ciphertext.as_slice().to_vec();
        spoiled[0] ^= 1;
        Ok(HpkeCiphertext {
            ciphertext: spoiled.into(),
            ..sealed
        })
    }
}

/// Makes a commit of a member that adds a device, with a path that does not open for another one.
fn bad_path(group: &mut Group, cheated: u32, rng: &mut ChaCha20Rng) -> Vec<u8> {
    let newcomer = candidate(9, rng);
    let newcomer = Applicant::open(&link(), newcomer.key_package()).unwrap();
    let epoch = group.epoch();
    let GroupParts {
        mls,
        storage,
        link,
        member_key,
        ..
    } = &mut group.parts;
    let leaf = mls
        .public_group()
        .leaf(LeafNodeIndex::new(cheated))
        .unwrap();
    // A length of one byte stands before the key.
    let recipient = leaf.encryption_key().tls_serialize_detached().unwrap();
    let recipient = recipient[1..].to_vec();
    let commit = {
        let provider = Provider::new(storage, rng);
        let spoiled = SpoiledSeal {
            crypto: provider.crypto(),
            recipient,
        };
        let psk = PreSharedKeyProposal::new(psk_id(ERA, &provider).unwrap());
        let bundle = mls
            .commit_builder()
            .force_self_update(true)
            .propose_adds([newcomer.key_package])
            .add_proposal(Proposal::PreSharedKey(Box::new(psk)))
            .load_psks(provider.storage())
            .unwrap()
            .build(provider.rand(), &spoiled, &MemberSigner(member_key), |_| {
                true
            })
            .unwrap()
            .stage_commit(&provider)
            .unwrap();
        bundle.into_commit().to_bytes().unwrap()
    };
    let kind = HandshakeKind::Commit;
    link.handshake
        .seal(kind, Some(epoch), &commit, rng)
        .unwrap()
}

#[test]
fn a_path_that_does_not_open_for_one_member_is_refused_by_that_one() {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let mut groups = three(&mut rng);
    let epoch = groups[0].epoch();
    let body = bad_path(&mut groups[1], 2, &mut rng);
    let roster = RosterHistory::default();
    let world = surroundings(&roster);
    let cheated = groups[2].receive_commit(epoch, &body, &world);
    assert_eq!(cheated.err(), Some(CommitError::Malformed));
    assert_eq!(groups[2].epoch(), epoch);
    // The first member cannot see it: it hears of it by the refusal of the other.
    assert!(groups[0].receive_commit(epoch, &body, &world).is_ok());
    let message = crate::GroupMessage::Confirmation;
    let sealed = groups[0]
        .seal_message(&message, crate::SenderTime::from_millis(0), &mut rng)
        .unwrap();
    let moment = world.moment;
    assert!(groups[2].open_message(&sealed, moment).is_err());
}
