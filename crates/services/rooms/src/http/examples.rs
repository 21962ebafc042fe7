//! Examples for the OpenAPI description.

/// An auth presentation that is past its redemption time: 505 bytes as base64.
pub(crate) const AUTH_PRESENTATION: &str = "AT4jmT3Er5lRXQ+5PlH7LgHbW0p7Tj1A/9FmNZy2/fcHVpA9zkjw30S8pGyVHPKbpeBu5vCelcw5SZOyyYFl\
     eGhyNfAsONXEIV2LvmfxaJGfHZQ11e310WEQnEZWDptcdAMAAAAAAAAAiPvVkxkHvJkNnyOL1w4dCiXYkvvM\
     Xn6ULkFrJ4dv/3+KO418nxOFxyCg6B5+M0b5Dtf7yqUh76vp42WWcXKbVojWMS29LS9iV0ZOWBabTDL1rtA5\
     o2mH2znFTaDLDys14AAAAAAAAAD7mMwEz3bUkcgLf4l37g8yRQ3dTns8hTUbcd3hRTiZBCI6kMbGqI0eebH8\
     iVmZHX4TvM1me7qo+crN/FGzwOYM64PmxMz+nkruArv5k4N4IDtw3reF6vVbqigf4QRL9AeV24QzrUx0U3gF\
     2Pf0FStEkveY6nb/CfHJ5YphtHxyAML6edZEuab2XH3bIk8dLI43B6QP4CqIIWrv4BUhrAcMPArI56jvOd7Z\
     T1YkJ11+1/NICO9jMuZOFP9U1DgfYAeIe882FPq1snftiD7CGvB2Bx3IASMr+ejAYkgvzmikApzyDTodOuJ9\
     gwbAe3sHA3LO7RcCAVDlcmzVXCIOOfEPXoK2zmo7l+6N7fXyxC5SnOLQzFv1vfAJHQlyiivCYGWAdgdrAAAA\
     AA==";

#[cfg(test)]
mod tests {
    use anteroom_protocol::AuthPresentation;
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    use super::*;

    #[test]
    fn the_presentation_has_the_form_of_a_real_one() {
        let bytes = STANDARD.decode(AUTH_PRESENTATION).unwrap();
        assert_eq!(bytes.len(), 505);
        assert!(AuthPresentation::from_bytes(&bytes).is_ok());
    }
}
