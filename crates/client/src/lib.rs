//! The SDK: talks to the services and holds the user's secrets.
