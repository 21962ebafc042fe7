//! Group-send endorsements and tokens.

use anteroom_protocol::{
    GroupSendEndorsement, GroupSendEndorsementsResponse, GroupSendFullToken, UidCiphertext,
};
use serde_json::{Value, json};

use crate::{
    arguments::{Arguments, Failure},
    groups::{group, server_public, server_secret},
};

/// Returns the operations of this family.
pub(crate) fn run(name: &str, arguments: &Arguments) -> Result<Value, Failure> {
    match name {
        "issue" => issue(arguments),
        "receive" => receive(arguments),
        "combine" => combine(arguments),
        "remove" => remove(arguments),
        "token" => token(arguments),
        "verify" => verify(arguments),
        _ => Err(Failure::unknown(name)),
    }
}

fn issue(arguments: &Arguments) -> Result<Value, Failure> {
    let response = GroupSendEndorsementsResponse::issue(
        &arguments.list("ciphertexts", UidCiphertext::from_bytes)?,
        arguments.time("expiration")?,
        &server_secret(arguments)?,
        arguments.randomness("randomness")?,
    )?;
    Ok(json!(hex::encode(response.to_bytes())))
}

fn receive(arguments: &Arguments) -> Result<Value, Failure> {
    let response = GroupSendEndorsementsResponse::from_bytes(&arguments.bytes("response")?)?;
    let endorsements = response.receive(
        &arguments.service_ids("members")?,
        arguments.time("now")?,
        &group(arguments)?,
        &server_public(arguments)?,
    )?;
    let endorsements: Vec<String> = endorsements
        .iter()
        .map(|endorsement| hex::encode(endorsement.to_bytes()))
        .collect();
    Ok(json!({
        "endorsements": endorsements,
        "expiration": response.expiration().as_secs(),
    }))
}

fn combine(arguments: &Arguments) -> Result<Value, Failure> {
    let endorsements = arguments.list("endorsements", GroupSendEndorsement::from_bytes)?;
    let combined = GroupSendEndorsement::combine(&endorsements);
    Ok(json!(hex::encode(combined.to_bytes())))
}

fn remove(arguments: &Arguments) -> Result<Value, Failure> {
    let removed = GroupSendEndorsement::from_bytes(&arguments.bytes("remove")?)?;
    let rest = endorsement(arguments)?.without(&removed);
    Ok(json!(hex::encode(rest.to_bytes())))
}

fn token(arguments: &Arguments) -> Result<Value, Failure> {
    let token = endorsement(arguments)?
        .to_token(&group(arguments)?)
        .into_full(arguments.time("expiration")?);
    Ok(json!(hex::encode(token.to_bytes())))
}

fn verify(arguments: &Arguments) -> Result<Value, Failure> {
    GroupSendFullToken::from_bytes(&arguments.bytes("token")?)?.verify(
        &arguments.service_ids("members")?,
        arguments.time("now")?,
        &server_secret(arguments)?,
    )?;
    Ok(Value::Null)
}

fn endorsement(arguments: &Arguments) -> Result<GroupSendEndorsement, Failure> {
    Ok(GroupSendEndorsement::from_bytes(
        &arguments.bytes("endorsement")?,
    )?)
}
