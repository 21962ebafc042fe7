//! The role, the status and the view of a member of a call.

/// The role of a client in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The client has presented the link's passkey.
    Admin,
    /// The client has not presented the passkey.
    Guest,
}

/// The status of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// In the call.
    Active,
    /// In the lobby.
    Pending,
}

/// The form in which a client receives changes of the roster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RosterForm {
    /// The whole roster.
    #[default]
    Whole,
    /// The changes only.
    Changes,
}

/// The recipients of a view of the roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Audience {
    /// A guest in the lobby: receives no hello, and otherwise the same as everyone.
    Lobby,
    /// An active guest: receives the number of pending devices.
    Everyone,
    /// An admin or co-admin in the call: receives the pending devices.
    Admins,
}
