//! Group server params, groups and the group auth credential.

use anteroom_protocol::{
    GroupAuthCredential, GroupAuthCredentialResponse, GroupAuthPresentation, GroupMasterKey,
    GroupPublicParams, GroupSecretParams, GroupServerPublicParams, GroupServerSecretParams,
};
use serde_json::{Value, json};

use crate::arguments::{Arguments, Failure};

/// Returns the operations of this family.
pub(crate) fn run(name: &str, arguments: &Arguments) -> Result<Value, Failure> {
    match name {
        "server_params" => server_params(arguments),
        "params" => params(arguments),
        "encrypt" => encrypt(arguments),
        "decrypt" => decrypt(arguments),
        "encrypt_blob" => encrypt_blob(arguments),
        "decrypt_blob" => decrypt_blob(arguments),
        "issue" => issue(arguments),
        "receive" => receive(arguments),
        "present" => present(arguments),
        "verify" => verify(arguments),
        "user_ids" => user_ids(arguments),
        _ => Err(Failure::unknown(name)),
    }
}

/// Returns the group's secret params.
pub(crate) fn group(arguments: &Arguments) -> Result<GroupSecretParams, Failure> {
    Ok(GroupSecretParams::from_bytes(&arguments.bytes("group")?)?)
}

/// Returns the server's secret params for groups.
pub(crate) fn server_secret(arguments: &Arguments) -> Result<GroupServerSecretParams, Failure> {
    Ok(GroupServerSecretParams::from_bytes(
        &arguments.bytes("secret")?,
    )?)
}

/// Returns the server's public params for groups.
pub(crate) fn server_public(arguments: &Arguments) -> Result<GroupServerPublicParams, Failure> {
    Ok(GroupServerPublicParams::from_bytes(
        &arguments.bytes("params")?,
    )?)
}

fn server_params(arguments: &Arguments) -> Result<Value, Failure> {
    let secret = GroupServerSecretParams::generate(
        arguments.randomness("credentialRandomness")?,
        arguments.randomness("endorsementRandomness")?,
    );
    Ok(json!({
        "secret": hex::encode(&*secret.to_bytes()),
        "public": hex::encode(secret.public_params().to_bytes()),
    }))
}

fn params(arguments: &Arguments) -> Result<Value, Failure> {
    let master_key = GroupMasterKey::from_bytes(arguments.array("masterKey")?);
    let secret = GroupSecretParams::derive(&master_key);
    Ok(json!({
        "secret": hex::encode(secret.to_bytes()),
        "public": hex::encode(secret.public_params().to_bytes()),
        "groupId": hex::encode(secret.group_id()),
    }))
}

fn encrypt(arguments: &Arguments) -> Result<Value, Failure> {
    let ciphertext = group(arguments)?.encrypt_service_id(&arguments.service_id("serviceId")?);
    Ok(json!(hex::encode(ciphertext.to_bytes())))
}

fn decrypt(arguments: &Arguments) -> Result<Value, Failure> {
    let id = group(arguments)?.decrypt_service_id(&arguments.ciphertext()?)?;
    Ok(json!(id.to_service_id_string()))
}

fn encrypt_blob(arguments: &Arguments) -> Result<Value, Failure> {
    let blob = group(arguments)?
        .encrypt_blob(&arguments.bytes("plaintext")?, arguments.array("nonce")?)?;
    Ok(json!(hex::encode(blob)))
}

fn decrypt_blob(arguments: &Arguments) -> Result<Value, Failure> {
    let plaintext = group(arguments)?.decrypt_blob(&arguments.bytes("ciphertext")?)?;
    Ok(json!(hex::encode(plaintext)))
}

fn issue(arguments: &Arguments) -> Result<Value, Failure> {
    let aci = arguments.aci()?;
    let redemption = arguments.time("redemption")?;
    let secret = server_secret(arguments)?;
    let randomness = arguments.randomness("randomness")?;
    let response = if arguments.has("pni") {
        GroupAuthCredentialResponse::issue(&aci, &arguments.pni()?, redemption, &secret, randomness)
    } else {
        GroupAuthCredentialResponse::issue_without_pni(
            &aci,
            &arguments.salt()?,
            redemption,
            &secret,
            randomness,
        )
    }?;
    Ok(json!(hex::encode(response.to_bytes())))
}

fn receive(arguments: &Arguments) -> Result<Value, Failure> {
    let aci = arguments.aci()?;
    let redemption = arguments.time("redemption")?;
    let params = server_public(arguments)?;
    let response = GroupAuthCredentialResponse::from_bytes(&arguments.bytes("response")?)?;
    let credential = if arguments.has("pni") {
        response.receive(&aci, &arguments.pni()?, redemption, &params)
    } else {
        response.receive_without_pni(&aci, &arguments.salt()?, redemption, &params)
    }?;
    Ok(json!(hex::encode(credential.to_bytes())))
}

fn present(arguments: &Arguments) -> Result<Value, Failure> {
    let presentation = GroupAuthCredential::from_bytes(&arguments.bytes("credential")?)?.present(
        &server_public(arguments)?,
        &group(arguments)?,
        arguments.randomness("randomness")?,
    )?;
    Ok(json!(hex::encode(presentation.to_bytes())))
}

fn verify(arguments: &Arguments) -> Result<Value, Failure> {
    presentation(arguments)?.verify(
        arguments.time("now")?,
        &server_secret(arguments)?,
        &GroupPublicParams::from_bytes(&arguments.bytes("groupPublic")?)?,
    )?;
    Ok(Value::Null)
}

fn user_ids(arguments: &Arguments) -> Result<Value, Failure> {
    let presentation = presentation(arguments)?;
    Ok(json!({
        "aci": hex::encode(presentation.aci_ciphertext().to_bytes()),
        "pni": hex::encode(presentation.pni_ciphertext().to_bytes()),
    }))
}

fn presentation(arguments: &Arguments) -> Result<GroupAuthPresentation, Failure> {
    Ok(GroupAuthPresentation::from_bytes(
        &arguments.bytes("presentation")?,
    )?)
}
