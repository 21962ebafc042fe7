//! The devices that messages name.

use anteroom_protocol::DemuxId;

use crate::http::socket::refusal::Refusal;

pub(super) fn device(id: u32) -> Result<DemuxId, Refusal> {
    DemuxId::new(id).ok_or(Refusal::UnknownDevice)
}
