//! The parts of a forwarded packet that are those of its slot, or are left out.

use str0m::rtp::{ExtensionValues, Vp8Descriptor, Vp8Patch};

use crate::rewriting::Vp8Numbers;

/// Returns the header extensions that are forwarded: the audio level and the time of capture.
pub(crate) fn forwarded(values: &ExtensionValues) -> ExtensionValues {
    ExtensionValues {
        audio_level: values.audio_level,
        voice_activity: values.voice_activity,
        abs_capture_time: values.abs_capture_time,
        ..ExtensionValues::default()
    }
}

/// Returns the change of the payload descriptor to the numbers of the slot.
pub(crate) fn patch(payload: &[u8], numbers: Vp8Numbers) -> Option<Vp8Patch> {
    let descriptor = Vp8Descriptor::parse(payload).ok()?;
    let mut patch = descriptor.patch();
    if let Some(id) = numbers.picture_id {
        patch = patch.picture_id(id.value);
    }
    if let Some(index) = numbers.tl0_index {
        patch = patch.tl0_pic_idx(index);
    }
    patch.build().ok()
}
