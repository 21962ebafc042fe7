//! The devices of an account.
#![expect(
    missing_docs,
    reason = "a comment becomes a description in the OpenAPI document"
)]

use serde::{Deserialize, Serialize};

use crate::Secret;

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
