//! The statements of a room's admins: what a device keeps of them, and what an admin's client signs.
//!
//! | | |
//! |---|---|
//! | [`StatementSigner`] | signs policies and approvals with the admin key |
//! | [`RoomStatements`] | the highest policy that was seen of a room, and the approvals of this device |
//! | [`CallStatements`] | takes both from the events of a call, and signs the approval of a waiting device |
//! | [`StatementStore`] | keeps [`RoomStatements`] beyond the life of the process |
//!
//! The room service delivers statements and cannot make one: nothing is kept whose signature does not hold
//! under the admin key of the link. A link without an admin key has no statements.

mod call_statements;
mod device_records;
mod room_statements;
mod signer;
mod store;
#[cfg(test)]
mod tests;

pub(crate) use self::device_records::DeviceRecords;
pub use self::{
    call_statements::{CallStatements, OwnDevice},
    room_statements::{PolicyComparison, RoomStatements},
    signer::StatementSigner,
    store::{MemoryStatements, RoomMark, StatementChange, StatementStore},
};
