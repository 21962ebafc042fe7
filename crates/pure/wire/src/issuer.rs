//! The JSON of the issuer and of its accounts.

mod accounts;
mod credentials;

pub use self::{
    accounts::{
        ConfirmResetRequest, DeleteRequest, DeviceResponse, DeviceStatus, DevicesResponse,
        GuestRequest, GuestResponse, Jwk, JwksResponse, LoginRequest, LogoutRequest,
        RefreshRequest, RegisterRequest, RegisterResponse, RenameRequest, ResendRequest,
        ResetRequest, SignUpRequest, TokenResponse, UserResponse, VerifyEmailRequest,
        WhoamiResponse,
    },
    credentials::{
        CallLinkAuthResponse, CreateAuthRequest, DayCredential, GroupAuthResponse, ParamsResponse,
        PublishedKind, PublishedParams, RelayEntry, RelaysResponse,
    },
};
