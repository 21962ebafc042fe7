//! A member of a call that the test plays itself: it has the link, an account and a leaf, and none of a client's
//! scruples.

use anteroom_client::{
    Admission, GroupEpoch, MemberLeaf, OperatingSystem, SignedStatement, System as _,
};
use anteroom_e2ee::{Approval, StatementKey};
use anteroom_wire::rooms::socket::{ClientMessage, ServerMessage, WelcomeBody};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    mls_member::{EraKeys, MlsCandidate, MlsMember, PlayedKey, SealedCommit},
    raw_device::RawDevice,
};
use crate::{
    person::Person,
    stage::{Account, Stage},
};

/// A device in the call with the keys for a leaf.
pub(crate) struct PlayedDevice {
    pub(crate) device: RawDevice,
    pub(crate) keys: EraKeys,
    pub(crate) key: PlayedKey,
}

/// A member that the test plays itself.
pub(crate) struct Insider {
    pub(crate) played: PlayedDevice,
    pub(crate) member: MlsMember,
    pub(crate) approval: Option<SignedStatement<Approval>>,
    /// The number of messages of the room service that it has followed.
    followed: usize,
}

impl PlayedDevice {
    /// Joins the call.
    pub(crate) async fn join(stage: &Stage, account: &Account, number: u8) -> Self {
        let root_key = &stage.link.root_key;
        let key = PlayedKey::new(&root_key.room_id(), number);
        let device = RawDevice::join(stage, account, &key.member_key).await;
        Self {
            keys: EraKeys::new(root_key, device.era),
            device,
            key,
        }
    }

    /// Returns a leaf of the device.
    pub(crate) fn leaf(&self, admission: Admission) -> MemberLeaf {
        MemberLeaf {
            user: self.device.user.clone(),
            demux_id: self.device.demux,
            member_key: self.key.member_key.public(),
            admission,
            serial: OperatingSystem.now().as_secs() * 1_000,
            name: None,
            certificate: None,
        }
    }

    /// Makes a key package for a leaf.
    pub(crate) fn candidate(&self, leaf: &MemberLeaf, seed: u64) -> MlsCandidate {
        MlsCandidate::new(&self.keys, &self.key, leaf, seed)
    }

    /// Waits for the approval of an admin.
    pub(crate) async fn approval(&self) -> SignedStatement<Approval> {
        let statement = self.device.message("an approval", |message| match message {
            ServerMessage::Admitted { statement, .. } => statement.clone(),
            _ => None,
        });
        SignedStatement::parse(statement.await.as_bytes()).unwrap()
    }

    /// Waits for the Welcome for a candidate, and enters the group by it.
    pub(crate) async fn enter(self, candidate: MlsCandidate) -> Insider {
        self.device.ask(&candidate.key_package);
        let welcome = self.device.message("a Welcome", |message| match message {
            ServerMessage::Welcome {
                group, epoch, body, ..
            } => Some((
                GroupEpoch {
                    group: *group,
                    epoch: *epoch,
                },
                STANDARD.decode(body).unwrap(),
            )),
            _ => None,
        });
        let (epoch, welcome) = welcome.await;
        let mut insider = Insider {
            member: candidate.join(epoch, &welcome),
            played: self,
            approval: None,
            followed: 0,
        };
        insider.follow();
        insider
    }
}

impl Insider {
    /// Comes into the call, and into the group with an approval of an admin.
    pub(crate) async fn join(stage: &Stage, admin: &Person, number: u8) -> Self {
        let played = PlayedDevice::join(stage, &stage.account().await, number).await;
        admin.approve(played.device.demux).await;
        let approval = played.approval().await;
        let leaf = played.leaf(Admission::Approval(approval.clone()));
        let candidate = played.candidate(&leaf, u64::from(number));
        let mut insider = played.enter(candidate).await;
        insider.approval = Some(approval);
        insider
    }

    /// Merges the commits that the service has told.
    pub(crate) fn follow(&mut self) {
        let (commits, followed) = {
            let device = &self.played.device;
            device.messages_since(self.followed, |message| match message {
                ServerMessage::Commit {
                    group, epoch, body, ..
                } => Some((*group, *epoch, STANDARD.decode(body).unwrap())),
                _ => None,
            })
        };
        self.followed = followed;
        for (group, epoch, body) in commits {
            if (GroupEpoch { group, epoch }) == self.member.epoch() {
                self.member.merge(&body);
            }
        }
    }

    /// Sends a commit that adds nobody in the call.
    pub(crate) fn send(&self, commit: &SealedCommit) {
        self.send_with(commit, None);
    }

    /// Sends a commit, with a Welcome for these devices.
    pub(crate) fn send_with(&self, commit: &SealedCommit, welcome: Option<(Vec<u32>, &[u8])>) {
        self.played.device.send(ClientMessage::Commit {
            group: commit.epoch.group,
            epoch: commit.epoch.epoch,
            body: STANDARD.encode(&commit.body),
            welcome: welcome.map(|(to, body)| WelcomeBody {
                to,
                body: STANDARD.encode(body),
            }),
        });
    }
}

/// Signs an approval as the admins do.
pub(crate) fn sign(stage: &Stage, approval: &Approval) -> SignedStatement<Approval> {
    let room = stage.link.root_key.room_id();
    let admin = stage.rights.admin_key(&room).unwrap();
    SignedStatement::sign(approval, &StatementKey::Admin(&admin)).unwrap()
}
