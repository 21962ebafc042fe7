//! The pseudonyms of network addresses.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::bytes::opaque_bytes;

opaque_bytes! {
    /// A network address under a keyed hash: 16 bytes, shown as base64url. The address itself is not
    /// stored.
    #[derive(Clone, Copy, PartialEq, Eq)]
    pub struct AddressPseudonym([u8; 16]);
}

impl fmt::Display for AddressPseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_as_its_pseudonym_and_not_in_debug() {
        let address = AddressPseudonym::from_bytes([0xff; 16]);
        assert_eq!(address.to_string(), "_____________________w");
        assert_eq!(format!("{address:?}"), "AddressPseudonym(..)");
    }
}
