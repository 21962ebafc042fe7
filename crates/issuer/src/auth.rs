//! Who calls.
//!
//! All methods end in the same thing: an account and one of its devices. Whatever is missing or
//! wrong has one and the same answer, after the same work.

use std::{sync::Arc, time::Duration};

use anteroom_protocol::{Aci, Timestamp};
use anteroom_service::{Clock, Problem, ProblemKind, problems};
use anteroom_store::{
    Account, AccountDevice, BlindIndex, DeviceId, IssuerDatabase, PasswordHash, StoreError,
    TransactionName,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, header};
use moka::sync::Cache;
use zeroize::Zeroizing;

/// How a caller is told to authenticate.
const CHALLENGE: &str = "Basic realm=\"anteroom\", charset=\"UTF-8\"";

/// A database that takes longer counts as gone.
const LOOK_UP_TIMEOUT: Duration = Duration::from_secs(3);
/// "Last seen" is written once a day and is not worth waiting for.
const TOUCH_TIMEOUT: Duration = Duration::from_secs(1);
/// How long an account is served without the database.
const REMEMBERED: Duration = Duration::from_secs(10 * 60);
/// How many devices are remembered.
const MOST_REMEMBERED: u64 = 10_000;

/// An authenticated account and the device it calls from.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) account: Account,
    pub(crate) device: DeviceId,
}

/// The answer to a caller who is not authenticated, with the endpoint's code.
pub(crate) fn unauthenticated(kind: &'static ProblemKind) -> Problem {
    Problem::new(kind).challenge(CHALLENGE)
}

/// Decides who calls.
pub(crate) struct Authenticator {
    database: Arc<dyn IssuerDatabase>,
    clock: Arc<dyn Clock>,
    /// Who was let in lately, for when the database is gone. Every entry was right when it was
    /// made; while the database answers, it alone decides.
    remembered: Cache<Remembered, Arc<Caller>>,
}

/// Blind: neither an account id nor a password.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Remembered {
    account: BlindIndex,
    device: DeviceId,
    password: [u8; 32],
}

/// What a request claims.
enum Claim {
    /// This device, by its password.
    Device {
        aci: Aci,
        device: DeviceId,
        password: Zeroizing<String>,
    },
    /// Nothing that could be understood.
    Nothing,
}

impl Authenticator {
    pub(crate) fn new(database: Arc<dyn IssuerDatabase>, clock: Arc<dyn Clock>) -> Self {
        let remembered = Cache::builder()
            .max_capacity(MOST_REMEMBERED)
            .time_to_live(REMEMBERED)
            .build();
        Self {
            database,
            clock,
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
    ) -> Result<Option<Caller>, Problem> {
        match claim(headers) {
            Claim::Device {
                aci,
                device,
                password,
            } => self.device(&aci, device, &password).await,
            Claim::Nothing => {
                // The same work as for a wrong password, and no other result than this one.
                let nobody = Aci::from_bytes([0; 16]);
                let _ = self.device(&nobody, DeviceId::PRIMARY, "").await;
                Ok(None)
            }
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
        let key = Remembered {
            account: keys.account_index(aci),
            device,
            password: *offered.as_bytes(),
        };
        match self.look_up(aci, device).await {
            Ok(found) => {
                let nothing = PasswordHash::from_bytes([0; 32]);
                let stored = found
                    .as_ref()
                    .map_or(&nothing, |row| &row.device.password_hash);
                let matches = offered.matches(stored);
                match found {
                    Some(row) if matches => Ok(Some(self.let_in(key, row).await)),
                    _ => {
                        self.remembered.invalidate(&key);
                        Ok(None)
                    }
                }
            }
            Err(gone) => match self.remembered.get(&key) {
                Some(caller) => Ok(Some(Caller::clone(&caller))),
                None => Err(gone),
            },
        }
    }

    async fn look_up(&self, aci: &Aci, device: DeviceId) -> Result<Option<AccountDevice>, Problem> {
        const NAME: TransactionName = TransactionName::new("authenticate");
        let found = async {
            let mut reader = self.database.read(NAME).await?;
            reader.account_with_device(aci, device).await
        };
        match tokio::time::timeout(LOOK_UP_TIMEOUT, found).await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(error)) => Err(failed(&error)),
            Err(_) => {
                tracing::error!("the database does not answer");
                Err(Problem::new(&problems::UNAVAILABLE))
            }
        }
    }

    async fn let_in(&self, key: Remembered, row: AccountDevice) -> Caller {
        let now = self.clock.now();
        let caller = Caller {
            account: row.account,
            device: row.device.id,
        };
        self.remembered.insert(key, Arc::new(caller.clone()));
        if !row.device.was_seen_on_day_of(now) {
            let touched = self.touch(&caller, now);
            match tokio::time::timeout(TOUCH_TIMEOUT, touched).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => tracing::warn!("a device's last use was not written"),
            }
        }
        caller
    }

    async fn touch(&self, caller: &Caller, now: Timestamp) -> Result<(), StoreError> {
        const NAME: TransactionName = TransactionName::new("touch device");
        let mut transaction = self.database.begin(NAME).await?;
        transaction
            .touch_device(&caller.account.aci, caller.device, now)
            .await?;
        transaction.save().await
    }
}

fn failed(error: &StoreError) -> Problem {
    tracing::error!(%error, "the database failed");
    if error.is_transient() {
        Problem::new(&problems::UNAVAILABLE)
    } else {
        Problem::new(&problems::INTERNAL)
    }
}

/// What the headers claim. Other methods than a device's password join here.
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
