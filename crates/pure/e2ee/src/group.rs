//! The group: keys for everybody who is in, new ones whenever somebody comes or goes (MLS, RFC 9420, cipher
//! suite 1).
//!
//! 1. [`Group::start`] makes a group of one; a [`Candidate`] waits with a key package until somebody adds it.
//! 2. [`Group::commit`] makes a commit; the room service takes the first one of an epoch and tells it to
//!    everybody; [`Group::receive_commit`] checks it ([`verdict`]) and merges it, one's own too.
//! 3. [`Candidate::join`] checks the whole tree before it enters.
//! 4. [`EpochFrames`] are for [`FrameSealer`](crate::FrameSealer) and [`FrameOpener`](crate::FrameOpener);
//!    [`GroupMessage`]s are sealed for the epoch, and each is opened once.
//!
//! Every commit has the PSK of the link and the era, so that nobody without the link takes part. Handshake
//! messages are PrivateMessages, sealed once more under [`HandshakeKey`].

mod applicant;
mod application;
mod candidate;
mod change;
mod commit;
mod confirmations;
mod crypto;
mod error;
mod handshake;
mod history;
mod leaf;
mod link;
mod message;
mod mls;
mod provider;
mod reply_key;
mod roster;
mod start;
mod state;
mod storage;
mod verdict;
mod view;

pub use self::{
    applicant::Applicant,
    candidate::Candidate,
    change::{EpochChange, EpochFrames, GroupChange, MAX_ADDS, OutgoingCommit},
    confirmations::{CONFIRMATION_INTERVAL, CONFIRMATION_LIMIT, Confirmations},
    error::{CommitError, GroupFailure, JoinError, MessageError},
    handshake::{BodyTooLong, HandshakeKey, HandshakeKind},
    history::EraHistory,
    leaf::MemberLeaf,
    link::GroupLink,
    message::{GroupMessage, SenderTime},
    mls::PAST_EPOCHS,
    reply_key::ReplyKey,
    roster::{ABSENCE, RosterHistory},
    start::GroupStart,
    state::Group,
    verdict::{
        CommitEffect, CommitRefusal, CommitView, GroupView, ProposalView, RemovalReason,
        Surroundings, verdict, verdict_of_newcomer,
    },
};
