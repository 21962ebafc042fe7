//! Accounts with their credentials, and links.

use anteroom_client::{
    Approval, CreatePass, DayRange, DeviceCredentials, IssuedCredential, IssuerClient, LinkChange,
    LinkState, MemoryPins, Pass, RoomName, RoomsClient, Timeouts, Trust, TrustedParams,
};
use anteroom_protocol::{
    AdminPasskey, AuthCredential, CreateCredential, MemberKey, Randomness, RootKey,
};
use anyhow::{Context as _, Result, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    os,
    server::{Addresses, ServerSetup},
};

/// The number of concurrent programs and sign-ins while accounts are added.
const AT_ONCE: usize = 4;

/// An account with today's credential.
pub(crate) struct LoadAccount {
    /// The account's first device.
    pub(crate) device: DeviceCredentials,
    /// The server params under which its credentials are made.
    pub(crate) params: TrustedParams,
    pub(crate) pass: Pass,
    credential: IssuedCredential<AuthCredential>,
}

/// A call link with the right to administer it.
#[derive(Clone)]
pub(crate) struct Link {
    pub(crate) room: RootKey,
    pub(crate) passkey: AdminPasskey,
    pub(crate) name: String,
}

impl LoadAccount {
    /// Adds accounts, and signs in with each.
    pub(crate) async fn add(
        setup: &ServerSetup,
        addresses: &Addresses,
        count: usize,
    ) -> Result<Vec<Self>> {
        stream::iter(0..count)
            .map(async |_| Self::new(setup.add().await?.credentials()?, addresses).await)
            .buffered(AT_ONCE)
            .try_collect()
            .await
    }

    /// Signs in and fetches a week of credentials. No connection stays.
    pub(crate) async fn new(device: DeviceCredentials, addresses: &Addresses) -> Result<Self> {
        let issuer = issuer(&device, addresses)?;
        let pins = MemoryPins::default();
        let now = os::now();
        let params = issuer.params(&pins, Trust::FirstUse, now).await?;
        let week = DayRange::week_from(now);
        let days = issuer.auth_credentials(week, &params, now).await?;
        let credential = days.into_iter().next().context("the issuer sent no day")?;
        let pass = Pass::new(device.aci(), &credential, &params)?;
        Ok(Self {
            device,
            params,
            pass,
            credential,
        })
    }

    /// Fetches the credential for creating a room.
    async fn create_credential(
        &self,
        key: &RootKey,
        addresses: &Addresses,
    ) -> Result<IssuedCredential<CreateCredential>> {
        let randomness = Randomness::random(&mut os::rng());
        let issuer = issuer(&self.device, addresses)?;
        let room = key.room_id();
        let issued = issuer.create_credential(&room, &self.params, os::now(), randomness);
        Ok(issued.await?)
    }

    /// Returns a presentation for creating a room that is not there, as the room service reads it.
    pub(crate) async fn create_presentation(&self, addresses: &Addresses) -> Result<String> {
        let mut rng = os::rng();
        let key = RootKey::generate_v0(&mut rng);
        let issued = self.create_credential(&key, addresses).await?;
        let params = self.params.generic(issued.params).context("no params")?;
        let presentation = issued.credential.present(
            &self.device.aci(),
            &key.room_id(),
            params,
            &key.secret_params(),
            Randomness::random(&mut rng),
        )?;
        Ok(STANDARD.encode(presentation.to_bytes()))
    }

    /// Creates `count` different presentations for a room, as the room service reads them.
    pub(crate) fn presentations(&self, link: &Link, count: usize) -> Result<Vec<String>> {
        let mut rng = os::rng();
        let issued = &self.credential;
        let params = self.params.generic(issued.params).context("no params")?;
        let room = link.room.secret_params();
        let present = |_| {
            let presentation = issued.credential.present(
                &self.device.aci(),
                issued.redemption,
                params,
                &room,
                Randomness::random(&mut rng),
            )?;
            Ok(STANDARD.encode(presentation.to_bytes()))
        };
        (0..count).map(present).collect()
    }

    /// Creates a presentation for a room and a member key, as the room service reads it.
    pub(crate) fn member_presentation(&self, room: &RootKey, member: &MemberKey) -> Result<String> {
        let issued = &self.credential;
        let params = self.params.generic(issued.params).context("no params")?;
        let presentation = issued.credential.present_for(
            &self.device.aci(),
            issued.redemption,
            params,
            &room.secret_params(),
            Some(member),
            Randomness::random(&mut os::rng()),
        )?;
        Ok(STANDARD.encode(presentation.to_bytes()))
    }

    /// Creates a link whose guests wait for an admin, and names it.
    pub(crate) async fn create_link(
        &self,
        addresses: &Addresses,
        rooms: &RoomsClient,
        name: &str,
    ) -> Result<Link> {
        let mut rng = os::rng();
        let key = RootKey::generate_v0(&mut rng);
        let issued = self.create_credential(&key, addresses).await?;
        let create = CreatePass::new(self.device.aci(), &issued, &self.params)?;
        let passkey = AdminPasskey::random(&mut rng);
        let created = rooms
            .create(&key, &create, &passkey, Approval::Required, &mut rng)
            .await?;
        let link = Link {
            room: created.root_key,
            passkey,
            name: name.to_owned(),
        };
        self.rename(rooms, &link, name).await?;
        Ok(link)
    }

    /// Renames the link with its passkey, and returns the new state.
    pub(crate) async fn rename(
        &self,
        rooms: &RoomsClient,
        link: &Link,
        name: &str,
    ) -> Result<LinkState> {
        let change = LinkChange {
            name: Some(name.to_owned()),
            ..LinkChange::default()
        };
        let (room, passkey) = (&link.room, &link.passkey);
        let state = rooms
            .update(room, &self.pass, passkey, &change, &mut os::rng())
            .await?;
        Ok(state)
    }

    /// Fails unless the link is unchanged, its passkey is accepted, and another one is refused.
    pub(crate) async fn check_link(&self, rooms: &RoomsClient, link: &Link) -> Result<()> {
        let mut rng = os::rng();
        let state = rooms.link(&link.room, &self.pass, &mut rng).await?;
        check_state(&state, link)?;
        let state = self.rename(rooms, link, &link.name).await?;
        check_state(&state, link)?;
        let stranger = AdminPasskey::random(&mut rng);
        let change = LinkChange {
            revoked: Some(true),
            ..LinkChange::default()
        };
        let refused = rooms
            .update(&link.room, &self.pass, &stranger, &change, &mut rng)
            .await;
        ensure!(refused.is_err(), "a wrong passkey was taken");
        Ok(())
    }
}

fn issuer(device: &DeviceCredentials, addresses: &Addresses) -> Result<IssuerClient> {
    let timeouts = Timeouts::default();
    Ok(IssuerClient::new(
        &addresses.issuer,
        device.clone(),
        timeouts,
    )?)
}

fn check_state(state: &LinkState, link: &Link) -> Result<()> {
    let expected = RoomName::Known(link.name.clone());
    ensure!(
        state.approval == Approval::Required && state.name == expected && !state.revoked,
        "a link has changed: {state:?}"
    );
    Ok(())
}
