//! Members that commit something else than [`Group::commit`] does: the others notice, and stay as they are.

use std::time::{SystemTime, UNIX_EPOCH};

use anteroom_protocol::{EraId, OpaqueUserId, RootKey, Timestamp};
use openmls::{
    prelude::{
        CommitBuilder, Initial, KeyPackage, LeafNodeIndex, LeafNodeParameters, MlsMessageOut,
        PreSharedKeyProposal, Proposal,
    },
    schedule::PreSharedKeyId,
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use super::*;
use crate::{
    AdminSecret, Admission, Applicant, Candidate, CommitRefusal, ContextChange, ContextError,
    DeviceSecret, EraPsk, GroupChange, GroupStart, RoomContext, RosterHistory,
    group::mls::{MemberSigner, context_extensions, psk_id},
};

const ERA: EraId = EraId::from_bytes([1; 16]);

type Builder<'b> = CommitBuilder<'b, Initial, &'b mut MlsGroup>;

fn root_key() -> RootKey {
    RootKey::generate_v0(&mut ChaCha20Rng::seed_from_u64(1))
}

fn link() -> GroupLink {
    GroupLink::new(&root_key(), ERA, None)
}

fn member(number: u8) -> (MemberKey, MemberLeaf) {
    let key = DeviceSecret::from_bytes([number; 32]).member_key(&root_key().room_id());
    let leaf = MemberLeaf {
        user: OpaqueUserId::parse(&hex::encode([number; 65])).unwrap(),
        demux_id: DemuxId::new(u32::from(number) * 16).unwrap(),
        member_key: key.public(),
        admission: Admission::None,
        serial: 1,
        name: None,
        certificate: None,
    };
    (key, leaf)
}

#[expect(
    clippy::disallowed_methods,
    reason = "openmls compares lifetimes of key packages with the system's clock"
)]
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    Timestamp::from_secs(since.unwrap().as_secs())
}

fn surroundings(roster: &RosterHistory) -> Surroundings<'_> {
    Surroundings {
        is_account: &|_| true,
        max_devices: 4,
        roster,
        now: now(),
        moment: Moment::new(core::time::Duration::from_secs(60)),
    }
}

fn candidate(number: u8, rng: &mut ChaCha20Rng) -> Candidate {
    let (key, leaf) = member(number);
    Candidate::new(link(), key, leaf, EraHistory::default(), now(), rng).unwrap()
}

/// Three members, on the leaves 0 to 2.
fn three(rng: &mut ChaCha20Rng) -> Vec<Group> {
    let roster = RosterHistory::default();
    let world = surroundings(&roster);
    let (key, leaf) = member(1);
    let start = GroupStart {
        link: link(),
        member_key: key,
        leaf: &leaf,
        number: 0,
        context: &ContextChange::default(),
        history: EraHistory::of_founder(),
    };
    let mut groups = vec![Group::start(start, &world, rng).unwrap()];
    let candidates = [2, 3].map(|number| candidate(number, rng));
    let open = |one: &Candidate| Applicant::open(&link(), one.key_package()).unwrap();
    let change = GroupChange {
        add: candidates.iter().map(open).collect(),
        ..GroupChange::default()
    };
    let commit = groups[0].commit(&change, &world, rng).unwrap();
    groups[0]
        .receive_commit(commit.epoch, &commit.body, &world)
        .unwrap();
    let epoch = groups[0].epoch();
    for candidate in candidates {
        let welcome = &commit.welcome.as_ref().unwrap().1;
        let (group, _) = candidate
            .join(epoch, welcome, &ContextChange::default(), &world)
            .unwrap();
        groups.push(group);
    }
    groups
}

impl Group {
    /// Makes a commit past all checks, with the PSK or without.
    fn cheat(
        &mut self,
        has_psk: bool,
        change: impl for<'b> FnOnce(Builder<'b>) -> Builder<'b>,
        rng: &mut ChaCha20Rng,
    ) -> Vec<u8> {
        let epoch = self.epoch();
        let GroupParts {
            mls,
            storage,
            link,
            member_key,
            ..
        } = &mut self.parts;
        let commit = {
            let provider = Provider::new(storage, rng);
            let mut builder = change(mls.commit_builder().force_self_update(true));
            if has_psk {
                let psk = psk_id(ERA, &provider).unwrap();
                let psk = PreSharedKeyProposal::new(psk);
                builder = builder.add_proposal(Proposal::PreSharedKey(Box::new(psk)));
            }
            let bundle = builder
                .load_psks(provider.storage())
                .unwrap()
                .build(
                    provider.rand(),
                    provider.crypto(),
                    &MemberSigner(member_key),
                    |_| true,
                )
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
}

/// Lets the second member cheat, and the third one receive it. Then an honest commit still works.
fn refusal(has_psk: bool, change: impl for<'b> FnOnce(Builder<'b>) -> Builder<'b>) -> CommitError {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let mut groups = three(&mut rng);
    let epoch = groups[0].epoch();
    let body = groups[1].cheat(has_psk, change, &mut rng);
    let roster = RosterHistory::default();
    let world = surroundings(&roster);
    let told = groups[2].receive_commit(epoch, &body, &world);
    assert_eq!(groups[2].epoch(), epoch);
    let newcomer = candidate(9, &mut rng);
    let change = GroupChange {
        add: vec![Applicant::open(&link(), newcomer.key_package()).unwrap()],
        ..GroupChange::default()
    };
    let honest = groups[0].commit(&change, &world, &mut rng).unwrap();
    let merged = groups[2].receive_commit(epoch, &honest.body, &world);
    assert!(merged.is_ok(), "an honest commit is merged afterwards");
    told.unwrap_err()
}

fn refused(refusal: CommitRefusal) -> CommitError {
    CommitError::Refused {
        committer: Some(1),
        refusal,
    }
}

#[test]
fn a_commit_without_the_psk_is_refused() {
    assert_eq!(
        refusal(false, |builder| builder),
        refused(CommitRefusal::Psk)
    );
}

#[test]
fn a_commit_that_changes_nothing_is_refused() {
    let told = refusal(true, |builder| builder);
    assert_eq!(told, refused(CommitRefusal::Nothing));
}

#[test]
fn a_commit_that_takes_out_an_innocent_is_refused() {
    let told = refusal(true, |builder| {
        builder.propose_removals([LeafNodeIndex::new(0)])
    });
    assert_eq!(told, refused(CommitRefusal::Removal));
}

#[test]
fn a_commit_that_changes_the_name_of_its_committer_is_refused() {
    let (_, mut leaf) = member(2);
    leaf.name = Some("Somebody else".to_owned());
    let extensions = leaf.extensions().unwrap();
    let parameters = LeafNodeParameters::builder()
        .with_extensions(extensions)
        .build();
    let told = refusal(true, |builder| builder.leaf_node_parameters(parameters));
    assert_eq!(told, refused(CommitRefusal::CommitterLeaf));
}

#[test]
fn a_commit_that_changes_the_context_without_a_statement_is_refused() {
    let admin = AdminSecret::from_bytes([9; 32]).admin_key(&root_key().room_id());
    for context in [
        RoomContext::new(root_key().room_id(), ERA, Some(admin.public())),
        RoomContext::new(root_key().room_id(), EraId::from_bytes([2; 16]), None),
    ] {
        let extensions = context_extensions(&context).unwrap();
        let told = refusal(true, |builder| {
            builder
                .propose_group_context_extensions(extensions)
                .unwrap()
        });
        let unfounded = CommitRefusal::Context(ContextError::Unfounded);
        assert_eq!(told, refused(unfounded));
    }
}

#[test]
fn a_commit_with_another_value_of_the_psk_does_not_open() {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let mut groups = three(&mut rng);
    let epoch = groups[0].epoch();
    {
        let provider = Provider::without_rng(&groups[1].parts.storage);
        let id = PreSharedKeyId::external(EraPsk::id(ERA), Vec::new());
        id.store(&provider, &[0; 32]).unwrap();
    }
    let body = groups[1].cheat(true, |builder| builder, &mut rng);
    let roster = RosterHistory::default();
    let told = groups[2].receive_commit(epoch, &body, &surroundings(&roster));
    assert_eq!(told.err(), Some(CommitError::Malformed));
}

#[test]
fn a_proposal_of_its_own_and_a_message_are_no_commits() {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let mut groups = three(&mut rng);
    let epoch = groups[0].epoch();
    let proposal: MlsMessageOut = {
        let GroupParts {
            mls,
            storage,
            member_key,
            ..
        } = &mut groups[1].parts;
        let provider = Provider::new(storage, &mut rng);
        let (proposal, _) = mls
            .propose_remove_member(&provider, &MemberSigner(member_key), LeafNodeIndex::new(0))
            .unwrap();
        proposal
    };
    let message = {
        let message = crate::GroupMessage::Confirmation;
        groups[0]
            .seal_message(&message, crate::SenderTime::from_millis(0), &mut rng)
            .unwrap()
    };
    let roster = RosterHistory::default();
    for body in [proposal.to_bytes().unwrap(), message, b"nothing".to_vec()] {
        let kind = HandshakeKind::Commit;
        let sealed = link()
            .handshake
            .seal(kind, Some(epoch), &body, &mut rng)
            .unwrap();
        let told = groups[2].receive_commit(epoch, &sealed, &surroundings(&roster));
        assert_eq!(told.err(), Some(CommitError::Malformed));
        assert_eq!(groups[2].parts.mls.pending_proposals().count(), 0);
    }
}

#[test]
fn a_key_package_of_another_capability_is_no_applicant() {
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let (key, leaf) = member(4);
    let storage = Storage::default();
    let body = {
        let provider = Provider::new(&storage, &mut rng);
        let bundle = KeyPackage::builder()
            .build(
                super::super::crypto::CIPHERSUITE,
                &provider,
                &MemberSigner(&key),
                leaf.credential(),
            )
            .unwrap();
        let message = MlsMessageOut::from(bundle.key_package().clone());
        message.to_bytes().unwrap()
    };
    let kind = HandshakeKind::KeyPackage;
    let sealed = link().handshake.seal(kind, None, &body, &mut rng).unwrap();
    let opened = Applicant::open(&link(), &sealed);
    assert_eq!(opened.err(), Some(GroupFailure::KeyPackage));
}

mod bad_path;
mod key_packages;
