//! The stateful hash object and proofs of linear relations over ristretto255.
