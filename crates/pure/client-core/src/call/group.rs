//! The group of a call as its people see it.

use anteroom_e2ee::{AdmissionReason, MemberPublicKey};
use anteroom_e2ee_session::{BarScope, CommandError, Listing, MemberStatus};
use anteroom_protocol::{DemuxId, GroupEpoch};

/// The group that a device is in, as it is now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupState {
    /// The members; empty while this device is in no group.
    pub members: Vec<MemberStatus>,
    /// Whether this device may send now.
    pub may_send: bool,
    /// Whether nobody new is let in.
    pub is_locked: bool,
    /// Whether the link names an admin key. Without one, the room service decides who is let in, and what is
    /// said goes to clients without end-to-end encryption too.
    pub has_admin: bool,
    /// The keys of the members that are admins by what they can sign, and not by the room service's word: with
    /// the admin secret, or as co-admins. None where the link names no admin key.
    pub admins: Vec<MemberPublicKey>,
    /// The keys of the co-admins of the era.
    pub co_admins: Vec<MemberPublicKey>,
    /// Whether this person is a co-admin of the era.
    pub is_co_admin: bool,
    /// Whether this device signs the approvals of its admissions: with the admin key of the link, or as a co-admin.
    /// With the passkey alone it signs none.
    pub signs_approvals: bool,
    /// Whether the device of an admin is in the group and connected, which passes the decisions of co-admins on.
    pub has_admin_device: bool,
}

impl GroupState {
    /// Returns the member with a device.
    #[must_use]
    pub fn member(&self, device: DemuxId) -> Option<&MemberStatus> {
        let mut members = self.members.iter();
        members.find(|member| member.claims.demux_id == device)
    }

    /// Returns whether a device is a member with the admin secret, or with the user of one, by the group alone. The
    /// word of the room service makes nobody an admin here. A leaf with an admin's user that is not listed so can be of
    /// any member's making, and is no admin's.
    #[must_use]
    pub fn is_of_admin(&self, device: DemuxId) -> bool {
        self.member(device).is_some_and(|member| {
            member.reason == AdmissionReason::Admin
                || (member.listing == Listing::Listed && self.is_user_of_admin(member))
        })
    }

    /// Returns the scope of the entry that puts a device out: the device alone where its leaf has the user of an admin
    /// or of this person and is not listed so, since the entry is not to name the user of somebody else.
    pub(super) fn bar_scope(&self, device: DemuxId, scope: BarScope) -> BarScope {
        let is_foreign = self.member(device).is_some_and(|member| {
            let mut own = self.members.iter().filter(|one| one.is_own);
            let is_own_user = own.any(|own| own.claims.user == member.claims.user);
            member.listing != Listing::Listed && (is_own_user || self.is_user_of_admin(member))
        });
        if is_foreign { BarScope::Device } else { scope }
    }

    fn is_user_of_admin(&self, member: &MemberStatus) -> bool {
        let members = self.members.iter();
        let mut admins = members.filter(|member| member.reason == AdmissionReason::Admin);
        admins.any(|admin| admin.claims.user == member.claims.user)
    }
}

/// A command of a person about the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupCommand {
    /// Locks or unlocks the call. For admins.
    Lock(bool),
    /// Makes a member a co-admin for the rest of the era. For holders of the admin secret.
    AddCoAdmin(DemuxId),
    /// Takes back that a member is a co-admin. For holders of the admin secret.
    RemoveCoAdmin(DemuxId),
    /// Computes the verification words, and freezes them with the members.
    ShowWords,
    /// The person has compared the words that were shown last, which are of this epoch: they match.
    WordsMatch(GroupEpoch),
}

/// The reason for which a command about the group, or a text to it, was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupError {
    /// The session of the device refuses it.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The device was not let into the group in time.
    #[error("the others have not let this device into their group")]
    NotLetIn,
    /// Nobody else is in the call.
    #[error("nobody else is in the call")]
    Alone,
    /// The device was not let into the group, and another device has the link with another admin key, or with one
    /// that the link of this device lacks.
    #[error(
        "the others have not let this device into their group, and somebody with the link says that its admin key \
         is missing here or another one: ask for the whole link"
    )]
    AdminKeyDiffers,
    /// The device is in the group, and no other member was there to hear the text in time.
    #[error(
        "nobody is there to hear it: the others have lost their connections, or nothing has come from them yet"
    )]
    NoListener,
    /// No member was there to hear the text in time. Devices without end-to-end encryption have heard it, under the
    /// key of the link.
    #[error(
        "no member of the group has heard it, and only those without end-to-end encryption have"
    )]
    OutsideAlone,
    /// The text was written to a connection that ended before the room service showed that it has it.
    #[error(
        "the connection ended before the room service confirmed it, so that the others may have heard it or not"
    )]
    Unconfirmed,
    /// The room service has dropped messages beyond its limits, and the text may have been in one of them.
    #[error(
        "too much was said at once, and the room service dropped some of it, so that the others may have heard it or \
         not"
    )]
    Limited,
    /// It waited for its turn, and nothing of what this person says went out for 15 s. It never left the device.
    #[error(
        "it waited while the room service took nothing for 15 s, and nobody has heard it: write it again later"
    )]
    NotTaken,
    /// The call was over when the text was to be said.
    #[error("the call is over for you")]
    Over,
    /// The call has begun anew since the command or the text was given, or another device has the number that the
    /// command is about.
    #[error(
        "the call began anew meanwhile, or another device has the tag now: it could be about others"
    )]
    CallChanged,
    /// A command that lets somebody in has waited for what was written before it, and a later one that takes it back
    /// was done meanwhile.
    #[error(
        "a later decision of yours, which takes back that somebody is let in, was done before it"
    )]
    Overruled,
    /// None of the devices in the call takes part in the end-to-end encryption.
    #[error("nobody in the call takes part in the end-to-end encryption")]
    NobodyHears,
    /// A message under the key of the link, where the link names an admin key: whoever has the link could read
    /// it with the room service's help.
    #[error("the members decide who hears the call, and this would go to everybody with the link")]
    LinkKey,
    /// A co-admin has decided, and no device of an admin is in the group.
    #[error(
        "no admin's device is in the group to pass it on: the room service takes decisions from admins alone"
    )]
    NoAdminDevice,
    /// A co-admin has decided about a device of which no admin's device has told, or that has no member key.
    #[error("no admin's device has told of it, or it has named no key")]
    NotWaiting,
    /// A co-admin has decided about a device of an admin, or of the account of one.
    #[error("it is a device of an admin, and a co-admin decides nothing about admins")]
    OfAdmin,
    /// A co-admin puts a member out of the group, and the room service alone says that it is a device of an admin, or
    /// of the account of one.
    #[error(
        "the room service lists it as an admin's, which the group does not: only the group puts it out, and no \
         admin's device is asked to send it away"
    )]
    ListedAsAdmin,
    /// A co-admin lets a device in for whose number different users or member keys were stated in the era.
    #[error(
        "the room service has stated different accounts or keys for it in this call, so nothing is signed for it"
    )]
    Changed,
    /// The device has no identity of a member.
    #[error("this device takes no part in the end-to-end encryption")]
    NoGroup,
    /// The room service does not state that it has what the end-to-end encryption needs. Where the link names
    /// an admin key, nothing is said then: the room service could state that of any call.
    #[error("the room service says that it does not have what the end-to-end encryption needs")]
    Unsupported,
}
