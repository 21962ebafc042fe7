//! Keyed-verification anonymous credentials and endorsements.
