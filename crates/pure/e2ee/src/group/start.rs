//! The start of a group.

use anteroom_protocol::redacted_debug;
use openmls::prelude::MlsGroup;
use rand_core::CryptoRng;

use super::{
    crypto::CIPHERSUITE,
    error::GroupFailure,
    history::EraHistory,
    leaf::{MemberLeaf, capabilities},
    link::GroupLink,
    mls::{
        MemberSigner, PADDING, PAST_EPOCHS, WIRE_FORMAT, context_extensions, group_id, lifetime,
        store_psk,
    },
    provider::Provider,
    state::{Group, GroupParts},
    storage::Storage,
    verdict::Surroundings,
    view::group_view,
};
use crate::{ContextChange, MemberKey, Presence};

/// The first member of a group, and the state of the era before it.
pub struct GroupStart<'s> {
    /// The link.
    pub link: GroupLink,
    /// The device's key in the room.
    pub member_key: MemberKey,
    /// The claims of the device.
    pub leaf: &'s MemberLeaf,
    /// The number of the group, as the room service counts them.
    pub number: u32,
    /// The statements that the device knows, those of an earlier group of the era among them.
    pub context: &'s ContextChange,
    /// The history of the era: that of the earlier group, where the device was in one.
    pub history: EraHistory,
}

redacted_debug!(impl ['s] GroupStart<'s>);

impl Group {
    /// Starts a group of an era with the own device alone.
    ///
    /// # Errors
    /// [`GroupFailure::Admission`]: a device that may not be in cannot start. [`GroupFailure::Leaf`],
    /// [`GroupFailure::Mls`].
    pub fn start(
        start: GroupStart<'_>,
        surroundings: &Surroundings<'_>,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Self, GroupFailure> {
        let GroupStart {
            link,
            member_key,
            leaf,
            number,
            context,
            history,
        } = start;
        if leaf.member_key != member_key.public() {
            return Err(GroupFailure::Leaf);
        }
        let context = link.context.with(context);
        context
            .may_add(&leaf.claim(), Presence::Present, surroundings.now)
            .map_err(GroupFailure::Admission)?;
        let storage = Storage::default();
        let mls = {
            let provider = Provider::new(&storage, rng);
            let leaf_extensions = leaf.extensions().ok_or(GroupFailure::Leaf)?;
            let context_extensions = context_extensions(&context).ok_or(GroupFailure::Mls)?;
            if !store_psk(&link.psk, &provider) {
                return Err(GroupFailure::Mls);
            }
            MlsGroup::builder()
                // The storage is new: there is no other group to look for.
                .replace_old_group()
                .with_group_id(group_id(link.psk.era(), number))
                .ciphersuite(CIPHERSUITE)
                .with_wire_format_policy(WIRE_FORMAT)
                .padding_size(PADDING)
                .max_past_epochs(PAST_EPOCHS)
                .use_ratchet_tree_extension(true)
                .lifetime(lifetime(surroundings.now))
                .with_group_context_extensions(context_extensions)
                .with_capabilities(capabilities())
                .with_leaf_node_extensions(leaf_extensions)
                .map_err(|_| GroupFailure::Leaf)?
                .build(&provider, &MemberSigner(&member_key), leaf.credential())
                .map_err(|_| GroupFailure::Mls)?
        };
        let view = group_view(&mls, history).map_err(GroupFailure::Refused)?;
        let parts = GroupParts {
            mls,
            storage,
            link,
            member_key,
            number,
            welcomed_by: None,
        };
        Ok(Self::from_parts(parts, view))
    }
}
