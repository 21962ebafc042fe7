//! SQL databases behind the store's traits, and their migrations.
