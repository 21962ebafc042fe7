//! The settings of certificates.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The settings of a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TlsSettings {
    /// The file of the certificate (PEM), followed by those that lead to its authority. Read
    /// again when it changes.
    pub certificate: Option<PathBuf>,
    /// The file of the certificate's key (PEM).
    pub key: Option<PathBuf>,
}
