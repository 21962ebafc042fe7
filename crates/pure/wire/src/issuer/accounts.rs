//! Accounts: sign-ups, sessions, password resets and devices.
#![expect(
    missing_docs,
    reason = "a comment becomes a description in the OpenAPI document"
)]

use serde::{Deserialize, Serialize};

use crate::{Base64, Secret};

#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignUpRequest {
    /// In upper or lower case. Spaces around it are ignored. At most 255 characters.
    #[cfg_attr(feature = "openapi", schema(value_type = String, pattern = r"^\s*\S{1,253}@\S{1,253}\s*$", example = "ann@example.org"))]
    pub email: Secret,
    /// 8 to 64 characters.
    #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 8, max_length = 192, example = "correct horse battery staple"))]
    pub password: Secret,
    /// Required where sign-up is by invitation.
    #[serde(rename = "inviteCode")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invite_code: Option<Secret>,
}

#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerifyEmailRequest {
    /// The token of the mail.
    #[cfg_attr(feature = "openapi", schema(value_type = String, pattern = "^[A-Za-z0-9_-]{43}$", example = "u9_fWcjrsbjdkY8zl8ty5IZ9vneYQRUjo6I9xYaQ0f0"))]
    pub token: Secret,
}

#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResendRequest {
    /// The address of the sign-up.
    #[cfg_attr(feature = "openapi", schema(value_type = String, pattern = r"^\s*\S{1,253}@\S{1,253}\s*$", example = "ann@example.org"))]
    pub email: Secret,
}

#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoginRequest {
    /// In upper or lower case. Spaces around it are ignored.
    #[cfg_attr(feature = "openapi", schema(value_type = String, pattern = r"^\s*\S{1,253}@\S{1,253}\s*$", example = "ann@example.org"))]
    pub email: Secret,
    /// 8 to 64 characters.
    #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 8, max_length = 192, example = "correct horse battery staple"))]
    pub password: Secret,
    /// Whether the session lasts 30 days without a use instead of 7.
    #[serde(default)]
    pub remember_me: bool,
    /// The device of an earlier login, or the number of a new one. Without it a free number is
    /// chosen.
    #[serde(rename = "deviceId")]
    #[cfg_attr(
        feature = "openapi",
        schema(minimum = 1, maximum = 4_294_967_295_u32, example = 1)
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_id: Option<u32>,
    /// The name of the device: one line of 1 to 100 characters.
    #[serde(rename = "deviceName")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, min_length = 1, example = "Ann's laptop"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_name: Option<Secret>,
    /// The last refresh token of the device `deviceId`, also after its session has ended. It shows
    /// that the device is known, so that neither locks of its network nor failures elsewhere apply
    /// to it. Without the member the cookie is used.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<Secret>,
    /// Whether the refresh token is set as a cookie that scripts cannot read, instead of in the
    /// body.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cookie: bool,
}

#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefreshRequest {
    /// The newest refresh token of the session. Without it the cookie is used, and the next token
    /// is set as a cookie too.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, pattern = "^[A-Za-z0-9_-]{43}$",
        example = "tLYPddUQ7EBc90nl1Lor3Iknm0_kzDpAigiAcAoSaq4"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<Secret>,
}

#[derive(Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogoutRequest {
    /// The newest refresh token of the session. Without it the cookie names the session, and
    /// without a cookie the access token.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<Secret>,
}

/// The tokens of a session.
#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenResponse {
    /// The token for `Authorization: Bearer`: a JWT that is valid for 15 minutes.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub access_token: Secret,
    /// The token for `/auth/refresh`. It works once. Missing if it is set as a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub refresh_token: Option<Secret>,
    /// `Bearer`.
    #[cfg_attr(feature = "openapi", schema(pattern = "^Bearer$", example = "Bearer"))]
    pub token_type: String,
    /// Seconds until the access token expires.
    pub expires_in: u64,
    /// The account of the session.
    pub user: UserResponse,
    /// The device of the session. The next login with this number is the same device.
    #[serde(rename = "deviceId")]
    pub device_id: u32,
}

#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserResponse {
    /// The account id.
    #[cfg_attr(
        feature = "openapi",
        schema(format = "uuid", example = "a36c1a6b-a6aa-4861-a755-2391193f5677")
    )]
    pub id: String,
    /// The email address as it is stored, in lower case.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub email: Secret,
}

/// Public keys (RFC 7517).
#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JwksResponse {
    /// The keys, newest first. The newest signs.
    pub keys: Vec<Jwk>,
}

/// An Ed25519 key (RFC 8037).
#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Jwk {
    pub kty: String,
    pub crv: String,
    pub alg: String,
    #[serde(rename = "use")]
    pub usage: String,
    /// The thumbprint (RFC 7638).
    pub kid: String,
    /// The public key, as base64url.
    pub x: String,
}

#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResetRequest {
    /// The address of the account.
    #[cfg_attr(feature = "openapi", schema(value_type = String, pattern = r"^\s*\S{1,253}@\S{1,253}\s*$", example = "ann@example.org"))]
    pub email: Secret,
}

#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConfirmResetRequest {
    /// The token of the mail.
    #[cfg_attr(feature = "openapi", schema(value_type = String, pattern = "^[A-Za-z0-9_-]{43}$", example = "oje_zg02EWkgZd8831hK3n6vLIFuGRjcxIWLVkW2BmY"))]
    pub token: Secret,
    /// The new password: 8 to 64 characters.
    #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 8, max_length = 192, example = "correct horse battery staple"))]
    pub password: Secret,
    /// Whether to keep the devices that sessions and other devices have given a password of their
    /// own.
    #[serde(default, rename = "keepDevices")]
    pub keep_devices: bool,
}

#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct WhoamiResponse {
    /// The account id.
    #[cfg_attr(
        feature = "openapi",
        schema(format = "uuid", example = "a36c1a6b-a6aa-4861-a755-2391193f5677")
    )]
    pub uuid: String,
    /// The phone-number id; missing for an account without one.
    #[cfg_attr(feature = "openapi", schema(format = "uuid"))]
    pub pni: Option<String>,
    /// The number of the calling device.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, example = 1))]
    pub device_id: u32,
    /// For an account without a phone-number id: the salt that replaces it in the group
    /// credentials. The client needs it to verify them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_credential_salt: Option<Base64>,
    /// Whether this is the account of a guest; missing otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub guest: bool,
}

/// A request for an account of a guest. It has no members.
#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GuestRequest {}

#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct GuestResponse {
    /// The account id.
    #[cfg_attr(
        feature = "openapi",
        schema(format = "uuid", example = "a36c1a6b-a6aa-4861-a755-2391193f5677")
    )]
    pub uuid: String,
    /// The number of the device of the account.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, example = 1))]
    pub device_id: u32,
    /// The password of the device, which is shown only once.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub password: Secret,
}

#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DevicesResponse {
    /// By ascending id.
    pub devices: Vec<DeviceResponse>,
}

#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DeviceResponse {
    /// The number of the device within the account.
    pub id: u32,
    /// The owner's name for the device.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub name: Secret,
    /// The time at which the device was registered, in seconds since 1970.
    pub created: u64,
    /// The time at which the device was last seen, in seconds since 1970. It is written once in
    /// five minutes, or once in a minute while the address changes.
    pub last_seen: u64,
    /// A pseudonym of the address from which the device was last seen, the same for the same
    /// address; `null` while none is known.
    pub last_address: Option<String>,
    /// `stale` if the device was not seen within the retention period. It is then deleted within a
    /// day, unless it is used before.
    pub state: DeviceStatus,
    /// Whether the request came from this device.
    pub current: bool,
}

#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum DeviceStatus {
    Active,
    Stale,
}

#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegisterRequest {
    /// One line of 1 to 100 characters. White space around it does not count.
    #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 1, example = "Ann's laptop"))]
    pub name: Secret,
    /// The password of the account's login, unless the calling session began within the last five
    /// minutes.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, min_length = 8, max_length = 192, example = "correct horse battery staple"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
}

#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RegisterResponse {
    /// The number of the new device.
    pub device_id: u32,
    /// The password of the new device, which is shown only once.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub password: Secret,
}

#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RenameRequest {
    /// One line of 1 to 100 characters. White space around it does not count.
    #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 1, example = "Ann's laptop"))]
    pub name: Secret,
    /// For another device than the calling one: the password of the account's login, unless the
    /// calling session began within the last five minutes.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, min_length = 8, max_length = 192, example = "correct horse battery staple"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
}

#[derive(Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeleteRequest {
    /// For another device than the calling one: the password of the account's login, unless the
    /// calling session began within the last five minutes.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, min_length = 8, max_length = 192, example = "correct horse battery staple"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
}
