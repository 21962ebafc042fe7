//! Mock clock, seeded randomness and servers on free ports, for tests only.
