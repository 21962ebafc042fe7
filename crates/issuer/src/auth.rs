//! Who calls.
//!
//! All methods end in the same thing: an account and one of its devices. Whatever is missing or
//! wrong has one and the same answer, after the same work.

use std::{sync::Arc, time::Duration};

use anteroom_protocol::{Aci, Timestamp};
use anteroom_service::{Clock, Entropy, Problem, ProblemKind, problems};
use anteroom_store::{
    Account, AccountDevice, BlindIndex, Device, DeviceId, IssuerDatabase, PasswordHash, Session,
    SessionId, StoreError, TransactionName,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, header};
use moka::sync::Cache;
use zeroize::Zeroizing;

use crate::{
    identities::Identities,
    login::{AccessClaims, TokenSource, session::extension},
};

/// How a caller is told to authenticate.
const CHALLENGE: &str = "Basic realm=\"anteroom\", charset=\"UTF-8\", Bearer realm=\"anteroom\"";

/// A database that takes longer counts as gone.
const LOOK_UP_TIMEOUT: Duration = Duration::from_secs(3);
/// "Last seen" is written once a day, the end of a session once an hour: neither is worth waiting
/// for.
const TOUCH_TIMEOUT: Duration = Duration::from_secs(1);
/// How long an account is served without the database.
const REMEMBERED: Duration = Duration::from_secs(10 * 60);
/// How many devices and sessions are remembered.
const MOST_REMEMBERED: u64 = 10_000;

/// An authenticated account and the device it calls from.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) account: Account,
    pub(crate) device: DeviceId,
    /// The session, if an access token was shown.
    pub(crate) session: Option<SessionId>,
}

/// The answer to a caller who is not authenticated, with the endpoint's code.
pub(crate) fn unauthenticated(kind: &'static ProblemKind) -> Problem {
    Problem::new(kind).challenge(CHALLENGE)
}

/// Decides who calls.
pub(crate) struct Authenticator {
    database: Arc<dyn IssuerDatabase>,
    clock: Arc<dyn Clock>,
    tokens: Arc<TokenSource>,
    identities: Option<Identities>,
    /// Who was let in lately, for when the database is gone. Every entry was right when it was
    /// made; while the database answers, it alone decides.
    remembered: Cache<Remembered, Arc<LetIn>>,
}

/// Blind: neither an account id nor a password. A session's id is worth nothing without a signature.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Remembered {
    Device {
        account: BlindIndex,
        device: DeviceId,
        password: [u8; 32],
    },
    Session(SessionId),
    Identity(BlindIndex),
}

/// Somebody who was let in.
struct LetIn {
    caller: Caller,
    /// When the session ends.
    expires: Option<Timestamp>,
}

/// What a request claims.
enum Claim {
    /// This device, by its password.
    Device {
        aci: Aci,
        device: DeviceId,
        password: Zeroizing<String>,
    },
    /// Whatever this token says.
    Bearer(Zeroizing<String>),
    /// Nothing that could be understood.
    Nothing,
}

impl Authenticator {
    pub(crate) fn new(
        database: Arc<dyn IssuerDatabase>,
        clock: Arc<dyn Clock>,
        tokens: Arc<TokenSource>,
        identities: Option<Identities>,
    ) -> Self {
        let remembered = Cache::builder()
            .max_capacity(MOST_REMEMBERED)
            .time_to_live(REMEMBERED)
            .support_invalidation_closures()
            .build();
        Self {
            database,
            clock,
            tokens,
            identities,
            remembered,
        }
    }

    /// The caller, or `None` when anything is missing or wrong.
    ///
    /// # Errors
    /// 503 when the database is gone and the caller is not remembered.
    pub(crate) async fn authenticate(
        &self,
        headers: &HeaderMap,
        entropy: &dyn Entropy,
    ) -> Result<Option<Caller>, Problem> {
        match claim(headers) {
            Claim::Device {
                aci,
                device,
                password,
            } => self.device(&aci, device, &password).await,
            Claim::Bearer(token) => self.bearer(&token, entropy).await,
            Claim::Nothing => {
                // The same work as for a wrong password, and no other result than this one.
                let nobody = Aci::from_bytes([0; 16]);
                let _ = self.device(&nobody, DeviceId::PRIMARY, "").await;
                Ok(None)
            }
        }
    }

    /// A session that has ended is not served without the database either.
    pub(crate) fn forget_session(&self, session: &SessionId) {
        self.remembered.invalidate(&Remembered::Session(*session));
    }

    /// Nor are all sessions of an account that have ended together.
    pub(crate) fn forget_sessions(&self, aci: &Aci) {
        let aci = *aci;
        self.forget(move |caller| caller.account.aci == aci && caller.session.is_some());
    }

    /// Nor is a device that was deleted.
    pub(crate) fn forget_device(&self, aci: &Aci, device: DeviceId) {
        let aci = *aci;
        self.forget(move |caller| caller.account.aci == aci && caller.device == device);
    }

    fn forget(&self, is_meant: impl Fn(&Caller) -> bool + Send + Sync + 'static) {
        let forgotten = self
            .remembered
            .invalidate_entries_if(move |_, entry| is_meant(&entry.caller));
        if forgotten.is_err() {
            // Not with a cache that supports it; then all the others have to be looked up again.
            self.remembered.invalidate_all();
        }
    }

    async fn device(
        &self,
        aci: &Aci,
        device: DeviceId,
        password: &str,
    ) -> Result<Option<Caller>, Problem> {
        let keys = self.database.service_keys();
        let offered = keys.password_hash(aci, device, password);
        let key = Remembered::Device {
            account: keys.account_index(aci),
            device,
            password: *offered.as_bytes(),
        };
        match self.look_up_device(aci, device).await {
            Ok(found) => {
                let nothing = PasswordHash::from_bytes([0; 32]);
                let stored = found
                    .as_ref()
                    .map_or(&nothing, |row| &row.device.password_hash);
                let matches = offered.matches(stored);
                match found {
                    Some(row) if matches && !row.account.disabled => {
                        Ok(Some(self.let_in_device(key, row).await))
                    }
                    _ => Ok(self.refuse(&key)),
                }
            }
            Err(gone) => self.remembered_or(&key, gone),
        }
    }

    async fn bearer(&self, token: &str, entropy: &dyn Entropy) -> Result<Option<Caller>, Problem> {
        let tokens = self.tokens.current();
        if let Some(identities) = &self.identities
            && !tokens.claims_to_be_ours(token)
        {
            return self.identity(identities, token, entropy).await;
        }
        self.session(tokens.verify(token, self.clock.now())).await
    }

    /// Without claims the work is the same, and the result is nobody.
    async fn session(&self, claims: Option<AccessClaims>) -> Result<Option<Caller>, Problem> {
        const NAME: TransactionName = TransactionName::new("authenticate session");
        let id = claims.map_or(SessionId::from_bytes([0; 16]), |claims| claims.session);
        let key = Remembered::Session(id);
        let found = async {
            let mut reader = self.database.read(NAME).await?;
            reader.session_caller(&id).await
        };
        let found = match in_time(found).await {
            Ok(found) => found,
            Err(gone) if claims.is_some() => return self.remembered_or(&key, gone),
            Err(_) => return Ok(None),
        };
        let (Some(claims), Some(found)) = (claims, found) else {
            return Ok(self.refuse(&key));
        };
        let session = &found.session;
        let is_same = session.aci == claims.aci
            && session.device == claims.device
            && found.account.aci == claims.aci;
        let is_on = self.clock.now() < session.expires && !found.account.disabled;
        if !(is_same && is_on) {
            return Ok(self.refuse(&key));
        }
        let caller = Caller {
            account: found.account,
            device: session.device,
            session: Some(session.id),
        };
        let session = Some(&found.session);
        Ok(Some(self.let_in(key, caller, &found.device, session).await))
    }

    async fn identity(
        &self,
        identities: &Identities,
        token: &str,
        entropy: &dyn Entropy,
    ) -> Result<Option<Caller>, Problem> {
        let name = identities.verify(token).await;
        let index = self.database.service_keys().identity_index(&name.text);
        let key = Remembered::Identity(index);
        let found = identities.find(&*self.database, &name, self.clock.now(), entropy);
        match in_time(found).await {
            Ok(Some(row)) if name.is_known && !row.account.disabled => {
                Ok(Some(self.let_in_device(key, row).await))
            }
            Ok(_) => Ok(self.refuse(&key)),
            Err(gone) if name.is_known => self.remembered_or(&key, gone),
            Err(_) => Ok(None),
        }
    }

    async fn look_up_device(
        &self,
        aci: &Aci,
        device: DeviceId,
    ) -> Result<Option<AccountDevice>, Problem> {
        const NAME: TransactionName = TransactionName::new("authenticate");
        in_time(self.database.account_with_device(NAME, aci, device)).await
    }

    fn refuse(&self, key: &Remembered) -> Option<Caller> {
        self.remembered.invalidate(key);
        None
    }

    /// Who was let in lately still is, as long as a session goes.
    fn remembered_or(&self, key: &Remembered, gone: Problem) -> Result<Option<Caller>, Problem> {
        let entry = self.remembered.get(key).ok_or(gone)?;
        let now = self.clock.now();
        let is_over = entry.expires.is_some_and(|end| end <= now);
        Ok((!is_over).then(|| entry.caller.clone()))
    }

    async fn let_in_device(&self, key: Remembered, row: AccountDevice) -> Caller {
        let caller = Caller {
            account: row.account,
            device: row.device.id,
            session: None,
        };
        self.let_in(key, caller, &row.device, None).await
    }

    async fn let_in(
        &self,
        key: Remembered,
        caller: Caller,
        device: &Device,
        session: Option<&Session>,
    ) -> Caller {
        let now = self.clock.now();
        let extension = session.and_then(|session| extension(session, now));
        let entry = LetIn {
            caller: caller.clone(),
            expires: extension.or(session.map(|session| session.expires)),
        };
        self.remembered.insert(key, Arc::new(entry));
        if extension.is_some() || !device.was_seen_on_day_of(now) {
            let noted = self.note_use(&caller, extension, now);
            match tokio::time::timeout(TOUCH_TIMEOUT, noted).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => {
                    tracing::warn!("the last use of a device or a session was not written");
                }
            }
        }
        caller
    }

    /// Writes that the device was seen, and the new end of its session.
    async fn note_use(
        &self,
        caller: &Caller,
        extension: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const NAME: TransactionName = TransactionName::new("note use");
        let mut transaction = self.database.begin(NAME).await?;
        transaction
            .touch_device(&caller.account.aci, caller.device, now)
            .await?;
        if let (Some(session), Some(end)) = (&caller.session, extension) {
            transaction.extend_session(session, end).await?;
        }
        transaction.save().await
    }
}

/// What the database answers, if it does in time.
async fn in_time<T>(look_up: impl Future<Output = Result<T, StoreError>>) -> Result<T, Problem> {
    match tokio::time::timeout(LOOK_UP_TIMEOUT, look_up).await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => Err(failed(&error)),
        Err(_) => {
            tracing::error!("the database does not answer");
            Err(Problem::new(&problems::UNAVAILABLE))
        }
    }
}

pub(crate) fn failed(error: &StoreError) -> Problem {
    tracing::error!(%error, "the database failed");
    if error.is_transient() {
        Problem::new(&problems::UNAVAILABLE)
    } else {
        Problem::new(&problems::INTERNAL)
    }
}

/// What the headers claim.
fn claim(headers: &HeaderMap) -> Claim {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Claim::Nothing;
    };
    let split = value.to_str().ok().and_then(|value| value.split_once(' '));
    match split {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("basic") => {
            basic(token.trim_matches(' ')).unwrap_or(Claim::Nothing)
        }
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
            Claim::Bearer(Zeroizing::new(token.trim_matches(' ').to_owned()))
        }
        _ => Claim::Nothing,
    }
}

/// `base64(ACI.deviceId:password)`; the first device may leave its id out.
fn basic(token: &str) -> Option<Claim> {
    let decoded = Zeroizing::new(STANDARD.decode(token).ok()?);
    let (name, password) = str::from_utf8(&decoded).ok()?.split_once(':')?;
    let (aci, device) = match name.split_once('.') {
        Some((aci, device)) => (aci, DeviceId::parse(device).ok()?),
        None => (name, DeviceId::PRIMARY),
    };
    Some(Claim::Device {
        aci: Aci::parse(aci).ok()?,
        device,
        password: Zeroizing::new(password.to_owned()),
    })
}
