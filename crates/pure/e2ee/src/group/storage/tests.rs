//! The storage keeps what openmls reads again, and fails for the rest.

use std::io::Write as _;

use openmls::prelude::MlsGroup;
use openmls_traits::storage::{
    CURRENT_VERSION, Entity, Key, StorageProvider,
    traits::{
        ConfirmationTag, EncryptionKey, EpochKey, GroupContext, GroupEpochSecrets, GroupId,
        GroupState, HashReference, HpkeKeyPair, InterimTranscriptHash, KeyPackage, LeafNode,
        LeafNodeIndex, MessageSecrets, MlsGroupJoinConfig, ProposalRef, PskBundle, PskId,
        QueuedProposal, ResumptionPskStore, SignatureKeyPair, SignaturePublicKey, TreeSync,
    },
};
use serde::{Deserialize, Serialize};

use super::{FIRST_CAPACITY, Storage, StorageError, WipedBuffer};

/// A value of every type, and a key of every type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Value(Vec<u8>);

macro_rules! of_every_type {
    ($($name:ident),+) => { $(impl $name<CURRENT_VERSION> for Value {})+ };
}
of_every_type!(
    ConfirmationTag,
    EncryptionKey,
    Entity,
    EpochKey,
    GroupContext,
    GroupEpochSecrets,
    GroupId,
    GroupState,
    HashReference,
    HpkeKeyPair,
    InterimTranscriptHash,
    Key,
    KeyPackage,
    LeafNode,
    LeafNodeIndex,
    MessageSecrets,
    MlsGroupJoinConfig,
    ProposalRef,
    PskBundle,
    PskId,
    QueuedProposal,
    ResumptionPskStore,
    SignatureKeyPair,
    SignaturePublicKey,
    TreeSync
);

fn value(number: u8) -> Value {
    Value(vec![number; 32])
}

type ReadResult = Result<Option<Value>, StorageError>;

/// One kind of single values: its writer, its reader and its deleter.
type Functions = (
    fn(&Storage, &Value, &Value) -> Result<(), StorageError>,
    fn(&Storage, &Value) -> ReadResult,
    fn(&Storage, &Value) -> Result<(), StorageError>,
);

const SINGLE_VALUES: [Functions; 3] = [
    (Storage::write_psk, Storage::psk, Storage::delete_psk),
    (
        Storage::write_key_package,
        Storage::key_package,
        Storage::delete_key_package,
    ),
    (
        Storage::write_encryption_key_pair,
        Storage::encryption_key_pair,
        Storage::delete_encryption_key_pair,
    ),
];

#[test]
fn a_value_is_kept_until_it_is_replaced_or_deleted() {
    for (write, read, delete) in SINGLE_VALUES {
        let storage = Storage::default();
        assert_eq!(read(&storage, &value(1)), Ok(None));
        write(&storage, &value(1), &value(11)).unwrap();
        write(&storage, &value(2), &value(12)).unwrap();
        assert_eq!(read(&storage, &value(1)), Ok(Some(value(11))));
        write(&storage, &value(1), &value(13)).unwrap();
        assert_eq!(read(&storage, &value(1)), Ok(Some(value(13))));
        delete(&storage, &value(1)).unwrap();
        delete(&storage, &value(1)).unwrap();
        assert_eq!(read(&storage, &value(1)), Ok(None));
        assert_eq!(read(&storage, &value(2)), Ok(Some(value(12))));
    }
}

#[test]
fn kinds_of_values_have_keys_of_their_own() {
    let storage = Storage::default();
    for ((write, _, _), number) in SINGLE_VALUES.into_iter().zip(11..) {
        write(&storage, &value(1), &value(number)).unwrap();
    }
    for ((_, read, _), number) in SINGLE_VALUES.into_iter().zip(11..) {
        assert_eq!(read(&storage, &value(1)), Ok(Some(value(number))));
    }
}

#[test]
fn key_pairs_are_those_of_a_group_an_epoch_and_a_leaf() {
    let storage = Storage::default();
    let pairs = |group, epoch, leaf| -> Vec<Value> {
        let pairs = storage.encryption_epoch_key_pairs(&value(group), &value(epoch), leaf);
        pairs.unwrap()
    };
    assert_eq!(pairs(1, 1, 1), []);
    for (group, epoch, leaf) in [(1, 1, 1), (2, 1, 1), (1, 2, 1), (1, 1, 2)] {
        let kept = [value(group), value(epoch), value(7)];
        storage
            .write_encryption_epoch_key_pairs(&value(group), &value(epoch), leaf, &kept)
            .unwrap();
    }
    storage
        .delete_encryption_epoch_key_pairs(&value(1), &value(1), 1)
        .unwrap();
    assert_eq!(pairs(1, 1, 1), []);
    for (group, epoch, leaf) in [(2, 1, 1), (1, 2, 1), (1, 1, 2)] {
        assert_eq!(
            pairs(group, epoch, leaf),
            [value(group), value(epoch), value(7)]
        );
    }
}

/// openmls reads this state where it loads a group.
#[test]
fn the_state_of_a_group_is_dropped_and_never_read_as_absent() {
    let storage = Storage::default();
    let group = &value(1);
    let state = &value(2);
    let written = [
        storage.write_mls_join_config(group, state),
        storage.write_tree(group, state),
        storage.write_interim_transcript_hash(group, state),
        storage.write_context(group, state),
        storage.write_confirmation_tag(group, state),
        storage.write_group_state(group, state),
        storage.write_message_secrets(group, state),
        storage.write_resumption_psk_store(group, state),
        storage.write_own_leaf_index(group, state),
        storage.write_group_epoch_secrets(group, state),
    ];
    assert_eq!(written, [Ok(()); 10]);
    let read: [ReadResult; 10] = [
        storage.mls_group_join_config(group),
        storage.tree(group),
        storage.interim_transcript_hash(group),
        storage.group_context(group),
        storage.confirmation_tag(group),
        storage.group_state(group),
        storage.message_secrets(group),
        storage.resumption_psk_store(group),
        storage.own_leaf_index(group),
        storage.group_epoch_secrets(group),
    ];
    for found in read {
        assert_eq!(found, Err(StorageError::NotKept));
    }
    let deleted = [
        storage.delete_group_config(group),
        storage.delete_tree(group),
        storage.delete_interim_transcript_hash(group),
        storage.delete_context(group),
        storage.delete_confirmation_tag(group),
        storage.delete_group_state(group),
        storage.delete_message_secrets(group),
        storage.delete_all_resumption_psk_secrets(group),
        storage.delete_own_leaf_index(group),
        storage.delete_group_epoch_secrets(group),
    ];
    assert_eq!(deleted, [Ok(()); 10]);
}

#[test]
fn lists_of_a_group_are_dropped_and_never_read_as_empty() {
    let storage = Storage::default();
    let (group, item) = (&value(1), &value(2));
    assert_eq!(storage.append_own_leaf_node(group, item), Ok(()));
    assert_eq!(storage.queue_proposal(group, item, item), Ok(()));
    let leaves: Result<Vec<Value>, _> = storage.own_leaf_nodes(group);
    assert_eq!(leaves, Err(StorageError::NotKept));
    let references: Result<Vec<Value>, _> = storage.queued_proposal_refs(group);
    assert_eq!(references, Err(StorageError::NotKept));
    let proposals: Result<Vec<(Value, Value)>, _> = storage.queued_proposals(group);
    assert_eq!(proposals, Err(StorageError::NotKept));
    assert_eq!(storage.delete_own_leaf_nodes(group), Ok(()));
    assert_eq!(storage.remove_proposal(group, item), Ok(()));
    assert_eq!(storage.clear_proposal_queue::<_, Value>(group), Ok(()));
}

#[test]
fn a_signature_key_is_refused() {
    let storage = Storage::default();
    let (public_key, key) = (&value(1), &value(2));
    let refused = Err(StorageError::NotKept);
    assert_eq!(storage.write_signature_key_pair(public_key, key), refused);
    let read: ReadResult = storage.signature_key_pair(public_key);
    assert_eq!(read, Err(StorageError::NotKept));
    assert_eq!(storage.delete_signature_key_pair(public_key), Ok(()));
}

#[test]
fn openmls_loads_no_group() {
    let storage = Storage::default();
    let loaded = MlsGroup::load(&storage, &openmls::group::GroupId::from_slice(b"group"));
    assert_eq!(loaded.err(), Some(StorageError::NotKept));
}

#[test]
fn a_value_of_another_type_is_an_error() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Other(String);
    impl Entity<CURRENT_VERSION> for Other {}
    impl PskBundle<CURRENT_VERSION> for Other {}

    let storage = Storage::default();
    storage.write_psk(&value(1), &value(2)).unwrap();
    let read: Result<Option<Other>, _> = storage.psk(&value(1));
    assert_eq!(read, Err(StorageError::Encoding));
}

#[test]
fn a_value_may_be_longer_than_the_first_buffer() {
    let storage = Storage::default();
    let long = Value(vec![255; 10 * FIRST_CAPACITY]);
    storage.write_psk(&value(1), &long).unwrap();
    assert_eq!(storage.psk(&value(1)), Ok(Some(long)));
    let mut buffer = WipedBuffer::default();
    for number in 0..=255 {
        buffer.write_all(&[number; 100]).unwrap();
    }
    let expected: Vec<u8> = (0..=255).flat_map(|number| [number; 100]).collect();
    assert_eq!(*buffer.0, expected);
}

#[test]
fn the_storage_shows_no_secret() {
    let storage = Storage::default();
    storage.write_psk(&value(1), &value(99)).unwrap();
    assert_eq!(format!("{storage:?}"), "Storage(..)");
}
