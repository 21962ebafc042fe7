//! The events of a call, as lines.

use anteroom_media::{MediaEvent, SlotReport};
use anteroom_sfu::{output::Pause, source::Source};
use serde_json::{Value, json};

/// Returns the line of an event.
pub(crate) fn line(event: &MediaEvent) -> Value {
    match event {
        MediaEvent::Slots { device, slots } => {
            let slots: Vec<Value> = slots.iter().map(slot).collect();
            json!({ "event": "slots", "device": device.number(), "slots": slots })
        }
        MediaEvent::Send { device, wanted } => json!({
            "event": "send",
            "device": device.number(),
            "layers": wanted.camera_layers,
            "screen": wanted.screen,
            "audio": wanted.audio,
        }),
        MediaEvent::Speakers(devices) => {
            let devices: Vec<u32> = devices.iter().map(|device| device.number()).collect();
            json!({ "event": "speakers", "devices": devices })
        }
        other => json!({ "event": "other", "text": format!("{other:?}") }),
    }
}

fn slot(report: &SlotReport) -> Value {
    let pause = report.pause.map(|pause| match pause {
        Pause::Bandwidth => "bandwidth",
        Pause::Muted => "muted",
        Pause::Codec => "codec",
        Pause::Gone => "gone",
    });
    let source = match report.source {
        Source::Audio => "audio",
        Source::Camera => "camera",
        Source::Screen => "screen",
        Source::ScreenAudio => "screenAudio",
    };
    json!({
        "mid": report.mid,
        "device": report.device.number(),
        "source": source,
        "pause": pause,
        "height": report.height,
    })
}
