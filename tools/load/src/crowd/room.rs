//! A link's room with everybody in it.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use anteroom_client::{JoinOptions, RoomsClient, Standing};
use anyhow::{Context as _, Result, ensure};
use futures::future::{join_all, try_join_all};

use super::member::{Member, Round, View};
use crate::people::{Link, Person};

/// A room, whose first device is an admin's and whose others are guests'.
pub(crate) struct Room {
    pub(crate) link: Link,
    people: Arc<[Person]>,
    devices: usize,
    members: Vec<Member>,
    /// The guests that an admin let in and did not send away.
    approved: BTreeSet<usize>,
    heard: u64,
}

/// Who is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Company {
    /// All.
    Everybody,
    /// All but the last, who goes on waiting in the lobby.
    AllButOne,
}

impl Room {
    /// One device of each of the first so many people.
    pub(crate) fn new(link: Link, people: Arc<[Person]>, devices: usize) -> Self {
        Self {
            link,
            people,
            devices,
            members: Vec::new(),
            approved: BTreeSet::new(),
            heard: 0,
        }
    }

    /// How many messages were heard by those who have left.
    pub(crate) const fn heard(&self) -> u64 {
        self.heard
    }

    /// Everybody joins; the admin lets in who waits. Fails if one who was approved must wait, or
    /// one who was not need not.
    pub(crate) async fn gather(&mut self, client: &RoomsClient, company: Company) -> Result<()> {
        self.arrive(client).await?;
        self.admit(company).await
    }

    /// Everybody takes a place, the admin first.
    async fn arrive(&mut self, client: &RoomsClient) -> Result<()> {
        let admin = self.join(client, 0).await?;
        let view = admin.view();
        ensure!(
            view.is_admin && view.standing == Standing::Active,
            "the passkey makes no admin: {view}"
        );
        self.members.push(admin);
        let guests = (1..self.devices).map(|index| self.join(client, index));
        for guest in join_all(guests).await {
            self.members.push(guest?);
        }
        self.check_standings()
    }

    /// The admin lets in who waits, and everybody sees it.
    pub(crate) async fn admit(&mut self, company: Company) -> Result<()> {
        let inside = self.devices - usize::from(company == Company::AllButOne);
        let admin = self.member(0)?;
        for index in 1..inside {
            if !self.approved.contains(&index) {
                admin.approve(self.member(index)?.view().demux).await?;
            }
        }
        self.approved.extend(1..inside);
        let waiting = self.devices - inside;
        let all_there = |view: &View| {
            view.standing == Standing::Active && view.active == inside && view.pending == waiting
        };
        let settled = self.members.iter().take(inside);
        try_join_all(settled.map(|member| member.wait_for("everybody inside", all_there))).await?;
        Ok(())
    }

    /// Everybody inside says so many things.
    pub(crate) async fn begin_round(
        &self,
        number: u32,
        messages: u32,
        pace: Duration,
        gaps: bool,
    ) -> Result<()> {
        let inside = || {
            let active = |member: &&Member| member.view().standing == Standing::Active;
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
            member.talk(round.clone()).await?;
        }
        Ok(())
    }

    /// Waits until everybody has heard everything.
    pub(crate) async fn end_round(&self, number: u32) -> Result<()> {
        let what = format!("round {number}");
        let complete = |view: &View| view.complete == number;
        let all = self.members.iter();
        try_join_all(all.map(|member| member.wait_for(&what, complete))).await?;
        Ok(())
    }

    /// Says that the services are about to be killed.
    pub(crate) async fn brace(&self) -> Result<()> {
        for member in &self.members {
            member.brace().await?;
        }
        Ok(())
    }

    /// Waits until everybody has noticed that the services are gone.
    pub(crate) async fn see_it_end(&self) -> Result<()> {
        let lost = |view: &View| view.lost > 0;
        let all = self.members.iter();
        try_join_all(all.map(|member| member.wait_for("a lost connection", lost))).await?;
        Ok(())
    }

    /// Waits until everybody is back, nobody having been asked: the approvals must have been kept.
    pub(crate) async fn see_it_come_back(&self) -> Result<()> {
        let back = |view: &View| view.joins == 2;
        let all = self.members.iter();
        try_join_all(all.map(|member| member.wait_for("a place again", back))).await?;
        self.check_standings()?;
        let inside = self.approved.len() + 1;
        let there = |view: &View| view.active == inside;
        let all = self.members.iter().take(inside);
        try_join_all(all.map(|member| member.wait_for("everybody again", there))).await?;
        Ok(())
    }

    /// Every other guest is sent away and so not approved any more, the others leave, and the admin
    /// goes last.
    pub(crate) async fn disperse(&mut self) -> Result<()> {
        let admin = self.member(0)?;
        for (index, member) in self.members.iter().enumerate().skip(1) {
            if is_sent_away(index, self.devices) {
                admin.remove(member.view().demux).await?;
            } else {
                member.leave().await?;
            }
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
        admin.leave().await?;
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

    /// The admin alone takes a place.
    pub(crate) async fn open(&mut self, client: &RoomsClient) -> Result<()> {
        let admin = self.join(client, 0).await?;
        self.members.push(admin);
        Ok(())
    }

    /// Forgets everybody who was there.
    pub(crate) fn abandon(&mut self) {
        self.members.clear();
    }

    /// Fails if anything went wrong with anybody.
    pub(crate) fn check(&self) -> Result<()> {
        for member in &self.members {
            let view = member.view();
            ensure!(view.fault.is_none(), "{:?}: {view}", view.fault);
        }
        Ok(())
    }

    fn check_standings(&self) -> Result<()> {
        for (index, member) in self.members.iter().enumerate() {
            let view = member.view();
            let expected = if index == 0 || self.approved.contains(&index) {
                Standing::Active
            } else {
                Standing::Pending
            };
            ensure!(
                view.standing == expected && view.is_admin == (index == 0),
                "it should be {expected:?}: {view}"
            );
        }
        Ok(())
    }

    async fn join(&self, client: &RoomsClient, index: usize) -> Result<Member> {
        let person = self.people.get(index).context("too few people")?;
        let options = JoinOptions {
            room: self.link.room.clone(),
            pass: person.pass.clone(),
            passkey: (index == 0).then(|| self.link.passkey.clone()),
            name: Some(format!("Member {index}")),
        };
        Member::join(client, options).await
    }

    fn member(&self, index: usize) -> Result<&Member> {
        self.members.get(index).context("nobody is there")
    }
}

/// The last guest is, and every other before.
const fn is_sent_away(index: usize, devices: usize) -> bool {
    (devices - index) % 2 == 1
}
