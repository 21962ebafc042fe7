//! What is stored: traits, row types and the sealing of sensitive columns.
