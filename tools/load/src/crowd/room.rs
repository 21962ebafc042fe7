//! A link's room with all its devices.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use anteroom_client::{JoinOptions, RoomsClient, SeatStatus};
use anyhow::{Context as _, Result, ensure};
use futures::future::{join_all, try_join_all};

use super::member::{Member, MemberCommand, Round, View};
use crate::accounts::{Link, LoadAccount};

/// A room, whose first device is an admin's and whose others are guests'.
pub(crate) struct Room {
    pub(crate) link: Link,
    accounts: Arc<[LoadAccount]>,
    devices: usize,
    members: Vec<Member>,
    /// The guests that an admin has admitted and not removed.
    approved: BTreeSet<usize>,
    heard: u64,
}

/// The guests that are admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AdmissionPolicy {
    /// All guests.
    Everybody,
    /// All but the last one, which continues to wait in the lobby.
    AllButOne,
}

impl Room {
    /// Creates the room of the first `devices` accounts, with one device each.
    pub(crate) fn new(link: Link, accounts: Arc<[LoadAccount]>, devices: usize) -> Self {
        Self {
            link,
            accounts,
            devices,
            members: Vec::new(),
            approved: BTreeSet::new(),
            heard: 0,
        }
    }

    /// Returns the number of messages that departed devices have received.
    pub(crate) const fn heard(&self) -> u64 {
        self.heard
    }

    /// All devices join, and the admin admits the waiting ones. Fails if an approved device must wait, or
    /// another one need not.
    pub(crate) async fn gather(
        &mut self,
        client: &RoomsClient,
        policy: AdmissionPolicy,
    ) -> Result<()> {
        self.arrive(client).await?;
        self.admit(policy).await
    }

    /// All devices take seats, the admin first.
    async fn arrive(&mut self, client: &RoomsClient) -> Result<()> {
        let admin = self.join(client, 0).await?;
        let view = admin.view();
        ensure!(
            view.is_admin && view.status == SeatStatus::Active,
            "the passkey makes no admin: {view}"
        );
        self.members.push(admin);
        let guests = (1..self.devices).map(|index| self.join(client, index));
        for guest in join_all(guests).await {
            self.members.push(guest?);
        }
        self.check_statuses()
    }

    /// The admin admits the waiting devices, and all devices see it.
    pub(crate) async fn admit(&mut self, policy: AdmissionPolicy) -> Result<()> {
        let inside = self.devices - usize::from(policy == AdmissionPolicy::AllButOne);
        let admin = self.member(0)?;
        for index in 1..inside {
            if !self.approved.contains(&index) {
                let guest = self.member(index)?.view().demux;
                admin.order(MemberCommand::Approve(guest)).await?;
            }
        }
        self.approved.extend(1..inside);
        let waiting = self.devices - inside;
        let all_there = |view: &View| {
            view.status == SeatStatus::Active && view.active == inside && view.pending == waiting
        };
        self.all_see(inside, "everybody inside", all_there).await
    }

    /// All devices in the call send their messages.
    pub(crate) async fn begin_round(
        &self,
        number: u32,
        messages: u32,
        pace: Duration,
        gaps: bool,
    ) -> Result<()> {
        let inside = || {
            let active = |member: &&Member| member.view().status == SeatStatus::Active;
            self.members.iter().filter(active)
        };
        let round = Round {
            number,
            members: inside().map(|member| member.view().demux).collect(),
            messages,
            pace,
            gaps,
        };
        for member in inside() {
            member.order(MemberCommand::Talk(round.clone())).await?;
        }
        Ok(())
    }

    /// Waits until all devices have received all messages.
    pub(crate) async fn end_round(&self, number: u32) -> Result<()> {
        let what = format!("round {number}");
        let complete = |view: &View| view.complete == number;
        self.all_see(self.devices, &what, complete).await
    }

    /// Announces to the devices that the services are about to be killed.
    pub(crate) async fn brace(&self) -> Result<()> {
        for member in &self.members {
            member.order(MemberCommand::Brace).await?;
            member.wait_for("attention", |view| view.braced).await?;
        }
        Ok(())
    }

    /// Waits until all devices have detected that the services are gone.
    pub(crate) async fn see_it_end(&self) -> Result<()> {
        let lost = |view: &View| view.lost > 0;
        self.all_see(self.devices, "a lost connection", lost).await
    }

    /// Waits until all devices are back without a decision of the admin: the approvals must have been stored.
    pub(crate) async fn see_it_come_back(&self) -> Result<()> {
        let back = |view: &View| view.joins == 2;
        self.all_see(self.devices, "a place again", back).await?;
        self.check_statuses()?;
        let inside = self.approved.len() + 1;
        let there = |view: &View| view.active == inside;
        self.all_see(inside, "everybody again", there).await
    }

    /// Every second guest is removed, which drops its approval. The others leave, and the admin leaves last.
    pub(crate) async fn disperse(&mut self) -> Result<()> {
        let admin = self.member(0)?;
        for (index, member) in self.members.iter().enumerate().skip(1) {
            let (by, order) = if is_sent_away(index, self.devices) {
                (admin, MemberCommand::Remove(member.view().demux))
            } else {
                (member, MemberCommand::Leave)
            };
            by.order(order).await?;
        }
        for (index, member) in self.members.iter().enumerate().skip(1) {
            let view = member
                .wait_for("an end", |view| view.ended.is_some())
                .await?;
            let expected = if is_sent_away(index, self.devices) {
                "Removed"
            } else {
                "left"
            };
            ensure!(
                view.ended.as_deref() == Some(expected),
                "it should have ended as {expected}: {view}"
            );
        }
        let alone = |view: &View| view.active == 1 && view.pending == 0;
        admin.wait_for("nobody else", alone).await?;
        admin.order(MemberCommand::Leave).await?;
        admin
            .wait_for("an end", |view| view.ended.is_some())
            .await?;
        let devices = self.devices;
        self.approved.retain(|index| !is_sent_away(*index, devices));
        for member in self.members.drain(..) {
            self.heard += member.view().heard;
        }
        Ok(())
    }

    /// The admin alone takes a seat.
    pub(crate) async fn open(&mut self, client: &RoomsClient) -> Result<()> {
        let admin = self.join(client, 0).await?;
        self.members.push(admin);
        Ok(())
    }

    /// Drops all devices.
    pub(crate) fn abandon(&mut self) {
        self.members.clear();
    }

    /// Fails if any device has a fault.
    pub(crate) fn check(&self) -> Result<()> {
        for member in &self.members {
            let view = member.view();
            ensure!(view.fault.is_none(), "{:?}: {view}", view.fault);
        }
        Ok(())
    }

    /// Waits until the states of the first `count` devices satisfy the predicate.
    async fn all_see(&self, count: usize, what: &str, seen: impl Fn(&View) -> bool) -> Result<()> {
        let members = self.members.iter().take(count);
        try_join_all(members.map(|member| member.wait_for(what, &seen))).await?;
        Ok(())
    }

    fn check_statuses(&self) -> Result<()> {
        for (index, member) in self.members.iter().enumerate() {
            let view = member.view();
            let expected = if index == 0 || self.approved.contains(&index) {
                SeatStatus::Active
            } else {
                SeatStatus::Pending
            };
            ensure!(
                view.status == expected && view.is_admin == (index == 0),
                "it should be {expected:?}: {view}"
            );
        }
        Ok(())
    }

    async fn join(&self, client: &RoomsClient, index: usize) -> Result<Member> {
        let account = self.accounts.get(index).context("too few people")?;
        let options = JoinOptions {
            room: self.link.room.clone(),
            pass: account.pass.clone(),
            passkey: (index == 0).then(|| self.link.passkey.clone()),
            name: Some(format!("Member {index}")),
            member: None,
        };
        Member::join(client, options).await
    }

    fn member(&self, index: usize) -> Result<&Member> {
        self.members.get(index).context("nobody is there")
    }
}

/// Returns whether a guest is removed: the last one, and every second one before it.
const fn is_sent_away(index: usize, devices: usize) -> bool {
    (devices - index) % 2 == 1
}
