//! What both services share: problems, events, limits, health, shutdown.
