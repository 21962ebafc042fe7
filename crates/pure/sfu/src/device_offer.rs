//! The offers of devices, read.

use str0m::change::SdpOffer;

use crate::description::{
    LineError, OfferLine, Writer, offer_lines, transport_numbers, without_candidates,
    without_downlink_feedback,
};

/// The reason why an offer is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfferError {
    /// The device is not active.
    NotActive,
    /// The device makes too many offers.
    RateLimited,
    /// The m-lines are not as they must be.
    Lines(LineError),
    /// The text is no offer.
    Malformed,
}

/// An offer of a device, as it was read without the call. That takes milliseconds, the rest of an answer to a later
/// offer less than one.
pub struct DeviceOffer {
    pub(crate) lines: Vec<OfferLine>,
    /// The id of the header extension with transport-wide numbers.
    pub(crate) transport_numbers: Option<u8>,
    /// The whole, unless it cannot be read. Whether the m-lines may come is looked at first.
    pub(crate) description: Result<SdpOffer, OfferError>,
}

impl DeviceOffer {
    /// Reads the text of an offer.
    ///
    /// # Errors
    /// The m-lines are not as they must be.
    pub fn read(offer: &str) -> Result<Self, OfferError> {
        let lines = offer_lines(offer).map_err(OfferError::Lines)?;
        // Without the feedback that is not wanted, and without addresses: the server checks those from which it has
        // been asked with the right credentials, and no others that somebody names.
        let prepared = without_downlink_feedback(&without_candidates(offer), Writer::Device);
        let description = SdpOffer::from_sdp_string(&prepared);
        Ok(Self {
            lines,
            transport_numbers: transport_numbers(&prepared),
            description: description.map_err(|_| OfferError::Malformed),
        })
    }
}
