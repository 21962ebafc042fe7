//! The issuer's HTTP: credentials for accounts, blind to rooms.
