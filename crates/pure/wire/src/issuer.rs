//! The JSON of the issuer and of its accounts.

mod accounts;
mod credentials;
mod devices;
mod params;
mod relays;
mod resets;
mod sessions;
mod sign_ups;

pub use self::{
    accounts::WhoamiResponse,
    credentials::{CallLinkAuthResponse, CreateAuthRequest, DayCredential, GroupAuthResponse},
    devices::{
        DeleteRequest, DeviceResponse, DeviceStatus, DevicesResponse, RegisterRequest,
        RegisterResponse, RenameRequest,
    },
    params::{ParamsResponse, PublishedKind, PublishedParams},
    relays::{RelayEntry, RelaysResponse},
    resets::{ConfirmResetRequest, ResetRequest},
    sessions::{
        Jwk, JwksResponse, LoginRequest, LogoutRequest, RefreshRequest, TokenResponse, UserResponse,
    },
    sign_ups::{ResendRequest, SignUpRequest, VerifyEmailRequest},
};
