//! The storage of openmls: the secrets that it reads again, in memory.
//!
//! openmls writes its whole state of a group at each commit, for a program that loads the group later. This
//! crate never does: a device that lost its group is a new leaf. So the storage drops that state, and fails
//! where it is read. It keeps the values that openmls reads again: the PSKs, the key packages, the key pairs of
//! the present epoch, and those of updates.

use core::fmt;
use std::{collections::BTreeMap, io};

use openmls_traits::storage::{CURRENT_VERSION, StorageProvider, traits};
use parking_lot::Mutex;
use serde::{Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

/// The bytes for which the buffer of a value has room at first. Few values are longer.
const FIRST_CAPACITY: usize = 2 * 1024;

/// The secrets that openmls keeps of one group, in memory. They are wiped when they are deleted, replaced or
/// dropped.
#[derive(Default)]
pub(super) struct Storage(Mutex<BTreeMap<StorageKey, WipedBuffer>>);

/// A kind of value that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    EncryptionKeyPair,
    EpochKeyPairs,
    KeyPackage,
    Psk,
}

type StorageKey = (Kind, Vec<u8>);

/// The error of the storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum StorageError {
    /// This storage keeps no such values.
    #[error("the storage keeps no values of this kind")]
    NotKept,
    /// A value has no encoding, or its encoding is that of another type.
    #[error("a value of the storage cannot be encoded or decoded")]
    Encoding,
}

impl Storage {
    fn write(
        &self,
        kind: Kind,
        key: impl Serialize,
        value: &(impl Serialize + ?Sized),
    ) -> Result<(), StorageError> {
        let key = encode_key(kind, key)?;
        let mut buffer = WipedBuffer::default();
        serde_json::to_writer(&mut buffer, value).map_err(|_| StorageError::Encoding)?;
        self.0.lock().insert(key, buffer);
        Ok(())
    }

    fn read<V: DeserializeOwned>(
        &self,
        kind: Kind,
        key: impl Serialize,
    ) -> Result<Option<V>, StorageError> {
        let values = self.0.lock();
        let value = values.get(&encode_key(kind, key)?);
        let value = value.map(|value| serde_json::from_slice(&value.0));
        value.transpose().map_err(|_| StorageError::Encoding)
    }

    fn delete(&self, kind: Kind, key: impl Serialize) -> Result<(), StorageError> {
        self.0.lock().remove(&encode_key(kind, key)?);
        Ok(())
    }
}

/// Shows nothing of the values.
impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Storage(..)")
    }
}

fn encode_key(kind: Kind, key: impl Serialize) -> Result<StorageKey, StorageError> {
    let key = serde_json::to_vec(&key).map_err(|_| StorageError::Encoding)?;
    Ok((kind, key))
}

/// Bytes that are wiped on drop, and also when they move to a larger buffer.
#[derive(Default)]
struct WipedBuffer(Zeroizing<Vec<u8>>);

impl io::Write for WipedBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = self.0.len().saturating_add(bytes.len());
        if length > self.0.capacity() {
            let capacity = length.saturating_mul(2).max(FIRST_CAPACITY);
            let mut larger = Zeroizing::new(Vec::with_capacity(capacity));
            larger.extend_from_slice(&self.0);
            self.0 = larger;
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Defines the writers and the deleters of values that are not kept: they do nothing. The generic parameters
/// are named as their traits.
macro_rules! ignored {
    ($($method:ident<$($generic:ident),+>($($argument:ty),+);)+) => {
        $(fn $method<$($generic: traits::$generic<CURRENT_VERSION>),+>(
            &self,
            $(_: $argument),+
        ) -> Result<(), StorageError> {
            Ok(())
        })+
    };
}

/// Defines functions that need values that are not kept: they fail.
macro_rules! unavailable {
    ($($method:ident<$($generic:ident),+>($($argument:ty),+) -> $value:ty;)+) => {
        $(fn $method<$($generic: traits::$generic<CURRENT_VERSION>),+>(
            &self,
            $(_: $argument),+
        ) -> Result<$value, StorageError> {
            Err(StorageError::NotKept)
        })+
    };
}

impl StorageProvider<CURRENT_VERSION> for Storage {
    type Error = StorageError;

    ignored! {
        write_mls_join_config<GroupId, MlsGroupJoinConfig>(&GroupId, &MlsGroupJoinConfig);
        append_own_leaf_node<GroupId, LeafNode>(&GroupId, &LeafNode);
        queue_proposal<GroupId, ProposalRef, QueuedProposal>(
            &GroupId, &ProposalRef, &QueuedProposal
        );
        write_tree<GroupId, TreeSync>(&GroupId, &TreeSync);
        write_interim_transcript_hash<GroupId, InterimTranscriptHash>(
            &GroupId, &InterimTranscriptHash
        );
        write_context<GroupId, GroupContext>(&GroupId, &GroupContext);
        write_confirmation_tag<GroupId, ConfirmationTag>(&GroupId, &ConfirmationTag);
        write_group_state<GroupState, GroupId>(&GroupId, &GroupState);
        write_message_secrets<GroupId, MessageSecrets>(&GroupId, &MessageSecrets);
        write_resumption_psk_store<GroupId, ResumptionPskStore>(&GroupId, &ResumptionPskStore);
        write_own_leaf_index<GroupId, LeafNodeIndex>(&GroupId, &LeafNodeIndex);
        write_group_epoch_secrets<GroupId, GroupEpochSecrets>(&GroupId, &GroupEpochSecrets);
        remove_proposal<GroupId, ProposalRef>(&GroupId, &ProposalRef);
        clear_proposal_queue<GroupId, ProposalRef>(&GroupId);
        delete_own_leaf_nodes<GroupId>(&GroupId);
        delete_group_config<GroupId>(&GroupId);
        delete_tree<GroupId>(&GroupId);
        delete_confirmation_tag<GroupId>(&GroupId);
        delete_group_state<GroupId>(&GroupId);
        delete_context<GroupId>(&GroupId);
        delete_interim_transcript_hash<GroupId>(&GroupId);
        delete_message_secrets<GroupId>(&GroupId);
        delete_all_resumption_psk_secrets<GroupId>(&GroupId);
        delete_own_leaf_index<GroupId>(&GroupId);
        delete_group_epoch_secrets<GroupId>(&GroupId);
        delete_signature_key_pair<SignaturePublicKey>(&SignaturePublicKey);
    }

    // The member key is the caller's: nobody may think that it is kept here.
    unavailable! {
        write_signature_key_pair<SignaturePublicKey, SignatureKeyPair>(
            &SignaturePublicKey, &SignatureKeyPair
        ) -> ();
        mls_group_join_config<GroupId, MlsGroupJoinConfig>(&GroupId) -> Option<MlsGroupJoinConfig>;
        own_leaf_nodes<GroupId, LeafNode>(&GroupId) -> Vec<LeafNode>;
        queued_proposal_refs<GroupId, ProposalRef>(&GroupId) -> Vec<ProposalRef>;
        queued_proposals<GroupId, ProposalRef, QueuedProposal>(
            &GroupId
        ) -> Vec<(ProposalRef, QueuedProposal)>;
        tree<GroupId, TreeSync>(&GroupId) -> Option<TreeSync>;
        group_context<GroupId, GroupContext>(&GroupId) -> Option<GroupContext>;
        interim_transcript_hash<GroupId, InterimTranscriptHash>(
            &GroupId
        ) -> Option<InterimTranscriptHash>;
        confirmation_tag<GroupId, ConfirmationTag>(&GroupId) -> Option<ConfirmationTag>;
        group_state<GroupState, GroupId>(&GroupId) -> Option<GroupState>;
        message_secrets<GroupId, MessageSecrets>(&GroupId) -> Option<MessageSecrets>;
        resumption_psk_store<GroupId, ResumptionPskStore>(&GroupId) -> Option<ResumptionPskStore>;
        own_leaf_index<GroupId, LeafNodeIndex>(&GroupId) -> Option<LeafNodeIndex>;
        group_epoch_secrets<GroupId, GroupEpochSecrets>(&GroupId) -> Option<GroupEpochSecrets>;
        signature_key_pair<SignaturePublicKey, SignatureKeyPair>(
            &SignaturePublicKey
        ) -> Option<SignatureKeyPair>;
    }

    fn write_encryption_key_pair<
        EncryptionKey: traits::EncryptionKey<CURRENT_VERSION>,
        HpkeKeyPair: traits::HpkeKeyPair<CURRENT_VERSION>,
    >(
        &self,
        public_key: &EncryptionKey,
        key_pair: &HpkeKeyPair,
    ) -> Result<(), StorageError> {
        self.write(Kind::EncryptionKeyPair, public_key, key_pair)
    }

    fn encryption_key_pair<
        HpkeKeyPair: traits::HpkeKeyPair<CURRENT_VERSION>,
        EncryptionKey: traits::EncryptionKey<CURRENT_VERSION>,
    >(
        &self,
        public_key: &EncryptionKey,
    ) -> Result<Option<HpkeKeyPair>, StorageError> {
        self.read(Kind::EncryptionKeyPair, public_key)
    }

    fn delete_encryption_key_pair<EncryptionKey: traits::EncryptionKey<CURRENT_VERSION>>(
        &self,
        public_key: &EncryptionKey,
    ) -> Result<(), StorageError> {
        self.delete(Kind::EncryptionKeyPair, public_key)
    }

    fn write_encryption_epoch_key_pairs<
        GroupId: traits::GroupId<CURRENT_VERSION>,
        EpochKey: traits::EpochKey<CURRENT_VERSION>,
        HpkeKeyPair: traits::HpkeKeyPair<CURRENT_VERSION>,
    >(
        &self,
        group_id: &GroupId,
        epoch: &EpochKey,
        leaf_index: u32,
        key_pairs: &[HpkeKeyPair],
    ) -> Result<(), StorageError> {
        self.write(
            Kind::EpochKeyPairs,
            (group_id, epoch, leaf_index),
            key_pairs,
        )
    }

    fn encryption_epoch_key_pairs<
        GroupId: traits::GroupId<CURRENT_VERSION>,
        EpochKey: traits::EpochKey<CURRENT_VERSION>,
        HpkeKeyPair: traits::HpkeKeyPair<CURRENT_VERSION>,
    >(
        &self,
        group_id: &GroupId,
        epoch: &EpochKey,
        leaf_index: u32,
    ) -> Result<Vec<HpkeKeyPair>, StorageError> {
        let key = (group_id, epoch, leaf_index);
        Ok(self.read(Kind::EpochKeyPairs, key)?.unwrap_or_default())
    }

    fn delete_encryption_epoch_key_pairs<
        GroupId: traits::GroupId<CURRENT_VERSION>,
        EpochKey: traits::EpochKey<CURRENT_VERSION>,
    >(
        &self,
        group_id: &GroupId,
        epoch: &EpochKey,
        leaf_index: u32,
    ) -> Result<(), StorageError> {
        self.delete(Kind::EpochKeyPairs, (group_id, epoch, leaf_index))
    }

    fn write_key_package<
        HashReference: traits::HashReference<CURRENT_VERSION>,
        KeyPackage: traits::KeyPackage<CURRENT_VERSION>,
    >(
        &self,
        hash_ref: &HashReference,
        key_package: &KeyPackage,
    ) -> Result<(), StorageError> {
        self.write(Kind::KeyPackage, hash_ref, key_package)
    }

    fn key_package<
        HashReference: traits::HashReference<CURRENT_VERSION>,
        KeyPackage: traits::KeyPackage<CURRENT_VERSION>,
    >(
        &self,
        hash_ref: &HashReference,
    ) -> Result<Option<KeyPackage>, StorageError> {
        self.read(Kind::KeyPackage, hash_ref)
    }

    fn delete_key_package<HashReference: traits::HashReference<CURRENT_VERSION>>(
        &self,
        hash_ref: &HashReference,
    ) -> Result<(), StorageError> {
        self.delete(Kind::KeyPackage, hash_ref)
    }

    fn write_psk<
        PskId: traits::PskId<CURRENT_VERSION>,
        PskBundle: traits::PskBundle<CURRENT_VERSION>,
    >(
        &self,
        psk_id: &PskId,
        psk: &PskBundle,
    ) -> Result<(), StorageError> {
        self.write(Kind::Psk, psk_id, psk)
    }

    fn psk<PskBundle: traits::PskBundle<CURRENT_VERSION>, PskId: traits::PskId<CURRENT_VERSION>>(
        &self,
        psk_id: &PskId,
    ) -> Result<Option<PskBundle>, StorageError> {
        self.read(Kind::Psk, psk_id)
    }

    fn delete_psk<PskId: traits::PskId<CURRENT_VERSION>>(
        &self,
        psk_id: &PskId,
    ) -> Result<(), StorageError> {
        self.delete(Kind::Psk, psk_id)
    }
}

#[cfg(test)]
mod tests;
