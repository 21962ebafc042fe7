//! A device that waits to be added to a group.

use std::collections::BTreeMap;

use anteroom_protocol::{Timestamp, redacted_debug};
use openmls::prelude::{
    KeyPackage, MlsMessageBodyIn, MlsMessageIn, MlsMessageOut, StagedWelcome, Welcome,
};
use rand_core::CryptoRng;
use tls_codec::DeserializeBytes as _;
use zeroize::Zeroizing;

use super::{
    crypto::CIPHERSUITE,
    error::{GroupFailure, JoinError},
    handshake::HandshakeKind,
    history::EraHistory,
    leaf::{MemberLeaf, capabilities},
    link::GroupLink,
    mls::{MemberSigner, group_id, join_config, lifetime, store_psk},
    provider::Provider,
    state::{Group, GroupParts},
    storage::Storage,
    verdict::{Surroundings, verdict_of_newcomer},
    view::{group_view, psk_name},
};
use crate::{AdmissionReason, ContextChange, EraPsk, GroupEpoch, MemberKey};

/// A device with a key package, until somebody welcomes it. A Welcome uses the key package up: after a failure
/// a new candidate is needed.
pub struct Candidate {
    storage: Storage,
    link: GroupLink,
    member_key: MemberKey,
    leaf: MemberLeaf,
    history: EraHistory,
    key_package: Vec<u8>,
}

redacted_debug!(Candidate);

impl Candidate {
    /// Makes the key package of a device, sealed for the relay to all. `history` is that of an earlier group of
    /// the era, where the device was in one.
    ///
    /// # Errors
    /// The leaf does not name the member key, or has values that no reader accepts.
    pub fn new(
        link: GroupLink,
        member_key: MemberKey,
        leaf: MemberLeaf,
        history: EraHistory,
        now: Timestamp,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Self, GroupFailure> {
        if leaf.member_key != member_key.public() {
            return Err(GroupFailure::Leaf);
        }
        let extensions = leaf.extensions().ok_or(GroupFailure::Leaf)?;
        let storage = Storage::default();
        let message = {
            let provider = Provider::new(&storage, rng);
            if !store_psk(&link.psk, &provider) {
                return Err(GroupFailure::Mls);
            }
            let bundle = KeyPackage::builder()
                .key_package_lifetime(lifetime(now))
                .leaf_node_capabilities(capabilities())
                .leaf_node_extensions(extensions)
                .build(
                    CIPHERSUITE,
                    &provider,
                    &MemberSigner(&member_key),
                    leaf.credential(),
                )
                .map_err(|_| GroupFailure::Mls)?;
            let message = MlsMessageOut::from(bundle.key_package().clone());
            message.to_bytes().map_err(|_| GroupFailure::Mls)?
        };
        let kind = HandshakeKind::KeyPackage;
        let key_package = link.handshake.seal(kind, None, &message, rng);
        let key_package = key_package.map_err(|_| GroupFailure::Mls)?;
        Ok(Self {
            storage,
            link,
            member_key,
            leaf,
            history,
            key_package,
        })
    }

    /// Returns the sealed key package. It is relayed when the device became active, and again every 2 s until
    /// it is welcomed.
    #[must_use]
    pub fn key_package(&self) -> &[u8] {
        &self.key_package
    }

    /// Enters a group by a Welcome into an epoch: opens it, and checks the context and every leaf of the
    /// tree. Returns the group with the reason for which each leaf is in.
    ///
    /// `known` is the newest policy that the device knows, with the barred entries and the lock of an earlier
    /// group of the era, where it was in one: a group that lacks a statement of these is refused, but for
    /// entries and a lock that its members may not take yet ([`ContextChange::demanded_at`]).
    ///
    /// # Errors
    /// [`JoinError`]. The device sends and shows nothing of that group.
    pub fn join(
        self,
        epoch: GroupEpoch,
        welcome: &[u8],
        known: &ContextChange,
        surroundings: &Surroundings<'_>,
    ) -> Result<(Group, BTreeMap<u32, AdmissionReason>), JoinError> {
        let opened = self
            .link
            .handshake
            .open(HandshakeKind::Welcome, Some(epoch), welcome);
        let welcome = parse_welcome(&opened.map_err(|_| JoinError::Welcome)?)?;
        let provider = Provider::without_rng(&self.storage);
        let builder = StagedWelcome::build_from_welcome(&provider, &join_config(), welcome)
            .map_err(|_| JoinError::Welcome)?
            .skip_lifetime_validation()
            // The storage is the candidate's own: there is no other group to look for.
            .replace_old_group();
        let own_psk = EraPsk::id(self.link.psk.era());
        let has_own_psk = match builder.processed_welcome().psks() {
            [psk] => psk_name(psk.psk()).is_some_and(|id| id == own_psk),
            _ => false,
        };
        if !has_own_psk {
            return Err(JoinError::Psk);
        }
        let staged = builder.build().map_err(|_| JoinError::Welcome)?;
        let welcomed_by = Some(staged.welcome_sender_index().u32());
        let mls = staged
            .into_group(&provider)
            .map_err(|_| JoinError::Welcome)?;
        let expected = group_id(self.link.psk.era(), epoch.group);
        if *mls.group_id() != expected || mls.epoch().as_u64() != epoch.epoch {
            return Err(JoinError::OtherEpoch);
        }
        let mut history = self.history;
        history.interrupt();
        let view = group_view(&mls, history).map_err(JoinError::Refused)?;
        view.context
            .matches(&self.link.context, &known.demanded_at(surroundings.now))
            .and_then(|()| view.context.verify_times(surroundings.now))
            .map_err(JoinError::Context)?;
        let own = view.leaves.get(&mls.own_leaf_index().u32());
        if own != Some(&self.leaf) {
            return Err(JoinError::Welcome);
        }
        let reasons = verdict_of_newcomer(&view, surroundings).map_err(JoinError::Refused)?;
        let parts = GroupParts {
            mls,
            storage: self.storage,
            link: self.link,
            member_key: self.member_key,
            number: epoch.group,
            welcomed_by,
        };
        Ok((Group::from_parts(parts, view), reasons))
    }
}

fn parse_welcome(bytes: &Zeroizing<Vec<u8>>) -> Result<Welcome, JoinError> {
    let message = MlsMessageIn::tls_deserialize_exact_bytes(bytes);
    match message.map_err(|_| JoinError::Welcome)?.extract() {
        MlsMessageBodyIn::Welcome(welcome) => Ok(welcome),
        _ => Err(JoinError::Welcome),
    }
}
