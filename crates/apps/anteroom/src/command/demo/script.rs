//! The script of the demo: Ann invites, Bob and Cleo join.

use std::time::Duration;

use anteroom_client::{
    AdminRights, AdminSecret, Approval, CallEvent, EndReason, LinkChange, RoomsError,
};
use anteroom_console::{os, terminal::print};
use anteroom_protocol::CallLink;
use anyhow::{Context as _, bail};
use tokio::time::timeout;

use super::{accounts::DemoAccount, leak_report::SearchedSecret, services::DemoServices};

const NAME: &str = "Tea at five";
const QUESTION: &str = "Bob, is the new key under the same stone?";
const ANSWER: &str = "Under the blue one now.";

/// The time limit of each step, much longer than any takes.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) struct DemoScript {
    step: u32,
}

impl DemoScript {
    /// Runs the script, and returns the secrets that must not appear in the other service's files.
    pub(super) async fn run(services: &DemoServices) -> anyhow::Result<Vec<SearchedSecret>> {
        let script = Self { step: 0 };
        timeout(PATIENCE, script.run_steps(services))
            .await
            .context("the story stands still")?
    }

    async fn run_steps(mut self, services: &DemoServices) -> anyhow::Result<Vec<SearchedSecret>> {
        let mut rng = os::rng();
        let mut ann = DemoAccount::new("Ann", services).await?;
        let mut bob = DemoAccount::new("Bob", services).await?;
        let mut cleo = DemoAccount::new("Cleo", services).await?;
        self.step("Ann, Bob and Cleo get accounts at the issuer, and credentials for a week:")?;
        self.detail("all of them the same, for rooms that it does not know and for making some")?;

        let (key, pass) = ann.create_pass()?;
        self.step("Ann takes a root key for which the issuer signed a room id in blinded form.")?;
        self.detail("from here on nobody asks the issuer anything")?;

        let secret = AdminSecret::random(&mut rng);
        let passkey = secret.passkey(&key.room_id());
        let rights = AdminRights::Secret(secret.clone());
        let created = ann
            .rooms
            .create(&key, &pass, &passkey, Approval::Required, &mut rng)
            .await?;
        let link = CallLink {
            host: "call.example".to_owned(),
            is_plain: false,
            root_key: created.root_key,
            params: Some(pass.params()),
            without_certificates: false,
            admin: rights.link_key(&key.room_id()),
        };
        let change = LinkChange {
            name: Some(NAME.to_owned()),
            ..LinkChange::default()
        };
        let room = link.root_key.clone();
        let anns = ann.pass(&link)?;
        ann.rooms
            .update(&room, &anns, &passkey, &change, &mut rng)
            .await?;
        self.step("Ann creates the link at the room service, which learns no account:")?;
        self.detail(&link.to_url())?;

        ann.join(&link, Some(passkey.clone())).await?;
        self.step("Ann joins as the admin, and sends the link to Bob. Cleo gets hold of it too.")?;

        bob.join(&link, None).await?;
        let waiting = ann.see_waiting().await?;
        self.step(
            "Bob opens the link: the server params that it names are those that his issuer listed.",
        )?;
        self.detail("he waits in the lobby")?;
        ann.call()?.approve(waiting).await?;
        bob.wait_for("being let in", |event| {
            matches!(event, CallEvent::Admitted { .. }).then_some(())
        })
        .await?;
        self.step("Ann lets Bob in.")?;

        cleo.join(&link, None).await?;
        let waiting = ann.see_waiting().await?;
        ann.call()?.deny(waiting).await?;
        cleo.wait_for("an answer", |event| {
            matches!(event, CallEvent::Ended(EndReason::Denied(_))).then_some(())
        })
        .await?;
        self.step("Cleo waits in the lobby as well, and Ann does not let her in.")?;

        ann.say(QUESTION).await?;
        let message = bob.next_message().await?;
        self.step(&format!("Ann to everybody, sealed: {message}"))?;
        bob.call()?.reconnect().await?;
        bob.wait_for("his place", |event| {
            matches!(event, CallEvent::Restored { .. }).then_some(())
        })
        .await?;
        self.step("Bob's network breaks; he comes back to the place that was kept for him.")?;
        bob.say(ANSWER).await?;
        let message = ann.next_message().await?;
        self.step(&format!("Bob to everybody, sealed: {message}"))?;

        let revoked = LinkChange {
            revoked: Some(true),
            ..LinkChange::default()
        };
        ann.rooms
            .update(&room, &anns, &passkey, &revoked, &mut rng)
            .await?;
        bob.leave().await;
        ann.leave().await;
        match cleo
            .join(&link, None)
            .await
            .map_err(anyhow::Error::downcast)
        {
            Err(Ok(RoomsError::Closed | RoomsError::Refused { .. })) => {}
            Err(Ok(other)) => return Err(other.into()),
            Err(Err(other)) => return Err(other),
            Ok(()) => bail!("a revoked link let somebody in"),
        }
        self.step("Ann revokes the link and everybody leaves. Cleo tries again: nobody can join.")?;

        let accounts = [&ann, &bob, &cleo];
        let mut secrets = vec![
            SearchedSecret::bytes("the room id", room.room_id().as_bytes()),
            SearchedSecret::bytes("the root key", &room.to_bytes()),
            SearchedSecret::text("the root key", &room.to_text()),
            SearchedSecret::bytes("the admin secret", secret.as_bytes()),
            SearchedSecret::bytes("the admin passkey", passkey.as_bytes()),
            SearchedSecret::text("the room's name", NAME),
            SearchedSecret::text("what was said", QUESTION),
            SearchedSecret::text("what was said", ANSWER),
        ];
        for user in accounts {
            let account = &user.account.account;
            secrets.push(SearchedSecret::id(
                "the account ids",
                account.aci.as_bytes(),
            ));
            if let Some(pni) = &account.pni {
                secrets.push(SearchedSecret::id("the phone-number ids", pni.as_bytes()));
            }
            let password = user.account.password.as_str();
            secrets.push(SearchedSecret::text("the device passwords", password));
            let opaque = user.opaque_id(&room);
            secrets.push(SearchedSecret::bytes("the encrypted ids of users", &opaque));
        }
        Ok(secrets)
    }

    fn step(&mut self, what: &str) -> anyhow::Result<()> {
        self.step += 1;
        print(&format!("{:>2}. {what}", self.step))
    }

    fn detail(&self, what: &str) -> anyhow::Result<()> {
        print(&format!("    {what}"))
    }
}
