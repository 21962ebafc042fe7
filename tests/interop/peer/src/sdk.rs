//! The client library against any server of its HTTP API.

use anteroom_client::{
    DayRange, DeviceCredentials, ExchangeError, IssuerClient, IssuerError, MemoryPins, Timeouts,
    TransportFailure, Trust, TrustedParams,
};
use anteroom_protocol::ParamsId;
use anyhow::Context;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::arguments::{Arguments, Failure};

/// Returns the operations of this family.
pub(crate) async fn run(name: &str, arguments: &Arguments) -> Result<Value, Failure> {
    match name {
        "create" => create(arguments).await,
        "auth" => auth(arguments).await,
        "batch" => batch(arguments).await,
        _ => Err(Failure::unknown(name)),
    }
}

async fn create(arguments: &Arguments) -> Result<Value, Failure> {
    let (client, params) = connect(arguments).await?;
    let issued = client
        .create_credential(
            &arguments.room_id()?,
            &params,
            arguments.time("now")?,
            arguments.randomness("randomness")?,
        )
        .await?;
    Ok(json!({
        "credential": hex::encode(issued.credential.to_bytes()),
        "redemption": issued.redemption.as_secs(),
        "params": issued.params.to_hex(),
    }))
}

async fn auth(arguments: &Arguments) -> Result<Value, Failure> {
    let (client, params) = connect(arguments).await?;
    let days = client
        .auth_credentials(range(arguments)?, &params, arguments.time("now")?)
        .await?;
    let days: Vec<Value> = days
        .iter()
        .map(|issued| {
            json!({
                "redemption": issued.redemption.as_secs(),
                "auth": hex::encode(issued.credential.to_bytes()),
            })
        })
        .collect();
    Ok(json!(days))
}

async fn batch(arguments: &Arguments) -> Result<Value, Failure> {
    let (client, params) = connect(arguments).await?;
    let account = client.whoami().await?;
    let days = client
        .day_credentials(&account, range(arguments)?, &params, arguments.time("now")?)
        .await?;
    let days: Vec<Value> = days
        .iter()
        .map(|day| {
            let group = day.group.as_ref();
            json!({
                "redemption": day.day.as_secs(),
                "auth": hex::encode(day.auth.credential.to_bytes()),
                "group": group.map(|issued| hex::encode(issued.credential.to_bytes())),
            })
        })
        .collect();
    Ok(json!(days))
}

fn range(arguments: &Arguments) -> Result<DayRange, Failure> {
    Ok(DayRange::new(
        arguments.time("first")?,
        arguments.time("last")?,
    )?)
}

/// Returns a client of the given account, with its trusted params: those of the ids under `trust`, or those
/// of its first contact.
async fn connect(arguments: &Arguments) -> Result<(IssuerClient, TrustedParams), Failure> {
    let (aci, device) = DeviceCredentials::parse_name(arguments.text("account")?)?;
    let password = SecretString::from(arguments.text("password")?);
    let device = DeviceCredentials::new(aci, device, password);
    let client = IssuerClient::new(arguments.text("url")?, device, Timeouts::default())?;
    let (pins, now) = (MemoryPins::default(), arguments.time("now")?);
    let params = if arguments.has("trust") {
        let ids = arguments
            .texts("trust")?
            .into_iter()
            .map(ParamsId::parse)
            .collect::<Result<Vec<_>, _>>()?;
        client.params(&pins, Trust::Ids(&ids), now).await?
    } else {
        client.params(&pins, Trust::FirstUse, now).await?
    };
    Ok((client, params))
}

/// Returns a runtime for one request at a time.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("no runtime")
}

impl From<IssuerError> for Failure {
    fn from(error: IssuerError) -> Self {
        match error {
            // Errors of the client's own input or machine, and not of the issuer.
            IssuerError::Exchange(ExchangeError {
                failure: TransportFailure::TooLarge { .. } | TransportFailure::Malformed(_),
                ..
            }) => Self::Refused(error.to_string()),
            IssuerError::Exchange(_) => Self::Request(error.to_string()),
            refused => Self::Refused(refused.to_string()),
        }
    }
}
