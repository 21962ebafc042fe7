//! A complete exchange of each kind, from one seed.
use anteroom_kvac::Sho;
use anteroom_protocol::*;

/// A midnight.
pub(crate) const TODAY: Timestamp = Timestamp::from_secs(1_761_955_200);

/// A generator of deterministic bytes.
pub(crate) struct Seed(Sho);

impl Seed {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Sho::of(b"test", &seed.to_be_bytes()))
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        self.0.squeeze_array()
    }

    pub(crate) fn randomness(&mut self) -> Randomness {
        Randomness::from_bytes(self.bytes())
    }

    pub(crate) fn aci(&mut self) -> Aci {
        Aci::from_bytes(self.bytes())
    }

    pub(crate) fn root_key(&mut self) -> RootKey {
        loop {
            if let Ok(key) = RootKey::from_bytes(&self.bytes::<16>()) {
                return key;
            }
        }
    }
}

/// A call link with an account and both of its credentials.
pub(crate) struct CallLinkFixture {
    pub(crate) aci: Aci,
    pub(crate) secret: GenericSecretParams,
    pub(crate) public: GenericPublicParams,
    pub(crate) room_id: RoomId,
    pub(crate) link: CallLinkSecretParams,
    pub(crate) context: CreateCredentialRequestContext,
    pub(crate) create_response: CreateCredentialResponse,
    pub(crate) create: CreateCredential,
    pub(crate) create_presentation: CreatePresentation,
    pub(crate) auth_response: AuthCredentialResponse,
    pub(crate) auth: AuthCredential,
    pub(crate) auth_presentation: AuthPresentation,
}

impl CallLinkFixture {
    pub(crate) fn new(mode: Mode, seed: u64) -> Self {
        let mut seed = Seed::new(seed);
        let aci = seed.aci();
        let secret = GenericSecretParams::generate(mode, seed.randomness());
        let public = secret.public_params().clone();
        let root_key = seed.root_key();
        let (room_id, link) = (root_key.room_id(), root_key.secret_params());

        let context = CreateCredentialRequestContext::new(&room_id, seed.randomness());
        let request = context.request();
        let create_response = request
            .issue(&aci, TODAY, &secret, seed.randomness())
            .unwrap();
        let create = context.receive(&create_response, &aci, &public).unwrap();
        let create_presentation = create
            .present(&aci, &room_id, &public, &link, seed.randomness())
            .unwrap();

        let auth_response =
            AuthCredentialResponse::issue(&aci, TODAY, &secret, seed.randomness()).unwrap();
        let auth = auth_response.receive(&aci, TODAY, &public).unwrap();
        let auth_presentation = auth
            .present(&aci, TODAY, &public, &link, seed.randomness())
            .unwrap();
        Self {
            aci,
            secret,
            public,
            room_id,
            link,
            context,
            create_response,
            create,
            create_presentation,
            auth_response,
            auth,
            auth_presentation,
        }
    }

    pub(crate) fn verify_create(&self, bytes: &[u8]) -> Result<(), VerifyError> {
        CreatePresentation::from_bytes(bytes)
            .map_err(|_| VerifyError)?
            .verify(
                &self.room_id,
                TODAY,
                &self.secret,
                &self.link.public_params(),
            )
    }

    pub(crate) fn verify_auth(&self, bytes: &[u8]) -> Result<(), VerifyError> {
        AuthPresentation::from_bytes(bytes)
            .map_err(|_| VerifyError)?
            .verify(TODAY, &self.secret, &self.link.public_params())
    }
}

/// A group with an account and its credential.
pub(crate) struct GroupFixture {
    pub(crate) aci: Aci,
    pub(crate) pni: Pni,
    pub(crate) members: Vec<ServiceId>,
    pub(crate) secret: GroupServerSecretParams,
    pub(crate) public: GroupServerPublicParams,
    pub(crate) group: GroupSecretParams,
    pub(crate) response: GroupAuthCredentialResponse,
    pub(crate) credential: GroupAuthCredential,
    pub(crate) presentation: GroupAuthPresentation,
    pub(crate) expiration: Timestamp,
    pub(crate) endorsements_response: GroupSendEndorsementsResponse,
    pub(crate) endorsements: Vec<GroupSendEndorsement>,
    pub(crate) token: GroupSendFullToken,
}

impl GroupFixture {
    pub(crate) fn new(seed: u64) -> Self {
        let mut seed = Seed::new(seed);
        let (aci, pni) = (seed.aci(), Pni::from_bytes(seed.bytes()));
        let secret = GroupServerSecretParams::generate(seed.randomness(), seed.randomness());
        let public = secret.public_params().clone();
        let group = GroupSecretParams::derive(&GroupMasterKey::from_bytes(seed.bytes()));
        let response =
            GroupAuthCredentialResponse::issue(&aci, &pni, TODAY, &secret, seed.randomness())
                .unwrap();
        let credential = response.receive(&aci, &pni, TODAY, &public).unwrap();
        let presentation = credential
            .present(&public, &group, seed.randomness())
            .unwrap();

        let members: Vec<ServiceId> = [aci.into(), pni.into(), seed.aci().into()].into();
        let ciphertexts: Vec<_> = members
            .iter()
            .map(|member| group.encrypt_service_id(member))
            .collect();
        let expiration = GroupSendEndorsementsResponse::default_expiration(TODAY);
        let endorsements_response = GroupSendEndorsementsResponse::issue(
            &ciphertexts,
            expiration,
            &secret,
            seed.randomness(),
        )
        .unwrap();
        let endorsements = endorsements_response
            .receive(&members, TODAY, &group, &public)
            .unwrap();
        let token = GroupSendEndorsement::combine(&endorsements)
            .to_token(&group)
            .into_full(expiration);
        Self {
            aci,
            pni,
            members,
            secret,
            public,
            group,
            response,
            credential,
            presentation,
            expiration,
            endorsements_response,
            endorsements,
            token,
        }
    }
}

/// Returns every byte string that differs in one bit.
pub(crate) fn flips(bytes: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> {
    (0..bytes.len() * 8).map(|bit| {
        let mut flipped = bytes.to_vec();
        if let Some(byte) = flipped.get_mut(bit / 8) {
            *byte ^= 1 << (bit % 8);
        }
        (bit, flipped)
    })
}
