//! A member of a call that the test plays itself: it has the link, an account and a leaf, and none of a client's
//! scruples.

use anteroom_client::{
    Admission, GroupEpoch, MemberLeaf, MemberPublicKey, OperatingSystem, SignedStatement,
    System as _,
};
use anteroom_e2ee::{Approval, StatementKey};
use anteroom_wire::rooms::socket::{ClientMessage, ServerMessage, WelcomeBody};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    mls_member::{EraKeys, MlsCandidate, MlsMember, PlayedKey, SealedCommit},
    raw_device::RawDevice,
};
use crate::{
    person::TestUser,
    stage::{Account, Stage},
};

/// A device in the call with the keys for a leaf.
pub(crate) struct PlayedDevice {
    account: Account,
    pub(crate) device: RawDevice,
    pub(crate) keys: EraKeys,
    pub(crate) key: PlayedKey,
}

/// A member that the test plays itself.
pub(crate) struct Insider {
    pub(crate) played: PlayedDevice,
    pub(crate) member: MlsMember,
    pub(crate) approval: Option<SignedStatement<Approval>>,
    pub(crate) account: Account,
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
            account: account.clone(),
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

    /// Asks for a candidate, and enters the group by the Welcome.
    pub(crate) async fn enter(self, candidate: MlsCandidate, number: u32) -> Insider {
        let asking = self.device.keep_asking(&candidate.key_package);
        let welcome = self.device.message("a Welcome", |message| match message {
            ServerMessage::Welcome {
                group, epoch, body, ..
            } if *group == number => Some((
                GroupEpoch {
                    group: *group,
                    epoch: *epoch,
                },
                STANDARD.decode(body).unwrap(),
            )),
            _ => None,
        });
        let (epoch, welcome) = welcome.await;
        drop(asking);
        let mut insider = Insider {
            member: candidate.join(epoch, &welcome),
            account: self.account.clone(),
            played: self,
            approval: None,
            followed: 0,
        };
        insider.merge_told();
        insider
    }
}

impl Insider {
    /// Comes into the call, and into the group: with the approval of an admin, if one gives it.
    pub(crate) async fn join(
        stage: &Stage,
        account: &Account,
        admin: Option<&TestUser>,
        number: u8,
    ) -> Self {
        let played = PlayedDevice::join(stage, account, number).await;
        let mut approval = None;
        if let Some(admin) = admin {
            admin.approve(played.device.demux).await;
            approval = Some(played.approval().await);
        }
        let admission = approval
            .clone()
            .map_or(Admission::None, Admission::Approval);
        let leaf = played.leaf(admission);
        let candidate = played.candidate(&leaf, u64::from(number));
        let mut insider = played.enter(candidate, 1).await;
        insider.approval = approval;
        insider
    }

    pub(crate) fn key(&self) -> MemberPublicKey {
        self.played.key.member_key.public()
    }

    /// Merges the commits that the service has told, all that are under way too: those to a device come in
    /// order, before the answer to a ping.
    pub(crate) async fn follow(&mut self) {
        self.played.device.ping().await;
        self.merge_told();
    }

    fn merge_told(&mut self) {
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
