//! Generic server params, call-link params and the two call-link credentials.

use anteroom_protocol::{
    AuthCredential, AuthCredentialResponse, AuthPresentation, CallLinkPublicParams,
    CallLinkSecretParams, CreateCredential, CreateCredentialRequest,
    CreateCredentialRequestContext, CreateCredentialResponse, CreatePresentation,
    GenericPublicParams, GenericSecretParams, Mode, RootKey, ServiceId,
};
use serde_json::{Value, json};

use crate::arguments::{Arguments, Failure};

/// Returns the operations of this family.
pub(crate) fn run(name: &str, arguments: &Arguments) -> Result<Value, Failure> {
    match name {
        "generic_params" => generic_params(arguments),
        "generic_public" => generic_public(arguments),
        "params" => params(arguments),
        "encrypt" => encrypt(arguments),
        "decrypt" => decrypt(arguments),
        "create_request" => create_request(arguments),
        "create_issue" => create_issue(arguments),
        "create_receive" => create_receive(arguments),
        "create_present" => create_present(arguments),
        "create_verify" => create_verify(arguments),
        "auth_issue" => auth_issue(arguments),
        "auth_receive" => auth_receive(arguments),
        "auth_present" => auth_present(arguments),
        "auth_verify" => auth_verify(arguments),
        "auth_user_id" => auth_user_id(arguments),
        _ => Err(Failure::unknown(name)),
    }
}

fn generic_params(arguments: &Arguments) -> Result<Value, Failure> {
    let mode = match arguments.text("mode")? {
        "legacy" => Mode::Legacy,
        "standard" => Mode::Standard,
        other => return Err(Failure::Request(format!("unknown mode {other}"))),
    };
    Ok(described(&GenericSecretParams::generate(
        mode,
        arguments.randomness("randomness")?,
    )))
}

fn generic_public(arguments: &Arguments) -> Result<Value, Failure> {
    Ok(described(&secret_params(arguments)?))
}

fn described(secret: &GenericSecretParams) -> Value {
    json!({
        "secret": hex::encode(&*secret.to_bytes()),
        "public": hex::encode(secret.public_params().to_bytes()),
    })
}

fn params(arguments: &Arguments) -> Result<Value, Failure> {
    let root_key = RootKey::from_bytes(&arguments.bytes("rootKey")?)?;
    let secret = root_key.secret_params();
    Ok(json!({
        "secret": hex::encode(secret.to_bytes()),
        "public": hex::encode(secret.public_params().to_bytes()),
        "roomId": hex::encode(root_key.room_id().as_bytes()),
    }))
}

fn encrypt(arguments: &Arguments) -> Result<Value, Failure> {
    let ciphertext = call_link(arguments)?.encrypt(&ServiceId::Aci(arguments.aci()?));
    Ok(json!(hex::encode(ciphertext.to_bytes())))
}

fn decrypt(arguments: &Arguments) -> Result<Value, Failure> {
    let id = call_link(arguments)?.decrypt(&arguments.ciphertext()?)?;
    Ok(json!(id.to_service_id_string()))
}

fn create_request(arguments: &Arguments) -> Result<Value, Failure> {
    let context = CreateCredentialRequestContext::new(
        &arguments.room_id()?,
        arguments.randomness("randomness")?,
    );
    Ok(json!({
        "context": hex::encode(context.to_bytes()),
        "request": hex::encode(context.request().to_bytes()),
    }))
}

fn create_issue(arguments: &Arguments) -> Result<Value, Failure> {
    let response = CreateCredentialRequest::from_bytes(&arguments.bytes("request")?)?.issue(
        &arguments.aci()?,
        arguments.time("timestamp")?,
        &secret_params(arguments)?,
        arguments.randomness("randomness")?,
    )?;
    Ok(json!(hex::encode(response.to_bytes())))
}

fn create_receive(arguments: &Arguments) -> Result<Value, Failure> {
    let credential = CreateCredentialRequestContext::from_bytes(&arguments.bytes("context")?)?
        .receive(
            &CreateCredentialResponse::from_bytes(&arguments.bytes("response")?)?,
            &arguments.aci()?,
            &public_params(arguments)?,
        )?;
    Ok(json!(hex::encode(credential.to_bytes())))
}

fn create_present(arguments: &Arguments) -> Result<Value, Failure> {
    let presentation = CreateCredential::from_bytes(&arguments.bytes("credential")?)?.present(
        &arguments.aci()?,
        &arguments.room_id()?,
        &public_params(arguments)?,
        &call_link(arguments)?,
        arguments.randomness("randomness")?,
    )?;
    Ok(json!(hex::encode(presentation.to_bytes())))
}

fn create_verify(arguments: &Arguments) -> Result<Value, Failure> {
    CreatePresentation::from_bytes(&arguments.bytes("presentation")?)?.verify(
        &arguments.room_id()?,
        arguments.time("now")?,
        &secret_params(arguments)?,
        &call_link_public(arguments)?,
    )?;
    Ok(Value::Null)
}

fn auth_issue(arguments: &Arguments) -> Result<Value, Failure> {
    let response = AuthCredentialResponse::issue(
        &arguments.aci()?,
        arguments.time("redemption")?,
        &secret_params(arguments)?,
        arguments.randomness("randomness")?,
    )?;
    Ok(json!(hex::encode(response.to_bytes())))
}

fn auth_receive(arguments: &Arguments) -> Result<Value, Failure> {
    let credential = AuthCredentialResponse::from_bytes(&arguments.bytes("response")?)?.receive(
        &arguments.aci()?,
        arguments.time("redemption")?,
        &public_params(arguments)?,
    )?;
    Ok(json!(hex::encode(credential.to_bytes())))
}

fn auth_present(arguments: &Arguments) -> Result<Value, Failure> {
    let presentation = AuthCredential::from_bytes(&arguments.bytes("credential")?)?.present(
        &arguments.aci()?,
        arguments.time("redemption")?,
        &public_params(arguments)?,
        &call_link(arguments)?,
        arguments.randomness("randomness")?,
    )?;
    Ok(json!(hex::encode(presentation.to_bytes())))
}

fn auth_verify(arguments: &Arguments) -> Result<Value, Failure> {
    auth_presentation(arguments)?.verify(
        arguments.time("now")?,
        &secret_params(arguments)?,
        &call_link_public(arguments)?,
    )?;
    Ok(Value::Null)
}

fn auth_user_id(arguments: &Arguments) -> Result<Value, Failure> {
    let user_id = auth_presentation(arguments)?.user_id();
    Ok(json!(hex::encode(user_id.to_bytes())))
}

fn auth_presentation(arguments: &Arguments) -> Result<AuthPresentation, Failure> {
    Ok(AuthPresentation::from_bytes(
        &arguments.bytes("presentation")?,
    )?)
}

fn secret_params(arguments: &Arguments) -> Result<GenericSecretParams, Failure> {
    Ok(GenericSecretParams::from_bytes(
        &arguments.bytes("secret")?,
    )?)
}

fn public_params(arguments: &Arguments) -> Result<GenericPublicParams, Failure> {
    Ok(GenericPublicParams::from_bytes(
        &arguments.bytes("params")?,
    )?)
}

fn call_link(arguments: &Arguments) -> Result<CallLinkSecretParams, Failure> {
    Ok(CallLinkSecretParams::from_bytes(
        &arguments.bytes("callLink")?,
    )?)
}

fn call_link_public(arguments: &Arguments) -> Result<CallLinkPublicParams, Failure> {
    Ok(CallLinkPublicParams::from_bytes(
        &arguments.bytes("callLinkPublic")?,
    )?)
}
